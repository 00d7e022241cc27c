// Package robertson is the autocatalytic reaction of Robertson (1966), the classical
// stiff problem: its rate constants differ by nine decades and it is followed over
// eleven decades of time.
package robertson

import . "github.com/mtkc/mtkc/model"

// Rates are the constants that both forms share.
type Rates struct {
	K1 Param `value:"0.04"`
	K2 Param `value:"3e7"`
	K3 Param `value:"1e4"`
}

// Robertson is the form with three differential equations.
type Robertson struct {
	Rates
	Y1 Real `init:"1"`
	Y2 Real `init:"0" nominal:"1e-5"`
	Y3 Real `init:"0"`
}

func (m *Robertson) Equations() {
	Eq(Der(m.Y1), -m.K1*m.Y1+m.K3*m.Y2*m.Y3)
	Eq(Der(m.Y2), m.K1*m.Y1-m.K3*m.Y2*m.Y3-m.K2*m.Y2*m.Y2)
	Eq(Der(m.Y3), m.K2*m.Y2*m.Y2)
}

// Experiment is the span of the IVP test set.
func (m *Robertson) Experiment() (start, stop float64) { return 0, 1e11 }

// RobertsonDAE replaces the third equation by the conservation of mass.
type RobertsonDAE struct {
	Rates
	Y1 Real `init:"1"`
	Y2 Real `init:"0" nominal:"1e-5"`
	Y3 Real `guess:"0"`
}

func (m *RobertsonDAE) Equations() {
	Eq(Der(m.Y1), -m.K1*m.Y1+m.K3*m.Y2*m.Y3)
	Eq(Der(m.Y2), m.K1*m.Y1-m.K3*m.Y2*m.Y3-m.K2*m.Y2*m.Y2)
	Eq(m.Y1+m.Y2+m.Y3, 1)
}

// Experiment is the span of the IVP test set.
func (m *RobertsonDAE) Experiment() (start, stop float64) { return 0, 1e11 }
