package ensemble

// Batches. An engine knows smooth pieces alone: a trajectory whose relations change comes back
// at the start of the step that would cross, one whose clock brings an event comes back at it. An integrator of its own
// takes the trajectory over the event, with all that belongs to one (iteration, reinitialisation, sliding, events
// that accumulate), and the engine goes on with the batch, until all trajectories are at their ends.

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"sort"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Sizes of batches where the engine has no wish of its own. Trajectories with events have an integrator each, of
// 40 KB and more; the workers together have mostHybrid of them, unless the user wants more.
const (
	smoothChunk = 1024
	hybridChunk = 256
	mostHybrid  = 8192
)

// A trajectory that comes back from the engine after fewer than fewLaneSteps steps stays with its integrator for
// holdFirst steps, and for twice as many each time that this happens again, at most for mostHold.
const (
	fewLaneSteps = 2
	holdFirst    = 4
	mostHold     = 4096
)

// lanes integrates batches on an engine.
type lanes struct {
	e       *ensemble
	eng     Engine
	b       Batch
	all     Batch // its memory
	opt     ode.Options
	starter *ode.Starter // smooth problems
	observe func(t float64, u, p, out []float64)
	again   *scalar // for trajectories that the engine gives up
	slots   []slot
	p0      []float64
}

// slot is what is known of a trajectory besides the batch.
type slot struct {
	in    *ode.Integrator // hybrid problems: takes it over events; kept for the next chunk
	end   float64
	save  []float64 // times to record
	next  int       // of these
	seen  int       // points of the solution of in that were recorded
	live  bool      // it is in the batch
	steps int64     // of the engine, when it was submitted last
	hold  int
	again bool // it is to be run by ode.Integrator from the start
}

func newLanes(e *ensemble, eng Engine) (*lanes, error) {
	obs, err := e.p.Observer(e.vars)
	if err != nil {
		return nil, err
	}
	again, err := newScalar(e)
	if err != nil {
		return nil, err
	}
	l := &lanes{e: e, eng: eng, opt: e.run, observe: obs, again: again, p0: make([]float64, len(e.p.P))}
	if e.p.Hybrid == nil {
		l.starter = ode.NewStarter(e.p)
	}
	return l, nil
}

func (l *lanes) chunk(workers int) int {
	hybrid, n := l.e.p.Hybrid != nil, 0
	if c, ok := l.eng.(interface{ Chunk() int }); ok {
		n = c.Chunk()
	}
	switch {
	case n <= 0 && hybrid:
		return hybridChunk
	case n <= 0:
		return smoothChunk
	case hybrid:
		return min(n, max(hybridChunk, mostHybrid/workers))
	}
	return n
}

func (l *lanes) close() error {
	if c, ok := l.eng.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// begin makes room for n trajectories.
func (l *lanes) begin(n int) {
	size, np, m := l.e.p.N(), len(l.e.p.P), len(l.e.run.SaveAt)
	if a := &l.all; len(a.T) < n {
		*a = Batch{
			T: make([]float64, n), TEnd: make([]float64, n), U: make([]float64, n*size), P: make([]float64, n*np), Out: make([]float64, n*m*size),
			Status: make([]Status, n), H: make([]float64, n), Steps: make([]int64, n), Rejected: make([]int64, n),
		}
		l.slots = append(l.slots, make([]slot, n-len(l.slots))...)
	}
	a := &l.all
	l.b = Batch{
		N: n, T: a.T[:n], TEnd: a.TEnd[:n], U: a.U[:n*size], P: a.P[:n*np], Save: l.e.run.SaveAt, Out: a.Out[:n*m*size],
		Status: a.Status[:n], H: a.H[:n], Steps: a.Steps[:n], Rejected: a.Rejected[:n],
	}
	clear(l.b.Steps)
	clear(l.b.Rejected)
}

func (l *lanes) u(i int) []float64 {
	n := l.e.p.N()
	return l.b.U[i*n : (i+1)*n : (i+1)*n]
}

func (l *lanes) p(i int) []float64 {
	n := len(l.e.p.P)
	return l.b.P[i*n : (i+1)*n : (i+1)*n]
}

// out is the state of trajectory i at the time to save with number k.
func (l *lanes) out(i, k int) []float64 {
	n := l.e.p.N()
	at := (i*len(l.b.Save) + k) * n
	return l.b.Out[at : at+n : at+n]
}

func (l *lanes) run(ctx context.Context, c *chunk) error {
	l.begin(len(c.list))
	active := 0
	for i := range c.list {
		if l.start(ctx, c, i); l.slots[i].live {
			active++
		}
	}
	for active > 0 {
		if err := l.eng.Run(ctx, &l.b); err != nil || ctx.Err() != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return err
		}
		for i := range c.list {
			if !l.slots[i].live {
				continue
			}
			l.returned(c, i)
			if ctx.Err() != nil {
				return errInterrupted
			}
			if !l.slots[i].live {
				active--
			}
		}
	}
	for i := range c.list {
		if l.slots[i].again {
			if err := l.again.one(ctx, c, i); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// start finds where trajectory i begins and puts it into the batch.
func (l *lanes) start(ctx context.Context, c *chunk, i int) {
	e, t, s := l.e, &c.list[i], &l.slots[i]
	opt := &l.opt
	ok := e.set(opt, &c.setups[i])
	s.end, s.save, s.next, s.seen, s.live, s.hold, s.again = opt.Span[1], opt.SaveAt, 0, 0, false, 0, false
	l.b.Status[i] = Reached
	t.T = opt.Span[0]
	c.mark(e, i, 0)
	if !ok || math.IsInf(s.end, 0) {
		s.again = true // to say what is wrong
		return
	}
	if l.starter != nil {
		if err := l.starter.Start(ctx, opt, l.u(i), l.p(i)); err != nil {
			s.again = true
			return
		}
		l.submit(c, i, t.T, opt.InitialStep)
		return
	}
	var err error
	if s.in == nil {
		s.in, err = ode.NewIntegrator(ctx, e.p, *opt)
	} else {
		err = s.in.Reset(ctx, *opt)
	}
	switch f := (*ode.Failure)(nil); {
	case err == nil && !s.in.Done():
		copy(l.u(i), s.in.U())
		copy(l.p(i), s.in.P())
		if !s.in.Smooth() {
			l.along(c, i, s.in.T(), 0)
			return
		}
		l.submit(c, i, t.T, opt.InitialStep)
	case err != nil && !errors.As(err, &f):
		s.in, s.again = nil, true
	default:
		l.finish(c, i)
	}
}

// submit puts trajectory i, which stands at t, into the batch; h is the first step, 0: the engine chooses it.
func (l *lanes) submit(c *chunk, i int, t, h float64) {
	s, b := &l.slots[i], &l.b
	for ; s.next < len(s.save) && s.save[s.next] <= t; s.next++ {
		l.observe(t, l.u(i), l.p(i), c.row(l.e, i, s.next))
	}
	b.T[i], b.TEnd[i], b.H[i], b.Status[i] = t, s.end, h, Running
	if s.in != nil {
		b.TEnd[i] = min(s.end, s.in.NextTimeEvent())
	}
	s.live, s.steps = true, b.Steps[i]
}

// returned looks after a trajectory that the engine is done with.
func (l *lanes) returned(c *chunk, i int) {
	s, b := &l.slots[i], &l.b
	s.live = false
	for ; s.next < len(s.save) && s.save[s.next] <= b.T[i]; s.next++ {
		l.observe(s.save[s.next], l.out(i, s.next), l.p(i), c.row(l.e, i, s.next))
	}
	switch status := b.Status[i]; {
	case status == Reached && s.in == nil:
		l.smoothEnd(c, i)
	case status == Reached:
		l.along(c, i, b.TEnd[i], 0)
	case status == Crossed && s.in != nil:
		l.along(c, i, b.T[i], b.H[i])
	case status == TooMany:
		t := &c.list[i]
		t.Retcode, t.T, t.Message = ode.MaxSteps, b.T[i], "the limit on steps is reached"
		l.leave(c, i)
	default: // ode.Integrator says why, or gets through
		s.again = true
	}
}

// smoothEnd records a trajectory without events that is at its end.
func (l *lanes) smoothEnd(c *chunk, i int) {
	t := &c.list[i]
	t.Retcode, t.T = ode.Success, l.b.TEnd[i]
	l.leave(c, i)
}

// leave ends the record of trajectory i at the point where the engine left it.
func (l *lanes) leave(c *chunk, i int) {
	t, s := &c.list[i], &l.slots[i]
	t.Steps, t.Rejected = l.b.Steps[i], l.b.Rejected[i]
	if s.in != nil {
		t.Events = int64(s.in.Stats().Events)
	}
	if c.times != nil {
		c.times[i] = t.T
		l.observe(t.T, l.u(i), l.p(i), c.row(l.e, i, 0))
		c.mark(l.e, i, 1)
		return
	}
	c.mark(l.e, i, s.next)
}

// along hands trajectory i, which the engine left at t, to its integrator, and takes it back behind the event
// that stopped it; h is the size of the step in which there is one, 0: it is at t.
func (l *lanes) along(c *chunk, i int, t, h float64) {
	s, b := &l.slots[i], &l.b
	in := s.in
	copy(l.p0, in.P())
	events := in.Stats().Events
	if in.Smooth() {
		steps := b.Steps[i] - s.steps
		switch {
		case steps >= fewLaneSteps:
			s.hold = 0
		case t < s.end:
			s.hold = min(max(holdFirst, 2*s.hold), mostHold)
		}
		if in.Move(t, l.u(i), int(steps), h) != nil && !in.Done() {
			s.again = true
			return
		}
	}
	over, hold := h == 0, s.hold
	for !in.Done() {
		if over = over || in.Stats().Events != events || in.T() >= t+h || !slices.Equal(in.P(), l.p0); over && in.Smooth() {
			if hold--; hold < 0 {
				break
			}
		}
		if in.Step() != nil {
			break
		}
	}
	if in.Done() {
		l.finish(c, i)
		return
	}
	l.saved(c, i)
	copy(l.u(i), in.U())
	copy(l.p(i), in.P())
	for s.next > 0 && s.save[s.next-1] == in.T() {
		s.next-- // at the instant of an event, what is behind it is recorded
	}
	l.submit(c, i, in.T(), 0)
}

// saved records what the integrator of trajectory i has saved since it was looked at last.
func (l *lanes) saved(c *chunk, i int) {
	s := &l.slots[i]
	sol := s.in.Solution()
	copy(l.p0, sol.Params)
	for ; s.seen < sol.Len(); s.seen++ {
		k := sort.SearchFloat64s(s.save, sol.Times[s.seen])
		if len(s.save) == 0 {
			k = 0 // the end alone is recorded
		}
		sol.Recall(s.seen, l.p0)
		l.observe(sol.Times[s.seen], sol.State(s.seen), l.p0, c.row(l.e, i, k))
		s.next = max(s.next, k+1)
	}
}

// finish records how the run of an integrator ended.
func (l *lanes) finish(c *chunk, i int) {
	t, s, b := &c.list[i], &l.slots[i], &l.b
	sol := s.in.Solution()
	if sol.Retcode == ode.Interrupted {
		return
	}
	t.Retcode, t.T, t.Message = sol.Retcode, sol.T, sol.Message
	t.Steps, t.Rejected, t.Events = int64(sol.Stats.Steps), b.Rejected[i]+int64(sol.Stats.Rejected), int64(sol.Stats.Events)
	if t.Retcode == ode.InitFailure {
		return
	}
	l.saved(c, i)
	if c.times != nil {
		c.times[i] = t.T
	}
	c.mark(l.e, i, s.next)
}
