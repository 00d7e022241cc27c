// Package e5 is the pyrolysis of problem E5 of STIFF DETEST (Enright, Hull and Lindberg 1975;
// test set for initial value problems, Mazzia and Magherini, release 2.4). The difference of
// reactants that the four equations keep, y2 = y3 + y4, stands for that of y4: from t = 1e9 on its
// terms are below the rounding of the others, and a code that integrates all four loses it.
package e5

import . "github.com/mtkc/mtkc/model"

type E5 struct {
	Y1 Real `init:"1.76e-3"`
	Y2 Real `init:"0"`
	Y3 Real `init:"0"`
	Y4 Real
}

func (m *E5) Equations() {
	r1, r2, r3, r4 := 7.89e-10*m.Y1, 1.1e7*m.Y1*m.Y3, 1.13e9*m.Y2*m.Y3, 1.13e3*m.Y4
	Eq(Der(m.Y1), -r1-r2)
	Eq(Der(m.Y2), r1-r3)
	Eq(Der(m.Y3), r1-r2-r3+r4)
	Eq(m.Y2, m.Y3+m.Y4)
}
