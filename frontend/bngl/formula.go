package bngl

import (
	"math"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// scope says what the names of a formula may mean.
type scope struct {
	running bool               // observables, functions and time, not parameters alone
	what    string             // of what it is the formula, for messages
	args    map[string]expr.ID // arguments of a function
	depth   int                // of functions that are expanded
}

// formula reads an expression of BioNetGen into a term.
type formula struct {
	b    *builder
	src  source
	sc   scope
	pos  int
	deep int
	bad  bool
}

// unary functions of one number.
var unary = map[string]expr.Op{
	"exp": expr.OpExp, "ln": expr.OpLog, "log10": expr.OpLog10, "abs": expr.OpAbs, "sign": expr.OpSign,
	"sin": expr.OpSin, "cos": expr.OpCos, "tan": expr.OpTan, "asin": expr.OpAsin, "acos": expr.OpAcos, "atan": expr.OpAtan,
	"sinh": expr.OpSinh, "cosh": expr.OpCosh, "tanh": expr.OpTanh, "asinh": expr.OpAsinh, "acosh": expr.OpAcosh, "atanh": expr.OpAtanh,
	"floor": expr.OpFloor, "ceil": expr.OpCeil,
}

// builtin are the functions of expressions with how many arguments they take, -1 for any number above 0.
var builtin = map[string]int{"sqrt": 1, "log2": 1, "rint": 1, "if": 3, "min": -1, "max": -1, "sum": -1, "avg": -1, "mratio": 3}

// maxDepth bounds nested parentheses and functions.
const maxDepth = 500

// term reads a formula; what cannot be read is a diagnostic and NaN.
func (b *builder) term(src source, sc scope) expr.ID {
	f := &formula{b: b, src: src, sc: sc}
	e := f.number(f.ternary())
	if f.space(); !f.bad && f.pos < len(src.text) {
		f.fail(f.pos, "E232", "correct the expression", "%q is not expected here", clip([]byte(src.text[f.pos:])))
	}
	if f.bad {
		return b.pool.Float(math.NaN())
	}
	return e
}

// fail notes a mistake at an offset into the text; the rest of the formula is not read.
func (f *formula) fail(off int, code, next, format string, args ...any) {
	if !f.bad {
		at := f.src.at
		at.col += int32(off)
		f.b.fail(at, code, next, format, args...)
	}
	f.bad = true
	f.pos = len(f.src.text)
}

func (f *formula) space() {
	for f.pos < len(f.src.text) && blank(f.src.text[f.pos]) {
		f.pos++
	}
}

// take reads one of the operators, the longer ones first.
func (f *formula) take(ops ...string) string {
	f.space()
	for _, op := range ops {
		if strings.HasPrefix(f.src.text[f.pos:], op) {
			f.pos += len(op)
			return op
		}
	}
	return ""
}

func (f *formula) isBool(e expr.ID) bool {
	p := f.b.pool
	return e == expr.True || e == expr.False || p.Op(e).Info().Bool
}

// number makes 1 and 0 of truth values.
func (f *formula) number(e expr.ID) expr.ID {
	switch {
	case e == expr.True:
		return expr.One
	case e == expr.False:
		return expr.Zero
	case f.isBool(e):
		return f.b.pool.If(e, expr.One, expr.Zero)
	}
	return e
}

// truth makes a condition of a number: every number but 0 is true.
func (f *formula) truth(e expr.ID) expr.ID {
	if f.isBool(e) {
		return e
	}
	if v, ok := f.b.pool.Value(e); ok {
		if v.IsZero() {
			return expr.False
		}
		return expr.True
	}
	return f.b.pool.Fn(expr.OpNe, e, expr.Zero)
}

// The levels of precedence, loosest first: ?:, ||, &&, comparisons, + -, * /, signs, ^.

func (f *formula) ternary() expr.ID {
	if f.deep++; f.deep > maxDepth {
		f.fail(f.pos, "E232", "give parts of it names", "the expression is nested too deeply")
		return expr.Zero
	}
	defer func() { f.deep-- }()
	c := f.or()
	if f.take("?") == "" {
		return c
	}
	a := f.number(f.ternary())
	if f.take(":") == "" {
		f.fail(f.pos, "E232", "write condition ? value : other value", "there is no : behind ?")
		return expr.Zero
	}
	b := f.number(f.ternary())
	return f.b.pool.If(f.truth(c), a, b)
}

func (f *formula) or() expr.ID {
	e := f.and()
	for f.take("||") != "" {
		x := f.and()
		e = f.b.pool.Fn(expr.OpOr, f.truth(e), f.truth(x))
	}
	return e
}

func (f *formula) and() expr.ID {
	e := f.comparison()
	for f.take("&&") != "" {
		x := f.comparison()
		e = f.b.pool.Fn(expr.OpAnd, f.truth(e), f.truth(x))
	}
	return e
}

func (f *formula) comparison() expr.ID {
	p := f.b.pool
	e := f.sum()
	for {
		op := f.take("<=", ">=", "==", "!=", "~=", "<", ">")
		if op == "" {
			return e
		}
		x, y := f.number(e), f.number(f.sum())
		switch op {
		case "<":
			e = p.Fn(expr.OpLt, x, y)
		case ">":
			e = p.Fn(expr.OpLt, y, x)
		case "<=":
			e = p.Fn(expr.OpLe, x, y)
		case ">=":
			e = p.Fn(expr.OpLe, y, x)
		case "==":
			e = p.Fn(expr.OpEq, x, y)
		default:
			e = p.Fn(expr.OpNe, x, y)
		}
	}
}

func (f *formula) sum() expr.ID {
	p := f.b.pool
	e := f.product()
	for {
		op := f.take("+", "-")
		if op == "" {
			return e
		}
		x, y := f.number(e), f.number(f.product())
		if op == "-" {
			e = p.Sub(x, y)
		} else {
			e = p.Add(x, y)
		}
	}
}

func (f *formula) product() expr.ID {
	p := f.b.pool
	e := f.signed()
	for {
		f.space()
		if strings.HasPrefix(f.src.text[f.pos:], "**") {
			return e
		}
		op := f.take("*", "/")
		if op == "" {
			return e
		}
		x, y := f.number(e), f.number(f.signed())
		if op == "/" {
			e = p.Div(x, y)
		} else {
			e = p.Mul(x, y)
		}
	}
}

// signed is a power with signs before it: -2^2 is -4.
func (f *formula) signed() expr.ID {
	if f.deep++; f.deep > maxDepth {
		f.fail(f.pos, "E232", "give parts of it names", "the expression is nested too deeply")
		return expr.Zero
	}
	defer func() { f.deep-- }()
	f.space()
	if strings.HasPrefix(f.src.text[f.pos:], "!=") || strings.HasPrefix(f.src.text[f.pos:], "~=") {
		return f.power()
	}
	switch f.take("+", "-", "!", "~") {
	case "+":
		return f.number(f.signed())
	case "-":
		return f.b.pool.Neg(f.number(f.signed()))
	case "!", "~":
		return f.b.pool.Fn(expr.OpNot, f.truth(f.signed()))
	}
	return f.power()
}

func (f *formula) power() expr.ID {
	e := f.atom()
	if f.take("^", "**") == "" {
		return e
	}
	return f.b.pool.Pow(f.number(e), f.number(f.signed())) // the exponent may have a sign and be a power: 2^-1, 2^3^2 = 2^(3^2)
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// atom is a number, a name, a call or a parenthesis.
func (f *formula) atom() expr.ID {
	f.space()
	t := f.src.text
	if f.pos >= len(t) {
		f.fail(max(len(t)-1, 0), "E232", "complete the expression", "the expression ends too early")
		return expr.Zero
	}
	start := f.pos
	switch c := t[f.pos]; {
	case c == '(':
		f.pos++
		e := f.ternary()
		f.closing(start)
		return e
	case digit(c) || c == '.':
		return f.literal()
	case letter(c):
		for f.pos < len(t) && (letter(t[f.pos]) || digit(t[f.pos])) {
			f.pos++
		}
		name := t[start:f.pos]
		if f.take("(") == "" {
			return f.symbol(name, start)
		}
		return f.call(name, start)
	}
	f.fail(f.pos, "E232", "correct the expression", "%q is not expected here", clip([]byte(t[f.pos:])))
	return expr.Zero
}

func (f *formula) closing(start int) {
	if f.take(")") == "" {
		f.fail(start, "E232", "add the missing )", "the parenthesis is not closed")
	}
}

func (f *formula) literal() expr.ID {
	t, start := f.src.text, f.pos
	digits := func() {
		for f.pos < len(t) && digit(t[f.pos]) {
			f.pos++
		}
	}
	digits()
	whole := true
	if f.pos < len(t) && t[f.pos] == '.' {
		whole = false
		f.pos++
		digits()
	}
	if f.pos < len(t) && (t[f.pos] == 'e' || t[f.pos] == 'E') {
		k := f.pos + 1
		if k < len(t) && (t[k] == '+' || t[k] == '-') {
			k++
		}
		if k < len(t) && digit(t[k]) {
			whole = false
			f.pos = k
			digits()
		}
	}
	if whole {
		if v, err := strconv.ParseInt(t[start:f.pos], 10, 64); err == nil {
			return f.b.pool.Int(v)
		}
	}
	v, err := strconv.ParseFloat(t[start:f.pos], 64)
	if err != nil {
		f.fail(start, "E232", "correct the number", "%q is not a number that can be represented", t[start:f.pos])
	}
	return f.b.pool.Float(v)
}

// symbol is a name without arguments.
func (f *formula) symbol(name string, start int) expr.ID {
	b := f.b
	if e, ok := f.sc.args[name]; ok {
		return e
	}
	if e, ok := b.param[name]; ok {
		return e
	}
	if e, ok := b.group[name]; ok {
		return f.atRun(e, name, start)
	}
	if k, ok := b.function[name]; ok {
		return f.expand(k, nil, name, start)
	}
	switch name {
	case "_pi":
		return b.pool.Float(math.Pi)
	case "_e":
		return b.pool.Float(math.E)
	case "time", "t":
		return f.atRun(expr.Time, "the time", start)
	}
	f.fail(start, "E233", b.near(name), "there is no parameter, group or function %s", name)
	return expr.Zero
}

// atRun refuses what is not known before the run where a constant is wanted.
func (f *formula) atRun(e expr.ID, name string, start int) expr.ID {
	if !f.sc.running {
		f.fail(start, "E233", "use parameters and numbers only, or write a function", "%s depends on %s, which changes in the run", f.sc.what, name)
	}
	return e
}

// expand is the function k with its arguments.
func (f *formula) expand(k int, args []expr.ID, name string, start int) expr.ID {
	b := f.b
	d := &b.n.functions[k]
	if len(args) != len(d.args) {
		f.fail(start, "E232", "correct the call", "%s takes %d arguments, not %d", name, len(d.args), len(args))
		return expr.Zero
	}
	if !f.sc.running {
		return f.atRun(expr.Zero, "the function "+name, start)
	}
	if len(args) == 0 {
		b.uses = append(b.uses, int32(k))
		return b.funcs[k]
	}
	if f.sc.depth > 50 {
		f.fail(start, "E235", "break the cycle", "the function %s depends on itself", name)
		return expr.Zero
	}
	in := scope{running: true, what: name, args: make(map[string]expr.ID, len(args)), depth: f.sc.depth + 1}
	for i, a := range d.args {
		in.args[a] = args[i]
	}
	return b.body(k, in)
}

// call is a function with its arguments, behind the parenthesis.
func (f *formula) call(name string, start int) expr.ID {
	b, p := f.b, f.b.pool
	if name == "tfun" || name == "TFUN" {
		return f.table(name, start)
	}
	var args []expr.ID
	if f.take(")") == "" {
		if _, ok := b.group[name]; ok {
			f.fail(f.pos, "E236", "generate the network with BioNetGen 2.2 or later, which evaluates local functions for each species", "%s of a pattern: observables of single species are not in the file", name)
			return expr.Zero
		}
		for {
			args = append(args, f.ternary())
			if f.take(",") == "" {
				break
			}
		}
		f.closing(start)
	}
	if f.bad {
		return expr.Zero
	}
	for i := range args {
		if !(name == "if" && i == 0) {
			args[i] = f.number(args[i])
		}
	}
	op, one := unary[name]
	want, known := builtin[name]
	if one {
		want, known = 1, true
	}
	switch {
	case known && (want >= 0 && len(args) != want || len(args) == 0):
		f.fail(start, "E232", "correct the call", "%s takes %s, not %d", name, arguments(want), len(args))
		return expr.Zero
	case one:
		return p.Fn(op, args[0])
	}
	switch name {
	case "sqrt":
		return p.Sqrt(args[0])
	case "log2":
		return p.Div(p.Fn(expr.OpLog, args[0]), p.Float(math.Ln2))
	case "rint":
		return p.Fn(expr.OpFloor, p.Add(args[0], p.Float(0.5)))
	case "if":
		return p.If(f.truth(args[0]), args[1], args[2])
	case "min", "max":
		op := expr.OpMin
		if name == "max" {
			op = expr.OpMax
		}
		e := args[0]
		for _, x := range args[1:] {
			e = p.Fn(op, e, x)
		}
		return e
	case "sum":
		return p.Add(args...)
	case "avg":
		return p.Div(p.Add(args...), p.Int(int64(len(args))))
	case "mratio":
		return b.mratio(args)
	case "log":
		f.fail(start, "E236", "write ln or log10", "log means one thing or the other in different versions of BioNetGen")
		return expr.Zero
	}
	if len(args) == 0 {
		return f.symbol(name, start) // f(), and groups that are called like functions
	}
	if k, ok := b.function[name]; ok {
		return f.expand(k, args, name, start)
	}
	f.fail(start, "E233", b.near(name), "there is no function %s", name)
	return expr.Zero
}

func arguments(n int) string {
	switch n {
	case -1:
		return "1 or more arguments"
	case 1:
		return "1 argument"
	}
	return strconv.Itoa(n) + " arguments"
}

// mratio is M(a+1,b+1,z)/M(a,b,z) of Kummer's function M.
func (b *builder) mratio(args []expr.ID) expr.ID {
	if b.pool.FuncByName("mratio") == nil {
		b.pool.DeclareFunc(&expr.Func{Name: "mratio", Arity: 3, Eval: func(x []float64) float64 { return mratio(x[0], x[1], x[2]) }})
	}
	return b.pool.Call("mratio", args...)
}

// mratio evaluates the continued fraction of M(a,b,z)/M(a+1,b+1,z), DLMF 13.5.1, by the algorithm of Lentz as Thompson
// and Barnett modified it (J. Comput. Phys. 64, 1986): 1 + u1*z/(1 + u2*z/(1 + ...)), u(2n+1) = (a-b-n)/((b+2n)*(b+2n+1)),
// u(2n) = (a+n)/((b+2n-1)*(b+2n)).
func mratio(a, b, z float64) float64 {
	const tiny = 1e-300
	f, c, d := 1.0, 1.0, 0.0
	for k := 1; k <= 100_000; k++ {
		n := float64(k / 2)
		u := (a + n) / ((b + 2*n - 1) * (b + 2*n))
		if k%2 == 1 {
			u = (a - b - n) / ((b + 2*n) * (b + 2*n + 1))
		}
		u *= z
		if d = 1 + u*d; d == 0 {
			d = tiny
		}
		if c = 1 + u/c; c == 0 {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		if math.Abs(c*d-1) < 1e-16 || u == 0 {
			return 1 / f
		}
	}
	return math.NaN()
}
