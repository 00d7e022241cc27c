package structural

import (
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// finish chooses a representative for every class of equal variables, merges their
// attributes into it and substitutes it into all equations. A representative of
// a derivative has the sign of the derivative.
func (e *elimination) finish() {
	w := e.w
	e.grow()
	n := len(w.vars)
	members := make([][]int32, n)
	for v := range int32(n) {
		r := e.find(v)
		members[r] = append(members[r], v)
	}
	repr := make([]signed, n)
	for i := range repr {
		repr[i] = signed{none, 1}
	}
	// Bases of chains first, then along the derivatives.
	var queue []int32
	for r := range int32(n) {
		if e.parent[r] == r && e.value[r] == expr.None && e.integ[r].v == none {
			queue = append(queue, r)
		}
	}
	for k := 0; k < len(queue); k++ {
		r := queue[k]
		want := int8(0) // sign that a member must have relative to the root
		if in := e.integ[r]; in.v != none {
			x := e.find(in.v)
			want = in.s * e.signTo(in.v) * repr[x].s // root = want * d/dt repr(x)
		}
		best, score := none, -1
		for _, v := range members[r] {
			if want != 0 && e.signTo(v) != want {
				continue
			}
			if s := e.merit(v); s > score {
				best, score = v, s
			}
		}
		if best == none {
			x := repr[e.find(e.integ[r].v)].v
			best = int32(len(w.vars))
			a := w.fresh("der(" + w.name(x) + ")")
			w.vars = append(w.vars, variable{atom: a, sys: none, der: none, integ: none, start: expr.None})
			w.setRole(a, roleVar, best)
			e.grow()
			e.parent[best], e.sign[best] = r, want
			repr = append(repr, signed{none, 1})
			members = append(members, nil)
			members[r] = append(members[r], best)
		}
		repr[r] = signed{best, e.signTo(best)}
		if d := e.der[r]; d.v != none {
			if q := e.find(d.v); e.value[q] == expr.None && repr[q].v == none {
				queue = append(queue, q)
			}
		}
	}
	e.repr = repr
	for r := range int32(n) {
		if e.parent[r] != r || e.value[r] != expr.None || repr[r].v == none {
			continue
		}
		v := &w.vars[repr[r].v]
		v.der, v.integ = none, none
		if d := e.der[r]; d.v != none {
			if q := e.find(d.v); e.value[q] == expr.None {
				v.der = repr[q].v
			}
		}
		if in := e.integ[r]; in.v != none {
			v.integ = repr[e.find(in.v)].v
		}
		e.mergeAttributes(repr[r].v, members[r])
	}
	for v := range int32(n) {
		e.checkConstantStart(v)
	}
	kept := w.eqs[:0]
	for i := range w.eqs {
		if e.gone[i] {
			continue
		}
		q := w.eqs[i]
		e.apply(&q)
		kept = append(kept, q)
	}
	w.eqs = kept
	for i := range w.init {
		e.apply(&w.init[i])
	}
	for i := range w.rels {
		w.rels[i].term = e.replace(w.rels[i].term)
	}
}

// extend makes the variables that came after the elimination representatives of
// themselves.
func (e *elimination) extend() {
	e.grow()
	for v := len(e.repr); v < len(e.w.vars); v++ {
		e.repr = append(e.repr, signed{int32(v), 1})
	}
}

// checkConstantStart compares the fixed start of a variable that is constant with its
// value; where the value depends on free parameters, the start is an initial equation.
func (e *elimination) checkConstantStart(v int32) {
	w := e.w
	x := &w.vars[v]
	val := e.value[e.find(v)]
	if val == expr.None || !x.fixed || x.start == expr.None || x.typ != model.RealType {
		return
	}
	t := e.replacement(v)
	a, b := w.number(t), w.number(x.start)
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		w.init = append(w.init, equation{lhs: expr.None, rhs: expr.None, src: -1, res: w.pool.Sub(t, x.start)})
	case math.Abs(a-b) > looseStart*max(math.Abs(a), math.Abs(b)):
		w.list.Add(w.varPos(v), "E601", "make the start value a guess, or change one of the two", "too many initial conditions: %s is constant, %g, but its start value is fixed at %g", w.name(v), a, b)
	}
}

// replace substitutes what the elimination found into a term.
func (e *elimination) replace(t expr.ID) expr.ID {
	w := e.w
	w.memo.reset()
	return w.rewrite(t, func(a expr.ID) expr.ID {
		if r, i := w.roleOf(a); r == roleVar {
			return e.replacement(i)
		}
		return a
	})
}

// merit orders the candidates for representing a class: the user's wish, a fixed
// start, any start, having its derivative taken, being a variable of the model.
func (e *elimination) merit(v int32) int {
	x := &e.w.vars[v]
	if x.sys == none {
		return 0
	}
	s := 1
	switch x.hint {
	case model.StateAlways:
		s += 64
	case model.StatePrefer:
		s += 48
	case model.StateDefault:
		s += 32
	case model.StateAvoid:
		s += 16
	}
	if x.fixed {
		s += 8
	}
	if x.start != expr.None {
		s += 4
	}
	if x.der != none {
		s += 2
	}
	return s
}

// mergeAttributes gives the representative of a class the best start value of its
// members: a fixed one before a guess, its own before others. Fixed starts that
// disagree are an error.
func (e *elimination) mergeAttributes(rep int32, members []int32) {
	w := e.w
	best := rep
	rank := func(v int32) int {
		k := 0
		if w.vars[v].fixed {
			k = 2
		}
		if w.vars[v].start != expr.None {
			k++
		}
		return k
	}
	for _, v := range members {
		if rank(v) > rank(best) {
			best = v
		}
	}
	rs := e.signTo(rep)
	for _, v := range members {
		x, y := &w.vars[v], &w.vars[best]
		if v == best || !x.fixed || !y.fixed || x.sys == none || y.sys == none {
			continue
		}
		sv := float64(e.signTo(v) * e.signTo(best))
		a, b := w.startNumber(v)*sv, w.startNumber(best)
		if math.Abs(a-b) > 1e-9*max(math.Abs(a), math.Abs(b)) {
			p := w.sys.Vars[x.sys].Pos
			w.list.Add(p, "E305", "fix the start value of one of them only", "%s and %s are equal up to sign but have different fixed start values, %g and %g", w.name(v), w.name(best), w.startNumber(v), w.startNumber(best))
		}
	}
	r := &w.vars[rep]
	if best == rep {
		return
	}
	b := &w.vars[best]
	r.fixed = b.fixed
	if b.start == expr.None {
		return
	}
	t := b.start
	if rs*e.signTo(best) < 0 {
		t = w.pool.Neg(t)
	}
	r.start = w.startParam("start("+w.name(rep)+")", int(r.sys), t)
}

func (w *work) startNumber(v int32) float64 {
	if s := w.vars[v].start; s != expr.None {
		return w.number(s)
	}
	return 0
}
