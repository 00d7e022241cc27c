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

	Dense *Dense // nil: see Bootstrap
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
	d := e.interpolant()
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

// interpolant is the table's own, or the one that Bootstrap makes, of the order of the
// method, at most mostBootstrap. (Of one order less, errors inside the steps of methods of orders
// 4 to 7 were above ten times those at their ends.)
func (e *ERK) interpolant() *Dense {
	if e.Dense != nil {
		return e.Dense
	}
	return e.Bootstrap(min(e.Order, mostBootstrap))
}

// mostBootstrap bounds the order of interpolants that are made: order 8 takes 15 further stages.
const mostBootstrap = 8

// Bootstrap makes an interpolant of the given order for a method that has none. It starts
// with the cubic Hermite polynomial, whose values inside the step give slopes there that are
// good enough for a polynomial of one degree more, and so on: the polynomial of degree p has
// the right values at both ends and the slopes at both ends and at p-3 points between them.
// A method whose last stage is not f at the end of the step gets that as a further stage.
//
// Enright, Jackson, Norsett, Thomsen, Interpolants for Runge-Kutta formulas, ACM Trans.
// Math. Softw. 12(3), 1986; the points are our own.
func (e *ERK) Bootstrap(order int) *Dense {
	s := e.Stages()
	d := &Dense{Order: order}
	end := s - 1
	fsal := s > 1 && rat(e.B[s-1]).Sign() == 0
	for j := 0; fsal && j < s-1; j++ {
		fsal = rat(e.A[s-1][j]).Cmp(rat(e.B[j])) == 0
	}
	if !fsal {
		end = s
		d.C = []string{"1"}
		d.A = [][]string{e.B}
	}
	one, zero := big.NewRat(1, 1), new(big.Rat)
	nodes, slopes := []*big.Rat{zero, one}, []int{0, end}
	var b [][]*big.Rat // b_i(theta), coefficients from theta^1 on
	for p := min(3, order); ; p++ {
		if p > 3 {
			nodes, slopes = nodes[:2], slopes[:2]
			for j := range p - 3 {
				// Equal gaps, but for an odd number of points shifted to one side: the end value
				// of a polynomial with all slopes must depend on one more coefficient.
				theta := big.NewRat(int64(j+1), int64(p-2))
				if p%2 == 0 {
					theta = big.NewRat(int64(2*j+1), int64(2*p-5))
				}
				row := make([]string, len(b))
				for i, poly := range b {
					row[i] = evaluate(poly, theta).RatString()
				}
				nodes, slopes = append(nodes, theta), append(slopes, s+len(d.A))
				d.A, d.C = append(d.A, row), append(d.C, theta.RatString())
			}
		}
		b = e.between(s+len(d.A), nodes, slopes)
		if p >= order {
			break
		}
	}
	for _, poly := range b {
		row := make([]string, len(poly))
		for r, v := range poly {
			row[r] = v.RatString()
		}
		d.B = append(d.B, row)
	}
	return d
}

// between returns b_i(theta) of the polynomial with the values of the method at both ends
// of the step and the slopes k[slopes[j]] at nodes[j], over so many stages.
func (e *ERK) between(stages int, nodes []*big.Rat, slopes []int) [][]*big.Rat {
	m := len(nodes)
	all := product(nodes, -1)
	rise := integral(all) // of the part of the slope that is zero at all nodes
	total := evaluate(rise, big.NewRat(1, 1))
	b := make([][]*big.Rat, stages)
	for i := range b {
		b[i] = make([]*big.Rat, m+1)
		for r := range b[i] {
			b[i][r] = new(big.Rat)
		}
	}
	add := func(i int, x *big.Rat, poly []*big.Rat) {
		for r, v := range poly {
			b[i][r].Add(b[i][r], new(big.Rat).Mul(x, v))
		}
	}
	for i, v := range e.B {
		add(i, new(big.Rat).Quo(rat(v), total), rise)
	}
	for j, i := range slopes {
		l := product(nodes, j)
		l0 := integral(l)
		scale := new(big.Rat).Inv(evaluateAt(l, nodes[j]))
		add(i, scale, l0)
		share := new(big.Rat).Quo(evaluate(l0, big.NewRat(1, 1)), total)
		add(i, share.Mul(share, scale).Neg(share), rise)
	}
	return b
}

// product is prod (s - nodes[i]) over all i but one, coefficients from s^0 on.
func product(nodes []*big.Rat, but int) []*big.Rat {
	p := []*big.Rat{big.NewRat(1, 1)}
	for i, x := range nodes {
		if i == but {
			continue
		}
		p = append(p, new(big.Rat))
		for r := len(p) - 1; r >= 0; r-- {
			v := new(big.Rat).Mul(x, p[r])
			v.Neg(v)
			if r > 0 {
				v.Add(v, p[r-1])
			}
			p[r] = v
		}
	}
	return p
}

// integral of a polynomial from 0, coefficients from theta^1 on.
func integral(p []*big.Rat) []*big.Rat {
	q := make([]*big.Rat, len(p))
	for r, v := range p {
		q[r] = new(big.Rat).Quo(v, big.NewRat(int64(r+1), 1))
	}
	return q
}

// evaluate a polynomial without constant term, evaluateAt one with.
func evaluate(p []*big.Rat, x *big.Rat) *big.Rat {
	return new(big.Rat).Mul(x, evaluateAt(p, x))
}

func evaluateAt(p []*big.Rat, x *big.Rat) *big.Rat {
	v := new(big.Rat)
	for r := len(p) - 1; r >= 0; r-- {
		v.Mul(v, x).Add(v, p[r])
	}
	return v
}
