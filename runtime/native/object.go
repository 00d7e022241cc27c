package native

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// object is an ELF64 little-endian relocatable file, read without trust: every offset
// and index is checked before it is used, so the later stages need not check again.
// The layouts are those of the System V ABI, chapters 4 and 5.
type object struct {
	machine  elf.Machine
	sections []section
	symbols  []symbol
	relocs   []reloc
}

type section struct {
	name  string
	typ   elf.SectionType
	flags elf.SectionFlag
	data  []byte // nil where the file holds none (.bss)
	size  uint64
	align uint64 // a power of two, at most maxAlign
	link  uint32
	info  uint32
}

type symbol struct {
	name    string
	kind    elf.SymType
	bind    elf.SymBind
	section elf.SectionIndex // a section that exists, or SHN_UNDEF, SHN_ABS, SHN_COMMON
	value   uint64
	size    uint64
}

// reloc asks for a value at an offset of a section.
type reloc struct {
	section int // what is changed
	offset  uint64
	typ     uint32
	symbol  int
	addend  int64
}

const (
	maxAlign = 4096    // of a section: mappings start at multiples of the page size
	maxSize  = 1 << 30 // of the loaded object: what 32-bit relative addresses span, with room
)

func malformed(format string, args ...any) error {
	return &FormatError{Reason: fmt.Sprintf(format, args...)}
}

// parse reads the tables of an object.
func parse(b []byte) (*object, error) {
	const headerSize, sectionSize = 64, 64
	le := binary.LittleEndian
	switch {
	case len(b) < headerSize || string(b[:4]) != elf.ELFMAG:
		return nil, malformed("it has no ELF header")
	case elf.Class(b[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Data(b[elf.EI_DATA]) != elf.ELFDATA2LSB:
		return nil, malformed("it is not a 64-bit little-endian ELF file")
	case elf.Type(le.Uint16(b[16:])) != elf.ET_REL:
		return nil, malformed("it is an ELF file of type %v, not a relocatable object", elf.Type(le.Uint16(b[16:])))
	}
	f := &object{machine: elf.Machine(le.Uint16(b[18:]))}
	table, entry, count := le.Uint64(b[40:]), le.Uint16(b[58:]), uint64(le.Uint16(b[60:]))
	names := uint64(le.Uint16(b[62:]))
	if table == 0 {
		return nil, malformed("it has no sections")
	}
	if entry != sectionSize {
		return nil, malformed("its section headers have %d bytes each", entry)
	}
	if table > uint64(len(b)) || uint64(len(b))-table < sectionSize {
		return nil, malformed("it is truncated before the section headers")
	}
	headers := b[table:]
	// Section 0 holds the numbers that do not fit into the file's header.
	if count == 0 {
		count = le.Uint64(headers[32:])
	}
	if names == uint64(elf.SHN_XINDEX) {
		names = uint64(le.Uint32(headers[40:]))
	}
	if count == 0 || count > uint64(len(headers))/sectionSize {
		return nil, malformed("it is truncated in the section headers")
	}
	f.sections = make([]section, count)
	nameAt := make([]uint32, count)
	for i := range f.sections {
		h := headers[i*sectionSize:]
		s := &f.sections[i]
		nameAt[i] = le.Uint32(h)
		s.typ, s.flags = elf.SectionType(le.Uint32(h[4:])), elf.SectionFlag(le.Uint64(h[8:]))
		offset := le.Uint64(h[24:])
		s.size, s.link, s.info, s.align = le.Uint64(h[32:]), le.Uint32(h[40:]), le.Uint32(h[44:]), le.Uint64(h[48:])
		if i == 0 {
			*s = section{align: 1}
			continue
		}
		if s.align == 0 {
			s.align = 1
		}
		if s.align&(s.align-1) != 0 || s.flags&elf.SHF_ALLOC != 0 && s.align > maxAlign {
			return nil, malformed("section %d is aligned to %d bytes", i, s.align)
		}
		if s.typ == elf.SHT_NOBITS || s.typ == elf.SHT_NULL {
			continue
		}
		if offset > uint64(len(b)) || s.size > uint64(len(b))-offset {
			return nil, malformed("it is truncated in section %d", i)
		}
		s.data = b[offset : offset+s.size]
	}
	if names >= count {
		return nil, malformed("it has no section names")
	}
	for i := range f.sections {
		name, ok := text0(f.sections[names].data, nameAt[i])
		if !ok {
			return nil, malformed("the name of section %d is outside the table of names", i)
		}
		f.sections[i].name = name
	}
	for i := range f.sections {
		if f.sections[i].typ != elf.SHT_SYMTAB {
			continue
		}
		if f.symbols != nil {
			return nil, malformed("it has two symbol tables")
		}
		if err := f.readSymbols(i); err != nil {
			return nil, err
		}
	}
	for i := range f.sections {
		s := &f.sections[i]
		switch s.typ {
		case elf.SHT_RELA:
			if err := f.readRelocs(s); err != nil {
				return nil, err
			}
		case elf.SHT_REL:
			return nil, malformed("section %s has relocations without addends, which this machine does not use", s.name)
		}
	}
	return f, nil
}

// text0 reads the zero-terminated text at an offset of a string table.
func text0(table []byte, at uint32) (string, bool) {
	if uint64(at) >= uint64(len(table)) {
		return "", at == 0
	}
	n := bytes.IndexByte(table[at:], 0)
	if n < 0 {
		return "", false
	}
	return string(table[at:][:n]), true
}

func (f *object) readSymbols(table int) error {
	const size = 24
	le := binary.LittleEndian
	s := &f.sections[table]
	if uint64(s.link) >= uint64(len(f.sections)) {
		return malformed("the symbol table names no table of texts")
	}
	names := f.sections[s.link].data
	var wide []byte // section indices that do not fit into 16 bits
	for i := range f.sections {
		if f.sections[i].typ == elf.SHT_SYMTAB_SHNDX && f.sections[i].link == uint32(table) {
			wide = f.sections[i].data
		}
	}
	if len(s.data)%size != 0 {
		return malformed("the symbol table ends inside a symbol")
	}
	f.symbols = make([]symbol, len(s.data)/size)
	for i := range f.symbols {
		d := s.data[i*size:]
		y := &f.symbols[i]
		name, ok := text0(names, le.Uint32(d))
		if !ok {
			return malformed("the name of symbol %d is outside the table of names", i)
		}
		y.name, y.kind, y.bind = name, elf.ST_TYPE(d[4]), elf.ST_BIND(d[4])
		y.value, y.size = le.Uint64(d[8:]), le.Uint64(d[16:])
		at := uint32(le.Uint16(d[6:]))
		switch elf.SectionIndex(at) {
		case elf.SHN_UNDEF, elf.SHN_ABS, elf.SHN_COMMON:
			y.section = elf.SectionIndex(at)
			continue
		case elf.SHN_XINDEX:
			if (i+1)*4 > len(wide) {
				return malformed("symbol %d has no section index", i)
			}
			at = le.Uint32(wide[i*4:])
		}
		if uint64(at) >= uint64(len(f.sections)) || at >= 1<<31 {
			return malformed("symbol %s is in section %d of %d", y.name, at, len(f.sections))
		}
		y.section = elf.SectionIndex(at)
		if y.value > f.sections[at].size {
			return malformed("symbol %s is outside its section", y.name)
		}
	}
	return nil
}

// defined says that the symbol is at an offset of a section.
func (y *symbol) defined() bool {
	return y.section != elf.SHN_UNDEF && y.section != elf.SHN_ABS && y.section != elf.SHN_COMMON
}

func (f *object) readRelocs(s *section) error {
	const size = 24
	le := binary.LittleEndian
	if s.info == 0 || uint64(s.info) >= uint64(len(f.sections)) {
		return malformed("the relocations %s belong to no section", s.name)
	}
	to := &f.sections[s.info]
	if to.flags&elf.SHF_ALLOC == 0 || ignored(to) {
		return nil
	}
	if len(s.data)%size != 0 {
		return malformed("the relocations %s end inside one", s.name)
	}
	for d := s.data; len(d) > 0; d = d[size:] {
		info := le.Uint64(d[8:])
		r := reloc{section: int(s.info), offset: le.Uint64(d), typ: uint32(info), symbol: int(info >> 32), addend: int64(le.Uint64(d[16:]))}
		if r.symbol >= len(f.symbols) {
			return malformed("a relocation of %s has symbol %d of %d", to.name, r.symbol, len(f.symbols))
		}
		if r.offset >= uint64(len(to.data)) {
			return malformed("a relocation of %s is outside the section", to.name)
		}
		f.relocs = append(f.relocs, r)
	}
	return nil
}

// ignored says that a section that would be loaded is of no use here: tables for
// unwinding, which nothing does, and notes.
func ignored(s *section) bool {
	return s.typ == elf.SHT_NOTE || s.name == ".eh_frame" || s.typ == unwindX86
}

// unwindX86 is SHT_X86_64_UNWIND, which debug/elf does not name.
const unwindX86 = elf.SectionType(0x70000001)
