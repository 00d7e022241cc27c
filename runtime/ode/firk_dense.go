package ode

// The interpolants of fully implicit methods.

import "math"

// Degree of the interpolant in t.
func (r *firk) Degree() int {
	return len(r.past0.DenseW) + min(1, len(r.past0.Bubble))
}

// Interpolate writes the solution at t in [ws.TPrev, ws.T] to u.
func (r *firk) Interpolate(t float64, u []float64) {
	ws := r.ws
	if ws.ends(t, u) {
		return
	}
	x := (t - r.t0) / r.h
	r.polynomial(x, ws.UPrev, u)
	c := r.past0
	if c.Bubble == nil || c.order <= c.N {
		return
	}
	if !r.gapKnown {
		r.bridge()
	}
	b := 0.0
	for m := len(c.Bubble) - 1; m >= 0; m-- {
		b = x * (b + c.Bubble[m])
	}
	axpy(u, b, r.gap)
}

// bridge sets gap: the defect of the polynomial of the last step at its start, filtered as in the error
// estimate with the matrix of that step, which is at hand until the next one begins. The
// polynomial that has the right derivative at the start, too, is of an order higher.
func (r *firk) bridge() {
	ws, c := r.ws, r.past0
	r.gapKnown = true
	copy(r.gap, r.f1)
	for k, e := range c.DefectW {
		axpy(r.gap, e/r.h, r.past[k])
	}
	for _, i := range ws.Alg {
		r.gap[i] = r.f1[i]
	}
	if c.Gamma != 0 {
		r.m.solve(r.gap)
		for i := range r.gap {
			r.gap[i] *= c.Gamma
		}
		return
	}
	x := r.x[0]
	for i, v := range r.gap {
		x[i] = complex(v, 0)
	}
	r.m.solvePair(0, x)
	for i, v := range x {
		r.gap[i] = c.Alpha[0]*real(v) - c.Beta[0]*imag(v)
	}
}

// polynomial writes the interpolant of the last step, which began at u0, at x to u.
func (r *firk) polynomial(x float64, u0, u []float64) {
	c := r.past0
	copy(u, u0)
	for k := range c.N {
		b := 0.0
		for m := len(c.DenseW) - 1; m >= 0; m-- {
			b = x * (b + c.DenseW[m][k])
		}
		axpy(u, b, r.past[k])
	}
	edge := func(d []float64, f []float64) {
		b := 0.0
		for m := len(d) - 1; m >= 0; m-- {
			b = x * (b + d[m])
		}
		axpy(u, b*r.h, f)
	}
	if c.First {
		edge(c.Dense0, r.f1)
	}
	if c.Last {
		edge(c.Dense1, r.f[c.N])
	}
	if !c.First {
		return
	}
	// Of algebraic variables the derivative at the start is not known: the polynomial through the
	// start and the stages.
	for _, i := range r.ws.Alg {
		u[i] = u0[i]
		for j, cj := range c.C {
			l := x / cj
			for m, cm := range c.C {
				if m != j {
					l *= (x - cm) / (cj - cm)
				}
			}
			for k, t := range c.T[j] {
				u[i] += l * t * r.past[k][i]
			}
		}
	}
}

// look chooses the point at which the interpolant is probed: where the polynomial with zeros at the start and the stages is largest, of
// methods with a real eigenvalue and without explicit stages.
func (c *firkCoeffs) look() {
	if c.Gamma == 0 || c.First || c.Last {
		return
	}
	most := 0.0
	for k := 1; k < 200; k++ {
		x := float64(k) / 200
		p := x
		for _, at := range c.C {
			p *= x - at
		}
		if math.Abs(p) > most {
			most, c.probe = math.Abs(p), x
		}
	}
	c.probeW, c.probeD = make([]float64, c.N), make([]float64, c.N)
	for k := range c.N {
		b, d := 0.0, 0.0
		for m := len(c.DenseW) - 1; m >= 0; m-- {
			b += c.DenseW[m][k]
			d = c.probe*d + b
			b *= c.probe
		}
		c.probeW[k], c.probeD[k] = b, d
	}
}

// innerError is what the interpolant of the step h to UNew is off by at the probe, see Workspace.innerError.
func (r *firk) innerError(h float64) float64 {
	ws, c := r.ws, r.c
	y, f, d := r.inside, r.f[0], r.g
	copy(y, ws.U)
	clear(d)
	for k := range c.N {
		axpy(y, c.probeW[k], r.w[k])
		axpy(d, -c.probeD[k]/h, r.w[k])
	}
	ws.RHS(ws.T+c.probe*h, y, f)
	for i, v := range f {
		if ws.Mass != nil {
			d[i] *= ws.Mass[i]
		}
		d[i] += v
	}
	return ws.innerError(r.m, c.Gamma/h, d, y)
}

// Glance says that the interpolant costs little.
func (r *firk) Glance() bool { return true }
