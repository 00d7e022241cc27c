package ode

// Stabilised explicit methods: explicit Runge-Kutta methods with many stages, whose
// stability polynomials reach along the negative real axis in proportion to the square
// of the number of stages. They take diffusion, with its many moderately fast and nearly
// real modes, without any linear algebra and in a handful of vectors.
//
// Each step takes as many stages as the spectral radius of df/du (spectral.go) and the
// step size, chosen for accuracy alone, need. The spectral radius is bounded anew every
// 25 steps and after a rejection.
//
//   - RKC: order 2, shifted Chebyshev polynomials with damping 2/13. Sommeijer, Shampine,
//     Verwer, J. Comput. Appl. Math. 88, 1998.
//   - RKL2: order 2, shifted Legendre polynomials, monotone. Meyer, Balsara, Aslam, J. Comput.
//     Phys. 257, 2014. RKG2: order 2, shifted Gegenbauer polynomials. Skaras, Saxton, Meyer,
//     Aslam, J. Comput. Phys. 425, 2021. Both with RKC's error estimate and control.
//   - ROCK2, ROCK4: orders 2 and 4, tables of nearly optimal polynomials. Abdulle,
//     Medovikov, Numer. Math. 90, 2001; Abdulle, SIAM J. Sci. Comput. 23, 2002.
//
// The four finishing stages of ROCK4 raise the rounding of f in the fastest modes by
// about (h rho)^4 / 70, which its error estimate sees: where tolerances are tight and rho
// is large it takes the shorter steps that this needs (at 1e-6, h rho of some 500), and
// ROCK2 may then be the cheaper one.
//
// Interpolants are in stabilised_dense.go. Departures from the
// papers: the bound of the spectral radius by Gershgorin's circles; the time of every
// stage is that of the recurrence itself; after a rejection a step may not grow, in all
// of them.

import (
	"fmt"
	"math"
	"sort"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	Register(&stabilisedMethod{info: Info{
		Name: "RKC", Use: Diffusion, Order: 2, Embedded: 1, Stages: 2,
		Stability:   "real axis to 0.65 s^2 with s stages, damped",
		Description: "Runge-Kutta-Chebyshev method of order 2, stages as stability needs",
		Reference:   "Sommeijer, Shampine, Verwer, J. Comput. Appl. Math. 88, 1998",
	}, poly: chebyshev}, "RKC2")
	Register(&stabilisedMethod{info: Info{
		Name: "RKL2", Use: Diffusion, Order: 2, Embedded: 1, Stages: 3,
		Stability:   "real axis to 0.5 s^2 with s stages, monotone",
		Description: "Runge-Kutta-Legendre method of order 2, stages as stability needs",
		Reference:   "Meyer, Balsara, Aslam, J. Comput. Phys. 257, 2014",
	}, poly: legendre})
	Register(&stabilisedMethod{info: Info{
		Name: "RKG2", Use: Diffusion, Order: 2, Embedded: 1, Stages: 3,
		Stability:   "real axis to 0.33 s^2 with s stages, monotone",
		Description: "Runge-Kutta-Gegenbauer method of order 2, stages as stability needs",
		Reference:   "Skaras, Saxton, Meyer, Aslam, J. Comput. Phys. 425, 2021",
	}, poly: gegenbauer})
	registerFamily(tableau.Stabilised, rockMethod)
}

// rockMethod makes the method of a table.
func rockMethod(name string) Method {
	m := &stabilisedMethod{tables: sync.OnceValue(func() []rockTable {
		var list []rockTable
		r := tableau.ReadRock(name)
		for i := range r.Tables {
			t := rockTable{RockCoeffs: r.Tables[i].Coeffs()}
			t.measure()
			list = append(list, t)
		}
		return list
	})}
	switch name {
	case "ROCK2":
		m.info = Info{
			Name: name, Use: Diffusion, Order: 2, Embedded: 1, Stages: 3,
			Stability:   "real axis to 0.81 s^2 with s stages, damped",
			Description: "orthogonal Runge-Kutta-Chebyshev method of order 2(1), 3 to 200 stages as stability needs",
			Reference:   "Abdulle, Medovikov, Numer. Math. 90, 2001",
		}
	case "ROCK4":
		m.info = Info{
			Name: name, Use: Diffusion, Order: 4, Embedded: 3, Stages: 5,
			Stability:   "real axis to 0.35 s^2 with s stages, damped",
			Description: "orthogonal Runge-Kutta-Chebyshev method of order 4(3), 5 to 152 stages as stability needs",
			Reference:   "Abdulle, SIAM J. Sci. Comput. 23(6), 2002",
		}
	default:
		return nil
	}
	return m
}

const (
	radiusAge     = 25   // steps after which the spectral radius is bounded anew
	mostPolyStage = 1000 // of RKC and its kin
)

// stabilisedMethod is a stabilised method as a Method: one of poly and tables is set.
type stabilisedMethod struct {
	info   Info
	poly   func(r *polyRecurrence, s int)
	tables func() []rockTable
}

// rockTable is a table of ROCK2 or ROCK4 with its real bound of stability.
type rockTable struct {
	*tableau.RockCoeffs
	reach float64
}

// polynomial is the stability polynomial R(-z).
func (c *rockTable) polynomial(z float64) float64 {
	a, g := 1.0, 1-c.Mu[1]*z
	for j := 2; j <= c.Degree; j++ {
		a, g = g, (1+c.Kappa[j])*g-c.Kappa[j]*a-c.Mu[j]*z*g
	}
	if c.B == nil {
		w := g - c.Fp1*z*g
		return w - c.Fp1*z*w - c.Fp2*z*(w-g)
	}
	var k [4]float64
	sum := g
	for i := range k {
		y := g
		if i > 0 {
			for j := range i {
				y += c.A[i-1][j] * k[j]
			}
		}
		k[i] = -z * y
		sum += c.B[i] * k[i]
	}
	return sum
}

// rockDamping is the size of the polynomials away from 0, 0.95, with some air.
const rockDamping = 0.952

// measure finds the bound of damped stability, close to 0.81 s^2 and 0.35 s^2, from above. That the
// polynomial stays below 1 on the way there is tested.
func (c *rockTable) measure() {
	z := 0.85 * float64(c.Stages*c.Stages)
	if c.B != nil {
		z = 0.45 * float64(c.Stages*c.Stages)
	}
	for math.Abs(c.polynomial(z)) > rockDamping {
		z *= 0.999
	}
	lo, hi := z, z/0.999
	for range 20 {
		if mid := (lo + hi) / 2; math.Abs(c.polynomial(mid)) > rockDamping {
			hi = mid
		} else {
			lo = mid
		}
	}
	c.reach = lo
}

// Info describes the method.
func (m *stabilisedMethod) Info() Info { return m.info }

// New returns a stepper; a problem with algebraic rows is an error.
func (m *stabilisedMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s is explicit and cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			m.info.Name, len(ws.Alg), ws.P.title())
	}
	n := ws.N()
	st := &stabilised{ws: ws, m: m, expo: 1 / float64(m.info.Embedded+1), grow: 5}
	vectors := 5
	switch m.info.Name {
	case "ROCK2":
		st.attempt, st.stages, st.reach = st.rock2, st.rockStages, st.rockReach
	case "ROCK4":
		st.attempt, st.stages, st.reach = st.rock4, st.rockStages, st.rockReach
		vectors = 8
	default:
		st.attempt, st.stages, st.reach = st.polyStep, st.polyStages, st.polyReach
		st.expo = 1.0 / 3 // of the estimate by the ends, h^3
		st.grow = 10
		// Rounding grows like s^2 (Sommeijer, Shampine, Verwer 1998).
		most := int(math.Min(mostPolyStage, math.Max(2, math.Sqrt(ws.RelTol/(10*eps/2)))))
		st.most = max(most, m.info.Stages)
		st.poly = newPolyRecurrence(st.most)
	}
	if m.tables != nil {
		st.tables = m.tables()
		st.most = st.tables[len(st.tables)-1].Stages
	}
	flat := make([]float64, vectors*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	st.f0, st.f1, st.fp, st.y, st.k[0] = cut(), cut(), cut(), cut(), cut()
	if vectors == 8 {
		st.k[1], st.k[2], st.k[3] = cut(), cut(), cut()
	}
	return st, nil
}

// stabilised is the stepper of one run.
type stabilised struct {
	ws     *Workspace
	m      *stabilisedMethod
	poly   *polyRecurrence
	tables []rockTable

	// attempt makes a step of s stages into ws.UNew and returns the norm of its error;
	// ended says whether it left f at the end of the step in f1.
	attempt func(h, t float64, s int) float64
	stages  func(z float64) int // that step h with z = h*rho takes
	reach   func(s int) float64 // largest z of s stages
	most    int                 // stages
	ended   bool

	f0, f1, fp []float64 // f at (T, U), at the end of the step, at TPrev
	y          []float64
	k          [4][]float64
	fresh      bool // f0 is f at (T, U)
	stepped    bool // fp and f0 belong to the ends of the last step

	spectrum spectrum
	rho      float64
	age      int // steps since rho was bounded, < 0: not yet

	inner  [2][]float64 // values within the last step, where inside
	inside bool

	c5           [5]float64 // of a stage
	expo, grow   float64
	hAcc, errAcc float64 // the last accepted step and its error; 0: none
}

// Restart makes (ws.T, ws.U) the start.
func (r *stabilised) Restart() error {
	ws := r.ws
	r.hAcc, r.age = 0, -1
	r.stepped = false
	ws.RHS(ws.T, ws.U, r.f0)
	if nonFinite(r.f0) >= 0 {
		return ws.FailStep(0)
	}
	r.fresh = true
	if !(ws.H > 0) {
		ws.H = ws.FirstStep(r.f0, r.m.info.Order)
	}
	return nil
}

// Step makes one accepted step.
func (r *stabilised) Step() error {
	ws := r.ws
	if !r.fresh {
		ws.RHS(ws.T, ws.U, r.f0)
		r.fresh = true
	}
	r.stepped = false
	current := false // rho is that of this point
	if r.age < 0 || r.age >= radiusAge {
		r.bound()
		current = true
	}
	want := ws.H
	rejected := false
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		limited := false
		if z := r.reach(r.most); want*r.rho > z {
			want, limited = z/r.rho, true
		}
		h, t := ws.Clip(want)
		r.ended = false
		norm := r.attempt(h, t, r.stages(h*r.rho))
		if norm <= 1 && !r.ended {
			// f at the end begins the next step; a step that ends where f is undefined is too
			// long.
			ws.RHS(t, ws.UNew, r.f1)
			if nonFinite(r.f1) >= 0 || ws.leaps(h, r.f0, r.f1) {
				norm = math.NaN()
			}
		}
		if norm <= 1 {
			factor := 1.0
			if h < 0.5*want && !limited {
				factor = want / h // cut short by TStop: its error says little about longer steps
			} else {
				factor = r.longer(h, norm, rejected)
			}
			ws.H = h * factor
			ws.Accept(h, t)
			r.fp, r.f0, r.f1 = r.f0, r.f1, r.fp
			r.stepped, r.inside = true, false
			r.age++
			return nil
		}
		ws.Stats.Rejected++
		rejected = true
		f := 0.8 * control.Power(norm, -r.expo)
		if !(f >= 0.1) { // also NaN
			f = 0.1
		}
		want = h * math.Min(f, 0.9)
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
		if !current {
			r.bound()
			current = true
		}
	}
}

// bound bounds the spectral radius at (T, U).
func (r *stabilised) bound() {
	rho := r.spectrum.bound(r.ws, r.f0)
	if rho-rho == 0 { // else the one before has to do
		r.rho = rho
	}
	r.age = 0
}

// longer is the factor for the step after the accepted one h: that of the elementary
// controller, or that which allows for the change of the errors from step to step, if it
// is smaller (Watts, J. Comput. Appl. Math. 10, 1984; Gustafsson 1994).
func (r *stabilised) longer(h, err float64, rejected bool) float64 {
	f := control.Power(err, -r.expo)
	if r.hAcc > 0 {
		f = math.Min(f, f*f*control.Power(r.errAcc, r.expo)*h/r.hAcc)
	}
	r.hAcc, r.errAcc = h, err
	f = math.Max(0.1, 0.8*f)
	if rejected {
		return math.Min(1, f)
	}
	return math.Min(r.grow, f)
}

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (r *stabilised) Slopes() (f0, f1 []float64) {
	if !r.stepped || !r.fresh {
		return nil, nil
	}
	return r.fp, r.f0
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (r *stabilised) Projected() { r.fresh = false }

// endsNorm is the norm of RKC's error estimate, 0.8 (u0 - u1) + 0.4 h (f0 + f1), which is
// h^3 u”' / 15 in the limit.
func (r *stabilised) endsNorm(h float64) float64 {
	ws := r.ws
	u0 := ws.U
	n := len(u0)
	u1, f0, f1, at := ws.UNew[:n], r.f0[:n], r.f1[:n], ws.AbsTol[:n]
	g, rtol, s := 0.4*h, ws.RelTol, 0.0
	for i, a := range u0 {
		b := u1[i]
		e := (0.8*(a-b) + g*(f0[i]+f1[i])) / (at[i] + rtol*math.Max(math.Abs(a), math.Abs(b)))
		s += e * e
	}
	return math.Sqrt(s / float64(max(n, 1)))
}

// differenceNorm is the norm of c (f1 - f0), an error estimate of a step to UNew.
func (r *stabilised) differenceNorm(c float64, f1, f0 []float64) float64 {
	ws := r.ws
	u0 := ws.U
	n := len(u0)
	u1, f0, f1, at := ws.UNew[:n], f0[:n], f1[:n], ws.AbsTol[:n]
	rtol, s := ws.RelTol, 0.0
	for i, a := range u0 {
		e := c * (f1[i] - f0[i]) / (at[i] + rtol*math.Max(math.Abs(a), math.Abs(u1[i])))
		s += e * e
	}
	return math.Sqrt(s / float64(max(n, 1)))
}

// polyRecurrence are the coefficients of
//
//	Y_1 = u + mut_1 h f(u),
//	Y_j = (1 - mu_j - nu_j) u + mu_j Y_(j-1) + nu_j Y_(j-2) + mut_j h f(Y_(j-1)) + gat_j h f(u),
//
// whose stability polynomials are a_j + b_j P_j(w0 + w1 z) with orthogonal polynomials P_j.
type polyRecurrence struct {
	s                   int // they are those of this number of stages
	mu, nu, mut, gat, c []float64
}

func newPolyRecurrence(most int) *polyRecurrence {
	flat := make([]float64, 5*(most+1))
	cut := func() []float64 {
		v := flat[: most+1 : most+1]
		flat = flat[most+1:]
		return v
	}
	return &polyRecurrence{mu: cut(), nu: cut(), mut: cut(), gat: cut(), c: cut()}
}

// set fills the times of the stages from the rest.
func (p *polyRecurrence) set(s int) {
	p.s = s
	p.c[0], p.c[1] = 0, p.mut[1]
	for j := 2; j <= s; j++ {
		p.c[j] = p.mu[j]*p.c[j-1] + p.nu[j]*p.c[j-2] + p.mut[j] + p.gat[j]
	}
}

// chebyshev sets the coefficients of RKC.
func chebyshev(p *polyRecurrence, s int) {
	w0 := 1 + rkcDamping/float64(s*s)
	q := w0*w0 - 1
	root := math.Sqrt(q)
	arg := float64(s) * math.Log(w0+root)
	w1 := math.Sinh(arg) * q / (math.Cosh(arg)*float64(s)*root - w0*math.Sinh(arg))
	b1 := 1 / (4 * w0 * w0)
	b2 := b1
	p.mut[1] = w1 * b1
	// T, T', T'' of the two polynomials before.
	t2, t1 := 1.0, w0
	d2, d1 := 0.0, 1.0
	e2, e1 := 0.0, 0.0
	for j := 2; j <= s; j++ {
		t := 2*w0*t1 - t2
		d := 2*w0*d1 - d2 + 2*t1
		e := 2*w0*e1 - e2 + 4*d1
		b := e / (d * d)
		p.mu[j] = 2 * w0 * b / b1
		p.nu[j] = -b / b2
		p.mut[j] = 2 * w1 * b / b1
		p.gat[j] = -(1 - b1*t1) * p.mut[j]
		t2, t1, d2, d1, e2, e1 = t1, t, d1, d, e1, e
		b2, b1 = b1, b
	}
	p.set(s)
}

const rkcDamping = 2.0 / 13

// legendre sets the coefficients of RKL2.
func legendre(p *polyRecurrence, s int) {
	n := float64(s)
	w1 := 4 / (n*n + n - 2)
	b2, b1 := 1.0/3, 1.0/3
	p.mut[1] = b1 * w1
	for i := 2; i <= s; i++ {
		j := float64(i)
		b := (j*j + j - 2) / (2 * j * (j + 1))
		p.mu[i] = (2*j - 1) / j * b / b1
		p.nu[i] = -(j - 1) / j * b / b2
		p.mut[i] = p.mu[i] * w1
		p.gat[i] = -(1 - b1) * p.mut[i]
		b2, b1 = b1, b
	}
	p.set(s)
}

// gegenbauer sets the coefficients of RKG2: polynomials of the weight (1 - x^2).
func gegenbauer(p *polyRecurrence, s int) {
	n := float64(s)
	w1 := 6 / ((n + 4) * (n - 1))
	b2, b1 := 1.0, 1.0/3
	p.mut[1] = 3 * b1 * w1 // P_1 = 3 x
	for i := 2; i <= s; i++ {
		j := float64(i)
		b := 4 * (j - 1) * (j + 4) / (3 * j * (j + 1) * (j + 2) * (j + 3))
		p.mu[i] = (2*j + 1) / j * b / b1
		p.nu[i] = -(j + 1) / j * b / b2
		p.mut[i] = p.mu[i] * w1
		p.gat[i] = -(1 - j*(j+1)/2*b1) * p.mut[i] // P_(j-1)(1) = j (j+1) / 2
		b2, b1 = b1, b
	}
	p.set(s)
}

// polyReach is the real bound of stability of s stages.
func (r *stabilised) polyReach(s int) float64 {
	n := float64(s)
	switch r.m.info.Name {
	case "RKC":
		return 2.0 / 3 * (n*n - 1) * (1 - 2.0/15*rkcDamping)
	case "RKL2":
		return (n*n + n - 2) / 2
	}
	return (n + 4) * (n - 1) / 3
}

// polyStages is the number of stages that reach z.
func (r *stabilised) polyStages(z float64) int {
	var s float64
	odd := false // those with an odd number are damped at the far end (Meyer, Balsara, Aslam 2014)
	switch r.m.info.Name {
	case "RKC":
		s = math.Sqrt(1 + z/(2.0/3*(1-2.0/15*rkcDamping)))
	case "RKL2":
		s, odd = (math.Sqrt(9+8*z)-1)/2, true
	default:
		s, odd = (math.Sqrt(25+12*z)-3)/2, true
	}
	n := r.m.info.Stages
	if s > float64(n) {
		n = int(math.Ceil(s))
	}
	if odd && n%2 == 0 && n < r.most {
		n++
	}
	return min(n, r.most)
}

// polyStep is a step of RKC, RKL2 or RKG2.
func (r *stabilised) polyStep(h, t float64, s int) float64 {
	ws, p := r.ws, r.poly
	if p.s != s {
		r.m.poly(p, s)
	}
	n := ws.N()
	u, f0, f := ws.U[:n], r.f0[:n], r.k[0][:n]
	// Y_j overwrites Y_(j-2); Y_s comes to UNew.
	y1, y2 := r.y[:n], ws.UNew[:n]
	if s&1 == 1 {
		y1, y2 = y2, y1
	}
	a := p.mut[1] * h
	for i, v := range u {
		y1[i] = v + a*f0[i]
	}
	for j := 2; j <= s; j++ {
		ws.RHS(ws.T+p.c[j-1]*h, y1, f)
		mu, nu, a, g := p.mu[j], p.nu[j], p.mut[j]*h, p.gat[j]*h
		one := 1 - mu - nu
		if j == 2 {
			one += nu // Y_0 is u
			for i, v := range u {
				y2[i] = one*v + mu*y1[i] + a*f[i] + g*f0[i]
			}
		} else {
			r.c5 = [5]float64{one, mu, nu, a, g}
			fiveTerms(y2, y1, u, f, f0, &r.c5)
		}
		y1, y2 = y2, y1
	}
	ws.RHS(t, ws.UNew, r.f1)
	r.ended = true
	return r.endsNorm(h)
}

// rockReach is the real bound of stability of the table of s stages.
func (r *stabilised) rockReach(s int) float64 { return r.table(s).reach }

// rockStages is the least number of stages with a table that reaches z.
func (r *stabilised) rockStages(z float64) int {
	i := sort.Search(len(r.tables), func(i int) bool { return r.tables[i].reach >= z })
	return r.tables[min(i, len(r.tables)-1)].Stages
}

// table finds that of s stages.
func (r *stabilised) table(s int) *rockTable {
	i := sort.Search(len(r.tables), func(i int) bool { return r.tables[i].Stages >= s })
	return &r.tables[i]
}

// recur runs the recurrence of the table and returns g in a or b.
func (r *stabilised) recur(c *rockTable, h float64, a, b, f []float64) (g, other []float64) {
	ws := r.ws
	n := ws.N()
	u, f0, y1, y2, f := ws.U[:n], r.f0[:n], a[:n], b[:n], f[:n]
	m := c.Mu[1] * h
	for i, v := range u {
		y1[i] = v + m*f0[i]
	}
	for j := 2; j <= c.Degree; j++ {
		ws.RHS(ws.T+c.C[j-1]*h, y1, f)
		m, k := c.Mu[j]*h, c.Kappa[j]
		l := 1 + k
		from := y2
		if j == 2 {
			from = u
		}
		threeTerms(y2, y1, from, f, l, k, m)
		y1, y2 = y2, y1
	}
	return y1, y2
}

// threeTermsGo writes l*y1 - k*y0 + m*f to y; y may be y0.
func threeTermsGo(y, y1, y0, f []float64, l, k, m float64) {
	n := len(y)
	y1, y0, f = y1[:n], y0[:n], f[:n]
	for i := range y {
		y[i] = l*y1[i] - k*y0[i] + m*f[i]
	}
}

// fiveTermsGo writes c0 u + c1 y1 + c2 y + c3 f + c4 f0 to y.
func fiveTermsGo(y, y1, u, f, f0 []float64, c *[5]float64) {
	n := len(y)
	y1, u, f, f0 = y1[:n], u[:n], f[:n], f0[:n]
	one, mu, nu, a, g := c[0], c[1], c[2], c[3], c[4]
	for i, v := range u {
		y[i] = one*v + mu*y1[i] + nu*y[i] + a*f[i] + g*f0[i]
	}
}

// rock2 is a step of ROCK2.
func (r *stabilised) rock2(h, t float64, s int) float64 {
	ws := r.ws
	c := r.table(s)
	n := ws.N()
	g, _ := r.recur(c, h, r.y, ws.UNew, r.k[0])
	k1, w, k2 := r.k[0][:n], ws.UNew[:n], r.f1[:n] // w may be g
	g = g[:n]
	at := ws.T + c.C[c.Degree]*h
	ws.RHS(at, g, k1)
	a, b := h*c.Fp1, h*c.Fp2
	for i, v := range g {
		w[i] = v + a*k1[i]
	}
	ws.RHS(at+a, w, k2)
	// u1 = w + fp1 h k2 + fp2 h (k2 - k1)
	for i, v := range k2 {
		w[i] += a*v + b*(v-k1[i])
	}
	return r.differenceNorm(b, k2, k1)
}

// rock4 is a step of ROCK4.
func (r *stabilised) rock4(h, t float64, s int) float64 {
	ws := r.ws
	c := r.table(s)
	n := ws.N()
	g, y := r.recur(c, h, r.y, ws.UNew, r.k[0])
	g, y = g[:n], y[:n]
	k1, k2, k3, k4, k5 := r.k[0][:n], r.k[1][:n], r.k[2][:n], r.k[3][:n], r.f1[:n]
	ws.RHS(ws.T+c.C[c.Degree]*h, g, k1)
	a0 := h * c.A[0][0]
	for i, v := range g {
		y[i] = v + a0*k1[i]
	}
	ws.RHS(ws.T+c.AC[0]*h, y, k2)
	a0, a1 := h*c.A[1][0], h*c.A[1][1]
	for i, v := range g {
		y[i] = v + (a0*k1[i] + a1*k2[i])
	}
	ws.RHS(ws.T+c.AC[1]*h, y, k3)
	a0, a1, a2 := h*c.A[2][0], h*c.A[2][1], h*c.A[2][2]
	for i, v := range g {
		y[i] = v + (a0*k1[i] + a1*k2[i] + a2*k3[i])
	}
	ws.RHS(ws.T+c.AC[2]*h, y, k4)
	b0, b1, b2, b3 := h*c.B[0], h*c.B[1], h*c.B[2], h*c.B[3]
	u1 := ws.UNew[:n] // may be g
	for i, v := range g {
		u1[i] = v + (b0*k1[i] + b1*k2[i] + b2*k3[i] + b3*k4[i])
	}
	ws.RHS(t, u1, k5)
	r.ended = true
	e0, e1, e2, e3, e4 := h*c.E[0], h*c.E[1], h*c.E[2], h*c.E[3], h*c.E[4]
	tol, rtol, sum := ws.AbsTol[:n], ws.RelTol, 0.0
	for i, a := range ws.U[:n] {
		e := e0*k1[i] + e1*k2[i] + e2*k3[i] + e3*k4[i] + e4*k5[i]
		e /= tol[i] + rtol*math.Max(math.Abs(a), math.Abs(u1[i]))
		sum += e * e
	}
	return math.Sqrt(sum / float64(max(n, 1)))
}

// Archive visits f at both ends of the last step, the spectral radius with its vector, and
// the controller's memory.
func (r *stabilised) Archive(a *archive.Archive) {
	a.Floats(r.f0, r.fp)
	a.Bool(&r.fresh, &r.stepped)
	a.Float(&r.rho, &r.hAcc, &r.errAcc)
	a.Int(&r.age)
	a.Bool(&r.inside)
	if r.inside {
		r.room()
		a.Floats(r.inner[:]...)
	}
	r.spectrum.archive(a, r.ws.N())
}
