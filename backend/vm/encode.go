package vm

import (
	"slices"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// instr is an instruction: operation, destination, operands, all register numbers
// unless the operation says otherwise.
type instr[I uint16 | uint32] struct{ op, d, a, b, c I }

// code is a kernel made ready to run. It is not changed afterwards.
//
// The registers are: the constants; time; the stretches of u, p and w that are copied in
// before the run; the results that are copied out after it; and temporaries, which
// are reused as soon as their last reader has run (a linear scan over single
// assignments: Poletto and Sarkar, ACM TOPLAS 21(5), 1999, without spilling).
type code struct {
	narrow []instr[uint16] // where 16 bits address all registers
	wide   []instr[uint32] // otherwise
	regs   []float64       // initial registers

	time    int // register, -1: not read
	u, p, w stretch
	main    stretch // copied out
	code    int     // register of the action code, -1
	calls   []call
	maxArgs int
}

// stretch is a part of an array, from lo, that lies in n registers from reg on.
type stretch struct{ lo, n, reg int }

// call is a call of a function of the model.
type call struct {
	f    *expr.Func
	args []uint32 // registers
}

// maxNarrow is the number of registers that 16 bits address.
const maxNarrow = 1 << 16

// encode translates a kernel.
func encode(k *backend.Kernel, funcs []*expr.Func) *code {
	e := encoder{k: k, src: k.Code, funcs: funcs, c: &code{time: -1, code: -1}}
	e.uses()
	e.into, e.pair, e.side = pairs(k)
	e.layout()
	e.emit()
	return e.c
}

type encoder struct {
	k     *backend.Kernel
	src   []backend.Instr
	funcs []*expr.Func
	c     *code

	count []int32  // readers of each value, outputs not counted
	outs  []int32  // outputs of each value
	into  []bool   // the value is computed within its only reader
	pair  []uint16 // by value: the fused operation, 0
	side  []int8   // which operand of the reader is the inner operation
	last  []int32  // last reader
	reg   []int32  // register of each value, -1
	next  int      // registers given out
	temps int32    // the first register that is reused
	free  []int32
	out   []instr[uint32]
}

func (e *encoder) uses() {
	n := len(e.src)
	e.count, e.outs = make([]int32, n), make([]int32, n)
	for _, in := range e.src {
		e.k.Operands(in, func(r backend.Ref) { e.count[r]++ })
	}
	for _, o := range e.k.Out {
		e.outs[o.Val]++
	}
}

// pairs finds operations that run together with the only reader of their result: into
// says of a value that it is computed within its reader, pair is the fused operation
// of a reader, 0 if there is none, and side which of its operands is the inner result.
func pairs(k *backend.Kernel) (into []bool, pair []uint16, side []int8) {
	n := len(k.Code)
	readers, outs := make([]int32, n), make([]int32, n)
	for _, in := range k.Code {
		k.Operands(in, func(r backend.Ref) { readers[r]++ })
	}
	for _, o := range k.Out {
		outs[o.Val]++
	}
	into, pair, side = make([]bool, n), make([]uint16, n), make([]int8, n)
	for r, in := range k.Code {
		if in.Op.Arity() != 2 {
			continue
		}
		for s, x := range [2]int32{in.A, in.B} {
			f := fused[k.Code[x].Op][in.Op][s]
			if f != 0 && readers[x] == 1 && outs[x] == 0 && pair[x] == 0 {
				into[x], pair[r], side[r] = true, f, int8(s)
				break
			}
		}
	}
	return into, pair, side
}

// layout places constants, arguments and results.
func (e *encoder) layout() {
	n := len(e.src)
	e.reg = make([]int32, n)
	e.last = make([]int32, n)
	for i := range e.reg {
		e.reg[i] = -1
	}
	var lists [3][]int32 // indices read of u, p, w
	for r, in := range e.src {
		switch in.Op {
		case backend.Const:
			e.reg[r] = int32(len(e.c.regs))
			e.c.regs = append(e.c.regs, e.k.Consts[in.A])
		case backend.U, backend.P, backend.W:
			lists[in.Op-backend.U] = append(lists[in.Op-backend.U], in.A)
		}
		if !e.into[r] {
			e.reads(r, func(x int32) { e.last[x] = int32(r) })
		}
	}
	e.next = len(e.c.regs)
	for r, in := range e.src {
		if in.Op == backend.Time {
			e.c.time = e.next
			e.reg[r] = int32(e.next)
			e.next++
		}
	}
	for i, s := range []*stretch{&e.c.u, &e.c.p, &e.c.w} {
		if len(lists[i]) == 0 {
			continue
		}
		lo, hi := slices.Min(lists[i]), slices.Max(lists[i])
		if size := int(hi-lo) + 1; size <= 4*len(lists[i]) && e.next+size < maxNarrow-maxNarrow/4 {
			*s = stretch{int(lo), size, e.next}
			e.next += size
		}
	}
	for r, in := range e.src {
		var s stretch
		switch in.Op {
		case backend.U:
			s = e.c.u
		case backend.P:
			s = e.c.p
		case backend.W:
			s = e.c.w
		}
		if s.n > 0 {
			e.reg[r] = int32(s.reg + int(in.A) - s.lo)
		}
	}
	// Results that fill Main from the start are copied out together.
	seen, most, total := map[int32]bool{}, int32(-1), 0
	for _, o := range e.k.Out {
		switch o.Space {
		case backend.Main:
			total++
			seen[o.Index] = true
			most = max(most, o.Index)
		case backend.Code:
			e.c.code = e.next
			e.next++
		}
	}
	if size := int(most) + 1; total > 0 && total == len(seen) && total == size && e.next+size < maxNarrow-maxNarrow/8 {
		e.c.main = stretch{0, size, e.next}
		e.next += size
	}
	e.temps = int32(e.next)
}

// reads calls f for the values that the instruction of r reads, those of the operation
// within it included.
func (e *encoder) reads(r int, f func(int32)) {
	in := e.src[r]
	if e.pair[r] != 0 {
		inner, other := in.A, in.B
		if e.side[r] == 1 {
			inner, other = other, inner
		}
		x := e.src[inner]
		f(x.A)
		f(x.B)
		f(other)
		return
	}
	e.k.Operands(in, f)
}

func (e *encoder) emit() {
	o := 0
	for r := range e.src {
		if e.into[r] {
			continue
		}
		first := o
		for o < len(e.k.Out) && int(e.k.Out[o].Val) == r {
			o++
		}
		e.instruction(int32(r), e.k.Out[first:o])
	}
	e.c.regs = append(e.c.regs, make([]float64, e.next-len(e.c.regs))...)
	if e.next <= maxNarrow {
		e.c.narrow = make([]instr[uint16], len(e.out))
		for i, x := range e.out {
			e.c.narrow[i] = instr[uint16]{uint16(x.op), uint16(x.d), uint16(x.a), uint16(x.b), uint16(x.c)}
		}
	} else {
		e.c.wide = e.out
	}
	e.check()
}

// check panics if an instruction addresses a register that is not there: the loop that
// runs the code does not look.
func (e *encoder) check() {
	n := uint32(len(e.c.regs))
	for _, x := range e.out {
		ok := x.d < n
		switch op := uint16(x.op); {
		case op == opStore, op == opStoreMem, op == opStoreS:
			ok = x.c < n
		case backend.Op(op).Shift() && op < uint16(backend.NumOps):
			ok = ok && x.a < n && x.b < 64
		case op == opLoadU, op == opLoadP, op == opLoadW, op == opLoadS, op == uint16(backend.Call):
		default:
			ok = ok && x.a < n && x.b < n && x.c < n
		}
		if !ok {
			panic("mtkc: bug: register out of range")
		}
	}
	for _, c := range e.c.calls {
		for _, a := range c.args {
			if a >= n {
				panic("mtkc: bug: register out of range")
			}
		}
	}
}

// take returns a free register.
func (e *encoder) take() int32 {
	if n := len(e.free); n > 0 {
		r := e.free[n-1]
		e.free = e.free[:n-1]
		return r
	}
	e.next++
	return int32(e.next - 1)
}

// instruction emits value r and the moves and stores of its outputs.
func (e *encoder) instruction(r int32, outs []backend.Output) {
	in := e.src[r]
	x := instr[uint32]{op: uint32(in.Op)}
	operand := func(v int32) uint32 { return uint32(e.reg[v]) }
	switch {
	case in.Op.Input():
		if e.reg[r] < 0 {
			x.op = uint32(opLoadU) + uint32(in.Op-backend.U)
			x.a, x.b = uint32(in.A)&0xffff, uint32(in.A)>>16
		}
	case in.Op == backend.Call:
		c := call{f: e.funcs[in.A]}
		e.k.Operands(in, func(v backend.Ref) { c.args = append(c.args, operand(v)) })
		e.c.maxArgs = max(e.c.maxArgs, len(c.args))
		x.a, x.b = uint32(len(e.c.calls))&0xffff, uint32(len(e.c.calls))>>16
		e.c.calls = append(e.c.calls, c)
	default:
		to := []*uint32{&x.a, &x.b, &x.c}
		i := 0
		e.reads(int(r), func(v int32) { *to[i] = operand(v); i++ })
		if in.Op.Shift() {
			x.b = uint32(in.B)
		}
		if e.pair[r] != 0 {
			x.op = uint32(e.pair[r])
		}
	}
	// Operands that are not read again give their registers back.
	e.reads(int(r), func(v int32) {
		if e.last[v] == r && e.temporary(v) {
			e.last[v] = -1
			e.free = append(e.free, e.reg[v])
		}
	})
	placed := -1 // the output that the value is computed into
	fresh := !in.Op.Input() || e.reg[r] < 0
	if fresh {
		for i, o := range outs {
			if o.Space == backend.Main && e.c.main.n > 0 {
				placed = i
				e.reg[r] = int32(e.c.main.reg) + o.Index
				break
			}
		}
		if placed < 0 {
			e.reg[r] = e.take()
		}
		x.d = uint32(e.reg[r])
		e.out = append(e.out, x)
	}
	for i, o := range outs {
		from := uint32(e.reg[r])
		at := uint32(o.Index)
		switch {
		case i == placed:
		case o.Space == backend.Code:
			e.out = append(e.out, instr[uint32]{op: uint32(opMove), d: uint32(e.c.code), a: from})
		case o.Space == backend.Scratch:
			e.out = append(e.out, instr[uint32]{op: uint32(opStoreS), a: at & 0xffff, b: at >> 16, c: from})
		case o.Space == backend.Memory:
			e.out = append(e.out, instr[uint32]{op: uint32(opStoreMem), a: at & 0xffff, b: at >> 16, c: from})
		case e.c.main.n > 0:
			e.out = append(e.out, instr[uint32]{op: uint32(opMove), d: uint32(e.c.main.reg) + at, a: from})
		default:
			e.out = append(e.out, instr[uint32]{op: uint32(opStore), a: at & 0xffff, b: at >> 16, c: from})
		}
	}
	if fresh && e.count[r] == 0 && e.temporary(r) {
		e.free = append(e.free, e.reg[r])
	}
}

// temporary reports whether a value lies in a register that may be reused.
func (e *encoder) temporary(v int32) bool {
	return e.reg[v] >= e.temps
}
