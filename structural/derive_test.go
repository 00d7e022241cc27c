package structural

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// TestAncestry names parents in words: of the acceleration level of a pendulum and of
// made-up combinations.
func TestAncestry(t *testing.T) {
	pl := analyze(t, `
var x = 0.6 fixed
var y = -0.8
var T
der(der(x)) = -T*x
der(der(y)) = -T*y - 9.81
x^2 + y^2 = 1`)
	var got []string
	for _, b := range pl.Blocks {
		for i := range b.Eqs {
			if s := pl.Ancestry(b.Eqs[i].From); s != "" {
				got = append(got, s)
			}
		}
	}
	if s := strings.Join(got, "; "); s != "differentiated twice from test.mo:7" {
		t.Errorf("the blocks say %q", s)
	}
	if s := pl.Describe(&pl.Invariants[1]); s != "test.mo:7: x^2 + y^2 = 1 (differentiated)" && s != "test.mo:7: y^2 + x^2 = 1 (differentiated)" {
		t.Errorf("the velocity constraint is %q", s)
	}
	s := model.NewSystem("m")
	s.Equations = []model.Equation{
		{Pos: diag.Pos{File: "a.go", Line: 3}, Path: "r1"},
		{},
		{Pos: diag.Pos{File: "a.go", Line: 5, Col: 2}},
	}
	w := &work{sys: s, pool: s.Pool, plan: &Plan{Sys: s, Pool: s.Pool}}
	q := equation{src: 0}
	for _, c := range []struct {
		want string
		mark func() int32
	}{
		{"differentiated from a.go:3 in r1", func() int32 { return w.differentiated(&q, 1) }},
		{"differentiated 3 times from a.go:3 in r1", func() int32 {
			d := equation{src: 0, from: w.differentiated(&q, 1)}
			return w.differentiated(&d, 2)
		}},
		{"combination of 2 times a.go:3 in r1, -1 times equation 2 and a.go:5:2", func() int32 {
			return w.derive(Derivation{Kind: Combined, Of: []Parent{{Eq: 0, Times: expr.IntNum(2)}, {Eq: 1, Times: expr.IntNum(-1)}, {Eq: 2, Times: expr.IntNum(1)}}})
		}},
		{"differentiated twice from (combination of equation 2 and a.go:5:2)", func() int32 {
			d := equation{src: 1, from: w.derive(Derivation{Kind: Combined, Of: []Parent{{Eq: 1}, {Eq: 2}}})}
			return w.differentiated(&d, 2)
		}},
		{"equation 2 with a.go:5:2 put in", func() int32 {
			return w.derive(Derivation{Kind: Substituted, Of: []Parent{{Eq: 1}, {Eq: 2}}})
		}},
		{"", func() int32 { return 0 }},
	} {
		if got := w.plan.Ancestry(c.mark()); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
