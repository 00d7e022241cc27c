package fuse

import (
	"math"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// iterated makes an integrator with so many iterations for a stage.
func iterated(t *testing.T, prog *backend.Program, method string, iterations int) *Integrator {
	d := tableau.ReadDIRK(method)
	c := newCommon(prog, method, Options{})
	piv, _, ok := c.fixedPivots()
	if !ok {
		t.Fatal("singular")
	}
	return c.diagonal(d, d.Coeffs(), piv, iterations)
}

// TestNewtonIterations counts the operations of all attempts by the number of iterations, and those of Rodas5P.
func TestNewtonIterations(t *testing.T) {
	total := map[int]float64{} // operations
	for _, name := range []string{"rober", "hires", "pollu", "vdpol", "orego"} {
		prog, t1, _ := zoo(t, name)
		for _, method := range []string{"Kvaerno5", "KenCarp4"} {
			for _, tol := range []float64{1e-4, 1e-6} {
				for iterations := 2; iterations <= 5; iterations++ {
					in := iterated(t, prog, method, iterations)
					tr := start(t, prog, in, 0, t1, Settings{RelTol: tol, AbsTol: []float64{tol * 1e-3}})
					tr.run()
					if tr.x[Status] != Done {
						t.Errorf("%s %s: %v", name, method, tr.x[:StateAt])
					}
					work := (tr.x[Steps] + tr.x[Rejected]) * float64(in.Step.Ops())
					total[iterations] += work
					t.Logf("%s %s %.0e: %d iterations: %v steps + %v rejected, %v", name, method, tol, iterations, tr.x[Steps], tr.x[Rejected], work)
				}
			}
		}
	}
	for _, name := range []string{"rober", "hires", "pollu", "vdpol", "orego"} {
		prog, t1, _ := zoo(t, name)
		for _, tol := range []float64{1e-4, 1e-6} {
			in := integrator(t, prog, "Rodas5P", Options{})
			tr := start(t, prog, in, 0, t1, Settings{RelTol: tol, AbsTol: []float64{tol * 1e-3}})
			tr.run()
			t.Logf("%s Rodas5P %.0e: %v steps + %v rejected, %.0f", name, tol, tr.x[Steps], tr.x[Rejected], (tr.x[Steps]+tr.x[Rejected])*float64(in.Step.Ops()))
		}
	}
	t.Logf("operations by iterations: %v", total)
	for iterations, n := range total {
		if n < total[newtonIterations] {
			t.Errorf("%d iterations are better than %d: %v", iterations, newtonIterations, total)
		}
	}
}

// TestDiagonalOrder halves fixed steps. The iterations are held to nothing by the tolerance, but as
// many as they are their error is below that of the method.
func TestDiagonalOrder(t *testing.T) {
	for _, text := range []string{brusselator, implicit} {
		prog := compile(t, text)
		truth := last(solve(t, prog, ode.Options{Span: [2]float64{0, 2}, Solver: "Rodas5P", RelTol: 1e-12, AbsTol: 1e-13}))
		for _, method := range []string{"TRBDF2", "KenCarp4", "Kvaerno5", "ESDIRK54I8L2SA", "SDIRK_5_3_4"} {
			in := iterated(t, prog, method, 6)
			var e [2]float64
			for i := range e {
				h := 0.1 / float64(int(1)<<i)
				tr := start(t, prog, in, 0, 2, Settings{RelTol: 1e6, AbsTol: []float64{1e6}, HMax: h})
				tr.x[H] = h
				tr.run()
				if tr.x[Status] != Done || tr.x[Rejected] != 0 {
					t.Fatalf("%s: %v", method, tr.x[:StateAt])
				}
				e[i] = distance(tr.u(), truth)
			}
			// As in TestOrder.
			order := math.Log2(e[0] / e[1])
			t.Logf("%s, %d algebraic: errors %.2e %.2e, order %.2f", method, len(prog.Meta.Mass), e[0], e[1], order)
			if order < float64(in.Order)-0.7 {
				t.Errorf("%s: order %.2f, want %d", method, order, in.Order)
			}
		}
	}
}

// TestDiagonalWork solves stiff problems, inside of steps too, and compares errors with those of package ode's
// method of that name, which has other rules for its iteration.
func TestDiagonalWork(t *testing.T) {
	for _, c := range []struct {
		name string
		t1   float64
	}{{"rober", 1e4}, {"hires", 300}, {"vdpol", 1500}, {"implicit", 10}} {
		var prog *backend.Program
		if c.name == "implicit" {
			prog = compile(t, implicit)
		} else {
			prog, _, _ = zoo(t, c.name)
		}
		at := []float64{c.t1 / 100, c.t1 / 10, c.t1 / 2, c.t1}
		truth := solve(t, prog, ode.Options{Span: [2]float64{0, c.t1}, Solver: "Rodas5P", RelTol: 1e-11, AbsTol: 1e-14, SaveAt: at})
		for _, method := range []string{"KenCarp4", "Kvaerno5"} {
			in := integrator(t, prog, method, Options{Dense: true})
			for _, tol := range []float64{1e-5, 1e-7} {
				s := solve(t, prog, ode.Options{Span: [2]float64{0, c.t1}, Solver: method, RelTol: tol, AbsTol: tol * 1e-3, SaveAt: at})
				tr := start(t, prog, in, 0, c.t1, Settings{RelTol: tol, AbsTol: []float64{tol * 1e-3}})
				out := make([]float64, in.N)
				fused, other := 0.0, 0.0
				for k := 0; k < len(at); {
					tr.step()
					for ; k < len(at) && at[k] <= tr.x[T]; k++ {
						tr.save(at[k], out)
						fused = max(fused, distance(out, truth.State(k)))
						other = max(other, distance(s.State(k), truth.State(k)))
					}
					if tr.x[Status] > Done {
						t.Fatalf("%s %s: %v", c.name, method, tr.x[:StateAt])
					}
				}
				t.Logf("%-8s %-8s %.0e: steps %5.0f + %3.0f rejected, error %.1e; ode %5d + %3d, error %.1e", c.name, method, tol,
					tr.x[Steps], tr.x[Rejected], fused, s.Stats.Steps, s.Stats.Rejected, other)
				// Of the same size, or below ten times the tolerance.
				if fused > 5*other && fused > 10*tol {
					t.Errorf("%s %s: error %v, of package ode %v", c.name, method, fused, other)
				}
			}
		}
	}
}

// TestEveryDiagonal emits all methods that qualify.
func TestEveryDiagonal(t *testing.T) {
	prog := compile(t, lorenz)
	n := 0
	for _, name := range tableau.Names(tableau.Diagonal) {
		in, err := New(prog, name, Options{Dense: true})
		if err != nil {
			continue // no estimate, or not stiffly accurate with one gamma
		}
		n++
		tr := start(t, prog, in, 0, 1e-3, Settings{RelTol: 1e-3, AbsTol: []float64{1e-3}})
		tr.run()
		if tr.x[Status] != Done {
			t.Errorf("%s: %v", name, tr.x[:StateAt])
		}
	}
	if n < 25 {
		t.Errorf("%d kernels", n)
	}
}
