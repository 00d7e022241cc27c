package vm

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
)

// jumps are the kernels of what happens at random instants, by reaction. Each is small.
type jumps struct {
	constants    *kernel
	rate, change []*code
}

func newJumps(prog *backend.Program) *jumps {
	k := prog.Jumps
	if k == nil {
		return nil
	}
	m := &jumps{constants: newKernel(k.Constants, prog.Funcs)}
	enc := func(list []*backend.Kernel) []*code {
		out := make([]*code, len(list))
		for r, k := range list {
			if k != nil {
				out[r] = encode(k, prog.Funcs)
			}
		}
		return out
	}
	m.rate, m.change = enc(k.Rate), enc(k.Change)
	return m
}

// functions gives kernels the functions of jumps, with frames that are made when a reaction is asked for first.
func (m *jumps) functions(k *ode.Kernels) {
	if m == nil {
		return
	}
	if m.constants != nil {
		k.JumpConstants = state(m.constants)
	}
	rate, change := make([]*frame, len(m.rate)), make([]*frame, len(m.change))
	var a arrays
	var out [1]float64
	k.JumpRate = func(r int, t float64, u, p []float64) float64 {
		f := rate[r]
		if f == nil {
			f = m.rate[r].frame()
			rate[r] = f
		}
		a.u, a.p, a.main = u, p, out[:]
		f.run(t, &a)
		return out[0]
	}
	k.JumpChange = func(r int, t float64, u, p, by []float64) {
		f := change[r]
		if f == nil {
			f = m.change[r].frame()
			change[r] = f
		}
		a.u, a.p, a.main = u, p, by
		f.run(t, &a)
	}
}
