package linsolve

import (
	"errors"
	"fmt"
	"math"
	"math/cmplx"
)

// Krylov solves by an iteration that only multiplies with the matrix: restarted GMRES, or
// BiCGStab, which needs less memory. The preconditioner stands on the right, so the
// residual that is measured is the true one, and norms are weighted:
//
//	|r| = sqrt(sum |w_i r_i|^2 / n).
//
// GMRES orthogonalises by modified Gram-Schmidt, a second time where cancellation took
// more than a digit, and works with the matrix W A P^-1 W^-1, P the preconditioner: where
// the weights make the unknowns comparable, they do so for the basis too.
//
// Saad, Schultz, SIAM J. Sci. Stat. Comput. 7(3), 1986; van der Vorst, SIAM J. Sci.
// Stat. Comput. 13(2), 1992; the weights as in Brown, Hindmarsh, Appl. Math. Comput.
// 31, 1989.
//
// A Krylov is a Solver: Factor keeps the values and sets up the preconditioner, Solve
// iterates to the tolerance. Result says how that ended.
type Krylov[T Scalar] struct {
	n      int
	op     Operator[T]
	prec   Preconditioner[T] // nil: none
	opt    KrylovOptions
	w      []float64 // weights, nil: ones
	csc    *multiplier[T]
	basis  [][]T // GMRES
	h      [][]T // columns of the triangular factor
	cos    []float64
	sin, e []T
	tmp    []T
	x, b   []T
	vec    [][]T // BiCGStab
	last   KrylovResult
	stats  Stats
}

// Operator multiplies with a matrix: Apply writes A x to y and leaves x alone.
type Operator[T Scalar] interface {
	Apply(x, y []T)
}

// OperatorFunc is a function as an Operator.
type OperatorFunc[T Scalar] func(x, y []T)

// Apply calls f.
func (f OperatorFunc[T]) Apply(x, y []T) { f(x, y) }

// Preconditioner solves with an approximation P of a matrix. Setup prepares for the
// matrix whose values are given in the order of the pattern (nil where only products are
// known); Apply replaces r by P^-1 r.
type Preconditioner[T Scalar] interface {
	Setup(vals []T) error
	Apply(r []T)
}

// KrylovOptions are the options of NewKrylov; the zero value works.
type KrylovOptions struct {
	BiCGStab bool    // instead of GMRES
	Tol      float64 // |b - A x| <= Tol |b| ends an iteration. Default 1e-10
	Restart  int     // vectors of the basis of GMRES. Default 30
	MaxIter  int     // products with the matrix at most. Default 300
}

// KrylovResult is how a Solve of a Krylov ended.
type KrylovResult struct {
	Iterations int     // products with the matrix
	Residual   float64 // |b - A x| / |b|, 0 for b = 0
	Converged  bool
}

// ErrNotConverged is returned where an iteration ends before the tolerance is met.
var ErrNotConverged = errors.New("the iteration for a linear system did not converge")

// NewKrylov returns an iterative solver for matrices of pattern p with the
// preconditioner prec (nil: NewILU0).
func NewKrylov[T Scalar](p *Pattern, prec Preconditioner[T], opt KrylovOptions) *Krylov[T] {
	if prec == nil {
		prec = NewILU0[T](p)
	}
	m := &multiplier[T]{pat: p}
	k := NewMatrixFree(p.Cols, m, prec, opt)
	k.csc = m
	k.stats.NNZ = p.NNZ()
	return k
}

// NewMatrixFree returns an iterative solver for a matrix of order n that is known by its
// products. prec may be nil; its Setup is called by Factor, with the values given there.
func NewMatrixFree[T Scalar](n int, op Operator[T], prec Preconditioner[T], opt KrylovOptions) *Krylov[T] {
	if opt.Tol == 0 {
		opt.Tol = 1e-10
	}
	if opt.Restart <= 0 {
		opt.Restart = 30
	}
	opt.Restart = min(opt.Restart, max(n, 1))
	if opt.MaxIter <= 0 {
		opt.MaxIter = 300
	}
	k := &Krylov[T]{n: n, op: op, prec: prec, opt: opt, tmp: make([]T, n), x: make([]T, n), b: make([]T, n)}
	rows := func(count int) [][]T {
		flat := make([]T, count*n)
		v := make([][]T, count)
		for i := range v {
			v[i] = flat[i*n : (i+1)*n : (i+1)*n]
		}
		return v
	}
	if opt.BiCGStab {
		k.vec = rows(7)
	} else {
		m := opt.Restart
		k.basis = rows(m + 1)
		k.h = make([][]T, m)
		for j := range k.h {
			k.h[j] = make([]T, j+1)
		}
		k.cos, k.sin, k.e = make([]float64, m), make([]T, m), make([]T, m+1)
	}
	k.stats = Stats{Kind: Iterative, Blocks: 1}
	return k
}

// Weigh sets the weights of the norm, which are kept, not copied; nil means ones.
func (k *Krylov[T]) Weigh(w []float64) { k.w = w }

// Tolerance sets KrylovOptions.Tol for the next solutions.
func (k *Krylov[T]) Tolerance(tol float64) { k.opt.Tol = tol }

// Factor keeps vals, which must stay as they are until the next call, and sets up the
// preconditioner.
func (k *Krylov[T]) Factor(vals []T) error {
	if k.csc != nil {
		if !finite(vals) {
			return ErrNotFinite
		}
		k.csc.vals = vals
	}
	k.stats.Pivoted++
	if k.prec == nil {
		return nil
	}
	return k.prec.Setup(vals)
}

// Solve replaces b by the solution of A x = b, or by the best that was found; see Result.
func (k *Krylov[T]) Solve(b []T) { _ = k.SolveFrom(b, nil) }

// SolveFrom is Solve with the guess x0 (nil: zero). Its error is ErrNotConverged.
func (k *Krylov[T]) SolveFrom(b, x0 []T) error {
	x := k.x
	copy(k.b, b[:k.n])
	if x0 != nil {
		copy(x, x0)
	} else {
		clear(x)
	}
	k.last = KrylovResult{}
	size := k.norm(k.b)
	switch {
	case size == 0:
		clear(x)
		k.last.Converged = true
	case math.IsNaN(size) || math.IsInf(size, 0):
		k.last.Residual = math.NaN()
	case k.opt.BiCGStab:
		k.bicgstab(size, x0 != nil)
	default:
		k.gmres(size, x0 != nil)
	}
	k.stats.Iterations += k.last.Iterations
	if !k.last.Converged {
		k.stats.Unconverged++
	}
	copy(b, x)
	if !k.last.Converged {
		return fmt.Errorf("%w: residual %.2g of the right-hand side after %d products; use a better preconditioner, or a larger tolerance",
			ErrNotConverged, k.last.Residual, k.last.Iterations)
	}
	return nil
}

// Result says how the last solution ended.
func (k *Krylov[T]) Result() KrylovResult { return k.last }

// Stats counts the products with the matrix, and the solutions that did not converge.
func (k *Krylov[T]) Stats() Stats { return k.stats }

// product writes W A P^-1 W^-1 v to y.
func (k *Krylov[T]) product(v, y []T) {
	k.last.Iterations++
	t := k.tmp
	copy(t, v)
	unweigh(t, k.w)
	if k.prec != nil {
		k.prec.Apply(t)
	}
	k.op.Apply(t, y)
	weigh(y, k.w)
}

// residual writes W (b - A x) to r.
func (k *Krylov[T]) residual(r []T, first bool) {
	if first {
		copy(r, k.b)
	} else {
		k.op.Apply(k.x, r)
		for i, v := range r {
			r[i] = k.b[i] - v
		}
	}
	weigh(r, k.w)
}

// norm is the weighted norm of v.
func (k *Krylov[T]) norm(v []T) float64 {
	copy(k.tmp, v)
	weigh(k.tmp, k.w)
	return norm(k.tmp) / math.Sqrt(float64(k.n))
}

func (k *Krylov[T]) gmres(size float64, guess bool) {
	goal := k.opt.Tol * size * math.Sqrt(float64(k.n))
	full := size * math.Sqrt(float64(k.n))
	for start := true; ; start = false {
		v := k.basis
		k.residual(v[0], start && !guess)
		beta := norm(v[0])
		k.last.Residual = beta / full
		if beta <= goal {
			k.last.Converged = true
			return
		}
		if k.last.Iterations >= k.opt.MaxIter || math.IsNaN(beta) || math.IsInf(beta, 0) {
			return
		}
		scale(v[0], 1/beta)
		k.e[0] = fromReal[T](beta)
		m := 0
		for m < k.opt.Restart && k.last.Iterations < k.opt.MaxIter {
			j := m
			w := v[j+1]
			k.product(v[j], w)
			before := norm(w)
			h := k.h[j]
			for i := range h {
				h[i] = dot(v[i], w)
				axpy(w, v[i], h[i])
			}
			next := norm(w)
			if next < 0.1*before {
				for i := range h {
					d := dot(v[i], w)
					h[i] += d
					axpy(w, v[i], d)
				}
				next = norm(w)
			}
			for i := range j {
				a, b := h[i], h[i+1]
				c := fromReal[T](k.cos[i])
				h[i], h[i+1] = c*a+k.sin[i]*b, c*b-conj(k.sin[i])*a
			}
			// The rotation that clears next.
			a := absolute(h[j])
			r := math.Hypot(a, next)
			if !(r > 0) || math.IsInf(r, 0) {
				break // the matrix is singular, or not finite
			}
			phase := fromReal[T](1)
			if a > 0 {
				phase = h[j] * fromReal[T](1/a)
			}
			k.cos[j], k.sin[j] = a/r, phase*fromReal[T](next/r)
			h[j] = phase * fromReal[T](r)
			k.e[j+1] = -conj(k.sin[j]) * k.e[j]
			k.e[j] *= fromReal[T](k.cos[j])
			m++
			if absolute(k.e[j+1]) <= goal || next == 0 {
				break
			}
			scale(w, 1/next)
		}
		if m == 0 {
			return
		}
		// The combination of the basis.
		y := k.e[:m]
		for i := m - 1; i >= 0; i-- {
			y[i] /= k.h[i][i]
			for q := range i {
				y[q] -= k.h[i][q] * y[i]
			}
		}
		t := v[m] // free now
		clear(t)
		for i, c := range y {
			axpy(t, v[i], -c)
		}
		unweigh(t, k.w)
		if k.prec != nil {
			k.prec.Apply(t)
		}
		for i, d := range t {
			k.x[i] += d
		}
	}
}

func (k *Krylov[T]) bicgstab(size float64, guess bool) {
	goal := k.opt.Tol * size * math.Sqrt(float64(k.n))
	full := size * math.Sqrt(float64(k.n))
	r, r0, p, v, s, t, u := k.vec[0], k.vec[1], k.vec[2], k.vec[3], k.vec[4], k.vec[5], k.vec[6]
	for start := true; ; start = false {
		k.residual(r, start && !guess)
		beta := norm(r)
		k.last.Residual = beta / full
		if beta <= goal {
			k.last.Converged = true
			return
		}
		if k.last.Iterations >= k.opt.MaxIter || math.IsNaN(beta) || math.IsInf(beta, 0) {
			return
		}
		copy(r0, r)
		copy(p, r)
		clear(u) // W P x relative to the start
		rho := dot(r0, r)
		made := k.last.Iterations
		for k.last.Iterations < k.opt.MaxIter {
			k.product(p, v)
			d := dot(r0, v)
			if absolute(d) == 0 {
				break
			}
			alpha := rho / d
			copy(s, r)
			axpy(s, v, alpha)
			axpy(u, p, -alpha)
			if norm(s) <= goal {
				break
			}
			k.product(s, t)
			tt := dot(t, t)
			if absolute(tt) == 0 {
				break
			}
			omega := dot(t, s) / tt
			axpy(u, s, -omega)
			copy(r, s)
			axpy(r, t, omega)
			if n := norm(r); n <= goal || n != n {
				break
			}
			next := dot(r0, r)
			if absolute(next) < 1e-14*norm(r0)*norm(r) || absolute(omega) == 0 {
				break // r0 has become useless: start again from here
			}
			beta := next / rho * (alpha / omega)
			rho = next
			for i := range p {
				p[i] = r[i] + beta*(p[i]-omega*v[i])
			}
		}
		if k.last.Iterations == made {
			return
		}
		unweigh(u, k.w)
		if k.prec != nil {
			k.prec.Apply(u)
		}
		moved := false
		for i, d := range u {
			k.x[i] += d
			moved = moved || d != 0
		}
		if !moved {
			return
		}
	}
}

// multiplier multiplies with a matrix given by columns.
type multiplier[T Scalar] struct {
	pat  *Pattern
	vals []T
}

func (m *multiplier[T]) Apply(x, y []T) {
	clear(y)
	p := m.pat
	for j, v := range x[:p.Cols] {
		lo, hi := p.ColPtr[j], p.ColPtr[j+1]
		vals := m.vals[lo:hi]
		for e, i := range p.RowIdx[lo:hi] {
			y[i] += vals[e] * v
		}
	}
}

func weigh[T Scalar](v []T, w []float64) {
	if w == nil {
		return
	}
	for i := range v {
		v[i] *= fromReal[T](w[i])
	}
}

func unweigh[T Scalar](v []T, w []float64) {
	if w == nil {
		return
	}
	for i := range v {
		v[i] *= fromReal[T](1 / w[i])
	}
}

func scale[T Scalar](v []T, s float64) {
	c := fromReal[T](s)
	for i := range v {
		v[i] *= c
	}
}

// axpy subtracts c times v from w.
func axpy[T Scalar](w, v []T, c T) {
	v = v[:len(w)]
	for i := range w {
		w[i] -= c * v[i]
	}
}

// dot is the sum of conj(v_i) w_i, in order.
func dot[T Scalar](v, w []T) T {
	var r T
	switch a := any(v).(type) {
	case []float64:
		b := any(w).([]float64)[:len(a)]
		s := 0.0
		for i, x := range a {
			s += x * b[i]
		}
		return any(s).(T)
	case []complex128:
		b := any(w).([]complex128)[:len(a)]
		var re, im float64
		for i, x := range a {
			y := b[i]
			re += real(x)*real(y) + imag(x)*imag(y)
			im += real(x)*imag(y) - imag(x)*real(y)
		}
		return any(complex(re, im)).(T)
	}
	return r
}

// norm is the Euclidean norm; it neither overflows nor underflows.
func norm[T Scalar](v []T) float64 {
	s, big := 0.0, 0.0
	switch a := any(v).(type) {
	case []float64:
		for _, x := range a {
			s += x * x
		}
		if s > 1e-280 && s < 1e280 || s != s {
			return math.Sqrt(s)
		}
		for _, x := range a {
			big = max(big, math.Abs(x))
		}
	case []complex128:
		for _, x := range a {
			s += real(x)*real(x) + imag(x)*imag(x)
		}
		if s > 1e-280 && s < 1e280 || s != s {
			return math.Sqrt(s)
		}
		for _, x := range a {
			big = max(big, math.Abs(real(x)), math.Abs(imag(x)))
		}
	}
	if big == 0 || math.IsInf(big, 0) {
		return big
	}
	s = 0
	for _, x := range v {
		a := absolute(x) / big
		s += a * a
	}
	return big * math.Sqrt(s)
}

func conj[T Scalar](x T) T {
	if z, ok := any(x).(complex128); ok {
		return any(cmplx.Conj(z)).(T)
	}
	return x
}

// absolute is the modulus of x.
func absolute[T Scalar](x T) float64 {
	switch v := any(x).(type) {
	case float64:
		return math.Abs(v)
	case complex128:
		return cmplx.Abs(v)
	}
	return 0
}
