package callback

import (
	"context"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// What callbacks cost on a run of about a thousand steps; the first line has none.
func BenchmarkCallbacks(b *testing.B) {
	p := system([]float64{1, 0, 0}, []float64{10, 28, 8.0 / 3}, 50, func(t float64, u, p, du []float64) {
		du[0] = p[0] * (u[1] - u[0])
		du[1] = u[0]*(p[1]-u[2]) - u[1]
		du[2] = u[0]*u[1] - p[2]*u[2]
	})
	var integral Integral
	for _, c := range []struct {
		name string
		list []*ode.Callback
	}{
		{"none", nil},
		{"a condition that never holds", []*ode.Callback{Continuous(func(t float64, u, p []float64) float64 { return u[2] + 100 }, ode.Both, func(in *ode.Integrator) error { return nil })}},
		{"Poincare section", []*ode.Callback{Observe(func(t float64, u, p []float64) float64 { return u[2] - 27 }, ode.Rising, func(t float64, u []float64) {})}},
		{"function", []*ode.Callback{Function(func(t float64, u, p []float64) {})}},
		{"integral", []*ode.Callback{Integrating(&integral, 1, func(t float64, u, p, out []float64) { out[0] = u[2] }, 0)}},
		{"manifold", []*ode.Callback{Manifold(1, func(t float64, u, out []float64) { out[0] = 0 }, nil)}},
	} {
		for _, solver := range []string{"Tsit5", "Rodas5P"} {
			b.Run(c.name+"/"+solver, func(b *testing.B) {
				in, err := ode.NewIntegrator(context.Background(), p, ode.Options{Solver: solver, FinalOnly: true, Callbacks: c.list})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				steps := 0
				for range b.N {
					if err := in.Reset(context.Background(), ode.Options{Solver: solver, FinalOnly: true, Callbacks: c.list}); err != nil {
						b.Fatal(err)
					}
					for !in.Done() {
						if err := in.Step(); err != nil {
							b.Fatal(err)
						}
					}
					steps += in.Stats().Steps
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/step")
			})
		}
	}
}
