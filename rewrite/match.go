package rewrite

import (
	"slices"

	"github.com/mtkc/mtkc/expr"
)

// matcher tries one rule at one term. b holds the variables, expr.None where free.
type matcher struct {
	p *expr.Pool
	b []expr.ID
}

// match matches a term as a whole.
func (m *matcher) match(pat *pattern, e expr.ID) bool {
	p := m.p
	switch pat.kind {
	case patVar:
		if m.b[pat.v] == expr.None {
			m.b[pat.v] = e
			return true
		}
		return m.b[pat.v] == e
	case patTerm:
		return e == m.build(pat)
	case patFn:
		if p.Op(e) != pat.op {
			return false
		}
		a := p.Args(e)
		switch pat.op {
		case expr.OpMin, expr.OpMax, expr.OpEq, expr.OpNe, expr.OpAnd, expr.OpOr:
			save := slices.Clone(m.b)
			if m.match(pat.args[0], a[0]) && m.match(pat.args[1], a[1]) {
				return true
			}
			copy(m.b, save)
			return m.match(pat.args[0], a[1]) && m.match(pat.args[1], a[0])
		}
		for i, x := range pat.args {
			if !m.match(x, a[i]) {
				return false
			}
		}
		return true
	case patScale:
		a := p.Args(e)
		return p.Op(e) == expr.OpAdd && len(a) == 3 && a[0] == expr.Zero && m.match(pat.args[0], a[1]) && m.match(pat.args[1], a[2])
	case patPow:
		a := p.Args(e)
		return p.Op(e) == expr.OpMul && len(a) == 2 && m.power(pat, a[0], a[1])
	case patFactor:
		k, t := p.Term(e)
		return m.factor(pat, k, t)
	}
	return false
}

// power matches a factor b^x.
func (m *matcher) power(pat *pattern, b, x expr.ID) bool {
	if pat.kind == patPow {
		return m.match(pat.args[0], b) && m.match(pat.args[1], x)
	}
	return x == expr.One && m.match(pat, b)
}

// factor matches k*t with some factor of t taken out.
func (m *matcher) factor(pat *pattern, k expr.Num, t expr.ID) bool {
	p := m.p
	head := pat.args[1].head()
	save := slices.Clone(m.b)
	try := func(b, x expr.ID, rest func() expr.ID) bool {
		if head != 0 && p.Op(b) != head {
			return false
		}
		if m.power(pat.args[1], b, x) && m.match(pat.args[0], rest()) {
			return true
		}
		copy(m.b, save)
		return false
	}
	if p.Op(t) != expr.OpMul {
		return try(t, expr.One, func() expr.ID { return p.Num(k) })
	}
	a := p.Args(t)
	for i := 0; i < len(a); i += 2 {
		if try(a[i], a[i+1], func() expr.ID {
			others := slices.Delete(slices.Clone(a), i, i+2)
			if len(others) == 0 {
				return p.Num(k)
			}
			return p.Scale(k, p.Rebuild(t, others))
		}) {
			return true
		}
	}
	return false
}

// build makes a term of a result, or of a ground part of a pattern.
func (m *matcher) build(pat *pattern) expr.ID {
	p := m.p
	switch pat.kind {
	case patVar:
		return m.b[pat.v]
	case patTerm:
		if pat.bool {
			return pat.term
		}
		return p.Num(pat.num)
	}
	args := make([]expr.ID, len(pat.args))
	for i, a := range pat.args {
		args[i] = m.build(a)
	}
	switch pat.kind {
	case patSum:
		return p.Add(args...)
	case patProduct, patScale, patFactor:
		return p.Mul(args...)
	case patPow:
		return p.Pow(args[0], args[1])
	case patNeg:
		return p.Neg(args[0])
	}
	return p.Fn(pat.op, args...)
}

func (m *matcher) holds(conds []condition) bool {
	for _, c := range conds {
		e := m.b[c.v]
		v, isConst := m.p.Value(e)
		n, isInt := v.Int()
		isInt = isInt && isConst
		ok := false
		switch c.pred {
		case "const":
			ok = isConst
		case "int":
			ok = isInt
		case "even":
			ok = isInt && n%2 == 0
		case "odd":
			ok = isInt && n%2 != 0
		case "nonneg":
			ok = nonneg(m.p, e, provingDepth)
		case "positive":
			ok = positive(m.p, e, provingDepth)
		case "<":
			ok = isConst && v.Float() < c.bound
		case "<=":
			ok = isConst && v.Float() <= c.bound
		case ">":
			ok = isConst && v.Float() > c.bound
		case ">=":
			ok = isConst && v.Float() >= c.bound
		case "==":
			ok = isConst && v.Float() == c.bound
		case "!=":
			ok = isConst && v.Float() != c.bound
		}
		if ok == c.negate {
			return false
		}
	}
	return true
}

// provingDepth bounds how deep the form of a term is looked at.
const provingDepth = 6

// nonneg reports whether the form of e shows that it is never negative where it is
// defined.
func nonneg(p *expr.Pool, e expr.ID, depth int) bool {
	if depth == 0 {
		return false
	}
	a := p.Args(e)
	switch p.Op(e) {
	case expr.OpConst:
		v, _ := p.Value(e)
		return v.Sign() > 0 || v.IsZero()
	case expr.OpAbs, expr.OpExp, expr.OpCosh, expr.OpAcos, expr.OpAcosh:
		return true
	case expr.OpAdd:
		return allTerms(p, a, func(t expr.ID) bool { return nonneg(p, t, depth-1) })
	case expr.OpMul:
		for i := 0; i < len(a); i += 2 {
			v, ok := p.Value(a[i+1])
			n, isInt := v.Int()
			if ok && (!isInt || n%2 == 0) {
				continue // an even power, or a broken one, which only exists for x >= 0
			}
			if !nonneg(p, a[i], depth-1) {
				return false
			}
		}
		return true
	case expr.OpMax:
		return nonneg(p, a[0], depth-1) || nonneg(p, a[1], depth-1)
	case expr.OpMin:
		return nonneg(p, a[0], depth-1) && nonneg(p, a[1], depth-1)
	case expr.OpIf:
		return nonneg(p, a[1], depth-1) && nonneg(p, a[2], depth-1)
	case expr.OpNoEvent, expr.OpTanh, expr.OpSinh, expr.OpAtan, expr.OpAsinh, expr.OpSign, expr.OpFloor, expr.OpCeil:
		return nonneg(p, a[0], depth-1)
	}
	return false
}

// positive is nonneg without zero.
func positive(p *expr.Pool, e expr.ID, depth int) bool {
	if depth == 0 {
		return false
	}
	a := p.Args(e)
	switch p.Op(e) {
	case expr.OpConst:
		v, _ := p.Value(e)
		return v.Sign() > 0
	case expr.OpExp, expr.OpCosh:
		return true
	case expr.OpAdd:
		some := false
		if v, _ := p.Value(a[0]); v.Sign() > 0 {
			some = true
		}
		return allTerms(p, a, func(t expr.ID) bool {
			if positive(p, t, depth-1) {
				some = true
				return true
			}
			return nonneg(p, t, depth-1)
		}) && some
	case expr.OpMul:
		for i := 0; i < len(a); i += 2 {
			if !positive(p, a[i], depth-1) {
				return false
			}
		}
		return true
	case expr.OpMax:
		return positive(p, a[0], depth-1) || positive(p, a[1], depth-1)
	case expr.OpMin:
		return positive(p, a[0], depth-1) && positive(p, a[1], depth-1)
	case expr.OpIf:
		return positive(p, a[1], depth-1) && positive(p, a[2], depth-1)
	case expr.OpNoEvent:
		return positive(p, a[0], depth-1)
	}
	return false
}

// allTerms reports whether a sum has no negative number in it and ok holds for its
// terms.
func allTerms(p *expr.Pool, a []expr.ID, ok func(expr.ID) bool) bool {
	if v, _ := p.Value(a[0]); v.Sign() < 0 || len(a) > 64 {
		return false
	}
	for i := 1; i < len(a); i += 2 {
		if v, _ := p.Value(a[i]); v.Sign() <= 0 || !ok(a[i+1]) {
			return false
		}
	}
	return true
}
