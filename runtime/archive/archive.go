// Package archive turns the state of a run into bytes and back.
//
// In: the fields of objects, one after the other. Out: bytes from which objects of the
// same make, in this process or another one, get the same values, to the last bit. One
// method of an object visits its fields for both directions, so that what is saved and
// what is loaded cannot differ:
//
//	func (s *stepper) Archive(a *archive.Archive) {
//		a.Float(&s.h, &s.gamma)
//		a.Floats(s.z, s.e)
//		a.Bool(&s.fresh)
//	}
//
// Numbers are little endian; a Float is its bits.
package archive

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Archive is a visit to the fields of objects: it either saves or loads them. The first
// error stays; after it nothing is read or written any more.
type Archive struct {
	load bool
	buf  []byte
	at   int
	err  error
}

// Archiver is an object whose state an Archive can visit.
type Archiver interface{ Archive(a *Archive) }

// Saver returns an archive that appends what it visits to buf.
func Saver(buf []byte) *Archive { return &Archive{buf: buf} }

// Loader returns an archive that gives what it visits the values in buf.
func Loader(buf []byte) *Archive { return &Archive{load: true, buf: buf} }

// Save makes a an archive that appends to buf.
func (a *Archive) Save(buf []byte) { *a = Archive{buf: buf} }

// Load makes a an archive that reads buf.
func (a *Archive) Load(buf []byte) { *a = Archive{load: true, buf: buf} }

// Loading reports whether fields get values from the archive.
func (a *Archive) Loading() bool { return a.load }

// Bytes is what was saved.
func (a *Archive) Bytes() []byte { return a.buf }

// Err is the first error.
func (a *Archive) Err() error { return a.err }

// Fail ends the visit with an error, unless there is one already.
func (a *Archive) Fail(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, args...)
	}
}

// Done checks that everything was read.
func (a *Archive) Done() {
	if a.load && a.err == nil && a.at != len(a.buf) {
		a.Fail("the archive holds %d bytes more than the run has fields for: it belongs to another version or another problem", len(a.buf)-a.at)
	}
}

// word visits 64 bits.
func (a *Archive) word(v uint64) uint64 {
	if !a.load {
		a.buf = binary.LittleEndian.AppendUint64(a.buf, v)
		return v
	}
	if a.err != nil {
		return v
	}
	if len(a.buf)-a.at < 8 {
		a.Fail("the archive ends at byte %d, in the middle of the run's state", len(a.buf))
		return v
	}
	v = binary.LittleEndian.Uint64(a.buf[a.at:])
	a.at += 8
	return v
}

// Float visits numbers.
func (a *Archive) Float(v ...*float64) {
	for _, p := range v {
		*p = math.Float64frombits(a.word(math.Float64bits(*p)))
	}
}

// Int visits integers.
func (a *Archive) Int(v ...*int) {
	for _, p := range v {
		*p = int(int64(a.word(uint64(int64(*p)))))
	}
}

// Int32 visits short integers.
func (a *Archive) Int32(v ...*int32) {
	for _, p := range v {
		*p = int32(int64(a.word(uint64(int64(*p)))))
	}
}

// Uint64 visits words, such as the state of a random number generator.
func (a *Archive) Uint64(v ...*uint64) {
	for _, p := range v {
		*p = a.word(*p)
	}
}

// Bool visits truth values.
func (a *Archive) Bool(v ...*bool) {
	for _, p := range v {
		w := uint64(0)
		if *p {
			w = 1
		}
		*p = a.word(w) != 0
	}
}

// String visits a text.
func (a *Archive) String(v *string) {
	n := a.count(len(*v), 1)
	if !a.load {
		a.buf = append(a.buf, *v...)
		return
	}
	if a.err == nil {
		*v = string(a.buf[a.at : a.at+n])
		a.at += n
	}
}

// count visits a number of items of at least size bytes each, which the rest of a
// loaded archive must have room for.
func (a *Archive) count(n, size int) int {
	m := a.word(uint64(n))
	if a.load && a.err == nil && m > uint64((len(a.buf)-a.at)/size) {
		a.Fail("the archive is damaged: it promises %d items at byte %d of %d", m, a.at, len(a.buf))
	}
	if a.err != nil {
		return 0
	}
	return int(m)
}

// same visits the length of a slice that must not change.
func (a *Archive) same(n, size int) bool {
	if m := a.count(n, size); a.load && a.err == nil && m != n {
		a.Fail("the archive has %d values where the run has %d: it belongs to another problem, method or option", m, n)
	}
	return a.err == nil
}

// Floats visits the contents of slices whose lengths the problem and the method fix.
func (a *Archive) Floats(v ...[]float64) {
	for _, s := range v {
		switch {
		case !a.same(len(s), 8): // when loading, there are as many
		case a.load:
			b := a.buf[a.at : a.at+8*len(s)]
			for i := range s {
				s[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
			}
			a.at += len(b)
		default:
			for _, x := range s {
				a.buf = binary.LittleEndian.AppendUint64(a.buf, math.Float64bits(x))
			}
		}
	}
}

// Complex visits the contents of slices of fixed lengths.
func (a *Archive) Complex(v ...[]complex128) {
	for _, s := range v {
		if a.same(len(s), 16) {
			for i, c := range s {
				re, im := real(c), imag(c)
				a.Float(&re, &im)
				s[i] = complex(re, im)
			}
		}
	}
}

// Ints visits the contents of slices of fixed lengths.
func (a *Archive) Ints(v ...[]int) {
	for _, s := range v {
		if a.same(len(s), 8) {
			for i := range s {
				a.Int(&s[i])
			}
		}
	}
}

// Int32s visits the contents of slices of fixed lengths.
func (a *Archive) Int32s(v ...[]int32) {
	for _, s := range v {
		if a.same(len(s), 8) {
			for i := range s {
				a.Int32(&s[i])
			}
		}
	}
}

// Bools visits the contents of slices of fixed lengths.
func (a *Archive) Bools(v ...[]bool) {
	for _, s := range v {
		if a.same(len(s), 8) {
			for i := range s {
				a.Bool(&s[i])
			}
		}
	}
}

// Resize visits the length of a slice that has grown during the run, or is nil until it
// is needed, and gives it that length; its contents are to be visited after.
func Resize[E any](a *Archive, v *[]E) {
	null := *v == nil
	a.Bool(&null)
	n := a.count(len(*v), 1)
	switch {
	case !a.load || a.err != nil:
	case null:
		*v = nil
	case cap(*v) >= n && *v != nil:
		*v = (*v)[:n]
	default:
		*v = make([]E, n)
	}
}

// Grown visits slices that have grown during the run or are nil until they are needed.
func (a *Archive) Grown(v ...*[]float64) {
	for _, s := range v {
		Resize(a, s)
		a.Floats(*s)
	}
}
