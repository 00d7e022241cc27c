package ptxtest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// parser makes the instructions of a module from its tokens. Functions panic with a
// *SyntaxError inside; module recovers it.
type parser struct {
	m      *Module
	tokens []token
	at     int
	names  map[string]int32 // of opcodes

	// of the function at hand
	f      *function
	scopes []map[string]register
	prefix []map[string]rangeOf // declarations %rd<9>
	locals map[string]int       // offsets of variables in local memory
	frames []map[string]param   // parameters, by scope
	consts map[uint64]int32
	labels map[string]int64
	fixes  []fix
	tables map[string]int
	line   int
}

type register struct {
	index int32
	width int
}

type rangeOf struct {
	first int32
	n     int
	width int
}

// fix is a branch whose target is known at the end of the function.
type fix struct {
	at    *int64
	code  int // the instruction, or -1: at
	label string
	line  int
}

func (p *parser) fail(format string, args ...any) {
	panic(&SyntaxError{Line: p.line, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) peek() string { return p.tokens[p.at].text }

func (p *parser) next() string {
	t := p.tokens[p.at]
	if t.text == "" {
		p.line = t.line
		p.fail("the text ends too early")
	}
	p.at++
	p.line = t.line
	return t.text
}

func (p *parser) want(text string) {
	if got := p.next(); got != text {
		p.fail("%q stands where %q should", got, text)
	}
}

func (p *parser) take(text string) bool {
	if p.peek() == text {
		p.next()
		return true
	}
	return false
}

func (p *parser) skipTo(end string) {
	for p.next() != end {
	}
}

// integer reads a number that is not the operand of an instruction.
func (p *parser) integer() int {
	t := p.next()
	v, err := strconv.ParseInt(t, 0, 32)
	if err != nil || v < 0 {
		p.fail("%q is no count", t)
	}
	return int(v)
}

// sizes are the bytes of the types.
var sizes = map[string]int{
	".b8": 1, ".u8": 1, ".s8": 1, ".b16": 2, ".u16": 2, ".s16": 2, ".b32": 4, ".u32": 4, ".s32": 4, ".f32": 4,
	".b64": 8, ".u64": 8, ".s64": 8, ".f64": 8, ".pred": pred,
}

func (p *parser) module() (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *SyntaxError:
			err = e
		default:
			panic(e)
		}
	}()
	m := p.m
	for p.peek() != "" {
		switch t := p.next(); t {
		case ".version":
			p.next()
		case ".target":
			p.next()
			for p.take(",") {
				p.next()
			}
		case ".address_size":
			if n := p.integer(); n != 64 {
				p.fail("addresses of %d bits; only 64 are known", n)
			}
		case ".visible", ".extern", ".weak", ".common":
		case ".global", ".const", ".shared":
			p.variable(spaces[t[1:]])
		case ".entry":
			p.function(true)
		case ".func":
			p.function(false)
		default:
			p.fail("unknown directive %q", t)
		}
	}
	for _, c := range m.calls {
		if !c.f.body {
			return &SyntaxError{Message: "device function " + c.f.name + " is called but not defined"}
		}
	}
	return nil
}

// declared reads "[.align n] .type name[n][n]" and returns the name, the bytes of all and of
// an element, and the alignment.
func (p *parser) declared() (name string, size, elem, align int) {
	for {
		t := p.next()
		if t == ".align" {
			align = p.integer()
			continue
		}
		if t == ".ptr" || t == ".noalias" || slices.Contains([]string{".global", ".const", ".shared", ".local"}, t) {
			continue // attributes of pointer parameters
		}
		if elem = sizes[t]; elem == 0 || t == ".pred" {
			p.fail("unknown type %q", t)
		}
		break
	}
	// .ptr .global .align 8 may come after the type
	for strings.HasPrefix(p.peek(), ".") {
		switch t := p.next(); t {
		case ".ptr", ".noalias", ".global", ".const", ".shared", ".local":
		case ".align":
			p.integer() // of what it points to
		default:
			p.fail("unknown attribute %q", t)
		}
	}
	name = p.next()
	size = elem
	for p.take("[") {
		if p.take("]") {
			size = 0
			continue
		}
		n := p.integer()
		if n > 0 && size > (1<<30)/n {
			p.fail("%s has more than 2^30 bytes", name)
		}
		size *= n
		p.want("]")
	}
	return name, size, elem, max(align, elem)
}

func aligned(off, align int) int { return (off + align - 1) / align * align }

// variable reads a variable of the module behind its state space.
func (p *parser) variable(space space) {
	m := p.m
	name, size, elem, align := p.declared()
	if align&(align-1) != 0 {
		p.fail("alignment %d is no power of two", align)
	}
	if m.vars[name] != nil {
		p.fail("variable %s is there already", name)
	}
	v := &variable{space: space, size: size}
	m.vars[name] = v
	grow := func(b []byte) []byte {
		v.off = aligned(len(b), align)
		return append(b, make([]byte, v.off+size-len(b))...)
	}
	switch space {
	case globalSpace:
		m.mem.pieces[0] = grow(m.mem.pieces[0])
		v.addr = globalTag<<tagShift | uint64(v.off)
	case constSpace:
		m.mem.consts = grow(m.mem.consts)
		v.addr = constTag<<tagShift | uint64(v.off)
	case sharedSpace:
		v.off = aligned(m.shared, align)
		v.addr = sharedTag<<tagShift | uint64(v.off)
		m.shared = v.off + size
	}
	if p.take("=") {
		to := m.Variable(name)
		if to == nil {
			p.fail("%s cannot have an initial value", name)
		}
		p.initial(to, elem, 0)
	}
	p.want(";")
}

// initial reads numbers into bytes from off on and returns where they end.
func (p *parser) initial(to []byte, elem, off int) int {
	if p.take("{") {
		for !p.take("}") {
			off = p.initial(to, elem, off)
			if p.peek() != "}" {
				p.want(",")
			}
		}
		return off
	}
	var v uint64
	t := p.peek()
	switch {
	case t == "generic":
		p.next()
		p.want("(")
		v = p.symbol()
		if tag := v >> tagShift; tag < generic {
			v += generic << tagShift
		}
		p.want(")")
	case p.m.vars[t] != nil:
		v = p.symbol()
	default:
		v = p.number(elem)
	}
	if off+elem > len(to) {
		p.fail("more initial values than elements")
	}
	put(to[off:off+elem], v)
	return off + elem
}

// symbol reads the address of a variable, with an offset or without.
func (p *parser) symbol() uint64 {
	name := p.next()
	v := p.m.vars[name]
	if v == nil {
		p.fail("%s is unknown", name)
	}
	return v.addr + uint64(p.plus())
}

// plus reads an offset "+8", "+-8" or "-8", if there is one.
func (p *parser) plus() int64 {
	switch {
	case p.take("+"):
		return int64(p.number(8))
	case p.peek() == "-":
		return int64(p.number(8))
	}
	return 0
}

// number reads an immediate value of a width.
func (p *parser) number(width int) uint64 {
	neg := p.take("-")
	t := p.next()
	if hex, ok := strings.CutPrefix(strings.ToLower(t), "0d"); ok && len(hex) == 16 {
		v, err := strconv.ParseUint(hex, 16, 64)
		if err != nil || width != 8 || neg {
			p.fail("%q is no value of %d bytes", t, width)
		}
		return v
	}
	v, err := strconv.ParseUint(strings.TrimSuffix(t, "U"), 0, 64)
	if err != nil {
		p.fail("%q is no number", t)
	}
	bits := uint(8 * width)
	if width == pred {
		return v & 1 // -1 is true
	}
	if neg {
		if v > 1<<(bits-1) {
			p.fail("-%s does not fit into %d bits", t, bits)
		}
		v = -v
	} else if bits < 64 && v>>bits != 0 {
		p.fail("%s does not fit into %d bits", t, bits)
	}
	return v & (math.MaxUint64 >> (64 - bits))
}

// function reads an entry or a device function behind its directive.
func (p *parser) function(entry bool) {
	m := p.m
	f := &function{entry: entry}
	list := func() []param {
		var all []param
		for !p.take(")") {
			if len(all) > 0 {
				p.want(",")
			}
			p.want(".param")
			name, size, elem, align := p.declared()
			f.frame = aligned(f.frame, align)
			all = append(all, param{name, f.frame, size, align, elem})
			f.frame += size
		}
		return all
	}
	if p.take("(") {
		f.rets = list()
	}
	f.name = p.next()
	if p.take("(") {
		f.params = list()
	}
	for strings.HasPrefix(p.peek(), ".") { // .maxntid 128, 1, 1 and such: for ptxas alone
		switch t := p.next(); t {
		case ".noreturn":
		case ".maxntid", ".reqntid", ".minnctapersm", ".maxnreg", ".maxnctapersm":
			p.integer()
			for p.take(",") {
				p.integer()
			}
		default:
			p.fail("unknown directive %q", t)
		}
	}
	if old := m.funcs[f.name]; old != nil {
		if old.body || len(old.params) != len(f.params) || len(old.rets) != len(f.rets) {
			p.fail("%s is there already, or with other parameters", f.name)
		}
		*old = *f // keeps its identity in calls
		f = old
	}
	m.funcs[f.name] = f
	if p.take(";") {
		return
	}
	f.body = true
	p.f = f
	p.scopes, p.prefix, p.frames = nil, nil, nil
	p.locals, p.consts, p.labels, p.tables = map[string]int{}, map[uint64]int32{}, map[string]int64{}, map[string]int{}
	p.fixes = nil
	f.pc = int64(len(m.code))
	p.want("{")
	p.open()
	for _, list := range [][]param{f.params, f.rets} {
		for _, q := range list {
			p.frames[0][q.name] = q
		}
	}
	for len(p.scopes) > 0 {
		p.statement()
	}
	p.emit(ins{op: opTrap}, "") // the end of the text without ret
	for _, x := range p.fixes {
		target, ok := p.labels[x.label]
		if !ok {
			p.line = x.line
			p.fail("label %s is not defined", x.label)
		}
		if x.at != nil {
			*x.at = target
		} else {
			m.code[x.code].imm = target
		}
	}
	// Constants stand behind the registers.
	f.consts = make([]uint64, len(p.consts))
	for v, i := range p.consts {
		f.consts[-1-i] = v
	}
	reg := func(r *int32) {
		if *r < 0 {
			*r = int32(f.regs) - 1 - *r
		}
	}
	for i := f.pc; i < int64(len(m.code)); i++ {
		in := &m.code[i]
		reg(&in.d)
		reg(&in.a)
		reg(&in.b)
		reg(&in.c)
	}
	f.regs += len(f.consts)
	f.local = aligned(f.local, 16)
	f.frame = aligned(f.frame, 16)
}

func (p *parser) open() {
	p.scopes = append(p.scopes, map[string]register{})
	p.prefix = append(p.prefix, map[string]rangeOf{})
	p.frames = append(p.frames, map[string]param{})
}

func (p *parser) shut() {
	n := len(p.scopes) - 1
	p.scopes, p.prefix, p.frames = p.scopes[:n], p.prefix[:n], p.frames[:n]
}

// statement reads a declaration, a label, a brace or an instruction.
func (p *parser) statement() {
	switch t := p.next(); t {
	case "{":
		p.open()
	case "}":
		p.shut()
	case ".reg":
		p.registers()
	case ".local":
		name, size, _, align := p.declared()
		p.f.local = aligned(p.f.local, align)
		p.locals[name] = p.f.local
		p.f.local += size
		p.want(";")
	case ".param":
		name, size, elem, align := p.declared()
		p.f.frame = aligned(p.f.frame, align)
		p.frames[len(p.frames)-1][name] = param{name, p.f.frame, size, align, elem}
		p.f.frame += size
		p.want(";")
	case ".shared":
		p.variable(sharedSpace)
	case ".pragma":
		p.skipTo(";")
	case ".loc", ".file":
		for line := p.line; p.tokens[p.at].line == line; {
			p.next()
		}
	case ";":
	default:
		if p.take(":") {
			p.label(t)
			return
		}
		p.instruction(t)
	}
}

// label reads what may follow a label: the table of brx.idx, or nothing.
func (p *parser) label(name string) {
	if _, ok := p.labels[name]; ok {
		p.fail("label %s is there already", name)
	}
	if p.take(".branchtargets") {
		var targets []string
		for {
			targets = append(targets, p.next())
			if !p.take(",") {
				break
			}
		}
		p.want(";")
		table := make([]int64, len(targets))
		for i, t := range targets {
			p.fixes = append(p.fixes, fix{at: &table[i], label: t, line: p.line})
		}
		p.tables[name] = len(p.m.tables)
		p.m.tables = append(p.m.tables, table)
		return
	}
	p.labels[name] = int64(len(p.m.code))
}

// registers reads ".reg .f64 %fd<9>;" or ".reg .b32 a, b;".
func (p *parser) registers() {
	t := p.next()
	width := sizes[t]
	if width < 2 {
		p.fail("registers of type %q", t)
	}
	scope := len(p.scopes) - 1
	for {
		name := p.next()
		if p.take("<") {
			n := p.integer()
			p.want(">")
			p.prefix[scope][name] = rangeOf{int32(p.f.regs), n, width}
			p.f.regs += n
		} else {
			p.scopes[scope][name] = register{int32(p.f.regs), width}
			p.f.regs++
		}
		if p.f.regs > 1<<24 {
			p.fail("more than 2^24 registers")
		}
		if !p.take(",") {
			break
		}
	}
	p.want(";")
}

// lookup finds a register by name.
func (p *parser) lookup(name string) (register, bool) {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if r, ok := p.scopes[i][name]; ok {
			return r, true
		}
		if len(p.prefix[i]) == 0 {
			continue
		}
		cut := len(name)
		for cut > 0 && '0' <= name[cut-1] && name[cut-1] <= '9' {
			cut--
		}
		for ; cut < len(name); cut++ { // a prefix may end in digits itself
			if q, ok := p.prefix[i][name[:cut]]; ok {
				if k, err := strconv.Atoi(name[cut:]); err == nil && k < q.n {
					r := register{q.first + int32(k), q.width}
					p.scopes[i][name] = r
					return r, true
				}
			}
		}
	}
	return register{}, false
}

// parameter finds a parameter of the frame.
func (p *parser) parameter(name string) (param, bool) {
	for i := len(p.frames) - 1; i >= 0; i-- {
		if q, ok := p.frames[i][name]; ok {
			return q, true
		}
	}
	return param{}, false
}

// constant returns the register that holds a constant; these are negative until the
// function ends.
func (p *parser) constant(v uint64) int32 {
	if i, ok := p.consts[v]; ok {
		return i
	}
	i := -1 - int32(len(p.consts))
	p.consts[v] = i
	return i
}

// temporary returns a new register.
func (p *parser) temporary() int32 {
	p.f.regs++
	return int32(p.f.regs - 1)
}

// emit adds an instruction; the name is that of its opcode, "" for part of another one.
func (p *parser) emit(in ins, name string) int {
	id := int32(-1)
	if name != "" {
		var ok bool
		if id, ok = p.names[name]; !ok {
			id = int32(len(p.m.opcodes))
			p.names[name] = id
			p.m.opcodes = append(p.m.opcodes, name)
		}
	}
	p.m.code = append(p.m.code, in)
	p.m.opcode = append(p.m.opcode, id)
	p.m.lines = append(p.m.lines, int32(p.line))
	return len(p.m.code) - 1
}

// target reads a register that is written.
func (p *parser) target(width int) int32 {
	name := p.next()
	r, ok := p.lookup(name)
	if !ok {
		p.fail("register %s is not declared", name)
	}
	if r.width != width {
		p.fail("register %s has %s, not %s", name, bitsOf(r.width), bitsOf(width))
	}
	return r.index
}

func bitsOf(width int) string {
	if width == pred {
		return "a predicate"
	}
	return fmt.Sprint(8*width, " bits")
}

// operand reads a register or an immediate value.
func (p *parser) operand(width int) int32 {
	t := p.peek()
	if r, ok := p.lookup(t); ok {
		p.next()
		if r.width != width {
			p.fail("register %s has %s, not %s", t, bitsOf(r.width), bitsOf(width))
		}
		return r.index
	}
	if strings.HasPrefix(t, "%") {
		p.next()
		p.fail("register %s is not declared", t)
	}
	return p.constant(p.number(width))
}
