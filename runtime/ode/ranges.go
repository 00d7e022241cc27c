package ode

// Steps that make algebraic unknowns leave their ranges, and steps too long to see what these do.

import (
	"fmt"
	"math"
)

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
		return true, in.redo(h)
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

// resolve lets the steps grow no further than they resolve the algebraic variables: not where their
// second differences over thirds of the step are above a twentieth of the largest size seen. The error tests
// of implicit methods see the algebraic variables by way of the others alone, which stand still while
// diodes block, say; so the steps would grow until a whole pulse of conduction lies
// between two stages. It is a limit on growth alone.
func (in *Integrator) resolve() {
	ws := in.ws
	if ws.Mass == nil || in.p.Noise != nil { // a path is not smooth, however short the step
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
