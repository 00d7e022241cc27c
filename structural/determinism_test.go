package structural

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/model"
)

// models are the texts of all models of the tests.
func models() []string {
	m := []string{lorenz, pendulum, ball, heater, sampled, entryModel, unknownParameter, arm(3)}
	for _, z := range zoo {
		m = append(m, z.text)
	}
	return m
}

func TestDeterministic(t *testing.T) {
	for _, m := range models() {
		first := text(analyze(t, m))
		for range 3 {
			if again := text(analyze(t, m)); again != first {
				t.Fatalf("two runs differ:\n%s\n%s", first, again)
			}
		}
	}
}

// renamed returns the system with every variable renamed so that the order of names is
// reversed.
func renamed(s *model.System) (*model.System, func(string) string) {
	r := model.NewSystem(s.Name)
	n := len(s.Vars)
	name := func(i int) string {
		return "zz" + string(rune('a'+(n-i)/26/26)) + string(rune('a'+(n-i)/26%26)) + string(rune('a'+(n-i)%26))
	}
	back := map[string]string{}
	sub := map[string]string{}
	for i := range s.Vars {
		sub[s.Vars[i].Name], back[name(i)] = name(i), s.Vars[i].Name
	}
	// The new pool is filled in the same order, so that ids agree.
	ids := map[expr.ID]expr.ID{}
	var move func(e expr.ID) expr.ID
	move = func(e expr.ID) expr.ID {
		if e == expr.None {
			return e
		}
		if x, ok := ids[e]; ok {
			return x
		}
		var x expr.ID
		switch op := s.Pool.Op(e); op {
		case expr.OpConst:
			v, _ := s.Pool.Value(e)
			x = r.Pool.Num(v)
		case expr.OpTrue, expr.OpFalse, expr.OpTime:
			x = e
		case expr.OpSym:
			x = r.Pool.Sym(sub[s.Pool.Name(e)])
		case expr.OpAdd, expr.OpMul:
			var args []expr.ID
			for _, a := range s.Pool.Args(e) {
				args = append(args, move(a))
			}
			if op == expr.OpAdd {
				k := []expr.Num{}
				ts := []expr.ID{}
				c, _ := r.Pool.Value(args[0])
				for i := 1; i < len(args); i += 2 {
					v, _ := r.Pool.Value(args[i])
					k, ts = append(k, v), append(ts, args[i+1])
				}
				x = r.Pool.Linear(c, k, ts)
			} else {
				var f []expr.ID
				for i := 0; i < len(args); i += 2 {
					f = append(f, r.Pool.Pow(args[i], args[i+1]))
				}
				x = r.Pool.Mul(f...)
			}
		default:
			var args []expr.ID
			for _, a := range s.Pool.Args(e) {
				args = append(args, move(a))
			}
			x = r.Pool.Fn(op, args...)
		}
		ids[e] = x
		return x
	}
	for id := range expr.ID(s.Pool.Len()) {
		move(id)
	}
	for _, v := range s.Vars {
		v.Name, v.Sym, v.Value, v.Start = sub[v.Name], move(v.Sym), move(v.Value), move(v.Start)
		r.AddVar(v)
	}
	for _, e := range s.Equations {
		e.Lhs, e.Rhs = move(e.Lhs), move(e.Rhs)
		r.Equations = append(r.Equations, e)
	}
	for _, e := range s.Initial {
		e.Lhs, e.Rhs = move(e.Lhs), move(e.Rhs)
		r.Initial = append(r.Initial, e)
	}
	for _, w := range s.Whens {
		var c model.WhenClause
		for _, b := range w.Branches {
			var x model.WhenBranch
			for _, e := range b.Conds {
				x.Conds = append(x.Conds, move(e))
			}
			for _, a := range b.Actions {
				a.Target, a.Value, a.Cond, a.If = move(a.Target), move(a.Value), move(a.Cond), move(a.If)
				x.Actions = append(x.Actions, a)
			}
			c.Branches = append(c.Branches, x)
		}
		r.Whens = append(r.Whens, c)
	}
	ident := regexp.MustCompile(`zz[a-z]{3}`)
	return r, func(text string) string {
		return ident.ReplaceAllStringFunc(text, func(x string) string { return back[x] })
	}
}

// Renaming the variables changes nothing but the names.
func TestRenaming(t *testing.T) {
	for _, m := range models() {
		s := modeltext.System(t, m)
		r, back := renamed(s)
		a, _ := Analyze(s, Options{})
		b, _ := Analyze(r, Options{})
		plain := func(x string) string { return strings.ReplaceAll(x, "'", "") }
		if x, y := plain(text(a)), plain(back(text(b))); x != y {
			t.Fatalf("renaming changes the plan:\n%s\n%s", x, y)
		}
	}
}
