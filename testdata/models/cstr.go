package cstr

import (
	. "github.com/mtkc/mtkc/model"
)

// CSTR is an exothermic reactor with a cooled jacket (min, L, mol, K).
type CSTR struct {
	C  Real `init:"0.5"`
	T  Real `init:"350"`
	Tj Real `init:"300"`
	K  Real
	Q  Param `value:"100"`
	V  Param `value:"100"`
}

func (m *CSTR) Equations() {
	Eq(m.K, 7.2e10*Exp(-8750/m.T))
	Eq(Der(m.C), m.Q/m.V*(1-m.C)-m.K*m.C)
	Eq(Der(m.T), m.Q/m.V*(350-m.T)+5e4/239*m.K*m.C+5e4/(100*239)*(m.Tj-m.T))
	Eq(Der(m.Tj), 2*(300-m.Tj))
}
func (m *CSTR) Experiment() (a, b float64) { return 0, 10 }
