//go:build !amd64

package ode

// sumMany is sum for any number of pairs.
func (r *nystromRow) sumMany(dst, x, v []float64, hv, h float64) { r.sumGo(dst, x, v, hv, h) }

// errorSquares is errorSquaresGo.
func errorSquares(ex, ev, atx, atv, x0, x1, v0, v1 []float64, rtol float64) float64 {
	return errorSquaresGo(ex, ev, atx, atv, x0, x1, v0, v1, rtol)
}
