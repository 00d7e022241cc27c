package fuse

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// build compiles a model from lines: "var x = 1", "param p = 3", "when cond then reinit x = e"
// and equations. Start values are fixed, but of variables written "guess x = 1".
func build(t testing.TB, text string, opt backend.Options) *backend.Program {
	t.Helper()
	s := model.NewSystem("test")
	term := func(x string) expr.ID {
		e, err := s.Pool.Parse(strings.TrimSpace(x), expr.ParseOptions{})
		if err != nil {
			t.Fatalf("%q: %v", x, err)
		}
		return e
	}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "var", "guess", "param":
			name, value, given := strings.Cut(rest, " = ")
			v := s.NewVariable(name, map[string]model.VarKind{"var": model.Unknown, "guess": model.Unknown, "param": model.ParameterVar}[word])
			if given && word == "param" {
				v.Value = term(value)
			} else if given {
				v.Start = term(value)
				if word == "var" {
					v.Fixed = model.FixedTrue
				}
			}
			s.AddVar(v)
		case "when":
			head, body, _ := strings.Cut(rest, " then reinit ")
			l, r, _ := strings.Cut(body, " = ")
			x := model.Action{Kind: model.ReinitAction, Target: term(l), Value: term(r), Cond: expr.None, If: expr.None}
			s.Whens = append(s.Whens, model.WhenClause{Branches: []model.WhenBranch{{Conds: []expr.ID{term(head)}, Actions: []model.Action{x}}}})
		default:
			l, r, ok := strings.Cut(line, " = ")
			if !ok {
				t.Fatalf("%q is no equation", line)
			}
			s.Equations = append(s.Equations, model.Equation{Lhs: term(l), Rhs: term(r)})
		}
	}
	pl, list := structural.Analyze(s, structural.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	prog, list := backend.Lower(pl, opt)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

func compile(t testing.TB, text string) *backend.Program { return build(t, text, backend.Options{}) }

// The models of the tests.
const (
	lorenz = `
		param s = 10
		param r = 28
		param b = 8/3
		var x = 1
		var y = 0
		var z = 0
		der(x) = s*(y - x)
		der(y) = x*(r - z) - y
		der(z) = x*y - b*z`
	// Hairer, Norsett, Wanner, Solving ODEs I, (16.12), with a forcing term, so that f depends on time.
	brusselator = `
		var x = 1.5
		var y = 3
		der(x) = 1 + x*x*y - 4*x + 0.3*sin(2*time)
		der(y) = 3*x - x*x*y`
)

// integrator makes a fused method.
func integrator(t testing.TB, prog *backend.Program, method string, opt Options) *Integrator {
	t.Helper()
	in, err := New(prog, method, opt)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// trajectory is a run of one trajectory on the scalar vm.
type trajectory struct {
	in   *Integrator
	x, p []float64
	step func()
	save func(at float64, out []float64)
}

// start begins a trajectory from the initial values of the model.
func start(t testing.TB, prog *backend.Program, in *Integrator, t0, t1 float64, s Settings) *trajectory {
	t.Helper()
	x, p := make([]float64, in.Slots), make([]float64, in.NPAll())
	u, p0 := initial(t, prog, t0, t1)
	x[T], x[TEnd] = t0, t1
	copy(x[StateAt:], u)
	copy(p, p0)
	in.Put(s, p)
	return begin(in, x, p)
}

// begin makes a trajectory of x, of which T, TEnd and the states are set.
func begin(in *Integrator, x, p []float64) *trajectory {
	y := make([]float64, in.Slots)
	vm.Function(in.Begin, in.Funcs)(0, x, p, y)
	copy(x, y)
	f := vm.Function(in.Step, in.Funcs)
	tr := &trajectory{in: in, x: x, p: p}
	tr.step = func() { f(0, tr.x, p, y); copy(tr.x, y) }
	if in.Save != nil {
		g := vm.Function(in.Save, in.Funcs)
		tr.save = func(at float64, out []float64) { tr.x[TSave] = at; g(0, tr.x, p, out) }
	}
	return tr
}

// initial is the consistent state at the start, and p.
func initial(t testing.TB, prog *backend.Program, t0, t1 float64) (u, p []float64) {
	t.Helper()
	in, err := ode.NewIntegrator(context.Background(), vm.Problem(prog), ode.Options{Span: [2]float64{t0, t1}})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(in.U()), slices.Clone(in.P())
}

// solve is the solution by package ode.
func solve(t testing.TB, prog *backend.Program, opt ode.Options) *ode.Solution {
	t.Helper()
	s, err := ode.Solve(context.Background(), vm.Problem(prog), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// last is the state at the end of a solution.
func last(s *ode.Solution) []float64 { return s.State(s.Len() - 1) }

// distance is the largest difference of two states, relative to 1 + |b|.
func distance(a, b []float64) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i])/(1+math.Abs(b[i])))
	}
	return d
}

func (tr *trajectory) run() {
	for tr.x[Status] == Running {
		tr.step()
	}
}

func (tr *trajectory) u() []float64 { return tr.x[StateAt : StateAt+tr.in.N] }
