package linsolve

import "slices"

// bandwidth is the number of diagonals below and above the main one that p has entries
// on, where position k holds unknown and equation perm[k] (nil: as given).
func bandwidth(p *Pattern, perm []int32) (lo, up int) {
	at := make([]int32, p.Cols)
	for k := range at {
		at[k] = int32(k)
	}
	for k, i := range perm {
		at[i] = int32(k)
	}
	for j := range p.Cols {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			d := int(at[i] - at[j])
			lo, up = max(lo, d), max(up, -d)
		}
	}
	return lo, up
}

// band returns an order in which p is a narrow band, nil for the order as it is, and the
// diagonals below and above the main one. Another order is taken where it makes the band
// clearly narrower.
func band(p *Pattern) (perm []int32, lo, up int) {
	lo, up = bandwidth(p, nil)
	if lo+up <= 2 {
		return nil, lo, up
	}
	ptr, adj := graph(p)
	perm = cuthillMcKee(ptr, adj)
	if l, u := bandwidth(p, perm); 10*max(l, u) < 8*max(lo, up) {
		return perm, l, u
	}
	return nil, lo, up
}

// graph is the graph of p + p^T without loops.
func graph(p *Pattern) (ptr, adj []int32) {
	n := p.Cols
	ident := make([]int32, n)
	for i := range ident {
		ident[i] = int32(i)
	}
	return symmetrised(p, blocks{Row: ident, Col: ident}, ident, 0, int32(n))
}

// cuthillMcKee orders a symmetric graph (no loops) breadth first from a node at its rim,
// neighbours by degree, and turns the order round. The start is found by going from the
// last level of one search to that of the next while the number of levels grows.
//
// Cuthill, McKee, Proc. 24th ACM National Conf., 1969; George, Liu, ACM Trans. Math.
// Softw. 5(3), 1979, for the start.
func cuthillMcKee(ptr, adj []int32) []int32 {
	n := int32(len(ptr) - 1)
	degree := func(i int32) int32 { return ptr[i+1] - ptr[i] }
	level := make([]int32, n)
	for i := range level {
		level[i] = -1
	}
	order := make([]int32, 0, n)
	// search orders the component of root behind start and returns the number of levels.
	search := func(root int32, start int) int32 {
		order = append(order[:start], root)
		level[root] = 0
		for h := start; h < len(order); h++ {
			i := order[h]
			first := len(order)
			for _, j := range adj[ptr[i]:ptr[i+1]] {
				if level[j] < 0 {
					level[j] = level[i] + 1
					order = append(order, j)
				}
			}
			slices.SortFunc(order[first:], func(a, b int32) int {
				if degree(a) != degree(b) {
					return int(degree(a) - degree(b))
				}
				return int(a - b)
			})
		}
		return level[order[len(order)-1]] + 1
	}
	for root := range n {
		if level[root] >= 0 {
			continue
		}
		start := len(order)
		from := root
		depth := search(from, start)
		for range 8 {
			// The node of least degree on the last level.
			end := order[len(order)-1]
			for h := len(order) - 1; h >= start && level[order[h]] == depth-1; h-- {
				if degree(order[h]) < degree(end) {
					end = order[h]
				}
			}
			for _, i := range order[start:] {
				level[i] = -1
			}
			d := search(end, start)
			if d <= depth {
				if d < depth {
					for _, i := range order[start:] {
						level[i] = -1
					}
					search(from, start)
				}
				break
			}
			from, depth = end, d
		}
	}
	slices.Reverse(order)
	return order
}
