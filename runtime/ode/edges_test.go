package ode

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// Runs at the edges of what options and callers may ask for.

// eachMethod runs f for every method that takes any f, those without error estimate too; steps of the latter
// are to be fixed ones.
func eachMethod(t *testing.T, f func(m Method, fixed bool) error) {
	t.Helper()
	for _, m := range Methods() {
		i := m.Info()
		if i.Needs != "" {
			continue
		}
		if err := f(m, i.Embedded == 0); err != nil {
			t.Errorf("%s: %v", i.Name, err)
		}
	}
}

// ifFixed is h for methods without error estimate, else 0.
func ifFixed(fixed bool, h float64) float64 {
	if fixed {
		return h
	}
	return 0
}

// At rest, and without any states, no error test or iteration may divide by zero.
func TestMethodsRest(t *testing.T) {
	eachMethod(t, func(m Method, fixed bool) error {
		for _, u0 := range [][]float64{{}, {0, 0}, {3, 0}} {
			p := system("rest", u0, nil, 1, func(t float64, u, p, du []float64) { clear(du) })
			sol, err := Solve(context.Background(), p, Options{Method: m, InitialStep: ifFixed(fixed, 0.01), HMax: 0.01, FinalOnly: true})
			if err != nil {
				return fmt.Errorf("%v: %v", u0, err)
			}
			for i, v := range u0 { // up to the rounding of sums of weights, in 100 steps of up to 300 stages
				if math.Abs(sol.U[i]-v) > 1e-11 {
					return fmt.Errorf("%v moves to %v", u0, sol.U)
				}
			}
		}
		return nil
	})
}

// A run of no length is a point: it is saved as often as asked for, and dense output has it.
func TestMethodsPoint(t *testing.T) {
	eachMethod(t, func(m Method, fixed bool) error {
		for _, c := range []struct {
			opt   Options
			saved int
		}{{Options{Dense: true}, 1}, {Options{Steps: 10}, 11}, {Options{SaveAt: []float64{1}}, 1}, {Options{FinalOnly: true}, 1}} {
			c.opt.Method, c.opt.InitialStep, c.opt.Span = m, ifFixed(fixed, 0.1), [2]float64{1, 1}
			sol, err := Solve(context.Background(), decay(), c.opt)
			if err != nil {
				return err
			}
			if sol.Len() != c.saved || sol.State(0)[0] != 1 {
				return fmt.Errorf("%d points saved, want %d", sol.Len(), c.saved)
			}
			u := []float64{0}
			if c.opt.Dense && (!sol.At(1, u) || u[0] != 1 || sol.At(1.5, u)) {
				return fmt.Errorf("dense output gives %v", u)
			}
		}
		return nil
	})
}

// A step that a callback refuses is made again, and fixed steps are as long as before after it.
func TestMethodsAccept(t *testing.T) {
	eachMethod(t, func(m Method, fixed bool) error {
		n := 0
		cb := &Callback{Accept: func(in *Integrator) bool { n++; return n%5 != 0 }}
		sol, err := Solve(context.Background(), decay(), Options{Method: m, InitialStep: ifFixed(fixed, 0.01), Callbacks: []*Callback{cb}, RelTol: 1e-5})
		if err != nil {
			return err
		}
		// 100 steps, and at most three more for each of the 25 that were refused.
		if s := sol.Stats; fixed && (s.Steps-s.Rejected > 175 || s.Rejected < 20) {
			return fmt.Errorf("%d steps and %d refused", s.Steps, s.Rejected)
		}
		return nil
	})
}

// Far from time 0 the derivative of f by the time is as good as close to it.
func TestLateTimeDerivative(t *testing.T) {
	steps := map[string]int{}
	for _, t0 := range []float64{0, 1e6} {
		for _, name := range []string{"Rodas5P", "Rodas4", "Rosenbrock23", "Exprb43", "SEULEX"} {
			p := system("late", []float64{0.5}, nil, 1, func(t float64, u, p, du []float64) { du[0] = -10 * (u[0] - math.Sin(t-t0)) })
			sol, err := Solve(context.Background(), p, Options{Solver: name, Span: [2]float64{t0, t0 + 10}, FinalOnly: true})
			if err != nil {
				t.Fatalf("%s from %g on: %v", name, t0, err)
			}
			n := sol.Stats.Steps + sol.Stats.Rejected
			if t0 == 0 {
				steps[name] = n
			} else if n > steps[name]*3/2 {
				t.Errorf("%s: %d steps from %g on, %d from 0 on", name, n, t0, steps[name])
			}
		}
	}
	// Nor is f asked for beyond the end of the run.
	for _, name := range []string{"Rodas5P", "SEULEX", "Exprb43"} {
		last := 0.0
		p := system("end", []float64{0}, nil, 1, func(t float64, u, p, du []float64) {
			last = math.Max(last, t)
			du[0] = math.Sin(t) - u[0]
		})
		mustSolve(t, p, Options{Solver: name, HMax: 0.1, FinalOnly: true})
		if last > 1 {
			t.Errorf("%s evaluates f at 1 + %g", name, last-1)
		}
	}
}

func TestTerminateBetweenSteps(t *testing.T) {
	in, err := NewIntegrator(context.Background(), decay(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Step(); err != nil {
		t.Fatal(err)
	}
	at := in.T()
	in.Terminate("enough")
	if err := in.Step(); err != nil {
		t.Fatal(err)
	}
	if sol := in.Solution(); in.T() != at || !in.Done() || sol.Retcode != Terminated || sol.Message != "enough" {
		t.Errorf("%v at %v, terminated at %v", sol.Retcode, in.T(), at)
	}
}

// The solution remembers which parameters were in force where.
func TestParametersOfThePast(t *testing.T) {
	for _, dense := range []bool{false, true} {
		opt := Options{Dense: dense}
		in, err := NewIntegrator(context.Background(), decay(), opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.AddStop(0.5); err != nil {
			t.Fatal(err)
		}
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			if in.T() == 0.5 {
				if err := in.SetParam(0, 3); err != nil {
					t.Fatal(err)
				}
				saved, err := in.Save() // and so does a run that goes on elsewhere
				if err != nil {
					t.Fatal(err)
				}
				if in, err = Resume(context.Background(), decay(), opt, saved); err != nil {
					t.Fatal(err)
				}
			}
		}
		sol := in.Solution()
		a, err := sol.Values("a")
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range sol.Times {
			want := 1.0
			if at > 0.5 || at == 0.5 && i > 0 && sol.Times[i-1] == 0.5 {
				want = 3
			}
			if a[i] != want || sol.P(i)[0] != want {
				t.Errorf("a = %v at %v, want %v", a[i], at, want)
			}
		}
		if dense {
			for at, want := range map[float64]float64{0.25: 1, 0.75: 3} {
				if v, err := sol.ValueAt(at, []string{"a"}); err != nil || v[0] != want {
					t.Errorf("a = %v at %v, want %v", v, at, want)
				}
			}
		}
		if err := in.Reset(context.Background(), opt); err != nil {
			t.Fatal(err)
		}
		if p := in.Solution().P(0); p[0] != 1 {
			t.Errorf("after Reset a = %v", p)
		}
	}
}

// A Reset that fails leaves nothing that a later one could take for a method.
func TestResetUnknownMethod(t *testing.T) {
	in, err := NewIntegrator(context.Background(), decay(), Options{Solver: "Tsit5"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := in.Reset(context.Background(), Options{Solver: "nonesuch"}); err == nil || !in.Done() {
			t.Errorf("accepted, with %s", in.Solution().Solver)
		}
	}
	if err := in.Reset(context.Background(), Options{Solver: "Tsit5"}); err != nil {
		t.Fatal(err)
	}
	for !in.Done() {
		if err := in.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMoreOptionErrors(t *testing.T) {
	cross := func(t float64, u, p, g []float64) { g[0] = t - 0.5 }
	for _, c := range []struct {
		opt  Options
		want string
	}{
		{Options{U0: []float64{math.NaN()}}, "NaN"},
		{Options{AbsTols: []float64{math.Inf(1)}}, "absolute tolerance"},
		{Options{Span: [2]float64{0, 1e-200}, SaveAt: []float64{5e-201, 1e-201}}, "out of order"},
		{Options{Solver: "BDF", Linear: linsolve.Hints{Kind: 99}}, "kind 99"},
		{Options{Callbacks: []*Callback{nil}}, "callback 0 is nil"},
		{Options{Callbacks: []*Callback{{Conditions: 1}}}, "Crossings"},
		{Options{Callbacks: []*Callback{{Conditions: -1}}}, "-1 conditions"},
		{Options{Callbacks: []*Callback{{Name: "cross", Conditions: 1, Crossings: cross, Directions: []Direction{}}}}, "cross has 0 Directions"},
	} {
		sol, err := Solve(context.Background(), decay(), c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) || sol != nil {
			t.Errorf("%+v: %v, want %q", c.opt, err, c.want)
		}
	}
	// A condition without Affect only ends a step.
	sol := mustSolve(t, decay(), Options{Callbacks: []*Callback{{Conditions: 1, Crossings: cross}}})
	if !slices.ContainsFunc(sol.Times, func(t float64) bool { return math.Abs(t-0.5) < 1e-12 }) {
		t.Errorf("no step ends at 0.5: %v", sol.Times)
	}
	if _, err := decay().Remake(nil, [2]float64{1, 1}); err == nil {
		t.Error("a problem without length is remade")
	}
}

// After a nudge f is evaluated at the new point: one-step methods make no error there.
func TestNudgeMovesSlopes(t *testing.T) {
	for _, name := range []string{"BS3", "DP5", "Tsit5", "Vern7", "DP8", "TRBDF2", "KenCarp4", "Rodas5P", "RadauIIA5", "ODEX", "SEULEX"} {
		in, err := NewIntegrator(context.Background(), decay(), Options{Solver: name, RelTol: 1e-8, AbsTol: 1e-10, HMax: 0.05})
		if err != nil {
			t.Fatal(err)
		}
		at := 0.0
		for n := 0; !in.Done(); n++ {
			if n == 10 {
				at = in.T()
				if err := in.Nudge([]float64{0.5}); err != nil {
					t.Fatal(err)
				}
			}
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		// The slope before the nudge is wrong by 0.5 over a part of a step; errors are those of the tolerance otherwise.
		want := math.Exp(-1) + 0.5*math.Exp(at-1)
		if e := math.Abs(in.U()[0] - want); e > 1e-6 || in.Stats().Rejected > 1 {
			t.Errorf("%s: error %.2g after a nudge at %g, %d steps rejected", name, e, at, in.Stats().Rejected)
		}
	}
}

// At the time of an event the values after it are saved.
func TestSaveAtEvent(t *testing.T) {
	plain := mustSolve(t, ball(0.8, 2).Problem, Options{})
	bounces := 0
	for i := 1; i < plain.Len(); i++ {
		if plain.Times[i] != plain.Times[i-1] {
			continue
		}
		bounces++
		sol := mustSolve(t, ball(0.8, 2).Problem, Options{SaveAt: []float64{plain.Times[i]}})
		if sol.Len() != 1 || !(plain.State(i - 1)[1] < 0) || math.Abs(sol.State(0)[1]-plain.State(i)[1]) > 1e-6 {
			t.Errorf("at %v the velocity %v is saved, %v before and %v after the bounce", sol.Times, sol.State(0), plain.State(i-1), plain.State(i))
		}
	}
	if bounces < 3 {
		t.Errorf("%d bounces", bounces)
	}
}

// SetStep changes the step of methods that keep it, too, for the rest of the run, also of one that is restored; the next
// run has the step of its options again.
func TestSetStepFixed(t *testing.T) {
	ran := 0
	for _, m := range Methods() {
		if m.Info().Embedded > 0 {
			continue
		}
		opt := Options{Method: m, InitialStep: 0.01, FinalOnly: true}
		p := oscillator(1)
		in, err := NewIntegrator(context.Background(), p, opt)
		if err != nil {
			continue // it takes problems of other kinds
		}
		ran++
		steps := func(in *Integrator) (n int) {
			t.Helper()
			for was := in.Stats().Steps; !in.Done(); n = in.Stats().Steps - was {
				if err := in.Step(); err != nil {
					t.Fatalf("%s: %v", m.Info().Name, err)
				}
			}
			return n
		}
		if err := in.AddStop(0.5); err != nil {
			t.Fatal(err)
		}
		for in.T() < 0.5 {
			if err := in.Step(); err != nil {
				t.Fatalf("%s: %v", m.Info().Name, err)
			}
		}
		if err := in.SetStep(0.002); err != nil {
			t.Fatal(err)
		}
		if err := in.Step(); err != nil {
			t.Fatalf("%s: %v", m.Info().Name, err)
		}
		data, err := in.Save()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Resume(context.Background(), p, opt, data)
		if err != nil {
			t.Fatal(err)
		}
		// Some take smaller steps at the start of a history.
		n, k := steps(in), steps(again)
		if n < 245 || n > 400 || k != n || !sameBits(in.U(), again.U()) {
			t.Errorf("%s: %d steps after SetStep, %d of the restored run, want about 250 and as many; %v and %v", m.Info().Name, n, k, in.U(), again.U())
		}
		if err := in.Reset(context.Background(), opt); err != nil {
			t.Fatal(err)
		}
		if n := steps(in); n > 200 {
			t.Errorf("%s: %d steps of 0.01 to t = 1 in the next run", m.Info().Name, n)
		}
	}
	if ran < 150 {
		t.Errorf("%d methods took the problem", ran)
	}
}
