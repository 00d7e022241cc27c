package sparsity

// A colouring of columns groups columns that have no row in common, so that one
// directional difference yields all entries of a group: J*(sum of e_j) is read off
// row by row.

// Columns colours the columns so that no two of one colour have a nonzero in the same
// row. It returns the colour of every column, counted from 0, and the number of
// colours. Columns are taken from the one with the most neighbours to the one with
// the least (of equal ones the first first), each with the least colour that is free.
//
// Curtis, Powell and Reid, J. Inst. Maths Applics 13, 1974, with the largest-first
// order of Coleman and More, SIAM J. Numer. Anal. 20(1), 1983. The time is the sum
// over the rows of the square of their number of entries: a dense row makes every
// column a colour of its own, and is answered at once.
func (p *Pattern) Columns() (colour []int32, colours int) {
	colour = make([]int32, p.Cols)
	t, _ := p.Transpose()
	for i := range t.Cols {
		if len(t.Column(i)) == p.Cols {
			for j := range colour {
				colour[j] = int32(j)
			}
			return colour, p.Cols
		}
	}
	weight := make([]int32, p.Cols)
	most := int32(0)
	for j := range p.Cols {
		for _, i := range p.Column(j) {
			weight[j] += t.Ptr[i+1] - t.Ptr[i]
		}
		most = max(most, weight[j])
	}
	order := countingSort(int(most)+1, p.Cols, nil, func(k int32) int32 { return most - weight[k] })
	used := make([]int32, p.Cols+1) // stamp: the column that last saw this colour
	for j := range colour {
		colour[j] = -1
	}
	for _, j := range order {
		for _, i := range p.Column(int(j)) {
			for _, k := range t.Column(int(i)) {
				if c := colour[k]; c >= 0 {
					used[c] = j + 1
				}
			}
		}
		c := int32(0)
		for used[c] == j+1 {
			c++
		}
		colour[j] = c
		colours = max(colours, int(c)+1)
	}
	return colour, colours
}

// Star colours the vertices of the graph of a symmetric pattern so that no two
// vertices of one colour are neighbours or have a neighbour in common (a distance-2
// colouring): the entries of a symmetric matrix, a Hessian, are read off directly. The
// diagonal counts as present. p must be square and symmetric.
//
// Coleman and More, Math. Programming 28, 1984, section 3; vertices in index order.
func (p *Pattern) Star() (colour []int32, colours int) {
	if p.Rows != p.Cols {
		panic("mtkc: bug: symmetric colouring of a pattern that is not square")
	}
	colour = make([]int32, p.Cols)
	for j := range colour {
		colour[j] = -1
	}
	used := make([]int32, p.Cols+1)
	for j := range int32(p.Cols) {
		mark := func(k int32) {
			if c := colour[k]; c >= 0 {
				used[c] = j + 1
			}
		}
		for _, i := range p.Column(int(j)) {
			mark(i)
			for _, k := range p.Column(int(i)) {
				mark(k)
			}
		}
		c := int32(0)
		for used[c] == j+1 {
			c++
		}
		colour[j] = c
		colours = max(colours, int(c)+1)
	}
	return colour, colours
}
