package vm

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/internal/modeltext"
	"github.com/mtkc/mtkc/runtime/elementary"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/structural"
)

func compile(t testing.TB, text string) *backend.Program {
	t.Helper()
	pl, list := structural.Analyze(modeltext.System(t, text), structural.Options{})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return lower(t, pl)
}

func solve(t testing.TB, text string, opt ode.Options) *ode.Solution {
	t.Helper()
	s, err := ode.Solve(context.Background(), Problem(compile(t, text)), opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func final(t testing.TB, s *ode.Solution, names ...string) []float64 {
	t.Helper()
	v, err := s.Final(names)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func near(t testing.TB, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %v, want %v within %g", what, got, want, tol)
	}
}

// Harmonic oscillator with eliminated variables: x = cos(w t), energy conserved.
func TestOscillator(t *testing.T) {
	s := solve(t, `
		param w = 2
		param twice = 2*w
		var x = 1 fixed
		var v = 0 fixed
		var a
		var neg
		var e
		der(x) = v
		der(v) = a
		a = -w*w*x
		neg = -x
		e = v^2/2 + w*twice*x^2/4`,
		ode.Options{Span: [2]float64{0, 3}, RelTol: 1e-9, AbsTol: 1e-11})
	v := final(t, s, "x", "v", "neg", "a", "e", "twice")
	near(t, "x", v[0], math.Cos(6), 1e-7)
	near(t, "v", v[1], -2*math.Sin(6), 1e-7)
	near(t, "neg", v[2], -math.Cos(6), 1e-7)
	near(t, "a", v[3], -4*math.Cos(6), 1e-6)
	near(t, "e", v[4], 2, 1e-7)
	near(t, "twice", v[5], 4, 0)
}

// A bound parameter follows the one it depends on, unless it was set itself.
func TestBind(t *testing.T) {
	const text = `
		param a = 2
		param b = 3*a
		param c = b + a
		var x = c fixed
		der(x) = 0*x`
	for _, c := range []struct {
		set  map[string]float64
		want float64
	}{
		{nil, 8}, {map[string]float64{"a": 1}, 4}, {map[string]float64{"b": 1}, 3},
		{map[string]float64{"a": 1, "b": 10}, 11}, {map[string]float64{"a": 5, "start(x)": 7}, 7}, {map[string]float64{"x": 9}, 9},
	} {
		s := solve(t, text, ode.Options{Span: [2]float64{0, 1}, Set: c.set})
		near(t, "x", final(t, s, "x")[0], c.want, 1e-12)
	}
}

// A ball dropped from 1 m bounces: it reaches the floor at sqrt(2/g), and after the
// first bounce the peak is e^2.
func TestBounce(t *testing.T) {
	s := solve(t, `
		param g = 9.81
		param e = 0.8
		var h = 1 fixed
		var v = 0 fixed
		discrete n = 0
		der(h) = v
		der(v) = -g
		when h < 0 then reinit v = -e*pre(v); set n = pre(n) + 1`,
		ode.Options{Span: [2]float64{0, math.Sqrt(2/9.81) * (1 + 0.8)}, RelTol: 1e-9, AbsTol: 1e-11})
	v := final(t, s, "h", "v", "n")
	near(t, "h at the peak", v[0], 0.64, 1e-7)
	near(t, "v at the peak", v[1], 0, 1e-6)
	near(t, "n", v[2], 1, 0)
}

// Samples, terminate and discrete values that follow each other.
func TestSamples(t *testing.T) {
	s := solve(t, `
		param T = 0.25
		var x = 0 fixed
		discrete k = 0
		discrete y = 0
		var z
		der(x) = y
		z = 2*y + k
		when sample(T, T) then set k = pre(k) + 1; set y = k*2
		when k > 3.5 then terminate enough`,
		ode.Options{Span: [2]float64{0, 10}})
	if s.Retcode.String() != "Terminated" {
		t.Fatalf("%v", s.Retcode)
	}
	// y is 2, 4, 6 over the three intervals before the end at t = 1.
	v := final(t, s, "x", "k", "y", "z")
	near(t, "x", v[0], 0.25*(2+4+6), 1e-9)
	near(t, "k", v[1], 4, 0)
	near(t, "y", v[2], 8, 0)
	near(t, "z", v[3], 20, 0)
}

// A branch that is not taken has no value and must not matter, in f and its Jacobian.
func TestUntaken(t *testing.T) {
	prog := compile(t, `
		var x = -1 fixed
		var y = 1 fixed
		var l
		l = log(x)
		der(x) = if noEvent(x > 0) then l + sqrt(x) else -y
		der(y) = if noEvent(x <> 0) then y/x else 0`)
	p := Problem(prog)
	k := p.NewKernels()
	du, vals := make([]float64, 2), make([]float64, p.Jac.NNZ())
	for _, x := range []float64{-1, 0, 2} {
		k.RHS(0, []float64{x, 1}, p.P, du)
		k.Jac(0, []float64{x, 1}, p.P, vals)
		for i, v := range append(append([]float64(nil), du...), vals...) {
			if math.IsNaN(v) {
				t.Errorf("x = %g: value %d is not a number: du %v, J %v", x, i, du, vals)
			}
		}
	}
}

// An index-3 pendulum: invariants, their Jacobian and the initialization plan.
func TestPendulum(t *testing.T) {
	prog := compile(t, `
		param g = 9.81
		var x = 1 fixed
		var y = 0
		var vx = 0
		var vy = 0 fixed
		var F
		der(x) = vx
		der(y) = vy
		der(vx) = F*x
		der(vy) = F*y - g
		x^2 + y^2 = 1`)
	p := Problem(prog)
	if p.Index != 3 || p.Init == nil || p.NInv == 0 {
		t.Fatalf("index %d, %d invariants", p.Index, p.NInv)
	}
	s, err := ode.Solve(context.Background(), p, ode.Options{Span: [2]float64{0, 3}, RelTol: 1e-8, AbsTol: 1e-10})
	if err != nil {
		t.Fatal(err)
	}
	v := final(t, s, "x", "y", "vx", "vy")
	near(t, "length", v[0]*v[0]+v[1]*v[1], 1, 1e-8)
	near(t, "energy", (v[2]*v[2]+v[3]*v[3])/2+9.81*v[1], 0, 1e-5)
}

// Nonlinear initial equations and a parameter that is found by them: x*x = c with
// x = 3 at the start.
func TestInitial(t *testing.T) {
	s := solve(t, `
		param c = 4 free
		var x = 2
		var y
		init x = 3
		init y = 0.5
		der(x) = -x + c - c
		y + sin(y) = x*x/c`,
		ode.Options{Span: [2]float64{0, 1}, RelTol: 1e-9, AbsTol: 1e-11})
	v := final(t, s, "c", "x", "y")
	c := 9 / (0.5 + math.Sin(0.5))
	near(t, "c", v[0], c, 1e-8)
	near(t, "x", v[1], 3*math.Exp(-1), 1e-7)
	near(t, "y + sin(y)", v[2]+math.Sin(v[2]), v[1]*v[1]/c, 1e-7)
}

// A kernel allocates nothing, and machines of several goroutines do not disturb each
// other.
func TestKernels(t *testing.T) {
	prog := compile(t, `
		var x = 1 fixed
		var y = 2 fixed
		discrete n = 0
		der(x) = sin(y) + n
		der(y) = x*y/(1 + x^2)
		when x > 2 then set n = pre(n) + 1
		assert x < 100`)
	m := New(prog)
	p := m.Problem()
	k := m.Kernels()
	du, vals, g := make([]float64, 2), make([]float64, p.Jac.NNZ()), make([]float64, 1)
	unew, pnew := make([]float64, 2), make([]float64, len(p.P))
	u := []float64{1, 2}
	obs := m.Observer([]int{0, 1, 2})
	out := make([]float64, 3)
	if n := testing.AllocsPerRun(100, func() {
		k.RHS(0, u, p.P, du)
		k.Jac(0, u, p.P, vals)
		k.TGrad(0, u, p.P, du)
		k.Crossings(0, u, p.P, g)
		k.Update(0, u, p.P, unew, pnew)
		k.Assert(0, u, p.P)
		obs(0, u, p.P, out)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if code := k.Assert(0, []float64{200, 0}, p.P); code == 0 || !p.Hybrid.Actions[code-1].Always {
		t.Errorf("assertion: code %d", code)
	}
	var wg sync.WaitGroup
	for id := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			k := m.Kernels()
			du := make([]float64, 2)
			for i := range 1000 {
				x := float64(id) + float64(i)/1000
				k.RHS(0, []float64{x, 2}, p.P, du)
				if du[0] != elementary.Sin(2) || du[1] != x*2/(1+float64(x*x)) {
					t.Errorf("x = %v: %v", x, du)
					return
				}
			}
		}()
	}
	wg.Wait()
}

func TestEquationText(t *testing.T) {
	p := Problem(compile(t, `
		var x = 1 fixed
		var y = 1 fixed
		var z
		der(x) = -z*y
		z^5 + z = x
		der(y) = y`))
	for i, want := range []string{"test.mo:5: der(x) = ", "test.mo:7: der(y) = ", "test.mo:6: z + z^5 = x"} {
		if got := p.Equation(i); !strings.HasPrefix(got, want) {
			t.Errorf("row %d: %q, want %q", i, got, want)
		}
	}
}
