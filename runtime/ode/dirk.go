package ode

// Diagonally implicit Runge-Kutta methods: one engine for all tables of package tableau.
//
// Stage i of a step h from (t, u) solves
//
//	M z_i = h f(t + c_i h, u + sum_{j<i} a_ij z_j + gamma z_i)
//
// for z_i, which is h times the slope there. Rows without mass are 0 = f_i; what z_i is
// in them follows from the stage values, so the same formulas hold for all entries. A
// stage that is explicit, the first of ESDIRK methods, takes its slope from the last
// stage of the step before.
//
// All stages share the matrix M/(h gamma) - J. Modified Newton iterations use J and
// factors that may be steps old: a correction is scaled by 2/(1 + r) where h gamma has changed by
// the factor r since. How old they may get follows from counting: new ones are made
// when the iterations that they would have saved so far cost as much as they do, which is
// at most twice the least cost whatever the problem; and where an iteration fails, or h gamma has changed by much.
//
// Stage values are predicted by polynomials through the nearest slopes, of this step and the one before.
// The error is that of the embedded method, passed through (M - h gamma J)^-1 M where that is not
// nearly L-stable, so that stiff components that the step damps do not count.
//
// Where both solutions of a pair are stiffly accurate, that error says nothing about components that follow the others or the
// time at once (algebraic ones, or nearly so): both meet their equations at the end of the step, whatever its length. What is
// wrong then is the interpolant. So where one is needed, the step is limited by its distance from a stage value within the
// step, which is exact in those components (inner.go); of the others, whose stage values are of low order, it is
// cleared twice.
//
// Hairer, Wanner, Solving ODEs II, IV.6 and IV.8; Hosea, Shampine, Appl. Numer. Math. 20, 1996, for the form of the stages and
// the filter; Kennedy, Carpenter, NASA TM-2016-219173. Departures: the interpolants (package tableau), the predictors, and when
// J and factors are renewed.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	registerFamily(tableau.Diagonal, func(name string) Method { return DiagonalRK(tableau.ReadDIRK(name)) })
}

const (
	dirkKeepStep = 1.2  // growth that is not worth new factors
	dirkFilter   = 0.01 // limit of the embedded stability function above which the error is filtered
	dirkNear     = 3    // slopes in a predictor
	dirkApart    = 0.05 // and how far apart they must be, in steps
)

// dirkMethod is a diagonally implicit Runge-Kutta method as a Method.
type dirkMethod struct {
	info   Info
	coeffs func() *dirkCoeffs
}

// dirkCoeffs is what all runs of a method share.
type dirkCoeffs struct {
	*tableau.DIRKCoeffs
	gamma  float64 // of the last stage
	filter bool
	ctl    control.Controller
	probe  int       // stage within the step that its interpolant is compared with, -1: none
	away   []float64 // weights of the slopes in the difference
	peak   float64   // by how much the largest error of the interpolant exceeds that at the stage
	// Slopes that predictors may use, nearest first: of this step, for each stage, and of the
	// step before. Entry 0 is the slope at the start, entry j that of stage j.
	near    [][]int
	nearOld []int
}

// DiagonalRK makes a Method of a table; of one with an explicit partner it takes the implicit
// half.
func DiagonalRK(d *tableau.DIRK) Method {
	c := sync.OnceValue(func() *dirkCoeffs { return newDirkCoeffs(d) })
	kind := "diagonally implicit"
	if len(d.A[0]) == 0 || d.A[0][0] == "0" {
		kind = "diagonally implicit with an explicit first stage"
	}
	if d.Order == 1 {
		kind = "the backward Euler method"
	}
	limit, err := strconv.ParseFloat(strings.TrimSuffix(d.RInfinity, "."), 64)
	damped := err == nil && math.Abs(limit) < 1e-9
	stability := "R = " + d.RInfinity + " at infinity"
	switch {
	case d.StifflyAccurate && damped:
		stability = "stiffly accurate, L-stable"
	case d.StifflyAccurate:
		stability = "stiffly accurate, " + stability
	case damped:
		stability = "L-stable"
	}
	order := strconv.Itoa(d.Order)
	if d.Embedded > 0 {
		order += fmt.Sprintf("(%d)", d.Embedded)
	}
	text := fmt.Sprintf("Runge-Kutta method of order %s, %s", order, kind)
	if d.Explicit != nil {
		text += ": the implicit half of " + tableau.AdditiveName(d.Name)
	}
	return &dirkMethod{
		info: Info{
			Name: d.Name, Use: Stiff, Order: d.Order, Embedded: d.Embedded, Stages: d.Stages(), Implicit: true, Mass: d.StifflyAccurate,
			Stability: stability, Reference: d.Reference, Description: text,
		},
		coeffs: c,
	}
}

func newDirkCoeffs(d *tableau.DIRK) *dirkCoeffs {
	c := &dirkCoeffs{DIRKCoeffs: d.Coeffs()}
	s := len(c.B)
	c.gamma = c.A[s-1][s-1]
	c.filter = c.EmbeddedLimit > dirkFilter
	c.ctl = control.PI(min(d.Order, max(d.Embedded, 1)))
	c.ctl.Keep = dirkKeepStep
	c.compare()
	nearest := func(from []int, to float64) []int {
		at := func(j int) float64 {
			if j == 0 {
				return 0
			}
			return c.C[j-1]
		}
		slices.SortStableFunc(from, func(i, j int) int { return cmp.Compare(math.Abs(at(i)-to), math.Abs(at(j)-to)) })
		var list []int
		for _, j := range from {
			if len(list) < dirkNear && !slices.ContainsFunc(list, func(k int) bool { return math.Abs(at(k)-at(j)) < dirkApart }) {
				list = append(list, j)
			}
		}
		return list
	}
	var from []int
	for i, to := range c.C {
		if c.StifflyAccurate || c.First {
			from = append(from[:0], 0)
		}
		for j := i; j > 0; j-- {
			from = append(from, j)
		}
		c.near = append(c.near, nearest(from, to))
		from = from[:0]
	}
	for j := len(c.C); j > 0; j-- {
		if c.C[j-1] < 1-dirkApart || !c.StifflyAccurate { // the slope at the end is that at the next start
			from = append(from, j)
		}
	}
	c.nearOld = nearest(from, 1)
	return c
}

// compare chooses the stage that the interpolant is compared with, that where errors of interpolants with the values and
// slopes of both ends are largest.
func (c *dirkCoeffs) compare() {
	c.probe = -1
	shape := func(x float64) float64 { return 16 * (x * (1 - x)) * (x * (1 - x)) }
	for i, at := range c.C {
		if at > 0 && at < 1 && c.A[i][i] != 0 && (c.probe < 0 || shape(at) > shape(c.C[c.probe])) {
			c.probe = i
		}
	}
	if c.E == nil || c.probe < 0 || shape(c.C[c.probe]) < 0.1 {
		c.probe = -1
		return
	}
	c.peak = 1 / shape(c.C[c.probe])
	c.away = make([]float64, len(c.Dense))
	c.dense(c.C[c.probe], c.away)
	for j, a := range c.A[c.probe] {
		c.away[j+1] -= a
	}
}

// dense writes the weights of the slopes in the interpolant at theta to w.
func (c *dirkCoeffs) dense(theta float64, w []float64) {
	for i, row := range c.Dense {
		b := 0.0
		for r := len(row) - 1; r >= 0; r-- {
			b = (b + row[r]) * theta
		}
		w[i] = b
	}
}

// Info describes the method.
func (m *dirkMethod) Info() Info { return m.info }

// New returns a stepper; algebraic rows need a stiffly accurate method.
func (m *dirkMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 && !m.info.Mass {
		return nil, fmt.Errorf("%s is not stiffly accurate and does not solve the %d algebraic equations of %s; use one that is, such as Kvaerno5 or KenCarp4, or auto",
			m.info.Name, len(ws.Alg), ws.P.title())
	}
	c := m.coeffs()
	if c.E == nil && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give Options.InitialStep", m.info.Name)
	}
	n, s := ws.N(), len(c.B)
	d := &dirk{c: c, order: m.info.Order, ctlr: ws.controller(c.ctl)}
	flat := make([]float64, (2*s+8)*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	d.z, d.old = make([][]float64, s+1), make([][]float64, s+1)
	for i := range d.z {
		d.z[i], d.old[i] = cut(), cut()
	}
	d.prepare(ws, c.E == nil, cut)
	d.slope, d.est = cut(), cut()
	d.b.add(c.B, d.z[1:])
	d.oldB.add(c.B, d.old[1:])
	if c.E != nil {
		d.e.add(c.E, d.z[1:])
		d.oldE.add(c.E, d.old[1:])
	}
	for i := range s {
		var r, o row
		r.add(c.A[i][:i], d.z[1:])
		o.add(c.A[i][:i], d.old[1:])
		d.rows, d.oldRows = append(d.rows, r), append(d.oldRows, o)
	}
	d.w = make([]float64, s+1)
	return d, nil
}

// dirk is the stepper of one run.
type dirk struct {
	stageIteration
	c     *dirkCoeffs
	order int

	// z[0] is h times the slope at the start, z[i] that of stage i; old are those of the last
	// accepted step. The rows refer to them, and change places with them.
	z, old           [][]float64
	rows, oldRows    []row
	b, e, oldB, oldE row
	slope, est       []float64
	w                []float64 // b_i(theta)
	sloped           bool      // slope is that at (T, U), in rows with mass at least
	whole            bool      // in the others too
	poly             bool      // old holds a step that ends at (T, U)
	t0, h            float64   // the last step
	ctlr             control.Controller
	ctl              control.State
	failed           bool // an iteration gave up in this step
	preds            []predictor
	ratio            float64 // step over the last one that preds are for; 0: for the first step
	inner            innerLimiter
}

// predictor is a guess of the slope of a stage: a combination of slopes of this step, and behind
// the first here of them of the step before.
type predictor struct {
	n, here int
	which   [dirkNear]int
	a       [dirkNear]float64
}

// Restart makes (ws.T, ws.U) the start.
func (d *dirk) Restart() error {
	ws := d.ws
	d.poly, d.sloped = false, false
	d.forget()
	d.ctl.Reset()
	d.inner.forget()
	if err := d.start(); err != nil {
		return err
	}
	if ws.H > 0 {
		return nil
	}
	copy(d.f, d.slope)
	ws.H = ws.FirstStep(d.f, d.order)
	return nil
}

// start evaluates the slope at (T, U).
func (d *dirk) start() error {
	ws := d.ws
	ws.RHS(ws.T, ws.U, d.slope)
	if nonFinite(d.slope) >= 0 {
		return ws.FailStep(0)
	}
	dropMassless(ws.Mass, d.slope)
	d.sloped, d.whole = true, len(ws.Alg) == 0
	return nil
}

// Step makes one accepted step.
func (d *dirk) Step() error {
	ws, c := d.ws, d.c
	if !d.sloped && (c.StifflyAccurate || c.First) {
		if err := d.start(); err != nil {
			return err
		}
	}
	ws.Weights(ws.U, d.inv)
	d.failed = false
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		z0 := d.z[0]
		for i, v := range d.slope {
			z0[i] = h * v
		}
		d.iters, d.theta = 0, 0
		if !d.stages(h, t) {
			ws.Stats.Rejected++
			if c.E == nil && d.exact {
				return d.failure(h)
			}
			d.failed = d.failed || d.exact
			want = d.retry(h)
			if ws.TooSmall(want) {
				return d.failure(want)
			}
			continue
		}
		if c.StifflyAccurate {
			copy(ws.UNew, d.y)
		} else {
			d.b.combine(ws.UNew, ws.U, 1)
		}
		norm := 0.0
		if c.E != nil {
			norm = d.estimate()
		} else if nonFinite(ws.UNew) >= 0 {
			return d.failure(h)
		}
		if norm <= 1 && ws.Inner && c.probe >= 0 && d.inner.due(h) && !d.inner.judge(h, d.innerError(), 4) {
			ws.Stats.Rejected++
			if want = d.inner.allowed; ws.TooSmall(want) {
				return d.failure(want)
			}
			continue
		}
		if norm <= 1 {
			factor := 1.0
			if c.E != nil {
				if h < 0.5*want {
					factor = want / h // cut short by TStop: its error says little about longer steps
				} else {
					factor = d.ctlr.Accepted(&d.ctl, norm, h)
				}
				if d.failed {
					factor = math.Min(factor, 1) // the error is not what limits the step
				}
				ws.H = math.Min(h*factor, d.inner.limit())
			}
			d.accept(h, t)
			return nil
		}
		ws.Stats.Rejected++
		want = h * d.ctlr.Rejected(&d.ctl, norm)
		if ws.TooSmall(want) {
			return d.failure(want)
		}
	}
}

// accept moves to the new point.
func (d *dirk) accept(h, t float64) {
	ws, c := d.ws, d.c
	s := len(c.B)
	last := d.z[s]
	d.sloped = c.StifflyAccurate
	if d.sloped {
		inv := 1 / h
		if !d.whole {
			// The slope of the algebraic entries at the start: that of the parabola which has their slope
			// at the end.
			for _, i := range ws.Alg {
				z := 2*(ws.UNew[i]-ws.U[i]) - last[i]
				d.z[0][i] = z
				if c.First {
					d.z[1][i] = z
				}
			}
			d.whole = true
		}
		for i, v := range last {
			d.slope[i] = v * inv
		}
	}
	d.z, d.old = d.old, d.z
	d.rows, d.oldRows = d.oldRows, d.rows
	d.b, d.oldB, d.e, d.oldE = d.oldB, d.b, d.oldE, d.e
	d.t0, d.h, d.poly = ws.T, h, true
	ws.Accept(h, t)
	d.accepted()
}

// stages computes all stages of the step h that ends at t; the value of the last one is
// in y.
func (d *dirk) stages(h, t float64) bool {
	ws, c := d.ws, d.c
	if d.poly {
		d.predictors(h / d.h)
	} else {
		d.predictors(0)
	}
	for i := range c.B {
		at := t
		if c.C[i] != 1 {
			at = ws.T + c.C[i]*h
		}
		gamma := c.A[i][i]
		if gamma == 0 {
			if i == 0 {
				copy(d.z[1], d.z[0])
				continue
			}
			d.rows[i].combine(d.y, ws.U, 1)
			ws.RHS(at, d.y, d.z[i+1])
			for k := range d.z[i+1] {
				d.z[i+1][k] *= h
			}
			continue
		}
		if !d.setup(h*gamma, ws.T, ws.U) {
			return false
		}
		d.rows[i].combine(d.base, ws.U, 1)
		d.predict(i)
		if !d.newton(d.z[i+1], at, h, gamma) {
			return false
		}
	}
	return true
}

// predictors sets preds for steps r times the last one; 0: nothing is known of that.
func (d *dirk) predictors(r float64) {
	if r == d.ratio && d.preds != nil {
		return
	}
	c := d.c
	d.ratio = r
	if d.preds == nil {
		d.preds = make([]predictor, len(c.B))
	}
	for i, to := range c.C {
		var p predictor
		var at [dirkNear]float64
		var old [dirkNear]int
		m := 0
		near := c.near[i]
		for k := 0; p.n < dirkNear; {
			x, y := math.Inf(-1), math.Inf(-1)
			if p.here < len(near) {
				x = 0
				if j := near[p.here]; j > 0 {
					x = c.C[j-1]
				}
			}
			if k < len(c.nearOld) && r > 0 {
				y = (c.C[c.nearOld[k]-1] - 1) / r
			}
			switch {
			case math.IsInf(x, -1) && math.IsInf(y, -1):
			case math.Abs(to-x) <= math.Abs(to-y):
				at[p.n] = x
				p.which[p.here] = near[p.here]
				// The points of the last step stand behind.
				copy(at[p.here+1:p.n+1], at[p.here:p.n])
				at[p.here] = x
				p.here++
				p.n++
				continue
			default:
				k++
				fits := true
				for _, v := range at[:p.n] {
					fits = fits && math.Abs(v-y) >= dirkApart
				}
				if fits {
					at[p.n] = y
					old[m] = c.nearOld[k-1]
					m++
					p.n++
				}
				continue
			}
			break
		}
		copy(p.which[p.here:], old[:m])
		for k := range p.n {
			w := 1.0
			for q := range p.n {
				if q != k {
					w *= (to - at[q]) / (at[k] - at[q])
				}
			}
			if k >= p.here {
				w *= r
			}
			p.a[k] = w
		}
		d.preds[i] = p
	}
}

// predict guesses the slope of stage i by the polynomial through those that are nearest in time.
func (d *dirk) predict(i int) {
	p := &d.preds[i]
	var k [dirkNear][]float64
	for j := range p.n {
		if j < p.here {
			k[j] = d.z[p.which[j]]
		} else {
			k[j] = d.old[p.which[j]]
		}
	}
	clear(d.z[i+1])
	weighted(d.z[i+1], d.z[i+1], 1, p.a[:p.n], k[:p.n])
}

// estimate returns the norm of the error of the step.
func (d *dirk) estimate() float64 {
	ws := d.ws
	d.e.sum(d.est, 1)
	if d.c.filter || len(ws.Alg) > 0 {
		a := 1 / d.hg
		if ws.Mass == nil {
			for i := range d.est {
				d.est[i] *= a
			}
		} else {
			for i, m := range ws.Mass {
				d.est[i] *= a * m
			}
		}
		d.m.solve(d.est)
	}
	ws.spareForces(d.est)
	return ws.ErrNorm(d.est, ws.U, ws.UNew)
}

// innerError is the norm of what the interpolant of the step to UNew is off by in the stiff components, as far as one stage tells.
func (d *dirk) innerError() float64 {
	ws, e := d.ws, d.est
	clear(e)
	weighted(e, e, 1, d.c.away, d.z)
	for range 2 {
		ws.stiffPart(d.m, 1/d.hg, e, d.f)
	}
	ws.spareForces(e)
	return d.c.peak * ws.ErrNorm(e, ws.U, ws.UNew)
}

// failure is why the run ends at a step h.
func (d *dirk) failure(h float64) *Failure {
	f := d.m.failure(h)
	if f.Code == DtTooSmall && d.theta > dirkDiverge {
		g := d.ws.Fail(NewtonFailure, "the iteration for the stages does not converge, however short the step")
		g.Message += "; " + f.Message
		return g
	}
	return f
}

// Archive visits the last step, whose slopes predict those of the next, and J with its factors.
func (d *dirk) Archive(a *archive.Archive) {
	a.Floats(d.old...)
	a.Floats(d.slope)
	a.Bool(&d.sloped, &d.whole, &d.poly)
	a.Float(&d.t0, &d.h)
	d.ctl.Archive(a)
	d.inner.Archive(a)
	d.stageIteration.archive(a)
}

// Degree of the interpolant in t.
func (d *dirk) Degree() int { return len(d.c.Dense[1]) }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (d *dirk) Interpolate(t float64, u []float64) {
	ws := d.ws
	if ws.ends(t, u) {
		return
	}
	d.c.dense((t-d.t0)/d.h, d.w)
	weighted(u, ws.UPrev, 1, d.w, d.old)
}

// Projected marks the slope at (ws.T, ws.U) as unknown; J, an approximation anyway, stays.
func (d *dirk) Projected() { d.sloped = false }

// Turned marks slope and J as unknown: other rows are algebraic now.
func (d *dirk) Turned() {
	d.sloped = false
	d.forget()
}

// Glance says that the interpolant costs little.
func (d *dirk) Glance() bool { return true }
