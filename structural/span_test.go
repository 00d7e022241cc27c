package structural

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// TestSpans bounds terms in parameters p in [2, 3], q in [0, 1], n in [-4, -1], a free r,
// and d, which the model divides by.
func TestSpans(t *testing.T) {
	s := modeltext.System(t, `
param p = 2
param q = 0.5
param n = -2
param r = 1
param d = 1
var x = 0 fixed
var y
der(x) = -x/d
y = r`)
	for name, b := range map[string][2]float64{"p": {2, 3}, "q": {0, 1}, "n": {-4, -1}} {
		v := &s.Vars[byName(s, name)]
		v.Min, v.Max = s.Pool.Float(b[0]), s.Pool.Float(b[1])
	}
	w := &work{sys: s, pool: s.Pool, plan: &Plan{Sys: s, Pool: s.Pool}}
	w.elim = newElimination(w)
	w.bounds = spans{w: w}
	w.mark.reset()
	w.memo.reset()
	w.prepare()
	inf := math.Inf(1)
	for _, c := range []struct {
		term   string
		lo, hi float64
		zero   bool
	}{
		{"p", 2, 3, false}, {"q", 0, 1, true}, {"r", -inf, inf, true}, {"d", -inf, inf, false},
		{"p + q", 2, 4, false}, {"p - q", 1, 3, false}, {"p - 2*q", 0, 3, true}, {"q + q^2", 0, 2, true},
		{"q + exp(r)", 0, inf, false}, {"p*n", -12, -2, false}, {"p/n", -3, -0.5, false}, {"r^2", 0, inf, true},
		{"1 + r^2", 1, inf, false}, {"n^2", 1, 16, false}, {"n^3", -64, -1, false}, {"1/p^2", 1.0 / 9, 0.25, false},
		{"sqrt(p)", math.Sqrt2, math.Sqrt(3), false}, {"exp(q)", 1, math.E, false}, {"tanh(n)", math.Tanh(-4), math.Tanh(-1), false},
		{"abs(n)", 1, 4, false}, {"max(q, 0.1)", 0.1, 1, false}, {"min(p, q)", 0, 1, true}, {"if r > 0 then p else n", -4, 3, false},
		{"p*d", -inf, inf, false}, {"d*q", -inf, inf, true}, {"1/d", -inf, inf, false}, {"cosh(r)", 1, inf, false},
		{"sin(r)", -1, 1, true}, {"2 + sin(r)", 1, 3, false}, {"log(p)", math.Log(2), math.Log(3), false}, {"p^q", 0, inf, false},
	} {
		e := s.Pool.MustParse(c.term)
		got := w.bounds.of(e)
		near := func(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-14*(1+math.Abs(b)) }
		if !near(got.lo, c.lo) || !near(got.hi, c.hi) || got.zero != c.zero {
			t.Errorf("%s: %+v, want %v to %v, zero %v", c.term, got, c.lo, c.hi, c.zero)
		}
	}
}
