// Package nonlinear solves systems of nonlinear equations F(x, p) = 0 and nonlinear least-squares problems.
//
// In: residuals, perhaps their Jacobian with its pattern, parameters, a start, ranges. Out: a Solution with the
// method that led to it, or a *Failure that says what stands in the way, with the best point that was found.
//
// The iterations are those of package newton, which the initialization of models uses as well; here they get parameters,
// names for the methods, least squares (leastsquares.go) and branches of solutions (branch.go).
package nonlinear

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/newton"
)

// Problem is F(x, p) = 0, or the minimum of |F(x, p)|^2 where it is given to LeastSquares.
type Problem struct {
	N, M     int                        // unknowns and equations; M = 0: as many as unknowns
	Residual func(x, p, r []float64)    // r = F(x, p), len M
	Jacobian func(x, p, vals []float64) // dF/dx in the order of Pattern; nil: differences
	Pattern  *linsolve.Pattern          // M by N; nil: dense
	X0       []float64                  // the start
	P        []float64                  // parameters, handed to the functions
	Nominal  []float64                  // typical sizes of the unknowns; nil or 0: unknown
	Min, Max []float64                  // ranges of the unknowns, both or none; entries may be infinite
	Names    []string                   // of the equations, for messages; may be nil
}

// Method is a way to a solution.
type Method uint8

const (
	Auto              Method = iota // one after the other, see newton.Solver.Solve and Further
	Newton                          // damped by the natural monotonicity test (Deuflhard 2004)
	Dogleg                          // trust region, Powell's dogleg; sparse
	Levenberg                       // trust region, Levenberg and Marquardt; dense decompositions
	PseudoTransient                 // implicit Euler steps that grow as the residual falls (Kelley, Keyes 1998)
	NewtonHomotopy                  // F(x) = (1 - lambda) F(x0), by arc length
	ParameterHomotopy               // Options.Param from Options.From to its value in P, by arc length
)

var methods = [...]struct {
	name string
	m    newton.Method
}{{"auto", 0}, {"Newton", newton.Damped}, {"dogleg", newton.Dogleg}, {"Levenberg-Marquardt", newton.TrustRegion},
	{"pseudo-transient continuation", newton.Transient}, {"Newton homotopy", newton.NewtonHomotopy}, {"homotopy in a parameter", newton.ModelHomotopy}}

func (m Method) String() string {
	if int(m) >= len(methods) {
		return fmt.Sprintf("method %d", int(m))
	}
	return methods[m].name
}

// Options of a solve; the zero value works.
type Options struct {
	Method  Method
	Tol     float64 // relative size of the last correction; 0: 1e-10
	MaxIter int     // of one Newton iteration; 0: 500
	// Param and From say what the homotopy in a parameter follows: entry Param of P from the value From, for
	// which the equations are easy.
	Param int
	From  float64
	X0, P []float64 // in place of those of the problem; nil: not
}

// Code says why a solve has failed.
type Code uint8

const (
	BadProblem   Code = iota // sizes or options that contradict each other
	NotConverged             // every method that was tried has stalled or run out of iterations
	NotFinite                // F or its Jacobian is NaN or Inf at the start
	Singular                 // the Jacobian is singular, and the system too large for least squares
	Inconsistent             // the equations contradict each other near the point that was found
	OutOfRange               // the only solutions found lie outside of the ranges
	Interrupted              // the context was cancelled
)

var codeNames = [...]string{"BadProblem", "NotConverged", "NotFinite", "Singular", "Inconsistent", "OutOfRange", "Interrupted"}

func (c Code) String() string { return codeNames[c] }

// Failure is the error of a solve.
type Failure struct {
	Code    Code
	Message string
	Err     error // cause, may be nil
}

func (f *Failure) Error() string { return f.Code.String() + ": " + f.Message }

func (f *Failure) Unwrap() error { return f.Err }

func fail(code Code, format string, args ...any) *Failure {
	return &Failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Solution is a solution, or the best point that was found.
type Solution struct {
	X          []float64
	Residual   []float64 // F there
	Method     string    // that led here
	Tried      []newton.Attempt
	Iterations int // Jacobians
	Evals      int // residuals, those for differences included
	Rank       int // of the last Jacobian: below the number of unknowns, solutions are not isolated
}

// Solver solves one problem again and again, for other parameters and starts, in the same memory.
type Solver struct {
	p      *Problem
	opt    Options
	par    []float64
	lambda float64
	ctx    context.Context
	err    error
	s      *newton.Solver
}

// New makes a solver. The error is a *Failure.
func New(p *Problem, opt Options) (*Solver, error) {
	s := &Solver{p: p, opt: opt, lambda: 1}
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
	s.p = &q
	if err := q.check(); err != nil {
		return nil, err
	}
	s.par = append([]float64(nil), q.P...)
	if int(opt.Method) >= len(methods) {
		return nil, fail(BadProblem, "there is no method %d", opt.Method)
	}
	sys := newton.System{N: q.N, M: q.M, Pattern: q.Pattern, Nominal: q.Nominal, Min: q.Min, Max: q.Max, Residual: s.residual}
	if q.Jacobian != nil {
		sys.Jacobian = func(x, vals []float64) { q.Jacobian(x, s.par, vals) }
	}
	if opt.Method == ParameterHomotopy {
		if opt.Param < 0 || opt.Param >= len(q.P) {
			return nil, fail(BadProblem, "there is no parameter %d of %d to follow", opt.Param, len(q.P))
		}
		sys.Lambda = func(l float64) { s.lambda = l }
	}
	s.s = newton.New(sys, newton.Options{Tol: opt.Tol, MaxIter: opt.MaxIter})
	return s, nil
}

func (p *Problem) check() *Failure {
	sizes := []struct {
		what      string
		got, want int
	}{{"the start", len(p.X0), p.N}}
	if p.Nominal != nil {
		sizes = append(sizes, struct {
			what      string
			got, want int
		}{"Nominal", len(p.Nominal), p.N})
	}
	if p.Min != nil || p.Max != nil {
		for _, v := range [][]float64{p.Min, p.Max} {
			sizes = append(sizes, struct {
				what      string
				got, want int
			}{"a range", len(v), p.N})
		}
	}
	for _, s := range sizes {
		if s.got != s.want {
			return fail(BadProblem, "%s has %d entries for %d unknowns", s.what, s.got, s.want)
		}
	}
	if p.Residual == nil || p.N <= 0 || p.M < 0 {
		return fail(BadProblem, "%d unknowns, %d equations, a residual function: %v", p.N, p.M, p.Residual != nil)
	}
	if p.Pattern != nil && (p.Pattern.Rows != p.M || p.Pattern.Cols != p.N) {
		return fail(BadProblem, "a pattern of %d by %d for %d equations in %d unknowns", p.Pattern.Rows, p.Pattern.Cols, p.M, p.N)
	}
	for i := range p.Min {
		if !(p.Min[i] <= p.Max[i]) {
			return fail(BadProblem, "the range of unknown %d, from %v to %v, is empty", i, p.Min[i], p.Max[i])
		}
	}
	return nil
}

func (s *Solver) residual(x, r []float64) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		for i := range r {
			r[i] = math.NaN()
		}
		return
	}
	k := s.opt.Param
	if s.lambda != 1 {
		to := s.par[k]
		s.par[k] = s.opt.From + s.lambda*(to-s.opt.From)
		defer func() { s.par[k] = to }()
	}
	s.p.Residual(x, s.par, r)
}

// Solve finds a solution. The error is a *Failure; the Solution is then the best point found.
func Solve(ctx context.Context, p *Problem, opt Options) (*Solution, error) {
	s, err := New(p, opt)
	if err != nil {
		return nil, err
	}
	return s.Solve(ctx, nil, nil)
}

// Solve solves with start x0 and parameters p, nil: those of the options, or of the problem.
func (s *Solver) Solve(ctx context.Context, x0, p []float64) (*Solution, error) {
	copy(s.par, s.p.P)
	if x0 == nil {
		x0 = s.p.X0
	}
	if len(x0) != s.p.N || p != nil && len(p) != len(s.par) {
		return nil, fail(BadProblem, "a start of %d entries and %d parameters for %d unknowns and %d parameters", len(x0), len(p), s.p.N, len(s.par))
	}
	copy(s.par, p)
	s.ctx, s.err, s.lambda = ctx, nil, 1
	x := slices.Clone(x0)
	if s.p.Min != nil {
		for i, v := range x {
			x[i] = math.Min(s.p.Max[i], math.Max(s.p.Min[i], v))
		}
	}
	var res newton.Result
	s.s.Forget() // the result does not depend on what was solved before
	if s.opt.Method == Auto {
		res = s.s.Further(x, s.s.Solve(x))
	} else {
		res = s.s.By(methods[s.opt.Method].m, x)
	}
	sol := &Solution{X: x, Residual: make([]float64, s.p.M), Method: res.Method.String(), Tried: res.Tried, Iterations: res.Iterations, Evals: res.Evals, Rank: res.Rank}
	if s.err == nil {
		s.residual(x, sol.Residual)
	}
	if s.err != nil {
		return sol, &Failure{Code: Interrupted, Message: context.Cause(ctx).Error(), Err: context.Cause(ctx)}
	}
	if f := s.failure(res); f != nil {
		return sol, f
	}
	for i, v := range x {
		from := math.Abs(x0[i])
		if s.p.Nominal != nil {
			from = math.Max(from, math.Abs(s.p.Nominal[i]))
		}
		if math.Abs(v) > runaway*math.Max(1, from) {
			return sol, fail(NotConverged, "unknown %d ran away to %.3g, where the equations hold by overflow alone; begin elsewhere, or give ranges", i, v)
		}
	}
	return sol, nil
}

// runaway is how much larger than at the start an unknown may be in a solution: from there on fourth powers overflow, and a
// quotient like x/(1+x^4) is exactly zero.
const runaway = 1e77

// failure is the typed form of a result that is no solution.
func (s *Solver) failure(res newton.Result) *Failure {
	name := func(i int) string {
		if i >= 0 && i < len(s.p.Names) {
			return s.p.Names[i]
		}
		return fmt.Sprintf("equation %d", i)
	}
	var tried []string
	for _, a := range res.Tried {
		tried = append(tried, a.Method.String())
	}
	also := ""
	if len(tried) > 0 {
		also = "; tried: " + strings.Join(tried, ", ")
	}
	switch {
	case res.Status == newton.Converged && res.Outside:
		return fail(OutOfRange, "a solution was found outside of the ranges only%s", also)
	case res.Status == newton.Converged:
		return nil
	case res.Status == newton.NotFinite:
		return fail(NotFinite, "%s is %v at the start, or has such a derivative; begin elsewhere", name(res.Worst), res.Residual)
	case res.Status == newton.Singular:
		return fail(Singular, "the equations do not determine unknown %d where %s is off by %.3g; begin elsewhere%s", res.Column, name(res.Worst), res.Residual, also)
	case res.Status == newton.Inconsistent:
		return fail(Inconsistent, "the equations contradict each other near the point found: %s stays off by %.3g%s", name(res.Worst), res.Residual, also)
	}
	return fail(NotConverged, "%v after %d iterations: %s is off by %.3g; begin elsewhere, or with another method%s", res.Status, res.Iterations, name(res.Worst), res.Residual, also)
}
