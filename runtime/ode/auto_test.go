package ode

import (
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
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

// towed are two masses on springs: u = (x, y, v, w) with x” = -x - d v and y” = -k (y - x), y being at rest beside x.
func towed(k, d float64) *Problem {
	y := k / (k - 1)
	p := system("towed", []float64{1, y, 0, 0}, nil, 50, func(t float64, u, _, du []float64) {
		du[0], du[1] = u[2], u[3]
		du[2], du[3] = -u[0]-d*u[2], -k*(u[1]-u[0])
	})
	p.Second = &Second{X: []int32{0, 1}, V: []int32{2, 3}, Velocity: d != 0}
	return p
}

// Equations of second order without velocities go to Nystrom methods, as long as nothing but the end is asked for
// and they are not stiff.
func TestAutoSecondOrder(t *testing.T) {
	for _, c := range []struct {
		k, d   float64
		opt    Options
		solver string
		most   int // steps
	}{
		{2, 0, Options{RelTol: 1e-6, FinalOnly: true}, "DPRKN8", 200},
		{2, 0, Options{RelTol: 1e-9, FinalOnly: true}, "DPRKN12", 200},
		{2, 0, Options{RelTol: 1e-3, FinalOnly: true}, "Tsit5", 200},
		{2, 0, Options{RelTol: 1e-6, Dense: true}, "Vern7", 200},
		{2, 0.1, Options{RelTol: 1e-6, FinalOnly: true}, "Vern7", 200},
		{1e8, 0, Options{RelTol: 1e-6, FinalOnly: true}, "DPRKN8+Radau", 2000}, // a hundred thousand by DPRKN8 alone
	} {
		p := towed(c.k, c.d)
		c.opt.AbsTol = c.opt.RelTol
		sol := mustSolve(t, p, c.opt)
		if sol.Solver != c.solver || sol.Stats.Steps > c.most {
			t.Errorf("k = %g, d = %g: %s, want %s: %s; %+v", c.k, c.d, sol.Solver, c.solver, sol.Why, sol.Stats)
		}
		if want := math.Cos(50); c.d == 0 && !(math.Abs(sol.U[0]-want) < 100*c.opt.RelTol) {
			t.Errorf("k = %g, %s: x = %g, want %g", c.k, sol.Solver, sol.U[0], want)
		}
	}
}

// Lags in a row behind a fast input are stiff by a factor of two or three, if that: the explicit method takes a quarter of the
// work of the implicit one. A run that goes over for a while comes back, and goes over ever more rarely.
func TestAutoCheapStiffness(t *testing.T) {
	const n = 8
	p := system("lags", make([]float64, n), nil, 100, func(t float64, u, _, du []float64) {
		in := math.Sin(5 * t)
		for i, v := range u {
			du[i] = 12 * (in - v)
			in = math.Tanh(2 * v)
		}
	})
	p.Jac = linsolve.Dense(n, n)
	for _, tol := range []float64{1e-3, 1e-4, 1e-6, 1e-8} {
		var work []float64
		for _, name := range []string{"auto", "nonstiff", "stiff"} {
			sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol, FinalOnly: true})
			work = append(work, autoWork(p, &sol.Stats))
			t.Logf("%g: %s, %d switches, %.3g ms", tol, sol.Solver, sol.Stats.Switches, work[len(work)-1]*1e-6)
		}
		if !(work[0] < 1.5*min(work[1], work[2])) {
			t.Errorf("%g: auto takes %.2f times the work of the explicit method", tol, work[0]/work[1])
		}
	}
}
