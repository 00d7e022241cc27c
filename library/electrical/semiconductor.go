package electrical

import . "github.com/mtkc/mtkc/model"

// junction is the current of a pn-junction, continued linearly above 40 thermal voltages
// so that no iterate overflows.
func junction(v, is, vt Real) Real {
	x := v / vt
	return is * (NoEvent(If(x > 40, Exp(40)*(1+x-40), Exp(Min(x, 40)))) - 1)
}

// BJT is what bipolar transistors have in common: the transport model of Ebers and Moll with
// constant capacitances of the junctions (Antognetti and Massobrio, Semiconductor Device
// Modeling with SPICE, ch. 2). Sign is 1 for NPN and -1 for PNP.
type BJT struct {
	C, B, E  Pin
	VBE, VBC Real `unit:"V" desc:"voltage over the junction, positive where it conducts"`

	Is    Param `value:"1e-15" unit:"A" desc:"transport saturation current"`
	BetaF Param `value:"100" desc:"forward current gain"`
	BetaR Param `value:"1" desc:"reverse current gain"`
	Vt    Param `value:"0.025852" unit:"V" desc:"thermal voltage"`
	Va    Param `value:"100" unit:"V" desc:"Early voltage"`
	CBE   Param `value:"1e-12" unit:"F" desc:"capacitance of the junction"`
	CBC   Param `value:"0.5e-12" unit:"F" desc:"capacitance of the junction"`
	GMin  Param `value:"1e-12" unit:"S" desc:"conductance beside each junction"`
}

func (q *BJT) state(sign Real) {
	Eq(q.VBE, sign*(q.B.V-q.E.V))
	Eq(q.VBC, sign*(q.B.V-q.C.V))
	f, r := junction(q.VBE, q.Is, q.Vt), junction(q.VBC, q.Is, q.Vt)
	transport := (f - r) * (1 - q.VBC/q.Va)
	be := f/q.BetaF + q.GMin*q.VBE + q.CBE*Der(q.VBE)
	bc := r/q.BetaR + q.GMin*q.VBC + q.CBC*Der(q.VBC)
	Eq(q.C.I, sign*(transport-bc))
	Eq(q.B.I, sign*(be+bc))
	Eq(q.E.I, -sign*(transport+be))
}

// NPN is an npn transistor.
type NPN struct{ BJT }

func (q *NPN) Equations() { q.state(1) }

// PNP is a pnp transistor.
type PNP struct{ BJT }

func (q *PNP) Equations() { q.state(-1) }

// MOSFET is what field-effect transistors have in common: the model of Shichman and Hodges
// (IEEE J. Solid-State Circuits 3 (1968) 285-289), symmetric in drain and source, bulk tied to
// the source.
type MOSFET struct {
	D, G, S Pin
	VGS     Real `unit:"V" desc:"gate to source, positive where it opens"`
	VDS     Real `unit:"V"`
	ID      Real `unit:"A" desc:"current from drain to source, or from source to drain for PMOS"`

	K      Param `value:"2e-3" unit:"A/V2" desc:"transconductance parameter"`
	Vth    Param `value:"1" unit:"V" desc:"threshold"`
	Lambda Param `value:"0.01" unit:"1/V" desc:"channel length modulation"`
	CGS    Param `value:"1e-12" unit:"F"`
	CGD    Param `value:"1e-12" unit:"F"`
	GMin   Param `value:"1e-12" unit:"S" desc:"conductance from drain to source"`
}

func (q *MOSFET) state(sign Real) {
	Eq(q.VGS, sign*(q.G.V-q.S.V))
	Eq(q.VDS, sign*(q.D.V-q.S.V))
	// The channel is open for a voltage v > 0 along it; over is that of the gate beyond the threshold.
	channel := func(over, v Real) Real {
		o := Max(over, 0)
		return q.K / 2 * If(v < o, v*(2*o-v), o*o) * (1 + q.Lambda*v)
	}
	forward, backward := channel(q.VGS-q.Vth, q.VDS), channel(q.VGS-q.VDS-q.Vth, -q.VDS)
	Eq(q.ID, Smooth(1, NoEvent(If(q.VDS >= 0, forward, -backward)))+q.GMin*q.VDS)
	gs, gd := q.CGS*Der(q.VGS), q.CGD*(Der(q.VGS)-Der(q.VDS))
	Eq(q.D.I, sign*(q.ID-gd))
	Eq(q.G.I, sign*(gs+gd))
	Eq(q.S.I, -sign*(q.ID+gs))
}

// NMOS is an n-channel transistor.
type NMOS struct{ MOSFET }

func (q *NMOS) Equations() { q.state(1) }

// PMOS is a p-channel transistor.
type PMOS struct{ MOSFET }

func (q *PMOS) Equations() { q.state(-1) }

// Thyristor is an ideal diode that begins to conduct when Fire rises above 0.5 and stops when its
// current falls to zero.
type Thyristor struct {
	OnePort
	Fire Input
	S    Real     `desc:"parameter of the characteristic, see IdealDiode"`
	On   Discrete `init:"0" desc:"1 while it may conduct"`
	Ron  Param    `value:"1e-5" unit:"Ohm"`
	Goff Param    `value:"1e-5" unit:"S"`
	Unit Const    `value:"1" unit:"V"`
	Amp  Const    `value:"1" unit:"A"`
}

func (c *Thyristor) Equations() {
	c.OnePort.Equations()
	When(c.Fire > 0.5, func() { Set(c.On, 1) })
	ElseWhen(c.S < 0, func() { Set(c.On, If(c.Fire > 0.5, 1, 0)) })
	off := c.S < 0 || c.On < 0.5
	Eq(c.V, c.S*If(off, c.Unit, c.Ron*c.Amp))
	Eq(c.I, c.S*If(off, c.Goff*c.Unit, c.Amp))
}
