package ode

import "testing"

// Both ways to make a stage agree to the last bit, at every length and offset, with the result in
// place of the oldest value too.
func TestStageTerms(t *testing.T) {
	vec := func(n int, seed float64) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = seed*float64(i*i%17) - 3.1/(1+float64(i))
		}
		return v
	}
	for n := range 41 {
		y1, y0, f := vec(n, 0.3), vec(n, 1.7), vec(n, -0.9)
		want := make([]float64, n)
		threeTermsGo(want, y1, y0, f, 1.9, 0.9, 1e-3)
		got := make([]float64, n+1)
		threeTerms(got[:n], y1, y0, f, 1.9, 0.9, 1e-3)
		threeTerms(y0, y1, y0, f, 1.9, 0.9, 1e-3)
		for i, w := range want {
			if got[i] != w || y0[i] != w {
				t.Fatalf("%d entries: entry %d is %v, in place %v, want %v", n, i, got[i], y0[i], w)
			}
		}
		five := [5]float64{0.4, 1.9, -0.9, 1e-3, -2e-3}
		u := vec(n, 0.8)
		copy(want, f)
		copy(got, f)
		fiveTermsGo(want, y1, u, y0, y1, &five)
		fiveTerms(got[:n], y1, u, y0, y1, &five)
		for i, w := range want {
			if got[i] != w {
				t.Fatalf("%d entries: entry %d of five terms is %v, want %v", n, i, got[i], w)
			}
		}
		if got[n] != 0 {
			t.Fatalf("%d entries: one more was written", n)
		}
	}
}

func BenchmarkThreeTerms(b *testing.B) {
	const n = 2048
	y, y1, f := make([]float64, n), make([]float64, n), make([]float64, n)
	b.Run("go", func(b *testing.B) {
		for range b.N {
			threeTermsGo(y, y1, y, f, 1.9, 0.9, 1e-3)
		}
	})
	b.Run("vectors", func(b *testing.B) {
		for range b.N {
			threeTerms(y, y1, y, f, 1.9, 0.9, 1e-3)
		}
	})
}
