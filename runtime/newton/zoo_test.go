package newton

import (
	"math"
	"testing"
)

// hard are systems with start points that plain Newton has trouble with: More,
// Garbow, Hillstrom, ACM Trans. Math. Softw. 7(1), 1981, and shapes that
// initialization problems have. Only the residual relative to the size of the
// equations' terms is checked.
var hard = []struct {
	name string
	x0   []float64
	f    func(x, r []float64)
}{
	{"freudenstein and roth", []float64{0.5, -2}, func(x, r []float64) {
		r[0] = -13 + x[0] + ((5-x[1])*x[1]-2)*x[1]
		r[1] = -29 + x[0] + ((x[1]+1)*x[1]-14)*x[1]
	}},
	{"brown almost linear, 10", constant(10, 0.5), brown},
	{"brown almost linear, 40", constant(40, 0.5), brown},
	{"trigonometric", constant(10, 0.1), func(x, r []float64) {
		s := float64(len(x))
		for _, v := range x {
			s -= math.Cos(v)
		}
		for i, v := range x {
			r[i] = s + float64(i+1)*(1-math.Cos(v)) - math.Sin(v)
		}
	}},
	{"broyden tridiagonal", constant(30, -1), func(x, r []float64) {
		for i, v := range x {
			r[i] = (3-2*v)*v + 1
			if i > 0 {
				r[i] -= x[i-1]
			}
			if i < len(x)-1 {
				r[i] -= 2 * x[i+1]
			}
		}
	}},
	{"exponential from above", []float64{30}, func(x, r []float64) { r[0] = math.Exp(x[0]) - 1 }},
	{"exponential from below", []float64{-20}, func(x, r []float64) { r[0] = math.Exp(x[0]) - 1 }},
	{"arc tangent", []float64{100}, func(x, r []float64) { r[0] = math.Atan(x[0]) }},
	{"square root", []float64{0}, func(x, r []float64) { r[0] = math.Sqrt(x[0]) - 2 }},
	{"kepler", []float64{0.1}, func(x, r []float64) { r[0] = x[0] - 0.999*math.Sin(x[0]) - 0.5 }},
	{"two diodes", []float64{0, 0}, func(x, r []float64) {
		i := 1e-9 * (math.Exp((x[0]-x[1])/0.025) - 1)
		r[0], r[1] = (10-x[0])/100-i, i-x[1]/1000
	}},
	{"pipes from rest", []float64{0, 0, 0}, func(x, r []float64) {
		r[0] = 2e5 - x[2] - 1e3*x[0]*math.Abs(x[0])
		r[1] = x[2] - 1e5 - 4e3*x[1]*math.Abs(x[1])
		r[2] = x[0] - x[1]
	}},
	{"acid", []float64{1, 1, 1, 1}, func(x, r []float64) { // dissociation: constants of 1e-14 and 1e-5
		r[0] = x[0]*x[1] - 1e-14
		r[1] = x[0]*x[2] - 1.8e-5*x[3]
		r[2] = x[2] + x[3] - 0.1
		r[3] = x[0] - x[1] - x[2]
	}},
}

func constant(n int, v float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func brown(x, r []float64) {
	s, p := -float64(len(x)+1), 1.0
	for _, v := range x {
		s += v
		p *= v
	}
	for i, v := range x {
		r[i] = v + s
	}
	r[len(x)-1] = p - 1
}

func TestHard(t *testing.T) {
	for _, c := range hard {
		n := len(c.x0)
		s := New(System{N: n, M: n, Residual: c.f}, Options{})
		x := append([]float64(nil), c.x0...)
		res := s.Solve(x)
		t.Logf("%s: %v, %d evaluations, %.10g", c.name, res, res.Evals, x[:min(n, 4)])
		if res.Status != Converged {
			t.Errorf("%s: %v at %v", c.name, res, x)
			continue
		}
		r := make([]float64, n)
		c.f(x, r)
		for i, v := range r {
			if math.Abs(v) > 1e-9*s.scale(i) {
				t.Errorf("%s: residual %d is %g beside %g", c.name, i, v, s.scale(i))
			}
		}
	}
}
