// Package fluid is a library of thermal hydraulics: one-dimensional flow of a liquid of
// constant properties through pipes, valves, pumps, tanks and heat exchangers.
//
// Mass flows are positive into a component. The specific enthalpy H travels with the
// flow as a stream: Port.H is that of what leaves, InStream(Port.H) that of what would
// enter. Enthalpies are counted from 0 K, H = Cp*T. A liquid of constant density has
// no pressure of its own: every loop needs one component that sets a pressure (Source,
// OpenTank, Expansion).
//
// Friction is the sum of Poiseuille's law and of the law of the fully rough pipe,
// dp = 32*mu*L*v/D^2 + Lambda*L/D*rho*v*|v|/2, which holds at both ends of the range of
// Reynolds numbers, is monotonic and has a slope at rest. Convection is upwind of first
// order (Patankar, Numerical Heat Transfer and Fluid Flow, ch. 5).
package fluid

import (
	"github.com/mtkc/mtkc/library/thermal"
	. "github.com/mtkc/mtkc/model"
)

// Port is a fluid connector.
type Port struct {
	P Real   `unit:"Pa" desc:"pressure" guess:"1e5" nominal:"1e5"`
	M Flow   `unit:"kg/s" desc:"mass flow into the component"`
	H Stream `unit:"J/kg" desc:"specific enthalpy of what leaves" guess:"1.2e6" nominal:"1e6"`
}

// Liquid holds the properties of the liquid in a component, by default of water at 40 degrees
// Celsius. What is connected must have the same.
type Liquid struct {
	Rho Param `value:"992.2" unit:"kg/m3" desc:"density"`
	Cp  Param `value:"4179" unit:"J/(kg.K)" desc:"specific heat capacity"`
	Mu  Param `value:"6.53e-4" unit:"Pa.s" desc:"dynamic viscosity"`
}

// carried is the enthalpy that flows into a component through a port.
func carried(p Port) Real {
	return Smooth(0, If(p.M > 0, p.M*InStream(p.H), p.M*p.H))
}

// through states that nothing is stored between two ports and that no heat is exchanged.
func through(a, b Port) {
	Eq(0, a.M+b.M)
	Eq(a.H, InStream(b.H))
	Eq(b.H, InStream(a.H))
}

// TwoPort is the base of components without storage, with a mass flow from A to B.
type TwoPort struct {
	Liquid
	A, B Port
	M    Real `unit:"kg/s" desc:"mass flow from A to B"`
	DP   Real `unit:"Pa" desc:"A.P - B.P" nominal:"1e4"`
}

func (c *TwoPort) Equations() {
	through(c.A, c.B)
	Eq(c.M, c.A.M)
	Eq(c.DP, c.A.P-c.B.P)
}

// Source is a reservoir of the pressure P0 and the temperature T0.
type Source struct {
	Liquid
	Port Port
	P0   Param `value:"1e5" unit:"Pa"`
	T0   Param `value:"313.15" unit:"K"`
}

func (c *Source) Equations() {
	Eq(c.Port.P, c.P0)
	Eq(c.Port.H, c.Cp*c.T0)
}

// SignalSource is a reservoir whose temperature is a signal.
type SignalSource struct {
	Liquid
	Port Port
	T    Input `unit:"K" desc:"temperature"`
	P0   Param `value:"1e5" unit:"Pa"`
}

func (c *SignalSource) Equations() {
	Eq(c.Port.P, c.P0)
	Eq(c.Port.H, c.Cp*c.T)
}

// MassFlow delivers M0 of the temperature T0 against any pressure.
type MassFlow struct {
	Liquid
	Port Port
	M0   Param `value:"1" unit:"kg/s"`
	T0   Param `value:"313.15" unit:"K"`
}

func (c *MassFlow) Equations() {
	Eq(c.Port.M, -c.M0)
	Eq(c.Port.H, c.Cp*c.T0)
}

// Expansion sets the pressure of a closed loop and takes nothing from it.
type Expansion struct {
	Liquid
	Port Port
	P0   Param `value:"1e5" unit:"Pa"`
	T0   Param `value:"313.15" unit:"K" desc:"temperature of what it would deliver"`
}

func (c *Expansion) Equations() {
	Eq(c.Port.P, c.P0)
	Eq(c.Port.H, c.Cp*c.T0)
}

// Bore is the geometry of a straight pipe and its friction.
type Bore struct {
	L      Param `value:"1" unit:"m" desc:"length"`
	D      Param `value:"0.05" unit:"m" desc:"inner diameter"`
	Lambda Param `value:"0.02" unit:"1" desc:"friction factor of the rough pipe"`
}

// Area is the cross-section of the bore.
func (b *Bore) Area() Real { return Real(pi/4) * b.D * b.D }

// Loss is the pressure lost by a mass flow of the liquid.
func (b *Bore) Loss(f *Liquid, m Real) Real {
	v := m / (f.Rho * b.Area())
	return 32*f.Mu*b.L/(b.D*b.D)*v + b.Lambda*b.L/b.D*f.Rho/2*v*NoEvent(Abs(v))
}

const pi = 3.141592653589793

// Segment is a piece of pipe with one temperature and a heat port to its wall.
type Segment struct {
	Liquid
	Bore
	A, B Port
	Wall thermal.Port
	T    Real  `unit:"K" guess:"313.15" nominal:"300" desc:"temperature"`
	M    Real  `unit:"kg/s" desc:"mass flow from A to B"`
	U    Param `value:"1000" unit:"W/(m2.K)" desc:"heat transfer coefficient to the wall"`
}

func (c *Segment) Equations() {
	Eq(0, c.A.M+c.B.M)
	Eq(c.M, c.A.M)
	Eq(c.A.P-c.B.P, c.Loss(&c.Liquid, c.M))
	h := c.Cp * c.T
	Eq(c.A.H, h)
	Eq(c.B.H, h)
	Eq(c.Rho*c.Area()*c.L*c.Cp*Der(c.T), carried(c.A)+carried(c.B)+c.Wall.Q)
	Eq(c.Wall.Q, c.U*Real(pi)*c.D*c.L*(c.Wall.T-c.T))
}

// Pipe is N segments, each with a piece of wall of its own and a heat port outside.
type Pipe struct {
	Liquid
	Bore
	N    int `value:"10" desc:"number of segments"`
	A, B Port
	Out  []thermal.Port `desc:"outside of the wall"`
	Seg  []Segment
	Wall []thermal.Capacitor
	Cond []thermal.Conductor

	U  Param `value:"1000" unit:"W/(m2.K)" desc:"heat transfer coefficient inside"`
	C  Param `value:"600" unit:"J/(m.K)" desc:"heat capacity of the wall per length"`
	G  Param `value:"0.5" unit:"W/(m.K)" desc:"thermal conductance from the wall to the outside per length"`
	T0 Param `value:"293.15" unit:"K" desc:"temperature at the start"`
}

func (c *Pipe) Structure() {
	c.Out = make([]thermal.Port, c.N)
	c.Seg = make([]Segment, c.N)
	c.Wall = make([]thermal.Capacitor, c.N)
	c.Cond = make([]thermal.Conductor, c.N)
	l := c.L / Real(c.N)
	for i := range c.N {
		c.Seg[i].Liquid = c.Liquid
		c.Seg[i].L, c.Seg[i].D, c.Seg[i].Lambda, c.Seg[i].U = l, c.D, c.Lambda, c.U
		c.Wall[i].C = c.C * l
		c.Cond[i].G = c.G * l
		Start(c.Seg[i].T, c.T0)
		Start(c.Wall[i].T, c.T0)
	}
}

func (c *Pipe) Equations() {
	end := c.A
	for i := range c.N {
		Connect(end, c.Seg[i].A)
		end = c.Seg[i].B
		Connect(c.Seg[i].Wall, c.Wall[i].Port, c.Cond[i].A)
		Connect(c.Cond[i].B, c.Out[i])
	}
	Connect(end, c.B)
}

// Ambient holds the outside of a pipe at one temperature. Connect(pipe.Out, ambient.Ports)
// needs as many ports as the pipe has segments.
type Ambient struct {
	N     int `value:"10" desc:"number of ports"`
	Ports []thermal.Port
	T0    Param `value:"283.15" unit:"K"`
}

func (c *Ambient) Structure() { c.Ports = make([]thermal.Port, c.N) }

func (c *Ambient) Equations() {
	for _, p := range c.Ports {
		Eq(p.T, c.T0)
	}
}

// HeatExchanger is two pipes that share their walls; the second runs against the first if
// Counter is set. Each wall gives G to either side.
type HeatExchanger struct {
	Liquid
	N              int  `value:"10" desc:"number of segments"`
	Counter        bool `value:"true" desc:"counter-current"`
	A1, B1, A2, B2 Port
	Pipe1, Pipe2   []Segment
	Wall           []thermal.Capacitor

	L  Param `value:"10" unit:"m" desc:"length"`
	D  Param `value:"0.03" unit:"m" desc:"inner diameter of both"`
	U  Param `value:"2000" unit:"W/(m2.K)" desc:"heat transfer coefficient on both sides"`
	C  Param `value:"400" unit:"J/(m.K)" desc:"heat capacity of the wall per length"`
	T0 Param `value:"293.15" unit:"K" desc:"temperature at the start"`
}

func (c *HeatExchanger) Structure() {
	c.Pipe1, c.Pipe2 = make([]Segment, c.N), make([]Segment, c.N)
	c.Wall = make([]thermal.Capacitor, c.N)
	l := c.L / Real(c.N)
	for i := range c.N {
		for _, s := range []*Segment{&c.Pipe1[i], &c.Pipe2[i]} {
			s.Liquid = c.Liquid
			s.L, s.D, s.U = l, c.D, c.U
			Start(s.T, c.T0)
		}
		c.Wall[i].C = c.C * l
		Start(c.Wall[i].T, c.T0)
	}
}

func (c *HeatExchanger) Equations() {
	chain := func(a Port, s []Segment, b Port) {
		for i := range s {
			Connect(a, s[i].A)
			a = s[i].B
		}
		Connect(a, b)
	}
	chain(c.A1, c.Pipe1, c.B1)
	chain(c.A2, c.Pipe2, c.B2)
	for i := range c.N {
		j := i
		if c.Counter {
			j = c.N - 1 - i
		}
		Connect(c.Pipe1[i].Wall, c.Wall[i].Port, c.Pipe2[j].Wall)
	}
}

// Valve is a resistance Kv*Opening: at the pressure DP0 it passes M0 when open. Below a
// thousandth of DP0 its law is laminar.
type Valve struct {
	TwoPort
	Opening Input `value:"1" unit:"1" desc:"0 to 1"`
	M0      Param `value:"1" unit:"kg/s" desc:"nominal flow"`
	DP0     Param `value:"1e4" unit:"Pa" desc:"nominal pressure drop"`
}

func (c *Valve) Equations() {
	c.TwoPort.Equations()
	// dp/sqrt(|dp|) with a slope at rest: dp/(dp^2 + eps^2)^(1/4).
	eps := c.DP0 / 1000
	Eq(c.M, c.Opening*c.M0*c.DP/(Pow(c.DP*c.DP+eps*eps, 0.25)*Sqrt(c.DP0)))
}

// CheckValve lets the flow pass from A to B: it is a resistance R there and a leak G back.
// S runs along its characteristic, see electrical.IdealDiode.
type CheckValve struct {
	TwoPort
	S     Real  `desc:"parameter of the characteristic"`
	R     Param `value:"1e3" unit:"Pa.s/kg" desc:"resistance of the open valve"`
	G     Param `value:"1e-9" unit:"kg/(s.Pa)" desc:"conductance of the closed valve"`
	UnitP Const `value:"1e3" unit:"Pa"`
	UnitM Const `value:"1" unit:"kg/s"`
}

func (c *CheckValve) Equations() {
	c.TwoPort.Equations()
	shut := c.S < 0
	Eq(c.DP, c.S*If(shut, c.UnitP, c.R*c.UnitM))
	Eq(c.M, c.S*If(shut, c.G*c.UnitP, c.UnitM))
}

// Pump raises the pressure from A to B by DP0*N^2 at rest, falling with the square of the flow
// to 0 at the flow MMax*N. N is the speed over the nominal one.
type Pump struct {
	TwoPort
	N    Input `value:"1" unit:"1" desc:"relative speed"`
	DP0  Param `value:"1e5" unit:"Pa" desc:"pressure at no flow"`
	MMax Param `value:"2" unit:"kg/s" desc:"flow at no pressure"`
}

func (c *Pump) Equations() {
	c.TwoPort.Equations()
	x := c.M / c.MMax
	Eq(-c.DP, c.DP0*(c.N*c.N-x*NoEvent(Abs(x))))
}

// OpenTank is a vertical vessel under the pressure of the atmosphere with a port at the bottom
// and one that pours in from above. Its contents are mixed.
type OpenTank struct {
	Liquid
	Top, Bottom Port
	Level       Real  `unit:"m" desc:"height of the liquid" min:"0"`
	T           Real  `unit:"K" guess:"313.15" nominal:"300"`
	Area        Param `value:"1" unit:"m2" desc:"cross-section"`
	P0          Param `value:"101325" unit:"Pa" desc:"pressure of the atmosphere"`
	G           Param `value:"9.81" unit:"m/s2"`
}

func (c *OpenTank) Equations() {
	h := c.Cp * c.T
	Eq(c.Top.P, c.P0)
	Eq(c.Bottom.P, c.P0+c.Rho*c.G*c.Level)
	Eq(c.Top.H, h)
	Eq(c.Bottom.H, h)
	Eq(c.Rho*c.Area*Der(c.Level), c.Top.M+c.Bottom.M)
	Eq(c.Rho*c.Area*Der(c.Level*h), carried(c.Top)+carried(c.Bottom))
}

// Volume is a closed vessel full of liquid that gives way: Beta is the bulk modulus of liquid
// and wall. Its contents are mixed.
type Volume struct {
	Liquid
	A, B Port
	Wall thermal.Port
	P    Real  `unit:"Pa" guess:"1e5" nominal:"1e5"`
	T    Real  `unit:"K" guess:"313.15" nominal:"300"`
	V    Param `value:"1e-3" unit:"m3" desc:"volume"`
	Beta Param `value:"1e9" unit:"Pa" desc:"bulk modulus"`
}

func (c *Volume) Equations() {
	Eq(c.P, c.A.P)
	Eq(c.P, c.B.P)
	Eq(c.Wall.T, c.T)
	h := c.Cp * c.T
	Eq(c.A.H, h)
	Eq(c.B.H, h)
	Eq(c.Rho*c.V/c.Beta*Der(c.P), c.A.M+c.B.M)
	Eq(c.Rho*c.V*c.Cp*Der(c.T), carried(c.A)+carried(c.B)-(c.A.M+c.B.M)*h+c.Wall.Q)
}

// Line is a pipe without temperature whose liquid has inertia.
type Line struct {
	TwoPort
	Bore
}

func (c *Line) Equations() {
	c.TwoPort.Equations()
	Eq(c.L/c.Area()*Der(c.M), c.DP-c.Loss(&c.Liquid, c.M))
}

// Temperature measures what passes from A to B, or would if there were a flow.
type Temperature struct {
	TwoPort
	T Output `unit:"K"`
}

func (s *Temperature) Equations() {
	s.TwoPort.Equations()
	Eq(s.DP, 0)
	Eq(s.Cp*s.T, Smooth(0, If(s.M > 0, InStream(s.A.H), InStream(s.B.H))))
}
