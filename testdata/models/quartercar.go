package quartercar

import (
	"github.com/mtkc/mtkc/library/translational"
	. "github.com/mtkc/mtkc/model"
)

type QuarterCar struct {
	Road        translational.Fixed
	Wheel, Body translational.Mass
	Tyre        translational.Contact
	Susp        translational.SpringDamper
	Bump        Real
}

func (m *QuarterCar) Structure() {
	m.Wheel.M, m.Body.M = 40, 300
	m.Wheel.G, m.Body.G = -9.81, -9.81
	m.Tyre.C, m.Tyre.D = 2e5, 100
	m.Susp.C, m.Susp.D = 2e4, 1500
	m.Tyre.S0, m.Susp.S0 = 0.3, 0.5
	Initial0(m)
}
func Initial0(m *QuarterCar) {
	Start(m.Wheel.S, 0.3)
	Start(m.Wheel.V, 0)
	Start(m.Body.S, 0.8)
	Start(m.Body.V, 0)
}
func (m *QuarterCar) Equations() {
	Eq(m.Bump, If(Time() > 2 && Time() < 2.1, 0.05, 0))
	Connect(m.Road.Flange, m.Tyre.A)
	Connect(m.Tyre.B, m.Wheel.A)
	Connect(m.Wheel.B, m.Susp.A)
	Connect(m.Susp.B, m.Body.A)
}
func (m *QuarterCar) Experiment() (a, b float64) { return 0, 5 }
