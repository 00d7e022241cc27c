package ode

// When the automatic choice changes its method. It starts with an explicit one; when the last
// stages of its steps show that stability and not accuracy limits the step, the run goes on with
// an implicit method (Shampine's idea). Two signs are heeded:
//
// Steps at the bound of stability, z = h*|lambda| near it (Hairer, Wanner, Solving ODEs II,
// IV.2). Eigenvalues of any direction show by it, but with tight tolerances an explicit method of
// high order settles on shorter steps: its error estimate sees what the stages of low order leave of
// the slow solution, z^p times something small.
//
// Damped steps: differences of the last stages that f turns around, k1 - k0 against y1 - y0 with a
// cosine near -1, so that the dominant eigenvalue is real and negative, and z not small.
// What was there in that direction decays as exp(-z) in a step. Once sum(z) says that it has gone
// below the tolerance, and the method makes such steps still, they do not resolve it. On DETEST, the Arenstorf
// orbit, Pleiades and Lorenz no nonstiff problem makes such steps in a row but those with diffusion (B2, C2
// to C4), at tolerances from 1e-4 to 1e-12; the stiff ones with real eigenvalues do from the end of the transient on.
//
// The run goes back when the explicit method could make the same steps, and when it would cover the same stretch
// for less work in steps at its bound of stability: a problem that is stiff by a factor of two or three, such as an
// amplifier, is best left to it. Where the implicit method never paid in between, the run waits twice as long for the
// signs before it leaves again.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

const (
	stiffSteps   = 10  // steps at the bound of stability before the run becomes implicit
	calmSteps    = 6   // steps below it that clear that count
	dampedStep   = 0.1 // of the bound: least z of a damped step
	dampedCosine = -0.9
	lookSteps    = 4   // implicit steps from one look at them to the next, which takes four evaluations of f,
	longLook     = 32  // and at most so many while looks speak for them
	returnSteps  = 3   // looks that speak for the explicit method before it takes over
	returnMargin = 0.5 // of the explicit stability bound
	worthMargin  = 1.5 // times the work of the explicit method: what the implicit one may take
	paidMargin   = 4   // times its own work: what the explicit method would take where the implicit one pays
	mostPatience = 256
)

// judgeExplicit counts steps at the bound of stability, and adds up damped ones.
func (a *auto) judgeExplicit() {
	z, cosine := a.explicit.stiffness()
	bound := a.bound
	if z > dampedStep*bound && cosine < dampedCosine {
		a.damped += z
		a.peak = max(a.peak, z)
		// A transient as large as the solution, and a factor of exp(10) for one that is not
		// along the slowest of the fast directions.
		if a.damped > (10-math.Log(a.ws.RelTol))*float64(a.patience) {
			a.leave(min(a.peak, bound))
			return
		}
	} else {
		a.damped, a.peak = 0, 0
	}
	if z > 0.9*bound {
		a.calm = 0
		if a.stiff++; a.stiff >= stiffSteps*a.patience {
			a.leave(bound)
		}
	} else if a.stiff > 0 {
		if a.calm++; a.calm >= calmSteps {
			a.stiff, a.calm = 0, 0
		}
	}
}

// leave makes the run go on with the implicit method: h*|lambda| of the explicit one's steps
// is z.
func (a *auto) leave(z float64) { a.pending, a.limit = true, z }

// judgeImplicit looks at the last steps of the implicit method: whether the explicit one could make them as
// well, or for less work.
func (a *auto) judgeImplicit() {
	ws := a.ws
	since, from, marked := a.mark, a.markT, a.marked
	now := *ws.Stats
	h := ws.T - ws.TPrev
	if a.frame != nil {
		a.frame.enter()
	}
	rho := a.rho.estimate(a.view)
	a.mark, a.markT, a.marked = *ws.Stats, ws.T, true
	could := h*rho <= returnMargin*a.limit
	worth := false
	switch {
	case a.frame != nil || rho-rho != 0: // what f costs is not known
		a.paid = true
	case marked:
		if a.price == nil {
			a.price = newPrice(ws.Pattern, ws.Mass)
		}
		took := a.price.work(&now, &since)
		other := a.price.explicit(a.stages, max(float64(a.gap), (ws.T-from)*rho/a.limit))
		worth = took > worthMargin*other
		a.paid = a.paid || other > paidMargin*took
	}
	if !could && !worth {
		a.easy = 0
		a.gap = min(2*a.gap, longLook)
		a.wait = a.gap
		return
	}
	a.gap, a.wait = lookSteps, lookSteps
	if a.easy++; a.easy >= returnSteps+a.need {
		a.pending = true
		a.need += returnSteps
		if a.paid {
			a.patience = 1
		} else {
			a.patience = min(2*a.patience, mostPatience)
		}
	}
}

// price predicts the time of work in nanoseconds of compiled code on one machine; only ratios of such numbers
// mean anything. An evaluation of f takes about a nanosecond for each entry of df/du, and so does one of the
// Jacobian (both within a factor of 1.5 on the compiled models of internal/check/peers, which prints them
// with --rhs); the sums of a stage and its share of the norms eight products for each state. A
// factorisation takes two thirds of what linsolve.Cost says of it with two solutions, as in the formulas
// behind that; a complex one counts as a real one. A step costs 30 more.
type price struct{ stage, jac, factor, solve float64 }

const stepPrice = 30

// newPrice is the price of work on a system with the pattern of df/du and the diagonal of M (nil: ones).
func newPrice(pat *linsolve.Pattern, mass []float64) *price {
	f := float64(pat.NNZ())
	lu := linsolve.Cost(linsolve.NewShifted[float64](pat, mass).Pattern)
	return &price{stage: f + 8*float64(pat.Cols), jac: f, factor: 0.66 * lu, solve: 0.17 * lu}
}

// work is the price of what was done from since to now.
func (p *price) work(now, since *Stats) float64 {
	return p.stage*float64(now.RHS-since.RHS) + p.jac*float64(now.Jac-since.Jac) +
		p.factor*float64(now.Factor-since.Factor) + p.solve*float64(now.Solve-since.Solve) +
		stepPrice*float64(now.Steps+now.Rejected-since.Steps-since.Rejected)
}

// explicit is the price of so many steps of s stages.
func (p *price) explicit(s int, steps float64) float64 {
	return steps * (float64(s)*p.stage + stepPrice)
}
