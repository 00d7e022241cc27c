package native

import "unsafe"

// Kernel is the function as one of Go, for the functions that CallKernel calls: it checks that u, p and out have at least n, np and main
// numbers, and calls with w, which may be nil. Calls are as short as those of CallKernel must be, and one at a time, as they
// share s and w.
func (f *Func) Kernel(s *Stack, n, np, main int, w *float64) func(t float64, u, p, out []float64) {
	checked := func(t float64, u, p, out []float64) {
		f.CallKernel(s, t, unsafe.SliceData(u[:n]), unsafe.SliceData(p[:np]), unsafe.SliceData(out[:main]), w)
	}
	return closureOf(f, s, n, np, main, w, checked)
}
