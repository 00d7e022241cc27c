package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/plot"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/spell"
	"github.com/mtkc/mtkc/runtime/trace"
)

// runFlags are the flags of mtkc run.
type runFlags struct {
	modelFlags
	tspan, solver, saveat string
	rtol, atol            float64
	step, hmax            float64
	steps, maxSteps       int
	form, constraints     string
	linear                string
	seed                  uint64
	set, vars             []string
	amounts, conc         []string
	out, plot, backend    string
	json, verbose         bool
}

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run MODEL",
		Short: "Solve a model",
		Long: `Solve a model and write the result: a table on stdout, or files with -o and --plot,
or a summary with --json. MODEL is a directory or file with a Go model, a Base
Modelica file (.mo, .bmo), or a reaction network in SBML (.xml, .sbml) or generated
by BioNetGen (.net).

The exit status is 0 if the run reached its end, or the end that the model itself
asked for. A run that stops early writes what was computed until then.`,
		Example: `  mtkc run examples/pendulum --tspan 0,10 --plot pendulum.svg
  mtkc run examples/rcladder --arg N=1000 --set 'c[1].C=2' --vars 'c[*].v' -o ladder.csv
  mtkc run circuit.bmo --solver rodas5p --rtol 1e-8 --json
  mtkc run network.xml --tspan 0,100 --steps 100 --amounts A,B
  mtkc run network.xml --tspan 0,100 --steps 100 --method ssa --seed 7`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.solver == "help" && len(args) == 0 {
				return nil
			}
			return oneModel(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.solver == "help" {
				return writeFile("-", cmd.OutOrStdout(), listSolvers)
			}
			return f.run(cmd, args[0])
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.tspan, "tspan", "", "time span `T0,T1` (default: that of the model)")
	f.registerMethod(cmd)
	fl.Uint64Var(&f.seed, "seed", 1, "`SEED` of the random numbers of a model with noise or random reactions")
	fl.StringVar(&f.solver, "solver", "auto", "integration method `NAME`, or auto, stiff, nonstiff: chosen by the problem; help lists them")
	fl.StringVar(&f.form, "form", "auto", "how algebraic equations are solved: dae, nested or auto")
	fl.StringVar(&f.constraints, "constraints", "auto", "how the constraints of a model of higher index are kept: project, states or auto")
	fl.StringVar(&f.linear, "linear", "auto", "how implicit methods solve linear systems: "+strings.Join(linsolve.Ways(), ", "))
	fl.Float64Var(&f.rtol, "rtol", 0, "relative tolerance `X` (default: that of the model, else 1e-6)")
	fl.Float64Var(&f.atol, "atol", 0, "absolute tolerance `X` (default: 1e-9 times the nominal value)")
	fl.StringVar(&f.saveat, "saveat", "", "times to save: a step `DT` or a list t1,t2,... (default: the steps of the method, and points between where they are long)")
	fl.IntVar(&f.steps, "steps", 0, "save `N`+1 equidistant times instead")
	fl.Float64Var(&f.step, "step", 0, "first step `H` of the method; the step itself for a method without error estimate (default: chosen)")
	fl.Float64Var(&f.hmax, "hmax", 0, "longest step `H` of the method (default: a part of the period of the fastest sine of time in the model)")
	fl.IntVar(&f.maxSteps, "max-steps", 0, "give up after `N` steps of the method (default: 1000000; for jump processes none)")
	fl.StringArrayVar(&f.set, "set", nil, "parameter or start value `NAME=VALUE` (repeatable)")
	fl.StringArrayVar(&f.vars, "vars", nil, "variables to write: `a,b,...`, with * for any part of a name, or whole components (default: states, discrete variables, and the model's own variables)")
	fl.StringArrayVar(&f.amounts, "amounts", nil, "species `a,b,...` of a reaction network to write as amounts, whatever their names mean in the model")
	fl.StringArrayVar(&f.conc, "concentrations", nil, "species `c,d,...` to write as concentrations")
	fl.StringVarP(&f.out, "output", "o", "", "write the table to the CSV `FILE`")
	fl.StringVar(&f.plot, "plot", "", "draw the variables to `FILE` (.svg or .png)")
	fl.StringVar(&f.backend, "backend", "vm", "`NAME` of what runs the kernels: vm, llvm, go, or auto: the vm at once, and machine code as soon as it is made")
	fl.BoolVar(&f.json, "json", false, "print one JSON object with the summary and the final values on stdout, nothing else")
	f.register(cmd)
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say more on stderr: sizes, the method and why, statistics")
	_ = cmd.RegisterFlagCompletionFunc("solver", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return append(append(ode.Choices(), "help"), ode.Names()...), cobra.ShellCompDirectiveNoFileComp
	})
	_ = cmd.RegisterFlagCompletionFunc("form", cobra.FixedCompletions(ode.Forms(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("constraints", cobra.FixedCompletions(ode.ConstraintWays(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("linear", cobra.FixedCompletions(linsolve.Ways(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("backend", cobra.FixedCompletions([]string{"vm", "llvm", "go", "auto"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// listSolvers prints the registry of methods, by what they are for.
func listSolvers(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tORDER\tSTEP\tSTAGES\tDAE\tSTABILITY\tDESCRIPTION")
	fmt.Fprintln(t, "auto\t\t\t\tyes\t\tchooses by the problem, and changes while it runs; says why with -v and --json")
	fmt.Fprintln(t, "stiff\t\t\t\tyes\t\tthe same, of implicit methods alone")
	fmt.Fprintln(t, "nonstiff\t\t\t\t\t\tthe same, of explicit methods alone")
	use := ode.Use(255)
	for _, m := range ode.Methods() {
		i := m.Info()
		if i.Use != use {
			use = i.Use
			fmt.Fprintf(t, "\nFor %s:\n", use)
		}
		dae, stages, step, needs := "", "", "adaptive", ""
		if i.Mass {
			dae = "yes"
		}
		if i.Stages > 0 {
			stages = fmt.Sprint(i.Stages)
		}
		if i.Embedded == 0 {
			step = "fixed"
		}
		if i.Needs != "" {
			needs = "; for " + i.Needs
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s%s. %s\n", i.Name, i.Order, step, stages, dae, i.Stability, i.Description, needs, i.Reference)
	}
	return t.Flush()
}

// otherSolvers says what to write in place of a name that no method has.
func otherSolvers(name string) string {
	if near := spell.Near(name, ode.Names()); len(near) > 0 {
		return "did you mean " + strings.Join(near, ", ") + "? mtkc run --solver help lists all"
	}
	return "auto, Tsit5, Vern7, Rodas5P, RadauIIA5 and BDF are among them; mtkc run --solver help lists all"
}

// request turns the flags into options, with all findings at once.
func (f *runFlags) request(cmd *cobra.Command) (trace.Request, diag.List) {
	var req trace.Request
	var found diag.List
	o := &req.Options
	if f.tspan != "" {
		list, ok := numbers(f.tspan)
		if ok && len(list) == 1 {
			list = []float64{0, list[0]}
		}
		switch {
		case !ok || len(list) != 2:
			bad(&found, "tspan", f.tspan, "write --tspan START,END, for example --tspan 0,10")
		case list[0] == list[1]:
			bad(&found, "tspan", f.tspan, "start and end must differ")
		default:
			o.Span = [2]float64{list[0], list[1]}
		}
	}
	for _, tol := range []struct {
		flag string
		v    float64
		most float64
		next string
	}{
		{"rtol", f.rtol, 1, "a relative tolerance lies between 0 and 1, for example --rtol 1e-6"},
		{"atol", f.atol, math.MaxFloat64, "an absolute tolerance is above 0, for example --atol 1e-9"},
	} {
		if cmd.Flags().Changed(tol.flag) && !(tol.v > 0 && tol.v <= tol.most) {
			bad(&found, tol.flag, fmt.Sprint(tol.v), tol.next)
		}
	}
	if cmd.Flags().Changed("step") && !(f.step > 0 && f.step <= math.MaxFloat64) {
		bad(&found, "step", fmt.Sprint(f.step), "a step is above 0, for example --step 0.01")
	}
	if cmd.Flags().Changed("hmax") && !(f.hmax > 0) {
		bad(&found, "hmax", fmt.Sprint(f.hmax), "a step is above 0, for example --hmax 0.01; inf is no limit")
	}
	o.RelTol, o.AbsTol, o.InitialStep, o.HMax = f.rtol, f.atol, f.step, f.hmax
	o.Solver = f.solver
	if f.solver != "" && !slices.Contains(ode.Choices(), strings.ToLower(f.solver)) {
		if _, err := ode.Lookup(f.solver); err != nil {
			bad(&found, "solver", f.solver, otherSolvers(f.solver))
		}
	}
	o.Form, o.Constraints = strings.ToLower(f.form), strings.ToLower(f.constraints)
	for _, c := range []struct {
		flag, value string
		known       []string
	}{{"form", o.Form, ode.Forms()}, {"constraints", o.Constraints, ode.ConstraintWays()}} {
		if c.value != "" && !slices.Contains(c.known, c.value) {
			bad(&found, c.flag, c.value, "give one of "+strings.Join(c.known, ", "))
		}
	}
	if f.linear != "" {
		h, ok := linsolve.Way(strings.ToLower(f.linear))
		if !ok {
			bad(&found, "linear", f.linear, "give one of "+strings.Join(linsolve.Ways(), ", "))
		}
		o.Linear = h
	}
	if cmd.Flags().Changed("steps") {
		if f.steps < 1 || f.steps > 1e8 {
			bad(&found, "steps", fmt.Sprint(f.steps), "give a number of intervals from 1 to 1e8, for example --steps 500")
		}
		if f.saveat != "" {
			found.Add(diag.Pos{}, "E002", "leave one of them out", "--steps and --saveat both say which times to save")
		}
	}
	o.Steps, o.MaxSteps, o.Seed = f.steps, f.maxSteps, f.seed
	if f.maxSteps < 1 && cmd.Flags().Changed("max-steps") {
		bad(&found, "max-steps", fmt.Sprint(f.maxSteps), "give a number of steps above 0")
	}
	if f.saveat != "" {
		if _, ok := numbers(f.saveat); !ok {
			bad(&found, "saveat", f.saveat, "write a step, --saveat 0.1, or times in order, --saveat 0,1,5")
		}
	}
	o.Set = settings(&found, "set", f.set)
	req.Vars = names(&found, "vars", f.vars)
	f.amounts, f.conc = names(&found, "amounts", f.amounts), names(&found, "concentrations", f.conc)
	if f.plot != "" {
		if _, err := plot.Format(f.plot); err != nil {
			found.Add(diag.Pos{}, "E002", "for example --plot out.svg", "--plot %s: %v", f.plot, err)
		}
	}
	switch f.backend {
	case "vm", "llvm", "go", "auto", "":
	case "cuda":
		found.Add(diag.Pos{}, "E010", "use --backend vm (the default), llvm or go; GPUs integrate ensembles: mtkc ensemble --backend cuda", "--backend %s: one run does not go to it", f.backend)
	default:
		bad(&found, "backend", f.backend, "backends: vm, llvm, go, auto")
	}
	if f.json && f.dump != "" {
		found.Add(diag.Pos{}, "E002", "leave one of them out", "--dump and --json both write to the standard output")
	}
	if f.json && f.out == "-" {
		found.Add(diag.Pos{}, "E002", "leave one of them out, or give -o a file name", "-o - and --json both write to the standard output")
	}
	return req, found
}

// names are those of a repeatable flag, with commas between.
func names(found *diag.List, flag string, values []string) []string {
	var list []string
	for _, v := range values {
		for _, name := range splitList(v) {
			if name == "" {
				bad(found, flag, "\""+v+"\"", "write names with commas between, --"+flag+" x,y")
				break
			}
			list = append(list, name)
		}
	}
	return list
}

// autoDelay is how long a run with --backend auto goes on before its kernels are compiled: most
// are over by then.
const autoDelay = 150 * time.Millisecond

// saveAt turns --saveat into times of the span.
func saveAt(text string, span [2]float64) ([]float64, diag.List) {
	list, _ := numbers(text)
	var found diag.List
	lo, hi := min(span[0], span[1]), max(span[0], span[1])
	if len(list) > 1 {
		for i, t := range list {
			if t < lo || t > hi {
				bad(&found, "saveat", text, fmt.Sprintf("%v lies outside of the time span from %v to %v", t, span[0], span[1]))
				return nil, found
			}
			if i > 0 && (t-list[i-1])*(span[1]-span[0]) <= 0 {
				bad(&found, "saveat", text, "the times must be in order")
				return nil, found
			}
		}
		return list, nil
	}
	dt := list[0]
	n := math.Floor((hi-lo)/dt*(1+1e-12) + 1e-9)
	if !(dt > 0) || n > 1e8 {
		bad(&found, "saveat", text, "a step is above 0, and gives no more than 1e8 times")
		return nil, found
	}
	sign := 1.0
	if span[1] < span[0] {
		sign = -1
	}
	var times []float64
	for k := 0.0; k <= n; k++ {
		times = append(times, min(max(span[0]+sign*k*dt, lo), hi))
	}
	return times, nil
}

func (f *runFlags) run(cmd *cobra.Command, path string) error {
	start := time.Now()
	ctx, stdout, stderr := cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	c, r, err := f.solve(ctx, cmd, path, stderr)
	if f.timing && c != nil {
		printTiming(stderr, c, r)
	}
	if errors.Is(err, errDumped) {
		return nil
	}
	if r == nil {
		if !f.json {
			return err
		}
		fmt.Fprintln(stderr, err)
		if err := f.writeFailure(stdout, c, err, start); err != nil {
			return err
		}
		return errReported
	}
	for _, w := range r.Warnings {
		fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W501", "", "%s", w))
	}
	wrote, unwritten := f.write(r, stdout, stderr)
	if unwritten != nil {
		fmt.Fprintln(stderr, unwritten)
	}
	if f.json {
		rec := r.Record()
		f.chance(rec, c)
		if unwritten != nil && rec.Message == "" {
			rec.Message = unwritten.Error()
		}
		fillSeconds(rec, c, start)
		if err := writeRecord(stdout, rec); err != nil {
			return err
		}
	} else if len(wrote) > 0 || f.verbose {
		summary(stderr, r, wrote, time.Since(start), f.verbose)
	}
	if unwritten != nil && r.OK() {
		return errReported
	}
	if !r.OK() {
		fmt.Fprintln(stderr, c.Stopped(r))
		return errReported
	}
	return nil
}

// errDumped ends a run that only shows the result of a pass.
var errDumped = errors.New("dumped")

// solve compiles the model and runs it. Warnings are printed at once.
func (f *runFlags) solve(ctx context.Context, cmd *cobra.Command, path string, stderr io.Writer) (*mtkc.Compiler, *trace.Result, error) {
	req, found := f.request(cmd)
	opt, more := f.options(cmd)
	if found = append(found, more...); found.Errors() > 0 {
		return nil, nil, found
	}
	opt.Structural.Values = req.Options.Set
	c := mtkc.New(path, opt)
	if f.dump != "" {
		return c, nil, dump(cmd, c, f.dump)
	}
	prob, found := c.Problem(ctx)
	if found.Errors() > 0 {
		return c, nil, found
	}
	printFindings(stderr, found)
	switch f.backend {
	case "llvm":
		if prob, found = c.Native(ctx); found.Errors() > 0 {
			return c, nil, found
		}
		if f.verbose {
			fmt.Fprintln(stderr, c.NativeReport())
		}
	case "auto":
		c.LLVM.Tiered, c.LLVM.Delay = true, autoDelay
		fast, found := c.Native(ctx)
		if found.Errors() == 0 {
			prob = fast
		} else if f.verbose {
			fmt.Fprintf(stderr, "the kernels run on the vm: %s\n", found[0].Message)
		}
	}
	if found = c.CheckRequest(req); found.Errors() > 0 {
		return c, nil, found
	}
	vars, species, found := c.SpeciesColumns(req.Vars, f.amounts, f.conc)
	if found.Errors() > 0 {
		return c, nil, found
	}
	req.Vars = vars
	o := &req.Options
	o.Set = c.Settle(o.Set)
	if o.Span == [2]float64{} && !(prob.Span[1] > prob.Span[0]) {
		o.Span = [2]float64{0, 1}
		fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W001", "choose with --tspan", "the model states no time span: solving from 0 to 1"))
	}
	if f.saveat != "" {
		span := o.Span
		if span == [2]float64{} {
			span = prob.Span
		}
		if o.SaveAt, found = saveAt(f.saveat, span); found.Errors() > 0 {
			return c, nil, found
		}
	}
	var r *trace.Result
	var err error
	if f.backend == "go" {
		r, err = c.RunGo(ctx, req)
	} else {
		bar := newBar(stderr, prob, o)
		r, err = trace.Run(ctx, prob, req)
		bar.close()
	}
	if err != nil {
		if list := (diag.List)(nil); errors.As(err, &list) {
			return c, nil, list
		}
		return c, nil, c.NotBegun("run", f.solver, err)
	}
	r.Size.Equations = len(c.System().Equations)
	for i := range r.Table.Columns {
		if name, ok := species[r.Table.Columns[i].Name]; ok {
			r.Table.Columns[i].Name = name
		}
	}
	if prob.Init != nil { // the compiler's own remarks were printed above
		r.Warnings = slices.DeleteFunc(r.Warnings, func(w string) bool { return slices.Contains(prob.Init.Notes, w) })
	}
	return c, r, nil
}

// dump runs a pass and prints its result.
func dump(cmd *cobra.Command, c *mtkc.Compiler, pass string) error {
	found := c.Run(cmd.Context(), pass)
	if found.Errors() > 0 {
		return found
	}
	printFindings(cmd.ErrOrStderr(), found)
	if err := c.Dump(pass, cmd.OutOrStdout()); err != nil {
		if why(err) != err {
			return unwritable(err)
		}
		return diag.New(diag.Pos{}, "E014", "", "the result of pass %s cannot be written: %v", pass, err)
	}
	return errDumped
}

func printFindings(w io.Writer, found diag.List) {
	if len(found) > 0 {
		fmt.Fprintln(w, found)
	}
}

// write writes table and plot and returns the names of the files.
func (f *runFlags) write(r *trace.Result, stdout, stderr io.Writer) (wrote []string, err error) {
	out := f.out
	if out == "" && f.plot == "" && !f.json {
		out = "-"
	}
	if out != "" {
		if err := writeFile(out, stdout, r.Table.WriteCSV); err != nil {
			return nil, err
		}
		if out != "-" {
			wrote = append(wrote, out)
		}
	}
	if f.plot != "" && len(r.Table.Times) > 0 {
		fig, err := plot.New(r.Table, r.Model)
		if err != nil {
			return wrote, diag.New(diag.Pos{}, "E013", "choose variables with --vars", "cannot plot: %v", err)
		}
		for _, n := range fig.Notes {
			fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W002", "", "%s: %s", f.plot, n))
		}
		format, _ := plot.Format(f.plot)
		if err := writeFile(f.plot, stdout, func(w io.Writer) error { return fig.Write(w, format) }); err != nil {
			return wrote, err
		}
		wrote = append(wrote, f.plot)
	}
	return wrote, nil
}

// writeFailure prints the JSON object of a run that never began.
func (f *runFlags) writeFailure(w io.Writer, c *mtkc.Compiler, err error, start time.Time) error {
	rec := &trace.Record{Solver: f.solver, Retcode: "CompileError", U: trace.Values{}}
	var list diag.List
	if errors.As(err, &list) {
		for i := range list {
			if !list[i].Warning() {
				rec.Message = list[i].String()
				break
			}
		}
	} else {
		rec.Message = err.Error()
	}
	if c != nil {
		if s := c.System(); s != nil {
			rec.Model = s.Name
			rec.Size.Equations = len(s.Equations)
		}
		fillSeconds(rec, c, start)
	}
	return writeRecord(w, rec)
}

// chance says what of a run was random.
func (f *runFlags) chance(rec *trace.Record, c *mtkc.Compiler) {
	if f.method != "ode" {
		rec.Method = f.method
	}
	if c.Random() {
		rec.Seed = &f.seed
	}
}

// writeRecord prints the JSON object.
func writeRecord(w io.Writer, rec *trace.Record) error {
	return writeFile("-", w, rec.Write)
}

func fillSeconds(rec *trace.Record, c *mtkc.Compiler, start time.Time) {
	s := &rec.Seconds
	s.Load = c.Seconds("load")
	s.Flatten = c.Seconds("form", "flat")
	s.Structural = c.Seconds("structural")
	s.Codegen = c.Seconds("lower", "vm", "go")
	s.Total = time.Since(start).Seconds()
}

// summary prints one line, or a few with -v.
func summary(w io.Writer, r *trace.Result, wrote []string, took time.Duration, verbose bool) {
	fmt.Fprintf(w, "%s: %s at t = %v, %s, %d steps, %.3g s", r.Model, r.Retcode, r.T, r.Solver, r.Stats.Steps, took.Seconds())
	if len(wrote) > 0 {
		fmt.Fprintf(w, "; wrote %s", strings.Join(wrote, ", "))
	}
	fmt.Fprintln(w)
	if !verbose {
		return
	}
	if r.Why != "" {
		fmt.Fprintf(w, "    %s was chosen: %s\n", r.Solver, r.Why)
	}
	if r.Start != "" {
		fmt.Fprintf(w, "    initial values: %s\n", r.Start)
	}
	if r.Form != "" {
		fmt.Fprintf(w, "    form %s\n", r.Form)
	}
	fmt.Fprintf(w, "    %d equations, %d states (%d algebraic), %d nonzeros in the Jacobian\n", r.Size.Equations, r.Size.States, r.Size.Algebraic, r.Size.NNZ)
	s := r.Stats
	fmt.Fprintf(w, "    %d accepted and %d rejected steps, %d events, %d evaluations, %d Jacobians, %d factorisations, %d linear solves, %d Newton iterations\n",
		s.Steps, s.Rejected, s.Events, s.RHS, s.Jac, s.Factor, s.Solve, s.Newton)
	if s.Project > 0 {
		fmt.Fprintf(w, "    %d corrections onto the constraints", s.Project)
		if s.Charts > 0 {
			fmt.Fprintf(w, "; the independent states were chosen anew %d times", s.Charts)
		}
		fmt.Fprintln(w)
	}
}

// printTiming prints the table of passes.
func printTiming(w io.Writer, c *mtkc.Compiler, r *trace.Result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, seconds float64, size string) {
		fmt.Fprintf(t, "%s\t%10.6f s\t%s\n", name, seconds, size)
	}
	for _, p := range c.Timing() {
		row(p.Pass, p.Seconds, p.Size)
	}
	if r != nil {
		row("init", r.Init.Seconds(), "")
		row("solve", r.Solve.Seconds(), fmt.Sprintf("%d steps", r.Stats.Steps))
	}
	t.Flush()
}
