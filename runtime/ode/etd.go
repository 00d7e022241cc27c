package ode

// Exponential Runge-Kutta methods for f = A u + g(t, u) with a constant A, in fixed steps:
//
//	U_i = e^{c_i hA} u + h sum_j a_ij(hA) g(t + c_j h, U_j),  u1 = e^{hA} u + h sum_i b_i(hA) g(t + c_i h, U_i),
//
// where a_ij and b_i are sums of phi functions. The stiffness of A limits neither the step nor,
// for methods of stiff order, the accuracy.
//
//   - Lawson methods are Runge-Kutta methods for e^{-tA} u (Lawson, SIAM J. Numer. Anal. 4, 1967);
//     on stiff problems their order may fall to 1.
//   - ETDRK2, ETDRK3, ETDRK4: Cox, Matthews, J. Comput. Phys. 176, 2002. Krogstad4: J. Comput.
//     Phys. 203, 2005. In the worst case of a parabolic problem ETDRK4 has order 2, Krogstad4 3.
//   - HochOst4: Hochbruck, Ostermann, SIAM J. Numer. Anal. 43, 2005, order 4 for parabolic problems.
//
// Up to denseBelow equations the functions of hA are computed as dense matrices, once for a length of step;
// steps are a little shorter than what is asked for so that a whole number meets TStop. Above, products come from Krylov
// subspaces, with an error of krylovPart of the tolerance each.
//
// The interpolant is the Hermite polynomial through the last three points, of degree 5, or, after a
// restart, through two, of degree 3: what decays or oscillates within a step is not seen by it.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// denseBelow is the number of equations up to which phi functions are dense matrices.
const denseBelow = 200

// etdTerm is c phi_k(scale hA).
type etdTerm struct {
	c     float64
	k     int
	scale float64
}

// etdRow is a stage or the solution: e^{scale hA} of a stage or u, and weights of the g.
type etdRow struct {
	c    float64     // time of the stage
	from int         // stage that the exponential is of; -1: u
	e    float64     // its scale
	a    [][]etdTerm // by stage
}

type etdMethod struct {
	name      string
	order     int
	rows      []etdRow // the stages behind the first, then the solution
	reference string
	text      string
}

func init() {
	phi := func(c float64, k int, scale float64) etdTerm { return etdTerm{c, k, scale} }
	type terms = []etdTerm
	const cox, lawson = "Cox, Matthews 2002 J. Comput. Phys. 176", "Lawson 1967 SIAM J. Numer. Anal. 4"
	half := terms{phi(0.5, 1, 0.5)}
	// Weights of the methods of order 4 with stages at 0, 1/2, 1/2, 1.
	b1, b23, b4 := terms{phi(1, 1, 1), phi(-3, 2, 1), phi(4, 3, 1)}, terms{phi(2, 2, 1), phi(-4, 3, 1)}, terms{phi(-1, 2, 1), phi(4, 3, 1)}
	krogstad := []etdRow{
		{c: 0.5, from: -1, e: 0.5, a: [][]etdTerm{half}},
		{c: 0.5, from: -1, e: 0.5, a: [][]etdTerm{{phi(0.5, 1, 0.5), phi(-1, 2, 0.5)}, {phi(1, 2, 0.5)}}},
	}
	a52 := terms{phi(0.5, 2, 0.5), phi(-1, 3, 1), phi(0.25, 2, 1), phi(-0.5, 3, 0.5)}
	for _, m := range []*etdMethod{
		{"LawsonEuler", 1, []etdRow{{1, -1, 1, [][]etdTerm{{phi(1, 0, 1)}}}}, lawson, "Lawson-Euler method"},
		{"NorsettEuler", 1, []etdRow{{1, -1, 1, [][]etdTerm{{phi(1, 1, 1)}}}}, "Norsett 1969; Certaine 1960", "exponential Euler method"},
		{"ETDRK2", 2, []etdRow{
			{1, -1, 1, [][]etdTerm{{phi(1, 1, 1)}}},
			{1, -1, 1, [][]etdTerm{{phi(1, 1, 1), phi(-1, 2, 1)}, {phi(1, 2, 1)}}},
		}, cox, "exponential time differencing"},
		{"ETDRK3", 3, []etdRow{
			{0.5, -1, 0.5, [][]etdTerm{half}},
			{1, -1, 1, [][]etdTerm{{phi(-1, 1, 1)}, {phi(2, 1, 1)}}},
			{1, -1, 1, [][]etdTerm{b1, {phi(4, 2, 1), phi(-8, 3, 1)}, b4}},
		}, cox, "exponential time differencing"},
		{"ETDRK4", 4, []etdRow{
			{0.5, -1, 0.5, [][]etdTerm{half}},
			{0.5, -1, 0.5, [][]etdTerm{nil, half}},
			{1, 1, 0.5, [][]etdTerm{{phi(-0.5, 1, 0.5)}, nil, {phi(1, 1, 0.5)}}},
			{1, -1, 1, [][]etdTerm{b1, b23, b23, b4}},
		}, cox, "exponential time differencing"},
		{"Krogstad4", 4, append(krogstad[:2:2],
			etdRow{1, -1, 1, [][]etdTerm{{phi(1, 1, 1), phi(-2, 2, 1)}, nil, {phi(2, 2, 1)}}},
			etdRow{1, -1, 1, [][]etdTerm{b1, b23, b23, b4}},
		), "Krogstad 2005 J. Comput. Phys. 203", "exponential time differencing"},
		{"HochOst4", 4, append(krogstad[:2:2],
			etdRow{1, -1, 1, [][]etdTerm{{phi(1, 1, 1), phi(-2, 2, 1)}, {phi(1, 2, 1)}, {phi(1, 2, 1)}}},
			etdRow{0.5, -1, 0.5, [][]etdTerm{
				{phi(0.5, 1, 0.5), phi(-0.25, 2, 0.5), phi(-0.5, 2, 0.5), phi(1, 3, 1), phi(-0.25, 2, 1), phi(0.5, 3, 0.5)}, a52, a52,
				{phi(0.25, 2, 0.5), phi(-0.5, 2, 0.5), phi(1, 3, 1), phi(-0.25, 2, 1), phi(0.5, 3, 0.5)},
			}},
			etdRow{1, -1, 1, [][]etdTerm{b1, nil, nil, b4, {phi(4, 2, 1), phi(-8, 3, 1)}}},
		), "Hochbruck, Ostermann 2005 SIAM J. Numer. Anal. 43", "exponential Runge-Kutta method, full order on parabolic problems"},
		{"LawsonRK4", 4, []etdRow{
			{0.5, -1, 0.5, [][]etdTerm{{phi(0.5, 0, 0.5)}}},
			{0.5, -1, 0.5, [][]etdTerm{nil, {phi(0.5, 0, 0)}}},
			{1, -1, 1, [][]etdTerm{nil, nil, {phi(1, 0, 0.5)}}},
			{1, -1, 1, [][]etdTerm{{phi(1.0/6, 0, 1)}, {phi(1.0/3, 0, 0.5)}, {phi(1.0/3, 0, 0.5)}, {phi(1.0/6, 0, 0)}}},
		}, lawson, "Lawson method on the classical Runge-Kutta method"},
	} {
		Register(m)
	}
}

// Info describes the method.
func (m *etdMethod) Info() Info {
	return Info{
		Name: m.name, Use: SemiLinear, Order: m.order, Stages: len(m.rows), Implicit: true, Needs: "f = A u + g(t, u)",
		Stability: "exact for linear problems", Reference: m.reference,
		Description: fmt.Sprintf("%s of order %d for f = A u + g(t, u) with a constant A, fixed steps", m.text, m.order),
	}
}

// New returns a stepper; a problem with algebraic rows is an error.
func (m *etdMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			m.name, len(ws.Alg), ws.P.title())
	}
	if !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give --step, or Options.InitialStep", m.name)
	}
	n := ws.N()
	e := &etd{ws: ws, m: m, lin: newLinearPart(ws)}
	for range m.rows {
		e.g, e.u = append(e.g, make([]float64, n)), append(e.u, make([]float64, n))
	}
	for _, v := range []*[]float64{&e.f, &e.fNew, &e.sum, &e.before.u, &e.before.f} {
		*v = make([]float64, n)
	}
	if n <= denseBelow {
		e.compile()
	} else {
		e.kry = newKrylov(n, 3)
		e.kry.apply = func(x, y []float64) {
			e.lin.mul(x, y)
			for i := range y {
				y[i] *= e.scale
			}
		}
		for range 4 {
			e.b = append(e.b, make([]float64, n))
		}
	}
	return e, nil
}

// etd is the stepper of one run.
type etd struct {
	ws  *Workspace
	m   *etdMethod
	lin *linearPart

	g, u [][]float64 // of the stages; u[0] is not used
	sum  []float64

	// Dense: every row as products of matrices and sums of vectors.
	dense    []etdProducts
	matrices [][]float64 // distinct ones
	lists    [][]etdTerm // what they are sums of
	phi      *phiFunctions
	a        []float64 // A by rows
	made     float64   // length of step that the matrices are for, 0: none

	kry   *krylov
	b, in [][]float64
	scale float64

	f, fNew  []float64
	before   hermiteBefore
	h        float64
	stop     float64 // TStop for which steps were chosen
	length   float64 // of these steps
	fresh    bool    // f is f at (T, U)
	ended    bool    // a step was made since the restart
	endSlope bool    // fNew is f at the end of it
}

// etdProducts is a row: the sum of matrix k times the sum of the g in js.
type etdProducts struct {
	base  int // matrix of the exponential
	terms []etdProduct
}

type etdProduct struct {
	matrix int
	js     []int
}

// compile lists the distinct matrices of all rows.
func (e *etd) compile() {
	find := func(list []etdTerm) int {
		for k, l := range e.lists {
			same := len(l) == len(list)
			for i := range list {
				same = same && l[i] == list[i]
			}
			if same {
				return k
			}
		}
		e.lists = append(e.lists, list)
		return len(e.lists) - 1
	}
	for _, r := range e.m.rows {
		p := etdProducts{base: find([]etdTerm{{1, 0, r.e}})}
	next:
		for j, list := range r.a {
			if list == nil {
				continue
			}
			// A term of k = -1 in front says that the sum is times h.
			k := find(append([]etdTerm{{0, -1, 0}}, list...))
			for i := range p.terms {
				if p.terms[i].matrix == k {
					p.terms[i].js = append(p.terms[i].js, j)
					continue next
				}
			}
			p.terms = append(p.terms, etdProduct{k, []int{j}})
		}
		e.dense = append(e.dense, p)
	}
	n := e.ws.N()
	for range e.lists {
		e.matrices = append(e.matrices, make([]float64, n*n))
	}
	e.phi = newPhi(n, 3)
	e.a = make([]float64, n*n)
}

// make computes the matrices for steps of length h.
func (e *etd) make(h float64) bool {
	n := e.ws.N()
	clear(e.a)
	p := e.lin.pattern
	for j := range n {
		for k := p.ColPtr[j]; k < p.ColPtr[j+1]; k++ {
			e.a[int(p.RowIdx[k])*n+j] = e.lin.vals[k]
		}
	}
	for _, m := range e.matrices {
		clear(m)
	}
	for _, scale := range [...]float64{0, 0.5, 1} {
		used := false
		for _, list := range e.lists {
			for _, t := range list {
				used = used || t.k >= 0 && t.scale == scale
			}
		}
		if !used {
			continue
		}
		if !e.phi.compute(n, e.a, scale*h) {
			return false
		}
		for k, list := range e.lists {
			by := 1.0
			for _, t := range list {
				if t.k < 0 {
					by = h
				} else if t.scale == scale {
					m, c := e.matrices[k], by*t.c
					for i, v := range e.phi.phi[t.k] {
						m[i] += c * v
					}
				}
			}
		}
	}
	e.made = h
	return true
}

// Restart makes (ws.T, ws.U) the start.
func (e *etd) Restart() error {
	ws := e.ws
	ws.RHS(ws.T, ws.U, e.f)
	e.fresh, e.ended, e.before.valid, e.stop = true, false, false, math.NaN()
	changed, ok := e.lin.restart(e.f)
	if !ok {
		return ws.Fail(Unstable, "the linear part of %s is not finite", ws.P.title())
	}
	if changed {
		e.made = 0
	}
	ws.H = ws.InitialStep
	return nil
}

// Step makes one step.
func (e *etd) Step() error {
	ws, m := e.ws, e.m
	if err := ws.Begin(); err != nil {
		return err
	}
	if !e.fresh {
		if e.ended {
			e.before.t, e.before.valid = ws.TPrev, true
			copy(e.before.u, ws.UPrev)
			copy(e.before.f, e.f)
		}
		if e.ended && e.endSlope {
			e.f, e.fNew = e.fNew, e.f
		} else {
			ws.RHS(ws.T, ws.U, e.f)
		}
		e.fresh = true
	}
	if e.stop != ws.TStop {
		e.stop = ws.TStop
		left := ws.TStop - ws.T
		h := min(ws.InitialStep, ws.HMax)
		e.length = left / max(1, math.Ceil(left/h*(1-1e-9)))
	}
	h, t := ws.Clip(e.length)
	e.h = h
	copy(e.g[0], e.f)
	e.lin.subtract(ws.U, e.g[0])
	if e.kry != nil {
		e.kry.weigh(ws, ws.U)
	} else if !(math.Abs(h-e.made) <= 1e-11*h) {
		// Steps that differ by the rounding of time share their matrices: e^{-z} changes by 4e-12.
		if !e.make(h) {
			return ws.Fail(Unstable, "the exponential of the linear part of %s is not finite for steps of %v; use shorter ones", ws.P.title(), h)
		}
	}
	for i := range m.rows {
		dst := ws.UNew
		if i < len(m.rows)-1 {
			dst = e.u[i+1]
		}
		if !e.row(i, dst, h) || nonFinite(dst) >= 0 {
			return ws.FailStep(h)
		}
		if i < len(m.rows)-1 {
			at := t
			if c := m.rows[i].c; c != 1 {
				at = ws.T + c*h
			}
			e.lin.rest(at, dst, e.g[i+1])
		}
	}
	ws.Accept(h, t)
	ws.H = ws.InitialStep
	e.fresh, e.ended, e.endSlope = false, true, false
	return nil
}

// row computes a row to dst. It reports false where a Krylov space failed.
func (e *etd) row(i int, dst []float64, h float64) bool {
	r := &e.m.rows[i]
	from := e.ws.U
	if r.from >= 0 {
		from = e.u[r.from]
	}
	if e.kry == nil {
		p := &e.dense[i]
		clear(dst)
		addProduct(dst, e.matrices[p.base], from)
		for k := range p.terms {
			t := &p.terms[k]
			v := e.g[t.js[0]]
			if len(t.js) > 1 {
				copy(e.sum, v)
				for _, j := range t.js[1:] {
					for l, x := range e.g[j] {
						e.sum[l] += x
					}
				}
				v = e.sum
			}
			addProduct(dst, e.matrices[t.matrix], v)
		}
		return true
	}
	clear(dst)
	for _, scale := range [...]float64{0, 0.5, 1} {
		for k := range e.b {
			clear(e.b[k])
		}
		last := -1
		if r.e == scale {
			copy(e.b[0], from)
			last = 0
		}
		for j, list := range r.a {
			for _, t := range list {
				if t.scale == scale {
					c := h * t.c
					for l, x := range e.g[j] {
						e.b[t.k][l] += c * x
					}
					last = max(last, t.k)
				}
			}
		}
		if last < 0 {
			continue
		}
		if scale == 0 {
			for k, b := range e.b[:last+1] {
				c := 1 / factorial(k)
				for l, x := range b {
					dst[l] += c * x
				}
			}
			continue
		}
		e.scale = scale * h
		e.in = append(e.in[:0], e.sum)
		if !e.kry.run(e.b[:last+1], whole, e.in, krylovPart) {
			return false
		}
		for l, x := range e.sum {
			dst[l] += x
		}
	}
	return true
}

// addProduct adds a v to dst, a by rows.
func addProduct(dst, a, v []float64) {
	n := len(dst)
	v = v[:n]
	for i := range dst {
		row := a[i*n : i*n+n]
		s0, s1 := 0.0, 0.0
		j := 0
		for ; j+2 <= n; j += 2 {
			s0 += row[j] * v[j]
			s1 += row[j+1] * v[j+1]
		}
		if j < n {
			s0 += row[j] * v[j]
		}
		dst[i] += s0 + s1
	}
}

// Degree of the interpolant in t.
func (e *etd) Degree() int {
	if e.before.valid {
		return 5
	}
	return 3
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (e *etd) Interpolate(t float64, u []float64) {
	ws := e.ws
	if ws.ends(t, u) {
		return
	}
	if !e.endSlope {
		e.endSlope = true
		ws.RHS(ws.T, ws.U, e.fNew)
	}
	e.before.hermite(t, u, ws.TPrev, ws.UPrev, e.f, e.h, ws.U, e.fNew)
}

// Archive visits f at both ends of the last step, the point before, A, and the length of step that the
// matrices are for, from which they are made again.
func (e *etd) Archive(a *archive.Archive) {
	a.Floats(e.f, e.fNew, e.before.u, e.before.f)
	archiveLinear(a, e.lin)
	a.Float(&e.before.t, &e.h, &e.stop, &e.length, &e.made)
	a.Bool(&e.before.valid, &e.fresh, &e.ended, &e.endSlope)
	if e.kry != nil {
		e.kry.Archive(a)
	} else if a.Loading() && a.Err() == nil && e.made > 0 && !e.make(e.made) {
		a.Fail("the linear part of the archive is not finite")
	}
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (e *etd) Projected() { e.fresh, e.ended, e.before.valid, e.endSlope = false, false, false, false }

// hermiteBefore is the point before the last step, with f.
type hermiteBefore struct {
	t     float64
	u, f  []float64
	valid bool
}

// hermite writes to u the polynomial of degree 3 through u0, f0 at t0 and u1, f1 at t0 + h, plus,
// if b is valid, the term that takes it through b as well, of degree 5.
func (b *hermiteBefore) hermite(t float64, u []float64, t0 float64, u0, f0 []float64, h float64, u1, f1 []float64) {
	theta := (t - t0) / h
	// (theta (theta-1))^2 (c + g (theta-s)), s the point before: c from its value, g from its slope.
	s := (b.t - t0) / h
	q := theta * (theta - 1)
	qs, dqs := s*(s-1), 2*s-1
	for i := range u {
		hf := h * f0[i]
		d := (u1[i] - u0[i]) - hf
		e := (h*f1[i] - hf) - 2*d
		v := u0[i] + theta*(hf+theta*(d+(theta-1)*e))
		if b.valid {
			at := u0[i] + s*(hf+s*(d+(s-1)*e))
			slope := hf + s*(2*(d+(s-1)*e)+s*e)
			c := (b.u[i] - at) / (qs * qs)
			g := (h*b.f[i] - slope - 2*qs*dqs*c) / (qs * qs)
			v += q * q * (c + (theta-s)*g)
		}
		u[i] = v
	}
}
