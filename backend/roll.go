package backend

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// Rolled code. Large models repeat a few equations many times: sections of a ladder,
// cells of a grid, links of a chain. A roller sorts the terms of a kernel by shape, the
// term with its atoms (and, where that is needed to find a pattern, its numbers)
// replaced by placeholders. A shape that occurs often becomes a loop over tables of
// indices, the others straight-line code, so that the length of the code is that of
// the shapes and does not grow with the number of instances. Derivatives are taken of
// a shape once; see gradient.go.
//
// The terms of a kernel are cut at what is read more than once: definitions (targets of
// the plan) and large common subterms. Each piece is a node; nodes pass their values
// through the scratch array.

// Options of Lower.
type Options struct {
	// RollFrom is the number of operations from which on a kernel is searched for
	// repeated shapes; 0: 2000. Small kernels stay straight-line code, in which common
	// subexpressions are shared more freely. 1: every kernel gets steps, whether that pays
	// or not.
	RollFrom int
	MinLoop  int // instances that make a loop; 0: 8
}

const (
	rollFrom  = 2000
	minLoop   = 8
	nodeSize  = 12  // operations from which on a common subterm is computed once
	shapeSize = 400 // operations of a node at most; longer terms are cut at definitions
	costly    = 8   // what an elementary function counts
)

// place is where a result goes.
type place struct {
	space Space
	index int32
}

// leaf is an input of a node: an entry of u, p or w, the time, or (S) the value of
// another node.
type leaf struct {
	op    Op
	index int32
}

// node is a term that is computed for itself.
type node struct {
	term   expr.ID
	outs   []place
	shape  int32
	leaves []leaf    // by placeholder of the shape
	data   []float64 // numbers of the instance, by placeholder
	slot   int32     // in the scratch array, -1 while nobody reads it
	level  int32
}

// shape is a term in placeholders, with the nodes that have it.
type shape struct {
	nodes []int32
	term  expr.ID
	ops   []Op // of the leaves
	size  int32

	// ordered: each node of the shape may read others of it; they are computed in order.
	ordered bool

	partials []partial // see gradient.go
	derived  bool
}

// roller is the analysis of one kernel.
type roller struct {
	l    *lowerer
	p    *expr.Pool
	opt  Options
	name func(n int32) string // of a node, for reports; "" if it has none

	nodes  []node
	nodeOf []int32 // by term: 1 + node, 0
	shapes []*shape
	slots  int32 // scratch entries given out

	size  []int32 // by term: operations, without those of nodes; 0: not seen
	stamp []uint32
	local []int32 // by term, for the present node: placeholder or back reference
	cur   uint32

	leaf   []expr.ID // placeholder symbols of leaves
	number []expr.ID // of numbers
	slope  []expr.ID // of slopes
}

// cut finds the nodes of a kernel with these results. It returns the operations
// that all of them have together.
func (r *roller) cut(terms []expr.ID, outs []place) int {
	p, n := r.p, r.p.Len()
	r.nodeOf, r.size = make([]int32, n), make([]int32, n)
	r.stamp, r.local = make([]uint32, n), make([]int32, n)
	// Readers of every term, and an order in which arguments come first.
	uses := make([]uint8, n)
	use := func(e expr.ID) {
		if uses[e] < 2 {
			uses[e]++
		}
	}
	var order []expr.ID
	var walk func(e expr.ID)
	walk = func(e expr.ID) {
		if r.stamp[e] == 1 {
			return
		}
		r.stamp[e] = 1
		switch op := p.Op(e); {
		case op <= expr.OpFalse:
			return
		case op == expr.OpSym || op == expr.OpTime:
			if m := r.l.meaning(e); m.kind == targetAtom {
				v := r.l.defs[m.index].value
				use(v)
				walk(v)
			}
		default:
			for _, a := range p.Args(e) {
				if p.Op(a) > expr.OpFalse {
					use(a)
					walk(a)
				}
			}
		}
		order = append(order, e)
	}
	wanted := make([]bool, n)
	for _, e := range terms {
		wanted[e] = true
		use(e)
		walk(e)
	}
	r.cur = 1
	add := func(e expr.ID) {
		r.nodes = append(r.nodes, node{term: e, slot: -1})
		r.nodeOf[e] = int32(len(r.nodes))
	}
	total := 0
	for _, e := range order {
		size, target := int32(0), false
		switch op := p.Op(e); {
		case op == expr.OpSym || op == expr.OpTime:
			if m := r.l.meaning(e); m.kind == targetAtom {
				v := r.l.defs[m.index].value
				target = true
				if size = r.sizeOf(v); r.nodeOf[v] > 0 {
					size = 0
				}
			}
		default:
			size = 1
			switch direct[op] {
			case Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh, Atanh, Exp, Log, Log10, Atan2, Pow:
				size = costly
			}
			if op == expr.OpCall {
				size = 2 * costly
			}
			for _, a := range p.Args(e) {
				size += r.sizeOf(a)
			}
		}
		r.size[e] = size
		shared, cut := uses[e] > 1, false
		switch {
		case target:
			cut = wanted[e] || shared && size > 2 || size > shapeSize
		case p.Op(e) > expr.OpSym:
			cut = wanted[e] || shared && size >= nodeSize && !p.Op(e).Info().Bool
		}
		if cut {
			add(e)
			total += int(size) + 1
		}
	}
	// A number or an input that is a result is a node as well, but read as what it is.
	plain := map[expr.ID]int32{}
	for i, e := range terms {
		n := r.nodeOf[e] - 1
		if n < 0 {
			var ok bool
			if n, ok = plain[e]; !ok {
				n = int32(len(r.nodes))
				plain[e] = n
				r.nodes = append(r.nodes, node{term: e, slot: -1})
			}
		}
		r.nodes[n].outs = append(r.nodes[n].outs, outs[i])
	}
	return total
}

// sizeOf is the size of an argument as seen from its reader.
func (r *roller) sizeOf(e expr.ID) int32 {
	if r.nodeOf[e] > 0 {
		return 0
	}
	return r.size[e]
}

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
	x.leaves = x.leaves[:0]
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
				r.stamp[e], r.local[e] = r.cur, int32(len(x.leaves))
				x.leaves = append(x.leaves, l)
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
		args := p.Args(e)
		buf = binary.AppendUvarint(append(buf, byte(op)), uint64(len(args)))
		for _, a := range args {
			visit(a, false)
		}
	}
	visit(x.term, true)
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
			args := slices.Clone(p.Args(e))
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

// work is an instance to be computed: the terms of a body with places for its leaves,
// numbers and results.
type instance struct {
	body   *body
	level  int32
	node   int32
	leaves []int32
	data   []float64
	outs   []int32
}

// body is what instances of one kind compute.
type body struct {
	terms   []expr.ID // in placeholders
	spaces  [][]Space // results of each term
	holes   []expr.ID // placeholders of the leaves
	ops     []Op      // of the leaves
	numbers []expr.ID // placeholders of numbers
	ordered bool
	size    int
}

// slotOf returns the place of a node in the scratch array, which it gets now at the
// latest.
func (r *roller) slotOf(n int32) int32 {
	x := &r.nodes[n]
	if x.slot < 0 {
		x.slot = r.slots
		r.slots++
	}
	return x.slot
}

// values lists the instances that compute the nodes for which need holds (nil: all).
// In an ordered loop results go to the scratch array; copies follow.
func (r *roller) values(need []bool) []instance {
	read := make([]bool, len(r.nodes))
	for n := range r.nodes {
		if need != nil && !need[n] {
			continue
		}
		for _, l := range r.nodes[n].leaves {
			if l.op == S {
				read[l.index] = true
			}
		}
	}
	if need != nil {
		for n, yes := range need {
			read[n] = read[n] || yes
		}
	}
	// One of a shape that is read makes all of them keep their values.
	kept := make([]bool, len(r.shapes))
	for n, yes := range read {
		if yes {
			kept[r.nodes[n].shape] = true
		}
	}
	for n := range r.nodes {
		if (need == nil || need[n]) && (kept[r.nodes[n].shape] || r.shapes[r.nodes[n].shape].ordered) {
			r.slotOf(int32(n))
		}
	}
	bodies := make([]*body, len(r.shapes))
	copies := map[string]*body{}
	var list []instance
	for n := range r.nodes {
		if need != nil && !need[n] {
			continue
		}
		x := &r.nodes[n]
		s := r.shapes[x.shape]
		keep := kept[x.shape] || s.ordered
		b := bodies[x.shape]
		if b == nil {
			b = &body{terms: []expr.ID{s.term}, ops: s.ops, ordered: s.ordered, size: int(s.size)}
			var spaces []Space
			if keep {
				spaces = append(spaces, Scratch)
			}
			if need == nil && !s.ordered {
				for _, o := range x.outs {
					spaces = append(spaces, o.space)
				}
			}
			b.spaces = [][]Space{spaces}
			for k := range s.ops {
				b.holes = append(b.holes, r.placeholder(&r.leaf, "L", k))
			}
			for k := range x.data {
				b.numbers = append(b.numbers, r.placeholder(&r.number, "K", k))
			}
			bodies[x.shape] = b
		}
		in := instance{body: b, level: x.level, node: int32(n), data: x.data, leaves: r.places(x.leaves)}
		if keep {
			in.outs = append(in.outs, x.slot)
		}
		if need == nil && !s.ordered {
			for _, o := range x.outs {
				in.outs = append(in.outs, o.index)
			}
		}
		list = append(list, in)
		if need == nil && s.ordered && len(x.outs) > 0 {
			key, spaces := "", []Space(nil)
			outs := []int32(nil)
			for _, o := range x.outs {
				key += string(rune('0' + o.space))
				spaces, outs = append(spaces, o.space), append(outs, o.index)
			}
			c := copies[key]
			if c == nil {
				h := r.placeholder(&r.leaf, "L", 0)
				c = &body{terms: []expr.ID{h}, spaces: [][]Space{spaces}, holes: []expr.ID{h}, ops: []Op{S}, size: 1}
				copies[key] = c
			}
			list = append(list, instance{body: c, level: x.level + 1, node: int32(n), leaves: []int32{x.slot}, outs: outs})
		}
	}
	return list
}

// places are the entries that the leaves name.
func (r *roller) places(leaves []leaf) []int32 {
	out := make([]int32, len(leaves))
	for k, l := range leaves {
		out[k] = l.index
		if l.op == S {
			out[k] = r.slotOf(l.index)
		}
	}
	return out
}

// kernel writes the instances, level by level: loops where there are enough of one
// body, straight-line code otherwise. It returns nil if loops save less than half of
// the code.
func (r *roller) kernel(name string, list []instance, force bool) *Kernel {
	type group struct {
		level int32
		body  *body
		list  []int32
	}
	order := map[*body]int32{}
	for i := range list {
		if _, ok := order[list[i].body]; !ok {
			order[list[i].body] = int32(len(order))
		}
	}
	index := make([]int32, len(list))
	for i := range index {
		index[i] = int32(i)
	}
	slices.SortStableFunc(index, func(a, b int32) int {
		x, y := &list[a], &list[b]
		return cmp.Or(cmp.Compare(x.level, y.level), cmp.Compare(order[x.body], order[y.body]))
	})
	var groups []group
	straight, loops, total := 0, 0, 0
	for i := 0; i < len(index); {
		j := i + 1
		x := &list[index[i]]
		for j < len(index) && list[index[j]].body == x.body && list[index[j]].level == x.level {
			j++
		}
		groups = append(groups, group{x.level, x.body, index[i:j]})
		total += x.body.size * (j - i)
		if j-i >= r.opt.MinLoop {
			loops += x.body.size
		} else {
			straight += x.body.size * (j - i)
		}
		i = j
	}
	if !force && 2*(loops+straight) > total {
		return nil
	}
	k := &Kernel{Name: name}
	w := stepWriter{r: r, k: k}
	for i := 0; i < len(groups); {
		j := i
		for j < len(groups) && groups[j].level == groups[i].level {
			j++
		}
		flushed := false
		for _, g := range groups[i:j] {
			if len(g.list) < r.opt.MinLoop {
				continue
			}
			if !flushed {
				w.flush()
				flushed = true
			}
			w.loop(g.body, list, g.list)
		}
		for _, g := range groups[i:j] {
			if len(g.list) < r.opt.MinLoop {
				for _, m := range g.list {
					w.once(&list[m])
				}
			}
		}
		i = j
	}
	w.flush()
	k.Scratch = int(r.slots)
	return k
}

// stepWriter appends steps to a kernel.
type stepWriter struct {
	r     *roller
	k     *Kernel
	open  bool          // a straight step is being written
	known map[int32]Ref // scratch entries that it has computed
}

// once adds an instance to the present straight step.
func (w *stepWriter) once(in *instance) {
	l := w.r.l
	if !w.open {
		l.begin(w.k.Name)
		w.open, w.known = true, map[int32]Ref{}
	} else {
		l.renew()
	}
	b := in.body
	for k, h := range b.holes {
		if b.ops[k] == S {
			if v, ok := w.known[in.leaves[k]]; ok {
				l.assign(h, v)
				continue
			}
		}
		l.assign(h, l.b.input(b.ops[k], in.leaves[k]))
	}
	for k, h := range b.numbers {
		l.assign(h, l.b.number(in.data[k]))
	}
	o := 0
	name := w.r.name(in.node)
	for i, t := range b.terms {
		v := l.lower(t)
		if name != "" && len(b.terms) == 1 {
			l.b.setLabel(v, name, w.r.equation(in.node))
		}
		for _, s := range b.spaces[i] {
			l.b.output(s, int(in.outs[o]), v)
			if s == Scratch {
				w.known[in.outs[o]] = v
			}
			o++
		}
	}
}

// flush ends the present straight step.
func (w *stepWriter) flush() {
	if w.open {
		w.open = false
		w.k.Steps = append(w.k.Steps, Step{Body: w.r.l.b.finish()})
	}
}

// loop adds a loop over the chosen instances of a body.
func (w *stepWriter) loop(b *body, list []instance, which []int32) {
	l := w.r.l
	l.begin(w.k.Name)
	s := Step{N: len(which), Ordered: b.ordered}
	column := func(of func(in *instance) int32) int32 {
		c := make([]int32, len(which))
		for i, m := range which {
			c[i] = of(&list[m])
		}
		s.Index = append(s.Index, NewTable(c))
		return int32(len(s.Index) - 1)
	}
	for k, h := range b.holes {
		t := column(func(in *instance) int32 { return in.leaves[k] })
		l.assign(h, l.b.input(b.ops[k], t))
	}
	for k, h := range b.numbers {
		row := make([]float64, len(which))
		for i, m := range which {
			row[i] = list[m].data[k]
		}
		s.Data = append(s.Data, row)
		l.assign(h, l.b.emit(Data, int32(k)))
	}
	o := 0
	for i, t := range b.terms {
		v := l.lower(t)
		for _, sp := range b.spaces[i] {
			l.b.output(sp, int(column(func(in *instance) int32 { return in.outs[o] })), v)
			o++
		}
	}
	s.Name = w.pattern(list, which)
	s.Body = l.b.finish()
	s.trim()
	w.k.Steps = append(w.k.Steps, s)
}

// pattern is a name for all instances: that of the first, with * for each number in
// which the last or the second differs.
func (w *stepWriter) pattern(list []instance, which []int32) string {
	first := w.r.name(list[which[0]].node)
	for _, m := range []int32{which[1], which[len(which)/2], which[len(which)-1]} {
		first = Pattern(first, w.r.name(list[m].node))
	}
	return first
}

// Pattern is one name for two: it writes * for the numbers in which two names differ, and for what
// differs otherwise.
func Pattern(a, b string) string {
	if a == b {
		return a
	}
	x, y := pieces(a), pieces(b)
	if len(x) != len(y) {
		n := 0
		for n < len(x) && n < len(y) && x[n] == y[n] {
			n++
		}
		return strings.TrimSuffix(strings.Join(x[:n], ""), "*") + "*"
	}
	for i := range x {
		if x[i] != y[i] {
			x[i] = "*"
		}
	}
	return strings.Join(x, "")
}

// pieces cuts a name into words, numbers and the signs between them.
func pieces(s string) []string {
	var out []string
	kind := func(c byte) int {
		switch {
		case c >= '0' && c <= '9' || c == '*':
			return 1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80:
			return 2
		}
		return 3
	}
	for i := 0; i < len(s); {
		j := i + 1
		for j < len(s) && kind(s[j]) == kind(s[i]) && kind(s[i]) != 3 {
			j++
		}
		out = append(out, s[i:j])
		i = j
	}
	return out
}

// equation is the equation that a node was solved from, -1 if there is none.
func (r *roller) equation(n int32) int {
	if m := r.l.meaning(r.nodes[n].term); m.kind == targetAtom {
		return r.l.defs[m.index].eq
	}
	return -1
}

// nodeName is the name of what a node computes.
func (r *roller) nodeName(n int32) string {
	if m := r.l.meaning(r.nodes[n].term); m.kind == targetAtom {
		return r.l.defs[m.index].name
	}
	return ""
}

// roll lowers results to a kernel with loops. It returns nil where the kernel is short
// or nothing repeats: then straight-line code serves better.
func (c *compiler) roll(l *lowerer, name string, terms []expr.ID, outs []place, rowName func(o place) string) (*Kernel, *roller) {
	if len(terms) == 0 {
		return nil, nil
	}
	r := &roller{l: l, p: l.p, opt: c.opt}
	if r.cut(terms, outs) < r.opt.RollFrom {
		return nil, nil
	}
	r.name = func(n int32) string {
		if s := r.nodeName(n); s != "" {
			return s
		}
		if x := &r.nodes[n]; len(x.outs) > 0 && rowName != nil {
			return rowName(x.outs[0])
		}
		return ""
	}
	r.sort()
	r.components()
	k := r.kernel(name, r.values(nil), r.opt.RollFrom == 1)
	if k == nil {
		return nil, nil
	}
	return k, r
}

// mainPlaces are the entries of Main in order.
func mainPlaces(n int) []place {
	out := make([]place, n)
	for i := range out {
		out[i] = place{Main, int32(i)}
	}
	return out
}
