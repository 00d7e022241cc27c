package dosing

import (
	. "github.com/mtkc/mtkc/model"
)

// Dosing is a drug of two compartments taken every 12 hours (mg, L, h).
type Dosing struct {
	Depot, Central, Peripheral Real `init:"0"`
	Conc                       Output
	Ka                         Param `value:"1.2"`
	CL                         Param `value:"5"`
	V1                         Param `value:"50"`
	Q                          Param `value:"10"`
	V2                         Param `value:"80"`
	Dose                       Param `value:"500"`
}

func (m *Dosing) Equations() {
	Eq(Der(m.Depot), -m.Ka*m.Depot)
	Eq(Der(m.Central), m.Ka*m.Depot-(m.CL+m.Q)/m.V1*m.Central+m.Q/m.V2*m.Peripheral)
	Eq(Der(m.Peripheral), m.Q/m.V1*m.Central-m.Q/m.V2*m.Peripheral)
	Eq(m.Conc, m.Central/m.V1)
	Every(12, func() { Reinit(m.Depot, Pre(m.Depot)+m.Dose) })
}
func (m *Dosing) Experiment() (a, b float64) { return 0, 96 }
