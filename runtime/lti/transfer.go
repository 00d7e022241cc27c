package lti

import (
	"math"
	"math/cmplx"
	"slices"
	"strconv"
	"strings"
)

// Transfer is the transfer function of one channel,
//
//	Gain * prod(s - Zeros) / prod(s - Poles) = Num(s) / Den(s),
//
// in lowest terms. Coefficients stand with the highest power first; Den is monic. The
// factored form is the accurate one; Num and Den are nil where coefficients overflow.
type Transfer struct {
	Zeros, Poles []complex128
	Gain         float64
	Num, Den     []float64
}

// TransferFunction is that from input j to output i. Poles and zeros are eigenvalues of
// the minimal part of the channel; no polynomial is ever solved.
func (s *System) TransferFunction(i, j int) *Transfer {
	c := s.Channel(i, j)
	t := &Transfer{Num: []float64{0}, Den: []float64{1}}
	m := c.Minimal()
	if m.N() == 0 && m.D.IsZero() && len(m.Improper) == 0 {
		return t
	}
	t.Poles = m.Poles()
	zeros, err := m.Zeros()
	if err != nil { // it is no more than rounding
		t.Poles = nil
		return t
	}
	t.Zeros = zeros
	// The gain from the value far from all roots.
	far := 0.0
	for _, r := range [][]complex128{t.Poles, t.Zeros} {
		for _, z := range r {
			far = max(far, 2*cmplx.Abs(z))
		}
	}
	if far == 0 {
		far = 1
	}
	k := m.At(complex(far, 0))[0]
	for _, z := range t.Zeros {
		k /= complex(far, 0) - z
	}
	for _, p := range t.Poles {
		k *= complex(far, 0) - p
	}
	t.Gain = real(k)
	t.Num, t.Den = polynomial(t.Zeros), polynomial(t.Poles)
	for i := range t.Num {
		t.Num[i] *= t.Gain
	}
	for _, c := range slices.Concat(t.Num, t.Den) {
		if c-c != 0 {
			t.Num, t.Den = nil, nil
			break
		}
	}
	return t
}

// At is the value at z.
func (t *Transfer) At(z complex128) complex128 {
	g := complex(t.Gain, 0)
	// Alternate, so that the product stays in range.
	for i := range max(len(t.Zeros), len(t.Poles)) {
		if i < len(t.Zeros) {
			g *= z - t.Zeros[i]
		}
		if i < len(t.Poles) {
			g /= z - t.Poles[i]
		}
	}
	return g
}

// polynomial is the monic polynomial with these roots, which come in complex pairs.
func polynomial(roots []complex128) []float64 {
	c := []float64{1}
	for k := 0; k < len(roots); k++ {
		r := roots[k]
		if imag(r) == 0 {
			c = append(c, 0)
			for i := len(c) - 1; i > 0; i-- {
				c[i] -= real(r) * c[i-1]
			}
			continue
		}
		if imag(r) < 0 {
			continue // its partner stands for both
		}
		b, d := -2*real(r), real(r)*real(r)+imag(r)*imag(r)
		c = append(c, 0, 0)
		for i := len(c) - 1; i > 0; i-- {
			c[i] += b * c[i-1]
			if i > 1 {
				c[i] += d * c[i-2]
			}
		}
	}
	return c
}

// String is the quotient of polynomials, with six digits. A coefficient that is rounding,
// beside the others at the magnitude of the largest root, is left out.
func (t *Transfer) String() string {
	n, d := polyString(t.Num, t.Zeros), polyString(t.Den, t.Poles)
	if d == "1" {
		return n
	}
	group := func(s string) string {
		if strings.ContainsAny(s, " *") {
			return "(" + s + ")"
		}
		return s
	}
	return group(n) + "/" + group(d)
}

func polyString(c []float64, roots []complex128) string {
	var b strings.Builder
	far := 0.0
	for _, r := range roots {
		far = max(far, cmplx.Abs(r))
	}
	for i, v := range c {
		pow := len(c) - 1 - i
		if v == 0 || math.Abs(v) < 1e-15*math.Abs(c[0])*math.Pow(far, float64(i)) {
			continue
		}
		switch {
		case b.Len() == 0 && v < 0:
			b.WriteString("-")
		case b.Len() > 0 && v < 0:
			b.WriteString(" - ")
		case b.Len() > 0:
			b.WriteString(" + ")
		}
		k := strconv.FormatFloat(math.Abs(v), 'g', 6, 64)
		if pow == 0 || k != "1" {
			b.WriteString(k)
			if pow > 0 {
				b.WriteString("*")
			}
		}
		if pow > 0 {
			b.WriteString("s")
		}
		if pow > 1 {
			b.WriteString("^" + strconv.Itoa(pow))
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}
