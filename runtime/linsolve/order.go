package linsolve

import "math"

// analysis is what the pattern alone says about a sparse factorisation: the
// block triangular form with a fill-reducing order inside each block, and the work
// that elimination on the diagonal would take.
type analysis struct {
	blocks
	fill  float64 // predicted entries of L and U inside the blocks
	flops float64 // predicted multiply-adds
}

// analyse computes the block triangular form of p and orders each diagonal block
// B by minimum degree on B + B^T.
func analyse(p *Pattern) *analysis {
	an := &analysis{blocks: triangularise(p)}
	n := p.Cols
	nodeOf := make([]int32, n) // position of an original row
	for k, i := range an.Row {
		nodeOf[i] = int32(k)
	}
	row, col := make([]int32, n), make([]int32, n)
	copy(row, an.Row)
	copy(col, an.Col)
	for b := range len(an.Start) - 1 {
		lo, hi := an.Start[b], an.Start[b+1]
		if hi-lo == 1 {
			an.fill++
			continue
		}
		ptr, adj := symmetrised(p, an.blocks, nodeOf, lo, hi)
		order, fill, flops := minimumDegree(ptr, adj)
		an.fill += fill
		an.flops += flops
		for k, v := range order {
			an.Row[lo+int32(k)] = row[lo+v]
			an.Col[lo+int32(k)] = col[lo+v]
		}
	}
	return an
}

// symmetrised returns the graph of B + B^T without loops for the diagonal block
// of positions lo..hi-1, numbered from 0.
func symmetrised(p *Pattern, bl blocks, nodeOf []int32, lo, hi int32) (ptr, adj []int32) {
	n := hi - lo
	// The transpose by counting, with rows in order, then a merge of the two lists.
	tptr := make([]int32, n+1)
	each := func(do func(i, k int32)) {
		for k := lo; k < hi; k++ {
			j := bl.Col[k]
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				if i := nodeOf[p.RowIdx[e]]; i >= lo && i != k {
					do(i-lo, k-lo)
				}
			}
		}
	}
	each(func(i, k int32) { tptr[i+1]++ })
	for i := range n {
		tptr[i+1] += tptr[i]
	}
	tadj := make([]int32, tptr[n])
	fillp := append([]int32(nil), tptr[:n]...)
	each(func(i, k int32) { tadj[fillp[i]] = k; fillp[i]++ })

	ptr = make([]int32, n+1)
	adj = make([]int32, 0, 2*len(tadj))
	mark := make([]int32, n)
	for k := range n {
		stamp := k + 1
		j := bl.Col[lo+k]
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			if i := nodeOf[p.RowIdx[e]] - lo; i >= 0 && i != k && mark[i] != stamp {
				mark[i] = stamp
				adj = append(adj, i)
			}
		}
		for _, i := range tadj[tptr[k]:tptr[k+1]] {
			if mark[i] != stamp {
				mark[i] = stamp
				adj = append(adj, i)
			}
		}
		ptr[k+1] = int32(len(adj))
	}
	return ptr, adj
}

// minimumDegree orders a symmetric graph (no loops, no duplicates) so that
// elimination in that order creates little fill. It returns the order and upper
// bounds for the entries of L and U together and for the multiply-adds.
//
// The quotient graph with approximate external degrees, element absorption (also
// aggressive), mass elimination and merging of indistinguishable variables:
// Amestoy, Davis, Duff, SIAM J. Matrix Anal. Appl. 17(4), 1996. Elements keep
// their variable lists in memory of their own instead of the paper's in-place
// storage with compaction. Nodes of more than 10 sqrt(n) neighbours are left to the end.
func minimumDegree(ptr, adj []int32) (order []int32, fill, flops float64) {
	q := newQuotient(ptr, adj)
	for q.left > 0 {
		q.eliminate(q.pick())
	}
	return q.sequence(), q.fill, q.flops
}

// quotient is the state of the elimination. A node is a variable (weight > 0), an
// element (a variable that was eliminated), or absorbed into another node.
type quotient struct {
	n      int
	adj    []int32 // per variable: its elements, then its variables
	start  []int32
	elems  []int32 // number of elements at the front of the list
	length []int32
	vars   [][]int32 // per element: its variables
	weight []int32   // variables merged into one; 0: absorbed or an element; negative: in the current front
	degree []int32   // approximate external degree; for an element, the weight of its variables
	alive  []bool    // elements
	outer  []int32   // weight of an element outside the current front, plus base
	base   int32
	left   int // weight not eliminated yet

	head, next, prev []int32 // variables by degree, doubly linked
	minDeg           int32

	bucket []int32 // variables by hash, linked through chain
	chain  []int32
	hash   []int32
	mark   []int32
	stamp  int32

	pivots []int32
	parent []int32 // of an element, the one that absorbed it, or -1
	last   []int32 // absorbed nodes as lists: follow to the end of the list of a node
	follow []int32
	tail   []int32 // dense nodes

	front []int32
	arena []int32

	fill, flops float64
}

func newQuotient(ptr, adj []int32) *quotient {
	n := len(ptr) - 1
	q := &quotient{n: n, left: n, adj: append([]int32(nil), adj...), base: 1}
	ints := func() []int32 { return make([]int32, n) }
	q.start, q.elems, q.length = ints(), ints(), ints()
	q.weight, q.degree, q.outer = ints(), ints(), ints()
	q.next, q.prev, q.bucket, q.chain, q.hash = ints(), ints(), ints(), ints(), ints()
	q.mark, q.last, q.follow, q.parent = ints(), ints(), ints(), ints()
	q.head = make([]int32, n+1)
	q.alive = make([]bool, n)
	q.vars = make([][]int32, n)
	for i := range q.head {
		q.head[i] = -1
	}
	crowded := int32(max(16, 10*math.Sqrt(float64(n))))
	for i := range n {
		q.start[i] = ptr[i]
		q.length[i] = ptr[i+1] - ptr[i]
		q.weight[i] = 1
		q.degree[i] = q.length[i]
		q.bucket[i], q.follow[i], q.parent[i] = -1, -1, -1
		q.last[i] = int32(i)
	}
	for i := range n {
		if q.length[i] > crowded {
			q.weight[i] = 0
			q.left--
			q.tail = append(q.tail, int32(i))
		}
	}
	for i := n - 1; i >= 0; i-- { // so that equal degrees come out by index
		if q.weight[i] > 0 {
			q.enlist(int32(i))
		}
	}
	d := float64(len(q.tail))
	q.fill = d * d
	q.flops = d * d * d / 3
	return q
}

func (q *quotient) enlist(i int32) {
	d := q.degree[i]
	q.next[i], q.prev[i] = q.head[d], -1
	if q.head[d] >= 0 {
		q.prev[q.head[d]] = i
	}
	q.head[d] = i
	q.minDeg = min(q.minDeg, d)
}

func (q *quotient) delist(i int32) {
	if q.prev[i] >= 0 {
		q.next[q.prev[i]] = q.next[i]
	} else {
		q.head[q.degree[i]] = q.next[i]
	}
	if q.next[i] >= 0 {
		q.prev[q.next[i]] = q.prev[i]
	}
}

func (q *quotient) pick() int32 {
	for q.head[q.minDeg] < 0 {
		q.minDeg++
	}
	i := q.head[q.minDeg]
	q.delist(i)
	return i
}

// absorb appends the list of node j to that of node i.
func (q *quotient) absorb(i, j int32) {
	q.follow[q.last[i]] = j
	q.last[i] = q.last[j]
}

// kill notes that element e is part of element me from now on.
func (q *quotient) kill(e, me int32) {
	q.alive[e] = false
	q.vars[e] = nil
	q.parent[e] = me
}

func (q *quotient) eliminate(me int32) {
	w := q.weight[me]
	q.left -= int(w)
	q.weight[me] = 0
	size := q.gather(me)
	q.measure()
	w, size = q.update(me, w, size)
	q.merge()
	q.finish(me, size)

	q.pivots = append(q.pivots, me)
	f, r := float64(w), float64(size)+float64(len(q.tail))
	q.fill += f*f + 2*f*r
	// The sum over s = 0..f-1 of (r+s)^2 + (r+s).
	q.flops += f*r*r + r*f*(f-1) + (f-1)*f*(2*f-1)/6 + f*r + f*(f-1)/2
}

// gather forms the element me: the variables adjacent to it, directly or through
// elements, which it absorbs. Members of the front have negative weight.
func (q *quotient) gather(me int32) (size int32) {
	q.front = q.front[:0]
	add := func(j int32) {
		if w := q.weight[j]; w > 0 {
			q.delist(j)
			size += w
			q.weight[j] = -w
			q.front = append(q.front, j)
		}
	}
	s := q.start[me]
	list := q.adj[s : s+q.length[me]]
	for _, e := range list[:q.elems[me]] {
		if q.alive[e] {
			for _, j := range q.vars[e] {
				add(j)
			}
			q.kill(e, me)
		}
	}
	for _, j := range list[q.elems[me]:] {
		add(j)
	}
	q.alive[me] = true
	q.degree[me] = size
	return size
}

// measure sets outer[e]-base to the weight of e outside the front, for every
// element e next to the front.
func (q *quotient) measure() {
	if q.base > math.MaxInt32-2*int32(q.n)-2 {
		clear(q.outer)
		q.base = 1
	}
	q.base += int32(q.n) + 1
	for _, i := range q.front {
		w := -q.weight[i]
		s := q.start[i]
		for _, e := range q.adj[s : s+q.elems[i]] {
			if !q.alive[e] {
				continue
			}
			if q.outer[e] < q.base {
				q.outer[e] = q.base + q.degree[e]
			}
			q.outer[e] -= w
		}
	}
}

// update computes the degrees of the front without the front itself, drops what
// is dead from its lists, eliminates with me what is adjacent to nothing else, and
// hashes the rest.
func (q *quotient) update(me, w, size int32) (int32, int32) {
	keep := q.front[:0]
	for _, i := range q.front {
		s := q.start[i]
		list := q.adj[s : s+q.length[i]]
		ne := q.elems[i]
		deg, sum := int32(0), uint32(0)
		put := 0
		for _, e := range list[:ne] {
			if !q.alive[e] {
				continue
			}
			out := q.outer[e] - q.base
			if out == 0 { // all of e is in the front: me covers it
				q.kill(e, me)
				continue
			}
			deg += out
			sum += uint32(e)
			list[put] = e
			put++
		}
		nElem := put
		// Either an element of this list was absorbed by me, or me stands among the
		// variables: there is room for me in the list. It goes to the front of the
		// elements, the element that was there behind them, and the variable that was
		// there to the end.
		first := true
		var spare int32
		for _, j := range list[ne:] {
			if q.weight[j] <= 0 {
				continue
			}
			deg += q.weight[j]
			sum += uint32(j)
			if first && put == nElem {
				spare = j
				first = false
				continue
			}
			list[put+1] = j
			put++
		}
		if nElem == 0 && first {
			// Adjacent to the front alone.
			v := -q.weight[i]
			size -= v
			w += v
			q.left -= int(v)
			q.weight[i] = 0
			q.absorb(me, i)
			continue
		}
		q.elems[i] = int32(nElem) + 1
		n := put + 1
		if !first {
			list[n] = spare
			n++
		}
		if nElem > 0 {
			list[nElem] = list[0]
		}
		list[0] = me
		q.length[i] = int32(n)
		q.degree[i] = min(q.degree[i], deg)
		q.hash[i] = int32((sum + uint32(me)) % uint32(q.n))
		keep = append(keep, i)
	}
	q.front = keep
	return w, size
}

// merge joins variables of the front with equal lists.
func (q *quotient) merge() {
	for _, i := range q.front {
		h := q.hash[i]
		q.chain[i] = q.bucket[h]
		q.bucket[h] = i
	}
	for _, i := range q.front {
		h := q.hash[i]
		first := q.bucket[h]
		q.bucket[h] = -1
		for a := first; a >= 0 && q.chain[a] >= 0; a = q.chain[a] {
			if q.weight[a] == 0 {
				continue
			}
			q.stamp++
			sa := q.start[a]
			for _, x := range q.adj[sa : sa+q.length[a]] {
				q.mark[x] = q.stamp
			}
			before := a
			for b := q.chain[a]; b >= 0; b = q.chain[b] {
				if q.same(a, b) {
					q.weight[a] += q.weight[b]
					q.weight[b] = 0
					q.absorb(a, b)
					q.chain[before] = q.chain[b]
				} else {
					before = b
				}
			}
		}
	}
}

// same reports whether b has the list of a, whose members are marked.
func (q *quotient) same(a, b int32) bool {
	if q.length[a] != q.length[b] || q.elems[a] != q.elems[b] {
		return false
	}
	s := q.start[b]
	for _, x := range q.adj[s : s+q.length[b]] {
		if q.mark[x] != q.stamp {
			return false
		}
	}
	return true
}

// finish gives the element its variables and puts these back on the degree lists.
func (q *quotient) finish(me, size int32) {
	count := 0
	for _, i := range q.front {
		if q.weight[i] != 0 {
			q.front[count] = i
			count++
		}
	}
	if cap(q.arena)-len(q.arena) < count {
		q.arena = make([]int32, 0, max(count, 4*q.n))
	}
	at := len(q.arena)
	q.arena = append(q.arena, q.front[:count]...)
	q.vars[me] = q.arena[at:len(q.arena):len(q.arena)]
	q.degree[me] = size
	if count == 0 {
		q.alive[me] = false
	}
	for _, i := range q.vars[me] {
		w := -q.weight[i]
		q.weight[i] = w
		q.degree[i] = max(0, min(q.degree[i]+size-w, int32(q.left)-w))
		q.enlist(i)
	}
}

// sequence lists the nodes in order of elimination, dense ones last. Elements are
// put in postorder of the tree in which they absorbed each other, the child with
// the largest front last: that is as good an order, and columns of equal structure
// come to stand side by side.
func (q *quotient) sequence() []int32 {
	// The children of an element: a list, and the largest of them apart.
	child, sibling, large := make([]int32, q.n), make([]int32, q.n), make([]int32, q.n)
	for i := range child {
		child[i], sibling[i], large[i] = -1, -1, -1
	}
	roots := int32(-1)
	for k := len(q.pivots) - 1; k >= 0; k-- {
		p := q.pivots[k]
		up := q.parent[p]
		if up < 0 {
			sibling[p], roots = roots, p
			continue
		}
		if l := large[up]; l < 0 || q.degree[p] > q.degree[l] {
			large[up], p = p, l
		}
		if p >= 0 {
			sibling[p], child[up] = child[up], p
		}
	}
	order := make([]int32, 0, q.n)
	path := make([]int32, 0, 64)
	for root := roots; root >= 0; root = sibling[root] {
		path = append(path[:0], root)
		for len(path) > 0 {
			p := path[len(path)-1]
			if c := child[p]; c >= 0 {
				child[p] = sibling[c]
				path = append(path, c)
				continue
			}
			if c := large[p]; c >= 0 {
				large[p] = -1
				path = append(path, c)
				continue
			}
			path = path[:len(path)-1]
			for i := p; i >= 0; i = q.follow[i] {
				order = append(order, i)
			}
		}
	}
	return append(order, q.tail...)
}
