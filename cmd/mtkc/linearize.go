package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/plot"
)

// linearizeFlags are the flags of mtkc linearize.
type linearizeFlags struct {
	modelFlags
	inputs, outputs, open, set, fix []string
	loop, sensitivity, complement   string
	at, out, plot                   string
	rtol                            float64
	steady, symbolic, json          bool
}

func newLinearize() *cobra.Command {
	var f linearizeFlags
	cmd := &cobra.Command{
		Use:   "linearize MODEL",
		Short: "Linearize a model: matrices, poles, zeros, transfer functions",
		Long: `Linearize a model at its initial point, at times of a run, or at a steady state, and
write matrices, poles, zeros and transfer functions. Without --inputs and --outputs those
that the model declares are taken; parameters, unknowns without an equation and analysis
points can be inputs as well, any variable or expression an output.

--loop, --sensitivity and --complementary measure the loop at an analysis point.`,
		Example: `  mtkc linearize examples/servo --loop speed --open angle --plot bode.svg
  mtkc linearize examples/dcmotor --inputs Load.Height --outputs rotor.w --at 1.5 --steady
  mtkc linearize examples/pendulum --inputs G --outputs x --fix x=0.5 --symbolic`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringArrayVar(&f.inputs, "inputs", nil, "what is varied: `a,b,...`, inputs, parameters, unknowns without an equation, analysis points (default: the inputs of the model)")
	fl.StringArrayVar(&f.outputs, "outputs", nil, "what is looked at: `c,d,...`, variables, derivatives der(x), expressions, analysis points (default: the outputs of the model)")
	fl.StringVar(&f.at, "at", "", "linearize at the time `T` of a run, or at several times t1,t2,... (default: the start)")
	fl.BoolVar(&f.steady, "steady", false, "linearize at a steady state, searched for from the point at the time of --at")
	fl.StringArrayVar(&f.open, "open", nil, "open the loop at the analysis point `NAME` (repeatable)")
	fl.StringVar(&f.loop, "loop", "", "loop transfer function at the analysis point `NAME`, with margins")
	fl.StringVar(&f.sensitivity, "sensitivity", "", "sensitivity at the analysis point `NAME`")
	fl.StringVar(&f.complement, "complementary", "", "complementary sensitivity at the analysis point `NAME`")
	fl.StringArrayVar(&f.set, "set", nil, "parameter, input or start value `NAME=VALUE` (repeatable)")
	fl.StringArrayVar(&f.fix, "fix", nil, "fix a variable at the start, `NAME=VALUE`; what the model fixes itself becomes a guess (repeatable)")
	fl.Float64Var(&f.rtol, "rtol", 0, "relative tolerance `X` of the run to the operating point (default: 1e-8)")
	fl.BoolVar(&f.symbolic, "symbolic", false, "write the matrices as terms in the names of the model, too")
	fl.StringVarP(&f.out, "output", "o", "", "write to `FILE`: .json; .csv, the matrix [A B; C D]; .m for MATLAB and Octave; .py for python-control; .tex, the symbolic matrices")
	fl.StringVar(&f.plot, "plot", "", "draw the Bode diagram to `FILE` (.svg or .png)")
	fl.BoolVar(&f.json, "json", false, "print one JSON object on stdout, nothing else")
	f.register(cmd)
	return cmd
}

// linearFormats are the endings of -o.
const linearFormats = "formats: .json, .csv, .m, .py, .tex"

// request turns the flags into those of a linearization.
func (f *linearizeFlags) request(cmd *cobra.Command) (mtkc.LinearizeOptions, diag.List) {
	var found diag.List
	opt := mtkc.LinearizeOptions{Steady: f.steady, Open: f.open, Loop: f.loop, Sensitivity: f.sensitivity, Complementary: f.complement}
	for _, list := range []struct {
		flag string
		in   []string
		out  *[]string
	}{{"inputs", f.inputs, &opt.Inputs}, {"outputs", f.outputs, &opt.Outputs}} {
		for _, text := range list.in {
			for _, name := range splitList(text) {
				if name == "" {
					bad(&found, list.flag, "\""+text+"\"", "write names with commas between, --"+list.flag+" x,y")
					break
				}
				*list.out = append(*list.out, name)
			}
		}
	}
	measures := 0
	for _, s := range []string{f.loop, f.sensitivity, f.complement} {
		if s != "" {
			measures++
		}
	}
	if measures > 1 {
		found.Add(diag.Pos{}, "E002", "leave all but one of them out", "--loop, --sensitivity and --complementary exclude each other")
	}
	if f.at != "" {
		times, ok := numbers(f.at)
		if !ok {
			bad(&found, "at", f.at, "write a time, --at 2.5, or times in order, --at 0,1,5")
		}
		opt.At = times
	}
	if cmd.Flags().Changed("rtol") && !(f.rtol > 0 && f.rtol <= 1) {
		bad(&found, "rtol", fmt.Sprint(f.rtol), "a relative tolerance lies between 0 and 1, for example --rtol 1e-8")
	}
	opt.Run.RelTol = f.rtol
	opt.Set = settings(&found, "set", f.set)
	opt.Values = settings(&found, "fix", f.fix)
	if f.plot != "" {
		if _, err := plot.Format(f.plot); err != nil {
			found.Add(diag.Pos{}, "E002", "for example --plot bode.svg", "--plot %s: %v", f.plot, err)
		}
	}
	if f.out != "" && f.format() == "" {
		bad(&found, "output", f.out, linearFormats)
	}
	switch {
	case f.out == "-" && f.json:
		found.Add(diag.Pos{}, "E002", "leave one of them out, or give -o a file name", "-o - and --json both write to the standard output")
	case f.json && f.dump != "":
		found.Add(diag.Pos{}, "E002", "leave one of them out", "--dump and --json both write to the standard output")
	case len(opt.At) > 1 && f.out != "" && f.format() != "json":
		found.Add(diag.Pos{}, "E002", "write .json, or give one time", "-o %s takes one operating point, and --at names %d", f.out, len(opt.At))
	}
	return opt, found
}

// format is that of -o, "" for an unknown one.
func (f *linearizeFlags) format() string {
	switch ext := strings.ToLower(filepath.Ext(f.out)); ext {
	case ".json", ".csv", ".m", ".py", ".tex":
		return ext[1:]
	}
	if f.out == "-" {
		return "json"
	}
	return ""
}

func (f *linearizeFlags) run(cmd *cobra.Command, path string) error {
	req, found := f.request(cmd)
	opt, more := f.options(cmd)
	if found = append(found, more...); found.Errors() > 0 {
		return found
	}
	stdout, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
	c := mtkc.New(path, opt)
	if f.dump != "" {
		if err := dump(cmd, c, f.dump); !errors.Is(err, errDumped) {
			return err
		}
		return nil
	}
	list, found := c.Linearize(cmd.Context(), req)
	if f.timing {
		printTiming(stderr, c, nil)
	}
	if found.Errors() > 0 {
		return found
	}
	printFindings(stderr, found)
	for _, l := range list {
		for _, w := range l.Warnings {
			fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W701", "", "%s", w))
		}
	}
	if f.out != "" {
		if err := writeFile(f.out, stdout, func(w io.Writer) error { return f.write(w, list) }); err != nil {
			return err
		}
	}
	if f.plot != "" {
		if err := f.draw(stdout, stderr, list); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return writeFile("-", stdout, func(w io.Writer) error { return mtkc.WriteLinearJSON(w, list, f.symbolic) })
	case f.out == "-":
		return nil
	}
	return writeFile("-", stdout, func(w io.Writer) error {
		for i, l := range list {
			if i > 0 {
				fmt.Fprintln(w)
			}
			if err := l.WriteReport(w, f.symbolic); err != nil {
				return err
			}
		}
		return nil
	})
}

// write writes the file of -o.
func (f *linearizeFlags) write(w io.Writer, list []*mtkc.Linearization) error {
	switch format := f.format(); format {
	case "json":
		return mtkc.WriteLinearJSON(w, list, f.symbolic)
	case "csv":
		return list[0].WriteCSV(w)
	case "tex":
		return list[0].WriteLaTeX(w)
	default:
		return list[0].WriteScript(w, format)
	}
}

// draw draws every channel at every operating point into one diagram.
func (f *linearizeFlags) draw(stdout, stderr io.Writer, list []*mtkc.Linearization) error {
	w := list[0].Grid(50)
	var curves []plot.Curve
	for _, l := range list {
		g := l.FrequencyResponse(w)
		for i, out := range l.Outputs {
			for j, in := range l.Inputs {
				name := out + " / " + in
				if l.Of != "" {
					name = l.Of
				}
				if len(list) > 1 {
					name += fmt.Sprintf(", t = %v", l.T)
				}
				c := plot.Curve{Name: name}
				for k := range w {
					c.G = append(c.G, g.At(k, i, j))
				}
				curves = append(curves, c)
			}
		}
	}
	fig, err := plot.Bode(list[0].Title(), w, curves)
	if err != nil {
		return diag.New(diag.Pos{}, "E013", "name inputs and outputs", "cannot plot: %v", err)
	}
	for _, n := range fig.Notes {
		fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W002", "", "%s: %s", f.plot, n))
	}
	format, _ := plot.Format(f.plot)
	return writeFile(f.plot, stdout, func(w io.Writer) error { return fig.Write(w, format) })
}
