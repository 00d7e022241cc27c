package fuse

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/backend/vm"
)

// NewVMEngine makes an engine on the lanes of package vm, which needs no toolchain. w is the
// number of lanes, a multiple of 8, or 1 for the scalar machine; 0 chooses one by the size of the
// step.
func NewVMEngine(in *Integrator, w int, s Settings) (*Engine, error) {
	if w == 1 {
		return NewEngine(in, 1, s, func(k *backend.Kernel) (func(x, p, out []float64), error) {
			f := vm.Function(k, in.Funcs)
			return func(x, p, out []float64) { f(0, x, p, out) }, nil
		})
	}
	step := vm.NewLanes(in.Step, in.Funcs, w)
	w = step.Width()
	return NewEngine(in, w, s, func(k *backend.Kernel) (func(x, p, out []float64), error) {
		l := step
		if k != in.Step {
			l = vm.NewLanes(k, in.Funcs, w)
		}
		r := l.Runner()
		return func(x, p, out []float64) { r.Run(nil, x, p, nil, out, nil, nil) }, nil
	})
}
