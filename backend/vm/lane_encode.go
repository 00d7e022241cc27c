package vm

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// rowSpace says where a row of the lane machine lies.
type rowSpace uint8

const (
	rowTemp   rowSpace = iota // a register, reused as soon as its last reader has run
	rowNumber                 // one number of the code for all lanes
	rowFull                   // the same with one copy for each lane
	rowTime
	rowU
	rowP
	rowW
	rowS
	rowData
	rowMain
	rowMem
	rowCode
	rowSOut
)

// laneRow is a row: an entry of its space.
type laneRow struct {
	space rowSpace
	index int32
}

// laneCode is a straight-line kernel, or the body of a loop, encoded for lanes. It is not changed
// afterwards.
//
// An instruction names rows by number; before a run each number gets the address of its row, so
// that arguments are read and results are written where they lie. Registers are given out by a
// linear scan as in encode.
type laneCode struct {
	code    []laneInstr
	rows    []laneRow
	temps   int       // registers
	numbers []float64 // of rowNumber
	full    []float64 // of rowFull
	calls   []call
	maxArgs int
}

// far is the number of rows that instructions address.
const far = 1 << 16

type laneEncoder struct {
	k      *backend.Kernel
	src    []backend.Instr
	funcs  []*expr.Func
	c      *laneCode
	single func(in backend.Instr) bool // the input is one number for all lanes

	work  []laneWork
	order []int32 // what is emitted
	id    []int32 // row of each value, -1
	full  []int32 // row with a copy for each lane of a value that is one number, -1
	uses  []int32 // operands that are still to come
	outs  [][]backend.Output
	near  [4]int32 // rows for what is far
	free  []int32
	byRow map[laneRow]int32

	prev     int32 // value that the last instruction left in the registers, -1
	prevForm laneForm
	prevAt   int
}

// laneWork is a value as it is computed: an operation, perhaps of several of the kernel, on values.
type laneWork struct {
	op    uint16
	n     int8
	arg   [4]int32
	shift int32
	in    bool  // computed within its reader
	next  int32 // the value that is computed right before this one, -1
	sunk  bool  // computed right before its reader
}

// encodeLanes translates a kernel without steps. single reports which inputs are one number for
// all lanes; numbers of the kernel are.
func encodeLanes(k *backend.Kernel, funcs []*expr.Func, single func(in backend.Instr) bool) *laneCode {
	e := &laneEncoder{k: k, src: k.Code, funcs: funcs, c: &laneCode{}, single: single, byRow: map[laneRow]int32{}, prev: -1}
	for i := range e.near {
		e.near[i] = e.row(laneRow{rowTemp, int32(i)})
	}
	e.c.temps = len(e.near)
	e.combine()
	e.sink()
	e.emit()
	e.check()
	return e.c
}

// row returns the number of a row.
func (e *laneEncoder) row(r laneRow) int32 {
	i, ok := e.byRow[r]
	if !ok {
		i = int32(len(e.c.rows))
		e.c.rows = append(e.c.rows, r)
		e.byRow[r] = i
	}
	return i
}

// combine finds operations that run together with the only reader of their result.
func (e *laneEncoder) combine() {
	n := len(e.src)
	e.work = make([]laneWork, n)
	readers := make([]int32, n)
	e.outs = make([][]backend.Output, n)
	for _, in := range e.src {
		e.k.Operands(in, func(r backend.Ref) { readers[r]++ })
	}
	for i := 0; i < len(e.k.Out); {
		v, j := e.k.Out[i].Val, i
		for j < len(e.k.Out) && e.k.Out[j].Val == v {
			j++
		}
		e.outs[v] = e.k.Out[i:j]
		i = j
	}
	lone := func(x int32, op backend.Op) bool {
		return e.src[x].Op == op && readers[x] == 1 && e.outs[x] == nil && e.work[x].op == uint16(op)
	}
	for r, in := range e.src {
		w := &e.work[r]
		*w = laneWork{op: uint16(in.Op), n: int8(in.Op.Arity()), arg: [4]int32{in.A, in.B, in.C}, shift: in.B, next: -1}
		switch in.Op {
		case backend.Add, backend.Sub:
			product, other, op := in.B, in.A, opSubMul
			if in.Op == backend.Add {
				op = opMulAdd
			}
			if !lone(product, backend.Mul) {
				product, other = in.A, in.B
				if in.Op == backend.Sub {
					op = opMulSub
				}
			}
			if lone(product, backend.Mul) {
				x := &e.work[product]
				x.in = true
				*w = laneWork{op: op, n: 3, arg: [4]int32{x.arg[0], x.arg[1], other}, next: -1}
			}
		case backend.Select:
			if lone(in.A, backend.Not) {
				x := &e.work[in.A]
				x.in = true
				w.arg = [4]int32{x.arg[0], in.C, in.B}
			}
			c := w.arg[0]
			if op := compareSelect(e.src[c].Op); op != 0 && lone(c, e.src[c].Op) {
				x := &e.work[c]
				x.in = true
				*w = laneWork{op: op, n: 4, arg: [4]int32{x.arg[0], x.arg[1], w.arg[1], w.arg[2]}, next: -1}
			}
		}
	}
}

// each calls f for the operands of a value.
func (e *laneEncoder) each(r int32, f func(k int, v int32)) {
	if e.src[r].Op == backend.Call {
		k := 0
		e.k.Operands(e.src[r], func(v backend.Ref) { f(k, v); k++ })
		return
	}
	w := &e.work[r]
	for k, v := range w.arg[:w.n] {
		f(k, v)
	}
}

// sink moves operations with one reader to right before it, where the reader takes the result from
// the registers of the processor. It does so only if no more rows are alive by that.
func (e *laneEncoder) sink() {
	n := len(e.src)
	e.uses = make([]int32, n)
	last := make([]int32, n)
	for r := range e.src {
		if !e.work[r].in {
			e.each(int32(r), func(_ int, v int32) { e.uses[v]++; last[v] = int32(r) })
		}
	}
	at := int32(-1) // the instruction before, in the order of the kernel
	for r := range e.src {
		w := &e.work[r]
		if w.in || e.src[r].Op.Input() {
			continue
		}
		best := int32(-1)
		e.each(int32(r), func(k int, v int32) {
			if v <= best || e.uses[v] != 1 || e.outs[v] != nil || e.src[v].Op.Input() || laneForms[w.op] == nil || laneForms[e.work[v].op] == nil ||
				k > 3 || !laneTakes[w.op][k] {
				return
			}
			if v != at {
				ending := 0
				e.each(v, func(_ int, x int32) {
					if last[x] == v && !e.src[x].Op.Input() && e.outs[x] == nil {
						ending++
					}
				})
				if ending > 1 {
					return
				}
			}
			best = v
		})
		if best >= 0 {
			w.next = best
			e.work[best].sunk = true
		}
		at = int32(r)
	}
	for r := range e.src {
		if e.work[r].in || e.work[r].sunk {
			continue
		}
		from := len(e.order)
		for x := int32(r); x >= 0; x = e.work[x].next {
			e.order = append(e.order, x)
		}
		for i, j := from, len(e.order)-1; i < j; i, j = i+1, j-1 {
			e.order[i], e.order[j] = e.order[j], e.order[i]
		}
	}
}

var inputRows = [...]rowSpace{backend.Const: rowNumber, backend.Time: rowTime, backend.U: rowU, backend.P: rowP, backend.W: rowW,
	backend.S: rowS, backend.Data: rowData}

var outputRows = [...]rowSpace{backend.Main: rowMain, backend.Memory: rowMem, backend.Code: rowCode, backend.Scratch: rowSOut}

// number reports whether a value is one number for all lanes.
func (e *laneEncoder) number(v int32) bool {
	in := e.src[v]
	return in.Op == backend.Const || in.Op.Input() && e.single(in)
}

func (e *laneEncoder) emit() {
	n := len(e.src)
	e.id, e.full = make([]int32, n), make([]int32, n)
	for r := range e.id {
		e.id[r], e.full[r] = -1, -1
	}
	for _, r := range e.order {
		if in := e.src[r]; in.Op.Input() {
			row := laneRow{inputRows[in.Op], in.A}
			if in.Op == backend.Time {
				row.index = 0
			}
			if in.Op == backend.Const {
				row.index = int32(len(e.c.numbers))
				e.c.numbers = append(e.c.numbers, e.k.Consts[in.A])
			}
			e.id[r] = e.row(row)
		} else {
			e.value(r)
		}
		e.results(r)
	}
	e.leave(opEnd, laneInstr{})
}

// leave emits what is done in Go.
func (e *laneEncoder) leave(op uint16, x laneInstr) {
	x.op, x.e = laneLeave, op
	e.c.code = append(e.c.code, x)
	e.prev = -1
}

// temp returns a free register.
func (e *laneEncoder) temp() int32 {
	if n := len(e.free); n > 0 {
		r := e.free[n-1]
		e.free = e.free[:n-1]
		return r
	}
	e.c.temps++
	return e.row(laneRow{rowTemp, int32(e.c.temps - 1)})
}

// place is the row that a value is computed into: that of its first result, or a register.
func (e *laneEncoder) place(r int32) int32 {
	if o := e.outs[r]; o != nil {
		return e.row(laneRow{outputRows[o[0].Space], o[0].Index})
	}
	return e.temp()
}

// release gives back the registers of operands that are not read again.
func (e *laneEncoder) release(r int32) {
	e.each(r, func(_ int, v int32) {
		e.uses[v]--
		if e.uses[v] == 0 && e.c.rows[e.id[v]].space == rowTemp {
			e.free = append(e.free, e.id[v])
		}
	})
}

// rowOf is the row of an operand with one entry for each lane.
func (e *laneEncoder) rowOf(v int32) int32 {
	if !e.number(v) {
		return e.id[v]
	}
	if e.full[v] < 0 {
		if in := e.src[v]; in.Op == backend.Const {
			e.full[v] = e.row(laneRow{rowFull, int32(len(e.c.full))})
			e.c.full = append(e.c.full, e.k.Consts[in.A])
		} else { // it keeps its register to the end
			e.full[v] = e.row(laneRow{rowTemp, int32(e.c.temps)})
			e.c.temps++
			e.instruction(laneForms[opSpread][0], e.full[v], []int32{e.id[v]}, 0)
			e.prev = -1
		}
	}
	return e.full[v]
}

// value emits the operation of value r.
func (e *laneEncoder) value(r int32) {
	w := &e.work[r]
	if w.op == uint16(backend.Call) {
		c := call{f: e.funcs[e.src[r].A]}
		e.each(r, func(_ int, v int32) { c.args = append(c.args, uint32(e.rowOf(v))) })
		e.c.maxArgs = max(e.c.maxArgs, len(c.args))
		e.release(r)
		e.id[r] = e.place(r)
		i, d := len(e.c.calls), e.nearby(e.id[r], 0)
		e.c.calls = append(e.c.calls, c)
		e.leave(w.op, laneInstr{d: uint16(d), a: uint16(i), b: uint16(i >> 16)})
		e.copy(e.id[r], d)
		return
	}
	if laneForms[w.op] == nil {
		var x [4]int32
		e.each(r, func(k int, v int32) { x[k] = e.fetch(e.rowOf(v), k) })
		e.release(r)
		e.id[r] = e.place(r)
		d := e.nearby(e.id[r], 0)
		e.leave(w.op, laneInstr{d: uint16(d), a: uint16(x[0]), b: uint16(x[1]), c: uint16(x[2])})
		e.copy(e.id[r], d)
		return
	}
	form, args := e.choose(w)
	var x [4]int32
	for k, m := range form.modes {
		switch m {
		case 'K':
			x[k] = e.id[args[k]]
		case 'M':
			x[k] = e.rowOf(args[k])
		}
	}
	for k, m := range form.modes { // rowOf may have emitted something
		if m == 'A' {
			x[k] = e.id[args[k]]
			if e.prev != args[k] {
				panic("mtkc: bug: a result is gone")
			}
		}
	}
	e.inside(form, args)
	if e.src[r].Op.Far() { // the angle is read again behind the result, in Go if at all
		e.id[r] = e.place(r)
		e.release(r)
		e.instruction(form, e.id[r], x[:len(form.modes)], w.shift)
		e.c.code[e.prevAt].e = w.op
		e.prev = -1
		return
	}
	e.release(r)
	e.id[r] = e.place(r)
	e.instruction(form, e.id[r], x[:len(form.modes)], w.shift)
	if e.id[r] < far {
		e.prev = r
	}
}

// choose finds the form of an operation that reads least from memory.
func (e *laneEncoder) choose(w *laneWork) (best laneForm, args [4]int32) {
	cost := 1 << 30
	try := func(op uint16, a [4]int32) {
		spread := false
		for _, f := range laneForms[op] {
			c := 0
			ok := true
			spread = false
			for k, m := range []byte(f.modes) {
				number := e.number(a[k])
				switch {
				case m == 'A' && a[k] == e.prev:
				case m == 'K' && number:
					c++
				case m == 'M' && number:
					c += 3
					spread = spread || e.full[a[k]] < 0 && e.src[a[k]].Op != backend.Const
				case m == 'M':
					c += 2
				default:
					ok = false
				}
			}
			if ok && spread { // the spreading takes the registers of the processor
				for _, m := range f.modes {
					ok = ok && m != 'A'
				}
			}
			if ok && c < cost {
				best, args, cost = f, a, c
			}
		}
	}
	try(w.op, w.arg)
	if op := exchanged(w.op); op != 0 {
		a := w.arg
		a[0], a[1] = a[1], a[0]
		try(op, a)
	}
	return best, args
}

// inside takes the store from the instruction before if this one is the only one that reads its
// result, from the registers.
func (e *laneEncoder) inside(form laneForm, args [4]int32) {
	n := int32(0)
	for k, m := range form.modes {
		if m == 'A' {
			n++
		} else if args[k] == e.prev {
			return
		}
	}
	if n > 0 && e.uses[e.prev] == n && e.outs[e.prev] == nil {
		e.c.code[e.prevAt].op = e.prevForm.inside
	}
}

// instruction emits a form with its operands, by way of near rows where they are far.
func (e *laneEncoder) instruction(form laneForm, d int32, x []int32, shift int32) {
	var a [4]int32
	for k, r := range x {
		a[k] = e.fetch(r, k)
	}
	if v := laneVariants[form.store]; v.op < uint16(backend.NumOps) && backend.Op(v.op).Shift() {
		a[1] = shift
	}
	near := 0
	if w := laneVariants[form.store].op; w < uint16(backend.NumOps) && backend.Op(w).Far() {
		near = 3 // not where an operand is
	}
	to := e.nearby(d, near)
	e.prevForm, e.prevAt = form, len(e.c.code)
	e.c.code = append(e.c.code, laneInstr{form.store, uint16(to), uint16(a[0]), uint16(a[1]), uint16(a[2]), uint16(a[3])})
	e.copy(d, to)
}

// nearby is row d, or near row k for a far one.
func (e *laneEncoder) nearby(d int32, k int) int32 {
	if d < far {
		return d
	}
	return e.near[k]
}

// fetch makes a row near, in near row k.
func (e *laneEncoder) fetch(r int32, k int) int32 {
	to := e.nearby(r, k)
	if to != r {
		e.leave(opCopy, laneInstr{d: uint16(to), b: uint16(r), c: uint16(r >> 16)})
	}
	return to
}

// copy brings a result from the near row where it was computed.
func (e *laneEncoder) copy(d, from int32) {
	if d != from {
		e.leave(opCopy, laneInstr{d: uint16(d), a: uint16(d >> 16), b: uint16(from)})
	}
}

// results writes the outputs of a value that it was not computed into.
func (e *laneEncoder) results(r int32) {
	for i, o := range e.outs[r] {
		if i == 0 && !e.src[r].Op.Input() {
			continue
		}
		d := e.row(laneRow{outputRows[o.Space], o.Index})
		op := opMove
		if e.number(r) {
			op = opSpread
		}
		for _, f := range laneForms[op] {
			if f.modes == "A" && e.prev == r || f.modes == "M" && e.prev != r || f.modes == "K" {
				e.instruction(f, d, []int32{e.id[r]}, 0)
				break
			}
		}
		if e.src[r].Op.Input() {
			e.prev = -1
		}
	}
	if e.uses[r] == 0 && e.outs[r] == nil && !e.src[r].Op.Input() {
		e.free = append(e.free, e.id[r])
	}
}

// check panics if an instruction names a row that is not there: the loops that run the code do not
// look.
func (e *laneEncoder) check() {
	n := len(e.c.rows)
	row := func(r uint16) {
		if int(r) >= n {
			panic("mtkc: bug: row out of range")
		}
	}
	for _, in := range e.c.code {
		if in.op == laneLeave {
			continue // done in Go, with checks
		}
		row(in.d)
		v := &laneVariants[in.op]
		args := [4]uint16{in.a, in.b, in.c, in.e}
		for k, r := range args[:len(v.modes)] {
			row(r)
			if (v.modes[k] == 'K') != (e.c.rows[r].space == rowNumber || e.isSingle(r)) && v.modes[k] != 'A' {
				panic("mtkc: bug: a row is read as one number, or the other way round")
			}
		}
	}
}

// isSingle reports whether a row is an input that is one number for all lanes.
func (e *laneEncoder) isSingle(r uint16) bool {
	row := e.c.rows[r]
	for op, space := range inputRows {
		if space == row.space && space >= rowTime {
			return e.single(backend.Instr{Op: backend.Op(op), A: row.index})
		}
	}
	return false
}
