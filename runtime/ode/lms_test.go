package ode

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
)

// logistic has the solution 1/(1 + 2 exp(-t)), whose derivatives of all orders matter.
func logistic(t1 float64) *Problem {
	return system("logistic", []float64{1.0 / 3}, nil, t1, func(t float64, u, _, du []float64) { du[0] = u[0] * (1 - u[0]) })
}

func logisticAt(t float64) float64 { return 1 / (1 + 2*math.Exp(-t)) }

// fixedNames are the multistep formulas with a fixed step.
func fixedNames() []string {
	names := []string{"BDF6"}
	for q := 1; q <= 12; q++ {
		names = append(names, fmt.Sprintf("AdamsBashforth%d", q), fmt.Sprintf("AdamsMoulton%d", q))
	}
	return names
}

// driven has the solution sin 3t, and hardly any stability to ask for: Adams-Bashforth
// formulas of high order are stable for tiny steps only.
func driven(t1 float64) *Problem {
	return system("driven", []float64{0}, nil, t1, func(t float64, u, _, du []float64) {
		s, c := math.Sincos(3 * t)
		du[0] = 3*c - 0.01*(u[0]-s)
	})
}

// The error of a run and that of the interpolant fall with the order of the formula.
func TestFixedMultistepOrders(t *testing.T) {
	const t1 = 4.0
	for _, name := range fixedNames() {
		q := orderOf(name)
		run := func(n int) (ends, inside float64) {
			sol := mustSolve(t, driven(t1), Options{Solver: name, InitialStep: t1 / float64(n), RelTol: 1e-13, AbsTol: 1e-13, Dense: true})
			exact := func(t float64) float64 { return math.Sin(3 * t) }
			var u [1]float64
			for i, at := range sol.Times {
				ends = math.Max(ends, math.Abs(sol.State(i)[0]-exact(at)))
			}
			for i := range 300 {
				at := t1 * (float64(i) + 0.5) / 300
				sol.At(at, u[:])
				inside = math.Max(inside, math.Abs(u[0]-exact(at)))
			}
			return ends, inside
		}
		// Steps for which the errors lie between 1e-3 and those of rounding.
		n := []int{0, 1600, 400, 200, 160, 80, 60, 60, 50, 50, 40, 50, 45}[q]
		e1, _ := run(n)
		e2, i2 := run(2 * n)
		if s := math.Log2(e1 / e2); e2 > 1e-13 && (s < float64(q)-0.8 || s > float64(q)+1.5) {
			t.Errorf("%s: the error falls with the power %.2f of the step (%.3g, %.3g)", name, s, e1, e2)
		}
		if e1 > 1e-2 {
			t.Errorf("%s: error %g with %d steps", name, e1, n)
		}
		if i2 > 4*e2+1e-12 {
			t.Errorf("%s: error %.3g between the steps, %.3g at them", name, i2, e2)
		}
	}
}

// Steps that a stop cuts short, and events, do not spoil what follows.
func TestFixedMultistepStops(t *testing.T) {
	for _, name := range []string{"AdamsBashforth4", "AdamsMoulton5", "BDF6"} {
		var at []float64
		for i := 1; i < 10; i++ {
			at = append(at, 0.37*float64(i))
		}
		in, err := NewIntegrator(context.Background(), logistic(4), Options{Solver: name, InitialStep: 0.02})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range at {
			if err := in.AddStop(x); err != nil {
				t.Fatal(err)
			}
		}
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			// The error constants of these formulas times h^4 are below 1e-7.
			if e := math.Abs(in.U()[0] - logisticAt(in.T())); e > 1e-7 {
				t.Fatalf("%s: error %g at %g", name, e, in.T())
			}
		}
		sol := mustSolve(t, ball(0.8, 2).Problem, Options{Solver: name, InitialStep: 0.01})
		if sol.Stats.Events != 3 {
			t.Errorf("%s: %d bounces", name, sol.Stats.Events)
		}
	}
}

// BDF6 solves algebraic equations too, and stiff ones.
func TestFixedMultistepStiff(t *testing.T) {
	p, _ := zoo(t, "rober_dae")
	p.Span[1] = 1
	// From a run of RadauIIA5 at 1e-12.
	want := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-12, AbsTol: 1e-14, FinalOnly: true}).U
	got := mustSolve(t, p, Options{Solver: "BDF6", InitialStep: 1e-3, RelTol: 1e-10, AbsTol: 1e-13, FinalOnly: true})
	for i, v := range want {
		// Behind a transient of 1e-4 that the one-step method passes, the solution is smooth: the
		// error is that of the starting values.
		if math.Abs(got.U[i]-v) > 1e-8 {
			t.Errorf("%v, want %v; %+v", got.U, want, got.Stats)
			break
		}
	}
}

func TestFixedMultistepErrors(t *testing.T) {
	_, err := Solve(context.Background(), logistic(1), Options{Solver: "AdamsBashforth3"})
	if err == nil || !strings.Contains(err.Error(), "step") {
		t.Errorf("%v", err)
	}
	stiff := system("stiff", []float64{1}, nil, 1, func(t float64, u, _, du []float64) { du[0] = -1e4 * u[0] })
	_, err = Solve(context.Background(), stiff, Options{Solver: "AdamsMoulton3", InitialStep: 0.01})
	wantFailure(t, err, NewtonFailure)
}

func TestFixedMultistepAllocations(t *testing.T) {
	for _, name := range []string{"AdamsBashforth5", "AdamsMoulton5", "BDF6"} {
		in, err := NewIntegrator(context.Background(), logistic(1e6), Options{Solver: name, InitialStep: 0.1, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, 1)
		step := func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			in.Interpolate(in.T()-0.03, u)
		}
		for range 60 {
			step()
		}
		if a := testing.AllocsPerRun(50, step); a != 0 {
			t.Errorf("%s: %v allocations per step", name, a)
		}
	}
}
