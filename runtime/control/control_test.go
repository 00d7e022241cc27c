package control

import (
	"math"
	"testing"
)

// On a problem whose error is exactly C*h^(order+1), every controller settles
// where the error is its safety target, and stays there.
func TestSettles(t *testing.T) {
	for name, c := range map[string]Controller{"I": I(4), "PI": PI(4), "PID": PID(4)} {
		var s State
		h, err := 1e-3, 0.0
		for range 200 {
			err = 50 * math.Pow(h, 5)
			if err > 1 {
				h *= c.Rejected(&s, err)
				continue
			}
			h *= c.Accepted(&s, err, h)
		}
		// Fixed point: Safety * err^-(sum of Beta) = 1.
		sum := c.Beta[0] + c.Beta[1] + c.Beta[2]
		want := math.Pow(c.Safety, 1/sum)
		if math.Abs(err-want) > 1e-3*want { // exp2 is good to 1e-5, and here it is raised to 1/sum

			t.Errorf("%s settles at an error of %g, want %g", name, err, want)
		}
	}
}

func TestLimits(t *testing.T) {
	for name, c := range map[string]Controller{"I": I(6), "PI": PI(6), "PID": PID(6)} {
		var s State
		if f := c.Accepted(&s, 0, 1); f < 1 || f > c.Max || math.IsNaN(f) {
			t.Errorf("%s: factor %g after a step without error", name, f)
		}
		for _, err := range []float64{1.0001, 1e3, 1e300, math.Inf(1), math.NaN()} {
			if f := c.Rejected(&s, err); !(f < 1 && f >= c.Min) {
				t.Errorf("%s: factor %g after an error of %g", name, f, err)
			}
		}
	}
}

// The quick elementary functions over the whole range of their use.
func TestElementary(t *testing.T) {
	for i := range 4000 {
		x := -33 + 40*float64(i)/4000
		if d := exp2(x)/math.Exp2(x) - 1; math.Abs(d) > 1.1e-4 {
			t.Fatalf("exp2(%g) is off by %g", x, d)
		}
		y := math.Exp2(x)
		if d := log2(y) - x; math.Abs(d) > 1.3e-4 {
			t.Fatalf("log2(%g) is off by %g", y, d)
		}
	}
}

func TestKeep(t *testing.T) {
	c := I(4)
	c.Keep = 1.2
	var s State
	err := math.Pow(c.Safety/1.1, 5) // asks for a factor of 1.1
	if f := c.Accepted(&s, err, 1); f != 1 {
		t.Errorf("factor %g, want 1", f)
	}
}

func BenchmarkAccepted(b *testing.B) {
	c := PI(5)
	var s State
	x := 0.0
	for i := range b.N {
		x += c.Accepted(&s, 0.3+0.1*float64(i&3), 1)
	}
	_ = x
}
