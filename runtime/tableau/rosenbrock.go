package tableau

import (
	"math"
	"math/big"
	"math/cmplx"
)

// Rosenbrock is a linearly implicit method in the form without products by the Jacobian:
// with W = M/(h gamma) - J,
//
//	W u_i = f(t + c_i h, y + sum_j A_ij u_j) + M sum_j (C_ij/h) u_j + h d_i f_t,
//	y1 = y + sum_i b_i u_i,   error = sum_i btilde_i u_i,
//	y(t + theta h) = (1-theta) y + theta (y1 + (1-theta) (K_1 + theta (K_2 + ...))),
//
// K_r = sum_i H_ri u_i. Hairer, Wanner, Solving ODEs II, IV.7.
type Rosenbrock struct {
	Name      string
	Order     int
	Embedded  int `json:"embedded_order"` // 0: no error estimate
	Reference string

	Gamma  string     `json:"gamma"`
	A      [][]string `json:"A"` // row i has i entries
	C      [][]string `json:"C"`
	Nodes  []string   `json:"c"`
	D      []string   `json:"d"`
	B      []string   `json:"b"`
	BTilde []string   `json:"btilde"`
	H      [][]string `json:"H"` // nil: no interpolant of its own

	// Standard is the same method as
	//
	//	k_i = f(y + h sum alpha_ij k_j) + h J sum Gamma_ij k_j,   y1 = y + h sum b_i k_i.
	Standard struct {
		Alpha [][]string `json:"alpha"`
		Gamma [][]string `json:"Gamma"` // with its diagonal
		B     []string   `json:"b"`
		BHat  []string   `json:"bhat"`
	} `json:"standard"`
	// DenseStandard is an interpolant over the stages of the standard form, where the paper
	// gives that.
	DenseStandard *struct {
		B     [][]string `json:"b_theta"`
		Order int
	} `json:"dense_standard"`
}

// ReadRosenbrock returns the method of that name.
func ReadRosenbrock(name string) *Rosenbrock {
	r := new(Rosenbrock)
	read(Linear, name, r)
	switch {
	case name == "Rodas3P" || name == "Rodas23W":
		r.H = r.H[:2] // the third row serves an error test of its authors
	case r.H == nil && r.DenseStandard != nil:
		r.H = [][]string{r.transformed()}
	}
	return r
}

// transformed is K_1 of an interpolant of degree 2 over the stages of the standard form:
// those are k = Gamma^-1 u/h, and Gamma^-1 = I/gamma - C.
func (r *Rosenbrock) transformed() []string {
	h := make([]string, len(r.B))
	for j := range h {
		v := new(big.Rat)
		for i, row := range r.DenseStandard.B {
			g := new(big.Rat)
			switch {
			case i == j:
				g.Inv(rat(r.Gamma))
			case i > j:
				g.Neg(rat(r.C[i][j]))
			}
			v.Sub(v, g.Mul(g, rat(row[1])))
		}
		h[j] = v.RatString()
	}
	return h
}

// RosenbrockCoeffs are the coefficients rounded to float64.
type RosenbrockCoeffs struct {
	Gamma    float64
	A, C, H  [][]float64
	Nodes, D []float64
	B, E     []float64 // E: of the error estimate, nil: none
}

// Coeffs converts r.
func (r *Rosenbrock) Coeffs() *RosenbrockCoeffs {
	c := &RosenbrockCoeffs{
		Gamma: floats([]string{r.Gamma})[0],
		A:     matrix(r.A), C: matrix(r.C), H: matrix(r.H),
		Nodes: floats(r.Nodes), D: floats(r.D), B: floats(r.B),
	}
	if r.Embedded > 0 {
		c.E = floats(r.BTilde)
	}
	return c
}

// Stability returns the stability function 1 + z b^T (I - z B)^-1 e, B = alpha + Gamma.
func (r *Rosenbrock) Stability() func(z complex128) complex128 { return r.stability(r.Standard.B) }

// Blind reports that the error estimate vanishes on linear autonomous problems: both
// solutions have the same stability function. So it is with ROS3P and methods made after it.
func (r *Rosenbrock) Blind() bool {
	one, other := r.stability(r.Standard.B), r.stability(r.Standard.BHat)
	for _, z := range []complex128{-1, complex(-0.3, 2)} {
		if cmplx.Abs(one(z)-other(z)) > 1e-9 {
			return false
		}
	}
	return true
}

func (r *Rosenbrock) stability(weights []string) func(z complex128) complex128 {
	alpha, gamma, b := matrix(r.Standard.Alpha), matrix(r.Standard.Gamma), floats(weights)
	x := make([]complex128, len(b))
	return func(z complex128) complex128 {
		sum := complex(0, 0)
		for i := range x {
			v := complex(1, 0)
			for j := range i {
				v += z * complex(alpha[i][j]+gamma[i][j], 0) * x[j]
			}
			x[i] = v / (1 - z*complex(gamma[i][i], 0))
			sum += complex(b[i], 0) * x[i]
		}
		return 1 + z*sum
	}
}

// StabilityClass says whether the method is A-stable, by its stability function on the
// imaginary axis (its poles are at 1/gamma > 0), and L-stable.
func (r *Rosenbrock) StabilityClass() string {
	stability := r.Stability()
	far := cmplx.Abs(stability(complex(-1e8, 0)))
	worst := 0.0
	for y := 1e-2; y < 1e6; y *= 1.05 {
		worst = math.Max(worst, cmplx.Abs(stability(complex(0, y))))
	}
	switch {
	case worst > 1+1e-6 && far < 1e-4:
		return "L(alpha)-stable"
	case worst > 1+1e-6:
		return "A(alpha)-stable"
	case far < 1e-4:
		return "L-stable"
	}
	return "A-stable"
}
