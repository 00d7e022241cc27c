package mtkc

import (
	"github.com/mtkc/mtkc/diag"
	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
)

// EnsembleBackends are the names of backends for ensembles.
func EnsembleBackends() []string { return []string{"auto", "vm"} }

// EnsembleEngine chooses what integrates an ensemble of the model: it returns what makes an engine for each worker, nil where
// every trajectory is a run of ode.Integrator, and why. The passes up to vm must have run.
func (c *Compiler) EnsembleEngine(backend string, opt ode.Options) (engine func() (ensemble.Engine, error), why string, found diag.List) {
	switch backend {
	case "", "auto", "vm":
		return nil, "one run of ode.Integrator after another, with the kernels of the vm", nil
	}
	return nil, "", diag.New(diag.Pos{}, "E010", "use --backend auto (the default) or --backend vm", "--backend %s: ensembles have no such backend yet", backend)
}
