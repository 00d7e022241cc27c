package basemodelica

import (
	"fmt"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// stick gives up executing with terms.
func (r *reader) stick(off int32, format string, args ...any) bool {
	if r.flow.stuck == "" {
		r.flow.stuck, r.flow.stuckOff = fmt.Sprintf(format, args...), off
	}
	return false
}

// exec executes statements with terms as values. A condition that is not a constant
// makes both branches run on copies of the locals, which are then merged; return and
// break become conditions under which the rest is skipped. It returns false after an
// error, or where it cannot go on (flow.stuck).
func (r *reader) exec(list []stmt) bool {
	for i := range list {
		if r.steps++; r.steps > maxSteps {
			r.err(list[i].off, "E174", "make the loops shorter", "more than %d steps at compile time", maxSteps)
			return false
		}
		if !r.step(&list[i]) {
			return false
		}
		stop := r.pool.Fn(expr.OpOr, r.flow.returned, r.flow.broken)
		switch {
		case stop == expr.True:
			return true
		case stop != expr.False:
			return r.fork(r.pool.Fn(expr.OpNot, stop), func() bool { return r.exec(list[i+1:]) }, func() bool { return true }, list[i].off)
		}
	}
	return true
}

// fork runs a if the condition holds and b if not, and merges what they leave.
func (r *reader) fork(c expr.ID, a, b func() bool, off int32) bool {
	before := append([]local{}, r.env[r.base:]...)
	start := r.flow
	path := r.path
	save := func() []local { return append([]local{}, r.env[r.base:]...) }
	load := func(ls []local) {
		r.env = append(r.env[:r.base], ls...)
		for i := range ls {
			if l := &r.env[r.base+i]; l.v != nil && !l.ro {
				v := copyOf(*l.v)
				l.v = &v
			}
		}
	}
	p := r.pool
	r.path = p.Fn(expr.OpAnd, path, c)
	load(before)
	if !a() {
		return false
	}
	envA, flowA := save(), r.flow
	r.flow = start
	r.path = p.Fn(expr.OpAnd, path, p.Fn(expr.OpNot, c))
	load(before)
	if !b() {
		return false
	}
	r.path = path
	envB, flowB := save(), r.flow
	load(before)
	r.flow.returned = r.either(c, flowA.returned, flowB.returned)
	r.flow.broken = r.either(c, flowA.broken, flowB.broken)
	for i := range before {
		x, y := &envA[i], &envB[i]
		l := &r.env[r.base+i]
		if l.ro {
			continue
		}
		switch {
		case x.v == nil && y.v == nil:
			l.set, l.v = false, nil
		case y.v == nil:
			l.set, l.v, l.part = false, x.v, p.Fn(expr.OpAnd, c, x.given())
		case x.v == nil:
			l.set, l.v, l.part = false, y.v, p.Fn(expr.OpAnd, p.Fn(expr.OpNot, c), y.given())
		default:
			v, ok := r.merge(c, *x.v, *y.v, off)
			if !ok {
				return false
			}
			l.v = &v
			l.part = r.either(c, r.assume(x.given(), c), r.assume(y.given(), p.Fn(expr.OpNot, c)))
			l.set = l.part == expr.True
		}
	}
	return true
}

// given is the condition under which a local has a value.
func (l *local) given() expr.ID {
	switch {
	case l.set:
		return expr.True
	case l.v == nil:
		return expr.False
	}
	return l.part
}

// either is the Boolean if c then a else b.
func (r *reader) either(c, a, b expr.ID) expr.ID {
	p := r.pool
	switch {
	case a == b:
		return a
	case a == expr.True:
		return p.Fn(expr.OpOr, c, b)
	case a == expr.False:
		return p.Fn(expr.OpAnd, p.Fn(expr.OpNot, c), b)
	case b == expr.False:
		return p.Fn(expr.OpAnd, c, a)
	case b == expr.True:
		return p.Fn(expr.OpOr, p.Fn(expr.OpNot, c), a)
	}
	return p.If(c, a, b)
}

// assume simplifies a Boolean knowing that fact holds.
func (r *reader) assume(e, fact expr.ID) expr.ID {
	p := r.pool
	switch p.Op(fact) {
	case expr.OpAnd:
		a := p.Args(fact)
		return r.assume(r.assume(e, a[0]), a[1])
	case expr.OpTrue, expr.OpFalse:
		return e
	}
	// What is equal to the fact is true, and its negation false. A negated disjunction
	// denies both parts.
	with := map[expr.ID]expr.ID{fact: expr.True, p.Fn(expr.OpNot, fact): expr.False}
	if p.Op(fact) == expr.OpNot {
		if d := p.Args(fact)[0]; p.Op(d) == expr.OpOr {
			a := p.Args(d)
			return r.assume(r.assume(e, p.Fn(expr.OpNot, a[0])), p.Fn(expr.OpNot, a[1]))
		}
	}
	return p.Substitute(e, with, nil)
}

// merge is choose for values that may have missing elements.
func (r *reader) merge(c expr.ID, a, b value, off int32) (value, bool) {
	if !sameDims(a.dims, b.dims) {
		return bad(), r.stick(off, "the size of an array depends on a condition")
	}
	if a.t.base == bRecord {
		out := a
		out.rec = make([]value, len(a.rec))
		for i := range a.rec {
			var ok bool
			if out.rec[i], ok = r.merge(c, a.rec[i], b.rec[i], off); !ok {
				return bad(), false
			}
		}
		return out, true
	}
	if a.t.base == bString {
		if a.text != b.text || len(a.txt) > 0 {
			return bad(), r.stick(off, "a text depends on a condition")
		}
		return a, true
	}
	one := func(x, y expr.ID) expr.ID {
		if x == expr.None || y == expr.None {
			return expr.None
		}
		return r.pool.If(c, x, y)
	}
	if b.t.base == bReal {
		a.t = b.t
	}
	if a.dims == nil {
		a.id = one(a.id, b.id)
		return a, true
	}
	el := make([]expr.ID, len(a.el))
	for i := range el {
		el[i] = one(a.el[i], b.el[i])
	}
	a.el = el
	return a, true
}

// step executes one statement.
func (r *reader) step(s *stmt) bool {
	switch s.kind {
	case sAssign:
		if r.t.nodes[s.lhs].kind != nTuple {
			v := r.eval(s.rhs)
			return !v.bad() && r.assign(s.lhs, v)
		}
		outs, ok := r.results(s.rhs)
		if !ok {
			return false
		}
		targets := r.t.args(s.lhs)
		if len(targets) > len(outs) {
			r.err(s.off, "E160", "use fewer targets", "%d targets for a function with %d results", len(targets), len(outs))
			return false
		}
		for i, t := range targets {
			if ref(t) != noRef && !r.assign(ref(t), outs[i]) {
				return false
			}
		}
		return true
	case sIf:
		return r.execIf(s, 0)
	case sFor:
		return r.execFor(r.t.args(s.sub.iters), s)
	case sWhile:
		return r.execWhile(s)
	case sBreak:
		r.flow.broken = expr.True
		return true
	case sReturn:
		if r.inFunc == 0 {
			r.err(s.off, "E167", "use if", "return in an algorithm section of a model")
			return false
		}
		r.flow.returned = expr.True
		return true
	case sWhen:
		if r.inFunc > 0 {
			r.err(s.off, "E168", "use if", "a when-statement in a function")
			return false
		}
		return r.execWhen(s)
	case sCall:
		return r.execCall(s)
	}
	r.err(s.off, "E167", "write x := value", "this is no statement")
	return false
}

func (r *reader) execIf(s *stmt, i int) bool {
	c := s.sub
	if i == len(c.conds) {
		if i < len(c.bodies) {
			return r.exec(c.bodies[i])
		}
		return true
	}
	v := r.boolean(c.conds[i])
	if v.bad() {
		return false
	}
	if v.dims != nil {
		r.err(r.off(c.conds[i]), "E162", "write a scalar condition", "the condition is an array")
		return false
	}
	switch v.id {
	case expr.True:
		return r.exec(c.bodies[i])
	case expr.False:
		return r.execIf(s, i+1)
	}
	return r.fork(v.id, func() bool { return r.exec(c.bodies[i]) }, func() bool { return r.execIf(s, i+1) }, s.off)
}

// limitUnroll bounds the rounds of a loop that are expanded into terms.
const limitUnroll = 100_000

func (r *reader) execFor(iters []int32, s *stmt) bool {
	if len(iters) == 0 {
		return r.exec(s.sub.bodies[0])
	}
	it := r.t.nodes[iters[0]]
	// In a function the range may depend on an argument.
	if r.inFunc > 0 && it.b != int32(noRef) && !r.constantRange(ref(it.b)) {
		return r.stick(it.off, "the range of a loop is known only at run time")
	}
	set, ok := r.iteratorRange(it)
	if !ok {
		return false
	}
	if set.dims[0] > limitUnroll {
		return r.stick(it.off, "a loop has %d rounds", set.dims[0])
	}
	outer := r.flow.broken
	r.flow.broken = expr.False
	ok = r.rounds(set, 0, it, iters, s)
	r.flow.broken = outer
	return ok
}

// rounds executes the rounds of a loop from i on.
func (r *reader) rounds(set value, i int, it node, iters []int32, s *stmt) bool {
	for ; i < set.dims[0]; i++ {
		v := set.at(i)
		r.env = append(r.env, local{name: it.a, v: &v, set: true, ro: true})
		ok := r.execFor(iters[1:], s)
		r.env = r.env[:len(r.env)-1]
		if !ok {
			return false
		}
		stop := r.pool.Fn(expr.OpOr, r.flow.returned, r.flow.broken)
		switch {
		case stop == expr.True:
			return true
		case stop != expr.False:
			return r.fork(r.pool.Fn(expr.OpNot, stop), func() bool { return r.rounds(set, i+1, it, iters, s) }, func() bool { return true }, s.off)
		}
	}
	return true
}

// constantRange reports whether the ends of a range are constants now.
func (r *reader) constantRange(e ref) bool {
	n := r.t.nodes[e]
	if n.kind != nRange {
		return true
	}
	for i := range n.b {
		r.quiet++
		v := r.eval(ref(r.t.kids[n.a+i]))
		r.quiet--
		if v.bad() || v.dims != nil {
			return true // reported when it is evaluated again
		}
		if _, ok := r.pool.Value(v.id); !ok && v.id != expr.True && v.id != expr.False {
			return false
		}
	}
	return true
}

func (r *reader) execWhile(s *stmt) bool {
	outer := r.flow.broken
	r.flow.broken = expr.False
	defer func() { r.flow.broken = outer }()
	for n := 0; ; n++ {
		v := r.boolean(s.sub.conds[0])
		if v.bad() {
			return false
		}
		if v.id == expr.False && v.dims == nil {
			return true
		}
		if v.id != expr.True && r.inFunc > 0 && v.dims == nil {
			return r.unrollWhile(s, v.id)
		}
		if v.id != expr.True || v.dims != nil {
			return r.stick(s.off, "the condition of a while is known only at run time")
		}
		if n >= limitUnroll*10 {
			r.err(s.off, "E174", "check that it ends", "a while-loop does not end after %d rounds", n)
			return false
		}
		if !r.exec(s.sub.bodies[0]) {
			return false
		}
		stop := r.pool.Fn(expr.OpOr, r.flow.returned, r.flow.broken)
		if stop == expr.True {
			return true
		}
		if stop != expr.False {
			return r.stick(s.off, "the end of a while is known only at run time")
		}
	}
}

// limitForks bounds the rounds of loops with conditions of the run that the call of a
// function expands.
const limitForks = 500

// unrollWhile expands a loop whose condition is a term: if c then body; while c loop
// body end while; end if. On the way through the branches counters stay constants, so
// that a search in a table of known length ends. It gives up after limitForks rounds,
// and where a round fails, which may be one that no run reaches.
func (r *reader) unrollWhile(s *stmt, c expr.ID) bool {
	if r.forks++; r.forks > limitForks {
		return r.stick(s.off, "the condition of a while is known only at run time")
	}
	r.quiet++
	ok := r.fork(c, func() bool {
		before := append([]local{}, r.env[r.base:]...)
		if !r.exec(s.sub.bodies[0]) {
			return false
		}
		if !r.countersOnly(before) {
			return r.stick(s.off, "the condition of a while is known only at run time")
		}
		if stop := r.pool.Fn(expr.OpOr, r.flow.returned, r.flow.broken); stop != expr.False {
			if stop == expr.True {
				return true
			}
			return r.stick(s.off, "the end of a while is known only at run time")
		}
		v := r.boolean(s.sub.conds[0])
		switch {
		case v.bad() || v.dims != nil:
			return false
		case v.id == expr.False:
			return true
		}
		return r.unrollWhile(s, v.id)
	}, func() bool { return true }, s.off)
	r.quiet--
	if !ok {
		return r.stick(s.off, "a round of a while that depends on the run cannot be expanded")
	}
	return true
}

// countersOnly reports whether all locals that differ from before have constants as
// values.
func (r *reader) countersOnly(before []local) bool {
	for i := range before {
		l := &r.env[r.base+i]
		if l.ro || l.v == nil || l.v == before[i].v {
			continue
		}
		if l.v.dims != nil || l.v.t.base == bRecord || l.v.t.base == bString {
			return false
		}
		if _, ok := r.pool.Value(l.v.id); !ok && l.v.id != expr.True && l.v.id != expr.False {
			return false
		}
	}
	return true
}

// execCall is a statement that is a call: assert in a function or algorithm.
func (r *reader) execCall(s *stmt) bool {
	name, args, ok := r.callParts(s)
	if !ok {
		return false
	}
	p := r.pool
	switch name {
	case "assert":
		c, msg, warn, ok := r.assertion(args, s.off)
		if !ok {
			return false
		}
		c = p.Fn(expr.OpOr, p.Fn(expr.OpNot, p.Fn(expr.OpAnd, r.path, p.Fn(expr.OpNot, p.Fn(expr.OpOr, r.flow.returned, r.flow.broken)))), c)
		if c == expr.True {
			return true
		}
		if r.branch != nil {
			a := action(model.AssertAction, r.pos(int(s.off)), expr.None)
			a.Cond, a.Message, a.Warn = c, msg, warn
			r.branch.Actions = append(r.branch.Actions, a)
			return true
		}
		if r.inFunc > 0 && c == expr.False && r.scratch != nil {
			return r.stick(s.off, "%s", msg)
		}
		r.sys.Asserts = append(r.sys.Asserts, model.Assertion{Cond: c, Message: msg, Warn: warn, Pos: r.pos(int(s.off))})
		return true
	case "terminate", "reinit":
		if r.branch == nil {
			r.err(s.off, "E165", "put it into when condition then ... end when", "%s outside a when", name)
			return false
		}
		cond := r.path
		if cond == expr.True {
			cond = expr.None
		}
		errs := r.diags.Errors()
		r.whenCall(r.branch, s, cond)
		return r.diags.Errors() == errs
	}
	if i, found := r.nameIdx[name]; found && r.funcs[i] != nil {
		out := r.apply(r.funcs[i], args, s.off) // for its assertions
		return out != nil
	}
	r.err(s.off, "E159", "allowed are assert, and in a when terminate and reinit", "the call of %s has no effect", name)
	return false
}

// assign stores a value at a name, element or member.
func (r *reader) assign(target ref, v value) bool {
	n := r.t.nodes[target]
	var parts []int32
	name, off := n.a, n.off
	switch n.kind {
	case nName:
	case nRef:
		parts = r.t.args(target)
		name = r.t.nodes[parts[0]].a
	case nBad:
		return false
	default:
		r.err(n.off, "E167", "assign to a variable", "the left side of := is no variable")
		return false
	}
	l := r.local(name)
	if l == nil {
		if c := r.lookupComp(name); c != nil {
			r.err(off, "E170", "assign to an output or a local variable", "%s cannot be assigned here", r.names[name])
		} else {
			r.err(off, "E157", "declare it, or correct the name", "unknown name %s", r.names[name])
		}
		return false
	}
	if l.ro {
		r.err(off, "E170", "assign to an output or a local variable", "%s cannot be assigned", r.names[name])
		return false
	}
	if parts == nil {
		if !r.accepts(l, &v, off, r.names[name]) {
			return false
		}
		w := copyOf(v)
		if l.typ.base != bRecord {
			w.t = l.typ
		}
		l.v, l.set = &w, true
		return true
	}
	if !l.set && r.assume(l.given(), r.path) != expr.True {
		r.err(off, "E168", "assign the whole first", "a part of %s is assigned before its size is known", r.names[name])
		return false
	}
	return r.store(l.v, parts, v)
}

// store assigns to the part of v that the reference names.
func (r *reader) store(v *value, parts []int32, x value) bool {
	pt := r.t.nodes[parts[0]]
	rest := parts[1:]
	if pt.b != int32(noRef) {
		at, dims, dyn, ok := r.selection(v.dims, v.t, ref(pt.b))
		if !ok {
			return false
		}
		if dyn >= 0 {
			return r.storeDynamic(v, ref(pt.b), dyn, rest, x, pt.off)
		}
		if len(rest) > 0 {
			if dims != nil || v.t.base != bRecord {
				r.err(pt.off, "E162", "assign the elements one by one", "a member of several records is assigned at once")
				return false
			}
			return r.storeMember(&v.rec[at[0]], rest, x)
		}
		if !sameDims(dims, x.dims) {
			r.err(pt.off, "E162", "make the sizes equal", "%s is assigned to %s", x.describe(), shape(dims))
			return false
		}
		if !fits(v.t, x.t) {
			r.err(pt.off, "E161", "give a value of that type", "%s is assigned to %s", x.t, v.t)
			return false
		}
		for i, k := range at {
			e := x.at(i)
			switch v.t.base {
			case bRecord:
				v.rec[k] = copyOf(e)
			case bString:
				v.txt[k] = e.text
			default:
				v.el[k] = e.id
			}
		}
		return true
	}
	if len(rest) > 0 {
		return r.storeMember(v, rest, x)
	}
	if !fits(v.t, x.t) || !sameDims(v.dims, x.dims) {
		r.err(pt.off, "E161", "give a value of that type and size", "%s is assigned to %s", x.describe(), v.describe())
		return false
	}
	t := v.t
	*v = copyOf(x)
	v.t = t
	return true
}

func (r *reader) storeMember(v *value, parts []int32, x value) bool {
	pt := r.t.nodes[parts[0]]
	if v.t.base != bRecord || v.dims != nil {
		r.err(pt.off, "E157", "only records have members", "%s has no member %s", v.describe(), r.names[pt.a])
		return false
	}
	i, ok := v.t.def.index[pt.a]
	if !ok {
		r.err(pt.off, "E157", "correct the name", "record %s has no member %s", v.t.def.name, r.names[pt.a])
		return false
	}
	return r.store(&v.rec[i], parts, x)
}

// storeDynamic assigns to an element whose number is known only at run time: every
// element becomes a choice.
func (r *reader) storeDynamic(v *value, subs ref, k int, rest []int32, x value, off int32) bool {
	args := r.t.args(subs)
	if len(rest) > 0 || len(v.dims) != 1 || len(args) != 1 || v.t.base == bRecord || v.t.base == bString || x.dims != nil {
		return r.stick(off, "a subscript is known only at run time")
	}
	if !fits(v.t, x.t) {
		r.err(off, "E161", "give a value of that type", "%s is assigned to %s", x.t, v.t)
		return false
	}
	s := r.eval(ref(args[k]))
	if s.bad() {
		return false
	}
	for i, old := range v.el {
		if old == expr.None {
			return r.stick(off, "a subscript is known only at run time")
		}
		v.el[i] = r.pool.If(r.pool.Fn(expr.OpEq, s.id, r.pool.Int(int64(i+1))), x.id, old)
	}
	return true
}
