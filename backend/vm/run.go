package vm

import (
	"math"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/elementary"
)

// frame is what a run of a code needs of its own.
type frame struct {
	*code
	regs []float64
	args []float64 // of calls
}

func (c *code) frame() *frame {
	f := &frame{code: c, args: make([]float64, c.maxArgs)}
	f.regs = append([]float64(nil), c.regs...)
	return f
}

// arrays are the arguments of a run. Arrays that the kernel does not use may be nil.
type arrays struct {
	u, p, w   []float64
	main, mem []float64
	s         []float64 // passes values between the steps of a kernel
}

// run executes the code. It returns the action code.
func (f *frame) run(t float64, a *arrays) float64 {
	r := f.regs
	if f.time >= 0 {
		r[f.time] = t
	}
	if s := &f.u; s.n > 0 {
		move(r[s.reg:s.reg+s.n], a.u[s.lo:s.lo+s.n])
	}
	if s := &f.p; s.n > 0 {
		move(r[s.reg:s.reg+s.n], a.p[s.lo:s.lo+s.n])
	}
	if s := &f.w; s.n > 0 {
		move(r[s.reg:s.reg+s.n], a.w[s.lo:s.lo+s.n])
	}
	if len(r) > 0 {
		if f.wide != nil {
			interpret(f.wide, unsafe.Pointer(&r[0]), f, a)
		} else {
			interpret(f.narrow, unsafe.Pointer(&r[0]), f, a)
		}
	}
	if s := &f.main; s.n > 0 {
		move(a.main[:s.n], r[s.reg:s.reg+s.n])
	}
	if f.code.code >= 0 {
		return r[f.code.code]
	}
	return 0
}

// move is copy, without its call for the few numbers of a small model.
func move(to, from []float64) {
	if len(from) > 8 {
		copy(to, from)
		return
	}
	to = to[:len(from)]
	for i := len(from) - 1; i >= 0; i-- {
		to[i] = from[i]
	}
}

// at is register i. encoder.check has seen to it that there is one.
func at[I uint16 | uint32](r unsafe.Pointer, i I) *float64 {
	return (*float64)(unsafe.Add(r, uintptr(i)*8))
}

// bits is a number as its 64 bits.
func bits(x *float64) *uint64 { return (*uint64)(unsafe.Pointer(x)) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// interpret is the machine. The conversions of products to float64 keep the compiler
// from fusing a multiplication and an addition where the processor could.
func interpret[I uint16 | uint32](prog []instr[I], r unsafe.Pointer, f *frame, arr *arrays) {
	for i := range prog {
		in := &prog[i]
		d := at(r, in.d)
		switch uint16(in.op) {
		case uint16(backend.Const), uint16(backend.Time), uint16(backend.U), uint16(backend.P), uint16(backend.W):
		case uint16(backend.Neg):
			*d = -*at(r, in.a)
		case uint16(backend.Add):
			*d = *at(r, in.a) + *at(r, in.b)
		case uint16(backend.Sub):
			*d = *at(r, in.a) - *at(r, in.b)
		case uint16(backend.Mul):
			*d = *at(r, in.a) * *at(r, in.b)
		case uint16(backend.Div):
			*d = *at(r, in.a) / *at(r, in.b)
		case uint16(backend.Sin):
			*d = elementary.Sin(*at(r, in.a))
		case uint16(backend.Cos):
			*d = elementary.Cos(*at(r, in.a))
		case uint16(backend.Tan):
			*d = elementary.Tan(*at(r, in.a))
		case uint16(backend.Asin):
			*d = elementary.Asin(*at(r, in.a))
		case uint16(backend.Acos):
			*d = elementary.Acos(*at(r, in.a))
		case uint16(backend.Atan):
			*d = elementary.Atan(*at(r, in.a))
		case uint16(backend.Sinh):
			*d = elementary.Sinh(*at(r, in.a))
		case uint16(backend.Cosh):
			*d = elementary.Cosh(*at(r, in.a))
		case uint16(backend.Tanh):
			*d = elementary.Tanh(*at(r, in.a))
		case uint16(backend.Asinh):
			*d = elementary.Asinh(*at(r, in.a))
		case uint16(backend.Acosh):
			*d = elementary.Acosh(*at(r, in.a))
		case uint16(backend.Atanh):
			*d = elementary.Atanh(*at(r, in.a))
		case uint16(backend.Exp):
			*d = elementary.Exp(*at(r, in.a))
		case uint16(backend.Log):
			*d = elementary.Log(*at(r, in.a))
		case uint16(backend.Log10):
			*d = elementary.Log10(*at(r, in.a))
		case uint16(backend.Abs):
			*d = math.Abs(*at(r, in.a))
		case uint16(backend.Sqrt):
			*d = math.Sqrt(*at(r, in.a))
		case uint16(backend.Floor):
			*d = math.Floor(*at(r, in.a))
		case uint16(backend.Ceil):
			*d = math.Ceil(*at(r, in.a))
		case uint16(backend.Pow):
			*d = elementary.Pow(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Atan2):
			*d = elementary.Atan2(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Rem):
			*d = elementary.Rem(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Min):
			*d = min(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Max):
			*d = max(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Sign):
			*d = elementary.Sign(*at(r, in.a))
		case uint16(backend.Mod):
			*d = elementary.Mod(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Quo):
			*d = elementary.Quo(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Lt):
			*d = truth(*at(r, in.a) < *at(r, in.b))
		case uint16(backend.Le):
			*d = truth(*at(r, in.a) <= *at(r, in.b))
		case uint16(backend.Eq):
			*d = truth(*at(r, in.a) == *at(r, in.b))
		case uint16(backend.Ne):
			*d = truth(*at(r, in.a) != *at(r, in.b))
		case uint16(backend.Not):
			*d = truth(*at(r, in.a) == 0)
		case uint16(backend.And):
			*d = truth(*at(r, in.a) != 0 && *at(r, in.b) != 0)
		case uint16(backend.Or):
			*d = truth(*at(r, in.a) != 0 || *at(r, in.b) != 0)
		case uint16(backend.Select):
			x := *at(r, in.c)
			if *at(r, in.a) != 0 {
				x = *at(r, in.b)
			}
			*d = x
		case uint16(backend.FMA):
			*d = math.FMA(*at(r, in.a), *at(r, in.b), *at(r, in.c))
		case uint16(backend.BitAnd):
			*bits(d) = *bits(at(r, in.a)) & *bits(at(r, in.b))
		case uint16(backend.BitOr):
			*bits(d) = *bits(at(r, in.a)) | *bits(at(r, in.b))
		case uint16(backend.BitXor):
			*bits(d) = *bits(at(r, in.a)) ^ *bits(at(r, in.b))
		case uint16(backend.BitAdd):
			*bits(d) = *bits(at(r, in.a)) + *bits(at(r, in.b))
		case uint16(backend.BitSub):
			*bits(d) = *bits(at(r, in.a)) - *bits(at(r, in.b))
		case uint16(backend.BitShl):
			*bits(d) = *bits(at(r, in.a)) << (in.b & 63)
		case uint16(backend.BitShr):
			*bits(d) = *bits(at(r, in.a)) >> (in.b & 63)
		case uint16(backend.BitSar):
			*bits(d) = uint64(int64(*bits(at(r, in.a))) >> (in.b & 63))
		case uint16(backend.FarSin):
			*d = elementary.FarSin(*at(r, in.a), *at(r, in.b))
		case uint16(backend.FarCos):
			*d = elementary.FarCos(*at(r, in.a), *at(r, in.b))
		case uint16(backend.FarTan):
			*d = elementary.FarTan(*at(r, in.a), *at(r, in.b))
		case uint16(backend.Call):
			c := &f.calls[uint32(in.a)|uint32(in.b)<<16]
			args := f.args[:len(c.args)]
			for k, x := range c.args {
				args[k] = *at(r, x)
			}
			*d = c.f.Eval(args)
		case opMove:
			*d = *at(r, in.a)
		case opLoadU:
			*d = arr.u[uint32(in.a)|uint32(in.b)<<16]
		case opLoadP:
			*d = arr.p[uint32(in.a)|uint32(in.b)<<16]
		case opLoadW:
			*d = arr.w[uint32(in.a)|uint32(in.b)<<16]
		case opLoadS:
			*d = arr.s[uint32(in.a)|uint32(in.b)<<16]
		case opStore:
			arr.main[uint32(in.a)|uint32(in.b)<<16] = *at(r, in.c)
		case opStoreMem:
			arr.mem[uint32(in.a)|uint32(in.b)<<16] = *at(r, in.c)
		case opStoreS:
			arr.s[uint32(in.a)|uint32(in.b)<<16] = *at(r, in.c)
		case opMulAdd:
			*d = float64(*at(r, in.a)**at(r, in.b)) + *at(r, in.c)
		case opMulSub:
			*d = float64(*at(r, in.a)**at(r, in.b)) - *at(r, in.c)
		case opSubMul:
			*d = *at(r, in.c) - float64(*at(r, in.a)**at(r, in.b))
		case opMulMul:
			*d = float64(*at(r, in.a)**at(r, in.b)) * *at(r, in.c)
		case opAddAdd:
			*d = (*at(r, in.a) + *at(r, in.b)) + *at(r, in.c)
		case opAddSub:
			*d = (*at(r, in.a) + *at(r, in.b)) - *at(r, in.c)
		case opSubAdd:
			*d = (*at(r, in.a) - *at(r, in.b)) + *at(r, in.c)
		case opSubSub:
			*d = (*at(r, in.a) - *at(r, in.b)) - *at(r, in.c)
		case opSubNeg:
			*d = *at(r, in.c) - (*at(r, in.a) - *at(r, in.b))
		case opAddNeg:
			*d = *at(r, in.c) - (*at(r, in.a) + *at(r, in.b))
		case opAddMulC:
			*d = (*at(r, in.a) + *at(r, in.b)) * *at(r, in.c)
		case opSubMulC:
			*d = (*at(r, in.a) - *at(r, in.b)) * *at(r, in.c)
		case opMulDiv:
			*d = float64(*at(r, in.a)**at(r, in.b)) / *at(r, in.c)
		case opAddDiv:
			*d = (*at(r, in.a) + *at(r, in.b)) / *at(r, in.c)
		case opSubDiv:
			*d = (*at(r, in.a) - *at(r, in.b)) / *at(r, in.c)
		case opAddAddAdd:
			*d = ((*at(r, in.a) + *at(r, in.b)) + *at(r, in.c)) + *at(r, in.e)
		case opAddAddSub:
			*d = ((*at(r, in.a) + *at(r, in.b)) + *at(r, in.c)) - *at(r, in.e)
		case opAddSubAdd:
			*d = ((*at(r, in.a) + *at(r, in.b)) - *at(r, in.c)) + *at(r, in.e)
		case opAddSubSub:
			*d = ((*at(r, in.a) + *at(r, in.b)) - *at(r, in.c)) - *at(r, in.e)
		case opSubAddAdd:
			*d = ((*at(r, in.a) - *at(r, in.b)) + *at(r, in.c)) + *at(r, in.e)
		case opSubAddSub:
			*d = ((*at(r, in.a) - *at(r, in.b)) + *at(r, in.c)) - *at(r, in.e)
		case opSubSubAdd:
			*d = ((*at(r, in.a) - *at(r, in.b)) - *at(r, in.c)) + *at(r, in.e)
		case opSubSubSub:
			*d = ((*at(r, in.a) - *at(r, in.b)) - *at(r, in.c)) - *at(r, in.e)
		case opMulMulAdd:
			*d = float64(*at(r, in.a)**at(r, in.b)) + float64(*at(r, in.c)**at(r, in.e))
		case opMulMulSub:
			*d = float64(*at(r, in.a)**at(r, in.b)) - float64(*at(r, in.c)**at(r, in.e))
		case opMulNeg:
			x := *at(r, in.a) * *at(r, in.b)
			*d = x
			*at(r, in.c) = -x
		case opMoveMove:
			x := *at(r, in.c)
			*d = *at(r, in.a)
			*at(r, in.b) = x
		default:
			panic("mtkc: bug: unknown operation")
		}
	}
}
