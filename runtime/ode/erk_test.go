package ode

import (
	"context"
	"math"
	"testing"
)

var explicitNames = []string{"BS3", "DP5", "Tsit5", "Vern6", "Vern7", "Vern9"}

func mustSolve(t *testing.T, p *Problem, opt Options) *Solution {
	t.Helper()
	sol, err := Solve(context.Background(), p, opt)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return sol
}

// fixedStep integrates with the step h throughout, by tolerances that never bind.
func fixedStep(t *testing.T, p *Problem, m string, h float64) *Solution {
	t.Helper()
	return mustSolve(t, p, Options{Solver: m, RelTol: 1, AbsTol: 1e6, InitialStep: h, HMax: h, Dense: true})
}

// orderSteps are step counts on [0, 2] where the error of a method lies well between
// its first, erratic values and rounding.
var orderSteps = map[string]int{"RK4": 512, "BS3": 256, "DP5": 512, "Tsit5": 512, "Vern6": 128, "Vern7": 128, "Vern9": 48}

// above says how much steeper than its order a method may look: the optimised
// pairs have leading error terms so small that the next ones show first. That the
// order is not higher is proved on the tables themselves.
const above = 2.5

// observedOrder is the steepest slope of the error at the end over the step, from pairs of
// steps, two to three, that leave the error well above rounding; exact is the solution there.
func observedOrder(t *testing.T, p *Problem, exact []float64, name string) (slope float64, errors []float64) {
	t.Helper()
	size := 0.0
	for _, v := range exact {
		size = math.Hypot(size, v)
	}
	slope = math.NaN()
	last, before := math.Inf(1), 0
	for n := 8; n <= 1<<14; n += n / 2 {
		u := fixedStep(t, p, name, (p.Span[1]-p.Span[0])/float64(n)).U
		e := 0.0
		for i, v := range exact {
			e = math.Hypot(e, u[i]-v)
		}
		e /= size
		errors = append(errors, e)
		if last < 1e-2 {
			if q := math.Log(last/e) / math.Log(float64(n)/float64(before)); !(q <= slope) {
				slope = q
			}
		}
		// A thousand steps of rounding of parts in 2^-52.
		if e < 1e-11 {
			break
		}
		last, before = e, n
	}
	return slope, errors
}

// The error at the end falls with the order of the method, for every table. The
// reference is Vern9 with steps of 1/2000, correct to rounding.
func TestExplicitOrder(t *testing.T) {
	p := brusselator(2)
	exact := fixedStep(t, p, "Vern9", 1.0/2000).U
	for _, m := range Methods() {
		i := m.Info()
		if _, ok := m.(*erkMethod); !ok {
			continue
		}
		slope, e := observedOrder(t, p, exact, i.Name)
		if i.Name == "QPRK98" {
			continue // its coefficients reach 56,000: made for quadruple precision
		}
		// That the order is not higher is proved on the tables.
		if want := float64(i.Order); !(slope > want-0.3) {
			t.Errorf("%s: errors %.3g: order %.2f, want %g", i.Name, e, slope, want)
		}
	}
}

// The error between the steps falls with the order of the interpolant plus one,
// the order of the method at most; on a problem that depends on time.
func TestExplicitDenseOrder(t *testing.T) {
	p := brusselator(4)
	ref := fixedStep(t, p, "Vern9", 1.0/500)
	want := map[string]float64{"RK4": 4, "BS3": 3, "DP5": 5, "Tsit5": 5, "Vern6": 6, "Vern7": 7, "Vern9": 9}
	for _, name := range append([]string{"RK4"}, explicitNames...) {
		errAt := func(n int) float64 {
			sol := fixedStep(t, p, name, 4/float64(n))
			worst := 0.0
			var u, exact [2]float64
			for i := range 997 {
				at := (float64(i) + 0.5) / 997 * 4
				if !sol.At(at, u[:]) || !ref.At(at, exact[:]) {
					t.Fatalf("%s: no dense output at %g", name, at)
				}
				worst = max(worst, math.Hypot(u[0]-exact[0], u[1]-exact[1]))
			}
			return worst
		}
		n := orderSteps[name]
		if want[name] >= 6 {
			n /= 2 // the interpolants of high order cancel more digits
		}
		e1, e2 := errAt(n), errAt(2*n)
		if slope := math.Log2(e1 / e2); slope < want[name]-0.5 || slope > want[name]+above {
			t.Errorf("%s: errors %.3g, %.3g: dense order %.2f, want %g", name, e1, e2, slope, want[name])
		}
	}
}

// Errors stay near the tolerance.
func TestExplicitTolerance(t *testing.T) {
	p := oscillator(20)
	for _, name := range explicitNames {
		for _, tol := range []float64{1e-4, 1e-7, 1e-10} {
			sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol})
			e := math.Hypot(sol.U[0]-math.Cos(20), sol.U[1]+math.Sin(20))
			// Ten periods' worth of local errors add up to at most a few hundred tol.
			if !(e < 200*tol) {
				t.Errorf("%s at %g: error %.3g after %d steps", name, tol, e, sol.Stats.Steps)
			}
		}
	}
}

func TestArenstorf(t *testing.T) {
	p := arenstorf()
	for _, name := range []string{"Tsit5", "Vern7", "Vern9"} {
		sol := mustSolve(t, p, Options{Solver: name, RelTol: 1e-12, AbsTol: 1e-12})
		e := math.Hypot(sol.U[0]-0.994, sol.U[1])
		// Errors are amplified by about 1e6 along the orbit (arenstorf.json).
		if !(e < 1e-4) {
			t.Errorf("%s: error %.3g after %d steps", name, e, sol.Stats.Steps)
		}
		t.Logf("%s: error %.2g, %d steps, %d rejected, %d evaluations", name, e, sol.Stats.Steps, sol.Stats.Rejected, sol.Stats.RHS)
	}
}

func TestBackward(t *testing.T) {
	p := oscillator(1)
	sol := mustSolve(t, p, Options{Solver: "Tsit5", Span: [2]float64{3, -2}, U0: []float64{math.Cos(3), -math.Sin(3)}, RelTol: 1e-9, AbsTol: 1e-9, Steps: 5, Dense: true})
	want := []float64{3, 2, 1, 0, -1, -2}
	for i, at := range sol.Times {
		if at != want[i] {
			t.Fatalf("times %v, want %v", sol.Times, want)
		}
		if e := math.Abs(sol.State(i)[0] - math.Cos(at)); e > 1e-7 {
			t.Errorf("t = %v: error %g", at, e)
		}
	}
	var u [2]float64
	if !sol.At(0.5, u[:]) || math.Abs(u[0]-math.Cos(0.5)) > 1e-7 {
		t.Errorf("dense output at 0.5: %v", u)
	}
	if sol.T != -2 {
		t.Errorf("reached %v", sol.T)
	}
}

func TestStepAllocates(t *testing.T) {
	for _, name := range append([]string{"auto"}, explicitNames...) {
		p := lorenz()
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, FinalOnly: true, Span: [2]float64{0, 1e6}, MaxSteps: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(500, func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s allocates %v times per step", name, n)
		}
	}
}

func BenchmarkLorenzRHS(b *testing.B) {
	u, p, du := []float64{1, 2, 3}, []float64{10, 28, 8.0 / 3}, make([]float64, 3)
	f := lorenz().NewKernels().RHS
	for range b.N {
		f(0, u, p, du)
		u[0] += 1e-9 * du[0]
	}
}

func benchmarkSteps(b *testing.B, name string) {
	in, err := NewIntegrator(context.Background(), lorenz(), Options{Solver: name, FinalOnly: true, Span: [2]float64{0, 1e9}, MaxSteps: 1 << 60})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for range b.N {
		if err := in.Step(); err != nil {
			b.Fatal(err)
		}
	}
	s := in.Stats()
	b.ReportMetric(float64(s.RHS)/float64(s.Steps), "f/step")
	b.ReportMetric(float64(s.Rejected)/float64(s.Steps), "rej/step")
}

func BenchmarkLorenzTsit5Step(b *testing.B) { benchmarkSteps(b, "Tsit5") }
func BenchmarkLorenzVern7Step(b *testing.B) { benchmarkSteps(b, "Vern7") }

func BenchmarkLorenzSolve(b *testing.B) {
	p := lorenz()
	for range b.N {
		if _, err := Solve(context.Background(), p, Options{Span: [2]float64{0, 100}}); err != nil {
			b.Fatal(err)
		}
	}
}

// The written-out stages are those of the rows: to the last bit for up to four unknowns, and
// to rounding for more, which the rows sum in another order.
func TestWrittenStages(t *testing.T) {
	for name, written := range stagesOf {
		for _, n := range []int{1, 2, 3, 4, 7} {
			p := system("chain", make([]float64, n), nil, 1, func(t float64, u, p, du []float64) {
				for i := range u {
					du[i] = math.Sin(u[(i+1)%n]) - 0.3*u[i] + math.Cos(t)
				}
			})
			for i := range p.U0 {
				p.U0[i] = 1 / float64(i+1)
			}
			m, err := Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			in, err := NewIntegrator(context.Background(), p, Options{Method: m, FinalOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			e := in.st.(*erk)
			e.ws.RHS(0, e.ws.U, e.k[0])
			c := *e.c
			e.c = &c
			c.stages = written
			e.stages(0.1, 0.1)
			want := append([]float64(nil), e.ws.UNew...)
			for _, k := range e.k[:e.s] {
				want = append(want, k...)
			}
			c.stages = nil
			e.stages(0.1, 0.1)
			got := append([]float64(nil), e.ws.UNew...)
			for _, k := range e.k[:e.s] {
				got = append(got, k...)
			}
			for i, v := range want {
				if v != got[i] && (n <= 4 || math.Abs(v-got[i]) > 1e-12 /* terms of 10 cancel in Vern6 */) {
					t.Fatalf("%s, %d unknowns: entry %d is %v written out, %v by rows", name, n, i, v, got[i])
				}
			}
		}
	}
}
