package vm

import (
	"math"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/elementary"
)

// The portable lane machine. Where the instruction takes one number for all lanes, it has a row of
// copies of it.

// interpret runs instructions from pc on in Go until one that leaves, whose place it returns.
// Products are rounded before they are added: conversions keep the compiler from fusing them.
func (f *laneFrame) interpret(pc, n int) int {
	for ; ; pc++ {
		in := &f.code[pc]
		if in.op == laneLeave {
			return pc
		}
		v := &laneVariants[in.op]
		d, a := f.row(int(in.d), n), f.row(int(in.a), n)
		switch {
		case v.op == opMove || v.op == opSpread:
			copy(d, a)
			continue
		case v.op < uint16(backend.NumOps) && backend.Op(v.op).Shift():
			for i := range d {
				d[i] = shift(backend.Op(v.op), a[i], int32(in.b))
			}
			continue
		case len(v.modes) == 1:
			unary(backend.Op(v.op), d, a)
			continue
		}
		b := f.row(int(in.b), n)
		switch v.op {
		case opGt:
			binary(backend.Lt, d, b, a)
			continue
		case opGe:
			binary(backend.Le, d, b, a)
			continue
		}
		if len(v.modes) == 2 {
			binary(backend.Op(v.op), d, a, b)
			continue
		}
		c := f.row(int(in.c), n)
		switch v.op {
		case uint16(backend.FMA):
			for i := range d {
				d[i] = math.FMA(a[i], b[i], c[i])
			}
		case opMulAdd:
			for i := range d {
				d[i] = float64(a[i]*b[i]) + c[i]
			}
		case opMulSub:
			for i := range d {
				d[i] = float64(a[i]*b[i]) - c[i]
			}
		case opSubMul:
			for i := range d {
				d[i] = c[i] - float64(a[i]*b[i])
			}
		case uint16(backend.Select):
			for i := range d {
				x := c[i]
				if a[i] != 0 {
					x = b[i]
				}
				d[i] = x
			}
		default:
			f.pick(v.op, d, a, b, c, f.row(int(in.e), n))
		}
	}
}

// pick is a selection by a comparison.
func (f *laneFrame) pick(op uint16, d, a, b, c, e []float64) {
	switch op {
	case opGtSelect:
		op, a, b = opLtSelect, b, a
	case opGeSelect:
		op, a, b = opLeSelect, b, a
	case opNeSelect:
		op, c, e = opEqSelect, e, c
	}
	for i := range d {
		x := e[i]
		switch op {
		case opLtSelect:
			if a[i] < b[i] {
				x = c[i]
			}
		case opLeSelect:
			if a[i] <= b[i] {
				x = c[i]
			}
		default:
			if a[i] == b[i] {
				x = c[i]
			}
		}
		d[i] = x
	}
}

// functions are the operations with one operand that functions compute.
var functions = map[backend.Op]func(float64) float64{
	backend.Sin: elementary.Sin, backend.Cos: elementary.Cos, backend.Tan: elementary.Tan,
	backend.Asin: elementary.Asin, backend.Acos: elementary.Acos, backend.Atan: elementary.Atan,
	backend.Sinh: elementary.Sinh, backend.Cosh: elementary.Cosh, backend.Tanh: elementary.Tanh,
	backend.Asinh: elementary.Asinh, backend.Acosh: elementary.Acosh, backend.Atanh: elementary.Atanh,
	backend.Exp: elementary.Exp, backend.Log: elementary.Log, backend.Log10: elementary.Log10,
	backend.Floor: math.Floor, backend.Ceil: math.Ceil,
}

func unary(op backend.Op, d, a []float64) {
	switch op {
	case backend.Neg:
		for i := range d {
			d[i] = -a[i]
		}
	case backend.Sqrt:
		for i := range d {
			d[i] = math.Sqrt(a[i])
		}
	case backend.Abs:
		for i := range d {
			d[i] = math.Abs(a[i])
		}
	case backend.Sign:
		for i := range d {
			d[i] = elementary.Sign(a[i])
		}
	case backend.Not:
		for i := range d {
			d[i] = truth(a[i] == 0)
		}
	default:
		fn := functions[op]
		if fn == nil {
			panic("mtkc: bug: unknown operation " + op.String())
		}
		for i := range d {
			d[i] = fn(a[i])
		}
	}
}

// shift is one of the three shifts of the bits of x.
func shift(op backend.Op, x float64, by int32) float64 {
	b := math.Float64bits(x)
	switch op {
	case backend.BitShl:
		b <<= by
	case backend.BitShr:
		b >>= by
	default:
		b = uint64(int64(b) >> by)
	}
	return math.Float64frombits(b)
}

func binary(op backend.Op, d, a, b []float64) {
	switch op {
	case backend.BitAnd:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) & *bits(&b[i])
		}
	case backend.BitOr:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) | *bits(&b[i])
		}
	case backend.BitXor:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) ^ *bits(&b[i])
		}
	case backend.BitAdd:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) + *bits(&b[i])
		}
	case backend.BitSub:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) - *bits(&b[i])
		}
	case backend.Add:
		for i := range d {
			d[i] = a[i] + b[i]
		}
	case backend.Sub:
		for i := range d {
			d[i] = a[i] - b[i]
		}
	case backend.Mul:
		for i := range d {
			d[i] = a[i] * b[i]
		}
	case backend.Div:
		for i := range d {
			d[i] = a[i] / b[i]
		}
	case backend.Pow:
		for i := range d {
			d[i] = elementary.Pow(a[i], b[i])
		}
	case backend.Atan2:
		for i := range d {
			d[i] = elementary.Atan2(a[i], b[i])
		}
	case backend.Min:
		for i := range d {
			d[i] = min(a[i], b[i])
		}
	case backend.Max:
		for i := range d {
			d[i] = max(a[i], b[i])
		}
	case backend.Mod:
		for i := range d {
			d[i] = elementary.Mod(a[i], b[i])
		}
	case backend.Rem:
		for i := range d {
			d[i] = elementary.Rem(a[i], b[i])
		}
	case backend.Quo:
		for i := range d {
			d[i] = elementary.Quo(a[i], b[i])
		}
	case backend.FarSin:
		for i := range d {
			d[i] = elementary.FarSin(a[i], b[i])
		}
	case backend.FarCos:
		for i := range d {
			d[i] = elementary.FarCos(a[i], b[i])
		}
	case backend.FarTan:
		for i := range d {
			d[i] = elementary.FarTan(a[i], b[i])
		}
	case backend.Lt:
		for i := range d {
			d[i] = truth(a[i] < b[i])
		}
	case backend.Le:
		for i := range d {
			d[i] = truth(a[i] <= b[i])
		}
	case backend.Eq:
		for i := range d {
			d[i] = truth(a[i] == b[i])
		}
	case backend.Ne:
		for i := range d {
			d[i] = truth(a[i] != b[i])
		}
	case backend.And:
		for i := range d {
			d[i] = truth(a[i] != 0 && b[i] != 0)
		}
	case backend.Or:
		for i := range d {
			d[i] = truth(a[i] != 0 || b[i] != 0)
		}
	default:
		panic("mtkc: bug: unknown operation " + op.String())
	}
}
