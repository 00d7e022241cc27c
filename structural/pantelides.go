package structural

import (
	"github.com/mtkc/mtkc/structural/graph"
)

// reduce finds how often each equation must be differentiated so that the highest
// derivatives of all chains can be matched: the offsets c of the equations and d of
// the chains with c >= 0, d_j - c_i >= order of chain j in equation i, and equality on
// a perfect matching, all as small as possible.
//
// Pantelides, SIAM J. Sci. Stat. Comput. 9(2), 1988, in terms of the offsets of
// Pryce, BIT 41(2), 2001: an equation is differentiated by raising c_i, and an edge is
// active while order + c_i = d_j. The system must be structurally regular (pattern
// has a perfect matching); then the search ends.
func (s *signature) reduce() {
	n := int32(len(s.c))
	m := graph.NewMatching(int(n), len(s.chains))
	s.m = m
	// Cheap assignment first, rarest chain first.
	count := make([]int32, len(s.chains))
	for i := range n {
		for _, e := range s.row(i) {
			if s.active(i, e) {
				count[e.chain]++
			}
		}
	}
	for i := range n {
		best := none
		for _, e := range s.row(i) {
			if s.active(i, e) && m.Row[e.chain] == graph.None && (best == none || count[e.chain] < count[best]) {
				best = e.chain
			}
		}
		if best != none {
			m.Pair(i, best)
		}
	}
	seen := make([]int32, len(s.chains))
	at := make([]int32, n)
	var stamp int32
	var stack, rows, cols []int32
	for i := range n {
		if m.Col[i] != graph.None {
			continue
		}
		for {
			stamp++
			rows, cols = append(rows[:0], i), cols[:0]
			stack = append(stack[:0], i)
			at[i] = s.ptr[i]
			found := none
		search:
			for len(stack) > 0 {
				q := stack[len(stack)-1]
				if at[q] == s.ptr[q] {
					for _, e := range s.row(q) {
						if s.active(q, e) && m.Row[e.chain] == graph.None {
							found = e.chain
							break search
						}
					}
				}
				pushed := false
				for at[q] < s.ptr[q+1] {
					e := s.entries[at[q]]
					at[q]++
					if !s.active(q, e) || seen[e.chain] == stamp {
						continue
					}
					seen[e.chain] = stamp
					cols = append(cols, e.chain)
					p := m.Row[e.chain]
					rows = append(rows, p)
					at[p] = s.ptr[p]
					stack = append(stack, p)
					pushed = true
					break
				}
				if !pushed {
					stack = stack[:len(stack)-1]
				}
			}
			if found != none {
				c := found
				for k := len(stack) - 1; k >= 0; k-- {
					r := stack[k]
					old := m.Col[r]
					m.Col[r], m.Row[c] = c, r
					c = old
				}
				m.N++
				break
			}
			// The equations reached have fewer chains than there are equations:
			// differentiate them all.
			for _, r := range rows {
				s.c[r]++
			}
			for _, j := range cols {
				s.d[j]++
			}
			if s.c[i] > 2*n+100 {
				panic("mtkc: bug: index reduction does not end on a structurally regular system")
			}
		}
	}
}

func (s *signature) active(i int32, e entry) bool {
	return e.solve && e.order+s.c[i] == s.d[e.chain]
}
