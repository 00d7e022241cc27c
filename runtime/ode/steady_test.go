package ode

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// flow is the problem u' = f(t, u) with differences for its Jacobian.
func flow(u0 []float64, f func(t float64, u, du []float64)) *Problem {
	p := &Problem{Name: "flow", U0: u0, Span: [2]float64{0, 1}}
	for range u0 {
		p.States = append(p.States, Quantity{Min: math.Inf(-1), Max: math.Inf(1)})
	}
	p.NewKernels = func() *Kernels {
		return &Kernels{RHS: func(t float64, u, _, du []float64) { f(t, u, du) }}
	}
	return p
}

func steadyOf(t *testing.T, p *Problem, at float64) *Equilibrium {
	t.Helper()
	e, err := Steady(context.Background(), p, at, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSteady(t *testing.T) {
	// Newton's method finds the equilibrium of Lotka and Volterra, which no run reaches.
	e := steadyOf(t, flow([]float64{3, 2}, func(_ float64, u, du []float64) {
		du[0], du[1] = 1.1*u[0]-0.4*u[0]*u[1], 0.1*u[0]*u[1]-0.4*u[1]
	}), 0)
	if math.Abs(e.U[0]-4) > 1e-8 || math.Abs(e.U[1]-2.75) > 1e-8 || e.Marched || e.Free != 0 {
		t.Errorf("%+v", e)
	}
	// Explicit functions of time keep their values: x' = t - x at t = 2, after a run.
	e = steadyOf(t, flow([]float64{0}, func(t float64, u, du []float64) { du[0] = t - u[0] }), 2)
	if math.Abs(e.U[0]-2) > 1e-9 || e.T != 2 {
		t.Errorf("%+v", e)
	}
	// Positions that nothing depends on run on.
	p := flow([]float64{0, 0, 0}, func(_ float64, u, du []float64) { du[0], du[1], du[2] = u[1], 3-u[1], u[1]-1 })
	p.Jac = &linsolve.Pattern{Rows: 3, Cols: 3, ColPtr: []int32{0, 0, 3, 3}, RowIdx: []int32{0, 1, 2}}
	e = steadyOf(t, p, 0)
	if len(e.Running) != 2 || e.Running[0] != 0 || e.Running[1] != 2 || math.Abs(e.U[1]-3) > 1e-9 {
		t.Errorf("%+v", e)
	}
	// Lines of equilibria: a run keeps the sum; without damping what is conserved is kept.
	e = steadyOf(t, flow([]float64{1, 0}, func(_ float64, u, du []float64) { du[0], du[1] = 3*u[1]-u[0], u[0]-3*u[1] }), 0)
	if e.Free != 1 || math.Abs(e.U[0]-0.75) > 1e-6 || math.Abs(e.U[1]-0.25) > 1e-6 || !e.Marched {
		t.Errorf("%+v", e)
	}
	e = steadyOf(t, flow([]float64{1, 1, 5}, func(_ float64, u, du []float64) { du[0], du[1], du[2] = u[1], -u[0], 0 }), 0)
	if e.Free != 1 || math.Abs(e.U[0]) > 1e-9 || e.U[2] != 5 || e.Marched || len(e.Warnings) != 0 {
		t.Errorf("%+v", e)
	}
	// x' = 1 + x^2 has none.
	if _, err := Steady(context.Background(), flow([]float64{0}, func(_ float64, u, du []float64) { du[0] = 1 + u[0]*u[0] }), 0, Options{}); err == nil ||
		!strings.Contains(err.Error(), "no steady state found") {
		t.Errorf("%v", err)
	}
	// From the left of its minimum the damped Newton method does not get to the root of
	// x^3 - 2x - 5 (Wallis's example), but the run does.
	e = steadyOf(t, flow([]float64{-2}, func(_ float64, u, du []float64) { du[0] = 5 + 2*u[0] - u[0]*u[0]*u[0] }), 0)
	if math.Abs(e.U[0]-2.0945514815423265) > 1e-9 {
		t.Errorf("Wallis: %+v", e)
	}
}
