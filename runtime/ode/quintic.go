package ode

import "github.com/mtkc/mtkc/runtime/archive"

// quintic is an interpolant of a step for methods of order 5 without one of their own: the
// cubic Hermite polynomial, raised twice by slopes at inner points (Enright, Jackson,
// Norsett, Thomsen, ACM Trans. Math. Softw. 12(3), 1986). Of three further evaluations of f,
// the first is on the cubic, the others on the quartic, whose errors f passes on with a
// factor of h: its local error falls like h^6.
//
//	p(theta) = cubic(theta) + theta^2 (1 - theta)^2 (a + b theta)
type quintic struct {
	a, b, f []float64
	ready   bool
}

// interpolate writes the value at theta in [0, 1] of the step from (t0, u0) by h to u1 to u.
func (q *quintic) interpolate(ws *Workspace, u, u0, u1, f0, f1 []float64, t0, h, theta float64) {
	if !q.ready {
		q.make(ws.N())
		// slope is h f less the slope of the cubic, at theta in q.f.
		slope := func(theta float64) {
			ws.RHS(t0+theta*h, u, q.f)
			w, d0, d1 := 6*theta*(1-theta), h*(1-theta)*(1-3*theta), h*theta*(3*theta-2)
			for i, v := range u0 {
				q.f[i] = h*q.f[i] - (w*(u1[i]-v) + d0*f0[i] + d1*f1[i])
			}
		}
		const g, slopeG = 9.0 / 256, 3.0 / 16 // of theta^2 (1-theta)^2 at 1/4
		hermite(u, u0, u1, f0, f1, h, 0.25)
		slope(0.25)
		for i, r := range q.f {
			q.b[i] = r / slopeG // the quartic
		}
		hermite(u, u0, u1, f0, f1, h, 0.25)
		for i, v := range q.b {
			u[i] += g * v
		}
		slope(0.25)
		copy(q.a, q.f)
		hermite(u, u0, u1, f0, f1, h, 0.75)
		for i, v := range q.b {
			u[i] += g * v
		}
		slope(0.75)
		// slopeG a + (g + slopeG/4) b = r1, -slopeG a + (g - 3 slopeG/4) b = r2.
		for i, r1 := range q.a {
			b := (r1 + q.f[i]) / (2*g - slopeG/2)
			q.b[i] = b
			q.a[i] = (r1 - (g+slopeG/4)*b) / slopeG
		}
		q.ready = true
	}
	hermite(u, u0, u1, f0, f1, h, theta)
	w := theta * theta * (1 - theta) * (1 - theta)
	for i, a := range q.a {
		u[i] += w * (a + theta*q.b[i])
	}
}

// make the vectors, once.
func (q *quintic) make(n int) {
	if q.a == nil {
		flat := make([]float64, 3*n)
		q.a, q.b, q.f = flat[:n:n], flat[n:2*n:2*n], flat[2*n:]
	}
}

// archive visits the polynomial.
func (q *quintic) archive(a *archive.Archive, n int) {
	a.Bool(&q.ready)
	if q.ready {
		q.make(n)
		a.Floats(q.a, q.b)
	}
}
