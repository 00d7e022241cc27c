package reaction

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// flat prints a system that reactions made.
func flat(s *model.System) string {
	var b strings.Builder
	text := func(e expr.ID) string { return s.Pool.String(e) }
	for i := range s.Vars {
		v := &s.Vars[i]
		fmt.Fprintf(&b, "%s", v.Name)
		if v.Value != expr.None {
			fmt.Fprintf(&b, " = %s", text(v.Value))
		}
		if v.Start != expr.None {
			fmt.Fprintf(&b, " start %s", text(v.Start))
		}
		b.WriteString("\n")
	}
	for i := range s.Equations {
		e := &s.Equations[i]
		fmt.Fprintf(&b, "%s = %s\n", text(e.Lhs), text(e.Rhs))
	}
	for i := range s.Reactions {
		if p := s.Reactions[i].Propensity; p != expr.None {
			fmt.Fprintf(&b, "propensity of %s: %s\n", s.Reactions[i].Name, text(p))
		}
	}
	return b.String()
}

// TestAddTo states a network with compartments and a boundary.
func TestAddTo(t *testing.T) {
	n := New("cell")
	cell, out := n.AddCompartment("V", 2), n.AddCompartment("W", 10)
	for _, name := range []string{"A", "B", "C"} {
		n.Species[n.AddSpecies(name, 1)].Compartment = cell
	}
	n.Species[n.AddSpecies("X", 3)].Compartment = out
	n.Species[n.AddSpecies("Feed", 4)].Boundary = true
	n.AddParameter("k", 0.5)
	if found := n.Parse("k, A + B -> C; 2, 2 A -> B; k, X -> A; k, Feed -> A; v*C/(K + C), C => 0", "cell.txt"); found != nil {
		t.Fatal(found)
	}
	s, found := n.System()
	if found != nil {
		t.Fatal(found)
	}
	const want = `V = 2
W = 10
k = 0.5
v
K
A start 1
B start 1
C start 1
X start 3
Feed = 4
r1
r2
r3
r4
r5
r1 = A*B*k/V
r2 = A^2/V
r3 = X*k
r4 = V*Feed*k
r5 = C*v/(C + K)
der(A) = r3 - r1 - 2*r2 + r4
der(B) = r2 - r1
der(C) = r1 - r5
der(X) = -r3
propensity of r2: A*(A - 1)/V
`
	if got := flat(s); got != want {
		t.Errorf("got\n%s", got)
	}
	n.AddReaction(Reaction{Reactants: []Participant{{n.Find("A"), expr.One}, {n.Find("X"), expr.One}}, Rate: expr.One})
	if _, found := n.System(); len(found) != 1 || found[0].Code != "E196" {
		t.Errorf("two compartments: %v", found)
	}
	if found := n.AddTo(model.NewSystem("other")); len(found) != 1 || found[0].Code != "E196" {
		t.Errorf("another pool: %v", found)
	}
}

func TestParseMistakes(t *testing.T) {
	for _, c := range []struct{ text, at, msg string }{
		{"k, A -> B\nk, A + -> B", "net:2:8", "expected a species"},
		{"A -> B", "net:1:1", "the rate of A -> B is missing"},
		{"k*, A -> B", "net:1:3", ""},
		{"k, A*B -> C; k, A -> B", "net:1:4", "the species A in a coefficient"},
	} {
		n := New("")
		found := n.Parse(c.text, "net")
		if len(found) != 1 || found[0].Code != "E196" || found[0].Pos.String() != c.at || !strings.Contains(found[0].Message, c.msg) || found[0].Next == "" {
			t.Errorf("%q: %v", c.text, found)
		}
	}
	n := New("")
	n.AddParameter("k", 1)
	if found := n.Parse("1, k -> A", "net"); len(found) != 1 || found[0].Pos.String() != "net:1:4" {
		t.Errorf("%v", found)
	}
}

// TestKinetics finds mass action in laws as front ends state them.
func TestKinetics(t *testing.T) {
	m := model.New("laws")
	for _, x := range []string{"A", "B", "C"} {
		m.Var(x, model.Init(1))
	}
	for _, k := range []string{"k", "kf", "kr", "V", "K"} {
		m.Param(k, 2)
	}
	m.Var("cA") // a concentration
	m.MustText("cA = A/V")
	m.Input("u", 1)
	for _, c := range []struct {
		text, law string
		rate      string // "" : no mass action
		back      string
	}{
		{"A => B", "k*A", "k", ""},
		{"A + B => C", "V*k*cA*B", "k", ""},
		{"2 A => B", "k*A*A/2", "k/2", ""},
		{"2 A => B", "k*A", "", ""},
		{"A => 0", "k*A/(K + A)", "", ""},
		{"0 => A", "k + u", "k + u", ""},
		{"0 => A", "k*time", "", ""},
		{"0 => A", "k*B", "", ""},
		{"A => B", "-k*A", "", ""},
		{"A => B", "V*(kf*A - kr*B)", "kf*V", "kr*V"},
		{"A + B => 2 C", "kf*A*B - kr*C^2", "kf", "kr"},
		{"A => B", "kr*B - kf*A", "", ""},
		{"A => B", "k*A*exp(K)*sin(V)^2", "k*exp(K)*sin(V)^2", ""},
		{"A + B => B", "k*A*B", "k", ""},
		{"1/2 A => B", "k*A^(1/2)", "k", ""},
	} {
		s := model.New("one")
		*s = *m
		s.Equations = append([]model.Equation(nil), m.Equations...)
		s.Vars = append([]model.Variable(nil), m.Vars...)
		s.Reactions = nil
		s.Reaction(c.text, s.Pool.Of(s.Pool.MustParse(c.law)))
		if err := s.Diagnostics().Err(); err != nil {
			t.Fatal(err)
		}
		n := Of(s)
		r := &n.Reactions[0]
		got, back := "", ""
		if r.Kinetics != model.Stated {
			got = s.Pool.String(r.Rate)
			if r.Reversible {
				back = s.Pool.String(r.Back)
			}
		}
		if got != c.rate || back != c.back {
			t.Errorf("%s, %s: %q and %q, want %q and %q", c.text, c.law, got, back, c.rate, c.back)
		}
	}
}

// TestNetworkRoundTrip makes a system of a random network, reads the network of it, and prints and reads that.
func TestNetworkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		species := rapid.IntRange(1, 6).Draw(t, "species")
		n := New("random")
		for i := range species {
			n.AddSpecies(fmt.Sprintf("S%d", i), 1)
		}
		k := n.AddParameter("k", 1)
		side := func(label string) []Participant {
			var out []Participant
			for range rapid.IntRange(0, 3).Draw(t, label) {
				out = append(out, Participant{rapid.IntRange(0, species-1).Draw(t, "who"), n.Pool.Num(expr.RatNum(rapid.Int64Range(1, 4).Draw(t, "n"), rapid.SampledFrom([]int64{1, 1, 1, 2}).Draw(t, "d")))})
			}
			return out
		}
		for range rapid.IntRange(1, 6).Draw(t, "reactions") {
			r := Reaction{Reactants: side("left"), Products: side("right"), Rate: k, Kinetics: model.MassAction}
			if len(r.Reactants)+len(r.Products) == 0 {
				continue
			}
			if rapid.Bool().Draw(t, "stated") {
				r.Kinetics, r.Rate = model.Stated, n.Pool.Mul(k, n.Pool.Fn(expr.OpExp, n.Species[0].Sym))
			}
			n.AddReaction(r)
		}
		if len(n.Reactions) == 0 {
			return
		}
		again := New("random")
		for i := range species {
			again.AddSpecies(fmt.Sprintf("S%d", i), 1)
		}
		if found := again.Parse(n.String(), ""); found != nil {
			t.Fatalf("%s\n%v", n, found)
		}
		if again.String() != n.String() {
			t.Fatalf("printed\n%s\nread\n%s", n, again)
		}
		s, found := n.System()
		if found != nil {
			t.Fatal(found)
		}
		back := Of(s)
		for i := range n.Reactions {
			q, r := &n.Reactions[i], &back.Reactions[i]
			if w, g := n.Text(q), back.Text(r); strings.ReplaceAll(w, "=>", "->") != strings.ReplaceAll(g, "=>", "->") {
				t.Fatalf("%s became %s", w, g)
			}
			if q.Kinetics == model.MassAction && r.Kinetics == model.Stated {
				t.Fatalf("%s with %s is not known as mass action", back.Text(r), s.Pool.String(r.Law))
			}
		}
		a, b := n.Analyze(), back.Analyze()
		if a.Rank != b.Rank || a.Deficiency != b.Deficiency || len(a.Laws) != len(b.Laws) {
			t.Fatalf("rank %d, deficiency %d of the network; %d, %d of its system", a.Rank, a.Deficiency, b.Rank, b.Deficiency)
		}
	})
}
