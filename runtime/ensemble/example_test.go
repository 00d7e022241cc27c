package ensemble_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Tea cools in rooms of different temperature, from a temperature that is not known exactly.
func Example() {
	m := model.New("cooling")
	x := m.Var("T", model.Init(90))
	m.Eq(expr.Der(x).Mul(600), m.Param("Env", 20).Sub(x))
	prob, err := mtkc.Compile(m)
	if err != nil {
		log.Fatal(err)
	}
	src, err := ensemble.Grid(ensemble.Linear("Env", 15, 25, 3), ensemble.Linear("T", 85, 95, 11))
	if err != nil {
		log.Fatal(err)
	}
	res, err := ensemble.Solve(context.Background(), prob, src, ensemble.Options{
		Run:        ode.Options{Span: [2]float64{0, 1200}, Steps: 2},
		Statistics: true,
		Quantiles:  []float64{0.05, 0.95},
		Functional: &ensemble.Functional{
			Names: []string{"drop"},
			Eval: func(t *ensemble.Trajectory, out []float64) {
				out[0] = t.Row(0)[0] - t.Row(len(t.Times) - 1)[0]
			},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for k, t := range res.Times {
		s := res.Statistics.At(k, 0)
		fmt.Printf("t = %4.0f: %.2f +- %.2f, 90 %% between %.2f and %.2f\n", t, s.Mean, s.SD(), s.Quantiles[0], s.Quantiles[1])
	}
	drop := res.Statistics.ExtraAt(0)
	fmt.Printf("%d trajectories, %d failed; they cool by %.2f to %.2f\n", res.N, res.Failures(), drop.Min, drop.Max)
	// Output:
	// t =    0: 90.00 +- 3.21, 90 % between 85.00 and 95.00
	// t =  600: 45.75 +- 2.87, 90 % between 41.34 and 50.16
	// t = 1200: 29.47 +- 3.61, 90 % between 24.69 and 34.26
	// 33 trajectories, 0 failed; they cool by 51.88 to 69.17
}
