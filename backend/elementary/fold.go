package elementary

import (
	"math"

	"github.com/mtkc/mtkc/backend"
)

// folder builds a kernel in which what follows from numbers alone is a number, and what does not need an
// operation has none. Values keep their bits, except those of what is not a number.
type folder struct {
	*backend.Builder
	numbers map[ref]float64
	truths  map[ref]bool // results of comparisons and of logic: 1 or 0
}

func newFolder(name string) *folder {
	return &folder{backend.NewBuilder(name), map[ref]float64{}, map[ref]bool{}}
}

// number is a constant.
func (f *folder) number(v float64) ref {
	r := f.Number(v)
	f.numbers[r] = v
	return r
}

// is reports whether a value is the number v, bit for bit.
func (f *folder) is(r ref, v float64) bool {
	n, ok := f.numbers[r]
	return ok && math.Float64bits(n) == math.Float64bits(v)
}

// shift is a shift of x by n.
func (f *folder) shift(op backend.Op, x ref, n int32) ref {
	if v, ok := f.numbers[x]; ok {
		return f.number(shift(op, v, n))
	}
	return f.Emit(op, x, n)
}

// emit is a base operation other than an input, a shift or a call.
func (f *folder) emit(op backend.Op, args ...ref) ref {
	var v [3]float64
	constant := true
	for i, a := range args {
		n, ok := f.numbers[a]
		v[i] = n
		constant = constant && ok
	}
	if constant {
		return f.number(evaluate(op, v[0], v[1], v[2]))
	}
	switch op {
	case backend.Select:
		if c, ok := f.numbers[args[0]]; ok {
			if c != 0 {
				return args[1]
			}
			return args[2]
		}
		if args[1] == args[2] {
			return args[1]
		}
	case backend.And, backend.Or:
		for i, a := range args {
			c, ok := f.numbers[a]
			switch {
			case !ok:
			case (c != 0) == (op == backend.Or): // decides
				return f.number(truth(op == backend.Or))
			case f.truths[args[1-i]]:
				return args[1-i]
			}
		}
	case backend.Mul, backend.Div:
		if f.is(args[1], 1) {
			return args[0]
		}
	case backend.BitOr, backend.BitXor, backend.BitAdd:
		if f.is(args[1], 0) {
			return args[0]
		}
	}
	r := f.Emit(op, args...)
	f.truths[r] = op.Bool()
	return r
}

// inline adds a program, whose operands are args.
func (f *folder) inline(k *backend.Kernel, args []ref) ref {
	val := make([]ref, len(k.Code))
	for r, in := range k.Code {
		switch {
		case in.Op == backend.Const:
			val[r] = f.number(k.Consts[in.A])
		case in.Op == backend.U:
			val[r] = args[in.A]
		case in.Op.Shift():
			val[r] = f.shift(in.Op, val[in.A], in.B)
		default:
			val[r] = f.emit(in.Op, operands(k, in, val)...)
		}
	}
	return val[k.Out[0].Val]
}

// operands are those of an instruction, as val has them.
func operands(k *backend.Kernel, in backend.Instr, val []ref) []ref {
	args := make([]ref, 0, 3)
	k.Operands(in, func(a ref) { args = append(args, val[a]) })
	return args
}
