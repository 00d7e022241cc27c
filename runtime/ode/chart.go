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
)

const (
	chartLimit  = 2.5  // steepness above which a chart is left
	chartSettle = 1.1  // below which its successor is taken
	chartDrift  = 0.05 // change of A, relative to its rows, that asks for a new judgement
	chartRank   = 1e-9 // pivot, relative to its row, below which an invariant depends on others
	chartDense  = 4 << 20

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
	weight []float64 // what the user's wish multiplies it by
	dep    []int32   // of each invariant: the state that it is solved for
	shape  int       // counts the changes
}

// chartGroup is a connected set of invariants of one level with the states that
// they may be solved for.
type chartGroup struct {
	rows, cols []int32
	entries    []chartEntry
	a, b, seen []float64 // len(rows) by len(cols), by rows: A, B, and A when it was last judged
	dep, kept  []int32   // of each row: a column; and before the present change
	in         []bool    // columns that are dependent
	used       []bool    // rows that have a pivot
	steep      float64   // largest entry of B in an independent column
}

// chartEntry says where a value of the Jacobian belongs.
type chartEntry struct{ from, to, col int32 }

// newChart finds the groups. It returns nil where the invariants depend on algebraic
// states, so that they cannot be solved without them, have too few states of their
// level, or form too large a connected set.
func newChart(ws *Workspace) *chart {
	p := ws.P
	pat := ws.invPattern()
	n := ws.N()
	c := &chart{ws: ws, vals: make([]float64, pat.NNZ()), scale: make([]float64, n), weight: make([]float64, n), dep: make([]int32, p.NInv)}
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
		return (ws.Mass == nil || ws.Mass[j] != 0) && level(i) == candidate(j)
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
		if w < m || m*w > chartDense {
			return nil
		}
		for e := range g.entries {
			g.entries[e].to = g.entries[e].to*int32(w) + g.entries[e].col
		}
		flat := make([]float64, 3*m*w)
		g.a, g.b, g.seen = flat[:m*w], flat[m*w:2*m*w], flat[2*m*w:]
		g.dep, g.kept, g.used, g.in = make([]int32, m), make([]int32, m), make([]bool, m), make([]bool, w)
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
		clear(g.a)
		for _, e := range g.entries {
			j := g.cols[e.col]
			s := math.Max(c.scale[j], ws.AbsTol[j]/ws.RelTol)
			if int(j) < len(ws.P.States) {
				s = math.Max(s, math.Abs(ws.P.States[j].Nominal))
			}
			g.a[e.to] = c.vals[e.from] * s * c.weight[j]
		}
		w := len(g.cols)
		for i := range g.rows {
			r := g.a[i*w : (i+1)*w]
			most := 0.0
			for _, v := range r {
				most = math.Max(most, math.Abs(v))
			}
			if most > 0 {
				for j := range r {
					r[j] /= most
				}
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

// steep reports whether the chart should be left at (t, u).
func (c *chart) steep(t float64, u []float64) bool {
	c.grow(u)
	if !c.load(t, u) {
		return false
	}
	bad := false
	for k := range c.groups {
		g := &c.groups[k]
		drift := 0.0
		for i, v := range g.a {
			drift = math.Max(drift, math.Abs(v-g.seen[i]))
		}
		if drift > chartDrift {
			copy(g.seen, g.a)
			if !g.reduce(true) {
				g.steep = math.Inf(1)
			}
		}
		bad = bad || g.steep > chartLimit
	}
	return bad
}

// reduce computes B for the present choice, or, where it is not kept, a first choice
// by complete pivoting. It reports whether A has full rank there.
func (g *chartGroup) reduce(keep bool) bool {
	m, w := len(g.rows), len(g.cols)
	b := g.b
	copy(b, g.a)
	clear(g.used)
	if !keep {
		clear(g.in)
	}
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
			return false
		}
		g.used[pi] = true
		g.dep[pi] = int32(pj)
		g.pivot(pi, pj)
	}
	g.mark()
	g.measure()
	return true
}

// mark notes which columns are dependent.
func (g *chartGroup) mark() {
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
		g.in[g.dep[i]], g.in[j] = false, true
		g.dep[i] = int32(j)
		g.pivot(i, j)
	}
	g.measure()
}

// steepness is the largest entry of B.
func (c *chart) steepness() float64 {
	s := 0.0
	for k := range c.groups {
		s = math.Max(s, c.groups[k].steep)
	}
	return s
}
