//go:build linux && go1.26 && !go1.27

package native

import "unsafe"

// A call from Go to assembly goes through a wrapper of the compiler, which writes all arguments to the stack for the
// assembly to read them again; that takes longer than a small kernel does. So a kernel is called as a closure whose code is
// an assembly routine that takes the arguments from the registers in which Go passes them.
//
// These registers are those of Go's internal ABI (cmd/compile/abi-internal.md), which may change with each version of Go; the build
// tags name the versions that have been looked at, and TestKernel fails on others as a reminder. Elsewhere kernels
// are called by way of the wrapper.

const direct = true

// closure is laid out as the compiler does it: the code, then what the code reads. It holds what a call uses, so that
// it lives as long.
type closure struct {
	code    uintptr
	entry   uintptr
	n       int
	np      int
	main    int
	w       *float64
	stack   *Stack
	checked func(t float64, u, p, out []float64) // is called instead where an array is short or the stack closed
	f       *Func
}

// closureOf returns a function that does what checked does.
func closureOf(f *Func, s *Stack, n, np, main int, w *float64, checked func(t float64, u, p, out []float64)) func(t float64, u, p, out []float64) {
	c := &closure{kernelCode(), f.entry, n, np, main, w, s, checked, f}
	return *(*func(t float64, u, p, out []float64))(unsafe.Pointer(&c))
}

// kernelCode is the address of the routine.
func kernelCode() uintptr
