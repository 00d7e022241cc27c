package rewrite

import (
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
)

func TestPoly(t *testing.T) {
	cases := []struct{ e, coeffs string }{
		{"a", "a"},
		{"x", "0; 1"},
		{"a*x^2 - b*x + 1", "1; -b; a"},
		{"(x + a)*(x - a)", "-a^2; 0; 1"},
		{"(x + 1)^3", "1; 3; 3; 1"},
		{"x*(1 - x)/a", "0; 1/a; -1/a"},
		{"(x + 1)^2 - x^2 - 2*x", "1"},
		{"sin(a)*x^4", "0; 0; 0; 0; sin(a)"},
		{"noEvent(x^2 + a*b)", "noEvent(a*b); 0; 1"},
		{"sin(x)", ""},
		{"1/x", ""},
		{"x^0.5", ""},
		{"a^x", ""},
		{"x^65", ""},
		{"if x > 0 then x else a", ""},
		{"der(x)*x", "0; der(x)"},
	}
	for _, c := range cases {
		p := expr.NewPool()
		p.Sym("a")
		p.Sym("b")
		x := p.Sym("x")
		co, ok := Poly(p, p.MustParse(c.e), x)
		var got []string
		for _, k := range co {
			got = append(got, p.String(k))
		}
		if ok != (c.coeffs != "") || ok && strings.Join(got, "; ") != c.coeffs {
			t.Errorf("%s: got %v %v, want %s", c.e, got, ok, c.coeffs)
		}
	}
}

func TestExpand(t *testing.T) {
	cases := []struct{ e, want string }{
		{"(x + y)^2", "x^2 + 2*x*y + y^2"},
		{"x*(y + 1) - x*y", "x"},
		{"2*(x + y) - 2*x", "2*y"},
		{"(x + 1)*(x - 1)*(x^2 + 1)", "x^4 - 1"},
		{"sin((x + 1)^2)", "sin(x^2 + 2*x + 1)"},
		{"(x + y)/z", "x/z + y/z"},
		{"1/(x + y)^2", "1/(x + y)^2"},
		{"(x + y)^0.5", "sqrt(x + y)"},
	}
	for _, c := range cases {
		p := expr.NewPool()
		got, ok := Expand(p, p.MustParse(c.e), 0)
		if !ok || got != p.MustParse(c.want) {
			t.Errorf("%s: got %s %v, want %s", c.e, p.String(got), ok, c.want)
		}
	}
	p := expr.NewPool()
	e := p.MustParse("(a + b + c + d)^10*(e + f + g + h)^10")
	if got, ok := Expand(p, e, 1000); ok || got != e {
		t.Error("expanded beyond the limit")
	}
}

// Linear and polynomial coefficients and the expanded form have the value of the term.
func TestCoefficientsKeepValue(t *testing.T) {
	linear, poly, expanded := 0, 0, 0
	for seed := range *tries {
		rng := rand.New(rand.NewSource(int64(seed)))
		g := randexpr.New(expr.NewPool(), rng, randexpr.Options{Depth: 3})
		p := g.Pool
		x, y := g.Syms[0], g.Syms[1]
		e := p.Add(g.Real(), p.Mul(x, p.Num(g.Number())), p.Mul(p.Add(x, g.Syms[2]), g.Syms[3]))
		at := g.Point()
		want := p.Eval(e, at)
		check := func(what string, r expr.ID) bool {
			sub := []expr.ID{}
			seen := map[expr.ID]bool{}
			for _, u := range []expr.ID{e, r} {
				p.Walk(u, seen, nil, func(v expr.ID) { sub = append(sub, v) })
			}
			scale := 1.0
			for _, v := range p.EvalAll(sub, at) {
				if math.IsNaN(v) || math.Abs(v) > 1e6 {
					return false
				}
				scale = math.Max(scale, math.Abs(v))
			}
			if got := p.Eval(r, at); !(math.Abs(got-want) <= 1e-11*scale) {
				t.Fatalf("seed %d: %s of %s is %s: %v, want %v", seed, what, p.String(e), p.String(r), got, want)
			}
			return true
		}
		if c, rest, ok := Linear(p, e, []expr.ID{x, y}); ok {
			for _, k := range append(c, rest) {
				if p.DependsOn(k, x) || p.DependsOn(k, y) {
					t.Fatalf("seed %d: a coefficient of %s depends on x or y: %s", seed, p.String(e), p.String(k))
				}
			}
			if check("linear form", p.Add(p.Mul(c[0], x), p.Mul(c[1], y), rest)) {
				linear++
			}
		}
		if c, ok := Poly(p, e, x); ok {
			r := expr.Zero
			for n, k := range c {
				if p.DependsOn(k, x) {
					t.Fatalf("seed %d: a coefficient of %s depends on x: %s", seed, p.String(e), p.String(k))
				}
				r = p.Add(r, p.Mul(k, p.Pow(x, p.Int(int64(n)))))
			}
			if check("polynomial", r) {
				poly++
			}
		}
		if r, ok := Expand(p, e, 500); ok && check("expansion", r) {
			expanded++
		}
	}
	t.Logf("%d linear forms, %d polynomials, %d expansions compared", linear, poly, expanded)
	if min(linear, poly, expanded) < *tries/40 {
		t.Error("too few comparisons")
	}
}

func TestLogChange(t *testing.T) {
	p := expr.NewPool()
	x, lx, y := p.Sym("x"), p.Sym("lx"), p.Sym("y")
	s, err := NewSubstitution(p, []Change{LogChange(p, x, lx)})
	if err != nil {
		t.Fatal(err)
	}
	// der(x) = a*x - x*y divided by x is der(lx) = a - y.
	eq := p.Sub(s.Apply(p.MustParse("der(x)")), s.Apply(p.MustParse("a*x - x*y")))
	if want := p.MustParse("exp(lx)*der(lx) - a*exp(lx) + exp(lx)*y"); eq != want {
		t.Errorf("got %s", p.String(eq))
	}
	c, rest, ok := Linear(p, eq, []expr.ID{p.Der(lx)})
	if !ok || p.String(c[0]) != "exp(lx)" {
		t.Errorf("coefficient %s, rest %s", p.String(c[0]), p.String(rest))
	}
	if got := s.Apply(p.MustParse("pre(x) + y")); got != p.MustParse("exp(pre(lx)) + y") {
		t.Errorf("got %s", p.String(got))
	}
	if got := s.ToNew(x, p.Float(1)); got != expr.Zero {
		t.Errorf("start value %s", p.String(got))
	}
	z := p.Sym("z")
	l, err := NewSubstitution(p, []Change{LogitChange(p, y, z, expr.Zero, p.Int(10))})
	if err != nil {
		t.Fatal(err)
	}
	if got := l.ToNew(y, p.Int(5)); got != expr.Zero {
		t.Errorf("start value %s", p.String(got))
	}
	if _, err := NewSubstitution(p, []Change{LogChange(p, x, lx), LogChange(p, lx, y)}); err == nil {
		t.Error("chained changes are accepted")
	}
}
