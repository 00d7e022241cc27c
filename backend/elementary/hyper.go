package elementary

import "math"

// hyperbolic has p = 2^(n-2) and q = 2^(-n-2) for a = |x| = n*ln2 + r, q = 0 where it does not count;
// sinh(a) and cosh(a) are 2*((p -+ q)*cosh(r) + (p +- q)*sinh(r)), which does not overflow before the result.
type hyperbolic struct {
	a          ref
	difference ref // p - q
	sum        ref // p + q
	r, s, c    ref // 2*r, 2*(sinh(r) - r), 2*(cosh(r) - 1)
}

func (b *program) hyperbolic(x ref) (h hyperbolic) {
	h.a = b.abs(x)
	e := b.reduceExp(h.a)
	shifted := b.shl(e.n, 52)
	p := b.badd(shifted, b.word(one-2<<52))
	q := b.sel(b.lt(h.a, b.num(30)), b.bsub(b.word(one-2<<52), shifted), b.num(0))
	h.difference, h.sum = b.sub(p, q), b.add(p, q)
	z := b.mul(e.r, e.r)
	h.r = b.add(e.r, e.r)
	h.s = b.mul(b.mul(h.r, z), b.polynomial(z, sinhSeries))
	h.c = b.mul(b.add(z, z), b.polynomial(z, coshSeries))
	return h
}

// product is 2*(x*cosh(r) + y*sinh(r)).
func (b *program) product(h hyperbolic, x, y ref) ref {
	small := b.fma(y, h.s, b.mul(x, h.c))
	return b.fma(x, b.num(2), b.fma(y, h.r, small))
}

// limit gives y the value infinity beyond the range, and a where that is not a number.
func (b *program) limit(y, a ref) ref {
	return b.sel(b.le(a, b.num(710.5)), y, b.mul(a, b.num(math.Inf(1))))
}

func (b *program) sinh(x ref) ref {
	h := b.hyperbolic(x)
	y := b.product(h, h.difference, h.sum)
	return b.bxor(b.limit(y, h.a), b.sign(x))
}

func (b *program) cosh(x ref) ref {
	h := b.hyperbolic(x)
	y := b.product(h, h.sum, h.difference)
	return b.limit(y, h.a)
}

// tanh is e/(2 - e) with e = 1 - exp(-2*|x|) = 1 - 2^n*exp(r) as a sum of two numbers. The error of the
// quotient is found with the rounding errors of both, and divided by the denominator roughly.
func (b *program) tanh(x ref) ref {
	a := b.abs(x)
	n := b.fma(a, b.num(-2*log2e), b.num(rounder))
	nf := b.sub(n, b.num(rounder))
	r := b.fma(nf, b.num(-ln2Hi), b.mul(a, b.num(-2)))
	r = b.fma(nf, b.num(-ln2Lo), r)
	p := b.fma(b.mul(r, r), b.polynomial(r, expSeries), r) // exp(r) - 1
	scale := b.badd(b.shl(n, 52), b.word(one|1<<63))       // -2^n
	rest := b.add(b.num(1), scale)
	h := b.fma(scale, p, rest)
	l := b.fma(scale, p, b.sub(rest, h))
	d := b.sub(b.num(2), h)
	dl := b.sub(b.sub(b.sub(b.num(2), d), h), l)
	y := b.div(h, d)
	ny := b.neg(y)
	rest = b.fma(ny, dl, b.add(b.fma(ny, d, h), l))
	y = b.fma(rest, b.fma(d, b.num(-0.5), b.num(1.45)), y) // 1/d for d from 1 to 2
	y = b.sel(b.lt(b.num(22), a), b.num(1), y)
	return b.bxor(y, b.sign(x))
}

// The inverse functions are k*ln2 + 2*atanh(s) with s^2 <= 0.08, where s is found with one division.

const fiveSixths = uint64(0x3FEAAAAAAAAAAAAB) // the bits of 5/6

// areaLog is log(x + y) for x >= y > 0, or where near holds what has the s of p/q, p its
// hyperbolic sine. With m = (x + y)/8 = 2^j*(1+s)/(1-s), (1+s)/(1-s) from 5/6 to 5/3, s is
// (m - 2^j)/(m + 2^j), in which the rounding error of m counts. If near holds, 2*s is p - p*s^2.
func (b *program) areaLog(x, y, near, p, q ref) ref {
	eighth := b.num(0.125)
	x = b.mul(x, eighth)
	m := b.fma(y, eighth, x)
	low := b.fma(y, eighth, b.sub(x, m))
	t := b.badd(m, b.word(one-fiveSixths))
	power := b.band(t, b.word(^fraction))
	k := b.sub(b.bor(b.shr(t, 52), b.num(rounded)), b.num(rounded+1023-3))
	k = b.sel(near, b.num(0), k)
	s := b.div(b.sel(near, p, b.add(b.sub(m, power), low)), b.sel(near, q, b.add(m, power)))
	z := b.mul(s, s)
	s2 := b.add(s, s)
	rest := b.sel(near, b.neg(b.mul(p, z)), b.mul(k, b.num(ln2Lo)))
	rest = b.fma(b.mul(s2, z), b.polynomial(z, atanhSeries), rest)
	return b.fma(k, b.num(ln2Hi), b.add(b.sel(near, p, s2), rest))
}

// asinh is log(a + sqrt(a^2+1)), and 2*atanh(a/(1 + sqrt(a^2+1))) where that is small.
func (b *program) asinh(x ref) ref {
	a := b.abs(x)
	root := b.sqrt(b.fma(a, a, b.num(1)))
	larger := b.sel(b.lt(b.num(0x1p28), a), a, root)
	y := b.areaLog(larger, a, b.lt(a, b.num(0.61)), a, b.add(root, b.num(1)))
	y = b.sel(b.lt(a, b.num(math.Inf(1))), y, a)
	return b.bxor(y, b.sign(x))
}

// acosh is log(x + sqrt(x^2-1)), and 2*atanh(sqrt(x^2-1)/(1+x)) where that is small.
func (b *program) acosh(x ref) ref {
	t := b.sub(x, b.num(1))
	root := b.sqrt(b.fma(t, t, b.add(t, t)))
	smaller := b.sel(b.lt(b.num(0x1p28), x), x, root)
	y := b.areaLog(x, smaller, b.lt(x, b.num(1.17)), root, b.add(x, b.num(1)))
	y = b.sel(b.lt(x, b.num(math.Inf(1))), y, x)
	return b.sel(b.le(b.num(1), x), y, b.num(math.NaN()))
}

// atanh is k*ln2/2 + atanh(s): with p = 2^k near (1+a)/(1-a), s is (1+a - p*(1-a))/(1+a + p*(1-a)), and
// a itself where k is 0, below about 1/4. The difference of the bits of 1+a and 1-a is about the logarithm
// of their quotient.
func (b *program) atanh(x ref) ref {
	a, unit := b.abs(x), b.num(1)
	over, low := b.fastTwoSum(unit, a)
	under := b.sub(unit, a)
	t := b.badd(b.bsub(over, under), b.word(1<<50))
	k := b.sub(b.bor(b.shr(t, 52), b.num(rounded)), b.num(rounded))
	near := b.eq(k, b.num(0))
	under = b.badd(under, b.band(t, b.word(^fraction))) // p*(1-a)
	s := b.div(b.sel(near, a, b.add(b.sub(over, under), low)), b.sel(near, unit, b.add(over, under)))
	z := b.mul(s, s)
	y := b.fma(b.mul(s, z), b.polynomial(z, atanhSeries), b.mul(k, b.num(ln2Lo/2)))
	y = b.fma(k, b.num(ln2Hi/2), b.add(s, y))
	beyond := b.sel(b.eq(a, unit), b.num(math.Inf(1)), b.num(math.NaN()))
	y = b.sel(b.lt(a, unit), y, beyond)
	return b.bxor(y, b.sign(x))
}
