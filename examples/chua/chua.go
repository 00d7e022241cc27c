// Package chua is Chua's circuit: the simplest electronic circuit that behaves
// chaotically. Units are ns, V and A as in the usual normalisation.
package chua

import (
	"github.com/mtkc/mtkc/library/electrical"
	. "github.com/mtkc/mtkc/model"
)

// NonlinearResistor is Chua's diode: a piecewise linear, active one-port with slope
// Ga inside -Ve..Ve and Gb outside.
type NonlinearResistor struct {
	electrical.OnePort
	Ga Param `value:"-0.757576"`
	Gb Param `value:"-0.409091"`
	Ve Param `value:"1"`
}

func (r *NonlinearResistor) Equations() {
	r.OnePort.Equations()
	Eq(r.I, If(r.V < -r.Ve, r.Gb*(r.V+r.Ve)-r.Ga*r.Ve,
		If(r.V > r.Ve, r.Gb*(r.V-r.Ve)+r.Ga*r.Ve, r.Ga*r.V)))
}

// Chua is the circuit: an inductor with its loss resistance, two capacitors coupled
// by a conductor, and the diode.
type Chua struct {
	L      electrical.Inductor
	Ro     electrical.Resistor
	G      electrical.Conductor
	C1, C2 electrical.Capacitor
	Nr     NonlinearResistor
	Gnd    electrical.Ground
}

func (m *Chua) Structure() {
	m.L.L = 18
	m.Ro.R = 12.5e-3
	m.G.G = 0.565
	m.C1.C = 10
	m.C2.C = 100
	Start(m.L.I, 0)
	Start(m.C1.V, 4)
	Start(m.C2.V, 0)
}

func (m *Chua) Equations() {
	Connect(m.L.N, m.Ro.P)
	Connect(m.C2.P, m.G.P, m.L.P)
	Connect(m.Nr.P, m.G.N, m.C1.P)
	Connect(m.Ro.N, m.C2.N, m.C1.N, m.Nr.N, m.Gnd.P)
}

// Experiment covers many turns of the double scroll.
func (m *Chua) Experiment() (start, stop float64) { return 0, 20000 }
