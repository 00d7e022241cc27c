package elementary

import "math"

const (
	ln2Short     = 0x1.62e42fefa38p-1    // 42 bits: a product with an exponent is exact
	ln2ShortRest = 0x1.ef35793c7673p-45  // ln(2) - ln2Short
	twoThirdsLo  = 0x1.5555555555555p-55 // 2/3 - float64(2/3)
)

// pow is exp(y*log|x|) with the logarithm as a sum of two numbers, to about 2^-65 of its size, and
// the tail of the product in the exponential. The logarithm is k*ln2 + 2*s + s*z*(2/3 + z*Q) with
// s = (m-1)/(m+1) and z = s^2, all but Q with the rounding errors carried along.
func (b *program) pow(x, y ref) ref {
	a := b.abs(x)
	k, m := b.split(a)
	f := b.sub(m, b.num(1))
	d, dl := b.fastTwoSum(b.num(2), f)
	inverse := b.div(b.num(1), d)
	s := b.mul(f, inverse)
	ns := b.neg(s)
	sl := b.mul(b.fma(ns, dl, b.fma(ns, d, f)), inverse)

	s2 := b.add(s, s)
	z, zl := b.twoProduct(s, s)
	zl = b.fma(s2, sl, zl)
	q := b.polynomial(z, powSeries)
	third := b.num(2.0 / 3)
	th := b.fma(z, q, third)
	tl := b.add(b.fma(z, q, b.sub(third, th)), b.num(twoThirdsLo))
	wh, wl := b.twoProduct(z, s)
	wl = b.fma(z, sl, b.fma(zl, s, wl))
	uh, ul := b.twoProduct(wh, th)
	ul = b.fma(wl, th, b.fma(wh, tl, ul))

	sum, e1 := b.fastTwoSum(b.mul(k, b.num(ln2Short)), s2)
	sum, e2 := b.fastTwoSum(sum, uh)
	low := b.fma(k, b.num(ln2ShortRest), b.add(e1, e2))
	low = b.add(low, b.fma(b.num(2), sl, ul))
	finite := b.lt(a, b.num(math.Inf(1)))
	sum = b.sel(finite, sum, a) // infinite or not a number
	sum = b.sel(b.eq(a, b.num(0)), b.num(math.Inf(-1)), sum)

	p, pl := b.twoProduct(sum, y)
	pl = b.fma(low, y, pl)
	n := b.fma(p, b.num(log2e), b.num(rounder))
	nf := b.sub(n, b.num(rounder))
	r := b.fma(nf, b.num(-ln2Hi), p)
	r, rl := b.fastTwoSum(r, b.fma(nf, b.num(-ln2Lo), pl))
	v := b.fma(b.mul(r, r), b.polynomial(r, expSeries), rl)
	h, hl := b.fastTwoSum(b.num(1), r)
	v = b.scale(b.add(h, b.add(hl, v)), n, p)

	v = b.sel(b.or(b.eq(y, b.num(0)), b.eq(a, b.num(1))), b.num(1), v)
	whole := b.eq(b.floor(y), y)
	half := b.mul(y, b.num(0.5))
	odd := b.ne(b.floor(half), half)
	signed := b.bxor(v, b.sel(odd, b.sign(x), b.num(0)))
	negative := b.and(b.lt(x, b.num(0)), finite)
	return b.sel(whole, signed, b.sel(negative, b.num(math.NaN()), v))
}
