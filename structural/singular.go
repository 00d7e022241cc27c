package structural

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// Structural failure. The offsets promise that the equations, differentiated c_i times,
// determine the highest derivatives x_j^(d_j); that holds where the system Jacobian
//
//	J_ij = df_i / dx_j^(d_j - c_i)
//
// is regular. Structure only sees which entries may be nonzero. Where they cancel, as
// in C*(u1' - u2') = i1, C*(u2' - u1') = i2, some combination of the equations is a
// constraint that structure does not see, the index is higher and there are fewer
// degrees of freedom. repair finds the irreducible diagonal blocks of J (its fine block
// triangular form) that are singular for all values and converts their equations:
//
// Linear combination: with u^T J = 0 for a block, let c be the least c_i of the
// equations with u_i != 0. If u depends only on derivatives of x_j below d_j - c, one
// of the equations with c_i = c is replaced by the sum of u_i d^(c_i-c)/dt f_i, from which
// the highest derivatives of the block drop out.
//
// Expression substitution: with J v = 0, let c be the greatest c_i of the equations that
// mention a column with v_j != 0. If v depends only on derivatives below d_j - c of these
// columns, and up to d_j - c of others, then for one of them, l, each other is replaced,
// x_j^(d_j-c) = y_j + v_j/v_l x_l^(d_l-c) with a new unknown y_j, and x_l^(d_l-c_i) drops out
// of the equations.
//
// Either lowers the value of the signature matrix, the sum of d_j less that of c_i, so
// that the repetition ends. Tan, Nedialkov and Pryce, Conversion methods for improving
// structural analysis of differential-algebraic equation systems, BIT 57, 2017, and the
// same authors on the block triangular form (arXiv 1608.06693). Departures: singularity
// and null vectors come from values at random points (see point), and a null vector of
// numbers is preferred to one of terms; what drops out is dropped by writing a number
// for it, not by simplification; all dependent equations of all blocks are replaced in
// one round, where their null vectors are numbers.

// cell is an entry of a row of a block.
type cell struct {
	col  int32 // of the block
	term expr.ID
}

// blockJacobian is an irreducible diagonal block of the system Jacobian.
type blockJacobian struct {
	rows []int32 // equations
	cols []int32 // chains
	a    [][]cell
}

const (
	seeds        = 4    // random points that must all agree that a block is singular
	maxSymbolic  = 8    // equations in a combination with terms as multipliers
	rankWork     = 2000 // steps of elimination that an entry of a block pays for
	maxConverted = 64   // rounds of conversion
)

// prober holds the random points of a round.
type prober struct {
	w      *work
	points map[[2]uint64]*point
}

func (p *prober) at(seed uint64, use given) *point {
	k := [2]uint64{seed, uint64(use)}
	g, ok := p.points[k]
	if !ok {
		g = p.w.point(seed, use)
		p.points[k] = g
	}
	return g
}

// values are the numbers of a block at a point; ok is false where one is undefined.
func (g *point) values(b *blockJacobian) (rows []sparseRow, ok bool) {
	rows = make([]sparseRow, len(b.rows))
	for i, cells := range b.a {
		r := &rows[i]
		for _, e := range cells {
			switch v := g.of(e.term); v {
			case undefined:
				return nil, false
			case 0:
			default:
				r.col, r.val = append(r.col, e.col), append(r.val, v)
			}
		}
	}
	return rows, true
}

func (b *blockJacobian) transposed() *blockJacobian {
	t := &blockJacobian{rows: b.cols, cols: b.rows, a: make([][]cell, len(b.cols))}
	for i, cells := range b.a {
		for _, e := range cells {
			t.a[e.col] = append(t.a[e.col], cell{int32(i), e.term})
		}
	}
	return t
}

func (b *blockJacobian) work() int {
	n := 0
	for _, r := range b.a {
		n += len(r)
	}
	return rankWork * (n + 16)
}

// valueOfSignature is the sum of the d_j less that of the c_i, the number of degrees of
// freedom if J is regular.
func (s *signature) valueOfSignature() int {
	n := 0
	for _, d := range s.d {
		n += int(d)
	}
	for _, c := range s.c {
		n -= int(c)
	}
	return n
}

// reduceIndex finds the offsets of the system, converting its equations as long as the
// Jacobian is singular for structure's sake. It returns nil after an error, or where
// the values of parameters decide the structure: w.evaluate lists them.
func (w *work) reduceIndex() *signature {
	last := math.MaxInt
	for round := 0; ; round++ {
		s := newSignature(w)
		if !s.checkRegular() {
			return nil
		}
		s.reduce()
		if !s.checkDifferentiable() {
			return nil
		}
		value := s.valueOfSignature()
		if value >= last {
			panic("mtkc: bug: a conversion did not lower the value of the signature matrix")
		}
		last = value
		if !s.repair() {
			if w.failed() || len(w.evaluate) > 0 {
				return nil
			}
			return s
		}
		w.repaired = true
		if round == maxConverted {
			w.list.Add(diag.Pos{}, "E314", "look for equations that say the same in other words", "the equations depend on each other in more than %d ways that structure does not see", maxConverted)
			return nil
		}
	}
}

// repair looks for singular blocks and converts them. It reports whether equations
// changed.
func (s *signature) repair() bool {
	w := s.w
	active := graph.New(len(s.chains))
	var buf []int32
	for i := range int32(len(w.eqs)) {
		buf = buf[:0]
		for _, e := range s.row(i) {
			if s.active(i, e) {
				buf = append(buf, e.chain)
			}
		}
		active.AddRow(buf...)
	}
	local := make([]int32, len(s.chains))
	for j := range local {
		local[j] = none
	}
	pr := &prober{w: w, points: map[[2]uint64]*point{}}
	changed := false
	var blocks []*blockJacobian
	for _, comp := range graph.Components(active, s.m) {
		b := s.blockOf(comp, local)
		if b == nil {
			continue
		}
		blocks = append(blocks, b)
		switch s.judge(b, pr) {
		case blockSingular:
			if s.convert(b, pr) {
				changed = true
			} else {
				s.reportFailure(b)
			}
		case blockAtDefaults:
			// w.evaluate says what to do.
		}
	}
	if !changed && len(w.evaluate) == 0 && !w.failed() {
		return s.repairConsistent(blocks, pr)
	}
	return changed
}

// blockOf collects the entries of a block; nil stands for one that needs no look: its
// only entry is a number, or it is no block of real equations.
func (s *signature) blockOf(comp, local []int32) *blockJacobian {
	w := s.w
	if len(comp) == 1 {
		// Most blocks: an equation in which the unknown is a term of the sum.
		i := comp[0]
		c := s.chains[s.m.Col[i]]
		for _, e := range s.row(i) {
			if e.chain == s.m.Col[i] {
				if k, ok := w.isAddend(w.eqs[i].res, w.vars[c[e.order]].atom); ok && w.plain(k) {
					return nil
				}
			}
		}
	}
	b := &blockJacobian{rows: slices.Clone(comp)}
	for _, i := range comp {
		if w.eqs[i].lhs != expr.None {
			return nil
		}
		b.cols = append(b.cols, s.m.Col[i])
	}
	slices.Sort(b.cols)
	for k, j := range b.cols {
		local[j] = int32(k)
	}
	colOf := map[expr.ID]int32{}
	for _, i := range comp {
		clear(colOf)
		for _, e := range s.row(i) {
			if k := local[e.chain]; k != none && s.active(i, e) {
				colOf[w.vars[s.chains[e.chain][e.order]].atom] = k
			}
		}
		atoms, derivs := w.partials(w.eqs[i].res, func(a expr.ID) bool {
			_, ok := colOf[a]
			return ok
		})
		var cells []cell
		for k, a := range atoms {
			cells = append(cells, cell{colOf[a], derivs[k]})
		}
		slices.SortFunc(cells, func(x, y cell) int { return int(x.col - y.col) })
		b.a = append(b.a, cells)
	}
	for _, j := range b.cols {
		local[j] = none
	}
	if len(comp) == 1 && len(b.a[0]) == 1 && w.plain(b.a[0][0].term) {
		return nil
	}
	return b
}

// plain reports whether a term is a number, or a parameter that is not 0.
func (w *work) plain(e expr.ID) bool {
	switch w.pool.Op(e) {
	case expr.OpConst:
		return true
	case expr.OpSym:
		r, i := w.roleOf(e)
		return r == roleParam && w.paramValue[i] != 0
	}
	return false
}

// partials is the gradient of a term by the atoms that want accepts. Sums of atoms,
// the most frequent equations, need no differentiation.
func (w *work) partials(e expr.ID, want func(expr.ID) bool) (atoms, derivs []expr.ID) {
	p := w.pool
	if p.Op(e) == expr.OpAdd {
		a := p.Args(e)
		plain := true
		for i := 2; i < len(a) && plain; i += 2 {
			plain = p.Op(a[i]) <= expr.OpSym
		}
		if plain {
			for i := 1; i < len(a); i += 2 {
				if want(a[i+1]) {
					atoms, derivs = append(atoms, a[i+1]), append(derivs, a[i])
				}
			}
			return atoms, derivs
		}
	}
	return p.Gradient(e, want)
}

type verdict uint8

const (
	blockRegular verdict = iota
	blockSingular
	blockAtDefaults // singular with the default values of parameters
)

// judge decides whether a block is singular for all values, or for all values of the
// unknowns with the default parameters.
func (s *signature) judge(b *blockJacobian, pr *prober) verdict {
	w := s.w
	if s.singular(b, pr, givenNone) {
		return blockSingular
	}
	params := s.parametersOf(b)
	if len(params) == 0 {
		return blockRegular
	}
	zero := params[:0:0]
	for _, k := range params {
		if w.paramValue[k] == 0 {
			zero = append(zero, k)
		}
	}
	switch {
	case len(zero) > 0 && s.singular(b, pr, givenZero):
		w.evaluate = append(w.evaluate, zero...)
		return blockAtDefaults
	case s.singular(b, pr, givenAll):
		w.evaluate = append(w.evaluate, params...)
		return blockAtDefaults
	}
	return blockRegular
}

// singular reports whether a block is singular at every random point tried.
func (s *signature) singular(b *blockJacobian, pr *prober, use given) bool {
	order := s.elimOrder(b)
	judged := false
	for seed := range uint64(seeds) {
		rows, ok := pr.at(seed, use).values(b)
		if !ok {
			continue
		}
		_, dep, ok := eliminate(rows, order, len(b.cols), b.work())
		if !ok || len(dep) == 0 {
			return false
		}
		judged = true
	}
	return judged
}

// elimOrder puts the equations that are differentiated most first, short ones before
// long ones: then a row that depends on those before it has the least c_i among them.
func (s *signature) elimOrder(b *blockJacobian) []int32 {
	order := make([]int32, len(b.rows))
	for k := range order {
		order[k] = int32(k)
	}
	slices.SortStableFunc(order, func(x, y int32) int {
		if d := s.c[b.rows[y]] - s.c[b.rows[x]]; d != 0 {
			return int(d)
		}
		return len(b.a[x]) - len(b.a[y])
	})
	return order
}

// parametersOf lists the parameters in the entries of a block, by index into
// Plan.Params, each once.
func (s *signature) parametersOf(b *blockJacobian) []int32 {
	w := s.w
	var list []int32
	seen := map[int32]bool{}
	w.mark.reset()
	var visit func(a expr.ID)
	visit = func(a expr.ID) {
		switch r, i := w.roleOf(a); r {
		case roleParam:
			if !seen[i] {
				seen[i] = true
				list = append(list, i)
			}
		case roleKnown:
			if k, ok := w.knownValue(a); ok {
				w.walkAtoms(k, visit)
			}
		}
	}
	for _, cells := range b.a {
		for _, e := range cells {
			w.walkAtoms(e.term, visit)
		}
	}
	slices.Sort(list)
	return list
}

// evaluated is the options for another start, with the parameters of w.evaluate put in
// as numbers.
func (w *work) evaluated() Options {
	opt := w.opt
	opt.evaluate = maps.Clone(opt.evaluate)
	if opt.evaluate == nil {
		opt.evaluate = map[int]diag.Diagnostic{}
	}
	for _, k := range w.evaluate {
		i := w.plan.Params[k].Var
		if i < 0 {
			continue
		}
		v := &w.sys.Vars[i]
		opt.evaluate[i] = diag.Diagnostic{Pos: v.Pos, Code: "W307", Message: fmt.Sprintf("the structure of the model depends on parameter %s = %g, which is put in when the model is compiled", v.Name, w.paramValue[k])}
	}
	if len(opt.evaluate) == len(w.opt.evaluate) {
		panic("mtkc: bug: the structure depends on parameters that are numbers already")
	}
	return opt
}

// multiplier is the coefficient of an equation or a column in a null vector.
type multiplier struct {
	at   int32 // row of the block
	term expr.ID
}

// nullVectors returns null vectors of the rows of b: all those that are numbers, or if
// there is none, some of terms. The last entry belongs to the row that is to go; in a
// vector of numbers it is 1, and no other vector has that row. may says, for the rows of
// a vector of terms, which of them may go.
func (s *signature) nullVectors(b *blockJacobian, order []int32, may func(rows []int32) func(int32) bool, pr *prober) (vectors [][]multiplier, numeric bool) {
	var deps [2][]dependence
	n := 0
	for seed := uint64(0); seed < seeds && n < 2; seed++ {
		rows, ok := pr.at(seed, givenNone).values(b)
		if !ok {
			continue
		}
		_, d, ok := eliminate(rows, order, len(b.cols), b.work())
		if !ok {
			return nil, false
		}
		deps[n] = d
		n++
	}
	if n < 2 {
		return nil, false
	}
	other := map[int32]*dependence{}
	for k := range deps[1] {
		d := &deps[1][k]
		other[d.rows[len(d.rows)-1]] = d
	}
	for k := range deps[0] {
		d := &deps[0][k]
		e := other[d.rows[len(d.rows)-1]]
		if e == nil || !slices.Equal(d.rows, e.rows) || !slices.Equal(d.times, e.times) {
			continue
		}
		v := make([]multiplier, 0, len(d.rows))
		for i, r := range d.rows {
			x, ok := rational(d.times[i])
			if !ok {
				break
			}
			v = append(v, multiplier{r, s.w.pool.Num(x)})
		}
		if len(v) == len(d.rows) {
			vectors = append(vectors, v)
		}
	}
	if len(vectors) > 0 {
		return vectors, true
	}
	for k := range deps[0] {
		rows := deps[0][k].rows
		if v := s.symbolicVector(b, rows, may(rows), func(e expr.ID) bool {
			v := pr.at(0, givenNone).of(e)
			return v != 0 && v != undefined
		}); v != nil {
			vectors = append(vectors, v)
		}
	}
	return vectors, false
}

// symbolicVector finds terms for the multipliers of rows that depend on each other.
// The multiplier of one of the equations that may be replaced, which comes last, is 1
// or a term that is as safe to divide by as there is.
func (s *signature) symbolicVector(b *blockJacobian, rows []int32, may func(row int32) bool, nonzero func(expr.ID) bool) []multiplier {
	w := s.w
	if len(rows) > maxSymbolic {
		return nil
	}
	u, ok := w.kernelOfRows(b, rows, nonzero)
	if !ok {
		return nil
	}
	best, least := -1, 1<<30
	var quotient []polynomial
	for k := range u {
		if len(u[k]) == 0 || !may(rows[k]) {
			continue
		}
		q := make([]polynomial, len(u))
		exact := true
		for i := range u {
			if q[i], exact = u[i].divide(u[k]); !exact || w.divides(q[i]) {
				exact = false
				break
			}
		}
		r := w.difficulty(u[k])
		if exact {
			r = -1
		}
		if r < least {
			best, least, quotient = k, r, nil
			if exact {
				quotient = q
			}
		}
	}
	if best < 0 {
		return nil
	}
	if quotient != nil {
		u = quotient
	}
	// The equation that goes keeps its size.
	scale := monomial{k: u[best][0].k.Inv()}
	for k := range u {
		u[k] = u[k].shift(&scale)
	}
	v := make([]multiplier, 0, len(u))
	for k := range u {
		if k != best && len(u[k]) > 0 {
			v = append(v, multiplier{rows[k], w.term(u[k])})
		}
	}
	return append(v, multiplier{rows[best], w.term(u[best])})
}

// divides reports whether a polynomial has a kernel that is not constant in time in a
// denominator.
func (w *work) divides(a polynomial) bool {
	for _, m := range a {
		for _, f := range m.f {
			if f.exp < 0 && !w.constant(f.base) {
				return true
			}
		}
	}
	return false
}

// vanishes checks u^T A = 0 at a point that did not serve to find u.
func (s *signature) vanishes(b *blockJacobian, u []multiplier, pr *prober) bool {
	tested := false
	for seed := uint64(seeds); seed < 2*seeds; seed++ {
		g := pr.at(seed, givenNone)
		sum := map[int32]uint64{}
		ok := true
		for _, m := range u {
			x := g.of(m.term)
			ok = ok && x != undefined
			for _, e := range b.a[m.at] {
				y := g.of(e.term)
				ok = ok && y != undefined
				if ok {
					sum[e.col] = addMod(sum[e.col], mulMod(x, y))
				}
			}
		}
		if !ok {
			continue
		}
		for _, x := range sum {
			if x != 0 {
				return false
			}
		}
		tested = true
	}
	return tested
}

// convert applies a remedy to a singular block and reports whether there was one.
func (s *signature) convert(b *blockJacobian, pr *prober) bool {
	least := func(rows []int32) func(int32) bool {
		c := s.c[b.rows[rows[len(rows)-1]]]
		return func(r int32) bool { return s.c[b.rows[r]] == c }
	}
	us, numeric := s.nullVectors(b, s.elimOrder(b), least, pr)
	var found []*equation
	var at []int32
	for _, u := range us {
		if !s.vanishes(b, u, pr) {
			continue
		}
		q, l, ok := s.combine(b, u, pr)
		if !ok {
			continue
		}
		found, at = append(found, q), append(at, l)
		s.tellCombined(b, u, q)
		if !numeric {
			break
		}
	}
	for k, q := range found {
		s.w.eqs[at[k]] = *q
	}
	if len(found) > 0 {
		return true
	}
	t := b.transposed()
	order := make([]int32, len(t.rows))
	for k := range order {
		order[k] = int32(k)
	}
	any := func([]int32) func(int32) bool { return func(int32) bool { return true } }
	vs, _ := s.nullVectors(t, order, any, pr)
	for _, v := range vs {
		if s.vanishes(t, v, pr) && s.substituteExpression(b, v, pr) {
			return true
		}
	}
	return false
}

// combine makes the combination that replaces one of the equations of a null vector:
// it returns that equation's index.
func (s *signature) combine(b *blockJacobian, u []multiplier, pr *prober) (*equation, int32, bool) {
	w, p := s.w, s.w.pool
	l := b.rows[u[len(u)-1].at]
	c := s.c[l]
	low := true
	for _, m := range u {
		low = low && s.below(m.term, func(j int32) int32 { return s.d[j] - c })
	}
	var terms []expr.ID
	sum := linearSum{c: expr.IntNum(0)}
	q := w.eqs[l]
	from := Derivation{Kind: Combined}
	for _, m := range u {
		i := b.rows[m.at]
		f := w.eqs[i].res
		for range s.c[i] - c {
			w.differentiate(f, w.pos(&w.eqs[i]), "a constraint that must be differentiated")
			f = w.derivative(f)
			w.elim.extend()
		}
		parent := w.eqs[i].parent()
		if n := s.c[i] - c; n > 0 {
			parent.From = w.differentiated(&w.eqs[i], n)
		}
		parent.Times, _ = p.Value(m.term)
		from.Of = append(from.Of, parent)
		if v, ok := p.Value(m.term); ok {
			sum.add(p, v, f)
		} else {
			terms = append(terms, p.Mul(m.term, f))
		}
	}
	gone := map[expr.ID]bool{}
	for _, j := range b.cols {
		if o := s.d[j] - c; o >= 0 && int(o) < len(s.chains[j]) {
			gone[w.vars[s.chains[j][o]].atom] = true
		} else if o >= 0 {
			v := s.chains[j][len(s.chains[j])-1]
			for k := int32(len(s.chains[j]) - 1); k < o && v != none; k++ {
				v = w.vars[v].der
			}
			if v != none {
				gone[w.vars[v].atom] = true
			}
		}
	}
	terms = append(terms, sum.term(p))
	f := p.Add(terms...)
	if !low {
		// The multipliers have derivatives of their own by what is to drop out.
		_, derivs := w.partials(f, func(a expr.ID) bool { return gone[a] })
		for _, d := range derivs {
			if !pr.vanishes(d) {
				return nil, 0, false
			}
		}
	}
	res, ok := s.without(f, gone, pr)
	if !ok {
		return nil, 0, false
	}
	q.res, q.from = res, w.derive(from)
	if t := u[len(u)-1].term; !w.constant(t) {
		w.multiplied = append(w.multiplied, t)
	}
	return &q, l, true
}

// linearSum collects a sum in which sums are multiplied out, so that what cancels does.
// Where coefficients are no exact fractions, what is left of them by rounding counts as
// nothing.
type linearSum struct {
	c expr.Num
	k []expr.Num
	t []expr.ID
}

func (s *linearSum) add(p *expr.Pool, k expr.Num, e expr.ID) {
	switch p.Op(e) {
	case expr.OpConst:
		v, _ := p.Value(e)
		s.c = s.c.Add(k.Mul(v))
	case expr.OpAdd:
		a := p.Args(e)
		v, _ := p.Value(a[0])
		s.c = s.c.Add(k.Mul(v))
		for i := 1; i < len(a); i += 2 {
			v, _ := p.Value(a[i])
			s.add(p, k.Mul(v), a[i+1])
		}
	default:
		s.k, s.t = append(s.k, k), append(s.t, e)
	}
}

// term is the sum as a term.
func (s *linearSum) term(p *expr.Pool) expr.ID {
	type total struct {
		k    expr.Num
		size float64
	}
	sums := map[expr.ID]*total{}
	var order []expr.ID
	for i, t := range s.t {
		x := sums[t]
		if x == nil {
			x = &total{k: expr.IntNum(0)}
			sums[t] = x
			order = append(order, t)
		}
		x.k = x.k.Add(s.k[i])
		x.size = max(x.size, math.Abs(s.k[i].Float()))
	}
	var ks []expr.Num
	var ts []expr.ID
	for _, t := range order {
		x := sums[t]
		if _, _, exact := x.k.Exact(); !exact && math.Abs(x.k.Float()) <= 1e-14*x.size {
			continue
		}
		ks, ts = append(ks, x.k), append(ts, t)
	}
	return p.Linear(s.c, ks, ts)
}

// cleared divides a null vector by its entry k.
func (s *signature) cleared(u []multiplier, k int) []multiplier {
	p := s.w.pool
	out := make([]multiplier, len(u))
	for i, m := range u {
		out[i] = multiplier{m.at, p.Div(m.term, u[k].term)}
	}
	out[k].term = expr.One
	return out
}

// below reports whether a term depends only on derivatives of each chain of an order
// below its limit.
func (s *signature) below(e expr.ID, limit func(j int32) int32) bool {
	w := s.w
	ok := true
	w.atoms(e, func(a expr.ID) {
		r, v := w.roleOf(a)
		if r != roleVar {
			return
		}
		j, o := s.place(v)
		if j == none || o >= limit(j) {
			ok = false
		}
	})
	return ok
}

// place is the chain of a variable and its order there, for derivatives that were made
// since the chains were collected as well.
func (s *signature) place(v int32) (chain, order int32) {
	up := int32(0)
	for int(v) >= len(s.chainOf) || s.chainOf[v] == none {
		v = s.w.vars[v].integ
		if v == none {
			return none, 0
		}
		up++
	}
	return s.chainOf[v], s.orderOf[v] + up
}

// without writes a number for the unknowns on which a term does not depend although they
// occur in it, the given ones among them: 0, or 1 where the term has no value at 0.
func (s *signature) without(e expr.ID, gone map[expr.ID]bool, pr *prober) (expr.ID, bool) {
	w := s.w
	atoms, derivs := w.partials(e, func(a expr.ID) bool {
		r, _ := w.roleOf(a)
		return r == roleVar
	})
	occurs := map[expr.ID]bool{}
	w.atoms(e, func(a expr.ID) {
		if r, _ := w.roleOf(a); r == roleVar {
			occurs[a] = true
		}
	})
	for k, a := range atoms {
		if !gone[a] && !pr.vanishes(derivs[k]) {
			delete(occurs, a)
		}
	}
	if len(occurs) == 0 {
		return e, true
	}
	for _, x := range []expr.ID{expr.Zero, expr.One} {
		w.memo.reset()
		r := w.rewrite(e, func(a expr.ID) expr.ID {
			if occurs[a] {
				return x
			}
			return a
		})
		if w.finite(r) {
			return r, true
		}
	}
	return expr.None, false
}

// vanishes reports whether a term is zero at all random points.
func (p *prober) vanishes(e expr.ID) bool {
	if p.w.pool.Op(e) == expr.OpConst {
		return e == expr.Zero
	}
	tested := false
	for seed := range uint64(seeds) {
		switch p.at(seed, givenNone).of(e) {
		case undefined:
		case 0:
			tested = true
		default:
			return false
		}
	}
	return tested
}

// finite reports whether a term has a value at one of several points.
func (w *work) finite(e expr.ID) bool {
	for seed := range uint64(3) {
		if v := w.pool.Eval(e, w.floatPoint(seed).value); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return true
		}
	}
	return false
}

// substituteExpression converts a block by a vector in the kernel of its Jacobian.
func (s *signature) substituteExpression(b *blockJacobian, v []multiplier, pr *prober) bool {
	w, p := s.w, s.w.pool
	in := map[int32]bool{} // columns of the block with v_j != 0
	for _, m := range v {
		in[m.at] = true
	}
	c := int32(-1)
	var rows []int32
	for k, i := range b.rows {
		for _, e := range b.a[k] {
			if in[e.col] {
				rows = append(rows, i)
				c = max(c, s.c[i])
				break
			}
		}
	}
	chainIn := map[int32]bool{}
	for _, m := range v {
		j := b.cols[m.at]
		chainIn[j] = true
		if s.d[j] < c {
			return false
		}
	}
	best := len(v) - 1
	v = s.cleared(v, best)
	for _, m := range v {
		if !s.below(m.term, func(j int32) int32 {
			if chainIn[j] {
				return s.d[j] - c
			}
			return s.d[j] - c + 1
		}) {
			return false
		}
	}
	at := func(j, order int32) expr.ID {
		x := s.chains[j][0]
		for range order {
			x = w.derOf(x)
			w.elim.extend()
		}
		return w.vars[x].atom
	}
	l := b.cols[v[best].at]
	type change struct {
		chain int32
		name  expr.ID
		with  []expr.ID // derivatives of y_j + v_j x_l^(d_l-c)
	}
	var changes []change
	var extra []equation
	for k, m := range v {
		if k == best {
			continue
		}
		j := b.cols[m.at]
		name := w.fresh(fmt.Sprintf("$s%d", w.conversion+1))
		w.conversion++
		y := int32(len(w.vars))
		w.vars = append(w.vars, variable{atom: name, sys: none, der: none, integ: none, start: expr.None, hint: model.StateAvoid})
		w.setRole(name, roleVar, y)
		w.elim.extend()
		t := p.Add(name, p.Mul(m.term, at(l, s.d[l]-c)))
		ch := change{chain: j, name: name, with: []expr.ID{t}}
		for o := int32(0); o < c; o++ {
			w.differentiate(t, w.pos(&w.eqs[rows[0]]), "a constraint that must be differentiated")
			t = w.derivative(t)
			w.elim.extend()
			ch.with = append(ch.with, t)
		}
		changes = append(changes, ch)
		extra = append(extra, equation{lhs: expr.None, rhs: expr.None, src: -1, res: p.Sub(ch.with[0], at(j, s.d[j]-c))})
	}
	fresh := make([]equation, len(rows))
	for k, i := range rows {
		q := w.eqs[i]
		with := map[expr.ID]expr.ID{}
		for _, ch := range changes {
			with[at(ch.chain, s.d[ch.chain]-s.c[i])] = ch.with[c-s.c[i]]
		}
		res, ok := s.without(w.substitute(q.res, with), map[expr.ID]bool{at(l, s.d[l]-s.c[i]): true}, pr)
		if !ok {
			return false
		}
		q.from = w.derive(Derivation{Kind: Substituted, Of: []Parent{q.parent()}})
		q.res = res
		fresh[k] = q
	}
	for k, i := range rows {
		w.eqs[i] = fresh[k]
	}
	w.eqs = append(w.eqs, extra...)
	var names []string
	for _, ch := range changes {
		names = append(names, w.derivativeName(s.chains[ch.chain][0], s.d[ch.chain]-c))
	}
	q := &w.eqs[rows[0]]
	w.note(w.pos(q), "W306", "", "hidden constraint: %s and %s occur only in combinations, in %s; these combinations became unknowns", strings.Join(names, ", "), w.derivativeName(s.chains[l][0], s.d[l]-c), plural(len(rows), "equation"))
	s.noteRows(rows)
	return true
}

// derivativeName is the name of a derivative of a variable of the model.
func (w *work) derivativeName(v, order int32) string {
	name := w.name(v)
	for range order {
		if v != none {
			v = w.vars[v].der
		}
		if v != none {
			name = w.name(v)
		} else {
			name = "der(" + name + ")"
		}
	}
	return name
}

// tellCombined notes what a combination did.
func (s *signature) tellCombined(b *blockJacobian, u []multiplier, q *equation) {
	w := s.w
	var rows []int32
	for _, m := range u {
		rows = append(rows, b.rows[m.at])
	}
	seen := map[int32]bool{}
	var names []string
	for _, m := range u {
		for _, e := range b.a[m.at] {
			if j := b.cols[e.col]; !seen[j] {
				seen[j] = true
				names = append(names, w.derivativeName(s.chains[j][0], s.d[j]-s.c[b.rows[m.at]]))
			}
		}
	}
	if len(names) > maxNamed {
		names = append(names[:maxNamed], fmt.Sprintf("%d more", len(names)-maxNamed))
	}
	verb := "cancel"
	if len(names) == 1 {
		verb = "cancels"
	}
	w.note(w.pos(q), "W306", "", "hidden constraint: %s %s in a combination of %s, which takes the place of %s", strings.Join(names, ", "), verb, plural(len(u), "equation"), w.equationText(q))
	slices.Sort(rows)
	s.noteRows(rows)
}

// noteRows adds equations to the last note.
func (s *signature) noteRows(rows []int32) {
	w := s.w
	d := &w.plan.Notes[len(w.plan.Notes)-1]
	for k, i := range rows {
		if k == maxNamed {
			d.Notes = append(d.Notes, diag.Note{Text: "and " + plural(len(rows)-k, "more equation")})
			return
		}
		note(d, w, &w.eqs[i])
	}
}

// reportFailure names the equations and unknowns of a singular block for which there is
// no remedy.
func (s *signature) reportFailure(b *blockJacobian) {
	w := s.w
	q := &w.eqs[b.rows[0]]
	var names []string
	for k, j := range b.cols {
		if k == maxNamed {
			names = append(names, fmt.Sprintf("%d more", len(b.cols)-k))
			break
		}
		names = append(names, w.derivativeName(s.chains[j][0], s.d[j]))
	}
	d := w.list.Add(w.pos(q), "E314", "write what the equations share as a variable of its own, or combine them so that it cancels", "the equations below do not determine %s: their Jacobian is singular for all values, and no combination of them was found that makes the hidden constraint explicit", strings.Join(names, ", "))
	for k, i := range b.rows {
		if k == maxNamed {
			d.Notes = append(d.Notes, diag.Note{Text: "and " + plural(len(b.rows)-k, "more equation")})
			break
		}
		note(d, w, &w.eqs[i])
	}
}
