package balls

import (
	. "github.com/mtkc/mtkc/model"
)

// Balls: two balls, one above the other, bounce on the floor and on each other.
type Balls struct {
	H1 Real  `init:"1"`
	V1 Real  `init:"0"`
	H2 Real  `init:"1.5"`
	V2 Real  `init:"0"`
	M1 Param `value:"1"`
	M2 Param `value:"0.2"`
	E  Param `value:"0.9"`
}

func (m *Balls) Equations() {
	Eq(Der(m.H1), m.V1)
	Eq(Der(m.H2), m.V2)
	Eq(Der(m.V1), -9.81)
	Eq(Der(m.V2), -9.81)
	When(m.H1 < 0, func() { Reinit(m.V1, -m.E*Pre(m.V1)) })
	When(m.H2 < m.H1, func() {
		u := (m.M1*Pre(m.V1) + m.M2*Pre(m.V2)) / (m.M1 + m.M2)
		Reinit(m.V1, u-m.E*(Pre(m.V1)-u))
		Reinit(m.V2, u-m.E*(Pre(m.V2)-u))
	})
}
func (m *Balls) Experiment() (a, b float64) { return 0, 1.5 }
