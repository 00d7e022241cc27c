package native

import (
	"debug/elf"
	"unsafe"
)

const hostMachine = elf.EM_AARCH64

const mapLow = 0

// flushInstructions makes the instruction cache agree with what was written.
func flushInstructions(mem []byte) {
	p := uintptr(unsafe.Pointer(&mem[0]))
	flushRange(p, p+uintptr(len(mem)))
}

func flushRange(from, to uintptr)
