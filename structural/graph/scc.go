package graph

import "slices"

// Components returns the strong components of the rows of g when row r depends on
// the row that is matched to each of its columns, in an order in which every
// component comes after those it depends on: the block triangular form. Columns
// without a row are inputs. Rows within a component are in increasing order.
//
// Tarjan, SIAM J. Comput. 1(2), 1972, without recursion.
func Components(g *Bipartite, m *Matching) [][]int32 {
	n := g.Rows()
	const unseen = 0
	index := make([]int32, n) // 1 + discovery number
	low := make([]int32, n)
	done := make([]bool, n)
	at := make([]int32, n)
	var stack, path []int32
	var comps [][]int32
	all := make([]int32, 0, n)
	count := int32(0)
	for root := range int32(n) {
		if index[root] != unseen {
			continue
		}
		path = append(path[:0], root)
		for len(path) > 0 {
			r := path[len(path)-1]
			if index[r] == unseen {
				count++
				index[r], low[r] = count, count
				at[r] = g.Ptr[r]
				stack = append(stack, r)
			}
			descended := false
			for at[r] < g.Ptr[r+1] {
				q := m.Row[g.Adj[at[r]]]
				if q == None || q == r || done[q] {
					at[r]++
					continue
				}
				if index[q] == unseen {
					path = append(path, q)
					descended = true
					break
				}
				low[r] = min(low[r], low[q])
				at[r]++
			}
			if descended {
				continue
			}
			path = path[:len(path)-1]
			if low[r] == index[r] {
				start := len(all)
				for {
					q := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					done[q] = true
					all = append(all, q)
					if q == r {
						break
					}
				}
				comp := all[start:len(all):len(all)]
				slices.Sort(comp)
				comps = append(comps, comp)
			}
		}
	}
	return comps
}
