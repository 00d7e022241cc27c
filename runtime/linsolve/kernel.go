package linsolve

import (
	"math"
	"unsafe"
)

// The kernels are the inner loops of the dense and of the supernodal factorisation, on
// matrices stored by columns whose leading dimension is a multiple of pad: a vector of 32
// bytes is 4 real or 2 complex numbers, so no loop has a remainder. Rows that only pad
// are zero and stay zero.
//
// Products and sums are fused where the processor does that (on amd64: with AVX2 and
// FMA, asked once at the start); the plain versions below are for the others. Their
// results differ by the rounding of the products.

// realNum and complexNum are the types of the entries of a matrix in the files *_real.go
// and in those made of them, *_complex.go (gen.go).
type (
	realNum    = float64
	complexNum = complex128
)

//go:generate go run gen.go

const (
	padReal    = 4 // rows in a vector
	padComplex = 2
	panel      = 4 // columns eliminated together

	cacheReal    = 4096 // numbers that the first cache has room for, beside others
	cacheComplex = 2048
)

// padded is n rounded up to a multiple of pad.
func padded(n, pad int) int { return (n + pad - 1) &^ (pad - 1) }

func magReal(x float64) float64 { return math.Abs(x) }

func magComplex(x complex128) float64 { return math.Abs(real(x)) + math.Abs(imag(x)) }

// msubReal is c - l*u, rounded once.
func msubReal(c, l, u float64) float64 { return math.FMA(-l, u, c) }

func msubComplex(c, l, u complex128) complex128 {
	return complex(real(c)-(real(l)*real(u)-imag(l)*imag(u)), imag(c)-(real(l)*imag(u)+imag(l)*real(u)))
}

// infinite is the bit pattern of +Inf: what is not below it is not finite.
const infinite = 0x7ff << 52

// bitsReal is the bit pattern of |x|; the patterns are ordered as the numbers.
func bitsReal(x float64) uint64 { return math.Float64bits(x) &^ (1 << 63) }

func bitsComplex(x complex128) uint64 { return max(bitsReal(real(x)), bitsReal(imag(x))) }

// scaleForBits is scaleFor of the number with pattern b.
func scaleForBits(b uint64) float64 {
	e := b >> 52
	if e-1 >= 2045 {
		return 1
	}
	return math.Float64frombits((2046 - e) << 52)
}

func recipReal(x float64) float64 { return 1 / x }

// recipComplex is 1/x by one division, of a number that neither overflows nor underflows.
func recipComplex(x complex128) complex128 {
	a, b := real(x), imag(x)
	if m := a*a + b*b; m > 0x1p-1000 && m < 0x1p1000 {
		d := 1 / m
		return complex(a*d, -b*d)
	}
	return recipScaled(x)
}

// recipScaled is 1/x, where x is brought near 1 by a power of two first.
func recipScaled(x complex128) complex128 {
	s := scaleForBits(bitsComplex(x))
	a, b := real(x)*s, imag(x)*s
	d := s / (a*a + b*b)
	return complex(a*d, -b*d)
}

// rowMaxGo writes the largest magnitudes of the rows of the rows-by-cols matrix a to big
// and reports whether all entries are finite.
func rowMaxGo(a, big []float64, ld, rows, cols int) bool {
	clear(big[:rows])
	s := 0.0
	for j := range cols {
		c := a[j*ld:][:rows]
		b := big[:len(c)]
		for i, v := range c {
			s += v * 0
			if m := math.Abs(v); m > b[i] {
				b[i] = m
			}
		}
	}
	return s == 0
}

func panelGo[T Scalar](c, l []T, ldc, ldl, rows, cols int) {
	l10, l20, l30 := l[1], l[2], l[3]
	l21, l31, l32 := l[ldl+2], l[ldl+3], l[2*ldl+3]
	for j := range cols {
		x := c[j*ldc:][:panel+rows]
		u0 := x[0]
		u1 := x[1] - l10*u0
		u2 := x[2] - l20*u0 - l21*u1
		u3 := x[3] - l30*u0 - l31*u1 - l32*u2
		x[1], x[2], x[3] = u1, u2, u3
		gemvGo(x[panel:], l[panel:], ldl, rows, &[panel]T{u0, u1, u2, u3})
	}
}

func gemvGo[T Scalar](c, l []T, ldl, rows int, u *[panel]T) {
	u0, u1, u2, u3 := u[0], u[1], u[2], u[3]
	l0 := l[:rows]
	l1, l2, l3 := l[ldl:][:len(l0)], l[2*ldl:][:len(l0)], l[3*ldl:][:len(l0)]
	c = c[:len(l0)]
	for i, v := range l0 {
		c[i] -= v*u0 + l1[i]*u1 + l2[i]*u2 + l3[i]*u3
	}
}

func axpyGo[T Scalar](c, l []T, rows int, u T) {
	l = l[:rows]
	c = c[:len(l)]
	for i, v := range l {
		c[i] -= v * u
	}
}

// rowMaxReal writes the largest magnitudes of the rows of the rows-by-cols matrix a to
// big, which has room for twice as many; it reports whether all entries are finite. rows is
// a multiple of 4.
func rowMaxReal(a []float64, big []float64, ld, rows, cols int) bool {
	return rowMax(a, big, ld, rows, cols)
}

// rowMaxComplex takes the larger of real and imaginary part for the magnitude.
func rowMaxComplex(a []complex128, big []float64, ld, rows, cols int) bool {
	if len(a) == 0 || rows == 0 {
		return true
	}
	flat := unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(a))), 2*len(a))
	if !rowMax(flat, big, 2*ld, 2*rows, cols) {
		return false
	}
	for i := range rows {
		m := big[2*i]
		if v := big[2*i+1]; v > m {
			m = v
		}
		big[i] = m
	}
	return true
}

// doubt is the scaled pivot above which a column is independent of those before it
// without a further look, for the growth of the largest entry is far below 1e5 then
// (at most 2^15 for 16 unknowns, and checked beyond).
const doubt = 1e-9

// suspect is the ratio of a pivot to the largest entry above it in U below which the
// careful singularity test runs. Cancellation to rounding level shows in it, for the
// multipliers are not larger than 1 (in the scaled matrix).
const suspect = 1e-11

// growth is how often the largest entry of a row a product subtracted from it may be
// where diagonal pivots are taken unseen (bandReal).
const growth = 16

// shrunk is the number with pattern b over growth.
func shrunk(b uint64) float64 { return math.Float64frombits(b) * (1.0 / growth) }

// wideBand is the number of diagonals on a side from which the kernels are used.
const wideBand = 5
