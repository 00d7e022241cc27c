package history_test

import (
	"context"
	"math"
	"slices"
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

// A run with delays that is saved on the way goes on bit by bit, elsewhere and in its own memory.
func TestArchive(t *testing.T) {
	m := model.New("linear")
	y := m.Var("y", model.Init(1))
	m.Eq(expr.Der(y), m.Pool.Of(m.Delayed(y.ID(), expr.One, expr.One, diag.Pos{})).Neg())
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, solver := range []string{"Tsit5", "Rodas5P", "RadauIIA5", "BDF"} {
		opt := ode.Options{Span: [2]float64{0, 5}, Solver: solver}
		finish := func(in *ode.Integrator) *ode.Solution {
			for !in.Done() {
				if err := in.Step(); err != nil {
					t.Fatal(solver, err)
				}
			}
			return in.Solution()
		}
		start := func() *ode.Integrator {
			in, err := ode.NewIntegrator(context.Background(), p, opt)
			if err != nil {
				t.Fatal(solver, err)
			}
			return in
		}
		want := finish(start())
		in := start()
		for in.T() < 2.3 {
			if err := in.Step(); err != nil {
				t.Fatal(solver, err)
			}
		}
		data, err := in.Save()
		if err != nil {
			t.Fatal(solver, err)
		}
		elsewhere, err := ode.Resume(context.Background(), p, opt, data)
		if err != nil {
			t.Fatal(solver, err)
		}
		finish(in)
		if err := in.Restore(data); err != nil {
			t.Fatal(solver, err)
		}
		for _, got := range []*ode.Solution{finish(elsewhere), finish(in)} {
			if got.Stats != want.Stats || !slices.Equal(got.Times, want.Times) || !slices.Equal(got.U, want.U) {
				t.Errorf("%s: y = %v with %+v, want %v with %+v", solver, got.U, got.Stats, want.U, want.Stats)
			}
		}
	}
}
