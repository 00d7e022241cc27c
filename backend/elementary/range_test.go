package elementary

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

// TestMonotone walks along neighbouring numbers at random places and where programs change from one
// form to another: a function that rises may fall by no more than the errors of two values.
func TestMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, c := range []struct {
		op     backend.Op
		falls  bool
		lo, hi float64
		seams  []float64
	}{
		{backend.Exp, false, -740, 709, []float64{math.Ln2 / 2, -math.Ln2 / 2, 1.5 * math.Ln2, -700, -708.4, 700.5 * math.Ln2}},
		{backend.Log, false, 0, 100, []float64{math.Sqrt2, math.Sqrt2 / 2, 1, 2 * math.Sqrt2, 0x1p-1022, 0x1p1000 * math.Sqrt2}},
		{backend.Log10, false, 0, 100, []float64{math.Sqrt2, math.Sqrt2 / 2, 1, 10, 1000}},
		{backend.Asin, false, -1, 1, []float64{0.5, -0.5}},
		{backend.Acos, true, -1, 1, []float64{0.5, -0.5}},
		{backend.Atan, false, -10, 10, []float64{0.55, 1, 1 / 0.55, -0.55, -1}},
		{backend.Sinh, false, -700, 700, []float64{math.Ln2 / 2, 1.5 * math.Ln2, 30, 700.5 * math.Ln2}},
		{backend.Cosh, false, 0, 700, []float64{math.Ln2 / 2, 1.5 * math.Ln2, 30, 700.5 * math.Ln2}},
		{backend.Tanh, false, -20, 20, []float64{math.Ln2 / 4, 0.75 * math.Ln2, 22, 18.5, 19.06}},
		{backend.Asinh, false, -100, 100, []float64{0.61, 4.0 / 3, 0x1p28, 1e300}},
		{backend.Acosh, false, 1, 100, []float64{1.17, 5.0 / 3, 0x1p28, 1e300}},
		{backend.Atanh, false, -1, 1, []float64{0.25, 0.5, 0.55, 0.75}},
		{backend.Tan, false, -math.Pi / 2, math.Pi / 2, []float64{math.Pi / 4, -math.Pi / 4}},
		{backend.Sin, false, -math.Pi / 2, math.Pi / 2, []float64{math.Pi / 4, -math.Pi / 4}},
		{backend.Cos, true, 0, math.Pi, []float64{math.Pi / 4, 3 * math.Pi / 4}},
	} {
		k := Program(c.op)
		for range 20 {
			c.seams = append(c.seams, uniform(c.lo, c.hi)(r))
		}
		for _, x := range c.seams {
			bits := math.Float64bits(x) - 100
			last := math.NaN()
			for range 200 {
				x := math.Float64frombits(bits)
				bits++
				y := Eval(k, x)
				if x < 0 != c.falls {
					y = -y // neighbours of negative numbers go down
				}
				if ulp := math.Nextafter(math.Abs(y), math.Inf(1)) - math.Abs(y); last-y > 2*ulp {
					t.Errorf("%s at %v goes the wrong way by %v ulp", c.op, x, (last-y)/ulp)
				}
				last = y
			}
		}
	}
}

// TestBounds: values stay within those that the function has.
func TestBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	halfPi := math.Pi / 2
	for range 20000 {
		near := 1 + math.Ldexp(r.Float64()-0.5, -r.IntN(54))
		n := float64(r.IntN(1000))
		for _, c := range []struct {
			op     backend.Op
			x      float64
			lo, hi float64
		}{
			{backend.Sin, (n + 0.5) * math.Pi * near, -1, 1},
			{backend.Cos, n * math.Pi * near, -1, 1},
			{backend.Sin, anyOf(0, 1023, true)(r), -1, 1},
			{backend.Cos, anyOf(0, 1023, true)(r), -1, 1},
			{backend.Tanh, 19 * near, 0, 1},
			{backend.Atan, anyOf(-10, 1023, true)(r), -halfPi, halfPi},
			{backend.Asin, math.Nextafter(min(near, 1), 0), -halfPi, halfPi},
			{backend.Acos, -math.Nextafter(min(near, 1), 0), 0, math.Pi},
			{backend.Cosh, math.Ldexp(near, -r.IntN(60)), 1, 10},
			{backend.Exp, uniform(-745, -700)(r), 0, 1e-300},
		} {
			if y := Eval(Program(c.op), c.x); !(c.lo <= y && y <= c.hi) {
				t.Errorf("%s(%v) = %v", c.op, c.x, y)
			}
		}
	}
}

// TestHardAngles: the numbers nearest to multiples of pi/2 lose the most in the reduction; they are the
// numerators and denominators of the continued fraction of pi/2, times powers of 2.
func TestHardAngles(t *testing.T) {
	x := new(big.Float).SetPrec(2600).SetMantExp(refPi, -1)
	p0, q0, p1, q1 := big.NewInt(0), big.NewInt(1), big.NewInt(1), big.NewInt(0)
	least, worst := 1.0, 0.0
	for range 400 {
		a, _ := x.Int(nil)
		p0, p1 = p1, new(big.Int).Add(new(big.Int).Mul(a, p1), p0)
		q0, q1 = q1, new(big.Int).Add(new(big.Int).Mul(a, q1), q0)
		x.Sub(x, new(big.Float).SetPrec(2600).SetInt(a))
		x.Quo(new(big.Float).SetPrec(2600).SetInt64(1), x)
		for shift := range 200 { // p/2^shift is near to q/2^shift*pi/2 if q has that many factors of 2
			f, exact := new(big.Float).SetInt(p1).Float64()
			if exact != big.Exact {
				continue
			}
			f = math.Ldexp(f, -shift)
			for _, f := range []float64{f, math.Ldexp(f, 2*shift), 3 * f} {
				if f >= 0x1p45 || f < 1e-3 {
					continue
				}
				s, c := refSineCosine(f)
				for _, v := range []struct {
					op   backend.Op
					want *big.Float
				}{{backend.Sin, s}, {backend.Cos, c}, {backend.Tan, quo(s, c)}} {
					w, _ := v.want.Float64()
					least = min(least, math.Abs(w))
					u := ulps(Eval(Program(v.op), f), v.want)
					if worst = max(worst, u); u > 1.5 {
						t.Errorf("%s(%v) is off by %v ulp", v.op, f, u)
					}
				}
			}
		}
	}
	t.Logf("least value %v, %.3f ulp", least, worst)
	if least > 1e-13 {
		t.Errorf("no hard angle among these: %v", least)
	}
}
