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
