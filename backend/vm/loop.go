package vm

import (
	"math"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// Loops run an instruction for many instances at a time: a register is a row of lanes,
// one for each instance, so that the cost of decoding is shared. An ordered loop, whose
// instances may read what earlier ones have written, runs them one by one.

// laneCount is the number of lanes: enough to make decoding cheap, few enough that the
// registers of a body stay in the first-level cache.
const laneCount = 64

// loopInstr is an operation on rows of registers. For inputs and outputs a is a table,
// for calls an index into calls.
type loopInstr struct {
	op         uint16
	d, a, b, c int32
}

// loop is a step over instances made ready to run. It is not changed afterwards.
type loop struct {
	n       int
	ordered bool
	instrs  []loopInstr
	regs    int
	consts  []loopConst
	index   []backend.Table
	data    [][]float64
	calls   []call
	maxArgs int
}

type loopConst struct {
	reg int32
	v   float64
}

// Outputs of a loop: what the space says, from register c through table a.
const (
	opOut = uint16(0x8000) + iota // plus backend.Space
)

// encodeLoop translates a step. Registers are given out by a linear scan, as in encode.
func encodeLoop(s *backend.Step, funcs []*expr.Func) *loop {
	k := s.Body
	l := &loop{n: s.N, ordered: s.Ordered, index: s.Index, data: s.Data}
	n := len(k.Code)
	last := make([]int, n)
	for i := range last {
		last[i] = -1
	}
	into, pair, side := pairs(k)
	// reads calls f for the values that the instruction of r reads.
	reads := func(r int, f func(int32)) {
		in := k.Code[r]
		if pair[r] == 0 {
			k.Operands(in, f)
			return
		}
		inner, other := in.A, in.B
		if side[r] == 1 {
			inner, other = other, inner
		}
		f(k.Code[inner].A)
		f(k.Code[inner].B)
		f(other)
	}
	for r := range k.Code {
		if !into[r] {
			reads(r, func(a int32) { last[a] = r })
		}
	}
	reg := make([]int32, n)
	var free []int32
	take := func() int32 {
		if m := len(free); m > 0 {
			r := free[m-1]
			free = free[:m-1]
			return r
		}
		l.regs++
		return int32(l.regs - 1)
	}
	for r, in := range k.Code {
		if in.Op == backend.Const {
			reg[r] = int32(l.regs)
			l.regs++
			l.consts = append(l.consts, loopConst{reg[r], k.Consts[in.A]})
		}
	}
	o := 0
	for r, in := range k.Code {
		if into[r] {
			continue
		}
		x := loopInstr{op: uint16(in.Op)}
		if pair[r] != 0 {
			x.op = pair[r]
		}
		switch {
		case in.Op == backend.Const:
		case in.Op.Input():
			x.a = in.A
		case in.Op == backend.Call:
			c := call{f: funcs[in.A]}
			k.Operands(in, func(v backend.Ref) { c.args = append(c.args, uint32(reg[v])) })
			l.maxArgs = max(l.maxArgs, len(c.args))
			x.a = int32(len(l.calls))
			l.calls = append(l.calls, c)
		default:
			to := []*int32{&x.a, &x.b, &x.c}
			i := 0
			reads(r, func(v int32) { *to[i] = reg[v]; i++ })
			if in.Op.Shift() {
				x.b = in.B
			}
		}
		if in.Op != backend.Const {
			reads(r, func(v int32) {
				if last[v] == r && !k.Code[v].Op.Input() {
					last[v] = -2
					free = append(free, reg[v])
				}
			})
			if in.Op.Input() {
				reg[r] = int32(l.regs) // inputs keep theirs: it may lie in the array itself
				l.regs++
			} else {
				reg[r] = take()
			}
			x.d = reg[r]
			l.instrs = append(l.instrs, x)
		}
		for o < len(k.Out) && int(k.Out[o].Val) == r {
			out := k.Out[o]
			l.instrs = append(l.instrs, loopInstr{op: opOut + uint16(out.Space), a: out.Index, c: reg[r]})
			o++
		}
		if last[r] == -1 && !in.Op.Input() {
			free = append(free, reg[r])
		}
	}
	return l
}

// loopFrame is what a run of a loop needs of its own.
type loopFrame struct {
	*loop
	lanes int
	regs  []float64
	rows  [][]float64 // by register: its part of regs, or of an input that is read evenly
	args  []float64
}

func (l *loop) frame() *loopFrame {
	f := &loopFrame{loop: l, lanes: min(laneCount, l.n), args: make([]float64, l.maxArgs)}
	if l.ordered {
		f.lanes = 1
	}
	f.regs = make([]float64, l.regs*f.lanes)
	f.rows = make([][]float64, l.regs)
	for r := range f.rows {
		f.rows[r] = f.regs[r*f.lanes : (r+1)*f.lanes : (r+1)*f.lanes]
	}
	for _, c := range l.consts {
		row := f.row(c.reg, f.lanes)
		for i := range row {
			row[i] = c.v
		}
	}
	return f
}

func (f *loopFrame) row(r int32, m int) []float64 { return f.rows[r][:m:m] }

// load makes register d the entries of an array from instance first on.
func (f *loopFrame) load(d int32, from []float64, t *backend.Table, first, m int) {
	if t.List == nil && t.Stride == 1 {
		at := int(t.Base) + first
		f.rows[d] = from[at : at+m : at+m]
		return
	}
	gather(f.row(d, m), from, t, first)
}

// gather reads the entries of instances first, first+1, ... from an array.
func gather(d, from []float64, t *backend.Table, first int) {
	if t.List != nil {
		list := t.List[first : first+len(d)]
		for i, e := range list {
			d[i] = from[e]
		}
		return
	}
	at, step := int(t.Base)+first*int(t.Stride), int(t.Stride)
	for i := range d {
		d[i] = from[at]
		at += step
	}
}

// scatter writes to the entries of instances first, first+1, ... of an array.
func scatter(to, v []float64, t *backend.Table, first int) {
	if t.List != nil {
		list := t.List[first : first+len(v)]
		for i, e := range list {
			to[e] = v[i]
		}
		return
	}
	at, step := int(t.Base)+first*int(t.Stride), int(t.Stride)
	if step == 1 {
		copy(to[at:at+len(v)], v)
		return
	}
	for i := range v {
		to[at] = v[i]
		at += step
	}
}

// run computes all instances.
func (f *loopFrame) run(t float64, arr *arrays) {
	for first := 0; first < f.n; first += f.lanes {
		m := min(f.lanes, f.n-first)
		for i := range f.instrs {
			f.execute(&f.instrs[i], t, arr, first, m)
		}
	}
}

// execute runs one instruction for m instances. Products are rounded before they are
// added: conversions keep the compiler from fusing them.
func (f *loopFrame) execute(in *loopInstr, t float64, arr *arrays, first, m int) {
	if in.op >= opOut {
		v := f.row(in.c, m)
		switch backend.Space(in.op - opOut) {
		case backend.Main:
			scatter(arr.main, v, &f.index[in.a], first)
		case backend.Memory:
			scatter(arr.mem, v, &f.index[in.a], first)
		case backend.Scratch:
			scatter(arr.s, v, &f.index[in.a], first)
		default:
			panic("mtkc: bug: a loop cannot write there")
		}
		return
	}
	op := backend.Op(in.op)
	switch op {
	case backend.U:
		f.load(in.d, arr.u, &f.index[in.a], first, m)
		return
	case backend.P:
		f.load(in.d, arr.p, &f.index[in.a], first, m)
		return
	case backend.W:
		f.load(in.d, arr.w, &f.index[in.a], first, m)
		return
	case backend.S:
		f.load(in.d, arr.s, &f.index[in.a], first, m)
		return
	case backend.Data:
		f.rows[in.d] = f.data[in.a][first : first+m : first+m]
		return
	}
	d := f.row(in.d, m)
	if in.op >= opMove {
		n := len(d)
		ternary(in.op, d, f.row(in.a, m)[:n], f.row(in.b, m)[:n], f.row(in.c, m)[:n])
		return
	}
	switch op {
	case backend.Time:
		for i := range d {
			d[i] = t
		}
		return
	case backend.Call:
		c := &f.calls[in.a]
		args := f.args[:len(c.args)]
		for i := range d {
			for k, x := range c.args {
				args[k] = f.rows[x][i]
			}
			d[i] = c.f.Eval(args)
		}
		return
	}
	a := f.row(in.a, m)[:len(d)]
	switch op {
	case backend.FMA:
		b, c := f.row(in.b, m)[:len(d)], f.row(in.c, m)[:len(d)]
		for i := range d {
			d[i] = math.FMA(a[i], b[i], c[i])
		}
		return
	case backend.BitShl, backend.BitShr, backend.BitSar:
		for i := range d {
			d[i] = shift(op, a[i], in.b)
		}
		return
	}
	switch op.Arity() {
	case 1:
		unary(op, d, a)
	case 2:
		binary(op, d, a, f.row(in.b, m)[:len(d)])
	default: // Select
		b, c := f.row(in.b, m)[:len(d)], f.row(in.c, m)[:len(d)]
		for i := range d {
			x := c[i]
			if a[i] != 0 {
				x = b[i]
			}
			d[i] = x
		}
	}
}

// functions are the operations with one operand that package math computes.
var functions = map[backend.Op]func(float64) float64{
	backend.Sin: math.Sin, backend.Cos: math.Cos, backend.Tan: math.Tan,
	backend.Asin: math.Asin, backend.Acos: math.Acos, backend.Atan: math.Atan,
	backend.Sinh: math.Sinh, backend.Cosh: math.Cosh, backend.Tanh: math.Tanh,
	backend.Asinh: math.Asinh, backend.Acosh: math.Acosh, backend.Atanh: math.Atanh,
	backend.Exp: math.Exp, backend.Log: math.Log, backend.Log10: math.Log10,
	backend.Floor: math.Floor, backend.Ceil: math.Ceil,
}

func unary(op backend.Op, d, a []float64) {
	switch op {
	case backend.Neg:
		for i := range d {
			d[i] = -a[i]
		}
	case backend.Sqrt:
		for i := range d {
			d[i] = math.Sqrt(a[i])
		}
	case backend.Abs:
		for i := range d {
			d[i] = math.Abs(a[i])
		}
	case backend.Sign:
		for i := range d {
			x := a[i]
			if x > 0 {
				x = 1
			} else if x < 0 {
				x = -1
			}
			d[i] = x
		}
	case backend.Not:
		for i := range d {
			d[i] = truth(a[i] == 0)
		}
	default:
		fn := functions[op]
		if fn == nil {
			panic("mtkc: bug: unknown operation " + op.String())
		}
		for i := range d {
			d[i] = fn(a[i])
		}
	}
}

// shift is one of the three shifts of the bits of x.
func shift(op backend.Op, x float64, by int32) float64 {
	b := math.Float64bits(x)
	switch op {
	case backend.BitShl:
		b <<= by
	case backend.BitShr:
		b >>= by
	default:
		b = uint64(int64(b) >> by)
	}
	return math.Float64frombits(b)
}

func binary(op backend.Op, d, a, b []float64) {
	switch op {
	case backend.BitAnd:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) & *bits(&b[i])
		}
	case backend.BitOr:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) | *bits(&b[i])
		}
	case backend.BitXor:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) ^ *bits(&b[i])
		}
	case backend.BitAdd:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) + *bits(&b[i])
		}
	case backend.BitSub:
		for i := range d {
			*bits(&d[i]) = *bits(&a[i]) - *bits(&b[i])
		}
	case backend.Add:
		for i := range d {
			d[i] = a[i] + b[i]
		}
	case backend.Sub:
		for i := range d {
			d[i] = a[i] - b[i]
		}
	case backend.Mul:
		for i := range d {
			d[i] = a[i] * b[i]
		}
	case backend.Div:
		for i := range d {
			d[i] = a[i] / b[i]
		}
	case backend.Pow:
		for i := range d {
			d[i] = math.Pow(a[i], b[i])
		}
	case backend.Atan2:
		for i := range d {
			d[i] = math.Atan2(a[i], b[i])
		}
	case backend.Min:
		for i := range d {
			d[i] = min(a[i], b[i])
		}
	case backend.Max:
		for i := range d {
			d[i] = max(a[i], b[i])
		}
	case backend.Mod:
		for i := range d {
			d[i] = a[i] - float64(math.Floor(a[i]/b[i])*b[i])
		}
	case backend.Rem:
		for i := range d {
			d[i] = math.Mod(a[i], b[i])
		}
	case backend.Quo:
		for i := range d {
			d[i] = math.Trunc(a[i] / b[i])
		}
	case backend.Lt:
		for i := range d {
			d[i] = truth(a[i] < b[i])
		}
	case backend.Le:
		for i := range d {
			d[i] = truth(a[i] <= b[i])
		}
	case backend.Eq:
		for i := range d {
			d[i] = truth(a[i] == b[i])
		}
	case backend.Ne:
		for i := range d {
			d[i] = truth(a[i] != b[i])
		}
	case backend.And:
		for i := range d {
			d[i] = truth(a[i] != 0 && b[i] != 0)
		}
	case backend.Or:
		for i := range d {
			d[i] = truth(a[i] != 0 || b[i] != 0)
		}
	default:
		panic("mtkc: bug: unknown operation " + op.String())
	}
}

// ternary runs the fusions of two operations; see ops.go.
func ternary(op uint16, d, a, b, c []float64) {
	switch op {
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
	case opMulMul:
		for i := range d {
			d[i] = float64(a[i]*b[i]) * c[i]
		}
	case opAddAdd:
		for i := range d {
			d[i] = (a[i] + b[i]) + c[i]
		}
	case opAddSub:
		for i := range d {
			d[i] = (a[i] + b[i]) - c[i]
		}
	case opSubAdd:
		for i := range d {
			d[i] = (a[i] - b[i]) + c[i]
		}
	case opSubSub:
		for i := range d {
			d[i] = (a[i] - b[i]) - c[i]
		}
	case opSubNeg:
		for i := range d {
			d[i] = c[i] - (a[i] - b[i])
		}
	case opAddNeg:
		for i := range d {
			d[i] = c[i] - (a[i] + b[i])
		}
	case opAddMulC:
		for i := range d {
			d[i] = (a[i] + b[i]) * c[i]
		}
	case opSubMulC:
		for i := range d {
			d[i] = (a[i] - b[i]) * c[i]
		}
	case opMulDiv:
		for i := range d {
			d[i] = float64(a[i]*b[i]) / c[i]
		}
	case opAddDiv:
		for i := range d {
			d[i] = (a[i] + b[i]) / c[i]
		}
	case opSubDiv:
		for i := range d {
			d[i] = (a[i] - b[i]) / c[i]
		}
	default:
		panic("mtkc: bug: unknown operation")
	}
}
