package callback

// Uncertainty of a numerical solution, in the manner of probabilistic integrators: each step is
// followed by a Gaussian perturbation of the size of the step's error, so that the spread of an
// ensemble shows what the errors of the integration amount to.
//
// Conrad, Girolami, Sarkka, Stuart, Zygalakis, Statistics and Computing 27(4), 2017: independent
// perturbations with standard deviation sigma h^(q+1/2), q the order of the method, leave the mean-square
// order q.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
)

// For one-step methods: a multistep method takes the perturbations of past points for errors of the
// present step, and makes its steps shorter and shorter.

// StepNoise adds to each differential state after a step of length h a Gaussian number with standard
// deviation sigma h^(q+1/2). For methods with a fixed step, or to compare with the paper.
// Equal seeds give equal runs.
func StepNoise(sigma float64, seed uint64) *ode.Callback {
	return noise(seed, func(in *ode.Integrator, i int, h float64) float64 {
		return sigma * math.Pow(h, float64(in.Order())+0.5)
	})
}

// ErrorNoise adds to each differential state after a step a Gaussian number with standard
// deviation scale times the tolerance of the state: the size that step-size control gives the error of
// every step. (The paper's sigma, which it has to be calibrated to an error estimate, is
// then not needed: h^(q+1/2) sigma has the same size at all steps.)
func ErrorNoise(scale float64, seed uint64) *ode.Callback {
	return noise(seed, func(in *ode.Integrator, i int, _ float64) float64 { return scale * in.Tolerance(i) })
}

func noise(seed uint64, deviation func(in *ode.Integrator, i int, h float64) float64) *ode.Callback {
	state := seed
	var d []float64
	return &ode.Callback{
		Name: "step noise",
		Start: func(in *ode.Integrator) error {
			state = seed
			return nil
		},
		Correct: func(in *ode.Integrator) error {
			if len(d) != len(in.U()) {
				d = make([]float64, len(in.U()))
			}
			h := math.Abs(in.T() - in.TPrev())
			for i := range d {
				if in.Differential(i) {
					d[i] = deviation(in, i, h) * normal(&state)
				}
			}
			return in.Nudge(d)
		},
		Archive: func(a *archive.Archive) { a.Uint64(&state) },
	}
}

// normal is a number of the standard normal distribution: Box and Muller, Ann. Math. Stat. 29,
// 1958, on SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func normal(state *uint64) float64 {
	u := (float64(next(state)>>11) + 1) * 0x1p-53 // in (0, 1]
	v := float64(next(state)>>11) * 0x1p-53
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

func next(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
