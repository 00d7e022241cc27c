package ode

// Dense output for equations of second order by bootstrapping.
//
// x, v = x' and a = x” at both ends of a step make the quintic Hermite polynomial, whose
// error is O(h^6). It is good enough to evaluate f within the step: those accelerations
// have errors O(h^6), which enter x by two integrations as O(h^8). So the polynomial
// through the ends and the accelerations at two interior points has an error O(h^8),
// one more level with four points makes it O(h^10), with six O(h^12), with eight O(h^14); v is the derivative,
// one order less. The idea is that of Enright, Jackson, Norsett and Thomsen (ACM Trans. Math. Softw.
// 12(3), 1986), for second-order equations. Each level is lazily computed: only when a value
// within the step is asked for, and from the ends and its own points alone.
//
// The interior points make the largest error of x' over the step small while the
// accelerations keep small weights (the sum of those of x' is below 0.4).

import (
	"math/big"
	"sync"
)

// birkhoff is one level: the polynomial that interpolates x, x', x” at 0 and 1 and x” at
// the interior points, written as the quintic Hermite polynomial and a correction
//
//	(theta (1-theta))^3 sum_i c_i(2 theta - 1) r_i,
//
// where r_i is what the second derivative of the quintic is short of at point i. The r_i are
// small, so rounding in the c_i, whose coefficients alternate, does little.
type birkhoff struct {
	at []float64   // interior points
	c  [][]float64 // coefficients of c_i, the lowest first
}

// degree of the polynomial.
func (b *birkhoff) degree() int { return 5 + len(b.at) }

// levels are the bootstrapped polynomials, of degrees 5, 7, 9, 11 and 13.
var levels = [...]func() *birkhoff{
	sync.OnceValue(func() *birkhoff { return newBirkhoff() }),
	sync.OnceValue(func() *birkhoff { return newBirkhoff(37) }),
	sync.OnceValue(func() *birkhoff { return newBirkhoff(23, 41) }),
	sync.OnceValue(func() *birkhoff { return newBirkhoff(5, 15, 43) }),
	sync.OnceValue(func() *birkhoff { return newBirkhoff(5, 11, 17, 44) }),
}

// levelFor is the level for a method of that order: x within a step is then as accurate
// as at its end, and v at most one order less.
func levelFor(order int) int {
	switch {
	case order <= 4:
		return 0
	case order <= 7:
		return 1
	case order <= 9:
		return 2
	case order <= 10:
		return 3
	}
	return 4
}

// newBirkhoff makes the polynomial with interior points at those hundredths of the step
// and their mirror images.
func newBirkhoff(hundredths ...int64) *birkhoff {
	var at []*big.Rat
	for _, k := range hundredths {
		at = append(at, big.NewRat(k, 100))
	}
	for i := len(hundredths) - 1; i >= 0; i-- {
		at = append(at, big.NewRat(100-hundredths[i], 100))
	}
	// With z = 2 theta - 1, w = (1-z^2)^3/64 = (theta (1-theta))^3: the second derivative of
	// w z^r by theta, 4 times that by z, at the points is the matrix whose inverse holds the
	// coefficients.
	n := len(at)
	m := make([][]*big.Rat, n) // with the identity behind it
	for i, t := range at {
		z := new(big.Rat).Sub(new(big.Rat).Add(t, t), big.NewRat(1, 1))
		m[i] = make([]*big.Rat, 2*n)
		for r := range n {
			sum := new(big.Rat)
			for k, f := range [...]int64{1, -3, 3, -1} { // of (1-z^2)^3
				if d := r + 2*k; d >= 2 {
					term := big.NewRat(4*f*int64(d)*int64(d-1), 64)
					for range d - 2 {
						term.Mul(term, z)
					}
					sum.Add(sum, term)
				}
			}
			m[i][r] = sum
			m[i][n+r] = new(big.Rat)
		}
		m[i][n+i].SetInt64(1)
	}
	for k := range n { // Gauss and Jordan
		p := k
		for p < n && m[p][k].Sign() == 0 {
			p++
		}
		if p == n {
			panic("mtkc: bug: the points of an interpolant do not determine it")
		}
		m[k], m[p] = m[p], m[k]
		inv := new(big.Rat).Inv(m[k][k])
		for j := range m[k] {
			m[k][j] = new(big.Rat).Mul(m[k][j], inv)
		}
		for i := range n {
			if f := m[i][k]; i != k && f.Sign() != 0 {
				for j := range m[i] {
					m[i][j] = new(big.Rat).Sub(m[i][j], new(big.Rat).Mul(f, m[k][j]))
				}
			}
		}
	}
	b := &birkhoff{c: make([][]float64, n)}
	for i, t := range at {
		f, _ := t.Float64()
		b.at = append(b.at, f)
		for r := range n {
			f, _ := m[r][n+i].Float64()
			b.c[i] = append(b.c[i], f)
		}
	}
	return b
}

// secondDense interpolates one step of a second-order problem.
type secondDense struct {
	ws    *Workspace
	pairs *pairing
	level int
	ready int // levels whose accelerations are computed

	t, h, sigma float64
	// The quintic in Newton's form: x0 + theta h v0 + theta^2 h^2 a0/2 + theta^3 (d + z (e + z g)),
	// z = theta - 1, where hv is h v0 and ha is h^2 a0.
	x0, hv, ha, d, e, g []float64

	r     [2][][]float64 // r_i of even and odd levels
	y, du []float64
	w, dw []float64
}

func newSecondDense(ws *Workspace, pairs *pairing, order int) *secondDense {
	d := &secondDense{ws: ws, pairs: pairs, level: levelFor(order)}
	n, m := ws.N(), len(pairs.X)
	points := 0
	for l := range d.level + 1 {
		points = max(points, len(levels[l]().at))
	}
	flat := make([]float64, 2*n+(6+2*points)*m+2*points)
	take := func(n int) []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	d.y, d.du = take(n), take(n)
	for _, v := range []*[]float64{&d.x0, &d.hv, &d.ha, &d.d, &d.e, &d.g} {
		*v = take(m)
	}
	for l := range d.r {
		for range points {
			d.r[l] = append(d.r[l], take(m))
		}
	}
	d.w, d.dw = take(points), take(points)
	return d
}

// begin sets the step from t of length h with the states and accelerations at its ends.
func (d *secondDense) begin(t, h, sigma float64, u0, a0, u1, a1 []float64) {
	d.t, d.h, d.sigma, d.ready = t, h, sigma, 0
	h1, h2 := sigma*h, sigma*h*h
	for k, x := range d.pairs.X {
		v := d.pairs.V[k]
		hv, ha := h1*u0[v], h2*a0[k]
		p := (u1[x] - u0[x]) - (hv + 0.5*ha)
		e := (h1*u1[v] - hv) - (ha + 3*p)
		d.x0[k], d.hv[k], d.ha[k] = u0[x], hv, ha
		d.d[k], d.e[k], d.g[k] = p, e, 0.5*(h2*a1[k]-ha)-3*(p+e)
	}
}

// at writes the solution at theta of the step to u.
func (d *secondDense) at(theta float64, u []float64) {
	h2 := d.sigma * d.h * d.h
	for d.ready < d.level {
		next := d.ready + 1
		for i, at := range levels[next]().at {
			d.eval(d.ready, at, d.y)
			d.ws.RHS(d.t+at*d.h, d.y, d.du)
			z := at - 1
			r := d.r[next&1][i]
			for k, v := range d.pairs.V {
				e, g := d.e[k], d.g[k]
				q, dq := d.d[k]+z*(e+z*g), e+2*z*g
				r[k] = h2*d.du[v] - (d.ha[k] + at*(6*q+at*(6*dq+at*2*g)))
			}
		}
		d.ready = next
	}
	d.eval(d.level, theta, u)
}

// eval writes the polynomial of a level to u.
func (d *secondDense) eval(level int, theta float64, u []float64) {
	b := levels[level]()
	z := 2*theta - 1
	p := theta * (1 - theta)
	p2, p3 := p*p, p*p*p
	for i, c := range b.c {
		v, dv := 0.0, 0.0
		for r := len(c) - 1; r >= 0; r-- {
			dv = dv*z + v
			v = v*z + c[r]
		}
		d.w[i], d.dw[i] = p3*v, 2*p3*dv-3*p2*z*v
	}
	z = theta - 1
	rs := d.r[level&1]
	inv := 1 / (d.h * d.sigma)
	for k, x := range d.pairs.X {
		e, g := d.e[k], d.g[k]
		q, dq := d.d[k]+z*(e+z*g), e+2*z*g
		s, ds := 0.0, 0.0
		for i := range b.c {
			s += d.w[i] * rs[i][k]
			ds += d.dw[i] * rs[i][k]
		}
		hv, ha := d.hv[k], d.ha[k]
		u[x] = d.x0[k] + (theta*(hv+theta*(0.5*ha+theta*q)) + s)
		u[d.pairs.V[k]] = (hv + (theta*(ha+theta*(3*q+theta*dq)) + ds)) * inv
	}
}
