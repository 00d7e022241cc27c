package basemodelica

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/expr"
)

// base is a built-in type, or the sort of a defined one.
type base uint8

const (
	bBad base = iota // a diagnostic was given; poisons what uses it
	bReal
	bInteger
	bBoolean
	bString
	bEnum
	bRecord
)

// stype is the type of a value; def is the definition of an enumeration or record.
type stype struct {
	base base
	def  *typeDef
}

// typeDef is a defined type.
type typeDef struct {
	class  *classDef
	name   string
	state  int8 // 0: new, 1: in work, 2: done
	typ    stype
	dims   []int
	mods   []*classDef // aliases whose modifications apply, innermost first
	enum   []string
	fields []field // of a record
	index  map[int32]int
}

// field is a member of a record.
type field struct {
	name int32
	d    *decl
	typ  stype
	dims []int
	mods []*classDef
}

// value is what an expression of the source means: a term, an array of terms in row
// order, a record, or a text.
type value struct {
	t    stype
	dims []int     // nil: a scalar
	id   expr.ID   // of a scalar that is neither text nor record
	el   []expr.ID // of an array
	rec  []value   // the fields of a record, or the elements of an array of records
	text string    // of a String
	txt  []string  // of an array of String
	num  float64   // of a scalar, between the pools of the interpreter
}

func bad() value { return value{} }

func scalar(b base, id expr.ID) value { return value{t: stype{base: b}, id: id} }

func (v *value) bad() bool      { return v.t.base == bBad }
func (v *value) isScalar() bool { return v.dims == nil }
func (v *value) numeric() bool  { return v.t.base == bReal || v.t.base == bInteger }

// count is the number of elements, at most a bit above maxElements.
func count(dims []int) int {
	n := 1
	for _, d := range dims {
		if d == 0 {
			return 0
		}
		if n *= d; n > maxElements {
			n = maxElements + 1
		}
	}
	return n
}

// at returns element i of an array, in row order.
func (v *value) at(i int) value {
	if v.dims == nil {
		return *v
	}
	switch v.t.base {
	case bRecord:
		return v.rec[i]
	case bString:
		return value{t: v.t, text: v.txt[i]}
	}
	return value{t: v.t, id: v.el[i]}
}

// arrayOf makes an array of that shape from scalars of one type.
func arrayOf(t stype, dims []int, at func(i int) value) value {
	n := count(dims)
	out := value{t: t, dims: dims}
	switch t.base {
	case bRecord:
		out.rec = make([]value, n)
		for i := range n {
			out.rec[i] = at(i)
		}
	case bString:
		out.txt = make([]string, n)
		for i := range n {
			out.txt[i] = at(i).text
		}
	default:
		out.el = make([]expr.ID, n)
		for i := range n {
			out.el[i] = at(i).id
		}
	}
	return out
}

// sub returns v[i] for the first dimension, i from 0.
func (v *value) sub(i int) value {
	if len(v.dims) == 1 {
		return v.at(i)
	}
	d := v.dims[1:]
	n := count(d)
	out := value{t: v.t, dims: d}
	switch v.t.base {
	case bRecord:
		out.rec = v.rec[i*n : (i+1)*n]
	case bString:
		out.txt = v.txt[i*n : (i+1)*n]
	default:
		out.el = v.el[i*n : (i+1)*n]
	}
	return out
}

// leaves appends the scalars of v that are no records, in order.
func (v *value) leaves(to []value) []value {
	if v.t.base == bRecord {
		for i := range v.rec {
			to = v.rec[i].leaves(to)
		}
		return to
	}
	if v.dims == nil {
		return append(to, *v)
	}
	for i := range count(v.dims) {
		to = append(to, v.at(i))
	}
	return to
}

// copyOf is a copy that shares no arrays.
func copyOf(v value) value {
	v.el = slices.Clone(v.el)
	v.txt = slices.Clone(v.txt)
	if v.rec != nil {
		r := make([]value, len(v.rec))
		for i := range r {
			r[i] = copyOf(v.rec[i])
		}
		v.rec = r
	}
	return v
}

// shape prints a size for messages.
func shape(dims []int) string {
	if len(dims) == 0 {
		return "a scalar"
	}
	s := make([]string, len(dims))
	for i, d := range dims {
		s[i] = strconv.Itoa(d)
	}
	return "size [" + strings.Join(s, ", ") + "]"
}

// String names a type for messages.
func (t stype) String() string {
	switch t.base {
	case bReal:
		return "Real"
	case bInteger:
		return "Integer"
	case bBoolean:
		return "Boolean"
	case bString:
		return "String"
	case bEnum:
		return "enumeration " + t.def.name
	case bRecord:
		return "record " + t.def.name
	}
	return "unknown"
}

// describe names type and size of a value.
func (v *value) describe() string {
	if v.dims == nil {
		return v.t.String()
	}
	return v.t.String() + " of " + shape(v.dims)
}

// elementName is the name of an element: x[2] or A[1,3].
func elementName(name string, dims []int, i int) string {
	var b [64]byte
	s := append(b[:0], name...)
	s = append(s, '[')
	n := count(dims)
	for k, d := range dims {
		n /= d
		if k > 0 {
			s = append(s, ',')
		}
		s = strconv.AppendInt(s, int64(i/n+1), 10)
		i %= n
	}
	return string(append(s, ']'))
}

// join merges the types of two operands: Integer widens to Real.
func join(a, b stype) (stype, bool) {
	switch {
	case a == b:
		return a, true
	case a.base == bReal && b.base == bInteger, a.base == bInteger && b.base == bReal:
		return stype{base: bReal}, true
	case a.base == bBad:
		return b, true
	case b.base == bBad:
		return a, true
	}
	return stype{}, false
}
