package ode

import (
	"context"
	"math"
	"testing"
)

// The levels of the bootstrap from exact data at both ends: x' within a step is of order 5,
// 7, 9, 11, 13 in the step, x one order higher.
func TestBirkhoffLevels(t *testing.T) {
	ws := newWorkspace(context.Background(), springs(1), springs(1).NewKernels(), nil, 0, 1)
	pairs := newPairing(&Second{X: []int32{0}, V: []int32{1}})
	exact := func(t float64) []float64 { return []float64{math.Exp(-2 * t), -2 * math.Exp(-2*t)} }
	ws.K.RHS = func(t float64, u, _, du []float64) { du[0], du[1] = u[1], 4*u[0] }
	for level := range levels {
		d := newSecondDense(ws, pairs, []int{4, 7, 9, 10, 12}[level])
		var ex, ev [2]float64
		h := 1.2
		for k := range ex {
			h /= 1.5
			u0, u1 := exact(0.3), exact(0.3+h)
			d.begin(0.3, h, 1, u0, []float64{4 * u0[0]}, u1, []float64{4 * u1[0]})
			for i := range 50 {
				theta := (float64(i) + 0.5) / 50
				u := make([]float64, 2)
				d.at(theta, u)
				w := exact(0.3 + theta*h)
				ex[k], ev[k] = max(ex[k], math.Abs(u[0]-w[0])), max(ev[k], math.Abs(u[1]-w[1]))
			}
		}
		sx, sv := math.Log(ex[0]/ex[1])/math.Log(1.5), math.Log(ev[0]/ev[1])/math.Log(1.5)
		// Two steps that differ by a factor of 1.5 do not show the limit: a margin of 0.7.
		if want := float64(6 + 2*level); sx < want-0.7 || sv < want-1.7 || sx > want+1 {
			t.Errorf("level %d: orders %.2f of x, %.2f of v, want %g, %g", level, sx, sv, want, want-1)
		}
		t.Logf("level %d: %.2g %.2g, %.2g %.2g: %.2f, %.2f", level, ex[0], ex[1], ev[0], ev[1], sx, sv)
	}
}
