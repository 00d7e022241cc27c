// Package modeltext makes the models of tests from short text: a line a declaration or an equation.
package modeltext

import (
	"strings"
	"testing"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
)

// System makes a system from lines of text:
//
//	var x = 1 fixed        an unknown with start value, "fixed" or a guess
//	var b : Boolean
//	discrete d = 0
//	param p = 3            "param p free" is found by initialization
//	init x = 2             an initial equation
//	when cond | cond2 then set d = e; reinit x = e; terminate msg
//	elsewhen cond then ...
//	assert cond
//	lhs = rhs              an equation; "[r1] lhs = rhs" of the component r1
//	flow i                 an unknown that is a flow
//	noise w                a white noise of Ito, stratonovich w one of Stratonovich
func System(t testing.TB, text string, funcs ...*expr.Func) *model.System {
	t.Helper()
	s := model.NewSystem("test")
	for _, f := range funcs {
		s.Pool.DeclareFunc(f)
	}
	term := func(x string) expr.ID {
		e, err := s.Pool.Parse(strings.TrimSpace(x), expr.ParseOptions{})
		if err != nil {
			t.Fatalf("%q: %v", x, err)
		}
		return e
	}
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		pos := diag.Pos{File: "test.mo", Line: n + 1}
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "var", "flow", "discrete", "param", "const", "input":
			kind := map[string]model.VarKind{"var": model.Unknown, "flow": model.Unknown, "discrete": model.DiscreteVar, "param": model.ParameterVar, "const": model.ConstantVar, "input": model.InputVar}[word]
			var flags []string
			value := ""
			if head, tail, ok := strings.Cut(rest, "="); ok {
				rest = head
				for _, f := range []string{"prefer", "avoid", "always", "never", "structural", "free", "fixed"} {
					if strings.HasSuffix(strings.TrimSpace(tail), " "+f) {
						flags = append(flags, f)
						tail = strings.TrimSuffix(strings.TrimSpace(tail), f)
					}
				}
				value = tail
			}
			fields := strings.Fields(strings.ReplaceAll(rest, ":", " "))
			v := s.NewVariable(fields[0], kind)
			v.Pos = pos
			if word == "flow" {
				v.Prefix = "flow"
			}
			for _, f := range append(fields[1:], flags...) {
				switch f {
				case "Boolean":
					v.Type = model.BooleanType
				case "Integer":
					v.Type = model.IntegerType
				case "fixed":
					v.Fixed = model.FixedTrue
				case "free":
					v.Fixed = model.FixedFalse
				case "structural":
					v.Structural = true
				case "prefer":
					v.State = model.StatePrefer
				case "avoid":
					v.State = model.StateAvoid
				case "always":
					v.State = model.StateAlways
				case "never":
					v.State = model.StateNever
				}
			}
			if value != "" {
				if (kind == model.ParameterVar && v.Fixed != model.FixedFalse) || kind == model.ConstantVar {
					v.Value = term(value)
				} else {
					v.Start = term(value)
				}
			}
			if i := strings.IndexByte(v.Name, '.'); i > 0 {
				v.Path = v.Name[:i]
			}
			s.AddVar(v)
		case "noise", "stratonovich":
			v := s.NewVariable(rest, model.InputVar)
			v.Value, v.Pos = expr.Zero, pos
			s.AddVar(v)
			s.Noises = append(s.Noises, model.WhiteNoise{Sym: v.Sym, Stratonovich: word == "stratonovich", Pos: pos})
		case "init":
			l, r, _ := strings.Cut(rest, " = ")
			s.Initial = append(s.Initial, model.Equation{Lhs: term(l), Rhs: term(r), Pos: pos})
		case "assert":
			s.Asserts = append(s.Asserts, model.Assertion{Cond: term(rest), Message: rest, Pos: pos})
		case "when", "elsewhen":
			head, body, ok := strings.Cut(rest, " then ")
			if !ok {
				t.Fatalf("%q: no then", line)
			}
			b := model.WhenBranch{Pos: pos}
			for _, c := range strings.Split(head, "|") {
				b.Conds = append(b.Conds, term(c))
			}
			for _, a := range strings.Split(body, ";") {
				op, what, _ := strings.Cut(strings.TrimSpace(a), " ")
				x := model.Action{Pos: pos, Target: expr.None, Value: expr.None, Cond: expr.None, If: expr.None}
				switch op {
				case "set", "reinit":
					if op == "reinit" {
						x.Kind = model.ReinitAction
					}
					l, r, _ := strings.Cut(what, " = ")
					x.Target, x.Value = term(l), term(r)
				case "terminate":
					x.Kind, x.Message = model.TerminateAction, what
				default:
					t.Fatalf("%q: what is %q?", line, op)
				}
				b.Actions = append(b.Actions, x)
			}
			if word == "when" {
				s.Whens = append(s.Whens, model.WhenClause{Pos: pos})
			}
			w := &s.Whens[len(s.Whens)-1]
			w.Branches = append(w.Branches, b)
		default:
			path := ""
			if strings.HasPrefix(line, "[") {
				path, line, _ = strings.Cut(line[1:], "] ")
			}
			l, r, ok := strings.Cut(line, " = ")
			if !ok {
				t.Fatalf("%q is no equation", line)
			}
			s.Equations = append(s.Equations, model.Equation{Lhs: term(l), Rhs: term(r), Pos: pos, Path: path})
		}
	}
	return s
}
