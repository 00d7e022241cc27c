package ode

import "math"

// The passes over all states that a step of a multistep method makes, in plain Go; on amd64
// with AVX2, from many states on, four at a time, with fused products, so that results differ by
// rounding.

func combineGo(dst, src []float64, stride int, c []float64, extra []float64, ce float64) {
	extra = extra[:len(dst)]
	for i := range dst {
		s := ce * extra[i]
		for k, v := range c {
			s += v * src[k*stride+i]
		}
		dst[i] = s
	}
}

func weightsGo(dst, u, abs []float64, rel float64) {
	u, abs = u[:len(dst)], abs[:len(dst)]
	for i := range dst {
		dst[i] = 1 / (abs[i] + rel*math.Abs(u[i]))
	}
}

func correctGo(y, d, w []float64) (sum, bad float64) {
	d, w = d[:len(y)], w[:len(y)]
	for i, v := range d {
		x := v * w[i]
		sum += x * x
		v += y[i]
		y[i] = v
		bad += v * 0
	}
	return sum, bad
}
