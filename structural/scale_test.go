package structural

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// resistors is a ladder of n resistors and n conductances without dynamics: one
// linear block.
func resistors(n int) string {
	var b strings.Builder
	b.WriteString("param R = 1\nparam G = 2\n")
	for i := range n {
		fmt.Fprintf(&b, "var v%d\nvar i%d\n", i, i)
	}
	for i := range n {
		left, right := "sin(time)", "0"
		if i > 0 {
			left = fmt.Sprintf("v%d", i-1)
		}
		if i+1 < n {
			right = fmt.Sprintf("i%d", i+1)
		}
		fmt.Fprintf(&b, "R*i%d = %s - v%d\n", i, left, i)
		fmt.Fprintf(&b, "G*v%d = i%d - %s\n", i, i, right)
	}
	return b.String()
}

// chain is n pendulums hanging on each other in Cartesian coordinates.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "var x%d = %d fixed\nvar y%d = 0\nvar T%d\n", i, i+1, i, i)
	}
	for i := range n {
		px, py := "0", "0"
		if i > 0 {
			px, py = fmt.Sprintf("x%d", i-1), fmt.Sprintf("y%d", i-1)
		}
		below, below2 := "", ""
		if i+1 < n {
			below = fmt.Sprintf(" + T%d*(x%d - x%d)", i+1, i+1, i)
			below2 = fmt.Sprintf(" + T%d*(y%d - y%d)", i+1, i+1, i)
		}
		fmt.Fprintf(&b, "der(der(x%d)) = -T%d*(x%d - %s)%s\n", i, i, i, px, below)
		fmt.Fprintf(&b, "der(der(y%d)) = -T%d*(y%d - %s)%s - 9.81\n", i, i, i, py, below2)
		fmt.Fprintf(&b, "(x%d - %s)^2 + (y%d - %s)^2 = 1\n", i, px, i, py)
	}
	return b.String()
}

// gears is a train of n inertias with rigid gears between them: one large set of
// linear constraints.
func gears(n int) string {
	var b strings.Builder
	b.WriteString("param J = 1\nparam r = 1.01\n")
	for i := range n {
		fmt.Fprintf(&b, "var p%d\nvar t%d\n", i, i)
	}
	for i := range n {
		load := "0"
		if i+1 < n {
			load = fmt.Sprintf("r*t%d", i+1)
			fmt.Fprintf(&b, "p%d = r*p%d\n", i, i+1)
		}
		fmt.Fprintf(&b, "J*der(der(p%d)) = t%d - %s\n", i, i, load)
	}
	b.WriteString("t0 = sin(time)\n")
	return b.String()
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		name string
		text func(int) string
		n    int
	}{{"resistors", resistors, 30}, {"chain", chain, 8}, {"gears", gears, 30}, {"arm", arm, 6}} {
		pl := analyze(t, c.text(c.n))
		if len(pl.Invariants) == 0 {
			residuals(t, pl, 1)
		}
		start(t, pl)
		t.Logf("%s: %+v", c.name, pl.Size())
	}
}

func BenchmarkFamilies(b *testing.B) {
	for _, c := range []struct {
		name string
		text func(int) string
		n    int
	}{{"resistors", resistors, 1000}, {"chain", chain, 100}, {"gears", gears, 200}, {"arm", arm, 50}} {
		for _, n := range []int{c.n, 2 * c.n, 4 * c.n} {
			b.Run(fmt.Sprintf("%s-%d", c.name, n), func(b *testing.B) {
				var total time.Duration
				eqs := 0
				for range b.N {
					b.StopTimer()
					s := modeltext.System(b, c.text(n))
					eqs = len(s.Equations)
					b.StartTimer()
					start := time.Now()
					if _, list := Analyze(s, Options{}); list.Err() != nil {
						b.Fatal(list)
					}
					total += time.Since(start)
				}
				b.ReportMetric(float64(total.Nanoseconds())/float64(b.N)/float64(eqs), "ns/eq")
			})
		}
	}
}
