package basemodelica

import (
	"github.com/mtkc/mtkc/diag"
)

// parser reads the syntax of a file into classes and a tree of expressions. After a
// syntax error it stands still (cur is tBad) until the next sync.
type parser struct {
	*lexer
	t      tree
	stack  []int32 // children under construction
	depth  int
	failed bool
	failAt int

	classes []*classDef
	consts  []decl // constants of the package
	model   *classDef
	pack    int32
	errors  int
}

// maxErrors ends the reading of a file that is not in this language.
const maxErrors = 25

// fail reports a syntax error at the cursor and freezes the parser.
func (p *parser) fail(code, next, format string, args ...any) {
	if p.failed {
		return
	}
	p.diags.Add(p.pos(p.off), code, next, format, args...)
	p.freeze()
}

func (p *parser) freeze() {
	p.failed = true
	p.failAt = p.off
	p.cur = tBad
	p.errors++
}

func (p *parser) next() {
	if p.failed {
		return
	}
	p.lexer.next()
	if p.cur == tBad { // the lexer has said why
		p.freeze()
	}
}

func (p *parser) expect(k tok) {
	if p.cur == k {
		p.next()
		return
	}
	p.want(k)
}

func (p *parser) want(k tok) {
	p.want2(tokText[k])
}

func (p *parser) want2(what string) {
	if p.failed {
		return
	}
	next := ""
	switch {
	case p.cur == tEq && what == tokText[tSemi]:
		next = "an equation has one '='"
	case p.cur == tAssign:
		next = "':=' belongs to algorithms, '=' to equations"
	case what == tokText[tSemi]:
		next = "every declaration and equation ends with ';'"
	case what == tokText[kThen] && p.cur == tEq || what == "an expression" && p.cur == tEq:
		next = "a comparison is written '=='"
	case p.cur >= kAlgorithm && what == tokText[tIdent]:
		next = "a keyword as a name stands in single quotes"
	default:
		next = "correct the text before this place"
	}
	p.fail("E152", next, "expected %s, found %s", what, p.text())
}

// sync leaves the frozen state behind the next semicolon, or in front of a keyword
// that begins something new.
func (p *parser) sync() {
	if !p.failed {
		return
	}
	p.failed = false
	p.lexer.end = p.failAt
	p.depth = 0
	p.stack = p.stack[:0]
	if p.errors >= maxErrors {
		p.diags.Add(p.pos(p.failAt), "E152", "correct the first errors and try again", "too many syntax errors; the rest of the file is not read")
		p.lexer.end = len(p.src)
		p.lexer.next()
		return
	}
	saved := len(*p.diags)
	for {
		p.lexer.next()
		switch p.cur {
		case tSemi:
			p.lexer.next()
			if p.cur == tBad {
				continue
			}
			*p.diags = (*p.diags)[:saved]
			return
		case kEnd:
			switch p.peekWord() {
			case "if", "for", "when", "while": // the rest of what was broken
				continue
			}
			fallthrough
		case tEOF, kEquation, kAlgorithm, kProtected, kPublic:
			if p.off > p.failAt || p.cur == tEOF {
				*p.diags = (*p.diags)[:saved]
				return
			}
		}
	}
}

// parse reads the whole file.
func (p *parser) parse() {
	p.pack = -1
	p.header()
	p.next()
	p.depth = 0
	if p.cur == kWithin {
		p.next()
		for p.cur == tIdent || p.cur == tDot {
			p.next()
		}
		p.expect(tSemi)
		p.sync()
	}
	p.decoration()
	if p.cur == kPackage {
		p.next()
		p.pack = p.name()
		p.comment()
		p.definitions()
		if p.cur == kEnd {
			p.endName(p.pack)
		} else {
			p.want(kEnd)
		}
		p.sync()
	} else {
		p.definitions()
	}
	if p.cur != tEOF && p.errors < maxErrors {
		p.want2(tokText[tEOF])
	}
}

// header checks the version line //! base 0.1.0.
func (p *parser) header() {
	src := p.src[p.end:]
	if len(src) > 3 && string(src[:3]) == "//!" {
		return
	}
	p.diags.Add(diag.Pos{File: p.file, Line: 1, Col: 1}, "W150", "begin the file with //! base 0.1.0", "the version line is missing")
}

func (p *parser) decoration() {
	for p.cur == tAt {
		p.next()
		p.expect(tNumber)
	}
}

// name reads a single name.
func (p *parser) name() int32 {
	if p.cur != tIdent {
		p.want(tIdent)
		return p.internNew("")
	}
	n := p.str
	p.next()
	return n
}

// dotted reads a.b.c as one name.
func (p *parser) dotted() int32 {
	if p.cur == tDot {
		p.next()
	}
	n := p.name()
	if p.cur != tDot {
		return n
	}
	s := p.names[n]
	for p.cur == tDot {
		p.next()
		s += "." + p.names[p.name()]
	}
	return p.internNew(s)
}

// endName reads "end name" and compares.
func (p *parser) endName(want int32) {
	p.expect(kEnd)
	if p.cur == tIdent && p.str != want && !p.failed {
		p.diags.Add(p.pos(p.off), "E154", "make the two names equal", "end %s does not match %s", p.names[p.str], p.names[want])
	}
	p.name()
	if p.cur == tSemi || p.cur != tEOF {
		p.expect(tSemi)
	}
}

// comment reads a description string and an annotation.
func (p *parser) comment() (desc int32, a *ann) {
	desc = p.description()
	if p.cur == kAnnotation {
		a = p.annotation()
	}
	return desc, a
}

func (p *parser) description() int32 {
	if p.cur != tString {
		return -1
	}
	d := p.str
	p.next()
	for p.cur == tPlus {
		p.next()
		if p.cur != tString {
			p.want(tString)
			break
		}
		d = p.internNew(p.names[d] + p.names[p.str])
		p.next()
	}
	return d
}

// definitions reads types, records, functions, constants and the model.
func (p *parser) definitions() {
	for p.cur != tEOF && p.cur != kEnd {
		p.decoration()
		before := p.off
		switch p.cur {
		case kType:
			p.typeDef()
		case kRecord, kFunction, kPure, kImpure, kOperator:
			p.longClass()
		case kModel:
			m := p.longClass()
			if p.model != nil && !p.failed {
				p.diags.Add(p.pos(int(m.off)), "E155", "keep one model in a file", "a second model %s; the file already holds %s", p.names[m.name], p.names[p.model.name])
			} else {
				p.model = m
			}
		case kConstant, kFinal, kParameter:
			p.consts = p.component(p.consts, false)
		case kAnnotation:
			a := p.annotation()
			if p.model != nil {
				mergeAnn(&p.model.ann, a)
			}
			p.expect(tSemi)
		case kOtherClass, kPackage:
			p.fail("E166", "flatten the model first (OpenModelica: -f --baseModelica)", "%s is not part of Base Modelica", p.text())
		default:
			p.want2("type, record, function, constant or model")
		}
		p.sync()
		if p.off == before && p.cur != tEOF {
			if p.cur == kEnd {
				return
			}
			p.lexer.next()
		}
	}
}

func mergeAnn(dst **ann, a *ann) {
	if a == nil {
		return
	}
	if *dst == nil {
		*dst = a
		return
	}
	if a.experiment != nil {
		(*dst).experiment = a.experiment
	}
	(*dst).own = append((*dst).own, a.own...)
	if a.evaluate != 0 {
		(*dst).evaluate = a.evaluate
	}
}

// typeDef reads type T = enumeration(...) and type T = Real(...).
func (p *parser) typeDef() {
	p.next()
	c := &classDef{kind: kType, off: int32(p.off), desc: -1}
	c.name = p.name()
	p.expect(tEq)
	if p.cur == kEnumeration {
		c.kind = kEnumeration
		p.next()
		p.expect(tLParen)
		for p.cur == tIdent {
			c.enum = append(c.enum, p.name())
			p.comment()
			if p.cur != tComma {
				break
			}
			p.next()
		}
		p.expect(tRParen)
	} else {
		if p.cur == kInput || p.cur == kOutput {
			p.next()
		}
		c.base = p.typeSpec()
		if p.cur == tLParen {
			c.mods = p.modArgs()
		}
	}
	c.desc, c.ann = p.comment()
	p.expect(tSemi)
	if !p.failed {
		p.classes = append(p.classes, c)
	}
}

func (p *parser) typeSpec() typeRef {
	t := typeRef{off: int32(p.off), dims: noRef}
	t.name = p.dotted()
	if p.cur == tLBracket {
		t.dims = p.subscripts()
	}
	return t
}

// longClass reads a record, function or model.
func (p *parser) longClass() *classDef {
	c := &classDef{desc: -1, start: int32(p.off)}
	for p.cur == kPure || p.cur == kImpure || p.cur == kOperator || p.cur == kConstant {
		c.impure = c.impure || p.cur == kImpure
		p.next()
	}
	c.kind = p.cur
	if c.kind != kRecord && c.kind != kFunction && c.kind != kModel {
		p.want2("record, function or model")
		return c
	}
	p.next()
	c.off = int32(p.off)
	c.name = p.name()
	if p.cur == tEq {
		p.fail("E166", "write the class out", "short definitions of a function, record or model are not supported")
		return c
	}
	c.desc = p.description()
	p.composition(c)
	p.expect(kEnd)
	if p.cur == tIdent && p.str != c.name {
		p.diags.Add(p.pos(p.off), "E154", "make the two names equal", "end %s does not match %s", p.names[p.str], p.names[c.name])
	}
	p.name()
	c.end = int32(p.off)
	if p.cur == tSemi {
		c.end = int32(p.end)
	}
	p.expect(tSemi)
	if c.kind != kModel {
		p.classes = append(p.classes, c)
	}
	return c
}

// composition reads the elements and sections of a class up to its end.
func (p *parser) composition(c *classDef) {
	hidden := false
	for {
		p.sync()
		p.decoration()
		switch p.cur {
		case kEnd, tEOF:
			return
		case kPublic:
			hidden = false
			p.next()
		case kProtected:
			hidden = true
			p.next()
		case kInitial:
			p.next()
			switch p.cur {
			case kEquation:
				p.next()
				c.initEqs = p.equations(c.initEqs)
			case kAlgorithm:
				p.next()
				c.initAlg = append(c.initAlg, p.statements())
			default:
				p.want2("'equation' or 'algorithm'")
			}
		case kEquation:
			p.next()
			c.eqs = p.equations(c.eqs)
		case kAlgorithm:
			c.algOff = append(c.algOff, int32(p.off))
			p.next()
			c.algs = append(c.algs, p.statements())
		case kAnnotation:
			mergeAnn(&c.ann, p.annotation())
			p.expect(tSemi)
		case kExternal:
			p.external(c)
		case kParameter:
			if p.peekWord() == "equation" {
				p.next()
				p.next()
				c.paramEq = p.equation(c.paramEq)
				p.expect(tSemi)
				continue
			}
			c.decls = p.component(c.decls, hidden)
		case kOtherClass, kType, kRecord, kFunction, kModel, kPackage:
			p.fail("E166", "flatten the model first (OpenModelica: -f --baseModelica)", "%s inside a class is not part of Base Modelica", p.text())
		default:
			c.decls = p.component(c.decls, hidden)
		}
	}
}

// peekWord returns the unquoted word that follows the cursor.
func (p *parser) peekWord() string {
	i := p.end
	for i < len(p.src) && class[p.src[i]] == cSpace {
		i++
	}
	j := i
	for j < len(p.src) && class[p.src[j]]&(cLetter|cDigit) != 0 {
		j++
	}
	return string(p.src[i:j])
}

// component reads one component clause, which may declare several components.
func (p *parser) component(to []decl, hidden bool) []decl {
	d := decl{hidden: hidden, dims: noRef, binding: noRef, cond: noRef, prefix: tEOF, causal: tEOF, desc: -1}
	for {
		switch p.cur {
		case kFinal:
			d.final = true
		case kFlow, kStream:
		case kParameter, kConstant, kDiscrete:
			d.prefix = p.cur
		case kInput, kOutput:
			d.causal = p.cur
		default:
			goto typ
		}
		p.next()
	}
typ:
	if p.cur != tIdent && p.cur != tDot {
		p.want2("a declaration")
		return to
	}
	d.typ = p.typeSpec()
	for {
		e := d
		p.decoration()
		e.off = int32(p.off)
		e.name = p.name()
		if p.cur == tLBracket {
			e.dims = p.subscripts()
		}
		if p.cur == tLParen {
			e.mods = p.modArgs()
		}
		if p.cur == tEq || p.cur == tAssign {
			p.next()
			e.binding = p.expression()
		}
		if p.cur == kIf {
			p.next()
			e.cond = p.expression()
		}
		e.desc, e.ann = p.comment()
		if p.failed {
			// The name is known: what refers to it must not be reported too.
			e.binding, e.mods = noRef, nil
			return append(to, e)
		}
		to = append(to, e)
		if p.cur != tComma {
			break
		}
		p.next()
	}
	p.expect(tSemi)
	return to
}

// modArgs reads (name(...) = value, ...).
func (p *parser) modArgs() []mod {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	p.expect(tLParen)
	var out []mod
	for p.cur != tRParen && !p.failed {
		m := mod{value: noRef}
		for p.cur == kEach || p.cur == kFinal {
			m.each = m.each || p.cur == kEach
			p.next()
		}
		if p.cur == kOtherClass {
			p.fail("E166", "flatten the model first (OpenModelica: -f --baseModelica)", "%s is not part of Base Modelica", p.text())
			break
		}
		m.off = int32(p.off)
		m.name = p.dotted()
		if p.cur == tLParen {
			m.args = p.modArgs()
		}
		if p.cur == tEq || p.cur == tAssign {
			p.next()
			m.value = p.expression()
		}
		p.description()
		out = append(out, m)
		if p.cur != tComma {
			break
		}
		p.next()
	}
	p.expect(tRParen)
	return out
}

// annotation reads what is known and skips the rest.
func (p *parser) annotation() *ann {
	p.next()
	if p.cur != tLParen {
		p.want(tLParen)
		return nil
	}
	a := &ann{}
	p.next()
	for p.cur != tRParen && !p.failed {
		for p.cur == kEach || p.cur == kFinal {
			p.next()
		}
		off := p.off
		name := p.dotted()
		switch p.names[name] {
		case "experiment":
			if p.cur == tLParen {
				if a.experiment = p.modArgs(); a.experiment == nil {
					a.experiment = []mod{}
				}
			}
		case "__mtkc":
			if p.cur == tLParen {
				a.own = append(a.own, p.modArgs()...)
			}
		case "Evaluate":
			if p.cur == tEq {
				p.next()
				switch p.cur {
				case kTrue:
					a.evaluate = 1
				case kFalse:
					a.evaluate = -1
				}
				p.expression()
			}
		default:
			_ = off
			p.skipArgument()
		}
		if p.cur != tComma {
			break
		}
		p.next()
	}
	p.expect(tRParen)
	return a
}

// skipArgument goes to the comma or parenthesis that ends an argument.
func (p *parser) skipArgument() {
	depth := 0
	for !p.failed && p.cur != tEOF {
		switch p.cur {
		case tLParen, tLBracket, tLBrace:
			depth++
		case tRParen, tRBracket, tRBrace:
			if depth == 0 {
				return
			}
			depth--
		case tComma:
			if depth == 0 {
				return
			}
		}
		p.next()
	}
}

// external reads the implementation of a function elsewhere.
func (p *parser) external(c *classDef) {
	e := &external{lang: -1, name: -1, out: noRef, off: int32(p.off)}
	p.next()
	if p.cur == tString {
		e.lang = p.str
		p.next()
	}
	if p.cur == tIdent {
		at := p.off
		r := p.reference()
		if p.cur == tEq {
			e.out = r
			p.next()
			at = p.off
			r = p.reference()
		}
		if n := p.t.nodes[r]; n.kind == nName {
			e.name = n.a
		}
		if p.cur == tLParen {
			call := p.call(r, at)
			if n := p.t.nodes[call]; n.kind == nCall {
				for _, k := range p.t.args(ref(n.b)) {
					e.args = append(e.args, ref(k))
				}
			}
		}
	}
	if p.cur == kAnnotation {
		p.annotation()
	}
	p.expect(tSemi)
	c.extern = e
}
