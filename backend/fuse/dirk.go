package fuse

import (
	"cmp"
	"math"
	"slices"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// Diagonally implicit Runge-Kutta methods that are stiffly accurate and have one gamma,
// ESDIRK methods above all. J is evaluated at (T, U) and J - M/(h gamma) factorised in every attempt, so the
// iteration for a stage,
//
//	(J - M/(h gamma)) dY = -(f(Y) - M (Y - base)/(h gamma)),   base = u + sum_j<i a_ij z_j,   z_i = (Y - base)/gamma,
//
// is as good as a modified Newton iteration can be. It makes newtonIterations steps, always:
// in lanes those that have converged would wait for the others anyway. The last two corrections, s and
// s' in the norm of the error, say what is left: s'^2/(s - s'), a geometric series. That must be
// newtonTol at most in all stages, else the step is rejected; and as it goes with about the
// power newtonIterations + 2 of h, it limits the growth of the next step, so that steps that the
// iteration limits, and not the error, are not tried in vain. (A loop whose steps are
// iterations would save the iterations that easy stages do not need, but each would pass the whole state
// through memory, and the lanes would be at different stages: then all stages are computed for all.)
//
// The guess for a stage is the polynomial through up to three slopes of this step, the nearest
// ones. K1 is the slope of the last stage, not f. The error passes through (M - h gamma J)^-1 M
// where the embedded method is not nearly L-stable or there are algebraic equations, whose slopes at the
// start are unknown and become those of a parabola in the first step, as in package ode.
//
// With dense output x holds, behind UOld, the coefficients of the interpolant.
//
// On the five problems of TestNewtonIterations Rodas5P takes a fifth to three quarters of the operations of these methods: lanes
// factorise in every attempt, which is what others save by iterating.

const (
	// newtonIterations: on van der Pol's equation, HIRES, Robertson's, Oregonator and POLLU, with Kvaerno5 and KenCarp4 at 1e-4 and
	// 1e-6, the number of iterations of all attempts was least with it (TestNewtonIterations).
	newtonIterations = 3
	newtonTol        = 0.03 // what the iteration may leave, relative to the error test
	newtonSmall      = 1e-3 // a last correction that does: those of rounding do not fall
	filterAbove      = 0.01 // limit of the embedded stability function
	predictFrom      = 3    // slopes in a guess
	predictApart     = 0.05 // and how far apart they must be, in steps
)

// dirk is a method as it is emitted.
type dirk struct {
	*common
	*tableau.DIRKCoeffs
	gamma      float64
	estimate   int
	ctl        control.Controller
	piv        linsolve.Pivots
	filter     bool
	iterations int
}

// sameGamma returns the diagonal entry of the implicit stages, 0 if they differ or a stage other than
// the first has none.
func sameGamma(c *tableau.DIRKCoeffs) float64 {
	s := len(c.B)
	gamma := c.A[s-1][s-1]
	for i, row := range c.A {
		// The tables round the same number in different ways.
		if i == 0 && c.First {
			continue
		}
		if math.Abs(row[i]-gamma) > 1e-13 {
			return 0
		}
	}
	return gamma
}

func (c *common) diagonal(t *tableau.DIRK, coeffs *tableau.DIRKCoeffs, piv linsolve.Pivots, iterations int) *Integrator {
	m := &dirk{common: c, DIRKCoeffs: coeffs, gamma: sameGamma(coeffs), piv: piv, iterations: iterations}
	m.estimate = min(t.Order, max(t.Embedded, 1))
	m.ctl = control.PI(m.estimate)
	m.filter = m.EmbeddedLimit > filterAbove || len(c.alg) > 0
	c.in.Order = t.Order
	c.in.Slots = StateAt + 2*c.n
	if c.opt.Dense {
		c.in.Slots += (1 + len(m.Dense[1])) * c.n
		c.in.Save = m.save()
	}
	c.in.Begin = c.begin(t.Order)
	c.in.Step = m.step()
	return c.in
}

// guess returns weights of the slopes z[0:i+1] whose polynomial is the guess for stage i; z[0] is
// the slope at the start, z[j] that of stage j-1.
func (m *dirk) guess(i int) []float64 {
	at := func(j int) float64 {
		if j == 0 {
			return 0
		}
		return m.C[j-1]
	}
	to := m.C[i]
	var near []int
	for j := i; j >= 0; j-- {
		if j != 1 || !m.First { // that is z[0]
			near = append(near, j)
		}
	}
	slices.SortStableFunc(near, func(j, k int) int { return cmp.Compare(math.Abs(at(j)-to), math.Abs(at(k)-to)) })
	var from []int
	for _, j := range near {
		if len(from) < predictFrom && !slices.ContainsFunc(from, func(k int) bool { return math.Abs(at(k)-at(j)) < predictApart }) {
			from = append(from, j)
		}
	}
	a := make([]float64, i+1)
	for _, j := range from {
		w := 1.0
		for _, k := range from {
			if k != j {
				w *= (to - at(k)) / (at(j) - at(k))
			}
		}
		a[j] = w
	}
	return a
}

// step is one attempt.
func (m *dirk) step() *backend.Kernel {
	e := m.emitter("step")
	s := e.attempt()
	u, slope := e.states(StateAt), e.states(m.slopeAt())
	zero, one := e.Number(0), e.Number(1)
	jac := e.call(m.prog.Jac, m.prog.Meta.Jac.NNZ(), s.t, u)
	back := e.div(one, s.h)
	shift := e.mul(back, e.Number(1/m.gamma))
	f := e.factor(m.piv, jac, shift)
	first := e.eq(s.t, e.x(TOld)) // no step has been made: algebraic slopes are unknown

	z := [][]ref{make([]ref, m.n)} // h times the slope at the start, and of the stages
	scale := make([]ref, m.n)
	for i := range u {
		z[0][i] = e.mul(s.h, slope[i])
		if !m.mass(i) {
			z[0][i] = e.sel(first, zero, z[0][i])
		}
		scale[i] = e.div(one, e.scale(i, u[i], u[i]))
	}
	size := func(v []ref) ref {
		sum := backend.None
		for i, x := range v {
			r := e.mul(x, scale[i])
			sum = e.chain(sum, r, r)
		}
		return e.sqrt(e.mul(e.Number(1/float64(m.n)), sum))
	}
	var y []ref
	left := zero // the most that an iteration leaves, over what it may
	for i := range m.B {
		if i == 0 && m.First {
			z = append(z, z[0])
			continue
		}
		base := e.shifted(u, m.A[i][:i], z[1:])
		y = make([]ref, m.n)
		for j, v := range e.weighted(m.guess(i), z) {
			y[j] = e.fma(e.Number(m.gamma), v, base[j])
		}
		var before, after ref
		for range m.iterations {
			r := e.rhs(s.node(m.C[i]), y)
			for j := range r {
				if m.mass(j) {
					r[j] = e.sub(r[j], e.mul(shift, e.sub(y[j], base[j])))
				}
			}
			d := f.solve(r)
			next := make([]ref, m.n)
			for j := range y {
				next[j] = e.add(y[j], d[j])
			}
			y = next
			before, after = after, size(d)
		}
		room := e.mul(e.Number(newtonTol), e.sub(before, after))
		rest := e.sel(e.lt(zero, room), e.div(e.mul(after, after), room), e.Number(0x1p60))
		rest = e.least(e.mul(e.Number(1/newtonSmall), after), rest)
		left = e.most(rest, left)
		k := make([]ref, m.n)
		for j := range k {
			k[j] = e.mul(e.Number(1/m.gamma), e.sub(y[j], base[j]))
		}
		z = append(z, k)
	}
	unew := y
	last := z[len(z)-1]
	err := e.weighted(m.E, z[1:])
	if m.filter {
		for i := range err {
			err[i] = zero
			if m.mass(i) {
				err[i] = e.mul(shift, e.sum(m.E, z[1:], i))
			}
		}
		err = f.solve(err)
	}
	square := e.norm(err, u, unew, e.Number(m.mean()), last)
	end := make([]ref, m.n)
	for i := range end {
		end[i] = e.mul(back, last[i])
	}
	start := slices.Clone(z[0])
	for _, i := range m.alg {
		// That of the parabola which has the slope at the end.
		parabola := e.sub(e.mul(e.Number(2), e.sub(unew[i], u[i])), last[i])
		start[i] = e.sel(first, parabola, z[0][i])
	}
	z[0] = start
	if m.First {
		z[1] = start
	}
	o := outcome{square: square, limits: []limit{{over: left, power: m.iterations + 2}}, event: backend.None, pivot: f.unsound}
	if m.in.Events {
		w := newWatch(len(m.Dense[1]))
		changes, rough := s.samples(w, u, unew, func(theta float64) []ref {
			b := make([]float64, len(m.Dense))
			for i, row := range m.Dense {
				b[i] = polynomial(row, theta)
			}
			return e.shifted(u, b, z)
		})
		o.event, o.limits = changes, append(o.limits, limit{rough, w.d + 1, true})
	}
	accept := s.decide(m.ctl, m.estimate, o)
	e.result(StateAt, e.choose(accept, unew, u)...)
	e.result(m.slopeAt(), e.choose(accept, end, slope)...)
	if m.opt.Dense {
		e.result(m.oldAt(), e.choose(accept, u, e.states(m.oldAt()))...)
		for r := range m.Dense[1] {
			row := make([]float64, len(m.Dense))
			for i := range row {
				row[i] = m.Dense[i][r]
			}
			at := m.oldAt() + (1+r)*m.n
			e.result(at, e.choose(accept, e.weighted(row, z), e.states(at))...)
		}
	}
	return e.Finish()
}

// save evaluates the interpolant.
func (m *dirk) save() *backend.Kernel {
	e := m.emitter("save")
	u := e.states(StateAt)
	theta := e.div(e.sub(e.x(TSave), e.x(TOld)), e.sub(e.x(T), e.x(TOld)))
	at := make([]ref, m.n)
	for i := range at {
		d := len(m.Dense[1])
		v := e.x(m.oldAt() + d*m.n + i)
		for r := d - 1; r > 0; r-- {
			v = e.fma(v, theta, e.x(m.oldAt()+r*m.n+i))
		}
		at[i] = e.fma(v, theta, e.x(m.oldAt()+i))
	}
	e.result(0, e.choose(e.eq(e.x(TSave), e.x(T)), u, at)...)
	return e.Finish()
}
