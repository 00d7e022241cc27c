// Package newton solves small and large systems of nonlinear equations F(x) = 0:
// the blocks of an initialization plan and the algebraic equations after an event.
//
// In: residual and Jacobian functions with a fixed pattern, and a guess. Out: the
// solution and a Result that says how well it went and which equation is worst.
// Redundant but consistent equations are accepted, and so are systems with fewer
// equations than unknowns; the solution found is then close to the guess.
package newton

import (
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/fdiff"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// System is F(x) = 0 with M equations for N unknowns.
type System struct {
	N, M     int
	Residual func(x, r []float64) // r = F(x), len M
	// Jacobian writes dF/dx in the order of Pattern. If it is nil, or gives NaN or Inf,
	// forward differences are used, one evaluation of F for each colour of the pattern.
	Jacobian func(x, vals []float64)
	Pattern  *linsolve.Pattern // M by N; nil means dense
	// Nominal holds typical magnitudes of the unknowns. Nil or an entry 0: unknown.
	Nominal []float64
	// Min and Max are the ranges in which the unknowns make sense, ±Inf where there is
	// no limit; nil: none. A solution outside is returned only if no other is found.
	Min, Max []float64
	// Valid reports whether what Residual computed beside the residuals, in its last
	// call, lies in its own ranges; nil: always.
	Valid func() bool
	// Lambda sets the parameter of a homotopy that Residual and Jacobian contain: 1 is
	// the system to be solved, 0 a simpler one. Nil: they contain none.
	Lambda func(lambda float64)
	// Lift is the number of unknowns, the last ones, that are arguments of exponentials.
	// Steps are limited so that none of them grows faster than a junction permits.
	Lift int
}

// Options of a solver; the zero value is good.
type Options struct {
	Tol     float64 // relative size of the last correction, default 1e-10
	MaxIter int     // default 500
	Small   float64 // size below which an unknown without nominal value counts as zero, default 1e-3
}

// Status says how an iteration ended.
type Status uint8

const (
	Converged    Status = iota
	TooMany             // MaxIter reached
	Stalled             // no step, however short, makes progress
	NotFinite           // F or its Jacobian is NaN or Inf at the guess
	Singular            // the Jacobian is singular, and the system is too large for least squares
	Inconsistent        // the equations contradict each other: only a least-squares solution was found
)

var statusNames = [...]string{"converged", "too many iterations", "stalled", "not finite", "singular Jacobian", "inconsistent equations"}

func (s Status) String() string { return statusNames[s] }

// Result describes a solve.
type Result struct {
	Status     Status
	Iterations int     // Jacobians evaluated
	Evals      int     // residuals evaluated
	Worst      int     // the equation with the largest scaled residual, -1 if M = 0
	Residual   float64 // its residual, unscaled
	Rank       int     // rank of the last Jacobian, min(N, M) unless least squares were needed
	Column     int     // for Singular, the unknown that the others determine
	Restarts   int     // the start point that led to the solution, 0: the guess
	Outside    bool    // the solution violates Min, Max or Valid

	Method Method    // that led here
	Tried  []Attempt // the methods that did not, in order; nil as long as the first one serves
	spent  int       // iterations of these
}

// Attempt is a method that was tried and how far it came.
type Attempt struct {
	Method     Method
	Status     Status
	Iterations int
	Residual   float64 // of the worst equation, unscaled
}

// Method is a way to a solution.
type Method uint8

const (
	Damped         Method = iota // damped Newton from the guess
	Limited                      // Newton with limited exponents
	Undamped                     // full Newton steps
	ModelHomotopy                // from the simplified equations of the model to the actual ones
	TrustRegion                  // Levenberg and Marquardt
	NewtonHomotopy               // F(x) = (1 - lambda) F(guess)
	FixedPoint                   // lambda F(x) = (lambda - 1) S (x - guess)
	Transient                    // pseudo-transient continuation
	Confined                     // damped Newton that stays in the ranges
	Restarted                    // damped Newton from other start points
	Dogleg                       // trust region, Powell's dogleg
)

var methodNames = [...]string{"damped Newton", "Newton with limited exponents", "undamped Newton", "homotopy of the model",
	"trust region", "Newton homotopy", "fixed-point homotopy", "pseudo-transient continuation", "Newton within the ranges", "other start points", "dogleg"}

func (m Method) String() string { return methodNames[m] }

func (r Result) String() string {
	return fmt.Sprintf("%s after %d iterations, residual %.3g of equation %d", r.Status, r.Iterations, r.Residual, r.Worst)
}

// Solver holds the memory for one System. It allocates in New, and once more
// where a singular Jacobian makes least squares necessary.
//
// The iteration is the damped Newton method with the natural monotonicity test,
// which does not depend on the scaling of the equations; its damping factors are
// predicted from the corrections themselves. Deuflhard, Newton Methods for
// Nonlinear Problems, Springer 2004, algorithm NLEQ-ERR (2.1 and 3.3). Departures:
// rank-deficient systems use the minimum-norm correction in scaled variables, and a
// residual at rounding level ends the iteration too.
type Solver struct {
	sys System
	opt Options
	lu  *linsolve.Replay[float64] // nil if N != M
	ls  *linsolve.LeastSquares

	r, rt, rhs   []float64 // len M: residual, at the trial point, right-hand side
	dx, dt, x, w []float64 // len N: correction, simplified one, trial point, scales
	vals, svals  []float64
	row          []float64 // scale of each equation: sum_j |J_ij| w_j
	x0, end      []float64 // len N: the guess, and where the damped iteration stopped
	groups       [][]int32 // columns of each colour, and their increments, for differences
	moved        []float64
	deficient    bool
	bold         bool // take full steps
	bounded      bool // stay in the ranges
	fine         bool // unknowns near an end of their ranges count by their distance from it
	rank, col    int
}

// leastSquaresLimit is the size up to which a singular Jacobian is met with a
// dense decomposition.
const leastSquaresLimit = 400

// boldLimit is the number of undamped steps, and of steps from other start points.
const boldLimit = 200

// New prepares a solver. It panics if the sizes contradict each other.
func New(sys System, opt Options) *Solver {
	if sys.Pattern == nil {
		sys.Pattern = linsolve.Dense(sys.M, sys.N)
	}
	if sys.Pattern.Rows != sys.M || sys.Pattern.Cols != sys.N {
		panic(fmt.Sprintf("mtkc: bug: newton: pattern %d by %d for %d equations in %d unknowns",
			sys.Pattern.Rows, sys.Pattern.Cols, sys.M, sys.N))
	}
	if opt.Tol == 0 {
		opt.Tol = 1e-10
	}
	if opt.MaxIter == 0 {
		opt.MaxIter = 500
	}
	if opt.Small == 0 {
		opt.Small = 1e-3
	}
	m, n := sys.M, sys.N
	s := &Solver{
		sys: sys, opt: opt,
		r: make([]float64, m), rt: make([]float64, m), rhs: make([]float64, max(m, n)), row: make([]float64, m),
		x0: make([]float64, n), end: make([]float64, n),
		dx: make([]float64, n), dt: make([]float64, n), x: make([]float64, n), w: make([]float64, n),
		vals: make([]float64, sys.Pattern.NNZ()),
	}
	if m == n {
		s.lu = linsolve.NewReplay(linsolve.New[float64](sys.Pattern, linsolve.Hints{}), func() linsolve.Solver[float64] {
			return linsolve.New[float64](sys.Pattern, linsolve.Hints{})
		})
	} else {
		s.svals = make([]float64, sys.Pattern.NNZ())
		s.ls = linsolve.NewLeastSquares(m, n)
	}
	return s
}

// Archive visits what one solve leaves to the next: the pivot sequence of the Jacobian.
func (s *Solver) Archive(a *archive.Archive) {
	if s.lu != nil {
		s.lu.Archive(a, s.vals)
	}
}

// Forget makes the next solve that of a new Solver.
func (s *Solver) Forget() {
	if s.lu != nil {
		s.lu.Forget()
	}
}

// Solve starts at x and leaves the solution there; on failure x is the best point
// found. Where the damped iteration stalls, the undamped one starts again from the
// guess: it sometimes jumps over what stopped the other. Systems with exponentials
// begin with the iteration that limits these. Where Solve fails, Further looks on.
func (s *Solver) Solve(x []float64) Result {
	x = x[:s.sys.N]
	copy(s.x0, x)
	s.bold, s.bounded = false, false
	var res Result
	if s.sys.Lift > 0 {
		if res = s.limited(x); res.Status == Converged {
			res.Outside = !s.inside(x)
			return res
		}
		copy(x, s.x0)
		res = s.run(x).after(res)
	} else {
		res = s.run(x)
	}
	if res.Status == Stalled || res.Status == Inconsistent {
		copy(s.end, x)
		copy(x, s.x0)
		s.bold = true
		again := s.run(x)
		s.bold = false
		again.Method = Undamped
		if again.Status == Converged {
			res = again.after(res)
		} else {
			copy(x, s.end)
			s.sys.Residual(x, s.r)
			res.fail(again)
		}
	}
	res.Outside = !s.inside(x)
	return res
}

// Own is the number of iterations of the method that led to the result, without those
// of Tried.
func (r *Result) Own() int { return r.Iterations - r.spent }

// attempt records what the method of r did by itself.
func (r *Result) attempt() Attempt {
	return Attempt{r.Method, r.Status, r.Own(), r.Residual}
}

// after makes r the result of a method that was tried after another had failed.
func (r Result) after(before Result) Result {
	r.Tried = append(before.Tried, before.attempt())
	return r.count(before)
}

// count adds the work that led to r.
func (r Result) count(before Result) Result {
	r.spent += before.Iterations
	r.Iterations += before.Iterations
	r.Evals += before.Evals
	return r
}

// fail adds the work of a later method that did not succeed.
func (r *Result) fail(next Result) {
	r.Tried = append(r.Tried, next.attempt())
	r.Iterations += next.Iterations
	r.spent += next.Iterations
	r.Evals += next.Evals
}

// run is one iteration from x.
func (s *Solver) run(x []float64) (res Result) {
	res.Rank, res.Worst = min(s.sys.N, s.sys.M), -1
	s.sys.Residual(x, s.r)
	res.Evals++
	if i := nonFinite(s.r); i >= 0 {
		res.Status, res.Worst, res.Residual = NotFinite, i, s.r[i]
		return res
	}
	shaken, polish, polished := 0, 0, 0.0
	lambda, last := 1.0, 0.0 // damping factor and correction norm of the step before
	for {
		if res.Iterations == s.opt.MaxIter || (s.bold || s.bounded) && res.Iterations == boldLimit {
			return s.report(res, TooMany)
		}
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
		res.Rank = s.rank
		s.correct(s.r, s.dx)
		size := s.norm(s.dx)
		if size <= s.opt.Tol && !s.small(s.dx, x) && polish < 30 && !s.negligible(x) && !(polished > 0 && size > 0.5*polished) {
			// Unknowns that are tiny beside the scale assumed for them still move.
			polish++
			polished = size
			s.finish(x, &res)
			continue
		}
		if size <= s.opt.Tol || s.negligible(x) {
			if s.deficient && !s.negligible(x) && !s.settled() {
				// A stationary point of the least-squares problem, perhaps because the
				// guess is a special point of the equations. Try beside it.
				if shaken == 3 {
					return s.report(res, Inconsistent)
				}
				shaken++
				s.shake(x, shaken)
				s.sys.Residual(x, s.r)
				res.Evals++
				if i := nonFinite(s.r); i >= 0 {
					return s.report(res, Inconsistent)
				}
				lambda, last = 1, 0
				continue
			}
			s.finish(x, &res)
			return s.report(res, Converged)
		}
		// Predict the damping factor from the curvature seen in the last step: dt still
		// holds the simplified correction of that step.
		if last > 0 && lambda < 1 && !s.bold {
			d := 0.0
			for i, v := range s.dt {
				d += sq((v - s.dx[i]) / s.w[i])
			}
			d = math.Sqrt(d / float64(len(s.dt)))
			if mu := last * s.norm(s.dt) / (d * size) * lambda; mu < 1 {
				lambda = math.Max(mu, 1e-3*lambda)
			} else {
				lambda = 1
			}
		} else {
			lambda = 1
		}
		done, ok := s.search(x, size, &lambda, &res)
		if done {
			return s.report(res, Converged)
		}
		if !ok {
			if s.deficient && shaken < 3 {
				shaken++
				s.shake(x, shaken)
				s.sys.Residual(x, s.r)
				res.Evals++
				lambda, last = 1, 0
				if nonFinite(s.r) < 0 {
					continue
				}
			}
			s.sys.Residual(x, s.r)
			res.Evals++
			if s.settled() { // a multiple root: corrections stay large where residuals vanish
				return s.report(res, Converged)
			}
			if s.deficient {
				return s.report(res, Inconsistent)
			}
			return s.report(res, Stalled)
		}
		last = size
	}
}

// polish ends a method that came close to a solution with the damped iteration. Where
// that fails, x is where the method left it.
func (s *Solver) polish(x []float64, res Result) Result {
	copy(s.end, x)
	end := s.run(x)
	end.Method = res.Method
	end.Iterations += res.Iterations
	end.Evals += res.Evals
	if end.Status != Converged {
		copy(x, s.end)
		s.sys.Residual(x, s.r)
		end.Evals++
	}
	return end
}

// search shortens the step until the simplified correction at the trial point is
// smaller than the correction. It moves x and updates r on success.
func (s *Solver) search(x []float64, size float64, lambda *float64, res *Result) (done, ok bool) {
	const shortest = 1e-10
	fence := s.bounded && s.inside(x)
	if fence {
		*lambda = math.Min(*lambda, s.reach(x))
	}
	for l := *lambda; l >= shortest; {
		for i, v := range x {
			s.x[i] = v + l*s.dx[i]
		}
		s.sys.Residual(s.x, s.rt)
		res.Evals++
		if nonFinite(s.rt) >= 0 || fence && s.sys.Valid != nil && !s.sys.Valid() {
			l *= 0.25
			continue
		}
		s.correct(s.rt, s.dt)
		after := s.norm(s.dt)
		if l == 1 && after <= s.opt.Tol && !s.deficient && s.small(s.dt, s.x) {
			for i := range x {
				x[i] = s.x[i] + s.dt[i]
			}
			s.sys.Residual(x, s.r)
			res.Evals++
			if nonFinite(s.r) >= 0 { // the boundary of the domain of F: stay inside
				copy(x, s.x)
				copy(s.r, s.rt)
			}
			return true, true
		}
		if after <= (1-0.25*l)*size || s.bold {
			copy(x, s.x)
			s.r, s.rt = s.rt, s.r
			*lambda = l
			return false, true
		}
		d := 0.0
		for i, v := range s.dt {
			d += sq((v - (1-l)*s.dx[i]) / s.w[i])
		}
		d = math.Sqrt(d / float64(max(1, len(s.dt))))
		mu := 0.5 * size * l * l / d
		l = math.Max(0.1*l, math.Min(mu, 0.5*l))
	}
	return false, false
}

// small reports whether each correction is small beside its own unknown.
func (s *Solver) small(d, x []float64) bool {
	for i, v := range d {
		if math.Abs(v) > 1e-7*math.Abs(x[i]) {
			return false
		}
	}
	return true
}

// weigh sets the scale of each unknown.
func (s *Solver) weigh(x []float64) {
	for i, v := range x {
		f := s.opt.Small
		if s.sys.Nominal != nil && s.sys.Nominal[i] != 0 {
			f = math.Abs(s.sys.Nominal[i])
		}
		s.w[i] = math.Max(math.Abs(v), f)
		if s.fine { // where the range has an end, the distance from it is what counts
			if d := math.Min(v-s.sys.Min[i], s.sys.Max[i]-v); d > 0 {
				s.w[i] = math.Min(s.w[i], math.Max(d, 1e-6*math.Abs(v)))
			}
		}
	}
}

// jacobian evaluates dF/dx and the scale of each equation; it returns the
// equation with a value that is not finite, or -1.
func (s *Solver) jacobian(x []float64, res *Result) int {
	if s.sys.Jacobian != nil {
		s.sys.Jacobian(x, s.vals)
	}
	if s.sys.Jacobian == nil || nonFinite(s.vals) >= 0 { // such as the derivative of sqrt at 0
		s.difference(x, res)
	}
	p := s.sys.Pattern
	clear(s.row)
	for j, w := range s.w {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			s.row[p.RowIdx[e]] += math.Abs(s.vals[e]) * w
		}
	}
	return nonFinite(s.row)
}

// difference approximates the Jacobian by forward differences, of all columns of a colour at once.
func (s *Solver) difference(x []float64, res *Result) {
	p := s.sys.Pattern
	if s.groups == nil {
		s.groups, s.moved = fdiff.Colour(p), make([]float64, s.sys.N)
	}
	copy(s.x, x)
	for _, cols := range s.groups {
		for _, j := range cols {
			h := math.Sqrt(0x1p-52) * s.w[j]
			if s.sys.Max != nil && x[j]+h > s.sys.Max[j] { // F may be undefined beyond
				h = -h
			}
			s.x[j] = x[j] + h
			s.moved[j] = s.x[j] - x[j]
		}
		s.sys.Residual(s.x, s.rt)
		res.Evals++
		for _, j := range cols {
			s.x[j] = x[j]
			for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
				i := p.RowIdx[e]
				s.vals[e] = (s.rt[i] - s.r[i]) / s.moved[j]
			}
		}
	}
}

// factor decomposes the Jacobian, by LU if it is regular.
func (s *Solver) factor() bool {
	s.rank = min(s.sys.M, s.sys.N)
	if s.lu != nil {
		err := s.lu.Factor(s.vals)
		if err == nil {
			s.deficient = false
			return true
		}
		if e, ok := err.(*linsolve.SingularError); ok {
			s.col = e.Col
		}
		if s.sys.N > leastSquaresLimit {
			return false
		}
		if s.ls == nil {
			s.ls = linsolve.NewLeastSquares(s.sys.M, s.sys.N)
			s.svals = make([]float64, s.sys.Pattern.NNZ())
		}
	}
	s.deficient = true
	p := s.sys.Pattern
	for j, w := range s.w {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			i := p.RowIdx[e]
			s.svals[e] = 0
			if s.row[i] > 0 {
				s.svals[e] = s.vals[e] * w / s.row[i]
			}
		}
	}
	s.rank = s.ls.Factor(p, s.svals, 1e-11)
	return true
}

// correct solves J d = -r.
func (s *Solver) correct(r, d []float64) {
	if !s.deficient {
		for i, v := range r {
			d[i] = -v
		}
		s.lu.Solve(d)
		return
	}
	for i, v := range r {
		s.rhs[i] = 0
		if s.row[i] > 0 {
			s.rhs[i] = -v / s.row[i]
		}
	}
	s.ls.Solve(s.rhs[:s.sys.M], d)
	for j, w := range s.w {
		d[j] *= w
	}
}

// negligible reports whether every residual is what rounding the terms of its
// equation leaves.
func (s *Solver) negligible(x []float64) bool {
	p := s.sys.Pattern
	clear(s.rt)
	for j, v := range x {
		v = math.Abs(v)
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			s.rt[p.RowIdx[e]] += math.Abs(s.vals[e]) * v
		}
	}
	for i, v := range s.r {
		if math.Abs(v) > 2*0x1p-52*s.rt[i] {
			return false
		}
	}
	return true
}

// settled reports whether the residuals are small beside the scales of their
// equations: at a least-squares solution, whether the equations are consistent.
func (s *Solver) settled() bool {
	for i, v := range s.r {
		if math.Abs(v) > 1e-8*s.scale(i) {
			return false
		}
	}
	return true
}

// scale is the scale of equation i; one that depends on nothing counts as it is.
func (s *Solver) scale(i int) float64 {
	if s.row[i] > 0 {
		return s.row[i]
	}
	return 1
}

// finish applies the last, tiny correction, unless that leads out of the domain.
func (s *Solver) finish(x []float64, res *Result) {
	for i, v := range x {
		s.x[i] = v + s.dx[i]
	}
	s.sys.Residual(s.x, s.rt)
	res.Evals++
	if nonFinite(s.rt) < 0 {
		copy(x, s.x)
		s.r, s.rt = s.rt, s.r
		return
	}
	// Leave the functions' own scratch as the accepted point makes it.
	s.sys.Residual(x, s.r)
	res.Evals++
}

// shake moves x by some per cent of its scale, in directions that repeat from run
// to run.
func (s *Solver) shake(x []float64, round int) {
	seed := uint64(round) * 0x9e3779b97f4a7c15
	for i := range x {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		x[i] += s.w[i] * 0.05 * float64(round) * (float64(seed>>11)*0x1p-52 - 1)
	}
}

// norm is the root mean square of v in units of the scales.
func (s *Solver) norm(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	t := 0.0
	for i, x := range v {
		t += sq(x / s.w[i])
	}
	return math.Sqrt(t / float64(len(v)))
}

// report fills in the worst equation.
func (s *Solver) report(res Result, st Status) Result {
	res.Status = st
	worst := -1.0
	for i, v := range s.r {
		if q := math.Abs(v) / s.scale(i); q > worst {
			worst, res.Worst, res.Residual = q, i, v
		}
	}
	return res
}

func sq(x float64) float64 { return x * x }

// nonFinite returns the first index with NaN or Inf, or -1.
func nonFinite(v []float64) int {
	for i, x := range v {
		if x-x != 0 {
			return i
		}
	}
	return -1
}
