package ode

import (
	"math"
	"slices"
	"strings"
)

// samples is how often f is evaluated at least in a period of the fastest sine of time, if it were evaluated at equidistant
// points: a rectifier whose ripple is a per cent conducts for a twentieth of a period, and what is missed there
// is missed for good.
const samples = 40

// LongestStep is the longest step of a method with so many stages by Problem.NRates, for parameters p: between
// a quarter and a fortieth of the shortest period; +Inf where there is none.
func LongestStep(k *Kernels, rates, stages int, p []float64) float64 {
	w := make([]float64, rates)
	if rates > 0 {
		k.Rates(p, w)
	}
	most := 0.0
	for _, v := range w {
		if v = math.Abs(v); v < math.Inf(1) {
			most = math.Max(most, v)
		}
	}
	return 2 * math.Pi / most * float64(min(max(stages, 1), samples/4)) / samples
}

// followTime limits the steps by the periods of the sines of time.
func (in *Integrator) followTime() {
	if in.p.NRates == 0 || in.set.limited {
		return
	}
	stages := in.method.Info().Stages
	if in.set.Method == nil && (in.set.Solver == "" || slices.Contains(Choices(), strings.ToLower(in.set.Solver))) {
		stages = 5 // the method may change
	}
	in.ws.HMax = math.Min(in.set.HMax, LongestStep(in.forward, in.p.NRates, stages, in.ws.Params))
	if in.cb != nil {
		in.cb.hmax = in.ws.HMax
	}
}
