package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/trace"
)

// ensembleFlags are the flags of mtkc ensemble.
type ensembleFlags struct {
	runFlags
	sweep, dist  []string
	samples      string
	random, runs int64
	latin        bool
	stats, pool  bool
	final        bool
	quantiles    string
	workers      int
}

// ensembleSteps is how many intervals are between the recorded times where no flag says it.
const ensembleSteps = 100

func newEnsemble() *cobra.Command {
	var f ensembleFlags
	cmd := &cobra.Command{
		Use:   "ensemble MODEL",
		Short: "Solve a model many times with other parameters",
		Long: `Solve a model for every point of a grid (--sweep), every row of a table (--samples) or many
random values (--random), or many times as it is where chance is part of it (--runs), and write all
trajectories, or their statistics (--stats): of all of them, or, where --runs repeats each point of a
grid or row of a table, of each point or row.

A trajectory that fails ends no ensemble: a warning says how many did and why. An ensemble that
writes to a file with -o and is interrupted goes on from there when the same command is given
again; the file that comes out is the same, to the last byte.`,
		Example: `  mtkc ensemble examples/lorenz --sweep Rho=20:30:101 --final -o end.csv
  mtkc ensemble examples/lotkavolterra --random 10000 --dist Alpha=normal:1.5:0.1 --stats --steps 50 -o stats.csv
  mtkc ensemble network.xml --method ssa --runs 10000 --tspan 0,50 --steps 50 --amounts X --stats
  mtkc ensemble network.xml --method ssa --sweep k1=0.1:1:10 --runs 1000 --final --stats -o points.csv
  mtkc ensemble circuit.bmo --samples parts.csv --vars out.v --saveat 0.1 -o runs.csv`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringArrayVar(&f.sweep, "sweep", nil, "vary a parameter or start value: `NAME=LO:HI:N`, NAME=log:LO:HI:N or NAME=v1,v2,...; several make a grid (repeatable)")
	fl.StringVar(&f.samples, "samples", "", "take the values from the CSV `FILE`: a header with names, a row for each trajectory; the column t_end sets the end")
	fl.Int64Var(&f.random, "random", 0, "draw the values of `N` trajectories at random, see --dist")
	fl.StringArrayVar(&f.dist, "dist", nil, "draw a parameter or start value: `NAME=normal:MEAN:SD`, NAME=uniform:LO:HI or NAME=lognormal:MU:SIGMA (repeatable)")
	fl.Uint64Var(&f.seed, "seed", 1, "`SEED` of the random values, and of random numbers of the model")
	fl.Int64Var(&f.runs, "runs", 0, "`N` trajectories that chance alone sets apart, of a model with noise, random reactions or random numbers; with --sweep, --samples or --random, of each point, row or draw")
	fl.BoolVar(&f.latin, "latin", false, "draw a Latin hypercube: each value falls once into each of N intervals of equal probability")
	fl.BoolVar(&f.stats, "stats", false, "write mean, standard deviation, quantiles and extremes of every variable at every time instead of the trajectories")
	fl.BoolVar(&f.pool, "pool", false, "with --stats, --runs and --sweep or --samples: statistics of all trajectories together, not of each point or row")
	fl.StringVar(&f.quantiles, "quantiles", "0.05,0.5,0.95", "quantiles `Q1,Q2,...` for --stats")
	fl.BoolVar(&f.final, "final", false, "record the end of each trajectory alone")
	fl.StringVar(&f.tspan, "tspan", "", "time span `T0,T1` (default: that of the model)")
	f.registerMethod(cmd)
	fl.StringVar(&f.solver, "solver", "auto", "integration method `NAME`, as in mtkc run")
	fl.StringVar(&f.form, "form", "auto", "how algebraic equations are solved: dae, nested or auto")
	fl.StringVar(&f.constraints, "constraints", "auto", "how the constraints of a model of higher index are kept: project, states or auto")
	fl.Float64Var(&f.rtol, "rtol", 0, "relative tolerance `X` (default: that of the model, else 1e-6)")
	fl.Float64Var(&f.atol, "atol", 0, "absolute tolerance `X` (default: 1e-9 times the nominal value)")
	fl.StringVar(&f.saveat, "saveat", "", "times to record: a step `DT` or a list t1,t2,...")
	fl.IntVar(&f.steps, "steps", ensembleSteps, "record `N`+1 equidistant times")
	fl.Float64Var(&f.step, "step", 0, "first step `H` of the method; the step itself for a method without error estimate (default: chosen)")
	fl.Float64Var(&f.hmax, "hmax", 0, "longest step `H` of the method (default: a part of the period of the fastest sine of time in the model)")
	fl.IntVar(&f.maxSteps, "max-steps", 0, "give up a trajectory after `N` steps of the method (default: 1000000; for jump processes none)")
	fl.StringArrayVar(&f.set, "set", nil, "parameter or start value `NAME=VALUE` of all trajectories (repeatable)")
	fl.StringArrayVar(&f.vars, "vars", nil, "variables to record: `a,b,...`, as in mtkc run")
	fl.StringArrayVar(&f.amounts, "amounts", nil, "species `a,b,...` of a reaction network to write as amounts, as in mtkc run")
	fl.StringArrayVar(&f.conc, "concentrations", nil, "species `c,d,...` to write as concentrations")
	fl.StringVarP(&f.out, "output", "o", "", "write the table to the CSV `FILE` (default: stdout)")
	fl.StringVar(&f.backend, "backend", "auto", "`NAME` of what integrates: "+strings.Join(mtkc.EnsembleBackends(), ", "))
	fl.IntVar(&f.workers, "workers", 0, "trajectories are integrated on `N` threads (default: one for each processor)")
	fl.BoolVar(&f.json, "json", false, "print one JSON object with a summary on stdout, nothing else")
	f.register(cmd)
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say more on stderr: the method, what integrates and why, statistics of the work")
	_ = cmd.RegisterFlagCompletionFunc("form", cobra.FixedCompletions(ode.Forms(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("constraints", cobra.FixedCompletions(ode.ConstraintWays(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("backend", cobra.FixedCompletions(mtkc.EnsembleBackends(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// request turns the flags into a request and what varies.
func (f *ensembleFlags) request(cmd *cobra.Command) (trace.Request, []float64, *variation, diag.List) {
	run := f.runFlags
	run.backend = "" // checked by who knows the backends of ensembles
	if !cmd.Flags().Changed("steps") && (f.final || f.saveat != "") {
		run.steps = 0
	}
	req, found := run.request(cmd)
	req.Options.FinalOnly = f.final
	if f.final && (cmd.Flags().Changed("steps") || f.saveat != "") {
		found.Add(diag.Pos{}, "E002", "leave one of them out", "--final and --steps or --saveat both say which times to record")
	}
	if f.workers < 0 || cmd.Flags().Changed("workers") && f.workers == 0 {
		bad(&found, "workers", fmt.Sprint(f.workers), "give a number of threads above 0")
	}
	quantiles, ok := numbers(f.quantiles)
	for _, q := range quantiles {
		ok = ok && q >= 0 && q <= 1
	}
	if !ok {
		bad(&found, "quantiles", f.quantiles, "quantiles lie between 0 and 1, for example --quantiles 0.1,0.5,0.9")
	}
	if cmd.Flags().Changed("quantiles") && !f.stats {
		found.Add(diag.Pos{}, "E002", "give --stats, too", "--quantiles is for --stats")
	}
	if f.pool && !(f.stats && f.runs > 0 && (len(f.sweep) > 0 || f.samples != "")) {
		found.Add(diag.Pos{}, "E002", "leave it out", "--pool is for --stats with --runs and --sweep or --samples; other statistics are of all trajectories in any case")
	}
	return req, quantiles, f.variation(&found), found
}

func (f *ensembleFlags) run(cmd *cobra.Command, path string) error {
	start := time.Now()
	ctx, stdout, stderr := cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	req, quantiles, vary, found := f.request(cmd)
	defer vary.close()
	opt, more := f.options(cmd)
	if found = append(found, more...); found.Errors() > 0 {
		return found
	}
	opt.Structural.Values = req.Options.Set
	c := mtkc.New(path, opt)
	if f.dump != "" {
		if err := dump(cmd, c, f.dump); !errors.Is(err, errDumped) {
			return err
		}
		return nil
	}
	prob, found := c.Problem(ctx)
	if f.timing {
		defer func() { printTiming(stderr, c, nil) }()
	}
	if found.Errors() > 0 {
		return found
	}
	printFindings(stderr, found)
	if found = c.CheckRequest(req); found.Errors() == 0 {
		found = append(found, c.CheckVaried(vary.varied, req.Options.Set)...)
	}
	if vary.runs > 0 && !c.Random() {
		found.Add(diag.Pos{}, "E905", "give --method ssa or cle for a model with reactions, or say what varies: --sweep, --samples, --random", "--runs: nothing in the model is random, so that all trajectories would be equal")
	}
	if found.Errors() > 0 {
		return found
	}
	if vary.table != nil {
		vary.table.Check = c.CheckCells(vary.varied)
	}
	vars, species, found := c.SpeciesColumns(req.Vars, f.amounts, f.conc)
	if found.Errors() > 0 {
		return found
	}
	req.Vars = vars
	o := &req.Options
	o.Set = c.Settle(o.Set)
	if o.Span == [2]float64{} {
		if o.Span = prob.Span; !(o.Span[1] > o.Span[0]) {
			o.Span = [2]float64{0, 1}
			fmt.Fprintln(stderr, diag.New(diag.Pos{}, "W001", "choose with --tspan", "the model states no time span: solving from 0 to 1"))
		}
	}
	if f.saveat != "" {
		if o.SaveAt, found = saveAt(f.saveat, o.Span); found.Errors() > 0 {
			return found
		}
	}
	e := ensemble.Options{Run: *o, Workers: f.workers, Statistics: f.stats}
	if f.stats {
		e.Quantiles = quantiles
		if f.runs > 0 && !f.pool && vary.draws == nil && vary.varied != nil {
			e.Each = f.runs
		}
	}
	var err error
	if e.Vars, err = trace.Select(prob, req.Vars); err != nil {
		panic("mtkc: bug: " + err.Error()) // CheckRequest has accepted it
	}
	if len(e.Vars) == 0 {
		return diag.New(diag.Pos{}, "E013", "choose variables with --vars", "there is nothing to record")
	}
	id, err := f.identity(c, prob, &e, vary)
	if err != nil {
		return diag.New(diag.Pos{}, "E012", "", "the ensemble cannot begin: %v", err)
	}
	engine, found := c.EnsembleEngine(ctx, vary.engineOptions(f.backend, o, f.workers))
	if found.Errors() > 0 {
		return found
	}
	e.Engine, e.Run = engine.Engine, engine.Run
	job := &ensembleJob{f: f, compiler: c, vary: vary, species: species, opt: e, prob: prob, engine: engine, stdout: stdout, stderr: stderr}
	res, err := job.solve(ctx, id)
	if e := engine.Close(); err == nil && e != nil {
		err = diag.New(diag.Pos{}, "E012", "try another --backend", "the ensemble cannot end: %v", e)
	}
	if err != nil {
		return err
	}
	return job.report(c, res, time.Since(start))
}

// identity tells ensembles apart: one that was interrupted goes on if it is the same.
func (f *ensembleFlags) identity(c *mtkc.Compiler, p *ode.Problem, e *ensemble.Options, vary *variation) (string, error) {
	h := sha256.New()
	if err := c.Dump("lower", h); err != nil {
		return "", err
	}
	fmt.Fprintf(h, "%s %x %x %x\n", version(), p.P, p.U0, p.Span)
	names := make([]string, 0, len(e.Run.Set))
	for name := range e.Run.Set {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "%q %x\n", name, e.Run.Set[name])
	}
	r := &e.Run
	fmt.Fprintf(h, "%x %q %q %q %x %x %x %x %d %x %d %v\n", r.Span, strings.ToLower(r.Solver), r.Form, r.Constraints, r.RelTol, r.AbsTol, r.InitialStep, r.HMax, r.MaxSteps, r.SaveAt, r.Steps, r.FinalOnly)
	fmt.Fprintf(h, "%q %v %x %q %s\n", e.Vars, e.Statistics, e.Quantiles, f.backend, vary.identity)
	if e.Each > 0 {
		fmt.Fprintf(h, "points %d %v\n", e.Each, f.json) // what JSON needs of points is kept for it alone
	}
	if c.Random() {
		fmt.Fprintf(h, "%d\n", r.Seed)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// ensembleJob is an ensemble and where it goes.
type ensembleJob struct {
	f              *ensembleFlags
	compiler       *mtkc.Compiler
	vary           *variation
	species        map[string]string // names of columns that stand for a species
	opt            ensemble.Options
	prob           *ode.Problem
	engine         *mtkc.EnsembleEngine
	stdout, stderr io.Writer

	wrote  string            // name of the file
	points []json.RawMessage // with Options.Each, for JSON
}

// solve runs the ensemble and writes its table.
func (j *ensembleJob) solve(ctx context.Context, id string) (*ensemble.Result, error) {
	out := j.f.out
	if out == "" && !j.f.json {
		out = "-"
	}
	src, err := j.vary.source()
	if err != nil {
		panic("mtkc: bug: " + err.Error()) // looked at before
	}
	total := int64(-1)
	if s, ok := src.(ensemble.Sized); ok {
		total = s.Len()
	}
	var res *ensemble.Result
	switch info, err := os.Stat(out); {
	case out == "":
		res, err = j.into(ctx, src, total, io.Discard, nil)
		return j.ended(res, err)
	case out == "-":
		res, err = j.into(ctx, src, total, j.stdout, nil)
		return j.ended(res, err)
	case err == nil && !info.Mode().IsRegular():
		var cause error
		if werr := writeFile(out, j.stdout, func(w io.Writer) error {
			res, cause = j.into(ctx, src, total, w, nil)
			return nil
		}); werr != nil {
			return nil, werr
		}
		return j.ended(res, cause)
	}
	r, found := openResumable(out, id)
	if found.Errors() > 0 {
		return nil, found
	}
	j.points = r.state.Points
	if n := r.state.Trajectories; n > 0 {
		fmt.Fprintf(j.stderr, "going on after %d trajectories that %s holds\n", n, r.part)
		if err := ensemble.Skip(src, n); err != nil {
			return nil, j.vary.fault(err)
		}
		j.opt.First = n
		if j.opt.Statistics {
			j.opt.From = &ensemble.Statistics{}
			if err := j.opt.From.UnmarshalBinary(r.state.Statistics); err != nil {
				return nil, diag.New(diag.Pos{File: r.index}, "E907", "remove "+r.part+" and "+r.index+" to begin anew", "what the interrupted ensemble left is damaged: %v", err)
			}
		}
	}
	res, err = j.into(ctx, src, total, r, r)
	switch {
	case err == nil:
		if err := r.finish(); err != nil {
			return nil, r.unwritable(err)
		}
		j.wrote = out
	case !errors.Is(err, context.Canceled) && !errors.As(err, new(errOutput)) || !r.kept:
		r.discard()
	}
	return j.ended(res, err)
}

// errOutput wraps an error of the output.
type errOutput struct{ error }

// into runs the ensemble and writes the table to w; r, if there is one, keeps how far it came.
func (j *ensembleJob) into(ctx context.Context, src ensemble.Source, total int64, w io.Writer, r *resumable) (*ensemble.Result, error) {
	var b *bufio.Writer // of what cannot go on later
	if r == nil {
		b = bufio.NewWriterSize(w, 1<<16)
		w = b
	}
	t := newEnsembleTable(w, &j.opt, j.vary, j.species)
	t.begun = r != nil && r.bytes > 0
	bar := newCounter(j.stderr, total)
	opt := j.opt
	switch {
	case !opt.Statistics:
		opt.Sink = func(tr *ensemble.Trajectory) error {
			if err := t.trajectory(tr); err != nil {
				return errOutput{err}
			}
			return nil
		}
	case opt.Each > 0:
		opt.Point = func(p *ensemble.Point) error {
			if err := t.point(p); err != nil {
				return errOutput{err}
			}
			if j.f.json {
				return j.keep(p)
			}
			return nil
		}
	}
	opt.Progress = func(done int64) { bar.at(j.opt.First + done) }
	if r != nil {
		opt.Checkpoint = func(res *ensemble.Result) error {
			if time.Since(r.saved) < between {
				return nil
			}
			return j.save(r, res)
		}
	}
	res, err := ensemble.Solve(ctx, j.prob, src, opt)
	bar.close()
	if err == nil {
		e := t.begin() // of no trajectories there is a header, too
		if opt.Statistics && opt.Each == 0 {
			e = t.statistics(res.Statistics, j.opt.Run.Span[1])
		}
		if e != nil {
			err = errOutput{e}
		}
	}
	if b != nil {
		if e := b.Flush(); e != nil && err == nil {
			err = errOutput{e}
		}
	}
	if r != nil && errors.Is(err, context.Canceled) && res != nil {
		if e := j.save(r, res); e != nil {
			return res, errOutput{e}
		}
	}
	if res != nil && r != nil {
		res.Join(r.done.result())
	}
	return res, err
}

// save keeps how far the ensemble came.
func (j *ensembleJob) save(r *resumable, res *ensemble.Result) error {
	all := outcomeOf(res)
	joined := all.result()
	joined.Join(r.done.result())
	var statistics []byte
	if res.Statistics != nil {
		var err error
		if statistics, err = res.Statistics.MarshalBinary(); err != nil {
			return err
		}
	}
	return r.save(outcomeOf(joined), statistics, j.points)
}

// ended turns the end of an ensemble into findings. A result without error goes on to the report.
func (j *ensembleJob) ended(res *ensemble.Result, err error) (*ensemble.Result, error) {
	var out errOutput
	var table *ensemble.TableError
	switch {
	case err == nil:
		return res, nil
	case errors.As(err, &out):
		if j.f.out == "" || j.f.out == "-" {
			return nil, unwritable(out.error)
		}
		return nil, diag.New(diag.Pos{File: j.f.out}, "E005", "check that the directory can be written to and the disk has room", "cannot write: %v", why(out.error))
	case errors.Is(err, context.Canceled):
		next := ""
		if j.f.out != "" && j.f.out != "-" {
			next = "the same command goes on from there"
		}
		done := int64(0)
		if res != nil {
			done = res.N
		}
		return nil, diag.New(diag.Pos{}, "E509", next, "interrupted: %d trajectories are done", done)
	case errors.As(err, &table):
		return nil, j.vary.fault(err)
	case res == nil:
		return nil, j.compiler.NotBegun("ensemble", j.f.solver, err)
	case j.vary.table != nil:
		return nil, j.vary.fault(err)
	}
	return nil, diag.New(diag.Pos{}, "E012", "try another --backend", "the ensemble stopped: %v", err)
}
