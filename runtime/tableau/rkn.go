package tableau

import "math/big"

// RKN is an explicit Nystrom method for x” = f(t, x, v), v = x':
//
//	k_i = f(t + c_i h, x + c_i h v + h^2 sum_j a_ij k_j, v + h sum_j abar_ij k_j)
//	x1  = x + h v + h^2 sum b_i k_i,  v1 = v + h sum bp_i k_i,
//
// with embedded solutions from bhat and bphat. Hairer, Norsett, Wanner, Solving ODEs I, II.14.
type RKN struct {
	Name      string
	Order     int
	Embedded  int  `json:"embedded_order"`     // 0: no embedded method
	Velocity  bool `json:"velocity_dependent"` // f may depend on v: there is an Abar
	Reference string

	C     []string
	A     [][]string // row i has i entries
	Abar  [][]string // nil where f may not depend on v
	B, BP []string
	BHat  []string // nil: no embedded method
	BPHat []string // nil: no estimate for v
	Dense *NystromDense
}

// NystromDense is an interpolant
//
//	x(t + theta h) = x + theta h v + (theta h)^2 sum_i (sum_j R_ij theta^j) k_i
//	v(t + theta h) = v + theta h sum_i (sum_j Rp_ij theta^j) k_i,  j from 0.
type NystromDense struct {
	R, Rp [][]string
}

// ReadRKN returns the Nystrom method of that name.
func ReadRKN(name string) *RKN {
	r := new(RKN)
	read(Nystrom, name, r)
	return r
}

// Stages is the number of stages.
func (r *RKN) Stages() int { return len(r.B) }

// FSAL reports whether the last stage is f at the end of the step.
func (r *RKN) FSAL() bool {
	s := r.Stages() - 1
	same := rat(r.C[s]).Cmp(big.NewRat(1, 1)) == 0 && rat(r.B[s]).Sign() == 0 && (!r.Velocity || rat(r.BP[s]).Sign() == 0)
	for j := range s {
		same = same && rat(r.A[s][j]).Cmp(rat(r.B[j])) == 0
		if r.Velocity {
			same = same && rat(r.Abar[s][j]).Cmp(rat(r.BP[j])) == 0
		}
	}
	return same
}

// NystromCoeffs are the coefficients of an RKN rounded to float64.
type NystromCoeffs struct {
	C       []float64
	A, Abar [][]float64
	B, BP   []float64
	E, EP   []float64   // b - bhat and bp - bphat, rounded once; nil: no estimate
	R, Rp   [][]float64 // nil: no interpolant of its own
	FSAL    bool
}

// Coeffs converts r. Differences are formed before rounding.
func (r *RKN) Coeffs() *NystromCoeffs {
	c := &NystromCoeffs{
		C: floats(r.C), A: matrix(r.A), B: floats(r.B), BP: floats(r.BP),
		E: difference(r.B, r.BHat), EP: difference(r.BP, r.BPHat), FSAL: r.FSAL(),
	}
	if r.Velocity {
		c.Abar = matrix(r.Abar)
	}
	if r.Dense != nil {
		c.R, c.Rp = matrix(r.Dense.R), matrix(r.Dense.Rp)
	}
	return c
}
