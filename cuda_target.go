package mtkc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/cuda"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// PTXOptions say which kernels for GPUs are made of a model.
type PTXOptions struct {
	Method string // of the ensemble kernel; "": Rodas5P where there are algebraic equations, else Tsit5
	Dense  bool   // it saves states at given times, inside of steps too
	Arch   string // oldest architecture that the text is for; "": sm_70
}

// PTX makes kernels for NVIDIA GPUs: the run loop of an ensemble, a trajectory for each thread, and, where the model has loops over
// many instances, its right-hand side and Jacobian, an instance for each thread. The text begins with comments that say what a host
// program needs to launch them. E017 says that this machine lacks libLLVM, E020 that no kernel can be made.
func (c *Compiler) PTX(ctx context.Context, opt PTXOptions) (text []byte, found diag.List) {
	if found = c.Run(ctx, "lower"); c.failed {
		return nil, found
	}
	if list := c.Portable("PTX"); list != nil {
		return nil, append(found, list...)
	}
	start := time.Now()
	if arch := opt.Arch; arch != "" && arch != cuda.Oldest { // which every libLLVM knows
		if list := knownArch(ctx, arch); list != nil {
			return nil, append(found, list...)
		}
	}
	meta := &c.prog.Meta
	if meta.Noise != nil {
		return nil, append(found, diag.New(diag.Pos{}, "E020", "use --backend go or --backend llvm", "the model has noise, for which there are no kernels for GPUs")...)
	}
	method := opt.Method
	if method == "" {
		method = "Tsit5"
		for _, m := range meta.Mass {
			if m == 0 {
				method = "Rodas5P"
			}
		}
	}
	in, none := fuse.New(c.prog, method, fuse.Options{Dense: opt.Dense, Events: c.prog.Crossings != nil})
	if none != nil && opt.Method != "" {
		return nil, append(found, noKernel(none)...)
	}
	kernels := func(in *fuse.Integrator) (*llvm.PTXModule, error) {
		return unlessInterrupted(ctx, func() (*llvm.PTXModule, error) { return llvm.PTXFor(c.prog, in, cmp.Or(opt.Arch, cuda.Oldest), nil) })
	}
	m, err := kernels(in)
	if refused, ok := errors.AsType[*llvm.Refusal](err); ok && opt.Method == "" && none == nil {
		none, in = refused, nil
		m, err = kernels(nil)
	}
	if refused, ok := errors.AsType[*llvm.Refusal](err); ok && none != nil {
		err = errors.Join(none, refused)
	}
	if err != nil {
		return nil, append(found, noKernel(err)...)
	}
	text = append(ptxHeader(c.prog, in, none, m, opt), cuda.Rounded(m.Text)...)
	c.timing = append(c.timing, Timing{Pass: "native", Seconds: time.Since(start).Seconds(), Size: fmt.Sprintf("%d bytes", len(text))})
	return text, found
}

// knownArch finds out whether libLLVM knows an architecture: it would write text that no GPU takes.
func knownArch(ctx context.Context, arch string) diag.List {
	err := libllvm.CheckProcessor(ctx, libllvm.Target{Triple: "nvptx64-nvidia-cuda", CPU: arch})
	if unknown, ok := errors.AsType[*libllvm.UnknownProcessorError](err); ok {
		return diag.New(diag.Pos{}, "E002", "leave it out, for GPUs run text for older ones, too; or name a newer libLLVM in "+libllvm.Variable, "--arch %s: libLLVM %s does not know it", arch, unknown.Version)
	}
	if err != nil {
		return noNative("cuda", err)
	}
	return nil
}

// noKernel is the diagnostic for a model of which no kernel can be made.
func noKernel(err error) diag.List {
	var unsupported *fuse.Unsupported
	var refused *llvm.Refusal
	switch {
	case errors.As(err, &unsupported):
		return diag.New(diag.Pos{}, "E020", "name another --solver (tsit5, rodas5p), or use --backend llvm", "%s cannot be a kernel for %s: %s", unsupported.Method, unsupported.Model, unsupported.Reason)
	case errors.As(err, &refused):
		return diag.New(diag.Pos{}, "E020", "use --backend go", "the model cannot be compiled for GPUs: %s", refused.Reason)
	}
	return noNative("cuda", err)
}

// ptxHeader says what a host program must know.
func ptxHeader(prog *backend.Program, in *fuse.Integrator, none error, m *llvm.PTXModule, opt PTXOptions) []byte {
	var b bytes.Buffer
	meta := &prog.Meta
	line := func(format string, args ...any) {
		if format == "" {
			b.WriteString("//\n")
			return
		}
		for s := range strings.Lines(fmt.Sprintf(format, args...)) {
			b.WriteString(strings.TrimRight("// "+strings.TrimRight(s, "\n"), " ") + "\n")
		}
	}
	line("%s: kernels for NVIDIA GPUs, made by mtkc. Numbers are IEEE doubles in the order of the machine.", meta.Name)
	line("")
	line("%d states u:", len(meta.U0))
	for i := range meta.States {
		line("  u[%d] %s, start %v", i, meta.States[i].Name, meta.U0[i])
	}
	line("%d parameters p:", len(meta.P))
	for i, v := range meta.P {
		name := "(of the compiler: a start value, or the memory of events)"
		if i < len(meta.Params) {
			name = meta.Params[i].Name
		}
		line("  p[%d] %s, default %v", i, name, v)
	}
	line("")
	if e := m.Ensemble; e != nil {
		line("Kernel %s integrates a batch of n trajectories with %s, a thread one after the other. Parameters:", e.Name, in.Method)
		for _, p := range e.Params {
			line("  %-8s %-9s %s", p.Type, p.Name, p.Doc)
		}
		line("with N = %d, NP = %d, Slots = %d.", in.N, in.NP, in.Slots)
		line("")
		line("Before: T, TEnd, U, P and PAt as above; H 0, or the first step; Status 0 (others are left alone); Steps and Rejected 0;")
		line("settings[%d]: rtol, hmax (1e300: none), hmin, most steps, and atol of each state.", in.NPAll()-in.NP)
		if opt.Dense {
			line("Save holds times in ascending order; the state of trajectory i at time k comes to Out[(i*saves + k)*N].")
		} else {
			line("saves is 0; Save and Out are not read (the option --dense makes a kernel that saves).")
		}
		line("Launch it with one grid again and again until every entry of lane is -1. Any grid of one dimension will do.")
		line("After: T and U where the trajectory stopped, H the next step, and Status:")
		for s, what := range []string{"", "reached TEnd", "the step size fell below the resolution of time", "not a number", "too many steps", "an event: the trajectory stands before the step in which a relation of the model changes", "the pivots of the linear algebra are unsound: integrate it otherwise"} {
			if s > 0 && (ensemble.Status(s) != ensemble.Crossed || in.Events) {
				line("  %d  %s", s, what)
			}
		}
	} else {
		line("There is no kernel for ensembles: %s.", reason(none))
	}
	for _, f := range m.Functions {
		line("")
		what := "du = f(t, u, p)"
		if f.Name == "jac" {
			what = "the nonzeros of df/du, column by column"
		}
		line("%s, %d numbers: %s. Its kernels are launched in this order; each has the parameters", f.Name, f.Out, what)
		line("double t, double *u, double *p, double *out, double *w, where w has %d numbers and out was set to 0 once.", f.Scratch)
		for _, l := range f.Launches {
			line("  %s, up to %d threads", l.Kernel, l.Threads)
		}
	}
	line("")
	return b.Bytes()
}
