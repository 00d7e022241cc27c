// Package arenstorf is a periodic orbit of the restricted problem of three bodies (Hairer,
// Norsett and Wanner, Solving ODEs I, ch. II.0), not stiff.
package arenstorf

import . "github.com/mtkc/mtkc/model"

type Arenstorf struct {
	X Real `init:"0.994"`
	Y Real `init:"0"`
	U Real `init:"0"`
	V Real `init:"-2.00158510637908252240537862224"`
}

func (m *Arenstorf) Equations() {
	const mu = 0.012277471
	const nu = 1 - mu
	a, b := m.X+mu, m.X-nu
	r1, r2 := a*a+m.Y*m.Y, b*b+m.Y*m.Y
	d1, d2 := nu/(r1*Sqrt(r1)), mu/(r2*Sqrt(r2))
	Eq(Der(m.X), m.U)
	Eq(Der(m.Y), m.V)
	Eq(Der(m.U), m.X+2*m.V-d1*a-d2*b)
	Eq(Der(m.V), m.Y-2*m.U-(d1+d2)*m.Y)
}
