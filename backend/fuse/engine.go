package fuse

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// Lanes makes a kernel ready for W lanes: f reads x and p and writes out, in which entry i of
// lane l stands at [i*W + l]. What a lane gets must not depend on the others.
type Lanes func(k *backend.Kernel) (f func(x, p, out []float64), err error)

// Engine integrates batches of trajectories in W lanes on any machine that runs kernels. A
// lane whose trajectory ends takes the next one of the batch, so that all lanes are busy
// until the batch runs out. Results do not depend on W. An Engine serves one goroutine.
//
// It lives here and not beside a machine since all that it needs of one are three
// functions.
type Engine struct {
	in                *Integrator
	w                 int
	begin, step, save func(x, p, out []float64)

	x, y []float64 // Slots*W; y is what x becomes
	p    []float64
	load []float64 // trajectories that begin
	out  []float64 // n*W, of Save
	lane []lane
	next int // trajectory of the batch to be taken next
}

// lane is what a lane works on.
type lane struct {
	trajectory int     // of the batch, -1: none
	save       int     // next entry of Batch.Save
	at         float64 // its time, +Inf: none
}

// NewEngine makes an engine with w lanes for runs with the same settings.
func NewEngine(in *Integrator, w int, s Settings, machine Lanes) (*Engine, error) {
	e := &Engine{
		in: in, w: w,
		x: make([]float64, in.Slots*w), y: make([]float64, in.Slots*w), load: make([]float64, in.Slots*w),
		p: make([]float64, in.NPAll()*w), out: make([]float64, in.N*w), lane: make([]lane, w),
	}
	for k, f := range map[*backend.Kernel]*func(x, p, out []float64){in.Begin: &e.begin, in.Step: &e.step, in.Save: &e.save} {
		if k == nil {
			continue
		}
		var err error
		if *f, err = machine(k); err != nil {
			return nil, err
		}
	}
	one := make([]float64, in.NPAll())
	in.Put(s, one)
	for i, v := range one {
		for l := range w {
			e.p[i*w+l] = v
		}
	}
	return e, nil
}

// Name says what runs.
func (e *Engine) Name() string { return fmt.Sprintf("%s, %d lanes", e.in.Method, e.w) }

// Run integrates the batch.
func (e *Engine) Run(ctx context.Context, b *ensemble.Batch) error {
	e.next = 0
	for l := range e.lane {
		e.lane[l] = lane{-1, 0, math.Inf(1)}
		e.x[Status*e.w+l] = Done
	}
	done := ctx.Done()
	for e.refill(b) {
		for !e.attention(b) {
			select {
			case <-done:
				return context.Cause(ctx)
			default:
			}
			e.step(e.x, e.p, e.y)
			e.x, e.y = e.y, e.x
		}
		if err := e.saves(b); err != nil {
			return err
		}
		e.store(b)
	}
	return nil
}

// attention reports whether a lane has passed a time to save, or enough lanes have ended that
// it pays to begin others: that takes about half a step of all lanes.
func (e *Engine) attention(b *ensemble.Batch) bool {
	status, time := e.x[Status*e.w:][:e.w], e.x[T*e.w:][:e.w]
	live, ended := 0, 0
	for l := range e.lane {
		s := &e.lane[l]
		switch {
		case s.trajectory < 0:
			continue
		case time[l] >= s.at:
			return true
		case status[l] == Running:
			live++
		default:
			ended++
		}
	}
	return live == 0 || e.next < b.N && 16*ended >= e.w
}

// store writes the trajectories that have ended to the batch and frees their lanes.
func (e *Engine) store(b *ensemble.Batch) {
	w, n := e.w, e.in.N
	for l := range e.lane {
		i := e.lane[l].trajectory
		if i < 0 || e.x[Status*w+l] == Running {
			continue
		}
		b.Status[i] = ensemble.Status(e.x[Status*w+l])
		b.T[i], b.H[i] = e.x[T*w+l], e.x[H*w+l]
		b.Steps[i], b.Rejected[i] = int64(e.x[Steps*w+l]), int64(e.x[Rejected*w+l])
		for j := range n {
			b.U[i*n+j] = e.x[(StateAt+j)*w+l]
		}
		e.lane[l] = lane{-1, 0, math.Inf(1)}
	}
}

// saves writes the states at times that the last step of a lane has passed.
func (e *Engine) saves(b *ensemble.Batch) error {
	w, n := e.w, e.in.N
	time, at := e.x[T*w:][:w], e.x[TSave*w:][:w]
	for {
		due, inside := false, false
		for l := range e.lane {
			at[l] = time[l]
			if s := e.lane[l].at; s <= time[l] {
				due, inside = true, inside || s < time[l]
				at[l] = s
			}
		}
		if !due {
			return nil
		}
		from := e.x[StateAt*w:]
		if inside {
			if e.save == nil {
				return fmt.Errorf("%s was made without dense output and cannot save inside of steps", e.in.Method)
			}
			e.save(e.x, e.p, e.out)
			from = e.out
		}
		for l := range e.lane {
			s := &e.lane[l]
			if s.at > time[l] {
				continue
			}
			to := b.Out[(s.trajectory*len(b.Save)+s.save)*n:][:n]
			for j := range to {
				to[j] = from[j*w+l]
			}
			s.save++
			s.aim(b)
		}
	}
}

// aim sets the time of the next save.
func (s *lane) aim(b *ensemble.Batch) {
	s.at = math.Inf(1)
	if s.save < len(b.Save) && b.Save[s.save] <= b.TEnd[s.trajectory] {
		s.at = b.Save[s.save]
	}
}

// refill gives free lanes trajectories and reports whether any lane has one.
func (e *Engine) refill(b *ensemble.Batch) (busy bool) {
	w, in := e.w, e.in
	taken := false
	for l := range e.lane {
		e.load[Status*w+l] = Done // not loaded
		if e.lane[l].trajectory >= 0 {
			busy = true
			continue
		}
		for e.next < b.N && b.Status[e.next] != Running {
			e.next++
		}
		if e.next == b.N {
			continue
		}
		i := e.next
		e.next++
		taken, busy = true, true
		s := &e.lane[l]
		*s = lane{trajectory: i, save: sort.Search(len(b.Save), func(k int) bool { return b.Save[k] > b.T[i] })}
		s.aim(b)
		set := func(slot int, v float64) { e.load[slot*w+l] = v }
		set(T, b.T[i])
		set(H, b.H[i])
		set(TEnd, b.TEnd[i])
		set(Status, Running)
		set(Steps, float64(b.Steps[i]))
		set(Rejected, float64(b.Rejected[i]))
		for j := range in.N {
			set(StateAt+j, b.U[i*in.N+j])
		}
		for j := range in.NP {
			e.p[j*w+l] = b.P[i*in.NP+j]
		}
	}
	if !taken {
		return busy
	}
	e.begin(e.load, e.p, e.y)
	for l := range e.lane {
		if e.load[Status*w+l] == Running {
			for slot := range in.Slots {
				e.x[slot*w+l] = e.y[slot*w+l]
			}
		}
	}
	return true
}

// Chunk is a size of batches for which lanes that wait for the last trajectories do not count.
func (e *Engine) Chunk() int { return 16 * max(16, e.w) }
