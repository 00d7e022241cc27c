package ptxtest

import (
	"math"
	"math/bits"
	"unsafe"
)

// thread is one thread of a kernel. Its frames lie on three stacks: registers, parameters
// and local memory.
type thread struct {
	m      *Module
	mem    *memory
	shared []byte
	regs   []uint64
	params []byte
	local  []byte
	stack  []frame
	frame
	special [9]uint64
	budget  int64
	pc      int64
	fault   string
}

// frame is that of a function: where its parts begin on the stacks.
type frame struct {
	f                   *function
	regs0, par0, local0 int
	call                int32 // the call that made it
	back                int64 // where to go on after it
}

// state is why a thread does not run on.
type state uint8

const (
	done state = iota
	failed
	atBarrier // pc is that of the barrier
	runs      // it does, or is about to
	atWarp    // pc is that of the vote or barrier of the warp
)

// maxDepth is how many calls may be open: a GPU has some kilobytes of stack for a thread.
const maxDepth = 1000

// enter makes the frame of f.
func (t *thread) enter(f *function) {
	f0 := t.frame.f
	n := frame{f: f}
	if f0 != nil {
		n.regs0, n.par0, n.local0 = t.regs0+f0.regs, t.par0+f0.frame, t.local0+f0.local
	}
	t.frame = n
	if need := n.regs0 + f.regs; need > len(t.regs) {
		t.regs = append(t.regs, make([]uint64, need-len(t.regs))...)
	}
	clear(t.regs[n.regs0 : n.regs0+f.regs-len(f.consts)])
	copy(t.regs[n.regs0+f.regs-len(f.consts):], f.consts)
	if need := n.par0 + f.frame; need > len(t.params) {
		t.params = append(t.params, make([]byte, need-len(t.params))...)
	}
	for len(t.local) < n.local0+f.local {
		t.local = append(t.local, 0xff) // numbers that were not written are NaN
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// run executes a thread until it ends or has to wait.
func (t *thread) run() state {
	m := t.m
	code, counts := m.code, m.counts
	r := t.regs[t.regs0 : t.regs0+t.f.regs]
	pc := t.pc
	f := math.Float64frombits
	b := math.Float64bits
	stop := func(message string) state {
		t.pc, t.fault = pc-1, message
		return failed
	}
	for {
		in := &code[pc]
		counts[pc]++
		pc++
		switch in.op {
		case opMov:
			r[in.d] = r[in.a]
		case opSelp:
			if r[in.c] != 0 {
				r[in.d] = r[in.a]
			} else {
				r[in.d] = r[in.b]
			}

		case opAddF64:
			r[in.d] = b(f(r[in.a]) + f(r[in.b]))
		case opSubF64:
			r[in.d] = b(f(r[in.a]) - f(r[in.b]))
		case opMulF64:
			r[in.d] = b(f(r[in.a]) * f(r[in.b]))
		case opDivF64:
			r[in.d] = b(f(r[in.a]) / f(r[in.b]))
		case opFmaF64:
			r[in.d] = b(math.FMA(f(r[in.a]), f(r[in.b]), f(r[in.c])))
		case opMinF64: // a NaN loses, -0 is below 0
			x, y := f(r[in.a]), f(r[in.b])
			switch {
			case x != x:
				r[in.d] = b(y)
			case y != y:
				r[in.d] = b(x)
			default:
				r[in.d] = b(min(x, y))
			}
		case opMaxF64:
			x, y := f(r[in.a]), f(r[in.b])
			switch {
			case x != x:
				r[in.d] = b(y)
			case y != y:
				r[in.d] = b(x)
			default:
				r[in.d] = b(max(x, y))
			}
		case opSqrtF64:
			r[in.d] = b(math.Sqrt(f(r[in.a])))
		case opRcpF64:
			r[in.d] = b(1 / f(r[in.a]))
		case opNegF64:
			r[in.d] = r[in.a] ^ 1<<63
		case opAbsF64:
			r[in.d] = r[in.a] &^ (1 << 63)
		case opCopysignF64: // the sign of a, the number of b
			r[in.d] = r[in.a]&(1<<63) | r[in.b]&^(1<<63)
		case opFloor:
			r[in.d] = b(math.Floor(f(r[in.a])))
		case opCeil:
			r[in.d] = b(math.Ceil(f(r[in.a])))
		case opTrunc:
			r[in.d] = b(math.Trunc(f(r[in.a])))
		case opRint:
			r[in.d] = b(math.RoundToEven(f(r[in.a])))
		case opTestp:
			r[in.d] = b2u(testp(in.imm, r[in.a]))

		case opLtF64:
			r[in.d] = b2u(f(r[in.a]) < f(r[in.b]))
		case opLeF64:
			r[in.d] = b2u(f(r[in.a]) <= f(r[in.b]))
		case opEqF64:
			r[in.d] = b2u(f(r[in.a]) == f(r[in.b]))
		case opNeF64: // false for NaN
			x, y := f(r[in.a]), f(r[in.b])
			r[in.d] = b2u(x < y || x > y)
		case opLtuF64: // true for NaN
			r[in.d] = b2u(!(f(r[in.a]) >= f(r[in.b])))
		case opLeuF64:
			r[in.d] = b2u(!(f(r[in.a]) > f(r[in.b])))
		case opEquF64:
			x, y := f(r[in.a]), f(r[in.b])
			r[in.d] = b2u(!(x < y || x > y))
		case opNeuF64:
			r[in.d] = b2u(f(r[in.a]) != f(r[in.b]))
		case opNumF64:
			x, y := f(r[in.a]), f(r[in.b])
			r[in.d] = b2u(x == x && y == y)
		case opNanF64:
			x, y := f(r[in.a]), f(r[in.b])
			r[in.d] = b2u(x != x || y != y)

		case opEq:
			r[in.d] = b2u(r[in.a] == r[in.b])
		case opNe:
			r[in.d] = b2u(r[in.a] != r[in.b])
		case opLtU:
			r[in.d] = b2u(r[in.a] < r[in.b])
		case opLeU:
			r[in.d] = b2u(r[in.a] <= r[in.b])
		case opLtS64:
			r[in.d] = b2u(int64(r[in.a]) < int64(r[in.b]))
		case opLeS64:
			r[in.d] = b2u(int64(r[in.a]) <= int64(r[in.b]))
		case opLtS: // the sign comes to the top
			s := uint(64-in.imm) & 63
			r[in.d] = b2u(int64(r[in.a]<<s) < int64(r[in.b]<<s))
		case opLeS:
			s := uint(64-in.imm) & 63
			r[in.d] = b2u(int64(r[in.a]<<s) <= int64(r[in.b]<<s))

		case opAddImm:
			r[in.d] = r[in.a] + uint64(in.imm)
		case opAdd64:
			r[in.d] = r[in.a] + r[in.b]
		case opAdd32:
			r[in.d] = uint64(uint32(r[in.a] + r[in.b]))
		case opAdd16:
			r[in.d] = uint64(uint16(r[in.a] + r[in.b]))
		case opSub64:
			r[in.d] = r[in.a] - r[in.b]
		case opSub32:
			r[in.d] = uint64(uint32(r[in.a] - r[in.b]))
		case opSub16:
			r[in.d] = uint64(uint16(r[in.a] - r[in.b]))
		case opMul64:
			r[in.d] = r[in.a] * r[in.b]
		case opMul32:
			r[in.d] = uint64(uint32(r[in.a] * r[in.b]))
		case opMul16:
			r[in.d] = uint64(uint16(r[in.a] * r[in.b]))
		case opMad64:
			r[in.d] = r[in.a]*r[in.b] + r[in.c]
		case opMad32:
			r[in.d] = uint64(uint32(r[in.a]*r[in.b] + r[in.c]))
		case opMad16:
			r[in.d] = uint64(uint16(r[in.a]*r[in.b] + r[in.c]))
		case opMulHiU64:
			r[in.d], _ = bits.Mul64(r[in.a], r[in.b])
		case opMulHiS64:
			x, y := r[in.a], r[in.b]
			hi, _ := bits.Mul64(x, y)
			r[in.d] = hi - uint64(int64(x)>>63)&y - uint64(int64(y)>>63)&x
		case opMulHiU32:
			r[in.d] = r[in.a] * r[in.b] >> 32
		case opMulHiS32:
			r[in.d] = uint64(uint32(int64(int32(r[in.a])) * int64(int32(r[in.b])) >> 32))
		case opMulWideU:
			r[in.d] = r[in.a] * r[in.b]
		case opMulWideS32:
			r[in.d] = uint64(int64(int32(r[in.a])) * int64(int32(r[in.b])))
		case opMulWideS16:
			r[in.d] = uint64(uint32(int32(int16(r[in.a])) * int32(int16(r[in.b]))))
		case opMadWideU32:
			r[in.d] = r[in.a]*r[in.b] + r[in.c]
		case opMadWideS32:
			r[in.d] = uint64(int64(int32(r[in.a]))*int64(int32(r[in.b]))) + r[in.c]
		case opDivU, opRemU, opDivS, opRemS:
			if r[in.b] == 0 {
				return stop("division by zero, whose result PTX leaves open")
			}
			r[in.d] = quotient(in, r[in.a], r[in.b])
		case opNeg64:
			r[in.d] = -r[in.a]
		case opNeg32:
			r[in.d] = uint64(uint32(-r[in.a]))
		case opNeg16:
			r[in.d] = uint64(uint16(-r[in.a]))
		case opAbsS:
			s := uint(64-in.imm) & 63
			x := int64(r[in.a]<<s) >> s
			r[in.d] = uint64(max(x, -x)) << s >> s
		case opMinU:
			r[in.d] = min(r[in.a], r[in.b])
		case opMaxU:
			r[in.d] = max(r[in.a], r[in.b])
		case opMinS:
			s := uint(64-in.imm) & 63
			r[in.d] = uint64(min(int64(r[in.a]<<s), int64(r[in.b]<<s))) >> s
		case opMaxS:
			s := uint(64-in.imm) & 63
			r[in.d] = uint64(max(int64(r[in.a]<<s), int64(r[in.b]<<s))) >> s

		case opAnd:
			r[in.d] = r[in.a] & r[in.b]
		case opOr:
			r[in.d] = r[in.a] | r[in.b]
		case opXor:
			r[in.d] = r[in.a] ^ r[in.b]
		case opAndImm:
			r[in.d] = r[in.a] & uint64(in.imm)
		case opXorImm:
			r[in.d] = r[in.a] ^ uint64(in.imm)
		case opShl64:
			r[in.d] = r[in.a] << r[in.b]
		case opShl32:
			r[in.d] = uint64(uint32(r[in.a] << r[in.b]))
		case opShl16:
			r[in.d] = uint64(uint16(r[in.a] << r[in.b]))
		case opShrU:
			r[in.d] = r[in.a] >> r[in.b]
		case opShrS64:
			r[in.d] = uint64(int64(r[in.a]) >> r[in.b])
		case opShrS:
			s := uint(64-in.imm) & 63
			r[in.d] = uint64(int64(r[in.a]<<s)>>s>>r[in.b]) << s >> s
		case opPopc:
			r[in.d] = uint64(bits.OnesCount64(r[in.a]))
		case opClz64:
			r[in.d] = uint64(bits.LeadingZeros64(r[in.a]))
		case opClz32:
			r[in.d] = uint64(bits.LeadingZeros32(uint32(r[in.a])))
		case opBrev64:
			r[in.d] = bits.Reverse64(r[in.a])
		case opBrev32:
			r[in.d] = uint64(bits.Reverse32(uint32(r[in.a])))
		case opBfeU64, opBfeU32:
			r[in.d] = r[in.a] >> (r[in.b] & 255) & (1<<(r[in.c]&255) - 1)
		case opBfeS64:
			r[in.d] = bfeS(int64(r[in.a]), r[in.b]&255, r[in.c]&255)
		case opBfeS32:
			r[in.d] = uint64(uint32(bfeS(int64(int32(r[in.a])), r[in.b]&255, r[in.c]&255)))
		case opBfi64, opBfi32:
			mask := uint64(1<<(r[in.c]>>32&255)-1) << (r[in.c] & 255)
			v := r[in.b]&^mask | r[in.a]<<(r[in.c]&255)&mask
			if in.op == opBfi32 {
				v = uint64(uint32(v))
			}
			r[in.d] = v
		case opShfL, opShfR:
			n := r[in.c]
			if in.imm == 1 {
				n = min(n, 32)
			} else {
				n &= 31
			}
			v := r[in.b]<<32 | r[in.a]
			if in.op == opShfL {
				v = v << n >> 32
			} else {
				v >>= n
			}
			r[in.d] = uint64(uint32(v))
		case opLop3:
			x, y, z := r[in.a], r[in.b], r[in.c]
			var v uint64
			for k := range uint64(8) {
				if in.imm>>k&1 != 0 {
					v |= (x ^ (k>>2&1 - 1)) & (y ^ (k>>1&1 - 1)) & (z ^ (k&1 - 1))
				}
			}
			r[in.d] = uint64(uint32(v))
		case opPrmt:
			x := r[in.b]<<32 | r[in.a]
			var v uint64
			for k := range 4 {
				s := r[in.c] >> (4 * k)
				y := x >> (8 * (s & 7)) & 255
				if s&8 != 0 { // the sign of the byte everywhere
					y = uint64(uint8(int8(y) >> 7))
				}
				v |= y << (8 * k)
			}
			r[in.d] = v

		case opSext:
			s := uint(64-in.b) & 63
			r[in.d] = uint64(int64(r[in.a]<<s)>>s) & uint64(in.imm)
		case opIntOfF64:
			r[in.d] = integerOf(f(r[in.a]), in.imm)
		case opF64OfS:
			s := uint(64-in.imm) & 63
			r[in.d] = b(float64(int64(r[in.a]<<s) >> s))
		case opF64OfU:
			r[in.d] = b(float64(r[in.a]))

		case opPack:
			r[in.d] = r[in.a] | r[in.b]<<(in.imm&63)
		case opUnpack:
			r[in.d] = r[in.a] >> (in.imm & 63) & (1<<(in.imm>>8) - 1)

		case opSpecial:
			r[in.d] = t.special[in.imm]
		case opAddress:
			if space(in.n) == localSpace {
				r[in.d] = localTag<<tagShift + uint64(t.local0) + uint64(in.imm)
			} else {
				r[in.d] = paramTag<<tagShift + uint64(t.par0) + uint64(in.imm)
			}

		case opLoad64:
			addr := r[in.a] + uint64(in.imm)
			if k, off := addr>>tagShift-globalTag, addr&offset; k < uint64(len(t.mem.pieces)) && addr&7 == 0 {
				if s := t.mem.pieces[k]; off+8 <= uint64(len(s)) {
					r[in.d] = *(*uint64)(unsafe.Pointer(&s[off]))
					continue
				}
			}
			_, why := t.at(globalSpace, addr, 8)
			return stop(why)
		case opStore64:
			addr := r[in.a] + uint64(in.imm)
			if k, off := addr>>tagShift-globalTag, addr&offset; k < uint64(len(t.mem.pieces)) && addr&7 == 0 {
				if s := t.mem.pieces[k]; off+8 <= uint64(len(s)) {
					*(*uint64)(unsafe.Pointer(&s[off])) = r[in.d]
					continue
				}
			}
			_, why := t.at(globalSpace, addr, 8)
			return stop(why)
		case opLoad:
			s, why := t.at(space(in.n), r[in.a]+uint64(in.imm), uint64(in.b))
			if why != "" {
				return stop(why)
			}
			r[in.d] = extend(fetch(s), in.b, in.c)
		case opStore:
			s, why := t.at(space(in.n), r[in.a]+uint64(in.imm), uint64(in.b))
			if why == "" && space(in.n) == anySpace && (r[in.a]>>tagShift == constTag+generic) {
				why = "constant memory is not written"
			}
			if why != "" {
				return stop(why)
			}
			put(s, r[in.d])
		case opParam:
			at := t.par0 + int(in.imm)
			r[in.d] = extend(fetch(t.params[at:at+int(in.b)]), in.b, in.c)
		case opSetParam:
			at := t.par0 + int(in.imm)
			put(t.params[at:at+int(in.b)], r[in.d])
		case opAligned:
			if addr := r[in.a] + uint64(in.imm); addr%uint64(in.b) != 0 {
				return stop(misaligned(addr, in.b))
			}
		case opAtom:
			s, why := t.at(space(in.n), r[in.a]+uint64(in.imm>>16), uint64(in.imm>>8&255))
			if why != "" {
				return stop(why)
			}
			old := fetch(s)
			put(s, atomic(in.imm&255, len(s), old, r[in.b], r[in.c]))
			r[in.d] = old

		case opBra:
			pc = in.imm
			if t.budget--; t.budget < 0 {
				return stop(tooMany)
			}
		case opBraIf:
			if r[in.a] != 0 {
				pc = in.imm
				if t.budget--; t.budget < 0 {
					return stop(tooMany)
				}
			}
		case opBraNot:
			if r[in.a] == 0 {
				pc = in.imm
				if t.budget--; t.budget < 0 {
					return stop(tooMany)
				}
			}
		case opBrx:
			table := m.tables[in.imm]
			if k := r[in.a]; k >= uint64(len(table)) {
				return stop("the index is beyond the table")
			} else {
				pc = table[k]
			}
			if t.budget--; t.budget < 0 {
				return stop(tooMany)
			}
		case opCall:
			if t.budget--; t.budget < 0 {
				return stop(tooMany)
			}
			if len(t.stack) >= maxDepth {
				return stop("too many calls are open")
			}
			c := &m.calls[in.imm]
			from := t.frame
			t.stack = append(t.stack, from)
			t.enter(c.f)
			t.call, t.back = int32(in.imm), pc
			for _, v := range c.in {
				copy(t.params[t.par0+v.to:t.par0+v.to+v.size], t.params[from.par0+v.from:])
			}
			r = t.regs[t.regs0 : t.regs0+t.f.regs]
			pc = c.f.pc
		case opRet:
			n := len(t.stack) - 1
			if n < 0 {
				t.pc = pc
				return done
			}
			from := t.frame
			t.frame = t.stack[n]
			t.stack = t.stack[:n]
			for _, v := range m.calls[from.call].back {
				copy(t.params[t.par0+v.to:t.par0+v.to+v.size], t.params[from.par0+v.from:])
			}
			r = t.regs[t.regs0 : t.regs0+t.f.regs]
			pc = from.back
		case opExit:
			t.pc = pc
			return done
		case opTrap:
			return stop("a trap, or the end of a function without ret")
		case opNop:

		case opBarrier:
			t.pc = pc - 1
			return atBarrier
		case opWarpSync, opVote:
			t.pc = pc - 1
			return atWarp
		case opActive: // the others of the warp are elsewhere
			r[in.d] = 1 << t.special[specials["%laneid"]]
		default:
			panic("mtkc: bug: ptxtest has no case for an operation")
		}
	}
}

const tooMany = "the thread has taken more branches than Module.Limit allows"

// testp reports whether the bits of a number are of a class.
func testp(class int64, v uint64) bool {
	x := math.Float64frombits(v)
	e := v >> 52 & 0x7ff
	switch class {
	case 0:
		return e != 0x7ff
	case 1:
		return math.IsInf(x, 0)
	case 2:
		return x == x
	case 3:
		return x != x
	case 4:
		return e != 0 && e != 0x7ff
	}
	return e == 0 && v<<12 != 0 // zero is neither normal nor subnormal
}

// quotient divides integers of in.imm bits; the divisor is not 0.
func quotient(in *ins, x, y uint64) uint64 {
	switch in.op {
	case opDivU:
		return x / y
	case opRemU:
		return x % y
	}
	s := uint(64-in.imm) & 63
	a, b := int64(x<<s)>>s, int64(y<<s)>>s
	if in.op == opDivS {
		return uint64(a/b) << s >> s
	}
	return uint64(a%b) << s >> s
}

// bfeS extracts n bits from bit pos on, and the sign above them. Bits beyond the number
// are its sign.
func bfeS(x int64, pos, n uint64) uint64 {
	if n == 0 {
		return 0
	}
	v := x >> pos
	if n < 64 {
		v = v << (64 - n) >> (64 - n)
	}
	return uint64(v)
}

// integerOf converts to the integer type in how (see makeForms): what is too large
// becomes the largest, NaN the number with the top bit alone.
func integerOf(x float64, how int64) uint64 {
	switch how >> 8 {
	case 0:
		x = math.RoundToEven(x)
	case 1:
		x = math.Trunc(x)
	case 2:
		x = math.Floor(x)
	case 3:
		x = math.Ceil(x)
	}
	n := uint(how & 0x7f)
	mask := uint64(math.MaxUint64) >> (64 - n)
	top := uint64(1) << (n - 1)
	if x != x {
		return top
	}
	if how&0x80 != 0 {
		switch limit := math.Ldexp(1, int(n)-1); {
		case x >= limit:
			return top - 1
		case x < -limit:
			return top
		}
		return uint64(int64(x)) & mask
	}
	switch {
	case x >= math.Ldexp(1, int(n)):
		return mask
	case x <= 0:
		return 0
	case x >= 1<<63: // Go converts below 2^63 alike on all processors
		return uint64(int64(x-1<<63)) + 1<<63
	}
	return uint64(int64(x))
}

// extend extends the sign of a number of size bytes to a register of bits bits, if bits is
// not 0.
func extend(v uint64, size, bits int32) uint64 {
	if bits == 0 {
		return v
	}
	s := uint(64-8*size) & 63
	return uint64(int64(v<<s)>>s) << (64 - bits) >> (64 - bits)
}

// atomic is the number that an atomic operation leaves.
func atomic(which int64, size int, old, x, y uint64) uint64 {
	s := uint(64-8*size) & 63
	switch which {
	case atomAdd:
		return old + x
	case atomAnd:
		return old & x
	case atomOr:
		return old | x
	case atomXor:
		return old ^ x
	case atomExch:
		return x
	case atomCas:
		if old == x {
			return y
		}
		return old
	case atomInc:
		if old >= x {
			return 0
		}
		return old + 1
	case atomDec:
		if old == 0 || old > x {
			return x
		}
		return old - 1
	case atomMinU:
		return min(old, x)
	case atomMaxU:
		return max(old, x)
	case atomMinS:
		return uint64(min(int64(old<<s), int64(x<<s))) >> s
	case atomMaxS:
		return uint64(max(int64(old<<s), int64(x<<s))) >> s
	}
	return math.Float64bits(math.Float64frombits(old) + math.Float64frombits(x))
}
