// Package heater is a room with a thermostat: a two-point controller with hysteresis.
package heater

import . "github.com/mtkc/mtkc/model"

// Heater switches on below TSet-Band/2 and off above TSet+Band/2.
type Heater struct {
	T  Real     `init:"15" unit:"degC" desc:"temperature of the room"`
	On Discrete `init:"1" desc:"1 while the heater is on"`

	TOut Param `value:"5" unit:"degC" desc:"temperature outside"`
	TSet Param `value:"20" unit:"degC" desc:"desired temperature"`
	Band Param `value:"1" unit:"K" desc:"width of the hysteresis"`
	Tau  Param `value:"3600" unit:"s" desc:"time constant of the room"`
	Rise Param `value:"25" unit:"K" desc:"stationary rise above outside with the heater on"`
}

func (h *Heater) Equations() {
	Eq(h.Tau*Der(h.T), h.TOut-h.T+h.Rise*h.On)
	When(h.T > h.TSet+h.Band/2, func() { Set(h.On, 0) })
	ElseWhen(h.T < h.TSet-h.Band/2, func() { Set(h.On, 1) })
}

// Experiment covers four hours.
func (h *Heater) Experiment() (start, stop float64) { return 0, 14400 }
