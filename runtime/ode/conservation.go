package ode

// Linear conservation laws: sums w . u of differential states with w . f(t, u, p) = 0 for all u, such as the atoms and
// enzymes of a closed reaction network. They are found from f itself: its values at more points than there are
// states, drawn around the present one, are linearly dependent as the laws say. Where a steady state is looked
// for, the laws are equations beside f = 0, without which steady states are not isolated.

import (
	"math"
	"math/rand/v2"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

const (
	lawsMost   = 400   // states; the work grows like their cube
	lawsRank   = 1e-9  // of its size, what is left of f_i beside the others where it depends on them
	lawsHolds  = 1e-11 // of the sum of |w_i f_i|, what rounding may leave of a law
	lawsChecks = 6     // points at which a law is checked
)

// conserved returns the laws of s around u, one row of N weights each, the largest 1 or -1.
func (s *steady) conserved(u []float64) [][]float64 {
	var rows []int // differential states
	for i := range s.p.N() {
		if s.p.Mass == nil || s.p.Mass[i] != 0 {
			rows = append(rows, i)
		}
	}
	n := len(rows)
	if n < 2 || s.p.N() > lawsMost {
		return nil
	}
	rng := rand.New(rand.NewPCG(1, 2))
	size := 0.0
	for _, v := range u {
		size = math.Max(size, math.Abs(v))
	}
	if size == 0 {
		size = 1
	}
	x := make([]float64, len(u))
	// sample writes f at a point with entries of the sizes of u times about spread.
	sample := func(spread float64) bool {
		for range 4 {
			for i, v := range u {
				r := math.Exp(2*rng.Float64() - 1)
				if v == 0 {
					v = size * rng.Float64()
				}
				x[i] = spread * r * v
			}
			s.k.RHS(s.t, x, s.params, s.du)
			if nonFinite(s.du) < 0 {
				return true
			}
		}
		return false
	}
	f := make([][]float64, n) // of each state, its derivatives at the points
	for range n + 4 {
		if !sample(1) {
			return nil
		}
		for k, i := range rows {
			f[k] = append(f[k], s.du[i])
		}
	}
	laws := dependences(f)
	kept := laws[:0]
	for _, w := range laws {
		tidy(w)
		holds := true
		for c := 0; c < lawsChecks && holds; c++ {
			if !sample([...]float64{1, 0.01, 30}[c%3]) {
				continue
			}
			sum, all := 0.0, 0.0
			for k, i := range rows {
				sum += w[k] * s.du[i]
				all += math.Abs(w[k] * s.du[i])
			}
			holds = math.Abs(sum) <= lawsHolds*all
		}
		if holds {
			kept = append(kept, w)
		}
	}
	for l, w := range kept {
		full := make([]float64, len(u))
		for k, i := range rows {
			full[i] = w[k]
		}
		kept[l] = full
	}
	return kept
}

// dependences returns weights w with sum_k w_k f_k = 0 for rows f_k of numbers, as many as are independent of each
// other: rows are orthogonalised, the largest remainder first, and each that is left depends on those.
func dependences(f [][]float64) [][]float64 {
	n := len(f)
	norm := make([]float64, n)
	left := make([][]float64, n)
	for k, v := range f {
		norm[k] = norm2(v)
		left[k] = make([]float64, len(v))
		for i, x := range v {
			if norm[k] > 0 {
				left[k][i] = x / norm[k]
			}
		}
	}
	used := make([]bool, n)
	var basis []int
	var q [][]float64
	var r [][]float64 // of basis row j: its coefficients in q
	for {
		best, size := -1, lawsRank
		for k := range left {
			if d := norm2(left[k]); !used[k] && d > size {
				best, size = k, d
			}
		}
		if best < 0 {
			break
		}
		used[best] = true
		row := make([]float64, len(q)+1)
		v := make([]float64, len(left[best]))
		for i, x := range f[best] {
			v[i] = x / norm[best]
		}
		for range 2 {
			for j, b := range q {
				d := dot(b, v)
				row[j] += d
				for i := range v {
					v[i] -= d * b[i]
				}
			}
		}
		d := norm2(v)
		row[len(q)] = d
		for i := range v {
			v[i] /= d
		}
		q, r, basis = append(q, v), append(r, row), append(basis, best)
		for k := range left {
			if !used[k] {
				d := dot(v, left[k])
				for i := range v {
					left[k][i] -= d * v[i]
				}
			}
		}
	}
	var laws [][]float64
	for k := range f {
		if used[k] {
			continue
		}
		w := make([]float64, n)
		w[k] = 1
		if norm[k] > 0 {
			// f_k/|f_k| in q, then in the basis rows by back substitution.
			c := make([]float64, len(q))
			for j, b := range q {
				c[j] = dot(b, f[k]) / norm[k]
			}
			for j := len(q) - 1; j >= 0; j-- {
				c[j] /= r[j][j]
				for i := range j {
					c[i] -= c[j] * r[j][i]
				}
				w[basis[j]] = -c[j] * norm[k] / norm[basis[j]]
			}
		}
		laws = append(laws, w)
	}
	return laws
}

// tidy makes the largest weight 1 or -1 and others multiples of 1/12 where they are close to one, as those of molecules are.
func tidy(w []float64) {
	most := 0.0
	for _, v := range w {
		most = math.Max(most, math.Abs(v))
	}
	for i, v := range w {
		v /= most
		if near := math.Round(12*v) / 12; math.Abs(v-near) < 1e-6 {
			v = near
		}
		w[i] = v
	}
}

// withLaws is the pattern of equations with those of the laws behind them. from says where entries are from, see steady.from.
func (s *steady) withLaws(pat *linsolve.Pattern, from []int32) (*linsolve.Pattern, []int32) {
	n := pat.Cols
	p := &linsolve.Pattern{Rows: pat.Rows + len(s.laws), Cols: n, ColPtr: make([]int32, n+1)}
	var list []int32
	for j := range n {
		p.RowIdx = append(p.RowIdx, pat.RowIdx[pat.ColPtr[j]:pat.ColPtr[j+1]]...)
		list = append(list, from[pat.ColPtr[j]:pat.ColPtr[j+1]]...)
		for l, w := range s.laws {
			if w[j] != 0 {
				p.RowIdx = append(p.RowIdx, int32(pat.Rows+l))
				list = append(list, int32(len(s.jac)+l*n+j))
			}
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	return p, list
}
