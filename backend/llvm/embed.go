package llvm

import (
	"fmt"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/embedded"
	"github.com/mtkc/mtkc/runtime/native"
)

// Embedding is machine code of a program for other programs to carry: one blob for a kind of
// processor, and what is in it.
type Embedding struct {
	Processor *Processor
	Made      string // "LLVM 15.0.6"
	Blob      *native.Blob
	Kernels   []embedded.Kernel
	Loops     []embedded.Loop
	Reports   []KernelReport // of all kernels of the program, also of those that are not compiled
}

// Processor is a kind of processors that code is made for: those that have certain instructions.
type Processor struct {
	Name     string // "avx512"
	Title    string // "AVX-512"
	Arch     string // as GOARCH names it
	triple   string
	features string
}

// Processors lists the kinds of processors that code can be embedded for; of one architecture those
// with more instructions stand first. The features are exactly those that package runtime/cpu looks for.
func Processors() []*Processor {
	const x86, arm = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
	const avx2 = "+avx,+avx2,+fma"
	return []*Processor{
		{"avx512", "AVX-512", "amd64", x86, avx2 + ",+avx512f,+avx512dq,+avx512bw,+avx512vl"},
		{"avx2", "AVX2", "amd64", x86, avx2},
		{"neon", "NEON", "arm64", arm, "+neon,+reserve-x28"}, // Go keeps the goroutine in x28
	}
}

// target is what libLLVM is told.
func (p *Processor) target() libllvm.Target {
	cpu := "generic"
	if p.Arch == "amd64" {
		cpu = "x86-64"
	}
	return libllvm.Target{Triple: p.triple, CPU: cpu, Features: p.features}
}

// Embed makes the machine code of a program, of the kernels that Embeddable says and of run loops for its ensembles, for
// a kind of processors. There must be one or the other. The error is a *Refusal of a run
// loop, a *libllvm.NotFoundError, a *libllvm.CompileError, or that of native.Link.
func Embed(prog *backend.Program, loops []*fuse.Integrator, on *Processor, opt EmbedOptions) (*Embedding, error) {
	tools, err := newToolchain(opt.Library)
	if err != nil {
		return nil, err
	}
	target := tools.target()
	o := libllvm.Options{Target: on.target(), Level: 2, Tiny: on.Arch == "arm64"}
	target.NoFMA = !hasFMA(o.Target)
	m := newModule(target)
	e := &Embedding{Processor: on, Made: "LLVM " + tools.Version}
	var parts []part
	parts, e.Reports = m.kernels(unrolled(prog), opt.least())
	var names []string // of the entries of kernels and loops
	of := [partCount]embedded.Part{
		partRHS: embedded.RHS, partJac: embedded.Jac, partTGrad: embedded.TGrad, partLinear: embedded.Linear,
		partInvariants: embedded.Invariants, partInvariantJac: embedded.InvariantJac, partCrossings: embedded.Crossings,
		partNoise: embedded.Noise, partNoiseJac: embedded.NoiseJac,
	}
	for at, p := range parts {
		if p.entry.Name == "" {
			continue
		}
		name := p.entry.Name
		if p.long {
			name += ".long"
		}
		names = append(names, name)
		e.Kernels = append(e.Kernels, embedded.Kernel{Part: of[at], Out: p.main, Scratch: p.entry.Scratch, Long: p.long})
	}
	for i, in := range loops {
		if in, err = target.prepareIntegrator(in); err != nil {
			return nil, err
		}
		name := fmt.Sprintf("run%d", i)
		l := m.runLoop(in, name, shapeFor(in, o.Target, 0))
		names = append(names, name)
		e.Loops = append(e.Loops, embedded.Loop{Method: l.Method, Dense: l.Dense, Slots: l.Slots, Lanes: l.Lanes, Scratch: l.Scratch})
	}
	object, _, err := tools.compile(m.text(""), o)
	if err != nil {
		return nil, err
	}
	if e.Blob, err = native.Link(object); err != nil {
		return nil, err
	}
	at := map[string]uintptr{}
	for _, f := range e.Blob.Funcs {
		at[f.Name] = uintptr(f.Offset)
	}
	for i, name := range names {
		entry, ok := at[name]
		if !ok {
			panic("mtkc: bug: there is no code of " + name)
		}
		if i < len(e.Kernels) {
			e.Kernels[i].Entry = entry
		} else {
			e.Loops[i-len(e.Kernels)].Entry = entry
		}
	}
	return e, nil
}

const leastWork = 80

// EmbedOptions say how code to be embedded is made.
type EmbedOptions struct {
	// Least is the number of operations from which on a kernel is code, 0: 80. Those with fewer are as fast as Go
	// source, for a call of code costs 1 ns more than one of Go, on arm64 2 to 3 (BenchmarkEmbeddedCode in the root package).
	Least   int
	Library *libllvm.Library // nil: the one that is found, with the user's cache of objects
}

func (o *EmbedOptions) least() int {
	if o.Least == 0 {
		return leastWork
	}
	return o.Least
}

// Embeddable says which kernels of a program would be machine code, and why the others would not. It needs no libLLVM.
func Embeddable(prog *backend.Program, opt EmbedOptions) []KernelReport {
	_, reports := newModule(Target{}).kernels(unrolled(prog), opt.least())
	return reports
}

// unrolled is the program with the right-hand side that the Go source has too: code for other programs may take its time to compile.
func unrolled(prog *backend.Program) *backend.Program {
	p := *prog
	p.RHS = prog.RHS.Unrolled()
	return &p
}
