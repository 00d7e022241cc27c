package astable

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type Astable struct {
	Vcc                electrical.ConstantVoltage
	Q1, Q2             electrical.NPN
	Rc1, Rc2, Rb1, Rb2 electrical.Resistor
	C1, C2             electrical.Capacitor
	G                  electrical.Ground
}

func (m *Astable) Structure() {
	m.Vcc.V0 = 5
	m.Rc1.R, m.Rc2.R, m.Rb1.R, m.Rb2.R = 1e3, 1e3, 47e3, 47e3
	m.C1.C, m.C2.C = 1e-8, 1e-8
	Start(m.C1.V, 0)
	Start(m.C2.V, 3)
	for _, q := range []*electrical.NPN{&m.Q1, &m.Q2} {
		q.CBE, q.CBC = 1e-11, 5e-12
	}
}
func (m *Astable) Equations() {
	Connect(m.Vcc.P, m.Rc1.P, m.Rc2.P, m.Rb1.P, m.Rb2.P)
	Connect(m.Rc1.N, m.Q1.C, m.C1.P)
	Connect(m.Rc2.N, m.Q2.C, m.C2.P)
	Connect(m.C1.N, m.Rb2.N, m.Q2.B)
	Connect(m.C2.N, m.Rb1.N, m.Q1.B)
	Connect(m.G.P, m.Vcc.N, m.Q1.E, m.Q2.E)
}
func (m *Astable) Experiment() (a, b float64) { return 0, 5e-3 }
