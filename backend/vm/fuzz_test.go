package vm

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
)

// FuzzOracle holds the machine to the terms, bit by bit.
func FuzzOracle(f *testing.F) {
	f.Add([]byte("seed"), 0.5, -1.25)
	f.Add([]byte{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}, 0.0, 3.0)
	f.Fuzz(func(t *testing.T, data []byte, a, b float64) {
		p := expr.NewPool()
		g := randexpr.New(p, &randexpr.Bytes{Data: data}, randexpr.Options{Depth: 6, Symbols: 4})
		rhs := []expr.ID{g.Real(), g.Real()}
		prog := lower(t, plain(p, g.Syms[:2], g.Syms[2:], rhs))
		k := Problem(prog).NewKernels()
		val := map[expr.ID]float64{expr.Time: a * b, g.Syms[0]: a, g.Syms[1]: b, g.Syms[2]: a - b, g.Syms[3]: a + 1}
		du := make([]float64, 2)
		k.RHS(a*b, []float64{a, b}, []float64{a - b, a + 1}, du)
		memo := map[expr.ID]float64{}
		for i, e := range rhs {
			want := inOrder(p, e, val, memo)
			for t, v := range memo { // the sign of a zero is not promised
				if v == 0 && !p.Op(t).Info().Bool {
					return
				}
			}
			if du[i] != want && !(math.IsNaN(du[i]) && math.IsNaN(want)) {
				t.Errorf("%s = %v, want %v\n%s", p.String(e), du[i], want, prog.RHS)
			}
		}
	})
}
