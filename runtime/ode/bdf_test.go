package ode

import (
	"context"
	"math"
	"testing"
)

func TestBDFZoo(t *testing.T) {
	testZoo(t, "BDF", 1e-4, nil)
	testZoo(t, "BDF", 1e-6, func(name string, st Stats) string {
		// CVODE's own counts on such problems: a Jacobian for each 10 to 20 steps, a
		// factorisation for each 3 to 6, about 1.3 iterations for each step, a few per
		// cent of failures (Hindmarsh et al. 2005, and its example programs).
		switch {
		case 8*st.Jac > st.Steps+60:
			return "too many Jacobians"
		case 2*st.Factor > st.Steps+60:
			return "too many factorisations"
		case st.Newton > 2*(st.Steps+st.Rejected):
			return "too many iterations"
		case 4*st.Rejected > st.Steps+20:
			return "too many rejections"
		}
		return ""
	})
	testZoo(t, "BDF", 1e-8, nil)
}

// The error falls in proportion to the tolerance, on an ODE and on a DAE.
func TestBDFTolerances(t *testing.T) {
	stable := system("stable pair", []float64{1, 1}, nil, 3, func(t float64, u, _, du []float64) {
		c, e := math.Cos(t), math.Exp(-t)
		du[0] = -math.Sin(t) - 10*(u[0]-c) - (u[1] - e)
		du[1] = -u[1] - 2*(u[1]*u[1]*u[1]-e*e*e) + u[0] - c
	})
	for k, p := range []*Problem{stable, index1(3)} {
		exact := []func(float64, []float64){forcedExact, index1Exact}[k]
		for _, tol := range []float64{1e-3, 1e-5, 1e-7, 1e-9} {
			sol, err := Solve(context.Background(), p, Options{Solver: "BDF", RelTol: tol, AbsTol: tol, Dense: true})
			if err != nil {
				t.Fatal(err)
			}
			// Error control is per step: 40 times the tolerance over the whole run is
			// what CVODE shows on smooth problems.
			if e := stepError(sol, exact); e > 40*tol {
				t.Errorf("%s, tolerance %g: error %g", p.Name, tol, e)
			}
			u, want := make([]float64, p.N()), make([]float64, p.N())
			for i := range 200 {
				x := 3 * float64(i) / 199
				sol.At(x, u)
				exact(x, want)
				for j := range u {
					if d := math.Abs(u[j] - want[j]); d > 40*tol {
						t.Fatalf("%s, tolerance %g: interpolated value %d at %g off by %g", p.Name, tol, j, x, d)
					}
				}
			}
			t.Logf("%s tolerance %g error %g %+v", p.Name, tol, stepError(sol, exact), sol.Stats)
		}
	}
}

func TestBDFAllocations(t *testing.T) {
	noAllocations(t, "BDF", diffusion(40, 1e9))
	noAllocations(t, "BDF", ringLadder(30, 1e9))
}

// A hundred thousand unknowns take seconds, not minutes.
func TestBDFLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	p := ringLadder(50000, 1)
	sol, err := Solve(context.Background(), p, Options{Solver: "BDF", RelTol: 1e-5, AbsTol: 1e-8, FinalOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", sol.Stats)
	if sol.Stats.Jac > 30 || sol.Stats.Factor > 100 {
		t.Errorf("%+v", sol.Stats)
	}
}

func BenchmarkPolluBDF(b *testing.B)  { benchSolve(b, "BDF", pollu(), 1e-6, 1e-8) }
func BenchmarkLadderBDF(b *testing.B) { benchSolve(b, "BDF", ringLadder(1000, 10), 1e-6, 1e-9) }

// The work on Robertson's problem is that of CVODE's own example: cvRoberts_dns
// reports 542 steps, 754 evaluations of f, 107 factorisations, 11 Jacobians, 751
// iterations and 22 error test failures.
func TestBDFLikeCVODE(t *testing.T) {
	p, _ := zoo(t, "rober")
	p.Span[1] = 4e10
	sol, err := Solve(context.Background(), p, Options{Solver: "BDF", RelTol: 1e-4, AbsTols: []float64{1e-8, 1e-14, 1e-6}, FinalOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	st := sol.Stats
	t.Logf("%+v", st)
	if st.Steps > 600 || st.RHS > 850 || st.Factor > 120 || st.Jac > 13 || st.Rejected > 28 || st.NewtonFail > 1 {
		t.Errorf("%+v", st)
	}
}

// Every order shows itself, on equal steps and on steps that alternate.
func TestBDFOrders(t *testing.T) {
	// u = sin(t + 1/2) solves this; its derivatives fill the first history.
	p := system("sine", []float64{math.Sin(0.5)}, nil, 2, func(t float64, u, _, du []float64) {
		du[0] = math.Cos(t+0.5) - 3*(u[0]-math.Sin(t+0.5))
	})
	for q := 1; q <= bdfMaxOrder; q++ {
		for _, ratio := range []float64{1, 1.25} {
			run := func(n int) float64 {
				ws, st := stepper(t, "BDF", p, 1, 1e6)
				b := st.(*multistep)
				b.tol = 1e-17
				h := 2 / float64(n)
				f := h / (0.5 + 0.5*ratio)
				b.q, b.next, b.hz, b.steps, b.steady = q, q, h, 1, 0
				for j, fact := 0, 1.0; j <= q; j++ {
					if j > 0 {
						fact *= h / float64(j)
					}
					b.z[j][0] = fact * math.Sin(0.5+float64(j)*math.Pi/2)
					b.tau[j+1] = h
				}
				e := 0.0
				for i := range n {
					b.wait, b.next, b.grow = 99, q, 1
					b.haveLU = false // so that one iteration solves this linear problem
					ws.H = f
					if i%2 == 1 {
						ws.H = f * ratio
					}
					ws.TStop = 100
					if err := st.Step(); err != nil {
						t.Fatal(err)
					}
					e = math.Max(e, math.Abs(ws.U[0]-math.Sin(ws.T+0.5)))
				}
				return e
			}
			e1, e2 := run(40), run(120)
			if s := slope(e1, e2, 40, 120); math.Abs(s-float64(q)) > 0.3 {
				t.Errorf("order %d, ratio %g: slope %.2f (errors %.3g, %.3g)", q, ratio, s, e1, e2)
			}
		}
	}
}

// Some states of the interpolant are those of the whole, and events found on them are the
// same.
func TestInterpolateSome(t *testing.T) {
	for _, name := range []string{"BDF", "Adams", "LSODA"} {
		ws, st := stepper(t, name, lorenz(), 1e-6, 1e-9)
		u, v := make([]float64, 3), make([]float64, 3)
		for range 50 {
			if err := st.Step(); err != nil {
				t.Fatal(err)
			}
			for _, x := range []float64{0, 0.3, 1} {
				at := ws.TPrev + x*(ws.T-ws.TPrev)
				st.Interpolate(at, u)
				v[0], v[1], v[2] = 7, 7, 7
				st.(someInterpolator).InterpolateSome(at, []int32{0, 2}, v)
				// Both are Horner's rule; the whole by columns, so that rounding differs.
				if math.Abs(v[0]-u[0]) > 1e-13*math.Abs(u[0]) || math.Abs(v[2]-u[2]) > 1e-13*math.Abs(u[2]) || v[1] != 7 {
					t.Fatalf("%s: %v at %g of the step, want %v", name, v, x, u)
				}
			}
		}
		var times [2][]float64
		for k := range times {
			m := ball(0.8, 2)
			if k == 1 {
				m.Problem.Hybrid.CrossingStates = []int32{0}
			}
			times[k] = mustSolve(t, m.Problem, Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-7}).Times
		}
		if len(times[0]) != len(times[1]) {
			t.Errorf("%s: %d points with all states, %d with those of the indicators", name, len(times[0]), len(times[1]))
		}
	}
}
