//go:build !amd64

package ode

func combine(dst, src []float64, stride int, c []float64, extra []float64, ce float64) {
	combineGo(dst, src, stride, c, extra, ce)
}

func weights(dst, u, abs []float64, rel float64) { weightsGo(dst, u, abs, rel) }

func correct(y, d, w []float64) (sum, bad float64) { return correctGo(y, d, w) }
