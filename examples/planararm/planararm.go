// Package planararm is a robot arm with two links in a vertical plane, each a rigid
// body in Cartesian coordinates joined by hinges: redundant coordinates, constraint
// forces, index 3. It swings freely from the horizontal position.
package planararm

import . "github.com/mtkc/mtkc/model"

// Hinge is a point at which two bodies meet.
type Hinge struct {
	X, Y   Real `unit:"m"`
	FX, FY Flow `unit:"N" desc:"force on the body"`
}

// Link is a uniform slender rod between the hinges A and B.
type Link struct {
	A, B Hinge

	X   Real `unit:"m" desc:"centre of mass"`
	Y   Real `unit:"m" desc:"centre of mass"`
	Phi Real `unit:"rad" desc:"angle from the horizontal"`

	M Param `value:"1" unit:"kg" desc:"mass"`
	L Param `value:"1" unit:"m" desc:"length"`
	G Param `value:"9.81" unit:"m/s2"`
}

func (k *Link) Equations() {
	c, s := k.L/2*Cos(k.Phi), k.L/2*Sin(k.Phi)
	Eq(k.A.X, k.X-c)
	Eq(k.A.Y, k.Y-s)
	Eq(k.B.X, k.X+c)
	Eq(k.B.Y, k.Y+s)
	Eq(k.M*Der(Der(k.X)), k.A.FX+k.B.FX)
	Eq(k.M*Der(Der(k.Y)), k.A.FY+k.B.FY-k.M*k.G)
	Eq(k.M*k.L*k.L/12*Der(Der(k.Phi)), s*(k.A.FX-k.B.FX)-c*(k.A.FY-k.B.FY))
}

// Base is the hinge fixed to the ground at the origin.
type Base struct {
	H Hinge
}

func (b *Base) Equations() {
	Eq(b.H.X, 0)
	Eq(b.H.Y, 0)
}

// PlanarArm has two equal links.
type PlanarArm struct {
	Base  Base
	Upper Link
	Lower Link

	Energy Real `unit:"J" desc:"kinetic and potential energy"`
}

func (p *PlanarArm) Structure() {
	Start(p.Upper.Phi, 0)
	Start(p.Lower.Phi, 0)
	Start(Der(p.Upper.Phi), 0)
	Start(Der(p.Lower.Phi), 0)
}

func (p *PlanarArm) Equations() {
	Connect(p.Base.H, p.Upper.A)
	Connect(p.Upper.B, p.Lower.A)
	e := Real(0)
	for _, k := range []*Link{&p.Upper, &p.Lower} {
		vx, vy, w := Der(k.X), Der(k.Y), Der(k.Phi)
		e += k.M*(vx*vx+vy*vy)/2 + k.M*k.L*k.L/24*w*w + k.M*k.G*k.Y
	}
	Eq(p.Energy, e)
}

// Experiment covers some swings, chaotic ones.
func (p *PlanarArm) Experiment() (start, stop float64) { return 0, 5 }
