package cuda

import (
	"context"

	"github.com/mtkc/mtkc/backend/cuda/ptxtest"
)

// interpreter is a device that is not there.
type interpreter struct{}

// Interpreted is the device that package ptxtest is: slow, and strict about what kernels
// do.
func Interpreted() Device { return interpreter{} }

func (interpreter) Name() string     { return "PTX interpreter" }
func (interpreter) Processors() int  { return 1 }
func (interpreter) Threads() int     { return 64 }
func (interpreter) DoubleRatio() int { return 2 }
func (interpreter) Close() error     { return nil }

// ptxCode is PTX text that was understood.
type ptxCode []byte

func (interpreter) Load(ptx []byte) (Code, error) {
	if _, err := ptxtest.Load(ptx); err != nil {
		return nil, err
	}
	return ptxCode(ptx), nil
}

func (ptxCode) Close() error { return nil }

func (k ptxCode) Kernel(name string) (Kernel, error) { return Kernel{MaxThreads: 1024}, nil }

// ptxQueue does its work at once.
type ptxQueue struct{ m *ptxtest.Module }

func (k ptxCode) Queue() (Queue, error) {
	m, err := ptxtest.Load(k) // each queue has its memory
	if err != nil {
		return nil, err
	}
	return &ptxQueue{m}, nil
}

func (q *ptxQueue) Alloc(n int) (*Buffer, error) {
	words := make([]uint64, (n+7)/8)
	b := &Buffer{at: uint64(ptxtest.Map(q.m, words))}
	b.Host = bytesOf(words)[:n:n]
	return b, nil
}

func (q *ptxQueue) Free(b *Buffer) error {
	b.Host = nil
	return q.m.Unmap(ptxtest.Pointer(b.at))
}

func (q *ptxQueue) Upload(*Buffer, int, int) error   { return nil } // there is one copy
func (q *ptxQueue) Download(*Buffer, int, int) error { return nil }

func (q *ptxQueue) Fill(b *Buffer, v byte, n int) error {
	for i := range b.Host[:n] {
		b.Host[i] = v
	}
	return nil
}

func (q *ptxQueue) Launch(kernel string, grid, block int, args ...any) error {
	list := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case *Buffer:
			list[i] = ptxtest.Pointer(a.at)
		case int32, uint32, int64, uint64, float64, []byte:
			list[i] = a
		default:
			return unknown(a, i)
		}
	}
	return q.m.Launch(kernel, grid, block, list...)
}

func (q *ptxQueue) Wait(ctx context.Context) error { return context.Cause(ctx) }
func (q *ptxQueue) Close() error                   { return nil }
