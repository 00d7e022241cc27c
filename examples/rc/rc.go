// Package rc charges a capacitor through a resistor: the smallest circuit built from
// components of the electrical library.
package rc

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// RC has a time constant of R*C = 0.1 s.
type RC struct {
	Source    electrical.ConstantVoltage
	Resistor  electrical.Resistor
	Capacitor electrical.Capacitor
	Ground    electrical.Ground
}

func (m *RC) Structure() {
	m.Source.V0 = 5
	m.Resistor.R = 100
	m.Capacitor.C = 1e-3
	Start(m.Capacitor.V, 0)
}

func (m *RC) Equations() {
	Connect(m.Source.P, m.Resistor.P)
	Connect(m.Resistor.N, m.Capacitor.P)
	Connect(m.Capacitor.N, m.Source.N, m.Ground.P)
}

// Experiment covers five time constants.
func (m *RC) Experiment() (start, stop float64) { return 0, 0.5 }
