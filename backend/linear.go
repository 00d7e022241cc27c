package backend

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/jacobian"
)

// The linear part of f: the matrix A of f = A u + g(t, u) whose entries depend on
// parameters and discrete memory alone, for methods that treat A u for itself. Each term of
// f is replaced by what is linear in it as it stands, the derivatives of which are A:
// sums part, products with one dependent factor are linear if that is, and nothing is
// multiplied out. So u*(1 - u) has no linear part, and u - u^2 has u.

// linearizer takes linear parts of terms.
type linearizer struct {
	l     *lowerer
	p     *expr.Pool
	known []linearTerm // by term
}

// linearTerm is what is known of a term.
type linearTerm struct {
	part  expr.ID // its linear part; Zero where it does not move
	moves bool    // it depends on states or time
	done  bool    // the others are set
}

// linear lowers A, if f has derivatives only. It has none where no term is linear.
func (c *compiler) linear() {
	if len(c.plan.Residuals) > 0 || len(c.plan.Deriv) == 0 {
		return
	}
	l := c.sim
	z := &linearizer{l: l, p: c.p, known: make([]linearTerm, c.p.Len())}
	var terms []expr.ID
	var outs []place
	rows := make([]expr.ID, len(c.plan.Deriv))
	for i, e := range c.plan.Deriv {
		rows[i] = z.of(e).part
		if rows[i] != expr.Zero {
			terms, outs = append(terms, rows[i]), append(outs, place{Main, int32(i)})
		}
	}
	if len(terms) == 0 {
		return
	}
	n := len(rows)
	k, r := c.roll(l, "LinearRHS", terms, outs, func(o place) string { return "der(" + c.plan.States[o.index].Name + ")" })
	if k != nil {
		c.prog.Linear, c.prog.Meta.Linear = r.rolledMatrix("Linear", n, n, columns(U))
	} else {
		m := jacobian.Of(c.p, nil, rows, c.stateAtoms(), "linear")
		c.prog.Linear, c.prog.Meta.Linear = matrix(l, "Linear", m)
	}
	if c.prog.Meta.Linear.NNZ() == 0 {
		c.prog.Linear, c.prog.Meta.Linear = nil, nil
	}
}

// of returns the linear part of a term.
func (z *linearizer) of(e expr.ID) linearTerm {
	p := z.p
	op := p.Op(e)
	if op <= expr.OpFalse {
		return linearTerm{part: expr.Zero}
	}
	if int(e) < len(z.known) && z.known[e].done {
		return z.known[e]
	}
	t := linearTerm{part: expr.Zero, done: true}
	switch op {
	case expr.OpTime:
		t.moves = true
	case expr.OpSym:
		t = z.atom(e)
	case expr.OpAdd:
		a := p.Args(e)
		var ks []expr.Num
		var parts []expr.ID
		for i := 1; i < len(a); i += 2 {
			x := z.of(a[i+1])
			t.moves = t.moves || x.moves
			if x.part != expr.Zero {
				k, _ := p.Value(a[i])
				ks, parts = append(ks, k), append(parts, x.part)
			}
		}
		if len(parts) > 0 {
			t.part = p.Linear(expr.IntNum(0), ks, parts)
		}
	case expr.OpMul:
		a := p.Args(e)
		var fixed []expr.ID
		moving, part := 0, expr.Zero
		for i := 0; i < len(a); i += 2 {
			base, exponent := z.of(a[i]), z.of(a[i+1])
			if !base.moves && !exponent.moves {
				fixed = append(fixed, p.Pow(a[i], a[i+1]))
				continue
			}
			moving++
			if a[i+1] == expr.One {
				part = base.part
			}
		}
		t.moves = moving > 0
		if moving == 1 && part != expr.Zero {
			t.part = p.Mul(append(fixed, part)...)
		}
	case expr.OpNoEvent, expr.OpHomotopy:
		t = z.of(p.Args(e)[0])
	case expr.OpSmooth:
		t = z.of(p.Args(e)[1])
	case expr.OpIf:
		a := p.Args(e)
		c, x, y := z.of(a[0]), z.of(a[1]), z.of(a[2])
		t.moves = c.moves || x.moves || y.moves
		if !c.moves && (x.part != expr.Zero || y.part != expr.Zero) {
			t.part = p.If(a[0], x.part, y.part)
		}
	default:
		args := p.Args(e)
		if op == expr.OpCall {
			_, args = p.Callee(e)
		}
		for _, a := range args {
			t.moves = z.of(a).moves || t.moves
		}
	}
	if int(e) < len(z.known) { // not of those that were just made
		t.done = true
		z.known[e] = t
	}
	return t
}

// atom is the linear part of an atom: a state is its own; what the plan defines has that of
// its value.
func (z *linearizer) atom(e expr.ID) linearTerm {
	switch m := z.l.meaning(e); m.kind {
	case stateAtom:
		return linearTerm{part: e, moves: true}
	case targetAtom:
		return z.of(z.l.defs[m.index].value)
	}
	return linearTerm{part: expr.Zero} // a parameter, or discrete
}
