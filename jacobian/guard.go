package jacobian

import "github.com/mtkc/mtkc/expr"

// Guards multiplies derivatives with regard to the conditions under which they hold.
type Guards struct {
	p     *expr.Pool
	known map[expr.ID]expr.ID
	named bool // there are symbols among the known
}

// NewGuards returns the guards of terms of a pool.
func NewGuards(p *expr.Pool) *Guards {
	return &Guards{p: p, known: map[expr.ID]expr.ID{}}
}

// Chain is the product of two derivatives. Where one of them is zero by a condition,
// the product is as well, whatever the value of the other.
func (w *Guards) Chain(a, b expr.ID) expr.ID {
	switch {
	case a == expr.One:
		return b
	case b == expr.One:
		return a
	case a == expr.Zero || b == expr.Zero:
		return expr.Zero
	}
	p := w.p
	g := p.Fn(expr.OpAnd, w.Guard(a), w.Guard(b))
	d := p.Mul(a, b)
	if g == expr.True {
		return d
	}
	return p.If(g, d, expr.Zero)
}

// free reports products of symbols, and sums that begin with one, which hold everywhere. It may miss some.
func (w *Guards) free(op expr.Op, args []expr.ID) bool {
	if w.named {
		return false
	}
	switch op {
	case expr.OpMul:
		for i := 0; i < len(args); i += 2 {
			if w.p.Op(args[i]) != expr.OpSym {
				return false
			}
		}
		return true
	case expr.OpAdd:
		return args[0] != expr.Zero || len(args) > 2 && w.p.Op(args[2]) == expr.OpSym
	}
	return false
}

// Guard is a condition outside which e is zero, True if there is none to be seen.
func (w *Guards) Guard(e expr.ID) expr.ID {
	p := w.p
	op := p.Op(e)
	if op == expr.OpSym {
		if g, ok := w.known[e]; ok {
			return g
		}
		return expr.True
	}
	if op != expr.OpIf && op != expr.OpAdd && op != expr.OpMul || w.free(op, p.Args(e)) {
		return expr.True
	}
	if g, ok := w.known[e]; ok {
		return g
	}
	g := expr.True
	a := p.Args(e)
	switch op {
	case expr.OpIf:
		switch {
		case a[2] == expr.Zero:
			g = p.Fn(expr.OpAnd, a[0], w.Guard(a[1]))
		case a[1] == expr.Zero:
			g = p.Fn(expr.OpAnd, p.Fn(expr.OpNot, a[0]), w.Guard(a[2]))
		}
	case expr.OpMul:
		for i := 0; i < len(a); i += 2 {
			if a[i+1] == expr.One {
				g = p.Fn(expr.OpAnd, g, w.Guard(a[i]))
			}
		}
	case expr.OpAdd:
		if a[0] == expr.Zero {
			g = expr.False
			for i := 2; i < len(a) && g != expr.True; i += 2 {
				g = p.Fn(expr.OpOr, g, w.Guard(a[i]))
			}
		}
	}
	w.known[e] = g
	return g
}

// Name notes that a symbol stands for a value that is zero outside a condition.
func (w *Guards) Name(s, guard expr.ID) {
	w.known[s] = guard
	w.named = true
}
