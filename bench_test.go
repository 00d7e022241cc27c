package mtkc_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// families are the models that are measured at several sizes, and the span that is solved:
// that of the ladder charges its first sections, that of the network wets the first
// segments, as steps go with the segments that a front passes. The Brusselator is compiled
// only.
var families = []struct {
	name, dir, model string
	sizes            []int
	span             [2]float64
}{
	{"Ladder", "examples/rcladder", "", []int{1000, 4000, 9000, 20000}, [2]float64{0, 10}},
	{"ThermalFluid", "examples/thermalfluid", "", []int{320, 1280, 5120}, [2]float64{0, 0.1}},
	{"Brusselator2D", "examples/brusselator", "Brusselator2D", []int{64, 128, 256, 512}, [2]float64{}},
}

// BenchmarkScale compiles and solves the families from their Go source. It reports the
// equations, the seconds of every pass, of the start values and of the solve (rtol
// 1e-6), their total, the largest memory of this process in MB while it compiles, and for each size after the first the ratio
// of each to the size before, brought to a doubling of the equations: (a/b)^(1/log2(n/m)).
// The programs of the front end are built before the clock starts; their memory is
// not counted.
func BenchmarkScale(b *testing.B) {
	for _, f := range families {
		compile := func(b *testing.B, n int) (*mtkc.Compiler, *ode.Problem) {
			c := mtkc.New(f.dir, mtkc.Options{Model: f.model, Args: map[string]string{"N": strconv.Itoa(n)}})
			p, found := c.Problem(context.Background())
			if err := found.Err(); err != nil {
				b.Fatal(err)
			}
			return c, p
		}
		var before map[string]float64
		for k, n := range f.sizes {
			b.Run(fmt.Sprintf("%s/N=%d", f.name, n), func(b *testing.B) {
				if k == 0 || before == nil {
					compile(b, f.sizes[0]/10)
				}
				now := map[string]float64{}
				for b.Loop() {
					debug.FreeOSMemory()
					_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // Linux: forget the peak
					start := time.Now()
					c, p := compile(b, n)
					total := time.Since(start).Seconds()
					for _, t := range c.Timing() {
						now[t.Pass] += t.Seconds
					}
					now["equations"] += float64(len(c.System().Equations))
					now["total"] += total
					now["MB"] += peak()
					if f.span[0] == f.span[1] {
						continue
					}
					start = time.Now()
					in, err := ode.NewIntegrator(context.Background(), p, ode.Options{Span: f.span, RelTol: 1e-6, FinalOnly: true})
					if err != nil {
						b.Fatal(err)
					}
					first := time.Since(start).Seconds()
					start = time.Now()
					for !in.Done() {
						if err := in.Step(); err != nil {
							b.Fatal(err)
						}
					}
					rest := time.Since(start).Seconds()
					now["init"] += first
					now["solve"] += rest
					now["total"] += first + rest
				}
				for name := range now {
					now[name] /= float64(b.N) // the order does not matter
				}
				for _, name := range []string{"equations", "load", "structural", "lower", "vm", "init", "solve", "total", "MB"} {
					if _, ok := now[name]; !ok {
						continue
					}
					b.ReportMetric(now[name], name)
					if before != nil && name != "equations" {
						b.ReportMetric(math.Pow(now[name]/before[name], 1/math.Log2(now["equations"]/before["equations"])), "x-"+name)
					}
				}
				b.ReportMetric(0, "ns/op")
				before = now
			})
		}
	}
}

// peak is the largest resident memory in MB since it was reset; without /proc, what
// the Go runtime has from the system.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			var kb float64
			if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kb); err == nil {
				return kb / 1024
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / (1 << 20)
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
