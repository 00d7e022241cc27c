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
	have   map[Instr]Ref
	consts map[uint64]int32
	label  map[Ref]bool
}

func newBuilder(name string) *builder {
	return &builder{k: &Kernel{Name: name}, have: map[Instr]Ref{}, consts: map[uint64]int32{}, label: map[Ref]bool{}}
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
	if r, ok := b.have[in]; ok {
		return r
	}
	r := Ref(len(b.code))
	b.code = append(b.code, in)
	b.have[in] = r
	return r
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
	k := b.k
	k.Blocks = []Block{{Code: b.code}}
	slices.SortFunc(k.Labels, func(a, b Label) int { return cmp.Compare(a.Val, b.Val) })
	return k.live()
}
