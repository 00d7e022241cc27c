package ode

// Independent states chosen as the run goes: where invariants make some states
// dependent on the others, a chart is a choice of as many dependent states as there
// are independent invariants, such that the Jacobian of the invariants by them is
// well conditioned. It holds near the point where it was chosen. When the
// dependence becomes steep, the chart is left for another: dynamic state selection
// (Mattsson, Olsson, Elmqvist, Modelica 2000), generalised coordinate partitioning
// in mechanics (Wehage, Haug, J. Mech. Des. 104(1), 1982).
//
// Let A be the Jacobian of a group of invariants by the states of their level, in
// units of the typical sizes of the states, and A_d its dependent columns. The
// entries of B = A_d^-1 A say how steeply the dependent states follow the
// independent ones. A column whose entry in B is larger than 1 would enlarge the
// determinant of A_d if it took the place of the state of that row; exchanges while
// there are entries above a threshold lead to a choice of nearly maximal volume,
// with all entries of B below the threshold: Goreinov, Oseledets, Savostyanov,
// Tyrtyshnikov, Zamarashkin, "How to find a good submatrix", 2010; Gu, Eisenstat, SIAM
// J. Sci. Comput. 17(4), 1996. So a change of chart exchanges no more states than it must.

import (
	"context"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

const (
	chartLimit  = 1.5  // steepness above which a chart is left
	chartSettle = 1.1  // below which its successor is taken
	chartDrift  = 0.05 // change of A, relative to its rows, that asks for a new judgement
	chartRank   = 1e-9 // pivot, relative to its row, below which an invariant depends on others
	chartDense  = 24   // invariants up to which B is kept as a whole

	// A wish scales the columns of A. A state that is to stay independent is given up when
	// the others have lost that factor, which is when their choice would be bad by it.
	wishFactor   = 3.0
	strongFactor = 100.0
)

// chart is the present choice.
type chart struct {
	ws     *Workspace
	vals   []float64 // of the Jacobian of the invariants
	groups []chartGroup
	scale  []float64 // typical size of each state: the largest seen
	reach  []float64 // of each state: the largest scale in its group
	weight []float64 // what the user's wish multiplies it by
	dep    []int32   // of each invariant: the state that it is solved for
	shape  int       // counts the changes
}

// chartGroup is a connected set of invariants of one level with the states that
// they may be solved for.
type chartGroup struct {
	rows, cols []int32
	entries    []chartEntry // by columns
	ptr        []int32      // first entry of each column
	a, seen    []float64    // A by entries, its rows scaled to size 1; and when it was last judged
	most       []float64    // of each row
	dep, kept  []int32      // of each row: a column; and before the present change
	in         []bool       // columns that are dependent
	used       []bool       // rows that have a pivot
	save       []int32
	steep      float64 // largest entry of B in an independent column

	// Of a small group: the sign of the determinant of A_d, and its smallest pivot; and the
	// sign where the chart was chosen.
	sign, small, chosen float64

	b []float64 // B, by rows; nil for a large group, where its columns are computed one by one:

	lu   *linsolve.Replay[float64] // of A_d
	pick []int32                   // entries of A_d
	sub  []float64
	x    []float64
}

// chartEntry says where a value of the Jacobian belongs.
type chartEntry struct{ from, row, col int32 }

// newChart finds the groups. It returns nil where the invariants depend on algebraic
// states, so that they cannot be solved without them, or have too few states of their
// level.
func newChart(ws *Workspace) *chart {
	p := ws.P
	pat := ws.invPattern()
	n := ws.N()
	c := &chart{ws: ws, vals: make([]float64, pat.NNZ()), scale: make([]float64, n), reach: make([]float64, n), weight: make([]float64, n), dep: make([]int32, p.NInv)}
	level := func(i int32) int8 { return 1 }
	candidate := func(j int) int8 { return 1 }
	if p.Choice != nil {
		level = func(i int32) int8 { return p.Choice.InvLevel[i] }
		candidate = func(j int) int8 { return p.Choice.Level[j] }
	}
	parent := make([]int32, p.NInv)
	for i := range parent {
		parent[i] = int32(i)
	}
	root := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	fits := func(i int32, j int) bool {
		return ws.differential(j) && level(i) == candidate(j)
	}
	for j := range n {
		first := int32(-1)
		for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
			i := pat.RowIdx[e]
			if ws.Mass != nil && ws.Mass[j] == 0 {
				return nil
			}
			if !fits(i, j) {
				continue
			}
			if first < 0 {
				first = root(i)
			} else {
				parent[root(i)] = first
			}
		}
	}
	of := make([]int32, p.NInv) // group of each invariant
	row := make([]int32, p.NInv)
	index := map[int32]int32{}
	for i := range int32(p.NInv) {
		r := root(i)
		k, ok := index[r]
		if !ok {
			k = int32(len(c.groups))
			index[r] = k
			c.groups = append(c.groups, chartGroup{})
		}
		g := &c.groups[k]
		of[i], row[i] = k, int32(len(g.rows))
		g.rows = append(g.rows, i)
	}
	for j := range n {
		for pass := range 2 {
			for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
				i := pat.RowIdx[e]
				if !fits(i, j) {
					continue
				}
				g := &c.groups[of[i]]
				if pass == 0 {
					g.cols = append(g.cols, int32(j))
					break
				}
				for len(g.ptr) < len(g.cols) {
					g.ptr = append(g.ptr, int32(len(g.entries)))
				}
				g.entries = append(g.entries, chartEntry{e, row[i], int32(len(g.cols) - 1)})
			}
		}
		c.weight[j] = 1
		if p.Choice != nil {
			c.weight[j] = [...]float64{strongFactor, wishFactor, 1, 1 / wishFactor, 1 / strongFactor}[p.Choice.Wish[j]-WishNever]
		}
	}
	for k := range c.groups {
		g := &c.groups[k]
		m, w := len(g.rows), len(g.cols)
		if w < m {
			return nil
		}
		g.ptr = append(g.ptr, int32(len(g.entries)))
		g.a, g.seen, g.most, g.x = make([]float64, len(g.entries)), make([]float64, len(g.entries)), make([]float64, m), make([]float64, m)
		g.dep, g.kept, g.used, g.in = make([]int32, m), make([]int32, m), make([]bool, m), make([]bool, w)
		g.save = make([]int32, m)
		if m <= chartDense {
			g.b = make([]float64, m*w)
		}
	}
	return c
}

// StateSet is a set of states that invariants connect: all but Dependent of them are
// independent, whichever these are at the time.
type StateSet struct {
	States    []int // indices into Problem.States
	Dependent int
}

// StateSets lists the sets of states among which independent ones are chosen as a run
// goes (Options.Constraints "states"). ok is false where the structure of the
// invariants does not allow it.
func (p *Problem) StateSets() (sets []StateSet, ok bool) {
	if p.NInv == 0 {
		return nil, true
	}
	c := newChart(newWorkspace(context.Background(), p, p.NewKernels(), p.P, 0, 1))
	if c == nil {
		return nil, false
	}
	for k := range c.groups {
		g := &c.groups[k]
		s := StateSet{Dependent: len(g.rows)}
		for _, j := range g.cols {
			s.States = append(s.States, int(j))
		}
		sets = append(sets, s)
	}
	return sets, true
}

// grow updates the typical sizes of the states.
func (c *chart) grow(u []float64) {
	ws := c.ws
	for j, v := range u {
		c.scale[j] = math.Max(c.scale[j], math.Abs(v))
		if c.scale[j] == 0 {
			c.scale[j] = ws.AbsTol[j] / ws.RelTol
		}
	}
	for k := range c.groups {
		most := 0.0
		for _, j := range c.groups[k].cols {
			most = math.Max(most, c.scale[j])
		}
		for _, j := range c.groups[k].cols {
			c.reach[j] = most
		}
	}
}

// load evaluates A of all groups at (t, u). It reports whether it is finite.
func (c *chart) load(t float64, u []float64) bool {
	ws := c.ws
	ws.invariantJac(t, u, c.vals)
	if nonFinite(c.vals) >= 0 {
		return false
	}
	for k := range c.groups {
		g := &c.groups[k]
		clear(g.most)
		for k, e := range g.entries {
			j := g.cols[e.col]
			s := math.Max(c.scale[j], ws.AbsTol[j]/ws.RelTol)
			if int(j) < len(ws.P.States) {
				s = math.Max(s, math.Abs(ws.P.States[j].Nominal))
			}
			v := c.vals[e.from] * s * c.weight[j]
			g.a[k] = v
			g.most[e.row] = math.Max(g.most[e.row], math.Abs(v))
		}
		for k, e := range g.entries {
			if m := g.most[e.row]; m > 0 {
				g.a[k] /= m
			}
		}
	}
	return true
}

// choose makes the first choice at (t, u), or exchanges states until it is a good one
// there. It reports whether the choice has changed; ok is false where the invariants are
// not independent of each other, and then the choice stays.
func (c *chart) choose(t float64, u []float64) (changed, ok bool) {
	c.grow(u)
	if !c.load(t, u) {
		return false, false
	}
	ok = true
	for k := range c.groups {
		g := &c.groups[k]
		copy(g.kept, g.dep)
		if (c.shape == 0 || !g.reduce(true)) && !g.reduce(false) {
			copy(g.dep, g.kept)
			g.mark()
			g.steep = math.Inf(1)
			ok = false
			continue
		}
		g.improve()
		if g.b != nil {
			g.reduce(true)
			g.chosen = g.sign
		}
		copy(g.seen, g.a)
		same := c.shape > 0
		for _, j := range g.kept {
			same = same && g.in[j]
		}
		if same {
			continue
		}
		changed = true
		for i, r := range g.rows {
			c.dep[r] = g.cols[g.dep[i]]
		}
	}
	if changed {
		c.shape++
	}
	return changed, ok
}

// steep reports whether the chart should be left at (t, u). crossed says that the point is
// not on the side of the singular positions where the chart was chosen: the determinant
// of A_d has changed its sign, so the dependent states have gone over to another solution
// of the invariants.
func (c *chart) steep(t float64, u []float64) (bad, crossed bool) {
	c.grow(u)
	if !c.load(t, u) {
		return false, false
	}
	for k := range c.groups {
		g := &c.groups[k]
		drift := 0.0
		for i, v := range g.a {
			drift = math.Max(drift, math.Abs(v-g.seen[i]))
		}
		if drift > chartDrift || g.b != nil && drift > chartDrift*g.small {
			copy(g.seen, g.a)
			if !g.reduce(true) {
				g.steep = math.Inf(1)
			}
		}
		bad = bad || g.steep > chartLimit
		crossed = crossed || g.b != nil && g.sign != g.chosen
	}
	return bad, crossed
}

// reduce computes B for the present choice, or, where it is not kept, a first choice
// by pivoting. It reports whether A has full rank there.
func (g *chartGroup) reduce(keep bool) bool {
	if g.b == nil {
		if !keep && !g.first() {
			return false
		}
		if !g.factor() {
			return false
		}
		g.measure()
		return true
	}
	m, w := len(g.rows), len(g.cols)
	b := g.b
	clear(b)
	for k, e := range g.entries {
		b[int(e.row)*w+int(e.col)] = g.a[k]
	}
	clear(g.used)
	copy(g.save, g.dep)
	if !keep {
		clear(g.in)
	}
	sign, small := 1.0, math.Inf(1)
	for range m {
		pi, pj, best := -1, -1, chartRank
		for i := range m {
			if g.used[i] {
				continue
			}
			for j, v := range b[i*w : (i+1)*w] {
				// A column that is done has zeros in the other rows.
				if v = math.Abs(v); v > best && (!keep || g.in[j]) {
					pi, pj, best = i, j, v
				}
			}
		}
		if pi < 0 {
			copy(g.dep, g.save)
			g.mark()
			return false
		}
		g.used[pi] = true
		g.dep[pi] = int32(pj)
		small = math.Min(small, best)
		if b[pi*w+pj] < 0 {
			sign = -sign
		}
		g.pivot(pi, pj)
	}
	g.small, g.sign = small, sign*g.parity()
	g.mark()
	g.measure()
	return true
}

// parity is the sign of the permutation that takes the rows to their columns in order.
func (g *chartGroup) parity() float64 {
	p := g.save // free now
	for i, c := range g.dep {
		p[i] = 0
		for _, d := range g.dep {
			if d < c {
				p[i]++
			}
		}
	}
	sign := 1.0
	for i := range p {
		for p[i] != int32(i) { // cycles, one exchange at a time
			j := p[i]
			p[i], p[j] = p[j], p[i]
			sign = -sign
		}
	}
	return sign
}

// first chooses the columns of a large group: sparse elimination row by row, rows with
// few columns first, the pivot being the largest entry of a row.
func (g *chartGroup) first() bool {
	m := len(g.rows)
	byRow := make([][]chartEntry, m) // from: index into a
	for k, e := range g.entries {
		byRow[e.row] = append(byRow[e.row], chartEntry{int32(k), e.row, e.col})
	}
	order := make([]int32, m)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return len(byRow[a]) - len(byRow[b]) })
	pivotOf := make([]int32, len(g.cols)) // 1 + position of the row whose pivot the column is
	type term struct {
		col int32
		v   float64
	}
	done := make([][]term, 0, m) // rows after elimination, scaled by their pivots
	x := make([]float64, len(g.cols))
	on := make([]bool, len(g.cols))
	for _, i := range order {
		var cols []int32
		put := func(c int32, v float64) {
			if !on[c] {
				on[c] = true
				cols = append(cols, c)
			}
			x[c] += v
		}
		var queue posHeap
		for _, e := range byRow[i] {
			put(e.col, g.a[e.from])
			if p := pivotOf[e.col]; p > 0 {
				queue.push(p)
			}
		}
		// Rows that were done later have no entries in the pivots of earlier ones.
		for last := int32(0); len(queue) > 0; {
			p := queue.pop()
			if p == last {
				continue
			}
			last = p
			f := 0.0
			for _, t := range done[p-1] {
				if pivotOf[t.col] == p {
					f = x[t.col]
				}
			}
			if f == 0 {
				continue
			}
			for _, t := range done[p-1] {
				put(t.col, -f*t.v)
				if q := pivotOf[t.col]; q > p {
					queue.push(q)
				}
			}
		}
		pj, best := int32(-1), chartRank
		for _, c := range cols {
			if v := math.Abs(x[c]); v > best && pivotOf[c] == 0 {
				pj, best = c, v
			}
		}
		var row []term
		for _, c := range cols {
			if pj >= 0 && x[c] != 0 && (pivotOf[c] == 0) {
				row = append(row, term{c, x[c] / x[pj]})
			}
		}
		for _, c := range cols {
			x[c], on[c] = 0, false
		}
		if pj < 0 {
			return false
		}
		done = append(done, row)
		pivotOf[pj] = int32(len(done))
		g.dep[i] = pj
	}
	g.mark()
	return true
}

// posHeap is a heap of positions.
type posHeap []int32

func (h *posHeap) push(v int32) {
	*h = append(*h, v)
	q := *h
	for k := len(q) - 1; k > 0 && q[(k-1)/2] > q[k]; k = (k - 1) / 2 {
		q[(k-1)/2], q[k] = q[k], q[(k-1)/2]
	}
}

func (h *posHeap) pop() int32 {
	q := *h
	v, n := q[0], len(q)-1
	q[0] = q[n]
	q = q[:n]
	for k := 0; ; {
		c := 2*k + 1
		if c >= n {
			break
		}
		if c+1 < n && q[c+1] < q[c] {
			c++
		}
		if q[k] <= q[c] {
			break
		}
		q[k], q[c] = q[c], q[k]
		k = c
	}
	*h = q
	return v
}

// factor factorises A_d of a large group.
func (g *chartGroup) factor() bool {
	m := len(g.rows)
	if g.lu == nil {
		pat := &linsolve.Pattern{Rows: m, Cols: m, ColPtr: make([]int32, 1, m+1)}
		g.pick = g.pick[:0]
		for _, c := range g.dep {
			for k := g.ptr[c]; k < g.ptr[c+1]; k++ {
				pat.RowIdx = append(pat.RowIdx, g.entries[k].row)
				g.pick = append(g.pick, k)
			}
			pat.ColPtr = append(pat.ColPtr, int32(len(pat.RowIdx)))
		}
		g.sub = make([]float64, len(g.pick))
		g.lu = replayed(pat)
	}
	for k, e := range g.pick {
		g.sub[k] = g.a[e]
	}
	return g.lu.Factor(g.sub) == nil
}

// mark notes which columns are dependent.
func (g *chartGroup) mark() {
	g.lu = nil
	clear(g.in)
	for _, j := range g.dep {
		g.in[j] = true
	}
}

// pivot makes column j of B a unit vector with its 1 in row i.
func (g *chartGroup) pivot(i, j int) {
	w := len(g.cols)
	row := g.b[i*w : (i+1)*w]
	f := 1 / row[j]
	for k := range row {
		row[k] *= f
	}
	row[j] = 1
	for r := range g.rows {
		if r == i {
			continue
		}
		other := g.b[r*w : (r+1)*w]
		if f := other[j]; f != 0 {
			for k, v := range row {
				other[k] -= f * v
			}
			other[j] = 0
		}
	}
}

// measure finds the largest entry of B in an independent column.
func (g *chartGroup) measure() (pi, pj int) {
	w := len(g.cols)
	g.steep = 0
	if g.b == nil {
		for j := range w {
			if g.in[j] {
				continue
			}
			clear(g.x)
			for k := g.ptr[j]; k < g.ptr[j+1]; k++ {
				g.x[g.entries[k].row] = g.a[k]
			}
			g.lu.Solve(g.x)
			for i, v := range g.x {
				if v = math.Abs(v); v > g.steep {
					g.steep, pi, pj = v, i, j
				}
			}
		}
		return pi, pj
	}
	for i := range g.rows {
		for j, v := range g.b[i*w : (i+1)*w] {
			if v = math.Abs(v); v > g.steep && !g.in[j] {
				g.steep, pi, pj = v, i, j
			}
		}
	}
	return pi, pj
}

// improve exchanges states until B is flat. Every exchange multiplies the
// determinant by more than chartSettle, so it ends.
func (g *chartGroup) improve() {
	for range 10 * (len(g.rows) + 1) {
		i, j := g.measure()
		if g.steep <= chartSettle {
			return
		}
		old := g.dep[i]
		g.dep[i], g.in[old], g.in[j] = int32(j), false, true
		if g.b != nil {
			g.pivot(i, j)
			continue
		}
		if g.lu = nil; !g.factor() {
			g.dep[i], g.in[old], g.in[j] = old, true, false
			g.lu = nil
			g.factor()
			break
		}
	}
	g.measure()
}
