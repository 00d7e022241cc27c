package ode

import (
	"math"
	"testing"
)

// followers are components that follow the time at once: u' = -1e4 (u - cos t) - sin t, and, with algebraic, 0 = v - sin 3t
// beside a slow decay. exact writes the solution, which begins on the slow manifold.
func followers(algebraic bool) (p *Problem, exact func(t float64, u []float64)) {
	if !algebraic {
		return system("follower", []float64{1}, nil, 10, func(t float64, u, _, du []float64) {
			du[0] = -1e4*(u[0]-math.Cos(t)) - math.Sin(t)
		}), func(t float64, u []float64) { u[0] = math.Cos(t) }
	}
	p = system("algebraic follower", []float64{1, 0}, nil, 10, func(t float64, u, _, du []float64) {
		du[0], du[1] = -u[0], u[1]-math.Sin(3*t)
	})
	p.Mass = []float64{1, 0}
	return p, func(t float64, u []float64) { u[0], u[1] = math.Exp(-t), math.Sin(3*t) }
}

// Where values between the ends of steps are asked for, they are as accurate as the tolerance says, whatever the error test sees of
// the components. Before the steps were limited by the interpolants, RadauIIA5 was off by 1e5 tolerances at
// 1e-9, Rodas5P with algebraic variables as well, and the automatic choice by 1e4.
func TestInnerAccuracy(t *testing.T) {
	for _, algebraic := range []bool{false, true} {
		for _, name := range []string{"Rosenbrock23", "Rodas3P", "Rodas4", "Rodas42", "Rodas4P", "Rodas5P", "Rodas6P", "RadauIIA5", "RadauIIA9", "RadauIIA13", "Radau", "auto", "stiff"} {
			for _, tol := range []float64{1e-3, 1e-5, 1e-7, 1e-9} {
				if m, err := Lookup(name); err == nil && (m.Info().Order < 4 && tol < 1e-5 || m.Info().Name == "Rodas4" && tol < 1e-7) {
					continue // takes 1e5 steps
				}
				p, exact := followers(algebraic)
				if m, err := Lookup(name); err == nil && algebraic && !m.Info().Mass {
					continue
				}
				sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol, Dense: true})
				worst, u, v := 0.0, make([]float64, p.N()), make([]float64, p.N())
				for i := range 1000 {
					at := 10 * (float64(i) + 0.5) / 1000
					sol.At(at, u)
					exact(at, v)
					worst = max(worst, farthest(u, v))
				}
				// Ten tolerances at the point that is looked at, relative to 1 + |u|, and what lies between points.
				if worst > 40*tol {
					t.Errorf("%s, %s at %g: error %.3g between steps, %d of them", name, p.Name, tol, worst, sol.Stats.Steps)
				}
			}
		}
	}
}

// Steps that nobody looks into are as long as before: the limit is not for them.
func TestInnerOff(t *testing.T) {
	p, _ := followers(false)
	for _, name := range []string{"Rodas5P", "RadauIIA5", "Kvaerno5"} {
		ends := mustSolve(t, p, Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-7, FinalOnly: true})
		whole := mustSolve(t, p, Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-7, Dense: true})
		if ends.Stats.Steps >= whole.Stats.Steps {
			t.Errorf("%s: %d steps where the end alone counts, %d where all does", name, ends.Stats.Steps, whole.Stats.Steps)
		}
	}
}

// A jump of f that no event announces does not stop a run: no step is short enough for a polynomial to follow it.
func TestInnerJump(t *testing.T) {
	p := system("switched", []float64{1, 0}, nil, 10, func(t float64, u, _, du []float64) {
		du[0], du[1] = -u[0], u[1]
		if t > math.Pi {
			du[1]--
		}
	})
	p.Mass = []float64{1, 0}
	for _, name := range []string{"Rodas4", "Rodas5P", "RadauIIA5", "Radau", "Kvaerno5", "KenCarp4"} {
		sol := mustSolve(t, p, Options{Solver: name, RelTol: 1e-6, AbsTol: 1e-6, Dense: true})
		if n := sol.Stats.Steps + sol.Stats.Rejected; n > 200 || math.Abs(sol.U[1]-1) > 1e-6 {
			t.Errorf("%s: %v after %d attempts", name, sol.U, n)
		}
	}
}
