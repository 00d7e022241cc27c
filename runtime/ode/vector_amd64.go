package ode

import "unsafe"

//go:noescape
func combineAVX(dst, src, extra, c *float64, ce float64, stride, m, n int)

//go:noescape
func weightsAVX(dst, u, abs *float64, rel float64, n int)

//go:noescape
func correctAVX(y, d, w *float64, n int) (sum, bad float64)

// combine writes ce*extra + sum_k c[k]*src_k to dst, where src_k begins at src[k*stride] and is as
// long as dst. dst may be extra or one of the src_k.
func combine(dst, src []float64, stride int, c []float64, extra []float64, ce float64) {
	n := len(dst)
	_, _ = src[(len(c)-1)*stride+n-1], extra[n-1]
	if m := n &^ 3; vectors && n >= many {
		combineAVX(unsafe.SliceData(dst), unsafe.SliceData(src), unsafe.SliceData(extra), unsafe.SliceData(c), ce, 8*stride, len(c), m)
		if m == n {
			return
		}
		dst, src, extra = dst[m:], src[m:], extra[m:]
	}
	combineGo(dst, src, stride, c, extra, ce)
}

// weights writes 1/(abs + rel*|u|) to dst.
func weights(dst, u, abs []float64, rel float64) {
	n := len(dst)
	u, abs = u[:n], abs[:n]
	if m := n &^ 3; vectors && n >= many {
		weightsAVX(unsafe.SliceData(dst), unsafe.SliceData(u), unsafe.SliceData(abs), rel, m)
		dst, u, abs = dst[m:], u[m:], abs[m:]
	}
	weightsGo(dst, u, abs, rel)
}

// correct adds d to y. It returns the sum of the squares of d*w, and 0, or NaN where y is not
// finite.
func correct(y, d, w []float64) (sum, bad float64) {
	n := len(y)
	d, w = d[:n], w[:n]
	m := n &^ 3
	if !vectors || n < many {
		return correctGo(y, d, w)
	}
	sum, bad = correctAVX(unsafe.SliceData(y), unsafe.SliceData(d), unsafe.SliceData(w), m)
	s, b := correctGo(y[m:], d[m:], w[m:])
	return sum + s, bad + b
}
