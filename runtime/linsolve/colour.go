package linsolve

// Colour groups the columns of a pattern so that no two of a group share a row: one evaluation of a
// function gives the differences of all columns of a group (Curtis, Powell, Reid, J. Inst. Maths Applics 13, 1974).
// It is greedy, in column order.
// The work is the sum over rows of the squares of their lengths; rows that are
// full force one group per column whatever the method.
func Colour(p *Pattern) [][]int32 {
	rowPtr := make([]int32, p.Rows+1)
	for _, i := range p.RowIdx {
		rowPtr[i+1]++
	}
	for i := range p.Rows {
		rowPtr[i+1] += rowPtr[i]
	}
	fill := append([]int32(nil), rowPtr[:p.Rows]...)
	colIdx := make([]int32, len(p.RowIdx))
	longest := int32(0)
	for j := range p.Cols {
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			colIdx[fill[i]] = int32(j)
			fill[i]++
		}
	}
	for i := range p.Rows {
		longest = max(longest, rowPtr[i+1]-rowPtr[i])
	}
	var groups [][]int32
	if int(longest) == p.Cols { // a full row: nothing can be shared
		for j := range p.Cols {
			groups = append(groups, []int32{int32(j)})
		}
		return groups
	}
	colour := make([]int32, p.Cols)
	for j := range colour {
		colour[j] = -1
	}
	var seen []int32 // seen[c] == j+1: colour c is taken by a neighbour of column j
	for j := range p.Cols {
		stamp := int32(j + 1)
		for _, i := range p.RowIdx[p.ColPtr[j]:p.ColPtr[j+1]] {
			for _, k := range colIdx[rowPtr[i]:rowPtr[i+1]] {
				if c := colour[k]; c >= 0 {
					seen[c] = stamp
				}
			}
		}
		c := int32(0)
		for int(c) < len(seen) && seen[c] == stamp {
			c++
		}
		if int(c) == len(seen) {
			seen = append(seen, 0)
			groups = append(groups, nil)
		}
		colour[j] = c
		groups[c] = append(groups[c], int32(j))
	}
	return groups
}
