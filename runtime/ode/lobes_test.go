package ode

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// edges counts in p the times at which an indicator of one relation becomes positive, and becomes negative again.
func edges(name string, t1 float64, f func(t float64, u, p, du []float64), u0 []float64, g func(t float64, u []float64) float64) (m *machine, ups, downs int) {
	m = newMachine(name, u0, nil, t1, f)
	r := m.relation("g > 0", true)
	up, upPre := m.discrete("up", 0)
	down, downPre := m.discrete("down", 0)
	w := [2]int{m.when("g > 0"), m.when("not g > 0")}
	m.k.Crossings = func(t float64, u, p, out []float64) { out[0] = g(t, u) }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[w[0]], pnew[w[1]] = p[r], 1-p[r]
		if pnew[up] = p[upPre]; p[r] != 0 && p[w[0]] == 0 {
			pnew[up]++
		}
		if pnew[down] = p[downPre]; p[r] == 0 && p[w[1]] == 0 {
			pnew[down]++
		}
		return 0
	}
	return m, up, down
}

func runs(t float64, u, p, du []float64) { du[0] = 1 }

// An indicator that goes up and down 159 times, each time above zero for a seventieth of its period and by
// a two-thousandth of its height, while the solution is a straight line on which steps grow without limit: every method
// meets all of the crossings.
func TestNarrowLobes(t *testing.T) {
	m, up, down := edges("lobes", 10, runs, []float64{0}, func(t float64, u []float64) float64 { return math.Sin(100*u[0]) - 0.999 })
	eachMethod(t, func(method Method, fixed bool) error {
		sol, err := Solve(context.Background(), m.Problem, Options{Method: method, RelTol: 1e-8, AbsTol: 1e-10, FinalOnly: true, InitialStep: ifFixed(fixed, 0.0625)})
		if err != nil {
			return err
		}
		if sol.Params[up] != 159 || sol.Params[down] != 159 {
			return fmt.Errorf("%v times up and %v times down, want 159", sol.Params[up], sol.Params[down])
		}
		return nil
	})
}

// An indicator without a value counts as before; the run goes on and meets what comes behind, to the last bit.
func TestIndicatorWithoutValue(t *testing.T) {
	m, up, down := edges("gap", 4, runs, []float64{0}, func(t float64, u []float64) float64 {
		if t > 1 && t < 2 {
			return math.NaN()
		}
		return t - 1.5
	})
	for _, name := range []string{"Tsit5", "BS3", "Vern9", "Rodas5P", "TRBDF2", "RadauIIA5", "BDF", "Adams", "IDA", "ODEX", "SEULEX", "ROCK2"} {
		sol, err := Solve(context.Background(), m.Problem, Options{Solver: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var at []float64
		for i := 1; i < sol.Len(); i++ {
			if sol.Times[i] == sol.Times[i-1] {
				at = append(at, sol.Times[i])
			}
		}
		if sol.Params[up] != 1 || sol.Params[down] != 0 || len(at) != 1 || at[0] != 2 {
			t.Errorf("%s: up %v, down %v at %v, want once up at 2", name, sol.Params[up], sol.Params[down], at)
		}
	}
}
