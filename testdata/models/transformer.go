package transformer

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type TransformerTest struct {
	V     electrical.SineVoltage
	T     electrical.Transformer
	R, Rs electrical.Resistor
	G     electrical.Ground
}

func (m *TransformerTest) Structure() {
	m.V.Amplitude, m.V.F = 10, 50
	m.R.R, m.Rs.R = 10, 1
	m.T.L1, m.T.L2, m.T.M = 0.1, 0.025, 0.049
	Start(m.T.I1, 0)
	Start(m.T.I2, 0)
}
func (m *TransformerTest) Equations() {
	Connect(m.V.P, m.Rs.P)
	Connect(m.Rs.N, m.T.P1)
	Connect(m.T.P2, m.R.P)
	Connect(m.G.P, m.V.N, m.T.N1, m.T.N2, m.R.N)
}
func (m *TransformerTest) Experiment() (a, b float64) { return 0, 0.1 }
