package ode

// Explicit Runge-Kutta methods: one engine for all tables of package tableau, with
// error estimate from the embedded method, a PI controller, the first stage taken
// over from the last one of the step before where the table allows it, and the
// table's own interpolant, whose further stages are computed only when it is asked.
//
// The sums of a step are those of combine.go, zero coefficients left out; for the methods
// that are used most they are written out in erk_stages.go.

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/tableau"
)

//go:generate go run ./gen

func init() {
	registerFamily(tableau.Explicit, func(name string) Method { return ExplicitRK(tableau.ReadERK(name)) })
}

// erkMethod is an explicit Runge-Kutta method as a Method.
type erkMethod struct {
	info   Info
	coeffs func() *erkCoeffs
}

// erkCoeffs is what all runs of a method share.
type erkCoeffs struct {
	*tableau.Coeffs
	order, embedded int
	bound           float64 // real stability bound: |R(-z)| <= 1 for 0 <= z <= bound
	ctl             control.Controller
	stages          func(e *erk, h, t float64) // written out, nil: none
}

// ExplicitRK makes a Method of a table.
func ExplicitRK(e *tableau.ERK) Method {
	return &erkMethod{
		info: Info{
			Name: e.Name, Use: explicitUse(e.Name), Order: e.Order, Embedded: e.Embedded, Stages: e.Stages(),
			Stability: "explicit", Reference: e.Reference,
			Description: explicitText(e),
		},
		coeffs: sync.OnceValue(func() *erkCoeffs {
			c := &erkCoeffs{Coeffs: e.Coeffs(), order: e.Order, embedded: e.Embedded}
			c.bound = realBound(c.A[:e.Stages()], c.B)
			estimate := min(e.Order, max(e.Embedded, 1))
			if c.E2 != nil {
				estimate = e.Order - 1 // the combined one: h^6 h^6 / h^4
			}
			c.ctl = control.PI(estimate)
			c.stages = stagesOf[e.Name]
			return c
		}),
	}
}

// explicitUse is what the method of that name is for.
func explicitUse(name string) Use {
	if strings.HasPrefix(name, "SSP") {
		return Transport
	}
	return Nonstiff
}

func explicitText(e *tableau.ERK) string {
	text := "explicit Runge-Kutta method"
	if explicitUse(e.Name) == Transport {
		text = "strong stability preserving Runge-Kutta method"
	}
	text = fmt.Sprintf("%s of order %d", text, e.Order)
	if e.Embedded > 0 {
		text = fmt.Sprintf("%s(%d)", text, e.Embedded)
	}
	if e.Dense != nil {
		text += fmt.Sprintf(", interpolant of order %d", e.Dense.Order)
	}
	return text
}

// Info describes the method.
func (m *erkMethod) Info() Info { return m.info }

// New returns a stepper; a problem with algebraic rows is an error.
func (m *erkMethod) New(ws *Workspace) (Stepper, error) { return m.start(ws) }

func (m *erkMethod) start(ws *Workspace) (*erk, error) {
	if len(ws.Alg) > 0 {
		return nil, fmt.Errorf("%s is explicit and cannot solve the %d algebraic equations of %s; use the nested form, an implicit method such as Rodas5P, or auto",
			m.info.Name, len(ws.Alg), ws.P.title())
	}
	c := m.coeffs()
	if c.E == nil && !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give that step (Options.InitialStep, --step)", m.info.Name)
	}
	n, s := ws.N(), len(c.A)
	e := &erk{ws: ws, c: c, name: m.info.Name, s: len(c.B), ctlr: ws.controller(c.ctl)}
	flat := make([]float64, (s+3)*n)
	for range s {
		e.k = append(e.k, flat[:n:n])
		flat = flat[n:]
	}
	e.y, e.z, e.err = flat[:n:n], flat[n:2*n:2*n], flat[2*n:]
	for i, a := range c.A {
		r := row{c: c.C[i]}
		r.add(a, e.k)
		e.rows = append(e.rows, r)
	}
	e.b.add(c.B, e.k)
	e.e.add(c.E, e.k)
	e.e2.add(c.E2, e.k)
	// f at the end of the step is the last stage, or the first further stage of the
	// interpolant, or a slot of its own.
	e.end = e.s - 1
	if !c.FSAL {
		e.end = e.s
		if s == e.s || !sameBits(c.A[e.s], c.B) {
			panic("mtkc: bug: the interpolant of " + m.info.Name + " does not start with f at the end of the step")
		}
	}
	e.w = make([]float64, s)
	terms := 0
	for _, b := range c.E {
		if b != 0 {
			terms++
		}
	}
	e.narrow = terms == 2 && !c.FSAL && c.C[e.s-1] == 1
	return e, nil
}

// astray reports whether f at the end of the step and the last stage, which is f at a less accurate end, differ by half of their
// size, and by more than a tolerance in a step. The estimates of Feagin's methods are the difference of two stages at one time early in the step: where
// steps are so long that the stages no longer follow the solution, it says nothing of its end.
func (e *erk) astray(h float64) bool {
	ws := e.ws
	f0, f1, last := e.k[0], e.k[e.end], e.k[e.s-1]
	differ, start, end := 0.0, 0.0, 0.0
	for i, u := range ws.UNew {
		w := 1 / (ws.AbsTol[i] + ws.RelTol*math.Max(math.Abs(ws.U[i]), math.Abs(u)))
		a, b, d := f0[i]*w, f1[i]*w, (f1[i]-last[i])*w
		start, end, differ = start+a*a, end+b*b, differ+d*d
	}
	return differ > 0.25*math.Max(start, end) && h*h*differ > float64(len(f0))
}

// erk is the stepper of one run.
type erk struct {
	ws       *Workspace
	c        *erkCoeffs
	name     string
	s        int         // stages of the method itself
	k        [][]float64 // all stages, those of the interpolant included
	rows     []row
	b, e, e2 row
	narrow   bool // see astray
	end      int  // stage that holds f at the end of the step

	y, z, err []float64 // the last two stage values, the error estimate
	w         []float64 // b_i(theta)

	ctlr      control.Controller
	ctl       control.State
	h         float64 // step last made
	fresh     bool    // k[0] is f at (T, U)
	ended     bool    // k[end] is f at (T, U)
	extra     int     // stages of the interpolant computed so far on the last step
	projected bool
}

// Restart makes (ws.T, ws.U) the start.
func (e *erk) Restart() error {
	ws := e.ws
	e.fresh, e.ended, e.projected = false, false, false
	e.ctl.Reset()
	if ws.H > 0 {
		return nil
	}
	if ws.InitialStep > 0 {
		ws.H = ws.InitialStep
		return nil
	}
	ws.RHS(ws.T, ws.U, e.k[0])
	if nonFinite(e.k[0]) >= 0 {
		return ws.FailStep(0)
	}
	e.fresh = true
	h, rate := ws.firstStep(e.k[0], e.c.order)
	// Longer steps are not stable where the slope itself decays at this rate: POLLU would
	// begin with 12 rejected steps.
	if h*rate > e.c.bound {
		h = e.c.bound / rate
	}
	ws.H = h
	return nil
}

// Step makes one accepted step.
func (e *erk) Step() error {
	ws := e.ws
	if !e.fresh {
		if e.ended {
			copy(e.k[0], e.k[e.end])
		} else {
			ws.RHS(ws.T, ws.U, e.k[0])
		}
		e.fresh = true
	}
	e.projected = false
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		e.h, e.extra = h, 0
		e.stages(h, t)
		norm := 0.0 // the square of the error's norm
		if e.c.E != nil {
			norm = e.e.norm(ws, ws.U, ws.UNew, h, e.err)
			if e.c.E2 != nil && norm > 0 {
				// Two estimates, of orders 5 and 3: Hairer, Norsett, Wanner, II.10.
				n2 := e.e2.norm(ws, ws.U, ws.UNew, h, e.err)
				norm *= norm / (norm + 0.01*n2)
			}
		}
		if norm <= 1 && !e.c.FSAL {
			// A step that ends where f is undefined is too long.
			ws.RHS(t, ws.UNew, e.k[e.end])
			if nonFinite(e.k[e.end]) >= 0 {
				norm = math.NaN()
			}
		}
		if norm <= 1 && e.narrow && e.astray(h) {
			norm = math.NaN()
		}
		if norm <= 1 && e.c.E != nil && ws.leaps(h, e.k[0], e.k[e.end]) {
			norm = math.NaN()
		}
		if norm <= 1 {
			if e.c.E != nil {
				factor := 1.0
				if h < 0.5*want {
					// Cut short by TStop: its error says little about longer steps.
					factor = want / h
				} else {
					factor = e.ctlr.AcceptedSquare(&e.ctl, norm, h)
				}
				ws.H = h * factor
			}
			ws.Accept(h, t)
			e.fresh, e.ended = false, true
			if !e.c.FSAL {
				e.extra = 1
			}
			return nil
		}
		ws.Stats.Rejected++
		if e.c.E == nil {
			return ws.FailStep(h)
		}
		want = h * e.ctlr.Rejected(&e.ctl, math.Sqrt(norm))
		if ws.TooSmall(want) {
			return ws.FailStep(want)
		}
	}
}

// stages computes all stages but the first and the solution at the end of the step.
func (e *erk) stages(h, t float64) {
	ws := e.ws
	if e.c.stages != nil {
		e.c.stages(e, h, t)
		return
	}
	last := e.s - 1
	f, u, p := ws.K.RHS, ws.U, ws.Params
	ws.Stats.RHS += last
	for i := 1; i < e.s; i++ {
		r := &e.rows[i]
		dst := e.y
		if i == last {
			if e.c.FSAL {
				dst = ws.UNew
			} else {
				dst = e.z
			}
		}
		r.combine(dst, u, h)
		at := t
		if r.c != 1 {
			at = ws.T + r.c*h
		}
		f(at, dst, p, e.k[i])
	}
	if !e.c.FSAL {
		e.b.combine(ws.UNew, u, h)
	}
}

// stiffness estimates z = h*|lambda| of the dominant eigenvalue from two points at the end of the
// step, the last two stages or the last stage and the solution: |k1 - k0| / |y1 - y0| (Hairer,
// Wanner, Solving ODEs II, IV.2), and the cosine of the angle between the two differences, -1 for a
// negative eigenvalue. Both are 0 if the table has no such points. Call it right after a step.
func (e *erk) stiffness() (z, cosine float64) {
	if e.s < 3 {
		return 0, 0
	}
	k0, y0, k1, y1 := e.k[e.s-2], e.y, e.k[e.s-1], e.z
	switch pair := e.rows[e.s-2].c == 1; {
	case e.c.FSAL && pair:
		y1 = e.ws.U
	case !e.c.FSAL && !pair && e.rows[e.s-1].c == 1:
		k0, y0, k1, y1 = e.k[e.s-1], e.z, e.k[e.end], e.ws.U
	case !pair || e.rows[e.s-1].c != 1:
		return 0, 0
	}
	num, den, dot := 0.0, 0.0, 0.0
	for i, v := range y1 {
		w := 1 / (e.ws.AbsTol[i] + e.ws.RelTol*math.Abs(v))
		a, b := (k1[i]-k0[i])*w, (v-y0[i])*w
		num += a * a
		den += b * b
		dot += a * b
	}
	if !(den > 0 && num > 0) {
		return 0, 0
	}
	return e.h * math.Sqrt(num/den), dot / math.Sqrt(num*den)
}

// reach is the number of stages and the real stability bound.
func (e *erk) reach() (stages int, bound float64) { return e.s, e.c.bound }

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (e *erk) Slopes() (f0, f1 []float64) {
	if e.fresh || !e.ended {
		return nil, nil
	}
	return e.k[0], e.k[e.end]
}

// Degree of the interpolant in t.
func (e *erk) Degree() int { return len(e.c.Dense[0]) }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (e *erk) Interpolate(t float64, u []float64) {
	ws := e.ws
	if ws.ends(t, u) {
		return
	}
	for e.s+e.extra < len(e.k) { // further stages
		i := e.s + e.extra
		r := &e.rows[i]
		r.combine(e.y, ws.UPrev, e.h)
		ws.RHS(ws.TPrev+r.c*e.h, e.y, e.k[i])
		e.extra++
	}
	theta := (t - ws.TPrev) / e.h
	for i, row := range e.c.Dense {
		b := 0.0
		for r := len(row) - 1; r >= 0; r-- {
			b = (b + row[r]) * theta
		}
		e.w[i] = b
	}
	weighted(u, ws.UPrev, e.h, e.w, e.k)
}

// Archive visits the stages, which the interpolant and the next step read, and what the
// controller remembers. Stage values and the error estimate do not outlive a step.
func (e *erk) Archive(a *archive.Archive) {
	a.Floats(e.k...)
	e.ctl.Archive(a)
	a.Float(&e.h)
	a.Bool(&e.fresh, &e.ended, &e.projected)
	a.Int(&e.extra)
}

// Projected marks f at (ws.T, ws.U) as unknown.
func (e *erk) Projected() { e.fresh, e.ended = false, false }
