package basemodelica

import (
	"math"
	"strconv"

	"github.com/mtkc/mtkc/expr"
)

// maxDepth bounds the nesting of expressions and equations.
const maxDepth = 1000

// enter guards the recursion; the caller must leave again if it returns true.
func (p *parser) enter() bool {
	p.depth++
	if p.depth <= maxDepth {
		return true
	}
	p.depth--
	p.fail("E153", "name the inner parts as variables of their own", "nesting is deeper than %d levels", maxDepth)
	return false
}

func (p *parser) leave() { p.depth-- }

// expression = simple-expression | if-expression
func (p *parser) expression() ref {
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	if p.cur == kIf {
		return p.ifExpression()
	}
	return p.simple()
}

func (p *parser) bad() ref { return p.t.add(node{kind: nBad, off: int32(p.off)}) }

// ifExpression reads a chain in a loop, so that "else if" may go on for long.
func (p *parser) ifExpression() ref {
	off := p.off
	mark := len(p.stack)
	for {
		p.next() // if, elseif
		c := p.expression()
		p.expect(kThen)
		v := p.expression()
		p.stack = append(p.stack, int32(c), int32(v))
		if p.cur == kElseif {
			continue
		}
		p.expect(kElse)
		if p.cur == kIf {
			continue
		}
		break
	}
	p.stack = append(p.stack, int32(p.expression()))
	return p.pop(nIf, off, mark)
}

// pop makes a list node of what was pushed since mark.
func (p *parser) pop(k kind, off, mark int) ref {
	r := p.t.list(k, off, p.stack[mark:])
	p.stack = p.stack[:mark]
	return r
}

func (p *parser) simple() ref {
	off := p.off
	a := p.or()
	if p.cur != tColon {
		return a
	}
	mark := len(p.stack)
	p.stack = append(p.stack, int32(a))
	for p.cur == tColon && len(p.stack)-mark < 3 {
		p.next()
		p.stack = append(p.stack, int32(p.or()))
	}
	return p.pop(nRange, off, mark)
}

func (p *parser) or() ref {
	a := p.and()
	for p.cur == kOr {
		off := p.off
		p.next()
		b := p.and()
		a = p.t.add(node{kind: nOr, off: int32(off), a: int32(a), b: int32(b)})
	}
	return a
}

func (p *parser) and() ref {
	a := p.not()
	for p.cur == kAnd {
		off := p.off
		p.next()
		b := p.not()
		a = p.t.add(node{kind: nAnd, off: int32(off), a: int32(a), b: int32(b)})
	}
	return a
}

func (p *parser) not() ref {
	if p.cur != kNot {
		return p.relation()
	}
	off := p.off
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	p.next()
	a := p.not()
	return p.t.add(node{kind: nNot, off: int32(off), a: int32(a)})
}

func (p *parser) relation() ref {
	a := p.sum()
	switch p.cur {
	case tLt, tLe, tGt, tGe, tEqEq, tNe:
		op, off := p.cur, p.off
		p.next()
		b := p.sum()
		a = p.t.add(node{kind: nRel, op: op, off: int32(off), a: int32(a), b: int32(b)})
	}
	return a
}

// sum reads a whole chain of + and - into one node, so that long sums stay linear.
func (p *parser) sum() ref {
	off := p.off
	op := tPlus
	switch p.cur {
	case tPlus, tMinus, tDotPlus, tDotMinus:
		op = p.cur
		p.next()
	}
	a := p.product()
	if op == tPlus && (p.cur < tPlus || p.cur > tMinus) && p.cur != tDotPlus && p.cur != tDotMinus {
		return a
	}
	mark := len(p.stack)
	p.stack = append(p.stack, int32(op), int32(a))
	for p.cur == tPlus || p.cur == tMinus || p.cur == tDotPlus || p.cur == tDotMinus {
		op := p.cur
		p.next()
		b := p.product()
		p.stack = append(p.stack, int32(op), int32(b))
	}
	return p.pop(nSum, off, mark)
}

func (p *parser) product() ref {
	off := p.off
	a := p.factor()
	if p.cur != tStar && p.cur != tSlash && p.cur != tDotStar && p.cur != tDotSlash {
		return a
	}
	mark := len(p.stack)
	p.stack = append(p.stack, int32(tStar), int32(a))
	for p.cur == tStar || p.cur == tSlash || p.cur == tDotStar || p.cur == tDotSlash {
		op := p.cur
		p.next()
		b := p.factor()
		p.stack = append(p.stack, int32(op), int32(b))
	}
	return p.pop(nProd, off, mark)
}

func (p *parser) factor() ref {
	a := p.primary()
	if p.cur == tPow || p.cur == tDotPow {
		op, off := p.cur, p.off
		p.next()
		b := p.primary()
		a = p.t.add(node{kind: nPow, op: op, off: int32(off), a: int32(a), b: int32(b)})
		if p.cur == tPow || p.cur == tDotPow {
			p.fail("E152", "write (a^b)^c or a^(b^c)", "a^b^c is ambiguous in Modelica")
		}
	}
	return a
}

// primary reads an operand, and subscripts and members of an expression in parentheses,
// a call or an array.
func (p *parser) primary() ref {
	e := p.operand()
	for p.cur == tLBracket || p.cur == tDot {
		off := p.off
		if p.cur == tLBracket {
			s := p.subscripts()
			e = p.t.add(node{kind: nIndex, off: int32(off), a: int32(e), b: int32(s)})
			continue
		}
		p.next()
		n := p.name()
		e = p.t.add(node{kind: nMember, off: int32(off), a: int32(e), b: n})
	}
	return e
}

func (p *parser) operand() ref {
	off := p.off
	switch p.cur {
	case tNumber:
		return p.number()
	case tString:
		s := p.str
		p.next()
		return p.t.add(node{kind: nStr, off: int32(off), a: s})
	case kTrue, kFalse:
		v := int32(0)
		if p.cur == kTrue {
			v = 1
		}
		p.next()
		return p.t.add(node{kind: nBool, off: int32(off), a: v})
	case kEnd:
		p.next()
		return p.t.add(node{kind: nEnd, off: int32(off)})
	case kDer, kInitial, kPure:
		n := p.internNew(map[tok]string{kDer: "der", kInitial: "initial", kPure: "pure"}[p.cur])
		p.next()
		f := p.t.add(node{kind: nName, off: int32(off), a: n})
		if p.cur != tLParen {
			p.want(tLParen)
			return f
		}
		return p.call(f, off)
	case tIdent, tDot:
		r := p.reference()
		if p.cur == tLParen {
			return p.call(r, off)
		}
		return r
	case tLParen:
		return p.parens()
	case tLBrace:
		if !p.enter() {
			return p.bad()
		}
		defer p.leave()
		p.next()
		mark := len(p.stack)
		if p.cur == tRBrace {
			p.next()
			return p.pop(nArray, off, mark)
		}
		first := p.expression()
		if p.cur == kFor {
			it := p.iterators()
			p.expect(tRBrace)
			return p.t.add(node{kind: nFor, off: int32(off), a: int32(first), b: int32(it)})
		}
		p.stack = append(p.stack, int32(first))
		for p.cur == tComma {
			p.next()
			e := p.expression()
			p.stack = append(p.stack, int32(e))
		}
		p.expect(tRBrace)
		return p.pop(nArray, off, mark)
	case tLBracket:
		if !p.enter() {
			return p.bad()
		}
		defer p.leave()
		mark := len(p.stack)
		for {
			p.next() // [ or ;
			rowOff, row := p.off, len(p.stack)
			for {
				e := p.expression()
				p.stack = append(p.stack, int32(e))
				if p.cur != tComma {
					break
				}
				p.next()
			}
			r := p.pop(nArgs, rowOff, row)
			p.stack = append(p.stack, int32(r))
			if p.cur != tSemi {
				break
			}
		}
		p.expect(tRBracket)
		return p.pop(nMatrix, off, mark)
	}
	p.want2("an expression")
	return p.bad()
}

func (p *parser) parens() ref {
	off := p.off
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	p.next()
	mark := len(p.stack)
	list := false
	for {
		switch p.cur {
		case tComma:
			p.stack = append(p.stack, int32(noRef))
		case tRParen:
			if list || len(p.stack) == mark {
				p.stack = append(p.stack, int32(noRef))
			}
		default:
			e := p.expression()
			p.stack = append(p.stack, int32(e))
		}
		if p.cur != tComma {
			break
		}
		list = true
		p.next()
	}
	p.expect(tRParen)
	if !list && len(p.stack) == mark+1 && p.stack[mark] != int32(noRef) {
		r := ref(p.stack[mark])
		p.stack = p.stack[:mark]
		return r
	}
	return p.pop(nTuple, off, mark)
}

func (p *parser) number() ref {
	off := p.off
	b := p.src[p.off:p.end]
	isInt := true
	var v int64
	for _, c := range b {
		if class[c] != cDigit || v > (math.MaxInt64-9)/10 {
			isInt = false
			break
		}
		v = v*10 + int64(c-'0')
	}
	num := expr.IntNum(v)
	op := tok(1)
	if !isInt {
		if w, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			num = expr.IntNum(w)
		} else {
			f, err := strconv.ParseFloat(string(b), 64)
			if err != nil && math.IsInf(f, 0) {
				p.diags.Add(p.pos(off), "E151", "the largest number is 1.7976931348623157e308", "number %s is too large", b)
			}
			num, op = expr.FloatNum(f), 0
		}
	}
	p.next()
	a := int32(len(p.t.nums))
	p.t.nums = append(p.t.nums, num)
	return p.t.add(node{kind: nNum, op: op, off: int32(off), a: a})
}

// reference = ["."] IDENT [subscripts] {"." IDENT [subscripts]}
func (p *parser) reference() ref {
	off := p.off
	if p.cur == tDot {
		p.next()
	}
	if p.cur != tIdent {
		p.want(tIdent)
		return p.bad()
	}
	name := p.str
	p.next()
	if p.cur != tDot && p.cur != tLBracket {
		return p.t.add(node{kind: nName, off: int32(off), a: name})
	}
	mark := len(p.stack)
	part := off
	for {
		subs := noRef
		if p.cur == tLBracket {
			subs = p.subscripts()
		}
		r := p.t.add(node{kind: nPart, off: int32(part), a: name, b: int32(subs)})
		p.stack = append(p.stack, int32(r))
		if p.cur != tDot {
			break
		}
		p.next()
		if p.cur != tIdent {
			p.want(tIdent)
			break
		}
		part, name = p.off, p.str
		p.next()
	}
	return p.pop(nRef, off, mark)
}

func (p *parser) subscripts() ref {
	off := p.off
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	mark := len(p.stack)
	for {
		p.next() // [ or ,
		if p.cur == tColon {
			r := p.t.add(node{kind: nColon, off: int32(p.off)})
			p.stack = append(p.stack, int32(r))
			p.next()
		} else {
			r := p.expression()
			p.stack = append(p.stack, int32(r))
		}
		if p.cur != tComma {
			break
		}
	}
	p.expect(tRBracket)
	return p.pop(nSubs, off, mark)
}

// iterators = "for" IDENT ["in" expression] {"," ...}
func (p *parser) iterators() ref {
	off := p.off
	mark := len(p.stack)
	for {
		p.next() // for or ,
		at := p.off
		if p.cur != tIdent {
			p.want(tIdent)
			break
		}
		name := p.str
		p.next()
		rng := noRef
		if p.cur == kIn {
			p.next()
			rng = p.expression()
		}
		r := p.t.add(node{kind: nIter, off: int32(at), a: name, b: int32(rng)})
		p.stack = append(p.stack, int32(r))
		if p.cur != tComma {
			break
		}
	}
	return p.pop(nArgs, off, mark)
}

func (p *parser) call(callee ref, off int) ref {
	if !p.enter() {
		return p.bad()
	}
	defer p.leave()
	argsOff := p.off
	p.next()
	mark := len(p.stack)
	named := false
	for p.cur != tRParen && !p.failed {
		if p.cur == kFunction {
			p.fail("E166", "write a function of its own for each use", "function values as arguments are not supported")
			break
		}
		at := p.off
		var r ref
		if p.cur == tIdent && p.peekEq() {
			n := p.str
			p.next()
			p.next()
			v := p.expression()
			r = p.t.add(node{kind: nNamed, off: int32(at), a: n, b: int32(v)})
			named = true
		} else {
			if named {
				p.fail("E160", "put arguments without a name first", "an argument without a name follows a named one")
				break
			}
			r = p.expression()
			if p.cur == kFor && len(p.stack) == mark {
				it := p.iterators()
				r = p.t.add(node{kind: nFor, off: int32(at), a: int32(r), b: int32(it)})
			}
		}
		p.stack = append(p.stack, int32(r))
		if p.cur != tComma {
			break
		}
		p.next()
		if p.cur == tRParen {
			p.want2("an argument")
		}
	}
	p.expect(tRParen)
	args := p.pop(nArgs, argsOff, mark)
	return p.t.add(node{kind: nCall, off: int32(off), a: int32(callee), b: int32(args)})
}

// peekEq reports whether an = follows the name under the cursor.
func (p *parser) peekEq() bool {
	src, i := p.src, p.end
	for i < len(src) && class[src[i]] == cSpace {
		i++
	}
	return i < len(src) && src[i] == '=' && (i+1 >= len(src) || src[i+1] != '=')
}
