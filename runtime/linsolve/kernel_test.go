package linsolve

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"
)

// The files *_complex.go are those named *_real.go with other names.
func TestComplexFiles(t *testing.T) {
	if out, err := exec.Command("go", "run", "gen.go", "-check").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// plain runs f with the kernels in Go.
func plain(f func()) {
	was := vectors
	vectors = false
	defer func() { vectors = was }()
	f()
}

// The vector kernels agree with those in Go to the rounding of a few products.
func TestKernels(t *testing.T) {
	if !vectors {
		t.Skip("no vector kernels here")
	}
	testKernels(t, panelReal, gemvReal, axpyReal)
	testKernels(t, panelComplex, gemvComplex, axpyComplex)
	rng := rand.New(rand.NewPCG(1, 2))
	a, big, want := make([]float64, 8*5), make([]float64, 8), make([]float64, 8)
	for i := range a {
		a[i] = rng.NormFloat64()
	}
	if !rowMax(a, big, 8, 8, 5) {
		t.Error("finite entries called infinite")
	}
	plain(func() { rowMax(a, want, 8, 8, 5) })
	for i := range want {
		if big[i] != want[i] {
			t.Errorf("row %d: %g, want %g", i, big[i], want[i])
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for at := range a {
			was := a[at]
			a[at] = bad
			if rowMax(a, big, 8, 8, 5) {
				t.Errorf("%g at %d not found", bad, at)
			}
			a[at] = was
		}
	}
}

func testKernels[T Scalar](t *testing.T, panels func(c, l []T, ldc, ldl, rows, cols int), gemv func(c, l []T, ldl, rows int, u *[panel]T), axpy func(c, l []T, rows int, u T)) {
	rng := rand.New(rand.NewPCG(3, 4))
	fill := func(n int) []T {
		v := make([]T, n)
		for i := range v {
			v[i] = random[T](rng)
		}
		return v
	}
	same := func(what string, a, b []T) {
		t.Helper()
		for i := range a {
			// Sums of at most 5 products of numbers of size up to 100, after four steps
			// of a recurrence.
			if !(magnitude(a[i]-b[i]) < 1e-11) {
				t.Errorf("%s: entry %d: %v, in Go %v", what, i, a[i], b[i])
			}
		}
	}
	for rows := 0; rows <= 24; rows += 4 {
		for cols := range 6 {
			ldc, ldl := rows+8, rows+12
			c, l := fill(ldc*(cols+1)), fill(4*ldl)
			d := append([]T(nil), c...)
			panels(c, l, ldc, ldl, rows, cols)
			plain(func() { panels(d, l, ldc, ldl, rows, cols) })
			same("panel", c, d)
		}
		c, l, u := fill(rows+4), fill(4*rows+4), (*[panel]T)(fill(panel))
		d := append([]T(nil), c...)
		gemv(c, l, rows, rows, u)
		plain(func() { gemv(d, l, rows, rows, u) })
		same("gemv", c, d)
		axpy(c, l, rows, u[0])
		plain(func() { axpy(d, l, rows, u[0]) })
		same("axpy", c, d)
	}
}

// The whole suite of random systems with the kernels in Go.
func TestRandomPlain(t *testing.T) {
	plain(func() {
		testRandom[float64](t, 40)
		testRandom[complex128](t, 40)
	})
}
