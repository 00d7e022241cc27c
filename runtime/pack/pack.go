// Package pack holds the large tables of generated code as short texts.
//
// In: tables of a model with many instances of a few equations, which are regular.
// Out: text for a string literal, and the tables again. Differences are taken first,
// so that what repeats is seen, and then compressed (DEFLATE, RFC 1951) and written in
// base 64. The functions that read panic on a text that the writing ones did not make.
package pack

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/gob"
	"io"
	"math"

	"github.com/mtkc/mtkc/runtime/ode"
)

// text compresses bytes into a text.
func text(b []byte) string {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	w.Write(b) // a bytes.Buffer takes everything
	w.Close()
	return base64.RawStdEncoding.EncodeToString(buf.Bytes())
}

// raw is the inverse of text.
func raw(s string) []byte {
	z, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	b, err := io.ReadAll(flate.NewReader(bytes.NewReader(z)))
	if err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	return b
}

// FromInts writes integers.
func FromInts(v []int32) string {
	var b []byte
	last := int32(0)
	for _, x := range v {
		b = binary.AppendVarint(b, int64(x)-int64(last))
		last = x
	}
	return text(b)
}

// Ints reads what FromInts wrote.
func Ints(s string) []int32 {
	b := raw(s)
	var v []int32
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Varint(b)
		if n <= 0 {
			panic("mtkc: bug: table of generated code ends early")
		}
		b = b[n:]
		last += d
		v = append(v, int32(last))
	}
	return v
}

// FromFloats writes numbers, to the last bit: first all first bytes, then all second
// bytes, and so on.
func FromFloats(v []float64) string {
	b := make([]byte, 8*len(v))
	for i, x := range v {
		bits := math.Float64bits(x)
		for k := range 8 {
			b[k*len(v)+i] = byte(bits >> (8 * k))
		}
	}
	return text(b)
}

// Floats reads what FromFloats wrote.
func Floats(s string) []float64 {
	b := raw(s)
	v := make([]float64, len(b)/8)
	for i := range v {
		bits := uint64(0)
		for k := range 8 {
			bits |= uint64(b[k*len(v)+i]) << (8 * k)
		}
		v[i] = math.Float64frombits(bits)
	}
	return v
}

// FromProblem writes the data of a problem: all fields but functions. Texts describes
// the rows of f, as Problem.Equation does.
func FromProblem(p *ode.Problem, texts []string) string {
	q := *p
	q.NewKernels, q.NewObserver, q.Equation = nil, nil, nil
	var b bytes.Buffer
	enc := gob.NewEncoder(&b)
	if err := enc.Encode(&q); err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	if err := enc.Encode(texts); err != nil {
		panic("mtkc: bug: " + err.Error())
	}
	return text(b.Bytes())
}

// Problem reads what FromProblem wrote.
func Problem(s string) *ode.Problem {
	dec := gob.NewDecoder(bytes.NewReader(raw(s)))
	p, texts := new(ode.Problem), []string(nil)
	if err := dec.Decode(p); err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	if err := dec.Decode(&texts); err != nil {
		panic("mtkc: bug: table of generated code: " + err.Error())
	}
	p.Equation = func(i int) string { return texts[i] }
	return p
}
