package tableau

import (
	"math"
	"math/big"
	"math/cmplx"
	"strconv"
	"strings"
	"testing"
)

// power is x^p, exactly; 0^0 is 1.
func integerPower(x int64, p int) *big.Rat {
	v := big.NewInt(1)
	for range p {
		v.Mul(v, big.NewInt(x))
	}
	return new(big.Rat).SetInt(v)
}

// defect is what the formula leaves of u = t^p, t counted in steps from the new point:
// sum alpha_j (-j)^p - p sum beta_j (-j)^(p-1).
func defect(alpha, beta []*big.Rat, p int) *big.Rat {
	d := new(big.Rat)
	for j, a := range alpha {
		d.Add(d, new(big.Rat).Mul(a, integerPower(-int64(j), p)))
	}
	if p > 0 {
		for j, b := range beta {
			x := new(big.Rat).Mul(b, integerPower(-int64(j), p-1))
			d.Sub(d, x.Mul(x, big.NewRat(int64(p), 1)))
		}
	}
	return d
}

func rats(text []string) []*big.Rat {
	r := make([]*big.Rat, len(text))
	for i, s := range text {
		r[i] = rat(s)
	}
	return r
}

// formula gives alpha and beta counted back from the new point.
func (m *Multi) formula() (alpha, beta []*big.Rat) {
	switch {
	case strings.HasPrefix(m.Name, "AdamsBashforth"):
		return []*big.Rat{big.NewRat(1, 1), big.NewRat(-1, 1)}, append([]*big.Rat{new(big.Rat)}, rats(m.Beta)...)
	case m.Beta != nil:
		return []*big.Rat{big.NewRat(1, 1), big.NewRat(-1, 1)}, rats(m.Beta)
	}
	return rats(m.Alpha), []*big.Rat{rat(m.Beta0)}
}

// The order conditions hold exactly up to the order stated, and not for the next; the
// error constant is that of the next.
func TestMultistepOrder(t *testing.T) {
	for _, name := range Names(Multistep) {
		m := ReadMultistep(name)
		alpha, beta := m.formula()
		factorial := big.NewRat(1, 1)
		for p := 0; p <= m.Order; p++ {
			if d := defect(alpha, beta, p); d.Sign() != 0 {
				t.Errorf("%s: order %d is violated by %s", name, p, d)
			}
			factorial.Mul(factorial, big.NewRat(int64(p+1), 1))
		}
		d := defect(alpha, beta, m.Order+1)
		if d.Sign() == 0 {
			t.Errorf("%s has order %d, more than it states", name, m.Order+1)
		}
		if m.ErrorConstant != "" {
			d.Quo(d, factorial)
			if c := rat(m.ErrorConstant); d.Abs(d).Cmp(c.Abs(c)) != 0 {
				t.Errorf("%s: error constant %s, stated %s", name, d, m.ErrorConstant)
			}
		}
	}
}

// The explicit parts of SBDF extrapolate to the new point with the order of the method.
func TestMultistepSemiImplicit(t *testing.T) {
	n := 0
	for _, name := range Names(Multistep) {
		m := ReadMultistep(name)
		if m.ExplicitBeta == nil {
			continue
		}
		n++
		for p := 0; p < m.Order; p++ {
			d := new(big.Rat)
			for j, b := range rats(m.ExplicitBeta) {
				d.Add(d, new(big.Rat).Mul(b, integerPower(-int64(j+1), p)))
			}
			if d.Cmp(integerPower(0, p)) != 0 {
				t.Errorf("%s: the extrapolation of t^%d gives %s", name, p, d)
			}
		}
	}
	if n != 6 {
		t.Errorf("%d formulas with an explicit part", n)
	}
}

// Numerical differentiation formulas are backward differentiation and kappa gamma times
// the difference of order+1.
func TestMultistepNDF(t *testing.T) {
	for k := 1; k <= 5; k++ {
		q := strconv.Itoa(k)
		b, n := ReadMultistep("BDF"+q), ReadMultistep("NDF"+q)
		gamma := new(big.Rat)
		for j := 1; j <= k; j++ {
			gamma.Add(gamma, big.NewRat(1, int64(j)))
		}
		if gamma.Cmp(rat(n.Gamma)) != 0 || gamma.Cmp(rat(b.Gamma)) != 0 {
			t.Errorf("order %d: gamma is %s, stated %s and %s", k, gamma, n.Gamma, b.Gamma)
		}
		x := gamma.Mul(gamma, rat(n.Kappa))
		for j, a := range rats(n.Alpha) {
			want := new(big.Rat)
			if j < len(b.Alpha) {
				want = rat(b.Alpha[j])
			}
			c := new(big.Rat).SetInt(new(big.Int).Binomial(int64(k+1), int64(j)))
			if j%2 == 1 {
				c.Neg(c)
			}
			// The correction enters with the sign of the paper: minus on the left.
			want.Sub(want, c.Mul(c, x))
			if a.Cmp(want) != 0 {
				t.Errorf("order %d: alpha_%d is %s, want %s", k, j, a, want)
			}
		}
	}
}

// angle is the largest alpha, in degrees, such that the formula is A(alpha)-stable: the
// sector around the negative real axis that the root locus rho(w)/sigma(w), |w| = 1, stays out
// of.
func angle(alpha, beta []float64) float64 {
	at := func(theta float64) float64 {
		w := cmplx.Exp(complex(0, -theta))
		var rho, sigma complex128
		p := complex(1, 0)
		for j := range max(len(alpha), len(beta)) {
			if j < len(alpha) {
				rho += complex(alpha[j], 0) * p
			}
			if j < len(beta) {
				sigma += complex(beta[j], 0) * p
			}
			p *= w
		}
		z := rho / sigma
		if real(z) >= 0 {
			return math.Pi / 2
		}
		return math.Pi - math.Abs(cmplx.Phase(z))
	}
	best, where := math.Pi/2, 0.0
	const n = 20000
	for i := 1; i <= n; i++ {
		theta := math.Pi * float64(i) / n
		if theta < 0.01 {
			continue // there z = i theta to within rounding of the sum
		}
		if a := at(theta); a < best {
			best, where = a, theta
		}
	}
	lo, hi := where-math.Pi/n, where+math.Pi/n
	for range 100 {
		a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
		if at(a) < at(b) {
			hi = b
		} else {
			lo = a
		}
	}
	return math.Min(best, at((lo+hi)/2)) * 180 / math.Pi
}

func TestMultistepAngles(t *testing.T) {
	n := 0
	for _, name := range Names(Multistep) {
		m := ReadMultistep(name)
		if m.Angle == "" {
			continue
		}
		n++
		want, err := strconv.ParseFloat(m.Angle, 64)
		if err != nil {
			t.Fatal(err)
		}
		c := m.Coeffs()
		// The tables give two decimals.
		if a := angle(c.Alpha, []float64{c.Beta0}); math.Abs(a-want) > 0.0051 {
			t.Errorf("%s: A(alpha) for alpha = %.3f degrees, stated %s", name, a, m.Angle)
		}
	}
	if n < 11 {
		t.Errorf("%d formulas state their angle, want BDF1..6 and NDF1..5", n)
	}
}
