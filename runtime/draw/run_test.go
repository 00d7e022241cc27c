package draw_test

import (
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/draw"
	"github.com/mtkc/mtkc/runtime/ode"
)

// drawn is the problem x' = b with the parameters a, drawn from [1, 2], b = 2 a, which the model computes, c, drawn from [b, b+1], and d,
// which a callback draws from [x, x+1] when t is 0.5.
func drawn(last draw.Variate) *ode.Problem {
	p := &ode.Problem{
		Name: "drawn", Span: [2]float64{0, 1}, States: []ode.Quantity{{Name: "x"}}, U0: []float64{0},
		Params: []ode.Quantity{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}, P: []float64{1, 2, 1, 1},
		Observables: []ode.Observable{{Name: "x", Kind: ode.State, Sign: 1}, {Name: "b", Kind: ode.Parameter, Index: 1, Sign: 1}, {Name: "b+1"}, {Name: "x+1"}},
		NewKernels: func() *ode.Kernels {
			return &ode.Kernels{
				RHS: func(_ float64, _, p, du []float64) { du[0] = p[1] },
				Bind: func(p []float64, set []bool) {
					if set == nil || !set[1] {
						p[1] = 2 * p[0]
					}
				},
			}
		},
		NewObserver: func(which []int) func(t float64, u, p, out []float64) {
			return func(_ float64, u, p, out []float64) {
				for i, k := range which {
					out[i] = []float64{u[0], p[1], p[1] + 1, u[0] + 1}[k]
				}
			}
		},
	}
	list := []draw.Variate{
		{Dist: draw.Uniform, Args: []draw.Arg{{-1, 1}, {-1, 2}}, Value: 0, Initial: true},
		{Dist: draw.Uniform, Args: []draw.Arg{{Observable: 1}, {Observable: 2}}, Value: 2, Initial: true},
		last,
	}
	p.Callbacks = func(k *ode.Kernels) []*ode.Callback {
		r := draw.NewRun(p, k, list)
		return []*ode.Callback{r.Callback(), {
			Next: func(in *ode.Integrator) float64 {
				if in.T() < 0.5 {
					return 0.5
				}
				return math.NaN()
			},
			At: func(in *ode.Integrator) error { return r.Draw(in, []int{2}) },
		}}
	}
	return p
}

// Variates are drawn before what is computed from them, in their order, or when a callback asks for them; a reset run is as a new one.
func TestRun(t *testing.T) {
	p := drawn(draw.Variate{Dist: draw.Uniform, Args: []draw.Arg{{Observable: 0}, {Observable: 3}}, Value: 3})
	in, err := ode.NewIntegrator(t.Context(), p, ode.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float64]bool{}
	for path := range uint64(50) {
		opt := ode.Options{Seed: 1, Path: path}
		if err := in.Reset(t.Context(), opt); err != nil {
			t.Fatal(err)
		}
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		q, x := in.P(), in.U()[0]
		a, b, c, d := q[0], q[1], q[2], q[3]
		if a < 1 || a > 2 || b != 2*a || c < b || c > b+1 || d < x/2-1e-9 || d > x/2+1+1e-9 || math.Abs(x-b) > 1e-9 || seen[a] {
			t.Fatalf("path %d: %v, x = %v", path, q, x)
		}
		seen[a] = true
		sol, err := ode.Solve(t.Context(), p, opt)
		if err != nil {
			t.Fatal(err)
		}
		if sol.Params[2] != c || sol.Params[3] != d {
			t.Errorf("path %d: a new run has %v, one that was reset %v", path, sol.Params, q)
		}
	}
	sol, err := ode.Solve(t.Context(), p, ode.Options{Set: map[string]float64{"b": 7}})
	if err != nil {
		t.Fatal(err)
	}
	if c := sol.Params[2]; sol.Params[1] != 7 || c < 7 || c > 8 {
		t.Errorf("with b = 7 the parameters are %v", sol.Params)
	}
}

// What makes no sense ends the run, but where it may not be needed.
func TestRunFails(t *testing.T) {
	bad := draw.Variate{Dist: draw.Exponential, Args: []draw.Arg{{-1, -3}}, Value: 3}
	if _, err := ode.Solve(t.Context(), drawn(bad), ode.Options{}); err == nil || !strings.Contains(err.Error(), "exponential: the rate is -3: it must be positive and finite, at t = 0.5") {
		t.Error(err)
	}
	bad.Optional = true
	sol, err := ode.Solve(t.Context(), drawn(bad), ode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := sol.Params[3]; d == d {
		t.Errorf("the number that is not needed is %v", d)
	}
	bad.Optional, bad.Initial = false, true
	if _, err := ode.Solve(t.Context(), drawn(bad), ode.Options{}); err == nil || !strings.Contains(err.Error(), "random numbers: exponential: the rate is -3") {
		t.Error(err)
	}
}
