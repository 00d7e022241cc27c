package structural

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// entry is the highest derivative of a chain in an equation.
type entry struct {
	chain int32
	order int32
	solve bool // the equation may be solved for it
}

// signature is the system seen as equations over chains: a chain is a variable with
// its time derivatives. Entries are Pryce's signature matrix in sparse form.
type signature struct {
	w       *work
	chains  [][]int32 // variables of each chain by order
	chainOf []int32   // by variable
	orderOf []int32
	ptr     []int32
	entries []entry

	c []int32 // times each equation is differentiated
	d []int32 // order of the highest derivative of each chain
	m *graph.Matching
}

func (s *signature) row(i int32) []entry { return s.entries[s.ptr[i]:s.ptr[i+1]] }

// newSignature collects the chains of all unknowns and the entries of all equations.
func newSignature(w *work) *signature {
	s := &signature{w: w, ptr: []int32{0}}
	n := len(w.vars)
	s.chainOf, s.orderOf = make([]int32, n), make([]int32, n)
	for i := range s.chainOf {
		s.chainOf[i] = none
	}
	used := w.mentioned()
	w.dropped = map[int32]bool{}
	for v := range int32(n) {
		if !w.unknown(v) || w.vars[v].integ != none {
			continue
		}
		j := int32(len(s.chains))
		var c []int32
		for x := v; x != none; x = w.vars[x].der {
			c = append(c, x)
		}
		for used != nil && len(c) > 1 && w.vars[c[len(c)-1]].sys == none && !used[c[len(c)-1]] {
			w.dropped[c[len(c)-1]] = true
			c = c[:len(c)-1]
		}
		for o, x := range c {
			s.chainOf[x], s.orderOf[x] = j, int32(o)
		}
		s.chains = append(s.chains, c)
	}
	at := make([]int32, len(s.chains)) // 1 + position in entries
	for i := range w.eqs {
		q := &w.eqs[i]
		w.normalise(q)
		start := int32(len(s.entries))
		w.atoms(q.res, func(a expr.ID) {
			r, v := w.roleOf(a)
			if r != roleVar {
				return
			}
			j, o := s.chainOf[v], s.orderOf[v]
			if k := at[j]; k > start {
				if e := &s.entries[k-1]; o > e.order {
					e.order, e.solve = o, w.solvable(q, v)
				}
				return
			}
			s.entries = append(s.entries, entry{j, o, w.solvable(q, v)})
			at[j] = int32(len(s.entries))
		})
		s.ptr = append(s.ptr, int32(len(s.entries)))
	}
	s.c, s.d = make([]int32, len(w.eqs)), make([]int32, len(s.chains))
	for _, e := range s.entries {
		if e.solve {
			s.d[e.chain] = max(s.d[e.chain], e.order)
		}
	}
	for j, c := range s.chains {
		// A derivative that only a condition mentions must be computable too.
		s.d[j] = max(s.d[j], int32(len(c)-1))
	}
	return s
}

// mentioned marks the variables that occur anywhere, where some may have dropped out
// of the equations: their derivatives need no equation any more. Else it returns nil.
func (w *work) mentioned() []bool {
	if !w.repaired && len(w.opt.evaluate) == 0 {
		return nil
	}
	used := make([]bool, len(w.vars))
	w.mark.reset()
	see := func(e expr.ID) {
		if e == expr.None {
			return
		}
		w.walkAtoms(e, func(a expr.ID) {
			if r, v := w.roleOf(a); r == roleVar {
				used[v] = true
			}
		})
	}
	// What a variable of the model is equal to must be known.
	for v := range w.vars {
		if w.vars[v].sys == none || w.vars[v].pseudo {
			continue
		}
		if r := w.elim.repr[w.elim.find(int32(v))].v; r != none {
			used[r] = true
		}
	}
	for i := range w.eqs {
		see(w.eqs[i].res)
	}
	for i := range w.init {
		see(w.init[i].res)
	}
	for i := range w.rels {
		see(w.rels[i].term)
	}
	for _, c := range w.hyb.clauses {
		for i := range c {
			for _, t := range c[i].conds {
				see(t)
			}
			for _, a := range c[i].actions {
				see(a.value)
				see(a.cond)
				see(a.guard)
				if a.kind == model.ReinitAction {
					used[a.target] = true
				}
			}
		}
	}
	for _, a := range w.hyb.asserts {
		see(a.cond)
		see(a.guard)
	}
	return used
}

// unknown reports whether v is a representative that the equations determine.
func (w *work) unknown(v int32) bool {
	r, i := w.roleOf(w.vars[v].atom)
	return r == roleVar && i == v && w.elim.repr[w.elim.find(v)].v == v && w.elim.value[w.elim.find(v)] == expr.None
}

// normalise moves negations of a discrete-typed equation to the other side.
func (w *work) normalise(q *equation) {
	if q.lhs == expr.None {
		return
	}
	p := w.pool
	isNot := func(e expr.ID) bool { return p.Op(e) == expr.OpNot && p.Op(p.Args(e)[0]) == expr.OpSym }
	if isNot(q.lhs) && p.Op(q.rhs) != expr.OpSym {
		q.lhs, q.rhs = p.Args(q.lhs)[0], p.Fn(expr.OpNot, q.rhs)
	} else if isNot(q.rhs) && p.Op(q.lhs) != expr.OpSym {
		q.lhs, q.rhs = p.Fn(expr.OpNot, q.lhs), p.Args(q.rhs)[0]
	}
	q.res = p.Sub(q.lhs, q.rhs)
}

// solvable reports whether equation q may determine variable v: equations between
// discrete terms only the variable that stands alone on a side, real equations only
// real variables.
func (w *work) solvable(q *equation, v int32) bool {
	a := w.vars[v].atom
	if q.lhs != expr.None {
		return q.lhs == a || q.rhs == a
	}
	return w.vars[v].typ == model.RealType
}

// pattern is the graph of equations and chains in which an equation is incident to
// the chains that it may determine through any derivative.
func (s *signature) pattern() *graph.Bipartite {
	g := graph.New(len(s.chains))
	var cols []int32
	for i := range int32(len(s.w.eqs)) {
		cols = cols[:0]
		for _, e := range s.row(i) {
			if e.solve {
				cols = append(cols, e.chain)
			}
		}
		g.AddRow(cols...)
	}
	return g
}
