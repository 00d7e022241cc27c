package tableau

import (
	"math"
	"math/big"
	"math/cmplx"
)

// FIRK is a fully implicit Runge-Kutta method
//
//	Y_i = u + h sum_j a_ij k_j,  k_j = f(t + c_j h, Y_j),  u1 = u + h sum b_i k_i.
type FIRK struct {
	Name       string
	Order      int
	StageOrder int `json:"stage_order"` // the Y_i have errors O(h^(StageOrder+1))
	Reference  string

	C []string
	A [][]string
	B []string
}

// ReadFIRK returns the fully implicit method of that name.
func ReadFIRK(name string) *FIRK {
	e := new(FIRK)
	read(Full, name, e)
	return e
}

// Stages is the number of stages.
func (e *FIRK) Stages() int { return len(e.B) }

// Explicit reports whether the first stage is the point where the step begins (the first row of
// A is zero: Lobatto IIIA) and whether no stage depends on the last (its last column is
// zero: Lobatto IIIB). The stages between are the core: the block of A that belongs to
// them is regular.
func (e *FIRK) Explicit() (first, last bool) {
	first, last = true, true
	for _, v := range e.A[0] {
		first = first && rat(v).Sign() == 0
	}
	for _, row := range e.A {
		last = last && rat(row[len(row)-1]).Sign() == 0
	}
	return first, last
}

// StifflyAccurate reports whether the last stage is the end of the step.
func (e *FIRK) StifflyAccurate() bool {
	last := e.A[len(e.A)-1]
	for j, v := range last {
		if rat(v).Cmp(rat(e.B[j])) != 0 {
			return false
		}
	}
	return true
}

// Canonical holds what simplified Newton iterations need of a fully implicit method, rounded
// to float64 once. Its core has n stages, with the block A of the table. There is a real
// matrix T with
//
//	T^-1 A^-1 T = Lambda = diag(gamma, (alpha1, -beta1; beta1, alpha1), ...),
//
// the canonical form of Hairer, Wanner, Solving ODEs II, IV.8: gamma stands first, where
// there is a real eigenvalue, and each complex pair alpha +- i beta, beta > 0, takes two rows;
// the pairs stand by ascending beta. The columns of T are scaled so that the last row of T is 1
// for gamma and (1, 0) for each pair. The unknowns of the iteration are the vectors w_k,
//
//	Z_i = Y_i - u - h Lead_i f0 = sum_k T_ik w_k,   h k_i = sum_k K_ik w_k,  K = A^-1 T.
type Canonical struct {
	N           int  // stages of the core
	First, Last bool // explicit stages before and behind the core, see [FIRK.Explicit]
	Stiff       bool // u1 is the last stage, and in the core

	C     []float64 // of the core
	Gamma float64   // the real eigenvalue of A^-1, 0: there is none
	Alpha []float64 // of the pairs
	Beta  []float64
	T, TI [][]float64
	K     [][]float64
	Lead  []float64 // a_i1 of the core, if First

	// Of the last stage, if Last: Y = u + h Tail0 f0 + sum TailW_k w_k.
	Tail0 float64
	TailW []float64

	// u1 = u + h End0 f0 + sum EndW_k w_k + h End1 k_last; k_last of the last stage, if Last.
	End0, End1 float64
	EndW       []float64

	// Of the defect of the derivative at the start, f0 - p(0) = f0 + Defect1 k_last + sum
	// DefectW_k w_k / h, where p is the polynomial through the k_i with c_i > 0; there are
	// Knots of them.
	DefectW []float64
	Defect1 float64
	Knots   int

	// The interpolant u(t + theta h) = u + sum_r theta^r (h Dense0_r f0 + h Dense1_r
	// k_last + sum_k DenseW_rk w_k), r = 1 ... stages: the integral of the polynomial
	// through all k_i.
	Dense0, Dense1 []float64
	DenseW         [][]float64

	// Bubble, where all nodes lie behind the start: the coefficients of theta, theta^2, ... of the
	// integral of prod (1 - theta/c_i). With h times the defect at the start it raises the
	// order of the interpolant by one; for methods of order s+1 and more it vanishes at the end.
	Bubble []float64

	// Without explicit stages, the interpolant at the stages c_i of a step q times as
	// long that follows: w'_k = sum_m Ahead_km q^m sum_l Shift_ml w_l. Ahead is T^-1 (c_i^m), and
	// Shift holds the derivatives at the end, over m!.
	Ahead, Shift [][]float64
}

// Canonical computes the canonical form in 240-bit arithmetic.
func (e *FIRK) Canonical() *Canonical {
	s := len(e.B)
	a, b, c := bigMatrix(e.A), bigVector(e.B), bigVector(e.C)
	x := &Canonical{}
	x.First, x.Last = e.Explicit()
	lo, hi := 0, s
	if x.First {
		lo = 1
	}
	if x.Last {
		hi = s - 1
	}
	n := hi - lo
	x.N = n
	x.Stiff = !x.Last && e.StifflyAccurate()
	core := make([][]*big.Float, n)
	for i := range core {
		core[i] = a[lo+i][lo:hi]
	}
	inv := bigInverse(core)
	x.C = rounded(c[lo:hi])

	values := bigEigenvalues(inv)
	t := bigZero(n, n)
	col := 0
	for _, v := range values {
		vec := bigEigenvector(inv, v)
		if v.im.Sign() == 0 {
			x.Gamma, _ = v.re.Float64()
			for i := range n {
				t[i][col].Set(vec[i].re)
			}
			col++
			continue
		}
		re, _ := v.re.Float64()
		im, _ := v.im.Float64()
		x.Alpha, x.Beta = append(x.Alpha, re), append(x.Beta, im)
		for i := range n {
			t[i][col].Set(vec[i].re)
			t[i][col+1].Neg(vec[i].im)
		}
		col += 2
	}
	ti := bigInverse(t)
	k := bigProduct(inv, t)
	x.T, x.TI, x.K = roundedMatrix(t), roundedMatrix(ti), roundedMatrix(k)

	overK := func(weights []*big.Float) []*big.Float { return bigProduct([][]*big.Float{weights}, k)[0] }
	if x.First {
		for i := range n {
			v, _ := a[lo+i][0].Float64()
			x.Lead = append(x.Lead, v)
		}
		x.End0, _ = b[0].Float64()
	}
	if x.Last {
		x.End1, _ = b[s-1].Float64()
		x.TailW = rounded(overK(a[s-1][lo:hi]))
		if x.First {
			x.Tail0, _ = a[s-1][0].Float64()
		}
	}
	if x.Stiff {
		x.EndW = append([]float64(nil), x.T[n-1]...)
		if x.First {
			x.End0 = x.Lead[n-1]
		}
	} else {
		x.EndW = rounded(overK(b[lo:hi]))
	}

	// The defect at the start.
	var knots []int
	for j := range s {
		if c[j].Sign() != 0 {
			knots = append(knots, j)
		}
	}
	x.Knots = len(knots)
	defect := make([]*big.Float, s)
	for j := range defect {
		defect[j] = bigNew()
	}
	for _, j := range knots {
		l := bigInt(-1)
		for _, m := range knots {
			if m != j {
				l.Mul(l, c[m])
				l.Quo(l, bigNew().Sub(c[m], c[j]))
			}
		}
		defect[j] = l
	}
	x.DefectW = rounded(overK(defect[lo:hi]))
	if x.Last {
		x.Defect1, _ = defect[s-1].Float64()
	}

	// b_j(theta), the integrals of the Lagrange polynomials: V^T d_r = e_r/r in the powers.
	v := bigZero(s, s)
	for j := range s {
		p := bigInt(1)
		for r := range s {
			v[j][r].Set(p)
			p.Mul(p, c[j])
		}
	}
	w := bigInverse(v) // l_j(theta) = sum_r w[r][j] theta^r
	dense := bigZero(s, n)
	for r := range s {
		for j := range s {
			w[r][j].Quo(w[r][j], bigInt(int64(r+1)))
		}
		dense[r] = overK(w[r][lo:hi])
		if x.First {
			d, _ := w[r][0].Float64()
			x.Dense0 = append(x.Dense0, d)
		}
		if x.Last {
			d, _ := w[r][s-1].Float64()
			x.Dense1 = append(x.Dense1, d)
		}
	}
	x.DenseW = roundedMatrix(dense)
	if len(knots) == s {
		p := []*big.Float{bigInt(1)} // by ascending powers
		for _, c := range c {
			q := append(p, bigNew())
			for r := len(q) - 1; r > 0; r-- {
				q[r] = bigNew().Sub(q[r], bigNew().Quo(q[r-1], c))
			}
			p = q
		}
		for r := range p {
			p[r].Quo(p[r], bigInt(int64(r+1)))
		}
		x.Bubble = rounded(p)
	}
	if x.First || x.Last {
		return x
	}
	powers, shift := bigZero(n, s), bigZero(s, n)
	for i := range n {
		p := bigInt(1)
		for m := range s {
			p.Mul(p, c[i])
			powers[i][m].Set(p)
		}
	}
	for m := 1; m <= s; m++ {
		for r := m; r <= s; r++ {
			binomial := bigNew().SetInt(new(big.Int).Binomial(int64(r), int64(m)))
			for l := range n {
				shift[m-1][l].Add(shift[m-1][l], bigNew().Mul(binomial, dense[r-1][l]))
			}
		}
	}
	x.Ahead, x.Shift = roundedMatrix(bigProduct(ti, powers)), roundedMatrix(shift)
	return x
}

// Linear algebra in 240 bits, for matrices of a few rows.

const bits = 240

func bigNew() *big.Float        { return new(big.Float).SetPrec(bits) }
func bigInt(i int64) *big.Float { return bigNew().SetInt64(i) }
func bigOf(s string) *big.Float { return bigNew().SetRat(rat(s)) }
func bigTiny(x *big.Float) bool { return x.Sign() == 0 || x.MantExp(nil) < -bits*3/4 }
func bigZero(n, m int) [][]*big.Float {
	a := make([][]*big.Float, n)
	for i := range a {
		a[i] = make([]*big.Float, m)
		for j := range a[i] {
			a[i][j] = bigNew()
		}
	}
	return a
}

func bigVector(v []string) []*big.Float {
	out := make([]*big.Float, len(v))
	for i, s := range v {
		out[i] = bigOf(s)
	}
	return out
}

func bigMatrix(m [][]string) [][]*big.Float {
	out := make([][]*big.Float, len(m))
	for i, row := range m {
		out[i] = bigVector(row)
	}
	return out
}

func rounded(v []*big.Float) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		if !bigTiny(x) {
			out[i], _ = x.Float64()
		}
	}
	return out
}

func roundedMatrix(m [][]*big.Float) [][]float64 {
	out := make([][]float64, len(m))
	for i, row := range m {
		out[i] = rounded(row)
	}
	return out
}

func bigProduct(a, b [][]*big.Float) [][]*big.Float {
	c := bigZero(len(a), len(b[0]))
	t := bigNew()
	for i := range a {
		for k, v := range a[i] {
			if v.Sign() == 0 {
				continue
			}
			for j := range b[k] {
				c[i][j].Add(c[i][j], t.Mul(v, b[k][j]))
			}
		}
	}
	return c
}

// bigInverse inverts a regular matrix by elimination with row exchanges.
func bigInverse(a [][]*big.Float) [][]*big.Float {
	n := len(a)
	m, inv := bigZero(n, n), bigZero(n, n)
	for i := range n {
		for j := range n {
			m[i][j].Set(a[i][j])
		}
		inv[i][i].SetInt64(1)
	}
	t := bigNew()
	for k := range n {
		p := k
		for i := k + 1; i < n; i++ {
			if bigNew().Abs(m[i][k]).Cmp(bigNew().Abs(m[p][k])) > 0 {
				p = i
			}
		}
		if bigTiny(m[p][k]) {
			panic("mtkc: bug: tableau: a table with a singular core")
		}
		m[k], m[p] = m[p], m[k]
		inv[k], inv[p] = inv[p], inv[k]
		d := bigNew().Quo(bigInt(1), m[k][k])
		for j := range n {
			m[k][j].Mul(m[k][j], d)
			inv[k][j].Mul(inv[k][j], d)
		}
		for i := range n {
			if i == k || m[i][k].Sign() == 0 {
				continue
			}
			f := bigNew().Set(m[i][k])
			for j := range n {
				m[i][j].Sub(m[i][j], t.Mul(f, m[k][j]))
				inv[i][j].Sub(inv[i][j], t.Mul(f, inv[k][j]))
			}
		}
	}
	return inv
}

// bigComplex is re + i im.
type bigComplex struct{ re, im *big.Float }

func bigC(re, im *big.Float) bigComplex { return bigComplex{bigNew().Set(re), bigNew().Set(im)} }

func (a bigComplex) minus(b bigComplex) bigComplex {
	return bigComplex{bigNew().Sub(a.re, b.re), bigNew().Sub(a.im, b.im)}
}

func (a bigComplex) times(b bigComplex) bigComplex {
	re := bigNew().Mul(a.re, b.re)
	im := bigNew().Mul(a.re, b.im)
	t := bigNew()
	re.Sub(re, t.Mul(a.im, b.im))
	im.Add(im, bigNew().Mul(a.im, b.re))
	return bigComplex{re, im}
}

func (a bigComplex) over(b bigComplex) bigComplex {
	d := bigNew().Mul(b.re, b.re)
	d.Add(d, bigNew().Mul(b.im, b.im))
	x := a.times(bigComplex{b.re, bigNew().Neg(b.im)})
	return bigComplex{x.re.Quo(x.re, d), x.im.Quo(x.im, d)}
}

func (a bigComplex) size() float64 {
	re, _ := a.re.Float64()
	im, _ := a.im.Float64()
	return math.Hypot(re, im)
}

// bigEigenvalues finds the eigenvalues with im >= 0 of a real matrix whose eigenvalues are
// simple: the real ones first, then by ascending imaginary part. They are the roots
// of the characteristic polynomial (Faddeev, Le Verrier), by Durand's and Kerner's
// iteration in float64 and Newton's in 240 bits.
func bigEigenvalues(a [][]*big.Float) []bigComplex {
	n := len(a)
	coef := make([]*big.Float, n+1) // of x^i
	coef[n] = bigInt(1)
	m := bigZero(n, n)
	for k := 1; k <= n; k++ {
		for i := range n {
			m[i][i].Add(m[i][i], coef[n-k+1])
		}
		m = bigProduct(a, m)
		tr := bigNew()
		for i := range n {
			tr.Add(tr, m[i][i])
		}
		coef[n-k] = tr.Quo(tr, bigInt(int64(-k)))
	}
	f := rounded(coef)
	scale := math.Pow(math.Abs(f[0]), 1/float64(n)) // the geometric mean of the moduli
	z := make([]complex128, n)
	for i := range z {
		z[i] = complex(scale, 0) * cmplx.Exp(complex(0, 2*math.Pi*float64(i)/float64(n)+0.4))
	}
	for range 200 {
		for i := range z {
			p, q := complex(1, 0), complex(1, 0)
			for k := n - 1; k >= 0; k-- {
				p = p*z[i] + complex(f[k], 0)
			}
			for j := range z {
				if j != i {
					q *= z[i] - z[j]
				}
			}
			z[i] -= p / q
		}
	}
	var list []bigComplex
	for _, z := range z {
		if imag(z) < -1e-6*cmplx.Abs(z) {
			continue
		}
		real := imag(z) < 1e-6*cmplx.Abs(z)
		x := bigComplex{bigNew().SetFloat64(realPart(z)), bigNew().SetFloat64(imag(z))}
		if real {
			x.im = bigNew()
		}
		for range 6 { // from 1e-12 on, with quadratic convergence
			p, d := bigC(bigInt(1), bigNew()), bigC(bigNew(), bigNew())
			for k := n - 1; k >= 0; k-- {
				d = d.times(x)
				d.re.Add(d.re, p.re)
				d.im.Add(d.im, p.im)
				p = p.times(x)
				p.re.Add(p.re, coef[k])
			}
			x = x.minus(p.over(d))
		}
		list = append(list, x)
	}
	for i := range list { // a handful
		for j := i; j > 0 && list[j].im.Cmp(list[j-1].im) < 0; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

func realPart(z complex128) float64 { return real(z) }

// bigEigenvector solves (a - v) x = 0 with the last entry 1.
func bigEigenvector(a [][]*big.Float, v bigComplex) []bigComplex {
	n := len(a)
	m := make([][]bigComplex, n)
	for i := range m {
		m[i] = make([]bigComplex, n)
		for j := range m[i] {
			m[i][j] = bigC(a[i][j], bigNew())
			if i == j {
				m[i][j] = m[i][j].minus(v)
			}
		}
	}
	for k := range n - 1 {
		p := k
		for i := k + 1; i < n; i++ {
			if m[i][k].size() > m[p][k].size() {
				p = i
			}
		}
		if m[p][k].size() < 1e-20 {
			panic("mtkc: bug: tableau: an eigenvector without last entry")
		}
		m[k], m[p] = m[p], m[k]
		for i := k + 1; i < n; i++ {
			f := m[i][k].over(m[k][k])
			for j := k; j < n; j++ {
				m[i][j] = m[i][j].minus(f.times(m[k][j]))
			}
		}
	}
	x := make([]bigComplex, n)
	x[n-1] = bigC(bigInt(1), bigNew())
	for i := n - 2; i >= 0; i-- {
		sum := bigC(bigNew(), bigNew())
		for j := i + 1; j < n; j++ {
			sum = sum.minus(m[i][j].times(x[j]))
		}
		x[i] = sum.over(m[i][i])
	}
	return x
}
