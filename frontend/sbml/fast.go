package sbml

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Fast reactions, which Level 3 Version 2 no longer has, are so fast that their equilibrium holds
// at all times: the law is zero, and the rate is what keeps it so. That is a DAE, which the
// compiler reduces. At the start the reaction goes on from the values that the model states, by an
// extent that is an unknown of the initialization, until the equilibrium holds.
//
// A law that is not affine in the amounts that fast reactions change may have several equilibria,
// of which chemistry takes one; one whose coefficients move may lose its stability. Both are not
// supported, nor are fast reactions beside events, which would have to restore the equilibrium.

// equilibrium reports whether an entity is a fast reaction with a law.
func (e *entity) equilibrium() bool {
	return e.kind == ofReaction && e.reaction.Fast && e.reaction.Law != nil
}

// fast checks the fast reactions, and declares their extents at the start.
func (b *builder) fast() {
	moved := map[expr.ID]bool{} // symbols of species that fast reactions change
	for _, e := range b.list {
		if !e.moved() {
			continue
		}
		for i := range e.flows {
			if e.flows[i].reaction.equilibrium() {
				moved[e.sym] = true
			}
		}
	}
	const next = "leave fast out and give the reaction a large rate"
	for _, e := range b.list {
		if !e.equilibrium() {
			continue
		}
		for _, ev := range b.m.Events {
			if ev.Trigger != nil {
				b.fail(e.pos, "E227", next, "the fast reaction %s in a model with events is not supported", e.name)
				return
			}
		}
		law := b.expanded(b.law(e.reaction, running))
		atoms, derivs := b.pool.Gradient(law, func(a expr.ID) bool { return moved[a] })
		affine := len(atoms) > 0
		for _, d := range derivs {
			for a := range moved {
				affine = affine && !b.pool.DependsOn(d, a)
			}
		}
		// Along its own extent the law must fall, by a species on either side at most, and be zero
		// without them: so the equilibrium is stable, and no amount is below zero there.
		slope := expr.Zero
		none := map[expr.ID]expr.ID{}
		var sides [2]int
		for i, a := range atoms {
			along := b.along(b.bySym[a], e)
			slope = b.pool.Add(slope, b.pool.Mul(derivs[i], along))
			none[a] = expr.Zero
			x, ok := b.settled(along)
			d, ok2 := b.settled(derivs[i])
			affine = affine && ok && ok2 && x*d <= 0
			if x < 0 {
				sides[0]++
			} else {
				sides[1]++
			}
		}
		value, ok := b.settled(slope)
		affine = affine && ok && sides[0] <= 1 && sides[1] <= 1 && b.pool.Substitute(law, none, nil) == expr.Zero
		if !affine {
			b.fail(e.pos, "E227", next, "the fast reaction %s is not supported: its rate is not a sum of constant multiples of the amounts that fast reactions change", e.name)
			continue
		}
		if !(value < 0) {
			b.fail(e.pos, "E227", next, "the fast reaction %s is not supported: it leads away from its equilibrium", e.name)
			continue
		}
		b.sys.Asserts = append(b.sys.Asserts, model.Assertion{Cond: b.pool.Fn(expr.OpLt, slope, expr.Zero), Message: "the fast reaction " + e.name + " leads away from its equilibrium", Pos: e.pos})
		v := b.sys.NewVariable(e.name+".extent", model.ParameterVar)
		v.Start, v.Fixed, v.Pos, v.Path = expr.Zero, model.FixedFalse, e.pos, e.name
		v.Desc = "extent of the fast reaction until the equilibrium at the start"
		b.sys.AddVar(v)
	}
}

// along is how what the name of a species means changes with the extent of a reaction.
func (b *builder) along(e, reaction *entity) expr.ID {
	p := b.pool
	var terms []expr.ID
	for i := range e.flows {
		if f := &e.flows[i]; f.reaction == reaction {
			terms = append(terms, p.Mul(p.Int(f.sign), b.stoichiometry(f.ref, running)))
		}
	}
	x := b.converted(e, p.Add(terms...), running)
	if e.conc {
		x = p.Div(x, e.size())
	}
	return x
}

// settled is the value of a term that holds nothing but numbers and what never changes.
func (b *builder) settled(t expr.ID) (v float64, ok bool) {
	ok = true
	v = b.pool.Eval(b.expanded(t), func(a expr.ID) (float64, bool) {
		if !b.pool.IsAtom(a) {
			return 0, false
		}
		if k, is := b.sys.VarOf(a); is && b.sys.Vars[k].Kind == model.ParameterVar { // of a reaction
			if x, is := b.pool.Value(b.sys.Vars[k].Value); is {
				return x.Float(), true
			}
		}
		e := b.bySym[a]
		if e == nil || e.kind == ofSpecies || e.changes() || e.initial != nil {
			ok = false
			return 0, true
		}
		x, _ := b.pool.Value(b.declaredValue(e))
		return x.Float(), true
	})
	return v, ok
}

// expanded replaces what assignment rules determine by its formula.
func (b *builder) expanded(t expr.ID) expr.ID {
	for range maxCalls {
		with := map[expr.ID]expr.ID{}
		for _, s := range b.pool.Free(t) {
			e := b.bySym[s]
			switch {
			case e == nil:
			case e.rule != nil && e.rule.Kind == AssignmentRule:
				with[s] = b.formula(e.rule.Math, context{})
			case e.kind == ofReaction && !e.equilibrium():
				with[s] = b.law(e.reaction, running)
			}
		}
		if len(with) == 0 {
			break
		}
		t = b.pool.Substitute(t, with, nil)
	}
	return t
}

// shift is what fast reactions add to the amount of a species before the start.
func (b *builder) shift(e *entity) expr.ID {
	if e.kind != ofSpecies || !e.moved() {
		return expr.Zero
	}
	p := b.pool
	var terms []expr.ID
	for i := range e.flows {
		if f := &e.flows[i]; f.reaction.equilibrium() {
			terms = append(terms, p.Mul(p.Int(f.sign), b.stoichiometry(f.ref, atStart), p.Sym(f.reaction.name+".extent")))
		}
	}
	return b.converted(e, p.Add(terms...), atStart)
}
