// Package form makes of a system with reactions the form in which it is to be solved.
//
// In: a flat system with Reactions, whose equations are those of the deterministic form. Out: another system, and the given one as
// it is: the reaction rate equations (ODE); the chemical Langevin equation (CLE), in which every reaction has a noise; or
// the jump process (SSA), in which reactions happen one at a time at random instants and all that is no reaction goes on between
// them.
//
// Gillespie, J. Phys. Chem. 81(25), 1977, and J. Chem. Phys. 113(1), 2000.
//
// # Diagnostics
//
//	E240  a form that there is not
//	E241  a random form of a system without reactions
//	E242  a jump process of a system with noise
//	E243  the rate of a reaction is not given by a formula
//	E244  a balance in which rates do not appear linearly
//	W240  how many single events a unit of amount stands for
package form

import (
	"math"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/rewrite"
)

// The forms.
const (
	ODE = "ode" // what the equations of the system state
	CLE = "cle" // chemical Langevin equation
	SSA = "ssa" // jump process, named after Gillespie's stochastic simulation algorithm
)

// Names lists the forms.
func Names() []string { return []string{ODE, CLE, SSA} }

// Options of Make.
type Options struct {
	// Items is how many single events a unit of the extent of reactions stands for; 0: as the system says.
	Items float64
}

// Make returns the system in a form; "" is ODE. The pool of the system grows, all else of it is left as it is.
func Make(sys *model.System, form string, opt Options) (*model.System, diag.List) {
	switch {
	case form == "" || form == ODE:
		return sys, nil
	case !slices.Contains(Names(), form):
		return nil, diag.New(diag.Pos{}, "E240", "forms: "+strings.Join(Names(), ", "), "there is no form %q", form)
	case len(sys.Reactions) == 0:
		next := "leave --method out"
		if len(sys.Noises) > 0 {
			next += ": the model has noise, with which it is solved as it stands"
		}
		return nil, diag.New(diag.Pos{}, "E241", next, "--method %s: %s has no reactions", form, sys.Name)
	case form == SSA && len(sys.Noises) > 0:
		return nil, diag.New(sys.Noises[0].Pos, "E242", "leave the noise out, or take --method cle", "--method ssa: %s has noise, which does not go together with reactions that happen at random instants", sys.Name)
	}
	n := &network{switches: map[expr.ID]expr.ID{}, old: sys, sys: sys.Clone(), pool: sys.Pool, items: opt.Items}
	n.sys.Reactions = nil
	if n.items == 0 {
		n.items = sys.Items
		if sys.ItemsNote != "" {
			n.list.Add(diag.Pos{}, "W240", "choose with --items", "%s", sys.ItemsNote)
		}
	}
	if n.items == 0 {
		n.items = 1
	}
	n.definitions()
	n.balances()
	if n.list.Errors() > 0 {
		return nil, n.list
	}
	if form == CLE {
		n.langevin()
	} else {
		n.jumps()
	}
	if n.list.Errors() > 0 {
		return nil, n.list
	}
	return n.sys, n.list
}

// network is a system with what is known of its reactions.
type network struct {
	old, sys *model.System
	pool     *expr.Pool
	items    float64
	list     diag.List

	define map[expr.ID]expr.ID // explicit equations: what a variable is
	memo   map[expr.ID]expr.ID // terms with all definitions put in
	open   map[expr.ID]bool    // being put in

	switches   map[expr.ID]expr.ID // terms with variables for their conditions on time
	conditions int                 // of these
	numbers    map[expr.ID]expr.ID // of molecules, by amount, where units are not single ones

	balance []balance            // by equation
	moved   map[expr.ID]bool     // species: what has a balance
	changes [][]model.JumpChange // by reaction
}

// balance is der(Species) = the sum of Coeffs[k] times the rate of reaction Vars[k], plus Rest.
type balance struct {
	equation int
	species  expr.ID
	rewrite.Form
}

// definitions finds the variables that equations give explicitly.
func (n *network) definitions() {
	p, sys := n.pool, n.old
	n.define, n.memo, n.open = map[expr.ID]expr.ID{}, map[expr.ID]expr.ID{}, map[expr.ID]bool{}
	integrated := map[expr.ID]bool{}
	for i := range sys.Equations {
		for _, side := range []expr.ID{sys.Equations[i].Lhs, sys.Equations[i].Rhs} {
			if p.Op(side) == expr.OpDer {
				integrated[p.Args(side)[0]] = true
			}
		}
	}
	free := func(x expr.ID) bool {
		k, ok := sys.VarOf(x)
		_, defined := n.define[x]
		return ok && !defined && sys.Vars[k].Kind == model.Unknown && !integrated[x]
	}
	var equal []*model.Equation // of two names
	for i := range sys.Equations {
		if q := &sys.Equations[i]; free(q.Lhs) {
			n.define[q.Lhs] = q.Rhs
		} else if p.Op(q.Lhs) == expr.OpSym && p.Op(q.Rhs) == expr.OpSym {
			equal = append(equal, q)
		}
	}
	for _, q := range equal {
		if free(q.Rhs) {
			n.define[q.Rhs] = q.Lhs
		}
	}
}

// expanded puts definitions in. Variables of algebraic loops stay. What is evaluated at random instants has no events: noEvent
// goes.
func (n *network) expanded(e expr.ID) expr.ID {
	p := n.pool
	return p.Transform(e, n.memo, func(t expr.ID) (expr.ID, bool) {
		switch p.Op(t) {
		case expr.OpNoEvent:
			return n.expanded(p.Args(t)[0]), true
		case expr.OpSym:
			d, ok := n.define[t]
			if !ok || n.open[t] {
				return t, true
			}
			n.open[t] = true
			d = n.expanded(d)
			delete(n.open, t)
			return d, true
		}
		return t, p.IsAtom(t)
	})
}

// balances takes the balances apart.
func (n *network) balances() {
	p, sys := n.pool, n.old
	index := make(map[expr.ID]int, len(sys.Reactions))
	for r := range sys.Reactions {
		x := &sys.Reactions[r]
		index[x.Rate] = r
		if _, ok := n.define[x.Rate]; !ok {
			n.list.Add(x.Pos, "E243", "give it a formula, or take --method ode", "the rate of the reaction %s is not given by a formula, so that it cannot happen at random", x.Name)
		}
	}
	n.moved = map[expr.ID]bool{}
	affine := rewrite.NewAffine(p, func(a expr.ID) (int, bool) { r, ok := index[a]; return r, ok })
	for i := range sys.Equations {
		q := &sys.Equations[i]
		if !q.Balance {
			continue
		}
		f, ok := affine.Of(q.Rhs)
		species := expr.None
		if p.Op(q.Lhs) == expr.OpDer {
			species = p.Args(q.Lhs)[0]
		}
		if _, isVar := sys.VarOf(species); !ok || species == expr.None || !isVar {
			n.list.Add(q.Pos, "E244", "write der(x) = the sum of stoichiometry times rate", "the balance %s = %s is not linear in the rates of the reactions",
				p.Text(q.Lhs, expr.TextOptions{Limit: 80}), p.Text(q.Rhs, expr.TextOptions{Limit: 120}))
			continue
		}
		n.moved[species] = true
		n.balance = append(n.balance, balance{i, species, f})
	}
}

// smallest is the absolute tolerance of the chemical Langevin equation in molecules. The equation itself is no better than to about one molecule;
// tolerances far below it make runs resolve the noise of species that are hardly there.
const smallest = 0.1

// langevin adds to each balance, for each reaction of rate R and stoichiometry c, c sqrt(R/items) times a white noise. The two
// directions of a reaction that is reversible, of the rates p and m, have one noise, of p + m: the sum of their noises.
func (n *network) langevin() {
	p, sys := n.pool, n.sys
	noise := make([]expr.ID, len(n.old.Reactions))
	changes := make([]bool, len(noise))
	for _, b := range n.balance {
		for k, r := range b.Vars {
			changes[r] = changes[r] || b.Coeffs[k] != expr.Zero
		}
	}
	for r := range n.old.Reactions {
		if !changes[r] { // all that takes part is at the boundary, or comes out as it goes in
			continue
		}
		x := &n.old.Reactions[r]
		v := sys.NewVariable(n.fresh(x.Name+".noise"), model.InputVar)
		v.Value, v.Pos, v.Path, v.Desc = expr.Zero, x.Pos, x.Name, "white noise of the reaction"
		sys.AddVar(v)
		sys.Noises = append(sys.Noises, model.WhiteNoise{Sym: v.Sym, Pos: x.Pos})
		rate := x.Rate
		if x.Reversible {
			forward, backward := n.directions(n.expanded(x.Rate))
			rate = p.Add(forward, backward)
		}
		q := p.Scale(expr.FloatNum(n.items).Inv(), rate)
		noise[r] = p.Mul(p.Fn(expr.OpNoEvent, p.If(p.Fn(expr.OpLt, expr.Zero, q), p.Sqrt(q), expr.Zero)), v.Sym)
	}
	for _, b := range n.balance {
		if k, ok := sys.VarOf(b.species); ok {
			sys.Vars[k].AbsTol = smallest / n.items
		}
		terms := []expr.ID{n.old.Equations[b.equation].Rhs}
		for k, r := range b.Vars {
			if b.Coeffs[k] != expr.Zero {
				terms = append(terms, p.Mul(b.Coeffs[k], noise[r]))
			}
		}
		sys.Equations[b.equation].Rhs = p.Add(terms...)
	}
}

// round is the nearest whole number.
func (n *network) round(e expr.ID) expr.ID {
	p := n.pool
	if v, ok := p.Value(e); ok {
		return p.Float(math.Floor(v.Float() + 0.5))
	}
	return p.Fn(expr.OpNoEvent, p.Fn(expr.OpFloor, p.Add(e, p.Float(0.5))))
}
