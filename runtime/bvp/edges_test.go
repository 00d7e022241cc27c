package bvp

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// A condition at a point that is a mesh point but for rounding: 3*0.1 is not 0.3.
func TestPointBesideMesh(t *testing.T) {
	points := []float64{0, 0.3, 3}
	p := systemOf(3, [2]float64{0, 3}, nil, func(t float64, u, p, du []float64) { du[0], du[1], du[2] = u[1], u[2], 0 }, nil)
	bv := &Problem{ODE: p, Points: points, Conditions: func(u [][]float64, p, g []float64) {
		for k, x := range points {
			g[k] = u[k][0] - x*x
		}
	}}
	for _, m := range []Method{MIRK4, MIRK6, Shooting} {
		sol, err := Solve(context.Background(), bv, Options{Method: m})
		if err != nil {
			t.Errorf("%v: %v", m, err)
			continue
		}
		for i := 1; i < len(sol.T); i++ {
			if h := sol.T[i] - sol.T[i-1]; h < 0.01 {
				t.Errorf("%v: an interval of %g", m, h)
			}
		}
		u := make([]float64, 3)
		if sol.At(1, u); math.Abs(u[0]-1) > 1e-6 {
			t.Errorf("%v: %v", m, u)
		}
	}
}

// bound is u” = -b u, u(0) = 0, u'(0) = 1, u(1) = 0, where the parameter b is a of the model: a = pi^2.
func bound() *Problem {
	p := systemOf(2, [2]float64{0, 1}, []float64{9, 9}, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[1]*u[0] }, nil)
	p.Params = []ode.Quantity{{Name: "a"}, {Name: "b"}}
	make := p.NewKernels
	p.NewKernels = func() *ode.Kernels {
		k := make()
		k.Bind = func(p []float64, set []bool) {
			if set == nil || !set[1] {
				p[1] = p[0]
			}
		}
		return k
	}
	bv := TwoPoint(p, func(ua, ub, p, g []float64) { g[0], g[1], g[2] = ua[0], ua[1]-1, ub[0] })
	bv.Unknown = []int{0}
	bv.Guess = func(t float64, u []float64) { u[0], u[1] = t*(1-t), 1-2*t }
	return bv
}

// Parameters that follow from an unknown one, or from one that Continue varies, do so.
func TestBoundParameters(t *testing.T) {
	for _, m := range []Method{MIRK4, MIRK6, Shooting} {
		sol, err := Solve(context.Background(), bound(), Options{Method: m})
		if err != nil {
			t.Errorf("%v: %v", m, err)
			continue
		}
		if want := math.Pi * math.Pi; math.Abs(sol.P[0]-want) > 1e-4 || sol.P[1] != sol.P[0] {
			t.Errorf("%v: %v, want %v for both", m, sol.P, want)
		}
	}
	bv := bound()
	bv.Unknown = nil
	bv.Conditions = func(u [][]float64, p, g []float64) { g[0], g[1] = u[0][0], u[1][0]-1 }
	sol, err := Continue(context.Background(), bv, 0, 1, 4, false, Options{})
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 2)
	sol.At(0.5, u)
	if want := math.Sin(1) / math.Sin(2); math.Abs(u[0]-want) > 1e-5 {
		t.Errorf("u(0.5) = %v, want %v", u[0], want)
	}
}

// A defect that is not a number is one, wherever it is seen.
func TestDefectNaN(t *testing.T) {
	p := systemOf(2, [2]float64{0, 1}, nil, func(t float64, u, p, du []float64) { du[0], du[1] = math.NaN(), 0 }, nil)
	s, err := newSystem(context.Background(), TwoPoint(p, ends(0, 0)), Options{Method: MIRK4})
	if err != nil {
		t.Fatal(err)
	}
	e := newEquations(s, schemes[MIRK4], []float64{0, 1})
	if d := e.defects(make([]float64, 2*5), 4); !math.IsInf(d[0], 1) {
		t.Errorf("defect %v", d)
	}
}

func TestNonsense(t *testing.T) {
	var f *Failure
	if _, err := Solve(context.Background(), bound(), Options{Method: 99}); !errors.As(err, &f) || f.Code != BadProblem {
		t.Errorf("a method that is none: %v", err)
	}
	if _, err := Continue(context.Background(), bound(), 0, 1, 4, false, Options{}); !errors.As(err, &f) || f.Code != BadProblem {
		t.Errorf("an unknown parameter is varied: %v", err)
	}
	if _, err := Continue(context.Background(), &Problem{}, 0, 1, 4, false, Options{}); !errors.As(err, &f) || f.Code != BadProblem {
		t.Errorf("no problem: %v", err)
	}
}

// A corner in the middle: e y” + x y' - y = 0, y(-1) = 1, y(1) = 2, whose solution is x/2 + 3/2 (x erf(x/s) + s/sqrt(pi) exp(-(x/s)^2)),
// s = sqrt(2 e), to the rounding. On ten intervals solutions grow by e^(0.09/e) over one of them, which no iteration can match:
// shooting takes more intervals, or says so.
func TestShootingGrowth(t *testing.T) {
	for _, eps := range []float64{1e-2, 1e-3} {
		for _, tol := range []float64{1e-4, 1e-7} {
			p := TwoPoint(systemOf(2, [2]float64{-1, 1}, nil, func(x float64, u, _, du []float64) { du[0], du[1] = u[1], (u[0]-x*u[1])/eps }, nil), ends(1, 2))
			sol, err := Solve(context.Background(), p, Options{Method: Shooting, Tol: tol})
			if err != nil {
				t.Errorf("e = %g, tolerance %g: %v", eps, tol, err)
				continue
			}
			u, worst := make([]float64, 2), 0.0
			for i := range 2001 {
				x, s := float64(i)/1000-1, math.Sqrt(2*eps)
				sol.At(x, u)
				worst = max(worst, math.Abs(u[0]-(x/2+1.5*(x*math.Erf(x/s)+s/math.Sqrt(math.Pi)*math.Exp(-x*x/(s*s))))))
			}
			if worst > 10*tol {
				t.Errorf("e = %g, tolerance %g: error %.3g on %d intervals", eps, tol, worst, len(sol.T)-1)
			}
			if _, err = Solve(context.Background(), p, Options{Method: Shooting, Tol: tol, MaxMesh: 10}); eps == 1e-3 && (err == nil || !strings.Contains(err.Error(), "more intervals")) {
				t.Errorf("e = %g, tolerance %g, ten intervals: %v", eps, tol, err)
			}
		}
	}
}
