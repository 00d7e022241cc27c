package basemodelica

// endsBody reports whether the cursor ends a list of equations or statements.
func (p *parser) endsBody() bool {
	switch p.cur {
	case kEnd, kElse, kElseif, kElsewhen, kEquation, kAlgorithm, kInitial, kPublic, kProtected, kAnnotation, kExternal, tEOF:
		// "initial" may begin an equation only as a call, initial() = ..., which is no
		// sensible equation: it begins a section.
		return true
	}
	return false
}

// strayEnd skips what an error within an if, for or when has left over in a section: its
// other branches and its end.
func (p *parser) strayEnd() bool {
	switch p.cur {
	case kEnd:
		switch p.peekWord() {
		case "if", "for", "when", "while":
		default:
			return false
		}
	case kElse, kElseif, kElsewhen:
	default:
		return false
	}
	if p.errors == 0 {
		p.fail("E152", "remove it, or begin the if, for or when", "%s without its beginning", p.text())
		return true
	}
	if p.cur == kElse { // what follows are equations
		p.lexer.next()
		return true
	}
	for p.cur != tSemi && p.cur != tEOF && p.cur != kThen {
		p.lexer.next()
	}
	if p.cur != tEOF {
		p.lexer.next()
	}
	if p.cur == tBad {
		p.freeze()
	}
	return true
}

// equations reads the equations of a section.
func (p *parser) equations(to []stmt) []stmt {
	for {
		p.sync()
		p.decoration()
		if p.strayEnd() {
			continue
		}
		if p.endsBody() {
			return to
		}
		to = p.equation(to)
		p.expect(tSemi)
	}
}

// body reads the equations of a branch; unlike a section it does not recover, so that
// the end of the branch is not mistaken.
func (p *parser) body(alg bool) []stmt {
	var out []stmt
	for !p.failed {
		p.decoration()
		if p.endsBody() {
			break
		}
		if alg {
			out = p.statement(out)
		} else {
			out = p.equation(out)
		}
		p.expect(tSemi)
	}
	return out
}

func (p *parser) equation(to []stmt) []stmt {
	s := stmt{off: int32(p.off), lhs: noRef, rhs: noRef, desc: -1}
	switch p.cur {
	case kIf:
		s.kind = sIf
		s.sub = p.branches(kIf, kElseif, false)
	case kWhen:
		s.kind = sWhen
		s.sub = p.branches(kWhen, kElsewhen, false)
	case kFor:
		s.kind = sFor
		s.sub = p.forBody(false)
	case kConnect:
		p.fail("E166", "flatten the model first (OpenModelica: -f --baseModelica)", "connect is not part of Base Modelica")
	default:
		s.lhs = p.simple()
		p.decoration()
		switch p.cur {
		case tEq:
			p.next()
			s.rhs = p.expression()
		case tAssign:
			p.want(tSemi)
		default:
			s.kind = sCall
		}
		if s.kind == sEq || s.kind == sCall {
			p.guess(&s)
		}
	}
	s.desc, s.ann = p.comment()
	if p.failed {
		return to
	}
	return append(to, s)
}

// guess recognises guess(x) = value and prioritize(x, n).
func (p *parser) guess(s *stmt) {
	n := p.t.nodes[s.lhs]
	if n.kind != nCall {
		return
	}
	f := p.t.nodes[n.a]
	if f.kind != nName {
		return
	}
	switch p.names[f.a] {
	case "guess":
		if args := p.t.args(ref(n.b)); len(args) == 1 && s.kind == sEq {
			s.kind, s.lhs = sGuess, ref(args[0])
		}
	case "prioritize":
		if s.kind == sCall {
			s.kind = sIgnore
		}
	}
}

// branches parses if ... elseif ... else ... end if, or the same with when, which has no
// else: open and again are the words that begin and continue it.
func (p *parser) branches(open, again tok, alg bool) *compound {
	if !p.enter() {
		return &compound{}
	}
	defer p.leave()
	c := &compound{}
	for {
		c.at = append(c.at, int32(p.off))
		p.next() // open, again
		c.conds = append(c.conds, p.expression())
		p.expect(kThen)
		c.bodies = append(c.bodies, p.body(alg))
		if p.cur != again {
			break
		}
	}
	if open == kIf && p.cur == kElse {
		c.at = append(c.at, int32(p.off))
		p.next()
		c.bodies = append(c.bodies, p.body(alg))
	}
	p.expect(kEnd)
	p.expect(open)
	return c
}

func (p *parser) forBody(alg bool) *compound {
	if !p.enter() {
		return &compound{}
	}
	defer p.leave()
	c := &compound{at: []int32{int32(p.off)}}
	c.iters = p.iterators()
	p.expect(kLoop)
	c.bodies = [][]stmt{p.body(alg)}
	p.expect(kEnd)
	p.expect(kFor)
	return c
}

// statements reads an algorithm section.
func (p *parser) statements() []stmt {
	var out []stmt
	for {
		p.sync()
		p.decoration()
		if p.strayEnd() {
			continue
		}
		if p.endsBody() {
			return out
		}
		out = p.statement(out)
		p.expect(tSemi)
	}
}

func (p *parser) statement(to []stmt) []stmt {
	s := stmt{off: int32(p.off), lhs: noRef, rhs: noRef, desc: -1}
	switch p.cur {
	case kIf:
		s.kind = sIf
		s.sub = p.branches(kIf, kElseif, true)
	case kWhen:
		s.kind = sWhen
		s.sub = p.branches(kWhen, kElsewhen, true)
	case kFor:
		s.kind = sFor
		s.sub = p.forBody(true)
	case kWhile:
		s.kind = sWhile
		if !p.enter() {
			return to
		}
		c := &compound{at: []int32{int32(p.off)}}
		p.next()
		c.conds = []ref{p.expression()}
		p.expect(kLoop)
		c.bodies = [][]stmt{p.body(true)}
		p.expect(kEnd)
		p.expect(kWhile)
		s.sub = c
		p.leave()
	case kBreak:
		s.kind = sBreak
		p.next()
	case kReturn:
		s.kind = sReturn
		p.next()
	default:
		s.lhs = p.simple()
		switch p.cur {
		case tAssign:
			s.kind = sAssign
			p.next()
			s.rhs = p.expression()
		case tEq:
			p.fail("E152", "write ':=' in an algorithm", "'=' is an equation; an algorithm assigns")
		default:
			s.kind = sCall
		}
	}
	s.desc, s.ann = p.comment()
	if p.failed {
		return to
	}
	return append(to, s)
}
