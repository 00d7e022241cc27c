package fuse

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

// build compiles a model of modeltext.
func build(t testing.TB, text string, opt backend.Options) *backend.Program {
	t.Helper()
	pl, list := structural.Analyze(modeltext.System(t, text), structural.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	prog, list := backend.Lower(pl, opt)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return prog
}

func compile(t testing.TB, text string) *backend.Program { return build(t, text, backend.Options{}) }

// The models of the tests.
const (
	lorenz = `
		param s = 10
		param r = 28
		param b = 8/3
		var x = 1 fixed
		var y = 0 fixed
		var z = 0 fixed
		der(x) = s*(y - x)
		der(y) = x*(r - z) - y
		der(z) = x*y - b*z`
	// Hairer, Norsett, Wanner, Solving ODEs I, (16.12), with a forcing term, so that f depends on time.
	brusselator = `
		var x = 1.5 fixed
		var y = 3 fixed
		der(x) = 1 + x*x*y - 4*x + 0.3*sin(2*time)
		der(y) = 3*x - x*x*y`
	pendulum = `
		var phi = 2 fixed
		var w = 0 fixed
		der(phi) = w
		der(w) = -9.81*sin(phi) - 0.1*w`
	// The transistor amplifier of Hairer, Wanner, Solving ODEs II, VI.1, with the voltages of three
	// capacitors as states, so that the matrix before the derivatives is diagonal.
	amplifier = `
		var y2 = 3
		var y5 = 3
		var y1
		var y4
		var y7
		var y8
		var u1 = -3 fixed
		var u3 = 3 fixed
		var u5 = 6 fixed
		var y3 = 3 fixed
		var y6 = 3 fixed
		var i1
		var i3
		var i5
		var g2
		var g5
		g2 = 1e-6*(exp((y2 - y3)/0.026) - 1)
		g5 = 1e-6*(exp((y5 - y6)/0.026) - 1)
		y1 = y2 + u1
		y4 = y5 + u3
		y7 = y8 + u5
		i1 = (0.1*sin(628.3185307179586*time) - y1)/1000
		der(u1) = i1/1e-6
		6/9000 - y2*2/9000 + i1 = 0.01*g2
		der(y3) = (g2 - y3/9000)/2e-6
		i3 = 6/9000 - y4/9000 - 0.99*g2
		der(u3) = i3/3e-6
		6/9000 - y5*2/9000 + i3 = 0.01*g5
		der(y6) = (g5 - y6/9000)/4e-6
		i5 = 6/9000 - y7/9000 - 0.99*g5
		der(u5) = i5/5e-6
		i5 = y8/9000`
)

// integrator makes a fused method.
func integrator(t testing.TB, prog *backend.Program, method string, opt Options) *Integrator {
	t.Helper()
	in, err := New(prog, method, opt)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// trajectory is a run of one trajectory on the scalar vm.
type trajectory struct {
	in   *Integrator
	x, p []float64
	step func()
	save func(at float64, out []float64)
}

// start begins a trajectory from the initial values of the model.
func start(t testing.TB, prog *backend.Program, in *Integrator, t0, t1 float64, s Settings) *trajectory {
	t.Helper()
	x, p := make([]float64, in.Slots), make([]float64, in.NPAll())
	u, p0 := initial(t, prog, t0, t1)
	x[T], x[TEnd] = t0, t1
	copy(x[StateAt:], u)
	copy(p, p0)
	in.Put(s, p)
	return begin(in, x, p)
}

// begin makes a trajectory of x, of which T, TEnd and the states are set.
func begin(in *Integrator, x, p []float64) *trajectory {
	y := make([]float64, in.Slots)
	vm.Function(in.Begin, in.Funcs)(0, x, p, y)
	copy(x, y)
	f := vm.Function(in.Step, in.Funcs)
	tr := &trajectory{in: in, x: x, p: p}
	tr.step = func() { f(0, tr.x, p, y); copy(tr.x, y) }
	if in.Save != nil {
		g := vm.Function(in.Save, in.Funcs)
		tr.save = func(at float64, out []float64) { tr.x[TSave] = at; g(0, tr.x, p, out) }
	}
	return tr
}

// initial is the consistent state at the start, and p.
func initial(t testing.TB, prog *backend.Program, t0, t1 float64) (u, p []float64) {
	t.Helper()
	in, err := ode.NewIntegrator(context.Background(), vm.Problem(prog), ode.Options{Span: [2]float64{t0, t1}})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(in.U()), slices.Clone(in.P())
}

// solve is the solution by package ode.
func solve(t testing.TB, prog *backend.Program, opt ode.Options) *ode.Solution {
	t.Helper()
	s, err := ode.Solve(context.Background(), vm.Problem(prog), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// last is the state at the end of a solution.
func last(s *ode.Solution) []float64 { return s.State(s.Len() - 1) }

// distance is the largest difference of two states, relative to 1 + |b|.
func distance(a, b []float64) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i])/(1+math.Abs(b[i])))
	}
	return d
}

func (tr *trajectory) run() {
	for tr.x[Status] == Running {
		tr.step()
	}
}

func (tr *trajectory) u() []float64 { return tr.x[StateAt : StateAt+tr.in.N] }
