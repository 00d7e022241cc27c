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
		p.check(in.forward)
		if in.forward.RHS == nil {
			in.forward.RHS = func(t float64, u, _, du []float64) { in.ws.implicit().slopes(t, u, du) }
		}
		in.buf, in.out, in.final = make([]float64, p.N()), make([]float64, p.N()), make([]float64, p.N())
	}
	ws := newWorkspace(ctx, p, in.forward, append([]float64(nil), set.params...), 0, 1)
	in.ws = ws
	in.rewind(ctx)
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
	ws.Inner = set.Dense || set.SaveAt != nil || set.SaveGap > 0 || searches(in.p)
	if ws.N() == 0 {
		ws.HMax = math.Min(ws.HMax, ws.span/500) // nothing but the time to show
	}
	clear(ws.U)
	clear(ws.UPrev)
	clear(ws.UNew)
	*ws.Stats = Stats{}
	*ws.budget = set.MaxSteps
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

// start makes the initial values consistent and hands them to the stepper.
func (in *Integrator) start() error {
	ws, set := in.ws, in.set
	if r, ok := bare(in.st).(interface{ remark() string }); ok && r.remark() != "" {
		in.warn(r.remark())
	}
	if err := in.begin(); err != nil {
		return in.stop(err)
	}
	if ws.flip {
		ws.K = in.backward
	}
	if in.cb != nil {
		if err := in.cb.start(); err != nil {
			return in.stop(err)
		}
	}
	if !set.FinalOnly && set.SaveAt == nil {
		in.save(ws.T, ws.U)
	}
	if in.ending {
		return in.conclude(Terminated, in.last)
	}
	if ws.T == ws.TEnd {
		return in.conclude(Success, "")
	}
	h := in.first
	in.first, in.touched = 0, false
	if err := in.restart(h); err != nil {
		return in.fail(err)
	}
	return nil
}

// begin sets parameters and start values and makes them consistent. It works with
// the user's time and kernels also where the run goes backward.
func (in *Integrator) begin() error {
	ws, p := in.ws, in.p
	if p.Init != nil {
		in.sol.Warnings = append(in.sol.Warnings, p.Init.Notes...)
	}
	if ws.K.Bind != nil {
		ws.K.Bind(ws.Params, in.set.set)
	}
	if text := p.unguarded(ws.K, ws.Params); text != "" {
		return ws.Fail(InitFailure, "%s", text)
	}
	copy(ws.U, p.U0)
	for i, q := range p.States {
		if q.StartParam > 0 {
			ws.U[i] = ws.Params[q.StartParam-1]
		}
	}
	for i, v := range in.set.u0 {
		if v == v {
			ws.U[i] = v
		}
	}
	if ws.RelTol < 4*eps {
		return ws.Fail(TooMuchAccuracy, "the relative tolerance %.3g is below the precision of the arithmetic, %.3g", ws.RelTol, eps)
	}
	if i := nonFinite(ws.U); i >= 0 {
		return ws.Fail(InitFailure, "the start value of %s is %v", p.state(i), ws.U[i])
	}
	if p.Init != nil {
		if in.init == nil {
			in.init = newInitializer(ws)
		}
		in.init.reset(in.set.u0)
	}
	if p.Hybrid == nil {
		if err := in.initialize(); err != nil {
			return err
		}
		in.compareStart()
	} else {
		if err := in.hy.begin(in.initialize); err != nil {
			return err
		}
		if err := in.hy.assert(); err != nil {
			return err
		}
	}
	if in.init != nil {
		for _, text := range in.init.notes {
			in.warn(text)
		}
		in.sol.Init = in.init.summary()
	}
	du := ws.scratch()
	if p.Implicit == nil {
		ws.RHS(ws.Time(ws.T), ws.U, du)
	}
	if i := nonFinite(du); i >= 0 {
		return ws.Fail(InitFailure, "division by zero or invalid value at the start in %s", p.equation(i))
	}
	copy(ws.UPrev, ws.U)
	return nil
}

// initialize makes the initial values consistent for the present relations.
func (in *Integrator) initialize() error {
	ws, p := in.ws, in.p
	t := ws.Time(ws.T)
	if in.init != nil {
		if err := in.init.run(); err != nil {
			return err
		}
	}
	if p.Implicit != nil {
		return ws.beginImplicit()
	}
	if in.alg != nil {
		if err := in.alg.solve(t, ws.U); err != nil {
			return ws.fail(InitFailure, err, "no consistent initial values: %v; change the guesses of the algebraic variables or the start values", err)
		}
	}
	if in.proj == nil {
		return nil
	}
	// The plan satisfies the invariants already; hand-written start values may not.
	k := ws.K
	if ws.flip {
		ws.K = reversed(k)
	}
	before := append([]float64(nil), ws.U...)
	_, ok := in.proj.project(ws.T, ws.U)
	ws.K = k
	if !ok {
		return ws.Fail(InitFailure, "the start values do not satisfy the constraints of %s, and no values near them do", p.title())
	}
	for i, v := range before {
		if math.Abs(v-ws.U[i]) > 1e-6*math.Max(math.Abs(v), 1e-3) {
			in.warn(fmt.Sprintf("the start value of %s was moved from %.9g to %.9g to satisfy the constraints", p.state(i), v, ws.U[i]))
			break
		}
	}
	if in.alg != nil {
		if err := in.alg.solve(t, ws.U); err != nil {
			return ws.fail(InitFailure, err, "no consistent initial values: %v", err)
		}
	}
	return nil
}

// compareStart warns of differential states that do not start where the user set them:
// the model only guesses these values, and its equations give others. (A set value of an
// algebraic variable is a guess by nature. An event at the start may change a state.)
func (in *Integrator) compareStart() {
	ws, p := in.ws, in.p
	for i := range p.States {
		if p.Mass != nil && p.Mass[i] == 0 {
			continue
		}
		v := in.set.u0[i]
		if k := p.States[i].StartParam; k > 0 && k <= len(in.set.set) && in.set.set[k-1] {
			v = in.set.params[k-1]
		}
		if math.Abs(v-ws.U[i]) > 1e-6*math.Max(math.Abs(v), 1e-3) { // false for NaN: not set
			in.warn(fmt.Sprintf("%s starts at %.9g, not at %.9g as set: the model takes this value as a guess only, and its other start values and equations give another", p.state(i), ws.U[i], v))
		}
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
}

// Done reports whether the run is over.
func (in *Integrator) Done() bool { return in.done }

// T is the present time.
func (in *Integrator) T() float64 { return in.ws.Time(in.ws.T) }

// U is the present state; it is valid until the next Step.
func (in *Integrator) U() []float64 { return in.ws.U }

// P is p: the parameters and the present discrete memory. It may only be read.
func (in *Integrator) P() []float64 { return in.ws.Params }

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
		in.proj.project(t, u)
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
		if err := in.apply(); err != nil {
			return in.stop(err)
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
	want, redo := ws.H, false
	for again := true; again; redo = redo || again {
		err := in.st.Step()
		if err == nil {
			again, err = in.keepRanges()
		}
		if err == nil && !again && in.cb != nil {
			again, err = in.cb.judge()
		}
		if err != nil {
			return in.fail(err)
		}
	}
	if redo && want > 0 && in.method.Info().Embedded == 0 {
		ws.H = want // steps without error control do not grow again by themselves
	}
	in.resolve()
	if in.proj != nil {
		if constraints, _ := settled(in.st); !constraints {
			if err := in.project(); err != nil {
				return in.fail(err)
			}
		}
	}
	if in.cb != nil {
		if err := in.cb.correct(); err != nil {
			return in.stop(err)
		}
	}
	event, hit := false, false
	if hy != nil {
		event = ws.T >= hy.next-hy.near(hy.next)
		if hy.slide != nil {
			hy.stay()
		}
		t, cut := hy.first()
		end := ws.T
		if cut && t < end {
			end = t
		} else if hy.pierced() {
			return in.stop(hy.accumulated())
		}
		if in.cb != nil {
			var at float64
			if at, hit = in.cb.watch(end); hit && at < end {
				cut, event, end = false, false, at
			}
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
		end := ws.T
		if in.cb != nil {
			end, hit = in.cb.watch(end)
		}
		if end < ws.T {
			in.cut(end)
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

// mostRedone is how often a step that went astray is made again, each time a quarter as long.
const mostRedone = 20

// keepRanges looks after algebraic unknowns that the last step took out of their ranges, or
// so near to an end that the tolerances are too coarse: they are moved to the root within.
// If that is farther away than the tolerance, the step has gone astray, and is to be made
// again, shorter. Where that does not help, or no root is found within, the unknown may
// leave its range, with a warning.
func (in *Integrator) keepRanges() (again bool, err error) {
	ws, a := in.ws, in.alg
	if a == nil || a.lo == nil {
		return false, nil
	}
	near := a.coarse(ws.U)
	if !near && !a.coarse(ws.UPrev) {
		a.remember(ws.U)
		return false, nil
	}
	out := a.outside(ws.U, false) >= 0
	a.remember(ws.UPrev)
	a.t = ws.T
	copy(in.buf, ws.U)
	if !a.within(in.buf) {
		in.stray("no solution within is found")
		return false, nil
	}
	far := 0.0
	for _, i := range ws.Alg {
		far = math.Max(far, math.Abs(in.buf[i]-ws.U[i])/(ws.AbsTol[i]+ws.RelTol*math.Abs(in.buf[i])))
	}
	h := (ws.T - ws.TPrev) / 4
	switch {
	case far <= 1 || near && !out:
		copy(ws.U, in.buf)
		in.moved = true
		a.remember(ws.U)
	case in.redone < mostRedone && !ws.TooSmall(h):
		in.redone++
		ws.Stats.Rejected++
		ws.T = ws.TPrev
		copy(ws.U, ws.UPrev)
		return true, in.restart(h)
	default:
		in.stray("the equations have a solution within, but none that the values before lead to")
	}
	in.redone = 0
	return false, nil
}

// stray warns, once, of an algebraic unknown that the last step took out of its range.
func (in *Integrator) stray(why string) {
	ws := in.ws
	k := in.alg.outside(ws.U, true)
	if k < 0 || in.strayed {
		return
	}
	in.strayed = true
	i := int(ws.Alg[k])
	in.warn(fmt.Sprintf("t = %v: %s = %.6g leaves its range, %v to %v: %s; give it a start value on the branch that is meant, or another range",
		ws.Time(ws.T), ws.P.state(i), ws.U[i], in.alg.lo[k], in.alg.hi[k], why))
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

// output saves what lies in (TPrev, t], where the state at t is u.
func (in *Integrator) output(t float64, u []float64) {
	ws, s := in.ws, in.set
	if in.cb != nil {
		in.cb.pass(t)
	}
	if in.sol.dense != nil {
		in.sol.dense.add(ws.TPrev, t, degree(in.st), in.sol.snapshot(ws.Params), in.state)
	}
	switch {
	case s.FinalOnly:
	case s.SaveAt != nil:
		for in.next < len(s.SaveAt) {
			at := ws.Time(s.SaveAt[in.next])
			if at >= t {
				break // t itself is saved by the next step or at the end: an event may come first
			}
			in.state(at, in.out)
			in.save(at, in.out)
			in.next++
		}
	default:
		if s.SaveGap > 0 {
			pieces := int(math.Min(math.Ceil((t-ws.TPrev)/s.SaveGap), gapPieces))
			for i := 1; i < pieces; i++ {
				at := ws.TPrev + (t-ws.TPrev)*float64(i)/float64(pieces)
				in.state(at, in.out)
				in.save(at, in.out)
			}
		}
		in.save(t, u)
	}
}

// save appends a point of the workspace's time to the solution.
func (in *Integrator) save(t float64, u []float64) {
	if in.forward.Refresh != nil {
		in.forward.Refresh(in.ws.Time(t), u, in.ws.Params)
	}
	in.sol.save(in.ws.Time(t), u, in.ws.Params)
}

// conclude ends a run that succeeded, with the event in which terminal() is true. What
// that terminates has ended already.
func (in *Integrator) conclude(code Retcode, message string) error {
	if in.hy == nil {
		in.finish(code, message)
		return nil
	}
	has, err := in.hy.terminal()
	var t *terminated
	if err != nil && !errors.As(err, &t) {
		return in.fail(err)
	}
	if has && in.set.SaveAt == nil && !in.set.FinalOnly {
		in.save(in.ws.T, in.ws.U)
	}
	in.finish(code, message)
	in.hy.clearFlags()
	return nil
}

// finish ends the run with what was reached.
func (in *Integrator) finish(code Retcode, message string) {
	ws, s := in.ws, in.set
	in.done = true
	if s.FinalOnly {
		in.save(ws.T, ws.U)
	}
	for s.SaveAt != nil && in.next < len(s.SaveAt) && ws.Time(s.SaveAt[in.next]) <= ws.T {
		in.save(ws.T, ws.U)
		in.next++
	}
	sol := in.sol
	if d := sol.dense; d != nil && len(d.steps) == 0 { // the run is a point
		d.steps = append(d.steps, denseStep{t0: ws.T, t1: ws.T, params: sol.snapshot(ws.Params)})
		d.vals = append(d.vals, ws.U...)
	}
	sol.Retcode, sol.Message = code, message
	copy(in.final, ws.U)
	sol.T, sol.U, sol.Params = ws.Time(ws.T), in.final, ws.Params
	sol.Stats = *ws.Stats
	switch a := bare(in.st).(type) {
	case *auto:
		sol.Solver, sol.Why = a.explain()
	case *relay:
		sol.Solver, sol.Why = a.explain(sol.Solver, sol.Why)
	}
	if s.Progress != nil {
		s.Progress(sol.T)
	}
	if in.cb != nil {
		in.cb.finish()
	}
}

// fail ends the run with the error err.
func (in *Integrator) fail(err error) error {
	var f *Failure
	if !errors.As(err, &f) {
		f = in.ws.fail(NewtonFailure, err, "%v", err)
	}
	in.finish(f.Code, f.Message)
	return f
}

// stop ends the run with the error err, or without one if the model asked for it.
func (in *Integrator) stop(err error) error {
	var t *terminated
	if errors.As(err, &t) {
		if in.set.SaveAt == nil && !in.set.FinalOnly {
			in.save(in.ws.T, in.ws.U)
		}
		return in.conclude(Terminated, t.message)
	}
	return in.fail(err)
}

// progress reports the time reached, a few times a second.
func (in *Integrator) progress() {
	if in.set.Progress == nil {
		return
	}
	if in.ticks++; in.ticks&15 != 0 {
		return
	}
	if now := time.Now(); now.Sub(in.clock) > 50*time.Millisecond {
		in.clock = now
		in.set.Progress(in.T())
	}
}

// reversed returns the kernels of the problem with t replaced by -t: its right-hand
// side is -f(-t, u).
func reversed(k *Kernels) *Kernels {
	r := *k
	r.RHS = func(t float64, u, p, du []float64) {
		k.RHS(-t, u, p, du)
		for i := range du {
			du[i] = -du[i]
		}
	}
	reverseImplicit(k, &r)
	reverseJet(k, &r)
	if k.Jac != nil {
		r.Jac = func(t float64, u, p, vals []float64) {
			k.Jac(-t, u, p, vals)
			for i := range vals {
				vals[i] = -vals[i]
			}
		}
	}
	if k.Linear != nil {
		r.Linear = func(p, vals []float64) { k.Linear(p, vals); negate(vals) }
	}
	if k.Stiff != nil {
		r.Stiff = func(t float64, u, p, du []float64) { k.Stiff(-t, u, p, du); negate(du) }
	}
	if k.StiffJac != nil {
		r.StiffJac = func(t float64, u, p, vals []float64) { k.StiffJac(-t, u, p, vals); negate(vals) }
	}
	if l := k.Lifted; l != nil {
		r.Lifted = &InitKernel{
			Eval: func(t float64, w, p, r []float64) { l.Eval(-t, w, p, r) },
			Jac:  func(t float64, w, p, vals []float64) { l.Jac(-t, w, p, vals) },
		}
	}
	if k.TGrad != nil {
		r.TGrad = func(t float64, u, p, dt []float64) { k.TGrad(-t, u, p, dt) }
	}
	if k.Invariants != nil {
		r.Invariants = func(t float64, u, p, g []float64) { k.Invariants(-t, u, p, g) }
	}
	if k.InvariantJac != nil {
		r.InvariantJac = func(t float64, u, p, vals []float64) { k.InvariantJac(-t, u, p, vals) }
	}
	if k.Assert != nil {
		r.Assert = func(t float64, u, p []float64) int { return k.Assert(-t, u, p) }
	}
	return &r
}

// resolve lets the steps grow no further than they resolve the algebraic variables: not where their
// second differences over thirds of the step are above a twentieth of the largest size seen. The error tests
// of implicit methods see the algebraic variables by way of the others alone, which stand still while
// diodes block, say; so the steps would grow until a whole pulse of conduction lies
// between two stages. It is a limit on growth alone.
func (in *Integrator) resolve() {
	ws := in.ws
	if ws.Mass == nil {
		return
	}
	n := ws.N()
	if len(in.inner) == 0 {
		in.inner = sized(in.inner, 3*n)
		for i, tol := range ws.AbsTol {
			in.inner[2*n+i] = tol / ws.RelTol
		}
	}
	a, b, size := in.inner[:n], in.inner[n:2*n], in.inner[2*n:]
	h := ws.T - ws.TPrev
	interpolateSome(in.st, ws.TPrev+h/3, ws.Alg, a)
	interpolateSome(in.st, ws.TPrev+2*h/3, ws.Alg, b)
	most := 0.0
	for i, m := range ws.Mass {
		if m != 0 {
			continue
		}
		u0, u3 := ws.UPrev[i], ws.U[i]
		size[i] = math.Max(size[i], math.Max(math.Abs(u0), math.Abs(u3)))
		if d := math.Max(math.Abs(u0-2*a[i]+b[i]), math.Abs(a[i]-2*b[i]+u3)); d > most*size[i] {
			most = d / size[i]
		}
	}
	if most > 0 {
		ws.H = math.Min(ws.H, h*math.Max(1, math.Sqrt(unresolved/most)))
	}
}

// unresolved is the second difference, relative to the size, above which resolve acts: nine steps in a period
// of a sine, and a stage of Radau in every tenth of it.
const unresolved = 0.05
