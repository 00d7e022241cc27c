package ptxtest

import (
	"fmt"
	"unsafe"
)

// An address is a tag in the upper 24 bits and an offset in the lower 40. Addresses
// within a state space and generic addresses have different tags, so that a missing or
// a wrong cvta is found; pieces of global memory have tags of their own, so that an
// access beyond the end or before the start of one cannot reach another.
const (
	tagShift = 40
	offset   = 1<<tagShift - 1

	paramTag  = 1
	localTag  = 2
	sharedTag = 3
	constTag  = 4
	generic   = 4 // what cvta adds to the tag of a state space
	globalTag = 9 // the variables of the module; the pieces of device memory follow
)

// Pointer is an address in device memory, an argument of kernels.
type Pointer uint64

// memory is what all threads share: by tag from globalTag on, pieces of device memory.
type memory struct {
	pieces [][]byte
	consts []byte
}

// Map makes a slice of numbers part of device memory and returns its address: kernels
// read and write the slice itself. An element type has no pointers in it, and its size
// is its alignment. An empty slice has an address that nothing can be read at.
func Map[T int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64](m *Module, s []T) Pointer {
	bytes := []byte{}
	if len(s) > 0 {
		bytes = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), uintptr(len(s))*unsafe.Sizeof(s[0]))
	}
	for i, p := range m.mem.pieces {
		if i > 0 && p == nil {
			m.mem.pieces[i] = bytes
			return Pointer((globalTag + i) << tagShift)
		}
	}
	m.mem.pieces = append(m.mem.pieces, bytes)
	return Pointer((globalTag + len(m.mem.pieces) - 1) << tagShift)
}

// Unmap takes away what Map added. An address that Map did not return is an error.
func (m *Module) Unmap(p Pointer) error {
	i := int(p>>tagShift) - globalTag
	if p&offset != 0 || i < 1 || i >= len(m.mem.pieces) {
		return fmt.Errorf("ptxtest: %#x is not the address of a slice in device memory", uint64(p))
	}
	m.mem.pieces[i] = nil
	return nil
}

// at finds the bytes of an access with a generic address or in one of the state spaces,
// or says what is wrong with it.
func (t *thread) at(space space, addr uint64, size uint64) ([]byte, string) {
	if addr&(size-1) != 0 {
		return nil, fmt.Sprintf("address %#x is not a multiple of %d", addr, size)
	}
	tag, off := addr>>tagShift, addr&offset
	var all []byte
	var what string
	switch {
	case tag >= globalTag && tag < globalTag+uint64(len(t.mem.pieces)) && (space == anySpace || space == globalSpace):
		all, what = t.mem.pieces[tag-globalTag], "a piece of device memory"
		if tag == globalTag {
			what = "the variables of the module"
		}
	case tag == localTag && space == localSpace, tag == localTag+generic && space == anySpace:
		all, what = t.local, "the thread's local memory"
	case tag == sharedTag && space == sharedSpace, tag == sharedTag+generic && space == anySpace:
		all, what = t.shared, "the block's shared memory"
	case tag == constTag && space == constSpace, tag == constTag+generic && space == anySpace:
		all, what = t.mem.consts, "constant memory"
	case tag == paramTag && space == paramSpace, tag == paramTag+generic && space == anySpace:
		all, what = t.params, "the parameters"
	case addr == 0:
		return nil, "the address is 0"
	default:
		return nil, fmt.Sprintf("address %#x does not lie in %s", addr, space)
	}
	if off+size > uint64(len(all)) {
		if back := offset + 1 - off; back < 1<<30 {
			// The tag is that of the piece before: the access lies before a start.
			return nil, fmt.Sprintf("address %#x lies %d bytes before the start of a piece of memory", addr, back)
		}
		return nil, fmt.Sprintf("offset %d to %d is beyond the %d bytes of %s", off, off+size, len(all), what)
	}
	return all[off : off+size : off+size], ""
}

// fetch reads a number of 1, 2, 4 or 8 bytes.
func fetch(b []byte) uint64 {
	p := unsafe.Pointer(unsafe.SliceData(b))
	switch len(b) {
	case 8:
		return *(*uint64)(p)
	case 4:
		return uint64(*(*uint32)(p))
	case 2:
		return uint64(*(*uint16)(p))
	}
	return uint64(b[0])
}

// put writes a number of 1, 2, 4 or 8 bytes.
func put(b []byte, v uint64) {
	p := unsafe.Pointer(unsafe.SliceData(b))
	switch len(b) {
	case 8:
		*(*uint64)(p) = v
	case 4:
		*(*uint32)(p) = uint32(v)
	case 2:
		*(*uint16)(p) = uint16(v)
	default:
		b[0] = byte(v)
	}
}
