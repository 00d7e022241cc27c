// Package orego is the Oregonator (Field and Noyes 1974; test set for initial value problems,
// Mazzia and Magherini, release 2.4), a stiff limit cycle.
package orego

import . "github.com/mtkc/mtkc/model"

type Orego struct {
	Y1 Real `init:"1"`
	Y2 Real `init:"2"`
	Y3 Real `init:"3"`
}

func (m *Orego) Equations() {
	Eq(Der(m.Y1), 77.27*(m.Y2+m.Y1*(1-8.375e-6*m.Y1-m.Y2)))
	Eq(Der(m.Y2), (m.Y3-(1+m.Y1)*m.Y2)/77.27)
	Eq(Der(m.Y3), 0.161*(m.Y1-m.Y3))
}
