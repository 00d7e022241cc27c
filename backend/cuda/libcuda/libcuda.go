// Package libcuda calls the CUDA driver, a library that comes with the driver of NVIDIA
// GPUs and is looked for at run time: nothing is linked, and no C compiler is needed.
//
// In: PTX text and memory. Out: kernels that run on a GPU. All functions may be called
// from any goroutine: what belongs to a context is called on an operating system thread
// that has this context as its current one. Calls that wait block their goroutine alone.
// One Stream, and the arguments of a launch, belong to one goroutine at a time.
//
// NVIDIA, CUDA Driver API, version 12.
package libcuda

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

// proc is a function of the library.
type proc int

const (
	cuInit proc = iota
	cuDriverGetVersion
	cuGetErrorName
	cuGetErrorString
	cuDeviceGetCount
	cuDeviceGet
	cuDeviceGetName
	cuDeviceTotalMem
	cuDeviceGetAttribute
	cuDevicePrimaryCtxSetFlags
	cuDevicePrimaryCtxRetain
	cuDevicePrimaryCtxRelease
	cuCtxSetCurrent
	cuCtxSynchronize
	cuMemGetInfo
	cuModuleLoadDataEx
	cuModuleUnload
	cuModuleGetFunction
	cuModuleGetGlobal
	cuFuncGetAttribute
	cuOccupancyMaxActiveBlocksPerMultiprocessor
	cuMemAlloc
	cuMemFree
	cuMemHostAlloc
	cuMemFreeHost
	cuMemcpyHtoD
	cuMemcpyDtoH
	cuMemcpyHtoDAsync
	cuMemcpyDtoHAsync
	cuMemsetD8Async
	cuStreamCreate
	cuStreamDestroy
	cuStreamSynchronize
	cuStreamQuery
	cuLaunchKernel
	cuEventCreate
	cuEventDestroy
	cuEventRecord
	cuEventSynchronize
	cuEventElapsedTime
	numProcs
)

// symbols are the names in the library, in the versions with sizes of 64 bits.
var symbols = [numProcs]string{
	"cuInit", "cuDriverGetVersion", "cuGetErrorName", "cuGetErrorString", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceTotalMem_v2",
	"cuDeviceGetAttribute", "cuDevicePrimaryCtxSetFlags_v2", "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2", "cuCtxSetCurrent", "cuCtxSynchronize", "cuMemGetInfo_v2",
	"cuModuleLoadDataEx", "cuModuleUnload", "cuModuleGetFunction", "cuModuleGetGlobal_v2", "cuFuncGetAttribute", "cuOccupancyMaxActiveBlocksPerMultiprocessor",
	"cuMemAlloc_v2", "cuMemFree_v2", "cuMemHostAlloc", "cuMemFreeHost", "cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
	"cuMemsetD8Async", "cuStreamCreate", "cuStreamDestroy_v2", "cuStreamSynchronize", "cuStreamQuery", "cuLaunchKernel",
	"cuEventCreate", "cuEventDestroy_v2", "cuEventRecord", "cuEventSynchronize", "cuEventElapsedTime",
}

// Driver is the CUDA driver of this machine, ready for use.
type Driver struct {
	path    string
	version int
	procs   [numProcs]uintptr
}

// NotFoundError says that there is no library of the driver.
type NotFoundError struct {
	Tried []string // what was tried, and what the system said about a file that is there
}

func (e *NotFoundError) Error() string {
	s := "libcuda: the CUDA driver library was not found; install the driver of the NVIDIA GPU, or name the library in MTKC_LIBCUDA"
	if len(e.Tried) > 0 {
		s += "; tried " + strings.Join(e.Tried, ", ")
	}
	return s
}

var theDriver struct {
	sync.Once
	d   *Driver
	err error
}

// Open finds, loads and initializes the library, once in a process: later calls return the
// same. MTKC_LIBCUDA, if set, is the only place that is looked at. The error is a
// *NotFoundError where there is no library and an *Error where the driver does not work,
// with no GPU for instance.
func Open() (*Driver, error) {
	theDriver.Do(func() {
		names := places
		if name := os.Getenv("MTKC_LIBCUDA"); name != "" {
			names = []string{name}
		}
		theDriver.d, theDriver.err = open(names)
	})
	return theDriver.d, theDriver.err
}

// open loads the first of the libraries that is there.
func open(names []string) (*Driver, error) {
	missing := &NotFoundError{}
	for _, name := range names {
		lib, err := load(name)
		if err != nil {
			if said := err.Error(); !strings.Contains(said, "No such file") {
				name += " (" + said + ")"
			}
			missing.Tried = append(missing.Tried, name)
			continue
		}
		d := &Driver{path: name}
		for i, s := range symbols {
			if d.procs[i], err = symbol(lib, s); err != nil {
				return nil, fmt.Errorf("libcuda: %s lacks the function %s: it is no CUDA driver of version 11 or later; update the driver of the GPU", name, s)
			}
		}
		if err := d.call(cuInit, 0); err != nil {
			return nil, err
		}
		var v int32
		if err := d.call(cuDriverGetVersion, uintptr(unsafe.Pointer(&v))); err != nil {
			return nil, err
		}
		d.version = int(v)
		return d, nil
	}
	return nil, missing
}

// Path is where the library was found.
func (d *Driver) Path() string { return d.path }

// Version is that of CUDA that the driver knows, as in "12.4".
func (d *Driver) Version() string { return fmt.Sprintf("%d.%d", d.version/1000, d.version%1000/10) }

// call calls a function of the library. Pointers among the arguments are converted to
// uintptr in the call of this function, which keeps what they point to in its place.
//
//go:uintptrescapes
func (d *Driver) call(p proc, args ...uintptr) error {
	if r := d.raw(p, args...); r != 0 {
		return d.error(p, int(r))
	}
	return nil
}

// raw is call with the code of the driver as its result.
//
//go:uintptrescapes
func (d *Driver) raw(p proc, args ...uintptr) uint32 {
	return uint32(syscallN(d.procs[p], args)) // CUresult is an int of C
}

// Device is a GPU.
type Device struct {
	Index        int
	Name         string
	Major, Minor int    // of the compute capability
	Memory       uint64 // bytes
	Processors   int    // "SM"
	Clock        int    // kHz
	DoubleRatio  int    // how much faster it is in single precision; 2 is a GPU for computing, 32 and 64 are for graphics
	Threads      int    // that a processor can hold
	Registers    int    // of 32 bits that a block can have

	handle int32
}

// String says what a person wants to know.
func (d Device) String() string {
	return fmt.Sprintf("%s, sm_%d%d, %d processors, %.0f GB", d.Name, d.Major, d.Minor, d.Processors, float64(d.Memory)/1e9)
}

// Arch is the name of the architecture for ptxas and LLVM.
func (d Device) Arch() string { return fmt.Sprintf("sm_%d%d", d.Major, d.Minor) }

// Devices lists the GPUs that CUDA_VISIBLE_DEVICES, if set, lets through.
func (d *Driver) Devices() ([]Device, error) {
	var n int32
	if err := d.call(cuDeviceGetCount, uintptr(unsafe.Pointer(&n))); err != nil {
		return nil, err
	}
	list := make([]Device, n)
	for i := range list {
		q := &list[i]
		q.Index = i
		if err := d.call(cuDeviceGet, uintptr(unsafe.Pointer(&q.handle)), uintptr(i)); err != nil {
			return nil, err
		}
		name := make([]byte, 256)
		if err := d.call(cuDeviceGetName, uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), uintptr(q.handle)); err != nil {
			return nil, err
		}
		q.Name = text(name)
		if err := d.call(cuDeviceTotalMem, uintptr(unsafe.Pointer(&q.Memory)), uintptr(q.handle)); err != nil {
			return nil, err
		}
		for _, a := range []struct { // CU_DEVICE_ATTRIBUTE_...
			attr uintptr
			to   *int
		}{
			{12, &q.Registers}, {13, &q.Clock}, {16, &q.Processors}, {39, &q.Threads}, {75, &q.Major}, {76, &q.Minor}, {87, &q.DoubleRatio},
		} {
			var v int32
			if err := d.call(cuDeviceGetAttribute, uintptr(unsafe.Pointer(&v)), a.attr, uintptr(q.handle)); err != nil {
				return nil, err
			}
			*a.to = int(v)
		}
	}
	return list, nil
}

// text is a string of C in a buffer.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// textAt reads a string of C in memory of the library.
func textAt(addr uintptr) string {
	if addr == 0 {
		return ""
	}
	p := (*byte)(pointer(addr))
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return strings.Clone(unsafe.String(p, n))
}

// pointer makes a pointer of an address outside of Go's memory.
func pointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// Context is what the driver keeps for this process on a device: the primary context,
// which other users of the driver in the process share.
type Context struct {
	d      *Driver
	device Device
	handle uintptr

	mu     sync.RWMutex
	closed bool
}

// Context makes a device usable. Close it.
func (d *Driver) Context(dev Device) (*Context, error) {
	// Threads that wait sleep, so that many may. It is no matter where another user of the
	// context wants it otherwise.
	const blockingSync = 4
	_ = d.call(cuDevicePrimaryCtxSetFlags, uintptr(dev.handle), blockingSync)
	c := &Context{d: d, device: dev}
	if err := d.call(cuDevicePrimaryCtxRetain, uintptr(unsafe.Pointer(&c.handle)), uintptr(dev.handle)); err != nil {
		return nil, err
	}
	return c, nil
}

// Device is that of the context.
func (c *Context) Device() Device { return c.device }

// Close gives the context back; later calls are errors. It waits for calls in other
// goroutines, but not for kernels. A second Close does nothing.
func (c *Context) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return c.d.call(cuDevicePrimaryCtxRelease, uintptr(c.device.handle))
}

// do calls a function of the library with the context current; pointers as in call. The
// thread may be any: that which had the context in the call before may have another now.
//
//go:uintptrescapes
func (c *Context) do(p proc, args ...uintptr) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return fmt.Errorf("libcuda: %s after Context.Close", symbols[p])
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := c.d.call(cuCtxSetCurrent, c.handle); err != nil {
		return err
	}
	return c.d.call(p, args...)
}

// Synchronize waits until all that was begun in the context has ended.
func (c *Context) Synchronize() error { return c.do(cuCtxSynchronize) }

// Memory returns the bytes of device memory that are free, and all.
func (c *Context) Memory() (free, total uint64, err error) {
	err = c.do(cuMemGetInfo, uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)))
	return free, total, err
}
