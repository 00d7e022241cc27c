package ode

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/tableau"
)

// swings is separable with a kinetic energy that is not quadratic, and depends on time:
// q' = sin p + 0.2 cos t, p' = -sin q + 0.3 sin 2t.
func swings(t1 float64) *Problem {
	p := system("swings", []float64{0.3, 0.8}, nil, t1, func(t float64, u, _, du []float64) {
		du[0] = math.Sin(u[1]) + 0.2*math.Cos(t)
		du[1] = -math.Sin(u[0]) + 0.3*math.Sin(2*t)
	})
	p.Jac = patternOf(2, func(i, j int) bool { return i != j })
	return p
}

// masses are two coupled pendulums with q' = B p, B not the identity; the states stand as
// p1, q1, q2, p2.
func masses(t1 float64) *Problem {
	p := system("masses", []float64{0.8, 0.3, 0, -0.2}, nil, t1, func(t float64, u, _, du []float64) {
		p1, q1, q2, p2 := u[0], u[1], u[2], u[3]
		du[1], du[2] = p1/2-0.25*p2, -0.25*p1+p2/3
		du[0], du[3] = -math.Sin(q1)-0.5*math.Sin(q1-q2)+0.1*math.Sin(t), -math.Sin(q2)-0.5*math.Sin(q2-q1)
	})
	p.Jac = patternOf(4, func(i, j int) bool { return (i == 1 || i == 2) != (j == 1 || j == 2) })
	f := p.NewKernels().RHS
	p.NewKernels = func() *Kernels {
		return &Kernels{RHS: f, Jac: func(t float64, u, _, v []float64) {
			q1, q2 := u[1], u[2]
			c := 0.5 * math.Cos(q1-q2)
			copy(v, []float64{0.5, -0.25, -math.Cos(q1) - c, c, c, -math.Cos(q2) - c, -0.25, 1.0 / 3})
		}}
	}
	return p
}

// Every table has its order at the end of steps and, less one at most, within; on a problem
// that depends on time, x” = f(t, x), on one with q' = B p, and on one with another q'.
func TestSymplecticOrder(t *testing.T) {
	for _, p := range []*Problem{forced(false, 6), masses(6), swings(6)} {
		ref := fixedStep(t, p, "Vern9", 1.0/500)
		for _, name := range tableau.Names(tableau.Symplectic) {
			m, err := Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			order := float64(m.Info().Order)
			if p.Name == "swings" && strings.HasPrefix(m.Info().Needs, "q' = B p") {
				_, err := Solve(context.Background(), p, Options{Solver: name, InitialStep: 0.1})
				if err == nil || !strings.Contains(err.Error(), "linear in p") {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			n := 160
			switch {
			case order >= 10:
				n = 12
			case order >= 8:
				n = 20
			case order >= 6:
				n = 32
			}
			var e, d [2]float64
			for k := range e {
				sol := mustSolve(t, p, Options{Solver: name, InitialStep: 6 / float64(n<<k), Dense: true})
				u, exact := make([]float64, p.N()), make([]float64, p.N())
				for i := range 301 {
					at := (float64(i) + 0.5) / 301 * 6
					sol.At(at, u)
					ref.At(at, exact)
					for j := range u {
						d[k] = max(d[k], math.Abs(u[j]-exact[j]))
					}
				}
				for i, at := range sol.Times {
					ref.At(at, exact)
					for j, v := range sol.State(i) {
						e[k] = max(e[k], math.Abs(v-exact[j]))
					}
				}
			}
			if slope := math.Log2(e[0] / e[1]); slope < order-0.5 || slope > order+above {
				t.Errorf("%s, %s: errors %.3g, %.3g: order %.2f, want %g", p.Name, name, e[0], e[1], slope, order)
			}
			if slope := math.Log2(d[0] / d[1]); slope < order-1.2 || d[1] > 20*e[1] {
				t.Errorf("%s, %s: errors within the steps %.3g, %.3g: order %.2f; at their ends %.3g", p.Name, name, d[0], d[1], slope, e[1])
			}
			t.Logf("%s %s: %.3g %.3g %.2f dense %.3g %.3g %.2f", p.Name, name, e[0], e[1], math.Log2(e[0]/e[1]), d[0], d[1], math.Log2(d[0]/d[1]))
		}
	}
}

// The energy keeps within the band of its first tenth over 10^5 to 10^6 steps, and has no
// trend; that of an explicit Runge-Kutta method of the same order drifts in proportion to time.
func TestSymplecticEnergy(t *testing.T) {
	for _, c := range []struct {
		name   string
		p      *Problem
		energy func(u []float64) float64
		h      float64
		steps  int
	}{
		{"VelocityVerlet", kepler(0.3, 1), keplerEnergy, 2 * math.Pi / 200, 1000000},
		{"VelocityVerlet", henonHeiles(1), henonHeilesEnergy, 0.1, 1000000},
		{"McAte4", kepler(0.3, 1), keplerEnergy, 2 * math.Pi / 100, 100000},
		{"Yoshida6", henonHeiles(1), henonHeilesEnergy, 0.2, 100000},
		{"KahanLi8", kepler(0.3, 1), keplerEnergy, 2 * math.Pi / 50, 100000},
		{"KahanLi8", henonHeiles(1), henonHeilesEnergy, 0.2, 100000},
		{"SofSpa10", kepler(0.3, 1), keplerEnergy, 2 * math.Pi / 100, 100000},
	} {
		in, err := NewIntegrator(context.Background(), c.p, Options{Solver: c.name, InitialStep: c.h, Span: [2]float64{0, 1e9}, MaxSteps: 1 << 40, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		e0 := c.energy(in.U())
		var worst [10]float64
		var mean [10]float64
		for n := range c.steps {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			d := (c.energy(in.U()) - e0) / math.Abs(e0)
			k := n * 10 / c.steps
			worst[k] = max(worst[k], math.Abs(d))
			mean[k] += d / float64(c.steps/10)
		}
		t.Logf("%s %s: worst %.3g .. %.3g, mean %.3g .. %.3g, %.1f f per step", c.name, c.p.Name, worst[0], worst[9], mean[0], mean[9], float64(in.Stats().RHS)/float64(c.steps))
		// Rounding with compensated sums: a random walk of one unit in 2^53 per step, at most.
		walk := 0x1p-53 * math.Sqrt(float64(c.steps))
		if worst[9] > 1.1*worst[0]+4*walk || math.Abs(mean[9]-mean[0]) > 0.02*worst[0]+2*walk {
			t.Errorf("%s, %s: the energy is off by %.3g in the first tenth, %.3g in the last; its mean moves from %.3g to %.3g",
				c.name, c.p.Name, worst[0], worst[9], mean[0], mean[9])
		}
	}
}

// Symmetric compositions are reversible: there and back ends at the start up to rounding.
func TestSymplecticReversible(t *testing.T) {
	for _, name := range []string{"VelocityVerlet", "PositionVerlet", "PseudoVerletLeapfrog", "CandyRoz4", "Yoshida4", "Suzuki4", "McAte42", "Yoshida6", "KahanLi6", "KahanLi8", "McAte8", "SofSpa10", "Ruth3"} {
		p := forced(false, 4)
		sol := mustSolve(t, p, Options{Solver: name, InitialStep: 0x1p-5, FinalOnly: true})
		back := mustSolve(t, p, Options{Solver: name, InitialStep: 0x1p-5, Span: [2]float64{4, 0}, U0: sol.U, FinalOnly: true})
		e := math.Hypot(back.U[0], back.U[1]-1)
		// 128 steps with compensated sums, start values of the way back rounded; SofSpa10, whose
		// weights are printed with 25 digits, too.
		if symmetric := name != "Ruth3"; (e < 1e-14) != symmetric {
			t.Errorf("%s: there and back %g", name, e)
		}
	}
}

// One evaluation for each kick where q' is linear in p, and the kick at the seam of two
// steps is not evaluated twice; steps allocate nothing.
func TestSymplecticWork(t *testing.T) {
	for _, c := range []struct {
		name string
		p    *Problem
		f    int64
	}{
		{"VelocityVerlet", kepler(0.3, 1), 1}, {"PositionVerlet", kepler(0.3, 1), 1}, {"KahanLi8", kepler(0.3, 1), 17},
		{"VelocityVerlet", masses(1), 1}, {"KahanLi6", masses(1), 9}, {"VelocityVerlet", swings(1), 2}, {"Ruth3", swings(1), 6},
	} {
		in, err := NewIntegrator(context.Background(), c.p, Options{Solver: c.name, InitialStep: 0.01, Span: [2]float64{0, 1e9}, MaxSteps: 1 << 40, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		before := in.Stats().RHS
		n := testing.AllocsPerRun(100, func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s allocates %v times per step", c.name, n)
		}
		// AllocsPerRun makes 101 steps; the first has no seam.
		if f := int64(in.Stats().RHS - before); f > 101*c.f+1 || f < 101*c.f {
			t.Errorf("%s, %s: %d evaluations in 101 steps, want %d each", c.name, c.p.Name, f, c.f)
		}
	}
}

// Events, refusals, and values that are not finite.
func TestSymplecticRuns(t *testing.T) {
	sol := mustSolve(t, ofSecondOrder(ball(0.8, 2).Problem), Options{Solver: "VelocityVerlet", InitialStep: 0.01})
	// The motion is a parabola, which the method and its interpolant have exactly: bounces at
	// 0.4515, 1.1740, 1.7520.
	if sol.Stats.Events != 3 {
		t.Errorf("%d bounces", sol.Stats.Events)
	}
	at := math.Sqrt(2 / 9.81)
	for i := 1; i < sol.Len(); i++ {
		if sol.Times[i] == sol.Times[i-1] {
			if math.Abs(sol.Times[i]-at) > 1e-9 {
				t.Errorf("bounce at %.12g, want %.12g", sol.Times[i], at)
			}
			break
		}
	}
	for _, c := range []struct {
		p     *Problem
		opt   Options
		words string
	}{
		{kepler(0.3, 1), Options{Solver: "KahanLi8"}, "--step"},
		{lorenzWithPattern(), Options{Solver: "Yoshida4", InitialStep: 0.1}, "cannot be told apart"},
		{lorenz(), Options{Solver: "Yoshida4", InitialStep: 0.1}, "Problem.Second"},
	} {
		_, err := Solve(context.Background(), c.p, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s with %s: %v, want %q", c.p.Name, c.opt.Solver, err, c.words)
		}
	}
	wall := ofSecondOrder(system("wall", []float64{0, 1}, nil, 5, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], math.Sqrt(1-u[0]) }))
	if sol, err := Solve(context.Background(), wall, Options{Solver: "Yoshida4", InitialStep: 0.01}); err == nil || sol.T > 1 || sol.U[0] < 0.9 {
		t.Errorf("invalid value: %v, reached %v", err, sol.U)
	}
}

func lorenzWithPattern() *Problem {
	p := lorenz()
	p.Jac = patternOf(3, func(i, j int) bool { return i != 0 || j != 2 })
	return p
}
