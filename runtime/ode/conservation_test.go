package ode

import (
	"context"
	"errors"
	"math"
	"testing"
)

// robertsonFlow is Robertson's problem by itself.
func robertsonFlow(_ float64, u, du []float64) {
	du[0] = -0.04*u[0] + 1e4*u[1]*u[2]
	du[2] = 3e7 * u[1] * u[1]
	du[1] = -du[0] - du[2]
}

// smallEnzyme is S + E <-> C <-> P + E in moles per litre, (S, E, C, P), with rates 1e7, 10, 5, 1e4.
func smallEnzyme(_ float64, u, du []float64) {
	f, b, c, r := 1e7*u[0]*u[1], 10*u[2], 5*u[2], 1e4*u[1]*u[3]
	du[0], du[1], du[2], du[3] = b-f, b-f+c-r, f-b-c+r, c-r
}

// modification is S + E <-> C -> P + E, P + F <-> D -> S + F in molecules, (S, E, C, P, F, D).
func modification(_ float64, u, du []float64) {
	a, b, c := 1e-3*u[0]*u[1], u[2], 10*u[2]
	d, e, f := 1e-3*u[3]*u[4], u[5], 10*u[5]
	du[0], du[1], du[2] = b+f-a, b+c-a, a-b-c
	du[3], du[4], du[5] = c-d+e, e+f-d, d-e-f
}

// The laws that are found are those there are.
func TestConservationLaws(t *testing.T) {
	exchange := func(_ float64, u, du []float64) { // volumes 2 and 7, concentrations
		q := math.Sin(u[0]) - u[1]*u[1]
		du[0], du[1] = -q/2, q/7
	}
	for _, c := range []struct {
		name string
		u0   []float64
		f    func(t float64, u, du []float64)
		want int
	}{
		{"Robertson", []float64{1, 0, 0}, robertsonFlow, 1},
		{"enzyme", []float64{1e-6, 1e-9, 0, 0}, smallEnzyme, 2},
		{"modification", []float64{1e6, 1e3, 0, 0, 500, 0}, modification, 3},
		{"two volumes", []float64{1, 3}, exchange, 1},
		{"Schlogl", []float64{1.95}, schlogl, 0},
		{"brusselator", []float64{1.5, 1}, func(_ float64, u, du []float64) { du[0], du[1] = 1+u[0]*u[0]*u[1]-2.7*u[0], 1.7*u[0]-u[0]*u[0]*u[1] }, 0},
		{"energy, no linear law", []float64{1, 0.5}, func(_ float64, u, du []float64) { du[0], du[1] = u[1], -u[0] }, 0},
		{"a leak of 1e-9", []float64{1, 2}, func(_ float64, u, du []float64) { r := u[0] - 3*u[1]; du[0], du[1] = -r-1e-9*u[0], r }, 0},
	} {
		in, err := NewIntegrator(context.Background(), flow(c.u0, c.f), Options{})
		if err != nil {
			t.Fatal(err)
		}
		laws := newSteady(in, 0).conserved(c.u0)
		if len(laws) != c.want {
			t.Errorf("%s: %d laws, want %d: %v", c.name, len(laws), c.want, laws)
		}
		u, du := make([]float64, len(c.u0)), make([]float64, len(c.u0))
		for i := range u {
			u[i] = 0.3 + 0.7*float64(i+1)*max(c.u0[i], 1e-3)
		}
		c.f(0, u, du)
		for _, w := range laws {
			sum, all := 0.0, 0.0
			for i, v := range w {
				sum += v * du[i]
				all += math.Abs(v * du[i])
			}
			if math.Abs(sum) > 1e-12*all {
				t.Errorf("%s: %v changes by %g of %g", c.name, w, sum, all)
			}
		}
	}
}

// Steady states of closed systems have the totals of the start, whatever the sizes.
func TestSteadyConserved(t *testing.T) {
	for _, way := range []SteadyWay{SteadyAuto, SteadyNewton} {
		find := func(u0 []float64, f func(t float64, u, du []float64)) []float64 {
			e, err := SteadyBy(context.Background(), way, flow(u0, f), 0, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Warnings) > 0 {
				t.Error(e.Warnings)
			}
			return e.U
		}
		same := func(what string, got, want, tol float64) {
			if math.Abs(got-want) > tol*math.Abs(want) {
				t.Errorf("way %d: %s = %v, want %v", way, what, got, want)
			}
		}
		// A double root: the digits of a solution are half of those of the equations.
		u := find([]float64{1, 0, 0}, robertsonFlow)
		same("Robertson's C", u[2], 1, 1e-5)
		same("Robertson's total", u[0]+u[1]+u[2], 1, 1e-12)
		// No net flux: S = 2e-3 P, C = 2e3 E P.
		u = find([]float64{1e-6, 1e-9, 0, 0}, smallEnzyme)
		same("substrate", u[0], 2e-3*u[3], 1e-9)
		same("complex", u[2], 2e3*u[1]*u[3], 1e-9)
		same("atoms", u[0]+u[2]+u[3], 1e-6, 1e-11)
		same("enzyme", u[1]+u[2], 1e-9, 1e-11)
		// c C = f D, and a S E = (b + c) C, d P F = (e + f) D.
		u = find([]float64{1e6, 1e3, 0, 0, 500, 0}, modification)
		same("C", u[2], u[5], 1e-9)
		same("S E", 1e-3*u[0]*u[1], 11*u[2], 1e-9)
		same("P F", 1e-3*u[3]*u[4], 11*u[5], 1e-9)
		same("S total", u[0]+u[2]+u[3]+u[5], 1e6, 1e-12)
		same("E total", u[1]+u[2], 1e3, 1e-12)
		same("F total", u[4]+u[5], 500, 1e-12)
	}
}

// What runs away is not steady because it is large: the brusselator beyond its Hopf bifurcation.
func TestTransientRunaway(t *testing.T) {
	p := flow([]float64{1.5, 3}, func(_ float64, u, du []float64) { du[0], du[1] = 1+u[0]*u[0]*u[1]-4*u[0], 3*u[0]-u[0]*u[0]*u[1] })
	e, err := SteadyBy(context.Background(), SteadyTransient, p, 0, Options{})
	var f *Failure
	if !errors.As(err, &f) {
		t.Errorf("%+v, %v", e, err)
	}
}
