package linsolve

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestBandReal(t *testing.T)    { testBand[float64](t) }
func TestBandComplex(t *testing.T) { testBand[complex128](t) }

// testBand solves with bands of all widths and orders: with heavy diagonals, for which
// the pivots are these, with rows of very different scale, in a hidden order, and with
// weak diagonals, for which pivots are chosen.
func testBand[T Scalar](t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 7))
	for trial := range 1200 {
		lo, up := rng.IntN(9), rng.IntN(9)
		n := 1 + rng.IntN(70)
		weak := rng.IntN(3) == 0
		scaled := rng.IntN(2) == 0
		at := rng.Perm(n)
		if rng.IntN(2) == 0 {
			for i := range at {
				at[i] = i
			}
		}
		row := make([]float64, n)
		for i := range row {
			row[i] = 1
			if scaled {
				row[i] = math.Pow(10, 12*rng.Float64()-6)
			}
		}
		m := fromFull(n, func(i, j int) (T, bool) {
			d := at[i] - at[j]
			v := random[T](rng)
			if d == 0 && !weak {
				v = fromReal[T](float64(3*(lo+up+1))) + v
			}
			if d == 0 && weak && rng.IntN(2) == 0 {
				v = fromReal[T](0)
			}
			return v * fromReal[T](row[i]), d <= lo && -d <= up && (d == 0 || rng.IntN(8) > 0)
		})
		name := fmt.Sprintf("seed %d trial %d n %d lo %d up %d weak %v scaled %v", seed, trial, n, lo, up, weak, scaled)
		s := New[T](m.p, Hints{Kind: BandLU})
		if err := s.Factor(m.vals); err != nil {
			// Weak diagonals and holes may make it singular; so says another kind then, or
			// its pivots fall to rounding level.
			d, s := New[T](m.p, Hints{Kind: DenseLU}), New[T](m.p, Hints{Kind: SparseLU})
			if weak && (d.Factor(m.vals) != nil || s.Factor(m.vals) != nil) {
				continue
			}
			t.Fatalf("%s: %v", name, err)
		}
		if !weak && s.Stats().Pivoted > 0 {
			t.Errorf("%s: pivots chosen", name)
		}
		b := make([]T, n)
		for i := range b {
			b[i] = random[T](rng) * fromReal[T](row[i])
		}
		for range 2 {
			x := append([]T(nil), b...)
			s.Solve(x)
			// As in testRandom.
			if r := m.residual(x, b); !(r < 1e-11) {
				t.Fatalf("%s: residual %g", name, r)
			}
		}
	}
}

// What ends a banded factorisation: dependence, also far inside and in a hidden order.
func TestBandSingular(t *testing.T) {
	for _, m := range []int{1, 2, 3, 4, 6} {
		for _, n := range []int{1, 2, 5, 40} {
			for _, col := range []int{0, n / 2, n - 1} {
				a := fromFull(n, func(i, j int) (float64, bool) {
					d := i - j
					v := math.Sin(float64(3*i + 5*j))
					if d == 0 {
						v = 10
					}
					if j == col {
						v = 0
					}
					return v, d <= m && -d <= m
				})
				err := New[float64](a.p, Hints{Kind: BandLU}).Factor(a.vals)
				var se *SingularError
				if !errors.As(err, &se) || se.Col != col {
					t.Errorf("m %d n %d column %d: %v", m, n, col, err)
				}
			}
		}
	}
}

// A narrow band is found whatever the order.
func TestCuthillMcKee(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{2, 10, 300} {
		at := rng.Perm(n)
		m := fromFull(n, func(i, j int) (float64, bool) {
			d := at[i] - at[j]
			return 1, d*d <= 4
		})
		perm, lo, up := band(m.p)
		// A graph in which each node has its two neighbours on either side as neighbours has
		// levels of two nodes from its end.
		if l, u := bandwidth(m.p, perm); l != lo || u != up || max(l, u) > 3 {
			t.Errorf("n %d: %d below, %d above", n, l, u)
		}
	}
}
