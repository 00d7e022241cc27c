package structural

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// noNoise reports a noise in a term where no noise can be.
func (w *work) noNoise(e expr.ID, pos diag.Pos, where string) {
	if name := w.noiseIn(e); name != "" {
		w.misplaced(pos, where, name)
	}
}

func (w *work) misplaced(pos diag.Pos, where, name string) {
	w.list.Add(pos, "E317", "white noise has no value at an instant: let it drive a state, der(x) = a - x + b*noise, and use the state",
		"%s depends on the noise %s", where, strings.TrimSuffix(strings.TrimPrefix(name, "der("), ")"))
}

// checkCurved reports what is not linear in noise and on the way to derivatives. What is not on the way is told of by
// checkOutputs.
func (w *work) checkCurved(c *carriers) {
	if len(c.curved) == 0 {
		return
	}
	used := w.towardsDerivatives()
	for k := range w.plan.Seq {
		x := &w.plan.Seq[k]
		if _, ok := c.curved[x.Target]; !ok || !used[x.Target] {
			continue
		}
		if _, ok := c.affine.Of(x.Value); ok {
			continue // it follows from another one
		}
		if in := c.of(x.Value); in != nil {
			w.list.Add(c.equationPos(x.Eq, in), "E318", "white noise can only be multiplied with what holds no noise, and added: der(x) = f + g*noise",
				"%s is not linear in the noise %s", w.equationText(w.assigned(x)), c.name(in))
		}
	}
}

// towardsDerivatives marks what derivatives and residuals depend on.
func (w *work) towardsDerivatives() map[expr.ID]bool {
	pl := w.plan
	used := map[expr.ID]bool{}
	for _, d := range pl.Deriv {
		used[d] = true
	}
	for _, list := range [][]Residual{pl.Residuals, pl.Invariants} {
		for i := range list {
			w.atoms(list[i].Value, func(a expr.ID) { used[a] = true })
		}
	}
	for k := len(pl.Seq) - 1; k >= 0; k-- {
		if used[pl.Seq[k].Target] {
			w.atoms(pl.Seq[k].Value, func(a expr.ID) { used[a] = true })
		}
	}
	return used
}

// checkNoise reports noise in places that take a function of time.
func (w *work) checkNoise(c *carriers) {
	pl := w.plan
	for _, list := range []struct {
		of         []Residual
		what, next string
	}{
		{pl.Residuals, "the algebraic equation", "solve it for the variable that holds the noise, v = a + b*noise, or give that variable a derivative: white noise through a first-order lag"},
		{pl.Invariants, "the constraint", "let the noise drive what the constraint leaves free"},
	} {
		for i := range list.of {
			if list.what == "the algebraic equation" && c.isSolved(i) {
				continue
			}
			if in := c.of(list.of[i].Value); in != nil {
				w.list.Add(c.equationPos(list.of[i].Eq, in), "E319", list.next, "the noise %s is in %s %s", c.name(in), list.what, pl.Text(&Residual{Value: list.of[i].Value, Eq: list.of[i].Eq, From: list.of[i].From, src: list.of[i].src}))
			}
		}
	}
	at := func(e expr.ID, pos diag.Pos, where string) {
		if e == expr.None {
			return
		}
		if in := c.of(w.elim.replace(e)); in != nil {
			w.misplaced(pos, where, c.name(in))
		}
	}
	for i := range w.rels {
		r := &w.rels[i]
		if in := c.of(r.term); in != nil {
			pos := w.sys.Noises[in[0]].Pos
			w.atoms(r.term, func(a expr.ID) {
				if k, ok := c.index[a]; ok && len(c.parts[k]) > 0 {
					if _, v := w.roleOf(a); v != none && int(v) < len(w.vars) && w.vars[v].atom == a {
						pos = w.varPos(v)
					}
				}
			})
			w.misplaced(pos, "the condition "+w.pool.Text(r.term, expr.TextOptions{Limit: dumpLimit}), c.name(in))
		}
	}
	for _, clause := range w.hyb.clauses {
		for j := range clause {
			b := &clause[j]
			for _, e := range b.conds {
				at(e, b.pos, "the condition of an event")
			}
			for i := range b.actions {
				x := &b.actions[i]
				for _, e := range []expr.ID{x.value, x.cond, x.guard} {
					if e != 0 {
						at(e, x.pos, "an event")
					}
				}
			}
		}
	}
	for i := range w.hyb.asserts {
		at(w.hyb.asserts[i].cond, w.hyb.asserts[i].pos, "an assertion")
	}
	for i := range w.sys.Scheduled {
		e := &w.sys.Scheduled[i]
		for _, list := range [][]expr.ID{e.Indicators, {e.Delay, e.Priority}, e.Values, e.Factors} {
			for _, s := range list {
				at(s, e.Pos, "the event "+e.Name)
			}
		}
	}
	for i := range w.sys.Delays {
		for _, s := range []expr.ID{w.sys.Delays[i].Of, w.sys.Delays[i].Tau, w.sys.Delays[i].Before} {
			at(s, w.sys.Delays[i].Pos, "a delayed value")
		}
	}
	for i := range w.init {
		q := &w.init[i]
		in := c.of(q.res)
		if in == nil {
			continue
		}
		// A derivative at the start is that of the part without noise.
		held := false
		w.atoms(q.res, func(a expr.ID) {
			if w.isNoise(a) {
				held = true
			}
			if _, ok := c.index[a]; ok {
				if r, v := w.roleOf(a); r != roleVar || w.vars[v].integ == none {
					held = true
				}
			}
		})
		if held {
			w.misplaced(w.pos(q), "the initial equation "+w.equationText(q), c.name(in))
		}
	}
	if !w.failed() {
		w.checkOutputs(c)
	}
}

// checkOutputs looks at what holds noise and is on the way to no derivative. A noise that is in
// such places alone would be lost; else its carrier is shown without it.
func (w *work) checkOutputs(c *carriers) {
	pl := w.plan
	used := w.towardsDerivatives()
	drives := make([]bool, len(w.sys.Noises))
	for _, d := range pl.Deriv {
		if i, ok := c.index[d]; ok {
			for _, p := range c.parts[i] {
				drives[p.noise] = true
			}
		}
	}
	var shown []string
	var first diag.Pos
	for k := range pl.Seq {
		x := &pl.Seq[k]
		in := c.of(x.Target)
		if in == nil || used[x.Target] {
			continue
		}
		for _, n := range in {
			if drives[n] {
				continue
			}
			drives[n] = true // said once
			w.list.Add(c.equationPos(x.Eq, []int32{n}), "E319", "white noise has no value at an instant: let it drive a state, der(x) = a - x + b*noise, and use the state",
				"the noise %s reaches no derivative: it is in the algebraic equation %s", w.pool.Name(w.sys.Noises[n].Sym), w.equationText(w.assigned(x)))
		}
		if v, isVar := w.sys.VarOf(x.Target); isVar && !w.elim.simple(x.Value) {
			if len(shown) == 0 {
				first = c.equationPos(x.Eq, in)
			}
			shown = append(shown, w.sys.Vars[v].Name)
		}
	}
	if len(shown) > 0 && !w.failed() {
		text := shown[0] + " holds"
		if n := len(shown); n > 1 {
			text = strings.Join(shown[:min(n, maxNamed)], ", ")
			if n > maxNamed {
				text += fmt.Sprintf(" and %d more", n-maxNamed)
			}
			text += " hold"
		}
		w.note(first, "W311", "nothing, if only states are looked at", "%s white noise, which has no value at an instant: what is shown is the value without the noise", text)
	}
}

// checkIto reports terms whose time derivative the ordinary chain rule gives, although they are
// not linear in variables that Ito noise drives.
func (w *work) checkIto(c *carriers) {
	for _, t := range w.tangents {
		e := w.elim.replace(t.term)
		driven := map[expr.ID][]int32{}
		var atoms []expr.ID
		w.atoms(e, func(a expr.ID) {
			r, v := w.roleOf(a)
			if r != roleVar || w.vars[v].der == none {
				return
			}
			var ito []int32
			for _, k := range c.of(w.elim.replacement(w.vars[v].der)) {
				if !w.sys.Noises[k].Stratonovich {
					ito = append(ito, k)
				}
			}
			if ito != nil {
				driven[a] = ito
				atoms = append(atoms, a)
			}
		})
		if len(atoms) == 0 {
			continue
		}
		names, derivs := w.pool.Gradient(e, func(a expr.ID) bool { return driven[a] != nil })
		for i, d := range derivs {
			for _, a := range atoms {
				k := slices.IndexFunc(driven[a], func(k int32) bool { return slices.Contains(driven[names[i]], k) })
				if k < 0 || w.pool.Diff(d, a, nil) == expr.Zero {
					continue
				}
				w.list.Add(t.pos, "E320", "use StratonovichNoise, for which the chain rule holds, or write the equation with the correction of Ito's lemma",
					"the derivative of %s is needed, which is not linear in %s, driven by the Ito noise %s", w.pool.Text(e, expr.TextOptions{Limit: dumpLimit}), w.pool.Name(a), c.name(driven[a][k:]))
				return
			}
		}
	}
}
