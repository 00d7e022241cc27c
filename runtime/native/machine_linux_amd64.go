package native

import (
	"debug/elf"
	"syscall"
)

const hostMachine = elf.EM_X86_64

const mapLow = syscall.MAP_32BIT

// Instruction caches follow writes on this architecture.
func flushInstructions([]byte) {}
