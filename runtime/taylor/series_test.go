package taylor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Sums by several accumulators have the terms that their definition has.
func TestConvolutions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const m = 40
	a, b, c := make([]float64, m), make([]float64, m), make([]float64, m)
	for i := range a {
		a[i], b[i], c[i] = rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
	}
	for n := range m {
		prod, square, weight, size := 0.0, 0.0, 0.0, 0.0
		for j := range n + 1 {
			prod += a[j] * b[n-j]
			square += a[j] * a[n-j]
			weight += float64(j) * a[j] * b[n-j]
			size += float64(j+1) * (math.Abs(a[j]*b[n-j]) + math.Abs(a[j]*a[n-j]))
		}
		// Forty terms in another order: forty roundings of the sum of the sizes at most.
		for k, d := range []float64{Mul(a, b, n) - prod, Square(a, n) - square, weighted(a, b, n) - weight} {
			if math.Abs(d) > m*0x1p-53*size {
				t.Errorf("n = %d, sum %d is off by %g", n, k, d)
			}
		}
		if x, y := Mul2(a, b, c, n); x != Mul(a, c, n) || y != Mul(b, c, n) {
			t.Errorf("n = %d: Mul2 differs from Mul", n)
		}
		if Squares(a, b, n) != Square(a, n)+Square(b, n) {
			t.Errorf("n = %d: Squares differs from Square", n)
		}
	}
}

// A tape of numbers alone, of the time, and of order 0.
func TestTape(t *testing.T) {
	tp := NewTape(3)
	tp.Derivative(0, tp.Apply(OpMul, tp.Param(0), tp.Apply(OpAdd, tp.Param(1), tp.Const(1))))
	tp.Derivative(1, tp.Time())
	jet := tp.Jet()
	u, p := []float64{1, 2, 3}, []float64{2, 4}
	c := make([]float64, 12)
	jet(5, u, p, 3, c)
	want := []float64{1, 10, 0, 0, 2, 5, 0.5, 0, 3, 0, 0, 0}
	for i, v := range want {
		if c[i] != v {
			t.Fatalf("%v, want %v", c, want)
		}
	}
	jet(5, u, p, 0, c)
	if c[0] != 1 || c[1] != 2 || c[2] != 3 {
		t.Errorf("%v", c[:3])
	}
	if n := testing.AllocsPerRun(10, func() { jet(5, u, p, 3, c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
