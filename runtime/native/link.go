package native

import (
	"bytes"
	"debug/elf"
)

// Blob is an object linked for no address in particular: its code, and behind it the
// constants that the code reads. It runs wherever it lies, also where nothing can be
// written, for example in the code segment of a Go program.
type Blob struct {
	Arch  string // of the processor, as GOARCH names it
	Align int    // its address is a multiple of this: 64, or more where a constant asks for it
	Code  []byte // a multiple of 64 bytes
	Funcs []BlobFunc
}

// BlobFunc is a function of a blob.
type BlobFunc struct {
	Name   string
	Offset int
}

// maxBlobAlign is the greatest alignment that Go's assembler gives to code.
const maxBlobAlign = 2048

// Link makes a blob of an object for any of the machines that Load knows. The object is as Load
// takes it, without variables and without addresses in its data; on arm64 it is of the
// tiny code model, for the usual one reaches constants by the page they are in. Errors
// are those of Load but *PlatformError and *MachineError.
func Link(object []byte) (*Blob, error) {
	const unit = 64 // a line of the cache, the largest vector
	f, err := parse(object)
	if err != nil {
		return nil, err
	}
	im, err := layOut(f, unit)
	if err != nil {
		return nil, err
	}
	if im.size > im.roEnd {
		return nil, malformed("it has variables, which code that is linked into a program cannot write")
	}
	b := &Blob{Arch: map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[f.machine], Align: unit}
	if b.Arch == "" {
		return nil, malformed("it is for %v; there are amd64 and arm64", f.machine)
	}
	for i := range f.sections {
		if im.loaded[i] {
			b.Align = max(b.Align, int(f.sections[i].align))
		}
	}
	if b.Align > maxBlobAlign {
		return nil, malformed("a section is aligned to %d bytes, more than Go's linker does", b.Align)
	}
	// What depends on the address differs between two of them that have neither pages nor 32
	// bits in common.
	b.Code = make([]byte, im.size)
	other := make([]byte, im.size)
	const base = 1 << 40
	if err := im.link(b.Code, base); err != nil {
		return nil, err
	}
	if err := im.link(other, base+5<<32+3*4096+uint64(b.Align)); err != nil {
		return nil, err
	}
	if !bytes.Equal(b.Code, other) {
		return nil, im.fixed(b.Code, other)
	}
	for _, e := range im.entries {
		b.Funcs = append(b.Funcs, BlobFunc{e.name, int(e.offset)})
	}
	return b, nil
}

// fixed is the error for the first relocation whose value depends on the address.
func (im *image) fixed(a, b []byte) error {
	for i := range im.f.relocs {
		r := &im.f.relocs[i]
		at := im.place[r.section] + r.offset
		end := min(at+8, uint64(len(a)))
		if !bytes.Equal(a[at:end], b[at:end]) {
			return &RelocationError{
				Section: im.f.sections[r.section].name, Offset: r.offset,
				Reason: relocName(im.f.machine, r.typ) + " depends on the address of the code", Hint: "compile it as position independent code without tables of addresses, on arm64 of the tiny code model",
			}
		}
	}
	return malformed("it reaches a symbol through a table of addresses")
}

func relocName(m elf.Machine, typ uint32) string {
	if m == elf.EM_AARCH64 {
		return elf.R_AARCH64(typ).String()
	}
	return elf.R_X86_64(typ).String()
}

// Linked is a function that is part of the program, at an address in its code segment, where
// Go's linker has put it. It must be as Load asks of code.
func Linked(name string, entry uintptr) *Func { return &Func{entry: entry, name: name} }
