package structural

import (
	"testing"

	"github.com/mtkc/mtkc/model"
)

// A definition of a function of time that constraints share is no state: the positions
// and velocities are, with the four constraints of index 3 as invariants.
func TestSharedDefinition(t *testing.T) {
	m := model.New("slider")
	for _, x := range []string{"x", "y", "u", "v"} {
		m.Var(x, model.WithGuess(1))
	}
	for _, x := range []string{"lam", "mu", "s", "c"} {
		m.Var(x)
	}
	m.MustText(`
		der(x) = u
		der(y) = v
		der(u) = lam*y + mu*x
		der(v) = lam*x - mu*y
		s = sin(time)
		c = sqrt(4 - s^2)
		x*c + y*s = 1
		x*s + y*c^2 = 2`)
	plan, found := Analyze(m, Options{})
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	if plan.NDiff != 4 || len(plan.Invariants) != 4 || plan.Index != 3 {
		t.Errorf("index %d, %d differential states, %d invariants; want 3, 4, 4", plan.Index, plan.NDiff, len(plan.Invariants))
	}
}
