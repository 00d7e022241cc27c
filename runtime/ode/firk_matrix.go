package ode

import (
	"github.com/mtkc/mtkc/runtime/archive"
	"github.com/mtkc/mtkc/runtime/linsolve"
)

// stageMatrices is the linear algebra of a fully implicit method: J, the real matrix
// gamma/h M - J and for each complex pair (alpha + i beta)/h M - J.
type stageMatrices struct {
	*iterationMatrix               // J, the real matrix, the first complex one
	of               *matrices     // that the others were made for
	more             []*pairMatrix // of the pairs behind the first
	kept             map[*matrices][]*pairMatrix
}

// pairMatrix is a complex matrix of the pattern of the real one.
type pairMatrix struct {
	w  *linsolve.Shifted[complex128]
	lu *linsolve.Replay[complex128]
}

func newStageMatrices(ws *Workspace, pairs int) *stageMatrices {
	if pairs == 0 {
		return &stageMatrices{iterationMatrix: newIterationMatrix(ws)}
	}
	return &stageMatrices{iterationMatrix: newIterationPair(ws)}
}

// follow makes the further complex matrices for the present shape of the workspace.
func (m *stageMatrices) follow(pairs int) {
	m.shapeUp()
	if m.of != m.matrices {
		if m.kept == nil || len(m.kept) >= coordsKept {
			m.kept = map[*matrices][]*pairMatrix{}
		}
		m.of, m.more = m.matrices, m.kept[m.matrices]
		for _, p := range m.more {
			p.lu.Forget()
		}
	}
	if len(m.more) >= pairs-1 {
		return
	}
	for len(m.more) < pairs-1 {
		w := linsolve.NewShifted[complex128](m.ws.Pattern, m.ws.Mass)
		m.more = append(m.more, &pairMatrix{w, replay(linsolve.New[complex128](w.Pattern, m.ws.Linear), w.Pattern, m.ws.Linear)})
	}
	if m.kept == nil {
		m.kept = map[*matrices][]*pairMatrix{}
	}
	m.kept[m.of] = m.more
}

// factorPair factorises a*M - J for the k-th pair.
func (m *stageMatrices) factorPair(k int, a complex128) bool {
	m.ws.Stats.Factor++
	w, lu := m.cw, m.clu
	if k > 0 {
		w, lu = m.more[k-1].w, m.more[k-1].lu
	}
	w.Set(a, -1, m.jac)
	m.err = lu.Factor(w.Vals)
	return m.err == nil
}

// solvePair replaces b by the solution with the matrix of the k-th pair.
func (m *stageMatrices) solvePair(k int, b []complex128) {
	m.ws.Stats.Solve++
	if k == 0 {
		m.clu.Solve(b)
	} else {
		m.more[k-1].lu.Solve(b)
	}
}

// Archive visits J and all factors.
func (m *stageMatrices) Archive(a *archive.Archive) {
	m.iterationMatrix.Archive(a)
	if m.shape != m.ws.shape {
		return
	}
	n := len(m.more)
	if a.Int(&n); a.Loading() {
		m.of = nil
		m.follow(n + 1)
	}
	for k, p := range m.more {
		if k < n {
			p.lu.Archive(a, p.w.Vals)
		} else {
			p.lu.Forget()
		}
	}
}
