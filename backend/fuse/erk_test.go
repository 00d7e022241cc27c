package fuse

import (
	"fmt"
	"math"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// TestOrder halves fixed steps: the error falls by 2^order or more. A step is fixed by a tolerance that
// every error meets and a largest step.
func TestOrder(t *testing.T) {
	prog := compile(t, brusselator)
	truth := last(solve(t, prog, ode.Options{Span: [2]float64{0, 2}, Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-14}))
	for _, c := range []struct {
		method string
		h      float64
	}{
		{"BS3", 0.02}, {"Tsit5", 0.05}, {"DP5", 0.05}, {"Vern7", 0.1}, {"Vern9", 0.2}, {"DP8", 0.2}, {"CashKarp", 0.05},
	} {
		in := integrator(t, prog, c.method, Options{})
		var e [2]float64
		for i := range e {
			h := c.h / float64(int(1)<<i)
			tr := start(t, prog, in, 0, 2, Settings{RelTol: 1e6, AbsTol: []float64{1e6}, HMax: h})
			tr.x[H] = h
			tr.run()
			if n := math.Round(2 / h); tr.x[Status] != Done || tr.x[T] != 2 || tr.x[Steps] > n+1 || tr.x[Rejected] != 0 {
				t.Fatalf("%s: %v", c.method, tr.x[:StateAt])
			}
			e[i] = distance(tr.u(), truth)
		}
		// The steps are not in the limit: higher terms help or hurt by half an order.
		order := math.Log2(e[0] / e[1])
		t.Logf("%s: errors %.2e %.2e, order %.2f, kernel of %d operations", c.method, e[0], e[1], order, in.Step.Ops())
		if order < float64(in.Order)-0.5 {
			t.Errorf("%s: order %.2f, want %d", c.method, order, in.Order)
		}
	}
}

// TestWork compares steps and errors with those of package ode's method.
func TestWork(t *testing.T) {
	for _, m := range []struct {
		name, text string
		t1         float64
		methods    []string
	}{
		{"lorenz", lorenz, 10, []string{"BS3", "Tsit5", "Vern7", "Vern9", "DP8"}},
		{"brusselator", brusselator, 20, []string{"BS3", "Tsit5", "Vern7", "Vern9", "DP8"}},
		{"pendulum", pendulum, 20, []string{"BS3", "Tsit5", "Vern7", "Vern9", "DP8"}},
	} {
		prog := compile(t, m.text)
		compareWork(t, m.name, prog, m.t1, m.methods, []float64{1e-4, 1e-6, 1e-8})
	}
}

// compareWork logs and compares steps with package ode's.
func compareWork(t *testing.T, name string, prog *backend.Program, t1 float64, methods []string, tols []float64) {
	t.Helper()
	for _, method := range methods {
		in := integrator(t, prog, method, Options{})
		for _, tol := range tols {
			opt := ode.Options{Span: [2]float64{0, t1}, Solver: method, RelTol: tol, AbsTol: tol, FinalOnly: true, HMax: math.Inf(1)}
			s := solve(t, prog, opt)
			tr := start(t, prog, in, 0, t1, Settings{RelTol: tol, AbsTol: []float64{tol}})
			tr.run()
			t.Logf("%-12s %-12s %.0e: steps %5.0f + %3.0f rejected, ode %5d + %3d; difference %.1e",
				name, method, tol, tr.x[Steps], tr.x[Rejected], s.Stats.Steps, s.Stats.Rejected, distance(tr.u(), last(s)))
			if tr.x[Status] != Done || tr.x[T] != t1 {
				t.Errorf("%s %s: status %v at %v", name, method, tr.x[Status], tr.x[T])
			}
			// The formulas are the same, but for rounding and logarithms good to 1e-4.
			if n := float64(s.Stats.Steps); math.Abs(tr.x[Steps]-n) > 2+0.02*n {
				t.Errorf("%s %s: %v steps, package ode makes %v", name, method, tr.x[Steps], n)
			}
		}
	}
}

// TestTolerance tightens tolerances: the error at the end follows.
func TestTolerance(t *testing.T) {
	for _, c := range []struct {
		name, text string
		t1         float64
	}{{"lorenz", lorenz, 2}, {"brusselator", brusselator, 10}, {"pendulum", pendulum, 10}} {
		prog := compile(t, c.text)
		truth := last(solve(t, prog, ode.Options{Span: [2]float64{0, c.t1}, Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-14}))
		for _, method := range []string{"Tsit5", "Vern7", "Vern9", "Rodas5P", "KenCarp4"} {
			in := integrator(t, prog, method, Options{})
			var errs []float64
			for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
				tr := start(t, prog, in, 0, c.t1, Settings{RelTol: tol, AbsTol: []float64{tol}})
				tr.run()
				errs = append(errs, distance(tr.u(), truth))
				// Errors grow on the way (seen: up to 31 tolerances).
				if !(errs[len(errs)-1] < 60*tol) {
					t.Errorf("%s %s at %g: %.1e", c.name, method, tol, errs)
				}
			}
			t.Logf("%s %s: %.1e", c.name, method, errs)
			// Where a cycle attracts, one error may be small by chance.
			if !(errs[2] < errs[0]/100) {
				t.Errorf("%s %s: %.1e", c.name, method, errs)
			}
		}
	}
}

// TestEveryTable emits all explicit methods with an error estimate, in all variants, and runs one step.
func TestEveryTable(t *testing.T) {
	prog := compile(t, lorenz)
	n := 0
	for _, name := range tableau.Names(tableau.Explicit) {
		for _, dense := range []bool{false, true} {
			in, err := New(prog, name, Options{Dense: dense, Events: true})
			if err != nil {
				if _, ok := err.(*Unsupported); !ok || tableau.ReadERK(name).BHat != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			n++
			tr := start(t, prog, in, 0, 1e-3, Settings{RelTol: 1e-3, AbsTol: []float64{1e-3}})
			tr.run()
			if tr.x[Status] != Done {
				t.Errorf("%s: %v", name, tr.x[:StateAt])
			}
		}
	}
	if n < 60 {
		t.Errorf("%d kernels", n)
	}
}

// TestSave compares the interpolant with that of package ode at times inside the steps: the
// steps are the same but for rounding.
func TestSave(t *testing.T) {
	prog := compile(t, brusselator)
	for _, method := range []string{"BS3", "Tsit5", "Vern7", "Vern9", "DP8", "CashKarp"} {
		in := integrator(t, prog, method, Options{Dense: true})
		var at []float64
		for i := range 40 {
			at = append(at, 0.25*float64(i+1))
		}
		truth := solve(t, prog, ode.Options{Span: [2]float64{0, 10}, Solver: "Vern9", RelTol: 1e-12, AbsTol: 1e-13, SaveAt: at})
		tr := start(t, prog, in, 0, 10, Settings{RelTol: 1e-7, AbsTol: []float64{1e-7}})
		k, worst := 0, 0.0
		out := make([]float64, in.N)
		for k < len(at) {
			if tr.x[Status] == Running {
				tr.step()
			}
			for k < len(at) && at[k] <= tr.x[T] {
				tr.save(at[k], out)
				worst = max(worst, distance(out, truth.State(k)))
				k++
			}
		}
		end := distance(tr.u(), last(truth))
		t.Logf("%s: error %.1e inside, %.1e at the end, %d slots", method, worst, end, in.Slots)
		// Twenty times the tolerance inside: errors grow on the way by about that (seen: up to 1e-6).
		if worst > 2e-6 {
			t.Errorf("%s: error %v", method, worst)
		}
		if tr.save(tr.x[T], out); fmt.Sprint(out) != fmt.Sprint(tr.u()) {
			t.Errorf("%s: Save at T is not U", method)
		}
	}
}

// TestDefaults makes the same steps as package ode where nothing is set.
func TestDefaults(t *testing.T) {
	prog := compile(t, brusselator)
	prog.Meta.States[1].Nominal = 1e3
	opt := ode.Options{Span: [2]float64{0, 10}, Solver: "Tsit5"}
	s := solve(t, prog, opt)
	tr := start(t, prog, integrator(t, prog, "Tsit5", Options{}), 0, 10, SettingsOf(vm.Problem(prog), &opt))
	tr.run()
	// Rounding may shift one rejection.
	if n := float64(s.Stats.Steps); math.Abs(tr.x[Steps]-n) > 2 {
		t.Errorf("%v steps, package ode makes %v", tr.x[Steps], n)
	}
}

// TestBase emits base operations alone where the model has no others.
func TestBase(t *testing.T) {
	prog := compile(t, lorenz)
	for _, method := range []string{"Tsit5", "Rodas5P", "Kvaerno5"} {
		in := integrator(t, prog, method, Options{Dense: true})
		for _, k := range []*backend.Kernel{in.Begin, in.Step, in.Save} {
			written := map[int32]bool{}
			for _, i := range k.Code {
				if !i.Op.Base() || i.Op == backend.Time {
					t.Errorf("%s: %v", k.Name, i.Op)
				}
			}
			for _, o := range k.Out {
				written[o.Index] = true
			}
			if want := in.Slots; k != in.Save && (len(written) != want || len(k.Out) != want) {
				t.Errorf("%s writes %d entries of %d", k.Name, len(k.Out), want)
			}
		}
	}
}
