package vm

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// fastest reports the nanoseconds of f in units of per: those of the fastest of many short stretches,
// which other work on the machine disturbs least.
func fastest(b *testing.B, per int, unit string, f func()) {
	run := func(n int) time.Duration {
		start := time.Now()
		for range n {
			f()
		}
		return time.Since(start)
	}
	n := 1
	for run(n) < 20*time.Microsecond {
		n *= 2
	}
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		best = min(best, run(n))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best.Nanoseconds())/float64(n)/float64(per), unit)
}

// rows repeats each number width times.
func rows(a []float64, width int) []float64 {
	r := make([]float64, len(a)*width)
	for i := range r {
		r[i] = a[i/width]
	}
	return r
}

// eachMachine runs benchmarks on every lane machine of this processor.
func eachMachine(f func(name string)) {
	defer func(m *laneISA) { laneMachine = m }(laneMachine)
	for _, m := range append(laneISAs(), portable) {
		laneMachine = m
		f(m.name)
	}
}

// BenchmarkLanes gives the time of an operation of the program for one lane, beside the scalar
// machine.
func BenchmarkLanes(b *testing.B) {
	for _, n := range []int{10, 1000} {
		prog := lower(b, network(n))
		ops := prog.RHS.Ops()
		p := Problem(prog)
		u, du := make([]float64, n), make([]float64, n)
		for i := range u {
			u[i] = math.Sin(float64(i))
		}
		b.Run(fmt.Sprintf("%d/scalar", ops), func(b *testing.B) {
			k := p.NewKernels()
			fastest(b, ops, "ns/op-of-lane", func() { k.RHS(0, u, p.P, du) })
		})
		eachMachine(func(name string) {
			for _, width := range []int{8, 64, 256} {
				b.Run(fmt.Sprintf("%d/%s/%d", ops, name, width), func(b *testing.B) {
					r := NewLanes(prog.RHS, nil, width).Runner()
					u, q, du := rows(u, width), rows(p.P, width), rows(du, width)
					fastest(b, ops*width, "ns/op-of-lane", func() { r.Run(nil, u, q, nil, du, nil, nil) })
				})
			}
		})
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
		u, p := rows(x.u, width), rows(x.p, width)
		for _, f := range []struct {
			name   string
			scalar func(t float64, u, p, out []float64)
			lanes  *Lanes
			n      int
		}{{"RHS", k.RHS, m.LanesRHS(width), len(x.u)}, {"Jac", k.Jac, m.LanesJac(width), prog.Meta.Jac.NNZ()}} {
			out := make([]float64, f.n*width)
			b.Run(x.name+"/"+f.name+"/scalar", func(b *testing.B) {
				fastest(b, 1, "ns", func() { f.scalar(0, x.u, x.p, out[:f.n]) })
			})
			b.Run(x.name+"/"+f.name+"/lane", func(b *testing.B) {
				r := f.lanes.Runner()
				fastest(b, width, "ns", func() { r.Run(nil, u, p, nil, out, nil, nil) })
			})
		}
	}
}

// BenchmarkBrusselator is the right-hand side on a grid, as loops.
func BenchmarkBrusselator(b *testing.B) {
	for _, n := range []int{32, 100} {
		prog := lower(b, brusselator(b, n))
		u, du := make([]float64, 2*n*n), make([]float64, 2*n*n)
		for i := range u {
			u[i] = 1 + 0.5*math.Sin(float64(i))
		}
		eachMachine(func(name string) {
			b.Run(fmt.Sprintf("%dx%d/%s", n, n, name), func(b *testing.B) {
				k := Problem(prog).NewKernels()
				fastest(b, prog.RHS.Work(), "ns/op-of-model", func() { k.RHS(0, u, []float64{1}, du) })
			})
		})
	}
}
