package newton

import "math"

// Newton limiting. In a circuit with junctions a Newton step computed where a diode
// blocks asks for a voltage at which its current is e^400, and one computed there
// returns by a single kT/q a step. Circuit simulators limit each junction by itself:
// its new voltage is the one at which the tangent's current flows, or little more (Nagel,
// SPICE2, memorandum ERL-M520, Berkeley 1975, section 4.3.2; his function pnjlim).
//
// Here the arguments of exponentials are unknowns of their own (System.Lift), and their
// equations say what they stand for: the lifted Newton method (Albersmeyer and Diehl,
// SIAM J. Optim. 20(3), 2010). Each of them is limited by itself, while the other unknowns
// go where the tangents lead, however far that is. Arguments that fall are not limited:
// SPICE's limit for them is one for junctions beyond any sensible current.

// Arguments below steepRest are not limited: e^10 is what the smallest of currents that
// matter are to the saturation current. Guesses far out are pulled to steepMost, where
// slopes are neither zero nor as steep as to allow steps of one only. No step is larger
// than that.
const (
	steepRest = 10
	steepMost = 20
)

// relaxAfter is the number of iterations, and five more for each exponent, after which
// steps become shorter: limited iterations may go round in circles.
const relaxAfter = 50

// allow is the argument that a step from a to b may reach.
func allow(a, b float64) float64 {
	switch {
	case b <= steepRest || b-a <= 2:
		return b
	case a <= 0:
		return math.Min(math.Max(steepRest, math.Log(b)), steepMost)
	}
	return math.Max(steepRest, a+math.Min(math.Log(1+b-a), steepMost))
}

// limited is Newton's method with limited exponents: full steps otherwise. The last
// steps are those of the damped iteration.
func (s *Solver) limited(x []float64) (res Result) {
	res.Method, res.Worst, res.Rank = Limited, -1, min(s.sys.N, s.sys.M)
	first := s.sys.N - s.sys.Lift
	for i := first; i < len(x); i++ {
		if x[i] > 2*steepMost || x[i] < -4*steepMost {
			x[i] = math.Copysign(steepMost, x[i])
		}
	}
	copy(s.x0, x) // where all methods are to begin
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	relax := min(relaxAfter+5*s.sys.Lift, 1000) // junctions in series turn on one after the other
	for res.Iterations < relax+150 {
		res.Iterations++
		s.weigh(x)
		if i := s.jacobian(x, &res); i >= 0 {
			res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
			return res
		}
		if !s.factor() {
			res.Column = s.col
			return s.report(res, Singular)
		}
		s.correct(s.r, s.dx)
		size := s.norm(s.dx)
		l := 1.0
		if res.Iterations > relax {
			l = math.Max(0.1, float64(relax)/float64(2*res.Iterations-relax))
		}
		for range 20 {
			for i, v := range x {
				d := s.dx[i]
				if i >= first {
					if b := allow(v, v+d); b < v+d {
						d = b - v
						size = math.Inf(1)
					}
				}
				s.x[i] = v + l*d
			}
			s.sys.Residual(s.x, s.rt)
			res.Evals++
			if nonFinite(s.rt) < 0 {
				break
			}
			l /= 4
		}
		if nonFinite(s.rt) >= 0 {
			return s.report(res, Stalled)
		}
		copy(x, s.x)
		s.r, s.rt = s.rt, s.r
		if size <= 1e-3 {
			return s.polish(x, res)
		}
	}
	return s.report(res, TooMany)
}
