package ode

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The passes by vectors give what those in plain Go give, but for the rounding of
// products, for every length.
func TestVectorPasses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		return v
	}
	near := func(what string, n int, got, want []float64) {
		t.Helper()
		for i := range want {
			// A sum of at most eight products of numbers below about four.
			if !(math.Abs(got[i]-want[i]) <= 1e-14*(16+math.Abs(want[i]))) {
				t.Fatalf("%s, %d entries: entry %d is %g, want %g", what, n, i, got[i], want[i])
			}
		}
	}
	for n := 1; n <= 70; n++ {
		for m := 1; m <= 7; m++ {
			z, e, c := random(n*m), random(n), random(m)
			want, got := make([]float64, n), make([]float64, n)
			combineGo(want, z, n, c, e, 0.7)
			combine(got, z, n, c, e, 0.7)
			near("combine", n, got, want)
			combine(z[:n], z, n, c, e, 0.7) // in place
			near("combine in place", n, z[:n], want)
		}
		u, abs, w, d := random(n), random(n), random(n), random(n)
		for i := range abs {
			abs[i] = 1 + math.Abs(abs[i])
		}
		want, got := make([]float64, n), make([]float64, n)
		weightsGo(want, u, abs, 0.3)
		weights(got, u, abs, 0.3)
		near("weights", n, got, want)
		y := append([]float64(nil), u...)
		s1, b1 := correctGo(u, d, w)
		s2, b2 := correct(y, d, w)
		near("correct", n, y, u)
		if math.Abs(s1-s2) > 1e-13*s1 || b1 != 0 || b2 != 0 {
			t.Fatalf("correct, %d entries: sums %g, %g and %g, %g", n, s1, s2, b1, b2)
		}
		d[n-1] = math.Inf(1)
		if _, bad := correct(y, d, w); bad == 0 {
			t.Fatalf("correct, %d entries: an infinite entry goes unnoticed", n)
		}
	}
}
