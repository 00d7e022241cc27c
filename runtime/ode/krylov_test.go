package ode

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Products by Krylov spaces agree with dense phi functions to the tolerance: diffusion,
// convection, rotation, with scaled norms, several times, spaces that need substeps.
func TestKrylov(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name  string
		n     int
		scale float64
		a     func(i, j int) float64
	}{
		{"diffusion", 40, 1, func(i, j int) float64 { return []float64{-2, 1}[min(1, abs(i-j))] }},
		{"stiff diffusion", 80, 2000, func(i, j int) float64 { return []float64{-2, 1}[min(1, abs(i-j))] }},
		{"convection", 80, 100, func(i, j int) float64 { return []float64{1, -1, 0}[1+i-j] }},
		{"rotation", 60, 30, func(i, j int) float64 { return float64(j - i) }},
		{"one", 1, -3, func(i, j int) float64 { return 1 }},
	} {
		n := c.n
		a := make([]float64, n*n)
		for i := range n {
			for j := range n {
				if abs(i-j) <= 1 {
					a[i*n+j] = c.scale * c.a(i, j)
				}
			}
		}
		k := newKrylov(n, 4)
		k.apply = func(x, y []float64) {
			for i := range y {
				s := 0.0
				for j, v := range x {
					s += a[i*n+j] * v
				}
				y[i] = s
			}
		}
		for i := range n {
			k.inv[i] = math.Pow(10, 2*r.Float64()-1)
			k.scale[i] = 1 / k.inv[i]
		}
		b := make([][]float64, 5)
		for j := range b {
			b[j] = make([]float64, n)
			for i := range n {
				b[j][i] = r.NormFloat64()
			}
		}
		b[2] = nil
		taus := []float64{0.3, 0.5, 1}
		out := [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}
		f := newPhi(n, 4)
		want := make([][]float64, len(taus))
		for q, tau := range taus {
			f.compute(n, a, tau)
			want[q] = make([]float64, n)
			power := 1.0
			for j := range b {
				for i := range n {
					for l, v := range b[j] {
						want[q][i] += power * f.phi[j][i*n+l] * v
					}
				}
				power *= tau
			}
		}
		for _, tol := range []float64{1e-3, 1e-8, 1e-11} {
			k.products = 0
			if !k.run(b, taus, out, tol) {
				t.Fatalf("%s: no result at %g", c.name, tol)
			}
			for q, tau := range taus {
				sum := 0.0
				for i, w := range want[q] {
					d := (out[q][i] - w) * k.scale[i]
					sum += d * d
				}
				// The estimate is without the correction, which is why it is safe; rounding of
				// vectors of norm 100 after thirty doublings and more at 1e-11.
				if e := math.Sqrt(sum); !(e < 1.2*tol) {
					t.Errorf("%s: error %.3g at tau = %g, tolerance %g, %d products", c.name, e, tau, tol, k.products)
				}
			}
		}
	}
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}
