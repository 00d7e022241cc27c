package backend

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// plan makes a plan with right-hand sides in text; "name := term" lines are
// assignments, "name' = term" lines states, "name = term" lines parameters.
func plan(t testing.TB, text string) *structural.Plan {
	t.Helper()
	p := expr.NewPool()
	pl := &structural.Plan{Sys: &model.System{Name: "test", Pool: p}, Pool: p}
	term := func(s string) expr.ID {
		e, err := p.Parse(s, expr.ParseOptions{})
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		return e
	}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.Contains(line, ":="):
			l, r, _ := strings.Cut(line, " := ")
			pl.Seq = append(pl.Seq, structural.Assign{Target: term(l), Value: term(r), Eq: -1})
		case strings.Contains(line, "' = "):
			l, r, _ := strings.Cut(line, "' = ")
			pl.States = append(pl.States, structural.State{Atom: term(l), Name: l, Var: -1, Start: expr.None})
			pl.Deriv = append(pl.Deriv, term(r))
			pl.NDiff++
		default:
			l, r, _ := strings.Cut(line, " = ")
			pl.Params = append(pl.Params, structural.Param{Atom: term(l), Name: l, Var: -1, Value: term(r)})
		}
	}
	return pl
}

func lowered(t testing.TB, text string) *Program {
	t.Helper()
	prog, list := Lower(plan(t, text), Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

// textOf is the text of a kernel without its first line.
func textOf(k *Kernel) string {
	_, s, _ := strings.Cut(k.String(), "\n")
	return strings.TrimRight(s, "\n")
}

func TestRHS(t *testing.T) {
	for _, c := range []struct{ name, model, want string }{
		{"shared part", `
			x' = a + y
			y' = a*y
			a := sin(x)`, `
  %0 = u[0]
  %1 = sin %0  ; a
  %2 = u[1]
  %3 = add %1 %2
  %4 = mul %1 %2
  out[0] = %3
  out[1] = %4`},
		{"one division, integer and half powers", `
			x' = 3*x^5*y^1.5/(y*k^2)
			y' = 1/sqrt(x) - 2/y
			k = 2`, ``},
		{"a negation moves into a difference", `
			x' = -(x - y)/k
			y' = 0
			k = 2`, `
  %0 = u[0]
  %1 = u[1]
  %2 = sub %1 %0
  %3 = p[0]
  %4 = div %2 %3
  %5 = const 0
  out[0] = %4
  out[1] = %5`},
	} {
		k := lowered(t, c.model).RHS
		got := "\n" + textOf(k)
		if c.want != "" && got != c.want {
			t.Errorf("%s:%s", c.name, got)
		}
		for _, in := range k.Code {
			if in.Op == Pow {
				t.Errorf("%s: an integer or half-integer power reached pow:%s", c.name, got)
			}
		}
		n := 0
		for _, in := range k.Code {
			if in.Op == Div {
				n++
			}
		}
		if n > 3 {
			t.Errorf("%s: %d divisions:%s", c.name, n, got)
		}
	}
}

// A slice computes its outputs and holds nothing else.
func TestSlice(t *testing.T) {
	k := lowered(t, `
		x' = sin(x) + k
		y' = exp(sin(x))*y
		z' = if z > 0 then cos(z) else y
		k = 2`).RHS
	all := k.Slice([]int{0, 1, 2})
	if textOf(all) != textOf(k) {
		t.Errorf("the slice of everything differs:%s", textOf(all))
	}
	s := k.Slice([]int{2})
	text := s.String()
	if len(s.Out) != 1 || s.Out[0].Index != 0 || strings.Contains(text, "sin") || !strings.Contains(text, "cos") {
		t.Errorf("slice of z:\n%s", text)
	}
}

// Names change nothing but names, and equal plans give equal programs.
func TestNamesDoNotMatter(t *testing.T) {
	text := func(names ...any) string {
		prog := lowered(t, fmt.Sprintf(`
			%[1]s' = %[4]s - %[2]s/%[3]s
			%[2]s' = %[4]s*%[1]s^2 + sin(%[1]s*%[2]s)
			%[3]s = 2
			%[4]s := exp(%[1]s/%[3]s)*(1 + %[2]s)`, names...))
		s := ""
		for _, k := range []*Kernel{prog.RHS, prog.Jac, prog.TGrad} {
			k.Labels = nil
			s += k.String()
		}
		return s
	}
	a, b := text("x", "y", "k", "a"), text("zz", "b", "a", "y")
	if a != b {
		t.Errorf("%s\n%s", a, b)
	}
	if a != text("x", "y", "k", "a") {
		t.Error("two runs differ")
	}
	pl := plan(t, `
		x' = a*x
		a := exp(x)`)
	one, _ := Lower(pl, Options{})
	two, _ := Lower(pl, Options{})
	if one.Jac.String() != two.Jac.String() {
		t.Error("lowering a plan twice gives different programs")
	}
}

// A function without a value is reported.
func TestFunctionWithoutBody(t *testing.T) {
	pl := plan(t, `x' = x`)
	pl.Pool.DeclareFunc(&expr.Func{Name: "empty", Arity: 1})
	pl.Deriv[0] = pl.Pool.Call("empty", pl.States[0].Atom)
	prog, list := Lower(pl, Options{})
	if prog != nil || list.Errors() != 1 || list[0].Code != "E403" || !strings.Contains(list[0].Message, "empty") {
		t.Errorf("%v", list)
	}
}

// A chain of assignments as long as a large model has lowers without trouble.
func TestLongChain(t *testing.T) {
	const n = 100000
	p := expr.NewPool()
	x := p.Sym("x")
	pl := &structural.Plan{Sys: &model.System{Name: "chain", Pool: p}, Pool: p, NDiff: 1,
		States: []structural.State{{Atom: x, Name: "x", Var: -1, Start: expr.None}}}
	prev := x
	for i := range n {
		s := p.Sym(fmt.Sprint("s", i))
		pl.Seq = append(pl.Seq, structural.Assign{Target: s, Value: p.Fn(expr.OpAtan, p.Add(prev, p.Int(int64(i%5)))), Eq: -1})
		prev = s
	}
	pl.Deriv = []expr.ID{prev}
	prog, list := Lower(pl, Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	if ops := prog.RHS.Ops(); ops < n || ops > 2*n {
		t.Errorf("%d operations", ops)
	}
	if ops := prog.Jac.Ops(); ops > 8*n {
		t.Errorf("%d operations of the derivative", ops)
	}
}

// Aliases of states and parameters are found where they are, with their signs.
func TestObservables(t *testing.T) {
	s := model.NewSystem("aliases")
	for _, v := range []string{"x", "minus", "same", "half", "k"} {
		kind := model.Unknown
		if v == "k" {
			kind = model.ParameterVar
		}
		s.AddVar(s.NewVariable(v, kind))
	}
	p := s.Pool
	sym := func(n string) expr.ID { return p.Sym(n) }
	pl := &structural.Plan{Sys: s, Pool: p, NDiff: 1,
		States: []structural.State{{Atom: sym("x"), Name: "x", Start: expr.None}},
		Deriv:  []expr.ID{sym("k")},
		Params: []structural.Param{{Atom: sym("k"), Name: "k", Var: 4, Value: p.Float(0.25)}},
		Seq: []structural.Assign{
			{Target: sym("minus"), Value: p.Neg(sym("x"))}, {Target: sym("same"), Value: p.Neg(sym("minus"))},
			{Target: sym("half"), Value: p.Scale(expr.RatNum(1, 2), sym("x"))},
		}}
	prog, list := Lower(pl, Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	want := []ode.Observable{
		{Name: "x", Kind: ode.State, Sign: 1}, {Name: "minus", Kind: ode.State, Sign: -1}, {Name: "same", Kind: ode.State, Sign: 1},
		{Name: "half", Kind: ode.Eliminated, Sign: 1}, {Name: "k", Kind: ode.Parameter, Sign: 1},
	}
	for i, w := range want {
		if got := prog.Meta.Observables[i]; got != w {
			t.Errorf("%v, want %v", got, w)
		}
	}
	if prog.Meta.P[0] != 0.25 || !math.IsInf(prog.Meta.States[0].Min, -1) {
		t.Errorf("defaults %v, %v", prog.Meta.P, prog.Meta.States[0])
	}
}

// A product and its opposite are computed once, and sums add the one and subtract the other: the rate of a
// reaction a + b -> c.
func TestOpposites(t *testing.T) {
	b := NewBuilder("reaction")
	a, c, s := b.Input(U, 0), b.Input(U, 1), b.Input(U, 2)
	x := b.Emit(Mul, a, c)
	minus, plus := b.Emit(Mul, b.Number(-3), x), b.Emit(Mul, x, b.Number(3))
	b.Label(minus, "loss", -1)
	b.Label(plus, "gain", -1)
	outs := []Ref{
		minus, plus, b.Emit(Add, s, minus), b.Emit(Add, minus, s), b.Emit(Sub, s, minus), b.Emit(Sub, minus, s), b.Emit(Add, s, plus),
		b.Emit(Add, minus, b.Emit(Mul, b.Number(-2), s)), b.Emit(Mul, b.Number(-5), x), b.Emit(Sqrt, minus),
	}
	for i, r := range outs {
		b.Output(Main, i, r)
	}
	before := b.code
	labels := slices.Clone(b.k.Labels)
	k := b.simplified()
	count := map[Op]int{}
	for _, in := range k.Code {
		count[in.Op]++
	}
	// One product of 3, that of 2 and that of 5 beside x; one opposite.
	if count[Mul] != 4 || count[Neg] != 1 || len(k.Labels) != len(labels) {
		t.Errorf("%v", k)
	}
	for _, u := range [][3]float64{{1.5, 2.25, 7}, {0, 1, 0}, {math.Inf(1), -1, 1}, {1e-308, 1e-8, -1}, {0.1, 0.7, -0.21}} {
		want, got := run(before, b.k.Consts, u[:]), run(k.Code, k.Consts, u[:])
		for _, o := range k.Out {
			w, g := want[outs[o.Index]], got[o.Val]
			if math.Float64bits(w) != math.Float64bits(g) && !(math.IsNaN(w) && math.IsNaN(g)) {
				t.Errorf("u = %v: output %d is %v, not %v", u, o.Index, g, w)
			}
		}
	}
}

// run computes the values of straight-line code of a few operations.
func run(code []Instr, consts, u []float64) []float64 {
	v := make([]float64, len(code))
	for r, in := range code {
		switch in.Op {
		case Const:
			v[r] = consts[in.A]
		case U:
			v[r] = u[in.A]
		case Neg:
			v[r] = -v[in.A]
		case Add:
			v[r] = v[in.A] + v[in.B]
		case Sub:
			v[r] = v[in.A] - v[in.B]
		case Mul:
			v[r] = v[in.A] * v[in.B]
		case Sqrt:
			v[r] = math.Sqrt(v[in.A])
		}
	}
	return v
}
