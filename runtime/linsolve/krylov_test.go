package linsolve

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestKrylovReal(t *testing.T)    { testKrylov[float64](t) }
func TestKrylovComplex(t *testing.T) { testKrylov[complex128](t) }

// testKrylov solves grid and random systems by both iterations with every
// preconditioner, and compares the residual with the tolerance.
func testKrylov[T Scalar](t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	up := func(m matrix[float64]) matrix[T] {
		v := make([]T, len(m.vals))
		for e, x := range m.vals {
			v[e] = fromReal[T](x) * (fromReal[T](1) + fromReal[T](0.1)*random[T](rng))
		}
		return matrix[T]{m.p, v}
	}
	cases := []struct {
		name string
		m    matrix[T]
	}{
		{"one", up(offsets(1, 0))},
		{"grid", up(laplacian(20, 1))},
		{"two species", up(bruss2d(8))},
		{"band", up(offsets(200, -3, -1, 0, 2))},
		{"no diagonal", func() matrix[T] { // rows turned round: the transversal finds it
			m := up(offsets(50, -1, 0, 1))
			n := m.p.Cols
			return fromFull(n, func(i, j int) (T, bool) {
				for e := m.p.ColPtr[j]; e < m.p.ColPtr[j+1]; e++ {
					if int(m.p.RowIdx[e]) == (i+7)%n {
						return m.vals[e], true
					}
				}
				return fromReal[T](0), false
			})
		}()},
	}
	for _, c := range cases {
		n := c.m.p.Cols
		w := make([]float64, n)
		for i := range w {
			w[i] = math.Pow(10, 4*rng.Float64())
		}
		b := make([]T, n)
		for i := range b {
			b[i] = random[T](rng) * fromReal[T](1/w[i])
		}
		for _, bi := range []bool{false, true} {
			for name, prec := range map[string]Preconditioner[T]{"ilu0": NewILU0[T](c.m.p), "jacobi": NewJacobi[T](c.m.p), "exact": exact[T]{New[T](c.m.p, Hints{})}} {
				if c.name == "no diagonal" && name == "jacobi" {
					continue
				}
				for _, weights := range [][]float64{nil, w} {
					k := NewKrylov(c.m.p, prec, KrylovOptions{BiCGStab: bi, MaxIter: 2000})
					k.Weigh(weights)
					if err := k.Factor(c.m.vals); err != nil {
						t.Fatal(err)
					}
					x := append([]T(nil), b...)
					err := k.SolveFrom(x, nil)
					// The residual, with the norm of the weights, by itself.
					r := make([]T, n)
					(&multiplier[T]{c.m.p, c.m.vals}).Apply(x, r)
					for i := range r {
						r[i] = b[i] - r[i]
					}
					weigh(r, weights)
					bw := append([]T(nil), b...)
					weigh(bw, weights)
					got := norm(r) / norm(bw)
					// The default tolerance 1e-10, plus the rounding of the residual itself.
					if err != nil || !(got <= 1.01e-10) {
						t.Errorf("%s %s bicgstab %v weights %v: residual %g after %d products (%v)", c.name, name, bi, weights != nil, got, k.Result().Iterations, err)
					}
					// With the exact inverse one product is enough; one more for rounding.
					if name == "exact" && k.Result().Iterations > 2 {
						t.Errorf("%s: %d products with the exact inverse", c.name, k.Result().Iterations)
					}
					if k.Stats().Iterations != k.Result().Iterations {
						t.Errorf("%s: products miscounted", c.name)
					}
					// The solution as a guess leaves nothing to do.
					y := append([]T(nil), b...)
					if err := k.SolveFrom(y, x); err != nil || k.Result().Iterations > 1 {
						t.Errorf("%s %s bicgstab %v: %d products from the solution (%v)", c.name, name, bi, k.Result().Iterations, err)
					}
				}
			}
		}
	}
}

// exact is a factorisation as a preconditioner.
type exact[T Scalar] struct{ Solver[T] }

func (e exact[T]) Setup(vals []T) error { return e.Factor(vals) }
func (e exact[T]) Apply(r []T)          { e.Solve(r) }

// ILU0 of a matrix whose elimination has no fill is its LU.
func TestILU0Exact(t *testing.T) {
	m := offsets(60, -1, 0, 1)
	f := NewILU0[float64](m.p)
	if err := f.Setup(m.vals); err != nil {
		t.Fatal(err)
	}
	b := make([]float64, 60)
	for i := range b {
		b[i] = math.Cos(float64(i))
	}
	x := append([]float64(nil), b...)
	f.Apply(x)
	// Tridiagonal and dominated by its diagonal: backward stable, a few eps.
	if r := m.residual(x, b); !(r < 1e-14) {
		t.Errorf("residual %g", r)
	}
}

// Products alone, a restart after few vectors, and what cannot be solved.
func TestMatrixFree(t *testing.T) {
	m := laplacian(10, 0.5)
	op := OperatorFunc[float64](func(x, y []float64) { (&multiplier[float64]{m.p, m.vals}).Apply(x, y) })
	b := make([]float64, 100)
	b[3] = 1
	k := NewMatrixFree(100, op, nil, KrylovOptions{Restart: 5, MaxIter: 1000, Tol: 1e-8})
	x := append([]float64(nil), b...)
	if err := k.SolveFrom(x, nil); err != nil {
		t.Error(err)
	}
	if r := m.residual(x, b); !(r < 1e-8) {
		t.Errorf("residual %g", r)
	}
	k = NewMatrixFree(100, op, nil, KrylovOptions{Restart: 5, MaxIter: 7, Tol: 1e-14})
	x = append([]float64(nil), b...)
	if err := k.SolveFrom(x, nil); !errors.Is(err, ErrNotConverged) || k.Result().Converged || k.Stats().Unconverged != 1 {
		t.Errorf("%v after 7 products", err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		x[0] = bad
		if err := k.SolveFrom(x, nil); !errors.Is(err, ErrNotConverged) {
			t.Errorf("right-hand side with %g: %v", bad, err)
		}
	}
	zero := NewMatrixFree(4, OperatorFunc[float64](func(x, y []float64) { clear(y) }), nil, KrylovOptions{})
	for _, bi := range []bool{false, true} {
		zero.opt.BiCGStab = bi
		if zero.vec == nil {
			zero.vec = NewMatrixFree(4, zero.op, nil, KrylovOptions{BiCGStab: true}).vec
		}
		y := []float64{1, 2, 3, 4}
		if err := zero.SolveFrom(y, nil); !errors.Is(err, ErrNotConverged) {
			t.Errorf("zero matrix: %v", err)
		}
	}
	y := make([]float64, 4)
	if err := zero.SolveFrom(y, nil); err != nil || y[0] != 0 {
		t.Errorf("zero right-hand side: %v", err)
	}
}
