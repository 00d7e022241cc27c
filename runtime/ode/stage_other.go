//go:build !amd64

package ode

// threeTerms is threeTermsGo.
func threeTerms(y, y1, y0, f []float64, l, k, m float64) { threeTermsGo(y, y1, y0, f, l, k, m) }

// fiveTerms is fiveTermsGo.
func fiveTerms(y, y1, u, f, f0 []float64, c *[5]float64) { fiveTermsGo(y, y1, u, f, f0, c) }
