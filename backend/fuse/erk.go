package fuse

import (
	"slices"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// Explicit Runge-Kutta methods. The stages are emitted one after the other, each with the
// right-hand side in it; what depends on parameters alone is computed once. A method whose
// last stage is not f at the end of the step evaluates f there in every attempt: a step that
// ends where f has no value is rejected, and K1 is ready for the next one.
//
// With dense output x holds, behind UOld, those of the stages of the last step that its
// interpolant needs and that are not K1. The further stages of an interpolant that has some are
// computed by Save.

// erk is a method as it is emitted.
type erk struct {
	*common
	*tableau.Coeffs
	s        int // stages of the method
	end      int // stage that is f at the end of the step
	order    int
	estimate int // order of the error estimate
	ctl      control.Controller
	kept     []int // stages kept for the interpolant
}

func (c *common) explicit(t *tableau.ERK) *Integrator {
	m := &erk{common: c, Coeffs: t.Coeffs(), s: t.Stages(), order: t.Order}
	m.end = m.s - 1
	if !m.FSAL {
		m.end = m.s
	}
	m.estimate = min(t.Order, max(t.Embedded, 1))
	if m.E2 != nil {
		m.estimate = t.Order - 1 // the combined one: h^6 h^6 / h^4
	}
	m.ctl = control.PI(m.estimate)
	for j := range m.s {
		further := slices.ContainsFunc(m.A[m.s:], func(row []float64) bool { return j < len(row) && row[j] != 0 })
		if j != m.end && (further || nonzero(m.Dense[j])) {
			m.kept = append(m.kept, j)
		}
	}
	c.in.Order = t.Order
	c.in.Slots = StateAt + 2*c.n
	if c.opt.Dense {
		c.in.Slots += (1 + len(m.kept)) * c.n
	}
	begin, step, save := c.begin, m.step, m.save
	if len(c.prog.RHS.Steps) > 0 || c.prog.Crossings != nil && len(c.prog.Crossings.Steps) > 0 {
		begin, step, save = c.beginSteps, m.stepSteps, m.saveSteps
	}
	c.in.Begin, c.in.Step = begin(t.Order), step()
	if c.opt.Dense {
		c.in.Save = save()
	}
	return c.in
}

// nonzero reports whether one of the coefficients is.
func nonzero(a []float64) bool { return slices.ContainsFunc(a, func(v float64) bool { return v != 0 }) }

// times is x times each coefficient.
func times(x float64, a []float64) []float64 {
	b := slices.Clone(a)
	for i := range b {
		b[i] *= x
	}
	return b
}

// count is the number of coefficients that are not zero.
func count(a []float64) (n int) {
	for _, v := range a {
		if v != 0 {
			n++
		}
	}
	return n
}

// Slots of vectors of n entries.
func (c *common) slopeAt() int { return StateAt + c.n }
func (c *common) oldAt() int   { return StateAt + 2*c.n }

// stages emits the stages from len(k) to to; time is that of a stage.
func (m *erk) stages(e *emitter, u []ref, h ref, k [][]ref, to int, time func(c float64) ref) (all [][]ref, y []ref) {
	for i := len(k); i < to; i++ {
		switch {
		case i == m.end && m.FSAL:
			y = e.combine(u, h, m.A[i], k)
		case m.n <= count(m.A[i]):
			y = e.hasten(u, h, m.A[i], k)
		default:
			y = e.approach(u, h, m.A[i], k)
		}
		k = append(k, e.rhs(time(m.C[i]), y))
	}
	return k, y
}

// step is one attempt.
func (m *erk) step() *backend.Kernel {
	e := m.emitter("step")
	s := e.attempt()
	u := e.states(StateAt)
	k := [][]ref{e.states(m.slopeAt())}
	k, unew := m.stages(e, u, s.h, k, m.s, s.node)
	if !m.FSAL {
		unew = e.combine(u, s.h, m.B, k)
		k = append(k, e.rhs(s.tn, unew))
	}
	var must []ref
	if !m.FSAL || m.E[m.end] == 0 {
		must = k[m.end]
	}
	square := e.norm(e.weighted(times(m.mean(), m.E), k), u, unew, s.h, must)
	if m.E2 != nil {
		second := e.norm(e.weighted(times(m.mean(), m.E2), k), u, unew, s.h, nil)
		square = e.combined(square, second)
	}
	o := outcome{square: square, event: backend.None, pivot: backend.None}
	if m.in.Events {
		all, _ := m.stages(e, u, s.h, k, len(m.A), s.node) // those of the interpolant too
		w := newWatch(len(m.Dense[0]))
		changes, rough := s.samples(w, u, unew, func(theta float64) []ref { return e.combine(u, s.h, m.weights(theta), all) })
		o.event, o.limits = changes, []limit{{rough, w.d + 1, true}}
	}
	accept := s.decide(m.ctl, m.estimate, o)
	e.result(StateAt, e.choose(accept, unew, u)...)
	e.result(m.slopeAt(), e.choose(accept, k[m.end], k[0])...)
	if m.opt.Dense {
		e.result(m.oldAt(), e.choose(accept, u, e.states(m.oldAt()))...)
		for j, i := range m.kept {
			at := m.oldAt() + (1+j)*m.n
			e.result(at, e.choose(accept, k[i], e.states(at))...)
		}
	}
	return e.Finish()
}

// combined is the square of the norm of two estimates, of orders 5 and 3: Hairer, Norsett,
// Wanner, II.10.
func (e *emitter) combined(first, second ref) ref {
	return e.mul(first, e.div(first, e.fma(e.Number(0.01), second, first)))
}

// save evaluates the interpolant.
func (m *erk) save() *backend.Kernel {
	e := m.emitter("save")
	u := e.states(StateAt)
	old := e.states(m.oldAt())
	k := make([][]ref, m.s, len(m.A))
	for j, i := range m.kept {
		k[i] = e.states(m.oldAt() + (1+j)*m.n)
	}
	if m.end == m.s {
		k = append(k, nil)
	}
	k[m.end] = e.states(m.slopeAt())
	h := e.sub(e.x(T), e.x(TOld))
	k, _ = m.stages(e, old, h, k, len(m.A), func(c float64) ref { return e.fma(e.Number(c), h, e.x(TOld)) })
	theta := e.div(e.sub(e.x(TSave), e.x(TOld)), h)
	at := m.interpolate(e, theta, h, old, k)
	e.result(0, e.choose(e.eq(e.x(TSave), e.x(T)), u, at)...)
	return e.Finish()
}

// interpolate is old + h sum b_i(theta) k_i.
func (m *erk) interpolate(e *emitter, theta, h ref, old []ref, k [][]ref) []ref {
	b := make([]ref, len(m.Dense))
	for i, row := range m.Dense {
		b[i] = e.horner(row, theta)
	}
	v := make([]ref, m.n)
	for i := range v {
		s := backend.None
		for j, row := range m.Dense {
			if nonzero(row) {
				s = e.chain(s, b[j], k[j][i])
			}
		}
		v[i] = e.fma(h, s, old[i])
	}
	return v
}

// weights are b_i(theta).
func (m *erk) weights(theta float64) []float64 {
	b := make([]float64, len(m.Dense))
	for i, row := range m.Dense {
		b[i] = polynomial(row, theta)
	}
	return b
}

// polynomial is sum_r row[r] x^(r+1).
func polynomial(row []float64, x float64) float64 {
	v := 0.0
	for r := len(row) - 1; r >= 0; r-- {
		v = (v + row[r]) * x
	}
	return v
}

// horner is the polynomial whose coefficient of x^(r+1) is row[r].
func (e *emitter) horner(row []float64, x ref) ref {
	b := e.Number(row[len(row)-1])
	for r := len(row) - 2; r >= 0; r-- {
		b = e.fma(b, x, e.Number(row[r]))
	}
	return e.mul(b, x)
}
