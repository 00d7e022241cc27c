package expr

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/mtkc/mtkc/runtime/elementary"
)

// Num is a number: an exact rational with 64-bit parts, or a float64 where the
// exact value does not fit or was never known.
type Num struct {
	n, d int64   // n/d in lowest terms, d > 0; d == 0: the value is f
	f    float64 // 0 when d > 0
}

// IntNum is an exact integer (a float64 for the one integer without a negative).
func IntNum(v int64) Num {
	if v == math.MinInt64 {
		return Num{f: float64(v)}
	}
	return Num{n: v, d: 1}
}

// RatNum is n/d in lowest terms. It panics if d is zero.
func RatNum(n, d int64) Num {
	if d == 0 {
		panic("mtkc: bug: rational with denominator 0")
	}
	if n == math.MinInt64 || d == math.MinInt64 {
		return FloatNum(float64(n) / float64(d))
	}
	if d < 0 {
		n, d = -n, -d
	}
	g := gcd(abs64(n), d)
	if g > 1 {
		n, d = n/g, d/g
	}
	return Num{n: n, d: d}
}

// FloatNum is v. It is exact, and so equal to the rational of that value, where v is
// an integer below 2^63, or a multiple of 1/1024 below 2^43 in magnitude
// (so 0.5 is 1/2, and 0.1 stays a float64).
func FloatNum(v float64) Num {
	if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
		return IntNum(int64(v))
	}
	if w := v * 1024; w == math.Trunc(w) && math.Abs(w) < 1<<53 {
		return RatNum(int64(w), 1024)
	}
	return Num{f: v}
}

func (a Num) canon() Num {
	if a.d == 0 {
		return FloatNum(a.f)
	}
	return a
}

func (a Num) isNaN() bool { return a.d == 0 && math.IsNaN(a.f) }

// Float is the nearest float64.
func (a Num) Float() float64 {
	if a.d == 0 {
		return a.f
	}
	if a.d == 1 {
		return float64(a.n)
	}
	return float64(a.n) / float64(a.d)
}

// Exact reports numerator and denominator of an exact rational.
func (a Num) Exact() (n, d int64, ok bool) { return a.n, a.d, a.d != 0 }

// Int reports the value of an exact integer.
func (a Num) Int() (int64, bool) { return a.n, a.d == 1 }

// isUnit reports whether a is 1 or -1.
func (a Num) isUnit() bool { return a.d == 1 && (a.n == 1 || a.n == -1) }

// IsZero reports whether a is exactly 0.
func (a Num) IsZero() bool { return a.d != 0 && a.n == 0 }

// IsOne reports whether a is exactly 1.
func (a Num) IsOne() bool { return a.d == 1 && a.n == 1 }

// Sign is -1, 0 or 1 (0 for NaN).
func (a Num) Sign() int {
	f := a.Float()
	switch {
	case f > 0:
		return 1
	case f < 0:
		return -1
	}
	return 0
}

// String prints n, n/d or the shortest float64 text.
func (a Num) String() string {
	switch {
	case a.d == 1:
		return strconv.FormatInt(a.n, 10)
	case a.d != 0:
		return strconv.FormatInt(a.n, 10) + "/" + strconv.FormatInt(a.d, 10)
	}
	return strconv.FormatFloat(a.f, 'g', -1, 64)
}

// Add is a + b, exact where both are and the result fits.
func (a Num) Add(b Num) Num {
	if a.d != 0 && b.d != 0 {
		g := gcd(a.d, b.d)
		x, ok1 := mul64(a.n, b.d/g)
		y, ok2 := mul64(b.n, a.d/g)
		d, ok3 := mul64(a.d, b.d/g)
		if s := x + y; ok1 && ok2 && ok3 && (s > x) == (y > 0) {
			return RatNum(s, d)
		}
	}
	return FloatNum(a.Float() + b.Float())
}

// Mul is a * b, exact where both are and the result fits.
func (a Num) Mul(b Num) Num {
	if a.d != 0 && b.d != 0 {
		g1, g2 := gcd(abs64(a.n), b.d), gcd(abs64(b.n), a.d)
		if g1 == 0 || g2 == 0 {
			return IntNum(0)
		}
		n, ok1 := mul64(a.n/g1, b.n/g2)
		d, ok2 := mul64(a.d/g2, b.d/g1)
		if ok1 && ok2 {
			return RatNum(n, d)
		}
	}
	return FloatNum(a.Float() * b.Float())
}

// Neg is -a.
func (a Num) Neg() Num { return a.Mul(IntNum(-1)) }

// Inv is 1/a; the inverse of 0 is +Inf.
func (a Num) Inv() Num {
	if a.d != 0 && a.n != 0 {
		return RatNum(a.d, a.n)
	}
	return FloatNum(1 / a.Float())
}

// Div is a / b, exact where both are and the result fits, else the float64 quotient.
func (a Num) Div(b Num) Num {
	if a.d != 0 && b.d != 0 && b.n != 0 {
		return a.Mul(b.Inv())
	}
	return FloatNum(a.Float() / b.Float())
}

// Pow is a^b where that is a real number within the normal range of float64 (or an
// exact zero): 0^-1 and (-2)^0.5 are refused, and so is a result that overflows or
// loses digits to underflow. It is exact where a and the result are.
func (a Num) Pow(b Num) (Num, bool) {
	if b.IsOne() {
		return a, true
	}
	if k, ok := b.Int(); ok && a.d != 0 && k >= -64 && k <= 64 {
		if a.n == 0 && k < 0 {
			return Num{}, false
		}
		base := a
		if k < 0 {
			base, k = a.Inv(), -k
		}
		r := IntNum(1)
		for range k {
			if r = r.Mul(base); r.d == 0 {
				break
			}
		}
		if r.d != 0 {
			return r, true
		}
	}
	if r, ok := a.root(b); ok {
		return r, true
	}
	f := elementary.Pow(a.Float(), b.Float())
	abs := math.Abs(f)
	if !(abs <= math.MaxFloat64) || abs < 0x1p-1022 && !a.IsZero() {
		return Num{}, false
	}
	return FloatNum(f), true
}

// root is a^(m/2) where it is rational.
func (a Num) root(b Num) (Num, bool) {
	m, d, ok := b.Exact()
	if !ok || d != 2 || a.d == 0 || a.n <= 0 || m < -8 || m > 8 {
		return Num{}, false
	}
	sn, sd := int64(math.Round(math.Sqrt(float64(a.n)))), int64(math.Round(math.Sqrt(float64(a.d))))
	nn, ok1 := mul64(sn, sn)
	dd, ok2 := mul64(sd, sd)
	if !ok1 || !ok2 || nn != a.n || dd != a.d {
		return Num{}, false
	}
	r, ok := RatNum(sn, sd).Pow(IntNum(m))
	return r, ok && r.d != 0
}

func abs64(a int64) int64 {
	if a < 0 {
		return -a
	}
	return a
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func mul64(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	hi, lo := bits.Mul64(uint64(abs64(a)), uint64(abs64(b)))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	r := int64(lo)
	if (a < 0) != (b < 0) {
		r = -r
	}
	return r, true
}
