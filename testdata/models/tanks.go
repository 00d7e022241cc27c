package tanks

import (
	. "github.com/mtkc/mtkc/model"
)

// Tanks: two tanks with overflow and a switched pump.
type Tank struct {
	H       Real  `init:"0.5" unit:"m" min:"0"`
	In, Out Real  `unit:"m3/s"`
	Over    Real  `unit:"m3/s"`
	A       Param `value:"1" unit:"m2"`
	S       Param `value:"0.01" unit:"m2"`
	HMax    Param `value:"2" unit:"m"`
	G       Param `value:"9.81" unit:"m/s2"`
}

func (t *Tank) Equations() {
	Eq(t.A*Der(t.H), t.In-t.Out-t.Over)
	Eq(t.Out, t.S*Sqrt(2*t.G*Max(t.H, 0)))
	Eq(t.Over, If(t.H >= t.HMax, Max(0, t.In-t.Out), 0))
}

type Tanks struct {
	A, B Tank
	Pump Discrete `init:"1"`
}

func (m *Tanks) Structure() { m.B.S = 0.02 }
func (m *Tanks) Equations() {
	Eq(m.A.In, m.Pump*0.08)
	Eq(m.B.In, m.A.Out)
	When(m.B.H > 1, func() { Set(m.Pump, 0) })
	ElseWhen(m.B.H < 0.3, func() { Set(m.Pump, 1) })
}
func (m *Tanks) Experiment() (a, b float64) { return 0, 500 }
