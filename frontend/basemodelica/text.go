package basemodelica

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// printer writes terms as text that reads back to the same terms. The pool keeps sums
// and products in the order of its ids, which depends on how the terms were made; the
// text orders them by what they are: by the first variable declared in them, the last
// one, and a hash of the structure. So equal systems give equal texts.
type printer struct {
	sys  *model.System
	pool *expr.Pool
	out  []byte
	err  error

	rank   []int32  // of a symbol: 1 + index of its variable
	lo, hi []int32  // least and greatest rank in a term
	hash   []uint64 // of its structure
	enums  map[string]*model.Enum
	order  []*expr.Func // called functions, in the order of their first call
	seen   map[*expr.Func]bool
	plain  bool // for messages: names without quotes, any order
}

// Precedence levels of the grammar.
const (
	precIf = iota
	precOr
	precAnd
	precNot
	precRel
	precSum
	precProd
	precPow
	precAtom
)

func newPrinter(sys *model.System) *printer {
	w := &printer{sys: sys, pool: sys.Pool, enums: map[string]*model.Enum{}, seen: map[*expr.Func]bool{}}
	n := sys.Pool.Len()
	w.rank = make([]int32, n)
	for i := range sys.Vars {
		if int(sys.Vars[i].Sym) < n {
			w.rank[sys.Vars[i].Sym] = int32(i + 1)
		}
	}
	for i := range sys.Enums {
		w.enums[sys.Enums[i].Name] = &sys.Enums[i]
	}
	w.measure(n)
	return w
}

// formula is a term as text for messages.
func (r *reader) formula(e expr.ID) string {
	w := &printer{sys: r.sys, pool: r.pool, plain: true, seen: map[*expr.Func]bool{}}
	w.term(e, precIf)
	return string(w.out)
}

// measure computes ranks and hashes of all terms; arguments come before the terms that
// hold them.
func (w *printer) measure(n int) {
	p := w.pool
	w.lo, w.hi, w.hash = make([]int32, n), make([]int32, n), make([]uint64, n)
	none := int32(math.MaxInt32)
	for i := range n {
		e := expr.ID(i)
		op := p.Op(e)
		lo, hi := none, int32(-1)
		h := mix(uint64(op) + 1)
		switch op {
		case expr.OpConst:
			v, _ := p.Value(e)
			if a, b, ok := v.Exact(); ok {
				h = mix(h ^ mix(uint64(a)) ^ mix(uint64(b)+77))
			} else {
				h = mix(h ^ math.Float64bits(v.Float()) ^ 0x5555)
			}
		case expr.OpSym:
			h = mix(h ^ uint64(w.rank[i]))
			if w.rank[i] != 0 {
				lo, hi = w.rank[i], w.rank[i]
			}
		case expr.OpTime:
			lo, hi = none-1, none-1
		case expr.OpAdd, expr.OpMul:
			a := p.Args(e)
			k := 0
			if op == expr.OpAdd {
				h ^= mix(w.hash[a[0]])
				k = 1
			}
			var s uint64
			for ; k < len(a); k += 2 {
				s += mix(w.hash[a[k]]*3 ^ mix(w.hash[a[k+1]]))
				lo, hi = min(lo, w.lo[a[k]], w.lo[a[k+1]]), max(hi, w.hi[a[k]], w.hi[a[k+1]])
			}
			h = mix(h ^ s)
		case expr.OpMin, expr.OpMax, expr.OpEq, expr.OpNe: // either order is the same term
			a := p.Args(e)
			h = mix(h ^ (mix(w.hash[a[0]]) + mix(w.hash[a[1]])))
			lo, hi = min(w.lo[a[0]], w.lo[a[1]]), max(w.hi[a[0]], w.hi[a[1]])
		default:
			args := p.Args(e)
			if op == expr.OpCall {
				var f *expr.Func
				f, args = p.Callee(e)
				for k := range len(f.Name) {
					h = mix(h ^ uint64(f.Name[k]))
				}
			}
			for _, x := range args {
				h = mix(h ^ w.hash[x])
				lo, hi = min(lo, w.lo[x]), max(hi, w.hi[x])
			}
		}
		w.lo[i], w.hi[i], w.hash[i] = lo, hi, h
	}
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

func (w *printer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("basemodelica: "+format, args...)
	}
}

func (w *printer) str(s string) { w.out = append(w.out, s...) }

// ident writes a name in quotes.
func (w *printer) ident(s string) {
	w.out = append(w.out, '\'')
	w.escaped(s, '\'')
	w.out = append(w.out, '\'')
}

// text writes a string literal.
func (w *printer) text(s string) {
	w.out = append(w.out, '"')
	w.escaped(s, '"')
	w.out = append(w.out, '"')
}

func (w *printer) escaped(s string, q byte) {
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != q && c != '\\' {
			continue
		}
		w.out = append(w.out, s[start:i]...)
		start = i + 1
		switch c {
		case '\n':
			w.str(`\n`)
		case '\t':
			w.str(`\t`)
		case '\r':
			w.str(`\r`)
		case '\a':
			w.str(`\a`)
		case '\b':
			w.str(`\b`)
		case '\f':
			w.str(`\f`)
		case '\v':
			w.str(`\v`)
		case q, '\\':
			w.out = append(w.out, '\\', c)
		default:
			w.fail("the text %q holds a control character that the format cannot hold", s)
		}
	}
	w.out = append(w.out, s[start:]...)
}

// number writes a number that is not negative. Numbers that a decimal means exactly are
// written as one, other rationals as a quotient.
func (w *printer) number(v expr.Num) {
	n, d, exact := v.Exact()
	if exact && d == 1 {
		if n < 0 {
			w.fail("the integer %d cannot be written", n)
		}
		w.out = strconv.AppendInt(w.out, n, 10)
		return
	}
	if exact && !decimal(v) {
		w.out = strconv.AppendInt(w.out, n, 10)
		w.out = append(w.out, '/')
		w.out = strconv.AppendInt(w.out, d, 10)
		return
	}
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.fail("the number %v cannot be written", f)
		return
	}
	w.out = strconv.AppendFloat(w.out, f, 'g', -1, 64)
}

// decimal reports whether the decimal text of v reads back as v, which is true of all
// floats and of some fractions.
func decimal(v expr.Num) bool { return expr.FloatNum(v.Float()) == v }

// quotient reports whether v is written with a division sign.
func quotient(v expr.Num) bool {
	_, d, exact := v.Exact()
	return exact && d != 1 && !decimal(v)
}

// negative reports whether a number has a sign in text.
func negative(v expr.Num) bool { return v.Sign() < 0 }

// enumOf is the enumeration that a term has values of, nil if none is known.
func (w *printer) enumOf(e expr.ID) *model.Enum {
	p := w.pool
	for range 64 {
		if w.plain {
			return nil
		}
		switch p.Op(e) {
		case expr.OpSym:
			if r := w.rank[e]; r != 0 && w.sys.Vars[r-1].Type == model.EnumType {
				return w.enums[w.sys.Vars[r-1].EnumName]
			}
			return nil
		case expr.OpPre, expr.OpNoEvent:
			e = p.Args(e)[0]
		case expr.OpSmooth:
			e = p.Args(e)[1]
		case expr.OpIf:
			a := p.Args(e)
			if t := w.enumOf(a[1]); t != nil {
				return t
			}
			e = a[2]
		default:
			return nil
		}
	}
	return nil
}

// term writes e as an operand of something that binds with strength prec.
func (w *printer) term(e expr.ID, prec int) { w.typed(e, prec, nil) }

// typed writes e where a value of that enumeration is expected.
func (w *printer) typed(e expr.ID, prec int, enum *model.Enum) {
	if e == expr.None || !w.plain && int(e) >= len(w.hash) {
		w.fail("a term is missing")
		return
	}
	p := w.pool
	op := p.Op(e)
	switch op {
	case expr.OpConst:
		w.constant(e, prec, enum)
		return
	case expr.OpTrue:
		w.str("true")
		return
	case expr.OpFalse:
		w.str("false")
		return
	case expr.OpTime:
		w.str("time")
		return
	case expr.OpSym:
		if w.plain {
			w.str(p.Name(e))
			return
		}
		if w.rank[e] == 0 {
			w.fail("the symbol %s is no variable of the system", p.Name(e))
			return
		}
		w.ident(w.sys.Vars[w.rank[e]-1].Name)
		return
	case expr.OpAdd:
		w.open(prec > precSum)
		w.sum(e)
		w.close(prec > precSum)
		return
	case expr.OpMul:
		w.product(expr.IntNum(1), e, prec)
		return
	}
	a := p.Args(e)
	switch op {
	case expr.OpMin, expr.OpMax, expr.OpEq, expr.OpNe:
		if !w.plain && w.compare(a[1], a[0]) < 0 {
			a = []expr.ID{a[1], a[0]}
		}
	}
	switch op {
	case expr.OpLt, expr.OpLe, expr.OpEq, expr.OpNe:
		t := w.enumOf(a[0])
		if t == nil {
			t = w.enumOf(a[1])
		}
		w.binary(a, prec, precRel, precSum, precSum, op.String(), t)
	case expr.OpAnd:
		w.binary(a, prec, precAnd, precAnd, precNot, "and", nil)
	case expr.OpOr:
		w.binary(a, prec, precOr, precOr, precAnd, "or", nil)
	case expr.OpNot:
		w.open(prec > precNot)
		w.str("not ")
		w.term(a[0], precRel)
		w.close(prec > precNot)
	case expr.OpIf:
		if enum == nil {
			enum = w.enumOf(e)
		}
		w.open(prec > precIf)
		for {
			w.str("if ")
			w.term(a[0], precOr)
			w.str(" then ")
			w.typed(a[1], precOr, enum)
			w.str(" else ")
			if p.Op(a[2]) != expr.OpIf {
				break
			}
			a = p.Args(a[2])
		}
		w.typed(a[2], precOr, enum)
		w.close(prec > precIf)
	case expr.OpCall:
		f, args := p.Callee(e)
		if !w.seen[f] {
			w.seen[f] = true
			w.order = append(w.order, f)
		}
		w.ident(f.Name)
		w.list(args, nil)
	case expr.OpPre, expr.OpNoEvent, expr.OpChange:
		if enum == nil {
			enum = w.enumOf(e)
		}
		w.str(op.String())
		w.list(a, enum)
	case expr.OpSmooth:
		w.str("smooth(")
		w.term(a[0], precIf)
		w.str(", ")
		w.typed(a[1], precIf, enum)
		w.out = append(w.out, ')')
	default:
		w.str(op.String())
		w.list(a, nil)
	}
}

func (w *printer) binary(a []expr.ID, prec, level, left, right int, text string, enum *model.Enum) {
	w.open(prec > level)
	w.typed(a[0], left, enum)
	w.out = append(w.out, ' ')
	w.str(text)
	w.out = append(w.out, ' ')
	w.typed(a[1], right, enum)
	w.close(prec > level)
}

func (w *printer) list(args []expr.ID, enum *model.Enum) {
	w.out = append(w.out, '(')
	for i, x := range args {
		if i > 0 {
			w.str(", ")
		}
		w.typed(x, precIf, enum)
	}
	w.out = append(w.out, ')')
}

func (w *printer) open(yes bool) {
	if yes {
		w.out = append(w.out, '(')
	}
}

func (w *printer) close(yes bool) {
	if yes {
		w.out = append(w.out, ')')
	}
}

func (w *printer) constant(e expr.ID, prec int, enum *model.Enum) {
	v, _ := w.pool.Value(e)
	if enum != nil {
		if k, ok := v.Int(); ok && k >= 1 && int(k) <= len(enum.Values) {
			w.ident(enum.Name)
			w.out = append(w.out, '.')
			w.ident(enum.Values[k-1])
			return
		}
	}
	level := precAtom
	if quotient(v) {
		level = precProd
	}
	if negative(v) {
		level = precSum
	}
	w.open(prec > level)
	if negative(v) {
		w.out = append(w.out, '-')
		v = v.Neg()
	}
	w.number(v)
	w.close(prec > level)
}

// couple is a (coefficient, term) or (base, exponent) pair; key is what orders it.
type couple struct{ a, b, key expr.ID }

// sorted returns the pairs of a sum or product in the order of the text.
func (w *printer) sorted(a []expr.ID, key int, buf []couple) []couple {
	for i := 0; i+1 < len(a); i += 2 {
		buf = append(buf, couple{a[i], a[i+1], a[i+key]})
	}
	if w.plain {
		return buf
	}
	slices.SortFunc(buf, func(x, y couple) int { return w.compare(x.key, y.key) })
	return buf
}

// compare orders terms for the text.
func (w *printer) compare(x, y expr.ID) int {
	return cmp.Or(cmp.Compare(w.lo[x], w.lo[y]), cmp.Compare(w.hi[x], w.hi[y]), cmp.Compare(w.hash[x], w.hash[y]), cmp.Compare(x, y))
}

func (w *printer) sum(e expr.ID) {
	a := w.pool.Args(e)
	var buf [16]couple
	ps := w.sorted(a[1:], 1, buf[:0])
	// Begin with a term that has no minus sign, if there is one.
	for i, t := range ps {
		if k, _ := w.pool.Value(t.a); !negative(k) {
			copy(ps[1:i+1], ps[:i])
			ps[0] = t
			break
		}
	}
	c, _ := w.pool.Value(a[0])
	for i, t := range ps {
		k, _ := w.pool.Value(t.a)
		minus := negative(k)
		if minus {
			k = k.Neg()
		}
		switch {
		case minus && i == 0:
			w.out = append(w.out, '-')
		case minus:
			w.str(" - ")
		case i > 0:
			w.str(" + ")
		}
		w.product(k, t.b, precProd)
	}
	if !c.IsZero() {
		if negative(c) {
			w.str(" - ")
			c = c.Neg()
		} else {
			w.str(" + ")
		}
		w.number(c)
	}
}

// product writes k * e with k >= 0.
func (w *printer) product(k expr.Num, e expr.ID, prec int) {
	p := w.pool
	if p.Op(e) != expr.OpMul {
		if !k.IsOne() {
			w.number(k)
			w.out = append(w.out, '*')
			w.term(e, precPow)
			return
		}
		w.term(e, precProd)
		return
	}
	var buf [8]couple
	fs := w.sorted(p.Args(e), 0, buf[:0])
	up := 0
	for _, f := range fs {
		if v, ok := p.Value(f.b); !ok || !negative(v) {
			up++
		}
	}
	level := precProd
	if len(fs) == 1 && up == 1 && k.IsOne() { // a power binds tighter
		level = precPow
		if v, ok := p.Value(fs[0].b); ok && isHalf(v) {
			level = precAtom
		}
	}
	w.open(prec > level)
	n := 0
	if !k.IsOne() || up == 0 {
		w.number(k)
		n++
	}
	for _, f := range fs {
		v, ok := p.Value(f.b)
		if ok && negative(v) {
			continue
		}
		if n > 0 {
			w.out = append(w.out, '*')
		}
		n++
		if ok {
			w.power(f.a, v)
			continue
		}
		w.term(f.a, precAtom)
		w.out = append(w.out, '^')
		w.term(f.b, precAtom)
	}
	for _, f := range fs {
		if v, ok := p.Value(f.b); ok && negative(v) {
			w.out = append(w.out, '/')
			w.power(f.a, v.Neg())
		}
	}
	w.close(prec > level)
}

func isHalf(v expr.Num) bool {
	n, d, ok := v.Exact()
	return ok && n == 1 && d == 2
}

// power writes b ^ v with v > 0 as a factor.
func (w *printer) power(b expr.ID, v expr.Num) {
	switch {
	case v.IsOne():
		w.term(b, precPow)
	case isHalf(v):
		w.str("sqrt(")
		w.term(b, precIf)
		w.out = append(w.out, ')')
	default:
		w.term(b, precAtom)
		w.out = append(w.out, '^')
		if quotient(v) {
			w.out = append(w.out, '(')
			w.number(v)
			w.out = append(w.out, ')')
		} else {
			w.number(v)
		}
	}
}
