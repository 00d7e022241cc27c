package cuda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/cuda/ptxas"
	"github.com/mtkc/mtkc/backend/fuse"
	"github.com/mtkc/mtkc/backend/vm"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// makeBatch makes n trajectories from the default values, parameters varied by a fifth. For
// tests some are odd: over before they begin, not to be touched, not numbers.
func makeBatch(prog *backend.Program, n int, end float64, save []float64, odd bool) *ensemble.Batch {
	m := &prog.Meta
	rng := rand.New(rand.NewPCG(3, 9))
	b := &ensemble.Batch{N: n, T: make([]float64, n), TEnd: make([]float64, n), Save: save, Status: make([]ensemble.Status, n), H: make([]float64, n), Steps: make([]int64, n), Rejected: make([]int64, n)}
	b.Out = make([]float64, n*len(save)*len(m.U0))
	for i := range b.Out {
		b.Out[i] = -7
	}
	for i := range n {
		b.TEnd[i] = end
		b.U = append(b.U, m.U0...)
		for j, p := range m.P {
			scale := 0.8 + 0.4*rng.Float64()
			if j%3 == 2 {
				scale = 0.9 // for all
			}
			b.P = append(b.P, p*scale)
		}
		if !odd {
			continue
		}
		b.TEnd[i] *= 0.5 + rng.Float64()/2
		b.H[i] = []float64{0, 0.01}[i%2]
		switch i % 11 {
		case 5:
			b.TEnd[i] = 0
		case 7:
			b.Status[i] = ensemble.Crossed
		case 9:
			b.U[len(b.U)-1] = math.NaN()
		}
	}
	return b
}

func copyOf(b *ensemble.Batch) *ensemble.Batch {
	c := *b
	c.T, c.TEnd, c.U, c.P, c.Out = slices.Clone(b.T), slices.Clone(b.TEnd), slices.Clone(b.U), slices.Clone(b.P), slices.Clone(b.Out)
	c.H, c.Status, c.Steps, c.Rejected = slices.Clone(b.H), slices.Clone(b.Status), slices.Clone(b.Steps), slices.Clone(b.Rejected)
	return &c
}

// differ compares two batches bit by bit, all NaNs being equal.
func differ(got, want *ensemble.Batch) error {
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }
	for i := range want.N {
		if got.Status[i] != want.Status[i] || got.Steps[i] != want.Steps[i] || got.Rejected[i] != want.Rejected[i] || !same(got.T[i], want.T[i]) || !same(got.H[i], want.H[i]) {
			return fmt.Errorf("trajectory %d: status %d at %v after %d + %d steps, next %v; the vm has %d at %v after %d + %d, next %v", i,
				got.Status[i], got.T[i], got.Steps[i], got.Rejected[i], got.H[i], want.Status[i], want.T[i], want.Steps[i], want.Rejected[i], want.H[i])
		}
	}
	for i := range want.U {
		if !same(got.U[i], want.U[i]) {
			return fmt.Errorf("entry %d of U is %v, the vm has %v", i, got.U[i], want.U[i])
		}
	}
	for i := range want.Out {
		if !same(got.Out[i], want.Out[i]) {
			return fmt.Errorf("entry %d of Out is %v, the vm has %v", i, got.Out[i], want.Out[i])
		}
	}
	return nil
}

// tune sets the steps of a launch, and the size of parts.
func (g *Engine) tune(budget int64, part int) {
	g.part = part
	for _, s := range g.streams {
		s.budget = budget
	}
}

// engine makes one for a test.
func engine(t testing.TB, d Device, p *problem, in *fuse.Integrator) *Engine {
	t.Helper()
	e, err := NewEnsemble(d, in, p.loop(t, in))
	if err != nil {
		t.Fatal(err)
	}
	g, err := e.Engine(p.settings())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(g.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	})
	return g
}

// The run loops give the bits of the lanes of the vm on every device, with more trajectories
// than threads, budgets that end in the middle, and memory used again.
func TestEnsemble(t *testing.T) {
	for _, on := range devices {
		t.Run(on.name, func(t *testing.T) {
			d := on.open(t)
			for _, p := range problems {
				t.Run(p.name, func(t *testing.T) {
					prog, in := p.integrator(t)
					g := engine(t, d, &p, in)
					oracle, err := fuse.NewVMEngine(in, 8, p.settings())
					if err != nil {
						t.Fatal(err)
					}
					n := 70
					if on.name == "gpu" {
						n = 3000
					}
					for k, n := range []int{n / 2, n, 3} {
						var save []float64
						if p.opt.Dense && k > 0 {
							save = []float64{-1, 0, p.end * 0.1, p.end * 0.1000001, p.end * 0.5, p.end * 0.9, p.end, 2 * p.end}
						}
						got := makeBatch(prog, n, p.end, save, true)
						want := copyOf(got)
						g.tune(int64(1+20*k), 1+n/3)
						if err := g.Run(t.Context(), got); err != nil {
							t.Fatal(err)
						}
						if err := oracle.Run(t.Context(), want); err != nil {
							t.Fatal(err)
						}
						if err := differ(got, want); err != nil {
							t.Fatal(err)
						}
					}
				})
			}
		})
	}
}

// Results do not depend on how many engines work, nor on the parts of a batch.
func TestEngines(t *testing.T) {
	for _, on := range devices {
		t.Run(on.name, func(t *testing.T) {
			d := on.open(t)
			p := named("lorenz-tsit5-dense")
			prog, in := p.integrator(t)
			e, err := NewEnsemble(d, in, p.loop(t, in))
			if err != nil {
				t.Fatal(err)
			}
			all := makeBatch(prog, 48, 2, []float64{0.5, 1, 2}, true)
			want := copyOf(all)
			oracle, err := fuse.NewVMEngine(in, 8, p.settings())
			if err != nil {
				t.Fatal(err)
			}
			if err := oracle.Run(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for k := range 6 {
				wg.Go(func() {
					g, err := e.Engine(p.settings())
					if err != nil {
						t.Error(err)
						return
					}
					got := copyOf(all)
					if k == 0 {
						err = g.Run(t.Context(), got)
					} else {
						for lo := 0; lo < got.N && err == nil; lo += 8 * k {
							err = g.streams[0].run(t.Context(), got, lo, min(lo+8*k, got.N))
						}
					}
					if err := errors.Join(err, differ(got, want), g.Close()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A run ends when its context does, and the engine is usable after it.
func TestEnsembleCancel(t *testing.T) {
	p := named("lorenz-tsit5")
	prog, in := p.integrator(t)
	g := engine(t, Interpreted(), p, in)
	g.tune(1, 0)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := g.Run(ctx, makeBatch(prog, 64, 1e6, nil, false)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	got := makeBatch(prog, 5, 1, nil, false)
	want := copyOf(got)
	oracle, err := fuse.NewVMEngine(in, 8, p.settings())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(g.Run(t.Context(), got), oracle.Run(t.Context(), want), differ(got, want)); err != nil {
		t.Error(err)
	}
	if err := g.Run(t.Context(), makeBatch(prog, 5, 1, []float64{1}, false)); err == nil {
		t.Error("saves without dense output")
	}
}

// ptxas takes the run loops; what they need of registers is in the log. Spills are allowed
// for large ones alone.
func TestAssemble(t *testing.T) {
	if _, err := ptxas.Find(); err != nil {
		t.Skip(err)
	}
	for _, p := range problems {
		_, in := p.integrator(t)
		k := p.loop(t, in)
		archs := []string{"sm_70"}
		if p.name == "lorenz-tsit5" || p.name == "hires-rodas5p" {
			archs = append(archs, "sm_80", "sm_90", "sm_100", "sm_120")
		}
		for _, arch := range archs {
			r, err := ptxas.Assemble(t.Context(), Rounded(k.Text), arch, ptxas.Options{})
			if unknown, ok := errors.AsType[*ptxas.ArchError](err); ok {
				t.Logf("%s: skipped for %s: %v", p.name, arch, unknown)
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", p.name, err)
				continue
			}
			f, ok := r.Function(k.Name)
			if !ok {
				t.Errorf("%s: %+v", p.name, r.Functions)
			}
			t.Logf("%-26s %s: %5d operations, %3d registers, %5d bytes of stack, spills %d/%d, %d kB of code", p.name, arch, in.Step.Ops(), f.Registers, f.Stack, f.SpillStores, f.SpillLoads, len(r.Code)/1000)
		}
	}
}

// BenchmarkEnsemble integrates n trajectories on the GPU, and on the vm for comparison.
func BenchmarkEnsemble(b *testing.B) {
	for _, p := range problems {
		if p.opt.Dense {
			continue
		}
		b.Run(p.name, func(b *testing.B) {
			prog, in := p.integrator(b)
			run := func(b *testing.B, g ensemble.Engine, n int) {
				all := makeBatch(prog, n, p.end, nil, false)
				var steps int64
				if err := g.Run(context.Background(), copyOf(all)); err != nil { // makes memory
					b.Fatal(err)
				}
				var before Times
				on, device := g.(*Engine)
				if device {
					before = on.Times()
				}
				for b.Loop() {
					b.StopTimer()
					t := copyOf(all)
					b.StartTimer()
					if err := g.Run(context.Background(), t); err != nil {
						b.Fatal(err)
					}
					steps = 0
					for i := range t.Steps {
						steps += t.Steps[i] + t.Rejected[i]
						if t.Status[i] != ensemble.Reached {
							b.Fatalf("trajectory %d has status %d", i, t.Status[i])
						}
					}
				}
				perRun := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
				b.ReportMetric(perRun/float64(n), "ns/traj")
				b.ReportMetric(perRun/float64(steps), "ns/step")
				b.ReportMetric(0, "ns/op")
				if device {
					t := on.Times()
					b.ReportMetric(float64((t.In-before.In).Nanoseconds())/perRun/float64(b.N), "in/all")
					b.ReportMetric(float64((t.Out-before.Out).Nanoseconds())/perRun/float64(b.N), "out/all")
					b.ReportMetric(float64(t.Launches-before.Launches)/float64(b.N), "launches")
				}
			}
			if os.Getenv("MTKC_GPU") != "" {
				d := gpuDevice(b)
				for _, n := range []int{1e4, 65536, 1e6} {
					b.Run(fmt.Sprintf("gpu/%d", n), func(b *testing.B) { run(b, engine(b, d, &p, in), n) })
				}
			}
			b.Run("vm/1000", func(b *testing.B) {
				g, err := fuse.NewVMEngine(in, 0, p.settings())
				if err != nil {
					b.Fatal(err)
				}
				run(b, g, 1000)
			})
		})
	}
}

// Whole ensembles, whose events package ensemble handles between batches, come out as they
// do from the lanes of the vm.
func TestSolve(t *testing.T) {
	for _, on := range devices {
		t.Run(on.name, func(t *testing.T) {
			d := on.open(t)
			q := named("ball-tsit5-events")
			prog, in := q.integrator(t)
			p := vm.Problem(prog)
			e, err := NewEnsemble(d, in, q.loop(t, in))
			if err != nil {
				t.Fatal(err)
			}
			opt := ensemble.Options{Keep: true, Run: ode.Options{Span: [2]float64{0, q.end}, Solver: q.method, RelTol: q.rtol, AbsTol: q.atol, SaveAt: []float64{0, 0.3, 1, 2, 2.5, 3}}}
			var rows [][]float64
			for i := range 60 {
				rows = append(rows, []float64{10 - 0.1*float64(i)})
			}
			solve := func(f func() (ensemble.Engine, error)) *ensemble.Result {
				opt.Engine = f
				r, err := ensemble.Solve(t.Context(), p, ensemble.Rows(ensemble.Named("g"), rows), opt)
				if err != nil {
					t.Fatal(err)
				}
				if r.Unfit != "" || r.Events == 0 {
					t.Errorf("%q, %d events", r.Unfit, r.Events)
				}
				return r
			}
			got := solve(func() (ensemble.Engine, error) { return e.Engine(fuse.SettingsOf(p, &opt.Run)) })
			want := solve(func() (ensemble.Engine, error) { return fuse.NewVMEngine(in, 8, fuse.SettingsOf(p, &opt.Run)) })
			for i := range want.Trajectories {
				if a, b := got.Trajectories[i], want.Trajectories[i]; fmt.Sprint(a) != fmt.Sprint(b) {
					t.Fatalf("trajectory %d: %v, wanted %v", i, a, b)
				}
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
