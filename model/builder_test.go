//go:build !mtkc

package model

import (
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
)

func lorenz() *System {
	m := New("lorenz")
	x, y, _ := m.Var("x", Init(1)), m.Var("y", Init(0)), m.Var("z", Init(0), WithUnit("1"))
	s := m.Param("sigma", 10)
	m.Eq(expr.Der(x), s.Mul(y.Sub(x)))
	m.MustText("der(y) = x*(28 - z) - y;  der(z) = x*y - 8/3*z // the rest")
	return m
}

func TestBuilder(t *testing.T) {
	m := lorenz()
	if d := m.Diagnostics(); len(d) != 0 {
		t.Fatal(d)
	}
	if len(m.Vars) != 4 || len(m.Equations) != 3 {
		t.Fatalf("%d variables, %d equations", len(m.Vars), len(m.Equations))
	}
	val := map[string]float64{"x": 1, "y": 2, "z": 3, "sigma": 10}
	want := []float64{10, 23, 2 - 8} // sigma*(y-x), x*(28-z)-y, x*y-8/3*z
	for i, e := range m.Equations {
		got := m.Pool.Eval(e.Rhs, func(id expr.ID) (float64, bool) {
			v, ok := val[m.Pool.Name(id)]
			return v, ok
		})
		if math.Abs(got-want[i]) > 1e-12 { // one rounding of 8/3
			t.Errorf("equation %d: %v, want %v", i, got, want[i])
		}
		if m.Pool.Op(e.Lhs) != expr.OpDer {
			t.Errorf("equation %d: left side is no derivative", i)
		}
	}
	if p := m.Equations[0].Pos; !strings.HasSuffix(p.File, "builder_test.go") || p.Line == 0 {
		t.Errorf("position of Eq: %v", p)
	}
	if m.Vars[0].Fixed != FixedTrue || m.Vars[0].Start != expr.One {
		t.Errorf("start of x: %+v", m.Vars[0])
	}
}

func TestBuilderMistakes(t *testing.T) {
	m := New("m")
	x := m.Var("x")
	m.Var("x")
	m.Eq(x, "zero")
	m.Eq(New("other").Var("x"), 0)
	d := m.Diagnostics()
	if len(d) != 3 || d[0].Code != "E191" || d[1].Code != "E190" || d[2].Code != "E190" {
		t.Fatalf("%v", d)
	}
	if d[0].Pos.Line+1 != d[1].Pos.Line {
		t.Errorf("lines %d and %d", d[0].Pos.Line, d[1].Pos.Line)
	}
}

func TestTextMistakes(t *testing.T) {
	m := New("m")
	m.Var("x")
	for _, c := range []struct {
		text      string
		line, col int
		msg       string
	}{
		{"x = 1; x + 2", 1, 8, "not an equation"},
		{"x = 1\nx = 2*yy", 2, 7, "no variable yy"},
		{"x = (1", 1, 7, ""},
		{"x == 2", 1, 1, "not an equation"},
	} {
		d := m.Text(c.text)
		if len(d) != 1 || !strings.Contains(d[0].Message, c.msg) || d[0].Pos.Line != c.line || d[0].Pos.Col != c.col {
			t.Errorf("%q: %v", c.text, d)
		}
	}
}

func TestAnalysisPoint(t *testing.T) {
	m := New("m")
	y, u, v := m.Var("y"), m.Var("u"), m.Var("v")
	m.AnalysisPoint("out.a", y, u, v)
	if found := m.Text("x = 1; analysisPoint b: u = y\nanalysisPoint c: u = 2*y; analysisPoint : u = y; analysisPoint = 3"); len(found) != 4 {
		t.Errorf("findings %v", found) // x, an expression, no name, and analysisPoint is no variable
	}
	if got := m.Points(); len(got) != 2 || got[0] != "out.a" || got[1] != "b" {
		t.Errorf("points %q", got)
	}
	if len(m.Equations) != 3 || m.Equations[1].Lhs != v.ID() || m.Equations[1].Rhs != y.ID() || !m.Equations[1].Connection {
		t.Errorf("equations %+v", m.Equations)
	}
	if found := m.Diagnostics(); len(found) != 0 {
		t.Errorf("findings %v", found)
	}
	m.AnalysisPoint("out.a", y, u)
	m.AnalysisPoint("a b", y, u)
	m.AnalysisPoint("e", y.Add(1), u)
	m.AnalysisPoint("f", y)
	for _, d := range m.Diagnostics() {
		if d.Code != "E193" {
			t.Errorf("%v", d)
		}
	}
	if n := len(m.Diagnostics()); n != 4 {
		t.Errorf("%d findings: %v", n, m.Diagnostics())
	}
}
