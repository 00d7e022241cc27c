package jump

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// every lists all methods that take still processes.
func every() []ode.Method {
	var list []ode.Method
	for _, m := range exact {
		list = append(list, m)
	}
	for _, m := range leaps {
		list = append(list, m)
	}
	return list
}

func gene() *ode.Problem {
	return reactions("gene expression", nil, 100, "0 -> M : 0.5", "M -> 0 : 0.05", "M -> M + P : 0.4", "P -> 0 : 0.01")
}

func enzyme() *ode.Problem {
	return reactions("enzyme", map[string]float64{"E": 20, "S": 120}, 30, "E + S -> ES : 0.01", "ES -> E + S : 0.1", "ES -> E + P : 0.3", "2P -> D : 0.002", "D -> 2P : 0.1")
}

func run(t testing.TB, p *ode.Problem, opt ode.Options) *ode.Solution {
	t.Helper()
	sol, err := ode.Solve(t.Context(), p, opt)
	if err != nil {
		t.Fatal(err)
	}
	return sol
}

// A path is a function of seed and number, whatever is saved of it.
func TestReproducible(t *testing.T) {
	for _, p := range []*ode.Problem{gene(), general(gene()), enzyme()} {
		for _, m := range every() {
			opt := ode.Options{Method: m, Seed: 3, Path: 5}
			steps := run(t, p, opt)
			if steps.Len() < 50 || steps.Stats.Steps < 50 {
				t.Fatalf("%s: %d points", m.Info().Name, steps.Len())
			}
			opt.Dense = true
			dense := run(t, p, opt)
			opt.Dense = false
			opt.SaveAt = []float64{0, 1, 1, 7.5, p.Span[1]}
			saved := run(t, p, opt)
			opt.FinalOnly, opt.SaveAt = true, nil
			final := run(t, p, opt)
			if !slices.Equal(steps.U, saved.U) || !slices.Equal(steps.U, final.U) || !slices.Equal(steps.U, dense.U) {
				t.Errorf("%s of %s: the end is %v, %v, %v, %v, as the saved times differ", m.Info().Name, p.Name, steps.U, saved.U, final.U, dense.U)
			}
			u := make([]float64, p.N())
			for i, at := range saved.Times {
				k, _ := slices.BinarySearchFunc(steps.Times, at, func(a, b float64) int {
					if a <= b {
						return -1
					}
					return 1
				})
				if !slices.Equal(saved.State(i), steps.State(k-1)) {
					t.Errorf("%s of %s: at %v %v is saved, the path has %v", m.Info().Name, p.Name, at, saved.State(i), steps.State(k-1))
				}
				if !dense.At(at, u) || !slices.Equal(u, steps.State(k-1)) {
					t.Errorf("%s of %s: at %v dense output is %v, the path has %v", m.Info().Name, p.Name, at, u, steps.State(k-1))
				}
			}
			opt.Path++
			if other := run(t, p, opt); other.Stats.Steps == steps.Stats.Steps && slices.Equal(other.U, steps.U) {
				t.Errorf("%s: another path is the same", m.Info().Name)
			}
		}
	}
}

// Reset is as good as new, and a run that was saved goes on as it would have.
func TestResetSaveRestore(t *testing.T) {
	for _, p := range []*ode.Problem{gene(), general(enzyme())} {
		for _, m := range every() {
			name := m.Info().Name
			opt := ode.Options{Method: m, Seed: 9, Path: 2}
			want := run(t, p, opt)
			in, err := ode.NewIntegrator(t.Context(), p, ode.Options{Method: m, Seed: 1, Span: [2]float64{0, 3}})
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
				if sol := in.Solution(); !slices.Equal(sol.Times, want.Times) || !slices.Equal(sol.U, want.U) || sol.Stats != want.Stats {
					t.Errorf("%s of %s: a run after Reset differs", name, p.Name)
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
				if sol := other.Solution(); !slices.Equal(sol.Times, want.Times) || !slices.Equal(sol.U, want.U) || sol.Stats != want.Stats {
					t.Errorf("%s of %s: a run that was saved goes on differently", name, p.Name)
				}
			}
		}
	}
}

// Jumps take no memory.
func TestNoAllocation(t *testing.T) {
	for _, m := range every() {
		p := gene()
		in, err := ode.NewIntegrator(t.Context(), p, ode.Options{Method: m, Span: [2]float64{0, 1e13}, FinalOnly: true, Callbacks: []*ode.Callback{{After: func(*ode.Integrator) error { return nil }}}})
		if err != nil {
			t.Fatal(err)
		}
		if a := testing.AllocsPerRun(2000, func() { in.Step() }); a > 0 {
			t.Errorf("%s: %v allocations for each jump", m.Info().Name, a)
		}
		in, err = ode.NewIntegrator(t.Context(), p, ode.Options{Method: m, Span: [2]float64{0, 1e13}, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if a := testing.AllocsPerRun(20, func() { in.Step() }); a > 0 {
			t.Errorf("%s: %v allocations for a burst of jumps", m.Info().Name, a)
		}
	}
}

// Where nothing can happen any more, the run goes to its end.
func TestEmpty(t *testing.T) {
	p := reactions("decay", map[string]float64{"A": 7}, 1e6, "A -> B : 2", "2B -> 0 : 1")
	for _, p := range []*ode.Problem{p, general(p)} {
		for _, m := range every() {
			sol := run(t, p, ode.Options{Method: m})
			if sol.U[0] != 0 || sol.U[1] != 1 || sol.T != 1e6 || sol.Len() > sol.Stats.Steps+2 || sol.Stats.Steps > 10 {
				t.Errorf("%s: the end of a process that stops is %v at %v, after %d jumps", m.Info().Name, sol.U, sol.T, sol.Stats.Steps)
			}
			for i := range sol.Len() {
				if u := sol.State(i); u[0] < 0 || u[1] < 0 {
					t.Errorf("%s: %v molecules", m.Info().Name, u)
				}
			}
		}
	}
}

// A condition ends the run at the jump that makes it true; a dose at a preset time counts from there on.
func TestCallbacks(t *testing.T) {
	for _, m := range every() {
		name := m.Info().Name
		p := gene()
		stop := &ode.Callback{
			Conditions: 1, Crossings: func(_ float64, u, _, g []float64) { g[0] = u[1] - 19.5 },
			Affect: func(in *ode.Integrator, _ int, _ float64, _ []float64) error { in.Terminate("enough"); return nil },
		}
		sol := run(t, p, ode.Options{Method: m, Seed: 4, Callbacks: []*ode.Callback{stop}})
		plain := run(t, p, ode.Options{Method: m, Seed: 4})
		first := 0
		for plain.State(first)[1] < 20 {
			first++
		}
		if sol.Retcode != ode.Terminated || sol.U[1] < 20 || sol.T != plain.Times[first] {
			t.Errorf("%s: the run ended at %v with %v (%v), want %v", name, sol.T, sol.U, sol.Retcode, plain.Times[first])
		}
		dose := &ode.Callback{
			Next: func(in *ode.Integrator) float64 {
				if in.T() < 50 {
					return 50
				}
				return math.NaN()
			},
			At: func(in *ode.Integrator) error { return in.SetU([]float64{in.U()[0], 1000}) },
		}
		sol = run(t, p, ode.Options{Method: m, Seed: 4, Span: [2]float64{0, 51}, Callbacks: []*ode.Callback{dose}})
		if u := sol.U[1]; u < 950 || u > 1050 {
			t.Errorf("%s: after a dose of 1000 there are %v", name, u)
		}
	}
}

// A rate that is none ends the run with the name of its reaction.
func TestBadRates(t *testing.T) {
	p := general(reactions("bad", map[string]float64{"A": 3}, 100, "A -> B : 1", "B -> C : 1"))
	for _, v := range []float64{-1, math.NaN(), math.Inf(1)} {
		q := *p
		q.NewKernels = func() *ode.Kernels {
			k := p.NewKernels()
			rate := k.JumpRate
			k.JumpRate = func(r int, t float64, u, p []float64) float64 {
				if r == 1 && u[1] == 2 {
					return v
				}
				return rate(r, t, u, p)
			}
			return k
		}
		for _, m := range every() {
			var err error
			for path := range uint64(20) {
				if _, err = ode.Solve(t.Context(), &q, ode.Options{Method: m, Path: path}); err != nil {
					break
				}
			}
			var f *ode.Failure
			if !errors.As(err, &f) || f.Code != ode.Unstable || !strings.Contains(f.Message, "B -> C") || !strings.Contains(f.Message, "B = 2") || !(f.T > 0) {
				t.Errorf("%s: a rate of %v gives %v", m.Info().Name, v, err)
			}
		}
	}
	p = reactions("bad", map[string]float64{"A": 3}, 100, "A -> B : 1")
	for _, m := range every() {
		if _, err := ode.Solve(t.Context(), p, ode.Options{Method: m, Set: map[string]float64{"k1": -1}}); err == nil || !strings.Contains(err.Error(), "A -> B is -1") {
			t.Errorf("%s: a negative constant gives %v", m.Info().Name, err)
		}
	}
}

// Start values that are no numbers of molecules are warned of; nothing goes below zero.
func TestBroken(t *testing.T) {
	p := reactions("broken", map[string]float64{"A": 2.5, "B": 3}, 100, "A -> 0 : 1", "2B -> 0 : 1")
	for _, m := range every() {
		sol := run(t, p, ode.Options{Method: m})
		if len(sol.Warnings) != 1 || !strings.Contains(sol.Warnings[0], "A starts at 2.5") {
			t.Errorf("%s: warnings %q", m.Info().Name, sol.Warnings)
		}
		if sol.U[0] != 0.5 || sol.U[1] != 1 {
			t.Errorf("%s: the end is %v", m.Info().Name, sol.U)
		}
	}
}

// Jumps count as steps, without a limit but a given one.
func TestMaxSteps(t *testing.T) {
	p := birthDeath()
	for _, m := range every() {
		sol, err := ode.Solve(t.Context(), p, ode.Options{Method: m, MaxSteps: 300, FinalOnly: true})
		var f *ode.Failure
		if !errors.As(err, &f) || f.Code != ode.MaxSteps || sol.Stats.Steps > 300 {
			t.Errorf("%s: %v after %d jumps", m.Info().Name, err, sol.Stats.Steps)
		}
	}
}

// Runs that go on at the same time share nothing.
func TestConcurrent(t *testing.T) {
	p := enzyme()
	for _, m := range every() {
		want := run(t, p, ode.Options{Method: m, Seed: 1, FinalOnly: true})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				sol, err := ode.Solve(t.Context(), p, ode.Options{Method: m, Seed: 1, FinalOnly: true})
				if err != nil || !slices.Equal(sol.U, want.U) {
					t.Errorf("%s: %v", m.Info().Name, err)
				}
			})
		}
		wg.Wait()
	}
}

// Without a limit a run makes as many jumps as it needs, more than a million too, unless they would never end: at a pace that takes more than 1e10 jumps
// to the end, or in an explosion.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		p     *ode.Problem
		steps int // at most, of a run that ends early; 0: it comes to its end
	}{
		{reactions("turnover", map[string]float64{"A": 1000}, 1, "0 -> A : 1e6", "A -> 0 : 1000"), 0},
		{reactions("many", map[string]float64{"A": 1e9}, 100, "0 -> A : 1e12", "A -> 0 : 1000"), 1_000_000},
		{reactions("explosion", map[string]float64{"A": 10}, 5, "2A -> 3A : 2"), 10_000_000},
	} {
		for _, save := range []ode.Options{{FinalOnly: true}, {Steps: 3}} {
			save.Seed = 1
			sol, err := ode.Solve(t.Context(), c.p, save)
			var f *ode.Failure
			switch {
			case c.steps == 0 && (err != nil || sol.Stats.Steps < 1_500_000):
				t.Errorf("%s: %v after %d jumps", c.p.Name, err, sol.Stats.Steps)
			case c.steps > 0 && (!errors.As(err, &f) || f.Code != ode.MaxSteps || sol.Stats.Steps > c.steps || !strings.Contains(err.Error(), "more to come until t = ")):
				t.Errorf("%s: %v after %d jumps", c.p.Name, err, sol.Stats.Steps)
			}
		}
	}
}
