// Package linsolve solves the linear systems of the integrators: (M - gamma*J) x = b
// with a dense or sparse matrix whose pattern is fixed for a whole run.
//
// In: a Pattern and values in its order. Out: a factorisation that can be
// refreshed with new values and solved for many right-hand sides without
// allocating. A matrix that is singular to working precision is reported as
// ErrSingular, never as Inf in the solution.
//
// The kinds, of which New chooses one by predicted time (choice.go): dense LU, banded LU,
// sparse LU by an index program or by dense fronts with pivots fixed beforehand, and
// left-looking sparse LU that chooses pivots by value, which also stands behind those with
// fixed pivots. All are backward stable row by row: the computed x solves
// (A + E) x = b + f with |e_ij| <= c eps max_k |a_ik| and |f_i| <= c eps |b_i|, where c is a few
// n times the growth of the entries, which is watched. Krylov iterates, with ILU0 or a
// preconditioner of the user, also where only products with the matrix are known.
package linsolve

import "sync/atomic"

// Pattern is the structure of an n-by-m sparse matrix in compressed sparse
// column form: the rows of column j are RowIdx[ColPtr[j]:ColPtr[j+1]], strictly
// increasing. A value array that belongs to it has len(RowIdx) entries in the
// same order. A pattern does not change once it was given to New or NewShifted: it
// remembers what they found out about it.
type Pattern struct {
	Rows, Cols int
	ColPtr     []int32 // len Cols+1
	RowIdx     []int32 // len NNZ

	choice  atomic.Pointer[choice] // for Hints{}
	shifted atomic.Pointer[shift]  // the last one
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
