package newton

import "math"

// Where the iteration from the guess fails, or ends at a solution that the ranges of
// the unknowns exclude, others are tried: the iteration confined to the ranges, and
// that from start points spread around the guess, close ones first. Equations of
// models often have such roots, where an amplitude vanishes, say, and local minima of
// the residual from which no descent leads to a root.

const (
	restarts     = 40
	restartLimit = 60 // unknowns up to which other start points have a chance
)

// further looks for a solution inside the ranges. res is what the iteration from s.x0
// gave, and x where it ended; they remain if nothing better is found.
func (s *Solver) further(x []float64, res Result) Result {
	if s.sys.N == 0 || s.sys.N > restartLimit {
		return res
	}
	keep := append([]float64(nil), x...)
	guess := append([]float64(nil), s.x0...)
	found := res.Status == Converged
	s.bounded = true
	defer func() { s.bounded = false }()
	for k := range restarts {
		if k > 0 {
			s.spread(guess, x, k)
		} else if copy(x, guess); s.sys.Min == nil && s.sys.Valid == nil {
			continue // the same as before
		}
		next := s.run(x)
		next.Iterations += res.Iterations
		next.Evals += res.Evals
		res.Iterations, res.Evals = next.Iterations, next.Evals
		if next.Status != Converged || next.Rank < min(s.sys.N, s.sys.M) {
			continue
		}
		next.Restarts = k
		if s.inside(x) {
			return next
		}
		if !found {
			found = true
			next.Outside = true
			copy(keep, x)
			res = next
		}
	}
	copy(x, keep)
	s.sys.Residual(x, s.r)
	res.Evals++
	return res
}

// inside reports whether x, which must be the last point given to Residual, lies in
// the ranges.
func (s *Solver) inside(x []float64) bool {
	if s.sys.Min != nil {
		for i, v := range x {
			if v < s.sys.Min[i] || v > s.sys.Max[i] {
				return false
			}
		}
	}
	return s.sys.Valid == nil || s.sys.Valid()
}

// reach is the longest part of the correction that leaves each unknown a tenth of its
// distance to the limit.
func (s *Solver) reach(x []float64) float64 {
	l := 1.0
	if s.sys.Min == nil {
		return l
	}
	for i, d := range s.dx {
		room := s.sys.Max[i] - x[i]
		if d < 0 {
			room = x[i] - s.sys.Min[i]
		}
		if d != 0 && room > 0 && math.Abs(d)*l > 0.9*room {
			l = 0.9 * room / math.Abs(d)
		}
	}
	return l
}

// spread puts x to start point k around the guess. Unknowns that cannot change their
// sign vary by a factor, up to a hundred, others by multiples of their size.
func (s *Solver) spread(guess, x []float64, k int) {
	wide := float64(k) / restarts
	for i, g := range guess {
		u := 2*random(k, i) - 1
		size := math.Abs(g)
		if s.sys.Nominal != nil && s.sys.Nominal[i] != 0 {
			size = math.Max(size, math.Abs(s.sys.Nominal[i]))
		}
		if size == 0 {
			size = 1
		}
		lo, hi := math.Inf(-1), math.Inf(1)
		if s.sys.Min != nil {
			lo, hi = s.sys.Min[i], s.sys.Max[i]
		}
		// A guess outside of the range is replaced by a point inside.
		switch {
		case g > lo && g < hi:
		case hi-lo < 1e6*size: // else as good as none
			g = 0.5*lo + 0.5*hi
		case g <= lo:
			g = lo + math.Max(size, math.Abs(lo))
		case g >= hi:
			g = hi - math.Max(size, math.Abs(hi))
		}
		old := g
		if lo >= 0 || hi <= 0 {
			g *= math.Pow(100, wide*u)
		} else {
			g += size * u * (0.1 + 10*wide*wide)
		}
		if g <= lo { // inside, if only just
			g = lo + 0.1*(old-lo)
		} else if g >= hi {
			g = hi - 0.1*(hi-old)
		}
		x[i] = g
	}
}

// random is a number in [0, 1) that depends on k and i alone: splitmix64, Steele, Lea,
// Flood, OOPSLA 2014.
func random(k, i int) float64 {
	z := uint64(k)<<32 + uint64(i) + 1
	z *= 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) * 0x1p-53
}
