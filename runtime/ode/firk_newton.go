package ode

// The simplified Newton iteration of fully implicit methods, in the basis that decouples the stages.

import "math"

// newton solves for the stages of the step h that ends at t. If it gives up, slow is
// the factor for the step to try instead.
func (r *firk) newton(h, t float64, guessed bool) bool {
	ws, c := r.ws, r.c
	if !guessed {
		r.predict(h)
	}
	// The rate of an earlier step ages, as in RADAU5, with a power that costs two roots.
	rate := max(r.rate, eps)
	rate = math.Sqrt(rate * math.Sqrt(rate))
	r.theta = firkKeepJac
	r.slow = 0.5
	most := c.newtonMax
	if r.fixed {
		most = firkFixed
	}
	last := 0.0
	perEntry := 1 / float64(max(1, c.N*ws.N()))
	for k := 1; ; k++ {
		r.iters = k
		for j, cj := range c.C {
			ws.RHS(ws.T+cj*h, r.y[j], r.f[j])
		}
		ws.Stats.Newton++
		r.combine()
		if c.Gamma != 0 {
			r.m.solve(r.g)
		}
		for p := range c.Alpha {
			r.m.solvePair(p, r.x[p])
		}
		size := math.Sqrt(r.update() * perEntry)
		if !(size <= math.MaxFloat64) {
			r.clearPadding()
			return false
		}
		if k > 1 && k < most {
			q := size / last
			if k == 2 {
				r.theta = q
			} else {
				r.theta = math.Sqrt(q * r.theta)
			}
			if r.fixed && q >= 0.5 && last <= 1e-8 {
				return true // increments of rounding errors
			}
			if r.theta >= 0.99 {
				return false
			}
			rate = r.theta / (1 - r.theta)
			// The error that the last allowed iteration would leave.
			left := rate * size / r.newtonTol
			if !r.fixed {
				for range most - 1 - k {
					left *= r.theta
				}
				if left >= 1 {
					q := max(1e-4, min(20, left))
					r.slow = 0.8 * math.Pow(q, -1/float64(4+most-1-k))
					return false
				}
			}
		}
		if k == 1 {
			r.miss = size
		}
		last = max(size, eps*eps)
		// The rate of the first iteration is that of an earlier step, with which Hairer and Wanner
		// accept it. Near an unstable equilibrium it hides that J has turned: the steps would follow
		// the equilibrium beyond the point where the solution leaves it. Accepting it where J
		// is new saves an iteration now and then, and loses as much in accuracy.
		if rate*size <= r.newtonTol && (k > 1 || size <= r.newtonTol) {
			r.rate = rate
			return true
		}
		if k == most {
			return false
		}
	}
}

// padded is n up to a whole number of vectors. The arrays of the iteration are so long: what lies behind their ends is zero.
func padded(n int) int { return (n + 3) &^ 3 }

// clearPadding makes the entries behind the ends zero once more, which are no numbers after an overflow.
func (r *firk) clearPadding() {
	n := len(r.g)
	for _, list := range [][][]float64{r.w, r.past, r.y, r.f, {r.g, r.inv, r.u}} {
		for _, v := range list {
			clear(v[n:padded(n)])
		}
	}
	for _, x := range r.x {
		clear(x[n:padded(n)])
	}
}

// combine sets the right-hand sides T^-1 F - Lambda/h M W of the iteration.
func (r *firk) combine() {
	c := r.c
	switch {
	case r.combineVectors():
	case c.N == 3: // an odd number of stages has a real eigenvalue
		combine3((*[9]float64)(c.ti), (*[3]float64)(r.lam), r.f, r.w, r.g, r.x)
	case c.N == 5:
		combine5((*[25]float64)(c.ti), (*[5]float64)(r.lam), r.f, r.w, r.g, r.x)
	case c.N == 7:
		combine7((*[49]float64)(c.ti), (*[7]float64)(r.lam), r.f, r.w, r.g, r.x)
	default:
		r.combineAny()
	}
	// Rows without mass.
	for _, i := range r.ws.Alg {
		row := func(k int) float64 {
			s := 0.0
			for j, v := range c.TI[k] {
				s += v * r.f[j][i]
			}
			return s
		}
		k := 0
		if c.Gamma != 0 {
			r.g[i] = row(0)
			k = 1
		}
		for p := range c.Alpha {
			r.x[p][i] = complex(row(k), row(k+1))
			k += 2
		}
	}
}

func (r *firk) combineAny() {
	c := r.c
	k := 0
	if c.Gamma != 0 {
		linear(r.g, c.TI[0], r.f[:c.N])
		axpy(r.g, -r.lam[0], r.w[0])
		k = 1
	}
	for _, x := range r.x[:len(c.Alpha)] {
		al, be := r.lam[k], r.lam[k+1]
		t1, t2 := c.TI[k], c.TI[k+1]
		for i := range x {
			b, d := -al*r.w[k][i]+be*r.w[k+1][i], -be*r.w[k][i]-al*r.w[k+1][i]
			for j := range c.N {
				v := r.f[j][i]
				b += t1[j] * v
				d += t2[j] * v
			}
			x[i] = complex(b, d)
		}
		k += 2
	}
}

// update adds the corrections to W and to the stages and returns the sum of the
// squares of the weighted increments of the stages.
func (r *firk) update() float64 {
	c := r.c
	if sum, ok := r.updateVectors(); ok {
		return sum
	}
	switch c.N {
	case 3:
		return update3((*[9]float64)(c.t), r.g, r.x, r.inv, r.w, r.y)
	case 5:
		return update5((*[25]float64)(c.t), r.g, r.x, r.inv, r.w, r.y)
	case 7:
		return update7((*[49]float64)(c.t), r.g, r.x, r.inv, r.w, r.y)
	}
	sum := 0.0
	var d [8]float64
	for i, v := range r.inv {
		k := 0
		if c.Gamma != 0 {
			d[0] = r.g[i]
			k = 1
		}
		for p := range c.Alpha {
			d[k], d[k+1] = real(r.x[p][i]), imag(r.x[p][i])
			k += 2
		}
		for j := range c.N {
			r.w[j][i] += d[j]
			z := 0.0
			for l, t := range c.T[j] {
				z += t * d[l]
			}
			r.y[j][i] += z
			z *= v
			sum += z * z
		}
	}
	return sum
}

func (r *firk) newtonFailure(h float64) *Failure {
	f := r.m.failure(h)
	if f.Code == DtTooSmall && r.theta >= 0.99 {
		g := r.ws.Fail(NewtonFailure, "the iteration for the stages does not converge, however short the step")
		g.Message += "; " + f.Message
		return g
	}
	return f
}
