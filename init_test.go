package mtkc_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/expr"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Start values that Newton's method from the guesses does not find, or finds where the
// ranges of the model exclude them.
func TestInitialValues(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(m *model.System)
		want  map[string]float64
	}{
		{"no descent leads to the root", func(m *model.System) {
			m.Var("x", model.Init(1))
			m.Var("y")
			m.Var("z")
			m.MustText("der(x) = -y; y^3 + z = x; exp(z) + y = 2*x")
		}, map[string]float64{"y": 1, "z": 0}},
		{"trivial root of a parameter", func(m *model.System) {
			x := m.Var("x", model.Init(1))
			k := m.Param("k", nil, model.WithGuess(0.3), model.WithRange(0.1, 10))
			m.Eq(expr.Der(x), k.Neg().Mul(x))
			m.InitialEq(k.Mul(k), k.Mul(2))
		}, map[string]float64{"k": 2}},
		{"negative root of a state", func(m *model.System) {
			x := m.Var("x", model.WithGuess(-1), model.WithRange(0, 100))
			m.Eq(expr.Der(x), x.Neg())
			m.InitialEq(x.Mul(x), 9)
		}, map[string]float64{"x": 3}},
		{"root of an algebraic variable", func(m *model.System) {
			m.Var("x", model.Init(2))
			m.Var("y", model.WithGuess(-0.4), model.WithRange(0.2, 100))
			m.MustText("der(x) = -x*y; y^3 + 2*y^2 - 3*y = (x - 2)*exp(y)")
		}, map[string]float64{"y": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := model.New("m")
			c.build(m)
			prob, err := mtkc.Compile(m)
			if err != nil {
				t.Fatal(err)
			}
			sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, 0.01}})
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.want {
				got, err := sol.Values(name)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(got[0]-want) > 1e-8 {
					t.Errorf("%s = %v at the start, want %v; warnings %q", name, got[0], want, sol.Warnings)
				}
			}
		})
	}
}

// The parameters of the lightning strokes follow from initial equations that also hold
// where the amplitude vanishes, which min forbids.
func TestLightning(t *testing.T) {
	file := filepath.Join(corpus, "DemonstrateLightning.bmo")
	if _, err := os.Stat(file); err != nil {
		t.Skip("the model is not here: ", file)
	}
	prob, found := mtkc.New(file, mtkc.Options{}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, 1e-4}})
	if err != nil {
		t.Fatal(err)
	}
	for _, stroke := range []string{"lightning1", "lightning2"} {
		v, err := sol.Final([]string{stroke + ".signalSource.eta", stroke + ".signalSource.tau1", stroke + ".signalSource.tau2"})
		if err != nil {
			t.Fatal(err)
		}
		if lo, hi := min(v[1], v[2]), max(v[1], v[2]); v[0] < 0.9 || v[0] > 1 || lo > 2e-5 || hi < 4e-4 {
			t.Errorf("%s: eta, tau1, tau2 = %v, which is no stroke of 10 us to 350 us", stroke, v)
		}
	}
}
