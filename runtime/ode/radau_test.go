package ode

import (
	"math"
	"testing"
)

// The canonical form of A^-1 matches the collocation matrix of the nodes: A is
// determined by sum_j a_ij c_j^(k-1) = c_i^k / k.
func TestRadauConstants(t *testing.T) {
	c := [3]float64{radauC1, radauC2, 1}
	// A maps c^(k-1) to c^k/k, so A^-1 maps c^k/k to c^(k-1): check T Lambda TI on those.
	lambda := [3][3]float64{{radauGamma, 0, 0}, {0, radauAlpha, -radauBeta}, {0, radauBeta, radauAlpha}}
	mul := func(a, b [3][3]float64) (r [3][3]float64) {
		for i := range 3 {
			for j := range 3 {
				for k := range 3 {
					r[i][j] += a[i][k] * b[k][j]
				}
			}
		}
		return r
	}
	inv := mul(mul(radauT, lambda), radauTI)
	for k := 1; k <= 3; k++ {
		for i := range 3 {
			s := -math.Pow(c[i], float64(k-1))
			for j := range 3 {
				s += inv[i][j] * math.Pow(c[j], float64(k)) / float64(k)
			}
			if math.Abs(s) > 2e-14 {
				t.Errorf("power %d, row %d: off by %g", k, i, s)
			}
		}
	}
	// The estimate gamma0 h f0 + sum_i (gamma0 e_i) z_i vanishes for polynomials of degree
	// up to 3 through y: z_i = (c_i h)^k, f0 = [k = 1] and y_hat - y_1 = 0.
	for k := 1; k <= 3; k++ {
		s := 0.0
		if k == 1 {
			s = 1
		}
		for i := range 3 {
			s += radauE[i] * math.Pow(c[i], float64(k))
		}
		if math.Abs(s) > 1e-14 {
			t.Errorf("estimate, power %d: %g", k, s)
		}
	}
}

func TestRadauOrder(t *testing.T) {
	for i, p := range []*Problem{forcedPair(2), index1(2)} {
		exact := []func(float64, []float64){forcedExact, index1Exact}[i]
		e := func(n int) float64 { return stepError(preciseSteps(t, "RadauIIA5", p, n), exact) }
		// Below 20 steps seven iterations do not reach rounding level.
		e1, e2 := e(20), e(60)
		if s := slope(e1, e2, 20, 60); s < 4.65 || s > 6 {
			t.Errorf("%s: slope %.2f (errors %.3g, %.3g), order 5", p.Name, s, e1, e2)
		}
	}
}
func TestRadauZoo(t *testing.T) {
	testZoo(t, "RadauIIA5", 1e-4, nil)
	testZoo(t, "RadauIIA5", 1e-6, func(name string, st Stats) string {
		// RADAU5 itself needs about one Jacobian for each step or less, fewer
		// factorisations than twice the steps (two matrices each), and some 3 iterations
		// for each step: Hairer, Wanner II, IV.10.
		switch {
		case st.Jac > st.Steps+st.Rejected:
			return "too many Jacobians"
		case st.Factor > 2*(st.Steps+st.Rejected):
			return "too many factorisations"
		case st.Newton > 5*(st.Steps+st.Rejected):
			return "too many iterations"
		}
		return ""
	})
	testZoo(t, "RadauIIA5", 1e-9, nil)
}

func TestRadauAllocations(t *testing.T) {
	noAllocations(t, "RadauIIA5", diffusion(40, 1e9))
	noAllocations(t, "RadauIIA5", ringLadder(30, 1e9))
}

func BenchmarkPolluRadau(b *testing.B)  { benchSolve(b, "RadauIIA5", pollu(), 1e-6, 1e-8) }
func BenchmarkLadderRadau(b *testing.B) { benchSolve(b, "RadauIIA5", ringLadder(1000, 10), 1e-6, 1e-9) }

// The interpolant is the collocation polynomial, of order 3 inside the step.
func TestRadauDense(t *testing.T) {
	for k, p := range []*Problem{forcedPair(2), index1(2)} {
		exact := []func(float64, []float64){forcedExact, index1Exact}[k]
		worst := func(n int) float64 {
			ws, st := stepper(t, "RadauIIA5", p, 1, 1)
			r := st.(*radau)
			r.rtol, r.newtonTol, r.rate = 1, 1e-13, 1
			h := 2 / float64(n)
			ws.HMax = h
			e, u, want := 0.0, make([]float64, p.N()), make([]float64, p.N())
			for ws.T < ws.TEnd {
				ws.H = h
				if err := st.Step(); err != nil {
					t.Fatal(err)
				}
				for i := range 5 {
					x := ws.TPrev + (ws.T-ws.TPrev)*float64(i)/4
					st.Interpolate(x, u)
					exact(x, want)
					for j := range u {
						e = math.Max(e, math.Abs(u[j]-want[j]))
					}
				}
			}
			return e
		}
		e1, e2 := worst(20), worst(60)
		// Stage order 3: the local error of the polynomial is O(h^4).
		if s := slope(e1, e2, 20, 60); s < 3.6 {
			t.Errorf("%s: slope %.2f (errors %.3g, %.3g), 4", p.Name, s, e1, e2)
		}
	}
}
