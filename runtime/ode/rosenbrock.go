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
	"strings"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	registerFamily(tableau.Linear, func(name string) Method { return newRosenbrock(tableau.ReadRosenbrock(name)) })
}

// rosenbrockText says what methods are known for.
var rosenbrockText = map[string]string{
	"Rosenbrock23": "Rosenbrock method of order 2 for crude tolerances, the ode23s method",
	"Rodas4":       "Rosenbrock method of order 4, that of the program RODAS",
	"Rodas5P":      "Rosenbrock method of order 5 for stiff and differential-algebraic systems up to medium size",
}

// rosenbrockMethod is a table as a Method.
type rosenbrockMethod struct {
	info   Info
	coeffs func() *rosenbrockCoeffs
}

// rosenbrockCoeffs is what all runs of a method share.
type rosenbrockCoeffs struct {
	*tableau.RosenbrockCoeffs
	order    int
	accurate bool // stiffly accurate
	ctl      control.Controller
	stages   func(r *rosenbrock, h, t float64) // written out, nil: none
}

func newRosenbrock(t *tableau.Rosenbrock) *rosenbrockMethod {
	c := t.Coeffs()
	accurate := stifflyAccurate(c)
	stability := t.StabilityClass()
	if accurate {
		stability = "stiffly accurate, " + stability
	}
	text := rosenbrockText[t.Name]
	if text == "" {
		text = fmt.Sprintf("Rosenbrock method of order %d", t.Order)
		if strings.Contains(t.Name, "W") || strings.HasPrefix(t.Name, "ROK") {
			text = fmt.Sprintf("Rosenbrock-W method of order %d", t.Order)
		}
	}
	if t.Embedded > 0 && t.Blind() {
		text += "; its error estimate does not see errors on linear problems"
	}
	return &rosenbrockMethod{
		info: Info{
			Name: t.Name, Use: Stiff, Order: t.Order, Embedded: t.Embedded, Stages: len(c.B), Implicit: true,
			Mass: accurate, Stability: stability, Description: text, Reference: t.Reference,
		},
		coeffs: sync.OnceValue(func() *rosenbrockCoeffs {
			return &rosenbrockCoeffs{
				RosenbrockCoeffs: c, order: t.Order, accurate: accurate,
				ctl: control.Predictive(min(t.Order, max(1, t.Embedded))), stages: rosenbrockStages[t.Name],
			}
		}),
	}
}

// stifflyAccurate reports whether the solution is the last stage value plus the last
// stage, so that algebraic equations hold at the end of the step.
func stifflyAccurate(c *tableau.RosenbrockCoeffs) bool {
	last := -1
	for i, v := range c.B {
		if v != 0 {
			last = i
		}
	}
	if math.Abs(c.B[last]-1) > 1e-12 {
		return false
	}
	for j, v := range c.A[last] {
		if math.Abs(c.B[j]-v) > 1e-12 {
			return false
		}
	}
	return true
}

// Info describes the method.
func (m *rosenbrockMethod) Info() Info { return m.info }

// New returns a stepper.
func (m *rosenbrockMethod) New(ws *Workspace) (Stepper, error) {
	c := m.coeffs()
	if len(ws.Alg) > 0 && !c.accurate {
		return nil, fmt.Errorf("%s does not handle the %d algebraic equations of %s; use Rodas5P, or auto", m.info.Name, len(ws.Alg), ws.P.title())
	}
	if c.E == nil && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give that step (Options.InitialStep, --step)", m.info.Name)
	}
	n, s := ws.N(), len(c.B)
	r := &rosenbrock{ws: ws, tab: c, m: newIterationMatrix(ws), ctlr: ws.controller(c.ctl)}
	flat := make([]float64, (s+7+len(c.H))*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	for range s {
		r.k = append(r.k, cut())
	}
	r.f0, r.ft, r.err, r.f1, r.delta, r.y, r.mass = cut(), cut(), cut(), cut(), cut(), cut(), cut()
	for range c.H {
		r.dense = append(r.dense, cut())
	}
	for i := range s {
		var a, cc row
		a.add(c.A[i], r.k)
		cc.add(c.C[i], r.k)
		r.a, r.c = append(r.a, a), append(r.c, cc)
	}
	r.b.add(c.B, r.k)
	r.e.add(c.E, r.k)
	// Stages behind the last one that the solution needs serve the interpolant only.
	r.need = s
	for r.need > 0 && c.B[r.need-1] == 0 && (c.E == nil || c.E[r.need-1] == 0) {
		r.need--
	}
	return r, nil
}

// rosenbrock is the stepper of one run.
type rosenbrock struct {
	ws   *Workspace
	tab  *rosenbrockCoeffs
	m    *iterationMatrix
	k    [][]float64 // stages
	a, c []row
	b, e row
	need int

	f0, f1, ft, err []float64
	y, mass         []float64 // argument of a stage, diagonal of M
	fresh           bool      // f0 is f at (T, U)
	linear          bool      // J and ft belong to (T, U) too
	moves           bool      // ft is not zero

	ctlr control.Controller
	ctl  control.State

	h      float64     // the last step,
	t0, t1 float64     // from t0 to t1
	delta  []float64   // its increment
	dense  [][]float64 // and K_1, K_2, ... of its interpolant
	ready  bool        // delta and dense are computed
	inner  innerLimiter
}

// Restart makes (ws.T, ws.U) the start.
func (r *rosenbrock) Restart() error {
	ws := r.ws
	r.ctl.Reset()
	r.inner.forget()
	r.linear, r.ready = false, false
	ws.RHS(ws.T, ws.U, r.f0)
	if nonFinite(r.f0) >= 0 {
		return ws.FailStep(0)
	}
	r.fresh = true
	if ws.InitialStep > 0 && r.tab.E == nil {
		ws.H = ws.InitialStep
	}
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
		if err := r.linearise(); err != nil {
			return err
		}
	}
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		norm := math.NaN() // the square of the error's norm
		if r.m.factor(1 / (h * r.tab.Gamma)) {
			r.ready = false
			if r.tab.stages != nil {
				r.tab.stages(r, h, t)
			} else {
				r.stages(h, t, 0, r.need)
				r.b.combine(ws.UNew, ws.U, 1)
			}
			norm = r.estimate()
		}
		if norm <= 1 {
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, r.f1)
			if nonFinite(r.f1) >= 0 || r.tab.E != nil && ws.leaps(h, r.f0, r.f1) {
				norm = math.NaN()
			}
		}
		if norm <= 1 {
			if r.need < len(r.k) {
				r.stages(h, t, r.need, len(r.k))
			}
			if ws.Inner && r.tab.E != nil && r.inner.due(h) && !r.inner.judge(h, r.innerError(h), r.tab.order) {
				ws.Stats.Rejected++
				if want = r.inner.allowed; ws.TooSmall(want) {
					return r.m.failure(want)
				}
				continue
			}
		}
		if norm <= 1 {
			switch {
			case r.tab.E == nil:
			case h < 0.5*want:
				ws.H = want // cut short by TStop: its error says little about longer steps
			default:
				ws.H = h * r.ctlr.AcceptedSquare(&r.ctl, norm, h)
			}
			if r.tab.E != nil {
				ws.H = math.Min(ws.H, r.inner.limit())
			}
			r.h, r.t0, r.t1 = h, ws.T, t
			ws.Accept(h, t)
			r.f0, r.f1 = r.f1, r.f0
			r.fresh, r.linear = true, false
			return nil
		}
		ws.Stats.Rejected++
		if r.tab.E == nil {
			return r.m.failure(h)
		}
		want = h * r.ctlr.Rejected(&r.ctl, math.Sqrt(norm))
		if ws.TooSmall(want) {
			return r.m.failure(want)
		}
	}
}

// linearise evaluates J and df/dt at (T, U).
func (r *rosenbrock) linearise() error {
	ws := r.ws
	if !r.m.evaluate(ws.T, ws.U, r.f0) {
		return r.m.failure(ws.H)
	}
	ws.TGrad(ws.T, ws.U, r.f0, r.ft)
	r.moves = false
	for _, v := range r.ft {
		if v != 0 {
			r.moves = true
		}
	}
	if r.moves && nonFinite(r.ft) >= 0 {
		clear(r.ft) // costs order, not consistency
	}
	for i := range r.mass {
		r.mass[i] = 1
	}
	for _, i := range ws.Alg {
		r.mass[i] = 0
	}
	r.linear = true
	return nil
}

// estimate is the square of the norm of the error estimate.
func (r *rosenbrock) estimate() float64 {
	ws := r.ws
	switch {
	case r.tab.E == nil:
		return 0
	case len(ws.Forces) == 0:
		return r.e.norm(ws, ws.U, ws.UNew, 1, r.err)
	}
	r.e.sum(r.err, 1)
	ws.spareForces(r.err)
	return ws.errSquare(r.err, ws.U, ws.UNew)
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
			if tab.Nodes[i] != 1 {
				at = ws.T + tab.Nodes[i]*h
			}
			r.a[i].combine(r.y, ws.U, 1)
			ws.RHS(at, r.y, f)
			r.c[i].sum(k, 1/h)
			for j, v := range f {
				k[j] = r.mass[j]*k[j] + v
			}
		}
		if d := h * tab.D[i]; d != 0 && r.moves {
			for j, v := range r.ft {
				k[j] += d * v
			}
		}
		r.m.solve(k)
	}
}

// Degree of the interpolant in t.
func (r *rosenbrock) Degree() int {
	if len(r.tab.H) == 0 {
		return 3
	}
	return len(r.dense) + 1
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (r *rosenbrock) Interpolate(t float64, u []float64) {
	ws := r.ws
	if ws.ends(t, u) {
		return
	}
	theta := (t - r.t0) / r.h
	if len(r.tab.H) == 0 {
		// The cubic Hermite polynomial; algebraic variables have no slopes.
		x, y := theta*theta*(3-2*theta), theta*(1-theta)
		for i, v := range ws.UPrev {
			d := ws.U[i] - v
			if r.mass[i] == 0 {
				u[i] = v + theta*d
				continue
			}
			u[i] = v + x*d + y*r.h*((1-theta)*r.f1[i]-theta*r.f0[i])
		}
		return
	}
	r.prepare()
	for i, v := range ws.UPrev {
		p := 0.0
		for j := len(r.dense) - 1; j >= 0; j-- {
			p = theta*p + r.dense[j][i]
		}
		u[i] = v + theta*(r.delta[i]+(1-theta)*p)
	}
}

// prepare computes the terms of the interpolant from the stages.
func (r *rosenbrock) prepare() {
	if r.ready {
		return
	}
	r.b.sum(r.delta, 1)
	for i, row := range r.tab.H {
		clear(r.dense[i])
		weighted(r.dense[i], r.dense[i], 1, row, r.k)
	}
	r.ready = true
}

// rosenbrockProbe is where in a step its interpolant is looked at: errors like theta(1-theta), its square and its product with
// (1-2 theta) are not far from their largest there.
const rosenbrockProbe = 0.3

// innerError is what the interpolant of the step h to UNew is off by at the probe, see Workspace.innerError. f1 is f at the
// end.
func (r *rosenbrock) innerError(h float64) float64 {
	const x = rosenbrockProbe
	ws, y, d := r.ws, r.y, r.err
	if len(r.tab.H) == 0 {
		for i, v := range ws.U {
			up, h0, h1 := ws.UNew[i]-v, h*r.f0[i], h*r.f1[i]
			y[i] = v + x*x*(3-2*x)*up + x*(1-x)*((1-x)*h0-x*h1)
			d[i] = (6*x*(1-x)*up + (1-x)*(1-3*x)*h0 + x*(3*x-2)*h1) / h
		}
		for _, i := range ws.Alg {
			y[i] = ws.U[i] + x*(ws.UNew[i]-ws.U[i])
		}
	} else {
		r.prepare()
		for i, v := range ws.U {
			p, q := 0.0, 0.0
			for j := len(r.dense) - 1; j >= 0; j-- {
				q = x*q + p
				p = x*p + r.dense[j][i]
			}
			y[i] = v + x*(r.delta[i]+(1-x)*p)
			d[i] = (r.delta[i] + (1-2*x)*p + x*(1-x)*q) / h
		}
	}
	f := r.k[len(r.k)-1] // read by the interpolant no more
	ws.RHS(ws.T+x*h, y, f)
	for i, m := range r.mass {
		d[i] = f[i] - m*d[i]
	}
	return ws.innerError(r.m, 1/(h*r.tab.Gamma), d, y)
}

// Archive visits the stages, which the interpolant reads, J with its factors, and the
// memory of the controller.
func (r *rosenbrock) Archive(a *archive.Archive) {
	a.Floats(r.k...)
	a.Floats(r.f0, r.f1, r.ft, r.delta, r.mass)
	a.Floats(r.dense...)
	a.Bool(&r.fresh, &r.linear, &r.moves, &r.ready)
	a.Float(&r.h, &r.t0, &r.t1)
	r.ctl.Archive(a)
	r.inner.Archive(a)
	r.m.Archive(a)
}

// Projected marks f and J at (ws.T, ws.U) as unknown.
func (r *rosenbrock) Projected() { r.fresh, r.linear = false, false }

// Turned marks f and J as unknown: other rows are algebraic now.
func (r *rosenbrock) Turned() { r.fresh, r.linear = false, false }

// Glance says that the interpolant costs little.
func (r *rosenbrock) Glance() bool { return true }
