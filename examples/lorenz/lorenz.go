// Package lorenz is the Lorenz system of 1963: three equations, two wings.
package lorenz

import . "github.com/mtkc/mtkc/model"

// Lorenz is a truncated model of convection between two plates.
type Lorenz struct {
	X Real `init:"1" desc:"intensity of convection"`
	Y Real `init:"0" desc:"temperature difference of rising and falling currents"`
	Z Real `init:"0" desc:"distortion of the vertical temperature profile"`

	Sigma Param `value:"10" desc:"Prandtl number"`
	Rho   Param `value:"28" desc:"Rayleigh number over its critical value"`
	Beta  Param `value:"8.0/3" desc:"aspect ratio"`
}

func (m *Lorenz) Equations() {
	Eq(Der(m.X), m.Sigma*(m.Y-m.X))
	Eq(Der(m.Y), m.X*(m.Rho-m.Z)-m.Y)
	Eq(Der(m.Z), m.X*m.Y-m.Beta*m.Z)
}

// Experiment is the span that shows both wings.
func (m *Lorenz) Experiment() (start, stop float64) { return 0, 30 }
