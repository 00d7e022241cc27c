package model

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"unsafe"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// This file is what a model's program hands to the compiler: a line with the findings,
// then the terms of the system's pool (expr.Pool.Encode), then the exported fields of
// System in declaration order. The form of the fields is that of their Go types, so that a
// new field of a variable or an equation is handed over without a line here:
//
//	a struct    the bits of the fields that are not empty, then those fields
//	a slice     its length, then the elements
//	a term      its id in the pool that is read (empty: None)
//	a text      0 and the text where it is new, else 1 more than the number that it got
//	a place     a diag.Pos: like a text
//	a number    a varint, or eight bytes of a float64
//
// Programs live in the user's cache next to the version that reads them, so the form
// may change from version to version; what people keep is Base Modelica.

// handoverMagic opens the first line; the number is the version.
const handoverMagic = "mtkc-model 2 "

// WriteHandover writes the findings and the system; s is nil if there is none. A system whose
// terms call functions of its own cannot be handed over.
func WriteHandover(w io.Writer, found diag.List, s *System) error {
	if found == nil {
		found = diag.List{}
	}
	j, err := json.Marshal(found)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", handoverMagic, j); err != nil || s == nil {
		return err
	}
	out, err := s.encode()
	if err == nil {
		_, err = w.Write(out)
	}
	return err
}

// ReadHandover reads what WriteHandover wrote. The system is nil if none follows the
// findings.
func ReadHandover(in []byte) (diag.List, *System, error) {
	line, rest, ok := bytes.Cut(in, []byte("\n"))
	if !ok {
		return nil, nil, errors.New("the first line is missing")
	}
	text, ok := bytes.CutPrefix(line, []byte(handoverMagic))
	if !ok {
		return nil, nil, errors.New("it comes from another version of mtkc")
	}
	var found diag.List
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, nil, fmt.Errorf("the findings cannot be read: %w", err)
	}
	if len(rest) == 0 {
		return found, nil, nil
	}
	s, err := decodeSystem(rest)
	return found, s, err
}

// encode writes the system without its findings.
func (s *System) encode() ([]byte, error) {
	keep := make([]bool, s.Pool.Len())
	m := &marker{keep: keep}
	systemShape.mark(m, unsafe.Pointer(s))
	for i := range s.Vars {
		keep[s.Vars[i].Sym] = true
	}
	out, at, err := s.Pool.Encode(make([]byte, 0, 8*len(keep)), keep)
	if err != nil {
		return nil, err
	}
	w := &wireWriter{out: out, at: at, texts: map[string]uint64{}, places: map[diag.Pos]uint64{}}
	// Most names are those of the symbols and not written again.
	named := make([]int, 0)
	for i := range s.Vars {
		v := &s.Vars[i]
		if v.Name == s.Pool.Name(v.Sym) {
			v.Name = ""
		} else {
			named = append(named, i)
		}
	}
	systemShape.write(w, unsafe.Pointer(s))
	k := 0
	for i := range s.Vars {
		if k < len(named) && named[k] == i {
			k++
			continue
		}
		s.Vars[i].Name = s.Pool.Name(s.Vars[i].Sym)
	}
	return w.out, nil
}

func decodeSystem(in []byte) (*System, error) {
	p, rest, err := expr.Decode(in)
	if err != nil {
		return nil, err
	}
	s := &System{Pool: p}
	r := &wireReader{in: rest, terms: p.Len()}
	systemShape.read(r, unsafe.Pointer(s))
	if r.bad || len(r.in) > 0 {
		return nil, errors.New("the system is damaged")
	}
	for i := range s.Vars {
		v := &s.Vars[i]
		if int(v.Sym) >= p.Len() || p.Op(v.Sym) != expr.OpSym {
			return nil, errors.New("the system is damaged")
		}
		if v.Name == "" {
			v.Name = p.Name(v.Sym)
		}
		s.index(v.Sym, i)
	}
	return s, nil
}

// shape is how values of a Go type are written.
type shape struct {
	kind   shapeKind
	size   uintptr
	fields []shapeField // of a struct
	elem   *shape       // of a slice
	typ    reflect.Type
	terms  bool // there are terms in it
	places bool // there are places in it
}

type shapeField struct {
	offset uintptr
	*shape
}

type shapeKind uint8

const (
	structShape shapeKind = iota
	sliceShape
	termShape
	textShape
	placeShape
	boolShape
	byteShape
	intShape
	floatShape
)

var systemShape = shapeOf(reflect.TypeFor[System]())

func shapeOf(t reflect.Type) *shape {
	s := &shape{size: t.Size(), typ: t}
	switch {
	case t == reflect.TypeFor[expr.ID]():
		s.kind, s.terms = termShape, true
	case t == reflect.TypeFor[diag.Pos]():
		s.kind, s.places = placeShape, true
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() || f.Type == reflect.TypeFor[*expr.Pool]() {
				continue
			}
			e := shapeOf(f.Type)
			s.fields = append(s.fields, shapeField{f.Offset, e})
			s.terms, s.places = s.terms || e.terms, s.places || e.places
		}
		if len(s.fields) > 64 {
			panic("mtkc: bug: more than 64 fields in " + t.String())
		}
	case t.Kind() == reflect.Slice:
		s.kind, s.elem = sliceShape, shapeOf(t.Elem())
		s.terms, s.places = s.elem.terms, s.elem.places
	case t.Kind() == reflect.String:
		s.kind = textShape
	case t.Kind() == reflect.Bool:
		s.kind = boolShape
	case t.Kind() == reflect.Uint8:
		s.kind = byteShape
	case t.Kind() == reflect.Int:
		s.kind = intShape
	case t.Kind() == reflect.Float64:
		s.kind = floatShape
	default:
		panic("mtkc: bug: the handover has no form for " + t.String())
	}
	return s
}

// slice is the header of any slice.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

// empty reports whether a field need not be written.
func (s *shape) empty(p unsafe.Pointer) bool {
	switch s.kind {
	case termShape:
		return *(*expr.ID)(p) == expr.None
	case textShape:
		return *(*string)(p) == ""
	case placeShape:
		return *(*diag.Pos)(p) == diag.Pos{}
	case boolShape:
		return !*(*bool)(p)
	case byteShape:
		return *(*uint8)(p) == 0
	case intShape:
		return *(*int)(p) == 0
	case floatShape:
		return math.Float64bits(*(*float64)(p)) == 0
	case sliceShape:
		return (*slice)(p).len == 0
	}
	for i := range s.fields {
		if f := &s.fields[i]; !f.empty(unsafe.Add(p, f.offset)) {
			return false
		}
	}
	return true
}

// marker collects the terms of a system.
type marker struct{ keep []bool }

func (s *shape) mark(m *marker, p unsafe.Pointer) {
	switch s.kind {
	case termShape:
		if id := *(*expr.ID)(p); id != expr.None {
			m.keep[id] = true
		}
	case sliceShape:
		h := (*slice)(p)
		for i := range h.len {
			s.elem.mark(m, unsafe.Add(h.data, uintptr(i)*s.elem.size))
		}
	case structShape:
		for i := range s.fields {
			if f := &s.fields[i]; f.terms {
				f.mark(m, unsafe.Add(p, f.offset))
			}
		}
	}
}

type wireWriter struct {
	out    []byte
	at     []expr.ID
	texts  map[string]uint64
	places map[diag.Pos]uint64
}

func (w *wireWriter) number(v uint64) { w.out = binary.AppendUvarint(w.out, v) }

func (w *wireWriter) text(t string) {
	if n, ok := w.texts[t]; ok {
		w.number(n)
		return
	}
	w.texts[t] = uint64(len(w.texts) + 1)
	w.number(0)
	w.number(uint64(len(t)))
	w.out = append(w.out, t...)
}

func (s *shape) write(w *wireWriter, p unsafe.Pointer) {
	switch s.kind {
	case structShape:
		there := uint64(0)
		for i := range s.fields {
			if f := &s.fields[i]; !f.empty(unsafe.Add(p, f.offset)) {
				there |= 1 << i
			}
		}
		w.number(there)
		for i := range s.fields {
			if there>>i&1 == 1 {
				s.fields[i].write(w, unsafe.Add(p, s.fields[i].offset))
			}
		}
	case sliceShape:
		h := (*slice)(p)
		w.number(uint64(h.len))
		for i := range h.len {
			s.elem.write(w, unsafe.Add(h.data, uintptr(i)*s.elem.size))
		}
	case termShape:
		if id := *(*expr.ID)(p); id != expr.None {
			w.number(uint64(w.at[id]) + 1)
		} else {
			w.number(0)
		}
	case textShape:
		w.text(*(*string)(p))
	case placeShape:
		at := *(*diag.Pos)(p)
		if n, ok := w.places[at]; ok {
			w.number(n)
			return
		}
		w.places[at] = uint64(len(w.places) + 1)
		w.number(0)
		w.text(at.File)
		w.out = binary.AppendVarint(w.out, int64(at.Line))
		w.out = binary.AppendVarint(w.out, int64(at.Col))
	case boolShape:
		w.out = append(w.out, *(*byte)(p))
	case byteShape:
		w.out = append(w.out, *(*byte)(p))
	case intShape:
		w.out = binary.AppendVarint(w.out, int64(*(*int)(p)))
	case floatShape:
		w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(*(*float64)(p)))
	}
}

type wireReader struct {
	in     []byte
	bad    bool
	terms  int
	texts  []string
	places []diag.Pos
}

func (r *wireReader) fail() { r.bad, r.in = true, nil }

func (r *wireReader) number() uint64 {
	if len(r.in) > 0 && r.in[0] < 0x80 {
		v := r.in[0]
		r.in = r.in[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.in)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.in = r.in[n:]
	return v
}

func (r *wireReader) signed() int64 {
	v, n := binary.Varint(r.in)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.in = r.in[n:]
	return v
}

func (r *wireReader) text() string {
	n := r.number()
	if n > 0 {
		if n > uint64(len(r.texts)) {
			r.fail()
			return ""
		}
		return r.texts[n-1]
	}
	n = r.number()
	if n > uint64(len(r.in)) {
		r.fail()
		return ""
	}
	t := string(r.in[:n])
	r.in = r.in[n:]
	r.texts = append(r.texts, t)
	return t
}

func (r *wireReader) byte() byte {
	if len(r.in) == 0 {
		r.fail()
		return 0
	}
	v := r.in[0]
	r.in = r.in[1:]
	return v
}

// clear sets the terms of a new value to None.
func (s *shape) clear(p unsafe.Pointer) {
	switch s.kind {
	case termShape:
		*(*expr.ID)(p) = expr.None
	case structShape:
		for i := range s.fields {
			if f := &s.fields[i]; f.terms {
				f.clear(unsafe.Add(p, f.offset))
			}
		}
	}
}

// read fills a zero value.
func (s *shape) read(r *wireReader, p unsafe.Pointer) {
	switch s.kind {
	case structShape:
		there := r.number()
		if there>>len(s.fields) != 0 {
			r.fail()
			return
		}
		for i := range s.fields {
			f := &s.fields[i]
			if there>>i&1 == 1 {
				f.read(r, unsafe.Add(p, f.offset))
			} else if f.terms {
				f.clear(unsafe.Add(p, f.offset))
			}
		}
	case sliceShape:
		n := r.number()
		if n > uint64(len(r.in)) { // an element takes a byte at least
			r.fail()
			return
		}
		v := reflect.NewAt(s.typ, p).Elem()
		v.Set(reflect.MakeSlice(s.typ, int(n), int(n)))
		data := (*slice)(p).data
		for i := range int(n) {
			if r.bad {
				return
			}
			s.elem.read(r, unsafe.Add(data, uintptr(i)*s.elem.size))
		}
	case termShape:
		id := expr.None
		if n := r.number(); n > uint64(r.terms) {
			r.fail()
		} else if n > 0 {
			id = expr.ID(n - 1)
		}
		*(*expr.ID)(p) = id
	case textShape:
		*(*string)(p) = r.text()
	case placeShape:
		n := r.number()
		switch {
		case n > uint64(len(r.places)):
			r.fail()
		case n > 0:
			*(*diag.Pos)(p) = r.places[n-1]
		default:
			at := diag.Pos{File: r.text()}
			at.Line, at.Col = int(r.signed()), int(r.signed())
			r.places = append(r.places, at)
			*(*diag.Pos)(p) = at
		}
	case boolShape:
		*(*bool)(p) = r.byte() != 0
	case byteShape:
		*(*uint8)(p) = r.byte()
	case intShape:
		*(*int)(p) = int(r.signed())
	case floatShape:
		if len(r.in) < 8 {
			r.fail()
			return
		}
		*(*float64)(p) = math.Float64frombits(binary.LittleEndian.Uint64(r.in))
		r.in = r.in[8:]
	}
}

// Positions calls f for every place in the system.
func (s *System) Positions(f func(*diag.Pos)) { systemShape.positions(f, unsafe.Pointer(s)) }

func (s *shape) positions(f func(*diag.Pos), p unsafe.Pointer) {
	switch s.kind {
	case placeShape:
		f((*diag.Pos)(p))
	case sliceShape:
		if !s.elem.places {
			return
		}
		h := (*slice)(p)
		for i := range h.len {
			s.elem.positions(f, unsafe.Add(h.data, uintptr(i)*s.elem.size))
		}
	case structShape:
		for i := range s.fields {
			if e := &s.fields[i]; e.places {
				e.positions(f, unsafe.Add(p, e.offset))
			}
		}
	}
}
