// Package bouncingball drops a ball on the floor: an event that reinitialises a state.
package bouncingball

import . "github.com/mtkc/mtkc/model"

// BouncingBall loses 1-E of its speed at each bounce. The bounces accumulate at
// t = sqrt(2*h0/g)*(1+E)/(1-E) = 2.56 s; below the speed VMin the ball stays down.
type BouncingBall struct {
	H      Real     `init:"1" unit:"m" desc:"height"`
	V      Real     `init:"0" unit:"m/s" desc:"velocity, upwards"`
	Flying Discrete `init:"1" desc:"1 until the ball comes to rest"`

	G    Param `value:"9.81" unit:"m/s2"`
	E    Param `value:"0.7" desc:"coefficient of restitution"`
	VMin Param `value:"1e-3" unit:"m/s" desc:"speed below which a bounce is the last one"`
}

func (b *BouncingBall) Equations() {
	Eq(Der(b.H), b.V)
	Eq(Der(b.V), -b.G*b.Flying)
	When(b.H <= 0, func() {
		Reinit(b.V, If(-Pre(b.V) < b.VMin, 0, -b.E*Pre(b.V)))
		Set(b.Flying, If(-Pre(b.V) < b.VMin, 0, 1))
	})
}

// Experiment ends after the ball has come to rest.
func (b *BouncingBall) Experiment() (start, stop float64) { return 0, 3 }
