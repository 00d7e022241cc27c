package ode

// The stepper of the multistep methods: backward differentiation formulas of order 1 to 5
// and Adams-Moulton formulas of order 1 to 12, of variable order and step, on a history in
// Nordsieck form.
//
// The correction e of the predicted state solves
//
//	M (z_1 + c e) = h f(t, z_0 + e),
//
// z being the predicted history and c the leading coefficient; rows without mass are
// 0 = f_i. Modified Newton iterations use M/gamma - J, gamma = h/c, with J and the
// factors as old as convergence allows; where the problem is not stiff, functional
// iterations do. The error is a multiple of e. Step and order change when the gain is
// worth the new factors.
//
// Brown, Byrne, Hindmarsh, SIAM J. Sci. Stat. Comput. 10(5), 1989; most strategy constants
// as in CVODE (Hindmarsh et al., ACM Trans. Math. Softw. 31(3), 2005). Others were measured on ten stiff
// problems at tolerances from 1e-3 to 1e-9: at the same true error they are within 5 per cent of these
// in steps + f + 3 factorisations + J, but for the tolerance of the Newton iteration (bdf.go). Departures: the
// history is only replaced by accepted steps, so nothing is undone after failures;
// algebraic variables do not enter the error test of the first step, when their slope is
// not known yet, and forces never do; rows without mass are not scaled by gamma.

import (
	"errors"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

const (
	msMaxIter   = 3    // iterations
	msRateDown  = 0.3  // the estimated rate falls by this factor at most
	msDiverge   = 2.0  // growth of the correction that ends the iteration
	msGammaMax  = 0.3  // change of gamma that asks for new factors
	msGammaJac  = 0.2  // change of gamma above which a failure may not be J's fault
	msFactorAge = 20   // steps after which the factors are renewed
	msJacAge    = 51   // and J
	msWorth     = 1.5  // growth that is worth a change of step
	msGrowFirst = 1e4  // limits on the growth: first step,
	msGrow      = 10.0 // later
	msConvFail  = 0.25 // step after a failed iteration
	msBiasSame  = 6    // errors are taken for so much larger when a step is chosen:
	msBiasDown  = 6    // of the same order, of one less,
	msBiasUp    = 10   // and of one more
)

// worthwhile[k] is the biased error below which the growth of the step, the k-th root
// of its inverse, is at least msWorth.
var worthwhile = func() (w [tops + 2]float64) {
	for k := range w {
		w[k] = math.Pow(1/msWorth-1e-6, float64(k))
	}
	return w
}()

// growth is the factor by which the step may grow where the biased error is x and its order k.
func growth(x float64, k int) float64 {
	return 1 / (math.Pow(x, 1/float64(k)) + 1e-6)
}

// multistep is the stepper of one run.
type multistep struct {
	nordsieck
	ws *Workspace
	m  *iterationMatrix // nil: functional iterations only
	sw *switching       // nil: the family stays
	im *implicitSystem  // of a problem F(t, u, u') = 0, else nil

	top     int       // highest order
	next    int       // order of the step to come
	tq5Last float64   // tq5 of the step that saved is from, 0: unknown
	grow    float64   // limit on the growth of the next step
	steps   int       // since Restart
	slope0  []float64 // predicted first history entry over the leading coefficient
	e       []float64 // correction
	saved   []float64 // correction of the step before the last
	f, dx   []float64
	ewt     []float64 // weights of the iteration
	test    []float64 // and of the error test: ewt, or a copy with zeros in excluded entries
	spare   []float64 // memory of that copy

	size           float64 // norm of e in the weights ewt, where one iteration made it; else below 0
	gamma, gammaLU float64
	tol            float64 // of the iteration, relative to the error test
	rate           float64 // estimated contraction of the iteration
	haveLU         bool
	sinceLU        int
	sinceJac       int
	haveJac        bool
	err            error
}

// newMultistep returns a stepper of orders up to top, with memory for histories of most.
func newMultistep(ws *Workspace, kind formula, top, most int) *multistep {
	n := ws.N()
	b := &multistep{ws: ws, nordsieck: newNordsieck(n, most), top: top}
	b.kind = kind
	flat := make([]float64, 7*n)
	for _, v := range []*[]float64{&b.slope0, &b.e, &b.f, &b.dx, &b.ewt, &b.spare, &b.saved} {
		*v = flat[:n:n]
		flat = flat[n:]
	}
	b.tol = msNewtonTol
	if len(ws.Alg) > 0 {
		b.tol = msNewtonAlg
	}
	return b
}

// Restart makes (ws.T, ws.U) the start, with order 1.
func (b *multistep) Restart() error {
	ws := b.ws
	if b.im != nil {
		return b.restartImplicit()
	}
	ws.RHS(ws.T, ws.U, b.f)
	if nonFinite(b.f) >= 0 {
		return ws.FailStep(0)
	}
	b.begin(ws.FirstStep(b.f, 1), b.f, ws.Mass)
	return nil
}

// begin starts the history with the slopes f in rows with mass. The step that the run made
// before suited a higher order, so it is a limit only.
func (b *multistep) begin(h float64, f, mass []float64) {
	ws := b.ws
	if ws.H > 0 && ws.H < h {
		h = ws.H
	}
	ws.H = h
	for _, z := range b.z {
		clear(z)
	}
	copy(b.z[0], ws.U)
	for i, v := range f {
		if mass == nil || mass[i] != 0 {
			b.z[1][i] = h * v
		}
	}
	b.hz, b.end, b.q, b.next, b.wait, b.steps, b.steady = h, ws.T, 1, 1, 2, 0, 0
	b.grow, b.tq5Last = msGrowFirst, 0
	b.tau = [tops]float64{}
	b.haveLU, b.haveJac = false, false
	if b.sw != nil {
		b.sw.restart(b)
	}
}

// trouble is what an attempt ran into.
type trouble uint8

const (
	fine    trouble = iota
	badJ            // the iteration failed with factors of an old J
	badStep         // or with those of a new one, or f was not finite
)

// Step makes one accepted step.
func (b *multistep) Step() error {
	ws := b.ws
	if b.sw != nil && b.sw.to != b.kind {
		b.sw.change(b)
	}
	if b.next != b.q {
		b.changeOrder(b.next, b.e)
	}
	b.weigh()
	want := ws.H
	before := fine // trouble of the attempt before
	rejections := 0
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		b.coefficients(h)
		b.gamma = h / b.lead
		var trouble trouble
		switch {
		case b.kind == adams:
			trouble = b.functional(h, t)
		default:
			trouble = b.newton(h, t, before != fine || rejections > 0, before)
		}
		if trouble != fine {
			ws.Stats.NewtonFail++
			ws.Stats.Rejected++
			before = badStep
			b.grow = 1
			want = h * msConvFail
			if ws.TooSmall(want) {
				return b.failure(want)
			}
			continue
		}
		before = fine
		size := b.size
		if size < 0 || len(b.test) > 0 && &b.test[0] != &b.ewt[0] {
			size = b.norm(b.e)
		}
		dsm := size * b.tq[2]
		if dsm <= 1 {
			b.accept(h, t, dsm)
			return nil
		}
		ws.Stats.Rejected++
		rejections++
		b.grow = 1
		switch {
		case rejections <= 3:
			eta := math.Max(0.1, growth(msBiasSame*dsm, b.q+1))
			if rejections >= 2 {
				eta = math.Min(eta, 0.2)
			}
			want = h * eta
		case b.q > 1:
			// The history at this order is of no use: the solution is not that smooth.
			want = 0.1 * h
			b.changeOrder(b.q-1, b.e)
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
func (b *multistep) failure(h float64) *Failure {
	var f *Failure
	switch {
	case b.im != nil:
		f = b.im.failure(b, h)
	case b.m != nil:
		f = b.m.failure(h)
	default:
		f = b.ws.FailStep(h)
	}
	if f.Code == DtTooSmall && errors.Is(b.err, errIteration) {
		g := b.ws.Fail(NewtonFailure, "the iteration for the next step does not converge, however short the step; %s", f.Message)
		g.Err = b.err
		return g
	}
	return f
}

var errIteration = errors.New("the Newton iteration does not converge")

// reload replaces the slopes by f at the present point.
func (b *multistep) reload() error {
	ws := b.ws
	b.wait = 10
	if b.im != nil {
		return nil
	}
	ws.RHS(ws.T, ws.U, b.f)
	if nonFinite(b.f) >= 0 {
		return ws.FailStep(b.hz)
	}
	for i, f := range b.f {
		if ws.differential(i) {
			b.z[1][i] = b.hz * f
		}
	}
	return nil
}

// functional iterates e = gamma f(t, z_0 + e) - z_1/c.
func (b *multistep) functional(h, t float64) trouble {
	ws := b.ws
	y := ws.UNew
	b.predict(h, y, b.slope0)
	b.err = errFunctional
	gamma := b.gamma
	crate, before := 1.0, 0.0
	for k := 0; ; k++ {
		ws.Stats.Newton++
		ws.RHS(t, y, b.f)
		n := len(y)
		f, e, slope, w := b.f[:n], b.e[:n], b.slope0[:n], b.ewt[:n]
		s, bad := 0.0, 0.0
		if k == 0 {
			for i, f := range f {
				v := gamma*f - slope[i]
				x := v * w[i]
				s += x * x
				e[i] = v
				v += y[i]
				y[i] = v
				bad += v * 0
			}
		} else {
			for i, f := range f {
				v := gamma*f - slope[i]
				d := v - e[i]
				x := d * w[i]
				s += x * x
				e[i] = v
				v = y[i] + d
				y[i] = v
				bad += v * 0
			}
		}
		size := math.Sqrt(s / float64(max(1, n)))
		if !(size <= math.MaxFloat64) || bad != 0 {
			b.err = nil
			return badStep
		}
		if k > 0 && before > 0 { // at rest there is no rate
			rate := size / before
			crate = math.Max(msRateDown*crate, rate)
			if b.sw != nil {
				b.sw.note(rate / gamma)
			}
		}
		if size*math.Min(1, crate)*b.tq[2] <= adamsTol && (k > 0 || b.sw == nil || !b.sw.curious(b)) {
			b.size = -1
			if k == 0 {
				b.size = size
			}
			return fine
		}
		if k+1 == msMaxIter || k > 0 && size > msDiverge*before {
			return badStep
		}
		before = size
	}
}

const adamsTol = 0.1 // of functional iterations, relative to the error test

var errFunctional = errors.New("the functional iteration does not converge")

// newton solves for the correction of the step of length h that ends at t; the state is left
// in ws.UNew, the correction in e.
func (b *multistep) newton(h, t float64, setup bool, why trouble) trouble {
	ws := b.ws
	y := ws.UNew
	for {
		b.predict(h, y, b.slope0)
		ratio := 1.0
		if b.haveLU {
			ratio = b.gamma / b.gammaLU
		}
		b.evaluate(t, 0)
		current := false
		if setup || !b.haveLU || b.sinceLU >= msFactorAge || math.Abs(ratio-1) > msGammaMax {
			if nonFinite(b.f) >= 0 {
				b.err = nil
				return badStep
			}
			if b.im != nil {
				b.sinceJac = msJacAge
			}
			if !b.haveJac || b.sinceJac >= msJacAge || why == badStep || why == badJ && math.Abs(ratio-1) < msGammaJac {
				b.haveJac = b.jacobian(t)
				if !b.haveJac {
					b.err = nil
					return badStep
				}
				current = true
				b.sinceJac = 0
			}
			b.haveLU = b.factor()
			if !b.haveLU {
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
		if nonFinite(b.f) >= 0 {
			b.err = nil
			return badStep
		}
		setup, why = true, badJ
	}
}

// evaluate writes f, or the residual of an implicit problem after k iterations, to b.f.
func (b *multistep) evaluate(t float64, k int) {
	if b.im != nil {
		b.im.residual(b, t, k)
		return
	}
	b.ws.RHS(t, b.ws.UNew, b.f)
}

// jacobian evaluates J at the predicted state.
func (b *multistep) jacobian(t float64) bool {
	if b.im != nil {
		return b.im.jacobian(b, t)
	}
	ok := b.m.evaluate(t, b.ws.UNew, b.f)
	if ok && b.sw != nil {
		b.sw.norm(b)
	}
	return ok
}

// factor factorises M/gamma - J.
func (b *multistep) factor() (ok bool) {
	if b.im != nil {
		ok, b.err = b.im.factor(b.ws)
		return ok
	}
	ok = b.m.factor(1 / b.gamma)
	b.err = b.m.err
	return ok
}

// iterate runs the modified Newton iteration from the prediction, where f is already
// evaluated. ratio is gamma over that of the factors.
func (b *multistep) iterate(t, ratio float64) bool {
	ws := b.ws
	y := ws.UNew
	n := len(y)
	// Where the factors are for another gamma, the correction of a stiff component
	// is off by a factor between 1 and ratio: aim between.
	scale := 2 / (1 + ratio) / b.gammaLU
	gamma := b.gamma
	before := 0.0
	for k := 0; ; k++ {
		ws.Stats.Newton++
		d, f, e, slope := b.dx[:n], b.f[:n], b.e[:n], b.slope0[:n]
		switch {
		case b.im != nil:
			for i, f := range f {
				d[i] = -2 * ratio / (1 + ratio) * f
			}
			b.im.solve(ws, d)
		case ws.Mass != nil:
			for i, f := range f {
				if ws.Mass[i] != 0 {
					f = gamma*f - slope[i]
					if k > 0 {
						f -= e[i]
					}
					f *= scale
				}
				d[i] = f
			}
			b.m.solve(d)
		case k == 0 && n >= many:
			factor := [1]float64{scale * gamma}
			combine(d, f, n, factor[:], slope, -scale)
			b.m.solve(d)
		case k == 0:
			for i, f := range f {
				d[i] = scale * (gamma*f - slope[i])
			}
			b.m.solve(d)
		default:
			for i, f := range f {
				d[i] = scale * (gamma*f - (e[i] + slope[i]))
			}
			b.m.solve(d)
		}
		if k == 0 {
			copy(e, d)
		} else {
			for i, v := range d {
				e[i] += v
			}
		}
		s, bad := correct(y, d, b.ewt)
		size := math.Sqrt(s / float64(max(1, n)))
		if k > 0 {
			b.rate = math.Max(msRateDown*b.rate, size/before)
		}
		if size*math.Min(1, b.rate)*b.tq[2] <= b.tol {
			b.size = -1
			if k == 0 {
				b.size = size
			}
			return bad == 0
		}
		if k+1 == msMaxIter || k > 0 && size > msDiverge*before || !(size <= math.MaxFloat64) {
			return false
		}
		before = size
		b.evaluate(t, k+1)
	}
}

// weigh sets the weights, and those of the error test. Algebraic variables do not count in the
// first step, when their slope is not known yet, and forces never.
func (b *multistep) weigh() {
	ws := b.ws
	weights(b.ewt, ws.U, ws.AbsTol, ws.RelTol)
	out := ws.Forces
	if b.steps == 0 || ws.ExcludeAlgebraic {
		out = ws.Alg
	}
	if b.im != nil {
		out = b.im.excluded(b.steps == 0)
	}
	b.test = b.ewt
	if len(out) == 0 {
		return
	}
	b.test = b.spare
	copy(b.test, b.ewt)
	for _, i := range out {
		b.test[i] = 0
	}
}

// norm is the norm of v in the error test.
func (b *multistep) norm(v []float64) float64 {
	s := 0.0
	w := b.test[:len(v)]
	for i, x := range v {
		x *= w[i]
		s += x * x
	}
	return math.Sqrt(s / float64(max(1, len(v))))
}

// accept brings the history to the new point and plans the next step.
func (b *multistep) accept(h, t, dsm float64) {
	ws := b.ws
	b.nordsieck.advance(h/b.hz, ws.UNew, b.e)
	b.nordsieck.accepted(h, t, b.steps == 0)
	b.steps++
	b.sinceLU++
	b.sinceJac++
	ws.Accept(h, t)
	b.plan(h, dsm)
	if b.sw != nil {
		b.sw.judge(b, h, dsm)
	}
	if b.wait == 1 && b.q < b.top {
		copy(b.saved, b.e)
		b.tq5Last = b.tq5
	}
	b.grow = msGrow
}

// plan chooses order and size of the next step from the error dsm of this one.
func (b *multistep) plan(h, dsm float64) {
	ws := b.ws
	q := b.q
	b.next = q
	if b.grow == 1 { // after a failure: stay
		b.wait = max(b.wait, 2)
		ws.H = h
		return
	}
	same := msBiasSame * dsm
	eta := 0.0
	if b.wait == 0 {
		b.wait = 2
		down, up := math.Inf(1), math.Inf(1) // biased errors
		if q > 1 {
			down = msBiasDown * b.norm(b.z[q]) * b.tq[1]
		}
		if q < b.top && b.tq5Last != 0 {
			c := b.tq5 / b.tq5Last * math.Pow(h/b.tau[2], float64(q+1))
			s := 0.0
			e, last, w := b.e, b.saved[:len(b.e)], b.test[:len(b.e)]
			for i, e := range e {
				x := (e - c*last[i]) * w[i]
				s += x * x
			}
			up = msBiasUp * math.Sqrt(s/float64(max(1, len(e)))) * b.tq[3]
		}
		if same > worthwhile[q+1] && down > worthwhile[q] && up > worthwhile[q+2] {
			ws.H = h
			return
		}
		eta = growth(same, q+1)
		down, up = growth(down, q), growth(up, q+2)
		switch best := math.Max(eta, math.Max(down, up)); best {
		case eta:
		case down:
			eta, b.next = down, q-1
		default:
			eta, b.next = up, q+1
		}
	} else {
		if same > worthwhile[q+1] {
			ws.H = h
			return
		}
		eta = growth(same, q+1)
	}
	ws.H = math.Min(h*math.Min(eta, b.grow), ws.HMax)
}

// Archive visits the history, the coefficients of the last step, J with its factors, and
// the counts by which they age.
func (b *multistep) Archive(a *archive.Archive) {
	a.Floats(b.z...)
	a.Floats(b.e, b.saved, b.tau[:], b.l[:], b.tq[:])
	a.Float(&b.hz, &b.end, &b.lead, &b.tq5, &b.tq5Last, &b.grow, &b.gamma, &b.gammaLU, &b.rate)
	kind := int(b.kind)
	a.Int(&kind, &b.q, &b.next, &b.wait, &b.steady, &b.steps, &b.sinceLU, &b.sinceJac)
	b.kind = formula(kind)
	a.Bool(&b.haveLU, &b.haveJac)
	if b.m != nil {
		b.m.Archive(a)
	}
	if b.sw != nil {
		b.sw.archive(a, b)
	}
	if b.im != nil {
		b.im.archive(a)
	}
}

// Degree of the interpolant in t.
func (b *multistep) Degree() int { return b.q }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u, by the polynomial
// behind the history.
func (b *multistep) Interpolate(t float64, u []float64) {
	if !b.ws.ends(t, u) {
		b.at(t, u)
	}
}

// InterpolateSome writes the solution at t in [ws.TPrev, ws.T] to the entries which of u.
func (b *multistep) InterpolateSome(t float64, which []int32, u []float64) {
	ws := b.ws
	from := ws.U
	switch t {
	case ws.TPrev:
		from = ws.UPrev
	case ws.T:
	default:
		b.some(t, which, u)
		return
	}
	for _, i := range which {
		u[i] = from[i]
	}
}

// Glance says that the interpolant costs next to nothing.
func (b *multistep) Glance() bool { return true }

// Projected moves the history to the projected point. The polynomial of backward differentiation
// goes through points, so the move counts as part of the correction; that of an Adams formula
// goes through slopes at them, which the move leaves as they are but for h J times it.
func (b *multistep) Projected() {
	for i, u := range b.ws.U {
		d := u - b.z[0][i]
		if d == 0 {
			continue
		}
		b.z[0][i] = u
		if b.kind == adams {
			continue
		}
		for j := 1; j <= b.q; j++ {
			b.z[j][i] += b.l[j] * d
		}
	}
}

// Turned marks J as unknown: other rows are algebraic now. The histories are those of
// all states, so they stay.
func (b *multistep) Turned() { b.haveLU, b.haveJac = false, false }
