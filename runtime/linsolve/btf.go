package linsolve

// blocks holds a block upper triangular form: position k of the permuted matrix
// is column Col[k] and row Row[k] of the original one, block b is the positions
// Start[b]..Start[b+1]-1, and an entry in block row a and block column b has a <= b.
type blocks struct {
	Row, Col, Start []int32
}

// triangularise finds a row for every column by augmenting paths, taking the
// diagonal where it is there, and the strong components of the matched matrix.
// A column that no row can be found for gets a spare row: elimination then
// finds the matrix singular.
//
// Tarjan, SIAM J. Comput. 1(2), 1972; Duff, Reid, ACM Trans. Math. Softw. 4(2), 1978.
func triangularise(p *Pattern) blocks {
	rowOf := transversal(p)
	n := p.Cols
	colOf := make([]int32, n)
	for j, i := range rowOf {
		colOf[i] = int32(j)
	}

	// Components of the graph with an edge from column j to the column matched with
	// row i for each entry (i, j). They come out with the targets first, which is the
	// order of a block upper triangular matrix.
	const unseen = -1
	num := make([]int32, n) // discovery number; n once the component is complete
	low := make([]int32, n)
	next := make([]int32, n) // the entry to look at next
	for j := range num {
		num[j] = unseen
	}
	var path, open []int32
	col := make([]int32, 0, n)
	start := []int32{0}
	count := int32(0)
	for root := range n {
		if num[root] != unseen {
			continue
		}
		path = append(path[:0], int32(root))
		for len(path) > 0 {
			j := path[len(path)-1]
			if num[j] == unseen {
				num[j], low[j] = count, count
				count++
				next[j] = p.ColPtr[j]
				open = append(open, j)
			}
			descend := false
			for next[j] < p.ColPtr[j+1] {
				k := colOf[p.RowIdx[next[j]]]
				next[j]++
				if num[k] == unseen {
					path = append(path, k)
					descend = true
					break
				}
				low[j] = min(low[j], num[k]) // num[k] = n for completed ones
			}
			if descend {
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				up := path[len(path)-1]
				low[up] = min(low[up], low[j])
			}
			if low[j] == num[j] {
				for {
					k := open[len(open)-1]
					open = open[:len(open)-1]
					num[k] = int32(n)
					low[k] = int32(n)
					col = append(col, k)
					if k == j {
						break
					}
				}
				start = append(start, int32(len(col)))
			}
		}
	}
	row := make([]int32, n)
	for k, j := range col {
		row[k] = rowOf[j]
	}
	return blocks{Row: row, Col: col, Start: start}
}

// transversal returns a row for every column, all different; the entry (row,
// column) is in the pattern for as many columns as possible. The diagonal and then
// cheap pairs are taken before paths are searched.
//
// Hopcroft & Karp, SIAM J. Comput. 2(4), 1973: O(sqrt(n) nnz).
func transversal(p *Pattern) []int32 {
	m := newMatching(p)
	m.greedy()
	for m.layer() {
		for j := range p.Cols {
			if m.rowOf[j] == unmatched {
				m.augment(int32(j))
			}
		}
	}
	return m.complete()
}

const unmatched = -1

// matching is the state of the search for a transversal.
type matching struct {
	p            *Pattern
	rowOf, colOf []int32
	level        []int32 // of a column: length of the shortest alternating path to it, in columns
	next         []int32 // the entry of a column to look at next
	queue, path  []int32
}

func newMatching(p *Pattern) *matching {
	n := p.Cols
	m := &matching{
		p: p, rowOf: make([]int32, n), colOf: make([]int32, n), level: make([]int32, n), next: make([]int32, n),
	}
	for j := range n {
		m.rowOf[j], m.colOf[j] = unmatched, unmatched
	}
	return m
}

func (m *matching) pair(i, j int32) { m.rowOf[j], m.colOf[i] = i, j }

// greedy matches the diagonal and then, wherever a row or a column has only one
// partner left, these two; arbitrary pairs only where there is no such place.
//
// Karp & Sipser, FOCS 1981.
func (m *matching) greedy() {
	p := m.p
	n := int32(p.Cols)
	for j := range n {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			if i == j {
				m.pair(i, j)
			}
		}
	}
	free := int32(0)
	for _, i := range m.rowOf {
		if i == unmatched {
			free++
		}
	}
	if free == 0 {
		return
	}
	rowPtr, colIdx := transpose(p)
	// Partners left: of rows, then of columns.
	left := make([]int32, 2*n)
	for j := range n {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			if m.rowOf[j] == unmatched && m.colOf[i] == unmatched {
				left[i]++
				left[n+j]++
			}
		}
	}
	var single []int32
	lose := func(v int32) {
		if left[v]--; left[v] == 1 {
			single = append(single, v)
		}
	}
	match := func(i, j int32) {
		m.pair(i, j)
		for _, r := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			if m.colOf[r] == unmatched {
				lose(r)
			}
		}
		for _, c := range colIdx[rowPtr[i]:rowPtr[i+1]] {
			if m.rowOf[c] == unmatched {
				lose(n + c)
			}
		}
	}
	partner := func(j int32) int32 {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			if m.colOf[i] == unmatched {
				return i
			}
		}
		return unmatched
	}
	for v, k := range left {
		if k == 1 {
			single = append(single, int32(v))
		}
	}
	for j := range n {
		for len(single) > 0 {
			v := single[len(single)-1]
			single = single[:len(single)-1]
			if left[v] != 1 {
				continue
			}
			if v >= n {
				if m.rowOf[v-n] == unmatched {
					match(partner(v-n), v-n)
				}
			} else if m.colOf[v] == unmatched {
				for _, c := range colIdx[rowPtr[v]:rowPtr[v+1]] {
					if m.rowOf[c] == unmatched {
						match(v, c)
						break
					}
				}
			}
		}
		if m.rowOf[j] == unmatched {
			if i := partner(j); i != unmatched {
				match(i, j)
			}
		}
	}
}

// transpose returns the columns of each row.
func transpose(p *Pattern) (rowPtr, colIdx []int32) {
	rowPtr = make([]int32, p.Rows+1)
	for _, i := range p.RowIdx {
		rowPtr[i+1]++
	}
	for i := range p.Rows {
		rowPtr[i+1] += rowPtr[i]
	}
	next := append([]int32(nil), rowPtr[:p.Rows]...)
	colIdx = make([]int32, len(p.RowIdx))
	for j := range int32(p.Cols) {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			colIdx[next[i]] = j
			next[i]++
		}
	}
	return rowPtr, colIdx
}

// layer finds the levels of columns by breadth-first search from those without a
// row, up to the level at which a free row is met. It reports whether there is one.
func (m *matching) layer() bool {
	p := m.p
	copy(m.next, p.ColPtr[:p.Cols])
	m.queue = m.queue[:0]
	for j := range m.level {
		m.level[j] = -1
		if m.rowOf[j] == unmatched {
			m.level[j] = 0
			m.queue = append(m.queue, int32(j))
		}
	}
	last := int32(p.Cols)
	found := false
	for h := 0; h < len(m.queue); h++ {
		j := m.queue[h]
		if m.level[j] > last {
			break
		}
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			k := m.colOf[i]
			if k == unmatched {
				found, last = true, m.level[j]
			} else if m.level[k] < 0 {
				m.level[k] = m.level[j] + 1
				m.queue = append(m.queue, k)
			}
		}
	}
	return found
}

// augment looks for a path from column root to a free row along rising levels and
// exchanges the pairs on it.
func (m *matching) augment(root int32) {
	p := m.p
	m.path = append(m.path[:0], root)
search:
	for len(m.path) > 0 {
		j := m.path[len(m.path)-1]
		for m.next[j] < p.ColPtr[j+1] {
			i := p.RowIdx[m.next[j]]
			m.next[j]++
			k := m.colOf[i]
			if k == unmatched {
				// next[c]-1 is the entry through which the path left column c.
				for _, c := range m.path {
					m.pair(p.RowIdx[m.next[c]-1], c)
				}
				return
			}
			if m.level[k] == m.level[j]+1 {
				m.path = append(m.path, k)
				continue search
			}
		}
		m.level[j] = -1
		m.path = m.path[:len(m.path)-1]
	}
}

// complete gives the columns left over the rows left over.
func (m *matching) complete() []int32 {
	spare := int32(0)
	for j := range m.rowOf {
		if m.rowOf[j] != unmatched {
			continue
		}
		for m.colOf[spare] != unmatched {
			spare++
		}
		m.pair(spare, int32(j))
	}
	return m.rowOf
}
