package mtkc_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

// mains is a rectifier with a smoothing capacitor: the diode conducts for a twentieth of each period, and nothing but
// the phase says when. The phase is a variable of its own, and its rate follows from a parameter.
func mains(t *testing.T) *ode.Problem {
	t.Helper()
	m := model.New("mains")
	m.Param("f", 50)
	m.Var("u", model.Init(0))
	for _, x := range []string{"phase", "v", "i"} {
		m.Var(x)
	}
	m.MustText("phase = 2*3.141592653589793*f*time; v = 10*sin(phase + 0.1); i = 1e-12*(exp((v - u)/0.026) - 1); 1e-5*der(u) = i - u/1e4")
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Pulses between two points at which a method evaluates f would be missed: steps are limited by the periods of the model's sines
// of time, with the parameters of the run. Without that the automatic choice ended at 1e12 V for 1e-5, and at half of the voltage for 1e-3.
func TestPeriods(t *testing.T) {
	p := mains(t)
	for _, f := range []float64{50, 400} {
		opt := ode.Options{Span: [2]float64{0, 0.505}, Set: map[string]float64{"f": f}, FinalOnly: true}
		solve := func(name string, rtol, hmax float64) float64 {
			o := opt
			o.Solver, o.RelTol, o.AbsTol, o.HMax = name, rtol, 1e-3*rtol, hmax
			sol, err := ode.Solve(context.Background(), p, o)
			if err != nil {
				t.Fatalf("%s at %g: %v", name, rtol, err)
			}
			return sol.U[0]
		}
		ref := solve("RadauIIA5", 1e-10, 1e-5)
		for _, name := range []string{"auto", "stiff", "nonstiff", "Vern7", "Rodas5P", "BDF", "Adams", "LSODA", "KenCarp4", "Rosenbrock23"} {
			for _, rtol := range []float64{1e-3, 1e-4, 1e-5, 1e-6} {
				if u := solve(name, rtol, 0); !(math.Abs(u-ref) < 20*rtol*ref) {
					t.Errorf("%g Hz, %s at %g: %g V, want %g", f, name, rtol, u, ref)
				}
			}
		}
	}
	// The user's limit goes before.
	sol, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 0.1}, HMax: math.Inf(1), Solver: "Vern7", Set: map[string]float64{"f": 1e5}})
	if err != nil {
		t.Fatal(err)
	}
	if sol.Stats.Steps > 10000 {
		t.Errorf("%d steps without a limit", sol.Stats.Steps)
	}
}

// The frequencies of a model are those of sines and cosines of arguments that are affine in time: not where a state,
// a square or a discrete variable goes in.
func TestRates(t *testing.T) {
	m := model.New("rates")
	m.Param("w", 3)
	m.Param("a", 2)
	m.Var("x", model.Init(0))
	m.Var("y", model.Init(0))
	m.Var("arg")
	m.MustText("arg = a*w*time + 1; der(x) = sin(arg) + cos(5*time)*x + sin(time^2) + sin(100*x); der(y) = cos(0.5*time - x) + sin(2*time) - exp(y)")
	p, err := mtkc.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	if p.NRates == 0 {
		t.Fatal("no frequencies")
	}
	rates := make([]float64, p.NRates)
	params := append([]float64(nil), p.P...)
	for i, q := range p.Params {
		if q.Name == "w" {
			params[i] = 4
		}
	}
	p.NewKernels().Rates(params, rates)
	slices.Sort(rates)
	if fmt.Sprint(rates) != "[5 8]" { // of 5 and 2, which are numbers, the larger one; a w
		t.Errorf("rates %v", rates)
	}
}

// Where nothing is sharp, such as in a linear model, steps are as long as the tolerance lets them be.
func TestSmoothHasNoRates(t *testing.T) {
	for text, want := range map[string]bool{
		"der(x) = sin(100*time) - x":                               false,
		"der(x) = sin(100*time) - x^3/(1 + x^2)":                   false,
		"der(x) = sin(100*time) - exp(x)":                          true,
		"der(x) = sin(100*time) - max(x, 0)":                       true,
		"der(x) = sin(100*time) - tanh(1000*x)":                    true,
		"der(x) = if sin(100*time) > 0.99 then 1 - x else -x":      true,
		"der(x) = sin(100*time) - (if x > 0.5 then 10*x else 0*x)": true,
	} {
		m := model.New("forced")
		m.Var("x", model.Init(0))
		m.MustText(text)
		p, err := mtkc.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.NRates > 0; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
