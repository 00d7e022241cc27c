package structural

import (
	"math"

	"github.com/mtkc/mtkc/expr"
)

// Steep terms: exponentials of what is affine in iteration variables, as junctions of
// diodes and transistors have them. The runtime limits Newton steps so that their
// arguments do not run away; see package newton.

// steepSlope is the change of an argument per unit (or nominal value) of an iteration
// variable from which on its exponential counts as steep: exp(v/0.025) has 40, and
// Newton steps in what changes more gently need no limit.
const steepSlope = 5

// steepArgs returns the arguments of steep exponentials in a sequence of assignments and
// residuals behind it, for the given iteration variables. scale is the typical size of
// an iteration variable, number evaluates a term that is constant in them.
func (w *work) steepArgs(unknowns []expr.ID, seq []Assign, residuals []Residual, scale, number func(expr.ID) float64) []expr.ID {
	p := w.pool
	// The degree of a term in the iteration variables: 0, 1, or 2 for what is not affine.
	w.degree.reset()
	degree := func(e expr.ID) int8 {
		d, _ := w.degree.get(e)
		return int8(d)
	}
	for _, u := range unknowns {
		w.degree.put(u, 1)
	}
	value := map[expr.ID]expr.ID{}
	var found []expr.ID
	taken := map[expr.ID]bool{}
	take := func(a expr.ID) {
		if !taken[a] {
			taken[a] = true
			found = append(found, a)
		}
	}
	var walk func(e expr.ID) int8
	walk = func(e expr.ID) int8 {
		op := p.Op(e)
		if d, ok := w.degree.get(e); ok {
			return int8(d)
		}
		if op <= expr.OpSym || op == expr.OpTime {
			return 0
		}
		args := append([]expr.ID(nil), p.Args(e)...)
		d := int8(0)
		switch op {
		case expr.OpAdd:
			for i := 2; i < len(args); i += 2 {
				d = max(d, walk(args[i]))
			}
		case expr.OpMul:
			n := 0
			for i := 0; i < len(args); i += 2 {
				b, x := walk(args[i]), walk(args[i+1])
				switch {
				case x > 0:
					d = 2
				case b > 0 && args[i+1] != expr.One:
					d = 2
				case b > 0:
					n++
					d = max(d, b)
				}
			}
			if n > 1 {
				d = 2
			}
		case expr.OpIf:
			if walk(args[0]) > 0 {
				d = 2
			}
			d = max(d, walk(args[1]), walk(args[2]))
		default:
			for _, a := range args {
				if k := walk(a); k > 0 {
					d = 2
				}
			}
			switch op {
			case expr.OpExp:
				if walk(args[0]) == 1 {
					take(args[0])
				}
			case expr.OpSinh, expr.OpCosh:
				if walk(args[0]) == 1 {
					take(args[0])
					take(p.Neg(args[0]))
				}
			}
		}
		w.degree.put(e, expr.ID(d))
		return d
	}
	for _, a := range seq {
		d := walk(a.Value)
		if d > 0 {
			w.degree.put(a.Target, expr.ID(d))
			value[a.Target] = a.Value
		}
	}
	for i := range residuals {
		walk(residuals[i].Value)
	}
	if len(found) == 0 {
		return nil
	}
	// Slopes along the sequence, as far as the arguments reach.
	largest := map[expr.ID]float64{}
	for _, u := range unknowns {
		largest[u] = scale(u)
	}
	var size func(e expr.ID) float64
	size = func(e expr.ID) float64 {
		s := 0.0
		for _, a := range p.Atoms(e) {
			if degree(a) != 1 {
				continue
			}
			x, ok := largest[a]
			if !ok {
				largest[a] = 0
				x = size(value[a])
				largest[a] = x
			}
			if g := math.Abs(number(p.Diff(e, a, nil))); x > 0 && g > 0 {
				s = math.Max(s, g*x)
			}
		}
		return s
	}
	kept := found[:0]
	for _, a := range found {
		if size(a) >= steepSlope {
			kept = append(kept, a)
		}
	}
	return kept
}
