package jump

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

// engine makes the jumps of a still process: nothing changes between them.
type engine interface {
	// begin evaluates everything at the state of the core, which is new.
	begin()
	// run makes up to n jumps, none after stop, and says how many. Where they are fewer, the time is stop. The last of them is
	// in core.last.
	run(stop float64, n int) int
	// archive visits what begin does not make again.
	archive(a *archive.Archive)
}

// stepper is the run of an engine.
type stepper struct {
	*core
	eng     engine
	started bool
	stale   bool // the point was moved
	changed bool // the last step was a jump, whose changes UPrev does not have yet
}

// burst is how many jumps a step makes at most where nothing looks at them.
const burst = 1 << 14

// Restart makes the point of the workspace the start. The stream of random numbers goes on.
func (s *stepper) Restart() error {
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
	s.stale, s.changed = false, false
	copy(ws.UPrev, ws.U)
	ws.H = ws.TEnd - ws.T
	s.eng.begin()
	return s.failed()
}

// Step makes one jump, or goes to TStop without one; where nothing looks at them, it makes many.
func (s *stepper) Step() error {
	ws := s.ws
	if s.stale || ws.T != s.t {
		if err := s.Restart(); err != nil {
			return err
		}
	}
	stop, limit := ws.TStop, burst
	if !ws.Free {
		limit = 1
		stop = math.Min(stop, ws.T+ws.HMax)
	}
	n, err := ws.BeginSome(limit)
	if err != nil {
		return err
	}
	switch {
	case ws.Free:
		copy(ws.UPrev, ws.U)
		s.changed = false
	case s.changed:
		for _, c := range s.list[s.last].Changes {
			ws.UPrev[c.State] = s.x[c.State]
		}
		s.changed = false
	}
	made := s.eng.run(stop, n)
	ws.Unused(n - made)
	ws.Stats.Steps += made
	ws.TPrev, ws.T = ws.T, s.t
	switch {
	case ws.Free:
		copy(ws.U, s.x)
	case made > 0:
		for _, c := range s.list[s.last].Changes {
			ws.U[c.State] = s.x[c.State]
		}
		s.changed = true
	}
	ws.H = ws.TEnd - ws.T
	if s.wrong != 0 {
		return s.failed()
	}
	return nil
}

// Interpolate writes the state at t, before the jump at the end of the step, to u.
func (s *stepper) Interpolate(t float64, u []float64) {
	if t == s.ws.T {
		copy(u, s.ws.U)
		return
	}
	copy(u, s.ws.UPrev)
}

// InterpolateSome writes some entries of the state at t to u.
func (s *stepper) InterpolateSome(t float64, which []int32, u []float64) {
	from := s.ws.UPrev
	if t == s.ws.T {
		from = s.ws.U
	}
	for _, i := range which {
		u[i] = from[i]
	}
}

// Degree says that the state keeps its value up to the end of a step.
func (s *stepper) Degree() int { return 0 }

// Jumped reports whether the last step ended in a jump.
func (s *stepper) Jumped() bool { return s.changed }

// Projected is told that the point was moved.
func (s *stepper) Projected() { s.stale = true }

// Archive visits the random numbers and what the engine remembers; the rest follows from the point.
func (s *stepper) Archive(a *archive.Archive) {
	a.Bool(&s.started)
	if !s.started {
		return
	}
	next := s.next
	a.Bool(&s.stale, &s.changed)
	a.Float(&next)
	a.Int32(&s.last)
	if a.Loading() && a.Err() == nil {
		if err := s.load(); err != nil {
			a.Fail("%v", err)
			return
		}
		s.eng.begin()
		s.next = next
	}
	s.draws.archive(a)
	s.eng.archive(a)
}
