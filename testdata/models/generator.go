package generator

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// Phase is a winding of a generator.
type Phase struct {
	E    electrical.SineVoltage
	L    electrical.Inductor
	R    electrical.Resistor
	P, N electrical.Pin
}

func (m *Phase) Structure() { m.E.Amplitude, m.E.F = 100, 50; m.L.L, m.R.R = 2e-3, 0.1 }
func (m *Phase) Equations() {
	Connect(m.N, m.E.N)
	Connect(m.E.P, m.L.P)
	Connect(m.L.N, m.R.P)
	Connect(m.R.N, m.P)
}

// Generator is a synchronous generator behind its reactance, with a bridge of six ideal diodes.
type Generator struct {
	Ph     [3]Phase
	Up, Dn [3]electrical.IdealDiode
	C      electrical.Capacitor
	Load   electrical.Resistor
	Lf     electrical.Inductor
	G      electrical.Ground
}

func (m *Generator) Structure() {
	m.C.C, m.Load.R, m.Lf.L = 1e-3, 10, 5e-3
	Start(m.C.V, 0)
	Start(m.Lf.I, 0)
	for i := range 3 {
		m.Ph[i].E.Phase = -2.0943951023931953 * Real(i)
	}
	Start(m.Ph[0].L.I, 0)
	Start(m.Ph[1].L.I, 0)
}
func (m *Generator) Equations() {
	Connect(m.Ph[0].N, m.Ph[1].N, m.Ph[2].N)
	for i := range 3 {
		Connect(m.Ph[i].P, m.Up[i].P, m.Dn[i].N)
		Connect(m.Up[i].N, m.Lf.P)
		Connect(m.Dn[i].P, m.G.P)
	}
	Connect(m.Lf.N, m.C.P, m.Load.P)
	Connect(m.G.P, m.C.N, m.Load.N)
}
func (m *Generator) Experiment() (a, b float64) { return 0, 0.2 }
