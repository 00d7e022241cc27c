package expr_test

import (
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
)

// Any text either is refused with a position inside it, or prints to a text that reads
// back to the same term.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"x + 2*y^-2/3", "if a < b then sin(x) elseif not c then -1e3 else der(y[1, 2].z)", "'a\\'b'.c[3]*sqrt(0.1)",
		"1e999 - 1/0", "min(x, max(y, time)) >= 3 and true or pre(q) <> 2", "((((", "f(x", "2^3^4", ".5e-7x", "\xff'",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 {
			return
		}
		p := expr.NewPool()
		e, err := p.Parse(s, expr.ParseOptions{})
		if err != nil {
			se, ok := err.(*expr.SyntaxError)
			if !ok || se.Offset < 0 || se.Offset > len(s) || se.Col < 1 || se.Col > len(s)+1 {
				t.Fatalf("%q: bad position in %v", s, err)
			}
			return
		}
		text := p.String(e)
		if back, err := p.Parse(text, expr.ParseOptions{}); err != nil || back != e {
			t.Fatalf("%q is printed %q, which reads back as %v, %v", s, text, back, err)
		}
	})
}

// Terms made from fuzz data keep their text and their canonical form.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte{5, 1, 2, 3})
	f.Add([]byte("a longer seed with many choices"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := randexpr.New(expr.NewPool(), &randexpr.Bytes{Data: data}, randexpr.Options{Dynamic: true})
		e := g.Real()
		if p := g.Pool; p.Size(e) < 2000 {
			checkRoundTrip(t, g, e)
			if a := p.Args(e); len(a) > 0 && p.Rebuild(e, append([]expr.ID(nil), a...)) != e {
				t.Fatalf("%s is not in canonical form", p.String(e))
			}
		}
	})
}
