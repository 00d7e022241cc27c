package linsolve

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The conformance suite: what every kind of factorisation promises, for real and complex
// matrices. Its parts are testRandom and TestSingular (linsolve_test.go) and the tests
// here; all run over kinds.

// bigNumber is a complex number of 300 bits.
type bigNumber struct{ re, im *big.Float }

func bigOf[T Scalar](x T) bigNumber {
	f := func(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }
	switch v := any(x).(type) {
	case float64:
		return bigNumber{f(v), f(0)}
	case complex128:
		return bigNumber{f(real(v)), f(imag(v))}
	}
	panic("not a Scalar")
}

func op(do func(z, x, y *big.Float) *big.Float, x, y *big.Float) *big.Float {
	return do(new(big.Float).SetPrec(300), x, y)
}

func (a bigNumber) sub(b bigNumber) bigNumber {
	return bigNumber{op((*big.Float).Sub, a.re, b.re), op((*big.Float).Sub, a.im, b.im)}
}

func (a bigNumber) mul(b bigNumber) bigNumber {
	mul := func(x, y *big.Float) *big.Float { return op((*big.Float).Mul, x, y) }
	return bigNumber{op((*big.Float).Sub, mul(a.re, b.re), mul(a.im, b.im)), op((*big.Float).Add, mul(a.re, b.im), mul(a.im, b.re))}
}

func (a bigNumber) norm() *big.Float {
	return op((*big.Float).Add, op((*big.Float).Mul, a.re, a.re), op((*big.Float).Mul, a.im, a.im))
}

func (a bigNumber) div(b bigNumber) bigNumber {
	z := a.mul(bigNumber{b.re, new(big.Float).SetPrec(300).Neg(b.im)})
	n := b.norm()
	return bigNumber{op((*big.Float).Quo, z.re, n), op((*big.Float).Quo, z.im, n)}
}

func (a bigNumber) abs() float64 {
	v, _ := new(big.Float).SetPrec(300).Sqrt(a.norm()).Float64()
	return v
}

// solveBig solves for several right-hand sides by Gaussian elimination with partial
// pivoting in 300 bits; it returns nil for an exactly singular matrix.
func solveBig[T Scalar](m matrix[T], rhs [][]T) [][]bigNumber {
	n := m.p.Cols
	a := make([][]bigNumber, n)
	for i := range a {
		a[i] = make([]bigNumber, n+len(rhs))
		for j := range a[i] {
			a[i][j] = bigOf(0.0)
		}
		for c, b := range rhs {
			a[i][n+c] = bigOf(b[i])
		}
	}
	for j := range n {
		for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
			a[m.p.RowIdx[e]][j] = bigOf(m.vals[e])
		}
	}
	for k := range n {
		p := k
		for i := k; i < n; i++ {
			if a[i][k].norm().Cmp(a[p][k].norm()) > 0 {
				p = i
			}
		}
		if a[p][k].norm().Sign() == 0 {
			return nil
		}
		a[k], a[p] = a[p], a[k]
		for i := range n {
			if i == k || a[i][k].norm().Sign() == 0 {
				continue
			}
			l := a[i][k].div(a[k][k])
			for j := k; j < len(a[i]); j++ {
				a[i][j] = a[i][j].sub(l.mul(a[k][j]))
			}
		}
	}
	x := make([][]bigNumber, len(rhs))
	for c := range rhs {
		x[c] = make([]bigNumber, n)
		for k := range n {
			x[c][k] = a[k][n+c].div(a[k][k])
		}
	}
	return x
}

func TestForwardErrorReal(t *testing.T)    { testForwardError[float64](t) }
func TestForwardErrorComplex(t *testing.T) { testForwardError[complex128](t) }

// testForwardError compares solutions with those in 300 bits, for matrices of condition up
// to 1e12 whose rows and columns are scaled by up to 1e±60. All kinds are backward stable row
// by row: (A + E) x = b + f with |e_ij| <= c eps max_j |a_ij s_j| / s_j, where s_j scales the
// columns, so |x - x*| <= c eps |A^-1| (max-norm of the rows times the sum of |s_j x_j|, + |b|). c is n times
// the growth of entries, a few, that pivoting leaves.
func testForwardError[T Scalar](t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for trial := range 60 {
		n := 1 + rng.IntN(9)
		row := make([]float64, n)
		for i := range row {
			row[i] = math.Pow(10, 120*rng.Float64()-60)
			if trial%3 == 0 {
				row[i] = 1
			}
		}
		eps0 := math.Pow(10, -12*rng.Float64())
		perm := rng.Perm(n)
		m := fromFull(n, func(i, j int) (T, bool) {
			// Close to rank 1, or sparse.
			v := fromReal[T](1/float64(1+i+j)) + fromReal[T](eps0)*random[T](rng)
			on := trial%2 == 0 || rng.IntN(3) > 0 || perm[j] == i
			return v * fromReal[T](row[i]), on
		})
		b := make([]T, n)
		for i := range b {
			b[i] = random[T](rng) * fromReal[T](row[i])
		}
		rhs := [][]T{b}
		for i := range n {
			unit := make([]T, n)
			unit[i] = fromReal[T](1)
			rhs = append(rhs, unit)
		}
		exact := solveBig(m, rhs)
		big := make([]float64, n)
		for j := range n {
			for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
				i := m.p.RowIdx[e]
				big[i] = max(big[i], absolute(m.vals[e]))
			}
		}
		for _, k := range kinds {
			s := New[T](m.p, k.h)
			err := s.Factor(m.vals)
			if exact == nil {
				if err == nil {
					t.Errorf("trial %d %s: singular matrix factorised", trial, k.name)
				}
				continue
			}
			x := slices.Clone(b)
			sum := 0.0
			for _, v := range exact[0] {
				sum += v.abs()
			}
			bound := make([]float64, n)
			cond := 0.0
			for i := range n {
				for r := range n {
					inv := exact[1+r][i].abs()
					bound[i] += inv * (big[r]*sum + absolute(b[r]))
				}
				cond = max(cond, bound[i]/sum)
			}
			if err != nil {
				// Only a matrix that is singular to working precision.
				if cond < 1e13 {
					t.Errorf("trial %d %s: %v, condition %g", trial, k.name, err, cond)
				}
				continue
			}
			s.Solve(x)
			for i, v := range x {
				if d := bigOf(v).sub(exact[0][i]).abs(); !(d <= 50*float64(n)*eps*bound[i]) {
					t.Errorf("trial %d n %d %s: entry %d off by %g, bound %g", trial, n, k.name, i, d, 50*float64(n)*eps*bound[i])
				}
			}
		}
	}
}

// TestIntegerMatrices draws small matrices of small integers. Their determinants are integers
// below 10^9, so one that is not singular is far from it (Hadamard: condition below
// 10^9 or so), and must be solved; a singular one must be found out.
func TestIntegerMatrices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 7).Draw(t, "n")
		p := &Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
		var vals []float64
		for j := range n {
			for i := range n {
				// Absent, or a value, zero among them.
				if v := rapid.IntRange(-4, 5).Draw(t, "v"); v < 5 && (v != 3 || i == j) {
					p.RowIdx = append(p.RowIdx, int32(i))
					vals = append(vals, float64(v))
				}
			}
			p.ColPtr[j+1] = int32(len(p.RowIdx))
		}
		m := matrix[float64]{p, vals}
		b := make([]float64, n)
		for i := range b {
			b[i] = float64(rapid.IntRange(-9, 9).Draw(t, "b"))
		}
		exact := solveBig(m, [][]float64{b})
		// In 300 bits what is singular leaves a pivot of 1e-80 or so.
		singular := exact == nil && n > 0
		for _, v := range slices.Concat(exact...) {
			singular = singular || v.abs() > 1e60
		}
		z := complexOf(m)
		for e, v := range vals {
			z.vals[e] = complex(v, v) // (1+i) A
		}
		for _, k := range kinds {
			x := slices.Clone(b)
			s := New[float64](p, k.h)
			err := s.Factor(vals)
			cs := New[complex128](p, k.h)
			cerr := cs.Factor(z.vals)
			if singular {
				if !errors.Is(err, ErrSingular) || !errors.Is(cerr, ErrSingular) {
					t.Fatalf("%s: singular matrix: %v, %v", k.name, err, cerr)
				}
				continue
			}
			if err != nil || cerr != nil {
				t.Fatalf("%s: %v, %v", k.name, err, cerr)
			}
			cx := make([]complex128, n)
			for i, v := range b {
				cx[i] = complex(v, v)
			}
			s.Solve(x)
			cs.Solve(cx)
			for i := range x {
				want, _ := exact[0][i].re.Float64()
				// eps times the condition, 1e9 at worst, relative to the largest entry that x can
				// have; typical errors are 1e-14.
				if !(math.Abs(x[i]-want) <= 1e-7*(1+math.Abs(want))) || !(absolute(cx[i]-complex(want, 0)) <= 1e-7*(1+math.Abs(want))) {
					t.Fatalf("%s: x[%d] = %g and %g, want %g", k.name, i, x[i], cx[i], want)
				}
			}
		}
	})
}

// What cannot be represented is refused at every place, in both parts.
func TestNotFiniteAnywhere(t *testing.T) {
	for _, m := range []matrix[float64]{offsets(1, 0), offsets(3, -1, 0, 1), offsets(12, -2, -1, 0, 1), laplacian(5, 1), polluMatrix(), offsets(30, -7, -3, 0, 1, 6)} {
		z := complexOf(m)
		for _, k := range kinds {
			s, c := New[float64](m.p, k.h), New[complex128](m.p, k.h)
			for e := range m.vals {
				for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					was, zwas := m.vals[e], z.vals[e]
					m.vals[e] = bad
					if err := s.Factor(m.vals); !errors.Is(err, ErrNotFinite) {
						t.Errorf("n %d %s: %g at %d: %v", m.p.Cols, k.name, bad, e, err)
					}
					m.vals[e] = was
					for _, x := range []complex128{complex(bad, 1), complex(1, bad)} {
						z.vals[e] = x
						if err := c.Factor(z.vals); !errors.Is(err, ErrNotFinite) {
							t.Errorf("n %d %s: %g at %d: %v", m.p.Cols, k.name, x, e, err)
						}
					}
					z.vals[e] = zwas
				}
			}
			if err := s.Factor(m.vals); err != nil {
				t.Errorf("n %d %s: after NaN: %v", m.p.Cols, k.name, err)
			}
		}
	}
}

// A factorisation without a choice of pivots by value does not depend on what was
// factorised before, bit by bit.
func TestNoMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	for _, m := range []matrix[float64]{offsets(40, -2, -1, 0, 1), laplacian(6, 1), polluMatrix(), offsets(60, -9, -3, 0, 1, 8), bruss2d(5)} {
		b := make([]float64, m.p.Cols)
		for i := range b {
			b[i] = rng.NormFloat64()
		}
		for _, k := range kinds {
			solve := func(s Solver[float64]) []float64 {
				if err := s.Factor(m.vals); err != nil {
					t.Fatal(err)
				}
				x := slices.Clone(b)
				s.Solve(x)
				return x
			}
			fresh, used := New[float64](m.p, k.h), New[float64](m.p, k.h)
			want := solve(fresh)
			other := slices.Clone(m.vals)
			for range 3 {
				for e := range other {
					other[e] *= 1 + 0.3*rng.Float64()
				}
				if err := used.Factor(other); err != nil {
					t.Fatal(err)
				}
			}
			if used.Stats().Pivoted > 0 && used.Stats().Sparse {
				continue
			}
			if !slices.Equal(want, solve(used)) {
				t.Errorf("n %d %s: depends on earlier matrices", m.p.Cols, k.name)
			}
		}
	}
}

// Systems of 10^5 unknowns: a grid, an RC ladder, and a ladder in a hidden order.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("a second")
	}
	shuffle := func(m matrix[float64]) matrix[float64] {
		n := m.p.Cols
		at := rand.New(rand.NewPCG(11, 11)).Perm(n)
		from := make([]int, n)
		for i, k := range at {
			from[k] = i
		}
		return fromRows(n, func(j int, add func(i int, v float64)) {
			type entry struct {
				i int
				v float64
			}
			var col []entry
			c := from[j]
			for e := m.p.ColPtr[c]; e < m.p.ColPtr[c+1]; e++ {
				col = append(col, entry{at[m.p.RowIdx[e]], m.vals[e]})
			}
			slices.SortFunc(col, func(a, b entry) int { return a.i - b.i })
			for _, x := range col {
				add(x.i, x.v)
			}
		})
	}
	for _, c := range []struct {
		name string
		m    matrix[float64]
		kind Kind
	}{
		{"grid", laplacian(316, 0), FrontalLU},
		{"ladder", ladder(50000, 0.5), BandLU},
		{"hidden ladder", shuffle(ladder(50000, 0.5)), BandLU},
	} {
		s := New[float64](c.m.p, Hints{})
		if got := s.Stats().Kind; got != c.kind {
			t.Errorf("%s: %v, want %v", c.name, got, c.kind)
		}
		if err := s.Factor(c.m.vals); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		x := make([]float64, c.m.p.Cols)
		for i := range x {
			x[i] = math.Sin(float64(i))
		}
		b := slices.Clone(x)
		s.Solve(x)
		// As in TestFill.
		if r := c.m.residual(x, b); !(r < 1e-13) {
			t.Errorf("%s: residual %g", c.name, r)
		}
		if a := testing.AllocsPerRun(1, func() {
			if err := s.Factor(c.m.vals); err != nil {
				t.Fatal(err)
			}
			s.Solve(x)
		}); a != 0 {
			t.Errorf("%s: %v allocations", c.name, a)
		}
	}
}

// The kinds that New chooses for the patterns of known problems.
func TestChoice(t *testing.T) {
	for _, c := range []struct {
		name string
		p    *Pattern
		want Kind
	}{
		{"3 unknowns", Dense(3, 3), DenseLU},
		{"20 unknowns, full", Dense(20, 20), DenseLU},
		{"RC ladder", offsets(1000, -1, 0, 1).p, BandLU},
		{"RC ladder of 9", offsets(9, -1, 0, 1).p, BandLU},
		{"two bands of 12", offsets(12, -2, -1, 0, 1, 2).p, BandLU},
		{"four bands of 12", offsets(12, -4, -3, -2, -1, 0, 1, 2, 3, 4).p, DenseLU},
		{"1-D Brusselator", offsets(1000, -2, -1, 0, 1, 2).p, BandLU},
		{"POLLU", polluMatrix().p, ProgramLU},
		{"2-D Brusselator", bruss2d(32).p, FrontalLU},
	} {
		if got := New[float64](c.p, Hints{}).Stats().Kind; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		re, im := NewPair(c.p, Hints{})
		if re.Stats().Kind != c.want || im.Stats().Kind != c.want {
			t.Errorf("%s: kinds of a pair %s", c.name, fmt.Sprint(re.Stats().Kind, im.Stats().Kind))
		}
	}
}
