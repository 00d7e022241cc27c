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
	bad int   // entry of J that is not finite, -1: none
}

func newIterationMatrix(ws *Workspace) *iterationMatrix {
	m := &iterationMatrix{ws: ws, jac: make([]float64, ws.Pattern.NNZ()), bad: -1}
	m.w = linsolve.NewShifted[float64](ws.Pattern, ws.Mass)
	m.lu = linsolve.New[float64](m.w.Pattern, linsolve.Hints{})
	return m
}

// newIterationPair returns the real matrix and a complex solver of the same pattern.
func newIterationPair(ws *Workspace) (*iterationMatrix, linsolve.Solver[complex128]) {
	m := &iterationMatrix{ws: ws, jac: make([]float64, ws.Pattern.NNZ()), bad: -1}
	m.w = linsolve.NewShifted[float64](ws.Pattern, ws.Mass)
	var c linsolve.Solver[complex128]
	m.lu, c = linsolve.NewPair(m.w.Pattern, linsolve.Hints{})
	return m, c
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
