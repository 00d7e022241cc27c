package fuse

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Explicit Runge-Kutta methods for models with steps: what erk.go does for all states at once
// as loops.

// stageSums are the stages of a step in a sequence: where the slopes are.
type stageSums struct {
	m    *erk
	s    *sequence
	f    *callee
	u    int   // entry of x where the step begins, of the first state
	k    []int // by stage: part of the scratch array
	x    []int // or entries of x, where positive
	last int   // stage whose slopes still stand where f wrote them
	h    func(e *emitter) ref
}

// slope reads an entry of stage j.
func (g *stageSums) slope(e *emitter, j int) ref {
	switch {
	case g.x[j] > 0:
		return e.each(backend.U, g.x[j])
	case j == g.last:
		return e.each(backend.S, g.f.out)
	}
	return e.each(backend.S, g.k[j])
}

// sum is the chain of coefficients times the slopes of one state.
func (g *stageSums) sum(e *emitter, a []float64) ref {
	k := make([][]ref, len(a))
	for j, v := range a {
		if v != 0 {
			k[j] = []ref{g.slope(e, j)}
		}
	}
	if s := e.sum(a, k, 0); s != backend.None {
		return s
	}
	return e.Number(0)
}

// value adds a loop that forms u + h sum a_j k_j where f reads its states, and keeps the slopes of
// the last call.
func (g *stageSums) value(name string, a []float64) {
	g.s.each(name, g.m.n, func(e *emitter) {
		u := e.each(backend.U, g.u)
		e.put(backend.Scratch, g.f.in, e.fma(g.h(e), g.sum(e, a), u))
		if g.last >= 0 {
			e.put(backend.Scratch, g.k[g.last], e.each(backend.S, g.f.out))
		}
	})
	g.last = -1
}

// stage makes stage i of the step, at a time.
func (g *stageSums) stage(i int, a []float64, time func(e *emitter) ref) {
	g.value("stage value", a)
	g.f.call(time)
	g.last = i
	if g.k[i] == 0 {
		g.k[i] = g.s.reserve(g.m.n)
	}
}

func (m *erk) stagesOf(s *sequence, u int) *stageSums {
	return &stageSums{m: m, s: s, f: s.callee(m.f, m.n), u: u, k: make([]int, len(m.A)+1), x: make([]int, len(m.A)+1), last: -1}
}

// stepSteps is step of a model with steps.
func (m *erk) stepSteps() *backend.Kernel {
	s := m.sequence("step")
	g := m.stagesOf(s, StateAt)
	g.x[0] = m.slopeAt()
	length := s.reserve(1)
	g.h = func(e *emitter) ref { return e.Input(backend.S, int32(length)) }
	s.once("length of the step", func(e *emitter) { e.Output(backend.Scratch, length, e.attempt().h) })
	for i := 1; i < m.s; i++ {
		g.stage(i, m.A[i], func(e *emitter) ref { return e.attempt().node(m.C[i]) })
	}
	if !m.FSAL {
		g.stage(m.end, m.B, func(e *emitter) ref { return e.attempt().tn })
	}
	// The solution stands where f has read it, its slopes where f has written them, unless an
	// interpolant needs further stages.
	unewAt := g.f.in
	if m.in.Events && len(m.A) > m.end+1 {
		unewAt = s.reserve(m.n)
		s.copies("end of the step", m.n, backend.S, g.f.in, backend.Scratch, unewAt)
		for i := m.end + 1; i < len(m.A); i++ {
			g.stage(i, m.A[i], func(e *emitter) ref { return e.attempt().node(m.C[i]) })
		}
	}
	e1, e2 := s.padded(m.n), 0
	if m.E2 != nil {
		e2 = s.padded(m.n)
	}
	s.each("error", m.n, func(e *emitter) {
		unew := e.each(backend.S, unewAt)
		weight := e.div(e.Number(1), e.scaleOver(e.each(backend.P, m.np+AbsTol), e.each(backend.U, StateAt), unew))
		r := e.mul(g.sum(e, m.E), weight)
		v := e.fma(unew, e.Number(0), e.mul(r, r))
		if !m.FSAL || m.E[m.end] == 0 {
			v = e.fma(g.slope(e, m.end), e.Number(0), v)
		}
		e.put(backend.Scratch, e1, v)
		if m.E2 != nil {
			r = e.mul(g.sum(e, m.E2), weight)
			e.put(backend.Scratch, e2, e.mul(r, r))
		}
	})
	n1, n2 := s.sum(e1, m.n), 0
	if m.E2 != nil {
		n2 = s.sum(e2, m.n)
	}
	var w *watch
	changes, rough := 0, 0
	if m.in.Events {
		w = newWatch(len(m.Dense[0]))
		changes, rough = m.samplesSteps(g, w, unewAt)
	}
	accepted := s.reserve(1)
	s.once("decision", func(e *emitter) {
		a := e.attempt()
		share := e.mul(e.mul(a.h, a.h), e.Number(1/float64(m.n)))
		norm := func(sum int) ref { return e.fma(share, e.Input(backend.S, int32(sum)), e.Number(leastSquare)) }
		square := norm(n1)
		if m.E2 != nil {
			square = e.combined(square, norm(n2))
		}
		o := outcome{square: square, event: backend.None, pivot: backend.None}
		if m.in.Events {
			o.event = e.Input(backend.S, int32(changes))
			o.limits = []limit{{e.Input(backend.S, int32(rough)), w.d + 1, true}}
		}
		e.Output(backend.Scratch, accepted, a.decide(m.ctl, m.estimate, o))
	})
	s.each("end of the step", m.n, func(e *emitter) {
		accept := e.Input(backend.S, int32(accepted))
		choose := func(at int, v ref) { e.put(backend.Main, at, e.sel(accept, v, e.each(backend.U, at))) }
		choose(StateAt, e.each(backend.S, unewAt))
		choose(m.slopeAt(), g.slope(e, m.end))
		if m.opt.Dense {
			choose(m.oldAt(), e.each(backend.U, StateAt))
			for j, i := range m.kept {
				choose(m.oldAt()+(1+j)*m.n, g.slope(e, i))
			}
		}
	})
	return s.k
}

// samplesSteps is samples of a model with steps; it returns the entries of the scratch array where
// the two results are.
func (m *erk) samplesSteps(g *stageSums, w *watch, unewAt int) (changes, rough int) {
	s := g.s
	rels := m.prog.Meta.Hybrid.Relations
	f := s.callee(m.prog.Crossings, len(rels))
	var kept []int // indicators by sample
	keep := func(theta float64) {
		f.call(func(e *emitter) ref { return e.attempt().node(theta) })
		at := s.reserve(len(rels))
		s.copies("indicators", len(rels), backend.S, f.out, backend.Scratch, at)
		kept = append(kept, at)
	}
	s.copies("start of the step", m.n, backend.U, StateAt, backend.Scratch, f.in)
	keep(0)
	for _, theta := range w.at {
		if theta == 1 {
			s.copies("end of the step", m.n, backend.S, unewAt, backend.Scratch, f.in)
		} else {
			b := m.weights(theta)
			s.each("inside of the step", m.n, func(e *emitter) {
				e.put(backend.Scratch, f.in, e.fma(g.h(e), g.sum(e, b), e.each(backend.U, StateAt)))
			})
		}
		keep(theta)
	}
	// Relations of one kind are a loop.
	type kind struct {
		kind   ode.RelationKind
		strict bool
	}
	groups := map[kind][]int32{}
	var kinds []kind
	for i := range rels {
		k := kind{rels[i].Kind, rels[i].Strict}
		if groups[k] == nil {
			kinds = append(kinds, k)
		}
		groups[k] = append(groups[k], int32(i))
	}
	change, miss := s.padded(len(rels)), s.padded(len(rels))
	for _, k := range kinds {
		list := groups[k]
		s.each("relations", len(list), func(e *emitter) {
			entries := func(base int) int {
				t := make([]int32, len(list))
				for j, i := range list {
					t[j] = int32(base) + i
				}
				return e.table(backend.NewTable(t))
			}
			slots := make([]int32, len(list))
			for j, i := range list {
				slots[j] = int32(rels[i].Slot)
			}
			values := make([]ref, len(kept))
			for j, at := range kept {
				values[j] = e.Builder.Input(backend.S, int32(entries(at)))
			}
			memory := e.Builder.Input(backend.P, int32(e.table(backend.NewTable(slots))))
			c, r := e.relation(w, k.kind, k.strict, memory, values)
			e.Output(backend.Scratch, entries(change), e.sel(c, e.Number(1), e.Number(0)))
			e.Output(backend.Scratch, entries(miss), r)
		})
	}
	return s.largest(change, len(rels)), s.largest(miss, len(rels))
}

// saveSteps is save of a model with steps.
func (m *erk) saveSteps() *backend.Kernel {
	s := m.sequence("save")
	g := m.stagesOf(s, m.oldAt())
	for j, i := range m.kept {
		g.x[i] = m.oldAt() + (1+j)*m.n
	}
	g.x[m.end] = m.slopeAt()
	g.h = func(e *emitter) ref { return e.sub(e.x(T), e.x(TOld)) }
	for i := max(m.s, m.end+1); i < len(m.A); i++ {
		g.stage(i, m.A[i], func(e *emitter) ref { return e.fma(e.Number(m.C[i]), g.h(e), e.x(TOld)) })
	}
	weights := s.reserve(len(m.Dense))
	s.once("weights", func(e *emitter) {
		theta := e.div(e.sub(e.x(TSave), e.x(TOld)), g.h(e))
		for i, row := range m.Dense {
			e.Output(backend.Scratch, weights+i, e.horner(row, theta))
		}
	})
	s.each("interpolant", m.n, func(e *emitter) {
		v := backend.None
		for j, row := range m.Dense {
			if nonzero(row) {
				v = e.chain(v, e.Input(backend.S, int32(weights+j)), g.slope(e, j))
			}
		}
		v = e.fma(g.h(e), v, e.each(backend.U, m.oldAt()))
		e.put(backend.Main, 0, e.sel(e.eq(e.x(TSave), e.x(T)), e.each(backend.U, StateAt), v))
	})
	return s.k
}
