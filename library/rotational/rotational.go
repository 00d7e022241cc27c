// Package rotational is a library of one-dimensional rotational mechanics: shafts,
// springs, dampers, gears and sources of torque.
//
// Torques are positive into a component.
package rotational

import . "github.com/mtkc/mtkc/model"

// Flange is the end of a shaft.
type Flange struct {
	Phi Real `unit:"rad" desc:"angle"`
	Tau Flow `unit:"N.m" desc:"torque into the component"`
}

// Fixed holds a flange at the angle Phi0.
type Fixed struct {
	Flange Flange
	Phi0   Param `value:"0" unit:"rad"`
}

func (c *Fixed) Equations() { Eq(c.Flange.Phi, c.Phi0) }

// Inertia is a rigid shaft with moment of inertia J.
type Inertia struct {
	A, B Flange
	Phi  Real  `unit:"rad" desc:"angle"`
	W    Real  `unit:"rad/s" desc:"angular velocity"`
	J    Param `value:"1" unit:"kg.m2" desc:"moment of inertia"`
}

func (c *Inertia) Equations() {
	Eq(c.Phi, c.A.Phi)
	Eq(c.Phi, c.B.Phi)
	Eq(c.W, Der(c.Phi))
	Eq(c.J*Der(c.W), c.A.Tau+c.B.Tau)
}

// Compliant is the base of components between two flanges that are not rigid.
type Compliant struct {
	A, B   Flange
	PhiRel Real `unit:"rad" desc:"B.Phi - A.Phi"`
	Tau    Real `unit:"N.m" desc:"torque transmitted"`
}

func (c *Compliant) Equations() {
	Eq(c.PhiRel, c.B.Phi-c.A.Phi)
	Eq(c.B.Tau, c.Tau)
	Eq(c.A.Tau, -c.Tau)
}

// Spring is a linear rotational spring.
type Spring struct {
	Compliant
	C    Param `value:"1" unit:"N.m/rad" desc:"spring constant"`
	Phi0 Param `value:"0" unit:"rad" desc:"unstretched angle"`
}

func (c *Spring) Equations() {
	c.Compliant.Equations()
	Eq(c.Tau, c.C*(c.PhiRel-c.Phi0))
}

// Damper is viscous friction between two flanges.
type Damper struct {
	Compliant
	D Param `value:"0" unit:"N.m.s/rad" desc:"damping constant"`
}

func (c *Damper) Equations() {
	c.Compliant.Equations()
	Eq(c.Tau, c.D*Der(c.PhiRel))
}

// SpringDamper is a spring and a damper in parallel.
type SpringDamper struct {
	Compliant
	C    Param `value:"1" unit:"N.m/rad"`
	D    Param `value:"0" unit:"N.m.s/rad"`
	Phi0 Param `value:"0" unit:"rad"`
}

func (c *SpringDamper) Equations() {
	c.Compliant.Equations()
	Eq(c.Tau, c.C*(c.PhiRel-c.Phi0)+c.D*Der(c.PhiRel))
}

// Gear is an ideal gear: A turns Ratio times as fast as B.
type Gear struct {
	A, B  Flange
	Ratio Param `value:"1" desc:"speed of A over speed of B"`
}

func (c *Gear) Equations() {
	Eq(c.A.Phi, c.Ratio*c.B.Phi)
	Eq(0, c.Ratio*c.A.Tau+c.B.Tau)
}

// Torque is a source controlled by a signal; it acts against the ground.
type Torque struct {
	Flange Flange
	U      Input `unit:"N.m"`
}

func (c *Torque) Equations() { Eq(c.Flange.Tau, -c.U) }

// StepTorque is a source that jumps from Offset to Offset + Height at T0.
type StepTorque struct {
	Flange Flange
	Offset Param `value:"0" unit:"N.m"`
	Height Param `value:"1" unit:"N.m"`
	T0     Param `value:"0" unit:"s"`
}

func (c *StepTorque) Equations() {
	Eq(c.Flange.Tau, -(c.Offset + If(Time() >= c.T0, c.Height, 0)))
}

// SpeedSensor measures the angular velocity of a flange.
type SpeedSensor struct {
	Flange Flange
	W      Output `unit:"rad/s"`
}

func (s *SpeedSensor) Equations() {
	Eq(s.W, Der(s.Flange.Phi))
	Eq(s.Flange.Tau, 0)
}

// AngleSensor measures the angle of a flange.
type AngleSensor struct {
	Flange Flange
	Phi    Output `unit:"rad"`
}

func (s *AngleSensor) Equations() {
	Eq(s.Phi, s.Flange.Phi)
	Eq(s.Flange.Tau, 0)
}
