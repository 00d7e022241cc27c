package ode

// Steps that their interpolants limit.
//
// The error test of an implicit method damps stiff components, and says little or nothing about those that follow others,
// or the time, at once: algebraic variables, fast relaxation. At the ends of steps they are accurate, whatever
// the length of these, and between the ends the solution is what the interpolant makes of it. So where values
// between the ends are asked for (Workspace.Inner), a step is also as short as that needs. What tells is the residual r = f -
// M u' of the interpolant u at one point: in stiff components (lambda M - J)^-1 r is what u is off by there. From
// the others, where it is h times a residual that the error test knows better, it is cleared by
// I - (lambda M - J)^-1 lambda M.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// innerLimit is how many tolerances an interpolant may be off by; ten, as the code ODEX has it.
const innerLimit = 10

// innerLimiter remembers what an interpolant allowed when it was looked at last: it is looked at in every step that is longer
// than half of that, and in every innerSkip-th.
type innerLimiter struct {
	allowed float64 // step, 0: not known
	refused float64 // error of the attempt before, where it was refused for that; 0: it was not
	h, e    float64 // a step that was good enough, and its error, which those of shorter ones are compared with
	age     int     // steps since
}

const innerSkip = 5

// forget makes the next step one that is looked into.
func (l *innerLimiter) forget() { *l = innerLimiter{} }

// due reports whether a step h is to be looked into, and counts it.
func (l *innerLimiter) due(h float64) bool {
	if h <= 0.5*l.allowed && l.age < innerSkip {
		l.age++
		return false
	}
	return true
}

// judge notes the error e of the interpolant of a step h, of an order, and reports whether it will do. Where a shorter step
// did not make it much smaller, f jumps, which no polynomial follows: then it will. Or it is the noise of ill-conditioned
// algebraic equations, the same in any step: then the next one is not made shorter still.
func (l *innerLimiter) judge(h, e float64, order int) (ok bool) {
	l.age = 0
	l.allowed, ok = innerStep(h, e, order)
	switch {
	case ok:
		l.refused = 0
		if h < 0.98*l.h && e > l.e*math.Pow(h/l.h, 0.5*float64(order)) {
			l.allowed = math.Max(l.allowed, h)
		} else {
			l.h, l.e = h, e
		}
	case l.refused > 0 && e > 0.5*l.refused:
		l.refused, l.allowed = 0, math.Inf(1)
		return true
	default:
		l.refused = e
	}
	return ok
}

// limit is the longest step that may follow an accepted one; +Inf where nothing is known.
func (l *innerLimiter) limit() float64 {
	if l.allowed == 0 {
		return math.Inf(1)
	}
	return l.allowed
}

// Archive visits all of it.
func (l *innerLimiter) Archive(a *archive.Archive) {
	a.Float(&l.allowed, &l.refused, &l.h, &l.e)
	a.Int(&l.age)
}

// realMatrix is lambda M - J with its factors.
type realMatrix interface{ solve(b []float64) }

// stiffPart clears e of slow components; tmp is scratch.
func (ws *Workspace) stiffPart(m realMatrix, lambda float64, e, tmp []float64) {
	if ws.Mass == nil {
		for i, v := range e {
			tmp[i] = lambda * v
		}
	} else {
		for i, v := range e {
			tmp[i] = lambda * ws.Mass[i] * v
		}
	}
	m.solve(tmp)
	for i, v := range tmp {
		e[i] -= v
	}
}

// innerError is the norm of what an interpolant of the step to UNew is off by in stiff components, where r is its residual, which is
// overwritten.
func (ws *Workspace) innerError(m realMatrix, lambda float64, r, tmp []float64) float64 {
	m.solve(r)
	ws.stiffPart(m, lambda, r, tmp)
	ws.spareForces(r)
	return ws.ErrNorm(r, ws.U, ws.UNew)
}

// innerStep is the step that an interpolant allows after one h that was off by e with an order, and whether that was good
// enough. What is no number says nothing.
func innerStep(h, e float64, order int) (allowed float64, ok bool) {
	if e != e {
		return math.Inf(1), true
	}
	allowed = h / math.Min(10, math.Max(math.Pow(e, 1/float64(order)), 0.1))
	return allowed, e <= innerLimit
}
