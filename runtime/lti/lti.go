// Package lti analyses linear time-invariant systems in state-space form: poles, zeros,
// transfer functions, frequency and step responses, margins.
//
// In: the matrices of a linearization. Out: numbers that do not depend on the choice of
// the state. Every algorithm works on the matrices by orthogonal transformations;
// polynomials are made last, from roots, for people to read.
package lti

import (
	"cmp"
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// System is
//
//	x' = A x + B u
//	y  = C x + D u + Improper[0] u' + Improper[1] u'' + ...
//
// with n states, m inputs and p outputs. A System is read-only for the methods of this
// package. Improper is empty for a proper system.
type System struct {
	A, B, C, D Matrix // n by n, n by m, p by n, p by m
	Improper   []Matrix

	States, Inputs, Outputs []string // names; nil: none
}

// N is the number of states.
func (s *System) N() int { return s.A.Rows }

// M is the number of inputs.
func (s *System) M() int { return s.D.Cols }

// P is the number of outputs.
func (s *System) P() int { return s.D.Rows }

// Check returns an error where the sizes of the matrices contradict each other or an
// entry is not finite.
func (s *System) Check() error {
	n, m, p := s.N(), s.M(), s.P()
	for _, x := range []struct {
		name       string
		m          *Matrix
		rows, cols int
	}{{"A", &s.A, n, n}, {"B", &s.B, n, m}, {"C", &s.C, p, n}, {"D", &s.D, p, m}} {
		if x.m.Rows != x.rows || x.m.Cols != x.cols || len(x.m.Data) != x.rows*x.cols {
			return fmt.Errorf("matrix %s is %d by %d with %d entries, not %d by %d", x.name, x.m.Rows, x.m.Cols, len(x.m.Data), x.rows, x.cols)
		}
		for k, v := range x.m.Data {
			if v-v != 0 {
				return fmt.Errorf("entry (%d, %d) of matrix %s is %v", k/x.cols+1, k%x.cols+1, x.name, v)
			}
		}
	}
	for i := range s.Improper {
		if q := &s.Improper[i]; q.Rows != p || q.Cols != m {
			return fmt.Errorf("the matrix of derivative %d of the inputs is %d by %d, not %d by %d", i+1, q.Rows, q.Cols, p, m)
		}
	}
	return nil
}

// Channel is the system from input j to output i, with all states.
func (s *System) Channel(i, j int) *System {
	c := &System{A: s.A, B: s.B.Column(j), C: s.C.Row(i), D: s.D.Row(i).Column(j), States: s.States}
	for _, q := range s.Improper {
		c.Improper = append(c.Improper, q.Row(i).Column(j))
	}
	if s.Inputs != nil {
		c.Inputs = s.Inputs[j : j+1]
	}
	if s.Outputs != nil {
		c.Outputs = s.Outputs[i : i+1]
	}
	for len(c.Improper) > 0 && c.Improper[len(c.Improper)-1].IsZero() {
		c.Improper = c.Improper[:len(c.Improper)-1]
	}
	return c
}

// Poles are the eigenvalues of A, by increasing magnitude; of a complex pair the one
// above the real axis comes first.
func (s *System) Poles() []complex128 {
	v := eigenvalues(s.A)
	sortRoots(v)
	return v
}

// eigenvalues of a square matrix, by the QR algorithm after balancing. Eigenvalues 0 are
// taken out first, by turning the null space away as long as there is one: a chain of
// integrators would come out as a circle of numbers about the root of the rounding
// otherwise (G. Golub, J. Wilkinson, Ill-conditioned eigensystems and the computation of
// the Jordan canonical form, SIAM Review 18(4), 1976).
func eigenvalues(a Matrix) []complex128 {
	a = (&System{A: a, B: Zeros(a.Rows, 0), C: Zeros(0, a.Rows)}).balanced().A
	var v []complex128
	for tol := 20 * float64(a.Rows) * eps * a.norm(); a.Rows > 0; {
		// A has the row space that the first columns of q span.
		q := rankQR(a.t(), tol)
		if q.rank == a.Rows {
			break
		}
		v = append(v, make([]complex128, a.Rows-q.rank)...)
		q.left(a, 0)
		q.right(a, 0)
		a = a.block(0, q.rank, 0, q.rank)
	}
	if a.Rows == 0 {
		return v
	}
	var e mat.Eigen
	if !e.Factorize(mat.NewDense(a.Rows, a.Cols, slices.Clone(a.Data)), mat.EigenNone) {
		// The QR algorithm gave up, which takes a matrix that is not finite.
		for range a.Rows {
			v = append(v, cmplx.NaN())
		}
		return v
	}
	return append(v, e.Values(nil)...)
}

func sortRoots(v []complex128) {
	slices.SortStableFunc(v, func(a, b complex128) int {
		ra, rb := cmplx.Abs(a), cmplx.Abs(b)
		if d := math.Abs(ra - rb); d > 1e-12*max(ra, rb) {
			return cmp.Compare(ra, rb)
		}
		return cmp.Or(cmp.Compare(real(a), real(b)), cmp.Compare(imag(b), imag(a)))
	})
}

// Stable reports whether all poles lie to the left of the imaginary axis by more than
// rounding.
func (s *System) Stable() bool {
	size := s.A.norm()
	for _, p := range s.Poles() {
		if !(real(p) < -1e-13*size) {
			return false
		}
	}
	return true
}

// DCGain is the p by m matrix of the transfer function at 0. The error says that 0 is a
// pole.
func (s *System) DCGain() (Matrix, error) {
	g := s.D.clone()
	if s.N() == 0 {
		return g, nil
	}
	var lu mat.LU
	lu.Factorize(s.A.dense())
	if c := lu.Cond(); !(c < 1e14) {
		return Matrix{}, fmt.Errorf("the system has a pole at 0")
	}
	if s.M() == 0 || s.P() == 0 {
		return g, nil
	}
	var x mat.Dense
	if err := lu.SolveTo(&x, false, s.B.dense()); err != nil {
		return Matrix{}, fmt.Errorf("the system has a pole at 0")
	}
	cx := Mul(s.C, fromDense(&x))
	for k, v := range cx.Data {
		g.Data[k] -= v
	}
	return g, nil
}

// proper is the system behind a filter 1/(s-a)^k at every input, with k the number of
// derivatives of the inputs in y, which makes it proper: it has the zeros of s, and its
// poles and k times a for every input.
func (s *System) proper(a float64) *System {
	k := len(s.Improper)
	if k == 0 {
		return s
	}
	n, m, p := s.N(), s.M(), s.P()
	// The filter of one input: q1' = a q1 + v, q2' = a q2 + q1, ..., u = qk. So the
	// derivatives of u are combinations of the q: u(r) = sum_j binom(r, j) a^(r-j) q[k-j],
	// and u(k) has q0 = v.
	r := &System{A: Zeros(n+k*m, n+k*m), B: Zeros(n+k*m, m), C: Zeros(p, n+k*m), D: Zeros(p, m)}
	at := func(j, q int) int { return n + j*k + q - 1 }
	r.A.put(0, 0, s.A)
	r.C.put(0, 0, s.C)
	for j := range m {
		for q := 1; q <= k; q++ {
			r.A.Set(at(j, q), at(j, q), a)
			if q > 1 {
				r.A.Set(at(j, q), at(j, q-1), 1)
			}
		}
		r.B.Set(at(j, 1), j, 1)
		for i := range n {
			r.A.Set(i, at(j, k), s.B.At(i, j))
		}
		for i := range p {
			for d := 0; d <= k; d++ {
				c := s.D.At(i, j)
				if d > 0 {
					c = s.Improper[d-1].At(i, j)
				}
				binom := 1.0
				for e := 0; e <= d; e++ {
					f := c * binom * math.Pow(a, float64(d-e))
					if e == k {
						r.D.Set(i, j, r.D.At(i, j)+f)
					} else {
						r.C.Set(i, at(j, k-e), r.C.At(i, at(j, k-e))+f)
					}
					binom *= float64(d-e) / float64(e+1)
				}
			}
		}
	}
	return r
}
