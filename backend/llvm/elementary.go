package llvm

import (
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

// call writes the call of an elementary function.
func (c *code) call(r backend.Ref, in backend.Instr) {
	m := c.m
	key := ownKey{in.Op, c.lanes}
	name, ok := m.own[key]
	if !ok {
		name = "@." + in.Op.String() + "." + strconv.Itoa(c.lanes)
		m.own[key] = name
		m.pending = append(m.pending, key)
	}
	args := c.doubles() + " " + c.number(in.A)
	if in.Op.Arity() == 2 {
		args += ", " + c.doubles() + " " + c.number(in.B)
	}
	c.num[r] = m.let("call ", c.doubles(), " ", name, "(", args, ")")
}

// ownFunction writes an elementary function.
func (m *module) ownFunction(key ownKey) {
	k := elementary.Program(key.op)
	v := vector(key.lanes, "double")
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
