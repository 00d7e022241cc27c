package ode

import (
	"math"
	"strings"
	"testing"
)

func robertson() *Problem {
	return system("robertson", []float64{1, 0, 0}, nil, 1e4, func(t float64, u, p, du []float64) {
		du[0] = -0.04*u[0] + 1e4*u[1]*u[2]
		du[2] = 3e7 * u[1] * u[1]
		du[1] = -du[0] - du[2]
	})
}

func vanDerPol(mu, t1 float64) *Problem {
	return system("vanderpol", []float64{2, 0}, []float64{mu}, t1, func(t float64, u, p, du []float64) {
		du[0], du[1] = u[1], p[0]*(1-u[0]*u[0])*u[1]-u[0]
	})
}

// Nonstiff problems stay explicit, stiff ones do not.
func TestAuto(t *testing.T) {
	for _, c := range []struct {
		p     *Problem
		rtol  float64
		stiff bool
		most  int // steps
	}{
		{lorenz(), 1e-6, false, 2000},
		{oscillator(50), 1e-6, false, 1000},
		{arenstorf(), 1e-9, false, 1000},
		{brusselator(20), 1e-3, false, 1000},
		{robertson(), 1e-6, true, 1000},
		// Where the explicit method's steps are well below its bound of stability.
		{robertson(), 1e-9, true, 1000},
		{robertson(), 1e-10, true, 1000},
		{vanDerPol(1000, 2000), 1e-6, true, 3000},
	} {
		sol := mustSolve(t, c.p, Options{RelTol: c.rtol, AbsTol: c.rtol * 1e-3})
		if got := sol.Stats.Switches > 0; got != c.stiff || sol.Stats.Steps > c.most {
			t.Errorf("%s: %d switches in %d steps: %s", c.p.Name, sol.Stats.Switches, sol.Stats.Steps, sol.Why)
		}
		t.Logf("%s: %s: %s; %+v", c.p.Name, sol.Solver, sol.Why, sol.Stats)
	}
}

// The switched solution is right: Robertson's problem at t = 1e4 against a run of
// Rodas5P alone with a tolerance 1000 times tighter.
func TestAutoAccuracy(t *testing.T) {
	p := robertson()
	ref := mustSolve(t, p, Options{Solver: "Rodas5P", RelTol: 1e-10, AbsTol: 1e-14})
	sol := mustSolve(t, p, Options{RelTol: 1e-6, AbsTol: 1e-12})
	for i, v := range sol.U {
		if math.Abs(v-ref.U[i]) > 1e-4*math.Abs(ref.U[i]) {
			t.Errorf("u[%d] = %g, want %g", i, v, ref.U[i])
		}
	}
}

// The hints choose among implicit and explicit methods alone.
func TestAutoHints(t *testing.T) {
	for _, c := range []struct {
		solver   string
		p        *Problem
		implicit bool
	}{
		{"stiff", lorenz(), true}, {"Nonstiff", lorenz(), false}, {"nonstiff", brusselator(3), false}, {"stiff", brusselator(3), true},
	} {
		sol := mustSolve(t, c.p, Options{Solver: c.solver})
		m, err := Lookup(sol.Solver)
		if err != nil {
			t.Fatal(err)
		}
		if m.Info().Implicit != c.implicit || sol.Stats.Switches != 0 {
			t.Errorf("%s: %s, %+v", c.solver, sol.Solver, sol.Stats)
		}
		if !strings.Contains(sol.Why, "asked for") {
			t.Errorf("%s: %q", c.solver, sol.Why)
		}
	}
	dae, _ := zoo(t, "rober_dae")
	if sol := mustSolve(t, dae, Options{Solver: "stiff"}); !strings.HasPrefix(sol.Form, "dae") {
		t.Errorf("%s, %s", sol.Solver, sol.Form)
	}
}
