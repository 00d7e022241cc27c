package ode

import (
	"context"
	"fmt"
	"slices"

	"github.com/mtkc/mtkc/runtime/archive"
)

// Reset makes the integrator ready to solve the same problem again, with other parameters,
// start values, span or output: it is what NewIntegrator returns for these options, bit by bit.
// It reuses all memory where the method, the form, the tolerances and the direction of time stay
// as they are and the problem is no implicit one, and allocates next to nothing from the third run on; so ensembles and estimations
// should make one Integrator for each thread and Reset it. The Solution of the run before is
// overwritten. An error is one of NewIntegrator; after one of the kind *Failure the integrator can be Reset again.
func (in *Integrator) Reset(ctx context.Context, opt Options) error {
	if in.other == nil {
		in.other = &settings{}
	}
	was := in.set
	if err := in.other.resolve(in.p, opt); err != nil {
		in.done = true
		return err
	}
	if in.hy != nil && in.hy.slide != nil {
		in.hy.slide.end(in)
	}
	in.set, in.other = in.other, in.set
	in.done, in.moved, in.redone, in.strayed, in.told, in.next, in.ticks = false, false, 0, false, false, 0, 0
	in.stops, in.touched, in.bound, in.first, in.equal, in.ending, in.last = in.stops[:0], false, false, 0, 0, false, ""
	in.inner = in.inner[:0]
	if in.st == nil || !in.set.sameMethod(was) || in.p.Implicit != nil { // what was found out of an implicit problem is part of its run
		in.fresh, in.init, in.st = nil, nil, nil
		if err := in.assemble(ctx); err != nil {
			in.done, in.st = true, nil // none for these settings
			return err
		}
		in.tools()
		return in.start()
	}
	if in.init != nil {
		if in.set.t0 != was.t0 {
			in.init = nil
		} else {
			in.init.forget()
		}
	}
	why := in.sol.Why
	in.rewind(ctx)
	in.clear()
	in.sol.Solver = in.method.Info().Name
	in.sol.Why = in.why
	if err := in.renew(); err != nil {
		in.sol.Why = why
		return err
	}
	return in.start()
}

// sameMethod reports whether a stepper made for s is one for o.
func (s *settings) sameMethod(o *settings) bool {
	return s.Solver == o.Solver && s.Method == o.Method && s.Form == o.Form && s.Constraints == o.Constraints &&
		s.RelTol == o.RelTol && s.Linear == o.Linear && s.Controller == nil && o.Controller == nil && s.flip == o.flip && (s.InitialStep > 0) == (o.InitialStep > 0) && slices.Equal(s.abstol, o.abstol)
}

// renew makes the stepper and its tools as if they were new.
func (in *Integrator) renew() error {
	a := &in.ar
	if in.fresh != nil {
		a.Load(in.fresh)
		in.archiveTools(a)
		return a.Err()
	}
	st, err := in.method.New(in.ws)
	if err != nil {
		return err
	}
	in.st = st
	in.tools()
	a.Save(nil)
	in.archiveTools(a)
	if a.Err() == nil {
		in.fresh = a.Bytes()
	}
	return nil
}

// archiveTools visits the stepper and what the problem needs beside it.
func (in *Integrator) archiveTools(a *archive.Archive) {
	archiveStepper(a, in.st)
	if in.alg != nil {
		in.alg.archive(a)
	}
	if in.proj != nil {
		in.proj.archive(a)
	}
	if in.hy != nil {
		in.hy.archive(a)
	}
}

// forget makes the next run of the plan that of a new initializer.
func (in *initializer) forget() {
	for _, s := range in.solvers {
		if s != nil {
			s.Forget()
		}
	}
}

// Remake returns the problem with other defaults: its parameters and start values, where they
// are named in set, and its span, unless that is zero. Kernels, patterns and names are shared with p,
// nothing is compiled again. A run may as well be given these by Options.Set; Remake is for who
// hands a problem on. Parameters that the model computes from others stay with their expressions.
func (p *Problem) Remake(set map[string]float64, span [2]float64) (*Problem, error) {
	var s settings
	opt := Options{Set: set, Span: span}
	if span == [2]float64{} && !(p.Span[1] > p.Span[0]) {
		opt.Span = [2]float64{0, 1} // for resolve alone
	}
	if err := s.resolve(p, opt); err != nil {
		return nil, err
	}
	if s.t1 <= s.t0 {
		return nil, fmt.Errorf("the span of a problem runs forward in time, not from %v to %v: give such a one to a run, in Options.Span", s.t0, s.t1)
	}
	q := *p
	if span != [2]float64{} {
		q.Span = span
	}
	q.P = s.params
	if k := p.NewKernels(); k.Bind != nil {
		k.Bind(q.P, s.set)
	}
	q.U0 = append([]float64(nil), p.U0...)
	for i, v := range s.u0 {
		if v == v {
			q.U0[i] = v
		}
	}
	q.given = make([]bool, len(s.set))
	copy(q.given, p.given)
	for i, g := range s.set {
		q.given[i] = q.given[i] || g
	}
	q.start = append([]float64(nil), s.u0...)
	for i, v := range p.start {
		if q.start[i] != q.start[i] {
			q.start[i] = v
		}
	}
	return &q, nil
}
