package ode

// Linear multistep formulas with a fixed step h, counted back from the new point:
//
//	Adams-Bashforth 1 to 12   u_{n+1} = u_n + h sum_{j>=1} beta_j f_{n+1-j}
//	Adams-Moulton 1 to 12     u_{n+1} = u_n + h sum_{j>=0} beta_j f_{n+1-j}, predicted by the
//	                          Adams-Bashforth formula of that order, corrected until it stands
//	BDF6                      M sum_j alpha_j u_{n+1-j} = h f_{n+1}, by modified Newton iterations
//
// (Hairer, Norsett, Wanner, Solving ODEs I, III.1.) The first values, and steps that a stop cuts
// short, are made by a one-step method with error control at tight tolerances: Vern9,
// RadauIIA5 for the formula that is for stiff problems. Its steps end where those of the formula would;
// after a cut the formula starts anew.
//
// Between the steps the solution is the polynomial through the values of the formula, or
// the integral of that through its slopes, with what misses the new value added in
// proportion to time.

import (
	"fmt"
	"math"
	"strings"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/tableau"
)

func init() {
	registerFamily(tableau.Multistep, func(name string) Method {
		if strings.HasPrefix(name, "SBDF") {
			return nil // for split problems
		}
		return &lmsMethod{table: tableau.ReadMultistep(name)}
	})
}

type lmsMethod struct{ table *tableau.Multi }

func (m *lmsMethod) implicit() bool { return m.table.Alpha != nil }

// Info describes the method.
func (m *lmsMethod) Info() Info {
	t := m.table
	i := Info{
		Name: t.Name, Use: Nonstiff, Order: t.Order, Stages: 1, Reference: t.Reference,
		Description: fmt.Sprintf("Adams-Bashforth formula of order %d with fixed step: one evaluation of f for each", t.Order),
		Stability:   "bounded region, shrinking with the order",
	}
	switch {
	case m.implicit():
		i.Use, i.Implicit, i.Mass = Stiff, true, true
		i.Description = fmt.Sprintf("backward differentiation formula of order %d with fixed step", t.Order)
		i.Stability = fmt.Sprintf("A(%s degrees)-stable", t.Angle)
	case strings.HasPrefix(t.Name, "AdamsMoulton"):
		i.Description = fmt.Sprintf("Adams-Moulton formula of order %d with fixed step, corrected until it stands", t.Order)
	}
	return i
}

// New returns a stepper.
func (m *lmsMethod) New(ws *Workspace) (Stepper, error) {
	i := m.Info()
	if len(ws.Alg) > 0 && !m.implicit() {
		return nil, errAlgebraic(ws, i.Name)
	}
	if !(ws.InitialStep > 0) {
		return nil, fmt.Errorf("%s has no error estimate and keeps its step fixed: give that step (Options.InitialStep, --step)", i.Name)
	}
	n, q := ws.N(), m.table.Order
	c := m.table.Coeffs()
	s := &lms{ws: ws, name: i.Name, q: q, alpha: c.Alpha, tight: make([]float64, n)}
	values := q + 1
	starter := "Vern9"
	switch {
	case m.implicit():
		starter = "RadauIIA5"
		s.m = newIterationMatrix(ws)
	case strings.HasPrefix(i.Name, "AdamsMoulton"):
		s.implicit = c.Beta
		s.explicit = tableau.ReadMultistep(fmt.Sprintf("AdamsBashforth%d", q)).Coeffs().Beta
	default:
		s.explicit = c.Beta
	}
	flat := make([]float64, (values+4)*n)
	for range values {
		s.hist = append(s.hist, flat[:n:n])
		flat = flat[n:]
	}
	s.f, s.d, s.r, s.w = flat[:n:n], flat[n:2*n:2*n], flat[2*n:3*n:3*n], flat[3*n:]
	one, err := Lookup(starter)
	if err != nil {
		return nil, err
	}
	s.one, err = one.New(ws)
	return s, err
}

const (
	lmsTight    = 1e-12 // tolerances of the starting values, relative to the size of a state
	lmsTightRK  = 1e-11 // and of those of the implicit formula
	lmsMaxIter  = 20    // corrections
	lmsConverge = 1e-3  // size of the last correction, in tolerances
)

// lms is the stepper of one run.
type lms struct {
	ws   *Workspace
	name string
	q    int

	alpha    []float64 // of the formula that has values before
	explicit []float64 // beta_1, ... of the predictor, or of the formula
	implicit []float64 // beta_0, ... of the corrector; nil: none

	m      *iterationMatrix // of alpha
	factor float64          // of M in the factors; 0: there are none

	one    Stepper   // makes the first values
	oneH   float64   // its step
	tight  []float64 // its absolute tolerances
	going  bool      // it was restarted, and has made all steps since
	within bool      // it has begun an interval of the formula, which goes
	end    float64   // to there

	hist  [][]float64 // values (alpha) or slopes, the last one first
	known int         // how many of them are known
	ruled bool        // the last step was one of the formula
	f, d  []float64
	r, w  []float64
}

// values says whether the history holds values and not slopes.
func (s *lms) values() bool { return len(s.alpha) > 0 }

// Restart makes (ws.T, ws.U) the start.
func (s *lms) Restart() error {
	ws := s.ws
	rel := lmsTight
	if s.values() {
		rel = lmsTightRK
	}
	for i, u := range ws.U {
		s.tight[i] = rel * (math.Abs(u) + ws.AbsTol[i]/ws.RelTol)
	}
	s.known, s.ruled, s.going, s.within, s.factor = 0, false, false, false, 0
	s.oneH = 0
	if err := s.record(ws.T, ws.U); err != nil {
		return err
	}
	ws.H = s.step()
	return nil
}

// step is the fixed step.
func (s *lms) step() float64 { return math.Min(s.ws.InitialStep, s.ws.HMax) }

// record puts the point at the head of the history.
func (s *lms) record(t float64, u []float64) error {
	last := s.hist[len(s.hist)-1]
	copy(s.hist[1:], s.hist)
	s.hist[0] = last
	s.known = min(s.known+1, len(s.hist))
	if s.values() {
		copy(last, u)
		return nil
	}
	s.ws.RHS(t, u, last)
	if nonFinite(last) >= 0 {
		return s.ws.FailStep(s.step())
	}
	return nil
}

// Step makes one step: of the formula, or of the one-step method.
func (s *lms) Step() error {
	ws := s.ws
	h := s.step()
	left := ws.TStop - ws.T
	if s.known < s.q || s.within || h > left*(1+1e-9) {
		return s.oneStep(h)
	}
	if err := ws.Begin(); err != nil {
		return err
	}
	t := ws.T + (h + ws.tLow)
	if h >= left*(1-1e-9) {
		h, t = left, ws.TStop
	}
	var err error
	if s.values() {
		err = s.newton(h, t)
	} else {
		err = s.adams(h, t)
	}
	if err == nil && nonFinite(ws.UNew) >= 0 {
		err = ws.FailStep(h)
	}
	if err != nil {
		return err
	}
	ws.Accept(h, t)
	s.ruled, s.going = true, false
	ws.H = s.step()
	return s.record(ws.T, ws.U)
}

// oneStep makes a step of the one-step method, up to the end of the interval at most.
func (s *lms) oneStep(h float64) error {
	ws := s.ws
	if !s.within {
		s.within, s.end = true, ws.T+h
	}
	abs, rel, stop := ws.AbsTol, ws.RelTol, ws.TStop
	ws.AbsTol, ws.RelTol = s.tight, lmsTight
	if s.values() {
		ws.RelTol = lmsTightRK
	}
	if s.end < stop-1e-9*h {
		ws.TStop = s.end
	}
	var err error
	ws.H = s.oneH
	if !s.going {
		ws.H = 0
		err = s.one.Restart()
		s.going = true
	}
	if err == nil {
		err = s.one.Step()
	}
	reached := ws.T >= ws.TStop
	s.oneH = ws.H
	ws.AbsTol, ws.RelTol, ws.TStop, ws.H = abs, rel, stop, h
	s.ruled = false
	if err != nil || !reached {
		return err
	}
	s.within = false
	if math.Abs(ws.T-s.end) > 1e-9*h { // cut short
		s.known = 0
	}
	return s.record(ws.T, ws.U)
}

// adams makes a step of an Adams formula.
func (s *lms) adams(h, t float64) error {
	ws := s.ws
	y := ws.UNew
	copy(y, ws.U)
	for j, b := range s.explicit {
		axpy(y, h*b, s.hist[j])
	}
	if len(s.implicit) == 0 {
		return nil
	}
	copy(s.r, ws.U)
	for j, b := range s.implicit[1:] {
		axpy(s.r, h*b, s.hist[j])
	}
	c := h * s.implicit[0]
	ws.Weights(ws.U, s.w)
	for range lmsMaxIter {
		ws.Stats.Newton++
		ws.RHS(t, y, s.f)
		sum := 0.0
		for i, f := range s.f {
			v := s.r[i] + c*f
			x := (v - y[i]) * s.w[i]
			sum += x * x
			y[i] = v
		}
		size := math.Sqrt(sum / float64(max(1, len(y))))
		if size <= lmsConverge {
			return nil
		}
		if !(size <= math.MaxFloat64) {
			return ws.FailStep(h)
		}
	}
	ws.Stats.NewtonFail++
	return ws.Fail(NewtonFailure, "the corrections of %s do not converge with the step %.3g: take a shorter one, or a method for stiff problems", s.name, h)
}

// axpy adds a x to y.
func axpy(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}

// newton solves M sum alpha_j u_{n+1-j} = h f(u_{n+1}).
func (s *lms) newton(h, t float64) error {
	ws := s.ws
	y := ws.UNew
	// The prediction is the polynomial through the values.
	clear(y)
	clear(s.r)
	c := 1.0
	for j := 1; j <= s.known; j++ {
		c *= float64(s.known+1-j) / float64(j)
		if j%2 == 0 {
			axpy(y, -c, s.hist[j-1])
		} else {
			axpy(y, c, s.hist[j-1])
		}
	}
	for j, a := range s.alpha[1:] {
		axpy(s.r, a, s.hist[j])
	}
	ws.Weights(ws.U, s.w)
	a := s.alpha[0] / h
	last := 0.0
	for k := 0; k < 2*lmsMaxIter; k++ {
		ws.RHS(t, y, s.f)
		if nonFinite(s.f) >= 0 {
			return ws.FailStep(h)
		}
		if s.factor == 0 || math.Abs(s.factor-a) > 1e-6*a {
			if !s.m.evaluate(t, y, s.f) || !s.m.factor(a) {
				return s.m.failure(h)
			}
			s.factor = a
		}
		ws.Stats.Newton++
		for i, f := range s.f {
			if ws.differential(i) {
				f -= (s.alpha[0]*y[i] + s.r[i]) / h
			}
			s.d[i] = f
		}
		s.m.solve(s.d)
		sum := 0.0
		for i, v := range s.d {
			x := v * s.w[i]
			sum += x * x
			y[i] += v
		}
		size := math.Sqrt(sum / float64(max(1, len(y))))
		if size <= lmsConverge {
			return nil
		}
		if k > 0 && !(size < 0.5*last) {
			s.factor = 0 // J is too old
		}
		last = size
	}
	ws.Stats.NewtonFail++
	return ws.Fail(NewtonFailure, "the Newton iteration of %s does not converge with the step %.3g: take a shorter one", s.name, h)
}

// Degree of the interpolant.
func (s *lms) Degree() int {
	if !s.ruled {
		return degree(s.one)
	}
	if s.values() {
		return max(1, s.known-1)
	}
	return s.known
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (s *lms) Interpolate(t float64, u []float64) {
	ws := s.ws
	if ws.ends(t, u) {
		return
	}
	if !s.ruled {
		s.one.Interpolate(t, u)
		return
	}
	h := ws.T - ws.TPrev
	x := (t - ws.T) / h
	var w [tops]float64
	if s.values() {
		lagrange(w[:s.known], x)
		clear(u)
		for j, v := range w[:s.known] {
			axpy(u, v, s.hist[j])
		}
		return
	}
	// The integral from the point before, and what it misses at the new one.
	var full [tops]float64
	integrals(full[:s.known], 0)
	integrals(w[:s.known], x)
	theta := 1 + x
	for i := range u {
		u[i] = ws.UPrev[i] + theta*(ws.U[i]-ws.UPrev[i])
	}
	for j := range s.known {
		axpy(u, h*(w[j]-theta*full[j]), s.hist[j])
	}
}

// lagrange writes the polynomials of Lagrange for the nodes 0, -1, -2, ... at x.
func lagrange(w []float64, x float64) {
	for j := range w {
		v := 1.0
		for k := range w {
			if k != j {
				v *= (x + float64(k)) / float64(k-j)
			}
		}
		w[j] = v
	}
}

// integrals writes the integrals of those polynomials from -1 to x.
func integrals(w []float64, x float64) {
	n := len(w)
	for j := range w {
		// Coefficients of the product of (s + k), k != j.
		var c [tops]float64
		c[0] = 1
		d, top := 1.0, 0
		for k := range n {
			if k == j {
				continue
			}
			d *= float64(k - j)
			top++
			for i := top; i >= 1; i-- {
				c[i] = c[i]*float64(k) + c[i-1]
			}
			c[0] *= float64(k)
		}
		hi, lo := 0.0, 0.0
		for i := top; i >= 0; i-- {
			hi = hi*x + c[i]/float64(i+1)
			lo = -lo + c[i]/float64(i+1)
		}
		w[j] = (hi*x + lo) / d
	}
}

// Projected puts the moved point into the history.
func (s *lms) Projected() {
	s.going = false
	if s.within {
		return
	}
	if s.values() {
		copy(s.hist[0], s.ws.U)
	} else {
		s.ws.RHS(s.ws.T, s.ws.U, s.hist[0])
	}
}

// Turned marks J as unknown: other rows are algebraic now.
func (s *lms) Turned() { s.factor, s.going = 0, false }

// Archive visits the history, the one-step method and the factors.
func (s *lms) Archive(a *archive.Archive) {
	a.Floats(s.hist...)
	a.Floats(s.tight)
	a.Float(&s.factor, &s.oneH, &s.end)
	a.Int(&s.known)
	a.Bool(&s.going, &s.within, &s.ruled)
	if s.m != nil {
		s.m.Archive(a)
	}
	archiveStepper(a, s.one)
}
