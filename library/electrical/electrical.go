// Package electrical holds components of electrical circuits: a pin carries a
// potential and a current, positive into the component.
package electrical

import . "github.com/mtkc/mtkc/model"

// Pin is a terminal.
type Pin struct {
	V Real `unit:"V" desc:"potential"`
	I Flow `unit:"A" desc:"current into the component"`
}

// OnePort is the base of components with two pins. V is the voltage from P to N and
// I the current from P through the component to N.
type OnePort struct {
	P, N Pin
	V    Real `unit:"V" desc:"voltage from P to N"`
	I    Real `unit:"A" desc:"current from P to N"`
}

func (c *OnePort) Equations() {
	Eq(c.V, c.P.V-c.N.V)
	Eq(0, c.P.I+c.N.I)
	Eq(c.I, c.P.I)
}

// Ground defines the potential 0. Every circuit needs one.
type Ground struct {
	P Pin
}

func (g *Ground) Equations() { Eq(g.P.V, 0) }

// Resistor is a linear resistor.
type Resistor struct {
	OnePort
	R Param `value:"1" unit:"Ohm" desc:"resistance"`
}

func (r *Resistor) Equations() {
	r.OnePort.Equations()
	Eq(r.V, r.R*r.I)
}

// Conductor is a linear conductor.
type Conductor struct {
	OnePort
	G Param `value:"1" unit:"S" desc:"conductance"`
}

func (g *Conductor) Equations() {
	g.OnePort.Equations()
	Eq(g.I, g.G*g.V)
}

// Capacitor is a linear capacitor.
type Capacitor struct {
	OnePort
	C Param `value:"1" unit:"F" min:"0" desc:"capacitance"`
}

func (c *Capacitor) Equations() {
	c.OnePort.Equations()
	Eq(c.I, c.C*Der(c.V))
}

// Inductor is a linear inductor.
type Inductor struct {
	OnePort
	L Param `value:"1" unit:"H" min:"0" desc:"inductance"`
}

func (l *Inductor) Equations() {
	l.OnePort.Equations()
	Eq(l.V, l.L*Der(l.I))
}

// Diode is a junction diode: i = Ids*(exp(v/Vt) - 1) with a parallel resistance R; the
// exponential goes on linearly above v = MaxExp*Vt.
type Diode struct {
	OnePort
	Ids    Param `value:"1e-6" unit:"A" desc:"saturation current"`
	Vt     Param `value:"0.04" unit:"V" desc:"voltage equivalent of temperature"`
	MaxExp Param `value:"15" desc:"exponent from which on the characteristic is linear"`
	R      Param `value:"1e8" unit:"Ohm" desc:"parallel resistance"`
}

func (d *Diode) Equations() {
	d.OnePort.Equations()
	x := d.V / d.Vt
	e := If(x > d.MaxExp, Exp(d.MaxExp)*(1+x-d.MaxExp), Exp(Min(x, d.MaxExp)))
	Eq(d.I, Smooth(1, NoEvent(d.Ids*(e-1)))+d.V/d.R)
}

// IdealDiode conducts with the resistance Ron above the voltage Vknee and with the
// conductance Goff below it. S runs along the characteristic.
type IdealDiode struct {
	OnePort
	S     Real  `desc:"parameter of the characteristic"`
	Ron   Param `value:"1e-5" unit:"Ohm" desc:"resistance when conducting"`
	Goff  Param `value:"1e-5" unit:"S" desc:"conductance when blocking"`
	Vknee Param `value:"0" unit:"V" desc:"forward voltage"`
	UnitV Const `value:"1" unit:"V"`
	UnitI Const `value:"1" unit:"A"`
}

func (d *IdealDiode) Equations() {
	d.OnePort.Equations()
	off := d.S < 0
	Eq(d.V, d.S*d.UnitV*If(off, 1, d.Ron*d.UnitI/d.UnitV)+d.Vknee)
	Eq(d.I, d.S*If(off, d.Goff*d.UnitV, d.UnitI)+d.Goff*d.Vknee)
}

// ConstantVoltage is a voltage source.
type ConstantVoltage struct {
	OnePort
	V0 Param `value:"1" unit:"V" desc:"voltage"`
}

func (s *ConstantVoltage) Equations() {
	s.OnePort.Equations()
	Eq(s.V, s.V0)
}

// SineVoltage is a voltage source Offset + V0*sin(2*pi*F*(t - T0) + Phase), constant
// before T0.
type SineVoltage struct {
	OnePort
	V0     Param `value:"1" unit:"V" desc:"amplitude"`
	F      Param `value:"1" unit:"Hz" desc:"frequency"`
	Phase  Param `value:"0" unit:"rad" desc:"phase at T0"`
	Offset Param `value:"0" unit:"V" desc:"mean voltage"`
	T0     Param `value:"0" unit:"s" desc:"start of the oscillation"`
}

func (s *SineVoltage) Equations() {
	s.OnePort.Equations()
	const twoPi = 6.283185307179586
	x := If(Time() < s.T0, 0, Time()-s.T0)
	Eq(s.V, s.Offset+s.V0*Sin(twoPi*s.F*x+s.Phase))
}

// StepVoltage is a voltage source that jumps from Offset to Offset + V0 at T0.
type StepVoltage struct {
	OnePort
	V0     Param `value:"1" unit:"V" desc:"height of the step"`
	Offset Param `value:"0" unit:"V" desc:"voltage before the step"`
	T0     Param `value:"0" unit:"s" desc:"time of the step"`
}

func (s *StepVoltage) Equations() {
	s.OnePort.Equations()
	Eq(s.V, s.Offset+If(Time() >= s.T0, s.V0, 0))
}

// SignalVoltage is a voltage source driven by a signal.
type SignalVoltage struct {
	OnePort
	U Input `unit:"V" desc:"voltage"`
}

func (s *SignalVoltage) Equations() {
	s.OnePort.Equations()
	Eq(s.V, s.U)
}

// ConstantCurrent is a current source: I0 flows from P to N through the source.
type ConstantCurrent struct {
	OnePort
	I0 Param `value:"1" unit:"A" desc:"current"`
}

func (s *ConstantCurrent) Equations() {
	s.OnePort.Equations()
	Eq(s.I, s.I0)
}

// SignalCurrent is a current source driven by a signal.
type SignalCurrent struct {
	OnePort
	U Input `unit:"A" desc:"current"`
}

func (s *SignalCurrent) Equations() {
	s.OnePort.Equations()
	Eq(s.I, s.U)
}

// IdealOpAmp keeps its inputs at one potential and draws no current there; the output
// gives whatever current that takes.
type IdealOpAmp struct {
	Plus, Minus, Out Pin
}

func (a *IdealOpAmp) Equations() {
	Eq(a.Plus.V, a.Minus.V)
	Eq(a.Plus.I, 0)
	Eq(a.Minus.I, 0)
}

// VoltageSensor measures the voltage from P to N.
type VoltageSensor struct {
	P, N Pin
	V    Output `unit:"V" desc:"voltage"`
}

func (s *VoltageSensor) Equations() {
	Eq(s.V, s.P.V-s.N.V)
	Eq(s.P.I, 0)
	Eq(s.N.I, 0)
}

// CurrentSensor measures the current from P to N.
type CurrentSensor struct {
	P, N Pin
	I    Output `unit:"A" desc:"current"`
}

func (s *CurrentSensor) Equations() {
	Eq(s.P.V, s.N.V)
	Eq(s.I, s.P.I)
	Eq(0, s.P.I+s.N.I)
}
