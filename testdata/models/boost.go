package boost

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type Boost struct {
	V    electrical.ConstantVoltage
	S    electrical.Switch
	D    electrical.IdealDiode
	L    electrical.Inductor
	C    electrical.Capacitor
	R    electrical.Resistor
	G    electrical.Ground
	On   Real
	T1   Discrete `init:"0"`
	T0   Param    `value:"1e-4" unit:"s"`
	Duty Param    `value:"0.5"`
}

func (m *Boost) Structure() {
	m.V.V0 = 12
	m.L.L, m.C.C, m.R.R = 1e-3, 1e-4, 20
	Start(m.L.I, 0)
	Start(m.C.V, 0)
}
func (m *Boost) Equations() {
	Connect(m.V.P, m.L.P)
	Connect(m.L.N, m.S.P, m.D.P)
	Connect(m.D.N, m.C.P, m.R.P)
	Connect(m.V.N, m.S.N, m.C.N, m.R.N, m.G.P)
	Every(m.T0, func() { Set(m.T1, Time()) })
	Eq(m.On, If(Time() < m.T1+m.Duty*m.T0, 1, 0))
	Eq(m.S.Closed, m.On)
}
func (m *Boost) Experiment() (a, b float64) { return 0, 0.02 }
