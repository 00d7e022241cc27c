package rewrite

import (
	"cmp"
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// Options sets up a Simplifier. The zero value takes the standard rules.
type Options struct {
	Rules []Rule // nil: Standard()
	// Budget bounds the number of rule applications; 0: 1000 plus 20 per term that is
	// looked at. When it is spent the rest stays as it is.
	Budget int
}

// Count says how often a rule was applied.
type Count struct {
	Rule string
	N    int
}

// Stats reports on a simplification.
type Stats struct {
	Counts        []Count // rules that were applied, in the order of the rule set
	Terms         int     // distinct terms looked at
	Before, After int     // expr.Pool.Cost of the input and of the result
	Exhausted     bool    // the budget was spent
}

// Simplify applies rules throughout e until none applies, and returns the result. The
// result is never more costly than e, as a tree or as a DAG, and has the value of e
// wherever e is defined. Simplifying it again changes nothing.
func Simplify(p *expr.Pool, e expr.ID, opt Options) (expr.ID, Stats) {
	r, s := SimplifyAll(p, []expr.ID{e}, opt)
	return r[0], s
}

// SimplifyAll is Simplify for terms that are computed together: their common parts are
// simplified once, and counted once in the cost. Either all results are simplified, or,
// where that would cost more, none.
func SimplifyAll(p *expr.Pool, es []expr.ID, opt Options) ([]expr.ID, Stats) {
	s := newSimplifier(p, opt)
	out := make([]expr.ID, len(es))
	for i, e := range es {
		out[i] = s.simplify(e)
	}
	st := Stats{Terms: s.terms, Before: p.Cost(es...), After: p.Cost(out...), Exhausted: s.exhausted}
	if st.After > st.Before {
		st.After = st.Before
		return slices.Clone(es), st
	}
	for i, n := range s.counts {
		if n > 0 {
			st.Counts = append(st.Counts, Count{s.rules[i].Name, n})
		}
	}
	return out, st
}

// measure ranks trees: first by cost, then by the number of nodes.
type measure struct{ cost, size int64 }

func (a measure) less(b measure) bool {
	return a.cost < b.cost || a.cost == b.cost && a.size < b.size
}

type simplifier struct {
	p         *expr.Pool
	rules     []Rule
	byOp      [256][]int // indices of the rules by the operator of their top
	counts    []int
	steps     int
	fixed     int // the given budget, 0: it grows with terms
	terms     int
	exhausted bool

	memo  map[expr.ID]expr.ID
	sizes map[expr.ID]measure
}

func newSimplifier(p *expr.Pool, opt Options) *simplifier {
	s := &simplifier{p: p, rules: opt.Rules, fixed: opt.Budget, memo: map[expr.ID]expr.ID{}, sizes: map[expr.ID]measure{}}
	if s.rules == nil {
		s.rules = Standard()
	}
	s.counts = make([]int, len(s.rules))
	for i := range s.rules {
		op := s.rules[i].lhs.op
		switch s.rules[i].lhs.kind {
		case patPow, patProduct:
			op = expr.OpMul
		case patSum:
			op = expr.OpAdd
		}
		s.byOp[op] = append(s.byOp[op], i)
	}
	return s
}

func (s *simplifier) budget() int {
	if s.fixed > 0 {
		return s.fixed
	}
	return 1000 + 20*s.terms
}

// measureOf is the cost and size of e as a tree.
func (s *simplifier) measureOf(e expr.ID) measure {
	if m, ok := s.sizes[e]; ok {
		return m
	}
	var todo []expr.ID
	s.p.Walk(e, map[expr.ID]bool{}, func(t expr.ID) bool { _, ok := s.sizes[t]; return !ok }, func(t expr.ID) { todo = append(todo, t) })
	const most = math.MaxInt64 / 4
	for _, t := range todo {
		if _, ok := s.sizes[t]; ok {
			continue
		}
		m := measure{int64(s.p.OwnCost(t)), 1}
		for _, a := range s.p.Args(t) {
			c := s.sizes[a]
			m.cost = min(m.cost+c.cost, most)
			m.size = min(m.size+c.size, most)
		}
		s.sizes[t] = m
	}
	return s.sizes[e]
}

// simplify returns the fixed point of e.
func (s *simplifier) simplify(e expr.ID) expr.ID {
	if r, ok := s.memo[e]; ok {
		return r
	}
	p := s.p
	var todo []expr.ID
	p.Walk(e, map[expr.ID]bool{}, func(t expr.ID) bool { _, ok := s.memo[t]; return !ok }, func(t expr.ID) {
		if _, ok := s.memo[t]; !ok {
			todo = append(todo, t)
		}
	})
	slices.Sort(todo) // arguments first
	for _, t := range todo {
		s.terms++
		s.memo[t] = s.settle(t)
	}
	return s.memo[e]
}

// settle brings a term to its fixed point. Its arguments may still have to be
// simplified.
func (s *simplifier) settle(e expr.ID) expr.ID {
	p := s.p
	for {
		if r, ok := s.memo[e]; ok {
			return r
		}
		a := p.Args(e)
		changed := false
		args := a
		for i, x := range a {
			if r := s.simplify(x); r != x {
				if !changed {
					args = slices.Clone(a)
					changed = true
				}
				args[i] = r
			}
		}
		if changed {
			e = p.Rebuild(e, args)
			continue
		}
		r, ok := s.step(e)
		if !ok {
			s.memo[e] = e
			return e
		}
		e = r
	}
}

// step applies the first rule that fits at the top of e.
func (s *simplifier) step(e expr.ID) (expr.ID, bool) {
	op := s.p.Op(e)
	if len(s.byOp[op]) == 0 {
		return e, false
	}
	var present opSet
	if op == expr.OpAdd || op == expr.OpMul {
		present = s.operandOps(e)
	}
	for _, i := range s.byOp[op] {
		r := &s.rules[i]
		if s.steps >= s.budget() {
			s.exhausted = true
			return e, false
		}
		var out expr.ID
		n := 0
		switch op {
		case expr.OpAdd, expr.OpMul:
			if !present.has(r.head()) {
				continue
			}
			out, n = s.some(r, e)
		default:
			out, n = s.whole(r, e)
		}
		if n > 0 {
			s.counts[i] += n
			s.steps += n
			return out, true
		}
	}
	return e, false
}

// opSet is a set of operators.
type opSet [4]uint64

func (o *opSet) add(op expr.Op)      { o[op/64] |= 1 << (op % 64) }
func (o *opSet) has(op expr.Op) bool { return op == 0 || o[op/64]>>(op%64)&1 != 0 }

// operandOps are the operators of the factors of a product, or of those of the terms
// of a sum.
func (s *simplifier) operandOps(e expr.ID) (set opSet) {
	a := s.p.Args(e)
	if s.p.Op(e) == expr.OpMul {
		for i := 0; i < len(a); i += 2 {
			set.add(s.p.Op(a[i]))
		}
		return set
	}
	for i := 1; i < len(a); i += 2 {
		if set.add(s.p.Op(a[i+1])); s.p.Op(a[i+1]) == expr.OpMul {
			b := s.p.Args(a[i+1])
			for j := 0; j < len(b); j += 2 {
				set.add(s.p.Op(b[j]))
			}
		}
	}
	return set
}

// head is the operator that the first operand of a sum or product pattern needs, 0 if
// any will do.
func (r *Rule) head() expr.Op {
	p := r.lhs
	if p.kind == patSum || p.kind == patProduct {
		p = p.args[0]
	}
	return p.head()
}

func (p *pattern) head() expr.Op {
	switch p.kind {
	case patFn:
		return p.op
	case patPow:
		if p.args[0].kind == patPow {
			return expr.OpMul
		}
		return p.args[0].head()
	case patFactor:
		return p.args[1].head()
	}
	return 0
}

// better reports whether a rule may replace from by to.
func (s *simplifier) better(r *Rule, from, to expr.ID) bool {
	if from == to {
		return false
	}
	a, b := s.measureOf(from), s.measureOf(to)
	return b.less(a) || r.even && a == b
}

// whole applies a rule to a function term.
func (s *simplifier) whole(r *Rule, e expr.ID) (expr.ID, int) {
	m := newMatcher(s.p, r)
	if !m.match(r.lhs, e) || !m.holds(r.conds) {
		return e, 0
	}
	out := m.build(r.rhs)
	if !s.better(r, e, out) {
		return e, 0
	}
	return out, 1
}

func newMatcher(p *expr.Pool, r *Rule) *matcher {
	m := &matcher{p: p, b: make([]expr.ID, len(r.vars))}
	m.reset()
	return m
}

func (m *matcher) reset() {
	for i := range m.b {
		m.b[i] = expr.None
	}
}

// operand is a term of a sum (number, term) or a factor of a product (base, exponent).
type operand struct {
	key  expr.ID
	k    expr.Num // of a term
	x    expr.ID  // of a factor
	used bool
}

// some applies a rule to operands of a sum or product, as often as disjoint sets of
// operands match.
func (s *simplifier) some(r *Rule, e expr.ID) (expr.ID, int) {
	p := s.p
	sum := p.Op(e) == expr.OpAdd
	a := p.Args(e)
	var ops []operand
	if sum {
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			ops = append(ops, operand{key: a[i+1], k: k})
		}
	} else {
		for i := 0; i < len(a); i += 2 {
			ops = append(ops, operand{key: a[i], x: a[i+1]})
		}
	}
	elems := []*pattern{r.lhs}
	if r.lhs.kind == patSum || r.lhs.kind == patProduct {
		elems = r.lhs.args
	}
	f := finder{m: newMatcher(p, r), rule: r, sum: sum, ops: ops, elems: elems, picked: make([]int, len(elems))}
	var results []expr.ID
	for i := range ops {
		f.m.reset()
		if ops[i].used || !f.at(0, i) || !f.next(1) {
			continue
		}
		// Without the matched operands: the result must be better than they are.
		matched := make([]operand, 0, len(elems))
		for _, j := range f.picked {
			matched = append(matched, ops[j])
		}
		slices.SortFunc(matched, func(x, y operand) int { return cmp.Compare(x.key, y.key) })
		out := f.m.build(r.rhs)
		if !s.better(r, s.join(e, matched, expr.Zero), out) {
			continue
		}
		for _, j := range f.picked {
			ops[j].used = true
		}
		results = append(results, out)
	}
	if len(results) == 0 {
		return e, 0
	}
	rest := ops[:0]
	for _, o := range ops {
		if !o.used {
			rest = append(rest, o)
		}
	}
	var out expr.ID
	if sum {
		out = p.Add(append(results, s.join(e, rest, a[0]))...)
	} else {
		out = p.Mul(append(results, s.join(e, rest, expr.Zero))...)
	}
	if !s.better(r, e, out) {
		return e, 0
	}
	return out, len(results)
}

// join is the sum or product (as e is one) of operands; c0 is the constant of a sum.
func (s *simplifier) join(e expr.ID, ops []operand, c0 expr.ID) expr.ID {
	var args []expr.ID
	if s.p.Op(e) == expr.OpAdd {
		args = append(args, c0)
		for _, o := range ops {
			args = append(args, s.p.Num(o.k), o.key)
		}
		return s.p.Rebuild(e, args)
	}
	for _, o := range ops {
		args = append(args, o.key, o.x)
	}
	return s.p.Rebuild(e, args)
}

// finder looks for operands that match the elements of a pattern.
type finder struct {
	m      *matcher
	rule   *Rule
	sum    bool
	ops    []operand
	elems  []*pattern
	picked []int
}

// at matches element k with operand i.
func (f *finder) at(k, i int) bool {
	o, el := &f.ops[i], f.elems[k]
	if f.sum {
		if el.kind == patFactor {
			if !f.m.factor(el, o.k, o.key) {
				return false
			}
		} else if !o.k.IsOne() || !f.m.match(el, o.key) {
			return false
		}
	} else if !f.m.power(el, o.key, o.x) {
		return false
	}
	f.picked[k] = i
	return true
}

// next matches the elements from k on with operands that are free.
func (f *finder) next(k int) bool {
	if k == len(f.elems) {
		return f.m.holds(f.rule.conds)
	}
	free := func(i int) bool { return !f.ops[i].used && !slices.Contains(f.picked[:k], i) }
	if f.elems[k].ground {
		want := f.operandOf(f.m.build(f.elems[k]))
		i, ok := slices.BinarySearchFunc(f.ops, want.key, func(o operand, key expr.ID) int { return cmp.Compare(o.key, key) })
		if !ok || !free(i) || f.ops[i].k != want.k || f.ops[i].x != want.x {
			return false
		}
		f.picked[k] = i
		return f.next(k + 1)
	}
	save := slices.Clone(f.m.b)
	for i := range f.ops {
		if free(i) && f.at(k, i) && f.next(k+1) {
			return true
		}
		copy(f.m.b, save)
	}
	return false
}

// operandOf splits a built term.
func (f *finder) operandOf(e expr.ID) operand {
	p := f.m.p
	if f.sum {
		k, t := p.Term(e)
		return operand{key: t, k: k}
	}
	if a := p.Args(e); p.Op(e) == expr.OpMul && len(a) == 2 {
		return operand{key: a[0], x: a[1]}
	}
	return operand{key: e, x: expr.One}
}
