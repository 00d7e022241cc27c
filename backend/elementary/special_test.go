package elementary

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

// same compares bits, except of what is not a number.
func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// specials are the arguments at which functions have exact values, limits or none.
var specials = []float64{0, 1, 0x1.fffffffffffffp-1, 0x1.0000000000001p0, 0.5, 2, 3, 1.5, 2.5, 1e300, 1e-300, math.MaxFloat64,
	5e-324, 0x1p-1022, 0x0.fffffffffffffp-1022, 0x1p53, 0x1p53 + 2, 0x1p52 + 1, 0x1p52 + 0.5, math.Inf(1), 1000, 746, 709.9}

// TestSpecialPow holds pow to math.Pow's table wherever one of its cases applies.
func TestSpecialPow(t *testing.T) {
	k := Program(backend.Pow)
	for _, x := range specials {
		for _, x := range []float64{x, -x, math.NaN()} {
			for _, y := range specials {
				for _, y := range []float64{y, -y, math.NaN()} {
					want, got := math.Pow(x, y), run(k, x, y)
					if math.IsNaN(want) || math.IsInf(x, 0) || math.IsInf(y, 0) || x == 0 || y == 0 || math.Abs(x) == 1 {
						if !same(got, want) {
							t.Errorf("pow(%v, %v) = %v, want %v", x, y, got, want)
						}
						continue
					}
					e := mul(bf(y), refLog(bf(math.Abs(x))))
					f, _ := e.Float64()
					exact := zero()
					switch {
					case f > 1000:
						exact = zero().SetMantExp(bi(1), 1100)
					case f > -1000:
						exact = refExp(e)
					}
					if want < 0 || math.Signbit(want) {
						exact.Neg(exact)
					}
					if u := ulps(got, exact); u > 1 || math.Signbit(got) != math.Signbit(want) {
						t.Errorf("pow(%v, %v) = %v, want %v: %v ulp", x, y, got, exact, u)
					}
				}
			}
		}
	}
}

// TestSpecial holds functions of one argument to package math at special arguments.
func TestSpecial(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		op   backend.Op
		want [][2]float64
	}{
		{backend.Exp, [][2]float64{{0, 1}, {math.Copysign(0, -1), 1}, {inf, inf}, {-inf, 0}, {710, inf}, {-746, 0}, {1e300, inf}, {-1e300, 0}, {5e-324, 1},
			{709.782712893384, 0x1.fffffffffff2ap+1023}, {-745.1332191019411, 5e-324}, {nan, nan}, {math.Float64frombits(0x7FF8000000000801), nan}}},
		{backend.Log, [][2]float64{{0, -inf}, {math.Copysign(0, -1), -inf}, {inf, inf}, {-inf, nan}, {-1, nan}, {-5e-324, nan}, {1, 0}, {nan, nan}, {5e-324, -744.4400719213812}}},
		{backend.Sin, [][2]float64{{0, 0}, {math.Copysign(0, -1), math.Copysign(0, -1)}, {inf, nan}, {-inf, nan}, {nan, nan}, {1e300, 0}, {5e-324, 5e-324}}},
		{backend.Cos, [][2]float64{{0, 1}, {math.Copysign(0, -1), 1}, {inf, nan}, {-inf, nan}, {nan, nan}, {1e300, 1}, {5e-324, 1}}},
	} {
		for _, w := range c.want {
			if got := run(Program(c.op), w[0]); !same(got, w[1]) {
				t.Errorf("%s(%v) = %v, want %v", c.op, w[0], got, w[1])
			}
		}
	}
}
