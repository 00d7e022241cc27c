package fuse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/ode"
)

// BenchmarkLorenz integrates Lorenz's system with random rho in [0, 28] over 10 units of time at 1e-6.
// The unit is the time of one trajectory.
func BenchmarkLorenz(b *testing.B) {
	prog := compile(b, lorenz)
	settings := Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}}
	for _, c := range []struct {
		method string
		dense  bool
	}{{"Tsit5", false}, {"Tsit5", true}, {"Rodas5P", false}} {
		in := integrator(b, prog, c.method, Options{Dense: c.dense})
		for _, w := range []int{1, 8, 32, 64, 128} {
			name := fmt.Sprintf("%s/dense=%v/lanes=%d", c.method, c.dense, w)
			e, err := NewVMEngine(in, w, settings)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(name, func(b *testing.B) {
				rng := rand.New(rand.NewPCG(1, 2))
				bt := batch(b, prog, b.N, 10, nil, func(i int, u, p []float64) { p[1] = 28 * rng.Float64() })
				b.ResetTimer()
				if err := e.Run(context.Background(), bt); err != nil {
					b.Fatal(err)
				}
				steps := 0.0
				for i := range b.N {
					steps += float64(bt.Steps[i] + bt.Rejected[i])
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/steps, "ns/step")
			})
		}
	}
	for _, method := range []string{"Tsit5", "Rodas5P"} {
		for _, kernels := range []string{"vm", "Go"} {
			b.Run("ode/"+method+"/"+kernels, func(b *testing.B) {
				p := vm.Problem(prog)
				if kernels == "Go" {
					plain := p.NewKernels
					p.NewKernels = func() *ode.Kernels {
						k := plain()
						k.RHS = func(t float64, u, p, du []float64) {
							du[0] = p[0] * (u[1] - u[0])
							du[1] = u[0]*(p[1]-u[2]) - u[1]
							du[2] = u[0]*u[1] - p[2]*u[2]
						}
						return k
					}
				}
				rng := rand.New(rand.NewPCG(1, 2))
				for range b.N {
					_, err := ode.Solve(context.Background(), p, ode.Options{
						Span: [2]float64{0, 10}, Solver: method, RelTol: 1e-6, AbsTol: 1e-6, FinalOnly: true, Set: map[string]float64{"r": 28 * rng.Float64()},
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
