package basemodelica

import (
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// function is a function of the file.
type function struct {
	class *classDef
	name  string
}

// apply evaluates a call of a function of the file: its results in order, nil after an
// error. The body is executed with terms as values. Where it cannot be, because a loop
// depends on a value that is known only at run time, the call becomes a call of the
// interpreter.
func (r *reader) apply(f *function, args []int32, off int32) []value {
	in, ok := r.inputs(f, args, off)
	if !ok {
		return nil
	}
	return r.vectorized(f, in, off)
}

// inputs evaluates the arguments of a call in the order of the inputs; an input that
// is left out has base bBad and takes its default.
func (r *reader) inputs(f *function, args []int32, off int32) ([]value, bool) {
	var params []*decl
	for i := range f.class.decls {
		if d := &f.class.decls[i]; d.causal == kInput && !d.hidden {
			params = append(params, d)
		}
	}
	in := make([]value, len(params))
	set := make([]bool, len(params))
	ok := true
	for i, a := range args {
		n := r.t.nodes[a]
		k, e := i, ref(a)
		if n.kind == nNamed {
			k = -1
			for j, d := range params {
				if d.name == n.a {
					k = j
				}
			}
			if k < 0 {
				r.err(n.off, "E160", "correct the name", "function %s has no input %s", f.name, r.names[n.a])
				return nil, false
			}
			e = ref(n.b)
		}
		if n.kind == nFor || k >= len(params) || set[k] {
			r.err(n.off, "E160", "give each input once", "too many arguments for %s, which has %d inputs", f.name, len(params))
			return nil, false
		}
		in[k] = r.eval(e)
		set[k] = true
		ok = ok && !in[k].bad()
	}
	for k, d := range params {
		if !set[k] && d.binding == noRef {
			r.err(off, "E160", "give it a value", "the input %s of %s is missing", r.names[d.name], f.name)
			ok = false
		}
	}
	return in, ok
}

// vectorized applies a function of scalars to the elements of arrays.
func (r *reader) vectorized(f *function, in []value, off int32) []value {
	var outer []int
	extra := make([]int, len(in))
	k := 0
	for i := range f.class.decls {
		d := &f.class.decls[i]
		if d.causal != kInput || d.hidden {
			continue
		}
		rank := r.rankOf(d)
		if rank < 0 {
			return nil
		}
		if v := &in[k]; !v.bad() && len(v.dims) > rank {
			extra[k] = len(v.dims) - rank
			lead := v.dims[:extra[k]]
			if outer == nil {
				outer = lead
			} else if !sameDims(outer, lead) {
				r.err(off, "E162", "make the sizes equal", "the arguments of %s have sizes %s and %s", f.name, shape(outer), shape(lead))
				return nil
			}
		}
		k++
	}
	if outer == nil {
		return r.run(f, in, off)
	}
	n := count(outer)
	var cols [][]value
	for i := range n {
		one := make([]value, len(in))
		for k := range in {
			one[k] = in[k]
			if extra[k] > 0 {
				one[k] = elementOf(in[k], outer, i)
			}
		}
		out := r.run(f, one, off)
		if out == nil {
			return nil
		}
		if cols == nil {
			cols = make([][]value, len(out))
		}
		for c := range out {
			cols[c] = append(cols[c], out[c])
		}
	}
	if n == 0 {
		r.err(off, "E162", "give arrays with elements", "%s of empty arrays", f.name)
		return nil
	}
	res := make([]value, len(cols))
	for c := range cols {
		v := r.stack(cols[c], off)
		if v.bad() {
			return nil
		}
		v.dims = append(append([]int{}, outer...), cols[c][0].dims...)
		res[c] = v
	}
	return res
}

// rankOf is the number of dimensions of a declaration, -1 if its type is unknown.
func (r *reader) rankOf(d *decl) int {
	n := 0
	for _, s := range []ref{d.dims, d.typ.dims} {
		if s != noRef && r.t.nodes[s].kind == nSubs {
			n += int(r.t.nodes[s].b)
		}
	}
	t, dims, _ := r.lookupType(&d.typ)
	if t.base == bBad {
		return -1
	}
	return n + len(dims)
}

// flow is the control flow of an execution: conditions under which the rest is skipped.
type flow struct {
	returned, broken expr.ID
	stuck            string // why it cannot be executed with terms
	stuckOff         int32
}

// run executes a function.
func (r *reader) run(f *function, in []value, off int32) []value {
	if r.inFunc >= maxCalls {
		if r.flow.stuck == "" {
			r.flow.stuck, r.flow.stuckOff = "the recursion has no end that is known at compile time", off
		}
		return nil
	}
	if f.class.extern != nil {
		return r.external(f, in, off)
	}
	if len(f.class.algs) != 1 {
		r.err(f.class.off, "E168", "give it one algorithm section", "function %s has %d algorithm sections", f.name, len(f.class.algs))
		return nil
	}
	env, base, fl, when, ends, path := r.env, r.base, r.flow, r.when, r.ends, r.path
	r.base, r.when, r.ends = len(r.env), false, nil
	r.flow = flow{returned: expr.False, broken: expr.False}
	if r.inFunc == 0 {
		r.forks = 0
	}
	r.inFunc++
	out := r.body(f, in)
	r.inFunc--
	inner := r.flow
	r.env, r.base, r.flow, r.when, r.ends, r.path = env, base, fl, when, ends, path
	if inner.stuck == "" {
		return out
	}
	if r.inFunc > 0 { // the outermost call decides
		if r.flow.stuck == "" {
			r.flow.stuck, r.flow.stuckOff = inner.stuck, inner.stuckOff
		}
		return nil
	}
	return r.numericCall(f, in, inner, off)
}

// body declares the locals, executes the statements and collects the outputs.
func (r *reader) body(f *function, in []value) []value {
	k := 0
	for i := range f.class.decls {
		d := &f.class.decls[i]
		input := d.causal == kInput && !d.hidden
		v := bad()
		if input {
			v = in[k]
			k++
		}
		if !r.declareLocal(f, d, v, input) {
			return nil
		}
	}
	if !r.exec(f.class.algs[0]) || r.flow.stuck != "" {
		return nil
	}
	var out []value
	for i := range f.class.decls {
		d := &f.class.decls[i]
		if d.causal != kOutput || d.hidden {
			continue
		}
		l := r.local(d.name)
		if !l.set && r.assume(l.given(), expr.True) != expr.True || l.v.missing() {
			r.err(d.off, "E168", "assign it on every way through the function", "the output %s of %s is not always assigned", r.names[d.name], f.name)
			return nil
		}
		out = append(out, *l.v)
	}
	if len(out) == 0 {
		r.err(f.class.off, "E168", "declare an output", "function %s has no output", f.name)
		return nil
	}
	return out
}

// declareLocal makes an input, output or protected variable known. v is the argument.
func (r *reader) declareLocal(f *function, d *decl, v value, input bool) bool {
	t, dims, _ := r.typeOf(d)
	if t.base == bBad {
		return false
	}
	l := local{name: d.name, typ: t, dims: dims, ro: input || d.prefix == kConstant}
	if v.bad() && d.binding != noRef {
		if v = r.eval(d.binding); v.bad() {
			return false
		}
	}
	if !v.bad() {
		if !r.accepts(&l, &v, d.off, r.names[d.name]) {
			return false
		}
		w := copyOf(v)
		w.t = t
		l.v, l.set = &w, true
	} else {
		known := true
		for _, n := range dims {
			known = known && n >= 0
		}
		if known && (dims != nil || t.base == bRecord) {
			w := r.blank(t, dims, d.off)
			if w.bad() {
				return false
			}
			l.v, l.set = &w, true
		}
	}
	r.env = append(r.env, l)
	return true
}

// blank is a value of that type in which every scalar is missing.
func (r *reader) blank(t stype, dims []int, off int32) value {
	if !r.room(count(dims), off) {
		return bad()
	}
	if t.base != bRecord {
		if dims == nil {
			return value{t: t, id: expr.None}
		}
		return arrayOf(t, dims, func(int) value { return value{t: t, id: expr.None} })
	}
	one := func() value {
		v := value{t: t, rec: make([]value, len(t.def.fields))}
		for i := range t.def.fields {
			f := &t.def.fields[i]
			if f.d.binding != noRef {
				v.rec[i] = copyOf(r.eval(f.d.binding))
				if !v.rec[i].bad() {
					v.rec[i].t = f.typ
				}
			} else {
				v.rec[i] = r.blank(f.typ, f.dims, off)
			}
			if v.rec[i].bad() {
				return bad()
			}
		}
		return v
	}
	if dims == nil {
		return one()
	}
	v := value{t: t, dims: dims}
	for range count(dims) {
		e := one()
		if e.bad() {
			return e
		}
		v.rec = append(v.rec, e)
	}
	return v
}

// accepts checks type and size of what is assigned to a local.
func (r *reader) accepts(l *local, v *value, off int32, name string) bool {
	if !fits(l.typ, v.t) && !(l.typ.base == bRecord && v.t.base == bRecord && len(v.t.def.fields) == len(l.typ.def.fields)) {
		r.err(off, "E161", "give a value of that type", "%s is %s, its value is %s", name, l.typ, v.t)
		return false
	}
	ok := len(l.dims) == len(v.dims)
	for i := range l.dims {
		ok = ok && (l.dims[i] < 0 || l.dims[i] == v.dims[i])
	}
	if !ok {
		r.err(off, "E162", "make the sizes equal", "%s has %s, its value has %s", name, shape(l.dims), shape(v.dims))
	}
	return ok
}

func (r *reader) local(name int32) *local {
	for i := len(r.env) - 1; i >= r.base; i-- {
		if r.env[i].name == name {
			return &r.env[i]
		}
	}
	return nil
}

// libm are functions of C and FORTRAN libraries that are builtins here.
var libm = map[string]string{
	"sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "atan2": "atan2",
	"sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh",
	"exp": "exp", "log": "log", "log10": "log10", "sqrt": "sqrt", "fabs": "abs", "abs": "abs", "floor": "floor", "ceil": "ceil",
	"sign": "sign", "max": "max", "min": "min", "mod": "mod", "rem": "rem", "div": "div", "integer": "integer",
}

// external calls a builtin by the name that an external function gives.
func (r *reader) external(f *function, in []value, off int32) []value {
	x := f.class.extern
	name := f.name[strings.LastIndexByte(f.name, '.')+1:]
	if x.name >= 0 {
		name = r.names[x.name]
	}
	lang := "C"
	if x.lang >= 0 {
		lang = r.names[x.lang]
	}
	b, known := builtins[libm[name]]
	if !known || lang != "C" && lang != "builtin" || len(b.params) != len(in) && !strings.HasSuffix(b.params[min(len(in), len(b.params)-1)], "?") {
		r.err(off, "E166", "replace it by a function with an algorithm", "function %s is implemented in %s, outside the model", f.name, lang)
		return nil
	}
	for i := range in {
		if in[i].bad() {
			r.err(off, "E160", "give all arguments", "an argument of %s is missing", f.name)
			return nil
		}
	}
	v := b.eval(r, in, off)
	if v.bad() {
		return nil
	}
	return []value{v}
}
