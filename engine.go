package mtkc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mtkc/mtkc/backend/cuda"
	"github.com/mtkc/mtkc/backend/cuda/libcuda"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// EnsembleBackends are the names of what can integrate ensembles:
//
//	auto    vm, and machine code once that pays, or a GPU where that does; scalar where trajectories cannot run side by side
//	vm      many trajectories side by side on the virtual machine
//	llvm    the whole integrator as machine code (needs libLLVM)
//	cuda    the whole integrator on a GPU (needs libLLVM and the driver)
//	scalar  one run of ode.Integrator after another, with any method
//
// auto, vm, llvm and cuda give the same numbers to the last bit. Those of scalar, which is another
// implementation, agree within the tolerances.
func EnsembleBackends() []string { return []string{"auto", "vm", "llvm", "cuda", "scalar"} }

// EnsembleOptions say what an ensemble is to be integrated with.
type EnsembleOptions struct {
	Backend string      // one of EnsembleBackends; "": auto
	Run     ode.Options // of ensemble.Options: what all trajectories have in common
	N       int64       // number of trajectories, 0: not known
	Workers int         // of ensemble.Options

	// Sample is a source of its own of the same trajectories. Where the method is left to the automatic choice, a few of them
	// are integrated first, to see whether they are stiff. Nil: that is seen from the default values.
	Sample ensemble.Source
}

// EnsembleEngine is what integrates an ensemble of a model. Close it after the ensemble.
type EnsembleEngine struct {
	// Engine is for ensemble.Options.Engine; nil: every trajectory is a run of ode.Integrator.
	Engine func() (ensemble.Engine, error)
	// Run is for ensemble.Options.Run: the options that were given, with a hint for the automatic choice.
	Run ode.Options

	Method string // of the engine; "" where every trajectory is a run of ode.Integrator
	Why    string // why it is this engine and this method

	c        *Compiler
	in       *fuse.Integrator
	settings fuse.Settings
	tier     *tier          // of auto on the processor
	device   cuda.Device    // of cuda, and of auto on a GPU
	loop     *cuda.Ensemble // of these
	saves    int            // times that are recorded of a trajectory
	seconds  float64        // to make the engine
	name     string

	mu    sync.Mutex
	story string // of a GPU that auto looked for, "": it did not
}

// EnsembleEngine chooses what integrates an ensemble of the model. The passes up to vm must have run. What a backend that
// was named lacks is E017, what it cannot do with the model E020; auto takes another one then.
func (c *Compiler) EnsembleEngine(ctx context.Context, opt EnsembleOptions) (*EnsembleEngine, diag.List) {
	name := cmp.Or(opt.Backend, "auto")
	if !slices.Contains(EnsembleBackends(), name) {
		return nil, diag.New(diag.Pos{}, "E010", "backends of ensembles: "+strings.Join(EnsembleBackends(), ", "), "--backend %s: ensembles have no such backend", name)
	}
	e := &EnsembleEngine{Run: opt.Run, c: c}
	if name == "scalar" {
		e.Why = "one run of ode.Integrator after another, as asked for"
		return e, nil
	}
	start := time.Now()
	work, err := e.choose(ctx, c, &opt)
	switch {
	case err == nil:
		e.settings = fuse.SettingsOf(c.prob, &e.Run)
		if e.saves = len(opt.Run.SaveAt); e.saves == 0 && opt.Run.Steps > 0 {
			e.saves = opt.Run.Steps + 1
		}
		err = e.make(ctx, name, &opt, work)
	case ctx.Err() != nil:
		return nil, diag.New(diag.Pos{}, "E509", "", "interrupted before the ensemble began")
	}
	if err == nil {
		e.seconds = time.Since(start).Seconds()
		return e, nil
	}
	if name == "auto" {
		return &EnsembleEngine{Run: opt.Run, Why: "one run of ode.Integrator after another: " + reason(err)}, nil
	}
	return nil, noEngine(name, err)
}

// reason is why an engine cannot be made, without what to do.
func reason(err error) string {
	if u, ok := errors.AsType[*fuse.Unsupported](err); ok {
		return u.Method + " cannot run side by side: " + u.Reason
	}
	if u, ok := errors.AsType[*ensemble.Unfit](err); ok {
		return u.Why
	}
	if u, ok := errors.AsType[*llvm.Refusal](err); ok {
		return u.Reason
	}
	return err.Error()
}

// noEngine is the diagnostic for a backend that was named and cannot be had.
func noEngine(name string, err error) diag.List {
	const other = "use --backend auto or --backend scalar"
	var unsupported *fuse.Unsupported
	var unfit *ensemble.Unfit
	var refused *llvm.Refusal
	var driver *libcuda.NotFoundError
	switch {
	case errors.As(err, &unsupported):
		return diag.New(diag.Pos{}, "E020", other+", or another --solver (tsit5, rodas5p)", "--backend %s: %s cannot integrate %s this way: %s", name, unsupported.Method, unsupported.Model, unsupported.Reason)
	case errors.As(err, &unfit):
		return diag.New(diag.Pos{}, "E020", other, "--backend %s: trajectories cannot run side by side: %s", name, unfit.Why)
	case errors.As(err, &refused):
		return diag.New(diag.Pos{}, "E020", other+", or --backend vm", "--backend %s: %s", name, refused.Reason)
	case errors.As(err, &driver):
		return diag.New(diag.Pos{}, "E017", "install the driver of the GPU, or name the library in MTKC_LIBCUDA; see mtkc doctor; or use --backend vm", "--backend cuda: the driver of NVIDIA GPUs (libcuda) was not found")
	case name == "cuda" && errors.As(err, new(*libcuda.Error)):
		return diag.New(diag.Pos{}, "E017", "see mtkc doctor; or use --backend vm", "--backend cuda: %v", err)
	}
	return noNative(name, err)
}

// make makes the engine. work is an estimate of the operations in all steps of all trajectories, 0: there is none.
func (e *EnsembleEngine) make(ctx context.Context, name string, opt *EnsembleOptions, work float64) error {
	switch name {
	case "llvm":
		code, err := unlessInterrupted(ctx, func() (*llvm.Ensemble, error) { return llvm.NewEnsemble(e.in, llvm.EnsembleOptions{}) })
		if err != nil {
			return err
		}
		e.Engine = func() (ensemble.Engine, error) { return code.Engine(e.settings) }
	case "cuda":
		var err error
		if e.device, err = cuda.Open(0); err != nil {
			return err
		}
		text, err := unlessInterrupted(ctx, func() (*llvm.PTXKernel, error) { return llvm.PTX(e.in, cuda.Oldest, nil) })
		if err != nil {
			return errors.Join(err, e.device.Close())
		}
		if e.loop, err = cuda.NewEnsemble(e.device, e.in, text); err != nil {
			return errors.Join(err, e.device.Close())
		}
		e.Engine = func() (ensemble.Engine, error) { return e.loop.Engine(e.settings) }
	default:
		lanes := func() (ensemble.Engine, error) { return fuse.NewVMEngine(e.in, 0, e.settings) }
		if e.Engine = lanes; name == "auto" {
			t := newTier(e, lanes, opt.N, work)
			var onGPU bool
			if onGPU, e.story = e.takeGPU(ctx, t, opt.Workers, lanes); !onGPU {
				if err := ctx.Err(); err != nil {
					return err
				}
				e.tier, e.Engine = t, t.engine
			}
		}
	}
	engine := e.Engine
	var once sync.Once
	e.Engine = func() (ensemble.Engine, error) {
		g, err := engine()
		if err == nil {
			once.Do(func() { e.name = g.Name() })
		}
		return g, err
	}
	return nil
}

// Name says what integrated, after the ensemble; "" for runs of ode.Integrator.
func (e *EnsembleEngine) Name() string {
	if e.tier != nil {
		return e.tier.name(e.name)
	}
	return e.name
}

// Seconds is the time that it took to make the engine: the integrator, and code of it, which auto makes while the ensemble
// runs.
func (e *EnsembleEngine) Seconds() float64 {
	if e.tier != nil {
		return e.seconds + e.tier.seconds()
	}
	return e.seconds
}

// Report says, after the ensemble, what integrated and why.
func (e *EnsembleEngine) Report() string {
	if e.Method == "" {
		return e.Why
	}
	s := fmt.Sprintf("%s (%s; %d operations a step)", cmp.Or(e.Name(), e.Method), e.Why, e.in.Step.Work())
	if e.tier != nil {
		s += "; " + e.tier.story()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.story != "" {
		s += "; " + e.story
	}
	return s
}

// fell notes that a GPU failed on the way.
func (e *EnsembleEngine) fell(story string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !strings.Contains(e.story, story) {
		e.story += "; " + story
	}
}

// Close adds the time of the engine to the compiler's, and gives back what the engines share. Code that is still being made is
// not waited for.
func (e *EnsembleEngine) Close() error {
	if e.in != nil {
		e.c.timing = append(e.c.timing, Timing{"engine", e.Seconds(), fmt.Sprintf("%d operations a step", e.in.Step.Work())})
	}
	if e.loop == nil {
		return nil
	}
	return errors.Join(e.loop.Close(), e.device.Close())
}
