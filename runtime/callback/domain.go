package callback

// Domains and manifolds: steps that leave a domain are made again, shorter (Shampine, Thompson,
// Kierzenka, Byrne, Appl. Math. Comput. 170(1), 2005), and states are moved back by less than
// their errors.

import (
	"errors"
	"math"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Positive keeps states, all or those of the given indices, from becoming negative. A step that
// takes one below zero by more than its tolerance is made again, a quarter as long; one that takes it
// below by less ends at zero.
func Positive(states ...int) *ode.Callback {
	var d []float64
	each := func(in *ode.Integrator, f func(i int, v float64)) {
		u := in.U()
		if len(states) == 0 {
			for i, v := range u {
				f(i, v)
			}
			return
		}
		for _, i := range states {
			f(i, u[i])
		}
	}
	ok, some := true, false
	var run *ode.Integrator
	judge := func(i int, v float64) {
		ok = ok && (v >= -run.Tolerance(i) || !run.Differential(i) || run.UPrev()[i] < 0)
	}
	clip := func(i int, v float64) {
		if v < 0 && run.Differential(i) {
			d[i], some = -v, true
		}
	}
	return &ode.Callback{
		Name: "positive domain",
		Start: func(in *ode.Integrator) error {
			for _, i := range states {
				if i < 0 || i >= len(in.U()) {
					return errors.New("there is no such state")
				}
			}
			return nil
		},
		Accept: func(in *ode.Integrator) bool {
			ok, run = true, in
			each(in, judge)
			return ok
		},
		Correct: func(in *ode.Integrator) error {
			if len(d) != len(in.U()) {
				d = make([]float64, len(in.U()))
			}
			some, run = false, in
			each(in, clip)
			if !some {
				return nil
			}
			err := in.Nudge(d)
			clear(d)
			return err
		},
	}
}

// Domain makes steps again, a quarter as long, whose end lies outside. Where the solution itself
// leaves the domain, the run ends with an error.
func Domain(inside func(t float64, u, p []float64) bool) *ode.Callback {
	return &ode.Callback{
		Name:   "domain",
		Accept: func(in *ode.Integrator) bool { return inside(in.T(), in.U(), in.P()) },
	}
}

// Manifold moves each new point onto the manifold g(t, u) = 0, of m equations, by the smallest
// correction in units of the tolerances: Gauss-Newton steps with the minimum-norm solution (Hairer,
// Lubich, Wanner, Geometric Numerical Integration, IV.4). jac writes dg/du by columns, or is
// nil: forward differences. It is for what a solution keeps, a first integral, and an
// approximate one loses; a correction much above the tolerance is an error.
func Manifold(m int, g func(t float64, u, out []float64), jac func(t float64, u, vals []float64)) *ode.Callback {
	var (
		r, r1, vals, dx, w, x, sum []float64
		ls                         *linsolve.LeastSquares
		pat                        *linsolve.Pattern
	)
	return &ode.Callback{
		Name: "manifold projection",
		Correct: func(in *ode.Integrator) error {
			n := len(in.U())
			if len(x) != n {
				r, r1 = make([]float64, m), make([]float64, m)
				vals, dx, w, x, sum = make([]float64, m*n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
				ls, pat = linsolve.NewLeastSquares(m, n), linsolve.Dense(m, n)
			}
			t := in.T()
			copy(x, in.U())
			clear(sum)
			for i := range w {
				w[i] = in.Tolerance(i)
				if !in.Differential(i) {
					w[i] = 0
				}
			}
			last := math.Inf(1)
			for range 8 {
				g(t, x, r)
				if jac != nil {
					jac(t, x, vals)
				} else {
					for j, v := range x {
						x[j] = v + math.Sqrt(0x1p-52)*math.Max(math.Abs(v), in.Tolerance(j)/in.RelTol())
						h := x[j] - v
						g(t, x, r1)
						x[j] = v
						for i := range m {
							vals[j*m+i] = (r1[i] - r[i]) / h
						}
					}
				}
				// Rounding: what the terms of an equation leave.
				done := true
				for i, v := range r {
					s := 0.0
					for j := range x {
						s += math.Abs(vals[j*m+i] * x[j])
					}
					done = done && math.Abs(v) <= 4*0x1p-52*s
				}
				for j, s := range w {
					for i := range m {
						vals[j*m+i] *= s
					}
				}
				if done {
					break
				}
				ls.Factor(pat, vals, 1e-12)
				ls.Solve(r, dx)
				norm := 0.0
				for _, d := range dx {
					norm += d * d
				}
				norm = math.Sqrt(norm / float64(n))
				if !(norm < 0.5*last) { // rounding, or no way
					break
				}
				last = norm
				for j, d := range dx {
					x[j] -= w[j] * d
					sum[j] -= w[j] * d
				}
			}
			size, moved := 0.0, false
			for j, d := range sum {
				if w[j] > 0 {
					size = math.Max(size, math.Abs(d)/w[j])
				}
				moved = moved || d != 0
			}
			if !(size <= 1e4) {
				return errors.New("no point of the manifold is near: is it kept by the solution, and does the start lie on it?")
			}
			if !moved {
				return nil
			}
			return in.Nudge(sum)
		},
	}
}
