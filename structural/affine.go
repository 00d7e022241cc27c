package structural

import (
	"github.com/mtkc/mtkc/expr"
)

// affine splits terms into e = a*x + b for one atom x, by structural recursion with a
// memo, so that shared subterms cost once.
type affine struct {
	stamp []uint32
	cur   uint32
	a, b  []expr.ID // a == expr.None: not affine in x
}

// affineIn returns a and b with e = a*x + b where neither contains the atom x; ok is
// false where e is not of that form. An if-term is affine when its branches are and
// its condition is free of x.
func (w *work) affineIn(e, x expr.ID) (a, b expr.ID, ok bool) {
	w.lin.cur++
	a, b = w.split(e, x)
	return a, b, a != expr.None
}

func (w *work) split(e, x expr.ID) (expr.ID, expr.ID) {
	p := w.pool
	if e == x {
		return expr.One, expr.Zero
	}
	op := p.Op(e)
	if op <= expr.OpSym {
		return expr.Zero, e
	}
	l := &w.lin
	if int(e) < len(l.stamp) && l.stamp[e] == l.cur {
		return l.a[e], l.b[e]
	}
	a, b := w.splitNode(op, e, x)
	if int(e) >= len(l.stamp) {
		n := int(e) + int(e)/2 + 64
		l.stamp = append(l.stamp, make([]uint32, n-len(l.stamp))...)
		l.a = append(l.a, make([]expr.ID, n-len(l.a))...)
		l.b = append(l.b, make([]expr.ID, n-len(l.b))...)
	}
	l.stamp[e], l.a[e], l.b[e] = l.cur, a, b
	return a, b
}

func (w *work) splitNode(op expr.Op, e, x expr.ID) (expr.ID, expr.ID) {
	p := w.pool
	args := p.Args(e)
	switch op {
	case expr.OpAdd:
		n := len(args) / 2
		ka, ta := make([]expr.Num, 0, 4), make([]expr.ID, 0, 4)
		kb, tb := make([]expr.Num, 0, n), make([]expr.ID, 0, n)
		args = append([]expr.ID(nil), args...)
		cancelled := false // x occurs in an argument and drops out of it
		for i := 1; i < len(args); i += 2 {
			k, _ := p.Value(args[i])
			a, b := w.split(args[i+1], x)
			if a == expr.None {
				return expr.None, expr.None
			}
			if a != expr.Zero {
				ka, ta = append(ka, k), append(ta, a)
			}
			cancelled = cancelled || a == expr.Zero && b != args[i+1]
			kb, tb = append(kb, k), append(tb, b)
		}
		if len(ta) == 0 && !cancelled {
			return expr.Zero, e
		}
		c, _ := p.Value(args[0])
		return p.Linear(expr.IntNum(0), ka, ta), p.Linear(c, kb, tb)
	case expr.OpMul:
		args = append([]expr.ID(nil), args...)
		at := -1
		var fa, fb expr.ID
		for i := 0; i < len(args); i += 2 {
			a, b := w.split(args[i], x)
			ae, _ := w.split(args[i+1], x)
			if ae != expr.Zero || a == expr.None {
				return expr.None, expr.None
			}
			if a == expr.Zero {
				args[i] = b
				continue
			}
			if at >= 0 || args[i+1] != expr.One {
				return expr.None, expr.None
			}
			at, fa, fb = i, a, b
		}
		if at < 0 {
			return expr.Zero, p.Rebuild(e, args)
		}
		rest := append(append([]expr.ID(nil), args[:at]...), args[at+2:]...)
		f := expr.One
		if len(rest) > 0 {
			f = p.Rebuild(e, rest)
		}
		return p.Mul(f, fa), p.Mul(f, fb)
	case expr.OpIf:
		c, s, t := args[0], args[1], args[2]
		if ca, _ := w.split(c, x); ca != expr.Zero {
			return expr.None, expr.None
		}
		a1, b1 := w.split(s, x)
		a2, b2 := w.split(t, x)
		if a1 == expr.None || a2 == expr.None {
			return expr.None, expr.None
		}
		if a1 == expr.Zero && a2 == expr.Zero {
			return expr.Zero, p.If(c, b1, b2)
		}
		return p.If(c, a1, a2), p.If(c, b1, b2)
	}
	args = append([]expr.ID(nil), args...)
	changed := false
	for i, t := range args {
		a, b := w.split(t, x)
		if a != expr.Zero {
			return expr.None, expr.None
		}
		changed = changed || b != t
		args[i] = b
	}
	if changed {
		return expr.Zero, p.Rebuild(e, args)
	}
	return expr.Zero, e
}

// pivot says how safe it is to divide by a term.
type pivot uint8

const (
	pivotBad    pivot = iota // zero, or zero in a branch, or with default parameters
	pivotState               // depends on states, time or unknowns
	pivotParam               // nonzero with default parameters
	pivotNumber              // a number other than zero
)

// pivotOf classifies a coefficient.
func (w *work) pivotOf(a expr.ID) pivot {
	p := w.pool
	if v, ok := p.Value(a); ok {
		if v.Sign() == 0 {
			return pivotBad
		}
		return pivotNumber
	}
	switch p.Op(a) {
	case expr.OpIf:
		args := p.Args(a)
		s, t := args[1], args[2]
		return min(w.pivotOf(s), w.pivotOf(t))
	case expr.OpMul:
		// A product is as safe as its least safe factor.
		best := pivotNumber
		args := append([]expr.ID(nil), p.Args(a)...)
		for i := 0; i < len(args); i += 2 {
			best = min(best, w.pivotOf(args[i]))
		}
		return best
	case expr.OpAdd:
		if args := p.Args(a); len(args) == 3 && args[0] == expr.Zero {
			return w.pivotOf(args[2])
		}
	case expr.OpExp, expr.OpCosh:
		return pivotParam // never zero
	}
	if !w.constant(a) {
		return pivotState
	}
	if x := w.number(a); x == 0 || x != x {
		return pivotBad
	}
	return pivotParam
}
