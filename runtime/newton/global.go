package newton

import "math"

// Where the iterations from the guess fail, or end at a solution that the ranges of the
// unknowns exclude, other methods are tried, each from the guess: the model's own
// homotopy, a trust region, the damped iteration from start points near the guess,
// homotopies that any system has, pseudo-transient continuation, and start points farther
// away. Equations of models often have roots that are not meant, where an
// amplitude vanishes, say, and local minima of the residual from which no descent leads
// to a root.

const (
	near         = 20 // start points that lie near the guess
	restarts     = 40
	restartLimit = 60 // unknowns up to which other start points have a chance
)

// Further goes on after Solve has failed, or has found a solution outside of the ranges.
// res is the result of Solve, and x where it ended; they remain if nothing better is
// found.
func (s *Solver) Further(x []float64, res Result) Result {
	if s.sys.N == 0 || res.Status == Converged && !res.Outside {
		return res
	}
	keep := append([]float64(nil), x...)
	guess := append([]float64(nil), s.x0...)
	found := res.Status == Converged
	// try takes over what a method found, and says whether that is the end.
	try := func(next Result) bool {
		if next.Status != Converged || next.Rank < min(s.sys.N, s.sys.M) {
			res.fail(next)
			return false
		}
		next.Outside = !s.inside(x)
		if next.Outside && found {
			res.fail(next)
			return false
		}
		res = next.after(res)
		if !next.Outside {
			return true
		}
		found = true
		copy(keep, x)
		return false
	}
	square := s.sys.N == s.sys.M && s.sys.N <= pathLimit
	few := s.sys.N <= restartLimit
	for _, m := range []struct {
		can bool
		run func(x []float64) Result
	}{
		{square && s.sys.Lambda != nil, func(x []float64) Result { return s.follow(x, ModelHomotopy) }},
		{few && s.confines(), func(x []float64) Result { return s.confined(x, Confined) }},
		{s.sys.N <= trustLimit, s.levenberg},
		{square && s.sys.N > trustLimit, s.dogleg},
		{few, func(x []float64) Result { return s.restart(guess, x, 1, near, found) }},
		{square, func(x []float64) Result { return s.follow(x, NewtonHomotopy) }},
		{square && s.regular(guess), func(x []float64) Result { return s.follow(x, FixedPoint) }},
		{square, s.transient},
		{few, func(x []float64) Result { return s.restart(guess, x, near, restarts, found) }},
	} {
		if m.can {
			copy(x, guess)
			if try(m.run(x)) {
				return res
			}
		}
	}
	copy(x, keep)
	s.sys.Residual(x, s.r)
	res.Evals++
	return res
}

// By solves from x with one method alone; on failure x is the best point that it found. Solve and Further
// are the way to a solution; By is for comparisons, and for who knows better. A method that does not fit the
// system (a homotopy without Lambda, other than as many equations as unknowns) stalls at once.
func (s *Solver) By(m Method, x []float64) (res Result) {
	x = x[:s.sys.N]
	copy(s.x0, x)
	s.bold, s.bounded = false, false
	square := s.sys.N == s.sys.M
	run := func() Result { return Result{Status: Stalled, Worst: -1} }
	switch {
	case m == Damped:
		run = func() Result { return s.run(x) }
	case m == Undamped:
		run = func() Result {
			s.bold = true
			defer func() { s.bold = false }()
			return s.run(x)
		}
	case m == Limited && s.sys.Lift > 0:
		run = func() Result { return s.limited(x) }
	case m == TrustRegion:
		run = func() Result { return s.levenberg(x) }
	case m == Dogleg && square:
		run = func() Result { return s.dogleg(x) }
	case m == Confined:
		run = func() Result { return s.confined(x, Confined) }
	case m == Restarted:
		guess := append([]float64(nil), x...)
		run = func() Result { return s.restart(guess, x, 1, restarts, false) }
	case m == Transient && square:
		run = func() Result { return s.transient(x) }
	case square && (m == NewtonHomotopy || m == ModelHomotopy && s.sys.Lambda != nil || m == FixedPoint && s.regular(x)):
		run = func() Result { return s.follow(x, m) }
	}
	if s.sys.N > 0 {
		res = run()
	}
	res.Method = m
	res.Outside = res.Status == Converged && !s.inside(x)
	return res
}

// restart runs the damped iteration within the ranges from the start points from to
// to-1 around the guess. A solution outside the ranges counts only if found is false.
func (s *Solver) restart(guess, x []float64, from, to int, found bool) (res Result) {
	var first []float64 // outside
	for k := from; k < to; k++ {
		s.spread(guess, x, k)
		next := s.confined(x, Restarted).count(res)
		next.Restarts, next.spent = k, 0
		if next.Status == Converged && next.Rank >= min(s.sys.N, s.sys.M) {
			if s.inside(x) {
				return next
			}
			if first == nil {
				first = append(first, x...)
			}
		}
		res = next
	}
	if first == nil || found {
		if res.Status == Converged {
			res.Status = Stalled // at what does not count
		}
		return res
	}
	copy(x, first)
	return s.confined(x, Restarted).count(res)
}

// Within looks for a solution within the ranges from x, which lies there, by damped
// iterations that do not leave them. On failure x is the best point found.
func (s *Solver) Within(x []float64) Result {
	x = x[:s.sys.N]
	copy(s.x0, x)
	s.bold, s.fine = false, s.sys.Min != nil
	res := s.confined(x, Confined)
	s.fine = false
	res.Outside = !s.inside(x)
	return res
}

// confines reports whether there are ranges to stay in.
func (s *Solver) confines() bool { return s.sys.Min != nil || s.sys.Valid != nil }

// confined is the damped iteration within the ranges.
func (s *Solver) confined(x []float64, m Method) Result {
	s.bounded = true
	res := s.run(x)
	s.bounded = false
	res.Method = m
	return res
}

// regular evaluates the Jacobian at x and reports whether it is finite and can be
// matched.
func (s *Solver) regular(x []float64) bool {
	var res Result
	s.sys.Residual(x, s.r)
	if nonFinite(s.r) >= 0 {
		return false
	}
	s.weigh(x)
	return s.jacobian(x, &res) < 0 && s.match() != nil
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
