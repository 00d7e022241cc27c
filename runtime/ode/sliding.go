package ode

// Sliding along the border of one relation. Where both sides drive the state to the
// border g = 0, the solution stays on it and moves with the convex combination of the
// two right-hand sides that is tangential to it,
//
//	f = alpha f1 + (1 - alpha) f0,   alpha = -g0'/(g1' - g0'),
//
// where gk' is the derivative of g along fk (Filippov, Differential Equations with
// Discontinuous Righthand Sides, 1988, section 4). It leaves the border when alpha leaves
// [0, 1]. After each step the state is moved back onto the border along f1 - f0, the
// direction in which the two sides push. While the run slides, the indicator of the
// relation is alpha.
//
// Departures: derivatives along fk are central differences; the combination has no
// symbolic Jacobian, so that implicit methods difference it over a dense pattern; systems
// with algebraic equations do not slide, and neither does the intersection of several
// borders.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// mostSliding is the number of states up to which a run may slide: the Jacobian is dense.
const mostSliding = 400

// sliding is the state of a run on a border.
type sliding struct {
	relation, slot int
	lo, hi         float64 // memory of the two sides

	f0, f1, u, g []float64
	kernels      *Kernels // of the problem
	stepper      Stepper  // of the run outside
	keep         func()   // restores the workspace
}

// enterSliding starts to slide along the border of relation i, if the present event
// changed nothing else and both sides drive the state there; else it says why not.
func (hy *hybrid) enterSliding(i int) (whyNot string) {
	ws := hy.ws
	r := &hy.h.Relations[i]
	switch {
	case hy.acted():
		return "the event changes the model's variables"
	case len(ws.Alg) > 0:
		return "the model has algebraic equations"
	case ws.P.NInv > 0:
		return "the model has constraints"
	case ws.N() > mostSliding:
		return "the model has too many states"
	case hy.slide != nil:
		return "it slides along " + hy.h.Relations[hy.slide.relation].Text + " already"
	case r.Kind != Comparison && r.Kind != SignOf:
		return "it steps"
	}
	for k, v := range ws.Params {
		if k != r.Slot && v != hy.p0[k] && !hy.isKink(k) {
			return "other conditions change with it"
		}
	}
	return hy.slideAlong(i)
}

// slideAlong starts to slide along the border of relation i, at the first time or after
// an event of another kind.
func (hy *hybrid) slideAlong(i int) (whyNot string) {
	in, ws := hy.in, hy.ws
	r := &hy.h.Relations[i]
	n := ws.N()
	s := &sliding{
		relation: i, slot: r.Slot, lo: 0, hi: 1,
		f0: make([]float64, n), f1: make([]float64, n), u: make([]float64, n), g: make([]float64, len(hy.end)),
		kernels: ws.K, stepper: in.st,
	}
	if r.Kind == SignOf {
		s.lo = -1
	}
	up, down := s.rates(ws, ws.T, ws.U)
	if !(up > 0 && down < 0) {
		return "its sides do not both lead to it"
	}
	k := *ws.K
	k.Jac, k.TGrad, k.Jet = nil, nil, nil
	k.RHS = func(t float64, u, p, du []float64) {
		up, down := s.rates(ws, t, u)
		alpha := -up / (down - up)
		for i := range du {
			du[i] = alpha*s.f1[i] + (1-alpha)*s.f0[i]
		}
	}
	pattern, fd := ws.Pattern, ws.fd
	s.keep = func() { ws.K, ws.Pattern, ws.fd = s.kernels, pattern, fd }
	ws.K, ws.Pattern, ws.fd = &k, linsolve.Dense(n, n), nil
	st, err := in.method.New(ws)
	if err != nil {
		s.keep()
		return "no method can"
	}
	in.st, hy.slide = st, s
	hy.noteSliding(i)
	return ""
}

// isKink reports whether entry k of p is the memory of a kink.
func (hy *hybrid) isKink(k int) bool {
	for _, i := range hy.kinks {
		if hy.h.Relations[i].Slot == k {
			return true
		}
	}
	return false
}

// rates evaluates f on both sides at (t, u), and the derivative of the indicator along
// them: up on the side where it is negative, down where it is positive.
func (s *sliding) rates(ws *Workspace, t float64, u []float64) (up, down float64) {
	p := ws.Params
	was := p[s.slot]
	p[s.slot] = s.lo
	s.kernels.RHS(t, u, p, s.f0)
	up = s.along(ws, t, u, s.f0)
	p[s.slot] = s.hi
	s.kernels.RHS(t, u, p, s.f1)
	down = s.along(ws, t, u, s.f1)
	p[s.slot] = was
	ws.Stats.RHS++ // the stepper counts one
	return up, down
}

// along is the derivative of the indicator along f.
func (s *sliding) along(ws *Workspace, t float64, u, f []float64) float64 {
	rate := 0.0
	for i, v := range f {
		rate = math.Max(rate, math.Abs(v)/(math.Abs(u[i])+ws.AbsTol[i]/ws.RelTol))
	}
	d := 6e-6 * ws.span // the cube root of the precision balances truncation and rounding
	if rate*ws.span > 1 {
		d = 6e-6 / rate
	}
	at := func(d float64) float64 {
		for i, v := range u {
			s.u[i] = v + d*f[i]
		}
		s.kernels.Crossings(t+d, s.u, ws.Params, s.g)
		return s.g[s.relation]
	}
	return (at(d) - at(-d)) / (2 * d)
}

// share is alpha at (t, u).
func (s *sliding) share(ws *Workspace, t float64, u []float64) float64 {
	up, down := s.rates(ws, t, u)
	return -up / (down - up)
}

// leave returns to the equations of one side, that which prevails at (T, U); over is true
// if one does.
func (hy *hybrid) leave() (over bool) {
	s, ws := hy.slide, hy.ws
	side := ws.Params[s.slot]
	switch alpha := s.share(ws, ws.T, ws.U); {
	case alpha > 1:
		side, over = s.hi, true
	case !(alpha >= 0):
		side, over = s.lo, true
	}
	hy.slide = nil
	s.keep()
	hy.in.st = s.stepper
	ws.Params[s.slot] = side
	hy.pile[2*s.relation] = recurrence{last: math.Inf(-1)}
	hy.pile[2*s.relation+1] = recurrence{last: math.Inf(-1)}
	return over
}

// stay moves the state back onto the border.
func (hy *hybrid) stay() {
	s, ws := hy.slide, hy.ws
	up, down := s.rates(ws, ws.T, ws.U)
	s.kernels.Crossings(ws.T, ws.U, ws.Params, s.g)
	beta := -s.g[s.relation] / (down - up)
	if !(math.Abs(beta) < ws.T-ws.TPrev) {
		return
	}
	for i := range ws.U {
		ws.U[i] += beta * (s.f1[i] - s.f0[i])
	}
	hy.in.moved = beta != 0
}
