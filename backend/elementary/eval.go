package elementary

import (
	"math"

	"github.com/mtkc/mtkc/backend"
)

// Eval runs a straight-line kernel of base operations, without calls, that reads no more than U
// and returns its first output. It is the definition of what the operations mean, not fast.
func Eval(k *backend.Kernel, u ...float64) float64 {
	v := make([]float64, len(k.Code))
	for r, in := range k.Code {
		switch {
		case in.Op == backend.Const:
			v[r] = k.Consts[in.A]
		case in.Op == backend.U:
			v[r] = u[in.A]
		case in.Op.Shift():
			v[r] = shift(in.Op, v[in.A], in.B)
		default:
			var a [3]float64
			n := 0
			k.Operands(in, func(x backend.Ref) { a[n] = v[x]; n++ })
			v[r] = evaluate(in.Op, a[0], a[1], a[2])
		}
	}
	return v[k.Out[0].Val]
}

// shift is a shift of the bits of x by n.
func shift(op backend.Op, x float64, n int32) float64 {
	w := math.Float64bits(x)
	switch op {
	case backend.BitShl:
		w <<= n
	case backend.BitShr:
		w >>= n
	case backend.BitSar:
		w = uint64(int64(w) >> n)
	}
	return math.Float64frombits(w)
}

// evaluate is a base operation on numbers, other than an input, a shift or a call.
func evaluate(op backend.Op, a, b, c float64) float64 {
	bits, from := math.Float64bits, math.Float64frombits
	switch op {
	case backend.Neg:
		return -a
	case backend.Add:
		return a + b
	case backend.Sub:
		return a - b
	case backend.Mul:
		return a * b
	case backend.Div:
		return a / b
	case backend.Sqrt:
		return math.Sqrt(a)
	case backend.FMA:
		return math.FMA(a, b, c)
	case backend.Abs:
		return math.Abs(a)
	case backend.Floor:
		return math.Floor(a)
	case backend.Ceil:
		return math.Ceil(a)
	case backend.Min:
		return min(a, b)
	case backend.Max:
		return max(a, b)
	case backend.Lt:
		return truth(a < b)
	case backend.Le:
		return truth(a <= b)
	case backend.Eq:
		return truth(a == b)
	case backend.Ne:
		return truth(a != b)
	case backend.Not:
		return truth(a == 0)
	case backend.And:
		return truth(a != 0 && b != 0)
	case backend.Or:
		return truth(a != 0 || b != 0)
	case backend.Select:
		if a != 0 {
			return b
		}
		return c
	case backend.BitAnd:
		return from(bits(a) & bits(b))
	case backend.BitOr:
		return from(bits(a) | bits(b))
	case backend.BitXor:
		return from(bits(a) ^ bits(b))
	case backend.BitAdd:
		return from(bits(a) + bits(b))
	case backend.BitSub:
		return from(bits(a) - bits(b))
	case backend.FarSin, backend.FarCos, backend.FarTan:
		if IsFar(a) {
			return Eval(Far(op), a)
		}
		return b
	}
	panic("mtkc: bug: not a base operation: " + op.String())
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
