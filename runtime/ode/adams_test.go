package ode

import (
	"context"
	"math"
	"testing"
)

// Every order of the Adams formulas shows itself, on equal steps and on steps that alternate.
func TestAdamsOrders(t *testing.T) {
	// u = sin(t + 1/2) solves this; its derivatives fill the first history.
	p := system("sine", []float64{math.Sin(0.5)}, nil, 2, func(t float64, u, _, du []float64) {
		du[0] = math.Cos(t+0.5) - 1e-4*(u[0]-math.Sin(t+0.5)) // iterations of high orders are stable near 0 only
	})
	for q := 1; q <= adamsMaxOrder; q++ {
		for _, ratio := range []float64{1, 1.25} {
			run := func(n int) float64 {
				ws, st := stepper(t, "Adams", p, 1e-6, 1e-6)
				b := st.(*multistep)
				h := 8 / float64(n)
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
					ws.H = f
					if i%2 == 1 {
						ws.H = f * ratio
					}
					ws.TStop = 100
					ws.RelTol, ws.AbsTol[0] = 1e3, 1e3 // no step is rejected; below, iterations converge
					if err := st.Step(); err != nil {
						t.Fatal(err)
					}
					e = math.Max(e, math.Abs(ws.U[0]-math.Sin(ws.T+0.5)))
				}
				return e
			}
			n := []int{0, 200, 200, 160, 120, 100, 80, 60, 50, 40, 36, 32, 28}[q]
			e1, e2 := run(n), run(2*n)
			// With one correction the formula is a predictor of order q and a corrector of that order.
			if s := slope(e1, e2, n, 2*n); e2 > 1e-13 && (s < float64(q)-0.7 || s > float64(q)+1.7) {
				t.Errorf("order %d, ratio %g: slope %.2f (errors %.3g, %.3g)", q, ratio, s, e1, e2)
			}
		}
	}
}

// Adams formulas on published nonstiff problems: at tolerance 10^-k at least k-2 digits
// (shared/data/ivp/REFERENCE.md); on pleiades, which is sensitive, CVODE 7.5 with Adams formulas has 0.6, 2.4,
// 4.1 and 6.1 digits at 1e-4, 1e-6, 1e-8 and 1e-10, k-4.1 at the least; with less than two evaluations of f
// a step.
func TestAdamsZoo(t *testing.T) {
	for _, name := range []string{"Adams", "LSODA"} {
		for _, c := range []struct {
			problem string
			less    float64
		}{{"pleiades", 4.1}, {"brusselator", 2}} {
			for _, k := range []float64{4, 6, 8, 10} {
				p, ref := zoo(t, c.problem)
				tol := math.Pow(10, -k)
				sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol})
				st := sol.Stats
				if d := mixedDigits(sol.U, ref, 1); d < k-c.less {
					t.Errorf("%s, %s at %g: %.1f digits, %+v", name, c.problem, tol, d, st)
				}
				if st.RHS > 2*(st.Steps+st.Rejected) {
					t.Errorf("%s, %s at %g: %+v", name, c.problem, tol, st)
				}
			}
		}
	}
}

// LSODA stays with Adams formulas where nothing is stiff, goes over to backward differentiation
// where something is, and comes back.
func TestLSODASwitches(t *testing.T) {
	p, _ := zoo(t, "pleiades")
	if st := mustSolve(t, p, Options{Solver: "LSODA", RelTol: 1e-6, AbsTol: 1e-6}).Stats; st.Jac != 0 || st.Switches != 0 {
		t.Errorf("pleiades: %+v", st)
	}
	for _, name := range []string{"rober", "hires", "pollu", "vdpol"} {
		scale := map[string]float64{"rober": 1e-6, "hires": 1e-4, "pollu": 1e-3, "vdpol": 1}[name]
		for _, k := range []float64{4, 6, 8} {
			p, ref := zoo(t, name)
			tol := math.Pow(10, -k)
			sol := mustSolve(t, p, Options{Solver: "LSODA", RelTol: tol, AbsTol: tol * scale})
			want := k - 2
			if name == "vdpol" {
				want-- // REFERENCE.md
			}
			st := sol.Stats
			if d := mixedDigits(sol.U, ref, scale); d < want {
				t.Errorf("%s at %g: %.1f digits, %+v", name, tol, d, st)
			}
			if st.Switches == 0 || st.Jac == 0 {
				t.Errorf("%s at %g: %+v", name, tol, st)
			}
			// Explicitly the shortest of these would take 1e5 steps and more.
			if st.Steps > 6000 {
				t.Errorf("%s at %g: %+v", name, tol, st)
			}
			t.Logf("%s at %g: %+v", name, tol, st)
		}
	}
	// A relaxation oscillation of moderate stiffness: fast parts are not stiff, slow ones are.
	st := mustSolve(t, vanDerPol(100, 200), Options{Solver: "LSODA", RelTol: 1e-6, AbsTol: 1e-6}).Stats
	if st.Switches < 2 {
		t.Errorf("van der Pol: %+v", st)
	}
}

// Numerical differentiation formulas make fewer steps than backward differentiation at
// the same tolerance, and keep it.
func TestNDFZoo(t *testing.T) {
	ndf, bdf := 0, 0
	for _, name := range []string{"rober", "hires", "pollu", "chemakzo"} {
		scale := map[string]float64{"rober": 1e-6, "hires": 1e-4, "pollu": 1e-3, "chemakzo": 1}[name]
		for _, k := range []float64{4, 6, 8} {
			p, ref := zoo(t, name)
			tol := math.Pow(10, -k)
			opt := Options{Solver: "NDF", RelTol: tol, AbsTol: tol * scale}
			sol := mustSolve(t, p, opt)
			if d := mixedDigits(sol.U, ref, scale); d < k-2.5 { // the error estimate follows the smaller constant
				t.Errorf("%s at %g: %.1f digits, %+v", name, tol, d, sol.Stats)
			}
			opt.Solver = "BDF"
			ndf += sol.Stats.Steps
			bdf += mustSolve(t, p, opt).Stats.Steps
		}
	}
	if ndf >= bdf {
		t.Errorf("NDF makes %d steps, BDF %d", ndf, bdf)
	}
	t.Logf("NDF makes %d steps, BDF %d", ndf, bdf)
}

// IDA on M u' = f is BDF with other factors: the same errors, on an ODE and a DAE.
func TestIDALikeBDF(t *testing.T) {
	for _, p := range []*Problem{brusselator(6), index1(3)} {
		exact := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-11, AbsTol: 1e-12, FinalOnly: true}).U
		for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
			a := mustSolve(t, p, Options{Solver: "IDA", RelTol: tol, AbsTol: tol})
			b := mustSolve(t, p, Options{Solver: "BDF", RelTol: tol, AbsTol: tol})
			ea, eb := 0.0, 0.0
			for i, v := range exact {
				ea, eb = math.Max(ea, math.Abs(a.U[i]-v)), math.Max(eb, math.Abs(b.U[i]-v))
			}
			// The steps are the same but for the iterations.
			if ea > 10*eb+10*tol || float64(a.Stats.Steps) > 1.2*float64(b.Stats.Steps)+10 {
				t.Errorf("%s at %g: error %.2g %+v, BDF %.2g %+v", p.Name, tol, ea, a.Stats, eb, b.Stats)
			}
		}
	}
}

func TestMultistepAllocations(t *testing.T) {
	noAllocations(t, "Adams", oscillator(1e9))
	noAllocations(t, "LSODA", vanDerPol(100, 1e9))
	noAllocations(t, "NDF", diffusion(40, 1e9))
}

func BenchmarkPleiadesAdams(b *testing.B) {
	p, _ := zoo(b, "pleiades")
	benchSolve(b, "Adams", p, 1e-8, 1e-8)
}

// Near the bound of stability of Adams formulas the noise of their iterations must not keep LSODA from backward
// differentiation: on van der Pol's equation, mu = 1000, it made steps of 4e-5 from t = 1614 on at a tolerance of 1e-7.
func TestLSODAStuck(t *testing.T) {
	p := system("vanderpol", []float64{2, 0}, nil, 2000, func(t float64, u, _, du []float64) {
		du[0], du[1] = u[1], 1000*(1-u[0]*u[0])*u[1]-u[0]
	})
	for k := range 29 {
		tol := math.Pow(10, -3-float64(k)/4)
		sol, err := Solve(context.Background(), p, Options{Solver: "LSODA", RelTol: tol, AbsTol: tol, FinalOnly: true, MaxSteps: 10000})
		if err != nil {
			t.Errorf("tolerance %.2g: %v", tol, err)
		} else if n := sol.Stats.Steps; n > 3500 {
			t.Errorf("tolerance %.2g: %d steps", tol, n)
		}
	}
}
