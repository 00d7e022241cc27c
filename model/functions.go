package model

import (
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// functionNamed is the operator of an elementary function by its name in text, in the
// spelling of Go models (Sin) or of Modelica (sin). sqrt is a power: its operator is
// OpMul.
func functionNamed(name string) (op expr.Op, arity int, ok bool) {
	if name == "" {
		return 0, 0, false
	}
	f, ok := functions[strings.ToLower(name[:1])+name[1:]]
	return f.op, f.arity, ok
}

type function struct {
	op    expr.Op
	arity int
}

var functions = map[string]function{
	"sin": {expr.OpSin, 1}, "cos": {expr.OpCos, 1}, "tan": {expr.OpTan, 1},
	"asin": {expr.OpAsin, 1}, "acos": {expr.OpAcos, 1}, "atan": {expr.OpAtan, 1},
	"sinh": {expr.OpSinh, 1}, "cosh": {expr.OpCosh, 1}, "tanh": {expr.OpTanh, 1},
	"asinh": {expr.OpAsinh, 1}, "acosh": {expr.OpAcosh, 1}, "atanh": {expr.OpAtanh, 1},
	"exp": {expr.OpExp, 1}, "log": {expr.OpLog, 1}, "log10": {expr.OpLog10, 1},
	"sqrt": {expr.OpMul, 1}, "abs": {expr.OpAbs, 1}, "sign": {expr.OpSign, 1},
	"floor": {expr.OpFloor, 1}, "ceil": {expr.OpCeil, 1},
	"atan2": {expr.OpAtan2, 2}, "min": {expr.OpMin, 2}, "max": {expr.OpMax, 2}, "mod": {expr.OpMod, 2},
	"der": {expr.OpDer, 1}, "pre": {expr.OpPre, 1},
}
