package basemodelica

import (
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// builtin is an operator or function of the language. A nil eval with a text means
// that it is known and not supported.
type builtin struct {
	params []string // names of the arguments; a trailing ? marks optional ones
	vararg bool
	eval   func(r *reader, a []value, off int32) value
	why    string
}

// elementwise makes a function of numbers that applies to every element.
func elementwise(op expr.Op, names ...string) builtin {
	return builtin{params: names, eval: func(r *reader, a []value, off int32) value {
		for i := range a {
			if !r.number(&a[i], off) {
				return bad()
			}
		}
		a[0].t = realType
		if len(a) == 1 {
			return r.map1(a[0], func(x expr.ID) expr.ID { return r.fn(op, x) })
		}
		return r.map2(a[0], a[1], off, func(x, y expr.ID) expr.ID { return r.fn(op, x, y) })
	}}
}

// keepType is elementwise, but integers stay integers.
func keepType(op expr.Op, names ...string) builtin {
	b := elementwise(op, names...)
	inner := b.eval
	b.eval = func(r *reader, a []value, off int32) value {
		t := intType
		for i := range a {
			if a[i].t.base == bReal {
				t = realType
			}
		}
		v := inner(r, a, off)
		if !v.bad() {
			v.t = t
		}
		return v
	}
	return b
}

// number reports whether an argument is numeric.
func (r *reader) number(v *value, off int32) bool {
	if v.bad() {
		return false
	}
	if !v.numeric() {
		r.err(off, "E161", "numbers are needed here", "an argument is %s", v.describe())
		return false
	}
	return true
}

// builtins is read only.
var builtins map[string]builtin

func init() {
	unsupported := func(why string) builtin { return builtin{vararg: true, why: why} }
	inFlat := "it has no meaning in a flat model"
	clocked := "clocked equations are not supported; use when sample(start, interval)"
	builtins = map[string]builtin{
		"sin": elementwise(expr.OpSin, "u"), "cos": elementwise(expr.OpCos, "u"), "tan": elementwise(expr.OpTan, "u"),
		"asin": elementwise(expr.OpAsin, "u"), "acos": elementwise(expr.OpAcos, "u"), "atan": elementwise(expr.OpAtan, "u"),
		"sinh": elementwise(expr.OpSinh, "u"), "cosh": elementwise(expr.OpCosh, "u"), "tanh": elementwise(expr.OpTanh, "u"),
		"asinh": elementwise(expr.OpAsinh, "u"), "acosh": elementwise(expr.OpAcosh, "u"), "atanh": elementwise(expr.OpAtanh, "u"),
		"exp": elementwise(expr.OpExp, "u"), "log": elementwise(expr.OpLog, "u"), "log10": elementwise(expr.OpLog10, "u"),
		"atan2": elementwise(expr.OpAtan2, "u1", "u2"),
		"abs":   keepType(expr.OpAbs, "v"),
		"sign": {params: []string{"v"}, eval: func(r *reader, a []value, off int32) value {
			if !r.number(&a[0], off) {
				return bad()
			}
			v := r.map1(a[0], func(x expr.ID) expr.ID { return r.fn(expr.OpSign, x) })
			v.t = intType
			return v
		}},
		"sqrt": {params: []string{"x"}, eval: func(r *reader, a []value, off int32) value {
			if !r.number(&a[0], off) {
				return bad()
			}
			a[0].t = realType
			return r.map1(a[0], r.pool.Sqrt)
		}},
		"floor": keepTo(realType, expr.OpFloor), "ceil": keepTo(realType, expr.OpCeil), "integer": keepTo(intType, expr.OpFloor),
		"div": keepType(expr.OpQuo, "x", "y"), "mod": keepType(expr.OpMod, "x", "y"), "rem": keepType(expr.OpRem, "x", "y"),
		"Integer": {params: []string{"e"}, eval: func(r *reader, a []value, off int32) value {
			if a[0].t.base != bEnum && a[0].t.base != bInteger {
				return r.err(off, "E161", "use integer(x) for numbers", "Integer(%s)", a[0].t)
			}
			a[0].t = intType
			return a[0]
		}},
		"min": minmax(expr.OpMin), "max": minmax(expr.OpMax),
		"sum":        {params: []string{"A"}, eval: evalSum},
		"product":    {params: []string{"A"}, eval: evalProduct},
		"semiLinear": {params: []string{"x", "k1", "k2"}, eval: evalSemiLinear},
		"size":       {params: []string{"A", "i?"}, eval: evalSize},
		"ndims": {params: []string{"A"}, eval: func(r *reader, a []value, off int32) value {
			return scalar(bInteger, r.pool.Int(int64(len(a[0].dims))))
		}},
		"fill":     {vararg: true, eval: func(r *reader, a []value, off int32) value { return r.filled(a, off) }},
		"zeros":    filledWith(expr.Zero),
		"ones":     filledWith(expr.One),
		"identity": {params: []string{"n"}, eval: evalIdentity},
		"diagonal": {params: []string{"v"}, eval: evalDiagonal},
		"linspace": {params: []string{"x1", "x2", "n"}, eval: evalLinspace},
		"transpose": {params: []string{"A"}, eval: func(r *reader, a []value, off int32) value {
			return r.transpose(a[0], off)
		}},
		"symmetric": {params: []string{"A"}, eval: func(r *reader, a []value, off int32) value {
			v := a[0]
			if len(v.dims) != 2 || v.dims[0] != v.dims[1] {
				return r.err(off, "E162", "give a square matrix", "symmetric of %s", v.describe())
			}
			n := v.dims[0]
			return arrayOf(v.t, v.dims, func(i int) value { j, k := i/n, i%n; return v.at(min(j, k)*n + max(j, k)) })
		}},
		"outerProduct": {params: []string{"v1", "v2"}, eval: func(r *reader, a []value, off int32) value {
			if len(a[0].dims) != 1 || len(a[1].dims) != 1 {
				return r.err(off, "E162", "give two vectors", "outerProduct of %s and %s", a[0].describe(), a[1].describe())
			}
			x, y := a[0], a[1]
			x.dims, y.dims = []int{len(x.el), 1}, []int{1, len(y.el)}
			return r.multiply(x, y, off)
		}},
		"cross": {params: []string{"x", "y"}, eval: evalCross},
		"skew":  {params: []string{"x"}, eval: evalSkew},
		"scalar": {params: []string{"A"}, eval: func(r *reader, a []value, off int32) value {
			if count(a[0].dims) != 1 {
				return r.err(off, "E162", "give an array with one element", "scalar of %s", a[0].describe())
			}
			return a[0].at(0)
		}},
		"vector": {params: []string{"A"}, eval: func(r *reader, a []value, off int32) value {
			big := 0
			for _, d := range a[0].dims {
				if d > 1 {
					big++
				}
			}
			if big > 1 {
				return r.err(off, "E162", "give an array with one long dimension", "vector of %s", a[0].describe())
			}
			v := a[0]
			return arrayOf(v.t, []int{count(v.dims)}, v.at)
		}},
		"matrix": {params: []string{"A"}, eval: func(r *reader, a []value, off int32) value {
			v := promote(a[0], 2)
			for _, d := range v.dims[2:] {
				if d != 1 {
					return r.err(off, "E162", "give an array whose further sizes are 1", "matrix of %s", v.describe())
				}
			}
			v.dims = v.dims[:2]
			return v
		}},
		"array": {vararg: true, eval: func(r *reader, a []value, off int32) value { return r.stack(a, off) }},
		"cat": {vararg: true, eval: func(r *reader, a []value, off int32) value {
			if len(a) < 2 {
				return r.err(off, "E160", "write cat(dimension, A, B, ...)", "cat needs a dimension and arrays")
			}
			k, ok := r.integer(a[0], off, "the dimension of cat")
			if !ok {
				return bad()
			}
			return r.cat(k, a[1:], off)
		}},
		"promote": {params: []string{"A", "n"}, eval: func(r *reader, a []value, off int32) value {
			k, ok := r.integer(a[1], off, "the number of dimensions")
			if !ok {
				return bad()
			}
			if k > 16 {
				return r.err(off, "E162", "use fewer dimensions", "an array of %d dimensions", k)
			}
			return promote(a[0], k)
		}},
		"constsize": {vararg: true, eval: func(r *reader, a []value, off int32) value {
			if len(a) == 0 {
				return r.err(off, "E160", "write constsize(A, n, ...)", "constsize needs an array")
			}
			var want []int
			for _, v := range a[1:] {
				for _, l := range v.leaves(nil) {
					k, ok := r.integer(l, off, "an array size")
					if !ok {
						return bad()
					}
					want = append(want, k)
				}
			}
			if len(want) > len(a[0].dims) || !sameDims(want, a[0].dims[:len(want)]) {
				return r.err(off, "E162", "make the sizes equal", "constsize asks for %s, the array has %s", shape(want), shape(a[0].dims))
			}
			return a[0]
		}},

		"der":      {params: []string{"x"}, eval: evalDer},
		"pre":      {params: []string{"y"}, eval: evalPre},
		"edge":     {params: []string{"b"}, eval: event1(expr.OpEdge, true)},
		"change":   {params: []string{"v"}, eval: event1(expr.OpChange, false)},
		"initial":  {eval: event0(expr.OpInitial)},
		"terminal": {eval: event0(expr.OpTerminal)},
		"sample": {params: []string{"start", "interval"}, eval: func(r *reader, a []value, off int32) value {
			if !r.outside(off, "sample") || !r.number(&a[0], off) || !r.number(&a[1], off) {
				return bad()
			}
			v := r.map2(a[0], a[1], off, func(x, y expr.ID) expr.ID { return r.pool.Fn(expr.OpSample, x, y) })
			v.t = booleanType
			return v
		}},
		"delay": {params: []string{"expr", "delayTime", "delayMax?"}, eval: func(r *reader, a []value, off int32) value {
			if !r.outside(off, "delay") || !r.number(&a[0], off) || !r.number(&a[1], off) {
				return bad()
			}
			return r.map2(a[0], a[1], off, func(x, y expr.ID) expr.ID { return r.pool.Fn(expr.OpDelay, x, y) })
		}},
		"noEvent": {params: []string{"expr"}, eval: func(r *reader, a []value, off int32) value {
			if a[0].t.base == bString || a[0].t.base == bRecord {
				return a[0]
			}
			return r.map1(a[0], func(x expr.ID) expr.ID { return r.pool.Fn(expr.OpNoEvent, x) })
		}},
		"smooth": {params: []string{"p", "expr"}, eval: func(r *reader, a []value, off int32) value {
			k, ok := r.integer(a[0], off, "the order of smooth")
			if !ok {
				return bad()
			}
			if a[1].t.base == bRecord {
				return r.err(off, "E166", "apply smooth to the members", "smooth of a record")
			}
			o := r.pool.Int(int64(k))
			return r.map1(a[1], func(x expr.ID) expr.ID { return r.pool.Fn(expr.OpSmooth, o, x) })
		}},
		"homotopy": {params: []string{"actual", "simplified"}, eval: func(r *reader, a []value, off int32) value {
			if !r.number(&a[0], off) || !r.number(&a[1], off) {
				return bad()
			}
			if !sameDims(a[0].dims, a[1].dims) {
				return r.err(off, "E162", "make the sizes equal", "homotopy of %s and %s", shape(a[0].dims), shape(a[1].dims))
			}
			return r.map2(a[0], a[1], off, func(x, y expr.ID) expr.ID { return r.pool.Fn(expr.OpHomotopy, x, y) })
		}},
		"String": {params: []string{"x", "minimumLength?", "leftJustified?", "significantDigits?", "format?"}, vararg: false, eval: evalString},
		"pure":   {params: []string{"f"}, eval: func(_ *reader, a []value, _ int32) value { return a[0] }},
		"getInstanceName": {eval: func(r *reader, _ []value, _ int32) value {
			return value{t: stringType, text: r.sys.Name}
		}},

		"spatialDistribution": unsupported("discretize the transport equation, or use delay"),
		"cardinality":         unsupported(inFlat), "inStream": unsupported(inFlat), "actualStream": unsupported(inFlat),
		"isPresent": unsupported(inFlat), "Connections": unsupported(inFlat), "rooted": unsupported(inFlat),
		"Clock": unsupported(clocked), "previous": unsupported(clocked), "hold": unsupported(clocked), "subSample": unsupported(clocked),
		"superSample": unsupported(clocked), "shiftSample": unsupported(clocked), "backSample": unsupported(clocked),
		"noClock": unsupported(clocked), "interval": unsupported(clocked), "firstTick": unsupported(clocked),
		"transition": unsupported("write the state machine with when"), "initialState": unsupported("write the state machine with when"),
		"activeState": unsupported("write the state machine with when"), "ticksInState": unsupported("write the state machine with when"),
		"timeInState": unsupported("write the state machine with when"),
		"reinit":      unsupported("reinit(x, v) is an equation of a when"),
		"assert":      unsupported("assert(condition, message) is an equation"),
		"terminate":   unsupported("terminate(message) is an equation of a when"),
	}
}

func keepTo(t stype, op expr.Op) builtin {
	return builtin{params: []string{"x"}, eval: func(r *reader, a []value, off int32) value {
		if !r.number(&a[0], off) {
			return bad()
		}
		v := r.map1(a[0], func(x expr.ID) expr.ID { return r.fn(op, x) })
		v.t = t
		return v
	}}
}

// outside reports whether we are not in a function, where operators with a memory
// or a derivative have no meaning.
func (r *reader) outside(off int32, name string) bool {
	if r.inFunc > 0 {
		r.err(off, "E168", "pass it as an argument", "%s cannot be used in a function", name)
	}
	return r.inFunc == 0
}

func minmax(op expr.Op) builtin {
	return builtin{params: []string{"x", "y?"}, eval: func(r *reader, a []value, off int32) value {
		ordered := func(v *value) bool {
			if v.bad() {
				return false
			}
			if !v.numeric() && v.t.base != bEnum && v.t.base != bBoolean {
				r.err(off, "E161", "numbers are needed here", "%s of %s", op, v.describe())
				return false
			}
			return true
		}
		apply := func(t stype) func(x, y expr.ID) expr.ID {
			if t.base == bBoolean {
				if op == expr.OpMin {
					return func(x, y expr.ID) expr.ID { return r.pool.Fn(expr.OpAnd, x, y) }
				}
				return func(x, y expr.ID) expr.ID { return r.pool.Fn(expr.OpOr, x, y) }
			}
			return func(x, y expr.ID) expr.ID { return r.fn(op, x, y) }
		}
		if len(a) == 1 {
			v := a[0]
			if !ordered(&v) {
				return bad()
			}
			n := count(v.dims)
			if n == 0 {
				return r.err(off, "E162", "give an array with elements", "%s of an empty array", op)
			}
			acc := v.at(0)
			for i := 1; i < n; i++ {
				acc.id = apply(v.t)(acc.id, v.at(i).id)
			}
			return acc
		}
		if !ordered(&a[0]) || !ordered(&a[1]) {
			return bad()
		}
		t, ok := join(a[0].t, a[1].t)
		if !ok {
			return r.err(off, "E161", "give values of one type", "%s of %s and %s", op, a[0].t, a[1].t)
		}
		a[0].t = t
		return r.map2(a[0], a[1], off, apply(t))
	}}
}

func evalSum(r *reader, a []value, off int32) value {
	if !r.number(&a[0], off) {
		return bad()
	}
	if a[0].dims == nil {
		return a[0]
	}
	ks := make([]expr.Num, len(a[0].el))
	for i := range ks {
		ks[i] = expr.IntNum(1)
	}
	return value{t: a[0].t, id: r.pool.Linear(expr.IntNum(0), ks, a[0].el)}
}

func evalProduct(r *reader, a []value, off int32) value {
	if !r.number(&a[0], off) {
		return bad()
	}
	if a[0].dims == nil {
		return a[0]
	}
	if len(a[0].el) == 0 {
		return value{t: a[0].t, id: expr.One}
	}
	return value{t: a[0].t, id: r.pool.Mul(a[0].el...)}
}

func evalSemiLinear(r *reader, a []value, off int32) value {
	for i := range a {
		if !r.number(&a[i], off) {
			return bad()
		}
		if a[i].dims != nil {
			return r.err(off, "E162", "apply it to the elements", "semiLinear of %s", a[i].describe())
		}
	}
	p := r.pool
	x := a[0].id
	// smooth(0, ...) as the specification has it: continuous, but not its derivative.
	v := p.If(p.Fn(expr.OpLe, expr.Zero, x), p.Mul(a[1].id, x), p.Mul(a[2].id, x))
	return scalar(bReal, p.Fn(expr.OpSmooth, expr.Zero, v))
}

func evalSize(r *reader, a []value, off int32) value {
	v := a[0]
	if len(a) == 1 {
		return arrayOf(intType, []int{len(v.dims)}, func(i int) value { return scalar(bInteger, r.pool.Int(int64(v.dims[i]))) })
	}
	k, ok := r.integer(a[1], off, "the dimension of size")
	if !ok {
		return bad()
	}
	if k < 1 || k > len(v.dims) {
		return r.err(off, "E162", "choose a dimension the array has", "size %d of %s", k, v.describe())
	}
	return scalar(bInteger, r.pool.Int(int64(v.dims[k-1])))
}

// filled is fill(value, n1, n2, ...).
func (r *reader) filled(a []value, off int32) value {
	if len(a) < 2 {
		return r.err(off, "E160", "write fill(value, n)", "fill needs a value and sizes")
	}
	var dims []int
	n := 1
	for _, v := range a[1:] {
		k, ok := r.integer(v, off, "an array size")
		if !ok {
			return bad()
		}
		if k < 0 {
			return r.err(off, "E162", "sizes are 0 or more", "array size %d is negative", k)
		}
		dims = append(dims, k)
		n *= k
		if n > maxElements {
			return r.err(off, "E174", "make the arrays smaller", "an array has more than %d elements", maxElements)
		}
	}
	v := a[0]
	inner := count(v.dims)
	dims = append(dims, v.dims...)
	if !r.room(n*inner, off) {
		return bad()
	}
	return arrayOf(v.t, dims, func(i int) value { return v.at(i % inner) })
}

func filledWith(id expr.ID) builtin {
	return builtin{vararg: true, eval: func(r *reader, a []value, off int32) value {
		if len(a) == 0 {
			return r.err(off, "E160", "give the size", "zeros and ones need a size")
		}
		return r.filled(append([]value{{t: intType, id: id}}, a...), off)
	}}
}

func evalIdentity(r *reader, a []value, off int32) value {
	n, ok := r.integer(a[0], off, "the size of a matrix")
	if !ok {
		return bad()
	}
	if n < 0 || n > 4000 {
		return r.err(off, "E174", "make the matrix smaller", "identity(%d)", n)
	}
	if !r.room(n*n, off) {
		return bad()
	}
	return identity(r.pool, n)
}

func evalDiagonal(r *reader, a []value, off int32) value {
	v := a[0]
	if len(v.dims) != 1 || !v.numeric() {
		return r.err(off, "E162", "give a vector", "diagonal of %s", v.describe())
	}
	n := v.dims[0]
	if n > 4000 {
		return r.err(off, "E174", "make the matrix smaller", "diagonal of %d elements", n)
	}
	if !r.room(n*n, off) {
		return bad()
	}
	out := value{t: v.t, dims: []int{n, n}, el: make([]expr.ID, n*n)}
	for i := range n {
		out.el[i*n+i] = v.el[i]
	}
	return out
}

func evalLinspace(r *reader, a []value, off int32) value {
	n, ok := r.integer(a[2], off, "the number of points")
	if !ok || !r.number(&a[0], off) || !r.number(&a[1], off) {
		return bad()
	}
	if !r.room(max(n, 0), off) {
		return bad()
	}
	if n < 2 || a[0].dims != nil || a[1].dims != nil {
		return r.err(off, "E162", "use two scalars and 2 points or more", "linspace with %d points", n)
	}
	p := r.pool
	return arrayOf(realType, []int{n}, func(i int) value {
		return scalar(bReal, p.Add(a[0].id, p.Mul(p.Num(expr.RatNum(int64(i), int64(n-1))), p.Sub(a[1].id, a[0].id))))
	})
}

func (r *reader) transpose(v value, off int32) value {
	if len(v.dims) < 2 {
		return r.err(off, "E162", "give a matrix", "transpose of %s", v.describe())
	}
	n, m := v.dims[0], v.dims[1]
	inner := count(v.dims[2:])
	return arrayOf(v.t, append([]int{m, n}, v.dims[2:]...), func(i int) value {
		k := i / inner
		return v.at(((k%n)*m+k/n)*inner + i%inner)
	})
}

func evalCross(r *reader, a []value, off int32) value {
	x, y := a[0], a[1]
	if !sameDims(x.dims, []int{3}) || !sameDims(y.dims, []int{3}) || !x.numeric() || !y.numeric() {
		return r.err(off, "E162", "give two vectors of size 3", "cross of %s and %s", x.describe(), y.describe())
	}
	p := r.pool
	return arrayOf(realType, []int{3}, func(i int) value {
		j, k := (i+1)%3, (i+2)%3
		return scalar(bReal, p.Sub(p.Mul(x.el[j], y.el[k]), p.Mul(x.el[k], y.el[j])))
	})
}

func evalSkew(r *reader, a []value, off int32) value {
	x := a[0]
	if !sameDims(x.dims, []int{3}) || !x.numeric() {
		return r.err(off, "E162", "give a vector of size 3", "skew of %s", x.describe())
	}
	p := r.pool
	n := func(i int) expr.ID { return p.Neg(x.el[i]) }
	return value{t: realType, dims: []int{3, 3}, el: []expr.ID{0, n(2), x.el[1], x.el[2], 0, n(0), n(1), x.el[0], 0}}
}

func evalDer(r *reader, a []value, off int32) value {
	if !r.outside(off, "der") || !r.number(&a[0], off) {
		return bad()
	}
	a[0].t = realType
	return r.map1(a[0], r.pool.Der)
}

func evalPre(r *reader, a []value, off int32) value {
	if !r.outside(off, "pre") {
		return bad()
	}
	if a[0].t.base == bString || a[0].t.base == bRecord {
		return r.err(off, "E161", "apply pre to its members", "pre of %s", a[0].describe())
	}
	return r.map1(a[0], func(x expr.ID) expr.ID { return r.pool.Fn(expr.OpPre, x) })
}

func event1(op expr.Op, boolean bool) func(r *reader, a []value, off int32) value {
	return func(r *reader, a []value, off int32) value {
		if !r.outside(off, op.String()) {
			return bad()
		}
		if boolean && a[0].t.base != bBoolean || a[0].t.base == bString || a[0].t.base == bRecord {
			return r.err(off, "E161", "apply it to a discrete variable", "%s of %s", op, a[0].describe())
		}
		v := r.map1(a[0], func(x expr.ID) expr.ID {
			if o := r.pool.Op(x); o <= expr.OpFalse {
				return expr.False
			}
			return r.pool.Fn(op, x)
		})
		v.t = booleanType
		return v
	}
}

func event0(op expr.Op) func(r *reader, a []value, off int32) value {
	return func(r *reader, _ []value, off int32) value {
		if !r.outside(off, op.String()) {
			return bad()
		}
		return scalar(bBoolean, r.pool.Fn(op))
	}
}

// evalString makes a text of a value. What is known only at run time appears as its
// formula in braces: such texts are used in messages.
func evalString(r *reader, a []value, off int32) value {
	v := a[0]
	if v.bad() || v.dims != nil || v.t.base == bRecord {
		return r.err(off, "E161", "give a scalar", "String of %s", v.describe())
	}
	if v.t.base == bString {
		return v
	}
	out := value{t: stringType}
	if x, ok := r.pool.Value(v.id); ok {
		out.text = x.String()
		if v.t.base == bEnum {
			if k, _ := x.Int(); k >= 1 && int(k) <= len(v.t.def.enum) {
				out.text = v.t.def.enum[k-1]
			}
		}
		return out
	}
	switch v.id {
	case expr.True:
		out.text = "true"
	case expr.False:
		out.text = "false"
	default:
		out.text = "{" + r.formula(v.id) + "}"
	}
	return out
}

// callOf evaluates f(args).
func (r *reader) callOf(n node) value {
	callee := r.t.nodes[n.a]
	name, ok := r.calleeName(ref(n.a))
	if !ok {
		return bad()
	}
	args := r.t.args(ref(n.b))
	if i, ok := r.nameIdx[name]; ok {
		if f := r.funcs[i]; f != nil {
			out := r.apply(f, args, callee.off)
			if len(out) == 0 {
				return bad()
			}
			return out[0]
		}
		if d := r.types[i]; d != nil && r.resolve(d) {
			return r.construct(d, args, callee.off)
		}
	}
	b, ok := builtins[strings.TrimPrefix(name, "Modelica.Math.")]
	if !ok {
		next := "define it before the model"
		return r.err(callee.off, "E159", next, "unknown function %s", name)
	}
	if b.why != "" {
		return r.err(callee.off, "E166", b.why, "%s is not supported here", name)
	}
	// sum(f(i) for i in range) and the other reductions
	if len(args) == 1 && r.t.nodes[args[0]].kind == nFor {
		v := r.comprehension(r.t.nodes[args[0]])
		if v.bad() {
			return v
		}
		switch name {
		case "sum", "product", "min", "max":
			if len(v.el) == 0 && (name == "sum" || name == "product") {
				return scalar(bInteger, map[string]expr.ID{"sum": expr.Zero, "product": expr.One}[name])
			}
			return b.eval(r, []value{v}, callee.off)
		case "array":
			return v
		}
		return r.err(callee.off, "E160", "reductions are sum, product, min, max and array", "%s does not take an iterator", name)
	}
	memory := name == "pre" || name == "edge" || name == "change" || name == "der"
	if memory {
		r.raw++
	}
	vals, ok := r.arguments(name, b, args, callee.off)
	if memory {
		r.raw--
	}
	if !ok {
		return bad()
	}
	out := b.eval(r, vals, callee.off)
	if (name == "edge" || name == "change") && r.inFunc == 0 && len(r.env) > 0 && !out.bad() {
		return r.changed(name, args, vals[0], out, b, callee.off)
	}
	return out
}

// changed is edge or change in an algorithm, where the present value may be one that
// the algorithm has assigned.
func (r *reader) changed(name string, args []int32, sym, out value, b builtin, off int32) value {
	now, ok := r.arguments(name, b, args, off)
	if !ok || len(now[0].el) != len(sym.el) {
		return bad()
	}
	p := r.pool
	v := r.map2(now[0], sym, off, func(x, s expr.ID) expr.ID {
		pre := p.Fn(expr.OpPre, s)
		switch {
		case x == s && name == "edge":
			return p.Fn(expr.OpEdge, s)
		case x == s:
			return p.Fn(expr.OpChange, s)
		case x == pre:
			return expr.False
		case name == "edge":
			return p.Fn(expr.OpAnd, x, p.Fn(expr.OpNot, pre))
		}
		return p.Fn(expr.OpNe, x, pre)
	})
	v.t = out.t
	return v
}

func (r *reader) calleeName(e ref) (string, bool) {
	n := r.t.nodes[e]
	switch n.kind {
	case nName:
		return r.names[n.a], true
	case nRef:
		var s []string
		for _, k := range r.t.args(e) {
			pt := r.t.nodes[k]
			if pt.b != int32(noRef) {
				r.err(pt.off, "E159", "call a function by its name", "a function has no subscripts")
				return "", false
			}
			s = append(s, r.names[pt.a])
		}
		return strings.Join(s, "."), true
	}
	if n.kind != nBad {
		r.err(n.off, "E159", "call a function by its name", "this is no function")
	}
	return "", false
}

// arguments evaluates the arguments of a builtin in the order of its parameters.
func (r *reader) arguments(name string, b builtin, args []int32, off int32) ([]value, bool) {
	out := make([]value, 0, 4)
	ok := true
	if b.vararg {
		for _, a := range args {
			if r.t.nodes[a].kind == nNamed || r.t.nodes[a].kind == nFor {
				r.err(r.t.nodes[a].off, "E160", "give the arguments in order", "%s has no named arguments", name)
				return nil, false
			}
			v := r.eval(ref(a))
			ok = ok && !v.bad()
			out = append(out, v)
		}
		return out, ok
	}
	need := 0
	for _, p := range b.params {
		if !strings.HasSuffix(p, "?") {
			need++
		}
	}
	if len(args) < need || len(args) > len(b.params) {
		r.err(off, "E160", "its arguments are ("+strings.Join(b.params, ", ")+")", "%d arguments for %s", len(args), name)
		return nil, false
	}
	slots := make([]ref, len(b.params))
	for i := range slots {
		slots[i] = noRef
	}
	for i, a := range args {
		n := r.t.nodes[a]
		if n.kind == nFor {
			r.err(n.off, "E160", "reductions are sum, product, min, max and array", "%s does not take an iterator", name)
			return nil, false
		}
		if n.kind != nNamed {
			slots[i] = ref(a)
			continue
		}
		k := -1
		for j, p := range b.params {
			if strings.TrimSuffix(p, "?") == r.names[n.a] {
				k = j
			}
		}
		if k < 0 || slots[k] != noRef {
			r.err(n.off, "E160", "its arguments are ("+strings.Join(b.params, ", ")+")", "%s has no free argument %s", name, r.names[n.a])
			return nil, false
		}
		slots[k] = ref(n.b)
	}
	for i, s := range slots {
		if s == noRef {
			if !strings.HasSuffix(b.params[i], "?") {
				r.err(off, "E160", "its arguments are ("+strings.Join(b.params, ", ")+")", "%s lacks the argument %s", name, b.params[i])
				return nil, false
			}
			if name == "String" {
				continue
			}
			break
		}
		v := r.eval(s)
		ok = ok && !v.bad()
		out = append(out, v)
	}
	return out, ok
}

// construct evaluates Record(a, b = c) and Enumeration(i).
func (r *reader) construct(d *typeDef, args []int32, off int32) value {
	if d.typ.base == bEnum {
		if len(args) != 1 {
			return r.err(off, "E160", "give one Integer", "%d arguments for %s", len(args), d.name)
		}
		v := r.eval(ref(args[0]))
		if v.bad() {
			return v
		}
		if v.t.base != bInteger {
			return r.err(off, "E161", "give an Integer", "%s of %s", d.name, v.t)
		}
		if k, ok := r.known(v); v.dims == nil && ok && (k < 1 || int(k) > len(d.typ.def.enum)) {
			return r.err(off, "E162", "values count from 1", "%s has no value number %g", d.name, k)
		}
		v.t = d.typ
		return v
	}
	if d.typ.base != bRecord || d.dims != nil {
		return r.err(off, "E159", "call a function", "%s is a type, no function", d.name)
	}
	def := d.typ.def
	out := value{t: d.typ, rec: make([]value, len(def.fields))}
	set := make([]bool, len(def.fields))
	for i, a := range args {
		n := r.t.nodes[a]
		k, e := i, ref(a)
		if n.kind == nNamed {
			j, ok := def.index[n.a]
			if !ok {
				return r.err(n.off, "E160", "correct the name", "record %s has no member %s", d.name, r.names[n.a])
			}
			k, e = j, ref(n.b)
		}
		if k >= len(set) || set[k] {
			return r.err(n.off, "E160", "give each member once", "too many arguments for record %s", d.name)
		}
		v := r.eval(e)
		f := &def.fields[k]
		if v.bad() || !r.conforms(&v, f.typ, f.dims, n.off, r.names[f.name]) {
			return bad()
		}
		v.t = f.typ
		out.rec[k], set[k] = v, true
	}
	for k := range set {
		f := &def.fields[k]
		if set[k] {
			continue
		}
		if f.d.binding == noRef {
			return r.err(off, "E160", "give it a value", "the member %s of record %s is missing", r.names[f.name], d.name)
		}
		v := r.eval(f.d.binding)
		if v.bad() || !r.conforms(&v, f.typ, f.dims, off, r.names[f.name]) {
			return bad()
		}
		out.rec[k] = v
	}
	return out
}
