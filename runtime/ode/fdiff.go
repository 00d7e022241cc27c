package ode

import (
	"math"

	"github.com/mtkc/mtkc/runtime/fdiff"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// finiteDifferences approximates df/du of a workspace, and its products with vectors, by
// differences of f (package fdiff).
type finiteDifferences struct {
	jacobian *fdiff.Jacobian
	along    *fdiff.Product // made when first needed
	space    fdiff.Space
	f0       []float64
	ws       *Workspace
	t        float64
	f        fdiff.Func // f at t, with the parameters of ws
}

func newFiniteDifferences(p *linsolve.Pattern) *finiteDifferences {
	d := &finiteDifferences{jacobian: fdiff.New(p), f0: make([]float64, p.Rows)}
	d.space.Size = make([]float64, p.Cols)
	d.f = func(u, du []float64) { d.ws.RHS(d.t, u, du) }
	return d
}

// at prepares for differences at time t. The size of a state is that below which the
// tolerances, or its nominal value, call it small; its increments stay in its range.
func (d *finiteDifferences) at(ws *Workspace, t float64) {
	d.ws, d.t = ws, t
	s := &d.space
	for j := range s.Size {
		s.Size[j] = ws.AbsTol[j] / ws.RelTol
		if j >= len(ws.P.States) {
			continue
		}
		q := &ws.P.States[j]
		s.Size[j] = math.Max(s.Size[j], 1e-3*math.Abs(q.Nominal))
		if q.Min < q.Max { // both 0: not given
			if s.Min == nil {
				s.Min, s.Max = make([]float64, len(s.Size)), make([]float64, len(s.Size))
				for i := range s.Min {
					s.Min[i], s.Max[i] = math.Inf(-1), math.Inf(1)
				}
			}
			s.Min[j], s.Max[j] = q.Min, q.Max
		}
	}
}

// jac writes df/du at (t, u) to vals, where f0 is f(t, u) (nil: it is evaluated).
func (d *finiteDifferences) jac(ws *Workspace, t float64, u, f0, vals []float64) {
	d.at(ws, t)
	d.jacobian.Eval(d.f, u, f0, d.space, vals)
}

// product writes df/du at (t, u) times v to y, where f0 is f(t, u).
func (d *finiteDifferences) product(ws *Workspace, t float64, u, f0, v, y []float64) {
	d.at(ws, t)
	if d.along == nil {
		d.along = fdiff.NewProduct(len(d.f0), len(u))
	}
	d.along.Eval(d.f, u, f0, d.space, v, y)
}
