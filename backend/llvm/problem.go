package llvm

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Options say how a program is compiled. The zero value compiles for this machine with
// the library that is found, and waits for it.
type Options struct {
	Library *libllvm.Library // nil: the one that is found, with the user's cache of objects
	Level   Level
	// Tiered lets the vm run the kernels while they are compiled in the background, at level
	// Fast first and then at Level. Results do not depend on when the code is ready.
	Tiered bool
	Delay  time.Duration // how long a tiered start waits before it compiles
	Chunk  int           // operations of a function, 0: 250
}

// Level is how much the code is worked on.
type Level int

const (
	Normal Level = iota // registers are allocated well; nothing is optimised that the kernels do not ask for
	Fast                // compiles in a third of the time, to code that takes up to twice the time
)

func (o Options) compile(l Level) libllvm.Options {
	if l == Fast {
		return libllvm.Options{Level: 0}
	}
	return libllvm.Options{Level: 1}
}

// Machine is a program whose large kernels are machine code. It is read-only: any number of
// goroutines may make Kernels from it, each its own.
type Machine struct {
	vm     *vm.Machine
	prog   *backend.Program
	parts  []part
	code   atomic.Pointer[compiled] // nil as long as the vm runs all
	done   chan struct{}            // closed when compiling has ended
	report Report
	err    error
}

// Report says what was compiled and what that took.
type Report struct {
	Library  string // version
	Kernels  []KernelReport
	Text     time.Duration // to write the text
	Compile  time.Duration // parsing, code generation and loading, all levels
	TextSize int           // bytes of IR
	CodeSize int           // bytes of the object
	Kept     bool          // the object was in the cache
}

// KernelReport says what became of a kernel.
type KernelReport struct {
	Name   string
	Ops    int    // operations of the code
	Reason string // why the vm runs it; "": it is compiled
	Small  bool   // the reason is that it is not worth it
}

// String is a line for messages: "rhs, jac compiled by LLVM 15.0.6 in 12 ms; tgrad on the vm: ...".
func (r *Report) String() string {
	var yes, no []string
	for _, k := range r.Kernels {
		if k.Reason == "" {
			yes = append(yes, k.Name)
		} else {
			no = append(no, k.Name+": "+k.Reason)
		}
	}
	s := "no kernel is compiled"
	if len(yes) > 0 {
		s = fmt.Sprintf("%s compiled by LLVM %s in %s", strings.Join(yes, ", "), r.Library, (r.Text + r.Compile).Round(100*time.Microsecond))
		if r.Kept {
			s = fmt.Sprintf("%s compiled by LLVM %s before, loaded from the cache in %s", strings.Join(yes, ", "), r.Library, (r.Text + r.Compile).Round(100*time.Microsecond))
		}
	}
	if len(no) > 0 {
		s += "; on the vm: " + strings.Join(no, ", ")
	}
	return s
}

// part is a kernel that is compiled.
type part struct {
	entry Entry
	main  int  // length of the result
	long  bool // may take longer than a call that nobody can interrupt should
}

// compiled is the code of all parts.
type compiled struct {
	fast  []*native.Func // by part: for CallKernel, or CallLong if it is long
	level Level
}

// The parts, in the order of Machine.parts; a part that is not there has no entry.
const (
	partRHS = iota
	partJac
	partTGrad
	partLinear
	partInvariants
	partInvariantJac
	partCrossings
	partNoise
	partNoiseJac
	partCount
)

// longWork is the number of operations that take some 100 microseconds.
const longWork = 300_000

// New compiles the kernels of a program that the integration calls over and over; the others stay
// on the vm, and so do those that cannot be compiled, with a reason in the report. The error is
// a *libllvm.NotFoundError, a *native.PlatformError or a *libllvm.CompileError.
func New(prog *backend.Program, opt Options) (*Machine, error) {
	if err := native.Supported(); err != nil {
		return nil, err
	}
	tools, err := newToolchain(opt.Library)
	if err != nil {
		return nil, err
	}
	m := &Machine{vm: vm.New(prog), prog: prog, done: make(chan struct{})}
	start := time.Now()
	target := tools.target()
	target.Chunk = opt.Chunk
	text := m.text(target)
	m.report.Text = time.Since(start)
	m.report.TextSize = len(text)
	m.report.Library = tools.Version
	build := func(l Level) error {
		start := time.Now()
		mod, size, kept, err := tools.load(text, opt.compile(l))
		if err != nil {
			return err
		}
		c := &compiled{level: l, fast: make([]*native.Func, partCount)}
		for i, p := range m.parts {
			if p.entry.Name == "" {
				continue
			}
			name := p.entry.Name
			if p.long {
				name += ".long"
			}
			if c.fast[i], err = mod.Func(name); err != nil {
				return err
			}
		}
		m.report.CodeSize, m.report.Kept = size, kept
		m.report.Compile += time.Since(start)
		m.code.Store(c)
		return nil
	}
	if !opt.Tiered {
		defer close(m.done)
		return m, build(opt.Level)
	}
	go func() {
		defer close(m.done)
		time.Sleep(opt.Delay)
		if m.err = build(Fast); m.err == nil && opt.Level != Fast {
			m.err = build(opt.Level)
		}
	}()
	return m, nil
}

// IR is the text of the kernels that New compiles, one function each, and what became of them.
func IR(prog *backend.Program, target Target) ([]byte, []KernelReport) {
	m := &Machine{prog: prog}
	text := m.text(target)
	return text, m.report.Kernels
}

// text writes the module of all parts.
func (m *Machine) text(target Target) []byte {
	w := newModule(target)
	m.parts, m.report.Kernels = w.kernels(m.prog, 0)
	return w.text("")
}

// kernels writes the functions of all parts with at least so many operations, by part, and says what
// became of each.
func (m *module) kernels(prog *backend.Program, least int) (parts []part, reports []KernelReport) {
	meta := &prog.Meta
	parts = make([]part, partCount)
	add := func(at int, k *backend.Kernel, name string, main func() int) {
		if k == nil {
			return
		}
		r := KernelReport{Name: name, Ops: k.Ops()}
		work := k.Work() + 40*elementaries(k)
		k, err := m.prepare(k)
		switch {
		case err != nil:
			r.Reason = err.(*Refusal).Reason
		case work < least:
			r.Reason, r.Small = fmt.Sprintf("its %d operations take less than the call of machine code", r.Ops), true
		default:
			p := part{main: main(), long: work > longWork}
			p.entry = m.kernel(k, name, 1, p.main)
			if p.long {
				m.long(name)
			}
			parts[at] = p
		}
		reports = append(reports, r)
	}
	n := func() int { return len(meta.U0) }
	add(partRHS, prog.RHS, "rhs", n)
	add(partJac, prog.Jac, "jac", func() int { return meta.Jac.NNZ() })
	add(partTGrad, prog.TGrad, "tgrad", n)
	add(partLinear, prog.Linear, "linear", func() int { return meta.Linear.NNZ() })
	add(partInvariants, prog.Invariants, "invariants", func() int { return meta.NInv })
	add(partInvariantJac, prog.InvariantJac, "invjac", func() int { return meta.InvJac.NNZ() })
	add(partCrossings, prog.Crossings, "crossings", func() int { return len(meta.Hybrid.Relations) })
	add(partNoise, prog.Noise, "noise", func() int { return meta.Noise.Matrix.NNZ() })
	add(partNoiseJac, prog.NoiseJac, "noisejac", func() int { return meta.Noise.Reads.NNZ() })
	return parts, reports
}

// long writes an entry of the form void f(args *) for a kernel, where args are t, u, p, out and w.
func (m *module) long(name string) {
	d := m.pointer("double")
	args := "{double, " + d + ", " + d + ", " + d + ", " + d + "}"
	m.line("define void @", name, ".long(", m.local(args), " %args)", attributes(1), "entry:")
	call := ""
	for i, t := range []string{"double", d, d, d, d} {
		a := m.let("getelementptr ", args, ", ", m.local(args), " %args, i32 0, i32 ", fmt.Sprint(i))
		if i > 0 {
			call += ", "
		}
		call += t + " " + m.let("load ", t, ", ", m.local(t), " ", a)
	}
	m.line("  call void @", name, "(", call, ")\n  ret void\n}")
}

// Wait returns when all compiling has ended, with its error: of a tiered start, which goes on with
// the vm then.
func (m *Machine) Wait() error {
	<-m.done
	return m.err
}

// Report says what was compiled. It waits for it.
func (m *Machine) Report() Report {
	<-m.done
	return m.report
}

// Problem returns the problem that the program computes.
func (m *Machine) Problem() *ode.Problem {
	p := m.vm.Problem()
	p.NewKernels = m.Kernels
	return p
}

// Problem compiles the kernels of a program and returns its problem; see New.
func Problem(prog *backend.Program, opt Options) (*ode.Problem, error) {
	m, err := New(prog, opt)
	if err != nil {
		return nil, err
	}
	return m.Problem(), nil
}

// compiled reports whether the code is there and will not be replaced.
func (m *Machine) compiled() bool {
	select {
	case <-m.done:
		return m.code.Load() != nil
	default:
		return false
	}
}

// frame is what calls of one Kernels share.
type frame struct {
	m     *Machine
	stack *native.Stack
	w     []float64
}

// longArgs are the arguments of a long entry.
type longArgs struct {
	t            float64
	u, p, out, w *float64
}

// Kernels returns the functions with a stack and scratch memory of their own.
func (m *Machine) Kernels() *ode.Kernels {
	k := m.vm.Kernels()
	stack, err := native.NewStack()
	if err != nil {
		return k // the system gives no more memory for stacks; the vm needs none
	}
	scratch := 0
	for i := range m.parts {
		scratch = max(scratch, m.parts[i].entry.Scratch)
	}
	f := &frame{m: m, stack: stack, w: make([]float64, scratch)}
	k.RHS = f.state(partRHS, k.RHS)
	k.Jac = f.state(partJac, k.Jac)
	k.TGrad = f.state(partTGrad, k.TGrad)
	k.Invariants = f.state(partInvariants, k.Invariants)
	k.InvariantJac = f.state(partInvariantJac, k.InvariantJac)
	k.Crossings = f.state(partCrossings, k.Crossings)
	k.Noise = f.state(partNoise, k.Noise)
	k.NoiseJac = f.state(partNoiseJac, k.NoiseJac)
	if linear := k.Linear; linear != nil {
		call := f.state(partLinear, func(_ float64, _, p, vals []float64) { linear(p, vals) })
		u := make([]float64, len(m.prog.Meta.U0))
		k.Linear = func(p, vals []float64) { call(0, u, p, vals) }
	}
	return k
}

// state is a function that runs a part, or the vm's as long as there is no code.
func (f *frame) state(at int, vm func(t float64, u, p, out []float64)) func(t float64, u, p, out []float64) {
	p := f.m.parts[at]
	if vm == nil || p.entry.Name == "" {
		return vm
	}
	n, np, main := len(f.m.prog.Meta.U0), len(f.m.prog.Meta.P), p.main
	w := unsafe.SliceData(f.w)
	if p.long {
		return func(t float64, u, q, out []float64) {
			c := f.m.code.Load()
			if c == nil {
				vm(t, u, q, out)
				return
			}
			args := longArgs{t, unsafe.SliceData(u[:n]), unsafe.SliceData(q[:np]), unsafe.SliceData(out[:main]), w}
			c.fast[at].CallLong(f.stack, unsafe.Pointer(&args))
		}
	}
	if f.m.compiled() {
		return f.m.code.Load().fast[at].Kernel(f.stack, n, np, main, w)
	}
	return func(t float64, u, q, out []float64) {
		c := f.m.code.Load()
		if c == nil {
			vm(t, u, q, out)
			return
		}
		// The lengths are checked: the code checks nothing.
		c.fast[at].CallKernel(f.stack, t, unsafe.SliceData(u[:n]), unsafe.SliceData(q[:np]), unsafe.SliceData(out[:main]), w)
	}
}
