package expr

import (
	"slices"
	"testing"
)

// The gradient of a product of powers of atoms is made of the same terms as by reverse accumulation.
func TestMonomialGradient(t *testing.T) {
	for _, text := range []string{"k*x*y", "x*y", "3*k*x*y", "x^2", "2*x^2*y^3", "-x*y", "x^(-1)*y", "0.5*x/y^2", "x^0.5*k", "k*x1*x2*x3*x4*x5*x6*x7*x8*x9*x10*y", "der(x)*x", "k*l"} {
		for _, all := range []bool{true, false} {
			p, q := NewPool(), NewPool()
			e, f := p.MustParse(text), q.MustParse(text)
			want := func(p *Pool) func(ID) bool {
				if all {
					return nil
				}
				return func(a ID) bool { return p.Name(a) != "k" && p.Name(a) != "l" }
			}
			g, ok := p.monomial(e, want(p))
			if !ok {
				t.Fatalf("%s is no monomial", text)
			}
			r := reverse{p: q, want: want(q), ifs: map[ID]gradient{}}
			h := r.gradient(f)
			if !slices.Equal(g.atoms, h.atoms) || !slices.Equal(g.derivs, h.derivs) || p.Len() != q.Len() {
				t.Errorf("%s: %v %v with %d terms, want %v %v with %d", text, g.atoms, g.derivs, p.Len(), h.atoms, h.derivs, q.Len())
			}
		}
	}
	p := NewPool()
	for _, text := range []string{"x + y", "x*sin(y)", "x^y", "x", "2*(x + y)*z"} {
		if _, ok := p.monomial(p.MustParse(text), nil); ok {
			t.Errorf("%s is taken for a monomial", text)
		}
	}
}
