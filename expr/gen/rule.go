package main

import (
	"fmt"
	"strings"
)

// compile translates a derivative rule, an expression in the arguments x, y and z,
// into Go calls of the pool p on the arguments a. ops maps function names to operator
// constants. It cannot use the parser of package expr, which needs the table.
func compile(rule string, ops map[string]string) (code string, err error) {
	c := compiler{src: rule, ops: ops}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	c.next()
	code = c.expression()
	if c.tok != "" {
		c.fail("unexpected %q", c.tok)
	}
	return code, nil
}

type compiler struct {
	src, tok string
	ops      map[string]string
}

func (c *compiler) fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

func (c *compiler) next() {
	c.src = strings.TrimLeft(c.src, " ")
	n := 0
	word := func(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' }
	for n < len(c.src) && word(c.src[n]) {
		n++
	}
	if n == 0 && len(c.src) > 0 {
		n = 1
		if strings.HasPrefix(c.src, "<=") {
			n = 2
		}
	}
	c.tok, c.src = c.src[:n], c.src[n:]
}

func (c *compiler) accept(tok string) bool {
	if c.tok != tok {
		return false
	}
	c.next()
	return true
}

func (c *compiler) want(tok string) {
	if !c.accept(tok) {
		c.fail("%q where %q must stand", c.tok, tok)
	}
}

func (c *compiler) expression() string {
	if c.accept("if") {
		cond := c.relation()
		c.want("then")
		a := c.expression()
		c.want("else")
		return fmt.Sprintf("p.If(%s, %s, %s)", cond, a, c.expression())
	}
	return c.relation()
}

func (c *compiler) relation() string {
	e := c.sum()
	for _, op := range []string{"<", "<="} {
		if c.accept(op) {
			return fmt.Sprintf("p.Fn(%s, %s, %s)", c.ops[op], e, c.sum())
		}
	}
	return e
}

func (c *compiler) sum() string {
	neg := c.accept("-")
	e := c.product()
	if neg {
		e = "p.Neg(" + e + ")"
	}
	for {
		switch {
		case c.accept("+"):
			e = fmt.Sprintf("p.Add(%s, %s)", e, c.product())
		case c.accept("-"):
			e = fmt.Sprintf("p.Sub(%s, %s)", e, c.product())
		default:
			return e
		}
	}
}

func (c *compiler) product() string {
	e := c.power()
	for {
		switch {
		case c.accept("*"):
			e = fmt.Sprintf("p.Mul(%s, %s)", e, c.power())
		case c.accept("/"):
			d := c.power()
			if e == "One" {
				e = fmt.Sprintf("p.Inv(%s)", d)
			} else {
				e = fmt.Sprintf("p.Div(%s, %s)", e, d)
			}
		default:
			return e
		}
	}
}

func (c *compiler) power() string {
	e := c.primary()
	if c.accept("^") {
		e = fmt.Sprintf("p.Pow(%s, %s)", e, c.primary())
	}
	return e
}

func (c *compiler) primary() string {
	tok := c.tok
	c.next()
	switch {
	case tok == "(":
		e := c.expression()
		c.want(")")
		return e
	case tok == "0":
		return "Zero"
	case tok == "1":
		return "One"
	case tok != "" && strings.Trim(tok, "0123456789") == "":
		return "p.Int(" + tok + ")"
	case c.tok != "(":
		if i := strings.Index("xyz", tok); i >= 0 && len(tok) == 1 {
			return fmt.Sprintf("a[%d]", i)
		}
		c.fail("%q is no argument", tok)
	}
	c.want("(")
	args := []string{c.expression()}
	for c.accept(",") {
		args = append(args, c.expression())
	}
	c.want(")")
	if tok == "sqrt" {
		return "p.Sqrt(" + args[0] + ")"
	}
	op, ok := c.ops[tok]
	if !ok {
		c.fail("unknown function %q", tok)
	}
	return fmt.Sprintf("p.Fn(%s, %s)", op, strings.Join(args, ", "))
}
