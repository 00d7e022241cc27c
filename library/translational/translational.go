// Package translational is a library of one-dimensional mechanics along a line: masses,
// springs, dampers, stops and sources of force.
//
// Forces are positive into a component.
package translational

import (
	"github.com/mtkc/mtkc/library/rotational"
	. "github.com/mtkc/mtkc/model"
)

// Flange is a point of a body that moves along the line.
type Flange struct {
	S Real `unit:"m" desc:"position"`
	F Flow `unit:"N" desc:"force into the component"`
}

// Fixed holds a flange at the position S0.
type Fixed struct {
	Flange Flange
	S0     Param `value:"0" unit:"m"`
}

func (c *Fixed) Equations() { Eq(c.Flange.S, c.S0) }

// Mass is a rigid body of length L between its flanges; S is its middle.
type Mass struct {
	A, B Flange
	S    Real  `unit:"m" desc:"position" state:"prefer"`
	V    Real  `unit:"m/s" desc:"velocity" state:"prefer"`
	M    Param `value:"1" unit:"kg"`
	L    Param `value:"0" unit:"m" desc:"length from A to B"`
	G    Param `value:"0" unit:"m/s2" desc:"acceleration of gravity along the line"`
}

func (c *Mass) Equations() {
	Eq(c.A.S, c.S-c.L/2)
	Eq(c.B.S, c.S+c.L/2)
	Eq(c.V, Der(c.S))
	Eq(c.M*Der(c.V), c.A.F+c.B.F+c.M*c.G)
}

// Rod is a rigid body without mass.
type Rod struct {
	A, B Flange
	L    Param `value:"0" unit:"m" desc:"length from A to B"`
}

func (c *Rod) Equations() {
	Eq(c.B.S, c.A.S+c.L)
	Eq(0, c.A.F+c.B.F)
}

// Compliant is the base of components between two flanges that are not rigid.
type Compliant struct {
	A, B Flange
	SRel Real `unit:"m" desc:"B.S - A.S"`
	F    Real `unit:"N" desc:"pull between the flanges"`
}

func (c *Compliant) Equations() {
	Eq(c.SRel, c.B.S-c.A.S)
	Eq(c.B.F, c.F)
	Eq(c.A.F, -c.F)
}

// Spring is F = C*(SRel - S0).
type Spring struct {
	Compliant
	C  Param `value:"1" unit:"N/m"`
	S0 Param `value:"0" unit:"m" desc:"unstretched length"`
}

func (c *Spring) Equations() {
	c.Compliant.Equations()
	Eq(c.F, c.C*(c.SRel-c.S0))
}

// Damper is F = D*der(SRel).
type Damper struct {
	Compliant
	D Param `value:"0" unit:"N.s/m"`
}

func (c *Damper) Equations() {
	c.Compliant.Equations()
	Eq(c.F, c.D*Der(c.SRel))
}

// SpringDamper is a spring and a damper in parallel.
type SpringDamper struct {
	Compliant
	C  Param `value:"1" unit:"N/m"`
	D  Param `value:"0" unit:"N.s/m"`
	S0 Param `value:"0" unit:"m" desc:"unstretched length"`
}

func (c *SpringDamper) Equations() {
	c.Compliant.Equations()
	Eq(c.F, c.C*(c.SRel-c.S0)+c.D*Der(c.SRel))
}

// Contact is a spring and a damper that push when the flanges are closer than S0 and
// never pull.
type Contact struct {
	Compliant
	C  Param `value:"1e6" unit:"N/m"`
	D  Param `value:"0" unit:"N.s/m"`
	S0 Param `value:"0" unit:"m" desc:"distance of touch"`
}

func (c *Contact) Equations() {
	c.Compliant.Equations()
	Eq(c.F, If(c.SRel < c.S0, Min(0, c.C*(c.SRel-c.S0)+c.D*Der(c.SRel)), 0))
}

// Force is a source controlled by a signal; it acts against the ground.
type Force struct {
	Flange Flange
	U      Input `unit:"N"`
}

func (c *Force) Equations() { Eq(c.Flange.F, -c.U) }

// ConstantForce pushes with F0 against the ground.
type ConstantForce struct {
	Flange Flange
	F0     Param `value:"1" unit:"N"`
}

func (c *ConstantForce) Equations() { Eq(c.Flange.F, -c.F0) }

// Friction is the friction of a slide against the ground: Coulomb's, made smooth within
// V0 of rest, and a viscous part.
type Friction struct {
	Flange Flange
	FC     Param `value:"1" unit:"N" desc:"Coulomb friction"`
	D      Param `value:"0" unit:"N.s/m" desc:"viscous friction"`
	V0     Param `value:"1e-3" unit:"m/s" desc:"width of the transition"`
}

func (c *Friction) Equations() {
	v := Der(c.Flange.S)
	Eq(c.Flange.F, c.FC*Tanh(v/c.V0)+c.D*v)
}

// Rack is a pinion of radius R on a rack: S = R*Phi.
type Rack struct {
	Shaft  rotational.Flange
	Flange Flange
	R      Param `value:"0.1" unit:"m" desc:"radius"`
}

func (c *Rack) Equations() {
	Eq(c.Flange.S, c.R*c.Shaft.Phi)
	Eq(0, c.R*c.Flange.F+c.Shaft.Tau)
}

// PositionSensor measures the position of a flange.
type PositionSensor struct {
	Flange Flange
	S      Output `unit:"m"`
}

func (s *PositionSensor) Equations() {
	Eq(s.S, s.Flange.S)
	Eq(s.Flange.F, 0)
}

// SpeedSensor measures the velocity of a flange.
type SpeedSensor struct {
	Flange Flange
	V      Output `unit:"m/s"`
}

func (s *SpeedSensor) Equations() {
	Eq(s.V, Der(s.Flange.S))
	Eq(s.Flange.F, 0)
}
