package cuda

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mtkc/mtkc/backend/cuda/libcuda"
)

// gpu is a device of the driver.
type gpu struct {
	c *libcuda.Context
}

// Open makes the GPU of a number ready, as libcuda.Driver.Devices and mtkc doctor count
// them. The error is that of libcuda.Open, or one about the GPU.
func Open(index int) (Device, error) {
	d, err := libcuda.Open()
	if err != nil {
		return nil, err
	}
	devs, err := d.Devices()
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= len(devs) {
		return nil, fmt.Errorf("cuda: there is no GPU %d; this machine has %d (mtkc doctor lists them)", index, len(devs))
	}
	if dev := devs[index]; dev.Major < 7 {
		return nil, fmt.Errorf("cuda: GPU %d is %v: kernels need sm_70 (Volta) or later", index, dev)
	}
	c, err := d.Context(devs[index])
	if err != nil {
		return nil, err
	}
	return &gpu{c}, nil
}

func (g *gpu) Name() string { return g.c.Device().Name }

func (g *gpu) Processors() int { return g.c.Device().Processors }

func (g *gpu) Threads() int { return g.c.Device().Processors * g.c.Device().Threads }

func (g *gpu) DoubleRatio() int { return g.c.Device().DoubleRatio }

func (g *gpu) Close() error { return g.c.Close() }

// gpuCode is a module. Its functions are looked up once.
type gpuCode struct {
	c *libcuda.Context
	m *libcuda.Module

	mu        sync.Mutex
	functions map[string]*libcuda.Function
}

func (g *gpu) Load(ptx []byte) (Code, error) {
	m, err := g.c.Load(ptx, libcuda.Options{})
	if err != nil {
		return nil, err
	}
	return &gpuCode{c: g.c, m: m, functions: map[string]*libcuda.Function{}}, nil
}

func (k *gpuCode) Close() error { return k.m.Unload() }

func (k *gpuCode) function(name string) (*libcuda.Function, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.functions[name]; f != nil {
		return f, nil
	}
	f, err := k.m.Function(name)
	if err == nil {
		k.functions[name] = f
	}
	return f, err
}

func (k *gpuCode) Kernel(name string) (Kernel, error) {
	f, err := k.function(name)
	if err != nil {
		return Kernel{}, err
	}
	n := Kernel{Registers: f.Registers, Local: f.Local, MaxThreads: f.MaxThreads}
	n.Blocks, err = f.Blocks(128, 0)
	return n, err
}

// gpuQueue is a stream and its memory.
type gpuQueue struct {
	k     *gpuCode
	s     *libcuda.Stream
	hosts map[*Buffer]*libcuda.Host
}

func (k *gpuCode) Queue() (Queue, error) {
	s, err := k.c.NewStream()
	if err != nil {
		return nil, err
	}
	return &gpuQueue{k: k, s: s, hosts: map[*Buffer]*libcuda.Host{}}, nil
}

func (q *gpuQueue) Alloc(n int) (*Buffer, error) {
	h, err := q.k.c.AllocHost(n)
	if err != nil {
		return nil, err
	}
	p, err := q.k.c.Alloc(n)
	if err != nil {
		return nil, errors.Join(err, h.Free())
	}
	b := &Buffer{Host: h.Bytes(), at: uint64(p)}
	q.hosts[b] = h
	return b, nil
}

func (q *gpuQueue) Free(b *Buffer) error {
	h := q.hosts[b]
	if h == nil {
		return errors.New("cuda: the memory is not that of the queue, or was freed")
	}
	delete(q.hosts, b)
	b.Host = nil
	return errors.Join(q.s.Synchronize(), h.Free(), q.k.c.Free(libcuda.Pointer(b.at)))
}

func (q *gpuQueue) Upload(b *Buffer, off, n int) error {
	return q.s.Write(libcuda.Pointer(b.at)+libcuda.Pointer(off), q.hosts[b], off, n)
}

func (q *gpuQueue) Download(b *Buffer, off, n int) error {
	return q.s.Read(q.hosts[b], off, libcuda.Pointer(b.at)+libcuda.Pointer(off), n)
}

func (q *gpuQueue) Fill(b *Buffer, v byte, n int) error {
	return q.s.Fill(libcuda.Pointer(b.at), v, n)
}

func (q *gpuQueue) Launch(kernel string, grid, block int, args ...any) error {
	f, err := q.k.function(kernel)
	if err != nil {
		return err
	}
	list := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case *Buffer:
			list[i] = libcuda.Pointer(a.at)
		case int32, uint32, int64, uint64, float64, []byte:
			list[i] = a
		default:
			return unknown(a, i)
		}
	}
	return q.s.Launch(f, grid, block, 0, list...)
}

func (q *gpuQueue) Wait(ctx context.Context) error {
	if ctx.Done() == nil {
		return q.s.Synchronize()
	}
	return poll(ctx, q.s.Done)
}

// Close waits for what is in the queue, since its memory goes.
func (q *gpuQueue) Close() error {
	err := q.s.Synchronize()
	for b := range q.hosts {
		err = errors.Join(err, q.Free(b))
	}
	return errors.Join(err, q.s.Close())
}
