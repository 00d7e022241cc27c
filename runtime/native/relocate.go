package native

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// The relocations of the two machines, from the System V ABI's AMD64 supplement, table
// 4.9, and the ELF for the Arm 64-bit Architecture, 5.7. S is the address of the symbol,
// A the addend, P the place that is changed, G the entry of the symbol in the global
// offset table. Nothing here needs a procedure linkage table, because all
// functions lie in the image.

// relocKind says what a relocation needs beside the value of its symbol.
type relocKind struct {
	got bool // an entry in the global offset table
	low bool // an address that fits into 32 bits
}

func describe(m elf.Machine, typ uint32) relocKind {
	switch m {
	case elf.EM_X86_64:
		switch elf.R_X86_64(typ) {
		case elf.R_X86_64_GOTPCREL, elf.R_X86_64_GOTPCRELX, elf.R_X86_64_REX_GOTPCRELX:
			return relocKind{got: true}
		case elf.R_X86_64_32, elf.R_X86_64_32S:
			return relocKind{low: true}
		}
	case elf.EM_AARCH64:
		switch elf.R_AARCH64(typ) {
		case elf.R_AARCH64_GOT_LD_PREL19, elf.R_AARCH64_ADR_GOT_PAGE, elf.R_AARCH64_LD64_GOT_LO12_NC:
			return relocKind{got: true}
		}
	}
	return relocKind{}
}

// relocate puts the value of a relocation at the start of at, which lies at address p.
func relocate(m elf.Machine, r *reloc, at []byte, s, got, p uint64) *RelocationError {
	switch m {
	case elf.EM_X86_64:
		return relocateX86(r, at, s, got, p)
	case elf.EM_AARCH64:
		return relocateARM(r, at, s, got, p)
	}
	return &RelocationError{Reason: "machine " + m.String(), Hint: "compile it for this machine"}
}

func relocateX86(r *reloc, at []byte, s, got, p uint64) *RelocationError {
	typ := elf.R_X86_64(r.typ)
	a := uint64(r.addend)
	switch typ {
	case elf.R_X86_64_NONE:
		return nil
	case elf.R_X86_64_64:
		return data64(typ, at, s+a)
	case elf.R_X86_64_PC64:
		return data64(typ, at, s+a-p)
	case elf.R_X86_64_PC32, elf.R_X86_64_PLT32:
		return data32(typ, at, s+a-p, signed)
	case elf.R_X86_64_GOTPCREL, elf.R_X86_64_GOTPCRELX, elf.R_X86_64_REX_GOTPCRELX:
		return data32(typ, at, got+a-p, signed)
	case elf.R_X86_64_32:
		return data32(typ, at, s+a, unsigned)
	case elf.R_X86_64_32S:
		return data32(typ, at, s+a, signed)
	}
	return unknownReloc(typ)
}

func relocateARM(r *reloc, at []byte, s, got, p uint64) *RelocationError {
	typ := elf.R_AARCH64(r.typ)
	x := s + uint64(r.addend)
	switch typ {
	case elf.R_AARCH64_NONE, elf.R_AARCH64_NULL:
		return nil
	case elf.R_AARCH64_ABS64:
		return data64(typ, at, x)
	case elf.R_AARCH64_PREL64:
		return data64(typ, at, x-p)
	case elf.R_AARCH64_ABS32:
		return data32(typ, at, x, either)
	case elf.R_AARCH64_PREL32, armPLT32:
		return data32(typ, at, x-p, either)
	case elf.R_AARCH64_ABS16:
		return data16(typ, at, x)
	case elf.R_AARCH64_PREL16:
		return data16(typ, at, x-p)
	}
	// The others change an instruction.
	if len(at) < 4 {
		return outside(typ)
	}
	ins := binary.LittleEndian.Uint32(at)
	var fault *RelocationError
	// low puts bits [12) of x, in units of 1<<scale, into the offset of a load or store.
	low := func(x uint64, scale uint) {
		if x&(1<<scale-1) != 0 {
			fault = &RelocationError{Reason: fmt.Sprintf("%v to an address that is no multiple of %d", typ, 1<<scale), Hint: hintAgain}
		}
		ins = ins&^(0xfff<<10) | uint32(x&0xfff)>>scale<<10
	}
	// branch puts a distance in words into n bits at a position.
	branch := func(n, pos uint) {
		d := int64(x - p)
		if d&3 != 0 || d>>(n+1) != 0 && d>>(n+1) != -1 {
			fault = tooFar(typ)
		}
		mask := uint32(1)<<n - 1
		ins = ins&^(mask<<pos) | uint32(d>>2)&mask<<pos
	}
	// adr puts 21 bits into an ADR or ADRP.
	adr := func(d int64, check bool) {
		if check && d>>20 != 0 && d>>20 != -1 {
			fault = tooFar(typ)
		}
		v := uint32(d)
		ins = ins&^(3<<29|0x7ffff<<5) | v&3<<29 | v>>2&0x7ffff<<5
	}
	page := func(x uint64) int64 { return int64(x&^0xfff-p&^0xfff) >> 12 }
	move := func(group uint, check bool) {
		if check && x>>(16*(group+1)) != 0 && group < 3 {
			fault = tooFar(typ)
		}
		ins = ins&^(0xffff<<5) | uint32(x>>(16*group))&0xffff<<5
	}
	switch typ {
	case elf.R_AARCH64_CALL26, elf.R_AARCH64_JUMP26:
		branch(26, 0)
	case elf.R_AARCH64_CONDBR19:
		branch(19, 5)
	case elf.R_AARCH64_TSTBR14:
		branch(14, 5)
	case elf.R_AARCH64_LD_PREL_LO19:
		branch(19, 5)
	case elf.R_AARCH64_ADR_PREL_LO21:
		adr(int64(x-p), true)
	case elf.R_AARCH64_ADR_PREL_PG_HI21:
		adr(page(x), true)
	case elf.R_AARCH64_ADR_PREL_PG_HI21_NC:
		adr(page(x), false)
	case elf.R_AARCH64_ADD_ABS_LO12_NC, elf.R_AARCH64_LDST8_ABS_LO12_NC:
		low(x, 0)
	case elf.R_AARCH64_LDST16_ABS_LO12_NC:
		low(x, 1)
	case elf.R_AARCH64_LDST32_ABS_LO12_NC:
		low(x, 2)
	case elf.R_AARCH64_LDST64_ABS_LO12_NC:
		low(x, 3)
	case elf.R_AARCH64_LDST128_ABS_LO12_NC:
		low(x, 4)
	case elf.R_AARCH64_ADR_GOT_PAGE:
		adr(page(got), true)
	case elf.R_AARCH64_LD64_GOT_LO12_NC:
		low(got, 3)
	case elf.R_AARCH64_GOT_LD_PREL19:
		x = got
		branch(19, 5)
	case elf.R_AARCH64_MOVW_UABS_G0:
		move(0, true)
	case elf.R_AARCH64_MOVW_UABS_G0_NC:
		move(0, false)
	case elf.R_AARCH64_MOVW_UABS_G1:
		move(1, true)
	case elf.R_AARCH64_MOVW_UABS_G1_NC:
		move(1, false)
	case elf.R_AARCH64_MOVW_UABS_G2:
		move(2, true)
	case elf.R_AARCH64_MOVW_UABS_G2_NC:
		move(2, false)
	case elf.R_AARCH64_MOVW_UABS_G3:
		move(3, false)
	default:
		return unknownReloc(typ)
	}
	if fault != nil {
		return fault
	}
	binary.LittleEndian.PutUint32(at, ins)
	return nil
}

// armPLT32 is R_AARCH64_PLT32, which debug/elf does not name.
const armPLT32 = elf.R_AARCH64(314)

// How a value must fit into 32 bits.
type fit int

const (
	signed fit = iota
	unsigned
	either
)

func data64(typ fmt.Stringer, at []byte, x uint64) *RelocationError {
	if len(at) < 8 {
		return outside(typ)
	}
	put64(at, x)
	return nil
}

func data32(typ fmt.Stringer, at []byte, x uint64, f fit) *RelocationError {
	if len(at) < 4 {
		return outside(typ)
	}
	s, u := int64(x) == int64(int32(x)), x == uint64(uint32(x))
	if f == signed && !s || f == unsigned && !u || f == either && !s && !u {
		return tooFar(typ)
	}
	binary.LittleEndian.PutUint32(at, uint32(x))
	return nil
}

func data16(typ fmt.Stringer, at []byte, x uint64) *RelocationError {
	if len(at) < 2 {
		return outside(typ)
	}
	if int64(x) != int64(int16(x)) && x != uint64(uint16(x)) {
		return tooFar(typ)
	}
	binary.LittleEndian.PutUint16(at, uint16(x))
	return nil
}

func put64(at []byte, x uint64) { binary.LittleEndian.PutUint64(at, x) }

const hintAgain = "the object is damaged; compile it again"

func outside(typ fmt.Stringer) *RelocationError {
	return &RelocationError{Reason: fmt.Sprintf("%v reaches over the end of the section", typ), Hint: hintAgain}
}

func tooFar(typ fmt.Stringer) *RelocationError {
	return &RelocationError{Reason: fmt.Sprintf("%v to an address that is out of its reach", typ), Hint: hintPIC}
}

func unknownReloc(typ fmt.Stringer) *RelocationError {
	return &RelocationError{Reason: fmt.Sprintf("relocation %v is not supported", typ), Hint: hintPIC}
}
