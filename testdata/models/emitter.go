package emitter

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// Emitter is a common emitter stage.
type Emitter struct {
	Vcc                electrical.ConstantVoltage
	In                 electrical.SineVoltage
	Q                  electrical.NPN
	R1, R2, Rc, Re, Rl electrical.Resistor
	C1, C2, Ce         electrical.Capacitor
	G                  electrical.Ground
}

func (m *Emitter) Structure() {
	m.Vcc.V0 = 12
	m.In.Amplitude, m.In.F = 0.01, 1000
	m.R1.R, m.R2.R, m.Rc.R, m.Re.R, m.Rl.R = 47e3, 10e3, 4.7e3, 1e3, 10e3
	m.C1.C, m.C2.C, m.Ce.C = 1e-6, 1e-6, 1e-4
}
func (m *Emitter) Equations() {
	Connect(m.In.P, m.C1.P)
	Connect(m.C1.N, m.R1.N, m.R2.P, m.Q.B)
	Connect(m.Vcc.P, m.R1.P, m.Rc.P)
	Connect(m.Rc.N, m.Q.C, m.C2.P)
	Connect(m.Q.E, m.Re.P, m.Ce.P)
	Connect(m.C2.N, m.Rl.P)
	Connect(m.G.P, m.Vcc.N, m.In.N, m.R2.N, m.Re.N, m.Ce.N, m.Rl.N)
	Initial(Der(m.C1.V), 0)
	Initial(Der(m.C2.V), 0)
	Initial(Der(m.Ce.V), 0)
	Initial(Der(m.Q.VBC), 0)
}
func (m *Emitter) Experiment() (a, b float64) { return 0, 0.01 }
