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
// The polynomials interpolate x, x', x” at both ends and x” at interior points. They are the
// quintic and a correction, (theta (1-theta))^3 times a polynomial that is linear in
// what the second derivative of the quintic is short of at the points: that is small, so
// rounding in the coefficients, which alternate, does little.
//
// The interior points make the largest error of x' over the step small while the
// accelerations keep small weights (the sum of those of x' is below 0.4).

import (
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
)

// levels are the bootstrapped polynomials, of degrees 5, 7, 9, 11 and 13.
var levels = [...]func() *bump{
	sync.OnceValue(func() *bump { return newBump(3, 2) }),
	sync.OnceValue(func() *bump { return newBump(3, 2, 37) }),
	sync.OnceValue(func() *bump { return newBump(3, 2, 23, 41) }),
	sync.OnceValue(func() *bump { return newBump(3, 2, 5, 15, 43) }),
	sync.OnceValue(func() *bump { return newBump(3, 2, 5, 11, 17, 44) }),
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

// degree of the polynomial.
func (d *secondDense) degree() int { return 5 + len(levels[d.level]().at) }

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

// Archive visits the step that the interpolant is set to.
func (d *secondDense) Archive(a *archive.Archive) {
	a.Float(&d.t, &d.h, &d.sigma)
	a.Int(&d.ready)
	a.Floats(d.x0, d.hv, d.ha, d.d, d.e, d.g)
	a.Floats(d.r[0]...)
	a.Floats(d.r[1]...)
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
	b.weights(theta, d.w, d.dw)
	z := theta - 1
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
