package libcuda

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// Module is code that is loaded in a context.
type Module struct {
	c      *Context
	handle uintptr
	Log    string // what the compiler of PTX said, without errors
}

// Options of the driver's compiler of PTX. The zero value works.
type Options struct {
	MaxRegisters int // of a thread; 0: what it likes
}

// The options of cuModuleLoadDataEx (CU_JIT_...).
const (
	jitMaxRegisters = 0
	jitInfoLog      = 3
	jitInfoLogSize  = 4
	jitErrorLog     = 5
	jitErrorLogSize = 6
	jitLogVerbose   = 12
)

// Load compiles PTX text for the device, or loads what ptxas made of it. The error has
// what the compiler said.
func (c *Context) Load(code []byte, opts Options) (*Module, error) {
	image := append(append(make([]byte, 0, len(code)+1), code...), 0)
	info, errs := make([]byte, 1<<14), make([]byte, 1<<14)
	var pin runtime.Pinner // the driver finds the logs through the array of values
	defer pin.Unpin()
	pin.Pin(&info[0])
	pin.Pin(&errs[0])
	keys := []int32{jitInfoLog, jitInfoLogSize, jitErrorLog, jitErrorLogSize, jitLogVerbose}
	vals := []uintptr{uintptr(unsafe.Pointer(&info[0])), uintptr(len(info)), uintptr(unsafe.Pointer(&errs[0])), uintptr(len(errs)), 1}
	if opts.MaxRegisters > 0 {
		keys, vals = append(keys, jitMaxRegisters), append(vals, uintptr(opts.MaxRegisters))
	}
	m := &Module{c: c}
	err := c.do(cuModuleLoadDataEx, uintptr(unsafe.Pointer(&m.handle)), uintptr(unsafe.Pointer(&image[0])), uintptr(len(keys)),
		uintptr(unsafe.Pointer(&keys[0])), uintptr(unsafe.Pointer(&vals[0])))
	if e, ok := err.(*Error); ok {
		e.Log = text(errs)
	}
	if err != nil {
		return nil, err
	}
	m.Log = text(info)
	return m, nil
}

// Unload takes the code away.
func (m *Module) Unload() error { return m.c.do(cuModuleUnload, m.handle) }

// Variable returns the address of a variable of the module and its bytes.
func (m *Module) Variable(name string) (Pointer, int, error) {
	var p Pointer
	var n uintptr
	s := append([]byte(name), 0)
	err := m.c.do(cuModuleGetGlobal, uintptr(unsafe.Pointer(&p)), uintptr(unsafe.Pointer(&n)), m.handle, uintptr(unsafe.Pointer(&s[0])))
	return p, int(n), err
}

// Function is a kernel.
type Function struct {
	c      *Context
	handle uintptr

	Name       string
	Registers  int // of a thread
	Local      int // bytes of a thread: arrays and spilled registers
	Shared     int // bytes of a block
	Constant   int
	MaxThreads int // of a block
}

// Function finds a kernel.
func (m *Module) Function(name string) (*Function, error) {
	f := &Function{c: m.c, Name: name}
	s := append([]byte(name), 0)
	if err := m.c.do(cuModuleGetFunction, uintptr(unsafe.Pointer(&f.handle)), m.handle, uintptr(unsafe.Pointer(&s[0]))); err != nil {
		return nil, err
	}
	for attr, to := range []*int{&f.MaxThreads, &f.Shared, &f.Constant, &f.Local, &f.Registers} { // CU_FUNC_ATTRIBUTE_...
		var v int32
		if err := m.c.do(cuFuncGetAttribute, uintptr(unsafe.Pointer(&v)), uintptr(attr), f.handle); err != nil {
			return nil, err
		}
		*to = int(v)
	}
	return f, nil
}

// Blocks is how many blocks of so many threads, and bytes of shared memory beyond those of
// the kernel, a processor runs at once.
func (f *Function) Blocks(threads, shared int) (int, error) {
	var n int32
	err := f.c.do(cuOccupancyMaxActiveBlocksPerMultiprocessor, uintptr(unsafe.Pointer(&n)), f.handle, uintptr(threads), uintptr(shared))
	return int(n), err
}

// Stream is a queue of work for a device, done in order.
type Stream struct {
	c      *Context
	handle uintptr
}

// NewStream makes one that does not wait for others. Close it.
func (c *Context) NewStream() (*Stream, error) {
	s := &Stream{c: c}
	const nonBlocking = 1
	if err := c.do(cuStreamCreate, uintptr(unsafe.Pointer(&s.handle)), nonBlocking); err != nil {
		return nil, err
	}
	return s, nil
}

// Close gives the stream back; what is in it is done first.
func (s *Stream) Close() error { return s.c.do(cuStreamDestroy, s.handle) }

// Synchronize waits until all is done. An error may be that of an earlier launch.
func (s *Stream) Synchronize() error { return s.c.do(cuStreamSynchronize, s.handle) }

// Done reports whether all is done, without waiting.
func (s *Stream) Done() (bool, error) {
	err := s.c.do(cuStreamQuery, s.handle)
	if e, ok := err.(*Error); ok && e.Code == 600 { // CUDA_ERROR_NOT_READY
		return false, nil
	}
	return err == nil, err
}

// Launch puts a kernel into the stream: grid blocks of block threads, with shared bytes of
// memory for each block beyond those of the kernel. The arguments are Pointer, integers
// of 32 and 64 bits, float64, or []byte for a parameter that is an array or a structure;
// their number and sizes are not checked. They are read before Launch returns; whether the
// kernel works is known after Synchronize.
func (s *Stream) Launch(f *Function, grid, block, shared int, args ...any) error {
	if grid < 1 || block < 1 || grid > math.MaxInt32 || block > f.MaxThreads {
		return fmt.Errorf("libcuda: kernel %s with %d blocks of %d threads: blocks are 1 to 2147483647, threads 1 to %d", f.Name, grid, block, f.MaxThreads)
	}
	values := make([]uint64, len(args))
	pointers := make([]uintptr, len(args)+1)
	var pin runtime.Pinner // the driver finds the values through the array of pointers
	defer pin.Unpin()
	for i, a := range args {
		p := unsafe.Pointer(&values[i])
		switch a := a.(type) {
		case Pointer:
			values[i] = uint64(a)
		case uint64:
			values[i] = a
		case int64:
			values[i] = uint64(a)
		case float64:
			values[i] = math.Float64bits(a)
		case uint32:
			*(*uint32)(p) = a
		case int32:
			*(*int32)(p) = a
		case []byte:
			if len(a) == 0 {
				return fmt.Errorf("libcuda: argument %d of kernel %s is an empty []byte", i, f.Name)
			}
			p = unsafe.Pointer(&a[0])
		default:
			return fmt.Errorf("libcuda: argument %d of kernel %s is a %T: give a Pointer, an integer of 32 or 64 bits, a float64 or a []byte", i, f.Name, a)
		}
		pin.Pin(p)
		pointers[i] = uintptr(p)
	}
	return s.c.do(cuLaunchKernel, f.handle, uintptr(grid), 1, 1, uintptr(block), 1, 1, uintptr(shared), s.handle, uintptr(unsafe.Pointer(&pointers[0])), 0)
}
