package native

import (
	"runtime"
	"sync"
	"unsafe"
)

// Size of a stack: fused kernels of the biggest models need some ten KiB. The memory is
// reserved, not used, until a call touches it.
const stackSize = 1 << 20

// Stack is what native functions run on. It serves one call at a time: every solver or
// goroutine has its own.
type Stack struct {
	top     uintptr // where a call starts; 0 after Close
	mem     []byte
	cleanup runtime.Cleanup
}

const closedStack = "native: call on a stack that was closed"

// keptStacks is how many closed stacks wait for their next use.
const keptStacks = 16

var pool struct {
	sync.Mutex
	free [][]byte
}

// NewStack makes a stack of 1 MiB, or takes one that was closed. Below it lies as much
// memory without access, so that an overflow ends the process and changes nothing. A
// stack that becomes unreachable is released. The errors are a *PlatformError and the system's refusal to give memory.
func NewStack() (*Stack, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	mem := takeStack()
	if mem == nil {
		var err error
		if mem, err = mapStack(stackSize); err != nil {
			return nil, err
		}
	}
	// 64 bytes stay above the first frame: the code that unwinds stacks for profiles may
	// look at what lies at the stack pointer before the call has put something there.
	top := uintptr(unsafe.Pointer(&mem[0])) + uintptr(len(mem)) - 64
	s := &Stack{top: top, mem: mem}
	s.cleanup = runtime.AddCleanup(s, giveStack, mem)
	return s, nil
}

// Close gives the stack back. No call may be running on it, and none may follow.
// Closing again does nothing.
func (s *Stack) Close() {
	if s.top == 0 {
		return
	}
	s.cleanup.Stop()
	giveStack(s.mem)
	s.top, s.mem = 0, nil
}

func takeStack() []byte {
	pool.Lock()
	defer pool.Unlock()
	n := len(pool.free)
	if n == 0 {
		return nil
	}
	mem := pool.free[n-1]
	pool.free = pool.free[:n-1]
	return mem
}

func giveStack(mem []byte) {
	pool.Lock()
	defer pool.Unlock()
	if len(pool.free) < keptStacks {
		pool.free = append(pool.free, mem)
		return
	}
	unmapMemory(mem)
}
