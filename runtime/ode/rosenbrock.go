package ode

// Rosenbrock methods: linearly implicit Runge-Kutta methods that solve s linear
// systems with the same matrix in each step and need no iteration. The Jacobian
// is evaluated at every new point, df/dt enters where f depends on time, and rows
// without mass are algebraic equations, satisfied by all stages of the stiffly
// accurate methods in the sense of their linearisation.
//
// Hairer, Wanner, Solving ODEs II, IV.7 and VI.4; Steinebach, BIT 63(2), 2023.

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

func init() {
	for i := range rosenbrockTables {
		tab := &rosenbrockTables[i]
		switch tab.name {
		case "Rosenbrock23":
			Register(rosenbrockMethod{tab}, "ode23s")
		default:
			Register(rosenbrockMethod{tab})
		}
	}
}

// The controller's constants, as in Hairer and Wanner's RODAS.
const (
	rosenbrockSafety = 0.9
	rosenbrockShrink = 0.2
	rosenbrockGrow   = 6.0
)

// rosenbrockMethod is a table as a Method.
type rosenbrockMethod struct{ tab *rosenbrockTable }

// stifflyAccurate reports whether the solution is the last stage value plus the last
// stage, so that algebraic equations hold at the end of the step.
func (tab *rosenbrockTable) stifflyAccurate() bool {
	last := -1
	for i, v := range tab.b {
		if v != 0 {
			last = i
		}
	}
	if math.Abs(tab.b[last]-1) > 1e-12 {
		return false
	}
	for j, v := range tab.a[last] {
		if math.Abs(tab.b[j]-v) > 1e-12 {
			return false
		}
	}
	return true
}

// Info describes the method.
func (m rosenbrockMethod) Info() Info {
	t := m.tab
	return Info{
		Name: t.name, Order: t.order, Embedded: t.embedded, Stages: len(t.b), Implicit: true,
		Mass: t.stifflyAccurate(), Stability: t.stability, Description: t.about, Reference: t.reference,
	}
}

// New returns a stepper.
func (m rosenbrockMethod) New(ws *Workspace) (Stepper, error) {
	t := m.tab
	if len(ws.Alg) > 0 && !t.stifflyAccurate() {
		return nil, fmt.Errorf("%s does not handle the %d algebraic equations of %s; use Rodas5P, or auto", t.name, len(ws.Alg), ws.P.title())
	}
	n, s := ws.N(), len(t.b)
	r := &rosenbrock{ws: ws, tab: t, m: newIterationMatrix(ws)}
	r.expo = 1 / float64(min(t.order, t.embedded)+1)
	flat := make([]float64, (s+5+len(t.h))*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	for range s {
		r.k = append(r.k, cut())
	}
	r.f0, r.ft, r.err, r.tmp, r.delta = cut(), cut(), cut(), cut(), cut()
	for range t.h {
		r.dense = append(r.dense, cut())
	}
	for i := range s {
		var a, c row
		a.add(t.a[i], r.k)
		c.add(t.c[i], r.k)
		r.a, r.c = append(r.a, a), append(r.c, c)
	}
	r.b.add(t.b, r.k)
	r.e.add(t.e, r.k)
	// Stages behind the last one that the solution needs serve the interpolant only.
	r.need = s
	for r.need > 0 && t.b[r.need-1] == 0 && t.e[r.need-1] == 0 {
		r.need--
	}
	return r, nil
}

// rosenbrock is the stepper of one run.
type rosenbrock struct {
	ws   *Workspace
	tab  *rosenbrockTable
	m    *iterationMatrix
	k    [][]float64 // stages
	a, c []row
	b, e row
	need int

	f0, ft, err, tmp []float64
	fresh            bool // f0 is f at (T, U)
	linear           bool // J and ft belong to (T, U) too

	expo         float64 // 1/(order of the error estimate + 1)
	hAcc, errAcc float64 // the last accepted step and its error; 0: none

	h      float64     // the last step,
	t0, t1 float64     // from t0 to t1
	delta  []float64   // its increment
	dense  [][]float64 // and K_1, K_2, ... of its interpolant
	ready  bool        // delta and dense are computed
}

// Restart makes (ws.T, ws.U) the start.
func (r *rosenbrock) Restart() error {
	ws := r.ws
	r.hAcc = 0
	r.linear, r.ready = false, false
	ws.RHS(ws.T, ws.U, r.f0)
	if nonFinite(r.f0) >= 0 {
		return ws.FailStep(0)
	}
	r.fresh = true
	if !(ws.H > 0) {
		ws.H = ws.FirstStep(r.f0, r.tab.order)
	}
	return nil
}

// Step makes one accepted step.
func (r *rosenbrock) Step() error {
	ws := r.ws
	if !r.fresh {
		ws.RHS(ws.T, ws.U, r.f0)
		r.fresh, r.linear = true, false
	}
	if !r.linear {
		if !r.m.evaluate(ws.T, ws.U, r.f0) {
			return r.m.failure(ws.H)
		}
		ws.TGrad(ws.T, ws.U, r.f0, r.ft)
		if nonFinite(r.ft) >= 0 {
			clear(r.ft) // costs order, not consistency
		}
		r.linear = true
	}
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		norm := math.NaN()
		if r.m.factor(1 / (h * r.tab.gamma)) {
			r.ready = false
			r.stages(h, t, 0, r.need)
			r.b.combine(ws.UNew, ws.U, 1)
			r.e.sum(r.err, 1)
			ws.spareForces(r.err)
			norm = ws.ErrNorm(r.err, ws.U, ws.UNew)
		}
		if norm <= 1 {
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, r.tmp)
			if nonFinite(r.tmp) >= 0 {
				norm = math.NaN()
			}
		}
		if norm <= 1 {
			factor := 1.0
			if h < 0.5*want {
				factor = want / h // cut short by TStop: its error says little about longer steps
			} else {
				factor = r.predictive(h, norm)
			}
			ws.H = h * factor
			if r.need < len(r.k) {
				r.stages(h, t, r.need, len(r.k))
			}
			r.h, r.t0, r.t1 = h, ws.T, t
			ws.Accept(h, t)
			r.f0, r.tmp = r.tmp, r.f0
			r.fresh, r.linear = true, false
			return nil
		}
		ws.Stats.Rejected++
		want = h * r.shorter(norm)
		if ws.TooSmall(want) {
			return r.m.failure(want)
		}
	}
}

// predictive is the factor for the step after the accepted one h with error norm
// err: that of the elementary controller, less if the errors have been growing
// (Gustafsson, ACM Trans. Math. Softw. 20(4), 1994).
func (r *rosenbrock) predictive(h, err float64) float64 {
	err = math.Max(err, 1e-10)
	f := rosenbrockSafety * math.Pow(err, -r.expo)
	if r.hAcc > 0 {
		f = math.Min(f, rosenbrockSafety*h/r.hAcc*math.Pow(r.errAcc/(err*err), r.expo))
	}
	r.hAcc, r.errAcc = h, math.Max(0.01, err)
	return math.Min(rosenbrockGrow, math.Max(rosenbrockShrink, f))
}

// shorter is the factor for the attempt after one with error norm err > 1 or NaN.
func (r *rosenbrock) shorter(err float64) float64 {
	f := rosenbrockSafety * math.Pow(err, -r.expo)
	if !(f > rosenbrockShrink) { // also NaN
		return rosenbrockShrink
	}
	return math.Min(f, 0.95)
}

// stages computes k[from:to] for the step h that ends at t.
func (r *rosenbrock) stages(h, t float64, from, to int) {
	ws, tab := r.ws, r.tab
	f := r.err // free until the error estimate
	for i := from; i < to; i++ {
		k := r.k[i]
		if i == 0 {
			copy(k, r.f0)
		} else {
			at := t
			if tab.ci[i] != 1 {
				at = ws.T + tab.ci[i]*h
			}
			r.a[i].combine(r.delta, ws.U, 1)
			ws.RHS(at, r.delta, f)
			r.c[i].sum(k, 1/h)
			dropMassless(ws.Mass, k)
			for j, v := range f {
				k[j] += v
			}
		}
		if d := h * tab.d[i]; d != 0 {
			for j, v := range r.ft {
				k[j] += d * v
			}
		}
		r.m.solve(k)
	}
}

// Degree of the interpolant in t.
func (r *rosenbrock) Degree() int { return len(r.dense) + 1 }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (r *rosenbrock) Interpolate(t float64, u []float64) {
	ws := r.ws
	if ws.ends(t, u) {
		return
	}
	if !r.ready {
		r.b.sum(r.delta, 1)
		for i, row := range r.tab.h {
			clear(r.dense[i])
			weighted(r.dense[i], r.dense[i], 1, row, r.k)
		}
		r.ready = true
	}
	theta := (t - r.t0) / r.h
	for i, v := range ws.UPrev {
		p := 0.0
		for j := len(r.dense) - 1; j >= 0; j-- {
			p = theta*p + r.dense[j][i]
		}
		u[i] = v + theta*(r.delta[i]+(1-theta)*p)
	}
}

// Archive visits the stages, which the interpolant reads, J with its factors, and the
// memory of the controller.
func (r *rosenbrock) Archive(a *archive.Archive) {
	a.Floats(r.k...)
	a.Floats(r.f0, r.ft, r.delta)
	a.Floats(r.dense...)
	a.Bool(&r.fresh, &r.linear, &r.ready)
	a.Float(&r.hAcc, &r.errAcc, &r.h, &r.t0, &r.t1)
	r.m.Archive(a)
}

// Projected marks f and J at (ws.T, ws.U) as unknown.
func (r *rosenbrock) Projected() { r.fresh, r.linear = false, false }

// Turned marks f and J as unknown: other rows are algebraic now.
func (r *rosenbrock) Turned() { r.fresh, r.linear = false, false }
