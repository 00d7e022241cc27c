package backend

import (
	"cmp"
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// maxRates is how many different frequencies a problem states: the highest ones.
const maxRates = 100

// rates lowers the angular frequencies of the sines and cosines of the model whose argument is affine in time. An unknown
// that an equation defines as such a term counts as the term. A model in which nothing can begin and end within a part of
// a period, such as a linear one, has none.
func (c *compiler) rates() {
	if !sharp(c.prog.RHS) {
		return
	}
	defined := map[expr.ID]expr.ID{}
	for i := range c.plan.Seq {
		defined[c.plan.Seq[i].Target] = c.plan.Seq[i].Value
	}
	type rate struct {
		term expr.ID
		size float64 // with the default parameters
	}
	var list []rate
	memo, plain := map[expr.ID]expr.ID{}, map[expr.ID]expr.ID{}
	seen := map[expr.ID]bool{}
	for id := range c.p.Len() { // the terms that are made below are no sines
		e := expr.ID(id)
		if op := c.p.Op(e); op != expr.OpSin && op != expr.OpCos {
			continue
		}
		arg := c.ofTime(c.p.Args(e)[0], defined, plain, 0)
		if arg == expr.None || !c.p.DependsOn(arg, expr.Time) {
			continue
		}
		w := c.p.Diff(arg, expr.Time, memo)
		if seen[w] || c.p.DependsOn(w, expr.Time) {
			continue
		}
		seen[w] = true
		size := math.Abs(c.number(w, func(i int32) float64 { return c.value[i] }))
		list = append(list, rate{w, size})
	}
	slices.SortStableFunc(list, func(a, b rate) int { return cmp.Compare(b.size, a.size) })
	var rows []expr.ID
	for i := range list {
		if _, number := c.p.Value(list[i].term); number && slices.ContainsFunc(rows, func(e expr.ID) bool { _, n := c.p.Value(e); return n }) {
			continue // of the numbers, the largest one
		}
		if rows = append(rows, list[i].term); len(rows) == maxRates {
			break
		}
	}
	if len(rows) > 0 {
		c.prog.Meta.NRates = len(rows)
		c.sim.begin("Rates")
		c.prog.Rates = c.sim.outputs(rows)
	}
}

// ofTime is e in time and parameters alone, None where it depends on more, or is large.
func (c *compiler) ofTime(e expr.ID, defined, plain map[expr.ID]expr.ID, depth int) expr.ID {
	if r, ok := plain[e]; ok {
		return r
	}
	plain[e] = expr.None // as long as it is looked for
	with := map[expr.ID]expr.ID{}
	atoms := c.p.Atoms(e)
	if len(atoms) > 20 {
		return expr.None
	}
	for _, a := range atoms {
		if s, ok := c.slot[a]; a == expr.Time || ok && int(s) < len(c.plan.Params) {
			continue
		}
		v, ok := defined[a]
		if !ok || depth == 8 {
			return expr.None
		}
		if with[a] = c.ofTime(v, defined, plain, depth+1); with[a] == expr.None {
			return expr.None
		}
	}
	if len(with) > 0 {
		plain[e] = c.p.Substitute(e, with, map[expr.ID]expr.ID{})
	} else {
		plain[e] = e
	}
	return plain[e]
}

// sharp reports whether a kernel has operations of which the slope changes much over a short way: exponentials, saturations,
// comparisons. Polynomials, quotients and roots of what is smooth in time are smooth in time.
func sharp(k *Kernel) bool {
	if k == nil {
		return false
	}
	for _, in := range k.Code {
		switch in.Op {
		case Exp, Pow, Sinh, Cosh, Tanh, Atan, Abs, Sign, Floor, Ceil, Atan2, Min, Max, Mod, Rem, Quo, Lt, Le, Eq, Ne, Select, Call:
			return true
		}
	}
	for i := range k.Steps {
		if sharp(k.Steps[i].Body) {
			return true
		}
	}
	return false
}
