package ode

// Explicit Runge-Kutta methods that run in few registers of the size of the state, for
// hyperbolic problems of many unknowns: the forms of package tableau's Low, each stage one
// sweep over memory behind the evaluation of f. Beside the state and its two companions
// of the workspace a run holds f at the start of the step, f of the stage, and
//
//	2N, 2C, 3S   one register more, and one for the error where there is an estimate
//	nR+          one for the stage, n-2 for the further derivatives, one for the error
//
// f at the end of a step begins the next one and serves the estimate (FSAL) and the
// interpolant: the cubic Hermite polynomial, and that raised to degree 5 (quintic.go) for
// methods of order 5, in three registers more, made when it is first asked for.
//
// Williamson, J. Comput. Phys. 35, 1980 (2N); Calvo, Franco, Randez, J. Comput. Phys. 201, 2004
// (2C); Ketcheson, J. Comput. Phys. 229, 2010 (3S, 3S+); Kennedy, Carpenter, Lewis, Appl.
// Numer. Math. 35, 2000 (nR+). The step sizes follow the controllers that came with the
// methods: Ranocha, Dalcin, Parsani, Ketcheson, Commun. Appl. Math. Comput. 4, 2022, and
// Kennedy, Carpenter, Lewis 2000; with this package's limits to the factor in place of
// theirs.

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
	registerFamily(tableau.LowStorage, func(name string) Method {
		l := tableau.ReadLow(name)
		form, _, _ := strings.Cut(l.Form, " ")
		m := &lowMethod{
			info: Info{
				Name: l.Name, Use: Transport, Order: l.Order, Embedded: l.Embedded, Stages: l.Stages,
				Stability: "explicit", Reference: l.Reference,
				Description: fmt.Sprintf("low-storage Runge-Kutta method of order %d in the form %s", l.Order, form),
			},
			coeffs: sync.OnceValue(l.Coeffs),
		}
		if l.Embedded < l.Order-1 {
			// CKLLSRK85_4FM_4R: the printed embedded weights are of order 1, which no step size can
			// follow. Its steps are fixed.
			m.info.Embedded = 0
			m.coeffs = sync.OnceValue(func() *tableau.LowCoeffs {
				c := l.Coeffs()
				c.E = nil
				return c
			})
		}
		if m.info.Embedded > 0 {
			m.info.Description = fmt.Sprintf("low-storage Runge-Kutta method of order %d(%d) in the form %s", l.Order, l.Embedded, form)
			m.ctl = lowController(l.Name, l.Order, l.Embedded)
		}
		return m
	})
}

// lowControllers are the exponents, in parts of 1/(order of the estimate + 1), that Ranocha and
// others found for their methods.
var lowControllers = map[string][3]float64{
	"RDPK3Sp35":      {0.64, -0.31, 0.04},
	"RDPK3SpFSAL35":  {0.70, -0.23, 0.00},
	"RDPK3Sp49":      {0.25, -0.12, 0.00},
	"RDPK3SpFSAL49":  {0.38, -0.18, 0.01},
	"RDPK3Sp510":     {0.47, -0.20, 0.06},
	"RDPK3SpFSAL510": {0.45, -0.13, 0.00},
}

func lowController(name string, order, embedded int) control.Controller {
	c := control.I(min(order, embedded))
	beta, ok := lowControllers[name]
	k := float64(min(order, embedded) + 1)
	if !ok {
		// Kennedy, Carpenter, Lewis 2000: 0.49, 0.34 and 0.10 over the order of the estimate.
		beta, k = [3]float64{0.49, -0.34, 0.10}, float64(embedded)
	}
	for i, b := range beta {
		c.Beta[i] = b / k
	}
	return c
}

// lowMethod is a low-storage method as a Method.
type lowMethod struct {
	info   Info
	coeffs func() *tableau.LowCoeffs
	ctl    control.Controller
}

// Info describes the method.
func (m *lowMethod) Info() Info { return m.info }

// New returns a stepper; a problem with algebraic rows is an error, and so is the lack of a
// first step where the method has no error estimate.
func (m *lowMethod) New(ws *Workspace) (Stepper, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s is explicit and cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			m.info.Name, len(ws.Alg), ws.P.title())
	}
	c := m.coeffs()
	if c.E == nil && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give Options.InitialStep", m.info.Name)
	}
	l := &low{ws: ws, m: m, c: c, ctlr: ws.controller(m.ctl)}
	registers := 3
	switch c.Form {
	case tableau.Williamson:
		l.stages = l.williamson
	case tableau.Calvo:
		l.stages = l.calvo
	case tableau.Ketcheson:
		l.stages = l.ketcheson
	default:
		l.stages = l.kennedy
		l.ring, l.terms = make([][]float64, len(c.R[0])), make([][]float64, len(c.R[0]))
		registers += len(l.ring) - 1
	}
	if c.E != nil {
		registers++
	}
	n := ws.N()
	flat := make([]float64, registers*n)
	cut := func() []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	l.f0, l.k, l.s = cut(), cut(), cut()
	if c.E != nil {
		l.err = cut()
	}
	for i := range l.ring {
		if i == 0 {
			continue // f0, k_1 stands there
		}
		l.ring[i] = cut()
	}
	return l, nil
}

// low is the stepper of one run.
type low struct {
	ws     *Workspace
	m      *lowMethod
	c      *tableau.LowCoeffs
	stages func(h float64) // computes ws.UNew, and err but for f at the end

	f0, k, s, err []float64
	ring, terms   [][]float64 // of nR+: the last derivatives, k_i in i mod len; those of a sum
	fresh         bool        // f0 is f at (T, U)
	ended         bool        // k is f at (T, U), f0 at (TPrev, UPrev)

	ctlr  control.Controller
	ctl   control.State
	dense quintic // of order 5
}

// Restart makes (ws.T, ws.U) the start.
func (l *low) Restart() error {
	ws := l.ws
	l.fresh, l.ended = false, false
	l.ctl.Reset()
	if ws.H > 0 {
		return nil
	}
	if ws.InitialStep > 0 {
		ws.H = ws.InitialStep
		return nil
	}
	ws.RHS(ws.T, ws.U, l.f0)
	if nonFinite(l.f0) >= 0 {
		return ws.FailStep(0)
	}
	l.fresh = true
	ws.H = ws.FirstStep(l.f0, l.m.info.Order)
	return nil
}

// Step makes one accepted step.
func (l *low) Step() error {
	ws := l.ws
	if !l.fresh {
		if l.ended {
			l.f0, l.k = l.k, l.f0
		} else {
			ws.RHS(ws.T, ws.U, l.f0)
		}
		l.fresh = true
	}
	l.ended = false
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		l.stages(h)
		norm := 0.0
		if l.err != nil && !l.c.FSAL {
			norm = ws.ErrNorm(l.err, ws.U, ws.UNew)
		}
		if norm <= 1 {
			ws.RHS(t, ws.UNew, l.k)
			if l.c.FSAL && l.err != nil {
				e := h * l.c.E[len(l.c.E)-1]
				k := l.k
				for i := range l.err {
					l.err[i] += e * k[i]
				}
				norm = ws.ErrNorm(l.err, ws.U, ws.UNew)
			}
			// A step that ends where f is undefined is too long.
			if norm <= 1 && (nonFinite(l.k) >= 0 || l.err != nil && ws.leaps(h, l.f0, l.k)) {
				norm = math.NaN()
			}
		}
		if norm <= 1 {
			if l.err != nil {
				if h < 0.5*want {
					ws.H = want // cut short by TStop: its error says little about longer steps
				} else {
					ws.H = h * l.ctlr.Accepted(&l.ctl, norm, h)
				}
			}
			ws.Accept(h, t)
			l.fresh, l.ended, l.dense.ready = false, true, false
			return nil
		}
		ws.Stats.Rejected++
		if l.err == nil {
			return ws.FailStep(h)
		}
		want = h * l.ctlr.Rejected(&l.ctl, norm)
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// williamson: s = A s + h k, y = y + B s.
func (l *low) williamson(h float64) {
	ws, c := l.ws, l.c
	n := ws.N()
	u, y, s, k := ws.U[:n], ws.UNew[:n], l.s[:n], l.f0[:n]
	b := c.B[0]
	for i, v := range u {
		d := h * k[i]
		s[i] = d
		y[i] = v + b*d
	}
	k = l.k[:n]
	for j := 1; j < c.Stages; j++ {
		ws.RHS(ws.T+c.C[j]*h, y, k)
		a, b := c.A[j], c.B[j]
		for i := range y {
			d := a*s[i] + h*k[i]
			s[i] = d
			y[i] += b * d
		}
	}
}

// calvo: k = f(y + A h k'), y = y + B h k; s is the argument.
func (l *low) calvo(h float64) {
	ws, c := l.ws, l.c
	n := ws.N()
	u, y, s, k := ws.U[:n], ws.UNew[:n], l.s[:n], l.f0[:n]
	for j := 0; j < c.Stages; j++ {
		b := h * c.B[j]
		if j > 0 {
			k = l.k[:n]
			ws.RHS(ws.T+c.C[j]*h, s, k)
			u = y
		}
		if j+1 == c.Stages {
			for i, v := range u {
				y[i] = v + b*k[i]
			}
			return
		}
		a := h * c.A[j+1]
		for i, v := range u {
			d := v + b*k[i]
			y[i] = d
			s[i] = d + a*k[i]
		}
	}
}

// ketcheson: s2 = s2 + delta s1, s1 = gamma1 s1 + gamma2 s2 + gamma3 u + beta h k.
func (l *low) ketcheson(h float64) {
	ws, c := l.ws, l.c
	n := ws.N()
	u, s1, s2, k := ws.U[:n], ws.UNew[:n], l.s[:n], l.f0[:n]
	b := h * c.Beta[0]
	copy(s2, u)
	for i, v := range u {
		s1[i] = v + b*k[i]
	}
	if l.err != nil {
		e := h * c.E[0]
		err := l.err[:n]
		for i, v := range k {
			err[i] = e * v
		}
	}
	k = l.k[:n]
	for j := 1; j < c.Stages; j++ {
		ws.RHS(ws.T+c.C[j]*h, s1, k)
		b, d, g1, g2, g3 := h*c.Beta[j], c.Delta[j], c.G1[j], c.G2[j], c.G3[j]
		if l.err != nil {
			e := h * c.E[j]
			err := l.err[:n]
			for i, v := range u {
				f, p := k[i], s1[i]
				q := s2[i] + d*p
				s2[i] = q
				s1[i] = g1*p + g2*q + g3*v + b*f
				err[i] += e * f
			}
			continue
		}
		for i, v := range u {
			p := s1[i]
			q := s2[i] + d*p
			s2[i] = q
			s1[i] = g1*p + g2*q + g3*v + b*k[i]
		}
	}
}

// kennedy: s is the argument of a stage, y plus those of the ring; then the derivative
// that leaves the ring goes into y with its weight.
func (l *low) kennedy(h float64) {
	ws, c := l.ws, l.c
	n, r := ws.N(), len(l.ring)
	y := ws.UNew[:n]
	copy(y, ws.U)
	l.ring[0] = l.f0
	if l.err != nil {
		e, err := h*c.E[0], l.err[:n]
		for i, v := range l.f0[:n] {
			err[i] = e * v
		}
	}
	for j := 1; j < c.Stages; j++ { // of stages counted from 0
		rows := min(j, r)
		for m := range rows {
			l.terms[m] = l.ring[(j-1-m)%r]
		}
		weighted(l.s, y, h, c.R[j-1][:rows], l.terms[:rows])
		if m := j - r; m >= 0 {
			b, k := h*c.B[m], l.ring[m%r][:n]
			for i := range y {
				y[i] += b * k[i]
			}
		}
		if j == r {
			l.ring[0] = l.k // f0 has to stay
		}
		k := l.ring[j%r][:n]
		ws.RHS(ws.T+c.C[j]*h, l.s, k)
		if l.err != nil {
			e, err := h*c.E[j], l.err[:n]
			for i, v := range k {
				err[i] += e * v
			}
		}
	}
	rows := min(c.Stages, r)
	for m := range rows {
		l.terms[m] = l.ring[(c.Stages-rows+m)%r]
	}
	weighted(y, y, h, c.B[c.Stages-rows:], l.terms[:rows])
}

// Degree of the interpolant in t.
func (l *low) Degree() int {
	if l.m.info.Order > 4 {
		return 5
	}
	return 3
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (l *low) Interpolate(t float64, u []float64) {
	ws := l.ws
	if ws.ends(t, u) {
		return
	}
	h := ws.T - ws.TPrev
	if l.m.info.Order > 4 {
		l.dense.interpolate(ws, u, ws.UPrev, ws.U, l.f0, l.k, ws.TPrev, h, (t-ws.TPrev)/h)
		return
	}
	hermite(u, ws.UPrev, ws.U, l.f0, l.k, h, (t-ws.TPrev)/h)
}

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (l *low) Slopes() (f0, f1 []float64) {
	if !l.ended {
		return nil, nil
	}
	return l.f0, l.k
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (l *low) Projected() { l.fresh, l.ended = false, false }

// Archive visits f at both ends of the last step, the controller's memory and the
// interpolant.
func (l *low) Archive(a *archive.Archive) {
	a.Floats(l.f0, l.k)
	a.Bool(&l.fresh, &l.ended)
	l.ctl.Archive(a)
	l.dense.archive(a, l.ws.N())
}
