package structural

import (
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/structural/graph"
)

// solver turns matched equations into sequences of assignments and residuals, block
// by block. The simulation and the initialization differ in what they may divide by
// and in what becomes of iteration variables.
type solver struct {
	w    *work
	eqs  []equation
	vars []int32 // unknown of each column
	col  []int32 // by variable
	safe pivot   // least pivot for an explicit solution of a scalar block
	tag  string  // prefix of auxiliary names

	emit    func(Assign)
	iterate func(unknowns []int32, inner []Assign, residuals []*equation)
	report  func(Block)

	// scratch of tearing
	local []int32 // by column: position in the block, or none
}

func (b *solver) run(comps [][]int32, m *graph.Matching, depend *graph.Bipartite) {
	b.local = make([]int32, len(b.vars))
	for i := range b.local {
		b.local[i] = none
	}
	for _, comp := range comps {
		if len(comp) == 1 {
			b.scalar(comp[0], m.Col[comp[0]])
		} else {
			b.tear(comp, m, depend)
		}
	}
}

func (b *solver) assign(v int32, value expr.ID, q *equation) Assign {
	return Assign{Target: b.w.vars[v].atom, Value: value, Eq: max(int(q.src), -1), From: q.from}
}

// explicit solves q for v if the pivot is at least safe, or if v occurs only within
// an invertible function.
func (b *solver) explicit(q *equation, v int32, safe pivot) (expr.ID, bool) {
	w, p := b.w, b.w.pool
	a := w.vars[v].atom
	if q.lhs != expr.None {
		switch {
		case q.lhs == a && !w.contains(q.rhs, a):
			return q.rhs, true
		case q.rhs == a && !w.contains(q.lhs, a):
			return q.lhs, true
		}
		return expr.None, false
	}
	k, rest, ok := w.affineIn(q.res, a)
	if ok {
		if k == expr.Zero || w.pivotOf(k) < safe {
			return expr.None, false
		}
		switch k {
		case expr.One:
			return p.Neg(rest), true
		case expr.MinusOne:
			return rest, true
		}
		return p.Neg(p.Div(rest, k)), true
	}
	if w.opt.KeepNonlinear {
		return expr.None, false
	}
	return b.invert(q.res, a)
}

func (w *work) contains(e, x expr.ID) bool {
	found := false
	w.atoms(e, func(a expr.ID) {
		if a == x {
			found = true
		}
	})
	return found
}

// invert solves k*f(u) + rest = 0 for the x in u where f is a function with a unique
// inverse on all of its range and u is affine in x with a numeric coefficient.
func (b *solver) invert(res, x expr.ID) (expr.ID, bool) {
	w, p := b.w, b.w.pool
	if p.Op(res) != expr.OpAdd {
		return expr.None, false
	}
	args := p.Args(res)
	at := -1
	var kc []expr.Num
	var kt []expr.ID
	for i := 1; i < len(args); i += 2 {
		if w.contains(args[i+1], x) {
			if at >= 0 {
				return expr.None, false
			}
			at = i
			continue
		}
		k, _ := p.Value(args[i])
		kc, kt = append(kc, k), append(kt, args[i+1])
	}
	if at < 0 {
		return expr.None, false
	}
	c, _ := p.Value(args[0])
	k, _ := p.Value(args[at])
	f := args[at+1]
	y := p.Scale(k.Inv().Neg(), p.Linear(c, kc, kt)) // f(u) = y
	var u, inner expr.ID
	switch p.Op(f) {
	case expr.OpExp:
		u = p.Fn(expr.OpLog, y)
	case expr.OpLog:
		u = p.Fn(expr.OpExp, y)
	case expr.OpSinh:
		u = p.Fn(expr.OpAsinh, y)
	case expr.OpAsinh:
		u = p.Fn(expr.OpSinh, y)
	case expr.OpTanh:
		u = p.Fn(expr.OpAtanh, y)
	case expr.OpAtanh:
		u = p.Fn(expr.OpTanh, y)
	default:
		return expr.None, false
	}
	inner = p.Args(f)[0]
	a, rest, ok := w.affineIn(inner, x)
	if !ok || w.pivotOf(a) != pivotNumber {
		return expr.None, false
	}
	return p.Div(p.Sub(u, rest), a), true
}

func (b *solver) scalar(row, col int32) {
	w := b.w
	q, v := &b.eqs[row], b.vars[col]
	value, ok := b.explicit(q, v, b.safe)
	switch {
	case ok:
		b.emit(b.assign(v, value, q))
	case q.lhs != expr.None:
		b.booleanLoop([]int32{row}, []int32{col})
	default:
		b.iterate([]int32{v}, nil, []*equation{q})
	}
	if b.report != nil {
		blk := Block{Vars: []expr.ID{w.vars[v].atom}, Eqs: []Residual{w.residual(q)}, Linear: ok}
		if !ok {
			blk.Tear = blk.Vars
		}
		b.report(blk)
	}
}

func (b *solver) booleanLoop(rows, cols []int32) {
	w := b.w
	q := &b.eqs[rows[0]]
	d := w.list.Add(w.pos(q), "E308", "break the loop with a previous value, Pre(...) or pre(...)", "%s is part of an algebraic loop through variables of discrete type", w.name(b.vars[cols[0]]))
	for _, r := range rows {
		note(d, w, &b.eqs[r])
	}
}

// tear orders the equations of a block so that, with the tearing variables given, each
// other unknown follows from one equation with a numerically safe pivot; the
// equations that are left over are the residuals. Next to be torn is the variable in
// most of the remaining equations.
//
// A chain of safe pivots may still amplify errors without bound (a long ladder of
// resistors torn at one end, the instability of shooting). An estimate of the
// amplification goes with each unknown, and one that would exceed maxGrowth is left to
// be torn itself.
//
// Cellier and Elmqvist, IEEE Control Systems 13(2), 1993; Otter and Elmqvist,
// Modelica 2017, for the restriction to safe pivots.
func (b *solver) tear(comp []int32, m *graph.Matching, depend *graph.Bipartite) {
	w := b.w
	n := len(comp)
	cols := make([]int32, n)
	for k, r := range comp {
		cols[k] = m.Col[r]
	}
	slices.Sort(cols)
	for k, c := range cols {
		b.local[c] = int32(k)
	}
	defer func() {
		for _, c := range cols {
			b.local[c] = none
		}
	}()
	// Incidence within the block, both ways.
	inc := graph.New(n)
	var buf []int32
	for _, r := range comp {
		buf = buf[:0]
		for _, c := range depend.Row(r) {
			if k := b.local[c]; k != none {
				buf = append(buf, k)
			}
		}
		inc.AddRow(buf...)
	}
	back := inc.Transpose()
	const (
		open int8 = iota
		solved
		torn
	)
	status := make([]int8, n)     // of columns
	used := make([]bool, n)       // rows that were solved
	missing := make([]int32, n)   // open columns of each row
	weight := make([]int32, n)    // open rows of each column
	growth := make([]float64, n)  // of errors from the tearing variables to each column
	values := make([]expr.ID, n)  // by row
	solvedFor := make([]int32, n) // by row
	for r := range n {
		missing[r] = int32(len(inc.Row(int32(r))))
		solvedFor[r] = none
		for _, c := range inc.Row(int32(r)) {
			weight[c]++
		}
	}
	discrete := make([]bool, n)
	nDiscrete := 0
	for k, c := range cols {
		r := comp[indexOfRow(comp, m.Row[c])]
		if b.eqs[r].lhs != expr.None {
			discrete[k] = true
			nDiscrete++
		}
	}
	var ready []int32
	var order []int32 // rows in order of solution
	closeColumn := func(c int32) {
		for _, r := range back.Row(c) {
			if missing[r]--; missing[r] == 1 && !used[r] {
				ready = append(ready, r)
			}
		}
	}
	var tears []int32
	tearColumn := func(c int32) {
		status[c] = torn
		growth[c] = 1
		tears = append(tears, c)
		closeColumn(c)
	}
	// What no equation can be solved for must be torn.
	for c := range int32(n) {
		if !discrete[c] && !b.obtainable(comp, inc, back, cols, c) {
			tearColumn(c)
		}
	}
	// Buckets of columns by weight: the heaviest open column is torn next.
	heap := newColumnQueue(weight)
	try := func(r int32) {
		if used[r] || missing[r] != 1 {
			return
		}
		c := none
		for _, k := range inc.Row(r) {
			if status[k] == open {
				c = k
			}
		}
		q := &b.eqs[comp[r]]
		if !w.solvable(q, b.vars[cols[c]]) {
			return
		}
		v, ok := b.explicit(q, b.vars[cols[c]], pivotParam)
		if !ok {
			return
		}
		if q.lhs == expr.None && !w.linearPivot(q, b.vars[cols[c]]) {
			return
		}
		g := b.growth(q, b.vars[cols[c]], func(v int32) float64 {
			if k := b.col[v]; k != none && b.local[k] != none {
				return growth[b.local[k]]
			}
			return 0
		})
		if g > maxGrowth {
			return
		}
		growth[c] = g
		used[r], values[r], solvedFor[r] = true, v, c
		status[c] = solved
		order = append(order, r)
		for _, k := range inc.Row(r) {
			weight[k]--
		}
		closeColumn(c)
	}
	for r := range int32(n) {
		if missing[r] == 1 {
			ready = append(ready, r)
		}
	}
	for {
		for len(ready) > 0 {
			r := ready[0]
			ready = ready[1:]
			try(r)
		}
		c := heap.next(weight, func(c int32) bool { return status[c] == open && !discrete[c] })
		if c == none {
			break
		}
		tearColumn(c)
	}
	for c := range status {
		if status[c] == open {
			// Only variables of discrete type are left: a loop through them.
			var rows, cs []int32
			for k := range status {
				if status[k] == open {
					rows, cs = append(rows, m.Row[cols[k]]), append(cs, cols[k])
				}
			}
			b.booleanLoop(rows, cs)
			return
		}
	}
	var inner []Assign
	for _, r := range order {
		inner = append(inner, b.assign(b.vars[cols[solvedFor[r]]], values[r], &b.eqs[comp[r]]))
	}
	var residuals []*equation
	for r := range n {
		if !used[r] {
			if b.eqs[comp[r]].lhs != expr.None {
				b.booleanLoop(comp[r:r+1], []int32{m.Col[comp[r]]})
				return
			}
			residuals = append(residuals, &b.eqs[comp[r]])
		}
	}
	slices.Sort(tears)
	unknowns := make([]int32, len(tears))
	for k, c := range tears {
		unknowns[k] = b.vars[cols[c]]
	}
	linear := len(unknowns) <= maxCramer && b.cramer(unknowns, inner, residuals)
	if !linear {
		b.iterate(unknowns, inner, residuals)
	}
	if b.report == nil {
		return
	}
	blk := Block{Linear: linear}
	for _, c := range cols {
		blk.Vars = append(blk.Vars, w.vars[b.vars[c]].atom)
	}
	for _, r := range comp {
		blk.Eqs = append(blk.Eqs, w.residual(&b.eqs[r]))
	}
	for _, v := range unknowns {
		blk.Tear = append(blk.Tear, w.vars[v].atom)
	}
	b.report(blk)
}

// maxGrowth bounds the amplification of rounding errors by the explicit part of a
// torn block: it leaves twelve digits to the residuals.
const maxGrowth = 1e4

// growth estimates by how much an error in the tearing variables is amplified in v
// when q is solved for it: the sum of |dq/dx / dq/dv| * of(x) over the other unknowns
// x. Coefficients that are not constant count as 1.
func (b *solver) growth(q *equation, v int32, of func(int32) float64) float64 {
	w := b.w
	size := func(e expr.ID) float64 {
		if w.constant(e) {
			if x := math.Abs(w.number(e)); x == x {
				return x
			}
		}
		return 1
	}
	atoms, derivs := w.pool.Gradient(q.res, func(a expr.ID) bool {
		r, _ := w.roleOf(a)
		return r == roleVar
	})
	sum, pivot := 0.0, 1.0
	for k, a := range atoms {
		_, x := w.roleOf(a)
		if x == v {
			pivot = size(derivs[k])
		} else if g := of(x); g > 0 {
			sum += g * size(derivs[k])
		}
	}
	return sum / pivot
}

// obtainable reports whether some equation of a block can be solved for column c with
// a safe pivot, leaving aside what the other unknowns are. Long equations count as
// such without a look, to keep the cost near-linear.
func (b *solver) obtainable(comp []int32, inc, back *graph.Bipartite, cols []int32, c int32) bool {
	w := b.w
	for _, r := range back.Row(c) {
		q := &b.eqs[comp[r]]
		if !w.solvable(q, b.vars[cols[c]]) {
			continue
		}
		if len(inc.Row(r)) > maxSmallRow {
			return true
		}
		if k, _, ok := w.affineIn(q.res, w.vars[b.vars[cols[c]]].atom); ok && w.pivotOf(k) >= pivotParam {
			return true
		}
	}
	return false
}

// linearPivot reports whether q is affine in v, so that its explicit solution within a
// block holds for all values.
func (w *work) linearPivot(q *equation, v int32) bool {
	_, _, ok := w.affineIn(q.res, w.vars[v].atom)
	return ok
}

func indexOfRow(comp []int32, r int32) int {
	k, _ := slices.BinarySearch(comp, r)
	return k
}

// columnQueue yields columns by decreasing weight; weights only fall.
type columnQueue struct {
	buckets [][]int32
	top     int
}

func newColumnQueue(weight []int32) *columnQueue {
	q := &columnQueue{}
	for _, x := range weight {
		q.top = max(q.top, int(x))
	}
	q.buckets = make([][]int32, q.top+1)
	for c, x := range weight {
		q.buckets[x] = append(q.buckets[x], int32(c))
	}
	return q
}

// next removes and returns the heaviest column that want accepts.
func (q *columnQueue) next(weight []int32, want func(int32) bool) int32 {
	for q.top >= 0 {
		b := q.buckets[q.top]
		if len(b) == 0 {
			q.top--
			continue
		}
		c := b[0]
		q.buckets[q.top] = b[1:]
		if !want(c) {
			continue
		}
		if x := int(weight[c]); x < q.top {
			q.buckets[max(x, 0)] = append(q.buckets[max(x, 0)], c)
			continue
		}
		return c
	}
	return none
}

// maxCramer is the largest number of tearing variables of an affine block that are
// eliminated symbolically.
const maxCramer = 3

// cramer solves a torn block that is affine in its tearing variables by Cramer's rule.
// Coefficients of the inner unknowns are named where they are not small, so that
// nothing is expanded along a chain.
func (b *solver) cramer(unknowns []int32, inner []Assign, residuals []*equation) bool {
	w, p := b.w, b.w.pool
	k := len(unknowns)
	if len(residuals) != k {
		panic("mtkc: bug: torn block is not square")
	}
	tears := make([]expr.ID, k)
	for i, v := range unknowns {
		tears[i] = w.vars[v].atom
		if w.vars[v].sys != none && w.sys.Vars[w.vars[v].sys].Type != 0 {
			return false
		}
	}
	for _, a := range inner {
		if _, v := w.roleOf(a.Target); w.vars[v].typ != 0 {
			return false
		}
	}
	// form of an atom: coefficients of the tears and the rest.
	type form []expr.ID
	forms := map[expr.ID]form{}
	for i, t := range tears {
		f := make(form, k+1)
		for j := range f {
			f[j] = expr.Zero
		}
		f[i] = expr.One
		forms[t] = f
	}
	var pending []Assign
	split := func(e expr.ID) (form, bool) {
		f := make(form, k+1)
		parts := make([][]expr.ID, k+1)
		rest := e
		var occurring []expr.ID
		w.atoms(e, func(a expr.ID) {
			if forms[a] != nil {
				occurring = append(occurring, a)
			}
		})
		for _, a := range occurring {
			c, r, ok := w.affineIn(rest, a)
			if !ok {
				return nil, false
			}
			for _, x := range occurring {
				if w.contains(c, x) {
					return nil, false
				}
			}
			rest = r
			for j, fj := range forms[a] {
				if fj != expr.Zero {
					parts[j] = append(parts[j], p.Mul(c, fj))
				}
			}
		}
		for j := range f {
			f[j] = p.Add(parts[j]...)
		}
		f[k] = p.Add(f[k], rest)
		return f, true
	}
	for _, a := range inner {
		f, ok := split(a.Value)
		if !ok {
			return false
		}
		for j, t := range f {
			if w.small(t) {
				continue
			}
			name := w.fresh(fmt.Sprintf("$%s%d", b.tag, w.auxCount))
			w.auxCount++
			w.setRole(name, roleAuxiliary, 0)
			pending = append(pending, Assign{Target: name, Value: t, Eq: a.Eq, From: a.From})
			f[j] = name
		}
		forms[a.Target] = f
	}
	mat := make([][]expr.ID, k)
	rhs := make([]expr.ID, k)
	for i, q := range residuals {
		f, ok := split(q.res)
		if !ok {
			return false
		}
		mat[i] = make([]expr.ID, k)
		for j := range k {
			t := f[j]
			if k > 1 && !w.small(t) {
				name := w.fresh(fmt.Sprintf("$%s%d", b.tag, w.auxCount))
				w.auxCount++
				w.setRole(name, roleAuxiliary, 0)
				pending = append(pending, Assign{Target: name, Value: t, Eq: max(int(q.src), -1), From: q.from})
				t = name
			}
			mat[i][j] = t
		}
		rhs[i] = p.Neg(f[k])
	}
	det := w.determinant(mat)
	if det == expr.Zero || w.pivotOf(det) < b.safe {
		return false
	}
	for _, a := range pending {
		b.emit(a)
	}
	for j, v := range unknowns {
		m := make([][]expr.ID, k)
		for i := range m {
			m[i] = slices.Clone(mat[i])
			m[i][j] = rhs[i]
		}
		b.emit(b.assign(v, p.Div(w.determinant(m), det), residuals[j]))
	}
	for _, a := range inner {
		b.emit(a)
	}
	return true
}

// small reports whether a term is cheap enough to be repeated.
func (w *work) small(e expr.ID) bool {
	p := w.pool
	if p.Op(e) <= expr.OpSym {
		return true
	}
	a := p.Args(e)
	if len(a) > 4 {
		return false
	}
	for _, t := range a {
		if p.Op(t) > expr.OpSym {
			b := p.Args(t)
			if p.Op(e) != expr.OpAdd || p.Op(t) != expr.OpMul || len(b) > 4 {
				return false
			}
			for _, u := range b {
				if p.Op(u) > expr.OpSym {
					return false
				}
			}
		}
	}
	return true
}

// determinant expands along the first row; m has at most three rows.
func (w *work) determinant(m [][]expr.ID) expr.ID {
	p := w.pool
	if len(m) == 1 {
		return m[0][0]
	}
	if len(m) == 2 {
		return p.Sub(p.Mul(m[0][0], m[1][1]), p.Mul(m[0][1], m[1][0]))
	}
	var terms []expr.ID
	for j := range m {
		if m[0][j] == expr.Zero {
			continue
		}
		minor := make([][]expr.ID, 0, len(m)-1)
		for _, r := range m[1:] {
			row := append(slices.Clone(r[:j]), r[j+1:]...)
			minor = append(minor, row)
		}
		t := p.Mul(m[0][j], w.determinant(minor))
		if j%2 == 1 {
			t = p.Neg(t)
		}
		terms = append(terms, t)
	}
	return p.Add(terms...)
}
