package linsolve

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// kinds are the ways to factorise; every conformance test runs over all.
var kinds = []struct {
	name string
	h    Hints
}{{"auto", Hints{}}, {"dense", Hints{Kind: DenseLU}}, {"band", Hints{Kind: BandLU}}, {"program", Hints{Kind: ProgramLU}}, {"frontal", Hints{Kind: FrontalLU}}, {"sparse", Hints{Kind: SparseLU}}}

// matrix is a pattern with values, filled from (row, column, value) triplets.
type matrix[T Scalar] struct {
	p    *Pattern
	vals []T
}

func fromFull[T Scalar](n int, at func(i, j int) (T, bool)) matrix[T] {
	p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	var vals []T
	for j := range n {
		for i := range n {
			if v, ok := at(i, j); ok {
				p.RowIdx = append(p.RowIdx, int32(i))
				vals = append(vals, v)
			}
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	return matrix[T]{p, vals}
}

// residual is max_i |b - A x|_i / (sum_j |a_ij| |x|_max + |b_i|), a backward error
// that does not depend on the scale of the rows.
func (m matrix[T]) residual(x, b []T) float64 {
	r := append([]T(nil), b...)
	s := make([]float64, len(b))
	big := 0.0
	for _, v := range x {
		big = max(big, magnitude(v))
	}
	for i := range s {
		s[i] = magnitude(b[i])
	}
	for j := range m.p.Cols {
		for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
			i := m.p.RowIdx[e]
			r[i] -= m.vals[e] * x[j]
			s[i] += magnitude(m.vals[e]) * big
		}
	}
	worst := 0.0
	for i := range r {
		if r[i] != 0 {
			worst = max(worst, magnitude(r[i])/s[i])
		}
		if r[i] != r[i] {
			return math.NaN()
		}
	}
	return worst
}

func random[T Scalar](rng *rand.Rand) T {
	var v T
	switch p := any(&v).(type) {
	case *float64:
		*p = rng.NormFloat64()
	case *complex128:
		*p = complex(rng.NormFloat64(), rng.NormFloat64())
	}
	return v
}

func TestRandomReal(t *testing.T)    { testRandom[float64](t, 200) }
func TestRandomComplex(t *testing.T) { testRandom[complex128](t, 200) }

// testRandom solves systems with random patterns, zero diagonals and rows of very
// different scale; a second and third matrix of the same pattern use the pivot
// sequence of the first where they can.
func testRandom[T Scalar](t *testing.T, trials int) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	for trial := range trials {
		n := 1 + rng.IntN(60)
		density := math.Pow(rng.Float64(), 2)
		perm := rng.Perm(n)
		zeroDiag := rng.IntN(2) == 0
		scaled := rng.IntN(3) == 0
		pat := fromFull(n, func(i, j int) (T, bool) {
			on := rng.Float64() < density || perm[j] == i
			if zeroDiag && i == j && perm[j] != i && rng.IntN(3) > 0 {
				on = false
			}
			return random[T](rng), on
		})
		for _, k := range kinds {
			s := New[T](pat.p, k.h)
			for round := range 3 {
				m := matrix[T]{pat.p, make([]T, len(pat.vals))}
				row := make([]float64, n)
				for i := range row {
					row[i] = 1
					if scaled {
						row[i] = math.Pow(10, 12*rng.Float64()-6)
					}
				}
				for j := range n {
					for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
						i := m.p.RowIdx[e]
						m.vals[e] = random[T](rng) * fromReal[T](row[i])
						if perm[j] == int(i) {
							m.vals[e] *= fromReal[T](float64(4 + n/4))
						}
					}
				}
				b := make([]T, n)
				for i := range b {
					b[i] = random[T](rng) * fromReal[T](row[i])
				}
				name := fmt.Sprintf("seed %d trial %d n %d %s round %d", seed, trial, n, k.name, round)
				if err := s.Factor(m.vals); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				x := append([]T(nil), b...)
				s.Solve(x)
				// n eps = 1e-14 times the growth that threshold pivoting allows and
				// refactorisation watches; 3e-12 or so is the largest of 10^6 random cases.
				if r := m.residual(x, b); !(r < 1e-11) {
					t.Fatalf("%s: residual %g", name, r)
				}
			}
		}
	}
}

func TestSingular(t *testing.T) {
	cases := []struct {
		name string
		m    matrix[float64]
		col  int // any: -1
	}{
		{"zero", fromFull(1, func(i, j int) (float64, bool) { return 0, true }), 0},
		{"no entry", fromFull(1, func(i, j int) (float64, bool) { return 0, false }), 0},
		{"zero column", fromFull(12, func(i, j int) (float64, bool) {
			if j == 5 {
				return 0, true
			}
			return math.Sin(float64((i + 1) * (j*j + 2))), true
		}), 5},
		{"empty column", fromFull(12, func(i, j int) (float64, bool) {
			return 1 / float64(1+i+j*j), j != 4
		}), 4},
		{"equal rows", fromFull(12, func(i, j int) (float64, bool) {
			if i == 7 {
				i = 2
			}
			return math.Sin(float64((i + 1) * (j*j + 2))), true
		}), -1},
		{"no flux ends", fromFull(30, func(i, j int) (float64, bool) { // 1-D Laplacian, constants in its kernel
			switch {
			case i == j && (i == 0 || i == 29):
				return 0.1, true
			case i == j:
				return 0.2, true
			case i == j+1 || j == i+1:
				return -0.1, true
			}
			return 0, false
		}), -1},
		{"structural", fromFull(20, func(i, j int) (float64, bool) { // three columns share two rows
			return 1 + float64(i*j), i == j && j > 2 || j <= 2 && i < 2
		}), -1},
	}
	for _, c := range cases {
		for _, k := range kinds {
			s := New[float64](c.m.p, k.h)
			err := s.Factor(c.m.vals)
			var se *SingularError
			if !errors.Is(err, ErrSingular) || !errors.As(err, &se) {
				t.Errorf("%s %s: error %v", c.name, k.name, err)
				continue
			}
			if c.col >= 0 && se.Col != c.col {
				t.Errorf("%s %s: column %d, want %d", c.name, k.name, se.Col, c.col)
			}
			// The same solver recovers with a regular matrix, where the pattern allows.
			if c.name == "zero column" || c.name == "no flux ends" {
				v := append([]float64(nil), c.m.vals...)
				for j := range c.m.p.Cols {
					for e := c.m.p.ColPtr[j]; e < c.m.p.ColPtr[j+1]; e++ {
						if int(c.m.p.RowIdx[e]) == j {
							v[e] += 100
						}
					}
				}
				if err := s.Factor(v); err != nil {
					t.Errorf("%s %s: regular matrix after singular: %v", c.name, k.name, err)
				}
				x := make([]float64, c.m.p.Cols)
				for i := range x {
					x[i] = 1
				}
				b := append([]float64(nil), x...)
				s.Solve(x)
				if r := (matrix[float64]{c.m.p, v}).residual(x, b); !(r < 1e-14) {
					t.Errorf("%s %s: residual %g", c.name, k.name, r)
				}
				if err := s.Factor(c.m.vals); !errors.Is(err, ErrSingular) {
					t.Errorf("%s %s: singular again: %v", c.name, k.name, err)
				}
			}
		}
	}
}

// Legitimate matrices with tiny pivots are not called singular.
func TestTinyPivots(t *testing.T) {
	m := fromFull(3, func(i, j int) (float64, bool) {
		a := [3][3]float64{{1, 0, 1}, {0, 1, 0}, {0, 1, 1e-17}}
		return a[i][j], a[i][j] != 0
	})
	for _, k := range kinds {
		s := New[float64](m.p, k.h)
		for range 3 {
			if err := s.Factor(m.vals); err != nil {
				t.Fatalf("%s: %v", k.name, err)
			}
			x := []float64{1, 2, 2 + 3e-17}
			b := append([]float64(nil), x...)
			s.Solve(x)
			if r := m.residual(x, b); !(r < 1e-15) {
				t.Errorf("%s: residual %g", k.name, r)
			}
		}
	}
}

func TestNotFinite(t *testing.T) {
	m := fromFull(10, func(i, j int) (float64, bool) { return float64(i - 2*j + 1), i == j || i == 0 })
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		v := append([]float64(nil), m.vals...)
		v[3] = bad
		for _, k := range kinds {
			if err := New[float64](m.p, k.h).Factor(v); !errors.Is(err, ErrNotFinite) {
				t.Errorf("%s: %v", k.name, err)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	p := Dense(0, 0)
	for _, k := range kinds {
		s := New[float64](p, k.h)
		if err := s.Factor(nil); err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
		s.Solve(nil)
	}
}

// pivoting has a matrix of one pattern for each offset of its pivots from the diagonal: 0, 1 and 7.
func pivoting(n int) (p *Pattern, with func(big int) matrix[float64]) {
	a := fromFull(n, func(i, j int) (float64, bool) {
		return 1, i == j || i == (j+1)%n || i == (j+7)%n
	})
	return a.p, func(big int) matrix[float64] {
		v := make([]float64, len(a.vals))
		for j := range n {
			for e := a.p.ColPtr[j]; e < a.p.ColPtr[j+1]; e++ {
				v[e] = 1e-9 * (1 + math.Sin(float64(3*e)))
				if int(a.p.RowIdx[e]) == (j+big)%n {
					v[e] = 3
				}
			}
		}
		return matrix[float64]{a.p, v}
	}
}

// Matrices whose pivots change back and forth are factorised without making anything anew.
func TestPivotsComeBack(t *testing.T) {
	const n = 20
	p, with := pivoting(n)
	list := []matrix[float64]{with(0), with(1), with(7)}
	b, x := make([]float64, n), make([]float64, n)
	for i := range b {
		b[i] = float64(i + 1)
	}
	for _, kind := range []Kind{ProgramLU, FrontalLU} {
		s := New[float64](p, Hints{Kind: kind})
		round := func(check bool) {
			for _, m := range list {
				if err := s.Factor(m.vals); err != nil {
					t.Fatal(err)
				}
				copy(x, b)
				s.Solve(x)
				if check {
					if r := m.residual(x, b); !(r < 1e-14) {
						t.Errorf("%v: residual %g", kind, r)
					}
				}
			}
		}
		round(true)
		round(true)
		if a := testing.AllocsPerRun(10, func() { round(false) }); a != 0 {
			t.Errorf("%v: %v allocations", kind, a)
		}
		if s.Stats().Pivoted < 20 {
			t.Errorf("%v: pivoted %d times", kind, s.Stats().Pivoted)
		}
	}
}

// The pivots of one matrix are useless for the next: refactorisation must notice.
func TestRepivot(t *testing.T) {
	n := 20
	p, with := pivoting(n)
	s := New[float64](p, Hints{Kind: SparseLU})
	for round, big := range []int{0, 1, 7, 0, 0} {
		m := with(big)
		if err := s.Factor(m.vals); err != nil {
			t.Fatal(err)
		}
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i + 1)
		}
		b := append([]float64(nil), x...)
		s.Solve(x)
		if r := m.residual(x, b); !(r < 1e-14) {
			t.Errorf("round %d: residual %g", round, r)
		}
	}
	if st := s.Stats(); st.Pivoted != 4 || st.Reused != 1 {
		t.Errorf("pivoted %d times, reused %d times; want 4 and 1", st.Pivoted, st.Reused)
	}
}

// laplacian is the 5-point matrix on a k by k grid, plus shift on the diagonal.
func laplacian(k int, shift float64) matrix[float64] {
	n := k * k
	p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	var v []float64
	add := func(i int, x float64) { p.RowIdx = append(p.RowIdx, int32(i)); v = append(v, x) }
	for j := range n {
		r, c := j/k, j%k
		if r > 0 {
			add(j-k, -1)
		}
		if c > 0 {
			add(j-1, -1)
		}
		add(j, 4+shift)
		if c < k-1 {
			add(j+1, -1)
		}
		if r < k-1 {
			add(j+k, -1)
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	return matrix[float64]{p, v}
}

// ladder is the matrix of an RC ladder in mixed form: potentials (rows with the
// shift) and currents (algebraic rows without a diagonal entry).
func ladder(n int, shift float64) matrix[float64] {
	// Unknown 2k: potential of node k, unknown 2k+1: current from node k to k+1.
	size := 2 * n
	p := &Pattern{Rows: size, Cols: size, ColPtr: make([]int32, size+1)}
	var v []float64
	add := func(i int, x float64) {
		if i >= 0 && i < size {
			p.RowIdx = append(p.RowIdx, int32(i))
			v = append(v, x)
		}
	}
	for k := range n {
		// Row 2k: shift*v_k + i_k - i_{k-1} = 0. Row 2k+1: v_k - v_{k+1} - r_k i_k = 0.
		add(2*k-1, -1)
		add(2*k, shift)
		add(2*k+1, 1)
		p.ColPtr[2*k+1] = int32(len(p.RowIdx))
		add(2*k, 1)
		add(2*k+1, -1-0.001*float64(k%7))
		add(2*k+2, -1)
		p.ColPtr[2*k+2] = int32(len(p.RowIdx))
	}
	return matrix[float64]{p, v}
}

// star is an arrow matrix whose hub is the first unknown: eliminated first it
// would fill everything.
func star(n int) matrix[float64] {
	p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	var v []float64
	add := func(i int, x float64) { p.RowIdx = append(p.RowIdx, int32(i)); v = append(v, x) }
	for j := range n {
		if j == 0 {
			for i := range n {
				add(i, 1)
			}
		} else {
			add(0, 1)
			add(j, 2+float64(n))
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	return matrix[float64]{p, v}
}

// Fill on standard families stays where a good ordering keeps it.
func TestFill(t *testing.T) {
	for _, c := range []struct {
		name  string
		m     matrix[float64]
		limit float64 // entries of L and U per unknown
	}{
		{"ladder", ladder(5000, 0.5), 5},
		{"star", star(5000), 4},
		// Minimum degree on a k by k grid gives about 31/4 n log2(k) entries for L and U
		// at most (George's nested dissection bound); 40 per unknown for k = 100.
		{"grid", laplacian(100, 0), 45},
	} {
		s := New[float64](c.m.p, Hints{Kind: SparseLU})
		if err := s.Factor(c.m.vals); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		st := s.Stats()
		if !st.Sparse {
			t.Errorf("%s: dense", c.name)
		}
		n := c.m.p.Cols
		if f := float64(st.NNZ) / float64(n); f > c.limit {
			t.Errorf("%s: %.1f entries per unknown", c.name, f)
		}
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Sin(float64(i))
		}
		b := append([]float64(nil), x...)
		s.Solve(x)
		if r := c.m.residual(x, b); !(r < 1e-13) {
			t.Errorf("%s: residual %g", c.name, r)
		}
	}
}

// A chain of blocks coupled one way factorises block by block without fill.
func TestBlockTriangular(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	k, size := 30, 5
	n := k * size
	perm, perm2 := rng.Perm(n), rng.Perm(n)
	m := fromFull(n, func(i, j int) (float64, bool) {
		a, b := perm[i]/size, perm2[j]/size
		on := a == b || a < b && rng.IntN(8) == 0
		return rng.NormFloat64(), on
	})
	s := New[float64](m.p, Hints{Kind: SparseLU})
	if err := s.Factor(m.vals); err != nil {
		t.Fatal(err)
	}
	st := s.Stats()
	if st.Blocks != k || st.NNZ != m.p.NNZ() {
		t.Errorf("%d blocks, %d entries; want %d and %d", st.Blocks, st.NNZ, k, m.p.NNZ())
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	b := append([]float64(nil), x...)
	s.Solve(x)
	if r := m.residual(x, b); !(r < 1e-10) {
		t.Errorf("residual %g", r)
	}
}

func TestShifted(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 100 {
		n := 1 + rng.IntN(12)
		j := fromFull(n, func(i, j int) (float64, bool) { return rng.NormFloat64(), rng.IntN(2) == 0 })
		mass := make([]float64, n)
		for i := range mass {
			mass[i] = float64(rng.IntN(2))
		}
		if trial%3 == 0 {
			mass = nil
		}
		if trial%5 == 0 {
			j = fromFull(n, func(i, j int) (float64, bool) { return rng.NormFloat64(), true })
		}
		a, b := complex(rng.Float64(), rng.Float64()), complex(rng.Float64(), -rng.Float64())
		w := NewShifted[complex128](j.p, mass)
		w.Set(1, 1, j.vals)
		w.Set(a, b, j.vals)
		full := make([]complex128, n*n)
		for c := range n {
			for e := j.p.ColPtr[c]; e < j.p.ColPtr[c+1]; e++ {
				full[int(j.p.RowIdx[e])*n+c] += b * complex(j.vals[e], 0)
			}
			if mass == nil {
				full[c*n+c] += a
			} else {
				full[c*n+c] += a * complex(mass[c], 0)
			}
		}
		for c := range n {
			last := int32(-1)
			for e := w.Pattern.ColPtr[c]; e < w.Pattern.ColPtr[c+1]; e++ {
				i := w.Pattern.RowIdx[e]
				if i <= last {
					t.Fatal("rows out of order")
				}
				last = i
				full[int(i)*n+c] -= w.Vals[e]
			}
		}
		for _, v := range full {
			if magnitude(v) > 1e-15 {
				t.Fatalf("trial %d: off by %g", trial, v)
			}
		}
	}
}

func TestLeastSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for trial := range 200 {
		m, n := 1+rng.IntN(8), 1+rng.IntN(8)
		r := 1 + rng.IntN(min(m, n))
		u, v := make([]float64, m*r), make([]float64, r*n)
		for i := range u {
			u[i] = rng.NormFloat64()
		}
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		p := Dense(m, n)
		vals := make([]float64, m*n)
		for j := range n {
			for i := range m {
				for k := range r {
					vals[j*m+i] += u[i*r+k] * v[k*n+j]
				}
			}
		}
		q := NewLeastSquares(m, n)
		if got := q.Factor(p, vals, 0); got != r {
			t.Fatalf("trial %d: rank %d, want %d", trial, got, r)
		}
		b := make([]float64, m)
		for i := range b {
			b[i] = rng.NormFloat64()
		}
		x := make([]float64, n)
		q.Solve(b, x)
		// Normal equations: A^T (b - A x) = 0. Minimum norm: x in the row space, so x
		// minus its projection onto the rows of v vanishes; checked by solving
		// again for b = A x, which must return x itself.
		ax := make([]float64, m)
		for j := range n {
			for i := range m {
				ax[i] += vals[j*m+i] * x[j]
			}
		}
		for j := range n {
			s := 0.0
			for i := range m {
				s += vals[j*m+i] * (b[i] - ax[i])
			}
			if math.Abs(s) > 1e-10 {
				t.Fatalf("trial %d: gradient %g", trial, s)
			}
		}
		// x = A^T y must be solvable: x orthogonal to the kernel. Least squares of
		// A^T against x leaves no residual.
		at := make([]float64, m*n)
		for j := range n {
			for i := range m {
				at[i*n+j] = vals[j*m+i]
			}
		}
		qt := NewLeastSquares(n, m)
		qt.Factor(Dense(n, m), at, 0)
		y := make([]float64, m)
		qt.Solve(x, y)
		for j := range n {
			s := x[j]
			for i := range m {
				s -= vals[j*m+i] * y[i]
			}
			if math.Abs(s) > 1e-8*(1+norm2(x)) {
				t.Fatalf("trial %d: not of minimum norm, %g", trial, s)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	for _, k := range kinds {
		for _, m := range []matrix[float64]{laplacian(7, 1), ladder(30, 2)} {
			s := New[float64](m.p, k.h)
			b := make([]float64, m.p.Cols)
			b[0] = 1
			if a := testing.AllocsPerRun(20, func() {
				if err := s.Factor(m.vals); err != nil {
					t.Fatal(err)
				}
				s.Solve(b)
			}); a != 0 {
				t.Errorf("%s: %v allocations", k.name, a)
			}
		}
	}
}

// Work and memory on the ladder grow in proportion, for the band and for the fronts.
func TestLadderLinear(t *testing.T) {
	count := func(n int) [3]float64 {
		p := ladder(n, 0.5).p
		f := newFronts(p, analyse(p).blocks)
		_, lo, up := band(p)
		return [3]float64{float64(n * (lo + up + 1)), float64(f.entries()), f.products}
	}
	a, b := count(5000), count(10000)
	for i := range a {
		// Twice, but for the ends of the chain.
		if b[i] > 2.01*a[i] {
			t.Errorf("%g for 10000 unknowns, %g for 20000", a[i], b[i])
		}
	}
}

func benchFactor(b *testing.B, m matrix[float64], h Hints) {
	s := New[float64](m.p, h)
	for b.Loop() {
		if err := s.Factor(m.vals); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDense8(b *testing.B)  { benchDense(b, 8) }
func BenchmarkDense16(b *testing.B) { benchDense(b, 16) }
func BenchmarkDense50(b *testing.B) { benchDense(b, 50) }
func benchDense(b *testing.B, n int) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := fromFull(n, func(i, j int) (float64, bool) { return rng.NormFloat64(), true })
	benchFactor(b, m, Hints{Kind: DenseLU})
}
func BenchmarkGrid100(b *testing.B)      { benchFactor(b, laplacian(100, 0), Hints{}) }
func BenchmarkLadder2000(b *testing.B)   { benchFactor(b, ladder(1000, 0.5), Hints{}) }
func BenchmarkLadder100000(b *testing.B) { benchFactor(b, ladder(50000, 0.5), Hints{}) }
func BenchmarkGrid100New(b *testing.B) {
	m := laplacian(100, 0)
	for b.Loop() {
		s := New[float64](m.p, Hints{})
		if err := s.Factor(m.vals); err != nil {
			b.Fatal(err)
		}
	}
}
func BenchmarkLadder100000New(b *testing.B) {
	m := ladder(50000, 0.5)
	for b.Loop() {
		s := New[float64](m.p, Hints{})
		if err := s.Factor(m.vals); err != nil {
			b.Fatal(err)
		}
	}
}

// Every name of a way to solve makes a solver of that kind; auto chooses by itself.
func TestWays(t *testing.T) {
	p := Dense(20, 20)
	vals := make([]float64, 400)
	for i := range vals {
		vals[i] = 1 / float64(2+i%21)
	}
	for _, name := range Ways() {
		h, ok := Way(name)
		s := New[float64](p, h)
		b := make([]float64, 20)
		for i := range 20 {
			for j := range 20 {
				b[i] += vals[j*20+i]
			}
		}
		if err := s.Factor(vals); !ok || err != nil {
			t.Fatal(name, err)
		}
		s.Solve(b)
		for _, x := range b { // the solution is all ones; the condition is below 1e3, the iterations end at 1e-10
			if !(math.Abs(x-1) < 1e-6) {
				t.Errorf("%s: %v", name, b)
				break
			}
		}
		if kind := s.Stats().Kind; h.Kind != Auto && kind != h.Kind {
			t.Errorf("%s: %v", name, kind)
		}
	}
	if _, ok := Way("quick"); ok {
		t.Error("there is a way called quick")
	}
}

// sized is an engine of which the size alone matters.
type sized int

func (sized) factor([]float64) verdict { return sound }
func (sized) solve([]float64)          {}
func (n sized) entries() int           { return int(n) }
func (sized) allow(float64)            {}

// Of engines for pivots that come back as many are kept as their sizes allow, those used last.
func TestKeptEngines(t *testing.T) {
	for _, c := range []struct{ size, kept int }{{10, mostKept}, {mostKeptEntries / 4, 4}, {10 * mostKeptEntries, 2}} {
		made := 0
		s := &static[float64]{an: &analysis{}, made: func(*Pattern, blocks) engine[float64] { made++; return sized(c.size) }}
		for i := range 12 {
			s.engine([]int32{int32(i)})
		}
		if len(s.kept) != c.kept {
			t.Errorf("size %d: %d kept, want %d", c.size, len(s.kept), c.kept)
		}
		for i := range c.kept {
			s.engine([]int32{int32(11 - i)})
		}
		if made != 12 {
			t.Errorf("size %d: %d made", c.size, made)
		}
		if s.engine([]int32{0}); made != 13 {
			t.Errorf("size %d: the first is still there", c.size)
		}
	}
}
