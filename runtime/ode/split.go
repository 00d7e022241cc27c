package ode

// Split right-hand sides: f = A u + g(t, u) with a matrix A that does not change between
// two events. Exponential methods need this form, and IMEX methods gain most from it: a
// step then solves linear systems with one matrix, and the rest is explicit.
//
// A is Kernels.Linear where the problem states it: the terms of f that are linear in u, with
// coefficients of parameters alone. Else it is df/du at the last Restart. That is a
// consistent split, since g is whatever is left of f, but an arbitrary one: A ages as the solution moves away
// from that point.
//
// g has no kernel of its own: it is f minus the product A u.

import (
	"math"

	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// linearPart is A of one run.
type linearPart struct {
	ws      *Workspace
	pattern *linsolve.Pattern // of A
	vals    []float64         // in its order
	given   bool              // A is the problem's; false: df/du at the last restart
	known   bool              // vals are set

	shape    int
	rowPtr   []int32 // A by rows, for products
	col      []int32
	fromCol  []int32 // entry of vals
	rowMajor []float64
}

// newLinearPart prepares the split. A is unknown until restart.
func newLinearPart(ws *Workspace) *linearPart {
	a := &linearPart{ws: ws, given: ws.K.Linear != nil}
	a.shapeUp()
	return a
}

// shapeUp arranges A by rows.
func (a *linearPart) shapeUp() {
	ws := a.ws
	a.shape, a.known = ws.shape, false
	a.pattern = ws.Pattern
	if a.given {
		a.pattern = ws.P.Linear
	}
	p := a.pattern
	nnz := p.NNZ()
	a.vals, a.rowMajor = make([]float64, nnz), make([]float64, nnz)
	a.rowPtr, a.col, a.fromCol = make([]int32, p.Rows+1), make([]int32, nnz), make([]int32, nnz)
	for _, i := range p.RowIdx {
		a.rowPtr[i+1]++
	}
	for i := range p.Rows {
		a.rowPtr[i+1] += a.rowPtr[i]
	}
	next := append([]int32(nil), a.rowPtr[:p.Rows]...)
	for j := range p.Cols {
		for e := p.ColPtr[j]; e < p.ColPtr[j+1]; e++ {
			i := p.RowIdx[e]
			a.col[next[i]], a.fromCol[next[i]] = int32(j), e
			next[i]++
		}
	}
}

// restart sets A at the present point, where f0 is f(T, U) or nil. changed says that A
// differs from what it was before; ok is false if it is not finite. It is to be called
// by Stepper.Restart: parameters and discrete memory change nowhere else.
func (a *linearPart) restart(f0 []float64) (changed, ok bool) {
	ws := a.ws
	if a.shape != ws.shape {
		a.shapeUp()
	}
	if a.given {
		ws.K.Linear(ws.Params, a.vals)
	} else {
		ws.Jac(ws.T, ws.U, f0, a.vals)
	}
	changed = !a.known
	for k, e := range a.fromCol {
		v := a.vals[e]
		if math.Float64bits(v) != math.Float64bits(a.rowMajor[k]) {
			a.rowMajor[k], changed = v, true
		}
	}
	a.known = true
	return changed, nonFinite(a.vals) < 0
}

// archive visits A. The workspace has the shape that it had when saved.
func (a *linearPart) archive(ar *archive.Archive) {
	if ar.Loading() && a.shape != a.ws.shape {
		a.shapeUp()
	}
	ar.Bool(&a.known)
	ar.Floats(a.vals, a.rowMajor)
}

// mul writes A u to dst.
func (a *linearPart) mul(u, dst []float64) {
	start := a.rowPtr[0]
	for i := range dst {
		end := a.rowPtr[i+1]
		row := a.rowMajor[start:end]
		col := a.col[start:end]
		s := 0.0
		for k, v := range row {
			s += v * u[col[k]]
		}
		dst[i] = s
		start = end
	}
}

// rest writes g(t, u) = f(t, u) - A u to dst, which is not u.
func (a *linearPart) rest(t float64, u, dst []float64) {
	a.ws.RHS(t, u, dst)
	a.subtract(u, dst)
}

// subtract takes A u from dst, which holds f: then it holds g.
func (a *linearPart) subtract(u, dst []float64) {
	start := a.rowPtr[0]
	for i := range dst {
		end := a.rowPtr[i+1]
		row := a.rowMajor[start:end]
		col := a.col[start:end]
		s := 0.0
		for k, v := range row {
			s += v * u[col[k]]
		}
		dst[i] -= s
		start = end
	}
}

// remark says in a sentence where A comes from, for the user.
func (a *linearPart) remark() string {
	if a.given {
		return ""
	}
	return "the problem does not state a linear part: its Jacobian at the start, after events and where the method renews it stands for A in f = A u + g(t, u)"
}

func negate(v []float64) {
	for i := range v {
		v[i] = -v[i]
	}
}

// implicitPart is f_I of f = f_I + f_E: A u, or Kernels.Stiff where the problem has that.
type implicitPart struct {
	ws     *Workspace
	linear *linearPart // nil: Kernels.Stiff
	// in is a view of ws in which f is f_I and df/du its Jacobian. It does not follow ws: its state
	// is not used.
	in *Workspace
}

// newImplicitPart prepares the split of ws.
func newImplicitPart(ws *Workspace) *implicitPart {
	s := &implicitPart{ws: ws}
	in := *ws
	in.fd, in.tmp = nil, nil
	s.in = &in
	if ws.K.Stiff != nil {
		s.follow()
		return s
	}
	s.linear = newLinearPart(ws)
	return s
}

// follow takes over what may have changed in the workspace since.
func (s *implicitPart) follow() {
	ws, in := s.ws, s.in
	if s.linear != nil {
		return
	}
	if ws.P.Stiff != nil {
		in.Pattern = ws.P.Stiff
	} else {
		in.Pattern = ws.Pattern
	}
	if in.K == nil || in.K == ws.K {
		in.K = &Kernels{}
	}
	in.K.RHS, in.K.Jac = ws.K.Stiff, ws.K.StiffJac
	in.Params, in.AbsTol, in.RelTol = ws.Params, ws.AbsTol, ws.RelTol
}

// remark says in a sentence how f is split where the problem does not say, for the user.
func (s *implicitPart) remark() string {
	if s.linear == nil {
		return ""
	}
	return s.linear.remark()
}
