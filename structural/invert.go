package structural

import (
	"math"
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// inversion solves scalar equations that are not affine in their unknown, where the
// solution is unique and as smooth as the equation: functions are taken off from the
// outside inwards, f(u) = y becomes u = inverse(y), as long as
//
//   - f is one-to-one on all values that its argument can have, by its nature (exp, log,
//     sinh) or by the min and max attributes of the variables in it (u^2 with u > 0);
//   - the inverse is no more singular than f itself: u^3 = y is left alone where u may
//     be 0, because the slope of the cube root there is infinite while the equation
//     itself is harmless to an implicit method (zero flow through an orifice,
//     dp = k*m*|m|);
//   - an inverse that has values where f has no solution (sqrt(u) = y, u = y^2) is taken
//     only where y is known to be in the range of f.
//
// What is divided by is no worse than safe.
type inversion struct {
	w    *work
	x    expr.ID
	safe pivot
}

// solve returns x with e = y.
func (s *inversion) solve(e, y expr.ID) (expr.ID, bool) {
	w, p := s.w, s.w.pool
	if a, rest, ok := w.affineIn(e, s.x); ok {
		if a == expr.Zero {
			return expr.None, false
		}
		return s.divide(p.Sub(y, rest), a)
	}
	args := append([]expr.ID(nil), p.Args(e)...)
	switch p.Op(e) {
	case expr.OpAdd:
		return s.sum(e, args, y)
	case expr.OpMul:
		return s.product(args, y)
	case expr.OpIf:
		if s.isAbs(e, args[1]) {
			u, ok := s.inverse(expr.OpAbs, args[1], y)
			if !ok {
				return expr.None, false
			}
			return s.solve(args[1], u)
		}
		if w.contains(args[0], s.x) {
			return expr.None, false
		}
		a, ok := s.solve(args[1], y)
		if !ok {
			return expr.None, false
		}
		b, ok := s.solve(args[2], y)
		return p.If(args[0], a, b), ok
	case expr.OpNoEvent:
		return s.solve(args[0], y)
	case expr.OpSmooth:
		return s.solve(args[1], y)
	}
	if len(args) != 1 {
		return expr.None, false
	}
	u, ok := s.inverse(p.Op(e), args[0], y)
	if !ok {
		return expr.None, false
	}
	return s.solve(args[0], u)
}

func (s *inversion) divide(y, a expr.ID) (expr.ID, bool) {
	if s.w.pivotOf(a) < s.safe {
		return expr.None, false
	}
	return s.w.pool.Div(y, a), true
}

// sum takes off the terms without x. Where several have it, all through the same
// function of x, that function is what remains.
func (s *inversion) sum(e expr.ID, args []expr.ID, y expr.ID) (expr.ID, bool) {
	w, p := s.w, s.w.pool
	at := -1
	several := false
	for i := 2; i < len(args); i += 2 {
		if w.contains(args[i], s.x) {
			several = several || at >= 0
			at = i
		}
	}
	if several {
		f := s.function(e)
		if f == expr.None {
			return expr.None, false
		}
		a, rest, ok := w.affineIn(e, f)
		if !ok || w.contains(a, s.x) || w.contains(rest, s.x) {
			return expr.None, false
		}
		if y, ok = s.divide(p.Sub(y, rest), a); !ok {
			return expr.None, false
		}
		return s.solve(f, y)
	}
	k, _ := p.Value(args[at-1])
	rest := p.Sub(e, p.Scale(k, args[at]))
	return s.solve(args[at], p.Scale(k.Inv(), p.Sub(y, rest)))
}

// function is the one term other than sums and products through which e depends on x,
// or None where there are several.
func (s *inversion) function(e expr.ID) expr.ID {
	w, p := s.w, s.w.pool
	found := expr.None
	for i, a := range append([]expr.ID(nil), p.Args(e)...) {
		if p.Op(e) == expr.OpAdd && i%2 == 1 || !w.contains(a, s.x) {
			continue
		}
		f := a
		switch p.Op(a) {
		case expr.OpSym, expr.OpIf:
			return expr.None
		case expr.OpAdd, expr.OpMul:
			if f = s.function(a); f == expr.None {
				return f
			}
		}
		if found != expr.None && found != f {
			return expr.None
		}
		found = f
	}
	return found
}

// product takes off the factors without x and then solves a power, or u*|u|^k.
func (s *inversion) product(args []expr.ID, y expr.ID) (expr.ID, bool) {
	w, p := s.w, s.w.pool
	var own, rest []expr.ID
	for i := 0; i < len(args); i += 2 {
		if w.contains(args[i], s.x) || w.contains(args[i+1], s.x) {
			own = append(own, args[i], args[i+1])
		} else {
			rest = append(rest, p.Pow(args[i], args[i+1]))
		}
	}
	if len(rest) > 0 {
		var ok bool
		if y, ok = s.divide(y, p.Mul(rest...)); !ok {
			return expr.None, false
		}
	}
	switch {
	case len(own) == 2 && w.contains(own[1], s.x):
		return s.exponential(own[0], own[1], y)
	case len(own) == 2:
		u, ok := s.root(own[0], own[1], y)
		if !ok {
			return expr.None, false
		}
		return s.solve(own[0], u)
	case len(own) == 4:
		// u*|u|^k is increasing in u for k > 0.
		for _, i := range []int{0, 2} {
			u, v := own[i], own[2-i]
			k, ok := p.Value(own[3-i])
			if !ok || k.Float() <= 0 || own[i+1] != expr.One || !s.isAbs(v, u) {
				continue
			}
			if w.ranges.of(y).zero && w.ranges.of(u).zero {
				return expr.None, false
			}
			return s.solve(u, s.oddRoot(y, k.Add(expr.IntNum(1))))
		}
	}
	return expr.None, false
}

// isAbs reports whether v is |u|, as the function or as its branches behind the memory of
// a kink, see work.kink.
func (s *inversion) isAbs(v, u expr.ID) bool {
	p := s.w.pool
	args := p.Args(v)
	switch p.Op(v) {
	case expr.OpAbs:
		return args[0] == u
	case expr.OpIf:
		if args[1] != u || args[2] != p.Neg(u) || p.Op(args[0]) != expr.OpOr {
			return false
		}
		for _, a := range p.Args(args[0]) {
			if p.Op(a) == expr.OpAnd && slices.Contains(p.Args(a), p.Fn(expr.OpLe, expr.Zero, u)) {
				return true
			}
		}
	}
	return false
}

// exponential solves b^e = y for e, where b is a positive number other than 1.
func (s *inversion) exponential(b, e, y expr.ID) (expr.ID, bool) {
	p := s.w.pool
	v, ok := p.Value(b)
	if !ok || v.Float() <= 0 || v.Float() == 1 {
		return expr.None, false
	}
	return s.solve(e, p.Div(p.Fn(expr.OpLog, y), p.Float(math.Log(v.Float()))))
}

// root solves b^e = y for b.
func (s *inversion) root(b, e, y expr.ID) (expr.ID, bool) {
	w, p := s.w, s.w.pool
	k, ok := p.Value(e)
	if !ok || k.IsZero() {
		return expr.None, false
	}
	base, value := w.ranges.of(b), w.ranges.of(y)
	n, whole := k.Int()
	flat := k.Float() > 1 // the inverse is singular where b is 0, and only there
	if flat && base.zero && value.zero {
		return expr.None, false
	}
	switch {
	case whole && n%2 != 0:
		return s.oddRoot(y, k), true
	case whole && base.lo >= 0:
		return p.Pow(y, p.Num(k.Inv())), true
	case whole && base.hi <= 0:
		return p.Neg(p.Pow(y, p.Num(k.Inv()))), true
	case whole:
		return expr.None, false // two solutions
	}
	// A power that is no whole number has no values for b < 0 and no negative ones.
	if !flat && k.Sign() > 0 && value.lo < 0 {
		return expr.None, false
	}
	return p.Pow(y, p.Num(k.Inv())), true
}

// oddRoot is the real k-th root of y with the sign of y.
func (s *inversion) oddRoot(y expr.ID, k expr.Num) expr.ID {
	p := s.w.pool
	r := s.w.ranges.of(y)
	inv := p.Num(k.Inv())
	switch {
	case k.IsOne():
		return y
	case k == expr.IntNum(-1):
		return p.Inv(y)
	case r.lo >= 0:
		return p.Pow(y, inv)
	case r.hi <= 0:
		return p.Neg(p.Pow(p.Neg(y), inv))
	}
	return p.Mul(p.Fn(expr.OpSign, y), p.Pow(p.Fn(expr.OpAbs, y), inv))
}

// inverse returns u with f(u) = y, arg being the term u.
func (s *inversion) inverse(f expr.Op, arg, y expr.ID) (expr.ID, bool) {
	w, p := s.w, s.w.pool
	in, out := w.ranges.of(arg), w.ranges.of(y)
	switch f {
	case expr.OpExp:
		return p.Fn(expr.OpLog, y), true
	case expr.OpLog:
		return p.Fn(expr.OpExp, y), true
	case expr.OpLog10:
		return p.Fn(expr.OpExp, p.Mul(p.Float(math.Ln10), y)), true
	case expr.OpSinh:
		return p.Fn(expr.OpAsinh, y), true
	case expr.OpAsinh:
		return p.Fn(expr.OpSinh, y), true
	case expr.OpTanh:
		return p.Fn(expr.OpAtanh, y), true
	case expr.OpAtanh:
		return p.Fn(expr.OpTanh, y), true
	case expr.OpAtan:
		return p.Fn(expr.OpTan, y), out.lo > -math.Pi/2 && out.hi < math.Pi/2
	case expr.OpAsin:
		return p.Fn(expr.OpSin, y), out.lo >= -math.Pi/2 && out.hi <= math.Pi/2
	case expr.OpAcos:
		return p.Fn(expr.OpCos, y), out.lo >= 0 && out.hi <= math.Pi
	case expr.OpSin:
		return p.Fn(expr.OpAsin, y), in.lo > -math.Pi/2 && in.hi < math.Pi/2
	case expr.OpCos:
		return p.Fn(expr.OpAcos, y), in.lo > 0 && in.hi < math.Pi
	case expr.OpTan:
		return p.Fn(expr.OpAtan, y), in.lo > -math.Pi/2 && in.hi < math.Pi/2
	case expr.OpCosh:
		return p.Fn(expr.OpAcosh, y), in.lo > 0
	case expr.OpAbs:
		if in.hi <= 0 {
			return p.Neg(y), true
		}
		return y, in.lo >= 0
	}
	return expr.None, false
}
