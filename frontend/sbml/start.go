package sbml

import (
	"math"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// startOf is the value of what a name means at the start, as a term in parameters; in
// symbols where equations must be solved for it.
func (b *builder) startOf(e *entity) expr.ID {
	if e.start != expr.None {
		return e.start
	}
	if e.open {
		b.fail(e.pos, "E226", "break the cycle", "the start value of %s depends on itself", e.name)
		return expr.Zero
	}
	e.open = true
	defer func() { e.open = false }()
	initial := context{initial: true}
	switch {
	case e.algebraic:
		b.tangled = true
		return e.sym
	case e.rule != nil && e.rule.Kind == AssignmentRule:
		e.start = b.formula(e.rule.Math, initial)
	case e.initial != nil:
		e.start = b.formula(e.initial, initial)
	case e.kind == ofReaction:
		e.start = b.law(e.reaction, true)
	case e.kind == ofSpecies:
		e.start = b.declaredStart(e)
	case !e.changes():
		e.start = e.sym // so that it follows another setting
	default:
		e.start = b.declaredValue(e)
	}
	return e.start
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
		return b.startOf(e)
	}
	return b.declaredValue(e)
}

// declaredStart is the start value of what the name of a species means, of its initial amount
// or concentration.
func (b *builder) declaredStart(e *entity) expr.ID {
	p := b.pool
	s := e.species
	switch {
	case !math.IsNaN(s.Amount) && e.conc:
		return p.Div(p.Float(s.Amount), b.startOf(e.home))
	case !math.IsNaN(s.Amount):
		return p.Float(s.Amount)
	case !math.IsNaN(s.Concentration) && e.conc:
		return p.Float(s.Concentration)
	case !math.IsNaN(s.Concentration):
		return p.Mul(p.Float(s.Concentration), b.startOf(e.home))
	}
	return p.Float(math.NaN())
}

// startAmount is the amount of a species at the start.
func (b *builder) startAmount(e *entity) expr.ID {
	if e.conc && e.initial == nil && !math.IsNaN(e.species.Amount) && !(e.rule != nil && e.rule.Kind == AssignmentRule) {
		return b.pool.Float(e.species.Amount)
	}
	v := b.startOf(e)
	if e.conc {
		return b.pool.Mul(v, b.startOf(e.home))
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
				if v, ok := p.Value(b.declaredStart(e)); ok {
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
		start := v(e)
		k, _ := b.sys.VarOf(e.state)
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
