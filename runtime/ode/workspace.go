package ode

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/mtkc/mtkc/runtime/control"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

const eps = 0x1p-52

// Workspace is the state of one run that the integrator and its stepper share.
//
// Time runs forward in a workspace: a run backward in time is handed to the
// stepper with t replaced by -t. Steppers may rely on TStop > T and H > 0.
type Workspace struct {
	P      *Problem
	K      *Kernels
	Params []float64 // p: parameters and discrete memory; steppers only read it
	Alg    []int32   // rows with M = 0, ascending; empty for an ODE
	Mass   []float64 // diagonal of M; nil means all ones
	// Forces are the algebraic entries of a problem with invariants, which error tests
	// leave out: they are functions of the states without errors of their own, as those
	// are that the compiler eliminates, and answer to the smallest correction of a stiff
	// velocity by jumps far above the errors of the states. (IDA's advice for systems of
	// higher index is the same.)
	Forces []int32

	T, TPrev    float64
	U, UPrev    []float64 // solution at T and TPrev; Accept rotates the buffers, so do not keep them
	UNew        []float64 // where a step builds its result
	H           float64   // step to try next; 0: choose one
	TStop       float64   // no step may pass it
	TEnd        float64   // end of the whole run
	HMin, HMax  float64   // 0 and +Inf by default
	InitialStep float64   // the user's first step, 0: choose one
	Inner       bool      // interpolants will be asked for: output between the steps, events, dense output

	RelTol float64
	AbsTol []float64 // len N

	// ExcludeAlgebraic is the option of that name.
	ExcludeAlgebraic bool

	Pattern *linsolve.Pattern // of df/du: Problem.Jac, or dense

	Linear     linsolve.Hints                     // Options.Linear
	Controller func(order int) control.Controller // Options.Controller

	Stats *Stats // of the whole run

	Hint       string // of the automatic choice: "stiff", "nonstiff", "auto" for none
	Seed, Path uint64 // Options.Seed and Path, see package random

	// Free says that nothing looks at the points before TStop: a stepper of a process with jumps may make
	// many of them in one Step.
	Free bool

	// shape is raised when Mass, Alg and Pattern change: what was made for them is
	// stale.
	shape int

	ctx    context.Context
	done   <-chan struct{}
	flip   bool // time is reversed
	tLow   float64
	span   float64
	fd     *finiteDifferences
	im     *implicitSystem // residual form of the problem; nil until needed
	budget *int            // attempts left before MaxSteps
	pace   *pace           // of jumps
	warn   func(text string)
	tmp    []float64
}

// newWorkspace allocates the state of a run of p from t0 to t1 > t0. params is kept.
func newWorkspace(ctx context.Context, p *Problem, k *Kernels, params []float64, t0, t1 float64) *Workspace {
	n := p.N()
	buf := make([]float64, 3*n)
	ws := &Workspace{
		P: p, K: k, Params: params, Mass: p.Mass, Pattern: p.Jac,
		T: t0, TPrev: t0, TStop: t1, TEnd: t1, HMax: math.Inf(1),
		U: buf[:n:n], UPrev: buf[n : 2*n : 2*n], UNew: buf[2*n:],
		RelTol: 1e-6, AbsTol: make([]float64, n),
		Stats: new(Stats),
		ctx:   ctx, done: ctx.Done(), span: math.Abs(t1 - t0), budget: new(int), pace: new(pace),
	}
	*ws.budget = math.MaxInt
	for i := range ws.AbsTol {
		ws.AbsTol[i] = 1e-9
	}
	for i, m := range p.Mass {
		if m == 0 {
			ws.Alg = append(ws.Alg, int32(i))
		}
	}
	if len(ws.Alg) == 0 {
		ws.Mass = nil
	}
	if p.NInv > 0 {
		ws.Forces = ws.Alg
	}
	if ws.Pattern == nil {
		ws.Pattern = linsolve.Dense(n, n)
	}
	return ws
}

// N is the number of states.
func (ws *Workspace) N() int { return len(ws.U) }

// differential reports whether entry i of the state has a derivative, and is not algebraic.
func (ws *Workspace) differential(i int) bool { return ws.Mass == nil || ws.Mass[i] != 0 }

// RHS writes f(t, u, p) to du and counts it.
func (ws *Workspace) RHS(t float64, u, du []float64) {
	ws.Stats.RHS++
	ws.K.RHS(t, u, ws.Params, du)
}

// Jac writes df/du at (t, u) to vals in the order of ws.Pattern: by the problem's
// kernel, or by coloured finite differences, for which f0 is f(t, u) (nil: it is
// evaluated).
func (ws *Workspace) Jac(t float64, u, f0, vals []float64) {
	ws.Stats.Jac++
	if ws.K.Jac != nil {
		ws.K.Jac(t, u, ws.Params, vals)
		return
	}
	if ws.fd == nil {
		ws.fd = newFiniteDifferences(ws.Pattern)
	}
	ws.fd.jac(ws, t, u, f0, vals)
}

// JacVec writes df/du at (t, u) times v to y by a difference in direction v, where f0 is
// f(t, u): what an iterative linear solver needs (linsolve.NewMatrixFree).
func (ws *Workspace) JacVec(t float64, u, f0, v, y []float64) {
	if ws.fd == nil {
		ws.fd = newFiniteDifferences(ws.Pattern)
	}
	ws.fd.product(ws, t, u, f0, v, y)
}

// TGrad writes df/dt at (t, u) to dt: by the problem's kernel, or by a difference within
// the run, for which f0 is f(t, u) (nil: it is evaluated). The increment is that of the time
// scale of the run: far from time 0 it is no larger than close to it, but for what the resolution of
// time asks for.
func (ws *Workspace) TGrad(t float64, u, f0, dt []float64) {
	if ws.K.TGrad != nil {
		ws.K.TGrad(t, u, ws.Params, dt)
		return
	}
	if ws.fd == nil {
		ws.fd = newFiniteDifferences(ws.Pattern)
	}
	if f0 == nil {
		f0 = ws.fd.f0
		ws.RHS(t, u, f0)
	}
	scale := math.Min(math.Max(math.Abs(t), 1e-3*math.Min(ws.span, 1)), ws.span)
	d := math.Max(math.Sqrt(eps)*scale, 64*eps*math.Abs(t))
	if t+d > ws.TEnd {
		d = -d
	}
	d = (t + d) - t
	ws.RHS(t+d, u, dt)
	for i := range dt {
		dt[i] = (dt[i] - f0[i]) / d
	}
}

// controller is the step-size controller of a method whose own is given: that one, or
// the one that the options ask for, for an error estimate of the same order.
func (ws *Workspace) controller(own control.Controller) control.Controller {
	if ws.Controller == nil {
		return own
	}
	c := ws.Controller(own.Order())
	c.Keep = own.Keep
	return c
}

// invPattern is the pattern of the Jacobian of the invariants.
func (ws *Workspace) invPattern() *linsolve.Pattern {
	if ws.P.InvJac == nil {
		return linsolve.Dense(ws.P.NInv, ws.N())
	}
	return ws.P.InvJac
}

// invariantJac writes dg/du at (t, u) to vals in the order of invPattern: by the
// problem's kernel, or by forward differences, one column at a time.
func (ws *Workspace) invariantJac(t float64, u, vals []float64) {
	if ws.K.InvariantJac != nil {
		ws.K.InvariantJac(t, u, ws.Params, vals)
		return
	}
	pat := ws.invPattern()
	x := append([]float64(nil), u...)
	g0, g := make([]float64, ws.P.NInv), make([]float64, ws.P.NInv)
	ws.K.Invariants(t, u, ws.Params, g0)
	for j := range x {
		h := math.Sqrt(eps) * math.Max(math.Abs(u[j]), ws.AbsTol[j]/ws.RelTol)
		x[j] = u[j] + h
		h = x[j] - u[j]
		ws.K.Invariants(t, x, ws.Params, g)
		x[j] = u[j]
		for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
			i := pat.RowIdx[e]
			vals[e] = (g[i] - g0[i]) / h
		}
	}
}

// ErrNorm is the weighted root mean square of err, with the weights
// 1/(AbsTol + RelTol*max(|u0|, |u1|)). It is NaN or +Inf if an entry of err or
// of u1 is not finite, so `norm <= 1` rejects those.
func (ws *Workspace) ErrNorm(err, u0, u1 []float64) float64 {
	return math.Sqrt(ws.errSquare(err, u0, u1))
}

// errSquare is the square of ErrNorm.
func (ws *Workspace) errSquare(err, u0, u1 []float64) float64 {
	if len(err) == 0 {
		return 0
	}
	at, rtol := ws.AbsTol, ws.RelTol
	at, u0, u1 = at[:len(err)], u0[:len(err)], u1[:len(err)]
	s := 0.0
	for i, e := range err {
		a, b := math.Abs(u0[i]), math.Abs(u1[i])
		if b > a || b != b {
			a = b
		}
		e /= at[i] + rtol*a
		s += e * e
		if a > math.MaxFloat64 {
			return math.Inf(1)
		}
	}
	return s / float64(len(err))
}

// spareForces takes the forces out of an error estimate.
func (ws *Workspace) spareForces(err []float64) {
	for _, i := range ws.Forces {
		err[i] = 0
	}
}

// Norm is the weighted root mean square of v with the weights at u.
func (ws *Workspace) Norm(v, u []float64) float64 { return ws.ErrNorm(v, u, u) }

// Weights writes 1/(AbsTol + RelTol*|u|) to w.
func (ws *Workspace) Weights(u, w []float64) {
	for i, v := range u {
		w[i] = 1 / (ws.AbsTol[i] + ws.RelTol*math.Abs(v))
	}
}

// Begin is called before each attempt of a step. It returns the failure that ends
// the run if the context was cancelled or the attempts are used up.
func (ws *Workspace) Begin() error {
	select {
	case <-ws.done:
		return ws.fail(Interrupted, context.Cause(ws.ctx), "the run was cancelled (%v)", context.Cause(ws.ctx))
	default:
	}
	*ws.budget--
	if *ws.budget < 0 {
		switch {
		case ws.pace.watched:
			return ws.judgePace()
		case ws.P.Jumps != nil:
			return ws.Fail(MaxSteps, "%d jumps made; raise the step limit, or choose tau-leaping for many molecules", ws.Stats.Steps)
		}
		return ws.Fail(MaxSteps, "%d steps made and %d rejected; raise the step limit, loosen the tolerances, or try a stiff method",
			ws.Stats.Steps, ws.Stats.Rejected)
	}
	return nil
}

// pace is how fast a jump process without a limit on steps goes on.
type pace struct {
	watched bool
	t       float64 // of the last look
	steps   int     // made until then
}

// A jump process without a limit is looked at after paceAfter jumps and whenever there are ten times as many. It ends where more than
// tooManyJumps are still to come at the pace since the last look: hours of work for what leaps, or an explosion.
const (
	paceAfter    = 1_000_000
	tooManyJumps = 1e10
)

// judgePace ends a run that would not come to its end, and gives others their next jumps.
func (ws *Workspace) judgePace() error {
	p, made := ws.pace, ws.Stats.Steps
	if rest := float64(made-p.steps) * (ws.TEnd - ws.T) / (ws.T - p.t); made > p.steps && !(rest <= tooManyJumps) {
		return ws.Fail(MaxSteps, "%d jumps made, and about %.2g more to come until t = %v as they follow each other now; choose tau-leaping for many molecules, or give a step limit", made, rest, ws.TEnd)
	}
	p.t, p.steps = ws.T, made
	*ws.budget = 9*max(made, paceAfter/9) - 1
	return nil
}

// BeginSome is Begin for up to n attempts at once: it returns how many may be made, at least one. Unused gives back
// those that were not made.
func (ws *Workspace) BeginSome(n int) (int, error) {
	if err := ws.Begin(); err != nil {
		return 0, err
	}
	n = min(n-1, *ws.budget)
	*ws.budget -= n
	return n + 1, nil
}

// Unused gives back n of the attempts that BeginSome allowed.
func (ws *Workspace) Unused(n int) { *ws.budget += n }

// Warn adds a warning to the solution, once.
func (ws *Workspace) Warn(text string) {
	if ws.warn != nil {
		ws.warn(text)
	}
}

// Clip returns the step to make when the stepper would like h, and the time it
// ends at: never past TStop, exactly TStop if that is near, and half the way to
// TStop if one more step would leave a sliver.
func (ws *Workspace) Clip(h float64) (step, t float64) {
	if h > ws.HMax {
		h = ws.HMax
	}
	left := ws.TStop - ws.T
	switch {
	case h >= left*(1-1e-10):
		return left, ws.TStop
	case h > 0.5*left:
		h = 0.5 * left
	}
	return h, ws.T + (h + ws.tLow)
}

// TooSmall reports whether a step h can no longer be told from zero at T.
func (ws *Workspace) TooSmall(h float64) bool {
	return !(h > math.Max(ws.HMin, math.Max(8*eps*math.Abs(ws.T), 1e-28*ws.span)))
}

// Accept makes UNew the solution at t and keeps the point before as TPrev, UPrev.
// t is the time that Clip returned with h. Time is summed with compensation.
func (ws *Workspace) Accept(h, t float64) {
	if t != ws.TStop {
		// Fast two-sum: the part of h that t could not hold.
		ws.tLow = (h + ws.tLow) - (t - ws.T)
	} else {
		ws.tLow = 0
	}
	ws.TPrev, ws.T = ws.T, t
	ws.UPrev, ws.U, ws.UNew = ws.U, ws.UNew, ws.UPrev
	ws.Stats.Steps++
}

// Fail makes the failure of a run at the present time.
func (ws *Workspace) Fail(code Retcode, format string, args ...any) *Failure {
	return ws.fail(code, nil, format, args...)
}

func (ws *Workspace) fail(code Retcode, cause error, format string, args ...any) *Failure {
	return &Failure{Code: code, T: ws.Time(ws.T), Message: fmt.Sprintf(format, args...), Err: cause}
}

// abrupt reports whether the derivative of a state that is smaller than its tolerance
// differs much between both ends of that, and the values there: no step that meets the
// tolerance sees where between them it turns. A quarter is much: the algebraic unknowns may have been
// accepted halfway, where the equations have nearly no slope.
func (ws *Workspace) abrupt(state int) (below, above float64, ok bool) {
	tol := ws.AbsTol[state]
	if !(math.Abs(ws.U[state]) < tol) {
		return 0, 0, false
	}
	var alg *algebraic
	if len(ws.Alg) > 0 {
		alg = newAlgebraic(ws)
	}
	slope := func(v float64) float64 {
		u, du := slices.Clone(ws.U), make([]float64, ws.N())
		u[state] = v
		if alg != nil && alg.solve(ws.T, u) != nil {
			return math.NaN()
		}
		ws.RHS(ws.T, u, du)
		return du[state]
	}
	below, above = slope(-tol), slope(tol)
	return below, above, math.Abs(above-below) > 0.25*math.Max(math.Abs(below), math.Abs(above))
}

// FailStep is the failure for a step size that became too small. If f is not
// finite at the present point or a little behind it, that is named instead.
func (ws *Workspace) FailStep(h float64) *Failure {
	du := make([]float64, ws.N())
	ws.RHS(ws.T, ws.U, du)
	if i := nonFinite(du); i >= 0 {
		return ws.Fail(Unstable, "division by zero or invalid value in %s", ws.P.equation(i))
	}
	// One Euler step of a few sizes: does f break down just ahead?
	u := make([]float64, ws.N())
	for _, s := range [...]float64{1, 1e3, 1e6} {
		for i := range u {
			u[i] = ws.U[i]
			if ws.differential(i) {
				u[i] += s * h * du[i]
			}
		}
		if i := nonFinite(u); i >= 0 {
			return ws.Fail(Unstable, "%s grows without bound", ws.P.state(i))
		}
		f := make([]float64, ws.N())
		ws.RHS(ws.T+s*h, u, f)
		if i := nonFinite(f); i >= 0 {
			return ws.Fail(Unstable, "division by zero or invalid value just ahead in %s", ws.P.equation(i))
		}
	}
	worst, at := 0.0, -1
	for i := range u {
		r := math.Abs(du[i]) / (ws.AbsTol[i] + ws.RelTol*math.Abs(ws.U[i]))
		if ws.differential(i) && r > worst {
			worst, at = r, i
		}
	}
	if at < 0 {
		return ws.Fail(DtTooSmall, "the step size fell to %.3g", h)
	}
	if below, above, ok := ws.abrupt(at); ok {
		return ws.Fail(DtTooSmall, "the step size fell to %.3g; %s = %.6g is smaller than its tolerance, %.3g, within which its derivative turns from %.4g to %.4g, "+
			"like that of a current between diodes that block without a leak; let it leak (a resistance in parallel to the diodes), or switch it by an event",
			h, ws.P.state(at), ws.U[at], ws.AbsTol[at], below, above)
	}
	return ws.Fail(DtTooSmall, "the step size fell to %.3g; the fastest variable is %s = %.6g with derivative %.6g: "+
		"a singularity of the solution, or a discontinuity that the model does not declare as an event",
		h, ws.P.state(at), ws.U[at], du[at])
}

// Time converts a time of the workspace to the user's time.
func (ws *Workspace) Time(t float64) float64 {
	if ws.flip {
		return -t
	}
	return t
}

// nonFinite returns the first index with NaN or Inf, or -1.
func nonFinite(v []float64) int {
	for i, x := range v {
		if x-x != 0 {
			return i
		}
	}
	return -1
}

// equation describes row i of f.
func (p *Problem) equation(i int) string {
	if p.Equation != nil {
		if s := p.Equation(i); s != "" {
			return s
		}
	}
	if p.Mass != nil && p.Mass[i] == 0 {
		return fmt.Sprintf("algebraic equation %d", i)
	}
	return "the equation of der(" + p.state(i) + ")"
}

// state names entry i of u.
func (p *Problem) state(i int) string {
	if i < len(p.States) && p.States[i].Name != "" {
		return p.States[i].Name
	}
	return fmt.Sprintf("u[%d]", i)
}

// FirstStep chooses the step to start with for a method of the given order, where
// f0 is f at (T, U): Hairer, Norsett, Wanner, Solving ODEs I, II.4, restricted to
// the differential rows. It uses UNew as scratch.
func (ws *Workspace) FirstStep(f0 []float64, order int) float64 {
	h, _ := ws.firstStep(f0, order)
	return h
}

// firstStep is FirstStep with an estimate of the rate at which f changes along the solution,
// |df/du f| / |f|; 0 where the caller gives the step.
func (ws *Workspace) firstStep(f0 []float64, order int) (h, rate float64) {
	if ws.InitialStep > 0 {
		return ws.InitialStep, 0
	}
	left := ws.TEnd - ws.T
	norm := func(v func(i int) float64) float64 {
		s, n := 0.0, 0
		for i, u := range ws.U {
			if ws.differential(i) {
				x := v(i) / (ws.AbsTol[i] + ws.RelTol*math.Abs(u))
				s += x * x
				n++
			}
		}
		return math.Sqrt(s / float64(max(n, 1)))
	}
	d0 := norm(func(i int) float64 { return ws.U[i] })
	d1 := norm(func(i int) float64 { return f0[i] })
	tiny := math.Min(1e-6, 1e-6*left)
	h0 := tiny
	if d0 >= 1e-5 && d1 >= 1e-5 {
		h0 = math.Min(0.01*d0/d1, left)
	}
	h0 = math.Min(h0, math.Min(ws.HMax, ws.TStop-ws.T))
	f1 := ws.scratch()
	for range 8 {
		for i, u := range ws.U {
			ws.UNew[i] = u
			if ws.differential(i) {
				ws.UNew[i] += h0 * f0[i]
			}
		}
		ws.RHS(ws.T+h0, ws.UNew, f1)
		if nonFinite(f1) < 0 {
			break
		}
		h0 /= 10
	}
	d2 := norm(func(i int) float64 { return f1[i] - f0[i] }) / h0
	h1 := math.Max(tiny, h0*1e-3)
	if d := math.Max(d1, d2); d > 1e-15 {
		h1 = math.Pow(0.01/d, 1/float64(order+1))
	} else if d == d {
		h1 = left // nothing moves
	}
	h = math.Min(100*h0, h1)
	if !(h > 0) {
		h = h0
	}
	if rate = d2 / d1; !(rate > 0) || math.IsInf(rate, 1) {
		rate = 0
	}
	return math.Min(math.Min(h, ws.HMax), left), rate
}

// scratch is a vector of N entries for use inside one call.
func (ws *Workspace) scratch() []float64 {
	if ws.tmp == nil {
		ws.tmp = make([]float64, ws.N())
	}
	return ws.tmp
}

// subPattern is the pattern of the algebraic rows and columns of df/du, and for
// each of its entries the entry of ws.Pattern.
func (ws *Workspace) subPattern() (*linsolve.Pattern, []int32) {
	m := len(ws.Alg)
	row := make([]int32, ws.N())
	for i := range row {
		row[i] = -1
	}
	for k, i := range ws.Alg {
		row[i] = int32(k)
	}
	sub := &linsolve.Pattern{Rows: m, Cols: m, ColPtr: make([]int32, 1, m+1)}
	var pick []int32
	for _, j := range ws.Alg {
		for e := ws.Pattern.ColPtr[j]; e < ws.Pattern.ColPtr[j+1]; e++ {
			if k := row[ws.Pattern.RowIdx[e]]; k >= 0 {
				sub.RowIdx = append(sub.RowIdx, k)
				pick = append(pick, e)
			}
		}
		sub.ColPtr = append(sub.ColPtr, int32(len(sub.RowIdx)))
	}
	return sub, pick
}
