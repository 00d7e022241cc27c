// Package robot is an arm of two links with an elastic joint whose end point is prescribed (De Luca and
// Isidori 1987; Campbell and Moore, Numer. Math. 72 (1995) 1-14): index 5, no freedom left.
package robot

import . "github.com/mtkc/mtkc/model"

type Robot struct {
	X1 Real `guess:"0"`
	X2 Real `guess:"1"`
	X3 Real `guess:"1"`
	U1 Real
	U2 Real
}

func (m *Robot) Equations() {
	t := Time()
	s, k := Sin(m.X3), Cos(m.X3)
	n := 2 - k*k
	a, b, c, d := 2/n, k/n, s/n, s*k/n
	x4, x5, x6 := Der(m.X1), Der(m.X2), Der(m.X3)
	w := 2*m.X3 - m.X2
	Eq(Der(x4), 2*c*(x4+x6)*(x4+x6)+x4*x4*d+w*(a+2*b)+a*(m.U1-m.U2))
	Eq(Der(x5), -2*c*(x4+x6)*(x4+x6)-x4*x4*d+w*(1-3*a-2*b)-a*m.U1+(a+1)*m.U2)
	Eq(Der(x6), -2*c*(x4+x6)*(x4+x6)-x4*x4*d+w*(a-9*b)-2*x4*x4*c-d*(x4+x6)*(x4+x6)-(a+b)*(m.U1-m.U2))
	Eq(Cos(m.X1)+Cos(m.X1+m.X3), Cos(1-Exp(t))+Cos(1-t))
	Eq(Sin(m.X1)+Sin(m.X1+m.X3), Sin(1-Exp(t))+Sin(1-t))
}

func (m *Robot) Experiment() (start, stop float64) { return 0, 1 }
