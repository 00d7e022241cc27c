package ode

import (
	"fmt"
	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"math"
	"sort"
)

// Options of a run. The zero value solves the problem as its model says.
type Options struct {
	// What is solved.

	Span [2]float64         // t0 and t1, backward in time if t1 < t0; both 0: Problem.Span
	Set  map[string]float64 // parameters and start values by name, e.g. "r1.R", "start(x)" or "x"
	P    []float64          // all user parameters, len(Params); nil: defaults. Set goes on top
	U0   []float64          // start values (guesses, where Problem.Init solves for them), len N; nil: defaults

	// Entries are set to Values, one each, on top of all these: what Set does, without looking names up.
	Entries []Entry
	Values  []float64

	// Method.

	Solver string // name in the registry; "" and "auto": the automatic choice; "stiff" and "nonstiff": the same with that hint
	Method Method // goes before Solver

	// Form says how algebraic equations are solved: "dae", by the method together with
	// the others; "nested", inside the right-hand side, which makes explicit methods
	// usable; "" and "auto": as suits the method and the problem.
	Form string
	// Constraints says how a model of higher index keeps its constraints: "project", by
	// projecting every step onto them; "states", by choosing independent states as the run
	// goes and solving for the others; "" and "auto": as suits the method and the problem.
	Constraints string

	// Linear says how implicit methods solve their linear systems; the zero value chooses the
	// kind of least predicted time, a direct one. linsolve.Iterative takes GMRES with ILU(0).
	Linear linsolve.Hints

	// Error control.

	RelTol  float64   // 0: Problem.RelTol, else 1e-6; 1e-3 for a problem with noise, where an error is that of a path
	AbsTol  float64   // 0: 1e-9, 1e-6 for a problem with noise, times the nominal value of a state that has one, unless the problem gives one (Quantity.AbsTol)
	AbsTols []float64 // one for each state, goes before AbsTol
	// ExcludeAlgebraic leaves algebraic variables out of the error test of implicit problems
	// and of BDF, as problems of index 2 want it.
	ExcludeAlgebraic bool

	// Step control.

	InitialStep float64 // 0: chosen; the step itself for a method without error estimate
	// Controller makes the step-size controller for an error estimate of the given order:
	// control.I, control.PI, control.PID, control.H211b, control.Predictive. Nil: the method's own.
	// Multistep, Radau, extrapolation and stabilised methods, whose steps follow rules of theirs, do not use it.
	Controller func(order int) control.Controller
	HMin       float64 // a step that would have to be made again, no longer than this, ends the run; 0: the resolution of time
	HMax       float64 // 0: no limit but that of Problem.NRates
	MaxSteps   int     // limit on attempted steps; 0: 1000000. Jumps count as steps; 0: none, but a run that would take more than 1e10 at its pace ends

	// Chance.

	Seed uint64 // of random numbers; equal seeds and paths give equal runs
	Path uint64 // which of the independent sequences of a seed: the number of a trajectory

	// Output.

	SaveAt    []float64 // times to save, ascending in the direction of the run
	Steps     int       // if > 0: save Steps+1 equidistant times instead
	SaveGap   float64   // where steps are saved: divide a longer one evenly, into gapPieces parts at most; 0: not
	FinalOnly bool      // save the end alone
	Dense     bool      // keep the interpolants, for Solution.At
	Progress  func(t float64)

	// Callbacks act during the run, in this order where several act at one time. Package
	// callback has constructors. A Callback belongs to one run at a time.
	Callbacks []*Callback
}

// defaultSteps is the limit on attempted steps where the options give none.
const defaultSteps = 1000000

// gapPieces bounds how finely SaveGap divides a step: the steps of a method with
// error control are about as long as the solution is smooth.
const gapPieces = 12

// settings are Options with every default filled in.
type settings struct {
	Options
	t0, t1  float64
	flip    bool
	abstol  []float64
	params  []float64 // P of the problem with the user's values, Bind not yet applied
	set     []bool    // which of Params the user set
	limited bool      // the user gave HMax
	u0      []float64 // start values of the user, NaN where none

	warnings []string
	grid     []float64 // memory of SaveAt for Steps
}

// resolve checks opt against the problem and fills in defaults.
func (s *settings) resolve(p *Problem, opt Options) error {
	s.Options, s.warnings = opt, nil
	n := p.N()
	if s.Span == [2]float64{} {
		s.Span = p.Span
		if !(s.Span[1] > s.Span[0]) {
			return fmt.Errorf("%s states no time span: give one in Options.Span", p.title())
		}
	}
	s.t0, s.t1 = s.Span[0], s.Span[1]
	for _, t := range s.Span {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return fmt.Errorf("the time span %v to %v is not finite", s.t0, s.t1)
		}
	}
	s.flip = s.t1 < s.t0
	if s.flip && p.Hybrid != nil {
		return fmt.Errorf("%s has events, which cannot be undone: it can only be solved forward in time, not from %v to %v", p.title(), s.t0, s.t1)
	}
	if s.RelTol == 0 {
		s.RelTol = p.RelTol
	}
	rel, abs := 1e-6, 1e-9
	if p.Noise != nil {
		rel, abs = 1e-3, 1e-6
	}
	if s.RelTol == 0 {
		s.RelTol = rel
	}
	if !(s.RelTol > 0) || s.RelTol > 1 || !(s.AbsTol >= 0) || math.IsInf(s.AbsTol, 0) {
		return fmt.Errorf("the tolerances rtol = %v, atol = %v make no sense: rtol lies in (0, 1], atol above 0", s.RelTol, s.AbsTol)
	}
	switch {
	case s.AbsTols != nil:
		if len(s.AbsTols) != n {
			return fmt.Errorf("AbsTols has %d entries, the problem %d states", len(s.AbsTols), n)
		}
		for i, a := range s.AbsTols {
			if !(a > 0) || math.IsInf(a, 1) {
				return fmt.Errorf("the absolute tolerance %v of %s is not above 0 and finite", a, p.state(i))
			}
		}
		s.abstol = append(s.abstol[:0], s.AbsTols...)
	default:
		s.abstol = sized(s.abstol, n)
		for i := range s.abstol {
			s.abstol[i] = s.AbsTol
			if s.AbsTol == 0 {
				s.abstol[i] = abs
				if i >= len(p.States) {
					continue
				}
				switch q := &p.States[i]; {
				case q.AbsTol > 0:
					s.abstol[i] = q.AbsTol
				case q.Nominal != 0:
					s.abstol[i] *= math.Abs(q.Nominal)
				}
			}
		}
	}
	for _, h := range []struct {
		name string
		v    float64
	}{{"initial step", s.InitialStep}, {"smallest step", s.HMin}, {"largest step", s.HMax}, {"gap between saved times", s.SaveGap}} {
		if !(h.v >= 0) {
			return fmt.Errorf("the %s %v is negative", h.name, h.v)
		}
	}
	if s.limited = s.HMax > 0; !s.limited {
		s.HMax = math.Inf(1)
	}
	if s.Linear.Kind > linsolve.Iterative {
		return fmt.Errorf("there is no way to solve linear systems %v", s.Linear.Kind)
	}
	var err error
	if s.Form, err = pick("form", s.Form, forms); err != nil {
		return err
	}
	if s.Constraints, err = pick("way to keep constraints", s.Constraints, constraints); err != nil {
		return err
	}
	if s.MaxSteps < 0 || s.Steps < 0 {
		return fmt.Errorf("MaxSteps = %d, Steps = %d: neither may be negative", s.MaxSteps, s.Steps)
	}
	if s.Steps > 0 {
		s.grid = sized(s.grid, s.Steps+1)
		s.SaveAt = s.grid
		for i := range s.SaveAt {
			s.SaveAt[i] = (float64(s.Steps-i)*s.t0 + float64(i)*s.t1) / float64(s.Steps)
		}
		s.SaveAt[0], s.SaveAt[s.Steps] = s.t0, s.t1 // whatever the rounding
	}
	for i, t := range s.SaveAt {
		if math.IsNaN(t) || t < min(s.t0, s.t1) || t > max(s.t0, s.t1) {
			return fmt.Errorf("the time %v to save lies outside the span %v to %v", t, s.t0, s.t1)
		}
		if i > 0 && (t < s.SaveAt[i-1] && !s.flip || t > s.SaveAt[i-1] && s.flip) {
			return fmt.Errorf("the times to save are out of order at %v", t)
		}
	}
	for k, cb := range s.Callbacks {
		if err := cb.check(k); err != nil {
			return err
		}
	}
	if err := s.values(p); err != nil {
		return err
	}
	for i, q := range p.Params {
		if v := s.params[i]; s.set[i] && q.Min < q.Max && (v < q.Min || v > q.Max) {
			s.warnings = append(s.warnings, fmt.Sprintf("%s = %v lies outside its range, %v to %v", q.Name, v, q.Min, q.Max))
		}
	}
	return nil
}

// sized is v with n entries.
func sized(v []float64, n int) []float64 {
	if cap(v) < n {
		return make([]float64, n)
	}
	return v[:n]
}

// values fills params, set and u0 from P, U0 and Set.
func (s *settings) values(p *Problem) error {
	s.params = append(s.params[:0], p.P...)
	if s.set == nil {
		s.set = make([]bool, len(p.Params))
	}
	clear(s.set)
	copy(s.set, p.given)
	s.u0 = sized(s.u0, p.N())
	for i := range s.u0 {
		s.u0[i] = math.NaN()
	}
	copy(s.u0, p.start)
	if s.P != nil {
		if len(s.P) != len(p.Params) {
			return fmt.Errorf("P has %d entries, the problem %d parameters", len(s.P), len(p.Params))
		}
		copy(s.params, s.P)
		for i := range s.set {
			s.set[i] = true
		}
	}
	if s.U0 != nil {
		if len(s.U0) != p.N() {
			return fmt.Errorf("U0 has %d entries, the problem %d states", len(s.U0), p.N())
		}
		for i, v := range s.U0 {
			if math.IsNaN(v) {
				return fmt.Errorf("%s cannot start at NaN", p.state(i))
			}
			s.start(p, i, v)
		}
	}
	if len(s.Set) > 0 {
		names := make([]string, 0, len(s.Set))
		for name := range s.Set {
			names = append(names, name)
		}
		sort.Strings(names)
		find := p.entries()
		for _, name := range names {
			e, err := find(name)
			if err != nil {
				return err
			}
			if math.IsNaN(s.Set[name]) {
				return fmt.Errorf("%s cannot be set to NaN", name)
			}
			s.put(p, e, s.Set[name])
		}
	}
	if len(s.Entries) != len(s.Values) {
		return fmt.Errorf("%d Values for %d Entries", len(s.Values), len(s.Entries))
	}
	for k, e := range s.Entries {
		v := s.Values[k]
		switch {
		case e.Index < 0 || e.State && e.Index >= p.N() || !e.State && e.Index >= len(p.Params):
			return fmt.Errorf("%s has no %s %d", p.title(), e.kind(), e.Index)
		case math.IsNaN(v):
			return fmt.Errorf("%s cannot be set to NaN", p.entryName(e))
		}
		s.put(p, e, v)
	}
	return nil
}

// start records v as the start value of state i.
func (s *settings) start(p *Problem, i int, v float64) {
	s.u0[i] = v
	if i < len(p.States) {
		if k := p.States[i].StartParam; k > 0 {
			s.params[k-1] = v
			if k-1 < len(s.set) {
				s.set[k-1] = true
			}
		}
	}
}

func (p *Problem) title() string {
	if p.Name == "" {
		return "the problem"
	}
	return p.Name
}
