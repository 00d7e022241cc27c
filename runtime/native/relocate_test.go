package native

import (
	"debug/elf"
	"encoding/binary"
	"testing"
)

// Relocations of aarch64 against the encodings that llvm-mc 14 gives the instruction with
// its operand written out (llvm-mc -triple=aarch64 -show-encoding).
func TestRelocateARM(t *testing.T) {
	const p = 0x40000000
	for _, c := range []struct {
		name   string
		typ    elf.R_AARCH64
		before uint32
		s      uint64
		after  uint32
	}{
		{"b #4096", elf.R_AARCH64_JUMP26, 0x14000000, p + 4096, 0x14000400},
		{"bl #-8192", elf.R_AARCH64_CALL26, 0x94000000, p - 8192, 0x97fff800},
		{"b.ne #4096", elf.R_AARCH64_CONDBR19, 0x54000001, p + 4096, 0x54008001},
		{"b.ne #-4096", elf.R_AARCH64_CONDBR19, 0x54000001, p - 4096, 0x54ff8001},
		{"cbz x3, #1048572", elf.R_AARCH64_CONDBR19, 0xb4000003, p + 1048572, 0xb47fffe3},
		{"tbz w3, #5, #32764", elf.R_AARCH64_TSTBR14, 0x36280003, p + 32764, 0x362bffe3},
		{"tbz w3, #5, #-32768", elf.R_AARCH64_TSTBR14, 0x36280003, p - 32768, 0x362c0003},
		{"ldr x5, #4096", elf.R_AARCH64_LD_PREL_LO19, 0x58000005, p + 4096, 0x58008005},
		{"ldr x5, #-4096", elf.R_AARCH64_LD_PREL_LO19, 0x58000005, p - 4096, 0x58ff8005},
		{"adr x7, #74565", elf.R_AARCH64_ADR_PREL_LO21, 0x10000007, p + 74565, 0x30091a27},
		{"adr x7, #-74565", elf.R_AARCH64_ADR_PREL_LO21, 0x10000007, p - 74565, 0x70f6e5c7},
		{"adrp x7, #0x12345000", elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90000007, p + 0x12345678, 0xb0091a27},
		{"adrp x7, #-4096", elf.R_AARCH64_ADR_PREL_PG_HI21_NC, 0x90000007, p - 1, 0xf0ffffe7},
		{"add x1, x2, #0xabc", elf.R_AARCH64_ADD_ABS_LO12_NC, 0x91000041, 0x12345abc, 0x912af041},
		{"ldrb w1, [x2, #0xabc]", elf.R_AARCH64_LDST8_ABS_LO12_NC, 0x39400041, 0x12345abc, 0x396af041},
		{"ldrh w1, [x2, #0xabc]", elf.R_AARCH64_LDST16_ABS_LO12_NC, 0x79400041, 0x12345abc, 0x79557841},
		{"ldr w1, [x2, #0xabc]", elf.R_AARCH64_LDST32_ABS_LO12_NC, 0xb9400041, 0x12345abc, 0xb94abc41},
		{"ldr x1, [x2, #0xab8]", elf.R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400041, 0x12345ab8, 0xf9455c41},
		{"ldr q1, [x2, #0xab0]", elf.R_AARCH64_LDST128_ABS_LO12_NC, 0x3dc00041, 0x12345ab0, 0x3dc2ac41},
		{"movz x4, #0x1234", elf.R_AARCH64_MOVW_UABS_G0_NC, 0xd2800004, 0xdef09abc56781234, 0xd2824684},
		{"movk x4, #0x5678, lsl #16", elf.R_AARCH64_MOVW_UABS_G1_NC, 0xf2a00004, 0xdef09abc56781234, 0xf2aacf04},
		{"movk x4, #0x9abc, lsl #32", elf.R_AARCH64_MOVW_UABS_G2_NC, 0xf2c00004, 0xdef09abc56781234, 0xf2d35784},
		{"movk x4, #0xdef0, lsl #48", elf.R_AARCH64_MOVW_UABS_G3, 0xf2e00004, 0xdef09abc56781234, 0xf2fbde04},
		{"movz x4, #0x1234", elf.R_AARCH64_MOVW_UABS_G0, 0xd2800004, 0x1234, 0xd2824684},
	} {
		at := make([]byte, 4)
		binary.LittleEndian.PutUint32(at, c.before)
		// The value is the sum of the symbol and the addend.
		r := &reloc{typ: uint32(c.typ), addend: -40}
		if fault := relocateARM(r, at, c.s+40, 0, p); fault != nil {
			t.Errorf("%s: %v", c.name, fault)
			continue
		}
		if got := binary.LittleEndian.Uint32(at); got != c.after {
			t.Errorf("%s: %#x, not %#x", c.name, got, c.after)
		}
	}
}

// What does not fit is refused, and leaves no half value.
func TestRelocateRange(t *testing.T) {
	const p = 0x100000000000
	arm := func(typ elf.R_AARCH64) func(s uint64) bool {
		return func(s uint64) bool {
			return relocateARM(&reloc{typ: uint32(typ)}, make([]byte, 8), s, 0, p) == nil
		}
	}
	x86 := func(typ elf.R_X86_64) func(s uint64) bool {
		return func(s uint64) bool {
			return relocateX86(&reloc{typ: uint32(typ)}, make([]byte, 8), s, 0, p) == nil
		}
	}
	for _, c := range []struct {
		name   string
		fits   func(s uint64) bool
		lo, hi uint64 // the first and the last that fit
		step   uint64
	}{
		{"CALL26", arm(elf.R_AARCH64_CALL26), p - 1<<27, p + 1<<27 - 4, 4},
		{"CONDBR19", arm(elf.R_AARCH64_CONDBR19), p - 1<<20, p + 1<<20 - 4, 4},
		{"TSTBR14", arm(elf.R_AARCH64_TSTBR14), p - 1<<15, p + 1<<15 - 4, 4},
		{"ADR", arm(elf.R_AARCH64_ADR_PREL_LO21), p - 1<<20, p + 1<<20 - 1, 1},
		{"ADRP", arm(elf.R_AARCH64_ADR_PREL_PG_HI21), p - 1<<32, p + 1<<32 - 1, 1},
		{"PREL32", arm(elf.R_AARCH64_PREL32), p - 1<<31, p + 1<<32 - 1, 1},
		{"MOVW_G0", arm(elf.R_AARCH64_MOVW_UABS_G0), 0, 1<<16 - 1, 1},
		{"MOVW_G1", arm(elf.R_AARCH64_MOVW_UABS_G1), 0, 1<<32 - 1, 1},
		{"PC32", x86(elf.R_X86_64_PC32), p - 1<<31, p + 1<<31 - 1, 1},
		{"32", x86(elf.R_X86_64_32), 0, 1<<32 - 1, 1},
	} {
		if !c.fits(c.lo) || !c.fits(c.hi) {
			t.Errorf("%s: the ends do not fit", c.name)
		}
		if c.fits(c.lo-c.step) || c.fits(c.hi+c.step) {
			t.Errorf("%s: more than its range fits", c.name)
		}
	}
	// An address that is not aligned as the instruction asks.
	for _, typ := range []elf.R_AARCH64{elf.R_AARCH64_LDST16_ABS_LO12_NC, elf.R_AARCH64_LDST64_ABS_LO12_NC, elf.R_AARCH64_LDST128_ABS_LO12_NC, elf.R_AARCH64_CALL26} {
		if arm(typ)(p + 1) {
			t.Errorf("%v to an odd address", typ)
		}
	}
	// The end of the section.
	for n := range 8 {
		at := make([]byte, n)
		if (relocateX86(&reloc{typ: uint32(elf.R_X86_64_64)}, at, 0, 0, 0) == nil) ||
			(relocateX86(&reloc{typ: uint32(elf.R_X86_64_PC32)}, at, 0, 0, 0) == nil) != (n >= 4) ||
			(relocateARM(&reloc{typ: uint32(elf.R_AARCH64_CALL26)}, at, 0, 0, 0) == nil) != (n >= 4) ||
			(relocateARM(&reloc{typ: uint32(elf.R_AARCH64_ABS16)}, at, 0, 0, 0) == nil) != (n >= 2) {
			t.Errorf("with %d bytes left", n)
		}
	}
	for _, typ := range []uint32{uint32(elf.R_X86_64_TLSGD), uint32(elf.R_X86_64_COPY), 200, 1 << 31} {
		if relocateX86(&reloc{typ: typ}, make([]byte, 8), 0, 0, 0) == nil {
			t.Errorf("relocation %d of x86-64 is taken", typ)
		}
	}
	for _, typ := range []uint32{uint32(elf.R_AARCH64_TLSDESC_CALL), uint32(elf.R_AARCH64_COPY), 200, 1 << 31} {
		if relocateARM(&reloc{typ: typ}, make([]byte, 8), 0, 0, 0) == nil {
			t.Errorf("relocation %d of aarch64 is taken", typ)
		}
	}
}
