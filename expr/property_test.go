package expr_test

import (
	"flag"
	"math"
	"math/rand"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
	"pgregory.net/rapid"
)

var tries = flag.Int("tries", 3000, "random terms per property, beside those that rapid draws")

// forAll runs a property on terms that rapid draws, which it shrinks on a failure, and
// on -tries terms of a plain random source, which go deeper.
func forAll(t *testing.T, property func(t rapid.TB, src randexpr.Source)) {
	rapid.Check(t, func(t *rapid.T) {
		property(t, randexpr.Func(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }))
	})
	for seed := range *tries {
		property(seeded{t, seed}, rand.New(rand.NewSource(int64(seed))))
	}
}

type seeded struct {
	*testing.T
	seed int
}

func (s seeded) Fatalf(format string, args ...any) {
	s.Helper()
	s.T.Fatalf("seed %d: "+format, append([]any{s.seed}, args...)...)
}

// Text that is printed reads back to the same term.
func checkRoundTrip(t rapid.TB, g *randexpr.Gen, e expr.ID) {
	text := g.Pool.String(e)
	back, err := g.Pool.Parse(text, expr.ParseOptions{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if back != e {
		t.Fatalf("%s reads back as %s", text, g.Pool.String(back))
	}
}

func TestRoundTrip(t *testing.T) {
	forAll(t, func(t rapid.TB, src randexpr.Source) {
		g := randexpr.New(expr.NewPool(), src, randexpr.Options{Dynamic: true})
		checkRoundTrip(t, g, g.Real())
		checkRoundTrip(t, g, g.Bool())
	})
}

// Every subterm is in canonical form: rebuilding it from its arguments changes nothing.
func TestRebuildKeepsTerm(t *testing.T) {
	forAll(t, func(t rapid.TB, src randexpr.Source) {
		g := randexpr.New(expr.NewPool(), src, randexpr.Options{Dynamic: true})
		p := g.Pool
		e := g.Real()
		p.Walk(e, map[expr.ID]bool{}, nil, func(u expr.ID) {
			if len(p.Args(u)) > 0 {
				if r := p.Rebuild(u, append([]expr.ID(nil), p.Args(u)...)); r != u {
					t.Fatalf("%s is not in canonical form: %s", p.String(u), p.String(r))
				}
			}
		})
	})
}

// closeTo compares two ways of computing a value. scale bounds the magnitude of what
// went into it; the factor 1e-9 leaves room for about 10^6 roundings and moderate
// cancellation, which scale does not see.
func closeTo(a, b, scale float64) bool {
	return math.Abs(a-b) <= 1e-9*(math.Abs(a)+math.Abs(b)+scale) || math.IsNaN(a) && math.IsNaN(b)
}

// largest is the largest magnitude among the values of all subterms, and whether all
// are finite.
func largest(p *expr.Pool, es []expr.ID, at func(expr.ID) (float64, bool)) (float64, bool) {
	var sub []expr.ID
	seen := map[expr.ID]bool{}
	for _, e := range es {
		p.Walk(e, seen, nil, func(u expr.ID) { sub = append(sub, u) })
	}
	m := 0.0
	for _, v := range p.EvalAll(sub, at) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, false
		}
		m = math.Max(m, math.Abs(v))
	}
	return m, true
}

// Forward and reverse derivatives agree with each other and with central differences.
func TestDerivatives(t *testing.T) {
	compared := 0
	forAll(t, func(t rapid.TB, src randexpr.Source) {
		g := randexpr.New(expr.NewPool(), src, randexpr.Options{Smooth: true, Depth: 3})
		p := g.Pool
		e := g.Real()
		at := g.Point()
		x := g.Syms[src.Intn(len(g.Syms))]
		d := p.Diff(e, x, nil)
		atoms, derivs := p.Gradient(e, nil)
		r := expr.Zero
		for i, a := range atoms {
			if a == x {
				r = derivs[i]
			}
		}
		scale, ok := largest(p, []expr.ID{e, d, r}, at)
		if !ok || scale > 1e4 {
			return
		}
		fwd, rev := p.Eval(d, at), p.Eval(r, at)
		if !closeTo(fwd, rev, scale) {
			t.Fatalf("%s by %s: forward %v = %s, reverse %v = %s", p.String(e), p.Name(x), fwd, p.String(d), rev, p.String(r))
		}
		// Richardson's extrapolation of central differences; its own spread judges it.
		x0, _ := at(x)
		f := func(h float64) float64 {
			return p.Eval(e, func(u expr.ID) (float64, bool) {
				if u == x {
					return x0 + h, true
				}
				return at(u)
			})
		}
		cd := func(h float64) float64 { return (f(h) - f(-h)) / (2 * h) }
		a, b := (4*cd(5e-4)-cd(1e-3))/3, (4*cd(2.5e-4)-cd(5e-4))/3
		spread := math.Abs(a - b)
		if math.IsNaN(spread) || spread > 1e-6*(1+math.Abs(b)) {
			return // too curved for differences, or the domain ends here
		}
		compared++
		if math.Abs(fwd-b) > 100*spread+1e-7*(scale+math.Abs(fwd)) {
			t.Fatalf("d/d%s %s = %s is %v, differences give %v", p.Name(x), p.String(e), p.String(d), fwd, b)
		}
	})
	if compared < 20 {
		t.Errorf("only %d comparisons", compared)
	}
}

// What the constructors return has the value of the operation on the values of the
// operands, wherever that is defined.
func TestConstructorsKeepValue(t *testing.T) {
	compared := 0
	forAll(t, func(t rapid.TB, src randexpr.Source) {
		g := randexpr.New(expr.NewPool(), src, randexpr.Options{Dynamic: true, Depth: 3})
		p := g.Pool
		a, b, c := g.Real(), g.Real(), g.Bool()
		k := p.Num(g.Number())
		at := g.Point()
		v := p.EvalAll([]expr.ID{a, b, c, k}, at)
		x, y, q, n := v[0], v[1], v[2] != 0, v[3]
		pick := func(b bool, x, y float64) float64 {
			if b {
				return x
			}
			return y
		}
		for _, s := range []struct {
			name string
			got  expr.ID
			want float64
		}{
			{"+", p.Add(a, b, a), x + y + x},
			{"-", p.Sub(a, b), x - y},
			{"neg", p.Neg(a), -x},
			{"scale", p.Mul(k, a), n * x},
			{"linear", p.Sub(p.Mul(k, p.Add(a, b)), p.Mul(k, b)), n*(x+y) - n*y},
			{"*", p.Mul(a, b), x * y},
			{"/", p.Div(a, b), x / y},
			{"a/b*b", p.Mul(p.Div(a, b), b), x / y * y},
			{"^k", p.Pow(a, k), math.Pow(x, n)},
			{"^", p.Pow(a, b), math.Pow(x, y)},
			{"(ab)^k", p.Pow(p.Mul(a, b), k), math.Pow(x*y, n)},
			{"(a^k)^2", p.Pow(p.Pow(a, k), p.Int(2)), math.Pow(math.Pow(x, n), 2)},
			{"sqrt", p.Sqrt(p.Mul(k, a)), math.Sqrt(n * x)},
			{"if", p.If(c, a, b), pick(q, x, y)},
			{"not", p.If(p.Fn(expr.OpNot, c), a, b), pick(q, y, x)},
			{"min", p.Fn(expr.OpMin, a, b), math.Min(x, y)},
			{"==", p.If(p.Fn(expr.OpEq, a, b), a, k), pick(x == y, x, n)},
			{"<", p.If(p.Fn(expr.OpLt, a, b), a, k), pick(x < y, x, n)},
			{"sin", p.Fn(expr.OpSin, a), math.Sin(x)},
		} {
			scale, ok := largest(p, []expr.ID{a, b, c, s.got}, at)
			if !ok || scale > 1e6 || math.IsNaN(s.want) || math.IsInf(s.want, 0) || math.Abs(s.want) > 1e6 {
				continue
			}
			compared++
			if got := p.Eval(s.got, at); !closeTo(got, s.want, scale*(1+math.Abs(n))) && !nearJump(x, y) {
				t.Fatalf("%s of %s and %s, %s: %s is %v, want %v", s.name, p.String(a), p.String(b), p.String(k), p.String(s.got), got, s.want)
			}
		}
	})
	if compared < *tries {
		t.Errorf("only %d comparisons", compared)
	}
}

// nearJump: operands that are equal up to rounding, where a relation may go either way.
func nearJump(x, y float64) bool { return x != y && math.Abs(x-y) < 1e-12*(math.Abs(x)+math.Abs(y)) }

// The time derivative is the slope along x(t) = x0 + v*t, and substitution commutes
// with evaluation.
func TestTimeDerivativeAndSubstitute(t *testing.T) {
	slopes, substituted := 0, 0
	forAll(t, func(t rapid.TB, src randexpr.Source) {
		g := randexpr.New(expr.NewPool(), src, randexpr.Options{Smooth: true, Depth: 3})
		p := g.Pool
		e := p.Add(g.Real(), p.Mul(g.Real(), p.Fn(expr.OpSin, expr.Time)))
		f := g.Real()
		at := g.Point()
		now, _ := at(expr.Time)
		x := g.Syms[src.Intn(len(g.Syms))]

		s := p.Substitute(e, map[expr.ID]expr.ID{x: f}, nil)
		fv := p.Eval(f, at)
		scale, ok := largest(p, []expr.ID{e, f, s}, at)
		want := p.Eval(e, func(u expr.ID) (float64, bool) {
			if u == x {
				return fv, true
			}
			return at(u)
		})
		if ok && scale < 1e4 && !math.IsNaN(want) && math.Abs(want) < 1e4 {
			substituted++
			if got := p.Eval(s, at); !closeTo(got, want, scale*scale) {
				t.Fatalf("%s with %s = %s is %s: %v, want %v", p.String(e), p.Name(x), p.String(f), p.String(s), got, want)
			}
		}

		d := p.TimeDerivative(e, nil, func(a expr.ID) expr.ID { return p.Der(a) })
		speed := 0.7 // of every symbol; Point gives der(x) one value for all
		moving := func(h float64) func(expr.ID) (float64, bool) {
			return func(u expr.ID) (float64, bool) {
				switch p.Op(u) {
				case expr.OpTime:
					return now + h, true
				case expr.OpDer:
					return speed, true
				}
				v, ok := at(u)
				return v + speed*h, ok
			}
		}
		scale, ok = largest(p, []expr.ID{e, d}, moving(0))
		if !ok || scale > 1e4 {
			return
		}
		cd := func(h float64) float64 { return (p.Eval(e, moving(h)) - p.Eval(e, moving(-h))) / (2 * h) }
		a, b := (4*cd(5e-4)-cd(1e-3))/3, (4*cd(2.5e-4)-cd(5e-4))/3
		spread := math.Abs(a - b)
		if math.IsNaN(spread) || spread > 1e-6*(1+math.Abs(b)) {
			return
		}
		slopes++
		if got := p.Eval(d, moving(0)); !(math.Abs(got-b) <= 100*spread+1e-7*(scale+math.Abs(got))) {
			t.Fatalf("d/dt %s = %s is %v, differences give %v", p.String(e), p.String(d), got, b)
		}
	})
	if min(slopes, substituted) < *tries/20 {
		t.Errorf("only %d slopes and %d substitutions", slopes, substituted)
	}
}
