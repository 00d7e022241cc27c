package backend

import (
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// cut finds the nodes of a kernel with these results. It returns the operations
// that all of them have together.
func (r *roller) cut(terms []expr.ID, outs []place) int {
	r.narrow = map[expr.ID]expr.ID{}
	r.split(terms)
	p, n := r.p, r.p.Len()
	r.nodeOf, r.size, r.stamp, r.local = r.tables.nodeOf.of(n), r.tables.size.of(n), r.tables.stamp.of(n), r.tables.local.of(n)
	// Readers of every term, and an order in which arguments come first.
	uses, added := r.tables.uses.of(n), r.tables.added.of(n) // added: by sums
	use := func(e expr.ID) {
		if uses[e] < 2 {
			uses[e]++
		}
	}
	order := make([]expr.ID, 0, n/4)
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
			for _, a := range r.args(e) {
				if p.Op(a) > expr.OpFalse {
					use(a)
					if op == expr.OpAdd && added[a] < 2 {
						added[a]++
					}
					walk(a)
				}
			}
		}
		order = append(order, e)
	}
	wanted := r.tables.wanted.of(n)
	for _, e := range terms {
		wanted[e] = true
		use(e)
		walk(e)
	}
	r.cur = 1
	var cuts []expr.ID
	first := int32(len(r.nodes))
	total := 0
	for _, e := range order {
		size, target, part := int32(0), false, false
		switch op := p.Op(e); {
		case op == expr.OpSym || op == expr.OpTime:
			if m := r.l.meaning(e); m.kind == targetAtom {
				v := r.l.defs[m.index].value
				target, part = true, r.l.defs[m.index].part
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
			for _, a := range r.args(e) {
				size += r.sizeOf(a)
			}
		}
		r.size[e] = size
		shared, cut := uses[e] > 1, false
		switch {
		case target:
			cut = wanted[e] || shared && size > 2 || size > shapeSize || part || r.sums && size > 0
		case p.Op(e) > expr.OpSym:
			rate := r.sums && p.Op(e) == expr.OpMul && added[e] > 1 // that balances add without giving it a name
			cut = wanted[e] || rate || shared && size >= nodeSize && !p.Op(e).Info().Bool
		}
		if cut {
			cuts = append(cuts, e)
			r.nodeOf[e] = first + int32(len(cuts))
			total += int(size) + 1
		}
	}
	r.nodes = slices.Grow(r.nodes, len(cuts)+16)
	for _, e := range cuts {
		r.nodes = append(r.nodes, node{term: e, slot: -1})
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

// split finds the sums with many terms, such as the current of the node that all parts
// of a circuit share, and writes them as trees of partial sums, so that these become
// loops.
func (r *roller) split(terms []expr.ID) {
	p := r.p
	n := p.Len()
	seen := r.tables.seen.of(n)
	var walk func(e expr.ID)
	walk = func(e expr.ID) {
		if int(e) >= n || seen[e] {
			return
		}
		seen[e] = true
		op := p.Op(e)
		if op == expr.OpSym {
			if m := r.l.meaning(e); m.kind == targetAtom {
				walk(r.l.defs[m.index].value)
			}
			return
		}
		if op <= expr.OpTime {
			return
		}
		for _, a := range p.Args(e) {
			walk(a)
		}
		if a := p.Args(e); op == expr.OpAdd && len(a) > 2*r.wide() {
			r.narrow[e] = r.tree(a)
		}
	}
	for _, e := range terms {
		walk(e)
	}
}

// tree writes the sum of the terms of a as a sum of partial sums, which become
// definitions.
func (r *roller) tree(a []expr.ID) expr.ID {
	p := r.p
	c, _ := p.Value(a[0])
	var ks []expr.Num
	ts := []expr.ID(nil)
	for i := 1; i < len(a); i += 2 {
		k, _ := p.Value(a[i])
		ks, ts = append(ks, k), append(ts, a[i+1])
	}
	if r.sums {
		ks, ts = r.byCoefficient(ks, ts)
	}
	for len(ts) > partSum {
		var sums []expr.ID
		for i := 0; i < len(ts); i += partSum {
			j := min(i+partSum, len(ts))
			sums = append(sums, r.l.piece(p.Linear(expr.IntNum(0), ks[i:j], ts[i:j])))
		}
		ts, ks = sums, make([]expr.Num, len(sums))
		for i := range ks {
			ks[i] = expr.IntNum(1)
		}
	}
	return p.Linear(c, ks, ts)
}

// wide is the number of terms from which on a sum is taken apart.
func (r *roller) wide() int {
	if r.sums {
		return fewTerms
	}
	return wideSum
}

// byCoefficient writes a sum as one of partial sums, each of terms with the same coefficient, which stands before the partial sum: their
// shapes differ in length alone. Where there is one coefficient, or many, it changes nothing.
func (r *roller) byCoefficient(ks []expr.Num, ts []expr.ID) ([]expr.Num, []expr.ID) {
	var kinds []expr.Num
	var of [][]expr.ID
	for i, k := range ks {
		at := slices.Index(kinds, k)
		if at < 0 {
			if at = len(kinds); at == fewKinds {
				return ks, ts
			}
			kinds, of = append(kinds, k), append(of, nil)
		}
		of[at] = append(of[at], ts[i])
	}
	if len(kinds) == 1 {
		return ks, ts
	}
	ks, ts = ks[:0], ts[:0]
	ones := make([]expr.Num, partSum)
	for i := range ones {
		ones[i] = expr.IntNum(1)
	}
	for at, terms := range of {
		for len(terms) > partSum {
			var sums []expr.ID
			for i := 0; i < len(terms); i += partSum {
				j := min(i+partSum, len(terms))
				if j == i+1 {
					sums = append(sums, terms[i])
					continue
				}
				sums = append(sums, r.l.piece(r.p.Linear(expr.IntNum(0), ones[:j-i], terms[i:j])))
			}
			terms = sums
		}
		t := terms[0]
		if len(terms) > 1 {
			t = r.l.piece(r.p.Linear(expr.IntNum(0), ones[:len(terms)], terms))
		}
		ks, ts = append(ks, kinds[at]), append(ts, t)
	}
	return ks, ts
}

// args are the arguments of a term, those of a wide sum being partial sums.
func (r *roller) args(e expr.ID) []expr.ID {
	a := r.p.Args(e)
	if len(a) > 2*r.wide() && r.p.Op(e) == expr.OpAdd {
		if t, ok := r.narrow[e]; ok {
			return r.p.Args(t)
		}
	}
	return a
}

// sizeOf is the size of an argument as seen from its reader.
func (r *roller) sizeOf(e expr.ID) int32 {
	if r.nodeOf[e] > 0 {
		return 0
	}
	return r.size[e]
}
