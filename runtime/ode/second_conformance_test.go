package ode

import (
	"context"
	"errors"
	"math"
	"testing"
)

// The conformance suite for methods that need a form of f, on problems of that form.

// everySecond runs f for each method with an error estimate for u” = f(t, u).
func everySecond(t *testing.T, f func(t *testing.T, name string)) {
	for _, name := range nystromPairs() {
		t.Run(name, func(t *testing.T) { f(t, name) })
	}
}

func TestSecondTolerance(t *testing.T) {
	everySecond(t, func(t *testing.T, name string) {
		last := math.Inf(1)
		for _, tol := range []float64{1e-3, 1e-5, 1e-7, 1e-9} {
			sol := mustSolve(t, springs(10), Options{Solver: name, RelTol: tol, AbsTol: tol})
			e := math.Hypot(sol.U[0]-math.Cos(10), sol.U[1]+math.Sin(10))
			limit := 300 * tol // as in TestMethodsTolerance
			if name == "ERKN5" {
				limit *= 30 // it controls positions alone
			}
			// DPRKN12 needs so few steps here, seven at 1e-3, that a longer last one hides the trend.
			if !(e < limit) || !(e < last || e < 1e-3*tol) {
				t.Errorf("error %.3g at tolerance %g (%.3g before); %+v", e, tol, last, sol.Stats)
			}
			last = e
		}
	})
}

// Between the steps up to ten times the error at them, or ten times the tolerance.
func TestSecondInterpolant(t *testing.T) {
	everySecond(t, func(t *testing.T, name string) {
		for _, p := range []*Problem{forced(false, 6), kepler(0.5, 12), henonHeiles(40), fput(8, 20)} {
			n := p.N()
			for _, tol := range []float64{1e-3, 1e-6, 1e-9} {
				sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol, Dense: true})
				ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-13, Dense: true})
				u, v := make([]float64, n), make([]float64, n)
				far := func(u, v []float64) float64 {
					d := 0.0
					for i := range u {
						d = max(d, math.Abs(u[i]-v[i]))
					}
					return d
				}
				worst, ends := 0.0, 0.0
				for i := range 500 {
					at := p.Span[1] * (float64(i) + 0.5) / 500
					sol.At(at, u)
					ref.At(at, v)
					worst = max(worst, far(u, v))
				}
				for i, at := range sol.Times {
					ref.At(at, v)
					ends = max(ends, far(sol.State(i), v))
				}
				if worst > 10*ends+10*tol {
					t.Errorf("%s at %g: error %.3g inside the steps, %.3g at their ends", p.Name, tol, worst, ends)
				}
			}
		}
	})
}

func TestSecondStop(t *testing.T) {
	wall := system("wall", []float64{0, 1}, nil, 5, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], math.Sqrt(1-u[0]) })
	blowup := system("blowup", []float64{1, 1}, nil, 5, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], 2*u[0]*u[0]*u[0] })
	everySecond(t, func(t *testing.T, name string) {
		var f *Failure
		if sol, err := Solve(context.Background(), ofSecondOrder(wall), Options{Solver: name}); !errors.As(err, &f) || sol.T > 1 || sol.U[0] < 0.99 {
			t.Errorf("invalid value: %v, reached %v", err, sol.U)
		}
		// x = 1/(1-t).
		if sol, err := Solve(context.Background(), ofSecondOrder(blowup), Options{Solver: name}); !errors.As(err, &f) || math.Abs(sol.T-1) > 0.02 {
			t.Errorf("singularity: %v, reached %v", err, sol.T)
		}
		sol, err := Solve(context.Background(), kepler(0.9, 100), Options{Solver: name, MaxSteps: 20, RelTol: 1e-8})
		wantFailure(t, err, MaxSteps)
		if sol.Stats.Steps < 5 {
			t.Errorf("%+v", sol.Stats)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err = Solve(ctx, springs(1), Options{Solver: name})
		wantFailure(t, err, Interrupted)
	})
}

// Bounces at their analytic times.
func TestSecondEvents(t *testing.T) {
	everySecond(t, func(t *testing.T, name string) {
		sol := mustSolve(t, ofSecondOrder(ball(0.8, 2).Problem), Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-7})
		at, v := math.Sqrt(2/9.81), math.Sqrt(2*9.81)
		for i := 1; i < sol.Len(); i++ {
			if sol.Times[i] != sol.Times[i-1] {
				continue
			}
			if math.Abs(sol.Times[i]-at) > 1e-5 || math.Abs(sol.State(i)[1]-0.8*v) > 1e-4 {
				t.Errorf("bounce at %g with %g, want %g, %g", sol.Times[i], sol.State(i)[1], at, 0.8*v)
			}
			v *= 0.8
			at += 2 * v / 9.81
		}
		if sol.Stats.Events != 3 || at < 2 {
			t.Errorf("%d events, the next bounce at %g", sol.Stats.Events, at)
		}
	})
}
