package llvm

import "github.com/mtkc/mtkc/backend"

// call writes the call of an elementary function.
func (c *code) call(backend.Ref, backend.Instr) { panic("mtkc: bug: an operation has no translation") }

func (m *module) ownFunction(ownKey) {}
