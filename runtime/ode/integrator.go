package ode

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Integrator is a run in progress that the caller advances step by step.
type Integrator struct {
	ws  *Workspace
	st  Stepper
	p   *Problem
	set *settings
	sol *Solution

	method Method
	next   int // entry of SaveAt to save next
	done   bool
	buf    []float64 // state at a time inside the step

	clock time.Time // of the last progress report
	ticks int
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
	set, err := resolve(p, opt)
	if err != nil {
		return nil, err
	}
	k := p.NewKernels()
	in := &Integrator{p: p, set: set, buf: make([]float64, p.N())}
	t0, t1 := set.t0, set.t1
	if set.flip {
		t0, t1 = -t0, -t1
	}
	ws := newWorkspace(ctx, p, k, set.params, t0, t1)
	in.ws = ws
	ws.flip = set.flip
	ws.RelTol, ws.AbsTol = set.RelTol, set.abstol
	ws.HMin, ws.HMax, ws.InitialStep = set.HMin, set.HMax, set.InitialStep
	ws.budget = set.MaxSteps
	in.sol = &Solution{Problem: p, flip: set.flip, T: set.t0, U: ws.U, Params: ws.Params}
	if opt.Dense {
		in.sol.dense = &denseOutput{n: p.N()}
	}
	if err := in.begin(); err != nil {
		return in, in.fail(err)
	}
	if ws.flip {
		ws.K = reversed(k)
	}
	if in.method, in.sol.Why, err = choose(ws, set); err != nil {
		return nil, err
	}
	in.sol.Solver = in.method.Info().Name
	if in.st, err = in.method.New(ws); err != nil {
		return nil, err
	}
	if ws.T == ws.TEnd {
		in.finish(Success, "")
		return in, nil
	}
	if !set.FinalOnly && set.SaveAt == nil {
		in.save(ws.T, ws.U)
	}
	if err := in.restart(0); err != nil {
		return in, in.fail(err)
	}
	return in, nil
}

// begin sets parameters and start values and makes them consistent.
func (in *Integrator) begin() error {
	ws, p := in.ws, in.p
	if ws.K.Bind != nil {
		ws.K.Bind(ws.Params, in.set.set)
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
	du := ws.scratch()
	ws.RHS(ws.Time(ws.T), ws.U, du)
	if i := nonFinite(du); i >= 0 {
		return ws.Fail(InitFailure, "division by zero or invalid value at the start in %s", p.equation(i))
	}
	copy(ws.UPrev, ws.U)
	return nil
}

// restart hands the present point to the stepper as a new start.
func (in *Integrator) restart(h float64) error {
	in.ws.H = h
	in.ws.tLow = 0
	return in.st.Restart()
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
func (in *Integrator) Stats() Stats { return in.ws.Stats }

// Solution is the result, complete when Done.
func (in *Integrator) Solution() *Solution { return in.sol }

// Interpolate writes the state at t, which lies in the last step, to u.
func (in *Integrator) Interpolate(t float64, u []float64) {
	if in.ws.flip {
		t = -t
	}
	in.state(t, u)
}

// state writes the solution at a time of the last step to u.
func (in *Integrator) state(t float64, u []float64) {
	in.st.Interpolate(t, u)
}

// Step advances the run by one accepted step, to an event at most.
func (in *Integrator) Step() error {
	if in.done {
		return errors.New("the run is over")
	}
	ws := in.ws
	ws.TStop = ws.TEnd
	if err := in.st.Step(); err != nil {
		return in.fail(err)
	}
	in.output()
	if ws.T >= ws.TEnd {
		in.finish(Success, "")
	}
	in.progress()
	return nil
}

// output saves what lies in (TPrev, T].
func (in *Integrator) output() {
	ws, s := in.ws, in.set
	if in.sol.dense != nil {
		in.sol.dense.add(ws.TPrev, ws.T, degree(in.st), in.sol.snapshot(ws.Params), in.state)
	}
	switch {
	case s.FinalOnly:
	case s.SaveAt != nil:
		for in.next < len(s.SaveAt) {
			t := ws.Time(s.SaveAt[in.next])
			if t >= ws.T {
				break // T itself is saved by the next step or at the end: an event may come first
			}
			in.state(t, in.buf)
			in.save(t, in.buf)
			in.next++
		}
	default:
		in.save(ws.T, ws.U)
	}
}

// save appends a point of the workspace's time to the solution.
func (in *Integrator) save(t float64, u []float64) {
	in.sol.save(in.ws.Time(t), u, in.ws.Params)
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
	sol.Retcode, sol.Message = code, message
	sol.T, sol.U, sol.Params = ws.Time(ws.T), append([]float64(nil), ws.U...), ws.Params
	sol.Stats = ws.Stats
	if s.Progress != nil {
		s.Progress(sol.T)
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

// choose finds the method for the run and says why.
func choose(ws *Workspace, s *settings) (Method, string, error) {
	if s.Method != nil {
		return s.Method, "given by the caller", nil
	}
	name := s.Solver
	if name == "" {
		name = "auto"
	}
	if name != "auto" {
		m, err := Lookup(name)
		return m, "asked for", err
	}
	m, err := Lookup("Tsit5")
	return m, fmt.Sprintf("nonstiff so far, rtol = %.3g", ws.RelTol), err
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
	if k.Jac != nil {
		r.Jac = func(t float64, u, p, vals []float64) {
			k.Jac(-t, u, p, vals)
			for i := range vals {
				vals[i] = -vals[i]
			}
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
