package rewrite

import (
	"fmt"

	"github.com/mtkc/mtkc/expr"
)

// Change is a change of variables Old = Forward(New): a model in Old becomes one in
// New. A state that stands for Old then obeys Forward's range by construction.
type Change struct {
	Old, New expr.ID // symbols
	Forward  expr.ID // Old as a term in New and in parameters
	Inverse  expr.ID // New as a term in Old, for start values and bounds
}

// LogChange is the change x = exp(lx), which keeps x positive.
func LogChange(p *expr.Pool, x, lx expr.ID) Change {
	return Change{Old: x, New: lx, Forward: p.Fn(expr.OpExp, lx), Inverse: p.Fn(expr.OpLog, x)}
}

// LogitChange is the change x = lo + (hi - lo)/(1 + exp(-z)), which keeps x between lo
// and hi, terms in parameters only.
func LogitChange(p *expr.Pool, x, z, lo, hi expr.ID) Change {
	span := p.Sub(hi, lo)
	return Change{
		Old: x, New: z,
		Forward: p.Add(lo, p.Div(span, p.Add(expr.One, p.Fn(expr.OpExp, p.Neg(z))))),
		Inverse: p.Fn(expr.OpLog, p.Div(p.Sub(x, lo), p.Sub(hi, x))),
	}
}

// Substitution applies changes of variables to the terms of a model.
type Substitution struct {
	p       *expr.Pool
	changes []Change
	byOld   map[expr.ID]int
	memo    map[expr.ID]expr.ID
}

// NewSubstitution combines changes. No two may share an old or a new variable, and no
// New may be the Old of another.
func NewSubstitution(p *expr.Pool, changes []Change) (*Substitution, error) {
	s := &Substitution{p: p, changes: changes, byOld: map[expr.ID]int{}, memo: map[expr.ID]expr.ID{}}
	taken := map[expr.ID]bool{}
	for i, c := range changes {
		for _, v := range []expr.ID{c.Old, c.New} {
			if p.Op(v) != expr.OpSym {
				return nil, fmt.Errorf("%s is not a variable", p.String(v))
			}
			if taken[v] {
				return nil, fmt.Errorf("%s takes part in two changes of variables", p.String(v))
			}
			taken[v] = true
		}
		if p.DependsOn(c.Forward, c.Old) || !p.DependsOn(c.Forward, c.New) {
			return nil, fmt.Errorf("%s must be a term in %s", p.String(c.Forward), p.String(c.New))
		}
		s.byOld[c.Old] = i
	}
	return s, nil
}

// Apply rewrites a term of the model: Old becomes Forward, der(Old) the derivative of
// Forward by New times der(New), pre(Old) becomes Forward at pre(New). der of anything
// but Old is kept, with Old replaced inside it.
func (s *Substitution) Apply(e expr.ID) expr.ID {
	p := s.p
	return p.Transform(e, s.memo, func(t expr.ID) (expr.ID, bool) {
		switch p.Op(t) {
		case expr.OpSym:
			if i, ok := s.byOld[t]; ok {
				return s.changes[i].Forward, true
			}
		case expr.OpDer, expr.OpPre:
			i, ok := s.byOld[p.Args(t)[0]]
			if !ok {
				return expr.None, false
			}
			c := s.changes[i]
			if p.Op(t) == expr.OpPre {
				return p.Substitute(c.Forward, map[expr.ID]expr.ID{c.New: p.Fn(expr.OpPre, c.New)}, nil), true
			}
			return p.TimeDerivative(c.Forward, nil, func(a expr.ID) expr.ID {
				if a == c.New {
					return p.Der(c.New)
				}
				return expr.Zero // parameters
			}), true
		}
		return expr.None, false
	})
}

// ToNew turns a value of Old, such as a start value or a bound, into one of New. Old
// must take part in a change. The bounds of a falling change swap places, which the
// caller sees to.
func (s *Substitution) ToNew(old, value expr.ID) expr.ID {
	i, ok := s.byOld[old]
	if !ok {
		panic("mtkc: bug: " + s.p.String(old) + " is not changed")
	}
	r := s.p.Substitute(s.changes[i].Inverse, map[expr.ID]expr.ID{old: value}, nil)
	return s.Apply(r) // the value may be a term in other changed variables
}
