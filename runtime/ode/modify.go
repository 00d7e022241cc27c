package ode

// What a caller may change in mid-flight, from a callback or between two steps. A jump of the
// state or of a parameter takes effect at once for who asks, and before the next step for the
// integration: algebraic variables and constraints are solved again, relations of the model
// that hold no more are events, and the method starts afresh. A nudge, of the size of the
// error, leaves the method its history.

import (
	"fmt"
	"math"
	"slices"
)

// SetU makes u the present state. Algebraic entries are guesses. The method starts afresh.
func (in *Integrator) SetU(u []float64) error {
	if len(u) != in.ws.N() {
		return fmt.Errorf("SetU: %d values for the %d states of %s", len(u), in.ws.N(), in.p.title())
	}
	if i := nonFinite(u); i >= 0 {
		return fmt.Errorf("SetU: %s cannot be %v", in.p.state(i), u[i])
	}
	copy(in.ws.U, u)
	in.touched = true
	return nil
}

// SetState sets entry i of the present state, as SetU.
func (in *Integrator) SetState(i int, v float64) error {
	if i < 0 || i >= in.ws.N() {
		return fmt.Errorf("SetState: there is no state %d of %d", i, in.ws.N())
	}
	if v-v != 0 {
		return fmt.Errorf("SetState: %s cannot be %v", in.p.state(i), v)
	}
	in.ws.U[i] = v
	in.touched = true
	return nil
}

// SetParam sets parameter i (an index into Problem.Params) from now on, and with it the
// parameters that the model computes from it. Start values among the parameters have had
// their effect. The method starts afresh.
func (in *Integrator) SetParam(i int, v float64) error {
	if i < 0 || i >= len(in.p.Params) {
		return fmt.Errorf("SetParam: there is no parameter %d of %d", i, len(in.p.Params))
	}
	if math.IsNaN(v) {
		return fmt.Errorf("SetParam: %s cannot be NaN", in.p.Params[i].Name)
	}
	in.sol.widen(in.ws.Params)
	in.ws.Params[i] = v
	in.set.set[i] = true
	in.touched, in.bound = true, true
	return nil
}

// SetStep makes h > 0 the step to try next; a method with error control goes its own way from
// there, one without keeps h, which takes the place of Options.InitialStep. The method starts afresh.
func (in *Integrator) SetStep(h float64) error {
	if !(h > 0) || math.IsInf(h, 1) {
		return fmt.Errorf("SetStep: a step of %v", h)
	}
	in.first = h
	if in.method.Info().Embedded == 0 {
		in.equal, in.ws.InitialStep = h, h
	}
	return nil
}

// AddStop makes t the end of a step. A time that is not ahead is an error; one after the end of the run
// is kept for Resume, which may go on to a later end.
func (in *Integrator) AddStop(t float64) error {
	ws := in.ws
	at := ws.Time(t)
	if !(at > ws.T) || math.IsInf(at, 1) {
		return fmt.Errorf("AddStop: %v does not come after the present time %v", t, ws.Time(ws.T))
	}
	if k, there := slices.BinarySearch(in.stops, at); !there {
		in.stops = slices.Insert(in.stops, k, at)
	}
	return nil
}

// Nudge adds d, whose differential entries are about as small as the errors of a step, to the
// present state; algebraic entries follow. The method goes on with its history.
func (in *Integrator) Nudge(d []float64) error {
	ws := in.ws
	if len(d) != ws.N() {
		return fmt.Errorf("Nudge: %d values for the %d states of %s", len(d), ws.N(), in.p.title())
	}
	if i := nonFinite(d); i >= 0 {
		return fmt.Errorf("Nudge: %v added to %s", d[i], in.p.state(i))
	}
	for i, v := range d {
		if ws.differential(i) {
			ws.U[i] += v
		}
	}
	in.moved = true
	if in.alg != nil {
		if err := in.alg.polish(ws.T, ws.U); err != nil {
			return ws.fail(NewtonFailure, err, "after the state was moved the algebraic equations have no solution: %v", err)
		}
	}
	return nil
}

// Terminate ends the run at the present point, as a terminate statement of the model does.
func (in *Integrator) Terminate(message string) { in.ending, in.last = true, message }

// apply makes the present point consistent after a jump and starts the method there.
func (in *Integrator) apply() error {
	ws := in.ws
	if !in.touched {
		h := in.first
		in.first = 0
		return in.restart(h)
	}
	if err := in.settle(); err != nil {
		return err
	}
	in.moved, in.touched = false, false
	if in.set.SaveAt == nil && !in.set.FinalOnly {
		in.save(ws.T, ws.U)
	}
	if in.ending || ws.T >= ws.TEnd {
		return nil
	}
	h := in.first
	in.first = 0
	return in.restart(h)
}

// Settle makes the present point consistent at once after a change of states or parameters, for
// a callback that goes on from there: algebraic variables and constraints are solved again, and
// relations that hold no more are events.
func (in *Integrator) Settle() error {
	if !in.touched {
		return nil
	}
	return in.settle()
}

// settle makes the present point consistent after a jump.
func (in *Integrator) settle() error {
	ws, hy := in.ws, in.hy
	if in.bound {
		in.bound = false
		if ws.K.Bind != nil {
			ws.K.Bind(ws.Params, in.set.set)
		}
		if text := in.p.unguarded(ws.K, ws.Params); text != "" {
			return ws.Fail(InitFailure, "%s", text)
		}
	}
	slid := -1
	if hy != nil && hy.slide != nil {
		slid = hy.slide.relation
		hy.leave()
	}
	if in.p.Implicit != nil {
		if err := ws.resettle(); err != nil {
			return err
		}
	}
	if in.alg != nil {
		if err := in.alg.solve(ws.T, ws.U); err != nil {
			return ws.fail(NewtonFailure, err, "after a callback changed the state or a parameter the algebraic equations have no solution: %v", err)
		}
	}
	if in.proj != nil {
		if err := in.project(); err != nil {
			return err
		}
	}
	if hy != nil {
		hy.was = append(hy.was[:0], hy.end...)
		some := hy.mark(slid, hy.was)
		hy.schedule()
		if some {
			if _, err := hy.handle(); err != nil {
				return err
			}
			if in.proj != nil {
				if err := in.reconcile(hy.u0); err != nil {
					return err
				}
			}
		}
		hy.crossings(ws.T, ws.U, hy.end)
		if err := hy.assert(); err != nil {
			return err
		}
	}
	return nil
}

// TPrev is the time at which the last step began.
func (in *Integrator) TPrev() float64 { return in.ws.Time(in.ws.TPrev) }

// UPrev is the state there; it is valid until the next Step.
func (in *Integrator) UPrev() []float64 { return in.ws.UPrev }

// Backward reports whether the run goes backward in time.
func (in *Integrator) Backward() bool { return in.ws.flip }

// Span is the interval of the run, its start first.
func (in *Integrator) Span() (t0, t1 float64) { return in.set.t0, in.ws.Time(in.ws.TEnd) }

// Order is the order of the method that the run began with.
func (in *Integrator) Order() int { return in.method.Info().Order }

// Degree is that of the interpolant of the last step in t.
func (in *Integrator) Degree() int { return degree(in.st) }

// Tolerance is the size of an error in entry i of the present state that is as large as
// allowed: AbsTol + RelTol |u_i|.
func (in *Integrator) Tolerance(i int) float64 {
	return in.ws.AbsTol[i] + in.ws.RelTol*math.Abs(in.ws.U[i])
}

// RelTol is the relative tolerance of the run.
func (in *Integrator) RelTol() float64 { return in.ws.RelTol }

// Differential reports whether entry i of the state has a derivative, and is not algebraic.
func (in *Integrator) Differential(i int) bool {
	return in.ws.differential(i)
}

// Derivative writes f(t, u, p) at the present point to du, in the user's direction of time.
func (in *Integrator) Derivative(du []float64) {
	ws := in.ws
	ws.Stats.RHS++
	in.forward.RHS(ws.Time(ws.T), ws.U, ws.Params, du)
}

// Problem is what is solved.
func (in *Integrator) Problem() *Problem { return in.p }
