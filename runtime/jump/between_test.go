package jump

import (
	"math"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// collapse grows at the rate 1 and goes back to zero at a rate that is its size: the times between the jumps have the law of Rayleigh,
// P(time > t) = exp(-t^2/2).
func collapse(t1 float64) *ode.Problem {
	return &ode.Problem{
		Name: "growth and collapse", Span: [2]float64{0, t1}, U0: []float64{0, 0},
		States: []ode.Quantity{{Name: "size"}, {Name: "jumps"}},
		Jumps: &ode.Jumps{Reactions: []ode.Jump{{
			Name: "collapse", Reads: []int32{0}, Vary: true, Changes: []ode.Change{{State: 0}, {State: 1}},
		}}},
		NewKernels: func() *ode.Kernels {
			return &ode.Kernels{
				RHS:      func(_ float64, _, _, du []float64) { du[0], du[1] = 1, 0 },
				JumpRate: func(_ int, _ float64, u, _ []float64) float64 { return u[0] },
				JumpChange: func(_ int, _ float64, u, _, by []float64) {
					by[0], by[1] = -u[0], 1
				},
			}
		},
	}
}

// seasons is a population that is born at the rate 20 (1 + sin t) and dies at the rate 1 each, of mass action with a constant that depends on
// time in name only: a Poisson law with the mean that follows m' = 20 (1 + sin t) - m.
func seasons(t1 float64) *ode.Problem {
	return &ode.Problem{
		Name: "seasons", Span: [2]float64{0, t1}, U0: []float64{0}, States: []ode.Quantity{{Name: "A"}},
		Jumps: &ode.Jumps{Still: true, Reactions: []ode.Jump{
			{Name: "birth", Clock: true, Changes: []ode.Change{{State: 0, By: 1}}},
			{Name: "death", MassAction: true, Clock: true, Reactants: []ode.Reactant{{State: 0, Order: 1}}, Reads: []int32{0}, Changes: []ode.Change{{State: 0, By: -1}}},
		}},
		NewKernels: func() *ode.Kernels {
			return &ode.Kernels{
				JumpRate:      func(_ int, t float64, _, _ []float64) float64 { return 20 * (1 + math.Sin(t)) },
				JumpConstants: func(_ float64, _, _, c []float64) { c[1] = 1 },
			}
		},
	}
}

// kolmogorov is sqrt(n) times the largest distance of the empirical distribution function of v from f.
func kolmogorov(v []float64, f func(float64) float64) float64 {
	slices.Sort(v)
	d, n := 0.0, float64(len(v))
	for i, x := range v {
		p := f(x)
		d = max(d, math.Abs(p-float64(i)/n), math.Abs(p-float64(i+1)/n))
	}
	return math.Sqrt(n) * d
}

func TestCollapse(t *testing.T) {
	for _, m := range []ode.Method{nil, Between(mustLookup("Rodas5P")), Between(mustLookup("BDF"))} {
		sol := run(t, collapse(5000), ode.Options{Method: m, Seed: 8, RelTol: 1e-8})
		if m == nil && sol.Solver != "PDMP" {
			t.Errorf("the choice is %s: %s", sol.Solver, sol.Why)
		}
		var gaps []float64
		last, jumps := 0.0, 0.0
		for i := range sol.Len() {
			if u := sol.State(i); u[1] > jumps {
				gaps = append(gaps, sol.Times[i]-last)
				last, jumps = sol.Times[i], u[1]
				if u[0] != 0 {
					t.Fatalf("after a collapse the size is %v", u[0])
				}
			} else if math.Abs(u[0]-(sol.Times[i]-last)) > 1e-9 {
				t.Fatalf("at %v the size is %v, %v after the last collapse", sol.Times[i], u[0], sol.Times[i]-last)
			}
		}
		if len(gaps) < 3000 {
			t.Fatalf("%d jumps", len(gaps))
		}
		// 1.95 is the bound of the level 0.001.
		if d := kolmogorov(gaps, func(t float64) float64 { return -math.Expm1(-t * t / 2) }); d > 1.95 {
			t.Errorf("%s: %d times between jumps have sqrt(n) D = %v", sol.Solver, len(gaps), d)
		}
	}
}

func mustLookup(name string) ode.Method {
	m, err := ode.Lookup(name)
	if err != nil {
		panic(err)
	}
	return m
}

func TestSeasons(t *testing.T) {
	const t1 = 7.0
	mean := 20 * (1 - math.Exp(-t1) + (math.Sin(t1)-math.Cos(t1)+math.Exp(-t1))/2)
	rows := sample(t, seasons(t1), ode.Options{Seed: 2, RelTol: 1e-6}, 2000)
	got, variance, se, seVar := moments(rows, 0)
	if math.Abs(got-mean) > 4*se || math.Abs(variance-mean) > 4*seVar {
		t.Errorf("mean %v, variance %v, want %v +- %v, +- %v", got, variance, mean, se, seVar)
	}
}

// Conditions are found on the way between jumps and at them; dense output follows both.
func TestBetweenEvents(t *testing.T) {
	var ups, downs []float64
	cb := &ode.Callback{
		Conditions: 1, Crossings: func(_ float64, u, _, g []float64) { g[0] = u[0] - 0.25 },
		Affect: func(in *ode.Integrator, _ int, t float64, u []float64) error {
			if u[0] > 0 {
				ups = append(ups, t)
			} else {
				downs = append(downs, t)
			}
			return nil
		},
	}
	sol := run(t, collapse(200), ode.Options{Seed: 3, RelTol: 1e-8, Dense: true, Callbacks: []*ode.Callback{cb}})
	jumps := 0.0
	var collapses []float64
	u := make([]float64, 2)
	for i := range sol.Len() {
		at := sol.Times[i]
		if s := sol.State(i); s[1] > jumps {
			jumps = s[1]
			collapses = append(collapses, at)
			if last := at - 1e-6; !sol.At(last, u) || math.Abs(u[1]-(jumps-1)) > 1e-9 {
				t.Errorf("before the collapse at %v dense output is %v", at, u)
			}
		}
	}
	if len(ups) < 50 || len(downs) < 50 || len(ups)-len(downs) > 1 || len(ups) < len(downs) {
		t.Fatalf("%d ways up through 0.25, %d down, %d collapses", len(ups), len(downs), len(collapses))
	}
	for _, at := range downs {
		if !slices.Contains(collapses, at) {
			t.Errorf("it went down at %v, where there was no collapse", at)
		}
	}
	last := 0.0
	for _, at := range ups {
		for _, c := range collapses {
			if c < at {
				last = c
			}
		}
		if math.Abs(at-last-0.25) > 1e-9 {
			t.Errorf("it went up at %v, %v after the last collapse", at, at-last)
		}
	}
}

func TestBetweenAgain(t *testing.T) {
	for _, p := range []*ode.Problem{collapse(50), seasons(5)} {
		opt := ode.Options{Seed: 9, Path: 2}
		want := run(t, p, opt)
		final := run(t, p, ode.Options{Seed: 9, Path: 2, FinalOnly: true})
		if !slices.Equal(final.U, want.U) {
			t.Errorf("%s: the end is %v, or %v where it is saved alone", p.Name, want.U, final.U)
		}
		in, err := ode.NewIntegrator(t.Context(), p, ode.Options{Seed: 1, Span: [2]float64{0, 3}})
		if err != nil {
			t.Fatal(err)
		}
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := in.Reset(t.Context(), opt); err != nil {
				t.Fatal(err)
			}
			var state []byte
			for k := 0; !in.Done(); k++ {
				if err := in.Step(); err != nil {
					t.Fatal(err)
				}
				if k == want.Len()/2 {
					if state, err = in.Save(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if sol := in.Solution(); !slices.Equal(sol.Times, want.Times) || !slices.Equal(sol.U, want.U) {
				t.Errorf("%s: a run after Reset differs", p.Name)
			}
			other, err := ode.Resume(t.Context(), p, opt, state)
			if err != nil {
				t.Fatal(err)
			}
			for !other.Done() {
				if err := other.Step(); err != nil {
					t.Fatal(err)
				}
			}
			if sol := other.Solution(); !slices.Equal(sol.Times, want.Times) || !slices.Equal(sol.U, want.U) {
				t.Errorf("%s: a run that was saved goes on differently", p.Name)
			}
		}
	}
}
