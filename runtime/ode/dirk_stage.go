package ode

// The nonlinear equation of an implicit stage, M z = h f(t, base + gamma z), solved for
// the slope z by modified Newton iterations. The comment in dirk.go says how old J and
// factors may be.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
)

const (
	dirkNewtonTol = 0.03 // of the iteration, relative to the error test
	dirkFirst     = 0.3  // size of a first correction that may do, by the rate of the iteration before
	dirkMaxIter   = 5    // Newton iterations for a stage
	dirkMaxFixed  = 20   // and where the step cannot be shortened
	dirkDiverge   = 0.9  // contraction at which an iteration is given up
	dirkSlow      = 0.02 // contraction that newer factors would improve
	dirkShrink    = 0.3  // step after an iteration that gave up
	dirkGammaMax  = 0.3  // change of h gamma that asks for new factors
)

// stageIteration solves the stages of one run.
type stageIteration struct {
	ws              *Workspace // f and J are its RHS and Jac
	m               *iterationMatrix
	most            int       // iterations for a stage
	inv             []float64 // weights of the iteration
	base, y, f      []float64
	haveJac, newJac bool    // J is usable; it belongs to the start of this step
	hg              float64 // h gamma of the factors, 0: none
	rate            float64 // contraction/(1 - contraction) of the last iteration
	theta           float64 // worst contraction of this step
	iters, least    int     // iterations of this step; of the best step with these factors
	excess          float64 // iterations that newer factors would have saved
	exact           bool    // an iteration gave up with J and factors that belong to it
	slow            float64 // factor for the step after an iteration gave up
}

func (s *stageIteration) prepare(ws *Workspace, fixed bool, cut func() []float64) {
	s.ws, s.m, s.most = ws, newIterationMatrix(ws), dirkMaxIter
	if fixed {
		s.most = dirkMaxFixed
	}
	s.inv, s.base, s.y, s.f = cut(), cut(), cut(), cut()
}

// forget marks J and factors as unknown.
func (s *stageIteration) forget() { s.haveJac, s.newJac, s.hg, s.rate = false, false, 0, 1 }

// archive visits J, the factors and what decides on their renewal.
func (s *stageIteration) archive(a *archive.Archive) {
	a.Bool(&s.haveJac, &s.newJac)
	a.Float(&s.hg, &s.rate, &s.theta, &s.excess)
	a.Int(&s.iters, &s.least)
	s.m.Archive(a)
}

// retry prepares another attempt after an iteration gave up: with new factors, and with a
// new J if it was an old one. It returns the step to try.
func (s *stageIteration) retry(h float64) float64 {
	if s.exact {
		h *= s.slow
	}
	s.rate, s.hg = 1, 0
	s.haveJac = s.newJac
	return h
}

// accepted counts what newer factors would have saved in the step just made.
func (s *stageIteration) accepted() {
	s.newJac = false
	s.least = min(s.least, s.iters)
	if s.theta > dirkSlow {
		s.excess += float64(s.iters - s.least)
	}
	if s.excess >= s.renewal() {
		s.haveJac = false
	}
}

// renewal is what J and factors cost, in iterations. A dense factorisation takes n^3/3 multiplications, a pair of
// triangular solves n^2; of a sparse one with w entries in a column of the factors it is about n w^2/3, as if they were
// all alike, against n w, three times that with the few long columns that elimination ends with. J is counted
// as one evaluation of f.
func (s *stageIteration) renewal() float64 {
	stats := s.m.lu.Stats()
	w := float64(stats.NNZ) / float64(max(1, s.ws.N()))
	if !stats.Sparse {
		w /= 3
	}
	return 1 + w
}

// setup provides factors for a stage with h gamma = hg of a step from (t, u).
func (s *stageIteration) setup(hg, t float64, u []float64) bool {
	if s.haveJac && s.hg != 0 && math.Abs(hg/s.hg-1) <= dirkGammaMax {
		return true
	}
	if !s.newJac {
		if !s.m.evaluate(t, u, nil) {
			s.exact, s.slow = true, dirkShrink
			return false
		}
		s.haveJac, s.newJac = true, true
	}
	s.hg = 0
	if !s.m.factor(1 / hg) {
		s.exact, s.slow = true, dirkShrink
		return false
	}
	s.hg = hg
	s.least, s.excess = math.MaxInt, 0
	return true
}

// newton solves for the slope z, in which it finds a guess, and leaves base + gamma z in y.
func (s *stageIteration) newton(z []float64, t, h, gamma float64) bool {
	if s.iterate(z, t, h, gamma) {
		return true
	}
	s.ws.Stats.NewtonFail++
	s.exact = s.newJac && s.hg == h*gamma
	return false
}

func (s *stageIteration) iterate(z []float64, t, h, gamma float64) bool {
	ws := s.ws
	y, f := s.y, s.f
	for i, b := range s.base {
		y[i] = b + gamma*z[i]
	}
	// M/(h gamma) - J for an old h gamma takes corrections that are scaled by 2/(1 + r), r
	// the quotient of new and old.
	r := h * gamma / s.hg
	scale := 2 * r / (1 + r)
	back, up := 1/h, 1/gamma
	rate := s.rate
	if rate < 1 { // trust it a little less
		q := math.Sqrt(math.Max(rate, eps))
		rate = q * math.Sqrt(q)
	}
	s.slow = dirkShrink
	last := 0.0
	for k := 1; ; k++ {
		ws.RHS(t, y, f)
		ws.Stats.Newton++
		s.iters++
		if ws.Mass == nil {
			for i, v := range f {
				f[i] = scale * (v - back*z[i])
			}
		} else {
			for i, m := range ws.Mass {
				if m != 0 {
					f[i] = scale * (f[i] - back*z[i])
				}
			}
		}
		s.m.solve(f)
		sum := 0.0
		for i, v := range f {
			x := v * s.inv[i]
			sum += x * x
			y[i] += v
			z[i] += up * v
		}
		size := math.Sqrt(sum / float64(max(1, len(f))))
		if !(size <= math.MaxFloat64) {
			return false
		}
		if k > 1 {
			theta := size / last
			s.theta = math.Max(s.theta, theta)
			if theta > dirkDiverge {
				return false
			}
			rate = theta / (1 - theta)
			if k < s.most {
				// The error that the last allowed iteration would leave.
				left := rate * size / dirkNewtonTol
				for range s.most - k - 1 {
					left *= theta
				}
				if left > 1 {
					s.slow = 0.8 * math.Pow(math.Min(20, left), -1/float64(3+s.most-k))
					return false
				}
			}
		}
		// As with RadauIIA5, the rate of an earlier iteration alone does not do for a large correction:
		// near an unstable equilibrium it would hide that J has turned.
		if rate*size <= dirkNewtonTol && (k > 1 || size <= dirkFirst) || size <= 10*eps {
			s.rate = rate
			return true
		}
		if k == s.most {
			return false
		}
		last = size
	}
}
