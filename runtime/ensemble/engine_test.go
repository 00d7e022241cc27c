package ensemble_test

import (
	"context"
	"math"

	"github.com/mtkc/mtkc/runtime/ensemble"
	"github.com/mtkc/mtkc/runtime/ode"
	"github.com/mtkc/mtkc/runtime/tableau"
)

// reference is the plainest engine that keeps the contract: Tsit5, one trajectory after another, steps that end at
// the times to save, the indicators looked at after each step.
type reference struct {
	p        *ode.Problem
	k        *ode.Kernels
	c        *tableau.Coeffs
	rtol     float64
	atol     float64
	maxSteps int64
	runs     int
	steps    int64
}

func newReference(p *ode.Problem, tol float64) *reference {
	return &reference{p: p, k: p.NewKernels(), c: tableau.ReadERK("Tsit5").Coeffs(), rtol: tol, atol: tol, maxSteps: 1e6}
}

func (r *reference) Name() string { return "reference" }

func (r *reference) Run(ctx context.Context, b *ensemble.Batch) error {
	r.runs++
	for i := range b.N {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if b.Status[i] == ensemble.Running {
			before := b.Steps[i]
			r.one(b, i)
			r.steps += b.Steps[i] - before
		}
	}
	return nil
}

// crosses reports whether a relation no longer has the value that its memory holds.
func (r *reference) crosses(t float64, u, p, g []float64) bool {
	if len(g) == 0 {
		return false
	}
	r.k.Crossings(t, u, p, g)
	for k, rel := range r.p.Hybrid.Relations {
		if v := g[k] > 0 || !rel.Strict && g[k] == 0; v != (p[rel.Slot] != 0) {
			return true
		}
	}
	return false
}

func (r *reference) one(b *ensemble.Batch, i int) {
	n, np := r.p.N(), len(r.p.P)
	u, p := b.U[i*n:(i+1)*n], b.P[i*np:(i+1)*np]
	var g []float64
	if r.p.Hybrid != nil {
		g = make([]float64, len(r.p.Hybrid.Relations))
	}
	s := len(r.c.B)
	k := make([][]float64, s)
	for j := range k {
		k[j] = make([]float64, n)
	}
	unew, w := make([]float64, n), make([]float64, n)
	save := 0
	for save < len(b.Save) && b.Save[save] <= b.T[i] {
		save++
	}
	if b.H[i] == 0 {
		b.H[i] = 1e-4 * (b.TEnd[i] - b.T[i])
	}
	for b.T[i] < b.TEnd[i] {
		if b.Steps[i]+b.Rejected[i] >= r.maxSteps {
			b.Status[i] = ensemble.TooMany
			return
		}
		h, t1 := b.H[i], b.T[i]+b.H[i]
		stop := b.TEnd[i]
		if save < len(b.Save) {
			stop = min(stop, b.Save[save])
		}
		if t1 > stop-1e-9*h {
			t1 = stop
			h = stop - b.T[i]
		}
		if b.T[i]+h == b.T[i] {
			b.Status[i] = ensemble.TooSmall
			return
		}
		for j := range s {
			for q := range w {
				w[q] = u[q]
				for m, a := range r.c.A[j] {
					if m < j {
						w[q] += h * a * k[m][q]
					}
				}
			}
			r.k.RHS(b.T[i]+r.c.C[j]*h, w, p, k[j])
		}
		norm := 0.0
		for q := range unew {
			unew[q] = u[q]
			e := 0.0
			for j := range s {
				unew[q] += h * r.c.B[j] * k[j][q]
				e += h * r.c.E[j] * k[j][q]
			}
			e /= r.atol + r.rtol*max(math.Abs(u[q]), math.Abs(unew[q]))
			norm += e * e / float64(n)
		}
		norm = math.Sqrt(norm)
		if math.IsNaN(norm) {
			b.Status[i] = ensemble.NotFinite
			return
		}
		if norm > 1 {
			b.Rejected[i]++
			b.H[i] = h * max(0.2, 0.9*math.Pow(norm, -0.2))
			continue
		}
		if r.crosses(t1, unew, p, g) {
			b.H[i] = h
			b.Status[i] = ensemble.Crossed
			return
		}
		b.Steps[i]++
		b.T[i] = t1
		copy(u, unew)
		if save < len(b.Save) && t1 == b.Save[save] {
			at := (i*len(b.Save) + save) * n
			copy(b.Out[at:at+n], u)
			save++
		}
		if grown := h * min(5, 0.9*math.Pow(max(norm, 1e-6), -0.2)); h == b.H[i] || grown < b.H[i] {
			b.H[i] = grown
		}
	}
	b.Status[i] = ensemble.Reached
}
