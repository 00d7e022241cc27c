package elementary

import "github.com/mtkc/mtkc/backend"

// pi/2 is the sum of three numbers and less than 2^-162.
const (
	halfPi1 = 0x1.921fb54442d18p+00
	halfPi2 = 0x1.1a62633145c07p-54
	halfPi3 = -0x1.f1976b7ed8fbcp-110
)

// reduceTrig writes x >= 0 as n*pi/2 + r + tail with |r| <= pi/4, up to rounding.
// The first difference is exact because of the fused multiply-add, the second rounded: the tail has what is
// missing, found exactly where the second cancels too.
func (b *program) reduceTrig(x ref) (n, r, tail ref) {
	n = b.fma(x, b.num(0x1.45f306dc9c883p-1), b.num(rounder))
	nf := b.sub(n, b.num(rounder))
	first := b.fma(nf, b.num(-halfPi1), x)
	r = b.sub(first, b.mul(nf, b.num(halfPi2)))
	tail = b.fma(nf, b.num(-halfPi2), b.sub(first, r))
	tail = b.fma(nf, b.num(-halfPi3), tail)
	return n, r, tail
}

// kernels of the sine and cosine of r + tail.
func (b *program) sineCosine(r, tail ref) (s, c ref) {
	z := b.mul(r, r)
	s = b.add(r, b.fma(b.mul(z, r), b.polynomial(z, sinSeries), tail))
	half := b.num(-0.5)
	w := b.fma(z, half, b.num(1))
	t := b.fma(z, half, b.sub(b.num(1), w))
	t = b.fma(b.mul(z, z), b.polynomial(z, cosSeries), t)
	t = b.fma(b.neg(r), tail, t)
	return s, b.add(w, t)
}

// quadrant chooses between the sine and the cosine of the reduced argument, and the sign: of
// n mod 4 = 0, 1, 2, 3 the value is s, c, -s, -c. The two low bits of n, shifted to the top, are a number
// that is 0 for even n and has the sign wanted, turned by that of x.
func (b *program) quadrant(n, s, c, x ref) ref {
	q := b.shl(n, 62)
	y := b.sel(q, c, s)
	if x != backend.None {
		q = b.bxor(q, x)
	}
	return b.bxor(y, b.sign(q))
}

func (b *program) sin(x ref) ref {
	a := b.abs(x)
	n, r, tail := b.reduceTrig(a)
	s, c := b.sineCosine(r, tail)
	return b.Emit(backend.FarSin, x, b.quadrant(n, s, c, x))
}

func (b *program) cos(x ref) ref {
	a := b.abs(x)
	n, r, tail := b.reduceTrig(a)
	s, c := b.sineCosine(r, tail)
	return b.Emit(backend.FarCos, x, b.quadrant(b.badd(n, b.word(1)), s, c, backend.None))
}

// tan is t = r + r^3*P(r^2), or -1/t in the odd quadrants, with the rounding errors of t and the
// quotient.
func (b *program) tan(x ref) ref {
	a := b.abs(x)
	n, r, tail := b.reduceTrig(a)
	return b.Emit(backend.FarTan, x, b.tangent(n, r, tail, x))
}

// tangent is that of n pi/2 + r + tail, with the sign of x turned.
func (b *program) tangent(n, r, tail, x ref) ref {
	z := b.mul(r, r)
	tail = b.fma(tail, z, tail) // the derivative is 1 + tan^2
	rest := b.fma(b.mul(r, z), b.polynomial(z, tanSeries), tail)
	t, low := b.fastTwoSum(r, rest)
	unit := b.num(1)
	q := b.div(unit, t)
	nq := b.neg(q)
	q = b.fma(b.fma(nq, low, b.fma(nq, t, unit)), q, q)
	y := b.sel(b.shl(n, 62), q, t)
	return b.bxor(y, b.sign(b.bxor(b.shl(n, 63), x)))
}
