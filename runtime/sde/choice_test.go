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
