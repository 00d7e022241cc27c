package llvm

import (
	"fmt"
	"strconv"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
)

// Large models on graphics processors. A step of a kernel that is a loop over instances becomes a kernel of the
// device in which a thread computes instances i, i+m, i+2m, ... of all, m being the number of threads; the steps follow
// one another as launches. A step that runs once, or whose instances need the ones before, is the work of one thread.

// PTXFunction is a function f(t, u, p) of a model, such as the right-hand side, as kernels that are launched one after the
// other, each with the parameters double t, and addresses in the memory of the device: const double *u, const double
// *p, double *out, double *w.
type PTXFunction struct {
	Name     string
	Launches []PTXLaunch
	Out      int // length of out; entries that no kernel writes are 0
	Scratch  int // length of w
	Threads  int // the most that a launch has work for
}

// PTXLaunch is a kernel and how many threads it has work for.
type PTXLaunch struct {
	Kernel  string
	Threads int
}

// PTXModule is text with the run loop of an integrator, the functions of a large model, or both.
type PTXModule struct {
	Ensemble  *PTXKernel    // without its text; nil: there is none
	Functions []PTXFunction // rhs, jac; those of small models are not worth threads and are left out
	Text      []byte
}

// mostOnce is the number of operations that one thread may have in a step.
const mostOnce = 2000

// mostLocal is how many bytes of its own a thread may have, in all architectures.
const mostLocal = 512 << 10

// PTXFor makes a module of the run loop of an integrator, nil for none, and of the right-hand side and the Jacobian of a
// program, as far as these have loops. lib nil means the library that is found, with the user's cache. The error
// is a *Refusal of the integrator, a *libllvm.NotFoundError or a *libllvm.CompileError.
func PTXFor(prog *backend.Program, in *fuse.Integrator, arch string, lib *libllvm.Library) (*PTXModule, error) {
	tools, err := newToolchain(lib)
	if err != nil {
		return nil, err
	}
	target := tools.target()
	target.Lanes, target.Space, target.NoFMA = 1, 1, false
	m := newModule(target)
	a := &PTXModule{}
	if in != nil {
		if in, err = target.prepareIntegrator(in); err != nil {
			return nil, err
		}
		if need := 8 * (3*in.Slots + in.NPAll() + max(in.Begin.Scratch, in.Step.Scratch)); need > mostLocal {
			return nil, &Refusal{in.Step.Name, fmt.Sprintf("a thread would need %d kB of memory of its own and may have %d", need>>10, mostLocal>>10)}
		}
		m.run(in, "run", shape{lanes: 1, groups: 1, gpu: true})
		a.Ensemble = &PTXKernel{Name: "run", Params: gpuParams, Slots: in.Slots}
	}
	add := func(k *backend.Kernel, name string, out int) {
		if k == nil {
			return
		}
		if k, err := target.prepare(k); err == nil && threaded(k) {
			a.Functions = append(a.Functions, m.steps(k, name, out))
		}
	}
	add(prog.RHS, "rhs", len(prog.Meta.U0))
	if prog.Meta.Jac != nil {
		add(prog.Jac, "jac", prog.Meta.Jac.NNZ())
	}
	if a.Ensemble == nil && len(a.Functions) == 0 {
		return nil, &Refusal{prog.Meta.Name, "the right-hand side has no loops over many instances"}
	}
	a.Text, _, err = tools.compile(m.text(""), libllvm.Options{
		Target: libllvm.Target{Triple: "nvptx64-nvidia-cuda", CPU: arch},
		Level:  2, Passes: "default<O2>", Kind: libllvm.Assembly,
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// threaded reports whether a kernel is worth threads: it has a loop, and no step in which one thread has too much to do.
func threaded(k *backend.Kernel) bool {
	loops := false
	for i := range k.Steps {
		s := &k.Steps[i]
		switch {
		case s.N == 0 && s.Body.Ops() > mostOnce, s.Ordered && s.N*s.Body.Ops() > mostOnce:
			return false
		case s.N > 0 && !s.Ordered:
			loops = true
		}
	}
	return loops
}

// steps writes a kernel for each step.
func (m *module) steps(k *backend.Kernel, name string, out int) PTXFunction {
	f := PTXFunction{Name: name, Out: out, Scratch: k.Scratch}
	for i := range k.Steps {
		s := &k.Steps[i]
		l := PTXLaunch{fmt.Sprintf("%s_%d", name, i), 1}
		if s.N > 0 && !s.Ordered {
			l.Threads = s.N
		}
		m.instances(s, l.Kernel)
		f.Launches = append(f.Launches, l)
		f.Threads = max(f.Threads, l.Threads)
	}
	return f
}

// instances writes the kernel of a step.
func (m *module) instances(s *backend.Step, name string) {
	d := m.pointer("double")
	m.line("define ptx_kernel void @", name, "(double %t, ", d, " noalias %u, ", d, " noalias %p, ", d, " noalias %out, ", d, " noalias %w) nounwind {\nentry:")
	first, threads := m.thread()
	n := max(s.N, 1)
	m.line("  %some = icmp slt i64 ", first, ", ", strconv.Itoa(n))
	m.line("  br i1 %some, label %loop, label %done\nloop:")
	m.line("  %i = phi i64 [", first, ", %entry], [%next, %latch]")
	at := place{m: m, lanes: 1, apart: 1}
	if s.N > 0 {
		at.step, at.lead, at.index = s, s.Leads(), map[entry]string{}
	}
	c := newCode(m, s.Body, 1)
	c.input = at.read
	o := 0
	for r, in := range s.Body.Code {
		if !in.Op.Input() {
			c.emit(backend.Ref(r))
		}
		for ; o < len(s.Body.Out) && int(s.Body.Out[o].Val) == r; o++ {
			at.write(s.Body.Out[o], c.number(backend.Ref(r)))
		}
	}
	m.line("  br label %latch\nlatch:")
	m.line("  %next = add i64 %i, ", threads)
	m.line("  %more = icmp slt i64 %next, ", strconv.Itoa(n))
	m.line("  br i1 %more, label %loop, label %done\ndone:\n  ret void\n}")
}

// thread is the number of this thread among all, and their number.
func (m *module) thread() (number, count string) {
	special := func(reg string) string {
		f := "@llvm.nvvm.read.ptx.sreg." + reg
		m.declare[f] = "declare i32 " + f + "()"
		return m.let("call i32 ", f, "()")
	}
	block, size := special("ctaid.x"), special("ntid.x")
	at := m.let("add i32 ", m.let("mul i32 ", block, ", ", size), ", ", special("tid.x"))
	number = m.let("zext i32 ", at, " to i64")
	count = m.let("zext i32 ", m.let("mul i32 ", size, ", ", special("nctaid.x")), " to i64")
	return number, count
}
