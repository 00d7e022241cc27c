package clutch

import (
	. "github.com/mtkc/mtkc/model"
)

// Clutch joins two flywheels with dry friction while it is pressed.
type Clutch struct {
	W1     Real     `init:"100" unit:"rad/s"`
	W2     Real     `init:"0" unit:"rad/s"`
	Tau    Real     `unit:"N.m"`
	Locked Discrete `init:"0"`
	J1     Param    `value:"1" unit:"kg.m2"`
	J2     Param    `value:"2" unit:"kg.m2"`
	T0     Param    `value:"50" unit:"N.m"`
	Load   Param    `value:"10" unit:"N.m"`
}

func (m *Clutch) Equations() {
	Eq(m.J1*Der(m.W1), -m.Tau)
	Eq(m.J2*Der(m.W2), m.Tau-m.Load)
	// locked: the accelerations are equal.
	Eq(m.Tau, If(m.Locked > 0.5, m.Load*m.J1/(m.J1+m.J2), m.T0))
	When(m.W1 <= m.W2, func() { Set(m.Locked, 1); Reinit(m.W2, m.W1) })
}
func (m *Clutch) Experiment() (a, b float64) { return 0, 5 }
