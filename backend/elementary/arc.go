package elementary

import "math"

const (
	quarterPiHi = 0x1.921fb54442d18p-1
	quarterPiLo = 0x1.1a62633145c07p-55
)

// arc is k*pi/4 + t + t^3*P for |t| <= 0.55, where t has its sign turned.
func (b *program) arc(k, t, turn ref) ref {
	z := b.mul(t, t)
	t = b.bxor(t, turn)
	rest := b.mul(b.mul(t, z), b.polynomial(z, atanSeries))
	rest = b.add(t, b.fma(k, b.num(quarterPiLo), rest))
	return b.fma(k, b.num(quarterPiHi), rest)
}

// atan has t = |x|, or (|x|-1)/(|x|+1) with pi/4, from 0.55 on, or the same of 1/|x| subtracted
// from pi/2.
func (b *program) atan(x ref) ref {
	a, unit := b.abs(x), b.num(1)
	swap := b.lt(unit, a)
	n, d := b.sel(swap, unit, a), b.sel(swap, a, unit)
	mid := b.lt(b.mul(d, b.num(0.55)), n)
	nought := b.num(0)
	t := b.div(b.sub(n, b.sel(mid, d, nought)), b.add(d, b.sel(mid, n, nought)))
	k := b.sel(swap, b.sub(b.num(2), mid), mid)
	y := b.arc(k, t, b.sel(swap, b.num(math.Copysign(0, -1)), b.num(0)))
	return b.bxor(y, b.sign(x))
}

// atan2 is the angle of the point (x, y): as atan of the smaller by the larger.
func (b *program) atan2(y, x ref) ref {
	ax, ay := b.abs(x), b.abs(y)
	swap := b.lt(ax, ay)
	n, d := b.sel(swap, ax, ay), b.sel(swap, ay, ax)
	t := b.sel(b.eq(n, d), b.ne(d, b.num(0)), b.div(n, d)) // equal may be 0 or infinite
	mid := b.lt(b.num(0.55), t)
	t = b.sel(mid, b.div(b.sub(t, b.num(1)), b.add(t, b.num(1))), t)
	k := b.sel(swap, b.sub(b.num(2), mid), mid)
	left := b.sar(x, 63) // not a number, which is true, if x has a sign
	k = b.sel(left, b.sub(b.num(4), k), k)
	turn := b.bxor(b.sign(x), b.sel(swap, b.num(math.Copysign(0, -1)), b.num(0)))
	return b.bxor(b.arc(k, t, turn), b.sign(y))
}

// arcsine is s + s^3*P with s = |x| where that is below 1/2, otherwise s = sqrt((1-|x|)/2), of which the
// arc counts twice from pi/2.
func (b *program) arcsine(x ref) (small, s, rest ref) {
	a, half := b.abs(x), b.num(0.5)
	small = b.lt(a, half)
	z := b.sel(small, b.mul(a, a), b.fma(a, b.num(-0.5), half))
	s = b.sel(small, a, b.sqrt(z))
	return small, s, b.mul(b.mul(s, z), b.polynomial(z, asinSeries))
}

// from is base + low + f*(s + rest) without the rounding error of f*s.
func (b *program) from(base, low, f, s, rest ref) ref {
	h := b.fma(f, s, base)
	l := b.fma(f, s, b.sub(base, h))
	return b.add(h, b.add(l, b.fma(f, rest, low)))
}

func (b *program) asin(x ref) ref {
	small, s, rest := b.arcsine(x)
	nought := b.num(0)
	base, low := b.sel(small, nought, b.num(halfPi1)), b.sel(small, nought, b.num(halfPi2))
	y := b.from(base, low, b.sel(small, b.num(1), b.num(-2)), s, rest)
	return b.bxor(y, b.sign(x))
}

func (b *program) acos(x ref) ref {
	small, s, rest := b.arcsine(x)
	k := b.sel(small, b.num(1), b.sel(b.lt(x, b.num(0)), b.num(2), b.num(0)))
	base, low := b.mul(k, b.num(halfPi1)), b.mul(k, b.num(halfPi2))
	sign := b.sign(x)
	return b.from(base, low, b.sel(small, b.num(-1), b.num(2)), b.bxor(s, sign), b.bxor(rest, sign))
}
