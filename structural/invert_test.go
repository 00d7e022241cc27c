package structural

import (
	"testing"

	"github.com/mtkc/mtkc/internal/modeltext"
)

// TestInversion solves scalar equations for x, s being a state; those in which the
// solution is not unique or more singular than the equation stay as they are.
func TestInversion(t *testing.T) {
	for _, c := range []struct {
		eq       string
		min, max float64 // of x; both 0: none
		explicit bool
	}{
		{"exp(x) = s", 0, 0, true},
		{"3*log(x) + s = 1", 0, 0, true},
		{"2*exp(-0.5*log(x) + 1) - s = 0", 0, 0, true},
		{"tanh(sinh(2*x - s)) = 0.5*s/(1 + s)", 0, 0, true},
		{"p*exp(x) + s*exp(x) = 4", 0, 0, true},
		{"exp(x) + exp(2*x) = s", 0, 0, false},
		{"x^3 = s", 0, 0, false}, // s may be 0, where the slope of the root is infinite
		{"x^3 = s", 0.1, 10, true},
		{"x^3 = 1 + s^2", 0, 0, true},
		{"x^3 = -1 - s^2", 0, 0, true},
		{"(x - s)^5 = p", 0, 0, false},
		{"(x - s)^5 = 2", 0, 0, true},
		{"x^2 = s", 0, 0, false}, // two solutions
		{"x^2 = s", 0.1, 10, true},
		{"x^2 = s", -10, -0.1, true},
		{"x^2 = s", 0, 10, false}, // singular at 0
		{"sqrt(x) = s", 0, 0, false},
		{"sqrt(x) = exp(s)", 0, 0, true},
		{"2*sqrt(x + s) = s^2", 0, 0, true},
		{"s*x^1.4 = p", 0.01, 100, true},
		{"s*x^1.4 = p", 0, 0, false},
		{"p/x = s", 0, 0, true},
		{"x*abs(x) = s", 0, 0, false},
		{"x*abs(x) = -2", 0, 0, true},
		{"x*abs(x) = 1 + s^2", 0, 0, true},
		{"x*sqrt(abs(x)) = 1 + s^2", 0, 0, true},
		{"2^x = s", 0, 0, true},
		{"x^x = 2 + s", 1, 9, false},
		{"log10(x) = s", 0, 0, true},
		{"sin(x) = 0.5*s", 0, 0, false},
		{"sin(x) = 0.5*s", -1.2, 1.2, true},
		{"tan(x) = s", -1.2, 1.2, true},
		{"atan(x) = tanh(s)", 0, 0, true},
		{"atan(x) = s", 0, 0, false},
		{"abs(x) = s", 0, 9, true},
		{"abs(x) = s", 0, 0, false},
		{"x + x^2 = s", 0, 0, false},
		{"(if s > 1 then exp(x) else 2*x) = s", 0, 0, true},
		{"(if x > 1 then exp(x) else 2*x) = s", 0, 0, true}, // the relation is memory
		{"(if s > 1 then exp(x) else s) = 2", 0, 0, false},
	} {
		s := modeltext.System(t, "param p = 1.5\nvar s = 1 fixed\nvar x = 1\nder(s) = -s\n"+c.eq)
		if c.min != 0 || c.max != 0 {
			i := byName(s, "x")
			s.Vars[i].Min, s.Vars[i].Max = s.Pool.Float(c.min), s.Pool.Float(c.max)
		}
		pl, list := Analyze(s, Options{})
		if err := list.Err(); err != nil {
			t.Errorf("%s: %v", c.eq, err)
			continue
		}
		check(t, pl)
		if got := len(pl.Residuals) == 0; got != c.explicit {
			t.Errorf("%s, x between %g and %g: explicit is %v\n%s", c.eq, c.min, c.max, got, text(pl))
			continue
		}
		if c.explicit {
			finite := 0
			for seed := range uint64(5) {
				bad, ok := violations(t, pl, seed)
				for _, b := range bad {
					t.Errorf("%s: %s", c.eq, b)
				}
				if ok {
					finite++
				}
			}
			if finite == 0 {
				t.Errorf("%s has no finite value", c.eq)
			}
			if t.Failed() {
				t.Fatal(text(pl))
			}
		}
	}
}
