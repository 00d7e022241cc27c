package tableau

import "math/big"

// ERK is an explicit Runge-Kutta method
//
//	k_i = f(t + c_i h, u + h sum_j a_ij k_j),  u1 = u + h sum b_i k_i,
//
// with the embedded solution uhat1 = u + h sum bhat_i k_i for error estimates.
type ERK struct {
	Name      string
	Order     int
	Embedded  int `json:"embedded_order"` // order of BHat, 0: no embedded method
	Reference string

	C    []string
	A    [][]string // row i has i entries
	B    []string
	BHat []string // nil: no embedded method
	// BHat2 is a second embedded method of lower order, for the combined estimate of DOP853
	// (Hairer, Norsett, Wanner, Solving ODEs I, II.10); nil: none.
	BHat2 []string

	Dense *Dense // nil: the cubic Hermite polynomial
}

// Dense is an interpolant u(t + theta h) = u + h sum b_i(theta) k_i, over the
// stages of the method and further ones.
type Dense struct {
	Order int
	C     []string   `json:"c_extra"` // of the further stages
	A     [][]string `json:"A_extra"` // rows of the further stages, over all stages before them
	B     [][]string `json:"b_theta"` // B[i][r] is the coefficient of theta^(r+1) in b_i(theta)
}

// ReadERK returns the explicit method of that name.
func ReadERK(name string) *ERK {
	e := new(ERK)
	read(Explicit, name, e)
	return e
}

// Stages is the number of stages, those of the interpolant not counted.
func (e *ERK) Stages() int { return len(e.B) }

// Coeffs are the coefficients of an ERK rounded to float64.
type Coeffs struct {
	C     []float64   // of all stages, those of the interpolant behind the others
	A     [][]float64 // rows of all stages
	B     []float64
	E     []float64   // b - bhat, rounded once; nil without embedded method
	E2    []float64   // b - bhat2
	Dense [][]float64 // of b_i(theta), one row per stage
	Order int         // of the interpolant
	FSAL  bool        // the last stage is f at the end of the step
}

// Coeffs converts e. The differences b - bhat are formed before rounding.
func (e *ERK) Coeffs() *Coeffs {
	c := &Coeffs{C: floats(e.C), B: floats(e.B)}
	c.A = matrix(e.A)
	c.E, c.E2 = difference(e.B, e.BHat), difference(e.B, e.BHat2)
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
	c.A = append(c.A, matrix(d.A)...)
	c.Dense = matrix(d.B)
	return c
}

// difference is b - bhat, each entry rounded once; nil if there is no bhat.
func difference(b, bhat []string) []float64 {
	if bhat == nil {
		return nil
	}
	d := make([]float64, len(b))
	for i := range b {
		d[i], _ = new(big.Rat).Sub(rat(b[i]), rat(bhat[i])).Float64()
	}
	return d
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
