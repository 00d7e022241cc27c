package rewrite

import (
	"flag"
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
	"pgregory.net/rapid"
)

func TestSimplify(t *testing.T) {
	cases := []struct{ before, after, rules string }{
		{"sin(x)^2 + cos(x)^2", "1", "pythagoras"},
		{"a*sin(x + y)^2/b + z + a*cos(x + y)^2/b", "z + a/b", "pythagoras"},
		{"3*sin(x)^2 + 3*cos(x)^2 - y", "3 - y", "pythagoras"},
		{"3*sin(x)^2 + 2*cos(x)^2", "3*sin(x)^2 + 2*cos(x)^2", ""},
		{"sin(x)^2 + cos(x)^2 + sin(y)^2 + cos(y)^2", "2", "pythagoras pythagoras"},
		{"cosh(x)^2 - sinh(x)^2", "1", "hyperbola"},
		{"y*sinh(x)^2 - y*cosh(x)^2", "-y", "hyperbola"},
		{"log(exp(x))*exp(log(y))", "x*y", "log-exp exp-log"},
		{"exp(2*log(x))", "x^2", "exp-mul-log"},
		{"exp(y*log(x)/2)", "x^(y/2)", "exp-mul-log"},
		{"exp(x)*exp(y)*exp(-x)", "exp(y)", "exp-mul exp-mul"},
		{"1/exp(x)", "exp(-x)", "exp-pow"},
		{"z*exp(x)^3.7", "z*exp(3.7*x)", "exp-pow"},
		{"z*exp(x)^2", "z*exp(x)^2", ""}, // a multiplication either way
		{"log(x^3)", "3*log(x)", "log-odd"},
		{"log(1/x)", "-log(x)", "log-odd"},
		{"log(sqrt(x))", "log(x)/2", "log-broken"},
		{"log(x^6)", "6*log(abs(x))", "log-even"},
		{"sqrt(x^2)", "abs(x)", "pow-even"},
		{"sqrt(exp(x)^2)", "exp(x)", "abs-nonneg pow-even"},
		{"abs(-2*x)", "2*abs(x)", "abs-scale"},
		{"abs(x)^2*abs(y)*abs(z)", "x^2*abs(y*z)", "abs-even abs-mul"},
		{"abs(x^2 + exp(y))", "x^2 + exp(y)", "abs-nonneg"},
		{"x*sign(x)", "abs(x)", "sign-self"},
		{"abs(x)*sign(x)*y", "x*y", "abs-sign"},
		{"x/abs(x)", "sign(x)", "self-abs"},
		{"max(x, min(x, y))", "x", "max-min"},
		{"max(max(y, x), x)", "max(x, y)", "max-max"},
		{"min(-x, -y)", "-max(x, y)", "min-neg"},
		{"max(x, -x)", "abs(x)", "max-neg-self"},
		{"if x < y then (if x < y then 1 else 2) else 3", "if x < y then 1 else 3", "if-then-same"},
		{"if not x < y then 1 else 2", "if y <= x then 1 else 2", "not-lt"},
		{"if not (x < y and y < z) then a else b", "if x < y and y < z then b else a", "if-not"},
		{"if x < y then (if y < z then a else b) else b", "if x < y and y < z then a else b", "if-and"},
		{"not x < y and not z < y", "y <= x and y <= z", "not-lt not-lt"},
		{"x < y and not x < y", "false", "not-lt lt-and-ge"},
		{"if x < y then x < y or z < x else false", "", ""},
		{"cos(-x) - sin(-x)", "sin(x) + cos(x)", "sin-neg cos-scale"},
		{"cos(-3*x)", "cos(3*x)", "cos-scale"},
		{"tan(x)*cos(x)*y", "y*sin(x)", "tan-cos"},
		{"asin(x)*y + acos(x)*y", "1.5707963267948966*y", "asin-acos"},
		{"floor(ceil(x))", "ceil(x)", "floor-ceil"},
		{"x + y*z", "x + y*z", ""},
		{"log10(10^x)", "x", "log10-pow"},
		{"(x^0.3)^0.7", "x^0.21", "pow-broken"},
	}
	for _, c := range cases {
		if c.after == "" {
			continue
		}
		p := expr.NewPool()
		for _, s := range strings.Fields("x y z a b") {
			p.Sym(s)
		}
		e := p.MustParse(c.before)
		got, st := Simplify(p, e, Options{})
		if got != p.MustParse(c.after) {
			t.Errorf("%s: got %s, want %s", c.before, p.String(got), c.after)
		}
		var names []string
		for _, n := range st.Counts {
			for range n.N {
				names = append(names, n.Rule)
			}
		}
		if strings.Join(names, " ") != c.rules {
			t.Errorf("%s: rules %v, want %s", c.before, names, c.rules)
		}
	}
}

func TestRuleErrors(t *testing.T) {
	for _, c := range []struct{ rule, msg string }{
		{"(sin x) -> x", "no name"},
		{"a: (sin x)", "no ->"},
		{"a: (sin x y) -> x", "takes 1 arguments, not 2"},
		{"a: (sin x) -> y", "y is not in the pattern"},
		{"a: (foo x) -> x", "unknown operator foo"},
		{"a: (sin x -> x", ") is missing"},
		{"a: (sin (+ x y)) -> x", "a sum inside a pattern"},
		{"a: (sin (* x y)) -> x", "must be (* k P)"},
		{"a: (sin x) -> x   if big(x)", "unknown"},
		{"a: (sin x) -> x   if odd(y)", "unknown variable"},
		{"a: (+ x (sin y)) -> x", "matches every term"},
		{"a: (sin x) -> x\na: (cos x) -> x", "line 2: a second rule a"},
	} {
		if _, err := ParseRules(c.rule); err == nil || !strings.Contains(err.Error(), c.msg) {
			t.Errorf("%s: error %v, want %s", c.rule, err, c.msg)
		}
	}
}

// value evaluates a pattern for values of its variables, by the meaning of its text
// and not by way of the pool.
func (p *pattern) value(v []float64) float64 {
	a := make([]float64, len(p.args))
	for i, x := range p.args {
		a[i] = x.value(v)
	}
	switch p.kind {
	case patVar:
		return v[p.v]
	case patTerm:
		if p.bool {
			return map[expr.ID]float64{expr.True: 1, expr.False: 0}[p.term]
		}
		return p.num.Float()
	case patFn:
		return p.op.Info().Eval(a)
	case patPow:
		return math.Pow(a[0], a[1])
	case patNeg:
		return -a[0]
	case patSum:
		s := 0.0
		for _, x := range a {
			s += x
		}
		return s
	}
	s := 1.0
	for _, x := range a {
		s *= x
	}
	return s
}

// booleans marks the variables that stand where a truth value must stand.
func (p *pattern) booleans(out []bool) {
	for i, a := range p.args {
		if a.kind == patVar && p.kind == patFn {
			switch p.op {
			case expr.OpNot, expr.OpAnd, expr.OpOr:
				out[a.v] = true
			case expr.OpIf:
				out[a.v] = out[a.v] || i == 0
			}
		}
		a.booleans(out)
	}
}

// Every standard rule holds for random values of its variables wherever its left side
// is defined.
func TestRulesHold(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for i := range Standard() {
		r := &Standard()[i]
		isBool := make([]bool, len(r.vars))
		r.lhs.booleans(isBool)
		compared := 0
		for range 4000 {
			p := expr.NewPool()
			m := newMatcher(p, r)
			v := make([]float64, len(r.vars))
			for k := range v {
				switch rng.Intn(4) {
				case 0:
					v[k] = float64(rng.Intn(9) - 4)
				case 1:
					v[k] = float64(rng.Intn(9)-4) / 2
				default:
					v[k] = 3 * rng.NormFloat64()
				}
				if isBool[k] {
					v[k] = float64(rng.Intn(2))
				}
				m.b[k] = p.Float(v[k])
			}
			if !m.holds(r.conds) {
				continue
			}
			want := r.lhs.value(v)
			if math.IsNaN(want) || math.IsInf(want, 0) || math.Abs(want) > 1e6 {
				continue
			}
			compared++
			// 1e-9: rounding of the inverse functions near the ends of their domains.
			if got := r.rhs.value(v); !(math.Abs(got-want) <= 1e-9*(1+math.Abs(want)+amplified(r, v))) {
				t.Errorf("%s: %s: %v at %v, want %v", r.Name, r.Text, got, v, want)
				break
			}
		}
		if compared < 20 {
			t.Errorf("%s: only %d comparisons", r.Name, compared)
		}
	}
}

// amplified is how much rounding errors grow in a left side: functions whose inverse
// is steep, such as acosh near 1 or atanh near the limits of tanh, and differences of
// large terms.
func amplified(r *Rule, v []float64) float64 {
	switch r.Name {
	case "hyperbola":
		return math.Abs(v[0]) * math.Pow(math.Cosh(v[1]), 2)
	case "atanh-tanh":
		return math.Pow(math.Cosh(v[0]), 2)
	case "acosh-cosh":
		return 10
	case "tan-cos":
		return math.Pow(math.Tan(v[0]), 2)
	}
	return 0
}

var tries = flag.Int("tries", 2000, "random terms per property, beside those that rapid draws")

// Simplification keeps the value, is idempotent, and never costs more.
func checkSimplify(t rapid.TB, src randexpr.Source) (fired, compared int) {
	g := randexpr.New(expr.NewPool(), src, randexpr.Options{Symbols: 3})
	p := g.Pool
	// Sums and products of few atoms, so that rules find something.
	e := p.Add(g.Real(), p.Mul(g.Real(), g.Real()))
	r, st := Simplify(p, e, Options{})
	if again, st2 := Simplify(p, r, Options{}); again != r {
		t.Fatalf("%s: simplified to %s, and then by %v to %s", p.String(e), p.String(r), st2.Counts, p.String(again))
	}
	if st.After > st.Before || p.Cost(r) != st.After {
		t.Fatalf("%s: cost %d grows to %d", p.String(e), st.Before, st.After)
	}
	if r == e {
		return 0, 0
	}
	at := g.Point()
	sub := []expr.ID{}
	p.Walk(e, map[expr.ID]bool{}, nil, func(u expr.ID) { sub = append(sub, u) })
	scale := 1.0
	for i, v := range p.EvalAll(sub, at) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 1, 0
		}
		if a := math.Abs(v); a < 1e-100 && (a > 0 || p.Op(sub[i]) == expr.OpMul) {
			return 1, 0 // digits are lost to underflow on the way, as in (x^1000)^0.001
		}
		scale = math.Max(scale, math.Abs(v))
	}
	if scale > 1e5 {
		return 1, 0
	}
	want, got := p.Eval(e, at), p.Eval(r, at)
	// How much the value moves with its arguments says how far rounding may go.
	spread := 0.0
	for _, h := range []float64{1e-9, -1e-9} {
		moved := p.Eval(e, func(u expr.ID) (float64, bool) {
			v, ok := at(u)
			return v * (1 + h), ok
		})
		if math.IsNaN(moved) || math.IsInf(moved, 0) {
			return 1, 0 // at the end of the domain
		}
		spread = math.Max(spread, math.Abs(moved-want))
	}
	if spread > 1e-4*scale {
		return 1, 0
	}
	if !(math.Abs(got-want) <= 1e-8*scale*scale+spread) {
		t.Fatalf("%s is %v, simplified by %v to %s it is %v", p.String(e), want, st.Counts, p.String(r), got)
	}
	return 1, 1
}

func TestSimplifyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkSimplify(t, randexpr.Func(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }))
	})
	fired, compared := 0, 0
	for seed := range *tries {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f, c := checkSimplify(t, rand.New(rand.NewSource(int64(seed))))
			fired, compared = fired+f, compared+c
		})
	}
	t.Logf("%d of %d terms changed, %d values compared", fired, *tries, compared)
	if compared < *tries/50 {
		t.Errorf("only %d comparisons", compared)
	}
}

func FuzzSimplify(f *testing.F) {
	f.Add([]byte{3, 1, 4, 1, 5})
	f.Add([]byte("sin cos exp log abs max if"))
	f.Fuzz(func(t *testing.T, data []byte) { checkSimplify(t, &randexpr.Bytes{Data: data}) })
}
