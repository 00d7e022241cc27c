package expr

import "math"

// Op is an operator.
type Op uint8

// The operators. Relations are < and <= only: a > b is stored as b < a.
const (
	OpConst Op = iota
	OpTrue
	OpFalse
	OpTime
	OpSym
	OpAdd // c0 + k1*t1 + k2*t2 + ...: args c0, k1, t1, k2, t2, ...; c0 and k are constants
	OpMul // b1^e1 * b2^e2 * ...: args b1, e1, b2, e2, ...; no numeric factor
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
	OpFloor
	OpCeil
	OpAtan2
	OpMin
	OpMax
	OpMod // Modelica's mod: x - floor(x/y)*y
	OpRem // x - trunc(x/y)*y
	OpQuo // integer quotient, trunc(x/y)
	OpLt
	OpLe
	OpEq
	OpNe
	OpNot
	OpAnd
	OpOr
	OpIf       // cond, a, b
	OpDer      // time derivative of its argument
	OpPre      // left limit at an event
	OpEdge     // b and not pre(b)
	OpChange   // v <> pre(v)
	OpInitial  // true during initialization
	OpTerminal // true at the end of a successful run
	OpSample   // start, interval
	OpDelay    // e, tau
	OpNoEvent  // e without zero crossings
	OpSmooth   // order, e
	OpHomotopy // actual, simplified
	OpCall     // function index, args...
	numOps
)

// OpInfo is the table entry of an operator.
type OpInfo struct {
	Name  string // in Modelica text
	Arity int    // -1: any number
	Bool  bool   // the result is Boolean
	Cost  int    // relative to an addition
	// Eval computes the value; nil for operators without a value of their own.
	Eval func(a []float64) float64
	// Diff writes the partial derivative with respect to argument i; nil: not
	// differentiable, or handled by the differentiation itself.
	Diff func(p *Pool, a []ID, i int) ID
}

// Info returns the table entry of an operator.
func (o Op) Info() *OpInfo { return &ops[o] }

// String is the operator's name.
func (o Op) String() string { return ops[o].Name }

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func fn1(f func(float64) float64) func([]float64) float64 {
	return func(a []float64) float64 { return f(a[0]) }
}

func sgn(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 and NaN
}

var ops [numOps]OpInfo

func init() {
	ops = [numOps]OpInfo{
		OpConst: {Name: "const"}, OpTrue: {Name: "true", Bool: true}, OpFalse: {Name: "false", Bool: true},
		OpTime: {Name: "time"}, OpSym: {Name: "symbol"},
		OpAdd: {Name: "+", Arity: -1, Cost: 1}, OpMul: {Name: "*", Arity: -1, Cost: 1},
		OpSin: {Name: "sin", Arity: 1, Cost: 20, Eval: fn1(math.Sin), Diff: func(p *Pool, a []ID, _ int) ID { return p.Fn(OpCos, a[0]) }},
		OpCos: {Name: "cos", Arity: 1, Cost: 20, Eval: fn1(math.Cos), Diff: func(p *Pool, a []ID, _ int) ID { return p.Neg(p.Fn(OpSin, a[0])) }},
		OpTan: {Name: "tan", Arity: 1, Cost: 25, Eval: fn1(math.Tan), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Add(One, p.Pow(p.Fn(OpTan, a[0]), p.Int(2)))
		}},
		OpAsin: {Name: "asin", Arity: 1, Cost: 25, Eval: fn1(math.Asin), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Pow(p.Sub(One, p.Pow(a[0], p.Int(2))), p.Num(RatNum(-1, 2)))
		}},
		OpAcos: {Name: "acos", Arity: 1, Cost: 25, Eval: fn1(math.Acos), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Neg(p.Pow(p.Sub(One, p.Pow(a[0], p.Int(2))), p.Num(RatNum(-1, 2))))
		}},
		OpAtan: {Name: "atan", Arity: 1, Cost: 25, Eval: fn1(math.Atan), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Inv(p.Add(One, p.Pow(a[0], p.Int(2))))
		}},
		OpSinh: {Name: "sinh", Arity: 1, Cost: 25, Eval: fn1(math.Sinh), Diff: func(p *Pool, a []ID, _ int) ID { return p.Fn(OpCosh, a[0]) }},
		OpCosh: {Name: "cosh", Arity: 1, Cost: 25, Eval: fn1(math.Cosh), Diff: func(p *Pool, a []ID, _ int) ID { return p.Fn(OpSinh, a[0]) }},
		OpTanh: {Name: "tanh", Arity: 1, Cost: 25, Eval: fn1(math.Tanh), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Sub(One, p.Pow(p.Fn(OpTanh, a[0]), p.Int(2)))
		}},
		OpAsinh: {Name: "asinh", Arity: 1, Cost: 30, Eval: fn1(math.Asinh), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Pow(p.Add(One, p.Pow(a[0], p.Int(2))), p.Num(RatNum(-1, 2)))
		}},
		OpAcosh: {Name: "acosh", Arity: 1, Cost: 30, Eval: fn1(math.Acosh), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Pow(p.Sub(p.Pow(a[0], p.Int(2)), One), p.Num(RatNum(-1, 2)))
		}},
		OpAtanh: {Name: "atanh", Arity: 1, Cost: 30, Eval: fn1(math.Atanh), Diff: func(p *Pool, a []ID, _ int) ID {
			return p.Inv(p.Sub(One, p.Pow(a[0], p.Int(2))))
		}},
		OpExp:   {Name: "exp", Arity: 1, Cost: 15, Eval: fn1(math.Exp), Diff: func(p *Pool, a []ID, _ int) ID { return p.Fn(OpExp, a[0]) }},
		OpLog:   {Name: "log", Arity: 1, Cost: 15, Eval: fn1(math.Log), Diff: func(p *Pool, a []ID, _ int) ID { return p.Inv(a[0]) }},
		OpLog10: {Name: "log10", Arity: 1, Cost: 15, Eval: fn1(math.Log10), Diff: func(p *Pool, a []ID, _ int) ID { return p.Mul(p.Float(1/math.Ln10), p.Inv(a[0])) }},
		OpAbs:   {Name: "abs", Arity: 1, Cost: 1, Eval: fn1(math.Abs), Diff: func(p *Pool, a []ID, _ int) ID { return p.Fn(OpSign, a[0]) }},
		OpSign:  {Name: "sign", Arity: 1, Cost: 2, Eval: fn1(sgn), Diff: zeroDiff},
		OpFloor: {Name: "floor", Arity: 1, Cost: 2, Eval: fn1(math.Floor), Diff: zeroDiff},
		OpCeil:  {Name: "ceil", Arity: 1, Cost: 2, Eval: fn1(math.Ceil), Diff: zeroDiff},
		OpAtan2: {Name: "atan2", Arity: 2, Cost: 30, Eval: func(a []float64) float64 { return math.Atan2(a[0], a[1]) }, Diff: func(p *Pool, a []ID, i int) ID {
			r := p.Inv(p.Add(p.Pow(a[0], p.Int(2)), p.Pow(a[1], p.Int(2))))
			if i == 0 {
				return p.Mul(a[1], r)
			}
			return p.Neg(p.Mul(a[0], r))
		}},
		OpMin: {Name: "min", Arity: 2, Cost: 1, Eval: func(a []float64) float64 { return math.Min(a[0], a[1]) }, Diff: func(p *Pool, a []ID, i int) ID {
			if i == 0 {
				return p.Fn(OpIf, p.Fn(OpNoEvent, p.Fn(OpLe, a[0], a[1])), One, Zero)
			}
			return p.Fn(OpIf, p.Fn(OpNoEvent, p.Fn(OpLe, a[0], a[1])), Zero, One)
		}},
		OpMax: {Name: "max", Arity: 2, Cost: 1, Eval: func(a []float64) float64 { return math.Max(a[0], a[1]) }, Diff: func(p *Pool, a []ID, i int) ID {
			if i == 0 {
				return p.Fn(OpIf, p.Fn(OpNoEvent, p.Fn(OpLe, a[1], a[0])), One, Zero)
			}
			return p.Fn(OpIf, p.Fn(OpNoEvent, p.Fn(OpLe, a[1], a[0])), Zero, One)
		}},
		OpMod: {Name: "mod", Arity: 2, Cost: 10, Eval: func(a []float64) float64 { return a[0] - math.Floor(a[0]/a[1])*a[1] }, Diff: func(p *Pool, a []ID, i int) ID {
			if i == 0 {
				return One
			}
			return p.Neg(p.Fn(OpFloor, p.Div(a[0], a[1])))
		}},
		OpRem: {Name: "rem", Arity: 2, Cost: 10, Eval: func(a []float64) float64 { return math.Mod(a[0], a[1]) }, Diff: func(p *Pool, a []ID, i int) ID {
			if i == 0 {
				return One
			}
			return p.Neg(p.Fn(OpQuo, a[0], a[1]))
		}},
		OpQuo: {Name: "div", Arity: 2, Cost: 5, Eval: func(a []float64) float64 { return math.Trunc(a[0] / a[1]) }, Diff: zeroDiff},
		OpLt:  {Name: "<", Arity: 2, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] < a[1]) }, Diff: zeroDiff},
		OpLe:  {Name: "<=", Arity: 2, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] <= a[1]) }, Diff: zeroDiff},
		OpEq:  {Name: "==", Arity: 2, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] == a[1]) }, Diff: zeroDiff},
		OpNe:  {Name: "<>", Arity: 2, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] != a[1]) }, Diff: zeroDiff},
		OpNot: {Name: "not", Arity: 1, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] == 0) }, Diff: zeroDiff},
		OpAnd: {Name: "and", Arity: 2, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] != 0 && a[1] != 0) }, Diff: zeroDiff},
		OpOr:  {Name: "or", Arity: 2, Bool: true, Cost: 1, Eval: func(a []float64) float64 { return b2f(a[0] != 0 || a[1] != 0) }, Diff: zeroDiff},
		OpIf: {Name: "if", Arity: 3, Cost: 2, Eval: func(a []float64) float64 {
			if a[0] != 0 {
				return a[1]
			}
			return a[2]
		}, Diff: func(p *Pool, a []ID, i int) ID {
			switch i {
			case 1:
				return p.Fn(OpIf, a[0], One, Zero)
			case 2:
				return p.Fn(OpIf, a[0], Zero, One)
			}
			return Zero
		}},
		OpDer:      {Name: "der", Arity: 1},
		OpPre:      {Name: "pre", Arity: 1, Diff: zeroDiff},
		OpEdge:     {Name: "edge", Arity: 1, Bool: true, Diff: zeroDiff},
		OpChange:   {Name: "change", Arity: 1, Bool: true, Diff: zeroDiff},
		OpInitial:  {Name: "initial", Arity: 0, Bool: true},
		OpTerminal: {Name: "terminal", Arity: 0, Bool: true},
		OpSample:   {Name: "sample", Arity: 2, Bool: true, Diff: zeroDiff},
		OpDelay:    {Name: "delay", Arity: 2},
		OpNoEvent:  {Name: "noEvent", Arity: 1, Eval: fn1(func(x float64) float64 { return x }), Diff: oneDiff},
		OpSmooth: {Name: "smooth", Arity: 2, Eval: func(a []float64) float64 { return a[1] }, Diff: func(_ *Pool, _ []ID, i int) ID {
			return ID(i) // Zero for the order, One for the expression
		}},
		OpHomotopy: {Name: "homotopy", Arity: 2, Eval: func(a []float64) float64 { return a[0] }, Diff: func(_ *Pool, _ []ID, i int) ID {
			return ID(1 - i)
		}},
		OpCall: {Name: "call", Arity: -1, Cost: 30},
	}
}

func zeroDiff(*Pool, []ID, int) ID { return Zero }
func oneDiff(*Pool, []ID, int) ID  { return One }
