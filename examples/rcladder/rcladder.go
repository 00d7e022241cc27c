// Package rcladder is a chain of N resistors with a capacitor to ground behind each:
// the model of a diffusive line, and a family for measuring how a compiler scales.
package rcladder

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// RCLadder has N sections, each with R*C = 1 s by default.
type RCLadder struct {
	N      int `value:"10" desc:"number of sections"`
	Source electrical.ConstantVoltage
	R      []electrical.Resistor
	C      []electrical.Capacitor
	Ground electrical.Ground
}

func (m *RCLadder) Structure() {
	m.Source.V0 = 1
	m.R = make([]electrical.Resistor, m.N)
	m.C = make([]electrical.Capacitor, m.N)
	for i := range m.C {
		m.R[i].R = 1
		m.C[i].C = 1
		Start(m.C[i].V, 0)
	}
}

func (m *RCLadder) Equations() {
	Connect(m.Source.N, m.Ground.P)
	left := m.Source.P
	for i := range m.N {
		Connect(left, m.R[i].P)
		Connect(m.R[i].N, m.C[i].P)
		Connect(m.C[i].N, m.Ground.P)
		left = m.R[i].N
	}
}

// Experiment is the span in which the first sections charge.
func (m *RCLadder) Experiment() (start, stop float64) { return 0, 10 }
