package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/mtkc/mtkc/backend/cuda/libcuda"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// Ensemble is a fused integrator on a device: a thread integrates one trajectory after the
// other. Any goroutine may make engines of it.
type Ensemble struct {
	in     *fuse.Integrator
	loop   *llvm.PTXKernel
	code   Code
	device string
	most   int // threads that run at once
	wide   int // those of a block at most
}

// NewEnsemble makes the run loop of an integrator, which llvm.PTX made of it, ready on a
// device. Close it.
func NewEnsemble(d Device, in *fuse.Integrator, loop *llvm.PTXKernel) (*Ensemble, error) {
	for _, p := range loop.Params {
		if parameters[p.Name] == nil {
			return nil, fmt.Errorf("cuda: the run loop has a parameter %s, which is not known here", p.Name)
		}
	}
	code, err := d.Load(Rounded(loop.Text))
	if err != nil {
		return nil, err
	}
	k, err := code.Kernel(loop.Name)
	if err != nil {
		return nil, errors.Join(err, code.Close())
	}
	e := &Ensemble{in: in, loop: loop, code: code, device: d.Name(), most: d.Threads(), wide: min(128, k.MaxThreads)}
	if k.Blocks > 0 {
		e.most = min(e.most, k.Blocks*128*d.Processors())
	}
	return e, nil
}

// Close gives the kernel back. Its engines must be closed before.
func (e *Ensemble) Close() error { return e.code.Close() }

// Engine integrates batches with settings that do not change. It serves one goroutine;
// several on one device work at once.
type Engine struct {
	e      *Ensemble
	q      Queue
	budget int64 // steps of a thread in a launch
	times  Times
	// of a size that the largest part of a batch so far had
	trajectories, saves, threads int
	buf                          map[string]*Buffer
}

// Times is where the time of an engine went.
type Times struct {
	In, Kernel, Out time.Duration // copies to the device, launches, copies back
	Launches        int
}

// Times adds up all runs.
func (g *Engine) Times() Times { return g.times }

// Engine makes an engine.
func (e *Ensemble) Engine(s fuse.Settings) (*Engine, error) {
	q, err := e.code.Queue()
	if err != nil {
		return nil, err
	}
	g := &Engine{e: e, q: q, budget: 200, buf: map[string]*Buffer{}}
	p := make([]float64, e.in.NPAll())
	e.in.Put(s, p)
	b, err := q.Alloc(8 * (len(p) - e.in.NP))
	if err == nil {
		copy(numbers[float64](b.Host), p[e.in.NP:])
		g.buf["settings"] = b
		err = q.Upload(b, 0, len(b.Host))
	}
	if err != nil {
		return nil, errors.Join(err, q.Close())
	}
	return g, nil
}

// Name says what integrates.
func (g *Engine) Name() string {
	return fmt.Sprintf("%s, %d threads on %s", g.e.in.Method, g.e.most, g.e.device)
}

// Chunk is the size of batches that keeps the device busy while the last threads work.
func (g *Engine) Chunk() int { return min(4*g.e.most, 1<<20) }

// Close gives the memory of the engine back.
func (g *Engine) Close() error { return g.q.Close() }

// parameters says how long the arrays of a run loop are, in bytes, for so many trajectories,
// saves and threads; for parameters that are numbers, 0.
var parameters = map[string]func(in *fuse.Integrator, n, saves, threads int) int{
	"n":        func(*fuse.Integrator, int, int, int) int { return 0 },
	"budget":   func(*fuse.Integrator, int, int, int) int { return 0 },
	"saves":    func(*fuse.Integrator, int, int, int) int { return 0 },
	"T":        func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"TEnd":     func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"U":        func(in *fuse.Integrator, n, _, _ int) int { return 8 * n * in.N },
	"P":        func(in *fuse.Integrator, n, _, _ int) int { return 8 * n * in.NP },
	"Save":     func(_ *fuse.Integrator, _, saves, _ int) int { return 8 * saves },
	"Out":      func(in *fuse.Integrator, n, saves, _ int) int { return 8 * n * saves * in.N },
	"Status":   func(_ *fuse.Integrator, n, _, _ int) int { return 4 * n },
	"H":        func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"Steps":    func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"Rejected": func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"settings": func(in *fuse.Integrator, _, _, _ int) int { return 8 * (in.NPAll() - in.NP) },
	"X":        func(in *fuse.Integrator, _, _, threads int) int { return 8 * in.Slots * threads },
	"lane":     func(_ *fuse.Integrator, _, _, threads int) int { return 8 * threads },
	"at":       func(_ *fuse.Integrator, _, _, threads int) int { return 8 * threads },
	"next":     func(_ *fuse.Integrator, _, _, threads int) int { return 8 * threads },
}

// room is the memory of the device that the arrays of a part of a batch may take.
const room = 1 << 30

// Run integrates the batch. It returns early with the cause of ctx where that is done; the
// trajectories on the way have not been written back then.
func (g *Engine) Run(ctx context.Context, b *ensemble.Batch) error {
	in := g.e.in
	if len(b.Save) > 0 && in.Save == nil {
		return fmt.Errorf("cuda: times to save need an integrator with dense output")
	}
	each := 8*(6+in.N+in.NP+len(b.Save)*in.N) + 4
	part := min(b.N, max(1, room/each))
	for lo := 0; lo < b.N; {
		hi := min(lo+part, b.N)
		err := g.run(ctx, b, lo, hi)
		if e, ok := errors.AsType[*libcuda.Error](err); ok && e.Code == libcuda.OutOfMemory && part > 1 {
			part = (part + 1) / 2
			continue
		}
		if err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// shape is the grid for n trajectories: blocks become small where there are few, so that all
// processors have some.
func (e *Ensemble) shape(n int) (grid, block int) {
	block = e.wide
	for block > 32 && n < block*e.most/e.wide {
		block /= 2
	}
	return max(1, min((n+block-1)/block, e.most/block)), block
}

// reserve makes the arrays large enough.
func (g *Engine) reserve(n, saves, threads int) error {
	if n <= g.trajectories && saves <= g.saves && threads <= g.threads {
		return nil
	}
	if n > g.trajectories || saves > g.saves { // both count in Out: no larger than asked for now
		g.trajectories, g.saves = 0, 0
	}
	n, saves, threads = max(n, g.trajectories), max(saves, g.saves), max(threads, g.threads)
	g.trajectories, g.saves, g.threads = 0, 0, 0 // until it has worked
	for _, p := range g.e.loop.Params {
		size := parameters[p.Name](g.e.in, n, saves, threads)
		if old := g.buf[p.Name]; p.Type == "int64" || old != nil && len(old.Host) >= size {
			continue
		}
		if old := g.buf[p.Name]; old != nil {
			delete(g.buf, p.Name)
			if err := g.q.Free(old); err != nil {
				return err
			}
		}
		b, err := g.q.Alloc(size)
		if err != nil {
			return err
		}
		g.buf[p.Name] = b
	}
	g.trajectories, g.saves, g.threads = n, saves, threads
	return nil
}

// run integrates trajectories lo to hi-1.
func (g *Engine) run(ctx context.Context, b *ensemble.Batch, lo, hi int) error {
	in := g.e.in
	n, m := hi-lo, len(b.Save)
	grid, block := g.e.shape(n)
	threads := grid * block
	if err := g.reserve(n, m, threads); err != nil {
		return err
	}
	f := func(name string) []float64 { return numbers[float64](g.buf[name].Host) }
	ints := func(name string) []int64 { return numbers[int64](g.buf[name].Host) }
	status := numbers[ensemble.Status](g.buf["Status"].Host)
	begin := time.Now()
	copy(f("T"), b.T[lo:hi])
	copy(f("TEnd"), b.TEnd[lo:hi])
	copy(f("U"), b.U[lo*in.N:hi*in.N])
	copy(f("P"), b.P[lo*in.NP:hi*in.NP])
	copy(f("Save"), b.Save)
	copy(f("H"), b.H[lo:hi])
	copy(status, b.Status[lo:hi])
	copy(ints("Steps"), b.Steps[lo:hi])
	copy(ints("Rejected"), b.Rejected[lo:hi])
	lane, next := ints("lane")[:threads], ints("next")
	for k := range lane {
		lane[k], next[k] = -1, int64(k)
	}
	move := func(f func(b *Buffer, off, n int) error, names ...string) error {
		for _, name := range names {
			if err := f(g.buf[name], 0, parameters[name](in, n, m, threads)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := move(g.q.Upload, "T", "TEnd", "U", "P", "Save", "H", "Status", "Steps", "Rejected", "lane", "next"); err != nil {
		return err
	}
	if err := g.q.Wait(context.Background()); err != nil {
		return err
	}
	g.times.In += time.Since(begin)
	for busy := true; busy; {
		if err := ctx.Err(); err != nil {
			return errors.Join(context.Cause(ctx), g.q.Wait(context.Background()))
		}
		args := make([]any, len(g.e.loop.Params))
		for i, p := range g.e.loop.Params {
			switch p.Name {
			case "n":
				args[i] = int64(n)
			case "budget":
				args[i] = g.budget
			case "saves":
				args[i] = int64(m)
			default:
				args[i] = g.buf[p.Name]
			}
		}
		start := time.Now()
		if err := g.q.Launch(g.e.loop.Name, grid, block, args...); err != nil {
			return err
		}
		if err := move(g.q.Download, "lane"); err != nil {
			return err
		}
		if err := g.q.Wait(context.Background()); err != nil { // a launch is short
			return err
		}
		took := time.Since(start)
		g.times.Kernel += took
		g.times.Launches++
		busy = false
		for _, l := range lane {
			busy = busy || l >= 0
		}
		if took < launchTime/2 {
			g.budget = min(2*g.budget, math.MaxInt32)
		} else if took > 2*launchTime {
			g.budget = max(1, g.budget/2)
		}
	}
	end := time.Now()
	names := []string{"T", "U", "H", "Status", "Steps", "Rejected"}
	if m > 0 {
		names = append(names, "Out")
	}
	if err := move(g.q.Download, names...); err != nil {
		return err
	}
	if err := g.q.Wait(context.Background()); err != nil {
		return err
	}
	// Entries of Out that were not reached have other numbers here.
	out, t := f("Out"), f("T")
	for i := range n {
		for k, s := range b.Save {
			if b.T[lo+i] < s && s <= t[i] {
				copy(b.Out[((lo+i)*m+k)*in.N:][:in.N], out[(i*m+k)*in.N:])
			}
		}
	}
	copy(b.T[lo:hi], t)
	copy(b.U[lo*in.N:hi*in.N], f("U"))
	copy(b.H[lo:hi], f("H"))
	copy(b.Status[lo:hi], status)
	copy(b.Steps[lo:hi], ints("Steps"))
	copy(b.Rejected[lo:hi], ints("Rejected"))
	g.times.Out += time.Since(end)
	return nil
}

// launchTime is how long a launch should take: it cannot be cancelled, and a GPU that drives a
// screen stands still.
const launchTime = 40 * time.Millisecond
