package basemodelica

import (
	"math"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// eval gives the meaning of an expression. It reports errors and returns a bad value then.
func (r *reader) eval(e ref) value {
	if e == noRef {
		return bad()
	}
	n := r.t.nodes[e]
	p := r.pool
	switch n.kind {
	case nNum:
		b := bReal
		if n.op == 1 {
			b = bInteger
		}
		return scalar(b, p.Num(r.t.nums[n.a]))
	case nName:
		return r.whole(r.variable(n.a, n.off), n)
	case nBool:
		if n.a != 0 {
			return scalar(bBoolean, expr.True)
		}
		return scalar(bBoolean, expr.False)
	case nStr:
		return value{t: stype{base: bString}, text: r.names[n.a]}
	case nValue:
		return r.values[n.a]
	case nSum:
		return r.sumOf(n)
	case nProd:
		return r.productOf(n)
	case nPow:
		return r.power(n)
	case nRel:
		return r.relationOf(n)
	case nNot:
		return r.map1(r.boolean(ref(n.a)), func(a expr.ID) expr.ID { return p.Fn(expr.OpNot, a) })
	case nAnd:
		a := r.boolean(ref(n.a))
		if a.id == expr.False && a.isScalar() && !a.bad() {
			return a
		}
		return r.map2(a, r.boolean(ref(n.b)), n.off, func(a, b expr.ID) expr.ID { return p.Fn(expr.OpAnd, a, b) })
	case nOr:
		a := r.boolean(ref(n.a))
		if a.id == expr.True && a.isScalar() && !a.bad() {
			return a
		}
		return r.map2(a, r.boolean(ref(n.b)), n.off, func(a, b expr.ID) expr.ID { return p.Fn(expr.OpOr, a, b) })
	case nIf:
		return r.ifOf(n)
	case nCall:
		return r.callOf(n)
	case nRef:
		return r.referenceOf(e)
	case nArray:
		return r.arrayOf(n)
	case nMatrix:
		return r.matrixOf(n)
	case nRange:
		return r.rangeOf(n)
	case nFor:
		return r.comprehension(n)
	case nEnd:
		if len(r.ends) > 0 {
			return scalar(bInteger, p.Int(int64(r.ends[len(r.ends)-1])))
		}
		return r.err(n.off, "E152", "use it within [ ]", "end stands outside a subscript")
	case nTuple:
		return r.err(n.off, "E166", "assign the results in an equation of their own: (a, b) = f(x)", "a list of results within an expression")
	case nColon:
		return r.err(n.off, "E152", "correct the text at this place", "':' stands outside a subscript")
	case nBad:
		return bad()
	}
	panic("mtkc: bug: expression node without meaning")
}

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

// boolean evaluates a Boolean expression.
func (r *reader) boolean(e ref) value {
	v := r.eval(e)
	if !v.bad() && v.t.base != bBoolean {
		return r.err(r.off(e), "E161", "write a comparison", "a Boolean is needed here, not %s", v.t)
	}
	return v
}

// map1 applies f to the elements.
func (r *reader) map1(a value, f func(expr.ID) expr.ID) value {
	if a.bad() {
		return a
	}
	if a.dims == nil {
		a.id = f(a.id)
		return a
	}
	out := value{t: a.t, dims: a.dims, el: make([]expr.ID, len(a.el))}
	for i, x := range a.el {
		out.el[i] = f(x)
	}
	return out
}

// map2 applies f to pairs of elements; a scalar goes with every element.
func (r *reader) map2(a, b value, off int32, f func(a, b expr.ID) expr.ID) value {
	if a.bad() || b.bad() {
		return bad()
	}
	if a.dims == nil && b.dims == nil {
		a.id = f(a.id, b.id)
		return a
	}
	dims := a.dims
	if dims == nil {
		dims = b.dims
	} else if b.dims != nil && !sameDims(dims, b.dims) {
		return r.err(off, "E162", "make the sizes equal", "sizes do not match: %s and %s", shape(a.dims), shape(b.dims))
	}
	out := value{t: a.t, dims: dims, el: make([]expr.ID, count(dims))}
	for i := range out.el {
		x, y := a.id, b.id
		if a.dims != nil {
			x = a.el[i]
		}
		if b.dims != nil {
			y = b.el[i]
		}
		out.el[i] = f(x, y)
	}
	return out
}

var (
	realType    = stype{base: bReal}
	intType     = stype{base: bInteger}
	booleanType = stype{base: bBoolean}
	stringType  = stype{base: bString}
)

// sumOf adds a chain of terms at once.
func (r *reader) sumOf(n node) value {
	p := r.pool
	var kbuf [8]expr.Num
	var tbuf [8]expr.ID
	ks, ts := kbuf[:0], tbuf[:0]
	typ := intType
	var acc value // once an array or text is met
	array := false
	for i := int32(0); i < n.b; i += 2 {
		op := tok(r.t.kids[n.a+i])
		e := ref(r.t.kids[n.a+i+1])
		v := r.eval(e)
		if v.bad() {
			// look at the rest for its errors too
			for i += 2; i < n.b; i += 2 {
				r.eval(ref(r.t.kids[n.a+i+1]))
			}
			return v
		}
		if !v.numeric() && !(v.t.base == bString && op == tPlus && (i == 0 || array)) {
			return r.err(r.off(e), "E161", "numbers are needed here", "%s cannot be added", v.t)
		}
		if v.t.base == bReal {
			typ = realType
		}
		minus := op == tMinus || op == tDotMinus
		if !array && v.dims == nil && v.t.base != bString {
			k := expr.IntNum(1)
			if minus {
				k = expr.IntNum(-1)
			}
			ks, ts = append(ks, k), append(ts, v.id)
			continue
		}
		if !array {
			array = true
			if i > 0 {
				acc = value{t: typ, id: p.Linear(expr.IntNum(0), ks, ts)}
			}
		}
		if i == 0 {
			if minus {
				v = r.map1(v, p.Neg)
			}
			acc = v
			continue
		}
		if (acc.t.base == bString) != (v.t.base == bString) {
			return r.err(r.off(e), "E161", "use String(x) to make a text of a number", "%s and %s cannot be added", acc.t, v.t)
		}
		if v.t.base == bString {
			if acc.dims != nil || v.dims != nil {
				return r.err(r.off(e), "E161", "add the elements one by one", "arrays of String cannot be added")
			}
			acc.text += v.text
			continue
		}
		if (op == tPlus || op == tMinus) && (acc.dims == nil) != (v.dims == nil) {
			return r.err(r.off(e), "E162", "use .+ or .- to add a scalar to every element", "%s and %s cannot be added", acc.describe(), v.describe())
		}
		f := func(a, b expr.ID) expr.ID { return p.Add(a, b) }
		if minus {
			f = p.Sub
		}
		if acc = r.map2(acc, v, r.off(e), f); acc.bad() {
			return acc
		}
	}
	if array {
		if acc.t.base != bString {
			acc.t = typ
		}
		return acc
	}
	return value{t: typ, id: p.Linear(expr.IntNum(0), ks, ts)}
}

// productOf multiplies a chain of factors at once. Constant factors are collected
// above and below the line, so that 0.3/0.1 is the quotient that floating point has.
func (r *reader) productOf(n node) value {
	p := r.pool
	var fbuf [8]expr.ID
	fs := fbuf[:0]
	num, den := expr.IntNum(1), expr.IntNum(1)
	typ := intType
	done := func() expr.ID {
		k := num
		if !den.IsOne() {
			if _, _, exact := den.Exact(); exact {
				k = num.Mul(den.Inv())
			} else {
				k = expr.FloatNum(num.Float() / den.Float())
			}
		}
		if len(fs) == 0 {
			return p.Num(k)
		}
		if !k.IsOne() {
			fs = append(fs, p.Num(k))
		}
		return p.Mul(fs...)
	}
	var acc value
	array := false
	for i := int32(0); i < n.b; i += 2 {
		op := tok(r.t.kids[n.a+i])
		e := ref(r.t.kids[n.a+i+1])
		v := r.eval(e)
		if v.bad() {
			for i += 2; i < n.b; i += 2 {
				r.eval(ref(r.t.kids[n.a+i+1]))
			}
			return v
		}
		if !v.numeric() {
			return r.err(r.off(e), "E161", "numbers are needed here", "%s cannot be multiplied", v.t)
		}
		div := op == tSlash || op == tDotSlash
		if v.t.base == bReal || div {
			typ = realType
		}
		if !array && v.dims == nil {
			c, isConst := p.Value(v.id)
			switch {
			case isConst && div && !c.IsZero():
				den = den.Mul(c)
			case isConst && !div:
				num = num.Mul(c)
			case div:
				fs = append(fs, p.Inv(v.id))
			default:
				fs = append(fs, v.id)
			}
			continue
		}
		if !array {
			array = true
			if i > 0 {
				acc = value{t: typ, id: done()}
			}
		}
		if i == 0 {
			acc = v
			continue
		}
		switch op {
		case tStar:
			acc = r.multiply(acc, v, r.off(e))
		case tDotStar:
			acc = r.map2(acc, v, r.off(e), func(a, b expr.ID) expr.ID { return p.Mul(a, b) })
		case tSlash:
			if v.dims != nil {
				return r.err(r.off(e), "E162", "use ./ to divide element by element", "division by %s", v.describe())
			}
			acc = r.map2(acc, v, r.off(e), p.Div)
		default:
			acc = r.map2(acc, v, r.off(e), p.Div)
		}
		if acc.bad() {
			return acc
		}
	}
	if array {
		acc.t = typ
		return acc
	}
	return value{t: typ, id: done()}
}

// multiply is the product *: of scalars, of a scalar and an array, of vectors
// (scalar product) and of matrices.
func (r *reader) multiply(a, b value, off int32) value {
	p := r.pool
	if a.dims == nil || b.dims == nil {
		return r.map2(a, b, off, func(a, b expr.ID) expr.ID { return p.Mul(a, b) })
	}
	la, lb := len(a.dims), len(b.dims)
	if la > 2 || lb > 2 {
		return r.err(off, "E162", "use .* to multiply element by element", "%s cannot be multiplied with %s", a.describe(), b.describe())
	}
	rows, inner, cols := 1, a.dims[la-1], 1
	if la == 2 {
		rows = a.dims[0]
	}
	if lb == 2 {
		cols = b.dims[1]
	}
	if b.dims[0] != inner {
		return r.err(off, "E162", "make the inner sizes equal, or use .*", "sizes do not match in a product: %s and %s", shape(a.dims), shape(b.dims))
	}
	if r.elements += rows * cols; rows*cols > maxElements || r.elements > maxElements {
		return r.err(off, "E174", "make the arrays smaller", "a matrix product has more than %d elements", maxElements)
	}
	out := value{t: a.t, el: make([]expr.ID, rows*cols)}
	terms := make([]expr.ID, inner)
	for i := range rows {
		for j := range cols {
			for k := range inner {
				terms[k] = p.Mul(a.el[i*inner+k], b.el[k*cols+j])
			}
			out.el[i*cols+j] = p.Add(terms...)
		}
	}
	switch {
	case la == 1 && lb == 1:
		return value{t: a.t, id: out.el[0]}
	case la == 1:
		out.dims = []int{cols}
	case lb == 1:
		out.dims = []int{rows}
	default:
		out.dims = []int{rows, cols}
	}
	return out
}

func (r *reader) power(n node) value {
	a, b := r.eval(ref(n.a)), r.eval(ref(n.b))
	if a.bad() || b.bad() {
		return bad()
	}
	if !a.numeric() || !b.numeric() {
		return r.err(n.off, "E161", "numbers are needed here", "%s ^ %s has no meaning", a.t, b.t)
	}
	// Integer to a power that is a natural number stays Integer, so that n*n, which the
	// pool keeps as a power, can be written as one.
	typ := realType
	if k, ok := r.pool.Value(b.id); ok && b.dims == nil && a.t.base == bInteger && b.t.base == bInteger && k.Sign() >= 0 {
		typ = intType
	}
	a.t, b.t = typ, typ
	if n.op == tDotPow || a.dims == nil && b.dims == nil {
		return r.map2(a, b, n.off, r.pool.Pow)
	}
	if len(a.dims) != 2 || a.dims[0] != a.dims[1] || b.dims != nil {
		return r.err(n.off, "E162", "use .^ to raise every element to a power", "%s ^ %s has no meaning", a.describe(), b.describe())
	}
	k, ok := r.integer(value{t: intType, id: b.id}, n.off, "the exponent of a matrix")
	if !ok {
		return bad()
	}
	if k < 0 || k > 1000 {
		return r.err(n.off, "E162", "use an exponent from 0 to 1000", "power %d of a matrix", k)
	}
	out := identity(r.pool, a.dims[0])
	for ; k > 0 && !out.bad(); k-- {
		out = r.multiply(out, a, n.off)
	}
	out.t = typ
	return out
}

func identity(p *expr.Pool, n int) value {
	out := value{t: intType, dims: []int{n, n}, el: make([]expr.ID, n*n)}
	for i := range n {
		out.el[i*n+i] = expr.One
	}
	return out
}

func (r *reader) relationOf(n node) value {
	a, b := r.eval(ref(n.a)), r.eval(ref(n.b))
	if a.bad() || b.bad() {
		return bad()
	}
	if a.dims != nil || b.dims != nil {
		return r.err(n.off, "E162", "compare the elements one by one", "arrays cannot be compared")
	}
	if _, ok := join(a.t, b.t); !ok && !(a.t.base == bEnum && b.t.base == bEnum && sameEnum(a.t.def, b.t.def)) || a.t.base == bRecord {
		return r.err(n.off, "E161", "compare values of one type", "%s cannot be compared with %s", a.t, b.t)
	}
	p := r.pool
	if a.t.base == bString {
		c := strings.Compare(a.text, b.text)
		ok := map[tok]bool{tLt: c < 0, tLe: c <= 0, tGt: c > 0, tGe: c >= 0, tEqEq: c == 0, tNe: c != 0}[n.op]
		if ok {
			return scalar(bBoolean, expr.True)
		}
		return scalar(bBoolean, expr.False)
	}
	var id expr.ID
	switch n.op {
	case tLt:
		id = p.Fn(expr.OpLt, a.id, b.id)
	case tLe:
		id = p.Fn(expr.OpLe, a.id, b.id)
	case tGt:
		id = p.Fn(expr.OpLt, b.id, a.id)
	case tGe:
		id = p.Fn(expr.OpLe, b.id, a.id)
	case tEqEq:
		id = p.Fn(expr.OpEq, a.id, b.id)
	default:
		id = p.Fn(expr.OpNe, a.id, b.id)
	}
	return scalar(bBoolean, id)
}

// ifOf chooses where the condition is a constant; then the other branches need not
// even make sense.
func (r *reader) ifOf(n node) value {
	args := r.t.kids[n.a : n.a+n.b]
	type branch struct {
		c expr.ID
		v value
	}
	var bs []branch
	var last value
	for i := 0; ; i += 2 {
		if i == len(args)-1 {
			last = r.eval(ref(args[i]))
			break
		}
		c := r.boolean(ref(args[i]))
		if c.bad() {
			for i++; i < len(args); i++ {
				r.eval(ref(args[i]))
			}
			return c
		}
		if c.dims != nil {
			return r.err(r.off(ref(args[i])), "E162", "write a scalar condition", "the condition is an array")
		}
		if c.id == expr.False {
			continue
		}
		v := r.eval(ref(args[i+1]))
		if c.id == expr.True {
			last = v
			break
		}
		bs = append(bs, branch{c.id, v})
	}
	for i := len(bs) - 1; i >= 0; i-- {
		if bs[i].v.bad() || last.bad() {
			return bad()
		}
		last = r.choose(bs[i].c, bs[i].v, last, n.off)
	}
	return last
}

// choose is if c then a else b, element by element.
func (r *reader) choose(c expr.ID, a, b value, off int32) value {
	t, ok := join(a.t, b.t)
	if !ok && a.t.base == bEnum && b.t.base == bEnum && sameEnum(a.t.def, b.t.def) {
		t, ok = a.t, true
	}
	if !ok || !sameDims(a.dims, b.dims) {
		return r.err(off, "E161", "make both branches of one type and size", "the branches of an if are %s and %s", a.describe(), b.describe())
	}
	if t.base == bRecord {
		out := value{t: t, dims: a.dims, rec: make([]value, len(a.rec))}
		for i := range a.rec {
			if out.rec[i] = r.choose(c, a.rec[i], b.rec[i], off); out.rec[i].bad() {
				return bad()
			}
		}
		return out
	}
	if t.base == bString {
		k, ok := r.known(scalar(bBoolean, c))
		if !ok {
			return r.err(off, "E163", "make the condition a parameter", "a String that depends on a condition which is not known at compile time")
		}
		if k != 0 {
			return a
		}
		return b
	}
	a.t = t
	return r.map2(a, b, off, func(x, y expr.ID) expr.ID { return r.pool.If(c, x, y) })
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
	if !r.bind(c) || int(o.leaf) >= len(c.bindings) {
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
	x, ok := r.known(v)
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
	if r.elements += total; total > maxElements || r.elements > maxElements {
		r.err(n.off, "E174", "make the arrays smaller", "the model has more than %d scalars", maxElements)
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
	var out value
	for i := d; i >= 1; i-- {
		subs := append([]int32{}, args...)
		subs[k] = int32(r.constant(value{t: intType, id: r.pool.Int(int64(i))}, off))
		w := r.index(v, r.t.list(nSubs, int(off), subs))
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
	if r.elements += inner * len(els); r.elements > maxElements {
		return r.err(off, "E174", "make the arrays smaller", "the model has more than %d scalars", maxElements)
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
	if r.elements += size; r.elements > maxElements || size > maxElements {
		return r.err(n.off, "E174", "make the range shorter", "a range has %d elements", size)
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
	if size > maxElements {
		return r.err(n.off, "E174", "make the range shorter", "a range has %g elements", size)
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
