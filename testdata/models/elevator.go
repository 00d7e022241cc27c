package elevator

import (
	. "github.com/mtkc/mtkc/model"
)

// Elevator goes to the floors of a list, one after the other, and waits 5 s at each.
type Elevator struct {
	Floors []int    `value:"3,1,4"`
	H      Real     `init:"0" unit:"m"`
	V      Real     `init:"0" unit:"m/s"`
	F      Real     `unit:"N"`
	Target Discrete `init:"0" unit:"m"`
	Next   Discrete `init:"0"`
	Until  Discrete `init:"0" unit:"s"`
	M      Param    `value:"1000" unit:"kg"`
	U2     Const    `value:"1" unit:"m"`
	U1     Const    `value:"1" unit:"m/s"`
	A0     Const    `value:"1" unit:"m/s2"`
}

func (m *Elevator) Equations() {
	Eq(Der(m.H), m.V)
	Eq(m.M*Der(m.V), m.F)
	Eq(m.F, m.M*m.A0*Max(-1, Min(1, 0.5*(m.Target-m.H)/m.U2-1.2*m.V/m.U1)))
	arrived := Abs(m.H-m.Target)/m.U2 < 0.01 && Abs(m.V)/m.U1 < 0.01
	When(arrived, func() { Set(m.Until, Time()+5) })
	When(arrived && Time() > m.Until, func() {
		goal := Pre(m.Target)
		for i := len(m.Floors) - 1; i >= 0; i-- {
			goal = If(Pre(m.Next) == Real(i), Real(3*m.Floors[i]), goal)
		}
		Set(m.Target, goal)
		Set(m.Next, Pre(m.Next)+1)
	})
}
func (m *Elevator) Experiment() (a, b float64) { return 0, 120 }
