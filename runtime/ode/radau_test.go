package ode

import (
	"context"
	"math"
	"testing"
)

func TestRadauZoo(t *testing.T) {
	// RADAU5 itself needs about one Jacobian for each step or less, one factorisation of each
	// matrix, and some 3 iterations for each step: Hairer, Wanner II, IV.10; more stages, over
	// longer steps, take more. One Jacobian is that of the consistent start.
	limit := func(matrices, iterations int) func(name string, st Stats) string {
		return func(name string, st Stats) string {
			switch {
			case st.Jac > st.Steps+st.Rejected+1:
				return "too many Jacobians"
			case st.Factor > matrices*(st.Steps+st.Rejected):
				return "too many factorisations"
			case st.Newton > iterations*(st.Steps+st.Rejected):
				return "too many iterations"
			case st.NewtonFail > st.Steps/4+5:
				return "too many iterations in vain"
			}
			return ""
		}
	}
	for _, tol := range []float64{1e-4, 1e-6, 1e-9} {
		testZoo(t, "RadauIIA5", tol, limit(2, 3))
		testZoo(t, "RadauIIA9", tol, nil)
		testZoo(t, "RadauIIA13", tol, nil)
		testZoo(t, "Radau", tol, limit(4, 7))
	}
}

// The order suits the tolerance, and rises above that where the iteration converges at once.
func TestRadauOrders(t *testing.T) {
	most := func(p *Problem, tol float64) (low, high int) {
		in, err := NewIntegrator(context.Background(), p, Options{Solver: "Radau", RelTol: tol, AbsTol: tol})
		if err != nil {
			t.Fatal(err)
		}
		r := in.st.(*firk)
		low, high = r.c.N, r.c.N
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			low, high = min(low, r.c.N), max(high, r.c.N)
		}
		return low, high
	}
	linear := system("linear", []float64{1}, nil, 100, func(t float64, u, _, du []float64) { du[0] = 100 * (math.Cos(t) - u[0]) })
	for _, c := range []struct {
		p         *Problem
		tol       float64
		low, high int
	}{
		{vanDerPol(1e3, 2e3), 1e-4, 3, 3},
		{vanDerPol(1e3, 2e3), 1e-7, 5, 5},
		{vanDerPol(1e6, 2e6), 1e-9, 5, 7}, // falls where the solution jumps, to 5 or to 3
		{pollu(), 1e-9, 7, 7},
		{linear, 1e-3, 3, 7},
	} {
		if low, high := most(c.p, c.tol); min(low, c.low) != low || low < c.low-2 || high != c.high {
			t.Errorf("%s at %g: %d to %d stages, want about %d to %d", c.p.Name, c.tol, low, high, c.low, c.high)
		}
	}
}

func TestRadauAllocations(t *testing.T) {
	noAllocations(t, "RadauIIA5", diffusion(40, 1e9))
	noAllocations(t, "RadauIIA5", ringLadder(30, 1e9))
}

func BenchmarkPolluRadau5(b *testing.B) { benchSolve(b, "RadauIIA5", pollu(), 1e-6, 1e-8) }
func BenchmarkPolluRadau(b *testing.B)  { benchSolve(b, "Radau", pollu(), 1e-6, 1e-8) }
func BenchmarkLadderRadau(b *testing.B) { benchSolve(b, "Radau", ringLadder(1000, 10), 1e-6, 1e-9) }
