package ode

// The solution at the end of a step of a fully implicit method, and its error.

import "math"

// root is err^(1/(order of the estimate + 1)).
func (r *firk) root(err float64) float64 {
	switch r.c.Knots {
	case 3:
		return math.Sqrt(math.Sqrt(err))
	case 5:
		return math.Cbrt(math.Sqrt(err))
	case 7:
		return math.Sqrt(math.Sqrt(math.Sqrt(err)))
	}
	return math.Pow(err, r.c.expo)
}

// gustafsson is h over the step that the predictive controller proposes.
func (r *firk) gustafsson(h, err float64) float64 {
	g := r.hAcc / h * r.root(err*err/r.errAcc) / firkSafety
	return max(1/firkGrow, min(firkShrink, g))
}

// finish sets UNew, the end of the step.
func (r *firk) finish(h, t float64) {
	ws, c := r.ws, r.c
	if c.Stiff {
		copy(ws.UNew, r.y[c.N-1])
		return
	}
	if c.Last {
		last := r.y[c.N]
		copy(last, ws.U)
		for k, w := range c.TailW {
			axpy(last, w, r.w[k])
		}
		axpy(last, h*c.Tail0, r.f0)
		ws.RHS(t, last, r.f[c.N])
	}
	copy(ws.UNew, ws.U)
	for k, w := range c.EndW {
		axpy(ws.UNew, w, r.w[k])
	}
	if c.First {
		axpy(ws.UNew, h*c.End0, r.f0)
	}
	if c.Last {
		axpy(ws.UNew, h*c.End1, r.f[c.N])
	}
}

// estimate returns the norm of the error estimate, filtered a second time after a
// rejection or in the first step, where the first filter is too pessimistic.
func (r *firk) estimate(h float64, again bool) float64 {
	err := r.defect(h, r.f0)
	if err >= 1 && (r.first || again) && !math.IsInf(err, 0) && r.c.Gamma != 0 {
		ws := r.ws
		for i, u := range ws.U {
			r.g[i] += u
		}
		ws.RHS(ws.T, r.g, r.f1)
		err = r.defect(h, r.f1)
	}
	return err
}

// defect returns the norm of the estimate with f0 for f at the start; the estimate stands
// in g if the method has a real eigenvalue.
func (r *firk) defect(h float64, f0 []float64) float64 {
	ws, c := r.ws, r.c
	g := r.g
	switch c.N {
	case 3:
		e0, e1, e2 := c.DefectW[0]/h, c.DefectW[1]/h, c.DefectW[2]/h
		w0, w1, w2 := r.w[0][:len(g)], r.w[1][:len(g)], r.w[2][:len(g)]
		f0 := f0[:len(g)]
		for i := range g {
			g[i] = f0[i] + (e0*w0[i] + e1*w1[i] + e2*w2[i])
		}
	default:
		copy(g, f0)
		for k, e := range c.DefectW {
			axpy(g, e/h, r.w[k])
		}
	}
	if c.Last {
		axpy(g, c.Defect1, r.f[c.N])
	}
	for _, i := range ws.Alg {
		g[i] = f0[i]
	}
	if c.Gamma != 0 {
		r.m.solve(g)
	} else {
		x := r.x[0]
		for i, v := range g {
			x[i] = complex(v, 0)
		}
		r.m.solvePair(0, x)
		for i, v := range x {
			g[i] = math.Hypot(real(v), imag(v))
		}
	}
	ws.spareForces(g)
	s := 0.0
	inv := r.inv[:len(g)]
	for i, v := range g {
		v *= inv[i]
		s += v * v
	}
	s = math.Sqrt(s / float64(max(1, len(g))))
	if s != s {
		return math.Inf(1)
	}
	return max(s, 1e-10)
}
