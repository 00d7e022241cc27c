package structural

import (
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
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
	if k, rest, ok := w.addend(e, x); ok {
		return k, rest, true
	}
	w.lin.cur++
	a, b = w.split(e, x)
	return a, b, a != expr.None
}

// addend is affineIn where x is a term of the sum e and occurs nowhere else in it, as a
// derivative does in most equations.
func (w *work) addend(e, x expr.ID) (k, rest expr.ID, ok bool) {
	at := w.findAddend(e, x)
	if at < 0 {
		return 0, 0, false
	}
	args := w.pool.Args(e)
	var buf [32]expr.ID
	others := append(append(buf[:0], args[:at-1]...), args[at+1:]...)
	return args[at-1], w.pool.Rebuild(e, others), true
}

// isAddend is addend without the rest.
func (w *work) isAddend(e, x expr.ID) (k expr.ID, ok bool) {
	at := w.findAddend(e, x)
	if at < 0 {
		return 0, false
	}
	return w.pool.Args(e)[at-1], true
}

// findAddend returns the place of x among the arguments of the sum e, -1 if x is no term
// of it or occurs elsewhere too.
func (w *work) findAddend(e, x expr.ID) int {
	if w.pool.Op(e) != expr.OpAdd {
		return -1
	}
	args := w.pool.Args(e)
	at := -1
	for i := 2; i < len(args); i += 2 {
		if args[i] == x {
			at = i
			break
		}
	}
	if at < 0 {
		return -1
	}
	w.mark.reset()
	for i := 2; i < len(args); i += 2 {
		if i != at && w.mentions(args[i], x) {
			return -1
		}
	}
	return at
}

// mentions reports whether x occurs in e outside of what w.mark holds already.
func (w *work) mentions(e, x expr.ID) bool {
	if e == x {
		return true
	}
	if w.pool.Op(e) <= expr.OpSym || !w.mark.add(e) {
		return false
	}
	for _, a := range w.pool.Args(e) {
		if w.mentions(a, x) {
			return true
		}
	}
	return false
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
	pivotState               // depends on states, time or unknowns, and may be 0
	pivotMaybe               // depends on parameters, which may make it 0
	pivotParam               // never zero, for all values that parameters can take
	pivotNumber              // a number other than zero
)

// pivotOf classifies a coefficient. Parameters are taken to be anything between their
// min and max.
func (w *work) pivotOf(a expr.ID) pivot {
	p := w.pool
	if v, ok := p.Value(a); ok {
		if v.Sign() == 0 {
			return pivotBad
		}
		return pivotNumber
	}
	if w.constant(a) {
		switch {
		case w.number(a) == 0:
			return pivotBad
		case !w.bounds.of(a).zero:
			return pivotParam
		}
		return pivotMaybe
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
	}
	if !w.bounds.of(a).zero {
		return pivotParam
	}
	return pivotState
}

// degree finds out how terms depend on the atoms that of names.
type degree struct {
	w    *work
	of   func(expr.ID) bool
	memo map[expr.ID]form
}

// form is what degree finds.
type form struct {
	degree uint8      // 0: free of the atoms, 1: affine in all of them together, 2: otherwise
	coef   steadiness // of what multiplies the atoms
	rest   steadiness // of all else
}

// steadiness says when a term changes.
type steadiness uint8

const (
	steadyRun   steadiness = iota // parameters and numbers
	steadyEvent                   // discrete variables too: between events it is constant
	moving
)

// steady is the steadiness of an atom.
func (w *work) steady(a expr.ID) steadiness {
	switch r, i := w.roleOf(a); r {
	case roleParam, roleKnown:
		return steadyRun
	case roleAuxiliary:
		if w.aux[i].constant {
			return steadyRun
		}
	case roleDiscrete, rolePre, roleRelation, roleSample, roleWhen:
		return steadyEvent
	}
	return moving
}

func (d *degree) form(e expr.ID) form {
	p := d.w.pool
	switch p.Op(e) {
	case expr.OpConst, expr.OpTrue, expr.OpFalse:
		return form{}
	case expr.OpSym, expr.OpTime:
		if d.of(e) {
			return form{degree: 1}
		}
		return form{rest: d.w.steady(e)}
	}
	if f, ok := d.memo[e]; ok {
		return f
	}
	f := d.compute(e)
	d.memo[e] = f
	return f
}

func (d *degree) compute(e expr.ID) form {
	p := d.w.pool
	args := p.Args(e)
	f := form{}
	switch p.Op(e) {
	case expr.OpAdd:
		for i := 2; i < len(args); i += 2 {
			t := d.form(args[i])
			f.degree, f.coef, f.rest = max(f.degree, t.degree), max(f.coef, t.coef), max(f.rest, t.rest)
		}
		return f
	case expr.OpMul:
		others := steadyRun
		for i := 0; i < len(args); i += 2 {
			b, x := d.form(args[i]), d.form(args[i+1])
			switch {
			case x.degree > 0, b.degree > 0 && (args[i+1] != expr.One || f.degree > 0):
				return form{degree: 2, coef: moving, rest: moving}
			case b.degree == 0:
				others = max(others, b.rest, x.rest)
			default:
				f.degree, f.coef, f.rest = b.degree, b.coef, b.rest
			}
		}
		if f.degree > 0 {
			f.coef = max(f.coef, others)
		}
		f.rest = max(f.rest, others)
		return f
	case expr.OpIf:
		c, a, b := d.form(args[0]), d.form(args[1]), d.form(args[2])
		if c.degree > 0 {
			return form{degree: 2, coef: moving, rest: moving}
		}
		f = form{degree: max(a.degree, b.degree), rest: max(c.rest, a.rest, b.rest)}
		if f.degree > 0 {
			f.coef = max(a.coef, b.coef, c.rest)
		}
		return f
	}
	for _, a := range args {
		t := d.form(a)
		if t.degree > 0 {
			return form{degree: 2, coef: moving, rest: moving}
		}
		f.rest = max(f.rest, t.rest)
	}
	return f
}

// affineBlock reports whether equations are affine in all of the unknowns together, and
// the steadiness of their coefficients.
func (w *work) affineBlock(eqs []*equation, unknowns []int32) (affine bool, coef steadiness) {
	in := make(map[expr.ID]bool, len(unknowns))
	for _, v := range unknowns {
		if w.vars[v].typ != model.RealType {
			return false, moving
		}
		in[w.vars[v].atom] = true
	}
	d := &degree{w: w, of: func(a expr.ID) bool { return in[a] }, memo: map[expr.ID]form{}}
	for _, q := range eqs {
		f := d.form(q.res)
		if q.lhs != expr.None || f.degree > 1 {
			return false, moving
		}
		coef = max(coef, f.coef)
	}
	return true, coef
}
