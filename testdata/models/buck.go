package buck

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type Buck struct {
	V    electrical.ConstantVoltage
	S    electrical.Switch
	D    electrical.IdealDiode
	L    electrical.Inductor
	C    electrical.Capacitor
	R    electrical.Resistor
	G    electrical.Ground
	T0   Param `value:"1e-4" unit:"s"`
	Duty Param `value:"0.4"`
}

func (m *Buck) Structure() {
	m.V.V0 = 12
	m.L.L, m.C.C, m.R.R = 1e-3, 1e-4, 4
	Start(m.L.I, 0)
	Start(m.C.V, 0)
}
func (m *Buck) Equations() {
	Connect(m.V.P, m.S.P)
	Connect(m.S.N, m.D.N, m.L.P)
	Connect(m.L.N, m.C.P, m.R.P)
	Connect(m.V.N, m.D.P, m.C.N, m.R.N, m.G.P)
	Eq(m.S.Closed, If(Mod(Time(), m.T0) < m.Duty*m.T0, 1, 0))
}
func (m *Buck) Experiment() (a, b float64) { return 0, 0.02 }
