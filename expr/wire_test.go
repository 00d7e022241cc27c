package expr

import (
	"math"
	"testing"
)

// What is decoded prints as before, keeps the order of the ids, and is canonical: building a
// term again finds it.
func TestWire(t *testing.T) {
	p := NewPool()
	texts := []string{
		"2*x + y/3 - 0.1*z^2 + 7", "sin(x)*exp(-y)^3", "if x < y and not z == 1 then der(x) else pre(y)", "max(x, min(y, z))",
		"x^(y^z)", "1e300*x", "atan2(x, delay(y, 2))", "sample(0, 0.5)", "smooth(1, noEvent(abs(x)))", "(x + y)*(x + y + z)^(-2/7)",
	}
	var roots []ID
	for _, s := range texts {
		roots = append(roots, p.MustParse(s))
		p.Mul(p.Sym("unused"), roots[len(roots)-1]) // leaves terms that nothing keeps
	}
	roots = append(roots, p.Float(math.NaN()), p.Float(math.Inf(1)), p.Float(math.Copysign(0, -1)), Zero, True, Time)
	keep := make([]bool, p.Len())
	for _, r := range roots {
		keep[r] = true
	}
	out, at, err := p.Encode([]byte("head"), keep)
	if err != nil {
		t.Fatal(err)
	}
	q, rest, err := Decode(append(out[4:], "tail"...))
	if err != nil || string(rest) != "tail" {
		t.Fatalf("%v, rest %q", err, rest)
	}
	if q.Len() >= p.Len() {
		t.Errorf("%d terms of %d", q.Len(), p.Len())
	}
	last := ID(0)
	for i, k := range keep {
		if !k {
			continue
		}
		if at[i] < last {
			t.Fatalf("term %d comes before its predecessor", i)
		}
		last = at[i]
		if a, b := p.String(ID(i)), q.String(at[i]); a != b {
			t.Errorf("%s became %s", a, b)
		}
	}
	before := q.Len()
	for i, s := range texts {
		if e := q.MustParse(s); e != at[roots[i]] {
			t.Errorf("%s is term %d, not %d", s, e, at[roots[i]])
		}
	}
	if q.Len() > before+8 { // numbers within the texts that the canonical terms do not keep
		t.Errorf("%d terms became %d", before, q.Len())
	}

	for n := range out[4:] {
		if _, _, err := Decode(out[4 : 4+n]); err == nil {
			t.Errorf("the first %d bytes decode", n)
		}
	}
	p.DeclareFunc(&Func{Name: "f", Arity: 1})
	call := p.Call("f", Time)
	keep = make([]bool, p.Len())
	keep[call] = true
	if _, _, err := p.Encode(nil, keep); err == nil {
		t.Error("a function was written")
	}
}
