package ode

import "github.com/mtkc/mtkc/runtime/linsolve"

// iterationMatrix is the linear algebra of an implicit method: the Jacobian J, the
// matrix a*M - J and its factorisation, each refreshed when the method says so.
type iterationMatrix struct {
	ws  *Workspace
	jac []float64 // values of J in the order of ws.Pattern
	w   *linsolve.Shifted[float64]
	lu  linsolve.Solver[float64]
	err error // of the last factorisation
	bad int   // column of J that is not finite, -1: none
}

func newIterationMatrix(ws *Workspace) *iterationMatrix {
	m := &iterationMatrix{ws: ws, jac: make([]float64, ws.Pattern.NNZ()), bad: -1}
	m.w = linsolve.NewShifted[float64](ws.Pattern, ws.Mass)
	m.lu = linsolve.New[float64](m.w.Pattern, linsolve.Hints{})
	return m
}

// evaluate sets J at (t, u), where f0 is f(t, u). Where the compiled Jacobian is not
// finite (the derivative of sqrt at 0), finite differences take its place; it
// reports false if they are not finite either.
func (m *iterationMatrix) evaluate(t float64, u, f0 []float64) bool {
	ws := m.ws
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
	e := nonFinite(m.jac)
	if e < 0 {
		return true
	}
	for ws.Pattern.ColPtr[m.bad+1] <= int32(e) {
		m.bad++
	}
	return false
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
func (m *iterationMatrix) failure(h float64) *Failure { return matrixFailure(m.ws, m.bad, m.err, h) }

func matrixFailure(ws *Workspace, bad int, err error, h float64) *Failure {
	f := ws.FailStep(h)
	if f.Code != DtTooSmall {
		return f
	}
	if bad >= 0 {
		return ws.Fail(Unstable, "the derivatives of the equations with respect to %s are not finite", ws.P.state(bad))
	}
	if se, ok := err.(*linsolve.SingularError); ok {
		g := ws.fail(SingularMatrix, err, "the linear system of a step stays singular: the equations do not determine %s (the index may be "+
			"higher than 1 here, or a variable lost its influence)", ws.P.state(se.Col))
		return g
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
