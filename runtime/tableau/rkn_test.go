package tableau

import (
	"math/big"
	"testing"
)

// Order conditions of Nystrom methods by trees whose vertices are evaluations of f. The
// value of a vertex at stage i is the product over what is below it: c_i for each
// derivative in the direction of the start velocity, sum_j a_ij g_j for a vertex that enters
// by way of x, sum_j abar_ij g_j for one that enters by way of v. Along the exact solution
// it is coef*t^(order-1). (The special Nystrom trees of Hairer, Norsett, Wanner, Solving
// ODEs I, II.14, with their vertices of x' contracted.)
type nystromTree struct {
	leaves int   // derivatives in the direction of v
	x, v   []int // subtrees, indices into the list of all trees, ascending
	order  int   // of the condition for v; that for x is one higher
	coef   *big.Rat
}

// nystromTrees lists the trees up to the order, by order; with subtrees by way of v where
// velocity is set.
func nystromTrees(order int, velocity bool) []nystromTree {
	var list []nystromTree
	for n := 1; n <= order; n++ {
		known := len(list)
		// kinds 0..known-1: by way of x, order+1 each; known..2known-1: by way of v.
		var grow func(left, least int, t nystromTree)
		grow = func(left, least int, t nystromTree) {
			done := t
			done.leaves = left
			done.order = n
			done.coef = big.NewRat(1, 1)
			done.x, done.v = append([]int(nil), t.x...), append([]int(nil), t.v...)
			for _, k := range t.x {
				o := int64(list[k].order)
				done.coef.Mul(done.coef, new(big.Rat).Mul(list[k].coef, big.NewRat(1, o*(o+1))))
			}
			for _, k := range t.v {
				done.coef.Mul(done.coef, new(big.Rat).Mul(list[k].coef, big.NewRat(1, int64(list[k].order))))
			}
			list = append(list, done)
			most := known
			if velocity {
				most = 2 * known
			}
			for k := least; k < most; k++ {
				next := t
				if k < known {
					if list[k].order+1 <= left {
						next.x = append(append([]int(nil), t.x...), k)
						grow(left-list[k].order-1, k, next)
					}
				} else if o := list[k-known].order; o <= left {
					next.v = append(append([]int(nil), t.v...), k-known)
					grow(left-o, k, next)
				}
			}
		}
		grow(n-1, 0, nystromTree{})
	}
	return list
}

// The numbers of conditions for v' of special Nystrom trees by order, 1, 1, 2, 3, 6, 10, 20,
// 36 and 72 (Hairer, Norsett, Wanner, II.14, table 14.2).
func TestNystromTreeCounts(t *testing.T) {
	want := []int{1, 1, 2, 3, 6, 10, 20, 36, 72}
	got := make([]int, 10)
	for _, tr := range nystromTrees(9, false) {
		got[tr.order]++
	}
	for i, w := range want {
		if got[i+1] != w {
			t.Errorf("order %d: %d trees, want %d", i+1, got[i+1], w)
		}
	}
}

// nystromWeights are the values of the trees at every stage.
func nystromWeights(r *RKN, list []nystromTree) [][]*big.Float {
	s := r.Stages()
	c, a, abar := vec(r.C), mat(r.A), mat(r.Abar)
	sum := func(row []*big.Float, g []*big.Float) *big.Float {
		v := new(big.Float).SetPrec(prec)
		for j, w := range row {
			v.Add(v, new(big.Float).Mul(w, g[j]))
		}
		return v
	}
	g := make([][]*big.Float, len(list))
	for n, tr := range list {
		g[n] = make([]*big.Float, s)
		for i := range s {
			v := one(0)
			for range tr.leaves {
				v.Mul(v, c[i])
			}
			for _, k := range tr.x {
				v.Mul(v, sum(a[i], g[k]))
			}
			for _, k := range tr.v {
				v.Mul(v, sum(abar[i], g[k]))
			}
			g[n][i] = v
		}
	}
	return g
}

// nystromResidual is the largest violation of a condition up to the order, at theta of
// the step: of those for v, or, if x is set, of those for x.
func nystromResidual(b []*big.Float, g [][]*big.Float, list []nystromTree, order int, x bool, theta *big.Float) float64 {
	worst := 0.0
	for n, tr := range list {
		o := tr.order
		den := int64(o)
		if x {
			o++
			den *= int64(o)
		}
		if o > order || n == len(g) {
			continue
		}
		sum := new(big.Float).SetPrec(prec)
		for i, w := range b {
			sum.Add(sum, new(big.Float).Mul(w, g[n][i]))
		}
		rhs := new(big.Float).SetPrec(prec).SetRat(new(big.Rat).Mul(tr.coef, big.NewRat(1, den)))
		for range o {
			rhs.Mul(rhs, theta)
		}
		d, _ := sum.Sub(sum, rhs).Float64()
		worst = max(worst, max(d, -d))
	}
	return worst
}

// roughly are the tables printed with few digits, and what those leave of the conditions.
var roughly = map[string]float64{
	"ERKN7": 1e-15, // quotients of integers of 9 digits
}

func nystromTolerance(name string) float64 {
	if tol, ok := roughly[name]; ok {
		return tol
	}
	return exact
}

func TestNystromOrder(t *testing.T) {
	for _, name := range Names(Nystrom) {
		r := ReadRKN(name)
		list := nystromTrees(r.Order+1, r.Velocity)
		g := nystromWeights(r, list)
		tol := nystromTolerance(name)
		one := one(0)
		for _, m := range []struct {
			what  string
			b     []string
			order int
			x     bool
		}{
			{"x", r.B, r.Order, true}, {"v", r.BP, r.Order, false},
			{"x of the embedded method", r.BHat, r.Embedded, true}, {"v of the embedded method", r.BPHat, r.Embedded, false},
		} {
			if m.b == nil {
				continue
			}
			if d := nystromResidual(vec(m.b), g, list, m.order, m.x, one); d > tol {
				t.Errorf("%s: order %d of %s violated by %g", name, m.order, m.what, d)
			}
		}
		x, v := nystromResidual(vec(r.B), g, list, r.Order+1, true, one), nystromResidual(vec(r.BP), g, list, r.Order+1, false, one)
		if x < 1e-9 && v < 1e-9 {
			t.Errorf("%s: has order %d, more than it states", name, r.Order+1)
		}
		if d := r.Dense; d != nil {
			// theta^2 R and theta Rp; DPRKN6's interpolant is of order 6 in x, 5 in v at least.
			for _, theta := range []string{"1/7", "1/2", "0.8"} {
				th := num(theta)
				at := func(rows [][]string, power int) []*big.Float {
					b := make([]*big.Float, len(rows))
					for i, row := range rows {
						b[i] = new(big.Float).SetPrec(prec)
						for j := len(row) - 1; j >= 0; j-- {
							b[i].Add(b[i].Mul(b[i], th), num(row[j]))
						}
						for range power {
							b[i].Mul(b[i], th)
						}
					}
					return b
				}
				if e := nystromResidual(at(d.R, 2), g, list, r.Order, true, th); e > tol {
					t.Errorf("%s: interpolant of x violated by %g at %s", name, e, theta)
				}
				if e := nystromResidual(at(d.Rp, 1), g, list, r.Order-1, false, th); e > tol {
					t.Errorf("%s: interpolant of v violated by %g at %s", name, e, theta)
				}
			}
		}
	}
}

// A perturbed coefficient must be noticed.
func TestNystromNotices(t *testing.T) {
	r := ReadRKN("DPRKN6")
	list := nystromTrees(6, false)
	r.A[3][1] = "-0.229860640522647"
	if d := nystromResidual(vec(r.BP), nystromWeights(r, list), list, 6, false, one(0)); d < 1e-18 {
		t.Errorf("a changed coefficient leaves a residual of %g", d)
	}
}
