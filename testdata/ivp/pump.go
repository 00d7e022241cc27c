// Package pump is the charge pump of Guenther, Denk and Feldmann (test set for initial value problems, Mazzia and
// Magherini, release 2.4): a MOS transistor between two capacitors, charge-oriented, index 2.
package pump

import (
	. "github.com/mtkc/mtkc/model"
)

const (
	vt0, gamma, phi, cox = 0.2, 0.035, 1.01, 4e-12
	capd, caps           = 0.4e-12, 1.6e-12
)

type Pump struct {
	Yt1, Ys, Yt2, Yd, Yt3 Real `nominal:"1e-12"`
	U1, U2, U3            Real
	I                     Real `nominal:"1e-4"`
}

func charges(ugb, vgs, vgd Real) (gate, source Real) {
	ugs, ugd := Max(vgs, vgd), Min(vgs, vgd)
	ubs := ugs - ugb
	vfb := vt0 - gamma*Sqrt(Real(phi)) - phi
	root := Sqrt(Max(phi-ubs, 0))
	vte := vt0 + gamma*(root-Sqrt(Real(phi)))
	over := ugs - vte
	drain := Max(ugd-vte, 0)
	mix := over + drain - over*drain/(over+drain)
	gate = cox * If(ugb <= vfb, ugb-vfb, If(ugs <= vte, gamma*(Sqrt(gamma*gamma/4+Max(ugb-vfb, 0))-gamma/2), Real(2.0/3)*mix+gamma*root))
	source = If(ugb <= vfb || ugs <= vte, 0, -cox/3*mix)
	return gate, source
}
func (m *Pump) Equations() {
	s := Mod(Time(), 120e-9)
	vin := 20 * If(s < 50e-9, 0, If(s < 60e-9, (s-50e-9)*1e8, If(s < 110e-9, 1, (120e-9-s)*1e8)))
	gate, source := charges(m.U1, m.U1-m.U2, m.U1-m.U3)
	Eq(Der(m.Yt1), -m.I)
	Eq(Der(m.Ys)+Der(m.Yt2), 0)
	Eq(Der(m.Yd)+Der(m.Yt3), 0)
	Eq(m.U1, vin)
	Eq(m.Yt1, gate)
	Eq(m.Ys, caps*m.U2)
	Eq(m.Yt2, source)
	Eq(m.Yd, capd*m.U3)
	Eq(m.Yt3, source)
	Start(m.U2, 0)
	Start(m.U3, 0)
}
func (m *Pump) Experiment() (a, b float64) { return 0, 1.2e-6 }
