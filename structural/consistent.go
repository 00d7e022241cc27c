package structural

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// Consistent points. A Jacobian that is regular for most values may be singular for
// all those that the solution can have: in x*(y - z) = 0 differentiated, x' has the
// factor y - z, which is zero by the equation y = z. Blocks whose entries depend on
// variables with constraints, the equations before their last differentiation, are
// judged at points that satisfy the constraints, found by Newton steps of least norm
// from random values. This is arithmetic in floating point: zero means small against
// the terms that add up to it.

const (
	maxConsistent = 60    // unknowns of a set of constraints that are solved
	consistentTry = 12    // random starts
	wantPoints    = 3     // points that must agree
	leastPoints   = 2     // where no more were found
	smallTerm     = 1e-10 // of what adds up to a zero: the points satisfy the constraints to 1e-12
)

// constraint is an equation before its last differentiation, with its gradient.
type constraint struct {
	res    expr.ID
	atoms  []expr.ID
	derivs []expr.ID
}

// constraints finds the sets of connected constraints. With all set, the equations as
// differentiated are among them, for Jacobians that depend on the highest derivatives.
type constraints struct {
	all   bool
	s     *signature
	sets  [][]constraint
	setOf map[expr.ID]int32 // by unknown
	point map[int32][]map[expr.ID]float64
}

func (s *signature) constraints(all bool) *constraints {
	w := s.w
	z := &constraints{all: all, s: s, setOf: map[expr.ID]int32{}, point: map[int32][]map[expr.ID]float64{}}
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
		if !z.holds(i) {
			continue
		}
		for _, e := range s.row(i)[1:] {
			uf[find(e.chain)] = find(s.row(i)[0].chain)
		}
	}
	index := map[int32]int32{}
	for i := range int32(len(w.eqs)) {
		if !z.holds(i) {
			continue
		}
		r := find(s.row(i)[0].chain)
		k, ok := index[r]
		if !ok {
			k = int32(len(z.sets))
			index[r] = k
			z.sets = append(z.sets, nil)
		}
		if len(z.sets[k]) > maxConsistent {
			continue
		}
		f := w.eqs[i].res
		for o := int32(0); o < s.c[i] || all && o == s.c[i]; o++ {
			if o > 0 {
				f = w.derivative(f)
				w.elim.extend()
			}
			z.sets[k] = append(z.sets[k], constraint{res: f})
		}
	}
	for k := range z.sets {
		for i := range z.sets[k] {
			q := &z.sets[k][i]
			q.atoms, q.derivs = w.pool.Gradient(q.res, func(a expr.ID) bool {
				r, _ := w.roleOf(a)
				return r == roleVar
			})
			for _, a := range q.atoms {
				z.setOf[a] = int32(k)
			}
		}
	}
	return z
}

// holds reports whether equation i gives constraints.
func (z *constraints) holds(i int32) bool {
	return (z.all || z.s.c[i] > 0) && len(z.s.row(i)) > 0 && z.s.w.eqs[i].lhs == expr.None
}

// of lists the sets that the entries of a block depend on, nil if there are none. sure is
// false where there are some, but one of them is too large or no points were found.
func (z *constraints) of(b *blockJacobian) (sets []int32, sure bool) {
	var list []int32
	w := z.s.w
	w.mark.reset()
	for _, cells := range b.a {
		for _, e := range cells {
			w.walkAtoms(e.term, func(a expr.ID) {
				if k, ok := z.setOf[a]; ok && !slices.Contains(list, k) {
					list = append(list, k)
				}
			})
		}
	}
	for _, k := range list {
		if len(z.sets[k]) > maxConsistent || len(z.points(k)) < leastPoints {
			return nil, false
		}
	}
	slices.Sort(list)
	return list, true
}

// points are consistent values of the unknowns of a set, as many as were wanted or
// found.
func (z *constraints) points(k int32) []map[expr.ID]float64 {
	if p, ok := z.point[k]; ok {
		return p
	}
	var found []map[expr.ID]float64
	for seed := uint64(0); seed < consistentTry && len(found) < wantPoints; seed++ {
		if v := z.solve(z.sets[k], seed, uint64(len(found))); v != nil && z.s.w.proper(v, uint64(len(found))) {
			found = append(found, v)
		}
	}
	z.point[k] = found
	return found
}

// proper reports whether what equations were multiplied with in conversions is not zero
// at a point: if it is, the point solves those equations for the wrong reason.
func (w *work) proper(v map[expr.ID]float64, at uint64) bool {
	if len(w.multiplied) == 0 {
		return true
	}
	f := w.floatPoint(at)
	f.set = v
	for _, e := range w.multiplied {
		if x, size := f.measure(e); !(math.Abs(x) > 1e-4*size) {
			return false
		}
	}
	return true
}

// solve finds a consistent point near random values; parameters and time have the
// values of floatPoint number at.
func (z *constraints) solve(set []constraint, seed, at uint64) map[expr.ID]float64 {
	w := z.s.w
	index := map[expr.ID]int{}
	var atoms []expr.ID
	for i := range set {
		for _, a := range set[i].atoms {
			if _, ok := index[a]; !ok {
				index[a] = len(atoms)
				atoms = append(atoms, a)
			}
		}
	}
	g := w.floatPoint(at)
	start := w.floatPoint(100 + seed)
	for _, a := range atoms {
		x := start.atom(a)
		if _, i := w.roleOf(a); w.vars[i].start != expr.None {
			if s := w.number(w.vars[i].start); !math.IsNaN(s) {
				x = s + (x-1)*(0.2+0.2*math.Abs(s))
			}
		}
		g.set[a] = x
	}
	m, n := len(set), len(atoms)
	jac := make([][]float64, m)
	for i := range jac {
		jac[i] = make([]float64, n)
	}
	var terms []expr.ID
	for i := range set {
		terms = append(append(terms, set[i].res), set[i].derivs...)
	}
	last := math.Inf(1)
	for range 60 {
		v := w.pool.EvalAll(terms, g.value)
		r := make([]float64, m)
		worst, k := 0.0, 0
		for i := range set {
			r[i] = v[k]
			k++
			scale := 1e-3
			clear(jac[i])
			for _, a := range set[i].atoms {
				jac[i][index[a]] = v[k]
				scale = max(scale, math.Abs(v[k]*g.set[a]))
				k++
			}
			worst = max(worst, math.Abs(r[i])/scale)
		}
		if math.IsNaN(worst) || math.IsInf(worst, 0) {
			return nil
		}
		if worst < 1e-13 {
			return g.set
		}
		if worst < 1e-6 && worst >= last/2 {
			// As small as rounding lets it be?
			fit := true
			for i := range set {
				v, size := g.measure(set[i].res)
				fit = fit && math.Abs(v) <= 1e-12*size
			}
			if fit {
				return g.set
			}
		}
		last = worst
		dx := leastNorm(jac, r)
		size := 0.0
		for i, a := range atoms {
			size = max(size, math.Abs(dx[i])/(1+math.Abs(g.set[a])))
		}
		damp := min(1, 4/size)
		for i, a := range atoms {
			g.set[a] -= damp * dx[i]
		}
	}
	return nil
}

// leastNorm solves a x = r with the x of least norm by orthogonalising the rows of a
// (modified Gram-Schmidt), the row that is most independent of those before it first.
// Rows that nearly depend on others are left out: constraints may be redundant.
func leastNorm(a [][]float64, r []float64) []float64 {
	if len(a) == 0 {
		return nil
	}
	const dependent = 1e-5
	dot := func(u, v []float64) float64 {
		s := 0.0
		for i := range u {
			s += u[i] * v[i]
		}
		return s
	}
	rest := make([][]float64, len(a))
	size := make([]float64, len(a))
	for i := range a {
		rest[i] = slices.Clone(a[i])
		size[i] = math.Sqrt(dot(a[i], a[i]))
	}
	x := make([]float64, len(a[0]))
	done := make([]bool, len(a))
	for range a {
		best, most := -1, dependent
		for i := range rest {
			if n := math.Sqrt(dot(rest[i], rest[i])); !done[i] && size[i] > 0 && n/size[i] > most {
				best, most = i, n/size[i]
			}
		}
		if best < 0 {
			break
		}
		done[best] = true
		q := rest[best]
		n := math.Sqrt(dot(q, q))
		// The step along this direction satisfies the equation given those before.
		f := (r[best] - dot(a[best], x)) / (n * n)
		for k := range x {
			x[k] += f * q[k]
			q[k] /= n
		}
		for i := range rest {
			if !done[i] {
				f := dot(rest[i], q)
				for k := range q {
					rest[i][k] -= f * q[k]
				}
			}
		}
	}
	return x
}

// floatPoint gives numbers to atoms: random ones between 0.5 and 1.5 unless set.
type floatPoint struct {
	w    *work
	g    *point
	set  map[expr.ID]float64
	memo map[expr.ID]float64
}

func (w *work) floatPoint(seed uint64) *floatPoint {
	return &floatPoint{w: w, g: w.point(seed, givenNone), set: map[expr.ID]float64{}, memo: map[expr.ID]float64{}}
}

func (f *floatPoint) atom(a expr.ID) float64 {
	w := f.w
	switch r, i := w.roleOf(a); r {
	case roleParam:
		if x := w.paramValue[i]; !math.IsNaN(x) {
			return x
		}
	case roleRelation, roleSample, roleWhen:
		return float64(f.g.draw(uint64(a)) & 1)
	}
	if w.boolean(a) {
		return float64(f.g.draw(uint64(a)) & 1)
	}
	return 0.5 + float64(f.g.draw(uint64(a))>>8)/(modulus>>8)
}

func (f *floatPoint) value(a expr.ID) (float64, bool) {
	switch op := f.w.pool.Op(a); {
	case op != expr.OpSym && op != expr.OpTime:
		return 0, false
	}
	if x, ok := f.set[a]; ok {
		return x, true
	}
	if k, ok := f.w.knownValue(a); ok {
		x, ok := f.memo[a]
		if !ok {
			x = f.w.pool.Eval(k, f.value)
			f.memo[a] = x
		}
		return x, true
	}
	return f.atom(a), true
}

// measure is the value of a term and the size of what adds up to it.
func (f *floatPoint) measure(e expr.ID) (value, size float64) {
	p := f.w.pool
	var list []expr.ID
	p.Walk(e, map[expr.ID]bool{}, nil, func(t expr.ID) { list = append(list, t) })
	slices.Sort(list)
	v := p.EvalAll(list, f.value)
	at := make(map[expr.ID]int, len(list))
	sizes := make([]float64, len(list))
	for k, t := range list {
		at[t] = k
		a := p.Args(t)
		sizes[k] = math.Abs(v[k])
		of := func(x expr.ID) float64 {
			if i, ok := at[x]; ok {
				return sizes[i]
			}
			c, _ := p.Value(x)
			return math.Abs(c.Float())
		}
		switch p.Op(t) {
		case expr.OpAdd:
			s := of(a[0])
			for i := 1; i < len(a); i += 2 {
				s += of(a[i]) * of(a[i+1])
			}
			sizes[k] = max(sizes[k], s)
		case expr.OpMul:
			s := 1.0
			for i := 0; i < len(a); i += 2 {
				n, _ := p.Value(a[i+1])
				if x := n.Float(); x > 0 {
					s *= math.Pow(of(a[i]), x)
				} else if i, ok := at[a[i]]; ok {
					s *= math.Pow(math.Abs(v[i]), x)
				}
			}
			sizes[k] = max(sizes[k], s)
		}
	}
	return v[at[e]], sizes[at[e]]
}

// manifold tests terms at consistent points.
type manifold struct{ points []*floatPoint }

// zero reports whether a term is zero at all points.
func (m *manifold) zero(e expr.ID) bool {
	for _, f := range m.points {
		if v, size := f.measure(e); !(math.Abs(v) <= smallTerm*size) {
			return false
		}
	}
	return true
}

// at makes the points of the sets of a block.
func (z *constraints) at(sets []int32) *manifold {
	m := &manifold{}
	n := wantPoints
	for _, c := range sets {
		n = min(n, len(z.points(c)))
	}
	for k := range n {
		f := z.s.w.floatPoint(uint64(k))
		for _, c := range sets {
			for a, x := range z.points(c)[k] {
				f.set[a] = x
			}
		}
		m.points = append(m.points, f)
	}
	return m
}

// dependent finds, at each point, a row of the block that depends on rows before it in
// the order: the rows that take part, that one last, and their multipliers. It returns
// nil if the block is regular at one of the points.
func (m *manifold) dependent(b *blockJacobian, order []int32) (rows [][]int32, times [][]float64) {
	for _, f := range m.points {
		r, t := f.dependent(b, order)
		if r == nil {
			return nil, nil
		}
		rows, times = append(rows, r), append(times, t)
	}
	return rows, times
}

// dependent orthogonalises the rows, scaled to size 1 after their columns, in the given
// order (modified Gram-Schmidt, twice): a row of which nothing is left depends on those
// before it. Entries that are zero against what adds up to them are zero.
func (f *floatPoint) dependent(b *blockJacobian, order []int32) ([]int32, []float64) {
	n := len(b.cols)
	rows := make([][]float64, len(b.rows))
	most := make([]float64, n)
	for i, cells := range b.a {
		rows[i] = make([]float64, n)
		for _, e := range cells {
			v, size := f.measure(e.term)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, nil
			}
			if math.Abs(v) > smallTerm*size {
				rows[i][e.col] = v
				most[e.col] = max(most[e.col], math.Abs(v))
			}
		}
	}
	dot := func(u, v []float64) float64 {
		s := 0.0
		for i := range u {
			s += u[i] * v[i]
		}
		return s
	}
	var q, of [][]float64 // orthonormal rows, and how they are made of the rows
	for k, i := range order {
		r := rows[i]
		for c := range r {
			if most[c] > 0 {
				r[c] /= most[c]
			}
		}
		t := make([]float64, len(order))
		t[k] = 1
		size := math.Sqrt(dot(r, r))
		if size > 0 {
			for c := range r {
				r[c] /= size
			}
			t[k] /= size
		}
		for range 2 {
			for m := range q {
				x := dot(r, q[m])
				for c := range r {
					r[c] -= x * q[m][c]
				}
				for c := range t {
					t[c] -= x * of[m][c]
				}
			}
		}
		left := math.Sqrt(dot(r, r))
		if left > smallTerm {
			for c := range r {
				r[c] /= left
			}
			for c := range t {
				t[c] /= left
			}
			q, of = append(q, r), append(of, t)
			continue
		}
		var list []int32
		var times []float64
		for c, x := range t {
			if x /= t[k]; math.Abs(x) > 1e-7 && c != k {
				list, times = append(list, order[c]), append(times, x)
			}
		}
		return append(list, i), append(times, 1)
	}
	return nil, nil
}

// repairConsistent converts blocks that are singular at all consistent points.
func (s *signature) repairConsistent(blocks []*blockJacobian, pr *prober) bool {
	w := s.w
	var sets [2]*constraints
	var unsure []*blockJacobian
	changed := false
	for _, b := range blocks {
		if len(b.rows) > maxConsistent || s.numeric(b) {
			continue
		}
		k := 0
		if s.dependsOnHighest(b) {
			k = 1
		}
		if sets[k] == nil {
			sets[k] = s.constraints(k == 1)
		}
		z := sets[k]
		of, sure := z.of(b)
		if len(of) == 0 {
			switch {
			case sure:
			case len(w.multiplied) > 0:
				// The conversions before may have brought in solutions that are none.
				s.reportFailure(b)
			case w.repaired:
				unsure = append(unsure, b)
			}
			continue
		}
		m := z.at(of)
		rows, times := m.dependent(b, s.elimOrder(b))
		if rows == nil {
			continue
		}
		if !s.convertConsistent(b, m, rows, times, pr) {
			s.reportFailure(b)
			continue
		}
		changed = true
	}
	if !changed && !w.failed() && len(unsure) > 0 {
		b := unsure[0]
		q := &w.eqs[b.rows[0]]
		w.note(w.pos(q), "W308", "compare the degrees of freedom with what the model should have: mtkc inspect MODEL", "no values were found that satisfy the constraints, so it is not known whether the combined equations determine %s", w.derivativeName(s.chains[b.cols[0]][0], s.d[b.cols[0]]))
	}
	return changed
}

// convertConsistent replaces an equation of a block by a combination of those that
// depend on each other at the points. Rounding may make the lists of rows differ: each
// is tried, and a vector that is none is found out.
func (s *signature) convertConsistent(b *blockJacobian, m *manifold, rows [][]int32, times [][]float64, pr *prober) bool {
	w := s.w
	try := func(u []multiplier) bool {
		if u == nil || !m.annihilates(w.pool, b, u) {
			return false
		}
		q, at, ok := s.combine(b, u, pr)
		if ok {
			s.tellCombined(b, u, q)
			w.eqs[at] = *q
		}
		return ok
	}
	same := true
	for _, r := range rows {
		same = same && slices.Equal(r, rows[0])
	}
	if same && try(constantVector(w.pool, rows[0], times)) {
		return true
	}
	for k, r := range rows {
		if k > 0 && slices.Equal(r, rows[0]) {
			continue
		}
		c := s.c[b.rows[r[len(r)-1]]]
		if try(s.symbolicVector(b, r, func(i int32) bool { return s.c[b.rows[i]] == c }, func(e expr.ID) bool { return !m.zero(e) })) {
			return true
		}
	}
	return false
}

// dependsOnHighest reports whether the entries of a block depend on highest derivatives.
func (s *signature) dependsOnHighest(b *blockJacobian) bool {
	for _, cells := range b.a {
		for _, e := range cells {
			if !s.below(e.term, func(j int32) int32 { return s.d[j] }) {
				return true
			}
		}
	}
	return false
}

// numeric reports whether all entries of a block are constant in time.
func (s *signature) numeric(b *blockJacobian) bool {
	for _, cells := range b.a {
		for _, e := range cells {
			if !s.w.constant(e.term) {
				return false
			}
		}
	}
	return true
}

// constantVector is the null vector as fractions with small parts, nil if it differs
// from point to point.
func constantVector(p *expr.Pool, rows []int32, times [][]float64) []multiplier {
	var u []multiplier
	for k, r := range rows {
		x := times[0][k]
		for _, t := range times {
			if math.Abs(t[k]-x) > smallTerm*math.Abs(x) {
				return nil
			}
		}
		found := false
		for d := int64(1); d <= 64 && !found; d++ {
			if n := math.Round(x * float64(d)); math.Abs(n-x*float64(d)) <= smallTerm*math.Abs(n) && math.Abs(n) < 1e6 {
				u = append(u, multiplier{r, p.Num(expr.RatNum(int64(n), d))})
				found = true
			}
		}
		if !found {
			return nil
		}
	}
	return u
}

// annihilates checks u^T A = 0 at the points.
func (m *manifold) annihilates(p *expr.Pool, b *blockJacobian, u []multiplier) bool {
	sum := map[int32][]expr.ID{}
	var cols []int32
	for _, x := range u {
		for _, e := range b.a[x.at] {
			if sum[e.col] == nil {
				cols = append(cols, e.col)
			}
			sum[e.col] = append(sum[e.col], p.Mul(x.term, e.term))
		}
	}
	for _, c := range cols {
		if !m.zero(p.Add(sum[c]...)) {
			return false
		}
	}
	return true
}
