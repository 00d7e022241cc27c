package ode

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/runtime/linsolve"
)

// levelled is pendulum with the levels of its states, started at the lowest point with
// velocity v: it turns over the top for v > sqrt(4 g) = 6.26.
func levelled(t1, v float64) *Problem {
	p := pendulum(t1)
	p.U0 = []float64{0, -1, v, 0, v*v + 9.81}
	p.Choice = &Choice{InvLevel: []int8{2, 1}, Level: []int8{2, 2, 1, 1, 0}, Wish: make([]Wish, 5)}
	p.AlgLinear = true
	kernels := p.NewKernels
	p.NewKernels = func() *Kernels {
		k := kernels()
		k.Jac = func(t float64, u, p, v []float64) {
			x, y, l := u[0], u[1], u[4]
			copy(v, []float64{
				0, 0, -l, 0, -2 * l * x,
				0, 0, 0, -l, -2*l*y - p[0],
				1, 0, 0, 0, 2 * u[2],
				0, 1, 0, 0, 2 * u[3],
				0, 0, -x, -y, -(x*x + y*y),
			})
		}
		k.TGrad = func(t float64, u, p, dt []float64) { clear(dt) }
		return k
	}
	p.Jac = linsolve.Dense(5, 5)
	p.InvJac = &linsolve.Pattern{Rows: 2, Cols: 5, ColPtr: []int32{0, 2, 4, 6, 8, 8}, RowIdx: []int32{0, 1, 0, 1, 0, 1, 0, 1}}
	return p
}

// angle is the same pendulum with its angle as the coordinate, an independent way to
// the solution: x = sin(phi), y = -cos(phi).
func angle(t *testing.T, t1, v float64) (x, y, vx, vy float64) {
	p := system("angle", []float64{0, v}, nil, t1, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -9.81*math.Sin(u[0]) })
	u := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-13}).U
	s, c := math.Sincos(u[0])
	return s, -c, c * u[1], s * u[1]
}

// manners are all ways to solve a problem with constraints and algebraic equations.
var manners = []struct{ solver, form, constraints string }{
	{"auto", "auto", "auto"},
	{"auto", "nested", "project"}, {"auto", "nested", "states"}, {"auto", "dae", "states"},
	{"Tsit5", "auto", "project"}, {"Tsit5", "auto", "states"}, {"Vern7", "auto", "states"},
	{"Rodas5P", "dae", "project"}, {"Rodas5P", "dae", "states"}, {"Rodas5P", "nested", "project"}, {"Rodas5P", "nested", "states"},
	{"Radau5", "dae", "project"}, {"Radau5", "dae", "states"}, {"Radau5", "nested", "states"},
	{"BDF", "dae", "project"}, {"BDF", "dae", "states"}, {"BDF", "nested", "project"}, {"BDF", "nested", "states"},
}

// All forms reach the solution in the angle, over the top and through both axes, and
// keep constraints and multiplier at all points, between steps too.
func TestForms(t *testing.T) {
	const t1, v = 6, 6.6
	x, y, vx, vy := angle(t, t1, v)
	for _, m := range manners {
		name := fmt.Sprint(m)
		sol := mustSolve(t, levelled(t1, v), Options{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-8, AbsTol: 1e-8, Steps: 150})
		worst := 0.0
		for i, w := range []float64{x, y, vx, vy} {
			worst = max(worst, math.Abs(sol.U[i]-w))
		}
		// At the top the pendulum is slow, and a small error decides how long it stays: errors
		// of 1e-8 a step grow by 1e3 to 1e4. Those of BDF are of one sign, see TestPendulum.
		most := 2e-4
		if m.solver == "BDF" {
			most = 1e-3
		}
		if worst > most {
			t.Errorf("%s: error %.2g", name, worst)
		}
		for i := range sol.Len() {
			u := sol.State(i)
			g := max(math.Abs(u[0]*u[0]+u[1]*u[1]-1), math.Abs(u[0]*u[2]+u[1]*u[3])/7)
			l := u[2]*u[2] + u[3]*u[3] - 9.81*u[1]
			if g > 1e-14 || math.Abs(u[4]-l) > 2e-7*(1+math.Abs(l)) {
				t.Fatalf("%s: constraints off by %.2g, multiplier by %.2g at t = %g", name, g, u[4]-l, sol.Times[i])
			}
		}
		if states := m.constraints == "states"; states != (sol.Stats.Charts > 0) {
			t.Errorf("%s: %d changes of the states", name, sol.Stats.Charts)
		}
		t.Logf("%-26s %-14s error %.1e  %d steps, %d evaluations, %d changes; %s", name, sol.Solver, worst, sol.Stats.Steps, sol.Stats.RHS, sol.Stats.Charts, sol.Form)
	}
}

// The same backward in time.
func TestFormsBackward(t *testing.T) {
	for _, m := range manners {
		p := levelled(2, 6.6)
		there := mustSolve(t, p, Options{RelTol: 1e-9, AbsTol: 1e-9})
		back := mustSolve(t, p, Options{Span: [2]float64{2, 0}, U0: there.U, Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-8, AbsTol: 1e-8})
		for i, w := range p.U0[:4] {
			if math.Abs(back.U[i]-w) > 1e-4 {
				t.Errorf("%v: %v, want %v", m, back.U[:4], p.U0[:4])
				break
			}
		}
	}
}

// The Jacobians and time derivatives that frames give to implicit methods are those of
// their right-hand sides.
func TestFrameJacobian(t *testing.T) {
	for _, nested := range []bool{false, true} {
		for _, states := range []bool{false, true} {
			if !nested && !states {
				continue
			}
			p := levelled(1, 3)
			p.U0 = []float64{0.6, -0.8, 0.8 * 2, 0.6 * 2, 4 + 0.8*9.81}
			ws := newWorkspace(context.Background(), p, p.NewKernels(), p.P, 0, 1)
			for i := range ws.AbsTol {
				ws.AbsTol[i] = 1e-10
			}
			ws.RelTol = 1e-10
			copy(ws.U, p.U0)
			copy(ws.UPrev, p.U0)
			f, err := newFrame(ws, nested, states)
			if err != nil {
				t.Fatal(err)
			}
			f.st = nothing{}
			if nested {
				f.ws.Pattern = linsolve.Dense(f.ws.N(), f.ws.N())
			}
			if err := f.Restart(); err != nil {
				t.Fatal(err)
			}
			in := f.ws
			n := in.N()
			if want := map[[2]bool]int{{false, true}: 5, {true, false}: 4, {true, true}: 2}[[2]bool{nested, states}]; n != want {
				t.Fatalf("%d coordinates, want %d", n, want)
			}
			vals := make([]float64, in.Pattern.NNZ())
			in.Jac(0.3, in.U, nil, vals)
			got := make([]float64, n*n)
			for j := range n {
				for e := in.Pattern.ColPtr[j]; e < in.Pattern.ColPtr[j+1]; e++ {
					got[int(in.Pattern.RowIdx[e])*n+j] = vals[e]
				}
			}
			a, b, y := make([]float64, n), make([]float64, n), append([]float64(nil), in.U...)
			for j := range n {
				const h = 1e-5
				y[j] = in.U[j] + h
				in.RHS(0.3, y, a)
				y[j] = in.U[j] - h
				in.RHS(0.3, y, b)
				y[j] = in.U[j]
				for i := range n {
					if d := (a[i] - b[i]) / (2 * h); math.Abs(d-got[i*n+j]) > 1e-6*(1+math.Abs(d)) {
						t.Errorf("nested %v, states %v: d f%d/d y%d = %g, differences give %g", nested, states, i, j, got[i*n+j], d)
					}
				}
			}
		}
	}
}

// nothing is a stepper that does nothing.
type nothing struct{}

func (nothing) Restart() error                     { return nil }
func (nothing) Step() error                        { return nil }
func (nothing) Interpolate(t float64, u []float64) {}
func (nothing) Projected()                         {}

// Once all charts have been visited, a step allocates nothing in any form.
func TestFormsAllocate(t *testing.T) {
	for _, m := range manners {
		if m.solver == "auto" {
			continue
		}
		p := levelled(1e6, 6.6)
		in, err := NewIntegrator(context.Background(), p, Options{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-6, AbsTol: 1e-6, FinalOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		step := func() {
			if err := in.Step(); err != nil {
				t.Fatal(m, err)
			}
		}
		for range 1000 {
			step()
		}
		if n := testing.AllocsPerRun(300, step); n > 0.9 { // changes of chart may allocate
			t.Errorf("%v: %g allocations a step", m, n)
		}
	}
}

// A drive is a constraint that depends on time: the point of suspension of the pendulum
// moves, so that the invariants have time derivatives of their own. The closed form is
// that of a rod forced to turn: x = sin(w t), y = -cos(w t) for a second constraint
// would leave nothing to integrate, so the suspension follows a circle and the
// solution is compared between all forms.
func TestMovingConstraint(t *testing.T) {
	const w, a = 3.0, 0.2
	build := func() *Problem {
		p := levelled(5, 0)
		p.NewKernels = func() *Kernels {
			return &Kernels{
				RHS: func(t float64, u, p, du []float64) {
					s, c := math.Sincos(w * t)
					dx, dy := u[0]-a*c, u[1]-a*s
					ex, ey := u[2]+a*w*s, u[3]-a*w*c
					l := u[4]
					du[0], du[1] = u[2], u[3]
					du[2], du[3] = -l*dx, -l*dy-p[0]
					// d . (u'' - suspension'') + e . e = 0
					du[4] = dx*(-l*dx+a*w*w*c) + dy*(-l*dy-p[0]+a*w*w*s) + ex*ex + ey*ey
				},
				Invariants: func(t float64, u, p, g []float64) {
					s, c := math.Sincos(w * t)
					dx, dy := u[0]-a*c, u[1]-a*s
					g[0] = dx*dx + dy*dy - 1
					g[1] = dx*(u[2]+a*w*s) + dy*(u[3]-a*w*c)
				},
			}
		}
		p.U0 = []float64{a, -1, 0, a * w, 10}
		return p
	}
	ref := mustSolve(t, build(), Options{Solver: "Radau5", Form: "dae", Constraints: "project", RelTol: 1e-11, AbsTol: 1e-11})
	for _, m := range manners {
		sol := mustSolve(t, build(), Options{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-8, AbsTol: 1e-8})
		most := 2e-5
		if m.solver == "BDF" {
			most = 1e-3
		}
		for i, v := range ref.U {
			if math.Abs(sol.U[i]-v) > most*(1+math.Abs(v)) {
				t.Errorf("%v: u%d = %.9g, want %.9g (%+v)", m, i, sol.U[i], v, sol.Stats)
			}
		}
	}
}

// What cannot be is refused with a reason, at the door.
func TestFormsRefused(t *testing.T) {
	for _, c := range []struct {
		opt  Options
		word string
	}{
		{Options{Form: "implicit"}, `no form "implicit"`},
		{Options{Constraints: "ignore"}, `"ignore"; there are auto, project, states`},
		{Options{Solver: "Tsit5", Form: "dae"}, "use the nested form"},
		{Options{Solver: "Tsit5", Form: "dae", Constraints: "states"}, "use the nested form"},
	} {
		if _, err := Solve(context.Background(), levelled(1, 1), c.opt); err == nil || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%+v: %v", c.opt, err)
		}
	}
	// Constraints that depend on each other have no dependent states.
	p := levelled(1, 1)
	kernels := p.NewKernels
	p.Choice.InvLevel = []int8{2, 2}
	p.NewKernels = func() *Kernels {
		k := kernels()
		g := k.Invariants
		k.Invariants = func(t float64, u, p, r []float64) { g(t, u, p, r); r[1] = 2 * r[0] }
		k.InvariantJac = nil
		return k
	}
	_, err := Solve(context.Background(), p, Options{Constraints: "states"})
	wantFailure(t, err, SingularMatrix, "depend on each other", "projection")
}

// Projection does not spoil the history of BDF: the pendulum takes no more steps with
// it than without, when it drifts off its circle, and its error falls with the tolerance
// as that of the equation in the angle does.
func TestBDFProjected(t *testing.T) {
	const t1, v = 6, 7
	x, y, vx, vy := angle(t, t1, v)
	for _, tol := range []float64{1e-5, 1e-7, 1e-9} {
		p := levelled(t1, v)
		p.U0 = p.U0[:4]
		p.States, p.Mass, p.Jac, p.Choice = p.States[:4], nil, nil, nil
		p.InvJac = linsolve.Dense(2, 4)
		p.NewKernels = func() *Kernels {
			return &Kernels{
				RHS: func(t float64, u, p, du []float64) {
					x, y, vx, vy := u[0], u[1], u[2], u[3]
					l := (vx*vx + vy*vy - p[0]*y) / (x*x + y*y)
					du[0], du[1], du[2], du[3] = vx, vy, -l*x, -l*y-p[0]
				},
				Invariants: func(t float64, u, p, g []float64) {
					g[0], g[1] = u[0]*u[0]+u[1]*u[1]-1, u[0]*u[2]+u[1]*u[3]
				},
			}
		}
		opt := Options{Solver: "BDF", RelTol: tol, AbsTol: tol}
		with := mustSolve(t, p, opt)
		p.NInv = 0
		without := mustSolve(t, p, opt)
		ode := system("angle", []float64{0, v}, nil, t1, func(t float64, u, p, du []float64) { du[0], du[1] = u[1], -9.81*math.Sin(u[0]) })
		min := mustSolve(t, ode, opt)
		s, c := math.Sincos(min.U[0])
		e := func(u ...float64) float64 {
			return max(math.Abs(u[0]-x), math.Abs(u[1]-y), math.Abs(u[2]-vx), math.Abs(u[3]-vy))
		}
		ew, eo, em := e(with.U...), e(without.U...), e(s, -c, c*min.U[1], s*min.U[1])
		t.Logf("%g: projected %.1e in %d steps, %d iterations; not %.1e in %d, %d; angle %.1e in %d, %d", tol,
			ew, with.Stats.Steps, with.Stats.Newton, eo, without.Stats.Steps, without.Stats.Newton, em, min.Stats.Steps, min.Stats.Newton)
		if ew > 3*em+1e-9 || ew > eo || float64(with.Stats.Steps) > 1.1*float64(without.Stats.Steps) || with.Stats.Rejected > without.Stats.Rejected+10 {
			t.Errorf("%g: projected %.1e %+v; not %.1e %+v; angle %.1e %+v", tol, ew, with.Stats, eo, without.Stats, em, min.Stats)
		}
	}
}
