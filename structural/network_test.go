package structural

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/model"
)

// network is a random connected circuit of branches, each a resistor with a voltage
// source, v = R*i + E, between nodes with current sources. A third of the resistances
// are numbers, a third parameters, a third parameters with a min above 0.
func network(t testing.TB, rng *rand.Rand, nodes, extra int) (s *model.System, tree []bool, r []string) {
	var b strings.Builder
	var eqs strings.Builder
	sum := make([]string, nodes)
	var least []string
	for k := 1; k < nodes; k++ {
		fmt.Fprintf(&b, "var n%d\n", k)
		sum[k] = fmt.Sprintf("%.3f", rng.NormFloat64())
	}
	at := func(k int) string {
		if k == 0 {
			return "0"
		}
		return fmt.Sprintf("n%d", k)
	}
	branch := func(p, n int) {
		k := len(r)
		size := math.Pow(10, rng.Float64()*4-2)
		name := fmt.Sprintf("R%d", k)
		switch rng.IntN(3) {
		case 0:
			name = fmt.Sprintf("%.4g", size)
		case 1:
			fmt.Fprintf(&b, "param %s = %.4g\n", name, size)
		default:
			fmt.Fprintf(&b, "param %s = %.4g\n", name, size)
			least = append(least, name)
		}
		r = append(r, name)
		fmt.Fprintf(&b, "var v%d\nvar i%d\n", k, k)
		fmt.Fprintf(&eqs, "v%d = %s - %s\n", k, at(p), at(n))
		fmt.Fprintf(&eqs, "v%d = %s*i%d + (%.3f)\n", k, name, k, rng.NormFloat64())
		sum[p] += fmt.Sprintf(" + i%d", k)
		sum[n] += fmt.Sprintf(" - i%d", k)
	}
	for k := 1; k < nodes; k++ {
		branch(k, rng.IntN(k))
		tree = append(tree, true)
	}
	for range extra {
		p := 1 + rng.IntN(nodes-1)
		branch(p, rng.IntN(p))
		tree = append(tree, false)
	}
	for k := 1; k < nodes; k++ {
		fmt.Fprintf(&eqs, "%s = 0\n", sum[k])
	}
	s = modeltext.System(t, b.String()+eqs.String())
	for _, name := range least {
		i := byName(s, name)
		s.Vars[i].Min = s.Pool.Float(1e-6)
	}
	return s, tree, r
}

// byName is the index of a variable, -1 if there is none.
func byName(s *model.System, name string) int {
	return slices.IndexFunc(s.Vars, func(v model.Variable) bool { return v.Name == name })
}

// dense solves the equations of an affine system as they stand for all its unknowns, by
// elimination with pivots by magnitude.
func dense(s *model.System, v values) map[expr.ID]float64 {
	var x []expr.ID
	for i := range s.Vars {
		if s.Vars[i].Kind == model.Unknown {
			x = append(x, s.Vars[i].Sym)
		}
	}
	n := len(x)
	at := values{}
	for a, y := range v {
		at[a] = y
	}
	for _, a := range x {
		at[a] = 0
	}
	m := make([][]float64, n)
	value := func(i int) float64 {
		return at.of(s.Pool, s.Equations[i].Lhs) - at.of(s.Pool, s.Equations[i].Rhs)
	}
	for i := range n {
		m[i] = make([]float64, n+1)
		m[i][n] = -value(i)
	}
	for k, a := range x {
		at[a] = 1
		for i := range n {
			m[i][k] = value(i) + m[i][n]
		}
		at[a] = 0
	}
	y := gauss(m)
	out := map[expr.ID]float64{}
	for k, a := range x {
		out[a] = y[k]
	}
	return out
}

// affineSolve solves the residuals of a plan, which are affine, and evaluates it.
func affineSolve(pl *Plan, v values) {
	n := len(pl.Residuals)
	eval := func() []float64 {
		v.run(pl)
		r := make([]float64, n)
		for i, q := range pl.Residuals {
			r[i] = v.of(pl.Pool, q.Value)
		}
		return r
	}
	for _, s := range pl.States {
		v[s.Atom] = 0
	}
	r0 := eval()
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n+1)
	}
	for k := range n {
		v[pl.States[k].Atom] = 1
		for i, r := range eval() {
			m[i][k] = r - r0[i]
		}
		v[pl.States[k].Atom] = 0
	}
	// Twice: the second solution corrects the first.
	for range 2 {
		r := eval()
		c := make([][]float64, n)
		for i := range c {
			c[i] = append(append([]float64(nil), m[i][:n]...), -r[i])
		}
		for k, d := range gauss(c) {
			v[pl.States[k].Atom] += d
		}
	}
	eval()
}

// TestNetworks solves random resistor networks through the torn sequence and compares
// with one dense elimination of all equations as written, with the resistances that
// the model gives and with some of those that may be 0 at 0 (where they close no
// loop) and the others up to ten times as large or small.
func TestNetworks(t *testing.T) {
	closed, left, zeroes := 0, 0, 0
	for seed := range uint64(90) {
		rng := rand.New(rand.NewPCG(seed, 3))
		nodes := 2 + rng.IntN(12)
		if seed%5 == 0 {
			nodes += 12
		}
		s, tree, r := network(t, rng, nodes, 1+rng.IntN(2*nodes))
		pl, list := Analyze(s, Options{})
		if err := list.Err(); err != nil {
			t.Fatal(err)
		}
		check(t, pl)
		if len(pl.Residuals) == 0 {
			closed++
		} else {
			left++
		}
		for _, b := range pl.AlgBlocks {
			if !b.Linear || !b.Steady {
				t.Errorf("seed %d: a block of a resistor network is %+v", seed, b)
			}
		}
		for round := range 3 {
			v := defaults(pl)
			for k, name := range r {
				i := byName(s, name)
				if i < 0 || s.Vars[i].Min != expr.None || round == 0 {
					continue
				}
				if tree[k] && rng.IntN(2) == 0 {
					v[s.Vars[i].Sym] = 0
					zeroes++
				} else {
					v[s.Vars[i].Sym] *= math.Pow(10, rng.Float64()*2-1)
				}
			}
			want := dense(s, v)
			affineSolve(pl, v)
			size := 0.0
			for _, x := range want {
				size = max(size, math.Abs(x))
			}
			for i := range s.Vars {
				a := s.Vars[i].Sym
				x, ok := want[a]
				if !ok {
					continue
				}
				// Resistances differ by 1e6, so that 1e-16 becomes 1e-10 at the worst.
				if d := math.Abs(v[a] - x); !(d <= 1e-9*size) {
					t.Errorf("seed %d, round %d: %s = %g, want %g", seed, round, s.Vars[i].Name, v[a], x)
				}
			}
		}
		if t.Failed() {
			t.Fatal(text(pl))
		}
	}
	t.Logf("%d networks in closed form, %d with residuals; %d resistances at 0", closed, left, zeroes)
	if closed < 20 || left < 8 || zeroes < 50 {
		t.Errorf("too few: %d networks in closed form, %d with residuals; %d resistances at 0", closed, left, zeroes)
	}
}

// TestDivider is a voltage divider whose second resistance is set to 0.
func TestDivider(t *testing.T) {
	pl := analyze(t, `
param R1 = 2
param R2 = 3
var v1
var v2
var i
v1 = R1*i
v2 = R2*i
v1 + v2 = 10`)
	for _, c := range []struct{ r1, r2, i, v2 float64 }{{2, 3, 2, 6}, {2, 0, 5, 0}, {0, 4, 2.5, 10}} {
		v := defaults(pl)
		v[pl.Params[0].Atom], v[pl.Params[1].Atom] = c.r1, c.r2
		v.run(pl)
		i := byName(pl.Sys, "i")
		v2 := byName(pl.Sys, "v2")
		if got := v[pl.Sys.Vars[i].Sym]; got != c.i {
			t.Errorf("R1 = %g, R2 = %g: i = %g, want %g", c.r1, c.r2, got, c.i)
		}
		if got := v[pl.Sys.Vars[v2].Sym]; got != c.v2 {
			t.Errorf("R1 = %g, R2 = %g: v2 = %g, want %g", c.r1, c.r2, got, c.v2)
		}
	}
}

// TestPivoted solves dense linear blocks whose coefficients are states, parameters and
// numbers, none of them a safe pivot, at points where some of the states are 0 or tiny,
// so that elimination in a fixed order would break down.
func TestPivoted(t *testing.T) {
	solved := 0
	for seed := range uint64(120) {
		rng := rand.New(rand.NewPCG(seed, 5))
		k := 2 + rng.IntN(5)
		var b strings.Builder
		b.WriteString("param p = 2\nparam q = 0.5\n")
		for i := range k {
			fmt.Fprintf(&b, "var s%d = 1 fixed\nvar x%d\n", i, i)
		}
		for i := range k {
			fmt.Fprintf(&b, "der(s%d) = -s%d + x%d\n", i, i, i)
		}
		for i := range k {
			b.WriteString("0")
			for j := range k {
				s := rng.IntN(k)
				switch rng.IntN(6) {
				case 0:
					if i != j {
						continue
					}
					fallthrough
				case 1, 2:
					fmt.Fprintf(&b, " + s%d*x%d", s, j)
				case 3:
					fmt.Fprintf(&b, " - p*s%d*x%d", s, j)
				case 4:
					fmt.Fprintf(&b, " + q*x%d", j)
				case 5:
					fmt.Fprintf(&b, " + (s%d - %d)*x%d", s, 1+rng.IntN(3), j)
				}
			}
			fmt.Fprintf(&b, " = %d + s%d\n", rng.IntN(3), rng.IntN(k))
		}
		s := modeltext.System(t, b.String())
		pl, list := Analyze(s, Options{})
		if list.Err() != nil || len(pl.Residuals) > 0 {
			continue // singular
		}
		check(t, pl)
		for range 4 {
			v := defaults(pl)
			v[expr.Time] = 0
			for i := range pl.NDiff {
				v[pl.States[i].Atom] = []float64{0, 1e-12, rng.NormFloat64(), 3 * rng.NormFloat64(), -2}[rng.IntN(5)]
			}
			v.run(pl)
			// The last k equations, by elimination with pivots by magnitude.
			m := make([][]float64, k)
			at := values{}
			for a, x := range v {
				at[a] = x
			}
			x := make([]expr.ID, k)
			for j := range k {
				x[j] = s.Vars[byName(s, fmt.Sprintf("x%d", j))].Sym
				at[x[j]] = 0
			}
			value := func(i int) float64 {
				e := &s.Equations[k+i]
				return at.of(s.Pool, e.Lhs) - at.of(s.Pool, e.Rhs)
			}
			for i := range k {
				m[i] = make([]float64, k+1)
				m[i][k] = -value(i)
			}
			norm := 0.0
			for j := range k {
				at[x[j]] = 1
				for i := range k {
					m[i][j] = value(i) + m[i][k]
					norm = max(norm, math.Abs(m[i][j]))
				}
				at[x[j]] = 0
			}
			want := gauss(m)
			size := 0.0
			for _, y := range want {
				size = max(size, math.Abs(y))
			}
			if !(size < 1e4) {
				continue // ill-conditioned
			}
			solved++
			for j := range k {
				// A condition number of 1e4 or so costs that many of the sixteen digits, and
				// Cramer's rule once more.
				if d := math.Abs(v[x[j]] - want[j]); !(d <= 1e-8*(1+size)) {
					t.Errorf("seed %d: x%d = %g, want %g (largest %g)\n%s", seed, j, v[x[j]], want[j], size, text(pl))
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d points", solved)
	if solved < 150 {
		t.Errorf("only %d points", solved)
	}
}

// TestIdealDiode: v = s*(if off then 1 else 1e-5) is no equation for s within a block,
// whatever that costs, and one whose branches are alike is.
func TestIdealDiode(t *testing.T) {
	for _, c := range []struct {
		on   string
		tear string
	}{{"1e-05", "s"}, {"0.5", ""}} {
		pl := analyze(t, `
var s
var v
var i
var u
v = s*(if s < 0 then 1 else `+c.on+`)
i = s*(if s < 0 then 1e-05 else 1)
u = sin(time) - v
3*u = i + 0.001*i^3`)
		for _, b := range pl.Blocks {
			for _, x := range b.Tear {
				if name := pl.Pool.Name(x); c.tear != "" && name != c.tear {
					t.Errorf("torn at %s\n%s", name, text(pl))
				}
			}
		}
		for seed := range uint64(3) {
			residuals(t, pl, seed)
		}
	}
}
