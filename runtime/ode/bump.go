package ode

import "math/big"

// bump are the corrections of a Hermite polynomial on [0, 1] that touch neither end,
//
//	(theta (1-theta))^power sum_i c_i(2 theta - 1) r_i,
//
// such that the derivative of order deriv is r_i at point i.
type bump struct {
	power int
	at    []float64   // points
	c     [][]float64 // coefficients of c_i, the lowest first
}

// newBump computes the corrections for points at those hundredths of the step and their
// mirror images, exactly, and rounds them once.
func newBump(power, deriv int, hundredths ...int64) *bump {
	var at []*big.Rat
	for _, k := range hundredths {
		at = append(at, big.NewRat(k, 100))
	}
	for i := len(hundredths) - 1; i >= 0; i-- {
		at = append(at, big.NewRat(100-hundredths[i], 100))
	}
	// With z = 2 theta - 1, w = (1-z^2)^power/4^power = (theta (1-theta))^power: the
	// derivatives of w z^r by theta, 2^deriv times those by z, at the points are the
	// matrix whose inverse holds the coefficients.
	n := len(at)
	m := make([][]*big.Rat, n) // with the identity behind it
	for i, t := range at {
		z := new(big.Rat).Sub(new(big.Rat).Add(t, t), big.NewRat(1, 1))
		m[i] = make([]*big.Rat, 2*n)
		for r := range n {
			sum := new(big.Rat)
			binomial := int64(1)
			for k := range power + 1 {
				if d := r + 2*k; d >= deriv {
					num := binomial << deriv
					if k&1 == 1 {
						num = -num
					}
					for q := range deriv {
						num *= int64(d - q)
					}
					term := big.NewRat(num, 1<<(2*power))
					for range d - deriv {
						term.Mul(term, z)
					}
					sum.Add(sum, term)
				}
				binomial = binomial * int64(power-k) / int64(k+1)
			}
			m[i][r] = sum
			m[i][n+r] = new(big.Rat)
		}
		m[i][n+i].SetInt64(1)
	}
	for k := range n { // Gauss and Jordan
		p := k
		for p < n && m[p][k].Sign() == 0 {
			p++
		}
		if p == n {
			panic("mtkc: bug: the points of an interpolant do not determine it")
		}
		m[k], m[p] = m[p], m[k]
		inv := new(big.Rat).Inv(m[k][k])
		for j := range m[k] {
			m[k][j] = new(big.Rat).Mul(m[k][j], inv)
		}
		for i := range n {
			if f := m[i][k]; i != k && f.Sign() != 0 {
				for j := range m[i] {
					m[i][j] = new(big.Rat).Sub(m[i][j], new(big.Rat).Mul(f, m[k][j]))
				}
			}
		}
	}
	b := &bump{power: power, c: make([][]float64, n)}
	for i, t := range at {
		f, _ := t.Float64()
		b.at = append(b.at, f)
		for r := range n {
			f, _ := m[r][n+i].Float64()
			b.c[i] = append(b.c[i], f)
		}
	}
	return b
}

// weights writes the weights of the r_i at theta, and their derivatives by theta.
func (b *bump) weights(theta float64, w, dw []float64) {
	z := 2*theta - 1
	p := theta * (1 - theta)
	lower := 1.0 // p^(power-1)
	for range b.power - 1 {
		lower *= p
	}
	for i, c := range b.c {
		v, dv := 0.0, 0.0
		for r := len(c) - 1; r >= 0; r-- {
			dv = dv*z + v
			v = v*z + c[r]
		}
		w[i], dw[i] = lower*p*v, lower*(2*p*dv-float64(b.power)*z*v)
	}
}
