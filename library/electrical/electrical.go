// Package electrical is a library of analog circuit components. A circuit needs
// exactly one Ground (or several, if it has separate parts).
//
// Currents are positive into a component. The voltage of a one-port is P.V - N.V and
// its current flows from P to N.
package electrical

import . "github.com/mtkc/mtkc/model"

// Pin is an electrical connector.
type Pin struct {
	V Real `unit:"V" desc:"potential"`
	I Flow `unit:"A" desc:"current into the component"`
}

// OnePort is the base of components with two pins.
type OnePort struct {
	P, N Pin
	V    Real `unit:"V" desc:"voltage drop from P to N"`
	I    Real `unit:"A" desc:"current from P to N"`
}

func (c *OnePort) Equations() {
	Eq(c.V, c.P.V-c.N.V)
	Eq(0, c.P.I+c.N.I)
	Eq(c.I, c.P.I)
}

// Ground fixes the potential of its pin to zero.
type Ground struct {
	P Pin
}

func (g *Ground) Equations() { Eq(g.P.V, 0) }

// Resistor is V = R*I.
type Resistor struct {
	OnePort
	R Param `value:"1" unit:"Ohm"`
}

func (c *Resistor) Equations() {
	c.OnePort.Equations()
	Eq(c.V, c.R*c.I)
}

// Conductor is I = G*V.
type Conductor struct {
	OnePort
	G Param `value:"1" unit:"S"`
}

func (c *Conductor) Equations() {
	c.OnePort.Equations()
	Eq(c.I, c.G*c.V)
}

// Capacitor is I = C*der(V).
type Capacitor struct {
	OnePort
	C Param `value:"1e-6" unit:"F"`
}

func (c *Capacitor) Equations() {
	c.OnePort.Equations()
	Eq(c.I, c.C*Der(c.V))
}

// Inductor is V = L*der(I).
type Inductor struct {
	OnePort
	L Param `value:"1e-3" unit:"H"`
}

func (c *Inductor) Equations() {
	c.OnePort.Equations()
	Eq(c.V, c.L*Der(c.I))
}

// Diode is the exponential junction diode I = Is*(exp(V/Vt) - 1), continued linearly
// above MaxExp thermal voltages so that no iterate overflows.
type Diode struct {
	OnePort
	Is     Param `value:"1e-12" unit:"A" desc:"saturation current"`
	Vt     Param `value:"0.025852" unit:"V" desc:"thermal voltage"`
	MaxExp Param `value:"40" desc:"exponent from which the curve is continued linearly"`
	R      Param `value:"1e8" unit:"Ohm" desc:"parallel resistance"`
}

func (c *Diode) Equations() {
	c.OnePort.Equations()
	x := c.V / c.Vt
	Eq(c.I, c.Is*(NoEvent(If(x > c.MaxExp, Exp(c.MaxExp)*(1+x-c.MaxExp), Exp(Min(x, c.MaxExp))))-1)+c.V/c.R)
}

// IdealDiode conducts with the resistance Ron above the voltage Vknee and with the
// conductance Goff below it. S runs along the characteristic: it is the voltage
// beyond the knee while the diode blocks and the current while it conducts.
type IdealDiode struct {
	OnePort
	S     Real  `desc:"parameter of the characteristic"`
	Ron   Param `value:"1e-5" unit:"Ohm"`
	Goff  Param `value:"1e-5" unit:"S"`
	Vknee Param `value:"0" unit:"V" desc:"forward voltage"`
	UnitV Const `value:"1" unit:"V"`
	UnitI Const `value:"1" unit:"A"`
}

func (c *IdealDiode) Equations() {
	c.OnePort.Equations()
	off := c.S < 0
	Eq(c.V, c.S*If(off, c.UnitV, c.Ron*c.UnitI)+c.Vknee)
	Eq(c.I, c.S*If(off, c.Goff*c.UnitV, c.UnitI)+c.Goff*c.Vknee)
}

// ConstantVoltage is a voltage source: P.V - N.V = V0.
type ConstantVoltage struct {
	OnePort
	V0 Param `value:"1" unit:"V"`
}

func (c *ConstantVoltage) Equations() {
	c.OnePort.Equations()
	Eq(c.V, c.V0)
}

// SineVoltage is the source V = Offset + Amplitude*sin(2*pi*F*t + Phase).
type SineVoltage struct {
	OnePort
	Amplitude Param `value:"1" unit:"V"`
	F         Param `value:"50" unit:"Hz"`
	Phase     Param `value:"0" unit:"rad"`
	Offset    Param `value:"0" unit:"V"`
}

func (c *SineVoltage) Equations() {
	c.OnePort.Equations()
	Eq(c.V, c.Offset+c.Amplitude*Sin(2*3.141592653589793*c.F*Time()+c.Phase))
}

// StepVoltage is a source that jumps from Offset to Offset + Height at T0.
type StepVoltage struct {
	OnePort
	Offset Param `value:"0" unit:"V"`
	Height Param `value:"1" unit:"V"`
	T0     Param `value:"0" unit:"s"`
}

func (c *StepVoltage) Equations() {
	c.OnePort.Equations()
	Eq(c.V, c.Offset+If(Time() >= c.T0, c.Height, 0))
}

// SignalVoltage is a source controlled by a signal.
type SignalVoltage struct {
	OnePort
	U Input `unit:"V"`
}

func (c *SignalVoltage) Equations() {
	c.OnePort.Equations()
	Eq(c.V, c.U)
}

// ConstantCurrent drives the current I0 from P to N through the source.
type ConstantCurrent struct {
	OnePort
	I0 Param `value:"1" unit:"A"`
}

func (c *ConstantCurrent) Equations() {
	c.OnePort.Equations()
	Eq(c.I, c.I0)
}

// SignalCurrent is a current source controlled by a signal.
type SignalCurrent struct {
	OnePort
	U Input `unit:"A"`
}

func (c *SignalCurrent) Equations() {
	c.OnePort.Equations()
	Eq(c.I, c.U)
}

// Switch is an ideal switch with resistance Ron when Closed is true (not 0) and
// conductance Goff else. S is its current when it is closed, else its voltage.
type Switch struct {
	OnePort
	Closed Input
	S      Real  `desc:"parameter of the characteristic"`
	Ron    Param `value:"1e-5" unit:"Ohm"`
	Goff   Param `value:"1e-5" unit:"S"`
	UnitV  Const `value:"1" unit:"V"`
	UnitI  Const `value:"1" unit:"A"`
}

func (c *Switch) Equations() {
	c.OnePort.Equations()
	closed := c.Closed > 0.5
	Eq(c.V, c.S*If(closed, c.Ron*c.UnitI, c.UnitV))
	Eq(c.I, c.S*If(closed, c.UnitI, c.Goff*c.UnitV))
}

// VoltageSensor measures P.V - N.V and takes no current.
type VoltageSensor struct {
	P, N Pin
	V    Output `unit:"V"`
}

func (s *VoltageSensor) Equations() {
	Eq(s.V, s.P.V-s.N.V)
	Eq(s.P.I, 0)
	Eq(s.N.I, 0)
}

// CurrentSensor measures the current from P to N and drops no voltage.
type CurrentSensor struct {
	P, N Pin
	I    Output `unit:"A"`
}

func (s *CurrentSensor) Equations() {
	Eq(s.P.V, s.N.V)
	Eq(s.P.I, s.I)
	Eq(s.N.I, -s.I)
}

// IdealOpAmp keeps its inputs at the same potential and takes no current there.
type IdealOpAmp struct {
	InP, InN, Out Pin
}

func (a *IdealOpAmp) Equations() {
	Eq(a.InP.V, a.InN.V)
	Eq(a.InP.I, 0)
	Eq(a.InN.I, 0)
}
