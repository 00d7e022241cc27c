package precision

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/runtime/ode"
)

// problem is u' = f(u) from u0 over a span, with Jacobians by finite differences.
func problem(name string, t1 float64, u0 []float64, f func(u, du []float64)) *ode.Problem {
	return &ode.Problem{
		Name: name, Span: [2]float64{0, t1}, U0: u0,
		NewKernels: func() *ode.Kernels {
			return &ode.Kernels{RHS: func(_ float64, u, _, du []float64) { f(u, du) }}
		},
	}
}

// oscillator turns (1, 0) clockwise, one radian in a unit of time: both variables have size 1.
func oscillator(t1 float64) *ode.Problem {
	return problem("oscillator", t1, []float64{1, 0}, func(u, du []float64) { du[0], du[1] = u[1], -u[0] })
}

// The errors are those against the exact solution, which is known here.
func TestErrorsAreTrue(t *testing.T) {
	const t1 = 10
	p := oscillator(t1)
	p.States = []ode.Quantity{{Name: "x", Nominal: 1}, {Name: "y", Nominal: 1}}
	opt := Options{Solvers: []string{"Tsit5", "Rodas5P", "auto"}, Tols: []float64{1e-4, 1e-7}, Repeat: 1}
	d, err := Measure(context.Background(), p, opt)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Points) != 6 || d.States != 2 {
		t.Fatalf("%d points, %d states", len(d.Points), d.States)
	}
	// Solutions at the tolerance 1e-10 over 10 radians.
	if r := d.Reference; !(r.Agreement < 1e-8) || r.Methods[0] == r.Methods[1] || math.Abs(r.RelTol-1e-10) > 1e-20 {
		t.Errorf("reference %+v", r)
	}
	for _, pt := range d.Points {
		if !pt.OK() {
			t.Errorf("%s at %v: %s %s", pt.Solver, pt.RelTol, pt.Retcode, pt.Message)
			continue
		}
		sol, err := ode.Solve(context.Background(), p, ode.Options{Solver: pt.Solver, RelTol: pt.RelTol, AbsTol: pt.RelTol, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		want := max(math.Abs(sol.U[0]-math.Cos(t1)), math.Abs(sol.U[1]+math.Sin(t1)))
		// Steps at 1e-10 leave up to 1e-9 after ten radians in both solutions for the reference.
		if math.Abs(pt.Error-want) > 1e-9+2*d.Reference.Agreement {
			t.Errorf("%s at %v: error %.9g, it is %.9g", pt.Solver, pt.RelTol, pt.Error, want)
		}
		if !(pt.ErrorRun >= pt.Error) || !(pt.Seconds > 0) || !(pt.First > 0) || pt.Repeat != 1 || pt.Stats.Steps == 0 {
			t.Errorf("%+v", pt)
		}
	}
	if a, b := d.Points[0], d.Points[1]; !(b.Error < a.Error/10) {
		t.Errorf("Tsit5 has the errors %.3g and %.3g at %v and %v", a.Error, b.Error, a.RelTol, b.RelTol)
	}
}

// Sizes are amplitudes, and the late values of what decays.
func TestSizes(t *testing.T) {
	sizes := func(p *ode.Problem) []float64 {
		m := &measurement{ctx: context.Background(), p: p, opt: Options{Progress: func(string) {}}, d: &Diagram{}}
		if err := m.sizes(); err != nil {
			t.Fatal(err)
		}
		return m.scale
	}
	// A part of the run is 5 radians long, and steps at 1e-6 are of a radian.
	for i, s := range sizes(oscillator(40)) {
		if !(s > 0.8 && s <= 1.001) {
			t.Errorf("variable %d of the oscillator has size %v", i, s)
		}
	}
	// From 1 to exp(-10) and from 0 to 1: the last part of the first begins at less than 2, the
	// second stays where it is largest.
	s := sizes(problem("decay", 10, []float64{1, 0}, func(u, du []float64) { du[0], du[1] = -u[0], u[0] }))
	if !(s[0] >= math.Exp(-10) && s[0] < 10*math.Exp(-10)) || !(s[1] > 0.9 && s[1] <= 1.001) {
		t.Errorf("sizes %v of a decay", s)
	}
	p := oscillator(10)
	p.States = []ode.Quantity{{Name: "x", Nominal: -3}, {Name: "y"}}
	if s := sizes(p); s[0] != 3 {
		t.Errorf("size %v, nominal value -3", s[0])
	}
}

// Robertson's problem up to 1e11, where y1 has fallen to 2e-8: no method runs away, as they all do when
// y1 may be wrong by a thousandth of its value at the start.
func TestRobertson(t *testing.T) {
	p := problem("robertson", 1e11, []float64{1, 0, 0}, func(u, du []float64) {
		r := 1e4 * u[1] * u[2]
		du[0], du[2] = -0.04*u[0]+r, 3e7*u[1]*u[1]
		du[1] = 0.04*u[0] - r - du[2]
	})
	d, err := Measure(context.Background(), p, Options{Solvers: []string{"auto", "Rodas5P", "RadauIIA5", "BDF"}, Tols: []float64{1e-3, 1e-4, 1e-6, 1e-8}, Repeat: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, pt := range d.Points {
		// BDF, which controls the error of single steps, is off by four times the tolerance (seen).
		if !pt.OK() || !(pt.ErrorRun <= 30*pt.RelTol) {
			t.Errorf("%s at %v: %v, error %.2g, on the way %.2g", pt.Solver, pt.RelTol, pt.Retcode, pt.Error, pt.ErrorRun)
		}
	}
}

// A run that fails keeps its place, with the way in which it ended.
func TestFailures(t *testing.T) {
	opt := Options{Solvers: []string{"BDF", "Vern7"}, Tols: []float64{1e-8}, Repeat: 1}
	// Vern7 needs about 100 steps for 40 radians at this tolerance, BDF over 1000.
	opt.Run.MaxSteps = 600
	d, err := Measure(context.Background(), oscillator(40), opt)
	if err != nil {
		t.Fatal(err)
	}
	if pt := d.Points[0]; pt.OK() || pt.Retcode != "MaxSteps" || pt.Message == "" || !math.IsNaN(pt.Error) || d.Doubtful(&pt) {
		t.Errorf("%+v", pt)
	}
	if pt := d.Points[1]; !pt.OK() || !(pt.Error < 1e-5) {
		t.Errorf("%+v", pt)
	}
}

// The orbit of Lorenz at t = 60 is not to be had in double precision: small errors grow by
// exp(0.9 t), which is 3e23.
func TestDoubtful(t *testing.T) {
	p := problem("lorenz", 60, []float64{1, 0, 0}, func(u, du []float64) {
		du[0], du[1], du[2] = 10*(u[1]-u[0]), u[0]*(28-u[2])-u[1], u[0]*u[1]-8.0/3*u[2]
	})
	d, err := Measure(context.Background(), p, Options{Solvers: []string{"Tsit5"}, Tols: []float64{1e-6}, Repeat: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !(d.Reference.AgreementRun > 0.1) || !d.Doubtful(&d.Points[0]) {
		t.Errorf("%+v", d)
	}
}

func TestNoReference(t *testing.T) {
	var none *NoReference
	// The right-hand side ends at u = 2, the span does not.
	p := problem("border", 2, []float64{1}, func(u, du []float64) { du[0] = 1 + 0*math.Sqrt(2-u[0]) })
	if _, err := Measure(context.Background(), p, Options{Repeat: 1}); !errors.As(err, &none) || none.RelTol == 0 || len(none.Solved) > 0 {
		t.Errorf("%v", err)
	}
	q := problem("static", 1, []float64{0}, func(u, du []float64) { du[0] = u[0] - 1 })
	q.Mass = []float64{0}
	if _, err := Measure(context.Background(), q, Options{Repeat: 1}); !errors.As(err, &none) || none.RelTol != 0 {
		t.Errorf("%v", err)
	}
	if _, err := Measure(context.Background(), oscillator(1), Options{Solvers: []string{"nothing"}}); err == nil || errors.As(err, &none) {
		t.Errorf("%v", err)
	}
	if _, err := Measure(context.Background(), oscillator(1), Options{Tols: []float64{0}}); err == nil {
		t.Error("the tolerance 0 is accepted")
	}
}

// An interrupt leaves what was measured until then.
func TestCancel(t *testing.T) {
	for stop := range 7 {
		ctx, cancel := context.WithCancel(context.Background())
		var done []string
		opt := Options{Solvers: []string{"Tsit5"}, Tols: []float64{1e-3, 1e-4}, Repeat: 1, Progress: func(what string) {
			if len(done) == stop {
				cancel()
			}
			done = append(done, what)
		}}
		d, err := Measure(ctx, oscillator(1), opt)
		cancel()
		if !errors.Is(err, context.Canceled) || len(done) != stop+1 {
			t.Fatalf("stopped at %d of %q: %v", stop, done, err)
		}
		if at := slices.Index(done, "Tsit5 at 0.001"); at >= 0 && (d == nil || len(d.Points) != stop-at) {
			t.Errorf("stopped at %d of %q: %+v", stop, done, d)
		}
	}
}
