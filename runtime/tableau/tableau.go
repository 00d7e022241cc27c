// Package tableau holds Runge-Kutta methods as data.
//
// In: coefficients as exact decimal or rational text, from the papers. Out: the
// same numbers rounded once to float64. Promised, by tests with exact
// arithmetic: every table has the order, embedded order and order of the
// interpolant that it states.
package tableau

import (
	"fmt"
	"math/big"
)

// ERK is an explicit Runge-Kutta method
//
//	k_i = f(t + c_i h, u + h sum_j a_ij k_j),  u1 = u + h sum b_i k_i,
//
// with the embedded solution uhat1 = u + h sum bhat_i k_i for error estimates.
type ERK struct {
	Name      string
	Order     int
	Embedded  int // order of BHat, 0: no embedded method
	Reference string

	C    []string
	A    [][]string // row i has i entries
	B    []string
	BHat []string // nil: no embedded method

	// Dense is the interpolant, nil: the cubic Hermite polynomial.
	Dense *Dense
}

// Dense is an interpolant u(t + theta h) = u + h sum b_i(theta) k_i, over the
// stages of the method and further ones.
type Dense struct {
	Order int
	C     []string   // of the further stages
	A     [][]string // rows of the further stages, over all stages before them
	B     [][]string // B[i][r] is the coefficient of theta^(r+1) in b_i(theta)
}

// Stages is the number of stages, those of the interpolant not counted.
func (e *ERK) Stages() int { return len(e.B) }

// Coeffs are the coefficients of an ERK rounded to float64.
type Coeffs struct {
	C     []float64   // of all stages, those of the interpolant behind the others
	A     [][]float64 // rows of all stages
	B     []float64
	E     []float64   // b - bhat, rounded once; nil without embedded method
	Dense [][]float64 // of b_i(theta), one row per stage
	Order int         // of the interpolant
	FSAL  bool        // the last stage is f at the end of the step
}

// Coeffs converts e. The differences b - bhat are formed before rounding.
func (e *ERK) Coeffs() *Coeffs {
	c := &Coeffs{C: floats(e.C), B: floats(e.B)}
	for _, row := range e.A {
		c.A = append(c.A, floats(row))
	}
	if e.BHat != nil {
		c.E = make([]float64, len(e.B))
		for i := range e.B {
			c.E[i], _ = new(big.Rat).Sub(rat(e.B[i]), rat(e.BHat[i])).Float64()
		}
	}
	s := e.Stages()
	last := rat(e.C[s-1]).Cmp(big.NewRat(1, 1)) == 0 || c.C[s-1] == 1
	for j := range s - 1 {
		last = last && rat(e.A[s-1][j]).Cmp(rat(e.B[j])) == 0
	}
	c.FSAL = last && rat(e.B[s-1]).Sign() == 0
	d := e.Dense
	if d == nil {
		d = e.Hermite()
	}
	c.Order = d.Order
	c.C = append(c.C, floats(d.C)...)
	for _, row := range d.A {
		c.A = append(c.A, floats(row))
	}
	for _, row := range d.B {
		c.Dense = append(c.Dense, floats(row))
	}
	return c
}

// Hermite is the cubic Hermite interpolant of e written over its stages. A method
// whose last stage is not f at the end of the step gets that as a further stage.
func (e *ERK) Hermite() *Dense {
	s := e.Stages()
	d := &Dense{Order: min(3, e.Order)}
	end := s - 1
	fsal := rat(e.B[s-1]).Sign() == 0
	for j := range s - 1 {
		fsal = fsal && rat(e.A[s-1][j]).Cmp(rat(e.B[j])) == 0
	}
	if !fsal {
		end = s
		d.C = []string{"1"}
		d.A = [][]string{e.B}
	}
	for i := range end + 1 {
		// b_i (3 theta^2 - 2 theta^3), and the slopes at both ends.
		var p [3]*big.Rat
		b := new(big.Rat)
		if i < s {
			b = rat(e.B[i])
		}
		p[0] = new(big.Rat)
		p[1] = new(big.Rat).Mul(big.NewRat(3, 1), b)
		p[2] = new(big.Rat).Mul(big.NewRat(-2, 1), b)
		add := func(r int, v int64) { p[r].Add(p[r], big.NewRat(v, 1)) }
		if i == 0 {
			add(0, 1)
			add(1, -2)
			add(2, 1)
		}
		if i == end {
			add(1, -1)
			add(2, 1)
		}
		d.B = append(d.B, []string{p[0].RatString(), p[1].RatString(), p[2].RatString()})
	}
	return d
}

// rat parses a coefficient.
func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(fmt.Sprintf("mtkc: bug: %q is no number", s))
	}
	return r
}

// floats rounds each entry once.
func floats(v []string) []float64 {
	f := make([]float64, len(v))
	for i, s := range v {
		f[i], _ = rat(s).Float64()
	}
	return f
}
