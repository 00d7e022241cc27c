package ode

// How a run begins: consistent initial values, which the stepper starts from.

import (
	"fmt"
	"math"
)

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
	if in.cb != nil {
		if err := in.cb.prepare(); err != nil {
			return err
		}
	}
	in.Bind()
	if text := p.unguarded(ws.K, ws.Params); text != "" {
		return ws.Fail(InitFailure, "%s", text)
	}
	in.followTime()
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
