package ode

// The interpolant of additive methods: the cubic Hermite polynomial of the slopes f_I + f_E at both ends, and, from order 4
// on, a term c theta^2 (1-theta)^2 where c satisfies the differential equation at one point: with the step's own matrix, if that is
// the point theta where the derivative of theta^2 (1-theta)^2 is 1/gamma times its value. It costs one evaluation of f
// and one solve.
//
// Slopes in stiff components are those of the errors of the values, which the tolerance allows, times the
// stiffness: on the heat equation with 100 points they are a thousand times as large. The cubic polynomial through the ends and two
// stages within the step knows better there, and only there, since stages are of low order. So the slopes are made those
// of that polynomial in stiff components: by what they differ, times (I - (I - h gamma A)^-1)^2, the third power from order 5 on,
// which leaves the order of the interpolant as it is.

import (
	"math"
)

// choose picks the stages within the step, up to two, the first nearest to the middle and the other well apart.
func (c *imexCoeffs) choose() {
	for range 2 {
		best, far := -1, 0.35
		for i, at := range c.C {
			if at < 0.1 || at > 0.9 || len(c.inside) > 0 && math.Abs(at-c.C[c.inside[0]]) < 0.15 {
				continue
			}
			if d := math.Abs(at - 0.5); d < far || len(c.inside) > 0 && best < 0 {
				best, far = i, d
			}
		}
		if best < 0 {
			return
		}
		c.inside = append(c.inside, best)
	}
}

// Degree of the interpolant in t.
func (d *imex) Degree() int {
	if d.order >= 4 {
		return 4
	}
	return 3
}

// Slopes returns f at both ends of the last step, nil if the point was moved since.
func (d *imex) Slopes() (f0, f1 []float64) {
	if !d.fresh || !d.before {
		return nil, nil
	}
	return d.f1, d.f0
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (d *imex) Interpolate(t float64, u []float64) {
	ws := d.ws
	if ws.ends(t, u) {
		return
	}
	if !d.shaped {
		d.shape()
		d.shaped = true
	}
	theta := (t - d.t0) / d.h
	hermite(u, ws.UPrev, ws.U, d.slope0, d.slope1, d.h, theta)
	if d.order < 4 {
		return
	}
	q := theta * (1 - theta)
	q *= q
	for i, v := range d.quartic {
		u[i] += q * v
	}
}

// shape computes slopes and term of the interpolant of the last step.
func (d *imex) shape() {
	ws := d.ws
	if !d.before {
		ws.RHS(ws.TPrev, ws.UPrev, d.f1)
		d.before = true
	}
	if !d.fresh {
		ws.RHS(ws.T, ws.U, d.f0)
		d.fresh = true
	}
	copy(d.slope0, d.f1)
	copy(d.slope1, d.f0)
	if len(d.c.inside) > 0 {
		d.calm()
	}
	if d.order >= 4 {
		d.raise()
	}
}

// shift is 1/(h gamma) of the factors.
func (d *imex) shift() float64 {
	if d.iterates {
		return 1 / d.hg
	}
	return d.lin.a
}

// solve replaces b by the solution with the factors.
func (d *imex) solve(b []float64) {
	if d.iterates {
		d.m.solve(b)
	} else {
		d.lin.solve(d.ws, b)
	}
}

// calm makes the slopes those of the polynomial through the stages in stiff components. With u = u0 + theta d + theta (1-theta) g(theta),
// d = u1 - u0, the Hermite polynomial has g = h f0 - d at 0 and d - h f1 at 1, and is linear between, as that of two stages.
func (d *imex) calm() {
	ws, c, h := d.ws, d.c, d.h
	g0, g1 := d.est, d.f // at both ends
	clear(g0)
	clear(g1)
	for k, s := range c.inside {
		at := c.C[s]
		w0, w1 := 1.0, 1.0 // of stage s in g at 0 and 1
		if len(c.inside) > 1 {
			other := c.C[c.inside[1-k]]
			w0, w1 = -other/(at-other), (1-other)/(at-other)
		}
		d.rows[s].combine(d.base, ws.UPrev, 1)
		gamma, scale := c.A[s][s], 1/(at*(1-at))
		for i, v := range d.base {
			g := scale * (v + gamma*d.z[s][i] - ws.UPrev[i] - at*(ws.U[i]-ws.UPrev[i]))
			g0[i] += w0 * g
			g1[i] += w1 * g
		}
	}
	for i, v := range ws.UPrev {
		up := ws.U[i] - v
		g0[i] = h*d.f1[i] - up - g0[i]
		g1[i] = up - h*d.f0[i] - g1[i]
	}
	a := d.shift()
	power := 2
	if d.order > 4 {
		power = 3
	}
	for _, g := range [2][]float64{g0, g1} {
		for range power {
			for i, v := range g {
				d.y[i] = a * v
			}
			d.solve(d.y)
			for i, v := range d.y {
				g[i] -= v
			}
		}
	}
	if nonFinite(g0) >= 0 || nonFinite(g1) >= 0 {
		return
	}
	for i := range g0 {
		d.slope0[i] -= g0[i] / h
		d.slope1[i] += g1[i] / h
	}
}

// raise computes the quartic term of the interpolant.
func (d *imex) raise() {
	ws, h := d.ws, d.h
	// 2 (1 - 2 theta)/(theta (1 - theta)) = h/hg
	r := h * d.shift()
	theta := 4 / (r + 4 + math.Sqrt(r*r+16))
	c := d.quartic
	hermite(d.y, ws.UPrev, ws.U, d.slope0, d.slope1, h, theta)
	ws.RHS(d.t0+theta*h, d.y, c)
	a, b0, b1 := 6*theta*(1-theta)/h, 1-theta*(4-3*theta), theta*(3*theta-2)
	for i, v := range ws.UPrev {
		c[i] -= a*(ws.U[i]-v) + b0*d.slope0[i] + b1*d.slope1[i]
	}
	d.solve(c)
	q := theta * (1 - theta)
	for i := range c {
		c[i] /= q * q
	}
	if nonFinite(c) >= 0 {
		clear(c)
	}
}
