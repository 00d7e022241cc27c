// Package thermalfluid is a heating network: hot water comes through an insulated pipe, heats
// cold water in a counter-current heat exchanger and leaves through another pipe. Everything
// is made of components of N segments, the family on which compilers of models are
// measured (as RC ladder is for circuits).
package thermalfluid

import (
	"github.com/mtkc/mtkc/library/fluid"
	. "github.com/mtkc/mtkc/model"
)

// ThermalFluid has three pipes and a heat exchanger of N segments each; the hot water gets
// 40 K hotter at the time T0.
type ThermalFluid struct {
	N int `value:"10" desc:"segments of each pipe"`

	Hot    fluid.SignalSource
	Supply fluid.Pipe
	HX     fluid.HeatExchanger
	Return fluid.Pipe
	Valve  fluid.Valve
	Drain  fluid.Source

	Cold   fluid.MassFlow
	Outlet fluid.Pipe
	Tap    fluid.Source

	Air1, Air2, Air3 fluid.Ambient

	T0 Param `value:"60" unit:"s" desc:"when the hot water gets hotter"`
}

func (m *ThermalFluid) Structure() {
	m.Hot.P0 = 1.5e5
	m.HX.N = m.N
	for _, p := range []*fluid.Pipe{&m.Supply, &m.Return, &m.Outlet} {
		p.N = m.N
		p.L = 100
	}
	for _, a := range []*fluid.Ambient{&m.Air1, &m.Air2, &m.Air3} {
		a.N = m.N
	}
	m.Cold.M0, m.Cold.T0 = 0.5, 283.15
}

func (m *ThermalFluid) Equations() {
	Eq(m.Hot.T, 313.15+If(Time() >= m.T0, 40, 0))
	Connect(m.Hot.Port, m.Supply.A)
	Connect(m.Supply.B, m.HX.A1)
	Connect(m.HX.B1, m.Return.A)
	Connect(m.Return.B, m.Valve.A)
	Connect(m.Valve.B, m.Drain.Port)
	Connect(m.Cold.Port, m.HX.A2)
	Connect(m.HX.B2, m.Outlet.A)
	Connect(m.Outlet.B, m.Tap.Port)
	Connect(m.Supply.Out, m.Air1.Ports)
	Connect(m.Return.Out, m.Air2.Ports)
	Connect(m.Outlet.Out, m.Air3.Ports)
}

// Experiment covers the passage of the front through the network.
func (m *ThermalFluid) Experiment() (start, stop float64) { return 0, 1000 }
