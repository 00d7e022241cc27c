package native

import (
	"debug/elf"
	"fmt"
)

// image is the plan of a loaded object: code, then data that is only read, then data
// that is written, each from a page of its own. The code part ends with the routines of
// the library that the object uses, the read-only part with the global offset table.
type image struct {
	f       *object
	size    int
	textEnd int // multiples of the page size
	roEnd   int
	low     bool // must lie below 2 GiB

	place   []uint64       // offset of each section, where loaded
	loaded  []bool         // of each section
	common  map[int]uint64 // offset of each common symbol
	routine []placedRoutine
	library map[int]uint64 // offset of the routine of each symbol that is one
	got     map[int]uint64 // offset of each symbol's entry in the table
	entries []entry
}

type entry struct {
	name   string
	offset uint64
}

type placedRoutine struct {
	code   []byte
	offset uint64
}

// layOut gives every section its place, and refuses what cannot be loaded.
func layOut(f *object, page int) (*image, error) {
	im := &image{
		f: f, place: make([]uint64, len(f.sections)), loaded: make([]bool, len(f.sections)),
		common: map[int]uint64{}, library: map[int]uint64{}, got: map[int]uint64{},
	}
	for i := range f.sections {
		s := &f.sections[i]
		if s.flags&elf.SHF_ALLOC == 0 || ignored(s) {
			continue
		}
		switch {
		case s.flags&elf.SHF_TLS != 0:
			return nil, malformed("section %s holds thread-local variables, which native code cannot have here", s.name)
		case s.typ == elf.SHT_INIT_ARRAY || s.typ == elf.SHT_FINI_ARRAY || s.typ == elf.SHT_PREINIT_ARRAY:
			return nil, malformed("section %s holds constructors, which nothing would call", s.name)
		case s.flags&elf.SHF_COMPRESSED != 0:
			return nil, malformed("section %s is compressed", s.name)
		case s.size > maxSize:
			return nil, malformed("section %s has %d bytes", s.name, s.size)
		}
		im.loaded[i] = true
	}
	var size uint64
	take := func(n, align uint64) (uint64, error) {
		size = (size + align - 1) &^ (align - 1)
		at := size
		if size += n; size > maxSize {
			return 0, malformed("it needs more than %d bytes of memory", maxSize)
		}
		return at, nil
	}
	sections := func(which func(*section) bool) error {
		for i := range f.sections {
			s := &f.sections[i]
			if !im.loaded[i] || !which(s) {
				continue
			}
			at, err := take(s.size, s.align)
			if err != nil {
				return err
			}
			im.place[i] = at
		}
		return nil
	}
	endPart := func() (int, error) {
		_, err := take(0, uint64(page))
		return int(size), err
	}

	if err := sections(executable); err != nil {
		return nil, err
	}
	if err := im.placeLibrary(take); err != nil {
		return nil, err
	}
	var err error
	if im.textEnd, err = endPart(); err != nil {
		return nil, err
	}
	if err := sections(func(s *section) bool { return !executable(s) && s.flags&elf.SHF_WRITE == 0 }); err != nil {
		return nil, err
	}
	for i := range f.relocs {
		r := &f.relocs[i]
		switch kind := describe(f.machine, r.typ); {
		case kind.got:
			if _, have := im.got[r.symbol]; have {
				continue
			}
			if im.got[r.symbol], err = take(8, 8); err != nil {
				return nil, err
			}
		case kind.low:
			im.low = true
		}
	}
	if im.roEnd, err = endPart(); err != nil {
		return nil, err
	}
	if err := sections(func(s *section) bool { return !executable(s) && s.flags&elf.SHF_WRITE != 0 }); err != nil {
		return nil, err
	}
	for i := range f.symbols {
		y := &f.symbols[i]
		if y.section != elf.SHN_COMMON {
			continue
		}
		align := y.value // of a common symbol, by the ABI
		if align == 0 {
			align = 1
		}
		if align&(align-1) != 0 || align > maxAlign || y.size > maxSize {
			return nil, malformed("symbol %s is aligned to %d bytes and has %d", y.name, align, y.size)
		}
		if im.common[i], err = take(y.size, align); err != nil {
			return nil, err
		}
	}
	if im.size, err = endPart(); err != nil {
		return nil, err
	}
	if im.size == 0 {
		return nil, malformed("it holds no code")
	}
	for i := range f.symbols {
		y := &f.symbols[i]
		if y.kind == elf.STT_GNU_IFUNC {
			return nil, malformed("function %s is chosen when the program is linked (ifunc), which is not possible here", y.name)
		}
		if y.name == "" || y.bind == elf.STB_LOCAL || !y.defined() || y.kind == elf.STT_TLS {
			continue
		}
		s := int(y.section)
		if im.loaded[s] && executable(&f.sections[s]) && y.value < f.sections[s].size {
			im.entries = append(im.entries, entry{y.name, im.place[s] + y.value})
		}
	}
	return im, nil
}

func executable(s *section) bool { return s.flags&elf.SHF_EXECINSTR != 0 }

// placeLibrary finds a place for the library routines behind undefined symbols; other
// undefined symbols that a relocation uses are an error.
func (im *image) placeLibrary(take func(n, align uint64) (uint64, error)) error {
	f := im.f
	var missing []string
	seen := make([]bool, len(f.symbols))
	at := map[string]uint64{}
	for i := range f.relocs {
		k := f.relocs[i].symbol
		y := &f.symbols[k]
		if seen[k] || k == 0 || y.section != elf.SHN_UNDEF {
			continue
		}
		seen[k] = true
		code := routines(f.machine)[y.name]
		switch {
		case code != nil:
			if _, have := at[y.name]; !have {
				o, err := take(uint64(len(code)), 16)
				if err != nil {
					return err
				}
				at[y.name] = o
				im.routine = append(im.routine, placedRoutine{code, o})
			}
			im.library[k] = at[y.name]
		case y.bind == elf.STB_WEAK: // resolves to address 0
		default:
			name := y.name
			if name == "" {
				name = fmt.Sprintf("number %d", k)
			}
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return &UndefinedError{Names: missing}
	}
	return nil
}

// address is where a symbol lies when the image starts at base.
func (im *image) address(k int, base uint64) (uint64, error) {
	y := &im.f.symbols[k]
	switch {
	case k == 0:
		return 0, nil
	case y.section == elf.SHN_ABS:
		return y.value, nil
	case y.section == elf.SHN_COMMON:
		return base + im.common[k], nil
	case y.section == elf.SHN_UNDEF:
		if at, ok := im.library[k]; ok {
			return base + at, nil
		}
		return 0, nil // weak
	}
	if !im.loaded[y.section] {
		return 0, malformed("symbol %s is in section %s, which is not loaded", y.name, im.f.sections[y.section].name)
	}
	return base + im.place[y.section] + y.value, nil
}

// link fills mem, which will run at address base, with the image.
func (im *image) link(mem []byte, base uint64) error {
	for i := range im.f.sections {
		if im.loaded[i] {
			copy(mem[im.place[i]:], im.f.sections[i].data)
		}
	}
	for _, r := range im.routine {
		copy(mem[r.offset:], r.code)
	}
	for i := range im.f.relocs {
		r := &im.f.relocs[i]
		s, err := im.address(r.symbol, base)
		if err != nil {
			return err
		}
		var got uint64
		if at, ok := im.got[r.symbol]; ok {
			put64(mem[at:], s)
			got = base + at
		}
		sec := &im.f.sections[r.section]
		place := im.place[r.section] + r.offset
		end := im.place[r.section] + sec.size
		fault := relocate(im.f.machine, r, mem[place:end:end], s, got, base+place)
		if fault != nil {
			fault.Section, fault.Offset = sec.name, r.offset
			return fault
		}
	}
	if im.f.machine == elf.EM_AARCH64 {
		return im.checkX28(mem)
	}
	return nil
}
