package vm

import (
	"math"
	"unsafe"

	"github.com/mtkc/mtkc/backend"
)

// laneISA is a way to run lane code: how many lanes it takes at a time, and the loops that do so.
type laneISA struct {
	name  string
	lanes [2]int // of a block and of the rest; rows of registers have the length of a block
	run   [2]func(code *laneInstr, rows *unsafe.Pointer) *laneInstr
}

// portable is the machine in Go. It takes any number of lanes.
var portable = &laneISA{name: "go", lanes: [2]int{64, 8}}

// laneMachine is the one in use: the best of those that the processor has.
var laneMachine = append(laneISAs(), portable)[0]

// laneFrame is what a run of a code needs of its own.
type laneFrame struct {
	*laneCode
	isa    *laneISA
	at     []unsafe.Pointer // by row; those of arguments and results are set before a run
	moving []int32          // these
	spread [4][]float64     // for the portable machine
	args   []float64        // of calls
}

// rowAlign makes a slice of n numbers that begins at a cache line.
func rowAlign(n int) []float64 {
	s := make([]float64, n+7)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))/8) & 7
	return s[skip : skip+n : skip+n]
}

// frame makes a frame with the registers temps, as long as a block of lanes each.
func (c *laneCode) frame(isa *laneISA, temps []float64) *laneFrame {
	block := isa.lanes[0]
	f := &laneFrame{laneCode: c, isa: isa, at: make([]unsafe.Pointer, len(c.rows)), args: make([]float64, c.maxArgs)}
	full := rowAlign(len(c.full) * block)
	for i, v := range c.full {
		for l := range block {
			full[i*block+l] = v
		}
	}
	for i, r := range c.rows {
		switch r.space {
		case rowTemp:
			f.at[i] = unsafe.Pointer(&temps[int(r.index)*block : (int(r.index)+1)*block][0])
		case rowNumber:
			f.at[i] = unsafe.Pointer(&c.numbers[r.index])
		case rowFull:
			f.at[i] = unsafe.Pointer(&full[int(r.index)*block])
		default:
			f.moving = append(f.moving, int32(i))
		}
	}
	if isa.run[0] == nil {
		for i := range f.spread {
			f.spread[i] = make([]float64, block)
		}
	}
	return f
}

// row is the first n entries of row r.
func (f *laneFrame) row(r, n int) []float64 { return unsafe.Slice((*float64)(f.at[r]), n) }

// run executes the code for n lanes: as many as in a block, or, where there are loops in assembly,
// as in the rest.
func (f *laneFrame) run(n int) {
	loop := f.isa.run[0]
	if n != f.isa.lanes[0] {
		loop = f.isa.run[1]
	}
	for pc := 0; ; pc++ {
		if loop == nil {
			pc = f.interpret(pc, n)
		} else {
			end := loop(&f.code[pc], &f.at[0])
			pc = int((uintptr(unsafe.Pointer(end)) - uintptr(unsafe.Pointer(&f.code[0]))) / unsafe.Sizeof(laneInstr{}))
		}
		if in := &f.code[pc]; in.e == opEnd {
			return
		} else {
			f.leave(in, n)
		}
	}
}

// leave does what the loops do not have.
func (f *laneFrame) leave(in *laneInstr, n int) {
	switch in.e {
	case uint16(backend.Call):
		d := f.row(int(in.d), n)
		c := &f.calls[int(in.a)|int(in.b)<<16]
		args := f.args[:len(c.args)]
		for i := range d {
			for k, x := range c.args {
				args[k] = f.row(int(x), n)[i]
			}
			d[i] = c.f.Eval(args)
		}
	case opCopy:
		copy(f.row(int(in.d)|int(in.a)<<16, n), f.row(int(in.b)|int(in.c)<<16, n))
	default:
		op := backend.Op(in.e)
		d, a := f.row(int(in.d), n), f.row(int(in.a), n)
		if op.Arity() == 1 {
			unary(op, d, a)
		} else {
			binary(op, d, a, f.row(int(in.b), n))
		}
	}
}

// operand is operand k of an instruction, row r, for the machine in Go.
func (f *laneFrame) operand(modes string, k int, r uint16, n int) []float64 {
	if k < len(modes) && modes[k] == 'K' {
		v, s := *(*float64)(f.at[r]), f.spread[k][:n]
		for i := range s {
			s[i] = v
		}
		return s
	}
	return f.row(int(r), n)
}

// interpret runs instructions from pc on in Go until one that leaves, whose place it returns.
// Products are rounded before they are added: conversions keep the compiler from fusing them.
func (f *laneFrame) interpret(pc, n int) int {
	for ; ; pc++ {
		in := &f.code[pc]
		if in.op == laneLeave {
			return pc
		}
		v := &laneVariants[in.op]
		d, a := f.row(int(in.d), n), f.operand(v.modes, 0, in.a, n)
		a = a[:len(d)]
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
		b := f.operand(v.modes, 1, in.b, n)[:len(d)]
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
		c := f.operand(v.modes, 2, in.c, n)[:len(d)]
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
			f.pick(v.op, d, a, b, c, f.operand(v.modes, 3, in.e, n)[:len(d)])
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
