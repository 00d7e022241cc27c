package ode

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// The suite that every implicit method passes: events, invariants, failures, odd
// sizes. Accuracy has tests of its own.

var suiteMethods = slices.Concat([]string{"RadauIIA5", "BDF"}, implicitMethods, diagonalNames)

func takesMass(t *testing.T, name string) bool {
	m, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return m.Info().Mass
}

// Bounces have analytic times.
func TestImplicitBall(t *testing.T) {
	for _, name := range suiteMethods {
		sol, err := Solve(context.Background(), ball(0.8, 3).Problem, Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-7})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		bounce, v, n := math.Sqrt(2/9.81), math.Sqrt(2*9.81), 0
		for i := 1; i < sol.Len(); i++ {
			if sol.Times[i] == sol.Times[i-1] {
				if math.Abs(sol.Times[i]-bounce) > 2e-5 {
					t.Errorf("%s: bounce %d at %.9g, want %.9g", name, n, sol.Times[i], bounce)
				}
				v *= 0.8
				bounce += 2 * v / 9.81
				n++
			}
		}
		if n != 6 || bounce < 3 {
			t.Errorf("%s: %d bounces, the next at %g", name, n, bounce)
		}
	}
}

// A DAE with jumps of its input at samples: an RC element whose current is an
// algebraic variable, driven by a square wave; exact solution piecewise exponential.
func TestImplicitSquareWave(t *testing.T) {
	for _, name := range suiteMethods {
		if !takesMass(t, name) {
			continue
		}
		m := newMachine("rc", []float64{0, 1}, nil, 10, nil)
		flag := m.sample()
		cur, pre := m.discrete("e", 1)
		cond := m.when("sample")
		m.Mass = []float64{1, 0}
		m.k.RHS = func(t float64, u, p, du []float64) { // v' = i, 0 = e - v - i
			du[0], du[1] = u[1], p[cur]-u[0]-u[1]
		}
		m.k.TimeEvents = func(p, te []float64) { te[0], te[1] = 1, 1 }
		m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			pnew[cond] = p[flag]
			if p[flag] != 0 && p[cond] == 0 {
				pnew[cur] = 1 - p[pre]
			}
			return 0
		}
		sol, err := Solve(context.Background(), m.Problem, Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-9})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v, e := 0.0, 1.0
		for range 10 {
			v = e + (v-e)*math.Exp(-1)
			e = 1 - e
		}
		if math.Abs(sol.U[0]-v) > 3e-6 || sol.Stats.Events < 9 {
			t.Errorf("%s: %.9g, want %.9g (%+v)", name, sol.U[0], v, sol.Stats)
		}
	}
}

// The pendulum with its invariants: projection after each step.
func TestImplicitPendulum(t *testing.T) {
	for _, name := range suiteMethods {
		if !takesMass(t, name) {
			continue
		}
		sol, err := Solve(context.Background(), pendulum(10), Options{Solver: name, RelTol: 1e-6, AbsTol: 1e-8})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		worst, energy := 0.0, 0.0
		for i := range sol.Len() {
			u := sol.State(i)
			worst = max(worst, math.Abs(u[0]*u[0]+u[1]*u[1]-1), math.Abs(u[0]*u[2]+u[1]*u[3]))
			energy = max(energy, math.Abs((u[2]*u[2]+u[3]*u[3])/2+9.81*u[1]))
		}
		t.Logf("%s: constraints %.2g, energy %.2g, %+v", name, worst, energy, sol.Stats)
		// Errors per step of 1e-6, some hundreds of steps, energy scale 10.
		if worst > 1e-12 || energy > 5e-3 {
			t.Errorf("%s: constraints %.2g, energy %.2g (%+v)", name, worst, energy, sol.Stats)
		}
	}
}

func TestImplicitBlowUp(t *testing.T) {
	p := system("blowup", []float64{1}, nil, 5, func(t float64, u, p, du []float64) { du[0] = u[0] * u[0] })
	for _, name := range suiteMethods {
		sol, err := Solve(context.Background(), p, Options{Solver: name})
		var f *Failure
		if !errors.As(err, &f) || f.Code != DtTooSmall && f.Code != Unstable && f.Code != NewtonFailure || !strings.Contains(f.Message, "x") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if math.Abs(sol.T-1) > 2e-2 {
			t.Errorf("%s: stopped at %g", name, sol.T)
		}
	}
}

// f is undefined beyond t = x = 1: the run stops there and names the equation.
func TestImplicitInvalidLater(t *testing.T) {
	p := system("wall", []float64{0, 0}, nil, 5, func(t float64, u, p, du []float64) { du[0], du[1] = 1, math.Sqrt(1-u[0]) })
	for _, name := range suiteMethods {
		sol, err := Solve(context.Background(), p, Options{Solver: name})
		var f *Failure
		if !errors.As(err, &f) || f.Code != Unstable || !strings.Contains(f.Message, "der(y)") {
			t.Errorf("%s: %v", name, err)
		}
		if sol.T < 0.98 || sol.T > 1.001 {
			t.Errorf("%s: stopped at %g", name, sol.T)
		}
	}
}

// No states at all, one state, only algebraic equations, and a start in the middle
// of nothing.
func TestImplicitSizes(t *testing.T) {
	for _, name := range suiteMethods {
		none := &Problem{Span: [2]float64{0, 1}, NewKernels: func() *Kernels {
			return &Kernels{RHS: func(t float64, u, p, du []float64) {}}
		}}
		if _, err := Solve(context.Background(), none, Options{Solver: name}); err != nil {
			t.Errorf("%s without states: %v", name, err)
		}
		sol, err := Solve(context.Background(), decay(), Options{Solver: name, RelTol: 1e-5, AbsTol: 1e-8})
		if err != nil || math.Abs(sol.U[0]-math.Exp(-1)) > 1e-4 {
			t.Errorf("%s: %v %v", name, err, sol.U)
		}
		still := system("still", []float64{0, 3}, nil, 1e6, func(t float64, u, p, du []float64) { du[0], du[1] = 0, 0 })
		sol, err = Solve(context.Background(), still, Options{Solver: name})
		if err != nil || sol.U[0] != 0 || sol.U[1] != 3 || sol.Stats.Steps > 100 {
			t.Errorf("%s at rest: %v %v %+v", name, err, sol.U, sol.Stats)
		}
		back, err := Solve(context.Background(), decay(), Options{Solver: name, Span: [2]float64{1, 0}, RelTol: 1e-5, AbsTol: 1e-8})
		// At most the tolerance for each step, the solution growing all the way.
		if err != nil || math.Abs(back.U[0]-math.E) > math.E*1e-5*float64(back.Stats.Steps) {
			t.Errorf("%s backward: %v %v %+v", name, err, back.U, back.Stats)
		}
		if !takesMass(t, name) {
			continue
		}
		alg := system("curve", []float64{0}, nil, 10, func(t float64, u, p, du []float64) { du[0] = u[0] + u[0]*u[0]*u[0] - math.Sin(t) })
		alg.Mass = []float64{0}
		sol, err = Solve(context.Background(), alg, Options{Solver: name, RelTol: 1e-6, AbsTol: 1e-8})
		if err != nil {
			t.Errorf("%s algebraic: %v", name, err)
			continue
		}
		for i := range sol.Len() {
			u := sol.State(i)[0]
			if r := u + u*u*u - math.Sin(sol.Times[i]); math.Abs(r) > 1e-4 {
				t.Errorf("%s algebraic: residual %g at %g", name, r, sol.Times[i])
				break
			}
		}
	}
}

// A discontinuity that the model hides costs steps, not the run.
func TestImplicitHiddenJump(t *testing.T) {
	p := system("jump", []float64{0}, nil, 2, func(t float64, u, p, du []float64) {
		du[0] = -1000 * u[0]
		if t > 1 {
			du[0] += 1000
		}
	})
	for _, name := range suiteMethods {
		sol, err := Solve(context.Background(), p, Options{Solver: name, RelTol: 1e-5, AbsTol: 1e-7})
		if err != nil || math.Abs(sol.U[0]-1) > 1e-4 {
			t.Errorf("%s: %v, %v (%+v)", name, err, sol.U, sol.Stats)
		}
	}
}
