// Package vanderpol is van der Pol's oscillator with a large parameter: long slow
// branches and jumps that take a millionth of the period.
package vanderpol

import . "github.com/mtkc/mtkc/model"

// VanDerPol is a relaxation oscillator.
type VanDerPol struct {
	X  Real  `init:"2"`
	V  Real  `init:"0"`
	Mu Param `value:"1000" desc:"nonlinear damping"`
}

func (m *VanDerPol) Equations() {
	Eq(Der(m.X), m.V)
	Eq(Der(m.V), m.Mu*(1-m.X*m.X)*m.V-m.X)
}

// Experiment is the span of the IVP test set, a little more than one period.
func (m *VanDerPol) Experiment() (start, stop float64) { return 0, 2000 }
