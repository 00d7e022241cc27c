package basemodelica

import (
	"math"

	"github.com/mtkc/mtkc/expr"
)

// index is v[subscripts].
func (r *reader) index(v value, subs ref) value {
	at, dims, dyn, ok := r.selection(v.dims, v.t, subs)
	switch {
	case !ok:
		return bad()
	case dyn >= 0:
		return r.dynamic(v, subs, dyn)
	case dims == nil:
		return v.at(at[0])
	}
	return arrayOf(v.t, dims, func(i int) value { return v.at(at[i]) })
}

// selection evaluates subscripts: the chosen elements in row order and their shape.
// dyn is the number of a subscript that is known only at run time, -1 if there is none.
func (r *reader) selection(dims []int, t stype, subs ref) (at, shaped []int, dyn int, ok bool) {
	n := r.t.nodes[subs]
	if n.kind != nSubs {
		return nil, nil, -1, false
	}
	args := r.t.args(subs)
	if len(args) > len(dims) {
		r.err(n.off, "E162", "use fewer subscripts", "%d subscripts for %s of %s", len(args), t, shape(dims))
		return nil, nil, -1, false
	}
	pick := make([][]int, len(dims)) // chosen indices, from 0
	total := 1
	for k, d := range dims {
		if k >= len(args) || r.t.nodes[args[k]].kind == nColon {
			shaped = append(shaped, d)
			pick[k] = make([]int, d)
			for i := range pick[k] {
				pick[k][i] = i
			}
			total *= d
			continue
		}
		off := r.t.nodes[args[k]].off
		r.ends = append(r.ends, d)
		s := r.eval(ref(args[k]))
		r.ends = r.ends[:len(r.ends)-1]
		if s.bad() {
			return nil, nil, -1, false
		}
		if s.dims == nil {
			if s.t.base == bInteger || s.t.base == bEnum {
				if _, ok := r.known(s); !ok {
					return nil, nil, k, true
				}
			}
			i, ok := r.integer(s, off, "a subscript")
			if !ok {
				return nil, nil, -1, false
			}
			if s.t.base == bBoolean {
				i++
			}
			if i < 1 || i > d {
				r.err(off, "E162", "subscripts count from 1", "subscript %d is outside 1..%d", i, d)
				return nil, nil, -1, false
			}
			pick[k] = []int{i - 1}
			continue
		}
		if len(s.dims) != 1 {
			r.err(off, "E162", "use a vector of subscripts", "a subscript is %s", s.describe())
			return nil, nil, -1, false
		}
		shaped = append(shaped, s.dims[0])
		pick[k] = make([]int, 0, s.dims[0])
		for i := range s.dims[0] {
			j, ok := r.integer(s.at(i), off, "a subscript")
			if !ok {
				return nil, nil, -1, false
			}
			if j < 1 || j > d {
				r.err(off, "E162", "subscripts count from 1", "subscript %d is outside 1..%d", j, d)
				return nil, nil, -1, false
			}
			pick[k] = append(pick[k], j-1)
		}
		total *= s.dims[0]
	}
	if !r.room(total, n.off) {
		return nil, nil, -1, false
	}
	at = make([]int, total)
	for i := range at {
		flat, rest, m := 0, i, total
		for k, d := range dims {
			m /= len(pick[k])
			flat = flat*d + pick[k][rest/m]
			rest %= m
		}
		at[i] = flat
	}
	return at, shaped, -1, true
}

// dynamic is v[..., i, ...] with a subscript that is known only at run time: a chain
// of if over its values.
func (r *reader) dynamic(v value, list ref, k int) value {
	args := r.t.args(list)
	d, off := v.dims[k], r.t.nodes[args[k]].off
	r.ends = append(r.ends, d)
	s := r.eval(ref(args[k]))
	r.ends = r.ends[:len(r.ends)-1]
	if s.bad() {
		return s
	}
	if d == 0 {
		return r.err(off, "E162", "an empty array has no elements", "subscript of an empty array")
	}
	if d > 10000 {
		return r.err(off, "E163", "use a constant or a parameter with a value", "a subscript of %d elements is not known at compile time", d)
	}
	element := func(i int) value {
		subs := append([]int32{}, args...)
		subs[k] = int32(r.constant(value{t: intType, id: r.pool.Int(int64(i))}, off))
		return r.index(v, r.t.list(nSubs, int(off), subs))
	}
	if tree, ok := r.cases(s.id, map[expr.ID]expr.ID{}); ok {
		return r.elementOfCases(tree, d, element, off, map[expr.ID]value{})
	}
	var out value
	for i := d; i >= 1; i-- {
		w := element(i)
		if w.bad() {
			return w
		}
		if i == d {
			out = w
			continue
		}
		// The last element stands for everything above; an index out of range is an
		// error of the model that a run cannot see here.
		out = r.choose(r.pool.Fn(expr.OpLe, s.id, r.pool.Int(int64(i))), w, out, off)
		if out.bad() {
			return out
		}
	}
	return out
}

// cases brings a term into the form if c1 then n1 else if ... with numbers at the ends,
// where it is one number computed from such a choice and constants. seen holds what was
// brought into this form before.
func (r *reader) cases(e expr.ID, seen map[expr.ID]expr.ID) (expr.ID, bool) {
	p := r.pool
	if tree, ok := seen[e]; ok {
		return tree, true
	}
	if _, ok := p.Value(e); ok {
		return e, true
	}
	args := p.Args(e)
	if p.Op(e) == expr.OpIf {
		c, x, y := args[0], args[1], args[2]
		a, okA := r.cases(x, seen)
		if !okA {
			return e, false
		}
		b, okB := r.cases(y, seen)
		if !okB {
			return e, false
		}
		seen[e] = p.If(c, a, b)
		return seen[e], true
	}
	at := -1
	for i, a := range args {
		if _, ok := p.Value(a); !ok {
			if at >= 0 {
				return e, false
			}
			at = i
		}
	}
	switch p.Op(e) {
	case expr.OpAdd, expr.OpMul, expr.OpMin, expr.OpMax:
	default:
		return e, false
	}
	if at < 0 {
		return e, false
	}
	args = append([]expr.ID(nil), args...)
	tree, ok := r.cases(args[at], seen)
	if !ok {
		return e, false
	}
	memo := map[expr.ID]expr.ID{}
	var apply func(t expr.ID) expr.ID
	apply = func(t expr.ID) expr.ID {
		if done, ok := memo[t]; ok {
			return done
		}
		var out expr.ID
		if p.Op(t) == expr.OpIf {
			a := p.Args(t)
			c, x, y := a[0], a[1], a[2]
			out = p.If(c, apply(x), apply(y))
		} else {
			own := append([]expr.ID(nil), args...)
			own[at] = t
			out = p.Rebuild(e, own)
		}
		memo[t] = out
		return out
	}
	seen[e] = apply(tree)
	return seen[e], true
}

// elementOfCases is the element of an array whose number is a tree of choices. A number
// out of range takes the nearest element, as in dynamic.
func (r *reader) elementOfCases(tree expr.ID, d int, element func(int) value, off int32, memo map[expr.ID]value) value {
	if w, ok := memo[tree]; ok {
		return w
	}
	var w value
	if c, ok := r.pool.Value(tree); ok {
		w = element(int(min(max(c.Float(), 1), float64(d))))
	} else {
		a := r.pool.Args(tree)
		c, x, y := a[0], a[1], a[2]
		yes := r.elementOfCases(x, d, element, off, memo)
		no := r.elementOfCases(y, d, element, off, memo)
		if yes.bad() || no.bad() {
			return bad()
		}
		w = r.choose(c, yes, no, off)
	}
	memo[tree] = w
	return w
}

// arrayOf is {a, b, ...}.
func (r *reader) arrayOf(n node) value {
	els := make([]value, 0, n.b)
	for i := range n.b {
		v := r.eval(ref(r.t.kids[n.a+i]))
		if v.bad() {
			for i++; i < n.b; i++ {
				r.eval(ref(r.t.kids[n.a+i]))
			}
			return v
		}
		els = append(els, v)
	}
	return r.stack(els, n.off)
}

// stack makes an array with one dimension more.
func (r *reader) stack(els []value, off int32) value {
	if len(els) == 0 {
		return value{t: realType, dims: []int{0}}
	}
	t := els[0].t
	for i := range els {
		j, ok := join(t, els[i].t)
		if !ok {
			return r.err(off, "E161", "use one type for all elements", "an array holds %s and %s", t, els[i].t)
		}
		t = j
		if !sameDims(els[i].dims, els[0].dims) {
			return r.err(off, "E162", "make the rows equally long", "an array holds parts of different size: %s and %s", shape(els[0].dims), shape(els[i].dims))
		}
	}
	inner := count(els[0].dims)
	if !r.room(inner*len(els), off) {
		return bad()
	}
	return arrayOf(t, append([]int{len(els)}, els[0].dims...), func(i int) value { return els[i/inner].at(i % inner) })
}

// matrixOf is [a, b; c, d].
func (r *reader) matrixOf(n node) value {
	var rows []value
	for _, k := range r.t.kids[n.a : n.a+n.b] {
		var els []value
		for _, e := range r.t.args(ref(k)) {
			v := r.eval(ref(e))
			if v.bad() {
				return v
			}
			els = append(els, promote(v, 2))
		}
		row := r.cat(2, els, r.t.nodes[k].off)
		if row.bad() {
			return row
		}
		rows = append(rows, row)
	}
	return r.cat(1, rows, n.off)
}

// promote adds dimensions of size 1 at the end.
func promote(v value, n int) value {
	if len(v.dims) >= n {
		return v
	}
	dims := append([]int{}, v.dims...)
	for len(dims) < n {
		dims = append(dims, 1)
	}
	if v.dims == nil {
		return arrayOf(v.t, dims, func(int) value { return v })
	}
	v.dims = dims
	return v
}

// cat joins arrays along dimension k, from 1.
func (r *reader) cat(k int, els []value, off int32) value {
	if len(els) == 0 {
		return r.err(off, "E160", "give the arrays to join", "nothing to join")
	}
	t, dims := els[0].t, append([]int{}, els[0].dims...)
	if k < 1 || k > len(dims) {
		return r.err(off, "E162", "choose a dimension the arrays have", "cat along dimension %d of %s", k, els[0].describe())
	}
	for i, v := range els {
		j, ok := join(t, v.t)
		if !ok {
			return r.err(off, "E161", "use one type for all elements", "an array holds %s and %s", t, v.t)
		}
		t = j
		if i == 0 {
			continue
		}
		if len(v.dims) != len(dims) {
			return r.err(off, "E162", "make the sizes equal", "arrays of %s and %s cannot be joined", shape(dims), shape(v.dims))
		}
		for d := range dims {
			if d != k-1 && v.dims[d] != dims[d] {
				return r.err(off, "E162", "make the sizes equal", "arrays of %s and %s cannot be joined", shape(els[0].dims), shape(v.dims))
			}
		}
		dims[k-1] += v.dims[k-1]
	}
	outer, inner := count(dims[:k-1]), count(dims[k:])
	all := make([]value, 0, count(dims))
	for o := range outer {
		for _, v := range els {
			m := v.dims[k-1] * inner
			for i := range m {
				all = append(all, v.at(o*m+i))
			}
		}
	}
	return arrayOf(t, dims, func(i int) value { return all[i] })
}

// rangeOf is a:b or a:step:b, or a range of an enumeration.
func (r *reader) rangeOf(n node) value {
	var v [3]value
	exact := true
	for i := range n.b {
		v[i] = r.eval(ref(r.t.kids[n.a+i]))
		if v[i].bad() {
			return bad()
		}
		exact = exact && v[i].t.base != bReal
	}
	last := v[n.b-1]
	if !exact {
		return r.realRange(n, v[0], v[1], last)
	}
	from, ok1 := r.integer(v[0], n.off, "the start of a range")
	to, ok2 := r.integer(last, n.off, "the end of a range")
	step, ok3 := 1, true
	if n.b == 3 {
		step, ok3 = r.integer(v[1], n.off, "the step of a range")
	}
	if !ok1 || !ok2 || !ok3 {
		return bad()
	}
	if step == 0 {
		return r.err(n.off, "E162", "use a step that is not 0", "a range with step 0")
	}
	size := max(0, (to-from)/step+1)
	if (to-from)*sign(step) < 0 {
		size = 0
	}
	if !r.room(size, n.off) {
		return bad()
	}
	t := v[0].t
	return arrayOf(t, []int{size}, func(i int) value {
		x := from + i*step
		if t.base == bBoolean {
			if x != 0 {
				return scalar(bBoolean, expr.True)
			}
			return scalar(bBoolean, expr.False)
		}
		return value{t: t, id: r.pool.Int(int64(x))}
	})
}

func sign(a int) int {
	if a < 0 {
		return -1
	}
	return 1
}

func (r *reader) realRange(n node, a, b, c value) value {
	from, ok1 := r.known(a)
	to, ok2 := r.known(c)
	step, ok3 := 1.0, true
	if n.b == 3 {
		step, ok3 = r.known(b)
	}
	if !ok1 || !ok2 || !ok3 || step == 0 {
		return r.err(n.off, "E163", "use constants or parameters with a value", "the limits of a range are not known at compile time")
	}
	size := math.Floor((to-from)/step*(1+1e-15)) + 1
	if !(size >= 0) {
		size = 0
	}
	if !r.room(int(math.Min(size, maxElements+1)), n.off) {
		return bad()
	}
	return arrayOf(realType, []int{int(size)}, func(i int) value {
		return value{t: realType, id: r.pool.Float(from + float64(i)*step)}
	})
}

// comprehension is {f(i) for i in range}.
func (r *reader) comprehension(n node) value {
	iters := r.t.args(ref(n.b))
	return r.iterate(iters, func() value { return r.eval(ref(n.a)) }, n.off)
}

// iterate evaluates body for each value of the iterators; with several of them the
// first one is the last dimension.
func (r *reader) iterate(iters []int32, body func() value, off int32) value {
	if len(iters) == 0 {
		return body()
	}
	it := r.t.nodes[iters[len(iters)-1]]
	set, ok := r.iteratorRange(it)
	if !ok {
		return bad()
	}
	els := make([]value, 0, set.dims[0])
	for i := range set.dims[0] {
		v := set.at(i)
		r.env = append(r.env, local{name: it.a, v: &v, set: true, ro: true})
		e := r.iterate(iters[:len(iters)-1], body, off)
		r.env = r.env[:len(r.env)-1]
		if e.bad() {
			return e
		}
		if r.steps++; r.steps > maxSteps {
			return r.err(off, "E174", "make the ranges shorter", "more than %d steps at compile time", maxSteps)
		}
		els = append(els, e)
	}
	return r.stack(els, off)
}

// iteratorRange evaluates what a for goes over.
func (r *reader) iteratorRange(it node) (value, bool) {
	if it.b == int32(noRef) {
		r.err(it.off, "E163", "write for "+r.names[it.a]+" in 1:n", "the range of %s is not given", r.names[it.a])
		return value{}, false
	}
	// A type name means all its values.
	if n := r.t.nodes[it.b]; n.kind == nName {
		if d := r.types[n.a]; d != nil && r.resolve(d) && d.typ.base == bEnum {
			def := d.typ.def
			return arrayOf(d.typ, []int{len(def.enum)}, func(i int) value { return value{t: d.typ, id: r.pool.Int(int64(i + 1))} }), true
		}
	}
	v := r.eval(ref(it.b))
	if v.bad() {
		return v, false
	}
	if len(v.dims) != 1 {
		r.err(it.off, "E162", "write for "+r.names[it.a]+" in 1:n", "%s runs over %s, not over a vector", r.names[it.a], v.describe())
		return value{}, false
	}
	return v, true
}
