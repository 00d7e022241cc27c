package ode

// Nystrom methods: Runge-Kutta methods for x” = f(t, x) or f(t, x, v), v = x', which
// compute stages of x from accelerations alone and so need about half the evaluations of a
// method for first-order systems:
//
//	k_i = f(t + c_i h, x + c_i h v + h^2 sum_j a_ij k_j, v + h sum_j abar_ij k_j)
//	x1 = x + h v + h^2 sum b_i k_i,  v1 = v + h sum bp_i k_i
//
// Hairer, Norsett, Wanner, Solving ODEs I, II.14; Dormand, El-Mikkawy, Prince, IMA J. Numer.
// Anal. 7, 1987. Errors of x and of v are estimated by embedded methods and controlled
// together, as in a first-order system. (Some codes control x alone; then v may be wrong.)
//
// A kernel evaluates the whole of f. Where f does not depend on v, the velocities of stages
// are not computed: the kernel finds those at the start of the step in their place.
//
// Backward in time, where kernels are those of t replaced by -t, x' is -v: sigma is -1 then.

import (
	"fmt"
	"math"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	registerFamily(tableau.Nystrom, func(name string) Method { return NystromRK(tableau.ReadRKN(name)) })
}

// nystromMethod is a Nystrom method as a Method.
type nystromMethod struct {
	info   Info
	coeffs func() *nystromCoeffs
}

type nystromCoeffs struct {
	*tableau.NystromCoeffs
	order int
	ctl   control.Controller
	bound float64 // imaginary stability bound: no growth by more than a hundredth for 0 <= h*omega <= bound
}

// NystromRK makes a Method of a table.
func NystromRK(r *tableau.RKN) Method {
	i := Info{
		Name: r.Name, Use: SecondOrder, Order: r.Order, Embedded: r.Embedded, Stages: r.Stages(),
		Needs: "u'' = f(t, u)", Stability: "explicit", Reference: r.Reference,
	}
	if r.Velocity {
		i.Needs = "u'' = f(t, u, u')"
	}
	i.Description = fmt.Sprintf("Nystrom method of order %d for %s", r.Order, i.Needs)
	if r.Embedded > 0 {
		i.Description = fmt.Sprintf("Nystrom method of order %d(%d) for %s", r.Order, r.Embedded, i.Needs)
	}
	return &nystromMethod{info: i, coeffs: sync.OnceValue(func() *nystromCoeffs {
		c := &nystromCoeffs{NystromCoeffs: r.Coeffs(), order: r.Order}
		c.ctl = control.PI(min(r.Order, max(r.Embedded, 1)))
		c.bound = oscillationBound(c.NystromCoeffs)
		return c
	})}
}

// Info describes the method.
func (m *nystromMethod) Info() Info { return m.info }

// New returns a stepper; a problem that is not of second order is an error.
func (m *nystromMethod) New(ws *Workspace) (Stepper, error) {
	c := m.coeffs()
	second, err := secondOrder(ws, m.info.Name, c.Abar != nil)
	if err != nil {
		return nil, err
	}
	if c.E == nil && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give --step, or Options.InitialStep", m.info.Name)
	}
	e := &nystrom{ws: ws, c: c, name: m.info.Name, pairs: newPairing(second), s: len(c.B), sigma: 1, ctlr: ws.controller(c.ctl)}
	if ws.flip {
		e.sigma = -1
	}
	n, mm, s := ws.N(), len(second.X), len(c.B)
	e.end = s - 1
	if !c.FSAL {
		e.end = s
	}
	flat := make([]float64, (e.end+2)*n+(e.end+11)*mm)
	take := func(n int) []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	for range e.end + 1 {
		du := take(n)
		e.du = append(e.du, du)
		if e.pairs.x0 >= 0 {
			e.k = append(e.k, du[e.pairs.v0:e.pairs.v0+mm:e.pairs.v0+mm])
		} else {
			e.k = append(e.k, take(mm))
		}
	}
	e.y = take(n)
	e.x, e.v, e.yx, e.yv, e.x1, e.v1 = take(mm), take(mm), take(mm), take(mm), take(mm), take(mm)
	e.ex, e.ev, e.atx, e.atv = take(mm), take(mm), take(mm), take(mm)
	e.pairs.split(ws.AbsTol, e.atx, e.atv)
	if e.pairs.x0 >= 0 {
		e.views(e.y, &e.yx, &e.yv)
	}
	for i, a := range c.A {
		var r, rv nystromRow
		r.c = c.C[i]
		r.add(a, e.k)
		e.rows = append(e.rows, r)
		if c.Abar != nil {
			rv.add(c.Abar[i], e.k)
			e.rowsV = append(e.rowsV, rv)
		}
	}
	e.b.add(c.B, e.k)
	e.bp.add(c.BP, e.k)
	e.e.add(c.E, e.k)
	e.ep.add(c.EP, e.k)
	if c.R == nil {
		e.dense = newSecondDense(ws, e.pairs, c.order)
	}
	return e, nil
}

// nystrom is the stepper of one run.
type nystrom struct {
	ws    *Workspace
	c     *nystromCoeffs
	name  string
	pairs *pairing
	sigma float64
	s     int // stages
	end   int // slot that holds f at the end of the step

	du          [][]float64 // f at the stages
	k           [][]float64 // accelerations: pieces of du, or copies
	rows, rowsV []nystromRow
	b, bp       nystromRow
	e, ep       nystromRow

	y                    []float64 // state of a stage
	x, v, yx, yv, x1, v1 []float64 // positions and velocities: pieces of states, or copies
	lastV                []float64 // velocities at which slot end was evaluated
	ex, ev               []float64 // error estimates
	atx, atv             []float64 // absolute tolerances

	dense *secondDense
	f0    []float64 // for Slopes
	f1    []float64

	ctlr   control.Controller
	ctl    control.State
	h      float64 // step last made
	fresh  bool    // slot 0 holds f at (T, U)
	ended  bool    // slot end does
	inside bool    // dense has the ends of the last step
}

// Restart makes (ws.T, ws.U) the start.
func (e *nystrom) Restart() error {
	ws := e.ws
	e.fresh, e.ended = false, false
	e.ctl.Reset()
	if err := e.first(); err != nil {
		return err
	}
	switch {
	case ws.H > 0:
	case ws.InitialStep > 0:
		ws.H = ws.InitialStep
	default:
		if nonFinite(e.du[0]) >= 0 {
			return ws.FailStep(0)
		}
		ws.H = ws.FirstStep(e.du[0], e.c.order)
	}
	return nil
}

// first evaluates f at (T, U), and looks whether x' = v still holds.
func (e *nystrom) first() error {
	ws := e.ws
	ws.RHS(ws.T, ws.U, e.du[0])
	e.fresh = true
	e.gather(0)
	e.views(ws.U, &e.x, &e.v)
	return e.check(e.v, e.du[0])
}

// gather makes the accelerations of slot i those of f there.
func (e *nystrom) gather(i int) {
	if e.pairs.x0 < 0 {
		e.pairs.pick(e.du[i], e.k[i])
	}
}

// check fails if x' is not v in du, evaluated with velocities vs.
func (e *nystrom) check(vs, du []float64) error {
	if k := e.pairs.holds(e.sigma, vs, du); k >= 0 {
		ws := e.ws
		x, v := int(e.pairs.X[k]), int(e.pairs.V[k])
		if nonFinite(du) >= 0 || nonFinite(vs) >= 0 {
			return ws.FailStep(0)
		}
		return ws.Fail(Unstable, "%s needs %s' = %s, which holds no longer; use a method for first-order equations such as Vern7",
			e.name, ws.P.state(x), ws.P.state(v))
	}
	return nil
}

// views sets x and v to the positions and velocities of u.
func (e *nystrom) views(u []float64, x, v *[]float64) {
	if p := e.pairs; p.x0 >= 0 {
		m := len(p.X)
		*x, *v = u[p.x0:p.x0+m:p.x0+m], u[p.v0:p.v0+m:p.v0+m]
	} else {
		p.split(u, *x, *v)
	}
}

// Step makes one accepted step.
func (e *nystrom) Step() error {
	ws := e.ws
	if !e.fresh {
		if e.ended {
			// Slot 0 holds f at the end of the step before, with velocities of x' if f has them.
			copy(e.k[0], e.k[e.end])
			e.fresh = true
		} else if err := e.first(); err != nil {
			return err
		}
	}
	e.views(ws.U, &e.x, &e.v)
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		e.h, e.inside = h, false
		norm := e.try(h, t)
		if norm <= 1 {
			if err := e.check(e.lastV, e.du[e.end]); err != nil {
				return err
			}
			if e.c.E != nil {
				factor := 1.0
				if h < 0.5*want {
					factor = want / h // cut short by TStop
				} else {
					factor = e.ctlr.AcceptedSquare(&e.ctl, norm, h)
				}
				ws.H = h * factor
			}
			ws.Accept(h, t)
			e.fresh, e.ended = false, true
			return nil
		}
		ws.Stats.Rejected++
		if e.c.E == nil {
			return ws.FailStep(h)
		}
		want = h * e.ctlr.Rejected(&e.ctl, math.Sqrt(norm))
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// try computes a step to UNew and the square of the norm of its error.
func (e *nystrom) try(h, t float64) float64 {
	ws, c := e.ws, e.c
	h1, h2 := e.sigma*h, e.sigma*h*h
	y, yx, yv, packed := e.y, e.yx, e.yv, e.pairs.x0 < 0
	if packed {
		e.pairs.join(y, e.x, e.v)
	} else {
		e.views(ws.UNew, &e.x1, &e.v1)
		copy(yv, e.v)
	}
	for i := 1; i < e.s; i++ {
		r := &e.rows[i]
		end := i == e.end // f at the end of the step
		if end {
			y, yx, yv = ws.UNew, e.x1, e.v1
			copy(yv, e.v)
		}
		r.sum(yx, e.x, e.v, h1*r.c, h2)
		if c.Abar != nil {
			e.rowsV[i].sum(yv, e.v, nil, 0, h)
		}
		switch {
		case !packed:
		case end || c.Abar != nil:
			e.pairs.join(y, yx, yv)
		default:
			e.pairs.put(y, yx)
		}
		at := t
		if r.c != 1 {
			at = ws.T + r.c*h
		}
		ws.RHS(at, y, e.du[i])
		e.gather(i)
	}
	if !c.FSAL {
		e.b.sum(e.x1, e.x, e.v, h1, h2)
	}
	if !c.FSAL || c.Abar == nil {
		e.bp.sum(e.v1, e.v, nil, 0, h)
		if packed {
			e.pairs.join(ws.UNew, e.x1, e.v1)
		}
	}
	e.lastV = e.v
	norm := 0.0 // the square of the error's norm
	switch {
	case c.EP != nil:
		e.e.sum(e.ex, nil, nil, 0, h2)
		e.ep.sum(e.ev, nil, nil, 0, h)
		norm = e.errors(true) / float64(max(2*len(e.x), 1))
	case c.E != nil:
		e.e.sum(e.ex, nil, nil, 0, h2)
		norm = e.errors(false) / float64(max(len(e.x), 1))
	}
	return e.finish(norm, t)
}

// finish evaluates f at the end of a step that is good so far, where no stage did.
func (e *nystrom) finish(norm, t float64) float64 {
	ws := e.ws
	if !e.c.FSAL || e.c.Abar != nil {
		e.lastV = e.v1
	}
	if !e.c.FSAL && norm <= 1 {
		ws.RHS(t, ws.UNew, e.du[e.end])
		e.gather(e.end)
		if nonFinite(e.du[e.end]) >= 0 {
			norm = math.NaN()
		}
	}
	return norm
}

// errors is the sum of the squares of the weighted errors of x and, if v is set, of v; NaN
// where a new value is not finite.
func (e *nystrom) errors(v bool) float64 {
	if !v {
		clear(e.ev)
	}
	sum := errorSquares(e.ex, e.ev, e.atx, e.atv, e.x, e.x1, e.v, e.v1, e.ws.RelTol)
	if sum-sum != 0 && nonFinite(e.x1) < 0 && nonFinite(e.v1) < 0 {
		// The product of two weights may be out of range where they are not.
		sum = 0
		for i := range e.ex {
			a := e.ex[i] / (e.atx[i] + e.ws.RelTol*max(math.Abs(e.x[i]), math.Abs(e.x1[i])))
			b := e.ev[i] / (e.atv[i] + e.ws.RelTol*max(math.Abs(e.v[i]), math.Abs(e.v1[i])))
			sum += a*a + b*b
		}
	}
	return sum
}

// stiffness estimates z = h*omega of the fastest oscillation from the two points at the end of the step, the last stage
// before it and the solution: the root of |k1 - k0| / |x1 - x0|. It is 0 if the table has no such points, and where the
// accelerations do not point back. No mode is damped, so that the cosine is 0. Call it right after a step.
func (e *nystrom) stiffness() (z, cosine float64) {
	if e.rows[e.end-1].c != 1 {
		return 0, 0
	}
	k0, k1 := e.k[e.end-1], e.k[e.end]
	num, den, dot := 0.0, 0.0, 0.0
	for k, x := range e.pairs.X {
		x1 := e.ws.U[x]
		w := 1 / (e.atx[k] + e.ws.RelTol*math.Abs(x1))
		a, b := (k1[k]-k0[k])*w, (x1-e.yx[k])*w
		num += a * a
		den += b * b
		dot += a * b
	}
	if !(den > 0 && dot < 0) {
		return 0, 0
	}
	return e.h * math.Sqrt(math.Sqrt(num/den)), 0
}

// reach is the number of stages and the stability bound on oscillations.
func (e *nystrom) reach() (stages int, bound float64) { return e.s, e.c.bound }

// oscillationBound is how far h*omega may go without growth by more than a hundredth in a step, on x” = -omega^2 x.
func oscillationBound(c *tableau.NystromCoeffs) float64 {
	s := len(c.B)
	y := make([]float64, s)
	step := func(h, x, v float64) (x1, v1 float64) { // v is h x'
		x1, v1 = x+v, v
		for i := range s {
			sum := 0.0
			for j, a := range c.A[i] {
				sum += a * y[j]
			}
			y[i] = x + c.C[i]*v - h*h*sum
			x1 -= h * h * c.B[i] * y[i]
			v1 -= h * h * c.BP[i] * y[i]
		}
		return x1, v1
	}
	grows := func(h float64) bool {
		a, b := step(h, 1, 0)
		p, q := step(h, 0, 1)
		trace, det := a+q, a*q-b*p
		if d := trace*trace/4 - det; d > 0 {
			return math.Abs(trace)/2+math.Sqrt(d) > 1.01
		}
		return math.Sqrt(det) > 1.01
	}
	h := 0.05
	for !grows(h+0.05) && h < 100 {
		h += 0.05
	}
	return h
}

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (e *nystrom) Slopes() (f0, f1 []float64) {
	if e.fresh || !e.ended {
		return nil, nil
	}
	ws := e.ws
	if e.f0 == nil {
		e.f0, e.f1 = make([]float64, ws.N()), make([]float64, ws.N())
	}
	for k, x := range e.pairs.X {
		v := e.pairs.V[k]
		e.f0[x], e.f1[x] = e.sigma*ws.UPrev[v], e.sigma*ws.U[v]
		e.f0[v], e.f1[v] = e.k[0][k], e.k[e.end][k]
	}
	return e.f0, e.f1
}

// Degree of the interpolant in t.
func (e *nystrom) Degree() int {
	if e.c.R != nil {
		return len(e.c.R[0]) + 1
	}
	return e.dense.degree()
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (e *nystrom) Interpolate(t float64, u []float64) {
	ws := e.ws
	if ws.ends(t, u) {
		return
	}
	theta := (t - ws.TPrev) / e.h
	if e.c.R == nil {
		if !e.inside {
			e.dense.begin(ws.TPrev, e.h, e.sigma, ws.UPrev, e.k[0], ws.U, e.k[e.end])
			e.inside = true
		}
		e.dense.at(theta, u)
		return
	}
	th := theta * e.h
	var wx, wv [16]float64
	for i := range e.c.R {
		wx[i], wv[i] = horner(e.c.R[i], theta), horner(e.c.Rp[i], theta)
	}
	for k, x := range e.pairs.X {
		v := e.pairs.V[k]
		sx, sv := 0.0, 0.0
		for i := range e.c.R {
			sx += wx[i] * e.k[i][k]
			sv += wv[i] * e.k[i][k]
		}
		u[x] = ws.UPrev[x] + e.sigma*th*(ws.UPrev[v]+th*sx)
		u[v] = ws.UPrev[v] + th*sv
	}
}

// horner is the polynomial with coefficients c, the lowest first, at x.
func horner(c []float64, x float64) float64 {
	s := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		s = s*x + c[i]
	}
	return s
}

// Archive visits the accelerations of the last step, its interpolant, and what the controller
// remembers. Stage values and error estimates do not outlive a step.
func (e *nystrom) Archive(a *archive.Archive) {
	a.Floats(e.k...)
	e.ctl.Archive(a)
	a.Float(&e.h)
	a.Bool(&e.fresh, &e.ended, &e.inside)
	if e.dense != nil {
		e.dense.Archive(a)
	}
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (e *nystrom) Projected() { e.fresh, e.ended = false, false }
