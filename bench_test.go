package mtkc_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// BenchmarkLadder compiles and solves the RC ladder of examples/rcladder with N
// sections (12 N equations) from its Go source, and reports the seconds of every pass
// and of the solve (t = 0..10, rtol 1e-6), and for each N after the first the ratio of
// the compile time to that of half the size. The programs of the front end are built
// before the clock starts.
func BenchmarkLadder(b *testing.B) {
	compile := func(b *testing.B, n int) (*mtkc.Compiler, *ode.Problem) {
		c := mtkc.New("examples/rcladder", mtkc.Options{Args: map[string]string{"N": strconv.Itoa(n)}})
		p, found := c.Problem(context.Background())
		if err := found.Err(); err != nil {
			b.Fatal(err)
		}
		return c, p
	}
	compile(b, 10)
	before := 0.0
	for _, n := range []int{1000, 2000, 4000, 8000} {
		b.Run(fmt.Sprintf("N=%d", n), func(b *testing.B) {
			passes := map[string]float64{}
			solve, total := 0.0, 0.0
			for b.Loop() {
				runtime.GC()
				c, p := compile(b, n)
				for _, t := range c.Timing() {
					passes[t.Pass] += t.Seconds
					total += t.Seconds
				}
				at := b.Elapsed()
				if _, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 10}, RelTol: 1e-6, FinalOnly: true}); err != nil {
					b.Fatal(err)
				}
				solve += (b.Elapsed() - at).Seconds()
			}
			runs := float64(b.N)
			for _, name := range []string{"load", "flat", "structural", "lower", "vm"} {
				b.ReportMetric(passes[name]/runs, name+"-s")
			}
			b.ReportMetric(solve/runs, "solve-s")
			if before > 0 {
				b.ReportMetric(total/runs/before, "x-of-half")
			}
			before = total / runs
		})
	}
}

func lorenz() *model.System {
	m := model.New("lorenz")
	x := m.Var("x", model.Init(1))
	y := m.Var("y", model.Init(0))
	m.Var("z", model.Init(0))
	m.Eq(expr.Der(x), m.Param("sigma", 10).Mul(y.Sub(x)))
	m.MustText("der(y) = x*(28 - z) - y; der(z) = x*y - 8/3*z")
	return m
}

// BenchmarkEmbeddedLorenz builds the Lorenz system in memory, compiles it and solves
// it for t = 0..20: what a service pays for a model of its own.
func BenchmarkEmbeddedLorenz(b *testing.B) {
	for b.Loop() {
		p, err := mtkc.Compile(lorenz())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 20}, FinalOnly: true}); err != nil {
			b.Fatal(err)
		}
	}
}
