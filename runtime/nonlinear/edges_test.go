package nonlinear

import (
	"context"
	"errors"
	"math"
	"testing"
)

// Start and parameters may come from the options alone.
func TestStartOfOptions(t *testing.T) {
	p := &Problem{N: 1, Residual: func(x, p, r []float64) { r[0] = x[0]*x[0] - p[0] }}
	sol, err := Solve(context.Background(), p, Options{X0: []float64{1}, P: []float64{4}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(sol.X[0]-2) > 1e-9 {
		t.Errorf("%v, want 2", sol.X)
	}
}

// A fit without residuals has no gradient.
func TestExactFit(t *testing.T) {
	p := &Problem{N: 1, M: 2, X0: []float64{3}, Residual: func(x, p, r []float64) { r[0], r[1] = x[0]-3, 2*(x[0]-3) }}
	fit, err := LeastSquares(context.Background(), p, Options{})
	if err != nil || fit.Gradient != 0 {
		t.Errorf("gradient %v, %v", fit.Gradient, err)
	}
}

// Differences at the end of a range stay within.
func TestDifferencesWithinRange(t *testing.T) {
	p := &Problem{N: 1, X0: []float64{1}, Min: []float64{-1}, Max: []float64{1}, Residual: func(x, p, r []float64) {
		r[0] = 0.25 - x[0]
		if x[0] > 1 {
			r[0] = math.NaN()
		}
	}}
	sol, err := Solve(context.Background(), p, Options{})
	if err != nil || math.Abs(sol.X[0]-0.25) > 1e-9 {
		t.Errorf("%v, want 0.25: %v", sol, err)
	}
	if name := Method(99).String(); name != "method 99" {
		t.Error(name)
	}
}

// An iteration that runs away ends where a quotient is zero by overflow: that is no solution.
func TestRunaway(t *testing.T) {
	p := &Problem{N: 1, X0: []float64{2}, Residual: func(x, _, r []float64) { r[0] = x[0] / (1 + x[0]*x[0]) }}
	sol, err := Solve(context.Background(), p, Options{})
	var f *Failure
	if err == nil && math.Abs(sol.X[0]) > 1e-9 || err != nil && (!errors.As(err, &f) || f.Code != NotConverged) {
		t.Errorf("%+v, %v", sol, err)
	}
}
