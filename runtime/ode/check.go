package ode

import (
	"fmt"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// check panics where the parts of a problem do not fit together: that is a bug of
// whoever built it, never of the user's model.
func (p *Problem) check(k *Kernels) {
	n, np := p.N(), len(p.P)
	need := func(ok bool, format string, args ...any) {
		if !ok {
			panic("mtkc: bug: " + p.title() + ": " + fmt.Sprintf(format, args...))
		}
	}
	need(k != nil && (k.RHS != nil || p.Implicit != nil && k.Residual != nil), "no right-hand side")
	if im := p.Implicit; im != nil {
		need(k.Residual != nil, "an implicit problem without residual")
		need(im.DU0 == nil || len(im.DU0) == n, "%d start values of derivatives for %d states", len(im.DU0), n)
		need(im.Algebraic == nil || len(im.Algebraic) == n, "%d entries of Implicit.Algebraic for %d states", len(im.Algebraic), n)
		need(p.NInv == 0 && p.Lifted == nil && p.Mass == nil, "an implicit problem with invariants, a lifted block or a mass matrix")
	}
	need(len(p.States) == 0 || len(p.States) == n, "%d states described, %d start values", len(p.States), n)
	need(p.Mass == nil || len(p.Mass) == n, "%d entries of M for %d states", len(p.Mass), n)
	need(len(p.Params) <= np, "%d parameters in %d entries of p", len(p.Params), np)
	need(p.VarIndex == nil || len(p.VarIndex) == n, "indices of %d variables for %d states", len(p.VarIndex), n)
	for i, k := range p.VarIndex {
		need(k >= 0 && k <= 3, "variable %d has index %d", i, k)
	}
	for i, m := range p.Mass {
		need(m == 0 || m == 1, "entry %d of M is %v", i, m)
	}
	for i, q := range p.States {
		need(q.StartParam >= 0 && q.StartParam <= np, "start value of state %d is parameter %d of %d", i, q.StartParam, np)
	}
	pattern := func(name string, pat *linsolve.Pattern, rows, cols int) {
		if pat == nil {
			return
		}
		need(pat.Rows == rows && pat.Cols == cols && len(pat.ColPtr) == cols+1 && int(pat.ColPtr[cols]) == len(pat.RowIdx),
			"the pattern of %s is %d by %d with %d column pointers, want %d by %d", name, pat.Rows, pat.Cols, len(pat.ColPtr), rows, cols)
	}
	if b := p.Lifted; b != nil {
		need(k.Lifted != nil && k.Lifted.Eval != nil && k.Lifted.Jac != nil, "a lifted block without functions")
		need(len(b.Unknowns) == len(b.Residual) && b.Lift <= len(b.Unknowns), "%d equations for %d lifted unknowns", len(b.Residual), len(b.Unknowns))
		pattern("the lifted block", b.Jac, len(b.Residual), len(b.Unknowns))
	}
	pattern("df/du", p.Jac, n, n)
	if p.Implicit != nil {
		pattern("dF/du + alpha dF/du'", p.Implicit.Jac, n, n)
	}
	pattern("the linear part", p.Linear, n, n)
	pattern("the stiff part", p.Stiff, n, n)
	need((k.Linear != nil) == (p.Linear != nil), "a linear part without pattern, or a pattern without values")
	need(k.StiffJac == nil || k.Stiff != nil, "the Jacobian of a stiff part without that part")
	if p.NInv > 0 {
		pattern("dg/du", p.InvJac, p.NInv, n)
		need(k.Invariants != nil, "%d invariants without a function", p.NInv)
		if c := p.Choice; c != nil {
			need(len(c.InvLevel) == p.NInv && len(c.Level) == n && len(c.Wish) == n, "levels of %d invariants and %d states, wishes for %d, want %d and %d",
				len(c.InvLevel), len(c.Level), len(c.Wish), p.NInv, n)
		}
	}
	need(p.NRates == 0 || k.Rates != nil, "%d frequencies, and no function", p.NRates)
	for i, q := range p.Guards {
		need(q.Param < np && (q.Param >= 0 || k.Guards != nil), "guard %d has parameter %d of %d, or no function", i, q.Param, np)
	}
	if j := p.Jumps; j != nil {
		for r := range j.Reactions {
			x := &j.Reactions[r]
			need(k.JumpConstants != nil || !x.MassAction, "a reaction of mass action without its constant")
			need(k.JumpRate != nil || x.MassAction, "reaction %d without a rate", r)
			need(k.JumpChange != nil || !x.Vary, "reaction %d without its changes", r)
			for _, a := range x.Reactants {
				need(a.State >= 0 && int(a.State) < n && a.Order > 0, "reaction %d has %d molecules of state %d of %d", r, a.Order, a.State, n)
			}
			for _, c := range x.Changes {
				need(c.State >= 0 && int(c.State) < n, "reaction %d changes state %d of %d", r, c.State, n)
			}
			for _, i := range x.Reads {
				need(i >= 0 && int(i) < n, "the rate of reaction %d reads state %d of %d", r, i, n)
			}
		}
	}
	if h := p.Hybrid; h != nil {
		slot := func(kind string, i, s int) {
			need(s >= len(p.Params) && s < np, "slot %d of %s %d is not among the %d..%d of the discrete memory", s, kind, i, len(p.Params), np)
		}
		for i, r := range h.Relations {
			slot("relation", i, r.Slot)
		}
		for i, r := range h.TimeRelations {
			slot("time relation", i, r.Slot)
		}
		for i, s := range h.Samples {
			slot("sample", i, s.Flag)
		}
		for i, c := range h.Counters {
			slot("counter", i, c.Slot)
		}
		for i, w := range h.Whens {
			slot("when", i, w.Cond)
		}
		for i, d := range h.Discrete {
			slot("variable", i, d.Cur)
			slot("variable", i, d.Pre)
		}
		need(len(h.Relations) == 0 || k.Crossings != nil, "relations without indicators")
		for _, i := range h.CrossingStates {
			need(i >= 0 && int(i) < n, "indicators read state %d of %d", i, n)
		}
		need(len(h.TimeRelations)+len(h.Samples)+len(h.Counters) == 0 || k.TimeEvents != nil, "time events without their instants")
		need(len(h.Whens) == 0 || k.Update != nil, "when-clauses without an update")
	}
	if in := p.Init; in != nil {
		need(len(k.Init) == len(in.Blocks), "%d initialization kernels for %d blocks", len(k.Init), len(in.Blocks))
		need(len(in.Start) == in.NW && len(in.StartFrom) == in.NW, "%d guesses and %d start parameters for %d initial unknowns", len(in.Start), len(in.StartFrom), in.NW)
		need(in.Lambda >= 0 && int(in.Lambda) <= in.NW, "the parameter of homotopies is unknown %d of %d", in.Lambda-1, in.NW)
		for _, s := range in.Fixed {
			need(s.W >= 0 && int(s.W) < in.NW && s.P >= 0 && int(s.P) < len(p.Params), "start value %d of %d in unknown %d of %d", s.P, len(p.Params), s.W, in.NW)
		}
		need(len(in.U) == n, "%d of %d start values from the initialization", len(in.U), n)
		for b := range in.Blocks {
			need(in.Blocks[b].Lift <= min(len(in.Blocks[b].Unknowns), len(in.Blocks[b].Residual)), "%d lifted unknowns in initialization block %d", in.Blocks[b].Lift, b)
			pattern(fmt.Sprintf("initialization block %d", b), in.Blocks[b].Jac, len(in.Blocks[b].Residual), len(in.Blocks[b].Unknowns))
		}
	}
}
