package ode

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The vectors of four and the loops in Go give the same bits, for every length up to several blocks, and
// write nothing beyond it.
func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	vec := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64() * math.Exp(3*r.NormFloat64())
		}
		return v
	}
	same := func(a, b float64) bool {
		return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
	}
	for n := 1; n <= 50; n++ {
		for _, m := range []int{0, 1, 2, 3, 4, 5, 8, 9, 14} {
			var k [][]float64
			a := vec(m)
			for range m {
				k = append(k, vec(n))
			}
			var row nystromRow
			row.add(a, k)
			x, v := vec(n), vec(n)
			for _, c := range []struct{ x, v []float64 }{{x, v}, {x, nil}, {nil, v}, {nil, nil}} {
				got, want := make([]float64, n+1), make([]float64, n)
				got[n] = 7
				row.sumMany(got[:n], c.x, c.v, 0.3, 1.7)
				row.sumGo(want, c.x, c.v, 0.3, 1.7)
				for i := range want {
					if !same(got[i], want[i]) {
						t.Fatalf("n = %d, m = %d: entry %d is %v, want %v", n, m, i, got[i], want[i])
					}
				}
				row.sum(got[:n], c.x, c.v, 0.3, 1.7)
				for i := range want {
					// In another order for few pairs: 16 roundings of terms up to some 1e6.
					if d := math.Abs(got[i] - want[i]); n > 3 && d != 0 || !(d < 1e-8) {
						t.Fatalf("n = %d, m = %d: entry %d is %v, want %v", n, m, i, got[i], want[i])
					}
				}
				if got[n] != 7 {
					t.Fatalf("n = %d, m = %d: an entry beyond the end is written", n, m)
				}
			}
		}
		abs := func(v []float64) []float64 {
			for i := range v {
				v[i] = math.Abs(v[i])
			}
			return v
		}
		v := [8][]float64{vec(n), vec(n), abs(vec(n)), abs(vec(n)), vec(n), vec(n), vec(n), vec(n)}
		check := func() {
			got := errorSquares(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], 1e-3)
			if want := errorSquaresGo(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], 1e-3); !same(got, want) {
				t.Errorf("n = %d: errors %v, want %v", n, got, want)
			}
		}
		check()
		for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
			for _, which := range []int{0, 5, 7} {
				old := v[which][n-1]
				v[which][n-1] = bad
				check()
				v[which][n-1] = old
			}
		}
	}
}
