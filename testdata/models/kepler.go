package kepler

import (
	. "github.com/mtkc/mtkc/model"
)

// Kepler is a satellite with a burn at apogee.
type Kepler struct {
	X     Real     `init:"1"`
	Y     Real     `init:"0"`
	VX    Real     `init:"0"`
	VY    Real     `init:"1.2"`
	Burns Discrete `init:"0"`
	A     Real
}

func (m *Kepler) Equations() {
	r := Sqrt(m.X*m.X + m.Y*m.Y)
	Eq(Der(m.X), m.VX)
	Eq(Der(m.Y), m.VY)
	Eq(Der(m.VX), -m.X/(r*r*r))
	Eq(Der(m.VY), -m.Y/(r*r*r))
	Eq(m.A, 1/(2/r-m.VX*m.VX-m.VY*m.VY))
	When(m.X*m.VX+m.Y*m.VY < 0 && Pre(m.Burns) < 0.5, func() {
		k := Sqrt(1/r) / Sqrt(m.VX*m.VX+m.VY*m.VY)
		Reinit(m.VX, k*m.VX)
		Reinit(m.VY, k*m.VY)
		Set(m.Burns, 1)
	})
}
func (m *Kepler) Experiment() (a, b float64) { return 0, 40 }
