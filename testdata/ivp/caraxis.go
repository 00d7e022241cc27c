// Package caraxis is the car axis of the test set for initial value problems (Mazzia and
// Magherini, release 2.4): two wheels on springs, joined by an axle of constant length, index 3.
package caraxis

import . "github.com/mtkc/mtkc/model"

type CarAxis struct {
	XL Real `guess:"0"`
	YL Real `guess:"0.5"`
	XR Real `guess:"1"`
	YR Real `init:"0.5"`
	UL Real `guess:"-0.5" desc:"der(XL)"`
	VL Real `guess:"0" desc:"der(YL)"`
	UR Real `init:"-0.5" desc:"der(XR)"`
	VR Real `init:"0" desc:"der(YR)"`

	Lam1, Lam2 Real

	Eps Param `value:"0.01"`
	M   Param `value:"10"`
	L   Param `value:"1"`
	L0  Param `value:"0.5"`
	R   Param `value:"0.1"`
	W   Param `value:"10"`
	G   Param `value:"1"`
}

func (m *CarAxis) Equations() {
	Start(m.YL, 0.5)
	yb := m.R * Sin(m.W*Time())
	xb := Sqrt(m.L*m.L - yb*yb)
	ll := Sqrt(m.XL*m.XL + m.YL*m.YL)
	lr := Sqrt((m.XR-xb)*(m.XR-xb) + (m.YR-yb)*(m.YR-yb))
	k := m.M * m.Eps * m.Eps / 2
	Eq(Der(m.XL), m.UL)
	Eq(Der(m.YL), m.VL)
	Eq(Der(m.XR), m.UR)
	Eq(Der(m.YR), m.VR)
	Eq(k*Der(m.UL), (m.L0-ll)*m.XL/ll+m.Lam1*xb+2*m.Lam2*(m.XL-m.XR))
	Eq(k*Der(m.VL), (m.L0-ll)*m.YL/ll+m.Lam1*yb+2*m.Lam2*(m.YL-m.YR)-k*m.G)
	Eq(k*Der(m.UR), (m.L0-lr)*(m.XR-xb)/lr-2*m.Lam2*(m.XL-m.XR))
	Eq(k*Der(m.VR), (m.L0-lr)*(m.YR-yb)/lr-2*m.Lam2*(m.YL-m.YR)-k*m.G)
	Eq(xb*m.XL+yb*m.YL, 0)
	Eq((m.XL-m.XR)*(m.XL-m.XR)+(m.YL-m.YR)*(m.YL-m.YR), m.L*m.L)
}

func (m *CarAxis) Experiment() (start, stop float64) { return 0, 3 }
