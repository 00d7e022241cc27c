package tableau

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func diagonal() []*DIRK {
	var list []*DIRK
	for _, name := range Names(Diagonal) {
		list = append(list, ReadDIRK(name))
	}
	return list
}

// dirkTolerance is what rounding the coefficients to the digits of the source leaves.
func dirkTolerance(name string) float64 {
	switch name {
	case "ARK437L2SA_DIRK_7_3_4", "KenCarp47", "ARK548L2SA_DIRK_8_4_5", "KenCarp5", "ARK548L2SAb_DIRK_8_4_5", "KenCarp58", "ARK436L2SA_DIRK_6_3_4", "KenCarp4",
		"ARK324L2SA_DIRK_4_2_3", "KenCarp3":
		return 1e-24 // quotients of integers with 13 digits or more
	case "Kvaerno3", "Kvaerno4", "Kvaerno5":
		return 1e-10 // 10 to 12 digits
	case "Cash4":
		return 5e-11 // 11 digits
	case "ARS343":
		return 1e-9 // 10 digits, in the explicit half
	case "CFNLIRK3":
		return 1e-15 // 16 digits
	case "SFSDIRK4", "SFSDIRK5", "SFSDIRK6", "SFSDIRK7", "SFSDIRK8", "IMEXSSP3433", "BHR553":
		return 2e-12 // 12 to 15 digits
	}
	return 1e-24
}

// colored is a rooted tree whose vertices have the colours of the two halves.
type colored struct {
	colour int
	sub    []int
	order  int
	gamma  int64
}

// coloredTrees lists the two-coloured rooted trees up to the order, by order.
func coloredTrees(order int) []colored {
	var list []colored
	for n := 1; n <= order; n++ {
		known := len(list)
		var grow func(left, least int, sub []int)
		grow = func(left, least int, sub []int) {
			if left == 0 {
				for c := range 2 {
					t := colored{colour: c, sub: slices.Clone(sub), order: n, gamma: int64(n)}
					for _, k := range sub {
						t.gamma *= list[k].gamma
					}
					list = append(list, t)
				}
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

func TestColoredTreeCounts(t *testing.T) {
	// OEIS A038055: rooted trees with vertices of two colours.
	want := []int{2, 4, 14, 52, 214, 916}
	got := make([]int, 7)
	for _, tr := range coloredTrees(6) {
		got[tr.order]++
	}
	if !slices.Equal(got[1:], want) {
		t.Errorf("%v trees, want %v", got[1:], want)
	}
}

// coloredResidual is the largest violation of an order condition up to the order, of the
// method with weights b and matrices a, one for each colour.
func coloredResidual(a [2][][]*big.Float, b [2][]*big.Float, list []colored, order int) float64 {
	s := len(b[0])
	inner := make([][]*big.Float, len(list)) // sum_j a_ij g_j with the colour of the tree's root
	worst := 0.0
	for n, tr := range list {
		if tr.order > order {
			break
		}
		g := make([]*big.Float, s)
		sum := new(big.Float).SetPrec(prec)
		for i := range s {
			v := big.NewFloat(1).SetPrec(prec)
			for _, k := range tr.sub {
				v.Mul(v, inner[k][i])
			}
			g[i] = v
			sum.Add(sum, new(big.Float).Mul(b[tr.colour][i], v))
		}
		inner[n] = make([]*big.Float, s)
		for i := range s {
			r := new(big.Float).SetPrec(prec)
			for j, c := range a[tr.colour][i] {
				if c.Sign() != 0 {
					r.Add(r, new(big.Float).Mul(c, g[j]))
				}
			}
			inner[n][i] = r
		}
		d, _ := sum.Sub(sum, new(big.Float).SetPrec(prec).Quo(one(0), big.NewFloat(float64(tr.gamma)))).Float64()
		worst = max(worst, math.Abs(d))
	}
	return worst
}

// The implicit halves have the order and the embedded order that they state, and no more.
func TestDiagonalOrder(t *testing.T) {
	list := trees(7)
	for _, d := range diagonal() {
		g := weights(mat(d.A), upTo(list, max(d.Order, d.Embedded)+1))
		tol := dirkTolerance(d.Name)
		check := func(what string, b []string, order int) {
			if r := residual(vec(b), g, list, order, one); r > tol {
				t.Errorf("%s: %s order %d violated by %g", d.Name, what, order, r)
			}
			if r := residual(vec(b), g, list, order+1, one); r < 1e-9 {
				t.Logf("%s: %s has order %d, more than it states", d.Name, what, order+1)
				if d.Explicit == nil { // a pair may have a lower order than its half
					t.Fail()
				}
			}
		}
		check("", d.B, d.Order)
		if d.BHat != nil {
			check("embedded", d.BHat, d.Embedded)
		} else if d.Embedded != 0 {
			t.Errorf("%s: embedded order %d without weights", d.Name, d.Embedded)
		}
	}
}

// The pairs have their orders as additive methods: every condition of every tree with
// vertices of two colours, those of the explicit half alone and the coupling conditions
// among them. Kennedy, Carpenter, Appl. Numer. Math. 44(1-2), 2003.
func TestAdditiveOrder(t *testing.T) {
	list := coloredTrees(6)
	var names []string
	for _, d := range diagonal() {
		e := d.Explicit
		if e == nil {
			continue
		}
		names = append(names, d.Name)
		tol := dirkTolerance(d.Name)
		a := [2][][]*big.Float{mat(d.A), mat(e.A)}
		if r := coloredResidual(a, [2][]*big.Float{vec(d.B), vec(e.B)}, list, d.Order); r > tol {
			t.Errorf("%s: order %d violated by %g", d.Name, d.Order, r)
		}
		if r := coloredResidual(a, [2][]*big.Float{vec(d.B), vec(e.B)}, list, d.Order+1); r < 1e-9 {
			t.Errorf("%s: has order %d, more than it states", d.Name, d.Order+1)
		}
		if (d.BHat == nil) != (e.BHat == nil) {
			t.Errorf("%s: one half alone has an embedded method", d.Name)
		}
		if e.BHat != nil {
			if r := coloredResidual(a, [2][]*big.Float{vec(d.BHat), vec(e.BHat)}, list, d.Embedded); r > tol {
				t.Errorf("%s: embedded order %d violated by %g", d.Name, d.Embedded, r)
			}
		}
		for i, row := range e.A {
			sum := new(big.Rat)
			for _, v := range row {
				sum.Add(sum, rat(v))
			}
			if x, _ := sum.Sub(sum, rat(e.C[i])).Float64(); math.Abs(x) > tol {
				t.Errorf("%s: explicit row %d: sum - c = %g", d.Name, i, x)
			}
		}
		if got := ReadAdditive(AdditiveName(d.Name)); got.Name != d.Name {
			t.Errorf("%s is the table of %s", got.Name, AdditiveName(d.Name))
		}
	}
	want := slices.Clone(additive)
	slices.Sort(want)
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("pairs %v, listed %v", names, want)
	}
	// A changed coefficient must be noticed, by a coupling condition too.
	d := ReadDIRK("KenCarp4")
	a := [2][][]*big.Float{mat(d.A), mat(d.Explicit.A)}
	a[1][3][1].Add(a[1][3][1], big.NewFloat(1e-14))
	if r := coloredResidual(a, [2][]*big.Float{vec(d.B), vec(d.Explicit.B)}, list, 4); r < 1e-18 {
		t.Errorf("a changed coefficient leaves a residual of %g", r)
	}
}

// Stage order, row sums, stiff accuracy and the limit of the stability function are what
// tables and papers state.
func TestDiagonalStability(t *testing.T) {
	for _, d := range diagonal() {
		a, c := mat(d.A), vec(d.C)
		// Stage order q: sum_j a_ij c_j^(k-1) = c_i^k/k for k up to q.
		q := 0
		for k := 1; k <= 3; k++ {
			worst := 0.0
			for i, row := range a {
				sum := new(big.Float).SetPrec(prec)
				for j, v := range row {
					sum.Add(sum, new(big.Float).Mul(v, power(c[j], k-1)))
				}
				x, _ := sum.Sub(sum, new(big.Float).SetPrec(prec).Quo(power(c[i], k), big.NewFloat(float64(k)))).Float64()
				worst = max(worst, math.Abs(x))
			}
			if worst > dirkTolerance(d.Name) {
				break
			}
			q = k
		}
		want := 1
		switch {
		case strings.Contains(d.Name, "L2SA"), strings.Contains(d.Name, "KenCarp"), strings.HasPrefix(strings.ToLower(d.Name), "kvaerno"),
			strings.HasPrefix(d.Name, "TRBDF2"), d.Name == "Trapezoid", d.Name == "IMPLICIT_TRAPEZOIDAL_2_2", d.Name == "ARK2_DIRK_3_1_2":
			want = 2 // what the names, or Kvaerno and Hosea and Shampine, state
		}
		if d.Name == "BHR553" {
			want = 2 // Boscarino and Russo ask for it
		}
		if q != want {
			t.Errorf("%s: stage order %d, want %d", d.Name, q, want)
		}
		limit := limit(d, vector(d.B))
		r, _ := rat(strings.Replace(d.RInfinity, "e+2", "e2", 1)).Float64()
		// Two digits are stated, of which the last may be off by a half; 1e-9 is what 12 digits leave of a zero, and z = -2^64 of R.
		if math.Abs(limit-math.Abs(r)) > 0.03*math.Abs(r)+1e-9 {
			t.Errorf("%s: R(-inf) = %g, stated %g", d.Name, limit, r)
		}
		if got := d.Coeffs().StifflyAccurate; got != d.StifflyAccurate {
			t.Errorf("%s: stiffly accurate: %v", d.Name, got)
		}
	}
}

func power(x *big.Float, k int) *big.Float {
	p := one(0)
	for range k {
		p.Mul(p, x)
	}
	return p
}

// The interpolants satisfy the conditions of their order within the step and meet the new
// solution. (The four stages of SFSDIRK4 leave no room for order 3.)
func TestDiagonalInterpolant(t *testing.T) {
	list := trees(4)
	var quartic []string
	for _, d := range diagonal() {
		c := d.Coeffs()
		if want := min(3, d.Order); c.StifflyAccurate && c.DenseOrder < want || c.DenseOrder < d.Order-1 && c.DenseOrder < 3 && d.Name != "SFSDIRK4" {
			t.Errorf("%s: interpolant of order %d", d.Name, c.DenseOrder)
		}
		if c.DenseOrder == 4 {
			quartic = append(quartic, d.Name)
		}
		// Stage 0 is f at the start.
		a := append([][]*big.Float{{}}, mat(d.A)...)
		for i := 1; i < len(a); i++ {
			a[i] = append([]*big.Float{new(big.Float)}, a[i]...)
		}
		g := weights(a, upTo(list, c.DenseOrder))
		for _, theta := range []float64{0.125, 0.5, 0.8125, 1} {
			b := make([]*big.Float, len(c.Dense))
			for i, row := range c.Dense {
				v := 0.0
				for r := len(row) - 1; r >= 0; r-- {
					v = (v + row[r]) * theta
				}
				b[i] = new(big.Float).SetPrec(prec).SetFloat64(v)
			}
			scale := func(order int) *big.Float { return big.NewFloat(math.Pow(theta, float64(order))).SetPrec(prec) }
			// Rounding of float64 coefficients of size 10 and weights of size 1; Kvaerno's
			// tables have 10 digits.
			tol := 1e-13 + dirkTolerance(d.Name)
			if r := residual(b, g, upTo(list, c.DenseOrder), c.DenseOrder, scale); r > tol {
				t.Errorf("%s: interpolant of order %d violated by %g at theta = %g", d.Name, c.DenseOrder, r, theta)
			}
			if theta == 1 {
				for i, v := range c.B {
					if x, _ := b[i+1].Float64(); math.Abs(x-v) > 1e-13 {
						t.Errorf("%s: the interpolant ends with %v for b_%d = %v", d.Name, x, i+1, v)
					}
				}
			}
		}
		for _, row := range c.Dense {
			for _, v := range row {
				if math.Abs(v) > 100 {
					t.Errorf("%s: coefficient %g in the interpolant", d.Name, v)
				}
			}
		}
	}
	t.Log("degree 4: ", quartic)
	if !slices.Contains(quartic, "KenCarp58") {
		t.Error("no interpolant of degree 4 for KenCarp58")
	}
}

func TestLeastNorm(t *testing.T) {
	x, ok := leastNorm([][]float64{{1, 1, 0}, {2, 2, 0}, {0, 0, 4}}, []float64{2, 4, 2})
	if !ok || math.Abs(x[0]-1)+math.Abs(x[1]-1)+math.Abs(x[2]-0.5) > 1e-15 {
		t.Errorf("%v, %v", x, ok)
	}
	if _, ok := leastNorm([][]float64{{1, 1}, {2, 2}}, []float64{2, 5}); ok {
		t.Error("equations that contradict each other have a solution")
	}
}
