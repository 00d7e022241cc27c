package elementary

import (
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

var long = flag.Bool("long", false, "1e7 points per function")

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

// domain are arguments for a function.
type domain struct {
	name string
	draw func(r *rand.Rand) float64
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
	x, y  []func(r *rand.Rand) float64 // pairs
	bound float64                      // ulp
}

type draws = []func(r *rand.Rand) float64

func one1(f func(x *big.Float) *big.Float) func(x, y float64) *big.Float {
	return func(x, _ float64) *big.Float { return f(bf(x)) }
}

var accuracies = []accuracy{
	{op: backend.Exp, ref: one1(refExp), x: draws{uniform(-745, 710), uniform(-2, 2), anyOf(-60, 3, true), uniform(-745, -700)}, bound: 1.1},
	{op: backend.Log, ref: one1(refLog), x: draws{anyOf(-1074, 1023, false), uniform(0.5, 2), uniform(0.99, 1.01), uniform(0, 100)}, bound: 1},
	{op: backend.Sin, ref: func(x, _ float64) *big.Float { s, _ := refSineCosine(x); return s }, x: draws{uniform(-10, 10), uniform(-2, 2), anyOf(-1070, 44, true), uniform(-1e6, 1e6)}, bound: 1},
	{op: backend.Cos, ref: func(x, _ float64) *big.Float { _, c := refSineCosine(x); return c }, x: draws{uniform(-10, 10), uniform(-2, 2), anyOf(-60, 44, true), uniform(-1e6, 1e6)}, bound: 1},
	{op: backend.Tan, ref: func(x, _ float64) *big.Float { s, c := refSineCosine(x); return quo(s, c) }, x: draws{uniform(-10, 10), uniform(-2, 2), anyOf(-1070, 44, true), uniform(-1e6, 1e6)}, bound: 1.5},
	{op: backend.Asin, ref: one1(refAsin), x: draws{uniform(-1, 1), uniform(0.45, 0.55), anyOf(-60, -1, true), uniform(0.99, 1)}, bound: 1.5},
	{op: backend.Acos, ref: one1(refAcos), x: draws{uniform(-1, 1), uniform(0.45, 0.55), anyOf(-60, -1, true), uniform(0.99, 1)}, bound: 1.5},
	{op: backend.Atan, ref: one1(refAtan), x: draws{uniform(-10, 10), uniform(-1, 1), uniform(0.45, 0.55), uniform(1.9, 2.1), anyOf(-1070, 1022, true)}, bound: 1.5},
	{op: backend.Atan2, ref: refAtan2, x: draws{uniform(-1, 1), anyOf(-5, 5, true), anyOf(-500, 500, true), uniform(0.45, 0.55), uniform(-2.1, -1.9)}, y: draws{uniform(-1, 1), anyOf(-5, 5, true), anyOf(-500, 500, true), uniform(-1.1, 1.1), uniform(-1.1, 1.1)}, bound: 1.5},
	{op: backend.Sinh, ref: one1(refSinh), x: draws{uniform(-710, 710), uniform(-2, 2), uniform(0.3, 0.4), anyOf(-1070, 8, true), uniform(709, 710.47)}, bound: 1.5},
	{op: backend.Cosh, ref: one1(refCosh), x: draws{uniform(-710, 710), uniform(-2, 2), uniform(0.3, 0.4), anyOf(-100, 8, true), uniform(709, 710.47)}, bound: 1.5},
	{op: backend.Tanh, ref: one1(refTanh), x: draws{uniform(-25, 25), uniform(-2, 2), uniform(-0.5, 0.5), anyOf(-1070, 8, true)}, bound: 1.5},
	{op: backend.Asinh, ref: one1(refAsinh), x: draws{uniform(-25, 25), uniform(-2, 2), uniform(-0.5, 0.5), uniform(0.5, 0.6), anyOf(-1070, 1023, true)}, bound: 1.5},
	{op: backend.Acosh, ref: one1(refAcosh), x: draws{uniform(1, 25), uniform(1, 2), uniform(1, 1.13), uniform(1, 1.001), anyOf(0, 1023, false)}, bound: 2},
	{op: backend.Atanh, ref: one1(refAtanh), x: draws{uniform(-1, 1), uniform(-0.25, 0.25), uniform(0.25, 0.3), uniform(0.99, 1), anyOf(-1070, -1, true)}, bound: 2},
	{op: backend.Log10, ref: one1(func(x *big.Float) *big.Float { return quo(refLog(x), refLn10) }), x: draws{anyOf(-1074, 1023, false), uniform(0.5, 2), uniform(0.99, 1.01), uniform(0, 100)}, bound: 1},
	{op: backend.Pow, ref: func(x, y float64) *big.Float { return refExp(mul(bf(y), refLog(bf(x)))) },
		x: draws{uniform(0, 10), uniform(0.9, 1.1), anyOf(-300, 300, false), anyOf(-1074, 1023, false)}, y: draws{uniform(-10, 10), uniform(-6000, 6000), uniform(-3, 3), uniform(-1, 1)}, bound: 1},
}

func TestAccuracy(t *testing.T) {
	for i := range accuracies {
		a := &accuracies[i]
		t.Run(a.op.String(), func(t *testing.T) {
			t.Parallel()
			n := 5000
			if *long {
				n = 2500000
			}
			k := Program(a.op)
			ops := k.Ops()
			for d, draw := range a.x {
				r := rand.New(rand.NewPCG(uint64(d), uint64(a.op)))
				worst, at, aty := 0.0, 0.0, 0.0
				for range n {
					x, y := draw(r), 0.0
					if a.y != nil {
						y = a.y[d](r)
					}
					e := ulps(Eval(k, x, y), a.ref(x, y))
					if e > worst {
						worst, at, aty = e, x, y
					}
				}
				t.Logf("%s %d ops, domain %d: %.3f ulp at %v %v", a.op, ops, d, worst, at, aty)
				if worst > a.bound {
					t.Errorf("domain %d: %.3f ulp at %v, %v", d, worst, at, aty)
				}
			}
		})
	}
}
