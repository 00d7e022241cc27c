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
	kinked        bool                // equations or conditions hold abs, min or max
	timeTerm      map[expr.ID]expr.ID // unknowns that are terms in time, see scheduled
	initialReinit []equation          // reinit() at initialization
}

// discrete is a variable that changes at events only: set by when-clauses, or the
// memory of an unknown of discrete type whose pre() is asked for.
type discrete struct {
	sys      int
	cur, pre expr.ID
	start    expr.ID
	shadow   int32 // the atom that it remembers, or none
	left     bool  // that atom changes between events as well

	initial        expr.ID // value that a when-clause gives it at initialization, or None
	curVar, preVar int32   // variables of the initial system
}

// relation is a comparison, or another function that jumps, that became a memory atom.
type relation struct {
	atom  expr.ID
	kind  RelationKind
	term  expr.ID // the comparison, in atoms; of sign, floor and trunc the argument
	timed bool    // it changes at instants that are known beforehand
}

type relationKey struct {
	kind RelationKind
	term expr.ID
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
			if ctx == inEquation || ctx == inSmooth {
				w.list.Add(w.hyb.pos, "E312", "use it within a when-clause, or declare the variable discrete", "pre(%s) of a continuous variable outside a when-clause", w.name(i))
			}
			if v.der != none || w.failed() {
				return e // a state: events see the values before any reinit
			}
			return w.leftLimit(e, int(v.sys), i)
		}
		return w.shadowOf(e, int(v.sys), i)
	}
	return e
}

// quietly marks a function with a kink, and sign, within noEvent, for kinks.
func (w *work) quietly(r expr.ID) expr.ID {
	switch w.pool.Op(r) {
	case expr.OpAbs, expr.OpMin, expr.OpMax, expr.OpSign:
		if !w.quiet(r) {
			return w.pool.Fn(expr.OpNoEvent, r)
		}
	}
	return r
}

// kinks gives abs, min and max in the plan of the simulation and in relations the memories
// that watch them: a step across a kink loses the order of every method. It comes last,
// so that the analysis sees these functions as what they are. Their derivatives, which
// index reduction may have put there as sign and comparisons within noEvent, jump: they
// become relations that make events.
func (w *work) kinks() {
	if !w.hyb.kinked {
		return
	}
	p := w.pool
	w.memo.reset()
	var bend func(e expr.ID) expr.ID
	bend = func(e expr.ID) expr.ID {
		op := p.Op(e)
		if op <= expr.OpSym {
			return e
		}
		if r, ok := w.memo.get(e); ok {
			return r
		}
		r := e
		if op != expr.OpNoEvent {
			var buf [16]expr.ID
			args := append(buf[:0], p.Args(e)...)
			changed := false
			for i, a := range args {
				args[i] = bend(a)
				changed = changed || args[i] != a
			}
			if changed {
				r = p.Rebuild(e, args)
			}
		}
		switch a := p.Args(r); p.Op(r) {
		case expr.OpNoEvent:
			if o := p.Op(a[0]); o == expr.OpLt || o == expr.OpLe {
				c := p.Args(a[0])
				if c := p.Fn(o, bend(c[0]), bend(c[1])); !w.quiet(c) {
					r = w.relationAtom(c)
				}
			}
		case expr.OpSign:
			if x := a[0]; !w.quiet(x) {
				r = p.If(w.relationAtom(p.Fn(expr.OpLe, expr.Zero, x)), expr.One, expr.MinusOne)
			}
		case expr.OpAbs:
			if x := a[0]; !w.quiet(x) {
				r = p.If(w.kink(p.Fn(expr.OpLe, expr.Zero, x)), x, p.Neg(x))
			}
		case expr.OpMin, expr.OpMax:
			if x, y := a[0], a[1]; !w.quiet(r) {
				c := p.Fn(expr.OpLe, x, y)
				if p.Op(r) == expr.OpMax {
					c = p.Fn(expr.OpLe, y, x)
				}
				r = p.If(w.kink(c), x, y)
			}
		}
		w.memo.put(e, r)
		return r
	}
	for k := range w.plan.Seq {
		w.plan.Seq[k].Value = bend(w.plan.Seq[k].Value)
	}
	for k := range w.plan.Residuals {
		w.plan.Residuals[k].Value = bend(w.plan.Residuals[k].Value)
	}
	for i := 0; i < len(w.rels); i++ {
		if w.rels[i].kind != Kink {
			w.rels[i].term = bend(w.rels[i].term)
		}
	}
}

// leftLimit is pre(e) of a continuous unknown that an event may change.
func (w *work) leftLimit(e expr.ID, sys int, v int32) expr.ID {
	pre := w.shadowOf(e, sys, v)
	w.hyb.discrete[w.hyb.shadow[int32(e)]].left = true
	return pre
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
	if w.constant(e) {
		return e
	}
	return w.memory(Comparison, e)
}

// memory returns the atom that remembers what kind makes of a term.
func (w *work) memory(kind RelationKind, e expr.ID) expr.ID {
	key := relationKey{kind, e}
	if i, ok := w.relOf[key]; ok {
		return w.rels[i].atom
	}
	w.noNoise(e, w.hyb.pos, "a condition")
	i := int32(len(w.rels))
	a := w.fresh(fmt.Sprintf("$rel%d", i+1))
	w.setRole(a, roleRelation, i)
	w.rels = append(w.rels, relation{atom: a, kind: kind, term: e})
	w.relOf[key] = i
	return a
}

// literal is what the memory of a kind stands for, as an operation on its term.
func (w *work) literal(kind RelationKind, e expr.ID) expr.ID {
	p := w.pool
	switch kind {
	case Kink:
		return p.If(e, expr.One, expr.Zero)
	case SignOf:
		return p.Fn(expr.OpSign, e)
	case FloorOf:
		return p.Fn(expr.OpFloor, e)
	case TruncOf:
		return p.Fn(expr.OpQuo, e, expr.One)
	}
	return e
}

// kink is the condition c of a continuous function, max(a, b) = if a >= b then a else b,
// behind a memory m: c is decided at crossings where m is 0 or 1, and evaluated as it
// stands where m is 1/2.
func (w *work) kink(c expr.ID) expr.ID {
	p := w.pool
	m := w.memory(Kink, c)
	return p.Fn(expr.OpOr, p.Fn(expr.OpLt, p.Num(expr.RatNum(3, 4)), m), p.Fn(expr.OpAnd, p.Fn(expr.OpLt, p.Num(expr.RatNum(1, 4)), m), c))
}

// stepped rewrites the functions that jump, for a place where comparisons make events:
// sign, floor, ceil, div, mod and rem (Modelica 3.6, section 3.7.2, leaves sign out). r is
// the translated term; what cannot change between events stays as it is.
func (w *work) stepped(r expr.ID) expr.ID {
	p := w.pool
	op := p.Op(r)
	switch op {
	case expr.OpAbs, expr.OpMin, expr.OpMax:
		w.hyb.kinked = true
		return r
	case expr.OpSign, expr.OpFloor, expr.OpCeil, expr.OpMod, expr.OpRem, expr.OpQuo:
	default:
		return r
	}
	if w.quiet(r) {
		return r
	}
	a := append([]expr.ID(nil), p.Args(r)...)
	switch op {
	case expr.OpSign:
		return w.memory(SignOf, a[0])
	case expr.OpFloor:
		return w.memory(FloorOf, a[0])
	case expr.OpCeil:
		return p.Neg(w.memory(FloorOf, p.Neg(a[0])))
	}
	q := p.Div(a[0], a[1])
	switch op {
	case expr.OpMod:
		return p.Sub(a[0], p.Mul(w.memory(FloorOf, q), a[1]))
	case expr.OpRem:
		return p.Sub(a[0], p.Mul(w.memory(TruncOf, q), a[1]))
	}
	return w.memory(TruncOf, q)
}

// terminal is the flag of the end of the run.
func (w *work) terminal() expr.ID {
	for i := range w.hyb.samples {
		if w.hyb.samples[i].Terminal {
			return w.hyb.samples[i].Atom
		}
	}
	a := w.fresh("$terminal")
	w.setRole(a, roleSample, int32(len(w.hyb.samples)))
	w.hyb.samples = append(w.hyb.samples, Sample{Atom: a, Start: expr.Zero, Interval: expr.Zero, Terminal: true})
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
