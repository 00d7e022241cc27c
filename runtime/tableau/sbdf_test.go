package tableau

import (
	"fmt"
	"math/big"
	"testing"
)

// The formulas are exact for polynomials up to their order, with f taken implicitly and by
// extrapolation, and for no higher ones: for u = t^m around t_{n+1} = 0, h = 1.
func TestSBDF(t *testing.T) {
	for k := 1; k <= 6; k++ {
		s := ReadSBDF(fmt.Sprintf("SBDF%d", k))
		if s.Order != k || len(s.Alpha) != k+1 || len(s.Beta) != k {
			t.Fatalf("SBDF%d: order %d, %d and %d coefficients", k, s.Order, len(s.Alpha), len(s.Beta))
		}
		for m := 0; m <= k+1; m++ {
			power := func(j, m int) *big.Rat { // (-j)^m
				p := big.NewRat(1, 1)
				for range m {
					p.Mul(p, big.NewRat(int64(-j), 1))
				}
				return p
			}
			left, implicit, explicit := new(big.Rat), new(big.Rat), new(big.Rat)
			for j, a := range s.Alpha {
				left.Add(left, new(big.Rat).Mul(rat(a), power(j, m)))
			}
			if m > 0 {
				implicit.Mul(rat(s.Beta0), new(big.Rat).Mul(big.NewRat(int64(m), 1), power(0, m-1)))
				for j, b := range s.Beta {
					explicit.Add(explicit, new(big.Rat).Mul(rat(b), new(big.Rat).Mul(big.NewRat(int64(m), 1), power(j+1, m-1))))
				}
			}
			for what, right := range map[string]*big.Rat{"implicit": implicit, "explicit": explicit} {
				if exact := left.Cmp(right) == 0; exact != (m <= k) {
					t.Errorf("SBDF%d, %s part, degree %d: exact %v", k, what, m, exact)
				}
			}
		}
	}
}
