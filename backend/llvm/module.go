// Package llvm translates kernels of a program to LLVM IR and runs what LLVM makes of
// them: right-hand sides, Jacobians and whole integrators as machine code.
//
// In: a backend.Program, or a fused integrator. Out: text of LLVM IR, objects, or an
// ode.Problem whose large kernels are native. The order of operations is that of package
// backend: nothing is fused, reassociated or flushed, so that results equal those of the vm to
// the last bit (a result that is not a number is one in both, its bits may differ).
//
// The text is written directly. It uses few instructions and only intrinsics that become
// instructions of the processor: a backend of LLVM that meets another one ends the process.
package llvm

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mtkc/mtkc/backend"
)

// Target says what the text is for.
type Target struct {
	// Opaque writes pointers as ptr, the only kind from LLVM 17 on and known from 15 on.
	// Without it they have types, as LLVM 14 needs.
	Opaque bool

	// NoFMA says that the processor has no fused multiply-add. Kernels that need it are
	// refused: a library function would be called in its place.
	NoFMA bool

	Chunk int // operations of a function, 0: 250. What is longer is cut
	Lanes int // instances of a loop that are computed at a time, 0: 8; 1: no vectors
	Space int // address space of arrays, 1 for PTX
}

func (t Target) chunk() int {
	if t.Chunk > 0 {
		return t.Chunk
	}
	return 250
}

func (t Target) lanes() int {
	if t.Lanes > 0 {
		return t.Lanes
	}
	return 8
}

// module is a text in the making.
type module struct {
	Target
	buf     []byte
	globals []byte
	tables  map[string]string // text of a constant table -> its name
	declare map[string]string // intrinsic -> declaration
	own     map[ownKey]string // elementary functions: their names; written at the end
	pending []ownKey
	temps   int
	block   string // that is being written, where another one depends on its name
	linkage string // of entries: "", or "internal "
}

// ownKey is an elementary function of some lanes.
type ownKey struct {
	op    backend.Op
	lanes int
}

func newModule(t Target) *module {
	return &module{Target: t, tables: map[string]string{}, declare: map[string]string{}, own: map[ownKey]string{}}
}

// text returns the module: tables, functions, declarations.
func (m *module) text(header string) []byte {
	for len(m.pending) > 0 {
		key := m.pending[0]
		m.pending = m.pending[1:]
		m.ownFunction(key)
	}
	out := make([]byte, 0, len(header)+len(m.globals)+len(m.buf)+1024)
	out = append(out, header...)
	out = append(out, m.globals...)
	out = append(out, m.buf...)
	names := make([]string, 0, len(m.declare))
	for n := range m.declare {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out = append(out, m.declare[n]...)
		out = append(out, '\n')
	}
	return out
}

// line writes the parts and ends the line.
func (m *module) line(parts ...string) {
	for _, p := range parts {
		m.buf = append(m.buf, p...)
	}
	m.buf = append(m.buf, '\n')
}

// temp is a new name of a value.
func (m *module) temp() string {
	m.temps++
	return "%x" + strconv.Itoa(m.temps)
}

// let writes an instruction and returns the name of its result.
func (m *module) let(parts ...string) string {
	t := m.temp()
	m.buf = append(m.buf, "  "...)
	m.buf = append(m.buf, t...)
	m.buf = append(m.buf, " = "...)
	m.line(parts...)
	return t
}

// vector is a type of some lanes.
func vector(lanes int, elem string) string {
	if lanes == 1 {
		return elem
	}
	return "<" + strconv.Itoa(lanes) + " x " + elem + ">"
}

// suffix is how the names of intrinsics carry the type.
func suffix(lanes int, elem string) string {
	if lanes == 1 {
		return elem
	}
	return "v" + strconv.Itoa(lanes) + elem
}

// space is the attribute of pointers to arrays.
func (m *module) space() string {
	if m.Space == 0 {
		return ""
	}
	return " addrspace(" + strconv.Itoa(m.Space) + ")"
}

// pointer is the type of a pointer into an array.
func (m *module) pointer(elem string) string {
	if m.Opaque {
		return "ptr" + m.space()
	}
	return elem + m.space() + "*"
}

// local is the type of a pointer to memory that is no array: variables and tables.
func (m *module) local(elem string) string {
	if m.Opaque {
		return "ptr"
	}
	return elem + "*"
}

// cast makes a pointer one to another type.
func (m *module) cast(p, from, to string) string {
	if m.Opaque {
		return p
	}
	return m.let("bitcast ", from, " ", p, " to ", to)
}

// at is the address of entry index, a constant, of an array of numbers.
func (m *module) at(array string, index int) string {
	if index == 0 {
		return array
	}
	return m.let("getelementptr inbounds double, ", m.pointer("double"), " ", array, ", i64 ", strconv.Itoa(index))
}

// load reads lanes numbers that lie side by side.
func (m *module) load(address string, lanes int) string {
	if lanes > 1 {
		address = m.cast(address, m.pointer("double"), m.pointer(vector(lanes, "double")))
	}
	v := vector(lanes, "double")
	return m.let("load ", v, ", ", m.pointer(v), " ", address, ", align 8")
}

// store writes lanes numbers side by side.
func (m *module) store(value, address string, lanes int) {
	if lanes > 1 {
		address = m.cast(address, m.pointer("double"), m.pointer(vector(lanes, "double")))
	}
	v := vector(lanes, "double")
	m.line("  store ", v, " ", value, ", ", m.pointer(v), " ", address, ", align 8")
}

// splat gives all lanes one value.
func (m *module) splat(value, elem string, lanes int) string {
	if lanes == 1 {
		return value
	}
	v := vector(lanes, elem)
	one := m.let("insertelement ", v, " undef, ", elem, " ", value, ", i32 0")
	return m.let("shufflevector ", v, " ", one, ", ", v, " undef, ", vector(lanes, "i32"), " zeroinitializer")
}

// intrinsic is the name of an intrinsic function of numbers, which it declares.
func (m *module) intrinsic(name string, lanes, args int) string {
	full := "@llvm." + name + "." + suffix(lanes, "f64")
	if _, ok := m.declare[full]; !ok {
		v := vector(lanes, "double")
		m.declare[full] = "declare " + v + " " + full + "(" + strings.Repeat(v+", ", args-1) + v + ")"
	}
	return full
}

// number is a constant in the only form that is exact.
func number(v float64) string {
	const hex = "0123456789ABCDEF"
	var b [18]byte
	b[0], b[1] = '0', 'x'
	x := math.Float64bits(v)
	for i := range 16 {
		b[17-i] = hex[x&15]
		x >>= 4
	}
	return string(b[:])
}

// constant is a number in all lanes.
func constant(v float64, lanes int) string {
	return uniform("double", number(v), lanes)
}

// uniform is a constant in all lanes.
func uniform(elem, value string, lanes int) string {
	if lanes == 1 {
		return value
	}
	item := elem + " " + value
	return "<" + strings.Repeat(item+", ", lanes-1) + item + ">"
}

// table is the name of a constant array of the module.
func (m *module) table(elem string, items []string) string {
	text := "[" + strconv.Itoa(len(items)) + " x " + elem + "] [" + elem + " " + strings.Join(items, ", "+elem+" ") + "]"
	if name, ok := m.tables[text]; ok {
		return name
	}
	name := "@.t" + strconv.Itoa(len(m.tables))
	m.tables[text] = name
	m.globals = append(m.globals, name...)
	m.globals = append(m.globals, " = private unnamed_addr constant "...)
	m.globals = append(m.globals, text...)
	m.globals = append(m.globals, ", align 8\n"...)
	return name
}

// entryOf is the address of entry i, a value, of a table.
func (m *module) entryOf(table, elem string, n int, i string) string {
	array := "[" + strconv.Itoa(n) + " x " + elem + "]"
	return m.let("getelementptr inbounds ", array, ", ", m.local(array), " ", table, ", i64 0, i64 ", i)
}
