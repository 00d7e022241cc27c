package mtkc

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/model/form"
	"github.com/mtkc/mtkc/reaction"
)

// Methods are the forms in which a model with reactions can be solved:
//
//	ode  the reaction rate equations, or what the equations of a model without reactions state, noise included
//	cle  the chemical Langevin equation: every reaction has a white noise
//	ssa  the jump process: reactions happen one at a time at random instants
func Methods() []string { return form.Names() }

// Random reports whether runs depend on the seed: the model has noise, jumps or random numbers. The pass vm must have run.
func (c *Compiler) Random() bool {
	return c.prob != nil && (c.prob.Noise != nil || c.prob.Jumps != nil || len(c.sys.Draws) > 0)
}

// toForm computes species from conserved totals where that was asked for, and makes the form asked for. The system that was loaded is
// left alone.
func toForm(_ context.Context, c *Compiler) diag.List {
	found := c.conserve()
	if found.Errors() > 0 {
		return found
	}
	sys, more := form.Make(c.sys, c.Method, form.Options{Items: c.Items})
	if sys != nil {
		c.sys = sys
	}
	return append(found, more...)
}

// conserve computes one species of each conservation law from the others.
func (c *Compiler) conserve() diag.List {
	switch {
	case !c.Conserved:
		return nil
	case c.Method == "ssa":
		return diag.New(diag.Pos{}, "E012", "leave --conserved out: single reactions keep totals exactly", "--conserved computes species from others, but in a jump process reactions change each by itself")
	case len(c.sys.Reactions) == 0:
		return diag.New(diag.Pos{}, "E012", "leave --conserved out", "--conserved is about the totals of reaction networks, and %s has no reactions", c.sys.Name)
	}
	sys, found := reaction.Conserve(c.sys, func(name string) bool { return slices.Contains(c.Positive, name) })
	c.sys = sys
	return found
}

// dumpJumps lists jumps, for which Base Modelica has no form, as comments.
func dumpJumps(w io.Writer, sys *model.System) error {
	for i := range sys.Jumps {
		if _, err := fmt.Fprintf(w, "// jump %s\n", jumpText(sys.Pool, &sys.Jumps[i], 0)); err != nil {
			return err
		}
	}
	return nil
}

// jumpText is a jump as a text: its rate, and what it changes. Terms end after about limit bytes, 0: they do not.
func jumpText(p *expr.Pool, j *model.Jump, limit int) string {
	text := func(e expr.ID) string { return p.Text(e, expr.TextOptions{Limit: limit}) }
	rate := []string{text(j.Rate)}
	for _, s := range j.Reactants {
		rate = append(rate, p.Name(s.Species))
		for k := 1; k < s.Order; k++ {
			rate = append(rate, fmt.Sprintf("(%s - %d)", p.Name(s.Species), k))
		}
	}
	kind := "rate"
	if j.MassAction {
		kind = "mass action"
	}
	changes := make([]string, len(j.Changes))
	for i, s := range j.Changes {
		if changes[i] = p.Name(s.State) + " += " + text(s.By); strings.HasPrefix(text(s.By), "-") {
			changes[i] = p.Name(s.State) + " -= " + text(p.Neg(s.By))
		}
	}
	return j.Name + ": " + kind + " " + strings.Join(rate, "*") + ": " + strings.Join(changes, ", ")
}
