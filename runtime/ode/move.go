package ode

// A run that shares its way with another integrator, such as one that takes many trajectories
// at once and knows nothing of events: between two events it moves, at events it steps.

import (
	"fmt"
	"math"
)

// Move makes (t, u) the present point: a later point of the same solution, found elsewhere in so
// many steps. No event lies between, and the discrete memory is what it was; one that is due at t by
// the clock (see NextTimeEvent) happens now, and so does the end of the run. Times to save before t
// are passed over. The method starts afresh, with the step h where that is above 0.
//
// A run backward in time, one with constraints and one with callbacks cannot be moved.
func (in *Integrator) Move(t float64, u []float64, steps int, h float64) error {
	ws, hy := in.ws, in.hy
	switch {
	case in.done:
		return fmt.Errorf("Move: the run is over")
	case ws.flip || in.proj != nil || in.cb != nil || in.p.Implicit != nil:
		return fmt.Errorf("Move: a run of %s backward in time, with constraints, with callbacks or in residual form cannot be moved", in.p.title())
	case len(u) != ws.N():
		return fmt.Errorf("Move: %d values for the %d states of %s", len(u), ws.N(), in.p.title())
	case !(t >= ws.T && t <= ws.TEnd):
		return fmt.Errorf("Move: %v is not between the present time %v and the end %v", t, ws.T, ws.TEnd)
	case !in.Smooth():
		return fmt.Errorf("Move: the run slides along the border of a relation, or a relation is held, at t = %v", ws.T)
	}
	if i := nonFinite(u); i >= 0 {
		return in.fail(ws.Fail(Unstable, "%s is %v", in.p.state(i), u[i]))
	}
	ws.Stats.Steps += steps
	ws.T, ws.TPrev = t, t
	copy(ws.U, u)
	copy(ws.UPrev, u)
	for s := in.set.SaveAt; in.next < len(s) && s[in.next] < t; {
		in.next++
	}
	for len(in.stops) > 0 && in.stops[0] <= t {
		in.stops = in.stops[:copy(in.stops, in.stops[1:])]
	}
	in.moved, in.touched, in.first = false, false, 0
	if hy != nil {
		hy.crossings(t, ws.U, hy.end)
		for i, g := range hy.end {
			hy.peak[i] = larger(hy.peak[i], math.Abs(g))
		}
		hy.strict()
		hy.rouse()
		if err := hy.assert(); err != nil {
			return in.stop(err)
		}
		if t >= hy.next-hy.near(hy.next) {
			if err := in.event(false, true); err != nil {
				return in.stop(err)
			}
		}
	}
	if ws.T >= ws.TEnd {
		return in.conclude(Success, "")
	}
	if err := in.restart(h); err != nil {
		return in.fail(err)
	}
	return nil
}

// NextTimeEvent is the next instant after the present one at which the model's clock brings an
// event; +Inf where there is none.
func (in *Integrator) NextTimeEvent() float64 {
	if in.hy == nil {
		return math.Inf(1)
	}
	return in.hy.next
}

// Smooth reports whether right-hand side and discrete memory alone say how the solution goes on up to
// the next change of a relation: the run does not slide along the border of one, and no relation
// is held within a band because its events accumulate.
func (in *Integrator) Smooth() bool {
	hy := in.hy
	return hy == nil || hy.slide == nil && hy.limit.relation < 0 && !hy.tolerant
}
