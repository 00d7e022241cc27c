// Package sparsity holds the structure of sparse matrices: where the nonzeros are,
// and how few directions it takes to see them all.
//
// In: (row, col) pairs. Out: a Pattern, its transpose, unions, and colourings of its
// columns for compressed differentiation. Everything is deterministic and takes time
// near-linear in what it reads, colourings excepted, whose bound is stated there.
package sparsity

import (
	"fmt"
	"slices"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Pattern is the structure of a Rows-by-Cols matrix in compressed sparse column form:
// the rows of column j are Row[Ptr[j]:Ptr[j+1]], strictly increasing.
type Pattern struct {
	Rows, Cols int
	Ptr        []int32 // len Cols+1
	Row        []int32 // len NNZ
}

// Entry is the place of a nonzero.
type Entry struct{ Row, Col int32 }

// New returns the pattern of the given entries, in any order and with repetitions.
// slot[k] is the position of entries[k] in the order of the pattern. It panics if an
// entry lies outside the matrix.
//
// Two counting sorts, by row and then by column; entries is left alone.
func New(rows, cols int, entries []Entry) (p *Pattern, slot []int32) {
	for _, e := range entries {
		if e.Row < 0 || int(e.Row) >= rows || e.Col < 0 || int(e.Col) >= cols {
			panic(fmt.Sprintf("mtkc: bug: entry (%d, %d) of a %d by %d matrix", e.Row, e.Col, rows, cols))
		}
	}
	byRow := countingSort(rows, len(entries), nil, func(k int32) int32 { return entries[k].Row })
	order := countingSort(cols, len(entries), byRow, func(k int32) int32 { return entries[k].Col })
	p = &Pattern{Rows: rows, Cols: cols, Ptr: make([]int32, cols+1)}
	slot = make([]int32, len(entries))
	last := Entry{-1, -1}
	for _, k := range order {
		if e := entries[k]; e != last {
			p.Row = append(p.Row, e.Row)
			p.Ptr[e.Col+1]++
			last = e
		}
		slot[k] = int32(len(p.Row) - 1)
	}
	for j := range cols {
		p.Ptr[j+1] += p.Ptr[j]
	}
	return p, slot
}

// countingSort orders the numbers 0..n-1, taken in the order of from (nil: as they
// are), by key, which is below keys. Equal keys keep their order.
func countingSort(keys, n int, from []int32, key func(int32) int32) []int32 {
	at := make([]int32, keys+1)
	for k := range int32(n) {
		at[key(k)+1]++
	}
	for i := range keys {
		at[i+1] += at[i]
	}
	out := make([]int32, n)
	for i := range int32(n) {
		k := i
		if from != nil {
			k = from[i]
		}
		out[at[key(k)]] = k
		at[key(k)]++
	}
	return out
}

// NNZ is the number of structural nonzeros.
func (p *Pattern) NNZ() int { return len(p.Row) }

// Column returns the rows of column j. The slice must not be changed.
func (p *Pattern) Column(j int) []int32 { return p.Row[p.Ptr[j]:p.Ptr[j+1]] }

// Find returns the position of entry (i, j), or -1 where the matrix is zero.
func (p *Pattern) Find(i, j int) int {
	k, ok := slices.BinarySearch(p.Column(j), int32(i))
	if !ok {
		return -1
	}
	return int(p.Ptr[j]) + k
}

// Transpose returns the pattern of the transposed matrix; from[k] is the position in
// p of entry k of the result.
func (p *Pattern) Transpose() (t *Pattern, from []int32) {
	t = &Pattern{Rows: p.Cols, Cols: p.Rows, Ptr: make([]int32, p.Rows+1), Row: make([]int32, p.NNZ())}
	for _, i := range p.Row {
		t.Ptr[i+1]++
	}
	for i := range p.Rows {
		t.Ptr[i+1] += t.Ptr[i]
	}
	at := slices.Clone(t.Ptr)
	from = make([]int32, p.NNZ())
	for j := range int32(p.Cols) {
		for k := p.Ptr[j]; k < p.Ptr[j+1]; k++ {
			i := p.Row[k]
			t.Row[at[i]], from[at[i]] = j, k
			at[i]++
		}
	}
	return t, from
}

// Union returns the pattern of all entries of p and q, which must have the same size.
func (p *Pattern) Union(q *Pattern) *Pattern {
	if p.Rows != q.Rows || p.Cols != q.Cols {
		panic("mtkc: bug: union of patterns of different sizes")
	}
	u := &Pattern{Rows: p.Rows, Cols: p.Cols, Ptr: make([]int32, p.Cols+1)}
	for j := range p.Cols {
		a, b := p.Column(j), q.Column(j)
		for len(a) > 0 || len(b) > 0 {
			switch {
			case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
				u.Row = append(u.Row, a[0])
				a = a[1:]
			case len(a) == 0 || b[0] < a[0]:
				u.Row = append(u.Row, b[0])
				b = b[1:]
			default:
				u.Row = append(u.Row, a[0])
				a, b = a[1:], b[1:]
			}
		}
		u.Ptr[j+1] = int32(len(u.Row))
	}
	return u
}

// Linsolve returns the same structure as the runtime knows it. The two share memory.
func (p *Pattern) Linsolve() *linsolve.Pattern {
	return &linsolve.Pattern{Rows: p.Rows, Cols: p.Cols, ColPtr: p.Ptr, RowIdx: p.Row}
}
