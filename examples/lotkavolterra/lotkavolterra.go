// Package lotkavolterra is the predator-prey model of Lotka and Volterra.
package lotkavolterra

import . "github.com/mtkc/mtkc/model"

// LotkaVolterra has closed orbits: Delta*prey - Gamma*log(prey) + Beta*predator -
// Alpha*log(predator) is constant along each of them.
type LotkaVolterra struct {
	Prey     Real `init:"10" desc:"hares"`
	Predator Real `init:"5" desc:"lynxes"`

	Alpha Param `value:"1.1" desc:"birth rate of the prey"`
	Beta  Param `value:"0.4" desc:"predation rate"`
	Delta Param `value:"0.1" desc:"births of predators per prey eaten"`
	Gamma Param `value:"0.4" desc:"death rate of the predators"`
}

func (m *LotkaVolterra) Equations() {
	Eq(Der(m.Prey), m.Alpha*m.Prey-m.Beta*m.Prey*m.Predator)
	Eq(Der(m.Predator), m.Delta*m.Prey*m.Predator-m.Gamma*m.Predator)
}

// Experiment covers three rounds of the cycle.
func (m *LotkaVolterra) Experiment() (start, stop float64) { return 0, 40 }
