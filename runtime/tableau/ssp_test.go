package tableau

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"
)

// sspCoefficients are the radii of absolute monotonicity that the literature gives: Gottlieb, Ketcheson,
// Shu, Strong Stability Preserving Runge-Kutta and Multistep Time Discretizations, 2011
// (s - 1 for order 2; 4 stages of order 3: 2, n^2 of order 3: n^2 - n, SSPRK104: 6); Ruuth, Math. Comp.
// 75, 2006 (five to eight stages of order 3, SSPRK54); Spiteri and Ruuth 2002; for the 2N forms
// Ruuth's low-storage ones.
var sspCoefficients = map[string]float64{
	"SSPRK22": 1, "SSPRK32": 2, "SSPRK42": 3, "SSPRK52": 4, "SSPRK33": 1, "SSPRK43": 2, "SSPRK93": 6, "SSPRK104": 6,
	"SSPRK53": 2.65, "SSPRK53_H": 2.65, "SSPRK53_2N1": 2.18, "SSPRK53_2N2": 2.148, "SSPRK63": 3.518, "SSPRK73": 4.2879, "SSPRK83": 5.107,
	"SSPRK54": 1.508,
}

// monotone reports whether the method is absolutely monotonic at -r (Kraaijevanger 1991): with K the
// array and the weights below it, K (I + r K)^-1 >= 0 and r K (I + r K)^-1 e <= 1.
func monotone(e *ERK, r float64) bool {
	s := e.Stages()
	k := make([][]float64, s+1)
	for i := range k {
		k[i] = make([]float64, s+1)
		if i == s {
			copy(k[i], floats(e.B))
		} else {
			copy(k[i], floats(e.A[i]))
		}
	}
	const slack = 1e-12 // of coefficients with 15 digits
	// X = K (I + r K)^-1 = K - r X K, by columns from the last: K is lower triangular.
	x := make([][]float64, s+1)
	for i := range x {
		x[i] = make([]float64, s+1)
		sum := 0.0
		for j := s; j >= 0; j-- {
			v := k[i][j]
			for m := j + 1; m <= s; m++ {
				v -= r * x[i][m] * k[m][j]
			}
			x[i][j] = v
			sum += v
			if v < -slack {
				return false
			}
		}
		if r*sum > 1+slack {
			return false
		}
	}
	return true
}

func TestSSPCoefficients(t *testing.T) {
	for _, e := range all {
		want, ok := sspCoefficients[e.Name]
		if !ok {
			continue
		}
		lo, hi := 0.0, 20.0
		for range 50 {
			if mid := (lo + hi) / 2; monotone(e, mid) {
				lo = mid
			} else {
				hi = mid
			}
		}
		// The literature rounds to three or four digits.
		if math.Abs(lo-want) > 1e-3*want {
			t.Errorf("%s: SSP coefficient %.5g, want %g", e.Name, lo, want)
		}
	}
}

// The Shu-Osher forms of the tables are those of their Butcher arrays: u_i is the sum of
// alpha_ij u_j + beta_ij h f(u_j), all of them at least 0, and the least alpha/beta is the SSP
// coefficient.
func TestShuOsher(t *testing.T) {
	seen := 0
	for _, e := range all {
		var table struct {
			Form map[string]string `json:"shu_osher"`
		}
		read(Explicit, e.Name, &table)
		if table.Form == nil {
			continue
		}
		seen++
		s := e.Stages()
		alpha, beta := make([][]*big.Rat, s+1), make([][]*big.Rat, s+1)
		for i := range alpha {
			for range s + 1 {
				alpha[i], beta[i] = append(alpha[i], new(big.Rat)), append(beta[i], new(big.Rat))
			}
		}
		for key, v := range table.Form {
			_, size := utf8.DecodeRuneInString(key)
			i, j := int(key[size]-'0'), int(key[size+1]-'0')
			if strings.HasPrefix(key, "α") {
				alpha[i][j].Set(rat(v))
			} else {
				beta[i][j].Set(rat(v))
			}
		}
		least := math.Inf(1)
		rows := make([][]*big.Rat, s+1)
		for i := range rows {
			for range s {
				rows[i] = append(rows[i], new(big.Rat))
			}
			sum := new(big.Rat)
			for _, a := range alpha[i] {
				sum.Add(sum, a)
			}
			if i > 0 && sum.Sign() == 0 {
				alpha[i][i-1].SetInt64(1) // left out where it is alone
			}
			for j := range i {
				for m := range s {
					rows[i][m].Add(rows[i][m], new(big.Rat).Mul(alpha[i][j], rows[j][m]))
				}
				rows[i][j].Add(rows[i][j], beta[i][j])
				a, _ := alpha[i][j].Float64()
				b, _ := beta[i][j].Float64()
				if a < 0 || b < 0 {
					t.Errorf("%s: negative entry %d, %d", e.Name, i, j)
				}
				if b > 0 {
					least = min(least, a/b)
				}
			}
			want := e.B
			if i < s {
				want = e.A[i]
			}
			for j, v := range want {
				// 15 digits in both.
				if d, _ := new(big.Rat).Sub(rows[i][j], rat(v)).Float64(); math.Abs(d) > 1e-14 {
					t.Errorf("%s: entry %d, %d of the array differs by %.3g", e.Name, i, j, d)
				}
			}
		}
		if want := sspCoefficients[e.Name]; math.Abs(least-want) > 1e-3*want {
			t.Errorf("%s: least alpha/beta %.5g, want %g", e.Name, least, want)
		}
	}
	if seen != 8 {
		t.Errorf("%d tables have a Shu-Osher form, want 8", seen)
	}
}
