package mtkc_test

import (
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// A state has the ranges and the nominal value of the variables that equal it up to
// sign and were eliminated.
func TestRangesOfAliases(t *testing.T) {
	m := model.New("alias")
	x := m.Var("x", model.Init(1), model.WithRange(-5, 5))
	y := m.Var("y", model.WithRange(-2, 10), model.WithNominal(100))
	m.Eq(expr.Der(x), x.Neg())
	m.Eq(y, x.Neg())
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	q := p.States[0]
	if len(p.States) != 1 || q.Name != "x" || q.Min != -5 || q.Max != 2 || q.Nominal != 100 {
		t.Errorf("state %+v, want x in -5..2 with nominal value 100", q)
	}
}
