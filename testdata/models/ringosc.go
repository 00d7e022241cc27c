package ringosc

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

type Inverter struct {
	In, Out, Vdd, Gnd electrical.Pin
	P                 electrical.PMOS
	N                 electrical.NMOS
	C                 electrical.Capacitor
}

func (m *Inverter) Structure() { m.C.C = 1e-12 }
func (m *Inverter) Equations() {
	Connect(m.In, m.P.G, m.N.G)
	Connect(m.Out, m.P.D, m.N.D, m.C.P)
	Connect(m.Vdd, m.P.S)
	Connect(m.Gnd, m.N.S, m.C.N)
}

type RingOsc struct {
	Inv [5]Inverter
	V   electrical.ConstantVoltage
	G   electrical.Ground
}

func (m *RingOsc) Structure() {
	m.V.V0 = 5
	for i := range m.Inv {
		Start(m.Inv[i].C.V, Real(i))
	}
}
func (m *RingOsc) Equations() {
	Connect(m.V.N, m.G.P)
	for i := range m.Inv {
		Connect(m.Inv[i].Vdd, m.V.P)
		Connect(m.Inv[i].Gnd, m.G.P)
		Connect(m.Inv[i].Out, m.Inv[(i+1)%5].In)
	}
}
func (m *RingOsc) Experiment() (a, b float64) { return 0, 5e-8 }
