package callback

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/taylor"
)

// system makes a problem without Jacobian.
func system(u0, p []float64, t1 float64, f func(t float64, u, p, du []float64)) *ode.Problem {
	pr := &ode.Problem{Name: "test", Span: [2]float64{0, t1}, U0: u0, P: p}
	for i := range p {
		pr.Params = append(pr.Params, ode.Quantity{Name: string(rune('a' + i))})
	}
	pr.NewKernels = func() *ode.Kernels { return &ode.Kernels{RHS: f} }
	return pr
}

func decay(k, t1 float64) *ode.Problem {
	p := system([]float64{1}, []float64{k}, t1, nil)
	tape := taylor.NewTape(1)
	tape.Derivative(0, tape.Apply(taylor.OpMul, tape.Apply(taylor.OpNeg, tape.Param(0)), tape.State(0)))
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{RHS: func(t float64, u, p, du []float64) { du[0] = -p[0] * u[0] }, Jet: tape.Jet()}
	}
	return p
}

func oscillator(t1 float64) *ode.Problem {
	return system([]float64{1, 0}, nil, t1, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -u[0] })
}

func fall(t1 float64) *ode.Problem {
	return system([]float64{1, 0}, []float64{9.81}, t1, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[0] })
}

func solve(t *testing.T, p *ode.Problem, opt ode.Options, cbs ...*ode.Callback) *ode.Solution {
	t.Helper()
	opt.Callbacks = cbs
	sol, err := ode.Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%s: %v", opt.Solver, err)
	}
	return sol
}

// families runs f for auto and a method or two of each family.
func families(t *testing.T, f func(t *testing.T, solver string)) {
	for _, name := range []string{"auto", "BS3", "Tsit5", "Vern7", "Rosenbrock23", "Rodas5P", "RadauIIA5", "BDF", "Adams"} {
		t.Run(name, func(t *testing.T) { f(t, name) })
	}
}

// Doses at preset and periodic times: a sum of exponentials. Times at the start count, those
// outside do not, and each is the end of a step exactly.
func TestDoses(t *testing.T) {
	for _, m := range ode.Methods() {
		solver, opt := m.Info().Name, ode.Options{Solver: m.Info().Name, RelTol: 1e-5, AbsTol: 1e-7}
		// A decaying level; for methods that take equations of second order alone, kicks to an oscillator.
		const k, t1 = 0.7, 4.0
		p, state := decay(k, t1), 0
		response := func(t float64) float64 { return math.Exp(-k * t) } // to a dose of 1
		free := response(t1)
		if _, err := ode.NewIntegrator(context.Background(), p, ode.Options{Solver: solver, InitialStep: 0.01}); err != nil {
			p, state = oscillator(t1), 1
			p.Jac = &linsolve.Pattern{Rows: 2, Cols: 2, ColPtr: []int32{0, 1, 2}, RowIdx: []int32{1, 0}}
			response, free = math.Sin, math.Cos(t1)
		}
		plain := func() float64 { return math.Abs(solve(t, p, opt).U[0] - free) }
		if m.Info().Embedded == 0 {
			for opt.InitialStep = 0.02; !(plain() < 1e-3) && opt.InitialStep > 1e-4; { // stable, too
				opt.InitialStep /= 4
			}
		}
		first, second, third, fourth := 1.0, 2.0, 3.0, 4.0 // variables: the sums are rounded as the callback rounds them
		dose := func(in *ode.Integrator) error { return in.SetState(state, in.U()[state]+0.5) }
		for _, c := range []struct {
			name  string
			cb    *ode.Callback
			times []float64
		}{
			{"preset", PresetTimes([]float64{2.3, 0, 1.1, -1, 9, 1.1}, dose), []float64{0, 1.1, 2.3}},
			{"periodic", Periodic(0.1, 0.9, dose), []float64{0.1, 0.1 + first*0.9, 0.1 + second*0.9, 0.1 + third*0.9, 0.1 + fourth*0.9}},
			{"at the end", PresetTimes([]float64{t1}, dose), []float64{t1}},
		} {
			sol := solve(t, p, opt, c.cb)
			want := free
			for _, at := range c.times {
				want += 0.5 * response(t1-at)
				if !slices.Contains(sol.Times, at) {
					t.Errorf("%s, %s: no step ends at %v", solver, c.name, at)
				}
			}
			// What a method makes of the problem without doses, for each of up to six pieces; some error estimates do not
			// see the error of this linear problem.
			most := 1e-3 + 10*plain()
			if e := math.Abs(sol.U[0] - want); !(e < most) {
				t.Errorf("%s, %s: %v, want %v (error %.2g)", solver, c.name, sol.U[0], want, e)
			}
		}
	}
}

// Each time depends on the state at the one before: doses when the level, seen from the last dose, has fallen to 1/2.
func TestIterative(t *testing.T) {
	var met []float64
	cb := Iterative(func(in *ode.Integrator) float64 { return in.T() + math.Log(in.U()[0]/0.5) }, func(in *ode.Integrator) error {
		met = append(met, in.T())
		return in.SetState(0, in.U()[0]+1)
	})
	solve(t, decay(1, 4), ode.Options{RelTol: 1e-10, AbsTol: 1e-10}, cb)
	for i, v := range met {
		if want := math.Ln2 + float64(i)*math.Log(3); math.Abs(v-want) > 1e-8 {
			t.Errorf("dose %d at %v, want %v", i, v, want)
		}
	}
	if len(met) != 4 {
		t.Errorf("doses at %v", met)
	}
}

// Backward in time the doses are met in reverse, at the same times.
func TestBackward(t *testing.T) {
	var met []float64
	note := func(in *ode.Integrator) error { met = append(met, in.T()); return nil }
	opt := ode.Options{Span: [2]float64{3, 0}}
	solve(t, decay(1, 3), opt, PresetTimes([]float64{1, 2, 3, 5}, note))
	if !slices.Equal(met, []float64{3, 2, 1}) {
		t.Errorf("preset times: %v", met)
	}
	met = nil
	solve(t, decay(1, 3), opt, Periodic(0.5, 1, note))
	if !slices.Equal(met, []float64{2.5, 1.5, 0.5}) {
		t.Errorf("periodic: %v", met)
	}
	// Conditions: along the run, cos t rises through zero at 3 pi/2 seen backward ... it falls.
	var at []float64
	p := system([]float64{math.Cos(5)}, nil, 5, func(t float64, u, p, du []float64) { du[0] = -math.Sin(t) })
	solve(t, p, ode.Options{Span: [2]float64{5, 0}, RelTol: 1e-10, AbsTol: 1e-10},
		Observe(func(t float64, u, p []float64) float64 { return u[0] }, ode.Rising, func(t float64, u []float64) { at = append(at, t) }))
	if len(at) != 1 || math.Abs(at[0]-math.Pi/2) > 1e-8 {
		t.Errorf("rising along the run: %v, want pi/2", at)
	}
}

// The ball by a callback bounces at its analytic times, found to the last bit: the condition
// has not crossed one float before.
func TestBall(t *testing.T) {
	families(t, func(t *testing.T, solver string) {
		const e = 0.8
		var times []float64
		var in2 [2]float64
		bounce := Continuous(func(t float64, u, p []float64) float64 { return u[0] }, ode.Falling, func(in *ode.Integrator) error {
			times = append(times, in.T())
			if in.U()[0] >= 0 {
				t.Errorf("bounce at height %g, not behind the crossing", in.U()[0])
			}
			in.Interpolate(math.Nextafter(in.T(), 0), in2[:])
			if in2[0] < 0 {
				t.Errorf("the height is %g already one float before the bounce at %v", in2[0], in.T())
			}
			return in.SetState(1, -e*in.U()[1])
		})
		solve(t, fall(3), ode.Options{Solver: solver, RelTol: 1e-9, AbsTol: 1e-9}, bounce)
		want, v := math.Sqrt(2/9.81), math.Sqrt(2*9.81)
		if len(times) != 6 {
			t.Fatalf("%d bounces, want 6: %v", len(times), times)
		}
		for _, at := range times {
			// f is linear in time: the errors are those of the first, tiny steps of low order.
			if math.Abs(at-want) > 3e-7 {
				t.Errorf("bounce at %.12g, want %.12g", at, want)
			}
			v *= e
			want += 2 * v / 9.81
		}
	})
}

// Two crossings within one step are seen, in order, and observers leave the steps alone.
func TestObserve(t *testing.T) {
	p := oscillator(20)
	opt := ode.Options{Solver: "Vern9", RelTol: 1e-10, AbsTol: 1e-10}
	plain := solve(t, p, opt)
	var up, all []float64
	off := 0.0                                                           // of the state at a crossing
	g := func(t float64, u, p []float64) float64 { return u[0] - 0.999 } // twice within 0.09
	sol := solve(t, p, opt,
		Observe(g, ode.Rising, func(t float64, u []float64) { up = append(up, t) }),
		Observe(g, ode.Both, func(t float64, u []float64) {
			all = append(all, t)
			off = max(off, math.Abs(u[0]-0.999))
		}))
	if !(off < 1e-8) { // the tolerance, over 20 units of time
		t.Errorf("the state at a crossing is off it by %g", off)
	}
	if sol.Stats.Steps != plain.Stats.Steps {
		t.Errorf("%d steps, %d without observers", sol.Stats.Steps, plain.Stats.Steps)
	}
	a := math.Acos(0.999)
	want := []float64{a, 2*math.Pi - a, 2*math.Pi + a, 4*math.Pi - a, 4*math.Pi + a, 6*math.Pi - a, 6*math.Pi + a}
	if len(all) != len(want) || len(up) != 3 {
		t.Fatalf("%v and %v, want %v", all, up, want)
	}
	for i := range want {
		if math.Abs(all[i]-want[i]) > 1e-7 { // slope 0.045 of the condition
			t.Errorf("crossing %d at %.12g, want %.12g", i, all[i], want[i])
		}
	}
}

// Several conditions at once, of which two cross at the same time.
func TestCrossings(t *testing.T) {
	var met []int
	cb := Crossings(3, func(t float64, u, p, g []float64) { g[0], g[1], g[2] = t-0.5, 2*t-1, u[0] }, nil, func(in *ode.Integrator, k int) error {
		met = append(met, k)
		if k == 2 {
			in.Terminate("enough")
		}
		return nil
	})
	sol := solve(t, oscillator(5), ode.Options{}, cb)
	if !slices.Equal(met, []int{0, 1, 2}) || sol.Retcode != ode.Terminated || sol.Message != "enough" || math.Abs(sol.T-math.Pi/2) > 1e-5 {
		t.Errorf("%v, %v at %v", met, sol.Retcode, sol.T)
	}
}

// With the events of a model: gravity is halved at the first bounce of the model's own ball.
func TestWithModelEvents(t *testing.T) {
	p := fall(2)
	p.P = []float64{9.81, 0, 0}
	p.Params = p.Params[:1]
	p.Hybrid = &ode.Hybrid{Relations: []ode.Relation{{Text: "h < 0", Slot: 1, Strict: true}}, Whens: []ode.When{{Text: "h < 0", Cond: 2}}}
	rhs := p.NewKernels().RHS
	p.NewKernels = func() *ode.Kernels {
		return &ode.Kernels{
			RHS:       rhs,
			Crossings: func(t float64, u, p, g []float64) { g[0] = -u[0] },
			Update: func(t float64, u, p, unew, pnew []float64) int {
				copy(unew, u)
				copy(pnew, p)
				if pnew[2] = p[1]; p[1] != 0 && p[2] == 0 {
					unew[1] = -u[1]
				}
				return 0
			},
		}
	}
	for _, solver := range []string{"auto", "Tsit5", "BDF", "Rodas5P"} {
		// The velocity jumps at a bounce, which is no crossing, and falls through zero at a top.
		up, down := 0, 0
		velocity := func(t float64, u, p []float64) float64 { return u[1] }
		solve(t, p, ode.Options{Solver: solver, RelTol: 1e-9, AbsTol: 1e-9},
			Continuous(velocity, ode.Rising, func(*ode.Integrator) error { up++; return nil }),
			Observe(velocity, ode.Falling, func(float64, []float64) { down++ }))
		if up != 0 || down != 2 { // bounces at 0.45, 1.35, tops at 0.9, 1.8
			t.Errorf("%s: the velocity rises through zero %d times, and falls %d times, want 0 and 2", solver, up, down)
		}
		changed, marks := false, 0
		top := Continuous(func(t float64, u, p []float64) float64 { return u[1] }, ode.Falling, func(in *ode.Integrator) error {
			marks++
			return nil
		})
		gravity := Discrete(func(t float64, u, p []float64) bool { return u[1] > 0 && !changed }, func(in *ode.Integrator) error {
			changed = true
			return in.SetParam(0, 9.81/2)
		})
		sol := solve(t, p, ode.Options{Solver: solver, RelTol: 1e-9, AbsTol: 1e-9}, top, gravity)
		// After the bounce the ball rises with half the gravity for 2 t0 to twice the height.
		t0 := math.Sqrt(2 / 9.81)
		after := 2 - t0
		want := 9.81*t0*after - 9.81/4*after*after
		if !changed || marks != 1 || math.Abs(sol.U[0]-want) > 1e-5 || sol.Stats.Events != 1 {
			t.Errorf("%s: height %.9g, want %.9g; %d tops, %d events", solver, sol.U[0], want, marks, sol.Stats.Events)
		}
	}
}

func TestSteadyState(t *testing.T) {
	families(t, func(t *testing.T, solver string) {
		p := system([]float64{0}, nil, 1000, func(t float64, u, p, du []float64) { du[0] = 1 - u[0] })
		sol := solve(t, p, ode.Options{Solver: solver, RelTol: 1e-8}, SteadyState(0, 0))
		// |1 - u| = exp(-t) is 1e-6 at t = 13.8.
		if sol.Retcode != ode.Terminated || sol.T < math.Log(1e6)-0.5 || sol.T > 200 || math.Abs(sol.U[0]-1) > 2e-6 {
			t.Errorf("%v at t = %v, u = %v", sol.Retcode, sol.T, sol.U)
		}
	})
}

// The projected oscillator keeps its energy to rounding where the plain one loses it; with and
// without a Jacobian of the manifold.
func TestManifold(t *testing.T) {
	g := func(t float64, u, out []float64) { out[0] = (u[0]*u[0]+u[1]*u[1])/2 - 0.5 }
	jac := func(t float64, u, v []float64) { v[0], v[1] = u[0], u[1] }
	energy := func(sol *ode.Solution) float64 { return math.Abs(sol.U[0]*sol.U[0] + sol.U[1]*sol.U[1] - 1) }
	families(t, func(t *testing.T, solver string) {
		opt := ode.Options{Solver: solver, RelTol: 1e-5, AbsTol: 1e-5}
		plain := energy(solve(t, oscillator(50), opt))
		for _, j := range []func(float64, []float64, []float64){nil, jac} {
			if e := energy(solve(t, oscillator(50), opt, Manifold(1, g, j))); e > 1e-14 || plain < 1e-9 {
				t.Errorf("energy off by %.2g with projection, %.2g without", e, plain)
			}
		}
	})
	if _, err := ode.Solve(context.Background(), oscillator(1), ode.Options{Callbacks: []*ode.Callback{Manifold(1, func(t float64, u, out []float64) { out[0] = 1 + u[0]*u[0] }, nil)}}); err == nil || !strings.Contains(err.Error(), "manifold") {
		t.Errorf("%v", err)
	}
}

// A state that decays at once overshoots at loose tolerances, and does not with Positive.
func TestPositive(t *testing.T) {
	p := decay(100, 1)
	least := func(sol *ode.Solution) float64 {
		v := math.Inf(1)
		for i := range sol.Len() {
			v = math.Min(v, sol.State(i)[0])
		}
		return v
	}
	opt := ode.Options{Solver: "BS3", RelTol: 1e-2, AbsTol: 1e-2}
	if v := least(solve(t, p, opt)); v >= 0 {
		t.Fatalf("least value %g without the callback: the test shows nothing", v)
	}
	if v := least(solve(t, p, opt, Positive())); v < 0 {
		t.Errorf("least value %g", v)
	}
	if v := least(solve(t, p, opt, Positive(0))); v < 0 {
		t.Errorf("least value %g", v)
	}
	var f *ode.Failure
	down := system([]float64{1}, nil, 2, func(t float64, u, p, du []float64) { du[0] = -1 })
	if _, err := ode.Solve(context.Background(), down, ode.Options{Callbacks: []*ode.Callback{Domain(func(t float64, u, p []float64) bool { return u[0] > 0 })}}); !errors.As(err, &f) || f.Code != ode.CallbackFailure || math.Abs(f.T-1) > 1e-3 {
		t.Errorf("%v, want a failure at t = 1", err)
	}
}

func TestStepLimiter(t *testing.T) {
	families(t, func(t *testing.T, solver string) {
		sol := solve(t, decay(1, 5), ode.Options{Solver: solver}, StepLimiter(func(t float64, u, p []float64) float64 { return 0.1 + 0.1*t }, 0.5))
		for i := 1; i < sol.Len(); i++ {
			if h, most := sol.Times[i]-sol.Times[i-1], 0.5*(0.1+0.1*sol.Times[i-1]); h > most*(1+1e-12) {
				t.Fatalf("step %g at t = %g, at most %g", h, sol.Times[i-1], most)
			}
		}
	})
}

// Integrals along (cos t, -sin t) with closed forms, over jumps and backward too.
func TestIntegrating(t *testing.T) {
	families(t, func(t *testing.T, solver string) {
		var r Integral
		cb := Integrating(&r, 2, func(t float64, u, p, out []float64) { out[0], out[1] = u[0], u[1]*u[1] }, 0)
		opt := ode.Options{Solver: solver, RelTol: 1e-8, AbsTol: 1e-8}
		solve(t, oscillator(7), opt, cb)
		w0, w1 := math.Sin(7), 7.0/2-math.Sin(14)/4
		// The errors of the solution, a hundred tolerances or so at low orders.
		if math.Abs(r.Value[0]-w0) > 1e-5 || math.Abs(r.Value[1]-w1) > 1e-5 {
			t.Errorf("%v, want %v, %v", r.Value, w0, w1)
		}
		if r.Error[0] > 1e-7 || r.Error[1] > 1e-7 {
			t.Errorf("estimated quadrature errors %v", r.Error)
		}
	})
	var r Integral
	cb := Integrating(&r, 1, func(t float64, u, p, out []float64) { out[0] = u[0] }, 0)
	jump := PresetTimes([]float64{1}, func(in *ode.Integrator) error { return in.SetState(0, 3) })
	p := system([]float64{1}, nil, 2, func(t float64, u, p, du []float64) { du[0] = 0 })
	for range 2 {
		if solve(t, p, ode.Options{Solver: "Tsit5"}, cb, jump); math.Abs(r.Value[0]-4) > 1e-14 {
			t.Errorf("over a jump: %v, want 1 + 3", r.Value)
		}
	}
	if solve(t, p, ode.Options{Solver: "Tsit5", Span: [2]float64{2, 0}}, cb); math.Abs(r.Value[0]+2) > 1e-14 {
		t.Errorf("backward: %v, want -2", r.Value)
	}
}

// The Gauss rules are exact to degree 2n-1.
func TestGauss(t *testing.T) {
	for n := 1; n <= 13; n++ {
		r := gauss(n)
		for d := range 2 * n {
			s := 0.0
			for i, x := range r.x {
				s += r.w[i] * math.Pow(x, float64(d))
			}
			if math.Abs(s-1/float64(d+1)) > 1e-14 {
				t.Errorf("%d points, x^%d: %v, want 1/%d", n, d, s, d+1)
			}
		}
	}
}

func TestSaving(t *testing.T) {
	type point struct{ X, E float64 }
	var each Table[point]
	var at Table[float64]
	sol := solve(t, oscillator(3), ode.Options{RelTol: 1e-9},
		Saving(&each, nil, func(t float64, u, p []float64) point { return point{u[0], u[0]*u[0] + u[1]*u[1]} }),
		Saving(&at, []float64{0, 3, 1, 2.5, 7}, func(t float64, u, p []float64) float64 { return u[0] }))
	if !slices.Equal(each.Times, sol.Times) || each.Values[len(each.Values)-1].X != sol.U[0] {
		t.Errorf("%d values at %v, %d steps", len(each.Values), each.Times, sol.Stats.Steps)
	}
	if !slices.Equal(at.Times, []float64{0, 1, 2.5, 3}) {
		t.Fatalf("saved at %v", at.Times)
	}
	for i, v := range at.Times {
		if math.Abs(at.Values[i]-math.Cos(v)) > 1e-7 {
			t.Errorf("%v at %v, want %v", at.Values[i], v, math.Cos(v))
		}
	}
	back := solve(t, oscillator(3), ode.Options{Span: [2]float64{3, 1}}, Saving(&at, []float64{2, 1, 3}, func(t float64, u, p []float64) float64 { return u[0] }))
	if !slices.Equal(at.Times, []float64{3, 2, 1}) || at.Values[2] != back.U[0] {
		t.Errorf("backward: %v", at)
	}
}

// The perturbations of u' = 0 are a random walk of known variance; equal seeds give equal runs;
// the spread of an ensemble shrinks with the step as the order says.
func TestNoise(t *testing.T) {
	zero := system([]float64{0}, nil, 1, func(t float64, u, p, du []float64) { du[0] = 0 })
	sum, n := 0.0, 400
	for seed := range n {
		u := solve(t, zero, ode.Options{Solver: "RK4", InitialStep: 0.1}, StepNoise(2, uint64(seed))).U[0]
		sum += u * u
	}
	// Ten steps: variance 10 * 4 * 0.1^9. The mean of 400 squares has a relative deviation of sqrt(2/400) = 0.07.
	if want := 10 * 4 * 1e-9; math.Abs(sum/float64(n)-want) > 0.28*want {
		t.Errorf("variance %g, want %g", sum/float64(n), want)
	}
	a := solve(t, oscillator(5), ode.Options{}, ErrorNoise(1, 7))
	b := solve(t, oscillator(5), ode.Options{}, ErrorNoise(1, 7))
	c := solve(t, oscillator(5), ode.Options{}, ErrorNoise(1, 8))
	if !slices.Equal(a.U, b.U) || slices.Equal(a.U, c.U) {
		t.Errorf("seed 7 gives %v and %v, seed 8 %v", a.U, b.U, c.U)
	}
	families(t, func(t *testing.T, solver string) {
		if solver == "BDF" {
			t.Skip("a multistep method, see noise.go")
		}
		for _, tol := range []float64{1e-4, 1e-6} {
			worst, least := 0.0, math.Inf(1)
			for seed := range 10 {
				u := solve(t, oscillator(10), ode.Options{Solver: solver, RelTol: tol, AbsTol: tol}, ErrorNoise(1, uint64(seed))).U
				e := math.Hypot(u[0]-math.Cos(10), u[1]+math.Sin(10))
				worst, least = math.Max(worst, e), math.Min(least, e)
			}
			// Tens to thousands of steps, each of a tolerance: between a tenth of it and a thousand times.
			if !(worst < 1e3*tol && worst > 0.1*tol) {
				t.Errorf("tolerance %g: errors from %.2g to %.2g", tol, least, worst)
			}
		}
	})
}

// Runs with callbacks go on after they were saved, bit by bit.
func TestArchive(t *testing.T) {
	for _, solver := range []string{"auto", "Tsit5", "BDF", "RadauIIA5"} {
		var integral Integral
		var table Table[float64]
		list := func() []*ode.Callback {
			return []*ode.Callback{
				Periodic(0.2, 0.5, func(in *ode.Integrator) error { return in.SetState(0, in.U()[0]+0.1) }),
				Continuous(func(t float64, u, p []float64) float64 { return u[0] }, ode.Rising, func(in *ode.Integrator) error { return in.SetState(1, 1.01*in.U()[1]) }),
				Integrating(&integral, 1, func(t float64, u, p, out []float64) { out[0] = u[0] }, 0),
				Saving(&table, []float64{1, 2, 3, 4}, func(t float64, u, p []float64) float64 { return u[0] }),
				ErrorNoise(0.3, 5),
			}
		}
		start := func() *ode.Integrator {
			in, err := ode.NewIntegrator(context.Background(), oscillator(9), ode.Options{Solver: solver, Callbacks: list()})
			if err != nil {
				t.Fatal(err)
			}
			return in
		}
		finish := func(in *ode.Integrator) *ode.Solution {
			for !in.Done() {
				if err := in.Step(); err != nil {
					t.Fatal(err)
				}
			}
			return in.Solution()
		}
		want := finish(start())
		value, values := integral.Value[0], slices.Clone(table.Values)
		in := start()
		for range want.Stats.Steps / 2 {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		data, err := in.Save()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ode.Resume(context.Background(), oscillator(9), ode.Options{Solver: solver, Callbacks: list()}, data)
		if err != nil {
			t.Fatal(err)
		}
		got := finish(again)
		if !slices.Equal(got.U, want.U) || !slices.Equal(got.Times, want.Times) || integral.Value[0] != value || !slices.Equal(table.Values, values) {
			t.Errorf("%s: %v, integral %v, %v; want %v, %v, %v", solver, got.U, integral.Value, table.Values, want.U, value, values)
		}
	}
}

// A run that was saved goes on to a later end and with other times to save: instants that lay behind the
// first end come, and no time is saved that had passed.
func TestResumeLater(t *testing.T) {
	for _, solver := range []string{"auto", "Tsit5", "BDF", "RadauIIA5"} {
		var met []float64
		note := func(in *ode.Integrator) error {
			met = append(met, in.T())
			return nil
		}
		opt := func(end float64, at ...float64) ode.Options {
			return ode.Options{Solver: solver, RelTol: 1e-9, AbsTol: 1e-12, Span: [2]float64{0, end}, SaveAt: at,
				Callbacks: []*ode.Callback{Periodic(0, 3, note), PresetTimes([]float64{2, 12, 15}, note)}}
		}
		in, err := ode.NewIntegrator(context.Background(), oscillator(10), opt(10, 0, 2, 4, 6, 8, 10))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.AddStop(13); err != nil {
			t.Fatal(err)
		}
		for in.T() < 9.3 {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		data, err := in.Save()
		if err != nil {
			t.Fatal(err)
		}
		more, err := ode.Resume(context.Background(), oscillator(10), opt(16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16), data)
		if err != nil {
			t.Fatal(err)
		}
		stopped := false
		for !more.Done() {
			if err := more.Step(); err != nil {
				t.Fatal(err)
			}
			stopped = stopped || more.T() == 13
		}
		if want := []float64{0, 2, 3, 6, 9, 12, 12, 15, 15}; !slices.Equal(met, want) {
			t.Errorf("%s: callbacks at %v, want %v", solver, met, want)
		}
		if !stopped {
			t.Errorf("%s: no step ends at 13", solver)
		}
		sol := more.Solution()
		if want := []float64{0, 2, 4, 6, 8, 11, 12, 16}; !slices.Equal(sol.Times, want) {
			t.Errorf("%s: saved at %v, want %v", solver, sol.Times, want)
		}
		for i, at := range sol.Times {
			if x := sol.State(i)[0]; math.Abs(x-math.Cos(at)) > 1e-6 { // about 1000 times the tolerance
				t.Errorf("%s: %v at t = %v, want %v", solver, x, at, math.Cos(at))
			}
		}
	}
}

// Two balls that reach the ground within rounding errors of each other are thrown back once each, every time.
func TestBouncesTogether(t *testing.T) {
	t0 := math.Sqrt(2 / 9.81) // bounces at t0, 2 t0 and 2.5 t0; behind the last the balls rise with an eighth of the speed
	s := 1.2 - 2.5*t0
	want := s * (9.81 * t0 / 8) * (1 - 4*s/t0)
	for _, m := range ode.Methods() {
		i := m.Info()
		if i.Needs != "" || i.Order < 2 {
			continue
		}
		p := system([]float64{1, 0, 1, 0}, nil, 1.2, func(t float64, u, p, du []float64) {
			du[0], du[1] = u[1], -9.81
			du[2], du[3] = u[3], -9.81*(1+1e-16*u[2])
		})
		opt := ode.Options{Method: m, RelTol: 1e-8, AbsTol: 1e-10, FinalOnly: true}
		if i.Embedded == 0 {
			opt.InitialStep = 0.0025
		}
		n := 0
		for k := range 2 {
			opt.Callbacks = append(opt.Callbacks, Continuous(func(t float64, u, p []float64) float64 { return u[2*k] * 3 / 3 }, ode.Falling, func(in *ode.Integrator) error {
				n++
				return in.SetState(2*k+1, -0.5*in.U()[2*k+1])
			}))
		}
		sol, err := ode.Solve(context.Background(), p, opt)
		if err != nil {
			t.Errorf("%s: %v", i.Name, err)
			continue
		}
		if n != 6 || math.Abs(sol.U[0]-want) > 1e-4 || math.Abs(sol.U[2]-want) > 1e-4 { // errors of BDF2 and the like are some hundred times the tolerance
			t.Errorf("%s: %d bounces to %v, want 6 to %v", i.Name, n, sol.U, want)
		}
	}
}

// A ball comes to rest after bounces that become shorter than the first steps of multistep methods, and lower than
// the tolerance: none of them takes it through the ground.
func TestLastBounces(t *testing.T) {
	for _, solver := range []string{"Tsit5", "Rodas5P", "RadauIIA5", "BDF", "BDF2", "NDF", "Adams", "LSODA", "IDA", "SEULEX", "ROCK2"} {
		p := system([]float64{1, 0}, []float64{9.81}, 5, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -p[0] })
		last, looks := 0.0, 0
		height := func(t float64, u, p []float64) float64 { return u[0] }
		n := 0
		sol := solve(t, p, ode.Options{Solver: solver, RelTol: 1e-8, AbsTol: 1e-10},
			Continuous(height, ode.Falling, func(in *ode.Integrator) error {
				n++
				last = in.T()
				if v := in.U()[1]; v < -1e-6 {
					return in.SetState(1, -0.8*v)
				}
				return errors.Join(in.SetParam(0, 0), in.SetU([]float64{0, 0}))
			}),
			Observe(height, ode.Falling, func(float64, []float64) { looks++ }))
		want := math.Sqrt(2/9.81) * (1 + 2*0.8/(1-0.8)) // the limit of all bounces; errors of the velocity of multistep methods add up
		if sol.U[0] != 0 || sol.U[1] != 0 || math.Abs(last-want) > 3e-4 || looks > n {
			t.Errorf("%s: %v after %d bounces, the last at %v, %d of them observed; want rest at %v", solver, sol.U, n, last, looks, want)
		}
	}
}

// A state that the caller sets between two steps jumps: that is no crossing, and the next one is met.
func TestJumpBetweenSteps(t *testing.T) {
	families(t, func(t *testing.T, solver string) {
		var met []float64
		in, err := ode.NewIntegrator(context.Background(), oscillator(6), ode.Options{Solver: solver, RelTol: 1e-8, HMax: 0.1, Callbacks: []*ode.Callback{
			Continuous(func(t float64, u, p []float64) float64 { return u[0] }, ode.Both, func(in *ode.Integrator) error {
				met = append(met, in.T())
				return nil
			})}})
		if err != nil {
			t.Fatal(err)
		}
		jump := -1.0
		for !in.Done() {
			if in.T() > 1 && jump < 0 { // cos t is above zero there
				jump = in.T()
				if err := in.SetU([]float64{-1, 0}); err != nil {
					t.Fatal(err)
				}
			}
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		// x = -cos(t - jump) from there on.
		if len(met) != 2 || math.Abs(met[0]-jump-math.Pi/2) > 1e-4 || math.Abs(met[1]-jump-3*math.Pi/2) > 1e-4 {
			t.Errorf("crossings at %v, want %v and %v", met, jump+math.Pi/2, jump+3*math.Pi/2)
		}
	})
}

// A condition that is above zero for a seventieth of its period, on a straight line on which steps grow without limit.
func TestNarrowLobes(t *testing.T) {
	families(t, func(t *testing.T, solver string) {
		p := system([]float64{0}, nil, 10, func(t float64, u, p, du []float64) { du[0] = 1 })
		g := func(t float64, u, p []float64) float64 { return math.Sin(100*u[0]) - 0.999 }
		up, seen := 0, 0
		solve(t, p, ode.Options{Solver: solver},
			Continuous(g, ode.Rising, func(*ode.Integrator) error { up++; return nil }),
			Observe(g, ode.Falling, func(float64, []float64) { seen++ }))
		if up != 159 || seen != 159 {
			t.Errorf("%d times up, %d times down, want 159", up, seen)
		}
	})
}

// The machinery allocates nothing in a step.
func TestAllocations(t *testing.T) {
	var integral Integral
	count := 0
	list := []*ode.Callback{
		Periodic(0.2, 0.5, func(in *ode.Integrator) error { return in.SetState(0, in.U()[0]+0.001) }),
		Continuous(func(t float64, u, p []float64) float64 { return u[0] }, ode.Rising, func(in *ode.Integrator) error { return in.SetState(1, u1(in)) }),
		Observe(func(t float64, u, p []float64) float64 { return u[1] }, ode.Both, func(t float64, u []float64) { count++ }),
		Integrating(&integral, 1, func(t float64, u, p, out []float64) { out[0] = u[0] }, 0),
		Manifold(1, func(t float64, u, out []float64) { out[0] = 0 }, nil),
		Positive(), StepLimiter(func(t float64, u, p []float64) float64 { return 1 }, 1), ErrorNoise(0.1, 5), SteadyState(0, 0),
	}
	list[5] = Domain(func(t float64, u, p []float64) bool { return true })
	for _, solver := range []string{"Tsit5", "Rodas5P", "BDF", "RadauIIA5"} {
		in, err := ode.NewIntegrator(context.Background(), oscillator(1e6), ode.Options{Solver: solver, FinalOnly: true, Callbacks: list})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(200, func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a step", solver, n)
		}
	}
	if count == 0 {
		t.Error("nothing was observed")
	}
}

func u1(in *ode.Integrator) float64 { return in.U()[1] }

func TestErrors(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		cb   *ode.Callback
		want string
	}{
		{PresetTimes([]float64{0.5}, func(*ode.Integrator) error { return boom }), "preset times: boom"},
		{Continuous(func(t float64, u, p []float64) float64 { return t - 0.5 }, ode.Both, func(in *ode.Integrator) error { return in.SetState(4, 1) }), "no state 4"},
		{Discrete(func(t float64, u, p []float64) bool { return true }, func(in *ode.Integrator) error { return in.SetState(0, math.NaN()) }), "cannot be NaN"},
		{Periodic(0, -1, nil), "interval"},
		{Periodic(0, 1e-20, nil), "resolution"},
	} {
		_, err := ode.Solve(context.Background(), oscillator(1), ode.Options{Callbacks: []*ode.Callback{c.cb}})
		var f *ode.Failure
		if !errors.As(err, &f) || f.Code != ode.CallbackFailure || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	cb := Crossings(2, func(t float64, u, p, out []float64) {}, make([]ode.Direction, 1), nil)
	if _, err := ode.Solve(context.Background(), oscillator(1), ode.Options{Callbacks: []*ode.Callback{cb}}); err == nil || !strings.Contains(err.Error(), "1 Directions for 2") {
		t.Errorf("%v", err)
	}
}
