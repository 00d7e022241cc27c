package ode

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// advance makes n steps, or fewer where the run ends.
func advance(t *testing.T, in *Integrator, n int) {
	t.Helper()
	for ; n > 0 && !in.Done(); n-- {
		if err := in.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

// sameRun compares two solutions to the last bit, with all counts.
func sameRun(t *testing.T, what string, got, want *Solution) {
	t.Helper()
	if got.Stats != want.Stats || got.Retcode != want.Retcode || !reflect.DeepEqual(got.Warnings, want.Warnings) || got.Solver != want.Solver || got.Why != want.Why {
		t.Errorf("%s: %v, %+v, %s %s %q, want %v, %+v, %s %s %q", what, got.Retcode, got.Stats, got.Solver, got.Why, got.Warnings, want.Retcode, want.Stats, want.Solver, want.Why, want.Warnings)
	}
	if len(got.Times) != len(want.Times) || !sameBits(got.Times, want.Times) || len(got.states) != len(want.states) || !sameBits(got.states, want.states) || !sameBits(got.U, want.U) || !sameBits(got.Params, want.Params) {
		t.Errorf("%s: %d points to t = %v, %v, want %d to %v, %v", what, got.Len(), got.T, got.U, want.Len(), want.T, want.U)
	}
}

// interrupted checks that a run which is saved at some points and goes on elsewhere is the
// same as one that is not, and so is the one that was saved.
func interrupted(t *testing.T, p *Problem, opt Options) {
	t.Helper()
	start := func() *Integrator {
		in, err := NewIntegrator(context.Background(), p, opt)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	ref := start()
	advance(t, ref, math.MaxInt)
	want := ref.Solution()
	steps := want.Stats.Steps
	if steps < 4 {
		t.Fatalf("%d steps are too few for the test", steps)
	}
	saved := start()
	at := 0
	for _, k := range []int{0, 1, steps / 3, steps - 1} {
		advance(t, saved, k-at)
		at = max(at, k)
		data, err := saved.Save()
		if err != nil {
			t.Fatal(err)
		}
		in, err := Resume(context.Background(), p, opt, data)
		if err != nil {
			t.Fatalf("after %d steps: %v", k, err)
		}
		again, err := in.Save()
		if err != nil || !bytes.Equal(data, again) {
			at := 0
			for at < len(data) && at < len(again) && data[at] == again[at] {
				at++
			}
			t.Fatalf("after %d steps: the restored run saves other bytes than it was restored from, from byte %d of %d, %d on (%v)", k, at, len(data), len(again), err)
		}
		advance(t, in, math.MaxInt)
		sameRun(t, fmt.Sprintf("restored after %d of %d steps", k, steps), in.Solution(), want)
		if k == 1 {
			continue
		}
		// The one that has run to its end goes back in its own memory.
		if err := in.Restore(data); err != nil {
			t.Fatal(err)
		}
		advance(t, in, math.MaxInt)
		sameRun(t, fmt.Sprintf("wound back to %d of %d steps", k, steps), in.Solution(), want)
	}
	advance(t, saved, math.MaxInt)
	sameRun(t, "saved on the way", saved.Solution(), want)
}

// Every registered method, and auto, goes on bit by bit: on a nonstiff problem with time in f,
// and the implicit ones on a stiff one. A method that takes none of the problems is an error.
func TestArchiveMethods(t *testing.T) {
	names := []string{"auto"}
	for _, m := range Methods() {
		names = append(names, m.Info().Name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			ran := 0
			for _, p := range []*Problem{brusselator(6), lorenz(), oscillator(6), vanDerPol(100, 150), index1(3), springs(6), forced(true, 6), kpp(8, true)} {
				opt := Options{Solver: name, RelTol: 1e-5, AbsTol: 1e-6}
				if m, err := Lookup(name); err == nil && m.Info().Embedded == 0 {
					opt.InitialStep = p.Span[1] / 200
					if strings.HasPrefix(name, "AdamsBashforth") {
						opt.InitialStep = p.Span[1] / 10000 // the regions of stability of high orders are tiny
					}
				}
				if ran > 0 && (p.Name == "lorenz" || p.Name == "oscillator") {
					continue // of the kind of the first one
				}
				if p.Name == "vanderpol" {
					if m, err := Lookup(name); err == nil && !m.Info().Implicit {
						continue
					}
				}
				if p.Name == "lorenz" {
					p.Span[1] = 3
				}
				opt.HMax = (p.Span[1] - p.Span[0]) / 8 // a method of order 13 would make three steps
				if p.Mass != nil && name != "auto" {
					if m, err := Lookup(name); err != nil || !m.Info().Mass {
						continue
					}
				}
				// Whether a method takes a problem, its New says; how it fares there is not asked here.
				if sol, err := Solve(context.Background(), p, opt); err != nil && (sol == nil || ran > 0) {
					t.Logf("%s: %v", p.Name, err)
					continue
				}
				interrupted(t, p, opt)
				ran++
			}
			if ran == 0 {
				t.Error("the method takes none of the problems: add one that it takes")
			}
		})
	}
}

// So does every form of a problem with constraints.
func TestArchiveForms(t *testing.T) {
	for _, m := range manners {
		t.Run(fmt.Sprint(m), func(t *testing.T) {
			interrupted(t, levelled(3, 6.6), Options{Solver: m.solver, Form: m.form, Constraints: m.constraints, RelTol: 1e-6, AbsTol: 1e-6})
		})
	}
}

// And large systems with sparse factors, whose pivots are history.
func TestArchiveSparse(t *testing.T) {
	for _, name := range []string{"Rodas5P", "Radau5", "BDF", "auto"} {
		t.Run(name, func(t *testing.T) {
			interrupted(t, ringLadder(30, 1), Options{Solver: name, RelTol: 1e-4})
		})
	}
}

// And problems with events: bounces, sliding, samples; dense output; backward in time.
func TestArchiveEvents(t *testing.T) {
	slide := func() *Problem {
		m := newMachine("slide", []float64{1}, nil, 8, func(t float64, u, p, du []float64) {
			du[0] = math.Sin(t) - 1.2*(2*p[0]-1)
		})
		m.relation("x > 0", true)
		m.k.Crossings = func(t float64, u, p, g []float64) { g[0] = u[0] }
		return m.Problem
	}
	for _, c := range []struct {
		name string
		p    *Problem
		opt  Options
	}{
		{"ball", ball(0.8, 3).Problem, Options{}},
		{"slide", slide(), Options{Solver: "Tsit5"}},
		{"slide, BDF", slide(), Options{Solver: "BDF"}},
		{"dense", lorenz(), Options{Dense: true, Span: [2]float64{0, 2}}},
		{"save at", lorenz(), Options{Steps: 37, Span: [2]float64{0, 2}}},
		{"backward", lorenz(), Options{Span: [2]float64{1, 0.3}}},
		{"robertson", robertson(), Options{RelTol: 1e-6, AbsTol: 1e-10}},
	} {
		t.Run(c.name, func(t *testing.T) { interrupted(t, c.p, c.opt) })
	}
}

// And problems in residual form, made and not.
func TestArchiveImplicit(t *testing.T) {
	interrupted(t, cubic(3), Options{RelTol: 1e-6, AbsTol: 1e-6})
	interrupted(t, cubic(3), Options{RelTol: 1e-6, AbsTol: 1e-6, Span: [2]float64{2, 0.5}, U0: []float64{math.Sin(2), 0}})
	interrupted(t, residualOf(index1(3), false), Options{RelTol: 1e-6, AbsTol: 1e-6})
}

// A run goes on in another process as it does in this one.
func TestArchiveProcess(t *testing.T) {
	p, opt := robertson(), Options{RelTol: 1e-6, AbsTol: 1e-10}
	if file := os.Getenv("MTKC_TEST_ARCHIVE"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in, err := Resume(context.Background(), p, opt, data)
		if err != nil {
			t.Fatal(err)
		}
		advance(t, in, math.MaxInt)
		data, err = in.Save()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	in, err := NewIntegrator(context.Background(), p, opt)
	if err != nil {
		t.Fatal(err)
	}
	advance(t, in, 100)
	data, err := in.Save()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "run")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestArchiveProcess$")
	cmd.Env = append(os.Environ(), "MTKC_TEST_ARCHIVE="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	advance(t, in, math.MaxInt)
	want, err := in.Save()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the end in the other process differs (%v)", err)
	}
}

// What does not belong together is an error.
func TestArchiveErrors(t *testing.T) {
	in, err := NewIntegrator(context.Background(), lorenz(), Options{Solver: "Tsit5"})
	if err != nil {
		t.Fatal(err)
	}
	advance(t, in, 5)
	data, err := in.Save()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p    *Problem
		opt  Options
		data []byte
		want string
	}{
		{lorenz(), Options{Solver: "Tsit5"}, data[:len(data)-9], "damaged"},
		{lorenz(), Options{Solver: "Tsit5"}, nil, "damaged"},
		{lorenz(), Options{Solver: "Vern7"}, data, "with Tsit5"},
		{oscillator(1), Options{Solver: "Tsit5"}, data, `"lorenz"`},
		{lorenz(), Options{Solver: "Tsit5", Dense: true}, data, "Dense"},
		{lorenz(), Options{Solver: "Tsit5", Callbacks: []*Callback{{}}}, data, "callbacks"},
	} {
		if _, err := Resume(context.Background(), c.p, c.opt, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
