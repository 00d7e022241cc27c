package sde

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// many are n linear equations, each with its process.
func many(n int) *ode.Problem {
	p := &ode.Problem{Name: "many", Span: [2]float64{0, 1}, U0: make([]float64, n)}
	eye := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1), RowIdx: make([]int32, n)}
	for i := range n {
		p.U0[i] = 1
		eye.RowIdx[i], eye.ColPtr[i+1] = int32(i), int32(i+1)
	}
	p.Jac = eye
	p.Noise = &ode.Noise{Names: make([]string, n), Matrix: eye, Reads: eye}
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS: func(_ float64, u, _, du []float64) {
				for i, v := range u {
					du[i] = 0.5 * v
				}
			},
			Noise: func(_ float64, u, _, g []float64) {
				for i, v := range u {
					g[i] = 0.3 * v
				}
			},
		}
	}
	return p
}

// Paths per second, each of 1024 steps for methods with a fixed one, or with the tolerances that are taken where none are given.
func BenchmarkPaths(b *testing.B) {
	for _, c := range []struct {
		name   string
		p      *ode.Problem
		solver string
		h      float64
	}{
		{"linear/EM", linear(1.01, 0.87, 0.5, 1, false).Problem, "EM", 0x1p-10}, {"linear/EM/h=1e-3", linear(1.01, 0.87, 0.5, 1, false).Problem, "EM", 1e-3},
		{"linear/SOSRI", linear(1.01, 0.87, 0.5, 1, false).Problem, "SOSRI", 0}, {"linear/RKMil", linear(1.01, 0.87, 0.5, 1, false).Problem, "RKMil", 0}, {"linear/DRI1", linear(1.01, 0.87, 0.5, 1, false).Problem, "DRI1", 0x1p-10},
		{"additive/SOSRA", additiveProblem(1, 0.5).Problem, "SOSRA", 0}, {"additive/SKenCarp", additiveProblem(1, 0.5).Problem, "SKenCarp", 0},
		{"100/EM", many(100), "EM", 0x1p-10}, {"100/SOSRI", many(100), "SOSRI", 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := &runner{t: b, p: c.p, opt: ode.Options{Solver: c.solver, Seed: 1, InitialStep: c.h}}
			i, steps := uint64(0), 0
			for b.Loop() {
				r.end(i)
				i++
				steps += r.in.Stats().Steps
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "paths/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/math.Max(1, float64(steps)), "ns/step")
		})
	}
}
