package backend

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/mtkc/mtkc/expr"
)

// sort gives every node its shape. Nodes whose shape is rare are compared once more
// without their numbers.
func (r *roller) sort() {
	index := map[string]int32{}
	var buf []byte
	assign := func(n int32, key []byte) {
		s, ok := index[string(key)]
		if !ok {
			s = int32(len(r.shapes))
			index[string(key)] = s
			r.shapes = append(r.shapes, &shape{})
		}
		r.nodes[n].shape = s
		r.shapes[s].nodes = append(r.shapes[s].nodes, n)
	}
	for n := range r.nodes {
		buf = r.key(int32(n), buf[:0], nil)
		assign(int32(n), buf)
	}
	// Rare shapes again, numbers being placeholders too.
	type numbered struct {
		nodes []int32
		ids   [][]expr.ID
	}
	var keys []string
	groups := map[string]*numbered{}
	for _, s := range r.shapes {
		if len(s.nodes) >= r.opt.MinLoop {
			continue
		}
		for _, n := range s.nodes {
			var ids []expr.ID
			buf = r.key(n, buf[:0], &ids)
			if len(ids) == 0 {
				continue
			}
			g := groups[string(buf)]
			if g == nil {
				g = &numbered{}
				groups[string(buf)] = g
				keys = append(keys, string(buf))
			}
			g.nodes, g.ids = append(g.nodes, n), append(g.ids, ids)
		}
	}
	for _, key := range keys {
		g := groups[key]
		if len(g.nodes) < r.opt.MinLoop {
			continue
		}
		s := int32(len(r.shapes))
		r.shapes = append(r.shapes, &shape{nodes: g.nodes})
		for i, n := range g.nodes {
			x := &r.nodes[n]
			r.shapes[x.shape].nodes = nil // all of them move: they had the same shape but for numbers
			x.shape = s
			x.data = make([]float64, len(g.ids[i]))
			for k, id := range g.ids[i] {
				v, _ := r.p.Value(id)
				x.data[k] = v.Float()
			}
		}
		slices.Sort(g.nodes)
	}
	for _, s := range r.shapes {
		if len(s.nodes) > 0 {
			r.abstract(s)
		}
	}
}

// Codes of a key that are no operators.
const (
	keyConst = 0xf0 + iota
	keyNumber
	keyLeaf
	keyBack
	keyEnd
)

// key writes the shape of a node and collects its leaves. With ids, numbers other than
// small integers count as placeholders and are collected in ids.
func (r *roller) key(n int32, buf []byte, ids *[]expr.ID) []byte {
	p := r.p
	r.cur++
	x := &r.nodes[n]
	leaves := r.buffer[:0]
	count := int32(0) // back references
	var visit func(e expr.ID, root bool)
	visit = func(e expr.ID, root bool) {
		if p.Op(e) == expr.OpConst {
			if ids != nil && r.variable(e) {
				k := slices.Index(*ids, e)
				if k < 0 {
					k = len(*ids)
					*ids = append(*ids, e)
				}
				buf = binary.AppendUvarint(append(buf, keyNumber), uint64(k))
				return
			}
			buf = binary.AppendUvarint(append(buf, keyConst), uint64(e))
			return
		}
		if l, ok := r.asLeaf(e, root); ok {
			if r.stamp[e] != r.cur {
				r.stamp[e], r.local[e] = r.cur, int32(len(leaves))
				leaves = append(leaves, l)
			}
			buf = binary.AppendUvarint(append(buf, keyLeaf, byte(l.op)), uint64(r.local[e]))
			return
		}
		op := p.Op(e)
		if op <= expr.OpFalse {
			buf = append(buf, byte(op))
			return
		}
		if r.stamp[e] == r.cur {
			buf = binary.AppendUvarint(append(buf, keyBack), uint64(r.local[e]))
			return
		}
		r.stamp[e], r.local[e] = r.cur, count
		count++
		if op == expr.OpSym {
			visit(r.l.defs[r.l.meaning(e).index].value, false)
			return
		}
		args := r.args(e)
		buf = binary.AppendUvarint(append(buf, byte(op)), uint64(len(args)))
		for _, a := range args {
			visit(a, false)
		}
	}
	visit(x.term, true)
	r.buffer = leaves
	if x.leaves == nil {
		x.leaves = r.leafs.take(len(leaves))
		copy(x.leaves, leaves)
	}
	for _, o := range x.outs {
		buf = append(buf, keyEnd, byte(o.space))
	}
	return buf
}

// asLeaf reports whether a term is an input of the node that is being looked at, root
// being the node's own term.
func (r *roller) asLeaf(e expr.ID, root bool) (leaf, bool) {
	if n := r.nodeOf[e]; n > 0 && !root {
		return leaf{S, n - 1}, true
	}
	if op := r.p.Op(e); op != expr.OpSym && op != expr.OpTime {
		return leaf{}, false
	}
	switch m := r.l.meaning(e); m.kind {
	case timeAtom:
		return leaf{Time, 0}, true
	case stateAtom:
		return leaf{U, m.index}, true
	case memoryAtom:
		return leaf{P, m.index}, true
	case initialAtom:
		return leaf{W, m.index}, true
	case targetAtom:
		return leaf{}, false
	}
	panic("mtkc: bug: " + r.p.String(e) + " is no atom of the plan")
}

// variable reports whether a number may differ between instances of a loop: not a small
// integer or a half, which decide about the form of the code.
func (r *roller) variable(e expr.ID) bool {
	v, _ := r.p.Value(e)
	num, den, exact := v.Exact()
	return !exact || den > 2 || num > 4 || num < -4
}

// placeholder returns the symbol of leaf k, or of number k.
func (r *roller) placeholder(list *[]expr.ID, prefix string, k int) expr.ID {
	for len(*list) <= k {
		*list = append(*list, r.p.Sym("\x01"+prefix+strconv.Itoa(len(*list))))
	}
	return (*list)[k]
}

// abstract writes the term of a shape in placeholders, from its first node.
func (r *roller) abstract(s *shape) {
	p := r.p
	n := s.nodes[0]
	var ids []expr.ID
	pids := &ids
	if r.nodes[n].data == nil {
		pids = nil
	}
	r.key(n, nil, pids)
	// key has left the places of the leaves in local under the present stamp.
	x := &r.nodes[n]
	for _, l := range x.leaves {
		s.ops = append(s.ops, l.op)
	}
	leafStamp := r.cur
	memo := map[expr.ID]expr.ID{}
	var build func(e expr.ID, root bool) expr.ID
	build = func(e expr.ID, root bool) expr.ID {
		if p.Op(e) == expr.OpConst {
			if k := slices.Index(ids, e); k >= 0 {
				return r.placeholder(&r.number, "K", k)
			}
			return e
		}
		if _, ok := r.asLeaf(e, root); ok {
			if r.stamp[e] != leafStamp {
				panic("mtkc: bug: a leaf of a shape has no place")
			}
			return r.placeholder(&r.leaf, "L", int(r.local[e]))
		}
		op := p.Op(e)
		if op <= expr.OpFalse {
			return e
		}
		if t, ok := memo[e]; ok {
			return t
		}
		var t expr.ID
		if op == expr.OpSym {
			t = build(r.l.defs[r.l.meaning(e).index].value, false)
		} else {
			args := slices.Clone(r.args(e))
			numbers := false
			for i, a := range args {
				args[i] = build(a, false)
				numbers = numbers || p.Op(a) == expr.OpConst && args[i] != a
			}
			switch {
			case op == expr.OpAdd && numbers:
				terms := []expr.ID{args[0]}
				for i := 1; i < len(args); i += 2 {
					terms = append(terms, p.Mul(args[i], args[i+1]))
				}
				t = p.Add(terms...)
			case op == expr.OpMul && numbers:
				var factors []expr.ID
				for i := 0; i < len(args); i += 2 {
					factors = append(factors, p.Pow(args[i], args[i+1]))
				}
				t = p.Mul(factors...)
			default:
				t = p.Rebuild(e, args)
			}
		}
		memo[e] = t
		return t
	}
	s.term = build(x.term, true)
	s.size = r.size[x.term] + 1
}
