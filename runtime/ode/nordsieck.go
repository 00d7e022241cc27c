package ode

// Histories in Nordsieck form, common to the multistep methods. Entry j of the history of a
// state is h^j/j! times the j-th derivative of a polynomial of degree q, the order:
//
//	backward differentiation: through the last q+1 values,
//	Adams-Moulton:            through the last value, its slope through the last q slopes.
//
// A step predicts by Taylor's formula; the correction e of the predicted state times the
// coefficients l brings the history to the new point. The coefficients are those of the
// steps made last. All of it follows Byrne, Hindmarsh, ACM Trans. Math. Softw. 1(1),
// 1975, and, for the fixed leading coefficient of the backward differentiation formulas, Jackson,
// Sacks-Davis, ACM Trans. Math. Softw. 6(3), 1980.

import "math"

// formula is a family of multistep methods.
type formula uint8

const (
	backward formula = iota // backward differentiation, orders 1 to 5
	adams                   // Adams-Moulton, orders 1 to 12
)

const (
	bdfMaxOrder   = 5
	adamsMaxOrder = 12
	tops          = adamsMaxOrder + 2
)

// most is the highest order.
func (f formula) most() int {
	if f == adams {
		return adamsMaxOrder
	}
	return bdfMaxOrder
}

// nordsieck is the history of a run, and the coefficients of the step in progress.
type nordsieck struct {
	kind formula
	z    [][]float64   // z[j][i]: entry j of state i, for steps of hz
	flat []float64     // all of z
	hz   float64       // step the history is scaled to
	end  float64       // and its time
	q    int           // order
	wait int           // steps until a change of order is considered
	tau  [tops]float64 // tau[1] the last step, tau[2] the one before, ...

	l      [tops]float64 // coefficients
	lead   float64       // of the equation of the step: z_1 + lead e = h f
	tq     [4]float64    // test quantities, see coefficients
	tq5    float64       // of the comparison with the correction before
	kappa  []float64     // of numerical differentiation formulas, by order; nil: none
	steady int           // steps since hz or q changed
}

// newNordsieck allocates histories of n states.
func newNordsieck(n, most int) nordsieck {
	flat := make([]float64, n*(most+1))
	z := nordsieck{z: make([][]float64, most+1), flat: flat}
	for j := range z.z {
		z.z[j] = flat[j*n : (j+1)*n : (j+1)*n]
	}
	return z
}

// many is the number of states from which on passes over them are those of vector.go: each
// entry of the history by itself, not all of a state at once.
const many = 24

// binomial[k][j] is k over j.
var binomial = func() (b [tops][tops]float64) {
	for k := range b {
		b[k][0] = 1
		for j := 1; j <= k; j++ {
			b[k][j] = b[k-1][j-1] + b[k-1][j]
		}
	}
	return b
}()

// predict continues the histories by a step h: the state to y, the first entry over lead to
// slope.
func (b *nordsieck) predict(h float64, y, slope []float64) {
	r := h / b.hz
	c := 1 / b.lead
	n := len(y)
	slope = slope[:n]
	z0, z1 := b.z[0][:n], b.z[1][:n]
	if q := b.q; q > 1 && n >= many {
		var p, s [tops]float64
		x := 1.0
		for k := 1; k <= q; k++ {
			x *= r
			p[k], s[k] = x, float64(k)*c*x
		}
		combine(y, b.flat[n:], n, p[1:q+1], z0, 1)
		combine(slope, b.flat[2*n:], n, s[2:q+1], z1, s[1])
		return
	}
	switch b.q {
	case 1:
		for i := range y {
			d := r * z1[i]
			y[i], slope[i] = z0[i]+d, c*d
		}
	case 2:
		z2 := b.z[2][:n]
		r2 := r * r
		s1, s2 := c*r, 2*c*r2
		for i := range y {
			c1, c2 := z1[i], z2[i]
			y[i], slope[i] = z0[i]+(r*c1+r2*c2), s1*c1+s2*c2
		}
	case 3:
		z2, z3 := b.z[2][:n], b.z[3][:n]
		r2 := r * r
		r3 := r2 * r
		s1, s2, s3 := c*r, 2*c*r2, 3*c*r3
		for i := range y {
			c1, c2, c3 := z1[i], z2[i], z3[i]
			y[i], slope[i] = z0[i]+(r*c1+(r2*c2+r3*c3)), s1*c1+(s2*c2+s3*c3)
		}
	case 4:
		z2, z3, z4 := b.z[2][:n], b.z[3][:n], b.z[4][:n]
		r2 := r * r
		r3, r4 := r2*r, r2*r2
		s1, s2, s3, s4 := c*r, 2*c*r2, 3*c*r3, 4*c*r4
		for i := range y {
			c1, c2, c3, c4 := z1[i], z2[i], z3[i], z4[i]
			y[i], slope[i] = z0[i]+((r*c1+r2*c2)+(r3*c3+r4*c4)), (s1*c1+s2*c2)+(s3*c3+s4*c4)
		}
	default:
		z2, z3, z4, z5 := b.z[2][:n], b.z[3][:n], b.z[4][:n], b.z[5][:n]
		r2 := r * r
		r3, r4 := r2*r, r2*r2
		r5 := r4 * r
		s1, s2, s3, s4, s5 := c*r, 2*c*r2, 3*c*r3, 4*c*r4, 5*c*r5
		for i := range y {
			c1, c2, c3, c4, c5 := z1[i], z2[i], z3[i], z4[i], z5[i]
			y[i], slope[i] = z0[i]+((r*c1+r2*c2)+(r3*c3+r4*c4)+r5*c5), (s1*c1+s2*c2)+(s3*c3+s4*c4)+s5*c5
		}
		p := r5
		for j := 6; j <= b.q; j++ {
			p *= r
			s := float64(j) * c * p
			for i, v := range b.z[j][:n] {
				y[i] += p * v
				slope[i] += s * v
			}
		}
	}
}

// advance replaces the histories by those after a step of r times hz whose state is y and
// whose correction is e: powers of r, Pascal's triangle, and the corrections times l.
func (b *nordsieck) advance(r float64, y, e []float64) {
	l := &b.l
	n := len(y)
	e = e[:n]
	copy(b.z[0], y)
	z1 := b.z[1][:n]
	if q := b.q; n >= many {
		var c, p [tops]float64
		p[0] = 1
		for k := 1; k <= q; k++ {
			p[k] = p[k-1] * r
		}
		for j := 1; j <= q; j++ { // an entry reads itself and those above, which come later
			for k := j; k <= q; k++ {
				c[k] = binomial[k][j] * p[k]
			}
			combine(b.z[j], b.flat[j*n:], n, c[j:q+1], e, l[j])
		}
		return
	}
	l1, l2, l3, l4, l5 := l[1], l[2], l[3], l[4], l[5]
	r2 := r * r
	r3, r4 := r2*r, r2*r2
	r5 := r4 * r
	switch b.q {
	case 1:
		for i, e := range e {
			z1[i] = r*z1[i] + l1*e
		}
	case 2:
		z2 := b.z[2][:n]
		for i, e := range e {
			c2 := r2 * z2[i]
			z1[i] = r*z1[i] + (2*c2 + l1*e)
			z2[i] = c2 + l2*e
		}
	case 3:
		z2, z3 := b.z[2][:n], b.z[3][:n]
		for i, e := range e {
			c2, c3 := r2*z2[i], r3*z3[i]
			z1[i] = (r*z1[i] + 2*c2) + (3*c3 + l1*e)
			z2[i] = c2 + (3*c3 + l2*e)
			z3[i] = c3 + l3*e
		}
	case 4:
		z2, z3, z4 := b.z[2][:n], b.z[3][:n], b.z[4][:n]
		for i, e := range e {
			c2, c3, c4 := r2*z2[i], r3*z3[i], r4*z4[i]
			z1[i] = (r*z1[i] + 2*c2) + (3*c3 + 4*c4) + l1*e
			z2[i] = (c2 + 3*c3) + (6*c4 + l2*e)
			z3[i] = c3 + (4*c4 + l3*e)
			z4[i] = c4 + l4*e
		}
	case 5:
		z2, z3, z4, z5 := b.z[2][:n], b.z[3][:n], b.z[4][:n], b.z[5][:n]
		for i, e := range e {
			c2, c3, c4, c5 := r2*z2[i], r3*z3[i], r4*z4[i], r5*z5[i]
			z1[i] = (r*z1[i] + 2*c2) + (3*c3 + 4*c4) + (5*c5 + l1*e)
			z2[i] = (c2 + 3*c3) + (6*c4 + 10*c5) + l2*e
			z3[i] = (c3 + 4*c4) + (10*c5 + l3*e)
			z4[i] = c4 + (5*c5 + l4*e)
			z5[i] = c5 + l5*e
		}
	default:
		b.rescale(r)
		// Pascal's triangle but for its first row.
		for k := 1; k <= b.q; k++ {
			for j := b.q; j >= max(k, 2); j-- {
				lo, hi := b.z[j-1][:n], b.z[j][:n]
				for i, v := range hi {
					lo[i] += v
				}
			}
		}
		for j := 1; j <= b.q; j++ {
			x := l[j]
			z := b.z[j][:n]
			for i, e := range e {
				z[i] += x * e
			}
		}
	}
}

// rescale multiplies the step of the histories by r; hz stays.
func (b *nordsieck) rescale(r float64) {
	p := 1.0
	for j := 1; j <= b.q; j++ {
		p *= r
		for i := range b.z[j] {
			b.z[j][i] *= p
		}
	}
}

// coefficients computes, for a step h after the steps tau, the coefficients l of
// the corrector and the factors that make error norms of the correction:
//
//	tq[2]  of this order: error = tq[2] |e|,
//	tq[1]  of one order less: tq[1] |z_q|,
//	tq[3]  of one order more: tq[3] |e - c e_before|, c from tq5 of both steps.
//
// Those of other orders are computed only where they are about to be compared. Where the
// last steps were all of this length, the coefficients of the last step are left alone.
func (b *nordsieck) coefficients(h float64) {
	if h == b.hz && b.steady > b.q && b.wait != 1 {
		return
	}
	if h != b.hz {
		b.steady = 0
	}
	if b.kind == adams {
		b.adamsCoefficients(h)
		return
	}
	b.backwardCoefficients(h)
}

// backwardCoefficients: l are the coefficients of (1 + x) prod_{j=2}^{q-1} (1 + x/xi_j)
// (1 + x/xi*), xi_j the distance to the j-th last point in units of h; xi* makes the
// leading coefficient the same for all step sequences.
//
// Numerical differentiation formulas (Klopfenstein, RCA Review 32, 1971; Shampine, Reichelt,
// SIAM J. Sci. Comput. 18(1), 1997) add kappa gamma_q e to the equation of the step, which
// makes the error constant smaller; here that is another leading coefficient.
func (b *nordsieck) backwardCoefficients(h float64) {
	q := b.q
	l := &b.l
	*l = [tops]float64{1, 1}
	alpha, alphaHat := -1.0, -1.0
	xiInv, xiStar := 1.0, 1.0
	sum := h
	times := func(top int, x float64) { // l *= 1 + x*(.)
		for i := top; i >= 1; i-- {
			l[i] += l[i-1] * x
		}
	}
	if q > 1 {
		for j := 2; j < q; j++ {
			sum += b.tau[j-1]
			alpha -= 1 / float64(j)
			times(j, h/sum)
		}
		alpha -= 1 / float64(q)
		xiStar = -l[1] - alpha
		sum += b.tau[q-1]
		xiInv = h / sum
		alphaHat = -l[1] - xiInv
		times(q, xiStar)
	}
	b.lead = l[1]
	a1 := 1 - alphaHat + alpha
	a2 := 1 + float64(q)*a1
	b.tq[2] = math.Abs(a1 / (alpha * a2))
	b.tq5 = math.Abs(a2 * xiStar / (l[q] * xiInv))
	if b.wait == 1 {
		b.tq[1] = 1
		if q > 1 {
			a3 := alpha + 1/float64(q)
			a4 := alphaHat + xiInv
			b.tq[1] = math.Abs(xiStar / l[q] * (1 - a4 + a3) / a3)
		}
		sum += b.tau[q]
		xiInv = h / sum
		a5 := alpha - 1/float64(q+1)
		a6 := alphaHat - xiInv
		b.tq[3] = math.Abs((1 - a6 + a5) / a2 / (xiInv * float64(q+2) * a5))
	}
	if b.kappa != nil {
		b.lead *= 1 - b.kappa[q]
		b.tq[1] *= b.reduction(q - 1)
		b.tq[2] *= b.reduction(q)
		b.tq[3] *= b.reduction(q + 1)
	}
}

// reduction is the error constant of the numerical differentiation formula of order q over
// that of backward differentiation.
func (b *nordsieck) reduction(q int) float64 {
	if q < 1 || q >= len(b.kappa) {
		return 1
	}
	gamma := 0.0
	for j := 1; j <= q; j++ {
		gamma += 1 / float64(j)
	}
	return (1 + float64(q+1)*b.kappa[q]*gamma) / (1 - b.kappa[q])
}

// adamsCoefficients: l are the coefficients of the integral of prod_{j=1}^{q-1} (1 + x/xi_j)
// from -1 to x, over that from -1 to 0.
func (b *nordsieck) adamsCoefficients(h float64) {
	q := b.q
	l := &b.l
	*l = [tops]float64{1, 1}
	b.lead = 1
	if q == 1 {
		b.tq = [4]float64{0, 1, 0.5, 1.0 / 12}
		b.tq5 = 1
		return
	}
	m := [tops]float64{1}
	sum := h
	for j := 1; j < q; j++ {
		if j == q-1 && b.wait == 1 {
			b.tq[1] = float64(q) * alternating(m[:q-1], 2) / m[q-2]
		}
		x := h / sum
		for i := j; i >= 1; i-- {
			m[i] += m[i-1] * x
		}
		sum += b.tau[j]
	}
	inv := 1 / alternating(m[:q], 1)
	for i := 1; i <= q; i++ {
		l[i] = inv * m[i-1] / float64(i)
	}
	b.lead = l[1]
	xi := sum / h
	b.tq[2] = math.Abs(alternating(m[:q], 2) * inv / xi)
	b.tq5 = xi / l[q]
	if b.wait == 1 {
		for i := q; i >= 1; i-- {
			m[i] += m[i-1] / xi
		}
		b.tq[1] = math.Abs(b.tq[1])
		b.tq[3] = math.Abs(alternating(m[:q+1], 2) * inv / float64(q+1))
	}
}

// alternating is the sum of (-1)^i a_i/(i+k).
func alternating(a []float64, k int) float64 {
	s, sign := 0.0, 1.0
	for i, v := range a {
		s += sign * v / float64(i+k)
		sign = -sign
	}
	return s
}

// changeOrder brings the history to order to, which is one more or one less, or any less
// where the family changes. last is the correction of the last step.
func (b *nordsieck) changeOrder(to int, last []float64) {
	q := b.q
	b.steady = 0
	defer func() { b.q, b.wait = to, to+1 }()
	if to > q+1 || to < q-1 { // Taylor's polynomial
		return
	}
	var l [tops]float64
	sum := 0.0
	switch {
	case b.kind == adams && to > q:
		clear(b.z[to])
	case b.kind == adams:
		// A multiple of x^2/2 prod (x + xi_j), integrated, leaves value, slope and the last
		// slopes alone.
		l[1] = 1
		for j := 1; j <= q-2; j++ {
			sum += b.tau[j]
			xi := sum / b.hz
			for i := j + 1; i >= 1; i-- {
				l[i] = l[i]*xi + l[i-1]
			}
		}
		for j := q - 2; j >= 1; j-- {
			l[j+1] = float64(q) * l[j] / float64(j+1)
		}
		b.remove(l[:], q)
	case to > q:
		// The new polynomial adds a multiple of x^2 prod (x + xi_j), which leaves value,
		// slope and the last points alone.
		l[2] = 1
		alpha0, alpha1, prod, old := -1.0, 1.0, 1.0, 1.0
		sum = b.hz
		for j := 1; j < q; j++ {
			sum += b.tau[j+1]
			xi := sum / b.hz
			prod *= xi
			alpha0 -= 1 / float64(j+1)
			alpha1 += 1 / xi
			for i := j + 2; i >= 2; i-- {
				l[i] = l[i]*old + l[i-1]
			}
			old = xi
		}
		a := (-alpha0 - alpha1) / prod
		top := b.z[q+1]
		for i, e := range last {
			top[i] = a * e
		}
		for j := 2; j <= q; j++ {
			z, x := b.z[j], l[j]
			for i, v := range top {
				z[i] += x * v
			}
		}
	default:
		l[2] = 1
		for j := 1; j <= q-2; j++ {
			sum += b.tau[j]
			xi := sum / b.hz
			for i := j + 2; i >= 2; i-- {
				l[i] = l[i]*xi + l[i-1]
			}
		}
		b.remove(l[:], q)
	}
}

// remove subtracts l times entry q from the entries 2 to q-1.
func (b *nordsieck) remove(l []float64, q int) {
	top := b.z[q]
	for j := 2; j < q; j++ {
		z, x := b.z[j], l[j]
		for i, v := range top {
			z[i] -= x * v
		}
	}
}

// accepted notes a step of length h to time t.
func (b *nordsieck) accepted(h, t float64, first bool) {
	if h == b.hz {
		b.steady++
	}
	b.hz, b.end = h, t
	top := b.q
	if top == 1 && !first {
		top = 2
	}
	for i := top; i >= 2; i-- {
		b.tau[i] = b.tau[i-1]
	}
	b.tau[1] = h
	b.wait--
}

// at evaluates the polynomials at time t.
func (b *nordsieck) at(t float64, u []float64) {
	x := (t - b.end) / b.hz
	n := len(u)
	z := b.z
	switch b.q {
	case 1:
		z0, z1 := z[0][:n], z[1][:n]
		for i := range u {
			u[i] = z0[i] + x*z1[i]
		}
	case 2:
		z0, z1, z2 := z[0][:n], z[1][:n], z[2][:n]
		for i := range u {
			u[i] = z0[i] + x*(z1[i]+x*z2[i])
		}
	case 3:
		z0, z1, z2, z3 := z[0][:n], z[1][:n], z[2][:n], z[3][:n]
		for i := range u {
			u[i] = z0[i] + x*(z1[i]+x*(z2[i]+x*z3[i]))
		}
	default:
		copy(u, z[b.q][:n])
		for j := b.q - 1; j >= 0; j-- {
			for i, v := range z[j][:n] {
				u[i] = u[i]*x + v
			}
		}
	}
}

// some evaluates the polynomials of a few states at time t.
func (b *nordsieck) some(t float64, which []int32, u []float64) {
	x := (t - b.end) / b.hz
	for _, i := range which {
		s := 0.0
		for j := b.q; j >= 0; j-- {
			s = s*x + b.z[j][i]
		}
		u[i] = s
	}
}
