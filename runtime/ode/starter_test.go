package ode

import (
	"context"
	"testing"
)

// A starter begins where an integrator does, to the last bit.
func TestStarter(t *testing.T) {
	planned := lorenz()
	planned.Name = "planned"
	planned.Params = append(planned.Params, Quantity{Name: "start(x)"}, Quantity{Name: "twice"})
	planned.P = append(planned.P, 1, 20)
	planned.States[0].StartParam = 4
	plain := planned.NewKernels
	planned.Init = &Init{NW: 4, Start: make([]float64, 4), StartFrom: []int32{3, -1, -1, -1}, U: []int32{0, 1, 2}, P: [][2]int32{{4, 3}}, Blocks: make([]InitBlock, 1)}
	planned.NewKernels = func() *Kernels {
		k := plain()
		k.Bind = func(p []float64, set []bool) {
			if !set[4] {
				p[4] = 2 * p[0]
			}
		}
		k.Init = []InitKernel{{Eval: func(t float64, w, p, r []float64) { w[1], w[2], w[3] = t+w[0], p[4], p[4]+1 }}}
		return k
	}
	bad := lorenz()
	bad.Guards = []Guard{{Param: 2, Text: "beta is 0"}}
	for _, p := range []*Problem{decay(), planned, pendulum(1), bad} {
		s := NewStarter(p)
		for _, opt := range []Options{
			{},
			{Span: [2]float64{0.25, 2}},
			{Entries: []Entry{{State: true, Sign: -1}, {Index: 0, Sign: 1}}, Values: []float64{-0.5, 3}},
			{Entries: []Entry{{Index: min(2, len(p.Params)-1)}}, Values: []float64{0}},
		} {
			u, params := make([]float64, p.N()), make([]float64, len(p.P))
			err := s.Start(context.Background(), &opt, u, params)
			in, want := NewIntegrator(context.Background(), p, opt)
			if (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
				t.Errorf("%s: %v, an integrator says: %v", p.Name, err, want)
			}
			if err == nil && (!sameBits(u, in.U()) || !sameBits(params, in.P())) {
				t.Errorf("%s starts at %v with %v, want %v with %v", p.Name, u, params, in.U(), in.P())
			}
		}
	}
}

func BenchmarkStarter(b *testing.B) {
	p := lorenz()
	s := NewStarter(p)
	opt := Options{Entries: []Entry{{Index: 1, Sign: 1}}, Values: []float64{20}}
	u, params := make([]float64, 3), make([]float64, 3)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Start(context.Background(), &opt, u, params); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStarterAlgebraic(b *testing.B) {
	for _, p := range []*Problem{withInit(), transistor()} {
		s := NewStarter(p)
		opt := Options{Span: [2]float64{0, 1}}
		u, params := make([]float64, p.N()), make([]float64, len(p.P))
		b.Run(p.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Start(context.Background(), &opt, u, params); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
