// Package native runs machine code that LLVM or a C compiler made: it loads a
// relocatable ELF object into executable memory and calls its functions on a stack of
// their own, without cgo and without the library that made the code.
//
// In: an object file of this machine. Out: functions that Go calls in a few
// nanoseconds. Promised: no input makes Load panic; the memory of an object stays as long
// as a function of it can be called.
//
// The code that is called must be straight computation: no thread-local variables, no
// constructors, no system calls, no calls of other libraries. It sees the arguments and
// its own data, and returns. It must not keep a pointer into Go's memory when it
// returns. On arm64 it must leave register x28 alone, even between calls, because Go's
// signal handlers find the goroutine there (LLVM: feature +reserve-x28, gcc and clang:
// -ffixed-x28); Load refuses an object that saves x28 in order to use it.
//
// # How a call is made
//
// An assembly routine puts the arguments in the registers of the platform's C ABI
// (System V on amd64, AAPCS64 on arm64), moves the stack pointer to a private stack,
// which is outside Go's memory and ends in a page without access, calls, and moves it
// back. A kernel as a function of Go (Func.Kernel) is on amd64 a closure whose code is such a routine, so that arguments go from register to
// register. Go's runtime does not know of this, and need not: signals come on the signal
// stack of the thread; a program counter that belongs to no Go function is not an
// asynchronous safe point, so the goroutine is neither preempted nor scanned nor is its
// stack moved before the call returns. The price is that the garbage collector waits
// for the call when it stops the world. So Call and CallKernel are for calls below
// about 100 microseconds; CallLong tells the scheduler, as a system call does, and costs
// ten times as much.
package native

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// Supported says whether machine code can be loaded and called on this platform; the
// error is a *PlatformError with the reason and what to do.
func Supported() error {
	if reason := unsupported(); reason != "" {
		return &PlatformError{Platform: runtime.GOOS + "/" + runtime.GOARCH, Reason: reason}
	}
	return nil
}

// Module is an object in executable memory. Its memory is released when the module has
// been closed or is unreachable, and no Func of it is reachable.
type Module struct {
	mu     sync.Mutex
	closed bool
	text   *text
}

// text is the loaded memory of a module, shared by the module and its functions.
type text struct {
	mem   []byte
	entry map[string]uintptr
	order []string // names of the entries in the order of the object
}

// Func is a function of a loaded object. It may be called from several goroutines at
// once, each with a Stack of its own.
type Func struct {
	entry uintptr
	name  string
	text  *text // keeps the code
}

// Load puts the object into executable memory and resolves its relocations. The object
// is an ELF64 relocatable file of this machine, position independent code of the
// small code model. Load keeps no reference to the bytes.
//
// The object may use memcpy, memmove, memset and memcmp, into which LLVM turns loops;
// any other symbol that it does not define is an *UndefinedError. Other errors are
// *PlatformError, *MachineError, *FormatError, *RelocationError, and the operating
// system's refusal to give memory.
func Load(object []byte) (*Module, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	f, err := parse(object)
	if err != nil {
		return nil, err
	}
	if f.machine != hostMachine {
		return nil, &MachineError{Object: machineName(f.machine), Host: machineName(hostMachine)}
	}
	im, err := layOut(f, pageSize())
	if err != nil {
		return nil, err
	}
	mem, err := mapMemory(im.size, im.low)
	if err != nil {
		return nil, err
	}
	if err := im.link(mem, uint64(uintptr(unsafe.Pointer(&mem[0])))); err != nil {
		unmapMemory(mem)
		return nil, err
	}
	if err := protect(mem, im.textEnd, im.roEnd); err != nil {
		unmapMemory(mem)
		return nil, err
	}
	t := &text{mem: mem, entry: map[string]uintptr{}}
	base := uintptr(unsafe.Pointer(&mem[0]))
	for _, e := range im.entries {
		t.entry[e.name] = base + uintptr(e.offset)
		t.order = append(t.order, e.name)
	}
	runtime.AddCleanup(t, unmapMemory, mem)
	return &Module{text: t}, nil
}

// Func finds a function by its name. The error is a *NoFuncError, or ErrClosed.
func (m *Module) Func(name string) (*Func, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	at, ok := m.text.entry[name]
	if !ok {
		return nil, &NoFuncError{Name: name, Have: m.text.order}
	}
	return &Func{entry: at, name: name, text: m.text}, nil
}

// Funcs lists the names of the functions that Func finds, in the order of the object.
func (m *Module) Funcs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	return append([]string(nil), m.text.order...)
}

// Close gives the module's hold on its memory up. Functions that were looked up stay
// usable; the memory is released after the last of them has become unreachable.
// Closing again does nothing.
func (m *Module) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.text = true, nil
}

// Name is the name that the function was looked up with.
func (f *Func) Name() string { return f.name }

func (f *Func) String() string { return fmt.Sprintf("native function %s", f.name) }
