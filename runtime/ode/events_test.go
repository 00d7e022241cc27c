package ode

import (
	"context"
	"errors"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/taylor"
)

// machine builds hybrid problems by hand: u and parameters as in system, and named
// memory slots behind them.
type machine struct {
	*Problem
	k Kernels
}

func newMachine(name string, u0, p []float64, t1 float64, f func(t float64, u, p, du []float64)) *machine {
	m := &machine{Problem: system(name, u0, p, t1, f)}
	m.P = append([]float64(nil), p...)
	m.Hybrid = &Hybrid{}
	m.k.RHS = f
	m.NewKernels = func() *Kernels { k := m.k; return &k }
	return m
}

func (m *machine) slot() int {
	m.P = append(m.P, 0)
	return len(m.P) - 1
}

func (m *machine) relation(text string, strict bool) int {
	s := m.slot()
	m.Hybrid.Relations = append(m.Hybrid.Relations, Relation{Text: text, Slot: s, Strict: strict})
	return s
}

func (m *machine) timeRelation(text string, falling bool) int {
	s := m.slot()
	m.Hybrid.TimeRelations = append(m.Hybrid.TimeRelations, Relation{Text: text, Slot: s, Falling: falling})
	return s
}

func (m *machine) sample() int {
	s := m.slot()
	m.Hybrid.Samples = append(m.Hybrid.Samples, Sample{Flag: s})
	return s
}

func (m *machine) when(text string) int {
	s := m.slot()
	m.Hybrid.Whens = append(m.Hybrid.Whens, When{Text: text, Cond: s})
	return s
}

func (m *machine) discrete(name string, start float64) (cur, pre int) {
	cur, pre = m.slot(), m.slot()
	m.P[cur], m.P[pre] = start, start
	m.Hybrid.Discrete = append(m.Hybrid.Discrete, Discrete{Name: name, Cur: cur, Pre: pre})
	return cur, pre
}

// ball bounces with restitution e: h” = -g, when h < 0 { v = -e v }.
func ball(e, t1 float64) *machine {
	m := newMachine("ball", []float64{1, 0}, []float64{9.81, e}, t1, func(t float64, u, p, du []float64) {
		du[0], du[1] = u[1], -p[0]
	})
	expanded(m.Problem, func(t tape, u []taylor.Value) []taylor.Value { return []taylor.Value{u[1], t.neg(t.Param(0))} })
	down := m.relation("h < 0", true)
	cond := m.when("h < 0")
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = -u[0] }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[cond] = p[down]
		if p[down] != 0 && p[cond] == 0 {
			unew[1] = -p[1] * u[1]
		}
		return 0
	}
	return m
}

// The ball's bounces have analytic times and speeds.
func TestBouncingBall(t *testing.T) {
	m := ball(0.8, 3)
	for _, name := range []string{"Tsit5", "Vern7", "BS3"} {
		sol := mustSolve(t, m.Problem, Options{Solver: name, RelTol: 1e-9, AbsTol: 1e-9})
		bounce, v := math.Sqrt(2/9.81), math.Sqrt(2*9.81)
		n := 0
		for i := 1; i < sol.Len(); i++ {
			if sol.Times[i] != sol.Times[i-1] {
				continue
			}
			before, after := sol.State(i-1), sol.State(i)
			if math.Abs(sol.Times[i]-bounce) > 1e-8 {
				t.Errorf("%s: bounce %d at %.12g, want %.12g", name, n, sol.Times[i], bounce)
			}
			if math.Abs(before[1]+v) > 1e-7 || math.Abs(after[1]-0.8*v) > 1e-7 {
				t.Errorf("%s: bounce %d from %g to %g, want %g, %g", name, n, before[1], after[1], -v, 0.8*v)
			}
			// One ulp of time at 5 m/s, and the rounding of the interpolant.
			if after[0] > 0 || after[0] < -1e-12 {
				t.Errorf("%s: bounce %d at height %g, want the point just after the crossing", name, n, after[0])
			}
			v *= 0.8
			bounce += 2 * v / 9.81
			n++
		}
		if n < 4 || bounce < 3 || sol.Stats.Events != n {
			t.Errorf("%s: %d bounces in %d events, the next at %g", name, n, sol.Stats.Events, bounce)
		}
	}
}

// The bounces accumulate at a finite time; the run ends there with a message and
// never hangs.
func TestZeno(t *testing.T) {
	for _, e := range []float64{0.9, 0.5, 0.2} {
		m := ball(e, 100)
		sol, err := Solve(context.Background(), m.Problem, Options{Solver: "Tsit5"})
		var f *Failure
		if !errors.As(err, &f) || f.Code != EventFailure || !strings.Contains(f.Message, "h < 0") {
			t.Fatalf("e = %g: %v", e, err)
		}
		t0 := math.Sqrt(2 / 9.81)
		end := t0 + 2*t0*e/(1-e)
		if math.Abs(sol.T-end) > 1e-5 || sol.Len() < 10 {
			t.Errorf("e = %g: stopped at %g with %d points, want %g", e, sol.T, sol.Len(), end)
		}
	}
}

// x' = sin(t) - 2*sign(x) slides along x = 0 from where it gets there to the end: the mean
// of both sides is at rest.
func TestSliding(t *testing.T) {
	m := newMachine("relay", []float64{1}, nil, 3, nil)
	pos := m.relation("x > 0", true)
	m.k.RHS = func(t float64, u, p, du []float64) { du[0] = 2 - 4*p[pos] + math.Sin(t) }
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] }
	for _, name := range []string{"auto", "Tsit5", "Rodas5P", "BDF"} {
		sol := mustSolve(t, m.Problem, Options{Solver: name, RelTol: 1e-9, AbsTol: 1e-11})
		if len(sol.Warnings) != 1 || !strings.Contains(sol.Warnings[0], "x > 0") || math.Abs(sol.U[0]) > 1e-12 {
			t.Errorf("%s: ends at %g with warnings %q", name, sol.U[0], sol.Warnings)
		}
	}
}

// A block with dry friction: v' = F sin(t) - sign(v), v(0) = 0. It sticks while |F sin t| <
// 1 and starts to slip at a = asin(1/F) with v = F (cos a - cos t) - (t - a), until that is
// zero again at b. With F = 1.5 it sticks there, F sin b = -0.05, and slips back from pi + a;
// with F = 2, 2 sin b = -1.02, it turns at once.
func TestStickSlip(t *testing.T) {
	for _, f := range []float64{1.5, 2} {
		m := newMachine("block", []float64{0}, []float64{f}, 4.5, nil)
		s := m.slot()
		m.Hybrid.Relations = append(m.Hybrid.Relations, Relation{Text: "sign(v)", Slot: s, Kind: SignOf})
		m.k.RHS = func(t float64, u, p, du []float64) { du[0] = p[0]*math.Sin(t) - p[s] }
		m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] }
		a := math.Asin(1 / f)
		slip := func(t float64) float64 { return f*(math.Cos(a)-math.Cos(t)) - (t - a) }
		b := 3.5
		for range 50 {
			b -= slip(b) / (f*math.Sin(b) - 1)
		}
		back := math.Max(b, math.Pi+a)
		v := func(t float64) float64 {
			switch {
			case t < a || t > b && t < back:
				return 0
			case t < b:
				return slip(t)
			}
			return f*(math.Cos(back)-math.Cos(t)) + t - back
		}
		for _, name := range []string{"auto", "Tsit5", "Rodas5P", "BDF"} {
			sol := mustSolve(t, m.Problem, Options{Solver: name, RelTol: 1e-9, AbsTol: 1e-11, Dense: true})
			var u [1]float64
			for at := 0.1; at < 4.5; at += 0.1 {
				if !sol.At(at, u[:]) || math.Abs(u[0]-v(at)) > 1e-7 { // the tolerance times a hundred steps
					t.Errorf("F = %g, %s: v = %g at %g, want %g", f, name, u[0], at, v(at))
				}
			}
		}
	}
}

// A counter that ramps up and is reset by samples: times and values are exact.
func TestSawtooth(t *testing.T) {
	m := newMachine("sawtooth", []float64{0}, nil, 1, func(t float64, u, p, du []float64) { du[0] = 1 })
	flag := m.sample()
	cond := m.when("sample(0, 0.1)")
	cur, pre := m.discrete("n", 0)
	m.k.TimeEvents = func(p, te []float64) { te[0], te[1] = 0, 0.1 }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[cond] = p[flag]
		if p[flag] != 0 && p[cond] == 0 {
			pnew[cur] = p[pre] + 1
			unew[0] = 0
		}
		return 0
	}
	sol := mustSolve(t, m.Problem, Options{Solver: "Tsit5", Dense: true})
	var u [1]float64
	if !sol.At(0.2, u[:]) || u[0] != 0 || !sol.At(0.19999, u[:]) || math.Abs(u[0]-0.09999) > 1e-12 {
		t.Errorf("dense output gives %g just before the second sample", u[0])
	}
	if n, err := sol.ValueAt(0.25, []string{"x"}); err != nil || math.Abs(n[0]-0.05) > 1e-12 {
		t.Errorf("x = %v at 0.25: %v", n, err)
	}
	if sol.Params[cur] != 11 || sol.Stats.Events != 11 {
		t.Errorf("%v samples in %d events, want 11", sol.Params[cur], sol.Stats.Events)
	}
	n := 0
	for i := 1; i < sol.Len(); i++ {
		if sol.Times[i] == sol.Times[i-1] {
			n++
			if sol.Times[i] != float64(n)*0.1 {
				t.Errorf("sample %d at %v", n, sol.Times[i])
			}
			if math.Abs(sol.State(i - 1)[0]-0.1) > 1e-13 || sol.State(i)[0] != 0 {
				t.Errorf("sample %d resets %v to %v", n, sol.State(i - 1)[0], sol.State(i)[0])
			}
			if a, b := sol.P(i - 1)[cur], sol.P(i)[cur]; a != float64(n) || b != float64(n+1) {
				t.Errorf("sample %d counts from %v to %v", n, a, b)
			}
		}
	}
	if n != 10 {
		t.Errorf("%d events saved on both sides, want 10", n)
	}
	for i := range sol.Len() {
		if p := sol.P(i); p[flag] != 0 {
			t.Errorf("the sample flag is set at t = %v", sol.Times[i])
		}
	}
}

// Two crossings within one step are both found, however close.
func TestDoubleCrossing(t *testing.T) {
	for _, width := range []float64{1e-1, 1e-3, 1e-6} {
		// x = t - 5, y = x^2: linear motion, so that steps are as long as they can be.
		m := newMachine("pass", []float64{-5}, nil, 10, func(t float64, u, p, du []float64) { du[0] = 1 })
		in := m.relation("abs(x) < width", true)
		cond := m.when("abs(x) < width")
		cur, pre := m.discrete("passes", 0)
		m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = width*width - u[0]*u[0] }
		m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			pnew[cond] = p[in]
			if p[in] != 0 && p[cond] == 0 {
				pnew[cur] = p[pre] + 1
			}
			return 0
		}
		for _, name := range []string{"Tsit5", "Vern7", "BS3"} {
			sol := mustSolve(t, m.Problem, Options{Solver: name})
			if sol.Params[cur] != 1 || sol.Stats.Events != 2 {
				t.Errorf("width %g, %s: %v passes, %d events, want 1 and 2", width, name, sol.Params[cur], sol.Stats.Events)
			}
			var at []float64
			for i := 1; i < sol.Len(); i++ {
				if sol.Times[i] == sol.Times[i-1] {
					at = append(at, sol.Times[i])
				}
			}
			// The condition of the root: an error of 4 eps in u^2 moves it by 2 eps u / width... of u.
			tol := 1e-13
			if len(at) != 2 || math.Abs(at[0]-(5-width)) > tol || math.Abs(at[1]-(5+width)) > tol {
				t.Errorf("width %g, %s: events at %v", width, name, at)
			}
		}
	}
}

// Time relations change exactly at their instant, as right limits, rising and
// falling, also where the instant depends on a variable set by an earlier event.
func TestTimeEvents(t *testing.T) {
	m := newMachine("pulses", []float64{0}, []float64{1}, 10, nil)
	after := m.timeRelation("time >= next", false)
	until := m.timeRelation("time < 3", true)
	cond := m.when("time >= next")
	cur, pre := m.discrete("next", 1)
	hits, _ := m.discrete("hits", 0)
	m.k.RHS = func(t float64, u, p, du []float64) { du[0] = p[until] }
	m.k.TimeEvents = func(p, te []float64) { te[0], te[1] = p[cur], 3 }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[cond] = p[after]
		if p[after] != 0 && p[cond] == 0 {
			pnew[cur] = 2 * p[pre]
			pnew[hits] = p[hits] + 1
		}
		return 0
	}
	sol := mustSolve(t, m.Problem, Options{Solver: "Tsit5"})
	if sol.Params[cur] != 16 || sol.Params[hits] != 4 {
		t.Errorf("next = %v after %v hits, want 16 after hits at 1, 2, 4, 8", sol.Params[cur], sol.Params[hits])
	}
	if math.Abs(sol.U[0]-3) > 1e-14 {
		t.Errorf("x = %.17g, want 3: the rate stops at time 3", sol.U[0])
	}
	var at []float64
	for i := 1; i < sol.Len(); i++ {
		if sol.Times[i] == sol.Times[i-1] {
			at = append(at, sol.Times[i])
		}
	}
	want := []float64{1, 2, 3, 4, 8}
	if len(at) != len(want) {
		t.Fatalf("events at %v, want %v", at, want)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("event at %v, want %v", at[i], want[i])
		}
	}
}

// A condition that holds at the start does not fire; a sample due at the start does.
func TestStartConditions(t *testing.T) {
	m := newMachine("start", []float64{1}, nil, 1, func(t float64, u, p, du []float64) { du[0] = -1 })
	pos := m.relation("x > 0.5", true)
	cond := m.when("x > 0.5")
	fired, _ := m.discrete("fired", 0)
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] - 0.5 }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[cond] = p[pos]
		if p[pos] != 0 && p[cond] == 0 {
			pnew[fired] = p[fired] + 1
		}
		return 0
	}
	sol := mustSolve(t, m.Problem, Options{Solver: "Tsit5"})
	if sol.P(0)[pos] != 1 || sol.P(0)[cond] != 1 || sol.Params[fired] != 0 || sol.Params[pos] != 0 {
		t.Errorf("memory at the start %v, at the end %v", sol.P(0), sol.Params)
	}
}

// terminate ends the run with success; an assertion ends it with an error; a
// warning is reported once.
func TestActions(t *testing.T) {
	build := func(a Action) *machine {
		m := newMachine("actions", []float64{0}, nil, 10, func(t float64, u, p, du []float64) { du[0] = 1 })
		high := m.relation("x > 2.5", true)
		cond := m.when("x > 2.5")
		m.Hybrid.Actions = []Action{a}
		m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] - 2.5 }
		m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			pnew[cond] = p[high]
			if !a.Always && p[high] != 0 && p[cond] == 0 {
				return 1
			}
			return 0
		}
		if a.Always {
			m.k.Assert = func(t float64, u, p []float64) int {
				if u[0] > 2.5 {
					return 1
				}
				return 0
			}
		}
		return m
	}
	sol, err := Solve(context.Background(), build(Action{Terminate: true, Message: "high enough"}).Problem, Options{Solver: "Tsit5", SaveAt: []float64{0, 1, 2, 3}})
	if err != nil || sol.Retcode != Terminated || sol.Message != "high enough" || math.Abs(sol.T-2.5) > 1e-12 || sol.Len() != 3 {
		t.Errorf("terminate: %v, %v %q at %v, %d points", err, sol.Retcode, sol.Message, sol.T, sol.Len())
	}
	for _, always := range []bool{false, true} {
		sol, err = Solve(context.Background(), build(Action{Always: always, Message: "x is too high"}).Problem, Options{Solver: "Tsit5"})
		var f *Failure
		if !errors.As(err, &f) || f.Code != AssertFailed || f.Message != "x is too high" || sol.Retcode != AssertFailed || sol.Len() < 2 || sol.T < 2.5 {
			t.Errorf("assert (always %v): %v, stopped at %v", always, err, sol.T)
		}
		sol, err = Solve(context.Background(), build(Action{Always: always, Warn: true, Message: "x is high"}).Problem, Options{Solver: "Tsit5", HMax: 0.5})
		if err != nil || sol.Retcode != Success || len(sol.Warnings) != 1 || !strings.Contains(sol.Warnings[0], "x is high") {
			t.Errorf("warning (always %v): %v, %q", always, err, sol.Warnings)
		}
	}
}

// Two relations that cross at the same instant are one event.
func TestSimultaneous(t *testing.T) {
	m := newMachine("both", []float64{0, 0}, nil, 2, func(t float64, u, p, du []float64) { du[0], du[1] = 1, 1 })
	a := m.relation("x >= 1", false)
	b := m.relation("y >= 1", false)
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0], g[1] = u[0]-1, u[1]-1 }
	sol := mustSolve(t, m.Problem, Options{Solver: "Tsit5"})
	if sol.Stats.Events != 1 || sol.Params[a] != 1 || sol.Params[b] != 1 {
		t.Errorf("%d events, relations %v, %v", sol.Stats.Events, sol.Params[a], sol.Params[b])
	}
}

// An iteration that never settles ends with the names of what keeps changing.
func TestUnsettled(t *testing.T) {
	m := newMachine("flipflop", []float64{0}, nil, 2, func(t float64, u, p, du []float64) { du[0] = 1 })
	high := m.relation("x > 1", true)
	cur, pre := m.discrete("q", 0)
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] - 1 }
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		if p[high] != 0 {
			pnew[cur] = 1 - p[pre]
		}
		return 0
	}
	sol, err := Solve(context.Background(), m.Problem, Options{Solver: "Tsit5"})
	var f *Failure
	if !errors.As(err, &f) || f.Code != EventFailure || !strings.Contains(f.Message, "q") {
		t.Errorf("%v", err)
	}
	if math.Abs(sol.T-1) > 1e-12 {
		t.Errorf("stopped at %v", sol.T)
	}
}

// Steps between events and events themselves do not allocate.
func TestEventsAllocate(t *testing.T) {
	for _, name := range []string{"auto", "Tsit5", "Vern7"} {
		in, err := NewIntegrator(context.Background(), ball(1, 1e6).Problem, Options{Solver: name, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		step := func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			step()
		}
		before := in.Stats().Events
		if n := testing.AllocsPerRun(500, step); n != 0 {
			t.Errorf("%s: %v allocations per step", name, n)
		}
		if in.Stats().Events < before+10 {
			t.Errorf("%s: %d events", name, in.Stats().Events-before)
		}
	}
}

func BenchmarkBall(b *testing.B) {
	in, err := NewIntegrator(context.Background(), ball(1, 1e9).Problem, Options{Solver: "Tsit5", FinalOnly: true, MaxSteps: 1 << 60})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for range b.N {
		if err := in.Step(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(in.Stats().RHS)/float64(in.Stats().Steps), "f/step")
	b.ReportMetric(float64(in.Stats().Events)/float64(in.Stats().Steps), "events/step")
}

func TestNextSample(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ start, interval, t, want float64 }{
		{0, 0.1, 0.25, 0.30000000000000004},
		{0, 0.1, -1, 0},
		{0, 0.1, 0.30000000000000004, 0.4},
		{2, 1, 0, 2},
		{2, 1, 2, 3},
		{1, 0, 0, 1},
		{1, 0, 1, inf},
		{1, -1, 3, inf},
		{1, inf, 0, 1},
		{1, inf, 2, inf},
		{math.NaN(), 1, 2, inf},
		{-5, 2, 0, 1},
		{0, 1e-30, 1, inf},
	} {
		if got := nextSample(c.start, c.interval, c.t); got != c.want {
			t.Errorf("sample(%g, %g) after %g: %g, want %g", c.start, c.interval, c.t, got, c.want)
		}
	}
}

// A time event within rounding of a sample is the same instant, and one at the end
// of the run takes place.
func TestCoincidence(t *testing.T) {
	m := newMachine("coincidence", []float64{0}, nil, 0.6, func(t float64, u, p, du []float64) { du[0] = 1 })
	flag := m.sample()
	after := m.timeRelation("time >= 0.3", false)
	c1, c2 := m.when("sample(0.1, 0.1)"), m.when("time >= 0.3")
	n, pre := m.discrete("n", 0)
	both, _ := m.discrete("both", 0)
	m.k.TimeEvents = func(p, te []float64) { te[0], te[1], te[2] = 0.3, 0.1, 0.1 } // 0.1 + 2*0.1 = 0.30000000000000004
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		pnew[c1], pnew[c2] = p[flag], p[after]
		if p[flag] != 0 && p[c1] == 0 {
			pnew[n] = p[pre] + 1
		}
		if p[after] != 0 && p[c2] == 0 {
			pnew[both] = p[flag]
		}
		return 0
	}
	sol := mustSolve(t, m.Problem, Options{})
	if sol.Params[n] != 6 || sol.Params[both] != 1 || sol.Stats.Events != 6 {
		t.Errorf("%v samples, together %v, %d events; want 6, 1, 6", sol.Params[n], sol.Params[both], sol.Stats.Events)
	}
}

// A relation of the initial equations: x starts at 1 if a > 0.5, a being solved for.
func TestInitialRelations(t *testing.T) {
	m := newMachine("initial", []float64{0, 0}, []float64{0.8}, 1, func(t float64, u, p, du []float64) { du[0], du[1] = 0, 0 })
	big := m.relation("y > 0.5", true)
	m.Init = &Init{
		NW: 2, Names: []string{"x", "y"}, Start: []float64{0, 0}, StartFrom: []int32{-1, -1}, U: []int32{0, 1},
		Blocks: []InitBlock{{}},
	}
	m.k.Init = []InitKernel{{Eval: func(t float64, w, p, r []float64) { w[1] = p[0]; w[0] = p[big] }}}
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[1] - 0.5 }
	for _, a := range []float64{0.8, 0.2} {
		sol := mustSolve(t, m.Problem, Options{Set: map[string]float64{"a": a}})
		want := 0.0
		if a > 0.5 {
			want = 1
		}
		if u := sol.State(0); u[0] != want || u[1] != a || sol.P(0)[big] != want {
			t.Errorf("a = %g: starts at %v, relation %v", a, u, sol.P(0)[big])
		}
	}
	// Contradictory: y is what makes the relation false.
	m.k.Init = []InitKernel{{Eval: func(t float64, w, p, r []float64) { w[1] = 1 - p[big]; w[0] = 0 }}}
	_, err := Solve(context.Background(), m.Problem, Options{})
	wantFailure(t, err, InitFailure, "y > 0.5")
}

// A full-wave rectifier of four ideal diodes feeds a resistor: at each zero of the
// source two diodes open and two close, an event of a system of ideal switches. Each
// diode k has a parameter s_k: voltage s_k if it blocks (s_k < 0), current s_k if
// it conducts.
func TestIdealDiodes(t *testing.T) {
	// Unknowns: x (x' = 1, so that the system has a state), s1..s4, vo (output).
	// Source v = sin(x) between nodes a and b; diodes a->p, b->p, n->a, n->b; load p-n.
	m := newMachine("rectifier", []float64{0.3, 0, 0, 0, 0, 0, 0}, nil, 9, nil)
	m.Mass = []float64{1, 0, 0, 0, 0, 0, 0}
	var on [4]int
	for k := range on {
		on[k] = m.relation("s"+string(rune('1'+k))+" > 0", true)
	}
	const g = 1e-6 // leakage keeps the floating source determined
	m.k.RHS = func(t float64, u, p, du []float64) {
		s := u[1:5]
		vp, vn := u[5], u[6]
		va, vb := math.Sin(u[0])/2, -math.Sin(u[0])/2
		var v, i [4]float64
		for k := range s {
			if p[on[k]] != 0 {
				i[k] = s[k]
			} else {
				v[k] = s[k]
			}
		}
		du[0] = 1
		du[1] = va - vp - v[0]
		du[2] = vb - vp - v[1]
		du[3] = vn - va - v[2]
		du[4] = vn - vb - v[3]
		load := (vp - vn) / 10
		du[5] = i[0] + i[1] - load - g*vp
		du[6] = load - i[2] - i[3] - g*vn
	}
	m.k.Crossings = func(t float64, u, p, g []float64) { copy(g, u[1:5]) }
	sol := mustSolve(t, m.Problem, Options{RelTol: 1e-6})
	for i, at := range sol.Times {
		u := sol.State(i)
		if want := math.Abs(math.Sin(at + 0.3)); math.Abs(u[5]-u[6]-want) > 1e-5 {
			t.Fatalf("output %g at %g, want %g", u[5]-u[6], at, want)
		}
	}
	if sol.Stats.Events < 2 || sol.Stats.Events > 8 {
		t.Errorf("%d events", sol.Stats.Events)
	}
}

// thermostats are n heaters with different time constants, each with two relations,
// two when-clauses and a discrete variable.
func thermostats(n int, t1 float64) *machine {
	u0 := make([]float64, n)
	for i := range u0 {
		u0[i] = 15
	}
	m := newMachine("thermostats", u0, nil, t1, nil)
	cold, hot, c1, c2, on := make([]int, n), make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	for i := range n {
		cold[i], hot[i] = m.relation("cold", true), m.relation("hot", true)
		c1[i], c2[i] = m.when("cold"), m.when("hot")
		on[i], _ = m.discrete("on", 1)
	}
	m.k.RHS = func(t float64, u, p, du []float64) {
		for i, x := range u {
			du[i] = (30*p[on[i]] - x) * (1 + 0.01*float64(i%97))
		}
	}
	m.k.Crossings = func(t float64, u, p, g []float64) {
		for i, x := range u {
			g[2*i], g[2*i+1] = 18-x, x-20
		}
	}
	m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
		copy(unew, u)
		copy(pnew, p)
		for i := range u {
			pnew[c1[i]], pnew[c2[i]] = p[cold[i]], p[hot[i]]
			if p[cold[i]] != 0 && p[c1[i]] == 0 {
				pnew[on[i]] = 1
			}
			if p[hot[i]] != 0 && p[c2[i]] == 0 {
				pnew[on[i]] = 0
			}
		}
		return 0
	}
	return m
}

// Many relations, of which groups cross together: the number of switches is known.
func TestThermostats(t *testing.T) {
	const n, end = 300, 2.0
	sol := mustSolve(t, thermostats(n, end).Problem, Options{RelTol: 1e-7, Dense: false, FinalOnly: true})
	down := math.Log(20.0 / 18)
	for i := range n {
		rate := 1 + 0.01*float64(i%97)
		x, heating, at := 15.0, true, 0.0
		for {
			d := down
			if heating {
				d = math.Log((30 - x) / (30 - 20))
			}
			if at+d/rate > end {
				break
			}
			at += d / rate
			heating = !heating
			x = 18
		}
		left := (end - at) * rate
		want := 20 * math.Exp(-left)
		if heating {
			want = 30 - (30-x)*math.Exp(-left)
		}
		if math.Abs(sol.U[i]-want) > 1e-4 {
			t.Errorf("thermostat %d ends at %g, want %g", i, sol.U[i], want)
		}
	}
	t.Logf("%+v", sol.Stats)
}

func BenchmarkThermostats100(b *testing.B) {
	p := thermostats(100, 5).Problem
	for range b.N {
		sol, err := Solve(context.Background(), p, Options{FinalOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(sol.Stats.Events), "events")
		b.ReportMetric(float64(sol.Stats.Steps), "steps")
	}
}

// An indicator that varies much faster than the solution: the steps are long, and
// still no passage of sin(w t + c) through zero is missed.
func TestFastIndicator(t *testing.T) {
	const seed = 5
	for _, name := range []string{"Tsit5", "Vern7", "Rodas5P", "BDF"} {
		rnd := rand.New(rand.NewSource(seed))
		for range 50 {
			w, c := math.Exp(5*rnd.Float64()), 0.1+3*rnd.Float64()
			m := newMachine("fast", []float64{0}, nil, 10, func(t float64, u, p, du []float64) { du[0] = 1 })
			m.relation("sin(w*time + c) > 0", true)
			m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = math.Sin(w*t + c) }
			sol := mustSolve(t, m.Problem, Options{Solver: name})
			if want := int(math.Floor((10*w + c) / math.Pi)); sol.Stats.Events != want {
				t.Errorf("seed %d, %s: w = %g, c = %g: %d passages, want %d", seed, name, w, c, sol.Stats.Events, want)
			}
		}
	}
}

// The ball comes to rest when it is slower than 1e-3: the model has a mode for the
// end of the bounces, and the run passes it.
func TestBallAtRest(t *testing.T) {
	for _, strict := range []bool{false, true} {
		m := newMachine("ball", []float64{1, 0}, []float64{9.81, 0.7}, 5, nil)
		down := m.relation("h <= 0", strict)
		cond := m.when("h <= 0")
		flying, _ := m.discrete("flying", 1)
		m.k.RHS = func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[0]*p[flying] }
		m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = -u[0] }
		m.k.Update = func(t float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			pnew[cond] = p[down]
			if p[down] != 0 && p[cond] == 0 {
				unew[1] = -p[1] * u[1]
				if -u[1] < 1e-3 {
					unew[1], pnew[flying] = 0, 0
				}
			}
			return 0
		}
		// Speeds 4.43*0.7^k: the one below 1e-3 is k = 24, counted from 0.
		want := int(math.Ceil(math.Log(math.Sqrt(2*9.81)/1e-3)/-math.Log(0.7))) + 1
		for _, name := range []string{"auto", "Vern7", "Rodas5P", "BDF"} {
			sol := mustSolve(t, m.Problem, Options{Solver: name, RelTol: 1e-8, AbsTol: 1e-10})
			if sol.Params[flying] != 0 || sol.U[1] != 0 || math.Abs(sol.U[0]) > 1e-9 || sol.Stats.Events != want {
				t.Errorf("strict %v, %s: ends with h = %g, v = %g, flying %v after %d events, want %d", strict, name, sol.U[0], sol.U[1], sol.Params[flying], sol.Stats.Events, want)
			}
		}
	}
}

// An assertion that no event watches stops the run when it fails, not at the end of the
// step in which it does, and nothing is saved beyond; an event later in the step does
// not count.
func TestAssertTime(t *testing.T) {
	m := newMachine("assert", []float64{0}, nil, 1, func(t float64, u, p, du []float64) { du[0] = 1 })
	m.relation("x > 5", false)
	m.Hybrid.Actions = []Action{{Always: true, Message: "x is too high"}}
	m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] - 5 }
	m.k.Assert = func(t float64, u, p []float64) int {
		if u[0] > 3 {
			return 1
		}
		return 0
	}
	sol, err := Solve(context.Background(), m.Problem, Options{Solver: "Tsit5", Span: [2]float64{0, 20}, SaveAt: []float64{0, 2, 4, 6}})
	var f *Failure
	if !errors.As(err, &f) || f.Code != AssertFailed || math.Abs(sol.T-3) > 1e-9 || sol.Len() != 2 {
		t.Errorf("%v, stopped at %v with %d points", err, sol.T, sol.Len())
	}
}
