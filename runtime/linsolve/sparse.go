package linsolve

import (
	"math"
	"slices"
)

// sparse is LU of a matrix with a fixed pattern:
//
//	block triangular form (btf.go), minimum degree inside each block (order.go),
//	then per block a left-looking elimination with threshold partial pivoting.
//
// The first Factor chooses the pivots: column k of L and U comes from a sparse
// triangular solve whose pattern a depth-first search finds, in time proportional to
// the multiply-adds. Later calls run the recorded sequence with new values (refactor)
// and choose pivots again only where a pivot has become small. They subtract up to
// four columns of equal structure at a time, four products summed before the subtraction.
//
// Gilbert & Peierls, SIAM J. Sci. Stat. Comput. 9(5), 1988; symmetric pruning:
// Eisenstat & Liu, SIAM J. Matrix Anal. Appl. 14(1), 1993; the arrangement with
// BTF: Davis & Palamadai Natarajan, ACM Trans. Math. Softw. 37(3), 2010. Departure:
// rows are scaled by powers of two, and singularity is judged by rounding
// error, not by magnitude.
type sparse[T Scalar] struct {
	pat   *Pattern
	an    *analysis
	n     int
	tol   float64
	ready bool // a pivot sequence exists

	scale []T     // per original row
	rowOf []int32 // original row of a pivot position
	block []int32 // first position of the block of a position

	// L without its unit diagonal and U without its diagonal, by columns, rows
	// ascending. Rows are positions. The columns of F are the entries above the diagonal blocks.
	lp, up, fp []int32
	li, ui, fi []int32
	lx, ux, fx []T
	inv        []T

	// The values of column k of the matrix go to positions dst[cp[k]:cp[k+1]] from
	// src; those of F go from fsrc.
	cp, dst, src, fsrc []int32

	growth float64   // the largest entry met when the pivots were chosen
	super  []int32   // per column, the end of the run of columns of equal structure it is in
	low    []float64 // per column, the ratio of pivot to largest entry below which refactor gives up

	x    []T // all zero between calls
	y    []T
	sing SingularError

	// While pivots are chosen: rows are positions of the analysis until the end.
	nodeOf []int32 // position of an original row in the analysis
	pinv   []int32 // pivot position of an analysis position, or -1
	prune  []int32 // the depth-first search looks at li[lp[k]:prune[k]] only
	mark   []int32
	mag    []float64
	topo   []int32
	path   []int32
	next   []int32

	sortIdx, sortPtr []int32
	sortVal          []T

	stats Stats
}

func newSparse[T Scalar](p *Pattern, an *analysis, h Hints) *sparse[T] {
	n := p.Cols
	s := &sparse[T]{pat: p, an: an, n: n, tol: h.PivotTol}
	if s.tol == 0 {
		s.tol = 0.1
	}
	ints := func(n int) []int32 { return make([]int32, n) }
	s.rowOf, s.block = ints(n), ints(n)
	s.lp, s.up, s.fp, s.cp = ints(n+1), ints(n+1), ints(n+1), ints(n+1)
	s.nodeOf, s.pinv, s.prune, s.mark, s.topo, s.next = ints(n), ints(n), ints(n), ints(n), ints(n), ints(n)
	s.scale, s.inv, s.x, s.y = make([]T, n), make([]T, n), make([]T, n), make([]T, n)
	s.low, s.mag = make([]float64, n), make([]float64, n)
	s.super, s.sortPtr = ints(n), ints(n+1)
	for k, i := range an.Row {
		s.nodeOf[i] = int32(k)
	}
	for b := range len(an.Start) - 1 {
		for k := an.Start[b]; k < an.Start[b+1]; k++ {
			s.block[k] = an.Start[b]
		}
	}
	half := int(an.fill/2) + n
	s.li, s.ui = make([]int32, 0, half), make([]int32, 0, half)
	s.lx, s.ux = make([]T, 0, half), make([]T, 0, half)
	off := 0
	for k, j := range an.Col {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			if s.nodeOf[p.RowIdx[e]] < s.block[k] {
				off++
			}
		}
	}
	s.fi, s.fsrc, s.fx = ints(off), ints(off), make([]T, off)
	s.dst, s.src = ints(p.NNZ()-off), ints(p.NNZ()-off)
	s.stats = Stats{Kind: SparseLU, Sparse: true, Blocks: len(an.Start) - 1}
	return s
}

func (s *sparse[T]) Stats() Stats {
	st := s.stats
	st.NNZ = len(s.li) + len(s.ui) + len(s.fi) + s.n
	return st
}

// Forget makes the next Factor choose pivots, whatever came before.
func (s *sparse[T]) Forget() { s.ready = false }

func (s *sparse[T]) Factor(vals []T) error {
	if !finite(vals) {
		return ErrNotFinite
	}
	s.rescale(vals)
	if s.ready && s.refactor(vals) {
		s.stats.Reused++
		return nil
	}
	s.stats.Pivoted++
	if k := s.pivot(vals); k >= 0 {
		s.ready = false
		s.sing.Col = int(s.an.Col[k])
		return &s.sing
	}
	s.ready = true
	return nil
}

// pivot factorises with a new pivot sequence and returns -1, or the position of
// the column for which there is no pivot.
func (s *sparse[T]) pivot(vals []T) int {
	s.growth = 0
	s.li, s.lx = s.li[:0], s.lx[:0]
	s.ui, s.ux = s.ui[:0], s.ux[:0]
	for k := range s.pinv {
		s.pinv[k], s.mark[k] = -1, -1
	}
	for k := range s.n {
		s.lp[k], s.up[k] = int32(len(s.li)), int32(len(s.ui))
		top := s.reach(k)
		if !s.column(k, top, vals) {
			clear(s.x)
			return k
		}
		s.lp[k+1], s.up[k+1] = int32(len(s.li)), int32(len(s.ui))
		s.trim(k)
	}
	s.settle(vals)
	return -1
}

func (s *sparse[T]) rescale(vals []T) {
	big := s.mag
	clear(big)
	for e, i := range s.pat.RowIdx {
		if m := magnitude(vals[e]); m > big[i] {
			big[i] = m
		}
	}
	for i, m := range big {
		s.scale[i] = fromReal[T](scaleFor(m))
	}
}

// reach finds the rows of column k of L and U: those of the matrix and all that can
// be reached from them through columns of L. topo[top:] lists them, each before the
// rows it has an influence on.
func (s *sparse[T]) reach(k int) (top int) {
	top = s.n
	j := s.an.Col[k]
	b := s.block[k]
	stamp := int32(k)
	for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
		i := s.nodeOf[s.pat.RowIdx[e]]
		if i < b || s.mark[i] == stamp {
			continue
		}
		s.path = append(s.path[:0], i)
		s.mark[i] = stamp
		s.open(i)
		for len(s.path) > 0 {
			i := s.path[len(s.path)-1]
			at, end := s.next[i], int32(0)
			if c := s.pinv[i]; c >= 0 {
				end = s.prune[c]
			} else {
				at = 0
			}
			descend := false
			for at < end {
				r := s.li[at]
				at++
				if s.mark[r] != stamp {
					s.next[i] = at
					s.mark[r] = stamp
					s.path = append(s.path, r)
					s.open(r)
					descend = true
					break
				}
			}
			if !descend {
				s.path = s.path[:len(s.path)-1]
				top--
				s.topo[top] = i
			}
		}
	}
	return top
}

func (s *sparse[T]) open(i int32) {
	if c := s.pinv[i]; c >= 0 {
		s.next[i] = s.lp[c]
	}
}

// column computes column k of L and U on the rows topo[top:] and chooses its pivot.
func (s *sparse[T]) column(k, top int, vals []T) bool {
	x, mag := s.x, s.mag
	for _, i := range s.topo[top:] {
		mag[i] = 0
	}
	j, b := s.an.Col[k], s.block[k]
	for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
		r := s.pat.RowIdx[e]
		if i := s.nodeOf[r]; i >= b {
			v := vals[e] * s.scale[r]
			x[i] = v
			mag[i] = magnitude(v)
		}
	}
	big := 0.0 // the largest entry of the column
	best, piv := 0.0, int32(-1)
	for _, i := range s.topo[top:] {
		c := s.pinv[i]
		if c < 0 {
			if m := magnitude(x[i]); m > best {
				best, piv = m, i
			}
			continue
		}
		u := x[i]
		x[i] = 0
		s.ui = append(s.ui, c)
		s.ux = append(s.ux, u)
		if u == 0 {
			continue
		}
		m := magnitude(u)
		big = max(big, m)
		li := s.li[s.lp[c]:s.lp[c+1]]
		lx := s.lx[s.lp[c]:s.lp[c+1]]
		for t, r := range li {
			x[r] -= lx[t] * u
			mag[r] += magnitude(lx[t]) * m
		}
	}
	// The same test as (*dense).dependent.
	sound := false
	for _, i := range s.topo[top:] {
		if s.pinv[i] < 0 && magnitude(x[i]) > 8*eps*mag[i] {
			sound = true
			break
		}
	}
	if piv < 0 || !sound || math.IsInf(best, 0) {
		return false
	}
	if s.pinv[k] < 0 && s.mark[k] == int32(k) {
		if m := magnitude(x[k]); m >= s.tol*best && m > 8*eps*mag[k] {
			piv = int32(k)
		}
	}
	p := magnitude(x[piv])
	s.growth = max(s.growth, big, best)
	s.low[k] = min(1e-11, 1e-4*p/max(big, best))
	inv := 1 / x[piv]
	s.inv[k] = inv
	for _, i := range s.topo[top:] {
		if s.pinv[i] < 0 && i != piv {
			s.li = append(s.li, i)
			s.lx = append(s.lx, x[i]*inv)
			x[i] = 0
		}
	}
	x[piv] = 0
	s.pinv[piv] = int32(k)
	s.rowOf[k] = s.an.Row[piv]
	s.prune[k] = int32(len(s.li))
	return true
}

// trim prunes the columns of L whose path to later rows now leads through pivot
// row k: where both l(r, j) and u(j, k) are nonzero for the pivot row r of column k,
// the search from column j needs only the rows that are pivots by now.
func (s *sparse[T]) trim(k int) {
	for _, j := range s.ui[s.up[k]:s.up[k+1]] {
		lo, hi := s.lp[j], s.lp[j+1]
		if s.prune[j] != hi {
			continue
		}
		found := false
		for _, r := range s.li[lo:hi] {
			if s.pinv[r] == int32(k) {
				found = true
				break
			}
		}
		if !found {
			continue
		}
		for lo < hi {
			if s.pinv[s.li[lo]] >= 0 {
				lo++
				continue
			}
			hi--
			s.li[lo], s.li[hi] = s.li[hi], s.li[lo]
			s.lx[lo], s.lx[hi] = s.lx[hi], s.lx[lo]
		}
		s.prune[j] = lo
	}
}

// settle renames rows to pivot positions and records where the values of the
// matrix go.
func (s *sparse[T]) settle(vals []T) {
	for t, i := range s.li {
		s.li[t] = s.pinv[i]
	}
	s.sortColumns(s.lp, s.li, s.lx)
	s.sortColumns(s.up, s.ui, s.ux)
	for k := s.n - 1; k >= 0; k-- {
		s.super[k] = int32(k + 1)
		if k+1 == s.n {
			continue
		}
		a, b := s.li[s.lp[k]:s.lp[k+1]], s.li[s.lp[k+1]:s.lp[k+2]]
		if len(a) == len(b)+1 && a[0] == int32(k+1) && slices.Equal(a[1:], b) {
			s.super[k] = s.super[k+1]
		}
	}
	in, off := int32(0), int32(0)
	for k := range s.n {
		j := s.an.Col[k]
		s.cp[k], s.fp[k] = in, off
		for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
			r := s.pat.RowIdx[e]
			i := s.nodeOf[r]
			if i >= s.block[k] {
				s.dst[in], s.src[in] = s.pinv[i], e
				in++
			} else {
				s.fi[off], s.fsrc[off] = s.pinv[i], e
				s.fx[off] = vals[e] * s.scale[r]
				off++
			}
		}
	}
	s.cp[s.n], s.fp[s.n] = in, off
}

// sortColumns sorts the rows of each column, by transposing twice.
func (s *sparse[T]) sortColumns(ptr, idx []int32, val []T) {
	n, nnz := s.n, len(idx)
	if cap(s.sortIdx) < nnz {
		s.sortIdx, s.sortVal = make([]int32, nnz, cap(idx)), make([]T, nnz, cap(idx))
	}
	cols, vals := s.sortIdx[:nnz], s.sortVal[:nnz]
	row := s.sortPtr[:n+1]
	clear(row)
	for _, i := range idx {
		row[i+1]++
	}
	for i := range n {
		row[i+1] += row[i]
	}
	at := s.next
	copy(at, row[:n])
	for k := range n {
		for t := ptr[k]; t < ptr[k+1]; t++ {
			p := at[idx[t]]
			at[idx[t]]++
			cols[p], vals[p] = int32(k), val[t]
		}
	}
	copy(at, ptr[:n])
	for i := range n {
		for p := row[i]; p < row[i+1]; p++ {
			k := cols[p]
			idx[at[k]], val[at[k]] = int32(i), vals[p]
			at[k]++
		}
	}
}

// refactor computes L and U for new values with the pivots as they are. It
// reports false where a pivot is too small beside its column: then nothing is
// lost but the time.
func (s *sparse[T]) refactor(vals []T) bool {
	x, scale, rowOf := s.x, s.scale, s.rowOf
	lp, li, lx := s.lp, s.li, s.lx[:len(s.li)]
	up, ui, ux := s.up, s.ui, s.ux[:len(s.ui)]
	cp, src, dst := s.cp, s.src, s.dst[:len(s.src)]
	super := s.super
	// A pivot may be this much smaller beside its column than when it was chosen.
	tol := s.tol / 10
	// The scaled entries are near 1, so large ones are growth that costs digits.
	limit := 64 * max(1, s.growth)
	for k := range s.n {
		for t := cp[k]; t < cp[k+1]; t++ {
			d := dst[t]
			x[d] = vals[src[t]] * scale[rowOf[d]]
		}
		big := 0.0
		for t := up[k]; t < up[k+1]; {
			j := ui[t]
			// The rest of the run of columns j is in is in column k of U as well.
			run := min(super[j], int32(k)) - j
			switch {
			case run >= 4:
				big = max(big, s.sweep4(j, ux[t:]))
				t += 4
			case run >= 2:
				big = max(big, s.sweep2(j, ux[t:]))
				t += 2
			default:
				u := x[j]
				x[j] = 0
				ux[t] = u
				t++
				if u == 0 {
					continue
				}
				big = max(big, magnitude(u))
				lo, hi := lp[j], lp[j+1]
				rows := li[lo:hi]
				mult := lx[lo:hi][:len(rows)]
				for q, r := range rows {
					x[r] -= mult[q] * u
				}
			}
		}
		p := x[k]
		m := magnitude(p)
		x[k] = 0
		inv := 1 / p
		s.inv[k] = inv
		best := m
		for q, end := lp[k], lp[k+1]; q < end; q++ {
			r := li[q]
			v := x[r]
			best = max(best, magnitude(v))
			lx[q] = v * inv
			x[r] = 0
		}
		big = max(big, best)
		if !(m > 0 && m >= tol*best && m >= s.low[k]*big && big <= limit) {
			return false
		}
	}
	for t, i := range s.fi {
		s.fx[t] = vals[s.fsrc[t]] * s.scale[s.rowOf[i]]
	}
	return true
}

// sweep2 eliminates with the columns j and j+1, which have equal rows below: it
// takes their entries of U out of x, stores them in u, subtracts both columns in one
// pass and returns the larger entry.
func (s *sparse[T]) sweep2(j int32, u []T) float64 {
	x := s.x
	a, b := s.lp[j], s.lp[j+1]
	u0 := x[j]
	u1 := x[j+1] - s.lx[a]*u0
	x[j], x[j+1] = 0, 0
	u[0], u[1] = u0, u1
	if u0 == 0 && u1 == 0 {
		return 0
	}
	rows := s.li[b:s.lp[j+2]]
	l0, l1 := s.lx[a+1:][:len(rows)], s.lx[b:][:len(rows)]
	for q, r := range rows {
		x[r] -= l0[q]*u0 + l1[q]*u1
	}
	return max(magnitude(u0), magnitude(u1))
}

// sweep4 is sweep2 for four columns.
func (s *sparse[T]) sweep4(j int32, u []T) float64 {
	x, lx := s.x, s.lx
	a, b, c, d := s.lp[j], s.lp[j+1], s.lp[j+2], s.lp[j+3]
	u0 := x[j]
	u1 := x[j+1] - lx[a]*u0
	u2 := x[j+2] - lx[a+1]*u0 - lx[b]*u1
	u3 := x[j+3] - lx[a+2]*u0 - lx[b+1]*u1 - lx[c]*u2
	x[j], x[j+1], x[j+2], x[j+3] = 0, 0, 0, 0
	u[0], u[1], u[2], u[3] = u0, u1, u2, u3
	if u0 == 0 && u1 == 0 && u2 == 0 && u3 == 0 {
		return 0
	}
	rows := s.li[d:s.lp[j+4]]
	l0, l1, l2, l3 := lx[a+3:][:len(rows)], lx[b+2:][:len(rows)], lx[c+1:][:len(rows)], lx[d:][:len(rows)]
	for q, r := range rows {
		x[r] -= l0[q]*u0 + l1[q]*u1 + l2[q]*u2 + l3[q]*u3
	}
	return max(magnitude(u0), magnitude(u1), magnitude(u2), magnitude(u3))
}

func (s *sparse[T]) Solve(b []T) {
	b = b[:s.n]
	y, scale := s.y[:s.n], s.scale
	for k, r := range s.rowOf[:len(y)] {
		y[k] = b[r] * scale[r]
	}
	start := s.an.Start
	for c := len(start) - 2; c >= 0; c-- {
		lo, hi := int(start[c]), int(start[c+1])
		if hi-lo > 1 {
			s.forward(y, lo, hi)
		}
		s.backward(y, lo, hi)
	}
	for k, j := range s.an.Col[:len(y)] {
		b[j] = y[k]
	}
}

// forward solves with L on positions lo..hi-1.
func (s *sparse[T]) forward(y []T, lo, hi int) {
	li, lx := s.li, s.lx[:len(s.li)]
	at := s.lp[lo]
	for k, end := range s.lp[lo+1 : hi+1] {
		if v := y[lo+k]; v != 0 {
			for ; at < end; at++ {
				y[li[at]] -= lx[at] * v
			}
		}
		at = end
	}
}

// backward solves with U on positions lo..hi-1 and moves what the columns have
// above their block to the right-hand side.
func (s *sparse[T]) backward(y []T, lo, hi int) {
	ui, ux := s.ui, s.ux[:len(s.ui)]
	fi, fx := s.fi, s.fx[:len(s.fi)]
	up, fp := s.up[:hi+1], s.fp[:hi+1]
	inv := s.inv[:hi]
	for k := hi - 1; k >= lo; k-- {
		v := y[k] * inv[k]
		y[k] = v
		if v == 0 {
			continue
		}
		for t, end := up[k], up[k+1]; t < end; t++ {
			y[ui[t]] -= ux[t] * v
		}
		for t, end := fp[k], fp[k+1]; t < end; t++ {
			y[fi[t]] -= fx[t] * v
		}
	}
}
