package ode

//go:noescape
func threeAVX(y, y1, y0, f *float64, l, k, m float64, n int)

//go:noescape
func fiveAVX(y, y1, u, f, f0 *float64, c *[5]float64, n int)

// threeTerms writes l*y1 - k*y0 + m*f to y; y may be y0.
func threeTerms(y, y1, y0, f []float64, l, k, m float64) {
	n := len(y)
	y1, y0, f = y1[:n], y0[:n], f[:n]
	if whole := n &^ 7; vectors && whole > 0 {
		threeAVX(&y[0], &y1[0], &y0[0], &f[0], l, k, m, whole)
		y, y1, y0, f = y[whole:], y1[whole:], y0[whole:], f[whole:]
	}
	threeTermsGo(y, y1, y0, f, l, k, m)
}

// fiveTerms writes c0 u + c1 y1 + c2 y + c3 f + c4 f0 to y.
func fiveTerms(y, y1, u, f, f0 []float64, c *[5]float64) {
	n := len(y)
	y1, u, f, f0 = y1[:n], u[:n], f[:n], f0[:n]
	if whole := n &^ 7; vectors && whole > 0 {
		fiveAVX(&y[0], &y1[0], &u[0], &f[0], &f0[0], c, whole)
		y, y1, u, f, f0 = y[whole:], y1[whole:], u[whole:], f[whole:], f0[whole:]
	}
	fiveTermsGo(y, y1, u, f, f0, c)
}
