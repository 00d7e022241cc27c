package vm

import (
	"unsafe"

	"github.com/mtkc/mtkc/backend"
)

// laneISA is a way to run lane code: the loops that do so, each for its number of lanes.
type laneISA struct {
	name  string
	loops []laneLoop // the first has the most lanes, and as many as this has a row of registers
	any   bool       // the machine in Go, which takes any number up to that

	read func(d, from *float64, list *int32, n int) // d[i] = from[list[i]]; nil: in Go
}

// laneLoop runs the instructions from code on until one that leaves, and returns it. rows are the
// addresses of the rows by number.
type laneLoop struct {
	lanes int
	run   func(code *laneInstr, rows *unsafe.Pointer) *laneInstr
}

// portable is the machine in Go.
var portable = &laneISA{name: "go", loops: []laneLoop{{lanes: 64}}, any: true}

// block is the largest number of lanes at a time.
func (isa *laneISA) block() int { return isa.loops[0].lanes }

// most is the largest number of lanes at a time that is not above n, a multiple of 8.
func (isa *laneISA) most(n int) int {
	if isa.any {
		return min(n, isa.block())
	}
	for _, l := range isa.loops {
		if l.lanes <= n {
			return l.lanes
		}
	}
	panic("mtkc: bug: the number of lanes is no multiple of 8")
}

// least is the smallest number of lanes at a time that is not below n, which is not above block.
func (isa *laneISA) least(n int) int {
	if isa.any {
		return n
	}
	k := len(isa.loops) - 1
	for isa.loops[k].lanes < n {
		k--
	}
	return isa.loops[k].lanes
}

// laneMachine is the one in use: the best of those that the processor has.
var laneMachine = append(laneISAs(), portable)[0]

// laneFrame is what a run of a code needs of its own.
type laneFrame struct {
	*laneCode
	isa    *laneISA
	block  int              // length of the rows of registers
	at     []unsafe.Pointer // by row; those of arguments and results are set before a run
	moving []int32          // these
	args   []float64        // of calls
}

// rowAlign makes a slice of n numbers that begins at a cache line.
func rowAlign(n int) []float64 {
	s := make([]float64, n+7)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))/8) & 7
	return s[skip : skip+n : skip+n]
}

// frame makes a frame with the registers temps, rows of block numbers.
func (c *laneCode) frame(isa *laneISA, block int, temps []float64) *laneFrame {
	f := &laneFrame{laneCode: c, isa: isa, block: block, at: make([]unsafe.Pointer, len(c.rows)), args: make([]float64, c.maxArgs)}
	full, numbers := copies(c.full, block), c.numbers
	if isa.any {
		numbers = copies(c.numbers, block)
	}
	for i, r := range c.rows {
		switch r.space {
		case rowTemp:
			f.at[i] = unsafe.Pointer(&temps[int(r.index)*block : (int(r.index)+1)*block][0])
		case rowNumber:
			f.at[i] = unsafe.Pointer(&numbers[int(r.index)*len(numbers)/len(c.numbers)])
		case rowFull:
			f.at[i] = unsafe.Pointer(&full[int(r.index)*block])
		default:
			f.moving = append(f.moving, int32(i))
		}
	}
	return f
}

// copy is a frame with the same registers and rows of its own.
func (f *laneFrame) copy() *laneFrame {
	c := *f
	c.at = append([]unsafe.Pointer(nil), f.at...)
	return &c
}

// copies makes a row of n copies of each number.
func copies(numbers []float64, n int) []float64 {
	rows := rowAlign(len(numbers) * n)
	for i, v := range numbers {
		for l := range n {
			rows[i*n+l] = v
		}
	}
	return rows
}

// single sets a row that is one number for all lanes: in Go a row of copies of it, which it has of
// its own.
func (f *laneFrame) single(r int32, v *float64) {
	if !f.isa.any {
		f.at[r] = unsafe.Pointer(v)
		return
	}
	if f.at[r] == nil {
		f.at[r] = unsafe.Pointer(unsafe.SliceData(make([]float64, f.block)))
	}
	for i, s := 0, f.row(int(r), f.block); i < len(s); i++ {
		s[i] = *v
	}
}

// row is the first n entries of row r.
func (f *laneFrame) row(r, n int) []float64 { return unsafe.Slice((*float64)(f.at[r]), n) }

// run executes the code for n lanes, as many as one of the loops has.
func (f *laneFrame) run(n int) {
	var loop func(code *laneInstr, rows *unsafe.Pointer) *laneInstr
	for _, l := range f.isa.loops {
		if l.lanes == n {
			loop = l.run
		}
	}
	for pc := 0; ; pc++ {
		if f.isa.any {
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
	case uint16(backend.FarSin), uint16(backend.FarCos), uint16(backend.FarTan):
		// The machine leaves where an angle is large; it has made the other value the result.
		d := f.row(int(in.d), n)
		binary(backend.Op(in.e), d, f.row(int(in.a), n), d)
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
