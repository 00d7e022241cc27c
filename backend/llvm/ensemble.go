package llvm

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/native"
)

// Ensemble is a fused integrator as machine code that integrates so many trajectories side by
// side. It is read-only: any number of goroutines may make engines from it, each its own.
type Ensemble struct {
	in      *fuse.Integrator
	lanes   int
	scratch int
	run     *native.Func
	version string

	Text, Compile time.Duration // to write the text; to make code of it
}

// EnsembleOptions say how an integrator is compiled.
type EnsembleOptions struct {
	Library *libllvm.Library // nil: the one that is found, with the user's cache of objects
	Lanes   int              // 1, 2, 4, 8 or 16 trajectories side by side; 0: what suits the processor and the model
}

// lanesFor is the number of lanes that suits an integrator. Two registers for each value hide the
// latency of operations in short steps; from some 500 operations on there are enough that do not depend on
// each other, and one register compiles in half the time.
func lanesFor(in *fuse.Integrator, target libllvm.Target) int {
	register := 2
	switch {
	case hasFeature(target, "avx512f"):
		register = 8
	case hasFeature(target, "avx"):
		register = 4
	}
	if len(in.Step.Steps) == 0 && in.Step.Ops() <= 500 {
		return 2 * register
	}
	return register
}

// NewEnsemble compiles an integrator. The error is a *Refusal, a *libllvm.NotFoundError, a
// *native.PlatformError or a *libllvm.CompileError.
func NewEnsemble(in *fuse.Integrator, opt EnsembleOptions) (*Ensemble, error) {
	if err := native.Supported(); err != nil {
		return nil, err
	}
	tools, err := newToolchain(opt.Library)
	if err != nil {
		return nil, err
	}
	e := &Ensemble{lanes: opt.Lanes, version: tools.Version}
	if e.lanes == 0 {
		e.lanes = lanesFor(in, tools.Host)
	}
	start := time.Now()
	target := tools.target()
	if e.in, err = target.prepareIntegrator(in); err != nil {
		return nil, err
	}
	m := newModule(target)
	e.scratch = m.run(e.in, "run", e.lanes, false)
	text := m.text("")
	e.Text = time.Since(start)
	start = time.Now()
	mod, _, _, err := tools.load(text, libllvm.Options{Level: 1})
	if err != nil {
		return nil, err
	}
	if e.run, err = mod.Func("run"); err != nil {
		return nil, err
	}
	e.Compile = time.Since(start)
	return e, nil
}

// prepareIntegrator is prepare of all kernels of an integrator.
func (t Target) prepareIntegrator(in *fuse.Integrator) (*fuse.Integrator, error) {
	out := *in
	var err error
	if out.Begin, err = t.prepare(in.Begin); err != nil {
		return nil, err
	}
	if out.Step, err = t.prepare(in.Step); err != nil {
		return nil, err
	}
	if in.Save != nil {
		if out.Save, err = t.prepare(in.Save); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// args are the arguments of a run loop; see runFields.
type args struct {
	n, next, budget, saves int64
	t, tend, u, p, save    *float64
	out                    *float64
	status                 *ensemble.Status
	h                      *float64
	steps, rejected        *int64
	x, q                   *float64
	lane, at               *int64
	due, y, w              *float64
	ready, given           int64 // of the queue: trajectories that were begun, and how many of them lanes have taken
	begun, begunQ          *float64
	begunLane              *int64
}

// Engine integrates batches, with settings that do not change. It serves one goroutine.
type Engine struct {
	e             *Ensemble
	stack         *native.Stack
	x, q, due     []float64
	y, w          []float64
	lane, at      []int64
	begun, begunQ []float64 // of trajectories that wait for a lane
	begunLane     []int64
	budget        int64 // steps of a call
}

// Engine makes an engine. The error is the system's refusal to give memory.
func (e *Ensemble) Engine(s fuse.Settings) (*Engine, error) {
	stack, err := native.NewStack()
	if err != nil {
		return nil, err
	}
	n := e.lanes
	g := &Engine{
		e: e, stack: stack, budget: 1000,
		x: aligned(e.in.Slots * n), q: aligned(e.in.NPAll() * n), due: aligned(n),
		y: aligned(e.in.Slots * n), w: aligned(e.scratch),
		lane: make([]int64, n), at: make([]int64, n),
		begun: aligned(e.in.Slots * n), begunQ: aligned(e.in.NPAll() * n), begunLane: make([]int64, n),
	}
	for l := range g.lane {
		g.lane[l] = -1
	}
	p := make([]float64, e.in.NPAll())
	e.in.Put(s, p)
	for i := e.in.NP; i < len(p); i++ {
		for l := range n {
			g.q[i*n+l], g.begunQ[i*n+l] = p[i], p[i]
		}
	}
	return g, nil
}

// aligned is an array of numbers that begins where a line of the cache does.
func aligned(n int) []float64 {
	x := make([]float64, n+8)
	at := uintptr(unsafe.Pointer(unsafe.SliceData(x))) / 8 % 8
	skip := int(8-at) % 8
	return x[skip : skip+n : skip+n]
}

// Name says what integrates.
func (g *Engine) Name() string {
	return fmt.Sprintf("%s, LLVM %s, %d lanes", g.e.in.Method, g.e.version, g.e.lanes)
}

// Close gives the stack of the engine back.
func (g *Engine) Close() error {
	g.stack.Close()
	return nil
}

// callTime is how long a call should take, so that a run can be cancelled.
const callTime = 20 * time.Millisecond

// Run integrates the batch until every trajectory has ended. It returns early with the error of ctx
// where that is done; the trajectories on the way have not been written back then.
func (g *Engine) Run(ctx context.Context, b *ensemble.Batch) error {
	in := g.e.in
	n := b.N
	if n == 0 {
		return nil
	}
	a := args{
		n: int64(n), saves: int64(len(b.Save)),
		t: &b.T[:n][0], tend: &b.TEnd[:n][0], u: unsafe.SliceData(b.U[:n*in.N]), p: unsafe.SliceData(b.P[:n*in.NP]),
		save: unsafe.SliceData(b.Save), out: unsafe.SliceData(b.Out[:n*len(b.Save)*in.N]),
		status: &b.Status[:n][0], h: &b.H[:n][0], steps: &b.Steps[:n][0], rejected: &b.Rejected[:n][0],
		x: unsafe.SliceData(g.x), q: unsafe.SliceData(g.q), lane: unsafe.SliceData(g.lane), at: unsafe.SliceData(g.at),
		due: unsafe.SliceData(g.due), y: unsafe.SliceData(g.y), w: unsafe.SliceData(g.w),
		begun: unsafe.SliceData(g.begun), begunQ: unsafe.SliceData(g.begunQ), begunLane: unsafe.SliceData(g.begunLane),
	}
	if a.saves > 0 && in.Save == nil {
		return fmt.Errorf("llvm: times to save need an integrator with dense output")
	}
	for l := range g.lane {
		g.lane[l] = -1
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.budget = g.budget
		start := time.Now()
		g.e.run.CallLong(g.stack, unsafe.Pointer(&a))
		if a.budget > 0 { // no lane has a trajectory any more
			return nil
		}
		if took := time.Since(start); took < callTime/2 {
			g.budget *= 2
		} else if took > 2*callTime && g.budget > 1 {
			g.budget /= 2
		}
	}
}
