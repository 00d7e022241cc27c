package structural

import (
	"fmt"

	"github.com/mtkc/mtkc/expr"
)

// Guard is a condition on parameters that a plan relies on: it was made with their
// default values, and a run may set others. A run in which a guard does not hold must
// not begin.
type Guard struct {
	Value expr.ID // term in Params
	Size  expr.ID // sum of the magnitudes of its terms, which rounding is measured against
	// Zero: Value must be 0, because an equation was left out that holds with the default
	// values. Else Value must not be 0, because the plan divides by it.
	Zero bool
	Eq   int // index into Sys.Equations, -1
	Text string
}

// guards collects the conditions: every term constant in time that the plan divides by,
// outside the branches of conditions, and every equation that was found redundant by
// value.
func (w *work) guards() {
	pl, p := w.plan, w.pool
	seen := map[expr.ID]bool{}
	value := make([]expr.ID, p.Len()) // by target: what it is assigned, 0: nothing
	constant := map[expr.ID]expr.ID{} // targets that were looked at: the value in parameters, or None
	var inParameters func(e expr.ID) (expr.ID, bool)
	known := func(a expr.ID) (expr.ID, bool) {
		switch r, _ := w.roleOf(a); r {
		case roleParam:
			return a, true
		case roleKnown:
			t := w.inlineKnown(a)
			return t, w.constant(t)
		}
		if int(a) >= len(value) || p.Op(value[a]) <= expr.OpFalse {
			return expr.None, false
		}
		t, seen := constant[a]
		if !seen {
			t = expr.None
			constant[a] = t
			if x, ok := inParameters(value[a]); ok {
				t = x
				constant[a] = t
			}
		}
		return t, t != expr.None
	}
	free := func(e expr.ID) bool {
		yes := false
		w.atoms(e, func(a expr.ID) {
			if r, i := w.roleOf(a); r != roleParam || pl.Params[i].Value == expr.None {
				yes = true
			}
		})
		return yes
	}
	// inParameters writes a term in parameters.
	inParameters = func(e expr.ID) (expr.ID, bool) {
		var atoms []expr.ID
		w.atoms(e, func(a expr.ID) { atoms = append(atoms, a) })
		with := map[expr.ID]expr.ID{}
		for _, a := range atoms {
			t, ok := known(a)
			if !ok {
				return expr.None, false
			}
			with[a] = t
		}
		return w.substitute(e, with), true
	}
	divisor := func(base expr.ID, eq int, what func() string) {
		if seen[base] {
			return
		}
		seen[base] = true
		switch p.Op(base) {
		case expr.OpConst, expr.OpExp, expr.OpCosh:
			return
		}
		t, ok := inParameters(base)
		if !ok || free(t) {
			return
		}
		if _, number := p.Value(t); number {
			return
		}
		pos, text := "", ""
		if eq < 0 {
			text = what()
		} else {
			q := &equation{src: int32(eq)}
			text = w.equationText(q)
			if pos = w.pos(q).String(); pos != "" {
				pos += ": "
			}
		}
		pl.Guards = append(pl.Guards, Guard{
			Value: t, Size: w.sizeTerm(t), Eq: eq,
			Text: fmt.Sprintf("%s%s must not be 0: %s is divided by it", pos, p.Text(t, expr.TextOptions{Limit: 120}), text),
		})
	}
	var visited marks
	visited.reset()
	var walk func(e expr.ID, eq int, what func() string)
	walk = func(e expr.ID, eq int, what func() string) {
		op := p.Op(e)
		if op <= expr.OpSym || !visited.add(e) {
			return
		}
		a := p.Args(e)
		if op == expr.OpIf {
			walk(a[0], eq, what)
			return
		}
		for _, x := range a {
			walk(x, eq, what)
		}
		if op == expr.OpMul {
			for i := 0; i < len(a); i += 2 {
				if x, ok := p.Value(a[i+1]); ok && x.Sign() < 0 {
					divisor(a[i], eq, what)
				}
			}
		}
	}
	assign := func(a *Assign) {
		walk(a.Value, a.Eq, func() string { return p.Name(a.Target) })
		value[a.Target] = a.Value
		delete(constant, a.Target) // the initialization may find another value
	}
	for k := range pl.Seq {
		assign(&pl.Seq[k])
	}
	for k := range pl.NoiseSeq {
		assign(&pl.NoiseSeq[k])
	}
	for _, list := range [][]Residual{pl.Residuals, pl.Invariants} {
		for k := range list {
			walk(list[k].Value, list[k].Eq, func() string { return pl.Text(&list[k]) })
		}
	}
	for i := range pl.Init.Blocks {
		b := &pl.Init.Blocks[i]
		for k := range b.Assigns {
			assign(&b.Assigns[k])
		}
		for k := range b.Residuals {
			walk(b.Residuals[k].Value, b.Residuals[k].Eq, func() string { return pl.Text(&b.Residuals[k]) })
		}
	}
	for _, r := range w.elim.assumed {
		t, ok := inParameters(r.rest)
		if !ok || free(t) {
			continue
		}
		if _, number := p.Value(t); number {
			continue
		}
		q := &equation{src: r.src}
		pos := w.pos(q).String()
		if pos != "" {
			pos += ": "
		}
		pl.Guards = append(pl.Guards, Guard{
			Value: t, Zero: true, Size: w.sizeTerm(t), Eq: int(r.src),
			Text: fmt.Sprintf("%s%s must be 0: %s was left out because it holds with the default parameters", pos, p.Text(t, expr.TextOptions{Limit: 120}), w.equationText(q)),
		})
	}
}

// sizeTerm is the sum of the magnitudes of the terms of a sum.
func (w *work) sizeTerm(e expr.ID) expr.ID {
	p := w.pool
	if p.Op(e) != expr.OpAdd {
		return p.Fn(expr.OpAbs, e)
	}
	a := p.Args(e)
	terms := []expr.ID{p.Fn(expr.OpAbs, a[0])}
	for i := 1; i < len(a); i += 2 {
		terms = append(terms, p.Mul(p.Fn(expr.OpAbs, a[i]), p.Fn(expr.OpAbs, a[i+1])))
	}
	return p.Add(terms...)
}
