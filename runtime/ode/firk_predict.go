package ode

// Where the iteration of a fully implicit method begins: the polynomials of the last steps, continued.

// predict sets W and the stages to the last step's polynomial, continued.
func (r *firk) predict(h float64) {
	ws, c := r.ws, r.c
	if !r.poly {
		for j := range c.N {
			clear(r.w[j])
			copy(r.y[j], ws.U)
		}
		r.addLead(h)
		return
	}
	if c.First || c.Last {
		r.predictGeneral(h)
		return
	}
	q := h / r.h
	p := r.past0
	a := r.ahead[:c.N*p.N]
	if p != c || q != r.aheadOf {
		r.aheadOf = 0
		if p == c {
			r.aheadOf = q
		}
		r.extrapolate(a, q)
	}
	r.start(a)
}

// extrapolate sets a = Ahead diag(q^m) Shift, the matrix that continues W of the last step to
// one q times as long.
func (r *firk) extrapolate(a []float64, q float64) {
	c, p := r.c, r.past0
	if p == c {
		switch c.N {
		case 3:
			extrapolate3((*[9]float64)(a), (*[9]float64)(c.ahead), (*[9]float64)(c.shift), q)
			return
		case 5:
			extrapolate5((*[25]float64)(a), (*[25]float64)(c.ahead), (*[25]float64)(c.shift), q)
			return
		case 7:
			extrapolate7((*[49]float64)(a), (*[49]float64)(c.ahead), (*[49]float64)(c.shift), q)
			return
		}
	}
	clear(a)
	qm := 1.0
	for m, sh := range p.Shift {
		qm *= q
		for k := range c.N {
			v := 0.0
			if p == c {
				v = c.Ahead[k][m] * qm
			} else { // T^-1 c^m of another table
				for i, ci := range c.C {
					v += c.ti[k*c.N+i] * powi(ci, m+1)
				}
				v *= qm
			}
			row := a[k*p.N : k*p.N+p.N]
			for l := range row {
				row[l] += v * sh[l]
			}
		}
	}
}

// powi is x^n for small n.
func powi(x float64, n int) float64 {
	p := 1.0
	for range n {
		p *= x
	}
	return p
}

// start sets W = a past and the stages to U + T W.
func (r *firk) start(a []float64) {
	c := r.c
	if r.past0 == c {
		if r.startVectors(a) {
			return
		}
		switch c.N {
		case 3:
			start3((*[9]float64)(a), (*[9]float64)(c.t), r.ws.U, r.past, r.w, r.y)
			return
		case 5:
			start5((*[25]float64)(a), (*[25]float64)(c.t), r.ws.U, r.past, r.w, r.y)
			return
		case 7:
			start7((*[49]float64)(a), (*[49]float64)(c.t), r.ws.U, r.past, r.w, r.y)
			return
		}
	}
	m := r.past0.N
	for k := range c.N {
		linear(r.w[k], a[k*m:k*m+m], r.past[:m])
	}
	r.stages()
}

// stages sets the stages to U + T W.
func (r *firk) stages() {
	c := r.c
	for k := range c.N {
		linear(r.y[k], c.T[k], r.w[:c.N])
		for i, u := range r.ws.U {
			r.y[k][i] += u
		}
	}
}

// linear writes sum_k a_k v_k to dst.
func linear(dst, a []float64, v [][]float64) {
	clear(dst)
	for k, x := range v {
		axpy(dst, a[k], x)
	}
}

// predictGeneral is predict where there are explicit stages.
func (r *firk) predictGeneral(h float64) {
	ws, c := r.ws, r.c
	// The polynomial at the stages, then W = T^-1 (Z - h Lead f0).
	for j, cj := range c.C {
		r.polynomial(1+h/r.h*cj, ws.UPrev, r.y[j])
		for i, u := range ws.U {
			r.y[j][i] -= u
			if c.First {
				r.y[j][i] -= h * c.Lead[j] * r.f0[i]
			}
		}
	}
	for k := range c.N {
		linear(r.w[k], c.TI[k], r.y[:c.N])
	}
	r.stages()
	r.addLead(h)
}

// addLead adds what the explicit first stage contributes to the others.
func (r *firk) addLead(h float64) {
	for j, a := range r.c.Lead {
		axpy(r.y[j], h*a, r.f0)
	}
}
