package ode

// Radau IIA of order 5: the three-stage collocation method at the right Radau
// points, fully implicit, L-stable and stiffly accurate.
//
// The stage equations for Z_i = Y_i - y are
//
//	M Z_i = h sum_j a_ij f(t + c_j h, y + Z_j).
//
// Simplified Newton iterations solve them in the variables W = (T^-1 x I) Z, in which
// A^-1 becomes a real number and a 2 by 2 rotation, so that each iteration takes one
// real and one complex solve with gamma/h M - J and (alpha + i beta)/h M - J. J is
// kept while the iteration converges fast, the factors while the step stays as it
// is. The error is that of an embedded formula of order 3, filtered by the real
// factor; the step follows from it by Gustafsson's predictive controller.
//
// Hairer, Wanner, Solving ODEs II, IV.8; Gustafsson, ACM Trans. Math. Softw. 20(4),
// 1994. Equations 0 = f_i are rows without mass; the problems of this package have
// index 1 at most, so the errors of algebraic variables need no powers of h.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() { Register(radauMethod{}, "Radau5", "Radau") }

type radauMethod struct{}

// Info describes the method.
func (radauMethod) Info() Info {
	return Info{
		Name: "RadauIIA5", Order: 5, Embedded: 3, Stages: 3, Implicit: true, Mass: true,
		Stability:   "stiffly accurate, L-stable",
		Description: "implicit Runge-Kutta method of order 5 for stiff and differential-algebraic systems at tight tolerances",
		Reference:   "Hairer, Wanner, Solving Ordinary Differential Equations II, IV.8",
	}
}

// The nodes, the eigenvalues of A^-1 and the matrices of its real canonical form,
// T^-1 A^-1 T = diag(gamma, (alpha, -beta; beta, alpha)); Hairer & Wanner II, IV.8.
// The tests derive A^-1 from the nodes and check the product.
const (
	radauGamma = 3.6378342527444957322
	radauAlpha = 2.6810828736277521339
	radauBeta  = 3.0504301992474105694
	radauC1    = 0.15505102572168219018
	radauC2    = 0.64494897427831780982
)

var (
	radauT = [3][3]float64{
		{0.091232394870892942792, -0.14125529502095420843, -0.030029194105147424492},
		{0.24171793270710701896, 0.20412935229379993199, 0.38294211275726193779},
		{0.96604818261509293619, 1, 0},
	}
	radauTI = [3][3]float64{
		{4.3255798900631553510, 0.33919925181580986954, 0.54177053993587487119},
		{-4.1787185915519047273, -0.32768282076106238708, 0.47662355450055045196},
		{-0.50287263494578687595, 2.5719269498556054292, -0.59603920482822492497},
	}
	// The error estimate is (gamma/h M - J)^-1 (f(t, y) + M sum_i e_i Z_i / h).
	radauE = [3]float64{
		-(13 + 7*math.Sqrt(6)) / 3, (-13 + 7*math.Sqrt(6)) / 3, -1.0 / 3,
	}
)

const (
	radauMaxNewton = 7
	radauSafety    = 0.9
	radauKeepJac   = 0.001 // contraction below which the next step keeps J
	radauShrink    = 5.0   // a step is at most this much shorter than the last,
	radauGrow      = 8.0   // or longer
	radauKeepStep  = 1.2   // growth that is not worth new factors
)

// New returns a stepper.
func (radauMethod) New(ws *Workspace) (Stepper, error) {
	n := ws.N()
	r := &radau{ws: ws, m: newIterationPair(ws)}
	flat := make([]float64, 14*n)
	for _, v := range []*[]float64{&r.f0, &r.w1, &r.w2, &r.w3, &r.z1, &r.z2, &r.z3, &r.g1, &r.g2, &r.g3, &r.inv, &r.d1, &r.d2, &r.d3} {
		*v = flat[:n:n]
		flat = flat[n:]
	}
	r.x = make([]complex128, n)
	// The estimate has order 3 while the solution has order 5: tolerances are
	// loosened so that the true error stays near what was asked for.
	r.rtol = 0.1 * math.Pow(ws.RelTol, 2.0/3)
	r.newtonTol = math.Max(10*eps/r.rtol, math.Min(0.03, math.Sqrt(r.rtol)))
	return r, nil
}

// radau is the stepper of one run.
type radau struct {
	ws *Workspace
	m  *iterationMatrix

	rtol, newtonTol float64
	inv             []float64 // 1/(atol + rtol |y|)
	f0              []float64 // f(T, U)
	fresh           bool      // f0 is that
	w1, w2, w3      []float64 // transformed stages
	z1, z2, z3      []float64 // stages
	g1, g2, g3      []float64 // f at the stages, then corrections
	x               []complex128

	haveJac  bool    // J is usable
	newJac   bool    // J belongs to (T, U)
	factored float64 // step size of the factors, 0: none
	first    bool    // no step since Restart
	theta    float64 // contraction of the last iteration
	rate     float64 // theta/(1-theta) carried over to the next step
	iters    int     // of the last iteration
	slow     float64 // factor for the step after the iteration gave up

	hAcc, errAcc float64 // the last accepted step and its error
	accepted     int

	// The last step's polynomial, u(t0 + theta h) = u0 + theta (d1 + (theta - c1) (d2 +
	// (theta - c2) d3)).
	d1, d2, d3 []float64
	t0, h      float64
	poly       bool
}

// Restart makes (ws.T, ws.U) the start.
func (r *radau) Restart() error {
	ws := r.ws
	r.first, r.poly, r.haveJac, r.newJac, r.factored = true, false, false, false, 0
	r.accepted, r.rate = 0, 1
	ws.RHS(ws.T, ws.U, r.f0)
	if nonFinite(r.f0) >= 0 {
		return ws.FailStep(0)
	}
	r.fresh = true
	if !(ws.H > 0) {
		ws.H = ws.FirstStep(r.f0, 3)
	}
	return nil
}

// Step makes one accepted step.
func (r *radau) Step() error {
	ws := r.ws
	if !r.fresh {
		ws.RHS(ws.T, ws.U, r.f0)
		r.fresh = true
	}
	for i, u := range ws.U {
		r.inv[i] = 1 / (r.rtol * (ws.AbsTol[i]/ws.RelTol + math.Abs(u)))
	}
	want := ws.H
	rejected := false
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		if !r.haveJac {
			if !r.m.evaluate(ws.T, ws.U, r.f0) {
				return r.m.failure(want)
			}
			r.haveJac, r.newJac, r.factored = true, true, 0
		}
		if !r.factor(h) {
			rejected = true
			ws.Stats.Rejected++
			want = 0.5 * h
			if ws.TooSmall(want) {
				return r.m.failure(want)
			}
			r.haveJac = r.newJac
			continue
		}
		if !r.newton(h, t) {
			rejected = true
			ws.Stats.NewtonFail++
			ws.Stats.Rejected++
			want = h * r.slow
			if ws.TooSmall(want) {
				return r.newtonFailure(want)
			}
			r.haveJac = r.newJac // a J from an earlier point is not tried twice
			continue
		}
		for i, u := range ws.U {
			ws.UNew[i] = u + r.z3[i]
		}
		err := r.estimate(h, rejected)
		if err < 1 {
			ws.RHS(t, ws.UNew, r.g1)
			if nonFinite(r.g1) >= 0 {
				err = math.Inf(1)
			}
		}
		// fac: safety, less after many iterations.
		fac := math.Min(radauSafety, radauSafety*(1+2*radauMaxNewton)/float64(r.iters+2*radauMaxNewton))
		quot := math.Max(1/radauGrow, math.Min(radauShrink, math.Sqrt(math.Sqrt(err))/fac))
		if err < 1 {
			r.accept(h, t, want, err, quot)
			return nil
		}
		ws.Stats.Rejected++
		want = h / math.Max(quot, 1.05)
		if r.first && !rejected {
			want = math.Min(want, 0.1*h)
		}
		rejected = true
		if ws.TooSmall(want) {
			return r.newtonFailure(want)
		}
		r.haveJac = r.newJac
	}
}

// accept moves to the new point and chooses the next step and what to keep for it.
func (r *radau) accept(h, t, want, err, quot float64) {
	ws := r.ws
	next := h / quot
	if r.accepted > 0 {
		next = h / math.Max(quot, gustafsson(h, r.hAcc, err, r.errAcc))
	}
	r.accepted++
	r.hAcc, r.errAcc = h, math.Max(0.01, err)
	if h < 0.5*want { // cut short by TStop
		next = math.Max(next, want)
	} else if q := next / h; q >= 1 && q <= radauKeepStep && r.theta <= radauKeepJac {
		next = h
	}
	r.t0, r.h, r.poly, r.first = ws.T, h, true, false
	const c1, c2 = radauC1, radauC2
	for i := range r.d1 {
		// Divided differences through (0, 0), (c1, z1), (c2, z2), (1, z3).
		a := r.z1[i] / c1
		b := (r.z2[i] - r.z1[i]) / (c2 - c1)
		c := (r.z3[i] - r.z2[i]) / (1 - c2)
		ab := (b - a) / c2
		bc := (c - b) / (1 - c1)
		r.d1[i], r.d2[i], r.d3[i] = a, ab, bc-ab
	}
	ws.H = next
	ws.Accept(h, t)
	r.f0, r.g1 = r.g1, r.f0
	r.fresh, r.newJac = true, false
	r.haveJac = r.theta <= radauKeepJac
}

// gustafsson is h over the step that the predictive controller proposes.
func gustafsson(h, hAcc, err, errAcc float64) float64 {
	g := hAcc / h * math.Sqrt(math.Sqrt(err*err/errAcc)) / radauSafety
	return math.Max(1/radauGrow, math.Min(radauShrink, g))
}

// factor factorises both matrices for the step h unless that is done.
func (r *radau) factor(h float64) bool {
	if r.factored == h {
		return true
	}
	r.factored = 0
	if !r.m.factor(radauGamma / h) {
		return false
	}
	r.ws.Stats.Factor++
	r.m.cw.Set(complex(radauAlpha/h, radauBeta/h), -1, r.m.jac)
	if err := r.m.clu.Factor(r.m.cw.Vals); err != nil {
		r.m.err = err
		return false
	}
	r.factored = h
	return true
}

// predict sets the stages to the last step's polynomial, continued.
func (r *radau) predict(h float64) {
	if !r.poly {
		clear(r.z1)
		clear(r.z2)
		clear(r.z3)
		clear(r.w1)
		clear(r.w2)
		clear(r.w3)
		return
	}
	q := h / r.h
	const c1, c2 = radauC1, radauC2
	x1, x2, x3 := 1+q*c1, 1+q*c2, 1+q
	for i, d1 := range r.d1 {
		d2, d3 := r.d2[i], r.d3[i]
		end := d1 + (1-c1)*(d2+(1-c2)*d3)
		z1 := x1*(d1+(x1-c1)*(d2+(x1-c2)*d3)) - end
		z2 := x2*(d1+(x2-c1)*(d2+(x2-c2)*d3)) - end
		z3 := x3*(d1+(x3-c1)*(d2+(x3-c2)*d3)) - end
		r.z1[i], r.z2[i], r.z3[i] = z1, z2, z3
		r.w1[i] = radauTI[0][0]*z1 + radauTI[0][1]*z2 + radauTI[0][2]*z3
		r.w2[i] = radauTI[1][0]*z1 + radauTI[1][1]*z2 + radauTI[1][2]*z3
		r.w3[i] = radauTI[2][0]*z1 + radauTI[2][1]*z2 + radauTI[2][2]*z3
	}
}

// newton solves for the stages of the step h that ends at t. If it gives up, slow is
// the factor for the step to try instead.
func (r *radau) newton(h, t float64) bool {
	ws := r.ws
	r.predict(h)
	rate := math.Pow(math.Max(r.rate, eps), 0.8)
	r.theta = radauKeepJac
	r.slow = 0.5
	last := 0.0
	for k := 1; ; k++ {
		r.iters = k
		r.stages(h, t)
		if nonFinite(r.g1) >= 0 || nonFinite(r.g2) >= 0 || nonFinite(r.g3) >= 0 {
			return false
		}
		ws.Stats.Newton++
		size := r.correct(h)
		if !(size <= math.MaxFloat64) {
			return false
		}
		if k > 1 && k < radauMaxNewton {
			q := size / last
			if k == 2 {
				r.theta = q
			} else {
				r.theta = math.Sqrt(q * r.theta)
			}
			if r.theta >= 0.99 {
				return false
			}
			rate = r.theta / (1 - r.theta)
			// The error that the last allowed iteration would leave.
			left := rate * size * math.Pow(r.theta, float64(radauMaxNewton-1-k)) / r.newtonTol
			if left >= 1 {
				q := math.Max(1e-4, math.Min(20, left))
				r.slow = 0.8 * math.Pow(q, -1/float64(4+radauMaxNewton-1-k))
				return false
			}
		}
		last = math.Max(size, eps)
		// The rate of the first iteration is that of an earlier step, with which Hairer and Wanner
		// accept it. Near an unstable equilibrium it hides that J has turned: the steps would follow
		// the equilibrium beyond the point where the solution leaves it.
		if rate*size <= r.newtonTol && (k > 1 || size <= r.newtonTol) {
			r.rate = rate
			return true
		}
		if k == radauMaxNewton {
			return false
		}
	}
}

// stages evaluates f at the stages.
func (r *radau) stages(h, t float64) {
	ws := r.ws
	y := ws.UNew
	for i, u := range ws.U {
		y[i] = u + r.z1[i]
	}
	ws.RHS(ws.T+radauC1*h, y, r.g1)
	for i, u := range ws.U {
		y[i] = u + r.z2[i]
	}
	ws.RHS(ws.T+radauC2*h, y, r.g2)
	for i, u := range ws.U {
		y[i] = u + r.z3[i]
	}
	ws.RHS(t, y, r.g3)
}

// correct solves for the corrections, applies them and returns their norm.
func (r *radau) correct(h float64) float64 {
	ws := r.ws
	ga, al, be := radauGamma/h, radauAlpha/h, radauBeta/h
	g1, g2, g3 := r.g1, r.g2, r.g3
	for i, f1 := range g1 {
		f2, f3 := g2[i], g3[i]
		a := radauTI[0][0]*f1 + radauTI[0][1]*f2 + radauTI[0][2]*f3
		b := radauTI[1][0]*f1 + radauTI[1][1]*f2 + radauTI[1][2]*f3
		c := radauTI[2][0]*f1 + radauTI[2][1]*f2 + radauTI[2][2]*f3
		if ws.Mass == nil || ws.Mass[i] != 0 {
			a -= ga * r.w1[i]
			b -= al*r.w2[i] - be*r.w3[i]
			c -= be*r.w2[i] + al*r.w3[i]
		}
		g1[i] = a
		r.x[i] = complex(b, c)
	}
	r.m.solve(g1)
	ws.Stats.Solve++
	r.m.clu.Solve(r.x)
	s := 0.0
	for i, a := range g1 {
		b, c := real(r.x[i]), imag(r.x[i])
		v := r.inv[i]
		s += (a*a + b*b + c*c) * v * v
		a += r.w1[i]
		b += r.w2[i]
		c += r.w3[i]
		r.w1[i], r.w2[i], r.w3[i] = a, b, c
		r.z1[i] = radauT[0][0]*a + radauT[0][1]*b + radauT[0][2]*c
		r.z2[i] = radauT[1][0]*a + radauT[1][1]*b + radauT[1][2]*c
		r.z3[i] = radauT[2][0]*a + b
	}
	return math.Sqrt(s / float64(max(1, 3*len(g1))))
}

// estimate returns the norm of the error estimate, filtered a second time after a
// rejection or in the first step, where the first filter is too pessimistic.
func (r *radau) estimate(h float64, again bool) float64 {
	ws := r.ws
	fill := func(f []float64) {
		for i, v := range f {
			if ws.Mass == nil || ws.Mass[i] != 0 {
				v += (radauE[0]*r.z1[i] + radauE[1]*r.z2[i] + radauE[2]*r.z3[i]) / h
			}
			r.g2[i] = v
		}
		r.m.solve(r.g2)
		ws.spareForces(r.g2)
	}
	norm := func() float64 {
		s := 0.0
		for i, v := range r.g2 {
			v *= r.inv[i]
			s += v * v
		}
		s = math.Sqrt(s / float64(max(1, len(r.g2))))
		if s != s {
			return math.Inf(1)
		}
		return math.Max(s, 1e-10)
	}
	fill(r.f0)
	err := norm()
	if err >= 1 && (r.first || again) && !math.IsInf(err, 0) {
		for i, u := range ws.U {
			r.g2[i] += u
		}
		ws.RHS(ws.T, r.g2, r.g1)
		fill(r.g1)
		err = norm()
	}
	return err
}

func (r *radau) newtonFailure(h float64) *Failure {
	f := r.m.failure(h)
	if f.Code == DtTooSmall && r.theta >= 0.99 {
		g := r.ws.Fail(NewtonFailure, "the iteration for the stages does not converge, however short the step")
		g.Message += "; " + f.Message
		return g
	}
	return f
}

// Degree of the interpolant in t.
func (r *radau) Degree() int { return 3 }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (r *radau) Interpolate(t float64, u []float64) {
	ws := r.ws
	if ws.ends(t, u) {
		return
	}
	x := (t - r.t0) / r.h
	for i, v := range ws.UPrev {
		u[i] = v + x*(r.d1[i]+(x-radauC1)*(r.d2[i]+(x-radauC2)*r.d3[i]))
	}
}

// Archive visits the polynomial of the last step, J with its factors, and what the
// iteration and the controller remember. Stages do not outlive a step.
func (r *radau) Archive(a *archive.Archive) {
	a.Floats(r.f0, r.d1, r.d2, r.d3)
	a.Bool(&r.fresh, &r.haveJac, &r.newJac, &r.first, &r.poly)
	a.Float(&r.factored, &r.theta, &r.rate, &r.slow, &r.hAcc, &r.errAcc, &r.t0, &r.h)
	a.Int(&r.iters, &r.accepted)
	r.m.Archive(a)
}

// Projected marks f at (ws.T, ws.U) as unknown; J, an approximation anyway, stays. The
// polynomial is no guess for the next stages where an algebraic unknown was put on another
// root, far from its end.
func (r *radau) Projected() {
	r.fresh = false
	ws := r.ws
	for _, i := range ws.Alg {
		end := ws.UPrev[i] + r.d1[i] + (1-radauC1)*(r.d2[i]+(1-radauC2)*r.d3[i])
		if math.Abs(ws.U[i]-end) > 0.1*math.Abs(ws.U[i]) {
			r.poly = false
			return
		}
	}
}

// Turned marks f and J as unknown: other rows are algebraic now. The polynomial stays.
func (r *radau) Turned() { r.fresh, r.haveJac, r.newJac, r.factored = false, false, false, 0 }
