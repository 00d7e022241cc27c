package fuse

import (
	"strconv"

	"github.com/mtkc/mtkc/backend"
)

// Large models. Where the right-hand side is a kernel with steps, so is the integrator: the
// steps of the right-hand side follow one another stage after stage, the same ones each
// time, and what is done for all states is a loop. So the code grows with the shapes of the
// model and not with its size. The right-hand side reads its states and writes its slopes
// in the scratch array; the loop that forms the next stage value moves the slopes to where they are
// kept. Norms are trees of sums of reduceBy terms.

// reduceBy is the number of terms that are added one after the other.
const reduceBy = 16

// sequence is a kernel of steps that is being made.
type sequence struct {
	c *common
	k *backend.Kernel
}

func (c *common) sequence(name string) *sequence {
	return &sequence{c, &backend.Kernel{Name: c.prog.Meta.Name + " " + c.in.Method + " " + name}}
}

// reserve returns a part of the scratch array.
func (s *sequence) reserve(n int) int {
	at := s.k.Scratch
	s.k.Scratch += n
	return at
}

// once adds straight-line code.
func (s *sequence) once(name string, emit func(e *emitter)) { s.add(name, 0, emit) }

// each adds a loop over n instances.
func (s *sequence) each(name string, n int, emit func(e *emitter)) { s.add(name, n, emit) }

func (s *sequence) add(name string, n int, emit func(e *emitter)) {
	e := &emitter{Builder: backend.NewBuilder(name), c: s.c, loop: n > 0}
	emit(e)
	s.k.Steps = append(s.k.Steps, backend.Step{Name: name, Body: e.Finish(), N: n, Index: e.index})
}

// callee is a kernel of the model made ready to be called from a sequence: it reads its
// states from the scratch array, from in on, and writes its results there from out on.
type callee struct {
	s       *sequence
	in, out int
	time    int // entry of the time
	steps   []backend.Step
}

// callee prepares a kernel with size results. Entries that it does not write are 0.
func (s *sequence) callee(k *backend.Kernel, size int) *callee {
	f := &callee{s: s, in: s.reserve(s.c.n), out: s.reserve(size), time: s.reserve(1)}
	own := s.reserve(k.Scratch)
	steps := k.Steps
	if len(steps) == 0 {
		steps = []backend.Step{{Name: k.Name, Body: k}}
	}
	written := make([]bool, size)
	for i := range steps {
		f.steps = append(f.steps, f.relocate(&steps[i], own, written))
	}
	var rest []int
	for i, w := range written {
		if !w {
			rest = append(rest, i)
		}
	}
	if len(rest) > 0 {
		s.once("zeros", func(e *emitter) {
			for _, i := range rest {
				e.Output(backend.Scratch, f.out+i, e.Number(0))
			}
		})
	}
	return f
}

// call runs the kernel. time gives the time where it reads that.
func (f *callee) call(time func(e *emitter) ref) {
	f.s.once("time", func(e *emitter) { e.Output(backend.Scratch, f.time, time(e)) })
	f.s.k.Steps = append(f.s.k.Steps, f.steps...)
}

// relocate returns a step of the callee with its states, results, scratch array and time in
// the scratch array of the sequence, and notes the results that it writes.
func (f *callee) relocate(s *backend.Step, own int, written []bool) backend.Step {
	body := *s.Body
	r := backend.Step{Name: s.Name, Body: &body, N: s.N, Data: s.Data, Ordered: s.Ordered}
	type key struct{ table, shift int32 }
	placed := map[key]int32{}
	// place names an entry, or a table of entries, shifted.
	place := func(table int32, shift int) int32 {
		if s.N == 0 {
			return table + int32(shift)
		}
		k := key{table, int32(shift)}
		at, ok := placed[k]
		if !ok {
			at = int32(len(r.Index))
			placed[k] = at
			r.Index = append(r.Index, shifted(s.Index[table], int32(shift)))
		}
		return at
	}
	body.Code = append([]backend.Instr(nil), body.Code...)
	for i := range body.Code {
		switch in := &body.Code[i]; in.Op {
		case backend.U:
			in.Op, in.A = backend.S, place(in.A, f.in)
		case backend.S:
			in.A = place(in.A, own)
		case backend.P:
			in.A = place(in.A, 0)
		case backend.Time:
			in.Op, in.A = backend.S, int32(f.time)
			if s.N > 0 {
				in.A = int32(len(r.Index))
				r.Index = append(r.Index, backend.Table{Base: int32(f.time)})
			}
		}
	}
	body.Out = append([]backend.Output(nil), body.Out...)
	for i := range body.Out {
		o := &body.Out[i]
		if o.Space == backend.Scratch {
			o.Index = place(o.Index, own)
			continue
		}
		for j := range max(1, s.N) {
			entry := o.Index
			if s.N > 0 {
				entry = s.Index[o.Index].At(j)
			}
			written[entry] = true
		}
		o.Space, o.Index = backend.Scratch, place(o.Index, f.out)
	}
	return r
}

// shifted is a table whose entries are larger by a number.
func shifted(t backend.Table, by int32) backend.Table {
	t.Base += by
	if t.List != nil {
		list := make([]int32, len(t.List))
		for i, e := range t.List {
			list[i] = e + by
		}
		t.List = list
	}
	return t
}

// padded reserves n entries that reduce may read blocks of.
func (s *sequence) padded(n int) int { return s.reserve((n + reduceBy - 1) / reduceBy * reduceBy) }

// sum adds up n entries of the scratch array from a padded part at, and returns where the sum is.
func (s *sequence) sum(at, n int) int { return s.reduce("sum", at, n, (*emitter).add) }

// largest is sum for the largest of numbers that are not negative.
func (s *sequence) largest(at, n int) int {
	return s.reduce("largest", at, n, func(e *emitter, a, b ref) ref { return e.most(b, a) })
}

func (s *sequence) reduce(name string, at, n int, join func(e *emitter, a, b ref) ref) int {
	for n > reduceBy {
		blocks := (n + reduceBy - 1) / reduceBy
		if rest := blocks*reduceBy - n; rest > 0 {
			s.once("padding", func(e *emitter) {
				for i := range rest {
					e.Output(backend.Scratch, at+n+i, e.Number(0))
				}
			})
		}
		to := s.padded(blocks)
		s.each(name+" of "+strconv.Itoa(reduceBy), blocks, func(e *emitter) {
			entry := func(j int) ref { return e.Builder.Input(backend.S, int32(e.at(at+j, reduceBy))) }
			v := entry(0)
			for j := 1; j < reduceBy; j++ {
				v = join(e, v, entry(j))
			}
			e.put(backend.Scratch, to, v)
		})
		at, n = to, blocks
	}
	to := s.reserve(1)
	s.once(name, func(e *emitter) {
		v := e.Input(backend.S, int32(at))
		for i := 1; i < n; i++ {
			v = join(e, v, e.Input(backend.S, int32(at+i)))
		}
		e.Output(backend.Scratch, to, v)
	})
	return to
}

// copies adds a loop that copies n entries.
func (s *sequence) copies(name string, n int, from backend.Op, at int, to backend.Space, put int) {
	s.each(name, n, func(e *emitter) { e.put(to, put, e.each(from, at)) })
}

// beginSteps is begin of a model with steps.
func (c *common) beginSteps(order int) *backend.Kernel {
	s := c.sequence("begin")
	f := s.callee(c.f, c.n)
	f0, h0, sound := s.reserve(c.n), s.reserve(1), s.padded(c.n)
	terms := [3]int{s.padded(c.n), s.padded(c.n), s.padded(c.n)}
	term := func(e *emitter, i int, v ref) {
		u := e.each(backend.U, StateAt)
		x := e.div(v, e.scaleOver(e.each(backend.P, c.np+AbsTol), u, u))
		e.put(backend.Scratch, terms[i], e.mul(x, x))
	}
	root := func(e *emitter, sum int) ref { return e.rootMean(e.Input(backend.S, int32(sum))) }
	s.copies("states", c.n, backend.U, StateAt, backend.Scratch, f.in)
	f.call(func(e *emitter) ref { return e.x(T) })
	s.each("norms of the states and their slopes", c.n, func(e *emitter) {
		slope := e.each(backend.S, f.out)
		e.put(backend.Scratch, f0, slope)
		e.put(backend.Main, c.slopeAt(), slope)
		e.put(backend.Main, StateAt, e.each(backend.U, StateAt))
		e.put(backend.Scratch, sound, e.mul(slope, e.Number(0)))
		term(e, 0, e.each(backend.U, StateAt))
		term(e, 1, slope)
	})
	d0, d1, bad := s.sum(terms[0], c.n), s.sum(terms[1], c.n), s.sum(sound, c.n)
	s.once("trial step", func(e *emitter) { e.Output(backend.Scratch, h0, e.trial(root(e, d0), root(e, d1))) })
	s.each("end of the trial step", c.n, func(e *emitter) {
		e.put(backend.Scratch, f.in, e.fma(e.Input(backend.S, int32(h0)), e.each(backend.S, f0), e.each(backend.U, StateAt)))
	})
	f.call(func(e *emitter) ref { return e.add(e.x(T), e.Input(backend.S, int32(h0))) })
	s.each("norm of the change of slopes", c.n, func(e *emitter) {
		term(e, 2, e.sub(e.each(backend.S, f.out), e.each(backend.S, f0)))
	})
	d2 := s.sum(terms[2], c.n)
	s.once("first step", func(e *emitter) {
		e.ready(order, e.Input(backend.S, int32(h0)), root(e, d1), root(e, d2), e.Input(backend.S, int32(bad)))
	})
	if rest := c.in.Slots - c.oldAt(); rest > 0 {
		s.each("zeros", rest, func(e *emitter) { e.put(backend.Main, c.oldAt(), e.Number(0)) })
	}
	return s.k
}
