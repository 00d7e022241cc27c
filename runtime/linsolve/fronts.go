package linsolve

import "slices"

// fronts is the plan of a multifrontal elimination with fixed pivots: groups of unknowns
// with equal structure (supernodes) are eliminated together in a dense matrix, the front,
// that holds their rows and columns; what remains of it is added to the front of the
// parent in the elimination tree. The structure is that of the matrix and its transpose
// together. It holds no numbers.
//
// Duff, Reid, ACM Trans. Math. Softw. 9(3), 1983; Liu, SIAM J. Matrix Anal. Appl. 11(1),
// 1990, for the tree; supernodes are joined where that adds few zeros: Ashcraft, Grimes,
// ACM Trans. Math. Softw. 15(4), 1989. Departure: pivots are the diagonal entries.
type fronts struct {
	n        int
	row, col []int32 // of the matrix, at each position
	start    []int32 // of the blocks of the block triangular form
	block    []int32 // first front of each block
	first    []int32 // first position of each front
	rows     []int32 // rows below the pivots of each front, ascending
	rp       []int32 // those of front s are rows[rp[s]:rp[s+1]]
	rel      []int32 // and their places in the front of the parent
	kids     []int32 // fronts to add to each front
	kp       []int32
	lx, ux   []int // where the numbers of each front begin: pivot columns, pivot rows
	ws       []int // and those of its workspace
	space    int   // entries of workspace
	widest   int   // rows of the largest front, padded
	// Values of the matrix: src[sp[s]:sl[s]] go to dst among the pivot columns of front s,
	// src[sl[s]:sp[s+1]] to dst in the workspace.
	sp, sl   []int32
	src      []int32
	dst      []int
	at       []int32 // position of the row of each value
	fp       []int32 // entries above the diagonal blocks, by columns: value and row
	fe, fi   []int32
	products float64
}

// leading is the leading dimension of a front of w pivots and m further rows.
func leading(w, m int) int { return padded(w+m, panel) }

func newFronts(p *Pattern, bl blocks) *fronts {
	n := p.Cols
	f := &fronts{n: n, row: slices.Clone(bl.Row), col: slices.Clone(bl.Col), start: bl.Start}
	rowAt := make([]int32, n)
	for k, i := range f.row {
		rowAt[i] = int32(k)
	}
	f.block = append(f.block, 0)
	f.rp = append(f.rp, 0)
	for b := range len(f.start) - 1 {
		f.plan(p, rowAt, f.start[b], f.start[b+1])
		f.block = append(f.block, int32(len(f.first)))
	}
	f.first = append(f.first, int32(n))
	f.relate()
	f.place(p)
	return f
}

// plan makes the fronts of the block of positions lo..hi-1, which it puts in postorder.
func (f *fronts) plan(p *Pattern, rowAt []int32, lo, hi int32) {
	n := int(hi - lo)
	ptr, adj := symmetrised(p, blocks{Row: f.row, Col: f.col}, rowAt, lo, hi)
	parent := eliminationTree(ptr, adj)
	count := columnCounts(ptr, adj, parent)
	order := postorder(parent, count)
	// Everything in the new order.
	at := make([]int32, n)
	row, col := make([]int32, n), make([]int32, n)
	for k, v := range order {
		at[v] = int32(k)
		row[k], col[k] = f.row[lo+v], f.col[lo+v]
	}
	copy(f.row[lo:], row)
	copy(f.col[lo:], col)
	for k := lo; k < hi; k++ {
		rowAt[f.row[k]] = k
	}
	up, below := make([]int32, n), make([]int32, n)
	for k, v := range order {
		up[k] = -1
		if parent[v] >= 0 {
			up[k] = at[parent[v]]
		}
		below[k] = count[v]
	}
	bounds := supernodes(up, below)
	base := len(f.first)
	node := make([]int32, n) // front of a position
	for s := range len(bounds) - 1 {
		for k := bounds[s]; k < bounds[s+1]; k++ {
			node[k] = int32(base + s)
		}
	}
	// The rows of each front: those of the matrix and of the fronts below it.
	kids := make([][]int32, len(bounds)-1)
	mark := make([]int32, n)
	for s := range len(bounds) - 1 {
		end := bounds[s+1]
		stamp := int32(s + 1)
		from := len(f.rows)
		add := func(i int32) {
			if i >= end && mark[i] != stamp {
				mark[i] = stamp
				f.rows = append(f.rows, lo+i)
			}
		}
		for k := bounds[s]; k < end; k++ {
			for _, v := range adj[ptr[order[k]]:ptr[order[k]+1]] {
				add(at[v])
			}
		}
		for _, c := range kids[s] {
			for _, i := range f.rows[f.rp[c]:f.rp[c+1]] {
				add(i - lo)
			}
		}
		slices.Sort(f.rows[from:])
		f.first = append(f.first, lo+bounds[s])
		f.rp = append(f.rp, int32(len(f.rows)))
		if len(f.rows) > from {
			q := int(node[f.rows[from]-lo]) - base
			kids[q] = append(kids[q], int32(base+s))
		}
	}
	for _, list := range kids {
		f.kp = append(f.kp, int32(len(f.kids)))
		f.kids = append(f.kids, list...)
	}
}

// eliminationTree returns the parent of each column, -1 for roots.
func eliminationTree(ptr, adj []int32) []int32 {
	n := len(ptr) - 1
	parent, above := make([]int32, n), make([]int32, n)
	for i := range int32(n) {
		parent[i], above[i] = -1, -1
		for _, r := range adj[ptr[i]:ptr[i+1]] {
			if r >= i {
				continue
			}
			for above[r] >= 0 && above[r] != i {
				next := above[r]
				above[r] = i
				r = next
			}
			if above[r] < 0 {
				above[r], parent[r] = i, i
			}
		}
	}
	return parent
}

// columnCounts returns the number of entries of L below the diagonal of each column.
func columnCounts(ptr, adj, parent []int32) []int32 {
	n := len(parent)
	count, mark := make([]int32, n), make([]int32, n)
	for i := range int32(n) {
		mark[i] = i
		for _, r := range adj[ptr[i]:ptr[i+1]] {
			if r >= i {
				continue
			}
			for ; mark[r] != i; r = parent[r] {
				mark[r] = i
				count[r]++
			}
		}
	}
	return count
}

// postorder lists the nodes of a forest, children before parents, the child of the
// largest count last.
func postorder(parent, count []int32) []int32 {
	n := int32(len(parent))
	child, sibling := make([]int32, n), make([]int32, n)
	for i := range child {
		child[i] = -1
	}
	roots := int32(-1)
	large := make([]int32, n)
	for i := range large {
		large[i] = -1
	}
	for v := n - 1; v >= 0; v-- {
		q, v := parent[v], v
		if q < 0 {
			sibling[v], roots = roots, v
			continue
		}
		if l := large[q]; l < 0 || count[v] > count[l] {
			large[q], v = v, l
		}
		if v >= 0 {
			sibling[v], child[q] = child[q], v
		}
	}
	order := make([]int32, 0, n)
	var path []int32
	for root := roots; root >= 0; root = sibling[root] {
		path = append(path[:0], root)
		for len(path) > 0 {
			v := path[len(path)-1]
			if c := child[v]; c >= 0 {
				child[v] = sibling[c]
				path = append(path, c)
			} else if c := large[v]; c >= 0 {
				large[v] = -1
				path = append(path, c)
			} else {
				path = path[:len(path)-1]
				order = append(order, v)
			}
		}
	}
	return order
}

// supernodes groups the columns of a forest in postorder and returns where the groups
// begin: columns of equal structure, and a group with the one behind it where that is
// its parent and the zeros stored are few.
func supernodes(parent, count []int32) []int32 {
	n := int32(len(parent))
	type group struct {
		first, w, m int32
		zeros       float64
	}
	var g []group
	for k := int32(0); k < n; {
		e := k + 1
		for e < n && parent[e-1] == e && count[e-1] == count[e]+1 {
			e++
		}
		t := group{k, e - k, count[e-1], 0}
		// The last groups, as long as this one is their parent.
		for len(g) > 0 {
			c := g[len(g)-1]
			if q := parent[t.first-1]; q < t.first || q >= e {
				break
			}
			w, m := float64(c.w+t.w), float64(t.m)
			zeros := c.zeros + t.zeros + float64(c.w)*(float64(t.w)+m-float64(c.m))
			part := zeros / (w*(w+1)/2 + w*m)
			if !(w <= 4 && part < 0.8 || w <= 16 && part < 0.3 || w <= 48 && part < 0.1 || part < 0.05) {
				break
			}
			t = group{c.first, c.w + t.w, t.m, zeros}
			g = g[:len(g)-1]
		}
		g = append(g, t)
		k = e
	}
	bounds := make([]int32, 0, len(g)+1)
	for _, t := range g {
		bounds = append(bounds, t.first)
	}
	return append(bounds, n)
}

// size returns the number of pivots of front s and of its further rows.
func (f *fronts) size(s int) (w, m int) {
	return int(f.first[s+1] - f.first[s]), int(f.rp[s+1] - f.rp[s])
}

// relate finds the places of the rows of each front in its parent, and puts fronts and
// workspace in memory: the workspace of a front is free once it is added to its parent.
func (f *fronts) relate() {
	ns := len(f.first) - 1
	f.kp = append(f.kp, int32(len(f.kids)))
	f.rel = make([]int32, len(f.rows))
	f.lx, f.ux, f.ws = make([]int, ns+1), make([]int, ns+1), make([]int, ns)
	place := make([]int32, f.n)
	type hole struct{ at, size int }
	var free []hole
	for s := range ns {
		w, m := f.size(s)
		ld := leading(w, m)
		f.widest = max(f.widest, ld)
		f.lx[s+1] = f.lx[s] + ld*w
		f.ux[s+1] = f.ux[s] + padded(w, panel)*padded(m, panel)
		for t := range w {
			place[int(f.first[s])+t] = int32(t)
		}
		for t, i := range f.rows[f.rp[s]:f.rp[s+1]] {
			place[i] = int32(w + t)
		}
		for _, c := range f.kids[f.kp[s]:f.kp[s+1]] {
			for t := f.rp[c]; t < f.rp[c+1]; t++ {
				f.rel[t] = place[f.rows[t]]
			}
		}
		r := float64(m)
		for t := range w {
			f.products += (r + float64(t)) * (r + float64(t))
		}
		if need := ld * m; need > 0 {
			// First fit.
			at := -1
			for h := range free {
				if free[h].size >= need {
					at = free[h].at
					free[h].at += need
					free[h].size -= need
					if free[h].size == 0 {
						free = slices.Delete(free, h, h+1)
					}
					break
				}
			}
			if at < 0 {
				at = f.space
				if k := len(free) - 1; k >= 0 && free[k].at+free[k].size == f.space {
					at = free[k].at
					free = free[:k]
				}
				f.space = at + need
			}
			f.ws[s] = at
		}
		for _, c := range f.kids[f.kp[s]:f.kp[s+1]] {
			cw, cm := f.size(int(c))
			back := hole{f.ws[c], leading(cw, cm) * cm}
			h, _ := slices.BinarySearchFunc(free, back.at, func(h hole, at int) int { return h.at - at })
			free = slices.Insert(free, h, back)
			if h+1 < len(free) && free[h].at+free[h].size == free[h+1].at {
				free[h].size += free[h+1].size
				free = slices.Delete(free, h+1, h+2)
			}
			if h > 0 && free[h-1].at+free[h-1].size == free[h].at {
				free[h-1].size += free[h].size
				free = slices.Delete(free, h, h+1)
			}
		}
	}
}

// place finds where the values of the matrix go.
func (f *fronts) place(p *Pattern) {
	n, ns := f.n, len(f.first)-1
	rowAt, node, lowest := make([]int32, n), make([]int32, n), make([]int32, n)
	for k, i := range f.row {
		rowAt[i] = int32(k)
	}
	for s := range ns {
		for k := f.first[s]; k < f.first[s+1]; k++ {
			node[k] = int32(s)
		}
	}
	for b := range len(f.start) - 1 {
		for k := f.start[b]; k < f.start[b+1]; k++ {
			lowest[k] = f.start[b]
		}
	}
	f.at = make([]int32, p.NNZ())
	f.fp = make([]int32, n+1)
	// By fronts: count, then fill; those of the pivot columns first.
	f.sp, f.sl = make([]int32, ns+1), make([]int32, ns)
	inL := make([]int32, ns)
	each := func(do func(e, i, k int32)) {
		for k, j := range f.col {
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				do(e, rowAt[p.RowIdx[e]], int32(k))
			}
		}
	}
	each(func(e, i, k int32) {
		f.at[e] = i
		switch {
		case i < lowest[k]:
			f.fe, f.fi = append(f.fe, e), append(f.fi, i)
			f.fp[k+1]++
		case node[k] <= node[i]: // column k is a pivot column of the front
			inL[node[k]]++
		default:
			f.sp[node[i]+1]++
		}
	})
	for k := range n {
		f.fp[k+1] += f.fp[k]
	}
	for s := range ns {
		f.sp[s+1] += f.sp[s] + inL[s]
		f.sl[s] = f.sp[s] + inL[s]
	}
	f.src, f.dst = make([]int32, f.sp[ns]), make([]int, f.sp[ns])
	nextL, nextW := slices.Clone(f.sp[:ns]), slices.Clone(f.sl)
	// The place of row i in front s.
	find := func(s, i int32) int {
		if i < f.first[s+1] {
			return int(i - f.first[s])
		}
		t, _ := slices.BinarySearch(f.rows[f.rp[s]:f.rp[s+1]], i)
		return int(f.first[s+1]-f.first[s]) + t
	}
	each(func(e, i, k int32) {
		switch {
		case i < lowest[k]:
		case node[k] <= node[i]:
			s := node[k]
			w, m := f.size(int(s))
			t := nextL[s]
			nextL[s]++
			f.src[t] = e
			f.dst[t] = f.lx[s] + find(s, k)*leading(w, m) + find(s, i)
		default:
			s := node[i]
			w, m := f.size(int(s))
			t := nextW[s]
			nextW[s]++
			f.src[t] = e
			f.dst[t] = f.ws[s] + (find(s, k)-w)*leading(w, m) + find(s, i)
		}
	})
}

// entries is the number of entries stored, zeros included.
func (f *fronts) entries() int {
	ns := len(f.lx) - 1
	return f.lx[ns] + f.ux[ns] + len(f.fe)
}
