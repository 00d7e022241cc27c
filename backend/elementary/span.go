package elementary

import (
	"math"

	"github.com/mtkc/mtkc/backend"
)

// Span is where the first operand of a program lies: in [Lo, Hi], or its absolute value in [0, Hi]. A
// program for a part of the domain is shorter, since it needs no special values.
type Span struct {
	Absolute bool
	Lo, Hi   float64
}

// Within is a program with the comparisons of the first operand with numbers that the span decides, and
// what follows from them. For operands in the span it has the same bits.
func (s Span) Within(k *backend.Kernel) *backend.Kernel {
	f := newFolder(k.Name)
	positive := !s.Absolute && s.Lo > 0
	val := make([]ref, len(k.Code))
	argument, magnitude := backend.None, backend.None // x and |x|
	bounds := func(r ref) (lo, hi float64) {
		if v, ok := f.numbers[r]; ok {
			return v, v
		}
		switch {
		case r == argument && s.Absolute:
			return -s.Hi, s.Hi
		case r == argument:
			return s.Lo, s.Hi
		case r == magnitude && s.Absolute:
			return 0, s.Hi
		}
		return math.NaN(), math.NaN()
	}
	for r, in := range k.Code {
		switch {
		case in.Op == backend.Const:
			val[r] = f.number(k.Consts[in.A])
		case in.Op == backend.U:
			val[r] = f.Input(backend.U, in.A)
			if in.A == 0 {
				argument = val[r]
			}
		case in.Op.Shift():
			val[r] = f.shift(in.Op, val[in.A], in.B)
		case in.Op == backend.Abs && val[in.A] == argument && positive:
			val[r] = argument
		case in.Op == backend.Abs && val[in.A] == argument:
			magnitude = f.emit(backend.Abs, argument)
			val[r] = magnitude
		case in.Op == backend.BitAnd && positive && val[in.A] == argument && f.is(val[in.B], math.Copysign(0, -1)):
			val[r] = f.number(0) // the sign
		default:
			args := operands(k, in, val)
			if v, ok := decide(in.Op, args, bounds); ok {
				val[r] = f.number(truth(v))
			} else {
				val[r] = f.emit(in.Op, args...)
			}
		}
	}
	f.Output(backend.Main, 0, val[k.Out[0].Val])
	return f.Finish()
}

// decide is a comparison of values that have bounds.
func decide(op backend.Op, args []ref, bounds func(r ref) (lo, hi float64)) (value, ok bool) {
	switch op {
	case backend.Lt, backend.Le, backend.Eq, backend.Ne:
	default:
		return false, false
	}
	xlo, xhi := bounds(args[0])
	ylo, yhi := bounds(args[1])
	apart := xhi < ylo || xlo > yhi
	switch op {
	case backend.Lt:
		return xhi < ylo, xhi < ylo || xlo >= yhi
	case backend.Le:
		return xhi <= ylo, xhi <= ylo || xlo > yhi
	case backend.Eq:
		return false, apart
	}
	return true, apart
}
