package linsolve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The matrices of the benchmarks have the patterns and sizes of the stiff test problems
// of the ODE benchmarks: diagonally shifted Jacobians as an implicit method meets them.

// benchCase is a matrix with the hints to solve it with.
type benchCase struct {
	name string
	m    matrix[float64]
	h    Hints
}

// offsets is a banded matrix with entries at the given distances below the diagonal.
func offsets(n int, at ...int) matrix[float64] {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	return fromRows(n, func(j int, add func(i int, v float64)) {
		for _, d := range at {
			v := -rng.Float64()
			if d == 0 {
				v = float64(len(at)) + rng.Float64()
			}
			add(j+d, v)
		}
	})
}

// fromRows builds a matrix column by column; rows out of range are left out.
func fromRows(n int, column func(j int, add func(i int, v float64))) matrix[float64] {
	p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	var vals []float64
	for j := range n {
		column(j, func(i int, v float64) {
			if i >= 0 && i < n {
				p.RowIdx = append(p.RowIdx, int32(i))
				vals = append(vals, v)
			}
		})
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	return matrix[float64]{p, vals}
}

// bruss2d is the Brusselator with diffusion on a k by k grid, two species a cell,
// periodic as in Hairer and Wanner's problem BRUSS-2D.
func bruss2d(k int) matrix[float64] {
	n := 2 * k * k
	rng := rand.New(rand.NewPCG(2, uint64(n)))
	full := make(map[[2]int]float64)
	for c := range k * k {
		x, y := c%k, c/k
		for s := range 2 {
			i := 2*c + s
			for _, nb := range [][2]int{{x + 1, y}, {x - 1, y}, {x, y + 1}, {x, y - 1}} {
				j := 2*((nb[0]+k)%k+k*((nb[1]+k)%k)) + s
				full[[2]int{i, j}] = -1
			}
			full[[2]int{i, i}] = 6 + rng.Float64()
			full[[2]int{i, i ^ 1}] = rng.Float64()
		}
	}
	rows := make([][]int, n)
	for ij := range full {
		rows[ij[1]] = append(rows[ij[1]], ij[0])
	}
	return fromRows(n, func(j int, add func(i int, v float64)) {
		slices.Sort(rows[j])
		for _, i := range rows[j] {
			add(i, full[[2]int{i, j}])
		}
	})
}

// network is the Jacobian pattern of n species in r reactions of mass-action kinetics:
// a reaction of one or two educts changes these and one or two products.
func network(n, r int) matrix[float64] {
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	full := make([]float64, n*n)
	for i := range n {
		full[i*n+i] = 1
	}
	for range r {
		in := []int{rng.IntN(n), rng.IntN(n)}[:1+rng.IntN(2)]
		out := []int{rng.IntN(n), rng.IntN(n)}[:1+rng.IntN(2)]
		for _, j := range in {
			k := math.Pow(10, 3*rng.NormFloat64())
			for _, i := range in {
				full[j*n+i] += k
			}
			for _, i := range out {
				full[j*n+i] -= k
			}
		}
	}
	return fromFull(n, func(i, j int) (float64, bool) { return full[j*n+i], full[j*n+i] != 0 })
}

// polluPattern is the Jacobian of POLLU (Mazzia & Magherini, Test set for IVP solvers,
// II-2) with its diagonal.
func polluMatrix() matrix[float64] {
	p := &Pattern{Rows: 20, Cols: 20,
		ColPtr: []int32{0, 10, 19, 21, 27, 31, 41, 45, 45, 51, 55, 61, 61, 64, 67, 67, 70, 74, 74, 79, 82},
		RowIdx: []int32{0, 1, 2, 3, 5, 10, 12, 14, 18, 19, 0, 1, 3, 4, 5, 9, 10, 11, 13, 2, 3, 0, 1, 2, 3, 15, 18, 0, 1, 4, 5, 0, 4, 5, 6, 7, 8, 10, 14, 16, 17, 4, 5, 6, 7, 4, 5, 7, 8, 9, 10, 0, 1, 9, 13, 0, 1, 9, 10, 11, 12, 0, 10, 12, 4, 6, 13, 2, 5, 15, 4, 5, 16, 17, 0, 1, 2, 18, 19, 0, 18, 19}}
	rng := rand.New(rand.NewPCG(4, 5))
	v := make([]float64, p.NNZ())
	for e := range v {
		v[e] = math.Pow(10, 2*rng.NormFloat64())
	}
	w := NewShifted[float64](p, nil)
	w.Set(300, -1, v)
	return matrix[float64]{w.Pattern, w.Vals}
}

// hires is the Jacobian of HIRES (same source, II-1).
func hires() matrix[float64] {
	return fromFull(8, func(i, j int) (float64, bool) {
		on := [8]string{"XXX.....", "XX......", ".XXX....", ".XXX....", "...XXX.X", "...XXXXX", ".....XXX", ".....XXX"}[i][j] == 'X'
		v := math.Sin(float64(i + 8*j))
		if i == j {
			v = 20
		}
		return v, on
	})
}

func benchCases() []benchCase {
	var cases []benchCase
	for _, n := range []int{1, 2, 3, 4, 6, 8, 12, 15, 16, 20, 28, 50, 80, 200} {
		rng := rand.New(rand.NewPCG(6, uint64(n)))
		m := fromFull(n, func(i, j int) (float64, bool) { return rng.NormFloat64(), true })
		cases = append(cases, benchCase{fmt.Sprintf("dense%d", n), m, Hints{Kind: DenseLU}})
	}
	return append(cases,
		benchCase{"rcladder1000", offsets(1000, -1, 0, 1), Hints{}},
		benchCase{"bruss1d1000", offsets(1000, -2, -1, 0, 1, 2), Hints{}},
		benchCase{"medakzo400", offsets(400, -2, -1, 0, 1, 2), Hints{}},
		benchCase{"band5x5n500", offsets(500, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5), Hints{Kind: BandLU}},
		benchCase{"band20x20n500", offsets(500, -20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20), Hints{Kind: BandLU}},
		benchCase{"band3x3n500", offsets(500, -3, -2, -1, 0, 1, 2, 3), Hints{Kind: BandLU}},
		benchCase{"band4x4n500", offsets(500, -4, -3, -2, -1, 0, 1, 2, 3, 4), Hints{Kind: BandLU}},
		benchCase{"band8x8n500", offsets(500, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8), Hints{Kind: BandLU}},
		benchCase{"bruss2d16band", bruss2d(16), Hints{Kind: BandLU}},
		benchCase{"bruss2d32band", bruss2d(32), Hints{Kind: BandLU}},
		benchCase{"rcdae2000", ladder(1000, 0.5), Hints{}},
		benchCase{"hires", hires(), Hints{Kind: ProgramLU}},
		benchCase{"hiresdense", hires(), Hints{Kind: DenseLU}},
		benchCase{"pollu", polluMatrix(), Hints{Kind: ProgramLU}},
		benchCase{"polludense", polluMatrix(), Hints{Kind: DenseLU}},
		benchCase{"network30sparse", network(30, 25), Hints{Kind: SparseLU}},
		benchCase{"network100sparse", network(100, 90), Hints{Kind: SparseLU}},
		benchCase{"network500sparse", network(500, 450), Hints{Kind: SparseLU}},
		benchCase{"network30", network(30, 25), Hints{Kind: ProgramLU}},
		benchCase{"network100", network(100, 90), Hints{Kind: ProgramLU}},
		benchCase{"network500", network(500, 450), Hints{Kind: ProgramLU}},
		benchCase{"network500frontal", network(500, 450), Hints{Kind: FrontalLU}},
		benchCase{"bruss2d16sparse", bruss2d(16), Hints{Kind: SparseLU}},
		benchCase{"bruss2d16", bruss2d(16), Hints{Kind: FrontalLU}},
		benchCase{"bruss2d32", bruss2d(32), Hints{Kind: FrontalLU}},
		benchCase{"bruss2d64", bruss2d(64), Hints{Kind: FrontalLU}},
	)
}

// complexOf is m with i times its largest diagonal entries on the diagonal.
func complexOf(m matrix[float64]) matrix[complex128] {
	v := make([]complex128, len(m.vals))
	for j := range m.p.Cols {
		for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
			v[e] = complex(m.vals[e], 0)
			if int(m.p.RowIdx[e]) == j {
				v[e] = complex(m.vals[e], m.vals[e])
			}
		}
	}
	return matrix[complex128]{m.p, v}
}

// BenchmarkSolvers times Factor (with the pivot sequence of an earlier call, where the
// kind keeps one) and Solve of every case, real and complex.
func BenchmarkSolvers(b *testing.B) {
	for _, c := range benchCases() {
		b.Run(c.name, func(b *testing.B) {
			b.Run("real", func(b *testing.B) { benchSolver(b, c.m, c.h) })
			b.Run("complex", func(b *testing.B) { benchSolver(b, complexOf(c.m), c.h) })
		})
	}
}

func benchSolver[T Scalar](b *testing.B, m matrix[T], h Hints) {
	s := New[T](m.p, h)
	if err := s.Factor(m.vals); err != nil {
		b.Fatal(err)
	}
	rhs := make([]T, m.p.Cols)
	b.Run("factor", func(b *testing.B) {
		for b.Loop() {
			if err := s.Factor(m.vals); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(s.Stats().NNZ), "nnz")
	})
	for i := range rhs {
		rhs[i] = fromReal[T](1 / float64(i+1))
	}
	x := make([]T, len(rhs))
	b.Run("solve", func(b *testing.B) {
		for b.Loop() {
			copy(x, rhs)
			s.Solve(x)
		}
	})
}

// BenchmarkShifted times what comes before a factorisation: HIRES and POLLU.
func BenchmarkShifted(b *testing.B) {
	for _, c := range []struct {
		name string
		m    matrix[float64]
	}{{"hires", hires()}, {"pollu", polluMatrix()}} {
		re, im := NewShifted[float64](c.m.p, nil), NewShifted[complex128](c.m.p, nil)
		b.Run(c.name+"/real", func(b *testing.B) {
			for b.Loop() {
				re.Set(3, -1, c.m.vals)
			}
		})
		b.Run(c.name+"/complex", func(b *testing.B) {
			for b.Loop() {
				im.Set(3+1i, -1, c.m.vals)
			}
		})
	}
}

// BenchmarkNew times what comes before the first factorisation, a pair as Radau needs it.
func BenchmarkNew(b *testing.B) {
	for _, c := range []struct {
		name string
		p    *Pattern
	}{{"hires", hires().p}, {"ringmod", network(15, 20).p}, {"pollu", polluMatrix().p}, {"network100", network(100, 90).p}, {"rcladder1000", offsets(1000, -1, 0, 1).p}, {"bruss2d32", bruss2d(32).p}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				NewPair(c.p, Hints{})
			}
		})
	}
}
