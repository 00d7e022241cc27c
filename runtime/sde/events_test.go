package sde

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// passage makes p end when its state comes above level: a relation with a terminate action.
func passage(p *test, level float64) *ode.Problem {
	q := *p.Problem
	q.P = []float64{0, 0} // memory of the relation, of the condition
	q.Hybrid = &ode.Hybrid{
		Relations: []ode.Relation{{Text: "u > level", Slot: 0, Strict: true}},
		Whens:     []ode.When{{Text: "u > level", Cond: 1}},
		Actions:   []ode.Action{{Terminate: true, Message: "passed"}},
	}
	make := p.NewKernels
	q.NewKernels = func() *ode.Kernels {
		k := make()
		k.Crossings = func(_ float64, u, _, g []float64) { g[0] = u[0] - level }
		k.Update = func(_ float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			pnew[1] = p[0]
			if p[0] != 0 && p[1] == 0 {
				return 1
			}
			return 0
		}
		return k
	}
	return &q
}

// The first passage of Brownian motion with drift m through a has the distribution function Phi((m t - a)/sqrt t) + exp(2 m a) Phi((-m t - a)/sqrt t):
// the share of paths that have passed by the end, at 4 standard errors. A path that is looked at with steps d passes where the true
// one passes a - 0.5826 sqrt(d) (Broadie, Glasserman, Kou, Math. Finance 7(4), 1997): with d a 16th of the step that is
// the allowance for the bias.
func TestFirstPassage(t *testing.T) {
	const a, m, t1, paths = 1.0, 0.5, 2.0, 2000
	phi := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	passed := func(a float64) float64 {
		s := math.Sqrt(t1)
		return phi((m*t1-a)/s) + math.Exp(2*m*a)*phi((-m*t1-a)/s)
	}
	p := passage(single("drifting", 0, t1, func(_, _ float64) float64 { return m }, func(_, _ float64) float64 { return 1 }, nil, nil), a)
	for _, c := range []struct {
		solver string
		h      float64
	}{{"EM", 0x1p-5}, {"SOSRA", 0x1p-6}} {
		r := &runner{t: t, p: p, opt: ode.Options{Solver: c.solver, Seed: 21, InitialStep: c.h, HMax: c.h}}
		count, sum := 0.0, 0.0
		for i := range uint64(paths) {
			u := r.end(i)
			if r.in.Solution().Retcode == ode.Terminated {
				count++
				sum += r.in.T()
				if math.Abs(u[0]-a) > 1e-9 {
					t.Fatalf("path %d ends at %v", i, u[0])
				}
			}
		}
		want := passed(a)
		bias := want - passed(a+0.5826*math.Sqrt(c.h/pieces))
		se := math.Sqrt(want * (1 - want) / paths)
		t.Logf("%s h=%v: %v of the paths pass, want %v (standard error %v, bias %v); mean time %v", c.solver, c.h, count/paths, want, se, bias, sum/count)
		if d := count/paths - want; d > 4*se || d < -4*se-1.5*bias {
			t.Errorf("%s: the share is off by %v", c.solver, d)
		}
	}
}

// An event that changes nothing leaves the path as it is: Brownian motion ends where its path does, however often steps were cut.
func TestCutSteps(t *testing.T) {
	p := single("motion", 0, 4, func(_, _ float64) float64 { return 0 }, func(_, _ float64) float64 { return 1 }, nil, nil)
	w, h := []float64{0}, []float64{0}
	path := NewPath(1)
	events := 0
	for i := range uint64(200) {
		count := 0
		cb := &ode.Callback{Conditions: 1, Crossings: func(_ float64, u, _, g []float64) { g[0] = u[0] - 0.2 },
			Affect: func(*ode.Integrator, int, float64, []float64) error { count++; return nil }}
		s := solve(t, p.Problem, ode.Options{Solver: "EM", InitialStep: 0x1p-4, Seed: 9, Path: i, Callbacks: []*ode.Callback{cb}})
		path.Begin(9, i, 0, 4)
		path.Take(4, w, h)
		if u := s.State(s.Len() - 1)[0]; math.Abs(u-w[0]) > 1e-12 {
			t.Fatalf("path %d ends at %v, want %v, after %d events", i, u, w[0], count)
		}
		events += count
	}
	if t.Logf("%d events", events); events < 1000 {
		t.Errorf("%d events in 200 paths", events)
	}
}

// A neuron that integrates noise and fires: dv = (I - v) dt + s dW, v is set back to 0 where it comes to 1. The mean interval between spikes is that of
// Siegert's formula, sqrt(pi) int_a^b exp(x^2) (1 + erf x) dx with a = -I/s, b = (1 - I)/s, to 4 standard errors and the bias of
// Broadie, Glasserman, Kou in the threshold.
func TestFire(t *testing.T) {
	const in, s, t1, paths = 0.8, 0.4, 50.0, 30
	interval := func(level float64) float64 {
		a, b, n := -in/s, (level-in)/s, 20000
		sum := 0.0
		for k := range n {
			x := a + (b-a)*(float64(k)+0.5)/float64(n)
			sum += math.Exp(x*x) * (1 + math.Erf(x))
		}
		return math.Sqrt(math.Pi) * sum * (b - a) / float64(n)
	}
	p := ornstein(1, in, s, 0, t1)
	const h = 0x1p-7
	var last float64
	sum, square, n := 0.0, 0.0, 0.0
	for i := range uint64(paths) {
		last = 0
		cb := &ode.Callback{Conditions: 1, Crossings: func(_ float64, u, _, g []float64) { g[0] = u[0] - 1 }, Directions: []ode.Direction{ode.Rising},
			Affect: func(r *ode.Integrator, _ int, at float64, _ []float64) error {
				d := at - last
				last = at
				sum, square, n = sum+d, square+d*d, n+1
				return r.SetState(0, 0)
			}}
		solve(t, p.Problem, ode.Options{Solver: "EM", InitialStep: h, Seed: 10, Path: i, FinalOnly: true, Callbacks: []*ode.Callback{cb}})
	}
	mean := sum / n
	se := math.Sqrt((square/n - mean*mean) / n)
	want := interval(1)
	bias := interval(1+0.5826*s*math.Sqrt(h/pieces)) - want
	// The interval in progress at the end is not counted: of renewals in [0, t1] that takes about the mean square of an interval over 2 t1 off the mean.
	short := square / n / (2 * t1)
	t.Logf("%v spikes, mean interval %v, want %v (standard error %v, bias %v, %v for the end)", n, mean, want, se, bias, short)
	if d := mean - want; d > 4*se+1.5*bias || d < -4*se-2*short {
		t.Errorf("the mean interval is %v, want %v", mean, want)
	}
}

// A relay in noise, dx = -sign(x - 1) dt + s dW by a relation: it changes again and again, which is no accumulation of events. The stationary density is
// exp(-2 |x-1|/s^2)/s^2, so that E |x - 1| = s^2/2, here over the second half of long runs with the correlation time of about s^2 as the sample.
func TestRelay(t *testing.T) {
	const s, t1, paths = 0.5, 20.0, 20
	p := single("relay", 1, t1, nil, func(_, _ float64) float64 { return s }, nil, nil).Problem
	p.P = []float64{0}
	p.Hybrid = &ode.Hybrid{Relations: []ode.Relation{{Text: "x > 1", Slot: 0, Strict: true}}}
	make := p.NewKernels
	p.NewKernels = func() *ode.Kernels {
		k := make()
		k.RHS = func(_ float64, _, p, du []float64) { du[0] = 1 - 2*p[0] }
		k.Crossings = func(_ float64, u, _, g []float64) { g[0] = u[0] - 1 }
		k.Update = func(_ float64, u, p, unew, pnew []float64) int { copy(unew, u); copy(pnew, p); return 0 }
		return k
	}
	sum, n, events := 0.0, 0.0, 0
	for i := range uint64(paths) {
		sol := solve(t, p, ode.Options{Solver: "EM", InitialStep: 0x1p-6, Seed: 4, Path: i, Steps: 80})
		for k := 40; k <= 80; k++ {
			sum += math.Abs(sol.State(k)[0] - 1)
			n++
		}
		events += sol.Stats.Events
	}
	mean, want := sum/n, s*s/2
	se := want / math.Sqrt(n/2) // |x-1| is exponential; samples 0.25 apart are about one correlation time apart
	t.Logf("%d events, E|x-1| = %v, want %v +- %v", events, mean, want, se)
	if math.Abs(mean-want) > 4*se+0.02*want {
		t.Errorf("E|x-1| = %v, want %v within %v", mean, want, se)
	}
}
