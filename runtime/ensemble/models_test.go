package ensemble_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
)

// flat compiles a flat model: declarations, then equations, as in Base Modelica.
func flat(t testing.TB, declarations, equations string) *ode.Problem {
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
	return prob
}

func lorenz(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real sigma = 10; parameter Real rho = 28; parameter Real beta = 8/3; Real energy;
		Real x(start = 1, fixed = true); Real y(start = 0, fixed = true); Real z(start = 0, fixed = true);`,
		`der(x) = sigma*(y - x); der(y) = x*(rho - z) - y; der(z) = x*y - beta*z; energy = x^2 + y^2 + z^2;`)
	p.Span = [2]float64{0, 1}
	return p
}

// ball bounces and comes to rest.
func ball(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real g = 9.81; parameter Real e = 0.7; parameter Real vmin = 1e-3; discrete Real flying(start = 1); discrete Real bounces(start = 0);
		Real h(start = 1, fixed = true); Real v(start = 0, fixed = true);`,
		`der(h) = v; der(v) = -g*flying;
		when h <= 0 then reinit(v, if -pre(v) < vmin then 0 else -e*pre(v)); flying = if -pre(v) < vmin then 0 else 1; bounces = pre(bounces) + 1; end when;`)
	p.Span = [2]float64{0, 3}
	return p
}

// relay is a thermostat with hysteresis.
func relay(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real band = 1; parameter Real tau = 3600; discrete Real on(start = 1); Real T(start = 15, fixed = true);`,
		`tau*der(T) = 5 - T + 25*on;
		when T > 20 + band/2 then on = 0; elsewhen T < 20 - band/2 then on = 1; end when;`)
	p.Span = [2]float64{0, 14400}
	return p
}

// sampled is a plant under a sampled proportional controller, with a step of the set point by the clock.
func sampled(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real k = 0.8; parameter Real period = 0.25; discrete Real u(start = 0); Real y(start = 0, fixed = true); Real ref;`,
		`der(y) = u - 0.3*y; ref = if time < 1.1 then 1 else 2;
		when sample(0, period) then u = k*(ref - y); end when;`)
	p.Span = [2]float64{0, 3}
	return p
}

// pendulum has no events.
func pendulum(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real l = 1; Real phi(start = 1, fixed = true); Real w(start = 0, fixed = true); Real x; Real y;`,
		`der(phi) = w; der(w) = -9.81/l*sin(phi); x = l*sin(phi); y = -l*cos(phi);`)
	p.Span = [2]float64{0, 4}
	return p
}

// ender terminates itself, and fails an assertion in a when-clause for large rates.
func ender(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real rate = 1; Real x(start = 0, fixed = true);`,
		`der(x) = rate; when x > 1.5 then assert(rate < 3, "the rate is too large"); end when;
		when x > 2 then terminate("far enough"); end when;`)
	p.Span = [2]float64{0, 10}
	return p
}

// kinked has a condition that is no event, max.
func kinked(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real a = 1; Real x(start = 0, fixed = true); Real y(start = 0, fixed = true);`,
		`der(x) = cos(3*time); der(y) = max(a*x, 0.1) - 0.2*y;`)
	p.Span = [2]float64{0, 5}
	return p
}

// slider is driven to the border of a relation from both sides and slides along it, until the force turns.
func slider(t testing.TB) *ode.Problem {
	p := flat(t, `parameter Real f = 0.5; Real x(start = 0.3, fixed = true);`,
		`der(x) = f*time - (if x > 0 then 1 else -1);`)
	p.Span = [2]float64{0, 4}
	return p
}
