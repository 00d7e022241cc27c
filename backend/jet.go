package backend

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/taylor"
)

// recurrences are the operations whose Taylor coefficients follow from those of their operands.
var recurrences = map[Op]taylor.Op{
	Neg: taylor.OpNeg, Add: taylor.OpAdd, Sub: taylor.OpSub, Mul: taylor.OpMul, Div: taylor.OpDiv,
	Sqrt: taylor.OpSqrt, Pow: taylor.OpPow, Sin: taylor.OpSin, Cos: taylor.OpCos, Tan: taylor.OpTan,
	Asin: taylor.OpAsin, Acos: taylor.OpAcos, Atan: taylor.OpAtan, Sinh: taylor.OpSinh, Cosh: taylor.OpCosh, Tanh: taylor.OpTanh,
	Asinh: taylor.OpAsinh, Acosh: taylor.OpAcosh, Atanh: taylor.OpAtanh, Exp: taylor.OpExp, Log: taylor.OpLog, Log10: taylor.OpLog10,
	Abs: taylor.OpAbs, Sign: taylor.OpSign, Atan2: taylor.OpAtan2, Min: taylor.OpMin, Max: taylor.OpMax,
	Lt: taylor.OpLt, Le: taylor.OpLe, Eq: taylor.OpEq, Ne: taylor.OpNe, Not: taylor.OpNot, And: taylor.OpAnd, Or: taylor.OpOr,
	Select: taylor.OpSelect,
}

// Tape returns the right-hand side as a tape, from which its Taylor coefficients are made. It
// has an error where there is none: algebraic equations, loops of large models, functions of the
// model, and operations that jump (floor, ceil, mod, rem, quo) between two events.
func (p *Program) Tape() (*taylor.Tape, error) {
	n := len(p.Meta.U0)
	if p.NDiff < n {
		return nil, fmt.Errorf("%d of %d equations are algebraic", n-p.NDiff, n)
	}
	k := p.RHS
	if len(k.Steps) > 0 {
		return nil, fmt.Errorf("the right-hand side is made of loops")
	}
	t := taylor.NewTape(n)
	val := make([]taylor.Value, len(k.Code))
	var args []taylor.Value
	for r, in := range k.Code {
		switch in.Op {
		case Const:
			val[r] = t.Const(k.Consts[in.A])
		case Time:
			val[r] = t.Time()
		case U:
			val[r] = t.State(int(in.A))
		case P:
			val[r] = t.Param(int(in.A))
		default:
			op, ok := recurrences[in.Op]
			if !ok {
				name := in.Op.String()
				if in.Op == Call {
					name = p.Funcs[in.A].Name
				}
				return nil, fmt.Errorf("%s has no Taylor coefficients", name)
			}
			args = args[:0]
			k.Operands(in, func(a Ref) { args = append(args, val[a]) })
			val[r] = t.Apply(op, args...)
		}
	}
	for _, o := range k.Out {
		t.Derivative(int(o.Index), val[o.Val])
	}
	return t, nil
}
