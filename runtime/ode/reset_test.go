package ode

import (
	"context"
	"math"
	"testing"
)

// A run after Reset is the run of a new integrator, bit by bit, whatever ran before.
func TestReset(t *testing.T) {
	check := func(t *testing.T, p *Problem, opts []Options) {
		t.Helper()
		in, err := NewIntegrator(context.Background(), p, opts[0])
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range []int{0, 1, 0, 1, 1, 2 % len(opts), 0} {
			if k > 0 {
				if err := in.Reset(context.Background(), opts[i]); err != nil {
					t.Fatal(err)
				}
			}
			if k == 3 { // one that is left in the middle
				advance(t, in, 3)
				continue
			}
			for !in.Done() {
				if err := in.Step(); err != nil {
					t.Fatal(err)
				}
			}
			want, err := Solve(context.Background(), p, opts[i])
			if err != nil {
				t.Fatal(err)
			}
			sameRun(t, "reset", in.Solution(), want)
			if t.Failed() {
				t.Fatalf("in run %d", k)
			}
		}
	}
	for _, m := range append(Methods(), nil) {
		name := "auto"
		var h float64
		if m != nil {
			if name = m.Info().Name; m.Info().Embedded == 0 {
				h = 0.01
			}
		}
		t.Run(name, func(t *testing.T) {
			p := lorenz()
			p.Span[1] = 2
			if _, err := Solve(context.Background(), p, Options{Solver: name, InitialStep: h}); err != nil {
				p = oscillator(3) // one that the method takes, with this step
				p.Second = &Second{X: []int32{0}, V: []int32{1}}
			}
			opt := Options{Solver: name, InitialStep: h, RelTol: 1e-4}
			other, dense := opt, opt
			other.U0 = []float64{2, 1, 0}[:p.N()]
			other.Span = [2]float64{0.5, 1.5}
			dense.Dense, dense.Steps = true, 7
			check(t, p, []Options{opt, other, dense})
		})
	}
	for _, m := range manners {
		check(t, levelled(2, 6.6), []Options{{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-6, AbsTol: 1e-6},
			{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-6, AbsTol: 1e-6, Set: map[string]float64{"g": 5}}})
	}
	check(t, robertson(), []Options{{RelTol: 1e-6}, {RelTol: 1e-6, U0: []float64{0.9, 0, 0.1}}, {RelTol: 1e-3}})
	check(t, ringLadder(30, 1), []Options{{Solver: "Rodas5P"}, {Solver: "Rodas5P", Span: [2]float64{0, 0.5}}, {Solver: "BDF"}})
	check(t, cubic(3), []Options{{}, {Span: [2]float64{0, 1}}, {RelTol: 1e-3}})
	check(t, ball(0.8, 3).Problem, []Options{{}, {Set: map[string]float64{"b": 0.5}, Span: [2]float64{0, 1}}})
}

// From the third run on, a reset run allocates only what describes the run's end.
func TestResetAllocates(t *testing.T) {
	for _, c := range []struct {
		p    *Problem
		opt  Options
		most float64
	}{
		{lorenz(), Options{Solver: "Tsit5", FinalOnly: true}, 0},
		{lorenz(), Options{Solver: "Rodas5P"}, 0},
		{lorenz(), Options{Solver: "BDF", Steps: 20, U0: []float64{1, 2, 3}}, 0},
		{lorenz(), Options{Solver: "RadauIIA5", FinalOnly: true}, 0},
		{ringLadder(30, 0.1), Options{Solver: "Rodas5P", FinalOnly: true}, 0},
		// The names and reasons of both methods: texts.
		{robertson(), Options{RelTol: 1e-6, AbsTol: 1e-10, FinalOnly: true}, 30},
	} {
		in, err := NewIntegrator(context.Background(), c.p, c.opt)
		if err != nil {
			t.Fatal(err)
		}
		run := func() {
			for !in.Done() {
				if err := in.Step(); err != nil {
					t.Fatal(err)
				}
			}
			if err := in.Reset(context.Background(), c.opt); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			run()
		}
		if n := testing.AllocsPerRun(3, run); n > c.most {
			t.Errorf("%s, %q: %v allocations a run, want at most %v", c.p.Name, c.opt.Solver, n, c.most)
		}
	}
}

// A remade problem has other defaults, and computed parameters follow.
func TestRemake(t *testing.T) {
	p := system("remake", []float64{1}, []float64{2, 4}, 1, func(t float64, u, p, du []float64) { du[0] = p[1] * u[0] })
	p.Params = []Quantity{{Name: "a"}, {Name: "b"}}
	kernels := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := kernels()
		k.Bind = func(p []float64, set []bool) { // b = 2 a
			if set == nil || !set[1] {
				p[1] = 2 * p[0]
			}
		}
		return k
	}
	for _, c := range []struct {
		set  map[string]float64
		span [2]float64
		want float64
	}{
		{nil, [2]float64{}, math.Exp(4)},
		{map[string]float64{"a": 1}, [2]float64{}, math.Exp(2)},
		{map[string]float64{"a": 1, "x": 3}, [2]float64{0, 2}, 3 * math.Exp(4)},
		{map[string]float64{"b": 1}, [2]float64{}, math.Exp(1)},
	} {
		q, err := p.Remake(c.set, c.span)
		if err != nil {
			t.Fatal(err)
		}
		r, err := q.Remake(map[string]float64{"a": 7}, [2]float64{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.Remake(map[string]float64{"nonesuch": 7}, [2]float64{}); err == nil {
			t.Error("an unknown name goes unseen")
		}
		opt := Options{Solver: "Vern7", RelTol: 1e-10, AbsTol: 1e-10}
		if u := mustSolve(t, q, opt).U[0]; math.Abs(u-c.want) > 1e-7*c.want {
			t.Errorf("%v over %v: %v, want %v", c.set, c.span, u, c.want)
		}
		if _, set := c.set["b"]; set {
			if u := mustSolve(t, r, opt).U[0]; math.Abs(u-c.want) > 1e-7*c.want {
				t.Errorf("b was set and follows a: %v, want %v", u, c.want)
			}
		}
	}
	if p.P[0] != 2 || p.U0[0] != 1 || p.Span[1] != 1 {
		t.Errorf("the problem itself has changed: %+v", p)
	}
}

// What a caller changes between two steps takes effect like a new start there.
func TestModify(t *testing.T) {
	for _, name := range []string{"auto", "Tsit5", "Rodas5P", "RadauIIA5", "BDF"} {
		p := decay()
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: 1e-9, AbsTol: 1e-12})
		if err != nil {
			t.Fatal(err)
		}
		if err := in.AddStop(0.25); err != nil {
			t.Fatal(err)
		}
		if err := in.AddStop(0.5); err != nil {
			t.Fatal(err)
		}
		if in.AddStop(math.Inf(1)) == nil || in.AddStop(0) == nil || in.SetU([]float64{1, 2}) == nil || in.SetParam(1, 0) == nil || in.SetStep(0) == nil {
			t.Errorf("%s: nonsense is accepted", name)
		}
		met := 0
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			switch in.T() {
			case 0.25:
				met++
				_ = in.SetU([]float64{5})
			case 0.5:
				met++
				_ = in.SetParam(0, 3)
				_ = in.SetStep(1e-3)
			}
			if in.TPrev() == 0.5 && math.Abs(in.T()-0.501) > 1e-9 && name != "BDF" { // whose first step of order 1 is shorter
				t.Errorf("%s: the step after SetStep(1e-3) ends at %v", name, in.T())
			}
		}
		want := 5 * math.Exp(-0.25-3*0.5)
		if u := in.U()[0]; met != 2 || math.Abs(u-want) > 1e-6*want {
			t.Errorf("%s: %v, want %v; %d stops", name, u, want, met)
		}
		sol := in.Solution()
		for i := 1; i < sol.Len(); i++ {
			if sol.Times[i] == 0.25 && sol.Times[i-1] == 0.25 && sol.State(i)[0] != 5 {
				t.Errorf("%s: %v after the jump", name, sol.State(i))
			}
		}
	}
}

// A jump in a problem in residual form: the algebraic variable and the derivatives follow. Where u is put back by its
// own value, the solution stays (sin t, cos t).
func TestModifyImplicit(t *testing.T) {
	jump := &Callback{
		Next: func(in *Integrator) float64 { return 1 },
		At:   func(in *Integrator) error { return in.SetU([]float64{math.Sin(1), -3}) },
	}
	sol := mustSolve(t, cubic(2), Options{RelTol: 1e-8, AbsTol: 1e-8, Callbacks: []*Callback{jump}})
	for i := range sol.Len() {
		s, c := math.Sincos(sol.Times[i])
		if u := sol.State(i); math.Abs(u[0]-s) > 1e-6 || math.Abs(u[1]-c) > 1e-6 {
			t.Fatalf("t = %v: %v, want %v, %v", sol.Times[i], u, s, c)
		}
	}
}

// What it costs to prepare a run: new, and reset.
func BenchmarkSetUp(b *testing.B) {
	for _, c := range []struct {
		p      *Problem
		solver string
	}{{lorenz(), "Tsit5"}, {lorenz(), "auto"}, {robertson(), "Rodas5P"}, {robertson(), "BDF"}, {robertson(), "RadauIIA5"}, {robertson(), "auto"}} {
		opt := Options{Solver: c.solver, FinalOnly: true}
		b.Run(c.p.Name+"/"+c.solver+"/new", func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := NewIntegrator(context.Background(), c.p, opt); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.p.Name+"/"+c.solver+"/reset", func(b *testing.B) {
			b.ReportAllocs()
			in, err := NewIntegrator(context.Background(), c.p, opt)
			if err != nil {
				b.Fatal(err)
			}
			for range b.N {
				if err := in.Reset(context.Background(), opt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A kick to a pendulum in mid-flight: in every form the state after it satisfies the constraints and the algebraic
// equation, and keeps the energy that it then has; a kick that violates a constraint is moved onto it.
func TestKick(t *testing.T) {
	energy := func(u []float64) float64 { return (u[2]*u[2]+u[3]*u[3])/2 + 9.81*u[1] }
	for _, m := range manners {
		var after float64
		kick := &Callback{
			Next: func(in *Integrator) float64 { return 0.7 },
			At: func(in *Integrator) error {
				u := append([]float64(nil), in.U()...)
				u[2], u[3] = 0.5*u[2], 0.5*u[3]
				after = energy(u)
				u[2] += 1e-3 * u[0] // along the rod: not possible
				u[3] += 1e-3 * u[1]
				u[4] = 77 // a guess
				return in.SetU(u)
			},
		}
		sol := mustSolve(t, levelled(3, 6.6), Options{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-8, AbsTol: 1e-8, Callbacks: []*Callback{kick}})
		seen := false
		for i := range sol.Len() {
			u := sol.State(i)
			lambda := u[2]*u[2] + u[3]*u[3] - 9.81*u[1]
			if g := u[0]*u[0] + u[1]*u[1] - 1; math.Abs(g) > 1e-10 || math.Abs(u[0]*u[2]+u[1]*u[3]) > 1e-9 || math.Abs(u[4]-lambda) > 1e-6*(1+math.Abs(lambda)) {
				t.Fatalf("%v: t = %v: %v off the constraints", m, sol.Times[i], u)
			}
			if i > 0 && sol.Times[i] == 0.7 && sol.Times[i-1] == 0.7 {
				seen = true
				// The forbidden part of the kick, 1e-3, is taken out again by the smallest change in units of the
				// sizes of the states, which is not at a right angle to it.
				if e := energy(u); math.Abs(e-after) > 2e-3 {
					t.Errorf("%v: energy %.9g after the kick, want %.9g", m, e, after)
				}
				after = energy(u)
			}
		}
		// The energy is 10, the errors are those of TestPendulum.
		if e := energy(sol.U); !seen || math.Abs(e-after) > 2e-4 {
			t.Errorf("%v: energy %.9g, want %.9g; both sides of the kick saved: %v", m, e, after, seen)
		}
	}
}

// An integrator whose run has failed, at its start or on the way, can be reset.
func TestResetAfterFailure(t *testing.T) {
	p := system("blow", []float64{1}, []float64{1}, 0.5, func(t float64, u, p, du []float64) { du[0] = p[0] * u[0] * u[0] })
	in, err := NewIntegrator(context.Background(), p, Options{Solver: "Tsit5"})
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []Options{{U0: []float64{math.Inf(1)}}, {Set: map[string]float64{"a": 10}}, {RelTol: 1e-17}, {Set: map[string]float64{"nonesuch": 1}}} {
		opt.Solver = "Tsit5"
		err := in.Reset(context.Background(), opt)
		for err == nil && !in.Done() {
			err = in.Step()
		}
		if err == nil || in.Step() == nil {
			t.Errorf("%+v does not fail", opt)
		}
		if err := in.Reset(context.Background(), Options{Solver: "Tsit5"}); err != nil {
			t.Fatal(err)
		}
		advance(t, in, math.MaxInt)
		sameRun(t, "after a failure", in.Solution(), mustSolve(t, p, Options{Solver: "Tsit5"}))
	}
}
