package mtkc

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// What a pass needs stands before it in the table, and names are unique.
func TestPassTable(t *testing.T) {
	var before []string
	for _, p := range Passes() {
		if slices.Contains(before, p.Name) {
			t.Errorf("two passes are called %s", p.Name)
		}
		for _, n := range p.Needs {
			if !slices.Contains(before, n) {
				t.Errorf("%s needs %s, which does not stand before it", p.Name, n)
			}
		}
		if p.run == nil || p.dump == nil || p.Doc == "" {
			t.Errorf("%s is not complete", p.Name)
		}
		before = append(before, p.Name)
	}
}

// Every pass keeps its promises on the examples and on the models beside the
// repository, and its dump is the same in two compilations.
func TestPassesCheck(t *testing.T) {
	files, err := filepath.Glob("examples/*")
	if err != nil {
		t.Fatal(err)
	}
	data, _ := filepath.Glob("../shared/data/basemodelica/*.bmo")
	if len(data) == 0 {
		t.Log("../shared/data/basemodelica is not here")
	}
	for _, f := range append(files, data...) {
		if strings.Contains(filepath.Base(f), ".") && filepath.Ext(f) != ".bmo" || filepath.Base(f) == "examples_test.go" {
			continue
		}
		t.Run(filepath.Base(f), func(t *testing.T) {
			var dumps [2]string
			for i := range dumps {
				c := New(f, Options{Check: true})
				if _, found := c.Problem(context.Background()); found.Errors() > 0 {
					t.Fatal(found)
				}
				var b bytes.Buffer
				for _, p := range []string{"load", "flat", "structural", "lower", "vm"} {
					if err := c.Dump(p, &b); err != nil {
						t.Fatalf("%s: %v", p, err)
					}
				}
				dumps[i] = b.String()
				var ran []string
				for _, t := range c.Timing() {
					ran = append(ran, t.Pass)
				}
				if got := strings.Join(ran, " "); got != "load form flat structural lower vm" {
					t.Errorf("passes that ran: %s", got)
				}
			}
			if dumps[0] != dumps[1] {
				t.Errorf("two compilations give different dumps")
			}
		})
	}
}

// A pass that fails ends the compilation, and says so once.
func TestFailureStops(t *testing.T) {
	c := New("testdata/nothing.bmo", Options{})
	found := c.Run(context.Background(), "vm")
	if len(found) != 1 || found[0].Code != "E003" {
		t.Errorf("findings: %v", found)
	}
	if len(c.Timing()) != 1 {
		t.Errorf("%d passes ran", len(c.Timing()))
	}
	if found = New("", Options{}).Run(context.Background(), "parse"); len(found) != 1 || found[0].Code != "E009" {
		t.Errorf("an unknown pass: %v", found)
	}
}

// compileText makes a problem of text equations.
func compileText(t *testing.T, opt Options, build func(m *model.System)) *ode.Problem {
	t.Helper()
	m := model.New("m")
	build(m)
	if err := m.Diagnostics().Err(); err != nil {
		t.Fatal(err)
	}
	opt.Check = true
	p, found := NewSystem(m, opt).Problem(context.Background())
	if found.Errors() > 0 {
		t.Fatal(found)
	}
	return p
}

// Prey and predator keep their orbit when they are computed by their logarithms, a
// reinitialisation included.
func TestPositive(t *testing.T) {
	lotka := func(m *model.System) {
		m.Var("x", model.Init(1))
		m.Var("y", model.Init(0.5))
		m.Var("sum")
		x, _ := m.Pool.Lookup("x")
		m.MustText("der(x) = x*(1.5 - y); der(y) = y*(x - 3); sum = x + y")
		m.Event(m.T().Gt(2), m.ReinitTo(m.Pool.Of(x), 2))
	}
	opt := ode.Options{Span: [2]float64{0, 5}, RelTol: 1e-10, AbsTol: 1e-12, Steps: 50}
	plain, err := ode.Solve(context.Background(), compileText(t, Options{}, lotka), opt)
	if err != nil {
		t.Fatal(err)
	}
	p := compileText(t, Options{Positive: []string{"x", "y"}}, lotka)
	logs, err := ode.Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.States {
		if !strings.HasPrefix(s.Name, "log(") {
			t.Errorf("%s is a state", s.Name)
		}
	}
	for _, name := range []string{"x", "y", "sum"} {
		a, err := plain.Values(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := logs.Values(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-7*(1+math.Abs(a[i])) { // 1e-10 over a few orbits
				t.Errorf("%s at t = %v: %v, with logarithms %v", name, plain.Times[i], a[i], b[i])
				break
			}
		}
	}
}

// Compile reports the mistakes of the builder, and leaves the model open for more.
func TestCompileBuilder(t *testing.T) {
	m := model.New("m")
	x := m.Var("x", model.Init(1))
	if _, err := Compile(m); err == nil || !strings.Contains(err.Error(), "E204") {
		t.Errorf("a model without equations: %v", err)
	}
	m.Eq(expr.Der(x), x.Neg())
	p, err := Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 1}, RelTol: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	if got := sol.U[0]; math.Abs(got-math.Exp(-1)) > 1e-8 {
		t.Errorf("x(1) = %v", got)
	}
	m.Var("x")
	if _, err := Compile(m); err == nil || !strings.Contains(err.Error(), "E191") {
		t.Errorf("a variable declared twice: %v", err)
	}
}
