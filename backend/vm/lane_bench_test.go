package vm

import (
	"fmt"
	"math"
	"testing"
)

// BenchmarkLanes gives the time of an operation of the program for one lane, beside the scalar
// machine.
func BenchmarkLanes(b *testing.B) {
	defer func(m *laneISA) { laneMachine = m }(laneMachine)
	for _, n := range []int{10, 1000} {
		prog := lower(b, network(n))
		ops := prog.RHS.Ops()
		p := Problem(prog)
		at := func(i, l int) float64 { return math.Sin(float64(i) + 0.01*float64(l)) }
		b.Run(fmt.Sprintf("%d/scalar", ops), func(b *testing.B) {
			k := p.NewKernels()
			u, du := make([]float64, n), make([]float64, n)
			for i := range u {
				u[i] = at(i, 0)
			}
			for b.Loop() {
				k.RHS(0, u, p.P, du)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(ops), "ns/op/lane")
		})
		for _, m := range append(laneISAs(), portable) {
			laneMachine = m
			for _, width := range []int{8, 64, 256} {
				b.Run(fmt.Sprintf("%d/%s/%d", ops, m.name, width), func(b *testing.B) {
					l := NewLanes(prog.RHS, nil, width)
					r := l.Runner()
					u, q, du := make([]float64, n*width), make([]float64, len(p.P)*width), make([]float64, n*width)
					for i := range n {
						for l := range width {
							u[i*width+l] = at(i, l)
						}
					}
					for i := range q {
						q[i] = p.P[i/width]
					}
					for b.Loop() {
						r.Run(nil, u, q, nil, du, nil, nil)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(ops*width), "ns/op/lane")
					b.ReportMetric(float64(len(l.steps[0].code.code))/float64(ops), "instr/op")
				})
			}
		}
	}
}

// BenchmarkModels gives the time of kernels of small models, scalar and for one of 64 lanes.
func BenchmarkModels(b *testing.B) {
	const width = 64
	for i := range benchModels {
		x := &benchModels[i]
		prog := x.program(b)
		m := New(prog)
		k := m.Kernels()
		spread := func(a []float64) []float64 {
			rows := make([]float64, len(a)*width)
			for i := range rows {
				rows[i] = a[i/width]
			}
			return rows
		}
		u, p := spread(x.u), spread(x.p)
		for _, f := range []struct {
			name   string
			scalar func(t float64, u, p, out []float64)
			lanes  *Lanes
			n      int
		}{{"RHS", k.RHS, m.LanesRHS(width), len(x.u)}, {"Jac", k.Jac, m.LanesJac(width), prog.Meta.Jac.NNZ()}} {
			out := make([]float64, f.n*width)
			b.Run(x.name+"/"+f.name+"/scalar", func(b *testing.B) {
				for b.Loop() {
					f.scalar(0, x.u, x.p, out[:f.n])
				}
			})
			b.Run(x.name+"/"+f.name+"/lane", func(b *testing.B) {
				r := f.lanes.Runner()
				for b.Loop() {
					r.Run(nil, u, p, nil, out, nil, nil)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/width, "ns/lane")
			})
		}
	}
}

// BenchmarkBrusselator is the right-hand side on a grid, as loops.
func BenchmarkBrusselator(b *testing.B) {
	defer func(m *laneISA) { laneMachine = m }(laneMachine)
	for _, n := range []int{32, 100} {
		prog := lower(b, brusselator(b, n))
		u, du := make([]float64, 2*n*n), make([]float64, 2*n*n)
		for i := range u {
			u[i] = 1 + 0.5*math.Sin(float64(i))
		}
		for _, m := range append(laneISAs(), portable) {
			laneMachine = m
			b.Run(fmt.Sprintf("%dx%d/%s", n, n, m.name), func(b *testing.B) {
				k := Problem(prog).NewKernels()
				for b.Loop() {
					k.RHS(0, u, []float64{1}, du)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(prog.RHS.Work()), "ns/op-of-model")
			})
		}
	}
}
