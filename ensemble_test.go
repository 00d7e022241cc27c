package mtkc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/native"
	"github.com/mtkc/mtkc/runtime/ode"
)

// ensembleOf solves an ensemble of an example.
func ensembleOf(t *testing.T, path, backend string, run ode.Options, src func() ensemble.Source, with func(e *EnsembleEngine, opt *ensemble.Options)) (*EnsembleEngine, *ensemble.Result) {
	t.Helper()
	c := New(path, Options{})
	p, found := c.Problem(t.Context())
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	o := EnsembleOptions{Backend: backend, Run: run, Sample: src()}
	if s, ok := o.Sample.(ensemble.Sized); ok {
		o.N = s.Len()
	}
	e, found := c.EnsembleEngine(t.Context(), o)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	opt := ensemble.Options{Run: e.Run, Engine: e.Engine, Keep: true, Workers: 2, ChunkSize: 16}
	if with != nil {
		with(e, &opt)
	}
	r, err := ensemble.Solve(t.Context(), p, src(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	return e, r
}

// bits compares trajectories.
func bits(a, b *ensemble.Trajectory) bool {
	return slices.Equal(a.Record, b.Record) && slices.Equal(a.Times, b.Times) && a.T == b.T && a.Retcode == b.Retcode && a.Message == b.Message && a.Steps == b.Steps && a.Rejected == b.Rejected && a.Events == b.Events
}

// What comes out does not depend on when an ensemble goes over to machine code, events and trajectories that are given up among it.
func TestTiers(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	if err := native.Supported(); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		path string
		run  ode.Options
		axis ensemble.Axis
	}{
		{"examples/bouncingball", ode.Options{Steps: 5}, ensemble.Linear("E", 0.5, 0.7, 400)},
		{"examples/robertson", ode.Options{Span: [2]float64{0, 100}}, ensemble.Linear("K1", 0.03, 0.05, 400)},
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 10}, MaxSteps: 205}, ensemble.Linear("Rho", 20, 30, 400)}, // some take more steps
	} {
		t.Run(c.path, func(t *testing.T) {
			src := func() ensemble.Source {
				s, err := ensemble.Grid(c.axis)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			_, want := ensembleOf(t, c.path, "vm", c.run, src, nil)
			e, got := ensembleOf(t, c.path, "auto", c.run, src, func(e *EnsembleEngine, opt *ensemble.Options) {
				opt.Progress = func(int64) { // after the first chunk
					e.tier.mu.Lock()
					e.tier.begin("as the test wants")
					e.tier.mu.Unlock()
					<-e.tier.ready
				}
			})
			if e.tier.native.Load() == 0 || e.tier.onLanes.Load() == 0 {
				t.Errorf("parts on lanes: %d, as machine code: %d", e.tier.onLanes.Load(), e.tier.native.Load())
			}
			for i := range want.Trajectories {
				if a, b := &got.Trajectories[i], &want.Trajectories[i]; !bits(a, b) {
					t.Fatalf("trajectory %d is %+v, with lanes all the way %+v", i, a, b)
				}
			}
			t.Log(e.Report(), got.Counts)
		})
	}
}

// What auto takes, and why.
func TestEnsembleChoice(t *testing.T) {
	one := func(lo, hi float64, name string, n int) func() ensemble.Source {
		return func() ensemble.Source {
			s, err := ensemble.Grid(ensemble.Linear(name, lo, hi, n))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	for _, c := range []struct {
		path        string
		run         ode.Options
		src         func() ensemble.Source
		method, why string
	}{
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 1}}, one(20, 30, "Rho", 20), "Vern7", "not stiff: 3 trajectories"},
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 1}, RelTol: 1e-3}, one(20, 30, "Rho", 20), "Tsit5", "not stiff"},
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 1}, Solver: "stiff"}, one(20, 30, "Rho", 20), "Rodas5P", "as asked for"},
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 1}, Solver: "kvaerno5"}, one(20, 30, "Rho", 20), "Kvaerno5", "asked for"},
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 1}, Solver: "bdf"}, one(20, 30, "Rho", 20), "", "BDF cannot run side by side"},
		{"examples/lorenz", ode.Options{Span: [2]float64{0, 1}}, one(20, 30, "Rho", 3), "", "fewer than 4"},
		{"examples/lorenz", ode.Options{Span: [2]float64{1, 0}}, one(20, 30, "Rho", 20), "", "backward"},
		{"examples/robertson", ode.Options{Span: [2]float64{0, 100}}, one(0.03, 0.05, "K1", 20), "Rodas5P", "stiff: "},
		{"examples/robertson", ode.Options{Span: [2]float64{0, 100}, RelTol: 1e-2}, one(0.03, 0.05, "K1", 20), "Rosenbrock23", "stiff: "},
		// mu grows: the last trajectory alone is stiff.
		{"examples/vanderpol", ode.Options{Span: [2]float64{0, 20}}, one(0.1, 1000, "Mu", 20), "Rodas5P", "stiff: "},
		{"examples/fourbar", ode.Options{}, one(9, 10, "g", 20), "", "constraints"},
	} {
		cc := New(c.path, Options{})
		if _, found := cc.Problem(context.Background()); found.Errors() > 0 {
			t.Fatal(found)
		}
		e, found := cc.EnsembleEngine(context.Background(), EnsembleOptions{Run: c.run, N: c.src().(ensemble.Sized).Len(), Sample: c.src()})
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		if e.Method != c.method || !strings.Contains(e.Why, c.why) || (e.Engine == nil) != (c.method == "") {
			t.Errorf("%s, %+v: %q: %s", c.path, c.run, e.Method, e.Why)
		}
		if e.tier != nil && e.tier.n != c.src().(ensemble.Sized).Len() {
			t.Errorf("%s: the choice of machine code counts %d trajectories", c.path, e.tier.n)
		}
	}
}

// Few takes the first trajectory, the middle and the last, each once.
func TestFew(t *testing.T) {
	for n, want := range map[int64]string{1: "[0]", 2: "[0 1]", 3: "[0 1 2]", 10: "[0 4 9]"} {
		s := ensemble.Func(ensemble.Named("i"), n, func(i int64, s *ensemble.Setup) { s.Values[0] = float64(i) })
		var got []float64
		f := &few{Source: s}
		for {
			dst := []ensemble.Setup{{Values: make([]float64, 1)}}
			k, err := f.Read(dst)
			if k == 0 {
				if err == nil {
					t.Error("no end")
				}
				break
			}
			got = append(got, dst[0].Values[0])
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%d: %v, want %s", n, got, want)
		}
	}
}
