// Package taylor propagates Taylor coefficients through functions: from the first
// coefficients of u it makes those of f(t, u), order by order, and so the solution of
// u' = f(t, u, p) as a power series.
//
// In: a Tape, which is f as a list of operations; or generated code that calls the
// recurrences of this package. Out: the function ode.Kernels.Jet.
//
// The coefficients are normalised: entry k of a series is the k-th derivative by t divided
// by k!. Every operation has a recurrence for entry n of its result from entries 0 to n of its
// operands and earlier ones of its own: a product is a convolution, and the elementary
// functions follow from their differential equations (Moore, Interval Analysis, 1966; Jorba,
// Zou, Experimental Math. 14(1), 2005, proposition 2.1). An operation of order n costs O(n).
package taylor

import (
	"math"

	"github.com/mtkc/mtkc/runtime/elementary"
)

// Mul is entry n of a*b.
func Mul(a, b []float64, n int) float64 {
	a, b = a[:n+1], b[:n+1]
	var s, r float64
	for len(a) >= 4 && len(b) >= 4 {
		s += float64(a[0]*b[len(b)-1]) + float64(a[1]*b[len(b)-2])
		r += float64(a[2]*b[len(b)-3]) + float64(a[3]*b[len(b)-4])
		a, b = a[4:], b[:len(b)-4]
	}
	for len(a) > 0 && len(b) > 0 {
		s += float64(a[0] * b[len(b)-1])
		a, b = a[1:], b[:len(b)-1]
	}
	return s + r
}

// Mul2 is Mul(a, c, n) and Mul(b, c, n), to the bit.
func Mul2(a, b, c []float64, n int) (x, y float64) {
	a, b, c = a[:n+1], b[:n+1], c[:n+1]
	var s, r, z, q float64
	for len(a) >= 4 && len(b) >= 4 && len(c) >= 4 {
		c0, c1, c2, c3 := c[len(c)-1], c[len(c)-2], c[len(c)-3], c[len(c)-4]
		s += float64(a[0]*c0) + float64(a[1]*c1)
		r += float64(a[2]*c2) + float64(a[3]*c3)
		z += float64(b[0]*c0) + float64(b[1]*c1)
		q += float64(b[2]*c2) + float64(b[3]*c3)
		a, b, c = a[4:], b[4:], c[:len(c)-4]
	}
	for len(a) > 0 && len(b) > 0 && len(c) > 0 {
		v := c[len(c)-1]
		s += float64(a[0] * v)
		z += float64(b[0] * v)
		a, b, c = a[1:], b[1:], c[:len(c)-1]
	}
	return s + r, z + q
}

// Squares is Square(a, n) + Square(b, n), to the bit.
func Squares(a, b []float64, n int) float64 {
	lo, hi := a[:(n+1)/2], a[n/2+1:n+1]
	lo2, hi2 := b[:(n+1)/2], b[n/2+1:n+1]
	var s, r float64
	for len(lo) >= 2 && len(hi) >= 2 && len(lo2) >= 2 && len(hi2) >= 2 {
		s += float64(lo[0]*hi[len(hi)-1]) + float64(lo[1]*hi[len(hi)-2])
		r += float64(lo2[0]*hi2[len(hi2)-1]) + float64(lo2[1]*hi2[len(hi2)-2])
		lo, hi = lo[2:], hi[:len(hi)-2]
		lo2, hi2 = lo2[2:], hi2[:len(hi2)-2]
	}
	if len(lo) > 0 && len(hi) > 0 && len(lo2) > 0 && len(hi2) > 0 {
		s += float64(lo[0] * hi[len(hi)-1])
		r += float64(lo2[0] * hi2[len(hi2)-1])
	}
	s *= 2
	r *= 2
	if n%2 == 0 {
		s += float64(a[n/2] * a[n/2])
		r += float64(b[n/2] * b[n/2])
	}
	return s + r
}

// Square is entry n of a*a.
func Square(a []float64, n int) float64 { return around(a, n, 0) }

// around is the sum of a[j]*a[n-j] over j = from to n-from, each pair computed once.
func around(a []float64, n, from int) float64 {
	s := 0.0
	lo, hi := a[from:(n+1)/2], a[n/2+1:n+1-from]
	for len(lo) >= 2 && len(hi) >= 2 {
		s += float64(lo[0]*hi[len(hi)-1]) + float64(lo[1]*hi[len(hi)-2])
		lo, hi = lo[2:], hi[:len(hi)-2]
	}
	if len(lo) > 0 && len(hi) > 0 {
		s += float64(lo[0] * hi[len(hi)-1])
	}
	s *= 2
	if n%2 == 0 {
		s += float64(a[n/2] * a[n/2])
	}
	return s
}

// Div is entry n >= 1 of q = a/b from entry n of a and earlier entries of q.
func Div(an float64, b, q []float64, n int) float64 {
	return (an - Mul(b[1:], q, n-1)) / b[0]
}

// Sqrt is entry n >= 1 of r = sqrt(a) from earlier entries of r.
func Sqrt(an float64, r []float64, n int) float64 {
	return (an - around(r, n, 1)) / (2 * r[0])
}

// weighted is the sum of j*a[j]*b[n-j] over j = 1 to n.
func weighted(a, b []float64, n int) float64 {
	a, b = a[1:n+1], b[:n]
	var s, r float64
	j := 1.0
	for len(a) >= 2 && len(b) >= 2 {
		s += float64(float64(j*a[0]) * b[len(b)-1])
		r += float64(float64((j+1)*a[1]) * b[len(b)-2])
		a, b = a[2:], b[:len(b)-2]
		j += 2
	}
	if len(a) > 0 && len(b) > 0 {
		s += float64(float64(j*a[0]) * b[len(b)-1])
	}
	return s + r
}

// Chain is entry n >= 1 of r with r' = a' v, from entries of v before n: r = exp(a) with
// v = r, r = sin(a) with v = cos(a), r = tan(a) with v = 1 + r^2.
func Chain(a, v []float64, n int) float64 { return weighted(a, v, n) / float64(n) }

// SinCos writes entry n >= 1 of s = sin(a) and c = cos(a).
func SinCos(a, s, c []float64, n int) {
	p, q := both(a, s, c, n)
	s[n], c[n] = q/float64(n), -p/float64(n)
}

// SinhCosh writes entry n >= 1 of s = sinh(a) and c = cosh(a).
func SinhCosh(a, s, c []float64, n int) {
	p, q := both(a, s, c, n)
	s[n], c[n] = q/float64(n), p/float64(n)
}

// both is weighted for two series.
func both(a, s, c []float64, n int) (p, q float64) {
	a, s, c = a[1:n+1], s[:n], c[:n]
	j := 1.0
	for len(a) > 0 && len(s) > 0 && len(c) > 0 {
		x := float64(j * a[0])
		p += float64(x * s[len(s)-1])
		q += float64(x * c[len(c)-1])
		a, s, c = a[1:], s[:len(s)-1], c[:len(c)-1]
		j++
	}
	return p, q
}

// Tan writes entry n >= 1 of r = tan(a) and of v = 1 + r^2.
func Tan(a, r, v []float64, n int) {
	r[n] = Chain(a, v, n)
	v[n] = Square(r, n)
}

// Tanh writes entry n >= 1 of r = tanh(a) and of v = 1 - r^2.
func Tanh(a, r, v []float64, n int) {
	r[n] = Chain(a, v, n)
	v[n] = -Square(r, n)
}

// Quotient is entry n >= 1 of r with r' = a'/w, from earlier entries of r: the logarithm with w = a, and
// the inverse trigonometric and hyperbolic functions.
func Quotient(an float64, w, r []float64, n int) float64 {
	return (an - weighted(r, w[1:], n-1)/float64(n)) / w[0]
}

// Atan2 is entry n >= 1 of r = atan2(y, x), where w = x^2 + y^2.
func Atan2(y, x, w, r []float64, n int) float64 {
	s := weighted(y, x, n) - weighted(x, y, n) - weighted(r, w[1:], n-1)
	return s / (float64(n) * w[0])
}

// Pow is entry n >= 1 of r = a^e for a number e, from earlier entries of r. Where a begins with
// zeros, e must be a natural number.
func Pow(a []float64, e float64, r []float64, n int) float64 {
	if e == 0 {
		return 0
	}
	zeros := 0
	if a[0] == 0 && e == math.Trunc(e) && e > 0 {
		for zeros <= n && a[zeros] == 0 {
			zeros++
		}
		// a = t^zeros b, so that r = t^(zeros e) b^e.
		if float64(zeros)*e > float64(n) {
			return 0
		}
		a, r = a[zeros:], r[zeros*int(e):]
		if n -= zeros * int(e); n == 0 {
			return elementary.Pow(a[0], e)
		}
	}
	m, step := float64(n), e+1
	w := step - m // j (e+1) - n
	var s, z float64
	x, y := a[1:n+1], r[:n]
	for len(x) >= 2 && len(y) >= 2 {
		s += float64(float64(w*x[0]) * y[len(y)-1])
		z += float64(float64((w+step)*x[1]) * y[len(y)-2])
		x, y = x[2:], y[:len(y)-2]
		w += 2 * step
	}
	if len(x) > 0 && len(y) > 0 {
		s += float64(float64(w*x[0]) * y[len(y)-1])
	}
	return (s + z) / (m * a[0])
}

// Sign is that of the first entry of a that is not 0 among those up to n, 0 where there is none: the
// side of 0 on which a lies just after the time of expansion.
func Sign(a []float64, n int) float64 {
	for _, v := range a[:n+1] {
		if v > 0 {
			return 1
		}
		if v < 0 {
			return -1
		}
	}
	return 0
}

// Smallest is entry n of the smaller one of a and b at the time of expansion or, where they are equal there, just
// after it.
func Smallest(a, b []float64, n int) float64 {
	if less(b, a, n) {
		return b[n]
	}
	return a[n]
}

// Largest is entry n of the larger one.
func Largest(a, b []float64, n int) float64 {
	if less(a, b, n) {
		return b[n]
	}
	return a[n]
}

// less compares two series by their first entries that differ.
func less(a, b []float64, n int) bool {
	for j, v := range a[:n+1] {
		if v != b[j] {
			return v < b[j]
		}
	}
	return false
}
