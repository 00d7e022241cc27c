package mtkc_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/runtime/ode"
)

// solveModel compiles one model of a file and solves it over its own span.
func solveModel(t *testing.T, file, name string, opt ode.Options) *modelRun {
	t.Helper()
	prob, found := mtkc.New(file, mtkc.Options{Model: name, Check: true}).Problem(context.Background())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	sol, err := ode.Solve(context.Background(), prob, opt)
	if err != nil {
		t.Fatal(err)
	}
	return &modelRun{t, sol}
}

// Converters, rectifiers and oscillators against ordinary differential equations that were written by
// hand for the circuits (the voltages of the nodes by bisection where diodes meet) and solved with
// Radau of scipy at 1e-9 to 1e-12.
func TestModelCircuits(t *testing.T) {
	for _, c := range []struct {
		name string
		stop float64
		end  map[string]float64
		tol  float64
	}{
		{"Loop", 0.01, map[string]float64{"c1.v": 0.22568589839, "c2.v": 0.45137179678, "l2.i": 0.00468721409915, "l1.i": -0.020574038153689}, 1e-8},
		{"Colpitts", 2e-4, map[string]float64{"l.i": 0.0075475760, "c2.v": -0.71864057758}, 1e-5},
		{"Flyback", 0.1, map[string]float64{"T.i1": -0.058678678, "T.i2": -1.1677054e-10, "c.v": 8.134652003}, 1e-6},
		{"Bridge6", 0.06, map[string]float64{"l[0].i": -2.827433e-8, "l[1].i": 7.412035, "c.v": 160.533239}, 1e-5},
		{"BuckBoost", 0.01, map[string]float64{"l.i": -6.538489e-5, "c.v": -18.538482}, 1e-4},
		// Nine times the amplifier turns over, where an equilibrium loses its stability.
		{"Schmitt", 0.01, map[string]float64{"c.v": -1.61543041}, 1e-4},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, solver := range []string{"auto", "RadauIIA5"} {
				r := solveModel(t, "testdata/models/circuits.go", c.name, ode.Options{Span: [2]float64{0, c.stop}, RelTol: 1e-8, AbsTol: 1e-11, Solver: solver, FinalOnly: true})
				for _, name := range sortedKeys(c.end) {
					r.near(name, c.end[name], c.tol)
				}
			}
			// With looser tolerances too; solveModel says so where not.
			solveModel(t, "testdata/models/circuits.go", c.name, ode.Options{Span: [2]float64{0, c.stop}, RelTol: 1e-5, FinalOnly: true})
		})
	}
}

// The position of the trolley follows from the accelerations of the load along its path.
func TestModelPath(t *testing.T) {
	r := solveModel(t, "testdata/ivp/path.go", "", ode.Options{RelTol: 1e-8, Steps: 6})
	for i, at := range r.sol.Times {
		// 126*s^5 - 420*s^6 + 540*s^7 - 315*s^8 + 70*s^9 and its second derivative, s = t/6
		s, p, pdd := at/6, 0.0, 0.0
		for k, c := range []float64{126, -420, 540, -315, 70} {
			n := float64(k + 5)
			p += c * math.Pow(s, n)
			pdd += c * n * (n - 1) * math.Pow(s, n-2) / 36
		}
		x, y := 5*p, -4+p
		trolley := x - 5*pdd*y/(pdd+9.81)
		wantNear(t, "s", r.values("s")[i], trolley, 1e-8)
		wantNear(t, "l", r.values("l")[i], math.Hypot(x-trolley, y), 1e-8)
	}
}

// The equations of the free states with the given angles put in by hand: DOP853 of scipy at 1e-12.
func TestModelShuttle(t *testing.T) {
	r := solveModel(t, "testdata/ivp/shuttle.go", "", ode.Options{RelTol: 1e-8, FinalOnly: true})
	r.near("h", 1503.77216, 1e-2)
	r.near("v", 1370.09275, 1e-3)
	r.near("lam", 0.670589739, 1e-8)
	r.near("alpha", 0.0796825402, 1e-7)
	wantNear(t, "cos(beta)", math.Cos(r.last("beta")), math.Cos(0.43477552085), 1e-7)
}

// The pendulum in coordinates with multipliers, DOP853 of scipy at 1e-12.
func TestModelFoucault(t *testing.T) {
	for _, keep := range []string{"project", "states"} {
		r := solveModel(t, "testdata/ivp/foucault.go", "", ode.Options{RelTol: 1e-9, Constraints: keep, FinalOnly: true})
		r.near("x", -0.36188857, 1e-6)
		r.near("y", 0.91333399, 1e-6)
		r.near("der(y)", -0.17270735, 1e-6)
	}
}

// Three pendulums on a cart that fall from the upright position, which multiplies errors a thousand
// times: DOP853 of scipy at 1e-13 with multipliers. The tolerances reach down to the rounding
// of the states.
func TestModelTriple(t *testing.T) {
	for _, keep := range []string{"project", "states"} {
		for _, solver := range []string{"auto", "DP5", "RadauIIA5"} {
			for _, tol := range []float64{1e-10, 1e-11, 1e-12} {
				r := solveModel(t, "testdata/ivp/triple.go", "", ode.Options{RelTol: tol, AbsTol: 1e-13, Solver: solver, Constraints: keep, FinalOnly: true})
				r.near("s", -0.27239021, 1e5*tol+1e-7)
				r.near("x[2]", 0.3525689, 1e6*tol+1e-6)
				r.near("e", 36.09078855273, 1e3*tol+1e-9)
			}
		}
	}
}

// A voltage doubler of exponential diodes, whose currents flow for a tenth of the period: Radau of
// scipy at 1e-8 with steps of 1e-4 at most, which no tolerance makes necessary of itself. The errors are within the tolerances
// of these values.
func TestModelGreinacher(t *testing.T) {
	for _, solver := range []string{"RadauIIA5", "Rodas5P"} {
		for _, tol := range []float64{1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8, 1e-9} {
			r := solveModel(t, "testdata/models/circuits.go", "Greinacher", ode.Options{RelTol: tol, Solver: solver, FinalOnly: true})
			r.near("c1.v", -9.39934297, 9.4*tol+1e-7)
			r.near("c2.v", 18.16288524, 18.2*tol+1e-7)
		}
	}
}

// The published end values of the ring modulator (release 2.4). Without the capacitors beside the diodes the currents of
// the four coils add up to zero, and so do the voltages over their inductances; two methods agree.
func TestPublishedRing(t *testing.T) {
	r := solveModel(t, "testdata/ivp/ringmod.go", "Ring", ode.Options{RelTol: 1e-7, AbsTol: 1e-10, FinalOnly: true})
	for i, want := range []float64{
		-0.2339057358486745e-1, -0.7367485485540825e-2, 0.2582956709291169, -0.4064465721283450, -0.4039455665149794, 0.2607966765422943, 0.1106761861269975,
		0.2939904342435596e-6, -0.2840029933642329e-7, 0.7267198267264553e-3, 0.7929487196960840e-3, -0.7255283495698965e-3, -0.7941401968526521e-3,
		0.7088495416976114e-4, 0.2390059075236570e-4,
	} {
		r.near(fmt.Sprintf("y[%d]", i), want, 3e-5*math.Abs(want)+1e-11)
	}
	var first []float64
	for _, solver := range []string{"RadauIIA5", "BDF"} {
		r := solveModel(t, "testdata/ivp/ringmod.go", "Bare", ode.Options{RelTol: 1e-7, AbsTol: 1e-10, Solver: solver, FinalOnly: true})
		var y []float64
		for i := range 15 {
			y = append(y, r.last(fmt.Sprintf("y[%d]", i)))
		}
		wantNear(t, "current", y[9]+y[10]+y[11]+y[12], 0, 1e-12)
		wantNear(t, "voltage", (y[0]/2-y[2]-17.3*y[9])+(-y[0]/2+y[3]-17.3*y[10])+(y[1]/2-y[4]-17.3*y[11])+(-y[1]/2+y[5]-17.3*y[12]), 0, 1e-8)
		for i := range first {
			wantNear(t, fmt.Sprintf("%s: y[%d]", solver, i), y[i], first[i], 1e-4*math.Abs(first[i])+1e-9)
		}
		if first == nil {
			first = y
		}
	}
}

// The doubler with ideal diodes directly at an ideal source, where the voltage over a diode that
// conducts is below the errors of those of the capacitors: the run ends, in some hundred steps, with the switching instants of
// the same integration as above to within 3e-4 of the amplitude. That is more than the tight ones of these
// tolerances ask for: a diode that opens for its error's sake costs some of the charge.
func TestModelIdealDoubler(t *testing.T) {
	for _, tol := range []float64{1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8, 1e-9} {
		r := solveModel(t, "testdata/models/circuits.go", "Ideal", ode.Options{RelTol: tol, FinalOnly: true})
		r.near("c2.v", 19.2592838, 3e-3)
		r.near("c1.v", -10.0060197, 3e-3)
		if n := r.sol.Stats.Steps; n > 5000 {
			t.Errorf("%g: %d steps", tol, n)
		}
	}
}

// Ideal diodes that are all at their border at the start, where rounding and tolerances decide about all currents.
func TestModelBorder(t *testing.T) {
	for _, solver := range []string{"auto", "Rodas5P", "RadauIIA5", "Kvaerno5", "TRBDF2"} {
		for _, tol := range []float64{1e-3, 1e-4, 1e-5, 1e-6, 1e-7} {
			r := solveModel(t, "testdata/models/circuits.go", "Bridge6", ode.Options{RelTol: tol, Solver: solver, FinalOnly: true})
			r.near("c.v", 160.533239, 1600*tol+1e-5) // ten tolerances
		}
	}
}
