package newton

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// zoo: systems with their usual start points. More, Garbow, Hillstrom, ACM Trans.
// Math. Softw. 7(1), 1981, unless another source is named.
var zoo = []struct {
	name string
	n, m int
	x0   []float64
	f    func(x, r []float64)
	want []float64 // nil: only the residual is checked
}{
	{"linear", 2, 2, []float64{0, 0}, func(x, r []float64) {
		r[0] = 2*x[0] + x[1] - 3
		r[1] = x[0] - x[1]
	}, []float64{1, 1}},
	{"rosenbrock", 2, 2, []float64{-1.2, 1}, func(x, r []float64) {
		r[0] = 10 * (x[1] - x[0]*x[0])
		r[1] = 1 - x[0]
	}, []float64{1, 1}},
	{"powell singular", 4, 4, []float64{3, -1, 0, 1}, func(x, r []float64) {
		r[0] = x[0] + 10*x[1]
		r[1] = math.Sqrt(5) * (x[2] - x[3])
		r[2] = (x[1] - 2*x[2]) * (x[1] - 2*x[2])
		r[3] = math.Sqrt(10) * (x[0] - x[3]) * (x[0] - x[3])
	}, nil},
	{"powell badly scaled", 2, 2, []float64{0, 1}, func(x, r []float64) {
		r[0] = 1e4*x[0]*x[1] - 1
		r[1] = math.Exp(-x[0]) + math.Exp(-x[1]) - 1.0001
	}, []float64{1.098159327798296e-5, 9.106146739867318}},
	{"helical valley", 3, 3, []float64{-1, 0, 0}, func(x, r []float64) {
		th := math.Atan(x[1]/x[0]) / (2 * math.Pi)
		if x[0] < 0 {
			th += 0.5
		}
		r[0] = 10 * (x[2] - 10*th)
		r[1] = 10 * (math.Hypot(x[0], x[1]) - 1)
		r[2] = x[2]
	}, []float64{1, 0, 0}},
	{"diode", 1, 1, []float64{5}, func(x, r []float64) { // exponential characteristic from far away
		r[0] = 1e-12*(math.Exp(x[0]/0.025)-1) + (x[0]-5)/1000
	}, nil},
	{"domain", 1, 1, []float64{10}, func(x, r []float64) { // full steps leave the domain of log
		r[0] = math.Log(x[0]) + 2
	}, []float64{math.Exp(-2)}},
	{"redundant", 2, 3, []float64{1, 2}, func(x, r []float64) {
		r[0] = x[0] + x[1] - 4
		r[1] = x[0] - x[1] - 1
		r[2] = 2*x[0] - 5
	}, []float64{2.5, 1.5}},
	{"redundant square", 3, 3, []float64{1, 2, 9}, func(x, r []float64) { // x2 keeps its guess
		r[0] = x[0]*x[0] + x[1] - 3
		r[1] = 2*x[0]*x[0] + 2*x[1] - 6
		r[2] = x[0] - x[1] + 1
	}, []float64{1, 2, 9}},
	{"underdetermined", 2, 1, []float64{3, 3}, func(x, r []float64) {
		r[0] = x[0] + x[1] - 2
	}, []float64{1, 1}},
	{"singular guess", 1, 1, []float64{0}, func(x, r []float64) {
		r[0] = x[0]*x[0] - 4
	}, nil},
	{"tiny linear", 2, 2, []float64{0, 0}, func(x, r []float64) {
		r[0] = 1e12*x[0] - 3e-8
		r[1] = x[1] - 1e20*x[0]
	}, []float64{3e-20, 3}},
	{"sum to zero", 2, 2, []float64{3, 1}, func(x, r []float64) { // a root at exactly zero
		r[0] = x[0] + 0.1*math.Sin(x[1])
		r[1] = x[1] + 0.1*x[0]*x[0]
	}, []float64{0, 0}},
	{"nothing", 0, 0, []float64{}, func(x, r []float64) {}, []float64{}},
}

func TestZoo(t *testing.T) {
	for _, c := range zoo {
		s := New(System{N: c.n, M: c.m, Residual: c.f}, Options{})
		x := append([]float64(nil), c.x0...)
		res := s.Solve(x)
		if res.Status != Converged {
			t.Errorf("%s: %v, x = %v", c.name, res, x)
			continue
		}
		r := make([]float64, c.m)
		c.f(x, r)
		for i, v := range r {
			if math.Abs(v) > 1e-9 {
				t.Errorf("%s: residual %d is %g at %v", c.name, i, v, x)
			}
		}
		// These runs use difference quotients for the Jacobian, so the last digits
		// converge linearly.
		for i, v := range c.want {
			if tol := 1e-8 * math.Abs(v); math.Abs(x[i]-v) > tol && (v != 0 || math.Abs(x[i]) > 1e-12) {
				t.Errorf("%s: x[%d] = %v, want %v", c.name, i, x[i], v)
			}
		}
	}
}

// Unknowns of tiny size are found to full relative accuracy without nominal values.
func TestTiny(t *testing.T) {
	s := New(System{N: 2, M: 2,
		Residual: func(x, r []float64) { r[0], r[1] = x[0]*x[0]-1e-28, x[1]*x[1]*x[1]-8 },
		Jacobian: func(x, v []float64) { v[0], v[1], v[2], v[3] = 2*x[0], 0, 0, 3*x[1]*x[1] },
	}, Options{})
	x := []float64{2e-14, 1}
	res := s.Solve(x)
	if res.Status != Converged || math.Abs(x[0]-1e-14) > 1e-26 || math.Abs(x[1]-2) > 1e-12 {
		t.Error(res, x)
	}
}

// A Jacobian that is not finite at the guess is replaced by differences.
func TestInfiniteDerivative(t *testing.T) {
	s := New(System{N: 1, M: 1,
		Residual: func(x, r []float64) { r[0] = math.Sqrt(x[0]) - 2 },
		Jacobian: func(x, v []float64) { v[0] = 0.5 / math.Sqrt(x[0]) },
	}, Options{})
	x := []float64{0}
	if res := s.Solve(x); res.Status != Converged || math.Abs(x[0]-4) > 1e-12 {
		t.Error(res, x)
	}
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name  string
		n, m  int
		x0    []float64
		f     func(x, r []float64)
		want  Status
		worst int
	}{
		{"contradiction", 2, 3, []float64{0, 0}, func(x, r []float64) {
			r[0], r[1], r[2] = x[0]-1, x[1]-1, 5.0
		}, Inconsistent, 2},
		{"contradiction square", 2, 2, []float64{0, 0}, func(x, r []float64) {
			r[0], r[1] = x[0]+x[1]-1, x[0]+x[1]-2
		}, Inconsistent, -1},
		{"no root", 1, 1, []float64{3}, func(x, r []float64) { r[0] = x[0]*x[0] + 1 }, Stalled, 0},
		{"nan", 2, 2, []float64{-1, 0}, func(x, r []float64) {
			r[0], r[1] = x[1], math.Log(x[0])
		}, NotFinite, 1},
	} {
		s := New(System{N: c.n, M: c.m, Residual: c.f}, Options{})
		res := s.Solve(append([]float64(nil), c.x0...))
		// A system without a root may wander instead of stalling.
		if res.Status != c.want && !(c.want == Stalled && (res.Status == TooMany || res.Status == Inconsistent)) {
			t.Errorf("%s: %v", c.name, res)
		}
		if c.worst >= 0 && res.Worst != c.worst {
			t.Errorf("%s: worst equation %d, want %d", c.name, res.Worst, c.worst)
		}
	}
}

// bratu is the discretised u” + c exp(u) = 0 with zero ends: sparse, n unknowns.
func bratu(n int, c float64) System {
	p := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	for j := range n {
		for i := max(0, j-1); i <= min(n-1, j+1); i++ {
			p.RowIdx = append(p.RowIdx, int32(i))
		}
		p.ColPtr[j+1] = int32(len(p.RowIdx))
	}
	h := 1 / float64(n+1)
	return System{N: n, M: n, Pattern: p,
		Residual: func(x, r []float64) {
			for i := range x {
				a, b := 0.0, 0.0
				if i > 0 {
					a = x[i-1]
				}
				if i < n-1 {
					b = x[i+1]
				}
				r[i] = (a-2*x[i]+b)/(h*h) + c*math.Exp(x[i])
			}
		},
		Jacobian: func(x, vals []float64) {
			for j := range x {
				for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
					vals[e] = 1 / (h * h)
					if int(p.RowIdx[e]) == j {
						vals[e] = -2/(h*h) + c*math.Exp(x[j])
					}
				}
			}
		}}
}

func TestSparse(t *testing.T) {
	s := New(bratu(5000, 1), Options{})
	x := make([]float64, 5000)
	res := s.Solve(x)
	if res.Status != Converged || res.Iterations > 6 {
		t.Fatal(res)
	}
	// u(1/2) = 2 log cosh(theta/2)... with theta = sqrt(2) cosh(theta/4): 0.140539214400
	// for c = 1 (Ascher, Mattheij, Russell 1995, 3.1); h^2 error is below 1e-8.
	if d := math.Abs((x[2499]+x[2500])/2 - 0.1405392144); d > 2e-8 {
		t.Errorf("midpoint off by %g", d)
	}
}

func TestNoAllocations(t *testing.T) {
	s := New(bratu(40, 1), Options{})
	x := make([]float64, 40)
	if a := testing.AllocsPerRun(10, func() {
		clear(x)
		if r := s.Solve(x); r.Status != Converged {
			t.Fatal(r)
		}
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
