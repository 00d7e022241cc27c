package linsolve

import "math"

// LeastSquares solves m-by-n systems of any rank: the x of minimum 2-norm among
// those that minimise |A x - b|. It is meant for the small, possibly
// redundant systems of initialization; the work is O(m n min(m, n)).
//
// Householder QR with column pivoting, rank decided by |r_kk| <= tol |r_11|, then a
// second QR from the right (complete orthogonal decomposition). Golub & Van Loan,
// Matrix Computations, 4th ed., 5.4 and 5.5.
type LeastSquares struct {
	m, n, rank int
	a          []float64 // column major: R above, Householder vectors below the diagonal
	tau        []float64
	perm       []int32
	norm       []float64
	z          []float64 // per row of R, the vectors that clear the columns behind rank
	ztau       []float64
	y          []float64
}

// NewLeastSquares allocates a solver for m equations and n unknowns.
func NewLeastSquares(m, n int) *LeastSquares {
	k := min(m, n)
	return &LeastSquares{
		m: m, n: n,
		a: make([]float64, m*n), tau: make([]float64, k), perm: make([]int32, n), norm: make([]float64, n),
		z: make([]float64, k*n), ztau: make([]float64, k), y: make([]float64, max(m, n)),
	}
}

// Factor decomposes the matrix with the given pattern and values and returns its
// numerical rank for the relative tolerance tol (default 1e-10 for 0).
func (q *LeastSquares) Factor(p *Pattern, vals []float64, tol float64) int {
	if tol == 0 {
		tol = 1e-10
	}
	m, n := q.m, q.n
	clear(q.a)
	for j := range n {
		q.perm[j] = int32(j)
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			q.a[j*m+int(p.RowIdx[e])] = vals[e]
		}
	}
	first := 0.0
	q.rank = 0
	for k := range min(m, n) {
		// Norms are computed afresh: the systems are small and downdating loses digits.
		best, at := -1.0, k
		for j := k; j < n; j++ {
			if s := norm2(q.a[j*m+k : j*m+m]); s > best {
				best, at = s, j
			}
		}
		if k == 0 {
			first = best
		}
		if !(best > tol*first) {
			break
		}
		if at != k {
			q.perm[k], q.perm[at] = q.perm[at], q.perm[k]
			for i := range m {
				q.a[k*m+i], q.a[at*m+i] = q.a[at*m+i], q.a[k*m+i]
			}
		}
		v := q.a[k*m+k : k*m+m]
		q.tau[k] = reflector(v)
		for j := k + 1; j < n; j++ {
			reflect(v, q.tau[k], q.a[j*m+k:j*m+m])
		}
		q.rank++
	}
	q.clearRight()
	return q.rank
}

// clearRight turns [R11 R12] into [T 0] by reflections from the right, last row
// first: row k mixes column k with the columns behind the rank.
func (q *LeastSquares) clearRight() {
	m, n, r := q.m, q.n, q.rank
	if r == n {
		return
	}
	for k := r - 1; k >= 0; k-- {
		z := q.z[k*n : k*n+1+n-r]
		z[0] = q.a[k*m+k]
		for j := r; j < n; j++ {
			z[1+j-r] = q.a[j*m+k]
		}
		q.ztau[k] = reflector(z)
		q.a[k*m+k] = z[0]
		for i := range k {
			s := q.a[k*m+i]
			for j := r; j < n; j++ {
				s += z[1+j-r] * q.a[j*m+i]
			}
			s *= q.ztau[k]
			q.a[k*m+i] -= s
			for j := r; j < n; j++ {
				q.a[j*m+i] -= s * z[1+j-r]
			}
		}
	}
}

// Solve writes the solution for the right-hand side b (length m, left alone) to x
// (length n).
func (q *LeastSquares) Solve(b, x []float64) {
	m, n, r := q.m, q.n, q.rank
	y := q.y
	copy(y, b[:m])
	for k := range r {
		reflect(q.a[k*m+k:k*m+m], q.tau[k], y[k:m])
	}
	for k := r - 1; k >= 0; k-- {
		s := y[k]
		for j := k + 1; j < r; j++ {
			s -= q.a[j*m+k] * y[j]
		}
		y[k] = s / q.a[k*m+k]
	}
	for k := r; k < n; k++ {
		y[k] = 0
	}
	if r < n {
		for k := range r {
			z := q.z[k*n : k*n+1+n-r]
			s := y[k]
			for j := r; j < n; j++ {
				s += z[1+j-r] * y[j]
			}
			s *= q.ztau[k]
			y[k] -= s
			for j := r; j < n; j++ {
				y[j] -= s * z[1+j-r]
			}
		}
	}
	for k, j := range q.perm {
		x[j] = y[k]
	}
}

// reflector turns v into (beta, w) with H v = beta e1 for H = I - tau (1, w)(1, w)^T.
func reflector(v []float64) (tau float64) {
	s := norm2(v)
	if s == 0 || norm2(v[1:]) == 0 {
		return 0
	}
	beta := -math.Copysign(s, v[0])
	tau = (beta - v[0]) / beta
	f := 1 / (v[0] - beta)
	for i := range v[1:] {
		v[1+i] *= f
	}
	v[0] = beta
	return tau
}

// reflect applies H of reflector to c; v[0] counts as 1.
func reflect(v []float64, tau float64, c []float64) {
	if tau == 0 {
		return
	}
	s := c[0]
	for i, w := range v[1:] {
		s += w * c[1+i]
	}
	s *= tau
	c[0] -= s
	for i, w := range v[1:] {
		c[1+i] -= s * w
	}
}

func norm2(v []float64) float64 {
	big := 0.0
	for _, x := range v {
		big = max(big, math.Abs(x))
	}
	if big == 0 || math.IsInf(big, 0) {
		return big
	}
	s := 0.0
	for _, x := range v {
		x /= big
		s += x * x
	}
	return big * math.Sqrt(s)
}
