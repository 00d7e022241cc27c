package basemodelica

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

func noteAt(p diag.Pos, format string, args ...any) diag.Note {
	return diag.Note{Pos: p, Text: fmt.Sprintf(format, args...)}
}

// whenEquation turns a when-equation into a clause of the system.
func (r *reader) whenEquation(s *stmt, cond expr.ID) {
	if r.when {
		r.err(s.off, "E165", "use elsewhen, or a condition of its own", "a when within a when")
		return
	}
	r.when = true
	defer func() { r.when = false }()
	w := model.WhenClause{Pos: r.pos(int(s.off))}
	errs := r.diags.Errors()
	for i, e := range s.sub.conds {
		b := model.WhenBranch{Pos: r.pos(int(s.sub.at[i]))}
		if i == 0 {
			b.Pos = w.Pos
		}
		var ok bool
		if b.Conds, ok = r.whenConditions(e, cond); !ok {
			continue
		}
		for k := range s.sub.bodies[i] {
			r.whenAction(&b, &s.sub.bodies[i][k], expr.None)
		}
		w.Branches = append(w.Branches, b)
	}
	if r.diags.Errors() > errs {
		return
	}
	if s.ann != nil {
		r.ownWhen(&w, s.ann.own)
	}
	r.sys.Whens = append(r.sys.Whens, w)
}

// whenConditions evaluates the condition of a branch, or a vector of them.
func (r *reader) whenConditions(e ref, cond expr.ID) ([]expr.ID, bool) {
	v := r.boolean(e)
	if v.bad() {
		return nil, false
	}
	if len(v.dims) > 1 {
		r.err(r.off(e), "E162", "write a vector of conditions", "the condition of a when is %s", v.describe())
		return nil, false
	}
	ids := v.el
	if v.dims == nil {
		ids = []expr.ID{v.id}
	}
	out := make([]expr.ID, len(ids))
	for i, id := range ids {
		out[i] = r.pool.Fn(expr.OpAnd, cond, id)
	}
	return out, true
}

// whenAction appends what a statement of a when-equation does.
func (r *reader) whenAction(b *model.WhenBranch, s *stmt, cond expr.ID) {
	p := r.pool
	switch s.kind {
	case sEq:
		if r.t.nodes[s.lhs].kind == nTuple {
			outs, ok := r.results(s.rhs)
			if !ok {
				return
			}
			targets := r.t.args(s.lhs)
			if len(targets) > len(outs) {
				r.err(s.off, "E160", "use fewer targets", "%d targets for a function with %d results", len(targets), len(outs))
				return
			}
			for i, t := range targets {
				if ref(t) != noRef {
					r.setAction(b, r.eval(ref(t)), outs[i], s, cond)
				}
			}
			return
		}
		r.setAction(b, r.eval(s.lhs), r.eval(s.rhs), s, cond)
	case sIf:
		rest := expr.True
		if cond != expr.None {
			rest = cond
		}
		for i, body := range s.sub.bodies {
			here := rest
			if i < len(s.sub.conds) {
				v := r.boolean(s.sub.conds[i])
				if v.bad() {
					return
				}
				if v.dims != nil {
					r.err(r.off(s.sub.conds[i]), "E162", "write a scalar condition", "the condition is an array")
					return
				}
				here = p.Fn(expr.OpAnd, rest, v.id)
				rest = p.Fn(expr.OpAnd, rest, p.Fn(expr.OpNot, v.id))
			}
			if here == expr.False {
				continue
			}
			c := here
			if c == expr.True {
				c = expr.None
			}
			for k := range body {
				r.whenAction(b, &body[k], c)
			}
			if rest == expr.False {
				break
			}
		}
	case sFor:
		r.loop(r.t.args(s.sub.iters), s.off, func() {
			for k := range s.sub.bodies[0] {
				r.whenAction(b, &s.sub.bodies[0][k], cond)
			}
		})
	case sCall:
		r.whenCall(b, s, cond)
	case sWhen:
		r.err(s.off, "E165", "use elsewhen, or a condition of its own", "a when within a when")
	default:
		r.err(s.off, "E165", "allowed are x = value, reinit, assert, terminate, if and for", "this cannot stand in a when-equation")
	}
}

func action(kind model.ActionKind, pos diag.Pos, cond expr.ID) model.Action {
	return model.Action{Kind: kind, Target: expr.None, Value: expr.None, Cond: expr.None, If: cond, Pos: pos}
}

// setAction is x = value within a when.
func (r *reader) setAction(b *model.WhenBranch, target, val value, s *stmt, cond expr.ID) {
	if target.bad() || val.bad() || !r.comparable(&target, &val, s.off) {
		return
	}
	x, y := target.leaves(nil), val.leaves(nil)
	for i := range x {
		if r.pool.Op(x[i].id) != expr.OpSym || x[i].t.base == bString {
			// OpenModelica writes some of these the other way round.
			if r.pool.Op(y[i].id) == expr.OpSym && r.assignable(y[i].id) && x[i].t.base != bString {
				x[i], y[i] = y[i], x[i]
			} else {
				r.err(s.off, "E165", "write variable = value", "the left side of an equation in a when must be a variable")
				return
			}
		}
		if !r.assignable(x[i].id) {
			r.err(s.off, "E170", "only variables change at events", "%s is set in a when, but it is no variable", r.pool.Name(x[i].id))
			return
		}
		a := action(model.SetAction, r.pos(int(s.off)), cond)
		a.Target, a.Value = x[i].id, y[i].id
		if s.ann != nil {
			r.ownAction(&a, s.ann.own)
		}
		r.whenSet[a.Target] = true
		b.Actions = append(b.Actions, a)
	}
}

// assignable reports whether a symbol is a variable and no parameter, constant or input.
func (r *reader) assignable(sym expr.ID) bool {
	i, ok := r.sys.VarOf(sym)
	return ok && (r.sys.Vars[i].Kind == model.Unknown || r.sys.Vars[i].Kind == model.DiscreteVar)
}

// whenCall is reinit, terminate or assert within a when.
func (r *reader) whenCall(b *model.WhenBranch, s *stmt, cond expr.ID) {
	name, args, ok := r.callParts(s)
	if !ok {
		return
	}
	a := action(model.AssertAction, r.pos(int(s.off)), cond)
	if s.ann != nil {
		r.ownAction(&a, s.ann.own)
	}
	switch name {
	case "reinit":
		v, ok := r.arguments(name, builtin{params: []string{"x", "expr"}}, args, s.off)
		if !ok || !r.number(&v[0], s.off) || !r.number(&v[1], s.off) || !r.comparable(&v[0], &v[1], s.off) {
			return
		}
		a.Kind = model.ReinitAction
		x, y := v[0].leaves(nil), v[1].leaves(nil)
		for i := range x {
			if k, ok := r.sys.VarOf(x[i].id); !ok || r.sys.Vars[k].Kind != model.Unknown {
				r.err(s.off, "E170", "reinit a state", "the first argument of reinit is no continuous variable")
				return
			}
			a.Target, a.Value = x[i].id, y[i].id
			b.Actions = append(b.Actions, a)
		}
		return
	case "terminate":
		v, ok := r.arguments(name, builtin{params: []string{"message"}}, args, s.off)
		if !ok {
			return
		}
		if v[0].t.base != bString || v[0].dims != nil {
			r.err(s.off, "E161", "write terminate(\"message\")", "terminate(%s)", v[0].describe())
			return
		}
		a.Kind, a.Message = model.TerminateAction, v[0].text
	case "assert":
		var ok bool
		if a.Cond, a.Message, a.Warn, ok = r.assertion(args, s.off); !ok {
			return
		}
	default:
		r.err(s.off, "E165", "allowed are x = value, reinit, assert, terminate, if and for", "%s cannot stand in a when-equation", name)
		return
	}
	b.Actions = append(b.Actions, a)
}

// settle gives variables that when-clauses set their kind, and takes declared discrete
// ones that an equation determines for unknowns.
func (r *reader) settle() {
	s := r.sys
	undecided := false
	for i := range s.Vars {
		v := &s.Vars[i]
		c := r.comps[r.owner[v.Sym].comp-1]
		if c.structural && (v.Kind == model.ParameterVar) {
			v.Structural = true
		}
		switch {
		case r.whenSet[v.Sym]:
			v.Kind = model.DiscreteVar
		case v.Kind == model.DiscreteVar && !c.ownDiscrete:
			undecided = true
		}
	}
	if !undecided {
		return
	}
	seen := map[expr.ID]bool{}
	for i := range s.Equations {
		for _, side := range [2]expr.ID{s.Equations[i].Lhs, s.Equations[i].Rhs} {
			r.pool.Walk(side, seen, func(e expr.ID) bool { return r.pool.Op(e) != expr.OpPre }, func(expr.ID) {})
		}
	}
	for i := range s.Vars {
		if v := &s.Vars[i]; v.Kind == model.DiscreteVar && !r.whenSet[v.Sym] && !r.comps[r.owner[v.Sym].comp-1].ownDiscrete && seen[v.Sym] {
			v.Kind = model.Unknown
		}
	}
}
