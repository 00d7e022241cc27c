//go:build amd64 || arm64

package native

import (
	"fmt"
	"syscall"
)

func unsupported() string { return "" }

func pageSize() int { return syscall.Getpagesize() }

// mapMemory gives zeroed memory that can be written; low asks for addresses below
// 2 GiB.
func mapMemory(size int, low bool) ([]byte, error) {
	flags := syscall.MAP_ANON | syscall.MAP_PRIVATE
	if low {
		if mapLow == 0 {
			return nil, &RelocationError{Reason: "32-bit addresses, which this machine cannot promise", Hint: hintPIC}
		}
		flags |= mapLow
	}
	mem, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, flags)
	if err != nil {
		return nil, fmt.Errorf("native: no memory for %d bytes of code: %w", size, err)
	}
	return mem, nil
}

func unmapMemory(mem []byte) {
	if err := syscall.Munmap(mem); err != nil {
		panic("mtkc: bug: memory of native code cannot be unmapped: " + err.Error())
	}
}

// protect makes mem[:text] executable and mem[text:ro] readable; neither can be written
// any more. The kernel makes instruction caches agree with what was written when it
// maps a page as executable for the first time.
func protect(mem []byte, text, ro int) error {
	if text > 0 {
		if err := syscall.Mprotect(mem[:text], syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
			return fmt.Errorf("native: the system refuses executable memory: %w (a security policy such as SELinux's execmem forbids it: allow it, or use a backend that makes Go source)", err)
		}
		flushInstructions(mem[:text])
	}
	if ro > text {
		if err := syscall.Mprotect(mem[text:ro], syscall.PROT_READ); err != nil {
			return fmt.Errorf("native: %w", err)
		}
	}
	return nil
}

// mapStack gives size bytes above as many without access: a frame that is bigger than a
// page must not jump over the guard. The memory is not counted against the limit on
// memory before it is touched.
func mapStack(size int) ([]byte, error) {
	mem, err := syscall.Mmap(-1, 0, 2*size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("native: no memory for a stack: %w", err)
	}
	if err := syscall.Mprotect(mem[:size], syscall.PROT_NONE); err != nil {
		unmapMemory(mem)
		return nil, fmt.Errorf("native: no guard below a stack: %w", err)
	}
	return mem, nil
}
