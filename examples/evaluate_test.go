package examples_test

import "github.com/mtkc/mtkc/runtime/ode"

// evaluate returns what the functions of a problem give at a point. The test of
// generated source builds this file into its program as well.
func evaluate(prob *ode.Problem, t float64, u, p []float64) [][]float64 {
	k := prob.NewKernels()
	var out [][]float64
	add := func(n int, f func(v []float64)) {
		v := make([]float64, n)
		f(v)
		out = append(out, v)
	}
	add(len(u), func(v []float64) { k.RHS(t, u, p, v) })
	add(prob.Jac.NNZ(), func(v []float64) { k.Jac(t, u, p, v) })
	if k.TGrad != nil {
		add(len(u), func(v []float64) { k.TGrad(t, u, p, v) })
	}
	if prob.Linear != nil {
		add(prob.Linear.NNZ(), func(v []float64) { k.Linear(p, v) })
	}
	if prob.NInv > 0 {
		add(prob.NInv, func(v []float64) { k.Invariants(t, u, p, v) })
		add(prob.InvJac.NNZ(), func(v []float64) { k.InvariantJac(t, u, p, v) })
	}
	if prob.Hybrid != nil && len(prob.Hybrid.Relations) > 0 {
		add(len(prob.Hybrid.Relations), func(v []float64) { k.Crossings(t, u, p, v) })
	}
	which := make([]int, len(prob.Observables))
	for i := range which {
		which[i] = i
	}
	add(len(which), func(v []float64) { prob.NewObserver(which)(t, u, p, v) })
	return out
}
