package newton

import "math"

// Newton limiting. In a circuit with junctions a Newton step computed where a diode
// blocks asks for a voltage at which its current is e^400, and one computed there
// returns by a single kT/q a step. Circuit simulators limit each junction by itself:
// its new voltage lies on the tangent where the current is the one that the full step
// would have given (Nagel, SPICE2, memorandum ERL-M520, Berkeley 1975, section 4.3.2;
// his function pnjlim).
//
// Here the junctions are the arguments a = A x + b of exponentials, which the compiler
// finds in the equations. The full step is corrected by the least change that keeps
// every argument below its limit: the projection onto a polyhedron, by Hildreth's method
// (Naval Research Logistics Quarterly 4, 1957), which takes dependent arguments
// (antiparallel diodes, a bridge) as they come. The rest of the system sees its tangent
// as before. Arguments that fall are not limited, SPICE's limit for them is one for the
// junction that falls from beyond any sensible current.
type steep struct {
	k      int
	a0, a1 []float64 // arguments at x and behind the full step
	most   []float64 // what they may be
	// A by rows; empty where the system is too large to find it
	ptr  []int32
	col  []int32
	val  []float64
	dual []float64
	d    []float64 // len N, correction of the step
}

// Arguments below steepRest are not limited: e^10 is what the smallest of currents that
// matter are to the saturation current. Above steepMost a guess is pulled back first.
const (
	steepRest = 10
	steepMost = 80
)

// relaxAfter is the number of iterations, and five more for each junction, after which
// steps become shorter.
const relaxAfter = 50

// steepLimit is the work up to which A is found by differences; larger systems shorten
// the step as a whole.
const steepLimit = 20_000_000

func newSteep(sys *System) *steep {
	k := sys.NSteep
	return &steep{k: k, a0: make([]float64, k), a1: make([]float64, k), most: make([]float64, k), dual: make([]float64, k), d: make([]float64, sys.N)}
}

// allow is the argument that a step from a to b may reach.
func allow(a, b float64) float64 {
	switch {
	case b <= steepRest || b-a <= 2:
		return b
	case a <= 0:
		return math.Max(steepRest, math.Log(b))
	}
	return math.Max(steepRest, a+math.Log(1+b-a))
}

// linearize finds A by differences, which are exact up to rounding as a is affine.
func (st *steep) linearize(sys *System, x, w []float64) {
	st.ptr, st.col, st.val = st.ptr[:0], st.col[:0], st.val[:0]
	if st.k*len(x) > steepLimit {
		return
	}
	type entry struct {
		col int32
		val float64
	}
	rows := make([][]entry, st.k)
	sys.Steep(x, st.a0)
	for j, v := range x {
		// Steps of the size of the unknown: the rounding of large arguments stays small.
		x[j] = v + w[j]
		h := x[j] - v
		sys.Steep(x, st.a1)
		x[j] = v
		for i := range rows {
			if d := st.a1[i] - st.a0[i]; math.Abs(d) > 1e-9*math.Max(math.Abs(st.a0[i]), math.Abs(st.a1[i])) {
				rows[i] = append(rows[i], entry{int32(j), d / h})
			}
		}
	}
	st.ptr = append(st.ptr, 0)
	for _, row := range rows {
		for _, e := range row {
			st.col, st.val = append(st.col, e.col), append(st.val, e.val)
		}
		st.ptr = append(st.ptr, int32(len(st.col)))
	}
}

// project moves x, whose arguments are st.a1, by the least change in units of w to where
// no argument exceeds st.most.
func (st *steep) project(x, w []float64) {
	sweeps := min(max(2_000_000/(len(st.val)+1), 50), 2000)
	clear(st.dual)
	clear(st.d)
	for n := range sweeps {
		worst := 0.0
		for i := range st.k {
			k := i
			if n%2 == 1 { // back and forth, so that chains settle soon
				k = st.k - 1 - i
			}
			row := st.val[st.ptr[k]:st.ptr[k+1]]
			col := st.col[st.ptr[k]:st.ptr[k+1]]
			q, a := 0.0, st.a1[k]
			for e, v := range row {
				q += sq(v * w[col[e]])
				a += v * st.d[col[e]]
			}
			if q == 0 {
				continue
			}
			worst = math.Max(worst, a-st.most[k])
			c := math.Max(-st.dual[k], (a-st.most[k])/q)
			if c == 0 {
				continue
			}
			st.dual[k] += c
			for e, v := range row {
				st.d[col[e]] -= c * v * sq(w[col[e]])
			}
		}
		if worst < 0.3 {
			break
		}
	}
	for j, v := range st.d {
		x[j] += v
	}
}

// limit turns the full step from x, whose arguments are st.a0, to s.x into one that the
// junctions permit, and reports whether it had to.
func (s *Solver) limit(x []float64) bool {
	st := s.steep
	s.sys.Steep(s.x, st.a1)
	some := false
	for i, b := range st.a1 {
		st.most[i] = allow(st.a0[i], b)
		if some = some || st.most[i] < b; st.most[i] >= b {
			st.most[i] = math.Max(b, allow(st.a0[i], b+steepMost)) // room for what the others move
		}
	}
	if !some {
		return false
	}
	if len(st.ptr) > 0 {
		st.project(s.x, s.w)
		s.sys.Steep(s.x, st.a1)
	}
	l := 1.0
	for i, b := range st.a1 {
		if most := math.Max(st.most[i], st.a0[i]) + 0.5; b > most {
			l = math.Min(l, (most-st.a0[i])/(b-st.a0[i]))
		}
	}
	if l < 1 {
		for j, v := range x {
			s.x[j] = v + l*(s.x[j]-v)
		}
	}
	return true
}

// pull moves a guess to where no argument exceeds steepMost by much: to the nearest such
// point, or towards zero.
func (s *Solver) pull(x []float64) {
	st := s.steep
	high := func() bool {
		s.sys.Steep(x, st.a1)
		for _, a := range st.a1 {
			if a > steepMost {
				return true
			}
		}
		return false
	}
	if len(st.ptr) > 0 && high() {
		for i := range st.most {
			st.most[i] = 2 * steepRest
		}
		st.project(x, s.w)
	}
	for n := 0; n < 60 && high(); n++ {
		for j := range x {
			x[j] /= 2
		}
	}
}

// limited is Newton's method with limited exponents: full steps otherwise. The last
// steps are those of the damped iteration.
func (s *Solver) limited(x []float64) (res Result) {
	st := s.steep
	relax := min(relaxAfter+5*st.k, 1000) // junctions in series turn on one after the other
	most := relax + 150
	res.Method, res.Worst, res.Rank = Limited, -1, min(s.sys.N, s.sys.M)
	s.weigh(x)
	st.linearize(&s.sys, x, s.w)
	s.pull(x)
	copy(s.x0, x) // where all methods are to begin
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	for range most {
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
		s.sys.Steep(x, st.a0)
		l := 1.0
		for range 20 {
			for i, v := range x {
				s.x[i] = v + l*s.dx[i]
			}
			if s.limit(x) {
				size = math.Inf(1)
			}
			if res.Iterations > relax {
				// The iteration goes round in circles, as limited ones may: shorter steps do not.
				f := math.Max(0.1, float64(relax)/float64(2*res.Iterations-relax))
				for i, v := range x {
					s.x[i] = v + f*(s.x[i]-v)
				}
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
