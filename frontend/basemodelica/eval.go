package basemodelica

import (
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// eval gives the meaning of an expression. It reports errors and returns a bad value then.
func (r *reader) eval(e ref) value {
	if e == noRef {
		return bad()
	}
	n := r.t.nodes[e]
	// Chains of and, or and subscripts nest without parentheses.
	if r.level++; r.level > 10*maxDepth {
		r.level--
		return r.err(n.off, "E153", "name the inner parts as variables of their own", "nesting is deeper than %d levels", 10*maxDepth)
	}
	v := r.meaning(e, n)
	r.level--
	return v
}

// meaning is eval of a node.
func (r *reader) meaning(e ref, n node) value {
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
	case nIndex:
		v := r.eval(ref(n.a))
		if v.bad() {
			return v
		}
		return r.index(v, ref(n.b))
	case nMember:
		v := r.eval(ref(n.a))
		if v.bad() {
			return v
		}
		return r.member(v, n.b, n.off)
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
			case isConst && div && p.Op(p.Inv(v.id)) == expr.OpConst:
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
	if !r.room(rows*cols, off) {
		return bad()
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
		id = r.fn(expr.OpLt, a.id, b.id)
	case tLe:
		id = r.fn(expr.OpLe, a.id, b.id)
	case tGt:
		id = r.fn(expr.OpLt, b.id, a.id)
	case tGe:
		id = r.fn(expr.OpLe, b.id, a.id)
	case tEqEq:
		id = r.fn(expr.OpEq, a.id, b.id)
	default:
		id = r.fn(expr.OpNe, a.id, b.id)
	}
	return scalar(bBoolean, id)
}

// fn applies an operator that jumps or has a kink. Within functions it makes no events
// (Modelica 3.6, section 12.2).
func (r *reader) fn(op expr.Op, a ...expr.ID) expr.ID {
	x := r.pool.Fn(op, a...)
	if r.inFunc == 0 {
		return x
	}
	switch r.pool.Op(x) {
	case expr.OpLt, expr.OpLe, expr.OpAbs, expr.OpSign, expr.OpFloor, expr.OpCeil, expr.OpMin, expr.OpMax, expr.OpMod, expr.OpRem, expr.OpQuo:
		return r.pool.Fn(expr.OpNoEvent, x)
	}
	return x
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
