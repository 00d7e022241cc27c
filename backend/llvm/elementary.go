package llvm

import "github.com/mtkc/mtkc/backend"

// prepare returns the kernel in base operations. The error is a *Refusal.
func (t Target) prepare(k *backend.Kernel) (*backend.Kernel, error) {
	if err := t.check(k); err != nil {
		return nil, err
	}
	return k, nil
}

// call writes the call of an elementary function.
func (c *code) call(backend.Ref, backend.Instr) { panic("mtkc: bug: an operation has no translation") }

func (m *module) ownFunction(ownKey) {}
