package ode

import "math"

// An estimate of the error is relative to the new state, and sees what the stages see. A stage at which f is huge, such as an
// exponential out of its range, may put the state anywhere while it hardly counts in the estimate: next to the
// state that comes of it, the error is small.
const (
	leapGrow = 10.0 // growth that the slopes at both ends need not explain
	leapTol  = 1e3  // states of so many absolute tolerances are looked at
)

// leaps reports whether an entry of ws.UNew is far larger than that of ws.U and the slopes f0 and f1 at the ends of a step of
// length h make it. Such a step is made again: shorter ones go as far as the slope at their start.
func (ws *Workspace) leaps(h float64, f0, f1 []float64) bool {
	u, next := ws.U, ws.UNew[:len(ws.U)]
	for i, v := range next {
		if v = math.Abs(v); v > leapGrow*math.Abs(u[i]) && v > leapTol*ws.AbsTol[i] && ws.differential(i) &&
			v > leapGrow*(math.Abs(u[i])+math.Abs(h)*math.Max(math.Abs(f0[i]), math.Abs(f1[i]))) {
			return true
		}
	}
	return false
}
