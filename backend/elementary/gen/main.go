// Command gen writes the coefficients of package elementary: polynomials that interpolate
// power series at the Chebyshev nodes of an interval, computed in 400 bits and rounded to
// the nearest float64 one by one; and what large angles are multiplied by.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"math"
	"math/big"
	"os"
)

const prec = 400

// series is a polynomial to find: the first n coefficients of one that is close to the sum
// of term(k)*x^k on [lo, hi].
type series struct {
	name   string
	doc    string
	term   func(k int) *big.Rat
	sum    func(x *big.Float) *big.Float // in place of term
	lo, hi float64
	n      int
}

func rat(a, b int64) *big.Rat { return big.NewRat(a, b) }

// factorial is 1/n!.
func factorial(n int) *big.Rat {
	f := new(big.Int).MulRange(1, int64(n))
	return new(big.Rat).SetFrac(big.NewInt(1), f)
}

func alternate(k int, r *big.Rat) *big.Rat {
	if k%2 == 1 {
		r.Neg(r)
	}
	return r
}

const (
	ln2Half   = math.Ln2/2 + 1e-9
	sqrt2Odds = 0.17157287525380990 + 1e-12 // (sqrt2 - 1)/(sqrt2 + 1)
)

var all = []series{
	{name: "expSeries", doc: "(exp(x) - 1 - x)/x^2 for |x| <= ln(2)/2", lo: -ln2Half, hi: ln2Half, n: 10,
		term: func(k int) *big.Rat { return factorial(k + 2) }},
	{name: "sinhSeries", doc: "(sinh(x) - x)/x^3 in x^2 for |x| <= ln(2)/2", hi: ln2Half * ln2Half, n: 5,
		term: func(k int) *big.Rat { return factorial(2*k + 3) }},
	{name: "coshSeries", doc: "(cosh(x) - 1)/x^2 in x^2 for |x| <= ln(2)/2", hi: ln2Half * ln2Half, n: 5,
		term: func(k int) *big.Rat { return factorial(2*k + 2) }},
	{name: "logSeries", doc: "(2*atanh(s) - 2*s)/s^3 in s^2 for |s| <= (sqrt(2) - 1)/(sqrt(2) + 1)", hi: sqrt2Odds * sqrt2Odds, n: 7,
		term: func(k int) *big.Rat { return rat(2, int64(2*k+3)) }},
	{name: "powSeries", doc: "((2*atanh(s) - 2*s)/s^3 - 2/3)/s^2 in s^2 for |s| <= (sqrt(2) - 1)/(sqrt(2) + 1)", hi: sqrt2Odds * sqrt2Odds, n: 8,
		term: func(k int) *big.Rat { return rat(2, int64(2*k+5)) }},
	{name: "atanhSeries", doc: "(atanh(s) - s)/s^3 in s^2 for s^2 <= 0.08", hi: 0.08, n: 9,
		term: func(k int) *big.Rat { return rat(1, int64(2*k+3)) }},
	{name: "sinSeries", doc: "(sin(x) - x)/x^3 in x^2 for |x| <= pi/4", hi: math.Pi * math.Pi / 16, n: 6,
		term: func(k int) *big.Rat { return alternate(k+1, factorial(2*k+3)) }},
	{name: "cosSeries", doc: "(cos(x) - 1 + x^2/2)/x^4 in x^2 for |x| <= pi/4", hi: math.Pi * math.Pi / 16, n: 6,
		term: func(k int) *big.Rat { return alternate(k, factorial(2*k+4)) }},
	{name: "tanSeries", doc: "(tan(x) - x)/x^3 in x^2 for |x| <= pi/4", hi: math.Pi * math.Pi / 16, n: 14, sum: tangent},
	{name: "atanSeries", doc: "(atan(x) - x)/x^3 in x^2 for |x| <= 0.55", hi: 0.3025, n: 14,
		term: func(k int) *big.Rat { return alternate(k+1, rat(1, int64(2*k+3))) }},
	{name: "asinSeries", doc: "(asin(x) - x)/x^3 in x^2 for |x| <= 1/2", hi: 0.25, n: 13, term: arcsine},
}

// tangent is (tan(x) - x)/x^3 of x^2: with the series of sin(x)/x and cos(x) it is (s/c - 1)/x^2.
func tangent(sq *big.Float) *big.Float {
	if sq.Sign() == 0 {
		return number(0).SetRat(rat(1, 3))
	}
	s := series{term: func(k int) *big.Rat { return alternate(k, factorial(2*k+1)) }}
	c := series{term: func(k int) *big.Rat { return alternate(k, factorial(2*k)) }}
	t := number(0).Quo(s.value(sq), c.value(sq))
	return t.Quo(t.Sub(t, number(1)), sq)
}

// arcsine is coefficient k+1 of the series of asin(x)/x in x^2: C(2m, m)/(4^m*(2m+1)), m = k+1.
func arcsine(k int) *big.Rat {
	m := int64(k + 1)
	num := new(big.Int).Binomial(2*m, m)
	den := new(big.Int).Lsh(big.NewInt(2*m+1), uint(2*m))
	return new(big.Rat).SetFrac(num, den)
}

// value is the sum of the series, which must converge like 0.7^k at least.
func (s *series) value(x *big.Float) *big.Float {
	if s.sum != nil {
		return s.sum(x)
	}
	sum, power := number(0), number(1)
	for k := range 700 {
		t := number(0).SetRat(s.term(k))
		if sum.Add(sum, t.Mul(t, power)); t.Sign() == 0 || t.MantExp(nil) < sum.MantExp(nil)-prec {
			break
		}
		power.Mul(power, x)
	}
	return sum
}

func number(x float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(x) }

// fit interpolates in Newton's form and expands it.
func (s *series) fit() []float64 {
	x, d := make([]*big.Float, s.n), make([]*big.Float, s.n)
	for i := range x {
		c := math.Cos(math.Pi * (float64(i) + 0.5) / float64(s.n))
		x[i] = number((s.lo+s.hi)/2 + (s.hi-s.lo)/2*c)
		d[i] = s.value(x[i])
	}
	for j := 1; j < s.n; j++ {
		for i := s.n - 1; i >= j; i-- {
			d[i].Sub(d[i], d[i-1])
			d[i].Quo(d[i], number(0).Sub(x[i], x[i-j]))
		}
	}
	p := []*big.Float{d[s.n-1]}
	for i := s.n - 2; i >= 0; i-- { // p*(x - x[i]) + d[i]
		q := make([]*big.Float, len(p)+1)
		for k := range q {
			q[k] = number(0)
			if k > 0 {
				q[k].Set(p[k-1])
			}
			if k < len(p) {
				q[k].Sub(q[k], number(0).Mul(p[k], x[i]))
			}
		}
		q[0].Add(q[0], d[i])
		p = q
	}
	c := make([]float64, s.n)
	for i := range c {
		c[i], _ = p[i].Float64()
	}
	return c
}

// deviation is the largest relative error of the rounded polynomial at 200 points.
func (s *series) deviation(c []float64) float64 {
	worst := 0.0
	for i := range 201 {
		x := number(s.lo + (s.hi-s.lo)*float64(i)/200)
		want, got := s.value(x), number(0)
		for k := len(c) - 1; k >= 0; k-- {
			got.Mul(got, x).Add(got, number(c[k]))
		}
		e, _ := got.Quo(got.Sub(got, want), want).Float64()
		worst = math.Max(worst, math.Abs(e))
	}
	return worst
}

func main() {
	if err := os.WriteFile("coefficients.go", file(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// file is the text to write.
func file() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated by gen. DO NOT EDIT.\n\npackage elementary\n")
	for i := range all {
		s := &all[i]
		c := s.fit()
		fmt.Fprintf(&b, "\n// %s is %s, within 2^%.1f of it.\nvar %s = []float64{\n", s.name, s.doc, math.Log2(s.deviation(c)), s.name)
		for _, v := range c {
			fmt.Fprintf(&b, "\t%v,\n", v)
		}
		b.WriteString("}\n")
	}
	b.WriteString("\n// farTable has (2^(32 j) 2/pi) mod 512 as a sum of four numbers in row j.\nvar farTable = [][4]float64{\n")
	for j := range 31 {
		fmt.Fprintf(&b, "\t{")
		for i, v := range turns(32 * j) {
			if i > 0 {
				fmt.Fprintf(&b, ", ")
			}
			fmt.Fprint(&b, v)
		}
		fmt.Fprintf(&b, "},\n")
	}
	b.WriteString("}\n")
	src, err := format.Source(b.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	return src
}

// turns is (2^e 2/pi) mod 512.
func turns(e int) (parts [4]float64) {
	c := new(big.Float).SetPrec(widePrec).Quo(big.NewFloat(2), pi())
	c.SetMantExp(c, e-9)
	n, _ := c.Int(nil)
	c.Sub(c, new(big.Float).SetPrec(widePrec).SetInt(n))
	c.SetMantExp(c, 9)
	for i := range parts {
		parts[i], _ = c.Float64()
		c.Sub(c, new(big.Float).SetFloat64(parts[i]))
	}
	return parts
}

const widePrec = 1400

// pi is 16 atan(1/5) - 4 atan(1/239), Machin's formula.
func pi() *big.Float {
	wide := func() *big.Float { return new(big.Float).SetPrec(widePrec) }
	atan := func(n int64) *big.Float {
		sum, power := wide(), wide().Quo(big.NewFloat(1), wide().SetInt64(n))
		sq := wide().SetInt64(n * n)
		for k := int64(1); power.MantExp(nil) > -widePrec; k += 2 {
			t := wide().Quo(power, wide().SetInt64(k))
			if k%4 == 3 {
				t.Neg(t)
			}
			sum.Add(sum, t)
			power.Quo(power, sq)
		}
		return sum
	}
	a, b := atan(5), atan(239)
	return wide().Sub(a.SetMantExp(a, 4), b.SetMantExp(b, 2))
}
