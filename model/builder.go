package model

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// This file builds a System at run time, for programs that make their own models and
// for front ends. Mistakes, such as a name declared twice, do not stop the
// construction: they are collected with the position of the Go statement, see
// Diagnostics.

// New returns an empty system to build on.
func New(name string) *System { return NewSystem(name) }

// VarOption sets an attribute of a variable under construction. Values are an
// expr.Expr of the same system, a float64 or an int.
type VarOption func(s *System, v *Variable)

// Init fixes the value at the start.
func Init(value any) VarOption {
	return func(s *System, v *Variable) { v.Start, v.Fixed = s.term(value), FixedTrue }
}

// WithGuess gives the value from which the search for the start value begins. For a
// parameter without a value it makes the value an unknown of the initialization.
func WithGuess(value any) VarOption {
	return func(s *System, v *Variable) { v.Start, v.Fixed = s.term(value), FixedFalse }
}

// WithUnit gives the unit, such as "m/s2".
func WithUnit(unit string) VarOption { return func(_ *System, v *Variable) { v.Unit = unit } }

// WithDesc gives a description.
func WithDesc(text string) VarOption { return func(_ *System, v *Variable) { v.Desc = text } }

// WithRange gives the least and the greatest sensible value.
func WithRange(lo, hi any) VarOption {
	return func(s *System, v *Variable) { v.Min, v.Max = s.term(lo), s.term(hi) }
}

// WithNominal gives the usual size of the value.
func WithNominal(value any) VarOption {
	return func(s *System, v *Variable) { v.Nominal = s.term(value) }
}

// WithState gives the preference for the variable as a state.
func WithState(hint StateHint) VarOption { return func(_ *System, v *Variable) { v.State = hint } }

// Diagnostics lists the mistakes of the construction so far.
func (s *System) Diagnostics() diag.List { return s.mistakes }

// here is the position of the first caller outside of this package.
func here() diag.Pos {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "github.com/mtkc/mtkc/model.") || strings.HasSuffix(f.File, "_test.go") {
			return diag.Pos{File: f.File, Line: f.Line}
		}
		if !more {
			return diag.Pos{}
		}
	}
}

// term makes a term of an operand.
func (s *System) term(v any) expr.ID {
	switch v := v.(type) {
	case expr.Expr:
		if v.Pool() == s.Pool {
			return v.ID()
		}
		s.mistakes.Add(here(), "E190", "use the variables of this system", "an expression of another system")
	case float64:
		return s.Pool.Float(v)
	case int:
		return s.Pool.Int(int64(v))
	default:
		s.mistakes.Add(here(), "E190", "give an expr.Expr, a float64 or an int", "a %T is not an expression", v)
	}
	return expr.Zero
}

func (s *System) declare(name string, kind VarKind, opts []VarOption) *Variable {
	v := s.NewVariable(name, kind)
	v.Pos = here()
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		v.Path = name[:i]
	}
	if _, dup := s.VarOf(v.Sym); dup || name == "" {
		what := "give every variable its own name"
		s.mistakes.Add(v.Pos, "E191", what, "variable %q is declared twice", name)
		v.Name = fmt.Sprintf("%s#%d", name, len(s.Vars))
		v.Sym = s.Pool.Sym(v.Name)
	}
	for _, o := range opts {
		o(s, &v)
	}
	return &s.Vars[s.AddVar(v)]
}

// Var declares an unknown and returns it as an expression.
func (s *System) Var(name string, opts ...VarOption) expr.Expr {
	return s.Pool.Of(s.declare(name, Unknown, opts).Sym)
}

// Param declares a parameter with its default value, a number or an expression in
// other parameters. nil is no default: it must be set, or WithGuess must be given.
func (s *System) Param(name string, value any, opts ...VarOption) expr.Expr {
	v := s.declare(name, ParameterVar, opts)
	if value != nil {
		v.Value = s.term(value)
	}
	return s.Pool.Of(v.Sym)
}

// Const declares a constant.
func (s *System) Const(name string, value any, opts ...VarOption) expr.Expr {
	v := s.declare(name, ConstantVar, opts)
	v.Value = s.term(value)
	return s.Pool.Of(v.Sym)
}

// Discrete declares a variable that events set.
func (s *System) Discrete(name string, opts ...VarOption) expr.Expr {
	return s.Pool.Of(s.declare(name, DiscreteVar, opts).Sym)
}

// Input declares an input with its value until another is given.
func (s *System) Input(name string, value any, opts ...VarOption) expr.Expr {
	v := s.declare(name, InputVar, opts)
	if value != nil {
		v.Value = s.term(value)
	}
	return s.Pool.Of(v.Sym)
}

// T is the independent variable.
func (s *System) T() expr.Expr { return s.Pool.Of(expr.Time) }

// Eq states lhs = rhs at all times.
func (s *System) Eq(lhs, rhs any) {
	s.Equations = append(s.Equations, Equation{Lhs: s.term(lhs), Rhs: s.term(rhs), Pos: here()})
}

// AnalysisPoint states in = out for the inputs that a signal feeds, under a name by which
// a linearization finds the connection. All are variables of the system.
func (s *System) AnalysisPoint(name string, out any, in ...any) {
	pos := here()
	if !pointName(name) || s.points[name] {
		s.mistakes.Add(pos, "E193", "give every analysis point a name of its own, of letters, digits and underscores", "an analysis point cannot be called %q", name)
		return
	}
	if len(in) == 0 {
		s.mistakes.Add(pos, "E193", "name the inputs that the signal feeds", "the analysis point %s has no input", name)
	}
	if s.points == nil {
		s.points = map[string]bool{}
	}
	s.points[name] = true
	from := s.signal(name, out)
	for _, x := range in {
		s.Equations = append(s.Equations, Equation{Lhs: s.signal(name, x), Rhs: from, Pos: pos, Connection: true, Point: name})
	}
}

// signal is the term of a variable at an analysis point.
func (s *System) signal(point string, x any) expr.ID {
	e := s.term(x)
	if _, ok := s.VarOf(e); !ok {
		s.mistakes.Add(here(), "E193", "give the expression a variable of its own", "the analysis point %s is between variables, and %s is none", point, s.Pool.String(e))
	}
	return e
}

// Points lists the names of the analysis points, in the order of their equations.
func (s *System) Points() []string {
	var names []string
	seen := map[string]bool{"": true}
	for i := range s.Equations {
		if n := s.Equations[i].Point; !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

// pointName reports whether an analysis point may have this name: identifiers with dots
// and indices between, as instance paths have.
func pointName(name string) bool {
	return name != "" && expr.Quote(name) == name
}

// InitialEq states lhs = rhs at the start.
func (s *System) InitialEq(lhs, rhs any) {
	s.Initial = append(s.Initial, Equation{Lhs: s.term(lhs), Rhs: s.term(rhs), Pos: here()})
}

// Event states what happens when cond becomes true: actions made by SetTo, ReinitTo
// and Stop, or written out.
func (s *System) Event(cond expr.Expr, actions ...Action) {
	pos := here()
	for i := range actions {
		if actions[i].Pos.IsZero() {
			actions[i].Pos = pos
		}
	}
	s.Whens = append(s.Whens, WhenClause{Pos: pos, Branches: []WhenBranch{{
		Conds: []expr.ID{s.term(cond)}, Actions: actions, Pos: pos,
	}}})
}

// SetTo is the action that gives the discrete variable x a value.
func (s *System) SetTo(x expr.Expr, value any) Action {
	return Action{Kind: SetAction, Target: s.term(x), Value: s.term(value), Cond: expr.None, If: expr.None}
}

// ReinitTo is the action that restarts the state x from a value.
func (s *System) ReinitTo(x expr.Expr, value any) Action {
	return Action{Kind: ReinitAction, Target: s.term(x), Value: s.term(value), Cond: expr.None, If: expr.None}
}

// Stop is the action that ends the run as a success.
func (s *System) Stop(message string) Action {
	return Action{Kind: TerminateAction, Target: expr.None, Value: expr.None, Cond: expr.None, If: expr.None, Message: message}
}

// Text adds equations written in Modelica syntax, lhs = rhs, separated by semicolons
// or line ends; // begins a comment. An equation input = output with "analysisPoint NAME:"
// before it is an analysis point. Names are variables of the system. The positions
// of the equations and of the findings count lines and columns from 1 within the text.
func (s *System) Text(text string) diag.List {
	var found diag.List
	p := expr.ParseOptions{Symbol: func(name string) (expr.ID, error) {
		if id, ok := s.Pool.Lookup(name); ok {
			if _, ok := s.VarOf(id); ok {
				return id, nil
			}
		}
		return expr.None, fmt.Errorf("there is no variable %s", name)
	}}
	side := func(src string, line, col int) expr.ID {
		lead := len(src) - len(strings.TrimLeft(src, " \t\r"))
		id, err := s.Pool.Parse(src, p)
		if err != nil {
			at := diag.Pos{File: s.Name, Line: line, Col: col + lead}
			msg := err.Error()
			if se, ok := err.(*expr.SyntaxError); ok {
				at.Col, msg = col+se.Col-1, se.Msg
			}
			found.Add(at, "E192", "declare variables before the text that uses them", "%s", msg)
			return expr.Zero
		}
		return id
	}
	for n, line := range strings.Split(text, "\n") {
		if i := strings.Index(line, "//"); i >= 0 {
			line = line[:i]
		}
		col := 1
		for _, part := range strings.Split(line, ";") {
			at := col
			col += len([]rune(part)) + 1
			if strings.TrimSpace(part) == "" {
				continue
			}
			lead := len(part) - len(strings.TrimLeft(part, " \t\r"))
			pos := diag.Pos{File: s.Name, Line: n + 1, Col: at + lead}
			point, skip, bad := pointPrefix(part)
			if bad {
				found.Add(pos, "E192", "write analysisPoint NAME: input = output", "%q names no analysis point", strings.TrimSpace(part))
				continue
			}
			part = part[skip:]
			at += skip
			i := equalSign(part)
			if i < 0 {
				found.Add(pos, "E192", "write lhs = rhs", "%q is not an equation", strings.TrimSpace(part))
				continue
			}
			e := Equation{Pos: pos}
			before := len(found)
			e.Lhs = side(part[:i], n+1, at)
			e.Rhs = side(part[i+1:], n+1, at+len([]rune(part[:i+1])))
			if _, ok := s.VarOf(e.Lhs); point != "" && len(found) == before {
				if _, both := s.VarOf(e.Rhs); !ok || !both {
					found.Add(pos, "E192", "give the expression a variable of its own", "the analysis point %s is not between two variables", point)
				}
				e.Point, e.Connection = point, true
			}
			if len(found) == before {
				s.Equations = append(s.Equations, e)
			}
		}
	}
	return found
}

// pointPrefix reads "analysisPoint NAME:" before an equation; skip is its length in bytes
// (the prefix is ASCII, so also in columns).
func pointPrefix(part string) (name string, skip int, bad bool) {
	const word = "analysisPoint"
	text := strings.TrimLeft(part, " \t\r")
	rest, ok := strings.CutPrefix(text, word)
	if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return "", 0, false
	}
	name, _, ok = strings.Cut(rest, ":")
	skip = len(part) - len(text) + len(word) + len(name) + 1
	name = strings.TrimSpace(name)
	return name, skip, !ok || !pointName(name)
}

// MustText is Text for equations that are known to be right; it panics with the
// findings otherwise.
func (s *System) MustText(text string) {
	if found := s.Text(text); found.Errors() > 0 {
		panic(found)
	}
}

// equalSign is the index of the = of an equation: not that of ==, <=, >=, :=.
func equalSign(s string) int {
	quoted := false
	for i := range len(s) {
		switch s[i] {
		case '\'':
			quoted = !quoted
		case '=':
			if quoted || i > 0 && strings.IndexByte("=<>:", s[i-1]) >= 0 || i+1 < len(s) && s[i+1] == '=' {
				continue
			}
			return i
		}
	}
	return -1
}
