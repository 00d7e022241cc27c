// Package fdiff approximates derivatives by differences of function values: sparse
// Jacobians, columns that share no row together, and products of a Jacobian with a vector.
//
// In: a function, a point, the sizes of its unknowns and the ranges in which the function
// makes sense. Out: derivatives, to half the digits of the function. Nothing is carried
// over from one call to the next, so equal arguments give equal results.
package fdiff

import (
	"cmp"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Func writes f(x) to y and leaves x alone.
type Func func(x, y []float64)

// Space says how large the unknowns are and where they may be.
type Space struct {
	// Size holds, for each unknown, the size below which its value says nothing about how
	// far it may be moved; nil means ones.
	Size []float64
	// Min and Max are ranges that increments do not leave, where the point is inside; nil
	// means none.
	Min, Max []float64
}

const (
	root = 0x1p-26 // sqrt of the distance from 1 to the next float64
	// A column whose largest difference is not zero but below faint times the function value
	// there has lost all but a few digits, and is done again with an increment that is
	// stretch times larger.
	faint   = 0x1p-41
	stretch = 0x1p12
	// Where the function is not finite, the increment is turned round, then shrunk by this.
	shrink = 0x1p-10
)

// increment is what unknown j is moved by at x, before rounding: sqrt(eps) times the larger
// of its magnitude and its size, backwards where there is no room forwards.
func (s Space) increment(j int, x, factor float64) float64 {
	size := math.Abs(x)
	if s.Size == nil {
		size = math.Max(size, 1)
	} else {
		size = math.Max(size, s.Size[j])
	}
	h := factor * size
	if s.Max != nil && x <= s.Max[j] && x+h > s.Max[j] {
		back := -h
		if s.Min != nil && x >= s.Min[j] && x-h < s.Min[j] {
			// A range narrower than the increments: the wider side of it.
			up, down := s.Max[j]-x, x-s.Min[j]
			if up < down {
				return -down
			}
			return up
		}
		return back
	}
	return h
}

// allowed reports whether the move h from x stays where x is.
func (s Space) allowed(j int, x, h float64) bool {
	return !(s.Max != nil && x <= s.Max[j] && x+h > s.Max[j] || s.Min != nil && x >= s.Min[j] && x+h < s.Min[j])
}

// Jacobian approximates Jacobians of one pattern by forward differences.
//
// Curtis, Powell, Reid, J. Inst. Maths Applics 13, 1974, for the groups; Salane, Sandia
// report SAND86-1319, 1986, for the second look at faint columns. Departure: what a
// column needed is not remembered.
type Jacobian struct {
	pat      *linsolve.Pattern
	groups   [][]int32
	x, f, f0 []float64
	delta    []float64
	again    []int32
}

// New prepares for Jacobians of pattern p.
func New(p *linsolve.Pattern) *Jacobian {
	return &Jacobian{
		pat: p, groups: Colour(p), x: make([]float64, p.Cols), delta: make([]float64, p.Cols),
		f: make([]float64, p.Rows), f0: make([]float64, p.Rows),
	}
}

// Groups is the number of evaluations that Eval needs at least, besides that of f0.
func (d *Jacobian) Groups() int { return len(d.groups) }

// Eval writes the derivatives of f at x to vals, in the order of the pattern. f0 is f(x), or
// nil: then it is evaluated. Entries are not finite only where f is not finite at x itself
// or close to it in both directions.
func (d *Jacobian) Eval(f Func, x, f0 []float64, s Space, vals []float64) {
	if f0 == nil {
		f0 = d.f0
		f(x, f0)
	}
	copy(d.x, x)
	d.again = d.again[:0]
	for _, cols := range d.groups {
		for _, j := range cols {
			d.move(int(j), x[j], s.increment(int(j), x[j], root))
		}
		f(d.x, d.f)
		for _, j := range cols {
			d.x[j] = x[j]
			if !d.column(j, f0, vals) {
				d.again = append(d.again, j)
			}
		}
	}
	// At most as many evaluations once more as there were, unless values are missing.
	budget := max(2, len(d.groups))
	for _, j := range d.again {
		d.repair(f, int(j), x, f0, s, vals, &budget)
	}
}

// move sets entry j of the moved point, and delta to what the arithmetic made of h.
func (d *Jacobian) move(j int, x, h float64) {
	d.x[j] = x + h
	d.delta[j] = d.x[j] - x
}

// column computes the differences of column j; it reports whether they are finite and
// not faint.
func (d *Jacobian) column(j int32, f0, vals []float64) bool {
	inv := 1 / d.delta[j]
	good := true
	large, at := 0.0, int32(-1)
	for e := d.pat.ColPtr[j]; e < d.pat.ColPtr[j+1]; e++ {
		i := d.pat.RowIdx[e]
		diff := d.f[i] - f0[i]
		vals[e] = diff * inv
		if a := math.Abs(diff); a > large {
			large, at = a, i
		}
		if diff-diff != 0 {
			good = false
		}
	}
	return good && (at < 0 || large > faint*math.Max(math.Abs(f0[at]), math.Abs(d.f[at])))
}

// repair computes column j alone, with other increments.
func (d *Jacobian) repair(f Func, j int, x, f0 []float64, s Space, vals []float64, budget *int) {
	lo, hi := d.pat.ColPtr[j], d.pat.ColPtr[j+1]
	finite := true
	for _, v := range vals[lo:hi] {
		finite = finite && v-v == 0
	}
	if finite {
		h := s.increment(j, x[j], root*stretch)
		if *budget <= 0 || h == 0 {
			return
		}
		*budget--
		d.move(j, x[j], h)
		f(d.x, d.f)
		d.x[j] = x[j]
		// The larger increment must not have left the region where f makes sense.
		for e := lo; e < hi; e++ {
			if v := d.f[d.pat.RowIdx[e]]; v-v != 0 {
				return
			}
		}
		d.column(int32(j), f0, vals)
		return
	}
	h := s.increment(j, x[j], root)
	for _, h := range [...]float64{-h, h * shrink, -h * shrink, h * shrink * shrink, -h * shrink * shrink} {
		if !s.allowed(j, x[j], h) || x[j]+h == x[j] {
			continue
		}
		d.move(j, x[j], h)
		f(d.x, d.f)
		d.x[j] = x[j]
		d.column(int32(j), f0, vals)
		finite := true
		for _, v := range vals[lo:hi] {
			finite = finite && v-v == 0
		}
		if finite {
			return
		}
	}
}

// Product approximates products of Jacobians with vectors, for iterations that need no
// more (linsolve.NewMatrixFree).
type Product struct{ x, f []float64 }

// NewProduct prepares for functions of n unknowns with m values.
func NewProduct(m, n int) *Product { return &Product{make([]float64, n), make([]float64, m)} }

// Eval writes the derivative of f at x in direction v, times the length of v, to y; f0 is
// f(x). The point moves by sqrt(eps) in the root mean square of moves over sizes (Brown,
// Saad, SIAM J. Sci. Stat. Comput. 11(3), 1990, with a norm that knows the sizes); in the
// other direction where f is not finite there or a range ends.
func (p *Product) Eval(f Func, x, f0 []float64, s Space, v, y []float64) {
	sum := 0.0
	for j, d := range v {
		size := math.Abs(x[j])
		if s.Size == nil {
			size = math.Max(size, 1)
		} else {
			size = math.Max(size, s.Size[j])
		}
		if d != 0 {
			q := d / size
			sum += q * q
		}
	}
	if sum == 0 {
		clear(y)
		return
	}
	sigma := root / math.Sqrt(sum/float64(len(v)))
	inside := func(sigma float64) bool {
		for j, d := range v {
			if !s.allowed(j, x[j], sigma*d) {
				return false
			}
		}
		return true
	}
	if !inside(sigma) && inside(-sigma) {
		sigma = -sigma
	}
	for range 2 {
		for j, d := range v {
			p.x[j] = x[j] + sigma*d
		}
		f(p.x, p.f)
		finite := true
		for i, w := range p.f {
			y[i] = (w - f0[i]) / sigma
			finite = finite && y[i]-y[i] == 0
		}
		if finite || !inside(-sigma) {
			return
		}
		sigma = -sigma
	}
}

// Colour groups columns without a common row: greedily in column order, and once more by
// falling length, which of both needs fewer groups. The work is the sum over rows of
// the squares of their lengths; a full row forces one group per column whatever the method.
func Colour(p *linsolve.Pattern) [][]int32 {
	order := make([]int32, p.Cols)
	for j := range order {
		order[j] = int32(j)
	}
	rowPtr := make([]int32, p.Rows+1)
	for _, i := range p.RowIdx {
		rowPtr[i+1]++
	}
	longest := int32(0)
	for i := range p.Rows {
		longest = max(longest, rowPtr[i+1])
		rowPtr[i+1] += rowPtr[i]
	}
	fill := slices.Clone(rowPtr[:p.Rows])
	colIdx := make([]int32, len(p.RowIdx))
	for j := range p.Cols {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			colIdx[fill[i]] = int32(j)
			fill[i]++
		}
	}
	if int(longest) == p.Cols {
		groups := make([][]int32, p.Cols)
		for j := range groups {
			groups[j] = order[j : j+1 : j+1]
		}
		return groups
	}
	groups := greedy(p, rowPtr, colIdx, order)
	if len(groups) == int(longest) {
		return groups // no method needs fewer
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Compare(p.ColPtr[b+1]-p.ColPtr[b], p.ColPtr[a+1]-p.ColPtr[a])
	})
	if g := greedy(p, rowPtr, colIdx, order); len(g) < len(groups) {
		for _, cols := range g {
			slices.Sort(cols)
		}
		return g
	}
	return groups
}

// greedy gives each column, in order, the first colour that no neighbour has.
func greedy(p *linsolve.Pattern, rowPtr, colIdx, order []int32) [][]int32 {
	var groups [][]int32
	colour := make([]int32, p.Cols)
	for j := range colour {
		colour[j] = -1
	}
	var seen []int32 // seen[c] == j+1: colour c is taken by a neighbour of column j
	for _, j := range order {
		stamp := j + 1
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			for _, k := range colIdx[rowPtr[i]:rowPtr[i+1]] {
				if c := colour[k]; c >= 0 {
					seen[c] = stamp
				}
			}
		}
		c := 0
		for c < len(seen) && seen[c] == stamp {
			c++
		}
		if c == len(seen) {
			seen = append(seen, 0)
			groups = append(groups, nil)
		}
		colour[j] = int32(c)
		groups[c] = append(groups[c], j)
	}
	return groups
}
