package tableau

import "math/big"

// SBDF is an implicit-explicit multistep formula with constant step h,
//
//	sum_{j=0}^{k} alpha_j u_{n+1-j} = h (beta0 f_I(u_{n+1}) + sum_{j=1}^{k} beta_j f_E(u_{n+1-j})):
//
// the backward differentiation formula for f_I, with f_E extrapolated.
type SBDF struct {
	Name      string
	Order     int
	Reference string

	Alpha []string // Order+1 entries
	Beta0 string
	Beta  []string `json:"explicit_beta"` // Order entries
}

// ReadSBDF returns the formula of that name, SBDF1 to SBDF6.
func ReadSBDF(name string) *SBDF {
	s := new(SBDF)
	read(Multistep, name, s)
	return s
}

// Coeffs are the coefficients for alpha_0 = 1, each rounded once.
func (s *SBDF) Coeffs() (alpha []float64, beta0 float64, beta []float64) {
	lead := new(big.Rat).Inv(rat(s.Alpha[0]))
	scaled := func(v string) float64 {
		x, _ := new(big.Rat).Mul(rat(v), lead).Float64()
		return x
	}
	for _, v := range s.Alpha {
		alpha = append(alpha, scaled(v))
	}
	for _, v := range s.Beta {
		beta = append(beta, scaled(v))
	}
	return alpha, scaled(s.Beta0), beta
}
