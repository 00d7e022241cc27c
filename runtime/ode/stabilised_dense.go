package ode

// Between the ends of a step of a stabilised method there is the cubic Hermite polynomial, as long as the slopes at the ends
// are worth something: in the fastest modes they are the errors of the values times the spectral radius. The estimates of
// RKC and its kin see those slopes, and keep them small; those of ROCK2 and ROCK4 do not. So where a step of these is many times longer
// than the fastest time, the polynomial goes through values at 1/3 and 2/3 of it, to where shorter steps
// lead from its start: some 1.4 times the evaluations of the step, for steps that are looked into.

// slopesSpoilt is the length of a step, times the spectral radius, from which errors of slopes count: 4/27, their largest weight,
// makes ten tolerances of one.
const slopesSpoilt = 67

// Degree of the interpolant in t.
func (r *stabilised) Degree() int { return 3 }

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (r *stabilised) Interpolate(t float64, u []float64) {
	ws := r.ws
	if ws.ends(t, u) {
		return
	}
	h := ws.T - ws.TPrev
	theta := (t - ws.TPrev) / h
	if r.tables == nil || !r.inside && h*r.rho < slopesSpoilt {
		hermite(u, ws.UPrev, ws.U, r.fp, r.f0, h, theta)
		return
	}
	if !r.inside {
		r.within(h)
		r.inside = true
	}
	// Lagrange's polynomials of the points 0, 1/3, 2/3, 1.
	x, y, z := theta-1.0/3, theta-2.0/3, theta-1
	w0, w1, w2, w3 := -4.5*x*y*z, 13.5*theta*y*z, -13.5*theta*x*z, 4.5*theta*x*y
	a, b := r.inner[0], r.inner[1]
	for i, v := range ws.UPrev {
		u[i] = w0*v + w1*a[i] + w2*b[i] + w3*ws.U[i]
	}
}

// room makes the vectors of the values.
func (r *stabilised) room() {
	for k := range r.inner {
		if r.inner[k] == nil {
			r.inner[k] = make([]float64, r.ws.N())
		}
	}
}

// within computes the values within the last step, of length h.
func (r *stabilised) within(h float64) {
	ws := r.ws
	r.room()
	t, u, f0, ended := ws.T, ws.U, r.f0, r.ended
	ws.T, ws.U, r.f0 = ws.TPrev, ws.UPrev, r.fp
	for k := range r.inner {
		part := h * float64(k+1) / 3
		r.attempt(part, ws.T+part, r.stages(part*r.rho))
		copy(r.inner[k], ws.UNew)
	}
	ws.T, ws.U, r.f0, r.ended = t, u, f0, ended
}
