package ode

// Steady states: f(t, u, p) = 0 with the discrete memory as it is, and the invariants.
// Newton's method from the consistent initial values comes first; where it fails, the
// system is integrated with time held still, over longer and longer spans, and Newton's
// method starts again from where that leads (pseudo-transient continuation, Kelley and
// Keyes, SIAM J. Numer. Anal. 35(2), 1998, with an integrator in the place of their step
// control). Where steady states are not isolated, those are looked for that have the conserved sums of the
// start (conservation.go).

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/newton"
)

// Equilibrium is a steady state of a problem.
type Equilibrium struct {
	T    float64
	U, P []float64
	// Running lists states that go on changing: nothing depends on them, as on the angle
	// of a shaft that turns.
	Running []int
	// Free is the number of directions in which there are other steady states nearby; the
	// one that a run leads to was taken, or else one with the conserved sums of the start, or else the one
	// nearest to the start.
	Free     int
	Marched  bool // a run led to it, where Newton's method alone did not decide
	Warnings []string
}

// SteadyWay is a way to a steady state.
type SteadyWay uint8

const (
	// SteadyAuto is Newton's method, and a run with time held still where that fails or does not decide.
	SteadyAuto SteadyWay = iota
	// SteadyNewton is Newton's method alone. It finds unstable steady states too.
	SteadyNewton
	// SteadyTransient is pseudo-transient continuation: linearly implicit Euler steps whose length grows as the
	// residual falls. It goes where the transient goes, in tens of steps, without its accuracy.
	SteadyTransient
	// SteadyRun integrates, with time held still, until every derivative is below 1e-10, or 1e-8 of its state, in a
	// unit of time: the steady state that the start leads to, if any.
	SteadyRun
)

// Steady finds a steady state at time t: from the initial values if t is the start of the
// span, else from the state to which a run from there leads. Explicit functions of time
// keep their values at t. Events of the clock do not happen during the search; relations
// are those that hold at the result. Options other than those of the run to t, and the
// tolerances, are not used. The error is a *Failure, or says that opt makes no sense.
func Steady(ctx context.Context, p *Problem, t float64, opt Options) (*Equilibrium, error) {
	return SteadyBy(ctx, SteadyAuto, p, t, opt)
}

// SteadyBy is Steady in one way.
func SteadyBy(ctx context.Context, way SteadyWay, p *Problem, t float64, opt Options) (*Equilibrium, error) {
	if p.Implicit != nil {
		return nil, fmt.Errorf("%s has the form F(t, u, u') = 0, whose steady states are not computed: write it as M u' = f", p.title())
	}
	if p.Noise != nil || p.Jumps != nil {
		return nil, fmt.Errorf("%s depends on chance, so that no state of it is steady", p.title())
	}
	opt.SaveAt, opt.Steps, opt.FinalOnly, opt.Dense = nil, 0, true, false
	if opt.Span == [2]float64{} {
		opt.Span = p.Span
	}
	start := opt.Span[0]
	opt.Span[1] = start + math.Max(1, math.Abs(start)*1e-3)
	if t > start {
		opt.Span[1] = t
	}
	in, err := NewIntegrator(ctx, p, opt)
	if err != nil {
		return nil, err
	}
	if t > start {
		for !in.Done() {
			if err := in.Step(); err != nil {
				return nil, err
			}
		}
	}
	s := newSteady(in, max(t, start))
	s.eq.Warnings = in.sol.Warnings
	start0, mem0 := slices.Clone(in.ws.U), slices.Clone(in.ws.Params)
	u := slices.Clone(start0)
	switch way {
	case SteadyTransient:
		if err := s.transient(ctx, u); err != nil {
			return nil, err
		}
		return s.result(u), nil
	case SteadyRun:
		if err := s.settle(ctx, u, opt); err != nil {
			return nil, err
		}
		s.eq.Marched = true
		return s.result(u), nil
	}
	first := s.solve(u)
	decided := func() bool {
		return s.eq.Free == 0 || s.near(start0, u, 1e-9) || len(s.loose()) >= s.eq.Free
	}
	if first == nil && !decided() {
		// What is conserved says which of them.
		if s.laws = s.conserved(start0); s.laws != nil {
			s.from0 = start0
			v := slices.Clone(start0)
			alone, mem := *s.eq, slices.Clone(s.params)
			copy(s.params, mem0)
			if err := s.solve(v); err == nil {
				copy(u, v)
			} else {
				*s.eq = alone
				copy(s.params, mem)
			}
		}
	}
	if way == SteadyNewton {
		if first != nil {
			return nil, in.ws.Fail(NewtonFailure, "no steady state found: %v; give start values near one, or go there by a run", first)
		}
		return s.result(u), nil
	}
	if first == nil && decided() {
		return s.result(u), nil
	}
	// Where steady states are not isolated, the run decides.
	alone := *s.eq
	found, mem := u, slices.Clone(s.params)
	u = start0
	copy(s.params, mem0)
	for _, span := range []float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e8} {
		if err := s.march(ctx, u, span, opt); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			break
		}
		v, mem := slices.Clone(u), slices.Clone(s.params)
		tol := 0.1
		if s.solve(v) == nil {
			if s.eq.Free > len(s.laws) {
				tol = 1e-5
			}
			if s.near(u, v, tol) {
				s.eq.Marched = true
				return s.result(v), nil
			}
		}
		copy(s.params, mem)
	}
	if first == nil {
		*s.eq = alone
		copy(s.params, mem)
		return s.result(found), nil
	}
	return nil, in.ws.Fail(InitFailure, "no steady state found: %v; give start values near one, or look at a run for where it goes", first)
}

// steady is a search for a steady state.
type steady struct {
	p      *Problem
	k      *Kernels
	ws     *Workspace
	t      float64
	params []float64
	eq     *Equilibrium
	pat    *linsolve.Pattern // of f, over that of the invariants
	from   []int32           // entry of pat: of Jac, or (negative minus 1) of InvJac, or behind Jac of the laws
	jac    []float64
	inv    []float64
	du, g  []float64
	laws   [][]float64 // conserved sums, which keep their values at from0; nil: none are asked for
	from0  []float64
}

func newSteady(in *Integrator, t float64) *steady {
	ws := in.ws
	n, m := ws.N(), ws.P.NInv
	s := &steady{
		p: in.p, k: in.p.NewKernels(), ws: ws, t: t, params: ws.Params, eq: &Equilibrium{T: t},
		jac: make([]float64, ws.Pattern.NNZ()), du: make([]float64, n), g: make([]float64, m),
	}
	inv := ws.P.InvJac
	if inv == nil {
		inv = linsolve.Dense(m, n)
	}
	s.inv = make([]float64, inv.NNZ())
	pat := &linsolve.Pattern{Rows: n + m, Cols: n, ColPtr: make([]int32, n+1)}
	for j := range n {
		for e := ws.Pattern.ColPtr[j]; e < ws.Pattern.ColPtr[j+1]; e++ {
			pat.RowIdx = append(pat.RowIdx, ws.Pattern.RowIdx[e])
			s.from = append(s.from, e)
		}
		if m > 0 {
			for e := inv.ColPtr[j]; e < inv.ColPtr[j+1]; e++ {
				pat.RowIdx = append(pat.RowIdx, int32(n)+inv.RowIdx[e])
				s.from = append(s.from, -1-e)
			}
		}
		pat.ColPtr[j+1] = int32(len(pat.RowIdx))
	}
	s.pat = pat
	return s
}

// running lists the states that no equation but those of other such states depends on.
func (s *steady) running() []bool {
	n := s.p.N()
	drop := make([]bool, n)
	readers := make([]int, n)
	byRow := make([][]int32, n)
	for j := range n {
		for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
			readers[j]++
			if i := s.pat.RowIdx[e]; int(i) < n {
				byRow[i] = append(byRow[i], int32(j))
			}
		}
	}
	var todo []int
	for j := range n {
		if readers[j] == 0 {
			todo = append(todo, j)
		}
	}
	for len(todo) > 0 {
		j := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.p.Mass != nil && s.p.Mass[j] == 0 {
			continue
		}
		drop[j] = true
		for _, c := range byRow[j] {
			if readers[c]--; readers[c] == 0 {
				todo = append(todo, int(c))
			}
		}
	}
	return drop
}

// loose lists the states that no equation depends on, whose values are arbitrary.
func (s *steady) loose() []int {
	var list []int
	for i, d := range s.running() {
		if d {
			list = append(list, i)
		}
	}
	return list
}

// solve is Newton's method on all equations, then, where these contradict each other,
// without those of running states; the relations follow the solution.
func (s *steady) solve(u []float64) error {
	start := slices.Clone(u)
	err := s.newton(u, nil)
	if err == nil {
		s.eq.Running = nil
		return nil
	}
	drop := s.running()
	if !slices.Contains(drop, true) {
		return err
	}
	copy(u, start)
	if e := s.newton(u, drop); e != nil {
		return err
	}
	s.k.RHS(s.t, u, s.params, s.du)
	s.eq.Running = nil
	for i, d := range drop {
		if d && s.du[i] != 0 {
			s.eq.Running = append(s.eq.Running, i)
		}
	}
	return nil
}

const relationRounds = 30

func (s *steady) newton(u []float64, drop []bool) error {
	n, m := s.p.N(), s.p.NInv
	if n == 0 {
		return nil
	}
	pat, from := s.pat, s.from
	rows := make([]int32, n+m) // new row of each of f and the invariants, -1 if it is dropped
	kept := int32(0)
	for i := range rows {
		rows[i] = -1
		if i >= n || drop == nil || !drop[i] {
			rows[i] = kept
			kept++
		}
	}
	if int(kept) < n+m {
		pat = &linsolve.Pattern{Rows: int(kept), Cols: n, ColPtr: make([]int32, n+1)}
		from = nil
		for j := range n {
			for e := s.pat.ColPtr[j]; e < s.pat.ColPtr[j+1]; e++ {
				if r := rows[s.pat.RowIdx[e]]; r >= 0 {
					pat.RowIdx = append(pat.RowIdx, r)
					from = append(from, s.from[e])
				}
			}
			pat.ColPtr[j+1] = int32(len(pat.RowIdx))
		}
	}
	laws := s.laws
	if len(laws) > 0 {
		pat, from = s.withLaws(pat, from)
	}
	nominal := make([]float64, n)
	for i := range s.p.States {
		nominal[i] = s.p.States[i].Nominal
	}
	sys := newton.System{
		N: n, M: pat.Rows, Pattern: pat, Nominal: nominal,
		Residual: func(x, r []float64) {
			s.k.RHS(s.t, x, s.params, s.du)
			if m > 0 {
				s.k.Invariants(s.t, x, s.params, s.g)
			}
			for i, to := range rows {
				switch {
				case to < 0:
				case i < n:
					r[to] = s.du[i]
				default:
					r[to] = s.g[i-n]
				}
			}
			for l, w := range laws {
				sum := 0.0
				for i, v := range x {
					sum += w[i] * (v - s.from0[i])
				}
				r[int(kept)+l] = sum
			}
		},
	}
	if s.k.Jac != nil && (m == 0 || s.k.InvariantJac != nil) {
		sys.Jacobian = func(x, vals []float64) {
			s.k.Jac(s.t, x, s.params, s.jac)
			if m > 0 {
				s.k.InvariantJac(s.t, x, s.params, s.inv)
			}
			for e, k := range from {
				switch at := int(k) - len(s.jac); {
				case k < 0:
					vals[e] = s.inv[-1-k]
				case at < 0:
					vals[e] = s.jac[k]
				default:
					vals[e] = laws[at/n][at%n]
				}
			}
		}
	}
	s.relations(u)
	for range relationRounds {
		res := newton.New(sys, newton.Options{Tol: 1e-12}).Solve(u)
		if res.Status != newton.Converged {
			what := "a constraint"
			for i, r := range rows {
				if int(r) == res.Worst && i < n {
					what = s.p.equation(i)
				}
			}
			return fmt.Errorf("%s, %s is off by %.3g", res.Status, what, res.Residual)
		}
		s.eq.Free = n - res.Rank + len(laws)
		if drop != nil {
			for _, d := range drop {
				if d {
					s.eq.Free--
				}
			}
			s.eq.Free = max(s.eq.Free, 0)
		}
		if !s.relations(u) {
			return nil
		}
	}
	return errors.New("the relations of the model switch on and off without end")
}

// relations sets the memory of the relations to what holds at u and reports whether one
// changed.
func (s *steady) relations(u []float64) bool {
	h := s.p.Hybrid
	if h == nil || len(h.Relations) == 0 || s.k.Crossings == nil {
		return false
	}
	g := make([]float64, len(h.Relations))
	s.k.Crossings(s.t, u, s.params, g)
	changed := false
	for i := range h.Relations {
		r := &h.Relations[i]
		v := r.value(g[i])
		switch {
		case r.Kind == Kink: // the search is not an integration: no need to watch it
			v = literally
		case math.Abs(g[i]) <= 1e-9:
			continue
		}
		if s.params[r.Slot] != v {
			s.params[r.Slot] = v
			changed = true
		}
	}
	return changed
}

// near reports whether Newton's method stayed near where the run led, relative to the
// sizes of the states: a solution far away is another one.
func (s *steady) near(u, v []float64, tol float64) bool {
	// A state that is small beside all others counts as zero.
	small := 0.0
	for i := range u {
		small = math.Max(small, math.Max(math.Abs(u[i]), math.Abs(v[i])))
	}
	small = math.Min(1e-2, 1e-3*small)
	for i := range u {
		if slices.Contains(s.eq.Running, i) {
			continue
		}
		if d := math.Abs(u[i] - v[i]); d > tol*math.Max(math.Max(math.Abs(u[i]), math.Abs(v[i])), small) {
			return false
		}
	}
	return true
}

// transient makes linearly implicit Euler steps (M/delta - J) d = f from u, delta by switched evolution
// relaxation: it grows as the residual falls (Mulder, van Leer, J. Comput. Phys. 59, 1985; Kelley, Keyes
// 1998). Relations follow the state.
func (s *steady) transient(ctx context.Context, u []float64) error {
	ws, n := s.ws, s.p.N()
	if s.p.NInv > 0 {
		return ws.Fail(InitFailure, "pseudo-transient continuation does not keep the constraints of %s; use the automatic way", s.p.title())
	}
	w := linsolve.NewShifted[float64](ws.Pattern, ws.Mass)
	lu := linsolve.New[float64](w.Pattern, linsolve.Hints{})
	fd := newFiniteDifferences(ws.Pattern)
	f, d := make([]float64, n), make([]float64, n)
	rows := make([]float64, n) // sums of |J_ij| |u_j|/|u_i|: the largest is at least the fastest rate
	k, flip := ws.K, ws.flip
	ws.K, ws.flip = s.k, false
	defer func() { ws.K, ws.flip = k, flip }()
	eval := func() float64 {
		s.relations(u)
		ws.RHS(s.t, u, f)
		sum := 0.0
		for i, v := range f {
			v /= math.Max(math.Abs(u[i]), ws.AbsTol[i]/ws.RelTol)
			sum += v * v
		}
		return math.Sqrt(sum / float64(max(n, 1)))
	}
	size, delta := eval(), 0.0
	for it := range 1000 {
		if err := ctx.Err(); err != nil {
			return ws.fail(Interrupted, context.Cause(ctx), "the search was cancelled (%v)", context.Cause(ctx))
		}
		if i := nonFinite(f); i >= 0 {
			return ws.Fail(Unstable, "division by zero or invalid value in %s", s.p.equation(i))
		}
		if s.k.Jac != nil {
			s.k.Jac(s.t, u, s.params, s.jac)
		} else {
			fd.jac(ws, s.t, u, f, s.jac)
		}
		clear(rows)
		rate := 0.0
		for j := range n {
			for e := ws.Pattern.ColPtr[j]; e < ws.Pattern.ColPtr[j+1]; e++ {
				i := ws.Pattern.RowIdx[e]
				rows[i] += math.Abs(s.jac[e]) * math.Max(math.Abs(u[j]), ws.AbsTol[j]/ws.RelTol) / math.Max(math.Abs(u[i]), ws.AbsTol[i]/ws.RelTol)
				rate = math.Max(rate, rows[i])
			}
		}
		if it == 0 { // short of the fastest rate, lest the step jump over an unstable direction
			delta = math.Min(0.1/math.Max(size, 1e-300), 0.3/math.Max(rate, 1e-300))
		}
		w.Set(1/delta, -1, s.jac)
		if lu.Factor(w.Vals) != nil {
			if math.IsInf(delta, 1) || delta > 1e300 {
				return ws.Fail(SingularMatrix, "the Jacobian at the steady state is singular; use the automatic way")
			}
			delta /= 7
			continue
		}
		copy(d, f)
		lu.Solve(d)
		step := 0.0
		for i, v := range d {
			u[i] += v
			step = math.Max(step, math.Abs(v)/math.Max(math.Abs(u[i]), ws.AbsTol[i]/ws.RelTol))
		}
		before := size
		size = eval()
		if size == 0 || step <= 1e-11 && delta*rate > 100 && s.balanced(u, f) { // as good as a Newton step
			return nil
		}
		if size > 0 {
			delta *= math.Min(10, math.Max(0.1, before/size))
		}
		if before > 0 && size > 0.9*before && size < 1.1*before {
			delta *= 2 // creeping
		}
	}
	return ws.Fail(NewtonFailure, "pseudo-transient continuation reached no steady state in 1000 steps; the derivatives are %.3g of their states", size)
}

// balanced reports whether the terms of each derivative f at u cancel, as far as the last Jacobian says what they are: a
// state that runs away changes little beside what it is, too.
func (s *steady) balanced(u, f []float64) bool {
	ws, terms := s.ws, s.du
	clear(terms)
	for j, v := range u {
		for e := ws.Pattern.ColPtr[j]; e < ws.Pattern.ColPtr[j+1]; e++ {
			terms[ws.Pattern.RowIdx[e]] += math.Abs(s.jac[e] * v)
		}
	}
	for i, v := range f {
		if math.Abs(v) > 1e-6*terms[i] && math.Abs(u[i]) > ws.AbsTol[i] {
			return false
		}
	}
	return true
}

// settle integrates with time held still until nothing moves.
func (s *steady) settle(ctx context.Context, u []float64, opt Options) error {
	du := make([]float64, len(u))
	in, err := s.stillRun(ctx, u, 1e15, opt)
	if err != nil {
		return err
	}
	still := func() bool {
		in.Derivative(du)
		for i, d := range du {
			if in.Differential(i) && !(math.Abs(d) <= math.Max(1e-10, 1e-8*math.Abs(in.ws.U[i]))) {
				return false
			}
		}
		return true
	}
	for !still() {
		if in.Done() {
			return s.ws.Fail(InitFailure, "the run does not settle: after %g units of time the derivatives are not below 1e-10, or 1e-8 of their states", in.T())
		}
		if err := in.Step(); err != nil {
			return err
		}
	}
	copy(u, in.ws.U)
	copy(s.params, in.ws.Params)
	return nil
}

// march integrates the system with time held still and leaves the end in u and params.
func (s *steady) march(ctx context.Context, u []float64, span float64, opt Options) error {
	in, err := s.stillRun(ctx, u, span, opt)
	if err != nil {
		return err
	}
	for !in.Done() {
		if err := in.Step(); err != nil {
			return err
		}
	}
	copy(u, in.ws.U)
	copy(s.params, in.ws.Params)
	return nil
}

// stillRun is a run from u with time held still.
func (s *steady) stillRun(ctx context.Context, u []float64, span float64, opt Options) (*Integrator, error) {
	q := *s.p
	q.Init, q.Span = nil, [2]float64{0, span}
	q.U0, q.P = slices.Clone(u), slices.Clone(s.params)
	q.States = slices.Clone(q.States)
	for i := range q.States {
		q.States[i].StartParam = 0
	}
	q.NewKernels = func() *Kernels { return s.still() }
	return NewIntegrator(ctx, &q, Options{Span: q.Span, RelTol: 1e-6, AbsTol: opt.AbsTol, AbsTols: opt.AbsTols, FinalOnly: true, MaxSteps: 20000})
}

// still returns the kernels of the problem with time held at s.t and no events of the
// clock.
func (s *steady) still() *Kernels {
	k := s.p.NewKernels()
	r := *k
	t := s.t
	r.Bind, r.Jet = nil, nil
	r.RHS = func(_ float64, u, p, du []float64) { k.RHS(t, u, p, du) }
	if k.Jac != nil {
		r.Jac = func(_ float64, u, p, vals []float64) { k.Jac(t, u, p, vals) }
	}
	if k.TGrad != nil {
		r.TGrad = func(_ float64, u, p, dt []float64) { clear(dt) }
	}
	if k.Invariants != nil {
		r.Invariants = func(_ float64, u, p, g []float64) { k.Invariants(t, u, p, g) }
	}
	if k.InvariantJac != nil {
		r.InvariantJac = func(_ float64, u, p, vals []float64) { k.InvariantJac(t, u, p, vals) }
	}
	if k.Crossings != nil {
		r.Crossings = func(_ float64, u, p, g []float64) { k.Crossings(t, u, p, g) }
	}
	if k.TimeEvents != nil {
		h := s.p.Hybrid
		r.TimeEvents = func(p, te []float64) {
			for i := range te {
				te[i] = math.NaN() // samples: never
			}
			for i := range h.TimeRelations { // long ago or never, as the memory has it
				te[i] = math.Inf(1)
				if (p[h.TimeRelations[i].Slot] > 0) != h.TimeRelations[i].Falling {
					te[i] = math.Inf(-1)
				}
			}
			coef := te[len(h.TimeRelations)+2*len(h.Samples):]
			for i, c := range h.Counters { // 0*time + b, well within the step of the counter
				coef[2*i], coef[2*i+1] = 0, p[c.Slot]+0.5
				if c.Trunc && p[c.Slot] < 0 {
					coef[2*i+1] = p[c.Slot] - 0.5
				}
			}
		}
	}
	if k.Update != nil {
		r.Update = func(_ float64, u, p, unew, pnew []float64) int { return k.Update(t, u, p, unew, pnew) }
	}
	if k.Assert != nil {
		r.Assert = func(_ float64, u, p []float64) int { return k.Assert(t, u, p) }
	}
	return &r
}

func (s *steady) result(u []float64) *Equilibrium {
	e := s.eq
	e.U, e.P = u, slices.Clone(s.params)
	if e.Free > len(s.laws) && !e.Marched {
		list, what := s.loose(), "the one nearest to the start values was taken"
		if len(list) >= e.Free {
			var names []string
			for _, i := range list[:min(len(list), 6)] {
				names = append(names, s.p.state(i))
			}
			what = "nothing depends on " + strings.Join(names, ", ") + ", which kept its value"
		}
		e.Warnings = append(e.Warnings, fmt.Sprintf("there are other steady states nearby: %s", what))
	}
	return e
}
