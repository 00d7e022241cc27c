package ode

// Exponential methods with the Jacobian: for u' = F(t, u), J = dF/du and v = dF/dt at the
// start of a step,
//
//	u1 = u + h phi_1(hJ) F + h^2 phi_2(hJ) v + corrections from D_j,
//	D_j = F(t + c_j h, U_j) - F(t, u) - J (U_j - u) - c_j h v,
//
// so that the linear part of a stiff problem is solved exactly and only what is left of F
// is approximated. No linear systems are solved: products of phi functions and vectors come from
// Krylov subspaces, whose errors are kept to a small part of the tolerance in the norm of the error test,
// so the methods suit large problems whose stiffness is that of diffusion or oscillation.
//
//   - exprb32, exprb43: Hochbruck, Ostermann, Schweitzer, SIAM J. Numer. Anal. 47(1), 2009;
//     their orders hold for parabolic problems too.
//   - exprb53s3: Luan, Ostermann, J. Comput. Appl. Math. 255, 2014. The estimate is against
//     the method of order 3 with the weight 8 phi_3 of the stage at 1/2.
//   - EPIRK5P1: Tokman, Loffeld, Tranquilli, SIAM J. Sci. Comput. 34(5), 2012; order 5 for
//     nonstiff problems, embedded order 4, three Krylov spaces a step.
//
// Steps may be much longer than a period of a fast linear oscillation, or than a transient that
// decays, since both are solved exactly. No Hermite polynomial follows these, so the interpolant
// is of the same kind as the methods: what is left of F along the step is taken as tau^2 alpha +
// tau^3 beta through the D_j, and the linear problem with that is solved exactly, by
// one more Krylov space. That is the method itself at the end of the step for the first three,
// and of order 4 between, 3 for Exprb32. Its values at Chebyshev points, as many as it takes, make a polynomial.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
)

func init() {
	const hos, tokman = "Hochbruck, Ostermann, Schweitzer 2009 SIAM J. Numer. Anal. 47(1)", "Tokman, Loffeld, Tranquilli 2012 SIAM J. Sci. Comput. 34(5)"
	for _, m := range []*exprbMethod{
		{name: "Exprb32", order: 3, embedded: 2, stages: 2, c: [2]float64{1, 0}, step: (*exprb).step32, reference: hos},
		{name: "Exprb43", order: 4, embedded: 3, stages: 3, c: [2]float64{0.5, 1}, step: (*exprb).step43, reference: hos},
		{name: "Exprb53s3", order: 5, embedded: 3, stages: 3, c: [2]float64{0.5, 0.9}, step: (*exprb).step53, reference: "Luan, Ostermann 2014 J. Comput. Appl. Math. 255"},
		{name: "EPIRK5P1", order: 5, embedded: 4, stages: 3, c: [2]float64{epirkA11, epirkA21}, step: (*exprb).stepEPIRK, reference: tokman},
	} {
		Register(m)
	}
}

type exprbMethod struct {
	name                    string
	order, embedded, stages int
	c                       [2]float64                     // nodes of D_1 and D_2; the second 0: there is none
	step                    func(e *exprb, h float64) bool // writes UNew and err
	reference               string
}

// Info describes the method.
func (m *exprbMethod) Info() Info {
	return Info{
		Name: m.name, Use: SemiLinear, Order: m.order, Embedded: m.embedded, Stages: m.stages, Implicit: true,
		Stability: "exact for linear problems", Reference: m.reference,
		Description: fmt.Sprintf("exponential method of order %d(%d) with the Jacobian in Krylov subspaces, for large problems with diffusion or fast linear oscillations", m.order, m.embedded),
	}
}

// New returns a stepper; a problem with algebraic rows is an error.
func (m *exprbMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			m.name, len(ws.Alg), ws.P.title())
	}
	n := ws.N()
	e := &exprb{ws: ws, m: m, jac: &linearPart{ws: ws}, kry: newKrylov(n, 4), ctl: ws.controller(control.PI(m.embedded))}
	e.jac.shapeUp()
	for _, v := range []*[]float64{&e.f, &e.fNew, &e.v, &e.y, &e.d1, &e.d2, &e.b1, &e.b2, &e.b3, &e.b4, &e.w1, &e.w2, &e.w3, &e.w4, &e.err} {
		*v = make([]float64, n)
	}
	e.kry.apply = func(x, y []float64) {
		e.jac.mul(x, y)
		for i := range y {
			y[i] *= e.h
		}
	}
	return e, nil
}

// exprb is the stepper of one run.
type exprb struct {
	ws  *Workspace
	m   *exprbMethod
	jac *linearPart // J, at the start of the step
	kry *krylov
	ctl control.Controller

	f, fNew []float64 // F at the start and the end of the step
	v       []float64 // dF/dt
	y       []float64
	d1, d2  []float64 // D of the stages
	err     []float64

	b1, b2, b3, b4 []float64 // operands and results of products
	w1, w2, w3, w4 []float64
	in             [5][]float64
	out            [4][]float64
	taus           [4]float64

	dense exprbDense
	state control.State
	h     float64
	fresh bool // f is F at (T, U)
	ended bool // fNew is
	known bool // J and v are those at (T, U)
}

// krylovPart is how much of the tolerance the error of a product of phi functions may be.
const krylovPart = 0.02

// Restart makes (ws.T, ws.U) the start.
func (e *exprb) Restart() error {
	ws := e.ws
	e.fresh, e.ended, e.known = false, false, false
	e.state.Reset()
	if ws.H > 0 {
		return nil
	}
	if ws.InitialStep > 0 {
		ws.H = ws.InitialStep
		return nil
	}
	ws.RHS(ws.T, ws.U, e.f)
	if nonFinite(e.f) >= 0 {
		return ws.FailStep(0)
	}
	e.fresh = true
	ws.H = ws.FirstStep(e.f, e.m.order)
	return nil
}

// Step makes one accepted step.
func (e *exprb) Step() error {
	ws := e.ws
	if !e.fresh {
		if e.ended {
			e.f, e.fNew = e.fNew, e.f
		} else {
			ws.RHS(ws.T, ws.U, e.f)
		}
		e.fresh = true
	}
	if !e.known {
		if _, ok := e.jac.restart(e.f); !ok {
			return ws.Fail(Unstable, "the Jacobian is not finite at t = %v; use an explicit method, or a start where it is", ws.Time(ws.T))
		}
		ws.TGrad(ws.T, ws.U, e.f, e.v)
		e.known = true
	}
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		e.h = h
		e.kry.weigh(ws, ws.U)
		norm := math.NaN()
		if e.m.step(e, h) {
			norm = ws.ErrNorm(e.err, ws.U, ws.UNew)
		}
		if norm <= 1 {
			ws.RHS(t, ws.UNew, e.fNew)
			if nonFinite(e.fNew) >= 0 || ws.leaps(h, e.f, e.fNew) {
				norm = math.NaN()
			}
		}
		if norm <= 1 {
			factor := 1.0
			if h < 0.5*want {
				factor = want / h // cut short by TStop
			} else {
				factor = e.ctl.Accepted(&e.state, norm, h)
			}
			ws.H = h * factor
			ws.Accept(h, t)
			e.fresh, e.ended, e.known, e.dense.ready = false, true, false, false
			return nil
		}
		ws.Stats.Rejected++
		want = h * e.ctl.Rejected(&e.state, norm)
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// products computes w(tau) of the operands b, nil for zero, b_1 first, into out.
func (e *exprb) products(b1, b2, b3, b4 []float64, taus []float64, out ...[]float64) bool {
	e.in = [5][]float64{nil, b1, b2, b3, b4}
	last := 4
	for last > 1 && e.in[last] == nil {
		last--
	}
	copy(e.out[:], out)
	copy(e.taus[:], taus)
	return e.kry.run(e.in[:last+1], e.taus[:len(taus)], e.out[:len(out)], krylovPart)
}

// start computes the parts of stages and of the solution that come from F and v: w(tau) =
// tau phi_1 hF + tau^2 phi_2 h^2 v.
func (e *exprb) start(h float64, taus []float64, out ...[]float64) bool {
	still := true
	for i, f := range e.f {
		e.b1[i], e.b2[i] = h*f, h*h*e.v[i]
		still = still && e.v[i] == 0
	}
	if still {
		return e.products(e.b1, nil, nil, nil, taus, out...)
	}
	return e.products(e.b1, e.b2, nil, nil, taus, out...)
}

// rest writes h D of the stage u + du at c of the step to d.
func (e *exprb) rest(h, c float64, du, d []float64) bool {
	ws := e.ws
	for i, u := range ws.U {
		e.y[i] = u + du[i]
	}
	ws.RHS(ws.T+c*h, e.y, d)
	e.jac.mul(du, e.y)
	for i := range d {
		d[i] = h * (d[i] - e.f[i] - e.y[i] - c*h*e.v[i])
	}
	return nonFinite(d) < 0
}

var whole = []float64{1}

// step32: c_2 = 1, b_2 = 2 phi_3.
func (e *exprb) step32(h float64) bool {
	if !e.start(h, whole, e.w1) || !e.rest(h, 1, e.w1, e.d1) {
		return false
	}
	for i, d := range e.d1 {
		e.b3[i] = 2 * d
	}
	if !e.products(nil, nil, e.b3, nil, whole, e.err) {
		return false
	}
	for i, u := range e.ws.U {
		e.ws.UNew[i] = u + (e.w1[i] + e.err[i])
	}
	return true
}

var halfWhole = []float64{0.5, 1}

// step43: c_2 = 1/2, c_3 = 1, a_32 = phi_1, b_2 = 16 phi_3 - 48 phi_4, b_3 = -2 phi_3 + 12 phi_4;
// the embedded method is without the phi_4.
func (e *exprb) step43(h float64) bool {
	if !e.start(h, halfWhole, e.w1, e.w2) || !e.rest(h, 0.5, e.w1, e.d1) {
		return false
	}
	if !e.products(e.d1, nil, nil, nil, whole, e.w1) {
		return false
	}
	for i, w := range e.w2 {
		e.w1[i] += w
	}
	if !e.rest(h, 1, e.w1, e.d2) {
		return false
	}
	for i, d := range e.d1 {
		e.b3[i], e.b4[i] = 16*d-2*e.d2[i], -48*d+12*e.d2[i]
	}
	if !e.products(nil, nil, e.b3, nil, whole, e.w1) || !e.products(nil, nil, nil, e.b4, whole, e.err) {
		return false
	}
	for i, u := range e.ws.U {
		e.ws.UNew[i] = u + (e.w2[i] + (e.w1[i] + e.err[i]))
	}
	return true
}

var nodes53 = []float64{0.5, 0.9, 1}

// step53: c_2 = 1/2, c_3 = 9/10, a_32 = 27/25 phi_3(c_2 hJ) + 729/125 phi_3(c_3 hJ), b_2 = 18 phi_3 -
// 60 phi_4, b_3 = -250/81 phi_3 + 500/27 phi_4. w(tau) of b_3 = h D_2 is tau^3 phi_3(tau hJ) h D_2.
func (e *exprb) step53(h float64) bool {
	if !e.start(h, nodes53, e.w1, e.w2, e.w3) || !e.rest(h, 0.5, e.w1, e.d1) {
		return false
	}
	if !e.products(nil, nil, e.d1, nil, nodes53, e.w1, e.w4, e.err) {
		return false
	}
	for i, w := range e.w2 {
		e.w1[i] = w + (27.0/25*8*e.w1[i] + 8*e.w4[i])
		e.w2[i] = e.w3[i] + 8*e.err[i] // the embedded solution
	}
	if !e.rest(h, 0.9, e.w1, e.d2) {
		return false
	}
	for i, d := range e.d1 {
		e.b3[i], e.b4[i] = 10*d-250.0/81*e.d2[i], -60*d+500.0/27*e.d2[i]
	}
	if !e.products(nil, nil, e.b3, e.b4, whole, e.err) {
		return false
	}
	for i, u := range e.ws.U {
		e.ws.UNew[i] = u + (e.w2[i] + e.err[i])
	}
	return true
}

// EPIRK5P1 (table 3 of the paper), and the nodes of its embedded method.
const (
	epirkA11 = 0.35129592695058193092 // = g_11
	epirkA21 = 0.84405472011657126298 // = g_21
	epirkA22 = 1.6905891609568963624
	epirkB2  = 1.2727127317356892397
	epirkB3  = 2.2714599265422622275
	epirkG22 = 0.5
	epirkG32 = 0.71111095364366870359
	epirkG33 = 0.62378111953371494809
	epirkH32 = 0.5 // embedded
	epirkH33 = 1.0
)

var (
	epirk1 = []float64{epirkA11, epirkA21, 1}
	epirk2 = []float64{epirkG22, epirkG32}
	epirk3 = []float64{epirkG33, epirkH33}
)

// stepEPIRK: stages u + a11 phi_1(g11) hF and u + a21 phi_1(g21) hF + a22 phi_1(g22) h D_1, and
// u1 = u + phi_1 hF + b2 phi_1(g32) h D_1 + b3 phi_3(g33) h (D_2 - 2 D_1).
func (e *exprb) stepEPIRK(h float64) bool {
	if !e.start(h, epirk1, e.w1, e.w2, e.w3) || !e.rest(h, epirkA11, e.w1, e.d1) {
		return false
	}
	if !e.products(e.d1, nil, nil, nil, epirk2, e.w1, e.w4) {
		return false
	}
	for i, w := range e.w1 {
		e.w2[i] += epirkA22 / epirkG22 * w
	}
	if !e.rest(h, epirkA21, e.w2, e.d2) {
		return false
	}
	for i, d := range e.d1 {
		e.b3[i] = e.d2[i] - 2*d
	}
	if !e.products(nil, nil, e.b3, nil, epirk3, e.w2, e.err) {
		return false
	}
	const cube = epirkG33 * epirkG33 * epirkG33
	for i, u := range e.ws.U {
		second, embedded := epirkB2/epirkG32*e.w4[i], epirkB2/epirkH32*e.w1[i]
		third, embedded3 := epirkB3/cube*e.w2[i], epirkB3*e.err[i]
		e.err[i] = (second - embedded) + (third - embedded3)
		e.ws.UNew[i] = u + (e.w3[i] + (second + third))
	}
	return true
}

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (e *exprb) Slopes() (f0, f1 []float64) {
	if e.fresh || !e.ended {
		return nil, nil
	}
	return e.f, e.fNew
}

// exprbDense is the interpolant of the last step: values at Chebyshev points of the second kind.
type exprbDense struct {
	ready  bool
	degree int
	vals   [][]float64 // degree+1 of them; those at the ends are not used
	taus   []float64
	tail   []float64
}

const (
	leastDegree = 6
	mostDegree  = 96
)

// Degree of the interpolant in t.
func (e *exprb) Degree() int {
	e.prepare()
	return e.dense.degree
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (e *exprb) Interpolate(t float64, u []float64) {
	ws := e.ws
	if ws.ends(t, u) {
		return
	}
	e.prepare()
	d := &e.dense
	theta := (t - ws.TPrev) / e.h
	clear(u)
	sum := 0.0
	for i := range d.degree + 1 {
		v := d.vals[i]
		switch i {
		case 0:
			v = ws.UPrev
		case d.degree:
			v = ws.U
		}
		x := theta - node(i, d.degree)
		if x == 0 {
			copy(u, v)
			return
		}
		w := 1 / x
		if i == 0 || i == d.degree {
			w /= 2
		}
		if i&1 == 1 {
			w = -w
		}
		sum += w
		for k, y := range v {
			u[k] += w * y
		}
	}
	for k := range u {
		u[k] /= sum
	}
}

// prepare computes the interpolant of the last step with as many points as it takes: until
// its last two Chebyshev coefficients are below a tenth of the tolerance.
func (e *exprb) prepare() {
	d := &e.dense
	if d.ready {
		return
	}
	d.ready = true
	for d.degree = max(d.degree*3/4, leastDegree); ; d.degree = min(d.degree*3/2, mostDegree) {
		tail := e.nodes()
		if tail <= 0.1 || d.degree == mostDegree {
			return
		}
	}
}

// nodes computes the values at the Chebyshev points and returns the norm of the last two
// coefficients.
func (e *exprb) nodes() float64 {
	ws, d, n := e.ws, &e.dense, e.ws.N()
	for len(d.vals) <= d.degree {
		d.vals = append(d.vals, make([]float64, n))
	}
	d.taus = d.taus[:0]
	for i := 1; i <= d.degree; i++ {
		d.taus = append(d.taus, node(i, d.degree))
	}
	c1, c2 := e.m.c[0], e.m.c[1]
	for i, d1 := range e.d1 {
		alpha, beta := d1/(c1*c1), 0.0
		if c2 > 0 {
			beta = (e.d2[i]/(c2*c2) - alpha) / (c2 - c1)
			alpha -= c1 * beta
		}
		e.b1[i], e.b2[i], e.b3[i], e.b4[i] = e.h*e.f[i], e.h*e.h*e.v[i], 2*alpha, 6*beta
	}
	e.in = [5][]float64{nil, e.b1, e.b2, e.b3, e.b4}
	ok := e.kry.run(e.in[:], d.taus, d.vals[1:d.degree+1], krylovPart)
	last := d.vals[d.degree]
	for i, v := range last {
		// What the method adds at the end of the step is spread over it.
		last[i] = ws.U[i] - (ws.UPrev[i] + v)
	}
	for j := 1; j < d.degree; j++ {
		theta := d.taus[j-1]
		w := theta * theta * theta * theta
		v := d.vals[j]
		if !ok {
			e.cubic(theta, v)
			continue
		}
		for i := range v {
			v[i] += ws.UPrev[i] + w*last[i]
		}
	}
	if !ok {
		return 0
	}
	if d.tail == nil {
		d.tail = make([]float64, n)
	}
	norm := 0.0
	for k := d.degree - 1; k <= d.degree; k++ {
		clear(d.tail)
		for i := 0; i <= d.degree; i++ {
			v, w := d.vals[i], 2*math.Cos(math.Pi*float64(k*i)/float64(d.degree))/float64(d.degree)
			switch i {
			case 0:
				v, w = ws.UPrev, w/2
			case d.degree:
				v, w = ws.U, w/2
			}
			for j, x := range v {
				d.tail[j] += w * x
			}
		}
		norm = max(norm, ws.ErrNorm(d.tail, ws.UPrev, ws.U))
	}
	return norm
}

// cubic writes the Hermite polynomial of the step to u, where a Krylov space failed.
func (e *exprb) cubic(theta float64, u []float64) {
	ws := e.ws
	for i, u0 := range ws.UPrev {
		hf := e.h * e.f[i]
		d := (ws.U[i] - u0) - hf
		u[i] = u0 + theta*(hf+theta*(d+(theta-1)*((e.h*e.fNew[i]-hf)-2*d)))
	}
}

// Archive visits F, J and D of the last step with its interpolant, and what the controller and
// the Krylov spaces remember.
func (e *exprb) Archive(a *archive.Archive) {
	a.Floats(e.f, e.fNew, e.v, e.d1, e.d2)
	archiveLinear(a, e.jac)
	e.kry.Archive(a)
	e.state.Archive(a)
	a.Float(&e.h)
	a.Bool(&e.fresh, &e.ended, &e.known, &e.dense.ready)
	points := len(e.dense.vals)
	a.Int(&e.dense.degree, &points)
	for a.Loading() && a.Err() == nil && len(e.dense.vals) < min(points, mostDegree+1) {
		e.dense.vals = append(e.dense.vals, make([]float64, e.ws.N()))
	}
	a.Floats(e.dense.vals[:min(points, len(e.dense.vals))]...) // a new stepper has none, and one that is reset some
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (e *exprb) Projected() { e.fresh, e.ended, e.known = false, false, false }
