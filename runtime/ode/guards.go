package ode

import "math"

// unguarded is the text of the first of p.Guards that does not hold, "" if all do.
func (p *Problem) unguarded(k *Kernels, params []float64) string {
	var g []float64
	at := 0
	for i := range p.Guards {
		q := &p.Guards[i]
		if q.Param >= 0 {
			if params[q.Param] == 0 {
				return q.Text
			}
			continue
		}
		if g == nil {
			n := 0
			for j := range p.Guards {
				if p.Guards[j].Param < 0 {
					n += 2
				}
			}
			g = make([]float64, n)
			k.Guards(params, g)
		}
		x, size := g[at], g[at+1]
		at += 2
		// Rounding of the sum.
		if zero := math.Abs(x) <= 1e-12*size; zero != q.Zero || math.IsNaN(x) {
			return q.Text
		}
	}
	return ""
}
