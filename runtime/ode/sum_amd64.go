package ode

import (
	"unsafe"

	"github.com/mtkc/mtkc/runtime/cpu"
)

var vectors = cpu.AVX2

//go:noescape
func sumAVX(dst, x, v *float64, hv, h float64, a *float64, k **float64, m, n int)

// sumMany is sum for any number of pairs.
func (r *nystromRow) sumMany(dst, x, v []float64, hv, h float64) {
	n := len(dst)
	if !vectors || len(r.a) == 0 || n == 0 {
		r.sumGo(dst, x, v, hv, h)
		return
	}
	if x != nil && len(x) < n || v != nil && len(v) < n || r.n < n {
		panic("mtkc: bug: a sum over vectors that are too short")
	}
	sumAVX(unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(v), hv, h, &r.a[0], &r.p[0], len(r.a), n)
}

//go:noescape
func errorsAVX(ex, ev, atx, atv, x0, x1, v0, v1 *float64, rtol float64, n int) float64

// errorSquares is errorSquaresGo.
func errorSquares(ex, ev, atx, atv, x0, x1, v0, v1 []float64, rtol float64) float64 {
	n := len(ex)
	if !vectors || n == 0 {
		return errorSquaresGo(ex, ev, atx, atv, x0, x1, v0, v1, rtol)
	}
	_, _, _, _, _, _, _ = ev[n-1], atx[n-1], atv[n-1], x0[n-1], x1[n-1], v0[n-1], v1[n-1]
	return errorsAVX(&ex[0], &ev[0], &atx[0], &atv[0], &x0[0], &x1[0], &v0[0], &v1[0], rtol, n)
}
