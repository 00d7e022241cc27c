package ode

// Additive Runge-Kutta methods for f = f_I + f_E: an implicit half for the stiff f_I and an
// explicit one for the rest, which share their stages (IMEX methods).
//
// With z_i = h f_I and x_i = h f_E at stage i,
//
//	Y_i = u + sum_{j<i} (a_ij z_j + e_ij x_j) + gamma z_i.
//
// Where f_I = A u, a stage takes one linear system with the matrix 1/(h gamma) - A, whose
// factors last as long as the step stays as it is and A does, which is until the next event;
// f_E is then f - z_i/h, without a product. Otherwise Newton iterations solve the stage, as in dirk.go.
//
// Ascher, Ruuth, Spiteri, Appl. Numer. Math. 25, 1997; Kennedy, Carpenter, Appl. Numer.
// Math. 44(1-2), 2003. The interpolant is in imex_dense.go.

import (
	"fmt"
	"math"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	registerFamily(tableau.Additive, func(name string) Method { return additiveRK(name, tableau.ReadAdditive(name)) })
}

const (
	imexKeepStep = 1.2 // growth that is not worth new factors
	imexKeepFar  = 1.5 // where they cost as much as many stages,
	imexFar      = 20  // with more entries than that for each state
	imexAge      = 20  // steps after which a Jacobian in the place of A is renewed
)

// imexMethod is an additive Runge-Kutta method as a Method.
type imexMethod struct {
	info   Info
	coeffs func() *imexCoeffs
}

type imexCoeffs struct {
	*tableau.DIRKCoeffs
	ctl    control.Controller
	inside []int // stages that the slopes of the interpolant are compared with
}

// additiveRK makes a Method of a table with an explicit half.
func additiveRK(name string, d *tableau.DIRK) Method {
	text := fmt.Sprintf("implicit-explicit Runge-Kutta method of order %d", d.Order)
	if d.Embedded > 0 {
		text = fmt.Sprintf("%s(%d)", text, d.Embedded)
	}
	stability := "implicit half L-stable"
	if d.StifflyAccurate {
		stability += ", stiffly accurate"
	}
	return &imexMethod{
		info: Info{
			Name: name, Use: Split, Order: d.Order, Embedded: d.Embedded, Stages: d.Stages(), Implicit: true,
			Stability: stability, Reference: d.Reference, Description: text,
		},
		coeffs: sync.OnceValue(func() *imexCoeffs {
			c := &imexCoeffs{DIRKCoeffs: d.Coeffs()}
			c.ctl = control.PI(min(d.Order, max(d.Embedded, 1)))
			c.ctl.Keep = imexKeepStep
			c.choose()
			return c
		}),
	}
}

// Info describes the method.
func (m *imexMethod) Info() Info { return m.info }

// New returns a stepper; a problem with algebraic rows is an error.
func (m *imexMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s does not take the %d algebraic equations of %s; use the nested form, an implicit method such as KenCarp4, or auto",
			m.info.Name, len(ws.Alg), ws.P.title())
	}
	c := m.coeffs()
	if c.E == nil && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give Options.InitialStep", m.info.Name)
	}
	n, s := ws.N(), len(c.B)
	d := &imex{ws: ws, c: c, order: m.info.Order, split: newImplicitPart(ws), ctlr: ws.controller(c.ctl)}
	flat := make([]float64, (2*s+13)*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	for range s {
		d.z, d.x = append(d.z, cut()), append(d.x, cut())
	}
	all := append(append([][]float64(nil), d.z...), d.x...)
	both := func(implicit, explicit []float64) (r row) {
		w := make([]float64, 2*s)
		copy(w, implicit)
		copy(w[s:], explicit)
		r.add(w, all)
		return r
	}
	for i := range s {
		d.rows = append(d.rows, both(c.A[i][:i], c.ExplicitA[i]))
	}
	d.b = both(c.B, c.ExplicitB)
	if c.E != nil {
		d.e = both(c.E, c.ExplicitE)
	}
	d.f0, d.f1, d.est, d.guess, d.quartic, d.slope0, d.slope1 = cut(), cut(), cut(), cut(), cut(), cut(), cut()
	if d.split.linear == nil {
		d.prepare(d.split.in, c.E == nil, cut)
		d.iterates = true
	} else {
		d.inv, d.base, d.y, d.f = cut(), cut(), cut(), cut()
	}
	return d, nil
}

// imex is the stepper of one run.
type imex struct {
	stageIteration // of f_I; for f_I = A u its vectors alone
	iterates       bool
	ws             *Workspace // of f
	c              *imexCoeffs
	order          int
	split          *implicitPart
	lin            shiftedPart // for f_I = A u

	z, x   [][]float64
	rows   []row
	b, e   row
	f0, f1 []float64 // f at (T, U), and at (TPrev, UPrev)
	est    []float64
	guess  []float64
	// Of the interpolant, where shaped: the slopes at both ends without what the stiff part makes of errors, and the term
	// of degree 4.
	slope0, slope1 []float64
	quartic        []float64
	shaped         bool

	fresh  bool // f0 is that
	before bool // f1 is that
	h, t0  float64
	ctl    control.State
	ctlr   control.Controller
	failed bool
	smooth bool // guess is the slope of f_I of the last stage
	age    int  // steps with this A
	poor   bool // an attempt was rejected since
}

// shiftedPart is the matrix a - A of a linear part with its factors.
type shiftedPart struct {
	w  *linsolve.Shifted[float64]
	lu *linsolve.Replay[float64]
	p  *linearPart
	a  float64 // of the factors; 0: none
}

// Restart makes (ws.T, ws.U) the start.
func (d *imex) Restart() error {
	ws := d.ws
	d.ctl.Reset()
	d.smooth, d.before, d.age, d.poor = false, false, 0, false
	if err := d.start(); err != nil {
		return err
	}
	if d.iterates {
		d.split.follow()
		d.forget()
	} else if err := d.lin.restart(d.split.linear, ws, d.f0); err != nil {
		return err
	}
	if ws.H > 0 {
		return nil
	}
	copy(d.f, d.f0)
	ws.H = ws.FirstStep(d.f, d.order)
	return nil
}

// restart sets A at the present point and prepares its factors.
func (l *shiftedPart) restart(p *linearPart, ws *Workspace, f0 []float64) error {
	before := p.pattern
	changed, ok := p.restart(f0)
	if !ok {
		return ws.Fail(Unstable, "the linear part of %s is not finite", ws.P.title())
	}
	if l.w == nil || before != p.pattern {
		l.make(p)
		changed = true
	}
	if changed {
		l.a = 0
	}
	return nil
}

// make makes the matrix for the pattern of A.
func (l *shiftedPart) make(p *linearPart) {
	l.p, l.a = p, 0
	l.w = linsolve.NewShifted[float64](p.pattern, nil)
	l.lu = replayed(l.w.Pattern)
}

// factor provides factors of a - A.
func (l *shiftedPart) factor(ws *Workspace, a float64) error {
	if l.a == a {
		return nil
	}
	ws.Stats.Factor++
	l.a = 0
	l.w.Set(a, -1, l.p.vals)
	if err := l.lu.Factor(l.w.Vals); err != nil {
		return err
	}
	l.a = a
	return nil
}

// solve replaces b by the solution of (a - A) x = b.
func (l *shiftedPart) solve(ws *Workspace, b []float64) {
	ws.Stats.Solve++
	l.lu.Solve(b)
}

// start evaluates f at (T, U).
func (d *imex) start() error {
	ws := d.ws
	ws.RHS(ws.T, ws.U, d.f0)
	if nonFinite(d.f0) >= 0 {
		return ws.FailStep(0)
	}
	d.fresh = true
	return nil
}

// Step makes one accepted step.
func (d *imex) Step() error {
	ws, c := d.ws, d.c
	if !d.fresh && c.First {
		if err := d.start(); err != nil {
			return err
		}
	}
	if d.iterates {
		ws.Weights(ws.U, d.inv)
	} else if err := d.renew(); err != nil {
		return err
	}
	want := ws.H
	d.failed = false
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		d.iters, d.theta = 0, 0
		if !d.stages(h, t) {
			ws.Stats.Rejected++
			if c.E == nil && (d.exact || !d.iterates) {
				return ws.FailStep(h)
			}
			if d.iterates {
				d.failed = d.failed || d.exact
				want = d.retry(h)
			} else {
				want = h * dirkShrink
			}
			if ws.TooSmall(want) {
				return ws.FailStep(want)
			}
			continue
		}
		d.b.combine(ws.UNew, ws.U, 1)
		norm := 0.0
		if c.E != nil {
			norm = d.estimate()
		} else if nonFinite(ws.UNew) >= 0 {
			return ws.FailStep(h)
		}
		if norm <= 1 && c.First {
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, d.f1)
			if nonFinite(d.f1) >= 0 || c.E != nil && ws.leaps(h, d.f0, d.f1) {
				if c.E == nil {
					return ws.FailStep(h)
				}
				norm = math.NaN()
			}
		}
		if norm <= 1 {
			if c.E != nil {
				factor := 1.0
				if h < 0.5*want {
					factor = want / h // cut short by TStop: its error says little about longer steps
				} else {
					factor = d.ctlr.Accepted(&d.ctl, norm, h)
				}
				if d.failed {
					factor = math.Min(factor, 1)
				}
				ws.H = h * factor
			}
			d.h, d.t0, d.shaped = h, ws.T, false
			ws.Accept(h, t)
			if c.First {
				d.f0, d.f1 = d.f1, d.f0
				d.fresh, d.before = true, true
			} else {
				d.fresh, d.before = false, false
			}
			if d.iterates {
				d.accepted()
			}
			return nil
		}
		ws.Stats.Rejected++
		d.poor = true
		want = h * d.ctlr.Rejected(&d.ctl, norm)
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// renew sets A anew where it is the Jacobian of an earlier point and has become old, or
// was not good enough for the last step.
func (d *imex) renew() error {
	if d.split.linear.given || d.age < imexAge && !d.poor {
		d.age++
		return nil
	}
	d.age, d.poor = 0, false
	return d.lin.restart(d.split.linear, d.ws, nil)
}

// stages computes all stages of the step h that ends at t.
func (d *imex) stages(h, t float64) bool {
	ws, c := d.ws, d.c
	for i := range c.B {
		gamma := c.A[i][i]
		z, x := d.z[i], d.x[i]
		at := func(c float64) float64 {
			if c == 1 {
				return t
			}
			return ws.T + c*h
		}
		if i == 0 && c.First {
			d.implicit(ws.T, ws.U, z, h)
			for k, f := range d.f0 {
				x[k] = h*f - z[k]
			}
			continue
		}
		d.rows[i].combine(d.base, ws.U, 1)
		y := d.base
		switch {
		case gamma == 0:
			d.implicit(at(c.C[i]), y, z, h)
		case d.iterates:
			if !d.setup(h*gamma, ws.T, ws.U) {
				return false
			}
			if d.smooth {
				for k, v := range d.guess {
					z[k] = h * v
				}
			} else {
				d.implicit(ws.T, ws.U, z, h)
			}
			if !d.newton(z, at(c.C[i]), h, gamma) {
				return false
			}
			y = d.y
			for k, v := range z {
				d.guess[k] = v / h
			}
			d.smooth = true
			// Newton's error in z is that in y times the stiffness: f_E takes f_I itself.
			d.ws.K.Stiff(at(c.ExplicitC[i]), y, ws.Params, d.f)
			ws.RHS(at(c.ExplicitC[i]), y, x)
			for k, v := range d.f {
				x[k] = h * (x[k] - v)
			}
			continue
		default:
			a := 1 / (h * gamma)
			if d.lin.factor(ws, a) != nil {
				return false
			}
			if d.lin.lu.Stats().NNZ > imexFar*ws.N() {
				d.ctlr.Keep = imexKeepFar
			}
			y = d.y
			for k, v := range d.base {
				y[k] = a * v
			}
			d.lin.solve(ws, y)
			up := 1 / gamma
			for k, v := range d.base {
				z[k] = up * (y[k] - v)
			}
		}
		ws.RHS(at(c.ExplicitC[i]), y, x)
		for k, f := range x {
			x[k] = h*f - z[k]
		}
	}
	return true
}

// implicit writes h f_I(t, u) to z.
func (d *imex) implicit(t float64, u, z []float64, h float64) {
	if d.iterates {
		d.split.in.RHS(t, u, z)
	} else {
		d.split.linear.mul(u, z)
	}
	for k := range z {
		z[k] *= h
	}
}

// estimate returns the norm of the error of the step. No filter takes stiff components out of it: the error
// of f_E in them is not damped by the end of the step.
func (d *imex) estimate() float64 {
	ws := d.ws
	d.e.sum(d.est, 1)
	ws.spareForces(d.est)
	return ws.ErrNorm(d.est, ws.U, ws.UNew)
}

// Archive visits the ends of the last step and its stages, which the interpolant reads, and A or J with its factors.
func (d *imex) Archive(a *archive.Archive) {
	a.Floats(d.f0, d.f1, d.guess, d.quartic, d.slope0, d.slope1)
	a.Floats(d.z...)
	a.Floats(d.x...)
	a.Bool(&d.fresh, &d.before, &d.smooth, &d.poor, &d.shaped)
	a.Float(&d.h, &d.t0, &d.ctlr.Keep)
	a.Int(&d.age)
	d.ctl.Archive(a)
	if d.iterates {
		if a.Loading() {
			d.split.follow()
		}
		d.stageIteration.archive(a)
		return
	}
	d.lin.archive(a, d.split.linear)
}

// archive visits A and its factors.
func (l *shiftedPart) archive(a *archive.Archive, p *linearPart) {
	made := l.w != nil
	a.Bool(&made)
	p.archive(a)
	if !made {
		return
	}
	if a.Loading() {
		l.make(p)
	}
	a.Float(&l.a)
	l.lu.Archive(a, l.w.Vals)
}

// Projected marks f at (ws.T, ws.U) as unknown. The interpolant goes on to the point before.
func (d *imex) Projected() { d.fresh = false }

func (d *imex) remark() string { return d.split.remark() }
