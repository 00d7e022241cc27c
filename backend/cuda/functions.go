package cuda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mtkc/mtkc/backend/llvm"
	"github.com/mtkc/mtkc/runtime/ode"
)

// Functions are the right-hand side and the Jacobian of a large model on a device, a thread for each instance of its
// loops. u and p go there and the result comes back in each call, which takes some 20 to 50 microseconds besides the
// work: it pays where a call takes longer than that on the CPU, from some 100,000 states on, and the most where f is
// costly. Any goroutine may make Kernels of them, each its own.
type Functions struct {
	code   Code
	list   []llvm.PTXFunction
	most   int // threads that run at once
	mu     sync.Mutex
	queues []Queue
	err    error
}

// NewFunctions makes the functions of a module ready on a device. Close them.
func NewFunctions(d Device, m *llvm.PTXModule) (*Functions, error) {
	if len(m.Functions) == 0 {
		return nil, errors.New("cuda: the model has no loops over many instances, which are what threads compute; use the vm or LLVM")
	}
	code, err := d.Load(Rounded(m.Text))
	if err != nil {
		return nil, err
	}
	return &Functions{code: code, list: m.Functions, most: d.Threads()}, nil
}

// Problem returns p with the functions in the place of its own.
func (f *Functions) Problem(p *ode.Problem) *ode.Problem {
	q := *p
	q.NewKernels = func() *ode.Kernels {
		k := p.NewKernels()
		if err := f.take(k, len(p.U0), len(p.P)); err != nil {
			f.fail(err)
		}
		return k
	}
	return &q
}

// Err is the first error of the device. After it the functions of the problem itself compute.
func (f *Functions) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *Functions) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

// Close gives the memory of all Kernels back, which must not be called any more. The error is that of the device, Err
// included.
func (f *Functions) Close() error {
	err := f.Err()
	for _, q := range f.queues {
		err = errors.Join(err, q.Close())
	}
	return errors.Join(err, f.code.Close())
}

// resident is what Kernels keep on the device.
type resident struct {
	f       *Functions
	q       Queue
	u, p, w *Buffer
	out     []*Buffer // by function
	has     bool      // p is that of the last call
}

// take puts the functions into k.
func (f *Functions) take(k *ode.Kernels, n, np int) (err error) {
	r := &resident{f: f}
	if r.q, err = f.code.Queue(); err != nil {
		return err
	}
	f.mu.Lock()
	f.queues = append(f.queues, r.q)
	f.mu.Unlock()
	scratch := 0
	for i := range f.list {
		scratch = max(scratch, f.list[i].Scratch)
		b, err := r.q.Alloc(8 * f.list[i].Out)
		if err != nil {
			return err
		}
		clear(b.Host) // entries that no kernel writes
		if err := r.q.Upload(b, 0, len(b.Host)); err != nil {
			return err
		}
		r.out = append(r.out, b)
	}
	for _, a := range []struct {
		b **Buffer
		n int
	}{{&r.u, n}, {&r.p, np}, {&r.w, scratch}} {
		if *a.b, err = r.q.Alloc(8 * a.n); err != nil {
			return err
		}
	}
	if err := r.q.Wait(context.Background()); err != nil {
		return err
	}
	for i := range f.list {
		switch f.list[i].Name {
		case "rhs":
			k.RHS = r.function(i, k.RHS)
		case "jac":
			k.Jac = r.function(i, k.Jac)
		default:
			panic(fmt.Sprintf("mtkc: bug: a function %s", f.list[i].Name))
		}
	}
	return nil
}

// function is a function of the list; own is the problem's.
func (r *resident) function(i int, own func(t float64, u, p, out []float64)) func(t float64, u, p, out []float64) {
	return func(t float64, u, p, out []float64) {
		if r.f.Err() == nil {
			err := r.call(i, t, u, p, out)
			if err == nil {
				return
			}
			r.f.fail(err)
		}
		own(t, u, p, out)
	}
}

func (r *resident) call(i int, t float64, u, p, out []float64) error {
	fn := &r.f.list[i]
	copy(numbers[float64](r.u.Host), u)
	if err := r.q.Upload(r.u, 0, len(r.u.Host)); err != nil {
		return err
	}
	if host := numbers[float64](r.p.Host); !r.has || !slices.Equal(host, p[:len(host)]) {
		copy(host, p)
		if err := r.q.Upload(r.p, 0, len(r.p.Host)); err != nil {
			return err
		}
		r.has = true
	}
	for _, l := range fn.Launches {
		block := min(128, (l.Threads+31)/32*32)
		grid := max(1, min((l.Threads+block-1)/block, r.f.most/block))
		if l.Threads == 1 {
			grid, block = 1, 1
		}
		if err := r.q.Launch(l.Kernel, grid, block, t, r.u, r.p, r.out[i], r.w); err != nil {
			return err
		}
	}
	if err := r.q.Download(r.out[i], 0, 8*fn.Out); err != nil {
		return err
	}
	if err := r.q.Wait(context.Background()); err != nil {
		return err
	}
	copy(out[:fn.Out], numbers[float64](r.out[i].Host))
	return nil
}
