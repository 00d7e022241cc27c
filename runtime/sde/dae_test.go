package sde

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// withAlgebraic is a linear equation written with an algebraic unknown z = 2x - 1, in front of the state: dx = a (z+1)/2 dt + g dW, where g
// is b (additive), b x, or b (z+1)/2 (hidden).
func withAlgebraic(kind string) *test {
	const a, b = -1.0, 0.4
	p := &ode.Problem{Name: "algebraic " + kind, Span: [2]float64{0, 1}, U0: []float64{1, 1}, Mass: []float64{0, 1}, States: []ode.Quantity{{Name: "z"}, {Name: "x"}}}
	p.Jac = pattern(2, 2, [2]int32{0, 0}, [2]int32{1, 0}, [2]int32{0, 1})
	p.Noise = &ode.Noise{Names: []string{"W"}, Matrix: pattern(2, 1, [2]int32{1, 0})}
	switch kind {
	case "additive":
		p.Noise.Reads = pattern(1, 2)
	case "diagonal":
		p.Noise.Reads = pattern(1, 2, [2]int32{0, 1})
	case "hidden":
		p.Noise.Reads = pattern(1, 2, [2]int32{0, 0})
	}
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS: func(_ float64, u, _, du []float64) { du[0], du[1] = u[0]-2*u[1]+1, a*(u[0]+1)/2 },
			Jac: func(_ float64, _, _, v []float64) { v[0], v[1], v[2] = 1, a/2, -2 },
			Noise: func(_ float64, u, _, g []float64) {
				switch kind {
				case "additive":
					g[0] = b
				case "diagonal":
					g[0] = b * u[1]
				default:
					g[0] = b * (u[0] + 1) / 2
				}
			},
		}
	}
	exact := func(t float64, w, u []float64) {
		u[1] = math.Exp((a-b*b/2)*t + b*w[0])
		u[0] = 2*u[1] - 1
	}
	if kind == "additive" {
		exact = nil
	}
	return &test{p, exact}
}

// Algebraic equations are solved by implicit methods with the others and by explicit ones inside the right-hand side; both follow the same
// path as the equation without them, and the algebraic unknowns are exact at the ends of steps.
func TestAlgebraicEquations(t *testing.T) {
	for _, c := range []struct {
		solver, form, kind string
		tol                float64 // on the mean error, from what the equation without algebraic unknown leaves
	}{
		{"", "", "diagonal", 5e-3}, {"ImplicitRKMil", "dae", "diagonal", 5e-3}, {"ImplicitEM", "", "hidden", 0.02}, {"ImplicitEM", "", "diagonal", 0.02},
		{"SOSRI", "", "diagonal", 1e-3}, {"SOSRI", "nested", "hidden", 1e-3}, {"RKMilCommute", "", "hidden", 1e-2}, {"LambaEM", "", "hidden", 0.02}, {"EM", "", "hidden", 0.02},
		{"ImplicitRKMil", "nested", "diagonal", 1e-2}, {"ImplicitEulerHeun", "nested", "hidden", 5e-3},
	} {
		p := withAlgebraic(c.kind)
		r := &runner{t: t, p: p.Problem, opt: ode.Options{Solver: c.solver, Form: c.form, Seed: 3, RelTol: 1e-3, AbsTol: 1e-3}}
		path := NewPath(1)
		w, h, want := []float64{0}, []float64{0}, []float64{0, 0}
		sum := 0.0
		const n = 100
		for i := range uint64(n) {
			u := r.end(i)
			path.Begin(3, i, 0, 1)
			path.Take(1, w, h)
			p.exact(1, w, want)
			sum += math.Abs(u[1]-want[1]) / n
			if d := math.Abs(u[0] - (2*u[1] - 1)); d > 1e-8 {
				t.Fatalf("%s %s: z is off by %v", c.solver, c.form, d)
			}
		}
		t.Logf("%s %s %s: %.3g (%s, %s)", c.solver, c.form, c.kind, sum, r.in.Solution().Why, r.in.Solution().Form)
		if !(sum < c.tol) {
			t.Errorf("%s %s of %s: mean error %v", c.solver, c.form, p.Name, sum)
		}
	}
	// Additive noise: SKenCarp against SOSRA in the nested form, on the same path.
	p := withAlgebraic("additive")
	a := &runner{t: t, p: p.Problem, opt: ode.Options{Seed: 3, RelTol: 1e-5, AbsTol: 1e-5}}
	b := &runner{t: t, p: p.Problem, opt: ode.Options{Solver: "SOSRA", Seed: 3, RelTol: 1e-5, AbsTol: 1e-5}}
	for i := range uint64(20) {
		u, v := a.end(i), b.end(i)
		if a.in.Solution().Solver != "SKenCarp" || math.Abs(u[1]-v[1]) > 1e-4 || math.Abs(u[0]-(2*u[1]-1)) > 1e-8 {
			t.Fatalf("path %d: %v by %s, %v by SOSRA", i, u, a.in.Solution().Solver, v)
		}
	}
	// What cannot be: a method of the other sense, where derivatives are hidden.
	q := withAlgebraic("hidden")
	for solver, want := range map[string]string{"ImplicitEulerHeun": "nested form", "STrapezoid": ""} {
		if _, err := ode.NewIntegrator(context.Background(), q.Problem, ode.Options{Solver: solver, Form: "dae"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", solver, err)
		}
	}
}

// A stiff drift: implicit methods take steps far beyond the bound of explicit ones, and end with the stationary
// variance sg^2/(2 th) of the Ornstein-Uhlenbeck process, whose size is small here, to what 4 standard errors of 500 paths allow.
func TestStiff(t *testing.T) {
	const th, sg, paths = 1000.0, 10.0, 500
	p := ornstein(th, 1, sg, 3, 1)
	p.Jac = linsolve.Dense(1, 1)
	for _, solver := range []string{"SKenCarp"} {
		r := &runner{t: t, p: p.Problem, opt: ode.Options{Solver: solver, Seed: 3, RelTol: 0.05, AbsTol: 0.05}}
		mean, square, steps := 0.0, 0.0, 0
		for i := range uint64(paths) {
			u := r.end(i)[0]
			mean += u / paths
			square += u * u / paths
			steps += r.in.Stats().Steps
		}
		v := sg * sg / (2 * th)
		t.Logf("%s: mean %v, variance %v, want 1, %v; %d steps in a path", solver, mean, square-mean*mean, v, steps/paths)
		if math.Abs(mean-1) > 4*math.Sqrt(v/paths) {
			t.Errorf("%s: mean %v", solver, mean)
		}
	}
}
