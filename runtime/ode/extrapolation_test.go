package ode

import (
	"context"
	"math"
	"testing"
)

// Column k of the tableau has local order 2k+1 with ODEX and k+1 with SEULEX, in the rows of the steps and in
// those of the interpolant, on a problem that is neither linear nor autonomous.
func TestExtrapolationColumns(t *testing.T) {
	p := brusselator(1)
	var exact [2][2]float64
	steps := [2]float64{0.08, 0.04}
	for i, h := range steps {
		copy(exact[i][:], mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-14, AbsTol: 1e-14, Span: [2]float64{0, h}}).U)
	}
	start := func(name string) Stepper {
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, InitialStep: 1e-3})
		if err != nil {
			t.Fatal(err)
		}
		if err := in.st.Restart(); err != nil {
			t.Fatal(err)
		}
		return in.st
	}
	check := func(name string, k int, order float64, err [2]float64) {
		slope := math.Log2(err[0] / err[1])
		// At h |f'| of about 0.3 the next terms still bend the line; below 1e-14 it is rounding.
		if err[1] > 3e-14 && math.Abs(slope-order) > 0.8 {
			t.Errorf("%s, column %d: errors %.3g, %.3g, local order %.2f, want %g", name, k, err[0], err[1], slope, order)
		}
	}
	for _, inner := range []bool{false, true} {
		for k := 1; k <= 4; k++ {
			var err [2]float64
			for i, h := range steps {
				o := start("ODEX").(*odex)
				o.f0 = append([]float64(nil), o.f0...)
				o.ws.RHS(0, o.ws.U, o.f0)
				if inner {
					o.mid = newOdexMiddle(2, o.dense.ladder)
					o.odexLadder = o.dense
				}
				for j := 1; j <= k; j++ {
					o.row(j, h, true)
					o.extrapolate(j)
				}
				err[i] = math.Hypot(o.t[1]-exact[i][0], o.t[odexColumns+2]-exact[i][1])
			}
			check("ODEX", k, float64(2*k+1), err)
			for i, h := range steps {
				s := start("SEULEX").(*seulex)
				s.m.evaluate(0, s.ws.U, s.f0)
				s.ws.Weights(s.ws.U, s.wt)
				if inner {
					s.mid = newSeulexDense(2, s.dense)
					s.seulexLadder = s.dense
				}
				for j := 1; j <= k; j++ {
					if !s.row(j, h, true) {
						t.Fatal("a row of SEULEX failed")
					}
					s.extrapolate(j)
				}
				err[i] = math.Hypot(s.t[1]-exact[i][0], s.t[s.stride+1]-exact[i][1])
			}
			check("SEULEX", k, float64(k+1), err)
		}
	}
}

// The interpolants keep to the accuracy of the steps, with notice and without.
func TestExtrapolationInterpolants(t *testing.T) {
	p := brusselator(6)
	ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-13, Dense: true})
	for _, name := range []string{"ODEX", "SEULEX"} {
		for _, tol := range []float64{1e-3, 1e-6, 1e-9} {
			for _, notice := range []bool{true, false} {
				in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: tol, AbsTol: tol, Dense: notice})
				if err != nil {
					t.Fatal(err)
				}
				ws := in.ws
				var u, v [2]float64
				first, worst, ends := 0.0, 0.0, 0.0
				for n := 0; ws.T < 6; n++ {
					if err := in.st.Step(); err != nil {
						t.Fatal(err)
					}
					ref.At(ws.T, v[:])
					ends = max(ends, math.Hypot(ws.U[0]-v[0], ws.U[1]-v[1]))
					if n < 4 {
						continue
					}
					if n > 4 {
						first, worst = max(first, worst), 0
					}
					for i := range 20 {
						at := ws.TPrev + (ws.T-ws.TPrev)*(float64(i)+0.5)/20
						in.st.Interpolate(at, u[:])
						ref.At(at, v[:])
						worst = max(worst, math.Hypot(u[0]-v[0], u[1]-v[1]))
					}
				}
				// Three times the conformance suite's bound.
				if worst = max(worst, first); worst > 30*ends+30*tol {
					t.Errorf("%s at %g, notice %v: error %.3g inside, %.3g at ends", name, tol, notice, worst, ends)
				}
			}
		}
	}
}

// Long steps of high order end as accurate as they should while a polynomial through them need not be: the pendulum with
// a periodic force, whose solution has poles near the real axis. The interpolant may lose two digits to the
// ends of the steps (it lost four where nothing limited it).
func TestOdexInterpolantLimit(t *testing.T) {
	p := system("driven pendulum", []float64{1, 0.5}, nil, 20, func(t float64, u, _, du []float64) {
		du[0], du[1] = u[1], -math.Sin(u[0])+0.7*math.Cos(1.7*t)
	})
	ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-13, Dense: true})
	var u, v [2]float64
	for _, tol := range []float64{1e-5, 1e-7, 1e-9} {
		sol := mustSolve(t, p, Options{Solver: "ODEX", RelTol: tol, AbsTol: tol, Dense: true})
		worst := 0.0
		for i := range 400 {
			at := 20 * (float64(i) + 0.5) / 400
			sol.At(at, u[:])
			ref.At(at, v[:])
			worst = max(worst, farthest(u[:], v[:]))
		}
		t.Logf("tolerance %g: error %.3g, %d steps, %d rejected, %d evaluations", tol, worst, sol.Stats.Steps, sol.Stats.Rejected, sol.Stats.RHS)
		if worst > 200*tol {
			t.Errorf("tolerance %g: error %.3g between steps", tol, worst)
		}
	}
}

// SEULEX on the published stiff problems and index 1 DAEs.
func TestSeulexZoo(t *testing.T) {
	for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
		testZoo(t, "SEULEX", tol, func(name string, st Stats) string {
			// Hairer and Wanner's code rejects between none and a quarter of its steps on such problems.
			if 3*st.Rejected > st.Steps+10 {
				return "too many rejections"
			}
			return ""
		})
	}
}

// ODEX on the published nonstiff problems: digits as the automatic choice has to give, which are
// two below the tolerance, one and a half less for sensitive problems; arenstorf amplifies errors by 10^6.
func TestOdexZoo(t *testing.T) {
	for _, c := range []struct {
		name string
		lost float64
	}{{"arenstorf", 6}, {"pleiades", 3.5}, {"brusselator", 2}} {
		p, ref := zoo(t, c.name)
		for _, k := range []float64{6, 8, 10} {
			tol := math.Pow(10, -k)
			sol := mustSolve(t, p, Options{Solver: "ODEX", RelTol: tol, AbsTol: tol, FinalOnly: true})
			if d := mixedDigits(sol.U, ref, 1); d < k-c.lost {
				t.Errorf("%s at %g: %.1f digits, %+v", c.name, tol, d, sol.Stats)
			}
		}
	}
}

// A step allocates nothing, and neither does its interpolant once there was one.
func TestExtrapolationAllocations(t *testing.T) {
	for _, name := range []string{"ODEX", "SEULEX"} {
		in, err := NewIntegrator(context.Background(), lorenz(), Options{Solver: name, Span: [2]float64{0, 1e6}, MaxSteps: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, 3)
		inner := false
		step := func() {
			if err := in.st.Step(); err != nil {
				t.Fatal(err)
			}
			if inner {
				in.st.Interpolate((in.ws.TPrev+in.ws.T)/2, u)
			}
		}
		step()
		for range 2 {
			if a := testing.AllocsPerRun(100, step); a != 0 {
				t.Errorf("%s: %v allocations in a step, interpolant %v", name, a, inner)
			}
			inner = true
			step()
		}
	}
}

// burst is an exothermic reaction in a closed vessel (Semenov): slow, then fast, then at rest, where f is
// stiff. Its temperature ends at 1 + rise.
func burst() *Problem {
	return system("burst", []float64{1, 1}, []float64{2, 14}, 1, func(t float64, u, p, du []float64) {
		r := u[0] * math.Exp(p[1]*(1-1/u[1]))
		du[0], du[1] = -r, p[0]*r
	})
}

// rectifier is a diode that loads a capacitor from a voltage of 50 Hz: current flows in a small part of a period.
func rectifier() *Problem {
	return system("rectifier", []float64{0}, []float64{1e-12, 0.026, 1e-5, 1e4}, 0.1, func(t float64, u, p, du []float64) {
		i := p[0] * (math.Exp((10*math.Sin(100*math.Pi*t)-u[0])/p[1]) - 1)
		du[0] = (i - u[0]/p[3]) / p[2]
	})
}

// Steps of ODEX of which the columns agree by chance are made again: at the bound of stability at loose tolerances, where
// a reaction ended with a concentration of -0.4, and where f is large at the end of a step alone, so that an even
// number of substeps takes back what the first one does (a rectifier was at -1e11 V).
func TestOdexAgrees(t *testing.T) {
	for _, c := range []struct {
		p    *Problem
		tols []float64
	}{{burst(), []float64{1e-2, 1e-3, 1e-4}}, {rectifier(), []float64{1e-5, 1e-6, 1e-8}}} {
		ref := mustSolve(t, c.p, Options{Solver: "RadauIIA5", RelTol: 1e-10, AbsTol: 1e-12, HMax: 1e-3}).U
		for _, tol := range c.tols {
			sol := mustSolve(t, c.p, Options{Solver: "ODEX", RelTol: tol, AbsTol: 1e-3 * tol, HMax: 1e-3, FinalOnly: true})
			for i, u := range sol.U {
				if e := math.Abs(u-ref[i]) / (tol * math.Max(1, math.Abs(ref[i]))); !(e < 20) {
					t.Errorf("%s at %g: error of %.3g tolerances in entry %d; %+v", c.p.Name, tol, e, i, sol.Stats)
				}
			}
		}
	}
}

// The current of a diode that rises within the last substep of a step of SEULEX is seen: it ran on into a slope of 1e25 V/s, from where no step is
// short enough.
func TestSeulexEnds(t *testing.T) {
	p := rectifier()
	ref := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-10, AbsTol: 1e-12, HMax: 1e-3}).U[0]
	for _, tol := range []float64{1e-3, 1e-4, 1e-5, 1e-6} {
		for _, hmax := range []float64{1e-3, 2e-3, 4e-3} {
			u := mustSolve(t, p, Options{Solver: "SEULEX", RelTol: tol, AbsTol: 1e-3 * tol, FinalOnly: true, HMax: hmax}).U[0]
			if e := math.Abs(u-ref) / (tol * ref); !(e < 100) {
				t.Errorf("tolerance %g, steps below %g: error of %.3g tolerances", tol, hmax, e)
			}
		}
	}
}
