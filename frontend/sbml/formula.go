package sbml

import (
	"math"

	"github.com/mtkc/mtkc/expr"
)

// avogadro is the constant of SBML (CODATA 2006, as Level 3 states it).
const avogadro = 6.02214179e23

// mode says of which time a formula is meant.
type mode uint8

const (
	running mode = iota // at all times
	atStart             // at the start
	before              // at a time before the start: symbols mean what they would have been at a start then
	modes
)

// context says what the names of a formula mean.
type context struct {
	local map[string]expr.ID // parameters of a reaction, arguments of a function
	mode  mode
	depth int // of function calls

	draws    *drawing // random numbers of a formula that is evaluated at instants; nil: it is not
	optional bool     // within a piecewise, where only one branch counts
}

// symbolic applies f(x) = op(x).
var unary = map[string]expr.Op{
	"sin": expr.OpSin, "cos": expr.OpCos, "tan": expr.OpTan, "sinh": expr.OpSinh, "cosh": expr.OpCosh, "tanh": expr.OpTanh,
	"arcsin": expr.OpAsin, "arccos": expr.OpAcos, "arctan": expr.OpAtan, "arcsinh": expr.OpAsinh, "arccosh": expr.OpAcosh, "arctanh": expr.OpAtanh,
	"exp": expr.OpExp, "ln": expr.OpLog, "abs": expr.OpAbs, "floor": expr.OpFloor, "ceiling": expr.OpCeil,
}

// reciprocal functions: f(x) = 1/op(x).
var reciprocal = map[string]expr.Op{
	"sec": expr.OpCos, "csc": expr.OpSin, "cot": expr.OpTan, "sech": expr.OpCosh, "csch": expr.OpSinh, "coth": expr.OpTanh,
}

// inverse functions of reciprocals: f(x) = op(1/x).
var ofReciprocal = map[string]expr.Op{
	"arcsec": expr.OpAcos, "arccsc": expr.OpAsin, "arcsech": expr.OpAcosh, "arccsch": expr.OpAsinh, "arccoth": expr.OpAtanh,
}

// number makes a truth value 1 or 0: Level 3 Version 2 lets them meet.
func (b *builder) number(e expr.ID) expr.ID {
	if b.isBool(e) {
		return b.pool.If(e, expr.One, expr.Zero)
	}
	return e
}

// truth makes every number but 0 true.
func (b *builder) truth(e expr.ID) expr.ID {
	if b.isBool(e) {
		return e
	}
	if v, ok := b.pool.Value(e); ok {
		if v.IsZero() {
			return expr.False
		}
		return expr.True
	}
	return b.pool.Fn(expr.OpNe, e, expr.Zero)
}

func (b *builder) isBool(e expr.ID) bool {
	p := b.pool
	if p.Op(e) == expr.OpIf {
		return b.isBool(p.Args(e)[1])
	}
	return e == expr.True || e == expr.False || p.Op(e).Info().Bool
}

// formula makes a number of a formula.
func (b *builder) formula(m *Math, c context) expr.ID { return b.number(b.term(m, c)) }

// condition makes a truth value of a formula.
func (b *builder) condition(m *Math, c context) expr.ID { return b.truth(b.term(m, c)) }

// maxCalls bounds nested calls of functions: one that calls itself has no meaning.
const maxCalls = 100

// term makes a term of a formula; what cannot be said is a diagnostic, and NaN.
func (b *builder) term(m *Math, c context) expr.ID {
	p := b.pool
	nan := p.Float(math.NaN())
	args := func() []expr.ID {
		out := make([]expr.ID, len(m.Args))
		for i, a := range m.Args {
			out[i] = b.formula(a, c)
		}
		return out
	}
	truths := func() []expr.ID {
		out := make([]expr.ID, len(m.Args))
		for i, a := range m.Args {
			out[i] = b.condition(a, c)
		}
		return out
	}
	switch m.Op {
	case "cn":
		return p.Float(m.Value)
	case "ci":
		if e, ok := c.local[m.Name]; ok {
			return e
		}
		return b.symbol(m, c)
	case "time":
		if c.mode == atStart {
			return expr.Zero
		}
		return expr.Time
	case "avogadro":
		return p.Float(avogadro)
	case "pi":
		return p.Float(math.Pi)
	case "exponentiale":
		return p.Float(math.E)
	case "infinity":
		return p.Float(math.Inf(1))
	case "notanumber":
		return nan
	case "true":
		return expr.True
	case "false":
		return expr.False
	case "call":
		return b.call(m, c)
	case "delay":
		return b.delay(m, c)
	case "rateOf":
		return b.rateOf(m, c)
	case "draw":
		return b.draw(m, c)
	case "piecewise":
		c.optional = true
		return b.piecewise(m, c)
	case "lambda":
		b.fail(m.Pos, "E222", "define a function for it", "a lambda stands within a formula")
		return nan
	case "and", "or":
		t := truths()
		e := expr.True
		op := expr.OpAnd
		if m.Op == "or" {
			e, op = expr.False, expr.OpOr
		}
		for _, x := range t {
			e = p.Fn(op, e, x)
		}
		return e
	case "xor":
		e := expr.False
		for _, x := range truths() {
			e = b.xor(e, x)
		}
		return e
	case "not":
		return p.Fn(expr.OpNot, b.condition(m.Args[0], c))
	case "implies":
		t := truths()
		return p.Fn(expr.OpOr, p.Fn(expr.OpNot, t[0]), t[1])
	case "eq", "neq", "lt", "gt", "leq", "geq":
		return b.relation(m, c)
	}
	a := args()
	if op, ok := unary[m.Op]; ok {
		return p.Fn(op, a[0])
	}
	if op, ok := reciprocal[m.Op]; ok {
		return p.Inv(p.Fn(op, a[0]))
	}
	if op, ok := ofReciprocal[m.Op]; ok {
		return p.Fn(op, p.Inv(a[0]))
	}
	switch m.Op {
	case "plus":
		return p.Add(a...)
	case "times":
		if len(a) == 0 {
			return expr.One
		}
		return p.Mul(a...)
	case "minus":
		if len(a) == 1 {
			return p.Neg(a[0])
		}
		return p.Sub(a[0], a[1])
	case "divide":
		return p.Div(a[0], a[1])
	case "power":
		return p.Pow(a[0], a[1])
	case "root":
		if len(a) == 1 {
			return p.Sqrt(a[0])
		}
		return p.Pow(a[1], p.Inv(a[0]))
	case "log":
		if len(a) == 1 {
			return p.Fn(expr.OpLog10, a[0])
		}
		return p.Div(p.Fn(expr.OpLog, a[1]), p.Fn(expr.OpLog, a[0]))
	case "arccot":
		return p.Fn(expr.OpAtan, p.Inv(a[0]))
	case "max", "min":
		op := expr.OpMax
		if m.Op == "min" {
			op = expr.OpMin
		}
		e := a[0]
		for _, x := range a[1:] {
			e = p.Fn(op, e, x)
		}
		return e
	case "rem":
		return p.Fn(expr.OpRem, a[0], a[1])
	case "quotient":
		return p.Fn(expr.OpQuo, a[0], a[1])
	case "factorial":
		if v, ok := p.Value(a[0]); ok {
			return p.Float(math.Gamma(v.Float() + 1))
		}
		if p.FuncByName("factorial") == nil {
			p.DeclareFunc(&expr.Func{Name: "factorial", Arity: 1, Eval: func(x []float64) float64 { return math.Gamma(x[0] + 1) }})
		}
		return p.Call("factorial", a[0])
	}
	panic("mtkc: bug: no meaning for the MathML operator " + m.Op)
}

func (b *builder) xor(x, y expr.ID) expr.ID {
	p := b.pool
	return p.Fn(expr.OpOr, p.Fn(expr.OpAnd, x, p.Fn(expr.OpNot, y)), p.Fn(expr.OpAnd, p.Fn(expr.OpNot, x), y))
}

// relation is a chain of comparisons. Equality of numbers is two of them.
func (b *builder) relation(m *Math, c context) expr.ID {
	p := b.pool
	t := make([]expr.ID, len(m.Args))
	bools := true
	for i, a := range m.Args {
		t[i] = b.term(a, c)
		bools = bools && b.isBool(t[i])
	}
	if !bools || m.Op != "eq" && m.Op != "neq" {
		bools = false
		for i := range t {
			t[i] = b.number(t[i])
		}
	}
	e := expr.True
	for i := 1; i < len(t); i++ {
		x, y := t[i-1], t[i]
		var r expr.ID
		switch m.Op {
		case "lt":
			r = p.Fn(expr.OpLt, x, y)
		case "gt":
			r = p.Fn(expr.OpLt, y, x)
		case "leq":
			r = p.Fn(expr.OpLe, x, y)
		case "geq":
			r = p.Fn(expr.OpLe, y, x)
		default:
			if bools {
				r = p.Fn(expr.OpNot, b.xor(x, y))
			} else {
				r = p.Fn(expr.OpAnd, p.Fn(expr.OpLe, x, y), p.Fn(expr.OpLe, y, x))
			}
			if m.Op == "neq" {
				r = p.Fn(expr.OpNot, r)
			}
		}
		e = p.Fn(expr.OpAnd, e, r)
	}
	return e
}

// piecewise is the first value whose condition holds; without any it has no value.
func (b *builder) piecewise(m *Math, c context) expr.ID {
	p := b.pool
	n := len(m.Args)
	vals := make([]expr.ID, 0, n/2+1)
	bools := true
	for i := 0; i < n; i += 2 {
		v := b.term(m.Args[i], c)
		bools = bools && b.isBool(v)
		vals = append(vals, v)
	}
	e := p.Float(math.NaN())
	k := len(vals)
	if n%2 == 1 {
		k--
		e = vals[k]
	} else if bools {
		e = expr.False
	}
	if !bools {
		e = b.number(e)
	}
	for k--; k >= 0; k-- {
		v := vals[k]
		if !bools {
			v = b.number(v)
		}
		cond := b.condition(m.Args[2*k+1], c)
		if bools {
			e = p.Fn(expr.OpOr, p.Fn(expr.OpAnd, cond, v), p.Fn(expr.OpAnd, p.Fn(expr.OpNot, cond), e))
		} else {
			e = p.If(cond, v, e)
		}
	}
	return e
}

// call expands a function.
func (b *builder) call(m *Math, c context) expr.ID {
	nan := b.pool.Float(math.NaN())
	f, ok := b.functions[m.Name]
	switch {
	case !ok:
		b.fail(m.Pos, "E224", "define it, or correct the name", "there is no function %s", m.Name)
		return nan
	case f.Body == nil || f.Body.Op != "lambda" || len(f.Body.Args) != 1:
		b.fail(m.Pos, "E226", "give the function its mathematics", "the function %s has no body", m.Name)
		return nan
	case len(f.Body.Params) != len(m.Args):
		b.fail(m.Pos, "E222", "correct the call", "%s takes %d arguments, not %d", m.Name, len(f.Body.Params), len(m.Args))
		return nan
	case c.depth > maxCalls:
		b.fail(m.Pos, "E226", "a function may not call itself", "the function %s calls itself", m.Name)
		return nan
	}
	inner := c
	inner.local, inner.depth = make(map[string]expr.ID, len(m.Args)), c.depth+1
	for i, a := range m.Args {
		inner.local[f.Body.Params[i]] = b.term(a, c)
	}
	return b.term(f.Body.Args[0], inner)
}
