// Package rotational holds components of one-dimensional rotational mechanics: a
// flange carries an angle and a torque, positive into the component.
package rotational

import . "github.com/mtkc/mtkc/model"

// Flange is a shaft end.
type Flange struct {
	Phi Real `unit:"rad" desc:"angle"`
	Tau Flow `unit:"N.m" desc:"torque into the component"`
}

// Compliant is the base of components between two flanges that turn against each
// other.
type Compliant struct {
	A, B   Flange
	PhiRel Real `unit:"rad" desc:"angle of B against A"`
	Tau    Real `unit:"N.m" desc:"torque between the flanges"`
}

func (c *Compliant) Equations() {
	Eq(c.PhiRel, c.B.Phi-c.A.Phi)
	Eq(c.B.Tau, c.Tau)
	Eq(c.A.Tau, -c.Tau)
}

// Inertia is a rigid rotor with two shaft ends.
type Inertia struct {
	A, B Flange
	Phi  Real  `unit:"rad" state:"prefer" desc:"angle"`
	W    Real  `unit:"rad/s" state:"prefer" desc:"angular velocity"`
	J    Param `value:"1" unit:"kg.m2" min:"0" desc:"moment of inertia"`
}

func (r *Inertia) Equations() {
	Eq(r.Phi, r.A.Phi)
	Eq(r.Phi, r.B.Phi)
	Eq(r.W, Der(r.Phi))
	Eq(r.J*Der(r.W), r.A.Tau+r.B.Tau)
}

// Spring is a linear torsional spring.
type Spring struct {
	Compliant
	C       Param `value:"1" unit:"N.m/rad" min:"0" desc:"stiffness"`
	PhiRel0 Param `value:"0" unit:"rad" desc:"angle without torque"`
}

func (s *Spring) Equations() {
	s.Compliant.Equations()
	Eq(s.Tau, s.C*(s.PhiRel-s.PhiRel0))
}

// Damper is linear viscous friction between two flanges.
type Damper struct {
	Compliant
	WRel Real  `unit:"rad/s" desc:"angular velocity of B against A"`
	D    Param `value:"1" unit:"N.m.s/rad" min:"0" desc:"damping"`
}

func (d *Damper) Equations() {
	d.Compliant.Equations()
	Eq(d.WRel, Der(d.PhiRel))
	Eq(d.Tau, d.D*d.WRel)
}

// SpringDamper is a spring and a damper side by side.
type SpringDamper struct {
	Compliant
	WRel    Real  `unit:"rad/s" desc:"angular velocity of B against A"`
	C       Param `value:"1" unit:"N.m/rad" min:"0" desc:"stiffness"`
	D       Param `value:"1" unit:"N.m.s/rad" min:"0" desc:"damping"`
	PhiRel0 Param `value:"0" unit:"rad" desc:"angle without torque"`
}

func (s *SpringDamper) Equations() {
	s.Compliant.Equations()
	Eq(s.WRel, Der(s.PhiRel))
	Eq(s.Tau, s.C*(s.PhiRel-s.PhiRel0)+s.D*s.WRel)
}

// IdealGear turns B by 1/Ratio of A, without loss.
type IdealGear struct {
	A, B  Flange
	Ratio Param `value:"1" desc:"transmission, angle of A over angle of B"`
}

func (g *IdealGear) Equations() {
	Eq(g.A.Phi, g.Ratio*g.B.Phi)
	Eq(0, g.Ratio*g.A.Tau+g.B.Tau)
}

// Fixed holds a flange at an angle.
type Fixed struct {
	F    Flange
	Phi0 Param `value:"0" unit:"rad" desc:"angle"`
}

func (f *Fixed) Equations() { Eq(f.F.Phi, f.Phi0) }

// Torque drives a flange with the torque of a signal.
type Torque struct {
	F   Flange
	Tau Input `unit:"N.m" desc:"torque that accelerates the flange"`
}

func (t *Torque) Equations() { Eq(t.F.Tau, -t.Tau) }

// StepTorque drives a flange with a torque that jumps from Offset to Offset + Height.
type StepTorque struct {
	F      Flange
	Height Param `value:"1" unit:"N.m" desc:"jump of the torque"`
	Offset Param `value:"0" unit:"N.m" desc:"torque before the jump"`
	T0     Param `value:"0" unit:"s" desc:"time of the jump"`
}

func (t *StepTorque) Equations() {
	Eq(t.F.Tau, -(t.Offset + If(Time() >= t.T0, t.Height, 0)))
}

// SpeedSensor measures an angular velocity.
type SpeedSensor struct {
	F Flange
	W Output `unit:"rad/s" desc:"angular velocity"`
}

func (s *SpeedSensor) Equations() {
	Eq(s.W, Der(s.F.Phi))
	Eq(s.F.Tau, 0)
}

// AngleSensor measures an angle.
type AngleSensor struct {
	F   Flange
	Phi Output `unit:"rad" desc:"angle"`
}

func (s *AngleSensor) Equations() {
	Eq(s.Phi, s.F.Phi)
	Eq(s.F.Tau, 0)
}
