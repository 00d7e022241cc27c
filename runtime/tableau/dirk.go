package tableau

import (
	"math"
	"math/big"
	"slices"
	"strings"
)

// DIRK is a diagonally implicit Runge-Kutta method
//
//	k_i = f(t + c_i h, u + h sum_{j<=i} a_ij k_j),  u1 = u + h sum b_i k_i,
//
// with the embedded solution uhat1 = u + h sum bhat_i k_i for error estimates. With
// Explicit it is the implicit half of an additive pair for f = f_I + f_E.
type DIRK struct {
	Name      string
	Order     int
	Embedded  int `json:"embedded_order"` // order of BHat, 0: no embedded method
	Reference string

	C    []string
	A    [][]string // row i has at most i+1 entries
	B    []string
	BHat []string // nil: no embedded method

	StifflyAccurate bool   `json:"stiffly_accurate"` // B is the last row of A
	RInfinity       string `json:"R_infinity"`       // of the stability function, two digits

	Explicit *Partner // nil: none
}

// Partner is the explicit half of an additive Runge-Kutta pair.
type Partner struct {
	C    []string
	A    [][]string // row i has i entries
	B    []string
	BHat []string
}

// ReadDIRK returns the diagonally implicit method of that name.
func ReadDIRK(name string) *DIRK {
	d := new(DIRK)
	read(Diagonal, name, d)
	return d
}

// additive are the tables with an explicit partner.
var additive = []string{
	"ARK2_DIRK_3_1_2", "ARK324L2SA_DIRK_4_2_3", "ARK436L2SA_DIRK_6_3_4", "ARK437L2SA_DIRK_7_3_4", "ARK548L2SA_DIRK_8_4_5", "ARK548L2SAb_DIRK_8_4_5",
	"ARS222", "ARS232", "ARS343", "ARS443", "BHR553", "CFNLIRK3",
	"IMEXSSP222", "IMEXSSP2322", "IMEXSSP3332", "IMEXSSP3433",
	"KenCarp3", "KenCarp4", "KenCarp47", "KenCarp5", "KenCarp58",
}

// AdditiveName is the name of the IMEX method of a table: that of the table, without what
// says so already, and IMEX.
func AdditiveName(table string) string {
	table, _, _ = strings.Cut(table, "_DIRK")
	return strings.TrimPrefix(table, "IMEX") + "IMEX"
}

func additiveNames() []string {
	names := make([]string, len(additive))
	for i, t := range additive {
		names[i] = AdditiveName(t)
	}
	slices.Sort(names)
	return names
}

// ReadAdditive returns the table of the IMEX method of that name, one of Names(Additive).
func ReadAdditive(name string) *DIRK {
	for _, t := range additive {
		if AdditiveName(t) == name {
			return ReadDIRK(t)
		}
	}
	panic("mtkc: bug: there is no additive pair " + name)
}

// Stages is the number of stages.
func (d *DIRK) Stages() int { return len(d.B) }

// DIRKCoeffs are the coefficients of a DIRK rounded to float64.
type DIRKCoeffs struct {
	C, B []float64
	A    [][]float64 // rows of i+1 entries
	E    []float64   // b - bhat, rounded once; nil without embedded method

	First           bool    // the first stage is explicit, k_1 = f(t, u)
	StifflyAccurate bool    // b is the last row of A
	EmbeddedLimit   float64 // |Rhat(z)|, z to minus infinity, of the embedded method; +Inf where it grows

	// The explicit half; nil: none.
	ExplicitA [][]float64
	ExplicitB []float64
	ExplicitC []float64
	ExplicitE []float64

	// Dense is an interpolant u(t + theta h) = u + h sum_i b_i(theta) k_i: row 0 belongs to
	// k_0 = f(t, u), which is not a stage of every method, row i to stage i. Entry r of a row is the
	// coefficient of theta^(r+1). Its order is DenseOrder.
	Dense      [][]float64
	DenseOrder int
}

// Coeffs converts d. Differences are formed before rounding.
func (d *DIRK) Coeffs() *DIRKCoeffs {
	s := d.Stages()
	c := &DIRKCoeffs{C: floats(d.C), B: floats(d.B), E: difference(d.B, d.BHat)}
	for i, row := range d.A {
		r := floats(row)
		for len(r) <= i {
			r = append(r, 0)
		}
		c.A = append(c.A, r[:i+1])
	}
	c.First = true
	for _, v := range d.A[0] {
		c.First = c.First && rat(v).Sign() == 0
	}
	c.StifflyAccurate = same(d.A[s-1], d.B)
	if d.BHat != nil {
		c.EmbeddedLimit = limit(d, vector(d.BHat))
	}
	if e := d.Explicit; e != nil {
		c.ExplicitA, c.ExplicitB, c.ExplicitC, c.ExplicitE = matrix(e.A), floats(e.B), floats(e.C), difference(e.B, e.BHat)
	}
	c.interpolant(d.Order)
	return c
}

// same reports whether two rows agree exactly.
func same(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if rat(a[i]).Cmp(rat(b[i])) != 0 {
			return false
		}
	}
	return true
}

// precision of stability limits: those that are zero cancel to the digits that the
// tables print.
const precision = 240

func vector(v []string) []*big.Float {
	out := make([]*big.Float, len(v))
	for i, s := range v {
		out[i] = new(big.Float).SetPrec(precision).SetRat(rat(s))
	}
	return out
}

// limit is |R(z)| for z to minus infinity of the method (A, b). With an explicit first
// stage k_1 z -> infinity has to cancel: R = 1 + z (b_1 + ...) + ....
func limit(d *DIRK, b []*big.Float) float64 {
	// The stage values y_i of y' = z y with y = 1: y_i (1 - z a_ii) = 1 + z sum_{j<i} a_ij y_j. R has
	// a finite limit or grows like z; two values of z tell.
	at := func(exp int) float64 {
		z := new(big.Float).SetPrec(precision).SetMantExp(big.NewFloat(-1), exp)
		y := make([]*big.Float, len(b))
		sum := func(row []*big.Float, n int) *big.Float {
			r := new(big.Float).SetPrec(precision)
			for j := range n {
				r.Add(r, new(big.Float).SetPrec(precision).Mul(row[j], y[j]))
			}
			r.Mul(r, z)
			return r.Add(r, big.NewFloat(1))
		}
		for i := range y {
			row := vector(d.A[i])
			den := new(big.Float).SetPrec(precision).SetInt64(1)
			if i < len(row) {
				den.Sub(den, new(big.Float).SetPrec(precision).Mul(z, row[i]))
			}
			y[i] = new(big.Float).SetPrec(precision).Quo(sum(row, min(i, len(row))), den)
		}
		r, _ := sum(b, len(b)).Float64()
		return math.Abs(r)
	}
	a, b2 := at(60), at(64)
	if b2 > 2*a && b2 > 1 {
		return math.Inf(1)
	}
	return b2
}

// interpolant derives Dense. Where the last stage is the solution, it is the cubic Hermite
// polynomial, which takes its data from both ends, so that it is as good for stiff
// components as the solution is; for methods of order 4 and more it is raised to degree 4 by
// a multiple theta^2 (1-theta)^2 sum x_i k_i wherever weights x of the stages satisfy the conditions of
// order 4; of these x it takes the smallest. Else it is the smallest polynomial of degree 2 or
// 3 in theta whose coefficients satisfy the conditions of that order.
func (c *DIRKCoeffs) interpolant(order int) {
	s := len(c.B)
	c.Dense = make([][]float64, s+1)
	phi := c.stageWeights()
	if c.StifflyAccurate {
		for i := range c.Dense {
			c.Dense[i] = make([]float64, 4)
		}
		for i, b := range c.B {
			c.Dense[i+1][1], c.Dense[i+1][2] = 3*b, -2*b
		}
		start := c.Dense[0]
		if c.First {
			start = c.Dense[1]
		}
		start[0]++
		start[1] -= 2
		start[2]++
		c.Dense[s][1]--
		c.Dense[s][2]++
		c.DenseOrder = min(3, order)
		if order < 4 {
			return
		}
		// Over k_0 and the stages.
		rows := make([][]float64, len(phi))
		rhs := make([]float64, len(phi))
		for n, p := range phi {
			v := 0.0
			if len(dirkTrees[n].sub) == 0 {
				v = 1
			}
			if c.First {
				v = 0 // k_0 is stage 1
			}
			rows[n] = append([]float64{v}, p...)
			if dirkTrees[n].order == 4 {
				rhs[n] = 1 / dirkTrees[n].gamma
			}
		}
		if x, ok := leastNorm(rows, rhs); ok {
			for i, v := range x {
				c.Dense[i][1] += v
				c.Dense[i][2] -= 2 * v
				c.Dense[i][3] += v
			}
			c.DenseOrder = 4
			return
		}
		for i := range c.Dense {
			c.Dense[i] = c.Dense[i][:3]
		}
		return
	}
	c.Dense[0] = []float64{0}
	for i, b := range c.B {
		c.Dense[i+1] = []float64{b}
	}
	c.DenseOrder = 1
	for p := min(order, 3); p >= 2; p-- {
		var n int
		for n < len(phi) && dirkTrees[n].order <= p {
			n++
		}
		var x [4][]float64 // of theta^r
		ok := true
		for r := 2; r <= p && ok; r++ {
			rhs := make([]float64, n)
			for k := range rhs {
				if dirkTrees[k].order == r {
					rhs[k] = 1 / dirkTrees[k].gamma
				}
			}
			x[r], ok = leastNorm(phi[:n], rhs)
		}
		if !ok {
			continue
		}
		c.Dense[0] = make([]float64, p)
		for i, b := range c.B {
			row := make([]float64, p)
			row[0] = b
			for r := 2; r <= p; r++ {
				row[r-1] = x[r][i]
				row[0] -= x[r][i]
			}
			c.Dense[i+1] = row
		}
		c.DenseOrder = p
		return
	}
}

// dirkTrees are the rooted trees up to order 4, in the order of stageWeights.
var dirkTrees = []struct {
	sub   string
	order int
	gamma float64
}{
	{"", 1, 1},
	{"c", 2, 2},
	{"cc", 3, 3}, {"Ac", 3, 6},
	{"ccc", 4, 4}, {"cAc", 4, 8}, {"Acc", 4, 12}, {"AAc", 4, 24},
}

// stageWeights are the elementary weights of the stages for dirkTrees.
func (c *DIRKCoeffs) stageWeights() [][]float64 {
	s := len(c.B)
	row := func(f func(i int) float64) []float64 {
		v := make([]float64, s)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	times := func(x []float64) []float64 {
		return row(func(i int) float64 {
			t := 0.0
			for j, a := range c.A[i] {
				t += a * x[j]
			}
			return t
		})
	}
	cc := row(func(i int) float64 { return c.C[i] * c.C[i] })
	ac := times(c.C)
	return [][]float64{
		row(func(int) float64 { return 1 }),
		c.C,
		cc, ac,
		row(func(i int) float64 { return c.C[i] * cc[i] }), row(func(i int) float64 { return c.C[i] * ac[i] }), times(cc), times(ac),
	}
}

// leastNorm returns the smallest x with rows*x = rhs, by orthogonalising the rows; false
// if the equations contradict each other.
func leastNorm(rows [][]float64, rhs []float64) ([]float64, bool) {
	const tiny = 1e-9 // of what cancels in tables of 13 digits and more
	n := len(rows[0])
	x := make([]float64, n)
	var q [][]float64
	dot := func(a, b []float64) float64 {
		s := 0.0
		for i, v := range a {
			s += v * b[i]
		}
		return s
	}
	for k, row := range rows {
		v := slices.Clone(row)
		for range 2 { // twice is enough
			for _, u := range q {
				d := dot(u, v)
				for i := range v {
					v[i] -= d * u[i]
				}
			}
		}
		size := math.Sqrt(dot(v, v))
		left := rhs[k] - dot(row, x)
		if size <= tiny*math.Sqrt(dot(row, row)) {
			if math.Abs(left) > tiny {
				return nil, false
			}
			continue
		}
		for i := range v {
			v[i] /= size
		}
		q = append(q, v)
		for i, u := range v {
			x[i] += left / size * u
		}
	}
	return x, true
}
