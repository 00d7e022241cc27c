package ode

import (
	"bytes"
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// firkSteps integrates in equal steps with iterations that go on to rounding level and calls
// each after every step.
func firkSteps(t testing.TB, method string, p *Problem, steps int, each func(ws *Workspace, st Stepper)) {
	t.Helper()
	m, err := Lookup(method)
	if err != nil {
		t.Fatal(err)
	}
	h := (p.Span[1] - p.Span[0]) / float64(steps)
	ws := newWorkspace(context.Background(), p, p.NewKernels(), p.P, p.Span[0], p.Span[1])
	copy(ws.U, p.U0)
	ws.RelTol = 1
	for i := range ws.AbsTol {
		ws.AbsTol[i] = 1
	}
	ws.InitialStep, ws.HMax, ws.H, ws.TStop = h, h, h, ws.TEnd
	st, err := m.New(ws)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Restart(); err != nil {
		t.Fatal(err)
	}
	r := st.(*firk)
	for ws.T < ws.TEnd {
		r.rtol, r.newtonTol, r.rate = 1, 1e-14, 1
		if !r.fixed {
			c := *r.c
			c.newtonMax = 40
			r.c = &c
		}
		ws.H = h
		if left := ws.TEnd - ws.T; left < 1.5*h {
			ws.H = left
		}
		if err := st.Step(); err != nil {
			t.Fatalf("%s %s: %v", method, p.Name, err)
		}
		each(ws, st)
	}
}

// orders says in how many steps the errors of a method of that order lie well above
// rounding and are governed by the order already.
func orders(order int) (n1, n2 int) {
	switch {
	case order <= 2:
		return 100, 200
	case order <= 4:
		return 30, 60
	case order <= 6:
		return 10, 20
	case order <= 8:
		return 3, 6
	case order <= 10:
		return 8, 16
	}
	return 3, 6
}

// fast is an oscillation in which methods of high order have errors well above rounding, as an ordinary
// differential equation and with an algebraic variable: exact solution cos 4t, -sin 4t.
func fast(algebraic bool) *Problem {
	if !algebraic {
		return system("fast", []float64{1, 0}, nil, 2, func(t float64, u, _, du []float64) { du[0], du[1] = 4*u[1], -4*u[0] })
	}
	p := system("fast, index 1", []float64{1, 0, 0}, nil, 2, func(t float64, u, _, du []float64) {
		w := u[2] + u[2]*u[2]*u[2]/30
		du[0], du[1], du[2] = 4*u[1], -4*w, w-u[0]
	})
	p.Mass = []float64{1, 1, 0}
	fastExact(0, p.U0)
	return p
}

func fastExact(t float64, u []float64) {
	u[0], u[1] = math.Cos(4*t), -math.Sin(4*t)
	if len(u) > 2 {
		// u2 + u2^3/30 = u0, by Cardano's formula.
		u[2] = 2 * math.Sqrt(10) * math.Sinh(math.Asinh(15*u[0]/math.Pow(10, 1.5))/3)
	}
}

// Every table on a nonlinear system with time in f, and the stiffly accurate ones on one of index
// 1: the order on a log-log slope of the errors at all steps.
func TestFIRKConvergence(t *testing.T) {
	for _, name := range tableau.Names(tableau.Full) {
		m, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		problems := []*Problem{forcedPair(2), index1(2)}
		exacts := []func(float64, []float64){forcedExact, index1Exact}
		if m.Info().Order > 8 {
			problems = []*Problem{fast(false), fast(true)}
			exacts = []func(float64, []float64){fastExact, fastExact}
		}
		for i, p := range problems {
			exact := exacts[i]
			if p.Mass != nil && !m.Info().Mass {
				continue
			}
			worst := func(steps int) float64 {
				e, want := 0.0, make([]float64, p.N())
				firkSteps(t, name, p, steps, func(ws *Workspace, _ Stepper) {
					exact(ws.T, want)
					for k, v := range ws.U {
						e = math.Max(e, math.Abs(v-want[k]))
					}
				})
				return e
			}
			order := m.Info().Order
			n1, n2 := orders(order)
			e1, e2 := worst(n1), worst(n2)
			s := slope(e1, e2, n1, n2)
			t.Logf("%s %s: %.3g in %d steps, %.3g in %d: slope %.2f", name, p.Name, e1, n1, e2, n2, s)
			// Lower terms are still seen at so few steps: a tenth of the order.
			if s < float64(order)-0.1*float64(order)-0.1 || e2 < 1e-15 {
				t.Errorf("%s %s: slope %.2f (errors %.3g, %.3g), order %d", name, p.Name, s, e1, e2, order)
			}
		}
	}
}

// The interpolant: of the order of the stages or, with the defect at the start, one more; of
// algebraic variables the order of the stages.
func TestFIRKInterpolantOrder(t *testing.T) {
	for _, name := range tableau.Names(tableau.Full) {
		m, _ := Lookup(name)
		e := tableau.ReadFIRK(name)
		order := min(e.Order, e.Stages(), e.StageOrder+1)
		if x := firkTable(name); x.Bubble != nil && e.Order > e.Stages() {
			order = e.Stages() + 1
		}
		problems := []*Problem{forcedPair(2), index1(2)}
		exacts := []func(float64, []float64){forcedExact, index1Exact}
		n1, n2 := orders(order)
		if order >= 6 {
			problems = []*Problem{fast(false), fast(true)}
			exacts = []func(float64, []float64){fastExact, fastExact}
		}
		for i, p := range problems {
			if p.Mass != nil && !m.Info().Mass {
				continue
			}
			worst := func(steps int) float64 {
				e, u, want := 0.0, make([]float64, p.N()), make([]float64, p.N())
				firkSteps(t, name, p, steps, func(ws *Workspace, st Stepper) {
					for k := range 9 {
						at := ws.TPrev + (ws.T-ws.TPrev)*float64(k)/8
						st.Interpolate(at, u)
						exacts[i](at, want)
						for j, v := range u {
							e = math.Max(e, math.Abs(v-want[j]))
						}
					}
				})
				return e
			}
			order := order
			if p.Mass != nil {
				order = min(order, e.Stages())
			}
			e1, e2 := worst(n1), worst(n2)
			s := slope(e1, e2, n1, n2)
			t.Logf("%s %s: %.3g, %.3g: slope %.2f, order %d", name, p.Name, e1, e2, s, order)
			if s < float64(order)-0.1*float64(order)-0.1 {
				t.Errorf("%s %s: the interpolant has slope %.2f (errors %.3g, %.3g), order %d", name, p.Name, s, e1, e2, order)
			}
		}
	}
}

// Gauss and Lobatto IIID methods are symplectic: the energy error of a pendulum that swings over
// a thousand units of time stays bounded, where that of Radau IIA in the same steps grows.
func TestFIRKSymplectic(t *testing.T) {
	p := system("pendulum", []float64{0, 1.5}, nil, 1000, func(t float64, u, _, du []float64) {
		du[0], du[1] = u[1], -math.Sin(u[0])
	})
	p.Jac = linsolve.Dense(2, 2)
	rhs := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := rhs()
		k.Jac = func(t float64, u, _, v []float64) { v[0], v[1], v[2], v[3] = 0, -math.Cos(u[0]), 1, 0 }
		return k
	}
	energy := func(u []float64) float64 { return u[1]*u[1]/2 - math.Cos(u[0]) }
	e0 := energy(p.U0)
	// The largest energy error in the first and in the last tenth of the run.
	drift := func(name string, steps int) (early, late float64) {
		firkSteps(t, name, p, steps, func(ws *Workspace, _ Stepper) {
			e := math.Abs(energy(ws.U) - e0)
			if ws.T < 100 {
				early = math.Max(early, e)
			} else if ws.T > 900 {
				late = math.Max(late, e)
			}
		})
		return early, late
	}
	for _, c := range []struct {
		name  string
		steps int
	}{{"Gauss2", 10000}, {"Gauss4", 4000}, {"Gauss6", 2000}, {"Gauss8", 1500}, {"Gauss10", 1000}, {"LobattoIIID2", 10000}, {"LobattoIIID4", 4000}, {"LobattoIIID6", 2000}, {"LobattoIIID8", 1500}} {
		early, late := drift(c.name, c.steps)
		if late > 2*early+1e-13 {
			t.Errorf("%s: the energy error grows from %.3g to %.3g", c.name, early, late)
		}
	}
	if early, late := drift("RadauIIA5", 2000); late < 5*early {
		t.Errorf("RadauIIA5: the energy error %.3g, %.3g does not grow: the test shows nothing", early, late)
	}
}

// What a user could ask for in vain is an error that says what to do.
func TestFIRKRefuses(t *testing.T) {
	for _, c := range []struct {
		method string
		p      *Problem
		opt    Options
		want   string
	}{
		{"Gauss4", oscillator(1), Options{}, "InitialStep"},
		{"RadauIA5", index1(1), Options{}, "nested"},
		{"LobattoIIIB4", index1(1), Options{}, "nested"},
		{"LobattoIIIC4", pendulumOfIndex(3), Options{}, "Radau"},
		{"BDF", pendulumOfIndex(2), Options{}, "Radau"},
		{"Radau", pendulumOfIndex(3), Options{Form: "nested"}, "as it stands"},
	} {
		c.opt.Solver = c.method
		_, err := Solve(context.Background(), c.p, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a word of %s", c.method, err, c.want)
		}
	}
	// A fixed step that is too long for the iteration.
	p := vanDerPol(1e6, 1e6)
	_, err := Solve(context.Background(), p, Options{Solver: "Gauss6", InitialStep: 2e5})
	wantFailure(t, err, NewtonFailure, "shorter")
}

// The generated loops are those of the generator.
func TestFIRKGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	dir := t.TempDir()
	if text, err := exec.Command("go", "run", "firk_gen.go", "--", filepath.Join(dir, "firk_kernels.go")).CombinedOutput(); err != nil {
		t.Skipf("the go command does not run here: %v\n%s", err, text)
	}
	for _, name := range []string{"firk_kernels.go", "firk_amd64.s"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what firk_gen.go writes: run go generate (%v)", name, err)
		}
	}
}

// The written-out loops agree with the general ones, with and without vectors.
func TestFIRKKernels(t *testing.T) {
	for _, n := range []int{2, 3, 7, 8, 13, 48} {
		for _, name := range []string{"RadauIIA5", "RadauIIA9", "RadauIIA13"} {
			testFIRKKernels(t, name, n)
		}
	}
}

func testFIRKKernels(t *testing.T, name string, n int) {
	ws, st := stepper(t, name, diffusion(n, 1), 1e-6, 1e-6)
	r := st.(*firk)
	c := r.c
	n = ws.N()
	fill := func(v []float64, seed float64) {
		for i := range v {
			v[i] = math.Sin(seed + 1.7*float64(i))
		}
	}
	for k := range c.N {
		fill(r.past[k], float64(k))
		fill(r.f[k], float64(k)+0.3)
		r.lam[k] = 1 + float64(k)
	}
	a := make([]float64, c.N*c.N)
	fill(a, 0.5)
	copyOf := func(v [][]float64) [][]float64 {
		var out [][]float64
		for _, x := range v {
			out = append(out, append([]float64(nil), x...))
		}
		return out
	}
	compare := func(what string, got, want [][]float64) {
		t.Helper()
		for k := range got {
			for i := range got[k] {
				// Sums of up to seven products of numbers up to 300.
				if math.Abs(got[k][i]-want[k][i]) > 1e-12*(1+math.Abs(want[k][i])) {
					t.Fatalf("%s: %s %d of component %d: %g, want %g", name, what, k, i, got[k][i], want[k][i])
				}
			}
		}
	}
	r.past0 = c
	r.start(a)
	w, y := copyOf(r.w[:c.N]), copyOf(r.y[:c.N])
	for k := range c.N {
		linear(r.w[k], a[k*c.N:k*c.N+c.N], r.past[:c.N])
	}
	r.stages()
	compare("W", w, r.w)
	compare("stage", y, r.y)

	r.combine()
	flat := func() [][]float64 {
		out := [][]float64{append([]float64(nil), r.g...)}
		for _, x := range r.x[:len(c.Alpha)] {
			var re, im []float64
			for _, v := range x {
				re, im = append(re, real(v)), append(im, imag(v))
			}
			out = append(out, re, im)
		}
		return out
	}
	got := flat()
	r.combineAny()
	compare("right-hand side", got, flat())

	w, y = copyOf(r.w[:c.N]), copyOf(r.y[:c.N])
	fill(r.inv, 2)
	sum := r.update()
	want := 0.0
	for i := range n {
		d := []float64{r.g[i]}
		for _, x := range r.x[:len(c.Alpha)] {
			d = append(d, real(x[i]), imag(x[i]))
		}
		for j := range c.N {
			z := 0.0
			for l, v := range c.T[j] {
				z += v * d[l]
			}
			w[j][i] += d[j]
			y[j][i] += z
			want += z * z * r.inv[i] * r.inv[i]
		}
	}
	compare("W", r.w[:c.N], w)
	compare("stage", r.y[:c.N], y)
	if math.Abs(sum-want) > 1e-12*want {
		t.Errorf("%s: sum of squares %g, want %g", name, sum, want)
	}
}

// No numbers behind the end of an array, as an overflow leaves them, cost a step and no more.
func TestFIRKPadding(t *testing.T) {
	for _, name := range []string{"RadauIIA5", "RadauIIA9", "RadauIIA13"} {
		ws, st := stepper(t, name, diffusion(3, 1e9), 1e-6, 1e-6)
		r := st.(*firk)
		for range 3 {
			if err := st.Step(); err != nil {
				t.Fatal(err)
			}
		}
		n := ws.N()
		behind := r.past[0][n:padded(n)]
		behind[0] = math.NaN()
		for range 3 {
			if err := st.Step(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if byVectors := r.combineVectors(); byVectors && behind[0] != 0 {
			t.Errorf("%s: %v is still behind the end", name, behind[0])
		}
	}
}

func TestFIRKAllocations(t *testing.T) {
	for _, name := range []string{"Radau", "RadauIIA9", "RadauIIA13", "RadauIIA3", "LobattoIIIA6", "LobattoIIIC4"} {
		noAllocations(t, name, diffusion(40, 1e9))
		noAllocations(t, name, ringLadder(30, 1e9))
	}
	noAllocations(t, "LobattoIIIB6", diffusion(40, 1e9))
	noAllocations(t, "RadauIA5", diffusion(40, 1e9))
}
