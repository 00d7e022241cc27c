package jump

// Jumps whose rates change between them, because they depend on time or on states that follow f: piecewise deterministic Markov processes
// (Davis, J. R. Stat. Soc. B 46(3), 1984). A method for ordinary differential equations integrates u' = f(t, u, p) together with the sum of all
// rates; a jump happens where that integral reaches a number of the exponential distribution, and it is a reaction with the probability
// that its rate is of the sum there. The crossing is found on the interpolant of the method. So the law of the process is that of the problem
// up to the errors of the integration. Alfonsi, Cances, Turinici, Di Ventura, Huisinga, ESAIM: Proc. 14, 2005.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/event"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// between is a method with one for what happens between the jumps.
type between struct {
	inner ode.Method // nil: the automatic choice
	hint  string     // of that
}

// Between makes a method for jump processes of one for ordinary differential equations, which integrates what moves between the
// jumps; nil: the automatic choice. It takes every rate and every f.
func Between(m ode.Method) ode.Method { return &between{inner: m, hint: "auto"} }

// PDMP is Between with the automatic choice.
var PDMP = Between(nil)

// Info describes the method.
func (m *between) Info() ode.Info {
	name := "PDMP"
	if m.inner != nil {
		name += "-" + m.inner.Info().Name
	}
	return ode.Info{
		Name: name, Use: ode.Jumping,
		Description: "piecewise deterministic process: integrates the rates with what moves between the jumps, for rates that depend on time or on that",
		Reference:   "Davis, J. R. Stat. Soc. B 46(3), 1984; Alfonsi et al., ESAIM: Proc. 14, 2005",
	}
}

// New returns a stepper.
func (m *between) New(ws *ode.Workspace) (ode.Stepper, error) {
	if err := takes(ws, m.Info().Name); err != nil {
		return nil, err
	}
	s := &process{core: newCore(ws), still: ws.P.Jumps.Still}
	s.moving = !s.still
	n := s.n
	if s.still {
		n = 0
	}
	for r := range s.list {
		x := &s.list[r]
		s.clock = s.clock || x.MassAction && (x.Clock || !ws.P.Jumps.Still)
		if x.Clock || !s.still && len(s.reads[r]) > 0 {
			s.varying = append(s.varying, int32(r))
		} else {
			s.fixed = append(s.fixed, int32(r))
		}
	}
	p := &ode.Problem{Name: ws.P.Name, U0: make([]float64, n+1), P: ws.P.P, Params: ws.P.Params}
	if len(ws.P.States) > 0 && !s.still {
		p.States = append(p.States, ws.P.States[:n]...)
	}
	if len(ws.P.States) > 0 || s.still {
		p.States = append(p.States, ode.Quantity{Name: "the integral of the rates", Min: math.Inf(-1), Max: math.Inf(1)})
	}
	p.Equation = func(i int) string {
		if i < n && ws.P.Equation != nil {
			return ws.P.Equation(i)
		}
		return ""
	}
	if ws.P.Jac != nil && !s.still {
		p.Jac = s.pattern(ws.P.Jac)
	}
	s.k = &ode.Kernels{RHS: s.slopes}
	s.inner = ws.Inside(p, s.k)
	s.u = make([]float64, n+1)
	inner := m.inner
	if inner == nil {
		var err error
		if inner, _, err = s.inner.Choose(m.hint); err != nil {
			return nil, err
		}
	}
	var err error
	s.st, err = inner.New(s.inner)
	return s, err
}

// process is a run.
type process struct {
	*core
	still   bool // f is zero: the inner problem is the integral alone
	clock   bool // constants of mass action change between the jumps
	varying []int32
	fixed   []int32
	sum     float64 // of the rates of fixed

	inner   *ode.Workspace
	k       *ode.Kernels
	st      ode.Stepper
	u       []float64 // state of the inner problem
	target  float64   // of the integral
	bad     int32     // as core.wrong, and the rate, since the inner method was last content
	badRate float64

	started, stale, jumped bool
	begin                  bool // the inner method starts at the present point
}

// pattern is that of df/du with a row more, which has what the varying rates read.
func (s *process) pattern(jac *linsolve.Pattern) *linsolve.Pattern {
	n := s.n
	reads := make([]bool, n)
	for _, r := range s.varying {
		for _, i := range s.reads[r] {
			reads[i] = true
		}
	}
	p := &linsolve.Pattern{Rows: n + 1, Cols: n + 1, ColPtr: make([]int32, 1, n+2)}
	for j := range n {
		p.RowIdx = append(p.RowIdx, jac.RowIdx[jac.ColPtr[j]:jac.ColPtr[j+1]]...)
		if reads[j] {
			p.RowIdx = append(p.RowIdx, int32(n))
		}
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	return p
}

// slopes is the right-hand side of the inner problem: f, and the sum of all rates.
func (s *process) slopes(t float64, u, p, du []float64) {
	n := 0
	if !s.still {
		n = s.n
		s.ws.K.RHS(t, u[:n], p, du[:n])
		copy(s.x, u[:n])
	}
	s.t = t
	s.constants()
	total := s.sum
	for _, r := range s.varying {
		total += s.rate(r)
	}
	if s.wrong != 0 { // a step that is shorter may not come here
		s.bad, s.badRate, s.wrong = s.wrong, s.rate_, 0
		total = math.NaN()
	}
	du[n] = total
}

// constants evaluates constants of mass action that change.
func (s *process) constants() {
	if !s.clock {
		return
	}
	s.ws.K.JumpConstants(s.t, s.x[:s.n], s.ws.Params, s.c)
	for _, r := range s.varying {
		s.rx[r].c = s.c[r]
	}
}

// Restart makes the point of the workspace the start. What is left of the present target is as good as a new one.
func (s *process) Restart() error {
	ws := s.ws
	if !s.started {
		s.draws.reset(ws.Seed, ws.Path)
	}
	if err := s.load(); err != nil {
		return err
	}
	if !s.started {
		s.started = true
		s.remark()
	}
	s.stale, s.jumped = false, false
	copy(ws.UPrev, ws.U)
	s.inner.Follow(ws)
	s.inner.H = ws.H
	return s.restart()
}

// restart starts the inner method at the present point with a new target.
func (s *process) restart() error {
	ws, in := s.ws, s.inner
	s.begin = false
	s.target = s.exp()
	s.t = ws.T
	copy(s.x, ws.U)
	s.sum = 0
	for _, r := range s.fixed {
		s.sum += s.rate(r)
	}
	if s.wrong != 0 {
		return s.failed()
	}
	in.T, in.TPrev, in.TStop = ws.T, ws.T, ws.TStop
	k := 0
	if !s.still {
		k = copy(in.U, ws.U)
	}
	in.U[k] = 0
	in.AbsTol[k] = 0.1 * in.RelTol
	copy(in.UPrev, in.U)
	s.bad = 0
	if err := s.st.Restart(); err != nil {
		return s.blame(err)
	}
	ws.H = in.H
	return nil
}

// blame is the failure of the inner method, or that of a rate which was the cause.
func (s *process) blame(err error) error {
	if s.bad != 0 {
		s.wrong, s.rate_ = s.bad, s.badRate
		return s.failed()
	}
	return err
}

// Step makes a step of the inner method, to a jump at most; where nothing looks at them, all steps to TStop.
func (s *process) Step() error {
	ws, in := s.ws, s.inner
	if s.stale || !s.begin && ws.T != in.T {
		if err := s.Restart(); err != nil {
			return err
		}
	}
	copy(ws.UPrev, ws.U)
	first := ws.T
	for budget := 256; ; budget-- {
		if s.begin {
			if err := s.restart(); err != nil {
				return err
			}
		}
		in.TStop, in.HMax = ws.TStop, ws.HMax
		s.bad = 0
		if err := s.st.Step(); err != nil {
			return s.blame(err)
		}
		if err := s.reach(); err != nil {
			return err
		}
		ws.H = in.H
		if !ws.Free || budget == 0 || ws.T >= ws.TStop {
			break
		}
	}
	ws.TPrev = first
	return nil
}

// reach makes the end of the last inner step, or a jump within it, the present point.
func (s *process) reach() error {
	ws, in := s.ws, s.inner
	z := len(s.u) - 1
	s.jumped = false
	ws.T = in.T
	if in.U[z] < s.target {
		if !s.still {
			copy(ws.U, in.U[:z])
		}
		return nil
	}
	at := func(t float64) float64 {
		s.st.Interpolate(t, s.u)
		return s.u[z] - s.target
	}
	if y := in.UPrev[z] - s.target; y < 0 {
		ws.T = event.Locate(at, in.TPrev, in.T, y, in.U[z]-s.target, true)
	} else {
		ws.T = in.TPrev
	}
	if ws.T < in.T {
		s.st.Interpolate(ws.T, s.u)
	} else {
		copy(s.u, in.U)
	}
	if !s.still {
		copy(ws.U, s.u[:z])
	}
	s.begin = true
	s.t = ws.T
	copy(s.x, ws.U)
	s.constants()
	s.rates()
	if s.wrong != 0 {
		return s.failed()
	}
	total := 0.0
	for _, v := range s.a[:len(s.list)] {
		total += v
	}
	y := s.uniform() * total
	r := -1
	for k, v := range s.a[:len(s.list)] {
		if v > 0 {
			r = k
			if y < v {
				break
			}
			y -= v
		}
	}
	if r < 0 { // the integral is off by its error: there is nothing that could happen
		return nil
	}
	s.jumped, s.last = true, int32(r)
	s.fire(int32(r))
	copy(ws.U, s.x)
	return nil
}

// Interpolate writes the state at t, before the jump at the end of the step, to u.
func (s *process) Interpolate(t float64, u []float64) {
	switch {
	case t == s.ws.T:
		copy(u, s.ws.U)
	case s.still || t <= s.inner.TPrev:
		copy(u, s.ws.UPrev)
	default:
		s.st.Interpolate(t, s.u)
		copy(u, s.u[:s.n])
	}
}

// Degree is that of the inner method.
func (s *process) Degree() int {
	if s.still {
		return 0
	}
	return ode.Degree(s.st)
}

// Jumped reports whether the last step ended in a jump.
func (s *process) Jumped() bool { return s.jumped }

// Projected is told that the point was moved.
func (s *process) Projected() { s.stale = true }

// Archive visits the random numbers, the target and the inner method.
func (s *process) Archive(a *archive.Archive) {
	a.Bool(&s.started)
	if s.started {
		if a.Loading() && a.Err() == nil {
			if err := s.load(); err != nil {
				a.Fail("%v", err)
				return
			}
			s.inner.Follow(s.ws)
		}
		a.Bool(&s.stale, &s.jumped, &s.begin)
		a.Float(&s.target, &s.sum)
		a.Int32(&s.last)
		s.draws.archive(a)
		a.Floats(s.inner.U, s.inner.UPrev, s.inner.UNew, s.inner.AbsTol)
		a.Float(&s.inner.T, &s.inner.TPrev, &s.inner.TStop, &s.inner.H)
	}
	if st, ok := s.st.(archive.Archiver); ok {
		st.Archive(a)
	} else {
		a.Fail("the stepper %T has no Archive method", s.st)
	}
}
