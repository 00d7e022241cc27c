package elementary

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend"
)

// TestConstantOperand: what Lower makes of a constant second operand has the same bits, and is shorter.
func TestConstantOperand(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	for _, op := range []backend.Op{backend.Pow, backend.Atan2, backend.Mod, backend.Rem, backend.Quo} {
		for _, c := range append(specials, 1.7, -0.3, -2.5, 1.0/3, -3, -4, math.NaN(), math.Inf(-1)) {
			b := backend.NewBuilder("constant")
			b.Output(backend.Main, 0, b.Emit(op, b.Input(backend.U, 0), b.Number(c)))
			k := Lower(b.Finish())
			if n := Program(op).Ops(); k.Ops() > n {
				t.Errorf("%s with %v has %d operations, more than %d", op, c, k.Ops(), n)
			}
			check := func(x float64) {
				if got, want := Eval(k, x), Eval(Program(op), x, c); !same(got, want) {
					t.Errorf("%s(%v, %v) = %v, want %v", op, x, c, got, want)
				}
			}
			for _, x := range specials {
				check(x)
				check(-x)
			}
			check(math.NaN())
			for range 100 {
				check(anyOf(-20, 20, true)(r))
				check(math.Float64frombits(r.Uint64()))
			}
		}
	}
}

// TestSpan: a program for a part of the domain has the bits of the whole one there.
func TestSpan(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 15))
	for _, f := range functions {
		whole := Program(f.op)
		for _, s := range []Span{{Absolute: true, Hi: 0.5}, {Absolute: true, Hi: 25}, {Lo: 0x1p-1022, Hi: math.MaxFloat64}, {Lo: -700, Hi: 700}, {Lo: 1, Hi: 2}, {Lo: 0, Hi: 1}} {
			k := s.Within(whole)
			check := func(x float64) {
				if s.Absolute && math.Abs(x) > s.Hi || !s.Absolute && (x < s.Lo || x > s.Hi) {
					return
				}
				y := r.NormFloat64() * 3
				if r.IntN(3) == 0 {
					y = math.Trunc(y)
				}
				if got, want := Eval(k, x, y), Eval(whole, x, y); !same(got, want) {
					t.Errorf("%s(%v, %v) within %+v = %v, want %v", f.op, x, y, s, got, want)
				}
			}
			for _, x := range append(specials, s.Lo, s.Hi) {
				check(x)
				check(-x)
			}
			for range 200 {
				check(anyOf(-60, 1023, true)(r))
				check(anyOf(-5, 5, true)(r))
			}
		}
	}
}
