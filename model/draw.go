package model

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// Draw is a random number: Value, a parameter, is drawn from the distribution Dist, once before the start of a run, if Initial, else
// whenever the event that lists it evaluates what it stands in. See System.Draw.
type Draw struct {
	Value expr.ID
	// Dist is one of package runtime/draw, such as "normal".
	Dist string
	Args []expr.ID // symbols of variables, or numbers
	// Initial: the arguments depend on parameters alone, which may be those of draws before it.
	Initial bool
	// Optional says that it may not be needed: arguments that make no sense give NaN.
	Optional bool
	Pos      diag.Pos
}

// Draw adds a random number, of which Value is not yet given and Args are terms, and returns its symbol. It declares variables for
// the terms.
func (s *System) Draw(d Draw) expr.ID {
	p := s.Pool
	name := fmt.Sprintf("draw[%d]", len(s.Draws)+1)
	v := s.NewVariable(name, ParameterVar)
	v.Value, v.Pos, v.Desc = expr.One, d.Pos, "random number, "+d.Dist
	s.AddVar(v)
	d.Value = v.Sym
	args := make([]expr.ID, len(d.Args))
	for i, a := range d.Args {
		if _, ok := p.Value(a); ok {
			args[i] = a
			continue
		}
		x := s.NewVariable(fmt.Sprintf("%s.argument[%d]", name, i+1), Unknown)
		x.Pos, x.Path = d.Pos, name
		s.AddVar(x)
		s.Equations = append(s.Equations, Equation{Lhs: x.Sym, Rhs: p.Fn(expr.OpNoEvent, a), Pos: d.Pos, Path: name})
		args[i] = x.Sym
	}
	d.Args = args
	s.Draws = append(s.Draws, d)
	return v.Sym
}
