package ode

import (
	"context"
	"math"
	"strings"
	"testing"
)

var etdNames = []string{"LawsonEuler", "NorsettEuler", "ETDRK2", "ETDRK3", "ETDRK4", "Krogstad4", "HochOst4", "LawsonRK4"}

// heated is u_t = u_xx + 1/(1 + u^2) + phi(x, t) on n points, u = 0 at both ends, where phi makes
// u = x (1-x) e^t the solution; central differences are exact for it. Hochbruck, Ostermann,
// SIAM J. Numer. Anal. 43, 2005, section 6.
func heated(n int) *Problem {
	scale := float64((n + 1) * (n + 1))
	x := make([]float64, n)
	u0 := make([]float64, n)
	for i := range x {
		x[i] = float64(i+1) / float64(n+1)
		u0[i] = x[i] * (1 - x[i])
	}
	p := system("heated", u0, nil, 1, func(t float64, u, _, du []float64) {
		et := math.Exp(t)
		for i, v := range u {
			l, r := 0.0, 0.0
			if i > 0 {
				l = u[i-1]
			}
			if i < n-1 {
				r = u[i+1]
			}
			w := x[i] * (1 - x[i]) * et
			du[i] = scale*(l-2*v+r) + 1/(1+v*v) + (w + 2*et - 1/(1+w*w))
		}
	})
	p.Jac, p.Linear = band(n, 1), band(n, 1)
	k := p.NewKernels()
	k.Linear = func(_, vals []float64) {
		e := 0
		for j := range n {
			for i := max(0, j-1); i <= min(n-1, j+1); i++ {
				vals[e] = scale
				if i == j {
					vals[e] = -2 * scale
				}
				e++
			}
		}
	}
	p.NewKernels = func() *Kernels { return k }
	return p
}

// dahlquist is a nonstiff problem with a linear part that does not commute with the rest.
func dahlquist() *Problem {
	p := system("dahlquist", []float64{1, 0.5}, nil, 2, func(t float64, u, _, du []float64) {
		du[0] = -2*u[0] + u[1] + math.Sin(u[0]*u[1]) + 0.3*math.Cos(2*t)
		du[1] = -3*u[0] - u[1] + 0.5*u[1]*u[0]
	})
	p.Jac, p.Linear = band(2, 1), band(2, 1)
	k := p.NewKernels()
	k.Linear = func(_, vals []float64) { copy(vals, []float64{-2, -3, 1, -1}) }
	p.NewKernels = func() *Kernels { return k }
	return p
}

// Orders on a nonstiff problem, at the end of steps and within, and on a stiff parabolic one, where those of
// methods without stiff order fall; the error of the latter is that of the end, in the largest entry.
func TestETDOrder(t *testing.T) {
	p := dahlquist()
	ref := fixedStep(t, p, "Vern9", 1.0/500)
	stiff := heated(100)
	// Least orders on the stiff problem: those of Hochbruck and Ostermann's theory or, where the
	// problem is kinder than its worst case, seen in their section 6.
	least := map[string]float64{"LawsonEuler": 0.4, "NorsettEuler": 0.9, "ETDRK2": 1.8, "ETDRK3": 1.8, "ETDRK4": 2, "Krogstad4": 2.8, "HochOst4": 3.7, "LawsonRK4": 0.4}
	for _, name := range etdNames {
		m, _ := Lookup(name)
		order := float64(m.Info().Order)
		var e, d, s [2]float64
		for k := range e {
			n := 40 << k
			sol := mustSolve(t, p, Options{Solver: name, InitialStep: 2 / float64(n), Dense: true})
			e[k] = farthest(sol.U, ref.U)
			var u, v [2]float64
			for i := range 200 {
				at := 2 * (float64(i) + 0.5) / 200
				sol.At(at, u[:])
				ref.At(at, v[:])
				d[k] = max(d[k], farthest(u[:], v[:]))
			}
			sol = mustSolve(t, stiff, Options{Solver: name, InitialStep: 1 / float64(n), FinalOnly: true})
			for i, v := range sol.U {
				s[k] = max(s[k], math.Abs(v-math.E*stiff.U0[i]))
			}
		}
		if slope := math.Log2(e[0] / e[1]); slope < order-0.3 || slope > order+1 {
			t.Errorf("%s: errors %.3g, %.3g: order %.2f, want %g", name, e[0], e[1], slope, order)
		}
		if slope := math.Log2(d[0] / d[1]); slope < order-0.6 {
			t.Errorf("%s: errors within steps %.3g, %.3g: order %.2f, want %g", name, d[0], d[1], slope, order)
		}
		slope := math.Log2(s[0] / s[1])
		if slope < least[name] {
			t.Errorf("%s: errors on a stiff problem %.3g, %.3g: order %.2f, want %g", name, s[0], s[1], slope, least[name])
		}
		t.Logf("%-12s order %.2f (%.2g), within steps %.2f, on a stiff problem %.2f (%.3g)", name, math.Log2(e[0]/e[1]), e[1], math.Log2(d[0]/d[1]), slope, s[1])
	}
}

// Krylov products give what dense matrices give; steps allocate nothing in either.
func TestETDKrylov(t *testing.T) {
	for _, name := range etdNames {
		p := heated(40)
		opt := Options{Solver: name, InitialStep: 0.05, RelTol: 1e-9, AbsTol: 1e-9, FinalOnly: true}
		want := mustSolve(t, p, opt).U
		in, err := NewIntegrator(context.Background(), p, opt)
		if err != nil {
			t.Fatal(err)
		}
		e := in.st.(*etd)
		e.kry = newKrylov(40, 3)
		e.kry.apply = func(x, y []float64) {
			e.lin.mul(x, y)
			for i := range y {
				y[i] *= e.scale
			}
		}
		for range 4 {
			e.b = append(e.b, make([]float64, 40))
		}
		for !in.Done() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		}
		// 20 steps with up to ten products, each with an error of 0.02 of the tolerance.
		if d := farthest(in.U(), want); d > 2e-8 {
			t.Errorf("%s: dense and Krylov differ by %g", name, d)
		}
	}
	for _, n := range []int{50, 250} {
		for _, name := range []string{"Krogstad4", "LawsonRK4"} {
			in, err := NewIntegrator(context.Background(), kpp(n, true), Options{Solver: name, InitialStep: 0.01, FinalOnly: true, Span: [2]float64{0, 1e4}})
			if err != nil {
				t.Fatal(err)
			}
			in.Step()
			if a := testing.AllocsPerRun(20, func() {
				if err := in.Step(); err != nil {
					t.Fatal(err)
				}
			}); a != 0 {
				t.Errorf("%s allocates %v times per step of %d equations", name, a, n)
			}
		}
	}
}

func TestETDRefused(t *testing.T) {
	_, err := Solve(context.Background(), heated(10), Options{Solver: "ETDRK4"})
	if err == nil || !strings.Contains(err.Error(), "--step") {
		t.Error(err)
	}
	// Backward in time, and a step that does not divide the span.
	p := dahlquist()
	there := mustSolve(t, p, Options{Solver: "Krogstad4", InitialStep: 0.0123})
	back := mustSolve(t, p, Options{Solver: "Krogstad4", InitialStep: 0.0123, Span: [2]float64{2, 0}, U0: there.U})
	if d := farthest(back.U, p.U0); d > 1e-6 {
		t.Errorf("there and back: %g", d)
	}
}
