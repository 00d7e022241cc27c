package backend

import (
	"cmp"
	"math"
	"slices"
)

// builder makes a kernel: an instruction that exists already is not made again.
type builder struct {
	k      *Kernel
	code   []Instr
	table  []Ref // open addressing over code: index plus 1, 0 is empty
	consts map[uint64]int32
	label  map[Ref]bool

	quotients bool // Options.Quotients
}

func newBuilder(name string) *builder {
	return &builder{k: &Kernel{Name: name}, consts: map[uint64]int32{}, label: map[Ref]bool{}}
}

func (b *builder) emit(op Op, args ...int32) Ref {
	in := Instr{Op: op}
	switch len(args) {
	case 3:
		in.C = args[2]
		fallthrough
	case 2:
		in.B = args[1]
		fallthrough
	case 1:
		in.A = args[0]
	}
	if 2*len(b.code) >= len(b.table) {
		b.grow()
	}
	mask := uint32(len(b.table) - 1)
	for i := in.hash() & mask; ; i = (i + 1) & mask {
		k := b.table[i]
		if k == 0 {
			b.code = append(b.code, in)
			b.table[i] = Ref(len(b.code))
			return Ref(len(b.code) - 1)
		}
		if b.code[k-1] == in {
			return k - 1
		}
	}
}

func (in Instr) hash() uint32 {
	h := (uint64(in.Op)<<32 | uint64(uint32(in.A))) * 0x9E3779B97F4A7C15
	h ^= uint64(uint32(in.B))<<32 | uint64(uint32(in.C))
	h *= 0xff51afd7ed558ccd
	return uint32(h ^ h>>32)
}

func (b *builder) grow() {
	b.table = make([]Ref, max(64, 2*len(b.table)))
	mask := uint32(len(b.table) - 1)
	for k, in := range b.code {
		i := in.hash() & mask
		for b.table[i] != 0 {
			i = (i + 1) & mask
		}
		b.table[i] = Ref(k + 1)
	}
}

// number is a constant. Numbers are equal if their bits are.
func (b *builder) number(v float64) Ref {
	bits := math.Float64bits(v)
	i, ok := b.consts[bits]
	if !ok {
		i = int32(len(b.k.Consts))
		b.k.Consts = append(b.k.Consts, v)
		b.consts[bits] = i
	}
	return b.emit(Const, i)
}

// input reads an argument of the kernel.
func (b *builder) input(op Op, index int32) Ref {
	if op == Time {
		return b.emit(Time)
	}
	return b.emit(op, index)
}

// value returns the number of a constant value.
func (b *builder) value(r Ref) (float64, bool) {
	if in := b.code[r]; in.Op == Const {
		return b.k.Consts[in.A], true
	}
	return 0, false
}

func (b *builder) neg(a Ref) Ref {
	if v, ok := b.value(a); ok {
		return b.number(-v)
	}
	if in := b.code[a]; in.Op == Neg {
		return in.A
	}
	return b.emit(Neg, a)
}

// power is x^n for n >= 1.
func (b *builder) power(x Ref, n int64) Ref {
	switch {
	case n == 1:
		return x
	case n%2 == 0:
		h := b.power(x, n/2)
		return b.emit(Mul, h, h)
	}
	return b.emit(Mul, b.power(x, n-1), x)
}

// call applies function f. Calls are not shared: equal calls are equal terms already.
func (b *builder) call(f int32, args []Ref) Ref {
	at := int32(len(b.k.Args))
	b.k.Args = append(b.k.Args, args...)
	b.code = append(b.code, Instr{Call, f, at, int32(len(args))})
	return Ref(len(b.code) - 1)
}

// setLabel names a value, the first name wins. Inputs and numbers keep theirs.
func (b *builder) setLabel(r Ref, name string, eq int) {
	if b.code[r].Op.Input() || b.label[r] {
		return
	}
	b.label[r] = true
	b.k.Labels = append(b.k.Labels, Label{r, name, int32(eq)})
}

func (b *builder) output(s Space, index int, val Ref) {
	b.k.Out = append(b.k.Out, Output{s, int32(index), val})
}

// finish returns the kernel.
func (b *builder) finish() *Kernel {
	b.turnSigns()
	if !b.quotients {
		b.shareReciprocals()
	}
	k := b.k
	k.Code = b.code
	slices.SortFunc(k.Labels, func(a, b Label) int { return cmp.Compare(a.Val, b.Val) })
	return k.live()
}

// turnSigns removes negations by exchanging the operands of a difference: -(x - y) is
// y - x and -((x - y)/z) is (y - x)/z to the last bit (up to the sign of zero).
func (b *builder) turnSigns() {
	k := b.k
	uses := make([]int32, len(b.code))
	for _, in := range b.code {
		k.Operands(in, func(a Ref) { uses[a]++ })
	}
	for _, o := range k.Out {
		uses[o.Val]++
	}
	// turn negates a value in place if it is free to.
	var turn func(r Ref, depth int) bool
	turn = func(r Ref, depth int) bool {
		in := &b.code[r]
		if uses[r] != 1 || b.label[r] || depth > 20 {
			return false
		}
		switch in.Op {
		case Sub:
			in.A, in.B = in.B, in.A
			return true
		case Mul, Div:
			return turn(in.A, depth+1) || turn(in.B, depth+1)
		}
		return false
	}
	to := make([]Ref, len(b.code))
	for r := range b.code {
		to[r] = Ref(r)
	}
	some := false
	for r, in := range b.code {
		if in.Op == Neg && turn(in.A, 0) {
			to[r] = to[in.A]
			some = true
		}
	}
	if !some {
		return
	}
	for r := range b.code {
		b.code[r].rename(to)
	}
	k.rename(to)
}

// shareReciprocals divides once where several values have the same denominator, and
// multiplies by that: a division takes the time of four multiplications. The quotients
// may differ from those of single divisions in the last bit.
func (b *builder) shareReciprocals() {
	k := b.k
	count := make([]int32, len(b.code))
	some := false
	for _, in := range b.code {
		if in.Op == Div {
			if _, constant := b.value(in.B); !constant {
				count[in.B]++
				some = some || count[in.B] > 1
			}
		}
	}
	if !some {
		return
	}
	old := b.code
	b.code, b.table = nil, nil
	to := make([]Ref, len(old))
	for r, in := range old {
		in.rename(to)
		switch {
		case in.Op == Div && count[old[r].B] > 1:
			inverse := b.emit(Div, b.number(1), in.B)
			to[r] = inverse
			if v, ok := b.value(in.A); !ok || v != 1 {
				to[r] = b.emit(Mul, in.A, inverse)
			}
		case in.Op == Call:
			b.code = append(b.code, in)
			to[r] = Ref(len(b.code) - 1)
		default:
			to[r] = b.emit(in.Op, in.A, in.B, in.C)
		}
	}
	k.rename(to)
}

// rename gives arguments of calls, outputs and labels the values that came in place of theirs.
func (k *Kernel) rename(to []Ref) {
	for i, a := range k.Args {
		k.Args[i] = to[a]
	}
	for i := range k.Out {
		k.Out[i].Val = to[k.Out[i].Val]
	}
	for i := range k.Labels {
		k.Labels[i].Val = to[k.Labels[i].Val]
	}
}
