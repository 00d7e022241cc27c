package structural

import (
	"math"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// Alias and constant elimination. Equations that are affine with numeric
// coefficients are held as sparse rows over classes of variables that are known to
// be equal up to sign (union-find with signs). A row that shrinks to one class fixes
// its value; a row that shrinks to k*(a - b) or k*(a + b) joins two classes; a
// row that shrinks to nothing is redundant or contradictory. A variable that is
// settled wakes the rows in which it occurs, short rows first, so that a wide row
// (the current sum of a ground node) is looked at once, when its turn comes.
//
// der() is kept congruent: equal variables have equal derivatives, constants have
// derivative zero, and a variable that equals der(x) takes its place in x's chain.
type elimination struct {
	w      *work
	parent []int32
	sign   []int8    // of the variable relative to its parent
	size   []int32   // occurrences in the class, by root
	value  []expr.ID // by root: constant value of the root variable, None
	der    []signed  // by root: derivative of the root variable
	integ  []signed  // by root: root = sign * d/dt of this variable
	chain  []int32   // union-find over chains of derivatives

	head, tail []int32 // occurrence lists by root
	next       []int32
	occEq      []int32

	rows []row
	live []int32 // scratch: position of a root in the row under work
	tick []int32
	now  int32

	short, long []int32
	queued      []bool

	repr []signed // by root, once finished: root = sign * variable

	gone         []bool // equations that were used up
	redundant    []int32
	redundantSrc []int32           // their places in the model
	assumed      []assumption      // equations that hold with the default parameters
	number       map[int32]float64 // of known roots, with default parameters
}

// assumption is that a term in parameters is zero, so that an equation is redundant.
type assumption struct {
	rest expr.ID
	src  int32
}

type signed struct {
	v int32
	s int8
}

type row struct {
	vars   []int32
	coef   []expr.Num
	rest   expr.ID // sum of the terms without unknowns
	linear bool
}

// shortRow is the length up to which a row is looked at first; equations that are not
// affine and mention more than maxSmallRow variables are left alone.
const (
	shortRow    = 8
	maxSmallRow = 64
)

func newElimination(w *work) *elimination {
	return &elimination{w: w, number: map[int32]float64{}}
}

func (e *elimination) grow() {
	for i := len(e.parent); i < len(e.w.vars); i++ {
		v := &e.w.vars[i]
		e.parent = append(e.parent, int32(i))
		e.sign = append(e.sign, 1)
		e.size = append(e.size, 0)
		e.value = append(e.value, expr.None)
		e.der = append(e.der, signed{v.der, 1})
		e.integ = append(e.integ, signed{v.integ, 1})
		e.chain = append(e.chain, int32(i))
		e.head = append(e.head, none)
		e.tail = append(e.tail, none)
		e.live = append(e.live, 0)
		e.tick = append(e.tick, 0)
		if v.integ != none {
			e.linkChain(int32(i), v.integ)
		}
	}
}

func (e *elimination) find(v int32) int32 {
	r, s := v, int8(1)
	for e.parent[r] != r {
		s *= e.sign[r]
		r = e.parent[r]
	}
	for e.parent[v] != r && v != r {
		p, t := e.parent[v], s*e.sign[v]
		e.parent[v], e.sign[v] = r, s
		v, s = p, t
	}
	return r
}

// signTo is the sign of v relative to its root.
func (e *elimination) signTo(v int32) int8 {
	if e.find(v) == v {
		return 1
	}
	return e.sign[v]
}

func (e *elimination) findChain(v int32) int32 {
	for e.chain[v] != v {
		e.chain[v] = e.chain[e.chain[v]]
		v = e.chain[v]
	}
	return v
}

func (e *elimination) linkChain(a, b int32) { e.chain[e.findChain(a)] = e.findChain(b) }

// run eliminates until nothing changes.
func (e *elimination) run() {
	w := e.w
	e.grow()
	n := len(w.eqs)
	e.rows = make([]row, n)
	e.queued = make([]bool, n)
	e.gone = make([]bool, n)
	for i := range w.eqs {
		e.rows[i] = e.extract(&w.eqs[i])
		for _, v := range e.rows[i].vars {
			e.occur(v, int32(i))
		}
		e.wake(int32(i))
	}
	for {
		var q int32
		switch {
		case len(e.short) > 0:
			q, e.short = e.short[0], e.short[1:]
		case len(e.long) > 0:
			q, e.long = e.long[0], e.long[1:]
		default:
			if !e.settleRelations() {
				return
			}
			continue
		}
		e.queued[q] = false
		if !e.gone[q] {
			e.examine(q)
		}
	}
}

// settleRelations replaces relations of terms that have become constant and wakes
// the equations in which they stand. It reports whether there were any.
func (e *elimination) settleRelations() bool {
	w := e.w
	found := map[expr.ID]expr.ID{}
	for i := range w.rels {
		r := &w.rels[i]
		if _, ok := w.hyb.renamed[r.atom]; ok {
			continue
		}
		if t := w.substitute(e.replace(r.term), w.hyb.renamed); w.constant(t) {
			t = w.literal(r.kind, t)
			found[r.atom] = t
			w.hyb.renamed[r.atom] = t
		}
	}
	if len(found) == 0 {
		return false
	}
	for i := range w.eqs {
		if e.gone[i] {
			continue
		}
		q := &w.eqs[i]
		hit := false
		w.atoms(q.res, func(a expr.ID) {
			if _, ok := found[a]; ok {
				hit = true
			}
		})
		if hit {
			w.quieten(q)
			e.rows[i] = e.extract(q)
			e.wake(int32(i))
		}
	}
	return true
}

func (e *elimination) occur(v, q int32) {
	k := int32(len(e.next))
	e.next = append(e.next, none)
	e.occEq = append(e.occEq, q)
	r := e.find(v)
	if e.tail[r] == none {
		e.head[r] = k
	} else {
		e.next[e.tail[r]] = k
	}
	e.tail[r] = k
	e.size[r]++
}

func (e *elimination) wake(q int32) {
	if e.queued[q] || e.gone[q] {
		return
	}
	e.queued[q] = true
	if len(e.rows[q].vars) <= shortRow {
		e.short = append(e.short, q)
	} else {
		e.long = append(e.long, q)
	}
}

func (e *elimination) wakeAll(r int32) {
	for k := e.head[r]; k != none; k = e.next[k] {
		e.wake(e.occEq[k])
	}
}

// extract reads the affine row of an equation.
func (e *elimination) extract(q *equation) row {
	w, p := e.w, e.w.pool
	r := row{linear: true, rest: expr.Zero}
	var kc []expr.Num
	var kt []expr.ID
	c := expr.IntNum(0)
	term := func(k expr.Num, t expr.ID) {
		switch role, i := w.roleOf(t); {
		case role == roleVar:
			r.vars = append(r.vars, i)
			r.coef = append(r.coef, k)
			return
		case role != roleNone || t == expr.Time:
			kc, kt = append(kc, k), append(kt, t)
			return
		}
		if p.Op(t) <= expr.OpTime {
			kc, kt = append(kc, k), append(kt, t)
			return
		}
		free := true
		w.atoms(t, func(a expr.ID) {
			if ro, _ := w.roleOf(a); ro == roleVar {
				free = false
			}
		})
		if free {
			kc, kt = append(kc, k), append(kt, t)
		} else {
			r.linear = false
		}
	}
	switch p.Op(q.res) {
	case expr.OpAdd:
		a := p.Args(q.res)
		c, _ = p.Value(a[0])
		for i := 1; i < len(a); i += 2 {
			k, _ := p.Value(a[i])
			term(k, a[i+1])
			if !r.linear {
				break
			}
		}
	case expr.OpConst:
		c, _ = p.Value(q.res)
	default:
		term(expr.IntNum(1), q.res)
	}
	if r.linear {
		if len(kt) > 0 || !c.IsZero() {
			r.rest = p.Linear(c, kc, kt)
		}
		return r
	}
	r.vars, r.coef = nil, nil
	w.atoms(q.res, func(a expr.ID) {
		if ro, i := w.roleOf(a); ro == roleVar {
			r.vars = append(r.vars, i)
		}
	})
	return r
}

// reduce rewrites a linear row over the present roots.
func (e *elimination) reduce(q int32) *row {
	r := &e.rows[q]
	p := e.w.pool
	e.now++
	n := 0
	var kc []expr.Num
	var kt []expr.ID
	for i, v := range r.vars {
		root := e.find(v)
		k := r.coef[i]
		if e.signTo(v) < 0 {
			k = k.Neg()
		}
		if val := e.value[root]; val != expr.None {
			kc, kt = append(kc, k), append(kt, e.inline(root))
			continue
		}
		if e.tick[root] == e.now {
			at := e.live[root]
			r.coef[at] = r.coef[at].Add(k)
			continue
		}
		e.tick[root], e.live[root] = e.now, int32(n)
		r.vars[n], r.coef[n] = root, k
		n++
	}
	m := 0
	for i := range n {
		if !r.coef[i].IsZero() {
			r.vars[m], r.coef[m] = r.vars[i], r.coef[i]
			m++
		}
	}
	r.vars, r.coef = r.vars[:m], r.coef[:m]
	if len(kt) > 0 {
		r.rest = p.Add(r.rest, p.Linear(expr.IntNum(0), kc, kt))
	}
	return r
}

// inline is the term that stands for a root of known value: the value where it is a
// number or a single atom, else the atom of the root.
func (e *elimination) inline(root int32) expr.ID {
	v := e.value[root]
	if e.simple(v) {
		return v
	}
	return e.w.vars[root].atom
}

func (e *elimination) simple(v expr.ID) bool {
	p := e.w.pool
	if p.Op(v) <= expr.OpSym {
		return true
	}
	a := p.Args(v)
	return p.Op(v) == expr.OpAdd && len(a) == 3 && a[0] == expr.Zero && a[1] == expr.MinusOne && p.Op(a[2]) == expr.OpSym
}

// replacement of a variable by what is known about it.
func (e *elimination) replacement(v int32) expr.ID {
	root := e.find(v)
	t, s := e.w.vars[root].atom, e.signTo(v)
	switch {
	case e.value[root] != expr.None:
		t = e.inline(root)
	case e.repr != nil:
		t = e.w.vars[e.repr[root].v].atom
		s *= e.repr[root].s
	}
	if s < 0 {
		return e.w.pool.Neg(t)
	}
	return t
}

func (e *elimination) examine(q int32) {
	w := e.w
	r := &e.rows[q]
	if !r.linear {
		if len(r.vars) > maxSmallRow {
			return
		}
		e.now++
		live := 0
		settled := false
		for _, v := range r.vars {
			root := e.find(v)
			if e.value[root] != expr.None || root != v {
				settled = true
			}
			if e.value[root] == expr.None && e.tick[root] != e.now {
				e.tick[root] = e.now
				live++
			}
		}
		if live > 2 || (!settled && live > 1) {
			return
		}
		eq := &w.eqs[q]
		e.apply(eq)
		*r = e.extract(eq)
		if !r.linear {
			return
		}
	}
	eq := &w.eqs[q]
	// A discrete-typed equation is an alias or a constant only in the plain forms.
	r = e.reduce(q)
	if eq.lhs != expr.None && len(r.vars) > 0 {
		e.apply(eq)
		switch {
		case len(r.vars) == 1:
			t := w.vars[r.vars[0]].atom
			other := eq.rhs
			if eq.lhs != t {
				other = eq.lhs
			}
			if (eq.lhs == t || eq.rhs == t) && w.constant(other) && e.settle(r.vars[0], other, false) {
				e.gone[q] = true
			}
		case len(r.vars) == 2 && w.pool.Op(eq.lhs) == expr.OpSym && w.pool.Op(eq.rhs) == expr.OpSym:
			if e.unite(r.vars[0], r.vars[1], 1, false) {
				e.gone[q] = true
				w.equatedBy(q, r.vars)
			}
		}
		return
	}
	switch len(r.vars) {
	case 0:
		e.empty(q, r.rest)
	case 1:
		if !w.constant(r.rest) {
			return
		}
		k := r.coef[0]
		if e.settle(r.vars[0], w.pool.Scale(k.Inv().Neg(), r.rest), false) {
			e.gone[q] = true
		}
	case 2:
		if r.rest != expr.Zero {
			return
		}
		s := int8(0)
		if r.coef[0] == r.coef[1] {
			s = -1
		} else if r.coef[0] == r.coef[1].Neg() {
			s = 1
		}
		if s != 0 && e.unite(r.vars[0], r.vars[1], s, false) {
			e.gone[q] = true
			w.equatedBy(q, r.vars)
		}
	}
}

// equatedBy notes for messages that equation q made variables equal up to sign.
func (w *work) equatedBy(q int32, vars []int32) {
	for _, v := range vars {
		if x := &w.vars[v]; x.alias == 0 && w.eqs[q].src >= 0 {
			x.alias = w.eqs[q].src + 1
		}
	}
}

// apply substitutes what is known into an equation.
func (e *elimination) apply(q *equation) {
	w := e.w
	w.memo.reset()
	leaf := func(a expr.ID) expr.ID {
		if r, i := w.roleOf(a); r == roleVar {
			return e.replacement(i)
		}
		return a
	}
	q.res = w.rewrite(q.res, leaf)
	if q.lhs != expr.None {
		q.lhs, q.rhs = w.rewrite(q.lhs, leaf), w.rewrite(q.rhs, leaf)
	}
}

// stillDerivative names a parameter of which the equation takes the derivative.
func (w *work) stillDerivative(q *equation) string {
	e, ok := w.source(q)
	if !ok {
		return ""
	}
	p := w.pool
	name := ""
	seen := map[expr.ID]bool{}
	for _, t := range []expr.ID{e.Lhs, e.Rhs} {
		p.Walk(t, seen, nil, func(x expr.ID) {
			if p.Op(x) != expr.OpDer {
				return
			}
			a := p.Args(x)[0]
			if i, ok := w.sys.VarOf(a); ok && (w.sys.Vars[i].Kind == model.ParameterVar || w.sys.Vars[i].Kind == model.ConstantVar) {
				name = w.sys.Vars[i].Name
			}
		})
	}
	return name
}

// leaveOut notes that an equation follows from others.
func (e *elimination) leaveOut(q int32) {
	e.redundant = append(e.redundant, q)
	e.redundantSrc = append(e.redundantSrc, e.w.eqs[q].src)
}

// empty handles an equation in which no unknown is left.
func (e *elimination) empty(q int32, rest expr.ID) {
	w := e.w
	if !w.constant(rest) {
		return // structural analysis reports it
	}
	x := w.number(rest)
	eq := &w.eqs[q]
	switch {
	case math.IsNaN(x):
		return
	case math.Abs(x) <= 1e-12*w.magnitude(rest):
		e.gone[q] = true
		e.leaveOut(q)
		if w.pool.Op(rest) != expr.OpConst {
			e.assumed = append(e.assumed, assumption{rest, eq.src})
			w.note(w.pos(eq), "W303", "", "%s holds with the default parameters and determines no unknown; it is ignored", w.equationText(eq))
		}
	default:
		e.gone[q] = true
		d := w.list.Add(w.pos(eq), "E302", "remove one of the equations, or look for a sign or connection error", "%s contradicts the other equations: it reduces to %s = 0", w.equationText(eq), w.pool.String(rest))
		if x := w.stillDerivative(eq); x != "" {
			d.Next = "the derivative of the parameter " + x + " is 0: declare " + x + " a variable"
		}
		if src, ok := w.source(eq); ok && src.Connection {
			d.Notes = append(d.Notes, diag.Note{Text: "the equation comes from a connection"})
		}
	}
}

// magnitude is the size of the largest term of a sum of known terms, at least 1 where
// nothing is known: what rounding is measured against.
func (w *work) magnitude(e expr.ID) float64 {
	m := 0.0
	if w.pool.Op(e) == expr.OpAdd {
		a := w.pool.Args(e)
		m = math.Abs(w.number(a[0]))
		for i := 1; i < len(a); i += 2 {
			m = max(m, math.Abs(w.number(a[i])*w.number(a[i+1])))
		}
		return m
	}
	return math.Abs(w.number(e))
}

// settle makes variable v constant. It declines for derivatives, whose variables
// stay states of known slope, unless force is set.
func (e *elimination) settle(v int32, value expr.ID, force bool) bool {
	root := e.find(v)
	if e.value[root] != expr.None {
		return false
	}
	if e.integ[root].v != none && !force {
		return false
	}
	if e.signTo(v) < 0 {
		value = e.w.pool.Neg(value)
	}
	e.value[root] = value
	if !e.simple(value) {
		e.number[root] = e.w.number(value)
		e.w.setRole(e.w.vars[root].atom, roleKnown, root)
		e.w.known = append(e.w.known, Assign{Target: e.w.vars[root].atom, Value: value, Eq: -1})
	}
	e.wakeAll(root)
	if d := e.der[root]; d.v != none {
		if e.value[e.find(d.v)] == expr.None {
			e.settle(d.v, expr.Zero, true)
		}
	}
	return true
}

// unite makes a = s*b. It declines where both are derivatives of something, or where
// the two belong to one chain of derivatives, unless force is set.
func (e *elimination) unite(a, b int32, s int8, force bool) bool {
	w := e.w
	ra, rb := e.find(a), e.find(b)
	rel := s * e.signTo(a) * e.signTo(b) // rb = rel*ra
	if ra == rb {
		return rel > 0
	}
	if !force {
		if (w.vars[ra].typ == model.RealType) != (w.vars[rb].typ == model.RealType) {
			return false
		}
		if e.integ[ra].v != none && e.integ[rb].v != none {
			return false
		}
		if e.findChain(ra) == e.findChain(rb) {
			return false
		}
	}
	if e.size[ra] < e.size[rb] {
		ra, rb = rb, ra
	}
	e.linkChain(ra, rb)
	e.parent[rb], e.sign[rb] = ra, rel
	e.size[ra] += e.size[rb]
	e.wakeAll(rb)
	if e.head[rb] != none {
		if e.tail[ra] == none {
			e.head[ra] = e.head[rb]
		} else {
			e.next[e.tail[ra]] = e.head[rb]
		}
		e.tail[ra] = e.tail[rb]
	}
	if e.integ[ra].v == none && e.integ[rb].v != none {
		e.integ[ra] = signed{e.integ[rb].v, e.integ[rb].s * rel}
	}
	if db := e.der[rb]; db.v != none {
		// d/dt ra = rel * d/dt rb = rel * db.s * db.v
		mine := signed{db.v, db.s * rel}
		if da := e.der[ra]; da.v == none {
			e.der[ra] = mine
		} else {
			va, vb := e.value[e.find(da.v)], e.value[e.find(mine.v)]
			switch {
			case va == expr.None && vb == expr.None:
				e.unite(da.v, mine.v, da.s*mine.s, true)
			case va != expr.None && vb == expr.None:
				e.settle(mine.v, expr.Zero, true)
			case va == expr.None:
				e.settle(da.v, expr.Zero, true)
			}
		}
	}
	return true
}
