package elementary

import "math"

// exponential is exp(x) or a part of it: x = n*ln2 + r with |r| <= ln(2)/2, up to rounding.
type exponential struct {
	n  ref // the low bits are those of the integer n
	nf ref // n as a number
	r  ref
}

// reduceExp subtracts a multiple of ln 2 in two parts (Cody, Waite: Software Manual for the
// Elementary Functions, 1980). The first step is exact because of the fused multiply-add.
func (b *program) reduceExp(x ref) (e exponential) {
	e.n = b.fma(x, b.num(log2e), b.num(rounder))
	e.nf = b.sub(e.n, b.num(rounder))
	e.r = b.fma(e.nf, b.num(-ln2Hi), x)
	e.r = b.fma(e.nf, b.num(-ln2Lo), e.r)
	return e
}

// scale is p*2^n with one rounding, for p in (1/2, 2), where p*2^n is exp(x) up to rounding. The
// exponent of p is raised or lowered out of the way of the ends of the range, and a product
// does the rest. x decides where the result is beyond the range for sure, and whether it is a number:
// then n means nothing.
func (b *program) scale(p, n, x ref) ref {
	const up, down = 256, 1
	small := b.lt(x, b.num(-700))
	e := b.badd(b.shl(n, 52), b.sel(small, b.word(up<<52), b.word((1<<12-down)<<52)))
	y := b.mul(b.badd(p, e), b.sel(small, b.num(0x1p-256), b.num(2)))
	y = b.sel(b.le(x, b.num(710)), y, b.mul(x, b.num(math.Inf(1))))
	return b.sel(b.lt(x, b.num(-746)), b.num(0), y)
}

// exp is 1 + r + r^2*q(r) scaled by 2^n.
func (b *program) exp(x ref) ref {
	e := b.reduceExp(x)
	q := b.polynomial(e.r, expSeries)
	p := b.fma(b.mul(e.r, e.r), q, e.r)
	return b.scale(b.add(p, b.num(1)), e.n, x)
}
