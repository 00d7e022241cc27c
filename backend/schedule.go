package backend

import "slices"

// schedule sets the levels of instances, which stand in an order in which each comes
// after those whose results it reads: instances of one level do not read each other.
// It goes through the bodies so that each comes after those it reads, cycles of bodies
// together (Tarjan, SIAM J. Comput. 1(2), 1972). A body that reads long chains of
// itself, such as a sum along a pipe, becomes one ordered loop, on one level; its
// results go to the scratch array, and copies of them to where they are wanted follow.
func (r *roller) schedule(list []instance) []instance {
	writer := make([]int32, r.slots) // instance that writes an entry of the scratch array, plus 1
	index := map[*body]int32{}
	var bodies []*body
	var members [][]int32
	for i := range list {
		in := &list[i]
		b, ok := index[in.body]
		if !ok {
			b = int32(len(bodies))
			index[in.body] = b
			bodies, members = append(bodies, in.body), append(members, nil)
		}
		in.kind = b
		members[b] = append(members[b], int32(i))
		o := 0
		for _, spaces := range in.body.spaces {
			for _, s := range spaces {
				if s == Scratch {
					writer[in.outs[o]] = int32(i) + 1
				}
				o++
			}
		}
	}
	// reads calls f for the instances that i reads.
	reads := func(i int32, f func(j int32)) {
		in := &list[i]
		for k, op := range in.body.ops {
			if op == S {
				if w := writer[in.leaves[k]]; w > 0 {
					f(w - 1)
				}
			}
		}
	}
	n := len(bodies)
	deps, self, seen := make([][]int32, n), make([]bool, n), make([]int32, n)
	for b := range int32(n) {
		for _, i := range members[b] {
			reads(i, func(j int32) {
				switch c := list[j].kind; {
				case c == b:
					self[b] = true
				case seen[c] != b+1:
					seen[c] = b + 1
					deps[b] = append(deps[b], c)
				}
			})
		}
	}
	depth := make([]int32, len(list))
	for _, comp := range strong(deps) {
		var all []int32
		for _, b := range comp {
			all = append(all, members[b]...)
		}
		slices.Sort(all)
		b := comp[0]
		if len(comp) == 1 && self[b] && len(all) >= r.opt.MinLoop {
			// How long are the chains within the body?
			most := int32(0)
			for _, i := range all {
				reads(i, func(j int32) {
					if list[j].kind == b {
						depth[i] = max(depth[i], depth[j]+1)
					}
				})
				most = max(most, depth[i])
			}
			bodies[b].ordered = int(most) >= len(all)/r.opt.MinLoop
		}
		most := int32(0)
		for _, i := range all {
			reads(i, func(j int32) {
				if !(bodies[b].ordered && list[j].kind == b) {
					list[i].level = max(list[i].level, list[j].level+1)
				}
			})
			most = max(most, list[i].level)
		}
		if bodies[b].ordered {
			for _, i := range all {
				list[i].level = most
			}
		}
	}
	return r.separate(list)
}

// separate leaves to ordered bodies only results in the scratch array, so that a slice
// of a kernel can drop other results. Instances that copy those are added.
func (r *roller) separate(list []instance) []instance {
	type pair struct{ inner, copy *body }
	split := map[*body]pair{}
	n := len(list)
	for i := range n {
		in := &list[i]
		b := in.body
		if !b.ordered {
			continue
		}
		p, ok := split[b]
		if !ok {
			p = pair{b, nil}
			inner := *b
			inner.spaces = nil
			var copied [][]Space
			for _, spaces := range b.spaces {
				var rest []Space
				for _, s := range spaces {
					if s != Scratch {
						rest = append(rest, s)
					}
				}
				inner.spaces = append(inner.spaces, []Space{Scratch})
				copied = append(copied, rest)
				if len(rest) > 0 {
					p.copy = &body{}
				}
			}
			if p.copy != nil {
				p.inner = &inner
				for k, rest := range copied {
					h := r.placeholder(&r.leaf, "L", k)
					p.copy.terms, p.copy.spaces = append(p.copy.terms, h), append(p.copy.spaces, rest)
					p.copy.holes, p.copy.ops = append(p.copy.holes, h), append(p.copy.ops, S)
				}
				p.copy.size = len(copied)
			}
			split[b] = p
		}
		if p.copy == nil {
			continue
		}
		move := instance{body: p.copy, level: in.level + 1, node: in.node}
		var slots []int32
		o := 0
		for _, spaces := range b.spaces {
			for _, s := range spaces {
				if s == Scratch {
					slots = append(slots, in.outs[o])
				} else {
					move.outs = append(move.outs, in.outs[o])
				}
				o++
			}
		}
		move.leaves = slots
		in.body, in.outs = p.inner, slots
		list = append(list, move)
	}
	return list
}

// strong returns the strongly connected components of a graph, each after those that it
// depends on.
func strong(deps [][]int32) [][]int32 {
	n := len(deps)
	num, low, at := make([]int32, n), make([]int32, n), make([]int32, n)
	on := make([]bool, n)
	var stack, path []int32
	var out [][]int32
	next := int32(0)
	enter := func(v int32) {
		next++
		num[v], low[v] = next, next
		stack, path = append(stack, v), append(path, v)
		on[v] = true
	}
	for root := range int32(n) {
		if num[root] != 0 {
			continue
		}
		enter(root)
		for len(path) > 0 {
			v := path[len(path)-1]
			if int(at[v]) < len(deps[v]) {
				w := deps[v][at[v]]
				at[v]++
				if num[w] == 0 {
					enter(w)
				} else if on[w] {
					low[v] = min(low[v], num[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				u := path[len(path)-1]
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
			out = append(out, comp)
		}
	}
	return out
}
