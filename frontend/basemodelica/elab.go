package basemodelica

import (
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// comp is a component of the model: a scalar, array or record.
type comp struct {
	d      *decl
	name   string
	typ    stype
	dims   []int
	mods   []*classDef // aliases whose modifications apply
	state  int8        // of the shape; 0: new, 1: in work, 2: done, 3: bad
	global bool
	val    value // its symbols
	num    int32 // 1 + index in comps
	first  int32 // index of its first variable in sys.Vars
	nleaf  int32

	ownDiscrete bool // our annotation says that it is discrete
	structural  bool // its value was needed at compile time

	bound    int8    // of the binding; as state
	bindings []value // one per leaf, of a parameter or constant; bad where there is none
	one      [1]value
}

// defineTypes resolves the type definitions and declares the functions.
func (r *reader) defineTypes() {
	seen := map[int32]bool{}
	for _, c := range r.classes {
		name := r.names[c.name]
		if seen[c.name] {
			r.err(c.off, "E156", "rename or remove one of them", "%s is defined twice", name)
			continue
		}
		seen[c.name] = true
		if c.kind == kFunction {
			r.funcs[c.name] = &function{class: c, name: name}
			continue
		}
		r.types[c.name] = &typeDef{class: c, name: name}
	}
	for _, c := range r.classes {
		if t := r.types[c.name]; t != nil && t.class == c {
			r.resolve(t)
			if t.typ.base == bEnum && t.enum != nil {
				r.sys.Enums = append(r.sys.Enums, model.Enum{Name: t.name, Values: t.enum})
			}
		}
	}
}

// resolve completes a type definition.
func (r *reader) resolve(t *typeDef) bool {
	switch t.state {
	case 2:
		return t.typ.base != bBad
	case 1:
		r.err(t.class.off, "E158", "a type cannot contain itself", "type %s is defined by itself", t.name)
		return false
	}
	t.state = 1
	c := t.class
	switch c.kind {
	case kEnumeration:
		if len(c.enum) == 0 {
			r.err(c.off, "E158", "list its values", "enumeration %s has no values", t.name)
		}
		seen := map[int32]bool{}
		for _, n := range c.enum {
			if seen[n] {
				r.err(c.off, "E156", "remove one of them", "enumeration %s has the value %s twice", t.name, r.names[n])
			}
			seen[n] = true
			t.enum = append(t.enum, r.names[n])
		}
		t.typ = stype{bEnum, t}
	case kRecord:
		t.index = map[int32]int{}
		ok := true
		for i := range c.decls {
			d := &c.decls[i]
			if _, dup := t.index[d.name]; dup {
				r.err(d.off, "E156", "rename or remove one of them", "%s is declared twice in record %s", r.names[d.name], t.name)
				continue
			}
			f := field{name: d.name, d: d}
			f.typ, f.dims, f.mods = r.typeOf(d)
			ok = ok && f.typ.base != bBad
			t.index[d.name] = len(t.fields)
			t.fields = append(t.fields, f)
		}
		if ok {
			t.typ = stype{bRecord, t}
		}
	default:
		b, dims, mods := r.lookupType(&c.base)
		t.typ = b
		own, ok := r.dimensions(c.base.dims)
		if !ok {
			t.typ = stype{}
		}
		t.dims = append(own, dims...)
		t.mods = append(t.mods, mods...)
		if c.mods != nil {
			t.mods = append(t.mods, c)
		}
	}
	t.state = 2
	return t.typ.base != bBad
}

// lookupType finds a type by name: its scalar type, the dimensions and the aliases
// that come with it.
func (r *reader) lookupType(t *typeRef) (stype, []int, []*classDef) {
	if d := r.types[t.name]; d != nil {
		r.resolve(d)
		return d.typ, d.dims, d.mods
	}
	switch name := r.names[t.name]; name {
	case "Real":
		return stype{base: bReal}, nil, nil
	case "Integer":
		return stype{base: bInteger}, nil, nil
	case "Boolean":
		return stype{base: bBoolean}, nil, nil
	case "String":
		return stype{base: bString}, nil, nil
	case "StateSelect":
		return r.stateType.typ, nil, nil
	case "AssertionLevel":
		return r.levelType.typ, nil, nil
	case "ExternalObject", "Clock":
		r.err(t.off, "E166", "replace it by equations or a table of parameters", "%s is not supported", name)
	default:
		r.err(t.off, "E158", "define it before the model, or write Real, Integer, Boolean or String", "unknown type %s", name)
	}
	return stype{}, nil, nil
}

// typeOf is the type and size of a declaration.
func (r *reader) typeOf(d *decl) (stype, []int, []*classDef) {
	t, dims, mods := r.lookupType(&d.typ)
	if t.base == bBad {
		return t, nil, nil
	}
	own, ok1 := r.dimensions(d.dims)
	typ, ok2 := r.dimensions(d.typ.dims)
	if !ok1 || !ok2 {
		return stype{}, nil, nil
	}
	if own == nil && typ == nil {
		return t, dims, mods
	}
	all := append(append(append([]int{}, own...), typ...), dims...)
	return t, all, mods
}

// dimensions evaluates declared sizes. A size ":" is -1.
func (r *reader) dimensions(subs ref) ([]int, bool) {
	if subs == noRef || r.t.nodes[subs].kind != nSubs {
		return nil, true
	}
	var out []int
	for _, k := range r.t.args(subs) {
		n := &r.t.nodes[k]
		if n.kind == nColon {
			out = append(out, -1)
			continue
		}
		if n.kind == nName {
			if d := r.types[n.a]; d != nil && r.resolve(d) && d.typ.base == bEnum {
				out = append(out, len(d.typ.def.enum))
				continue
			}
			if r.names[n.a] == "Boolean" {
				out = append(out, 2)
				continue
			}
		}
		v := r.eval(ref(k))
		d, ok := r.integer(v, n.off, "an array size")
		if !ok {
			return nil, false
		}
		if d < 0 {
			r.err(n.off, "E162", "sizes are 0 or more", "array size %d is negative", d)
			return nil, false
		}
		out = append(out, d)
	}
	return out, true
}

// register makes the name of a declaration known.
func (r *reader) register(d *decl, global bool) {
	for len(r.byName) < len(r.names) {
		r.byName = append(r.byName, nil)
	}
	if old := r.byName[d.name]; old != nil {
		r.err(d.off, "E156", "rename or remove one of them", "%s is declared twice", r.names[d.name])
		return
	}
	if len(r.slab) == cap(r.slab) {
		r.slab = make([]comp, 0, 1024)
	}
	r.slab = append(r.slab, comp{d: d, name: r.names[d.name], global: global, num: int32(len(r.comps) + 1)})
	c := &r.slab[len(r.slab)-1]
	r.comps = append(r.comps, c)
	r.byName[d.name] = c
}

// lookupComp finds a component by name, nil if there is none.
func (r *reader) lookupComp(name int32) *comp {
	if int(name) < len(r.byName) {
		return r.byName[name]
	}
	return nil
}

// shape resolves type and size of a component and makes its symbols.
func (r *reader) shape(c *comp) bool {
	switch c.state {
	case 2:
		return true
	case 3:
		return false
	case 1:
		r.err(c.d.off, "E172", "give the size as a number", "the size of %s depends on itself", c.name)
		c.state = 3
		return false
	}
	c.state = 1
	env, base, when := r.env, r.base, r.when
	r.env, r.base, r.when = nil, 0, false
	c.typ, c.dims, c.mods = r.typeOf(c.d)
	if c.state == 1 && c.typ.base != bBad {
		for i, d := range c.dims {
			if d >= 0 {
				continue
			}
			// The size follows from the binding.
			if c.d.binding == noRef {
				r.err(c.d.off, "E162", "write the size, or give it a value", "size %d of %s is not known", i+1, c.name)
				c.typ = stype{}
				break
			}
			v := r.eval(c.d.binding)
			if v.bad() || len(v.dims) != len(c.dims) {
				if !v.bad() {
					r.err(c.d.off, "E162", "make the sizes equal", "%s has %d dimensions, its value is %s", c.name, len(c.dims), v.describe())
				}
				c.typ = stype{}
				break
			}
			c.dims = append([]int{}, c.dims...)
			c.dims[i] = v.dims[i]
		}
	}
	if c.d.cond != noRef {
		v := r.eval(c.d.cond)
		if b, ok := r.known(v); !ok || b == 0 {
			r.err(c.d.off, "E166", "flatten the model with a tool that resolves conditions", "conditional declaration of %s", c.name)
		}
	}
	r.env, r.base, r.when = env, base, when
	if c.state == 3 || c.typ.base == bBad {
		c.state = 3
		return false
	}
	var leaf int32
	c.val, leaf = r.symbols(c, c.name, c.typ, c.dims, 0)
	c.nleaf = leaf
	c.state = 2
	if c.val.bad() {
		c.state = 3
	}
	return c.state == 2
}

// symbols makes the scalars of a component and returns the number after the last.
func (r *reader) symbols(c *comp, name string, t stype, dims []int, leaf int32) (value, int32) {
	n := count(dims)
	if n > maxElements-r.scalars {
		return r.err(c.d.off, "E174", "make the arrays smaller", "%s gives the model more than %d scalars", name, maxElements), leaf
	}
	if t.base != bRecord {
		r.scalars += n
	}
	if t.base == bRecord {
		one := func(name string) value {
			v := value{t: t, rec: make([]value, len(t.def.fields))}
			for i := range t.def.fields {
				f := &t.def.fields[i]
				for _, d := range f.dims {
					if d < 0 {
						return r.err(c.d.off, "E162", "write the size", "the size of %s.%s is not known", name, r.names[f.name])
					}
				}
				v.rec[i], leaf = r.symbols(c, name+"."+r.names[f.name], f.typ, f.dims, leaf)
				if v.rec[i].bad() {
					return bad()
				}
			}
			return v
		}
		if dims == nil {
			return one(name), leaf
		}
		v := value{t: t, dims: dims, rec: make([]value, n)}
		for i := range n {
			if v.rec[i] = one(elementName(name, dims, i)); v.rec[i].bad() {
				return bad(), leaf
			}
		}
		return v, leaf
	}
	sym := func(name string) expr.ID {
		id, old := r.pool.Lookup(name)
		if old && int(id) < len(r.owner) && r.owner[id].comp != 0 {
			r.err(c.d.off, "E156", "rename one of them", "%s is declared twice", name)
			return id
		}
		if !old {
			id = r.pool.Sym(name)
		}
		for int(id) >= len(r.owner) {
			r.owner = append(r.owner, leafOf{})
		}
		r.owner[id] = leafOf{c.num, leaf}
		leaf++
		return id
	}
	if dims == nil {
		return value{t: t, id: sym(name)}, leaf
	}
	v := value{t: t, dims: dims, el: make([]expr.ID, n)}
	for i := range n {
		v.el[i] = sym(elementName(name, dims, i))
	}
	return v, leaf
}

// declare appends the variables of a component.
func (r *reader) declare(c *comp) {
	c.first = int32(len(r.sys.Vars))
	if c.state != 2 {
		return
	}
	d := c.d
	v := model.Variable{Kind: model.Unknown, Value: expr.None, Start: expr.None, Min: expr.None, Max: expr.None, Nominal: expr.None}
	switch d.prefix {
	case kParameter:
		v.Kind = model.ParameterVar
	case kConstant:
		v.Kind = model.ConstantVar
	case kDiscrete:
		v.Kind = model.DiscreteVar
	}
	switch d.causal {
	case kInput:
		if v.Kind == model.Unknown || v.Kind == model.DiscreteVar {
			v.Kind = model.InputVar
		}
	case kOutput:
		v.Output = true
	}
	if c.global {
		v.Kind = model.ConstantVar
	}
	v.Pos = r.pos(int(d.off))
	if d.desc >= 0 {
		v.Desc = r.names[d.desc]
	}
	if d.ann != nil {
		v.Structural = d.ann.evaluate > 0
		was := v.Kind
		r.ownVariable(&v, d.ann.own)
		c.ownDiscrete = v.Kind == model.DiscreteVar && was != model.DiscreteVar
	}
	levels := make([][]mod, 0, 4)
	for _, a := range c.mods {
		levels = append(levels, a.mods)
	}
	if d.mods != nil {
		levels = append(levels, d.mods)
	}
	r.leafVars(c, &c.val, c.name, c.dims, v, levels)
	r.bind(c)
	if c.bindings != nil {
		r.attach(c)
	}
	if d.ann != nil {
		r.ownNoise(int(c.first), d.ann.own)
	}
}

// leafVars appends the variables of one value of a component. prefix holds the sizes
// of the arrays of records it lies in.
func (r *reader) leafVars(c *comp, val *value, name string, dims []int, proto model.Variable, levels [][]mod) {
	if val.t.base == bRecord {
		recs := []value{*val}
		if val.dims != nil {
			recs = val.rec
		}
		for i := range recs {
			n := name
			if val.dims != nil {
				n = elementName(name, val.dims, i)
			}
			for k := range val.t.def.fields {
				f := &val.t.def.fields[k]
				v := proto
				if v.Desc == "" && f.d.desc >= 0 {
					v.Desc = r.names[f.d.desc]
				}
				if f.d.prefix == kParameter && v.Kind == model.Unknown {
					v.Kind = model.ParameterVar
				}
				if f.d.prefix == kConstant {
					v.Kind = model.ConstantVar
				}
				var sub [][]mod
				for _, a := range f.mods {
					sub = append(sub, a.mods)
				}
				if f.d.mods != nil {
					sub = append(sub, f.d.mods)
				}
				for _, l := range levels {
					for _, m := range l {
						if m.name == f.name && m.args != nil {
							sub = append(sub, r.pick(m.args, m.each, val.dims, i, f.dims))
						}
					}
				}
				r.leafVars(c, &recs[i].rec[k], n+"."+r.names[f.name], f.dims, v, sub)
			}
		}
		return
	}
	start := len(r.sys.Vars)
	proto.Type, proto.EnumName = scalarType(val.t)
	if val.t.base == bEnum {
		r.useEnum(val.t.def)
	}
	path := ""
	if proto.Path == "" {
		path = parent(name)
	}
	if val.dims == nil {
		v := proto
		v.Name, v.Sym = name, val.id
		if v.Path == "" {
			v.Path = path
		} else if v.Path == noPath {
			v.Path = ""
		}
		r.sys.AddVar(v)
	} else {
		for _, id := range val.el {
			v := proto
			v.Name, v.Sym = r.pool.Name(id), id
			if v.Path == "" {
				v.Path = path
			} else if v.Path == noPath {
				v.Path = ""
			}
			r.sys.AddVar(v)
		}
	}
	for _, l := range levels {
		r.attributes(r.sys.Vars[start:], val.t, val.dims, l)
	}
}

// noPath marks a variable whose path is given as empty.
const noPath = "\x00"

// parent is the path of the component that holds a variable: what stands before the
// last dot outside brackets.
func parent(name string) string {
	if strings.IndexByte(name, '.') < 0 {
		return ""
	}
	depth := 0
	for i := len(name) - 1; i >= 0; i-- {
		switch name[i] {
		case ']':
			depth++
		case '[':
			depth--
		case '.':
			if depth == 0 {
				return name[:i]
			}
		}
	}
	return ""
}

func scalarType(t stype) (model.ScalarType, string) {
	switch t.base {
	case bInteger:
		return model.IntegerType, ""
	case bBoolean:
		return model.BooleanType, ""
	case bString:
		return model.StringType, ""
	case bEnum:
		return model.EnumType, t.def.name
	}
	return model.RealType, ""
}

// useEnum lists a built-in enumeration with the system's when a variable has it.
func (r *reader) useEnum(d *typeDef) {
	if d != r.stateType && d != r.levelType { // the defined ones are listed already
		return
	}
	for i := range r.sys.Enums {
		if r.sys.Enums[i].Name == d.name {
			return
		}
	}
	r.sys.Enums = append(r.sys.Enums, model.Enum{Name: d.name, Values: d.enum})
}

// pick narrows the attributes of a field to element i of an array of records.
func (r *reader) pick(args []mod, each bool, dims []int, i int, own []int) []mod {
	if dims == nil || each {
		return args
	}
	out := make([]mod, 0, len(args))
	for _, m := range args {
		if !m.each && m.value != noRef {
			if v := r.eval(m.value); !v.bad() && len(v.dims) == len(dims)+len(own) && len(v.dims) > 0 {
				m.value = r.constant(elementOf(v, dims, i), m.off)
			}
		}
		out = append(out, m)
	}
	return out
}

// elementOf is v[i1, i2, ...] for the row-order index i of the leading dimensions.
func elementOf(v value, dims []int, i int) value {
	n := count(dims)
	for _, d := range dims {
		n /= d
		v = v.sub(i / n)
		i %= n
	}
	return v
}

// constant makes a node that means an evaluated value.
func (r *reader) constant(v value, off int32) ref {
	r.values = append(r.values, v)
	return r.t.add(node{kind: nValue, off: off, a: int32(len(r.values) - 1)})
}

// attributes sets the attributes of the elements of a component.
func (r *reader) attributes(vars []model.Variable, t stype, dims []int, mods []mod) {
	for _, m := range mods {
		name := r.names[m.name]
		if m.value == noRef {
			r.err(m.off, "E169", "give it a value", "attribute %s has no value", name)
			continue
		}
		if name == "stateSelect" {
			r.stateSelect(vars, m)
			continue
		}
		v := r.eval(m.value)
		if v.bad() {
			continue
		}
		if v.dims != nil && !sameDims(v.dims, dims) {
			r.err(m.off, "E162", "make the sizes equal, or write each", "attribute %s has %s, the variable %s", name, shape(v.dims), shape(dims))
			continue
		}
		want := t
		switch name {
		case "unit", "displayUnit", "quantity":
			want = stype{base: bString}
		case "fixed":
			want = stype{base: bBoolean}
		case "start", "min", "max":
		case "nominal":
			want = stype{base: bReal}
		case "unbounded":
			continue
		default:
			r.err(m.off, "E169", "the attributes are start, fixed, min, max, nominal, unit, displayUnit, quantity, stateSelect", "unknown attribute %s", name)
			continue
		}
		if !fits(want, v.t) {
			r.err(m.off, "E161", "give a value of that type", "attribute %s must be %s, not %s", name, want, v.t)
			continue
		}
		for i := range vars {
			x, e := &vars[i], v.at(min(i, count(v.dims)-1))
			switch name {
			case "unit":
				x.Unit = e.text
			case "displayUnit":
				x.Display = e.text
			case "quantity":
				x.Quantity = e.text
			case "fixed":
				b, ok := r.known(e)
				if !ok {
					r.err(m.off, "E163", "write true or false", "fixed of %s is not known at compile time", x.Name)
					break
				}
				x.Fixed = model.FixedFalse
				if b != 0 {
					x.Fixed = model.FixedTrue
				}
			case "start":
				x.Start = e.id
				if t.base == bString {
					x.Start = expr.None
				}
			case "min":
				x.Min = e.id
			case "max":
				x.Max = e.id
			case "nominal":
				x.Nominal = e.id
			}
		}
	}
}

// stateSelect sets the preference as a state.
func (r *reader) stateSelect(vars []model.Variable, m mod) {
	v := r.eval(m.value)
	if v.bad() {
		return
	}
	for i := range vars {
		e := v.at(min(i, count(v.dims)-1))
		k, ok := r.known(e)
		if e.t.base != bEnum || !sameEnum(e.t.def, r.stateType) || !ok || k < 1 || k > 5 {
			r.err(m.off, "E169", "write StateSelect.prefer or another value of StateSelect", "stateSelect must be a known value of StateSelect")
			return
		}
		vars[i].State = [...]model.StateHint{model.StateNever, model.StateAvoid, model.StateDefault, model.StatePrefer, model.StateAlways}[int(k)-1]
	}
}

func sameDims(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// fits reports whether a value of type got may stand where want is declared.
func fits(want, got stype) bool {
	return want == got || want.base == bReal && got.base == bInteger || got.base == bBad ||
		want.base == bEnum && got.base == bEnum && sameEnum(want.def, got.def)
}

func sameEnum(a, b *typeDef) bool {
	if a.name != b.name || len(a.enum) != len(b.enum) {
		return false
	}
	for i := range a.enum {
		if a.enum[i] != b.enum[i] {
			return false
		}
	}
	return true
}

// bind evaluates the bindings of a component, once. For unknowns too: they become
// equations.
func (r *reader) bind(c *comp) bool {
	switch c.bound {
	case 2:
		return true
	case 3:
		return false
	case 1:
		r.err(c.d.off, "E172", "break the cycle", "the value of %s depends on itself", c.name)
		c.bound = 3
		return false
	}
	if c.d.binding == noRef && c.typ.base != bRecord {
		c.bound = 2
		return true
	}
	c.bound = 1
	env, base, when := r.env, r.base, r.when
	r.env, r.base, r.when = nil, 0, false
	ok := true
	if c.typ.base != bRecord {
		v := r.eval(c.d.binding)
		ok = !v.bad() && r.conforms(&v, c.typ, c.dims, c.d.off, c.name)
		if ok {
			if c.dims == nil {
				c.one[0] = v
				c.bindings = c.one[:]
			} else {
				c.bindings = v.leaves(make([]value, 0, c.nleaf))
			}
		}
	} else {
		b := make([]value, 0, c.nleaf)
		var v *value
		if c.d.binding != noRef {
			w := r.eval(c.d.binding)
			ok = !w.bad() && r.conforms(&w, c.typ, c.dims, c.d.off, c.name)
			v = &w
		}
		if ok {
			b, ok = r.recordBinding(b, &c.val, v, [][]mod{c.d.mods}, c.d.off)
		}
		if ok {
			c.bindings = b
		}
	}
	r.env, r.base, r.when = env, base, when
	if c.bound == 3 {
		return false
	}
	c.bound = 2
	if !ok {
		c.bound = 3
	}
	return ok
}

// recordBinding collects the values of the members of a record: from the value of the
// whole, from modifications, or the defaults of the record.
func (r *reader) recordBinding(to []value, val, from *value, levels [][]mod, off int32) ([]value, bool) {
	if from != nil {
		return from.leaves(to), true
	}
	recs := []value{*val}
	if val.dims != nil {
		recs = val.rec
	}
	ok := true
	for i := range recs {
		for k := range val.t.def.fields {
			f := &val.t.def.fields[k]
			src := f.d.binding
			var sub [][]mod
			var narrowed *value
			for _, l := range levels {
				for _, m := range l {
					if m.name != f.name {
						continue
					}
					if m.args != nil {
						sub = append(sub, m.args)
					}
					if m.value != noRef {
						src = m.value
						narrowed = nil
						if val.dims != nil && !m.each {
							if v := r.eval(m.value); !v.bad() && len(v.dims) == len(val.dims)+len(f.dims) {
								e := elementOf(v, val.dims, i)
								narrowed = &e
							}
						}
					}
				}
			}
			fv := &recs[i].rec[k]
			switch {
			case narrowed != nil || src != noRef:
				var v value
				if narrowed != nil {
					v = *narrowed
				} else {
					v = r.eval(src)
				}
				if v.bad() || !r.conforms(&v, f.typ, f.dims, off, r.names[f.name]) {
					ok = false
					continue
				}
				to = v.leaves(to)
			case f.typ.base == bRecord:
				var o bool
				to, o = r.recordBinding(to, fv, nil, sub, off)
				ok = ok && o
			default:
				for range count(f.dims) {
					to = append(to, bad())
				}
			}
		}
	}
	return to, ok
}

// conforms checks a value against a declaration.
func (r *reader) conforms(v *value, t stype, dims []int, off int32, name string) bool {
	if !fits(t, v.t) {
		r.err(off, "E161", "give a value of that type", "%s is %s, its value is %s", name, t, v.t)
		return false
	}
	if !sameDims(v.dims, dims) {
		r.err(off, "E162", "make the sizes equal", "%s has %s, its value has %s", name, shape(dims), shape(v.dims))
		return false
	}
	return true
}

// attach gives bindings to the variables of a component, as values or as equations.
func (r *reader) attach(c *comp) {
	for i := range c.bindings {
		b := &c.bindings[i]
		if b.bad() {
			continue
		}
		v := &r.sys.Vars[int(c.first)+i]
		switch {
		case v.Type == model.StringType:
			v.Text = b.text
		case v.Kind == model.ParameterVar, v.Kind == model.ConstantVar, v.Kind == model.InputVar:
			v.Value = b.id
		default:
			r.sys.Equations = append(r.sys.Equations, model.Equation{Lhs: v.Sym, Rhs: b.id, Pos: v.Pos, Path: v.Path})
		}
	}
}
