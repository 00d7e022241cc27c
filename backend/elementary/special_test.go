package elementary

import (
	"math"
	"math/big"
	"math/rand/v2"
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
	pairs(func(x, y float64) {
		want, got := math.Pow(x, y), Eval(k, x, y)
		if math.IsNaN(want) || math.IsInf(x, 0) || math.IsInf(y, 0) || x == 0 || y == 0 || math.Abs(x) == 1 {
			if !same(got, want) {
				t.Errorf("pow(%v, %v) = %v, want %v", x, y, got, want)
			}
			return
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
	})
}

// TestSpecial holds functions of one argument to their values at zeros, ends of domains, infinities and
// subnormal numbers.
func TestSpecial(t *testing.T) {
	inf, nan, minus := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	const tiny, huge = 5e-324, math.MaxFloat64
	odd := [][2]float64{{0, 0}, {minus, minus}, {tiny, tiny}, {-tiny, -tiny}, {0x1.23456789abcdfp-1030, 0x1.23456789abcdfp-1030}}
	trig := [][2]float64{{inf, nan}, {-inf, nan}}
	beyond := [][2]float64{{inf, nan}, {-inf, nan}, {2, nan}, {-2, nan}, {0x1.0000000000001p0, nan}, {-0x1.0000000000001p0, nan}}
	list := func(lists ...[][2]float64) (all [][2]float64) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	for _, c := range []struct {
		op   backend.Op
		want [][2]float64
	}{
		{backend.Exp, [][2]float64{{0, 1}, {minus, 1}, {inf, inf}, {-inf, 0}, {710, inf}, {709.79, inf}, {-745.2, 0}, {-746, 0}, {1e300, inf}, {-1e300, 0}, {tiny, 1},
			{709.782712893384, 0x1.fffffffffff2ap+1023}, {-745.1332191019411, tiny}, {-708.3964185322641, 0x1.000000000007cp-1022}}},
		{backend.Log, [][2]float64{{0, -inf}, {minus, -inf}, {inf, inf}, {-inf, nan}, {-1, nan}, {-tiny, nan}, {1, 0}, {tiny, -744.4400719213812}}},
		{backend.Log10, [][2]float64{{0, -inf}, {minus, -inf}, {inf, inf}, {-inf, nan}, {-1, nan}, {-tiny, nan}, {1, 0}, {tiny, -323.30621534311580}, {1e308, 308}}},
		{backend.Sin, list(odd, trig)},
		{backend.Cos, [][2]float64{{0, 1}, {minus, 1}, {inf, nan}, {-inf, nan}, {tiny, 1}}},
		{backend.Tan, list(odd, trig)},
		{backend.Asin, list(odd, beyond, [][2]float64{{1, math.Pi / 2}, {-1, -math.Pi / 2}})},
		{backend.Acos, list(beyond, [][2]float64{{1, 0}, {-1, math.Pi}, {0, math.Pi / 2}, {minus, math.Pi / 2}, {tiny, math.Pi / 2}})},
		{backend.Atan, list(odd, [][2]float64{{inf, math.Pi / 2}, {-inf, -math.Pi / 2}, {1, math.Pi / 4}, {-1, -math.Pi / 4}, {huge, math.Pi / 2}})},
		{backend.Sinh, list(odd, [][2]float64{{inf, inf}, {-inf, -inf}, {710.4758600739439, 0x1.ffffffffffd3bp+1023}, {710.475860073944, inf}, {-711, -inf}, {-1e300, -inf}})},
		{backend.Cosh, [][2]float64{{0, 1}, {minus, 1}, {tiny, 1}, {inf, inf}, {-inf, inf}, {710.4758600739439, 0x1.ffffffffffd3bp+1023}, {-710.475860073944, inf}, {711, inf}, {1e300, inf}}},
		{backend.Tanh, list(odd, [][2]float64{{inf, 1}, {-inf, -1}, {20, 1}, {-400, -1}, {1e300, 1}})},
		{backend.Asinh, list(odd, [][2]float64{{inf, inf}, {-inf, -inf}, {huge, 710.475860073944}, {-huge, -710.475860073944}})},
		{backend.Acosh, [][2]float64{{1, 0}, {inf, inf}, {-inf, nan}, {0, nan}, {minus, nan}, {-1, nan}, {-5, nan}, {0x1.fffffffffffffp-1, nan}, {huge, 710.475860073944}}},
		{backend.Atanh, list(odd, beyond, [][2]float64{{1, inf}, {-1, -inf}, {0x1.fffffffffffffp-1, 18.714973875118524}})},
		{backend.Sign, [][2]float64{{0, 0}, {minus, minus}, {inf, 1}, {-inf, -1}, {tiny, 1}, {-tiny, -1}}},
	} {
		for _, w := range append(c.want, [2]float64{nan, nan}, [2]float64{-nan, nan}, [2]float64{math.Float64frombits(0x7FF8000000000801), nan}) {
			if got := Eval(Program(c.op), w[0]); !same(got, w[1]) {
				t.Errorf("%s(%v) = %v, want %v", c.op, w[0], got, w[1])
			}
		}
	}
}

// TestFar holds sines, cosines and tangents of large angles to the reference: those nearest to multiples of pi/2, on both sides of
// 2^45 and of each row of the table, the largest, and doublings of 1.
func TestFar(t *testing.T) {
	angles := []float64{
		0x1.6ac5b262ca1ffp+849,  // nearest of all to a multiple of pi/2: 4.7e-19 away (Muller, Elementary Functions, 2nd ed., 11.1)
		-0x1.6ac5b262ca1ffp+849, //
		0x1.5d5f9f4e8d9b2p+60, 1e22, 1e300, math.MaxFloat64, 0x1.fffffffffffffp44, FarLimit, 0x1.0000000000001p45,
	}
	for e := farFirst; e < 1024; e++ {
		angles = append(angles, math.Ldexp(1, e))
		if (e-farFirst)%farStep == 0 {
			angles = append(angles, math.Nextafter(math.Ldexp(1, e), 0), -math.Nextafter(math.Ldexp(1, e), math.Inf(1)))
		}
	}
	for e := 45; e < 1000; e++ { // near multiples of pi/2
		turns, _ := new(big.Float).SetMantExp(refPi, e).Float64()
		angles = append(angles, turns)
	}
	worst := 0.0
	for _, x := range angles {
		s, c := refSineCosine(x)
		for _, f := range []struct {
			op   backend.Op
			want *big.Float
		}{{backend.Sin, s}, {backend.Cos, c}, {backend.Tan, quo(s, c)}} {
			got := Eval(Program(f.op), x)
			u := ulps(got, f.want)
			worst = max(worst, u)
			if u > 1.5 {
				t.Errorf("%s(%v) = %v, want %v: %.3g ulp", f.op, x, got, f.want, u)
			}
		}
	}
	t.Logf("%.3f ulp", worst)
}

// TestSpecialAtan2 holds atan2 to math.Atan2, which is right to 2 ulp, in particular at its special arguments.
func TestSpecialAtan2(t *testing.T) {
	k := Program(backend.Atan2)
	pairs(func(y, x float64) {
		want, got := math.Atan2(y, x), Eval(k, y, x)
		if x < 0 && y < 0 && y/x == 0 {
			want = -math.Pi // math.Atan2 has the other sign
		}
		exact := math.IsInf(x, 0) || math.IsInf(y, 0) || x == 0 || y == 0
		if !same(got, want) && (exact || !(math.Abs(got-want) <= 0x1p-51*math.Abs(want)) && math.Abs(want) > 0x1p-1000) || math.Signbit(got) != math.Signbit(want) && !math.IsNaN(want) {
			t.Errorf("atan2(%v, %v) = %v, want %v", y, x, got, want)
		}
	})
}

// TestRemainder compares rem with math.Mod where the quotient is below 2^53, and mod and quo with
// their definitions.
func TestRemainder(t *testing.T) {
	check := func(x, y float64) {
		q := math.Abs(x / y)
		want := math.Mod(x, y)
		if q >= 0x1p53 && y != 0 && !math.IsInf(x, 0) {
			want = math.Copysign(0, x)
		}
		if got := Eval(Program(backend.Rem), x, y); !same(got, want) {
			t.Errorf("rem(%v, %v) = %v, want %v", x, y, got, want)
		}
		want = x - float64(math.Floor(x/y)*y)
		if got := Eval(Program(backend.Mod), x, y); !same(got, want) {
			t.Errorf("mod(%v, %v) = %v, want %v", x, y, got, want)
		}
		if got, want := Eval(Program(backend.Quo), x, y), math.Trunc(x/y); !same(got, want) {
			t.Errorf("quo(%v, %v) = %v, want %v", x, y, got, want)
		}
	}
	pairs(check)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		x, y := anyOf(-60, 40, true)(r), anyOf(-10, 10, true)(r)
		check(x, y)
		check(math.Round(x)*y, y)
		check(math.Trunc(x)/100, math.Trunc(y)/100)
	}
}

// pairs calls f for pairs of special arguments with all signs.
func pairs(f func(x, y float64)) {
	for _, x := range append(specials, math.NaN()) {
		for _, y := range append(specials, math.NaN()) {
			f(x, y)
			f(-x, y)
			f(x, -y)
			f(-x, -y)
		}
	}
}

// TestPowersOfTen: log10 of a power of 10 and powers with exact results are exact.
func TestPowersOfTen(t *testing.T) {
	x := 1.0
	for n := range 23 {
		if got := Eval(Program(backend.Log10), x); got != float64(n) {
			t.Errorf("log10(1e%d) = %v", n, got)
		}
		if got := Eval(Program(backend.Pow), 10, float64(n)); got != x {
			t.Errorf("pow(10, %d) = %v", n, got)
		}
		x *= 10
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		x := math.Float64frombits(r.Uint64() >> 1)
		if math.IsNaN(x) {
			continue
		}
		if got := Eval(Program(backend.Pow), x, 1); got != x {
			t.Errorf("pow(%v, 1) = %v", x, got)
		}
		n := float64(r.IntN(1<<20) + 1)
		if got := Eval(Program(backend.Pow), n, 2); got != n*n {
			t.Errorf("pow(%v, 2) = %v", n, got)
		}
		if got := Eval(Program(backend.Pow), n*n, 0.5); got != n {
			t.Errorf("pow(%v, 0.5) = %v", n*n, got)
		}
	}
}
