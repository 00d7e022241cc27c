// Package vm runs programs without any toolchain: an interpreter over registers, the
// default back end and the oracle of the others.
//
// In: a backend.Program. Out: a Machine, which is the same as an ode.Problem whose
// kernels interpret. The order of operations is that of package backend, to the last
// bit, on every processor. A kernel allocates nothing when called, except in functions
// of the model that do.
package vm

import (
	"github.com/mtkc/mtkc/backend"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/taylor"
)

// Machine is a program made ready to be interpreted. It is read-only: any number of
// goroutines may make Kernels from it and run these, each its own.
type Machine struct {
	prog                 *backend.Program
	rhs, jac, tgrad      *kernel
	lifted               *initKernel
	inv, invJac          *kernel
	crossings, times     *kernel
	update, assert, bind *kernel
	guards, linear       *kernel
	rates                *kernel
	noise, noiseJac      *kernel
	init                 []initKernel
	jumps                *jumps       // nil: there are none
	tape                 *taylor.Tape // of the right-hand side; nil: it has none
}

type initKernel struct{ eval, jac *kernel }

// New encodes all kernels of a program.
func New(prog *backend.Program) *Machine {
	enc := func(k *backend.Kernel) *kernel { return newKernel(k, prog.Funcs) }
	m := &Machine{
		prog: prog,
		rhs:  enc(prog.RHS), jac: enc(prog.Jac), tgrad: enc(prog.TGrad),
		linear: enc(prog.Linear),
		noise:  enc(prog.Noise), noiseJac: enc(prog.NoiseJac),
		inv: enc(prog.Invariants), invJac: enc(prog.InvariantJac),
		crossings: enc(prog.Crossings), times: enc(prog.TimeEvents),
		update: enc(prog.Update), assert: enc(prog.Assert), bind: enc(prog.Bind), guards: enc(prog.Guards), rates: enc(prog.Rates),
	}
	m.jumps = newJumps(prog)
	m.tape, _ = prog.Tape()
	if l := prog.Lifted; l != nil {
		m.lifted = &initKernel{enc(l.Eval), enc(l.Jac)}
	}
	for i := range prog.Init {
		m.init = append(m.init, initKernel{enc(prog.Init[i].Eval), enc(prog.Init[i].Jac)})
	}
	return m
}

// Problem returns the problem that the program computes, interpreted.
func Problem(prog *backend.Program) *ode.Problem { return New(prog).Problem() }

// Problem returns the problem that the machine computes.
func (m *Machine) Problem() *ode.Problem {
	p := m.prog.Meta
	p.NewKernels = m.Kernels
	p.NewObserver = m.Observer
	return &p
}

// state is a kernel that maps (t, u, p) to an array.
func state(c *kernel) func(t float64, u, p, out []float64) {
	if c == nil {
		return nil
	}
	f := c.runner()
	return func(t float64, u, p, out []float64) { f.run(t, &arrays{u: u, p: p, main: out}) }
}

// Kernels returns the functions with registers of their own.
func (m *Machine) Kernels() *ode.Kernels {
	k := &ode.Kernels{
		RHS: state(m.rhs), Jac: state(m.jac), TGrad: state(m.tgrad),
		Invariants: state(m.inv), InvariantJac: state(m.invJac),
		Crossings: state(m.crossings),
		Noise:     state(m.noise), NoiseJac: state(m.noiseJac),
	}
	if m.tape != nil {
		k.Jet = m.tape.Jet()
	}
	if m.times != nil {
		f := m.times.runner()
		k.TimeEvents = func(p, te []float64) { f.run(0, &arrays{p: p, main: te}) }
	}
	if m.linear != nil {
		f := m.linear.runner()
		k.Linear = func(p, vals []float64) { f.run(0, &arrays{p: p, main: vals}) }
	}
	if m.guards != nil {
		f := m.guards.runner()
		k.Guards = func(p, g []float64) { f.run(0, &arrays{p: p, main: g}) }
	}
	if m.rates != nil {
		f := m.rates.runner()
		k.Rates = func(p, w []float64) { f.run(0, &arrays{p: p, main: w}) }
	}
	if m.update != nil {
		f := m.update.runner()
		k.Update = func(t float64, u, p, unew, pnew []float64) int {
			copy(unew, u)
			copy(pnew, p)
			return int(f.run(t, &arrays{u: u, p: p, main: unew, mem: pnew}))
		}
	}
	if m.assert != nil {
		f := m.assert.runner()
		k.Assert = func(t float64, u, p []float64) int { return int(f.run(t, &arrays{u: u, p: p})) }
	}
	if m.bind != nil {
		f := m.bind.runner()
		flags := make([]float64, len(m.prog.Meta.Params))
		k.Bind = func(p []float64, set []bool) {
			clear(flags)
			for i, s := range set {
				if s {
					flags[i] = 1
				}
			}
			f.run(0, &arrays{p: p, w: flags, mem: p})
		}
	}
	for _, c := range m.init {
		k.Init = append(k.Init, c.functions())
	}
	m.jumps.functions(k)
	if m.lifted != nil {
		ik := m.lifted.functions()
		k.Lifted = &ik
	}
	return k
}

func (c *initKernel) functions() (ik ode.InitKernel) {
	eval := c.eval.runner()
	ik.Eval = func(t float64, w, p, r []float64) { eval.run(t, &arrays{p: p, w: w, main: r, mem: w}) }
	if c.jac != nil {
		jac := c.jac.runner()
		ik.Jac = func(t float64, w, p, vals []float64) { jac.run(t, &arrays{p: p, w: w, main: vals}) }
	}
	return ik
}

// Observer returns a function that writes the chosen observables to out. It computes
// what they need and no more.
func (m *Machine) Observer(which []int) func(t float64, u, p, out []float64) {
	type item struct {
		from, to int
		sign     float64
	}
	var fromU, fromP []item
	var outs []int // entries of the Observed kernel
	var to []int
	for k, i := range which {
		o := &m.prog.Meta.Observables[i]
		switch o.Kind {
		case ode.State:
			fromU = append(fromU, item{o.Index, k, o.Sign})
		case ode.Parameter:
			fromP = append(fromP, item{o.Index, k, o.Sign})
		default:
			outs = append(outs, int(m.prog.ObservedSlot[i]))
			to = append(to, k)
		}
	}
	var f *runner
	value := make([]float64, len(outs))
	if len(outs) > 0 {
		f = newKernel(m.prog.Observed.Slice(outs), m.prog.Funcs).runner()
	}
	return func(t float64, u, p, out []float64) {
		for _, x := range fromU {
			out[x.to] = x.sign * u[x.from]
		}
		for _, x := range fromP {
			out[x.to] = x.sign * p[x.from]
		}
		if f != nil {
			f.run(t, &arrays{u: u, p: p, main: value})
			for k, v := range value {
				out[to[k]] = v
			}
		}
	}
}
