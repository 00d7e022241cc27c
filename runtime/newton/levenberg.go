package newton

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// trustLimit is the number of unknowns up to which the dense decompositions of the trust
// region method are worth their time.
const trustLimit = 120

// levenberg minimises the sum of the squares of the scaled residuals. It stops at a
// local minimum: a root, or the nearest that there is.
//
// Levenberg 1944, Marquardt 1963; the step is that of a trust region in scaled unknowns
// (More, Lecture Notes in Mathematics 630, 1978), its parameter follows the gain ratio
// (Nielsen, IMM-REP-1999-05, Technical University of Denmark). Equations keep the scale
// that they have at the guess, so that the function to be minimised stays the same.
func (s *Solver) levenberg(x []float64) (res Result) {
	const most = 300
	m, n := s.sys.M, s.sys.N
	res.Method, res.Worst, res.Rank = TrustRegion, -1, min(n, m)
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	pat := linsolve.Dense(m+n, n)
	ls := linsolve.NewLeastSquares(m+n, n)
	a, b, d := make([]float64, (m+n)*n), make([]float64, m+n), make([]float64, n)
	grad := make([]float64, n)
	scale := make([]float64, m)
	value := func(r []float64) float64 {
		t := 0.0
		for i, v := range r {
			t += sq(v / scale[i])
		}
		return t
	}
	mu, nu, f := 1e-3, 2.0, 0.0
	for range most {
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
			f = value(s.r)
		}
		steep := 0.0
		for j, w := range s.w {
			grad[j] = 0
			for e := s.sys.Pattern.ColPtr[j]; e < s.sys.Pattern.ColPtr[j+1]; e++ {
				i := s.sys.Pattern.RowIdx[e]
				grad[j] += s.vals[e] * w / scale[i] * s.r[i] / scale[i]
			}
			steep = math.Max(steep, math.Abs(grad[j]))
		}
		if steep <= 1e-15*math.Sqrt(f) || f == 0 {
			break
		}
		moved := false
		for range 40 {
			clear(a)
			clear(b)
			for j, w := range s.w {
				for e := s.sys.Pattern.ColPtr[j]; e < s.sys.Pattern.ColPtr[j+1]; e++ {
					i := s.sys.Pattern.RowIdx[e]
					a[j*(m+n)+int(i)] = s.vals[e] * w / scale[i]
				}
				a[j*(m+n)+m+j] = math.Sqrt(mu)
			}
			for i, v := range s.r {
				b[i] = -v / scale[i]
			}
			ls.Factor(pat, a, 1e-14)
			ls.Solve(b, d)
			gain, size := 0.0, 0.0
			for j, v := range d {
				s.x[j] = x[j] + s.w[j]*v
				gain += v * (mu*v - grad[j])
				size += v * v
			}
			if math.Sqrt(size/float64(n)) < 1e-14 {
				break
			}
			s.sys.Residual(s.x, s.rt)
			res.Evals++
			after := math.Inf(1)
			if nonFinite(s.rt) < 0 {
				after = value(s.rt)
			}
			if rho := (f - after) / gain; after < f && rho > 0 {
				copy(x, s.x)
				s.r, s.rt = s.rt, s.r
				f, nu = after, 2
				mu *= math.Max(1.0/3, 1-math.Pow(2*rho-1, 3))
				moved = true
				break
			}
			mu *= nu
			nu *= 2
		}
		if !moved {
			break
		}
		// Close to a root Newton's method is sure to end what this one begins.
		if f < 1e-12*float64(m) {
			if end := s.polish(x, res); end.Status == Converged {
				return end
			}
			if f < 1e-24 {
				break
			}
		}
	}
	if s.settled() { // a multiple root
		return s.report(res, Converged)
	}
	return s.report(res, Stalled)
}
