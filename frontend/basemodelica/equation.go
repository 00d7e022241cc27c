package basemodelica

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// equationList appends the equations of a section to a list.
func (r *reader) equationList(to []model.Equation, list []stmt) []model.Equation {
	for i := range list {
		to = r.equationOf(to, &list[i], expr.True)
	}
	return to
}

// equationOf appends the scalar equations that s means. cond holds inside if-equations
// for what is no equation (assertions).
func (r *reader) equationOf(to []model.Equation, s *stmt, cond expr.ID) []model.Equation {
	switch s.kind {
	case sEq:
		return r.simpleEquation(to, s)
	case sIf:
		return r.ifEquation(to, s, cond)
	case sFor:
		r.loop(r.t.args(s.sub.iters), s.off, func() {
			for i := range s.sub.bodies[0] {
				to = r.equationOf(to, &s.sub.bodies[0][i], cond)
			}
		})
		return to
	case sWhen:
		if r.inInit {
			r.err(s.off, "E165", "move it to the equation section", "a when-equation among the initial equations")
			return to
		}
		r.whenEquation(s, cond)
		return to
	case sCall:
		return r.callEquation(to, s, cond)
	case sGuess:
		r.guessEquation(s)
		return to
	case sIgnore:
		return to
	}
	panic("mtkc: bug: statement in an equation section")
}

// loop runs body for every value of the iterators, the first one outermost.
func (r *reader) loop(iters []int32, off int32, body func()) {
	if len(iters) == 0 {
		body()
		return
	}
	it := r.t.nodes[iters[0]]
	set, ok := r.iteratorRange(it)
	if !ok {
		return
	}
	errs := r.diags.Errors()
	for i := range set.dims[0] {
		if r.steps++; r.steps > maxSteps {
			r.err(off, "E174", "make the ranges shorter", "more than %d steps at compile time", maxSteps)
			return
		}
		v := set.at(i)
		r.env = append(r.env, local{name: it.a, v: &v, set: true, ro: true})
		r.loop(iters[1:], off, body)
		r.env = r.env[:len(r.env)-1]
		if r.diags.Errors() > errs { // one message for all rounds
			return
		}
	}
}

func (r *reader) simpleEquation(to []model.Equation, s *stmt) []model.Equation {
	if r.t.nodes[s.lhs].kind == nTuple {
		return r.tupleEquation(to, s)
	}
	a, b := r.eval(s.lhs), r.eval(s.rhs)
	return r.pair(to, a, b, s)
}

// pair appends a = b, element by element.
func (r *reader) pair(to []model.Equation, a, b value, s *stmt) []model.Equation {
	if a.bad() || b.bad() {
		return to
	}
	if !r.comparable(&a, &b, s.off) {
		return to
	}
	if a.t.base == bString {
		r.err(s.off, "E166", "make it a parameter String with a value", "an equation between Strings")
		return to
	}
	eq := model.Equation{Pos: r.pos(int(s.off))}
	if s.desc >= 0 {
		eq.Desc = r.names[s.desc]
	}
	if s.ann != nil {
		r.ownEquation(&eq, s.ann.own)
	}
	if a.dims == nil && a.t.base != bRecord {
		eq.Lhs, eq.Rhs = a.id, b.id
		return append(to, eq)
	}
	x, y := a.leaves(nil), b.leaves(nil)
	for i := range x {
		if x[i].t.base == bString {
			continue
		}
		eq.Lhs, eq.Rhs = x[i].id, y[i].id
		to = append(to, eq)
	}
	return to
}

// comparable checks that two sides of an equation have one type and size.
func (r *reader) comparable(a, b *value, off int32) bool {
	if _, ok := join(a.t, b.t); !ok && !(a.t.base == bEnum && b.t.base == bEnum && sameEnum(a.t.def, b.t.def)) &&
		!(a.t.base == bRecord && b.t.base == bRecord && len(a.leaves(nil)) == len(b.leaves(nil))) {
		r.err(off, "E161", "make both sides of one type", "the sides of an equation are %s and %s", a.describe(), b.describe())
		return false
	}
	if !sameDims(a.dims, b.dims) {
		r.err(off, "E162", "make the sizes equal", "the sides of an equation have different size: %s and %s", shape(a.dims), shape(b.dims))
		return false
	}
	return true
}

// tupleEquation is (a, b) = f(x).
func (r *reader) tupleEquation(to []model.Equation, s *stmt) []model.Equation {
	outs, ok := r.results(s.rhs)
	if !ok {
		return to
	}
	targets := r.t.args(s.lhs)
	if len(targets) > len(outs) {
		r.err(s.off, "E160", "use fewer targets", "%d targets for a function with %d results", len(targets), len(outs))
		return to
	}
	for i, t := range targets {
		if ref(t) == noRef {
			continue
		}
		to = r.pair(to, r.eval(ref(t)), outs[i], s)
	}
	return to
}

// results evaluates a call with several results.
func (r *reader) results(e ref) ([]value, bool) {
	n := r.t.nodes[e]
	if n.kind == nTuple {
		var out []value
		for _, k := range r.t.args(e) {
			v := r.eval(ref(k))
			if v.bad() {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	}
	if n.kind != nCall {
		if n.kind != nBad {
			r.err(n.off, "E160", "write (a, b) = f(x)", "a list of targets needs a function with several results")
		}
		return nil, false
	}
	name, ok := r.calleeName(ref(n.a))
	if !ok {
		return nil, false
	}
	if i, found := r.nameIdx[name]; found && r.funcs[i] != nil {
		out := r.apply(r.funcs[i], r.t.args(ref(n.b)), n.off)
		return out, out != nil
	}
	v := r.eval(e)
	return []value{v}, !v.bad()
}

// callEquation is a call that stands for itself: assert, terminate, reinit or a function
// without results.
func (r *reader) callEquation(to []model.Equation, s *stmt, cond expr.ID) []model.Equation {
	name, args, ok := r.callParts(s)
	if !ok {
		return to
	}
	switch name {
	case "assert":
		c, msg, warn, ok := r.assertion(args, s.off)
		if !ok {
			return to
		}
		p := r.pool
		if cond != expr.True {
			c = p.Fn(expr.OpOr, p.Fn(expr.OpNot, cond), c)
		}
		if r.inInit {
			c = p.Fn(expr.OpOr, p.Fn(expr.OpNot, p.Fn(expr.OpInitial)), c)
		}
		a := model.Assertion{Cond: c, Message: msg, Warn: warn, Pos: r.pos(int(s.off))}
		if s.ann != nil {
			r.ownAssertion(&a, s.ann.own)
		}
		r.sys.Asserts = append(r.sys.Asserts, a)
	case "terminate", "reinit":
		r.err(s.off, "E165", "put it into when condition then ... end when", "%s outside a when-equation", name)
	default:
		if i, found := r.nameIdx[name]; found && r.funcs[i] != nil {
			r.err(s.off, "E166", "use its results in an equation", "the call of %s has no effect on the model", name)
		} else {
			r.err(s.off, "E152", "an equation is a = b", "this is no equation")
		}
	}
	return to
}

// callParts splits a statement that is a call.
func (r *reader) callParts(s *stmt) (string, []int32, bool) {
	n := r.t.nodes[s.lhs]
	if n.kind != nCall {
		if n.kind != nBad {
			r.err(s.off, "E152", "an equation is a = b", "this is no equation")
		}
		return "", nil, false
	}
	name, ok := r.calleeName(ref(n.a))
	return name, r.t.args(ref(n.b)), ok
}

var assertParams = builtin{params: []string{"condition", "message", "level?"}}

func (r *reader) assertion(args []int32, off int32) (cond expr.ID, msg string, warn, ok bool) {
	v, ok := r.arguments("assert", assertParams, args, off)
	if !ok {
		return 0, "", false, false
	}
	if v[0].t.base != bBoolean || v[0].dims != nil || v[1].t.base != bString || v[1].dims != nil {
		r.err(off, "E161", "write assert(condition, \"message\")", "assert(%s, %s)", v[0].describe(), v[1].describe())
		return 0, "", false, false
	}
	if len(v) > 2 {
		k, known := r.known(v[2])
		if v[2].t.base != bEnum || !known {
			r.err(off, "E161", "write AssertionLevel.error or AssertionLevel.warning", "the level of an assert is %s", v[2].describe())
			return 0, "", false, false
		}
		warn = k == 1
	}
	return v[0].id, v[1].text, warn, true
}

// ifEquation merges the branches equation by equation.
func (r *reader) ifEquation(to []model.Equation, s *stmt, cond expr.ID) []model.Equation {
	c := s.sub
	p := r.pool
	type branch struct {
		cond expr.ID // expr.True: else
		body []stmt
		eqs  []model.Equation
		at   int32
	}
	var bs []branch
	hasElse := false
	rest := cond // none of the earlier conditions holds
	for i := range c.bodies {
		b := branch{cond: expr.True, body: c.bodies[i], at: c.at[i]}
		if i < len(c.conds) {
			v := r.boolean(c.conds[i])
			if v.bad() {
				return to
			}
			if v.dims != nil {
				r.err(r.off(c.conds[i]), "E162", "write a scalar condition", "the condition is an array")
				return to
			}
			b.cond = v.id
			// A condition that is settled by constants or structural parameters chooses.
			if k, ok := r.settled(v.id); ok {
				b.cond = expr.False
				if k {
					b.cond = expr.True
				}
			}
		}
		if b.cond == expr.False {
			continue
		}
		bs = append(bs, b)
		if b.cond == expr.True {
			hasElse = true
			break
		}
	}
	errs := r.diags.Errors()
	for i := range bs {
		b := &bs[i]
		here := p.Fn(expr.OpAnd, rest, b.cond)
		for k := range b.body {
			b.eqs = r.equationOf(b.eqs, &b.body[k], here)
		}
		rest = p.Fn(expr.OpAnd, rest, p.Fn(expr.OpNot, b.cond))
	}
	if r.diags.Errors() > errs || len(bs) == 0 {
		return to
	}
	if len(bs) == 1 && bs[0].cond == expr.True {
		return append(to, bs[0].eqs...)
	}
	balanced := true
	for i := range bs {
		balanced = balanced && len(bs[i].eqs) == len(bs[0].eqs)
	}
	if !hasElse && len(bs[0].eqs) > 0 {
		balanced = false
	}
	if !balanced {
		// Parameters with known values may still choose the branch.
		for i := range bs {
			k, ok := 1.0, true
			if bs[i].cond != expr.True {
				k, ok = r.known(scalar(bBoolean, bs[i].cond))
			}
			if !ok {
				break
			}
			if k != 0 {
				return append(to, bs[i].eqs...)
			}
			if i == len(bs)-1 {
				return to
			}
		}
		d := r.pos(int(s.off))
		if r.quiet == 0 {
			x := r.diags.Add(d, "E164", "give every branch the same number of equations, the else included", "the branches of an if-equation have different numbers of equations")
			for i := range bs {
				x.Notes = append(x.Notes, noteAt(r.pos(int(bs[i].at)), "%d equations here", len(bs[i].eqs)))
			}
			if !hasElse {
				x.Notes = append(x.Notes, noteAt(d, "there is no else"))
			}
		}
		return to
	}
	lists := make([][]model.Equation, len(bs))
	for i := range bs {
		lists[i] = bs[i].eqs
	}
	r.align(lists)
	for k := range bs[0].eqs {
		last := bs[len(bs)-1].eqs[k]
		eq := last
		if len(bs[0].eqs) > 0 {
			eq.Pos, eq.Path, eq.Desc = bs[0].eqs[k].Pos, bs[0].eqs[k].Path, bs[0].eqs[k].Desc
		}
		for i := len(bs) - 2; i >= 0; i-- {
			e := bs[i].eqs[k]
			eq.Lhs = p.If(bs[i].cond, e.Lhs, eq.Lhs)
			eq.Rhs = p.If(bs[i].cond, e.Rhs, eq.Rhs)
		}
		to = append(to, eq)
	}
	return to
}

// align orders the equations of all branches like those of the first, where the left
// sides allow it, so that x = a in one and x = b in the other become x = if c then a else b.
func (r *reader) align(lists [][]model.Equation) {
	first := lists[0]
	for _, l := range lists[1:] {
		at := make(map[expr.ID]int, len(l))
		usable := true
		for i := range l {
			if _, dup := at[l[i].Lhs]; dup {
				usable = false
			}
			at[l[i].Lhs] = i
		}
		seen := make(map[expr.ID]bool, len(first))
		for i := range first {
			if _, ok := at[first[i].Lhs]; !ok || seen[first[i].Lhs] {
				usable = false
			}
			seen[first[i].Lhs] = true
		}
		if !usable {
			continue
		}
		out := make([]model.Equation, len(l))
		for i := range first {
			out[i] = l[at[first[i].Lhs]]
		}
		copy(l, out)
	}
}

// settled evaluates a condition that depends on constants and structural parameters only.
func (r *reader) settled(c expr.ID) (val, ok bool) {
	if c == expr.True || c == expr.False {
		return c == expr.True, true
	}
	for _, s := range r.pool.Free(c) {
		if int(s) >= len(r.owner) || r.owner[s].comp == 0 {
			return false, false
		}
		o := r.comps[r.owner[s].comp-1]
		d := o.d
		if !(d.prefix == kConstant || o.global || d.prefix == kParameter && (o.structural || d.ann != nil && d.ann.evaluate > 0)) {
			return false, false
		}
	}
	k, ok := r.known(scalar(bBoolean, c))
	return k != 0, ok
}

// parameterEquations are p = value, and guess(x) = value.
func (r *reader) parameterEquations(list []stmt) {
	for i := range list {
		s := &list[i]
		if s.kind == sGuess {
			r.guessEquation(s)
			continue
		}
		r.sys.Initial = r.equationOf(r.sys.Initial, s, expr.True)
	}
}

// guessEquation is guess(x) = value: a start value.
func (r *reader) guessEquation(s *stmt) {
	v, e := r.eval(s.lhs), s.rhs
	// prioritize(value, n) on the right: the priority is for interactive tools.
	if n := r.t.nodes[e]; n.kind == nCall {
		if f := r.t.nodes[n.a]; f.kind == nName && r.names[f.a] == "prioritize" && n.b >= 0 {
			if args := r.t.args(ref(n.b)); len(args) == 2 {
				e = ref(args[0])
			}
		}
	}
	g := r.eval(e)
	if v.bad() || g.bad() || !r.comparable(&v, &g, s.off) {
		return
	}
	x, y := v.leaves(nil), g.leaves(nil)
	for i := range x {
		k, ok := r.sys.VarOf(x[i].id)
		if !ok {
			r.err(s.off, "E170", "write guess(x) = value for a variable x", "the left side of a guess is no variable")
			return
		}
		r.sys.Vars[k].Start = y[i].id
	}
}
