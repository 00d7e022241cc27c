package newton

import (
	"math"
	"testing"
)

// Roots that the iteration from the guess does not reach, or that the ranges exclude.
func TestGlobal(t *testing.T) {
	inf := math.Inf(1)
	eta := 0.0 // computed beside the residual
	for _, c := range []struct {
		name     string
		x0       []float64
		f        func(x, r []float64)
		min, max []float64
		valid    func() bool
		want     []float64
	}{
		{"behind a minimum of the residual", []float64{0}, func(x, r []float64) {
			r[0] = math.Exp(1-x[0]*x[0]*x[0]) + x[0] - 2
		}, nil, nil, nil, []float64{1}},
		{"negative root excluded", []float64{-1}, func(x, r []float64) {
			r[0] = (x[0] + 3) * (x[0] - 2)
		}, []float64{0}, []float64{inf}, nil, []float64{2}},
		{"trivial root excluded", []float64{0.3}, func(x, r []float64) {
			r[0] = x[0]*x[0] - 2*x[0]
		}, []float64{0.1}, []float64{inf}, nil, []float64{2}},
		{"upper root excluded", []float64{9}, func(x, r []float64) {
			r[0] = math.Sin(x[0])
		}, []float64{2}, []float64{4}, nil, []float64{math.Pi}},
		{"value beside the unknowns", []float64{0.1, 1}, func(x, r []float64) {
			eta = x[0] * x[1]
			r[0] = eta * (eta - 3)
			r[1] = x[1] - x[0] - 2
		}, nil, nil, func() bool { return eta > 0.5 }, []float64{1, 3}},
		{"not finite at the guess", []float64{0}, func(x, r []float64) {
			r[0] = 1/x[0] - 4
		}, nil, nil, nil, []float64{0.25}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys := System{N: len(c.x0), M: len(c.x0), Residual: c.f, Min: c.min, Max: c.max, Valid: c.valid}
			// The search is what finds it: without it the solution is another or none.
			x := append([]float64(nil), c.x0...)
			plain := New(sys, Options{}).Solve(x)
			reached := plain.Status == Converged
			for i, v := range c.want {
				reached = reached && math.Abs(x[i]-v) < 1e-6
			}
			if reached {
				t.Errorf("the plain iteration finds it: %v", x)
			}
			x = append(x[:0], c.x0...)
			res := solve(sys, x)
			if res.Status != Converged || res.Outside {
				t.Fatalf("%v, x = %v", res, x)
			}
			for i, v := range c.want {
				if math.Abs(x[i]-v) > 1e-9 && math.Abs(x[i]+3) > 1e-9 { // 1*3 and -3*-1
					t.Errorf("x[%d] = %v, want %v", i, x[i], v)
				}
			}
		})
	}
}

// A solution outside of its range remains if there is no other, and a failure is the
// one of the guess.
func TestGlobalKeepsFirst(t *testing.T) {
	x := []float64{5}
	res := solve(System{N: 1, M: 1, Min: []float64{0}, Max: []float64{10}, Residual: func(x, r []float64) { r[0] = 2*x[0] + 3 }}, x)
	if res.Status != Converged || !res.Outside || x[0] != -1.5 {
		t.Errorf("%v, outside %v, x = %v", res, res.Outside, x)
	}
	x = []float64{0.5}
	res = solve(System{N: 1, M: 1, Residual: func(x, r []float64) { r[0] = x[0]*x[0] + 1 }}, x)
	if res.Status == Converged || math.Abs(res.Residual-1) > 0.1 {
		t.Errorf("%v, x = %v", res, x)
	}
}

// solve uses every method that there is.
func solve(sys System, x []float64) Result {
	s := New(sys, Options{})
	return s.Further(x, s.Solve(x))
}
