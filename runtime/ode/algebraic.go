package ode

// Algebraic rows: the equations with M = 0 are solved for their unknowns at the
// start, after events, and wherever the others were moved or interpolated.

import (
	"errors"
	"fmt"
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/newton"
)

// algebraic solves the rows with M = 0 for their unknowns.
type algebraic struct {
	ws     *Workspace
	warn   func(string) // of solutions far from where the search began; nil: nobody listens
	solver *newton.Solver
	lifted *newton.Solver // of Problem.Lifted, or nil
	w, lx  []float64      // of the lifted form
	pick   []int32        // entries of the Jacobian of the sub-block
	vals   []float64
	f, u   []float64
	x      []float64
	t      float64

	lu       *linsolve.Replay[float64]
	factored bool // lu holds the factors of a Jacobian not too far away
	eager    bool // points are far apart: linear equations take new factors each time
	sub      []float64
	r        []float64

	lo, hi []float64 // ranges of the unknowns; nil: there are none
	near   []float64 // distance from an end of the range within which tolerances are too coarse
	good   []float64 // values within the ranges, from which others are looked for
	vain   int       // searches within the ranges to leave out, after one in vain
	failed int       // as many were left out after the last one
}

func newAlgebraic(ws *Workspace) *algebraic {
	n, m := ws.N(), len(ws.Alg)
	a := &algebraic{
		ws: ws, vals: make([]float64, ws.Pattern.NNZ()),
		f: make([]float64, n), u: make([]float64, n), x: make([]float64, m), r: make([]float64, m),
	}
	sub, pick := ws.subPattern()
	a.pick = pick
	a.sub = make([]float64, len(pick))
	a.lu = replayed(sub)
	nominal := make([]float64, m)
	for k, i := range ws.Alg {
		if int(i) < len(ws.P.States) {
			nominal[k] = ws.P.States[i].Nominal
			a.describe(k, &ws.P.States[i])
		}
	}
	sys := newton.System{
		N: m, M: m, Pattern: sub, Nominal: nominal, Min: a.lo, Max: a.hi,
		Residual: func(x, r []float64) {
			a.scatter(x)
			ws.RHS(a.t, a.u, a.f)
			for k, i := range ws.Alg {
				r[k] = a.f[i]
			}
		},
		Jacobian: func(x, vals []float64) {
			a.scatter(x)
			ws.Jac(a.t, a.u, nil, a.vals)
			for e, k := range a.pick {
				vals[e] = a.vals[k]
			}
		},
	}
	opt := newton.Options{Tol: math.Min(1e-10, ws.RelTol*1e-2), MaxIter: 100}
	a.solver = newton.New(sys, opt)
	if b := ws.P.Lifted; b != nil {
		a.w, a.lx = make([]float64, n+b.Lift), make([]float64, m+b.Lift)
		for range b.Lift {
			nominal = append(nominal, 1)
		}
		a.lifted = newton.New(newton.System{
			N: m + b.Lift, M: m + b.Lift, Pattern: b.Jac, Nominal: nominal, Lift: b.Lift,
			Residual: func(x, r []float64) {
				a.place(x)
				ws.K.Lifted.Eval(a.t, a.w, ws.Params, r)
			},
			Jacobian: func(x, vals []float64) {
				a.place(x)
				ws.K.Lifted.Jac(a.t, a.w, ws.Params, vals)
			},
		}, opt)
	}
	return a
}

// place puts unknowns of the lifted form where its functions look for them.
func (a *algebraic) place(x []float64) {
	for k, i := range a.ws.P.Lifted.Unknowns {
		a.w[i] = x[k]
	}
}

// limited solves the lifted form, in which steps of steep exponentials are limited, from
// the values in a.x, and leaves the solution there.
func (a *algebraic) limited() newton.Result {
	m := len(a.x)
	copy(a.w, a.u)
	copy(a.lx, a.x)
	clear(a.lx[m:])
	a.place(a.lx)
	r := make([]float64, len(a.lx))
	a.ws.K.Lifted.Eval(a.t, a.w, a.ws.Params, r)
	for k, v := range r[m:] { // exponent minus what it stands for
		a.lx[m+k] = -v
	}
	res := a.lifted.Further(a.lx, a.lifted.Solve(a.lx))
	copy(a.x, a.lx)
	return res
}

func (a *algebraic) scatter(x []float64) {
	for k, i := range a.ws.Alg {
		a.u[i] = x[k]
	}
}

// solve makes the algebraic entries of u consistent at t, with every means that package
// newton has; the others stay.
func (a *algebraic) solve(t float64, u []float64) error { return a.newton(t, u, true) }

// newton solves for the algebraic entries of u from where they are. Only where further
// is set are other methods tried than those from there.
func (a *algebraic) newton(t float64, u []float64, further bool) error {
	a.t = t
	a.factored = false
	copy(a.u, u)
	for k, i := range a.ws.Alg {
		a.x[k] = u[i]
	}
	res := a.solver.Solve(a.x)
	if further && res.Status != newton.Converged {
		tried := res
		if a.lifted != nil {
			for k, i := range a.ws.Alg {
				a.x[k] = u[i]
			}
			res = a.limited()
		} else {
			res = a.solver.Further(a.x, res)
		}
		if res.Status != newton.Converged {
			res.Worst, res.Residual = tried.Worst, tried.Residual
		}
	}
	a.ws.Stats.Newton += res.Iterations
	if res.Status != newton.Converged {
		a.ws.Stats.NewtonFail++
		if res.Worst < 0 {
			return errors.New(res.Status.String())
		}
		i := int(a.ws.Alg[res.Worst])
		if res.Status == newton.NotFinite {
			return fmt.Errorf("division by zero or invalid value in %s", a.ws.P.equation(i))
		}
		return fmt.Errorf("%s after %d iterations: %s is off by %.3g", res.Status, res.Iterations, a.ws.P.equation(i), res.Residual)
	}
	if a.lo != nil && res.Outside {
		copy(a.r, a.x)
		if copy(a.x, a.good); !a.inward() {
			copy(a.x, a.r)
		}
	}
	for k, i := range a.ws.Alg {
		u[i] = a.x[k]
	}
	if a.lo != nil && a.outside(u, false) < 0 && a.coarse(u) {
		a.vain = 0
		a.within(u)
	}
	a.remember(u)
	if res.Restarts > 0 && a.warn != nil {
		i := int(a.ws.Alg[0])
		a.warn(fmt.Sprintf("t = %v: the algebraic equations have no solution that Newton's method finds from the values before; one from elsewhere was taken, with %s = %.6g",
			a.ws.Time(t), a.ws.P.state(i), u[i]))
	}
	return nil
}

// polish makes the algebraic entries of u consistent at t where they are nearly so,
// on an interpolant or after a small correction of the others: simplified Newton
// iterations on factors that are kept from call to call. It falls back on newton.
func (a *algebraic) polish(t float64, u []float64) error {
	ws := a.ws
	copy(a.u, u)
	last := math.Inf(1)
	if a.eager && ws.P.AlgLinear {
		a.factored = false
	}
	for range 6 {
		ws.RHS(t, a.u, a.f)
		fresh := !a.factored // if the equations are linear, one correction is exact
		if fresh {
			ws.Jac(t, a.u, a.f, a.vals)
			for e, k := range a.pick {
				a.sub[e] = a.vals[k]
			}
			if a.lu.Factor(a.sub) != nil {
				return a.newton(t, u, false)
			}
			ws.Stats.Factor++
			a.factored = true
			last = math.Inf(1)
		}
		for k, i := range ws.Alg {
			a.r[k] = a.f[i]
		}
		a.lu.Solve(a.r)
		ws.Stats.Solve++
		ws.Stats.Newton++
		sum := 0.0
		for k, i := range ws.Alg {
			d := a.r[k]
			a.u[i] -= d
			d /= ws.AbsTol[i] + ws.RelTol*math.Abs(a.u[i])
			sum += d * d
		}
		norm := math.Sqrt(sum / float64(len(ws.Alg)))
		switch {
		case !(norm <= math.MaxFloat64):
			a.factored = false
			return a.newton(t, u, false)
		case norm <= 1e-4 || fresh && ws.P.AlgLinear:
			if a.lo != nil && a.coarse(a.u) {
				if a.t = t; a.outside(a.u, false) < 0 {
					a.vain = 0 // what was searched in vain before was elsewhere
				}
				a.within(a.u)
			}
			for _, i := range ws.Alg {
				u[i] = a.u[i]
			}
			return nil
		case norm > 0.2*last || ws.P.AlgLinear:
			a.factored = false // the factors are too old
		}
		last = norm
	}
	a.factored = false
	return a.newton(t, u, false)
}

// close is how many times its tolerance an unknown may lie off the end of its range, and be
// solved for to rounding all the same: there the size of what is left may matter, and
// another root, on the other side, is not far.
const close = 1e4

// describe takes the range of unknown k from the model.
func (a *algebraic) describe(k int, q *Quantity) {
	if !(q.Min < q.Max) || math.IsInf(q.Min, -1) && math.IsInf(q.Max, 1) {
		return
	}
	if a.lo == nil {
		m := len(a.ws.Alg)
		a.lo, a.hi, a.near, a.good = make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m)
		for j := range m {
			a.lo[j], a.hi[j], a.good[j] = math.Inf(-1), math.Inf(1), math.NaN()
		}
	}
	a.lo[k], a.hi[k] = q.Min, q.Max
	a.near[k] = close * a.ws.AbsTol[a.ws.Alg[k]]
}

// outside is the first unknown that u has out of its range, by more than its tolerance
// where tolerant is set; -1: none.
func (a *algebraic) outside(u []float64, tolerant bool) int {
	for k, i := range a.ws.Alg {
		slack := 0.0
		if tolerant {
			slack = a.near[k]/close + a.ws.RelTol*math.Abs(u[i])
		}
		if u[i] < a.lo[k]-slack || u[i] > a.hi[k]+slack {
			return k
		}
	}
	return -1
}

// coarse reports whether u is out of the ranges, or so close to their ends that tolerances
// do not say where it is.
func (a *algebraic) coarse(u []float64) bool {
	for k, i := range a.ws.Alg {
		if u[i] < a.lo[k]+a.near[k] || u[i] > a.hi[k]-a.near[k] {
			return true
		}
	}
	return false
}

// remember keeps values within the ranges.
func (a *algebraic) remember(u []float64) {
	if a.lo != nil && a.outside(u, false) < 0 {
		for k, i := range a.ws.Alg {
			a.good[k] = u[i]
		}
	}
}

// inward looks for a root within the ranges from a.x, for the present a.t and a.u.
func (a *algebraic) inward() bool {
	if nonFinite(a.x) >= 0 {
		return false
	}
	res := a.solver.Within(a.x)
	a.ws.Stats.Newton += res.Iterations
	return res.Status == newton.Converged && !res.Outside
}

// within moves the algebraic entries of u, at time a.t, to the root within the ranges that
// lies next to them, or, where they are outside, to the values remembered. It reports
// whether there is one; if not, u stays, and so it does for a while after a search in vain.
func (a *algebraic) within(u []float64) bool {
	if a.vain > 0 {
		a.vain--
		return false
	}
	if &u[0] != &a.u[0] {
		copy(a.u, u)
	}
	if copy(a.x, a.good); a.outside(u, false) < 0 {
		for k, i := range a.ws.Alg {
			a.x[k] = u[i]
		}
	}
	keep := a.r
	for k, i := range a.ws.Alg {
		keep[k] = u[i]
	}
	ok := a.inward()
	if ok {
		a.failed = 0
	} else {
		copy(a.x, keep)
		a.failed = min(2*a.failed+1, 1000)
		a.vain = a.failed
	}
	for k, i := range a.ws.Alg {
		u[i] = a.x[k]
	}
	return ok
}
