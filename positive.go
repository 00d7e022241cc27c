package mtkc

import (
	"context"
	"slices"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
	"github.com/mtkc/mtkc/structural"
)

// changeVariables replaces every variable x of Options.Positive by log(x): a new
// unknown takes its place everywhere, and x = exp(log(x)) makes x an output. The
// system that was loaded is left alone.
func changeVariables(_ context.Context, c *Compiler) diag.List {
	if len(c.Positive) == 0 {
		return nil
	}
	var found diag.List
	old := c.sys
	if len(old.Jumps) > 0 {
		return diag.New(diag.Pos{}, "E016", "leave it out, or take --method ode or cle", "--positive %s: its logarithm has no derivative in a model with reactions at random instants", c.Positive[0])
	}
	for i := range old.Scheduled {
		for _, x := range old.Scheduled[i].Targets {
			if slices.Contains(c.Positive, old.Pool.Name(x)) {
				found.Add(old.Scheduled[i].Pos, "E016", "leave it out", "--positive %s: the event %s sets it", old.Pool.Name(x), old.Scheduled[i].Name)
			}
		}
	}
	pool := old.Pool
	chosen := map[int]expr.ID{} // index of the variable: its logarithm
	var changes []rewrite.Change
	for _, name := range c.Positive {
		k := slices.IndexFunc(old.Vars, func(v model.Variable) bool { return v.Name == name })
		if k < 0 {
			var names []string
			for i := range old.Vars {
				if v := &old.Vars[i]; v.Kind == model.Unknown && v.Type == model.RealType {
					names = append(names, v.Name)
				}
			}
			found.Add(diag.Pos{}, "E004", suggestion(name, names, "variables"), "--positive %s: %s has no variable of this name", name, old.Name)
			continue
		}
		v := &old.Vars[k]
		if v.Kind != model.Unknown || v.Type != model.RealType {
			found.Add(v.Pos, "E016", "name a real unknown", "--positive %s: only an unknown can be replaced by its logarithm", name)
			continue
		}
		if start, ok := pool.Value(v.Start); v.Start != expr.None && ok && !(start.Float() > 0) {
			found.Add(v.Pos, "E016", "give it a start value above 0", "--positive %s: its start value %v has no logarithm", name, start.Float())
			continue
		}
		if _, again := chosen[k]; again {
			continue
		}
		lx := pool.Sym("log(" + name + ")")
		chosen[k] = lx
		changes = append(changes, rewrite.LogChange(pool, v.Sym, lx))
	}
	if found.Errors() > 0 {
		return found
	}
	sub, err := rewrite.NewSubstitution(pool, changes)
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	c.sys = substitute(old, sub, chosen)
	return nil
}

// substitute builds the system in the new variables.
func substitute(old *model.System, sub *rewrite.Substitution, chosen map[int]expr.ID) *model.System {
	pool := old.Pool
	s := model.NewSystem(old.Name)
	s.Pool = pool
	s.Doc, s.Enums, s.Experiment, s.Undefined = old.Doc, old.Enums, old.Experiment, old.Undefined
	s.Noises = slices.Clone(old.Noises)
	s.Scheduled, s.Delays, s.Draws = old.Scheduled, old.Delays, old.Draws // names of variables
	apply := func(e expr.ID) expr.ID {
		if e == expr.None {
			return e
		}
		return sub.Apply(e)
	}
	var outputs []model.Equation
	logOf := map[expr.ID]expr.ID{}
	for i := range old.Vars {
		v := old.Vars[i]
		lx, ok := chosen[i]
		if !ok {
			s.AddVar(v)
			continue
		}
		logOf[v.Sym] = lx
		n := s.NewVariable(pool.Name(lx), model.Unknown)
		n.Fixed, n.State, n.Pos, n.Path = v.Fixed, v.State, v.Pos, v.Path
		n.Desc = "logarithm of " + v.Name
		if v.Start != expr.None {
			n.Start = sub.ToNew(v.Sym, v.Start)
		}
		v.Fixed, v.State = model.FixedDefault, model.StateDefault
		s.AddVar(v)
		s.AddVar(n)
		outputs = append(outputs, model.Equation{Lhs: v.Sym, Rhs: pool.Fn(expr.OpExp, lx), Pos: v.Pos, Path: v.Path})
	}
	equations := func(list []model.Equation) []model.Equation {
		out := slices.Clone(list)
		for i := range out {
			out[i].Lhs, out[i].Rhs = apply(out[i].Lhs), apply(out[i].Rhs)
		}
		return out
	}
	s.Equations = append(equations(old.Equations), outputs...)
	s.Initial = equations(old.Initial)
	for _, w := range old.Whens {
		w.Branches = slices.Clone(w.Branches)
		for k := range w.Branches {
			b := &w.Branches[k]
			b.Conds = slices.Clone(b.Conds)
			for i := range b.Conds {
				b.Conds[i] = apply(b.Conds[i])
			}
			b.Actions = slices.Clone(b.Actions)
			for i := range b.Actions {
				a := &b.Actions[i]
				a.Value, a.Cond, a.If = apply(a.Value), apply(a.Cond), apply(a.If)
				if lx, ok := logOf[a.Target]; ok && a.Kind == model.ReinitAction {
					a.Target, a.Value = lx, pool.Fn(expr.OpLog, a.Value)
				}
			}
		}
		s.Whens = append(s.Whens, w)
	}
	for _, a := range old.Asserts {
		a.Cond = apply(a.Cond)
		s.Asserts = append(s.Asserts, a)
	}
	return s
}

// logarithms finds the states that are logarithms of variables, or minus these, where the model has Ito noise: their drift
// follows Ito's lemma.
func (c *Compiler) logarithms() (list []backend.Logarithm, found diag.List) {
	pl := c.plan
	if len(c.Positive) == 0 || !slices.ContainsFunc(pl.Noises, func(n structural.Noise) bool { return !n.Stratonovich }) {
		return nil, nil
	}
	value := map[expr.ID]expr.ID{}
	for i := range pl.Seq {
		value[pl.Seq[i].Target] = pl.Seq[i].Value
	}
	state := map[expr.ID]int{}
	for i := range pl.States {
		state[pl.States[i].Atom] = i
	}
	for _, name := range c.Positive {
		log, ok := pl.Pool.Lookup("log(" + name + ")")
		if !ok {
			continue
		}
		x, sign := log, 1
		for {
			v, ok := value[x]
			if !ok {
				break
			}
			if a := pl.Pool.Args(v); pl.Pool.Op(v) == expr.OpAdd && len(a) == 3 && a[0] == expr.Zero && a[1] == expr.MinusOne {
				v, sign = a[2], -sign
			}
			if pl.Pool.Op(v) != expr.OpSym {
				break
			}
			x = v
		}
		if i, ok := state[x]; ok {
			if i < pl.NDiff && !slices.ContainsFunc(list, func(l backend.Logarithm) bool { return l.State == i }) {
				list = append(list, backend.Logarithm{State: i, Sign: sign})
			}
			continue
		}
		// Its derivative would lack a term if the equations used it.
		if d, ok := pl.Pool.Lookup("der(log(" + name + "))"); ok {
			if _, used := value[d]; used {
				k, _ := c.sys.VarOf(log)
				found.Add(c.sys.Vars[k].Pos, "E016", "leave it out, or make another variable the state", "--positive %s: the model has Ito noise, and the logarithm is no state", name)
			}
		}
	}
	return list, found
}
