package nonlinear

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Parameters change without a new solver; sparse Jacobians by coloured differences cost few evaluations.
func TestSolver(t *testing.T) {
	const n = 500 // Bratu's problem on n points, -u” = lambda e^u
	pat := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, 1, n+1)}
	for j := range n {
		for i := max(0, j-1); i <= min(n-1, j+1); i++ {
			pat.RowIdx = append(pat.RowIdx, int32(i))
		}
		pat.ColPtr = append(pat.ColPtr, int32(len(pat.RowIdx)))
	}
	h := 1.0 / (n + 1)
	p := &Problem{N: n, X0: make([]float64, n), P: []float64{1}, Pattern: pat, Residual: func(x, p, r []float64) {
		for i, v := range x {
			a, b := 0.0, 0.0
			if i > 0 {
				a = x[i-1]
			}
			if i < n-1 {
				b = x[i+1]
			}
			r[i] = 2*v - a - b - h*h*p[0]*math.Exp(v)
		}
	}}
	for _, m := range []Method{Auto, Newton, Dogleg, NewtonHomotopy} {
		s, err := New(p, Options{Method: m})
		if err != nil {
			t.Fatal(err)
		}
		for _, lambda := range []float64{1, 3, 1} {
			sol, err := s.Solve(context.Background(), nil, []float64{lambda})
			if err != nil {
				t.Fatalf("%v: %v", m, err)
			}
			theta := math.Sqrt(2 * lambda)
			for range 200 { // theta = sqrt(2 lambda) cosh(theta/4), by Newton's method
				f := theta - math.Sqrt(2*lambda)*math.Cosh(theta/4)
				theta -= f / (1 - math.Sqrt(2*lambda)/4*math.Sinh(theta/4))
			}
			want := 2 * math.Log(math.Cosh(theta/4)) // at the middle, up to h^2
			if u := sol.X[n/2]; math.Abs(u-want) > 1e-4 {
				t.Errorf("%v, lambda = %v: %v, want %v", m, lambda, u, want)
			}
			if m == Newton && sol.Evals > 60 {
				t.Errorf("%d evaluations for %d unknowns with three colours", sol.Evals, n)
			}
		}
	}
}

// A homotopy in a parameter goes around folds; the branch of Bratu's equation in one unknown, x = lambda e^x, turns at
// lambda = 1/e, x = 1.
func TestBranch(t *testing.T) {
	p := &Problem{N: 1, X0: []float64{0}, P: []float64{0}, Residual: func(x, p, r []float64) { r[0] = x[0] - p[0]*math.Exp(x[0]) }}
	b, err := Trace(context.Background(), p, 0, 1, 30, Options{}) // it goes on to lambda = 0 at infinity
	var f *Failure
	if !errors.As(err, &f) || f.Code != NotConverged {
		t.Fatalf("%v: the branch does not reach lambda = 1", err)
	}
	folds := 0
	for i, q := range b {
		if math.Abs(q.X[0]-q.Param*math.Exp(q.X[0])) > 1e-9*(1+math.Abs(q.X[0])) {
			t.Errorf("point %d: %+v is not on the branch", i, q)
		}
		if q.Fold {
			folds++
			if math.Abs(q.Param-1/math.E) > 0.02 || math.Abs(q.X[0]-1) > 0.6 {
				t.Errorf("fold near %+v, want lambda = %v, x = 1", q, 1/math.E)
			}
		}
	}
	if folds != 1 || b[len(b)-1].X[0] < 2 {
		t.Errorf("%d folds; the end is %+v", folds, b[len(b)-1])
	}
	// An end that is reached.
	b, err = Trace(context.Background(), p, 0, 0.3, 0, Options{})
	if err != nil || b[len(b)-1].Param != 0.3 || math.Abs(b[len(b)-1].X[0]-0.489402227180215) > 1e-9 { // -W(-0.3)
		t.Errorf("%v, %+v", err, b[len(b)-1])
	}
	// The homotopy in a parameter, to a root that Newton's method does not get to from here.
	q := &Problem{N: 2, X0: []float64{0, 0}, P: []float64{1}, Residual: func(x, p, r []float64) {
		r[0] = x[0] - 3*p[0]*math.Cos(x[1])
		r[1] = x[1] - 3*p[0]*math.Sin(x[0])
	}}
	sol, err := Solve(context.Background(), q, Options{Method: ParameterHomotopy, Param: 0, From: 0})
	if err != nil || math.Abs(sol.Residual[0])+math.Abs(sol.Residual[1]) > 1e-9 {
		t.Errorf("%v %+v", err, sol)
	}
}

// Ranges: a root outside is not taken if there is one within.
func TestRanges(t *testing.T) {
	p := &Problem{N: 1, X0: []float64{-3}, Min: []float64{0}, Max: []float64{math.Inf(1)}, Residual: func(x, _, r []float64) { r[0] = x[0]*x[0] - 4 }}
	sol, err := Solve(context.Background(), p, Options{})
	if err != nil || math.Abs(sol.X[0]-2) > 1e-12 {
		t.Errorf("%v %+v", err, sol)
	}
	// A fit whose free minimum lies outside ends on the border: the nearest point of [2, 3] x [0, 0.5] to (0, 1).
	q := &Problem{N: 2, M: 2, X0: []float64{2.5, 0.2}, Min: []float64{2, 0}, Max: []float64{3, 0.5}, Residual: func(x, _, r []float64) { r[0], r[1] = x[0], x[1]-1 }}
	fit, err := LeastSquares(context.Background(), q, Options{})
	if err != nil || math.Abs(fit.X[0]-2) > 1e-12 || math.Abs(fit.X[1]-0.5) > 1e-12 {
		t.Errorf("%v %+v", err, fit)
	}
}

// The covariance of a straight line has a closed form.
func TestCovariance(t *testing.T) {
	y := []float64{1.1, 1.9, 3.2, 3.9, 5.1}
	p := &Problem{N: 2, M: 5, X0: []float64{0, 0}, Residual: func(x, _, r []float64) {
		for i, v := range y {
			r[i] = x[0] + x[1]*float64(i) - v
		}
	}}
	fit, err := LeastSquares(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := fit.Covariance()
	s2 := fit.Cost / 3
	// Sums of i and i^2 for i = 0..4: 10 and 30; determinant 50.
	for k, want := range []float64{30 * s2 / 50, -10 * s2 / 50, -10 * s2 / 50, 5 * s2 / 50} {
		if math.Abs(c[k]-want) > 1e-6*s2 { // differences for the Jacobian
			t.Errorf("entry %d: %v, want %v", k, c[k], want)
		}
	}
}

func TestFailures(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	square := func(x, _, r []float64) { r[0] = x[0]*x[0] + 1 }
	for _, c := range []struct {
		ctx  context.Context
		p    Problem
		opt  Options
		code Code
		text string
	}{
		{context.Background(), Problem{N: 1, X0: []float64{0.5}, Residual: square, Names: []string{"the square"}}, Options{}, NotConverged, "the square"},
		{context.Background(), Problem{N: 1, X0: []float64{-1}, Residual: func(x, _, r []float64) { r[0] = math.Log(-1 - x[0]*x[0]) }}, Options{}, NotFinite, "begin elsewhere"},
		{context.Background(), Problem{N: 1, M: 2, X0: []float64{1}, Residual: func(x, _, r []float64) { r[0], r[1] = x[0], x[0]-1 }}, Options{}, Inconsistent, "contradict"},
		{context.Background(), Problem{N: 1, X0: []float64{3}, Min: []float64{2}, Max: []float64{9}, Residual: func(x, _, r []float64) { r[0] = x[0] - 1 }}, Options{}, OutOfRange, "outside"},
		{cancelled, Problem{N: 1, X0: []float64{0.5}, Residual: square}, Options{}, Interrupted, "canceled"},
		{context.Background(), Problem{N: 2, X0: []float64{0.5}, Residual: square}, Options{}, BadProblem, "1 entries for 2"},
		{context.Background(), Problem{N: 1, X0: []float64{0.5}}, Options{}, BadProblem, "residual"},
		{context.Background(), Problem{N: 1, X0: []float64{0.5}, Residual: square}, Options{Method: ParameterHomotopy}, BadProblem, "parameter"},
		{context.Background(), Problem{N: 1, X0: []float64{0.5}, Residual: square, Min: []float64{1}, Max: []float64{0}}, Options{}, BadProblem, "empty"},
	} {
		_, err := Solve(c.ctx, &c.p, c.opt)
		var f *Failure
		if !errors.As(err, &f) || f.Code != c.code || !strings.Contains(f.Message, c.text) {
			t.Errorf("%v, want %v %q", err, c.code, c.text)
		}
	}
}
