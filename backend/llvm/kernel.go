package llvm

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/mtkc/mtkc/backend"
)

// Refusal says why a kernel is not compiled; the vm runs it.
type Refusal struct {
	Kernel string
	Reason string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("kernel %s is not compiled: %s; it stays on the vm", r.Kernel, r.Reason)
}

// Entry is a function of a module, made from a kernel.
//
// That of one lane is
//
//	void name(double t, const double *u, const double *p, double *out, double *w)
//
// and that of more
//
//	void name(const double *const args[5])
//
// with the addresses of t, u, p, out and w, where entry i of lane l lies at [i*lanes + l]. Arrays
// that the kernel does not use may be null.
type Entry struct {
	Name    string
	Lanes   int
	Scratch int // length of w, all lanes
}

// check reports why a kernel cannot be translated, nil if it can.
func (t Target) check(k *backend.Kernel) error {
	refuse := func(format string, args ...any) error { return &Refusal{k.Name, fmt.Sprintf(format, args...)} }
	one := func(b *backend.Kernel) error {
		for _, in := range b.Code {
			switch {
			case in.Op == backend.Call:
				return refuse("it calls a function of the model, which is Go code")
			case in.Op == backend.W:
				return refuse("it is part of the initialization or binds parameters")
			case t.NoFMA && (in.Op == backend.FMA || !in.Op.Base()):
				return refuse("the processor has no fused multiply-add")
			}
		}
		for _, o := range b.Out {
			if o.Space == backend.Memory || o.Space == backend.Code {
				return refuse("it writes memory or an action code")
			}
		}
		return nil
	}
	if err := one(k); err != nil {
		return err
	}
	for i := range k.Steps {
		if err := one(k.Steps[i].Body); err != nil {
			return err
		}
	}
	return nil
}

// kernel writes the functions of a kernel. main is the length of its array out, which matters
// if entries that are not written are 0.
func (m *module) kernel(k *backend.Kernel, name string, lanes, main int) Entry {
	w := &kernelWriter{m: m, name: name, lanes: lanes}
	w.body(k, place{m: m, lanes: lanes, apart: lanes})
	w.entry(k, main)
	return Entry{name, lanes, w.scratch}
}

// body writes the functions that the entry calls.
func (w *kernelWriter) body(k *backend.Kernel, at place) {
	w.slots = k.Scratch * at.apart
	w.scratch = w.slots
	if len(k.Steps) == 0 {
		w.straight(k, at)
	}
	for i := range k.Steps {
		s := &k.Steps[i]
		fill := filling(k, i)
		switch {
		case s.N == 0:
			w.straight(s.Body, at)
		case fill != nil && at.lanes == 1 && at.apart == 1:
			w.loop(fill, at)
		default:
			w.loop(s, at)
		}
	}
}

// filling returns, for a step that writes one number to many entries of Main, a step that writes it to all entries from the first to the
// last of these, if the others are written later and most are meant: numbers side by side are written eight at a time. Else nil.
func filling(k *backend.Kernel, at int) *backend.Step {
	s := &k.Steps[at]
	if s.N == 0 || len(s.Body.Out) != 1 {
		return nil
	}
	o := s.Body.Out[0]
	if o.Space != backend.Main || s.Body.Code[o.Val].Op != backend.Const || s.Index[o.Index].List == nil {
		return nil
	}
	t := &s.Index[o.Index]
	lo, hi := slices.Min(t.List), slices.Max(t.List)
	n := int(hi-lo) + 1
	if n > 3*s.N {
		return nil
	}
	later := make([]bool, n)
	for _, e := range t.List {
		later[e-lo] = true
	}
	for i := range k.Steps[at+1:] {
		s := &k.Steps[at+1+i]
		for _, o := range s.Body.Out {
			for j := range max(1, s.N) {
				e := o.Index
				if s.N > 0 {
					e = s.Index[o.Index].At(j)
				}
				if o.Space == backend.Main && lo <= e && e <= hi {
					later[e-lo] = true
				}
			}
		}
	}
	if slices.Contains(later, false) {
		return nil
	}
	fill := *s
	fill.N, fill.Index = n, slices.Clone(s.Index)
	fill.Index[o.Index] = backend.Table{Base: lo, Stride: 1}
	return &fill
}

// kernelWriter is a kernel on its way to functions.
type kernelWriter struct {
	m       *module
	name    string
	lanes   int      // trajectories side by side
	slots   int      // where crossing values start in w
	scratch int      // length of w
	parts   []string // functions that the entry calls
	names   int      // given to functions
}

// parameters are those of the functions that the entry calls.
func (w *kernelWriter) parameters() string {
	d := w.m.pointer("double")
	return vector(w.lanes, "double") + " %t, " + d + " noalias nocapture readonly %u, " + d + " noalias nocapture readonly %p, " + d + " noalias nocapture %out, " + d + " noalias nocapture %w"
}

func (w *kernelWriter) arguments() string {
	d := w.m.pointer("double")
	return vector(w.lanes, "double") + " %t, " + d + " %u, " + d + " %p, " + d + " %out, " + d + " %w"
}

// attributes of a function whose values have so many lanes. 512 bits are used where vectors are
// that long, on processors too on which LLVM would rather not; and registers that are kept on
// the stack lie in one line of the cache.
func attributes(lanes int) string {
	if lanes < 4 {
		return " nounwind {\n"
	}
	return " nounwind alignstack(" + strconv.Itoa(min(8*lanes, 64)) + ") \"min-legal-vector-width\"=\"512\" \"prefer-vector-width\"=\"512\" {\n"
}

func (w *kernelWriter) part() string {
	name := "@" + w.name + "." + strconv.Itoa(w.names)
	w.names++
	w.parts = append(w.parts, name)
	return name
}

// entry writes the function that calls the parts.
func (w *kernelWriter) entry(k *backend.Kernel, main int) {
	m := w.m
	d := m.pointer("double")
	if w.lanes == 1 {
		m.line("define ", m.linkage, "void @", w.name, "(", w.parameters(), ")", attributes(1), "entry:")
	} else {
		m.line("define void @", w.name, "(", m.local(d), " %args)", attributes(w.lanes), "entry:")
		for i, name := range []string{"%at", "%u", "%p", "%out", "%w"} {
			a := m.let("getelementptr ", d, ", ", m.local(d), " %args, i64 ", strconv.Itoa(i))
			m.line("  ", name, " = load ", d, ", ", m.local(d), " ", a)
		}
		v := vector(w.lanes, "double")
		at := m.cast("%at", d, m.pointer(v))
		m.line("  %t = load ", v, ", ", m.pointer(v), " ", at, ", align 8")
	}
	if k.Zero {
		m.zero(unwritten(k, main), w.lanes)
	}
	for i, f := range w.parts {
		call := "  call void "
		if i == len(w.parts)-1 {
			call = "  tail call void " // a jump
		}
		m.line(call, f, "(", w.arguments(), ")")
	}
	m.line("  ret void\n}")
}

// unwritten lists the ranges of Main that no output writes, as pairs of the first entry and the one
// behind the last.
func unwritten(k *backend.Kernel, main int) [][2]int {
	wrote := make([]bool, main)
	for _, o := range k.Out {
		if o.Space == backend.Main {
			wrote[o.Index] = true
		}
	}
	for i := range k.Steps {
		s := &k.Steps[i]
		for _, o := range s.Body.Out {
			if o.Space != backend.Main {
				continue
			}
			if s.N == 0 {
				wrote[o.Index] = true
			}
			for j := range s.N {
				wrote[s.Index[o.Index].At(j)] = true
			}
		}
	}
	var list [][2]int
	for i, is := range wrote {
		switch n := len(list); {
		case is:
		case n > 0 && list[n-1][1] == i:
			list[n-1][1]++
		default:
			list = append(list, [2]int{i, i + 1})
		}
	}
	return list
}

// zero clears ranges of out, those with short gaps together: outputs come later.
func (m *module) zero(ranges [][2]int, lanes int) {
	for i := 0; i < len(ranges); {
		lo, hi := ranges[i][0], ranges[i][1]
		for i++; i < len(ranges) && ranges[i][0]-hi < 8; i++ {
			hi = ranges[i][1]
		}
		d := m.pointer("double")
		at := m.cast(m.at("%out", lo*lanes), d, m.pointer("i8"))
		name := "@llvm.memset.p0i8.i64"
		if m.Opaque {
			name = "@llvm.memset.p0.i64"
		}
		m.declare[name] = "declare void " + name + "(" + m.pointer("i8") + ", i8, i64, i1)"
		m.line("  call void ", name, "(", m.pointer("i8"), " align 8 ", at, ", i8 0, i64 ", strconv.Itoa(8*(hi-lo)*lanes), ", i1 false)")
	}
}

// straight writes straight-line code as functions of bounded length.
func (w *kernelWriter) straight(k *backend.Kernel, at place) {
	w.pieces(k, w.lanes, func(name string, _ *code, write func(place)) {
		w.m.line("define internal void ", name, "(", w.parameters(), ")", attributes(at.lanes), "entry:")
		write(at)
		w.m.line("  ret void\n}")
	})
}

// pieces cuts the code of a kernel and has frame write a function around each piece, which
// is written by the function that frame is given. Values that cross are kept in w.
func (w *kernelWriter) pieces(k *backend.Kernel, lanes int, frame func(name string, c *code, write func(place))) {
	cuts := w.m.cut(k)
	cross := newCrossing(k, cuts)
	w.scratch = max(w.scratch, w.slots+cross.count*lanes)
	from, o := 0, 0
	c := newCode(w.m, k, lanes)
	c.crossing = func(r backend.Ref) string {
		return w.m.load(w.m.at("%w", w.slots+int(cross.slot[r])*lanes), lanes)
	}
	w.m.buf = slices.Grow(w.m.buf, 150*len(k.Code))
	for piece, to := range cuts {
		c.forget()
		frame(w.part(), c, func(at place) {
			c.input = at.read
			for r := from; r < to; r++ {
				if !k.Code[r].Op.Input() {
					c.emit(backend.Ref(r))
				}
				if cross.slot[r] >= 0 && cross.last[r] > piece {
					w.m.store(c.number(backend.Ref(r)), w.m.at("%w", w.slots+int(cross.slot[r])*lanes), lanes)
				}
				for ; o < len(k.Out) && int(k.Out[o].Val) == r; o++ {
					at.write(k.Out[o], c.number(backend.Ref(r)))
				}
			}
		})
		from = to
	}
}

// cut returns the ends of pieces of bounded length.
func (m *module) cut(k *backend.Kernel) []int {
	var cuts []int
	most, n := m.chunk(), 0
	for r, in := range k.Code {
		if in.Op.Input() {
			continue
		}
		if n++; n > most {
			cuts = append(cuts, r)
			n = 1
		}
	}
	return append(cuts, len(k.Code))
}

// crossing gives the values that other pieces than their own need places in w. A place is free
// again behind the last piece that reads it.
type crossing struct {
	slot  []int32 // by value, -1: it does not cross
	last  []int   // by value: the last piece that reads it
	count int
}

func newCrossing(k *backend.Kernel, cuts []int) *crossing {
	n := len(k.Code)
	c := &crossing{slot: make([]int32, n), last: make([]int, n)}
	for r := range c.slot {
		c.slot[r] = -1
	}
	if len(cuts) == 1 {
		return c
	}
	piece := 0
	for r, in := range k.Code {
		for r >= cuts[piece] {
			piece++
		}
		k.Operands(in, func(a backend.Ref) { c.last[a] = piece })
	}
	expire := make([][]int32, len(cuts)) // places that are free behind a piece
	var free []int32
	from := 0
	for piece, to := range cuts {
		for r := from; r < to; r++ {
			if k.Code[r].Op.Input() || c.last[r] <= piece {
				continue
			}
			if m := len(free); m > 0 {
				c.slot[r] = free[m-1]
				free = free[:m-1]
			} else {
				c.slot[r] = int32(c.count)
				c.count++
			}
			expire[c.last[r]] = append(expire[c.last[r]], c.slot[r])
		}
		free = append(free, expire[piece]...)
		slices.Sort(free)
		slices.Reverse(free)
		from = to
	}
	return c
}
