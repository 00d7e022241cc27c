package tableau

import (
	"encoding/json"
	"math/big"
	"os"
	"testing"
)

var all = []*ERK{Tsit5, DP5, BS3, RK4, Vern6, Vern7, Vern9}

const prec = 240 // bits

func num(s string) *big.Float {
	return new(big.Float).SetPrec(prec).SetRat(rat(s))
}

// tree is a rooted tree: the multiset of its subtrees by index into the list of
// all trees, ascending. order and gamma as in Hairer, Norsett, Wanner, II.2.
type tree struct {
	sub   []int
	order int
	gamma int64
}

// trees lists all rooted trees up to the order, by order.
func trees(order int) []tree {
	list := []tree{{order: 1, gamma: 1}}
	for n := 2; n <= order; n++ {
		known := len(list)
		var grow func(left, least int, sub []int)
		grow = func(left, least int, sub []int) {
			if left == 0 {
				t := tree{sub: append([]int(nil), sub...), order: n, gamma: int64(n)}
				for _, k := range sub {
					t.gamma *= list[k].gamma
				}
				list = append(list, t)
				return
			}
			for k := least; k < known; k++ {
				if list[k].order <= left {
					grow(left-list[k].order, k, append(sub, k))
				}
			}
		}
		grow(n-1, 0, nil)
	}
	return list
}

func TestTreeCounts(t *testing.T) {
	// The numbers of rooted trees, OEIS A000081.
	want := []int{1, 1, 2, 4, 9, 20, 48, 115, 286}
	got := make([]int, 10)
	for _, tr := range trees(9) {
		got[tr.order]++
	}
	for i, w := range want {
		if got[i+1] != w {
			t.Errorf("order %d: %d trees, want %d", i+1, got[i+1], w)
		}
	}
}

// weights computes, for every tree and stage, the elementary weight of the stage:
// g_i(t) = prod over subtrees of sum_j a_ij g_j(sub).
func weights(a [][]*big.Float, list []tree) [][]*big.Float {
	s := len(a)
	one := big.NewFloat(1).SetPrec(prec)
	inner := make([][]*big.Float, len(list)) // sum_j a_ij g_j
	g := make([][]*big.Float, len(list))
	for n, tr := range list {
		g[n] = make([]*big.Float, s)
		inner[n] = make([]*big.Float, s)
		for i := range s {
			v := new(big.Float).SetPrec(prec).Set(one)
			for _, k := range tr.sub {
				v.Mul(v, inner[k][i])
			}
			g[n][i] = v
		}
		for i := range s {
			sum := new(big.Float).SetPrec(prec)
			for j, c := range a[i] {
				if c.Sign() != 0 {
					sum.Add(sum, new(big.Float).Mul(c, g[n][j]))
				}
			}
			inner[n][i] = sum
		}
	}
	return g
}

// residual is the largest |sum b_i g_i(t) - rhs(order)/gamma(t)| over trees up to
// the order.
func residual(b []*big.Float, g [][]*big.Float, list []tree, order int, scale func(order int) *big.Float) float64 {
	worst := 0.0
	for n, tr := range list {
		if tr.order > order {
			break
		}
		sum := new(big.Float).SetPrec(prec)
		for i, c := range b {
			if c.Sign() != 0 {
				sum.Add(sum, new(big.Float).Mul(c, g[n][i]))
			}
		}
		rhs := new(big.Float).SetPrec(prec).Quo(scale(tr.order), big.NewFloat(float64(tr.gamma)))
		d, _ := sum.Sub(sum, rhs).Float64()
		if d < 0 {
			d = -d
		}
		worst = max(worst, d)
	}
	return worst
}

func vec(v []string) []*big.Float {
	out := make([]*big.Float, len(v))
	for i, s := range v {
		out[i] = num(s)
	}
	return out
}

func mat(rows ...[][]string) [][]*big.Float {
	var out [][]*big.Float
	for _, r := range rows {
		for _, row := range r {
			out = append(out, vec(row))
		}
	}
	return out
}

func one(int) *big.Float { return big.NewFloat(1).SetPrec(prec) }

// Coefficients are printed with 40 digits or more; Tsit5's interpolant with 17.
const exact = 1e-35

func TestOrder(t *testing.T) {
	for _, e := range all {
		list := trees(e.Order + 1)
		g := weights(mat(e.A), list)
		if r := residual(vec(e.B), g, list, e.Order, one); r > exact {
			t.Errorf("%s: order %d violated by %g", e.Name, e.Order, r)
		}
		if r := residual(vec(e.B), g, list, e.Order+1, one); r < 1e-9 {
			t.Errorf("%s: has order %d, more than it states", e.Name, e.Order+1)
		}
		if e.BHat == nil {
			continue
		}
		if r := residual(vec(e.BHat), g, list, e.Embedded, one); r > exact {
			t.Errorf("%s: embedded order %d violated by %g", e.Name, e.Embedded, r)
		}
		if r := residual(vec(e.BHat), g, list, e.Embedded+1, one); r < 1e-9 {
			t.Errorf("%s: embedded method has order %d, more than it states", e.Name, e.Embedded+1)
		}
	}
}

func TestRowSums(t *testing.T) {
	for _, e := range all {
		a, c := e.A, e.C
		if e.Dense != nil {
			a = append(append([][]string(nil), a...), e.Dense.A...)
			c = append(append([]string(nil), c...), e.Dense.C...)
		}
		for i, row := range a {
			sum := new(big.Rat)
			for _, v := range row {
				sum.Add(sum, rat(v))
			}
			if d, _ := sum.Sub(sum, rat(c[i])).Float64(); d > exact || d < -exact {
				t.Errorf("%s: row %d: sum - c = %g", e.Name, i, d)
			}
		}
	}
}

func TestInterpolantOrder(t *testing.T) {
	for _, e := range all {
		d := e.Dense
		if d == nil {
			d = e.Hermite()
		}
		tol := exact
		if e == Tsit5 {
			tol = 1e-16 // the paper prints 17 digits
		}
		list := trees(d.Order)
		g := weights(mat(e.A, d.A), list)
		for _, theta := range []string{"1/7", "1/2", "0.8", "1"} {
			b := make([]*big.Float, len(d.B))
			for i, row := range d.B {
				b[i] = new(big.Float).SetPrec(prec)
				for r := len(row) - 1; r >= 0; r-- {
					b[i].Add(b[i], num(row[r]))
					b[i].Mul(b[i], num(theta))
				}
			}
			power := func(order int) *big.Float {
				p := one(0)
				for range order {
					p.Mul(p, num(theta))
				}
				return p
			}
			if r := residual(b, g, list, d.Order, power); r > tol {
				t.Errorf("%s: interpolant of order %d violated by %g at theta = %s", e.Name, d.Order, r, theta)
			}
		}
	}
}

// A perturbed coefficient must be noticed.
func TestOrderNotices(t *testing.T) {
	list := trees(5)
	a := mat(Tsit5.A)
	a[4][2].Add(a[4][2], big.NewFloat(1e-14))
	if r := residual(vec(Tsit5.B), weights(a, list), list, 5, one); r < 1e-17 {
		t.Errorf("a changed coefficient leaves a residual of %g", r)
	}
}

func TestCoeffs(t *testing.T) {
	for _, e := range all {
		c := e.Coeffs()
		if len(c.Dense) != len(c.A) || len(c.A) != len(c.C) {
			t.Errorf("%s: %d rows of the interpolant, %d of A, %d of c", e.Name, len(c.Dense), len(c.A), len(c.C))
		}
		wantFSAL := e == Tsit5 || e == DP5 || e == BS3 || e == Vern6
		if c.FSAL != wantFSAL {
			t.Errorf("%s: FSAL = %v", e.Name, c.FSAL)
		}
	}
}

// The tables agree digit by digit with the shared data they were taken from.
func TestSource(t *testing.T) {
	text, err := os.ReadFile("../../../shared/data/tableaus/erk.json")
	if err != nil {
		t.Skip("the shared data folder is absent: ", err)
	}
	var file struct {
		Methods []struct {
			Name string
			C    []string
			A    [][]string
			B    []string
			BHat []string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range file.Methods {
		for _, e := range all {
			if e.Name != m.Name {
				continue
			}
			found++
			same(t, e.Name, e.C, m.C)
			same(t, e.Name, e.B, m.B)
			same(t, e.Name, e.BHat, m.BHat)
			for i := range m.A {
				same(t, e.Name, e.A[i], m.A[i])
			}
		}
	}
	if found != len(all) {
		t.Errorf("%d of %d tables found", found, len(all))
	}
}

func same(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d entries, want %d", name, len(got), len(want))
	}
	for i := range want {
		if rat(got[i]).Cmp(rat(want[i])) != 0 {
			t.Errorf("%s: entry %d is %s, want %s", name, i, got[i], want[i])
		}
	}
}
