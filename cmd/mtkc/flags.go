package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// modelFlags say which model is compiled, and how; every command has them.
type modelFlags struct {
	model     string
	args      []string
	positive  []string
	conserved bool
	method    string
	items     float64
	timing    bool
	dump      string
}

// registerMethod adds the flags of the commands that can solve a model with reactions in other forms.
func (f *modelFlags) registerMethod(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.method, "method", "ode", "`FORM` in which reactions are solved: ode, rate equations; cle, the chemical Langevin equation; ssa, single reactions at random instants")
	f.registerItems(cmd)
	_ = cmd.RegisterFlagCompletionFunc("method", cobra.FixedCompletions(mtkc.Methods(), cobra.ShellCompDirectiveNoFileComp))
}

func (f *modelFlags) registerItems(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.items, "items", 0, "with cle and ssa, a unit of amount stands for `N` molecules: 1, or 6.02214076e23 for moles (default: as the model says)")
}

// random checks the flags of registerMethod.
func (f *modelFlags) random(cmd *cobra.Command, found *diag.List) {
	f.method = strings.ToLower(strings.TrimSpace(f.method))
	if f.method != "" && !slices.Contains(mtkc.Methods(), f.method) {
		bad(found, "method", f.method, "give one of "+strings.Join(mtkc.Methods(), ", ")+"; an integration method is named by --solver")
	}
	if cmd.Flags().Changed("items") {
		if !(f.items > 0) || math.IsInf(f.items, 1) {
			bad(found, "items", fmt.Sprint(f.items), "give a number of molecules above 0, for example --items 1")
		}
		if f.method == "" || f.method == "ode" {
			found.Add(diag.Pos{}, "E002", "leave it out, or give --method cle or ssa", "--items is for random forms")
		}
	}
}

func (f *modelFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.model, "model", "", "`NAME` of the model, where the source holds several")
	fl.StringArrayVar(&f.args, "arg", nil, "structural parameter `NAME=VALUE`; the model is built anew (repeatable)")
	fl.StringArrayVar(&f.positive, "positive", nil, "keep the variable `NAME` positive by computing with its logarithm (repeatable)")
	fl.BoolVar(&f.conserved, "conserved", false, "compute one species of every conserved total of reactions from the others")
	fl.BoolVar(&f.timing, "timing", false, "print seconds and sizes of every pass on stderr")
	fl.StringVar(&f.dump, "dump", "", "print the result of compiler `PASS` ("+mtkc.PassNames()+") and stop")
	_ = cmd.RegisterFlagCompletionFunc("dump", cobra.FixedCompletions(strings.Split(mtkc.PassNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = completeModel
}

// options checks the flags of a command.
func (f *modelFlags) options(cmd *cobra.Command) (mtkc.Options, diag.List) {
	var found diag.List
	// An empty value, as of a shell variable that is not set, is no way to leave a flag out.
	cmd.Flags().Visit(func(g *pflag.Flag) {
		if g.Value.Type() == "string" && strings.TrimSpace(g.Value.String()) == "" {
			found.Add(diag.Pos{}, "E002", usageOf(g), "--%s needs a value", g.Name)
		}
	})
	opt := mtkc.Options{Model: f.model, Args: map[string]string{}, Positive: f.positive, Conserved: f.conserved}
	f.random(cmd, &found)
	opt.Method, opt.Items = f.method, f.items
	outputs(cmd, &found)
	for _, a := range f.args {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" || value == "" {
			bad(&found, "arg", a, "write --arg N=100")
			continue
		}
		opt.Args[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	if f.dump != "" && !strings.Contains(", "+mtkc.PassNames()+", ", ", "+f.dump+", ") {
		bad(&found, "dump", f.dump, "passes: "+mtkc.PassNames())
	}
	return opt, found
}

// outputs checks that no file is written twice, nor over the model.
func outputs(cmd *cobra.Command, found *diag.List) {
	written := map[string]string{}
	model, _ := os.Stat(cmd.Flags().Arg(0))
	for _, name := range []string{"output", "plot", "svg"} {
		g := cmd.Flags().Lookup(name)
		if g == nil || g.Value.String() == "" || g.Value.String() == "-" {
			continue
		}
		path := filepath.Clean(g.Value.String())
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && os.SameFile(info, model) {
			bad(found, name, path, "this is the model itself; choose another name")
		}
		if other := written[path]; other != "" && (err != nil || info.Mode().IsRegular()) {
			bad(found, name, path, "--"+other+" writes to the same file")
		}
		written[path] = name
	}
}

// bad adds the finding of a flag with a value that it cannot take.
func bad(found *diag.List, flag, value, next string) {
	found.Add(diag.Pos{}, "E002", next, "--%s %s: not a valid value", flag, value)
}

// number reads a value: a number, true or false, or an expression of numbers such as
// 8/3.
func number(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return v, !math.IsNaN(v)
	}
	p := expr.NewPool()
	e, err := p.Parse(text, expr.ParseOptions{})
	if err != nil || len(p.Atoms(e)) > 0 {
		return 0, false
	}
	v := p.Eval(e, func(expr.ID) (float64, bool) { return 0, false })
	return v, !math.IsNaN(v)
}

// numbers reads a list a,b,c.
func numbers(text string) ([]float64, bool) {
	var list []float64
	for _, s := range splitList(text) {
		v, ok := number(s)
		if !ok || math.IsInf(v, 0) {
			return nil, false
		}
		list = append(list, v)
	}
	return list, len(list) > 0
}

// splitList splits at commas outside of brackets, so that y[1,2] stays whole.
func splitList(text string) []string {
	var list []string
	depth, start := 0, 0
	for i, r := range text {
		switch r {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		case ',':
			if depth == 0 {
				list = append(list, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	return append(list, strings.TrimSpace(text[start:]))
}

// settings reads name=value flags.
func settings(found *diag.List, flag string, list []string) map[string]float64 {
	m := map[string]float64{}
	for _, s := range list {
		i := strings.LastIndexByte(s, '=')
		if i <= 0 {
			bad(found, flag, s, "write --"+flag+" name=value")
			continue
		}
		name := strings.TrimSpace(s[:i])
		v, ok := number(s[i+1:])
		if !ok {
			bad(found, flag, s, "the value must be a number, for example --"+flag+" "+name+"=0.5")
			continue
		}
		m[name] = v
	}
	for _, s := range list {
		name := strings.TrimSpace(s[:max(0, strings.LastIndexByte(s, '='))])
		if _, both := m["start("+name+")"]; both {
			if _, ok := m[name]; ok {
				bad(found, flag, s, "start("+name+") is set as well; leave one of them out")
			}
		}
	}
	return m
}
