package graph

// Part is a part of the coarse Dulmage-Mendelsohn decomposition.
type Part uint8

// Over: more rows than columns. Under: more columns than rows. Square: a perfect
// matching.
const (
	Square Part = iota
	Over
	Under
)

// Decomposition assigns each row and column to a part.
type Decomposition struct{ Row, Col []Part }

// DulmageMendelsohn returns the coarse decomposition of g, for a maximum matching
// m: what alternating paths from unmatched rows reach is over-determined, what
// they reach from unmatched columns is under-determined. It does not depend on
// which maximum matching is given.
//
// Dulmage and Mendelsohn, Canad. J. Math. 10, 1958; Pothen and Fan, ACM Trans.
// Math. Softw. 16(4), 1990.
func DulmageMendelsohn(g *Bipartite, m *Matching) *Decomposition {
	d := &Decomposition{Row: make([]Part, g.Rows()), Col: make([]Part, g.Cols)}
	var queue []int32
	for r := range int32(g.Rows()) {
		if m.Col[r] == None {
			d.Row[r] = Over
			queue = append(queue, r)
		}
	}
	for k := 0; k < len(queue); k++ {
		for _, c := range g.Row(queue[k]) {
			if d.Col[c] == Over {
				continue
			}
			d.Col[c] = Over
			if r := m.Row[c]; r != None && d.Row[r] != Over {
				d.Row[r] = Over
				queue = append(queue, r)
			}
		}
	}
	t := g.Transpose()
	queue = queue[:0]
	for c := range int32(g.Cols) {
		if m.Row[c] == None {
			d.Col[c] = Under
			queue = append(queue, c)
		}
	}
	for k := 0; k < len(queue); k++ {
		for _, r := range t.Row(queue[k]) {
			if d.Row[r] == Under {
				continue
			}
			d.Row[r] = Under
			if c := m.Col[r]; c != None && d.Col[c] != Under {
				d.Col[c] = Under
				queue = append(queue, c)
			}
		}
	}
	return d
}
