package fuse

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Events. The relations of the model are frozen in p while a step is made; the step is held
// back if one of them would not have its memory at the end, or inside at the middle, where
// it may have crossed twice. What counts as a change is as in package ode, whose
// integrator then takes the trajectory over the event:
//
//	comparison, kink  g > 0, or g >= 0 where it is not strict, differs from the memory
//	sign(g)           differs from the memory; at g = 0 it does unless the memory is 0
//	floor(g)          g is outside [memory, memory+1]
//	trunc(g)          g is outside the closed interval where trunc has the value of the memory
//
// A kink whose memory is 0.5 is not watched. An indicator that is no number changes nothing.

// literally is the memory of a kink that is not watched.
const literally = 0.5

// changed says whether a relation does not keep its memory at (t, u).
func (e *emitter) changed(t ref, u []ref) ref {
	return e.changedBy(e.call(e.c.prog.Crossings, len(e.c.prog.Meta.Hybrid.Relations), t, u))
}

// changedBy is changed for the indicators g.
func (e *emitter) changedBy(g []ref) ref {
	rels := e.c.prog.Meta.Hybrid.Relations
	some := backend.None
	for i := range rels {
		v := e.leaves(&rels[i], g[i], e.Input(backend.P, int32(rels[i].Slot)))
		if some == backend.None {
			some = v
		} else {
			some = e.or(some, v)
		}
	}
	return some
}

// leaves says whether the memory of a relation is wrong for the indicator g.
func (e *emitter) leaves(r *ode.Relation, g, memory ref) ref {
	zero, one := e.Number(0), e.Number(1)
	switch r.Kind {
	case ode.SignOf:
		positive := e.and(e.lt(zero, memory), e.le(g, zero))
		negative := e.and(e.lt(memory, zero), e.le(zero, g))
		rest := e.and(e.eq(memory, zero), e.lt(zero, e.abs(g)))
		return e.or(e.or(positive, negative), rest)
	case ode.FloorOf, ode.TruncOf:
		lo, hi := memory, e.add(memory, one)
		if r.Kind == ode.TruncOf {
			lo = e.sel(e.le(memory, zero), e.sub(memory, one), memory)
			hi = e.sel(e.lt(memory, zero), memory, hi)
		}
		return e.or(e.lt(g, lo), e.lt(hi, g))
	}
	// With a number g, one of the two comparisons holds.
	up, down := e.lt(zero, g), e.le(g, zero)
	if !r.Strict {
		up, down = e.le(zero, g), e.lt(g, zero)
	}
	wrong := e.sel(memory, down, up)
	if r.Kind == ode.Kink {
		wrong = e.and(wrong, e.ne(memory, e.Number(literally)))
	}
	return wrong
}

// crossed says whether a relation changes in the step, by its end and its middle. There
// the interpolant of the method is taken if it needs no further stages, else the cubic
// Hermite polynomial.
func (m *erk) crossed(e *emitter, s *attempt, u, unew []ref, k [][]ref) ref {
	var mid []ref
	if b := m.middleWeights(); b != nil {
		mid = e.combine(u, s.h, b, k)
	} else {
		mid = e.middle(s.h, u, unew, k[0], k[m.end])
	}
	return e.or(e.changed(s.tn, unew), e.changed(s.node(0.5), mid))
}

// middleWeights are the weights of the interpolant in the middle of the step, nil where it
// needs further stages.
func (m *erk) middleWeights() []float64 {
	if len(m.A) > m.end+1 {
		return nil
	}
	b := make([]float64, len(m.Dense))
	for i, row := range m.Dense {
		for r := len(row) - 1; r >= 0; r-- {
			b[i] = (b[i] + row[r]) / 2
		}
	}
	return b
}

// middle is the cubic Hermite polynomial in the middle of a step; algebraic variables have no
// slopes and go straight.
func (e *emitter) middle(h ref, u0, u1, k0, k1 []ref) []ref {
	v := make([]ref, len(u0))
	eighth := e.mul(h, e.Number(0.125))
	for i := range v {
		v[i] = e.mul(e.Number(0.5), e.add(u0[i], u1[i]))
		if e.c.mass(i) {
			v[i] = e.fma(eighth, e.sub(k0[i], k1[i]), v[i])
		}
	}
	return v
}
