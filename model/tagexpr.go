package model

import (
	"fmt"
	"strconv"
)

// termMaker makes terms of some kind from the text of struct tags and equations.
type termMaker[T any] interface {
	number(text string) (T, error)
	name(name string) (T, error)
	unary(op byte, x T) T
	binary(op byte, x, y T) T
	call(fn string, args []T) (T, error)
}

// parseTerm parses an arithmetic expression: numbers, names with dots and indices,
// + - * / ^, parentheses and calls.
func parseTerm[T any](text string, m termMaker[T]) (t T, err error) {
	p := &termParser[T]{s: text, m: m}
	defer func() {
		if e := recover(); e != nil {
			pe, ok := e.(termError)
			if !ok {
				panic(e)
			}
			err = pe.error
		}
	}()
	t = p.sum()
	p.space()
	if p.i < len(p.s) {
		p.fail("unexpected %q", p.s[p.i:])
	}
	return t, nil
}

type termError struct{ error }

type termParser[T any] struct {
	s string
	i int
	m termMaker[T]
}

func (p *termParser[T]) fail(format string, args ...any) {
	panic(termError{fmt.Errorf("%q: "+format, append([]any{p.s}, args...)...)})
}

func (p *termParser[T]) space() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t' || p.s[p.i] == '\n' || p.s[p.i] == '\r') {
		p.i++
	}
}

func (p *termParser[T]) peek() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *termParser[T]) sum() T {
	x := p.product()
	for {
		switch op := p.peek(); op {
		case '+', '-':
			p.i++
			x = p.m.binary(op, x, p.product())
		default:
			return x
		}
	}
}

func (p *termParser[T]) product() T {
	x := p.signed()
	for {
		switch op := p.peek(); op {
		case '*', '/':
			p.i++
			x = p.m.binary(op, x, p.signed())
		default:
			return x
		}
	}
}

func (p *termParser[T]) signed() T {
	switch p.peek() {
	case '-':
		p.i++
		return p.m.unary('-', p.signed())
	case '+':
		p.i++
		return p.signed()
	}
	return p.power()
}

func (p *termParser[T]) power() T {
	x := p.primary()
	if p.peek() == '^' {
		p.i++
		return p.m.binary('^', x, p.signed())
	}
	return x
}

func letter(c byte) bool { return c == '_' || c|32 >= 'a' && c|32 <= 'z' || c >= 0x80 }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

func (p *termParser[T]) primary() T {
	c := p.peek()
	start := p.i
	switch {
	case c == '(':
		p.i++
		x := p.sum()
		p.want(')')
		return x
	case digit(c), c == '.':
		for p.i < len(p.s) && (digit(p.s[p.i]) || p.s[p.i] == '.' || p.s[p.i] == '_') {
			p.i++
		}
		if p.i < len(p.s) && p.s[p.i]|32 == 'e' {
			j := p.i + 1
			if j < len(p.s) && (p.s[j] == '+' || p.s[j] == '-') {
				j++
			}
			if j < len(p.s) && digit(p.s[j]) {
				for j < len(p.s) && digit(p.s[j]) {
					j++
				}
				p.i = j
			}
		}
		x, err := p.m.number(p.s[start:p.i])
		if err != nil {
			p.fail("%v", err)
		}
		return x
	case letter(c):
		for p.i < len(p.s) && (letter(p.s[p.i]) || digit(p.s[p.i]) || p.s[p.i] == '.' || p.s[p.i] == '[') {
			if p.s[p.i] == '[' {
				for p.i < len(p.s) && p.s[p.i] != ']' {
					p.i++
				}
				if p.i == len(p.s) {
					p.fail("missing ]")
				}
			}
			p.i++
		}
		name := p.s[start:p.i]
		if p.peek() == '(' {
			p.i++
			var args []T
			for p.peek() != ')' {
				args = append(args, p.sum())
				if p.peek() != ',' {
					break
				}
				p.i++
			}
			p.want(')')
			x, err := p.m.call(name, args)
			if err != nil {
				p.fail("%v", err)
			}
			return x
		}
		x, err := p.m.name(name)
		if err != nil {
			p.fail("%v", err)
		}
		return x
	case c == 0:
		p.fail("the expression ends too early")
	}
	p.fail("unexpected %q", p.s[p.i:])
	panic("unreachable")
}

func (p *termParser[T]) want(c byte) {
	if p.peek() != c {
		p.fail("missing %q", c)
	}
	p.i++
}

// parseNumber reads a decimal number.
func parseNumber(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return v, nil
}
