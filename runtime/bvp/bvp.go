// Package bvp solves boundary value problems: u' = f(t, u, p) on [a, b] with conditions on the
// solution at a and b, at points between, and with unknown parameters.
//
// In: an ode.Problem without algebraic equations and events, conditions, and a guess. Out: a
// Solution that can be evaluated anywhere, whose defect, the amount by which it fails to
// satisfy the differential equation, is below the tolerance; or a *Failure that says why not.
//
// There are two ways. Collocation (Method MIRK2, MIRK4, MIRK6; mirk.go, mesh.go, interpolant.go) on a
// mesh that adapts to the solution is the one for stiff problems and boundary layers. Multiple shooting
// (Method Shooting; shooting.go) integrates between the points of a mesh with any method of
// package ode and its step-size control.
package bvp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/fdiff"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Problem is a boundary value problem.
type Problem struct {
	// ODE gives f, its Jacobian where Kernels.Jac is there (else differences), the names of the
	// states, the parameters, and the interval where Span is zero. U0 is the guess where Guess is
	// nil.
	ODE  *ode.Problem
	Span [2]float64 // a < b
	// Points are where the conditions look at the solution, ascending, in [a, b]; nil: a and b.
	// Solutions are smooth there.
	Points []float64
	// Conditions writes the residuals of the n + len(Unknown) conditions to g: u[k] is the solution at
	// Points[k], p are the parameters with the unknown ones in their places.
	Conditions func(u [][]float64, p, g []float64)
	// Unknown are the parameters (indices into P) to be found; their values in P are the guesses.
	Unknown []int
	// Guess writes a guess of the solution at t to u.
	Guess func(t float64, u []float64)
}

// TwoPoint is a Problem with conditions at both ends of the interval of p.
func TwoPoint(p *ode.Problem, conditions func(ua, ub, par, g []float64)) *Problem {
	return &Problem{ODE: p, Conditions: func(u [][]float64, par, g []float64) { conditions(u[0], u[1], par, g) }}
}

// Method is a way to solve a problem.
type Method uint8

const (
	Auto     Method = iota // MIRK4, from tolerances of 1e-6 on MIRK6
	MIRK2                  // trapezoidal rule
	MIRK4                  // mono-implicit Runge-Kutta method of order 4
	MIRK6                  // of order 6
	Shooting               // multiple shooting
)

var methodNames = [...]string{"auto", "MIRK2", "MIRK4", "MIRK6", "shooting"}

func (m Method) String() string {
	if int(m) >= len(methodNames) {
		return fmt.Sprintf("method %d", int(m))
	}
	return methodNames[m]
}

// Options of a solve; the zero value works.
type Options struct {
	Method Method
	// Tol bounds the defect |S' - f(t, S)| of collocation, relative to 1 + |f| in each component;
	// for shooting it is the relative and absolute tolerance of the integrations. 0: 1e-6.
	Tol float64
	// Mesh is the number of intervals to begin with, of equal length. 0: 10.
	Mesh int
	// MaxMesh is the largest number of intervals. 0: 20000 over the number of states, at least 200.
	MaxMesh int
	// Start is a solution of a similar problem: its mesh, values and unknown parameters are where the
	// search begins, instead of Guess and Mesh.
	Start *Solution
	// P are the parameters, len of ODE.P, none of which follows from others; nil: ODE.P.
	P   []float64
	set []bool // of P, parameters that do not follow from others; nil: all
	// Estimate asks for an estimate of the error of the solution itself: collocation solves once more on
	// the halved mesh and returns that solution, with Solution.Error.
	Estimate bool
	// Integrator are the options of the integrations of shooting: the method, limits. Tolerances
	// are Tol.
	Integrator ode.Options
}

// Code says why a solve has failed.
type Code uint8

const (
	BadProblem    Code = iota // sizes that contradict each other, a wrong order of points
	NewtonFailure             // the iteration did not converge on the finest mesh that was tried
	MeshLimit                 // the tolerance asks for more intervals than MaxMesh
	NotFinite                 // f or the conditions are not finite along the guess
	Interrupted               // the context was cancelled
	Integration               // an integration of shooting failed
)

var codeNames = [...]string{"BadProblem", "NewtonFailure", "MeshLimit", "NotFinite", "Interrupted", "Integration"}

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

// Stats counts the work.
type Stats struct {
	Meshes int // meshes on which the equations were solved
	Newton int // iterations
	RHS    int // evaluations of f
	Jac    int // Jacobians of f
}

// Solution is a solution of a Problem.
type Solution struct {
	Method  Method
	T       []float64 // mesh, ascending
	U       []float64 // values there, n for each point
	P       []float64 // parameters, the unknown ones as found
	Unknown []int
	Defect  float64 // largest relative defect that was seen, collocation only
	Error   float64 // with Options.Estimate: largest estimated error at a mesh point, relative to 1 + |u|
	Stats   Stats

	n    int
	poly []float64       // collocation: coefficients of each interval
	deg  int             // of the polynomials
	arcs []*ode.Solution // shooting: one for each interval
}

// N is the number of states.
func (s *Solution) N() int { return s.n }

// At writes the solution at t to u, and reports whether t lies in the interval.
func (s *Solution) At(t float64, u []float64) bool {
	last := len(s.T) - 1
	if !(t >= s.T[0] && t <= s.T[last]) {
		return false
	}
	i, _ := slices.BinarySearch(s.T, t)
	if i > 0 && (i > last || s.T[i] != t) {
		i--
	}
	if i == last || s.T[i] == t {
		copy(u, s.U[i*s.n:(i+1)*s.n])
		return true
	}
	if s.arcs != nil {
		return s.arcs[i].At(t, u)
	}
	s.evaluate(i, (t-s.T[i])/(s.T[i+1]-s.T[i]), u, nil)
	return true
}

// Derivative writes the derivative of the continuous solution at t to du, and reports whether t lies
// in the interval; false for shooting, where it is f(t, u).
func (s *Solution) Derivative(t float64, du []float64) bool {
	last := len(s.T) - 1
	if s.poly == nil || !(t >= s.T[0] && t <= s.T[last]) {
		return false
	}
	i, there := slices.BinarySearch(s.T, t)
	if i > 0 && (!there || i == last) {
		i--
	}
	s.evaluate(i, (t-s.T[i])/(s.T[i+1]-s.T[i]), nil, du)
	return true
}

// Solve solves p. The error is a *Failure.
func Solve(ctx context.Context, p *Problem, opt Options) (*Solution, error) {
	s, err := newSystem(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	if s.opt.Method == Shooting {
		return s.shoot()
	}
	return s.collocate()
}

// Continue solves p for values of parameter k (an index into P) from `from` to `to`, each with the
// solution for the one before as the start, in steps that double where they succeed and are halved
// where they fail (natural continuation; Allgower, Georg, Numerical Continuation Methods,
// Springer 1990, chapter 1). The values may be apart by factors, if both have one sign and logarithmic is
// set. It returns the solution at `to`, or the one for the last value that could be solved, with the error.
func Continue(ctx context.Context, p *Problem, k int, from, to float64, logarithmic bool, opt Options) (*Solution, error) {
	if p.ODE == nil {
		return nil, fail(BadProblem, "a problem needs an ODE and Conditions")
	}
	par := opt.P
	if par == nil {
		par = p.ODE.P
		opt.set = make([]bool, len(p.ODE.Params))
		if k >= 0 && k < len(opt.set) {
			opt.set[k] = true
		}
	}
	if k < 0 || k >= len(par) {
		return nil, fail(BadProblem, "there is no parameter %d of %d", k, len(par))
	}
	if slices.Contains(p.Unknown, k) {
		return nil, fail(BadProblem, "parameter %d is unknown, and cannot be given values", k)
	}
	if logarithmic && !(from*to > 0) {
		return nil, fail(BadProblem, "from %v to %v is no way by factors", from, to)
	}
	value := func(x float64) float64 {
		switch {
		case x == 0:
			return from
		case x == 1:
			return to
		case logarithmic:
			return from * math.Pow(to/from, x)
		}
		return from + x*(to-from)
	}
	var sol *Solution
	var stats Stats
	at, step := 0.0, 0.25
	for first := true; at < 1 || first; {
		x := 0.0
		if !first {
			x = math.Min(1, at+step)
		}
		opt.P = append([]float64(nil), par...)
		opt.P[k] = value(x)
		if sol != nil {
			opt.Start = sol
			for _, j := range p.Unknown {
				opt.P[j] = sol.P[j]
			}
		}
		next, err := Solve(ctx, p, opt)
		if err != nil {
			var f *Failure
			if first || step < 1e-4 || errors.As(err, &f) && (f.Code == Interrupted || f.Code == BadProblem) {
				return sol, err
			}
			step /= 2
			continue
		}
		stats.Meshes += next.Stats.Meshes
		stats.Newton += next.Stats.Newton
		stats.RHS += next.Stats.RHS
		stats.Jac += next.Stats.Jac
		sol, at = next, x
		sol.Stats = stats
		if !first {
			step *= 2
		}
		first = false
	}
	return sol, nil
}

// system is a solve in progress.
type system struct {
	ctx    context.Context
	p      *Problem
	opt    Options
	k      *ode.Kernels
	n, m   int       // states, unknown parameters
	a, b   float64   // interval
	points []float64 // of the conditions
	par    []float64
	set    []bool // parameters that do not follow from others; nil: none does
	stats  Stats

	depends [][]bool // of each condition: on entry k*n+i of the values at the points, and behind those on the unknowns
	at      [][]float64
	g, g1   []float64
	f1      []float64 // for differences
	pat     *linsolve.Pattern
	groups  [][]int32
	shift   []float64
}

func newSystem(ctx context.Context, p *Problem, opt Options) (*system, error) {
	if p.ODE == nil || p.Conditions == nil {
		return nil, fail(BadProblem, "a problem needs an ODE and Conditions")
	}
	if len(p.ODE.Mass) > 0 && slices.Contains(p.ODE.Mass, 0) || p.ODE.Hybrid != nil || p.ODE.NInv > 0 || p.ODE.Implicit != nil || p.ODE.Noise != nil || p.ODE.Jumps != nil {
		return nil, fail(BadProblem, "%s has algebraic equations, constraints, events, noise or jumps, or is implicit: a boundary value problem takes u' = f(t, u, p) alone", p.ODE.Name)
	}
	s := &system{ctx: ctx, p: p, opt: opt, k: p.ODE.NewKernels(), n: p.ODE.N(), m: len(p.Unknown)}
	span := p.Span
	if span == [2]float64{} {
		span = p.ODE.Span
	}
	if int(opt.Method) >= len(methodNames) {
		return nil, fail(BadProblem, "there is no method %d", opt.Method)
	}
	s.a, s.b = span[0], span[1]
	if !(s.a < s.b) || math.IsInf(s.b-s.a, 0) {
		return nil, fail(BadProblem, "the interval from %v to %v is no interval", s.a, s.b)
	}
	s.points = p.Points
	if s.points == nil {
		s.points = []float64{s.a, s.b}
	}
	for i, t := range s.points {
		if !(t >= s.a && t <= s.b) || i > 0 && !(t > s.points[i-1]) {
			return nil, fail(BadProblem, "the points %v do not ascend from %v to %v", s.points, s.a, s.b)
		}
	}
	s.par = append([]float64(nil), p.ODE.P...)
	if opt.P != nil {
		if len(opt.P) != len(s.par) {
			return nil, fail(BadProblem, "%d parameters where the problem has %d", len(opt.P), len(s.par))
		}
		copy(s.par, opt.P)
	}
	for _, j := range p.Unknown {
		if j < 0 || j >= len(s.par) {
			return nil, fail(BadProblem, "unknown parameter %d of %d", j, len(s.par))
		}
	}
	if s.k.Bind != nil {
		s.set = make([]bool, len(p.ODE.Params))
		for i := range s.set {
			s.set[i] = opt.P != nil && opt.set == nil || opt.set != nil && opt.set[i] || slices.Contains(p.Unknown, i)
		}
		s.bind()
	}
	o := &s.opt
	if o.Tol == 0 {
		o.Tol = 1e-6
	}
	if !(o.Tol > 0) || o.Tol > 1 {
		return nil, fail(BadProblem, "a tolerance of %v", o.Tol)
	}
	if o.Mesh == 0 {
		o.Mesh = 10
	}
	if o.MaxMesh == 0 {
		o.MaxMesh = max(200, 20000/max(1, s.n))
	}
	if o.Mesh < 0 || o.MaxMesh < 0 {
		return nil, fail(BadProblem, "a mesh of %d to %d intervals", o.Mesh, o.MaxMesh)
	}
	if o.Method == Auto {
		o.Method = MIRK4
		if o.Tol <= 1e-6 {
			o.Method = MIRK6
		}
	}
	if st := o.Start; st != nil && (st.n != s.n || st.T[0] > s.a || st.T[len(st.T)-1] < s.b) {
		return nil, fail(BadProblem, "the start is a solution of %d states from %v to %v, not of %d from %v to %v", st.n, st.T[0], st.T[len(st.T)-1], s.n, s.a, s.b)
	}
	if o.Start != nil && o.P == nil {
		for _, j := range p.Unknown {
			if j < len(o.Start.P) {
				s.par[j] = o.Start.P[j]
			}
		}
		s.bind()
	}
	s.g, s.g1 = make([]float64, s.n+s.m), make([]float64, s.n+s.m)
	s.f1, s.shift = make([]float64, s.n), make([]float64, s.n)
	if s.pat = p.ODE.Jac; s.pat == nil {
		s.pat = linsolve.Dense(s.n, s.n)
	}
	for range s.points {
		s.at = append(s.at, make([]float64, s.n))
	}
	s.probe()
	return s, nil
}

// bind computes the parameters that follow from others, after one of these was changed.
func (s *system) bind() {
	if s.set != nil {
		s.k.Bind(s.par, s.set)
	}
}

// guess writes the guess at t to u.
func (s *system) guess(t float64, u []float64) {
	switch {
	case s.opt.Start != nil:
		s.opt.Start.At(t, u)
	case s.p.Guess != nil:
		s.p.Guess(t, u)
	default:
		copy(u, s.p.ODE.U0)
	}
}

// probe finds what each condition depends on: a NaN at an argument comes through where it
// matters.
func (s *system) probe() {
	for k, t := range s.points {
		s.guess(t, s.at[k])
	}
	s.depends = make([][]bool, s.n+s.m)
	for i := range s.depends {
		s.depends[i] = make([]bool, len(s.points)*s.n+s.m)
	}
	mark := func(col int) {
		s.p.Conditions(s.at, s.par, s.g)
		for i, v := range s.g {
			if v != v {
				s.depends[i][col] = true
			}
		}
	}
	for k := range s.at {
		for j := range s.n {
			v := s.at[k][j]
			s.at[k][j] = math.NaN()
			mark(k*s.n + j)
			s.at[k][j] = v
		}
	}
	for l, j := range s.p.Unknown {
		v := s.par[j]
		s.par[j] = math.NaN()
		s.bind()
		mark(len(s.points)*s.n + l)
		s.par[j] = v
		s.bind()
	}
}

// rhs evaluates f.
func (s *system) rhs(t float64, u, du []float64) {
	s.stats.RHS++
	s.k.RHS(t, u, s.par, du)
}

// slope writes df/du at (t, u) to J, in the order of pat; f is f(t, u). u is changed for the time.
func (s *system) slope(t float64, u, f, J []float64) {
	s.stats.Jac++
	if s.k.Jac != nil {
		s.k.Jac(t, u, s.par, J)
		if finite(J) {
			return
		}
	}
	if s.groups == nil {
		s.groups = fdiff.Colour(s.pat)
	}
	copy(s.shift, u)
	for _, cols := range s.groups {
		for _, j := range cols {
			v := s.shift[j]
			u[j] = v + math.Sqrt(0x1p-52)*math.Max(math.Abs(v), 1e-3)
		}
		s.rhs(t, u, s.f1)
		for _, j := range cols {
			h := u[j] - s.shift[j]
			u[j] = s.shift[j]
			for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
				i := s.pat.RowIdx[e]
				J[e] = (s.f1[i] - f[i]) / h
			}
		}
	}
}

// sensitivity writes df/dp of the unknown parameters at (t, u) to D, by columns.
func (s *system) sensitivity(t float64, u, f, D []float64) {
	for l, j := range s.p.Unknown {
		v := s.par[j]
		h := math.Sqrt(0x1p-52) * math.Max(math.Abs(v), 1e-3)
		s.par[j] = v + h
		h = s.par[j] - v
		s.bind()
		s.rhs(t, u, s.f1)
		s.par[j] = v
		s.bind()
		for i := range s.n {
			D[l*s.n+i] = (s.f1[i] - f[i]) / h
		}
	}
}

// conditions evaluates the conditions, for the values at the points in s.at.
func (s *system) conditions(g []float64) { s.p.Conditions(s.at, s.par, g) }

// slopes calls put with the derivative of condition i by column col of its arguments, as probe
// counts them, for those that it depends on, by columns.
func (s *system) slopes(put func(i, col int, v float64)) {
	s.conditions(s.g)
	column := func(col int, x *float64, changed func()) {
		some := false
		for i := range s.g {
			some = some || s.depends[i][col]
		}
		if !some {
			return
		}
		v := *x
		h := 0x1p-17 * math.Max(math.Abs(v), 1e-2) // the cube root of the precision, for central differences
		*x = v + h
		up := *x
		changed()
		s.conditions(s.g)
		*x = v - h
		down := *x
		changed()
		s.conditions(s.g1)
		*x = v
		changed()
		for i := range s.g {
			if s.depends[i][col] {
				put(i, col, (s.g[i]-s.g1[i])/(up-down))
			}
		}
	}
	for k := range s.at {
		for j := range s.at[k] {
			column(k*s.n+j, &s.at[k][j], func() {})
		}
	}
	for l, j := range s.p.Unknown {
		column(len(s.points)*s.n+l, &s.par[j], s.bind)
	}
}

// state is the name of state i.
func (s *system) state(i int) string {
	if i < len(s.p.ODE.States) {
		return s.p.ODE.States[i].Name
	}
	return fmt.Sprintf("state %d", i)
}

// finite reports whether all of v is finite.
func finite(v []float64) bool {
	s := 0.0
	for _, x := range v {
		s += x * 0
	}
	return s == 0
}
