package elementary

// signum is -1 or 1, or x where that is 0 or not a number.
func (b *program) signum(x ref) ref {
	nought := b.num(0)
	return b.sel(b.lt(nought, x), b.num(1), b.sel(b.lt(x, nought), b.num(-1), x))
}

// mod is x - floor(x/y)*y, each operation rounded.
func (b *program) mod(x, y ref) ref {
	return b.sub(x, b.mul(b.floor(b.div(x, y)), y))
}

// quo is x/y, rounded, without its fraction.
func (b *program) quo(x, y ref) ref {
	q := b.div(x, y)
	return b.sel(b.lt(q, b.num(0)), b.ceil(q), b.floor(q))
}

// rem subtracts floor(|x/y|)*|y|: exact in a fused multiply-add, but the quotient may have been
// rounded up to an integer, which the sign of the difference tells.
func (b *program) rem(x, y ref) ref {
	a, d := b.abs(x), b.abs(y)
	q := b.div(a, d)
	r := b.fma(b.neg(b.floor(q)), d, a)
	r = b.sel(b.lt(r, b.num(0)), b.add(r, d), r)
	r = b.sel(b.lt(q, b.num(0x1p53)), r, b.div(b.mul(a, b.num(0)), d))
	r = b.sel(b.lt(a, d), a, r) // of an infinite y too
	return b.bxor(r, b.sign(x))
}
