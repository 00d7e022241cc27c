package bvp

import (
	"context"
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/newton"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Multiple shooting: the values at the points of a mesh are the unknowns, and integrations from
// each point to the next say by how much they fail to match (Keller, Numerical Methods for Two-Point
// Boundary-Value Problems, 1968; Bulirsch's and Deuflhard's codes; Ascher, Mattheij, Russell, chapter 4). Their derivatives come from the
// variational equations
//
//	V' = J V,  V(t_i) = I,   W' = J W + df/dp,  W(t_i) = 0,
//
// integrated along, so that the damped Newton iteration has the Jacobian of what the
// integrations compute up to their tolerances. A mesh on which the iteration fails, or an integration, is halved.
func (s *system) shoot() (*Solution, error) {
	t := s.firstMesh()
	guess := append([]float64(nil), s.par...)
	for {
		if err := s.ctx.Err(); err != nil {
			f := fail(Interrupted, "%v", context.Cause(s.ctx))
			f.Err = err
			return nil, f
		}
		sol, err := s.match(t)
		if err == nil {
			return sol, nil
		}
		if 2*(len(t)-1) > min(s.opt.MaxMesh, 2000) {
			return nil, err
		}
		copy(s.par, guess)
		t = s.halve(t)
	}
}

// shootSteps bounds the steps of one integration, if Options.Integrator does not: trial solutions may run
// into singularities.
const shootSteps = 2000

// matchLimit is by how many tolerances the ends of integrations may miss the values at the mesh points.
const matchLimit = 10

// arc integrates over one interval.
type arc struct {
	*system
	plain, along *ode.Integrator
	opt          ode.Options
	err          error
	z            []float64
}

// match solves on one mesh.
func (s *system) match(t []float64) (*Solution, error) {
	n, m := s.n, s.m
	a := &arc{system: s, opt: s.opt.Integrator, z: make([]float64, n+n*n+n*m)}
	a.opt.RelTol, a.opt.AbsTol, a.opt.AbsTols = 0.1*s.opt.Tol, 0.1*s.opt.Tol, nil
	a.opt.SaveAt, a.opt.Steps, a.opt.Dense, a.opt.FinalOnly, a.opt.Callbacks, a.opt.Set = nil, 0, false, true, nil, nil
	if a.opt.MaxSteps == 0 {
		a.opt.MaxSteps = shootSteps
	}
	e := newEquations(s, schemes[MIRK2], t) // for the pattern: the same blocks
	last := len(t) - 1
	x := s.values(t, nil)
	if !finite(x) {
		return nil, fail(NotFinite, "the guess is not finite")
	}
	s.stats.Meshes++
	plain := s.flow(false)
	along := s.flow(true)
	bad := math.NaN()
	residual := func(x, r []float64) {
		e.load(x)
		for i := range last {
			u, err := a.run(&a.plain, plain, t[i], t[i+1], x[i*n:(i+1)*n])
			for q := range n {
				r[i*n+q] = bad
				if err == nil {
					r[i*n+q] = x[(i+1)*n+q] - u[q]
				}
			}
			if err != nil {
				a.err = err
			}
		}
		s.conditions(r[last*n:])
	}
	jacobian := func(x, vals []float64) {
		e.load(x)
		at := 0
		put := func(v float64) {
			vals[e.place[at]] = v
			at++
		}
		for i := range last {
			clear(a.z)
			copy(a.z, x[i*n:(i+1)*n])
			for q := range n {
				a.z[n+q*n+q] = 1
			}
			u, err := a.run(&a.along, along, t[i], t[i+1], a.z)
			if err != nil {
				a.err = err
				for j := range vals {
					vals[j] = math.NaN()
				}
				return
			}
			for q := range n * n {
				put(-u[n+q])
			}
			for j := range n {
				for r := range n {
					if r == j {
						put(1)
					} else {
						put(0)
					}
				}
			}
			for q := range n * m {
				put(-u[n+n*n+q])
			}
		}
		s.slopes(func(_, _ int, v float64) { put(v) })
	}
	nominal := make([]float64, len(x))
	for i := range nominal {
		nominal[i] = math.Max(1e-3, math.Abs(x[i]))
	}
	// The noise of the integrations limits what corrections mean.
	solver := newton.New(newton.System{N: len(x), M: len(x), Pattern: e.whole, Nominal: nominal, Residual: residual, Jacobian: jacobian},
		newton.Options{Tol: s.opt.Tol, MaxIter: 60})
	res := solver.Solve(x)
	s.stats.Newton += res.Iterations
	if res.Status != newton.Converged || res.Rank < len(x) {
		if a.err != nil {
			f := fail(Integration, "%v; give a better guess, or more intervals", a.err)
			f.Err = a.err
			return nil, f
		}
		return nil, fail(NewtonFailure, "%v; give a better guess, or more intervals", res)
	}
	e.load(x)
	sol := &Solution{Method: Shooting, T: t, U: x[:len(t)*n], P: append([]float64(nil), s.par...), Unknown: s.p.Unknown, n: n}
	for i := range last {
		opt := a.opt
		opt.FinalOnly, opt.Dense = false, true
		opt.Span, opt.U0 = [2]float64{t[i], t[i+1]}, x[i*n:(i+1)*n]
		arc, err := ode.Solve(s.ctx, plain, opt)
		if err != nil {
			f := fail(Integration, "%v", err)
			f.Err = err
			return nil, f
		}
		// Corrections may be small where this is not: an interval over which solutions grow by 1e10 matches to
		// six digits at most, whatever the iteration does.
		for q, v := range arc.U {
			next := x[(i+1)*n+q]
			if d := math.Abs(v - next); !(d <= matchLimit*s.opt.Tol*(1+math.Abs(next))) {
				return nil, fail(NewtonFailure, "the integration from %v to %v misses %s at its end by %.3g: solutions grow by too much over one interval; give more intervals, or take collocation",
					t[i], t[i+1], s.state(q), d)
			}
		}
		sol.arcs = append(sol.arcs, arc)
	}
	sol.Stats = s.stats
	return sol, nil
}

// run integrates p from (t0, u0) to t1.
func (a *arc) run(in **ode.Integrator, p *ode.Problem, t0, t1 float64, u0 []float64) ([]float64, error) {
	opt := a.opt
	opt.Span, opt.U0 = [2]float64{t0, t1}, u0
	var err error
	if *in == nil {
		*in, err = ode.NewIntegrator(a.ctx, p, opt)
	} else {
		err = (*in).Reset(a.ctx, opt)
	}
	if err != nil {
		return nil, err
	}
	for !(*in).Done() {
		if err := (*in).Step(); err != nil {
			return nil, err
		}
	}
	a.stats.RHS += (*in).Stats().RHS
	return (*in).U(), nil
}

// flow is the problem that is integrated: the states, and behind them, if wanted, their derivatives
// by the start values and by the unknown parameters, by columns. The parameters are those of the solve at the
// time.
func (s *system) flow(derivatives bool) *ode.Problem {
	n, cols := s.n, 0
	if derivatives {
		cols = s.n + s.m
	}
	p := &ode.Problem{Name: s.p.ODE.Name, Doc: "", U0: make([]float64, n+n*cols)}
	pat := s.pat
	if !derivatives {
		p.States, p.Jac = s.p.ODE.States, pat
		for i := range p.States { // start values are those of Options.U0
			if p.States[i].StartParam > 0 {
				p.States = append([]ode.Quantity(nil), p.States...)
				for j := range p.States {
					p.States[j].StartParam = 0
				}
				break
			}
		}
		p.NewKernels = func() *ode.Kernels {
			inner := s.p.ODE.NewKernels()
			k := &ode.Kernels{RHS: func(t float64, u, _, du []float64) { inner.RHS(t, u, s.par, du) }}
			if inner.Jac != nil {
				k.Jac = func(t float64, u, _, vals []float64) { inner.Jac(t, u, s.par, vals) }
			}
			if inner.TGrad != nil {
				k.TGrad = func(t float64, u, _, dt []float64) { inner.TGrad(t, u, s.par, dt) }
			}
			return k
		}
		return p
	}
	// Pattern: f by u, and for each column V its derivative by u, taken as dense, and by itself as J.
	size := n + n*cols
	p.Jac = &linsolve.Pattern{Rows: size, Cols: size, ColPtr: make([]int32, 1, size+1)}
	for j := range n {
		p.Jac.RowIdx = append(p.Jac.RowIdx, pat.RowIdx[pat.ColPtr[j]:pat.ColPtr[j+1]]...)
		for i := n; i < size; i++ {
			p.Jac.RowIdx = append(p.Jac.RowIdx, int32(i))
		}
		p.Jac.ColPtr = append(p.Jac.ColPtr, int32(len(p.Jac.RowIdx)))
	}
	for c := range cols {
		for j := range n {
			for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
				p.Jac.RowIdx = append(p.Jac.RowIdx, int32(n+c*n)+pat.RowIdx[e])
			}
			p.Jac.ColPtr = append(p.Jac.ColPtr, int32(len(p.Jac.RowIdx)))
		}
	}
	p.NewKernels = func() *ode.Kernels {
		J, D := make([]float64, pat.NNZ()), make([]float64, n*s.m)
		return &ode.Kernels{RHS: func(t float64, u, _, du []float64) {
			x, f := u[:n:n], du[:n]
			s.rhs(t, x, f)
			s.slope(t, x, f, J)
			s.sensitivity(t, x, f, D)
			for c := range cols {
				v, dv := u[n+c*n:n+(c+1)*n], du[n+c*n:n+(c+1)*n]
				clear(dv)
				if c >= n {
					copy(dv, D[(c-n)*n:(c-n+1)*n])
				}
				for j, w := range v {
					for k := pat.ColPtr[j]; k < pat.ColPtr[j+1]; k++ {
						dv[pat.RowIdx[k]] += J[k] * w
					}
				}
			}
		}}
	}
	return p
}
