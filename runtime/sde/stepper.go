package sde

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/ode"
)

const (
	defaultSteps = 1000 // of a method without error control, at least
	blowUp       = 1000 // error of a step that does not stand by any means
	grain        = 8    // parts of a step that its end is rounded to
	mostAtOnce   = 1024 // steps in one Step, where nothing looks at their ends
	pieces       = 16   // parts of a step between which the path is linear, where its inside is asked for
)

// stepper is the part of a run that all methods share: steps along the path, and which of them stand.
//
// Where the step is the method's own, its ends are multiples of a power of two not below an eighth of it: there the
// path costs least.
type stepper struct {
	ws   *ode.Workspace
	m    *method
	n    *noise
	path *Path
	s    scheme

	f, g    []float64 // drift and noise at the start of the step
	w, h    []float64 // increments and space-time Levy areas of the step
	est     []float64
	known   bool      // f and g belong to (T, U)
	end     []float64 // drift at the end of the step, where the scheme finds it,
	ended   bool      // which it says so,
	sloped  bool      // and f is that of (T, U)
	convert float64   // times the correction between the senses is added to f
	round   bool      // ends of steps are rounded
	step    float64   // of a method without error control
	whole   float64   // the same, where the stepper begins on the way; else 0
	span    float64   // of the run
	first   []float64
	ctlr    control.Controller
	ctl     control.State
	judge   func() bool // called after each accepted step; true: no further step by this stepper. Nil: nobody judges

	inside []float64 // what the path is off its line at the 16ths of the last step, and the end of that line
	filled bool      // it is known
	owed   []float64 // by the step to come, from an event
	paid   []float64 // of the last step
	still  bool      // the step to come starts at an event
	held   bool      // the last one did
}

func newStepper(ws *ode.Workspace, m *method, n *noise) *stepper {
	s := &stepper{ws: ws, m: m, n: n, path: NewPath(n.m)}
	flat := make([]float64, 4*n.n)
	s.f, s.end, s.est, s.first = flat[:n.n], flat[n.n:2*n.n], flat[2*n.n:3*n.n], flat[3*n.n:]
	s.g = make([]float64, n.pat.NNZ())
	s.w, s.h, s.owed, s.paid = make([]float64, n.m), make([]float64, n.m), make([]float64, n.m), make([]float64, n.m)
	if m.converts(ws) && n.class&additive == 0 { // of additive noise there is one sense
		if s.convert = 1; m.sense == stratonovich {
			s.convert = -1
		}
	}
	if s.convert != 0 {
		n.differentiate()
	}
	// The error of a step differs by chance from that of the next. A controller of small gain follows their mean: with the usual
	// one, of gain 1/2 and safety 0.9, a third of the steps of SOSRI are rejected, and for the same error a linear, a cubic and a
	// diagonal problem take 1.3 to 3 times as many attempts at rtol = 1e-4.
	s.ctlr = control.I(1)
	s.ctlr.Beta[0], s.ctlr.Safety, s.ctlr.Max = 0.2, 0.8, 1.5
	if ws.Controller != nil {
		s.ctlr = ws.Controller(1)
	}
	s.s = m.make(s)
	return s
}

// finish evaluates the drift at the end of the step, from which the next one goes on, and writes the error h/2 (f(end) - f) of Euler's method
// for the drift to est. It reports whether all is finite.
func (s *stepper) finish(h, t float64) bool {
	y := s.ws.UNew
	if !finite(y) {
		return false
	}
	s.drift(t, y, s.end)
	s.ended = true
	for i, v := range s.end {
		s.est[i] = 0.5 * h * (v - s.f[i])
	}
	return finite(s.end)
}

// drift writes f at (t, u), in the sense of the method, to du.
func (s *stepper) drift(t float64, u, du []float64) {
	s.ws.RHS(t, u, du)
	if s.convert != 0 {
		s.n.correct(t, u, nil, du, s.convert)
	}
}

// Restart makes (ws.T, ws.U) the start. Within a run, the path beyond it is the one that was there.
func (s *stepper) Restart() error {
	ws := s.ws
	s.known, s.sloped = false, false
	s.ctl.Reset()
	if x, ok := s.s.(interface{ restart() }); ok {
		x.restart()
	}
	if !s.path.begun {
		if s.span = s.whole; s.span == 0 {
			s.span = ws.TEnd - ws.T
		}
		s.round = ws.InitialStep == 0 || s.m.info.Embedded > 0
		if s.step = ws.InitialStep; s.step == 0 {
			_, e := math.Frexp(s.span / defaultSteps)
			s.step = math.Ldexp(1, e-1)
		}
	}
	// A step that was cut ends where the path, taken as linear between 16ths of it, puts the state; what the path itself is off that
	// belongs to the next step.
	clear(s.owed)
	from, to := s.path.from, s.path.at
	s.still = s.path.begun
	if !s.path.Seek(ws.T, s.w) {
		s.path.Begin(ws.Seed, ws.Path, ws.T, s.span)
	} else if s.filled && ws.T > from && ws.T < to {
		theta := s.place((ws.T - from) / (to - from))
		s.off(theta, s.owed)
		end := s.inside[(pieces+1)*s.n.m:]
		for j, w := range s.w {
			s.owed[j] = w + s.paid[j] - (theta*end[j] + s.owed[j])
		}
	}
	s.filled = false
	switch {
	case ws.H > 0:
	case s.m.info.Embedded == 0:
		ws.H = s.step
	case ws.InitialStep > 0:
		ws.H = ws.InitialStep
	default:
		if err := s.start(); err != nil {
			return err
		}
		ws.H = s.firstStep()
	}
	return nil
}

// start evaluates drift and noise at (T, U).
func (s *stepper) start() error {
	ws := s.ws
	if !s.sloped {
		s.drift(ws.T, ws.U, s.f)
	}
	s.n.matrix(ws.T, ws.U, s.g)
	if !finite(s.f) || !finite(s.g) {
		return s.failure(0)
	}
	s.known = true
	return nil
}

// firstStep is the step that a method for the drift alone would begin with, or one in which the noise moves the state by a
// tenth of its size, or ten tolerances, whichever is shorter.
func (s *stepper) firstStep() float64 {
	ws, n := s.ws, s.n
	h := ws.FirstStep(s.f, 1)
	clear(s.est)
	for e, i := range n.pat.RowIdx {
		s.est[i] += s.g[e] * s.g[e]
	}
	for i, v := range s.est {
		if v > 0 {
			size := math.Max(0.1*math.Abs(ws.U[i]), 10*(ws.AbsTol[i]+ws.RelTol*math.Abs(ws.U[i])))
			h = math.Min(h, size*size/v)
		}
	}
	return math.Max(h, 1e-6*(ws.TEnd-ws.T))
}

// Step makes one accepted step, or many that are one for the integrator, where nothing looks at their ends.
func (s *stepper) Step() error {
	ws := s.ws
	if !ws.Free {
		err := s.one()
		if err == nil && s.judge != nil {
			s.judge()
		}
		return err
	}
	from := ws.T
	copy(s.first, ws.U)
	for range mostAtOnce {
		if err := s.one(); err != nil {
			return err
		}
		if ws.T >= ws.TStop || s.judge != nil && s.judge() {
			break
		}
	}
	ws.TPrev = from
	copy(ws.UPrev, s.first)
	return nil
}

func (s *stepper) one() error {
	ws := s.ws
	if !s.known {
		if err := s.start(); err != nil {
			return err
		}
	}
	s.filled = false
	want := ws.H
	for {
		if err := ws.Begin(); err != nil {
			return err
		}
		h, t := ws.Clip(want)
		if s.round && t != ws.TStop {
			_, e := math.Frexp(h)
			unit := math.Ldexp(1.0/grain, e-1)
			if r := math.Floor(t/unit) * unit; r > ws.T+0.5*h {
				h, t = r-ws.T, r
			}
		}
		s.path.Take(t, s.w, s.h)
		for j, d := range s.owed {
			s.w[j] += d
			s.h[j] += 0.5 * d
		}
		s.ended = false
		norm := s.s.attempt(s, h, t)
		if norm <= 1 || s.m.keeps && norm <= blowUp {
			if s.m.info.Embedded > 0 {
				factor := 1.0
				switch {
				case norm > 1:
					factor = s.ctlr.Rejected(&s.ctl, norm)
				case h < 0.5*want:
					factor = want / h // cut short by TStop: its error says little about longer steps
				default:
					factor = s.ctlr.Accepted(&s.ctl, norm, h)
				}
				ws.H = h * factor
			}
			s.known, s.sloped = false, s.ended
			copy(s.paid, s.owed)
			s.held, s.still = s.still, false
			clear(s.owed)
			if s.ended {
				s.f, s.end = s.end, s.f
			}
			ws.Accept(h, t)
			return nil
		}
		s.path.Undo()
		ws.Stats.Rejected++
		if s.m.info.Embedded == 0 {
			return s.failure(h)
		}
		want = h * s.ctlr.Rejected(&s.ctl, norm)
		if ws.TooSmall(want) {
			return s.failure(want)
		}
	}
}

// failure is why the run ends at a step h.
func (s *stepper) failure(h float64) error {
	ws, n := s.ws, s.n
	n.matrix(ws.T, ws.U, n.g)
	for e, v := range n.g {
		if v-v != 0 {
			name := "process " + string(rune('1'+n.col[e]))
			if k := int(n.col[e]); k < len(ws.P.Noise.Names) {
				name = ws.P.Noise.Names[k]
			}
			return ws.Fail(ode.Unstable, "division by zero or invalid value in the coefficient of the noise %s", name)
		}
	}
	if x, ok := s.s.(interface{ failure(h float64) *ode.Failure }); ok {
		if f := x.failure(h); f != nil {
			return f
		}
	}
	f := ws.FailStep(h)
	if f.Code == ode.DtTooSmall && s.m.info.Embedded == 0 {
		return ws.Fail(ode.Unstable, "a step of %.3g ends at values that are not finite: give a shorter one (--step), or take a method with error control", h)
	}
	return f
}

// Degree of the interpolant: between the ends of steps a path has no smoothness.
func (s *stepper) Degree() int { return 1 }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u: the line between both ends, and on it the noise of the start times
// what the path, linear between the 16th parts of the step, is off its own line. So crossings are looked for on the path that the run goes
// on along when it is cut there. After an event the state rests for the first half of the first part: a path that is linear there might
// be driven back to the border by both sides of a relation, and slide, which that of a Wiener process does not.
func (s *stepper) Interpolate(t float64, u []float64) {
	ws, n := s.ws, s.n
	if t == ws.TPrev {
		copy(u, ws.UPrev)
		return
	}
	if t == ws.T {
		copy(u, ws.U)
		return
	}
	if !s.filled {
		s.fill()
	}
	theta := s.place((t - ws.TPrev) / (ws.T - ws.TPrev))
	for i, v := range ws.UPrev {
		u[i] = v + theta*(ws.U[i]-v)
	}
	x, k := piece(theta)
	lo, hi := s.inside[k*n.m:(k+1)*n.m], s.inside[(k+1)*n.m:(k+2)*n.m]
	for j, v := range lo {
		v += x * (hi[j] - v)
		for e := n.pat.ColPtr[j]; e < n.pat.ColPtr[j+1]; e++ {
			u[n.pat.RowIdx[e]] += s.g[e] * v
		}
	}
}

// place is where on its path the solution is at a fraction of the last step.
func (s *stepper) place(theta float64) float64 {
	if s.held && theta < 1.0/pieces {
		return max(0, 2*theta-1.0/pieces)
	}
	return theta
}

// piece is the part of a step that a fraction of it lies in, and the fraction of that.
func piece(theta float64) (x float64, k int) {
	x = theta * pieces
	k = min(int(x), pieces-1)
	return x - float64(k), k
}

// off writes what the path is off its line at a fraction of the last step to d.
func (s *stepper) off(theta float64, d []float64) {
	m := s.n.m
	x, k := piece(theta)
	lo, hi := s.inside[k*m:(k+1)*m], s.inside[(k+1)*m:(k+2)*m]
	for j := range d {
		d[j] = lo[j] + x*(hi[j]-lo[j])
	}
}

// fill finds by how much the path is off the line within the last step.
func (s *stepper) fill() {
	m := s.n.m
	if s.inside == nil {
		s.inside = make([]float64, (pieces+2)*m)
	}
	s.path.Within(s.inside[m : (pieces+1)*m])
	end := s.inside[(pieces+1)*m:]
	for j, d := range s.paid {
		end[j] = s.inside[pieces*m+j] + d
	}
	for k := 1; k <= pieces; k++ {
		row := s.inside[k*m : (k+1)*m]
		for j := range row {
			row[j] += s.paid[j] - end[j]*(float64(k)/pieces)
		}
	}
	s.filled = true
}

// Projected says that the point was moved.
func (s *stepper) Projected() { s.known, s.sloped = false, false }

// Archive visits the path, and the noise at the start of the last step.
func (s *stepper) Archive(a *archive.Archive) {
	s.path.Archive(a)
	a.Floats(s.f, s.g)
	a.Bool(&s.known, &s.round, &s.sloped, &s.still, &s.held)
	a.Float(&s.step, &s.span, &s.whole)
	a.Floats(s.owed, s.paid)
	s.ctl.Archive(a)
	if a.Loading() {
		s.filled = false
	}
	if x, ok := s.s.(archive.Archiver); ok {
		x.Archive(a)
	}
}
