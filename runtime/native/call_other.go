//go:build !linux || !(amd64 || arm64)

package native

import "unsafe"

// Call calls a function of the form void f(args *). There is no Func on this platform.
func (f *Func) Call(s *Stack, args unsafe.Pointer) { panic(noFunc) }

// CallKernel calls a function of the form
// void f(double t, double *u, double *p, double *out, double *w). There is no Func on
// this platform.
func (f *Func) CallKernel(s *Stack, t float64, u, p, out, w *float64) { panic(noFunc) }

// CallLong is Call for long calls. There is no Func on this platform.
func (f *Func) CallLong(s *Stack, args unsafe.Pointer) { panic(noFunc) }

const noFunc = "mtkc: bug: a native function is called on a platform that cannot load one"
