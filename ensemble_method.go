package mtkc

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// The method of an ensemble. Trajectories that run side by side have one method for all their way, so the automatic
// choice of package ode, which may change the method in a run, cannot be had. But it can be asked: it integrates a few
// trajectories, and where it goes over to an implicit method in one of them, the ensemble takes Rodas5P, else
// an explicit method. What is looked at does not depend on the machine, so equal ensembles take equal methods.

const (
	lookedAt   = 3    // trajectories: the first, the last, and one between
	lookedFor  = 5000 // steps of each at most
	fewest     = 4    // trajectories that are worth lanes
	tightRTol  = 1e-5 // from here on Vern7, as package ode has it
	roughRTol  = 1e-2 // from here on Rosenbrock23
	stiffHint  = "stiff"
	explicitly = "nonstiff"
)

// choose finds the method of the engine and makes its kernels. It returns an estimate of the operations of all trajectories, 0: there is none.
// The error says why trajectories cannot run side by side.
func (e *EnsembleEngine) choose(ctx context.Context, c *Compiler, opt *EnsembleOptions) (work float64, err error) {
	p := c.prob
	auto := opt.Backend == "" || opt.Backend == "auto"
	if auto && 0 < opt.N && opt.N < fewest {
		return 0, &ensemble.Unfit{Why: fmt.Sprintf("there are fewer than %d trajectories", fewest)}
	}
	if err := ensemble.Fit(p, &opt.Run); err != nil {
		return 0, err
	}
	if opt.Run.Method != nil {
		return 0, &ensemble.Unfit{Why: "the method is given as a value"}
	}
	s := fuse.SettingsOf(p, &opt.Run)
	hint := strings.ToLower(opt.Run.Solver)
	variant := fuse.Options{Dense: !opt.Run.FinalOnly && (opt.Run.SaveAt != nil || opt.Run.Steps > 0), Events: p.Hybrid != nil}
	if hint != "" && !slices.Contains(ode.Choices(), hint) {
		m, err := ode.Lookup(opt.Run.Solver)
		if err != nil {
			return 0, &ensemble.Unfit{Why: err.Error()}
		}
		e.Method, e.Why = m.Info().Name, "the method was asked for"
		if e.in, err = fuse.New(c.prog, e.Method, variant); err != nil || !auto {
			return 0, err
		}
		seen := look(ctx, p, opt)
		return e.work(seen.steps, opt.N), ctx.Err()
	}
	algebraic := algebraicRows(p)
	var seen looked
	if auto || hint != stiffHint && hint != explicitly && algebraic == 0 {
		seen = look(ctx, p, opt)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	stiff := false
	switch {
	case algebraic > 0:
		stiff, e.Why = true, fmt.Sprintf("%d of %d equations are algebraic", algebraic, p.N())
	case hint == stiffHint || hint == explicitly:
		stiff, e.Why = hint == stiffHint, "as asked for"
	case seen.runs == 0:
		return 0, &ensemble.Unfit{Why: "the trajectories that were tried to see whether they are stiff fail"}
	case seen.stiff > 0:
		stiff, e.Why = true, fmt.Sprintf("stiff: %d of %d trajectories went over to an implicit method (%s)", seen.stiff, seen.runs, seen.solver)
	default:
		e.Why = fmt.Sprintf("not stiff: %d trajectories stayed with %s", seen.runs, seen.solver)
	}
	switch {
	case stiff && s.RelTol >= roughRTol && algebraic == 0:
		e.Method = "Rosenbrock23"
	case stiff:
		e.Method = "Rodas5P"
	case s.RelTol <= tightRTol:
		e.Method = "Vern7"
	default:
		e.Method = "Tsit5"
	}
	if stiff {
		e.Run.Solver = stiffHint // for what engines leave to ode.Integrator
	}
	if e.in, err = fuse.New(c.prog, e.Method, variant); err != nil {
		return 0, err
	}
	return e.work(seen.steps, opt.N), nil
}

func (e *EnsembleEngine) work(steps float64, n int64) float64 {
	return steps * float64(n) * float64(e.in.Step.Work())
}

// algebraicRows counts the equations without derivatives.
func algebraicRows(p *ode.Problem) int {
	n := 0
	for _, m := range p.Mass {
		if m == 0 {
			n++
		}
	}
	return n
}

// looked is what the trajectories that were integrated first have shown.
type looked struct {
	runs, stiff int
	solver      string  // of one that was stiff, if any
	steps       float64 // of one, on average, failed ones among them
}

// look integrates a few trajectories by the automatic choice of package ode.
func look(ctx context.Context, p *ode.Problem, opt *EnsembleOptions) (seen looked) {
	run := opt.Run
	run.Solver, run.FinalOnly, run.SaveAt, run.Steps = "auto", true, nil, 0
	run.MaxSteps = lookedFor
	src := opt.Sample
	if src == nil {
		src = ensemble.Rows(nil, [][]float64{nil})
	}
	span := run.Span
	if span == [2]float64{} {
		span = p.Span
	}
	r, err := ensemble.Solve(ctx, p, &few{Source: src}, ensemble.Options{Run: run, Keep: true, Workers: 1})
	if err != nil {
		return looked{} // the ensemble itself will say what is wrong
	}
	for i := range r.Trajectories {
		t := &r.Trajectories[i]
		if t.Method == "" || t.Steps == 0 {
			continue
		}
		seen.runs++
		stiff := strings.Contains(t.Method, "+")
		if m, err := ode.Lookup(t.Method); err == nil {
			stiff = m.Info().Implicit
		}
		if stiff {
			seen.stiff++
		}
		if stiff || seen.solver == "" {
			seen.solver = t.Method
		}
		part := 1.0 // of the way
		if t.Retcode == ode.MaxSteps {
			part = (t.T - span[0]) / (span[1] - span[0])
		}
		seen.steps += float64(t.Steps+t.Rejected) / max(part, 1e-6)
	}
	if seen.runs > 0 {
		seen.steps /= float64(seen.runs)
	}
	return seen
}

// few is the first trajectory of a source, one in the middle and the last, as far as it knows where these are.
type few struct {
	ensemble.Source
	read int
	at   int64
}

func (f *few) Read(dst []ensemble.Setup) (int, error) {
	n := int64(1)
	sized, ok := f.Source.(ensemble.Sized)
	skipper, can := f.Source.(ensemble.Skipper)
	if ok && can {
		n = sized.Len()
	}
	for k := range dst {
		to := int64(-1)
		for ; to < f.at; f.read++ { // that was taken already
			if f.read == lookedAt {
				return k, io.EOF
			}
			to = int64(f.read) * (n - 1) / (lookedAt - 1)
		}
		if to > f.at {
			if err := skipper.Skip(to - f.at); err != nil {
				return k, err
			}
		}
		f.at = to + 1
		if m, err := f.Source.Read(dst[k : k+1]); m == 0 {
			return k, err
		}
	}
	return len(dst), nil
}
