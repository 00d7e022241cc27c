package fuse

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/event"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Events. The relations of the model are frozen in p while a step is made; the step is held
// back if one of them would change in it, and package ode's integrator takes the trajectory over the
// event. What counts as a change is as there:
//
//	comparison, kink  g > 0, or g >= 0 where it is not strict, differs from the memory
//	sign(g)           differs from the memory; at g = 0 it does unless the memory is 0
//	floor(g)          g is outside [memory, memory+1]
//	trunc(g)          g is outside the closed interval where trunc has the value of the memory
//
// A kink whose memory is 0.5 is not watched. An indicator that is no number changes nothing.
//
// As in package ode, the indicators are sampled at the Chebyshev nodes of the step's interpolant, its
// degree and 4 at least being the degree of their polynomials, turned so that they are negative
// while the memory holds, and the polynomials are compared with the indicators at three further points. A
// change at a sample holds the step back, and so does a positive Bernstein coefficient, which
// a polynomial that changes inside has: where it has not changed after all, the integrator
// finds nothing, and the trajectory goes on. A polynomial that misses the indicator by more than a thousandth of
// its spread, where it comes near zero, says nothing; package ode halves the interval, here the step
// is rejected, and the misfit limits the next step as its error does (it goes with h to the power degree + 1). A step that
// cannot be so short is held back.

// literally is the memory of a kink that is not watched.
const literally = 0.5

// misfit is what a polynomial may miss an indicator by, relative to its spread.
const misfit = 1e-3

// watch says where the indicators of a step are sampled.
type watch struct {
	d     int
	at    []float64   // the nodes without the start, the end last; the further points behind
	bern  [][]float64 // weights of the values at all nodes: Bernstein coefficients 1 to d-1
	value [][]float64 // and the polynomial at the further points
}

// newWatch is for an interpolant of that degree.
func newWatch(degree int) *watch {
	w := &watch{d: min(max(degree, 4), 12)}
	s := event.NewScanner(w.d)
	x := s.Nodes()
	w.at = append(w.at, x[1:]...)
	for k := 1; k < w.d; k++ {
		w.bern = append(w.bern, s.Bernstein(k))
	}
	// In the three widest gaps, at odd places, lest a periodic indicator agree by chance.
	m := w.d / 2
	for _, theta := range [...]float64{0.58*x[m] + 0.42*x[m+1], 0.37*x[m-1] + 0.63*x[m], 0.71*x[m+1] + 0.29*x[m+2]} {
		row := make([]float64, w.d+1)
		for i := range row {
			row[i] = 1
			for j := range x {
				if j != i {
					row[i] *= (theta - x[j]) / (x[i] - x[j])
				}
			}
		}
		w.at, w.value = append(w.at, theta), append(w.value, row)
	}
	return w
}

// turned is the indicator, negative while the memory holds.
func (e *emitter) turned(kind ode.RelationKind, g, memory ref) ref {
	zero, one := e.Number(0), e.Number(1)
	minus := e.sub(zero, g)
	switch kind {
	case ode.SignOf:
		side := e.sel(e.lt(zero, memory), minus, g)
		return e.sel(e.eq(memory, zero), e.mul(g, g), side)
	case ode.FloorOf, ode.TruncOf:
		lo, hi := memory, e.add(memory, one)
		if kind == ode.TruncOf {
			lo = e.sel(e.le(memory, zero), e.sub(memory, one), memory)
			hi = e.sel(e.lt(memory, zero), memory, hi)
		}
		return e.mul(e.sub(g, lo), e.sub(g, hi))
	}
	return e.sel(memory, minus, g)
}

// closed says whether an indicator that is zero, turned, is a change; None: never.
func (e *emitter) closed(kind ode.RelationKind, strict bool, memory ref) ref {
	zero := e.Number(0)
	switch {
	case kind == ode.FloorOf || kind == ode.TruncOf:
		return backend.None
	case kind == ode.SignOf || strict:
		return e.ne(memory, zero)
	}
	return e.eq(memory, zero)
}

// relation looks at the samples of the indicator of a relation, that at the start first. It
// says whether the relation changes, and what the polynomial misses over what it may.
func (e *emitter) relation(w *watch, kind ode.RelationKind, strict bool, memory ref, g []ref) (changes, rough ref) {
	zero := e.Number(0)
	y := make([]ref, len(g))
	for i, v := range g {
		y[i] = e.turned(kind, v, memory)
	}
	low, high := y[1], y[1] // of numbers, where the first is one
	for _, v := range y[2:] {
		low, high = e.least(v, low), e.most(v, high)
	}
	changes = e.lt(zero, high)
	if closed := e.closed(kind, strict, memory); closed != backend.None {
		changes = e.or(changes, e.and(closed, e.eq(high, zero)))
	}
	low, high = e.least(y[0], low), e.most(y[0], high)
	spread := e.sub(high, low)
	weighted := func(a []float64) ref {
		s := backend.None
		for i, v := range a {
			s = e.chain(s, e.Number(v), y[i])
		}
		return s
	}
	noise := e.mul(e.Number(1e-12), spread) // of the coefficients, where the indicator starts at zero
	for _, row := range w.bern {
		changes = e.or(changes, e.lt(noise, weighted(row)))
	}
	rough = zero
	for i, row := range w.value {
		v := y[w.d+1+i]
		off := e.abs(e.sub(weighted(row), v))
		may := e.fma(e.Number(misfit), spread, e.mul(e.Number(1e-9), e.abs(v)))
		// Zero over zero: a constant.
		rough = e.most(e.sel(e.lt(zero, off), e.div(off, may), zero), rough)
	}
	near := e.and(e.le(low, spread), e.le(e.sub(zero, spread), high))
	if kind == ode.Kink {
		watched := e.ne(memory, e.Number(literally))
		changes, near = e.and(changes, watched), e.and(near, watched)
	}
	return changes, e.sel(near, rough, zero)
}

// samples emits the search for changes in a step; state gives the states at a part of it.
func (s *attempt) samples(w *watch, u, unew []ref, state func(theta float64) []ref) (changes, rough ref) {
	e := s.emitter
	rels := e.c.prog.Meta.Hybrid.Relations
	g := [][]ref{e.call(e.c.prog.Crossings, len(rels), s.t, u)}
	for _, theta := range w.at {
		v := unew
		if theta != 1 {
			v = state(theta)
		}
		g = append(g, e.call(e.c.prog.Crossings, len(rels), s.node(theta), v))
	}
	changes, rough = e.Number(0), e.Number(0)
	for i := range rels {
		r := &rels[i]
		values := make([]ref, len(g))
		for k := range g {
			values[k] = g[k][i]
		}
		c, m := e.relation(w, r.Kind, r.Strict, e.Input(backend.P, int32(r.Slot)), values)
		changes, rough = e.or(changes, c), e.most(m, rough)
	}
	return changes, rough
}
