// Package cuda runs kernels on NVIDIA GPUs, and where there is none, interpreted on the
// CPU.
//
// In: PTX text. Out: devices that run it, with the same results to the bit on either, as
// long as the kernels fuse nothing (Rounded) and their results do not depend on the order
// of threads. The driver is found at run time (libcuda); ptxas checks kernels where it
// is (ptxas); ptxtest is the interpreter.
package cuda

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/mtkc/mtkc/backend/cuda/libcuda"
)

// Oldest is the architecture from which on GPUs run kernels: Volta. PTX for it runs on all later ones.
const Oldest = "sm_70"

// Device runs kernels. Any goroutine may use it.
type Device interface {
	Name() string
	Processors() int // "SM"
	Threads() int    // that all processors hold at most
	// DoubleRatio is how much faster it is in single than in double precision: 2 on GPUs for computing, 32 and 64 on those for graphics.
	DoubleRatio() int
	// Load makes kernels of PTX text ready.
	Load(ptx []byte) (Code, error)
	Close() error
}

// Code is loaded kernels. Any goroutine may use it.
type Code interface {
	// Queue makes a queue of work with memory of its own.
	Queue() (Queue, error)
	// Kernel says what a kernel needs.
	Kernel(name string) (Kernel, error)
	Close() error
}

// Kernel is what a kernel needs. Numbers that a device does not know are 0.
type Kernel struct {
	Registers  int // of a thread
	Local      int // bytes of a thread: arrays and spilled registers
	MaxThreads int // of a block
	Blocks     int // of 128 threads that a processor of the GPU holds
}

// Queue does work in order: copies and kernels. One goroutine uses it.
type Queue interface {
	// Alloc makes memory of n bytes that the host and the device have a copy of each.
	Alloc(n int) (*Buffer, error)
	// Free gives it back when all that was begun is done.
	Free(b *Buffer) error
	// Upload copies n bytes at off to the device's memory, Download those there to the host's.
	Upload(b *Buffer, off, n int) error
	Download(b *Buffer, off, n int) error
	// Fill makes the first n bytes of the device's memory v. The host's may change or not.
	Fill(b *Buffer, v byte, n int) error
	// Launch runs a kernel. Arguments are *Buffer, integers of 32 and 64 bits, and float64.
	Launch(kernel string, grid, block int, args ...any) error
	// Wait waits until all is done, or ctx is; then what was begun goes on, and Wait must be
	// called again before memory is used or freed.
	Wait(ctx context.Context) error
	Close() error
}

// Buffer is memory of a Queue, freed with it at the latest.
type Buffer struct {
	Host []byte // the host's copy, aligned to 8 bytes at least
	at   uint64 // of the device's
}

// Rounded makes sums, differences and products that ptxas may fuse ones that are rounded
// each: add.f64 becomes add.rn.f64. Newer versions of LLVM write the former.
func Rounded(ptx []byte) []byte {
	for _, op := range []string{"add", "sub", "mul"} {
		ptx = bytes.ReplaceAll(ptx, []byte("\t"+op+".f64"), []byte("\t"+op+".rn.f64"))
	}
	return ptx
}

// poll calls done until it says so, more and more seldom, or ctx is done.
func poll(ctx context.Context, done func() (bool, error)) error {
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, 2*time.Millisecond) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

func unknown(a any, i int) error {
	return fmt.Errorf("cuda: argument %d is a %T: give a *Buffer, an integer of 32 or 64 bits, or a float64", i, a)
}

// bytesOf is numbers as bytes.
func bytesOf[T libcuda.Number](s []T) []byte { return libcuda.Bytes(s) }

// numbers is bytes as numbers.
func numbers[T libcuda.Number](b []byte) []T { return libcuda.Numbers[T](b) }
