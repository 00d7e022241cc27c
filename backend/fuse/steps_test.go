package fuse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ensemble"
)

// ring is Lorenz's system of 1996 with n states and a chain of decays beside it, of which one is
// driven by time.
func ring(n int) string {
	var b strings.Builder
	fmt.Fprintln(&b, "param f = 8")
	for i := range n {
		fmt.Fprintf(&b, "var x%d = %v fixed\nvar y%d = %v fixed\n", i, 1+0.1*float64(i%7), i, 0.01*float64(i))
	}
	for i := range n {
		fmt.Fprintf(&b, "der(x%d) = (x%d - x%d)*x%d - x%d + f\n", i, (i+1)%n, (i+n-2)%n, (i+n-1)%n, i)
		drive := "0"
		if i > 0 {
			drive = fmt.Sprintf("y%d", i-1)
		} else {
			drive = "sin(3*time)"
		}
		fmt.Fprintf(&b, "der(y%d) = %v*(%s - y%d)\n", i, 1+float64(i)/10, drive, i)
	}
	return b.String()
}

// TestSteps compares integrators of a rolled model with those of the same model in straight-line code.
func TestSteps(t *testing.T) {
	const n = 20
	plain := build(t, ring(n), backend.Options{RollFrom: 1 << 30})
	rolled := build(t, ring(n), backend.Options{RollFrom: 1, MinLoop: 4})
	if len(plain.RHS.Steps) > 0 || len(rolled.RHS.Steps) == 0 {
		t.Fatalf("%d and %d steps", len(plain.RHS.Steps), len(rolled.RHS.Steps))
	}
	for _, method := range []string{"Tsit5", "Vern7", "DP8"} {
		opt := Options{Dense: true}
		s := Settings{RelTol: 1e-7, AbsTol: []float64{1e-7}}
		var end, mid [2][]float64
		var steps [2]float64
		for i, prog := range []*backend.Program{plain, rolled} {
			in := integrator(t, prog, method, opt)
			tr := start(t, prog, in, 0, 2, s)
			for tr.x[T] < 1 {
				tr.step()
			}
			mid[i] = make([]float64, in.N)
			tr.save(1, mid[i])
			tr.run()
			end[i], steps[i] = tr.u(), tr.x[Steps]
			if tr.x[Status] != Done {
				t.Fatalf("%s: %v", method, tr.x[:StateAt])
			}
			t.Logf("%s: %v steps; code of %d operations, work %d", method, tr.x[Steps], in.Step.Ops(), in.Step.Work())
		}
		// The states of the models are in the same order. Rounding in the norms changes steps in the last bits.
		if d := max(distance(end[0], end[1]), distance(mid[0], mid[1])); d > 1e-11 || steps[0] != steps[1] {
			t.Errorf("%s: difference %v, %v steps", method, d, steps)
		}
	}
	// Lanes.
	in := integrator(t, rolled, "Vern7", Options{Dense: true})
	make := func() *ensemble.Batch {
		rng := rand.New(rand.NewPCG(1, 2))
		return batch(t, rolled, 20, 1, []float64{0.3, 0.7}, func(i int, u, p []float64) { p[0] = 8 * rng.Float64() })
	}
	var want *ensemble.Batch
	for _, w := range []int{1, 8, 16} {
		e, err := NewVMEngine(in, w, Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}})
		if err != nil {
			t.Fatal(err)
		}
		b := make()
		if err := e.Run(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = b
		} else if !sameBatch(b, want) {
			t.Errorf("%d lanes differ from one", w)
		}
	}
}

// TestUnrolled compares implicit methods for a rolled model with those for straight-line code.
func TestUnrolled(t *testing.T) {
	for _, method := range []string{"Rodas5P", "KenCarp4"} {
		var end [2][]float64
		for i, from := range []int{1 << 30, 1} {
			prog := build(t, ring(20), backend.Options{RollFrom: from, MinLoop: 4})
			if (len(prog.Jac.Steps) > 0) != (i > 0) {
				t.Fatalf("%d steps", len(prog.Jac.Steps))
			}
			in := integrator(t, prog, method, Options{})
			tr := start(t, prog, in, 0, 1, Settings{RelTol: 1e-7, AbsTol: []float64{1e-7}})
			tr.run()
			if tr.x[Status] != Done {
				t.Fatalf("%s: %v", method, tr.x[:StateAt])
			}
			end[i] = tr.u()
		}
		// Rounding of sums in another order.
		if d := distance(end[0], end[1]); d > 1e-11 {
			t.Errorf("%s: difference %v", method, d)
		}
	}
	prog := build(t, ring(2000), backend.Options{})
	if in, err := New(prog, "Rodas5P", Options{}); err == nil {
		t.Errorf("a kernel of %d operations", in.Step.Ops())
	}
}

// TestStepsEvents stops a rolled model before a relation changes, at the end of the step or inside.
func TestStepsEvents(t *testing.T) {
	text := ring(10) + `
		var s = -24.99 fixed
		var h = 1 fixed
		der(s) = 200*(0.5 - time)
		der(h) = if s > 0 then 1 else -1
		when h <= 0.75 then reinit h = 2`
	for _, opt := range []backend.Options{{RollFrom: 1 << 30}, {RollFrom: 1, MinLoop: 4}} {
		prog := build(t, text, opt)
		for _, method := range []string{"Tsit5", "Vern7"} {
			in := integrator(t, prog, method, Options{Events: true})
			tr := start(t, prog, in, 0, 0.5, Settings{RelTol: 1e-6, AbsTol: []float64{1e-6}})
			tr.run()
			if tr.x[Status] != Event || tr.x[T] > 0.25 || tr.x[T]+tr.x[H] < 0.25 {
				t.Errorf("%s: %v", method, tr.x[:StateAt])
			}
			tr = start(t, prog, in, 0, 2, Settings{RelTol: 1e2, AbsTol: []float64{1e2}})
			tr.x[H] = 1
			tr.step()
			if tr.x[Status] != Event || tr.x[T] != 0 {
				t.Errorf("%s, twice: %v", method, tr.x[:StateAt])
			}
		}
	}
}

// TestStepsSize makes the kernel of a large model: its code does not grow with the model.
func TestStepsSize(t *testing.T) {
	var ops [2]int
	for i, n := range []int{500, 2000} {
		prog := build(t, ring(n), backend.Options{RollFrom: 1})
		in := integrator(t, prog, "Tsit5", Options{})
		ops[i] = in.Step.Ops()
		t.Logf("%d states: right-hand side %d operations in code, %d in a run; step %d and %d", 2*n,
			prog.RHS.Ops(), prog.RHS.Work(), ops[i], in.Step.Work())
	}
	if ops[1] > ops[0]+100 { // levels of sums
		t.Errorf("%v operations", ops)
	}
}
