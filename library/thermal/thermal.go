// Package thermal is a library of lumped heat transfer: heat capacities, conduction,
// convection and sources.
//
// Heat flows are positive into a component.
package thermal

import . "github.com/mtkc/mtkc/model"

// Port is a thermal connector.
type Port struct {
	T Real `unit:"K" desc:"temperature"`
	Q Flow `unit:"W" desc:"heat flow into the component"`
}

// Capacitor is a lump of uniform temperature.
type Capacitor struct {
	Port Port
	T    Real  `unit:"K" guess:"293.15"`
	C    Param `value:"1" unit:"J/K" desc:"heat capacity"`
}

func (c *Capacitor) Equations() {
	Eq(c.T, c.Port.T)
	Eq(c.C*Der(c.T), c.Port.Q)
}

// Element is the base of components between two ports that store no heat.
type Element struct {
	A, B Port
	DT   Real `unit:"K" desc:"A.T - B.T"`
	Q    Real `unit:"W" desc:"heat flow from A to B"`
}

func (c *Element) Equations() {
	Eq(c.DT, c.A.T-c.B.T)
	Eq(c.A.Q, c.Q)
	Eq(c.B.Q, -c.Q)
}

// Conductor is Q = G*DT.
type Conductor struct {
	Element
	G Param `value:"1" unit:"W/K" desc:"thermal conductance"`
}

func (c *Conductor) Equations() {
	c.Element.Equations()
	Eq(c.Q, c.G*c.DT)
}

// Convection is Q = H*Area*DT between a solid (A) and a fluid (B).
type Convection struct {
	Element
	H    Param `value:"10" unit:"W/(m2.K)" desc:"heat transfer coefficient"`
	Area Param `value:"1" unit:"m2"`
}

func (c *Convection) Equations() {
	c.Element.Equations()
	Eq(c.Q, c.H*c.Area*c.DT)
}

// FixedTemperature is a reservoir.
type FixedTemperature struct {
	Port Port
	T0   Param `value:"293.15" unit:"K"`
}

func (c *FixedTemperature) Equations() { Eq(c.Port.T, c.T0) }

// FixedHeatFlow is a source of Q0 into whatever it is connected to.
type FixedHeatFlow struct {
	Port Port
	Q0   Param `value:"0" unit:"W"`
}

func (c *FixedHeatFlow) Equations() { Eq(c.Port.Q, -c.Q0) }

// HeatSource is a source controlled by a signal.
type HeatSource struct {
	Port Port
	U    Input `unit:"W"`
}

func (c *HeatSource) Equations() { Eq(c.Port.Q, -c.U) }

// Radiation is Q = Gr*sigma*(A.T^4 - B.T^4).
type Radiation struct {
	Element
	Gr    Param `value:"1" unit:"m2" desc:"net radiation area"`
	Sigma Const `value:"5.670374419e-8" unit:"W/(m2.K4)" desc:"constant of Stefan and Boltzmann (CODATA 2018)"`
}

func (c *Radiation) Equations() {
	c.Element.Equations()
	Eq(c.Q, c.Gr*c.Sigma*(Pow(c.A.T, 4)-Pow(c.B.T, 4)))
}

// TemperatureSensor measures the temperature of a port and takes no heat.
type TemperatureSensor struct {
	Port Port
	T    Output `unit:"K"`
}

func (s *TemperatureSensor) Equations() {
	Eq(s.T, s.Port.T)
	Eq(s.Port.Q, 0)
}
