package ptxtest

import (
	"math"
	"slices"
	"strings"
)

// instruction reads one that begins with a word; a guard @p comes first.
func (p *parser) instruction(t string) {
	line := p.line
	guard, neg := int32(-1), false
	if t == "@" {
		neg = p.take("!")
		guard = p.target(pred)
		t = p.next()
	}
	name := t
	head, rest, _ := strings.Cut(name, ".")
	skip := -1
	if guard >= 0 && head != "bra" {
		o := opBraNot
		if neg {
			o = opBraIf
		}
		skip = p.emit(ins{op: o, a: guard}, "")
	}
	switch head {
	case "bra":
		if rest != "" && rest != "uni" {
			p.fail("unknown opcode %s", name)
		}
		o := opBra
		if guard >= 0 {
			o = opBraIf
			if neg {
				o = opBraNot
			}
		}
		at := p.emit(ins{op: o, a: max(guard, 0)}, name)
		p.fixes = append(p.fixes, fix{code: at, label: p.next(), line: line})
	case "brx":
		if name != "brx.idx" && name != "brx.idx.uni" {
			p.fail("unknown opcode %s", name)
		}
		a := p.operand(4)
		p.want(",")
		label := p.next()
		table, ok := p.tables[label]
		if !ok {
			p.fail("table %s is not defined above", label)
		}
		p.emit(ins{op: opBrx, a: a, imm: int64(table)}, name)
	case "ret", "exit", "trap":
		if rest != "" && name != "ret.uni" {
			p.fail("unknown opcode %s", name)
		}
		p.emit(ins{op: map[string]op{"ret": opRet, "exit": opExit, "trap": opTrap}[head]}, name)
	case "call":
		if rest != "" && rest != "uni" {
			p.fail("unknown opcode %s", name)
		}
		p.call(name)
	case "ld", "ldu", "st":
		p.memory(name, head != "st")
	case "atom", "red":
		p.atomic(name, head == "atom")
	case "membar", "fence":
		if !slices.Contains([]string{"membar.cta", "membar.gl", "membar.sys"}, name) && head != "fence" {
			p.fail("unknown opcode %s", name)
		}
		p.emit(ins{op: opNop}, name) // threads run one after the other
	case "nanosleep":
		p.operand(4)
		p.emit(ins{op: opNop}, name)
	case "bar", "barrier":
		p.barrier(name)
	case "vote":
		kind := slices.Index([]string{"vote.sync.all.pred", "vote.sync.any.pred", "vote.sync.uni.pred", "vote.sync.ballot.b32"}, name)
		if kind < 0 {
			p.fail("unknown opcode %s", name)
		}
		width := pred
		if kind == 3 {
			width = 4
		}
		d := p.target(width)
		p.want(",")
		flip := p.take("!")
		a := p.operand(pred)
		p.want(",")
		b := p.operand(4)
		if flip {
			t := p.temporary()
			p.emit(ins{op: opXorImm, d: t, a: a, imm: 1}, "")
			a = t
		}
		p.emit(ins{op: opVote, d: d, a: a, b: b, imm: int64(kind)}, name)
	case "mov":
		p.mov(name, rest)
	default:
		if f, ok := forms[name]; ok {
			p.plain(name, f)
		} else if head == "cvt" {
			p.convert(name, rest)
		} else {
			p.fail("unknown opcode %s", name)
		}
	}
	p.want(";")
	if skip >= 0 {
		p.m.code[skip].imm = int64(len(p.m.code))
	}
}

// plain reads the operands that the form of an opcode says.
func (p *parser) plain(name string, f form) {
	in := ins{op: f.op, imm: f.imm}
	in.d = p.target(f.d)
	var r [4]int32
	for i, w := range f.args {
		p.want(",")
		if w == imm {
			in.imm = int64(p.number(4))
			continue
		}
		r[i] = p.operand(w)
	}
	if f.swap {
		r[0], r[1] = r[1], r[0]
	}
	if len(f.args) == 4 && f.args[3] != imm { // bfi: position and length in one register
		t := p.temporary()
		p.emit(ins{op: opPack, d: t, a: r[2], b: r[3], imm: 32}, "")
		r[2] = t
	}
	in.a, in.b, in.c = r[0], r[1], r[2]
	p.emit(in, name)
}

// mov reads moves of numbers, special registers, addresses, and of parts of registers.
func (p *parser) mov(name, typ string) {
	if p.peek() == "{" { // mov.b64 {a, b}, c
		width := sizes["."+typ]
		parts := p.vector()
		p.want(",")
		a := p.operand(width)
		bits := 8 * width / len(parts)
		used := name
		for i, d := range parts {
			if d == "_" {
				continue
			}
			r, ok := p.lookup(d)
			if !ok || 8*r.width != bits {
				p.fail("%s is no register of %d bits", d, bits)
			}
			p.emit(ins{op: opUnpack, d: r.index, a: a, imm: int64(i*bits | bits<<8)}, used)
			used = ""
		}
		return
	}
	f, ok := forms[name]
	if !ok {
		p.fail("unknown opcode %s", name)
	}
	d := p.target(f.d)
	p.want(",")
	t := p.peek()
	if t == "{" { // mov.b64 a, {b, c}
		parts := p.vector()
		bits := 8 * f.d / len(parts)
		var r []int32
		for _, a := range parts {
			q, ok := p.lookup(a)
			if !ok || 8*q.width != bits {
				p.fail("%s is no register of %d bits", a, bits)
			}
			r = append(r, q.index)
		}
		if len(r) == 4 {
			lo, hi := p.temporary(), p.temporary()
			p.emit(ins{op: opPack, d: lo, a: r[0], b: r[1], imm: int64(bits)}, "")
			p.emit(ins{op: opPack, d: hi, a: r[2], b: r[3], imm: int64(bits)}, "")
			r = []int32{lo, hi}
			bits *= 2
		}
		p.emit(ins{op: opPack, d: d, a: r[0], b: r[1], imm: int64(bits)}, name)
		return
	}
	if k, ok := specials[t]; ok {
		p.next()
		if f.d != 4 {
			p.fail("%s has 32 bits", t)
		}
		p.emit(ins{op: opSpecial, d: d, imm: k}, name)
		return
	}
	if _, ok := p.lookup(t); !ok && f.d == 8 {
		if off, ok := p.locals[t]; ok {
			p.next()
			p.emit(ins{op: opAddress, n: uint8(localSpace), d: d, imm: int64(off) + p.plus()}, name)
			return
		}
		if q, ok := p.parameter(t); ok {
			p.next()
			p.emit(ins{op: opAddress, n: uint8(paramSpace), d: d, imm: int64(q.off) + p.plus()}, name)
			return
		}
		if p.m.vars[t] != nil {
			p.emit(ins{op: opMov, d: d, a: p.constant(p.symbol())}, name)
			return
		}
	}
	p.emit(ins{op: opMov, d: d, a: p.operand(f.d)}, name)
}

// vector reads {a, b} or {a, b, c, d}.
func (p *parser) vector() []string {
	p.want("{")
	list := []string{p.next()}
	for p.take(",") {
		list = append(list, p.next())
	}
	p.want("}")
	if len(list) != 2 && len(list) != 4 {
		p.fail("%d parts; 2 or 4 are known", len(list))
	}
	return list
}

// convert reads a conversion between integers: the number is cut to the source type,
// extended by the sign of that to the destination type, and by the sign of the
// destination type to the register.
func (p *parser) convert(name, rest string) {
	to, from, ok := strings.Cut(rest, ".")
	dw, sw := sizes["."+to], sizes["."+from]
	isInt := func(t string) bool { return t != "" && (t[0] == 'u' || t[0] == 's') }
	if !ok || dw == 0 || sw == 0 || !isInt(to) || !isInt(from) {
		p.fail("unknown opcode %s", name)
	}
	reg := func() register {
		t := p.next()
		r, ok := p.lookup(t)
		if !ok || r.width == pred {
			p.fail("%s is no register of numbers", t)
		}
		return r
	}
	d := reg()
	p.want(",")
	var a int32
	if r, ok := p.lookup(p.peek()); ok {
		p.next()
		if r.width < sw || r.width == pred {
			p.fail("the operand has %s, less than %d", bitsOf(r.width), 8*sw)
		}
		a = r.index
	} else {
		a = p.constant(p.number(sw))
	}
	if d.width < dw {
		p.fail("the result has %s, less than %d", bitsOf(d.width), 8*dw)
	}
	mask := func(w int) int64 { return int64(uint64(math.MaxUint64) >> (64 - 8*w)) }
	if from[0] == 's' && sw < dw {
		p.emit(ins{op: opSext, d: d.index, a: a, b: int32(8 * sw), imm: mask(dw)}, name)
	} else {
		p.emit(ins{op: opAndImm, d: d.index, a: a, imm: mask(min(sw, dw))}, name)
	}
	if to[0] == 's' && d.width > dw {
		p.emit(ins{op: opSext, d: d.index, a: d.index, b: int32(8 * dw), imm: mask(d.width)}, "")
	}
}

// address reads [register + offset] or [name + offset]. A parameter of the frame gives
// its offset and ok.
func (p *parser) address(s space) (a int32, off int64, frame param, ok bool) {
	p.want("[")
	t := p.peek()
	if r, found := p.lookup(t); found {
		p.next()
		if r.width != 8 {
			p.fail("%s is no address of 64 bits", t)
		}
		a = r.index
		off = p.plus()
	} else if q, found := p.parameter(t); found && s == paramSpace {
		p.next()
		off, frame, ok = p.plus(), q, true
	} else if at, found := p.locals[t]; found && s == localSpace {
		p.next()
		a = p.temporary()
		p.emit(ins{op: opAddress, n: uint8(localSpace), d: a, imm: int64(at)}, "")
		off = p.plus()
	} else if v := p.m.vars[t]; v != nil {
		if v.space != s {
			p.next()
			p.fail("%s does not lie in %s", t, s)
		}
		a = p.constant(p.symbol())
	} else {
		p.next()
		p.fail("%q is no address", t)
	}
	p.want("]")
	return a, off, frame, ok
}

// modifiers of loads and stores that change nothing where threads run one after the other.
var orders = []string{"volatile", "weak", "relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt"}

// memory reads a load or a store.
func (p *parser) memory(name string, load bool) {
	parts := strings.Split(name, ".")
	typ := parts[len(parts)-1]
	size := sizes["."+typ]
	if size == 0 || typ == "pred" {
		p.fail("unknown opcode %s", name)
	}
	space, n := anySpace, 1
	for _, q := range parts[1 : len(parts)-1] {
		switch s, ok := spaces[q]; {
		case ok && space == anySpace:
			space = s
		case q == "v2":
			n = 2
		case q == "v4":
			n = 4
		case !slices.Contains(orders, q):
			p.fail("unknown opcode %s", name)
		}
	}
	if space == constSpace && !load {
		p.fail("constant memory is not written")
	}
	reg := func() int32 {
		t := p.peek()
		r, ok := p.lookup(t)
		if !ok && !load {
			return p.constant(p.number(size))
		}
		p.next()
		if !ok {
			p.fail("register %s is not declared", t)
		}
		if r.width == pred || r.width < size {
			p.fail("register %s has %s, less than %d", t, bitsOf(r.width), 8*size)
		}
		return r.index
	}
	var regs []int32
	var sign int32
	values := func() {
		if load && typ[0] == 's' {
			if r, ok := p.lookup(p.peek()); ok && r.width > size {
				sign = int32(8 * r.width)
			}
		}
		if n == 1 {
			regs = []int32{reg()}
			return
		}
		p.want("{")
		for i := range n {
			if i > 0 {
				p.want(",")
			}
			if load && p.take("_") {
				regs = append(regs, p.temporary())
				continue
			}
			regs = append(regs, reg())
		}
		p.want("}")
	}
	if load {
		values()
		p.want(",")
	}
	a, off, frame, static := p.address(space)
	if !load {
		p.want(",")
		values()
	}
	if static {
		if off < 0 || off+int64(n*size) > int64(frame.size) || (int64(frame.off)+off)%int64(size) != 0 {
			p.fail("%s has %d bytes: offset %d does not fit", frame.name, frame.size, off)
		}
		o := opParam
		if !load {
			o = opSetParam
		}
		for i, r := range regs {
			p.emit(ins{op: o, d: r, b: int32(size), c: sign, imm: int64(frame.off) + off + int64(i*size)}, name)
			name = ""
		}
		return
	}
	if n > 1 {
		p.emit(ins{op: opAligned, a: a, b: int32(n * size), imm: off}, "")
		if load { // an element may be the address
			t := p.temporary()
			p.emit(ins{op: opMov, d: t, a: a}, "")
			a = t
		}
	}
	for i, r := range regs {
		in := ins{op: opStore, n: uint8(space), d: r, a: a, b: int32(size), imm: off + int64(i*size)}
		if load {
			in.op, in.c = opLoad, sign
		}
		if space == globalSpace && size == 8 {
			in.op = opStore64
			if load {
				in.op = opLoad64
			}
		}
		p.emit(in, name)
		name = ""
	}
}

// The operations of atom and red.
const (
	atomAdd = iota
	atomAnd
	atomOr
	atomXor
	atomExch
	atomCas
	atomInc
	atomDec
	atomMinU
	atomMaxU
	atomMinS
	atomMaxS
	atomAddF64
)

// atomic reads atom (which returns the old number) or red.
func (p *parser) atomic(name string, result bool) {
	parts := strings.Split(name, ".")
	if len(parts) < 3 {
		p.fail("unknown opcode %s", name)
	}
	typ, what := parts[len(parts)-1], parts[len(parts)-2]
	space := anySpace
	for _, q := range parts[1 : len(parts)-2] {
		switch s, ok := spaces[q]; {
		case ok && (s == globalSpace || s == sharedSpace):
			space = s
		case !slices.Contains([]string{"relaxed", "acquire", "release", "acq_rel", "cta", "cluster", "gpu", "sys"}, q):
			p.fail("unknown opcode %s", name)
		}
	}
	size := sizes["."+typ]
	which, ok := map[string]int64{
		"add.u32": atomAdd, "add.s32": atomAdd, "add.u64": atomAdd, "and.b32": atomAnd, "and.b64": atomAnd, "or.b32": atomOr, "or.b64": atomOr,
		"xor.b32": atomXor, "xor.b64": atomXor, "exch.b32": atomExch, "exch.b64": atomExch, "cas.b32": atomCas, "cas.b64": atomCas,
		"inc.u32": atomInc, "dec.u32": atomDec, "min.u32": atomMinU, "min.u64": atomMinU, "max.u32": atomMaxU, "max.u64": atomMaxU,
		"min.s32": atomMinS, "min.s64": atomMinS, "max.s32": atomMaxS, "max.s64": atomMaxS, "add.f64": atomAddF64,
	}[what+"."+typ]
	if !ok {
		p.fail("unknown opcode %s", name)
	}
	var d int32
	if result {
		d = p.target(size)
		p.want(",")
	} else {
		d = p.temporary()
	}
	a, off, _, _ := p.address(space)
	p.want(",")
	b := p.operand(size)
	var c int32
	if which == atomCas {
		p.want(",")
		c = p.operand(size)
	}
	p.emit(ins{op: opAtom, n: uint8(space), d: d, a: a, b: b, c: c, imm: off<<16 | int64(size)<<8 | which}, name)
}

// barrier reads those of blocks and of warps.
func (p *parser) barrier(name string) {
	switch name {
	case "bar.sync", "barrier.sync", "barrier.sync.aligned", "bar.cta.sync", "barrier.cta.sync", "barrier.cta.sync.aligned":
		id := p.number(4)
		if id > 15 {
			p.fail("barriers have numbers 0 to 15")
		}
		if p.peek() == "," {
			p.fail("barriers for part of a block are not known")
		}
		p.emit(ins{op: opBarrier, b: int32(id)}, name)
	case "bar.warp.sync":
		p.emit(ins{op: opWarpSync, b: p.operand(4)}, name)
	default:
		p.fail("unknown opcode %s", name)
	}
}

// call reads "call.uni (result), f, (parameters)".
func (p *parser) call(name string) {
	group := func() []param {
		var list []param
		for !p.take(")") {
			if len(list) > 0 {
				p.want(",")
			}
			t := p.next()
			q, ok := p.parameter(t)
			if !ok {
				p.fail("%s is no parameter", t)
			}
			list = append(list, q)
		}
		return list
	}
	var rets, args []param
	if p.take("(") {
		rets = group()
		p.want(",")
	}
	t := p.next()
	f := p.m.funcs[t]
	if f == nil || f.entry {
		p.fail("%s is no device function", t)
	}
	if p.take(",") {
		p.want("(")
		args = group()
	}
	if len(args) != len(f.params) || len(rets) != len(f.rets) {
		p.fail("%s has %d parameters and %d results", f.name, len(f.params), len(f.rets))
	}
	c := call{f: f}
	for i, q := range args {
		if q.size != f.params[i].size {
			p.fail("parameter %s of %s has %d bytes, not %d", f.params[i].name, f.name, f.params[i].size, q.size)
		}
		c.in = append(c.in, move{q.off, f.params[i].off, q.size})
	}
	for i, q := range rets {
		if q.size != f.rets[i].size {
			p.fail("the result of %s has %d bytes, not %d", f.name, f.rets[i].size, q.size)
		}
		c.back = append(c.back, move{f.rets[i].off, q.off, q.size})
	}
	p.emit(ins{op: opCall, imm: int64(len(p.m.calls))}, name)
	p.m.calls = append(p.m.calls, c)
}
