package mtkc

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mtkc/mtkc/backend/cuda"
	"github.com/mtkc/mtkc/backend/cuda/libcuda"
	"github.com/mtkc/mtkc/backend/llvm/libllvm"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// device is the interpreter of PTX in the guise of a GPU.
type device struct {
	cuda.Device
	processors, ratio int
	fails             bool // launches do
	closed            bool
}

func (d *device) Name() string     { return "GPU of the test" }
func (d *device) Processors() int  { return d.processors }
func (d *device) DoubleRatio() int { return d.ratio }
func (d *device) Close() error     { d.closed = true; return d.Device.Close() }

func (d *device) Load(ptx []byte) (cuda.Code, error) {
	c, err := d.Device.Load(ptx)
	return &deviceCode{c, d}, err
}

type deviceCode struct {
	cuda.Code
	d *device
}

func (c *deviceCode) Queue() (cuda.Queue, error) {
	q, err := c.Code.Queue()
	return &deviceQueue{q, c.d}, err
}

type deviceQueue struct {
	cuda.Queue
	d *device
}

func (q *deviceQueue) Launch(kernel string, grid, block int, args ...any) error {
	if q.d.fails {
		return errors.New("the GPU has fallen off the bus")
	}
	return q.Queue.Launch(kernel, grid, block, args...)
}

// Auto takes a GPU where that is to pay, and says so; numbers are those of the vm, also where the GPU fails on the way.
func TestAutoTakesAGPU(t *testing.T) {
	if _, err := libllvm.Find(); err != nil {
		t.Skip(err)
	}
	defer func(f func() (cuda.Device, error)) { openGPU = f }(openGPU)
	run := ode.Options{Span: [2]float64{0, 2}, Steps: 3, Solver: "tsit5"}
	src := func() ensemble.Source {
		s, err := ensemble.Grid(ensemble.Linear("Rho", 20, 30, 40))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	solve := func(path, backend string, n int64) (*EnsembleEngine, *ensemble.Result) {
		c := New(path, Options{})
		p, found := c.Problem(context.Background())
		if found.Errors() > 0 {
			t.Fatal(found)
		}
		source := src
		if path == "examples/bouncingball" {
			source = func() ensemble.Source {
				s, err := ensemble.Grid(ensemble.Linear("E", 0.5, 0.7, 40))
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		}
		e, found := c.EnsembleEngine(context.Background(), EnsembleOptions{Backend: backend, Run: run, N: n, Sample: source(), Workers: 2})
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		r, err := ensemble.Solve(context.Background(), p, source(), ensemble.Options{Run: e.Run, Engine: e.Engine, Keep: true, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		return e, r
	}
	_, want := solve("examples/lorenz", "vm", 40)
	const many = 100_000_000
	for _, c := range []struct {
		name  string
		n     int64
		gpu   *device
		err   error
		taken bool
		why   string // in the report; "-": nothing of GPUs
	}{
		{"large", many, &device{processors: 132, ratio: 2}, nil, true, "a GPU was taken: about"},
		{"small", 40, &device{processors: 132, ratio: 2}, nil, false, "-"},
		{"slow", many / 2, &device{processors: 20, ratio: 64}, nil, false, "GPU of the test would not have paid"},
		{"absent", many, nil, &libcuda.NotFoundError{}, false, "there is no driver"},
		{"old", many, nil, errors.New("kernels need sm_70"), false, "cannot be had: kernels need sm_70"},
		{"failing", many, &device{processors: 132, ratio: 2, fails: true}, nil, true, "lanes of the vm went on: the GPU has fallen off the bus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			looked := false
			openGPU = func() (cuda.Device, error) {
				looked = true
				if c.gpu == nil {
					return nil, c.err
				}
				c.gpu.Device = cuda.Interpreted()
				return c.gpu, nil
			}
			e, got := solve("examples/lorenz", "auto", c.n)
			if report := e.Report(); c.why == "-" && (looked || strings.Contains(report, "GPU")) || c.why != "-" && !strings.Contains(report, c.why) {
				t.Errorf("looked for a GPU: %v; %s", looked, report)
			}
			if taken := e.loop != nil; taken != c.taken || c.gpu != nil && looked && !c.gpu.closed {
				t.Errorf("taken: %v, %+v", taken, c.gpu)
			}
			for i := range want.Trajectories {
				if a, b := &got.Trajectories[i], &want.Trajectories[i]; !bits(a, b) {
					t.Fatalf("trajectory %d is %+v, with lanes all the way %+v", i, a, b)
				}
			}
		})
	}
	// Trajectories with events come back to the host again and again.
	openGPU = func() (cuda.Device, error) {
		t.Error("a GPU for a model with events")
		return nil, &libcuda.NotFoundError{}
	}
	solve("examples/bouncingball", "auto", many)
}
