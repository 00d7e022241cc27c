// Package elementary writes the elementary functions as kernels over base operations.
//
// In: an operation of package backend, or a kernel that has some of them. Out: a kernel of
// base operations alone (backend.Op.Base), without branches but for large angles: the same kernel runs in the scalar
// machine, in lanes, as vectors and on a GPU, with the same bits everywhere.
//
// Every function is within 2 units in the last place of the exact value (docs/elementary.md
// has what was measured, and the number of operations of each) and has the special values of
// package math, except that the remainder of x/y is exact for |x/y| < 2^53 alone; beyond that it is 0 with the sign of x.
//
// The programs of the sine, cosine and tangent end with an operation that has another program for |x| >= 2^45 (far.go):
// machines that run many values at a time branch to it where one of them is that large.
// A result that is not a number may have any sign and payload.
package elementary

import (
	"fmt"
	"sync"

	"github.com/mtkc/mtkc/backend"
)

//go:generate go run ./gen

// function is the table entry of an operation.
type function struct {
	op    backend.Op
	write func(b *program, x, y ref) ref
}

// functions are the operations that are not base operations.
var functions = []function{
	{backend.Pow, (*program).pow},
	{backend.Sin, unary((*program).sin)},
	{backend.Cos, unary((*program).cos)},
	{backend.Tan, unary((*program).tan)},
	{backend.Asin, unary((*program).asin)},
	{backend.Acos, unary((*program).acos)},
	{backend.Atan, unary((*program).atan)},
	{backend.Sinh, unary((*program).sinh)},
	{backend.Cosh, unary((*program).cosh)},
	{backend.Tanh, unary((*program).tanh)},
	{backend.Asinh, unary((*program).asinh)},
	{backend.Acosh, unary((*program).acosh)},
	{backend.Atanh, unary((*program).atanh)},
	{backend.Exp, unary((*program).exp)},
	{backend.Log, unary((*program).log)},
	{backend.Log10, unary((*program).log10)},
	{backend.Sign, unary((*program).signum)},
	{backend.Atan2, (*program).atan2},
	{backend.Mod, (*program).mod},
	{backend.Rem, (*program).rem},
	{backend.Quo, (*program).quo},
}

func unary(f func(b *program, x ref) ref) func(b *program, x, y ref) ref {
	return func(b *program, x, _ ref) ref { return f(b, x) }
}

// kernels are the programs by operation.
var kernels = sync.OnceValue(func() (k [backend.NumOps]*backend.Kernel) {
	for _, f := range functions {
		b := &program{backend.NewBuilder(f.op.String())}
		x, y := b.Input(backend.U, 0), backend.None
		if f.op.Arity() == 2 {
			y = b.Input(backend.U, 1)
		}
		b.Output(backend.Main, 0, f.write(b, x, y))
		k[f.op] = b.Finish()
	}
	return k
})

// Program is the kernel of an operation, which must not be a base operation: it reads its
// operands as U[0] and U[1] and writes Main[0]. It must not be changed.
func Program(op backend.Op) *backend.Kernel {
	k := kernels()[op]
	if k == nil {
		panic(fmt.Sprintf("mtkc: bug: no program for %s", op))
	}
	return k
}

// Lower returns the kernel with programs in place of all operations that are not base operations,
// with its outputs and labels; k itself if it has none. Operations that appear in several programs,
// such as those of the sine and the cosine of the same value, are shared, and what a constant operand decides
// is left out.
func Lower(k *backend.Kernel) *backend.Kernel {
	if len(k.Steps) > 0 {
		low := *k
		low.Steps = append([]backend.Step(nil), k.Steps...)
		some := false
		for i := range low.Steps {
			s := &low.Steps[i]
			s.Body = Lower(s.Body)
			some = some || s.Body != k.Steps[i].Body
		}
		if !some {
			return k
		}
		return &low
	}
	some := false
	for _, in := range k.Code {
		some = some || !in.Op.Base()
	}
	if !some {
		return k
	}
	b := newFolder(k.Name)
	val := make([]ref, len(k.Code))
	for r, in := range k.Code {
		switch {
		case in.Op == backend.Const:
			val[r] = b.number(k.Consts[in.A])
		case in.Op.Input():
			val[r] = b.Input(in.Op, in.A)
		case in.Op == backend.Call:
			val[r] = b.Call(in.A, operands(k, in, val))
		case in.Op.Shift():
			val[r] = b.Emit(in.Op, val[in.A], in.B)
		case in.Op.Base():
			val[r] = b.Emit(in.Op, operands(k, in, val)...)
		default:
			val[r] = b.inline(Program(in.Op), operands(k, in, val))
		}
	}
	for _, o := range k.Out {
		b.Output(o.Space, int(o.Index), val[o.Val])
	}
	for _, l := range k.Labels {
		b.Label(val[l.Val], l.Name, int(l.Eq))
	}
	low := b.Finish()
	low.Zero = k.Zero
	return low
}
