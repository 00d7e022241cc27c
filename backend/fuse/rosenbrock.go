package fuse

import (
	"math"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// Rosenbrock methods. J and df/dt are evaluated in every attempt at (T, U), so one that
// follows a rejection evaluates them again. K1 is f(T, U), from the end of the step before,
// where f must have a value for the step to be accepted. Rows without mass are algebraic
// equations, for stiffly accurate methods.
//
// With dense output x holds, behind UOld, the K_r of the table's interpolant, or f at the
// start of the last step where it has none and the cubic Hermite polynomial takes its place.

// rosenbrock is a method as it is emitted.
type rosenbrock struct {
	*common
	*tableau.RosenbrockCoeffs
	need     int // stages that the solution and its error need
	estimate int
	ctl      control.Controller
	piv      linsolve.Pivots
}

func (c *common) linear(t *tableau.Rosenbrock, piv linsolve.Pivots) *Integrator {
	m := &rosenbrock{common: c, RosenbrockCoeffs: t.Coeffs(), piv: piv}
	m.need = len(m.B)
	for m.need > 0 && m.B[m.need-1] == 0 && m.E[m.need-1] == 0 {
		m.need--
	}
	m.estimate = min(t.Order, max(1, t.Embedded))
	m.ctl = control.Predictive(m.estimate)
	c.in.Order = t.Order
	c.in.Slots = StateAt + 2*c.n
	if c.opt.Dense {
		c.in.Slots += (1 + max(1, len(m.H))) * c.n
		c.in.Save = m.save()
	}
	c.in.Begin = c.begin(t.Order)
	c.in.Step = m.step()
	return c.in
}

// stifflyAccurate reports whether the solution is the last stage value plus the last
// stage, so that algebraic equations hold at the end of the step.
func stifflyAccurate(c *tableau.RosenbrockCoeffs) bool {
	last := 0
	for i, v := range c.B {
		if v != 0 {
			last = i
		}
	}
	// The coefficients are rounded ones of a longer computation.
	for j, v := range c.A[last] {
		if math.Abs(c.B[j]-v) > 1e-12 {
			return false
		}
	}
	return math.Abs(c.B[last]-1) < 1e-12
}

// step is one attempt.
func (m *rosenbrock) step() *backend.Kernel {
	e := m.emitter("step")
	s := e.attempt()
	u, f0 := e.states(StateAt), e.states(m.slopeAt())
	zero, one := e.Number(0), e.Number(1)

	jac := e.call(m.prog.Jac, m.prog.Meta.Jac.NNZ(), s.t, u)
	ft := e.call(m.prog.TGrad, m.n, s.t, u)
	back := e.div(one, s.h)
	f := e.factor(m.piv, jac, e.mul(back, e.Number(1/m.Gamma)))

	stages := m.need
	if m.opt.Dense || m.in.Events {
		stages = len(m.B)
	}
	var k [][]ref
	for i := range stages {
		b := make([]ref, m.n)
		if i == 0 {
			copy(b, f0)
		} else {
			y := e.shifted(u, m.A[i], k)
			b = e.rhs(s.node(m.Nodes[i]), y)
		}
		for j := range b {
			if v := e.sum(m.C[i], k, j); v != backend.None && m.mass(j) {
				b[j] = e.fma(back, v, b[j])
			}
			if m.D[i] != 0 && ft[j] != zero {
				b[j] = e.fma(e.mul(e.Number(m.D[i]), s.h), ft[j], b[j])
			}
		}
		k = append(k, f.solve(b))
	}
	unew := e.shifted(u, m.B, k)
	f1 := e.rhs(s.tn, unew)
	square := e.norm(e.weighted(m.E, k), u, unew, e.Number(m.mean()), f1)
	o := outcome{square: square, event: backend.None, pivot: f.unsound}
	if m.in.Events {
		w := newWatch(max(3, len(m.H)+1))
		changes, rough := s.samples(w, u, unew, func(theta float64) []ref {
			if len(m.H) == 0 {
				return e.hermiteAt(theta, s.h, u, unew, f0, f1)
			}
			// u + theta (unew - u + (1 - theta) sum_r theta^r K_r)
			b := make([]float64, len(k))
			for i := range b {
				for r, row := range m.H {
					b[i] += math.Pow(theta, float64(r+1)) * (1 - theta) * row[i]
				}
				b[i] += theta * m.B[i]
			}
			return e.shifted(u, b, k)
		})
		o.event, o.limits = changes, []limit{{rough, w.d + 1, true}}
	}
	accept := s.decide(m.ctl, m.estimate, o)
	e.result(StateAt, e.choose(accept, unew, u)...)
	e.result(m.slopeAt(), e.choose(accept, f1, f0)...)
	if m.opt.Dense {
		e.result(m.oldAt(), e.choose(accept, u, e.states(m.oldAt()))...)
		at := m.oldAt() + m.n
		if len(m.H) == 0 {
			e.result(at, e.choose(accept, f0, e.states(at))...)
		}
		for _, row := range m.H {
			e.result(at, e.choose(accept, e.weighted(row, k), e.states(at))...)
			at += m.n
		}
	}
	return e.Finish()
}

// node is the time of a stage.
func (s *attempt) node(c float64) ref {
	switch c {
	case 0:
		return s.t
	case 1:
		return s.tn
	}
	return s.fma(s.Number(c), s.h, s.t)
}

// shifted is u + sum_j a_j k_j.
func (e *emitter) shifted(u []ref, a []float64, k [][]ref) []ref {
	y := make([]ref, len(u))
	for i := range u {
		y[i] = u[i]
		if s := e.sum(a, k, i); s != backend.None {
			y[i] = e.add(u[i], s)
		}
	}
	return y
}

// save evaluates the interpolant.
func (m *rosenbrock) save() *backend.Kernel {
	e := m.emitter("save")
	u, old := e.states(StateAt), e.states(m.oldAt())
	h := e.sub(e.x(T), e.x(TOld))
	theta := e.div(e.sub(e.x(TSave), e.x(TOld)), h)
	var at []ref
	if len(m.H) == 0 {
		at = e.hermite(theta, h, old, u, e.states(m.oldAt()+m.n), e.states(m.slopeAt()))
	} else {
		rest := e.sub(e.Number(1), theta)
		for i := range u {
			p := e.x(m.oldAt() + len(m.H)*m.n + i)
			for r := len(m.H) - 1; r > 0; r-- {
				p = e.fma(theta, p, e.x(m.oldAt()+r*m.n+i))
			}
			d := e.sub(u[i], old[i])
			at = append(at, e.fma(theta, e.fma(rest, p, d), old[i]))
		}
	}
	e.result(0, e.choose(e.eq(e.x(TSave), e.x(T)), u, at)...)
	return e.Finish()
}

// hermiteAt is hermite for a theta that is known.
func (e *emitter) hermiteAt(theta float64, h ref, u0, u1, k0, k1 []ref) []ref {
	v := make([]ref, len(u0))
	x, y := theta*theta*(3-2*theta), theta*(1-theta)
	for i := range v {
		d := e.sub(u1[i], u0[i])
		if !e.c.mass(i) {
			v[i] = e.fma(e.Number(theta), d, u0[i])
			continue
		}
		slope := e.fma(e.Number(-y*theta), k1[i], e.mul(e.Number(y*(1-theta)), k0[i]))
		v[i] = e.fma(h, slope, e.fma(e.Number(x), d, u0[i]))
	}
	return v
}

// hermite is the cubic Hermite polynomial; algebraic variables have no slopes and go
// straight.
func (e *emitter) hermite(theta, h ref, u0, u1, k0, k1 []ref) []ref {
	v := make([]ref, len(u0))
	one := e.Number(1)
	rest := e.sub(one, theta)
	x := e.mul(e.mul(theta, theta), e.fma(e.Number(-2), theta, e.Number(3)))
	y := e.mul(h, e.mul(theta, rest))
	for i := range v {
		d := e.sub(u1[i], u0[i])
		if !e.c.mass(i) {
			v[i] = e.fma(theta, d, u0[i])
			continue
		}
		slope := e.sub(e.mul(rest, k0[i]), e.mul(theta, k1[i]))
		// u0 + x d + y (rest k0 - theta k1)
		v[i] = e.fma(y, slope, e.fma(x, d, u0[i]))
	}
	return v
}
