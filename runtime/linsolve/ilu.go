package linsolve

// ILU0 is the incomplete LU factorisation without fill: elimination that drops whatever
// falls outside the pattern of the matrix. Rows are first exchanged so that the diagonal
// is in the pattern (transversal). A pivot that is small beside its column is replaced by
// a fraction of the largest entry there: the factors are an approximation anyway.
//
// Meijerink, van der Vorst, Math. Comp. 31, 1977; Saad, Iterative Methods for Sparse
// Linear Systems, 2nd ed., 10.3.
type ILU0[T Scalar] struct {
	pat  *Pattern
	row  []int32 // position of each row
	idx  []int32 // rows of the entries, permuted and ascending in each column
	src  []int32 // and the value of each
	diag []int32 // entry on the diagonal of each column
	v    []T
	inv  []T
	at   []int32 // entry of the present column in each row, or -1
	x    []T
}

// NewILU0 returns a preconditioner for square matrices of pattern p. Columns without a
// row to match get a pivot of their own.
func NewILU0[T Scalar](p *Pattern) *ILU0[T] {
	n := p.Cols
	f := &ILU0[T]{
		pat: p, row: make([]int32, n), diag: make([]int32, n), at: make([]int32, n),
		idx: make([]int32, p.NNZ()), src: make([]int32, p.NNZ()),
		v: make([]T, p.NNZ()), inv: make([]T, n), x: make([]T, n),
	}
	for j, i := range transversal(p) {
		f.row[i] = int32(j)
	}
	for i := range f.at {
		f.at[i] = -1
	}
	// Rows ascending: the transpose of the transpose.
	q := &Pattern{Rows: n, Cols: n, ColPtr: p.ColPtr, RowIdx: make([]int32, p.NNZ())}
	for e, i := range p.RowIdx {
		q.RowIdx[e] = f.row[i]
	}
	rows := make([]int32, n+1)
	for _, i := range q.RowIdx {
		rows[i+1]++
	}
	for i := range n {
		rows[i+1] += rows[i]
	}
	cols, from := make([]int32, p.NNZ()), make([]int32, p.NNZ())
	for j := range n {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			t := rows[q.RowIdx[e]]
			rows[q.RowIdx[e]]++
			cols[t], from[t] = int32(j), e
		}
	}
	next := append([]int32(nil), p.ColPtr[:n]...)
	t := int32(0)
	for i := range int32(n) {
		for ; t < rows[i]; t++ {
			j := cols[t]
			f.idx[next[j]], f.src[next[j]] = i, from[t]
			next[j]++
		}
	}
	for j := range n {
		f.diag[j] = -1
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			if f.idx[e] == int32(j) {
				f.diag[j] = e
			}
		}
	}
	return f
}

// smallPivot is the size of a pivot beside its column below which it is replaced.
const smallPivot = 1e-8

// Setup factorises, column by column.
func (f *ILU0[T]) Setup(vals []T) error {
	if !finite(vals) {
		return ErrNotFinite
	}
	v, idx, ptr := f.v, f.idx, f.pat.ColPtr
	for e, s := range f.src {
		v[e] = vals[s]
	}
	for j := range f.inv {
		lo, hi := ptr[j], ptr[j+1]
		big := 0.0
		for e := lo; e < hi; e++ {
			f.at[idx[e]] = e
			big = max(big, magnitude(v[e]))
		}
		below := hi
		for e := lo; e < hi; e++ {
			k := idx[e]
			if int(k) >= j {
				below = e
				break
			}
			u := v[e]
			// Column k of L, where it meets the pattern of column j.
			for t := ptr[k+1] - 1; t >= ptr[k] && idx[t] > k; t-- {
				if a := f.at[idx[t]]; a >= 0 {
					v[a] -= v[t] * u
				}
			}
		}
		var p T
		if f.diag[j] >= 0 {
			p = v[f.diag[j]]
		}
		if m := magnitude(p); !(m > smallPivot*big) {
			if big == 0 {
				big = 1 / smallPivot
			}
			p = fromReal[T](smallPivot * big)
		}
		f.inv[j] = fromReal[T](1) / p
		for e := below; e < hi; e++ {
			if int(idx[e]) > j {
				v[e] *= f.inv[j]
			}
		}
		for e := lo; e < hi; e++ {
			f.at[idx[e]] = -1
		}
	}
	return nil
}

// Apply solves with the factors.
func (f *ILU0[T]) Apply(r []T) {
	x, v, idx, ptr := f.x, f.v, f.idx, f.pat.ColPtr
	for i, k := range f.row {
		x[k] = r[i]
	}
	for j := range x {
		y := x[j]
		for t := ptr[j+1] - 1; t >= ptr[j] && int(idx[t]) > j; t-- {
			x[idx[t]] -= v[t] * y
		}
	}
	for j := len(x) - 1; j >= 0; j-- {
		y := x[j] * f.inv[j]
		x[j] = y
		for t := ptr[j]; t < ptr[j+1] && int(idx[t]) < j; t++ {
			x[idx[t]] -= v[t] * y
		}
	}
	copy(r, x)
}

// Jacobi is the diagonal as a preconditioner; zeros on it count as ones.
type Jacobi[T Scalar] struct {
	pat *Pattern
	inv []T
}

// NewJacobi returns the preconditioner for matrices of pattern p.
func NewJacobi[T Scalar](p *Pattern) *Jacobi[T] { return &Jacobi[T]{p, make([]T, p.Cols)} }

// Setup inverts the diagonal.
func (d *Jacobi[T]) Setup(vals []T) error {
	for j := range d.inv {
		d.inv[j] = fromReal[T](1)
		for e := d.pat.ColPtr[j]; e < d.pat.ColPtr[j+1]; e++ {
			if int(d.pat.RowIdx[e]) == j && magnitude(vals[e]) > 0 {
				d.inv[j] = fromReal[T](1) / vals[e]
			}
		}
	}
	return nil
}

// Apply divides by the diagonal.
func (d *Jacobi[T]) Apply(r []T) {
	for i, v := range d.inv {
		r[i] *= v
	}
}
