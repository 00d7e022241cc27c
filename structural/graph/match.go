package graph

// Match finds a maximum matching of g, extending from (which may be nil and is not
// changed). Rows are first assigned greedily to a free column that few rows share,
// in row order; then shortest augmenting paths are found in phases.
//
// Hopcroft and Karp, SIAM J. Comput. 2(4), 1973: O(sqrt(rows) * incidences). The
// cheap assignment is Duff's (ACM Trans. Math. Softw. 7(3), 1981).
func Match(g *Bipartite, from *Matching) *Matching {
	n := g.Rows()
	m := NewMatching(n, g.Cols)
	if from != nil {
		copy(m.Col, from.Col)
		copy(m.Row, from.Row)
		m.N = from.N
	}
	cheap(g, m)
	level := make([]int32, n)
	next := make([]int32, n)
	queue := make([]int32, 0, n)
	stack := make([]int32, 0, 64)
	for m.N < n {
		// Breadth first from the free rows: level of each row, and whether a free
		// column is in reach.
		queue = queue[:0]
		for r := range n {
			level[r] = -1
			if m.Col[r] == None {
				level[r] = 0
				queue = append(queue, int32(r))
			}
		}
		limit := int32(-1)
		for k := 0; k < len(queue); k++ {
			r := queue[k]
			if limit >= 0 && level[r] > limit {
				break
			}
			for _, c := range g.Row(r) {
				q := m.Row[c]
				if q == None {
					if limit < 0 {
						limit = level[r]
					}
				} else if level[q] < 0 {
					level[q] = level[r] + 1
					queue = append(queue, q)
				}
			}
		}
		if limit < 0 {
			return m
		}
		for r := range n {
			next[r] = g.Ptr[r]
		}
		for r := range int32(n) {
			if m.Col[r] != None || level[r] != 0 {
				continue
			}
			stack = append(stack[:0], r)
		search:
			for len(stack) > 0 {
				q := stack[len(stack)-1]
				for next[q] < g.Ptr[q+1] {
					c := g.Adj[next[q]]
					next[q]++
					p := m.Row[c]
					if p == None {
						// Flip the path: each row on the stack takes the column it was at.
						for k := len(stack) - 1; k >= 0; k-- {
							r := stack[k]
							old := m.Col[r]
							m.Col[r], m.Row[c] = c, r
							c = old
						}
						m.N++
						break search
					}
					if level[p] == level[q]+1 && level[p] <= limit {
						stack = append(stack, p)
						continue search
					}
				}
				level[q] = -1
				stack = stack[:len(stack)-1]
			}
		}
	}
	return m
}

func cheap(g *Bipartite, m *Matching) {
	deg := make([]int32, g.Cols)
	for _, c := range g.Adj {
		deg[c]++
	}
	for r := range int32(g.Rows()) {
		if m.Col[r] != None {
			continue
		}
		best := None
		for _, c := range g.Row(r) {
			if m.Row[c] == None && (best == None || deg[c] < deg[best]) {
				best = c
			}
		}
		if best != None {
			m.Pair(r, best)
		}
	}
}

// Augmenter adds rows to a matching one at a time.
type Augmenter struct {
	G       *Bipartite
	M       *Matching
	seen    []int32 // of columns, the stamp of the last search that reached them
	stamp   int32
	stack   []int32
	at      []int32
	dead    []bool // columns from which no free column can be reached any more
	visited []int32
}

// NewAugmenter starts from a matching of g, which it changes.
func NewAugmenter(g *Bipartite, m *Matching) *Augmenter {
	return &Augmenter{G: g, M: m, seen: make([]int32, g.Cols), dead: make([]bool, g.Cols)}
}

// Augment matches row r by an augmenting path and reports whether there is one. If
// not, the matching is unchanged, and no later search enters the part of the graph
// that this one has seen: rows are only ever added, so it stays exhausted.
func (a *Augmenter) Augment(r int32) bool {
	for len(a.at) < a.G.Rows() {
		a.at = append(a.at, 0)
	}
	for len(a.M.Col) < a.G.Rows() {
		a.M.Col = append(a.M.Col, None)
	}
	a.stamp++
	a.visited = a.visited[:0]
	a.stack = append(a.stack[:0], r)
	a.at[r] = a.G.Ptr[r]
	// A free column next to the row itself comes first: the cheap step.
	for len(a.stack) > 0 {
		q := a.stack[len(a.stack)-1]
		if a.at[q] == a.G.Ptr[q] {
			for _, c := range a.G.Row(q) {
				if a.M.Row[c] == None {
					a.flip(c)
					return true
				}
			}
		}
		pushed := false
		for a.at[q] < a.G.Ptr[q+1] {
			c := a.G.Adj[a.at[q]]
			a.at[q]++
			if a.seen[c] == a.stamp || a.dead[c] {
				continue
			}
			a.seen[c] = a.stamp
			a.visited = append(a.visited, c)
			p := a.M.Row[c]
			a.at[p] = a.G.Ptr[p]
			a.stack = append(a.stack, p)
			pushed = true
			break
		}
		if !pushed {
			a.stack = a.stack[:len(a.stack)-1]
		}
	}
	for _, c := range a.visited {
		a.dead[c] = true
	}
	return false
}

// Reach lists the rows that alternating paths from row r lead to, r first: if r has
// no augmenting path, together they have one column less than there are rows.
func (a *Augmenter) Reach(r int32) []int32 {
	a.stamp++
	rows := []int32{r}
	for k := 0; k < len(rows); k++ {
		for _, c := range a.G.Row(rows[k]) {
			if p := a.M.Row[c]; p != None && a.seen[c] != a.stamp {
				a.seen[c] = a.stamp
				if p != r {
					rows = append(rows, p)
				}
			}
		}
	}
	return rows
}

func (a *Augmenter) flip(c int32) {
	for k := len(a.stack) - 1; k >= 0; k-- {
		r := a.stack[k]
		old := a.M.Col[r]
		a.M.Col[r], a.M.Row[c] = c, r
		c = old
	}
	a.M.N++
}
