package ode

// Dense output of any method from u and u' at both ends of a step.
//
// They make the cubic Hermite polynomial, with an error O(h^4). Bootstrapping raises that by
// one order at a time: f at two interior points of the cubic, which has errors O(h^4) there,
// makes a polynomial of degree 5 with an error O(h^5); f at the same points of this one, O(h^6);
// then the same twice with four points, six, and once with eight (Enright, Jackson,
// Norsett, Thomsen, ACM Trans. Math. Softw. 12(3), 1986). Not for stiff problems, where f
// magnifies the error. Each level is computed when a value within the step is asked for.

import (
	"sync"

	"github.com/mtkc/mtkc/runtime/archive"
)

// sweeps are the polynomials of the levels behind the cubic one.
var sweeps = func() []func() *bump {
	two := sync.OnceValue(func() *bump { return newBump(2, 1, 15) })
	four := sync.OnceValue(func() *bump { return newBump(2, 1, 5, 31) })
	six := sync.OnceValue(func() *bump { return newBump(2, 1, 3, 16, 37) })
	eight := sync.OnceValue(func() *bump { return newBump(2, 1, 2, 10, 23, 40) })
	return []func() *bump{two, two, four, four, six, six, eight}
}()

// firstDense interpolates one step.
type firstDense struct {
	ws    *Workspace
	level int // sweeps made
	ready int

	t, h float64
	// The cubic in Newton's form: u0 + theta hf + theta^2 (d + (theta-1) e).
	u0, hf, d, e []float64

	r     [2][][]float64
	y, du []float64
	w, dw []float64
}

// newFirstDense makes an interpolant with an error O(h^(order+1)), at most O(h^11).
func newFirstDense(ws *Workspace, order int) *firstDense {
	d := &firstDense{ws: ws, level: min(max(order-3, 0), len(sweeps))}
	n, points := ws.N(), 0
	for _, s := range sweeps[:d.level] {
		points = max(points, len(s().at))
	}
	flat := make([]float64, (6+2*points)*n+2*points)
	take := func(n int) []float64 {
		v := flat[:n:n]
		flat = flat[n:]
		return v
	}
	for _, v := range []*[]float64{&d.y, &d.du, &d.u0, &d.hf, &d.d, &d.e} {
		*v = take(n)
	}
	for l := range d.r {
		for range points {
			d.r[l] = append(d.r[l], take(n))
		}
	}
	d.w, d.dw = take(points), take(points)
	return d
}

// degree of the polynomial.
func (d *firstDense) degree() int {
	if d.level == 0 {
		return 3
	}
	return 3 + len(sweeps[d.level-1]().at)
}

// begin sets the step from t of length h with u and f at its ends.
func (d *firstDense) begin(t, h float64, u0, f0, u1, f1 []float64) {
	d.t, d.h, d.ready = t, h, 0
	for i, u := range u0 {
		hf := h * f0[i]
		p := (u1[i] - u) - hf
		d.u0[i], d.hf[i], d.d[i], d.e[i] = u, hf, p, (h*f1[i]-hf)-2*p
	}
}

// Archive visits the step that the interpolant is set to.
func (d *firstDense) Archive(a *archive.Archive) {
	a.Float(&d.t, &d.h)
	a.Int(&d.ready)
	a.Floats(d.u0, d.hf, d.d, d.e)
	a.Floats(d.r[0]...)
	a.Floats(d.r[1]...)
}

// at writes the solution at theta of the step to u.
func (d *firstDense) at(theta float64, u []float64) {
	for d.ready < d.level {
		next := d.ready + 1
		for i, at := range sweeps[d.ready]().at {
			d.eval(d.ready, at, d.y)
			d.ws.RHS(d.t+at*d.h, d.y, d.du)
			r := d.r[next&1][i]
			for k, e := range d.e {
				r[k] = d.h*d.du[k] - (d.hf[k] + at*(2*(d.d[k]+(at-1)*e)+at*e))
			}
		}
		d.ready = next
	}
	d.eval(d.level, theta, u)
}

// eval writes the polynomial of a level to u.
func (d *firstDense) eval(level int, theta float64, u []float64) {
	for k, u0 := range d.u0 {
		u[k] = u0 + theta*(d.hf[k]+theta*(d.d[k]+(theta-1)*d.e[k]))
	}
	if level == 0 {
		return
	}
	b := sweeps[level-1]()
	b.weights(theta, d.w, d.dw)
	for i, r := range d.r[level&1][:len(b.at)] {
		w := d.w[i]
		for k := range u {
			u[k] += w * r[k]
		}
	}
}
