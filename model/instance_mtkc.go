//go:build mtkc

package model

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unsafe"

	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/expr"
)

// This file makes the tree of component instances of a model and runs their Structure
// and Equations methods.

// node is an instance: a component, a connector, or the embedded part of one.
type node struct {
	plan     *typePlan
	val      reflect.Value // addressable struct
	path     string
	parent   *node
	embedded bool
	field    *fieldPlan
	depth    int
	items    [][]item // per field of the plan
	flow     int32    // its flow variable, -1; for streams
}

// item is a variable or a part.
type item struct {
	v *variable
	n *node
}

type nodeKey struct {
	ptr unsafe.Pointer
	t   reflect.Type
}

// variable is a leaf of the tree, or a symbol that waits for its owner.
type variable struct {
	term   int32
	index  int // in b.vars
	ptr    *Real
	node   *node
	field  *fieldPlan
	suffix string // [i] within its field

	loose   bool  // made by OpField, for a part that was not yet known
	origin  *Real // where OpField read it
	home    bool  // a part lives at origin
	claimed bool
	forward *variable // it became this one

	bound    bool
	binding  int32
	boundBy  *node
	hasStart bool
	start    int32
	fixed    Fixity
	startBy  *node
}

func (v *variable) resolve() *variable {
	for v.forward != nil {
		v = v.forward
	}
	return v
}

func (v *variable) role() string {
	if v.field == nil {
		return ""
	}
	return v.field.role
}

// startable reports whether it is an unknown: what is assigned to it cannot be a
// modification, but may come with a copy of its part.
func (v *variable) startable() bool {
	switch v.role() {
	case "param", "const", "input":
		return false
	}
	return true
}

func (v *variable) name() string { return join(v.node.path, v.field.name+v.suffix) }

// startOuter reports whether a component further out has already given a start value:
// modifications from outside win.
func (v *variable) startOuter(by *node) bool {
	return v.hasStart && v.startBy != nil && by != nil && v.startBy != by && v.startBy.depth < by.depth
}

func (b *builder) newVar() *variable {
	if len(b.slab) == 0 {
		b.slab = make([]variable, 256)
	}
	v := &b.slab[0]
	b.slab = b.slab[1:]
	v.index = len(b.vars)
	b.vars = append(b.vars, v)
	v.term = b.add(uint8(expr.OpSym), int32(v.index))
	return v
}

// typePlan is what is known of a component or connector type.
type typePlan struct {
	t         reflect.Type
	fields    []fieldPlan
	component bool // has Equations or Structure
	flows     bool // has a Flow of its own
}

type fieldKind uint8

const (
	ignoredField fieldKind = iota
	realField
	partField
	structuralField
)

type fieldPlan struct {
	index    int
	goName   string
	name     string // in instance paths
	kind     fieldKind
	dynamic  bool // reached through a slice, pointer or interface: known after Structure
	pointer  bool
	embedded bool
	role     string
	tag      reflect.StructTag
	pos      diag.Pos

	numeric             [numericTags]numericTag
	unit, desc, display string
	state               string
	tunable             bool
}

// The tags that hold numbers.
const (
	valueTag = iota
	initTag
	guessTag
	minTag
	maxTag
	nominalTag
	numericTags
)

var numericNames = [numericTags]string{"value", "init", "guess", "min", "max", "nominal"}

// numericTag is such a tag of a field.
type numericTag struct {
	text  string
	there bool
	known bool    // the text has no names: term is its value
	term  expr.ID // of the pool of the system
}

var realType = reflect.TypeFor[Real]()

var plans = map[reflect.Type]*typePlan{}

func planOf(t reflect.Type) *typePlan {
	if p, ok := plans[t]; ok {
		return p
	}
	p := &typePlan{t: t}
	plans[t] = p
	pt := reflect.PointerTo(t)
	p.component = pt.Implements(reflect.TypeFor[equationer]()) || pt.Implements(reflect.TypeFor[structurer]())
	names := map[string]int{}
	for i := range t.NumField() {
		sf := t.Field(i)
		f := fieldPlan{index: i, goName: sf.Name, tag: sf.Tag, embedded: sf.Anonymous}
		f.role, f.pos = fieldNotes(sf)
		for k, name := range numericNames {
			f.numeric[k].text, f.numeric[k].there = sf.Tag.Lookup(name)
		}
		f.unit, f.desc, f.display = sf.Tag.Get("unit"), sf.Tag.Get("desc"), sf.Tag.Get("display")
		f.state = "default"
		if hint, ok := sf.Tag.Lookup("state"); ok {
			f.state = hint
		}
		tunable, ok := sf.Tag.Lookup("tunable")
		f.tunable = ok && tunable != "false"
		elem := sf.Type
	array:
		for {
			switch elem.Kind() {
			case reflect.Slice:
				f.dynamic = true
				elem = elem.Elem()
			case reflect.Array:
				elem = elem.Elem()
			case reflect.Pointer:
				f.dynamic, f.pointer = true, true
				elem = elem.Elem()
				break array
			default:
				break array
			}
		}
		switch {
		case sf.Name == "_":
		case elem == realType && !f.pointer:
			f.kind = realField
			if f.role == "" {
				f.role = "real"
			}
			if f.role == "flow" {
				p.flows = true
			}
		case elem.Kind() == reflect.Struct && holds(elem, nil):
			f.kind = partField
		case elem.Kind() == reflect.Interface:
			f.kind, f.dynamic, f.pointer = partField, true, true
		case structuralKind(sf.Type):
			f.kind = structuralField
		case elem.Kind() == reflect.Map && (elem.Elem() == realType || elem.Elem().Kind() == reflect.Struct && holds(elem.Elem(), nil)):
			b.found.Add(f.pos, "E140", "use a slice: the order of the parts of a model must not depend on a map", "field %s.%s is a map of parts or variables", t, sf.Name)
		}
		if f.embedded && elem.Kind() == reflect.Interface {
			f.kind = ignoredField
		}
		if f.embedded && f.kind == partField && planOf(elem).component {
			p.component = true // its methods run although Go promotes none
		}
		f.name = sf.Tag.Get("name")
		if f.name == "" {
			f.name = instanceName(sf.Name, f.role)
		}
		if f.kind == realField || f.kind == partField && !f.embedded {
			if j, dup := names[f.name]; dup {
				b.found.Add(f.pos, "E141", `give one of them another name with the tag name:"..."`, "fields %s and %s of %s are both called %s in the flat model", p.fields[j].goName, f.goName, t, f.name)
			}
			names[f.name] = len(p.fields)
		}
		if f.kind != ignoredField {
			p.fields = append(p.fields, f)
		}
	}
	return p
}

// instanceName is the name of a field in instance paths: parameters keep their Go
// name, the leading capitals of all others become small letters. T and Time keep
// theirs: t and time are the independent variable.
func instanceName(name, role string) string {
	if role == "param" || role == "const" {
		return name
	}
	r := []rune(name)
	for i := range r {
		if !unicode.IsUpper(r[i]) || i > 0 && i+1 < len(r) && unicode.IsLower(r[i+1]) {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	if s := string(r); s != "t" && s != "time" {
		return s
	}
	return name
}

// fieldNotes reads the tag that frontend/gosrc adds to a field: its role and place,
// mtkc:"role|file|line|Name:col,Name:col".
func fieldNotes(sf reflect.StructField) (role string, pos diag.Pos) {
	p := strings.Split(sf.Tag.Get("mtkc"), "|")
	if len(p) != 4 {
		return "", pos
	}
	pos.File = p[1]
	pos.Line, _ = strconv.Atoi(p[2])
	for _, c := range strings.Split(p[3], ",") {
		if name, col, ok := strings.Cut(c, ":"); ok && name == sf.Name {
			pos.Col, _ = strconv.Atoi(col)
		}
	}
	return p[0], pos
}

var holdsMemo = map[reflect.Type]bool{}

// holds reports whether a struct type has variables or methods of a component,
// directly or in its fields.
func holds(t reflect.Type, busy map[reflect.Type]bool) bool {
	if busy[t] {
		return false
	}
	if busy == nil {
		h, ok := holdsMemo[t]
		if !ok {
			h = holds(t, map[reflect.Type]bool{})
			holdsMemo[t] = h
		}
		return h
	}
	if pt := reflect.PointerTo(t); pt.Implements(reflect.TypeFor[equationer]()) || pt.Implements(reflect.TypeFor[structurer]()) {
		return true
	}
	busy[t] = true
	for i := range t.NumField() {
		e := t.Field(i).Type
		for e.Kind() == reflect.Slice || e.Kind() == reflect.Array || e.Kind() == reflect.Pointer {
			e = e.Elem()
		}
		if e == realType && t != realType || e.Kind() == reflect.Struct && e != realType && holds(e, busy) {
			return true
		}
	}
	return false
}

func structuralKind(t reflect.Type) bool {
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

type equationer interface{ Equations() }
type structurer interface{ Structure() }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// access is a field as a settable value, exported or not.
func access(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// maxDepth of nested parts; beyond it Structure methods most likely never end.
const maxDepth = 256

// register makes the node of a struct and of all that it holds by value.
func (b *builder) register(val reflect.Value, path string, parent *node, f *fieldPlan, embedded bool) *node {
	n := &node{plan: planOf(val.Type()), val: val, path: path, parent: parent, field: f, embedded: embedded, flow: -1}
	if parent != nil {
		n.depth = parent.depth + 1
		if n.depth > maxDepth {
			panic(abort{diag.New(n.pos(), "E142", "end the recursion: leave the pointer or slice nil at some level", "parts are nested more than %d deep in %s", maxDepth, head(path))})
		}
	}
	b.registered[nodeKey{val.Addr().UnsafePointer(), val.Type()}] = n
	n.items = make([][]item, len(n.plan.fields))
	for i := range n.plan.fields {
		f := &n.plan.fields[i]
		switch f.kind {
		case structuralField:
			n.defaultField(f)
		case realField, partField:
			if !f.dynamic {
				b.addField(n, i)
			}
		}
	}
	return n
}

func head(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

func (n *node) pos() diag.Pos {
	for ; n != nil; n = n.parent {
		if n.field != nil && !n.field.pos.IsZero() {
			return n.field.pos
		}
	}
	return diag.Pos{}
}

// defaultField gives a structural parameter its default if it has no value yet.
func (n *node) defaultField(f *fieldPlan) {
	text, ok := f.numeric[valueTag].text, f.numeric[valueTag].there
	v := access(n.val.Field(f.index))
	if ok && v.IsZero() {
		if err := setStructural(v, text); err != nil {
			b.found.Add(f.pos, "E143", "", "value tag of %s: %v", f.goName, err)
		}
	}
}

// setStructural parses the value of a structural parameter.
func setStructural(v reflect.Value, text string) error {
	text = strings.TrimSpace(text)
	var err error
	bad := func(what string) error { return fmt.Errorf("%q is not %s", text, what) }
	switch v.Kind() {
	case reflect.Bool:
		var x bool
		if x, err = strconv.ParseBool(text); err != nil {
			return bad("true or false")
		}
		v.SetBool(x)
	case reflect.String:
		v.SetString(text)
	case reflect.Float32, reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return bad("a number")
		}
		v.SetFloat(x)
	case reflect.Slice, reflect.Array:
		parts := strings.Split(strings.Trim(text, "[]{}"), ",")
		if strings.Trim(text, "[]{} ") == "" {
			parts = nil
		}
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), len(parts), len(parts)))
		} else if v.Len() != len(parts) {
			return fmt.Errorf("%d values for %d elements", len(parts), v.Len())
		}
		for i, p := range parts {
			if err := setStructural(v.Index(i), p); err != nil {
				return err
			}
		}
	default:
		if v.CanInt() {
			x, err := strconv.ParseInt(text, 0, 64)
			if err != nil || v.OverflowInt(x) {
				return bad("an integer of type " + v.Type().String())
			}
			v.SetInt(x)
		} else {
			x, err := strconv.ParseUint(text, 0, 64)
			if err != nil || v.OverflowUint(x) {
				return bad("an integer of type " + v.Type().String() + " that is not negative")
			}
			v.SetUint(x)
		}
	}
	return nil
}

// addField registers what a field holds now.
func (b *builder) addField(n *node, i int) {
	f := &n.plan.fields[i]
	b.addValue(n, i, f, access(n.val.Field(f.index)), "")
}

func (b *builder) addValue(n *node, i int, f *fieldPlan, v reflect.Value, suffix string) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for k := range v.Len() {
			b.addValue(n, i, f, v.Index(k), suffix+"["+strconv.Itoa(k)+"]")
		}
	case reflect.Pointer, reflect.Interface:
		for v.Kind() == reflect.Interface && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() != reflect.Pointer || v.IsNil() {
			return // absent
		}
		e := v.Elem()
		if e.Kind() != reflect.Struct || !holds(e.Type(), nil) {
			return
		}
		if b.registered[nodeKey{v.UnsafePointer(), e.Type()}] != nil {
			return // a reference to a part that lives elsewhere
		}
		b.addPart(n, i, f, reflect.NewAt(e.Type(), v.UnsafePointer()).Elem(), suffix)
	case reflect.Struct:
		if v.Type() == realType {
			b.claim(n, i, f, v.Addr().Interface().(*Real), suffix)
		} else {
			b.addPart(n, i, f, v, suffix)
		}
	}
}

func (b *builder) addPart(n *node, i int, f *fieldPlan, v reflect.Value, suffix string) {
	path, embedded := join(n.path, f.name+suffix), false
	if f.embedded {
		path, embedded = n.path, true
	}
	n.items[i] = append(n.items[i], item{n: b.register(v, path, n, f, embedded)})
}

// claim makes the variable of a leaf. What the leaf holds already is a modification,
// or a symbol that was used before its owner was known.
func (b *builder) claim(n *node, i int, f *fieldPlan, p *Real, suffix string) {
	var v *variable
	held := p.id
	if t := b.at(held); held != 0 && t.op == uint8(expr.OpSym) {
		switch w := b.vars[t.a].resolve(); {
		case w.loose && !w.claimed && (w.origin == p || !w.home):
			v, held = w, 0
			b.open--
		case w.loose && w.claimed && w.field == f && w.startable():
			// A copy of a part that was prepared once and used several times.
			v, held = b.newVar(), 0
			v.hasStart, v.start, v.fixed, v.startBy = w.hasStart, w.start, w.fixed, w.startBy
		}
	}
	if v == nil {
		v = b.newVar()
	}
	v.ptr, v.node, v.field, v.suffix, v.claimed = p, n, f, suffix, true
	if f.role == "flow" && n.flow < 0 {
		n.flow = int32(v.index)
	}
	p.id = v.term
	n.items[i] = append(n.items[i], item{v: v})
	if held != 0 {
		v.bind(held)
	}
}

// bind records a value that was assigned to the variable in Structure.
func (v *variable) bind(id int32) {
	switch v.field.role {
	case "param", "const", "input":
	default:
		b.found.Add(v.field.pos, "E144", "Start(x, v) sets a start value, Eq(x, v) states an equation; only parameters and inputs are set by assignment or in a literal",
			"%s is an unknown, but a value was assigned to it", v.name())
		return
	}
	if v.bound && v.boundBy != nil && b.comp != nil && v.boundBy != b.comp && v.boundBy.depth < b.comp.depth {
		return // the modification from further out wins
	}
	v.bound, v.binding, v.boundBy = true, id, b.comp
}

// rescan finds what Structure assigned to variables that already had symbols.
func (b *builder) rescan(n *node) {
	for _, items := range n.items {
		for _, it := range items {
			if it.n != nil {
				b.rescan(it.n)
				continue
			}
			v := it.v
			held := v.ptr.id
			if held == v.term {
				continue
			}
			v.ptr.id = v.term
			if held == 0 {
				// The part was replaced by a literal that does not name this field, or the
				// parameter was set to the number 0.
				continue
			}
			if t := b.at(held); t.op == uint8(expr.OpSym) {
				w := b.vars[t.a].resolve()
				moved := w.loose && !w.claimed && !w.home
				if moved {
					w.claimed, w.forward = true, v
					b.open--
				}
				if moved || w.loose && w.field == v.field && v.startable() {
					// The part was replaced by one that was prepared elsewhere.
					if w.hasStart {
						v.hasStart, v.start, v.fixed, v.startBy = true, w.start, w.fixed, w.startBy
					}
					continue
				}
			}
			v.bind(held)
		}
	}
}

// structure runs the Structure methods of n and then of its parts.
func (b *builder) structure(n *node) {
	if !n.embedded {
		b.arguments(n)
		b.comp = n
		b.phase = structurePhase
		callStructure(n.val)
		b.rescan(n)
	}
	b.addDynamic(n)
	for _, items := range n.items {
		for _, it := range items {
			if it.n != nil && !it.n.embedded {
				b.structure(it.n)
			}
		}
	}
	for _, items := range n.items {
		for _, it := range items {
			if it.n != nil && it.n.embedded {
				b.structureParts(it.n)
			}
		}
	}
}

// structureParts goes into an embedded part, whose own Structure has run as a
// promoted method or by an explicit call.
func (b *builder) structureParts(n *node) {
	for _, items := range n.items {
		for _, it := range items {
			if it.n == nil {
				continue
			}
			if it.n.embedded {
				b.structureParts(it.n)
			} else {
				b.structure(it.n)
			}
		}
	}
}

// addDynamic registers the slices of n and of what is embedded in it, and then what
// its pointers hold: a pointer to a part that lives elsewhere is a reference.
func (b *builder) addDynamic(n *node) {
	if b.open > 0 {
		b.findHomes(n.val)
	}
	for _, pointers := range []bool{false, true} {
		b.addDynamicFields(n, pointers)
	}
}

// findHomes marks the loose variables whose origin is in the slices below v: there
// they live, wherever else their values were assigned to.
func (b *builder) findHomes(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		if e := v.Type().Elem(); e.Kind() == reflect.Struct && !holds(e, nil) && e != realType {
			return
		}
		for i := range v.Len() {
			b.findHomes(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == realType {
			p := (*Real)(unsafe.Pointer(v.UnsafeAddr()))
			if t := b.at(p.id); p.id != 0 && t.op == uint8(expr.OpSym) {
				if w := b.vars[t.a]; w.loose && w.origin == p {
					w.home = true
				}
			}
			return
		}
		p := planOf(v.Type())
		for i := range p.fields {
			if f := &p.fields[i]; (f.kind == realField || f.kind == partField) && !f.pointer {
				b.findHomes(v.Field(f.index))
			}
		}
	}
}

func (b *builder) addDynamicFields(n *node, pointers bool) {
	for i := range n.plan.fields {
		f := &n.plan.fields[i]
		if (f.kind == realField || f.kind == partField) && f.dynamic && f.pointer == pointers {
			b.addField(n, i)
		}
		for _, it := range n.items[i] {
			if it.n != nil && it.n.embedded && !f.dynamic {
				b.addDynamicFields(it.n, pointers)
			}
		}
	}
}

// callStructure runs the method of a component, or, where it has none, those of the
// types embedded in it.
func callStructure(v reflect.Value) {
	if m, ok := v.Addr().Interface().(structurer); ok {
		m.Structure()
		return
	}
	for _, e := range embeddedParts(v) {
		callStructure(e)
	}
}

func callEquations(v reflect.Value) {
	if m, ok := v.Addr().Interface().(equationer); ok {
		m.Equations()
		return
	}
	for _, e := range embeddedParts(v) {
		callEquations(e)
	}
}

// embeddedParts lists the structs embedded in a component, by value or by pointer.
func embeddedParts(v reflect.Value) []reflect.Value {
	var out []reflect.Value
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if !f.embedded || f.kind != partField {
			continue
		}
		e := access(v.Field(f.index))
		if e.Kind() == reflect.Pointer {
			if e.IsNil() {
				continue
			}
			e = e.Elem()
		}
		if e.Kind() == reflect.Struct {
			out = append(out, e)
		}
	}
	return out
}

// equationsOf runs the Equations methods of the parts of n in declaration order, then
// its own.
func (b *builder) equationsOf(n *node) {
	for _, items := range n.items {
		for _, it := range items {
			if it.n != nil {
				b.equationsOf(it.n)
			}
		}
	}
	if n.embedded {
		return
	}
	b.comp, b.lastWhen = n, nil
	callEquations(n.val)
	for _, items := range n.items {
		b.checkLeaves(items)
	}
}

// checkLeaves reports variables that lost their symbols: assignments in Equations.
func (b *builder) checkLeaves(items []item) {
	for _, it := range items {
		switch {
		case it.v != nil && it.v.ptr.id != it.v.term:
			it.v.ptr.id = it.v.term
			b.found.Add(it.v.field.pos, "E145", "state Eq(x, v), or assign parameters in Structure", "%s was assigned in Equations", it.v.name())
		case it.n != nil && it.n.embedded, it.n != nil && !it.n.plan.component:
			for _, sub := range it.n.items {
				b.checkLeaves(sub)
			}
		}
	}
}
