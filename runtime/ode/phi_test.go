package ode

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigPhi is phi_k of c*a by the plain series in 400 bits, enough for the cancellation of
// norms up to 100.
func bigPhi(n, k int, a []float64, c float64) []float64 {
	const prec = 400
	num := func(x float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(x) }
	z := make([]*big.Float, n*n)
	for i, v := range a {
		z[i] = new(big.Float).Mul(num(v), num(c))
	}
	term, sum := make([]*big.Float, n*n), make([]*big.Float, n*n)
	inv := num(1)
	for j := 2; j <= k; j++ {
		inv.Quo(inv, num(float64(j)))
	}
	for i := range term {
		term[i] = num(0)
		if i%(n+1) == 0 {
			term[i] = new(big.Float).Set(inv)
		}
		sum[i] = new(big.Float).Set(term[i])
	}
	for j := 1; j < 500; j++ {
		next := make([]*big.Float, n*n)
		for r := range n {
			for s := range n {
				v := num(0)
				for q := range n {
					v.Add(v, new(big.Float).Mul(term[r*n+q], z[q*n+s]))
				}
				next[r*n+s] = v.Quo(v, num(float64(j+k)))
			}
		}
		term = next
		for i := range sum {
			sum[i].Add(sum[i], term[i])
		}
	}
	out := make([]float64, n*n)
	for i, v := range sum {
		out[i], _ = v.Float64()
	}
	return out
}

// Against the series in 400 bits: small, large, stiff, oscillating and nilpotent matrices.
func TestPhi(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]float64, 16)
	for i := range random {
		random[i] = r.NormFloat64()
	}
	laplace := []float64{-2, 1, 0, 0, 1, -2, 1, 0, 0, 1, -2, 1, 0, 0, 1, -2}
	turn := []float64{0, 3, 0, 0, -3, 0, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0}
	nilpotent := []float64{0, 1, 2, 3, 0, 0, 4, 5, 0, 0, 0, 6, 0, 0, 0, 0}
	f := newPhi(4, 4)
	for _, c := range []struct {
		name string
		a    []float64
		c    float64
	}{
		{"random small", random, 1e-3}, {"random", random, 1}, {"random large", random, 8}, {"zero", laplace, 0},
		{"laplace", laplace, 1}, {"stiff", laplace, 25}, {"turn", turn, 10}, {"nilpotent", nilpotent, 1},
	} {
		if !f.compute(4, c.a, c.c) {
			t.Fatal(c.name)
		}
		for k := range 5 {
			want := bigPhi(4, k, c.a, c.c)
			size, worst := 0.0, 0.0
			for i, w := range want {
				size, worst = max(size, math.Abs(w)), max(worst, math.Abs(f.phi[k][i]-w))
			}
			// Each of the s doublings magnifies the rounding of the one before by 2 to 4 at most, norms
			// here are below 100, so s <= 7; non-normal matrices lose more for large k.
			if worst > 200*eps*size {
				t.Errorf("%s: phi_%d is off by %.3g of %.3g", c.name, k, worst, size)
			}
		}
	}
	if f.compute(4, []float64{0, 0, 0, 0, 0, math.NaN(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1) {
		t.Error("a matrix with NaN passes")
	}
}
