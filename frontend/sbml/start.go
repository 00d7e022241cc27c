package sbml

import (
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// startOf is the value of what a name means at the start, as a term in parameters; in
// symbols where equations must be solved for it. Before the start it is what an initial
// assignment or a rule gives for the time then.
func (b *builder) startOf(e *entity, m mode) expr.ID {
	if e.start[m] != expr.None {
		return e.start[m]
	}
	if e.open {
		b.fail(e.pos, "E226", "break the cycle", "the start value of %s depends on itself", e.name)
		return expr.Zero
	}
	if m == before && e.initial != nil && b.random(e.initial, 0) { // it is drawn once
		return b.startOf(e, atStart)
	}
	e.open = true
	defer func() { e.open = false }()
	c := context{mode: m}
	switch {
	case e.algebraic:
		return e.sym
	case e.rule != nil && e.rule.Kind == AssignmentRule:
		e.start[m] = b.formula(e.rule.Math, c)
	case e.initial != nil:
		c.draws = new(drawing)
		e.start[m] = b.formula(e.initial, c)
		if m == atStart && e.kind != ofSpecies && !e.changes() {
			e.bound, e.start[m] = e.start[m], e.sym // so that what depends on it follows another setting
		}
	case e.kind == ofReaction:
		e.start[m] = b.law(e.reaction, m)
	case e.kind == ofSpecies:
		e.start[m] = b.declaredStart(e, m)
	case !e.changes():
		e.start[m] = e.sym
	default:
		e.start[m] = b.declaredValue(e)
	}
	return e.start[m]
}

// declaredValue is the value that the declaration of what is no species gives. A stoichiometry
// that is not given is 1.
func (b *builder) declaredValue(e *entity) expr.ID {
	if e.kind == ofReference && math.IsNaN(e.value) {
		return expr.One
	}
	return b.pool.Float(e.value)
}

// parameterValue is the value of what does not change.
func (b *builder) parameterValue(e *entity) expr.ID {
	if e.initial != nil {
		b.startOf(e, atStart)
		return e.bound
	}
	return b.declaredValue(e)
}

// declaredStart is the start value of what the name of a species means, of its initial amount
// or concentration.
func (b *builder) declaredStart(e *entity, m mode) expr.ID {
	p := b.pool
	s := e.species
	switch {
	case !math.IsNaN(s.Amount) && e.conc:
		return p.Div(p.Float(s.Amount), b.startOf(e.home, m))
	case !math.IsNaN(s.Amount):
		return p.Float(s.Amount)
	case !math.IsNaN(s.Concentration) && e.conc:
		return p.Float(s.Concentration)
	case !math.IsNaN(s.Concentration):
		return p.Mul(p.Float(s.Concentration), b.startOf(e.home, m))
	}
	return p.Float(math.NaN())
}

// startAmount is the amount of a species at the start.
func (b *builder) startAmount(e *entity, m mode) expr.ID {
	if e.conc && e.initial == nil && !math.IsNaN(e.species.Amount) && !(e.rule != nil && e.rule.Kind == AssignmentRule) {
		return b.pool.Float(e.species.Amount)
	}
	v := b.startOf(e, m)
	if e.conc {
		return b.pool.Mul(v, b.startOf(e.home, m))
	}
	return v
}

// starts gives the states their start values.
func (b *builder) starts() {
	p := b.pool
	for _, e := range b.list {
		if e.algebraic {
			k, _ := b.sys.VarOf(e.sym)
			guess := e.value
			if e.kind == ofSpecies {
				if v, ok := p.Value(b.declaredStart(e, atStart)); ok {
					guess = v.Float()
				}
			}
			if !math.IsNaN(guess) {
				b.sys.Vars[k].Start = p.Float(guess)
			}
			continue
		}
		if e.state == expr.None {
			continue
		}
		v := b.startOf
		if e.kind == ofSpecies && e.state == e.amount {
			v = b.startAmount
		}
		start := v(e, atStart)
		k, _ := b.sys.VarOf(e.state)
		if shift := b.shift(e); shift != expr.Zero {
			b.sys.Initial = append(b.sys.Initial, model.Equation{Lhs: e.state, Rhs: p.Add(start, shift), Pos: e.pos})
			b.sys.Vars[k].Start = start
			continue
		}
		if b.constantTerm(start) {
			b.sys.Vars[k].Start, b.sys.Vars[k].Fixed = start, model.FixedTrue
		} else {
			b.sys.Initial = append(b.sys.Initial, model.Equation{Lhs: e.state, Rhs: start, Pos: e.pos})
		}
	}
}

// constantTerm reports whether a term holds nothing but numbers and parameters.
func (b *builder) constantTerm(t expr.ID) bool {
	ok := true
	b.pool.Walk(t, map[expr.ID]bool{}, nil, func(x expr.ID) {
		if b.pool.IsAtom(x) {
			k, is := b.sys.VarOf(x)
			ok = ok && is && b.sys.Vars[k].Kind == model.ParameterVar
		}
	})
	return ok
}
