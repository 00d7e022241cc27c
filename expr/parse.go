package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseOptions says what names mean. The zero value makes a symbol of every name
// and knows the functions of the operator table and the pool's declared functions.
type ParseOptions struct {
	// Symbol resolves a name: a path such as r1.p.v or y[3].T with indices written
	// without spaces, or what stands between single quotes. Its error is reported at
	// the column of the name. nil takes p.Sym(name).
	Symbol func(name string) (ID, error)
	// Func resolves a call before the operator table is asked; it returns false for a
	// function that it does not know.
	Func func(name string, args []ID) (ID, bool, error)
}

// SyntaxError says where a text is not an expression. Col counts characters from 1,
// Offset bytes from 0.
type SyntaxError struct {
	Col    int
	Offset int
	Msg    string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Col, e.Msg) }

// maxNesting bounds the depth of parentheses and calls, so that no text can exhaust
// the stack.
const maxNesting = 50000

// Parse reads an expression in Modelica syntax: numbers, names, the functions of the
// operator table, sqrt, declared functions, + - * / ^, relations, and, or, not,
// if-elseif-else, time, true, false, der, pre. As in Modelica, ^ does not chain
// (a^b^c is an error) and a sign binds weaker than * and /. Beyond Modelica a sign
// may follow *, / and ^ directly.
//
// The error is a *SyntaxError, or one that wraps what opt.Symbol returned.
func (p *Pool) Parse(text string, opt ParseOptions) (ID, error) {
	ps := parser{p: p, opt: opt, lexer: lexer{src: text}}
	ps.next()
	e := ps.expression()
	if ps.err == nil && ps.tok != tokEnd {
		ps.fail("%s does not belong here", ps.describe())
	}
	if ps.err != nil {
		return None, ps.err
	}
	return e, nil
}

// MustParse is Parse with default names for text that is known to be right; it
// panics on an error.
func (p *Pool) MustParse(text string) ID {
	e, err := p.Parse(text, ParseOptions{})
	if err != nil {
		panic(fmt.Sprintf("mtkc: bug: %q: %v", text, err))
	}
	return e
}

type token uint8

const (
	tokEnd    token = iota
	tokNumber       // value in num
	tokName         // path in text
	tokQuoted       // quoted name, unquoted in text
	tokWord         // keyword in text
	tokOp           // operator or punctuation in text
)

type lexer struct {
	src   string
	pos   int
	start int // of the token
	tok   token
	text  string
	num   Num
	err   error
}

func (l *lexer) failAt(off int, format string, args ...any) {
	if l.err == nil {
		l.err = &SyntaxError{Col: utf8.RuneCountInString(l.src[:off]) + 1, Offset: off, Msg: fmt.Sprintf(format, args...)}
	}
	l.tok = tokEnd
	l.pos = len(l.src)
}

func (l *lexer) fail(format string, args ...any) { l.failAt(l.start, format, args...) }

func (l *lexer) describe() string {
	if l.tok == tokEnd {
		return "the end of the text"
	}
	return strconv.Quote(l.src[l.start:l.pos])
}

func (l *lexer) next() {
	for l.pos < len(l.src) {
		switch l.src[l.pos] {
		case ' ', '\t', '\n', '\r':
			l.pos++
			continue
		}
		break
	}
	l.start = l.pos
	if l.pos >= len(l.src) || l.err != nil {
		l.tok = tokEnd
		return
	}
	c := l.src[l.pos]
	r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
	switch {
	case c >= '0' && c <= '9', c == '.' && l.pos+1 < len(l.src) && isDigit(l.src[l.pos+1]):
		l.number()
	case isIdentStart(r), c == '\'':
		name, quoted, err := l.path()
		if err != nil {
			se := err.(*SyntaxError)
			l.failAt(se.Offset, "%s", se.Msg)
			return
		}
		l.text = name
		switch {
		case quoted:
			l.tok = tokQuoted
		case keyword[name]:
			l.tok = tokWord
		default:
			l.tok = tokName
		}
	default:
		l.tok = tokOp
		for _, s := range [...]string{"<=", ">=", "==", "<>"} {
			if strings.HasPrefix(l.src[l.pos:], s) {
				l.text = s
				l.pos += 2
				return
			}
		}
		if strings.IndexByte("+-*/^()<>,", c) < 0 {
			l.fail("unexpected character %q", r)
			return
		}
		l.text = l.src[l.pos : l.pos+1]
		l.pos++
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) number() {
	l.tok = tokNumber
	digits := func() {
		for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
			l.pos++
		}
	}
	digits()
	integer := true
	if l.pos < len(l.src) && l.src[l.pos] == '.' {
		integer = false
		l.pos++
		digits()
	}
	if l.pos < len(l.src) && (l.src[l.pos] == 'e' || l.src[l.pos] == 'E') {
		at := l.pos + 1
		if at < len(l.src) && (l.src[at] == '+' || l.src[at] == '-') {
			at++
		}
		if at >= len(l.src) || !isDigit(l.src[at]) {
			l.pos = at
			l.fail("the exponent of %s has no digits", l.src[l.start:l.pos])
			return
		}
		integer = false
		l.pos = at
		digits()
	}
	s := l.src[l.start:l.pos]
	if integer {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			l.num = IntNum(v)
			return
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && s != "1e999" {
		l.fail("%s is beyond the range of numbers", s)
		return
	}
	if s == "1e999" {
		v = math.Inf(1)
	}
	l.num = FloatNum(v)
}

// path reads name(.name)* with indices. A lone quoted name loses its quotes.
func (l *lexer) path() (name string, quoted bool, err error) {
	fail := func(off int, format string, args ...any) (string, bool, error) {
		return "", false, &SyntaxError{
			Col: utf8.RuneCountInString(l.src[:off]) + 1, Offset: off, Msg: fmt.Sprintf(format, args...),
		}
	}
	begin := l.pos
	plain := true // no spaces or zeros to remove: the name is a part of src
	var b strings.Builder
	for n := 0; ; n++ {
		from := l.pos
		r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
		switch {
		case l.pos < len(l.src) && l.src[l.pos] == '\'':
			var q strings.Builder
			l.pos++
			for {
				if l.pos >= len(l.src) {
					return fail(from, "a quote that does not end")
				}
				c := l.src[l.pos]
				l.pos++
				if c == '\'' {
					break
				}
				if c == '\\' && l.pos < len(l.src) {
					c = l.src[l.pos]
					l.pos++
				}
				q.WriteByte(c)
			}
			if n == 0 && (l.pos >= len(l.src) || l.src[l.pos] != '.' && l.src[l.pos] != '[') {
				return q.String(), true, nil
			}
		case l.pos < len(l.src) && isIdentStart(r):
			for l.pos < len(l.src) {
				r, size := utf8.DecodeRuneInString(l.src[l.pos:])
				if !isIdentPart(r) {
					break
				}
				l.pos += size
			}
			if keyword[l.src[from:l.pos]] && (n > 0 || l.pos < len(l.src) && l.src[l.pos] == '.') {
				return fail(from, "%s is a keyword: write '%[1]s' in quotes", l.src[from:l.pos])
			}
		default:
			return fail(l.pos, "a name must follow the dot")
		}
		b.WriteString(l.src[from:l.pos])
		if l.pos < len(l.src) && l.src[l.pos] == '[' {
			text, tidy, off, msg := l.index()
			if msg != "" {
				return fail(off, "%s", msg)
			}
			plain = plain && tidy
			b.WriteString(text)
		}
		if l.pos >= len(l.src) || l.src[l.pos] != '.' {
			break
		}
		b.WriteByte('.')
		l.pos++
	}
	if plain {
		return l.src[begin:l.pos], false, nil
	}
	return b.String(), false, nil
}

// index reads [i, j, ...] with integers.
func (l *lexer) index() (text string, tidy bool, off int, msg string) {
	from := l.pos
	out := []byte{'['}
	l.pos++
	for {
		l.blanks()
		at := l.pos
		for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
			l.pos++
		}
		if at == l.pos {
			return "", false, l.pos, "an index must be an integer"
		}
		digits := strings.TrimLeft(l.src[at:l.pos], "0")
		if digits == "" {
			digits = "0"
		}
		out = append(out, digits...)
		l.blanks()
		if l.pos >= len(l.src) {
			return "", false, from, "a bracket that does not end"
		}
		c := l.src[l.pos]
		if c != ',' && c != ']' {
			return "", false, l.pos, "an index must be an integer"
		}
		l.pos++
		out = append(out, c)
		if c == ']' {
			break
		}
	}
	return string(out), string(out) == l.src[from:l.pos], 0, ""
}

func (l *lexer) blanks() {
	for l.pos < len(l.src) && (l.src[l.pos] == ' ' || l.src[l.pos] == '\t') {
		l.pos++
	}
}

type parser struct {
	lexer
	p     *Pool
	opt   ParseOptions
	depth int
}

func (ps *parser) isOp(s string) bool   { return ps.tok == tokOp && ps.text == s }
func (ps *parser) isWord(s string) bool { return ps.tok == tokWord && ps.text == s }

func (ps *parser) expect(word string) {
	if ps.err != nil {
		return
	}
	if !ps.isOp(word) && !ps.isWord(word) {
		ps.fail("found %s where %q must stand", ps.describe(), word)
		return
	}
	ps.next()
}

func (ps *parser) expression() ID {
	if !ps.isWord("if") {
		return ps.or()
	}
	// Branches of a chain are collected first: an if-elseif chain is no nesting.
	type branch struct{ cond, val ID }
	var bs []branch
	for {
		ps.next()
		off := ps.start
		c := ps.or()
		ps.wantBool(c, off, "the condition")
		ps.expect("then")
		v := ps.nested(ps.expression)
		bs = append(bs, branch{c, v})
		if !ps.isWord("elseif") || ps.err != nil {
			break
		}
	}
	ps.expect("else")
	e := ps.nested(ps.expression)
	if ps.err != nil {
		return None
	}
	for i := len(bs) - 1; i >= 0; i-- {
		e = ps.p.If(bs[i].cond, bs[i].val, e)
	}
	return e
}

// nested guards the stack.
func (ps *parser) nested(f func() ID) ID {
	if ps.depth++; ps.depth > maxNesting {
		ps.fail("nested deeper than %d levels", maxNesting)
		return None
	}
	e := f()
	ps.depth--
	return e
}

// wantBool refuses numbers where a Boolean must stand. Symbols, calls and
// conditional expressions pass: their types are not known here.
func (ps *parser) wantBool(e ID, off int, what string) {
	if ps.err != nil {
		return
	}
	switch op := ps.p.Op(e); op {
	case OpConst, OpTime, OpAdd, OpMul:
		ps.failAt(off, "%s must be true or false, but this is a number", what)
	}
}

func (ps *parser) or() ID {
	off := ps.start
	e := ps.and()
	for ps.isWord("or") && ps.err == nil {
		ps.wantBool(e, off, "an operand of or")
		ps.next()
		off2 := ps.start
		f := ps.and()
		ps.wantBool(f, off2, "an operand of or")
		if ps.err == nil {
			e = ps.p.Fn(OpOr, e, f)
		}
	}
	return e
}

func (ps *parser) and() ID {
	off := ps.start
	e := ps.not()
	for ps.isWord("and") && ps.err == nil {
		ps.wantBool(e, off, "an operand of and")
		ps.next()
		off2 := ps.start
		f := ps.not()
		ps.wantBool(f, off2, "an operand of and")
		if ps.err == nil {
			e = ps.p.Fn(OpAnd, e, f)
		}
	}
	return e
}

func (ps *parser) not() ID {
	if !ps.isWord("not") {
		return ps.relation()
	}
	ps.next()
	off := ps.start
	e := ps.relation()
	ps.wantBool(e, off, "the operand of not")
	if ps.err != nil {
		return None
	}
	return ps.p.Fn(OpNot, e)
}

func (ps *parser) relation() ID {
	e := ps.sum()
	if ps.tok != tokOp || ps.err != nil {
		return e
	}
	op, swap := OpLt, false
	switch ps.text {
	case "<":
	case "<=":
		op = OpLe
	case ">":
		swap = true
	case ">=":
		op, swap = OpLe, true
	case "==":
		op = OpEq
	case "<>":
		op = OpNe
	default:
		return e
	}
	ps.next()
	f := ps.sum()
	if ps.err != nil {
		return None
	}
	if ps.tok == tokOp {
		switch ps.text {
		case "<", "<=", ">", ">=", "==", "<>":
			ps.fail("relations do not chain: write a < b and b < c")
			return None
		}
	}
	if swap {
		e, f = f, e
	}
	return ps.p.Fn(op, e, f)
}

func (ps *parser) sum() ID {
	sign := IntNum(1)
	if ps.isOp("-") {
		sign = IntNum(-1)
		ps.next()
	} else if ps.isOp("+") {
		ps.next()
	}
	off := ps.start
	t := ps.product()
	if sign.IsOne() && !ps.isOp("+") && !ps.isOp("-") || ps.err != nil {
		return t
	}
	acc := ps.p.newSum(IntNum(0))
	for {
		ps.wantNumber(t, off)
		if ps.err != nil {
			return None
		}
		acc.add(sign, t)
		switch {
		case ps.isOp("+"):
			sign = IntNum(1)
		case ps.isOp("-"):
			sign = IntNum(-1)
		default:
			return acc.done()
		}
		ps.next()
		if ps.isOp("+") || ps.isOp("-") {
			ps.fail("two signs in a row: write a - (-b)")
			return None
		}
		off = ps.start
		t = ps.product()
	}
}

// wantNumber refuses truth values where a number must stand.
func (ps *parser) wantNumber(e ID, off int) {
	if ps.err != nil {
		return
	}
	if op := ps.p.Op(e); op.Info().Bool {
		ps.failAt(off, "a number must stand here, but this is true or false: write if ... then 1 else 0")
	}
}

func (ps *parser) product() ID {
	off := ps.start
	e := ps.signed()
	if !ps.isOp("*") && !ps.isOp("/") || ps.err != nil {
		return e
	}
	acc := ps.p.newProduct(IntNum(1))
	ps.wantNumber(e, off)
	if ps.err == nil {
		acc.mul(e, One)
	}
	for (ps.isOp("*") || ps.isOp("/")) && ps.err == nil {
		x := One
		if ps.text == "/" {
			x = MinusOne
		}
		ps.next()
		off := ps.start
		f := ps.signed()
		ps.wantNumber(f, off)
		if ps.err == nil {
			acc.mul(f, x)
		}
	}
	if ps.err != nil {
		return None
	}
	return acc.done()
}

// signed reads a factor, in which a sign may stand after *, / and ^.
func (ps *parser) signed() ID {
	if ps.isOp("-") {
		ps.next()
		off := ps.start
		e := ps.nested(ps.signed)
		ps.wantNumber(e, off)
		if ps.err != nil {
			return None
		}
		return ps.p.Neg(e)
	}
	return ps.factor()
}

func (ps *parser) factor() ID {
	off := ps.start
	b := ps.primary()
	if !ps.isOp("^") || ps.err != nil {
		return b
	}
	ps.wantNumber(b, off)
	ps.next()
	neg := ps.isOp("-")
	if neg {
		ps.next()
	}
	off = ps.start
	x := ps.primary()
	ps.wantNumber(x, off)
	if ps.isOp("^") {
		ps.fail("powers do not chain: write (a^b)^c or a^(b^c)")
	}
	if ps.err != nil {
		return None
	}
	if neg {
		x = ps.p.Neg(x)
	}
	return ps.p.Pow(b, x)
}

func (ps *parser) primary() ID {
	if ps.err != nil {
		return None
	}
	switch ps.tok {
	case tokNumber:
		v := ps.num
		ps.next()
		return ps.p.Num(v)
	case tokWord:
		switch ps.text {
		case "true":
			ps.next()
			return True
		case "false":
			ps.next()
			return False
		case "time":
			ps.next()
			return Time
		}
	case tokName, tokQuoted:
		return ps.nameOrCall()
	case tokOp:
		if ps.text == "(" {
			ps.next()
			e := ps.nested(ps.expression)
			ps.expect(")")
			return e
		}
	}
	ps.fail("found %s where an operand must stand", ps.describe())
	return None
}

func (ps *parser) nameOrCall() ID {
	name, off, quoted := ps.text, ps.start, ps.tok == tokQuoted
	ps.next()
	if !ps.isOp("(") || ps.err != nil {
		if ps.err != nil {
			return None
		}
		if ps.opt.Symbol == nil {
			return ps.p.Sym(name)
		}
		e, err := ps.opt.Symbol(name)
		if err != nil {
			ps.failAt(off, "%v", err)
			return None
		}
		return e
	}
	ps.next()
	var args []ID
	for !ps.isOp(")") && ps.err == nil {
		args = append(args, ps.nested(ps.expression))
		if !ps.isOp(",") {
			break
		}
		ps.next()
		if ps.isOp(")") {
			ps.fail("an argument must follow the comma")
		}
	}
	ps.expect(")")
	if ps.err != nil {
		return None
	}
	return ps.call(name, quoted, args, off)
}

func (ps *parser) call(name string, quoted bool, args []ID, off int) ID {
	p := ps.p
	if ps.opt.Func != nil {
		e, known, err := ps.opt.Func(name, args)
		if err != nil {
			ps.failAt(off, "%v", err)
			return None
		}
		if known {
			return e
		}
	}
	arity := func(want int) bool {
		if want >= 0 && len(args) != want {
			s := "s"
			if want == 1 {
				s = ""
			}
			ps.failAt(off, "%s takes %d argument%s, not %d", name, want, s, len(args))
			return false
		}
		return true
	}
	if !quoted {
		if name == "sqrt" {
			if !arity(1) {
				return None
			}
			return p.Sqrt(args[0])
		}
		if op, ok := functionOps[name]; ok {
			if (op == OpMin || op == OpMax) && len(args) > 2 {
				e := args[0]
				for _, a := range args[1:] {
					e = p.Fn(op, e, a)
				}
				return e
			}
			if !arity(op.Info().Arity) {
				return None
			}
			return p.Fn(op, args...)
		}
	}
	if f := p.FuncByName(name); f != nil {
		if !arity(f.Arity) {
			return None
		}
		return p.Call(name, args...)
	}
	ps.failAt(off, "unknown function %s", name)
	return None
}
