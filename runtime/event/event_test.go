package event

import (
	"math"
	"math/rand"
	"testing"
)

func sample(s *Scanner, f func(x float64) float64) []float64 {
	var y []float64
	for _, x := range s.Nodes() {
		y = append(y, f(x))
	}
	return y
}

// Polynomials with known roots: the first crossing lies in the interval returned.
func TestFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      func(x float64) float64
		degree int
		root   float64 // NaN: none
	}{
		{"line up", func(x float64) float64 { return x - 0.3 }, 4, 0.3},
		{"no root", func(x float64) float64 { return -1 - x*x }, 4, math.NaN()},
		{"close pair", func(x float64) float64 { return -(x - 0.4) * (x - 0.4001) }, 4, 0.4},
		{"very close pair", func(x float64) float64 { return -(x - 0.71) * (x - 0.71 - 1e-7) }, 4, 0.71},
		{"near miss", func(x float64) float64 { return -(x-0.37)*(x-0.37) - 1e-9 }, 4, math.NaN()},
		{"three roots", func(x float64) float64 { return (x - 0.2) * (x - 0.5) * (x - 0.9) }, 5, 0.2},
		{"pair, then a single one", func(x float64) float64 { return (x - 0.11) * (x - 0.1101) * (x - 0.8) }, 6, 0.11},
		{"root at the end", func(x float64) float64 { return x - 1 + 1e-15 }, 4, 1},
		{"starts on the wrong side and leaves it", func(x float64) float64 { return 1e-17 - x }, 4, 0},
		{"starts on the wrong side and stays", func(x float64) float64 { return 1e-17 + x }, 4, 0},
	} {
		s := NewScanner(c.degree)
		lo, hi, ok := s.First(sample(s, c.f), false, 2)
		switch {
		case math.IsNaN(c.root):
			if ok {
				t.Errorf("%s: crossing in [%g, %g]", c.name, lo, hi)
			}
		case c.root == 0:
			if c.f(1) < 0 {
				if ok {
					t.Errorf("%s: crossing in [%g, %g]", c.name, lo, hi)
				}
			} else if !ok || lo != 0 || hi > 0x1p-10 {
				t.Errorf("%s: [%g, %g] %v", c.name, lo, hi, ok)
			}
		case !ok || lo > c.root+1e-9 || hi < c.root-1e-9:
			t.Errorf("%s: [%g, %g] %v, want %g", c.name, lo, hi, ok, c.root)
		}
	}
}

// The sign of zero itself depends on closed.
func TestClosed(t *testing.T) {
	s := NewScanner(4)
	y := []float64{-1, -1, -1, -0.5, 0}
	if _, _, ok := s.First(y, false, 2); ok {
		t.Error("open: zero at the end counts as after")
	}
	if _, _, ok := s.First(y, true, 2); !ok {
		t.Error("closed: zero at the end counts as before")
	}
}

// A crossing behind the limit is not reported, one before it is.
func TestLimit(t *testing.T) {
	s := NewScanner(5)
	y := sample(s, func(x float64) float64 { return (x - 0.3) * (x - 0.6) * (x + 1) * -1 })
	if _, _, ok := s.First(y, false, 0.2); ok {
		t.Error("the crossing at 0.3 is reported before 0.2")
	}
	if lo, hi, ok := s.First(y, false, 0.31); !ok || lo > 0.3 || hi < 0.3 {
		t.Errorf("[%g, %g] %v", lo, hi, ok)
	}
}

// Random polynomials against dense sampling.
func TestFirstRandom(t *testing.T) {
	const seed = 7
	rnd := rand.New(rand.NewSource(seed))
	for n := range 3000 {
		d := 3 + n%6
		roots := make([]float64, d)
		for i := range roots {
			roots[i] = 3*rnd.Float64() - 1
		}
		sign := 1.0
		f := func(x float64) float64 {
			v := sign
			for _, r := range roots {
				v *= x - r
			}
			return v
		}
		if f(0) > 0 {
			sign = -1
		}
		want := math.Inf(1)
		for _, r := range roots {
			if r > 0 && r < 1 {
				want = min(want, r)
			}
		}
		s := NewScanner(d)
		lo, hi, ok := s.First(sample(s, f), false, 2)
		if ok != (want < 1) || ok && (want < lo-1e-7 || want > hi+1e-7) {
			t.Fatalf("seed %d, polynomial %d with roots %v: [%g, %g] %v, want %g", seed, n, roots, lo, hi, ok, want)
		}
	}
}

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(x float64) float64
		a, b float64
		root float64
		most int // evaluations
	}{
		{"line", func(x float64) float64 { return x - 0.3 }, 0, 1, 0.3, 12},
		{"cosine", func(x float64) float64 { return -math.Cos(x) }, 1, 2, math.Pi / 2, 14},
		{"steep", func(x float64) float64 { return math.Expm1(40 * (x - 0.7)) }, 0, 1, 0.7, 62},
		{"cube", func(x float64) float64 { return (x - 0.2) * (x - 0.2) * (x - 0.2) }, 0, 1, 0.2, 62},
		{"jump", func(x float64) float64 {
			if x < 0.123 {
				return -1
			}
			return 1
		}, 0, 1, 0.123, 62},
		{"far from zero", func(x float64) float64 { return x - 1e6 - 1.0/3 }, 1e6, 1e6 + 1, 1e6 + 1.0/3, 40},
		{"at the start", func(x float64) float64 { return x + 1 }, 0, 1, 0, 64},
	} {
		evals := 0
		f := func(x float64) float64 { evals++; return c.f(x) }
		b := Locate(f, c.a, c.b, c.f(c.a), c.f(c.b), false)
		ulp := math.Nextafter(math.Abs(c.root), math.Inf(1)) - math.Abs(c.root)
		// The root may be rounded itself, so two units.
		if !(math.Abs(b-c.root) <= 2*ulp+0x1p-59*(c.b-c.a)) || !(c.f(b) > 0) {
			t.Errorf("%s: %.17g, want %.17g", c.name, b, c.root)
		}
		if evals > c.most {
			t.Errorf("%s: %d evaluations", c.name, evals)
		}
	}
}

func TestFirstAllocates(t *testing.T) {
	s := NewScanner(8)
	y := sample(s, func(x float64) float64 { return -(x - 0.4) * (x - 0.4001) })
	if n := testing.AllocsPerRun(100, func() { s.First(y, false, 2) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Where an indicator has no value it is before, and what comes behind is found all the same.
func TestNoValue(t *testing.T) {
	s := NewScanner(8)
	nan, inf := math.NaN(), math.Inf(1)
	x := s.Nodes()
	for _, c := range []struct {
		y      []float64
		lo, hi float64
		ok     bool
	}{
		{[]float64{-1, -1, nan, nan, nan, 1, 1, 1, 1}, x[4], x[5], true},
		{[]float64{-1, -1, 1, nan, nan, 1, 1, 1, 1}, x[1], x[2], true},
		{[]float64{-1, nan, nan, nan, nan, nan, nan, nan, -1}, 0, 0, false},
		{[]float64{-inf, -3, -2, -1, -1, 1, 2, 2, 2}, x[4], x[5], true},
		{[]float64{-1, -1, -1, -inf, inf, 1, 1, 1, 1}, x[3], x[4], true},
	} {
		if lo, hi, ok := s.First(c.y, false, 2); lo != c.lo || hi != c.hi || ok != c.ok {
			t.Errorf("%v: [%v, %v] %v, want [%v, %v] %v", c.y, lo, hi, ok, c.lo, c.hi, c.ok)
		}
	}
	y := func(x float64) float64 {
		if x > 1 && x < 2 {
			return nan
		}
		return x - 1.5
	}
	if b := Locate(y, 0, 3, y(0), y(3), false); b != 2 {
		t.Errorf("the crossing is at %v, want 2", b)
	}
}

// The weights give the polynomial; an error hides a crossing where the polynomial comes closer to zero than that.
func TestUncertain(t *testing.T) {
	s := NewScanner(6)
	hump := func(at, top float64) func(x float64) float64 {
		return func(x float64) float64 { return top - (x-at)*(x-at) }
	}
	for _, c := range []struct {
		name string
		f    func(x float64) float64
		err  float64
		want bool
	}{
		{"a hump below zero", hump(0.4, -1e-3), 0.9e-3, false},
		{"a hump just below zero", hump(0.4, -1e-3), 1.1e-3, true},
		{"a hump that is seen", hump(0.4, 1e-3), 1e-6, false},
		{"a line", func(x float64) float64 { return x - 0.5 }, 1e-6, false},
		{"a hump before a line", func(x float64) float64 { return (x - 0.9) * (1e-3 + (x-0.3)*(x-0.3)) }, 1e-3, true},
	} {
		y := sample(s, c.f)
		for check := range Checks {
			theta, w := s.Check(check)
			p := 0.0
			for k, v := range y {
				p += w[k] * v
			}
			if math.Abs(p-c.f(theta)) > 1e-14 { // rounding of values below 1
				t.Errorf("%s: %v at %v, want %v", c.name, p, theta, c.f(theta))
			}
		}
		if got := s.Uncertain(y, false, c.err); got != c.want {
			t.Errorf("%s: uncertain %v", c.name, got)
		}
	}
}
