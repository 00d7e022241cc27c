package fuse

import (
	"slices"

	"github.com/mtkc/mtkc/backend"
)

// contract returns a kernel in which a product that is added to another value, or
// subtracted, or from which one is subtracted, is one fused multiply-add: one rounding less, and
// one operation. Differences of two products stay as they are: fused they would not vanish where
// the products are equal.
func contract(k *backend.Kernel) *backend.Kernel {
	if len(k.Steps) > 0 {
		c := *k
		c.Steps = slices.Clone(k.Steps)
		for i := range c.Steps {
			c.Steps[i].Body = contract(k.Steps[i].Body)
		}
		return &c
	}
	uses := make([]int, len(k.Code))
	for _, in := range k.Code {
		k.Operands(in, func(a backend.Ref) { uses[a]++ })
	}
	for _, o := range k.Out {
		uses[o.Val]++
	}
	b := backend.NewBuilder(k.Name)
	val := make([]backend.Ref, len(k.Code))
	product := func(a backend.Ref) bool { return k.Code[a].Op == backend.Mul && uses[a] == 1 }
	for r, in := range k.Code {
		fused := (in.Op == backend.Add || in.Op == backend.Sub) && product(in.A) != product(in.B)
		switch {
		case in.Op == backend.Const:
			val[r] = b.Number(k.Consts[in.A])
		case in.Op.Input():
			val[r] = b.Input(in.Op, in.A)
		case in.Op == backend.Call:
			args := make([]backend.Ref, in.C)
			for i, a := range k.Args[in.B : in.B+in.C] {
				args[i] = val[a]
			}
			val[r] = b.Call(in.A, args)
		case fused && product(in.A):
			m, c := k.Code[in.A], val[in.B]
			if in.Op == backend.Sub {
				c = b.Emit(backend.Neg, c)
			}
			val[r] = b.Emit(backend.FMA, val[m.A], val[m.B], c)
		case fused:
			m := k.Code[in.B]
			a := val[m.A]
			if in.Op == backend.Sub {
				a = b.Emit(backend.Neg, a)
			}
			val[r] = b.Emit(backend.FMA, a, val[m.B], val[in.A])
		default:
			arg := []int32{in.A, in.B, in.C}
			for i := range in.Op.Arity() {
				arg[i] = val[arg[i]]
			}
			n := in.Op.Arity()
			if in.Op.Shift() {
				n++
			}
			val[r] = b.Emit(in.Op, arg[:n]...)
		}
	}
	for _, o := range k.Out {
		b.Output(o.Space, int(o.Index), val[o.Val])
	}
	return b.Finish()
}
