package mtkc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/mtkc/mtkc/backend/cuda"
	"github.com/mtkc/mtkc/backend/cuda/libcuda"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// When the backend auto takes a GPU. Of a trajectory of the ensembles in docs/benchmarks.md ("On a GPU"), lanes of the vm on one core take 80 to 240
// times as long as an H100 that has 10,000 of them to do; below that number the time of the GPU hardly falls. Its start takes about as long as
// any number of trajectories: the driver, libLLVM, and the driver's own compiler, for which ptxas took 0.06 s for Lorenz's equations with Tsit5 (237
// operations a step) and 0.95 s for POLLU with Rodas5P (3528). So a GPU pays for ensembles of many seconds of the processor alone.
const (
	gpuStart      = 1.0    // s; of the driver and its context: an assumption
	gpuEach       = 400e-6 // s for an operation of a step: libLLVM and the driver's compiler
	gpuGain       = 80.0   // over the lanes of one core
	gpuFull       = 10_000 // trajectories from which on it has that
	gpuProcessors = 132    // of the GPU that was measured
	gpuRatio      = 2      // of its single to its double precision
	gpuCopies     = 1e10   // bytes/s, to the host and from there to the records
	nativeGain    = 3.0    // of machine code over lanes of the vm, at least
	gpuClear      = 2.0    // how many times as long the processors must take, for these are estimates
)

// openGPU makes a GPU ready; a test has another one.
var openGPU = func() (cuda.Device, error) { return cuda.Open(0) }

// onCPU is about how long the ensemble takes on the processor, in seconds, with machine code where that pays.
func (e *EnsembleEngine) onCPU(t *tier, workers int) float64 {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	s := t.estimate / float64(min(workers, runtime.NumCPU()))
	if native := t.compile + s/nativeGain; native < s {
		return native
	}
	return s
}

// onGPU is about how long it takes on a GPU with so many processors and that ratio of single to double precision, its start among it.
func (e *EnsembleEngine) onGPU(t *tier, processors, ratio int) float64 {
	gain := gpuGain * min(1, float64(t.n)/gpuFull) * float64(processors) / gpuProcessors * gpuRatio / float64(max(ratio, gpuRatio))
	numbers := e.in.N * max(1, e.saves)
	copies := 8 * float64(t.n) * float64(numbers+2*e.in.N+e.in.NP) / gpuCopies
	return gpuStart + gpuEach*float64(e.in.Step.Work()) + t.estimate/max(gain, 1e-3) + copies
}

// takeGPU makes an engine of the GPU where that is to pay, and says what became of it; "": that was not worth a look. Lanes take over what it
// cannot do.
func (e *EnsembleEngine) takeGPU(ctx context.Context, t *tier, workers int, lanes func() (ensemble.Engine, error)) (taken bool, story string) {
	if t.estimate == 0 || t.n == 0 || e.c.prob.Hybrid != nil { // with events, trajectories come back to the host again and again; that was not measured
		return false, ""
	}
	cpu := e.onCPU(t, workers)
	if gpuClear*e.onGPU(t, gpuProcessors, gpuRatio) > cpu {
		return false, ""
	}
	pays := fmt.Sprintf("about %.2g s were expected on the processor", cpu)
	d, err := openGPU()
	if err != nil {
		if errors.As(err, new(*libcuda.NotFoundError)) {
			return false, "a GPU would have paid, but there is no driver for one (mtkc doctor): " + pays
		}
		return false, fmt.Sprintf("a GPU would have paid, but cannot be had: %v", err)
	}
	gpu := e.onGPU(t, d.Processors(), d.DoubleRatio())
	if gpuClear*gpu > cpu {
		return false, joinErrors(fmt.Sprintf("%s would not have paid: about %.2g s there, and %.2g s on the processor", d.Name(), gpu, cpu), d.Close())
	}
	text, err := unlessInterrupted(ctx, func() (*llvm.PTXKernel, error) { return llvm.PTX(e.in, cuda.Oldest, nil) })
	if err != nil {
		return false, joinErrors(fmt.Sprintf("a GPU would have paid, but has no code: %s", reason(err)), d.Close())
	}
	loop, err := cuda.NewEnsemble(d, e.in, text)
	if err != nil {
		return false, joinErrors(fmt.Sprintf("a GPU would have paid, but cannot be used: %v", err), d.Close())
	}
	e.device, e.loop = d, loop
	e.Engine = func() (ensemble.Engine, error) {
		g, err := loop.Engine(e.settings)
		if err != nil { // such as no memory for its arrays
			return lanes()
		}
		return &careful{e: e, g: g, lanes: lanes}, nil
	}
	return true, fmt.Sprintf("a GPU was taken: %s, %.2g s there", pays, gpu)
}

func joinErrors(story string, err error) string {
	if err != nil {
		story += "; " + err.Error()
	}
	return story
}

// careful is an engine that was not asked for by name: where it fails, another one goes on, with the same results.
type careful struct {
	e     *EnsembleEngine
	g     ensemble.Engine
	lanes func() (ensemble.Engine, error)
	other ensemble.Engine // nil: it has not failed
}

// Name is that of the engine that works now.
func (c *careful) Name() string {
	if c.other != nil {
		return c.other.Name()
	}
	return c.g.Name()
}

// Chunk is what suits the first one.
func (c *careful) Chunk() int { return chunkOf(c.g) }

// Run integrates the batch.
func (c *careful) Run(ctx context.Context, b *ensemble.Batch) error {
	if c.other == nil {
		err := c.g.Run(ctx, b)
		if err == nil || ctx.Err() != nil {
			return err
		}
		c.e.fell(fmt.Sprintf("%s failed, and lanes of the vm went on: %v", c.g.Name(), err))
		if c.other, err = c.lanes(); err != nil {
			return err
		}
	}
	return c.other.Run(ctx, b) // those that are done are left alone
}

// Close closes both.
func (c *careful) Close() error {
	var err error
	for _, g := range []ensemble.Engine{c.g, c.other} {
		if closer, ok := g.(io.Closer); ok {
			err = errors.Join(err, closer.Close())
		}
	}
	return err
}
