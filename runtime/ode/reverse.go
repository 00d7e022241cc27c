package ode

// Runs backward in time.

// reversed returns the kernels of the problem with t replaced by -t: its right-hand
// side is -f(-t, u).
func reversed(k *Kernels) *Kernels {
	r := *k
	r.RHS = func(t float64, u, p, du []float64) {
		k.RHS(-t, u, p, du)
		for i := range du {
			du[i] = -du[i]
		}
	}
	reverseImplicit(k, &r)
	reverseJet(k, &r)
	if k.Jac != nil {
		r.Jac = func(t float64, u, p, vals []float64) {
			k.Jac(-t, u, p, vals)
			for i := range vals {
				vals[i] = -vals[i]
			}
		}
	}
	if k.Linear != nil {
		r.Linear = func(p, vals []float64) { k.Linear(p, vals); negate(vals) }
	}
	if k.Stiff != nil {
		r.Stiff = func(t float64, u, p, du []float64) { k.Stiff(-t, u, p, du); negate(du) }
	}
	if k.StiffJac != nil {
		r.StiffJac = func(t float64, u, p, vals []float64) { k.StiffJac(-t, u, p, vals); negate(vals) }
	}
	if l := k.Lifted; l != nil {
		r.Lifted = &InitKernel{
			Eval: func(t float64, w, p, r []float64) { l.Eval(-t, w, p, r) },
			Jac:  func(t float64, w, p, vals []float64) { l.Jac(-t, w, p, vals) },
		}
	}
	if k.TGrad != nil {
		r.TGrad = func(t float64, u, p, dt []float64) { k.TGrad(-t, u, p, dt) }
	}
	if k.Invariants != nil {
		r.Invariants = func(t float64, u, p, g []float64) { k.Invariants(-t, u, p, g) }
	}
	if k.InvariantJac != nil {
		r.InvariantJac = func(t float64, u, p, vals []float64) { k.InvariantJac(-t, u, p, vals) }
	}
	if k.Assert != nil {
		r.Assert = func(t float64, u, p []float64) int { return k.Assert(-t, u, p) }
	}
	return &r
}
