package elementary_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
	programs "github.com/mtkc/mtkc/backend/elementary"
	"github.com/mtkc/mtkc/runtime/elementary"
)

// functions are what is printed of each program, of one argument or two, and what package math has.
var functions = []struct {
	op        backend.Op
	one       func(x float64) float64
	two       func(x, y float64) float64
	portable1 func(x float64) float64
	portable2 func(x, y float64) float64
	math1     func(x float64) float64
	math2     func(x, y float64) float64
}{
	{backend.Pow, nil, elementary.Pow, nil, elementary.PortablePow, nil, math.Pow},
	{backend.Sin, elementary.Sin, nil, elementary.PortableSin, nil, math.Sin, nil},
	{backend.Cos, elementary.Cos, nil, elementary.PortableCos, nil, math.Cos, nil},
	{backend.Tan, elementary.Tan, nil, elementary.PortableTan, nil, math.Tan, nil},
	{backend.Asin, elementary.Asin, nil, elementary.PortableAsin, nil, math.Asin, nil},
	{backend.Acos, elementary.Acos, nil, elementary.PortableAcos, nil, math.Acos, nil},
	{backend.Atan, elementary.Atan, nil, elementary.PortableAtan, nil, math.Atan, nil},
	{backend.Sinh, elementary.Sinh, nil, elementary.PortableSinh, nil, math.Sinh, nil},
	{backend.Cosh, elementary.Cosh, nil, elementary.PortableCosh, nil, math.Cosh, nil},
	{backend.Tanh, elementary.Tanh, nil, elementary.PortableTanh, nil, math.Tanh, nil},
	{backend.Asinh, elementary.Asinh, nil, elementary.PortableAsinh, nil, math.Asinh, nil},
	{backend.Acosh, elementary.Acosh, nil, elementary.PortableAcosh, nil, math.Acosh, nil},
	{backend.Atanh, elementary.Atanh, nil, elementary.PortableAtanh, nil, math.Atanh, nil},
	{backend.Exp, elementary.Exp, nil, elementary.PortableExp, nil, math.Exp, nil},
	{backend.Log, elementary.Log, nil, elementary.PortableLog, nil, math.Log, nil},
	{backend.Log10, elementary.Log10, nil, elementary.PortableLog10, nil, math.Log10, nil},
	{backend.Atan2, nil, elementary.Atan2, nil, elementary.PortableAtan2, nil, math.Atan2},
	{backend.Rem, nil, elementary.Rem, nil, elementary.PortableRem, nil, math.Mod},
	{backend.Sign, elementary.Sign, nil, nil, nil, nil, nil},
	{backend.Mod, nil, elementary.Mod, nil, nil, nil, nil},
	{backend.Quo, nil, elementary.Quo, nil, nil, nil, nil},
}

// argument is a number with any bits, one of ordinary size, or a special one.
func argument(r *rand.Rand) float64 {
	special := []float64{0, 1, 0.5, 2, math.Inf(1), math.NaN(), 5e-324, 0x1p-1022, math.MaxFloat64, 0x1p52, 0x1p53, 0x1p45, 710, 709.79, 745.2}
	var x float64
	switch r.IntN(4) {
	case 0:
		x = math.Float64frombits(r.Uint64())
	case 1:
		x = special[r.IntN(len(special))]
	case 2:
		x = math.Ldexp(r.Float64(), r.IntN(60)-20)
	default:
		x = r.Float64() * 4
	}
	if r.IntN(2) == 0 {
		x = -x
	}
	return x
}

// TestBits holds the printed functions to the bits of their programs.
func TestBits(t *testing.T) {
	for _, f := range functions {
		t.Run(f.op.String(), func(t *testing.T) {
			t.Parallel()
			k := programs.Program(f.op)
			r := rand.New(rand.NewPCG(7, uint64(f.op)))
			for range 20000 {
				x, y := argument(r), argument(r)
				want := programs.Eval(k, x, y)
				check := func(what string, got float64) {
					if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Fatalf("%s of %v, %v = %v, want %v", what, x, y, got, want)
					}
				}
				if f.one != nil {
					check("function", f.one(x))
				} else {
					check("function", f.two(x, y))
				}
				switch {
				case f.portable1 != nil:
					check("portable function", f.portable1(x))
				case f.portable2 != nil:
					check("portable function", f.portable2(x, y))
				}
			}
		})
	}
}

var sink float64

// BenchmarkFunction is ns per call on 1024 arguments, the elements of a sum, beside package math.
func BenchmarkFunction(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y := make([]float64, 1024), make([]float64, 1024)
	for _, f := range functions {
		lo, hi := -5.0, 5.0
		switch f.op {
		case backend.Log, backend.Log10, backend.Pow:
			lo, hi = 0.01, 10
		case backend.Asin, backend.Acos, backend.Atanh:
			lo, hi = -1, 1
		case backend.Acosh:
			lo, hi = 1, 10
		}
		for i := range x {
			x[i], y[i] = lo+(hi-lo)*r.Float64(), -3+6*r.Float64()
		}
		one := func(name string, g func(x float64) float64) {
			if g == nil {
				return
			}
			b.Run(f.op.String()+"/"+name, func(b *testing.B) {
				s := 0.0
				for i := range b.N {
					s += g(x[i&1023])
				}
				sink = s
			})
		}
		two := func(name string, g func(x, y float64) float64) {
			if g == nil {
				return
			}
			b.Run(f.op.String()+"/"+name, func(b *testing.B) {
				s := 0.0
				for i := range b.N {
					s += g(x[i&1023], y[i&1023])
				}
				sink = s
			})
		}
		one("elementary", f.one)
		two("elementary", f.two)
		one("portable", f.portable1)
		two("portable", f.portable2)
		one("math", f.math1)
		two("math", f.math2)
	}
}
