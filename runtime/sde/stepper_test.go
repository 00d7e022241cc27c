package sde

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// every lists solvers with a problem that they take.
func every() (list []struct {
	solver string
	p      *test
}) {
	for _, m := range methods {
		var p *test
		switch {
		case m.takes&general != 0:
			p = commutative2D(false)
		case m.takes&commutative != 0:
			p = commutative2D(true)
		case m.takes&diagonal != 0:
			p = diagonal3()
		default:
			p = additiveProblem(1, 0.5)
		}
		list = append(list, struct {
			solver string
			p      *test
		}{m.info.Name, p})
	}
	return list
}

func solve(t testing.TB, p *ode.Problem, opt ode.Options) *ode.Solution {
	t.Helper()
	s, err := ode.Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%s of %s: %v", opt.Solver, p.Name, err)
	}
	return s
}

// A run is a function of seed and path: again, after a Reset, and after Save and Restore.
func TestReproducible(t *testing.T) {
	for _, c := range every() {
		opt := ode.Options{Solver: c.solver, Seed: 5, Path: 8, SaveAt: []float64{0, 0.1, 0.35, 1}}
		a, b := solve(t, c.p.Problem, opt), solve(t, c.p.Problem, opt)
		same(t, c.solver+" again", a, b)
		opt.Path = 9
		if d := solve(t, c.p.Problem, opt); d.State(3)[0] == a.State(3)[0] {
			t.Errorf("%s: two paths end equal", c.solver)
		}
		opt.Path = 8
		in, err := ode.NewIntegrator(context.Background(), c.p.Problem, ode.Options{Solver: c.solver, Seed: 1, Path: 1, SaveAt: opt.SaveAt})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // the third time without a new stepper
			if err := in.Reset(context.Background(), opt); err != nil {
				t.Fatal(err)
			}
			for !in.Done() {
				if err := in.Step(); err != nil {
					t.Fatal(err)
				}
			}
			same(t, c.solver+" after Reset", a, in.Solution())
		}
		// Saved in mid-flight.
		if err := in.Reset(context.Background(), opt); err != nil {
			t.Fatal(err)
		}
		for in.T() < 0.2 {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		state, err := in.Save()
		if err != nil {
			t.Fatal(err)
		}
		re, err := ode.Resume(context.Background(), c.p.Problem, opt, state)
		if err != nil {
			t.Fatal(err)
		}
		for !re.Done() {
			if err := re.Step(); err != nil {
				t.Fatal(err)
			}
		}
		same(t, c.solver+" resumed", a, re.Solution())
	}
}

func same(t *testing.T, what string, a, b *ode.Solution) {
	t.Helper()
	if len(a.Times) != len(b.Times) || a.Stats != b.Stats {
		t.Errorf("%s: %d points, %+v; %d points, %+v", what, len(a.Times), a.Stats, len(b.Times), b.Stats)
		return
	}
	for k := range a.Times {
		u, v := a.State(k), b.State(k)
		for i := range u {
			if math.Float64bits(u[i]) != math.Float64bits(v[i]) {
				t.Errorf("%s: state %d at %v is %v, want %v", what, i, a.Times[k], v[i], u[i])
				return
			}
		}
	}
}

// A step allocates nothing.
func TestAllocations(t *testing.T) {
	for _, c := range every() {
		in, err := ode.NewIntegrator(context.Background(), c.p.Problem, ode.Options{Solver: c.solver, Span: [2]float64{0, 1e6}, HMax: 0.01, FinalOnly: true, InitialStep: 0.01, MaxSteps: math.MaxInt})
		if err != nil {
			t.Fatal(err)
		}
		step := func() {
			if err := in.Step(); err != nil {
				t.Fatal(c.solver, err)
			}
		}
		for range 20 {
			step()
		}
		if n := testing.AllocsPerRun(20, step); n > 0 {
			t.Errorf("%s: %v allocations in a step", c.solver, n)
		}
	}
}

// Runs of one problem may go on at the same time; what they find is what they find alone.
func TestConcurrent(t *testing.T) {
	for _, c := range every() {
		const n = 4
		var got [n]*ode.Solution
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				got[i], _ = ode.Solve(context.Background(), c.p.Problem, ode.Options{Solver: c.solver, Seed: 1, Path: uint64(i), FinalOnly: true})
			})
		}
		wg.Wait()
		for i, s := range got {
			same(t, c.solver, solve(t, c.p.Problem, ode.Options{Solver: c.solver, Seed: 1, Path: uint64(i), FinalOnly: true}), s)
		}
	}
}
