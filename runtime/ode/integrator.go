package ode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Integrator is a run in progress that the caller advances step by step.
type Integrator struct {
	ws  *Workspace
	st  Stepper
	p   *Problem
	set *settings
	sol *Solution

	method  Method
	init    *initializer // nil without plan
	alg     *algebraic   // nil without algebraic rows
	proj    *projector   // nil without invariants
	hy      *hybrid      // nil without events
	moved   bool         // the last step was projected, the stepper does not know yet
	redone  int          // how often the present step was made again because of a range
	strayed bool         // it was said that an unknown leaves its range
	told    bool         // a warning of states that follow a reinit was given

	next int // entry of SaveAt to save next
	done bool
	buf  []float64 // state at an event
	out  []float64 // state to save

	clock time.Time // of the last progress report
	ticks int
	inner []float64 // of resolve: the solution at two points within a step, the sizes of the algebraic variables

	own     []*Callback // of the problem
	cb      *callbacks  // nil: there are none
	stops   []float64   // AddStop: times of the workspace, ascending, that are ends of steps
	touched bool        // SetU or SetParam changed the present point: apply does the rest
	bound   bool        // SetParam did, so that bound parameters follow
	first   float64     // SetStep: the step to go on with, 0: none
	equal   float64     // SetStep of a method without error control, 0: Options.InitialStep
	ending  bool        // Terminate was called,
	last    string      // for this reason
	why     string      // the method was chosen for

	forward, backward *Kernels // of the problem; with time reversed, nil until needed
	other             *settings
	fresh             []byte // state of a new stepper and its tools, for Reset; nil: not made yet
	final             []float64
	ar                archive.Archive
}

// Solve integrates p and returns the solution. When the run stops early it
// returns the part computed until then together with a *Failure that says why;
// options that make no sense give a nil solution and a plain error. A model's
// own terminate statement is no error. Cancelling ctx stops the run between steps.
func Solve(ctx context.Context, p *Problem, opt Options) (*Solution, error) {
	in, err := NewIntegrator(ctx, p, opt)
	if err != nil {
		if in == nil {
			return nil, err
		}
		return in.sol, err
	}
	for !in.done {
		if err := in.Step(); err != nil {
			return in.sol, err
		}
	}
	return in.sol, nil
}

// NewIntegrator prepares a run: it sets the parameters, makes the initial values
// consistent and chooses the method. If the initial values cannot be found, the
// error is a *Failure and the Integrator still gives access to its Solution.
func NewIntegrator(ctx context.Context, p *Problem, opt Options) (*Integrator, error) {
	in, err := assemble(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	in.tools()
	return in, in.start()
}

// assemble makes an integrator of p with its method.
func assemble(ctx context.Context, p *Problem, opt Options) (*Integrator, error) {
	in := &Integrator{p: p, set: &settings{}}
	if err := in.set.resolve(p, opt); err != nil {
		return nil, err
	}
	if err := in.assemble(ctx); err != nil {
		return nil, err
	}
	return in, nil
}

// assemble makes everything that in.set asks for.
func (in *Integrator) assemble(ctx context.Context) error {
	p, set := in.p, in.set
	if in.forward == nil {
		in.forward = p.NewKernels()
		if p.Callbacks != nil {
			in.own = p.Callbacks(in.forward)
		}
		if in.forward.RHS == nil && p.Jumps != nil && p.Jumps.Still {
			in.forward.RHS = func(_ float64, _, _, du []float64) { clear(du) }
		}
		p.check(in.forward)
		if in.forward.RHS == nil {
			in.forward.RHS = func(t float64, u, _, du []float64) { in.ws.implicit().slopes(t, u, du) }
		}
		in.buf, in.out, in.final = make([]float64, p.N()), make([]float64, p.N()), make([]float64, p.N())
	}
	ws := newWorkspace(ctx, p, in.forward, append([]float64(nil), set.params...), 0, 1)
	in.ws = ws
	in.rewind(ctx)
	ws.warn = in.warn
	in.sol = &Solution{Problem: p}
	in.clear()
	c, err := choose(ws, set)
	if err != nil {
		return err
	}
	in.method = c.Method
	in.why = c.why
	in.sol.Solver, in.sol.Why, in.sol.Form = c.Info().Name, c.why, c.form
	in.st, err = in.method.New(ws)
	return err
}

// rewind gives the workspace the settings, and the start of the span.
func (in *Integrator) rewind(ctx context.Context) {
	ws, set := in.ws, in.set
	ws.ctx, ws.done = ctx, ctx.Done()
	copy(ws.Params, set.params)
	ws.K, ws.flip = in.forward, set.flip
	if set.flip && in.backward == nil {
		in.backward = reversed(in.forward)
	}
	t0, t1 := set.t0, set.t1
	if set.flip {
		t0, t1 = -t0, -t1
	}
	ws.T, ws.TPrev, ws.TStop, ws.TEnd, ws.tLow, ws.span = t0, t0, t1, t1, 0, math.Abs(t1-t0)
	ws.RelTol, ws.AbsTol, ws.ExcludeAlgebraic = set.RelTol, set.abstol, set.ExcludeAlgebraic
	ws.H, ws.HMin, ws.HMax, ws.InitialStep = 0, set.HMin, set.HMax, set.InitialStep
	ws.Linear, ws.Controller = set.Linear, set.Controller
	ws.Seed, ws.Path = set.Seed, set.Path
	ws.Inner = set.Dense || set.SaveAt != nil || set.SaveGap > 0 || searches(in.p)
	if ws.N() == 0 {
		ws.HMax = math.Min(ws.HMax, ws.span/500) // nothing but the time to show
	}
	clear(ws.U)
	clear(ws.UPrev)
	clear(ws.UNew)
	*ws.Stats = Stats{}
	*ws.pace = pace{watched: set.MaxSteps == 0 && in.p.Jumps != nil, t: t0} // millions of jumps are nothing unusual
	switch *ws.budget = set.MaxSteps; {
	case ws.pace.watched:
		*ws.budget = paceAfter
	case set.MaxSteps == 0:
		*ws.budget = defaultSteps
	}
	in.cb = newCallbacks(in, append(in.own[:len(in.own):len(in.own)], set.Callbacks...))
}

// clear empties the solution.
func (in *Integrator) clear() {
	ws, set, sol := in.ws, in.set, in.sol
	sol.Retcode, sol.Message, sol.Init = Success, "", ""
	sol.Warnings, sol.flip, sol.T, sol.U, sol.Params = set.warnings, set.flip, set.t0, ws.U, ws.Params
	sol.Times, sol.states, sol.memory, sol.version = sol.Times[:0], sol.states[:0], sol.memory[:0], sol.version[:0]
	sol.wide = false
	switch d := sol.dense; {
	case !set.Dense:
		sol.dense = nil
	case d == nil:
		sol.dense = &denseOutput{n: in.p.N()}
	default:
		d.steps, d.vals = d.steps[:0], d.vals[:0]
	}
}

// tools makes what the problem needs beside a stepper.
func (in *Integrator) tools() {
	ws, p := in.ws, in.p
	in.alg, in.proj, in.hy = nil, nil, nil
	if len(ws.Alg) > 0 && !p.higher() { // of higher index, the algebraic rows alone do not determine their unknowns
		in.alg = newAlgebraic(ws)
		in.alg.warn = in.warn
	}
	if p.NInv > 0 {
		in.proj = newProjector(ws)
	}
	if p.Hybrid != nil {
		in.hy = newHybrid(in)
	}
}

// warn adds a warning to the solution, once.
func (in *Integrator) warn(text string) {
	if !slices.Contains(in.sol.Warnings, text) {
		in.sol.Warnings = append(in.sol.Warnings, text)
	}
}

// restart hands the present point to the stepper as a new start.
func (in *Integrator) restart(h float64) error {
	in.ws.H = h
	in.ws.tLow = 0
	in.aim()
	return in.st.Restart()
}

// aim sets TStop: the end of the run, or the next time event.
func (in *Integrator) aim() {
	ws := in.ws
	ws.TStop = ws.TEnd
	if len(in.stops) > 0 && in.stops[0] < ws.TStop {
		ws.TStop = in.stops[0]
	}
	if in.cb != nil {
		ws.TStop = math.Min(ws.TStop, in.cb.next)
	}
	if in.hy != nil && in.hy.next < ws.TStop-in.hy.near(ws.TStop) {
		ws.TStop = in.hy.next
	}
	if in.p.Noise != nil || in.p.Jumps != nil { // there is nothing to interpolate between random points
		for k := in.next; k < len(in.set.SaveAt); k++ {
			if at := ws.Time(in.set.SaveAt[k]); at > ws.T {
				ws.TStop = math.Min(ws.TStop, at)
				break
			}
		}
		ws.Free = in.hy == nil && in.cb == nil && in.sol.dense == nil && (in.set.SaveAt != nil || in.set.FinalOnly)
	}
}

// Done reports whether the run is over.
func (in *Integrator) Done() bool { return in.done }

// T is the present time.
func (in *Integrator) T() float64 { return in.ws.Time(in.ws.T) }

// U is the present state; it is valid until the next Step.
func (in *Integrator) U() []float64 { return in.ws.U }

// P is p: the parameters and the present discrete memory. It may only be read.
func (in *Integrator) P() []float64 { return in.ws.Params }

// Bind computes the parameters that the model computes from others, but those that were set.
func (in *Integrator) Bind() {
	if bind := in.ws.K.Bind; bind != nil {
		bind(in.ws.Params, in.set.set)
	}
}

// Chance is the seed of the run and the number of its path, see Options and package random.
func (in *Integrator) Chance() (seed, path uint64) { return in.ws.Seed, in.ws.Path }

// Stats counts the work so far.
func (in *Integrator) Stats() Stats { return *in.ws.Stats }

// Solution is the result, complete when Done.
func (in *Integrator) Solution() *Solution { return in.sol }

// Interpolate writes the state at t, which lies in the last step, to u. Where that
// step ended in an event, the step is history: Options.Dense keeps such steps.
func (in *Integrator) Interpolate(t float64, u []float64) {
	if in.ws.flip {
		t = -t
	}
	in.state(t, u)
}

// state writes the solution at a time of the last step to u: differential entries
// by the interpolant, moved onto the invariants, algebraic ones by their equations.
func (in *Integrator) state(t float64, u []float64) {
	in.st.Interpolate(t, u)
	if t == in.ws.T || t == in.ws.TPrev {
		return
	}
	constraints, algebraic := settled(in.st)
	if in.proj != nil && !constraints {
		moved, _ := in.proj.project(t, u)
		algebraic = algebraic && !moved
	}
	if in.alg != nil && !algebraic {
		copy(in.ws.UNew, u)
		if in.alg.polish(t, in.ws.UNew) == nil {
			copy(u, in.ws.UNew)
		}
	}
}

// Step advances the run by one accepted step, to an event at most.
func (in *Integrator) Step() error {
	if in.done {
		return errors.New("the run is over")
	}
	ws, hy := in.ws, in.hy
	if in.touched || in.first > 0 {
		jump := in.touched
		if err := in.apply(); err != nil {
			return in.stop(err)
		}
		if jump && in.cb != nil {
			in.cb.orient(false)
		}
	}
	if in.ending { // by the caller, between two steps
		return in.conclude(Terminated, in.last)
	}
	in.aim()
	if in.cb != nil {
		in.cb.limit()
	}
	if in.moved {
		in.moved = false
		in.st.Projected()
	}
	x, err := in.attempt()
	if err != nil || in.done {
		return err
	}
	if in.cb != nil {
		in.cb.report()
	}
	event, hit := false, x.hit
	if hy != nil {
		event = ws.T >= hy.next-hy.near(hy.next)
		t, cut, end := x.relation, x.cut, ws.T
		if cut && t < end {
			end = t
		} else if hy.pierced() {
			return in.stop(hy.accumulated())
		}
		if hit && x.condition < end {
			cut, event, end = false, false, x.condition
		}
		if end == ws.T || cut {
			hy.strict()
			hy.rouse()
		} // else the step ends before: what its end would have brought comes later
		if at, action := in.violation(end); action >= 0 && at < end {
			in.cut(at)
			return in.stop(hy.act(action))
		}
		if cut && t < ws.T {
			event = false
			in.cut(t)
		} else if end < ws.T { // by a callback
			in.cut(end)
			hy.crossings(ws.T, ws.U, hy.end)
		} else {
			in.output(ws.T, ws.U)
		}
		if err := hy.assert(); err != nil {
			return in.stop(err)
		}
		if cut || event {
			if err := in.event(cut, event); err != nil {
				return in.stop(err)
			}
		}
	} else {
		if hit && x.condition < ws.T {
			in.cut(x.condition)
		} else {
			in.output(ws.T, ws.U)
		}
	}
	for len(in.stops) > 0 && in.stops[0] <= ws.T {
		in.stops = in.stops[:copy(in.stops, in.stops[1:])]
	}
	if in.cb != nil {
		if err := in.cb.act(hit); err != nil {
			return in.stop(err)
		}
	}
	if in.ending {
		return in.conclude(Terminated, in.last)
	}
	if ws.T >= ws.TEnd {
		if err := in.conclude(Success, ""); err != nil {
			return err
		}
	}
	in.progress()
	return nil
}

// crossed is what was found within a step.
type crossed struct {
	relation, condition float64 // times at which a relation of the model changes, and a condition of a callback before that,
	cut, hit            bool    // if they do
}

// attempt makes one step, again and again until nothing objects to it, and looks for the first change of a
// relation within, and of a condition.
func (in *Integrator) attempt() (x crossed, err error) {
	ws, hy := in.ws, in.hy
	want, redo := ws.H, false
	for redone := 0; ; redone++ {
		for again := true; again; redo = redo || again {
			err := in.st.Step()
			if err == nil {
				again, err = in.keepRanges()
			}
			if err == nil && !again && in.cb != nil {
				again, err = in.cb.judge()
			}
			if err != nil && in.loosen(err) {
				if again, err = true, in.restart(0); err == nil {
					continue
				}
			}
			if err != nil {
				return x, in.fail(err)
			}
		}
		if redo && want > 0 && in.method.Info().Embedded == 0 {
			ws.H = want // steps without error control do not grow again by themselves
		}
		in.resolve()
		if in.proj != nil {
			if constraints, _ := settled(in.st); !constraints {
				if err := in.project(); err != nil {
					return x, in.fail(err)
				}
			}
		}
		if in.cb != nil {
			if err := in.cb.correct(); err != nil {
				return x, in.stop(err)
			}
		}
		end := ws.T
		if hy != nil {
			if hy.slide != nil {
				hy.stay()
			}
			if x.relation, x.cut = hy.first(); x.cut && x.relation < end {
				end = x.relation
			}
		}
		if in.cb != nil {
			x.condition, x.hit = in.cb.watch(end)
		}
		h := (ws.T - ws.TPrev) / 4
		if !x.cut && !x.hit || redone == mostRedone || ws.TooSmall(h) ||
			!(x.cut && hy.contradicted(x.relation) || x.hit && in.cb.contradicted(x.condition)) {
			return x, nil
		}
		if hy != nil {
			copy(hy.end, hy.start)
		}
		if in.cb != nil {
			in.cb.unwatch()
		}
		in.moved, redo = false, true
		if err := in.redo(h); err != nil {
			return x, in.fail(err)
		}
	}
}

// redo takes the last step back, and starts again with the step h.
func (in *Integrator) redo(h float64) error {
	ws := in.ws
	ws.Stats.Steps--
	ws.Stats.Rejected++
	ws.T = ws.TPrev
	copy(ws.U, ws.UPrev)
	return in.restart(h)
}

// violation looks for an assertion that fails at end, a time in the last step, and finds
// by bisection since when; the action is -1 where all hold. An assertion that fails
// within a step only goes unseen.
func (in *Integrator) violation(end float64) (at float64, action int) {
	ws := in.ws
	if ws.K.Assert == nil {
		return end, -1
	}
	failed := func(t float64) int {
		u := ws.U
		if t < ws.T {
			in.state(t, in.buf)
			u = in.buf
		}
		k := ws.K.Assert(t, u, ws.Params) - 1
		if k >= 0 && in.hy.h.Actions[k].Warn {
			return -1
		}
		return k
	}
	if action = failed(end); action < 0 {
		return end, -1
	}
	lo, hi := ws.TPrev, end
	for range 60 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if k := failed(mid); k >= 0 {
			hi, action = mid, k
		} else {
			lo = mid
		}
	}
	return hi, action
}

// project moves the new point onto the invariants.
func (in *Integrator) project() error {
	ws := in.ws
	copy(ws.UNew, ws.U)
	moved, ok := in.proj.project(ws.T, ws.U)
	if !ok {
		copy(ws.U, ws.UNew)
		in.warn(fmt.Sprintf("the constraints could not be restored to rounding at t = %.9g and after; the solution may drift off them", ws.Time(ws.T)))
		return nil
	}
	if !moved {
		return nil
	}
	in.moved = true
	if in.alg != nil {
		if err := in.alg.polish(ws.T, ws.U); err != nil {
			return ws.fail(NewtonFailure, err, "after the projection onto the constraints the algebraic equations have no solution: %v", err)
		}
	}
	return nil
}

// cut makes t, a time in the last step, the present one.
func (in *Integrator) cut(t float64) {
	ws := in.ws
	in.state(t, in.buf)
	in.output(t, in.buf)
	ws.T = t
	copy(ws.U, in.buf)
}

// event runs the event at (T, U) and restarts the integration behind it; cut says
// that the step was cut there, timed that a time event is due.
func (in *Integrator) event(cut, timed bool) error {
	ws, hy := in.ws, in.hy
	slid, over := -1, false
	if hy.slide != nil {
		slid = hy.slide.relation
		over = hy.leave()
	}
	if !hy.mark(slid, nil) && !timed {
		hy.flip()
		hy.crossings(ws.T, ws.U, hy.end)
		if ws.T < ws.TEnd {
			return in.restart(ws.H) // f is continuous there
		}
		return nil
	}
	changed, err := hy.handle()
	if err != nil {
		return err
	}
	if !changed && !cut && slid < 0 {
		hy.crossings(ws.T, ws.U, hy.end)
		return nil
	}
	in.moved = false
	if in.proj != nil {
		if err := in.reconcile(hy.u0); err != nil {
			return err
		}
		in.moved = false // Restart tells the stepper
	}
	hy.crossings(ws.T, ws.U, hy.end)
	if in.set.SaveAt == nil && !in.set.FinalOnly {
		in.save(ws.T, ws.U)
	}
	if err := hy.assert(); err != nil {
		return err
	}
	if slid >= 0 && !over && hy.slide == nil {
		hy.slideAlong(slid)
	}
	if ws.T < ws.TEnd {
		return in.restart(0)
	}
	return nil
}
