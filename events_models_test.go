package mtkc_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
)

// runFlat compiles and solves a flat model: declarations, then equations, as in Base
// Modelica.
func runFlat(t *testing.T, declarations, equations string, opt ode.Options) (*modelRun, error) {
	t.Helper()
	text := "//! base 0.1.0\npackage 'M'\n  model 'M'\n" + declarations + "\n  equation\n" + equations + "\n  end 'M';\nend 'M';\n"
	file := filepath.Join(t.TempDir(), "m.bmo")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	prob, found := mtkc.New(file, mtkc.Options{Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if opt.RelTol == 0 {
		opt.RelTol, opt.AbsTol = 1e-8, 1e-10
	}
	sol, err := ode.Solve(context.Background(), prob, opt)
	return &modelRun{t, sol}, err
}

// time > t0 is false at the first instant and true behind it: a when-clause that waits for
// it acts (Modelica 3.6, 8.3.5.2 and 8.6), one that waits for time >= t0 does not, as
// that held during the initialization. Equations see the right limit.
func TestWhenAtStart(t *testing.T) {
	const declarations = `parameter Real p = 0; Real x(start = 0, fixed = true); Real y; Boolean late; discrete Real d(start = p);
		discrete Real a(start = 0); discrete Real b(start = 0); discrete Real c(start = 0); discrete Real e(start = 0);
		discrete Real f(start = 0); discrete Real g(start = 0); discrete Real h(start = 0); discrete Real k(start = 0);`
	const equations = `der(x) = y; y = if time > p then 1 else 0; late = not time <= d;
		when time > p then a = pre(a) + 1; end when;
		when time > d then b = pre(b) + 1; end when;
		when not time <= p then c = pre(c) + 1; end when;
		when time >= p then e = pre(e) + 1; end when;
		when time < p then f = pre(f) + 1; end when;
		when late then g = pre(g) + 1; end when;
		when edge(late) then h = pre(h) + 1; end when;
		when x < 1 and time > d then k = time; end when;
		when x > 5 then d = 1; end when;`
	for _, span := range [][2]float64{{0, 1}, {0.3, 1.3}} {
		opt := ode.Options{Span: span, Set: map[string]float64{"p": span[0]}}
		r, err := runFlat(t, declarations, equations, opt)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{"x": 1, "a": 1, "b": 1, "c": 1, "e": 0, "f": 0, "g": 1, "h": 1, "k": span[0]} {
			r.near(name, want, 1e-9)
		}
		if y := r.values("y"); y[0] != 1 {
			t.Errorf("from %v: y starts at %v, want the right limit 1", span[0], y[0])
		}
	}
}

// terminal() is true once, at the end of a run that succeeds (Modelica 3.6, 3.7.5), also
// where the model ends it; what acts then is seen in the last point.
func TestTerminal(t *testing.T) {
	const declarations = `parameter Real stop = 10; Real x(start = 0, fixed = true); Boolean last; discrete Real total(start = 0); discrete Real n(start = 0);`
	const equations = `der(x) = 2*time; last = terminal();
		when terminal() then total = x; n = pre(n) + 1; end when;
		when x > stop then terminate("enough"); end when;`
	for _, c := range []struct {
		name string
		opt  ode.Options
		x    float64
		code ode.Retcode
	}{
		{"all points", ode.Options{Span: [2]float64{0, 3}}, 9, ode.Success},
		{"chosen points", ode.Options{Span: [2]float64{0, 3}, SaveAt: []float64{1, 2, 3}}, 9, ode.Success},
		{"the last point", ode.Options{Span: [2]float64{0, 3}, FinalOnly: true}, 9, ode.Success},
		{"terminated", ode.Options{Span: [2]float64{0, 5}}, 10, ode.Terminated},
	} {
		r, err := runFlat(t, declarations, equations, c.opt)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if r.sol.Retcode != c.code {
			t.Errorf("%s: %v", c.name, r.sol.Retcode)
		}
		r.near("total", c.x, 1e-6)
		r.near("n", 1, 0)
		r.near("last", 1, 0)
		for i, v := range r.values("last") {
			if i < len(r.sol.Times)-1 && v != 0 {
				t.Errorf("%s: terminal() holds at %v", c.name, r.sol.Times[i])
			}
		}
	}
	r, err := runFlat(t, "Real x(start = 0, fixed = true);", `der(x) = 1; when terminal() then assert(x > 2, "too short"); end when;`, ode.Options{Span: [2]float64{0, 1}})
	if err == nil || !strings.Contains(err.Error(), "too short") || r.sol.T != 1 {
		t.Errorf("an assertion at the end that fails: %v", err)
	}
}

// A current between two diodes that block can leave zero by their saturation current only.
// Without a leak that lies far below any tolerance, and the run ends with the reason; with
// one it goes on: the half waves above 50 V conduct.
func TestCurrentHeldAtZero(t *testing.T) {
	const declarations = `parameter Real G = 0; parameter Real Vt = 0.025852; Real i(start = 0, fixed = true); Real v; Real a; Real b;`
	const equations = `1e-3*der(i) = 100*sin(314.159265358979*time) - v; i = a - b + G*(2*v);
		a = 1e-12*(noEvent(if (v - 50)/Vt > 40 then exp(40)*(1 + (v - 50)/Vt - 40) else exp(min((v - 50)/Vt, 40))) - 1);
		b = 1e-12*(noEvent(if (-v - 50)/Vt > 40 then exp(40)*(1 + (-v - 50)/Vt - 40) else exp(min((-v - 50)/Vt, 40))) - 1);`
	_, err := runFlat(t, declarations, equations, ode.Options{Span: [2]float64{0, 0.03}})
	if err == nil || !strings.Contains(err.Error(), "smaller than its tolerance, 1e-10, within which its derivative turns") || !strings.Contains(err.Error(), "; i = ") {
		t.Errorf("no leak: %v", err)
	}
	r, err := runFlat(t, declarations, equations, ode.Options{Span: [2]float64{0, 0.03}, Steps: 3000, Set: map[string]float64{"G": 1e-7}})
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for _, v := range r.values("i") {
		most = max(most, v)
	}
	// From 50 V at 1/600 s to the same at 5/600 s, against the knee of 50.7 V at some ampere: the
	// integral of 100 sin - 50.7 over 1 mH between its zeros.
	const w, knee = 100 * math.Pi, 50.79
	at := math.Asin(knee/100) / w
	want := (200*math.Cos(w*at)/w - knee*(math.Pi/w-2*at)) / 1e-3
	wantNear(t, "the largest current", most, want, 0.5)
}

// An algebraic unknown that has to leave its range does so, with a warning that names it:
// y^3 + y = 1 - x has one root, which passes zero at x = 1.
func TestRangeLeft(t *testing.T) {
	for _, form := range []string{"dae", "nested"} {
		r, err := runFlat(t, "Real x(start = 0, fixed = true); Real y(min = 0, start = 0.7);", "der(x) = 1 + 0.1*y; y^3 + y = 1 - x;",
			ode.Options{Span: [2]float64{0, 2}, Form: form, Solver: "Rodas5P"})
		if err != nil {
			t.Fatal(form, err)
		}
		y, x := r.last("y"), r.last("x")
		if wantNear(t, form+": y^3 + y", y*y*y+y, 1-x, 1e-6); y > -0.5 {
			t.Errorf("%s: y = %v", form, y)
		}
		if text := strings.Join(r.sol.Warnings, "\n"); strings.Count(text, "y = ") != 1 || !strings.Contains(text, "leaves its range, 0 to +Inf") {
			t.Errorf("%s: warnings %q", form, text)
		}
	}
}

// A branch that leaves its range while there is another within it, which it does not lead to:
// (y - 1 + x) (y - 3 - x) = 0 with y = 1 - x from the start on.
func TestRangeOfOtherBranch(t *testing.T) {
	r, err := runFlat(t, "Real x(start = 0, fixed = true); Real y(min = 0, start = 0.9);", "der(x) = 1; (y - 1 + x)*(y - 3 - x + 1e-3*exp(-y)) = 0;",
		ode.Options{Span: [2]float64{0, 2}, Solver: "Rodas5P"})
	if err != nil {
		t.Fatal(err)
	}
	r.near("y", -1, 1e-6)
	if text := strings.Join(r.sol.Warnings, "\n"); !strings.Contains(text, "y = ") || !strings.Contains(text, "leaves its range, 0 to +Inf") {
		t.Errorf("warnings %q", text)
	}
}

// A kink in a constraint that is differentiated: f, the derivative of |x| + min(x, 1/2) with
// x = sin(t), jumps at the kinks, where steps must end. The integral of f^2 over a
// period is pi + 3 sqrt(3)/4: 4 cos^2 while 0 < x < 1/2, cos^2 above, 0 below 0. With f = g + g^3 the
// jump is one of an algebraic unknown that is left to the solver.
func TestDifferentiatedKink(t *testing.T) {
	const declarations = "Real x(start = 0, fixed = true); Real v(start = 1, fixed = true); Real y; Real f; Real g; Real z(start = 0, fixed = true); Real w(start = 0, fixed = true);"
	const equations = "der(x) = v; der(v) = -x; y = abs(x) + min(x, 0.5); der(y) = f; f = g + g^3; der(z) = f^2; der(w) = g^2;"
	g := func(f float64) float64 { return bisect(-2, 2, func(g float64) float64 { return g + g*g*g - f }) }
	w := 0.0
	for _, piece := range []struct{ a, b, slope float64 }{{0, math.Pi / 6, 2}, {math.Pi / 6, 5 * math.Pi / 6, 1}, {5 * math.Pi / 6, math.Pi, 2}} {
		const n = 400 // Simpson's rule
		h := (piece.b - piece.a) / n
		for k := range n + 1 {
			weight := 4.0
			switch {
			case k == 0 || k == n:
				weight = 1
			case k%2 == 0:
				weight = 2
			}
			v := g(piece.slope * math.Cos(piece.a+float64(k)*h))
			w += weight * h / 3 * v * v
		}
	}
	for _, solver := range []string{"", "Vern7", "Rodas5P", "RadauIIA5", "BDF"} {
		form := ""
		if solver == "Vern7" {
			form = "nested"
		}
		r, err := runFlat(t, declarations, equations, ode.Options{Span: [2]float64{0, 2 * math.Pi}, Solver: solver, Form: form, RelTol: 1e-9, AbsTol: 1e-9})
		if err != nil {
			t.Fatal(solver, err)
		}
		tol := 1e-7          // of steps at 1e-9
		if solver == "BDF" { // errors of some 1e-9 a step add up over 400 steps
			tol = 2e-6
		}
		wantNear(t, solver+": the integral of f^2", r.last("z"), math.Pi+0.75*math.Sqrt(3), tol)
		wantNear(t, solver+": the integral of g^2", r.last("w"), w, tol)
	}
}

// What the model puts within noEvent makes no events, also beside a kink that is watched.
func TestQuietSign(t *testing.T) {
	r, err := runFlat(t, "Real x(start = -1, fixed = true); Real z(start = 0, fixed = true); Real y(start = 0, fixed = true);",
		"der(x) = 1; der(z) = noEvent(sign(x - 0.3)); der(y) = abs(x);", ode.Options{Span: [2]float64{0, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.sol.Stats.Events; n != 0 {
		t.Errorf("%d events", n)
	}
	r.near("y", 1, 1e-7)
	r.near("z", -0.6, 1e-3)
}

// A bridge of diodes without resistance and conductance. At the start all are at their border, and all of them closed, as
// well as all of them open, is a set of switches with singular equations, which are solved in closed form.
func TestIdealBridge(t *testing.T) {
	const declarations = `parameter Real R = 100; parameter Real C = 1e-3; parameter Real Rs = 1;
		Real s1; Real v1; Real i1; Real s2; Real v2; Real i2; Real s3; Real v3; Real i3; Real s4; Real v4; Real i4; Real vc(start = 0, fixed = true); Real vs; Real ia; Real va; Real vb;`
	const circuit = `vs = 10*sin(2*3.141592653589793*50*time); vs = Rs*ia + va - vb;
		ia = i1 - i3; ia = i4 - i2; v1 = va - vc; v2 = vb - vc; v3 = 0 - va; v4 = 0 - vb; C*der(vc) = i1 + i2 - vc/R;`
	diodes := func(on, off string) string {
		b := circuit
		for _, k := range []string{"1", "2", "3", "4"} {
			b += strings.ReplaceAll(" v# = if s# >= 0 then "+on+" else s#; i# = if s# >= 0 then s# else "+off+";", "#", k)
		}
		return b
	}
	opt := ode.Options{Span: [2]float64{0, 0.05}, RelTol: 1e-8, AbsTol: 1e-10, FinalOnly: true}
	opt.Solver = "RadauIIA5"
	ref, err := runFlat(t, declarations, diodes("1e-6*s#", "1e-9*s#"), opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, solver := range []string{"auto", "Tsit5", "RadauIIA5", "Rodas5P", "BDF"} {
		opt.Solver = solver
		r, err := runFlat(t, declarations, diodes("0", "0"), opt)
		if err != nil {
			t.Fatalf("%s: %v", solver, err)
		}
		r.near("vc", ref.last("vc"), 1e-5)
	}
}
