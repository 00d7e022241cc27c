package ode

import (
	"context"
	"math"
	"testing"
)

var exprbNames = []string{"Exprb32", "Exprb43", "Exprb53s3", "EPIRK5P1"}

// exprbFixed makes n steps of equal length over the span, whatever their errors, with products
// of phi functions to 1e-13.
func exprbFixed(t *testing.T, p *Problem, name string, n int) []float64 {
	t.Helper()
	in, err := NewIntegrator(context.Background(), p, Options{Solver: name, RelTol: 1e-11, AbsTol: 1e-11})
	if err != nil {
		t.Fatal(err)
	}
	e, ws := in.st.(*exprb), in.ws
	h := (p.Span[1] - p.Span[0]) / float64(n)
	e.h = h
	for k := range n {
		ws.RHS(ws.T, ws.U, e.f)
		e.jac.restart(e.f)
		ws.TGrad(ws.T, ws.U, e.f, e.v)
		e.kry.weigh(ws, ws.U)
		if !e.m.step(e, h) {
			t.Fatalf("%s: step %d of %g failed", name, k, h)
		}
		ws.Accept(h, p.Span[0]+float64(k+1)*h)
	}
	return ws.U
}

func farthest(u, v []float64) float64 {
	d := 0.0
	for i := range u {
		d = max(d, math.Abs(u[i]-v[i]))
	}
	return d
}

// Orders on a problem that depends on time, and on a stiff one, where that of EPIRK5P1, made for
// nonstiff problems, may be lower.
func TestExprbOrder(t *testing.T) {
	for _, p := range []*Problem{brusselator(2), kpp(30, false)} {
		ref := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-13, AbsTol: 1e-13}).U
		if p.N() == 2 {
			ref = mustSolve(t, p, Options{Solver: "Vern9", RelTol: 1e-14, AbsTol: 1e-14}).U
		}
		for _, name := range exprbNames {
			m, _ := Lookup(name)
			order := float64(m.Info().Order)
			n := 20
			e1, e2 := farthest(exprbFixed(t, p, name, n), ref), farthest(exprbFixed(t, p, name, 2*n), ref)
			slope := math.Log2(e1 / e2)
			t.Logf("%s, %s: %.3g, %.3g: %.2f", p.Name, name, e1, e2, slope)
			if slope < order-0.4 {
				t.Errorf("%s, %s: errors %.3g, %.3g: order %.2f, want %g", p.Name, name, e1, e2, slope, order)
			}
		}
	}
}

// The interpolant follows what a step solves exactly: an oscillation of many periods a step,
// and a stiff problem from its start on.
func TestExprbDense(t *testing.T) {
	for _, name := range exprbNames {
		p := oscillator(40)
		sol := mustSolve(t, p, Options{Solver: name, RelTol: 1e-7, AbsTol: 1e-7, Dense: true})
		var u [2]float64
		worst := 0.0
		for i := range 400 {
			at := 40 * (float64(i) + 0.5) / 400
			sol.At(at, u[:])
			worst = max(worst, math.Abs(u[0]-math.Cos(at)))
		}
		// Steps of up to ten units; the polynomial is cut where coefficients are below a tenth of the tolerance.
		if worst > 2e-7 || sol.Stats.Steps > 15 {
			t.Errorf("%s: error %.3g inside %d steps", name, worst, sol.Stats.Steps)
		}
		p = kpp(40, false)
		tol := 1e-6
		sol = mustSolve(t, p, Options{Solver: name, RelTol: tol, AbsTol: tol, Dense: true})
		ref := mustSolve(t, p, Options{Solver: "RadauIIA5", RelTol: 1e-11, AbsTol: 1e-11, Dense: true})
		v, w := make([]float64, 40), make([]float64, 40)
		worst, ends := 0.0, 0.0
		for i := range 300 {
			at := (float64(i) + 0.5) / 300
			sol.At(at, v)
			ref.At(at, w)
			worst = max(worst, farthest(v, w))
		}
		for i, at := range sol.Times {
			ref.At(at, w)
			ends = max(ends, farthest(sol.State(i), w))
		}
		if worst > 10*ends+10*tol || ends > 20*tol {
			t.Errorf("%s: error %.3g inside the steps, %.3g at their ends", name, worst, ends)
		}
		t.Logf("%s: %.3g inside, %.3g at the ends of %d steps", name, worst, ends, sol.Stats.Steps)
	}
}

func TestExprbAllocates(t *testing.T) {
	for _, name := range exprbNames {
		in, err := NewIntegrator(context.Background(), kpp(50, false), Options{Solver: name, FinalOnly: true, Span: [2]float64{0, 1e6}, HMax: 0.1, MaxSteps: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Step(); err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(20, func() {
			if err := in.Step(); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s allocates %v times per step", name, n)
		}
	}
}

func BenchmarkKPP(b *testing.B) {
	for _, name := range []string{"Exprb32", "Exprb43", "Exprb53s3", "EPIRK5P1", "Rodas5P", "BDF"} {
		b.Run(name, func(b *testing.B) {
			p := kpp(400, false)
			ref, _ := Solve(context.Background(), p, Options{Solver: "RadauIIA5", RelTol: 1e-11, AbsTol: 1e-11, FinalOnly: true})
			b.ResetTimer()
			for range b.N {
				sol, err := Solve(context.Background(), p, Options{Solver: name, RelTol: 1e-6, AbsTol: 1e-6, FinalOnly: true})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(farthest(sol.U, ref.U), "error")
				b.ReportMetric(float64(sol.Stats.Steps), "steps")
				b.ReportMetric(float64(sol.Stats.RHS), "f")
			}
		})
	}
}
