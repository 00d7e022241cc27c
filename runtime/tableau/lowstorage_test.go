package tableau

import (
	"math/big"
	"strings"
	"testing"
)

// lowCoarse are the digits that the sources print, and what that leaves in the order
// conditions, by the starts of names.
var lowCoarse = []struct {
	start string
	tol   float64
}{
	{"RDPK3Sp", 1e-33},                                                   // 37 digits
	{"CKLLSRK", 1e-23}, {"CarpenterKennedy", 1e-22}, {"CFRLDDRK", 2e-14}, // quotients of integers with 13 digits
	{"ORK256", 1e-6}, {"SHLDDRK", 1e-6}, {"RK46NL", 1e-12}, // 5 to 12 digits
	{"", 2e-14}, // 14 to 17 digits
}

// The Butcher array of every form is that of the table, the order conditions hold for it and for the
// embedded weights, and no further ones.
func TestLowStorage(t *testing.T) {
	list := trees(6)
	for _, name := range Names(LowStorage) {
		l := ReadLow(name)
		tol := 0.0
		for _, c := range lowCoarse {
			if strings.HasPrefix(name, c.start) {
				tol = c.tol
				break
			}
		}
		a, b := l.Expand()
		bound := func(d float64, s string) bool { // 25 digits are given
			v, _ := rat(s).Float64()
			return d <= 1e-24*max(1, v, -v) && d >= -1e-24*max(1, v, -v)
		}
		off := 0.0
		same := func(what string, i int, x *big.Rat, s string) {
			d, _ := new(big.Rat).Sub(x, rat(s)).Float64()
			if !bound(d, s) {
				off = max(off, d, -d)
				t.Errorf("%s: %s %d of the form differs from the table by %g", name, what, i, d)
			}
		}
		for i, row := range l.Butcher.A {
			sum := new(big.Rat)
			for j := range row {
				same("row", i, a[i][j], row[j])
				sum.Add(sum, a[i][j])
			}
			if d, _ := sum.Sub(sum, rat(l.C[i])).Float64(); d > tol || d < -tol {
				t.Errorf("%s: c_%d differs from the row sum by %g", name, i, d)
			}
		}
		for i, s := range l.Butcher.B {
			same("weight", i, b[i], s)
		}
		s := l.Stages
		m := make([][]*big.Float, s+1)
		for i := range m {
			m[i] = make([]*big.Float, s+1)
			for j := range m[i] {
				m[i][j] = new(big.Float).SetPrec(prec)
				switch {
				case i < s && j < s:
					m[i][j].SetRat(a[i][j])
				case i == s && j < s:
					m[i][j].SetRat(b[j]) // the stage at the end
				}
			}
		}
		g := weights(m, upTo(list, l.Order+1))
		w := make([]*big.Float, s+1)
		for i := range w {
			w[i] = new(big.Float).SetPrec(prec)
			if i < s {
				w[i].SetRat(b[i])
			}
		}
		if r := residual(w, g, list, l.Order, one); r > tol {
			t.Errorf("%s: order %d violated by %g", name, l.Order, r)
		}
		if r := residual(w, g, list, l.Order+1, one); r < 1e-9 {
			t.Errorf("%s: has order %d, more than it states", name, l.Order+1)
		}
		if (l.BHat == nil) != (l.Embedded == 0) {
			t.Errorf("%s: embedded order %d, weights %v", name, l.Embedded, l.BHat)
		}
		if l.BHat == nil {
			continue
		}
		hat := append(vec(l.BHat), new(big.Float).SetPrec(prec))
		if r := residual(hat, g, list, l.Embedded, one); r > tol {
			t.Errorf("%s: embedded order %d violated by %g", name, l.Embedded, r)
		}
		if r := residual(hat, g, list, l.Embedded+1, one); r < 1e-9 {
			t.Errorf("%s: embedded method has order %d, more than it states", name, l.Embedded+1)
		}
		if n := len(l.Coeffs().E); n != s {
			t.Errorf("%s: %d weights of the estimate, %d stages", name, n, s)
		}
	}
}
