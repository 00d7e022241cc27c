package basemodelica

import (
	"math"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// whole checks that all elements of a local array have been assigned.
func (r *reader) whole(v value, n node) value {
	if len(r.env) == 0 || v.bad() || !v.missing() {
		return v
	}
	name := "this"
	if n.kind == nName {
		name = r.names[n.a]
	}
	return r.err(n.off, "E168", "assign it first", "%s is used before all of it is assigned", name)
}

// missing reports whether an element is expr.None: not assigned yet.
func (v *value) missing() bool {
	switch {
	case v.t.base == bRecord:
		for i := range v.rec {
			if v.rec[i].missing() {
				return true
			}
		}
		return false
	case v.t.base == bString:
		return false
	case v.dims == nil:
		return v.id == expr.None
	}
	for _, e := range v.el {
		if e == expr.None {
			return true
		}
	}
	return false
}

// variable looks a simple name up: locals, then components, then time.
func (r *reader) variable(name, off int32) value {
	for i := len(r.env) - 1; i >= r.base; i-- {
		if l := &r.env[i]; l.name == name && !(r.raw > 0 && l.comp != nil) {
			if !l.set && r.assume(l.given(), r.path) != expr.True {
				return r.err(off, "E168", "assign it first", "%s is used before it is assigned", r.names[name])
			}
			return *l.v
		}
	}
	if c := r.lookupComp(name); c != nil && (r.inFunc == 0 || c.global || c.d.prefix == kConstant) {
		if c.state != 2 && !r.shape(c) {
			return bad()
		}
		if c.typ.base == bString {
			return r.stringOf(c, off)
		}
		if r.inFunc > 0 {
			return r.constantValue(c)
		}
		return c.val
	}
	switch r.names[name] {
	case "time":
		if r.inFunc > 0 {
			return r.err(off, "E168", "pass time as an argument", "a function cannot use time")
		}
		return scalar(bReal, expr.Time)
	}
	next := "declare it, or correct the name"
	if s := r.similar(r.names[name]); s != "" {
		next = "did you mean " + s + "?"
	}
	return r.err(off, "E157", next, "unknown name %s", r.names[name])
}

// similar finds the declared name with the fewest changes, "" if none is near.
func (r *reader) similar(name string) string {
	best, bestD := "", 1+len(name)/4
	if len(r.comps) > 20000 || len(name) > 100 {
		return ""
	}
	for _, c := range r.comps {
		if d := distance(name, c.name, bestD); d < bestD || d == bestD && best == "" {
			best, bestD = c.name, d
		}
	}
	return best
}

// distance is the number of edits between two names, limit+1 if it is more than limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, diag+1)
			least = min(least, row[j+1])
		}
		if least > limit {
			return limit + 1
		}
	}
	return row[len(b)]
}

// stringOf is the text of a String component.
func (r *reader) stringOf(c *comp, off int32) value {
	if c.d.prefix != kParameter && c.d.prefix != kConstant && !c.global {
		return r.err(off, "E166", "make it a parameter String with a value", "the String variable %s changes with time", c.name)
	}
	if !r.bind(c) {
		return bad()
	}
	v := value{t: c.typ, dims: c.dims}
	if c.bindings == nil {
		return r.err(off, "E163", "give it a value", "String %s has no value", c.name)
	}
	if c.dims == nil {
		return c.bindings[0]
	}
	for i := range c.bindings {
		v.txt = append(v.txt, c.bindings[i].text)
	}
	return v
}

// constantValue is the value of a constant, for functions: they know no symbols.
func (r *reader) constantValue(c *comp) value {
	if r.scratch != nil {
		ls := r.scratch.consts[c]
		if ls == nil {
			return bad()
		}
		own := make([]value, len(ls))
		for i := range ls {
			own[i] = r.renumber(ls[i])
		}
		k := 0
		return refill(c.val, own, &k)
	}
	if !r.bind(c) {
		return bad()
	}
	if c.bindings == nil {
		return r.err(c.d.off, "E163", "give it a value", "constant %s has no value", c.name)
	}
	k := 0
	return refill(c.val, c.bindings, &k)
}

// refill gives v other leaves.
func refill(v value, leaves []value, k *int) value {
	if v.t.base == bRecord {
		w := v
		w.rec = make([]value, len(v.rec))
		for i := range v.rec {
			w.rec[i] = refill(v.rec[i], leaves, k)
		}
		return w
	}
	if v.dims == nil {
		*k++
		w := leaves[*k-1]
		if w.t.base == bInteger && v.t.base == bReal {
			w.t = v.t
		}
		return w
	}
	start := *k
	*k += count(v.dims)
	return arrayOf(v.t, v.dims, func(i int) value { return leaves[start+i] })
}

// known evaluates a scalar from constants and the values of parameters. Parameters
// that it uses become structural: the compiled model depends on their values.
func (r *reader) known(v value) (float64, bool) {
	if v.bad() || v.dims != nil || v.t.base == bString || v.t.base == bRecord {
		return 0, false
	}
	switch v.id {
	case expr.True:
		return 1, true
	case expr.False:
		return 0, true
	}
	if c, ok := r.pool.Value(v.id); ok {
		return c.Float(), true
	}
	ok := true
	r.depthKnown++
	defer func() { r.depthKnown-- }()
	if r.depthKnown > maxCalls {
		return 0, false
	}
	var used []*comp
	x := r.pool.Eval(v.id, func(e expr.ID) (float64, bool) {
		switch r.pool.Op(e) {
		case expr.OpSym:
			b, c := r.binding(e)
			if b.bad() {
				ok = false
				return math.NaN(), true
			}
			used = append(used, c)
			f, o := r.known(b)
			ok = ok && o
			return f, true
		case expr.OpTime, expr.OpDer, expr.OpPre, expr.OpInitial, expr.OpTerminal, expr.OpSample, expr.OpDelay, expr.OpEdge, expr.OpChange:
			ok = false
			return math.NaN(), true
		}
		return 0, false
	})
	if !ok || math.IsNaN(x) {
		return 0, false
	}
	for _, c := range used {
		c.structural = true
	}
	return x, true
}

// binding is the value of a parameter's or constant's symbol, bad if it has none.
func (r *reader) binding(sym expr.ID) (value, *comp) {
	if int(sym) >= len(r.owner) || r.owner[sym].comp == 0 {
		return bad(), nil
	}
	o := r.owner[sym]
	c := r.comps[o.comp-1]
	if c.d.prefix != kParameter && c.d.prefix != kConstant && !c.global && c.typ.base != bRecord {
		return bad(), c
	}
	if c.d.prefix == kParameter && fixedFalse(r, c) {
		return bad(), c
	}
	if !r.bind(c) {
		r.spoiled = true
		return bad(), c
	}
	if int(o.leaf) >= len(c.bindings) {
		return bad(), c
	}
	return c.bindings[o.leaf], c
}

// fixedFalse reports whether a parameter is computed by the initialization.
func fixedFalse(r *reader, c *comp) bool {
	for _, m := range c.d.mods {
		if r.names[m.name] == "fixed" && m.value != noRef && r.t.nodes[m.value].kind == nBool && r.t.nodes[m.value].a == 0 {
			return true
		}
	}
	return false
}

// integer evaluates an Integer that must be known at compile time.
func (r *reader) integer(v value, off int32, what string) (int, bool) {
	if v.bad() {
		return 0, false
	}
	if v.dims != nil || v.t.base != bInteger && v.t.base != bEnum && v.t.base != bBoolean {
		r.err(off, "E161", "give an Integer", "%s must be an Integer, not %s", what, v.describe())
		return 0, false
	}
	r.spoiled = false
	x, ok := r.known(v)
	if !ok && r.spoiled { // reported where the value is given
		return 0, false
	}
	if !ok {
		r.err(off, "E163", "use a constant or a parameter with a value", "%s is not known at compile time", what)
		return 0, false
	}
	if x != math.Trunc(x) || math.Abs(x) > 1<<31 {
		r.err(off, "E163", "use a smaller whole number", "%s is %g", what, x)
		return 0, false
	}
	return int(x), true
}

// referenceOf gives the meaning of a.b[i].c: a component, an element, a field or an
// enumeration literal.
func (r *reader) referenceOf(e ref) value {
	n := r.t.nodes[e]
	parts := r.t.args(e)
	first := r.t.nodes[parts[0]]
	known := false
	for i := len(r.env) - 1; i >= r.base && !known; i-- {
		known = r.env[i].name == first.a
	}
	if !known && r.lookupComp(first.a) == nil {
		return r.literal(e, n)
	}
	v := r.variable(first.a, first.off)
	if v.bad() {
		return v
	}
	if first.b != int32(noRef) {
		v = r.index(v, ref(first.b))
	}
	for _, k := range parts[1:] {
		if v.bad() {
			return v
		}
		pt := r.t.nodes[k]
		if v = r.member(v, pt.a, pt.off); v.bad() {
			return v
		}
		if pt.b != int32(noRef) {
			if v = r.index(v, ref(pt.b)); v.bad() {
				return v
			}
		}
	}
	return r.whole(v, n)
}

// member is v.name; of an array of records the array of members.
func (r *reader) member(v value, name, off int32) value {
	if v.t.base != bRecord {
		return r.err(off, "E157", "only records have members", "%s has no member %s", v.t, r.names[name])
	}
	i, ok := v.t.def.index[name]
	if !ok {
		return r.err(off, "E157", "correct the name", "record %s has no member %s", v.t.def.name, r.names[name])
	}
	if v.dims == nil {
		return v.rec[i]
	}
	if len(v.rec) == 0 {
		f := &v.t.def.fields[i]
		return value{t: f.typ, dims: append(append([]int{}, v.dims...), f.dims...)}
	}
	inner := v.rec[0].rec[i].dims
	out := value{t: v.rec[0].rec[i].t, dims: append(append([]int{}, v.dims...), inner...)}
	for k := range v.rec {
		w := &v.rec[k].rec[i]
		switch {
		case w.t.base == bRecord && w.dims == nil:
			out.rec = append(out.rec, *w)
		case w.t.base == bRecord:
			out.rec = append(out.rec, w.rec...)
		case w.t.base == bString && w.dims == nil:
			out.txt = append(out.txt, w.text)
		case w.t.base == bString:
			out.txt = append(out.txt, w.txt...)
		case w.dims == nil:
			out.el = append(out.el, w.id)
		default:
			out.el = append(out.el, w.el...)
		}
	}
	return out
}

// literal is T.lit of an enumeration.
func (r *reader) literal(e ref, n node) value {
	parts := r.t.args(e)
	var path []string
	for _, k := range parts {
		pt := r.t.nodes[k]
		if pt.b != int32(noRef) {
			return r.err(n.off, "E157", "declare it, or correct the name", "unknown name %s", r.names[pt.a])
		}
		path = append(path, r.names[pt.a])
	}
	name, lit := strings.Join(path[:len(path)-1], "."), path[len(path)-1]
	var def *typeDef
	if i, ok := r.nameIdx[name]; ok && r.types[i] != nil {
		if d := r.types[i]; r.resolve(d) && d.typ.base == bEnum {
			def = d.typ.def
		}
	}
	if def == nil && name == "StateSelect" {
		def = r.stateType
	}
	if def == nil && name == "AssertionLevel" {
		def = r.levelType
	}
	if def == nil {
		// OpenModelica writes some names without quotes around the whole.
		if i, ok := r.nameIdx[strings.Join(path, ".")]; ok && r.lookupComp(i) != nil {
			return r.variable(i, n.off)
		}
		next := "declare it, or correct the name"
		if s := r.similar(strings.Join(path, ".")); s != "" {
			next = "did you mean " + s + "?"
		}
		return r.err(n.off, "E157", next, "unknown name %s", strings.Join(path, "."))
	}
	for i, l := range def.enum {
		if l == lit {
			return value{t: def.typ, id: r.pool.Int(int64(i + 1))}
		}
	}
	return r.err(n.off, "E157", "its values are "+strings.Join(def.enum, ", "), "enumeration %s has no value %s", name, lit)
}
