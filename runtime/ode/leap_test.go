package ode

import (
	"context"
	"math"
	"testing"
)

// On a rectifier a stage at which the exponential of the diode is out of range puts the state where the estimate of the error is
// small next to it: these methods ended at 1e9 to 1e144 V, with success.
func TestLeaps(t *testing.T) {
	p := rectifier()
	ref := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-10, AbsTol: 1e-12, HMax: 1e-3}).U[0]
	for _, c := range []struct {
		name string
		tols []float64
	}{
		{"RKF8", []float64{1e-2, 1e-3, 1e-5}}, {"Tsitouras92", []float64{1e-3, 1e-5}}, {"QPRK98", []float64{1e-2, 1e-6}}, {"MSRK10", []float64{1e-6}},
		{"Feagin12", []float64{1e-4}}, {"MikkawyEisa", []float64{1e-3, 1e-4, 1e-6}}, {"Vern8", []float64{1e-2}}, {"ROS2S", []float64{1e-2}}, {"Rodas6P", []float64{1e-2}}, {"CKLLSRK75_4M_5R", []float64{1e-2}},
	} {
		for _, tol := range c.tols {
			sol, err := Solve(context.Background(), p, Options{Solver: c.name, RelTol: tol, AbsTol: 1e-3 * tol, FinalOnly: true, HMax: 2e-3})
			if err != nil {
				t.Errorf("%s at %g: %v", c.name, tol, err)
			} else if e := math.Abs(sol.U[0]-ref) / (tol * ref); !(e < 100) {
				t.Errorf("%s at %g: error of %.3g tolerances", c.name, tol, e)
			}
		}
	}
}

// A state may grow from nothing as fast as the slopes at the ends of a step say.
func TestLeapsOfGrowth(t *testing.T) {
	p := system("growth", []float64{1e-12, 0, 1}, nil, 1, func(tt float64, u, _, du []float64) {
		du[0], du[1], du[2] = 60*u[0], u[2]*tt*tt, -1e3*(u[2]-1-u[1])
	})
	for _, name := range []string{"Tsit5", "Vern9", "Rodas5P", "RadauIIA5"} {
		st := mustSolve(t, p, Options{Solver: name, RelTol: 1e-4, AbsTol: 1e-15, FinalOnly: true}).Stats
		if st.Rejected > 12 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// The estimates of Feagin's methods look at one time early in a step. Where steps became too long they saw nothing: a
// reaction that was at rest stayed 0.7 from its end, and the limit cycle of the Brusselator left it for 1e18.
func TestFeaginEnds(t *testing.T) {
	cycle := system("brusselator", []float64{1.5, 3}, nil, 20, func(t float64, u, p, du []float64) {
		du[0] = 1 + u[0]*u[0]*u[1] - 4*u[0]
		du[1] = 3*u[0] - u[0]*u[0]*u[1]
	})
	for _, p := range []*Problem{burst(), cycle} {
		ref := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-11, AbsTol: 1e-13}).U
		for _, name := range []string{"Feagin10", "Feagin12", "Feagin14"} {
			for _, tol := range []float64{1e-3, 1e-4, 1e-6} {
				sol, err := Solve(context.Background(), p, Options{Solver: name, RelTol: tol, AbsTol: 1e-3 * tol, FinalOnly: true})
				if err != nil {
					t.Errorf("%s, %s at %g: %v", name, p.Name, tol, err)
					continue
				}
				for i, u := range sol.U {
					if e := math.Abs(u-ref[i]) / (tol * math.Max(1, math.Abs(ref[i]))); !(e < 100) {
						t.Errorf("%s, %s at %g: error of %.3g tolerances; %+v", name, p.Name, tol, e, sol.Stats)
					}
				}
			}
		}
	}
}
