package fuse

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// TestEnsemble solves ensembles in lanes, events and saves among them, and by runs of package ode.
func TestEnsemble(t *testing.T) {
	const ball = `
		param e = 0.8
		param g = 10
		var h = 1 fixed
		var v = 0 fixed
		der(h) = v
		der(v) = -g - 0.01*v*abs(v)
		when h <= 0 then reinit v = -e*v`
	// A state that moves slowly and short pulses: steps would be longer than their period.
	const pulses = `
		param a = 0.9
		var x = 1 fixed
		der(x) = -0.01*x + (if sin(10*time) > a + 0.001*x then 1 else 0)`
	for _, c := range []struct {
		name, text, param, method string
		t1                        float64
		tol                       float64 // largest difference, relative to 1: that of the tolerance grows on the way
	}{
		{"lorenz", lorenz, "r", "Tsit5", 4, 1e-4},
		{"ball", ball, "g", "Tsit5", 3, 1e-5},
		{"ball", ball, "g", "Vern7", 3, 1e-5},
		{"ball", ball, "g", "Rodas5P", 3, 1e-5},
		{"implicit", implicit, "a", "Rodas5P", 5, 1e-5},
		{"pulses", pulses, "a", "Tsit5", 5, 1e-5},
		{"pulses", pulses, "a", "Vern7", 5, 1e-5},
		{"pulses", pulses, "a", "Rodas5P", 5, 1e-5},
		{"pulses", pulses, "a", "Rosenbrock23", 5, 1e-4},
		{"pulses", pulses, "a", "KenCarp4", 5, 1e-5},
	} {
		prog := compile(t, c.text)
		p := vm.Problem(prog)
		in := integrator(t, prog, c.method, Options{Dense: true, Events: true})
		opt := ensemble.Options{Keep: true, Run: ode.Options{Span: [2]float64{0, c.t1}, Solver: c.method, RelTol: 1e-7, AbsTol: 1e-7}}
		for k := range 13 {
			opt.Run.SaveAt = append(opt.Run.SaveAt, c.t1*float64(k)/12)
		}
		source := func() ensemble.Source {
			var rows [][]float64
			for i := range 40 {
				rows = append(rows, []float64{p.P[paramOf(p, c.param)] * (1 - 0.02*float64(i))})
			}
			return ensemble.Rows(ensemble.Named(c.param), rows)
		}
		want, err := ensemble.Solve(context.Background(), p, source(), opt)
		if err != nil {
			t.Fatal(err)
		}
		opt.Engine = func() (ensemble.Engine, error) {
			return NewVMEngine(in, 16, SettingsOf(p, &opt.Run))
		}
		got, err := ensemble.Solve(context.Background(), p, source(), opt)
		if err != nil {
			t.Fatal(err)
		}
		if got.Unfit != "" || got.Engine == "" {
			t.Errorf("%s: %q %q", c.name, got.Engine, got.Unfit)
		}
		worst := 0.0
		for i := range got.Trajectories {
			a, b := &got.Trajectories[i], &want.Trajectories[i]
			if fmt.Sprint(a.Times) != fmt.Sprint(b.Times) || a.Retcode != b.Retcode || a.Events != b.Events {
				t.Errorf("%s, trajectory %d: %v %v at %v with %d events, want %v at %v with %d", c.name, i, a.Retcode, a.Message, a.T, a.Events, b.Retcode, b.T, b.Events)
				continue
			}
			for k, v := range a.Record {
				worst = math.Max(worst, math.Abs(v-b.Record[k])/(1+math.Abs(b.Record[k])))
			}
		}
		t.Logf("%s, %s: difference %.1e; %d events; %d and %d steps", c.name, got.Engine, worst, got.Events, got.Steps, want.Steps)
		if worst > c.tol {
			t.Errorf("%s: difference %v", c.name, worst)
		}
	}
}

func paramOf(p *ode.Problem, name string) int {
	for i := range p.Params {
		if p.Params[i].Name == name {
			return i
		}
	}
	panic("no parameter " + name)
}
