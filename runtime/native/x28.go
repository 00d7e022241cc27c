package native

import (
	"encoding/binary"
	"fmt"
)

// checkX28 refuses code that uses register x28, in which Go's signal handlers on arm64
// find the goroutine. Code that changes x28 must first save it on its stack, so a store
// of x28 relative to the stack pointer is what is looked for: STP and STR (64 bits).
func (im *image) checkX28(mem []byte) error {
	for i := range im.f.sections {
		s := &im.f.sections[i]
		if !im.loaded[i] || !executable(s) {
			continue
		}
		code := mem[im.place[i]:][:s.size]
		for o := 0; o+4 <= len(code); o += 4 {
			if savesX28(binary.LittleEndian.Uint32(code[o:])) {
				return &FormatError{Reason: fmt.Sprintf("the code at %s+%#x saves register x28 in order to use it, where Go's signal handlers look for the goroutine: compile it with +reserve-x28 (LLVM) or -ffixed-x28 (C)", s.name, o)}
			}
		}
	}
	return nil
}

// savesX28 recognises stores of x28 with the stack pointer as base, from the A64
// encodings: STP (pre-index, signed offset, post-index) has bits 31..22 =
// 10 101 0 0xx 0 with xx not 00; STR (unsigned offset) 1111100100, STR (pre- and
// post-index, unscaled) 11111000000.
func savesX28(ins uint32) bool {
	const sp = 31
	if ins>>5&31 != sp {
		return false
	}
	rt, rt2 := ins&31, ins>>10&31
	switch {
	case ins&0xfe400000 == 0xa8000000 && ins>>23&3 != 0: // STP, 64 bits
		return rt == 28 || rt2 == 28
	case ins&0xffc00000 == 0xf9000000: // STR, unsigned offset
		return rt == 28
	case ins&0xffe00000 == 0xf8000000: // STR pre- and post-index, STUR
		return rt == 28
	}
	return false
}
