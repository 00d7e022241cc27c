// Package embedded runs the machine code that a generated Go package carries: kernels of a
// model, and fused run loops for ensembles.
//
// In: what mtkc compile --embed-native has written, addresses and sizes of functions that Go's linker
// has put into the program as assembly. Out: kernels and engines. Results are those of the Go source
// beside it, to the last bit. The functions run on a stack of their own, see package native.
package embedded

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/runloop"
)

// Code is the machine code of a model for some processors. The zero value is that of a model
// without any for this one.
type Code struct {
	Name string  // of the instructions that it needs: "AVX2"; "": there is no code
	Made string  // what made it: "LLVM 15.0.6"
	Base uintptr // its address, a multiple of Align

	N, NP   int // states and entries of p of the model
	Kernels []Kernel
	Loops   []Loop
}

// Align is what the address of code is a multiple of: a line of the cache, and the largest vector.
const Align = 64

// Part says which of the kernels of package ode a function is.
type Part int

// The parts, with the names that package ode has for them.
const (
	RHS Part = iota
	Jac
	TGrad
	Linear
	Invariants
	InvariantJac
	Crossings
	Noise
	NoiseJac
)

var partNames = [...]string{"RHS", "Jac", "TGrad", "Linear", "Invariants", "InvariantJac", "Crossings", "Noise", "NoiseJac"}

func (p Part) String() string { return partNames[p] }

// Kernel is a function of the form
//
//	void f(double t, const double *u, const double *p, double *out, double *w)
//
// or, where it is long, of the form void f(const struct {double t; double *u, *p, *out, *w;} *).
type Kernel struct {
	Part    Part
	Entry   uintptr // from Base
	Out     int     // length of its result
	Scratch int     // length of w
	Long    bool    // it may take more than 100 microseconds
}

// Loop is a run loop: see package runloop, which has more on the fields.
type Loop struct {
	Method  string
	Dense   bool
	Entry   uintptr // from Base
	Slots   int
	Lanes   int
	Scratch int
}

// usable reports whether there is code that can run.
func (c *Code) usable() bool {
	return c.Name != "" && c.Base%Align == 0 && native.Supported() == nil
}

// Use returns the kernels of package ode with the code in place of those that it has; the others
// are those of the source. They have a stack and scratch memory of their own. Where there is no
// code, or no memory for a stack, it returns source.
func (c *Code) Use(source *ode.Kernels) *ode.Kernels {
	if !c.usable() || len(c.Kernels) == 0 {
		return source
	}
	stack, err := native.NewStack()
	if err != nil {
		return source // the source needs no stack
	}
	scratch := 0
	for i := range c.Kernels {
		scratch = max(scratch, c.Kernels[i].Scratch)
	}
	w := make([]float64, scratch)
	k := *source
	for i := range c.Kernels {
		f := c.state(&c.Kernels[i], stack, w)
		switch c.Kernels[i].Part {
		case RHS:
			k.RHS = f
		case Jac:
			k.Jac = f
		case TGrad:
			k.TGrad = f
		case Linear:
			u := make([]float64, c.N)
			k.Linear = func(p, vals []float64) { f(0, u, p, vals) }
		case Invariants:
			k.Invariants = f
		case InvariantJac:
			k.InvariantJac = f
		case Crossings:
			k.Crossings = f
		case Noise:
			k.Noise = f
		case NoiseJac:
			k.NoiseJac = f
		}
	}
	return &k
}

// longArgs are the arguments of a long kernel.
type longArgs struct {
	t            float64
	u, p, out, w *float64
}

// state is a kernel as a function of Go. The lengths are checked: the code checks nothing.
func (c *Code) state(k *Kernel, stack *native.Stack, work []float64) func(t float64, u, p, out []float64) {
	n, np, main := c.N, c.NP, k.Out
	w := unsafe.SliceData(work)
	f := native.Linked(k.Part.String(), c.Base+k.Entry)
	if k.Long {
		return func(t float64, u, p, out []float64) {
			args := longArgs{t, unsafe.SliceData(u[:n]), unsafe.SliceData(p[:np]), unsafe.SliceData(out[:main]), w}
			f.CallLong(stack, unsafe.Pointer(&args))
		}
	}
	return f.Kernel(stack, n, np, main, w)
}

// Methods lists the methods of the run loops, in their order.
func (c *Code) Methods() []string {
	var list []string
	for i := range c.Loops {
		if m := c.Loops[i].Method; !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// Engine makes an engine for an ensemble of runs of p, a problem of the model, with these options. The
// method is Options.Solver; where that leaves the choice open, it is the first that there is. The
// error is an *ensemble.Unfit where there is no code for this processor or this method, which lets package
// ensemble integrate one by one, or the system's refusal to give memory.
func (c *Code) Engine(p *ode.Problem, opt *ode.Options) (ensemble.Engine, error) {
	if !c.usable() {
		return nil, &ensemble.Unfit{Why: "the program has no machine code for this processor"}
	}
	if p.N() != c.N || len(p.P) != c.NP {
		return nil, &ensemble.Unfit{Why: fmt.Sprintf("the machine code is of a model with %d states and %d parameters, the problem has %d and %d", c.N, c.NP, p.N(), len(p.P))}
	}
	methods := c.Methods()
	method := opt.Solver
	if (method == "" || slices.Contains(ode.Choices(), strings.ToLower(method))) && len(methods) > 0 {
		method = methods[0]
	}
	saves := !opt.FinalOnly && (opt.SaveAt != nil || opt.Steps > 0)
	at := slices.IndexFunc(c.Loops, func(l Loop) bool { return strings.EqualFold(l.Method, method) && l.Dense == saves })
	if at < 0 {
		at = slices.IndexFunc(c.Loops, func(l Loop) bool { return strings.EqualFold(l.Method, method) && l.Dense })
	}
	if at < 0 {
		have := "none"
		if len(methods) > 0 {
			have = strings.Join(methods, ", ")
		}
		return nil, &ensemble.Unfit{Why: fmt.Sprintf("the program has no machine code of the method %s; it has %s", method, have)}
	}
	l := &c.Loops[at]
	loop := runloop.Loop{
		Method: l.Method, Dense: l.Dense, N: c.N, NP: c.NP, Slots: l.Slots, Lanes: l.Lanes, Scratch: l.Scratch,
		Made: c.Name + " code by " + c.Made, Code: native.Linked(l.Method, c.Base+l.Entry),
	}
	eng, err := loop.Engine(runloop.SettingsOf(p, opt))
	if err != nil {
		return nil, err
	}
	return eng, nil
}
