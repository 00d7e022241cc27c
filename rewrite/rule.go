package rewrite

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/mtkc/mtkc/expr"
)

// Rule replaces what its pattern matches by its result. Rules are data: ParseRules
// reads them, and rules.txt explains their language.
type Rule struct {
	Name string
	Text string // the line without the name

	lhs, rhs *pattern
	vars     []string
	conds    []condition
	even     bool // "=>": equal cost is enough
}

//go:embed rules.txt
var standardText string

var standard = sync.OnceValue(func() []Rule {
	rs, err := ParseRules(standardText)
	if err != nil {
		panic("mtkc: bug: rules.txt: " + err.Error())
	}
	return rs
})

// Standard returns the rules of rules.txt. The slice must not be changed.
func Standard() []Rule { return standard() }

type patternKind uint8

const (
	patVar     patternKind = iota
	patTerm                // a number, true or false
	patFn                  // op applied to args
	patScale               // args: number, term
	patPow                 // args: base, exponent
	patFactor              // args: all the rest of a product, one factor
	patSum                 // at the top, and in results
	patProduct             // at the top, and in results
	patNeg                 // in results
)

type pattern struct {
	kind patternKind
	op   expr.Op
	v    int // of a variable
	num  expr.Num
	term expr.ID // True or False, if bool
	bool bool
	args []*pattern
	// ground: every variable is bound by what is matched before.
	ground bool
}

type condition struct {
	pred   string // const, int, even, odd, nonneg, positive, or a comparison
	negate bool
	v      int
	bound  float64
}

// ParseRules reads rules, one in a line; lines that start with # are comments. The
// error names the line.
func ParseRules(text string) ([]Rule, error) {
	var rules []Rule
	names := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		r, err := parseRule(line)
		if err == nil && names[r.Name] {
			err = fmt.Errorf("a second rule %s", r.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		names[r.Name] = true
		rules = append(rules, r)
	}
	return rules, nil
}

func parseRule(line string) (Rule, error) {
	name, text, ok := strings.Cut(line, ":")
	if !ok {
		return Rule{}, fmt.Errorf("no name: write name: pattern -> result")
	}
	r := Rule{Name: strings.TrimSpace(name), Text: strings.TrimSpace(text)}
	body, conds, _ := strings.Cut(r.Text, " if ")
	// The operator if stands behind a parenthesis, the word before conditions does not.
	lhs, rhs, ok := strings.Cut(body, " -> ")
	if !ok {
		if lhs, rhs, ok = strings.Cut(body, " => "); !ok {
			return r, fmt.Errorf("%s: no -> or =>", r.Name)
		}
		r.even = true
	}
	var err error
	if r.lhs, err = r.parse(lhs, true); err != nil {
		return r, fmt.Errorf("%s: %w", r.Name, err)
	}
	n := len(r.vars)
	if err = r.check(r.lhs, true, make([]bool, n)); err != nil {
		return r, fmt.Errorf("%s: %w", r.Name, err)
	}
	if r.rhs, err = r.parse(rhs, false); err != nil {
		return r, fmt.Errorf("%s: %w", r.Name, err)
	}
	if len(r.vars) > n {
		return r, fmt.Errorf("%s: %s is not in the pattern", r.Name, r.vars[n])
	}
	if conds != "" {
		for _, c := range strings.Split(conds, "&&") {
			cond, err := r.condition(strings.TrimSpace(c))
			if err != nil {
				return r, fmt.Errorf("%s: %w", r.Name, err)
			}
			r.conds = append(r.conds, cond)
		}
	}
	return r, nil
}

func (r *Rule) condition(s string) (condition, error) {
	c := condition{}
	if f := strings.Fields(s); len(f) == 3 {
		var err error
		if c.bound, err = strconv.ParseFloat(f[2], 64); err != nil {
			return c, fmt.Errorf("condition %s: %w", s, err)
		}
		switch c.pred = f[1]; c.pred {
		case "<", "<=", ">", ">=", "==", "!=":
		default:
			return c, fmt.Errorf("condition %s: unknown comparison", s)
		}
		c.v = r.known(f[0])
	} else {
		t, neg := strings.CutPrefix(s, "!")
		c.negate = neg
		var arg string
		c.pred, arg, _ = strings.Cut(strings.TrimSuffix(t, ")"), "(")
		switch c.pred {
		case "const", "int", "even", "odd":
		case "nonneg", "positive":
			if neg {
				return c, fmt.Errorf("condition %s: what cannot be shown is not known to be false", s)
			}
		default:
			return c, fmt.Errorf("condition %s: unknown", s)
		}
		c.v = r.known(arg)
	}
	if c.v < 0 {
		return c, fmt.Errorf("condition %s: unknown variable", s)
	}
	return c, nil
}

func (r *Rule) known(name string) int {
	for i, v := range r.vars {
		if v == name {
			return i
		}
	}
	return -1
}

// parse reads a pattern or a result.
func (r *Rule) parse(s string, left bool) (*pattern, error) {
	toks := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
	pos := 0
	var term func() (*pattern, error)
	term = func() (*pattern, error) {
		if pos >= len(toks) {
			return nil, fmt.Errorf("%s ends too early", s)
		}
		t := toks[pos]
		pos++
		switch t {
		case ")":
			return nil, fmt.Errorf("%s: unexpected )", s)
		case "true":
			return &pattern{kind: patTerm, bool: true, term: expr.True}, nil
		case "false":
			return &pattern{kind: patTerm, bool: true, term: expr.False}, nil
		case "(":
		default:
			if v, ok := number(t); ok {
				return &pattern{kind: patTerm, num: v}, nil
			}
			v := r.known(t)
			if v < 0 {
				v = len(r.vars)
				r.vars = append(r.vars, t)
			}
			return &pattern{kind: patVar, v: v}, nil
		}
		if pos >= len(toks) {
			return nil, fmt.Errorf("%s ends too early", s)
		}
		head := toks[pos]
		pos++
		p := &pattern{}
		for pos < len(toks) && toks[pos] != ")" {
			a, err := term()
			if err != nil {
				return nil, err
			}
			p.args = append(p.args, a)
		}
		if pos >= len(toks) {
			return nil, fmt.Errorf("%s: ) is missing", s)
		}
		pos++
		return p, p.setHead(head, left)
	}
	p, err := term()
	if err == nil && pos < len(toks) {
		err = fmt.Errorf("%s: unexpected %s", s, toks[pos])
	}
	return p, err
}

func number(t string) (expr.Num, bool) {
	if n, d, ok := strings.Cut(t, "/"); ok {
		a, err1 := strconv.ParseInt(n, 10, 32)
		b, err2 := strconv.ParseInt(d, 10, 32)
		return expr.RatNum(a, max(b, 1)), err1 == nil && err2 == nil && b > 0
	}
	v, err := strconv.ParseFloat(t, 64)
	return expr.FloatNum(v), err == nil && strings.ContainsAny(t[:1], "0123456789-")
}

// operators by name; arguments are counted by setHead.
var operators = sync.OnceValue(func() map[string]expr.Op {
	m := map[string]expr.Op{}
	for op := expr.OpSin; op < expr.OpCall; op++ {
		m[op.String()] = op
	}
	return m
})

func (p *pattern) setHead(head string, left bool) error {
	arity := 2
	switch head {
	case "*":
		p.kind, arity = patProduct, -1
	case "+":
		p.kind, arity = patSum, -1
	case "pow":
		p.kind = patPow
	case "scale":
		p.kind = patScale
	case "neg":
		arity = 1
		p.kind = patNeg
		if left && len(p.args) == 1 {
			p.kind = patScale
			p.args = []*pattern{{kind: patTerm, num: expr.IntNum(-1)}, p.args[0]}
			return nil
		}
	default:
		op, ok := operators()[head]
		if !ok {
			return fmt.Errorf("unknown operator %s", head)
		}
		p.kind, p.op, arity = patFn, op, op.Info().Arity
	}
	if arity >= 0 && len(p.args) != arity {
		return fmt.Errorf("%s takes %d arguments, not %d", head, arity, len(p.args))
	}
	return nil
}

// check resolves products below the top and marks what is ground.
func (r *Rule) check(p *pattern, top bool, bound []bool) error {
	switch p.kind {
	case patVar:
		p.ground = bound[p.v]
		bound[p.v] = true
		return nil
	case patTerm:
		p.ground = true
		return nil
	case patSum, patProduct:
		if top {
			for _, a := range p.args {
				if r.groundIn(a, bound) {
					// Looked up, not matched: a result in the variables bound before.
					markGround(a)
					continue
				}
				if a.kind == patProduct && p.kind == patSum {
					if err := r.factor(a, bound); err != nil {
						return err
					}
					continue
				}
				if a.kind == patVar {
					return fmt.Errorf("a variable that nothing binds matches every term")
				}
				if err := r.check(a, false, bound); err != nil {
					return err
				}
			}
			return nil
		}
		if p.kind == patSum {
			return fmt.Errorf("a sum inside a pattern")
		}
		return r.factor(p, bound)
	}
	for _, a := range p.args {
		if err := r.check(a, false, bound); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) factor(p *pattern, bound []bool) error {
	if len(p.args) != 2 || p.args[0].kind != patVar || p.args[1].kind == patVar {
		return fmt.Errorf("a product inside a pattern must be (* k P)")
	}
	p.kind = patFactor
	if err := r.check(p.args[1], false, bound); err != nil {
		return err
	}
	return r.check(p.args[0], false, bound)
}

func (r *Rule) groundIn(p *pattern, bound []bool) bool {
	if p.kind == patVar {
		return bound[p.v]
	}
	for _, a := range p.args {
		if !r.groundIn(a, bound) {
			return false
		}
	}
	return true
}

func markGround(p *pattern) {
	p.ground = true
	for _, a := range p.args {
		markGround(a)
	}
}
