package form

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// count makes the numbers of single molecules the states in place of the amounts, which may be in moles: x = x.items/items. So a
// jump adds a whole number, and nothing is left of a species that is used up. Start values, and what events set, are rounded to whole
// numbers; the parameter start(x) stays.
func (n *network) count() {
	p, sys := n.pool, n.sys
	items := expr.FloatNum(n.items)
	numbers := map[expr.ID]expr.ID{}
	n.numbers = numbers
	for i := range n.balance {
		b := &n.balance[i]
		x := b.species
		k, _ := sys.VarOf(x)
		v := sys.NewVariable(n.fresh(sys.Vars[k].Name+".items"), model.Unknown)
		v.Pos, v.Path, v.State = sys.Vars[k].Pos, sys.Vars[k].Path, model.StatePrefer
		v.Desc = "number of single items of " + sys.Vars[k].Name
		if start := sys.Vars[k].Start; start != expr.None {
			s := sys.NewVariable(n.fresh("start("+sys.Vars[k].Name+")"), model.ParameterVar)
			s.Value, s.Pos, s.Path, s.Unit, s.Desc = start, v.Pos, v.Path, sys.Vars[k].Unit, "start value of "+sys.Vars[k].Name
			sys.AddVar(s)
			v.Start, v.Fixed = n.round(p.Scale(items, s.Sym)), sys.Vars[k].Fixed
			sys.Vars[k].Start, sys.Vars[k].Fixed = expr.None, model.FixedDefault
		}
		sys.AddVar(v)
		sys.Equations[b.equation].Lhs = p.Der(v.Sym)
		amount := p.Scale(items.Inv(), v.Sym)
		sys.Equations = append(sys.Equations, model.Equation{Lhs: x, Rhs: amount, Pos: v.Pos, Path: v.Path})
		n.define[x] = amount
		delete(n.moved, x)
		n.moved[v.Sym] = true
		numbers[x] = v.Sym
		b.species = v.Sym
	}
	for i := range sys.Initial {
		if q := &sys.Initial[i]; numbers[q.Lhs] != 0 {
			q.Lhs, q.Rhs = numbers[q.Lhs], n.round(p.Scale(items, q.Rhs))
		}
	}
	n.countEvents(numbers, items)
}

// countEvents lets events set numbers of molecules.
func (n *network) countEvents(numbers map[expr.ID]expr.ID, items expr.Num) {
	p, sys := n.pool, n.sys
	equation := map[expr.ID]int{}
	if len(sys.Scheduled) > 0 {
		for i := range sys.Equations {
			equation[sys.Equations[i].Lhs] = i
		}
	}
	for i := range sys.Scheduled {
		s := &sys.Scheduled[i]
		targets, factors := append([]expr.ID(nil), s.Targets...), append([]expr.ID(nil), s.Factors...)
		for k, x := range targets {
			number := numbers[x]
			if number == 0 {
				continue
			}
			targets[k] = number
			q := &sys.Equations[equation[s.Values[k]]]
			q.Rhs = p.Scale(items, q.Rhs)
			if factors[k] != expr.None && s.AtTrigger && s.Delay != expr.None {
				continue // the factor is that of another instant
			}
			if factors[k] != expr.None {
				q.Rhs, factors[k] = p.Mul(q.Rhs, factors[k]), expr.None
			}
			q.Rhs = n.round(q.Rhs)
		}
		s.Targets, s.Factors = targets, factors
	}
	for i := range sys.Whens {
		w := &sys.Whens[i]
		w.Branches = append([]model.WhenBranch(nil), w.Branches...)
		for k := range w.Branches {
			b := &w.Branches[k]
			b.Actions = append([]model.Action(nil), b.Actions...)
			for m := range b.Actions {
				if a := &b.Actions[m]; a.Kind == model.ReinitAction && numbers[a.Target] != 0 {
					a.Target, a.Value = numbers[a.Target], n.round(p.Scale(items, a.Value))
				}
			}
		}
	}
}
