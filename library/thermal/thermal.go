// Package thermal holds components of lumped heat transfer: a port carries a
// temperature and a heat flow, positive into the component.
package thermal

import . "github.com/mtkc/mtkc/model"

// Port is a place at which heat flows.
type Port struct {
	T Real `unit:"K" nominal:"300" desc:"temperature"`
	Q Flow `unit:"W" desc:"heat flow into the component"`
}

// Element is the base of components between two ports that store no heat. Q flows
// from A to B.
type Element struct {
	A, B Port
	DT   Real `unit:"K" desc:"temperature difference from A to B"`
	Q    Real `unit:"W" desc:"heat flow from A to B"`
}

func (e *Element) Equations() {
	Eq(e.DT, e.A.T-e.B.T)
	Eq(e.A.Q, e.Q)
	Eq(e.B.Q, -e.Q)
}

// Capacity stores heat.
type Capacity struct {
	P Port
	T Real  `unit:"K" nominal:"300" guess:"293.15" state:"prefer" desc:"temperature"`
	C Param `value:"1000" unit:"J/K" min:"0" desc:"heat capacity"`
}

func (c *Capacity) Equations() {
	Eq(c.T, c.P.T)
	Eq(c.C*Der(c.T), c.P.Q)
}

// Conductor conducts heat.
type Conductor struct {
	Element
	G Param `value:"1" unit:"W/K" min:"0" desc:"conductance"`
}

func (c *Conductor) Equations() {
	c.Element.Equations()
	Eq(c.Q, c.G*c.DT)
}

// Radiation exchanges heat by radiation.
type Radiation struct {
	Element
	Gr    Param `value:"1" unit:"m2" min:"0" desc:"net radiation area"`
	Sigma Const `value:"5.670374419e-8" unit:"W/(m2.K4)" desc:"constant of Stefan and Boltzmann"`
}

func (r *Radiation) Equations() {
	r.Element.Equations()
	Eq(r.Q, r.Gr*r.Sigma*(Pow(r.A.T, 4)-Pow(r.B.T, 4)))
}

// FixedTemperature holds a port at a temperature.
type FixedTemperature struct {
	P  Port
	T0 Param `value:"293.15" unit:"K" desc:"temperature"`
}

func (f *FixedTemperature) Equations() { Eq(f.P.T, f.T0) }

// FixedHeatFlow sends a constant heat flow into what its port is connected with.
type FixedHeatFlow struct {
	P  Port
	Q0 Param `value:"0" unit:"W" desc:"heat flow out of the port"`
}

func (f *FixedHeatFlow) Equations() { Eq(f.P.Q, -f.Q0) }

// HeatFlow sends the heat flow of a signal into what its port is connected with.
type HeatFlow struct {
	P Port
	U Input `unit:"W" desc:"heat flow out of the port"`
}

func (h *HeatFlow) Equations() { Eq(h.P.Q, -h.U) }

// Sensor measures a temperature.
type Sensor struct {
	P Port
	T Output `unit:"K" desc:"temperature"`
}

func (s *Sensor) Equations() {
	Eq(s.T, s.P.T)
	Eq(s.P.Q, 0)
}
