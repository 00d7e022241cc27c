package mtkc_test

import (
	"context"
	"math"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// A tank that runs empty by Torricelli's law, h = (1 - t/2)^2, stays empty, and fills again: the level comes to the border of max(h, 0)
// without crossing it, and sqrt(h) is undefined beyond. From 3 on it obeys
// t - 3 = -2 sqrt(h) - 2 ln(1 - sqrt(h)).
func TestEmptyTank(t *testing.T) {
	for _, guard := range []string{"sqrt(max(h, 0))", "sqrt((h + abs(h))/2)"} {
		m := model.New("tank")
		m.Var("h", model.Init(1))
		m.MustText("der(h) = (if time > 3 then 1 else 0) - " + guard)
		p, err := mtkc.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"auto", "Tsit5", "Vern7", "Rodas5P", "RadauIIA5", "BDF", "Adams", "KenCarp4"} {
			sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 4}, Solver: name, RelTol: 1e-8, AbsTol: 1e-10, SaveAt: []float64{1, 2.9, 4}})
			if err != nil {
				t.Errorf("%s, %s: %v", guard, name, err)
				continue
			}
			h := func(i int) float64 { return sol.State(i)[0] }
			root := math.Sqrt(h(2))
			if math.Abs(h(0)-0.25) > 1e-6 || math.Abs(h(1)) > 1e-8 || math.Abs(-2*root-2*math.Log(1-root)-1) > 1e-5 {
				t.Errorf("%s, %s: %g at 1, %g at 2.9, %g at 4", guard, name, h(0), h(1), h(2))
			}
		}
	}
}
