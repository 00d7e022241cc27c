package elementary

import (
	"flag"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

var (
	long  = flag.Bool("long", false, "1e7 points per function in TestAccuracy")
	table = flag.Int("table", 0, "points per domain in TestAccuracy, which prints the errors of docs/elementary.md")
)

// ulps is the distance of got from want in units of the last place of want.
func ulps(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	if math.IsInf(w, 0) {
		if got == w {
			return 0
		}
		return math.Inf(1)
	}
	_, e := math.Frexp(w)
	e = max(e, -1021) - 53
	if math.IsInf(got, 0) || math.IsNaN(got) {
		return math.Inf(1)
	}
	d := sub(bf(got), want)
	d.SetMantExp(d, -e)
	f, _ := d.Float64()
	return math.Abs(f)
}

// uniform draws from [lo, hi].
func uniform(lo, hi float64) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return lo + (hi-lo)*r.Float64() }
}

// anyOf draws positive numbers with exponents from lo to hi, evenly, with either sign if signed.
func anyOf(lo, hi int, signed bool) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		x := math.Ldexp(1+r.Float64(), lo+r.IntN(hi-lo+1))
		if signed && r.IntN(2) == 0 {
			x = -x
		}
		return x
	}
}

// accuracy is a function with its reference, arguments and bound.
type accuracy struct {
	op    backend.Op
	ref   func(x, y float64) *big.Float
	x, y  draws // by domain
	math  func(x, y float64) float64
	bound float64 // ulp: what was measured on 150000 points and a little
}

type draws = []func(r *rand.Rand) float64

// single is a reference of one argument.
func single(f func(x *big.Float) *big.Float) func(x, y float64) *big.Float {
	return func(x, _ float64) *big.Float { return f(bf(x)) }
}

// library is a function of package math.
func library(f func(x float64) float64) func(x, y float64) float64 {
	return func(x, _ float64) float64 { return f(x) }
}

var accuracies = []accuracy{
	{op: backend.Exp, math: library(math.Exp), ref: single(refExp), x: draws{uniform(-745, 710), uniform(-2, 2), anyOf(-60, 3, true), uniform(-745, -700)}, bound: 1.1},
	{op: backend.Log, math: library(math.Log), ref: single(refLog), x: draws{anyOf(-1074, 1023, false), uniform(0.5, 2), uniform(0.99, 1.01), uniform(0, 100)}, bound: 0.9},
	{op: backend.Sin, math: library(math.Sin), ref: func(x, _ float64) *big.Float { s, _ := refSineCosine(x); return s }, x: draws{uniform(-10, 10), uniform(-2, 2), anyOf(-1070, 44, true), uniform(-1e6, 1e6), anyOf(44, 1023, true)}, bound: 1},
	{op: backend.Cos, math: library(math.Cos), ref: func(x, _ float64) *big.Float { _, c := refSineCosine(x); return c }, x: draws{uniform(-10, 10), uniform(-2, 2), anyOf(-60, 44, true), uniform(-1e6, 1e6), anyOf(44, 1023, true)}, bound: 1},
	{op: backend.Tan, math: library(math.Tan), ref: func(x, _ float64) *big.Float { s, c := refSineCosine(x); return quo(s, c) }, x: draws{uniform(-10, 10), uniform(-2, 2), anyOf(-1070, 44, true), uniform(-1e6, 1e6), anyOf(44, 1023, true)}, bound: 1.5},
	{op: backend.Asin, math: library(math.Asin), ref: single(refAsin), x: draws{uniform(-1, 1), uniform(0.45, 0.55), anyOf(-60, -1, true), uniform(0.99, 1)}, bound: 1.3},
	{op: backend.Acos, math: library(math.Acos), ref: single(refAcos), x: draws{uniform(-1, 1), uniform(0.45, 0.55), anyOf(-60, -1, true), uniform(0.99, 1)}, bound: 1.3},
	{op: backend.Atan, math: library(math.Atan), ref: single(refAtan), x: draws{uniform(-10, 10), uniform(-1, 1), uniform(0.45, 0.55), uniform(1.9, 2.1), anyOf(-1070, 1022, true)}, bound: 1.2},
	{op: backend.Atan2, math: math.Atan2, ref: refAtan2, x: draws{uniform(-1, 1), anyOf(-5, 5, true), anyOf(-500, 500, true), uniform(0.45, 0.55), uniform(-2.1, -1.9)}, y: draws{uniform(-1, 1), anyOf(-5, 5, true), anyOf(-500, 500, true), uniform(-1.1, 1.1), uniform(-1.1, 1.1)}, bound: 1.7},
	{op: backend.Sinh, math: library(math.Sinh), ref: single(refSinh), x: draws{uniform(-710, 710), uniform(-2, 2), uniform(0.3, 0.4), anyOf(-1070, 8, true), uniform(709, 710.47)}, bound: 1.5},
	{op: backend.Cosh, math: library(math.Cosh), ref: single(refCosh), x: draws{uniform(-710, 710), uniform(-2, 2), uniform(0.3, 0.4), anyOf(-100, 8, true), uniform(709, 710.47)}, bound: 1.3},
	{op: backend.Tanh, math: library(math.Tanh), ref: single(refTanh), x: draws{uniform(-25, 25), uniform(-2, 2), uniform(-0.5, 0.5), anyOf(-1070, 8, true)}, bound: 1.7},
	{op: backend.Asinh, math: library(math.Asinh), ref: single(refAsinh), x: draws{uniform(-25, 25), uniform(-2, 2), uniform(-0.5, 0.5), uniform(0.5, 0.7), anyOf(-1070, 1023, true)}, bound: 1.7},
	{op: backend.Acosh, math: library(math.Acosh), ref: single(refAcosh), x: draws{uniform(1, 25), uniform(1, 2), uniform(1, 1.2), uniform(1, 1.001), anyOf(0, 1023, false)}, bound: 2},
	{op: backend.Atanh, math: library(math.Atanh), ref: single(refAtanh), x: draws{uniform(-1, 1), uniform(-0.25, 0.25), uniform(0.25, 0.3), uniform(0.99, 1), anyOf(-1070, -1, true)}, bound: 1.8},
	{op: backend.Log10, math: library(math.Log10), ref: single(func(x *big.Float) *big.Float { return quo(refLog(x), refLn10) }), x: draws{anyOf(-1074, 1023, false), uniform(0.5, 2), uniform(0.99, 1.01), uniform(0, 100)}, bound: 0.8},
	{op: backend.Pow, math: math.Pow, ref: func(x, y float64) *big.Float { return refExp(mul(bf(y), refLog(bf(x)))) },
		x: draws{uniform(0, 10), uniform(0.9, 1.1), anyOf(-300, 300, false), anyOf(-1074, 1023, false)}, y: draws{uniform(-10, 10), uniform(-6000, 6000), uniform(-3, 3), uniform(-1, 1)}, bound: 1},
}

// TestAccuracy measures the largest error of each function on random arguments of several domains: about
// 20000 of them, or 1e7 with -long.
func TestAccuracy(t *testing.T) {
	n := 5000
	switch {
	case *long:
		n = 2500000
	case *table > 0:
		n = *table
	}
	lines := make([]string, len(accuracies))
	t.Run("all", func(t *testing.T) {
		for i := range accuracies {
			a := &accuracies[i]
			t.Run(a.op.String(), func(t *testing.T) {
				t.Parallel()
				k := Program(a.op)
				most, where, other := 0.0, "", 0.0
				for d := range a.x {
					worst, x, y, theirs := a.worst(k, d, n)
					t.Logf("domain %d: %.3f ulp at %v %v", d, worst, x, y)
					if worst > a.bound {
						t.Errorf("domain %d: %.3f ulp at %v, %v", d, worst, x, y)
					}
					other = max(other, theirs)
					if worst > most {
						most, where = worst, strconv.FormatFloat(x, 'g', -1, 64)
						if a.y != nil {
							where += ", " + strconv.FormatFloat(y, 'g', -1, 64)
						}
					}
				}
				lines[i] = fmt.Sprintf("| %s | %d | %.2f | %s | %.4g |", a.op, k.Ops(), most, where, other)
			})
		}
	})
	if *table > 0 {
		fmt.Println("| function | operations | ulp | at | ulp of package math |\n|---|---|---|---|---|\n" + strings.Join(lines, "\n"))
	}
}

// worst is the largest error on n arguments of a domain, where it is, and that of package math if the table
// is wanted.
func (a *accuracy) worst(k *backend.Kernel, d, n int) (worst, x, y, theirs float64) {
	r := rand.New(rand.NewPCG(uint64(d), uint64(a.op)))
	for range n {
		u, v := a.x[d](r), 0.0
		if a.y != nil {
			v = a.y[d](r)
		}
		want := a.ref(u, v)
		if e := ulps(Eval(k, u, v), want); e > worst {
			worst, x, y = e, u, v
		}
		if *table > 0 {
			theirs = max(theirs, ulps(a.math(u, v), want))
		}
	}
	return worst, x, y, theirs
}
