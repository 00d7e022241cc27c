// Package robertson is the autocatalytic reaction of Robertson (1966), as three differential
// equations and as two with the conservation law.
package robertson

import . "github.com/mtkc/mtkc/model"

type Robertson struct {
	Y1 Real `init:"1"`
	Y2 Real `init:"0"`
	Y3 Real `init:"0"`
}

func (m *Robertson) Equations() {
	r1, r2, r3 := 0.04*m.Y1, 1e4*m.Y2*m.Y3, 3e7*m.Y2*m.Y2
	Eq(Der(m.Y1), r2-r1)
	Eq(Der(m.Y2), r1-r2-r3)
	Eq(Der(m.Y3), r3)
}

// DAE has the conservation law in place of the third equation, index 1.
type DAE struct {
	Y1 Real `init:"1"`
	Y2 Real `init:"0"`
	Y3 Real `guess:"0"`
}

func (m *DAE) Equations() {
	r1, r2, r3 := 0.04*m.Y1, 1e4*m.Y2*m.Y3, 3e7*m.Y2*m.Y2
	Eq(Der(m.Y1), r2-r1)
	Eq(Der(m.Y2), r1-r2-r3)
	Eq(m.Y1+m.Y2+m.Y3, 1)
}
