package structural

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
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
	iterate func(algebraic)
	report  func(Block)

	// scratch of tearing
	local []int32 // by column: position in the block, or none
	loose []bool  // by entry of a block: a parameter that may be 0 keeps it from being a pivot
}

// algebraic is a block whose tearing variables are left to iteration.
type algebraic struct {
	unknowns  []int32
	inner     []Assign
	residuals []*equation
	linear    bool       // affine in all unknowns of the block
	coef      steadiness // of its coefficients, where it is linear
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
	s := inversion{w: w, x: a, safe: safe}
	return s.solve(q.res, expr.Zero)
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
		k := algebraic{unknowns: []int32{v}, residuals: []*equation{q}}
		k.linear, k.coef = w.affineBlock(k.residuals, k.unknowns)
		b.iterate(k)
	}
	if b.report != nil {
		blk := Block{Vars: []expr.ID{w.vars[v].atom}, Eqs: []Residual{w.residual(q)}}
		if !ok {
			blk.Tear, blk.Kind = blk.Vars, Nonlinear
			if linear, _ := w.affineBlock([]*equation{q}, []int32{v}); linear {
				blk.Kind = Linear
			}
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
// equations that are left over are the residuals. graph.Tear chooses.
//
// Within a block nothing is divided by that could become 0: the pivots are numbers, 1
// and -1 first, and terms that are never 0 whatever the parameters and states are (a
// resistance of at least 1 mOhm, 1 + x^2). A parameter that may be 0 is no pivot, so that
// v = R*i gives v and never i. A chain of safe pivots may still amplify errors without
// bound (a long ladder of resistors torn at one end, the instability of shooting), which
// maxGrowth prevents.
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
	blk := &graph.Block{Bipartite: graph.New(n), MaxGrowth: maxGrowth, Keep: make([]bool, n), Wish: make([]int8, n)}
	b.loose = b.loose[:0]
	var buf []int32
	for _, r := range comp {
		buf = buf[:0]
		for _, c := range depend.Row(r) {
			if k := b.local[c]; k != none {
				buf = append(buf, k)
			}
		}
		blk.AddRow(buf...)
		b.entries(blk, &b.eqs[r], cols, buf)
	}
	all, vars := make([]*equation, n), make([]int32, n)
	for i, r := range comp {
		all[i], vars[i] = &b.eqs[r], b.vars[cols[i]]
	}
	k := algebraic{}
	if k.linear, k.coef = w.affineBlock(all, vars); k.linear {
		clear(blk.Wish) // any will do
	}
	for i, c := range cols {
		blk.Keep[i] = b.eqs[m.Row[c]].lhs != expr.None
		if !k.linear {
			blk.Wish[i] += w.tearWish(b.vars[c])
		}
	}
	torn := w.tornAlike(blk)
	if len(torn.Stuck) > 0 {
		// Only variables of discrete type are left: a loop through them.
		var rows, cs []int32
		for _, k := range torn.Stuck {
			rows, cs = append(rows, m.Row[cols[k]]), append(cs, cols[k])
		}
		b.booleanLoop(rows, cs)
		return
	}
	for i, r := range torn.Rows {
		q, v := &b.eqs[comp[r]], b.vars[cols[torn.Cols[i]]]
		value, ok := b.explicit(q, v, pivotParam)
		if !ok {
			panic("mtkc: bug: a pivot of a torn block is not safe")
		}
		k.inner = append(k.inner, b.assign(v, value, q))
	}
	for _, r := range torn.Rest {
		q := &b.eqs[comp[r]]
		if q.lhs != expr.None {
			b.booleanLoop(comp[r:r+1], []int32{m.Col[comp[r]]})
			return
		}
		k.residuals = append(k.residuals, q)
	}
	for _, c := range torn.Tears {
		k.unknowns = append(k.unknowns, b.vars[cols[c]])
	}
	kind := Nonlinear
	switch {
	case b.eliminate(&k):
		kind = Eliminated
	case k.linear:
		kind = Linear
		b.iterate(k)
	default:
		k = w.straighten(k)
		b.iterate(k)
	}
	if b.report == nil {
		return
	}
	rep := Block{Kind: kind}
	enter := func(c, r int32) {
		rep.Vars = append(rep.Vars, w.vars[b.vars[cols[c]]].atom)
		rep.Eqs = append(rep.Eqs, w.residual(&b.eqs[comp[r]]))
	}
	// straighten has put unknowns with their equations behind the tearing variables.
	raised := map[int32]bool{}
	for _, v := range k.unknowns[len(torn.Tears):] {
		raised[v] = true
	}
	for i, c := range torn.Cols {
		if !raised[b.vars[cols[c]]] {
			enter(c, torn.Rows[i])
		}
	}
	for i, c := range torn.Tears {
		enter(c, torn.Rest[i])
	}
	for i, c := range torn.Cols {
		if raised[b.vars[cols[c]]] {
			enter(c, torn.Rows[i])
		}
	}
	for _, v := range k.unknowns {
		rep.Tear = append(rep.Tear, w.vars[v].atom)
	}
	if kind > Eliminated {
		rep.Fewer, rep.Bounded = b.fewer(blk, len(torn.Tears), comp, cols)
	}
	b.report(rep)
}

// fewer is the number of tearing variables that a block would need if the parameters that
// may be 0 could not, and those of them that matter; 0 where that makes no difference.
func (b *solver) fewer(blk *graph.Block, tears int, comp, cols []int32) (int, []expr.ID) {
	w := b.w
	if tears < 2 || !slices.Contains(b.loose, true) {
		return 0, nil
	}
	alt := *blk
	alt.Rank = slices.Clone(blk.Rank)
	for e, loose := range b.loose {
		if loose {
			alt.Rank[e] = rankParam
		}
	}
	alt.Quick = alt.Cols > maxSmallRow
	torn := graph.Tear(&alt)
	if len(torn.Tears) >= tears {
		return 0, nil
	}
	var list []expr.ID
	seen := map[expr.ID]bool{}
	for i, r := range torn.Rows {
		for e := blk.Ptr[r]; e < blk.Ptr[r+1]; e++ {
			if blk.Adj[e] != torn.Cols[i] || !b.loose[e] {
				continue
			}
			coef, _, _ := w.affineIn(b.eqs[comp[r]].res, w.vars[b.vars[cols[torn.Cols[i]]]].atom)
			w.atoms(coef, func(a expr.ID) {
				if ro, _ := w.roleOf(a); ro == roleParam && w.bounds.of(a).zero && !seen[a] {
					seen[a] = true
					list = append(list, a)
				}
			})
		}
	}
	return len(torn.Tears), list
}

// tornAlike tears a block. Small blocks of one structure are torn alike whatever the sizes of
// their coefficients, so that instances of a component get code of one shape, as long
// as growth permits.
func (w *work) tornAlike(blk *graph.Block) *graph.Torn {
	if blk.Cols > maxSmallRow {
		return graph.Tear(blk)
	}
	key := make([]byte, 0, 8*len(blk.Adj))
	for r := range int32(blk.Rows()) {
		key = append(key, byte(len(blk.Row(r))))
		for e := blk.Ptr[r]; e < blk.Ptr[r+1]; e++ {
			key = append(key, byte(blk.Adj[e]), blk.Rank[e])
		}
	}
	for c := range blk.Cols {
		k := byte(blk.Wish[c]) << 1
		if blk.Keep[c] {
			k++
		}
		key = append(key, k)
	}
	torn, ok := w.torn[string(key)]
	if !ok {
		plain := *blk
		plain.Size, plain.MaxGrowth = nil, 0
		torn = graph.Tear(&plain)
		w.torn[string(key)] = torn
	}
	if blk.Growth(torn) > maxGrowth {
		return graph.Tear(blk)
	}
	return torn
}

// maxGrowth bounds the amplification of rounding errors by the explicit part of a
// torn block: it leaves twelve digits to the residuals.
const maxGrowth = 1e4

// leastBranch is the size that the branches of a pivot may have relative to the largest:
// v = (if off then 1 else 1e-5)*s, an ideal diode, is no equation for s.
const leastBranch = 0.01

// sizes are the least and the largest magnitude of a coefficient with default parameters,
// over the branches of conditions; 0 where they are not known.
func (w *work) sizes(e expr.ID) (lo, hi float64) {
	p := w.pool
	if w.constant(e) {
		if x := math.Abs(w.number(e)); x == x {
			return x, x
		}
		return 0, 0
	}
	args := p.Args(e)
	switch p.Op(e) {
	case expr.OpIf:
		lo, hi = w.sizes(args[1])
		l, h := w.sizes(args[2])
		if hi == 0 || h == 0 {
			return 0, 0
		}
		return min(lo, l), max(hi, h)
	case expr.OpAdd:
		if len(args) == 3 && args[0] == expr.Zero {
			k, _ := p.Value(args[1])
			lo, hi = w.sizes(args[2])
			x := math.Abs(k.Float())
			return x * lo, x * hi
		}
	case expr.OpMul:
		lo, hi = 1, 1
		for i := 0; i < len(args); i += 2 {
			l, h := w.sizes(args[i])
			if args[i+1] != expr.One || h == 0 {
				return 0, 0
			}
			lo, hi = lo*l, hi*h
		}
		return lo, hi
	}
	return 0, 0
}

// nonlinearWish is the wish to iterate on what stands in nonlinear functions: Newton's
// method then sees each function as it is, and not behind others.
const nonlinearWish = 8

// tearWish ranks variables as tearing variables where structure does not: those that the
// user knows values of, and that are no derivatives, make better iteration variables.
func (w *work) tearWish(v int32) int8 {
	x := &w.vars[v]
	wish := int8(0)
	if x.start != expr.None && !x.assumed {
		wish += 4
	}
	if x.sys != none {
		wish += 2
		if w.sys.Vars[x.sys].Nominal != expr.None {
			wish++
		}
	}
	return wish
}

// Ranks of pivots within a block.
const (
	rankNone uint8 = iota
	rankParam
	rankNumber
	rankUnit
)

// entries appends rank and size of the entries of q in the given columns of a block. An
// unknown that stands in one term of a sum only is looked for in that term, so that
// long sums cost what their terms cost; in several terms of long sums it is no pivot.
func (b *solver) entries(blk *graph.Block, q *equation, cols, in []int32) {
	w, p := b.w, b.w.pool
	first := len(blk.Rank)
	blk.Rank = append(blk.Rank, make([]uint8, len(in))...)
	blk.Size = append(blk.Size, make([]float64, len(in))...)
	b.loose = append(b.loose, make([]bool, len(in))...)
	if q.lhs != expr.None {
		for k, c := range in {
			if _, ok := b.explicit(q, b.vars[cols[c]], pivotParam); ok {
				blk.Rank[first+k] = rankUnit
			}
		}
		return
	}
	at := make(map[expr.ID]int, len(in)) // atom: position in in
	for k, c := range in {
		at[w.vars[b.vars[cols[c]]].atom] = k
	}
	enter := func(k int, a expr.ID, c expr.ID) {
		coef, _, ok := w.affineIn(a, c)
		if !ok {
			blk.Wish[in[k]] = nonlinearWish
			return
		}
		lo, hi := w.sizes(coef)
		blk.Size[first+k] = hi
		if _, v := w.roleOf(c); w.vars[v].typ != model.RealType {
			return
		}
		if lo < hi*leastBranch {
			return
		}
		switch w.pivotOf(coef) {
		case pivotNumber:
			blk.Rank[first+k] = rankNumber
			if coef == expr.One || coef == expr.MinusOne {
				blk.Rank[first+k] = rankUnit
			}
		case pivotParam:
			blk.Rank[first+k] = rankParam
		case pivotMaybe:
			b.loose[first+k] = true
		}
	}
	if p.Op(q.res) != expr.OpAdd {
		if len(in) <= maxSmallRow {
			for _, c := range in {
				a := w.vars[b.vars[cols[c]]].atom
				enter(at[a], q.res, a)
			}
		}
		return
	}
	args := append([]expr.ID(nil), p.Args(q.res)...)
	count := make([]int32, len(in)) // terms with the unknown
	term := make([]int, len(in))    // the last of them
	lists := make([][]int, len(args))
	for i := 2; i < len(args); i += 2 {
		w.atoms(args[i], func(a expr.ID) {
			if k, ok := at[a]; ok {
				count[k]++
				term[k] = i
				lists[i] = append(lists[i], k)
			}
		})
	}
	for k, c := range in {
		a := w.vars[b.vars[cols[c]]].atom
		switch {
		case count[k] == 1 && len(lists[term[k]]) <= maxSmallRow:
			enter(k, p.Mul(args[term[k]-1], args[term[k]]), a)
		case len(in) <= maxSmallRow:
			enter(k, q.res, a)
		}
	}
}
