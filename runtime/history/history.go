// Package history gives a problem the past values of variables: delay(x, tau) is x at the time
// tau ago.
//
// In: a problem in which each delayed value is an entry of P, and the observables that say of
// what and by how much. Out: the same problem, whose kernels set these entries before they are
// evaluated. What has passed is kept as polynomials, one for each step; a step is no longer
// than the shortest delay (the method of steps), but a small share of the span where a delay
// comes near zero. Jumps are met again, one delay later, by the end of a step.
//
// Bellen, Zennaro, Numerical Methods for Delay Differential Equations, 2003, ch. 3.
package history

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Delay is one delayed value. Of, Tau and Before are indices into ode.Problem.Observables.
type Delay struct {
	Name   string
	Value  int // index into P, among Params
	Of     int // what is delayed
	Tau    int // by how much
	Before int // its value before the start of the run, a function of time and parameters
}

// nodes of the polynomials are Chebyshev points of the second kind, one more than the degree of
// the interpolants of the methods.
const nodes = 9

// shortest is the least bound of a step, as a share of the span.
const shortest = 1e-4

// memory is the past of one run.
type memory struct {
	delays           []Delay
	first            int // of the copies in P
	of, tau, before  func(t float64, u, p, out []float64)
	now, taus, early []float64
	u0               []float64 // for what is asked before there is a state

	started  bool
	t0, base float64   // start of the run, and of the present step
	ends     []float64 // of the steps
	values   []float64 // of the steps: nodes of the first delay, of the second, ...
	jumps    []float64 // times of jumps, one delay later, that are to be ends of steps
	u, was   []float64
}

// theta are the nodes on [0, 1], weight those of the barycentric formula.
var theta, weight = func() (x, w [nodes]float64) {
	for k := range x {
		x[k] = (1 - math.Cos(math.Pi*float64(k)/(nodes-1))) / 2
		w[k] = 1
		if k%2 == 1 {
			w[k] = -1
		}
		if k == 0 || k == nodes-1 {
			w[k] /= 2
		}
	}
	return x, w
}()

// Attach lets the kernels of a problem set its delayed values.
func Attach(p *ode.Problem, delays []Delay) {
	kernels, callbacks, observer := p.NewKernels, p.Callbacks, p.NewObserver
	// A copy of the delayed values lies in the memory behind the parameters, of which a solution
	// keeps what it was at each saved time.
	first := len(p.P)
	p.P = append(p.P[:first:first], make([]float64, len(delays))...)
	p.Linear, p.Stiff = nil, nil
	p.NewObserver = func(which []int) func(t float64, u, p, out []float64) {
		f := observer(which)
		return func(t float64, u, p, out []float64) {
			for i := range delays {
				p[delays[i].Value] = p[first+i]
			}
			f(t, u, p, out)
		}
	}
	var of, tau, before []int
	for i := range delays {
		of, tau, before = append(of, delays[i].Of), append(tau, delays[i].Tau), append(before, delays[i].Before)
	}
	p.NewKernels = func() *ode.Kernels {
		k := kernels()
		n := len(delays)
		m := &memory{
			delays: delays, first: first, of: observer(of), tau: observer(tau), before: observer(before),
			now: make([]float64, n), taus: make([]float64, n), early: make([]float64, n), u0: p.U0, u: make([]float64, p.N()), was: make([]float64, n),
		}
		m.wrap(k)
		return k
	}
	p.Callbacks = func(k *ode.Kernels) []*ode.Callback {
		list := []*ode.Callback{k.Memory.(*memory).callback()}
		if callbacks != nil {
			list = append(list, callbacks(k)...)
		}
		return list
	}
}

// wrap sets the delayed values before each kernel is evaluated. Kernels that take derivatives
// along time go: finite differences of what is left see the delayed values move.
func (m *memory) wrap(k *ode.Kernels) {
	state := func(f func(t float64, u, p, out []float64)) func(t float64, u, p, out []float64) {
		if f == nil {
			return nil
		}
		return func(t float64, u, p, out []float64) {
			m.refresh(t, u, p)
			f(t, u, p, out)
		}
	}
	unknowns := func(b *ode.InitKernel, u func(w []float64) []float64) {
		eval, jac := b.Eval, b.Jac
		b.Eval = func(t float64, w, p, r []float64) {
			m.refresh(t, u(w), p)
			eval(t, w, p, r)
		}
		if jac != nil {
			b.Jac = func(t float64, w, p, vals []float64) {
				m.refresh(t, u(w), p)
				jac(t, w, p, vals)
			}
		}
	}
	k.RHS, k.Jac = state(k.RHS), state(k.Jac)
	k.Invariants, k.InvariantJac, k.Crossings = state(k.Invariants), state(k.InvariantJac), state(k.Crossings)
	k.TGrad, k.Jet, k.Linear, k.Stiff, k.StiffJac = nil, nil, nil, nil, nil
	if f := k.Update; f != nil {
		k.Update = func(t float64, u, p, unew, pnew []float64) int {
			m.refresh(t, u, p)
			return f(t, u, p, unew, pnew)
		}
	}
	if f := k.Assert; f != nil {
		k.Assert = func(t float64, u, p []float64) int {
			m.refresh(t, u, p)
			return f(t, u, p)
		}
	}
	if k.Lifted != nil {
		unknowns(k.Lifted, func(w []float64) []float64 { return w[:len(m.u0)] })
	}
	for i := range k.Init {
		unknowns(&k.Init[i], func([]float64) []float64 { return m.u0 })
	}
	k.Refresh, k.Memory = m.refresh, m
}

// refresh sets the delayed values at (t, u).
func (m *memory) refresh(t float64, u, p []float64) {
	m.tau(t, u, p, m.taus)
	asked := false
	for i := range m.delays {
		tau := m.taus[i]
		s := t - tau
		n := len(m.ends)
		v := math.NaN()
		switch {
		case !(tau >= 0):
		case s < m.t0 || !m.started || n == 0 && s > m.t0:
			m.before(s, u, p, m.early)
			v = m.early[i]
			if m.started && s >= m.t0 {
				v = m.latest(i, t, s, u, p, &asked)
			}
		case n == 0:
			m.of(t, u, p, m.now)
			v = m.now[i]
		case s > m.ends[n-1]+m.near(t):
			v = m.latest(i, t, s, u, p, &asked)
		default:
			v = m.past(i, t, s)
		}
		p[m.delays[i].Value], p[m.first+i] = v, v
	}
}

// near is the tolerance within which times are the same instant.
func (m *memory) near(t float64) float64 { return 16 * 2.220446049250313e-16 * math.Abs(t) }

// latest is delayed value i at a time s within the present step: on the straight line from the end of the
// past to (t, u).
func (m *memory) latest(i int, t, s float64, u, p []float64, asked *bool) float64 {
	if !*asked {
		m.of(t, u, p, m.now)
		*asked = true
	}
	n := len(m.ends)
	if n == 0 || !(t > m.ends[n-1]) {
		return m.now[i]
	}
	t1 := m.ends[n-1]
	last := m.piece(n-1, i)[nodes-1]
	return last + (s-t1)/(t-t1)*(m.now[i]-last)
}

// piece are the values of delay i in step k.
func (m *memory) piece(k, i int) []float64 {
	at := (k*len(m.delays) + i) * nodes
	return m.values[at : at+nodes]
}

// past is delayed value i at a time s that has passed, for an evaluation at t. Where s is the
// end of a step, the value is that behind it at the start of the present step, and that before
// it elsewhere.
func (m *memory) past(i int, t, s float64) float64 {
	eps := m.near(t)
	if math.Abs(t-m.base) <= eps {
		s += 2 * eps
	} else {
		s -= 2 * eps
	}
	k := min(sort.SearchFloat64s(m.ends, s), len(m.ends)-1)
	from := m.t0
	if k > 0 {
		from = m.ends[k-1]
	}
	v := m.piece(k, i)
	x := (s - from) / (m.ends[k] - from)
	num, den := 0.0, 0.0
	for j := range v {
		d := x - theta[j]
		if d == 0 {
			return v[j]
		}
		num += weight[j] / d * v[j]
		den += weight[j] / d
	}
	return num / den
}

func (m *memory) reset() {
	m.started = false
	m.ends, m.values, m.jumps = m.ends[:0], m.values[:0], m.jumps[:0]
}

// callback keeps the past of a run.
func (m *memory) callback() *ode.Callback {
	return &ode.Callback{
		Name: "delays",
		Start: func(in *ode.Integrator) error {
			m.reset()
			t0, _ := in.Span()
			if in.Backward() {
				return errors.New("a model with delays can only be solved forward in time")
			}
			m.started, m.t0, m.base = true, t0, t0
			m.refresh(in.T(), in.U(), in.P())
			for _, tau := range m.taus {
				if tau > 0 && t0+tau > t0 && !math.IsInf(tau, 1) {
					if err := in.AddStop(t0 + tau); err != nil {
						return err
					}
				}
			}
			return m.check(in)
		},
		Limit: func(in *ode.Integrator) float64 {
			h := math.Inf(1)
			t0, t1 := in.Span()
			m.tau(in.T(), in.U(), in.P(), m.taus)
			for _, tau := range m.taus {
				h = math.Min(h, math.Max(tau, shortest*(t1-t0)))
			}
			return h
		},
		Passed: func(in *ode.Integrator, from, to float64) error {
			p := in.P()
			at := len(m.values)
			n := len(m.delays)
			m.values = append(m.values, make([]float64, n*nodes)...)
			for k, x := range theta {
				t := from + x*(to-from)
				if k == nodes-1 {
					t = to
				}
				in.Interpolate(t, m.u)
				m.refresh(t, m.u, p)
				m.of(t, m.u, p, m.now)
				for i, v := range m.now {
					m.values[at+i*nodes+k] = v
				}
			}
			for i := range m.delays {
				first := m.values[at+i*nodes]
				if at > 0 {
					if last := m.values[at-(n-i)*nodes+nodes-1]; math.Abs(first-last) > 1e-9*math.Max(math.Abs(first), math.Abs(last)) {
						m.jumps = append(m.jumps, from+m.taus[i])
					}
				}
			}
			m.ends = append(m.ends, to)
			return nil
		},
		After: func(in *ode.Integrator) error {
			for _, t := range m.jumps {
				if t > in.T()+m.near(t) && !math.IsInf(t, 1) {
					if err := in.AddStop(t); err != nil {
						return err
					}
				}
			}
			m.jumps = m.jumps[:0]
			p := in.P()
			m.refresh(in.T(), in.U(), p)
			for i := range m.delays {
				m.was[i] = p[m.delays[i].Value]
			}
			m.base = in.T()
			m.refresh(in.T(), in.U(), p)
			for i := range m.delays {
				if v := p[m.delays[i].Value]; math.Abs(v-m.was[i]) > 1e-9*math.Max(math.Abs(v), math.Abs(m.was[i])) {
					return errors.Join(in.SetU(in.U()), m.check(in)) // the rate jumps: relations and the method begin anew
				}
			}
			return m.check(in)
		},
		Finish: func(*ode.Integrator) { m.started = false },
		Archive: func(a *archive.Archive) {
			a.Bool(&m.started)
			a.Float(&m.t0, &m.base)
			a.Grown(&m.ends, &m.values, &m.jumps)
		},
	}
}

// check looks for delays below zero.
func (m *memory) check(in *ode.Integrator) error {
	m.tau(in.T(), in.U(), in.P(), m.taus)
	for i, tau := range m.taus {
		if !(tau >= 0) {
			return fmt.Errorf("%s: a delay of %v at t = %v: it must not be negative", m.delays[i].Name, tau, in.T())
		}
	}
	return nil
}
