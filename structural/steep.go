package structural

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// Steep terms: exponentials of what is affine in iteration variables, as junctions of
// diodes and transistors have them. The runtime limits Newton steps so that their
// arguments do not run away; see package newton.

// steepSlope is the change of an argument per unit (or nominal value) of an iteration
// variable from which on its exponential counts as steep: exp(v/0.025) has 40, and
// Newton steps in what changes more gently need no limit.
const steepSlope = 5

// steepTerms looks for the arguments of steep exponentials in a sequence of assignments
// and residuals behind it, for the given iteration variables. typical is the usual size
// of a variable, number evaluates a term. args are the arguments that are affine
// in the iteration variables; bent are targets of the sequence that stand in the
// argument of a steep exponential, but depend on the iteration variables by another
// curve.
func (w *work) steepTerms(unknowns []expr.ID, seq []Assign, residuals []Residual, typical, number func(expr.ID) float64) (args, bent []expr.ID) {
	p := w.pool
	// The degree of a term in the iteration variables: 0, 1, or 2 for what is not affine;
	// and the same in iteration variables and targets that depend on them.
	w.degree.reset()
	w.local.reset()
	for _, u := range unknowns {
		w.degree.put(u, 1)
		w.local.put(u, 1)
	}
	var found []expr.ID
	taken := map[expr.ID]bool{}
	take := func(a expr.ID) {
		if !taken[a] {
			taken[a] = true
			found = append(found, a)
		}
	}
	value := map[expr.ID]expr.ID{}
	for _, a := range seq {
		if d := degreeOf(p, &w.degree, a.Value, nil); d > 0 {
			degreeOf(p, &w.local, a.Value, take)
			w.degree.put(a.Target, expr.ID(d))
			w.local.put(a.Target, 1)
			value[a.Target] = a.Value
		}
	}
	for i := range residuals {
		degreeOf(p, &w.degree, residuals[i].Value, nil)
		degreeOf(p, &w.local, residuals[i].Value, take)
	}
	if len(found) == 0 {
		return nil, nil
	}
	// Slopes along the affine part of the sequence, as far as the arguments reach.
	largest := map[expr.ID]float64{}
	for _, u := range unknowns {
		largest[u] = typical(u)
	}
	var slope func(e expr.ID) float64
	slope = func(e expr.ID) float64 {
		s := 0.0
		for _, a := range p.Atoms(e) {
			d, _ := w.degree.get(a)
			if d == 0 {
				continue
			}
			x, ok := largest[a]
			switch {
			case ok:
			case d == 2:
				x = typical(a)
			default:
				largest[a] = 0
				x = slope(value[a])
			}
			largest[a] = x
			if g := math.Abs(number(p.Diff(e, a, nil))); x > 0 && g > 0 {
				s = math.Max(s, g*x)
			}
		}
		return s
	}
	seen := map[expr.ID]bool{}
	for _, e := range found {
		if slope(e) < steepSlope {
			continue
		}
		curved := false
		for _, a := range p.Atoms(e) {
			if d, _ := w.degree.get(a); d == 2 {
				curved = true
				if !seen[a] {
					seen[a] = true
					bent = append(bent, a)
				}
			}
		}
		if !curved {
			args = append(args, e)
		}
	}
	return args, bent
}

// straighten turns assigned unknowns of a torn block into iteration variables where they
// stand in a steep exponential and follow from the tearing variables by another one: the
// composition is steeper than either, and no limit of a step helps. The equation of each
// becomes a residual.
func (w *work) straighten(k algebraic) algebraic {
	if k.linear {
		return k
	}
	terms := make([]Residual, len(k.residuals))
	for i, q := range k.residuals {
		terms[i].Value = q.res
	}
	for {
		atoms := make([]expr.ID, len(k.unknowns))
		for i, v := range k.unknowns {
			atoms[i] = w.vars[v].atom
		}
		_, bent := w.steepTerms(atoms, k.inner, terms, w.typical, w.number)
		if len(bent) == 0 {
			return k
		}
		raise := map[expr.ID]bool{}
		for _, a := range bent {
			raise[a] = true
		}
		kept := k.inner[:0:0]
		for _, a := range k.inner {
			r, v := w.roleOf(a.Target)
			if !raise[a.Target] || r != roleVar {
				kept = append(kept, a)
				continue
			}
			q := &equation{lhs: expr.None, rhs: expr.None, src: int32(a.Eq), from: a.From, res: w.pool.Sub(a.Target, a.Value)}
			k.unknowns = append(k.unknowns, v)
			k.residuals = append(k.residuals, q)
			terms = append(terms, Residual{Value: q.res})
		}
		if len(kept) == len(k.inner) {
			return k
		}
		k.inner = kept
	}
}

// lift makes the arguments of steep exponentials in a sequence and residuals unknowns of
// their own, each with the equation that it is what it is, behind the others: the lifted
// Newton method (Albersmeyer and Diehl, SIAM J. Optim. 20(3), 2010). There the steps of
// each argument are limited by themselves, while the other unknowns go where the tangents
// of all exponentials lead, as in a circuit simulator that limits each junction. A sinh
// or cosh becomes two exponentials. Without any, exponents is nil.
func (w *work) lift(unknowns []expr.ID, seq []Assign, residuals []Residual, number func(expr.ID) float64) (exponents []expr.ID, _ []Assign, _ []Residual) {
	p := w.pool
	args, _ := w.steepTerms(unknowns, seq, residuals, w.typical, number)
	if len(args) == 0 {
		return nil, seq, residuals
	}
	have := map[expr.ID]expr.ID{} // exponential of an argument
	var equations []Residual
	for _, a := range args {
		s := w.auxiliary("e", a)
		have[a] = p.Fn(expr.OpExp, s)
		exponents = append(exponents, s)
		equations = append(equations, Residual{Value: p.Sub(s, a), Eq: -1, src: -1, text: "the exponent " + p.Text(a, expr.TextOptions{Limit: 80})})
	}
	w.memo.reset()
	half := p.Float(0.5)
	for _, a := range args {
		w.memo.put(p.Fn(expr.OpExp, a), have[a])
		if b, ok := have[p.Neg(a)]; ok {
			w.memo.put(p.Fn(expr.OpSinh, a), p.Mul(half, p.Sub(have[a], b)))
			w.memo.put(p.Fn(expr.OpCosh, a), p.Mul(half, p.Add(have[a], b)))
		}
	}
	same := func(a expr.ID) expr.ID { return a }
	seq, residuals = slices.Clone(seq), slices.Clone(residuals)
	for i := range seq {
		seq[i].Value = w.rewrite(seq[i].Value, same)
	}
	for i := range residuals {
		residuals[i].Value = w.rewrite(residuals[i].Value, same)
	}
	return exponents, seq, append(residuals, equations...)
}
