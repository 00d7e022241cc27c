// Package graph holds the integer side of structural analysis: matchings, the
// Dulmage-Mendelsohn decomposition and strong components of sparse bipartite graphs.
//
// In: incidence of rows (equations) with columns (variables). Out: index arrays.
// Every algorithm is iterative, visits neighbours in the order in which they were
// given, and so returns equal results for equal graphs.
package graph

// None marks a row or column without partner.
const None = int32(-1)

// Bipartite is the incidence of Rows with Cols columns in compressed row form: the
// columns of row r are Adj[Ptr[r]:Ptr[r+1]].
type Bipartite struct {
	Cols int
	Ptr  []int32
	Adj  []int32
}

// New returns a graph without rows.
func New(cols int) *Bipartite { return &Bipartite{Cols: cols, Ptr: []int32{0}} }

// Rows is the number of rows.
func (g *Bipartite) Rows() int { return len(g.Ptr) - 1 }

// AddRow appends a row with the given columns, which should not repeat.
func (g *Bipartite) AddRow(cols ...int32) {
	g.Adj = append(g.Adj, cols...)
	g.Ptr = append(g.Ptr, int32(len(g.Adj)))
}

// Row returns the columns of row r.
func (g *Bipartite) Row(r int32) []int32 { return g.Adj[g.Ptr[r]:g.Ptr[r+1]] }

// Transpose returns the graph with rows and columns exchanged.
func (g *Bipartite) Transpose() *Bipartite {
	t := &Bipartite{Cols: g.Rows(), Ptr: make([]int32, g.Cols+1), Adj: make([]int32, len(g.Adj))}
	for _, c := range g.Adj {
		t.Ptr[c+1]++
	}
	for c := range g.Cols {
		t.Ptr[c+1] += t.Ptr[c]
	}
	next := append([]int32(nil), t.Ptr[:g.Cols]...)
	for r := range int32(g.Rows()) {
		for _, c := range g.Row(r) {
			t.Adj[next[c]] = r
			next[c]++
		}
	}
	return t
}

// Matching pairs rows with columns; None marks an unmatched one.
type Matching struct {
	Col []int32 // of each row
	Row []int32 // of each column
	N   int     // number of pairs
}

// NewMatching returns the empty matching of g.
func NewMatching(rows, cols int) *Matching {
	m := &Matching{Col: make([]int32, rows), Row: make([]int32, cols)}
	for i := range m.Col {
		m.Col[i] = None
	}
	for i := range m.Row {
		m.Row[i] = None
	}
	return m
}

// Pair makes (r, c) a pair of the matching; both must be free.
func (m *Matching) Pair(r, c int32) {
	m.Col[r], m.Row[c] = c, r
	m.N++
}
