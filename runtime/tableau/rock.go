package tableau

import "strconv"

// Rock is a stabilised explicit method of the ROCK kind: one table for each of a
// series of degrees. A step of degree d makes d stages of the three-term recurrence
//
//	g_0 = u,  g_1 = u + rec[0] h f(g_0),
//	g_j = mu_j h f(g_(j-1)) + (1 + kappa_j) g_(j-1) - kappa_j g_(j-2),  mu_j = rec[2j-3], kappa_j = rec[2j-2],
//
// and finishes from g = g_d with two stages (order 2) or four (order 4).
type Rock struct {
	Name      string
	Order     int
	Embedded  int `json:"embedded_order"` // 0: the method of order 2 has its estimate of order 1 built in
	Reference string

	Tables []RockTable // by ascending degree
}

// RockTable is the table of one degree.
//
// Order 2: w = g + Fp1 h f(g), u1 = w + Fp1 h f(w) + Fp2 h (f(w) - f(g)).
//
// Order 4, with the rows (Fpa[0]), (Fpa[1], Fpa[2]), (Fpa[3], Fpa[4], Fpa[5]) of an explicit
// Runge-Kutta method that starts from g: u1 = g + h sum Fpb_i k_i, and embedded
// g + h sum Fpbe_i k_i, the fifth k being f(u1).
type RockTable struct {
	Degree, Stages int
	Rec            []string
	Fp1, Fp2       string   // order 2
	Fpa, Fpb, Fpbe []string // order 4
}

// ReadRock returns the stabilised method of that name.
func ReadRock(name string) *Rock {
	r := new(Rock)
	read(Stabilised, name, r)
	return r
}

// RockCoeffs are the coefficients of a RockTable rounded to float64, as they are used.
type RockCoeffs struct {
	Degree, Stages int
	Mu, Kappa      []float64 // [1] is rec[0] and 0; [j] of stage j; len Degree+1
	C              []float64 // f of stage j is that at t + C[j] h, len Degree+1
	Fp1, Fp2       float64
	A              [3][3]float64 // rows of the finishing method of order 4
	AC             [3]float64    // its times, of stages 2 to 4
	B, E           []float64     // weights, and weights less embedded ones (five)
}

// Coeffs converts t.
func (t *RockTable) Coeffs() *RockCoeffs {
	d := t.Degree
	c := &RockCoeffs{Degree: d, Stages: t.Stages, Mu: make([]float64, d+1), Kappa: make([]float64, d+1), C: make([]float64, d+1)}
	c.Mu[1] = decimal(t.Rec[0])
	c.C[1] = c.Mu[1]
	for j := 2; j <= d; j++ {
		c.Mu[j], c.Kappa[j] = decimal(t.Rec[2*j-3]), decimal(t.Rec[2*j-2])
		c.C[j] = c.Mu[j] + (1+c.Kappa[j])*c.C[j-1] - c.Kappa[j]*c.C[j-2]
	}
	if t.Fp1 != "" {
		c.Fp1, c.Fp2 = decimal(t.Fp1), decimal(t.Fp2)
		return c
	}
	for i, n := 0, 0; i < 3; i++ {
		c.AC[i] = c.C[d]
		for j := range i + 1 {
			c.A[i][j] = decimal(t.Fpa[n])
			c.AC[i] += c.A[i][j]
			n++
		}
	}
	for _, s := range t.Fpb {
		c.B = append(c.B, decimal(s))
	}
	for i, s := range t.Fpbe {
		e := -decimal(s)
		if i < len(c.B) {
			e += c.B[i]
		}
		c.E = append(c.E, e)
	}
	return c
}

// decimal rounds a decimal number once. The tables have ten thousand.
func decimal(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("mtkc: bug: tableau: " + err.Error())
	}
	return v
}
