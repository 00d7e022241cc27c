package backend

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/jacobian"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/sparsity"
)

// Derivatives of rolled code. A shape is differentiated once by its placeholders. Then
// each node gets its gradient, a list of columns, from those of the nodes it reads, by
// the chain rule in the forward direction; nodes of one shape whose gradients come
// about in the same way share the code for them.

// partial is the derivative of a shape by a leaf.
type partial struct {
	leaf int
	term expr.ID // in the placeholders of the shape
}

// slope is an entry of the gradient of a node: a number, or an entry of the scratch
// array.
type slope struct {
	col     int32
	slot    int32 // -1: the number
	guarded bool  // it is zero by a condition at times, and then hides what it is multiplied with
	value   expr.ID
}

// recipe is how the gradients of some nodes of a shape come about.
type recipe struct {
	entries []expr.ID // by merged column; Zero: none
	guarded []bool
	same    []int // the contribution whose slope the entry is as it stands, or -1
	body    *body // computes the entries that are no numbers; nil if all are
	reads   []int // leaves of kind S whose values the body needs
}

// contribution is a part of an entry: partial derivative k of the shape, times the g-th
// slope of the node behind the leaf, or directly (g is -1).
type contribution struct {
	col  int32
	k, g int
}

// gradient is a rolled matrix of derivatives of the results in Main by the columns, with
// its pattern. column gives the column of a leaf that is no node, -1 if it has none.
func (r *roller) gradient(name string, rows, cols int, column func(l leaf) int32) (*Kernel, *sparsity.Pattern) {
	p := r.p
	nodes := len(r.nodes)
	slopes := make([][]slope, nodes)
	need, read := make([]bool, nodes), make([]bool, nodes)
	for n := range r.nodes {
		for _, l := range r.nodes[n].leaves {
			if l.op == S {
				read[l.index] = true
			}
		}
	}
	recipes := map[string]*recipe{}
	fills := map[expr.ID]*body{}
	hole := r.placeholder(&r.leaf, "L", 0)
	move := &body{terms: []expr.ID{hole}, spaces: [][]Space{{Main}}, holes: []expr.ID{hole}, ops: []Op{S}, size: 1}
	guards := jacobian.NewGuards(p)
	var entries []sparsity.Entry
	var list []instance
	var con []contribution
	var key []byte
	for n := range r.nodes {
		x := &r.nodes[n]
		s := r.shapes[x.shape]
		moving := false
		for _, l := range x.leaves {
			if l.op == S && len(slopes[l.index]) > 0 || l.op != S && column(l) >= 0 {
				moving = true
				break
			}
		}
		if !moving {
			continue
		}
		r.derive(s)
		con = con[:0]
		for i, q := range s.partials {
			l := x.leaves[q.leaf]
			if l.op == S {
				for g, y := range slopes[l.index] {
					con = append(con, contribution{y.col, i, g})
				}
			} else if c := column(l); c >= 0 {
				con = append(con, contribution{c, i, -1})
			}
		}
		if len(con) == 0 {
			continue
		}
		slices.SortStableFunc(con, func(a, b contribution) int { return int(a.col) - int(b.col) })
		main := 0
		for _, o := range x.outs {
			if o.space == Main {
				main++
			}
		}
		behind := func(c contribution) *slope {
			return &slopes[x.leaves[s.partials[c.k].leaf].index][c.g]
		}
		// unit writes the entries of some contributions, which one body computes.
		unit := func(of *shape, leaves []leaf, data []float64, con []contribution) {
			key = append(key, flag(read[n]))
			last := int32(-1)
			for _, c := range con {
				key = append(key, flag(c.col != last))
				last = c.col
				if of == s {
					key = binary.AppendUvarint(key, uint64(c.k))
				} else {
					key = binary.AppendUvarint(key, uint64(s.partials[c.k].term))
				}
				switch {
				case c.g < 0:
					key = append(key, 0)
				case behind(c).slot < 0:
					key = binary.AppendUvarint(append(key, 1), uint64(behind(c).value))
				case behind(c).guarded:
					key = append(key, 2)
				default:
					key = append(key, 3)
				}
			}
			rec := recipes[string(key)]
			if rec == nil {
				rec = r.recipe(of, con, guards, read[n], main, behind, len(data))
				recipes[string(key)] = rec
			}
			in := instance{body: rec.body, node: int32(n), data: data}
			if rec.body != nil {
				in.leaves = r.places(leaves)
				for _, k := range rec.reads {
					need[leaves[k].index] = true
				}
				for _, c := range con {
					if c.g >= 0 && behind(c).slot >= 0 {
						in.leaves = append(in.leaves, behind(c).slot)
					}
				}
			}
			at := -1
			last = -1
			for _, c := range con {
				if c.col == last {
					continue
				}
				last = c.col
				at++
				e := rec.entries[at]
				if e == expr.Zero {
					continue
				}
				number := p.Op(e) == expr.OpConst
				from := int32(-1) // the entry of the scratch array that it equals
				if k := rec.same[at]; k >= 0 {
					from = behind(con[k]).slot
				}
				if read[n] {
					y := slope{col: c.col, slot: from, value: e, guarded: rec.guarded[at]}
					if !number && from < 0 {
						y.slot = r.slots
						r.slots++
						in.outs = append(in.outs, y.slot)
					}
					slopes[n] = append(slopes[n], y)
				}
				for _, o := range x.outs {
					if o.space != Main {
						continue
					}
					// The number of the entry stands in for its place, which is not known yet.
					k := int32(len(entries))
					entries = append(entries, sparsity.Entry{Row: o.index, Col: c.col})
					if from >= 0 {
						list = append(list, instance{body: move, node: int32(n), leaves: []int32{from}, outs: []int32{k}})
						continue
					}
					if !number {
						in.outs = append(in.outs, k)
						continue
					}
					b := fills[e]
					if b == nil {
						b = &body{terms: []expr.ID{e}, spaces: [][]Space{{Main}}, size: 1}
						fills[e] = b
					}
					list = append(list, instance{body: b, node: int32(n), outs: []int32{k}})
				}
			}
			if rec.body != nil {
				list = append(list, in)
			}
		}
		if !s.affine && !(s.plain && len(con) > manySlopes) {
			key = binary.AppendUvarint(key[:0], uint64(x.shape))
			key = binary.AppendUvarint(key, uint64(main))
			unit(s, x.leaves, x.data, con)
			continue
		}
		// The entries of a sum differ in how many terms have the column, and those of a factor times a sum are many of one kind: each is a
		// unit.
		for i := 0; i < len(con); {
			j := i + 1
			for j < len(con) && con[j].col == con[i].col {
				j++
			}
			if s.affine {
				slices.SortStableFunc(con[i:j], func(a, b contribution) int { return cmp.Compare(s.partials[a.k].term, s.partials[b.k].term) })
				key = binary.AppendUvarint(append(key[:0], 0xff, 0xff, 0xff, 0xff, 0xff), uint64(main)) // no shape has this number
				unit(&shape{partials: s.partials}, nil, nil, con[i:j])
			} else {
				key = binary.AppendUvarint(key[:0], uint64(x.shape))
				key = binary.AppendUvarint(key, uint64(main))
				unit(s, x.leaves, x.data, con[i:j])
			}
			i = j
		}
	}
	pat, slot := sparsity.New(rows, cols, entries)
	for i := range list {
		o := 0
		for _, spaces := range list[i].body.spaces {
			for _, s := range spaces {
				if s == Main {
					list[i].outs[o] = slot[list[i].outs[o]]
				}
				o++
			}
		}
	}
	for n := nodes - 1; n >= 0; n-- {
		if need[n] {
			for _, l := range r.nodes[n].leaves {
				if l.op == S {
					need[l.index] = true
				}
			}
		}
	}
	return r.kernel(name, append(r.values(need), list...), true), pat
}

// manySlopes is from how many contributions on the entries of a gradient are computed one by one where that repeats nothing.
const manySlopes = 2 * partSum

// derive differentiates a shape by its leaves.
func (r *roller) derive(s *shape) {
	if s.derived {
		return
	}
	s.derived = true
	leafOf := map[expr.ID]int{}
	for k, op := range s.ops {
		if op != P {
			leafOf[r.placeholder(&r.leaf, "L", k)] = k
		}
	}
	atoms, derivs := r.p.Gradient(s.term, func(a expr.ID) bool { _, ok := leafOf[a]; return ok })
	for i, a := range atoms {
		s.partials = append(s.partials, partial{leafOf[a], derivs[i]})
	}
	slices.SortFunc(s.partials, func(a, b partial) int { return a.leaf - b.leaf })
	s.affine = len(s.partials) > partSum/2 || r.sums && len(s.partials) > 1
	s.plain = true
	for _, q := range s.partials {
		s.affine = s.affine && r.p.Op(q.term) == expr.OpConst
		s.plain = s.plain && r.p.Op(q.term) <= expr.OpSym
	}
}

// recipe makes the terms of the entries of a gradient.
func (r *roller) recipe(s *shape, con []contribution, guards *jacobian.Guards, read bool, main int, behind func(contribution) *slope, numbers int) *recipe {
	p := r.p
	rec := &recipe{}
	var symbols []expr.ID
	var sum []expr.ID
	behindSymbol := map[expr.ID]int{}
	for i, c := range con {
		d := s.partials[c.k].term
		switch {
		case c.g < 0:
			sum = append(sum, d)
		case behind(c).slot < 0:
			sum = append(sum, guards.Chain(d, behind(c).value))
		default:
			g := r.placeholder(&r.slope, "G", len(symbols))
			symbols = append(symbols, g)
			behindSymbol[g] = i
			t := guards.Chain(d, g)
			if behind(c).guarded {
				t = p.If(p.Fn(expr.OpNe, g, expr.Zero), t, expr.Zero)
			}
			sum = append(sum, t)
		}
		if i+1 == len(con) || con[i+1].col != c.col {
			e := p.Add(sum...)
			sum = sum[:0]
			rec.entries = append(rec.entries, e)
			same := -1
			if k, ok := behindSymbol[e]; ok {
				same = k
			}
			rec.same = append(rec.same, same)
			rec.guarded = append(rec.guarded, guards.Guard(e) != expr.True || same >= 0 && behind(con[same]).guarded)
		}
	}
	b := &body{ops: slices.Clone(s.ops)}
	for k := range s.ops {
		b.holes = append(b.holes, r.placeholder(&r.leaf, "L", k))
	}
	for _, g := range symbols {
		b.holes, b.ops = append(b.holes, g), append(b.ops, S)
	}
	for k := range numbers {
		b.numbers = append(b.numbers, r.placeholder(&r.number, "K", k))
	}
	var spaces []Space
	if read {
		spaces = append(spaces, Scratch)
	}
	for range main {
		spaces = append(spaces, Main)
	}
	used := map[expr.ID]bool{}
	for at, e := range rec.entries {
		if p.Op(e) == expr.OpConst || rec.same[at] >= 0 {
			continue
		}
		b.terms, b.spaces = append(b.terms, e), append(b.spaces, spaces)
		for _, a := range p.Atoms(e) {
			used[a] = true
		}
	}
	if len(b.terms) == 0 {
		return rec
	}
	b.size = p.Cost(b.terms...)
	for k, op := range s.ops {
		if op == S && used[b.holes[k]] {
			rec.reads = append(rec.reads, k)
		}
	}
	rec.body = b
	return rec
}

// flag is a condition in the key of a recipe.
func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// unknowns gives the entries of w the columns in a list.
func unknowns(col map[int32]int32) func(l leaf) int32 {
	return func(l leaf) int32 {
		if j, ok := col[l.index]; ok && l.op == W {
			return j
		}
		return -1
	}
}

// columns gives the entries of an array their columns.
func columns(op Op) func(l leaf) int32 {
	return func(l leaf) int32 {
		if l.op == op {
			return l.index
		}
		return -1
	}
}

// rolledMatrix is gradient as the program wants it.
func (r *roller) rolledMatrix(name string, rows, cols int, column func(l leaf) int32) (*Kernel, *linsolve.Pattern) {
	k, p := r.gradient(name, rows, cols, column)
	return k, p.Linsolve()
}

// scatter writes the entries of a matrix with one column to the rows where they stand;
// the others are 0.
func scatter(k *Kernel, pat *sparsity.Pattern) *Kernel {
	rows := pat.Column(0)
	k.Zero = true
	for i := range k.Steps {
		s := &k.Steps[i]
		for j := range s.Body.Out {
			o := &s.Body.Out[j]
			if o.Space != Main {
				continue
			}
			if s.N == 0 {
				o.Index = rows[o.Index]
				continue
			}
			t := &s.Index[o.Index]
			list := make([]int32, s.N)
			for m := range list {
				list[m] = rows[t.At(m)]
			}
			*t = NewTable(list)
		}
	}
	return k
}
