// Package transamp is the transistor amplifier of the test set for initial value
// problems (Mazzia and Magherini, release 2.4): Kirchhoff's current law at eight nodes.
// The capacitors join nodes, so that the derivatives occur in differences only.
package transamp

import . "github.com/mtkc/mtkc/model"

type TransAmp struct {
	Y1 Real `init:"0" unit:"V"`
	Y2 Real `guess:"3" unit:"V"`
	Y3 Real `init:"3" unit:"V"`
	Y4 Real `init:"6" unit:"V"`
	Y5 Real `guess:"3" unit:"V"`
	Y6 Real `init:"3" unit:"V"`
	Y7 Real `init:"6" unit:"V"`
	Y8 Real `guess:"0" unit:"V"`

	Ub    Param `value:"6" unit:"V"`
	UF    Param `value:"0.026" unit:"V"`
	Alpha Param `value:"0.99"`
	Beta  Param `value:"1e-6" unit:"A"`
	R0    Param `value:"1000" unit:"Ohm"`
	R     Param `value:"9000" unit:"Ohm" desc:"all others"`
}

func (m *TransAmp) Equations() {
	c := func(k int) Real { return Real(k) * 1e-6 }
	g := func(u Real) Real { return m.Beta * (Exp(u/m.UF) - 1) }
	ue := 0.1 * Sin(200*3.141592653589793*Time())
	Eq((ue-m.Y1)/m.R0+c(1)*Der(m.Y2-m.Y1), 0)
	Eq(m.Ub/m.R-m.Y2*(2/m.R)+c(1)*Der(m.Y1-m.Y2)-(1-m.Alpha)*g(m.Y2-m.Y3), 0)
	Eq(g(m.Y2-m.Y3)-m.Y3/m.R-c(2)*Der(m.Y3), 0)
	Eq((m.Ub-m.Y4)/m.R+c(3)*Der(m.Y5-m.Y4)-m.Alpha*g(m.Y2-m.Y3), 0)
	Eq(m.Ub/m.R-m.Y5*(2/m.R)+c(3)*Der(m.Y4-m.Y5)-(1-m.Alpha)*g(m.Y5-m.Y6), 0)
	Eq(g(m.Y5-m.Y6)-m.Y6/m.R-c(4)*Der(m.Y6), 0)
	Eq((m.Ub-m.Y7)/m.R+c(5)*Der(m.Y8-m.Y7)-m.Alpha*g(m.Y5-m.Y6), 0)
	Eq(c(5)*Der(m.Y7-m.Y8)-m.Y8/m.R, 0)
}

func (m *TransAmp) Experiment() (start, stop float64) { return 0, 0.2 }
