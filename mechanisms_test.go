package mtkc_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mtkc/mtkc"
	"github.com/mtkc/mtkc/model"
	"github.com/mtkc/mtkc/runtime/ode"
)

var long = flag.Bool("long", false, "run the mechanisms to their long horizons")

// mechanism is a conservative mechanism in redundant Cartesian coordinates. The model
// has the variable E, its energy.
type mechanism struct {
	name string
	sys  func() *model.System
	span float64 // short horizon
	long float64
	// scale of the energy, for the relative drift.
	energy float64
}

func build(name string, text ...string) *model.System {
	m := model.New(name)
	for _, s := range text {
		m.MustText(s)
	}
	return m
}

// chain is n point masses of 1 kg on massless links of length l from the origin, started
// horizontally at rest in plane coordinates.
func chain(n int, l float64) *model.System {
	m := model.New(fmt.Sprint("chain", n))
	g := m.Param("g", 9.81)
	_ = g
	for i := 1; i <= n; i++ {
		m.Var(fmt.Sprint("x", i), model.Init(float64(i)*l))
		m.Var(fmt.Sprint("y", i), model.WithGuess(0))
		m.Var(fmt.Sprint("vx", i), model.WithGuess(0))
		m.Var(fmt.Sprint("vy", i), model.Init(0))
		m.Var(fmt.Sprint("T", i))
	}
	m.Var("E")
	var e []string
	for i := 1; i <= n; i++ {
		dx, dy := fmt.Sprintf("(x%d - x%d)", i, i-1), fmt.Sprintf("(y%d - y%d)", i, i-1)
		if i == 1 {
			dx, dy = "x1", "y1"
		}
		fx, fy := fmt.Sprintf("-T%d*%s", i, dx), fmt.Sprintf("-T%d*%s - g", i, dy)
		if i < n {
			fx += fmt.Sprintf(" + T%d*(x%d - x%d)", i+1, i+1, i)
			fy += fmt.Sprintf(" + T%d*(y%d - y%d)", i+1, i+1, i)
		}
		m.MustText(fmt.Sprintf("der(x%d) = vx%d", i, i))
		m.MustText(fmt.Sprintf("der(y%d) = vy%d", i, i))
		m.MustText(fmt.Sprintf("der(vx%d) = %s", i, fx))
		m.MustText(fmt.Sprintf("der(vy%d) = %s", i, fy))
		m.MustText(fmt.Sprintf("%s^2 + %s^2 = %v", dx, dy, l*l))
		e = append(e, fmt.Sprintf("(vx%d^2 + vy%d^2)/2 + g*y%d", i, i, i))
	}
	m.MustText("E = " + strings.Join(e, " + "))
	return m
}

// spherical is the pendulum in three dimensions, with a horizontal push.
func spherical() *model.System {
	m := model.New("spherical")
	m.Param("g", 9.81)
	for _, v := range []struct {
		name string
		opt  model.VarOption
	}{
		{"x", model.Init(0.8)}, {"y", model.Init(0)}, {"z", model.WithGuess(-0.6)},
		{"vx", model.Init(0)}, {"vy", model.Init(3.5)}, {"vz", model.WithGuess(0)}, {"T", model.WithGuess(0)}, {"E", model.WithGuess(0)},
	} {
		m.Var(v.name, v.opt)
	}
	m.MustText("der(x) = vx; der(y) = vy; der(z) = vz")
	m.MustText("der(vx) = -T*x; der(vy) = -T*y; der(vz) = -T*z - g")
	m.MustText("x^2 + y^2 + z^2 = 1; E = (vx^2 + vy^2 + vz^2)/2 + g*z")
	return m
}

// fourbar is a loop of three moving links of length a, b, c over the ground of length
// d, with point masses at the two moving joints. The crank a turns round.
func fourbar(a, b, c, d, v float64) *model.System {
	m := model.New("fourbar")
	m.Param("g", 9.81)
	// The crank starts upright.
	r := math.Hypot(d, a)
	phi := math.Atan2(-a, d) + math.Acos((b*b+r*r-c*c)/(2*b*r))
	for _, q := range []struct {
		name string
		opt  model.VarOption
	}{
		{"x1", model.Init(0)}, {"y1", model.WithGuess(a)}, {"x2", model.WithGuess(b * math.Cos(phi))}, {"y2", model.WithGuess(a + b*math.Sin(phi))},
		{"vx1", model.Init(v)}, {"vy1", model.WithGuess(0)}, {"vx2", model.WithGuess(v)}, {"vy2", model.WithGuess(0)},
		{"T1", model.WithGuess(0)}, {"T2", model.WithGuess(0)}, {"T3", model.WithGuess(0)}, {"E", model.WithGuess(0)},
	} {
		m.Var(q.name, q.opt)
	}
	m.MustText("der(x1) = vx1; der(y1) = vy1; der(x2) = vx2; der(y2) = vy2")
	m.MustText("der(vx1) = -T1*x1 + T2*(x2 - x1); der(vy1) = -T1*y1 + T2*(y2 - y1) - g")
	m.MustText(fmt.Sprintf("der(vx2) = -T2*(x2 - x1) - T3*(x2 - %v); der(vy2) = -T2*(y2 - y1) - T3*y2 - g", d))
	m.MustText(fmt.Sprintf("x1^2 + y1^2 = %v; (x2 - x1)^2 + (y2 - y1)^2 = %v; (x2 - %v)^2 + y2^2 = %v", a*a, b*b, d, c*c))
	m.MustText("E = (vx1^2 + vy1^2 + vx2^2 + vy2^2)/2 + g*(y1 + y2)")
	return m
}

// spin is the pendulum thrown over the top.
func spin(v float64) *model.System {
	m := model.New("pendulum")
	m.Param("g", 9.81)
	m.Var("x", model.WithGuess(0))
	m.Var("y", model.WithGuess(-1))
	m.Var("vx", model.Init(v))
	m.Var("vy", model.Init(0))
	m.Var("T")
	m.Var("E")
	m.MustText("der(x) = vx; der(y) = vy; der(vx) = -T*x; der(vy) = -T*y - g; x^2 + y^2 = 1")
	m.MustText("E = (vx^2 + vy^2)/2 + g*y")
	return m
}

var mechanisms = []mechanism{
	{"pendulum", func() *model.System { return spin(7) }, 20, 1000, 30},
	{"double", func() *model.System { return chain(2, 1) }, 20, 200, 30},
	{"fourbar", func() *model.System { return fourbar(1, 2.5, 2.5, 3, 8) }, 20, 1000, 60},
	{"fourbar-near", func() *model.System { return fourbar(1, 2.005, 2.005, 3, 8) }, 20, 1000, 60},
	{"spherical", spherical, 20, 1000, 30},
	{"chain10", func() *model.System { return chain(10, 0.1) }, 2, 10, 10},
	{"chain50", func() *model.System { return chain(50, 0.02) }, 0.5, 5, 10},
}

func TestMechanismsProbe(t *testing.T) {
	for _, c := range mechanisms {
		comp := mtkc.NewSystem(c.sys(), mtkc.Options{Check: true})
		prob, found := comp.Problem(context.Background())
		if found.Errors() > 0 {
			t.Fatal(c.name, found)
		}
		pl := comp.Plan()
		t.Logf("%s: %d states, %d algebraic, %d invariants, index %d", c.name, pl.NDiff, len(pl.States)-pl.NDiff, len(pl.Invariants), pl.Index)
		span := c.span
		if *long {
			span = c.long
		}
		for _, v := range [][3]string{
			{"Vern7", "auto", "project"}, {"Vern7", "auto", "states"}, {"Rodas5P", "dae", "project"}, {"Rodas5P", "dae", "states"}, {"Rodas5P", "nested", "states"},
			{"Radau5", "dae", "project"}, {"Radau5", "dae", "states"}, {"BDF", "dae", "project"}, {"BDF", "dae", "states"}, {"BDF", "nested", "states"}} {
			solver := v[0]
			start := time.Now()
			sol, err := ode.Solve(context.Background(), prob, ode.Options{Span: [2]float64{0, span}, RelTol: 1e-8, AbsTol: 1e-8, Solver: solver, Form: v[1], Constraints: v[2], Steps: 200})
			took := time.Since(start).Seconds()
			if err != nil {
				t.Log(c.name, v, err)
				continue
			}
			e, err := sol.Values("E")
			if err != nil {
				t.Fatal(err)
			}
			drift := 0.0
			for _, v := range e {
				drift = max(drift, math.Abs(v-e[0]))
			}
			worst := 0.0
			g := make([]float64, prob.NInv)
			k := prob.NewKernels()
			for i := range sol.Len() {
				k.Invariants(sol.Times[i], sol.State(i), sol.Params, g)
				for _, x := range g {
					worst = max(worst, math.Abs(x))
				}
			}
			st := sol.Stats
			t.Logf("  %-8s %-7s %-8s energy %.2g constraints %.1g %.0f ms  steps %d rej %d rhs %d jac %d fac %d newton %d fail %d proj %d charts %d", solver, v[1], v[2], drift/c.energy, worst, 1e3*took, st.Steps, st.Rejected, st.RHS, st.Jac, st.Factor, st.Newton, st.NewtonFail, st.Project, st.Charts)
		}
	}
}
