package ode

// Fully implicit Runge-Kutta methods.
//
// The stage equations for Z_i = Y_i - y are
//
//	M Z_i = h sum_j a_ij f(t + c_j h, y + Z_j).
//
// Simplified Newton iterations solve them in the variables W = (T^-1 x I) Z, in which A^-1
// becomes a real number and 2 by 2 rotations (tableau.Canonical), so that each iteration takes one
// real solve, with gamma/h M - J, and one complex one with (alpha + i beta)/h M - J for
// each pair. J is kept while the iteration converges fast, the factors while the step stays
// as it is. Iterations start from the polynomial of the last step, continued, and end as
// those of RADAU5 do. These are departures from RADAU5:
//
//   - J is evaluated in the middle of the step, at the stage that the continued polynomial
//     predicts, where that was a good prediction in the last step: the iterations
//     contract about twice as fast as with J at the start, from which all stages lie
//     to one side.
//   - A step whose iteration contracts slowly bounds the next one (Gustafsson, Soderlind,
//     SIAM J. Sci. Comput. 18(1), 1997).
//   - The norm of the iteration is that of the increments of the stages, not of their
//     transforms, which for seven stages are a hundred times as large.
//   - The contraction of an older step alone never ends an iteration after its first
//     increment, see newton.
//
// The error estimate of a method with real eigenvalue is
//
//	(gamma/h M - J)^-1 (f(t, y) - M p(t)),
//
// where p is the polynomial through the derivatives k_i = Z'_i at the nodes after the start:
// the defect of the method's own polynomial at the start of the step. For Radau IIA this is the
// estimate of Hairer and Wanner, of order s. The same vector completes the interpolant. Where all eigenvalues are complex, the
// complex matrix of the first pair takes the place of the real one, and the moduli of
// the result are the estimate. The step follows from it by Gustafsson's predictive
// controller.
//
// Two forms of A need care. Where its first row is zero (Lobatto IIIA), the first stage is
// the start, and where its last column is zero (Lobatto IIIB), the last stage is explicit;
// the iteration runs over the stages between, the core, whose A is regular.
//
// With several tables of one family at hand the order is chosen as the run goes: it rises
// where the iteration converges fast, since then the matrices of more stages pay, and falls
// where it does not.
//
// Hairer, Wanner, Solving ODEs II, IV.8; Hairer, Wanner, J. Comput. Appl. Math. 111, 1999;
// Gustafsson, ACM Trans. Math. Softw. 20(4), 1994.

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/tableau"
)

//go:generate go run firk_gen.go

const (
	firkSafety   = 0.9
	firkKeepJac  = 0.001 // contraction below which the next step keeps J
	firkShrink   = 5.0   // a step is at most this much shorter than the last,
	firkGrow     = 8.0   // or longer
	firkKeepStep = 1.2   // growth that is not worth new factors
	firkContract = 0.1   // contraction that the next step aims at; it is not shortened
	firkSlow     = 0.7   // more than this for it
	firkGuess    = 0.5   // quality of the continued polynomial at which J is evaluated in it
	firkFixed    = 50    // iterations at most where the step is fixed
)

// firkMethod is a method with the tables that it changes between, by ascending order.
type firkMethod struct {
	info   Info
	tables []string
}

// Info describes the method.
func (m *firkMethod) Info() Info { return m.info }

// New returns a stepper.
func (m *firkMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 && !m.info.Mass {
		return nil, fmt.Errorf("%s is not stiffly accurate and does not solve the %d algebraic equations of %s: use the nested form, or a method such as RadauIIA5 or LobattoIIIC4",
			m.info.Name, len(ws.Alg), ws.P.title())
	}
	fixed := m.info.Embedded == 0
	if fixed && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give Options.InitialStep", m.info.Name)
	}
	r := &firk{ws: ws, name: m.info.Name, fixed: fixed, tables: m.tables}
	n := ws.N()
	size := padded(n)
	flat := make([]float64, 7*size)
	for _, v := range []*[]float64{&r.f0, &r.f1, &r.inv, &r.g, &r.gap, &r.u, &r.inside} {
		*v, flat = flat[:n:size], flat[size:]
	}
	c := firkTable(m.tables[0])
	r.m = newStageMatrices(ws, len(c.Alpha))
	r.become(0)
	return r, nil
}

// firkCoeffs are the coefficients of one table as the loops want them.
type firkCoeffs struct {
	*tableau.Canonical
	order     int       // that tolerances are set by
	t, ti     []float64 // row by row
	ahead     []float64
	shift     []float64
	expo      float64 // 1/(order of the estimate + 1)
	lambda    float64 // modulus of the eigenvalue that filters the estimate
	newtonMax int
	// probe is the point of the step at which the residual of its interpolant is looked at, 0: none. probeW and
	// probeD are the weights of the increments in the interpolant there, and in its slope.
	probe          float64
	probeW, probeD []float64
}

var firkTables sync.Map // of func() *firkCoeffs by name

// firkTable returns the coefficients of a table, which are computed once.
func firkTable(name string) *firkCoeffs {
	f, ok := firkTables.Load(name)
	if !ok {
		f, _ = firkTables.LoadOrStore(name, sync.OnceValue(func() *firkCoeffs {
			e := tableau.ReadFIRK(name)
			c := &firkCoeffs{Canonical: e.Canonical(), order: e.Order}
			if between := min(e.Stages(), e.StageOrder+1); e.StageOrder < e.Stages() {
				// The interpolant of a method that is not one of collocation has a lower order.
				c.order = min(c.order, between+1)
			}
			for i := range c.N {
				c.t = append(c.t, c.T[i]...)
				c.ti = append(c.ti, c.TI[i]...)
				if c.Ahead != nil {
					c.ahead = append(c.ahead, c.Ahead[i]...)
					c.shift = append(c.shift, c.Shift[i]...)
				}
			}
			c.expo = 1 / float64(c.Knots+1)
			if c.lambda = c.Gamma; c.lambda == 0 {
				c.lambda = math.Hypot(c.Alpha[0], c.Beta[0])
			}
			// Seven, and five for each two stages more, as in RADAU.
			c.newtonMax = max(7, 7+(c.N-3)*5/2)
			c.look()
			return c
		}))
	}
	return f.(func() *firkCoeffs)()
}

// firk is the stepper of one run.
type firk struct {
	ws     *Workspace
	name   string
	fixed  bool // the step, for want of an estimate
	tables []string
	at     int // the one in use
	c      *firkCoeffs
	m      *stageMatrices

	rtol, newtonTol float64
	inv             []float64   // 1/(atol + rtol |y|)
	f0              []float64   // f(T, U)
	f1              []float64   // f at the start of the last step
	fresh           bool        // f0 is that
	w               [][]float64 // W, and of the last step
	past            [][]float64
	y, f            [][]float64 // stages and f there; the explicit last one behind the core
	g               []float64   // right-hand sides
	u               []float64   // U with padding behind it
	gap             []float64   // h times the filtered defect at the start of the last step
	gapKnown        bool
	inside          []float64 // the interpolant at the probe
	inner           innerLimiter
	x               [][]complex128
	lam             []float64 // of the eigenvalues over h
	ahead           []float64 // the matrix that continues the last step
	aheadOf         float64   // to this ratio of the steps, with the table in use; 0: to none

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

	past0 *firkCoeffs // whose W past holds
	h     float64     // the last step
	t0    float64
	poly  bool // there is one to continue

	policy orderPolicy

	// How good the continued polynomial was at the last step: the first increment of
	// the iteration over the increment of the stage in the middle.
	miss, guess float64
}

// become makes the k-th table the one in use. It allocates where that has more stages than
// any before.
func (r *firk) become(k int) {
	ws := r.ws
	n := ws.N()
	r.at, r.c = k, firkTable(r.tables[k])
	r.inner.forget()
	c := r.c
	// The estimate has a lower order than the solution: tolerances are loosened so
	// that the true error stays near what was asked for. RADAU has 0.1 where we have 0.05, since
	// the estimate is filtered by the J of the middle of the step. The circuits and the charge pump of the tests pass
	// with 0.1 as well, if the iterations stay as accurate as they are with 0.05. With less accurate ones
	// a Schmitt trigger, which leaves an unstable equilibrium nine times, is off in the third digit; with more
	// accurate ones (0.03) ideal diodes ask for less than rounding leaves of 160 V over 1e-5 ohm.
	r.rtol = 0.05 * math.Pow(ws.RelTol, float64(c.Knots+1)/float64(c.order+1))
	// A third of RADAU's tolerance, whose norm of the increments is about three times this one.
	r.newtonTol = max(10*eps/r.rtol, min(0.03, math.Pow(r.rtol, float64(c.order+1)/float64(c.Knots+1)-1))/3)
	// That is for the ends of steps. The polynomial through the stages has the order of the estimate, so
	// where it is asked for, the estimate answers to three times the tolerance at most: at 1e-8 it would be 80
	// times the tolerance with order 9 and 130 times with order 13, and events found on it as far off. The
	// iterations go on to the same accuracy as before.
	if most := 3 * ws.RelTol; ws.Inner && r.rtol > most {
		r.newtonTol = min(0.01, r.newtonTol*r.rtol/most)
		r.rtol = most
	}
	// What an iteration leaves in a constraint returns in the estimate of the variables
	// of higher index at the next step, by gamma/h for each index above 1.
	for index := ws.P.mostIndex(); index > 1; index-- {
		r.newtonTol /= c.lambda
	}
	if r.fixed {
		r.rtol, r.newtonTol = 1, 4*eps
	}
	stages := c.N
	if c.Last {
		stages++
	}
	if more := stages - len(r.w); more > 0 {
		size := padded(n)
		flat := make([]float64, 4*more*size)
		for range more {
			for _, v := range []*[][]float64{&r.w, &r.past, &r.y, &r.f} {
				*v = append(*v, flat[:n:size])
				flat = flat[size:]
			}
		}
	}
	for len(r.x) < len(c.Alpha) {
		r.x = append(r.x, make([]complex128, n, padded(n)))
	}
	if len(r.lam) < c.N {
		r.lam = make([]float64, c.N)
		r.ahead = make([]float64, c.N*max(c.N, len(r.past)))
	}
	r.m.follow(len(c.Alpha))
	r.factored, r.aheadOf = 0, 0
}

// Restart makes (ws.T, ws.U) the start.
func (r *firk) Restart() error {
	ws := r.ws
	r.first, r.poly, r.haveJac, r.newJac, r.factored = true, false, false, false, 0
	r.accepted, r.rate = 0, 1
	r.inner.forget()
	k := r.usual()
	if ws.P.Hybrid != nil {
		k = 0
	}
	if r.at != k {
		r.become(k)
	}
	r.policy = orderPolicy{}
	ws.RHS(ws.T, ws.U, r.f0)
	if nonFinite(r.f0) >= 0 {
		return ws.FailStep(0)
	}
	r.fresh = true
	switch {
	case r.fixed:
		ws.H = ws.InitialStep
	case !(ws.H > 0):
		ws.H = ws.FirstStep(r.f0, r.c.Knots)
	}
	return nil
}

// weights sets the weights of the norms for the step h. Errors of variables of index 2
// and 3 are of lower order in h, and count with a factor h and h^2 (Hairer, Lubich, Roche,
// The Numerical Solution of Differential-Algebraic Systems by Runge-Kutta Methods, 1989,
// and RADAU5).
func (r *firk) weights(h float64) {
	ws := r.ws
	rtol := r.rtol
	scale := rtol / ws.RelTol
	inv := r.inv
	at := ws.AbsTol[:len(inv)]
	for i, u := range ws.U[:len(inv)] {
		inv[i] = 1 / (scale*at[i] + rtol*math.Abs(u))
	}
	for i, index := range ws.P.VarIndex {
		for ; index > 1; index-- {
			inv[i] *= h
		}
	}
}

// Step makes one accepted step.
func (r *firk) Step() error {
	ws := r.ws
	if !r.fresh {
		ws.RHS(ws.T, ws.U, r.f0)
		r.fresh = true
	}
	want := ws.H
	if r.fixed {
		want = ws.InitialStep
	}
	rejected := false
	weighed := false
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		if !weighed || ws.P.VarIndex != nil {
			r.weights(h)
			weighed = true
		}
		guessed := false // W and the stages are predicted
		if !r.haveJac {
			t, u, f0 := ws.T, ws.U, r.f0
			if !rejected && r.poly && ws.K.Jac != nil && r.guess*powi((1+h/r.h)/2, r.c.N+1) < firkGuess {
				r.predict(h)
				guessed = true
				mid := r.c.N / 2
				t, u, f0 = ws.T+r.c.C[mid]*h, r.y[mid], nil
			}
			if !r.m.evaluate(t, u, f0) {
				return r.m.failure(want)
			}
			r.m.follow(len(r.c.Alpha))
			r.haveJac, r.newJac, r.factored = true, !guessed, 0
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
		if !r.newton(h, t, guessed) {
			rejected = true
			ws.Stats.NewtonFail++
			ws.Stats.Rejected++
			if r.fixed && r.newJac {
				return ws.Fail(NewtonFailure, "the iteration for the stages of %s does not converge with the fixed step %.3g: take a shorter one", r.name, h)
			}
			if !r.fixed {
				want = h * r.slow
			}
			if ws.TooSmall(want) {
				return r.newtonFailure(want)
			}
			r.haveJac = r.newJac // a J from an earlier point is not tried twice
			if r.policy.failed(r.slow) && r.at > 0 {
				r.lower()
				weighed = false
			}
			continue
		}
		r.finish(h, t)
		err := 0.0
		if !r.fixed {
			err = r.estimate(h, rejected)
		}
		if err < 1 {
			ws.RHS(t, ws.UNew, r.f1)
			if nonFinite(r.f1) >= 0 || !r.fixed && ws.leaps(h, r.f0, r.f1) {
				err = math.Inf(1)
			}
		}
		if err < 1 && ws.Inner && r.c.probe > 0 && !r.fixed && r.inner.due(h) && !r.inner.judge(h, r.innerError(h), r.c.N+1) {
			ws.Stats.Rejected++
			if want = r.inner.allowed; ws.TooSmall(want) {
				return r.newtonFailure(want)
			}
			rejected, r.haveJac = true, r.newJac
			continue
		}
		if r.fixed {
			if err != 0 {
				return ws.FailStep(h)
			}
			r.accept(h, t)
			ws.H = want
			return nil
		}
		// fac: safety, less after many iterations.
		most := float64(1 + 2*r.c.newtonMax)
		fac := firkSafety * min(1, most/(most-1+float64(r.iters)))
		quot := max(1/firkGrow, min(firkShrink, r.root(err)/fac))
		if err < 1 {
			next := h / quot
			if r.accepted > 0 {
				next = h / max(quot, r.gustafsson(h, err))
			}
			r.accepted++
			r.hAcc, r.errAcc = h, max(0.01, err)
			r.accept(h, t)
			// The contraction grows about as the square of the step; a step that is
			// longer than the iteration bears costs a factorisation and all its iterations.
			next = min(next, h*max(firkSlow, math.Sqrt(firkContract/r.theta)))
			if h < 0.5*want { // cut short by TStop
				next = max(next, want)
			} else if q := next / h; q >= 1 && q <= firkKeepStep && r.theta <= firkKeepJac {
				next = h
			}
			next = min(next, r.inner.limit())
			ws.H = next
			if len(r.tables) > 1 {
				r.choose(next / h)
			}
			return nil
		}
		ws.Stats.Rejected++
		want = h / max(quot, 1.05)
		if r.first && !rejected {
			want = min(want, 0.1*h)
		}
		rejected = true
		if ws.TooSmall(want) {
			return r.newtonFailure(want)
		}
		r.haveJac = r.newJac
	}
}

// accept moves to the new point.
func (r *firk) accept(h, t float64) {
	ws := r.ws
	r.t0, r.h, r.poly, r.first = ws.T, h, true, false
	sum, y := 0.0, r.y[r.c.N/2]
	for i, u := range ws.U {
		z := (y[i] - u) * r.inv[i]
		sum += z * z
	}
	r.guess = r.miss / math.Sqrt(sum/float64(max(1, len(y))))
	ws.Accept(h, t)
	r.f0, r.f1 = r.f1, r.f0
	r.w, r.past, r.past0 = r.past, r.w, r.c
	r.fresh, r.newJac, r.gapKnown = true, false, false
	r.haveJac = r.theta <= firkKeepJac
}

// factor factorises all matrices for the step h unless that is done.
func (r *firk) factor(h float64) bool {
	if r.factored == h {
		return true
	}
	c := r.c
	r.factored = 0
	k := 0
	if c.Gamma != 0 {
		r.lam[0] = c.Gamma / h
		if !r.m.factor(r.lam[0]) {
			return false
		}
		k = 1
	}
	for p, al := range c.Alpha {
		al, be := al/h, c.Beta[p]/h
		r.lam[k], r.lam[k+1] = al, be
		if !r.m.factorPair(p, complex(al, be)) {
			return false
		}
		k += 2
	}
	r.factored = h
	return true
}

// Projected marks f at (ws.T, ws.U) as unknown; J, an approximation anyway, stays. The
// polynomial is no guess for the next stages where an algebraic unknown was put on another
// root, far from its end.
func (r *firk) Projected() {
	r.fresh = false
	ws := r.ws
	for _, i := range ws.Alg {
		end := ws.UPrev[i]
		for k, e := range r.past0.EndW {
			end += e * r.past[k][i]
		}
		if math.Abs(ws.U[i]-end) > 0.1*math.Abs(ws.U[i]) {
			r.poly = false
			return
		}
	}
}

// Turned marks f and J as unknown: other rows are algebraic now. The polynomial stays.
func (r *firk) Turned() { r.fresh, r.haveJac, r.newJac, r.factored = false, false, false, 0 }

// Archive visits the polynomial of the last step, J with its factors, the order, and what
// the iteration and the controllers remember. Stages do not outlive a step, but for the
// explicit last one, which the interpolant needs.
func (r *firk) Archive(a *archive.Archive) {
	at, past := r.at, r.at
	if r.past0 != nil {
		for k, name := range r.tables {
			if firkTable(name) == r.past0 {
				past = k
			}
		}
	}
	known := r.past0 != nil
	a.Int(&at, &past)
	a.Bool(&known)
	if a.Loading() {
		r.become(max(at, past))
		r.become(at)
		if r.past0 = nil; known {
			r.past0 = firkTable(r.tables[past])
		}
	}
	a.Floats(r.f0, r.f1)
	a.Bool(&r.gapKnown)
	a.Floats(r.gap)
	if known {
		a.Floats(r.past[:r.past0.N]...)
		if r.past0.Last {
			a.Floats(r.f[r.past0.N])
		}
	}
	a.Floats(r.lam[:r.c.N])
	a.Bool(&r.fresh, &r.haveJac, &r.newJac, &r.first, &r.poly)
	a.Float(&r.factored, &r.theta, &r.rate, &r.slow, &r.hAcc, &r.errAcc, &r.t0, &r.h, &r.guess)
	a.Int(&r.iters, &r.accepted)
	r.policy.Archive(a)
	r.inner.Archive(a)
	r.m.Archive(a)
}

func init() {
	registerFamily(tableau.Full, func(name string) Method {
		e := tableau.ReadFIRK(name)
		m := &firkMethod{tables: []string{name}, info: Info{
			Name: name, Use: Stiff, Order: e.Order, Stages: e.Stages(), Implicit: true, Reference: e.Reference,
		}}
		i := &m.info
		i.Mass = e.StifflyAccurate()
		// As many nodes behind the start as the estimate has order.
		estimate := e.Stages()
		if first, _ := new(big.Rat).SetString(e.C[0]); first.Sign() == 0 {
			estimate--
		}
		kind := strings.TrimRight(name, "0123456789")
		switch kind {
		case "Gauss", "LobattoIIID":
			i.Use = Hamiltonian
			i.Stability = "A-stable, symplectic"
			i.Description = "implicit Runge-Kutta method for Hamiltonian systems over long times, with fixed steps"
			return m
		case "LobattoIIIA":
			i.Stability = "stiffly accurate, A-stable, symmetric"
			i.Description = "collocation method for stiff and differential-algebraic systems whose oscillations are not to be damped"
		case "LobattoIIIB":
			i.Stability = "A-stable, symmetric"
			i.Description = "implicit Runge-Kutta method, the counterpart of Lobatto IIIA"
		case "LobattoIIIC":
			i.Stability = "stiffly accurate, algebraically stable, L-stable"
			i.Description = "implicit Runge-Kutta method for stiff and differential-algebraic systems"
		case "LobattoIIICStar":
			i.Use = Nonstiff
			i.Stability = "not A-stable: |R| grows without bound"
			i.Description = "implicit Runge-Kutta method with explicit first and last stages, the counterpart of Lobatto IIIC"
		case "RadauIA":
			i.Stability = "algebraically stable, L-stable"
			i.Description = "implicit Runge-Kutta method for stiff systems"
		case "RadauIIA":
			i.Stability = "stiffly accurate, L-stable"
			i.Description = "collocation method for stiff and differential-algebraic systems"
			i.Index = min(3, e.Stages())
		}
		i.Embedded = estimate
		return m
	})
}
