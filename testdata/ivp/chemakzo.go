// Package chemakzo is the process of Akzo Nobel in which FLB and ZHU react to ZLA and ZHU
// (test set for initial value problems, Mazzia and Magherini, release 2.4), index 1.
package chemakzo

import . "github.com/mtkc/mtkc/model"

type ChemAkzo struct {
	Y1 Real `init:"0.444"`
	Y2 Real `init:"0.00123"`
	Y3 Real `init:"0"`
	Y4 Real `init:"0.007"`
	Y5 Real `init:"0"`
	Y6 Real

	K1  Param `value:"18.7"`
	K2  Param `value:"0.58"`
	K3  Param `value:"0.09"`
	K4  Param `value:"0.42"`
	K   Param `value:"34.4"`
	KlA Param `value:"3.3"`
	Ks  Param `value:"115.83"`
	P   Param `value:"0.9" desc:"partial pressure of CO2"`
	H   Param `value:"737"`
}

func (m *ChemAkzo) Equations() {
	r1 := m.K1 * Pow(m.Y1, 4) * Sqrt(m.Y2)
	r2 := m.K2 * m.Y3 * m.Y4
	r3 := m.K2 / m.K * m.Y1 * m.Y5
	r4 := m.K3 * m.Y1 * m.Y4 * m.Y4
	r5 := m.K4 * m.Y6 * m.Y6 * Sqrt(m.Y2)
	in := m.KlA * (m.P/m.H - m.Y2)
	Eq(Der(m.Y1), -2*r1+r2-r3-r4)
	Eq(Der(m.Y2), -r1/2-r4-r5/2+in)
	Eq(Der(m.Y3), r1-r2+r3)
	Eq(Der(m.Y4), -r2+r3-2*r4)
	Eq(Der(m.Y5), r2-r3+r5)
	Eq(m.Ks*m.Y1*m.Y4, m.Y6)
}

func (m *ChemAkzo) Experiment() (start, stop float64) { return 0, 180 }
