package structural

import (
	"slices"

	"github.com/mtkc/mtkc/expr"
)

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
