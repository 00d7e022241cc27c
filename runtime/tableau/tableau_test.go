package tableau

import (
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"reflect"
	"slices"
	"testing"
)

var long = flag.Bool("long", false, "check the order conditions to order 11, not 8")

var (
	all   = explicit()
	tsit5 = ReadERK("Tsit5")
)

func explicit() []*ERK {
	var list []*ERK
	for _, name := range Names(Explicit) {
		list = append(list, ReadERK(name))
	}
	return list
}

// mostOrder bounds the trees: there are 486 up to order 9, 3,000 up to order 11 and 37,000 up to order 13.
func mostOrder() int {
	if *long {
		return 11
	}
	return 9
}

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
		if tr.order > order || n == len(g) {
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

// coarse are the tables that their sources print with few digits, and what rounding the
// coefficients to those leaves.
var coarse = map[string]float64{
	// quotients of integers with 13 digits each
	"ARKODE_ARK436L2SA_ERK_6_3_4": 1e-25, "ARKODE_ARK437L2SA_ERK_7_3_4": 1e-25,
	"ARKODE_ARK548L2SA_ERK_8_4_5": 1e-25, "ARKODE_ARK548L2SAb_ERK_8_4_5": 1e-25,
	// 30 digits
	"DP8": 1e-27, "QPRK98": 1e-28, "Vern8": 1e-33, "RKV76IIa": 1e-34, "ARKODE_VERNER_9_5_6": 1e-34,
	// 14 to 18 digits
	"DormandPrince8_64bit": 1e-17, "Alshina6": 1e-15, "PSRK3p6q5": 2e-14, "PSRK4p7q6": 1e-14,
	"SSPRK53": 1e-15, "SSPRK53_2N1": 1e-14, "SSPRK53_2N2": 1e-14, "SSPRK53_H": 1e-15, "SSPRK54": 1e-15,
	"SSPRK63": 1e-14, "SSPRK73": 1e-14, "SSPRK83": 1e-15,
}

func tolerance(name string) float64 {
	if tol, ok := coarse[name]; ok {
		return tol
	}
	return exact
}

func TestOrder(t *testing.T) {
	most := mostOrder()
	list := trees(most)
	for _, e := range all {
		g := weights(mat(e.A), upTo(list, max(e.Order, e.Embedded)+1))
		tol := tolerance(e.Name)
		if r := residual(vec(e.B), g, list, min(e.Order, most), one); r > tol {
			t.Errorf("%s: order %d violated by %g", e.Name, e.Order, r)
		}
		if e.Order+1 <= most {
			if r := residual(vec(e.B), g, list, e.Order+1, one); r < 1e-9 {
				t.Errorf("%s: has order %d, more than it states", e.Name, e.Order+1)
			}
		}
		for i, hat := range [][]string{e.BHat, e.BHat2} {
			order := e.Embedded
			if i == 1 {
				order = 3
			}
			if hat == nil || order > most {
				continue
			}
			if r := residual(vec(hat), g, list, order, one); r > tol {
				t.Errorf("%s: embedded order %d violated by %g", e.Name, order, r)
			}
			if order+1 <= most && i == 0 {
				if r := residual(vec(hat), g, list, order+1, one); r < 1e-9 {
					t.Errorf("%s: embedded method has order %d, more than it states", e.Name, order+1)
				}
			}
		}
	}
}

// upTo are the trees up to an order, which stand first.
func upTo(list []tree, order int) []tree {
	n := 0
	for n < len(list) && list[n].order <= order {
		n++
	}
	return list[:n]
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
		d := e.interpolant()
		tol := tolerance(e.Name)
		if e.Name == "Tsit5" {
			tol = 1e-16 // the paper prints 17 digits
		}
		list := upTo(trees(mostOrder()), d.Order)
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
	a := mat(tsit5.A)
	a[4][2].Add(a[4][2], big.NewFloat(1e-14))
	if r := residual(vec(tsit5.B), weights(a, list), list, 5, one); r < 1e-17 {
		t.Errorf("a changed coefficient leaves a residual of %g", r)
	}
}

func TestCoeffs(t *testing.T) {
	for _, e := range all {
		c := e.Coeffs()
		if len(c.Dense) != len(c.A) || len(c.A) != len(c.C) {
			t.Errorf("%s: %d rows of the interpolant, %d of A, %d of c", e.Name, len(c.Dense), len(c.A), len(c.C))
		}
		var table struct{ FSAL bool }
		read(Explicit, e.Name, &table)
		if c.FSAL != table.FSAL {
			t.Errorf("%s: FSAL = %v", e.Name, c.FSAL)
		}
	}
}

// Every table agrees text for text with the shared data it was taken from, and none of
// those is missing.
func TestSource(t *testing.T) {
	for _, f := range Families() {
		file := string(f)
		if f == Multistep {
			file = "bdf"
		}
		text, err := os.ReadFile("../../../shared/data/tableaus/" + file + ".json")
		if err != nil {
			t.Skip("the shared data folder is absent: ", err)
		}
		var source struct{ Methods []map[string]any }
		if err := json.Unmarshal(text, &source); err != nil {
			t.Fatal(err)
		}
		names := Names(f)
		for _, m := range source.Methods {
			name := m["name"].(string)
			if f == Full && name == "LobattoIIICStar2" {
				continue // it is explicit, and stands among those
			}
			delete(m, "checked")
			if !slices.Contains(names, name) {
				t.Errorf("%s/%s is missing", f, name)
				continue
			}
			var got map[string]any
			read(f, name, &got)
			if !reflect.DeepEqual(got, m) {
				t.Errorf("%s/%s differs from its source", f, name)
			}
		}
	}
}
