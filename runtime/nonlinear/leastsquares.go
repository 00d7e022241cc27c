package nonlinear

// Nonlinear least squares: the method of Levenberg and Marquardt as a trust region in scaled unknowns
// (More, Lecture Notes in Mathematics 630, 1978: scales are the largest norms seen of the columns of the
// Jacobian), the parameter steered by the gain ratio (Nielsen, IMM-REP-1999-05). Unknowns at an end of their range that
// the gradient pushes outward stay there for the step; trial points are moved into the ranges (a projected gradient method;
// Kanzow, Yamashita, Fukushima, J. Comput. Appl. Math. 172, 2004, show the convergence of such methods).
// Each step is solved from an orthogonal decomposition of the Jacobian with the damping below it, not from normal
// equations.

import (
	"context"
	"math"

	"github.com/mtkc/mtkc/runtime/fdiff"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Fit is the result of LeastSquares.
type Fit struct {
	Solution
	Cost     float64 // |F|^2
	Gradient float64 // largest cosine of the angle between F and a column of the Jacobian: 0 at a minimum
	jac      []float64
	m        int
}

// LeastSquares minimises |F(x, p)|^2 from X0, to a local minimum: where the gradient, or the next change of the unknowns or of the
// cost, is below Options.Tol (0: 1e-10), relative. Options.Method is not used. The error is a *Failure; the Fit is then
// the best point found.
func LeastSquares(ctx context.Context, p *Problem, opt Options) (*Fit, error) {
	q := *p
	if q.M == 0 {
		q.M = q.N
	}
	if opt.X0 != nil {
		q.X0 = opt.X0
	}
	if opt.P != nil {
		q.P = opt.P
	}
	if f := q.check(); f != nil {
		return nil, f
	}
	tol, most := opt.Tol, opt.MaxIter
	if tol == 0 {
		tol = 1e-10
	}
	if most == 0 {
		most = 2000
	}
	m, n := q.M, q.N
	pat := q.Pattern
	if pat == nil {
		pat = linsolve.Dense(m, n)
	}
	fit := &Fit{m: m}
	x, r := append([]float64(nil), q.X0...), make([]float64, m)
	for i := range q.Min {
		x[i] = math.Min(q.Max[i], math.Max(q.Min[i], x[i]))
	}
	eval := func(x, r []float64) float64 {
		fit.Evals++
		q.Residual(x, q.P, r)
		s := 0.0
		for _, v := range r {
			s += v * v
		}
		return s
	}
	cost := eval(x, r)
	done := func() *Fit {
		fit.X, fit.Residual, fit.Cost, fit.Method = x, r, cost, "Levenberg-Marquardt"
		return fit
	}
	if !(cost <= math.MaxFloat64) {
		return done(), fail(NotFinite, "a residual is not finite at the start; begin elsewhere")
	}
	vals := make([]float64, pat.NNZ())
	groups := fdiff.Colour(pat)
	xt, rt, moved := make([]float64, n), make([]float64, m), make([]float64, n)
	J := make([]float64, m*n) // by columns
	d, scale, grad, frozen := make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n)
	full := linsolve.Dense(m+n, n)
	ls := linsolve.NewLeastSquares(m+n, n)
	a, b := make([]float64, (m+n)*n), make([]float64, m+n)
	mu, nu := 0.0, 2.0
	for fit.Iterations = 0; ; fit.Iterations++ {
		if err := ctx.Err(); err != nil {
			return done(), &Failure{Code: Interrupted, Message: context.Cause(ctx).Error(), Err: context.Cause(ctx)}
		}
		if q.Jacobian != nil {
			q.Jacobian(x, q.P, vals)
		} else {
			copy(xt, x)
			for _, cols := range groups {
				for _, j := range cols {
					h := math.Sqrt(0x1p-52) * math.Max(math.Abs(x[j]), q.size(int(j)))
					if q.Max != nil && x[j]+h > q.Max[j] {
						h = -h
					}
					xt[j] = x[j] + h
					moved[j] = xt[j] - x[j]
				}
				fit.Evals++
				q.Residual(xt, q.P, rt)
				for _, j := range cols {
					xt[j] = x[j]
					for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
						i := pat.RowIdx[e]
						vals[e] = (rt[i] - r[i]) / moved[j]
					}
				}
			}
		}
		clear(J)
		for j := range n {
			for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
				J[j*m+int(pat.RowIdx[e])] = vals[e]
			}
		}
		fit.jac = J
		steep, free := 0.0, false
		for j := range n {
			norm, g := 0.0, 0.0
			for i, v := range J[j*m : (j+1)*m] {
				norm += v * v
				g += v * r[i]
			}
			norm = math.Sqrt(norm)
			if norm != norm || math.IsInf(norm, 0) {
				return done(), fail(NotFinite, "the Jacobian is not finite; begin elsewhere")
			}
			scale[j] = math.Max(scale[j], norm)
			grad[j] = g
			frozen[j] = q.Min != nil && (x[j] <= q.Min[j] && g > 0 || x[j] >= q.Max[j] && g < 0)
			if frozen[j] || norm == 0 || cost == 0 {
				continue
			}
			steep = math.Max(steep, math.Abs(g)/(norm*math.Sqrt(cost)))
			free = true
		}
		fit.Gradient = steep
		if cost == 0 || steep <= tol || !free {
			return done(), nil
		}
		if fit.Iterations == 0 {
			mu = 1e-3
		}
		for tries := 0; ; tries++ {
			if fit.Iterations == most || tries == 100 {
				return done(), fail(NotConverged, "no minimum after %d iterations; the gradient is %.3g of its largest possible size", fit.Iterations, steep)
			}
			clear(a)
			clear(b)
			for j := range n {
				s := scale[j]
				if s == 0 {
					s = 1
				}
				if !frozen[j] {
					for i, v := range J[j*m : (j+1)*m] {
						a[j*(m+n)+i] = v / s
					}
				}
				a[j*(m+n)+m+j] = math.Sqrt(mu)
			}
			for i, v := range r {
				b[i] = -v
			}
			ls.Factor(full, a, 1e-15)
			ls.Solve(b, d)
			size, length, gain := 0.0, 0.0, 0.0
			clear(b[:m]) // J d
			for j := range n {
				s := scale[j]
				if s == 0 {
					s = 1
				}
				v := x[j]
				if !frozen[j] {
					v += d[j] / s
				}
				if q.Min != nil {
					v = math.Min(q.Max[j], math.Max(q.Min[j], v))
				}
				xt[j] = v
				step := v - x[j]
				size += step * step * s * s
				length += x[j] * x[j] * s * s
				for i, w := range J[j*m : (j+1)*m] {
					b[i] += w * step
				}
			}
			for i := range r { // of the linear model
				gain -= b[i] * (2*r[i] + b[i])
			}
			after := eval(xt, rt)
			rho := (cost - after) / gain
			small := math.Sqrt(size) <= tol*math.Sqrt(length)
			if after < cost && rho > 1e-4 {
				flat := cost-after <= tol*tol*cost && gain <= tol*tol*cost
				copy(x, xt)
				copy(r, rt)
				cost, nu = after, 2
				mu *= math.Max(1.0/3, 1-math.Pow(2*rho-1, 3))
				if small || flat {
					return done(), nil
				}
				break
			}
			if small || gain <= 0x1p-52*cost {
				return done(), nil // no further descent that rounding lets be seen
			}
			mu *= nu
			nu *= 2
		}
	}
}

// size is the size below which unknown j counts as small.
func (p *Problem) size(j int) float64 {
	if p.Nominal != nil && p.Nominal[j] != 0 {
		return math.Abs(p.Nominal[j])
	}
	return 1e-3
}

// Covariance is s^2 (J^T J)^-1, n by n by columns, the covariance of the unknowns where the residuals are independent
// errors of equal variance, which s^2 = Cost/(M - N) estimates. It is nil where there are no more residuals than
// unknowns, or these are not determined.
func (f *Fit) Covariance() []float64 {
	n := len(f.X)
	if f.m <= n {
		return nil
	}
	s2 := f.Cost / float64(f.m-n)
	normal := make([]float64, n*n)
	w := make([]float64, n) // columns are scaled to length 1
	for j := range n {
		for _, v := range f.jac[j*f.m : (j+1)*f.m] {
			w[j] += v * v
		}
		w[j] = math.Sqrt(w[j])
		if w[j] == 0 {
			return nil
		}
	}
	for j := range n {
		for k := range n {
			s := 0.0
			for i := range f.m {
				s += f.jac[j*f.m+i] / w[j] * f.jac[k*f.m+i] / w[k]
			}
			normal[j*n+k] = s
		}
	}
	lu := linsolve.New[float64](linsolve.Dense(n, n), linsolve.Hints{Kind: linsolve.DenseLU})
	if lu.Factor(normal) != nil {
		return nil
	}
	out := make([]float64, n*n)
	for j := range n {
		c := out[j*n : (j+1)*n]
		c[j] = s2 / w[j]
		lu.Solve(c)
		for i := range c {
			c[i] /= w[i]
		}
	}
	return out
}
