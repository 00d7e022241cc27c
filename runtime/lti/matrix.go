package lti

import (
	"encoding/json"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"
)

// Matrix is a dense matrix, row by row. Unlike mat.Dense it may have no rows or no
// columns, as the matrices of a system without states have.
type Matrix struct {
	Rows, Cols int
	Data       []float64 // Rows*Cols entries
}

// Zeros is the zero matrix of that size.
func Zeros(rows, cols int) Matrix {
	return Matrix{rows, cols, make([]float64, rows*cols)}
}

// At is the entry in row i and column j.
func (a Matrix) At(i, j int) float64 { return a.Data[i*a.Cols+j] }

// Set sets the entry in row i and column j.
func (a Matrix) Set(i, j int, v float64) { a.Data[i*a.Cols+j] = v }

// Row is row i as a matrix of its own.
func (a Matrix) Row(i int) Matrix { return a.block(i, i+1, 0, a.Cols) }

// Column is column j as a matrix of its own.
func (a Matrix) Column(j int) Matrix { return a.block(0, a.Rows, j, j+1) }

// IsZero reports whether every entry is 0.
func (a Matrix) IsZero() bool {
	return !slices.ContainsFunc(a.Data, func(v float64) bool { return v != 0 })
}

// MarshalJSON writes a list of rows.
func (a Matrix) MarshalJSON() ([]byte, error) {
	rows := make([][]float64, a.Rows)
	for i := range rows {
		rows[i] = a.Data[i*a.Cols : (i+1)*a.Cols]
		if rows[i] == nil {
			rows[i] = []float64{}
		}
	}
	return json.Marshal(rows)
}

func (a Matrix) block(r0, r1, c0, c1 int) Matrix {
	b := Zeros(r1-r0, c1-c0)
	for i := r0; i < r1; i++ {
		copy(b.Data[(i-r0)*b.Cols:(i-r0+1)*b.Cols], a.Data[i*a.Cols+c0:i*a.Cols+c1])
	}
	return b
}

// put copies b into a, at row r and column c.
func (a Matrix) put(r, c int, b Matrix) {
	for i := range b.Rows {
		copy(a.Data[(r+i)*a.Cols+c:(r+i)*a.Cols+c+b.Cols], b.Data[i*b.Cols:(i+1)*b.Cols])
	}
}

func (a Matrix) clone() Matrix { return Matrix{a.Rows, a.Cols, slices.Clone(a.Data)} }

func (a Matrix) t() Matrix {
	b := Zeros(a.Cols, a.Rows)
	for i := range a.Rows {
		for j := range a.Cols {
			b.Set(j, i, a.At(i, j))
		}
	}
	return b
}

// norm is the Frobenius norm.
func (a Matrix) norm() float64 {
	scale := 0.0
	for _, v := range a.Data {
		scale = max(scale, math.Abs(v))
	}
	if scale == 0 {
		return 0
	}
	s := 0.0
	for _, v := range a.Data {
		s += (v / scale) * (v / scale)
	}
	return scale * math.Sqrt(s)
}

// dense shares nothing with a, which must have rows and columns.
func (a Matrix) dense() *mat.Dense { return mat.NewDense(a.Rows, a.Cols, slices.Clone(a.Data)) }

func fromDense(d *mat.Dense) Matrix {
	r, c := d.Dims()
	a := Zeros(r, c)
	for i := range r {
		copy(a.Data[i*c:(i+1)*c], d.RawRowView(i))
	}
	return a
}

// Mul is a*b, each entry summed in the order of the inner index.
func Mul(a, b Matrix) Matrix {
	c := Zeros(a.Rows, b.Cols)
	for i := range a.Rows {
		row := c.Data[i*c.Cols : (i+1)*c.Cols]
		for k := range a.Cols {
			if f := a.At(i, k); f != 0 {
				for j, v := range b.Data[k*b.Cols : (k+1)*b.Cols] {
					row[j] += f * v
				}
			}
		}
	}
	return c
}

// reflectors are the first rank Householder reflections of A P = Q R with column
// pivoting; the rank is the number of diagonal entries of R above a tolerance.
type reflectors struct {
	rows, rank int
	v          []float64
	ld         int
	tau        []float64
}

// rankQR decomposes a. Without rows or columns the rank is 0 and Q the identity.
func rankQR(a Matrix, tol float64) *reflectors {
	m, n := a.Rows, a.Cols
	q := &reflectors{rows: m}
	if m == 0 || n == 0 {
		return q
	}
	var lapack gonum.Implementation
	k := min(m, n)
	w := a.clone()
	jpvt := make([]int, n)
	for j := range jpvt {
		jpvt[j] = -1 // free
	}
	tau, work := make([]float64, k), make([]float64, 1)
	lapack.Dgeqp3(m, n, w.Data, n, jpvt, tau, work, -1)
	work = make([]float64, int(work[0]))
	lapack.Dgeqp3(m, n, w.Data, n, jpvt, tau, work, len(work))
	for q.rank < k && math.Abs(w.At(q.rank, q.rank)) > tol {
		q.rank++
	}
	q.v, q.ld, q.tau = w.Data, n, tau[:q.rank]
	return q
}

// left replaces rows r and following of a, as many as Q has, by Q^T times them.
func (q *reflectors) left(a Matrix, r int) {
	if a.Cols > 0 {
		q.apply(blas.Left, blas.Trans, q.rows, a.Cols, a.Data[r*a.Cols:], a.Cols)
	}
}

// right replaces columns c and following of a by them times Q.
func (q *reflectors) right(a Matrix, c int) {
	if a.Rows > 0 {
		q.apply(blas.Right, blas.NoTrans, a.Rows, q.rows, a.Data[c:], a.Cols)
	}
}

func (q *reflectors) apply(side blas.Side, trans blas.Transpose, m, n int, c []float64, ld int) {
	if q.rank == 0 {
		return
	}
	var lapack gonum.Implementation
	work := make([]float64, 1)
	lapack.Dormqr(side, trans, m, n, q.rank, q.v, q.ld, q.tau, c, ld, work, -1)
	work = make([]float64, int(work[0]))
	lapack.Dormqr(side, trans, m, n, q.rank, q.v, q.ld, q.tau, c, ld, work, len(work))
}

// matrix is Q, square.
func (q *reflectors) matrix() Matrix {
	x := Zeros(q.rows, q.rows)
	for i := range q.rows {
		x.Set(i, i, 1)
	}
	q.right(x, 0)
	return x
}
