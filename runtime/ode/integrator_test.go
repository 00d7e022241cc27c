package ode

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

func wantFailure(t *testing.T, err error, code Retcode, words ...string) *Failure {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("%v, want %v", err, code)
	}
	if f.Code != code {
		t.Fatalf("%v, want %v", err, code)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("message %q does not contain %q", f.Message, w)
		}
	}
	return f
}

// pendulum is the plane pendulum in Cartesian coordinates, reduced to index 1:
// x' = u, y' = v, u' = -lambda x, v' = -lambda y - g, and the twice differentiated
// constraint for lambda; the constraint and its derivative are invariants.
func pendulum(t1 float64) *Problem {
	p := &Problem{
		Name: "pendulum", Span: [2]float64{0, t1}, Index: 3,
		U0: []float64{1, 0, 0, 0, 0.5}, P: []float64{9.81, 1}, Mass: []float64{1, 1, 1, 1, 0},
		States: []Quantity{{Name: "x"}, {Name: "y"}, {Name: "vx"}, {Name: "vy"}, {Name: "lambda"}},
		Params: []Quantity{{Name: "g"}, {Name: "L"}},
		NInv:   2,
		InvJac: linsolve.Dense(2, 5),
	}
	p.NewKernels = func() *Kernels {
		return &Kernels{
			RHS: func(t float64, u, p, du []float64) {
				x, y, vx, vy, l := u[0], u[1], u[2], u[3], u[4]
				du[0], du[1] = vx, vy
				du[2], du[3] = -l*x, -l*y-p[0]
				du[4] = vx*vx + vy*vy - l*(x*x+y*y) - p[0]*y
			},
			Invariants: func(t float64, u, p, g []float64) {
				g[0] = u[0]*u[0] + u[1]*u[1] - p[1]*p[1]
				g[1] = u[0]*u[2] + u[1]*u[3]
			},
			InvariantJac: func(t float64, u, p, v []float64) {
				copy(v, []float64{2 * u[0], u[2], 2 * u[1], u[3], 0, u[0], 0, u[1], 0, 0})
			},
		}
	}
	return p
}

// The constraints hold to rounding at every saved point, the energy to the tolerance,
// for the automatic choice and others.
func TestPendulum(t *testing.T) {
	for _, name := range []string{"auto", "Rodas5P", "Radau5", "BDF", "Tsit5", "Adams", "LSODA"} {
		opt := Options{Solver: name, RelTol: 1e-8, AbsTol: 1e-8, Steps: 97}
		if name == "Tsit5" || name == "Adams" || name == "LSODA" {
			opt.Form, opt.Constraints = "nested", "project" // explicit methods and the formulas of Adams take no algebraic rows
		}
		sol := mustSolve(t, pendulum(10), opt)
		worst := [3]float64{}
		for i := range sol.Len() {
			u := sol.State(i)
			worst[0] = max(worst[0], math.Abs(u[0]*u[0]+u[1]*u[1]-1))
			worst[1] = max(worst[1], math.Abs(u[0]*u[2]+u[1]*u[3]))
			worst[2] = max(worst[2], math.Abs((u[2]*u[2]+u[3]*u[3])/2+9.81*u[1]))
			lambda := u[2]*u[2] + u[3]*u[3] - 9.81*u[1]
			if math.Abs(u[4]-lambda) > 1e-8*(1+math.Abs(lambda)) {
				t.Errorf("%s: lambda = %g, want %g at t = %g", name, u[4], lambda, sol.Times[i])
			}
		}
		most := 1e-5 // of the energy 9.81, at a tolerance of 1e-8
		if name == "BDF" {
			most = 1e-4 // its errors are some thirty times larger, and of one sign
		}
		if worst[0] > 1e-13 || worst[1] > 1e-13 || worst[2] > most {
			t.Errorf("%s: constraint %.2g, its derivative %.2g, energy %.2g (%+v)", name, worst[0], worst[1], worst[2], sol.Stats)
		}
		t.Logf("%s: constraint %.2g, its derivative %.2g, energy %.2g (%+v) %s", sol.Solver, worst[0], worst[1], worst[2], sol.Stats, sol.Why)
	}
}

// Redundant invariants do no harm.
func TestRedundantInvariants(t *testing.T) {
	p := pendulum(5)
	kernels := p.NewKernels
	p.NInv, p.InvJac = 4, linsolve.Dense(4, 5)
	p.NewKernels = func() *Kernels {
		k := kernels()
		g0, j0 := k.Invariants, k.InvariantJac
		k.Invariants = func(t float64, u, p, g []float64) {
			g0(t, u, p, g)
			g[2], g[3] = 3*g[0], g[0]-g[1]
		}
		k.InvariantJac = func(t float64, u, p, v []float64) {
			var w [10]float64
			j0(t, u, p, w[:])
			for j := range 5 {
				a, b := w[2*j], w[2*j+1]
				copy(v[4*j:], []float64{a, b, 3 * a, a - b})
			}
		}
		return k
	}
	sol := mustSolve(t, p, Options{RelTol: 1e-7})
	for i := range sol.Len() {
		u := sol.State(i)
		if g := math.Abs(u[0]*u[0] + u[1]*u[1] - 1); g > 1e-13 {
			t.Fatalf("constraint off by %g at t = %g", g, sol.Times[i])
		}
	}
	if len(sol.Warnings) > 0 {
		t.Error(sol.Warnings)
	}
}

// Many pendulums side by side, one invariant of each given twice: they take the
// sparse way.
func TestManyInvariants(t *testing.T) {
	const n = 60
	one := pendulum(2)
	p := &Problem{Name: "pendulums", Span: one.Span, NInv: 3 * n, P: one.P, Params: one.Params}
	pat := &linsolve.Pattern{Rows: 3 * n, Cols: 5 * n, ColPtr: []int32{0}}
	jac := &linsolve.Pattern{Rows: 5 * n, Cols: 5 * n, ColPtr: []int32{0}}
	for i := range n {
		p.U0 = append(p.U0, one.U0...)
		p.Mass = append(p.Mass, one.Mass...)
		p.U0[5*i+2], p.U0[5*i+3] = 0, 0.05*float64(i)
		for range 5 {
			pat.RowIdx = append(pat.RowIdx, int32(3*i), int32(3*i+1), int32(3*i+2))
			pat.ColPtr = append(pat.ColPtr, int32(len(pat.RowIdx)))
			for k := range 5 {
				jac.RowIdx = append(jac.RowIdx, int32(5*i+k))
			}
			jac.ColPtr = append(jac.ColPtr, int32(len(jac.RowIdx)))
		}
	}
	p.InvJac, p.Jac = pat, jac
	p.NewKernels = func() *Kernels {
		k := one.NewKernels()
		return &Kernels{
			RHS: func(t float64, u, p, du []float64) {
				for i := range n {
					k.RHS(t, u[5*i:5*i+5], p, du[5*i:5*i+5])
				}
			},
			Invariants: func(t float64, u, p, g []float64) {
				for i := range n {
					k.Invariants(t, u[5*i:5*i+5], p, g[3*i:3*i+2])
					g[3*i+2] = 5 * g[3*i]
				}
			},
			InvariantJac: func(t float64, u, p, v []float64) {
				for i := range n {
					var w [10]float64
					k.InvariantJac(t, u[5*i:5*i+5], p, w[:])
					for j := range 5 {
						copy(v[15*i+3*j:], []float64{w[2*j], w[2*j+1], 5 * w[2*j]})
					}
				}
			},
		}
	}
	sol := mustSolve(t, p, Options{Solver: "Radau5", RelTol: 1e-6, FinalOnly: true})
	for i := range n {
		u := sol.U[5*i:]
		if g := math.Abs(u[0]*u[0] + u[1]*u[1] - 1); g > 1e-13 {
			t.Fatalf("pendulum %d is off by %g", i, g)
		}
	}
}

// withInit is u' = -u with an initialization plan: u0 from u0^2 = a, a parameter.
func withInit() *Problem {
	p := system("rooted", []float64{1}, []float64{4, 1}, 1, func(t float64, u, p, du []float64) { du[0] = -u[0] })
	p.Params[1].Name = "start(x)"
	p.States[0].StartParam = 2
	rhs := p.NewKernels
	p.Init = &Init{
		NW: 1, Names: []string{"x"}, Start: []float64{0}, StartFrom: []int32{1}, U: []int32{0},
		Blocks: []InitBlock{{Unknowns: []int32{0}, Residual: []string{"model.go:7: x^2 = a"}, Jac: linsolve.Dense(1, 1)}},
		Notes:  []string{"a note"},
	}
	p.NewKernels = func() *Kernels {
		k := rhs()
		k.Init = []InitKernel{{
			Eval: func(t float64, w, p, r []float64) { r[0] = w[0]*w[0] - p[0] },
			Jac:  func(t float64, w, p, v []float64) { v[0] = 2 * w[0] },
		}}
		return k
	}
	return p
}

func TestInitialization(t *testing.T) {
	p := withInit()
	sol := mustSolve(t, p, Options{})
	if math.Abs(sol.State(0)[0]-2) > 1e-9 {
		t.Errorf("x = %g at the start, want 2", sol.State(0)[0])
	}
	if len(sol.Warnings) != 1 || sol.Warnings[0] != "a note" {
		t.Errorf("warnings %q", sol.Warnings)
	}
	// A negative guess finds the other root, by either way to give it.
	for _, opt := range []Options{{Set: map[string]float64{"x": -0.1}}, {Set: map[string]float64{"start(x)": -3}}, {U0: []float64{-1}}} {
		sol = mustSolve(t, p, opt)
		if math.Abs(sol.State(0)[0]+2) > 1e-9 {
			t.Errorf("%+v: x = %g at the start, want -2", opt, sol.State(0)[0])
		}
	}
	// No root: the message names equation, unknown and value.
	sol, err := Solve(context.Background(), p, Options{Set: map[string]float64{"a": -1}})
	wantFailure(t, err, InitFailure, "x^2 = a", "model.go:7", "x = ")
	if sol == nil || sol.Retcode != InitFailure || sol.T != 0 {
		t.Errorf("solution %+v", sol)
	}
	// Invalid at the guess: other start points help, if there are any.
	kernels := p.NewKernels
	invalid := func(f func(x float64) float64) {
		p.NewKernels = func() *Kernels {
			k := kernels()
			k.Init = []InitKernel{{Eval: func(t float64, w, p, r []float64) { r[0] = f(w[0]) - p[0] }}}
			return k
		}
	}
	invalid(math.Log)
	sol = mustSolve(t, p, Options{Set: map[string]float64{"x": -1}})
	if math.Abs(math.Log(sol.State(0)[0])-4) > 1e-9 || !strings.Contains(strings.Join(sol.Warnings, "\n"), "the guesses do not lead") {
		t.Errorf("x = %g at the start, want e^4; warnings %q", sol.State(0)[0], sol.Warnings)
	}
	invalid(func(x float64) float64 { return math.Log(-1 - x*x) })
	_, err = Solve(context.Background(), p, Options{Set: map[string]float64{"x": -1}})
	wantFailure(t, err, InitFailure, "invalid value at the start", "x^2 = a", "x = -1")
}

// Ranges exclude roots: that of a state at once, that of a value which a block computes
// on its way in a second run.
func TestInitialRange(t *testing.T) {
	p := withInit()
	p.States[0].Min, p.States[0].Max = 0, math.Inf(1)
	sol := mustSolve(t, p, Options{Set: map[string]float64{"x": -0.1}})
	if math.Abs(sol.State(0)[0]-2) > 1e-9 {
		t.Errorf("x = %g at the start, want 2", sol.State(0)[0])
	}
	p.States[0].Max = 1
	sol = mustSolve(t, p, Options{Set: map[string]float64{"x": -0.1}})
	if got := strings.Join(sol.Warnings, "\n"); !strings.Contains(got, "x lies outside its range, 0 to 1") {
		t.Errorf("no root inside: warnings %q", got)
	}
	// A root at the end of the range, but for rounding, is inside: x^2 = 2, x >= sqrt(2).
	p.States[0].Min, p.States[0].Max = math.Sqrt2*(1+1e-15), 10
	sol = mustSolve(t, p, Options{Set: map[string]float64{"a": 2, "x": 1.5}})
	if math.Abs(sol.State(0)[0]-math.Sqrt2) > 1e-12 || strings.Contains(strings.Join(sol.Warnings, "\n"), "range") {
		t.Errorf("x = %g at the start, warnings %q", sol.State(0)[0], sol.Warnings)
	}
	// w = (x, y): y*(y - 3) = 0 iterates on x, y = x + 1 comes beside it; y is positive.
	p = withInit()
	p.States = []Quantity{{Name: "x", Min: math.Inf(-1), Max: math.Inf(1)}, {Name: "y", Min: 0x1p-1022, Max: math.Inf(1)}}
	p.U0 = []float64{0, 1}
	p.Init = &Init{
		NW: 2, Names: []string{"x", "y"}, Start: []float64{-0.9, 1}, StartFrom: []int32{-1, -1}, U: []int32{0, 1},
		Blocks: []InitBlock{{Unknowns: []int32{0}, Residual: []string{"y*(y - 3) = 0"}}},
	}
	p.Jac = nil
	p.NewKernels = func() *Kernels {
		return &Kernels{
			RHS: func(t float64, u, p, du []float64) { du[0], du[1] = -u[0], -u[1] },
			Init: []InitKernel{{Eval: func(t float64, w, p, r []float64) {
				w[1] = w[0] + 1
				r[0] = w[1] * (w[1] - 3)
			}}},
		}
	}
	sol = mustSolve(t, p, Options{})
	if x := sol.State(0); math.Abs(x[0]-2) > 1e-9 || math.Abs(x[1]-3) > 1e-9 {
		t.Errorf("x, y = %v at the start, want 2, 3", x)
	}
}

// An algebraic row is solved at the start from a guess, and again after an event.
func TestAlgebraicRows(t *testing.T) {
	// x' = -y, 0 = y^3 + y - x - s, s jumps by 10 when x falls below 1.
	m := newMachine("dae", []float64{2, 0}, nil, 3, nil)
	m.Mass = []float64{1, 0}
	low := m.relation("x < 1", true)
	m.k.RHS = func(t float64, u, p, du []float64) {
		du[0] = -u[1]
		du[1] = u[1]*u[1]*u[1] + u[1] - u[0] - 10*p[low]
	}
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = 1 - u[0] }
	sol := mustSolve(t, m.Problem, Options{})
	if y := sol.State(0)[1]; math.Abs(y-1) > 1e-9 {
		t.Errorf("y = %g at the start, want 1", y)
	}
	jumps := 0
	for i := range sol.Len() {
		u := sol.State(i)
		s := 0.0
		if sol.P(i)[low] != 0 {
			s = 10
		}
		if r := u[1]*u[1]*u[1] + u[1] - u[0] - s; math.Abs(r) > 1e-5 {
			t.Errorf("algebraic equation off by %g at t = %g", r, sol.Times[i])
		}
		if i > 0 && sol.Times[i] == sol.Times[i-1] {
			jumps++
			if u[1] < 2 || sol.State(i - 1)[1] > 1 {
				t.Errorf("y jumps from %g to %g", sol.State(i - 1)[1], u[1])
			}
		}
	}
	if jumps != 1 {
		t.Errorf("%d jumps", jumps)
	}
	// Between the steps the algebraic variable follows from the equation, not from the
	// interpolant.
	for _, name := range []string{"Rodas5P", "BDF"} {
		sol = mustSolve(t, m.Problem, Options{Solver: name, RelTol: 1e-4, AbsTol: 1e-4, Steps: 50})
		for i := range sol.Len() - 1 { // the last point is the end of a step, solved to the tolerance
			u := sol.State(i)
			if r := u[1]*u[1]*u[1] + u[1] - u[0] - 10*sol.P(i)[low]; math.Abs(r) > 1e-7 {
				t.Errorf("%s: algebraic equation off by %g at t = %g", name, r, sol.Times[i])
			}
		}
	}
	if _, err := Solve(context.Background(), m.Problem, Options{Solver: "Tsit5", Form: "dae"}); err == nil || !strings.Contains(err.Error(), "algebraic") {
		t.Errorf("an explicit method accepts algebraic rows: %v", err)
	}
}

func TestInvalidStart(t *testing.T) {
	p := system("bad", []float64{0, 1}, nil, 1, func(t float64, u, p, du []float64) { du[0], du[1] = 1, 1/u[0] })
	p.Equation = func(i int) string { return []string{"m.go:3: der(x) = 1", "m.go:4: der(y) = 1/x"}[i] }
	_, err := Solve(context.Background(), p, Options{})
	wantFailure(t, err, InitFailure, "division by zero or invalid value at the start in m.go:4")
}

// f becomes invalid where x reaches 1: the run stops there and names the equation.
func TestInvalidLater(t *testing.T) {
	p := system("wall", []float64{0, 0}, nil, 5, func(t float64, u, p, du []float64) { du[0], du[1] = 1, math.Sqrt(1-u[0]) })
	for _, name := range append([]string{"auto"}, explicitNames...) {
		sol, err := Solve(context.Background(), p, Options{Solver: name})
		wantFailure(t, err, Unstable, "der(y)")
		if sol.T < 0.99 || sol.T > 1.001 || sol.Len() < 3 {
			t.Errorf("%s: stopped at %g with %d points", name, sol.T, sol.Len())
		}
	}
}

// x' = x^2 reaches infinity at t = 1.
func TestBlowUp(t *testing.T) {
	p := system("blowup", []float64{1}, nil, 5, func(t float64, u, p, du []float64) { du[0] = u[0] * u[0] })
	for _, name := range append([]string{"auto"}, explicitNames...) {
		sol, err := Solve(context.Background(), p, Options{Solver: name})
		var f *Failure
		if !errors.As(err, &f) || f.Code != DtTooSmall && f.Code != Unstable || !strings.Contains(f.Message, "x") {
			t.Errorf("%s: %v", name, err)
		}
		if math.Abs(sol.T-1) > 1e-3 {
			t.Errorf("%s: stopped at %g", name, sol.T)
		}
	}
}

func TestMaxSteps(t *testing.T) {
	sol, err := Solve(context.Background(), lorenz(), Options{MaxSteps: 50})
	wantFailure(t, err, MaxSteps)
	if sol.Len() != 51 || sol.Stats.Steps != 50 {
		t.Errorf("%d points, %+v", sol.Len(), sol.Stats)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	p := system("slow", []float64{1}, nil, 1e9, func(t float64, u, p, du []float64) {
		if n++; n == 1000 {
			cancel()
		}
		du[0] = math.Cos(t)
	})
	sol, err := Solve(ctx, p, Options{})
	f := wantFailure(t, err, Interrupted)
	if !errors.Is(f, context.Canceled) || sol.Len() < 10 || sol.Retcode != Interrupted || n > 1100 {
		t.Errorf("%v after %d evaluations, %d points", err, n, sol.Len())
	}
}

func TestOptionErrors(t *testing.T) {
	p := withInit()
	for _, c := range []struct {
		opt  Options
		want string
	}{
		{Options{Solver: "tsit6"}, "tsit6"},
		{Options{Set: map[string]float64{"strat(x)": 1}}, `did you mean "start(x)"`},
		{Options{RelTol: -1}, "rtol"},
		{Options{AbsTols: []float64{1, 2}}, "AbsTols"},
		{Options{SaveAt: []float64{0, 2}}, "outside"},
		{Options{SaveAt: []float64{0.5, 0.2}}, "out of order"},
		{Options{U0: []float64{1, 2}}, "U0"},
		{Options{P: []float64{1}}, "P has 1"},
		{Options{Span: [2]float64{0, math.Inf(1)}}, "finite"},
		{Options{HMax: -1}, "largest step"},
		{Options{Solver: "RK4"}, "InitialStep"},
		{Options{Set: map[string]float64{"a": math.NaN()}}, "NaN"},
	} {
		sol, err := Solve(context.Background(), p, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) || sol != nil {
			t.Errorf("%+v: %v, want %q", c.opt, err, c.want)
		}
	}
	if _, err := Solve(context.Background(), ball(0.5, 1).Problem, Options{Span: [2]float64{1, 0}}); err == nil || !strings.Contains(err.Error(), "events") {
		t.Errorf("events backward in time: %v", err)
	}
	_, err := Solve(context.Background(), p, Options{RelTol: 1e-17})
	wantFailure(t, err, TooMuchAccuracy)
}

func TestSaving(t *testing.T) {
	p := oscillator(3)
	p.Observables = []Observable{
		{Name: "x", Kind: State, Index: 0, Sign: 1}, {Name: "minus v", Kind: State, Index: 1, Sign: -1}, {Name: "energy", Kind: Eliminated},
	}
	p.NewObserver = func(which []int) func(t float64, u, p, out []float64) {
		return func(t float64, u, p, out []float64) {
			for k, i := range which {
				if i != 2 {
					panic("only the energy is eliminated")
				}
				out[k] = (u[0]*u[0] + u[1]*u[1]) / 2
			}
		}
	}
	sol := mustSolve(t, p, Options{SaveAt: []float64{0, 0.5, 1, 1, 3}, RelTol: 1e-9, AbsTol: 1e-9, Dense: true})
	if sol.Len() != 5 || sol.Times[1] != 0.5 || sol.Times[3] != 1 || sol.Times[4] != 3 {
		t.Fatalf("times %v", sol.Times)
	}
	for name, f := range map[string]func(t float64) float64{"x": math.Cos, "minus v": math.Sin, "energy": func(float64) float64 { return 0.5 }} {
		v, err := sol.Values(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range sol.Times {
			if math.Abs(v[i]-f(at)) > 1e-7 {
				t.Errorf("%s = %g at %g, want %g", name, v[i], at, f(at))
			}
		}
		at, err := sol.ValueAt(1.7, []string{name})
		if err != nil || math.Abs(at[0]-f(1.7)) > 1e-7 {
			t.Errorf("%s = %v at 1.7: %v", name, at, err)
		}
	}
	if _, err := sol.Values("enrgy"); err == nil || !strings.Contains(err.Error(), `"energy"`) {
		t.Errorf("unknown name: %v", err)
	}
	if sol := mustSolve(t, p, Options{FinalOnly: true}); sol.Len() != 1 || sol.Times[0] != 3 {
		t.Errorf("FinalOnly saves %v", sol.Times)
	}
	if sol := mustSolve(t, p, Options{Steps: 3}); sol.Len() != 4 || sol.Times[1] != 1 || sol.Times[3] != 3 {
		t.Errorf("Steps: 3 saves %v", sol.Times)
	}
	if sol := mustSolve(t, p, Options{Span: [2]float64{1, 1}}); sol.Retcode != Success || sol.Len() != 1 {
		t.Errorf("an empty span gives %v with %d points", sol.Retcode, sol.Len())
	}
}

// Concurrent runs of one problem do not disturb each other.
func TestConcurrent(t *testing.T) {
	p := ball(0.8, 2.5).Problem
	want := mustSolve(t, p, Options{Set: map[string]float64{"b": 0.7}})
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			e := 0.7
			if k%2 == 1 {
				e = 0.75
			}
			sol, err := Solve(context.Background(), p, Options{Set: map[string]float64{"b": e}})
			if err != nil {
				t.Error(err)
				return
			}
			if same := sol.U[0] == want.U[0] && sol.U[1] == want.U[1] && sol.Len() == want.Len(); same != (k%2 == 0) {
				t.Errorf("run %d ends at %v, want %v", k, sol.U, want.U)
			}
		}()
	}
	wg.Wait()
}

// So it is with every method, at its first use too: what runs share (tables, patterns and what was found out about
// them) is made once, whoever needs it first. The race detector should see this test.
func TestConcurrentMethods(t *testing.T) {
	const n = 14 // a ring, above the sizes with written-out factorisations
	ring := func() *Problem {
		p := &Problem{Name: "ring", U0: make([]float64, n), Span: [2]float64{0, 0.2}}
		p.Jac = &linsolve.Pattern{Rows: n, Cols: n, ColPtr: []int32{0}}
		for j := range n {
			rows := []int32{int32((j + n - 1) % n), int32(j), int32((j + 1) % n)}
			slices.Sort(rows)
			p.Jac.RowIdx = append(p.Jac.RowIdx, rows...)
			p.Jac.ColPtr = append(p.Jac.ColPtr, int32(len(p.Jac.RowIdx)))
			p.U0[j] = math.Sin(float64(j))
		}
		p.NewKernels = func() *Kernels {
			return &Kernels{RHS: func(t float64, u, p, du []float64) {
				for i := range du {
					du[i] = 10*(u[(i+1)%n]-2*u[i]+u[(i+n-1)%n]) - u[i]*u[i]*u[i]
				}
			}}
		}
		return p
	}
	methods := Methods()
	solve := func(p *Problem, k int) []float64 {
		opt := Options{Method: methods[k], RelTol: 1e-4, AbsTol: 1e-4, FinalOnly: true}
		if methods[k].Info().Embedded == 0 {
			opt.InitialStep = 0.02
		}
		sol, err := Solve(context.Background(), p, opt)
		if err != nil { // another form of problem, or a step that is not stable
			return nil
		}
		return sol.U
	}
	const parts = 4
	shared, results := ring(), make([][][]float64, parts)
	var wg sync.WaitGroup
	for part := range parts {
		wg.Add(1)
		results[part] = make([][]float64, len(methods))
		go func() {
			defer wg.Done()
			// Two at a time are at the same methods, in the same order; two run the other way.
			for i := range methods {
				k := i
				if part%2 == 1 {
					k = len(methods) - 1 - i
				}
				results[part][k] = solve(shared, k)
			}
		}()
	}
	wg.Wait()
	alone, solved := ring(), 0
	for k, m := range methods {
		want := solve(alone, k)
		if want != nil {
			solved++
		}
		for part := range parts {
			if !sameBits(results[part][k], want) {
				t.Errorf("%s: run %d ends at %v, alone at %v", m.Info().Name, part, results[part][k], want)
			}
		}
	}
	if solved < 350 {
		t.Errorf("%d of %d methods solve the problem", solved, len(methods))
	}
}

// The finite-difference Jacobian with colouring agrees with the exact one.
func TestFiniteDifferences(t *testing.T) {
	const n = 30 // u_i' = u_{i-1}^2 - 2 u_i + u_{i+1}, tridiagonal
	p := &Problem{Name: "band", U0: make([]float64, n), Span: [2]float64{0, 1}}
	p.Jac = &linsolve.Pattern{Rows: n, Cols: n, ColPtr: []int32{0}}
	for j := range n {
		for i := max(0, j-1); i <= min(n-1, j+1); i++ {
			p.Jac.RowIdx = append(p.Jac.RowIdx, int32(i))
		}
		p.Jac.ColPtr = append(p.Jac.ColPtr, int32(len(p.Jac.RowIdx)))
		p.U0[j] = math.Sin(float64(j))
	}
	evals := 0
	k := &Kernels{RHS: func(t float64, u, p, du []float64) {
		evals++
		for i := range du {
			du[i] = -2 * u[i]
			if i > 0 {
				du[i] += u[i-1] * u[i-1]
			}
			if i < n-1 {
				du[i] += u[i+1]
			}
		}
	}}
	ws := newWorkspace(context.Background(), p, k, nil, 0, 1)
	vals := make([]float64, p.Jac.NNZ())
	ws.Jac(0, p.U0, nil, vals)
	if evals != 4 {
		t.Errorf("%d evaluations, want 1 and 3 colours", evals)
	}
	// And a product with a vector, against the matrix: half the digits of sums of 3 terms.
	v, f0, y := make([]float64, n), make([]float64, n), make([]float64, n)
	for j := range v {
		v[j] = math.Cos(float64(j))
	}
	ws.RHS(0, p.U0, f0)
	ws.JacVec(0, p.U0, f0, v, y)
	for j := range n {
		for e := p.Jac.ColPtr[j]; e < p.Jac.ColPtr[j+1]; e++ {
			y[p.Jac.RowIdx[e]] -= vals[e] * v[j]
		}
	}
	for i, d := range y {
		if math.Abs(d) > 1e-5 {
			t.Errorf("product off by %g in row %d", d, i)
		}
	}
	for j := range n {
		for e := p.Jac.ColPtr[j]; e < p.Jac.ColPtr[j+1]; e++ {
			want := -2.0
			switch int(p.Jac.RowIdx[e]) - j {
			case 1:
				want = 2 * p.U0[j]
			case -1:
				want = 1
			}
			// Forward differences: half the digits.
			if math.Abs(vals[e]-want) > 1e-5 {
				t.Errorf("df_%d/du_%d = %g, want %g", p.Jac.RowIdx[e], j, vals[e], want)
			}
		}
	}
}

// The pendulum backward from where it swung to, with algebraic row and invariants.
func TestPendulumBackward(t *testing.T) {
	there := mustSolve(t, pendulum(2), Options{RelTol: 1e-9, AbsTol: 1e-9})
	back := mustSolve(t, pendulum(2), Options{RelTol: 1e-9, AbsTol: 1e-9, Span: [2]float64{2, 0}, U0: there.U})
	want := []float64{1, 0, 0, 0, 0}
	for i, v := range back.U {
		if math.Abs(v-want[i]) > 1e-5 {
			t.Errorf("%s = %g, want %g", pendulum(1).States[i].Name, v, want[i])
		}
	}
}

// Bound parameters follow those that are set, unless they are set themselves.
func TestBind(t *testing.T) {
	p := system("bound", []float64{0}, []float64{1, 2}, 1, func(t float64, u, p, du []float64) { du[0] = p[1] })
	rhs := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := rhs()
		k.Bind = func(p []float64, set []bool) {
			if !set[1] {
				p[1] = 2 * p[0]
			}
		}
		return k
	}
	for _, c := range []struct {
		set  map[string]float64
		want float64
	}{{nil, 2}, {map[string]float64{"a": 5}, 10}, {map[string]float64{"a": 5, "b": 7}, 7}, {map[string]float64{"b": 7}, 7}} {
		if sol := mustSolve(t, p, Options{Set: c.set}); math.Abs(sol.U[0]-c.want) > 1e-12 {
			t.Errorf("%v: x = %g, want %g", c.set, sol.U[0], c.want)
		}
	}
	p.Params[0].Min, p.Params[0].Max = 0, math.Inf(1)
	if sol := mustSolve(t, p, Options{Set: map[string]float64{"a": -5}}); len(sol.Warnings) != 1 || !strings.Contains(sol.Warnings[0], "a = -5 lies outside") {
		t.Errorf("warnings %q", sol.Warnings)
	}
	if p.P[0] != 1 || p.P[1] != 2 {
		t.Errorf("the problem's own parameters changed to %v", p.P)
	}
}

// A problem that does not fit together is a bug and says so.
func TestCheck(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(r.(string), "mtkc: bug") {
			t.Errorf("recovered %v", r)
		}
	}()
	p := decay()
	p.Mass = []float64{1, 1}
	Solve(context.Background(), p, Options{})
}

// SaveGap divides long steps by the dense output: no gap is longer than asked for
// unless a step has its full number of pieces, and steps stay among the saved times.
func TestSaveGap(t *testing.T) {
	p := decay()
	plain, err := Solve(context.Background(), p, Options{Span: [2]float64{0, 1}, Solver: "tsit5"})
	if err != nil {
		t.Fatal(err)
	}
	fine, err := Solve(context.Background(), p, Options{Span: [2]float64{0, 1}, Solver: "tsit5", SaveGap: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	if fine.Len() <= plain.Len() {
		t.Fatalf("%d points with a gap, %d without", fine.Len(), plain.Len())
	}
	k := 0
	for i, at := range fine.Times {
		if k < plain.Len() && plain.Times[k] == at {
			k++
		}
		if i > 0 && at <= fine.Times[i-1] {
			t.Fatalf("times out of order at %v", at)
		}
		if got, want := fine.State(i)[0], math.Exp(-at); math.Abs(got-want) > 1e-5 {
			t.Errorf("at t = %v: %v, want %v", at, got, want)
		}
	}
	if k != plain.Len() {
		t.Errorf("the step to %v is not among the saved times", plain.Times[k])
	}
}

// explicitPendulum is the pendulum with lambda eliminated, and the function of its two invariants.
func explicitPendulum(t1 float64) *Problem {
	k := pendulum(t1).NewKernels()
	p := system("pendulum", []float64{1, 0, 0, 0}, []float64{9.81, 1}, t1, func(t float64, u, p, du []float64) {
		l := (u[2]*u[2] + u[3]*u[3] - p[0]*u[1]) / (u[0]*u[0] + u[1]*u[1])
		du[0], du[1], du[2], du[3] = u[2], u[3], -l*u[0], -l*u[1]-p[0]
	})
	rhs := p.NewKernels
	p.NewKernels = func() *Kernels {
		q := rhs()
		q.Invariants = k.Invariants
		return q
	}
	return p
}

// An explicit method on the pendulum with lambda eliminated: invariants alone.
func TestExplicitInvariants(t *testing.T) {
	p := explicitPendulum(10)
	drift := mustSolve(t, p, Options{Solver: "Tsit5", RelTol: 1e-6, AbsTol: 1e-6}).U
	p.NInv = 2
	for _, name := range []string{"Tsit5", "Vern7", "auto"} {
		sol := mustSolve(t, p, Options{Solver: name, RelTol: 1e-6, AbsTol: 1e-6, Steps: 33})
		for i := range sol.Len() {
			u := sol.State(i)
			if g := math.Abs(u[0]*u[0] + u[1]*u[1] - 1); g > 1e-13 {
				t.Errorf("%s: constraint off by %g at t = %g", name, g, sol.Times[i])
			}
			if e := math.Abs((u[2]*u[2]+u[3]*u[3])/2 + 9.81*u[1]); e > 1e-3 {
				t.Errorf("%s: energy off by %g at t = %g", name, e, sol.Times[i])
			}
		}
		if sol.Stats.Project == 0 {
			t.Errorf("%s: no projections", name)
		}
	}
	if g := math.Abs(drift[0]*drift[0] + drift[1]*drift[1] - 1); g < 1e-10 {
		t.Errorf("without invariants the constraint is off by %g only: the test tests nothing", g)
	}
}

// Projections after the steps cost a method of any family few further steps. Backward differentiation has errors of one
// sign, which add up to more, or less, along the constraint than beside it: ten times is seen.
func TestProjectionSteps(t *testing.T) {
	free, kept := explicitPendulum(5), explicitPendulum(5)
	kept.NInv = 2
	ref := mustSolve(t, kept, Options{Solver: "Vern9", RelTol: 1e-12, AbsTol: 1e-12}).U
	off := func(sol *Solution) (e float64) {
		for i, u := range sol.U {
			e = math.Max(e, math.Abs(u-ref[i]))
		}
		return e
	}
	everyMethod(t, func(t *testing.T, name string) {
		if strings.HasPrefix(name, "Taylor") {
			t.Skip("the problem has no Taylor coefficients")
		}
		for _, tol := range []float64{1e-3, 1e-6} {
			if orderOf(name) < 3 && tol < 1e-3 {
				continue
			}
			opt := Options{Solver: name, RelTol: tol, AbsTol: tol}
			without := mustSolve(t, free, opt)
			with, err := Solve(context.Background(), kept, opt)
			if err != nil {
				t.Errorf("%g: %v", tol, err)
				continue
			}
			a, b := without.Stats, with.Stats
			if b.Steps+b.Rejected > (a.Steps+a.Rejected)*3/2+20 {
				t.Errorf("%g: %d steps and %d rejected, without projections %d and %d", tol, b.Steps, b.Rejected, a.Steps, a.Rejected)
			}
			if e, f := off(with), off(without); e > 15*f+100*tol {
				t.Errorf("%g: error %.2g, without projections %.2g", tol, e, f)
			}
		}
	})
}

// Progress is reported at the end at least, in the user's time, and never backward.
func TestProgress(t *testing.T) {
	for _, span := range [][2]float64{{0, 50}, {50, 0}} {
		var seen []float64
		mustSolve(t, oscillator(50), Options{Span: span, RelTol: 1e-10, Progress: func(t float64) { seen = append(seen, t) }})
		if len(seen) == 0 || seen[len(seen)-1] != span[1] {
			t.Errorf("span %v: progress %v", span, seen)
		}
		for i := 1; i < len(seen); i++ {
			if (seen[i]-seen[i-1])*(span[1]-span[0]) < 0 {
				t.Errorf("span %v: progress goes back from %v to %v", span, seen[i-1], seen[i])
			}
		}
	}
}

// Stepping by hand gives the same solution as Solve.
func TestStepByStep(t *testing.T) {
	want := mustSolve(t, lorenz(), Options{})
	in, err := NewIntegrator(context.Background(), lorenz(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 3)
	for n := 1; !in.Done(); n++ {
		if err := in.Step(); err != nil {
			t.Fatal(err)
		}
		if in.T() != want.Times[n] || in.U()[2] != want.State(n)[2] {
			t.Fatalf("step %d at %v", n, in.T())
		}
		mid := (want.Times[n-1] + want.Times[n]) / 2
		in.Interpolate(mid, u)
		lo, hi := min(want.State(n - 1)[2], want.State(n)[2])-1, max(want.State(n - 1)[2], want.State(n)[2])+1
		if !(u[2] > lo && u[2] < hi) {
			t.Fatalf("z = %g in the middle of step %d from %g to %g", u[2], n, want.State(n - 1)[2], want.State(n)[2])
		}
	}
	if err := in.Step(); err == nil {
		t.Error("a step after the end is no error")
	}
	stats := in.Stats()
	stats.RHS = want.Stats.RHS // interpolation needs some
	if in.Solution().Retcode != Success || stats != want.Stats {
		t.Errorf("%v, %+v", in.Solution().Retcode, in.Stats())
	}
}

// Blocks that are not square: an equation without unknown must hold by itself, an
// unknown without equation keeps its guess and is reported, and redundant equations
// are solved while contradictory ones are named.
func TestInitializationShapes(t *testing.T) {
	build := func(unknowns []int32, residual []string, eval func(t float64, w, p, r []float64)) *Problem {
		p := system("shapes", []float64{0, 0}, []float64{3}, 1, func(t float64, u, p, du []float64) { du[0], du[1] = 0, 0 })
		rhs := p.NewKernels
		p.Init = &Init{NW: 2, Names: []string{"x", "y"}, Start: []float64{1, 2}, StartFrom: []int32{-1, -1}, U: []int32{0, 1},
			Blocks: []InitBlock{{Unknowns: unknowns, Residual: residual}}}
		p.NewKernels = func() *Kernels {
			k := rhs()
			k.Init = []InitKernel{{Eval: eval}}
			return k
		}
		return p
	}
	check := build(nil, []string{"x + y = a"}, func(t float64, w, p, r []float64) { r[0] = w[0] + w[1] - p[0] })
	mustSolve(t, check, Options{})
	_, err := Solve(context.Background(), check, Options{Set: map[string]float64{"a": 4}})
	wantFailure(t, err, InitFailure, "x + y = a", "contradict")

	sol := mustSolve(t, build([]int32{0, 1}, []string{"x + y = a"}, func(t float64, w, p, r []float64) { r[0] = w[0] + w[1] - 2*p[0] }), Options{})
	if u := sol.State(0); math.Abs(u[0]+u[1]-6) > 1e-9 || math.Abs(u[0]-2) > 1 || len(sol.Warnings) != 1 || !strings.Contains(sol.Warnings[0], "open") {
		t.Errorf("one equation, two unknowns: %v, %q", u, sol.Warnings)
	}

	two := []string{"x*y = a", "2*x*y = 2*a", "x = y"}
	sol = mustSolve(t, build([]int32{0, 1}, two, func(t float64, w, p, r []float64) {
		r[0], r[1], r[2] = w[0]*w[1]-p[0], 2*w[0]*w[1]-2*p[0], w[0]-w[1]
	}), Options{})
	if u := sol.State(0); math.Abs(u[0]-math.Sqrt(3)) > 1e-8 || math.Abs(u[1]-math.Sqrt(3)) > 1e-8 {
		t.Errorf("redundant equations: %v", u)
	}
	_, err = Solve(context.Background(), build([]int32{0, 1}, two, func(t float64, w, p, r []float64) {
		r[0], r[1], r[2] = w[0]*w[1]-p[0], 2*w[0]*w[1]-3*p[0], w[0]-w[1]
	}), Options{})
	wantFailure(t, err, InitFailure, "contradict", "x = ", "y = ")
}

// Equidistant times end at the ends of the span: 3 times 0.1 over 3 is more than 0.1.
func TestStepsMeetEnds(t *testing.T) {
	for _, n := range []int{3, 6, 7, 12} {
		sol := mustSolve(t, pendulum(0.1), Options{Steps: n})
		if first, last := sol.Times[0], sol.Times[n]; first != 0 || last != 0.1 {
			t.Errorf("%d steps: from %v to %v", n, first, last)
		}
	}
}
