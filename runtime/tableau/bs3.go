package tableau

// BS3 is the pair of order 3(2) of Bogacki and Shampine; between the steps it is a
// cubic Hermite polynomial.
var BS3 = &ERK{
	Name:      "BS3",
	Order:     3,
	Embedded:  2,
	Reference: "Bogacki, Shampine, A 3(2) pair of Runge-Kutta formulas, Appl. Math. Lett. 2, 1989",
	C: []string{
		"0",
		"1/2",
		"3/4",
		"1",
	},
	A: [][]string{
		{},
		{"1/2"},
		{
			"0",
			"3/4",
		},
		{
			"2/9",
			"1/3",
			"4/9",
		},
	},
	B: []string{
		"2/9",
		"1/3",
		"4/9",
		"0",
	},
	BHat: []string{
		"7/24",
		"1/4",
		"1/3",
		"1/8",
	},
}
