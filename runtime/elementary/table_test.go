package elementary_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mtkc/mtkc/backend"
)

var table = flag.Bool("table", false, "print the times of docs/elementary.md")

// interval is where a function is timed.
func interval(op backend.Op) (lo, hi float64) {
	switch op {
	case backend.Log, backend.Log10, backend.Pow:
		return 0.01, 10
	case backend.Asin, backend.Acos, backend.Atanh:
		return -1, 1
	case backend.Acosh:
		return 1, 10
	}
	return -5, 5
}

// TestTable prints ns per call: the least of many short runs over 1000 arguments, those of the functions
// compared in turn.
func TestTable(t *testing.T) {
	if !*table {
		t.Skip("without -table")
	}
	r := rand.New(rand.NewPCG(1, 1))
	x, y := make([]float64, 1000), make([]float64, 1000)
	fmt.Println("| function | ns | in Go | package math |\n|---|---|---|---|")
	for _, f := range functions {
		lo, hi := interval(f.op)
		for i := range x {
			x[i], y[i] = lo+(hi-lo)*r.Float64(), -3+6*r.Float64()
		}
		least := [3]time.Duration{1 << 60, 1 << 60, 1 << 60}
		some := [3]bool{}
		for range 400 {
			for i, g := range []func(x float64) float64{f.one, f.portable1, f.math1} {
				if g == nil {
					continue
				}
				some[i] = true
				s, start := 0.0, time.Now()
				for _, v := range x {
					s += g(v)
				}
				least[i] = min(least[i], time.Since(start))
				sink = s
			}
			for i, g := range []func(x, y float64) float64{f.two, f.portable2, f.math2} {
				if g == nil {
					continue
				}
				some[i] = true
				s, start := 0.0, time.Now()
				for j, v := range x {
					s += g(v, y[j])
				}
				least[i] = min(least[i], time.Since(start))
				sink = s
			}
		}
		fmt.Printf("| %s |", f.op)
		for i := range least {
			if !some[i] {
				fmt.Print(" |")
				continue
			}
			fmt.Printf(" %.1f |", float64(least[i].Nanoseconds())/float64(len(x)))
		}
		fmt.Println()
	}
}
