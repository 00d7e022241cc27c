package structural

import (
	"fmt"
	"testing"
	"time"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// ladder is a chain of n resistors with a capacitor to ground behind each, flattened
// from components as a front end does it: 12 variables a section.
func ladder(n int) *model.System {
	s := model.NewSystem("ladder")
	p := s.Pool
	vr := func(name string) expr.ID {
		v := s.NewVariable(name, model.Unknown)
		s.AddVar(v)
		return v.Sym
	}
	eq := func(l, r expr.ID) { s.Equations = append(s.Equations, model.Equation{Lhs: l, Rhs: r}) }
	type port struct{ pv, pi, nv, ni, v, i expr.ID }
	onePort := func(name string) port {
		q := port{vr(name + ".p.v"), vr(name + ".p.i"), vr(name + ".n.v"), vr(name + ".n.i"), vr(name + ".v"), vr(name + ".i")}
		eq(q.v, p.Sub(q.pv, q.nv))
		eq(expr.Zero, p.Add(q.pi, q.ni))
		eq(q.i, q.pi)
		return q
	}
	param := func(name string) expr.ID {
		v := s.NewVariable(name, model.ParameterVar)
		v.Value = expr.One
		s.AddVar(v)
		return v.Sym
	}
	src := onePort("source")
	eq(src.v, param("source.V"))
	gv, gi := vr("ground.p.v"), vr("ground.p.i")
	eq(gv, expr.Zero)
	var rs, cs []port
	for k := range n {
		r := onePort(fmt.Sprintf("r[%d]", k+1))
		eq(r.v, p.Mul(param(fmt.Sprintf("r[%d].R", k+1)), r.i))
		c := onePort(fmt.Sprintf("c[%d]", k+1))
		i, _ := s.VarOf(c.v)
		s.Vars[i].Start, s.Vars[i].Fixed = expr.Zero, model.FixedTrue
		eq(c.i, p.Mul(param(fmt.Sprintf("c[%d].C", k+1)), p.Der(c.v)))
		rs, cs = append(rs, r), append(cs, c)
	}
	eq(src.pv, rs[0].pv)
	eq(p.Add(src.pi, rs[0].pi), expr.Zero)
	ground := []expr.ID{src.ni, gi}
	eq(src.nv, gv)
	for k := range n {
		eq(rs[k].nv, cs[k].pv)
		sum := []expr.ID{rs[k].ni, cs[k].pi}
		if k+1 < n {
			eq(rs[k].nv, rs[k+1].pv)
			sum = append(sum, rs[k+1].pi)
		}
		eq(p.Add(sum...), expr.Zero)
		eq(cs[k].nv, gv)
		ground = append(ground, cs[k].ni)
	}
	eq(p.Add(ground...), expr.Zero)
	return s
}

func TestLadder(t *testing.T) {
	pl, list := Analyze(ladder(20), Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	check(t, pl)
	residuals(t, pl, 1)
	if pl.NDiff != 20 || len(pl.Residuals) != 0 || len(pl.Init.Blocks) != 1 {
		t.Errorf("%d states, %d residuals, %d initial blocks", pl.NDiff, len(pl.Residuals), len(pl.Init.Blocks))
	}
	if pl.States[0].Name != "c[1].v" {
		t.Errorf("first state is %s", pl.States[0].Name)
	}
}

// BenchmarkLadder measures the analysis; ns/eq should not depend on n.
func BenchmarkLadder(b *testing.B) {
	for _, n := range []int{1000, 2000, 4000, 8000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var total time.Duration
			eqs := 0
			for range b.N {
				b.StopTimer()
				s := ladder(n)
				eqs = len(s.Equations)
				b.StartTimer()
				start := time.Now()
				if _, list := Analyze(s, Options{}); list.Err() != nil {
					b.Fatal(list)
				}
				total += time.Since(start)
			}
			b.ReportMetric(float64(total.Nanoseconds())/float64(b.N)/float64(eqs), "ns/eq")
		})
	}
}
