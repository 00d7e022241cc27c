package notation

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"A + 2 B -> C", "A + 2 B -> C"},
		{"2A+3B-->4*C", "2 A + 3 B -> 4 C"},
		{"0 -> A", "0 -> A"},
		{"A → ∅", "A -> 0"},
		{"∅ ⇒ A", "0 => A"},
		{"  S + E <-> SE ", "S + E <-> SE"},
		{"S + E ⇌ SE", "S + E <-> SE"},
		{"S <=> P", "S <=> P"},
		{"S ==> P", "S => P"},
		{"P <- S", "S -> P"},
		{"P ⇐ 2 S", "2 S => P"},
		{"1/2 O2 + H2 -> H2O", "1/2 O2 + H2 -> H2O"},
		{"1.5 A -> 0.25 B", "3/2 A -> 1/4 B"},
		{"4/2 A -> B", "2 A -> B"},
		{"n*A -> (n + 1)*B + (m) C", "n*A -> (n + 1)*B + m*C"},
		{"cell[3].ca + x[0,1] -> y[2][1].z", "cell[3].ca + x[0,1] -> y[2][1].z"},
		{"'a b' + 'it\\'s' -> 'c\\\\'", "'a b' + 'it\\'s' -> 'c\\\\'"},
		{"'2A' -> 'A'", "'2A' -> A"},
		{"k, A -> B", "k, A -> B"},
		{"binding: kon*f(x, y), S + E -> SE", "binding: kon*f(x, y), S + E -> SE"},
		{"(kf, kr), A <-> B", "(kf, kr), A <-> B"},
		{"(a)*(b), A -> B", "(a)*(b), A -> B"},
		{"α + Ca_2 -> β", "α + Ca_2 -> β"},
		{"v1 : A -> A + A", "v1: A -> A + A"},
		{"k, A -> B # with a comment", "k, A -> B"},
	} {
		r, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := r.String(); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
		again, err := Parse(r.String())
		if err != nil || again.String() != c.want {
			t.Errorf("%q: printed and read again: %v %v", c.text, again, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		text string
		col  int
		msg  string
	}{
		{"", 1, "there is no reaction"},
		{"A + B", 6, "the arrow is missing"},
		{"A + -> B", 5, "expected a species"},
		{"A B -> C", 3, "expected + or an arrow"},
		{"A -> B C", 8, "expected + or the end"},
		{"A -> ", 6, "expected a species, found the end"},
		{"α + -> B", 5, "expected a species"},
		{"0 A -> B", 1, "the coefficient is 0"},
		{"1/0 A -> B", 1, "is no number"},
		{"2..3 A -> B", 1, "is no number"},
		{"99999999999999999999 A -> B", 1, "too long"},
		{"(n A -> B", 1, "not closed"},
		{"() A -> B", 1, "empty brackets"},
		{"n*m*A -> B", 4, "expected + or an arrow"},
		{"'A -> B", 1, "expected a species"},
		{"0 -> 0", 3, "no species"},
		{"(k1, k2), A -> B", 13, "two rates for one direction"},
		{"k, A <-> B", 6, "one rate for two directions"},
		{", A -> B", 1, "the rate is missing"},
		{"(k, ), A <-> B", 1, "one of the two rates"},
		{"A -> B; B -> C", 9, "a second reaction"},
	} {
		r, err := Parse(c.text)
		if err == nil {
			t.Errorf("%q is read as %v", c.text, r)
			continue
		}
		if err.Line != 1 || err.Col != c.col || !strings.Contains(err.Msg, c.msg) || err.Next == "" {
			t.Errorf("%q: %d:%d %s (%s), want column %d: %s", c.text, err.Line, err.Col, err.Msg, err.Next, c.col, c.msg)
		}
	}
}

func TestParseList(t *testing.T) {
	list, errs := ParseList(`
# Michaelis and Menten
bind: (kon, koff), S + E <-> SE; kcat, SE -> P + E   // 'done; #'
'odd;name' -> 0
A -> + ; B -> A
`)
	var got []string
	for _, r := range list {
		got = append(got, r.String())
	}
	want := []string{"bind: (kon, koff), S + E <-> SE", "kcat, SE -> P + E", "'odd;name' -> 0", "B -> A"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q", got)
	}
	if list[1].Line != 3 || list[1].Col != 34 || list[1].Rates[0].Col != 34 || list[1].Reactants[0].Species.Col != 40 {
		t.Errorf("positions %+v", list[1])
	}
	if len(errs) != 1 || errs[0].Line != 5 || errs[0].Col != 6 {
		t.Errorf("%+v", errs)
	}
}

// TestRoundTrip prints random reactions and reads them again.
func TestRoundTrip(t *testing.T) {
	name := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,4}(\[[0-9]\])?(\.[a-z]{1,3}(\[[0-9],[0-9]\])?)?`),
		rapid.StringMatching(`[ -~αβΣ]{1,6}`),
	)
	number := rapid.Custom(func(t *rapid.T) Number {
		if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
			return Number{Expr: Text{Text: rapid.SampledFrom([]string{"n", "n + 1", "2*m - k", "cell[2].n"}).Draw(t, "expr")}}
		}
		n, d := rapid.Int64Range(1, 1000).Draw(t, "n"), rapid.Int64Range(1, 12).Draw(t, "d")
		a, b := n, d
		for b != 0 {
			a, b = b, a%b
		}
		return Number{N: n / a, D: d / a}
	})
	term := rapid.Custom(func(t *rapid.T) Term {
		return Term{Species: Text{Text: name.Draw(t, "name")}, Number: number.Draw(t, "number")}
	})
	rapid.Check(t, func(t *rapid.T) {
		r := &Reaction{
			Reactants: rapid.SliceOfN(term, 0, 4).Draw(t, "reactants"), Products: rapid.SliceOfN(term, 0, 4).Draw(t, "products"),
			Reversible: rapid.Bool().Draw(t, "reversible"), Stated: rapid.Bool().Draw(t, "stated"),
		}
		if len(r.Reactants)+len(r.Products) == 0 {
			return
		}
		if rapid.Bool().Draw(t, "named") {
			r.Name = name.Draw(t, "label")
		}
		if rapid.Bool().Draw(t, "rates") {
			r.Rates = []Text{{Text: "k[1]*f(a, b)"}}
			if r.Reversible {
				r.Rates = append(r.Rates, Text{Text: "2*k"})
			}
		}
		text := r.String()
		got, err := Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got.String() != text || got.Name != r.Name || got.Reversible != r.Reversible || got.Stated != r.Stated || len(got.Rates) != len(r.Rates) {
			t.Fatalf("%q is read as %q", text, got)
		}
		for k, pair := range [][2][]Term{{got.Reactants, r.Reactants}, {got.Products, r.Products}} {
			if len(pair[0]) != len(pair[1]) {
				t.Fatalf("%q: side %d has %d species", text, k, len(pair[0]))
			}
			for i := range pair[0] {
				g, w := pair[0][i], pair[1][i]
				if g.Species.Text != w.Species.Text || g.Number.N != w.Number.N || g.Number.D != w.Number.D || g.Number.Expr.Text != w.Number.Expr.Text {
					t.Fatalf("%q: %+v against %+v", text, g, w)
				}
			}
		}
	})
}

// FuzzParse looks for texts that make the parser fail badly, and for readings that do not survive printing.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"A + 2 B -> C", "n: (a,b), 'x y' <=> 1/2 z[1].q", "2(n)*A<-∅", "((", "1/", "'\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, _ := ParseList(text)
		for _, r := range list {
			again, err := Parse(r.String())
			if err != nil || again.String() != r.String() {
				t.Errorf("%q: %q, then %v %v", text, r, again, err)
			}
		}
	})
}
