package elementary

import "math"

const (
	sqrtHalf = uint64(0x3FE6A09E667F3BCD) // the bits of sqrt(1/2)
	rounded  = 0x1p52                     // an integer is in the low bits of the sum with it
)

// split writes x > 0 as m*2^k with m in [sqrt(1/2), sqrt(2)).
func (b *program) split(x ref) (k, m ref) {
	small := b.lt(x, b.num(smallest))
	x = b.sel(small, b.mul(x, b.num(0x1p54)), x)
	bias := b.sel(small, b.num(rounded+1023+54), b.num(rounded+1023))
	t := b.badd(x, b.word(one-sqrtHalf))
	k = b.sub(b.bor(b.shr(t, 52), b.num(rounded)), bias)
	m = b.badd(b.band(t, b.word(fraction)), b.word(sqrtHalf))
	return k, m
}

// log is k*ln2 + log(1+f), the latter as in fdlibm's e_log.c (Sun Microsystems, 1993): with
// s = f/(2+f) it is 2*atanh(s) = f - (f^2/2 - s*(f^2/2 + R)), where R = 2*atanh(s)/s - 2.
func (b *program) log(x ref) ref {
	k, m := b.split(x)
	f := b.sub(m, b.num(1))
	s := b.div(f, b.add(f, b.num(2)))
	z := b.mul(s, s)
	h := b.mul(b.mul(f, f), b.num(0.5))
	t := b.fma(z, b.polynomial(z, logSeries), h)
	t = b.fma(s, t, b.mul(k, b.num(ln2Lo)))
	y := b.fma(k, b.num(ln2Hi), b.sub(f, b.sub(h, t)))
	return b.logSpecial(x, y)
}

// logSpecial gives the logarithm y of x its values at 0, infinity and below 0.
func (b *program) logSpecial(x, y ref) ref {
	inf := b.num(math.Inf(1))
	y = b.sel(b.lt(x, inf), y, x)
	rest := b.sel(b.eq(x, b.num(0)), b.num(math.Inf(-1)), b.num(math.NaN()))
	return b.sel(b.lt(b.num(0), x), y, rest)
}

const (
	log10of2Short = 0x1.34413509f78p-2    // 42 bits
	log10of2Rest  = 0x1.fef311f12b358p-46 // log10(2) - log10of2Short
	log10ofEHi    = 0x1.bcb7b1526e50ep-2
	log10ofELo    = 0x1.95355baaafad3p-57
)

// log10 is log with the larger part of log(1+f) as a sum of two numbers, so that the powers of 10
// give integers.
func (b *program) log10(x ref) ref {
	k, m := b.split(x)
	f := b.sub(m, b.num(1))
	s := b.div(f, b.add(f, b.num(2)))
	z := b.mul(s, s)
	square, squareLow := b.twoProduct(f, f)
	h := b.mul(square, b.num(0.5))
	hi := b.sub(f, h)
	lo := b.fma(squareLow, b.num(-0.5), b.sub(b.sub(f, hi), h))
	lo = b.fma(s, b.fma(z, b.polynomial(z, logSeries), h), lo)

	p, pl := b.twoProduct(hi, b.num(log10ofEHi))
	pl = b.fma(hi, b.num(log10ofELo), pl)
	pl = b.fma(lo, b.num(log10ofEHi), pl)
	sum, rest := b.fastTwoSum(b.mul(k, b.num(log10of2Short)), p)
	rest = b.fma(k, b.num(log10of2Rest), b.add(rest, pl))
	return b.logSpecial(x, b.add(sum, rest))
}
