package vm

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/expr"
)

// Function makes a kernel that reads t, u and p ready to run: the result writes its Main to
// out. It has memory of its own, so two goroutines need a Function each.
func Function(k *backend.Kernel, funcs []*expr.Func) func(t float64, u, p, out []float64) {
	return state(newKernel(k, funcs))
}
