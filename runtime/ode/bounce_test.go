package ode

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// Two balls that fall from the same height reach the ground within rounding errors of each other, at the same time
// or a unit of the last place apart, and are thrown back once each, every time.
func TestBouncesTogether(t *testing.T) {
	m := newMachine("two balls", []float64{1, 0, 1, 0}, nil, 1.2, func(t float64, u, p, du []float64) {
		du[0], du[1] = u[1], -9.81
		du[2], du[3] = u[3], -9.81*(1+1e-16*u[2])
	})
	r := [2]int{m.relation("h1 < 0", true), m.relation("h2 < 0", true)}
	w := [2]int{m.when("h1 < 0"), m.when("h2 < 0")}
	n, pre := m.discrete("n", 0)
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0], g[1] = -u[0], -(u[2]*3)/3 }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[n] = p[pre]
		for k := range w {
			if pnew[w[k]] = p[r[k]]; p[r[k]] != 0 && p[w[k]] == 0 {
				unew[2*k+1] = -0.5 * u[2*k+1]
				pnew[n]++
			}
		}
		return 0
	}
	// Bounces at t0, 2 t0 and 2.5 t0; behind the last the ball rises with an eighth of the speed.
	t0 := math.Sqrt(2 / 9.81)
	s := 1.2 - 2.5*t0
	want := s * (9.81 * t0 / 8) * (1 - 4*s/t0)
	eachMethod(t, func(method Method, fixed bool) error {
		opt := Options{Method: method, RelTol: 1e-8, AbsTol: 1e-10, FinalOnly: true, InitialStep: ifFixed(fixed, 0.0025)}
		sol, err := Solve(context.Background(), m.Problem, opt)
		switch order := method.Info().Order; {
		case err != nil:
			return err
		case fixed && order < 2: // its errors are far above those of the others
			return nil
		case sol.Params[n] != 6 || math.Abs(sol.U[0]-want) > 1e-4 || math.Abs(sol.U[2]-want) > 1e-4: // BDF2 and the like are off by some hundred times the tolerance
			return fmt.Errorf("%v bounces to %v, want 6 to %v", sol.Params[n], sol.U, want)
		}
		return nil
	})
}

// A ball comes to rest after bounces that become shorter than the first steps of multistep methods, and lower than
// the tolerance: none of them takes it through the ground.
func TestLastBounces(t *testing.T) {
	m := newMachine("ball", []float64{1, 0}, nil, 5, nil)
	r, w := m.relation("h < 0", true), m.when("h < 0")
	rest, pre := m.discrete("rest", 0)
	m.k.RHS = func(t float64, u, p, du []float64) {
		du[0], du[1] = u[1]*(1-p[rest]), -9.81*(1-p[rest])
	}
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = -u[0] }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[w], pnew[rest] = p[r], p[pre]
		if p[r] != 0 && p[w] == 0 {
			if unew[1] = -0.8 * u[1]; math.Abs(u[1]) < 1e-6 {
				unew[0], unew[1], pnew[rest] = 0, 0, 1
			}
		}
		return 0
	}
	for _, name := range []string{"Tsit5", "Vern7", "BS3", "Rodas5P", "TRBDF2", "KenCarp4", "RadauIIA5", "BDF", "BDF2", "NDF", "Adams", "LSODA", "IDA", "ODEX", "SEULEX", "ROCK2"} {
		sol, err := Solve(context.Background(), m.Problem, Options{Solver: name, RelTol: 1e-8, AbsTol: 1e-10})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		last := 0.0
		for i := 1; i < sol.Len(); i++ {
			if sol.Times[i] == sol.Times[i-1] {
				last = sol.Times[i]
			}
		}
		// The time to the limit of all bounces; those of multistep methods add up errors of the velocity of 1e-6 each.
		want := math.Sqrt(2/9.81) * (1 + 2*0.8/(1-0.8))
		if sol.Params[rest] != 1 || sol.U[0] != 0 || math.Abs(last-want) > 3e-4 {
			t.Errorf("%s: at rest %v at %v from t = %v on, want 0 from %v on", name, sol.Params[rest], sol.U, last, want)
		}
	}
}
