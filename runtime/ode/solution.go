package ode

import (
	"fmt"
	"math"
	"sort"
	"sync"
)

// Solution is the result of a run: the saved points, the point reached, and how
// and why the run ended. It is complete when Retcode is Success or Terminated,
// otherwise it holds what was computed until then.
type Solution struct {
	Problem *Problem

	// Times of the saved points in the order of the run. An event appears twice
	// when steps are saved: with the values before it and after it.
	Times []float64

	Retcode  Retcode
	Message  string
	Warnings []string

	Solver string // name of the method
	Why    string // why it was chosen
	Init   string // which blocks of the initialization needed more than Newton's method; "": none
	Form   string // how algebraic equations and constraints are treated; "": there are none

	T      float64   // time reached
	U      []float64 // state there
	Params []float64 // p there: parameters and discrete memory

	Stats Stats

	states  []float64 // N values for each saved point
	memory  []float64 // snapshots of the discrete memory, the part of p behind Params; of all of p if wide
	wide    bool      // parameters were set in the run
	version []int32   // snapshot in force at each saved point

	dense *denseOutput
	flip  bool // the run went backward in time

	once   sync.Once
	finder func(name string) (Observable, int, error) // of Problem
}

// Len is the number of saved points.
func (s *Solution) Len() int { return len(s.Times) }

// State is u at saved point i. It is part of the solution's memory.
func (s *Solution) State(i int) []float64 {
	n := s.Problem.N()
	return s.states[i*n : (i+1)*n : (i+1)*n]
}

// P returns p at saved point i: the parameters and the discrete memory in force there.
func (s *Solution) P(i int) []float64 {
	p := append([]float64(nil), s.Params...)
	s.recall(s.version[i], p)
	return p
}

// recall overwrites what snapshots hold in p by snapshot k.
func (s *Solution) recall(k int32, p []float64) {
	part := s.varying(p)
	copy(part, s.memory[int(k)*len(part):])
}

// varying is the part of p that snapshots hold.
func (s *Solution) varying(p []float64) []float64 {
	if s.wide {
		return p
	}
	return p[len(s.Problem.Params):]
}

// widen makes all snapshots hold the parameters too, which were those in p until now.
func (s *Solution) widen(p []float64) {
	if s.wide {
		return
	}
	first := len(s.Problem.Params)
	var all []float64
	switch n := len(p) - first; {
	case n > 0:
		for k := 0; k < len(s.memory); k += n {
			all = append(append(all, p[:first]...), s.memory[k:k+n]...)
		}
	case s.Len() > 0 || s.dense != nil && len(s.dense.steps) > 0:
		all = append(all, p...)
	}
	s.memory, s.wide = all, true
}

// save appends a point; what varies of p is stored if it differs from the last
// snapshot.
func (s *Solution) save(t float64, u, p []float64) {
	s.Times = append(s.Times, t)
	s.states = append(s.states, u...)
	s.version = append(s.version, s.snapshot(p))
}

func (s *Solution) snapshot(p []float64) int32 {
	part := s.varying(p)
	n := len(part)
	if n == 0 {
		return 0
	}
	k := len(s.memory) / n
	if k > 0 && sameBits(s.memory[(k-1)*n:], part) {
		return int32(k - 1)
	}
	s.memory = append(s.memory, part...)
	return int32(k)
}

// sameBits reports whether a and b hold the same numbers, NaN being the same as NaN.
func sameBits(a, b []float64) bool {
	for i, v := range b {
		if a[i] != v && math.Float64bits(a[i]) != math.Float64bits(v) {
			return false
		}
	}
	return true
}

// Recall overwrites in p what the run has changed by what was in force at saved point i: with a copy
// of Params it gives P(i) without allocating.
func (s *Solution) Recall(i int, p []float64) { s.recall(s.version[i], p) }

// find looks names of variables up.
func (s *Solution) find() func(name string) (Observable, int, error) {
	s.once.Do(func() { s.finder = s.Problem.finder() })
	return s.finder
}

// finder returns a function that finds the variable of a name, and its index into Observables.
func (p *Problem) finder() func(name string) (Observable, int, error) {
	index := make(map[string]int, len(p.Observables))
	for i := range p.Observables {
		index[p.Observables[i].Name] = i
	}
	if len(p.Observables) == 0 { // hand-written problem: states and parameters by name
		for i := range p.N() {
			index[p.state(i)] = i
		}
		for i := range p.Params {
			index[p.Params[i].Name] = p.N() + i
		}
	}
	return func(name string) (Observable, int, error) {
		i, ok := index[name]
		switch n := p.N(); {
		case !ok:
			list := make([]string, 0, len(index))
			for k := range index {
				list = append(list, k)
			}
			sort.Slice(list, func(i, j int) bool { return index[list[i]] < index[list[j]] })
			return Observable{}, 0, fmt.Errorf("%s has no variable named %q%s", p.title(), name, closeNames(name, list))
		case len(p.Observables) > 0:
			return p.Observables[i], i, nil
		case i >= n:
			return Observable{Kind: Parameter, Index: i - n, Sign: 1}, i, nil
		default:
			return Observable{Kind: State, Index: i, Sign: 1}, i, nil
		}
	}
}

// Values returns the variable of that name at every saved point. Every variable of
// the flat model can be asked for, eliminated ones too. An unknown name is an
// error that lists names like it.
func (s *Solution) Values(name string) ([]float64, error) {
	m, err := s.Table([]string{name})
	if err != nil {
		return nil, err
	}
	return m[0], nil
}

// Table returns the variables of those names at every saved point, one slice for
// each name.
func (s *Solution) Table(names []string) ([][]float64, error) {
	obs, err := s.Problem.observer(names, s.find())
	if err != nil {
		return nil, err
	}
	flat := make([]float64, len(names)*s.Len())
	out := make([][]float64, len(names))
	for k := range names {
		out[k] = flat[k*s.Len() : (k+1)*s.Len()]
	}
	row := make([]float64, len(names))
	p := append([]float64(nil), s.Params...)
	for i, t := range s.Times {
		s.recall(s.version[i], p)
		obs(t, s.State(i), p, row)
		for k, v := range row {
			out[k][i] = v
		}
	}
	return out, nil
}

// Final returns the variables of those names at the time reached.
func (s *Solution) Final(names []string) ([]float64, error) {
	obs, err := s.Problem.observer(names, s.find())
	if err != nil {
		return nil, err
	}
	row := make([]float64, len(names))
	obs(s.T, s.U, s.Params, row)
	return row, nil
}

// Observer returns a function that writes the variables of those names at (t, u, p) to out, in
// their order. Every variable of the flat model can be asked for, eliminated ones too. The function
// has scratch of its own: each goroutine takes another one. An unknown name is an error that lists names like it.
func (p *Problem) Observer(names []string) (func(t float64, u, p, out []float64), error) {
	return p.observer(names, p.finder())
}

func (p *Problem) observer(names []string, find func(string) (Observable, int, error)) (func(t float64, u, p, out []float64), error) {
	type direct struct {
		at  int
		obs Observable
	}
	var simple []direct
	var which, at []int
	for k, name := range names {
		o, i, err := find(name)
		if err != nil {
			return nil, err
		}
		if o.Kind == Eliminated {
			which, at = append(which, i), append(at, k)
		} else {
			simple = append(simple, direct{k, o})
		}
	}
	var eval func(t float64, u, p, out []float64)
	if len(which) > 0 {
		if p.NewObserver == nil {
			return nil, fmt.Errorf("%s cannot compute %q: it has no observer", p.title(), names[at[0]])
		}
		eval = p.NewObserver(which)
	}
	buf := make([]float64, len(which))
	return func(t float64, u, p, out []float64) {
		for _, d := range simple {
			if d.obs.Kind == State {
				out[d.at] = d.obs.Sign * u[d.obs.Index]
			} else {
				out[d.at] = d.obs.Sign * p[d.obs.Index]
			}
		}
		if eval != nil {
			eval(t, u, p, buf)
			for j, v := range buf {
				out[at[j]] = v
			}
		}
	}, nil
}

// Names lists every variable that Values knows, in the order of the model.
func (s *Solution) Names() []string {
	var names []string
	if len(s.Problem.Observables) == 0 {
		for i := range s.Problem.N() {
			names = append(names, s.Problem.state(i))
		}
		for _, q := range s.Problem.Params {
			names = append(names, q.Name)
		}
		return names
	}
	for _, o := range s.Problem.Observables {
		names = append(names, o.Name)
	}
	return names
}
