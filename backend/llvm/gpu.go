package llvm

import (
	"strconv"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
)

// Run loops for NVIDIA's graphics processors: a thread integrates one trajectory after the
// other, thread k of m those of numbers k, k+m, k+2m, ... of the batch. What a thread is working on when
// its budget of steps is used up is kept in arrays of the device until the next launch.

// PTXKernel is a run loop as a kernel.
type PTXKernel struct {
	Name string
	// Params are its parameters, in order. Those of a type with * are addresses in the memory of
	// the device.
	Params []PTXParam
	Slots  int // length of the state x of a thread
	Text   []byte
}

// PTXParam is a parameter of a kernel.
type PTXParam struct {
	Name, Type string // "int64", "double*", "int32*", "int64*"
	Doc        string
}

// gpuParams are the parameters of a run loop.
var gpuParams = []PTXParam{
	{"n", "int64", "trajectories of the batch"},
	{"budget", "int64", "attempted steps of a thread in this launch"},
	{"saves", "int64", "times to save"},
	{"T", "double*", "n: see ensemble.Batch"},
	{"TEnd", "double*", "n"},
	{"U", "double*", "n*N"},
	{"P", "double*", "parameters: entry j of trajectory i is P[PAt[2j] + i*PAt[2j+1]]"},
	{"PAt", "int64*", "2*NP: where parameter j of the first trajectory lies, and how far apart those of two trajectories are, 0 where all have one"},
	{"Save", "double*", "saves"},
	{"Out", "double*", "n*saves*N"},
	{"Status", "int32*", "n"},
	{"H", "double*", "n"},
	{"Steps", "int64*", "n"},
	{"Rejected", "int64*", "n"},
	{"settings", "double*", "what Integrator.Put writes behind the parameters"},
	{"X", "double*", "Slots*threads, entry i of thread k at [i*threads + k]: kept between launches, not to be set"},
	{"lane", "int64*", "threads: trajectory of each thread, to be set to -1 before the first launch; all are -1 when the batch is done"},
	{"at", "int64*", "threads: kept between launches, not to be set"},
	{"next", "int64*", "threads: the next trajectory of thread k, to be set to k before the first launch"},
}

// headGPU writes the head of a kernel: state that was kept is loaded into variables.
func (w *runWriter) headGPU(name string) {
	m := w.module
	in := w.in
	params := ""
	for i, p := range gpuParams {
		if i > 0 {
			params += ", "
		}
		typ := map[string]string{"int64": "i64", "double*": m.pointer("double"), "int32*": m.pointer("i32"), "int64*": m.pointer("i64")}[p.Type]
		if typ != "i64" {
			typ += " noalias"
		}
		params += typ + " %arg." + p.Name
		w.arg[p.Name] = "%arg." + p.Name
	}
	m.line("define ptx_kernel void @", name, "(", params, ") nounwind {\nentry:")
	number, count := m.thread()
	m.line("  %thread = add i64 ", number, ", 0")
	m.line("  %threads = add i64 ", count, ", 0")
	array := func(name, elem string, n int) {
		typ := "[" + strconv.Itoa(n) + " x " + elem + "]"
		m.line("  %", name, ".array = alloca ", typ, ", align 8")
		if m.Opaque {
			w.arg[name] = "%" + name + ".array"
		} else {
			w.arg[name] = m.let("bitcast ", typ, "* %", name, ".array to ", elem, "*")
		}
	}
	kept := map[string]string{}
	for _, p := range []string{"X", "lane", "at"} {
		kept[p] = w.arg[p]
	}
	array("X", "double", in.Slots)
	array("Q", "double", in.NPAll())
	array("Y", "double", 2*max(in.Slots, in.N))
	array("W", "double", max(w.scratch, 1))
	array("lane", "i64", 1)
	array("at", "i64", 1)
	array("due", "double", 1)
	w.variable("next", w.get("next", "i64", "%thread"))
	w.variable("budget", w.arg["budget"])
	w.variable("i", "0")
	w.variable("k", "0")
	read := func(p string) string {
		return w.let("load i64, ", w.pointer("i64"), " ", w.let("getelementptr inbounds i64, ", w.pointer("i64"), " ", kept[p], ", i64 %thread"))
	}
	m.line("  %held = add i64 ", read("lane"), ", 0")
	w.put("lane", "i64", "0", "%held")
	w.put("at", "i64", "0", read("at"))
	d := m.local("double")
	for i := range in.NPAll() - in.NP {
		v := w.get("settings", "double", strconv.Itoa(i))
		w.line("  store double ", v, ", ", d, " ", w.let("getelementptr inbounds double, ", d, " ", w.arg["Q"], ", i64 ", strconv.Itoa(in.NP+i)))
	}
	w.line("  %resumes = icmp sge i64 %held, 0")
	w.line("  br i1 %resumes, label %resume, label %start\nresume:")
	w.each(in.Slots, func(j string) {
		at := w.let("add i64 ", w.let("mul i64 ", j, ", %threads"), ", %thread")
		v := w.let("load double, ", w.pointer("double"), " ", w.let("getelementptr inbounds double, ", w.pointer("double"), " ", kept["X"], ", i64 ", at))
		w.line("  store double ", v, ", ", d, " ", w.let("getelementptr inbounds double, ", d, " ", w.arg["X"], ", i64 ", j))
	})
	w.parameters("%held", func(j, value string) {
		w.line("  store double ", value, ", ", d, " ", w.let("getelementptr inbounds double, ", d, " ", w.arg["Q"], ", i64 ", j))
	})
	w.line("  br label %start\nstart:\n  br label %lane")
	w.kept = kept
}

// leaveGPU writes the end of a kernel: what the thread works on is kept.
func (w *runWriter) leaveGPU() {
	write := func(array, elem, at, value string) {
		w.line("  store ", elem, " ", value, ", ", w.pointer(elem), " ", w.let("getelementptr inbounds ", elem, ", ", w.pointer(elem), " ", array, ", i64 ", at))
	}
	write(w.arg["next"], "i64", "%thread", w.value("next"))
	write(w.kept["lane"], "i64", "%thread", w.get("lane", "i64", "0"))
	write(w.kept["at"], "i64", "%thread", w.get("at", "i64", "0"))
	d := w.local("double")
	w.each(w.in.Slots, func(j string) {
		at := w.let("add i64 ", w.let("mul i64 ", j, ", %threads"), ", %thread")
		v := w.let("load double, ", d, " ", w.let("getelementptr inbounds double, ", d, " ", w.arg["X"], ", i64 ", j))
		write(w.kept["X"], "double", at, v)
	})
	w.line("  ret void")
}

// PTX makes the run loop of an integrator a kernel for graphics processors of an architecture,
// "sm_70" or a later one. lib nil means the library that is found, with the user's cache. The error
// is a *Refusal, a *libllvm.NotFoundError or a *libllvm.CompileError.
func PTX(in *fuse.Integrator, arch string, lib *libllvm.Library) (*PTXKernel, error) {
	m, err := PTXFor(&backend.Program{}, in, arch, lib)
	if err != nil {
		return nil, err
	}
	m.Ensemble.Text = m.Text
	return m.Ensemble, nil
}
