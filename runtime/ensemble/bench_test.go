package ensemble_test

import (
	"context"
	"testing"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// idle is an engine that has every trajectory at its end at once: what remains is the work of the ensemble.
type idle struct{}

func (idle) Name() string { return "idle" }

func (idle) Run(_ context.Context, b *ensemble.Batch) error {
	for i := range b.N {
		if b.Status[i] == ensemble.Running {
			b.T[i], b.Status[i] = b.TEnd[i], ensemble.Reached
			b.Steps[i] += 100
		}
	}
	return nil
}

// What an ensemble costs besides the engine, on one worker, for each trajectory.
func BenchmarkOverhead(b *testing.B) {
	for _, m := range []struct {
		name string
		p    *ode.Problem
		axis string
	}{{"smooth", lorenz(b), "rho"}, {"events", ball(b), "e"}, {"clock", sampled(b), "k"}} {
		for _, what := range []string{"end", "statistics", "100 times"} {
			b.Run(m.name+"/"+what, func(b *testing.B) {
				opt := ensemble.Options{Workers: 1, Statistics: what == "statistics", Quantiles: []float64{0.5}, Engine: func() (ensemble.Engine, error) { return idle{}, nil }}
				if what == "100 times" {
					opt.Run.Steps = 100
				}
				b.ReportAllocs()
				r, err := ensemble.Solve(context.Background(), m.p, grid(b, ensemble.Linear(m.axis, 0.5, 0.9, b.N)), opt)
				if err != nil || r.N != int64(b.N) {
					b.Fatal(err, r.N)
				}
			})
		}
	}
}
