package tableau

import (
	"math/big"
	"strings"
)

// Low is an explicit Runge-Kutta method that runs in few registers of the size of the
// state, by the recurrence of its form:
//
//	2N   (Williamson)  S = A_i S + h f(y),  y = y + B_i S
//	2C   (Calvo)       k = f(y + A_i h k'),  y = y + B_i h k,  k' being the k before; y = u + B_0 h k_0 at first
//	3S   (Ketcheson)   S2 = u, S1 = u + beta_0 h f(u); then, with k = f(S1), S2 = S2 + delta_i S1,
//	                   S1 = gamma1_i S1 + gamma2_i S2 + gamma3_i u + beta_i h k; 3S+ with an embedded method
//	nR+  (Kennedy, Carpenter, Lewis)  k_(i+1) = f(u_(i-n+1) + h (A1_i k_i + ... + A(n-1)_i k_(i-n+2))),
//	                   u_m = u + h (B_1 k_1 + ... + B_m k_m), of numbers from 1, the solution being u_s
type Low struct {
	Name      string
	Order     int
	Embedded  int `json:"embedded_order"` // order of BHat, 0: no embedded method
	Stages    int
	FSAL      bool // the last stage is f at the end of the step, for BHat alone
	Form      string
	Reference string

	Coefficients struct {
		A, B                   []string // 2N, 2C; B of nR+
		Gamma1, Gamma2, Gamma3 []string // 3S
		Delta, Beta            []string
		A1, A2, A3, A4         []string // nR+, s-1 entries each
		BHatR                  []string `json:"Bhat"`
	}
	C       []string
	Butcher struct {
		A [][]string
		B []string
	}
	BHat []string // of the embedded method, nil: none
}

// ReadLow returns the low-storage method of that name.
func ReadLow(name string) *Low {
	l := new(Low)
	read(LowStorage, name, l)
	return l
}

// LowForm is the form of a Low.
type LowForm uint8

const (
	Williamson LowForm = iota // 2N
	Calvo                     // 2C
	Ketcheson                 // 3S, 3S+
	Kennedy                   // nR+
)

// LowCoeffs are the coefficients of a Low rounded to float64.
type LowCoeffs struct {
	Form        LowForm
	Stages      int
	C           []float64
	A, B        []float64
	G1, G2, G3  []float64
	Delta, Beta []float64
	R           [][]float64 // of nR+: A1, A2, ... by stage: R[i-1][j] is the coefficient of k_(i-j) in stage i+1
	E           []float64   // b - bhat; nil without embedded method. With FSAL one more
	FSAL        bool
}

// Coeffs converts l. The differences b - bhat are formed before rounding, with the
// weights of the form itself.
func (l *Low) Coeffs() *LowCoeffs {
	k := &l.Coefficients
	rows, b := l.Expand()
	c := &LowCoeffs{Stages: l.Stages, FSAL: l.FSAL}
	for _, row := range rows {
		sum := new(big.Rat)
		for _, v := range row {
			sum.Add(sum, v)
		}
		v, _ := sum.Float64()
		c.C = append(c.C, v)
	}
	switch {
	case strings.HasPrefix(l.Form, "2N"):
		c.Form, c.A, c.B = Williamson, floats(k.A), floats(k.B)
	case strings.HasPrefix(l.Form, "2C"):
		c.Form, c.A, c.B = Calvo, floats(k.A), floats(k.B)
	case strings.HasPrefix(l.Form, "3S"):
		c.Form = Ketcheson
		c.G1, c.G2, c.G3 = floats(k.Gamma1), floats(k.Gamma2), floats(k.Gamma3)
		c.Delta, c.Beta = floats(k.Delta), floats(k.Beta)
		c.Stages = len(c.Beta)
	default:
		c.Form, c.B = Kennedy, floats(k.B)
		for i := range l.Stages - 1 {
			var row []float64
			for j, a := range [][]string{k.A1, k.A2, k.A3, k.A4} {
				if a != nil {
					if j > i { // there is no such stage
						row = append(row, 0)
						continue
					}
					row = append(row, floats(a[i : i+1])[0])
				}
			}
			c.R = append(c.R, row)
		}
	}
	if l.BHat != nil {
		for i, s := range l.BHat {
			v, _ := new(big.Rat).Sub(b[i], rat(s)).Float64()
			c.E = append(c.E, v)
		}
	}
	return c
}

// Expand returns the Butcher array of the form, exactly.
func (l *Low) Expand() (a [][]*big.Rat, b []*big.Rat) {
	s := l.Stages
	k := &l.Coefficients
	zero := func() []*big.Rat {
		v := make([]*big.Rat, s)
		for i := range v {
			v[i] = new(big.Rat)
		}
		return v
	}
	// v += c w, over the stages.
	add := func(v []*big.Rat, c *big.Rat, w []*big.Rat) {
		for i := range v {
			v[i].Add(v[i], new(big.Rat).Mul(c, w[i]))
		}
	}
	unit := func(i int) []*big.Rat {
		v := zero()
		v[i].SetInt64(1)
		return v
	}
	keep := func(v []*big.Rat) []*big.Rat {
		w := zero()
		for i := range v {
			w[i].Set(v[i])
		}
		return w
	}
	y := zero()
	switch {
	case strings.HasPrefix(l.Form, "2N"):
		acc := zero()
		for i := range s {
			a = append(a, keep(y))
			next := unit(i)
			add(next, rat(k.A[i]), acc)
			acc = next
			add(y, rat(k.B[i]), acc)
		}
	case strings.HasPrefix(l.Form, "2C"):
		for i := range s {
			row := keep(y)
			if i > 0 {
				row[i-1].Add(row[i-1], rat(k.A[i]))
			}
			a = append(a, row)
			add(y, rat(k.B[i]), unit(i))
		}
	case strings.HasPrefix(l.Form, "3S"):
		// Registers are u times a factor plus the stages: the factors of a consistent method
		// make 1 of S1, so the part of u in S2 is all there is to know of it.
		f1, f2 := big.NewRat(1, 1), big.NewRat(1, 1)
		s2 := zero()
		a = append(a, zero())
		add(y, rat(k.Beta[0]), unit(0))
		for i := 1; i < len(k.Beta); i++ {
			a = append(a, keep(y))
			add(s2, rat(k.Delta[i]), y)
			f2.Add(f2, new(big.Rat).Mul(rat(k.Delta[i]), f1))
			next := zero()
			add(next, rat(k.Gamma1[i]), y)
			add(next, rat(k.Gamma2[i]), s2)
			add(next, rat(k.Beta[i]), unit(i))
			f := new(big.Rat).Mul(rat(k.Gamma1[i]), f1)
			f.Add(f, new(big.Rat).Mul(rat(k.Gamma2[i]), f2))
			f1 = f.Add(f, rat(k.Gamma3[i]))
			y = next
		}
		if l.FSAL {
			a = append(a, keep(y))
		}
	default:
		rows := [][]string{k.A1, k.A2, k.A3, k.A4}
		n := 1
		for _, r := range rows {
			if r != nil {
				n++
			}
		}
		a = append(a, zero())
		for i := 1; i < s; i++ { // stage i+1
			row := zero()
			for j := range max(0, i-n+1) {
				add(row, rat(k.B[j]), unit(j))
			}
			for j, r := range rows {
				if m := i - 1 - j; r != nil && m >= 0 {
					add(row, rat(r[i-1]), unit(m))
				}
			}
			a = append(a, row)
		}
		for j, v := range k.B {
			add(y, rat(v), unit(j))
		}
	}
	return a, y
}
