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
// Duff, ACM Trans. Math. Softw. 7(3), 1981; Tarjan, SIAM J. Comput. 1(2), 1972.
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
// column) is in the pattern for as many columns as possible.
func transversal(p *Pattern) []int32 {
	n := p.Cols
	const none = -1
	rowOf := make([]int32, n)
	colOf := make([]int32, n)
	for j := range n {
		rowOf[j], colOf[j] = none, none
	}
	for j := range n {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			if int(p.RowIdx[e]) == j {
				rowOf[j], colOf[j] = int32(j), int32(j)
			}
		}
	}
	cheap := make([]int32, n) // entries before it lead to matched rows
	copy(cheap, p.ColPtr[:n])
	next := make([]int32, n)
	seen := make([]int32, n)
	var path []int32
	// Columns seen by a search that failed lead nowhere for later roots either, so
	// the stamp changes after a success only.
	stamp := int32(1)
	for root := range n {
		if rowOf[root] != none || seen[root] == stamp {
			continue
		}
		path = append(path[:0], int32(root))
		seen[root] = stamp
		next[root] = p.ColPtr[root]
	search:
		for len(path) > 0 {
			j := path[len(path)-1]
			for cheap[j] < p.ColPtr[j+1] {
				i := p.RowIdx[cheap[j]]
				cheap[j]++
				if colOf[i] == none {
					// Shift the rows along the path. next[k]-1 is the entry through which the
					// path left column k.
					colOf[i], rowOf[j] = j, i
					for d := len(path) - 2; d >= 0; d-- {
						k := path[d]
						r := p.RowIdx[next[k]-1]
						colOf[r], rowOf[k] = k, r
					}
					stamp++
					break search
				}
			}
			descend := false
			for next[j] < p.ColPtr[j+1] {
				k := colOf[p.RowIdx[next[j]]]
				next[j]++
				if k != none && seen[k] != stamp {
					seen[k] = stamp
					next[k] = p.ColPtr[k]
					path = append(path, k)
					descend = true
					break
				}
			}
			if !descend {
				path = path[:len(path)-1]
			}
		}
	}
	spare := int32(0)
	for j := range n {
		if rowOf[j] != none {
			continue
		}
		for colOf[spare] != none {
			spare++
		}
		rowOf[j], colOf[spare] = spare, int32(j)
	}
	return rowOf
}
