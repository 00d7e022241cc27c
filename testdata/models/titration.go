package titration

import (
	. "github.com/mtkc/mtkc/model"
)

// Titration of acetic acid with a strong base: the pH follows from the charge balance.
type Titration struct {
	Base Real `init:"0" desc:"mol/L of sodium added"`
	H    Real `guess:"1e-3" min:"0"`
	PH   Real
	A    Param `value:"0.1"`
	Ka   Param `value:"1.8e-5"`
	Kw   Param `value:"1e-14"`
}

func (m *Titration) Equations() {
	Eq(Der(m.Base), 0.002)
	Eq(m.H+m.Base, m.Kw/m.H+m.A*m.Ka/(m.Ka+m.H))
	Eq(m.PH, -Log10(m.H))
}
func (m *Titration) Experiment() (a, b float64) { return 0, 100 }
