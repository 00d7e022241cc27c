// Package precision measures work against precision: how long methods of package ode take
// for how small an error, on one problem.
//
// In: a problem, methods, tolerances. Out: a Diagram with a point for each method and
// tolerance, and the reference solution that the errors are measured against.
//
// The size of a variable is its nominal value, or else what it falls to in the run: from its largest value on,
// the run is cut into eight parts of as many steps, and the largest value in each of them counts; the size is the
// smallest of these eight. So a concentration that decays has the size of its late values, and an
// oscillation its amplitude. Absolute tolerances are the tolerance times the size: with the
// largest value instead, Robertson's y1, which ends at 2e-8, would get one of 1e-4, go below zero by as much, and run away.
// The error of a run is the largest deviation of a differential variable from the reference, relative to the
// value there or to the size of the variable, whichever is larger. The reference is one of two solutions by different methods at tight tolerances;
// what they differ by, in the same measure, bounds what can be said about errors.
package precision

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mtkc/mtkc/runtime/ode"
)

// Options of a measurement. The zero value is of use.
type Options struct {
	Solvers []string  // names in the registry of ode, or "auto"; nil: Solvers
	Tols    []float64 // relative tolerances; nil: Tols. The absolute ones are these times the size of a variable
	Repeat  int       // timed solves of a point; 0: as many as fit in Budget, 3 to 200
	Budget  time.Duration
	// Run holds what else there is to say of a run: Span, Set, MaxSteps, Form, Constraints.
	// Method, tolerances and output are not taken from it.
	Run ode.Options
	// Progress, if not nil, is called before each part of the work.
	Progress func(what string)
}

// Solvers are what is measured if nothing else is asked for: the automatic choice, and one
// method of each family.
func Solvers() []string { return []string{"auto", "Tsit5", "Vern7", "Rodas5P", "RadauIIA5", "BDF"} }

// Tols are the tolerances that are measured if nothing else is asked for.
func Tols() []float64 { return []float64{1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10} }

// Diagram is the result of a measurement.
type Diagram struct {
	Model     string
	States    int // differential ones, which the errors are measured on
	Span      [2]float64
	Reference Reference
	Points    []Point // in the order of the solvers, then of the tolerances
}

// Reference tells how far the errors can be trusted.
type Reference struct {
	Methods   [2]string
	RelTol    float64
	Agreement float64 // the largest relative difference at the end of the two solutions
	// AgreementRun is the same at the times of the run that errors are measured at.
	AgreementRun float64
}

// Point is one method at one tolerance. Its errors are NaN where the run failed.
type Point struct {
	Solver   string // as asked for
	Method   string // that the run ended with
	RelTol   float64
	Error    float64 // at the end
	ErrorRun float64 // largest at the end and at Samples equidistant times
	Seconds  float64 // median of the timed solves: initial values, set-up and all steps
	First    float64 // seconds of the first solve
	Repeat   int     // timed solves
	Retcode  string
	Message  string // of a run that failed
	Stats    ode.Stats
}

// OK reports whether the run reached its end.
func (p *Point) OK() bool { return p.Retcode == "Success" || p.Retcode == "Terminated" }

// Samples is the number of times, beside the end, at which errors of a run are measured.
const Samples = 100

// NoReference is the error of a problem that fewer than two methods solve at tight
// tolerances, or that has no differential variables (RelTol is 0 then).
type NoReference struct {
	RelTol float64
	Solved []string // methods that did
	Reason string   // why the last one did not
}

func (e *NoReference) Error() string {
	if e.RelTol == 0 {
		return e.Reason
	}
	return fmt.Sprintf("%d of the methods solve the problem at the tolerance %.3g, two are needed for a reference: %s", len(e.Solved), e.RelTol, e.Reason)
}

// candidates solve for the reference: the methods of highest order of each family.
var candidates = []string{"Vern9", "RadauIIA5", "Rodas6P", "Rodas5P", "BDF"}

// measurement is a Measure at work.
type measurement struct {
	ctx   context.Context
	p     *ode.Problem
	opt   Options
	d     *Diagram
	which []int     // differential states
	scale []float64 // size of each of them
	tols  []float64 // size of each state, as the tolerances need it
	times []float64 // at which errors of a run are measured
	ref   [][]float64
}

// Measure solves p by each solver at each tolerance. When ctx ends it returns what was
// measured until then with the error of the context; a *NoReference, or options that make no
// sense, give no diagram.
func Measure(ctx context.Context, p *ode.Problem, opt Options) (*Diagram, error) {
	if opt.Solvers == nil {
		opt.Solvers = Solvers()
	}
	if opt.Tols == nil {
		opt.Tols = Tols()
	}
	if opt.Budget == 0 {
		opt.Budget = 200 * time.Millisecond
	}
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	for _, name := range opt.Solvers {
		if name != "auto" {
			if _, err := ode.Lookup(name); err != nil {
				return nil, err
			}
		}
	}
	for _, tol := range opt.Tols {
		if !(tol > 0 && tol <= 1) {
			return nil, fmt.Errorf("the tolerance %v does not lie in (0, 1]", tol)
		}
	}
	m := &measurement{ctx: ctx, p: p, opt: opt, d: &Diagram{Model: p.Name}}
	if err := m.sizes(); err != nil {
		return nil, err
	}
	if err := m.reference(); err != nil {
		return nil, err
	}
	for _, solver := range opt.Solvers {
		for _, tol := range opt.Tols {
			opt.Progress(fmt.Sprintf("%s at %.3g", solver, tol))
			pt, err := m.point(solver, tol)
			if err != nil {
				return m.d, err
			}
			m.d.Points = append(m.d.Points, pt)
		}
	}
	return m.d, nil
}

// run is the options of a run by a solver at a tolerance.
func (m *measurement) run(solver string, tol float64) ode.Options {
	o := m.opt.Run
	o.Solver, o.Method = solver, nil
	o.RelTol, o.AbsTol, o.AbsTols = tol, 0, nil
	if m.tols != nil {
		o.AbsTols = make([]float64, len(m.tols))
		for i, s := range m.tols {
			o.AbsTols[i] = tol * s
		}
	}
	o.SaveAt, o.Steps, o.SaveGap, o.FinalOnly, o.Dense, o.Progress = nil, 0, 0, false, false, nil
	return o
}

// ended reports whether a run reached its end.
func ended(sol *ode.Solution, err error) bool {
	return err == nil && sol != nil && (sol.Retcode == ode.Success || sol.Retcode == ode.Terminated)
}

// sizeParts is the number of parts of a run that sizes are found in, and leastSize the least
// one, as a part of the largest value.
const (
	sizeParts = 8
	leastSize = 1e-9
)

// settles is the size of state i in sol; 0 where it stays at zero.
func settles(sol *ode.Solution, i int) float64 {
	most, at, n := 0.0, 0, sol.Len()
	for k := range n {
		if v := math.Abs(sol.State(k)[i]); v > most {
			most, at = v, k
		}
	}
	size := most
	for part := range sizeParts {
		lo, hi := at+(n-at)*part/sizeParts, at+(n-at)*(part+1)/sizeParts
		here := 0.0
		for k := lo; k < hi; k++ {
			here = max(here, math.Abs(sol.State(k)[i]))
		}
		if lo < hi {
			size = min(size, here)
		}
	}
	return max(size, leastSize*most)
}

// sizes finds the size of each state from two runs by the automatic choice, the second one with
// the sizes that the first one gives.
func (m *measurement) sizes() error {
	m.opt.Progress("the sizes of the variables")
	n := m.p.N()
	var size []float64
	for range 2 {
		sol, err := ode.Solve(m.ctx, m.p, m.run("auto", 1e-6))
		if m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		if sol == nil {
			return err
		}
		size = make([]float64, n)
		for i := range size {
			size[i] = m.size(sol, i)
		}
		m.tols = size
	}
	for i := range size {
		if m.p.Mass == nil || m.p.Mass[i] != 0 {
			m.which = append(m.which, i)
			m.scale = append(m.scale, size[i])
		}
	}
	if len(m.which) == 0 {
		return &NoReference{Reason: "no variable of it is differentiated, so that there is nothing to integrate"}
	}
	m.d.States = len(m.which)
	m.d.Span = m.opt.Run.Span
	if m.d.Span == [2]float64{} {
		m.d.Span = m.p.Span
	}
	for k := range Samples {
		x := float64(k+1) / (Samples + 1)
		m.times = append(m.times, (1-x)*m.d.Span[0]+x*m.d.Span[1])
	}
	return nil
}

// size is the nominal value of state i, or what it settles to in sol.
func (m *measurement) size(sol *ode.Solution, i int) float64 {
	if i < len(m.p.States) && m.p.States[i].Nominal != 0 {
		return math.Abs(m.p.States[i].Nominal)
	}
	size := settles(sol, i)
	if size == 0 || math.IsInf(size, 0) || math.IsNaN(size) {
		return 1 // it stays at zero
	}
	return size
}

// sampled solves and returns the differential states at the times of the measure; the last
// row is the end.
func (m *measurement) sampled(o ode.Options) (rows [][]float64, sol *ode.Solution, err error) {
	o.FinalOnly, o.SaveAt = false, m.times
	sol, err = ode.Solve(m.ctx, m.p, o)
	if !ended(sol, err) {
		return nil, sol, err
	}
	for k := range sol.Len() {
		if sol.Times[k] != sol.T {
			rows = append(rows, m.pick(sol.State(k)))
		}
	}
	return append(rows, m.pick(sol.U)), sol, nil
}

func (m *measurement) pick(u []float64) []float64 {
	row := make([]float64, len(m.which))
	for j, i := range m.which {
		row[j] = u[i]
	}
	return row
}

// distance is the measure of the package of row a against b.
func (m *measurement) distance(a, b []float64) float64 {
	most := 0.0
	for j := range a {
		if e := math.Abs(a[j]-b[j]) / max(m.scale[j], math.Abs(b[j])); !(e <= most) {
			most = e
		}
	}
	return most
}

// distances are those at the end and the largest of all rows. A model may end its run by
// itself, at times that differ: the rows that both have count.
func (m *measurement) distances(a, b [][]float64) (end, run float64) {
	end = m.distance(a[len(a)-1], b[len(b)-1])
	run = end
	for k := range min(len(a), len(b)) - 1 {
		if e := m.distance(a[k], b[k]); !(e <= run) {
			run = e
		}
	}
	return end, run
}

// reference solves by several methods at a tolerance well below all others and takes the two
// that agree best.
func (m *measurement) reference() error {
	tol := min(1e-10, max(1e-13, slices.Min(m.opt.Tols)/1000))
	m.d.Reference.RelTol = tol
	type solution struct {
		name string
		rows [][]float64
	}
	var list []solution
	fail := &NoReference{RelTol: tol}
	limit := 0 // steps of a method that suits the problem, many times over
	for _, name := range append([]string{"auto"}, candidates...) {
		if name != "auto" {
			if _, err := ode.Lookup(name); err != nil {
				continue
			}
		}
		m.opt.Progress("the reference, by " + name)
		o := m.run(name, tol)
		if limit > 0 && (o.MaxSteps == 0 || o.MaxSteps > limit) {
			o.MaxSteps = limit
		}
		rows, sol, err := m.sampled(o)
		if m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		if rows == nil {
			fail.Reason = "the problem cannot be set up"
			if err != nil {
				fail.Reason = name + ": " + err.Error()
			}
			continue
		}
		if name == "auto" {
			// It shows how many steps there are to make, and is no method of its own.
			limit = 10000 + 30*sol.Stats.Steps
			continue
		}
		list = append(list, solution{name, rows})
		fail.Solved = append(fail.Solved, name)
		if len(list) == 4 {
			break
		}
	}
	if len(list) < 2 {
		return fail
	}
	best := math.Inf(1)
	for i := range list {
		for j := range i {
			end, run := m.distances(list[i].rows, list[j].rows)
			if m.ref == nil || run < best {
				best = run
				m.ref = list[j].rows
				m.d.Reference.Methods = [2]string{list[j].name, list[i].name}
				m.d.Reference.Agreement, m.d.Reference.AgreementRun = end, run
			}
		}
	}
	return nil
}

// point measures one method at one tolerance. Its error is that of the context.
func (m *measurement) point(solver string, tol float64) (Point, error) {
	pt := Point{Solver: solver, RelTol: tol, Error: math.NaN(), ErrorRun: math.NaN()}
	o := m.run(solver, tol)
	o.FinalOnly = true
	solve := func() (*ode.Solution, float64, error) {
		start := time.Now()
		sol, err := ode.Solve(m.ctx, m.p, o)
		return sol, time.Since(start).Seconds(), err
	}
	sol, first, err := solve()
	if m.ctx.Err() != nil {
		return pt, m.ctx.Err()
	}
	pt.First, pt.Seconds = first, first
	if sol == nil {
		pt.Retcode, pt.Message = "NotApplicable", err.Error()
		return pt, nil
	}
	pt.Method, pt.Retcode, pt.Stats = sol.Solver, sol.Retcode.String(), sol.Stats
	if !ended(sol, err) {
		if err != nil {
			pt.Message = err.Error()
			var f *ode.Failure
			if errors.As(err, &f) {
				pt.Message = f.Message
			}
		}
		return pt, nil
	}
	n := m.opt.Repeat
	if n == 0 {
		n = min(200, max(3, int(m.opt.Budget.Seconds()/first)))
	}
	walls := make([]float64, n)
	for i := range walls {
		if _, walls[i], _ = solve(); m.ctx.Err() != nil {
			return pt, m.ctx.Err()
		}
	}
	slices.Sort(walls)
	pt.Repeat, pt.Seconds = n, (walls[(n-1)/2]+walls[n/2])/2
	pt.Error = m.distance(m.pick(sol.U), m.ref[len(m.ref)-1])
	rows, _, err := m.sampled(o)
	if m.ctx.Err() != nil {
		return pt, m.ctx.Err()
	}
	if rows == nil {
		if pt.Retcode, pt.Message = "Failure", "the run ends otherwise where values in between are saved"; err != nil {
			pt.Message = err.Error()
		}
		return pt, nil
	}
	_, run := m.distances(rows, m.ref)
	pt.ErrorRun = max(pt.Error, run)
	return pt, nil
}

// Doubtful reports whether the reference is too inexact to tell the error of a point: the two
// solutions that it was taken from differ by more than a tenth of it.
func (d *Diagram) Doubtful(p *Point) bool {
	return p.OK() && !(10*d.Reference.Agreement <= p.Error)
}
