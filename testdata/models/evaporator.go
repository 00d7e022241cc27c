package evaporator

import (
	. "github.com/mtkc/mtkc/model"
)

// Evaporator boils two components at constant pressure: the temperature follows from the bubble point, the vapour flow
// from the energy balance: index 2.
type Evaporator struct {
	N1, N2 Real `init:"5"`
	T      Real `guess:"360" min:"250" max:"500"`
	V      Real `guess:"0.01"`
	X1, Y1 Real
	H      Real
	Q      Param `value:"1000"`
	P      Param `value:"101325"`
}

func (m *Evaporator) Equations() {
	p1 := 101325 * Exp(4000*(1.0/350-1/m.T))
	p2 := 101325 * Exp(4500*(1.0/380-1/m.T))
	Eq(m.X1, m.N1/(m.N1+m.N2))
	Eq(m.X1*p1+(1-m.X1)*p2, m.P)
	Eq(m.Y1*m.P, m.X1*p1)
	Eq(Der(m.N1), -m.V*m.Y1)
	Eq(Der(m.N2), -m.V*(1-m.Y1))
	Eq(m.H, (m.N1+m.N2)*100*(m.T-300))
	Eq(Der(m.H), m.Q-m.V*(100*(m.T-300)+35000))
	When(m.N1+m.N2 < 0.5, func() { Terminate("nearly dry") })
}
func (m *Evaporator) Experiment() (a, b float64) { return 0, 1000 }
