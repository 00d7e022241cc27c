package tableau

// Multi is a linear multistep formula with constant steps, counted back from the new point:
//
//	sum_j alpha_j u_{n+1-j} = h (beta_0 f_{n+1} + sum_{j>=1} beta_j f_{n+1-j})
//
// Backward differentiation and numerical differentiation formulas have alpha and beta_0;
// Adams formulas have u_{n+1} - u_n on the left and beta: of Adams-Bashforth from f_n on, of
// Adams-Moulton from f_{n+1} on. The semi-implicit formulas SBDF take the stiff part of f at the new
// point, and the rest at the points before it by ExplicitBeta.
type Multi struct {
	Name         string   `json:"name"`
	Order        int      `json:"order"`
	Steps        int      `json:"steps"` // of Adams formulas: how many points back they reach
	Alpha        []string `json:"alpha"`
	Beta0        string   `json:"beta0"`
	Beta         []string `json:"beta"`
	ExplicitBeta []string `json:"explicit_beta"`

	Kappa string `json:"kappa"` // of numerical differentiation formulas: what multiplies gamma times the correction
	Gamma string `json:"gamma"` // 1 + 1/2 + ... + 1/order

	ErrorConstant string `json:"error_constant"`  // times h^(order+1) u^(order+1) is the residual of the formula; signs differ by family
	Angle         string `json:"A_alpha_degrees"` // A(alpha)-stability: alpha in degrees
	Reference     string `json:"reference"`
}

// ReadMultistep reads the formula of that name.
func ReadMultistep(name string) *Multi {
	m := new(Multi)
	read(Multistep, name, m)
	return m
}

// MultiCoeffs are the coefficients of a formula in float64.
type MultiCoeffs struct {
	Alpha        []float64
	Beta         []float64
	ExplicitBeta []float64
	Beta0        float64
	Kappa        float64
	Error        float64
}

// Coeffs rounds the coefficients, each once.
func (m *Multi) Coeffs() *MultiCoeffs {
	c := &MultiCoeffs{Alpha: floats(m.Alpha), Beta: floats(m.Beta), ExplicitBeta: floats(m.ExplicitBeta)}
	for _, v := range []struct {
		text string
		to   *float64
	}{{m.Beta0, &c.Beta0}, {m.Kappa, &c.Kappa}, {m.ErrorConstant, &c.Error}} {
		if v.text != "" {
			*v.to, _ = rat(v.text).Float64()
		}
	}
	return c
}
