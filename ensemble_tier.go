package mtkc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// tier is what engines of the backend auto share: they begin on the lanes of the vm, and go over to machine code between two parts of a
// batch, once that is made. It is made in the background, when what it would save is more than what it takes. Results are
// the same to the bit, whichever engine has a part.
type tier struct {
	e        *EnsembleEngine
	lanes    func() (ensemble.Engine, error)
	compile  float64 // estimate of the seconds that code takes
	estimate float64 // of the seconds that the ensemble takes on lanes, 0: not known
	n        int64   // trajectories, 0: not known

	mu      sync.Mutex
	begun   bool
	why     string
	done    int64         // trajectories that came to their ends on lanes
	spent   time.Duration // on them
	took    time.Duration // compiling
	err     error
	code    atomic.Pointer[llvm.Ensemble]
	ready   chan struct{}
	native  atomic.Int64 // parts
	onLanes atomic.Int64 // parts
	fast    string       // name of the engine of machine code
}

// What machine code takes and gives, measured on a processor with AVX-512 with LLVM 15, in seconds of the processor: it took 0.08 s for Lorenz's
// equations with Vern7 (389 operations a step), 0.65 s for POLLU with Rodas5P (3557); there an operation of a lane took 0.11 ns on the vm.
// Machine code takes a third to a fifth of that.
const (
	compileFirst = 0.1    // s
	compileEach  = 150e-6 // s
	laneEach     = 0.1e-9 // s
	saved        = 0.6    // of the time on lanes
)

func newTier(e *EnsembleEngine, lanes func() (ensemble.Engine, error), n int64, work float64) *tier {
	ops := e.in.Begin.Ops() + e.in.Step.Ops()
	if e.in.Save != nil {
		ops += e.in.Save.Ops()
	}
	return &tier{e: e, lanes: lanes, compile: compileFirst + compileEach*float64(ops), estimate: laneEach * work, n: n, ready: make(chan struct{})}
}

// pays reports whether code that saves part of so many seconds is worth making.
func (t *tier) pays(seconds float64) bool { return saved*seconds > t.compile }

// begin makes the code in the background, if that has not begun yet.
func (t *tier) begin(why string) {
	if t.begun {
		return
	}
	t.begun, t.why = true, why
	go func() {
		defer close(t.ready)
		start := time.Now()
		code, err := llvm.NewEnsemble(t.e.in, llvm.EnsembleOptions{})
		t.mu.Lock()
		defer t.mu.Unlock()
		t.took, t.err = time.Since(start), err
		if err == nil {
			t.code.Store(code)
		}
	}()
}

// engine makes one for a worker.
func (t *tier) engine() (ensemble.Engine, error) {
	g, err := t.lanes()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pays(t.estimate) {
		t.begin(fmt.Sprintf("about %.2g s on the vm were expected", t.estimate))
	}
	return &tiered{t: t, lanes: g, part: max(64, chunkOf(g)/4)}, nil
}

func chunkOf(g ensemble.Engine) int {
	if c, ok := g.(interface{ Chunk() int }); ok {
		return c.Chunk()
	}
	return 1024
}

// measured is told how long so many trajectories took on lanes, and how many of them ended.
func (t *tier) measured(n int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += int64(n)
	t.spent += took
	left := t.n - t.done
	if t.n == 0 {
		left = t.done // as likely as not there are as many again
	}
	if t.done == 0 || t.begun {
		return
	}
	if rest := t.spent.Seconds() / float64(t.done) * float64(left); t.pays(rest) {
		t.begin(fmt.Sprintf("the rest would have taken %.2g s on the vm", rest))
	}
}

// seconds is how long the compilation took, 0 as long as it has not ended.
func (t *tier) seconds() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.took.Seconds()
}

// name says what integrated; lanes is the name of that engine.
func (t *tier) name(lanes string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch native, vm := t.native.Load(), t.onLanes.Load(); {
	case native > 0 && vm > 0:
		return fmt.Sprintf("%s, then %s", lanes, t.fast)
	case native > 0:
		return t.fast
	}
	return lanes
}

// story says what became of machine code.
func (t *tier) story() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.ready:
	default:
		if t.begun {
			return "machine code was not ready when the ensemble was done: " + t.why
		}
		return fmt.Sprintf("machine code, which takes about %.2g s to make, would not have paid", t.compile)
	}
	if t.err != nil {
		return fmt.Sprintf("no machine code (%s): %s", t.why, reason(t.err))
	}
	if t.native.Load() == 0 {
		return "machine code was not ready when the ensemble was done: " + t.why
	}
	return fmt.Sprintf("machine code was made in %.2g s while the vm worked: %s; parts of the ensemble on the vm: %d, as machine code: %d", t.took.Seconds(), t.why, t.onLanes.Load(), t.native.Load())
}

// tiered is the engine of a worker.
type tiered struct {
	t      *tier
	lanes  ensemble.Engine
	native ensemble.Engine // nil: not yet
	failed bool            // and never
	part   int             // trajectories
}

// Name is that of the engine that works now.
func (g *tiered) Name() string {
	if g.native != nil {
		return g.native.Name()
	}
	return g.lanes.Name()
}

// Chunk is what suits lanes.
func (g *tiered) Chunk() int { return chunkOf(g.lanes) }

// Close closes both engines.
func (g *tiered) Close() error {
	var err error
	for _, e := range []ensemble.Engine{g.lanes, g.native} {
		if c, ok := e.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
	}
	return err
}

// Run integrates the batch, a part at a time as long as code may become ready.
func (g *tiered) Run(ctx context.Context, b *ensemble.Batch) error {
	t := g.t
	for lo := 0; lo < b.N; {
		if code := t.code.Load(); code != nil && g.native == nil && !g.failed {
			e, err := code.Engine(t.e.settings)
			if err != nil {
				g.failed = true // the system gives no more memory for stacks; lanes need none
			} else {
				g.native = e
				t.mu.Lock()
				t.fast = e.Name()
				t.mu.Unlock()
			}
		}
		if g.native != nil {
			t.native.Add(1)
			return g.native.Run(ctx, cut(b, lo, b.N))
		}
		hi := min(lo+g.part, b.N)
		if hi+g.part/2 > b.N {
			hi = b.N
		}
		some := cut(b, lo, hi)
		waiting := 0
		for _, s := range some.Status {
			if s == ensemble.Running {
				waiting++
			}
		}
		if lo = hi; waiting == 0 {
			continue
		}
		start := time.Now()
		if err := g.lanes.Run(ctx, some); err != nil {
			return err
		}
		t.onLanes.Add(1)
		ended := 0
		for _, s := range some.Status {
			if s != ensemble.Crossed && s != ensemble.Running {
				ended++
			}
		}
		t.measured(min(ended, waiting), time.Since(start))
	}
	return nil
}

// cut is trajectories lo to hi-1 of a batch.
func cut(b *ensemble.Batch, lo, hi int) *ensemble.Batch {
	if lo == 0 && hi == b.N {
		return b
	}
	n, np, m := len(b.U)/b.N, len(b.P)/b.N, len(b.Out)/b.N
	return &ensemble.Batch{
		N: hi - lo, T: b.T[lo:hi], TEnd: b.TEnd[lo:hi], U: b.U[lo*n : hi*n], P: b.P[lo*np : hi*np],
		Save: b.Save, Out: b.Out[lo*m : hi*m], Status: b.Status[lo:hi], H: b.H[lo:hi], Steps: b.Steps[lo:hi], Rejected: b.Rejected[lo:hi],
	}
}
