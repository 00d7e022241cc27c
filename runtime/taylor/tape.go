package taylor

import (
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/elementary"
)

// Op is an operation of a Tape. Truth values are 1 and 0, and everything but 0 is true.
type Op uint8

// The operations, of one operand where nothing else is said. Conditions are those at the time of
// expansion: a branch once chosen holds for all coefficients.
const (
	OpNeg Op = iota
	OpAdd    // a + b
	OpSub    // a - b
	OpMul    // a * b
	OpDiv    // a / b
	OpSqrt
	OpPow // a^b
	OpSin
	OpCos
	OpTan
	OpAsin
	OpAcos
	OpAtan
	OpSinh
	OpCosh
	OpTanh
	OpAsinh
	OpAcosh
	OpAtanh
	OpExp
	OpLog
	OpLog10
	OpAbs
	OpSign
	OpAtan2 // of y = a, x = b
	OpMin   // of a and b
	OpMax   // of a and b
	OpLt    // a < b
	OpLe    // a <= b
	OpEq
	OpNe
	OpNot
	OpAnd
	OpOr
	OpSelect // b where a is true, else c
	OpLift   // the number a as a series
	NumOps
)

// Arity is the number of operands of an operation.
func (o Op) Arity() int {
	switch o {
	case OpAdd, OpSub, OpMul, OpDiv, OpPow, OpAtan2, OpMin, OpMax, OpLt, OpLe, OpEq, OpNe, OpAnd, OpOr:
		return 2
	case OpSelect:
		return 3
	}
	return 1
}

// Value is a value of a Tape: a series, or, where it is negative, ^index of a number that does not
// change with t.
type Value int32

// Number reports whether the value does not change with t.
func (v Value) Number() bool { return v < 0 }

// Rule says how entry n >= 1 of a series follows.
type Rule uint8

// The rules. A and B are the operands of the step, N a number.
const (
	Given    Rule = iota // an input
	Zero                 // 0
	Negate               // -A
	Sum                  // A + B
	Diff                 // A - B
	Same                 // A: of A + N, N + A, A - N
	Opposite             // -B: of N - B
	Scale                // A * B where one of both is a number
	Product              // Mul
	Squared              // Square
	Over                 // A / N
	Ratio                // Div
	Inverse              // Div of 0 by B: of N / B
	Root                 // Sqrt
	Power                // Pow
	Cubes                // Pow of C to -3/2: of N / (C*sqrt(C)), the force of many a law
	Exp                  // Chain with the result
	SineCos              // SinCos; the cosine is the series behind the sine
	SinhCos              // SinhCosh, likewise
	Tangent              // Tan; its other series is the one behind
	HypTan               // Tanh, likewise
	Quot                 // Quotient with w = B
	Angle                // Atan2 with w = C
	Absolute             // A or -A
	Smaller              // A or B
	Larger               // A or B
	Choice               // B or C
)

// Step is an operation of a Tape whose result is a series.
type Step struct {
	Op      Op
	Rule    Rule
	D       Value // the result; Pair rules write D+1 as well
	A, B, C Value
}

// Number is a number of a Tape: a constant, a parameter, or the result of an operation on numbers.
type Number struct {
	Given   bool  // not the result of an operation
	Param   int32 // index into p, -1: a constant
	Value   float64
	Op      Op
	A, B, C Value
}

// Tape is a function f(t, u, p) as a list of operations. Its methods add one and return its value; equal
// operations may be added twice. It is not to be changed after Jet was called.
type Tape struct {
	n       int
	numbers []Number
	steps   []Step
	series  int   // how many
	time    Value // -1: not read
	out     []Value
	pairs   map[[2]int32]Value // sine or hyperbolic sine of a series
	lifted  map[Value]Value
}

// NewTape returns the tape of a problem of n states whose derivatives are 0 until Derivative says
// other.
func NewTape(n int) *Tape {
	t := &Tape{n: n, series: n, time: -1, pairs: map[[2]int32]Value{}, lifted: map[Value]Value{}}
	zero := t.Const(0)
	for range n {
		t.out = append(t.out, zero)
	}
	return t
}

// Const is the number x.
func (t *Tape) Const(x float64) Value {
	t.numbers = append(t.numbers, Number{Param: -1, Value: x, Given: true})
	return ^Value(len(t.numbers) - 1)
}

// Param is p[i].
func (t *Tape) Param(i int) Value {
	t.numbers = append(t.numbers, Number{Param: int32(i), Given: true})
	return ^Value(len(t.numbers) - 1)
}

// Time is t.
func (t *Tape) Time() Value {
	if t.time < 0 {
		t.time = t.fresh(1)
	}
	return t.time
}

// Numbers are the numbers, ^v being the index of v, in an order in which they can be computed.
func (t *Tape) Numbers() []Number { return t.numbers }

// Steps are the operations whose results are series, in an order in which they can be computed.
func (t *Tape) Steps() []Step { return t.steps }

// Series is the number of series: those of the states come first.
func (t *Tape) Series() int { return t.series }

// Clock is the series of the time, negative where it is not read.
func (t *Tape) Clock() Value { return t.time }

// Derivatives are the values of u'.
func (t *Tape) Derivatives() []Value { return t.out }

// State is u[i].
func (t *Tape) State(i int) Value { return Value(i) }

// Derivative says that u'[i] = v.
func (t *Tape) Derivative(i int, v Value) { t.out[i] = v }

// fresh is the first of k new series.
func (t *Tape) fresh(k int) Value {
	v := Value(t.series)
	t.series += k
	return v
}

// add is a new step with one result.
func (t *Tape) add(op Op, rule Rule, a, b, c Value) Value {
	d := t.fresh(1)
	t.steps = append(t.steps, Step{op, rule, d, a, b, c})
	return d
}

// lift is v as a series.
func (t *Tape) lift(v Value) Value {
	if !v.Number() {
		return v
	}
	if d, ok := t.lifted[v]; ok {
		return d
	}
	d := t.add(OpLift, Zero, v, 0, 0)
	t.lifted[v] = d
	return d
}

// Apply adds an operation on values of the tape.
func (t *Tape) Apply(op Op, args ...Value) Value {
	if len(args) != op.Arity() {
		panic(fmt.Sprintf("mtkc: bug: %d operands for operation %d", len(args), op))
	}
	var x [3]Value
	numbers := true
	for i, v := range args {
		x[i] = v
		numbers = numbers && v.Number()
	}
	a, b := x[0], x[1]
	if numbers {
		known := true
		var f [3]float64
		for i, v := range args {
			n := &t.numbers[^v]
			known = known && n.Given && n.Param < 0
			f[i] = n.Value
		}
		if known {
			return t.Const(op.first(f[0], f[1], f[2]))
		}
		t.numbers = append(t.numbers, Number{Op: op, A: x[0], B: x[1], C: x[2], Param: -1})
		return ^Value(len(t.numbers) - 1)
	}
	either := func(none, left, right Rule) Value {
		switch {
		case a.Number():
			return t.add(op, left, a, b, 0)
		case b.Number():
			return t.add(op, right, a, b, 0)
		}
		return t.add(op, none, a, b, 0)
	}
	one := func() Value { return t.Const(1) }
	switch op {
	case OpNeg:
		return t.add(op, Negate, a, 0, 0)
	case OpAdd:
		if a.Number() {
			return t.add(op, Same, b, a, 0) // addition commutes
		}
		return either(Sum, Same, Same)
	case OpSub:
		return either(Diff, Opposite, Same)
	case OpMul:
		if a == b {
			return t.add(op, Squared, a, a, 0)
		}
		return either(Product, Scale, Scale)
	case OpDiv:
		if x := t.cubed(b); a.Number() && x >= 0 {
			return t.add(op, Cubes, a, b, x)
		}
		return either(Ratio, Inverse, Over)
	case OpSqrt:
		return t.add(op, Root, a, 0, 0)
	case OpPow:
		if b.Number() {
			return t.add(op, Power, a, b, 0)
		}
		// exp(b log a); its first entry is the power itself.
		e := t.Apply(OpMul, b, t.Apply(OpLog, a))
		return t.add(op, Exp, a, b, e)
	case OpExp:
		return t.add(op, Exp, a, 0, a)
	case OpSin:
		return t.pair(OpSin, SineCos, a)
	case OpCos:
		return t.pair(OpSin, SineCos, a) + 1
	case OpSinh:
		return t.pair(OpSinh, SinhCos, a)
	case OpCosh:
		return t.pair(OpSinh, SinhCos, a) + 1
	case OpTan:
		return t.pair(OpTan, Tangent, a)
	case OpTanh:
		return t.pair(OpTanh, HypTan, a)
	case OpLog:
		return t.add(op, Quot, a, a, 0)
	case OpLog10:
		return t.add(op, Quot, a, t.Apply(OpMul, t.Const(math.Ln10), a), 0)
	case OpAtan:
		return t.add(op, Quot, a, t.Apply(OpAdd, one(), t.Apply(OpMul, a, a)), 0)
	case OpAtanh:
		return t.add(op, Quot, a, t.Apply(OpSub, one(), t.Apply(OpMul, a, a)), 0)
	case OpAsin, OpAcos:
		w := t.Apply(OpSqrt, t.Apply(OpSub, one(), t.Apply(OpMul, a, a)))
		if op == OpAcos {
			w = t.Apply(OpNeg, w)
		}
		return t.add(op, Quot, a, w, 0)
	case OpAsinh:
		return t.add(op, Quot, a, t.Apply(OpSqrt, t.Apply(OpAdd, one(), t.Apply(OpMul, a, a))), 0)
	case OpAcosh:
		return t.add(op, Quot, a, t.Apply(OpSqrt, t.Apply(OpSub, t.Apply(OpMul, a, a), one())), 0)
	case OpAtan2:
		a, b = t.lift(a), t.lift(b)
		return t.add(op, Angle, a, b, t.Apply(OpAdd, t.Apply(OpMul, b, b), t.Apply(OpMul, a, a)))
	case OpAbs:
		return t.add(op, Absolute, a, 0, 0)
	case OpMin:
		return t.add(op, Smaller, t.lift(a), t.lift(b), 0)
	case OpMax:
		return t.add(op, Larger, t.lift(a), t.lift(b), 0)
	case OpSelect:
		return t.add(op, Choice, a, t.lift(b), t.lift(x[2]))
	case OpSign, OpLt, OpLe, OpEq, OpNe, OpNot, OpAnd, OpOr:
		return t.add(op, Zero, a, b, 0)
	}
	panic(fmt.Sprintf("mtkc: bug: unknown operation %d", op))
}

// cubed is x where v is x*sqrt(x), else -1.
func (t *Tape) cubed(v Value) Value {
	s := t.made(v)
	if s == nil || s.Rule != Product {
		return -1
	}
	if r := t.made(s.A); r != nil && r.Rule == Root && r.A == s.B {
		return s.B
	}
	if r := t.made(s.B); r != nil && r.Rule == Root && r.A == s.A {
		return s.A
	}
	return -1
}

// made is the step that makes v; nil: none.
func (t *Tape) made(v Value) *Step {
	if v.Number() {
		return nil
	}
	i, ok := slices.BinarySearchFunc(t.steps, v, func(s Step, v Value) int { return int(s.D - v) })
	if !ok {
		return nil
	}
	return &t.steps[i]
}

// Later reports for every step whether entries behind the first one are read: the product and the root of
// Cubes are not.
func (t *Tape) Later() []bool {
	read := make([]bool, t.series)
	mark := func(v Value) {
		if v >= 0 {
			read[v] = true
		}
	}
	for _, v := range t.out {
		mark(v)
	}
	later := make([]bool, len(t.steps))
	for i := len(t.steps) - 1; i >= 0; i-- {
		s := &t.steps[i]
		later[i] = read[s.D] || s.Rule.Pair() && read[s.D+1]
		if !later[i] {
			continue
		}
		switch s.Rule {
		case Cubes:
			mark(s.C)
		case Zero:
		case Exp:
			mark(s.C)
		case Choice: // of A the first entry alone
			mark(s.B)
			mark(s.C)
		case Angle:
			mark(s.A)
			mark(s.B)
			mark(s.C)
		default:
			mark(s.A)
			if s.Op.Arity() > 1 || s.Rule == Quot {
				mark(s.B)
			}
		}
	}
	return later
}

// Pair reports whether the rule makes two series.
func (r Rule) Pair() bool { return r == SineCos || r == SinhCos || r == Tangent || r == HypTan }

// pair is the first of two series that a step makes together.
func (t *Tape) pair(op Op, rule Rule, a Value) Value {
	key := [2]int32{int32(rule), int32(a)}
	if d, ok := t.pairs[key]; ok {
		return d
	}
	d := t.fresh(2)
	t.steps = append(t.steps, Step{op, rule, d, a, 0, 0})
	t.pairs[key] = d
	return d
}

// first is the value of an operation on numbers.
func (o Op) first(a, b, c float64) float64 {
	truth := func(ok bool) float64 {
		if ok {
			return 1
		}
		return 0
	}
	switch o {
	case OpNeg:
		return -a
	case OpAdd:
		return a + b
	case OpSub:
		return a - b
	case OpMul:
		return a * b
	case OpDiv:
		return a / b
	case OpSqrt:
		return math.Sqrt(a)
	case OpPow:
		return elementary.Pow(a, b)
	case OpSin:
		return elementary.Sin(a)
	case OpCos:
		return elementary.Cos(a)
	case OpTan:
		return elementary.Tan(a)
	case OpAsin:
		return elementary.Asin(a)
	case OpAcos:
		return elementary.Acos(a)
	case OpAtan:
		return elementary.Atan(a)
	case OpSinh:
		return elementary.Sinh(a)
	case OpCosh:
		return elementary.Cosh(a)
	case OpTanh:
		return elementary.Tanh(a)
	case OpAsinh:
		return elementary.Asinh(a)
	case OpAcosh:
		return elementary.Acosh(a)
	case OpAtanh:
		return elementary.Atanh(a)
	case OpExp:
		return elementary.Exp(a)
	case OpLog:
		return elementary.Log(a)
	case OpLog10:
		return elementary.Log10(a)
	case OpAbs:
		return math.Abs(a)
	case OpSign:
		return elementary.Sign(a)
	case OpAtan2:
		return elementary.Atan2(a, b)
	case OpMin:
		return min(a, b)
	case OpMax:
		return max(a, b)
	case OpLt:
		return truth(a < b)
	case OpLe:
		return truth(a <= b)
	case OpEq:
		return truth(a == b)
	case OpNe:
		return truth(a != b)
	case OpNot:
		return truth(a == 0)
	case OpAnd:
		return truth(a != 0 && b != 0)
	case OpOr:
		return truth(a != 0 || b != 0)
	case OpSelect:
		if a != 0 {
			return b
		}
		return c
	case OpLift:
		return a
	}
	panic(fmt.Sprintf("mtkc: bug: unknown operation %d", o))
}
