package model

// This file is the mathematics of connection sets, on numbers: variables are indices.
//
// Modelica Language Specification 3.6, chapters 9 (connectors) and 15 (streams).

// disjoint is a union-find forest with path halving and union by size.
type disjoint struct {
	parent []int32
	size   []int32
}

func newDisjoint(n int) *disjoint {
	d := &disjoint{parent: make([]int32, n), size: make([]int32, n)}
	for i := range d.parent {
		d.parent[i], d.size[i] = int32(i), 1
	}
	return d
}

func (d *disjoint) find(x int32) int32 {
	for d.parent[x] != x {
		d.parent[x] = d.parent[d.parent[x]]
		x = d.parent[x]
	}
	return x
}

// union joins the sets of x and y and reports whether they were two.
func (d *disjoint) union(x, y int32) bool {
	x, y = d.find(x), d.find(y)
	if x == y {
		return false
	}
	if d.size[x] < d.size[y] {
		x, y = y, x
	}
	d.parent[y] = x
	d.size[x] += d.size[y]
	return true
}

// end is a variable of a connector as a connection sees it: from inside its component
// (an outside connector in the words of Modelica) or from outside.
type end struct {
	v     int32
	outer bool // a connector of the component that states the connection
}

func (e end) key() int32 {
	if e.outer {
		return 2*e.v + 1
	}
	return 2 * e.v
}

// flowSets collects the sets of flow variables that connections join.
type flowSets struct {
	d       *disjoint
	touched []bool
	order   []int32 // keys in the order in which connections named them
}

// newFlowSets is for n variables.
func newFlowSets(n int) *flowSets {
	return &flowSets{d: newDisjoint(2 * n), touched: make([]bool, 2*n)}
}

func (s *flowSets) touch(k int32) {
	if !s.touched[k] {
		s.touched[k] = true
		s.order = append(s.order, k)
	}
}

func (s *flowSets) connect(x, y end) bool {
	s.touch(x.key())
	s.touch(y.key())
	return s.d.union(x.key(), y.key())
}

// sets returns the connected sets, each in the order in which connections named its
// members, and the number of the set of each end that is in one.
func (s *flowSets) sets() (sets [][]end, of map[int32]int) {
	of = make(map[int32]int, len(s.order))
	byRoot := make(map[int32]int, len(s.order)/2)
	for _, k := range s.order {
		r := s.d.find(k)
		i, ok := byRoot[r]
		if !ok {
			i = len(sets)
			byRoot[r] = i
			sets = append(sets, nil)
		}
		sets[i] = append(sets[i], end{v: k / 2, outer: k%2 == 1})
		of[k] = i
	}
	return sets, of
}
