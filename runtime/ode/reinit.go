package ode

import (
	"fmt"
	"math"
	"strings"
)

// Reinitialised states and constraints. Where a model of high index keeps its constraints
// as invariants, all of their variables are states, and reinit of one of them asks for
// more than its own value: the velocity of a pendulum's bob that is thrown back along x
// has to follow the circle. What the event set stays as it is; the other states move by
// the least change that meets the constraints again, first those alone that take no part
// in constraints that still hold, so that velocities change where positions need not.
// Values that no change of the others can make consistent are an error of the model,
// unless they are off by what a formula with few digits leaves.

// slack is the relative size of the change of reinitialised values that passes for
// imprecise input; it is warned of.
const slack = 1e-3

// reconcile moves the states after an event onto the invariants; before holds them as
// they were before it.
func (in *Integrator) reconcile(before []float64) error {
	ws := in.ws
	jumped := make([]bool, ws.N())
	some := false
	for j, v := range ws.U {
		if ws.differential(j) && v != before[j] {
			jumped[j], some = true, true
		}
	}
	if !some {
		return in.project()
	}
	set := append([]float64(nil), ws.U...)
	pr := newProjector(ws)
	ws.K.Invariants(ws.T, ws.U, ws.Params, pr.g)
	if nonFinite(pr.g) >= 0 {
		return ws.Fail(Unstable, "division by zero or invalid value in the constraints after an event")
	}
	pr.jacobian(ws.T, ws.U)
	if pr.worst() <= 1e-14 {
		return nil
	}
	// Entries of constraints that hold.
	held := make([]bool, ws.N())
	for j := range held {
		for e := pr.pat.ColPtr[j]; e < pr.pat.ColPtr[j+1]; e++ {
			if i := pr.pat.RowIdx[e]; pr.vals[e] != 0 && math.Abs(pr.g[i]) <= 1e-9*pr.size[i] {
				held[j] = true
			}
		}
	}
	for stage := range 3 {
		copy(ws.U, set)
		move := make([]bool, ws.N())
		for j, free := range pr.move {
			move[j] = free && (stage == 2 || !jumped[j] && (stage == 1 || !held[j]))
		}
		if _, ok := pr.only(move).project(ws.T, ws.U); ok {
			if err := in.tellReinit(set, jumped, stage == 2); err != nil {
				return err
			}
			if in.alg != nil {
				if err := in.alg.solve(ws.T, ws.U); err != nil {
					return ws.fail(NewtonFailure, err, "after an event the algebraic equations have no solution: %v", err)
				}
			}
			return nil
		}
	}
	copy(ws.U, set)
	return ws.Fail(ProjectionFailure, "an event sets %s, and no states near these satisfy the constraints; set values that do, or reinit fewer of them", in.names(jumped))
}

// only returns a projector that moves the given states alone.
func (pr *projector) only(move []bool) *projector {
	q := newProjector(pr.ws)
	q.move = move
	if q.gram != nil {
		q.gram = newGram(q.pat, move)
	}
	return q
}

// tellReinit warns of states that had to follow a reinit. Those that an event set itself
// may move by what imprecise input explains.
func (in *Integrator) tellReinit(set []float64, jumped []bool, all bool) error {
	ws := in.ws
	var followed []string
	for j, v := range ws.U {
		size := math.Max(math.Max(math.Abs(v), math.Abs(set[j])), ws.AbsTol[j]/ws.RelTol)
		d := math.Abs(v-set[j]) / size
		switch {
		case d <= 1e-7:
		case jumped[j] && d > slack:
			v := v
			copy(ws.U, set)
			return ws.Fail(ProjectionFailure, "an event sets %s, which contradicts the constraints of the model (%s = %.6g would be the nearest that agrees); set values that satisfy them, or reinit fewer of them",
				in.names(jumped), ws.P.state(j), v)
		case len(followed) == 4:
			followed = append(followed, "...")
		case len(followed) < 4:
			followed = append(followed, fmt.Sprintf("%s from %.6g to %.6g", ws.P.state(j), set[j], v))
		}
	}
	if len(followed) > 0 && !in.told {
		in.told = true
		what := "states follow"
		if all {
			what = "values are adjusted to"
		}
		in.warn(fmt.Sprintf("t = %v: where the event sets %s, other %s the constraints: %s; reinit these as well if they should have other values",
			ws.Time(ws.T), in.names(jumped), what, strings.Join(followed, ", ")))
	}
	return nil
}

// names lists states with their values.
func (in *Integrator) names(which []bool) string {
	var s []string
	for j, yes := range which {
		if !yes {
			continue
		}
		if len(s) == 4 {
			s = append(s, "...")
			break
		}
		s = append(s, fmt.Sprintf("%s = %.6g", in.ws.P.state(j), in.ws.U[j]))
	}
	return strings.Join(s, ", ")
}
