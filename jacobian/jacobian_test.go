package jacobian

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/structural"
)

// values evaluates terms under assignments.
func values(p *expr.Pool, at map[expr.ID]float64, seqs ...[]structural.Assign) func(expr.ID) float64 {
	known := map[expr.ID]float64{}
	for a, v := range at {
		known[a] = v
	}
	def := map[expr.ID]expr.ID{}
	for _, seq := range seqs {
		for _, a := range seq {
			def[a.Target] = a.Value
		}
	}
	var eval func(e expr.ID) float64
	eval = func(e expr.ID) float64 {
		return p.Eval(e, func(a expr.ID) (float64, bool) {
			if v, ok := known[a]; ok {
				return v, true
			}
			if v, ok := def[a]; ok && p.IsAtom(a) {
				known[a] = eval(v)
				return known[a], true
			}
			return 0, false
		})
	}
	return eval
}

// check compares a matrix with derivatives of the closed terms, by forward
// differentiation of the substituted expression.
func check(t *testing.T, p *expr.Pool, seq []structural.Assign, rows, atoms []expr.ID, at map[expr.ID]float64) *Matrix {
	t.Helper()
	m := Of(p, seq, rows, atoms, "j")
	with := map[expr.ID]expr.ID{}
	for _, a := range seq {
		with[a.Target] = p.Substitute(a.Value, with, nil)
	}
	val := values(p, at, seq, m.Seq)
	for i, r := range rows {
		closed := p.Substitute(r, with, nil)
		for j, x := range atoms {
			d := p.Diff(closed, x, nil)
			want := val(d)
			got := 0.0
			k := m.Pattern.Find(i, j)
			if k >= 0 {
				got = val(m.Values[k])
			}
			if k < 0 && d == expr.Zero {
				continue
			}
			if k >= 0 && m.Values[k] == expr.Zero {
				t.Errorf("entry (%d, %d) is stored and zero", i, j)
			}
			if math.IsNaN(got) && math.IsNaN(want) || math.IsInf(want, 0) {
				continue
			}
			if !(math.Abs(got-want) <= 1e-9*(1+math.Abs(want))) {
				t.Errorf("entry (%d, %d): %g, want %g\n  d %s\n  by %s", i, j, got, want, p.String(closed), p.String(x))
			}
		}
	}
	return m
}

func parse(t *testing.T, p *expr.Pool, s string) expr.ID {
	t.Helper()
	e, err := p.Parse(s, expr.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSmall(t *testing.T) {
	p := expr.NewPool()
	at := map[expr.ID]float64{}
	var atoms []expr.ID
	for i, n := range []string{"x", "y", "z"} {
		a := p.Sym(n)
		atoms = append(atoms, a)
		at[a] = 0.3 + 0.4*float64(i)
	}
	var seq []structural.Assign
	for _, l := range [][2]string{
		{"a", "x*y + sin(z)"}, {"b", "exp(a) - 2*x"}, {"c", "a + b"}, {"unused", "1/(x - x*y)"},
		{"d", "c*c/(1 + a^2)"}, {"e", "d - c*c/(1 + a^2) + x"}, {"k", "3"},
	} {
		seq = append(seq, structural.Assign{Target: p.Sym(l[0]), Value: parse(t, p, l[1])})
	}
	var rows []expr.ID
	for _, r := range []string{"a", "b*c", "d + e", "k", "x - y", "a - a", "c - b", "sqrt(d)*e^1.5 + k*z", "time*x", "max(a, b) + atan2(c, d)"} {
		rows = append(rows, parse(t, p, r))
	}
	at[expr.Time] = 2
	m := check(t, p, seq, rows, atoms, at)
	if k := m.Pattern.Find(3, 0); k >= 0 {
		t.Error("a constant row has entries")
	}
	check(t, p, seq, rows, []expr.ID{expr.Time}, at)
}

// A branch that is not taken has no value there; the derivative must have one.
func TestGuards(t *testing.T) {
	p := expr.NewPool()
	x, y := p.Sym("x"), p.Sym("y")
	seq := []structural.Assign{
		{Target: p.Sym("l"), Value: parse(t, p, "log(x)*y")},
		{Target: p.Sym("s"), Value: parse(t, p, "if 0 < x then l + sqrt(x) else x^2")},
		{Target: p.Sym("r"), Value: parse(t, p, "if 0 < x then y else 1/l")},
	}
	rows := []expr.ID{p.Sym("s"), parse(t, p, "2*s + y*s"), parse(t, p, "if 0 < x then sin(l)*l else y"), parse(t, p, "r*s"), p.Sym("l")}
	for _, v := range []float64{-1, 2} {
		at := map[expr.ID]float64{x: v, y: 3}
		m := check(t, p, seq, rows[:3], []expr.ID{x, y}, at)
		val := values(p, at, seq, m.Seq)
		for k, d := range m.Values {
			if math.IsNaN(val(d)) {
				t.Errorf("x = %g: entry %d is not a number: %s", v, k, p.String(d))
			}
		}
	}
	check(t, p, seq, rows, []expr.ID{x, y}, map[expr.ID]float64{x: 2, y: 3})
}

// Random systems of assignments with much sharing.
func TestRandom(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		p := expr.NewPool()
		at := map[expr.ID]float64{}
		var atoms, pool []expr.ID
		for i := range 4 {
			a := p.Sym(fmt.Sprintf("x%d", i))
			at[a] = 0.2 + rng.Float64()
			atoms, pool = append(atoms, a), append(pool, a)
		}
		pick := func() expr.ID { return pool[rng.IntN(len(pool))] }
		var term func(depth int) expr.ID
		term = func(depth int) expr.ID {
			if depth == 0 {
				return pick()
			}
			a, b := term(depth-1), term(rng.IntN(depth))
			switch rng.IntN(8) {
			case 0, 1:
				return p.Add(a, b)
			case 2:
				return p.Sub(a, p.Scale(expr.RatNum(1, 3), b))
			case 3, 4:
				return p.Mul(a, b)
			case 5:
				return p.Div(a, p.Add(expr.One, p.Mul(b, b)))
			case 6:
				return p.Fn(expr.OpSin, a)
			}
			return p.If(p.Fn(expr.OpLt, a, b), p.Fn(expr.OpCos, b), a)
		}
		var seq []structural.Assign
		for i := range 8 {
			s := structural.Assign{Target: p.Sym(fmt.Sprintf("v%d", i)), Value: term(3)}
			seq = append(seq, s)
			pool = append(pool, s.Target)
			if rng.IntN(2) == 0 {
				pool = append(pool, s.Value) // inline sharing
			}
		}
		var rows []expr.ID
		for range 4 {
			rows = append(rows, term(3))
		}
		check(t, p, seq, rows, atoms, at)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// ladder is a diffusion chain whose fluxes go through a long explicit sequence.
func ladder(n int) (p *expr.Pool, seq []structural.Assign, rows, atoms []expr.ID) {
	p = expr.NewPool()
	prev := expr.None
	r := p.Sym("R")
	var flux []expr.ID
	for i := range n {
		x := p.Sym(fmt.Sprintf("x%d", i))
		atoms = append(atoms, x)
		f := p.Sym(fmt.Sprintf("f%d", i))
		v := p.Neg(p.Div(x, r))
		if i > 0 {
			v = p.Div(p.Sub(prev, x), r)
		}
		seq = append(seq, structural.Assign{Target: f, Value: p.Add(v, p.Fn(expr.OpTanh, v))})
		flux = append(flux, f)
		prev = x
	}
	for i := range n {
		next := expr.Zero
		if i+1 < n {
			next = flux[i+1]
		}
		rows = append(rows, p.Sub(flux[i], next))
	}
	return
}

func TestLadder(t *testing.T) {
	p, seq, rows, atoms := ladder(50)
	at := map[expr.ID]float64{p.Sym("R"): 1.5}
	for i, x := range atoms {
		at[x] = math.Sin(float64(i))
	}
	m := check(t, p, seq, rows, atoms, at)
	if want := 3*50 - 2; m.Pattern.NNZ() != want {
		t.Errorf("%d entries, want %d", m.Pattern.NNZ(), want)
	}
}

// One output at the end of a chain that reads a state at every link: linear work.
func TestChain(t *testing.T) {
	const n = 20000
	p := expr.NewPool()
	var seq []structural.Assign
	var atoms []expr.ID
	prev := expr.One
	for i := range n {
		x := p.Sym(fmt.Sprintf("x%d", i))
		atoms = append(atoms, x)
		s := p.Sym(fmt.Sprintf("s%d", i))
		seq = append(seq, structural.Assign{Target: s, Value: p.Add(p.Fn(expr.OpSin, prev), x)})
		prev = s
	}
	start := time.Now()
	m := Of(p, seq, []expr.ID{prev}, atoms, "j")
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("%v for a chain of %d links", d, n)
	}
	if m.Pattern.NNZ() != n {
		t.Errorf("%d entries", m.Pattern.NNZ())
	}
	if len(m.Seq) > 4*n {
		t.Errorf("%d auxiliary terms", len(m.Seq))
	}
}

func TestDeterministic(t *testing.T) {
	text := func() string {
		p, seq, rows, atoms := ladder(20)
		s := ""
		for range 2 { // a second call with the same pool gives the same
			m := Of(p, seq, rows, atoms, "j")
			u := fmt.Sprint(m.Pattern, m.Values, m.Seq, m.Labels)
			if s != "" && u != s {
				t.Error("the second call differs")
			}
			s = u
		}
		return s
	}
	if a, b := text(), text(); a != b {
		t.Error("two runs differ")
	}
}

func BenchmarkLadder(b *testing.B) {
	for _, n := range []int{2000, 4000, 8000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				p, seq, rows, atoms := ladder(n)
				Of(p, seq, rows, atoms, "j")
			}
		})
	}
}
