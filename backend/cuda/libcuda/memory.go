package libcuda

import (
	"fmt"
	"time"
	"unsafe"
)

// Pointer is an address in device memory.
type Pointer uint64

// Alloc reserves n bytes of device memory, aligned to 256 bytes. What they hold is open.
func (c *Context) Alloc(n int) (Pointer, error) {
	var p Pointer
	if n < 0 {
		return 0, fmt.Errorf("libcuda: %d bytes of device memory", n)
	}
	err := c.do(cuMemAlloc, uintptr(unsafe.Pointer(&p)), uintptr(max(n, 1)))
	return p, err
}

// Free gives memory back; 0 is nothing.
func (c *Context) Free(p Pointer) error {
	if p == 0 {
		return nil
	}
	return c.do(cuMemFree, uintptr(p))
}

// Write copies bytes to device memory and waits for it.
func (c *Context) Write(to Pointer, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	if err := c.do(cuMemcpyHtoD, uintptr(to), uintptr(unsafe.Pointer(&from[0])), uintptr(len(from))); err != nil {
		return err
	}
	// It returns when from may change, which can be before the device has the bytes.
	const defaultStream = 0
	return c.do(cuStreamSynchronize, defaultStream)
}

// Read copies bytes from device memory and waits for it.
func (c *Context) Read(to []byte, from Pointer) error {
	if len(to) == 0 {
		return nil
	}
	return c.do(cuMemcpyDtoH, uintptr(unsafe.Pointer(&to[0])), uintptr(from), uintptr(len(to)))
}

// Host is memory of this machine that the device copies from and to by itself, faster than
// others ("pinned"), outside of Go's heap.
type Host struct {
	c    *Context
	addr uintptr
	n    int
}

// AllocHost reserves n bytes. Free them: the garbage collector does not.
func (c *Context) AllocHost(n int) (*Host, error) {
	h := &Host{c: c, n: n}
	if n < 0 {
		return nil, fmt.Errorf("libcuda: %d bytes of host memory", n)
	}
	if err := c.do(cuMemHostAlloc, uintptr(unsafe.Pointer(&h.addr)), uintptr(max(n, 1)), 0); err != nil {
		return nil, err
	}
	return h, nil
}

// Bytes is the memory. It must not be used after Free.
func (h *Host) Bytes() []byte { return unsafe.Slice((*byte)(pointer(h.addr)), h.n) }

// Free gives the memory back. A second Free does nothing.
func (h *Host) Free() error {
	if h.addr == 0 {
		return nil
	}
	a := h.addr
	h.addr, h.n = 0, 0
	return h.c.do(cuMemFreeHost, a)
}

// Number is what device memory is made of.
type Number interface {
	float64 | int64 | uint64 | ~int32 | uint32 | uint8
}

// Numbers is memory as numbers of another type. The bytes must be aligned for it, as those
// of Host are; what is left at the end is cut.
func Numbers[T Number](b []byte) []T {
	var zero T
	n := len(b) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}

// Bytes is numbers as bytes, in the order of this machine, which is that of the device.
func Bytes[T Number](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

func (h *Host) part(off, n int) (uintptr, error) {
	if off < 0 || n < 0 || off+n > h.n {
		return 0, fmt.Errorf("libcuda: bytes %d to %d of %d bytes of host memory", off, off+n, h.n)
	}
	return h.addr + uintptr(off), nil
}

// Write puts a copy of n bytes at off of the host's memory into the stream. The memory
// must stay as it is until it is done.
func (s *Stream) Write(to Pointer, h *Host, off, n int) error {
	from, err := h.part(off, n)
	if err != nil || n == 0 {
		return err
	}
	return s.c.do(cuMemcpyHtoDAsync, uintptr(to), from, uintptr(n), s.handle)
}

// Read puts a copy of n bytes to off of the host's memory into the stream.
func (s *Stream) Read(h *Host, off int, from Pointer, n int) error {
	to, err := h.part(off, n)
	if err != nil || n == 0 {
		return err
	}
	return s.c.do(cuMemcpyDtoHAsync, to, uintptr(from), uintptr(n), s.handle)
}

// Fill puts into the stream that n bytes become b.
func (s *Stream) Fill(p Pointer, b byte, n int) error {
	if n == 0 {
		return nil
	}
	return s.c.do(cuMemsetD8Async, uintptr(p), uintptr(b), uintptr(n), s.handle)
}

// Event is a point in a stream.
type Event struct {
	c      *Context
	handle uintptr
}

// NewEvent makes one. Close it.
func (c *Context) NewEvent() (*Event, error) {
	e := &Event{c: c}
	if err := c.do(cuEventCreate, uintptr(unsafe.Pointer(&e.handle)), 0); err != nil {
		return nil, err
	}
	return e, nil
}

// Close gives the event back.
func (e *Event) Close() error { return e.c.do(cuEventDestroy, e.handle) }

// Record puts the event behind what is in the stream now.
func (e *Event) Record(s *Stream) error { return e.c.do(cuEventRecord, e.handle, s.handle) }

// Synchronize waits for the event.
func (e *Event) Synchronize() error { return e.c.do(cuEventSynchronize, e.handle) }

// Since is the time between two events that have both come, to half a microsecond.
func (e *Event) Since(start *Event) (time.Duration, error) {
	var ms float32
	err := e.c.do(cuEventElapsedTime, uintptr(unsafe.Pointer(&ms)), start.handle, e.handle)
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}
