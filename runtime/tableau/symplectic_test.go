package tableau

import (
	"math/big"
	"testing"
)

// nystromOf is a splitting method applied to q” = f(q), as a Nystrom method.
func nystromOf(s *Splitting) *RKN {
	r := &RKN{Name: s.Name, Order: s.Order}
	c := new(big.Rat)
	var at, kick []*big.Rat
	for i := range s.Drift {
		if !s.KickFirst() {
			c = new(big.Rat).Add(c, rat(s.Drift[i]))
		}
		at, kick = append(at, c), append(kick, rat(s.Kick[i]))
		if s.KickFirst() {
			c = new(big.Rat).Add(c, rat(s.Drift[i]))
		}
	}
	for i := range at {
		var row []string
		for j := range i {
			row = append(row, new(big.Rat).Mul(kick[j], new(big.Rat).Sub(at[i], at[j])).RatString())
		}
		r.A = append(r.A, row)
		r.C = append(r.C, at[i].RatString())
		r.BP = append(r.BP, kick[i].RatString())
		r.B = append(r.B, new(big.Rat).Mul(kick[i], new(big.Rat).Sub(big.NewRat(1, 1), at[i])).RatString())
	}
	return r
}

// splittingResidual is the largest violation of the order conditions for general
// separable systems: the difference between the product of the exponentials of a_i A and
// b_i B and exp(A + B), as series in the words of two letters that do not commute. A word
// is a number of bits, that of its letters below a leading one.
func splittingResidual(s *Splitting, order int) float64 {
	words := make([]*big.Float, 1<<(order+1))
	words[1] = one(0)
	// Multiplied from the left by exp(c letter): word w gets those of its suffixes.
	apply := func(letter int, c *big.Float) {
		if c.Sign() == 0 {
			return
		}
		next := make([]*big.Float, len(words))
		for w := 1; w < len(words); w++ {
			next[w] = new(big.Float).SetPrec(prec)
			if words[w] != nil {
				next[w].Set(words[w])
			}
			power := one(0)
			for v, k := w, 1; v > 1 && v&1 == letter; k++ {
				v >>= 1
				power = new(big.Float).Quo(new(big.Float).Mul(power, c), big.NewFloat(float64(k)))
				if words[v] != nil {
					next[w].Add(next[w], new(big.Float).Mul(power, words[v]))
				}
			}
		}
		words = next
	}
	for i := range s.Drift {
		if s.KickFirst() {
			apply(1, num(s.Kick[i]))
		}
		apply(0, num(s.Drift[i]))
		if !s.KickFirst() {
			apply(1, num(s.Kick[i]))
		}
	}
	worst := 0.0
	factorial := one(0)
	for n := 1; n <= order; n++ {
		factorial.Mul(factorial, big.NewFloat(float64(n)))
		for w := 1 << n; w < 2<<n; w++ {
			d, _ := new(big.Float).Sub(words[w], new(big.Float).Quo(one(0), factorial)).Float64()
			worst = max(worst, max(d, -d))
		}
	}
	return worst
}

// digits are the tables printed with few digits, and what those leave of the conditions.
var digits = map[string]float64{
	"CalvoSanz4": 1e-14, "Yoshida6": 1e-12, // 14 digits
	"McAte3": 1e-16, "McAte4": 1e-17, "McAte42": 1e-19, "McAte5": 1e-17, // 16 to 20 digits
	"KahanLi6": 1e-25, "KahanLi8": 1e-25, "McAte8": 1e-24, "SofSpa10": 1e-24, // 25 digits
}

// Every method has its order for q” = f(q), and for general separable systems unless it is
// listed as one that does not.
func TestSplittingOrder(t *testing.T) {
	for _, name := range Names(Symplectic) {
		s := ReadSplitting(name)
		tol, ok := digits[name]
		if !ok {
			tol = exact
		}
		r := nystromOf(s)
		list := nystromTrees(s.Order+1, false)
		g := nystromWeights(r, list)
		if x, v := nystromResidual(vec(r.B), g, list, s.Order, true, one(0)), nystromResidual(vec(r.BP), g, list, s.Order, false, one(0)); x > tol || v > tol {
			t.Errorf("%s: order %d violated by %g for q, %g for p", name, s.Order, x, v)
		}
		if d := nystromResidual(vec(r.BP), g, list, s.Order+1, false, one(0)); d < 1e-9 {
			t.Errorf("%s: has order %d, more than it states", name, s.Order+1)
		}
		if d := splittingResidual(s, s.Order); (d > tol) != s.Quadratic() {
			t.Errorf("%s: order %d of separable systems violated by %g, listed as %v", name, s.Order, d, s.Quadratic())
		}
	}
}
