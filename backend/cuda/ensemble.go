package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
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
//
// A batch is cut into parts, on which several streams work at once: one part is copied while another is
// integrated, and each stream has a goroutine that gathers and scatters its numbers.
type Engine struct {
	e       *Ensemble
	streams []*stream
	part    int // trajectories of a part, 0: as suits the device
}

// streamCount is the number of parts of a batch in work: one going to the device, one on it, one coming back.
const streamCount = 3

// leastPart is the number of trajectories from which on a part is worth a launch of its own.
const leastPart = 8192

// stream is a queue of the device and the arrays that belong to it.
type stream struct {
	e      *Ensemble
	q      Queue
	budget int64 // steps of a thread in a launch
	times  Times
	// of a size that the largest part of a batch so far had
	trajectories, saves, threads int
	buf                          map[string]*Buffer
	varied                       []int // parameters that differ in a part
}

// Times is where the time of an engine went, summed over streams, which work at once.
type Times struct {
	In, Kernel, Out time.Duration // copies to the device, launches, copies back
	Launches        int
}

// Times adds up all runs.
func (g *Engine) Times() Times {
	var t Times
	for _, s := range g.streams {
		t.In += s.times.In
		t.Kernel += s.times.Kernel
		t.Out += s.times.Out
		t.Launches += s.times.Launches
	}
	return t
}

// Engine makes an engine.
func (e *Ensemble) Engine(s fuse.Settings) (*Engine, error) {
	g := &Engine{e: e}
	p := make([]float64, e.in.NPAll())
	e.in.Put(s, p)
	for range streamCount {
		q, err := e.code.Queue()
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
		st := &stream{e: e, q: q, budget: 200, buf: map[string]*Buffer{}}
		g.streams = append(g.streams, st)
		b, err := q.Alloc(8 * (len(p) - e.in.NP))
		if err == nil {
			copy(numbers[float64](b.Host), p[e.in.NP:])
			st.buf["settings"] = b
			err = q.Upload(b, 0, len(b.Host))
		}
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
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
func (g *Engine) Close() error {
	var err error
	for _, s := range g.streams {
		err = errors.Join(err, s.q.Close())
	}
	return err
}

// parameters says how long the arrays of a run loop are, in bytes, for so many trajectories,
// saves and threads; for parameters that are numbers, 0.
var parameters = map[string]func(in *fuse.Integrator, n, saves, threads int) int{
	"n":        func(*fuse.Integrator, int, int, int) int { return 0 },
	"budget":   func(*fuse.Integrator, int, int, int) int { return 0 },
	"saves":    func(*fuse.Integrator, int, int, int) int { return 0 },
	"T":        func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"TEnd":     func(_ *fuse.Integrator, n, _, _ int) int { return 8 * n },
	"U":        func(in *fuse.Integrator, n, _, _ int) int { return 8 * n * in.N },
	"P":        func(in *fuse.Integrator, n, _, _ int) int { return 8 * (n + 1) * in.NP },
	"PAt":      func(in *fuse.Integrator, _, _, _ int) int { return 16 * in.NP },
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
const room = 1 << 28

// partFor is the number of trajectories of a part of a batch: several for each stream, so that copies and kernels
// overlap, but no more than keeps all threads busy twice, so that arrays on the host stay in its caches.
func (g *Engine) partFor(n, each int) int {
	if g.part > 0 {
		return g.part
	}
	part := min(max(leastPart, (n+2*streamCount-1)/(2*streamCount)), max(leastPart, 2*g.e.most))
	return max(1, min(n, part, room/each))
}

// Run integrates the batch. It returns early with the cause of ctx where that is done; the
// trajectories on the way have not been written back then.
func (g *Engine) Run(ctx context.Context, b *ensemble.Batch) error {
	in := g.e.in
	if len(b.Save) > 0 && in.Save == nil {
		return fmt.Errorf("cuda: times to save need an integrator with dense output")
	}
	part := g.partFor(b.N, 8*(6+in.N+in.NP+len(b.Save)*in.N)+4)
	var todo [][2]int // parts, the first one last
	for hi := b.N; hi > 0; hi = (hi - 1) / part * part {
		todo = append(todo, [2]int{(hi - 1) / part * part, hi})
	}
	var mu sync.Mutex
	var failed error
	next := func() (p [2]int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if n := len(todo); n > 0 && failed == nil {
			p, ok, todo = todo[n-1], true, todo[:n-1]
		}
		return p, ok
	}
	// end takes the end of a part: what found no memory is halved.
	end := func(s *stream, p [2]int, err error) {
		mu.Lock()
		defer mu.Unlock()
		if e, ok := errors.AsType[*libcuda.Error](err); ok && e.Code == libcuda.OutOfMemory && p[1]-p[0] > 1 {
			middle := (p[0] + p[1]) / 2
			todo = append(todo, [2]int{middle, p[1]}, [2]int{p[0], middle})
			err = s.free()
		}
		if err != nil && failed == nil {
			failed = err
		}
	}
	work := func(s *stream) {
		for p, ok := next(); ok; p, ok = next() {
			end(s, p, s.run(ctx, b, p[0], p[1]))
		}
	}
	var wg sync.WaitGroup
	for _, s := range g.streams[1:min(len(g.streams), max(1, len(todo)))] {
		wg.Go(func() { work(s) })
	}
	work(g.streams[0])
	wg.Wait()
	return failed
}

// free gives the arrays back, but for the settings.
func (s *stream) free() error {
	var err error
	for name, b := range s.buf {
		if name != "settings" {
			delete(s.buf, name)
			err = errors.Join(err, s.q.Free(b))
		}
	}
	s.trajectories, s.saves, s.threads = 0, 0, 0
	return err
}

// put copies numbers, unless all are 0 (not -0), which it reports.
func put[T float64 | int64 | ensemble.Status](to, from []T) (zero bool) {
	for _, v := range from {
		if v != 0 || math.Signbit(float64(v)) {
			copy(to, from)
			return false
		}
	}
	return true
}

// gatherP puts the parameters of trajectories lo to hi-1 into the arrays that go to the device: those that all have in
// common once, and behind them a row for each trajectory. It returns the bytes.
func (s *stream) gatherP(b *ensemble.Batch, lo, hi int) int {
	np := s.e.in.NP
	if np == 0 {
		return 0
	}
	first := b.P[lo*np:][:np]
	s.varied = s.varied[:0]
	differs := make([]bool, np)
	left := np // that are equal so far
	for i := lo + 1; i < hi && left > 0; i++ {
		for j, v := range b.P[i*np:][:np] {
			if math.Float64bits(v) != math.Float64bits(first[j]) && !differs[j] {
				differs[j] = true
				left--
			}
		}
	}
	p, at := numbers[float64](s.buf["P"].Host), numbers[int64](s.buf["PAt"].Host)
	copy(p, first)
	for j := range np {
		at[2*j], at[2*j+1] = int64(j), 0
		if differs[j] {
			at[2*j] = int64(np + len(s.varied))
			s.varied = append(s.varied, j)
		}
	}
	rows, nv := p[np:], len(s.varied)
	for _, j := range s.varied {
		at[2*j+1] = int64(nv)
	}
	switch {
	case nv == np:
		copy(rows, b.P[lo*np:hi*np])
	case nv > 0:
		for i := range hi - lo {
			from, to := b.P[(lo+i)*np:][:np], rows[i*nv:][:nv]
			for k, j := range s.varied {
				to[k] = from[j]
			}
		}
	}
	return 8 * (np + (hi-lo)*nv)
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
func (s *stream) reserve(n, saves, threads int) error {
	if n <= s.trajectories && saves <= s.saves && threads <= s.threads {
		return nil
	}
	if n > s.trajectories || saves > s.saves { // both count in Out: no larger than asked for now
		s.trajectories, s.saves = 0, 0
	}
	n, saves, threads = max(n, s.trajectories), max(saves, s.saves), max(threads, s.threads)
	s.trajectories, s.saves, s.threads = 0, 0, 0 // until it has worked
	for _, p := range s.e.loop.Params {
		size := parameters[p.Name](s.e.in, n, saves, threads)
		if old := s.buf[p.Name]; p.Type == "int64" || old != nil && len(old.Host) >= size {
			continue
		}
		if old := s.buf[p.Name]; old != nil {
			delete(s.buf, p.Name)
			if err := s.q.Free(old); err != nil {
				return err
			}
		}
		b, err := s.q.Alloc(size)
		if err != nil {
			return err
		}
		s.buf[p.Name] = b
	}
	s.trajectories, s.saves, s.threads = n, saves, threads
	return nil
}

// run integrates trajectories lo to hi-1.
func (s *stream) run(ctx context.Context, b *ensemble.Batch, lo, hi int) error {
	in := s.e.in
	n, m := hi-lo, len(b.Save)
	grid, block := s.e.shape(n)
	threads := grid * block
	if err := s.reserve(n, m, threads); err != nil {
		return err
	}
	f := func(name string) []float64 { return numbers[float64](s.buf[name].Host) }
	ints := func(name string) []int64 { return numbers[int64](s.buf[name].Host) }
	status := numbers[ensemble.Status](s.buf["Status"].Host)
	begin := time.Now()
	copy(f("U"), b.U[lo*in.N:hi*in.N])
	pBytes := s.gatherP(b, lo, hi)
	copy(f("Save"), b.Save)
	up := []string{"TEnd", "U", "P", "PAt", "Save", "next"}
	copy(f("TEnd"), b.TEnd[lo:hi])
	// What is 0 throughout, as most of these are mostly, is not sent.
	zero := func(name string, is bool) error {
		if is {
			return s.q.Fill(s.buf[name], 0, parameters[name](in, n, m, threads))
		}
		up = append(up, name)
		return nil
	}
	if err := errors.Join(
		zero("T", put(f("T"), b.T[lo:hi])), zero("H", put(f("H"), b.H[lo:hi])), zero("Status", put(status, b.Status[lo:hi])),
		zero("Steps", put(ints("Steps"), b.Steps[lo:hi])), zero("Rejected", put(ints("Rejected"), b.Rejected[lo:hi])),
		s.q.Fill(s.buf["lane"], 0xff, 8*threads), // -1
	); err != nil {
		return err
	}
	lane, next := ints("lane")[:threads], ints("next")
	for k := range lane {
		next[k] = int64(k)
	}
	move := func(f func(b *Buffer, off, n int) error, names ...string) error {
		for _, name := range names {
			size := parameters[name](in, n, m, threads)
			if name == "P" {
				size = pBytes
			}
			if err := f(s.buf[name], 0, size); err != nil {
				return err
			}
		}
		return nil
	}
	if err := move(s.q.Upload, up...); err != nil {
		return err
	}
	if err := s.q.Wait(context.Background()); err != nil {
		return err
	}
	s.times.In += time.Since(begin)
	for busy := true; busy; {
		if err := ctx.Err(); err != nil {
			return errors.Join(context.Cause(ctx), s.q.Wait(context.Background()))
		}
		args := make([]any, len(s.e.loop.Params))
		for i, p := range s.e.loop.Params {
			switch p.Name {
			case "n":
				args[i] = int64(n)
			case "budget":
				args[i] = s.budget
			case "saves":
				args[i] = int64(m)
			default:
				args[i] = s.buf[p.Name]
			}
		}
		start := time.Now()
		if err := s.q.Launch(s.e.loop.Name, grid, block, args...); err != nil {
			return err
		}
		if err := move(s.q.Download, "lane"); err != nil {
			return err
		}
		if err := s.q.Wait(context.Background()); err != nil { // a launch is short
			return err
		}
		took := time.Since(start)
		s.times.Kernel += took
		s.times.Launches++
		busy = false
		for _, l := range lane {
			busy = busy || l >= 0
		}
		if took < launchTime/2 {
			s.budget = min(2*s.budget, math.MaxInt32)
		} else if took > 2*launchTime {
			s.budget = max(1, s.budget/2)
		}
	}
	end := time.Now()
	names := []string{"T", "U", "H", "Status", "Steps", "Rejected"}
	if m > 0 {
		names = append(names, "Out")
	}
	if err := move(s.q.Download, names...); err != nil {
		return err
	}
	if err := s.q.Wait(context.Background()); err != nil {
		return err
	}
	// Entries of Out that were not reached have other numbers here.
	out, t := f("Out"), f("T")
	for i := range n {
		for k, at := range b.Save {
			if b.T[lo+i] < at && at <= t[i] {
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
	s.times.Out += time.Since(end)
	return nil
}

// launchTime is how long a launch should take: it cannot be cancelled, and a GPU that drives a
// screen stands still.
const launchTime = 40 * time.Millisecond
