package ode

// What a run leaves: saved points, dense output, progress, and how it ended.

import (
	"errors"
	"math"
	"time"
)

// output saves what lies in (TPrev, t], where the state at t is u.
func (in *Integrator) output(t float64, u []float64) {
	ws, s := in.ws, in.set
	if in.cb != nil {
		in.cb.pass(t)
	}
	if in.sol.dense != nil {
		in.sol.dense.add(ws.TPrev, t, degree(in.st), t == ws.T && jumped(in.st), in.sol.snapshot(ws.Params), in.state)
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
	case interface {
		Explain(solver, why string) (string, string)
	}: // of another package
		sol.Solver, sol.Why = a.Explain(sol.Solver, sol.Why)
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
