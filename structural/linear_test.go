package structural

import (
	"testing"

	"github.com/mtkc/mtkc/expr"
)

// LinearAlgebraic judges by the form of the equations. The differential state is x, the
// algebraic ones are a and b, s := b + x and q := 2*s*x are targets before the residual.
func TestLinearAlgebraic(t *testing.T) {
	for _, c := range []struct {
		residual string
		want     bool
	}{
		{"a + 5*b - x^2", true},
		{"sin(x)*a + b/(1 + x^2) - q", true},
		{"(if noEvent(x > 1) then a else 2*b) + s", true},
		{"exp(x) - 3", true},
		{"x*(a + x*(b - s))", true},
		{"a*b - x", false},
		{"s*a", false},
		{"q^2 - a", false},
		{"a + 1/(b + 3)", false},
		{"a + exp(b)", false},
		{"abs(a)", false},
		{"a + 2^s", false},
		{"a + (if noEvent(b > 1) then a else 2*a)", false},
		{"(a + b)^2 - a^2", false}, // whatever cancels
	} {
		p := expr.NewPool()
		x, a, b, s, q := p.Sym("x"), p.Sym("a"), p.Sym("b"), p.Sym("s"), p.Sym("q")
		pl := &Plan{
			Pool: p, NDiff: 1, States: []State{{Atom: x}, {Atom: a}, {Atom: b}},
			Seq:       []Assign{{Target: s, Value: p.MustParse("b + x")}, {Target: q, Value: p.MustParse("2*s*x")}},
			Residuals: []Residual{{Value: p.MustParse("a - b")}, {Value: p.MustParse(c.residual)}},
		}
		if got := pl.LinearAlgebraic(); got != c.want {
			t.Errorf("%s: linear %v, want %v", c.residual, got, c.want)
		}
	}
}
