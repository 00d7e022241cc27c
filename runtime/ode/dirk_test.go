package ode

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// diagonalNames are the diagonally implicit methods of the tests for every method: each form
// of table is among them.
var diagonalNames = []string{"TRBDF2", "KenCarp3", "KenCarp4", "Kvaerno5", "KenCarp58", "Cash4", "Hairer4", "SDIRK2", "ESDIRK54I8L2SA", "QESDIRK436L2SA_6_3_4"}

// fixedDIRK is the method of a table with a fixed step, whatever error estimate it has.
func fixedDIRK(name string) Method {
	d := tableau.ReadDIRK(name)
	d.BHat, d.Embedded = nil, 0
	return DiagonalRK(d)
}

// nonlinear is u' = -2 t u^2, v' = u - v with the exact solution u = 1/(1 + t^2) and v from a
// linear equation; its Jacobian is exact.
func nonlinear() *Problem {
	p := system("nonlinear", []float64{1, 0.5}, nil, 1, nil)
	p.Jac = linsolve.Dense(2, 2)
	k := &Kernels{
		RHS: func(t float64, u, p, du []float64) {
			du[0] = -2 * t * u[0] * u[0]
			du[1] = math.Cos(3*t)*u[0]*u[1] - u[1]*u[1]
		},
		Jac: func(t float64, u, p, v []float64) {
			v[0], v[1] = -4*t*u[0], math.Cos(3*t)*u[1]
			v[2], v[3] = 0, math.Cos(3*t)*u[0]-2*u[1]
		},
	}
	p.NewKernels = func() *Kernels { return k }
	return p
}

// convergence returns the observed order of m on p from two fixed steps, and the error of
// the smaller one; exact is the solution at the end.
func convergence(t *testing.T, p *Problem, m Method, n int, exact []float64) (order, small float64) {
	t.Helper()
	var e [2]float64
	for i := range e {
		steps := n << i
		sol, err := Solve(context.Background(), p, Options{Method: m, InitialStep: p.Span[1] / float64(steps), RelTol: 1e-13, AbsTol: 1e-14})
		if err != nil {
			t.Fatalf("%s: %v", m.Info().Name, err)
		}
		if sol.Stats.Steps != steps {
			t.Fatalf("%s: %d steps, want %d", m.Info().Name, sol.Stats.Steps, steps)
		}
		for k, v := range exact {
			e[i] = max(e[i], math.Abs(v-sol.U[k]))
		}
	}
	return math.Log2(e[0] / e[1]), e[1]
}

// Every table shows its order.
func TestDiagonalOrder(t *testing.T) {
	p := nonlinear()
	p.Span[1] = 3
	ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-14, AbsTol: 1e-15})
	for _, name := range tableau.Names(tableau.Diagonal) {
		d := tableau.ReadDIRK(name)
		steps := 100
		if d.Order > 4 {
			steps = 40 // or the errors are those of rounding
		}
		got, e := convergence(t, p, fixedDIRK(name), steps, ref.U)
		// From two steps the order comes out within 0.3 where the error is well above rounding.
		if want := float64(d.Order); got < want-0.3 || got > want+1.3 {
			t.Errorf("%s: order %.2f, want %d (error %.2g)", name, got, d.Order, e)
		}
	}
}

// The interpolants are as good: half way through steps the error falls with the order of the
// interpolant, which is at most one less than that of the solution up to order 5.
func TestDiagonalInterpolantOrder(t *testing.T) {
	p := nonlinear()
	ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-14, AbsTol: 1e-15, Dense: true})
	for _, name := range tableau.Names(tableau.Diagonal) {
		d := tableau.ReadDIRK(name)
		var e [2]float64
		for i := range e {
			sol := mustSolve(t, p, Options{Method: fixedDIRK(name), InitialStep: 1 / float64(int(20)<<i), RelTol: 1e-13, AbsTol: 1e-14, Dense: true})
			var u, v [2]float64
			for j := range 200 {
				at := (float64(j) + 0.5) / 200
				sol.At(at, u[:])
				ref.At(at, v[:])
				e[i] = max(e[i], math.Abs(u[0]-v[0]))
			}
		}
		want := float64(min(d.Order, d.Coeffs().DenseOrder+1))
		if got := math.Log2(e[0] / e[1]); got < want-0.4 {
			t.Errorf("%s: interpolant of order %.2f, want %g (error %.2g)", name, got, want, e[1])
		}
	}
}

// kaps is the problem of Kaps with the stiffness 1/eps and the exact solution (exp(-2t),
// exp(-t)), which does not depend on it; eps 0 makes the first equation algebraic.
func kaps(eps float64) *Problem {
	p := system("kaps", []float64{1, 1}, nil, 1, nil)
	p.Jac = linsolve.Dense(2, 2)
	k := &Kernels{
		RHS: func(t float64, u, p, du []float64) {
			du[0] = -2*u[0] + (u[1]*u[1]-u[0])/eps
			du[1] = u[0] - u[1] - u[1]*u[1]
			if eps == 0 {
				du[0] = u[1]*u[1] - u[0]
			}
		},
		Jac: func(t float64, u, p, v []float64) {
			v[0], v[2] = -2-1/eps, 2*u[1]/eps
			if eps == 0 {
				v[0], v[2] = -1, 2*u[1]
			}
			v[1], v[3] = 1, -1-2*u[1]
		},
	}
	if eps == 0 {
		p.Mass = []float64{0, 1}
	}
	p.NewKernels = func() *Kernels { return k }
	return p
}

// On a stiff problem stiffly accurate methods of stage order 2 keep an order of two at least, and on its limit, a
// system with an algebraic equation, their whole order: Hairer, Wanner, Solving ODEs II,
// VI.1 and VI.3. Others do not take algebraic equations.
func TestDiagonalStiff(t *testing.T) {
	exact := []float64{math.Exp(-2), math.Exp(-1)}
	for _, name := range tableau.Names(tableau.Diagonal) {
		d := tableau.ReadDIRK(name)
		m := fixedDIRK(name)
		if !d.StifflyAccurate {
			_, err := Solve(context.Background(), kaps(0), Options{Method: m, InitialStep: 0.1})
			if err == nil || !strings.Contains(err.Error(), "not stiffly accurate") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		got, e := convergence(t, kaps(0), m, 10, exact)
		if got < float64(d.Order)-0.35 {
			t.Errorf("%s: order %.2f with an algebraic equation, want %d (error %.2g)", name, got, d.Order, e)
		}
		if d.RInfinity != "0" {
			continue
		}
		got, e = convergence(t, kaps(1e-5), m, 10, exact)
		// The bound of the papers is h^p + eps h^q, q the stage order or one less.
		if e > 4*math.Pow(0.05, float64(d.Order))+1e-5*0.05 {
			t.Errorf("%s: error %.2g at stiffness 1e5 (order %.2f)", name, e, got)
		}
	}
}

// Prothero and Robinson's equation at a stiffness of 1e6, with steps far longer than its time constant: the
// error test does not see what the steps damp, and the solution stays at the tolerance.
func TestDiagonalProtheroRobinson(t *testing.T) {
	p := system("prothero-robinson", []float64{0}, nil, 10, func(t float64, u, p, du []float64) {
		du[0] = -1e6*(u[0]-math.Sin(t)) + math.Cos(t)
	})
	for _, name := range diagonalNames {
		sol := mustSolve(t, p, Options{Solver: name, RelTol: 1e-5, AbsTol: 1e-5})
		if e := math.Abs(sol.U[0] - math.Sin(10)); e > 1e-4 || sol.Stats.Steps > 600 {
			t.Errorf("%s: error %.2g, %+v", name, e, sol.Stats)
		}
	}
}

// Digits on published stiff problems and DAEs, at least one less than the tolerance asks for;
// the sensitive ones one more (see REFERENCE.md of the data).
func TestDiagonalZoo(t *testing.T) {
	for _, c := range []struct {
		name  string
		scale float64
		want  float64
	}{
		{"rober", 1e-6, 5}, {"rober_dae", 1e-6, 5}, {"hires", 1e-4, 4}, {"orego", 1, 3.5}, {"pollu", 1e-3, 5}, {"vdpol", 1, 4}, {"chemakzo", 1, 5},
	} {
		p, ref := zoo(t, c.name)
		for _, name := range []string{"KenCarp4", "Kvaerno5", "KenCarp58", "ESDIRK547L2SA2_7_4_5"} {
			sol := mustSolve(t, p, Options{Solver: name, RelTol: 1e-6, AbsTol: 1e-6 * c.scale})
			if d := mixedDigits(sol.U, ref, c.scale); d < c.want {
				t.Errorf("%s on %s: %.1f digits (%+v)", name, c.name, d, sol.Stats)
			}
			// Factors serve several steps, and stages a little more than two iterations each.
			s := sol.Stats
			if s.Factor > s.Steps+s.Rejected || float64(s.Newton) > 3.2*float64((s.Steps+s.Rejected)*7) {
				t.Errorf("%s on %s: %+v", name, c.name, s)
			}
		}
	}
}

// A step allocates nothing, whether it is accepted or not, and neither does its interpolant.
func TestDiagonalAllocates(t *testing.T) {
	for _, name := range diagonalNames {
		p := brusselator(1e9)
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: 1e-4, AbsTol: 1e-4, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, 2)
		step := func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
			in.Interpolate((in.ws.T+in.ws.TPrev)/2, u)
		}
		for range 20 {
			step()
		}
		if n := testing.AllocsPerRun(200, step); n != 0 {
			t.Errorf("%s: %v allocations for each step", name, n)
		}
	}
}

// A linear problem is solved with one J, and a run with a fixed step with one factorisation of
// each matrix; a method without error estimate asks for its step.
func TestDiagonalFixed(t *testing.T) {
	p := kpp(20, false)
	p.P = []float64{0.01, 0}
	for _, name := range []string{"ImplicitEuler", "Trapezoid", "ImplicitMidpoint", "SFSDIRK4"} {
		if _, err := Solve(context.Background(), p, Options{Solver: name}); err == nil || !strings.Contains(err.Error(), "InitialStep") {
			t.Errorf("%s: %v", name, err)
		}
		sol := mustSolve(t, p, Options{Solver: name, InitialStep: 1.0 / 64})
		if s := sol.Stats; s.Steps != 64 || s.Jac != 1 || s.Factor != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// Pairs whose both solutions are stiffly accurate see no error in components that follow others, or the time, at once:
// u' = -1e4 (u - cos t) - sin t, and 0 = v - u^2 beside it. Between the ends of steps the solution follows all
// the same, where it is asked for; without a limit by the interpolant the errors at a tolerance of 1e-7 were about 2e-4.
func TestDirkInterpolantLimit(t *testing.T) {
	p := system("follower", []float64{1, 1}, nil, 10, func(t float64, u, _, du []float64) {
		du[0] = -1e4*(u[0]-math.Cos(t)) - math.Sin(t)
		du[1] = u[1] - u[0]*u[0]
	})
	p.Mass = []float64{1, 0}
	for _, name := range []string{"TRBDF2", "Kvaerno3", "KenCarp3", "ESDIRK324L2SA_4_2_3", "ESDIRK32I5L2SA_5_2_3", "Kvaerno4", "KenCarp4", "ESDIRK43I6L2SA_6_3_4", "Kvaerno5", "KenCarp5", "KenCarp58", "ESDIRK54I8L2SA", "ESDIRK659L2SA"} {
		for _, tol := range []float64{1e-3, 1e-5, 1e-7} {
			sol := mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol, Dense: true})
			worst, u := 0.0, make([]float64, 2)
			for i := range 1000 {
				at := 10 * (float64(i) + 0.5) / 1000
				sol.At(at, u)
				c := math.Cos(at)
				worst = max(worst, math.Abs(u[0]-c), math.Abs(u[1]-c*c))
			}
			// Ten tolerances are allowed, of which the stage within the step sees half or more, with |u| up to 1.
			if worst > 40*tol {
				t.Errorf("%s at %g: error %.3g between steps, %d of them", name, tol, worst, sol.Stats.Steps)
			}
		}
	}
}
