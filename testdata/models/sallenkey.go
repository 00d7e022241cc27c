package sallenkey

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type SallenKey struct {
	In     electrical.StepVoltage
	R1, R2 electrical.Resistor
	C1, C2 electrical.Capacitor
	A      electrical.IdealOpAmp
	G      electrical.Ground
}

func (m *SallenKey) Structure() {
	m.In.T0 = 1e-4
	m.R1.R, m.R2.R = 1e4, 1e4
	m.C1.C, m.C2.C = 2e-8, 1e-8
	Start(m.C1.V, 0)
	Start(m.C2.V, 0)
}
func (m *SallenKey) Equations() {
	Connect(m.In.P, m.R1.P)
	Connect(m.R1.N, m.R2.P, m.C1.P)
	Connect(m.R2.N, m.C2.P, m.A.InP)
	Connect(m.C1.N, m.A.Out, m.A.InN)
	Connect(m.G.P, m.In.N, m.C2.N)
}
func (m *SallenKey) Experiment() (a, b float64) { return 0, 2e-3 }
