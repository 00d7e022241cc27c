package phasecontrol

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type PhaseControl struct {
	V electrical.SineVoltage
	T electrical.Thyristor
	R electrical.Resistor
	L electrical.Inductor
	G electrical.Ground
}

func (m *PhaseControl) Structure() {
	m.V.Amplitude, m.V.F = 325, 50
	m.R.R, m.L.L = 10, 0.01
	Start(m.L.I, 0)
}
func (m *PhaseControl) Equations() {
	s := Mod(Time(), 0.02)
	Eq(m.T.Fire, If(s > 0.003 && s < 0.0035, 1, 0))
	Connect(m.V.P, m.T.P)
	Connect(m.T.N, m.R.P)
	Connect(m.R.N, m.L.P)
	Connect(m.L.N, m.V.N, m.G.P)
}
func (m *PhaseControl) Experiment() (a, b float64) { return 0, 0.1 }
