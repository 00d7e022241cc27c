package mtkc

import (
	"fmt"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// checkFlat holds what every front end promises: names are unique, a variable is
// found by its symbol, and every symbol of a term is a variable of the system.
func checkFlat(c *Compiler) error {
	s := c.sys
	names := map[string]bool{}
	for i := range s.Vars {
		v := &s.Vars[i]
		if names[v.Name] {
			return fmt.Errorf("two variables are called %s", v.Name)
		}
		names[v.Name] = true
		if k, ok := s.VarOf(v.Sym); !ok || k != i {
			return fmt.Errorf("the symbol of %s does not lead back to it", v.Name)
		}
	}
	seen := map[expr.ID]bool{}
	term := func(where string, e expr.ID) error {
		if e == expr.None || seen[e] {
			return nil
		}
		seen[e] = true
		if int(e) >= s.Pool.Len() {
			return fmt.Errorf("%s: term %d is not in the pool", where, e)
		}
		for _, x := range s.Pool.Free(e) {
			if _, ok := s.VarOf(x); !ok {
				return fmt.Errorf("%s: %s is no variable of the system", where, s.Pool.Name(x))
			}
		}
		return nil
	}
	for i := range s.Vars {
		v := &s.Vars[i]
		for _, e := range []expr.ID{v.Value, v.Start, v.Min, v.Max, v.Nominal} {
			if err := term("variable "+v.Name, e); err != nil {
				return err
			}
		}
	}
	for _, list := range [][]model.Equation{s.Equations, s.Initial} {
		for i := range list {
			for _, e := range []expr.ID{list[i].Lhs, list[i].Rhs} {
				if err := term(fmt.Sprintf("equation %d (%s)", i, list[i].Pos), e); err != nil {
					return err
				}
			}
		}
	}
	for i := range s.Whens {
		for _, b := range s.Whens[i].Branches {
			where := fmt.Sprintf("when-clause %d (%s)", i, b.Pos)
			for _, e := range b.Conds {
				if err := term(where, e); err != nil {
					return err
				}
			}
			for _, a := range b.Actions {
				list := []expr.ID{a.If}
				switch a.Kind {
				case model.SetAction, model.ReinitAction:
					list = append(list, a.Target, a.Value)
				case model.AssertAction:
					list = append(list, a.Cond)
				}
				for _, e := range list {
					if err := term(where, e); err != nil {
						return err
					}
				}
			}
		}
	}
	for i := range s.Asserts {
		if err := term(fmt.Sprintf("assertion %d", i), s.Asserts[i].Cond); err != nil {
			return err
		}
	}
	if len(s.Jumps) > 0 && len(s.Reactions) > 0 {
		return fmt.Errorf("reactions stand beside the jumps that were made of them")
	}
	for i := range s.Jumps {
		j := &s.Jumps[i]
		list := []expr.ID{j.Rate}
		for _, x := range j.Reactants {
			list = append(list, x.Species)
		}
		for _, x := range j.Changes {
			list = append(list, x.State, x.By)
		}
		for _, e := range list {
			if err := term("jump "+j.Name, e); err != nil {
				return err
			}
		}
		if len(j.Reactants) > 0 && !j.MassAction {
			return fmt.Errorf("jump %s has reactants without mass action", j.Name)
		}
	}
	for i := range s.Reactions {
		if err := term("reaction "+s.Reactions[i].Name, s.Reactions[i].Propensity); err != nil {
			return err
		}
	}
	return nil
}

// checkPlan holds what structural.Plan promises: its terms use only time, states,
// parameters, memory and what was assigned before, and every unknown of the system
// can be recovered.
func checkPlan(c *Compiler) error {
	p := c.plan
	if p.NDiff > len(p.States) || len(p.Deriv) != p.NDiff || len(p.Residuals) != len(p.States)-p.NDiff {
		return fmt.Errorf("%d states, %d of them differential, with %d derivatives and %d residuals", len(p.States), p.NDiff, len(p.Deriv), len(p.Residuals))
	}
	known := map[expr.ID]bool{expr.Time: true}
	for i := range p.Params {
		known[p.Params[i].Atom] = true
	}
	for _, a := range p.Memory {
		known[a] = true
	}
	for i := range p.States {
		if known[p.States[i].Atom] {
			return fmt.Errorf("state %s is listed twice or is a parameter too", p.States[i].Name)
		}
		known[p.States[i].Atom] = true
	}
	use := func(where string, e expr.ID) error {
		for _, a := range p.Pool.Atoms(e) {
			if !known[a] {
				return fmt.Errorf("%s: %s is used before it is known", where, p.Pool.String(a))
			}
		}
		return nil
	}
	for i := range p.Seq {
		a := &p.Seq[i]
		if err := use("the assignment of "+p.Pool.String(a.Target), a.Value); err != nil {
			return err
		}
		if known[a.Target] {
			return fmt.Errorf("%s is assigned twice", p.Pool.String(a.Target))
		}
		known[a.Target] = true
	}
	for i, d := range p.Deriv {
		if err := use("the derivative of "+p.States[i].Name, d); err != nil {
			return err
		}
	}
	for _, list := range [][]structural.Residual{p.Residuals, p.Invariants} {
		for i := range list {
			if err := use("residual "+p.Text(&list[i]), list[i].Value); err != nil {
				return err
			}
		}
	}
	for i := range p.Sys.Vars {
		v := &p.Sys.Vars[i]
		if v.Type != model.StringType && (v.Kind == model.Unknown || v.Kind == model.DiscreteVar) && !known[v.Sym] {
			return fmt.Errorf("variable %s cannot be recovered from the plan", v.Name)
		}
	}
	return nil
}

// checkProblem holds what ode.Problem promises of its lengths and patterns, and that
// its kernels can be evaluated.
func checkProblem(c *Compiler) error {
	p := c.prob
	n := p.N()
	switch {
	case len(p.States) != n:
		return fmt.Errorf("%d states, %d start values", len(p.States), n)
	case p.Mass != nil && len(p.Mass) != n:
		return fmt.Errorf("%d states, %d entries of the mass matrix", n, len(p.Mass))
	case len(p.P) < len(p.Params):
		return fmt.Errorf("%d parameters, %d values", len(p.Params), len(p.P))
	case p.Jac != nil && (p.Jac.Rows != n || p.Jac.Cols != n):
		return fmt.Errorf("%d states, a Jacobian of %d by %d", n, p.Jac.Rows, p.Jac.Cols)
	case p.InvJac != nil && (p.InvJac.Rows != p.NInv || p.InvJac.Cols != n):
		return fmt.Errorf("%d invariants, a Jacobian of %d by %d", p.NInv, p.InvJac.Rows, p.InvJac.Cols)
	}
	names := map[string]bool{}
	for i := range p.Observables {
		o := &p.Observables[i]
		if names[o.Name] {
			return fmt.Errorf("two observables are called %s", o.Name)
		}
		names[o.Name] = true
		if o.Kind == ode.State && o.Index >= n || o.Kind == ode.Parameter && o.Index >= len(p.P) {
			return fmt.Errorf("observable %s has no place", o.Name)
		}
	}
	for i := range c.sys.Vars {
		if v := &c.sys.Vars[i]; v.Type != model.StringType && !c.sys.IsNoise(v.Sym) && !names[v.Name] {
			return fmt.Errorf("variable %s cannot be observed", v.Name)
		}
	}
	k := p.NewKernels()
	k.RHS(p.Span[0], p.U0, p.P, make([]float64, n))
	if p.Jac != nil && k.Jac != nil {
		k.Jac(p.Span[0], p.U0, p.P, make([]float64, p.Jac.NNZ()))
	}
	return nil
}
