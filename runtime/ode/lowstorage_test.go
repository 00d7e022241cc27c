package ode

import (
	"context"
	"math"
	"testing"

	"github.com/mtkc/mtkc/runtime/tableau"
)

// lowStorageNames are the methods with an error estimate, of every form that has some.
var lowStorageNames = []string{"RDPK3Sp35", "RDPK3SpFSAL49", "RDPK3Sp510", "CKLLSRK43_2", "CKLLSRK54_3C_3R", "CKLLSRK65_4M_4R", "CKLLSRK75_4M_5R"}

// A step in registers gives what the Butcher array of the form gives, and so does its error
// estimate, for every table.
func TestLowStorageSteps(t *testing.T) {
	p := brusselator(1)
	f := p.NewKernels().RHS
	const h = 0.05
	for _, name := range tableau.Names(tableau.LowStorage) {
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, InitialStep: h, RelTol: 1e-3})
		if err != nil {
			t.Fatal(err)
		}
		st := in.st.(*low)
		ws := in.ws
		f(0, ws.U, nil, st.f0)
		st.stages(h)
		table := tableau.ReadLow(name)
		rows, b := table.Expand()
		k := make([][2]float64, len(rows))
		u1 := [2]float64{ws.U[0], ws.U[1]}
		var e [2]float64
		for i, row := range rows {
			y, c := u1, 0.0
			copy(y[:], ws.U)
			for j := range i {
				a, _ := row[j].Float64()
				c += a
				for m := range y {
					y[m] += h * a * k[j][m]
				}
			}
			f(c*h, y[:], nil, k[i][:])
			w, _ := b[i].Float64()
			for m := range u1 {
				u1[m] += h * w * k[i][m]
				if st.c.E != nil && i < st.c.Stages {
					e[m] += h * st.c.E[i] * k[i][m]
				}
			}
		}
		for m := range u1 {
			// Rounding, which the recurrences magnify by their coefficients, up to some tens.
			if d := math.Abs(u1[m] - ws.UNew[m]); d > 1e-13*math.Abs(u1[m]) {
				t.Errorf("%s: u[%d] differs by %.3g", name, m, d)
			}
			if st.err != nil {
				if d := math.Abs(e[m] - st.err[m]); d > 1e-14 {
					t.Errorf("%s: the estimate of u[%d] differs by %.3g", name, m, d)
				}
			}
		}
	}
}

// The error at the end falls with the order of the method.
func TestLowStorageOrder(t *testing.T) {
	p := brusselator(1)
	ref := mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-13, AbsTol: 1e-13}).U
	for _, name := range tableau.Names(tableau.LowStorage) {
		m, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		order := m.Info().Order
		errAt := func(n int) float64 {
			u := fixedStep(t, p, name, 1/float64(n)).U
			return math.Hypot(u[0]-ref[0], u[1]-ref[1])
		}
		n := map[int]int{2: 256, 3: 64, 4: 32, 5: 24}[order]
		e1, e2 := errAt(n), errAt(2*n)
		slope := math.Log2(e1 / e2)
		// Tables of few digits end in an error of theirs (README of the tables: 1e-6 and less).
		if e2 < 1e-6 && slope < float64(order) && (name == "ORK256" || name == "SHLDDRK52" || name == "SHLDDRK64") {
			continue
		}
		// Methods optimised for propagation have small leading terms, so the next ones show.
		if slope < float64(order)-0.4 || slope > float64(order)+above {
			t.Errorf("%s: errors %.3g, %.3g: order %.2f, want %d", name, e1, e2, slope, order)
		}
	}
}

// A method without an error estimate asks for a step.
func TestLowStorageFixed(t *testing.T) {
	_, err := Solve(context.Background(), decay(), Options{Solver: "CarpenterKennedy2N54"})
	if err == nil {
		t.Error("no step was given, and none was asked for")
	}
	sol := mustSolve(t, decay(), Options{Solver: "CarpenterKennedy2N54", InitialStep: 0.01})
	// Order 4: h^4/120 and a little.
	if d := math.Abs(sol.U[0] - math.Exp(-1)); d > 1e-9 || sol.Stats.Steps != 100 {
		t.Errorf("error %.3g in %d steps", d, sol.Stats.Steps)
	}
}

// A step allocates nothing, and neither does its interpolant.
func TestLowStorageAllocations(t *testing.T) {
	for _, name := range append([]string{"CarpenterKennedy2N54", "TSLDDRK74", "ParsaniKetchesonDeconinck3S94"}, lowStorageNames...) {
		p := lorenz()
		in, err := NewIntegrator(context.Background(), p, Options{Solver: name, InitialStep: 1e-3, Span: [2]float64{0, 1e6}, MaxSteps: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, 3)
		if a := testing.AllocsPerRun(100, func() {
			if err := in.st.Step(); err != nil {
				t.Fatal(err)
			}
			in.st.Interpolate((in.ws.TPrev+in.ws.T)/2, u)
		}); a != 0 {
			t.Errorf("%s: %v allocations in a step", name, a)
		}
	}
}
