package ode

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// implicitMethods are the methods of this family of tests, by name.
var implicitMethods = []string{"Rosenbrock23", "Rodas4", "Rodas42", "Rodas4P", "Rodas4P2", "Rodas5", "Rodas5P", "Rodas5Pe", "Rodas6P"}

// fixedStep integrates p with steps of constant size h, errors ignored.
func fixedSteps(t testing.TB, method string, p *Problem, steps int) *Solution {
	t.Helper()
	sol, err := Solve(context.Background(), p, Options{
		Solver: method, RelTol: 1, AbsTol: 1e30,
		InitialStep: (p.Span[1] - p.Span[0]) / float64(steps), HMax: (p.Span[1] - p.Span[0]) / float64(steps),
	})
	if err != nil {
		t.Fatalf("%s %s: %v", method, p.Name, err)
	}
	return sol
}

// forcedPair is u' = -u^2 cos-like with exact solution (cos t, exp(-t)), nonlinear,
// coupled and dependent on time.
func forcedPair(t1 float64) *Problem {
	p := system("forced pair", []float64{1, 1}, nil, t1, func(t float64, u, _, du []float64) {
		c, e := math.Cos(t), math.Exp(-t)
		du[0] = -math.Sin(t) + 2*(u[0]*u[0]*u[1]-c*c*e)
		du[1] = -u[1] - 3*(u[0]*u[1]-c*e)
	})
	p.Jac = linsolve.Dense(2, 2)
	f := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := f()
		k.Jac = func(t float64, u, _, v []float64) {
			v[0], v[1] = 4*u[0]*u[1], -3*u[1]
			v[2], v[3] = 2*u[0]*u[0], -1-3*u[0]
		}
		k.TGrad = func(t float64, u, _, dt []float64) {
			s, c, e := math.Sin(t), math.Cos(t), math.Exp(-t)
			dt[0] = -c - 2*(-2*c*s*e-c*c*e)
			dt[1] = 3 * (-s*e - c*e)
		}
		return k
	}
	return p
}

func forcedExact(t float64, u []float64) { u[0], u[1] = math.Cos(t), math.Exp(-t) }

// index1 is a semi-explicit DAE of index 1 with exact solution (exp(-t), sin t,
// exp(-t)+sin t): two algebraic equations, nonlinear and dependent on time.
func index1(t1 float64) *Problem {
	p := system("index 1", []float64{1, 0, 1}, nil, t1, func(t float64, u, _, du []float64) {
		s, e := math.Sin(t), math.Exp(-t)
		du[0] = -u[0]*u[2] + e*(e+s) - e
		du[1] = u[0]*u[1] - e*s + u[2] - u[1] - u[0]
		du[1] += 1 + u[1]*u[1]/2 - s*s/2
		du[2] = u[2]*u[2] - (e+s)*(e+s) + u[2] - u[0] - s
	})
	// Unknown 1 is algebraic: 0 = du[1] with the constant 1 removed.
	f := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := f()
		g := k.RHS
		k.RHS = func(t float64, u, p, du []float64) {
			g(t, u, p, du)
			s := math.Sin(t)
			du[1] = u[1] + u[1]*u[1]*u[1]/3 + 0.5*(u[2]-u[0]) - (1.5*s + s*s*s/3)
		}
		k.Jac = func(t float64, u, _, v []float64) {
			v[0], v[1], v[2] = -u[2], -0.5, -1
			v[3], v[4], v[5] = 0, 1+u[1]*u[1], 0
			v[6], v[7], v[8] = -u[0], 0.5, 2*u[2]+1
		}
		k.TGrad = func(t float64, u, _, dt []float64) {
			s, c, e := math.Sin(t), math.Cos(t), math.Exp(-t)
			dt[0] = -e*(e+s) + e*(-e+c) + e
			dt[1] = -(1.5*c + s*s*c)
			dt[2] = -2*(e+s)*(-e+c) - c
		}
		return k
	}
	p.Jac = linsolve.Dense(3, 3)
	p.Mass = []float64{1, 0, 0}
	return p
}

func index1Exact(t float64, u []float64) {
	u[0], u[1] = math.Exp(-t), math.Sin(t)
	u[2] = u[0] + u[1]
}

// slope fits the order between two step counts.
func slope(e1, e2 float64, n1, n2 int) float64 {
	return math.Log(e1/e2) / math.Log(float64(n2)/float64(n1))
}

// stepError is the largest error at the ends of all steps.
func stepError(sol *Solution, exact func(t float64, u []float64)) float64 {
	want := make([]float64, len(sol.U))
	e := 0.0
	for k, t := range sol.Times {
		exact(t, want)
		for i, v := range want {
			e = math.Max(e, math.Abs(sol.State(k)[i]-v))
		}
	}
	return e
}

// Every method shows its order on an ODE and, if it takes algebraic equations, on
// a DAE of index 1.
func TestRosenbrockOrder(t *testing.T) {
	for _, name := range implicitMethods {
		m, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		order := m.Info().Order
		n1, n2 := 80, 320
		switch { // small enough for the leading error term, before rounding shows
		case order == 5:
			n1, n2 = 40, 120
		case order >= 6:
			n1, n2 = 8, 24
		}
		problems := []*Problem{forcedPair(2)}
		if m.Info().Mass {
			problems = append(problems, index1(2))
		}
		for i, p := range problems {
			exact := []func(float64, []float64){forcedExact, index1Exact}[i]
			e1 := stepError(fixedSteps(t, name, p, n1), exact)
			e2 := stepError(fixedSteps(t, name, p, n2), exact)
			if s := slope(e1, e2, n1, n2); s < float64(order)-0.35 || s > float64(order)+1.6 {
				t.Errorf("%s on %s: slope %.2f (errors %.3g, %.3g), order %d", name, p.Name, s, e1, e2, order)
			}
		}
	}
}

// scd is the number of correct digits, relative to scale + |ref|.
func scd(u, ref []float64, scale float64) float64 {
	e := 0.0
	for i, r := range ref {
		e = math.Max(e, math.Abs(u[i]-r)/(scale+math.Abs(r)))
	}
	return -math.Log10(e)
}

// zooCases are the stiff problems with their published references, the absolute
// tolerance in units of the relative one, and the digits that may be missing
// (REFERENCE.md: two, one more for VDPOL and OREGO).
var zooCases = []struct {
	name  string
	atol  float64
	slack float64
	dae   bool
}{
	{"rober", 1e-6, 2, false},
	{"rober_dae", 1e-6, 2, true},
	{"vdpol", 1, 3, false},
	{"hires", 1e-2, 2, false},
	{"orego", 1, 3, false},
	{"pollu", 1e-2, 2, false},
	{"chemakzo", 1e-2, 2, true},
}

// testZoo solves the zoo at a tolerance and compares with the references.
func testZoo(t *testing.T, method string, tol float64, limit func(name string, st Stats) string) {
	m, err := Lookup(method)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range zooCases {
		if c.dae && !m.Info().Mass {
			continue
		}
		p, ref := zoo(t, c.name)
		sol, err := Solve(context.Background(), p, Options{Solver: method, RelTol: tol, AbsTol: tol * c.atol, FinalOnly: true})
		if err != nil {
			t.Errorf("%s %s %g: %v (%+v)", method, c.name, tol, err, sol.Stats)
			continue
		}
		digits := scd(sol.U, ref, c.atol)
		line := fmt.Sprintf("%s %s rtol %g: %.2f digits, %+v", method, c.name, tol, digits, sol.Stats)
		t.Log(line)
		if digits < -math.Log10(tol)-c.slack {
			t.Error("too few digits: " + line)
		}
		if limit != nil {
			if msg := limit(c.name, sol.Stats); msg != "" {
				t.Error(msg + ": " + line)
			}
		}
	}
}

func TestRosenbrockZoo(t *testing.T) {
	for _, name := range implicitMethods {
		tol := 1e-6
		if name == "Rosenbrock23" {
			tol = 1e-4
		}
		testZoo(t, name, tol, nil)
	}
	testZoo(t, "Rodas5P", 1e-8, nil)
	testZoo(t, "Rodas6P", 1e-10, nil)
}

// denseSlopes checks the order of the interpolant: errors inside the steps.
func denseSlopes(t *testing.T, method string, order int, n1, n2 int) {
	problems := []*Problem{forcedPair(2)}
	if m, _ := Lookup(method); m.Info().Mass {
		problems = append(problems, index1(2))
	}
	for k, p := range problems {
		exact := []func(float64, []float64){forcedExact, index1Exact}[k]
		worst := func(n int) float64 {
			h := (p.Span[1] - p.Span[0]) / float64(n)
			sol, err := Solve(context.Background(), p, Options{Solver: method, RelTol: 1, AbsTol: 1e30, InitialStep: h, HMax: h, Dense: true})
			if err != nil {
				t.Fatal(err)
			}
			u, want := make([]float64, p.N()), make([]float64, p.N())
			e := 0.0
			for i := range 3*n + 1 {
				x := p.Span[0] + 2*float64(i)/float64(3*n)
				if !sol.At(x, u) {
					t.Fatalf("no value at %g", x)
				}
				exact(x, want)
				for j := range u {
					e = math.Max(e, math.Abs(u[j]-want[j]))
				}
			}
			return e
		}
		e1, e2 := worst(n1), worst(n2)
		if s := slope(e1, e2, n1, n2); s < float64(order)-0.35 {
			t.Errorf("%s interpolated on %s: slope %.2f (errors %.3g, %.3g), order %d", method, p.Name, s, e1, e2, order)
		}
	}
}

func TestRosenbrockDense(t *testing.T) {
	// Orders of the interpolants as in the tables' source.
	denseSlopes(t, "Rosenbrock23", 2, 40, 120)
	denseSlopes(t, "Rodas4", 3, 40, 120)
	denseSlopes(t, "Rodas4P", 3, 40, 120)
	denseSlopes(t, "Rodas5P", 4, 40, 120)
	denseSlopes(t, "Rodas6P", 5, 12, 36)
}

// stepper starts a method on p by hand, with the run's end far away.
func stepper(t testing.TB, method string, p *Problem, rtol, atol float64) (*Workspace, Stepper) {
	t.Helper()
	m, err := Lookup(method)
	if err != nil {
		t.Fatal(err)
	}
	ws := newWorkspace(context.Background(), p, p.NewKernels(), p.P, p.Span[0], p.Span[1])
	copy(ws.U, p.U0)
	ws.RelTol = rtol
	for i := range ws.AbsTol {
		ws.AbsTol[i] = atol
	}
	st, err := m.New(ws)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Restart(); err != nil {
		t.Fatal(err)
	}
	return ws, st
}

// noAllocations checks that steps and interpolation allocate nothing, events
// (Restart) included.
func noAllocations(t *testing.T, method string, p *Problem) {
	ws, st := stepper(t, method, p, 1e-6, 1e-9)
	u := make([]float64, p.N())
	step := func() {
		if err := st.Step(); err != nil {
			t.Fatal(err)
		}
		st.Interpolate((ws.T+ws.TPrev)/2, u)
	}
	for range 60 {
		step()
	}
	if a := testing.AllocsPerRun(40, step); a != 0 {
		t.Errorf("%s %s: %v allocations per step", method, p.Name, a)
	}
	if a := testing.AllocsPerRun(5, func() {
		ws.H *= 0.5
		if err := st.Restart(); err != nil {
			t.Fatal(err)
		}
		step()
	}); a != 0 {
		t.Errorf("%s %s: %v allocations per restart", method, p.Name, a)
	}
}

func TestRosenbrockAllocations(t *testing.T) {
	for _, name := range []string{"Rosenbrock23", "Rodas5P"} {
		noAllocations(t, name, diffusion(40, 1e9))
	}
	noAllocations(t, "Rodas5P", ringLadder(30, 1e9))
}

// diffusion is the heat equation with a source on n cells, tridiagonal.
func diffusion(n int, t1 float64) *Problem {
	p := &Problem{Name: "diffusion", Span: [2]float64{0, t1}, U0: make([]float64, n)}
	for i := range p.U0 {
		p.U0[i] = math.Sin(math.Pi * float64(i+1) / float64(n+1))
	}
	pat := &linsolve.Pattern{Rows: n, Cols: n, ColPtr: make([]int32, n+1)}
	for j := range n {
		for i := max(0, j-1); i <= min(n-1, j+1); i++ {
			pat.RowIdx = append(pat.RowIdx, int32(i))
		}
		pat.ColPtr[j+1] = int32(len(pat.RowIdx))
	}
	p.Jac = pat
	d := float64((n + 1) * (n + 1))
	p.NewKernels = func() *Kernels {
		return &Kernels{
			RHS: func(t float64, u, _, du []float64) {
				for i, v := range u {
					s := -2 * v
					if i > 0 {
						s += u[i-1]
					}
					if i < n-1 {
						s += u[i+1]
					}
					du[i] = 0.01*d*s + math.Sin(t)*u[i]
				}
			},
			Jac: func(t float64, u, _, v []float64) {
				for j := range n {
					for e := pat.ColPtr[j]; e < pat.ColPtr[j+1]; e++ {
						v[e] = 0.01 * d
						if int(pat.RowIdx[e]) == j {
							v[e] = -0.02*d + math.Sin(t)
						}
					}
				}
			},
			TGrad: func(t float64, u, _, dt []float64) {
				for i, v := range u {
					dt[i] = math.Cos(t) * v
				}
			},
		}
	}
	return p
}

// ringLadder is a nonlinear RC ladder of n nodes with the currents as algebraic
// unknowns: C v_k' = i_{k-1} - i_k - g(v_k), 0 = v_k - v_{k+1} - R i_k, driven by
// a sine at the first node. 2n unknowns, interleaved.
func ringLadder(n int, t1 float64) *Problem {
	size := 2 * n
	p := &Problem{Name: "ladder", Span: [2]float64{0, t1}, U0: make([]float64, size), Mass: make([]float64, size)}
	pat := &linsolve.Pattern{Rows: size, Cols: size, ColPtr: make([]int32, size+1)}
	add := func(i int) {
		if i >= 0 && i < size {
			pat.RowIdx = append(pat.RowIdx, int32(i))
		}
	}
	for k := range n {
		p.Mass[2*k] = 1
		add(2*k - 1)
		add(2 * k)
		add(2*k + 1)
		pat.ColPtr[2*k+1] = int32(len(pat.RowIdx))
		add(2 * k)
		add(2*k + 1)
		add(2*k + 2)
		pat.ColPtr[2*k+2] = int32(len(pat.RowIdx))
	}
	p.Jac = pat
	const c, r = 1e-3, 1.0
	p.NewKernels = func() *Kernels {
		return &Kernels{
			RHS: func(t float64, u, _, du []float64) {
				in := 0.1 * math.Sin(t) * math.Sin(t)
				for k := range n {
					v, i := u[2*k], u[2*k+1]
					du[2*k] = (in - i - 0.01*v*v*v) / c
					next := 0.0
					if k < n-1 {
						next = u[2*k+2]
					}
					du[2*k+1] = v - next - r*i
					in = i
				}
			},
			Jac: func(t float64, u, _, vals []float64) {
				e := 0
				put := func(i int, v float64) {
					if i >= 0 && i < size {
						vals[e] = v
						e++
					}
				}
				for k := range n {
					v := u[2*k]
					put(2*k-1, -1)
					put(2*k, -0.03*v*v/c)
					put(2*k+1, 1)
					put(2*k, -1/c)
					put(2*k+1, -r)
					put(2*k+2, 1/c)
				}
			},
			TGrad: func(t float64, u, _, dt []float64) {
				clear(dt)
				dt[0] = 0.1 * math.Sin(2*t) / c
			},
		}
	}
	return p
}

// A step whose matrix stays singular ends with a message that names the unknown.
func TestSingularDAE(t *testing.T) {
	for _, name := range []string{"Rodas5P", "RadauIIA5", "BDF"} {
		p := index1(1)
		f := p.NewKernels
		p.NewKernels = func() *Kernels {
			k := f()
			k.RHS = func(t float64, u, _, du []float64) { // z enters no equation
				du[0], du[1], du[2] = -u[0], u[1]-u[0], u[1]-u[0]
			}
			k.Jac = func(t float64, u, _, v []float64) {
				copy(v, []float64{-1, -1, -1, 0, 1, 1, 0, 0, 0})
			}
			return k
		}
		sol, err := Solve(context.Background(), p, Options{Solver: name})
		if err == nil || sol.Retcode != SingularMatrix {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The written-out POLLU is the one of the data folder.
func TestPollu(t *testing.T) {
	q, _ := zoo(t, "pollu")
	p := pollu()
	kp, kq := p.NewKernels(), q.NewKernels()
	u := make([]float64, 20)
	for i := range u {
		u[i] = 0.1 + 0.01*float64(i*i)
	}
	a, b := make([]float64, 20), make([]float64, 20)
	kp.RHS(0, u, nil, a)
	kq.RHS(0, u, nil, b)
	va, vb := make([]float64, p.Jac.NNZ()), make([]float64, q.Jac.NNZ())
	kp.Jac(0, u, nil, va)
	kq.Jac(0, u, nil, vb)
	if len(va) != len(vb) {
		t.Fatalf("%d and %d entries", len(va), len(vb))
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-13*(math.Abs(a[i])+1e10) {
			t.Errorf("row %d: %g, %g", i, a[i], b[i])
		}
	}
	for i := range va {
		if math.Abs(va[i]-vb[i]) > 1e-13*math.Abs(va[i]) {
			t.Errorf("entry %d: %g, %g", i, va[i], vb[i])
		}
	}
}

func benchSolve(b *testing.B, method string, p *Problem, rtol, atol float64) {
	b.ReportAllocs()
	var st Stats
	for b.Loop() {
		sol, err := Solve(context.Background(), p, Options{Solver: method, RelTol: rtol, AbsTol: atol, FinalOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		st = sol.Stats
	}
	b.ReportMetric(float64(st.Steps), "steps")
	b.ReportMetric(float64(st.Factor), "factors")
}

func BenchmarkPolluRodas5P(b *testing.B)  { benchSolve(b, "Rodas5P", pollu(), 1e-6, 1e-8) }
func BenchmarkLadderRodas5P(b *testing.B) { benchSolve(b, "Rodas5P", ringLadder(1000, 10), 1e-6, 1e-9) }
