// Package watertube is water in 18 pipes between 13 nodes over 17 hours (test set for initial
// value problems, Mazzia and Magherini, release 2.4): laminar or turbulent friction in each
// pipe, the law of Colebrook for the rough wall, two nodes that store; index 2.
package watertube

import . "github.com/mtkc/mtkc/model"

// pipes lead from a node to another.
var pipes = [][2]int{
	{1, 2}, {2, 3}, {2, 6}, {3, 4}, {3, 5}, {4, 5}, {5, 10}, {6, 5}, {7, 4},
	{7, 8}, {8, 5}, {8, 10}, {9, 8}, {11, 9}, {11, 12}, {12, 7}, {12, 8}, {13, 11},
}

type WaterTube struct {
	Phi [18]Real `unit:"m3/s" desc:"flow" nominal:"1e-3"`
	Lam [18]Real `guess:"0.0475" min:"0" desc:"friction factor"`
	P   [14]Real `unit:"Pa" guess:"109800" nominal:"1e5" desc:"pressure at the nodes, from 1"`

	Nu  Param `value:"1.31e-6" unit:"m2/s" desc:"kinematic viscosity"`
	G   Param `value:"9.8" unit:"m/s2"`
	Rho Param `value:"1000" unit:"kg/m3"`
	Rc  Param `value:"2300" desc:"critical Reynolds number"`
	L   Param `value:"1000" unit:"m"`
	K   Param `value:"2e-4" unit:"m" desc:"roughness"`
	D   Param `value:"1" unit:"m"`
	B   Param `value:"200" unit:"m2" desc:"area of the stores"`

	Hour Const `value:"3600" unit:"s"`
	One  Const `value:"1" unit:"m3/s"`
}

func (m *WaterTube) Equations() {
	a := 3.141592653589793 * m.D * m.D / 4
	hour := Time() / m.Hour
	in := 1 - Cos(Exp(-hour)-1)
	out := hour * hour * (3*hour*hour - 92*hour + 720) / 1e6
	var net [14]Real
	net[1], net[13], net[10] = m.One*in/200, m.One*in/80, -m.One*out
	Eq(m.P[0], 0)
	for k, ij := range pipes {
		phi, lam, drop := m.Phi[k], m.Lam[k], m.P[ij[0]]-m.P[ij[1]]
		net[ij[0]] -= phi
		net[ij[1]] += phi
		r := Abs(phi * m.D / (m.Nu * a))
		turbulent := r > m.Rc
		Eq(1/Sqrt(lam), 1.74-2*Log10(2*m.K/m.D+18.7/(Max(r, m.Rc)*Sqrt(lam))))
		Eq(m.Rho*m.L/a*Der(phi), drop-If(turbulent, lam*m.Rho*m.L*phi*phi/(a*a*m.D), 32*m.Nu*m.Rho*m.L*phi/(a*m.D*m.D)))
	}
	for i := 1; i <= 13; i++ {
		if i == 5 || i == 8 {
			Start(m.P[i], 109800)
			Eq(m.B/(m.Rho*m.G)*Der(m.P[i]), net[i])
		} else {
			Eq(net[i], 0)
		}
	}
	// Of the 18 flows 11 follow from the balances; the others start at rest.
	for _, k := range []int{3, 4, 9, 10, 11, 14, 15} {
		Start(m.Phi[k], 0)
	}
}

func (m *WaterTube) Experiment() (start, stop float64) { return 0, 61200 }
