package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/plot"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/precision"
	"github.com/mtkc/mtkc/runtime/trace"
)

// benchFlags are the flags of mtkc bench.
type benchFlags struct {
	modelFlags
	tspan, solvers, tols string
	set                  []string
	repeat, maxSteps     int
	form, constraints    string
	linear               string
	out, plot            string
	json                 bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench MODEL",
		Short: "Measure work and precision of the methods on a model",
		Long: `Solve a model by several methods at several tolerances, and write what each run took and
how large its error is. The errors are true ones: they are measured against a reference, one
of two solutions by different methods at tight tolerances, which must agree.

The time is the median of repeated solves that keep the end alone: start values, set-up of the
method and all steps, without the compilation, with the kernels of the vm.`,
		Example: `  mtkc bench examples/robertson --plot wp.svg
  mtkc bench examples/pollution --solvers Rodas5P,RadauIIA5,BDF --tols 1e-4,1e-6,1e-8 -o table.csv`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.solvers, "solvers", "", "methods `a,b,...` to measure, or all (default: "+strings.Join(precision.Solvers(), ", ")+")")
	fl.StringVar(&f.tols, "tols", "", "relative tolerances `X,Y,...` (default: 1e-3, 1e-4, ... 1e-10)")
	fl.StringVar(&f.tspan, "tspan", "", "time span `T0,T1` (default: that of the model)")
	fl.StringArrayVar(&f.set, "set", nil, "parameter or start value `NAME=VALUE` (repeatable)")
	fl.StringVar(&f.form, "form", "auto", "how algebraic equations are solved: dae, nested or auto")
	fl.StringVar(&f.constraints, "constraints", "auto", "how the constraints of a model of higher index are kept: project, states or auto")
	fl.StringVar(&f.linear, "linear", "auto", "how implicit methods solve linear systems: "+strings.Join(linsolve.Ways(), ", "))
	fl.IntVar(&f.maxSteps, "max-steps", 100000, "give up a run after `N` steps of the method")
	fl.IntVar(&f.repeat, "repeat", 0, "time `N` solves of each run (default: as many as fit in 0.2 s, 3 to 200)")
	fl.StringVarP(&f.out, "output", "o", "", "write the table to the CSV `FILE`")
	fl.StringVar(&f.plot, "plot", "", "draw the work-precision diagram to `FILE` (.svg or .png)")
	fl.BoolVar(&f.json, "json", false, "print one JSON object on stdout, nothing else")
	f.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("form", cobra.FixedCompletions(ode.Forms(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("constraints", cobra.FixedCompletions(ode.ConstraintWays(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("linear", cobra.FixedCompletions(linsolve.Ways(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// request turns the flags into those of a measurement.
func (f *benchFlags) request(cmd *cobra.Command) (precision.Options, diag.List) {
	// What both commands have is checked once.
	run := runFlags{tspan: f.tspan, set: f.set, form: f.form, constraints: f.constraints, linear: f.linear, maxSteps: f.maxSteps, plot: f.plot, out: f.out, json: f.json}
	run.dump = f.dump
	req, found := run.request(cmd)
	opt := precision.Options{Run: req.Options, Repeat: f.repeat}
	switch strings.ToLower(f.solvers) {
	case "":
	case "all":
		opt.Solvers = append(opt.Solvers, "auto")
		for _, m := range ode.Methods() {
			if m.Info().Embedded > 0 && m.Info().Use < ode.Diffusive { // with error control, and not for chance
				opt.Solvers = append(opt.Solvers, m.Info().Name)
			}
		}
	default:
		for _, s := range splitList(f.solvers) {
			if strings.EqualFold(s, "auto") {
				opt.Solvers = append(opt.Solvers, "auto")
			} else if m, err := ode.Lookup(s); err == nil {
				opt.Solvers = append(opt.Solvers, m.Info().Name)
			} else {
				bad(&found, "solvers", s, otherSolvers(s))
			}
		}
	}
	if f.tols != "" {
		tols, ok := numbers(f.tols)
		for _, x := range tols {
			ok = ok && x > 0 && x <= 1
		}
		if !ok {
			bad(&found, "tols", f.tols, "relative tolerances lie between 0 and 1, for example --tols 1e-4,1e-6,1e-8")
		}
		opt.Tols = tols
	}
	if cmd.Flags().Changed("repeat") && f.repeat < 1 {
		bad(&found, "repeat", fmt.Sprint(f.repeat), "give a number of solves above 0")
	}
	return opt, found
}

func (f *benchFlags) run(cmd *cobra.Command, path string) error {
	ctx, stdout, stderr := cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	req, found := f.request(cmd)
	opt, more := f.options(cmd)
	if found = append(found, more...); found.Errors() > 0 {
		return found
	}
	opt.Structural.Values = req.Run.Set
	c := mtkc.New(path, opt)
	if f.dump != "" {
		if err := dump(cmd, c, f.dump); !errors.Is(err, errDumped) {
			return err
		}
		return nil
	}
	prob, found := c.Problem(ctx)
	if f.timing {
		printTiming(stderr, c, nil)
	}
	if found.Errors() > 0 {
		return found
	}
	if c.Random() {
		return append(found, diag.New(diag.Pos{}, "E801", "compare methods by mtkc run with one --seed, and distributions by mtkc ensemble", "%s depends on chance, so that errors at a tolerance mean nothing", prob.Name)...)
	}
	printFindings(stderr, found)
	if found = c.CheckRequest(trace.Request{Options: req.Run}); found.Errors() > 0 {
		return found
	}
	req.Run.Set = c.Settle(req.Run.Set)
	if req.Run.Span == [2]float64{} && !(prob.Span[1] > prob.Span[0]) {
		req.Run.Span = [2]float64{0, 1}
		fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W001", "choose with --tspan", "the model states no time span: solving from 0 to 1"))
	}
	line := newStatus(stderr)
	req.Progress = line.show
	d, err := precision.Measure(ctx, prob, req)
	line.close()
	var none *precision.NoReference
	switch {
	case errors.As(err, &none):
		return diag.New(diag.Pos{}, "E801", "another --tspan, larger --tols; mtkc run shows where a run stops", "there is no reference for the errors: %v", none)
	case d == nil && errors.Is(err, context.Canceled):
		return diag.New(diag.Pos{}, "E509", "", "interrupted")
	case d == nil:
		return diag.New(diag.Pos{}, "E012", "see mtkc bench --help", "the runs cannot begin: %v", err)
	}
	if doubtful := f.doubtful(d); doubtful != "" {
		fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W801", "a shorter --tspan, or larger --tols; a solution that amplifies small errors has no exact end", "%s", doubtful))
	}
	compile := c.Seconds("load", "form", "flat", "structural", "lower", "vm")
	if werr := f.write(d, compile, stdout, stderr); werr != nil {
		return werr
	}
	if err != nil {
		fmt.Fprintln(stderr, diag.New(diag.Pos{}, "E509", "", "interrupted: %d runs are done", len(d.Points)))
		return errReported
	}
	return nil
}

// doubtful says which errors are too small for the reference.
func (f *benchFlags) doubtful(d *precision.Diagram) string {
	n := 0
	for i := range d.Points {
		if d.Doubtful(&d.Points[i]) {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("the two solutions for the reference differ by %.2g, which is more than a tenth of the error of %d of %d runs: those errors are not known", d.Reference.Agreement, n, len(d.Points))
}

// write writes table, plot and object.
func (f *benchFlags) write(d *precision.Diagram, compile float64, stdout, stderr io.Writer) error {
	if f.out != "" {
		if err := writeFile(f.out, stdout, func(w io.Writer) error { return benchCSV(w, d) }); err != nil {
			return err
		}
	}
	if f.plot != "" {
		var list []plot.Work
		for i := range d.Points {
			pt := &d.Points[i]
			if len(list) == 0 || list[len(list)-1].Name != pt.Solver {
				list = append(list, plot.Work{Name: pt.Solver})
			}
			if w := &list[len(list)-1]; pt.OK() {
				w.Errors, w.Times = append(w.Errors, pt.Error), append(w.Times, pt.Seconds)
			}
		}
		fig, err := plot.WorkPrecision(d.Model, "largest relative error at the end", list)
		if err != nil {
			return diag.New(diag.Pos{}, "E013", "other solvers, larger tolerances", "cannot plot: %v", err)
		}
		for _, n := range fig.Notes {
			fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W002", "", "%s: %s", f.plot, n))
		}
		format, _ := plot.Format(f.plot)
		if err := writeFile(f.plot, stdout, func(w io.Writer) error { return fig.Write(w, format) }); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return writeFile("-", stdout, func(w io.Writer) error { return benchJSON(w, d, compile) })
	case f.out == "-":
		return nil
	}
	return writeFile("-", stdout, func(w io.Writer) error { return benchTable(w, d, compile) })
}

func benchTable(w io.Writer, d *precision.Diagram, compile float64) error {
	r := &d.Reference
	fmt.Fprintf(w, "%s from %v to %v, %d differential variables, compiled in %.3g s\n", d.Model, d.Span[0], d.Span[1], d.States, compile)
	fmt.Fprintf(w, "reference: %s and %s at rtol %.3g, which differ by %.1e at the end and %.1e on the way\n\n", r.Methods[0], r.Methods[1], r.RelTol, r.Agreement, r.AgreementRun)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "solver\trtol\terror\ton the way\ttime\tfirst\tsteps\trejected\tf\tJacobians\tLU\tended as\t")
	for i := range d.Points {
		pt := &d.Points[i]
		err, run := "-", "-"
		if pt.OK() {
			err, run = fmt.Sprintf("%.1e", pt.Error), fmt.Sprintf("%.1e", pt.ErrorRun)
			if d.Doubtful(pt) {
				err += "?"
			}
		}
		s := &pt.Stats
		fmt.Fprintf(t, "%s\t%.3g\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t\n", pt.Solver, pt.RelTol, err, run, duration(pt.Seconds), duration(pt.First), s.Steps, s.Rejected, s.RHS, s.Jac, s.Factor, pt.Retcode)
	}
	return t.Flush()
}

// duration prints seconds with three digits.
func duration(x float64) string {
	switch {
	case x < 1e-3:
		return fmt.Sprintf("%.3g us", 1e6*x)
	case x < 1:
		return fmt.Sprintf("%.3g ms", 1e3*x)
	}
	return fmt.Sprintf("%.3g s", x)
}

func benchCSV(w io.Writer, d *precision.Diagram) error {
	c := csv.NewWriter(w)
	number := func(x float64) string {
		if math.IsNaN(x) {
			return ""
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	rows := [][]string{{"solver", "rtol", "error", "error_run", "seconds", "first", "repeat", "steps", "rejected", "rhs", "jac", "factor", "solve", "newton", "events", "method", "retcode"}}
	for i := range d.Points {
		pt := &d.Points[i]
		s := &pt.Stats
		row := []string{pt.Solver, number(pt.RelTol), number(pt.Error), number(pt.ErrorRun), number(pt.Seconds), number(pt.First)}
		for _, n := range []int{pt.Repeat, s.Steps, s.Rejected, s.RHS, s.Jac, s.Factor, s.Solve, s.Newton, s.Events} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, append(row, pt.Method, pt.Retcode))
	}
	return c.WriteAll(rows)
}

func benchJSON(w io.Writer, d *precision.Diagram, compile float64) error {
	number := func(x float64) *float64 {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	type point struct {
		Solver   string         `json:"solver"`
		Method   string         `json:"method"`
		RelTol   float64        `json:"rtol"`
		Error    *float64       `json:"error"`
		ErrorRun *float64       `json:"error_run"`
		Doubtful bool           `json:"doubtful"`
		Seconds  float64        `json:"seconds"`
		First    float64        `json:"first"`
		Repeat   int            `json:"repeat"`
		Retcode  string         `json:"retcode"`
		Message  string         `json:"message"`
		Stats    map[string]int `json:"stats"`
	}
	points := []point{}
	for i := range d.Points {
		pt := &d.Points[i]
		s := &pt.Stats
		points = append(points, point{pt.Solver, pt.Method, pt.RelTol, number(pt.Error), number(pt.ErrorRun), d.Doubtful(pt), pt.Seconds, pt.First, pt.Repeat, pt.Retcode, pt.Message,
			map[string]int{"steps": s.Steps, "rejected": s.Rejected, "rhs": s.RHS, "jac": s.Jac, "factor": s.Factor, "solve": s.Solve, "newton": s.Newton, "events": s.Events}})
	}
	r := &d.Reference
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(map[string]any{
		"model": d.Model, "states": d.States, "tspan": d.Span, "compile": compile, "points": points,
		"reference": map[string]any{"methods": r.Methods, "rtol": r.RelTol, "agreement": number(r.Agreement), "agreement_run": number(r.AgreementRun)},
	})
}
