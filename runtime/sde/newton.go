package sde

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

const (
	newtonTol    = 0.01 // of the error test
	newtonFixed  = 1e-4 // and where there is none
	mostIters    = 8
	widestChange = 0.3 // of the step, relative, that factors survive
)

// newton solves M (y - base) = c f(t, y) for y by modified Newton iterations with the matrix M/c - J. J and the factors are kept
// from step to step as long as the iteration converges with them. Where the drift is not that of the problem, J is, but for the
// correction between the senses of the integral, which is small beside what makes a problem stiff.
type newton struct {
	s    *stepper
	w    *linsolve.Shifted[float64]
	lu   *linsolve.Replay[float64]
	jac  []float64
	inv  []float64 // weights
	f    []float64
	tol  float64
	c    float64 // of the factors; 0: none
	have bool    // J
	at   float64 // time at which J was evaluated
	slow bool    // the last iteration converged slowly: new J
	err  error
	bad  bool // J is not finite
	fail bool // the last attempt failed for want of convergence
}

func newNewton(s *stepper) *newton {
	ws := s.ws
	n := &newton{s: s, w: linsolve.NewShifted[float64](ws.Pattern, ws.Mass), jac: make([]float64, ws.Pattern.NNZ()), inv: make([]float64, ws.N()), f: make([]float64, ws.N()), tol: newtonTol}
	n.lu = linsolve.NewReplay(linsolve.New[float64](n.w.Pattern, ws.Linear), func() linsolve.Solver[float64] { return linsolve.New[float64](n.w.Pattern, ws.Linear) })
	if s.m.info.Embedded == 0 {
		n.tol = newtonFixed
	}
	return n
}

// matrix provides factors for c, with a J of (T, U) if renew is set.
func (n *newton) matrix(c float64, renew bool) bool {
	ws := n.s.ws
	if renew && !(n.have && n.at == ws.T) || !n.have {
		ws.Jac(ws.T, ws.U, nil, n.jac)
		n.bad = !finite(n.jac)
		if n.have = !n.bad; n.bad {
			return false
		}
		n.at, n.c, n.slow = ws.T, 0, false
	}
	if n.c != 0 && math.Abs(c/n.c-1) <= widestChange {
		return true
	}
	ws.Stats.Factor++
	n.w.Set(1/c, -1, n.jac)
	n.c = 0
	if n.err = n.lu.Factor(n.w.Vals); n.err != nil {
		return false
	}
	n.c = c
	return true
}

// solve finds y, in which it finds a guess, once with J and factors at hand and once with new ones.
func (n *newton) solve(t, c float64, base, y []float64) bool {
	ws := n.s.ws
	ws.Weights(ws.U, n.inv)
	n.fail = false
	guess := n.s.est // at hand
	copy(guess, y)
	if n.matrix(c, n.slow) && n.iterate(t, c, base, y) {
		return true
	}
	if n.have && n.at == ws.T && n.c == c { // these were new
		return false
	}
	n.c = 0
	copy(y, guess)
	return n.matrix(c, true) && n.iterate(t, c, base, y)
}

func (n *newton) iterate(t, c float64, base, y []float64) bool {
	ws := n.s.ws
	scale := 2 / (1 + c/n.c) // of corrections by the factors for an old c; the residual is that of f - M(y-base)/c
	scale *= c / n.c
	last, back := 0.0, 1/c
	for k := 1; ; k++ {
		n.s.drift(t, y, n.f)
		ws.Stats.Newton++
		if ws.Mass == nil {
			for i, v := range n.f {
				n.f[i] = scale * (v - back*(y[i]-base[i]))
			}
		} else {
			for i, m := range ws.Mass {
				if m != 0 {
					n.f[i] = scale * (n.f[i] - back*(y[i]-base[i]))
				}
			}
		}
		ws.Stats.Solve++
		n.lu.Solve(n.f)
		sum := 0.0
		for i, v := range n.f {
			x := v * n.inv[i]
			sum += x * x
			y[i] += v
		}
		size := math.Sqrt(sum / float64(max(1, len(y))))
		if !(size <= math.MaxFloat64) {
			break
		}
		if k > 1 {
			theta := size / last
			if theta > 0.9 && size > 1e-10 {
				break
			}
			if theta/(1-min(theta, 0.99))*size <= n.tol || size <= 1e-10 {
				n.slow = theta > 0.1
				return true
			}
		} else if size <= 1e-3*n.tol {
			return true
		}
		if k == mostIters {
			break
		}
		last = size
	}
	n.fail = true
	ws.Stats.NewtonFail++
	return false
}

// filter replaces e by (M - cJ)^-1 M e with the factors at hand.
func (n *newton) filter(e []float64) {
	ws := n.s.ws
	for i := range e {
		m := 1.0
		if ws.Mass != nil {
			m = ws.Mass[i]
		}
		e[i] *= m / n.c
	}
	ws.Stats.Solve++
	n.lu.Solve(e)
}

// failure is why the run ends at a step h, where that is the iteration's fault.
func (n *newton) failure(h float64) *ode.Failure {
	ws := n.s.ws
	switch f := ws.FailStep(h); {
	case f.Code != ode.DtTooSmall:
		return f
	case n.bad:
		return ws.Fail(ode.Unstable, "the derivatives of the drift are not finite")
	case n.err != nil:
		return ws.Fail(ode.SingularMatrix, "the linear system of a step stays singular (%v): the equations do not determine the unknowns, or their index is higher than 1", n.err)
	case n.fail:
		return ws.Fail(ode.NewtonFailure, "the iteration for the stages does not converge at a step of %.3g: give a shorter one (--step), or take a method with error control", h)
	}
	return nil
}

// forget makes the next solution begin with a new J.
func (n *newton) forget() {
	n.have, n.c, n.slow = false, 0, false
	n.lu.Forget()
}

// Archive visits J and the factors.
func (n *newton) Archive(a *archive.Archive) {
	a.Floats(n.jac)
	a.Bool(&n.have, &n.slow)
	a.Float(&n.c, &n.at)
	n.lu.Archive(a, n.w.Vals)
}
