package infusion

import (
	. "github.com/mtkc/mtkc/model"
)

// Infusion: a drug with saturable elimination, infused between two instants, stopped when the level is too high.
type Infusion struct {
	A    Real     `init:"0"`
	AUC  Real     `init:"0"`
	Rate Discrete `init:"0"`
	Peak Discrete `init:"0"`
	V    Param    `value:"20"`
	Vmax Param    `value:"10"`
	Km   Param    `value:"2"`
}

func (m *Infusion) Equations() {
	c := m.A / m.V
	Eq(Der(m.A), m.Rate-m.Vmax*c/(m.Km+c))
	Eq(Der(m.AUC), c)
	When(Time() >= 1, func() { Set(m.Rate, 30) })
	ElseWhen(c > 4, func() { Set(m.Rate, 0); Set(m.Peak, c) })
	ElseWhen(c < 1 && Time() > 2, func() { Set(m.Rate, 15) })
}
func (m *Infusion) Experiment() (a, b float64) { return 0, 48 }
