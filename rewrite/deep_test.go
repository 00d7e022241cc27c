package rewrite

import (
	"testing"

	"github.com/mtkc/mtkc/expr"
)

// Long chains exhaust neither the stack nor the budget.
func TestDeepTerms(t *testing.T) {
	const n = 100000
	p := expr.NewPool()
	x, a := p.Sym("x"), p.Sym("a")
	e := x
	for range n {
		e = p.Mul(a, p.Add(e, expr.One))
	}
	c, _, ok := Linear(p, e, []expr.ID{x})
	if !ok || p.Eval(c[0], func(u expr.ID) (float64, bool) { return 1, u == a }) != 1 {
		t.Error("linear form")
	}
	f := x
	for range n / 10 {
		f = p.Fn(expr.OpSin, p.Add(p.Fn(expr.OpAbs, p.Fn(expr.OpAbs, p.Neg(f))), p.Sqrt(p.Pow(f, p.Int(2)))))
	}
	_, st := Simplify(p, f, Options{})
	if st.Exhausted || len(st.Counts) != 3 {
		t.Errorf("%+v", st)
	}
}
