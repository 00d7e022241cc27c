package structural

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/structural/graph"
)

// selection says which derivatives of each chain are dummies.
type selection struct {
	dummies []int32 // of each chain, counted from its highest derivative
	project []bool  // per equation: its lower-order forms become invariants
}

// constraintEntry is an entry of the Jacobian of the differentiated equations with
// respect to the highest derivatives.
type constraintEntry struct {
	chain int32
	value float64 // with default parameters; NaN: depends on states or time
}

// selectStates decides, for each set of connected constraints, between two ways.
//
// Static: where a square part of the constraint Jacobian is constant and regular, its
// derivatives become dummies (algebraic unknowns) and the constraints are solved for
// the variables: Mattsson and Soderlind, SIAM J. Sci. Comput. 14(3), 1993. Among the
// possible choices the derivatives of the variables that the user wants least as
// states become dummies; a rank-revealing elimination over the columns in that order
// is the greedy algorithm of the linear matroid and so optimal. A constraint whose
// Jacobian is not constant still qualifies where it can be solved for a variable with
// a constant coefficient that no other constraint mentions.
//
// Projected: else no choice of states is right for all times. All variables of
// these constraints remain states, the highest derivatives of the constraints join
// the equations, and the constraints become invariants on which the integrator
// projects: Eich, SIAM J. Numer. Anal. 30(5), 1993; Ascher and Petzold, SIAM J. Sci.
// Comput. 14(5), 1993.
func (s *signature) selectStates() *selection {
	w := s.w
	sel := &selection{dummies: make([]int32, len(s.chains)), project: make([]bool, len(w.eqs))}
	var rows []int32
	jac := map[int32][]constraintEntry{}
	uf := make([]int32, len(s.chains))
	for j := range uf {
		uf[j] = int32(j)
	}
	find := func(j int32) int32 {
		for uf[j] != j {
			uf[j] = uf[uf[j]]
			j = uf[j]
		}
		return j
	}
	for i := range int32(len(w.eqs)) {
		if s.c[i] == 0 {
			continue
		}
		rows = append(rows, i)
		first := none
		entries := map[expr.ID]expr.ID{} // by atom: one gradient, however long the constraint is
		atoms, derivs := w.partials(w.eqs[i].res, func(a expr.ID) bool {
			r, _ := w.roleOf(a)
			return r == roleVar
		})
		for k, a := range atoms {
			entries[a] = derivs[k]
		}
		for _, e := range s.row(i) {
			if !s.active(i, e) {
				continue
			}
			g, ok := entries[w.vars[s.chains[e.chain][e.order]].atom]
			if !ok || g == expr.Zero {
				continue
			}
			v := math.NaN()
			if w.constant(g) {
				v = w.number(g)
			}
			jac[i] = append(jac[i], constraintEntry{e.chain, v})
			if first == none {
				first = e.chain
			} else {
				uf[find(e.chain)] = find(first)
			}
		}
	}
	// Components in the order of their first equation.
	var comps [][]int32
	compOf := map[int32]int{}
	for _, i := range rows {
		if len(jac[i]) == 0 {
			sel.project[i] = true
			continue
		}
		r := find(jac[i][0].chain)
		k, ok := compOf[r]
		if !ok {
			k = len(comps)
			compOf[r] = k
			comps = append(comps, nil)
		}
		comps[k] = append(comps[k], i)
	}
	wish := s.wishes()
	for _, comp := range comps {
		s.selectIn(sel, comp, jac, wish)
	}
	return sel
}

// wishes ranks each variable by how much it should be a state.
func (s *signature) wishes() []int8 {
	w := s.w
	wish := make([]int8, len(w.vars))
	for v := range wish {
		x := &w.vars[v]
		switch {
		case x.hint == model.StateNever:
			wish[v] = 0
		case x.hint == model.StateAvoid:
			wish[v] = 1
		case x.hint == model.StatePrefer:
			wish[v] = 6
		case x.hint == model.StateAlways:
			wish[v] = 7
		case x.fixed:
			wish[v] = 5
		case x.start != expr.None:
			wish[v] = 3
		default:
			wish[v] = 2
		}
	}
	// An initial equation in one variable counts like a fixed start.
	for i := range w.init {
		only, count := none, 0
		w.atoms(w.init[i].res, func(a expr.ID) {
			if r, v := w.roleOf(a); r == roleVar {
				only = v
				count++
			}
		})
		if count == 1 && wish[only] >= 2 && wish[only] <= 4 {
			wish[only] = 5
		}
	}
	return wish
}

func (s *signature) selectIn(sel *selection, rows []int32, jac map[int32][]constraintEntry, wish []int8) {
	// How much the chain's present candidate is wanted: lower becomes a dummy first.
	rank := func(j, stage int32) int {
		if o := s.d[j] - stage; o >= 0 && int(o) < len(s.chains[j]) {
			return int(wish[s.chains[j][o]])*8 + int(wish[s.chains[j][0]])
		}
		return int(wish[s.chains[j][0]])
	}
	constant := true
	colRows := map[int32][]int32{}
	var cols []int32
	for _, i := range rows {
		for _, e := range jac[i] {
			if math.IsNaN(e.value) {
				constant = false
			}
			if colRows[e.chain] == nil {
				cols = append(cols, e.chain)
			}
			colRows[e.chain] = append(colRows[e.chain], i)
		}
	}
	slices.Sort(cols)
	remaining := rows
	if !constant {
		// Peel constraints that have a private variable with a constant coefficient, and
		// those that mention one variable only besides the dummies found so far, such as
		// the definition of a function of time. The peeled part of the Jacobian is
		// triangular with a constant diagonal, and so regular.
		left := map[int32]int{} // remaining rows of each column
		open := map[int32]int{} // columns of each row that are no dummies
		gone := map[int32]bool{}
		var queue, single []int32 // columns with one row, rows with one column
		for _, j := range cols {
			left[j] = len(colRows[j])
			if left[j] == 1 {
				queue = append(queue, j)
			}
		}
		for _, i := range rows {
			open[i] = len(jac[i])
			if open[i] == 1 {
				single = append(single, i)
			}
		}
		slices.SortStableFunc(queue, func(a, b int32) int { return rank(a, 1) - rank(b, 1) })
		peel := func(i, j int32) {
			ok := false
			for _, e := range jac[i] {
				if e.chain == j && !math.IsNaN(e.value) && e.value != 0 {
					ok = true
				}
			}
			if !ok || s.d[j] < s.c[i] || wish[s.chains[j][0]] == 7 {
				return
			}
			gone[i] = true
			sel.dummies[j] = s.c[i]
			for _, e := range jac[i] {
				if left[e.chain]--; left[e.chain] == 1 {
					queue = append(queue, e.chain)
				}
			}
			left[j] = 0
			for _, r := range colRows[j] {
				if open[r]--; open[r] == 1 && !gone[r] {
					single = append(single, r)
				}
			}
		}
		for len(single) > 0 || len(queue) > 0 {
			if len(single) > 0 {
				i := single[0]
				single = single[1:]
				for _, e := range jac[i] {
					if !gone[i] && sel.dummies[e.chain] == 0 {
						peel(i, e.chain)
						break
					}
				}
				continue
			}
			j := queue[0]
			queue = queue[1:]
			if left[j] != 1 || sel.dummies[j] > 0 {
				continue
			}
			for _, r := range colRows[j] {
				if !gone[r] {
					peel(r, j)
					break
				}
			}
		}
		remaining = nil
		for _, i := range rows {
			if !gone[i] {
				remaining = append(remaining, i)
			}
		}
	}
	if len(remaining) == 0 || s.forced(sel, remaining, jac, wish) {
		return
	}
	// Columns that are constant in the remaining rows.
	in := map[int32]bool{}
	for _, i := range remaining {
		in[i] = true
	}
	usable := cols[:0:0]
	column := map[int32]map[int32]float64{}
	for _, j := range cols {
		if sel.dummies[j] > 0 {
			continue
		}
		vec := map[int32]float64{}
		ok := true
		for _, i := range colRows[j] {
			if !in[i] {
				continue
			}
			for _, e := range jac[i] {
				if e.chain == j {
					if math.IsNaN(e.value) {
						ok = false
					}
					vec[i] = e.value
				}
			}
		}
		if ok && len(vec) > 0 {
			usable = append(usable, j)
			column[j] = vec
		}
	}
	stages := int32(0)
	for _, i := range remaining {
		stages = max(stages, s.c[i])
	}
	count := map[int32]int32{}
	for stage := int32(1); stage <= stages; stage++ {
		var want []int32
		for _, i := range remaining {
			if s.c[i] >= stage {
				want = append(want, i)
			}
		}
		cand := usable[:0:0]
		for _, j := range usable {
			if s.d[j] >= stage && count[j] == stage-1 {
				cand = append(cand, j)
			}
		}
		slices.SortStableFunc(cand, func(a, b int32) int { return rank(a, stage) - rank(b, stage) })
		chosen := independentColumns(want, cand, column)
		if len(chosen) < len(want) {
			for _, i := range remaining {
				sel.project[i] = true
			}
			return
		}
		for _, j := range chosen {
			count[j] = stage
		}
	}
	for _, j := range usable {
		sel.dummies[j] += count[j]
	}
}

// forced obeys the user: where variables of the remaining constraints are to be states
// always, and just enough others are left, those others are dummies, whatever their
// coefficients.
func (s *signature) forced(sel *selection, rows []int32, jac map[int32][]constraintEntry, wish []int8) bool {
	asked := false
	var free []int32
	col := map[int32]int32{}
	for _, i := range rows {
		for _, e := range jac[i] {
			if _, ok := col[e.chain]; ok {
				continue
			}
			col[e.chain] = none
			always := false
			for _, v := range s.chains[e.chain] {
				always = always || wish[v] == 7
			}
			if always {
				asked = true
				continue
			}
			col[e.chain] = int32(len(free))
			free = append(free, e.chain)
		}
	}
	if !asked || len(free) != len(rows) {
		return false
	}
	g := graph.New(len(free))
	for _, i := range rows {
		var cols []int32
		for _, e := range jac[i] {
			if c := col[e.chain]; c != none {
				cols = append(cols, c)
			}
		}
		g.AddRow(cols...)
	}
	m := graph.Match(g, nil)
	if m.N != len(rows) {
		return false
	}
	for k, i := range rows {
		sel.dummies[free[m.Col[k]]] = s.c[i]
	}
	return true
}

// independentColumns returns the first columns, in the given order, that are
// linearly independent on the given rows, by sparse Gaussian elimination over columns.
// Entries with magnitude 1 are preferred as pivots, then large ones.
func independentColumns(rows, cols []int32, column map[int32]map[int32]float64) []int32 {
	in := make(map[int32]bool, len(rows))
	for _, r := range rows {
		in[r] = true
	}
	type pair struct {
		row int32
		v   float64
	}
	pivotOf := map[int32]int{} // row -> basis index
	var basis [][]pair
	var pivotRow []int32
	var chosen []int32
	for _, j := range cols {
		if len(chosen) == len(rows) {
			break
		}
		vec := map[int32]float64{}
		scale := 0.0
		for r, v := range column[j] {
			if in[r] {
				vec[r] = v
				scale = max(scale, math.Abs(v))
			}
		}
		for {
			// The earliest basis vector whose pivot row is present.
			k := -1
			for r, v := range vec {
				if b, ok := pivotOf[r]; ok && v != 0 && (k < 0 || b < k) {
					k = b
				}
			}
			if k < 0 {
				break
			}
			f := vec[pivotRow[k]]
			for _, e := range basis[k] {
				vec[e.row] -= f * e.v
			}
			delete(vec, pivotRow[k])
		}
		best := pair{none, 0}
		good := func(v float64) float64 {
			if math.Abs(v) == 1 {
				return math.Inf(1)
			}
			return math.Abs(v)
		}
		keys := make([]int32, 0, len(vec))
		for r := range vec {
			keys = append(keys, r)
		}
		slices.Sort(keys)
		for _, r := range keys {
			if v := vec[r]; math.Abs(v) > 1e-10*scale && good(v) > good(best.v) {
				best = pair{r, v}
			}
		}
		if best.row == none {
			continue
		}
		var b []pair
		for _, r := range keys {
			if v := vec[r]; v != 0 {
				b = append(b, pair{r, v / best.v})
			}
		}
		pivotOf[best.row] = len(basis)
		pivotRow = append(pivotRow, best.row)
		basis = append(basis, b)
		chosen = append(chosen, j)
	}
	return chosen
}
