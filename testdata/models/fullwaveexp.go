package fullwaveexp

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// FullWaveExp is a bridge of ideal diodes with a smoothing capacitor.
type FullWaveExp struct {
	Source         electrical.SineVoltage
	D1, D2, D3, D4 electrical.Diode
	C              electrical.Capacitor
	R              electrical.Resistor
	Rs             electrical.Resistor
	G              electrical.Ground
}

func (m *FullWaveExp) Structure() {
	m.Source.Amplitude, m.Source.F = 10, 50
	m.C.C, m.R.R, m.Rs.R = 1e-3, 100, 0.5
	Start(m.C.V, 0)
}
func (m *FullWaveExp) Equations() {
	Connect(m.Source.P, m.Rs.P)
	Connect(m.Rs.N, m.D1.P, m.D2.N)
	Connect(m.Source.N, m.D3.P, m.D4.N)
	Connect(m.D1.N, m.D3.N, m.C.P, m.R.P)
	Connect(m.D2.P, m.D4.P, m.C.N, m.R.N, m.G.P)
}
func (m *FullWaveExp) Experiment() (a, b float64) { return 0, 0.1 }
