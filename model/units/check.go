package units

import (
	"fmt"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// value is what is known of the dimension of a term.
type value struct {
	dim   Dim
	known bool
}

// clash is a place in a term where dimensions do not fit.
type clash struct{ text string }

type checker struct {
	s     *model.System
	p     *expr.Pool
	vars  []value // by index of the variable
	memo  []value
	done  []bool
	bad   map[expr.ID]clash
	found diag.List
	code  string
	first *clash // in the term at hand
}

// Check reports unit clashes with the code E401, or W401 if warn is true, and unit
// texts that cannot be read with W402. One clash is reported for each equation.
func Check(s *model.System, warn bool) diag.List {
	c := &checker{s: s, p: s.Pool, bad: map[expr.ID]clash{}, code: "E401"}
	if warn {
		c.code = "W401"
	}
	n := s.Pool.Len()
	c.memo, c.done = make([]value, n), make([]bool, n)
	c.vars = make([]value, len(s.Vars))
	texts := map[string]value{}
	any := false
	for i := range s.Vars {
		v := &s.Vars[i]
		if v.Unit == "" {
			continue
		}
		u, ok := texts[v.Unit]
		if !ok {
			d, err := Parse(v.Unit)
			u = value{d, err == nil}
			texts[v.Unit] = u
			if err != nil {
				c.found.Add(v.Pos, "W402", `units are written as in "m/s2", "kg.m2" or "W/(m2.K)"; this one is not checked`, "%s: %v", v.Name, err)
			}
		}
		c.vars[i] = u
		any = any || u.known
	}
	if !any {
		return c.found
	}
	for i := range s.Vars {
		v := &s.Vars[i]
		for _, t := range []struct {
			id   expr.ID
			what string
		}{{v.Value, "value"}, {v.Start, "start value"}, {v.Min, "minimum"}, {v.Max, "maximum"}, {v.Nominal, "nominal value"}} {
			if t.id != expr.None {
				c.pair(v.Sym, t.id, v.Pos, "the "+t.what+" of "+v.Name)
			}
		}
	}
	for _, l := range [][]model.Equation{s.Equations, s.Initial} {
		for i := range l {
			c.pair(l[i].Lhs, l[i].Rhs, l[i].Pos, "")
		}
	}
	for i := range s.Whens {
		for _, b := range s.Whens[i].Branches {
			for _, t := range b.Conds {
				c.alone(t, b.Pos)
			}
			for _, a := range b.Actions {
				if a.If != expr.None {
					c.alone(a.If, a.Pos)
				}
				if a.Cond != expr.None {
					c.alone(a.Cond, a.Pos)
				}
				if a.Target != expr.None && a.Value != expr.None {
					c.pair(a.Target, a.Value, a.Pos, "")
				}
			}
		}
	}
	for i := range s.Asserts {
		c.alone(s.Asserts[i].Cond, s.Asserts[i].Pos)
	}
	return c.found
}

// pair reports a clash within a or b, or between them.
func (c *checker) pair(a, b expr.ID, pos diag.Pos, what string) {
	c.first = nil
	x, y := c.of(a), c.of(b)
	if c.first == nil && x.known && y.known && x.dim != y.dim {
		if what != "" {
			what += ": "
		}
		c.first = &clash{fmt.Sprintf("%s%s has the unit %s, %s has %s", what, c.text(a), x.dim, c.text(b), y.dim)}
	}
	c.report(pos)
}

// alone reports a clash within a.
func (c *checker) alone(a expr.ID, pos diag.Pos) {
	c.first = nil
	c.of(a)
	c.report(pos)
}

func (c *checker) report(pos diag.Pos) {
	if c.first != nil {
		c.found.Add(pos, c.code, "correct the equation or a unit tag; a variable without a unit tag fits everywhere", "unit clash: %s", c.first.text)
	}
}

// text prints a term, shortened.
func (c *checker) text(e expr.ID) string { return c.p.Text(e, expr.TextOptions{Limit: 60}) }

func (c *checker) fail(e expr.ID, format string, args ...any) value {
	k := clash{fmt.Sprintf(format, args...)}
	c.bad[e] = k
	if c.first == nil {
		c.first = &k
	}
	return value{}
}

// of is the dimension of a term. Subterms are shared: a clash in one is reported for
// every equation that holds it directly, its value is then unknown.
func (c *checker) of(e expr.ID) value {
	if c.done[e] {
		if k, ok := c.bad[e]; ok && c.first == nil {
			c.first = &k
		}
		return c.memo[e]
	}
	v := c.compute(e)
	c.memo[e], c.done[e] = v, true
	return v
}

var number = value{known: true}

// simple reports whether a number is a pure factor such as 2, -1 or 4/3. Others may
// carry a dimension that the author did not write, such as 9.81.
func simple(n expr.Num) bool {
	p, q, ok := n.Exact()
	return ok && p < 100 && p > -100 && q < 100
}

// same is the common dimension of terms that are added or compared.
func (c *checker) same(e expr.ID, terms ...expr.ID) value {
	var v value
	var first expr.ID
	for _, t := range terms {
		u := c.of(t)
		switch {
		case !u.known || c.p.Op(t) == expr.OpConst:
		case !v.known:
			v, first = u, t
		case u.dim != v.dim:
			return c.fail(e, "%s has the unit %s, but %s has %s", c.text(first), v.dim, c.text(t), u.dim)
		}
	}
	return v
}

// pure checks that the arguments are numbers. The time is one where nothing but literal
// numbers stands beside it: sin(2*time) is meant as 2 rad/s.
func (c *checker) pure(e expr.ID, terms ...expr.ID) value {
	for _, t := range terms {
		if u := c.of(t); u.known && u.dim != (Dim{}) && !c.clock(t) {
			return c.fail(e, "the argument %s of %s has the unit %s, but must be a number", c.text(t), c.p.Op(e), u.dim)
		}
	}
	return number
}

// clock reports whether a term is made of the time and of numbers alone.
func (c *checker) clock(e expr.ID) bool {
	switch c.p.Op(e) {
	case expr.OpConst, expr.OpTime:
		return true
	case expr.OpSym, expr.OpDer, expr.OpPre, expr.OpCall:
		return false
	}
	for _, t := range c.p.Args(e) {
		if !c.clock(t) {
			return false
		}
	}
	return true
}

var second = dim(0, 0, 1, 0, 0, 0, 0)

func (c *checker) compute(e expr.ID) value {
	p := c.p
	a := p.Args(e)
	switch op := p.Op(e); op {
	case expr.OpConst, expr.OpTrue, expr.OpFalse:
		return value{}
	case expr.OpTime:
		return value{second, true}
	case expr.OpSym:
		if i, ok := c.s.VarOf(e); ok {
			return c.vars[i]
		}
		return value{}
	case expr.OpAdd:
		var v value
		var first expr.ID
		for i := 1; i+1 < len(a); i += 2 {
			u := c.of(a[i+1])
			if k, _ := p.Value(a[i]); !u.known || !simple(k) {
				continue
			}
			switch {
			case !v.known:
				v, first = u, a[i+1]
			case u.dim != v.dim:
				return c.fail(e, "%s has the unit %s, but %s has %s", c.text(first), v.dim, c.text(a[i+1]), u.dim)
			}
		}
		return v
	case expr.OpMul:
		out := number
		for i := 0; i+1 < len(a); i += 2 {
			u, x := c.of(a[i]), c.of(a[i+1])
			k, isNum := p.Value(a[i+1])
			switch n, m, exact := k.Exact(); {
			case isNum && exact:
				d, ok := u.dim.Power(n, m)
				out.known = out.known && u.known && ok
				out.dim = out.dim.Times(d)
			case x.known && x.dim != (Dim{}):
				return c.fail(e, "the exponent %s has the unit %s, but must be a number", c.text(a[i+1]), x.dim)
			case u.known && u.dim == (Dim{}):
			case isNum:
				// An inexact exponent, such as 0.1: the dimension cannot be told exactly.
				out.known = false
			case u.known:
				return c.fail(e, "%s has the unit %s and a variable exponent", c.text(a[i]), u.dim)
			default:
				out.known = false
			}
		}
		if !out.known {
			return value{}
		}
		return out
	case expr.OpDer:
		u := c.of(a[0])
		u.dim = u.dim.Over(second)
		return u
	case expr.OpSin, expr.OpCos, expr.OpTan, expr.OpAsin, expr.OpAcos, expr.OpAtan, expr.OpSinh, expr.OpCosh, expr.OpTanh,
		expr.OpAsinh, expr.OpAcosh, expr.OpAtanh, expr.OpExp, expr.OpLog, expr.OpLog10:
		return c.pure(e, a...)
	case expr.OpAbs, expr.OpFloor, expr.OpCeil, expr.OpPre, expr.OpNoEvent:
		return c.of(a[0])
	case expr.OpSign:
		c.of(a[0])
		return number
	case expr.OpAtan2:
		c.same(e, a...)
		return number
	case expr.OpMin, expr.OpMax, expr.OpMod, expr.OpRem, expr.OpHomotopy:
		return c.same(e, a...)
	case expr.OpQuo:
		x, y := c.of(a[0]), c.of(a[1])
		if x.known && y.known {
			return value{x.dim.Over(y.dim), true}
		}
		return value{}
	case expr.OpIf:
		c.of(a[0])
		return c.same(e, a[1], a[2])
	case expr.OpSmooth:
		return c.of(a[1])
	case expr.OpDelay:
		if u := c.of(a[1]); u.known && u.dim != second {
			return c.fail(e, "the delay %s has the unit %s, but must be a time", c.text(a[1]), u.dim)
		}
		return c.of(a[0])
	case expr.OpSample:
		for _, t := range a {
			if u := c.of(t); u.known && u.dim != second {
				return c.fail(e, "the sampling time %s has the unit %s, but must be a time", c.text(t), u.dim)
			}
		}
		return value{}
	case expr.OpLt, expr.OpLe, expr.OpEq, expr.OpNe:
		c.same(e, a...)
		return value{}
	case expr.OpCall:
		for _, t := range a[1:] {
			c.of(t)
		}
		return value{}
	}
	for _, t := range a {
		c.of(t)
	}
	return value{}
}
