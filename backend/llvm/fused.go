package llvm

import (
	"strconv"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/fuse"
)

// The run loop of a fused integrator: one function that takes trajectories of a batch until
// there are none left. A lane holds one trajectory. The inner loop makes steps of all lanes
// and holds the state x in registers; it ends where the status of a lane changes, where a lane
// reaches its next time to save, and where the budget of steps is used up. Then the
// state is put into memory, and the lanes that ask for it are attended to, one after the other:
// values are saved, a trajectory that has ended is written back, and the lane takes the next one.
// So no lane waits for another. As many trajectories as there are lanes are begun at a time and wait in a
// queue. What becomes of a trajectory depends on nothing but itself.
//
// For graphics processors the same function has one lane, a thread, with x in registers
// throughout, which takes every so-many-th trajectory.

// runField is a field of the arguments of a run loop.
type runField struct {
	name, elem string // elem "": the field is a number; else it is an array of these
}

// runFields are the arguments, in order; package runloop has their form in Go.
var runFields = []runField{
	{"n", ""}, {"next", ""}, {"budget", ""}, {"saves", ""},
	{"T", "double"}, {"TEnd", "double"}, {"U", "double"}, {"P", "double"}, {"Save", "double"}, {"Out", "double"},
	{"Status", "i32"}, {"H", "double"}, {"Steps", "i64"}, {"Rejected", "i64"},
	{"X", "double"}, {"Q", "double"}, {"lane", "i64"}, {"at", "i64"}, {"due", "double"}, {"Y", "double"}, {"W", "double"},
	{"ready", ""}, {"given", ""}, {"begun", "double"}, {"begunQ", "double"}, {"begunLane", "i64"},
}

// memorySteps is the number of operations from which on the state of a step stays in memory and the
// step is cut into functions.
const memorySteps = 3000

// runWriter is a run loop on its way to a function.
type runWriter struct {
	*module
	shape
	in      *fuse.Integrator
	arg     map[string]string
	labels  int
	scratch int               // length of W for all lanes
	kept    map[string]string // of graphics processors: arrays that keep what threads work on
}

// run writes the functions of a run loop and returns the length of its array W.
func (m *module) run(in *fuse.Integrator, name string, how shape) (scratch int) {
	w := &runWriter{module: m, shape: how, in: in, arg: map[string]string{}}
	lanes, gpu := how.lanes, how.gpu
	space := m.Space
	m.Space = 0
	// One lane of several: the entries lie as far apart as there are lanes.
	one := func(k *backend.Kernel, part string) []string {
		v := &kernelWriter{m: m, name: name + "." + part, lanes: 1}
		v.body(k, place{m: m, lanes: 1, apart: lanes, close: 1})
		w.scratch = max(w.scratch, v.scratch)
		return v.parts
	}
	var begin, save, step []string
	if gpu {
		begin = one(in.Begin, "begin")
	} else {
		v := &kernelWriter{m: m, name: name + ".begin", lanes: lanes}
		v.body(in.Begin, place{m: m, lanes: lanes, apart: lanes})
		w.scratch = max(w.scratch, v.scratch)
		begin = v.parts
	}
	if in.Save != nil {
		save = one(in.Save, "save")
	}
	if len(in.Step.Steps) > 0 || in.Step.Ops() > memorySteps {
		v := &kernelWriter{m: m, name: name + ".step", lanes: lanes}
		v.body(in.Step, place{m: m, lanes: lanes, apart: lanes})
		w.scratch = max(w.scratch, v.scratch)
		step = v.parts
	}
	m.Space = space
	w.head(name)
	w.attend(begin, save)
	w.enter(step)
	m.line("}")
	return w.scratch
}

// head writes the arguments.
func (w *runWriter) head(name string) {
	m := w.module
	if w.gpu {
		w.headGPU(name)
		return
	}
	types := ""
	for i, f := range runFields {
		if i > 0 {
			types += ", "
		}
		types += w.fieldType(f)
	}
	args := "{" + types + "}"
	m.line("define void @", name, "(", m.local(args), " %args)", attributes(w.lanes), "entry:")
	for i, f := range runFields {
		a := m.let("getelementptr ", args, ", ", m.local(args), " %args, i32 0, i32 ", strconv.Itoa(i))
		switch f.name {
		case "next", "budget", "ready", "given":
			w.arg["&"+f.name] = a
		}
		w.arg[f.name] = m.let("load ", w.fieldType(f), ", ", m.local(w.fieldType(f)), " ", a)
	}
	w.variable("next", w.arg["next"])
	w.variable("budget", w.arg["budget"])
	w.variable("ready", w.arg["ready"])
	w.variable("given", w.arg["given"])
	w.variable("i", "0")
	w.variable("k", "0")
	m.line("  br label %start\nstart:\n  br label %lane")
}

func (w *runWriter) fieldType(f runField) string {
	if f.elem == "" {
		return "i64"
	}
	return w.pointer(f.elem)
}

// where is the type of a pointer into an array of the arguments. Those of the lane itself are
// variables of a thread on graphics processors.
func (w *runWriter) where(array, elem string) string {
	if array == "lane" || array == "at" || array == "due" {
		return w.local(elem)
	}
	return w.pointer(elem)
}

// element is the address of entry i, a value, of an array of the arguments.
func (w *runWriter) element(array, elem, i string) string {
	return w.let("getelementptr inbounds ", elem, ", ", w.where(array, elem), " ", w.arg[array], ", i64 ", i)
}

// get and put read and write entry i of an array.
func (w *runWriter) get(array, elem, i string) string {
	return w.let("load ", elem, ", ", w.where(array, elem), " ", w.element(array, elem, i), ", align ", size(elem))
}

func (w *runWriter) put(array, elem, i, value string) {
	w.line("  store ", elem, " ", value, ", ", w.where(array, elem), " ", w.element(array, elem, i), ", align ", size(elem))
}

func size(elem string) string {
	if elem == "i32" {
		return "4"
	}
	return "8"
}

// slot is the address of an entry of x (or of p) of the lane.
func (w *runWriter) slot(base string, i int) string {
	if i == 0 {
		return base
	}
	return w.let("getelementptr inbounds double, ", w.local("double"), " ", base, ", i64 ", strconv.Itoa(i*w.lanes))
}

func (w *runWriter) getSlot(i int) string {
	return w.let("load double, ", w.local("double"), " ", w.slot("%x", i), ", align 8")
}

func (w *runWriter) putSlot(i int, value string) {
	w.line("  store double ", value, ", ", w.local("double"), " ", w.slot("%x", i), ", align 8")
}

// each writes a loop over j = 0 to n-1. Where the arrays are to become registers, it is
// written out.
func (w *runWriter) each(n int, body func(j string)) {
	if w.gpu && n <= 64 {
		for j := range n {
			body(strconv.Itoa(j))
		}
		return
	}
	w.labels++
	id := strconv.Itoa(w.labels)
	j := "%j" + id
	before := "each" + id
	w.line("  br label %", before, "\n", before, ":")
	w.line("  br label %", before, ".body\n", before, ".body:")
	w.line("  ", j, " = phi i64 [0, %", before, "], [", j, ".next, %", before, ".body]")
	body(j)
	w.line("  ", j, ".next = add nuw nsw i64 ", j, ", 1")
	w.line("  ", j, ".more = icmp slt i64 ", j, ".next, ", strconv.Itoa(n))
	w.line("  br i1 ", j, ".more, label %", before, ".body, label %", before, ".end\n", before, ".end:")
}

// calls runs a kernel for the lane: x, p and scratch to y.
func (w *runWriter) calls(parts []string) {
	d := w.local("double")
	for _, f := range parts {
		w.line("  call void ", f, "(double 0.0, ", d, " %x, ", d, " %q, ", d, " ", w.arg["Y"], ", ", d, " ", w.arg["W"], ")")
	}
}

// yAt reads entry j of what a kernel wrote.
func (w *runWriter) yAt(j string) string {
	a := w.let("getelementptr inbounds double, ", w.local("double"), " ", w.arg["Y"], ", i64 ", j)
	return w.let("load double, ", w.local("double"), " ", a, ", align 8")
}

// laneAt is the address of entry j, a value, of an array of lane state.
func (w *runWriter) laneAt(base, j string) string {
	if w.lanes > 1 {
		j = w.let("mul nuw nsw i64 ", j, ", ", strconv.Itoa(w.lanes))
	}
	return w.let("getelementptr inbounds double, ", w.local("double"), " ", base, ", i64 ", j)
}

const infinity = "0x7FF0000000000000"

// variable declares a variable of the function with its first value.
func (w *runWriter) variable(name, value string) {
	w.line("  %", name, ".var = alloca i64, align 8")
	w.set(name, value)
}

func (w *runWriter) set(name, value string) {
	w.line("  store i64 ", value, ", ", w.local("i64"), " %", name, ".var, align 8")
}

func (w *runWriter) value(name string) string {
	return w.let("load i64, ", w.local("i64"), " %", name, ".var, align 8")
}

// attend writes what is done with the lanes between steps. It begins at block lane, with a
// mask of the lanes that ask for it, and ends in block enter.
func (w *runWriter) attend(begin, save []string) {
	in := w.in
	d := w.local("double")
	bits := "i" + strconv.Itoa(w.lanes)
	w.line("lane:")
	if w.lanes > 1 {
		// l is the lowest lane of the mask; a new call looks at all.
		w.line("  %mask = phi ", bits, " [-1, %start], [%attention, %again], [%others, %lane.next]")
		w.declare["@llvm.cttz."+bits] = "declare " + bits + " @llvm.cttz." + bits + "(" + bits + ", i1)"
		w.line("  %lowest = call ", bits, " @llvm.cttz.", bits, "(", bits, " %mask, i1 true)")
		w.line("  %l = zext ", bits, " %lowest to i64")
	} else {
		w.line("  %l = add i64 0, 0")
	}
	w.line("  %x = getelementptr inbounds double, ", d, " ", w.arg["X"], ", i64 %l")
	w.line("  %q = getelementptr inbounds double, ", d, " ", w.arg["Q"], ", i64 %l")
	held := w.get("lane", "i64", "%l")
	w.set("i", held)
	w.set("k", w.get("at", "i64", "%l"))
	w.line("  %busy = icmp sge i64 ", held, ", 0")
	w.line("  br i1 %busy, label %due, label %refill")

	// Times to save that the last step has passed.
	w.line("due:")
	w.line("  %i = load i64, ", w.local("i64"), " %i.var, align 8")
	w.line("  %k = load i64, ", w.local("i64"), " %k.var, align 8")
	w.line("  %t = load double, ", d, " %x, align 8")
	w.line("  %some = icmp slt i64 %k, ", w.arg["saves"])
	w.line("  br i1 %some, label %due.time, label %due.none")
	w.line("due.time:")
	w.line("  %ts = load double, ", w.pointer("double"), " ", w.element("Save", "double", "%k"), ", align 8")
	w.line("  %passed = fcmp ole double %ts, %t")
	if save != nil {
		w.line("  br i1 %passed, label %save, label %due.none")
		w.line("save:")
		w.putSlot(fuse.TSave, "%ts")
		w.calls(save)
		w.row(w.let("add i64 ", w.let("mul i64 %i, ", w.arg["saves"]), ", %k"), in.N, func(at, j string) { w.put("Out", "double", at, w.yAt(j)) })
		w.set("k", w.let("add i64 %k, 1"))
		w.line("  br label %due")
	} else {
		w.line("  br label %due.none")
	}
	w.line("due.none:")
	w.line("  %due.at = phi double [", infinity, ", %due], [%ts, %due.time]")
	w.put("at", "i64", "%l", "%k")
	w.put("due", "double", "%l", "%due.at")
	w.line("  %ended = fcmp une double ", w.getSlot(fuse.Status), ", ", number(fuse.Running))
	w.line("  br i1 %ended, label %retire, label %lane.next")

	// A trajectory that has ended is written back.
	w.line("retire:")
	w.put("T", "double", "%i", "%t")
	w.put("H", "double", "%i", w.getSlot(fuse.H))
	w.put("Status", "i32", "%i", w.let("fptosi double ", w.getSlot(fuse.Status), " to i32"))
	w.put("Steps", "i64", "%i", w.let("fptosi double ", w.getSlot(fuse.Steps), " to i64"))
	w.put("Rejected", "i64", "%i", w.let("fptosi double ", w.getSlot(fuse.Rejected), " to i64"))
	u := w.slot("%x", fuse.StateAt)
	w.row("%i", in.N, func(at, j string) {
		w.put("U", "double", at, w.let("load double, ", d, " ", w.laneAt(u, j), ", align 8"))
	})
	w.line("  br label %refill")

	w.line("refill:")
	if w.gpu {
		w.takeNext(begin)
	} else {
		w.takeBegun(begin)
	}
	w.put("lane", "i64", "%l", "%taken.i")
	w.set("i", "%taken.i")
	w.set("k", "0")
	w.line("  %begun = load double, ", d, " %x, align 8")
	w.line("  br label %first\nfirst:")
	w.line("  %kf = load i64, ", w.local("i64"), " %k.var, align 8")
	w.line("  %kf.some = icmp slt i64 %kf, ", w.arg["saves"])
	w.line("  br i1 %kf.some, label %first.time, label %due")
	w.line("first.time:")
	w.line("  %kf.past = fcmp ole double ", w.get("Save", "double", "%kf"), ", %begun")
	w.line("  br i1 %kf.past, label %first.past, label %due")
	w.line("first.past:")
	w.set("k", w.let("add i64 %kf, 1"))
	w.line("  br label %first")

	// A lane without a trajectory has a status that lets a step in memory keep everything.
	w.line("idle:")
	w.put("lane", "i64", "%l", "-1")
	w.put("due", "double", "%l", infinity)
	w.putSlot(fuse.Status, number(fuse.Done))
	w.line("  br label %lane.next\nlane.next:")
	if w.lanes > 1 {
		w.line("  %without = sub ", bits, " %mask, 1")
		w.line("  %others = and ", bits, " %mask, %without")
		w.line("  %more = icmp ne ", bits, " %others, 0")
		w.line("  br i1 %more, label %lane, label %enter")
	} else {
		w.line("  br label %enter")
	}
}

// waits writes the search for the next trajectory of the batch that waits, %next: blocks search, found and none.
func (w *runWriter) waits() {
	w.line("search:")
	w.line("  %next = load i64, ", w.local("i64"), " %next.var, align 8")
	w.line("  %left = icmp slt i64 %next, ", w.arg["n"])
	w.line("  br i1 %left, label %look, label %none\nlook:")
	w.set("next", w.let("add i64 %next, ", w.stride()))
	w.line("  %waits = icmp eq i32 ", w.get("Status", "i32", "%next"), ", ", strconv.Itoa(fuse.Running))
	w.line("  br i1 %waits, label %found, label %search\nfound:")
}

// fill makes x and p of trajectory %next; at gives the addresses of their entries.
func (w *runWriter) fill(x, p string) {
	in := w.in
	d := w.local("double")
	slot := func(i int, value string) {
		w.line("  store double ", value, ", ", d, " ", w.slot(x, i), ", align 8")
	}
	slot(fuse.T, w.get("T", "double", "%next"))
	slot(fuse.H, w.get("H", "double", "%next"))
	slot(fuse.TEnd, w.get("TEnd", "double", "%next"))
	slot(fuse.TSave, number(0))
	slot(fuse.Steps, w.let("sitofp i64 ", w.get("Steps", "i64", "%next"), " to double"))
	slot(fuse.Rejected, w.let("sitofp i64 ", w.get("Rejected", "i64", "%next"), " to double"))
	u := w.slot(x, fuse.StateAt)
	w.row("%next", in.N, func(at, j string) {
		w.line("  store double ", w.get("U", "double", at), ", ", d, " ", w.laneAt(u, j), ", align 8")
	})
	w.parameters("%next", func(j, value string) {
		w.line("  store double ", value, ", ", d, " ", w.laneAt(p, j), ", align 8")
	})
}

// parameters reads those of trajectory i, a value.
func (w *runWriter) parameters(i string, body func(j, value string)) {
	switch {
	case w.in.NP == 0:
	case w.gpu:
		w.each(w.in.NP, func(j string) {
			twice := w.let("mul i64 ", j, ", 2")
			first := w.get("PAt", "i64", twice)
			step := w.get("PAt", "i64", w.let("add i64 ", twice, ", 1"))
			body(j, w.get("P", "double", w.let("add i64 ", first, ", ", w.let("mul i64 ", i, ", ", step))))
		})
	default:
		w.row(i, w.in.NP, func(at, j string) { body(j, w.get("P", "double", at)) })
	}
}

// takeNext begins the next trajectory in the lane.
func (w *runWriter) takeNext(begin []string) {
	d := w.local("double")
	w.line("  br label %search")
	w.waits()
	w.fill("%x", "%q")
	w.calls(begin)
	w.each(w.in.Slots, func(j string) {
		w.line("  store double ", w.yAt(j), ", ", d, " ", w.laneAt("%x", j), ", align 8")
	})
	w.line("  %taken.i = add i64 %next, 0")
	w.line("  br label %taken\nnone:\n  br label %idle\ntaken:")
}

// takeBegun takes the next trajectory of the queue. An empty one is filled before, and all of it
// is begun together.
func (w *runWriter) takeBegun(begin []string) {
	d := w.local("double")
	array := func(name string, at string) string {
		return w.let("getelementptr inbounds double, ", d, " ", w.arg[name], ", i64 ", at)
	}
	w.line("  %given = load i64, ", w.local("i64"), " %given.var, align 8")
	w.line("  %ready = load i64, ", w.local("i64"), " %ready.var, align 8")
	w.line("  %some.ready = icmp slt i64 %given, %ready")
	w.line("  br i1 %some.ready, label %pop, label %gather\ngather:")
	w.set("given", "0")
	w.set("ready", "0")
	w.line("  br label %search")
	w.waits()
	w.line("  %place = load i64, ", w.local("i64"), " %ready.var, align 8")
	w.fill(array("Y", "%place"), array("begunQ", "%place"))
	w.put("begunLane", "i64", "%place", "%next")
	w.line("  %gathered = add i64 %place, 1")
	w.set("ready", "%gathered")
	w.line("  %enough = icmp eq i64 %gathered, ", strconv.Itoa(w.lanes))
	w.line("  br i1 %enough, label %none, label %search\nnone:")
	w.line("  %nobody = icmp eq i64 ", w.value("ready"), ", 0")
	w.line("  br i1 %nobody, label %idle, label %begin\nbegin:")
	v := vector(w.lanes, "double")
	for _, f := range begin {
		w.line("  call void ", f, "(", v, " ", constant(0, w.lanes), ", ", d, " ", w.arg["Y"], ", ", d, " ", w.arg["begunQ"], ", ", d, " ", w.arg["begun"], ", ", d, " ", w.arg["W"], ")")
	}
	w.line("  br label %pop\npop:")
	w.line("  %column = load i64, ", w.local("i64"), " %given.var, align 8")
	w.set("given", w.let("add i64 %column, 1"))
	w.line("  %taken.i = add i64 ", w.get("begunLane", "i64", "%column"), ", 0")
	for _, c := range []struct {
		from, to string
		n        int
	}{{array("begun", "%column"), "%x", w.in.Slots}, {array("begunQ", "%column"), "%q", w.in.NP}} {
		if c.n > 0 {
			w.each(c.n, func(j string) {
				at := j
				if w.lanes > 1 {
					at = w.let("mul nuw nsw i64 ", j, ", ", strconv.Itoa(w.lanes))
				}
				value := w.let("load double, ", d, " ", w.let("getelementptr inbounds double, ", d, " ", c.from, ", i64 ", at), ", align 8")
				w.line("  store double ", value, ", ", d, " ", w.let("getelementptr inbounds double, ", d, " ", c.to, ", i64 ", at), ", align 8")
			})
		}
	}
}

// row writes a loop over the entries of row i, a value, of a matrix with so many columns.
func (w *runWriter) row(i string, columns int, body func(at, j string)) {
	first := w.let("mul i64 ", i, ", ", strconv.Itoa(columns))
	w.each(columns, func(j string) { body(w.let("add i64 ", first, ", ", j), j) })
}

// stride is the distance to the next trajectory that a lane takes.
func (w *runWriter) stride() string {
	if w.gpu {
		return "%threads"
	}
	return "1"
}

// enter writes the inner loop and the end of the function. Steps that are cut are functions
// from one array to another, which change places.
func (w *runWriter) enter(parts []string) {
	m := w.module
	in := w.in
	v := vector(w.lanes, "double")
	space := m.Space
	m.Space = 0 // x and p lie in memory of the lanes
	defer func() { m.Space = space }()
	w.line("enter:")
	ints := vector(w.lanes, "i64")
	held := m.cast(w.arg["lane"], m.local("i64"), m.local(ints))
	held = m.let("load ", ints, ", ", m.local(ints), " ", held, ", align 8")
	w.line("  %active = icmp sge ", ints, " ", held, ", ", uniform("i64", "0", w.lanes))
	w.line("  %budget.in = load i64, ", m.local("i64"), " %budget.var, align 8")
	w.line("  %funds = icmp sgt i64 %budget.in, 0")
	w.line("  %go = and i1 %funds, ", w.anyOf("%active"))
	w.line("  br i1 %go, label %enter.active, label %leave")
	w.line("enter.active:")
	if parts == nil {
		w.inRegisters()
	} else {
		due := m.load(w.arg["due"], w.lanes)
		d := m.local("double")
		other := w.arg["Y"] // its other users are done
		w.line("  br label %loop\nloop:")
		if w.gpu { // one step
			w.line("  %from = getelementptr double, ", d, " ", w.arg["X"], ", i64 0")
			w.line("  %to = getelementptr double, ", d, " ", other, ", i64 0")
			w.line("  %budget = add i64 %budget.in, 0")
		} else {
			w.line("  %from = phi ", d, " [", w.arg["X"], ", %enter.active], [%to, %loop]")
			w.line("  %to = phi ", d, " [", other, ", %enter.active], [%from, %loop]")
			w.line("  %budget = phi i64 [%budget.in, %enter.active], [%budget.left, %loop]")
		}
		for _, f := range parts {
			w.line("  call void ", f, "(", v, " ", constant(0, w.lanes), ", ", d, " %from, ", d, " ", w.arg["Q"], ", ", d, " %to, ", d, " ", w.arg["W"], ")")
		}
		w.attention(m.load(m.at("%to", fuse.Status*w.lanes), w.lanes), m.load(m.at("%to", fuse.T*w.lanes), w.lanes), due)
		w.line("spill:")
		w.line("  %swapped = icmp ne ", d, " %to, ", w.arg["X"])
		w.line("  br i1 %swapped, label %copy, label %copied\ncopy:")
		name := "@llvm.memcpy.p0i8.p0i8.i64"
		b := m.local("i8")
		if m.Opaque {
			name = "@llvm.memcpy.p0.p0.i64"
		}
		m.declare[name] = "declare void " + name + "(" + b + ", " + b + ", i64, i1)"
		w.line("  call void ", name, "(", b, " align 8 ", m.cast(w.arg["X"], d, b), ", ", b, " align 8 ", m.cast("%to", d, b), ", i64 ", strconv.Itoa(8*in.Slots*w.lanes), ", i1 false)")
		w.line("  br label %copied\ncopied:")
	}
	w.set("budget", "%budget.left")
	m.Space = space
	if w.gpu {
		w.line("  br i1 %attend, label %again, label %enter\nagain:\n  br label %lane\nleave:")
		w.leaveGPU()
		return
	}
	w.line("  br i1 %attend, label %again, label %leave\nagain:\n  br label %lane\nleave:")
	w.line("  store i64 ", w.value("next"), ", ", m.local("i64"), " ", w.arg["&next"])
	for _, v := range []string{"budget", "ready", "given"} {
		w.line("  store i64 ", w.value(v), ", ", m.local("i64"), " ", w.arg["&"+v])
	}
	w.line("  ret void")
}

// anyOf is true if a truth value holds in a lane.
func (w *runWriter) anyOf(cond string) string {
	if w.lanes == 1 {
		return cond
	}
	bits := "i" + strconv.Itoa(w.lanes)
	return w.let("icmp ne ", bits, " ", w.let("bitcast ", vector(w.lanes, "i1"), " ", cond, " to ", bits), ", 0")
}

// attention ends the inner loop of a step in memory: a lane of which the status has changed, or the time has come
// to a time to save, wants attention.
func (w *runWriter) attention(status, t, due string) {
	v := vector(w.lanes, "double")
	truths := vector(w.lanes, "i1")
	changed := w.let("fcmp une ", v, " ", status, ", ", constant(fuse.Running, w.lanes))
	passed := w.let("fcmp oge ", v, " ", t, ", ", due)
	w.wanted("", w.let("and ", truths, " %active, ", w.let("or ", truths, " ", changed, ", ", passed)), w.lanes)
	w.again("", "spill", "loop")
}

// wanted says of the lanes that want attention which they are, a number %attention with a bit for each, and
// whether there are some, %attend; of tells the names of several groups apart.
func (w *runWriter) wanted(of, wants string, lanes int) {
	if lanes == 1 {
		w.line("  %attend", of, " = and i1 ", wants, ", true")
		return
	}
	bits := "i" + strconv.Itoa(lanes)
	w.line("  %attention", of, " = bitcast ", vector(lanes, "i1"), " ", wants, " to ", bits)
	w.line("  %attend", of, " = icmp ne ", bits, " %attention", of, ", 0")
}

// again ends a turn of the loop: on to the next one, unless lanes want attention or the budget is spent.
func (w *runWriter) again(of, spill, next string) {
	w.line("  %budget.left = sub i64 %budget, 1")
	if w.gpu {
		// Threads of a warp come together after each step, not when all have ended theirs.
		w.line("  br label %spill")
		return
	}
	w.line("  %spent = icmp sle i64 %budget.left, 0")
	w.line("  %stop = or i1 %attend", of, ", %spent")
	w.line("  br i1 %stop, label %", spill, ", label %", next)
}
