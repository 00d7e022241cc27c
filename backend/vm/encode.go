package vm

import (
	"slices"
	"sort"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// instr is an instruction: operation, destination, operands, all register numbers
// unless the operation says otherwise.
type instr[I uint16 | uint32] struct{ op, d, a, b, c, e I }

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
	e.combine()
	e.layout()
	e.emit()
	return e.c
}

type encoder struct {
	k     *backend.Kernel
	src   []backend.Instr
	funcs []*expr.Func
	c     *code

	count []int32 // readers of each value, outputs not counted
	outs  []int32 // outputs of each value
	work  []work
	last  []int32 // last reader
	reg   []int32 // register of each value, -1
	next  int     // registers given out
	temps int32   // the first register that is reused
	free  []int32
	out   []instr[uint32]
	set   []preset
}

// work is a value as it is computed: an operation, perhaps of several of the kernel, on values.
type work struct {
	op   uint16
	n    int8
	arg  [4]int32
	into bool  // computed within its only reader
	twin int32 // the value is that of a product with the sign changed, and computed with it; of that: this value; -1
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

// combine finds operations that run together with the only reader of their result, and products
// that are needed with both signs.
func (e *encoder) combine() {
	e.work = make([]work, len(e.src))
	for r, in := range e.src {
		w := &e.work[r]
		*w = work{op: uint16(in.Op), n: int8(in.Op.Arity()), arg: [4]int32{in.A, in.B, in.C}, twin: -1}
		if in.Op == backend.Neg {
			x := &e.work[in.A]
			if x.op == uint16(backend.Mul) && x.twin < 0 {
				x.twin, w.twin = int32(r), in.A
			}
			continue
		}
		if w.n != 2 {
			continue
		}
		for s, v := range [2]int32{in.A, in.B} {
			x := &e.work[v]
			if e.count[v] != 1 || e.outs[v] != 0 || x.twin >= 0 || x.into {
				continue
			}
			other := w.arg[1-s]
			if x.n == 2 {
				if y := &e.work[other]; s == 0 && other != v && x.op == uint16(backend.Mul) && y.op == x.op && e.count[other] == 1 &&
					e.outs[other] == 0 && y.twin < 0 && products[in.Op] != 0 {
					x.into, y.into = true, true
					w.op, w.n, w.arg = products[in.Op], 4, [4]int32{x.arg[0], x.arg[1], y.arg[0], y.arg[1]}
					break
				}
				if f := fused[backend.Op(x.op)][in.Op][s]; f != 0 {
					x.into = true
					w.op, w.n, w.arg = f, 3, [4]int32{x.arg[0], x.arg[1], other}
					break
				}
			}
			if f := fourth(x.op, in.Op, s); f != 0 {
				x.into = true
				w.op, w.n, w.arg = f, 4, [4]int32{x.arg[0], x.arg[1], x.arg[2], other}
				break
			}
		}
	}
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
		if w := &e.work[r]; !w.into && (w.twin < 0 || w.op == uint16(backend.Mul)) {
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

// reads calls f for the values that the instruction of r reads.
func (e *encoder) reads(r int, f func(int32)) {
	w := &e.work[r]
	if w.op == uint16(backend.Call) {
		e.k.Operands(e.src[r], f)
		return
	}
	for _, v := range w.arg[:w.n] {
		f(v)
	}
}

func (e *encoder) emit() {
	for r := range e.src {
		if w := &e.work[r]; !w.into && (w.twin < 0 || w.op == uint16(backend.Mul)) {
			e.instruction(int32(r))
		}
	}
	e.c.regs = append(e.c.regs, make([]float64, e.next-len(e.c.regs))...)
	for _, x := range e.set {
		e.c.regs[x.reg] = x.v
	}
	if e.next <= maxNarrow {
		e.c.narrow = make([]instr[uint16], len(e.out))
		for i, x := range e.out {
			e.c.narrow[i] = instr[uint16]{uint16(x.op), uint16(x.d), uint16(x.a), uint16(x.b), uint16(x.c), uint16(x.e)}
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
			ok = ok && x.a < n && x.b < n && x.c < n && x.e < n
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

// results are the outputs of value r.
func (e *encoder) results(r int32) []backend.Output {
	out := e.k.Out
	from := sort.Search(len(out), func(i int) bool { return out[i].Val >= r })
	to := from
	for to < len(out) && out[to].Val == r {
		to++
	}
	return out[from:to]
}

// place gives value r a register: that of a result, which it returns the number of, or a temporary.
func (e *encoder) place(r int32, outs []backend.Output) int {
	for i, o := range outs {
		if o.Space == backend.Main && e.c.main.n > 0 {
			e.reg[r] = int32(e.c.main.reg) + o.Index
			return i
		}
	}
	e.reg[r] = e.take()
	return -1
}

// instruction emits value r, its twin, and the moves and stores of their outputs.
func (e *encoder) instruction(r int32) {
	in, w := e.src[r], &e.work[r]
	x := instr[uint32]{op: uint32(w.op)}
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
		to := []*uint32{&x.a, &x.b, &x.c, &x.e}
		for i, v := range w.arg[:w.n] {
			*to[i] = operand(v)
		}
		if in.Op.Shift() {
			x.b = uint32(in.B)
		}
	}
	// Operands that are not read again give their registers back.
	e.reads(int(r), func(v int32) {
		if e.last[v] == r && e.temporary(v) {
			e.last[v] = -1
			e.free = append(e.free, e.reg[v])
		}
	})
	outs := e.results(r)
	placed := -1 // the output that the value is computed into
	fresh := !in.Op.Input() || e.reg[r] < 0
	if fresh {
		placed = e.place(r, outs)
		x.d = uint32(e.reg[r])
		if w.twin >= 0 {
			twins := e.results(w.twin)
			at := e.place(w.twin, twins)
			x.op, x.c = uint32(opMulNeg), uint32(e.reg[w.twin])
			e.out = append(e.out, x)
			e.store(w.twin, twins, at)
			e.drop(w.twin)
		} else {
			e.out = append(e.out, x)
		}
	}
	e.store(r, outs, placed)
	if fresh {
		e.drop(r)
	}
}

// drop gives back the register of a value that is not read. The twin does not read its product.
func (e *encoder) drop(r int32) {
	n := e.count[r]
	if w := &e.work[r]; w.twin >= 0 && w.op == uint16(backend.Mul) {
		n--
	}
	if n == 0 && e.temporary(r) {
		e.free = append(e.free, e.reg[r])
	}
}

// store writes the outputs of value r but the one that it was computed into.
func (e *encoder) store(r int32, outs []backend.Output, placed int) {
	for i, o := range outs {
		from := uint32(e.reg[r])
		at := uint32(o.Index)
		switch {
		case i == placed:
		case o.Space == backend.Code:
			e.move(r, uint32(e.c.code))
		case o.Space == backend.Scratch:
			e.out = append(e.out, instr[uint32]{op: uint32(opStoreS), a: at & 0xffff, b: at >> 16, c: from})
		case o.Space == backend.Memory:
			e.out = append(e.out, instr[uint32]{op: uint32(opStoreMem), a: at & 0xffff, b: at >> 16, c: from})
		case e.c.main.n > 0:
			e.move(r, uint32(e.c.main.reg)+at)
		default:
			e.out = append(e.out, instr[uint32]{op: uint32(opStore), a: at & 0xffff, b: at >> 16, c: from})
		}
	}
}

// preset is a register that has its number from the start.
type preset struct {
	reg uint32
	v   float64
}

// move copies value r to a register that nothing else is written to. A number is there before.
func (e *encoder) move(r int32, to uint32) {
	if in := e.src[r]; in.Op == backend.Const {
		e.set = append(e.set, preset{to, e.k.Consts[in.A]})
		return
	}
	from := uint32(e.reg[r])
	if n := len(e.out); n > 0 && e.out[n-1].op == uint32(opMove) {
		x := &e.out[n-1]
		x.op, x.b, x.c = uint32(opMoveMove), to, from
		return
	}
	e.out = append(e.out, instr[uint32]{op: uint32(opMove), d: to, a: from})
}

// temporary reports whether a value lies in a register that may be reused.
func (e *encoder) temporary(v int32) bool {
	return e.reg[v] >= e.temps
}
