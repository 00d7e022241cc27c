package structural

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
)

func TestModularArithmetic(t *testing.T) {
	m := big.NewInt(modulus)
	if !m.ProbablyPrime(20) {
		t.Fatal("the modulus is no prime")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		a, b := rng.Uint64N(modulus), rng.Uint64N(modulus)
		x, y := new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
		z := new(big.Int)
		if got := mulMod(a, b); z.Mod(z.Mul(x, y), m).Uint64() != got {
			t.Fatalf("%d * %d = %d", a, b, got)
		}
		if got := addMod(a, b); z.Mod(z.Add(x, y), m).Uint64() != got {
			t.Fatalf("%d + %d = %d", a, b, got)
		}
		if a != 0 && mulMod(a, invMod(a)) != 1 {
			t.Fatalf("1/%d", a)
		}
	}
}

func TestNumbersModulo(t *testing.T) {
	for _, c := range []struct {
		v    float64
		n, d int64
	}{{0.1, 1, 10}, {0.3, 3, 10}, {-2.5e-7, -1, 4000000}, {1e12, 1000000000000, 1}, {123.456, 15432, 125}, {0, 0, 1}} {
		got, ok := floatMod(c.v)
		if want := mulMod(intMod(c.n), invMod(intMod(c.d))); !ok || got != want {
			t.Errorf("%v is %d, want %d/%d = %d", c.v, got, c.n, c.d, want)
		}
	}
	rng := rand.New(rand.NewPCG(2, 1))
	for range 1000 {
		v := expr.RatNum(rng.Int64N(2000000)-1000000, 1+rng.Int64N(1000000))
		r, _ := numMod(v)
		if w, ok := rational(r); !ok || w != v {
			t.Fatalf("%v becomes %v", v, w)
		}
	}
}

// Identities that hold must hold at every point, and what is none must not.
func TestPoints(t *testing.T) {
	for _, c := range []struct {
		text string
		zero bool
	}{
		{"(x + y)^2 - x^2 - 2*x*y - y^2", true},
		{"(x + y)^2 - x^2 - y^2", false},
		{"sin(x)^2 + cos(x)^2 - 1", true},
		{"cosh(x)^2 - sinh(x)^2 - 1", true},
		{"sin(-x) + sin(x)", true},
		{"tan(x)*cos(x) - sin(x)", true},
		{"tanh(x)*cosh(x) - sinh(x)", true},
		{"exp(x + 2*y) - exp(x)*exp(y)^2", true},
		{"exp(-x)*exp(x) - 1", true},
		{"exp(x) - exp(y)", false},
		{"1/(x - y) + 1/(y - x)", true},
		{"x/(x + y) + y/(x + y) - 1", true},
		{"sqrt(x + y)*sqrt(x + y) - x - y", true},
		{"sign(x)*x - abs(x)", true},
		{"abs(x) - x", false},
		{"max(x, y) + min(x, y) - x - y", true},
		{"(if x > y then x else y) - x", false},
		{"x*(a + 1) - a*x - x", true},
		{"log(x) + log(y) - log(x)", false},
	} {
		s := modeltext.System(t, "var x\nvar y\nparam a = 2\nx = 1\ny = "+c.text)
		w := &work{sys: s, pool: s.Pool, plan: &Plan{Sys: s, Pool: s.Pool}}
		w.elim = newElimination(w)
		w.mark.reset()
		w.memo.reset()
		w.assignRoles()
		pr := &prober{w: w, points: map[[2]uint64]*point{}}
		if got := pr.vanishes(s.Equations[1].Rhs); got != c.zero {
			t.Errorf("%s is zero: %v, want %v", c.text, got, c.zero)
		}
	}
}

// denseRankOf is the rank over the rationals by elimination.
func denseRankOf(m [][]int64) int {
	a := make([][]*big.Rat, len(m))
	for i := range m {
		for _, x := range m[i] {
			a[i] = append(a[i], new(big.Rat).SetInt64(x))
		}
	}
	rank := 0
	for c := 0; len(a) > 0 && c < len(a[0]); c++ {
		p := -1
		for i := rank; i < len(a); i++ {
			if a[i][c].Sign() != 0 {
				p = i
				break
			}
		}
		if p < 0 {
			continue
		}
		a[rank], a[p] = a[p], a[rank]
		for i := rank + 1; i < len(a); i++ {
			f := new(big.Rat).Quo(a[i][c], a[rank][c])
			for j := c; j < len(a[i]); j++ {
				a[i][j].Sub(a[i][j], new(big.Rat).Mul(f, a[rank][j]))
			}
		}
		rank++
	}
	return rank
}

func TestEliminateAgainstDense(t *testing.T) {
	dependent := 0
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 9))
		n, cols := 1+rng.IntN(9), 1+rng.IntN(9)
		m := make([][]int64, n)
		rows := make([]sparseRow, n)
		density := 0.2 + 0.5*rng.Float64()
		for i := range m {
			m[i] = make([]int64, cols)
			for j := range m[i] {
				if rng.Float64() < density {
					m[i][j] = rng.Int64N(7) - 3
				}
			}
			if i > 1 && rng.IntN(3) == 0 {
				for j := range m[i] {
					m[i][j] = 2*m[i-1][j] - m[rng.IntN(i)][j]
				}
			}
			for j, x := range m[i] {
				if x != 0 {
					rows[i].col, rows[i].val = append(rows[i].col, int32(j)), append(rows[i].val, intMod(x))
				}
			}
		}
		order := make([]int32, n)
		for k, x := range rng.Perm(n) {
			order[k] = int32(x)
		}
		basis, deps, ok := eliminate(rows, order, cols, 1<<30)
		if !ok || len(basis)+len(deps) != n {
			t.Fatalf("seed %d: %d pivots, %d dependent rows of %d", seed, len(basis), len(deps), n)
		}
		if rank := denseRankOf(m); len(basis) != rank {
			t.Fatalf("seed %d: rank %d, exactly %d", seed, len(basis), rank)
		}
		for _, d := range deps {
			dependent++
			if d.times[len(d.times)-1] != 1 {
				t.Fatalf("seed %d: the dependent row has the multiplier %d", seed, d.times[len(d.times)-1])
			}
			for j := range cols {
				s := uint64(0)
				for k, r := range d.rows {
					s = addMod(s, mulMod(d.times[k], intMod(m[r][j])))
				}
				if s != 0 {
					t.Fatalf("seed %d: the combination %v does not vanish", seed, d)
				}
			}
		}
	}
	if dependent < 500 {
		t.Errorf("only %d dependent rows", dependent)
	}
}

// randomTerm is a polynomial in x, y and z as text.
func randomTerm(rng *rand.Rand, depth int) string {
	if depth == 0 {
		return []string{"x", "y", "z", "2", "(0 - 3)", "sin(x)"}[rng.IntN(6)]
	}
	a, b := randomTerm(rng, depth-1), randomTerm(rng, depth-1)
	return fmt.Sprintf("(%s %s %s)", a, []string{"+", "-", "*"}[rng.IntN(3)], b)
}

func TestPolynomials(t *testing.T) {
	s := modeltext.System(t, "var x\nvar y\nvar z\nx = 1\ny = 1\nz = 1")
	w := &work{sys: s, pool: s.Pool, plan: &Plan{Sys: s, Pool: s.Pool}}
	divided := 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 13))
		read := func() (polynomial, string) {
			text := randomTerm(rng, 1+rng.IntN(3))
			e, err := s.Pool.Parse(text, expr.ParseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			a, ok := w.polynomialOf(e)
			if !ok {
				t.Fatalf("%s is too long", text)
			}
			return a, text
		}
		a, at := read()
		b, bt := read()
		value := func(e expr.ID) float64 {
			return s.Pool.Eval(e, func(x expr.ID) (float64, bool) {
				v, ok := map[string]float64{"x": 1.25, "y": -0.75, "z": 2.5}[strings.Trim(s.Pool.Name(x), "'")]
				return v, ok
			})
		}
		va, vb := value(w.term(a)), value(w.term(b))
		if got := value(w.term(a.times(b))); abs(got-va*vb) > 1e-9*(1+abs(va*vb)) {
			t.Fatalf("seed %d: (%s) times (%s) is %v, want %v", seed, at, bt, got, va*vb)
		}
		if got := value(w.term(a.minus(b))); abs(got-va+vb) > 1e-9*(1+abs(va)+abs(vb)) {
			t.Fatalf("seed %d: (%s) minus (%s) is %v, want %v", seed, at, bt, got, va-vb)
		}
		if len(b) == 0 {
			continue
		}
		q, ok := a.times(b).divide(b)
		if !ok || len(q.minus(a)) > 0 {
			t.Fatalf("seed %d: (%s)*(%s) divided by the latter is %s, %v", seed, at, bt, s.Pool.String(w.term(q)), ok)
		}
		if q, ok := a.divide(b); ok {
			divided++
			if len(q.times(b).minus(a)) > 0 {
				t.Fatalf("seed %d: (%s) divided by (%s) is %s", seed, at, bt, s.Pool.String(w.term(q)))
			}
		}
	}
	if divided < 20 {
		t.Errorf("only %d exact quotients", divided)
	}
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}
