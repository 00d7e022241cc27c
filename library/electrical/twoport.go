package electrical

import . "github.com/mtkc/mtkc/model"

// TwoPort is the base of components with two pairs of pins.
type TwoPort struct {
	P1, N1, P2, N2 Pin
	V1, V2         Real `unit:"V" desc:"voltage drop from P to N"`
	I1, I2         Real `unit:"A" desc:"current from P to N"`
}

func (c *TwoPort) Equations() {
	Eq(c.V1, c.P1.V-c.N1.V)
	Eq(c.V2, c.P2.V-c.N2.V)
	Eq(c.I1, c.P1.I)
	Eq(c.I2, c.P2.I)
	Eq(0, c.P1.I+c.N1.I)
	Eq(0, c.P2.I+c.N2.I)
}

// IdealTransformer is V1 = N*V2, I2 = -N*I1.
type IdealTransformer struct {
	TwoPort
	N Param `value:"1" desc:"turns of side 1 over turns of side 2"`
}

func (c *IdealTransformer) Equations() {
	c.TwoPort.Equations()
	Eq(c.V1, c.N*c.V2)
	Eq(0, c.N*c.I1+c.I2)
}

// Transformer is two coupled coils.
type Transformer struct {
	TwoPort
	L1 Param `value:"1" unit:"H"`
	L2 Param `value:"1" unit:"H"`
	M  Param `value:"0.9" unit:"H" desc:"mutual inductance, at most sqrt(L1*L2)"`
}

func (c *Transformer) Equations() {
	c.TwoPort.Equations()
	Eq(c.V1, c.L1*Der(c.I1)+c.M*Der(c.I2))
	Eq(c.V2, c.M*Der(c.I1)+c.L2*Der(c.I2))
}

// VCVS is a voltage source controlled by a voltage: V2 = Gain*V1.
type VCVS struct {
	TwoPort
	Gain Param `value:"1"`
}

func (c *VCVS) Equations() {
	c.TwoPort.Equations()
	Eq(c.I1, 0)
	Eq(c.V2, c.Gain*c.V1)
}

// VCCS is a current source controlled by a voltage: I2 = G*V1.
type VCCS struct {
	TwoPort
	G Param `value:"1" unit:"S" desc:"transconductance"`
}

func (c *VCCS) Equations() {
	c.TwoPort.Equations()
	Eq(c.I1, 0)
	Eq(c.I2, c.G*c.V1)
}

// CCVS is a voltage source controlled by a current: V2 = R*I1.
type CCVS struct {
	TwoPort
	R Param `value:"1" unit:"Ohm" desc:"transresistance"`
}

func (c *CCVS) Equations() {
	c.TwoPort.Equations()
	Eq(c.V1, 0)
	Eq(c.V2, c.R*c.I1)
}

// CCCS is a current source controlled by a current: I2 = Gain*I1.
type CCCS struct {
	TwoPort
	Gain Param `value:"1"`
}

func (c *CCCS) Equations() {
	c.TwoPort.Equations()
	Eq(c.V1, 0)
	Eq(c.I2, c.Gain*c.I1)
}

// OpAmp is an amplifier of finite gain whose output stays between VMin and VMax. Its curve
// is a hyperbolic tangent with the slope Gain in the middle.
type OpAmp struct {
	InP, InN, Out Pin
	Gain          Param `value:"1e5"`
	VMin          Param `value:"-15" unit:"V"`
	VMax          Param `value:"15" unit:"V"`
}

func (a *OpAmp) Equations() {
	half := (a.VMax - a.VMin) / 2
	Eq(a.InP.I, 0)
	Eq(a.InN.I, 0)
	Eq(a.Out.V, (a.VMax+a.VMin)/2+half*Tanh(a.Gain*(a.InP.V-a.InN.V)/half))
}
