package ensemble

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mtkc/mtkc/runtime/ode"
)

// scalar integrates one trajectory after the other with ode.Integrator.
type scalar struct {
	e       *ensemble
	in      *ode.Integrator // nil: not made yet
	opt     ode.Options
	observe func(t float64, u, p, out []float64)
	p       []float64
}

func newScalar(e *ensemble) (*scalar, error) {
	obs, err := e.p.Observer(e.vars)
	return &scalar{e: e, opt: e.run, observe: obs, p: make([]float64, len(e.p.P))}, err
}

func (s *scalar) chunk(int) int { return group }
func (s *scalar) close() error  { return nil }

func (s *scalar) run(ctx context.Context, c *chunk) error {
	for i := range c.list {
		if err := s.one(ctx, c, i); err != nil {
			return err
		}
	}
	return nil
}

// set makes opt, which holds what all trajectories have in common, the options of one; ok: it ends
// behind its start.
func (e *ensemble) set(opt *ode.Options, s *Setup) (ok bool) {
	opt.Entries, opt.Values = e.entries, s.Values
	if opt.U0 = e.run.U0; s.U0 != nil {
		opt.U0 = s.U0
	}
	opt.Span[1], ok = e.end(s)
	opt.SaveAt = e.before(opt.Span[1])
	if e.opt.Callbacks != nil {
		opt.Callbacks = e.opt.Callbacks()
	}
	return ok
}

// before are the times to record up to end.
func (e *ensemble) before(end float64) []float64 {
	save := e.run.SaveAt
	n := len(save)
	for n > 0 && (save[n-1]-end)*(e.span[1]-e.span[0]) > 0 {
		n--
	}
	return save[:n]
}

// one integrates trajectory i of a chunk.
func (s *scalar) one(ctx context.Context, c *chunk, i int) error {
	e, t := s.e, &c.list[i]
	opt := &s.opt
	opt.Path = e.run.Path + uint64(t.Index)
	t.T = opt.Span[0]
	if !e.set(opt, &c.setups[i]) {
		t.Retcode, t.Message = ode.InitFailure, fmt.Sprintf("the trajectory ends at %v, which is not behind its start at %v", opt.Span[1], t.T)
		c.mark(e, i, 0)
		return nil
	}
	var err error
	if s.in == nil {
		s.in, err = ode.NewIntegrator(ctx, e.p, *opt)
	} else {
		err = s.in.Reset(ctx, *opt)
	}
	for err == nil && !s.in.Done() {
		err = s.in.Step()
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	if f := (*ode.Failure)(nil); err != nil && !errors.As(err, &f) {
		s.in = nil // the options of this trajectory make no sense
		t.Retcode, t.Message = ode.InitFailure, err.Error()
		c.mark(e, i, 0)
		return nil
	}
	s.record(c, i)
	return nil
}

// record takes what the integrator has saved for trajectory i of a chunk.
func (s *scalar) record(c *chunk, i int) {
	e, t, sol := s.e, &c.list[i], s.in.Solution()
	t.T, t.Retcode, t.Message, t.Method = sol.T, sol.Retcode, sol.Message, sol.Solver
	t.Steps, t.Rejected, t.Events = int64(sol.Stats.Steps), int64(sol.Stats.Rejected), int64(sol.Stats.Events)
	for _, text := range sol.Warnings {
		if e.p.Init == nil || !slices.Contains(e.p.Init.Notes, text) {
			c.notes = append(c.notes, note{t.Index, text})
		}
	}
	rows := sol.Len()
	if t.Retcode == ode.InitFailure {
		rows = 0
	}
	copy(s.p, sol.Params)
	for k := range rows {
		sol.Recall(k, s.p)
		s.observe(sol.Times[k], sol.State(k), s.p, c.row(e, i, k))
	}
	if c.times != nil {
		c.times[i] = sol.T
	}
	c.mark(e, i, rows)
}

// row is where the record of trajectory i at the time with number k belongs.
func (c *chunk) row(e *ensemble, i, k int) []float64 {
	at := (i*e.rows + k) * e.nv
	return c.record[at : at+e.nv : at+e.nv]
}

// mark says how many rows of trajectory i are there.
func (c *chunk) mark(e *ensemble, i, rows int) {
	t := &c.list[i]
	if c.times != nil {
		t.Times = c.times[i : i+rows : i+rows]
	} else {
		t.Times = e.run.SaveAt[:rows:rows]
	}
	at := i * e.rows * e.nv
	t.Record = c.record[at : at+rows*e.nv : at+rows*e.nv]
}
