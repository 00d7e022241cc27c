package llvm

import (
	"strings"
	"time"

	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/runloop"
)

// Ensemble is a fused integrator as machine code that integrates so many trajectories side by
// side. It is read-only: any number of goroutines may make engines from it, each its own.
type Ensemble struct {
	loop runloop.Loop

	Text, Compile time.Duration // to write the text; to make code of it
}

// EnsembleOptions say how an integrator is compiled.
type EnsembleOptions struct {
	Library *libllvm.Library // nil: the one that is found, with the user's cache of objects
	Lanes   int              // 1, 2, 4, 8 or 16 trajectories side by side; 0: what suits the processor and the model
}

// shape says how a run loop uses the processor.
type shape struct {
	lanes  int  // trajectories side by side
	groups int  // of lanes that make their steps in turn, 1 or 2
	gpu    bool // a lane is a thread of a graphics processor
}

// shapeFor is the shape that suits an integrator; lanes of 0 means the number that suits it. Two registers for each value hide the
// latency of operations in short steps, best of all as two groups, for which the processor must have 32 registers; from
// some 500 operations on most models have enough operations that do not depend on each other, and one register compiles in a third of the time.
func shapeFor(in *fuse.Integrator, target libllvm.Target, lanes int) shape {
	wide := hasFeature(target, "avx512f")
	register := 2
	switch {
	case wide:
		register = 8
	case hasFeature(target, "avx"):
		register = 4
	}
	if lanes == 0 {
		lanes = register
		if len(in.Step.Steps) == 0 && in.Step.Ops() <= 500 {
			lanes = 2 * register
		}
	}
	s := shape{lanes: lanes, groups: 1}
	if lanes > register && (wide || strings.HasPrefix(target.Triple, "aarch64")) {
		s.groups = 2
	}
	return s
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
	start := time.Now()
	target := tools.target()
	how := shapeFor(in, tools.Host, opt.Lanes)
	if in, err = target.prepareIntegrator(in); err != nil {
		return nil, err
	}
	m := newModule(target)
	e := &Ensemble{loop: m.runLoop(in, "run", how)}
	e.loop.Made = "LLVM " + tools.Version
	text := m.text("")
	e.Text = time.Since(start)
	start = time.Now()
	mod, _, _, err := tools.load(text, libllvm.Options{Level: 1})
	if err != nil {
		return nil, err
	}
	if e.loop.Code, err = mod.Func("run"); err != nil {
		return nil, err
	}
	e.Compile = time.Since(start)
	return e, nil
}

// runLoop writes the functions of a run loop and describes it, but for its code.
func (m *module) runLoop(in *fuse.Integrator, name string, how shape) runloop.Loop {
	scratch := m.run(in, name, how)
	return runloop.Loop{Method: in.Method, Dense: in.Save != nil, N: in.N, NP: in.NP, Slots: in.Slots, Lanes: how.lanes, Scratch: scratch}
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

// Engine integrates batches, with settings that do not change. It serves one goroutine.
type Engine = runloop.Engine

// Engine makes an engine. The error is the system's refusal to give memory.
func (e *Ensemble) Engine(s fuse.Settings) (*Engine, error) { return e.loop.Engine(s) }
