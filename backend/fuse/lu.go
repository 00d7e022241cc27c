package fuse

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Linear systems with the matrix J - M/(h gamma) of implicit methods, as straight-line code:
// the entries are values of the kernel, the pivots and the fill are known when the code is
// made (linsolve.FixedPivots). Elimination of J - M/(h gamma) instead of its negative takes the
// entries of J as they are, and with -1/pivot at hand all else is fused multiply-adds:
//
//	l = a_ik (-1/a_kk),  a_ij = a_ij + l a_kj;   A x = -b:  b_i = b_i + l b_k,  x_k = (b_k + sum a_kj x_j) (-1/a_kk).
//
// Nothing is exchanged at run time. The backward error of row i is about eps times the sum of
// the entries that elimination leaves in it over that of the entries that it began with.
// Where that ratio exceeds maxGrowth, or a pivot or an entry is zero or no number, the factors
// are unsound: the step gets the status Pivot.

// maxGrowth is that of package linsolve for pivots that stay fixed: a backward error of 2e-11.
const maxGrowth = 1e5

// lu are factors that are being emitted.
type lu struct {
	e       *emitter
	piv     linsolve.Pivots
	inverse []ref       // -1/pivot
	lower   [][]term    // by column: rows below the pivot, l
	upper   [][]term    // by row: columns behind the pivot inside the block
	beyond  [][]term    // by row: columns of later blocks, entries of the matrix
	unsound backend.Ref // truth value
}

// term is a value at a position.
type term struct {
	at int
	v  ref
}

// fixedPivots are the pivots of J with the diagonal of rows that have mass, and the number of products that
// elimination with them takes, counted up to maxStraight. ok is false where a pivot is no entry: every matrix is singular.
func (c *common) fixedPivots() (piv linsolve.Pivots, products int, ok bool) {
	jac := c.prog.Meta.Jac
	on := make([][]bool, c.n) // by column
	p := &linsolve.Pattern{Rows: c.n, Cols: c.n, ColPtr: []int32{0}}
	for j := range c.n {
		on[j] = make([]bool, c.n)
		on[j][j] = c.mass(j)
		for _, i := range jac.RowIdx[jac.ColPtr[j]:jac.ColPtr[j+1]] {
			on[j][i] = true
		}
		for i, there := range on[j] {
			if there {
				p.RowIdx = append(p.RowIdx, int32(i))
			}
		}
		p.ColPtr = append(p.ColPtr, int32(len(p.RowIdx)))
	}
	piv = linsolve.FixedPivots(p)
	for k, j := range piv.Col {
		if !on[j][piv.Row[k]] {
			return piv, 0, false
		}
	}
	for b := range len(piv.Start) - 1 {
		hi := piv.Start[b+1]
		for k := piv.Start[b]; k < hi && products <= maxStraight; k++ {
			for i := k + 1; i < hi; i++ {
				if !on[piv.Col[k]][piv.Row[i]] {
					continue
				}
				for j := k + 1; j < hi; j++ {
					if on[piv.Col[j]][piv.Row[k]] {
						on[piv.Col[j]][piv.Row[i]] = true
						products++
					}
				}
			}
		}
	}
	return piv, products, true
}

// mass says whether row i has mass.
func (c *common) mass(i int) bool { return c.prog.Meta.Mass == nil || c.prog.Meta.Mass[i] != 0 }

// factor eliminates J - M shift, where jac are the entries of J.
func (e *emitter) factor(piv linsolve.Pivots, jac []ref, shift ref) *lu {
	c := e.c
	n := c.n
	f := &lu{e: e, piv: piv, inverse: make([]ref, n), lower: make([][]term, n), upper: make([][]term, n), beyond: make([][]term, n)}
	rowAt, blockOf := make([]int, n), make([]int, n)
	for k, i := range piv.Row {
		rowAt[i] = k
	}
	for b := range len(piv.Start) - 1 {
		for k := piv.Start[b]; k < piv.Start[b+1]; k++ {
			blockOf[k] = b
		}
	}
	// a[i][j] at positions i, j; None: zero.
	a := make([][]ref, n)
	for i := range a {
		a[i] = make([]ref, n)
		for j := range a[i] {
			a[i][j] = backend.None
		}
	}
	p := c.prog.Meta.Jac
	for k, j := range piv.Col {
		for q := p.ColPtr[j]; q < p.ColPtr[j+1]; q++ {
			a[rowAt[p.RowIdx[q]]][k] = jac[q]
		}
		if i := rowAt[j]; c.mass(int(j)) {
			if a[i][k] == backend.None {
				a[i][k] = e.Number(0)
			}
			a[i][k] = e.sub(a[i][k], shift)
		}
	}
	zero := e.Number(0)
	before := make([]ref, n)
	outside := backend.None // of all entries behind the blocks, zero if they are numbers
	size := func(i, lo, hi int) ref {
		s := backend.None
		for j := lo; j < hi; j++ {
			if v := a[i][j]; v != backend.None {
				if s == backend.None {
					s = e.abs(v)
				} else {
					s = e.add(s, e.abs(v))
				}
			}
		}
		return s
	}
	for b := range len(piv.Start) - 1 {
		lo, hi := int(piv.Start[b]), int(piv.Start[b+1])
		for i := lo; i < hi; i++ {
			before[i] = size(i, lo, hi)
			for j := hi; j < n; j++ {
				if v := a[i][j]; v != backend.None {
					f.beyond[i] = append(f.beyond[i], term{j, v})
					outside = e.chain(outside, v, zero)
				}
			}
		}
		for k := lo; k < hi; k++ {
			f.inverse[k] = e.div(e.Number(-1), a[k][k])
			for j := k + 1; j < hi; j++ {
				if v := a[k][j]; v != backend.None {
					f.upper[k] = append(f.upper[k], term{j, v})
				}
			}
			for i := k + 1; i < hi; i++ {
				if a[i][k] == backend.None {
					continue
				}
				l := e.mul(a[i][k], f.inverse[k])
				f.lower[k] = append(f.lower[k], term{i, l})
				for _, u := range f.upper[k] {
					if a[i][u.at] == backend.None {
						a[i][u.at] = e.mul(l, u.v)
					} else {
						a[i][u.at] = e.fma(l, u.v, a[i][u.at])
					}
				}
			}
		}
	}
	sound := backend.None
	and := func(v ref) {
		if sound == backend.None {
			sound = v
		} else {
			sound = e.and(sound, v)
		}
	}
	for b := range len(piv.Start) - 1 {
		lo, hi := int(piv.Start[b]), int(piv.Start[b+1])
		for i := lo; i < hi; i++ {
			and(e.lt(size(i, lo, hi), e.mul(e.Number(maxGrowth), before[i])))
		}
	}
	if outside != backend.None {
		and(e.eq(outside, zero))
	}
	f.unsound = e.not(sound)
	return f
}

// solve returns x of A x = -b.
func (f *lu) solve(b []ref) []ref {
	e := f.e
	x, y := make([]ref, len(b)), make([]ref, len(b)) // at positions
	for k, i := range f.piv.Row {
		y[k] = b[i]
	}
	for s := len(f.piv.Start) - 2; s >= 0; s-- {
		lo, hi := int(f.piv.Start[s]), int(f.piv.Start[s+1])
		for i := lo; i < hi; i++ {
			for _, t := range f.beyond[i] {
				y[i] = e.fma(t.v, x[t.at], y[i])
			}
		}
		for k := lo; k < hi; k++ {
			for _, t := range f.lower[k] {
				y[t.at] = e.fma(t.v, y[k], y[t.at])
			}
		}
		for k := hi - 1; k >= lo; k-- {
			// The unknown that was solved for last comes last: what is ready sooner is added sooner.
			for q := len(f.upper[k]) - 1; q >= 0; q-- {
				t := f.upper[k][q]
				y[k] = e.fma(t.v, x[t.at], y[k])
			}
			x[k] = e.mul(y[k], f.inverse[k])
		}
	}
	out := make([]ref, len(b))
	for k, j := range f.piv.Col {
		out[j] = x[k]
	}
	return out
}
