package ode

import (
	"context"
	"errors"
	"math"
	"testing"
)

// Reaction networks with known steady states.
func TestSteadyNetworks(t *testing.T) {
	ways := []SteadyWay{SteadyAuto, SteadyNewton, SteadyTransient, SteadyRun}
	for _, c := range []struct {
		name string
		u0   []float64
		f    func(t float64, u, du []float64)
		want []float64
		ways []SteadyWay // those that lead there
		tol  float64     // 0: 1e-6, that of a run
	}{
		{"Michaelis-Menten with a feed", []float64{5}, func(_ float64, u, du []float64) { du[0] = 0.6 - 2*u[0]/(0.5+u[0]) },
			[]float64{0.6 * 0.5 / 1.4}, ways, 0},
		{"brusselator, stable: (A, B/A)", []float64{1.5, 1}, func(_ float64, u, du []float64) {
			du[0], du[1] = 1+u[0]*u[0]*u[1]-2.7*u[0], 1.7*u[0]-u[0]*u[0]*u[1]
		}, []float64{1, 1.7}, ways, 0},
		// Schlogl's model x' = -(x - 1)(x - 2)(x - 3): the middle state is unstable, only Newton's method stays there.
		{"Schlogl, near the unstable state", []float64{1.95}, schlogl, []float64{2}, []SteadyWay{SteadyAuto, SteadyNewton}, 0},
		{"Schlogl, from below it", []float64{1.95}, schlogl, []float64{1}, []SteadyWay{SteadyRun, SteadyTransient}, 0},
		{"Schlogl, from above it", []float64{2.05}, schlogl, []float64{3}, []SteadyWay{SteadyRun, SteadyTransient}, 0},
		// A <-> B <-> C with k = 2, 1 and 3, 6: detailed balance gives 1 : 2 : 1 of the conserved sum.
		{"isomers", []float64{1, 0, 0}, func(_ float64, u, du []float64) {
			r1, r2 := 2*u[0]-u[1], 3*u[1]-6*u[2]
			du[0], du[1], du[2] = -r1, r1-r2, r2
		}, []float64{0.25, 0.5, 0.25}, []SteadyWay{SteadyAuto, SteadyRun}, 0},
		// E + S <-> ES -> E + P: all substrate ends as product, the enzyme is free.
		{"enzyme", []float64{0.1, 1, 0, 0}, func(_ float64, u, du []float64) {
			bind, turn := 10*u[0]*u[1]-u[2], 2*u[2]
			du[0], du[1], du[2], du[3] = turn-bind, -bind, bind-turn, turn
		}, []float64{0.1, 0, 0, 1}, []SteadyWay{SteadyAuto, SteadyRun}, 1e-5},
		// Dimerisation 2 M <-> D, M + 2 D = 1: 4 m^2 = d, so m = (sqrt(33) - 1)/16.
		{"dimer", []float64{1, 0}, func(_ float64, u, du []float64) {
			r := 4*u[0]*u[0] - u[1]
			du[0], du[1] = -2*r, r
		}, []float64{(math.Sqrt(33) - 1) / 16, (1 - (math.Sqrt(33)-1)/16) / 2}, []SteadyWay{SteadyAuto, SteadyRun}, 0},
		// A cascade of Goldbeter and Koshland: x' = v1 (1-x)/(K1+1-x) - v2 x/(K2+x), v1 = v2: x = 1/2 for K1 = K2.
		{"Goldbeter-Koshland", []float64{0.1}, func(_ float64, u, du []float64) {
			x := u[0]
			du[0] = (1-x)/(0.01+1-x) - x/(0.01+x)
		}, []float64{0.5}, ways, 0},
		// Stiff: a fast pair on a slow flow, x' = 1 - x - 1e6 (x - y), y' = 1e6 (x - y): both end at 1.
		{"fast pair", []float64{0, 3}, func(_ float64, u, du []float64) {
			r := 1e6 * (u[0] - u[1])
			du[0], du[1] = 1-u[0]-r, r
		}, []float64{1, 1}, ways, 0},
	} {
		p := flow(c.u0, c.f)
		for _, w := range c.ways {
			e, err := SteadyBy(context.Background(), w, p, 0, Options{})
			if err != nil {
				t.Errorf("%s, way %d: %v", c.name, w, err)
				continue
			}
			tol := math.Max(c.tol, 1e-6)
			if (w == SteadyNewton || w == SteadyTransient) && c.tol == 0 {
				tol = 1e-9
			}
			for i, v := range c.want {
				if math.Abs(e.U[i]-v) > tol*math.Max(1, math.Abs(v)) {
					t.Errorf("%s, way %d: %v, want %v", c.name, w, e.U, c.want)
				}
			}
		}
	}
}

func schlogl(_ float64, u, du []float64) { du[0] = -(u[0] - 1) * (u[0] - 2) * (u[0] - 3) }

// What has no steady state, or none within reach, is a typed failure in every way.
func TestSteadyFailures(t *testing.T) {
	up := flow([]float64{0}, func(_ float64, u, du []float64) { du[0] = 1 + u[0]*u[0] })
	cycle := flow([]float64{2, 0}, func(_ float64, u, du []float64) { du[0], du[1] = u[1], (1-u[0]*u[0])*u[1]-u[0] })
	for _, c := range []struct {
		p *Problem
		w SteadyWay
	}{{up, SteadyAuto}, {up, SteadyNewton}, {up, SteadyTransient}, {up, SteadyRun}, {cycle, SteadyRun}} {
		var f *Failure
		if e, err := SteadyBy(context.Background(), c.w, c.p, 0, Options{}); !errors.As(err, &f) {
			t.Errorf("%v in way %d: %v %v", c.p.U0, c.w, e, err)
		}
	}
	if _, err := SteadyBy(context.Background(), SteadyTransient, pendulum(1), 0, Options{}); err == nil {
		t.Error("pseudo-transient continuation takes a problem with constraints")
	}
	p := index1(1) // algebraic rows, steady at t = 0: u = (1, 0, 1)
	e, err := SteadyBy(context.Background(), SteadyTransient, p, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := p.NewKernels()
	f := make([]float64, 3)
	k.RHS(0, e.U, nil, f)
	for i, v := range f {
		if math.Abs(v) > 1e-9 {
			t.Errorf("equation %d is off by %g at %v", i, v, e.U)
		}
	}
}
