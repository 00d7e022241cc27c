package ode

// Systems of index 2 and 3 as they stand.
//
// The compiler reduces the index of every model, and the integrators are at their best with
// what it makes. A semi-explicit system of index 2 or 3 may also be solved as it
// stands, with Problem.VarIndex, by stiffly accurate collocation methods. Their errors in
// variables of higher index are of lower order in h, and are weighted by powers of h. The start
// values must be consistent, hidden constraints included: nothing of the package
// can make them so, since the algebraic rows alone do not determine the algebraic unknowns.
//
// Hairer, Lubich, Roche, The Numerical Solution of Differential-Algebraic Systems by
// Runge-Kutta Methods, Springer, 1989; Hairer, Wanner, Solving ODEs II, VII.

import "fmt"

// mostIndex is the highest index of a variable; 0 where no indices are stated.
func (p *Problem) mostIndex() int {
	most := int8(0)
	for _, k := range p.VarIndex {
		most = max(most, k)
	}
	return int(most)
}

// higher reports whether p is a system of index 2 or 3 to be solved as it stands.
func (p *Problem) higher() bool { return p.mostIndex() > 1 }

// asItStands completes the choice for a system of higher index.
func (c choice) asItStands(ws *Workspace, s *settings) (choice, error) {
	most := ws.P.mostIndex()
	if s.Form == "nested" || s.Constraints == "states" || ws.P.NInv > 0 {
		return c, fmt.Errorf("%s has variables of index %d and is solved as it stands: that leaves no choice of form or constraints", ws.P.title(), most)
	}
	if c.Method == nil {
		m, err := Lookup("Radau")
		if err != nil {
			return c, err
		}
		c.Method, c.why = m, fmt.Sprintf("variables have index %d", most)
	}
	if i := c.Info(); i.Index < most {
		return c, fmt.Errorf("%s does not solve systems of index %d: take Radau or RadauIIA5, or let the index be reduced", i.Name, most)
	}
	c.form = fmt.Sprintf("dae: solved as it stands, with index %d", most)
	return c, nil
}
