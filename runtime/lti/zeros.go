package lti

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// ErrDegenerate says that the system matrix loses rank at every s, so that its zeros are
// no finite set: an output repeats others, or an input reaches nothing.
var ErrDegenerate = errors.New("the transfer matrix has not full rank at any frequency, so every number is a zero")

// Zeros are the finite invariant zeros, the numbers at which
//
//	[ A - s I   B ]
//	[ C         D ]
//
// has less than its normal rank; for a minimal system these are its transmission zeros.
// They are sorted as Poles are.
//
// The system is reduced by orthogonal transformations to one with an invertible D, whose
// zeros are the eigenvalues of a regular pencil: A. Emami-Naeini, P. Van Dooren,
// Computation of zeros of linear multivariable systems, Automatica 18(4), 1982, their
// algorithm REDUCE on the system and on its dual. Departures: the pencil at the end, whose
// second matrix is regular, is solved as an ordinary eigenvalue problem; states, inputs
// and outputs are scaled first.
func (s *System) Zeros() ([]complex128, error) {
	const a = -1 // any number will do: the filter has no zeros
	z, err := s.proper(a).balanced().zeros()
	sortRoots(z)
	return z, err
}

func (s *System) zeros() ([]complex128, error) {
	if s.M() == 0 || s.P() == 0 {
		return nil, nil
	}
	if s.B.IsZero() && s.D.IsZero() || s.C.IsZero() && s.D.IsZero() {
		return nil, ErrDegenerate
	}
	s = s.scaled()
	tol := s.tolerance()
	r := s.reduce(tol)
	d := r.dual().reduce(tol).dual()
	n, m := d.N(), d.M()
	// The normal rank is that of D now; a system with full rank keeps its smaller side.
	if m < min(s.M(), s.P()) {
		return nil, ErrDegenerate
	}
	if n == 0 {
		return nil, nil
	}
	// [C D] W = [0 Df]: the rows of [C D] span what the last columns of W span.
	cd := Zeros(d.P(), n+m)
	cd.put(0, 0, d.C)
	cd.put(0, n, d.D)
	q := rankQR(cd.t(), tol)
	if q.rank != m {
		return nil, ErrDegenerate
	}
	w := q.matrix().block(0, n+m, m, n+m)
	ab := Zeros(n, n+m)
	ab.put(0, 0, d.A)
	ab.put(0, n, d.B)
	af, bf := Mul(ab, w), w.block(0, n, 0, n)
	var lu mat.LU
	lu.Factorize(bf.dense())
	var x mat.Dense
	if err := lu.SolveTo(&x, false, af.dense()); err != nil && math.IsInf(lu.Cond(), 1) {
		return nil, ErrDegenerate
	}
	return eigenvalues(fromDense(&x)), nil
}

// reduce returns a system with the same finite zeros whose D has full row rank.
func (s *System) reduce(tol float64) *System {
	a, b, c, d := s.A, s.B, s.C, s.D
	for {
		// Rows of D that are zero are outputs that the states alone must keep at 0.
		q := rankQR(d, tol)
		c, d = c.clone(), d.clone()
		q.left(c, 0)
		q.left(d, 0)
		p, n, m, sigma := c.Rows, a.Rows, b.Cols, q.rank
		free := c.block(sigma, p, 0, n)
		c, d = c.block(0, sigma, 0, n), d.block(0, sigma, 0, m)
		v := rankQR(free.t(), tol)
		rho := v.rank
		if rho == 0 {
			return &System{A: a, B: b, C: c, D: d}
		}
		// The first rho of the rotated states are 0, so their derivatives are outputs.
		a, b = a.clone(), b.clone()
		v.left(a, 0)
		v.right(a, 0)
		v.left(b, 0)
		v.right(c, 0)
		c2, d2 := Zeros(sigma+rho, n-rho), Zeros(sigma+rho, m)
		c2.put(0, 0, c.block(0, sigma, rho, n))
		c2.put(sigma, 0, a.block(0, rho, rho, n))
		d2.put(0, 0, d)
		d2.put(sigma, 0, b.block(0, rho, 0, m))
		a, b, c, d = a.block(rho, n, rho, n), b.block(rho, n, 0, m), c2, d2
	}
}

func (s *System) dual() *System {
	return &System{A: s.A.t(), B: s.C.t(), C: s.B.t(), D: s.D.t()}
}

// scaled is the system with inputs and outputs in units in which the columns of [B; D]
// and the rows of [C D] have size 1, as far as these are not zero.
func (s *System) scaled() *System {
	r := &System{A: s.A, B: s.B.clone(), C: s.C.clone(), D: s.D.clone()}
	unit := s.A.norm()
	if unit == 0 {
		unit = 1
	}
	for j := range r.M() {
		size := 0.0
		for i := range r.N() {
			size = max(size, math.Abs(r.B.At(i, j)))
		}
		for i := range r.P() {
			size = max(size, math.Abs(r.D.At(i, j)))
		}
		if size == 0 {
			continue
		}
		for i := range r.N() {
			r.B.Set(i, j, r.B.At(i, j)*unit/size)
		}
		for i := range r.P() {
			r.D.Set(i, j, r.D.At(i, j)*unit/size)
		}
	}
	for i := range r.P() {
		size := 0.0
		for j := range r.N() {
			size = max(size, math.Abs(r.C.At(i, j)))
		}
		for j := range r.M() {
			size = max(size, math.Abs(r.D.At(i, j)))
		}
		if size == 0 {
			continue
		}
		for j := range r.N() {
			r.C.Set(i, j, r.C.At(i, j)*unit/size)
		}
		for j := range r.M() {
			r.D.Set(i, j, r.D.At(i, j)*unit/size)
		}
	}
	return r
}

// tolerance is the size below which an entry is rounding.
func (s *System) tolerance() float64 {
	size := math.Hypot(math.Hypot(s.A.norm(), s.B.norm()), math.Hypot(s.C.norm(), s.D.norm()))
	return 20 * float64(s.N()+s.M()+s.P()) * eps * size
}

const eps = 0x1p-52
