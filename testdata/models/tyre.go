package tyre

import (
	. "github.com/mtkc/mtkc/model"
)

// Tyre is a quarter of a car that brakes: the magic formula of Pacejka, with an anti-lock brake.
type Tyre struct {
	V     Real `init:"30" unit:"m/s"`
	W     Real `guess:"100" unit:"rad/s"`
	X     Real `init:"0" unit:"m"`
	Slip  Real
	Fx    Real     `unit:"N"`
	Brake Real     `unit:"N.m"`
	Hold  Discrete `init:"0"`
	M     Param    `value:"400" unit:"kg"`
	J     Param    `value:"1.2" unit:"kg.m2"`
	R     Param    `value:"0.3" unit:"m"`
	G     Param    `value:"9.81" unit:"m/s2"`
}

func (m *Tyre) Equations() {
	Initial(m.W*m.R, m.V)
	Eq(Der(m.X), m.V)
	Eq(m.M*Der(m.V), -m.Fx)
	Eq(m.J*Der(m.W), m.R*m.Fx-m.Brake)
	Eq(m.Slip, (m.V-m.R*m.W)/Max(m.V, 0.1))
	b, c := Real(10), Real(1.9)
	Eq(m.Fx, m.M*m.G*0.97*Sin(c*Atan(b*m.Slip-0.97*(b*m.Slip-Atan(b*m.Slip)))))
	Eq(m.Brake, If(m.Hold > 0.5, 300, If(Time() < 0.5, 0, 1500)))
	When(m.Slip > 0.2, func() { Set(m.Hold, 1) })
	ElseWhen(m.Slip < 0.1, func() { Set(m.Hold, 0) })
	When(m.V < 1, func() { Terminate("stopped") })
}
func (m *Tyre) Experiment() (a, b float64) { return 0, 10 }
