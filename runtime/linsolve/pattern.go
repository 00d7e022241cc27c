// Package linsolve solves the linear systems of the integrators: (M - gamma*J) x = b
// with a dense or sparse matrix whose pattern is fixed for a whole run.
//
// In: a Pattern and values in its order. Out: a factorisation that can be
// refreshed with new values and solved for many right-hand sides without
// allocating. A matrix that is singular to working precision is reported as
// ErrSingular, never as Inf in the solution.
package linsolve

// Pattern is the structure of an n-by-m sparse matrix in compressed sparse
// column form: the rows of column j are RowIdx[ColPtr[j]:ColPtr[j+1]], strictly
// increasing. A value array that belongs to it has len(RowIdx) entries in the
// same order.
type Pattern struct {
	Rows, Cols int
	ColPtr     []int32 // len Cols+1
	RowIdx     []int32 // len NNZ
}

// NNZ is the number of structural nonzeros.
func (p *Pattern) NNZ() int { return len(p.RowIdx) }

// Dense returns the full n-by-m pattern.
func Dense(n, m int) *Pattern {
	p := &Pattern{Rows: n, Cols: m, ColPtr: make([]int32, m+1), RowIdx: make([]int32, n*m)}
	for j := range m {
		p.ColPtr[j+1] = int32((j + 1) * n)
		for i := range n {
			p.RowIdx[j*n+i] = int32(i)
		}
	}
	return p
}
