package expr

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TextOptions changes how Text writes. The zero value gives the text of String.
type TextOptions struct {
	// Symbol writes a symbol; nil writes its name, in quotes where that is needed to
	// read it back.
	Symbol func(sym ID) string
	// Atom may take over any term: it returns the text of a primary (a name, a call,
	// something in parentheses) and true. nil takes over nothing.
	Atom func(e ID) (string, bool)
	// Func writes the name of a declared function; nil as for Symbol.
	Func func(name string) string
	// Op writes the name of a function operator; nil and "" take the operator table's.
	Op func(op Op) string
	// Limit ends the text with "..." after about that many bytes; 0 is no limit. Shared
	// terms are written out at every use, so the text of a DAG can be very long.
	Limit int
}

// String is the term in Modelica-style text, which Parse reads back to the same id.
// Products keep their factors together (a*b/(c*d)), powers with exponent 1/2 are
// sqrt(x), sums lead with a positive term. Relations appear as stored: x > y is
// written y < x. What is nested deeper than Parse reads (50000 levels) is cut to "...".
func (p *Pool) String(e ID) string { return p.Text(e, TextOptions{}) }

// Text is String with other names for symbols and functions.
func (p *Pool) Text(e ID, opt TextOptions) string {
	w := textWriter{p: p, opt: opt}
	w.write(e, precTop)
	if w.over {
		w.WriteString(" ...")
	}
	return w.String()
}

// Binding strengths; an operand below the strength that its place asks for goes in
// parentheses.
const (
	precTop = iota // if
	precOr
	precAnd
	precNot
	precRel
	precSum
	precMul
	precPow
	precPrimary
)

type textWriter struct {
	strings.Builder
	p     *Pool
	opt   TextOptions
	over  bool
	depth int
}

func (w *textWriter) full() bool {
	if w.opt.Limit > 0 && w.Len() > w.opt.Limit {
		w.over = true
	}
	return w.over
}

// write appends e, in parentheses if its operator binds weaker than prec.
func (w *textWriter) write(e ID, prec int) {
	if w.full() {
		return
	}
	if w.depth++; w.depth > maxNesting {
		w.WriteString("...")
	} else {
		w.term(e, prec)
	}
	w.depth--
}

func (w *textWriter) term(e ID, prec int) {
	p := w.p
	if w.opt.Atom != nil {
		if s, ok := w.opt.Atom(e); ok {
			w.WriteString(s)
			return
		}
	}
	op := p.Op(e)
	switch op {
	case OpConst:
		v, _ := p.Value(e)
		s, own := v.text()
		w.paren(own < prec, func() { w.WriteString(s) })
	case OpSym:
		if w.opt.Symbol != nil {
			w.WriteString(w.opt.Symbol(e))
		} else {
			w.WriteString(Quote(p.Name(e)))
		}
	case OpTrue, OpFalse, OpTime:
		w.WriteString(op.String())
	case OpAdd:
		w.sum(e, prec)
	case OpMul:
		w.product(IntNum(1), e, prec)
	case OpLt, OpLe, OpEq, OpNe:
		a := p.Args(e)
		w.paren(precRel < prec, func() {
			w.write(a[0], precSum)
			w.WriteByte(' ')
			w.WriteString(op.String())
			w.WriteByte(' ')
			w.write(a[1], precSum)
		})
	case OpNot:
		w.paren(precNot < prec, func() {
			w.WriteString("not ")
			w.write(p.Args(e)[0], precRel)
		})
	case OpAnd, OpOr:
		own := precAnd
		if op == OpOr {
			own = precOr
		}
		a := p.Args(e)
		w.paren(own < prec, func() {
			w.write(a[0], own)
			w.WriteByte(' ')
			w.WriteString(op.String())
			w.WriteByte(' ')
			w.write(a[1], own+1)
		})
	case OpIf:
		w.paren(precTop < prec, func() {
			w.WriteString("if ")
			for {
				a := p.Args(e)
				w.write(a[0], precOr)
				w.WriteString(" then ")
				w.write(a[1], precOr)
				if w.opt.Atom != nil {
					if _, ok := w.opt.Atom(a[2]); ok {
						w.WriteString(" else ")
						w.write(a[2], precOr)
						return
					}
				}
				if p.Op(a[2]) != OpIf || w.full() {
					w.WriteString(" else ")
					w.write(a[2], precOr)
					return
				}
				w.WriteString(" elseif ")
				e = a[2]
			}
		})
	case OpCall:
		f, a := p.Callee(e)
		if w.opt.Func != nil {
			w.WriteString(w.opt.Func(f.Name))
		} else {
			w.WriteString(quoteFunc(f.Name))
		}
		w.args(a)
	default:
		name := ""
		if w.opt.Op != nil {
			name = w.opt.Op(op)
		}
		if name == "" {
			name = op.String()
		}
		w.WriteString(name)
		w.args(p.Args(e))
	}
}

func (w *textWriter) args(a []ID) {
	w.WriteByte('(')
	for i, x := range a {
		if i > 0 {
			w.WriteString(", ")
		}
		w.write(x, precTop)
	}
	w.WriteByte(')')
}

func (w *textWriter) paren(need bool, body func()) {
	if need {
		w.WriteByte('(')
	}
	body()
	if need {
		w.WriteByte(')')
	}
}

// sum writes a sum: the first positive term first, then the others in order, the
// constant last unless every term is negative.
func (w *textWriter) sum(e ID, prec int) {
	p := w.p
	a := p.Args(e)
	c0, _ := p.Value(a[0])
	if len(a) == 3 && c0.IsZero() {
		k, _ := p.Value(a[1])
		w.product(k, a[2], prec)
		return
	}
	w.paren(precSum < prec, func() {
		for n, i := range p.sumOrder(a) {
			if w.full() {
				return
			}
			k := c0
			if i > 0 {
				k, _ = p.Value(a[i])
			}
			neg := k.negative()
			switch {
			case n == 0 && neg:
				w.WriteByte('-')
			case neg:
				w.WriteString(" - ")
			case n > 0:
				w.WriteString(" + ")
			}
			if neg {
				k = k.Neg()
			}
			if i > 0 {
				w.product(k, a[i+1], precMul)
				continue
			}
			s, own := k.text()
			w.paren(own < precMul, func() { w.WriteString(s) })
		}
	})
}

// sumOrder is the order in which the terms of a sum are written: indices of their
// coefficients in the arguments a, 0 for the constant. The first positive term leads,
// the constant is last unless it alone is positive.
func (p *Pool) sumOrder(a []ID) []int {
	positive := func(i int) bool {
		k, _ := p.Value(a[i])
		return k.Sign() > 0
	}
	out := make([]int, 0, len(a)/2+1)
	lead := -1
	for i := 1; i < len(a) && lead < 0; i += 2 {
		if positive(i) {
			lead = i
		}
	}
	if lead < 0 && positive(0) {
		lead = 0
	}
	if lead >= 0 {
		out = append(out, lead)
	}
	for i := 1; i < len(a); i += 2 {
		if i != lead {
			out = append(out, i)
		}
	}
	if lead != 0 && a[0] != Zero {
		out = append(out, 0)
	}
	return out
}

// quotient splits a term into the factors above and below the line. The exponent of a
// factor is e, or c where e is None.
func (p *Pool) quotient(e ID) (num, den []pair) {
	if p.Op(e) != OpMul {
		return []pair{{key: e, c: IntNum(1), e: None}}, nil
	}
	a := p.Args(e)
	for i := 0; i < len(a); i += 2 {
		switch v, ok := p.Value(a[i+1]); {
		case ok && v.negative():
			den = append(den, pair{key: a[i], c: v.Neg(), e: None})
		case ok:
			num = append(num, pair{key: a[i], c: v, e: None})
		default:
			num = append(num, pair{key: a[i], e: a[i+1]})
		}
	}
	return num, den
}

// product writes k*e, e a product or any other term, as numerator/denominator.
func (w *textWriter) product(k Num, e ID, prec int) {
	p := w.p
	if k.IsOne() && p.Op(e) != OpMul {
		w.write(e, prec)
		return
	}
	num, den := []pair{{key: e, c: IntNum(1), e: None}}, []pair(nil)
	atom := false
	if w.opt.Atom != nil {
		_, atom = w.opt.Atom(e)
	}
	if !atom {
		num, den = p.quotient(e)
	}
	if len(num) == 1 && len(den) == 0 && k.IsOne() {
		w.power(num[0], prec)
		return
	}
	neg := k.negative()
	own := precMul
	if neg {
		k = k.Neg()
		own = precSum
	}
	w.paren(own < prec, func() {
		if neg {
			w.WriteByte('-')
		}
		// k as kn/kd: a quotient unless its decimal text is exact.
		kn, kd := k, int64(1)
		if n, d, ok := k.Exact(); ok && d != 1 && (n == 1 || !k.decimal()) {
			kn, kd = IntNum(n), d
		}
		first := true
		star := func() {
			if !first {
				w.WriteByte('*')
			}
			first = false
		}
		if !kn.IsOne() || len(num) == 0 {
			star()
			s, own := kn.text()
			w.paren(own < precMul, func() { w.WriteString(s) })
		}
		for _, f := range num {
			star()
			w.power(f, precPow)
		}
		if len(den) > 0 && den[0].key == Zero { // a pole stands alone, 0*x would read as 0
			w.WriteString("/0")
			den = den[1:]
		}
		n := len(den)
		if kd != 1 {
			n++
		}
		if n == 0 {
			return
		}
		w.WriteByte('/')
		w.paren(n > 1, func() {
			first = true
			if kd != 1 {
				star()
				w.WriteString(strconv.FormatInt(kd, 10))
			}
			for _, f := range den {
				star()
				w.power(f, precPow)
			}
		})
	})
}

// power writes one factor; f.e is its exponent, or None where the exponent is f.c.
func (w *textWriter) power(f pair, prec int) {
	if w.full() {
		return
	}
	if f.e == None {
		if f.c.IsOne() {
			w.write(f.key, prec)
			return
		}
		if n, d, ok := f.c.Exact(); ok && n == 1 && d == 2 {
			w.WriteString("sqrt(")
			w.write(f.key, precTop)
			w.WriteByte(')')
			return
		}
	}
	w.paren(precPow < prec, func() {
		w.write(f.key, precPrimary)
		w.WriteByte('^')
		if f.e == None {
			s, own := f.c.text()
			w.paren(own < precPrimary, func() { w.WriteString(s) })
			return
		}
		w.write(f.e, precPrimary)
	})
}

// negative reports whether the text of a starts with a minus sign.
func (a Num) negative() bool {
	if a.d != 0 {
		return a.n < 0
	}
	return a.f < 0
}

// decimal reports whether an exact number has an exact text without a quotient.
func (a Num) decimal() bool {
	return a.d == 1 || a.d != 0 && FloatNum(a.Float()) == a
}

// text is the number as Parse reads it back, with its binding strength. Infinity is
// written 1e999, and what is not a number as the difference of two of them.
func (a Num) text() (string, int) {
	f := a.Float()
	prec := precPrimary
	if a.negative() {
		prec = precSum
	}
	switch {
	case a.d == 1:
		return strconv.FormatInt(a.n, 10), prec
	case a.d != 0 && !a.decimal():
		return strconv.FormatInt(a.n, 10) + "/" + strconv.FormatInt(a.d, 10), min(prec, precMul)
	case math.IsNaN(f):
		return "1e999 - 1e999", precSum
	case math.IsInf(f, 1):
		return "1e999", prec
	case math.IsInf(f, -1):
		return "-1e999", prec
	}
	return strconv.FormatFloat(f, 'g', -1, 64), prec
}

// keyword holds the words that cannot be names in expressions.
var keyword = map[string]bool{
	"if": true, "then": true, "elseif": true, "else": true, "end": true,
	"and": true, "or": true, "not": true, "true": true, "false": true, "time": true,
}

// Quote writes a name so that Parse reads it back: as it is where it is a path of
// identifiers with indices (r1.p.v, y[3].T), else in single quotes.
func Quote(name string) string {
	if l := (&lexer{src: name}); name != "" && !keyword[name] {
		if got, quoted, err := l.path(); err == nil && !quoted && l.pos == len(name) && got == name {
			return name
		}
	}
	return quoteAlways(name)
}

func quoteFunc(name string) string {
	if _, taken := functionOps[name]; taken || name == "sqrt" {
		return quoteAlways(name)
	}
	return Quote(name)
}

func quoteAlways(name string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '\'' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	b.WriteByte('\'')
	return b.String()
}

func isIdentStart(r rune) bool { return r == '_' || unicode.IsLetter(r) && r != utf8.RuneError }
func isIdentPart(r rune) bool  { return isIdentStart(r) || unicode.IsDigit(r) }
