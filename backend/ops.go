package backend

import "github.com/mtkc/mtkc/expr"

// Op is the operation of an instruction. Values are float64; truth values are 1 and 0,
// and everything but 0 counts as true.
type Op uint8

// The operations. A, B, C are the operands of an Instr.
const (
	Const Op = iota // the number Kernel.Consts[A]
	Time            // t
	U               // u[A]
	P               // p[A]
	W               // w[A]
	S               // the scratch array of the kernel, [A]
	Data            // of a loop: the number of the instance in Step.Data[A]

	Neg  // -A
	Add  // A + B
	Sub  // A - B
	Mul  // A * B, rounded: never fused with an addition
	Div  // A / B
	Sqrt // square root
	Pow  // A to the power B, with the special cases of math.Pow; never an integer or half-integer constant exponent

	Sin
	Cos
	Tan
	Asin
	Acos
	Atan
	Sinh
	Cosh
	Tanh
	Asinh
	Acosh
	Atanh
	Exp
	Log
	Log10
	Abs
	Sign // -1, 1, or A where A is 0 or NaN
	Floor
	Ceil
	Atan2
	Min // not a number if an operand is, and -0 < 0
	Max
	Mod // A - floor(A/B)*B, each operation rounded
	Rem // as math.Mod where |A/B| < 2^53, else 0 with the sign of A
	Quo // trunc(A/B), the quotient rounded first

	Lt // A < B
	Le // A <= B
	Eq
	Ne
	Not
	And
	Or
	Select // if A then B else C; both have been computed, the other one leaves no trace

	FMA // A*B + C, rounded once

	// Operations on the 64 bits of numbers, as integers in two's complement.
	BitAnd
	BitOr
	BitXor
	BitAdd
	BitSub
	BitShl // A shifted left by Instr.B, which is a number of bits, not a value
	BitShr // A shifted right by Instr.B, zeros come in
	BitSar // A shifted right by Instr.B, the sign comes in

	// The rare part of functions of angles: B, or, of a finite |A| >= 2^45, the function of A. The
	// programs of package elementary end with them.
	FarSin
	FarCos
	FarTan

	Call // Program.Funcs[A] of the operands Kernel.Args[B:B+C]

	NumOps
)

// info is the table entry of an operation.
type info struct {
	name  string
	arity int
	bool  bool
}

var table = [NumOps]info{
	Const: {"const", 0, false}, Time: {"time", 0, false}, U: {"u", 0, false}, P: {"p", 0, false}, W: {"w", 0, false},
	S: {"s", 0, false}, Data: {"data", 0, false},
	Neg: {"neg", 1, false}, Add: {"add", 2, false}, Sub: {"sub", 2, false}, Mul: {"mul", 2, false}, Div: {"div", 2, false},
	Sqrt: {"sqrt", 1, false}, Pow: {"pow", 2, false},
	Sin: {"sin", 1, false}, Cos: {"cos", 1, false}, Tan: {"tan", 1, false},
	Asin: {"asin", 1, false}, Acos: {"acos", 1, false}, Atan: {"atan", 1, false},
	Sinh: {"sinh", 1, false}, Cosh: {"cosh", 1, false}, Tanh: {"tanh", 1, false},
	Asinh: {"asinh", 1, false}, Acosh: {"acosh", 1, false}, Atanh: {"atanh", 1, false},
	Exp: {"exp", 1, false}, Log: {"log", 1, false}, Log10: {"log10", 1, false},
	Abs: {"abs", 1, false}, Sign: {"sign", 1, false}, Floor: {"floor", 1, false}, Ceil: {"ceil", 1, false},
	Atan2: {"atan2", 2, false}, Min: {"min", 2, false}, Max: {"max", 2, false},
	Mod: {"mod", 2, false}, Rem: {"rem", 2, false}, Quo: {"quo", 2, false},
	Lt: {"lt", 2, true}, Le: {"le", 2, true}, Eq: {"eq", 2, true}, Ne: {"ne", 2, true},
	Not: {"not", 1, true}, And: {"and", 2, true}, Or: {"or", 2, true},
	Select: {"select", 3, false}, FMA: {"fma", 3, false},
	BitAnd: {"bitand", 2, false}, BitOr: {"bitor", 2, false}, BitXor: {"bitxor", 2, false},
	BitAdd: {"bitadd", 2, false}, BitSub: {"bitsub", 2, false},
	BitShl: {"bitshl", 1, false}, BitShr: {"bitshr", 1, false}, BitSar: {"bitsar", 1, false},
	FarSin: {"farsin", 2, false}, FarCos: {"farcos", 2, false}, FarTan: {"fartan", 2, false}, Call: {"call", 0, false},
}

// String is the name of the operation.
func (o Op) String() string { return table[o].name }

// Arity is the number of operands that are values: none for inputs, and none for
// calls, whose operands are in Kernel.Args.
func (o Op) Arity() int { return table[o].arity }

// Bool reports whether the result is a truth value.
func (o Op) Bool() bool { return table[o].bool }

// Shift reports whether Instr.B is a number of bits.
func (o Op) Shift() bool { return BitShl <= o && o <= BitSar }

// Base reports whether the operation is one of those that processors have or that take a few
// of theirs: package elementary rewrites the others into these.
func (o Op) Base() bool {
	switch {
	case o.Input(), Neg <= o && o <= Sqrt, Lt <= o && o < NumOps:
		return true
	}
	switch o {
	case Abs, Floor, Ceil, Min, Max:
		return true
	}
	return false
}

// Far reports whether the operation is the rare part of a function.
func (o Op) Far() bool { return FarSin <= o && o <= FarTan }

// Input reports whether the operation reads a number or an argument of the kernel.
func (o Op) Input() bool { return o <= Data }

// direct are the operators of expr that are one operation here.
var direct = map[expr.Op]Op{
	expr.OpSin: Sin, expr.OpCos: Cos, expr.OpTan: Tan, expr.OpAsin: Asin, expr.OpAcos: Acos, expr.OpAtan: Atan,
	expr.OpSinh: Sinh, expr.OpCosh: Cosh, expr.OpTanh: Tanh, expr.OpAsinh: Asinh, expr.OpAcosh: Acosh, expr.OpAtanh: Atanh,
	expr.OpExp: Exp, expr.OpLog: Log, expr.OpLog10: Log10, expr.OpAbs: Abs, expr.OpSign: Sign,
	expr.OpFloor: Floor, expr.OpCeil: Ceil, expr.OpAtan2: Atan2, expr.OpMin: Min, expr.OpMax: Max,
	expr.OpMod: Mod, expr.OpRem: Rem, expr.OpQuo: Quo,
	expr.OpLt: Lt, expr.OpLe: Le, expr.OpEq: Eq, expr.OpNe: Ne, expr.OpNot: Not, expr.OpAnd: And, expr.OpOr: Or,
	expr.OpIf: Select,
}
