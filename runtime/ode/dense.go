package ode

import (
	"math"
	"sort"
)

// denseOutput keeps the interpolant of every step: its values at Chebyshev points
// (of the second kind) of the step, as many as its degree needs, evaluated by the
// barycentric formula (Berrut, Trefethen, SIAM Review 46(3), 2004). This is exact
// for the polynomial interpolants of all methods, whatever form they have inside.
type denseOutput struct {
	n     int
	steps []denseStep
	vals  []float64
}

type denseStep struct {
	t0, t1 float64 // in the workspace's time
	first  int     // offset of the values at t0 in vals
	degree int32
	params int32 // snapshot in force
}

// ends writes the solution at an end of the last step to u, where no interpolant is
// needed, and reports whether t is one.
func (ws *Workspace) ends(t float64, u []float64) bool {
	switch t {
	case ws.TPrev:
		copy(u, ws.UPrev)
	case ws.T:
		copy(u, ws.U)
	default:
		return false
	}
	return true
}

// hermite writes the cubic polynomial with the values u0, u1 and slopes f0, f1 at the ends of a step h, at the
// fraction theta of it, to u.
func hermite(u, u0, u1, f0, f1 []float64, h, theta float64) {
	rest := 1 - theta
	a, b := h*theta*rest*rest, -h*theta*theta*rest
	c := theta * theta * (3 - 2*theta)
	for i, v := range u0 {
		u[i] = v + c*(u1[i]-v) + a*f0[i] + b*f1[i]
	}
}

// degreer is a stepper that knows the degree of its present interpolant.
type degreer interface{ Degree() int }

// degree of the polynomial that st.Interpolate is on the last step; 0: the solution keeps its value up to the end of
// the step, where it jumps.
func degree(st Stepper) int {
	if d, ok := st.(degreer); ok {
		return max(0, d.Degree())
	}
	return 8
}

// node is Chebyshev point i of d+1 in [0, 1].
func node(i, d int) float64 {
	switch {
	case i == 0:
		return 0
	case i == d:
		return 1
	}
	s := math.Sin(math.Pi * float64(i) / float64(2*d))
	return s * s
}

// add records the step [t0, t1]; jump says that the solution jumps at its end.
func (o *denseOutput) add(t0, t1 float64, d int, jump bool, params int32, eval func(t float64, u []float64)) {
	first := len(o.vals)
	if jump && d > 0 && before(t1) > t0 {
		smooth, end := eval, t1
		eval = func(t float64, u []float64) { smooth(math.Min(t, before(end)), u) }
	}
	o.steps = append(o.steps, denseStep{t0, t1, first, int32(d), params})
	for i := range max(d, 1) + 1 { // of one that jumps, the values at both ends
		at := len(o.vals)
		for range o.n {
			o.vals = append(o.vals, 0)
		}
		t := t0
		switch {
		case i >= d && i > 0:
			t = t1
		case i > 0:
			t += node(i, d) * (t1 - t0)
		}
		eval(t, o.vals[at:])
	}
}

// at writes the solution at t to u and returns the snapshot in force; false if no
// step covers t. At an event the values after it are taken.
func (o *denseOutput) at(t float64, u []float64) (int32, bool) {
	k := sort.Search(len(o.steps), func(i int) bool { return o.steps[i].t0 > t }) - 1
	if k < 0 || t > o.steps[k].t1 || math.IsNaN(t) {
		return 0, false
	}
	s := &o.steps[k]
	d := int(s.degree)
	if s.t0 == s.t1 { // the run ended where it began
		copy(u, o.vals[s.first:])
		return s.params, true
	}
	if d == 0 {
		first := s.first
		if t == s.t1 {
			first += o.n
		}
		copy(u, o.vals[first:])
		return s.params, true
	}
	theta := (t - s.t0) / (s.t1 - s.t0)
	for i := range u {
		u[i] = 0
	}
	sum := 0.0
	for i := range d + 1 {
		x := theta - node(i, d)
		v := o.vals[s.first+i*o.n : s.first+(i+1)*o.n]
		if x == 0 {
			copy(u, v)
			return s.params, true
		}
		w := 1 / x
		if i == 0 || i == d {
			w /= 2
		}
		if i&1 == 1 {
			w = -w
		}
		sum += w
		for j, y := range v {
			u[j] += w * y
		}
	}
	for j := range u {
		u[j] /= sum
	}
	return s.params, true
}

// At writes the solution at t to u, by the interpolant of the method, and reports
// whether t was reached and Options.Dense was set. At the time of an event it gives
// the values after it.
func (s *Solution) At(t float64, u []float64) bool {
	if s.dense == nil {
		return false
	}
	_, ok := s.dense.at(s.workTime(t), u)
	return ok
}

// ValueAt returns the variables of those names at time t, like At.
func (s *Solution) ValueAt(t float64, names []string) ([]float64, error) {
	obs, err := s.Problem.observer(names, s.find())
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(names))
	for i := range out {
		out[i] = math.NaN()
	}
	if s.dense != nil {
		u := make([]float64, s.Problem.N())
		if k, ok := s.dense.at(s.workTime(t), u); ok {
			p := append([]float64(nil), s.Params...)
			s.recall(k, p)
			obs(t, u, p, out)
		}
	}
	return out, nil
}

func (s *Solution) workTime(t float64) float64 {
	if s.flip {
		return -t
	}
	return t
}
