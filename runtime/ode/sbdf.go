package ode

// Implicit-explicit multistep methods for f = f_I + f_E with a constant step: the backward
// differentiation formula of order k for f_I, with f_E extrapolated from the last k points (SBDF).
// With f_I = A u a step takes one evaluation of f and one linear system, always with the same factors.
//
// An additive Runge-Kutta method of that order makes the first k - 1 steps, after events
// too, and those that are cut short at the end of the run or by time events.
//
// Ascher, Ruuth, Wetton, SIAM J. Numer. Anal. 32(3), 1995. The interpolant is the polynomial through the
// k + 1 points of the formula.

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	for k := 1; k <= 6; k++ {
		Register(sbdfMethod(k))
	}
}

// sbdfMethod is the formula of that order as a Method.
type sbdfMethod int

// Info describes the method.
func (k sbdfMethod) Info() Info {
	text := "implicit-explicit backward differentiation formula of order %d with a constant step"
	if k == 1 {
		text = "implicit-explicit Euler method, order %d, with a constant step"
	}
	return Info{
		Name: fmt.Sprintf("SBDF%d", int(k)), Use: Split, Order: int(k), Stages: 1, Implicit: true,
		Stability: "implicit half as that of BDF", Description: fmt.Sprintf(text, int(k)),
		Reference: "Ascher, Ruuth, Wetton, SIAM J. Numer. Anal. 32(3), 1995",
	}
}

// New returns a stepper; a problem with algebraic rows is an error.
func (k sbdfMethod) New(ws *Workspace) (Stepper, error) {
	name := k.Info().Name
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s does not take the %d algebraic equations of %s; use the nested form, an implicit method such as KenCarp4, or auto",
			name, len(ws.Alg), ws.P.title())
	}
	if !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give Options.InitialStep", name)
	}
	starter := "ARK437L2SAIMEX"
	switch {
	case k <= 3:
		starter = "ARK324L2SAIMEX"
	case k > 4:
		starter = "ARK548L2SAbIMEX"
	}
	d := tableau.ReadAdditive(starter)
	d.BHat, d.Explicit.BHat, d.Embedded = nil, nil, 0 // a fixed step
	st, err := additiveRK(starter, d).New(ws)
	if err != nil {
		return nil, err
	}
	b := &sbdf{starter: st.(*imex), ws: ws, k: int(k)}
	b.alpha, b.beta0, b.beta = tableau.ReadSBDF(name).Coeffs()
	n := ws.N()
	for range k {
		b.u, b.g = append(b.u, make([]float64, n)), append(b.g, make([]float64, n))
	}
	b.past = make([]float64, n)
	b.w = make([]float64, k+1)
	b.at = make([][]float64, k+1)
	return b, nil
}

// sbdf is the stepper of one run. Its splitting and the solution of its implicit equations are those of the starter.
type sbdf struct {
	starter *imex
	ws      *Workspace
	k       int
	alpha   []float64 // alpha[0] is 1
	beta0   float64
	beta    []float64

	u, g  [][]float64 // solution and f_E at the last points, the present one first
	known int         // how many there are, one step h apart
	past  []float64   // the point that was the oldest before the last step
	h, t0 float64     // the last step
	own   bool        // it was made by the formula
	moved bool        // the present point was projected

	w  []float64 // of the interpolant
	at [][]float64
}

// Restart makes (ws.T, ws.U) the start.
func (b *sbdf) Restart() error {
	b.known, b.own, b.moved = 0, false, false
	b.ws.H = b.ws.InitialStep
	return b.starter.Restart()
}

// Step makes one step.
func (b *sbdf) Step() error {
	ws, s := b.ws, b.starter
	ws.H = ws.InitialStep
	h, t := ws.Clip(ws.H)
	if b.known == 0 || b.moved {
		if err := b.note(); err != nil {
			return err
		}
	}
	// The steps of a history are alike but for the rounding of their ends.
	if b.known > 1 && !alike(h, b.h) {
		b.known = 1
	}
	b.own = b.known == b.k && (b.k == 1 || alike(h, ws.InitialStep))
	if !b.own {
		s.fresh = false
		if err := s.Step(); err != nil {
			return err
		}
		b.h, b.t0 = ws.T-ws.TPrev, ws.TPrev
		b.shift()
		return b.note()
	}
	if err := ws.Begin(); err != nil {
		return err
	}
	base := s.base
	for i := range base {
		base[i] = 0
	}
	for j := range b.k {
		a, c, u, g := -b.alpha[j+1], h*b.beta[j], b.u[j], b.g[j]
		for i, v := range u {
			base[i] += a*v + c*g[i]
		}
	}
	hg := h * b.beta0
	if b.k > 1 {
		hg = ws.InitialStep * b.beta0 // so that rounding does not ask for other factors
	}
	if !s.iterates {
		if err := s.lin.factor(ws, 1/hg); err != nil {
			return ws.FailStep(h)
		}
		for i, v := range base {
			ws.UNew[i] = v / hg
		}
		s.lin.solve(ws, ws.UNew)
	} else {
		ws.Weights(ws.U, s.inv)
		s.iters, s.theta = 0, 0
		z := s.z[0]
		for ok := false; !ok; {
			s.implicit(ws.T, ws.U, z, h)
			if ok = s.setup(hg, ws.T, ws.U) && s.newton(z, t, h, b.beta0); !ok && s.exact {
				return ws.FailStep(h)
			} else if !ok {
				s.retry(h)
			}
		}
		copy(ws.UNew, s.y)
		s.accepted()
	}
	if nonFinite(ws.UNew) >= 0 {
		return ws.FailStep(h)
	}
	b.h, b.t0 = h, ws.T
	ws.Accept(h, t)
	b.shift()
	return b.note()
}

// alike reports whether two steps differ by rounding only.
func alike(a, b float64) bool { return a-b < 1e-9*b && b-a < 1e-9*b }

// shift makes room for the present point at the front of the history.
func (b *sbdf) shift() {
	last := b.k - 1
	u, g := b.u[last], b.g[last]
	copy(b.past, u)
	copy(b.u[1:], b.u[:last])
	copy(b.g[1:], b.g[:last])
	b.u[0], b.g[0] = u, g
	b.known = min(b.known+1, b.k)
	b.moved = true
}

// note writes the present point to the front of the history.
func (b *sbdf) note() error {
	ws, s := b.ws, b.starter
	b.known = max(b.known, 1)
	b.moved = false
	copy(b.u[0], ws.U)
	g := b.g[0]
	ws.RHS(ws.T, ws.U, g)
	if nonFinite(g) >= 0 {
		return ws.FailStep(b.h)
	}
	if s.iterates {
		ws.K.Stiff(ws.T, ws.U, ws.Params, s.f)
		for i, v := range s.f {
			g[i] -= v
		}
	} else {
		s.split.linear.subtract(ws.U, g)
	}
	return nil
}

// Archive visits the history, and the starter with its factors.
func (b *sbdf) Archive(a *archive.Archive) {
	a.Floats(b.u...)
	a.Floats(b.g...)
	a.Floats(b.past)
	a.Int(&b.known)
	a.Float(&b.h, &b.t0)
	a.Bool(&b.own, &b.moved)
	b.starter.Archive(a)
}

// Degree of the interpolant in t.
func (b *sbdf) Degree() int {
	if !b.own {
		return b.starter.Degree()
	}
	return b.k
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (b *sbdf) Interpolate(t float64, u []float64) {
	ws := b.ws
	if ws.ends(t, u) {
		return
	}
	if !b.own {
		b.starter.Interpolate(t, u)
		return
	}
	// Lagrange's formula in x = 0 at the present point, -1, -2, ... before it.
	x := (t-b.t0)/b.h - 1
	for j := range b.w {
		w := 1.0
		for i := range b.w {
			if i != j {
				w *= (x + float64(i)) / float64(i-j)
			}
		}
		b.w[j] = w
	}
	copy(b.at, b.u)
	b.at[b.k] = b.past
	clear(u)
	weighted(u, u, 1, b.w, b.at)
}

// Projected marks the present point as unknown.
func (b *sbdf) Projected() {
	b.moved = true
	b.starter.Projected()
}

func (b *sbdf) remark() string { return b.starter.remark() }
