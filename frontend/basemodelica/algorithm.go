package basemodelica

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// algorithm turns an algorithm section of the model into equations for the variables
// that it assigns, and clauses for its when-statements.
func (r *reader) algorithm(to []model.Equation, list []stmt) []model.Equation {
	env, base := r.env, r.base
	r.base = len(r.env)
	r.flow = flow{returned: expr.False, broken: expr.False}
	r.path = expr.True
	defer func() { r.env, r.base = env, base }()
	var names []int32
	names = r.assigned(names, list, map[int32]bool{})
	var cs []*comp
	for _, n := range names {
		c := r.lookupComp(n)
		if c == nil || c.state != 2 {
			continue // reported at the assignment
		}
		if c.d.prefix == kParameter && !r.inInit || c.d.prefix == kConstant || c.d.causal == kInput || c.global {
			r.err(list[0].off, "E170", "assign to a variable", "the algorithm assigns to %s, which is no variable", c.name)
			return to
		}
		v := r.startOf(c.val)
		r.env = append(r.env, local{name: n, v: &v, typ: c.typ, dims: c.dims, set: true, comp: c})
		cs = append(cs, c)
	}
	first := len(r.env) - len(cs)
	if !r.exec(list) {
		if r.flow.stuck != "" {
			r.err(r.flow.stuckOff, "E167", "write equations, or make it depend on constants", "the algorithm cannot be turned into equations: %s", r.flow.stuck)
		}
		return to
	}
	for i, c := range cs {
		l := &r.env[first+i]
		if !l.set {
			r.err(list[0].off, "E167", "assign it on every way", "%s is not always assigned", c.name)
			continue
		}
		x, y := c.val.leaves(nil), l.v.leaves(nil)
		partial := false
		for k := range x {
			if y[k].id == expr.None || x[k].t.base == bString {
				partial = true
				continue
			}
			if y[k].id == x[k].id { // what a when-statement set
				continue
			}
			to = append(to, model.Equation{Lhs: x[k].id, Rhs: y[k].id, Pos: r.pos(int(list[0].off))})
		}
		if partial && c.dims == nil && c.typ.base != bRecord {
			r.err(list[0].off, "E167", "assign it on every way, or give it a value first", "%s is not always assigned", c.name)
		}
	}
	return to
}

// startOf is what the variables of an algorithm are when it begins: discrete ones keep
// their value, continuous ones must be assigned.
func (r *reader) startOf(v value) value {
	if v.t.base == bRecord {
		w := v
		w.rec = make([]value, len(v.rec))
		for i := range v.rec {
			w.rec[i] = r.startOf(v.rec[i])
		}
		return w
	}
	f := func(e expr.ID) expr.ID {
		if i, ok := r.sys.VarOf(e); ok && v.t.base == bReal && r.sys.Vars[i].Kind != model.DiscreteVar || r.inInit {
			return expr.None
		}
		return r.pool.Fn(expr.OpPre, e)
	}
	return r.map1(v, f)
}

// assigned collects the names that statements outside of whens assign.
func (r *reader) assigned(to []int32, list []stmt, seen map[int32]bool) []int32 {
	add := func(e ref) {
		if e == noRef {
			return
		}
		n := r.t.nodes[e]
		name := n.a
		switch n.kind {
		case nRef:
			name = r.t.nodes[r.t.args(e)[0]].a
		case nName:
		default:
			return
		}
		if !seen[name] {
			seen[name] = true
			to = append(to, name)
		}
	}
	for i := range list {
		s := &list[i]
		if s.kind == sAssign {
			if r.t.nodes[s.lhs].kind == nTuple {
				for _, k := range r.t.args(s.lhs) {
					add(ref(k))
				}
			} else {
				add(s.lhs)
			}
		}
		if s.sub != nil && s.kind != sWhen {
			for _, b := range s.sub.bodies {
				to = r.assigned(to, b, seen)
			}
		}
	}
	return to
}

// execWhen turns a when-statement into a clause. Within it the variables it assigns
// begin with their previous values and are set to what they end with.
func (r *reader) execWhen(s *stmt) bool {
	if r.when {
		r.err(s.off, "E165", "use elsewhen, or a condition of its own", "a when within a when")
		return false
	}
	if r.inInit {
		r.err(s.off, "E165", "move it to the algorithm section", "a when-statement in an initial algorithm")
		return false
	}
	r.when = true
	w := model.WhenClause{Pos: r.pos(int(s.off))}
	path := r.path
	defer func() { r.when, r.branch, r.path = false, nil, path }()
	for i, e := range s.sub.conds {
		b := model.WhenBranch{Pos: r.pos(int(s.sub.at[i]))}
		var ok bool
		if b.Conds, ok = r.whenConditions(e, path); !ok {
			return false
		}
		env, flow := append([]local{}, r.env...), r.flow
		names := r.assigned(nil, s.sub.bodies[i], map[int32]bool{})
		var cs []*comp
		for _, n := range names {
			c := r.lookupComp(n)
			if c == nil || c.state != 2 {
				continue
			}
			if l := r.local(n); l != nil {
				r.err(s.off, "E167", "assign it in one place", "%s is assigned inside and outside of a when-statement", c.name)
				return false
			}
			if c.d.prefix == kParameter || c.d.prefix == kConstant || c.d.causal == kInput || c.global {
				r.err(s.off, "E170", "only variables change at events", "%s is set in a when, but it is no variable", c.name)
				return false
			}
			v := r.map1(c.val, func(e expr.ID) expr.ID { return r.pool.Fn(expr.OpPre, e) })
			if c.typ.base == bRecord {
				r.err(s.off, "E167", "assign the members in a when-equation", "the record %s is assigned in a when-statement", c.name)
				return false
			}
			r.env = append(r.env, local{name: n, v: &v, typ: c.typ, dims: c.dims, set: true, comp: c})
			cs = append(cs, c)
		}
		first := len(r.env) - len(cs)
		r.path, r.branch = expr.True, &b
		if !r.exec(s.sub.bodies[i]) {
			return false
		}
		for k, c := range cs {
			x, y := c.val.leaves(nil), r.env[first+k].v.leaves(nil)
			for j := range x {
				if y[j].id == r.pool.Fn(expr.OpPre, x[j].id) && c.dims != nil {
					continue
				}
				a := action(model.SetAction, b.Pos, expr.None)
				a.Target, a.Value = x[j].id, y[j].id
				r.whenSet[a.Target] = true
				b.Actions = append(b.Actions, a)
			}
		}
		r.env, r.flow, r.branch = env, flow, nil
		w.Branches = append(w.Branches, b)
	}
	return r.addWhen(w, s.off)
}

// addWhen appends the clause of a when-statement. Where an earlier one of the algorithm
// sets the same variables, the later has precedence: it becomes the first branch.
func (r *reader) addWhen(w model.WhenClause, off int32) bool {
	targets := func(b *model.WhenBranch) map[expr.ID]bool {
		m := map[expr.ID]bool{}
		for _, a := range b.Actions {
			if a.Kind == model.SetAction {
				m[a.Target] = true
			}
		}
		return m
	}
	mine := map[expr.ID]bool{}
	for i := range w.Branches {
		for t := range targets(&w.Branches[i]) {
			mine[t] = true
		}
	}
	for k := range r.sys.Whens {
		old := &r.sys.Whens[k]
		shared, equal, simple := false, true, true
		for i := range old.Branches {
			ts := targets(&old.Branches[i])
			for t := range ts {
				shared = shared || mine[t]
				equal = equal && mine[t]
			}
			equal = equal && len(ts) == len(mine)
			simple = simple && len(ts) == len(old.Branches[i].Actions)
		}
		for i := range w.Branches {
			ts := targets(&w.Branches[i])
			equal = equal && len(ts) == len(mine)
			simple = simple && len(ts) == len(w.Branches[i].Actions)
			for _, a := range w.Branches[i].Actions {
				for _, s := range r.pool.Free(safe(a.Value)) {
					simple = simple && !mine[s]
				}
			}
		}
		if !shared {
			continue
		}
		if !equal || !simple {
			r.err(off, "E167", "combine the two with elsewhen", "two when-statements set the same variable")
			return false
		}
		old.Branches = append(w.Branches, old.Branches...)
		return true
	}
	r.sys.Whens = append(r.sys.Whens, w)
	return true
}
