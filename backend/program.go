// Package backend holds the lowered program: what a plan computes, as typed
// straight-line kernels that every back end (vm, Go source, native code) translates
// in its own way.
//
// In: a structural.Plan. Out: a Program, which names nothing of the compiler's
// symbolic stages any more except through texts for messages. Kernels are in static
// single assignment form with common subexpressions shared and dead code absent. The
// same plan gives the same program, to the bit.
//
// The order of operations is fixed here, for all back ends. A sum starts with its
// constant, if there is one, and adds the terms in the order of expr.Pool.Args, a
// coefficient being multiplied to its term first (coefficients 1 and -1 add and
// subtract). A product multiplies its numerators from left to right, its denominators
// from left to right, and divides once; a coefficient before a product that is only a
// denominator is its numerator. Integer powers are chains of squarings and
// multiplications, x^n = (x^(n/2))^2 for even n and x^(n-1)*x for odd n; half-integer
// powers are x^m*sqrt(x). Nothing is fused or reassociated, but negations move into
// differences, and a sum subtracts c*x, where that is computed anyway, instead of adding -c*x, which is exact. (The sign of a zero sum is not promised.)
//
// Kernels of large models are rolled: terms of one shape become loops over tables of
// indices (see roll.go). There the terms of a sum come in the order of the first
// instance of the shape, and a sum of many terms is a tree of partial sums.
package backend

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Program is a model ready for a back end.
type Program struct {
	// Meta has all of the problem but its functions: sizes, names, defaults, patterns.
	// Meta.Equation is set. Its slices must not be changed.
	Meta ode.Problem

	NDiff int // the first NDiff rows of RHS are derivatives, the others residuals

	RHS           *Kernel     // t, u, p -> du
	Jac           *Kernel     // t, u, p -> values in the order of Meta.Jac
	TGrad         *Kernel     // t, u, p -> df/dt
	Linear        *Kernel     // p -> values in the order of Meta.Linear; nil where f has no linear part, or algebraic rows
	Noise         *Kernel     // t, u, p -> entries of the matrix of the noises in the order of Meta.Noise.Matrix; nil without noise
	NoiseJac      *Kernel     // t, u, p -> their derivatives in the order of Meta.Noise.Reads; nil where there are none
	Lifted        *InitKernel // the algebraic part as a block in w, see ode.Problem.Lifted; nil: there is none
	Invariants    *Kernel     // t, u, p -> g; nil without invariants
	InvariantJac  *Kernel     // in the order of Meta.InvJac
	Crossings     *Kernel     // t, u, p -> indicators
	TimeEvents    *Kernel     // p -> instants
	Update        *Kernel     // t, u, p -> unew (Main), pnew (Memory), code; what is not written is copied
	Assert        *Kernel     // t, u, p -> code
	Guards        *Kernel     // p -> term and size of each guard without parameter
	Rates         *Kernel     // p -> angular frequencies of the sines of time; nil where there are none
	Bind          *Kernel     // p, w = set flags -> p (Memory)
	Init          []InitKernel
	Observed      *Kernel // t, u, p -> every observable of kind ode.Eliminated, at Slot
	ObservedSlot  []int32 // by observable: index into the outputs of Observed, -1 for the others
	ObservedCount int
	Jumps         *JumpKernels // nil: nothing happens at random instants

	Funcs []*expr.Func // of Call

	// Source describes equation eq of the model, as Label.Eq counts, for comments:
	// position, text and component.
	Source func(eq int) string
}

// InitKernel is a block of the initialization; see ode.InitKernel.
type InitKernel struct {
	Eval *Kernel // t, w, p -> w (Memory), residuals (Main)
	Jac  *Kernel // nil for a block without iteration variables
}

// Ref is a value of a kernel: the index of the instruction that computes it.
type Ref = int32

// None is no value.
const None Ref = -1

// Instr is an operation on earlier values; see the operations for A, B and C.
type Instr struct {
	Op      Op
	A, B, C int32
}

// Space is one of the arrays that a kernel writes.
type Space uint8

const (
	Main    Space = iota // du, vals, g, out, r, unew
	Memory               // w of initialization blocks; p of Bind; pnew of Update
	Code                 // one number: k+1 for action k, 0 for none
	Scratch              // values that pass between the steps of a kernel
)

// String is the name of the space in dumps.
func (s Space) String() string { return [...]string{"out", "mem", "code", "s"}[s] }

// Output is a result: Space[Index] = Val.
type Output struct {
	Space Space
	Index int32
	Val   Ref
}

// Label says what a value is in the model.
type Label struct {
	Val  Ref
	Name string // the variable, or d(x)/d(y)
	Eq   int32  // the equation it was solved from, index into the model's equations; -1
}

// Kernel is a function in static single assignment form: straight-line code, or, where
// many equations have the same shape, a sequence of steps, loops among them.
type Kernel struct {
	Name   string
	Code   []Instr
	Consts []float64
	Args   []Ref    // operands of calls
	Out    []Output // by increasing Val, so that results can be stored early

	Steps   []Step // run in order; then there is no code and no output besides theirs
	Scratch int    // length of the array that passes values between the steps

	// Zero: entries of Main that no output writes are 0. Without it they are left alone
	// (or, in Update, copied).
	Zero   bool
	Labels []Label // by increasing Val
}

// Ops is the number of instructions that compute something: the length of the code,
// in which a loop counts once.
func (k *Kernel) Ops() int {
	n := 0
	for _, in := range k.Code {
		if !in.Op.Input() {
			n++
		}
	}
	for i := range k.Steps {
		n += k.Steps[i].Body.Ops()
	}
	return n
}

// Work is the number of operations that a run of the kernel executes.
func (k *Kernel) Work() int {
	if len(k.Steps) == 0 {
		return k.Ops()
	}
	n := 0
	for i := range k.Steps {
		n += k.Steps[i].Body.Ops() * max(k.Steps[i].N, 1)
	}
	return n
}

// Operands calls f for the values that an instruction reads.
func (k *Kernel) Operands(in Instr, f func(Ref)) {
	if in.Op == Call {
		for _, a := range k.Args[in.B : in.B+in.C] {
			f(a)
		}
		return
	}
	switch in.Op.Arity() {
	case 3:
		f(in.A)
		f(in.B)
		f(in.C)
	case 2:
		f(in.A)
		f(in.B)
	case 1:
		f(in.A)
	}
}

// rename replaces the operands of an operation other than a call by to of them.
func (in *Instr) rename(to []Ref) {
	switch n := in.Op.Arity(); {
	case n > 2:
		in.C = to[in.C]
		fallthrough
	case n > 1:
		in.B = to[in.B]
		fallthrough
	case n > 0:
		in.A = to[in.A]
	}
}

// Slice returns the kernel that computes only the given entries of Main: entry which[i]
// becomes Main[i].
func (k *Kernel) Slice(which []int) *Kernel {
	if len(k.Steps) > 0 {
		return k.sliceSteps(which)
	}
	at := make(map[int32]Ref, len(which))
	for _, o := range k.Out {
		if o.Space == Main {
			at[o.Index] = o.Val
		}
	}
	s := &Kernel{Name: k.Name, Consts: k.Consts, Args: k.Args, Code: k.Code, Labels: k.Labels}
	for i, w := range which {
		s.Out = append(s.Out, Output{Main, int32(i), at[int32(w)]})
	}
	return s.live()
}

// live returns k without the instructions that no output needs, outputs in order.
func (k *Kernel) live() *Kernel {
	code := k.Code
	need := make([]bool, len(code))
	for _, o := range k.Out {
		need[o.Val] = true
	}
	for r := len(code) - 1; r >= 0; r-- {
		if need[r] {
			k.Operands(code[r], func(a Ref) { need[a] = true })
		}
	}
	s := &Kernel{Name: k.Name, Consts: k.Consts, Zero: k.Zero}
	to := make([]Ref, len(code))
	out := make([]Instr, 0, len(code))
	for r, in := range code {
		if !need[r] {
			continue
		}
		if in.Op == Call {
			at := int32(len(s.Args))
			for _, a := range k.Args[in.B : in.B+in.C] {
				s.Args = append(s.Args, to[a])
			}
			in.B = at
		} else {
			in.rename(to)
		}
		to[r] = Ref(len(out))
		out = append(out, in)
	}
	s.Code = out
	for _, o := range k.Out {
		s.Out = append(s.Out, Output{o.Space, o.Index, to[o.Val]})
	}
	slices.SortFunc(s.Out, func(a, b Output) int {
		return cmp.Or(cmp.Compare(a.Val, b.Val), cmp.Compare(a.Space, b.Space), cmp.Compare(a.Index, b.Index))
	})
	for _, l := range k.Labels {
		if need[l.Val] {
			s.Labels = append(s.Labels, Label{to[l.Val], l.Name, l.Eq})
		}
	}
	return s
}

// String prints the kernel, one instruction a line, for dumps and tests.
func (k *Kernel) String() string {
	var b strings.Builder
	label := map[Ref]string{}
	for _, l := range k.Labels {
		label[l.Val] = l.Name
	}
	fmt.Fprintf(&b, "kernel %s\n", k.Name)
	for i := range k.Steps {
		k.Steps[i].write(&b)
	}
	for r, in := range k.Code {
		fmt.Fprintf(&b, "  %%%d = %s", r, in.Op)
		switch {
		case in.Op == Const:
			fmt.Fprintf(&b, " %v", k.Consts[in.A])
		case in.Op == Time:
		case in.Op.Input():
			fmt.Fprintf(&b, "[%d]", in.A)
		case in.Op == Call:
			fmt.Fprintf(&b, " f%d", in.A)
			fallthrough
		default:
			k.Operands(in, func(a Ref) { fmt.Fprintf(&b, " %%%d", a) })
		}
		if l := label[Ref(r)]; l != "" {
			fmt.Fprintf(&b, "  ; %s", l)
		}
		b.WriteByte('\n')
	}
	for _, o := range k.Out {
		fmt.Fprintf(&b, "  %s[%d] = %%%d\n", o.Space, o.Index, o.Val)
	}
	return b.String()
}
