//go:build !linux || !amd64 || !go1.26 || go1.27

package native

const direct = false // kernels are called by way of the compiler's wrapper

func closureOf(_ *Func, _ *Stack, _, _, _ int, _ *float64, checked func(t float64, u, p, out []float64)) func(t float64, u, p, out []float64) {
	return checked
}
