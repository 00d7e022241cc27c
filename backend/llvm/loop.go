package llvm

import (
	"strconv"

	"github.com/mtkc/mtkc/backend"
)

// place says where the inputs and outputs of code lie: entries of the arrays %u, %p, %out and
// %w of the function, or, in a loop, what its tables name for instance %i.
type place struct {
	m     *module
	lanes int // of values
	apart int // numbers from an entry of an array to the next: trajectories side by side
	close int // the same of %out, where it differs; 0: it does not

	step   *backend.Step // nil: straight-line code
	vector bool          // the lanes are instances %i, %i+1, ...
	follow []bool        // by table of the step: the entries of these follow each other; nil: nothing is known
	index  map[entry]string
	lead   []backend.Lead // of the step
}

// entry is what a table names for instance %i, in numbers of an array, or, where apart is -1-l, for that of lane l.
type entry struct {
	table int32
	apart int
}

// apartOut is the distance of entries of an array that is written.
func (a place) apartOut(s backend.Space) int {
	if s == backend.Main && a.close > 0 {
		return a.close
	}
	return a.apart
}

// array is the name of the array of an input.
func array(op backend.Op) string {
	switch op {
	case backend.U:
		return "%u"
	case backend.P:
		return "%p"
	}
	return "%w"
}

// read loads an input.
func (a place) read(op backend.Op, index int32) string {
	m := a.m
	switch {
	case op == backend.Time && a.vector:
		return m.splat("%t", "double", a.lanes)
	case op == backend.Time:
		return "%t"
	case op == backend.Data:
		row := a.step.Data[index]
		items := make([]string, len(row))
		for i, v := range row {
			items[i] = number(v)
		}
		at := m.entryOf(m.table("double", items), "double", len(row), "%i")
		if !a.vector {
			return m.splat(m.let("load double, ", m.local("double"), " ", at, ", align 8"), "double", a.lanes)
		}
		v := vector(a.lanes, "double")
		if !m.Opaque {
			at = m.let("bitcast double* ", at, " to ", v, "*")
		}
		return m.let("load ", v, ", ", m.local(v), " ", at, ", align 8")
	case a.step == nil:
		return m.load(m.at(array(op), int(index)*a.apart), a.lanes)
	}
	t := &a.step.Index[index]
	switch {
	case !a.vector:
		return m.load(a.address(array(op), index, a.apart), a.lanes)
	case t.List == nil && t.Stride == 0:
		return m.splat(m.load(m.at(array(op), int(t.Base)), 1), "double", a.lanes)
	case a.follows(index):
		return m.load(a.address(array(op), index, a.apart), a.lanes)
	}
	return a.gather(array(op), index)
}

// write stores an output.
func (a place) write(o backend.Output, value string) {
	m := a.m
	to := "%out"
	if o.Space == backend.Scratch {
		to = "%w"
	}
	apart := a.apartOut(o.Space)
	if a.step == nil {
		m.store(value, m.at(to, int(o.Index)*apart), a.lanes)
		return
	}
	if !a.vector || a.follows(o.Index) {
		m.store(value, a.address(to, o.Index, apart), a.lanes)
		return
	}
	for l := range a.lanes {
		v := m.let("extractelement ", vector(a.lanes, "double"), " ", value, ", i32 ", strconv.Itoa(l))
		m.store(v, a.addressOf(to, o.Index, l), 1)
	}
}

// follows reports whether the entries that a table names for the lanes follow each other.
func (a place) follows(index int32) bool {
	t := &a.step.Index[index]
	return t.List == nil && t.Stride == 1 || a.follow != nil && a.follow[index]
}

// addressOf is that of the entry that a table names for the instance of a lane.
func (a place) addressOf(array string, index int32, lane int) string {
	m := a.m
	t := &a.step.Index[index]
	if t.List == nil {
		return m.at(a.address(array, index, 1), lane*int(t.Stride))
	}
	first := a.lead[index]
	key := entry{first.Table, -1 - lane}
	e, ok := a.index[key]
	if !ok {
		t := &a.step.Index[first.Table]
		at := m.entryOf(a.list(t), "i32", len(t.List), "%i")
		at = m.let("getelementptr inbounds i32, ", m.local("i32"), " ", at, ", i64 ", strconv.Itoa(lane))
		e = m.let("sext i32 ", m.let("load i32, ", m.local("i32"), " ", at, ", align 4"), " to i64")
		a.index[key] = e
	}
	return m.at(m.let("getelementptr inbounds double, ", m.pointer("double"), " ", array, ", i64 ", e), first.Ahead)
}

// address is that of the entry that a table names for instance %i.
func (a place) address(array string, index int32, apart int) string {
	m := a.m
	key := entry{index, apart}
	e, ok := a.index[key]
	if l := a.lead[index]; !ok && l.Table != index {
		a.address(array, l.Table, apart)
		e = m.let("add i64 ", a.index[entry{l.Table, apart}], ", ", strconv.Itoa(l.Ahead*apart))
		a.index[key] = e
	} else if !ok {
		t := &a.step.Index[index]
		if t.List != nil {
			at := m.entryOf(a.list(t), "i32", len(t.List), "%i")
			e = m.let("sext i32 ", m.let("load i32, ", m.local("i32"), " ", at, ", align 4"), " to i64")
		} else {
			e = "%i"
			if t.Stride != 1 {
				e = m.let("mul i64 ", e, ", ", strconv.Itoa(int(t.Stride)))
			}
			if t.Base != 0 {
				e = m.let("add i64 ", e, ", ", strconv.Itoa(int(t.Base)))
			}
		}
		if apart > 1 {
			e = m.let("mul i64 ", e, ", ", strconv.Itoa(apart))
		}
		a.index[key] = e
	}
	return m.let("getelementptr inbounds double, ", m.pointer("double"), " ", array, ", i64 ", e)
}

// list is the constant table of the entries.
func (a place) list(t *backend.Table) string {
	items := make([]string, len(t.List))
	for i, e := range t.List {
		items[i] = strconv.Itoa(int(e))
	}
	return a.m.table("i32", items)
}

// entries are those that a table names for the instances of all lanes.
func (a place) entries(index int32) string {
	m := a.m
	key := entry{index, 0}
	if e, ok := a.index[key]; ok {
		return e
	}
	t := &a.step.Index[index]
	ints := vector(a.lanes, "i64")
	var e string
	if t.List != nil {
		at := m.entryOf(a.list(t), "i32", len(t.List), "%i")
		v := vector(a.lanes, "i32")
		if !m.Opaque {
			at = m.let("bitcast i32* ", at, " to ", v, "*")
		}
		e = m.let("sext ", v, " ", m.let("load ", v, ", ", m.local(v), " ", at, ", align 4"), " to ", ints)
	} else {
		first := m.let("add i64 ", m.let("mul i64 %i, ", strconv.Itoa(int(t.Stride))), ", ", strconv.Itoa(int(t.Base)))
		far := "<"
		for l := range a.lanes {
			if l > 0 {
				far += ", "
			}
			far += "i64 " + strconv.Itoa(l*int(t.Stride))
		}
		e = m.let("add ", ints, " ", m.splat(first, "i64", a.lanes), ", ", far, ">")
	}
	a.index[key] = e
	return e
}

// gather reads entries that lie anywhere.
func (a place) gather(array string, index int32) string {
	m := a.m
	e := a.entries(index)
	d, v := m.pointer("double"), vector(a.lanes, "double")
	ptrs := vector(a.lanes, d)
	p := m.let("getelementptr inbounds double, ", d, " ", array, ", ", vector(a.lanes, "i64"), " ", e)
	name := "@llvm.masked.gather." + suffix(a.lanes, "f64") + "." + suffix(a.lanes, "p0f64")
	if m.Opaque {
		name = "@llvm.masked.gather." + suffix(a.lanes, "f64") + "." + suffix(a.lanes, "p0")
	}
	m.declare[name] = "declare " + v + " " + name + "(" + ptrs + ", i32, " + vector(a.lanes, "i1") + ", " + v + ")"
	return m.let("call ", v, " ", name, "(", ptrs, " ", p, ", i32 8, ", vector(a.lanes, "i1"), " ", uniform("i1", "true", a.lanes), ", ", v, " undef)")
}

// uniform reports whether an instruction is an input that is the same for all instances.
func (a place) uniform(in backend.Instr) bool {
	switch in.Op {
	case backend.Time:
		return true
	case backend.S:
		if a.step.Ordered {
			return false
		}
		fallthrough
	case backend.U, backend.P:
		t := &a.step.Index[in.A]
		return t.List == nil && t.Stride == 0
	}
	return false
}

// readUniform loads such an input before the loop.
func (a place) readUniform(in backend.Instr) string {
	if a.vector || in.Op == backend.Time {
		return a.read(in.Op, in.A)
	}
	return a.m.load(a.m.at(array(in.Op), int(a.step.Index[in.A].Base)*a.apart), a.lanes)
}

// loop writes a loop over instances: eight at a time where their order does not matter and
// there are as many, else one by one. The last eight may overlap the ones before: computing an
// instance again gives the same.
func (w *kernelWriter) loop(s *backend.Step, at place) {
	n := w.m.lanes()
	at.step, at.lead = s, s.Leads()
	if w.lanes > 1 || at.apart > 1 || n == 1 || s.Ordered || s.N < n {
		w.turns(s, at, nil)
		return
	}
	cut := cutInto(s, n)
	wide := at
	wide.lanes, wide.vector, wide.follow = n, true, cut.follow
	if cut.follow != nil {
		if len(cut.wide) > 0 {
			w.turns(s, wide, cut.wide)
		}
		if len(cut.half) > 0 {
			half := wide
			half.lanes = n / 2
			w.turns(s, half, cut.half)
		}
		if len(cut.rest) == 0 {
			return
		}
		wide.follow = nil
	}
	switch {
	case gathers(s):
		w.turns(s, wide, inBlocks(cut.rest, n, s.N))
	default:
		w.turns(s, at, cut.rest)
	}
}

// turns writes a loop over all instances, or over blocks of them, given by their first ones.
func (w *kernelWriter) turns(s *backend.Step, at place, blocks []int) {
	m := w.m
	stride := 1
	if at.vector {
		stride = at.lanes
	}
	fresh := func() place {
		b := at
		b.index = map[entry]string{}
		return b
	}
	begin := func() (end func()) {
		if blocks != nil {
			return m.beginBlocks(blocks)
		}
		return m.beginLoop(s.N, stride)
	}
	if s.Body.Ops() <= m.chunk() {
		w.pieces(s.Body, at.lanes, func(name string, c *code, write func(place)) {
			m.line("define internal void ", name, "(", w.parameters(), ")", attributes(at.lanes), "entry:")
			for r, in := range s.Body.Code {
				if at.uniform(in) {
					c.num[r] = at.readUniform(in)
				}
			}
			end := begin()
			write(fresh())
			end()
			m.line("  ret void\n}")
		})
		return
	}
	// The body is cut: its pieces are functions of the instance.
	first := len(w.parts)
	w.pieces(s.Body, at.lanes, func(name string, _ *code, write func(place)) {
		m.line("define internal void ", name, "(", w.parameters(), ", i64 %i)", attributes(at.lanes), "entry:")
		write(fresh())
		m.line("  ret void\n}")
	})
	pieces := append([]string(nil), w.parts[first:]...)
	w.parts = w.parts[:first]
	m.line("define internal void ", w.part(), "(", w.parameters(), ")", attributes(at.lanes), "entry:")
	end := begin()
	for _, f := range pieces {
		m.line("  call void ", f, "(", w.arguments(), ", i64 %i)")
	}
	end()
	m.line("  ret void\n}")
}

// beginBlocks writes the head of a loop in which %i takes the given values and returns what writes its end.
func (m *module) beginBlocks(first []int) (end func()) {
	items := make([]string, len(first))
	for k, i := range first {
		items[k] = strconv.Itoa(i)
	}
	table := m.table("i32", items)
	m.line("  br label %loop\nloop:")
	m.line("  %block = phi i64 [0, %entry], [%next, %latch]")
	at := m.entryOf(table, "i32", len(items), "%block")
	m.line("  %first = load i32, ", m.local("i32"), " ", at, ", align 4")
	m.line("  %i = sext i32 %first to i64")
	return func() {
		m.line("  br label %latch\nlatch:") // the body may end in another block
		m.line("  %next = add i64 %block, 1")
		m.line("  %more = icmp slt i64 %next, ", strconv.Itoa(len(items)))
		m.line("  br i1 %more, label %loop, label %done\ndone:")
	}
}

// beginLoop writes the head of a loop over %i and returns what writes its end.
func (m *module) beginLoop(n, stride int) (end func()) {
	m.line("  br label %loop\nloop:")
	m.line("  %i = phi i64 [0, %entry], [%next, %latch]")
	return func() {
		m.line("  br label %latch\nlatch:")
		if n%stride == 0 {
			m.line("  %next = add i64 %i, ", strconv.Itoa(stride))
		} else {
			last := strconv.Itoa(n - stride)
			m.line("  %further = add i64 %i, ", strconv.Itoa(stride))
			m.line("  %over = icmp sgt i64 %further, ", last)
			m.line("  %ended = icmp eq i64 %i, ", last)
			m.line("  %clipped = select i1 %over, i64 ", last, ", i64 %further")
			m.line("  %next = select i1 %ended, i64 ", strconv.Itoa(n), ", i64 %clipped")
		}
		m.line("  %more = icmp slt i64 %next, ", strconv.Itoa(n))
		m.line("  br i1 %more, label %loop, label %done\ndone:")
	}
}
