package mtkc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/linearize"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/trace"
)

// This file finds the points at which a model is linearized.

// instant is a point of a solution as the integrator has it.
type instant struct {
	t    float64
	u, p []float64
}

// points finds the operating points of the options, with the values of the derivatives
// der as far as the model can say them. The passes up to vm must have run.
func (c *Compiler) points(ctx context.Context, opt *LinearizeOptions) ([]instant, []string, diag.List) {
	p := c.prob
	if p.Noise != nil {
		still := *p
		still.Noise, p = nil, &still
	}
	run := opt.Run
	run.Set = opt.Set
	run.Steps, run.FinalOnly, run.Dense, run.SaveGap = 0, false, false, 0
	if run.RelTol == 0 {
		run.RelTol = min(1e-8, orOne(p.RelTol))
	}
	if run.Span == [2]float64{} {
		run.Span = p.Span
	}
	start := run.Span[0]
	at := opt.At
	if len(at) == 0 {
		at = []float64{start}
	}
	if opt.Steady {
		if len(at) > 1 {
			return nil, nil, diag.New(diag.Pos{}, "E702", "give one time", "a steady state is looked for at one time, not at %d", len(at))
		}
		eq, err := ode.Steady(ctx, p, at[0], run)
		if err != nil {
			return nil, nil, c.unreached(err, "no steady state")
		}
		notes := eq.Warnings
		if eq.Marched {
			notes = append(notes, "the steady state was found by a run with the time held still: it is the one that the start values lead to")
		}
		if len(eq.Running) > 0 {
			var names []string
			for _, i := range eq.Running {
				names = append(names, p.States[i].Name)
			}
			notes = append(notes, "steady but for "+strings.Join(names, ", ")+", on which nothing depends")
		}
		return []instant{{eq.T, eq.U, eq.P}}, c.notes(notes), nil
	}
	for i, t := range at {
		if t < start || i > 0 && t < at[i-1] || math.IsNaN(t) || math.IsInf(t, 0) {
			return nil, nil, diag.New(diag.Pos{}, "E702", fmt.Sprintf("give times in order, from %v on", start), "the operating point at t = %v cannot be reached", t)
		}
	}
	end := at[len(at)-1]
	if end == start { // the initial point needs no run
		run.SaveAt = nil
		run.Span[1] = start + max(1, 1e-3*math.Abs(start))
		in, err := ode.NewIntegrator(ctx, p, run)
		if err != nil {
			return nil, nil, c.unreached(err, "no initial point")
		}
		return []instant{{in.T(), slices.Clone(in.U()), slices.Clone(in.P())}}, c.notes(in.Solution().Warnings), nil
	}
	run.Span[1] = end
	run.SaveAt = at
	sol, err := ode.Solve(ctx, p, run)
	if err != nil {
		return nil, nil, c.unreached(err, fmt.Sprintf("t = %v is not reached", end))
	}
	var list []instant
	for i := range sol.Len() {
		list = append(list, instant{sol.Times[i], slices.Clone(sol.State(i)), sol.P(i)})
	}
	if len(list) < len(at) {
		return nil, nil, diag.New(diag.Pos{}, "E702", "linearize at an earlier time", "%s ends at t = %v (%s), before t = %v", c.sys.Name, sol.T, sol.Message, end)
	}
	return list, c.notes(sol.Warnings), nil
}

func orOne(x float64) float64 {
	if x == 0 {
		return 1
	}
	return x
}

// notes drops the remarks of the compiler, which it reports itself.
func (c *Compiler) notes(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		return c.prob.Init != nil && slices.Contains(c.prob.Init.Notes, s)
	})
}

// unreached is the finding for an operating point that a run does not reach.
func (c *Compiler) unreached(err error, what string) diag.List {
	var f *ode.Failure
	if !errors.As(err, &f) {
		return diag.New(diag.Pos{}, "E702", "check the options", "%s: %v", what, err)
	}
	found := c.Stopped(&trace.Result{Model: c.sys.Name, Retcode: f.Code.String(), Message: f.Message, T: f.T})
	found[0].Message = what + ": " + found[0].Message
	return found
}

// point gives the values of all variables and derivatives at an instant, by the plan.
func (c *Compiler) point(at instant) linearize.Point {
	pl, pool := c.plan, c.sys.Pool
	v := make(map[expr.ID]float64, len(pl.States)+len(at.p)+len(pl.Seq))
	for i := range pl.Params {
		v[pl.Params[i].Atom] = at.p[i]
	}
	for k, a := range pl.Memory {
		v[a] = at.p[len(pl.Params)+k]
	}
	for i := range pl.States {
		v[pl.States[i].Atom] = at.u[i]
	}
	for i := range c.sys.Noises {
		v[c.sys.Noises[i].Sym] = 0
	}
	look := func(t expr.ID) (float64, bool) {
		if t == expr.Time {
			return at.t, true
		}
		x, ok := v[t]
		return x, ok
	}
	for i := range pl.Seq {
		v[pl.Seq[i].Target] = pool.Eval(pl.Seq[i].Value, look)
	}
	// The model may call a derivative otherwise than the plan, which knows one variable of
	// a set of equal ones.
	for i := range pl.Deriv {
		if s, ok := pool.Lookup("der(" + pl.States[i].Name + ")"); ok {
			if _, known := v[s]; !known {
				v[s] = v[pl.Deriv[i]]
			}
		}
	}
	return linearize.Point{T: at.t, Values: v}
}

// withDerivatives is the system with an unknown for each of the derivatives named, which
// the plan of the system itself does not say; their values are then those of the symbols.
func withDerivatives(sys *model.System, names []string) (*model.System, map[string]expr.ID) {
	s := sys.Clone()
	as := map[string]expr.ID{}
	for i, name := range names {
		order := strings.Count(name, "der(")
		base := strings.TrimRight(strings.TrimPrefix(name, strings.Repeat("der(", order)), ")")
		x, ok := s.Pool.Lookup(base)
		if !ok {
			continue
		}
		e := x
		for range order {
			e = s.Pool.Der(e)
		}
		v := s.NewVariable(fmt.Sprintf("$d%d", i+1), model.Unknown)
		s.AddVar(v)
		s.Equations = append(s.Equations, model.Equation{Lhs: v.Sym, Rhs: e})
		as[name] = v.Sym
	}
	return s, as
}
