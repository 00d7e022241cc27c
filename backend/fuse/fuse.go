// Package fuse makes integrators as kernels: a whole attempted step of an adaptive method,
// its stages with the right-hand side in them, the error norm, the choice of the next step
// size and the decision to accept, as one kernel of package backend that maps a state x to
// the next one.
//
// In: a backend.Program and the name of a method of package tableau. Out: an Integrator,
// three kernels that every back end runs as it runs a right-hand side. Nothing in them
// branches: a decision is a Select. So lanes that integrate different trajectories side by
// side make the same operations, and all back ends agree to the bit.
//
// # State and settings
//
// A kernel reads x[i] as U[i] and the parameters and settings as P[i], and writes the new
// x[i] as Main[i], all of them. It does not read the time t of its call. The entries of x are
//
//	T        time
//	H        step size to be tried next
//	TEnd     where to stop; T is set to it exactly
//	Status   see the constants; while it is not Running, a step keeps every entry
//	ErrOld   the error norm of the last accepted step, as a level (control.go); 1 before the first
//	Steps    accepted steps
//	Rejected rejected steps
//	TOld     time before the last accepted step, T before the first
//	TSave    read by Save alone
//	U...     n states, from StateAt on
//	K1...    n, f(T, U)
//	UOld...  n, and the data of the interpolant, in variants with dense output
//
// and those of p are the np of the model, discrete memory included, and behind them rtol,
// hmax, hmin, maxsteps and atol of each state: see Settings.
//
// # Methods
//
// Explicit Runge-Kutta methods with an error estimate (erk.go), also for large models whose
// right-hand sides have loops (steps.go, erk_steps.go); Rosenbrock methods and diagonally implicit Runge-Kutta
// methods for stiff models and for algebraic equations (rosenbrock.go, dirk.go, lu.go). The error norm, the controller, the first step and the clipping at
// TEnd are those of package ode: the root of the mean of the squares of e_i/(atol_i + rtol
// max(|u_i|, |unew_i|)). Sums of stages are h times a chain of fused multiply-adds, added to u
// by one more; to a stage value the last slope is added behind that, or the chain begins with u where a model has more states than slopes; the norm is such a chain too, and products in the right-hand side that are added to
// something are fused with the sum (contract.go). Time is summed without compensation. Logarithm
// and power in the controller are good to a few thousandths of a step (control.go).
package fuse

import (
	"fmt"
	"slices"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/runloop"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// The entries of x.
const (
	T = iota
	H
	TEnd
	Status
	ErrOld
	Steps
	Rejected
	TOld
	TSave

	StateAt // of the first state
)

// The values of the entry Status.
const (
	Running  = 0
	Done     = 1 // T is TEnd
	TooSmall = 2 // the error asks for a step that cannot be told from zero at T
	NotANum  = 3 // the step cannot be made so short that its end is a number
	MaxSteps = 4 // so many attempts were made
	Event    = 5 // a relation would change in the step; x is that before the step
	Pivot    = 6 // the pivots that are fixed beforehand are unsound at T, U; x is that before the step
)

// The settings, behind the parameters of the model: p[NP+RTol] and so on.
const (
	RTol        = runloop.RTol
	HMax        = runloop.HMax
	HMin        = runloop.HMin
	MaxAttempts = runloop.MaxAttempts
	AbsTol      = runloop.AbsTol // of the first state
)

// Integrator is an adaptive method for one model as kernels.
type Integrator struct {
	Method string
	Order  int // of the method
	N, NP  int // states and parameters of the model
	Slots  int // length of x

	// Begin makes an x of which T, H, TEnd, Steps, Rejected and U are set ready for steps: K1,
	// and H if it is not positive. Status is Running, Done where T >= TEnd, NotANum where f has no
	// value at (T, U).
	Begin *backend.Kernel
	// Step is one attempted step.
	Step *backend.Kernel
	// Save writes u_i(x[TSave]) to Main[i], for TOld <= TSave <= T, by the interpolant of the
	// last step. Nil without dense output.
	Save *backend.Kernel

	Events bool         // Step sets the status Event
	Funcs  []*expr.Func // of Call
}

// Options choose a variant.
type Options struct {
	Dense  bool // with Save
	Events bool // steps stop before a relation of the model changes
}

// NPAll is the length of p, settings included.
func (in *Integrator) NPAll() int { return in.NP + AbsTol + in.N }

// Settings are the settings of a run.
type Settings = runloop.Settings

// SettingsOf are the settings of a run of package ode, its defaults included.
func SettingsOf(p *ode.Problem, opt *ode.Options) Settings { return runloop.SettingsOf(p, opt) }

// Put writes the settings behind the parameters of p, which has NPAll entries.
func (in *Integrator) Put(s Settings, p []float64) { s.Put(p[in.NP:in.NPAll()]) }

// Unsupported says why a model or method cannot be integrated by kernels; package ode can.
type Unsupported struct{ Method, Model, Reason string }

// Error is the reason, with what to do.
func (u *Unsupported) Error() string {
	return fmt.Sprintf("%s as a fused kernel for %s: %s; solve it one trajectory at a time instead (ode.Solve)", u.Method, u.Model, u.Reason)
}

// New makes the integrator of that name for a program. The error is an *Unsupported.
func New(prog *backend.Program, method string, opt Options) (*Integrator, error) {
	fail := func(format string, args ...any) (*Integrator, error) {
		return nil, &Unsupported{method, prog.Meta.Name, fmt.Sprintf(format, args...)}
	}
	m := &prog.Meta
	switch {
	case prog.RHS == nil || m.Implicit != nil:
		return fail("the model is not of the form M u' = f(t, u, p)")
	case m.Noise != nil:
		return fail("the model has noise")
	case m.Jumps != nil:
		return fail("the model jumps at random instants")
	case m.NInv > 0:
		return fail("steps must be projected onto the %d invariants of the model", m.NInv)
	case m.VarIndex != nil:
		return fail("the model is of higher index")
	case len(m.U0) == 0:
		return fail("the model has no states")
	}
	c := newCommon(prog, method, opt)
	if slices.Contains(tableau.Names(tableau.Explicit), method) {
		if len(c.alg) > 0 {
			return fail("the method is explicit and the model has %d algebraic equations (Rodas5P takes them)", len(c.alg))
		}
		e := tableau.ReadERK(method)
		if e.BHat == nil {
			return fail("the method has no error estimate")
		}
		return c.explicit(e), nil
	}
	if prog.Jac == nil || prog.TGrad == nil || m.Jac == nil {
		return fail("the model has no Jacobian")
	}
	if c.n > maxEliminated {
		return fail("the model has more than %d states, too many to eliminate in straight-line code", maxEliminated)
	}
	piv, products, ok := c.fixedPivots()
	if !ok {
		return fail("the Jacobian is singular by its pattern")
	}
	// The stages of the largest methods, roughly.
	if work := products + prog.Jac.Work() + 8*prog.RHS.Work(); work > maxStraight {
		return fail("a step takes %d operations, too many for straight-line code", work)
	}
	switch {
	case slices.Contains(tableau.Names(tableau.Linear), method):
		r := tableau.ReadRosenbrock(method)
		switch {
		case r.Embedded == 0:
			return fail("the method has no error estimate")
		case len(c.alg) > 0 && !stifflyAccurate(r.Coeffs()):
			return fail("the method does not handle the %d algebraic equations (Rodas5P does)", len(c.alg))
		}
		return c.linear(r, piv), nil
	case slices.Contains(tableau.Names(tableau.Diagonal), method):
		d := tableau.ReadDIRK(method)
		coeffs := d.Coeffs()
		switch {
		case d.BHat == nil:
			return fail("the method has no error estimate")
		case !coeffs.StifflyAccurate || sameGamma(coeffs) == 0:
			return fail("the method is not stiffly accurate with one gamma (Kvaerno5 and KenCarp4 are)")
		}
		return c.diagonal(d, coeffs, piv, newtonIterations), nil
	}
	return fail("there is no kernel for this method")
}

const (
	maxEliminated = 1000    // states, for the pattern is taken as a full matrix
	maxStraight   = 200_000 // operations
)

// common is what the methods share.
type common struct {
	prog  *backend.Program
	f     *backend.Kernel // the right-hand side, contracted
	n, np int
	alg   []int // rows without mass
	opt   Options
	in    *Integrator
}

func newCommon(prog *backend.Program, method string, opt Options) *common {
	m := &prog.Meta
	c := &common{
		prog: prog, f: contract(prog.RHS), n: len(m.U0), np: len(m.P), opt: opt,
		in: &Integrator{Method: method, N: len(m.U0), NP: len(m.P), Events: opt.Events && prog.Crossings != nil, Funcs: prog.Funcs},
	}
	for i, v := range m.Mass {
		if v == 0 {
			c.alg = append(c.alg, i)
		}
	}
	return c
}
