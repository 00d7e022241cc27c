package rewrite

import (
	"fmt"
	"testing"
	"time"

	"github.com/mtkc/mtkc/expr"
)

// system makes the right sides of n coupled equations in which rules find work.
func system(n int) (*expr.Pool, []expr.ID) {
	p := expr.NewPool()
	x := make([]expr.ID, n)
	for i := range x {
		x[i] = p.Sym(fmt.Sprintf("x[%d]", i+1))
	}
	k := p.Sym("k")
	two := p.Int(2)
	es := make([]expr.ID, n)
	for i := range es {
		a, b := x[i], x[(i+1)%n]
		d := p.Sub(b, a)
		r := p.Add(p.Mul(k, p.Pow(p.Fn(expr.OpSin, d), two)), p.Mul(k, p.Pow(p.Fn(expr.OpCos, d), two)))
		es[i] = p.Add(r, p.Sqrt(p.Pow(a, two)), p.Mul(p.Fn(expr.OpExp, a), p.Fn(expr.OpExp, b)), p.Neg(x[(i+7)%n]))
	}
	return p, es
}

// longSum makes one sum of n terms, half of them squares of sines and cosines.
func longSum(n int) (*expr.Pool, []expr.ID) {
	p := expr.NewPool()
	two := p.Int(2)
	var ts []expr.ID
	for i := range n {
		x := p.Sym(fmt.Sprintf("x%d", i))
		ts = append(ts, x, p.Pow(p.Fn(expr.OpSin, x), two), p.Fn(expr.OpAsin, x))
	}
	for i := range n {
		ts = append(ts, p.Pow(p.Fn(expr.OpCos, p.Sym(fmt.Sprintf("x%d", n-1-i))), two))
	}
	return p, []expr.ID{p.Add(ts...)}
}

// Twice the system takes about twice the time.
func TestSimplifyScales(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(int) (*expr.Pool, []expr.ID)
		n    int
	}{{"system", system, 2000}, {"sum", longSum, 2000}} {
		run := func(n int) time.Duration {
			best := time.Hour
			for range 2 {
				p, es := c.make(n)
				start := time.Now()
				_, st := SimplifyAll(p, es, Options{})
				best = min(best, time.Since(start))
				applied := 0
				for _, k := range st.Counts {
					applied += k.N
				}
				if applied < n || st.Exhausted {
					t.Fatalf("%s: %+v", c.name, st)
				}
			}
			return best
		}
		small, large := run(c.n), run(8*c.n)
		t.Logf("%s: n %d in %v, n %d in %v", c.name, c.n, small, 8*c.n, large)
		if large > 40*small { // 8 times the work; quadratic would be 64 times
			t.Errorf("%s: %v grows to %v for 8 times the size", c.name, small, large)
		}
	}
}

func BenchmarkSimplifySystem(b *testing.B) {
	for b.Loop() {
		p, es := system(10000)
		SimplifyAll(p, es, Options{})
	}
}
