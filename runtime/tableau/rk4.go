package tableau

// RK4 is the classical method of order 4. It has no error estimate, so its step is
// fixed; between the steps it is a cubic Hermite polynomial.
var RK4 = &ERK{
	Name:      "RK4",
	Order:     4,
	Embedded:  0,
	Reference: "Kutta, Beitrag zur naeherungsweisen Integration totaler Differentialgleichungen, Z. Math. Phys. 46, 1901",
	C: []string{
		"0",
		"1/2",
		"1/2",
		"1",
	},
	A: [][]string{
		{},
		{"1/2"},
		{
			"0",
			"1/2",
		},
		{
			"0",
			"0",
			"1",
		},
	},
	B: []string{
		"1/6",
		"1/3",
		"1/3",
		"1/6",
	},
}
