package rewrite

import (
	"fmt"
	"testing"
	"time"

	"github.com/mtkc/mtkc/expr"
)

func TestLinear(t *testing.T) {
	cases := []struct{ e, coeffs, rest string }{
		{"x", "1 0", "0"},
		{"a", "0 0", "a"},
		{"2*x - 3*y + a - 1", "2 -3", "a - 1"},
		{"a*(b - x)", "-a 0", "a*b"},
		{"(a*(b - x) + y)/c", "-a/c 1/c", "a*b/c"},
		{"x*y", "", ""},
		{"x^2", "", ""},
		{"sin(x)", "", ""},
		{"a/x", "", ""},
		{"a^x", "", ""},
		{"sin(a)*x + cos(b)", "sin(a) 0", "cos(b)"},
		{"2*(x + 1) - 2*x", "0 0", "2"},
		{"if a < b then x + 1 else 2*y", "if a < b then 1 else 0;if a < b then 0 else 2", "if a < b then 1 else 0"},
		{"if a < x then 1 else 2", "", ""},
		{"noEvent(2*x)", "2 0", "0"},
		{"smooth(1, a*x + b*c)", "a 0", "smooth(1, b*c)"},
		{"homotopy(a*x, x)", "homotopy(a, 1) 0", "0"},
		{"der(x) + pre(x) + x", "1 0", "der(x) + pre(x)"},
		{"(x + y)*(a + b) - a", "a + b;a + b", "-a"},
		{"0.1*((x - a)/b - y)", "0.1/b -0.1", "-0.1*a/b"},
		{"max(a, b)*x", "max(a, b) 0", "0"},
		{"x*(y - y)", "0 0", "0"},
	}
	for _, c := range cases {
		p := expr.NewPool()
		for _, s := range []string{"a", "b", "c", "x", "y"} {
			p.Sym(s)
		}
		x, y := p.Sym("x"), p.Sym("y")
		e := p.MustParse(c.e)
		co, rest, ok := Linear(p, e, []expr.ID{x, y})
		if ok != (c.rest != "") {
			t.Errorf("%s: affine %v", c.e, ok)
			continue
		}
		if !ok {
			continue
		}
		got := p.String(co[0]) + " " + p.String(co[1])
		if alt := p.String(co[0]) + ";" + p.String(co[1]); got != c.coeffs && alt != c.coeffs || p.String(rest) != c.rest {
			t.Errorf("%s: got %s; %s, rest %s; want %s, rest %s", c.e, p.String(co[0]), p.String(co[1]), p.String(rest), c.coeffs, c.rest)
		}
	}
}

// A system of n coupled equations costs one walk over its DAG.
func TestAffineIsLinearTime(t *testing.T) {
	run := func(n int) time.Duration {
		p := expr.NewPool()
		x := make([]expr.ID, n)
		at := map[expr.ID]int{}
		for i := range x {
			x[i] = p.Sym(fmt.Sprintf("x%d", i))
			at[x[i]] = i
		}
		es := make([]expr.ID, n)
		for i := range es {
			es[i] = p.Sub(p.Div(p.Sub(x[i], x[(i+1)%n]), p.Sym("r")), x[(i+7)%n])
		}
		start := time.Now()
		a := NewAffine(p, func(s expr.ID) (int, bool) { i, ok := at[s]; return i, ok })
		for i, e := range es {
			f, ok := a.Of(e)
			if !ok || len(f.Vars) != 3 {
				t.Fatalf("equation %d: %v %v", i, f, ok)
			}
		}
		return time.Since(start)
	}
	run(1000)
	d1, d2 := run(10000), run(80000)
	t.Logf("10000 equations %v, 80000 equations %v", d1, d2)
	if d2 > 40*d1 { // 8 times the work; the rest is noise of a shared machine
		t.Errorf("time grows from %v to %v for 8 times the equations", d1, d2)
	}
}
