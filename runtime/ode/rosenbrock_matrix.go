package ode

import (
	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// iterationMatrix is the linear algebra of an implicit method: the Jacobian J, the
// matrix a*M - J and its factorisation, each refreshed when the method says so, and for
// some methods a complex one beside it.
type iterationMatrix struct {
	ws    *Workspace
	shape int // of the workspace that the rest is made for
	*matrices
	pair bool
	ewt  []float64 // weights of errors, where it serves Newton iterations that correct themselves; else nil
	kept map[*linsolve.Pattern]*matrices
	err  error // of the last factorisation
	bad  int   // entry of J that is not finite, -1: none
}

// matrices are made for one pattern and one M.
type matrices struct {
	jac []float64 // values of J in the order of ws.Pattern
	w   *linsolve.Shifted[float64]
	lu  *linsolve.Replay[float64]
	cw  *linsolve.Shifted[complex128] // nil: no complex matrix
	clu *linsolve.Replay[complex128]
}

func newIterationMatrix(ws *Workspace) *iterationMatrix {
	m := &iterationMatrix{ws: ws, bad: -1}
	m.shapeUp()
	return m
}

// newNewtonMatrix returns one for Newton iterations whose corrections are measured with the weights ewt, which
// stay where they are.
func newNewtonMatrix(ws *Workspace, ewt []float64) *iterationMatrix {
	m := &iterationMatrix{ws: ws, bad: -1, ewt: ewt}
	m.shapeUp()
	return m
}

// newtonResidual is what an iterative solver leaves of the right-hand side of a Newton iteration, in the norm of the error test: less than
// it matters to an iteration whose matrix is that of another time and step, and with room for corrections that are small beside
// the right-hand side, where a stiff part of the solution is off.
const newtonResidual = 1e-6

// solver makes the linear solver for a pattern.
func (m *iterationMatrix) solver(p *linsolve.Pattern) linsolve.Solver[float64] {
	ws := m.ws
	if m.ewt != nil && ws.Linear == (linsolve.Hints{}) && ws.Mass == nil && len(m.ewt) == p.Cols {
		if g := linsolve.NewGuarded(p, newtonResidual); g != nil {
			g.Weigh(m.ewt)
			return g
		}
	}
	return linsolve.New[float64](p, ws.Linear)
}

// newIterationPair returns a real and a complex matrix of the same pattern.
func newIterationPair(ws *Workspace) *iterationMatrix {
	m := &iterationMatrix{ws: ws, bad: -1, pair: true}
	m.shapeUp()
	return m
}

// shapeUp makes the matrices for the present shape of the workspace, or takes those
// that it had when it last was like that.
func (m *iterationMatrix) shapeUp() {
	ws := m.ws
	if m.matrices != nil && m.shape == ws.shape {
		return
	}
	m.shape = ws.shape
	if m.matrices = m.kept[ws.Pattern]; m.matrices != nil {
		m.forget() // what comes does not depend on when the run was like that
		return
	}
	k := &matrices{jac: make([]float64, ws.Pattern.NNZ()), w: linsolve.NewShifted[float64](ws.Pattern, ws.Mass)}
	if m.pair {
		k.cw = linsolve.NewShifted[complex128](ws.Pattern, ws.Mass)
		lu, clu := linsolve.NewPair(k.w.Pattern, ws.Linear)
		k.lu = replay(lu, k.w.Pattern, ws.Linear)
		k.clu = replay(clu, k.w.Pattern, ws.Linear)
	} else {
		remake := func() linsolve.Solver[float64] { return m.solver(k.w.Pattern) }
		k.lu = linsolve.NewReplay(remake(), remake)
	}
	if m.kept == nil || len(m.kept) >= coordsKept {
		m.kept = map[*linsolve.Pattern]*matrices{}
	}
	m.matrices, m.kept[ws.Pattern] = k, k
}

// replay makes the state of a solver for pattern p one that can be saved.
func replay[T linsolve.Scalar](s linsolve.Solver[T], p *linsolve.Pattern, h linsolve.Hints) *linsolve.Replay[T] {
	return linsolve.NewReplay(s, func() linsolve.Solver[T] { return linsolve.New[T](p, h) })
}

// forget makes the next factorisations those of new solvers.
func (m *iterationMatrix) forget() {
	m.lu.Forget()
	if m.clu != nil {
		m.clu.Forget()
	}
}

// Archive visits J and the factors. The workspace has the shape that it had when saved.
func (m *iterationMatrix) Archive(a *archive.Archive) {
	current := m.shape == m.ws.shape
	a.Bool(&current)
	if a.Loading() {
		if m.shape = m.ws.shape - 1; current {
			m.shapeUp()
		}
		m.err, m.bad = nil, -1
	}
	if !current {
		return // all will be made anew
	}
	a.Floats(m.jac)
	m.lu.Archive(a, m.w.Vals)
	if m.clu != nil {
		m.clu.Archive(a, m.cw.Vals)
	}
}

// evaluate sets J at (t, u), where f0 is f(t, u). Where the compiled Jacobian is not
// finite (the derivative of sqrt at 0), finite differences take its place; it
// reports false if they are not finite either.
func (m *iterationMatrix) evaluate(t float64, u, f0 []float64) bool {
	ws := m.ws
	m.shapeUp()
	ws.Jac(t, u, f0, m.jac)
	m.bad = -1
	if nonFinite(m.jac) < 0 {
		return true
	}
	if ws.K.Jac != nil {
		if ws.fd == nil {
			ws.fd = newFiniteDifferences(ws.Pattern)
		}
		ws.fd.jac(ws, t, u, f0, m.jac)
	}
	m.bad = nonFinite(m.jac)
	return m.bad < 0
}

// factor factorises a*M - J; it reports false if that is singular.
func (m *iterationMatrix) factor(a float64) bool {
	m.ws.Stats.Factor++
	m.w.Set(a, -1, m.jac)
	m.err = m.lu.Factor(m.w.Vals)
	return m.err == nil
}

// solve replaces b by the solution of (a*M - J) x = b.
func (m *iterationMatrix) solve(b []float64) {
	m.ws.Stats.Solve++
	m.lu.Solve(b)
}

// failure is why a run ends when the step size h has become too small.
func (m *iterationMatrix) failure(h float64) *Failure {
	ws := m.ws
	f := ws.FailStep(h)
	if f.Code != DtTooSmall {
		return f
	}
	if m.bad >= 0 {
		col := 0
		for ws.Pattern.ColPtr[col+1] <= int32(m.bad) {
			col++
		}
		return ws.Fail(Unstable, "the derivative with respect to %s is not finite in %s",
			ws.P.state(col), ws.P.equation(int(ws.Pattern.RowIdx[m.bad])))
	}
	if se, ok := m.err.(*linsolve.SingularError); ok {
		return ws.fail(SingularMatrix, m.err, "the linear system of a step stays singular: the equations do not determine %s "+
			"(their index may be higher than 1 here, or a coefficient became 0)", ws.P.state(se.Col))
	}
	return f
}

// dropMassless clears the entries of x in rows without mass.
func dropMassless(mass []float64, x []float64) {
	for i, m := range mass {
		if m == 0 {
			x[i] = 0
		}
	}
}
