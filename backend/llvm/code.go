package llvm

import (
	"math"
	"strconv"

	"github.com/mtkc/mtkc/backend"
)

// code writes the operations of a straight-line kernel, some of them or all, into a function.
//
// A value has up to three forms, made where they are asked for: the number, its 64 bits, and
// the truth value of one bit, which comparisons make and conditions take. So a comparison that
// only conditions use is never a number.
type code struct {
	m     *module
	k     *backend.Kernel
	lanes int

	num, bits, cond []string      // forms of the values that there are
	made            []backend.Ref // values that have a form, with repetitions

	fixed map[int32]float64 // entries of U whose value is known

	// input returns an input other than a constant, as a number.
	input func(op backend.Op, index int32) string
	// crossing returns a value that another function has computed; nil: there are none.
	crossing func(r backend.Ref) string
}

func newCode(m *module, k *backend.Kernel, lanes int) *code {
	n := len(k.Code)
	forms := make([]string, 3*n)
	return &code{m: m, k: k, lanes: lanes, num: forms[:n:n], bits: forms[n : 2*n : 2*n], cond: forms[2*n:]}
}

// forget makes the code ready for another function, in which there are no values yet.
func (c *code) forget() {
	for _, r := range c.made {
		c.num[r], c.bits[r], c.cond[r] = "", "", ""
	}
	c.made = c.made[:0]
}

func (c *code) doubles() string { return vector(c.lanes, "double") }
func (c *code) ints() string    { return vector(c.lanes, "i64") }
func (c *code) truths() string  { return vector(c.lanes, "i1") }

// number returns the number form of a value.
func (c *code) number(r backend.Ref) string {
	if s := c.num[r]; s != "" {
		return s
	}
	in := c.k.Code[r]
	c.made = append(c.made, r)
	switch {
	case in.Op == backend.Const:
		c.num[r] = constant(c.k.Consts[in.A], c.lanes)
	case c.bits[r] != "":
		c.num[r] = c.m.let("bitcast ", c.ints(), " ", c.bits[r], " to ", c.doubles())
	case c.cond[r] != "":
		c.num[r] = c.m.let("select ", c.truths(), " ", c.cond[r], ", ", c.doubles(), " ", constant(1, c.lanes), ", ", c.doubles(), " ", constant(0, c.lanes))
	case in.Op.Input():
		if v, ok := c.value(r); ok {
			c.num[r] = constant(v, c.lanes)
		} else {
			c.num[r] = c.input(in.Op, in.A)
		}
	default:
		c.num[r] = c.crossing(r)
	}
	return c.num[r]
}

// integer returns the 64 bits of a value.
func (c *code) integer(r backend.Ref) string {
	if s := c.bits[r]; s != "" {
		return s
	}
	c.made = append(c.made, r)
	if in := c.k.Code[r]; in.Op == backend.Const {
		c.bits[r] = uniform("i64", strconv.FormatInt(int64(math.Float64bits(c.k.Consts[in.A])), 10), c.lanes)
	} else {
		c.bits[r] = c.m.let("bitcast ", c.doubles(), " ", c.number(r), " to ", c.ints())
	}
	return c.bits[r]
}

// truth returns the truth value of a value: everything but 0 is true.
func (c *code) truth(r backend.Ref) string {
	if s := c.cond[r]; s != "" {
		return s
	}
	c.made = append(c.made, r)
	if in := c.k.Code[r]; in.Op == backend.Const {
		b := "false"
		if c.k.Consts[in.A] != 0 {
			b = "true"
		}
		c.cond[r] = uniform("i1", b, c.lanes)
	} else {
		c.cond[r] = c.m.let("fcmp une ", c.doubles(), " ", c.number(r), ", ", constant(0, c.lanes))
	}
	return c.cond[r]
}

// binary is an instruction of two operands of one type.
func (c *code) binary(op, typ, a, b string) string {
	return c.m.let(op, " ", typ, " ", a, ", ", b)
}

// pick is x where cond holds and y elsewhere.
func (c *code) pick(cond, typ, x, y string) string {
	return c.m.let("select ", c.truths(), " ", cond, ", ", typ, " ", x, ", ", typ, " ", y)
}

func (c *code) unary(intrinsic, a string) string {
	return c.m.let("call ", c.doubles(), " ", c.m.intrinsic(intrinsic, c.lanes, 1), "(", c.doubles(), " ", a, ")")
}

var arithmetic = map[backend.Op]string{backend.Add: "fadd", backend.Sub: "fsub", backend.Mul: "fmul", backend.Div: "fdiv"}

var bitwise = map[backend.Op]string{
	backend.BitAnd: "and", backend.BitOr: "or", backend.BitXor: "xor", backend.BitAdd: "add", backend.BitSub: "sub",
	backend.BitShl: "shl", backend.BitShr: "lshr", backend.BitSar: "ashr",
}

var comparison = map[backend.Op]string{backend.Lt: "fcmp olt", backend.Le: "fcmp ole", backend.Eq: "fcmp oeq", backend.Ne: "fcmp une"}

var rounding = map[backend.Op]string{backend.Sqrt: "sqrt", backend.Abs: "fabs", backend.Floor: "floor", backend.Ceil: "ceil"}

// emit writes instruction r, which is no input.
func (c *code) emit(r backend.Ref) {
	in := c.k.Code[r]
	c.made = append(c.made, r)
	if c.fixed != nil && c.fold(r, in) {
		return
	}
	switch op := in.Op; {
	case arithmetic[op] != "":
		c.num[r] = c.binary(arithmetic[op], c.doubles(), c.number(in.A), c.number(in.B))
	case comparison[op] != "":
		c.cond[r] = c.binary(comparison[op], c.doubles(), c.number(in.A), c.number(in.B))
	case rounding[op] != "":
		c.num[r] = c.unary(rounding[op], c.number(in.A))
	case op.Shift():
		c.bits[r] = c.binary(bitwise[op], c.ints(), c.integer(in.A), uniform("i64", strconv.Itoa(int(in.B&63)), c.lanes))
	case bitwise[op] != "":
		c.bits[r] = c.binary(bitwise[op], c.ints(), c.integer(in.A), c.integer(in.B))
	case op.Far():
		c.far(r, in)
	case op == backend.Neg:
		c.num[r] = c.m.let("fneg ", c.doubles(), " ", c.number(in.A))
	case op == backend.FMA:
		v := c.doubles()
		c.num[r] = c.m.let("call ", v, " ", c.m.intrinsic("fma", c.lanes, 3), "(", v, " ", c.number(in.A), ", ", v, " ", c.number(in.B), ", ", v, " ", c.number(in.C), ")")
	case op == backend.Not:
		c.cond[r] = c.binary("xor", c.truths(), c.truth(in.A), uniform("i1", "true", c.lanes))
	case op == backend.And:
		c.cond[r] = c.binary("and", c.truths(), c.truth(in.A), c.truth(in.B))
	case op == backend.Or:
		c.cond[r] = c.binary("or", c.truths(), c.truth(in.A), c.truth(in.B))
	case op == backend.Select:
		if c.is(in.B) && c.is(in.C) {
			c.cond[r] = c.pick(c.truth(in.A), c.truths(), c.truth(in.B), c.truth(in.C))
		} else {
			c.num[r] = c.pick(c.truth(in.A), c.doubles(), c.number(in.B), c.number(in.C))
		}
	case op == backend.Min || op == backend.Max:
		c.extremum(r, in)
	default:
		c.call(r, in)
	}
}

// value returns a number that is known.
func (c *code) value(r backend.Ref) (v float64, ok bool) {
	switch in := c.k.Code[r]; in.Op {
	case backend.Const:
		return c.k.Consts[in.A], true
	case backend.U:
		v, ok = c.fixed[in.A]
	}
	return v, ok
}

// decided returns a truth value that is known.
func (c *code) decided(r backend.Ref) (v, ok bool) {
	if x, ok := c.value(r); ok {
		return x != 0, true
	}
	switch c.cond[r] {
	case uniform("i1", "true", c.lanes):
		return true, true
	case uniform("i1", "false", c.lanes):
		return false, true
	}
	return false, false
}

// fold makes the value of an instruction that what is known decides, and reports whether it did.
func (c *code) fold(r backend.Ref, in backend.Instr) bool {
	decide := func(v bool) bool {
		c.cond[r] = uniform("i1", strconv.FormatBool(v), c.lanes)
		return true
	}
	same := func(a backend.Ref) bool {
		c.cond[r] = c.truth(a)
		return true
	}
	switch in.Op {
	case backend.Eq:
		x, ok := c.value(in.A)
		y, too := c.value(in.B)
		return ok && too && decide(x == y)
	case backend.Not:
		v, ok := c.decided(in.A)
		return ok && decide(!v)
	case backend.And, backend.Or:
		rules := in.Op == backend.Or // the operand that decides alone
		for _, x := range [2][2]backend.Ref{{in.A, in.B}, {in.B, in.A}} {
			if v, ok := c.decided(x[0]); ok {
				if v == rules {
					return decide(v)
				}
				return same(x[1])
			}
		}
	case backend.Select:
		v, ok := c.decided(in.A)
		if !ok {
			return false
		}
		from := in.C
		if v {
			from = in.B
		}
		c.num[r] = c.number(from)
		return true
	}
	return false
}

// is reports whether a value is a truth value, 1 or 0.
func (c *code) is(r backend.Ref) bool {
	in := c.k.Code[r]
	if in.Op == backend.Const {
		v := math.Float64bits(c.k.Consts[in.A])
		return v == 0 || v == math.Float64bits(1)
	}
	return in.Op.Bool() || c.num[r] == "" && c.bits[r] == "" && c.cond[r] != ""
}

// extremum writes the smaller or larger of two numbers, as Go's min and max have it: what is
// not a number wins, and -0 is below 0. The choice a < b ? a : b is one instruction of most
// processors, with b for equal numbers and where one is none. Of both orders the bits are put
// together by "or", which keeps what is not a number and makes -0 of 0 and -0; that is the
// minimum, and the maximum is turned into one. One choice is enough where an operand is
// a number other than 0, and no turning where no sign is set.
func (c *code) extremum(r backend.Ref, in backend.Instr) {
	a, b := c.number(in.A), c.number(in.B)
	choose := func(cmp, x, y string) string {
		return c.pick(c.binary(cmp, c.doubles(), x, y), c.doubles(), x, y)
	}
	cmp := "fcmp olt"
	if in.Op == backend.Max {
		cmp = "fcmp ogt"
	}
	if c.definite(in.A) {
		c.num[r] = choose(cmp, a, b)
		return
	}
	if c.definite(in.B) {
		c.num[r] = choose(cmp, b, a)
		return
	}
	turn := in.Op == backend.Max && !(c.k.Code[in.A].Op == backend.Abs && c.k.Code[in.B].Op == backend.Abs)
	if turn {
		cmp = "fcmp olt"
		a = c.m.let("fneg ", c.doubles(), " ", a)
		b = c.m.let("fneg ", c.doubles(), " ", b)
	}
	x := c.m.let("bitcast ", c.doubles(), " ", choose(cmp, a, b), " to ", c.ints())
	y := c.m.let("bitcast ", c.doubles(), " ", choose(cmp, b, a), " to ", c.ints())
	both := c.binary("or", c.ints(), x, y)
	if !turn {
		c.bits[r] = both
		return
	}
	c.num[r] = c.m.let("fneg ", c.doubles(), " ", c.m.let("bitcast ", c.ints(), " ", both, " to ", c.doubles()))
}

// definite reports whether a value is a constant that is a number and not 0.
func (c *code) definite(r backend.Ref) bool {
	in := c.k.Code[r]
	if in.Op != backend.Const {
		return false
	}
	v := c.k.Consts[in.A]
	return v == v && v != 0
}
