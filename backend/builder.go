package backend

import (
	"cmp"
	"math"
	"slices"
)

// Builder makes a kernel: an instruction that exists already is not made again.
type Builder struct {
	k      *Kernel
	code   []Instr
	table  []Ref // open addressing over code: index plus 1, 0 is empty
	consts map[uint64]int32
	label  map[Ref]bool

	quotients bool // Options.Quotients
}

// NewBuilder starts a kernel.
func NewBuilder(name string) *Builder {
	return &Builder{k: &Kernel{Name: name}, consts: map[uint64]int32{}, label: map[Ref]bool{}}
}

// Emit adds an operation on earlier values. Of a shift the second argument is the number of bits.
func (b *Builder) Emit(op Op, args ...int32) Ref {
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

func (b *Builder) grow() {
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

// Number is a constant. Numbers are equal if their bits are.
func (b *Builder) Number(v float64) Ref {
	bits := math.Float64bits(v)
	i, ok := b.consts[bits]
	if !ok {
		i = int32(len(b.k.Consts))
		b.k.Consts = append(b.k.Consts, v)
		b.consts[bits] = i
	}
	return b.Emit(Const, i)
}

// Input reads an argument of the kernel.
func (b *Builder) Input(op Op, index int32) Ref {
	if op == Time {
		return b.Emit(Time)
	}
	return b.Emit(op, index)
}

// value returns the number of a constant value.
func (b *Builder) value(r Ref) (float64, bool) {
	if in := b.code[r]; in.Op == Const {
		return b.k.Consts[in.A], true
	}
	return 0, false
}

func (b *Builder) neg(a Ref) Ref {
	if v, ok := b.value(a); ok {
		return b.Number(-v)
	}
	if in := b.code[a]; in.Op == Neg {
		return in.A
	}
	return b.Emit(Neg, a)
}

// power is x^n for n >= 1.
func (b *Builder) power(x Ref, n int64) Ref {
	switch {
	case n == 1:
		return x
	case n%2 == 0:
		h := b.power(x, n/2)
		return b.Emit(Mul, h, h)
	}
	return b.Emit(Mul, b.power(x, n-1), x)
}

// Call applies function f. Calls are not shared: equal calls are equal terms already.
func (b *Builder) Call(f int32, args []Ref) Ref {
	at := int32(len(b.k.Args))
	b.k.Args = append(b.k.Args, args...)
	b.code = append(b.code, Instr{Call, f, at, int32(len(args))})
	return Ref(len(b.code) - 1)
}

// Label names a value, the first name wins. Inputs and numbers keep theirs. eq is the equation
// it was solved from, as in the type Label.
func (b *Builder) Label(r Ref, name string, eq int) {
	if b.code[r].Op.Input() || b.label[r] {
		return
	}
	b.label[r] = true
	b.k.Labels = append(b.k.Labels, Label{r, name, int32(eq)})
}

// Output says that an entry of a space is val. An entry is written once.
func (b *Builder) Output(s Space, index int, val Ref) {
	b.k.Out = append(b.k.Out, Output{s, int32(index), val})
}

// Inline adds the operations of a straight-line kernel, without its outputs and labels. input
// gives the values of its inputs other than numbers, and val the values of its instructions,
// those of k in their order.
func (b *Builder) Inline(k *Kernel, input func(op Op, index int32) Ref) (val []Ref) {
	if len(k.Steps) > 0 {
		panic("mtkc: bug: a kernel with steps is inlined")
	}
	val = make([]Ref, len(k.Code))
	for r, in := range k.Code {
		switch {
		case in.Op == Const:
			val[r] = b.Number(k.Consts[in.A])
		case in.Op.Input():
			val[r] = input(in.Op, in.A)
		case in.Op == Call:
			args := make([]Ref, in.C)
			for i, a := range k.Args[in.B : in.B+in.C] {
				args[i] = val[a]
			}
			val[r] = b.Call(in.A, args)
		default:
			in.rename(val)
			val[r] = b.Emit(in.Op, in.A, in.B, in.C)
		}
	}
	return val
}

// Finish returns the kernel: what has been emitted and is needed by an output, as it was
// emitted.
func (b *Builder) Finish() *Kernel {
	k := b.k
	k.Code = b.code
	slices.SortFunc(k.Labels, func(a, b Label) int { return cmp.Compare(a.Val, b.Val) })
	return k.live()
}

// simplified is Finish after rewriting opposite products, negations and quotients.
func (b *Builder) simplified() *Kernel {
	b.shareOpposites()
	b.turnSigns()
	if !b.quotients {
		b.shareReciprocals()
	}
	return b.Finish()
}

// shareOpposites computes c*x once where -c*x is needed too, as the rate of a reaction by what it consumes and what it makes. Sums
// add the one and subtract the other, which is the same to the last bit.
func (b *Builder) shareOpposites() {
	k := b.k
	type product struct {
		c uint64 // bits of the coefficient
		x Ref
	}
	scaled := func(r Ref) (c float64, x Ref, ok bool) {
		in := b.code[r]
		if in.Op != Mul {
			return 0, 0, false
		}
		if c, ok = b.value(in.A); ok {
			return c, in.B, true
		}
		c, ok = b.value(in.B)
		return c, in.A, ok
	}
	of := map[product]Ref{} // products with coefficients below 0
	for r := range b.code {
		if c, x, ok := scaled(Ref(r)); ok && c < 0 {
			of[product{math.Float64bits(-c), x}] = Ref(r)
		}
	}
	if len(of) == 0 {
		return
	}
	both := make([]bool, len(b.code)) // the product and its opposite are there
	some := false
	for r := range b.code {
		if c, x, ok := scaled(Ref(r)); ok && c > 0 {
			if n, ok := of[product{math.Float64bits(c), x}]; ok {
				both[r], both[n], some = true, true, true
			}
		}
	}
	if !some {
		return
	}
	old := b.code
	b.code, b.table = nil, nil
	to := make([]Ref, len(old))
	minus := make([]Ref, len(old)) // what a value is the opposite of, None: it is no such value
	for r, in := range old {
		a, c := in.A, in.B // operands before they are renamed
		in.rename(to)
		minus[r] = None
		if both[r] {
			x, v := c, old[a]
			if v.Op != Const {
				x, v = a, old[c]
			}
			coefficient := k.Consts[v.A]
			to[r] = b.Emit(Mul, b.Number(math.Abs(coefficient)), to[x])
			if coefficient < 0 {
				minus[r] = to[r]
				to[r] = b.Emit(Neg, to[r])
			}
			continue
		}
		switch {
		case in.Op == Add && minus[c] != None:
			to[r] = b.Emit(Sub, in.A, minus[c])
		case in.Op == Add && minus[a] != None:
			to[r] = b.Emit(Sub, in.B, minus[a])
		case in.Op == Sub && minus[c] != None:
			to[r] = b.Emit(Add, in.A, minus[c])
		default:
			to[r] = b.again(in)
		}
	}
	k.rename(to)
	// Values that have become one keep the first name.
	b.label = map[Ref]bool{}
	k.Labels = slices.DeleteFunc(k.Labels, func(l Label) bool {
		twice := b.label[l.Val]
		b.label[l.Val] = true
		return twice
	})
}

// turnSigns removes negations by exchanging the operands of a difference: -(x - y) is
// y - x and -((x - y)/z) is (y - x)/z to the last bit (up to the sign of zero).
func (b *Builder) turnSigns() {
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
func (b *Builder) shareReciprocals() {
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
			inverse := b.Emit(Div, b.Number(1), in.B)
			to[r] = inverse
			if v, ok := b.value(in.A); !ok || v != 1 {
				to[r] = b.Emit(Mul, in.A, inverse)
			}
		default:
			to[r] = b.again(in)
		}
	}
	k.rename(to)
}

// again emits an instruction of other code whose operands have their new names.
func (b *Builder) again(in Instr) Ref {
	if in.Op == Call {
		b.code = append(b.code, in)
		return Ref(len(b.code) - 1)
	}
	return b.Emit(in.Op, in.A, in.B, in.C)
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
