package structural

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// hybrid collects the discrete part while the equations are translated.
type hybrid struct {
	constants map[expr.ID]expr.ID // values of constants and structural parameters
	freeStart map[int32]expr.ID   // guess of a free parameter, by index into Params
	// freeBinding is the binding of a parameter to free ones, by index into Params.
	freeBinding map[int32]expr.ID
	discrete    []discrete
	samples     []Sample
	sampleOf    map[[2]expr.ID]int32
	shadow      map[int32]int32 // variable with pre() -> its entry of discrete
	pos         diag.Pos        // of what is being translated

	clauses       [][]branch
	asserts       []action
	renamed       map[expr.ID]expr.ID // relations that need no memory
	knownTerm     map[expr.ID]expr.ID // terms constant in time, in parameters
	initialReinit []equation          // reinit() at initialization
}

// discrete is a variable that changes at events only: set by when-clauses, or the
// memory of an unknown of discrete type whose pre() is asked for.
type discrete struct {
	sys      int
	cur, pre expr.ID
	start    expr.ID
	shadow   int32 // the atom that it remembers, or none

	initial        expr.ID // value that a when-clause gives it at initialization, or None
	curVar, preVar int32   // variables of the initial system
}

// relation is a comparison that became a memory atom.
type relation struct {
	atom expr.ID
	term expr.ID // the comparison, in atoms
}

func (w *work) addDiscrete(sys int) {
	v := &w.sys.Vars[sys]
	k := int32(len(w.hyb.discrete))
	d := discrete{sys: sys, cur: v.Sym, start: expr.None, shadow: none, initial: expr.None}
	w.setRole(v.Sym, roleDiscrete, k)
	d.pre = w.fresh("pre(" + v.Name + ")")
	w.setRole(d.pre, rolePre, k)
	w.hyb.discrete = append(w.hyb.discrete, d)
}

// previous is pre(e) for a translated term.
func (w *work) previous(e expr.ID, ctx context) expr.ID {
	w2 := w.pool
	if w2.Op(e) != expr.OpSym {
		if w.constant(e) {
			return e
		}
		var r expr.ID
		w.aside(func() {
			r = w.rewrite(e, func(a expr.ID) expr.ID {
				if a == expr.Time {
					return a
				}
				return w.previous(a, ctx)
			})
		})
		return r
	}
	role, i := w.roleOf(e)
	switch role {
	case roleParam, roleKnown, rolePre, roleSample:
		return e
	case roleDiscrete:
		return w.hyb.discrete[i].pre
	case roleRelation:
		// The previous value of a relation: a discrete of its own.
		return w.shadowOf(e, -1, none)
	case roleVar:
		v := &w.vars[i]
		if v.typ == model.RealType || v.sys == none {
			if ctx == inEquation {
				w.list.Add(w.hyb.pos, "E312", "use it within a when-clause, or declare the variable discrete", "pre(%s) of a continuous variable outside a when-clause", w.name(i))
			}
			return e // the left limit: events see the values before any reinit
		}
		return w.shadowOf(e, int(v.sys), i)
	}
	return e
}

// started is what initial() negates: pre(true), which is false while the initial values
// are found and true from the first update on, together with every other pre.
func (w *work) started() expr.ID { return w.shadowOf(expr.True, -1, none) }

// shadowOf returns pre(e) of an unknown of discrete type: it gets a memory of its own
// that each update sets to its present value.
func (w *work) shadowOf(e expr.ID, sys int, v int32) expr.ID {
	key := int32(e)
	if k, ok := w.hyb.shadow[key]; ok {
		return w.hyb.discrete[k].pre
	}
	name := "true"
	if e != expr.True {
		name = w.pool.Name(e)
	}
	k := int32(len(w.hyb.discrete))
	d := discrete{sys: sys, start: expr.None, shadow: key, initial: expr.None}
	d.cur = w.fresh("memory(" + name + ")")
	w.setRole(d.cur, roleDiscrete, k)
	d.pre = w.fresh("pre(" + name + ")")
	w.setRole(d.pre, rolePre, k)
	if v != none {
		d.start = w.vars[v].start
	}
	w.hyb.shadow[key] = k
	w.hyb.discrete = append(w.hyb.discrete, d)
	return d.pre
}

// relationAtom returns the memory of a comparison; comparisons of parameters alone
// stay as they are.
func (w *work) relationAtom(e expr.ID) expr.ID {
	if i, ok := w.relOf[e]; ok {
		return w.rels[i].atom
	}
	if w.constant(e) {
		return e
	}
	i := int32(len(w.rels))
	a := w.fresh(fmt.Sprintf("$rel%d", i+1))
	w.setRole(a, roleRelation, i)
	w.rels = append(w.rels, relation{atom: a, term: e})
	w.relOf[e] = i
	return a
}

func (w *work) sampleAtom(start, interval expr.ID) expr.ID {
	key := [2]expr.ID{start, interval}
	if i, ok := w.hyb.sampleOf[key]; ok {
		return w.hyb.samples[i].Atom
	}
	i := int32(len(w.hyb.samples))
	a := w.fresh(fmt.Sprintf("$sample%d", i+1))
	w.setRole(a, roleSample, i)
	w.hyb.samples = append(w.hyb.samples, Sample{Atom: a, Start: start, Interval: interval})
	w.hyb.sampleOf[key] = i
	return a
}
