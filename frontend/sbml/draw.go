package sbml

import (
	"math"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// distributions of the package distrib (SBML Level 3 Package Specification, Distributions, Version 1, section 3.2) by the last part
// of their definition URL, with the numbers of arguments that they take. Those with two more than the plain ones are truncated.
var distributions = map[string][]int{
	"normal": {2, 4}, "uniform": {2}, "bernoulli": {1}, "binomial": {2, 4}, "cauchy": {1, 2, 4}, "chisquare": {1, 3},
	"exponential": {1, 3}, "gamma": {2, 4}, "laplace": {1, 2, 4}, "lognormal": {2, 4}, "poisson": {1, 3}, "rayleigh": {1, 3},
}

// drawing collects the random numbers of a formula that is evaluated at instants.
type drawing struct {
	list []int // indices into System.Draws
}

// initialDraw is one whose arguments must not depend on anything but parameters.
type initialDraw struct {
	args []expr.ID
	dist string
	pos  diag.Pos
}

// draw is a random number, a symbol of its own for each place and call in which it stands.
func (b *builder) draw(m *Math, c context) expr.ID {
	if c.draws == nil {
		b.fail(m.Pos, "E227", "draw it in an initial assignment or in an assignment of an event, and use the variable that this sets",
			"%s draws a random number where a formula holds at all times", m.Name)
		return b.pool.Float(math.NaN())
	}
	args := make([]expr.ID, len(m.Args))
	for i, a := range m.Args {
		args[i] = b.formula(a, c)
	}
	d := model.Draw{Dist: m.Name, Args: args, Initial: c.mode != running, Optional: c.optional, Pos: m.Pos}
	if d.Initial {
		b.initialDraws = append(b.initialDraws, initialDraw{args, m.Name, m.Pos})
	}
	c.draws.list = append(c.draws.list, len(b.sys.Draws))
	return b.sys.Draw(d)
}

// checkDraws looks at the arguments of what is drawn before the start.
func (b *builder) checkDraws() {
	for i := range b.initialDraws {
		d := &b.initialDraws[i]
		for _, a := range d.args {
			if !b.constantTerm(a) {
				b.fail(d.pos, "E227", "let its arguments depend on parameters and their initial assignments", "an argument of %s depends on an algebraic rule", d.dist)
				break
			}
		}
	}
}

// random reports whether a formula draws a random number.
func (b *builder) random(m *Math, depth int) bool {
	found := false
	m.walk(func(x *Math) {
		switch {
		case x.Op == "draw":
			found = true
		case x.Op == "call" && depth < maxCalls && !found:
			if f := b.functions[x.Name]; f != nil && f.Body != nil {
				found = b.random(f.Body, depth+1)
			}
		}
	})
	return found
}
