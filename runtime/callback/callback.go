// Package callback holds the constructors of ode.Callback: what is done at given times, at
// crossings of conditions, after every step, and along the solution.
//
// In: the user's functions. Out: values for ode.Options.Callbacks. They go with every method,
// with the events of a model, forward and backward in time, and with runs that are saved,
// restored and reset. A callback serves one run at a time. The machinery allocates nothing in a
// step; user functions get the run's own memory, u and p, and may only read it: changes go by
// the methods of the Integrator.
package callback

import (
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Affect acts on a run, by SetU, SetState, SetParam, SetStep, AddStop, Nudge or Terminate. An
// error ends the run.
type Affect func(in *ode.Integrator) error

// PresetTimes ends steps exactly at the times, in any order, and calls f there. A time at the
// start counts, before the first step; one outside of the run does not.
func PresetTimes(times []float64, f Affect) *ode.Callback {
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	return &ode.Callback{
		Name: "preset times", At: f,
		First: func(in *ode.Integrator) bool {
			_, there := slices.BinarySearch(sorted, in.T())
			return there
		},
		Next: func(in *ode.Integrator) float64 {
			k, there := slices.BinarySearch(sorted, in.T())
			if in.Backward() {
				k--
			} else if there {
				k++
			}
			for k >= 0 && k < len(sorted) && sorted[k] == in.T() { // equal times count once
				if in.Backward() {
					k--
				} else {
					k++
				}
			}
			if k < 0 || k >= len(sorted) {
				return math.NaN()
			}
			return sorted[k]
		},
	}
}

// Periodic ends steps at start + k*interval, k = 0, 1, ..., each computed by itself so that no
// error adds up, and calls f there. In a run backward in time they are met in reverse.
func Periodic(start, interval float64, f Affect) *ode.Callback {
	at := func(k float64) float64 { return start + k*interval }
	next := func(t float64, back bool) float64 {
		k := math.Floor((t-start)/interval) + 1
		if !back {
			for k > 0 && at(k-1) > t {
				k--
			}
			for at(k) <= t {
				k++
			}
			return at(math.Max(k, 0))
		}
		for at(k) >= t {
			k--
		}
		for at(k+1) < t {
			k++
		}
		if k < 0 {
			return math.NaN()
		}
		return at(k)
	}
	return &ode.Callback{
		Name: "periodic", At: f,
		Start: func(in *ode.Integrator) error {
			if !(interval > 0) || math.IsInf(interval, 1) || start-start != 0 {
				return fmt.Errorf("a start of %v and an interval of %v: the interval must be a positive number", start, interval)
			}
			t0, t1 := in.Span()
			if late := math.Max(math.Abs(t0-start), math.Abs(t1-start)); interval < 0x1p-50*math.Max(late, math.Max(math.Abs(t0), math.Abs(t1))) {
				return fmt.Errorf("an interval of %v is below the resolution of time between %v and %v", interval, t0, t1)
			}
			return nil
		},
		First: func(in *ode.Integrator) bool {
			k := math.Round((in.T() - start) / interval)
			return k >= 0 && at(k) == in.T()
		},
		Next: func(in *ode.Integrator) float64 { return next(in.T(), in.Backward()) },
	}
}

// Iterative ends a step at the time that next returns and calls f there, again and again: next is asked
// at the start and after each call. NaN, or a time that is not ahead, ends it.
func Iterative(next func(in *ode.Integrator) float64, f Affect) *ode.Callback {
	return &ode.Callback{Name: "iterative", At: f, Next: next}
}

// Continuous calls f where the condition g(t, u, p) changes its sign in the given direction,
// seen along the run. The step ends at the crossing, at the first floating-point number behind it.
func Continuous(g func(t float64, u, p []float64) float64, dir ode.Direction, f Affect) *ode.Callback {
	return &ode.Callback{
		Name: "condition", Conditions: 1, Directions: []ode.Direction{dir},
		Crossings: func(t float64, u, p, out []float64) { out[0] = g(t, u, p) },
		Affect:    func(in *ode.Integrator, _ int, _ float64, _ []float64) error { return f(in) },
	}
}

// Crossings is Continuous for n conditions at once, which g writes to out; f is told which
// crossed. dirs has n entries, or is nil: both directions.
func Crossings(n int, g func(t float64, u, p, out []float64), dirs []ode.Direction, f func(in *ode.Integrator, k int) error) *ode.Callback {
	return &ode.Callback{
		Name: "conditions", Conditions: n, Directions: dirs, Crossings: g,
		Affect: func(in *ode.Integrator, k int, _ float64, _ []float64) error { return f(in, k) },
	}
}

// Observe calls f with the solution where the condition changes its sign, as for a Poincare
// section, without any influence on the run: no step ends there.
func Observe(g func(t float64, u, p []float64) float64, dir ode.Direction, f func(t float64, u []float64)) *ode.Callback {
	return &ode.Callback{
		Name: "observer", Conditions: 1, Directions: []ode.Direction{dir}, Observe: true,
		Crossings: func(t float64, u, p, out []float64) { out[0] = g(t, u, p) },
		Affect: func(_ *ode.Integrator, _ int, t float64, u []float64) error {
			f(t, u)
			return nil
		},
	}
}

// Discrete calls f after every step at whose end the condition holds.
func Discrete(holds func(t float64, u, p []float64) bool, f Affect) *ode.Callback {
	return &ode.Callback{
		Name: "discrete condition",
		After: func(in *ode.Integrator) error {
			if holds(in.T(), in.U(), in.P()) {
				return f(in)
			}
			return nil
		},
	}
}

// Function calls f at the start and after every step.
func Function(f func(t float64, u, p []float64)) *ode.Callback {
	call := func(in *ode.Integrator) error {
		f(in.T(), in.U(), in.P())
		return nil
	}
	return &ode.Callback{Name: "function", Start: call, After: call}
}

// StepLimiter keeps each step at most safety times the length that limit returns at its
// start, such as the bound of stability of an advection scheme.
func StepLimiter(limit func(t float64, u, p []float64) float64, safety float64) *ode.Callback {
	return &ode.Callback{
		Name: "step limiter",
		Limit: func(in *ode.Integrator) float64 {
			return safety * limit(in.T(), in.U(), in.P())
		},
	}
}

// SteadyState ends the run where it stands still: where every derivative is below abs, or below
// rel times its state, in one unit of time. Zeros mean 1e-8 and 1e-6. It looks at f only
// where the last step moved little.
func SteadyState(abs, rel float64) *ode.Callback {
	if abs == 0 {
		abs = 1e-8
	}
	if rel == 0 {
		rel = 1e-6
	}
	var du []float64
	return &ode.Callback{
		Name: "steady state",
		Start: func(in *ode.Integrator) error {
			if n := len(in.U()); len(du) != n {
				du = make([]float64, n)
			}
			return nil
		},
		After: func(in *ode.Integrator) error {
			u, before := in.U(), in.UPrev()
			h := math.Abs(in.T() - in.TPrev())
			for i, v := range u {
				// The mean slope of the step is not much above the slope at its end where it stands still.
				if in.Differential(i) && math.Abs(v-before[i]) > 100*h*math.Max(abs, rel*math.Abs(v)) {
					return nil
				}
			}
			if len(du) != len(u) { // of a run that was restored
				du = make([]float64, len(u))
			}
			in.Derivative(du)
			for i, d := range du {
				if in.Differential(i) && !(math.Abs(d) <= math.Max(abs, rel*math.Abs(u[i]))) {
					return nil
				}
			}
			in.Terminate("a steady state is reached")
			return nil
		},
	}
}
