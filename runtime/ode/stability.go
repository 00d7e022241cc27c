package ode

import "math"

// realBound is the largest z with |R(-x)| <= 1 for all 0 <= x <= z, R being the
// stability polynomial of the table.
func realBound(a [][]float64, b []float64) float64 {
	k := make([]float64, len(b))
	r := func(z float64) float64 {
		u := 1.0
		for i := range k {
			y := 1.0
			for j, v := range a[i] {
				y += v * k[j]
			}
			k[i] = z * y
			u += b[i] * k[i]
		}
		return math.Abs(u)
	}
	// Away from 0, where |R| leaves 1 by less than rounding.
	lo := 0.1
	for r(-lo-0.05) <= 1 && lo < 1e4 {
		lo += 0.05
	}
	hi := lo + 0.05
	for range 40 {
		mid := (lo + hi) / 2
		if r(-mid) <= 1 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
