package ode

// Backward differentiation formulas of variable order 1 to 5 and variable step, in
// fixed-leading-coefficient form on a Nordsieck history.
//
// Entry j of a state's history is h^j/j! times the j-th derivative of the
// polynomial behind it. A step predicts by Taylor's formula, and the correction e of
// the predicted state solves
//
//	M (z_1 + l_1 e) = h f(t, z_0 + e),
//
// z being the predicted history and l the coefficients of the method for the steps
// made last; rows without mass are 0 = f_i. Modified Newton iterations use
// M/gamma - J, gamma = h/l_1, with J and the factors as old as convergence allows. The
// error is a multiple of e. Step and order change when the gain is worth the new
// factors.
//
// Byrne, Hindmarsh, ACM Trans. Math. Softw. 1(1), 1975; Jackson, Sacks-Davis, ACM
// Trans. Math. Softw. 6(3), 1980; Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput.
// 10(5), 1989; most strategy constants as in CVODE (Hindmarsh et al., ACM Trans. Math. Softw.
// 31(3), 2005). Departures: the history is only replaced by accepted steps, so
// nothing is undone after failures; algebraic variables do not enter the error test
// of the first step, when their slope is not known yet, and forces never do; rows
// without mass are not scaled by gamma.

import (
	"errors"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() { Register(bdfMethod{}, "Gear") }

type bdfMethod struct{}

// Info describes the method.
func (bdfMethod) Info() Info {
	return Info{
		Name: "BDF", Order: bdfMaxOrder, Embedded: bdfMaxOrder, Stages: 1, Implicit: true, Mass: true,
		Stability:   "A-stable to order 2, A(alpha)-stable to order 5",
		Description: "backward differentiation formulas of orders 1 to 5 for large stiff and differential-algebraic systems",
		Reference:   "Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput. 10(5), 1989",
	}
}

const (
	bdfMaxOrder = 5
	bdfWidth    = bdfMaxOrder + 1 // entries of a history

	bdfMaxIter   = 3    // Newton iterations
	bdfNewtonTol = 0.02 // of the error test; CVODE has 0.1, which costs a fifth more steps on the stiff test problems
	bdfNewtonAlg = 0.01 // with algebraic equations: their errors are not damped
	bdfRateDown  = 0.3  // the estimated rate falls by this factor at most
	bdfDiverge   = 2.0  // growth of the correction that ends the iteration
	bdfGammaMax  = 0.3  // change of gamma that asks for new factors
	bdfGammaJac  = 0.2  // change of gamma above which a failure may not be J's fault
	bdfFactorAge = 20   // steps after which the factors are renewed
	bdfJacAge    = 51   // and J
	bdfWorth     = 1.5  // growth that is worth a change of step
	bdfGrowFirst = 1e4  // limits on the growth: first step,
	bdfGrow      = 10.0 // later
	bdfConvFail  = 0.25 // step after a failed iteration
)

// New returns a stepper.
func (bdfMethod) New(ws *Workspace) (Stepper, error) {
	n := ws.N()
	b := &bdf{ws: ws, m: newIterationMatrix(ws), z: make([]float64, bdfWidth*n)}
	b.tol = bdfNewtonTol
	if len(ws.Alg) > 0 {
		b.tol = bdfNewtonAlg
	}
	flat := make([]float64, 8*n)
	for _, v := range []*[]float64{&b.pred, &b.slope, &b.e, &b.f, &b.dx, &b.ewt, &b.test, &b.saved} {
		*v = flat[:n:n]
		flat = flat[n:]
	}
	return b, nil
}

// bdf is the stepper of one run.
type bdf struct {
	ws *Workspace
	m  *iterationMatrix

	z     []float64                // histories: entry j of state i is z[i*bdfWidth+j], for steps of hz
	hz    float64                  // step the history is scaled to
	end   float64                  // and its time
	q     int                      // order
	next  int                      // order of the step to come
	wait  int                      // steps until a change of order is considered
	tau   [bdfWidth + 1]float64    // tau[1] the last step, tau[2] the one before, ...
	l     [bdfWidth + 1]float64    // coefficients of the step
	tq    [bdfMaxOrder + 1]float64 // test quantities, see coefficients
	tq5   float64                  // tq[5] of the step before, 0: unknown
	grow  float64                  // limit on the growth of the next step
	steps int                      // since Restart

	pred, slope []float64 // predicted state and first history entry
	e           []float64 // correction
	saved       []float64 // correction of the step before the last
	f, dx       []float64
	ewt, test   []float64 // weights of the iteration and of the error test

	gamma, gammaLU float64
	tol            float64 // of the iteration, relative to the error test
	rate           float64 // estimated contraction of the iteration
	haveLU         bool
	sinceLU        int
	sinceJac       int
	haveJac        bool
	err            error
}

// Restart makes (ws.T, ws.U) the start, with order 1.
func (b *bdf) Restart() error {
	ws := b.ws
	ws.RHS(ws.T, ws.U, b.f)
	if nonFinite(b.f) >= 0 {
		return ws.FailStep(0)
	}
	// A step that suited order 5 does not suit order 1: it is a limit only.
	h := ws.FirstStep(b.f, 1)
	if ws.H > 0 && ws.H < h {
		h = ws.H
	}
	ws.H = h
	clear(b.z)
	for i, u := range ws.U {
		b.z[i*bdfWidth] = u
		if ws.Mass == nil || ws.Mass[i] != 0 {
			b.z[i*bdfWidth+1] = h * b.f[i]
		}
	}
	b.hz, b.q, b.next, b.wait, b.steps = h, 1, 1, 2, 0
	b.grow, b.tq5 = bdfGrowFirst, 0
	b.tau = [bdfWidth + 1]float64{}
	b.haveLU, b.haveJac = false, false
	return nil
}

// trouble is what an attempt ran into.
type trouble uint8

const (
	fine    trouble = iota
	badJ            // the iteration failed with factors of an old J
	badStep         // or with those of a new one, or f was not finite
)

// Step makes one accepted step.
func (b *bdf) Step() error {
	ws := b.ws
	if b.next != b.q {
		b.changeOrder(b.next)
	}
	ws.Weights(ws.U, b.ewt)
	b.weigh()
	want := ws.H
	before := fine // trouble of the attempt before
	rejections := 0
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		b.predict(h)
		b.coefficients(h)
		setup := before != fine || rejections > 0
		switch b.newton(t, setup, before) {
		case fine:
		default:
			ws.Stats.NewtonFail++
			ws.Stats.Rejected++
			before = badStep
			b.grow = 1
			want = h * bdfConvFail
			if ws.TooSmall(want) {
				return b.failure(want)
			}
			continue
		}
		before = fine
		dsm := b.norm(b.e) * b.tq[2]
		if dsm <= 1 {
			b.accept(h, t, dsm)
			return nil
		}
		ws.Stats.Rejected++
		rejections++
		b.grow = 1
		switch {
		case rejections <= 3:
			eta := math.Max(0.1, 1/(math.Pow(6*dsm, 1/float64(b.q+1))+1e-6))
			if rejections >= 2 {
				eta = math.Min(eta, 0.2)
			}
			want = h * eta
		case b.q > 1:
			// The history at this order is of no use: the solution is not that smooth.
			want = 0.1 * h
			b.changeOrder(b.q - 1)
			b.next = b.q
		default:
			want = 0.1 * h
			if err := b.reload(); err != nil {
				return err
			}
		}
		if ws.TooSmall(want) {
			return b.failure(want)
		}
	}
}

// failure is why the run ends when the step has become too small.
func (b *bdf) failure(h float64) *Failure {
	f := b.m.failure(h)
	if f.Code == DtTooSmall && errors.Is(b.err, errIteration) {
		g := b.ws.Fail(NewtonFailure, "the iteration for the next step does not converge, however short the step; %s", f.Message)
		g.Err = b.err
		return g
	}
	return f
}

var errIteration = errors.New("the Newton iteration does not converge")

// reload replaces the slopes by f at the present point.
func (b *bdf) reload() error {
	ws := b.ws
	ws.RHS(ws.T, ws.U, b.f)
	if nonFinite(b.f) >= 0 {
		return ws.FailStep(b.hz)
	}
	for i, f := range b.f {
		if ws.Mass == nil || ws.Mass[i] != 0 {
			b.z[i*bdfWidth+1] = b.hz * f
		}
	}
	b.wait = 10
	return nil
}

// predict continues the histories by a step h: pred and slope.
func (b *bdf) predict(h float64) {
	r := h / b.hz
	z := b.z
	pred, slope := b.pred, b.slope[:len(b.pred)]
	switch b.q {
	case 1:
		for i := range pred {
			c := z[i*bdfWidth:][:2]
			d := r * c[1]
			pred[i], slope[i] = c[0]+d, d
		}
	case 2:
		for i := range pred {
			c := z[i*bdfWidth:][:3]
			c1, c2 := c[1], r*c[2]
			pred[i], slope[i] = c[0]+r*(c1+c2), r*(c1+2*c2)
		}
	case 3:
		for i := range pred {
			c := z[i*bdfWidth:][:4]
			c1, c2, c3 := c[1], c[2], r*c[3]
			pred[i], slope[i] = c[0]+r*(c1+r*(c2+c3)), r*(c1+r*(2*c2+3*c3))
		}
	case 4:
		for i := range pred {
			c := z[i*bdfWidth:][:5]
			c1, c2, c3, c4 := c[1], c[2], c[3], r*c[4]
			pred[i], slope[i] = c[0]+r*(c1+r*(c2+r*(c3+c4))), r*(c1+r*(2*c2+r*(3*c3+4*c4)))
		}
	default:
		for i := range pred {
			c := z[i*bdfWidth:][:6]
			c1, c2, c3, c4, c5 := c[1], c[2], c[3], c[4], r*c[5]
			pred[i], slope[i] = c[0]+r*(c1+r*(c2+r*(c3+r*(c4+c5)))), r*(c1+r*(2*c2+r*(3*c3+r*(4*c4+5*c5))))
		}
	}
}

// coefficients computes, for a step h after the steps tau, the coefficients l of
// the corrector and the factors that make error norms of the correction:
//
//	tq[2]  of this order: error = tq[2] |e|,
//	tq[1]  of one order less: tq[1] |z_q|,
//	tq[3]  of one order more: tq[3] |e - c e_before|, c from tq[5] of both steps.
//
// tq[4] is unused. l are the coefficients of (1 + x) prod_{j=2}^{q-1} (1 + x/xi_j)
// (1 + x/xi*), xi_j the distance to the j-th last point in units of h; xi* makes the
// leading coefficient the same for all step sequences.
func (b *bdf) coefficients(h float64) {
	q := b.q
	l := &b.l
	*l = [bdfWidth + 1]float64{1, 1}
	alpha, alphaHat := -1.0, -1.0
	xiInv, xiStar := 1.0, 1.0
	sum := h
	times := func(top int, x float64) { // l *= 1 + x*(.)
		for i := top; i >= 1; i-- {
			l[i] += l[i-1] * x
		}
	}
	if q > 1 {
		for j := 2; j < q; j++ {
			sum += b.tau[j-1]
			alpha -= 1 / float64(j)
			times(j, h/sum)
		}
		alpha -= 1 / float64(q)
		xiStar = -l[1] - alpha
		sum += b.tau[q-1]
		xiInv = h / sum
		alphaHat = -l[1] - xiInv
		times(q, xiStar)
	}
	a1 := 1 - alphaHat + alpha
	a2 := 1 + float64(q)*a1
	b.tq[2] = math.Abs(a1 / (alpha * a2))
	b.tq[5] = math.Abs(a2 * xiStar / (l[q] * xiInv))
	if b.wait == 1 {
		b.tq[1] = 1
		if q > 1 {
			a3 := alpha + 1/float64(q)
			a4 := alphaHat + xiInv
			b.tq[1] = math.Abs(xiStar / l[q] * (1 - a4 + a3) / a3)
		}
		sum += b.tau[q]
		xiInv = h / sum
		a5 := alpha - 1/float64(q+1)
		a6 := alphaHat - xiInv
		b.tq[3] = math.Abs((1 - a6 + a5) / a2 / (xiInv * float64(q+2) * a5))
	}
	b.gamma = h / l[1]
}

// newton solves for the correction of the step that ends at t; the state is left in
// ws.UNew, the correction in e.
func (b *bdf) newton(t float64, setup bool, why trouble) trouble {
	ws := b.ws
	y := ws.UNew
	for {
		copy(y, b.pred)
		clear(b.e)
		ws.RHS(t, y, b.f)
		if nonFinite(b.f) >= 0 {
			b.err = nil
			return badStep
		}
		ratio := 1.0
		if b.haveLU {
			ratio = b.gamma / b.gammaLU
		}
		current := false
		if setup || !b.haveLU || b.sinceLU >= bdfFactorAge || math.Abs(ratio-1) > bdfGammaMax {
			if !b.haveJac || b.sinceJac >= bdfJacAge || why == badStep || why == badJ && math.Abs(ratio-1) < bdfGammaJac {
				b.haveJac = b.m.evaluate(t, y, b.f)
				if !b.haveJac {
					b.err = nil
					return badStep
				}
				current = true
				b.sinceJac = 0
			}
			b.haveLU = b.m.factor(1 / b.gamma)
			if !b.haveLU {
				b.err = b.m.err
				b.haveJac = b.haveJac && current
				return badStep
			}
			b.sinceLU, b.gammaLU, b.rate, ratio = 0, b.gamma, 1, 1
		}
		if b.iterate(t, ratio) {
			return fine
		}
		if current {
			b.err = errIteration
			return badStep
		}
		setup, why = true, badJ
	}
}

// iterate runs the modified Newton iteration from the prediction, where f is already
// evaluated. ratio is gamma over that of the factors.
func (b *bdf) iterate(t, ratio float64) bool {
	ws := b.ws
	y := ws.UNew
	// Where the factors are for another gamma, the correction of a stiff component
	// is off by a factor between 1 and ratio: aim between.
	scale := 2 / (1 + ratio) / b.gammaLU
	back := 1 / b.l[1]
	before := 0.0
	for k := 0; ; k++ {
		ws.Stats.Newton++
		d := b.dx
		if ws.Mass == nil {
			for i, f := range b.f {
				d[i] = scale * (b.gamma*f - (b.e[i] + back*b.slope[i]))
			}
		} else {
			for i, f := range b.f {
				if ws.Mass[i] != 0 {
					f = scale * (b.gamma*f - (b.e[i] + back*b.slope[i]))
				}
				d[i] = f
			}
		}
		b.m.solve(d)
		s := 0.0
		for i, v := range d {
			x := v * b.ewt[i]
			s += x * x
			e := b.e[i] + v
			b.e[i] = e
			y[i] = b.pred[i] + e
		}
		size := math.Sqrt(s / float64(max(1, len(d))))
		if k > 0 {
			b.rate = math.Max(bdfRateDown*b.rate, size/before)
		}
		if size*math.Min(1, b.rate)*b.tq[2] <= b.tol {
			return nonFinite(y) < 0
		}
		if k+1 == bdfMaxIter || k > 0 && size > bdfDiverge*before || !(size <= math.MaxFloat64) {
			return false
		}
		before = size
		ws.RHS(t, y, b.f)
		if nonFinite(b.f) >= 0 {
			return false
		}
	}
}

// weigh sets the weights of the error test. Algebraic variables do not count in the
// first step, when their slope is not known yet, and forces never.
func (b *bdf) weigh() {
	ws := b.ws
	copy(b.test, b.ewt)
	out := ws.Forces
	if b.steps == 0 {
		out = ws.Alg
	}
	for _, i := range out {
		b.test[i] = 0
	}
}

// norm is the norm of v in the error test.
func (b *bdf) norm(v []float64) float64 {
	s := 0.0
	for i, x := range v {
		x *= b.test[i]
		s += x * x
	}
	return math.Sqrt(s / float64(max(1, len(v))))
}

// accept brings the history to the new point and plans the next step.
func (b *bdf) accept(h, t, dsm float64) {
	ws := b.ws
	b.advance(h / b.hz)
	b.hz, b.end = h, t
	for i := b.q; i >= 2; i-- {
		b.tau[i] = b.tau[i-1]
	}
	if b.q == 1 && b.steps > 0 {
		b.tau[2] = b.tau[1]
	}
	b.tau[1] = h
	b.steps++
	b.sinceLU++
	b.sinceJac++
	b.wait--
	ws.Accept(h, t)
	b.plan(h, dsm)
	if b.wait == 1 && b.q < bdfMaxOrder {
		copy(b.saved, b.e)
		b.tq5 = b.tq[5]
	}
	b.grow = bdfGrow
}

// advance replaces the histories by those at the new point, whose state is in
// ws.UNew: powers of r, Pascal's triangle, and the corrections times l.
func (b *bdf) advance(r float64) {
	l := &b.l
	l1, l2, l3, l4, l5 := l[1], l[2], l[3], l[4], l[5]
	r2 := r * r
	r3, r4 := r2*r, r2*r2
	r5 := r4 * r
	z, y := b.z, b.ws.UNew[:len(b.e)]
	switch b.q {
	case 1:
		for i, e := range b.e {
			c := z[i*bdfWidth:][:2]
			c1 := c[1] * r
			c[0] = y[i]
			c[1] = c1 + l1*e
		}
	case 2:
		for i, e := range b.e {
			c := z[i*bdfWidth:][:3]
			c1, c2 := c[1]*r, c[2]*r2
			c[0] = y[i]
			c[1] = c1 + 2*c2 + l1*e
			c[2] = c2 + l2*e
		}
	case 3:
		for i, e := range b.e {
			c := z[i*bdfWidth:][:4]
			c1, c2, c3 := c[1]*r, c[2]*r2, c[3]*r3
			c[0] = y[i]
			c[1] = c1 + 2*c2 + 3*c3 + l1*e
			c[2] = c2 + 3*c3 + l2*e
			c[3] = c3 + l3*e
		}
	case 4:
		for i, e := range b.e {
			c := z[i*bdfWidth:][:5]
			c1, c2, c3, c4 := c[1]*r, c[2]*r2, c[3]*r3, c[4]*r4
			c[0] = y[i]
			c[1] = c1 + 2*c2 + 3*c3 + 4*c4 + l1*e
			c[2] = c2 + 3*c3 + 6*c4 + l2*e
			c[3] = c3 + 4*c4 + l3*e
			c[4] = c4 + l4*e
		}
	default:
		for i, e := range b.e {
			c := z[i*bdfWidth:][:6]
			c1, c2, c3, c4, c5 := c[1]*r, c[2]*r2, c[3]*r3, c[4]*r4, c[5]*r5
			c[0] = y[i]
			c[1] = c1 + 2*c2 + 3*c3 + 4*c4 + 5*c5 + l1*e
			c[2] = c2 + 3*c3 + 6*c4 + 10*c5 + l2*e
			c[3] = c3 + 4*c4 + 10*c5 + l3*e
			c[4] = c4 + 5*c5 + l4*e
			c[5] = c5 + l5*e
		}
	}
}

// plan chooses order and size of the next step from the error dsm of this one.
func (b *bdf) plan(h, dsm float64) {
	ws := b.ws
	q := b.q
	b.next = q
	if b.grow == 1 { // after a failure: stay
		b.wait = max(b.wait, 2)
		ws.H = h
		return
	}
	same := 1 / (math.Pow(6*dsm, 1/float64(q+1)) + 1e-6)
	eta := same
	if b.wait == 0 {
		b.wait = 2
		down, up := 0.0, 0.0
		if q > 1 {
			s := 0.0
			for i, w := range b.test {
				x := b.z[i*bdfWidth+q] * w
				s += x * x
			}
			ddn := math.Sqrt(s/float64(max(1, len(b.ewt)))) * b.tq[1]
			down = 1 / (math.Pow(6*ddn, 1/float64(q)) + 1e-6)
		}
		if q < bdfMaxOrder && b.tq5 != 0 {
			c := b.tq[5] / b.tq5 * math.Pow(h/b.tau[2], float64(q+1))
			s := 0.0
			for i, w := range b.test {
				x := (b.e[i] - c*b.saved[i]) * w
				s += x * x
			}
			dup := math.Sqrt(s/float64(max(1, len(b.ewt)))) * b.tq[3]
			up = 1 / (math.Pow(10*dup, 1/float64(q+2)) + 1e-6)
		}
		best := math.Max(same, math.Max(down, up))
		switch {
		case best < bdfWorth:
			ws.H = h
			return
		case best == same:
		case best == down:
			eta, b.next = down, q-1
		default:
			eta, b.next = up, q+1
			copy(b.saved, b.e) // what the new entry of the history is made of
		}
	}
	if eta < bdfWorth {
		ws.H = h
		return
	}
	ws.H = math.Min(h*math.Min(eta, b.grow), ws.HMax)
}

// changeOrder brings the history to order to, which is one more or one less.
func (b *bdf) changeOrder(to int) {
	q := b.q
	var l [bdfWidth + 1]float64
	l[2] = 1
	sum := 0.0
	if to > q {
		// The new polynomial adds a multiple of x^2 prod (x + xi_j), which leaves value,
		// slope and the last points alone.
		alpha0, alpha1, prod, old := -1.0, 1.0, 1.0, 1.0
		sum = b.hz
		for j := 1; j < q; j++ {
			sum += b.tau[j+1]
			xi := sum / b.hz
			prod *= xi
			alpha0 -= 1 / float64(j+1)
			alpha1 += 1 / xi
			for i := j + 2; i >= 2; i-- {
				l[i] = l[i]*old + l[i-1]
			}
			old = xi
		}
		a := (-alpha0 - alpha1) / prod
		for i, e := range b.saved {
			c := (*[bdfWidth]float64)(b.z[i*bdfWidth:])
			x := a * e
			c[q+1] = x
			for j := 2; j <= q; j++ {
				c[j] += l[j] * x
			}
		}
	} else {
		for j := 1; j <= q-2; j++ {
			sum += b.tau[j]
			xi := sum / b.hz
			for i := j + 2; i >= 2; i-- {
				l[i] = l[i]*xi + l[i-1]
			}
		}
		for i := range b.e {
			c := (*[bdfWidth]float64)(b.z[i*bdfWidth:])
			x := c[q]
			for j := 2; j < q; j++ {
				c[j] -= l[j] * x
			}
			c[q] = 0
		}
	}
	b.q = to
	b.wait = to + 1
}

// Archive visits the history, the coefficients of the last step, J with its factors, and
// the counts by which they age.
func (b *bdf) Archive(a *archive.Archive) {
	a.Floats(b.z, b.e, b.saved, b.tau[:], b.l[:], b.tq[:])
	a.Float(&b.hz, &b.end, &b.tq5, &b.grow, &b.gamma, &b.gammaLU, &b.rate)
	a.Int(&b.q, &b.next, &b.wait, &b.steps, &b.sinceLU, &b.sinceJac)
	a.Bool(&b.haveLU, &b.haveJac)
	b.m.Archive(a)
}

// Degree of the interpolant in t.
func (b *bdf) Degree() int { return b.q }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u, by the polynomial
// behind the history.
func (b *bdf) Interpolate(t float64, u []float64) {
	ws := b.ws
	if ws.ends(t, u) {
		return
	}
	x := (t - b.end) / b.hz
	for i := range u {
		c := (*[bdfWidth]float64)(b.z[i*bdfWidth:])
		s := 0.0
		for j := b.q; j >= 0; j-- {
			s = s*x + c[j]
		}
		u[i] = s
	}
}

// Projected counts the move of the state as part of the correction, so that the
// polynomial goes through the projected point and the points before it.
func (b *bdf) Projected() {
	for i, u := range b.ws.U {
		c := (*[bdfWidth]float64)(b.z[i*bdfWidth:])
		d := u - c[0]
		if d == 0 {
			continue
		}
		c[0] = u
		for j := 1; j <= b.q; j++ {
			c[j] += b.l[j] * d
		}
	}
}

// Turned marks J as unknown: other rows are algebraic now. The histories are those of
// all states, so they stay.
func (b *bdf) Turned() { b.haveLU, b.haveJac = false, false }
