package ode

import (
	"context"
	"errors"
	"slices"
)

// Starter finds where runs of one problem begin, for who integrates them by other means. It is for one
// goroutine.
//
// A problem without events, algebraic equations and constraints whose initialization plan assigns and
// solves nothing takes a few evaluations and no allocation; any other one the start of an Integrator.
type Starter struct {
	p     *Problem
	k     *Kernels
	set   settings
	plain bool
	w     []float64   // of the plan
	in    *Integrator // where it is not plain; nil until needed
}

// NewStarter returns a starter for p.
func NewStarter(p *Problem) *Starter {
	s := &Starter{p: p}
	s.plain = p.Hybrid == nil && p.Implicit == nil && p.NInv == 0 && !slices.Contains(p.Mass, 0)
	if p.Init != nil {
		s.w = make([]float64, p.Init.NW)
		for i := range p.Init.Blocks {
			b := &p.Init.Blocks[i]
			s.plain = s.plain && len(b.Unknowns) == 0 && len(b.Residual) == 0
		}
	}
	if s.plain {
		s.k = p.NewKernels()
		p.check(s.k)
	}
	return s
}

// Start writes the state and p, parameters and discrete memory, with which a run with the options opt begins
// to u and params. opt is left as it is. The error is one of NewIntegrator, a *Failure where consistent initial values
// are not found.
func (s *Starter) Start(ctx context.Context, opt *Options, u, params []float64) error {
	if !s.plain {
		var err error
		if s.in == nil {
			s.in, err = NewIntegrator(ctx, s.p, *opt)
		} else {
			err = s.in.Reset(ctx, *opt)
		}
		if err != nil {
			return err
		}
		copy(u, s.in.ws.U)
		copy(params, s.in.ws.Params)
		return nil
	}
	p, set := s.p, &s.set
	set.P, set.U0, set.Set, set.Entries, set.Values = opt.P, opt.U0, opt.Set, opt.Entries, opt.Values
	if err := set.values(p); err != nil {
		return err
	}
	t0 := opt.Span[0]
	if opt.Span == [2]float64{} {
		t0 = p.Span[0]
	}
	copy(params, set.params)
	if s.k.Bind != nil {
		s.k.Bind(params, set.set)
	}
	if text := p.unguarded(s.k, params); text != "" {
		return &Failure{Code: InitFailure, T: t0, Message: text}
	}
	copy(u, p.U0)
	for i := range p.States {
		if k := p.States[i].StartParam; k > 0 {
			u[i] = params[k-1]
		}
	}
	for i, v := range set.u0 {
		if v == v {
			u[i] = v
		}
	}
	if plan := p.Init; plan != nil {
		for i, k := range plan.StartFrom {
			if k >= 0 {
				s.w[i] = params[k]
			} else {
				s.w[i] = plan.Start[i]
			}
		}
		for i, v := range set.u0 {
			if v == v {
				s.w[plan.U[i]] = v
			}
		}
		if plan.Lambda > 0 {
			s.w[plan.Lambda-1] = 1
		}
		for i := range s.k.Init {
			s.k.Init[i].Eval(t0, s.w, params, nil)
		}
		for i, k := range plan.U {
			u[i] = s.w[k]
		}
		for _, pair := range plan.P {
			params[pair[0]] = s.w[pair[1]]
		}
	}
	if nonFinite(u) < 0 && (p.Init == nil || nonFinite(s.w) < 0) {
		return nil
	}
	// An integrator says what is wrong.
	in, err := NewIntegrator(ctx, p, *opt)
	if err == nil {
		copy(u, in.ws.U)
		copy(params, in.ws.Params)
		return nil
	}
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f
	}
	return err
}
