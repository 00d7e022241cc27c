// Package langevin is a particle on a spring in a liquid, whose molecules push it at random: white noise drives
// a component through its connector.
package langevin

import (
	"github.com/mtkc/mtkc/library/translational"
	. "github.com/mtkc/mtkc/model"
)

// Langevin starts at rest. In the long run spring and particle have the energy KT/2 each on average: friction
// takes as much as the noise brings (the fluctuation-dissipation theorem).
type Langevin struct {
	KT Param `value:"2" unit:"J" desc:"Boltzmann's constant times temperature"`

	Particle translational.Mass
	Spring   translational.Spring
	Friction translational.Damper
	Kicks    translational.Force
	Wall     translational.Fixed
}

func (l *Langevin) Structure() {
	l.Particle.M, l.Spring.C, l.Friction.D = 0.5, 3, 1.5
	Start(l.Particle.S, 0)
	Start(l.Particle.V, 0)
}

func (l *Langevin) Equations() {
	Connect(l.Wall.Flange, l.Spring.A, l.Friction.A)
	Connect(l.Spring.B, l.Friction.B, l.Particle.A, l.Kicks.Flange)
	Eq(l.Kicks.U, Sqrt(2*l.Friction.D*l.KT)*Noise())
}

// Experiment covers some forty relaxation times.
func (l *Langevin) Experiment() (start, stop float64) { return 0, 25 }

// Shaken is a pendulum of length L whose pivot is shaken at random, up and down: the noise acts on the angle through the
// state, and more strongly the further the pendulum is from its lower rest.
type Shaken struct {
	Phi Real `init:"1" unit:"rad" desc:"angle from the lower rest"`
	W   Real `init:"0" unit:"rad/s"`

	L Param `value:"1" unit:"m"`
	G Param `value:"9.81" unit:"m/s2"`
	D Param `value:"0.2" unit:"1/s" desc:"friction per moment of inertia"`
	S Param `value:"2" desc:"intensity of the acceleration of the pivot, in m/s2 for a root of a second"`
}

func (p *Shaken) Equations() {
	Eq(Der(p.Phi), p.W)
	Eq(Der(p.W), -(p.G+p.S*StratonovichNoise())/p.L*Sin(p.Phi)-p.D*p.W)
}

func (p *Shaken) Experiment() (start, stop float64) { return 0, 20 }
