package model

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
)

// equationsText lists the equations, the balances marked.
func equationsText(s *System) string {
	var lines []string
	for i := range s.Equations {
		e := &s.Equations[i]
		text := s.Pool.String(e.Lhs) + " = " + s.Pool.String(e.Rhs)
		if e.Balance {
			text += " balance"
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}

func TestReaction(t *testing.T) {
	m := New("mm")
	s, e, se := m.Var("S", Init(10)), m.Var("E", Init(2)), m.Var("SE", Init(0))
	m.Var("P", Init(0))
	n := m.Param("n", 2)
	kon, koff := m.Param("kon", 1), m.Param("koff", 0.5)
	feed := m.Param("Feed", 3)
	m.Reaction("bind: S + E <-> SE", kon, koff)
	m.Reaction("SE => P + E", se.Mul(2).Div(se.Add(1)))
	m.Reaction("2 S + E -> 3 S + E", 4)
	m.Reaction("Feed -> n*S", 0.5)
	m.Reaction("1/2 P -> 0", 1.0)
	if err := m.Diagnostics().Err(); err != nil {
		t.Fatal(err)
	}
	want := `bind = S*E*kon
bind_reverse = SE*koff
der(S) = bind_reverse - bind + r2 + n*r3 balance
der(E) = bind_reverse - bind + r1 balance
der(SE) = bind - bind_reverse - r1 balance
r1 = 2*SE/(SE + 1)
der(P) = r1 - r4/2 balance
r2 = 2*S^2*E
r3 = Feed/2
r4 = sqrt(P)`
	got := equationsText(m)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(m.Reactions) != 6 {
		t.Fatalf("%d reactions", len(m.Reactions))
	}
	for i, want := range []string{"", "", "", "2*S*E*(S - 1)", "", ""} {
		got := ""
		if id := m.Reactions[i].Propensity; id != expr.None {
			got = m.Pool.String(id)
		}
		if got != want {
			t.Errorf("propensity %d is %q, want %q", i, got, want)
		}
	}
	_, _, _, _ = s, e, n, feed
}

// TestMassAction compares with the numbers of ways to choose molecules.
func TestMassAction(t *testing.T) {
	m := New("")
	a, b := m.Var("A"), m.Var("B")
	k := m.Pool.Int(7)
	parts := []Participant{{a.ID(), m.Pool.Int(3)}, {b.ID(), m.Pool.Int(2)}}
	value := func(id, x expr.ID) (float64, bool) {
		switch x {
		case a.ID():
			return 10, true
		case b.ID():
			return 4, true
		}
		return 0, false
	}
	eval := func(id expr.ID) float64 {
		return m.Pool.Eval(id, func(x expr.ID) (float64, bool) { return value(id, x) })
	}
	law, propensity := m.MassAction(k, parts, true)
	if got := eval(law); got != 7*1000.0/6*16/2 {
		t.Errorf("law %v", got)
	}
	if got := eval(propensity); got != 7*120*6 { // binomial(10, 3) = 120, binomial(4, 2) = 6
		t.Errorf("propensity %v", got)
	}
	law, propensity = m.MassAction(k, parts, false)
	if got := eval(law); got != 7*1000*16 {
		t.Errorf("plain law %v", got)
	}
	if got := eval(propensity); got != 7*10*9*8*4*3 {
		t.Errorf("plain propensity %v", got)
	}
	m.Items = 2 // a unit is two molecules: 20 and 8 of them
	_, propensity = m.MassAction(k, parts, false)
	if got := eval(propensity); got != 7*10*9.5*9*4*3.5 {
		t.Errorf("propensity with items %v", got)
	}
}

func TestReactionMistakes(t *testing.T) {
	for _, c := range []struct {
		name, msg string
		state     func(m *System, a expr.Expr)
	}{
		{"text", "column 4: expected a species", func(m *System, _ expr.Expr) { m.Reaction("A +-> B", 1) }},
		{"name", "column 6: there is no variable C", func(m *System, _ expr.Expr) { m.Reaction("A -> C", 1) }},
		{"coefficient", "there is no variable n", func(m *System, _ expr.Expr) { m.Reaction("n*A -> B", 1) }},
		{"one rate", "with 1 rates", func(m *System, _ expr.Expr) { m.Reaction("A <-> B", 1) }},
		{"two rates", "with 2 rates", func(m *System, _ expr.Expr) { m.Reaction("A -> B", 1, 2) }},
		{"rate in the text", "has a rate in its text", func(m *System, _ expr.Expr) { m.Reaction("k, A -> B", 1) }},
		{"derivative", "an equation states the derivative of A", func(m *System, a expr.Expr) {
			m.Eq(expr.Der(a), 1)
			m.Reaction("A -> B", 1)
		}},
	} {
		m := New("wrong")
		a := m.Var("A")
		m.Var("B")
		c.state(m, a)
		found := m.Diagnostics()
		if len(found) != 1 || found[0].Code != "E195" || !strings.Contains(found[0].Message, c.msg) || found[0].Next == "" || found[0].Pos.Line == 0 {
			t.Errorf("%s: %v", c.name, found)
		}
	}
	m := New("twice")
	m.Var("A")
	m.Var("bind")
	m.Reaction("bind: A -> 0", 1)
	if found := m.Diagnostics(); len(found) != 1 || found[0].Code != "E191" {
		t.Errorf("a name that is taken: %v", found)
	}
}
