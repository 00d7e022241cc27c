package native

import "debug/elf"

//go:generate go run ./gen
//go:generate testdata/build

// routines are the functions of the C library that compilers assume even in
// freestanding code: memory is copied, moved, set and compared by them.
func routines(m elf.Machine) map[string][]byte {
	switch m {
	case elf.EM_X86_64:
		return routinesX86
	case elf.EM_AARCH64:
		return routinesARM
	}
	return nil
}
