package sbml

import (
	"encoding/xml"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/diag"
)

// Math is a formula in content MathML as a tree. It is kept apart from the expressions of
// a system because it is rewritten before names are known: flattening renames, and calls of
// functions are expanded.
type Math struct {
	// Op is the name of the MathML element of an operator or constant; or "cn", a number;
	// "ci", a name; "time", "avogadro", "delay", "rateOf", the csymbols; "call", of the
	// function Name; "draw", of a random number from the distribution Name; "lambda", with arguments Params and one body; "piecewise", whose Args are
	// value, condition, value, condition, ..., and the value otherwise, if there is one.
	Op     string
	Name   string
	Value  float64
	Params []string
	Args   []*Math
	Pos    diag.Pos
}

// symbols of SBML by the last part of their definition URL.
var csymbols = map[string]string{"time": "time", "avogadro": "avogadro", "delay": "delay", "rateOf": "rateOf"}

// distrib is what the definition URLs of distributions hold.
const distrib = "/symbols/distrib/"

// arity is the least and the greatest number of arguments, -1: any.
var arity = map[string][2]int{
	"plus": {0, -1}, "times": {0, -1}, "minus": {1, 2}, "divide": {2, 2}, "power": {2, 2},
	"root": {1, 2}, "log": {1, 2}, "ln": {1, 1}, "exp": {1, 1}, "abs": {1, 1}, "floor": {1, 1}, "ceiling": {1, 1}, "factorial": {1, 1},
	"sin": {1, 1}, "cos": {1, 1}, "tan": {1, 1}, "sec": {1, 1}, "csc": {1, 1}, "cot": {1, 1},
	"sinh": {1, 1}, "cosh": {1, 1}, "tanh": {1, 1}, "sech": {1, 1}, "csch": {1, 1}, "coth": {1, 1},
	"arcsin": {1, 1}, "arccos": {1, 1}, "arctan": {1, 1}, "arcsec": {1, 1}, "arccsc": {1, 1}, "arccot": {1, 1},
	"arcsinh": {1, 1}, "arccosh": {1, 1}, "arctanh": {1, 1}, "arcsech": {1, 1}, "arccsch": {1, 1}, "arccoth": {1, 1},
	"eq": {1, -1}, "neq": {2, 2}, "gt": {1, -1}, "lt": {1, -1}, "geq": {1, -1}, "leq": {1, -1},
	"and": {0, -1}, "or": {0, -1}, "xor": {0, -1}, "not": {1, 1}, "implies": {2, 2},
	"max": {1, -1}, "min": {1, -1}, "rem": {2, 2}, "quotient": {2, 2},
	"delay": {2, 2}, "rateOf": {1, 1},
}

// constants of MathML.
var constants = map[string]bool{"true": true, "false": true, "pi": true, "exponentiale": true, "infinity": true, "notanumber": true}

// mathBody reads the content of a math element: nil if there is none.
func (r *reader) mathBody() *Math {
	var m *Math
	r.children(func(el xml.StartElement) {
		if e := r.mathElement(el); m == nil {
			m = e
		}
	})
	return m
}

// mathElement reads one element of MathML up to its end. What it does not know is a
// diagnostic, and nil.
func (r *reader) mathElement(el xml.StartElement) *Math {
	at := r.pos
	name := el.Name.Local
	switch {
	case name == "cn":
		return r.number(el)
	case name == "ci":
		return &Math{Op: "ci", Name: strings.TrimSpace(r.text()), Pos: at}
	case name == "csymbol":
		m := r.csymbol(el)
		if m != nil && m.applied() {
			r.fail(at, "E222", "apply it to its arguments", "%s stands without arguments", m.title())
			return nil
		}
		return m
	case constants[name]:
		r.skip()
		return &Math{Op: name, Pos: at}
	case name == "apply":
		return r.apply()
	case name == "piecewise":
		return r.piecewise()
	case name == "semantics":
		var m *Math
		r.children(func(el xml.StartElement) {
			if strings.HasPrefix(el.Name.Local, "annotation") || m != nil {
				r.skip()
				return
			}
			m = r.mathElement(el)
		})
		return m
	case name == "lambda":
		m := &Math{Op: "lambda", Pos: at}
		r.children(func(el xml.StartElement) {
			if el.Name.Local == "bvar" {
				r.children(func(xml.StartElement) { m.Params = append(m.Params, strings.TrimSpace(r.text())) })
				return
			}
			if e := r.mathElement(el); e != nil {
				m.Args = append(m.Args, e)
			}
		})
		return m
	}
	r.fail(at, "E222", "write the formula with operators of MathML that SBML has", "the MathML element %s is not supported", name)
	r.skip()
	return nil
}

// number reads cn.
func (r *reader) number(el xml.StartElement) *Math {
	at, kind := r.pos, attr(el, "type")
	var parts []string
	var b strings.Builder
	for {
		switch t := r.token().(type) {
		case xml.CharData:
			b.Write(t)
			continue
		case xml.StartElement: // sep
			r.skip()
			parts = append(parts, strings.TrimSpace(b.String()))
			b.Reset()
			continue
		}
		break
	}
	parts = append(parts, strings.TrimSpace(b.String()))
	var v [2]float64
	ok := len(parts) <= 2
	for i := range min(len(parts), 2) {
		var err error
		if v[i], err = strconv.ParseFloat(parts[i], 64); err != nil {
			switch strings.ToUpper(strings.TrimPrefix(parts[i], "-")) {
			case "INF", "NAN":
			default:
				ok = false
			}
		}
	}
	m := &Math{Op: "cn", Value: v[0], Pos: at}
	switch {
	case kind == "e-notation" && len(parts) == 2:
		if x, err := strconv.ParseFloat(parts[0]+"e"+parts[1], 64); err == nil {
			m.Value = x
		} else {
			m.Value = v[0] * math.Pow(10, v[1])
		}
	case kind == "rational" && len(parts) == 2:
		m.Value = v[0] / v[1]
	case len(parts) == 2:
		ok = false
	}
	if !ok {
		r.fail(at, "E222", "write a number, such as 1.5", "%q is no number", strings.Join(parts, " "))
		return nil
	}
	return m
}

// applied reports whether a csymbol is a function.
func (m *Math) applied() bool { return m.Op == "delay" || m.Op == "rateOf" || m.Op == "draw" }

// title is the name of an operator or csymbol.
func (m *Math) title() string {
	if m.Op == "draw" {
		return m.Name
	}
	return m.Op
}

// csymbol reads a symbol of SBML that stands for a value or a function.
func (r *reader) csymbol(el xml.StartElement) *Math {
	at := r.pos
	url := attr(el, "definitionURL")
	r.text()
	last := url[strings.LastIndexByte(url, '/')+1:]
	if strings.HasSuffix(url, distrib+last) && distributions[last] != nil {
		return &Math{Op: "draw", Name: last, Pos: at}
	}
	op, ok := csymbols[last]
	if !ok {
		r.fail(at, "E222", "SBML has time, avogadro, delay, rateOf and the distributions of the package distrib", "the csymbol %q is not supported", url)
		return nil
	}
	return &Math{Op: op, Pos: at}
}

// piecewise reads the pieces behind each other.
func (r *reader) piecewise() *Math {
	m := &Math{Op: "piecewise", Pos: r.pos}
	var otherwise *Math
	bad := false
	r.children(func(el xml.StartElement) {
		var parts []*Math
		at := r.pos
		r.children(func(el xml.StartElement) {
			e := r.mathElement(el)
			bad = bad || e == nil
			parts = append(parts, e)
		})
		switch {
		case el.Name.Local == "piece" && len(parts) == 2:
			m.Args = append(m.Args, parts...)
		case el.Name.Local == "otherwise" && len(parts) == 1:
			otherwise = parts[0]
		default:
			r.fail(at, "E222", "a piece holds a value and a condition", "a piecewise with a %s of %d parts", el.Name.Local, len(parts))
			bad = true
		}
	})
	if bad {
		return nil
	}
	if otherwise != nil {
		m.Args = append(m.Args, otherwise)
	}
	return m
}

// apply reads an operator with its arguments.
func (r *reader) apply() *Math {
	at := r.pos
	var m, qualifier *Math
	bad := false
	first := true
	r.children(func(el xml.StartElement) {
		name := el.Name.Local
		if first {
			first = false
			switch {
			case name == "ci":
				m = &Math{Op: "call", Name: strings.TrimSpace(r.text()), Pos: at}
			case name == "csymbol":
				if m = r.csymbol(el); m != nil {
					m.Pos = at
					if !m.applied() {
						r.fail(at, "E222", "write it without apply", "%s takes no arguments", m.Op)
						m = nil
					}
				}
			default:
				if _, ok := arity[name]; !ok {
					r.fail(r.pos, "E222", "write the formula with operators of MathML that SBML has", "the MathML operator %s is not supported", name)
				} else {
					m = &Math{Op: name, Pos: at}
				}
				r.skip()
			}
			bad = m == nil
			return
		}
		if name == "degree" || name == "logbase" {
			r.children(func(el xml.StartElement) { qualifier = r.mathElement(el) })
			bad = bad || qualifier == nil
			return
		}
		e := r.mathElement(el)
		if e == nil {
			bad = true
			return
		}
		if m != nil {
			m.Args = append(m.Args, e)
		}
	})
	if bad || m == nil {
		if first {
			r.fail(at, "E222", "an apply begins with an operator", "an apply without an operator")
		}
		return nil
	}
	if qualifier != nil { // in front, as in log_b(x)
		m.Args = append([]*Math{qualifier}, m.Args...)
	}
	n, ok := arity[m.Op]
	if ok && (len(m.Args) < n[0] || n[1] >= 0 && len(m.Args) > n[1]) || m.Op == "draw" && !slices.Contains(distributions[m.Name], len(m.Args)) {
		r.fail(at, "E222", "correct the formula", "%s with %d arguments", m.title(), len(m.Args))
		return nil
	}
	return m
}

// rename returns the formula with other names for symbols and functions; bound names of
// lambdas stay. A formula in which nothing changes is returned itself.
func (m *Math) rename(name func(string) string) *Math {
	if m == nil {
		return nil
	}
	return m.transform(func(e *Math) *Math {
		if e.Op != "ci" && e.Op != "call" {
			return nil
		}
		if to := name(e.Name); to != e.Name {
			c := *e
			c.Name = to
			return &c
		}
		return nil
	}, nil)
}

// transform rebuilds the formula from its leaves up: f gives another node for one whose
// arguments are done, nil keeps it. bound are names that are not offered.
func (m *Math) transform(f func(*Math) *Math, bound []string) *Math {
	if m.Op == "lambda" {
		bound = append(bound[:len(bound):len(bound)], m.Params...)
	}
	var args []*Math
	for i, a := range m.Args {
		b := a.transform(f, bound)
		if b != a && args == nil {
			args = append([]*Math(nil), m.Args...)
		}
		if args != nil {
			args[i] = b
		}
	}
	if args != nil {
		c := *m
		c.Args = args
		m = &c
	}
	if m.Op == "ci" {
		for _, b := range bound {
			if b == m.Name {
				return m
			}
		}
	}
	if e := f(m); e != nil {
		return e
	}
	return m
}

// walk visits every node of the formula.
func (m *Math) walk(f func(*Math)) {
	if m == nil {
		return
	}
	f(m)
	for _, a := range m.Args {
		a.walk(f)
	}
}
