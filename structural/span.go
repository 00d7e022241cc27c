package structural

import (
	"math"

	"github.com/mtkc/mtkc/expr"
)

// span is what is known about the values of a term: they lie between lo and hi and,
// unless zero is set, none is 0.
type span struct {
	lo, hi float64
	zero   bool
}

var anything = span{math.Inf(-1), math.Inf(1), true}

func between(lo, hi float64) span { return span{lo, hi, lo <= 0 && hi >= 0} }

// spans bounds terms by interval arithmetic from the min and max attributes of
// parameters and, where attributes is set, of variables. Roundings are not enclosed: a
// bound that is nearly 0 beside its terms counts as 0.
type spans struct {
	w          *work
	attributes bool
	memo       map[expr.ID]span
}

// of returns the span of e.
func (s *spans) of(e expr.ID) span {
	p := s.w.pool
	if v, ok := p.Value(e); ok {
		return between(v.Float(), v.Float())
	}
	if r, ok := s.memo[e]; ok {
		return r
	}
	if s.memo == nil {
		s.memo = map[expr.ID]span{}
	}
	s.memo[e] = anything // of a definition in a cycle
	r := s.compute(e)
	if r.lo > 0 || r.hi < 0 {
		r.zero = false
	}
	s.memo[e] = r
	return r
}

func (s *spans) compute(e expr.ID) span {
	p := s.w.pool
	args := p.Args(e)
	inf := math.Inf(1)
	mono := func(f func(float64) float64) span {
		a := s.of(args[0])
		return span{f(a.lo), f(a.hi), a.zero}
	}
	switch p.Op(e) {
	case expr.OpSym:
		return s.atom(e)
	case expr.OpAdd:
		return s.sum(args)
	case expr.OpMul:
		r := between(1, 1)
		for i := 0; i < len(args); i += 2 {
			r = times2(r, s.power(args[i], args[i+1]))
		}
		return r
	case expr.OpIf:
		a, b := s.of(args[1]), s.of(args[2])
		return span{min(a.lo, b.lo), max(a.hi, b.hi), a.zero || b.zero}
	case expr.OpMin:
		a, b := s.of(args[0]), s.of(args[1])
		return span{min(a.lo, b.lo), min(a.hi, b.hi), a.zero || b.zero}
	case expr.OpMax:
		a, b := s.of(args[0]), s.of(args[1])
		return span{max(a.lo, b.lo), max(a.hi, b.hi), a.zero || b.zero}
	case expr.OpAbs:
		a := s.of(args[0])
		switch {
		case a.lo >= 0:
			return a
		case a.hi <= 0:
			return span{-a.hi, -a.lo, a.zero}
		}
		return span{0, max(-a.lo, a.hi), a.zero}
	case expr.OpSin, expr.OpCos:
		return between(-1, 1)
	case expr.OpTanh:
		return mono(math.Tanh)
	case expr.OpAtan:
		return mono(math.Atan)
	case expr.OpSinh:
		return mono(math.Sinh)
	case expr.OpAsinh:
		return mono(math.Asinh)
	case expr.OpExp:
		a := s.of(args[0])
		return span{math.Exp(a.lo), math.Exp(a.hi), false}
	case expr.OpCosh:
		return between(1, inf)
	case expr.OpLog, expr.OpLog10:
		a := s.of(args[0])
		if a.lo > 0 {
			return between(math.Log(a.lo), math.Log(a.hi))
		}
	case expr.OpAcos:
		return between(0, math.Pi)
	case expr.OpAsin:
		return between(-math.Pi/2, math.Pi/2)
	case expr.OpAcosh:
		return between(0, inf)
	case expr.OpNoEvent:
		return s.of(args[0])
	case expr.OpSmooth:
		return s.of(args[1])
	default:
		if p.Op(e).Info().Bool {
			return between(0, 1)
		}
	}
	return anything
}

// atom is the span of a parameter or variable by its attributes, and that of an
// eliminated unknown by its value.
func (s *spans) atom(a expr.ID) span {
	w := s.w
	sys := -1
	switch r, i := w.roleOf(a); r {
	case roleParam:
		if q := &w.plan.Params[i]; !q.Start {
			sys = q.Var
		}
	case roleKnown:
		if v := w.elim.value[i]; v != expr.None {
			return s.of(v)
		}
	case roleAuxiliary:
		return s.of(w.aux[i].value)
	case roleVar:
		if s.attributes {
			sys = int(w.vars[i].sys)
		}
	case roleRelation, roleSample, roleWhen:
		return between(0, 1)
	}
	if sys < 0 {
		return anything
	}
	v := &w.sys.Vars[sys]
	divisor := w.divisors()[a]
	bound := func(e expr.ID, other float64) float64 {
		if e == expr.None {
			return other
		}
		// A bound that depends on parameters may move with them.
		if x, ok := w.pool.Value(w.substitute(e, w.hyb.constants)); ok {
			return x.Float()
		}
		return other
	}
	r := between(bound(v.Min, math.Inf(-1)), bound(v.Max, math.Inf(1)))
	r.zero = r.zero && !divisor
	return r
}

// divisors are the symbols that the model itself divides by, or takes the logarithm of,
// whatever the conditions: they cannot be 0 without the model losing its meaning.
func (w *work) divisors() map[expr.ID]bool {
	if w.divided != nil {
		return w.divided
	}
	w.divided = map[expr.ID]bool{}
	p := w.pool
	seen := map[expr.ID]bool{}
	look := func(e expr.ID) {
		if e == expr.None {
			return
		}
		p.Walk(e, seen, func(t expr.ID) bool { return p.Op(t) != expr.OpIf }, func(t expr.ID) {
			args := p.Args(t)
			switch p.Op(t) {
			case expr.OpLog, expr.OpLog10:
				w.divided[args[0]] = true
			case expr.OpMul:
				for i := 0; i < len(args); i += 2 {
					if k, ok := p.Value(args[i+1]); ok && k.Sign() < 0 {
						w.divided[args[i]] = true
					}
				}
			}
		})
	}
	for i := range w.sys.Equations {
		look(w.sys.Equations[i].Lhs)
		look(w.sys.Equations[i].Rhs)
	}
	for i := range w.sys.Vars {
		look(w.sys.Vars[i].Value)
	}
	return w.divided
}

func (s *spans) sum(args []expr.ID) span {
	p := s.w.pool
	c, _ := p.Value(args[0])
	lo, hi := c.Float(), c.Float()
	size := math.Abs(lo)
	firm := lo != 0 // a term is never 0
	args = append([]expr.ID(nil), args...)
	up, down := lo >= 0, lo <= 0 // all terms are on one side of 0
	for i := 1; i < len(args); i += 2 {
		k, _ := p.Value(args[i])
		t := times2(between(k.Float(), k.Float()), s.of(args[i+1]))
		lo, hi = lo+t.lo, hi+t.hi
		firm = firm || !t.zero
		up, down = up && t.lo >= 0, down && t.hi <= 0
		for _, x := range []float64{t.lo, t.hi} {
			if !math.IsInf(x, 0) {
				size = max(size, math.Abs(x))
			}
		}
	}
	const rounding = 1e-12
	if math.Abs(lo) <= rounding*size {
		lo = 0
	}
	if math.Abs(hi) <= rounding*size {
		hi = 0
	}
	return span{lo, hi, lo <= 0 && hi >= 0 && !(firm && (up || down))}
}

// times2 is the product of two spans.
func times2(a, b span) span {
	r := span{math.Inf(1), math.Inf(-1), a.zero || b.zero}
	for _, x := range []float64{a.lo, a.hi} {
		for _, y := range []float64{b.lo, b.hi} {
			z := x * y
			if x == 0 || y == 0 {
				z = 0
			}
			r.lo, r.hi = min(r.lo, z), max(r.hi, z)
		}
	}
	return r
}

// power is the span of b^e where it is defined.
func (s *spans) power(b, e expr.ID) span {
	a := s.of(b)
	k, ok := s.w.pool.Value(e)
	if !ok {
		if a.lo >= 0 {
			return span{0, math.Inf(1), a.zero}
		}
		return anything
	}
	x := k.Float()
	n, whole := k.Int()
	if !whole {
		a.lo = max(a.lo, 0) // no real value elsewhere
		a.hi = max(a.hi, 0)
	}
	if x < 0 {
		a = inverse(a)
		x, n = -x, -n
	}
	switch {
	case x == 1:
		return a
	case whole && n%2 == 0:
		lo, hi := math.Abs(a.lo), math.Abs(a.hi)
		if a.lo <= 0 && a.hi >= 0 {
			return span{0, math.Pow(max(lo, hi), x), a.zero}
		}
		return span{math.Pow(min(lo, hi), x), math.Pow(max(lo, hi), x), a.zero}
	}
	return span{math.Pow(a.lo, x), math.Pow(a.hi, x), a.zero}
}

// inverse is the span of 1/a; 1/a is never 0.
func inverse(a span) span {
	switch {
	case a.lo > 0 || a.hi < 0:
		return span{1 / a.hi, 1 / a.lo, false}
	case a.lo >= 0:
		return span{1 / a.hi, math.Inf(1), false}
	case a.hi <= 0:
		return span{math.Inf(-1), 1 / a.lo, false}
	}
	return span{math.Inf(-1), math.Inf(1), false}
}
