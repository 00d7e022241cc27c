package sde

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// What a method does not take is an error that names methods that do.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		solver string
		p      *test
		want   []string
	}{
		{"SOSRA", linear(1, 1, 1, 1, false), []string{"scalar", "additive noise", "SOSRI"}},
		{"SOSRI", commutative2D(false), []string{"general", "diagonal", "EM"}},
		{"Tsit5", linear(1, 1, 1, 1, false), []string{"noise, which Tsit5 does not take"}},
	} {
		_, err := ode.Solve(t.Context(), c.p.Problem, ode.Options{Solver: c.solver})
		if err == nil {
			t.Errorf("%s solves %s", c.solver, c.p.Name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s of %s: %q does not say %q", c.solver, c.p.Name, err, w)
			}
		}
	}
	p := *linear(1, 1, 1, 1, false).Problem
	p.Noise = nil
	if _, err := ode.Solve(t.Context(), &p, ode.Options{Solver: "EM"}); err == nil || !strings.Contains(err.Error(), "has no noise") {
		t.Errorf("EM without noise: %v", err)
	}
}

// The automatic choice by kind of noise and hint, and the change to an implicit method where the drift is stiff.
func TestChoice(t *testing.T) {
	stiff := single("stiff", 3, 1, func(_, u float64) float64 { return -2000 * (u - 1) }, func(_, u float64) float64 { return 0.005 * u }, func(_, _ float64) float64 { return 0.005 }, nil)
	for _, c := range []struct {
		p            *test
		hint, solver string
		steps        int // at most
	}{
		{linear(1, 0.5, 1, 1, false), "", "SOSRI", 1000}, {linear(1, 0.5, 1, 1, false), "stiff", "ImplicitRKMil", 3000}, {additiveProblem(1, 0.5), "", "SOSRA", 1000}, {diagonal3(), "auto", "SOSRI", 2000},
		{commutative2D(false), "", "RKMilCommute", 1000}, {levy(), "", "LambaEM", 20000}, {ornstein(2000, 1, 0.005, 3, 1), "", "SOSRA+SKenCarp", 600}, {stiff, "", "SOSRI+ImplicitRKMil", 1500}, {stiff, "nonstiff", "SOSRI", 20000},
	} {
		s := solve(t, c.p.Problem, ode.Options{Solver: c.hint, Seed: 2})
		t.Logf("%s %s: %s (%s), %+v", c.p.Name, c.hint, s.Solver, s.Why, s.Stats)
		if s.Solver != c.solver || s.Stats.Steps > c.steps {
			t.Errorf("%s %s: %s in %d steps, want %s", c.p.Name, c.hint, s.Solver, s.Stats.Steps, c.solver)
		}
	}
	// A run that has changed its method: again on the same integrator, and saved in mid-flight.
	opt := ode.Options{Seed: 3, SaveAt: []float64{0.1, 0.5, 1}}
	a := solve(t, stiff.Problem, opt)
	in, err := ode.NewIntegrator(t.Context(), stiff.Problem, ode.Options{Seed: 4, SaveAt: opt.SaveAt})
	for k := 0; err == nil && k < 3; k++ {
		for err == nil && !in.Done() {
			err = in.Step()
		}
		if err == nil {
			err = in.Reset(t.Context(), opt)
		}
	}
	for err == nil && in.T() < 0.3 {
		err = in.Step()
	}
	if err != nil {
		t.Fatal(err)
	}
	state, err := in.Save()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []func() (*ode.Integrator, error){func() (*ode.Integrator, error) { return in, nil }, func() (*ode.Integrator, error) { return ode.Resume(t.Context(), stiff.Problem, opt, state) }} {
		in, err := r()
		for err == nil && !in.Done() {
			err = in.Step()
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, "stiff", a, in.Solution())
	}
}
