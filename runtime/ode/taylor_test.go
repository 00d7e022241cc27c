package ode

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/taylor"
)

// tape writes right-hand sides as tapes.
type tape struct{ *taylor.Tape }

func (t tape) mul(a, b taylor.Value) taylor.Value { return t.Apply(taylor.OpMul, a, b) }
func (t tape) add(a, b taylor.Value) taylor.Value { return t.Apply(taylor.OpAdd, a, b) }
func (t tape) sub(a, b taylor.Value) taylor.Value { return t.Apply(taylor.OpSub, a, b) }
func (t tape) div(a, b taylor.Value) taylor.Value { return t.Apply(taylor.OpDiv, a, b) }
func (t tape) sqrt(a taylor.Value) taylor.Value   { return t.Apply(taylor.OpSqrt, a) }
func (t tape) neg(a taylor.Value) taylor.Value    { return t.Apply(taylor.OpNeg, a) }

// expanded gives a problem its Taylor coefficients: f(t, u) are the derivatives.
func expanded(p *Problem, f func(t tape, u []taylor.Value) []taylor.Value) *Problem {
	t := taylor.NewTape(p.N())
	var u []taylor.Value
	for i := range p.U0 {
		u = append(u, t.State(i))
	}
	for i, v := range f(tape{t}, u) {
		t.Derivative(i, v)
	}
	plain := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := plain()
		k.Jet = t.Jet()
		return k
	}
	return p
}

// bodyForce is -x/r^3, -y/r^3.
func bodyForce(t tape, x, y taylor.Value) (fx, fy taylor.Value) {
	r := t.add(t.mul(x, x), t.mul(y, y))
	r = t.mul(r, t.sqrt(r))
	return t.neg(t.div(x, r)), t.neg(t.div(y, r))
}

func taylorKepler(e, t1 float64) *Problem {
	return expanded(kepler(e, t1), func(t tape, u []taylor.Value) []taylor.Value {
		fx, fy := bodyForce(t, u[0], u[1])
		return []taylor.Value{u[2], u[3], fx, fy}
	})
}

// The error of a fixed order falls with the tolerance, and that of the adaptive order keeps it,
// to the rounding errors of the steps.
func TestTaylorAccuracy(t *testing.T) {
	const e, t1 = 0.3, 20
	// Kepler's equation at the end, by Newton's method.
	anomaly := float64(t1)
	for range 50 {
		anomaly -= (anomaly - e*math.Sin(anomaly) - t1) / (1 - e*math.Cos(anomaly))
	}
	x, y := math.Cos(anomaly)-e, math.Sqrt(1-e*e)*math.Sin(anomaly)
	for _, name := range []string{"Taylor", "Taylor10", "Taylor15", "Taylor20", "Taylor30"} {
		for _, tol := range []float64{1e-4, 1e-7, 1e-10, 1e-13, 1e-15} {
			if name == "Taylor10" && tol < 1e-13 {
				continue // steps so short that rounding adds up
			}
			for _, back := range []bool{false, true} {
				p := taylorKepler(e, t1)
				want := [2]float64{x, y}
				opt := Options{Solver: name, RelTol: tol, AbsTol: tol}
				if back {
					opt.Span = [2]float64{0, -t1}
					want[1] = -y
				}
				sol := mustSolve(t, p, opt)
				err := math.Hypot(sol.U[0]-want[0], sol.U[1]-want[1])
				// Errors in the period add up over three revolutions, to 3*2*pi times the
				// error in energy of all steps.
				if !(err < 100*tol+5e-14) {
					t.Errorf("%s at %g, backward %v: error %.3g; %+v", name, tol, back, err, sol.Stats)
				}
			}
		}
	}
}

// The order: the error of a step of fixed length falls with the power p+1 of it. The polynomial is that
// of the solution, so the interpolant shows it too.
func TestTaylorOrder(t *testing.T) {
	p := taylorKepler(0.1, 0.8)
	ref := mustSolve(t, p, Options{Solver: "Taylor30", RelTol: 1e-15, AbsTol: 1e-15})
	var errs [2]float64
	for i, h := range []float64{0.8, 0.4} {
		sol := fixedStep(t, taylorKepler(0.1, 0.8), "Taylor10", h)
		if sol.Stats.Steps != int(0.8/h+0.5) {
			t.Fatalf("%d steps of %g", sol.Stats.Steps, h)
		}
		errs[i] = math.Hypot(sol.U[0]-ref.U[0], sol.U[1]-ref.U[1])
	}
	// Global order 10; the next term of the error takes a little of it at such long steps.
	if ratio := errs[0] / errs[1]; ratio < math.Exp2(9) || ratio > math.Exp2(12) {
		t.Errorf("errors %.3g, a ratio of %.4g, want about %g", errs, ratio, math.Exp2(10))
	}
}

// The energy of a Kepler orbit after a thousand revolutions: a random walk of the rounding errors of
// steps, no drift.
func TestTaylorEnergy(t *testing.T) {
	p := taylorKepler(0.5, 1000*2*math.Pi)
	sol := mustSolve(t, p, Options{Solver: "Taylor", RelTol: 1e-15, AbsTol: 1e-15, FinalOnly: true})
	e := math.Abs(keplerEnergy(sol.U)-keplerEnergy(p.U0)) / 0.5
	t.Logf("%d steps, relative error of the energy %.3g", sol.Stats.Steps, e)
	// Twenty thousand steps of 2^-53, magnified six times at the perihelion, where v^2/2 = 1.5 and 1/r = 2 leave
	// 0.5: a walk goes sqrt(2e4)*6*2^-53 = 9.4e-14 far, a drift 1.3e-11.
	if !(e < 1e-13) {
		t.Errorf("relative error of the energy %.3g after %d steps", e, sol.Stats.Steps)
	}
}

// Steps that are projected onto the energy: nothing that belongs to the point before is kept.
func TestTaylorProjection(t *testing.T) {
	p := taylorKepler(0.5, 100)
	p.NInv = 1
	want := keplerEnergy(p.U0)
	plain := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := plain()
		k.Invariants = func(_ float64, u, _, g []float64) { g[0] = keplerEnergy(u) - want }
		return k
	}
	free := mustSolve(t, taylorKepler(0.5, 100), Options{Solver: "Taylor", RelTol: 1e-5, AbsTol: 1e-5})
	sol := mustSolve(t, p, Options{Solver: "Taylor", RelTol: 1e-5, AbsTol: 1e-5})
	// The projection is done to a thousandth of the tolerance or better.
	if e, f := math.Abs(keplerEnergy(sol.U)-want), math.Abs(keplerEnergy(free.U)-want); !(e < 1e-8) || f < 10*e || sol.Stats.Project == 0 {
		t.Errorf("error of the energy %.3g, %.3g without projection, %+v", e, f, sol.Stats)
	}
}

// A condition that no event guards: the slope at the end of the step tells.
func TestTaylorKink(t *testing.T) {
	p := system("kink", []float64{-1}, nil, 2, func(t float64, u, p, du []float64) { du[0] = 1 + math.Abs(u[0]) })
	expanded(p, func(t tape, u []taylor.Value) []taylor.Value {
		return []taylor.Value{t.add(t.Const(1), t.Apply(taylor.OpAbs, u[0]))}
	})
	// u' = 1 - u, u = 1 - 2 exp(-t) until t = ln 2; then u' = 1 + u, u = exp(t - ln 2) - 1.
	want := math.Exp(2-math.Ln2) - 1
	for _, tol := range []float64{1e-4, 1e-7, 1e-10} {
		sol := mustSolve(t, p, Options{Solver: "Taylor", RelTol: tol, AbsTol: tol})
		if err := math.Abs(sol.U[0] - want); !(err < 30*tol) || sol.Stats.Rejected == 0 {
			t.Errorf("tolerance %g: error %.3g, %+v", tol, err, sol.Stats)
		}
	}
}

// What it cannot take it says.
func TestTaylorRefuses(t *testing.T) {
	if _, err := Solve(context.Background(), lorenzPlain(), Options{Solver: "Taylor"}); err == nil || !strings.Contains(err.Error(), "Vern9") {
		t.Errorf("%v", err)
	}
	if _, err := Solve(context.Background(), index1(3), Options{Solver: "Taylor", Form: "dae"}); err == nil || !strings.Contains(err.Error(), "algebraic") {
		t.Errorf("%v", err)
	}
}

func TestTaylorAllocations(t *testing.T) {
	p := lorenz()
	p.Span[1] = 1e6
	in, err := NewIntegrator(context.Background(), p, Options{Solver: "Taylor", RelTol: 1e-10, FinalOnly: true, SaveAt: []float64{0, 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	u := make([]float64, 3)
	if n := testing.AllocsPerRun(200, func() {
		if err := in.Step(); err != nil {
			t.Fatal(err)
		}
		in.Interpolate((in.ws.T+in.ws.TPrev)/2, u)
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
