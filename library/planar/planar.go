// Package planar is a library of rigid bodies in a vertical plane: bodies, bars, joints,
// springs. Mechanisms are assembled from them as they are built, closed loops included.
//
// Every connector is a frame: a point with a direction. Forces and torques are positive
// into a component, in the coordinates of the ground: X to the right, Y upward, angles
// counter-clockwise.
package planar

import (
	"github.com/mtkc/mtkc/library/rotational"
	"github.com/mtkc/mtkc/library/translational"
	. "github.com/mtkc/mtkc/model"
)

// Frame is the place and the direction of a point of a body.
type Frame struct {
	X   Real `unit:"m"`
	Y   Real `unit:"m"`
	Phi Real `unit:"rad" desc:"angle from the horizontal"`
	FX  Flow `unit:"N" desc:"force into the component"`
	FY  Flow `unit:"N" desc:"force into the component"`
	Tau Flow `unit:"N.m" desc:"torque into the component"`
}

// Ground is a frame that does not move.
type Ground struct {
	Frame Frame
	X0    Param `value:"0" unit:"m"`
	Y0    Param `value:"0" unit:"m"`
	Phi0  Param `value:"0" unit:"rad"`
}

func (c *Ground) Equations() {
	Eq(c.Frame.X, c.X0)
	Eq(c.Frame.Y, c.Y0)
	Eq(c.Frame.Phi, c.Phi0)
}

// Body is a mass M with the moment of inertia J about its centre, which is the frame.
type Body struct {
	Frame  Frame
	VX, VY Real  `unit:"m/s" desc:"velocity"`
	W      Real  `unit:"rad/s" desc:"angular velocity"`
	Energy Real  `unit:"J" desc:"kinetic and potential energy"`
	M      Param `value:"1" unit:"kg"`
	J      Param `value:"0.1" unit:"kg.m2"`
	G      Param `value:"9.81" unit:"m/s2" desc:"acceleration of gravity, downward"`
}

func (c *Body) Equations() {
	Eq(c.VX, Der(c.Frame.X))
	Eq(c.VY, Der(c.Frame.Y))
	Eq(c.W, Der(c.Frame.Phi))
	Eq(c.M*Der(c.VX), c.Frame.FX)
	Eq(c.M*Der(c.VY), c.Frame.FY-c.M*c.G)
	Eq(c.J*Der(c.W), c.Frame.Tau)
	Eq(c.Energy, c.M*(c.VX*c.VX+c.VY*c.VY)/2+c.J*c.W*c.W/2+c.M*c.G*c.Frame.Y)
}

// Bar is a rigid connection without mass: B is at (DX, DY) from A, in the direction of A.
type Bar struct {
	A, B Frame
	DX   Param `value:"1" unit:"m"`
	DY   Param `value:"0" unit:"m"`
}

func (c *Bar) Equations() {
	rx := c.DX*Cos(c.A.Phi) - c.DY*Sin(c.A.Phi)
	ry := c.DX*Sin(c.A.Phi) + c.DY*Cos(c.A.Phi)
	Eq(c.B.X, c.A.X+rx)
	Eq(c.B.Y, c.A.Y+ry)
	Eq(c.B.Phi, c.A.Phi)
	Eq(0, c.A.FX+c.B.FX)
	Eq(0, c.A.FY+c.B.FY)
	Eq(0, c.A.Tau+c.B.Tau+rx*c.B.FY-ry*c.B.FX)
}

// Link is a uniform bar of length L with its mass.
type Link struct {
	A, B  Frame
	Body  Body
	Left  Bar
	Right Bar
	L     Param `value:"1" unit:"m"`
	M     Param `value:"1" unit:"kg"`
}

func (c *Link) Structure() {
	c.Left.DX, c.Right.DX = c.L/2, c.L/2
	c.Body.M, c.Body.J = c.M, c.M*c.L*c.L/12
}

func (c *Link) Equations() {
	Connect(c.A, c.Left.A)
	Connect(c.Left.B, c.Body.Frame, c.Right.A)
	Connect(c.Right.B, c.B)
}

// Revolute is a hinge: B turns by Phi against A. What is connected to Axis drives it.
type Revolute struct {
	A, B Frame
	Axis rotational.Flange
	Phi  Real `unit:"rad" desc:"angle of B against A" state:"prefer"`
	W    Real `unit:"rad/s" desc:"angular velocity" state:"prefer"`
}

func (c *Revolute) Equations() {
	Eq(c.A.X, c.B.X)
	Eq(c.A.Y, c.B.Y)
	Eq(c.B.Phi, c.A.Phi+c.Phi)
	Eq(c.W, Der(c.Phi))
	Eq(c.Axis.Phi, c.Phi)
	Eq(0, c.A.FX+c.B.FX)
	Eq(0, c.A.FY+c.B.FY)
	Eq(0, c.A.Tau+c.B.Tau)
	Eq(c.B.Tau, -c.Axis.Tau)
}

// Prismatic is a slide: B moves by S against A along the direction (EX, EY) of A. What is
// connected to Axis drives it.
type Prismatic struct {
	A, B Frame
	Axis translational.Flange
	S    Real  `unit:"m" desc:"distance of B from A" state:"prefer"`
	V    Real  `unit:"m/s" desc:"velocity" state:"prefer"`
	EX   Param `value:"1" desc:"direction in the frame A, of length 1"`
	EY   Param `value:"0"`
}

func (c *Prismatic) Equations() {
	ex := c.EX*Cos(c.A.Phi) - c.EY*Sin(c.A.Phi)
	ey := c.EX*Sin(c.A.Phi) + c.EY*Cos(c.A.Phi)
	Eq(c.B.X, c.A.X+c.S*ex)
	Eq(c.B.Y, c.A.Y+c.S*ey)
	Eq(c.B.Phi, c.A.Phi)
	Eq(c.V, Der(c.S))
	Eq(c.Axis.S, c.S)
	Eq(0, c.A.FX+c.B.FX)
	Eq(0, c.A.FY+c.B.FY)
	Eq(0, c.A.Tau+c.B.Tau+c.S*(ex*c.B.FY-ey*c.B.FX))
	Eq(ex*c.B.FX+ey*c.B.FY, -c.Axis.F)
}

// Spring is a spring and a damper along the line between two frames; they act on the points,
// not on the directions.
type Spring struct {
	A, B Frame
	L    Real  `unit:"m" desc:"length"`
	F    Real  `unit:"N" desc:"pull"`
	C    Param `value:"1" unit:"N/m"`
	D    Param `value:"0" unit:"N.s/m"`
	L0   Param `value:"0" unit:"m" desc:"unstretched length"`
}

func (c *Spring) Equations() {
	dx, dy := c.B.X-c.A.X, c.B.Y-c.A.Y
	Eq(c.L, Sqrt(dx*dx+dy*dy))
	Eq(c.F, c.C*(c.L-c.L0)+c.D*Der(c.L))
	Eq(c.B.FX, c.F*dx/c.L)
	Eq(c.B.FY, c.F*dy/c.L)
	Eq(0, c.A.FX+c.B.FX)
	Eq(0, c.A.FY+c.B.FY)
	Eq(c.A.Tau, 0)
	Eq(c.B.Tau, 0)
}
