package jacobian

import (
	"strconv"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/structural"
)

// sharedSize is the number of subterms from which on a term that occurs more than
// once is made an assignment of its own.
const sharedSize = 12

// fresh returns a symbol that no model can have: the name starts with a control
// character.
func (w *work) fresh() expr.ID {
	return w.p.Sym("\x01" + w.tag + strconv.Itoa(len(w.m.Seq)))
}

// prepare selects the assignments that the rows need, finds those that depend on the
// atoms, and names large subterms that occur more than once, so that nothing large is
// walked through twice from here on.
func (w *work) prepare(seq []structural.Assign, rows []expr.ID) {
	p := w.p
	compound := func(t expr.ID) bool { return !p.IsAtom(t) }
	index := make(map[expr.ID]int32, len(seq))
	for k := range seq {
		index[seq[k].Target] = int32(k)
	}
	// Needed assignments.
	need := make([]bool, len(seq))
	seen := map[expr.ID]bool{}
	mark := func(e expr.ID) {
		p.Walk(e, seen, compound, func(t expr.ID) {
			if k, ok := index[t]; ok && p.IsAtom(t) {
				need[k] = true
			}
		})
	}
	for _, r := range rows {
		mark(r)
	}
	for k := len(seq) - 1; k >= 0; k-- {
		if need[k] {
			mark(seq[k].Value)
		}
	}
	// One walk in the order of the assignments: which terms move, how often they are
	// read, and an order in which everything comes after what it needs.
	type step struct {
		term expr.ID
		seq  int32 // the assignment whose value this completes, -1
	}
	var order []step
	moves := map[expr.ID]bool{}
	uses := map[expr.ID]int32{}
	clear(seen)
	visit := func(t expr.ID) {
		if p.IsAtom(t) {
			if _, ok := w.col[t]; ok {
				moves[t] = true
			}
			return
		}
		for _, a := range p.Args(t) {
			if moves[a] {
				moves[t] = true
			}
			if !p.IsAtom(a) {
				uses[a]++
			}
		}
		if p.Op(t) > expr.OpSym {
			order = append(order, step{t, -1})
		}
	}
	walk := func(e expr.ID) {
		p.Walk(e, seen, compound, visit)
		uses[e]++
	}
	for k := range seq {
		if !need[k] {
			continue
		}
		a := &seq[k]
		walk(a.Value)
		if moves[a.Value] {
			// A target that is itself an atom to differentiate by stays that.
			if _, ok := w.col[a.Target]; !ok {
				moves[a.Target] = true
				order = append(order, step{a.Target, int32(k)})
			}
		}
	}
	for _, r := range rows {
		walk(r)
	}
	// Sizes, with named parts counting as one.
	size := map[expr.ID]int32{}
	memo := map[expr.ID]expr.ID{} // rewriting
	some := false
	keep := func(expr.ID) (expr.ID, bool) { return expr.None, false }
	w.target = map[expr.ID]int32{}
	add := func(a structural.Assign, label string) {
		w.target[a.Target] = int32(len(w.seq))
		w.seq = append(w.seq, a)
		w.label = append(w.label, label)
	}
	rewritten := func(e expr.ID) expr.ID {
		if !some {
			return e
		}
		return p.Transform(e, memo, keep)
	}
	for _, s := range order {
		if s.seq >= 0 {
			a := seq[s.seq]
			a.Value = rewritten(a.Value)
			add(a, "")
			continue
		}
		n := int32(1)
		for _, a := range p.Args(s.term) {
			n = min(n+max(size[a], 1), 1<<20)
		}
		if uses[s.term] > 1 && n >= sharedSize && !p.Op(s.term).Info().Bool {
			a := structural.Assign{Target: w.fresh(), Value: rewritten(s.term), Eq: -1}
			some = true
			memo[s.term] = a.Target
			w.m.Seq = append(w.m.Seq, a)
			w.m.Labels = append(w.m.Labels, "")
			if moves[s.term] {
				add(a, "shared"+strconv.Itoa(len(w.m.Seq)))
			}
			n = 1
		}
		size[s.term] = n
	}
	w.rows = make([]expr.ID, len(rows))
	for i, r := range rows {
		w.rows[i] = rewritten(r)
	}
}
