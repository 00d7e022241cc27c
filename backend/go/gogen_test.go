package gogen

import (
	"bytes"
	"fmt"
	"go/format"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/internal/check/randexpr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/cpu"
	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// system makes a model from variables and equations in text.
type system struct {
	t testing.TB
	*model.System
}

func newSystem(t testing.TB, name string) system { return system{t, model.NewSystem(name)} }

func (s system) term(x string) expr.ID {
	s.t.Helper()
	e, err := s.Pool.Parse(x, expr.ParseOptions{})
	if err != nil {
		s.t.Fatalf("%q: %v", x, err)
	}
	return e
}

func (s system) variable(name string, kind model.VarKind, value string) {
	v := s.NewVariable(name, kind)
	if value != "" {
		if kind == model.ParameterVar {
			v.Value = s.term(value)
		} else {
			v.Start, v.Fixed = s.term(value), model.FixedTrue
			if kind == model.DiscreteVar {
				v.Fixed = model.FixedDefault
			}
		}
	}
	s.AddVar(v)
}

func (s system) equation(l, r string) {
	s.Equations = append(s.Equations, model.Equation{Lhs: s.term(l), Rhs: s.term(r), Pos: diag.Pos{File: "m.go", Line: len(s.Equations) + 1}})
}

func (s system) program() *backend.Program {
	s.t.Helper()
	pl, list := structural.Analyze(s.System, structural.Options{})
	if err := list.Err(); err != nil {
		s.t.Fatal(err)
	}
	prog, list := backend.Lower(pl, backend.Options{})
	if err := list.Err(); err != nil {
		s.t.Fatal(err)
	}
	return prog
}

func ladder(t testing.TB, n int) *backend.Program {
	s := newSystem(t, "Ladder")
	s.Doc = "An RC ladder.\nSections are numbered from the source."
	s.variable("R", model.ParameterVar, "2")
	s.variable("C", model.ParameterVar, "0.5/R")
	for i := range n {
		s.variable(fmt.Sprintf("c[%d].v", i+1), model.Unknown, "0.1")
		s.variable(fmt.Sprintf("r[%d].i", i+1), model.Unknown, "")
	}
	name := func(f string, i int) string { return "'" + fmt.Sprintf(f, i) + "'" }
	for i := 1; i <= n; i++ {
		prev, next := "sin(time)", "0"
		if i > 1 {
			prev = name("c[%d].v", i-1)
		}
		if i < n {
			next = name("r[%d].i", i+1)
		}
		s.equation(name("r[%d].i", i)+"*R", prev+" - "+name("c[%d].v", i))
		s.equation("C*der("+name("c[%d].v", i)+")", name("r[%d].i", i)+" - "+next)
	}
	return s.program()
}

// hybridModel has events of all kinds, an algebraic loop and names that are hard to
// write in Go.
func hybridModel(t testing.TB) *backend.Program {
	s := newSystem(t, "1 bad-'model' name/λ")
	s.variable("type", model.ParameterVar, "1.5")
	s.variable("a.b", model.ParameterVar, "2*type")
	s.variable("a_b", model.ParameterVar, "3")
	s.variable("x\"y", model.Unknown, "1")
	s.variable("u", model.Unknown, "2")
	s.variable("温度", model.Unknown, "0.5")
	s.variable("func", model.Unknown, "")
	s.variable("*/ //\n", model.Unknown, "")
	s.variable("k", model.DiscreteVar, "0")
	s.equation("der('x\"y')", "u*'a.b' - a_b*'x\"y' + (if u > type then 1 else 0)")
	s.equation("der(u)", "-'func' + mod(time, 0.3) + sign('x\"y') + k")
	s.equation("der('温度')", "min(u, 'x\"y')^1.5/(1 + '温度'^2)^type + div(u, 0.7) + rem('x\"y', 0.3)")
	s.equation("'func'^5 + 'func'", "u + '温度'")
	s.Equations = append(s.Equations, model.Equation{Lhs: s.Pool.Sym("*/ //\n"), Rhs: s.term("'func'*2 + atan2(u, 3) + (if noEvent(u > 0 and not ('温度' > 3)) then log(abs(u)) else 0)")})
	s.Whens = append(s.Whens, model.WhenClause{Branches: []model.WhenBranch{{
		Conds: []expr.ID{s.term("'x\"y' > 1.2"), s.term("sample(0.5, type)")},
		Actions: []model.Action{
			{Kind: model.SetAction, Target: s.Pool.Sym("k"), Value: s.term("pre(k) + 1"), Cond: expr.None, If: expr.None},
			{Kind: model.ReinitAction, Target: s.Pool.Sym("u"), Value: s.term("-pre(u) + k"), Cond: expr.None, If: expr.None},
		}}, {
		Conds:   []expr.ID{s.term("time > 2 + type")},
		Actions: []model.Action{{Kind: model.TerminateAction, Target: expr.None, Value: expr.None, Cond: expr.None, If: expr.None, Message: "done \"now\"\n"}},
	}}})
	s.Asserts = append(s.Asserts, model.Assertion{Cond: s.term("u < 100"), Message: "too large"})
	return s.program()
}

// switches has truth values that are read far from where they are computed, also as
// numbers.
func switches(t testing.TB, n int) *backend.Program {
	p := expr.NewPool()
	pl := &structural.Plan{Sys: &model.System{Name: "switches", Pool: p}, Pool: p, NDiff: n}
	var x, c []expr.ID
	for i := range n {
		x = append(x, p.Sym(fmt.Sprint("x", i)))
		pl.States = append(pl.States, structural.State{Atom: x[i], Name: p.Name(x[i]), Var: -1, Start: expr.None})
	}
	for i := range n {
		b := p.Sym(fmt.Sprint("b", i))
		v := p.Fn(expr.OpLt, x[i], x[(i*7+3)%n])
		if i%3 == 1 {
			v = p.Fn(expr.OpOr, p.Fn(expr.OpNot, v), c[i-1])
		}
		pl.Seq = append(pl.Seq, structural.Assign{Target: b, Value: v, Eq: -1})
		c = append(c, b)
	}
	for i := range n {
		a, b := c[i], c[(i+n/2)%n]
		d := p.If(p.Fn(expr.OpAnd, a, p.Fn(expr.OpNot, b)), p.Fn(expr.OpSin, x[i]), p.Add(x[(i+5)%n], p.If(b, a, expr.One)))
		if i%5 == 0 {
			d = p.Add(d, p.If(p.Fn(expr.OpEq, a, b), expr.One, x[i]))
		}
		pl.Deriv = append(pl.Deriv, d)
	}
	prog, list := backend.Lower(pl, backend.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

func pendulum(t testing.TB) *backend.Program {
	s := newSystem(t, "Pendulum")
	s.variable("g", model.ParameterVar, "9.81")
	for _, v := range [][2]string{{"x", "1"}, {"y", ""}, {"vx", ""}, {"vy", "0"}, {"F", ""}} {
		s.variable(v[0], model.Unknown, v[1])
	}
	s.equation("der(x)", "vx")
	s.equation("der(y)", "vy")
	s.equation("der(vx)", "F*x")
	s.equation("der(vy)", "F*y - g")
	s.equation("x^2 + y^2", "1")
	return s.program()
}

// junctions has exponentials whose steps are limited, a homotopy, and start values that
// the model does not fix.
func junctions(t testing.TB) *backend.Program {
	s := newSystem(t, "Junctions")
	s.variable("Is", model.ParameterVar, "1e-3")
	s.variable("vc", model.Unknown, "0.5")
	for _, v := range []string{"va", "vb", "i", "q"} {
		s.variable(v, model.Unknown, "")
	}
	s.equation("2 - va", "10*i")
	s.equation("i", "Is*(exp((va - vb)/0.1) - 1)")
	s.equation("i", "Is*(exp((vb - vc)/0.15) - 1) + vb/50 + sinh(vb/0.2)/1000")
	s.equation("der(vc)", "i - vb/50 - q")
	s.equation("q^3 + q", "homotopy(vc, 0.1)")
	prog := s.program()
	if in := prog.Meta.Init; in.Lambda == 0 || len(in.Fixed) == 0 || prog.Lifted == nil {
		t.Fatal("no homotopy, no start value, or no steep exponential")
	}
	return prog
}

// random is a model of random expressions.
func random(t testing.TB, seed uint64) *backend.Program {
	rng := rand.New(rand.NewPCG(seed, 21))
	p := expr.NewPool()
	g := randexpr.New(p, randexpr.Func(rng.IntN), randexpr.Options{Depth: 5, Symbols: 8})
	pl := &structural.Plan{Sys: &model.System{Name: fmt.Sprint("random", seed), Pool: p}, Pool: p, NDiff: 5}
	for i, s := range g.Syms {
		if i < 5 {
			pl.States = append(pl.States, structural.State{Atom: s, Name: p.Name(s), Var: -1, Start: expr.None})
			pl.Deriv = append(pl.Deriv, g.Real())
		} else {
			pl.Params = append(pl.Params, structural.Param{Atom: s, Name: p.Name(s), Var: -1, Value: p.Float(rng.NormFloat64())})
		}
	}
	prog, list := backend.Lower(pl, backend.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

// recurrent is a model of every operation that has Taylor coefficients.
func recurrent(t testing.TB) *backend.Program {
	p := expr.NewPool()
	x, y, a := p.Sym("x"), p.Sym("y"), p.Sym("a")
	pl := &structural.Plan{Sys: &model.System{Name: "recurrent", Pool: p}, Pool: p}
	pl.Params = append(pl.Params, structural.Param{Atom: a, Name: "a", Var: -1, Value: p.Float(1.75)})
	for i, f := range []string{
		"-x*y + 1/3", "3 - x/y + 2/x", "x/a - a*y + (x - 2)*(y - a)", "sqrt(x)*x^1.5 + 1/(x^2 + y^2)^1.5", "x^a + y^0.3 + a^x + x^y",
		"exp(x)*log(y) - log10(x)", "sin(x)*cos(x) + cos(y) + sin(time)", "tan(x) + tanh(y) + sinh(x)*cosh(x)", "asin(x/3) + acos(x/3) + atan(y)",
		"asinh(x) + acosh(x + 1) + atanh(x/3)", "atan2(x, y) + atan2(x, 2) + atan2(a, y)", "abs(x - 5) + min(x, y*y) + max(x, y*y) + max(x, 2)",
		"if x > y then x*x else y*x", "if x < y and not x > a then x else a", "if x < 0 or y >= a then 1 else time*x", "7", "time", "sign(x - y)*x", "a^2 + 1",
		"x/((x^2 + y^2)*sqrt(x^2 + y^2))", "y/((x^2 + y^2)*sqrt(x^2 + y^2))",
	} {
		e, err := p.Parse(f, expr.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s := []expr.ID{x, y}
		if i >= 2 {
			s = append(s, make([]expr.ID, i)...)
			s[i] = p.Sym(fmt.Sprint("z", i))
		}
		pl.States = append(pl.States, structural.State{Atom: s[i], Name: p.Name(s[i]), Var: -1, Start: expr.None})
		pl.Deriv = append(pl.Deriv, e)
	}
	pl.NDiff = len(pl.States)
	prog, list := backend.Lower(pl, backend.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := prog.Tape(); err != nil {
		t.Fatal(err)
	}
	return prog
}

// noisy has n equations with a noise each and a common one, of Ito or of Stratonovich.
func noisy(t testing.TB, name string, n int, stratonovich bool) *backend.Program {
	s := newSystem(t, name)
	noise := func(name string) {
		v := s.NewVariable(name, model.InputVar)
		v.Value = expr.Zero
		s.AddVar(v)
		s.Noises = append(s.Noises, model.WhiteNoise{Sym: v.Sym, Stratonovich: stratonovich})
	}
	s.variable("s", model.ParameterVar, "0.3")
	noise("a \"noise\"")
	for i := range n {
		s.variable(fmt.Sprintf("x[%d]", i), model.Unknown, "0.5")
		s.variable(fmt.Sprintf("v[%d]", i), model.Unknown, "")
		noise(fmt.Sprintf("w[%d]", i))
	}
	for i := range n {
		x, y, v, w := fmt.Sprintf("'x[%d]'", i), fmt.Sprintf("'x[%d]'", (i+1)%n), fmt.Sprintf("'v[%d]'", i), fmt.Sprintf("'w[%d]'", i)
		s.equation(v, "sin("+y+") - "+x+" + s*"+x+"*exp(-"+y+")*"+w)
		s.equation("der("+x+")", v+"*s + cos(time*"+x+")*'a \"noise\"'")
	}
	return s.program()
}

// values are the results of all kernels at a point, in a fixed order.
func values(p *ode.Problem, t float64, u, w []float64) []float64 {
	k := p.NewKernels()
	var all []float64
	run := func(n int, f func(out []float64)) {
		out := make([]float64, n)
		f(out)
		all = append(all, out...)
	}
	n := len(u)
	run(n, func(o []float64) { k.RHS(t, u, p.P, o) })
	run(p.Jac.NNZ(), func(o []float64) { k.Jac(t, u, p.P, o) })
	run(n, func(o []float64) { k.TGrad(t, u, p.P, o) })
	if k.Jet != nil && n <= 25 {
		for _, order := range []int{0, 1, 9} {
			run(n*(order+1), func(o []float64) { k.Jet(t, u, p.P, order, o) })
		}
	}
	if p.Linear != nil {
		run(p.Linear.NNZ(), func(o []float64) { k.Linear(p.P, o) })
	}
	if p.Noise != nil {
		run(p.Noise.Matrix.NNZ(), func(o []float64) { k.Noise(t, u, p.P, o) })
		if k.NoiseJac != nil {
			run(p.Noise.Reads.NNZ(), func(o []float64) { k.NoiseJac(t, u, p.P, o) })
		}
		sense := 0.0
		if p.Noise.Stratonovich {
			sense = 1
		}
		all = append(all, float64(len(p.Noise.Names)), float64(len(p.Noise.Names[0])), sense)
		for _, m := range []*linsolve.Pattern{p.Noise.Matrix, p.Noise.Reads} {
			for _, i := range append(append([]int32{int32(m.Rows), int32(m.Cols)}, m.ColPtr...), m.RowIdx...) {
				all = append(all, float64(i))
			}
		}
	}
	if b := p.Lifted; b != nil {
		x := append([]float64(nil), u...)
		for i := range b.Lift {
			x = append(x, 0.5+0.1*float64(i))
		}
		run(len(b.Residual), func(o []float64) { k.Lifted.Eval(t, x, p.P, o) })
		run(b.Jac.NNZ(), func(o []float64) { k.Lifted.Jac(t, x, p.P, o) })
	}
	if p.NInv > 0 {
		run(p.NInv, func(o []float64) { k.Invariants(t, u, p.P, o) })
		run(p.InvJac.NNZ(), func(o []float64) { k.InvariantJac(t, u, p.P, o) })
	}
	if k.Guards != nil {
		terms := 0
		for _, g := range p.Guards {
			if g.Param < 0 {
				terms += 2
			}
		}
		run(terms, func(o []float64) { k.Guards(p.P, o) })
	}
	if h := p.Hybrid; h != nil {
		if k.Crossings != nil {
			run(len(h.Relations), func(o []float64) { k.Crossings(t, u, p.P, o) })
		}
		if k.TimeEvents != nil {
			run(len(h.TimeRelations)+2*(len(h.Samples)+len(h.Counters)), func(o []float64) { k.TimeEvents(p.P, o) })
		}
		if k.Update != nil {
			unew, pnew := make([]float64, n), make([]float64, len(p.P))
			code := k.Update(t, u, p.P, unew, pnew)
			all = append(append(append(all, unew...), pnew...), float64(code))
		}
		if k.Assert != nil {
			all = append(all, float64(k.Assert(t, u, p.P)))
		}
	}
	if k.Bind != nil {
		q := append([]float64(nil), p.P...)
		q[0] *= 1.25
		set := make([]bool, len(p.Params))
		set[0] = true
		k.Bind(q, set)
		all = append(all, q...)
	}
	if in := p.Init; in != nil {
		x := append([]float64(nil), w...)
		for b := range in.Blocks {
			r := make([]float64, len(in.Blocks[b].Residual))
			k.Init[b].Eval(t, x, p.P, r)
			all = append(append(all, x...), r...)
			if k.Init[b].Jac != nil {
				run(in.Blocks[b].Jac.NNZ(), func(o []float64) { k.Init[b].Jac(t, x, p.P, o) })
			}
		}
	}
	which := make([]int, len(p.Observables))
	for i := range which {
		which[i] = len(which) - 1 - i
	}
	run(len(which), func(o []float64) { p.NewObserver(which)(t, u, p.P, o) })
	run(len(which)/2, func(o []float64) { p.NewObserver(which[:len(which)/2])(t, u, p.P, o) })
	return append(append(all, p.U0...), p.P...)
}

func point(p *ode.Problem) (t float64, u, w []float64) {
	u = make([]float64, p.N())
	for i := range u {
		u[i] = 0.3 + float64((31*i+17*i*i+13)%97)/140
	}
	if p.Init != nil {
		w = make([]float64, p.Init.NW)
		for i := range w {
			w[i] = 0.2 + float64((37*i+11*i*i+5)%89)/150
		}
	}
	return 0.75, u, w
}

// TestAgainstVM compiles the source of several models in a module that requires only
// this one, and compares every kernel with the vm. The two do the same operations in the
// same order, and round them alike.
func TestAgainstVM(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Go compiler")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	progs := []*backend.Program{ladder(t, 150), switches(t, 200), hybridModel(t), pendulum(t), junctions(t), recurrent(t),
		noisy(t, "noisy", 2, false), noisy(t, "noises", 400, true)}
	for seed := range uint64(12) {
		progs = append(progs, random(t, seed))
	}
	write := func(name string, data []byte) {
		t.Helper()
		f := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := ""
	for _, l := range strings.Split(string(mod), "\n") {
		if strings.HasPrefix(l, "go ") {
			version = l
		}
	}
	write("go.mod", []byte("module example.com/generated\n\n"+version+"\n\nrequire github.com/mtkc/mtkc v0.0.0\n\nreplace github.com/mtkc/mtkc => "+root+"\n"))
	var main, calls strings.Builder
	for i, p := range progs {
		opt := Options{Package: "models"}
		switch i {
		case 0:
			opt = Options{Package: "ladder", Dedicated: true, Source: "ladder.go"}
		}
		src, err := Generate(p, opt)
		if err != nil {
			t.Fatal(err)
		}
		if p.Meta.Name == "recurrent" {
			for _, f := range []string{"Mul2(", "Squares(", "-1.5, "} {
				if !bytes.Contains(src, []byte(f)) {
					t.Errorf("%s: no call with %s", p.Meta.Name, f)
				}
			}
		}
		if again, _ := Generate(p, opt); !bytes.Equal(src, again) {
			t.Errorf("%s: two runs differ", p.Meta.Name)
		}
		if f, err := format.Source(src); err != nil || !bytes.Equal(f, src) {
			t.Errorf("%s: not gofmt-clean: %v", p.Meta.Name, err)
		}
		if i == 0 {
			write("ladder/"+FileName(p.Meta.Name), src)
			calls.WriteString("\tshow(ladder.NewProblem(nil))\n")
		} else {
			write("models/"+FileName(p.Meta.Name), src)
			fmt.Fprintf(&calls, "\tshow(models.New%sProblem(nil))\n", exported(p.Meta.Name))
		}
	}
	self, err := os.ReadFile("gogen_test.go")
	if err != nil {
		t.Fatal(err)
	}
	cut := func(from, to string) string {
		s := string(self)
		i := strings.Index(s, "\n"+from)
		j := strings.Index(s[i+1:], "\n"+to)
		return s[i : i+1+j]
	}
	main.WriteString("package main\n\nimport (\n\t\"fmt\"\n\t\"strconv\"\n\n\t\"example.com/generated/ladder\"\n\t\"example.com/generated/models\"\n\t\"github.com/mtkc/mtkc/runtime/linsolve\"\n\t\"github.com/mtkc/mtkc/runtime/ode\"\n)\n\nfunc main() {\n" + calls.String() + `}

func show(p *ode.Problem) {
	t, u, w := point(p)
	for _, v := range values(p, t, u, w) {
		fmt.Print(" ", strconv.FormatFloat(v, 'x', -1, 64))
	}
	fmt.Println()
}
` + cut("func values", "func point") + cut("func point", "// TestAgainstVM"))
	write("main.go", []byte(main.String()))
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off", "GONOSUMDB=*", "GONOSUMCHECK=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
		}
		return string(out)
	}
	run("vet", "./...")
	text := run("run", ".")
	// Where the processor fuses a product with a sum the compiler does so too, unless it is told not to.
	if runtime.GOARCH == "amd64" && cpu.AVX2 {
		t.Setenv("GOAMD64", "v3")
		if fused := run("run", "."); fused != text {
			t.Errorf("built for processors that fuse, the kernels have other values:\n%s", differing(text, fused))
		}
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != len(progs) {
		t.Fatalf("%d lines for %d models", len(lines), len(progs))
	}
	for i, p := range progs {
		prob := vm.Problem(p)
		tm, u, w := point(prob)
		want := values(prob, tm, u, w)
		got := strings.Fields(lines[i])
		if len(got) != len(want) {
			t.Errorf("%s: %d values, want %d", p.Meta.Name, len(got), len(want))
			continue
		}
		for j := range want {
			v, err := strconv.ParseFloat(got[j], 64)
			if err != nil {
				t.Fatal(err)
			}
			if v == want[j] || math.IsNaN(v) && math.IsNaN(want[j]) {
				continue
			}
			t.Errorf("%s: value %d is %v, the vm has %v", p.Meta.Name, j, v, want[j])
		}
	}
}

// differing lists the values of lines of numbers that are not the same in two texts.
func differing(a, b string) string {
	var list strings.Builder
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(left), len(right)) {
		x, y := strings.Fields(left[i]), strings.Fields(right[i])
		for j := range min(len(x), len(y)) {
			if x[j] != y[j] {
				fmt.Fprintf(&list, "model %d, value %d of %d: %s and %s\n", i, j, len(x), x[j], y[j])
			}
		}
	}
	return list.String()
}

// Names that are no identifiers of Go become some, each its own.
func TestNames(t *testing.T) {
	n := newNames(predeclared...)
	for _, c := range [][2]string{
		{"r1.p.v", "r1_p_v"}, {"r1_p_v", "r1_p_v_2"}, {"der(x[2,3])", "der_x_2_3"}, {"type", "type_"}, {"9lives", "v9lives"},
		{"'*'", "v"}, {"", "v_2"}, {"math", "math_2"}, {"\u00e9t\u00e9", "\u00e9t\u00e9"},
	} {
		if got := n.unique(identifier(c[0])); got != c[1] {
			t.Errorf("%q becomes %s, want %s", c[0], got, c[1])
		}
	}
	for name, want := range map[string]string{"a": "A", "_a": "A", "\u6e29": "X\u6e29", "func": "Func_"} {
		if got := exported(name); got != want {
			t.Errorf("%q is exported as %s, want %s", name, got, want)
		}
	}
	if got := FileName("RC Ladder"); got != "rc_ladder_mtk.go" {
		t.Error(got)
	}
	for text, want := range map[string]string{"/a/b/c.go:1:2: x = y/z: w": "c.go:1:2: x = y/z: w", "x = y/z": "x = y/z", "a/b + c: d": "a/b + c: d"} {
		if got := local(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// A function that has no Go form is an error of the user's, with its name.
func TestFunctions(t *testing.T) {
	s := newSystem(t, "calls")
	s.Pool.DeclareFunc(&expr.Func{Name: "lookup", Arity: 1, Eval: func(a []float64) float64 { return a[0] }})
	s.variable("x", model.Unknown, "1")
	s.Equations = append(s.Equations, model.Equation{Lhs: s.term("der(x)"), Rhs: s.Pool.Call("lookup", s.Pool.Sym("x"))})
	_, err := Generate(s.program(), Options{})
	if err == nil || !strings.Contains(err.Error(), "lookup") || !strings.Contains(err.Error(), "E402") {
		t.Errorf("%v", err)
	}
}

// BenchmarkGenerate writes a ladder with two operations per value.
func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{2000, 4000, 8000} {
		prog := ladder(b, n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for range b.N {
				src, err := Generate(prog, Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(src)), "bytes")
			}
		})
	}
}

// Runs: tables that go up together in steps, and those that do not.
func TestRuns(t *testing.T) {
	list := func(v ...int32) backend.Table { return backend.Table{List: v} }
	var a, b []int32
	for r := range int32(5) {
		for i := range int32(8) {
			a, b = append(a, 20*r+i), append(b, 100+3*(10*r+i))
		}
	}
	loop := &backend.Step{N: 40, Index: []backend.Table{list(a...), list(b...), {Base: 7, Stride: 2}}}
	r := runsOf(loop)
	if r == nil || r.equal != 8 || len(r.first) != 6 || r.stride[0] != 1 || r.stride[1] != 3 || r.stride[2] != 2 {
		t.Errorf("five runs of eight: %+v", r)
	}
	a[11]++ // a run of three, one of one, one of four
	if r = runsOf(loop); r != nil && r.equal != 0 {
		t.Errorf("runs of different length: %+v", r)
	}
	scattered := &backend.Step{N: 40, Index: []backend.Table{list(slices.Repeat([]int32{3, 1, 4, 1, 5, 9, 2, 6}, 5)...)}}
	if r = runsOf(scattered); r != nil {
		t.Errorf("no runs: %+v", r)
	}
	if r = runsOf(&backend.Step{N: 40, Index: []backend.Table{{Base: 1, Stride: 1}}}); r != nil {
		t.Errorf("evenly spaced: %+v", r)
	}
}
