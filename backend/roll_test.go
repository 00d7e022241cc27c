package backend

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// many writes a model line by line.
func many(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i) + "\n")
	}
	return b.String()
}

func rolled(t *testing.T, text string) *Program {
	t.Helper()
	prog, list := Lower(plan(t, text), Options{RollFrom: 1})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

// families are models that repeat themselves in different ways, of size n.
var families = map[string]func(n int) string{
	"diffusion with two ends": func(n int) string {
		return many(n, func(i int) string {
			l, r := fmt.Sprint("x", max(i-1, 0)), fmt.Sprint("x", min(i+1, n-1))
			return fmt.Sprintf("x%d' = k*(%s - 2*x%d + %s) + x%d^2*exp(-x%d)", i, l, i, r, i, i)
		}) + "k = 2"
	},
	"definitions that two rows share": func(n int) string {
		return many(n, func(i int) string {
			return fmt.Sprintf("x%d' = f%d - f%d\nf%d := k*sqrt(x%d^2 + 1)*(x%d - x%d)", i, i, (i+n-1)%n, i, i, i, (i+1)%n)
		}) + "k = 2"
	},
	"numbers that differ": func(n int) string {
		return many(n, func(i int) string {
			return fmt.Sprintf("x%d' = %v*x%d + %v - x%d^%v", i, 5.503+float64(i), i, 0.1*float64(i)+7.303, i, 1.703+0.01*float64(i))
		})
	},
	"a sum along a chain": func(n int) string {
		return "s0 := x0 + 0.01*x1*x0\n" + many(n-1, func(i int) string {
			return fmt.Sprintf("s%d := s%d*0.5 + x%d*x%d + sin(x%d)", i+1, i, i+1, i, i)
		}) + many(n, func(i int) string { return fmt.Sprintf("x%d' = s%d*x%d + s%d*x%d", i, i, i, i/2, (i+1)%n) })
	},
	"a node that all parts share": func(n int) string {
		sum, line := "g := 0", ""
		for i := range n {
			line += fmt.Sprintf("i%d := exp(x%d)*k\nx%d' = i%d - x%d*m\n", i, i, i, i, i)
			sum += fmt.Sprintf(" + i%d", i)
		}
		return line + sum + "\nm = 3\nk = 2\nz' = g"
	},
	"conditions": func(n int) string {
		return many(n, func(i int) string {
			return fmt.Sprintf("x%d' = if x%d > k then sqrt(x%d - k) else x%d*z%d\nz%d := (if x%d > k then 0 else x%d*cos(x%d))*k", i, i, i, i, i, i, i, i, i)
		}) + "k = 1"
	},
}

// The length of the code is that of the shapes: twice the instances change nothing.
func TestCodeDoesNotGrowWithInstances(t *testing.T) {
	for name, family := range families {
		if name == "a sum along a chain" || name == "a node that all parts share" {
			continue // below
		}
		ops := func(n int) [3]int {
			p := rolled(t, family(n))
			return [3]int{p.RHS.Ops(), p.Jac.Ops(), p.Observed.Ops()}
		}
		if a, b := ops(100), ops(200); a != b {
			t.Errorf("%s: %v operations for 100 instances, %v for 200", name, a, b)
		}
	}
	// A sum of n terms is a tree, whose depth grows with the logarithm of n.
	sum := func(n int) int {
		p := rolled(t, families["a node that all parts share"](n))
		return p.RHS.Ops() + p.Jac.Ops()
	}
	if a := sum(3000); a > 150 {
		t.Errorf("%d operations for a sum of 3000 terms", a)
	}
	// The Jacobian of the chain is full below the diagonal.
	chain := func(n int) int { return rolled(t, families["a sum along a chain"](n)).RHS.Ops() }
	if a, b := chain(100), chain(200); a != b {
		t.Errorf("a sum along a chain: %d operations for 100 instances, %d for 200", a, b)
	}
	ordered := 0
	k := rolled(t, families["a sum along a chain"](100)).RHS
	for i := range k.Steps {
		if k.Steps[i].Ordered {
			ordered++
		}
	}
	if ordered != 1 {
		t.Errorf("%d ordered loops for the chain, want 1:\n%s", ordered, k)
	}
}

// A kernel in which nothing repeats stays straight-line code.
func TestNothingToRoll(t *testing.T) {
	prog, _ := Lower(plan(t, "x' = sin(x)*y\ny' = k/x\nk = 1"), Options{RollFrom: 2})
	if len(prog.RHS.Steps) > 0 {
		t.Errorf("steps for nothing:\n%s", prog.RHS)
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"r[3].v", "r[17].v", "r[*].v"},
		{"der(U[1,5])", "der(U[2,5])", "der(U[*,5])"},
		{"a.x", "a.x", "a.x"},
		{"left.x", "right.x", "*.x"},
		{"a.b.c", "a.c", "a.*"},
	} {
		if got := Pattern(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

// The rate of a reaction that several balances add, written out in each, is computed once: in loops where rates have parameters, and where
// they have numbers of their own, in straight-line code if loops would share less.
func TestRatesAreComputedOnce(t *testing.T) {
	const n = 800
	for _, numbers := range []bool{false, true} {
		d := make([]string, n)
		x := uint64(12345)
		draw := func() int {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			return int(x % n)
		}
		var text strings.Builder
		for r := range 2 * n {
			i, j, k := draw(), draw(), draw()
			rate := fmt.Sprintf("k%d*x%d*x%d", r, i, j)
			if numbers {
				rate = fmt.Sprintf("%v*x%d*x%d", 0.5+float64(r)/512, i, j)
			} else {
				fmt.Fprintf(&text, "k%d = %d\n", r, r%7+1)
			}
			d[i] += " - " + rate
			d[j] += " - " + rate
			d[k] += " + " + rate
		}
		for i := range d {
			fmt.Fprintf(&text, "x%d' = 0%s\n", i, d[i])
		}
		var kernels [2]*Kernel
		for i, from := range []int{0, math.MaxInt32} {
			prog, list := Lower(plan(t, text.String()), Options{RollFrom: from})
			if err := list.Err(); err != nil {
				t.Fatal(err)
			}
			kernels[i] = prog.RHS
		}
		k, straight := kernels[0], kernels[1]
		if k.Work() > straight.Ops()*5/4 || !numbers && k.Ops() > 500 {
			t.Errorf("numbers %v: %d steps, %d operations of code for %d; straight-line code has %d", numbers, len(k.Steps), k.Ops(), k.Work(), straight.Ops())
		}
	}
}
