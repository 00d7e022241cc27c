package newton

import "math"

// dogleg is a trust region method for as many equations as unknowns: the step is where the path from
// the present point along the steepest descent to the minimum of the linear model on it, and from there to Newton's
// point, leaves the region. It needs one factorisation for each Jacobian, as sparse as that is.
//
// Powell, in: Numerical Methods for Nonlinear Algebraic Equations, 1970; Nocedal, Wright, Numerical
// Optimization, Springer 2006, 4.1 and 11.2. Lengths are those in units of the scales of the unknowns; equations keep the scale
// that they have at the guess. Where the Jacobian is singular and the system small, the least-squares step
// takes the place of Newton's, else the steepest descent alone.
func (s *Solver) dogleg(x []float64) (res Result) {
	const most = 500
	m, n := s.sys.M, s.sys.N
	res.Method, res.Worst, res.Rank = Dogleg, -1, min(n, m)
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	scale, grad, q := make([]float64, m), make([]float64, n), make([]float64, m)
	norm := func(r []float64) float64 {
		t := 0.0
		for i, v := range r {
			t += sq(v / scale[i])
		}
		return math.Sqrt(t)
	}
	p := s.sys.Pattern
	// apply sets q = S^-1 J D v.
	apply := func(v []float64) {
		clear(q)
		for j, w := range s.w {
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				i := p.RowIdx[e]
				q[i] += s.vals[e] * w * v[j] / scale[i]
			}
		}
	}
	step := make([]float64, n)
	f, radius := 0.0, 0.0
	close := false // Newton's correction is small
	for res.Iterations < most {
		res.Iterations++
		s.weigh(x)
		if i := s.jacobian(x, &res); i >= 0 {
			res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
			return res
		}
		if res.Iterations == 1 {
			for i := range scale {
				scale[i] = math.Max(s.scale(i), math.Abs(s.r[i]))
			}
			f = norm(s.r)
			radius = 10 * math.Sqrt(float64(n))
		}
		g2 := 0.0
		for j, w := range s.w {
			t := 0.0
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				i := p.RowIdx[e]
				t += s.vals[e] / scale[i] * s.r[i] / scale[i]
			}
			grad[j] = t * w
			g2 += sq(grad[j])
		}
		newton := s.factor()
		if newton {
			s.correct(s.r, s.dx)
			newton = nonFinite(s.dx) < 0
		}
		if close = newton && s.norm(s.dx) <= math.Max(s.opt.Tol, 1e-8) || f == 0; close {
			break
		}
		if !(math.Sqrt(g2) > 1e-15*f) {
			break // a local minimum
		}
		apply(grad)
		jg := 0.0
		for _, v := range q {
			jg += v * v
		}
		cauchy := g2 / jg // length along -grad
		size := math.Sqrt(float64(n))
		moved := false
		for range 60 {
			full := false
			switch {
			case newton && s.norm(s.dx)*size <= radius:
				for j := range step {
					step[j] = s.dx[j] / s.w[j]
				}
				full = true
			case !newton || cauchy*math.Sqrt(g2) >= radius:
				l := math.Min(cauchy, radius/math.Sqrt(g2))
				for j := range step {
					step[j] = -l * grad[j]
				}
			default:
				// c + tau (d - c) of length radius.
				aa, ab, bb := 0.0, 0.0, 0.0
				for j := range step {
					c := -cauchy * grad[j]
					d := s.dx[j]/s.w[j] - c
					aa, ab, bb = aa+c*c, ab+c*d, bb+d*d
				}
				disc := math.Sqrt(math.Max(0, ab*ab+bb*(radius*radius-aa)))
				tau := (radius*radius - aa) / (ab + disc)
				if ab < 0 {
					tau = (disc - ab) / bb
				}
				for j := range step {
					c := -cauchy * grad[j]
					step[j] = c + tau*(s.dx[j]/s.w[j]-c)
				}
			}
			length := 0.0
			for j, v := range step {
				s.x[j] = x[j] + s.w[j]*v
				length += v * v
			}
			length = math.Sqrt(length)
			apply(step)
			model := 0.0
			for i, v := range q {
				model += sq(s.r[i]/scale[i] + v)
			}
			model = math.Sqrt(model)
			s.sys.Residual(s.x, s.rt)
			res.Evals++
			after := math.Inf(1)
			if nonFinite(s.rt) < 0 {
				after = norm(s.rt)
			}
			rho := (f*f - after*after) / (f*f - model*model)
			if !(rho > 0.25) {
				radius = 0.25 * length
			} else if rho > 0.75 && !full {
				radius *= 2
			}
			if rho > 1e-4 && after < f {
				copy(x, s.x)
				s.r, s.rt = s.rt, s.r
				f = after
				moved = true
				break
			}
			if length < 1e-14*size {
				break
			}
		}
		if !moved {
			break
		}
	}
	if close {
		if end := s.polish(x, res); end.Status == Converged {
			return end
		}
	}
	if s.settled() {
		return s.report(res, Converged)
	}
	return s.report(res, Stalled)
}
