//go:build linux && (amd64 || arm64)

package native

import (
	"runtime"
	"unsafe"
)

// Call calls a function of the form
//
//	void f(args *)
//
// for at most about 100 microseconds: neither the garbage collector nor the scheduler
// can interrupt it. args may lie anywhere, on the goroutine's stack too.
func (f *Func) Call(s *Stack, args unsafe.Pointer) {
	if s.top == 0 {
		panic(closedStack)
	}
	callArgs(f.entry, s.top, args)
	runtime.KeepAlive(f)
	runtime.KeepAlive(s)
}

// CallKernel calls a function of the form
//
//	void f(double t, double *u, double *p, double *out, double *w)
//
// for at most about 100 microseconds, as Call does. It is short enough for the compiler to put it into the function that calls it; f and
// s are arguments of the call and so alive meanwhile.
func (f *Func) CallKernel(s *Stack, t float64, u, p, out, w *float64) {
	if s.top == 0 {
		panic(closedStack)
	}
	callKernel(f, s, t, u, p, out, w)
}

// CallLong is Call for functions that may take longer: other goroutines and the garbage
// collector go on meanwhile, as they do during a system call. What args points to
// must not be moved or freed, which holds for variables of Go that the caller still
// uses; on the stack too.
func (f *Func) CallLong(s *Stack, args unsafe.Pointer) {
	if s.top == 0 {
		panic(closedStack)
	}
	callLong(f.entry, s.top, args)
	runtime.KeepAlive(f)
	runtime.KeepAlive(s)
}

// callLong must not grow its stack between entersyscall and exitsyscall.
//
//go:nosplit
func callLong(fn, sp uintptr, args unsafe.Pointer) {
	entersyscall()
	callArgs(fn, sp, args)
	exitsyscall()
}

//go:noescape
func callArgs(fn, sp uintptr, args unsafe.Pointer)

//go:noescape
func callKernel(f *Func, s *Stack, t float64, u, p, out, w *float64)

//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()
