package llvm

import (
	"math"
	"strconv"

	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/elementary"
)

// inlined is the number of elementary functions up to which a kernel has their operations in its own
// code, where operations of several of them are shared. With more, each is a function of the
// module, so that the code does not grow by forty operations or so for each use.
const inlined = 24

// elementaries counts the uses of elementary functions in the code of a kernel.
func elementaries(k *backend.Kernel) int {
	n := 0
	for _, in := range k.Code {
		if !in.Op.Base() {
			n++
		}
	}
	for i := range k.Steps {
		n += elementaries(k.Steps[i].Body)
	}
	return n
}

// prepare returns the kernel as it is translated. The error is a *Refusal.
func (t Target) prepare(k *backend.Kernel) (*backend.Kernel, error) {
	if n := elementaries(k); 0 < n && n <= inlined {
		k = elementary.Lower(k)
	}
	return k, t.check(k)
}

// own is the name of the function of the module that computes an operation.
func (c *code) own(op backend.Op) string {
	m := c.m
	key := ownKey{op, c.lanes}
	name, ok := m.own[key]
	if !ok {
		name = "@." + op.String() + "." + strconv.Itoa(c.lanes)
		m.own[key] = name
		m.pending = append(m.pending, key)
	}
	return name
}

// far writes a far operation: a branch to the call of a function where an angle is large, which nearly never is. The code
// goes on in another block.
func (c *code) far(r backend.Ref, in backend.Instr) {
	m := c.m
	v := c.doubles()
	x, y := c.number(in.A), c.number(in.B)
	some := c.binary("fcmp oge", v, c.unary("fabs", x), constant(elementary.FarLimit, c.lanes))
	if c.lanes > 1 {
		bits := "i" + strconv.Itoa(c.lanes)
		some = m.let("icmp ne ", bits, " ", m.let("bitcast ", c.truths(), " ", some, " to ", bits), ", 0")
	}
	m.temps++
	id := strconv.Itoa(m.temps)
	before, far := "before"+id, "far"+id
	m.block = "near" + id
	m.line("  br label %", before, "\n", before, ":")
	m.line("  br i1 ", some, ", label %", far, ", label %", m.block, "\n", far, ":")
	z := m.let("call ", v, " ", c.own(in.Op), "(", v, " ", x, ", ", v, " ", y, ")")
	m.line("  br label %", m.block, "\n", m.block, ":")
	c.num[r] = m.let("phi ", v, " [", y, ", %", before, "], [", z, ", %", far, "]")
}

// call writes the call of an elementary function.
func (c *code) call(r backend.Ref, in backend.Instr) {
	m := c.m
	name := c.own(in.Op)
	args := c.doubles() + " " + c.number(in.A)
	if in.Op.Arity() == 2 {
		args += ", " + c.doubles() + " " + c.number(in.B)
	}
	c.num[r] = m.let("call ", c.doubles(), " ", name, "(", args, ")")
}

// ownFunction writes an elementary function.
func (m *module) ownFunction(key ownKey) {
	v := vector(key.lanes, "double")
	if key.op.Far() {
		m.farFunction(key)
		return
	}
	k := elementary.Program(key.op)
	params := v + " %u0"
	if key.op.Arity() == 2 {
		params += ", " + v + " %u1"
	}
	m.line("define internal ", v, " ", m.own[key], "(", params, ")", attributes(key.lanes), "entry:")
	c := newCode(m, k, key.lanes)
	c.input = func(_ backend.Op, index int32) string { return "%u" + strconv.Itoa(int(index)) }
	for r, in := range k.Code {
		if !in.Op.Input() {
			c.emit(backend.Ref(r))
		}
	}
	m.line("  ret ", v, " ", c.number(k.Out[0].Val), "\n}")
}

// farFunction writes a far operation.
func (m *module) farFunction(key ownKey) {
	k := elementary.Far(key.op)
	v := vector(key.lanes, "double")
	m.line("define internal ", v, " ", m.own[key], "(", v, " %u0, ", v, " %u1) cold noinline", attributes(key.lanes), "entry:")
	c := newCode(m, k, key.lanes)
	c.input = func(backend.Op, int32) string { return "%u0" }
	for r, in := range k.Code {
		if !in.Op.Input() {
			c.emit(backend.Ref(r))
		}
	}
	x := c.unary("fabs", "%u0")
	is := c.binary("and", c.truths(), c.binary("fcmp oge", v, x, constant(elementary.FarLimit, key.lanes)), c.binary("fcmp olt", v, x, constant(math.Inf(1), key.lanes)))
	m.line("  ret ", v, " ", c.pick(is, v, c.number(k.Out[0].Val), "%u1"), "\n}")
}
