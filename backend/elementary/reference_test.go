package elementary

import (
	"math"
	"math/big"
)

// The reference: elementary functions of float64 arguments in big.Float, to about 2^-150 relative
// (the sums end below 2^-230 of their first term, cancellation takes less than 80 bits).

const refPrec = 256

func bf(x float64) *big.Float { return new(big.Float).SetPrec(refPrec).SetFloat64(x) }
func zero() *big.Float        { return new(big.Float).SetPrec(refPrec) }
func bi(n int64) *big.Float   { return zero().SetInt64(n) }

func add(x, y *big.Float) *big.Float { return zero().Add(x, y) }
func sub(x, y *big.Float) *big.Float { return zero().Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return zero().Mul(x, y) }
func quo(x, y *big.Float) *big.Float { return zero().Quo(x, y) }
func root(x *big.Float) *big.Float   { return zero().Sqrt(x) }
func neg(x *big.Float) *big.Float    { return zero().Neg(x) }
func half(x *big.Float) *big.Float   { return zero().SetMantExp(x, -1) }
func twice(x *big.Float) *big.Float  { return zero().SetMantExp(x, 1) }

// series sums t0*(1 + r1 + r1*r2 + ...), where next gives a term from the one before.
func series(first *big.Float, next func(k int64, t *big.Float) *big.Float) *big.Float {
	sum := zero().Set(first)
	if first.Sign() == 0 {
		return sum
	}
	t := zero().Set(first)
	for k := int64(1); ; k++ {
		t = next(k, t)
		if t.Sign() == 0 || t.MantExp(nil) < sum.MantExp(nil)-refPrec {
			return sum
		}
		sum.Add(sum, t)
	}
}

var (
	refLn2  = refLog2()
	refPi   = refMachin()
	refLn10 = add(mul(bi(3), refLn2), refLog(bf(1.25)))
)

// refLog2 is ln 2 = 2*atanh(1/3).
func refLog2() *big.Float { return twice(refAtanhSeries(quo(bi(1), bi(3)))) }

// refMachin is pi = 16*atan(1/5) - 4*atan(1/239), at a higher precision for large arguments.
func refMachin() *big.Float {
	const prec = 2600
	atan := func(n int64) *big.Float {
		x := new(big.Float).SetPrec(prec).SetInt64(1)
		x.Quo(x, new(big.Float).SetInt64(n))
		sum := new(big.Float).SetPrec(prec).Set(x)
		sq := new(big.Float).SetInt64(n * n)
		for k := int64(1); x.MantExp(nil) > -prec; k++ {
			x.Quo(x, sq)
			t := new(big.Float).SetPrec(prec).Quo(x, new(big.Float).SetInt64(2*k+1))
			if k%2 == 1 {
				t.Neg(t)
			}
			sum.Add(sum, t)
		}
		return sum
	}
	a, b := atan(5), atan(239)
	a.SetMantExp(a, 4)
	b.SetMantExp(b, 2)
	return a.Sub(a, b)
}

// refAtanhSeries is x + x^3/3 + x^5/5 + ...
func refAtanhSeries(x *big.Float) *big.Float {
	sq, power := mul(x, x), zero().Set(x)
	return series(x, func(k int64, _ *big.Float) *big.Float {
		power.Mul(power, sq)
		return quo(power, bi(2*k+1))
	})
}

// refLog is the logarithm of x > 0.
func refLog(x *big.Float) *big.Float {
	m := zero()
	k := x.MantExp(m) // x = m*2^k, 1/2 <= m < 1
	if m.Cmp(bf(math.Sqrt(0.5))) < 0 {
		m.SetMantExp(m, 1)
		k--
	}
	y := twice(refAtanhSeries(quo(sub(m, bi(1)), add(m, bi(1)))))
	if k == 0 {
		return y
	}
	return y.Add(y, mul(bi(int64(k)), refLn2))
}

// refExpm1 is exp(x) - 1, for |x| < 2000.
func refExpm1(x *big.Float) *big.Float {
	f, _ := x.Float64()
	if math.Abs(f) < 0.4 {
		// x/2^6, then (1 + e)^2 - 1 = e*(2 + e)
		e := zero().SetMantExp(x, -6)
		y := zero().Set(e)
		e = series(e, func(k int64, t *big.Float) *big.Float { return quo(mul(t, y), bi(k+1)) })
		for range 6 {
			e = mul(e, add(bi(2), e))
		}
		return e
	}
	return sub(refExp(x), bi(1))
}

// refExp is exp(x), for |x| < 2000.
func refExp(x *big.Float) *big.Float {
	f, _ := x.Float64()
	n := math.Round(f / math.Ln2)
	r := sub(x, mul(bf(n), refLn2))
	y := add(refExpm1(r), bi(1))
	return zero().SetMantExp(y, int(n))
}

// refSineCosine are the sine and cosine of x.
func refSineCosine(x float64) (s, c *big.Float) {
	wide := new(big.Float).SetPrec(2600).SetFloat64(x)
	q := new(big.Float).SetPrec(2600).Quo(wide, refPi)
	q.SetMantExp(q, 1)
	q.Add(q, new(big.Float).SetFloat64(math.Copysign(0.5, x)))
	n, _ := q.Int(nil)
	t := new(big.Float).SetPrec(2600).SetInt(n)
	t.Mul(t, refPi)
	t.SetMantExp(t, -1)
	wide.Sub(wide, t)
	r := zero().Set(wide)
	sq := mul(r, r)
	sq.Neg(sq)
	s = series(r, func(k int64, t *big.Float) *big.Float { return quo(mul(t, sq), bi(2*k*(2*k+1))) })
	c = series(bi(1), func(k int64, t *big.Float) *big.Float { return quo(mul(t, sq), bi((2*k-1)*2*k)) })
	switch new(big.Int).And(n, big.NewInt(3)).Int64() {
	case 1:
		s, c = c, neg(s)
	case 2:
		s, c = neg(s), neg(c)
	case 3:
		s, c = neg(c), s
	}
	return s, c
}

// refAtan is the arctangent of x, halving the argument four times first.
func refAtan(x *big.Float) *big.Float {
	if x.Sign() == 0 {
		return zero()
	}
	y := zero().Abs(x)
	inverse := y.Cmp(bi(1)) > 0
	if inverse {
		y = quo(bi(1), y)
	}
	const halvings = 4
	for range halvings { // tan(a/2) = t/(1 + sqrt(1 + t^2))
		y = quo(y, add(bi(1), root(add(bi(1), mul(y, y)))))
	}
	sq := neg(mul(y, y))
	power := zero().Set(y)
	y = series(y, func(k int64, _ *big.Float) *big.Float {
		power.Mul(power, sq)
		return quo(power, bi(2*k+1))
	})
	y.SetMantExp(y, halvings)
	if inverse {
		y.Sub(half(zero().Set(refPi)), y)
	}
	if x.Sign() < 0 {
		y.Neg(y)
	}
	return y
}

// refSinh and refCosh are for |x| < 2000.
func refSinh(x *big.Float) *big.Float { // (e + e/(1+e))/2 with e = exp(x) - 1
	e := refExpm1(zero().Abs(x))
	y := half(add(e, quo(e, add(e, bi(1)))))
	if x.Sign() < 0 {
		y.Neg(y)
	}
	return y
}

func refCosh(x *big.Float) *big.Float {
	e := refExp(x)
	return half(add(e, quo(bi(1), e)))
}

func refTanh(x *big.Float) *big.Float {
	e := refExpm1(twice(x))
	return quo(e, add(e, bi(2)))
}

// refLog1p is log(1+x), for x > -1: by the series of atanh(x/(2+x)) near 0.
func refLog1p(x *big.Float) *big.Float {
	if x.Sign() == 0 {
		return zero()
	}
	if x.MantExp(nil) < -2 {
		return twice(refAtanhSeries(quo(x, add(x, bi(2)))))
	}
	return refLog(add(x, bi(1)))
}

func refAsinh(x *big.Float) *big.Float { // log(1 + a + a^2/(1 + sqrt(1 + a^2)))
	a := zero().Abs(x)
	sq := mul(a, a)
	y := refLog1p(add(a, quo(sq, add(bi(1), root(add(bi(1), sq))))))
	if x.Sign() < 0 {
		y.Neg(y)
	}
	return y
}

func refAcosh(x *big.Float) *big.Float {
	t := sub(x, bi(1))
	return refLog1p(add(t, root(add(mul(t, t), twice(t)))))
}

func refAtanh(x *big.Float) *big.Float {
	a := zero().Abs(x)
	y := half(refLog1p(quo(twice(a), sub(bi(1), a))))
	if x.Sign() < 0 {
		y.Neg(y)
	}
	return y
}

// refAsin is 2*atan(x/(1 + sqrt(1-x^2))).
func refAsin(x *big.Float) *big.Float {
	c := root(mul(sub(bi(1), x), add(bi(1), x)))
	return twice(refAtan(quo(x, add(bi(1), c))))
}

// refAcos is 2*atan(sqrt((1-x)/(1+x))).
func refAcos(x *big.Float) *big.Float {
	return twice(refAtan(root(quo(sub(bi(1), x), add(bi(1), x)))))
}

func refAtan2(y, x float64) *big.Float {
	a := refAtan(quo(bf(math.Abs(y)), bf(math.Abs(x))))
	if x < 0 {
		a.Sub(zero().Set(refPi), a)
	}
	if y < 0 {
		a.Neg(a)
	}
	return a
}
