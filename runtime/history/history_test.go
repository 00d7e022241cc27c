package history_test

import (
	"context"
	"math"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// y' = -y(t - 1), y = 1 before 0: by the method of steps y(1) = 0, y(2) = -1/2, y(3) = -1/6
// (Bellen and Zennaro, Numerical Methods for Delay Differential Equations, section 1.1), with
// jumps of the first derivative at 0 and of the second at 1, which steps must end at.
func TestMethodOfSteps(t *testing.T) {
	m := model.New("linear")
	y := m.Var("y", model.Init(1))
	m.Eq(expr.Der(y), m.Pool.Of(m.Delayed(y.ID(), expr.One, expr.One, diag.Pos{})).Neg())
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, solver := range []string{"Tsit5", "Vern7", "Rodas5P", "RadauIIA5", "BDF"} {
		sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 3}, SaveAt: []float64{1, 2, 3}, Solver: solver, RelTol: 1e-9, AbsTol: 1e-11})
		if err != nil {
			t.Fatal(solver, err)
		}
		for i, want := range []float64{0, -0.5, -1.0 / 6} {
			if got := sol.State(i)[0]; math.Abs(got-want) > 1e-7 { // 100 times the tolerance
				t.Errorf("%s: y(%d) = %v, want %v", solver, i+1, got, want)
			}
		}
	}
}

// A jump that an event makes comes back one delay later, to the instant.
func TestJumpComesBack(t *testing.T) {
	m := model.New("echo")
	x, z := m.Var("x", model.Init(0)), m.Var("z", model.Init(0))
	m.Eq(expr.Der(x), 0)
	m.Eq(expr.Der(z), m.Pool.Of(m.Delayed(x.ID(), m.Pool.Float(0.3), expr.Zero, diag.Pos{})))
	m.Schedule(model.ScheduledEvent{Name: "set", Delay: expr.None, Priority: expr.None, Initially: true, Persistent: true, AtTrigger: true,
		Targets: []expr.ID{x.ID()}, Values: []expr.ID{expr.One}}, m.T().Ge(0.2).ID())
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, RelTol: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	z1, err := sol.Final([]string{"z"})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(z1[0]-0.5) > 1e-9 {
		t.Errorf("z(1) = %v, want 1 - 0.2 - 0.3", z1[0])
	}
}
