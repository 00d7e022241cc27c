package backend

import "slices"

// components sets the levels of all nodes: nodes of one level do not read each other.
// It goes through the shapes so that each comes after those it reads, cycles of shapes
// together (Tarjan, SIAM J. Comput. 1(2), 1972). A shape that only reads itself, such as
// a sum along a chain, is one ordered loop.
func (r *roller) components() {
	ns := len(r.shapes)
	deps := make([][]int32, ns)
	self := make([]bool, ns)
	seen := make([]int32, ns) // stamp
	for i := range seen {
		seen[i] = -1
	}
	for i, s := range r.shapes {
		for _, n := range s.nodes {
			for _, l := range r.nodes[n].leaves {
				if l.op != S {
					continue
				}
				j := r.nodes[l.index].shape
				if int(j) == i {
					self[i] = true
				} else if seen[j] != int32(i) {
					seen[j] = int32(i)
					deps[i] = append(deps[i], j)
				}
			}
		}
	}
	num, low := make([]int32, ns), make([]int32, ns)
	on := make([]bool, ns)
	var stack []int32
	next := int32(0)
	type frame struct{ v, at int32 }
	for root := range int32(ns) {
		if num[root] != 0 || len(r.shapes[root].nodes) == 0 {
			continue
		}
		frames := []frame{{root, 0}}
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			v := f.v
			if f.at == 0 {
				next++
				num[v], low[v] = next, next
				stack, on[v] = append(stack, v), true
			}
			if int(f.at) < len(deps[v]) {
				w := deps[v][f.at]
				f.at++
				if num[w] == 0 {
					frames = append(frames, frame{w, 0})
				} else if on[w] {
					low[v] = min(low[v], num[w])
				}
				if f.at == 0 {
					f.at = 1
				}
				continue
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				u := frames[len(frames)-1].v
				low[u] = min(low[u], low[v])
			}
			if low[v] != num[v] {
				continue
			}
			var comp []int32
			for {
				w := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				on[w] = false
				comp = append(comp, w)
				if w == v {
					break
				}
			}
			r.levels(comp, self)
		}
	}
}

// levels sets the levels of the nodes of a component of shapes.
func (r *roller) levels(comp []int32, self []bool) {
	var nodes []int32
	for _, s := range comp {
		nodes = append(nodes, r.shapes[s].nodes...)
	}
	slices.Sort(nodes) // what a node reads has a smaller number
	s := r.shapes[comp[0]]
	if len(comp) == 1 && self[comp[0]] && len(nodes) >= r.opt.MinLoop {
		// How long are the chains within the shape?
		depth, most := map[int32]int32{}, int32(0)
		for _, n := range nodes {
			d := int32(0)
			for _, l := range r.nodes[n].leaves {
				if l.op == S && r.nodes[l.index].shape == comp[0] {
					d = max(d, depth[l.index]+1)
				}
			}
			depth[n] = d
			most = max(most, d)
		}
		s.ordered = int(most) >= len(nodes)/r.opt.MinLoop
	}
	level := func(n int32) int32 {
		d := int32(0)
		for _, l := range r.nodes[n].leaves {
			if l.op == S && !(s.ordered && r.nodes[l.index].shape == comp[0]) {
				d = max(d, r.nodes[l.index].level+1)
			}
		}
		return d
	}
	most := int32(0)
	for _, n := range nodes {
		r.nodes[n].level = level(n)
		most = max(most, r.nodes[n].level)
	}
	if s.ordered {
		for _, n := range nodes {
			r.nodes[n].level = most
		}
	}
}
