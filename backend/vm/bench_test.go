package vm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/structural"
)

// network is a sparse random system: every row a sum of products of neighbours.
func network(n int) *structural.Plan {
	rng := rand.New(rand.NewPCG(1, 2))
	p := expr.NewPool()
	var x, k, rhs []expr.ID
	for i := range n {
		x = append(x, p.Sym(fmt.Sprint("x", i)))
	}
	for i := range 16 {
		k = append(k, p.Sym(fmt.Sprint("k", i)))
	}
	near := func(i int) expr.ID { return x[min(max(i+rng.IntN(9)-4, 0), n-1)] }
	for i := range n {
		a := p.Mul(k[i%16], near(i), near(i))
		b := p.Mul(k[(i+1)%16], p.Sub(near(i), x[i]))
		c := p.Div(near(i), p.Add(expr.One, p.Mul(near(i), x[i])))
		rhs = append(rhs, p.Add(a, b, p.Neg(c), p.Mul(near(i), k[(i+5)%16])))
	}
	return plain(p, x, k, rhs)
}

// BenchmarkRHS gives the time of an operation of the program.
func BenchmarkRHS(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		prog := lower(b, network(n))
		b.Run(fmt.Sprint(prog.RHS.Ops()), func(b *testing.B) {
			p := Problem(prog)
			k := p.NewKernels()
			u, du := make([]float64, n), make([]float64, n)
			for i := range u {
				u[i] = math.Sin(float64(i))
			}
			fastest(b, prog.RHS.Work(), "ns/op-of-model", func() { k.RHS(0, u, p.P, du) })
			c := encode(prog.RHS, nil)
			b.ReportMetric(float64(len(c.narrow)+len(c.wide))/float64(prog.RHS.Ops()), "instr/op")
		})
	}
}

// BenchmarkLower is the time from plan to machine.
func BenchmarkLower(b *testing.B) {
	for _, n := range []int{4000, 8000, 16000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				pl := network(n)
				start := time.Now()
				prog, _ := backend.Lower(pl, backend.Options{})
				lowered := time.Now()
				New(prog)
				b.ReportMetric(lowered.Sub(start).Seconds(), "s/lower")
				b.ReportMetric(time.Since(lowered).Seconds(), "s/encode")
				b.ReportMetric(float64(prog.RHS.Ops()+prog.Jac.Ops()), "ops")
			}
		})
	}
}

// BenchmarkLoops compares a right-hand side of many equations of one shape as loops and
// as straight-line code.
func BenchmarkLoops(b *testing.B) {
	for _, n := range []int{1000, 10000, 100000} {
		for _, mode := range []struct {
			name string
			opt  backend.Options
		}{{"straight", backend.Options{RollFrom: math.MaxInt}}, {"loops", backend.Options{}}} {
			pl := repeated(b, n, func(i int) string {
				return fmt.Sprintf("k*(x%d - 2*x%d + x%d) + x%d^2*x%d - 1", (i+n-1)%n, i, (i+1)%n, i, (i+7)%n)
			})
			prog, list := backend.Lower(pl, mode.opt)
			if err := list.Err(); err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("n=%d/%s", n, mode.name), func(b *testing.B) {
				k := Problem(prog).NewKernels()
				u, du := make([]float64, n), make([]float64, n)
				for i := range u {
					u[i] = math.Sin(float64(i))
				}
				fastest(b, prog.RHS.Work(), "ns/op-of-model", func() { k.RHS(0, u, []float64{1}, du) })
			})
		}
	}
}
