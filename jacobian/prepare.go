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

// leaf reports a number or truth value.
func (w *work) leaf(e expr.ID) bool { return w.p.Op(e) <= expr.OpFalse }

// prepare selects the assignments that the rows need, finds those that depend on the
// atoms, and names large subterms that occur more than once, so that nothing large is
// walked through twice from here on. It reports whether any row depends on the atoms.
func (w *work) prepare(seq []structural.Assign, rows []expr.ID) bool {
	p := w.p
	for k := range seq {
		w.facts.at(seq[k].Target).assign = int32(k)
	}
	// Needed assignments.
	need := make([]bool, len(seq))
	var mark func(e expr.ID)
	mark = func(e expr.ID) {
		f := w.facts.at(e)
		if f.stamp == 1 {
			return
		}
		f.stamp = 1
		if p.IsAtom(e) {
			if f.assign >= 0 {
				need[f.assign] = true
			}
			return
		}
		for _, a := range p.Args(e) {
			if !w.leaf(a) {
				mark(a)
			}
		}
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
	// read, and an order in which everything comes after what it needs. All terms have
	// facts by now, so that pointers stay good.
	type step struct {
		term expr.ID
		seq  int32 // the assignment whose value this completes, -1
	}
	var order []step
	var survey func(e expr.ID) *fact
	survey = func(e expr.ID) *fact {
		f := w.facts.at(e)
		if f.stamp == 2 {
			return f
		}
		f.stamp = 2
		if p.IsAtom(e) {
			f.moves = f.moves || f.col >= 0
			return f
		}
		for _, a := range p.Args(e) {
			if !w.leaf(a) {
				g := survey(a)
				g.uses++
				f.moves = f.moves || g.moves
			}
		}
		if p.Op(e) > expr.OpSym {
			order = append(order, step{e, -1})
		}
		return f
	}
	for k := range seq {
		if !need[k] {
			continue
		}
		f := survey(seq[k].Value)
		f.uses++
		// A target that is itself an atom to differentiate by stays that.
		if t := w.facts.at(seq[k].Target); f.moves && t.col < 0 {
			t.moves = true
			order = append(order, step{seq[k].Target, int32(k)})
		}
	}
	some := false
	for _, r := range rows {
		f := survey(r)
		f.uses++
		some = some || f.moves
	}
	if !some {
		return false
	}
	// Sizes, with named parts counting as one.
	memo := map[expr.ID]expr.ID{} // rewriting
	rewriting := false
	rewritten := func(e expr.ID) expr.ID {
		if !rewriting {
			return e
		}
		return p.Transform(e, memo, func(expr.ID) (expr.ID, bool) { return expr.None, false })
	}
	for k := range seq {
		w.facts.at(seq[k].Target).assign = -1
	}
	add := func(a structural.Assign, label string) {
		f := w.facts.at(a.Target)
		f.assign, f.moves = int32(len(w.seq)), true
		w.seq = append(w.seq, a)
		w.label = append(w.label, label)
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
			if w.leaf(a) {
				n++
			} else {
				n = min(n+max(w.facts.at(a).size, 1), 1<<20)
			}
		}
		f := w.facts.at(s.term)
		if f.uses > 1 && n >= sharedSize && !p.Op(s.term).Info().Bool {
			moves := f.moves
			a := structural.Assign{Target: w.fresh(), Value: rewritten(s.term), Eq: -1}
			rewriting = true
			memo[s.term] = a.Target
			w.m.Seq = append(w.m.Seq, a)
			w.m.Labels = append(w.m.Labels, "")
			if moves {
				add(a, "shared"+strconv.Itoa(len(w.m.Seq)))
			}
			n = 1
		}
		w.facts.at(s.term).size = n
	}
	w.rows = make([]expr.ID, len(rows))
	for i, r := range rows {
		w.rows[i] = rewritten(r)
	}
	return true
}

// count finds the assignments that more than one term reads.
func (w *work) count() {
	w.shared = make([]bool, len(w.seq))
	once := make([]bool, len(w.seq))
	stamp := int32(2)
	var read func(e expr.ID)
	read = func(e expr.ID) {
		f := w.facts.at(e)
		if f.stamp == stamp {
			return
		}
		f.stamp = stamp
		if w.p.IsAtom(e) {
			if k := f.assign; k >= 0 {
				w.shared[k] = w.shared[k] || once[k]
				once[k] = true
			}
			return
		}
		for _, a := range w.p.Args(e) {
			if !w.leaf(a) {
				read(a)
			}
		}
	}
	for k := range w.seq {
		stamp++
		read(w.seq[k].Value)
	}
	for _, r := range w.rows {
		stamp++
		read(r)
	}
}
