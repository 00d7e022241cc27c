package newton

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// transient is pseudo-transient continuation: implicit Euler steps for S x' = -F(x)
// whose length grows as the residual falls, so that they end as Newton steps (Kelley
// and Keyes, SIAM J. Numer. Anal. 35(2), 1998; the length by switched evolution
// relaxation). S pairs each unknown with an equation along large entries of the
// Jacobian and has their signs, so that each pair by itself is stable.
func (s *Solver) transient(x []float64) (res Result) {
	n := s.sys.N
	most := s.patience()
	res.Method, res.Worst, res.Rank = Transient, -1, n
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	s.weigh(x)
	if i := s.jacobian(x, &res); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	match := s.match()
	if match == nil {
		return s.report(res, Singular)
	}
	diag, sign := make([]int32, n), make([]float64, n)
	scale := make([]float64, n)
	for i := range scale {
		scale[i] = math.Max(s.scale(i), math.Abs(s.r[i]))
	}
	p := s.sys.Pattern
	for j, i := range match {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			if p.RowIdx[e] == i {
				diag[j] = e
				sign[j] = math.Copysign(scale[i], s.vals[e])
			}
		}
	}
	size := func(r []float64) float64 {
		t := 0.0
		for i, v := range r {
			t += sq(v / scale[i])
		}
		return math.Sqrt(t / float64(n))
	}
	lu := linsolve.New[float64](p, linsolve.Hints{})
	vals := make([]float64, p.NNZ())
	first := size(s.r)
	f, delta := first, 1.0
	for res.Iterations < most {
		res.Iterations++
		if res.Iterations > 1 {
			s.weigh(x)
			if i := s.jacobian(x, &res); i >= 0 {
				return s.report(res, NotFinite)
			}
		}
		done := false
		for range 30 {
			copy(vals, s.vals)
			for j, e := range diag {
				vals[e] += sign[j] / (s.w[j] * delta)
			}
			if lu.Factor(vals) == nil {
				for i, v := range s.r {
					s.dx[i] = -v
				}
				lu.Solve(s.dx)
				for i, v := range x {
					s.x[i] = v + s.dx[i]
				}
				s.sys.Residual(s.x, s.rt)
				res.Evals++
				// A step may let the residual grow a little, as the transient itself does.
				if nonFinite(s.rt) < 0 && size(s.rt) < 10*f+1e-300 {
					done = true
					break
				}
			}
			delta /= 4
		}
		if !done {
			break
		}
		copy(x, s.x)
		s.r, s.rt = s.rt, s.r
		after := size(s.r)
		if after == 0 || after < 1e-6*first || delta > 1e8 {
			if end := s.polish(x, res); end.Status == Converged {
				return end
			}
			if after < 1e-14*first || delta > 1e8 {
				break
			}
		}
		delta *= math.Min(math.Max(f/after, 0.2), 10)
		if f/after > 0.9 && f/after < 1.1 {
			delta *= 1.5 // creeping
		}
		f = after
	}
	return s.report(res, Stalled)
}
